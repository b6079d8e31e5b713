/* Text lines: taken with exactly the quotes of their format and every piece in the shape that Envoy gives it. */

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

static const Layout layouts[LAYOUTS] = {
    {14, 4, 3, 10, 6, 0}, /* Istio text */
    {12, 2, 1, 8, 0, 1},  /* Envoy default text */
    {16, 2, 5, 12, 6, 1}, /* Istio text, 1.3 to 1.8 */
    {16, 2, 5, 12, 5, 1}, /* the same without route */
    {14, 2, 3, 10, 5, 1}, /* Istio text, 1.1 and 1.2 */
    {14, 2, 3, 10, 6, 1}, /* Istio text, 1.9.0 */
    {12, 2, 1, 8, 4, 1},  /* Istio text, 1.0 */
};

static inline int is_blank(const char *const *quotes, int opening) {
    return quotes[opening] - quotes[opening - 1] == 2 && quotes[opening - 1][1] == ' ';
}

/* METHOD path HTTP/1.1, or - - - */
static int is_request(const char *at, const char *end) {
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

static inline int take_response(const Layout *layout, const char *at, const char *end, const char *limit,
                                Counted *row) {
    Span found[TOKENS];
    if (end - at < 5 || *at != ' ' || end[-1] != ' ')
        return 0;
    if (words(at + 1, end - 1, limit, found, layout->response_words) != layout->response_words)
        return 0;
    if (found[0].size > 3 || !is_number(found[0]) || !are_flags(found[1]))
        return 0;
    row->status_size = (uint32_t)found[0].size;
    row->flags_size = (uint32_t)found[1].size;
    const Span *last = &found[layout->response_words == 4 ? 2 : 1];
    row->response.at = found[0].at;
    row->response.size = (size_t)(last->at + last->size - found[0].at);
    row->has_failed = !is_dash(found[1]) || (found[0].size == 3 && found[0].at[0] >= '5');
    return 1;
}

static inline int take_counts(const char *at, const char *end, const char *limit, Counted *row) {
    Span found[TOKENS];
    if (end - at < 9 || *at != ' ' || end[-1] != ' ' || words(at + 1, end - 1, limit, found, 4) != 4)
        return 0;
    if (!is_number(found[0]) || !is_number(found[1]) || !is_number(found[2]))
        return 0;
    row->duration = number(found[2]);
    return is_dash(found[3]) || is_number(found[3]);
}

/* Other readers see blanks where only Unicode or control characters are; such texts are theirs. */
static int is_plain(Span text) {
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] <= ' ' || (unsigned char)text.at[i] >= 0x80)
            return 0;
    return 1;
}

static int is_plain_all(const Span *found, int count) {
    for (int i = 0; i < count; i++)
        if (!is_plain(found[i]))
            return 0;
    return 1;
}

static int take_layout(const Layout *layout, const char *const *q, const char *end, const char *limit, Counted *row) {
    static const Span none = {"-", 1};
    int authority = layout->authority;
    if (!take_response(layout, q[1] + 1, q[2], limit, row) ||
        !take_counts(q[layout->counts] + 1, q[layout->counts + 1], limit, row))
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
    row->cluster = none;
    if (layout->tail_words == 0) {
        if (tail != end)
            return 0;
    } else {
        if (tail >= end || *tail != ' ' || words(tail + 1, end, limit, found, layout->tail_words) != layout->tail_words)
            return 0;
        row->cluster = found[0];
        if (layout->tail_words >= 5 && is_nothing(row->host))
            row->host = found[4];
        if (layout->is_checked && !is_plain_all(found, layout->tail_words))
            return 0;
    }
    return !layout->is_checked || (is_plain(row->host) && is_plain(row->address));
}

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
   only: one time stamp (the same one again is no other reading) and one place where a response can start. 1 where *row
   is filled. */
static int take_quoted(const char *line, const char *end, const char *limit, const char *const *q, int quotes,
                       Counted *row) {
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
    Span found[TOKENS];
    if (head <= stamp || head + 3 > quotes - 5 || q[head][-1] == '-' || !is_request(q[stamp] + 1, q[head]) ||
        !take_response(layout, q[head] + 1, q[head + 1], limit, row) ||
        !take_counts(q[head + 2] + 1, q[head + 3], limit, row))
        return 0;
    if (words(q[head] + 2, q[head + 1] - 1, limit, found, 4) != 4 || !is_plain_all(found, 4) || !are_flags(found[1]) ||
        !are_details(found[2]) || !are_details(found[3]))
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
        words(tail + 1, end, limit, found, 6) != 6 || !is_plain_all(found, 6))
        return 0;
    row->cluster = found[0];
    if (is_nothing(row->host))
        row->host = found[4];
    return 1;
}

/* 1 where the line is a row of plain shape, 0 where it is not, -1 without memory. */
int take_text(Rows *self, const char *line, const char *end, const char *limit, const char *const *q, int quotes) {
    Counted *row = &self->waiting[self->waiting_count];
    if (quotes < 12 || quotes > QUOTES || q[0] - line < STAMP || !is_stamp(q[0] - STAMP) ||
        !is_in_calendar(q[0] - STAMP + 1))
        return 0;
    row->time = (Span){q[0] - STAMP + 1, TIME};
    Span whole = {line, (size_t)(end - line)};
    if (end > line && end[-1] == '\r')
        end--;
    for (int at = 0; at < LAYOUTS; at++) {
        const Layout *layout = &layouts[at];
        if (layout->quotes != quotes || !take_layout(layout, q, end, limit, row))
            continue;
        self->layouts[at]++;
        return add_row(self, whole) < 0 ? -1 : 1;
    }
    if (quotes > layouts[0].quotes && take_quoted(line, end, limit, q, quotes, row)) {
        self->layouts[0]++;
        return add_row(self, whole) < 0 ? -1 : 1;
    }
    return 0;
}
