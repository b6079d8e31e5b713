/* Blocks into lines, and each line to the reader of its kind or back to Python. */

#include "rows.h"

static int has_trigger(const Rows *self, const char *at, const char *end) {
    for (; end - at >= 2; at++) {
        unsigned pair = (unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
        if (!(self->trigger_pairs[pair >> 3] >> (pair & 7) & 1))
            continue;
        for (int i = self->trigger_first[(unsigned char)*at]; i >= 0; i = self->triggers[i].next)
            if ((size_t)(end - at) >= self->triggers[i].size &&
                memcmp(at, self->triggers[i].bytes, self->triggers[i].size) == 0)
                return 1;
    }
    return 0;
}

static int is_empty(const char *at, const char *end) {
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at == end;
}

/* An odd line: for Python, unless nothing in it can be of interest. The first of those are shown to the user. */
static int add_odd(Rows *self, const char *block, const char *line, const char *end) {
    if (!self->is_odd_only && !has_trigger(self, line, end)) {
        if (self->unread >= self->unread_most || is_empty(line, end))
            return 0;
        self->unread++;
    }
    Lines odd = {self->lines, (size_t)(line - block), (size_t)(end - line), 0};
    return add_line(&self->odd, &self->odd_count, &self->odd_rooms, odd);
}

/* The brace that starts a JSON object behind a prefix of log tools; NULL where there is none. */
static const char *brace_of(const char *line, const char *end, const char *first_quote) {
    if (line < end && *line == '{')
        return line;
    if (first_quote <= line || first_quote[-1] != '{')
        return NULL;
    return memchr(line, '{', (size_t)(first_quote - line)) == first_quote - 1 ? first_quote - 1 : NULL;
}

/* The quotes of a line whose end is known, of which `q` is the first; those of a window end with its end. */
static inline int quotes_before(const char *const *q, const char *end) {
    int count = q[ISTIO_QUOTES - 1] < end ? ISTIO_QUOTES : 0;
    while (count <= QUOTES && q[count] < end)
        count++;
    return count;
}

/* Counts a line, of which the quotes are known as far as QUOTES. */
static int count_line(Rows *self, const char *block, const Line *line, PyThreadState **state) {
    int taken = 0;
    if (!self->is_odd_only) {
        const char *brace = brace_of(line->at, line->end, line->count ? line->quotes[0] : line->at);
        if (brace) {
            taken = take_json(self, line, brace, state);
            self->has_json |= taken > 0;
        }
        if (!taken)
            taken = take_text(self, line);
    }
    if (!taken)
        taken = add_odd(self, block, line->at, line->end);
    self->lines++;
    return taken < 0 ? taken : 0;
}

/* Counts the lines that end in a window of the block, and gives where the last of them does; NULL on an error. */
static const char *count_window(Rows *self, const char *block, const char *at, const char *limit, int *done,
                                PyThreadState **state) {
    const Index *index = &self->index;
    const char *const *q = index->quotes, *const *stop = index->stops;
    int is_json = (*at == '{' || self->has_json) && !self->is_odd_only;
    size_t size = (size_t)(limit - at) < WINDOW ? (size_t)(limit - at) : WINDOW;
    fill_index(&self->index, at, size, is_json);
    self->has_json = 0;
    for (size_t i = 0; i < index->end_count; i++) {
        Line line = {at, index->ends[i], limit, q, 0};
        at = line.end + 1;
        if (is_json) {
            const char *brace = *stop > line.end && *q < line.end ? brace_of(line.at, line.end, *q) : NULL;
            while (*stop < line.end)
                stop++;
            *done = brace ? take_plain_json(self, &line, brace, &q) : 0;
            if (*done < 0)
                return NULL;
            if (*done) {
                self->has_json = 1;
                self->lines++;
                continue;
            }
        }
        line.count = quotes_before(q, line.end);
        *done = count_line(self, block, &line, state);
        if (*done < 0)
            return NULL;
        q += line.count;
        while (*q < line.end)
            q++;
    }
    return at;
}

static int count_block(Rows *self, const char *block, const char *limit, PyThreadState **state) {
    const char *at = block, *quotes[QUOTES], *end;
    int done = 0;
    while (at < limit) {
        const char *start = at;
        at = count_window(self, block, at, limit, &done, state);
        if (!at)
            return done;
        if (at > start)
            continue;
        int count = quotes_of_line(at, limit, quotes, &end); /* longer than a window, or the last without a break */
        end = end ? end : limit;
        done = count_line(self, block, &(Line){at, end, limit, quotes, count}, state);
        if (done < 0)
            return done;
        at = end + 1;
    }
    return count_waiting(self);
}

static PyObject *odd_lines(Rows *self, const char *block) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < self->odd_count; i++) {
        PyObject *item = Py_BuildValue("(Ky#)", (unsigned long long)self->odd[i].line, block + self->odd[i].start,
                                       (Py_ssize_t)self->odd[i].size);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    self->odd_count = 0;
    return list;
}

PyObject *rows_feed(Rows *self, PyObject *argument) {
    Py_buffer view;
    if (PyObject_GetBuffer(argument, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyThreadState *state = PyEval_SaveThread();
    int done = count_block(self, view.buf, (const char *)view.buf + view.len, &state);
    self->waiting_count = 0;
    PyEval_RestoreThread(state);
    PyObject *odd = NULL;
    if (done == -1)
        PyErr_NoMemory();
    else if (done == 0)
        odd = odd_lines(self, view.buf);
    PyBuffer_Release(&view);
    return odd;
}
