/* Text lines: taken with exactly the quotes of their format and every piece in the shape that Envoy gives it. */

#include "pieces.h"

const Layout layouts[LAYOUTS] = {
    {ISTIO_QUOTES, 4, 3, 10, 6, 0}, /* Istio text */
    {12, 2, 1, 8, 0, 1},  /* Envoy default text */
    {16, 2, 5, 12, 6, 1}, /* Istio text, 1.3 to 1.8 */
    {16, 2, 5, 12, 5, 1}, /* the same without route */
    {14, 2, 3, 10, 5, 1}, /* Istio text, 1.1 and 1.2 */
    {14, 2, 3, 10, 6, 1}, /* Istio text, 1.9.0 */
    {12, 2, 1, 8, 4, 1},  /* Istio text, 1.0 */
};

/* 1: a row of this layout; 0: not one; -1: no memory. */
static inline int take_layout(Rows *self, const Layout *layout, const char *const *q, const char *end,
                              const char *limit, Row *row) {
    int authority = layout->authority;
    if (layout->counts > 1 && !take_counts(q[layout->counts] + 1, q[layout->counts + 1], limit, row))
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
    if (layout->tail_words == 0) {
        row->cluster = nothing;
        if (tail != end)
            return 0;
    } else if (tail >= end || *tail != ' ')
        return 0;
    else if (layout->tail_words == 6 && !layout->is_checked && !is_nothing(row->host)) {
        if (!take_tail(tail + 1, end, limit, layout->tail_words, &row->cluster))
            return 0;
    } else {
        if (words(tail + 1, end, limit, found, layout->tail_words) != layout->tail_words)
            return 0;
        row->cluster = found[0];
        if (layout->tail_words >= 5 && is_nothing(row->host))
            row->host = found[4];
        if (layout->is_checked && !is_plain_all(found, layout->tail_words))
            return 0;
    }
    if (layout->is_checked && !(is_plain(row->host) && is_plain(row->address)))
        return 0;
    if (layout->counts == 1)
        return take_both(self, layout, q[1] + 1, q[2], limit, row);
    return take_response(self, layout, q[1] + 1, q[2], limit, row);
}

/* 1 where the line is a row of plain shape, 0 where it is not, -1 without memory. */
int take_text(Rows *self, const Line *line) {
    Row row;
    const char *const *q = line->quotes, *end = line->end;
    if (line->count < 12 || line->count > QUOTES || q[0] - line->at < STAMP || !is_stamp(q[0] - STAMP) ||
        !is_possible(self, q[0] - STAMP + 1))
        return 0;
    row.time = (Span){q[0] - STAMP + 1, TIME};
    if (end[-1] == '\r')
        end--;
    int taken = 0, at = 0;
    if (line->count == ISTIO_QUOTES)
        taken = take_layout(self, &layouts[0], q, end, line->limit, &row);
    for (at = taken ? 0 : 1; !taken && at < LAYOUTS; at++)
        if (layouts[at].quotes == line->count)
            taken = take_layout(self, &layouts[at], q, end, line->limit, &row);
    at -= at > 0;
    if (!taken && line->count > ISTIO_QUOTES) {
        taken = take_quoted(self, line, end, &row);
        at = 0;
    }
    if (taken <= 0)
        return taken;
    self->layouts[at]++;
    return add_row(self, &row, (Span){line->at, (size_t)(line->end - line->at)}, line->limit) < 0 ? -1 : 1;
}
