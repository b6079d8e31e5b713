/* The first tier of the log scanner: rows of plain shape counted straight from the bytes, everything odd handed back.

   Only lines whose meaning is beyond doubt are taken here: text lines with exactly the quotes of their format and every
   piece between them in the shape that Envoy gives it, and flat JSON objects without escapes in what is judged. The
   pure Python readers take the same lines for the same rows; plain_rows.py and line_reader.py are the specification.

   Groups are found by hash and confirmed by comparing the bytes of their keys. No byte outside of the given block is
   read, and the interpreter lock is not held while a block is counted. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define QUOTES 48       /* more than any format has */
#define TOKENS 8
#define USERS 8         /* hosts remembered for each address */
#define KEYS 512        /* JSON keys that are told apart */
#define POSITIONS 64    /* JSON keys of a line whose order is remembered */
#define STAMP 27        /* [2024-09-25T09:00:00.000Z] and a blank */
#define TIME 24
#define MINUTE 16
#define STYLES 8
#define NONE UINT32_MAX

typedef struct {
    const char *at;
    size_t size;
} Span;

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

static inline uint64_t load8(const char *at) {
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

static inline uint64_t mixed(uint64_t one, uint64_t other) {
#if defined(__SIZEOF_INT128__)
    unsigned __int128 product = (unsigned __int128)one * other;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t high = (one >> 32) * (other >> 32), low = one * other;
    return low ^ high ^ (one >> 29) ^ (other << 7);
#endif
}

static inline uint64_t hashed(uint64_t hash, Span text) {
    const char *at = text.at;
    size_t left = text.size;
    uint64_t last = 0;
    hash ^= left * UINT64_C(0x9e3779b97f4a7c15);
    while (left > 8) {
        hash = mixed(hash ^ load8(at), UINT64_C(0xe7037ed1a0b428db));
        at += 8;
        left -= 8;
    }
    if (text.size >= 8)
        last = load8(text.at + text.size - 8);
    else
        memcpy(&last, at, left);
    return mixed(hash ^ last, UINT64_C(0x8ebc6af09c88c6e3));
}

static inline uint32_t load4(const char *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

/* memcmp() == 0 without the call, which costs more than comparing the few bytes of a field. */
static inline int are_same(const char *one, const char *other, size_t size) {
    if (size >= 8) {
        const char *last = one + size - 8;
        for (const char *pair = other; one < last; one += 8, pair += 8)
            if (load8(one) != load8(pair))
                return 0;
        return load8(last) == load8(other + size - 8);
    }
    if (size >= 4)
        return load4(one) == load4(other) && load4(one + size - 4) == load4(other + size - 4);
    for (; size; size--)
        if (*one++ != *other++)
            return 0;
    return 1;
}

static inline int same(Span one, Span other) { return one.size == other.size && are_same(one.at, other.at, one.size); }

static inline int is_dash(Span text) { return text.size == 1 && *text.at == '-'; }

/* Nothing, as Envoy writes it or as nobody should. */
static inline int is_nothing(Span text) { return text.size == 0 || is_dash(text); }

static inline int is_digit(char byte) { return (unsigned char)(byte - '0') < 10; }

static inline int is_number(Span text) {
    if (text.size == 0 || text.size > 18)
        return 0;
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.at[i]))
            return 0;
    return 1;
}

static inline uint64_t number(Span text) {
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++)
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    return value;
}

/* 2024-09-25T09:00:00.000Z */
static int is_time(const char *at) {
    static const char pattern[TIME + 1] = "0000-00-00T00:00:00.000Z";
    for (int i = 0; i < TIME; i++)
        if (pattern[i] == '0' ? !is_digit(at[i]) : at[i] != pattern[i])
            return 0;
    return 1;
}

static inline int two(const char *at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

/* Whether a time of this shape is in the calendar, as far as instant.epoch_s looks. */
static inline int is_in_calendar(const char *at) {
    int month = two(at + 5), day = two(at + 8);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && two(at + 11) < 24 && two(at + 14) < 60 &&
           two(at + 17) <= 60;
}

#if defined(__SSE2__)
static inline int are_shaped(const char *at, const char *pattern, const char *digits) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i mask = _mm_loadu_si128((const __m128i *)digits);
    __m128i wanted = _mm_loadu_si128((const __m128i *)pattern);
    __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
    __m128i equal = _mm_cmpeq_epi8(bytes, wanted);
    __m128i fits = _mm_or_si128(_mm_and_si128(mask, digit), _mm_andnot_si128(mask, equal));
    return _mm_movemask_epi8(fits) == 0xffff;
}
#endif

static inline int is_stamp(const char *at) {
#if defined(__SSE2__)
    static const char pattern[STAMP + 1] = "[0000-00-00T00:00:00.000Z] ";
    static const char digits[STAMP + 1] = "\0\xff\xff\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0"
                                          "\xff\xff\xff\0\0\0";
    return are_shaped(at, pattern, digits) && are_shaped(at + STAMP - 16, pattern + STAMP - 16, digits + STAMP - 16);
#else
    return *at == '[' && is_time(at + 1) && at[TIME + 1] == ']' && at[TIME + 2] == ' ';
#endif
}

/* The places of `byte` and, in *end, of the first line break at or after `at`; NULL in *end where there is none. */
static int quotes_of_line(const char *at, const char *limit, const char **quotes, const char **end) {
    int count = 0;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), line = _mm_set1_epi8('\n');
    while (limit - at >= 64) {
        uint64_t quote_bits = 0, line_bits = 0;
        for (int part = 0; part < 4; part++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(at + 16 * part));
            quote_bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote)) << (16 * part);
            line_bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line)) << (16 * part);
        }
        if (line_bits)
            quote_bits &= (line_bits & -line_bits) - 1;
        while (quote_bits) {
            if (count < QUOTES)
                quotes[count] = at + __builtin_ctzll(quote_bits);
            count++;
            quote_bits &= quote_bits - 1;
        }
        if (line_bits) {
            *end = at + __builtin_ctzll(line_bits);
            return count;
        }
        at += 64;
    }
#endif
    for (; at < limit; at++) {
        if (*at == '"') {
            if (count < QUOTES)
                quotes[count] = at;
            count++;
        } else if (*at == '\n') {
            *end = at;
            return count;
        }
    }
    *end = NULL;
    return count;
}

/* The words of text that are divided by exactly one blank each; -1 where there are more than `most`, or an empty one. */
static inline int words(const char *at, const char *end, const char *limit, Span *found, int most) {
    const char *start = at;
    int count = 0;
#if defined(__SSE2__)
    const __m128i blank = _mm_set1_epi8(' ');
    while (limit - at >= 16 && at < end) {
        uint32_t bits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)at), blank));
        if (end - at < 16)
            bits &= (1u << (end - at)) - 1;
        while (bits) {
            const char *place = at + __builtin_ctz(bits);
            bits &= bits - 1;
            if (place == start || count == most)
                return -1;
            found[count].at = start;
            found[count++].size = (size_t)(place - start);
            start = place + 1;
        }
        at += 16;
    }
