/* The second pass: which lines are of connections that failed. */

#include "rows.h"

typedef struct {
    PyObject_HEAD
    Pool locals;
    int is_any_place;
    Lines *found;
    size_t count, room;
} Filter;

static inline int is_address_byte(char byte) {
    char lower = (char)(byte | 0x20);
    return is_digit(byte) || (lower >= 'a' && lower <= 'f') || byte == '.' || byte == ':' || byte == '[' || byte == ']';
}

/* Whether an address that is wanted stands anywhere in a line. */
static int has_wanted(const Filter *self, const char *at, const char *end, const char *limit) {
    while (at < end) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        if (!colon)
            return 0;
        const char *start = colon, *stop = colon + 1;
        while (start > at && is_address_byte(start[-1]))
            start--;
        const char *last = colon;
        while (stop < end && is_address_byte(*stop)) {
            if (*stop == ':')
                last = stop;
            stop++;
        }
        const char *port = last + 1;
        while (port < end && is_digit(*port))
            port++;
        if (port > last + 1 && is_pooled(&self->locals, (Span){start, (size_t)(port - start)}, limit))
            return 1;
        at = stop;
    }
    return 0;
}

/* Whether the second word behind the last quote is wanted. */
static int has_wanted_tail(const Filter *self, const char *line, const char *end, const char *limit) {
#if defined(__GLIBC__)
    const char *at = end > line ? memrchr(line, '"', (size_t)(end - line)) : NULL;
    at = at ? at + 1 : line;
#else
    const char *at = end;
    while (at > line && at[-1] != '"')
        at--;
#endif
    if (at >= end || *at != ' ')
        return 0;
    const char *first = memchr(at + 1, ' ', (size_t)(end - at - 1));
    if (!first)
        return 0;
    const char *second = memchr(first + 1, ' ', (size_t)(end - first - 1));
    return second && is_pooled(&self->locals, (Span){first + 1, (size_t)(second - first - 1)}, limit);
}

static int filter_block(Filter *self, const char *block, const char *limit) {
    for (const char *line = block; line < limit;) {
        const char *end = memchr(line, '\n', (size_t)(limit - line));
        if (!end)
            end = limit;
        const char *last = end;
        if (last > line && last[-1] == '\r')
            last--;
        int is_object = last > line && last[-1] == '}';
        if (self->is_any_place || is_object ? has_wanted(self, line, end, limit)
                                            : has_wanted_tail(self, line, end, limit)) {
            Lines found = {0, (size_t)(line - block), (size_t)(end - line), 0};
            if (add_line(&self->found, &self->count, &self->room, found) < 0)
                return -1;
        }
        line = end + 1;
    }
    return 0;
}

static PyObject *filter_feed(Filter *self, PyObject *argument) {
    Py_buffer view;
    if (PyObject_GetBuffer(argument, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int done;
    self->count = 0;
    Py_BEGIN_ALLOW_THREADS
    done = filter_block(self, view.buf, (const char *)view.buf + view.len);
    Py_END_ALLOW_THREADS
    PyObject *list = done < 0 ? PyErr_NoMemory() : PyList_New(0);
    for (size_t i = 0; list && i < self->count; i++) {
        PyObject *item = PyBytes_FromStringAndSize((const char *)view.buf + self->found[i].start,
                                                   (Py_ssize_t)self->found[i].size);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    PyBuffer_Release(&view);
    return list;
}

static int filter_init(Filter *self, PyObject *arguments, PyObject *Py_UNUSED(keywords)) {
    PyObject *locals;
    if (!PyArg_ParseTuple(arguments, "O!p", &PyList_Type, &locals, &self->is_any_place))
        return -1;
    free_pool(&self->locals);
    for (Py_ssize_t i = 0; i < PyList_Size(locals); i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyList_GetItem(locals, i), &bytes, &size) < 0)
            return -1;
        if (pooled(&self->locals, (Span){bytes, (size_t)size}, 0, 0) == NONE) {
            PyErr_NoMemory();
            return -1;
        }
    }
    return 0;
}

static void filter_dealloc(Filter *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free_pool(&self->locals);
    free(self->found);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef filter_methods[] = {
    {"feed", (PyCFunction)filter_feed, METH_O, "The lines of a block that name one of the addresses."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot filter_slots[] = {
    {Py_tp_doc, "Finds lines by upstream local address. Filter(addresses, is_any_place)"},
    {Py_tp_init, filter_init},
    {Py_tp_dealloc, filter_dealloc},
    {Py_tp_methods, filter_methods},
    {0, NULL},
};

PyType_Spec filter_spec = {"unstale.accesslog._rows.Filter", sizeof(Filter), 0, Py_TPFLAGS_DEFAULT, filter_slots};
