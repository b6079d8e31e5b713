/* Spans of bytes, and what can be said of them without a table. No byte outside of the given block is read. */

#ifndef UNSTALE_BYTES_H
#define UNSTALE_BYTES_H

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
#define WAITING 16      /* rows that are read before the first of them is counted */
#define JOINED 192      /* bytes of a response of JSON that may wait */

#if defined(__GNUC__)
#define FETCH(at) __builtin_prefetch(at)
#else
#define FETCH(at) ((void)(at))
#endif

typedef struct {
    const char *at;
    size_t size;
} Span;

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
static inline int is_time(const char *at) {
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
static inline int quotes_of_line(const char *at, const char *limit, const char **quotes, const char **end) {
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

/* The words of text that are divided by exactly one blank each; -1 where there are more than `most` or an empty one. */
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

#endif
