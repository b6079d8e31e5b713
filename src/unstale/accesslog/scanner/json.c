/* JSON lines: flat objects without escapes in what is judged. Keys come in the order of the line before, mostly. */

#include "rows.h"

#define KEY_BYTES 32 /* room for a key, at least */

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

/* Whether a key, the quote and the colon behind it stand here, of which all bytes but no more need to be readable. */
static inline int is_key(const Key *key, const char *at, const char *limit) {
    size_t size = key->size + 2u;
#if defined(__SSE2__)
    if (size <= KEY_BYTES && limit - at >= KEY_BYTES) { /* without a branch for its size, which no other key shares */
        const __m128i *here = (const __m128i *)at, *there = (const __m128i *)key->bytes;
        uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(here), _mm_loadu_si128(there)));
        __m128i rest = _mm_cmpeq_epi8(_mm_loadu_si128(here + 1), _mm_loadu_si128(there + 1));
        uint32_t high = (uint32_t)_mm_movemask_epi8(rest);
        uint32_t wanted = (uint32_t)((UINT64_C(1) << size) - 1);
        return ((low | high << 16) & wanted) == wanted;
    }
#else
    (void)limit;
#endif
    return are_same(at, key->bytes, size);
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
    key->bytes = calloc(1, text.size + 2 > KEY_BYTES ? text.size + 2 : KEY_BYTES);
    if (!key->bytes) {
        PyErr_NoMemory();
        return -2;
    }
    memcpy(key->bytes, text.at, text.size);
    memcpy(key->bytes + text.size, "\":", 2);
    key->size = (uint32_t)text.size;
    key->hash = hash;
    key->role = (uint8_t)(code & 0xff);
    key->style = (uint8_t)(code >> 8);
    return self->key_count++;
}

/* The number of a key, learnt from Python when it is new. -1: too many keys; -2: an error is set. */
static int key_of(Rows *self, Span text, int position, PyThreadState **state) {
    if (position < POSITIONS && self->order[position] >= 0) {
        const Key *key = &self->keys[self->order[position]];
        if (key->size == text.size && memcmp(key->bytes, text.at, text.size) == 0)
            return self->order[position];
    }
    uint64_t hash = hashed(3, text);
    int found = -1;
    for (int i = 0; i < self->key_count && found < 0; i++)
        if (self->keys[i].hash == hash && self->keys[i].size == text.size &&
            memcmp(self->keys[i].bytes, text.at, text.size) == 0)
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

typedef struct {
    Span values[ROLES];
    uint8_t is_given[ROLES], is_string[ROLES];
    unsigned style;
} Object;

/* A bare number, null, true or false, ending before `,` `}` or a blank. 0 where it is none of them in JSON. */
static int bare_value(const char *at, const char **after, const char *end, Span *value) {
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

static inline int has_text(const Object *object, int role) {
    Span value = object->values[role];
    return object->is_given[role] && !is_nothing(value);
}

/* Puts a value into its place; 0 where only Python can say what it means. */
static int place_value(Object *object, int role, Span value, int is_string) {
    if (!is_string && !is_digit(*value.at)) {
        if (*value.at != 'n')
            return 0;
        value = (Span){"-", 1};
    } else if (role == ROLE_STATUS || role == ROLE_DURATION) {
        if (value.size && !is_dash(value) && !is_number(value))
            return 0;
    } else if (!is_string && role != ROLE_GRPC)
        return 0;
    if (object->is_given[role])
        return 0;
    object->values[role] = value;
    object->is_given[role] = 1;
    return 1;
}

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
        int key = position < POSITIONS ? self->order[position] : -1;
        const Key *guess = key >= 0 ? &self->keys[key] : NULL;
        if (guess && (size_t)(end - start) > guess->size + 2u && is_key(guess, start, limit))
            at = start + guess->size + 2;
        else {
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
        }
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
    static const Span none = {"-", 1};
    return has_text(object, role) ? object->values[role] : none;
}

static int has_grpc_failed(Span value) {
    return !(is_dash(value) || same(value, (Span){"0", 1}) || same(value, (Span){"OK", 2}) ||
             same(value, (Span){"Ok", 2}));
}

/* Status, flags and details next to each other, as they stand in a text line. */
static int joined_response(Rows *self, Span status, Span flags, Span details, Counted *row) {
    size_t size = status.size + flags.size + details.size + 2;
    char *start = self->joined[self->waiting_count];
    if (size > JOINED && size > self->scratch_room) {
        char *bytes = realloc(self->scratch, size * 2);
        if (!bytes)
            return -1;
        self->scratch = bytes;
        self->scratch_room = size * 2;
    }
    char *at = start = size > JOINED ? self->scratch : start;
    memcpy(at, status.at, status.size);
    at += status.size;
    *at++ = ' ';
    memcpy(at, flags.at, flags.size);
    at += flags.size;
    *at++ = ' ';
    memcpy(at, details.at, details.size);
    row->response = (Span){start, size};
    row->status_size = (uint32_t)status.size;
    row->flags_size = (uint32_t)flags.size;
    return 0;
}

/* 1: a row; 0: for Python; -1: no memory; -2: an error is set. */
int take_json(Rows *self, const char *line, const char *brace, const char *end, const char *limit,
                     PyThreadState **state) {
    Object object;
    int read = read_object(self, brace, end, limit, &object, state);
    if (read <= 0)
        return read;
    if (!(object.is_given[ROLE_FLAGS] || (object.is_given[ROLE_DETAILS] && object.is_given[ROLE_STATUS])))
        return 0;
    Counted *row = &self->waiting[self->waiting_count];
    Span time = value_of(&object, ROLE_TIME), status = value_of(&object, ROLE_STATUS);
    Span flags = value_of(&object, ROLE_FLAGS), duration = value_of(&object, ROLE_DURATION);
    if (is_dash(time))
        time.size = 0;
    else if (time.size != TIME || !is_time(time.at) || !is_in_calendar(time.at))
        return 0;
    if (is_dash(status))
        status = (Span){"0", 1};
    if (status.size > 3 || !are_flags(flags))
        return 0;
    row->time = time;
    row->host = value_of(&object, ROLE_AUTHORITY);
    if (is_nothing(row->host))
        row->host = value_of(&object, ROLE_SNI);
    row->cluster = value_of(&object, ROLE_CLUSTER);
    row->address = value_of(&object, ROLE_ADDRESS);
    row->duration = is_dash(duration) ? 0 : number(duration);
    if (joined_response(self, status, flags, value_of(&object, ROLE_DETAILS), row) < 0)
        return -1;
    row->has_failed =
        number(status) >= 500 || !is_dash(flags) || has_grpc_failed(value_of(&object, ROLE_GRPC));
    self->styles[object.style < STYLES ? object.style : STYLES]++;
    if (add_row(self, (Span){line, (size_t)(end - line)}) < 0)
        return -1;
    return row->response.size > JOINED && count_waiting(self) < 0 ? -1 : 1;
}
