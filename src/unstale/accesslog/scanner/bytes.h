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
#define SHORT 32        /* bytes of a text that are compared and hashed at once */
#define SAID 64         /* responses that are known by how they stand in a line */

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

extern const char short_masks[2 * SHORT]; /* ones, then zeros */

/* A text of at most SHORT bytes, with zeros behind it: compared and hashed without a branch on its size. */
typedef struct {
    uint64_t words[SHORT / 8];
} Short;

static inline Short short_of(Span text, const char *limit) {
    Short found = {{0, 0, 0, 0}};
    if ((intptr_t)limit - (intptr_t)text.at >= SHORT)
        for (int i = 0; i < SHORT / 8; i++)
            found.words[i] = load8(text.at + 8 * i) & load8(short_masks + SHORT - text.size + 8 * i);
    else
        memcpy(found.words, text.at, text.size);
    return found;
}

static inline int are_short_same(const Short *one, const Short *other) {
    return !((one->words[0] ^ other->words[0]) | (one->words[1] ^ other->words[1]) |
             (one->words[2] ^ other->words[2]) | (one->words[3] ^ other->words[3]));
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

static inline uint64_t hash_of_short(const Short *text, size_t size) {
    return mixed(text->words[0] ^ UINT64_C(0x9e3779b97f4a7c15) ^ size, text->words[1] ^ UINT64_C(0xe7037ed1a0b428db)) ^
           mixed(text->words[2] ^ UINT64_C(0x8ebc6af09c88c6e3), text->words[3] ^ UINT64_C(0xd1b54a32d192ed03));
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

static const char nothing_bytes[SHORT] = "-";
static const Span nothing = {nothing_bytes, 1};

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

/* `text` is digits alone. The eight bytes that end with its last one have to be readable. */
static inline uint64_t number_of_eight(Span text) {
    uint64_t digits = (load8(text.at + text.size - 8) ^ UINT64_C(0x3030303030303030)) &
                      (~UINT64_C(0) << (64 - 8 * text.size));
    digits = digits * 10 + (digits >> 8);
    return (uint32_t)((((digits & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
            (((digits >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >> 32);
}

static inline uint64_t number(Span text) {
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++)
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    return value;
}

#endif
