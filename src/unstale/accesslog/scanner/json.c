/* JSON lines: flat objects without escapes in what is judged, wherever they stand in a line. */

#include "json.h"

/* The closing quote of a string that starts at `at`; NULL where a control character or the end comes first. */
static inline const char *string_end(const char *at, const char *end, const char *limit, int *has_escape) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    while (limit - at >= 32) { /* most values fit, and so the loop's end can be foretold */
        uint32_t bits = 0;
        for (int part = 0; part < 2; part++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(at + 16 * part));
            __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)),
                                        _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
            bits |= (uint32_t)_mm_movemask_epi8(stop) << (16 * part);
        }
        if (!bits) {
            at += 32;
            continue;
        }
        at += __builtin_ctz(bits);
        if (at >= end || *at != '\\')
            return at < end && *at == '"' ? at : NULL;
        *has_escape = 1;
        if (end - at < 2 || !strchr("\"\\/bfnrt", at[1]) || !at[1])
            return NULL;
        at += 2;
    }
#endif
    while (at < end && (unsigned char)*at >= 0x20) {
        if (*at == '"')
            return at;
        if (*at == '\\') {
            *has_escape = 1;
            if (end - at < 2 || !strchr("\"\\/bfnrt", at[1]) || !at[1])
                return NULL;
            at++;
        }
        at++;
    }
    return NULL;
}

static int new_key(Rows *self, Span text, uint64_t hash) {
    if (self->key_count == KEYS)
        return -1;
    PyObject *answer = PyObject_CallFunction(self->classify, "y#", text.at, (Py_ssize_t)text.size);
    unsigned long code = answer ? PyLong_AsUnsignedLong(answer) : 0;
    Py_XDECREF(answer);
    if (PyErr_Occurred())
        return -2;
    Key *key = &self->keys[self->key_count];
    key->bytes = calloc(1, text.size + AROUND_KEY > KEY_BYTES ? text.size + AROUND_KEY : KEY_BYTES);
    if (!key->bytes) {
        PyErr_NoMemory();
        return -2;
    }
    *key->bytes = '"';
    memcpy(key->bytes + 1, text.at, text.size);
    memcpy(key->bytes + 1 + text.size, "\":", 2);
    key->size = (uint32_t)text.size;
    key->wanted = text.size + AROUND_KEY < KEY_BYTES ? (1u << (text.size + AROUND_KEY)) - 1 : UINT32_MAX;
    key->hash = hash;
    key->role = (uint8_t)(code & 0xff);
    key->style = (uint8_t)(code >> 8);
    return self->key_count++;
}

/* The number of a key, learnt from Python when it is new. -1: too many keys; -2: an error is set. */
static int key_of(Rows *self, Span text, int position, PyThreadState **state) {
    if (position < POSITIONS && self->order[position] >= 0) {
        const Key *key = &self->keys[self->order[position]];
        if (key->size == text.size && memcmp(key->bytes + 1, text.at, text.size) == 0)
            return self->order[position];
    }
    uint64_t hash = hashed(3, text);
    int found = -1;
    for (int i = 0; i < self->key_count && found < 0; i++)
        if (self->keys[i].hash == hash && self->keys[i].size == text.size &&
            memcmp(self->keys[i].bytes + 1, text.at, text.size) == 0)
            found = i;
    if (found < 0) {
        PyEval_RestoreThread(*state);
        found = new_key(self, text, hash);
        *state = PyEval_SaveThread();
    }
    if (found >= 0 && position < POSITIONS)
        self->order[position] = found;
    return found;
}

static inline const char *past_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* A bare number, null, true or false, ending before `,` `}` or a blank. 0 where it is none of them in JSON. */
int bare_value(const char *at, const char **after, const char *end, Span *value) {
    const char *start = at;
    while (at < end && is_digit(*at))
        at++;
    if (at > start && at < end && (*at == ',' || *at == '}') && at - start <= 18) {
        *after = at;
        *value = (Span){start, (size_t)(at - start)};
        return at - start == 1 || *start != '0';
    }
    at = start;
    if (end - at > 4 && load4(at) == load4("null") && (at[4] == ',' || at[4] == '}')) {
        *after = at + 4;
        *value = (Span){at, 4};
        return 1;
    }
    while (at < end && *at != ',' && *at != '}' && *at != ' ' && *at != '\r' && *at != '\t')
        at++;
    *after = at;
    *value = (Span){start, (size_t)(at - start)};
    if (same(*value, (Span){"null", 4}) || same(*value, (Span){"true", 4}) || same(*value, (Span){"false", 5}))
        return 1;
    return is_number(*value) && (value->size == 1 || *start != '0');
}

static const char zero_bytes[SHORT] = "0";

