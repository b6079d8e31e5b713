/* Text lines with more quotes than their format has: from a client, which may mean to be taken for another row. */

#include "pieces.h"

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
    if (!end)
        return 0;
    Span status = {code, (size_t)(end - code)};
    if (!is_dash(status) && (status.size > 3 || !is_number(status)))
        return 0;
    const char *flags_end = memchr(end + 1, ' ', (size_t)(next - end - 1));
    return flags_end && flags_end > end + 1 && are_flags((Span){end + 1, (size_t)(flags_end - end - 1)});
}

/* Istio text with quotes in what the client sent, or with the start of a row before the row, if it has one reading
   only: one time stamp (the same one again is no other reading) and one place where a response can start. As
   take_layout(). */
int take_quoted(Rows *self, const Line *text, const char *end, Row *row) {
    const char *line = text->at, *limit = text->limit, *const *q = text->quotes;
    int quotes = text->count;
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
    Span found[TOKENS], tail_found[TOKENS];
    if (head <= stamp || head + 3 > quotes - 5 || q[head][-1] == '-' || !is_request(q[stamp] + 1, q[head]) ||
        !take_counts(q[head + 2] + 1, q[head + 3], limit, row))
        return 0;
    const char *said = q[head] + 1, *said_end = q[head + 1];
    if (said_end - said < 5 || *said != ' ' || said_end[-1] != ' ' ||
        words(said + 1, said_end - 1, limit, found, 4) != 4 || !is_plain_all(found, 4) || !are_flags(found[1]) ||
        found[0].size > 3 || !is_number(found[0]) || !are_details(found[2]) || !are_details(found[3]))
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
        words(tail + 1, end, limit, tail_found, 6) != 6 || !is_plain_all(tail_found, 6))
        return 0;
    row->cluster = tail_found[0];
    if (is_nothing(row->host))
        row->host = tail_found[4];
    return pool_response(self, layout, found, row);
}
