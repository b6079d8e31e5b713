/* Blocks of 64 bytes into the lists of an index; included once for each set of instructions (`TARGET`, `BLOCKS`). */

#define PLACE(i)                                  \
    place[i] = at + PLACE_OF(bits);               \
    bits &= bits - 1

/* Writes eight places whatever there are, since a branch on their number would be foretold badly. */
TARGET static inline size_t ADD_PLACES(const char **place, const char *at, uint64_t bits) {
    unsigned found = COUNT_OF(bits);
    PLACE(0);
    PLACE(1);
    PLACE(2);
    PLACE(3);
    PLACE(4);
    PLACE(5);
    PLACE(6);
    PLACE(7);
    for (unsigned i = 8; i < found; i++) {
        PLACE(i);
    }
    return found;
}

TARGET static void BLOCKS(Index *index, const char *at, const char *limit, int has_stops) {
    const char **quote = index->quotes, **end = index->ends, **stop = index->stops;
    for (; at < limit; at += 64) {
        Block block = LOAD(at);
        uint64_t quotes = EQUAL(block, '"'), lines = EQUAL(block, '\n'), stops = 0;
        quote += ADD_PLACES(quote, at, quotes);
        *end = at + PLACE_OF(lines);
        end += lines != 0;
        for (lines &= lines - 1; lines; lines &= lines - 1)
            *end++ = at + PLACE_OF(lines);
        if (has_stops)
            stops = BELOW_BLANK(block) & ~EQUAL(block, '\n');
        for (stops |= has_stops ? EQUAL(block, '\\') : 0; stops; stops &= stops - 1)
            *stop++ = at + PLACE_OF(stops);
    }
    index->quote_count = (size_t)(quote - index->quotes);
    index->end_count = (size_t)(end - index->ends);
    index->stop_count = (size_t)(stop - index->stops);
}

#undef PLACE
