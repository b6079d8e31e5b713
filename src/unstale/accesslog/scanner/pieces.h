/* What stands between the quotes of a text line. */

#ifndef UNSTALE_PIECES_H
#define UNSTALE_PIECES_H

#include "rows.h"

/* Where the fields of a text format stand: counted in quotes, of which q[0] opens the request. */
typedef struct {
    int quotes;
    int response_words; /* between request and what follows: status flags [details termination] */
    int counts;         /* the piece with bytes received, bytes sent, duration, service time starts at this quote */
    int authority;      /* the quote that opens the authority; the upstream host's is the next but one */
    int tail_words;     /* cluster, local, downstream local, downstream remote, SNI, route: as many as there are */
    uint8_t is_checked; /* method, protocol and flags are checked as well */
} Layout;

extern const Layout layouts[LAYOUTS];

static inline int is_blank(const char *const *quotes, int opening) {
    return quotes[opening] - quotes[opening - 1] == 2 && quotes[opening - 1][1] == ' ';
}

/* METHOD path HTTP/1.1, or - - - */
static inline int is_request(const char *at, const char *end) {
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

/* Status, flags and details of a response into the pool. */
static inline int pool_response(Rows *self, const Layout *layout, const Span *found, Row *row) {
    const Span *last = &found[layout->response_words == 4 ? 2 : 1];
    Span whole = {found[0].at, (size_t)(last->at + last->size - found[0].at)};
    row->response = pooled(&self->responses, whole, (uint32_t)found[0].size, (uint32_t)found[1].size);
    row->has_failed = !is_dash(found[1]) || (found[0].size == 3 && found[0].at[0] >= '5');
    return row->response == NONE ? -1 : 1;
}

static inline int read_response(Rows *self, const Layout *layout, const char *at, const char *end, const char *limit,
                         Row *row) {
    Span found[TOKENS];
    if (end - at < 5 || *at != ' ' || end[-1] != ' ')
        return 0;
    if (words(at + 1, end - 1, limit, found, layout->response_words) != layout->response_words)
        return 0;
    if (found[0].size > 3 || !is_number(found[0]) || !are_flags(found[1]))
        return 0;
    return pool_response(self, layout, found, row);
}

/* The response between two quotes, mostly one that stood there before. 1: read; 0: none; -1: no memory. */
static inline int take_response(Rows *self, const Layout *layout, const char *at, const char *end, const char *limit,
                                Row *row) {
    size_t size = (size_t)(end - at);
    if (size > SHORT)
        return read_response(self, layout, at, end, limit, row);
    Short text = short_of((Span){at, size}, limit);
    uint64_t sizes = size << 8 | (unsigned)layout->response_words;
    Said *said = &self->said[hash_of_short(&text, sizes) % SAID];
    if (said->sizes != sizes || !are_short_same(&said->text, &text)) {
        int done = read_response(self, layout, at, end, limit, row);
        if (done == 1)
            *said = (Said){text, sizes, row->response, (uint32_t)row->has_failed};
        return done;
    }
    row->response = said->response;
    row->has_failed = (int)said->has_failed;
    return 1;
}

static inline int read_counts(const char *at, const char *end, const char *limit, Row *row) {
    Span found[TOKENS];
    if (end - at < 9 || *at != ' ' || end[-1] != ' ' || words(at + 1, end - 1, limit, found, 4) != 4)
        return 0;
    if (!is_number(found[0]) || !is_number(found[1]) || !is_number(found[2]))
        return 0;
    row->duration = number(found[2]);
    return is_dash(found[3]) || is_number(found[3]);
}

/* Response and counts where nothing is between them. As take_response(). */
static inline int take_both(Rows *self, const Layout *layout, const char *at, const char *end, const char *limit,
                            Row *row) {
    Span found[TOKENS], *counts = found + 2;
    if (end - at < 13 || *at != ' ' || end[-1] != ' ' || words(at + 1, end - 1, limit, found, 6) != 6)
        return 0;
    if (found[0].size > 3 || !is_number(found[0]) || !are_flags(found[1]) || !is_number(counts[0]) ||
        !is_number(counts[1]) || !is_number(counts[2]) || !(is_dash(counts[3]) || is_number(counts[3])))
        return 0;
    row->duration = number(counts[2]);
    return pool_response(self, layout, found, row);
}

/* Bytes received, bytes sent, duration and service time. */
static inline int take_counts(const char *at, const char *end, const char *limit, Row *row) {
#if defined(__SSE2__)
    size_t size = (size_t)(end - at);
    if (size <= 24 && size >= 9 && limit - at >= 32) { /* so no number has more than 16 digits */
        const __m128i low = _mm_loadu_si128((const __m128i *)at), high = _mm_loadu_si128((const __m128i *)(at + 16));
        uint32_t mask = (1u << size) - 1;
        uint32_t blanks = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, _mm_set1_epi8(' '))) |
                          (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, _mm_set1_epi8(' '))) << 16;
        uint32_t digits = digits_of(low) | digits_of(high) << 16;
        blanks &= mask;
        uint32_t second = blanks & (blanks - 1), third = second & (second - 1), fourth = third & (third - 1);
        uint32_t last = fourth & (fourth - 1);
        if ((blanks & 1) && last == 1u << (size - 1) && !(blanks & blanks << 1) && ((blanks | digits) & mask) == mask) {
            Span text = {at + __builtin_ctz(third) + 1, (size_t)(__builtin_ctz(fourth) - __builtin_ctz(third) - 1)};
            row->duration = text.size <= 8 ? number_of_eight(text) : number(text);
            return 1;
        }
    }
#endif
    return read_counts(at, end, limit, row);
}

/* The first word of the tail, of which the others are not wanted. */
static inline int take_tail(const char *at, const char *end, const char *limit, int most, Span *found) {
#if defined(__SSE2__)
    size_t size = (size_t)(end - at);
    if (end > at && size < 128 && limit - at >= 128) {
        uint64_t low = blanks_of(at), high = blanks_of(at + 64);
        if (size < 64) {
            low &= (UINT64_C(1) << size) - 1;
            high = 0;
        } else
            high &= (UINT64_C(1) << (size - 64)) - 1;
        uint64_t pairs = (low & low << 1) | (high & (high << 1 | low >> 63));
        found->at = at;
        found->size = (size_t)__builtin_ctzll(low | UINT64_C(1) << 63);
        if (low && !(low & 1) && !pairs && end[-1] != ' ')
            return (int)(ones(low) + ones(high)) + 1 == most;
    }
#endif
    Span all[TOKENS];
    int count = words(at, end, limit, all, most);
    *found = all[0];
    return count == most;
}

/* Other readers see blanks where only Unicode or control characters are; such texts are theirs. */
static inline int is_plain(Span text) {
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] <= ' ' || (unsigned char)text.at[i] >= 0x80)
            return 0;
    return 1;
}

static inline int is_plain_all(const Span *found, int count) {
    for (int i = 0; i < count; i++)
        if (!is_plain(found[i]))
            return 0;
    return 1;
}

int take_quoted(Rows *self, const Line *line, const char *end, Row *row);

#endif