#endif
    for (; at < end; at++)
        if (*at == ' ') {
            if (at == start || count == most)
                return -1;
            found[count].at = start;
            found[count++].size = (size_t)(at - start);
            start = at + 1;
        }
    if (start >= end || count == most)
        return -1;
    found[count].at = start;
    found[count++].size = (size_t)(end - start);
    return count;
}

/* ---- texts that are met again and again: each is kept once -------------------------------------------------------- */

typedef struct {
    char *bytes;
    uint64_t hash;
    uint32_t size;
    uint32_t first, second; /* of a response: the sizes of status and flags */
    PyObject *object;       /* made when the sums are asked for */
} Text;

typedef struct {
    Text *items;
    uint32_t *slots;
    uint32_t count, room, mask;
} Pool;

static int grow_slots(uint32_t **slots, uint32_t *mask, uint32_t wanted) {
    uint32_t room = *mask ? (*mask + 1) * 2 : 256;
    while (room < wanted * 2)
        room *= 2;
    uint32_t *fresh = malloc(room * sizeof *fresh);
    if (!fresh)
        return -1;
    memset(fresh, 0xff, room * sizeof *fresh);
    free(*slots);
    *slots = fresh;
    *mask = room - 1;
    return 0;
}

static uint32_t pooled(Pool *pool, Span text, uint32_t first, uint32_t second) {
    uint64_t hash = hashed(first * 31 + second, text);
    if (pool->count * 2 >= pool->mask) {
        if (grow_slots(&pool->slots, &pool->mask, pool->count + 1) < 0)
            return NONE;
        for (uint32_t i = 0; i < pool->count; i++) {
            uint32_t slot = (uint32_t)pool->items[i].hash & pool->mask;
            while (pool->slots[slot] != NONE)
                slot = (slot + 1) & pool->mask;
            pool->slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & pool->mask;
    while (pool->slots[slot] != NONE) {
        Text *item = &pool->items[pool->slots[slot]];
        if (item->hash == hash && item->size == text.size && item->first == first && item->second == second &&
            memcmp(item->bytes, text.at, text.size) == 0)
            return pool->slots[slot];
        slot = (slot + 1) & pool->mask;
    }
    if (pool->count == pool->room) {
        uint32_t room = pool->room ? pool->room * 2 : 64;
        Text *items = realloc(pool->items, room * sizeof *items);
        if (!items)
            return NONE;
        pool->items = items;
        pool->room = room;
    }
    Text *item = &pool->items[pool->count];
    memset(item, 0, sizeof *item);
    item->bytes = malloc(text.size + 1);
    if (!item->bytes)
        return NONE;
    memcpy(item->bytes, text.at, text.size);
    item->size = (uint32_t)text.size;
    item->hash = hash;
    item->first = first;
    item->second = second;
    pool->slots[slot] = pool->count;
    return pool->count++;
}

static void free_pool(Pool *pool) {
    for (uint32_t i = 0; i < pool->count; i++) {
        free(pool->items[i].bytes);
        Py_XDECREF(pool->items[i].object);
    }
    free(pool->items);
    free(pool->slots);
    memset(pool, 0, sizeof *pool);
}

static inline int is_text(const Text *item, Span text) {
    return item->size == text.size && are_same(item->bytes, text.at, text.size);
}

/* The text, "" for Envoy's `-`. */
static PyObject *object_of(Pool *pool, uint32_t index) {
    Text *item = &pool->items[index];
    if (!item->object)
        item->object = PyUnicode_DecodeUTF8(item->bytes, item->size == 1 && *item->bytes == '-' ? 0 : item->size, "replace");
    return item->object;
}

/* ---- what is counted ----------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t hash;
    uint64_t count;
    uint32_t host, cluster, response, minute;
    uint32_t *bins; /* rows by duration, of the buckets from `low` on (durations.py) */
    uint16_t low, width;
    uint8_t has_failed;
} Group;

typedef struct {
    uint64_t hash;
    uint64_t count[2];         /* successes, failures */
    char first[2][TIME], last[2][TIME];
    char *bytes;
    uint32_t size;
    uint32_t users[USERS];     /* the first hosts in order of their bytes */
    uint8_t user_count;
} Address;

typedef struct {
    uint64_t line;
    size_t start, size; /* in `kept_bytes`, or in the block for odd lines */
    uint32_t group;     /* of a kept line */
} Lines;

typedef struct {
    char *bytes; /* with the quote and colon behind it, which `size` leaves out */
    uint32_t size;
    uint64_t hash;
    uint8_t role, style;
} Key;

enum { ROLE_NONE, ROLE_TIME, ROLE_STATUS, ROLE_FLAGS, ROLE_DETAILS, ROLE_DURATION, ROLE_AUTHORITY, ROLE_ADDRESS,
       ROLE_CLUSTER, ROLE_SNI, ROLE_GRPC, ROLES };

typedef struct {
    char *bytes;
    size_t size;
    int next; /* the next trigger with the same first byte, or -1 */
} Trigger;

typedef struct {
    PyObject_HEAD
    uint64_t lines, rows, failed;
    uint64_t kept_per_group, kept_most, unread_most, unread;
    uint64_t layouts[8], styles[STYLES + 1];
    int is_odd_only, has_no_memory;
    Pool hosts, clusters, responses, minutes;
    Group *groups;
    uint32_t *group_slots, group_count, group_room, group_mask;
    Address *addresses;
    uint32_t *address_slots, address_count, address_room, address_mask;
    char *kept_bytes;
    size_t kept_size, kept_room;
    Lines *kept, *odd;
    size_t kept_count, kept_rooms, kept_total, odd_count, odd_rooms;
    Trigger *triggers;
    int trigger_count, trigger_first[256];
    uint8_t trigger_pairs[65536 / 8];
    Key keys[KEYS];
    int key_count, order[POSITIONS];
    PyObject *classify;
    char *scratch;
    size_t scratch_room;
} Rows;

static inline unsigned bucket_of(uint64_t duration) {
    if (duration < 64)
        return (unsigned)duration;
    if (duration > 0x7fffffff)
        duration = 0x7fffffff;
    unsigned shift = 63u - (unsigned)__builtin_clzll(duration) - 5;
    return 64 + (shift - 1) * 32 + (unsigned)(duration >> shift) - 32;
}

static int count_duration(Group *group, uint64_t duration) {
    unsigned bucket = bucket_of(duration);
    if (group->width == 0 || bucket < group->low || bucket >= (unsigned)group->low + group->width) {
        unsigned low = group->width ? (bucket < group->low ? bucket : group->low) : bucket;
        unsigned high = group->width && group->low + group->width > (int)bucket + 1 ? group->low + group->width : bucket + 1;
        unsigned spare = group->width ? (high - low) / 4 : 0;
        low = bucket < group->low && low > spare ? low - spare : low;
        high += spare;
        uint32_t *bins = calloc(high - low, sizeof *bins);
        if (!bins)
            return -1;
        if (group->width)
            memcpy(bins + (group->low - low), group->bins, group->width * sizeof *bins);
        free(group->bins);
        group->bins = bins;
        group->low = (uint16_t)low;
        group->width = (uint16_t)(high - low);
    }
    group->bins[bucket - group->low]++;
    return 0;
}

/* A row as far as it is counted. `response` is status, flags and details, divided by one blank each. */
typedef struct {
    Span host, cluster, response, time, address;
    uint32_t status_size, flags_size;
    uint64_t duration;
    int has_failed;
} Counted;

static Group *group_of(Rows *self, const Counted *row) {
    Span minute = {row->time.at, row->time.size ? MINUTE : 0};
    uint64_t hash = hashed(hashed(hashed(hashed(row->status_size, row->host), row->cluster), row->response), minute);
    if (self->group_count * 2 >= self->group_mask) {
        if (grow_slots(&self->group_slots, &self->group_mask, self->group_count + 1) < 0)
            return NULL;
        for (uint32_t i = 0; i < self->group_count; i++) {
            uint32_t slot = (uint32_t)self->groups[i].hash & self->group_mask;
            while (self->group_slots[slot] != NONE)
                slot = (slot + 1) & self->group_mask;
            self->group_slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & self->group_mask;
    for (; self->group_slots[slot] != NONE; slot = (slot + 1) & self->group_mask) {
        Group *group = &self->groups[self->group_slots[slot]];
        if (group->hash != hash)
            continue;
        const Text *response = &self->responses.items[group->response];
        if (is_text(&self->hosts.items[group->host], row->host) &&
            is_text(&self->clusters.items[group->cluster], row->cluster) && is_text(response, row->response) &&
            response->first == row->status_size && response->second == row->flags_size &&
            is_text(&self->minutes.items[group->minute], minute) && group->has_failed == row->has_failed)
            return group;
    }
    if (self->group_count == self->group_room) {
        uint32_t room = self->group_room ? self->group_room * 2 : 256;
        Group *groups = realloc(self->groups, room * sizeof *groups);
        if (!groups)
            return NULL;
        self->groups = groups;
        self->group_room = room;
    }
    Group *group = &self->groups[self->group_count];
    memset(group, 0, sizeof *group);
    group->hash = hash;
    group->host = pooled(&self->hosts, row->host, 0, 0);
    group->cluster = pooled(&self->clusters, row->cluster, 0, 0);
    group->response = pooled(&self->responses, row->response, row->status_size, row->flags_size);
    group->minute = pooled(&self->minutes, minute, 0, 0);
    group->has_failed = (uint8_t)row->has_failed;
    if (group->host == NONE || group->cluster == NONE || group->response == NONE || group->minute == NONE)
        return NULL;
    self->group_slots[slot] = self->group_count++;
    return group;
}

static void add_user(Rows *self, Address *address, uint32_t host) {
    int at = 0;
    for (; at < address->user_count; at++)
        if (address->users[at] == host)
            return;
    const Text *texts = self->hosts.items, *text = &texts[host];
    for (at = address->user_count; at > 0; at--) {
        const Text *other = &texts[address->users[at - 1]];
        size_t least = other->size < text->size ? other->size : text->size;
        int order = memcmp(other->bytes, text->bytes, least);
        if (order < 0 || (order == 0 && other->size < text->size))
            break;
    }
    if (at == USERS)
        return;
    int moved = address->user_count < USERS ? address->user_count : USERS - 1;
    memmove(&address->users[at + 1], &address->users[at], (size_t)(moved - at) * sizeof *address->users);
    address->users[at] = host;
    if (address->user_count < USERS)
        address->user_count++;
}

static Address *address_of(Rows *self, Span text) {
    uint64_t hash = hashed(7, text);
    if (self->address_count * 2 >= self->address_mask) {
        if (grow_slots(&self->address_slots, &self->address_mask, self->address_count + 1) < 0)
            return NULL;
        for (uint32_t i = 0; i < self->address_count; i++) {
            uint32_t slot = (uint32_t)self->addresses[i].hash & self->address_mask;
            while (self->address_slots[slot] != NONE)
                slot = (slot + 1) & self->address_mask;
            self->address_slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & self->address_mask;
    for (; self->address_slots[slot] != NONE; slot = (slot + 1) & self->address_mask) {
        Address *address = &self->addresses[self->address_slots[slot]];
        if (address->hash == hash && address->size == text.size && are_same(address->bytes, text.at, text.size))
            return address;
    }
    if (self->address_count == self->address_room) {
        uint32_t room = self->address_room ? self->address_room * 2 : 64;
        Address *addresses = realloc(self->addresses, room * sizeof *addresses);
        if (!addresses)
            return NULL;
        self->addresses = addresses;
        self->address_room = room;
    }
    Address *address = &self->addresses[self->address_count];
    memset(address, 0, sizeof *address);
    address->bytes = malloc(text.size + 1);
    if (!address->bytes)
        return NULL;
    memcpy(address->bytes, text.at, text.size);
    address->size = (uint32_t)text.size;
    address->hash = hash;
    self->address_slots[slot] = self->address_count++;
    return address;
}

static int add_line(Lines **lines, size_t *count, size_t *room, Lines line) {
    if (*count == *room) {
        size_t more = *room ? *room * 2 : 64;
        Lines *fresh = realloc(*lines, more * sizeof *fresh);
        if (!fresh)
            return -1;
        *lines = fresh;
        *room = more;
    }
    (*lines)[(*count)++] = line;
    return 0;
}

static int keep(Rows *self, uint64_t line, Span text, uint32_t group) {
    if (self->kept_size + text.size > self->kept_room) {
        size_t room = self->kept_room ? self->kept_room * 2 : 1 << 16;
        while (room < self->kept_size + text.size)
            room *= 2;
        char *bytes = realloc(self->kept_bytes, room);
        if (!bytes)
            return -1;
        self->kept_bytes = bytes;
        self->kept_room = room;
    }
    memcpy(self->kept_bytes + self->kept_size, text.at, text.size);
    Lines kept = {line, self->kept_size, text.size, group};
    self->kept_size += text.size;
    self->kept_total++;
    return add_line(&self->kept, &self->kept_count, &self->kept_rooms, kept);
}

static int count_row(Rows *self, const Counted *row, Span line) {
    Group *group = group_of(self, row);
    if (!group || count_duration(group, row->duration) < 0)
        return -1;
    group->count++;
    self->rows++;
    if (!is_nothing(row->address)) {
        Address *address = address_of(self, row->address);
        if (!address)
            return -1;
        int kind = row->has_failed;
        if (row->time.size) {
            if (!*address->last[kind] || memcmp(row->time.at, address->last[kind], TIME) > 0)
                memcpy(address->last[kind], row->time.at, TIME);
            if (!*address->first[kind] || memcmp(row->time.at, address->first[kind], TIME) < 0)
                memcpy(address->first[kind], row->time.at, TIME);
        }
        address->count[kind]++;
        int is_named = !is_nothing(row->host);
        if (is_named && (!address->user_count || address->users[0] != group->host))
            add_user(self, address, group->host);
    }
    if (row->has_failed) {
        self->failed++;
        if (group->count <= self->kept_per_group && self->kept_total < self->kept_most)
            return keep(self, self->lines, line, (uint32_t)(group - self->groups));
    }
    return 0;
}

/* ---- text ---------------------------------------------------------------------------------------------------------- */

/* Where the fields of a text format stand: counted in quotes, of which q[0] opens the request. */
typedef struct {
    int quotes;
    int response_words; /* between request and what follows: status flags [details termination] */
    int counts;         /* the piece with bytes received, bytes sent, duration, service time starts at this quote */
    int authority;      /* the quote that opens the authority; the upstream host's is the next but one */
    int tail_words;     /* cluster, local, downstream local, downstream remote, SNI, route: as many as there are */
    uint8_t is_checked; /* method, protocol and flags are checked as well */
} Layout;

static const Layout layouts[] = {
    {14, 4, 3, 10, 6, 0}, /* Istio text */
    {12, 2, 1, 8, 0, 1},  /* Envoy default text */
    {16, 2, 5, 12, 6, 1}, /* Istio text, 1.3 to 1.8 */
    {16, 2, 5, 12, 5, 1}, /* the same without route */
    {14, 2, 3, 10, 5, 1}, /* Istio text, 1.1 and 1.2 */
    {14, 2, 3, 10, 6, 1}, /* Istio text, 1.9.0 */
    {12, 2, 1, 8, 4, 1},  /* Istio text, 1.0 */
};
#define LAYOUTS ((int)(sizeof layouts / sizeof *layouts))

static inline int is_blank(const char *const *quotes, int opening) {
    return quotes[opening] - quotes[opening - 1] == 2 && quotes[opening - 1][1] == ' ';
}

/* `-`, or names divided by commas: a letter, then letters, digits and `_`. */
static inline int are_flags(Span text) {
    if (is_dash(text))
        return 1;
    int is_start = 1;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.at[i], lower = (char)(byte | 0x20);
        if (lower >= 'a' && lower <= 'z')
            is_start = 0;
        else if (is_start || (byte != '_' && byte != ',' && !is_digit(byte)))
            return 0;
        else if (byte == ',')
            is_start = 1;
    }
    return !is_start;
}

/* METHOD path HTTP/1.1, or - - - */
static int is_request(const char *at, const char *end) {
    const char *blank = memchr(at, ' ', (size_t)(end - at));
    if (!blank || blank == at)
        return 0;
    for (; at < blank; at++)
        if (!(((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') || *at == '-'))
            return 0;
    const char *last = end;
    while (last > blank && last[-1] != ' ')
        last--;
    if (last <= blank + 1)
        return 0;
    size_t size = (size_t)(end - last);
    if (size == 1)
        return *last == '-';
    if (size < 6 || size > 8 || memcmp(last, "HTTP/", 5) != 0)
        return 0;
    for (last += 5; last < end; last++)
        if (!is_digit(*last) && *last != '.')
            return 0;
    return 1;
}

static inline int take_response(const Layout *layout, const char *at, const char *end, const char *limit, Counted *row) {
    Span found[TOKENS];
    if (end - at < 5 || *at != ' ' || end[-1] != ' ')
        return 0;
    if (words(at + 1, end - 1, limit, found, layout->response_words) != layout->response_words)
        return 0;
    if (found[0].size > 3 || !is_number(found[0]) || !are_flags(found[1]))
        return 0;
    row->status_size = (uint32_t)found[0].size;
    row->flags_size = (uint32_t)found[1].size;
    const Span *last = &found[layout->response_words == 4 ? 2 : 1];
    row->response.at = found[0].at;
    row->response.size = (size_t)(last->at + last->size - found[0].at);
    row->has_failed = !is_dash(found[1]) || (found[0].size == 3 && found[0].at[0] >= '5');
    return 1;
}

static inline int take_counts(const char *at, const char *end, const char *limit, Counted *row) {
    Span found[TOKENS];
    if (end - at < 9 || *at != ' ' || end[-1] != ' ' || words(at + 1, end - 1, limit, found, 4) != 4)
        return 0;
    if (!is_number(found[0]) || !is_number(found[1]) || !is_number(found[2]))
        return 0;
    row->duration = number(found[2]);
    return is_dash(found[3]) || is_number(found[3]);
}

/* Other readers see blanks where only Unicode or control characters are; such texts are theirs. */
static int is_plain(Span text) {
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] <= ' ' || (unsigned char)text.at[i] >= 0x80)
            return 0;
    return 1;
}

static int is_plain_all(const Span *found, int count) {
    for (int i = 0; i < count; i++)
        if (!is_plain(found[i]))
            return 0;
    return 1;
}

static int take_layout(const Layout *layout, const char *const *q, const char *end, const char *limit, Counted *row) {
    static const Span none = {"-", 1};
    int authority = layout->authority;
    if (!take_response(layout, q[1] + 1, q[2], limit, row) ||
        !take_counts(q[layout->counts] + 1, q[layout->counts + 1], limit, row))
        return 0;
    for (int opening = layout->counts + 3; opening < layout->quotes; opening += 2)
        if (!is_blank(q, opening))
            return 0;
    if (layout->counts == 5 && !is_blank(q, 4))
        return 0;
    if (layout->is_checked && !is_request(q[0] + 1, q[1]))
        return 0;
    row->host = (Span){q[authority] + 1, (size_t)(q[authority + 1] - q[authority] - 1)};
    row->address = (Span){q[authority + 2] + 1, (size_t)(q[authority + 3] - q[authority + 2] - 1)};
    const char *tail = q[authority + 3] + 1;
    Span found[TOKENS];
    row->cluster = none;
    if (layout->tail_words == 0) {
        if (tail != end)
            return 0;
    } else {
        if (tail >= end || *tail != ' ' || words(tail + 1, end, limit, found, layout->tail_words) != layout->tail_words)
            return 0;
        row->cluster = found[0];
        if (layout->tail_words >= 5 && is_nothing(row->host))
            row->host = found[4];
        if (layout->is_checked && !is_plain_all(found, layout->tail_words))
            return 0;
    }
    return !layout->is_checked || (is_plain(row->host) && is_plain(row->address));
}

/* `-`, or a word that may end in one pair of braces with anything but a quote or a brace between them. */
static int are_details(Span text) {
    const char *end = text.at + text.size, *brace = memchr(text.at, '{', text.size);
    if (!brace)
        return 1;
    const char *closing = memchr(brace, '}', (size_t)(end - brace));
    return brace > text.at && closing && !memchr(closing, '{', (size_t)(end - closing));
}

/* Whether a quote closes a request: HTTP/1.1 or - before it, a response code and flags behind it. */
static int is_head(const char *line, const char *quote, const char *next) {
    const char *at = quote;
    while (at > line && quote - at < 4 && (is_digit(at[-1]) || at[-1] == '.'))
        at--;
    int is_protocol = at < quote && quote - at < 4 && at - line >= 5 && memcmp(at - 5, "HTTP/", 5) == 0;
    if (!is_protocol && (quote == line || quote[-1] != '-'))
        return 0;
    if (next - quote < 5 || quote[1] != ' ')
        return 0;
    const char *code = quote + 2, *end = memchr(code, ' ', (size_t)(next - code));
    if (!end || !(is_dash((Span){code, (size_t)(end - code)}) || (end - code <= 3 && is_number((Span){code, (size_t)(end - code)}))))
        return 0;
    const char *flags_end = memchr(end + 1, ' ', (size_t)(next - end - 1));
    return flags_end && flags_end > end + 1 && are_flags((Span){end + 1, (size_t)(flags_end - end - 1)});
}

/* Istio text with quotes in what the client sent, or with the start of a row before the row, if it has one reading only:
   one time stamp (the same one again is no other reading) and one place where a response can start. 1 where *row is
   filled. */
static int take_quoted(const char *line, const char *end, const char *limit, const char *const *q, int quotes,
                       Counted *row) {
    int head = 0, stamp = 0;
    for (int i = 1; i < quotes; i++) {
        if (q[i][-1] == ' ' && q[i][-2] == ']') {
            if (!are_same(q[i] - STAMP, q[0] - STAMP, STAMP))
                return 0;
            stamp = i;
        }
        if (!is_head(line, q[i], i + 1 < quotes ? q[i + 1] : end))
            continue;
        if (head)
            return 0;
        head = i;
    }
    const Layout *layout = &layouts[0];
    Span found[TOKENS];
    if (head <= stamp || head + 3 > quotes - 5 || q[head][-1] == '-' || !is_request(q[stamp] + 1, q[head]) ||
        !take_response(layout, q[head] + 1, q[head + 1], limit, row) ||
        !take_counts(q[head + 2] + 1, q[head + 3], limit, row))
        return 0;
    if (words(q[head] + 2, q[head + 1] - 1, limit, found, 4) != 4 || !is_plain_all(found, 4) || !are_flags(found[1]) ||
        !are_details(found[2]) || !are_details(found[3]))
        return 0;
    int separators = 0;
    for (int i = head + 4; i + 1 <= quotes - 5; i++)
        if (is_blank(q, i + 1)) {
            separators++;
            i++;
        }
    if (separators < 2 || !is_blank(q, quotes - 4) || !is_blank(q, quotes - 2))
        return 0;
    const char *tail = q[quotes - 1] + 1;
    row->host = (Span){q[quotes - 4] + 1, (size_t)(q[quotes - 3] - q[quotes - 4] - 1)};
    row->address = (Span){q[quotes - 2] + 1, (size_t)(q[quotes - 1] - q[quotes - 2] - 1)};
    if (!is_plain(row->host) || !is_plain(row->address) || tail >= end || *tail != ' ' ||
        words(tail + 1, end, limit, found, 6) != 6 || !is_plain_all(found, 6))
        return 0;
    row->cluster = found[0];
    if (is_nothing(row->host))
        row->host = found[4];
    return 1;
}

/* 1 where the line is a row of plain shape, 0 where it is not, -1 without memory. */
static int take_text(Rows *self, const char *line, const char *end, const char *limit, const char *const *q, int quotes) {
    Counted row;
    if (quotes < 12 || quotes > QUOTES || q[0] - line < STAMP || !is_stamp(q[0] - STAMP) ||
        !is_in_calendar(q[0] - STAMP + 1))
        return 0;
    row.time = (Span){q[0] - STAMP + 1, TIME};
    Span whole = {line, (size_t)(end - line)};
    if (end > line && end[-1] == '\r')
        end--;
    for (int at = 0; at < LAYOUTS; at++) {
        const Layout *layout = &layouts[at];
        if (layout->quotes != quotes || !take_layout(layout, q, end, limit, &row))
            continue;
        self->layouts[at]++;
        return count_row(self, &row, whole) < 0 ? -1 : 1;
    }
    if (quotes > layouts[0].quotes && take_quoted(line, end, limit, q, quotes, &row)) {
        self->layouts[0]++;
        return count_row(self, &row, whole) < 0 ? -1 : 1;
    }
    return 0;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------- */

/* The closing quote of a string that starts at `at`; NULL where a control character or the end comes first. */
static const char *string_end(const char *at, const char *end, const char *limit, int *has_escape) {
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
    key->bytes = malloc(text.size + 2);
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
        if (guess && (size_t)(end - start) > guess->size + 2u && are_same(start, guess->bytes, guess->size + 2u))
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
    return !(is_dash(value) || same(value, (Span){"0", 1}) || same(value, (Span){"OK", 2}) || same(value, (Span){"Ok", 2}));
}

/* Status, flags and details next to each other, as they stand in a text line. */
static int joined_response(Rows *self, Span status, Span flags, Span details, Counted *row) {
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
    row->response = (Span){self->scratch, size};
    row->status_size = (uint32_t)status.size;
    row->flags_size = (uint32_t)flags.size;
    return 0;
}

/* 1: a row; 0: for Python; -1: no memory; -2: an error is set. */
static int take_json(Rows *self, const char *line, const char *brace, const char *end, const char *limit,
                     PyThreadState **state) {
    Object object;
    int read = read_object(self, brace, end, limit, &object, state);
    if (read <= 0)
        return read;
    if (!(object.is_given[ROLE_FLAGS] || (object.is_given[ROLE_DETAILS] && object.is_given[ROLE_STATUS])))
        return 0;
    Counted row;
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
    row.time = time;
    row.host = value_of(&object, ROLE_AUTHORITY);
    if (is_nothing(row.host))
        row.host = value_of(&object, ROLE_SNI);
    row.cluster = value_of(&object, ROLE_CLUSTER);
    row.address = value_of(&object, ROLE_ADDRESS);
    row.duration = is_dash(duration) ? 0 : number(duration);
    if (joined_response(self, status, flags, value_of(&object, ROLE_DETAILS), &row) < 0)
        return -1;
    row.has_failed =
        number(status) >= 500 || !is_dash(flags) || has_grpc_failed(value_of(&object, ROLE_GRPC));
    self->styles[object.style < STYLES ? object.style : STYLES]++;
    return count_row(self, &row, (Span){line, (size_t)(end - line)}) < 0 ? -1 : 1;
}

/* ---- lines --------------------------------------------------------------------------------------------------------- */

static int has_trigger(const Rows *self, const char *at, const char *end) {
    for (; end - at >= 2; at++) {
        unsigned pair = (unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
        if (!(self->trigger_pairs[pair >> 3] >> (pair & 7) & 1))
            continue;
        for (int i = self->trigger_first[(unsigned char)*at]; i >= 0; i = self->triggers[i].next)
            if ((size_t)(end - at) >= self->triggers[i].size &&
                memcmp(at, self->triggers[i].bytes, self->triggers[i].size) == 0)
                return 1;
    }
    return 0;
}

static int is_empty(const char *at, const char *end) {
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at == end;
}

/* An odd line: for Python, unless nothing in it can be of interest. The first of those are shown to the user. */
static int add_odd(Rows *self, const char *block, const char *line, const char *end) {
    if (!self->is_odd_only && !has_trigger(self, line, end)) {
        if (self->unread >= self->unread_most || is_empty(line, end))
            return 0;
        self->unread++;
    }
    Lines odd = {self->lines, (size_t)(line - block), (size_t)(end - line), 0};
    return add_line(&self->odd, &self->odd_count, &self->odd_rooms, odd);
}

/* The brace that starts a JSON object behind a prefix of log tools; NULL where there is none. */
static const char *brace_of(const char *line, const char *end, const char *first_quote) {
    if (line < end && *line == '{')
        return line;
    if (first_quote <= line || first_quote[-1] != '{')
        return NULL;
    return memchr(line, '{', (size_t)(first_quote - line)) == first_quote - 1 ? first_quote - 1 : NULL;
}

static int count_block(Rows *self, const char *block, const char *limit, PyThreadState **state) {
    const char *line = block, *quotes[QUOTES];
    while (line < limit) {
        const char *end = NULL;
        int taken = 0, count = 0;
        if (*line == '{')
            end = memchr(line, '\n', (size_t)(limit - line));
        else
            count = quotes_of_line(line, limit, quotes, &end);
        if (!end)
            end = limit;
        if (!self->is_odd_only) {
            const char *brace = brace_of(line, end, count ? quotes[0] : line);
            if (brace)
                taken = take_json(self, line, brace, end, limit, state);
            if (!taken && *line == '{')
                count = quotes_of_line(line, limit, quotes, &(const char *){NULL});
            if (!taken)
                taken = take_text(self, line, end, limit, quotes, count);
        }
        if (taken < 0)
            return taken;
        if (!taken && add_odd(self, block, line, end) < 0)
            return -1;
        self->lines++;
        line = end + 1;
    }
    return 0;
}

static PyObject *odd_lines(Rows *self, const char *block) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < self->odd_count; i++) {
        PyObject *item = Py_BuildValue("(Ky#)", (unsigned long long)self->odd[i].line, block + self->odd[i].start,
                                       (Py_ssize_t)self->odd[i].size);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    self->odd_count = 0;
    return list;
}

static PyObject *rows_feed(Rows *self, PyObject *argument) {
    Py_buffer view;
    if (PyObject_GetBuffer(argument, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyThreadState *state = PyEval_SaveThread();
    int done = count_block(self, view.buf, (const char *)view.buf + view.len, &state);
    PyEval_RestoreThread(state);
    PyObject *odd = NULL;
    if (done == -1)
        PyErr_NoMemory();
    else if (done == 0)
        odd = odd_lines(self, view.buf);
    PyBuffer_Release(&view);
    return odd;
}

/* ---- sums ---------------------------------------------------------------------------------------------------------- */

/* Pairs of a bucket in 16 bits and its rows in 32, as durations.packed. */
static PyObject *packed_counts(const Group *group) {
    unsigned used = 0, at = 0;
    for (unsigned i = 0; i < group->width; i++)
        used += group->bins[i] != 0;
    char *bytes = malloc(used * 6 + 1);
    if (!bytes)
        return PyErr_NoMemory();
    for (unsigned i = 0; i < group->width; i++) {
        uint32_t bucket = group->low + i, count = group->bins[i];
        if (!count)
            continue;
        for (int byte = 0; byte < 2; byte++)
            bytes[at++] = (char)(bucket >> (8 * byte));
        for (int byte = 0; byte < 4; byte++)
            bytes[at++] = (char)(count >> (8 * byte));
    }
    PyObject *object = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)at);
    free(bytes);
    return object;
}

/* (host, cluster, flags, details, status, minute) of a group, by the flags, details and status of its response. */
static PyObject *key_object(Rows *self, const Group *group, PyObject *responses) {
    PyObject *key = PyTuple_New(6), *response = PyList_GetItem(responses, (Py_ssize_t)group->response);
    PyObject *parts[6] = {object_of(&self->hosts, group->host), object_of(&self->clusters, group->cluster), NULL, NULL,
                          NULL, object_of(&self->minutes, group->minute)};
    for (int i = 0; response && i < 3; i++)
        parts[2 + i] = PyTuple_GetItem(response, i);
    for (int i = 0; key && i < 6; i++)
        if (!parts[i] || PyTuple_SetItem(key, i, Py_NewRef(parts[i])) < 0)
            Py_CLEAR(key);
    return key;
}

/* The responses met, in the order of their numbers: (status flags details, size of status, size of flags). */
static PyObject *rows_responses(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < self->responses.count; i++) {
        const Text *text = &self->responses.items[i];
        PyObject *item = Py_BuildValue("(y#II)", text->bytes, (Py_ssize_t)text->size, text->first, text->second);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* key -> (rows, (packed counts,)); and [(key, the same)] of those whose host is "" or whose key was met before. */
static PyObject *rows_take_groups(Rows *self, PyObject *responses) {
    PyObject *groups = PyDict_New(), *others = PyList_New(0);
    int is_well = groups && others && PyList_Check(responses);
    for (uint32_t i = 0; is_well && i < self->group_count; i++) {
        const Group *group = &self->groups[i];
        PyObject *key = key_object(self, group, responses), *counts = packed_counts(group);
        PyObject *sum = key && counts ? Py_BuildValue("(K(O))", (unsigned long long)group->count, counts) : NULL;
        is_well = sum != NULL;
        const Text *host = &self->hosts.items[group->host];
        int is_other = is_well && is_nothing((Span){host->bytes, host->size});
        if (is_well && !is_other)
            is_other = PyDict_Contains(groups, key);
        if (is_well && is_other > 0) {
            PyObject *pair = PyTuple_Pack(2, key, sum);
            is_well = pair && PyList_Append(others, pair) == 0;
            Py_XDECREF(pair);
        } else if (is_well)
            is_well = is_other == 0 && PyDict_SetItem(groups, key, sum) == 0;
        Py_XDECREF(key);
        Py_XDECREF(counts);
        Py_XDECREF(sum);
    }
    PyObject *both = is_well ? PyTuple_Pack(2, groups, others) : NULL;
    Py_XDECREF(groups);
    Py_XDECREF(others);
    return both;
}

/* The key of one group, by its number. */
static PyObject *rows_key(Rows *self, PyObject *arguments) {
    unsigned long group;
    PyObject *responses;
    if (!PyArg_ParseTuple(arguments, "kO!", &group, &PyList_Type, &responses))
        return NULL;
    if (group >= self->group_count) {
        PyErr_SetString(PyExc_IndexError, "no such group");
        return NULL;
    }
    return key_object(self, &self->groups[group], responses);
}

static long digits(const char *at, int count) {
    long value = 0;
    for (; count > 0; count--)
        value = value * 10 + (*at++ - '0');
    return value;
}

/* Seconds since 1970, as instant.epoch_s; None for no time. */
static PyObject *time_object(const char *time) {
    if (!*time)
        Py_RETURN_NONE;
    long year = digits(time, 4), month = digits(time + 5, 2), day = digits(time + 8, 2);
    long hour = digits(time + 11, 2), minute = digits(time + 14, 2), second = digits(time + 17, 2);
    year -= month <= 2;
    long era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    double whole = (double)days * 86400.0 + (double)(hour * 3600 + minute * 60 + second);
    return PyFloat_FromDouble(whole + (double)digits(time + 20, 3) / 1000.0);
}

/* A list of (address, successes, failures, four times or None, hosts). */
static PyObject *rows_take_addresses(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < self->address_count; i++) {
        const Address *address = &self->addresses[i];
        PyObject *users = PyTuple_New(address->user_count);
        for (int at = 0; users && at < address->user_count; at++) {
            PyObject *host = object_of(&self->hosts, address->users[at]);
            if (!host || PyTuple_SetItem(users, at, Py_NewRef(host)) < 0)
                Py_CLEAR(users);
        }
        PyObject *item = users ? Py_BuildValue("(y#KKNNNNN)", address->bytes, (Py_ssize_t)address->size,
                                               (unsigned long long)address->count[0],
                                               (unsigned long long)address->count[1], time_object(address->first[0]),
                                               time_object(address->last[0]), time_object(address->first[1]),
                                               time_object(address->last[1]), users)
                               : NULL;
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* A list of (line, bytes, group) of the failing rows kept since the last call. */
static PyObject *rows_take_kept(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < self->kept_count; i++) {
        PyObject *item = Py_BuildValue("(Ky#I)", (unsigned long long)self->kept[i].line,
                                       self->kept_bytes + self->kept[i].start, (Py_ssize_t)self->kept[i].size,
                                       self->kept[i].group);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (list)
        self->kept_count = self->kept_size = 0;
    return list;
}

static PyObject *counters(const uint64_t *values, int count) {
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple && i < count; i++) {
        PyObject *value = PyLong_FromUnsignedLongLong(values[i]);
        if (!value || PyTuple_SetItem(tuple, i, value) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *get_lines(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->lines); }
static PyObject *get_rows(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->rows); }
static PyObject *get_failed(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->failed); }
static PyObject *get_layouts(Rows *self, void *Py_UNUSED(closure)) { return counters(self->layouts, LAYOUTS); }
static PyObject *get_styles(Rows *self, void *Py_UNUSED(closure)) { return counters(self->styles, STYLES + 1); }

static int add_trigger(Rows *self, int at, const char *bytes, size_t size) {
    Trigger *trigger = &self->triggers[at];
    if (size < 2) {
        PyErr_SetString(PyExc_ValueError, "a trigger has at least two bytes");
        return -1;
    }
    trigger->bytes = malloc(size);
    if (!trigger->bytes) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(trigger->bytes, bytes, size);
    trigger->size = size;
    trigger->next = self->trigger_first[(unsigned char)*bytes];
    self->trigger_first[(unsigned char)*bytes] = at;
    unsigned pair = (unsigned char)bytes[0] | (unsigned)(unsigned char)bytes[1] << 8;
    self->trigger_pairs[pair >> 3] |= (uint8_t)(1 << (pair & 7));
    self->trigger_count = at + 1;
    return 0;
}

static int rows_init(Rows *self, PyObject *arguments, PyObject *Py_UNUSED(keywords)) {
    PyObject *triggers, *classify;
    unsigned long long per_group, most, unread;
    int is_odd_only;
    if (self->classify) {
        PyErr_SetString(PyExc_RuntimeError, "is made already");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "KKO!pKO", &per_group, &most, &PyTuple_Type, &triggers, &is_odd_only, &unread,
                          &classify))
        return -1;
    for (int i = 0; i < 256; i++)
        self->trigger_first[i] = -1;
    for (int i = 0; i < POSITIONS; i++)
        self->order[i] = -1;
    Py_ssize_t count = PyTuple_Size(triggers);
    self->triggers = calloc((size_t)count + 1, sizeof *self->triggers);
    if (!self->triggers) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(triggers, i), &bytes, &size) < 0 ||
            add_trigger(self, (int)i, bytes, (size_t)size) < 0)
            return -1;
    }
    self->kept_per_group = per_group;
    self->kept_most = most;
    self->unread_most = unread;
    self->is_odd_only = is_odd_only;
    self->classify = Py_NewRef(classify);
    return 0;
}

static void rows_dealloc(Rows *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free_pool(&self->hosts);
    free_pool(&self->clusters);
    free_pool(&self->responses);
    free_pool(&self->minutes);
    for (uint32_t i = 0; i < self->group_count; i++)
        free(self->groups[i].bins);
    for (uint32_t i = 0; i < self->address_count; i++)
        free(self->addresses[i].bytes);
    for (int i = 0; i < self->trigger_count; i++)
        free(self->triggers[i].bytes);
    for (int i = 0; i < self->key_count; i++)
        free(self->keys[i].bytes);
    free(self->groups);
    free(self->group_slots);
    free(self->addresses);
    free(self->address_slots);
    free(self->kept_bytes);
    free(self->kept);
    free(self->odd);
    free(self->triggers);
    free(self->scratch);
    Py_XDECREF(self->classify);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef rows_methods[] = {
    {"feed", (PyCFunction)rows_feed, METH_O, "Count the lines of a block; [(line, bytes)] of those for the second tier."},
    {"responses", (PyCFunction)rows_responses, METH_NOARGS, "The responses met."},
    {"key", (PyCFunction)rows_key, METH_VARARGS, "The key of a group."},
    {"take_groups", (PyCFunction)rows_take_groups, METH_O, "The groups, by what their responses mean."},
    {"take_addresses", (PyCFunction)rows_take_addresses, METH_NOARGS, "The upstream addresses."},
    {"take_kept", (PyCFunction)rows_take_kept, METH_NOARGS, "The failing rows kept since the last call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef rows_getters[] = {
    {"lines", (getter)get_lines, NULL, "Lines so far.", NULL},
    {"rows", (getter)get_rows, NULL, "Rows so far.", NULL},
    {"failed", (getter)get_failed, NULL, "Failing rows so far.", NULL},
    {"layouts", (getter)get_layouts, NULL, "Rows by text format.", NULL},
    {"styles", (getter)get_styles, NULL, "Rows by JSON style; the last is for none of them.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot rows_slots[] = {
    {Py_tp_doc, "Counts rows. Rows(kept_per_group, kept, triggers, is_odd_only, unread, classify)"},
    {Py_tp_init, rows_init},
    {Py_tp_dealloc, rows_dealloc},
    {Py_tp_methods, rows_methods},
    {Py_tp_getset, rows_getters},
    {0, NULL},
};

static PyType_Spec rows_spec = {"unstale.accesslog._rows.Rows", sizeof(Rows), 0, Py_TPFLAGS_DEFAULT, rows_slots};

/* ---- the second pass: which lines are of connections that failed ---------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    Pool locals;
    int is_any_place;
    Lines *found;
    size_t count, room;
} Filter;

static int is_wanted(const Filter *self, Span text) {
    const Pool *pool = &self->locals;
    if (!pool->count)
        return 0;
    uint64_t hash = hashed(0, text);
    for (uint32_t slot = (uint32_t)hash & pool->mask; pool->slots[slot] != NONE; slot = (slot + 1) & pool->mask) {
        const Text *item = &pool->items[pool->slots[slot]];
        if (item->hash == hash && is_text(item, text))
            return 1;
    }
    return 0;
}

static inline int is_address_byte(char byte) {
    char lower = (char)(byte | 0x20);
    return is_digit(byte) || (lower >= 'a' && lower <= 'f') || byte == '.' || byte == ':' || byte == '[' || byte == ']';
}

/* Whether an address that is wanted stands anywhere in a line. */
static int has_wanted(const Filter *self, const char *at, const char *end) {
    while (at < end) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        if (!colon)
            return 0;
        const char *start = colon, *stop = colon + 1;
        while (start > at && is_address_byte(start[-1]))
            start--;
        const char *last = colon;
        while (stop < end && is_address_byte(*stop)) {
            if (*stop == ':')
                last = stop;
            stop++;
        }
        const char *port = last + 1;
        while (port < end && is_digit(*port))
            port++;
        if (port > last + 1 && is_wanted(self, (Span){start, (size_t)(port - start)}))
            return 1;
        at = stop;
    }
    return 0;
}

/* Whether the second word behind the last quote is wanted. */
static int has_wanted_tail(const Filter *self, const char *line, const char *end) {
    const char *at = end;
    while (at > line && at[-1] != '"')
        at--;
    if (at >= end || *at != ' ')
        return 0;
    const char *first = memchr(at + 1, ' ', (size_t)(end - at - 1));
    if (!first)
        return 0;
    const char *second = memchr(first + 1, ' ', (size_t)(end - first - 1));
    return second && is_wanted(self, (Span){first + 1, (size_t)(second - first - 1)});
}

static int filter_block(Filter *self, const char *block, const char *limit) {
    for (const char *line = block; line < limit;) {
        const char *end = memchr(line, '\n', (size_t)(limit - line));
        if (!end)
            end = limit;
        const char *last = end;
        if (last > line && last[-1] == '\r')
            last--;
        int is_object = last > line && last[-1] == '}';
        if (self->is_any_place || is_object ? has_wanted(self, line, end) : has_wanted_tail(self, line, end)) {
            Lines found = {0, (size_t)(line - block), (size_t)(end - line), 0};
            if (add_line(&self->found, &self->count, &self->room, found) < 0)
                return -1;
        }
        line = end + 1;
    }
    return 0;
}

static PyObject *filter_feed(Filter *self, PyObject *argument) {
    Py_buffer view;
    if (PyObject_GetBuffer(argument, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int done;
    self->count = 0;
    Py_BEGIN_ALLOW_THREADS
    done = filter_block(self, view.buf, (const char *)view.buf + view.len);
    Py_END_ALLOW_THREADS
    PyObject *list = done < 0 ? PyErr_NoMemory() : PyList_New(0);
    for (size_t i = 0; list && i < self->count; i++) {
        PyObject *item = PyBytes_FromStringAndSize((const char *)view.buf + self->found[i].start,
                                                   (Py_ssize_t)self->found[i].size);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    PyBuffer_Release(&view);
    return list;
}

static int filter_init(Filter *self, PyObject *arguments, PyObject *Py_UNUSED(keywords)) {
    PyObject *locals;
    if (!PyArg_ParseTuple(arguments, "O!p", &PyList_Type, &locals, &self->is_any_place))
        return -1;
    free_pool(&self->locals);
    for (Py_ssize_t i = 0; i < PyList_Size(locals); i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyList_GetItem(locals, i), &bytes, &size) < 0)
            return -1;
        if (pooled(&self->locals, (Span){bytes, (size_t)size}, 0, 0) == NONE) {
            PyErr_NoMemory();
            return -1;
        }
    }
    return 0;
}

static void filter_dealloc(Filter *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free_pool(&self->locals);
    free(self->found);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef filter_methods[] = {
    {"feed", (PyCFunction)filter_feed, METH_O, "The lines of a block that name one of the addresses."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot filter_slots[] = {
    {Py_tp_doc, "Finds lines by upstream local address. Filter(addresses, is_any_place)"},
    {Py_tp_init, filter_init},
    {Py_tp_dealloc, filter_dealloc},
    {Py_tp_methods, filter_methods},
    {0, NULL},
};

static PyType_Spec filter_spec = {"unstale.accesslog._rows.Filter", sizeof(Filter), 0, Py_TPFLAGS_DEFAULT, filter_slots};

static int module_exec(PyObject *module) {
    PyType_Spec *specs[] = {&rows_spec, &filter_spec};
    const char *names[] = {"Rows", "Filter"};
    for (int i = 0; i < 2; i++) {
        PyObject *type = PyType_FromSpec(specs[i]);
        if (!type || PyModule_AddObjectRef(module, names[i], type) < 0) {
            Py_XDECREF(type);
            return -1;
        }
        Py_DECREF(type);
    }
    return 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_rows", "Counts access log rows of plain shape.", 0, NULL, module_slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__rows(void) { return PyModuleDef_Init(&module); }
