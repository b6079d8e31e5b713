/* Where the quotes and the line breaks of a window of bytes are. */

#ifndef UNSTALE_INDEX_H
#define UNSTALE_INDEX_H

#include "bytes.h"

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#define HAS_AVX2
#endif

#define WINDOW 16384 /* with what is found in it, it stays in the cache nearest to the processor */
#define SPARE 64     /* places that are written before it is known how many there are, and that end each list */

typedef struct {
    int is_avx2;
    size_t quote_count, end_count, stop_count;
    const char *quotes[WINDOW + SPARE], *ends[WINDOW + SPARE];
    const char *stops[WINDOW + SPARE]; /* backslashes and control characters but line breaks */
} Index;

int has_avx2(void);

/* Fills the index with what is in `size` bytes, at most WINDOW; each list ends with places behind them. */
void fill_index(Index *index, const char *at, size_t size, int has_stops);

#endif
