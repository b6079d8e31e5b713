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

static int count_block(Rows *self, const char *block, const char *limit, PyThreadState **state) {
    const char *line = block, *quotes[QUOTES];
    while (line < limit) {
        const char *end = NULL;
        int taken = 0, count = 0;
        if (*line == '{')
            end = memchr(line, '\n', (size_t)(limit - line));
        else
            count = quotes_of_line(line, limit, quotes, &end);
        if (!end)
            end = limit;
        if (!self->is_odd_only) {
            const char *brace = brace_of(line, end, count ? quotes[0] : line);
            if (brace)
                taken = take_json(self, line, brace, end, limit, state);
            if (!taken && *line == '{')
                count = quotes_of_line(line, limit, quotes, &(const char *){NULL});
            if (!taken)
                taken = take_text(self, line, end, limit, quotes, count);
        }
        if (taken < 0)
            return taken;
        if (!taken && add_odd(self, block, line, end) < 0)
            return -1;
        self->lines++;
        line = end + 1;
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
