/* JSON lines without escapes that have the keys of the line before, as nearly all have.

   Where the quotes are is known, so no value is looked through. Whatever is not as it was is left to json.c. */

#include "json.h"

#define READ_PAST 64 /* bytes behind a line that have to be readable */

/* Whether a key stands here with what is around it. */
static inline int is_key(const Key *key, const char *at) {
    size_t size = key->size + AROUND_KEY;
#if defined(__SSE2__)
    const __m128i *here = (const __m128i *)at, *there = (const __m128i *)key->bytes;
    uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(here), _mm_loadu_si128(there)));
    uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(here + 1), _mm_loadu_si128(there + 1)));
    if (((low | high << 16) & key->wanted) != key->wanted)
        return 0;
    return size <= KEY_BYTES || are_same(at + KEY_BYTES, key->bytes + KEY_BYTES, size - KEY_BYTES);
#else
    return are_same(at, key->bytes, size);
#endif
}

/* The digits of a number that is no longer than seven of them; 0 where there is none. */
static inline size_t digit_count(const char *at) {
    uint64_t bytes = load8(at) ^ UINT64_C(0x3030303030303030);
    uint64_t others = ((bytes & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7676767676767676)) | bytes;
    others &= UINT64_C(0x8080808080808080);
    return others ? (size_t)__builtin_ctzll(others) / 8 : 0;
}

/* A number or null, and what follows it; other values are left to bare_value(). */
static inline int short_value(const char *at, const char **after, const char *end, Span *value) {
    size_t size = digit_count(at);
    if (size && (size == 1 || *at != '0')) {
        *value = (Span){at, size};
        *after = at + size;
        return 1;
    }
    if (load4(at) == load4("null")) {
        *value = (Span){at, 4};
        *after = at + 4;
        return 1;
    }
    return bare_value(at, after, end, value);
}

/* 1: a row, of which *after are the quotes behind it; 0: not one of the usual form; -1: no memory. */
int take_plain_json(Rows *self, const Line *line, const char *brace, const char *const **after) {
    Object object;
    const char *at = brace + 1, *end = line->end;
    const char *const *q = *after;
    if (line->limit - end < READ_PAST || self->order[0] < 0)
        return 0;
    memset(object.is_given, 0, sizeof object.is_given);
    object.style = 0xff;
    for (int position = 0; position < POSITIONS && self->order[position] >= 0; position++) {
        const Key *key = &self->keys[self->order[position]];
        if (!is_key(key, at))
            return 0;
        at += key->size + AROUND_KEY;
        Span value;
        int is_string = *at == '"';
        if (is_string) {
            value = (Span){at + 1, (size_t)(q[3] - at - 1)};
            at = q[3] + 1;
            q += 4;
        } else {
            if (!short_value(at, &at, end, &value))
                return 0;
            q += 2;
        }
        if (at >= end)
            return 0;
        if (key->style < object.style)
            object.style = key->style;
        if (key->role != ROLE_NONE && !place_value(&object, key->role, value, is_string))
            return 0;
        if (*at != ',') {
            if (*at != '}' || at + 1 != end)
                return 0;
            int taken = add_object(self, &object, (Span){line->at, (size_t)(end - line->at)}, line->limit);
            *after = taken == 1 ? q : *after;
            return taken;
        }
        at++;
    }
    return 0;
}
