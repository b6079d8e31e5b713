/* The shapes that the parts of a line have: times, words, flags, and what stands between quotes. */

#ifndef UNSTALE_SHAPES_H
#define UNSTALE_SHAPES_H

#include "bytes.h"

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

#if defined(__SSE2__)
static inline uint32_t digits_of(__m128i bytes) {
    __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value));
}

/* Where each of 64 bytes is a blank. */
static inline uint64_t blanks_of(const char *at) {
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(at + 16 * i));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '))) << (16 * i);
    }
    return bits;
}
#endif

static inline unsigned ones(uint64_t bits) {
#if defined(__POPCNT__)
    return (unsigned)__builtin_popcountll(bits);
#else
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(bits * UINT64_C(0x0101010101010101) >> 56);
#endif
}

/* [2024-09-25T09:00:00.000Z] and a blank */
static inline int is_stamp(const char *at) {
    static const char pattern[STAMP + 1] = "[0000-00-00T00:00:00.000Z] ";
#if defined(__SSE2__)
    static const char digits[STAMP + 1] = "\0\xff\xff\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0"
                                          "\xff\xff\xff\0\0\0";
    return are_shaped(at, pattern, digits) & are_shaped(at + STAMP - 16, pattern + STAMP - 16, digits + STAMP - 16);
#else
    for (int i = 0; i < STAMP; i++)
        if (pattern[i] == '0' ? !is_digit(at[i]) : at[i] != pattern[i])
            return 0;
    return 1;
#endif
}

/* The same without what is around the time. */
static inline int is_time(const char *at) {
    static const char pattern[TIME + 1] = "0000-00-00T00:00:00.000Z";
#if defined(__SSE2__)
    static const char digits[TIME + 1] = "\xff\xff\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0\xff\xff\0"
                                         "\xff\xff\xff\0";
    return are_shaped(at, pattern, digits) & are_shaped(at + TIME - 16, pattern + TIME - 16, digits + TIME - 16);
#else
    for (int i = 0; i < TIME; i++)
        if (pattern[i] == '0' ? !is_digit(at[i]) : at[i] != pattern[i])
            return 0;
    return 1;
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