/* Reads a flat object. 1: done; 0: something that Python has to look at; -2: an error is set. */
static int read_object(Rows *self, const char *at, const char *end, const char *limit, Object *object,
                       PyThreadState **state) {
    memset(object->is_given, 0, sizeof object->is_given);
    object->style = 0xff;
    at = past_blanks(at + 1, end);
    for (int position = 0;; position++) {
        int has_escape = 0;
        if (at >= end || *at != '"')
            return 0;
        const char *start = at + 1, *stop;
        int key;
        stop = string_end(start, end, limit, &has_escape);
        if (!stop || has_escape)
            return 0;
        key = key_of(self, (Span){start, (size_t)(stop - start)}, position, state);
        if (key < 0)
            return key == -2 ? -2 : 0;
        at = past_blanks(stop + 1, end);
        if (at >= end || *at != ':')
            return 0;
        at++;
        if (at < end && *at == ' ')
            at = past_blanks(at, end);
        if (at >= end)
            return 0;
        Span value;
        int is_string = *at == '"', role = self->keys[key].role;
        if (is_string) {
            stop = string_end(at + 1, end, limit, &has_escape);
            if (!stop || (has_escape && role != ROLE_NONE))
                return 0;
            value = (Span){at + 1, (size_t)(stop - at - 1)};
            at = stop + 1;
        } else if (!bare_value(at, &at, end, &value))
            return 0;
        if (self->keys[key].style < object->style)
            object->style = self->keys[key].style;
        if (role != ROLE_NONE && !place_value(object, role, value, is_string))
            return 0;
        if (at < end && *at != ',')
            at = past_blanks(at, end);
        if (at < end && *at == ',') {
            at++;
            if (at < end && *at != '"')
                at = past_blanks(at, end);
            continue;
        }
        return at < end && *at == '}' && past_blanks(at + 1, end) == end;
    }
}

static Span value_of(const Object *object, int role) {
    return object->is_given[role] && !is_nothing(object->values[role]) ? object->values[role] : nothing;
}

static int has_grpc_failed(Span value) {
    return !(is_dash(value) || same(value, (Span){"0", 1}) || same(value, (Span){"OK", 2}) ||
             same(value, (Span){"Ok", 2}));
}

/* Status, flags and details next to each other, as they stand in a text line, into the pool. */
static int pool_response(Rows *self, Span status, Span flags, Span details, Row *row) {
    size_t size = status.size + flags.size + details.size + 2;
    if (size > self->scratch_room) {
        char *bytes = realloc(self->scratch, size * 2);
        if (!bytes)
            return -1;
        self->scratch = bytes;
        self->scratch_room = size * 2;
    }
    char *at = self->scratch;
    memcpy(at, status.at, status.size);
    at += status.size;
    *at++ = ' ';
    memcpy(at, flags.at, flags.size);
    at += flags.size;
    *at++ = ' ';
    memcpy(at, details.at, details.size);
    row->response =
        pooled(&self->responses, (Span){self->scratch, size}, (uint32_t)status.size, (uint32_t)flags.size);
    row->has_failed = number(status) >= 500 || !is_dash(flags);
    return row->response == NONE ? -1 : 1;
}

/* The response of a row, mostly one that was there before. 1: taken; 0: for Python; -1: no memory. */
static int take_response(Rows *self, Span status, Span flags, Span details, const char *limit, Row *row) {
    if (status.size > 3)
        return 0;
    if (flags.size > 8 || details.size > 16)
        return are_flags(flags) ? pool_response(self, status, flags, details, row) : 0;
    Short one = short_of(status, limit), two = short_of(flags, limit), three = short_of(details, limit);
    Short text = {{one.words[0], two.words[0], three.words[0], three.words[1]}};
    uint64_t sizes = (uint64_t)status.size << 24 | (uint64_t)flags.size << 16 | (uint64_t)details.size << 8 | 0xff;
    Said *said = &self->said[hash_of_short(&text, sizes) % SAID];
    if (said->sizes != sizes || !are_short_same(&said->text, &text)) {
        int done = are_flags(flags) ? pool_response(self, status, flags, details, row) : 0;
        if (done == 1)
            *said = (Said){text, sizes, row->response, (uint32_t)row->has_failed};
        return done;
    }
    row->response = said->response;
    row->has_failed = (int)said->has_failed;
    return 1;
}

/* The row of an object, which is in `whole`. 1: a row; 0: for Python; -1: no memory. */
int add_object(Rows *self, const Object *object, Span whole, const char *limit) {
    if (!(object->is_given[ROLE_FLAGS] || (object->is_given[ROLE_DETAILS] && object->is_given[ROLE_STATUS])))
        return 0;
    Row row;
    Span status = value_of(object, ROLE_STATUS), duration = value_of(object, ROLE_DURATION);
    row.time = value_of(object, ROLE_TIME);
    if (is_dash(row.time))
        row.time.size = 0;
    else if (row.time.size != TIME || !is_time(row.time.at) || !is_possible(self, row.time.at))
        return 0;
    if (is_dash(status))
        status = (Span){zero_bytes, 1};
    row.host = value_of(object, ROLE_AUTHORITY);
    if (is_dash(row.host))
        row.host = value_of(object, ROLE_SNI);
    row.cluster = value_of(object, ROLE_CLUSTER);
    row.address = value_of(object, ROLE_ADDRESS);
    if (is_dash(duration))
        row.duration = 0;
    else if (duration.size <= 8 && duration.at >= whole.at + 8)
        row.duration = number_of_eight(duration);
    else
        row.duration = number(duration);
    int taken = take_response(self, status, value_of(object, ROLE_FLAGS), value_of(object, ROLE_DETAILS), limit, &row);
    if (taken <= 0)
        return taken;
    if (has_grpc_failed(value_of(object, ROLE_GRPC)))
        row.has_failed = 1;
    self->styles[object->style < STYLES ? object->style : STYLES]++;
    return add_row(self, &row, whole, limit) < 0 ? -1 : 1;
}

/* 1: a row; 0: for Python; -1: no memory; -2: an error is set. */
int take_json(Rows *self, const Line *line, const char *brace, PyThreadState **state) {
    Object object;
    int read = read_object(self, brace, line->end, line->limit, &object, state);
    if (read <= 0)
        return read;
    return add_object(self, &object, (Span){line->at, (size_t)(line->end - line->at)}, line->limit);
}
