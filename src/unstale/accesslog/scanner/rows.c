/* The first tier of the log scanner: rows of plain shape counted straight from the bytes, everything odd handed back.

   Only lines whose meaning is beyond doubt are taken here: text lines with exactly the quotes of their format and every
   piece between them in the shape that Envoy gives it, and flat JSON objects without escapes in what is judged. The
   pure Python readers take the same lines for the same rows; plain_rows.py and line_reader.py are the specification.

   Texts are found by hash and confirmed by comparing their bytes, groups by the numbers of their texts. No byte outside
   of the given block is read, and the interpreter lock is not held while a block is counted. */

#include "rows.h"

static PyObject *counters(const uint64_t *values, int count) {
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple && i < count; i++) {
        PyObject *value = PyLong_FromUnsignedLongLong(values[i]);
        if (!value || PyTuple_SetItem(tuple, i, value) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *get_lines(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->lines); }
static PyObject *get_rows(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->rows); }
static PyObject *get_failed(Rows *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLongLong(self->failed); }
static PyObject *get_layouts(Rows *self, void *Py_UNUSED(closure)) { return counters(self->layouts, LAYOUTS); }
static PyObject *get_styles(Rows *self, void *Py_UNUSED(closure)) { return counters(self->styles, STYLES + 1); }

static int add_trigger(Rows *self, int at, const char *bytes, size_t size) {
    Trigger *trigger = &self->triggers[at];
    if (size < 2) {
        PyErr_SetString(PyExc_ValueError, "a trigger has at least two bytes");
        return -1;
    }
    trigger->bytes = malloc(size);
    if (!trigger->bytes) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(trigger->bytes, bytes, size);
    trigger->size = size;
    trigger->next = self->trigger_first[(unsigned char)*bytes];
    self->trigger_first[(unsigned char)*bytes] = at;
    unsigned pair = (unsigned char)bytes[0] | (unsigned)(unsigned char)bytes[1] << 8;
    self->trigger_pairs[pair >> 3] |= (uint8_t)(1 << (pair & 7));
    self->trigger_count = at + 1;
    return 0;
}

static int rows_init(Rows *self, PyObject *arguments, PyObject *Py_UNUSED(keywords)) {
    PyObject *triggers, *classify;
    unsigned long long per_group, most, unread;
    int is_odd_only;
    if (self->classify) {
        PyErr_SetString(PyExc_RuntimeError, "is made already");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "KKO!pKO", &per_group, &most, &PyTuple_Type, &triggers, &is_odd_only, &unread,
                          &classify))
        return -1;
    for (int i = 0; i < 256; i++)
        self->trigger_first[i] = -1;
    for (int i = 0; i < POSITIONS; i++)
        self->order[i] = -1;
    Py_ssize_t count = PyTuple_Size(triggers);
    self->triggers = calloc((size_t)count + 1, sizeof *self->triggers);
    if (!self->triggers) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(triggers, i), &bytes, &size) < 0 ||
            add_trigger(self, (int)i, bytes, (size_t)size) < 0)
            return -1;
    }
    self->index.is_avx2 = has_avx2();
    self->minute = NONE;
    self->kept_per_group = per_group;
    self->kept_most = most;
    self->unread_most = unread;
    self->is_odd_only = is_odd_only;
    self->classify = Py_NewRef(classify);
    return 0;
}

static void rows_dealloc(Rows *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free_pool(&self->hosts);
    free_pool(&self->clusters);
    free_pool(&self->responses);
    free_pool(&self->minutes);
    forget_sums(self);
    for (int i = 0; i < self->trigger_count; i++)
        free(self->triggers[i].bytes);
    for (int i = 0; i < self->key_count; i++)
        free(self->keys[i].bytes);
    free(self->groups);
    free(self->group_slots);
    free(self->addresses);
    free(self->address_slots);
    free(self->kept_bytes);
    free(self->kept);
    free(self->odd);
    free(self->triggers);
    free(self->scratch);
    Py_XDECREF(self->classify);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef rows_methods[] = {
    {"feed", (PyCFunction)rows_feed, METH_O,
     "Count the lines of a block; [(line, bytes)] of those for the second tier."},
    {"responses", (PyCFunction)rows_responses, METH_NOARGS, "The responses met."},
    {"key", (PyCFunction)rows_key, METH_VARARGS, "The key of a group."},
    {"take_groups", (PyCFunction)rows_take_groups, METH_VARARGS, "The groups, by what their responses mean."},
    {"absorb", (PyCFunction)rows_absorb, METH_O, "Take the groups and addresses of another scanner."},
    {"take_addresses", (PyCFunction)rows_take_addresses, METH_NOARGS, "The upstream addresses."},
    {"take_kept", (PyCFunction)rows_take_kept, METH_NOARGS, "The failing rows kept since the last call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef rows_getters[] = {
    {"lines", (getter)get_lines, NULL, "Lines so far.", NULL},
    {"rows", (getter)get_rows, NULL, "Rows so far.", NULL},
    {"failed", (getter)get_failed, NULL, "Failing rows so far.", NULL},
    {"layouts", (getter)get_layouts, NULL, "Rows by text format.", NULL},
    {"styles", (getter)get_styles, NULL, "Rows by JSON style; the last is for none of them.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot rows_slots[] = {
    {Py_tp_doc, "Counts rows. Rows(kept_per_group, kept, triggers, is_odd_only, unread, classify)"},
    {Py_tp_init, rows_init},
    {Py_tp_dealloc, rows_dealloc},
    {Py_tp_methods, rows_methods},
    {Py_tp_getset, rows_getters},
    {0, NULL},
};

PyType_Spec rows_spec = {"unstale.accesslog._rows.Rows", sizeof(Rows), 0, Py_TPFLAGS_DEFAULT, rows_slots};
