/* One look at a window of bytes for all its lines: no branch depends on how long the lines and their parts are.

   Where the processor has AVX2 and the bit instructions that came with it, they are used; that is asked when the
   scanner is made, so that the same library runs on every processor. */

#include "index.h"
#include "shapes.h"

#if defined(__SSE2__)
typedef struct {
    __m128i parts[4];
} Sse2;

static inline Sse2 load_sse2(const char *at) {
    const __m128i *from = (const __m128i *)at;
    return (Sse2){
        {_mm_loadu_si128(from), _mm_loadu_si128(from + 1), _mm_loadu_si128(from + 2), _mm_loadu_si128(from + 3)}};
}

static inline uint64_t joined(__m128i one, __m128i two, __m128i three, __m128i four) {
    return (uint64_t)(uint32_t)_mm_movemask_epi8(one) | (uint64_t)(uint32_t)_mm_movemask_epi8(two) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(three) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(four) << 48;
}

static inline uint64_t equal_sse2(Sse2 block, char byte) {
    const __m128i wanted = _mm_set1_epi8(byte);
    return joined(_mm_cmpeq_epi8(block.parts[0], wanted), _mm_cmpeq_epi8(block.parts[1], wanted),
                  _mm_cmpeq_epi8(block.parts[2], wanted), _mm_cmpeq_epi8(block.parts[3], wanted));
}

static inline uint64_t below_sse2(Sse2 block) {
    const __m128i most = _mm_set1_epi8(0x1f);
    return joined(_mm_cmpeq_epi8(_mm_min_epu8(block.parts[0], most), block.parts[0]),
                  _mm_cmpeq_epi8(_mm_min_epu8(block.parts[1], most), block.parts[1]),
                  _mm_cmpeq_epi8(_mm_min_epu8(block.parts[2], most), block.parts[2]),
                  _mm_cmpeq_epi8(_mm_min_epu8(block.parts[3], most), block.parts[3]));
}

#define TARGET
#define ADD_PLACES add_places_sse2
#define BLOCKS index_sse2
#define Block Sse2
#define LOAD load_sse2
#define EQUAL equal_sse2
#define BELOW_BLANK below_sse2
#define PLACE_OF(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#define COUNT_OF ones
#include "index_blocks.h"
#undef TARGET
#undef ADD_PLACES
#undef BLOCKS
#undef Block
#undef LOAD
#undef EQUAL
#undef BELOW_BLANK
#undef PLACE_OF
#undef COUNT_OF
#endif

#if defined(HAS_AVX2)
#define TARGET __attribute__((target("avx2,bmi,popcnt")))

typedef struct {
    __m256i low, high;
} Avx2;

TARGET static inline Avx2 load_avx2(const char *at) {
    return (Avx2){_mm256_loadu_si256((const __m256i *)at), _mm256_loadu_si256((const __m256i *)(at + 32))};
}

TARGET static inline uint64_t pair_of(__m256i low, __m256i high) {
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

TARGET static inline uint64_t equal_avx2(Avx2 block, char byte) {
    const __m256i wanted = _mm256_set1_epi8(byte);
    return pair_of(_mm256_cmpeq_epi8(block.low, wanted), _mm256_cmpeq_epi8(block.high, wanted));
}

TARGET static inline uint64_t below_avx2(Avx2 block) {
    const __m256i most = _mm256_set1_epi8(0x1f);
    return pair_of(_mm256_cmpeq_epi8(_mm256_min_epu8(block.low, most), block.low),
                   _mm256_cmpeq_epi8(_mm256_min_epu8(block.high, most), block.high));
}

#define ADD_PLACES add_places_avx2
#define BLOCKS index_avx2
#define Block Avx2
#define LOAD load_avx2
#define EQUAL equal_avx2
#define BELOW_BLANK below_avx2
#define PLACE_OF _tzcnt_u64
#define COUNT_OF (unsigned)_mm_popcnt_u64
#include "index_blocks.h"
#endif

/* Whether the quicker instructions are there and not left out by UNSTALE_AVX2=0 in the environment. */
int has_avx2(void) {
#if defined(HAS_AVX2)
    const char *told = getenv("UNSTALE_AVX2");
    return !(told && *told == '0') && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
#else
    return 0;
#endif
}

void fill_index(Index *index, const char *at, size_t size, int has_stops) {
    const char *limit = at + size;
    index->quote_count = index->end_count = index->stop_count = 0;
#if defined(__SSE2__)
    const char *whole = at + size / 64 * 64;
#if defined(HAS_AVX2)
    if (index->is_avx2)
        index_avx2(index, at, whole, has_stops);
    else
#endif
        index_sse2(index, at, whole, has_stops);
    at = whole;
#endif
    for (; at < limit; at++) {
        if (*at == '"')
            index->quotes[index->quote_count++] = at;
        else if (*at == '\n')
            index->ends[index->end_count++] = at;
        else if (*at == '\\' || (unsigned char)*at < ' ')
            index->stops[index->stop_count++] = at;
    }
    for (int i = 0; i < SPARE / 4; i++)
        index->quotes[index->quote_count + (size_t)i] = limit;
    index->ends[index->end_count] = index->stops[index->stop_count] = limit;
}
