/* What was counted, as Python objects, and added to what another scanner counted. */

#include "rows.h"

/* Pairs of a bucket in 16 bits and its rows in 32, as durations.packed. */
static PyObject *packed_counts(const Group *group) {
    unsigned used = 0, at = 0;
    for (unsigned i = 0; i < group->width; i++)
        used += group->bins[i] != 0;
    char *bytes = malloc(used * 6 + 1);
    if (!bytes)
        return PyErr_NoMemory();
    for (unsigned i = 0; i < group->width; i++) {
        uint32_t bucket = group->low + i, count = group->bins[i];
        if (!count)
            continue;
        for (int byte = 0; byte < 2; byte++)
            bytes[at++] = (char)(bucket >> (8 * byte));
        for (int byte = 0; byte < 4; byte++)
            bytes[at++] = (char)(count >> (8 * byte));
    }
    PyObject *object = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)at);
    free(bytes);
    return object;
}

/* (host, cluster, flags, details, status, minute) of a group, by the flags, details and status of its response, as a
   tuple of the given type. */
static PyObject *key_object(Rows *self, const Group *group, PyObject *responses, PyTypeObject *type) {
    PyObject *key = PyType_GenericAlloc(type, 6);
    PyObject *response = PyList_GetItem(responses, (Py_ssize_t)group->key.response);
    PyObject *host = object_of(&self->hosts, group->key.host), *minute = object_of(&self->minutes, group->key.minute);
    PyObject *parts[6] = {host, object_of(&self->clusters, group->key.cluster), NULL, NULL, NULL, minute};
    for (int i = 0; response && i < 3; i++)
        parts[2 + i] = PyTuple_GetItem(response, i);
    for (int i = 0; key && i < 6; i++)
        if (!parts[i] || PyTuple_SetItem(key, i, Py_NewRef(parts[i])) < 0)
            Py_CLEAR(key);
    return key;
}

/* The responses met, in the order of their numbers: (status flags details, size of status, size of flags). */
PyObject *rows_responses(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < self->responses.count; i++) {
        const Text *text = &self->responses.items[i];
        PyObject *item = Py_BuildValue("(y#II)", text->bytes, (Py_ssize_t)text->size, text->first, text->second);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

typedef struct {
    Span text;
    uint32_t index;
} Ranked;

static int by_text(const void *one, const void *other) {
    Span left = ((const Ranked *)one)->text, right = ((const Ranked *)other)->text;
    int order = memcmp(left.at, right.at, left.size < right.size ? left.size : right.size);
    return order ? order : (left.size > right.size) - (left.size < right.size);
}

/* The places of a pool's texts in their order, equal ones for `-` and nothing; NULL without memory. */
static uint32_t *ranks_of(const Pool *pool) {
    Ranked *texts = malloc((pool->count + 1) * sizeof *texts);
    uint32_t *ranks = malloc((pool->count + 1) * sizeof *ranks), rank = 0;
    for (uint32_t i = 0; texts && i < pool->count; i++) {
        Span text = {pool->items[i].bytes, pool->items[i].size};
        texts[i] = (Ranked){{text.at, is_nothing(text) ? 0 : text.size}, i};
    }
    if (texts && ranks) {
        qsort(texts, pool->count, sizeof *texts, by_text);
        for (uint32_t i = 0; i < pool->count; i++) {
            rank += i && !same(texts[i - 1].text, texts[i].text);
            ranks[texts[i].index] = rank;
        }
    } else {
        free(ranks);
        ranks = NULL;
    }
    free(texts);
    return ranks;
}

typedef struct {
    uint64_t first, second; /* the ranks of host and cluster, of response and minute */
    uint32_t index;
} Place;

static int by_rank(const void *one, const void *other) {
    const Place *left = one, *right = other;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return (left->second > right->second) - (left->second < right->second);
}

/* The groups in the order of their keys, of which those of responses are given; NULL without memory. */
static Place *sorted_groups(const Rows *self, PyObject *response_ranks) {
    uint32_t *hosts = ranks_of(&self->hosts), *clusters = ranks_of(&self->clusters);
    uint32_t *minutes = ranks_of(&self->minutes);
    Place *places = malloc((self->group_count + 1) * sizeof *places);
    for (uint32_t i = 0; hosts && clusters && minutes && places && i < self->group_count; i++) {
        const Group *group = &self->groups[i];
        PyObject *rank = PyList_GetItem(response_ranks, (Py_ssize_t)group->key.response);
        uint64_t response = rank ? PyLong_AsUnsignedLong(rank) : 0;
        places[i] = (Place){(uint64_t)hosts[group->key.host] << 32 | clusters[group->key.cluster],
                            response << 32 | minutes[group->key.minute], i};
    }
    if (!hosts || !clusters || !minutes || !places) {
        free(places);
        places = NULL;
        PyErr_NoMemory();
    } else if (PyErr_Occurred()) {
        free(places);
        places = NULL;
    } else
        qsort(places, self->group_count, sizeof *places, by_rank);
    free(hosts);
    free(clusters);
    free(minutes);
    return places;
}

/* Whether other bytes may mean the same text. */
static int may_be_another(const Text *text) {
    for (uint32_t i = 0; i < text->size; i++)
        if ((unsigned char)text->bytes[i] >= 0x80)
            return 1;
    return 0;
}

/* Whether a group has no host of its own, or may have the key of another one. */
static int is_other(const Rows *self, const Group *group) {
    const Text *host = &self->hosts.items[group->key.host];
    return is_nothing((Span){host->bytes, host->size}) || may_be_another(host) ||
           may_be_another(&self->clusters.items[group->key.cluster]) ||
           may_be_another(&self->responses.items[group->key.response]);
}

/* key -> (rows, (packed counts,)) in the order of the keys; and [(key, the same)] of those whose host is "", or that
   may be met more than once. Takes what responses mean, their ranks, and the type of a key. */
PyObject *rows_take_groups(Rows *self, PyObject *arguments) {
    PyObject *responses, *ranks, *type;
    if (!PyArg_ParseTuple(arguments, "O!O!O!", &PyList_Type, &responses, &PyList_Type, &ranks, &PyType_Type, &type))
        return NULL;
    if (!PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "a key is a tuple");
        return NULL;
    }
    Place *places = sorted_groups(self, ranks);
    if (!places)
        return NULL;
    PyObject *groups = PyDict_New(), *others = PyList_New(0);
    int is_well = groups && others;
    for (uint32_t i = 0; is_well && i < self->group_count; i++) {
        const Group *group = &self->groups[places[i].index];
        PyObject *key = key_object(self, group, responses, (PyTypeObject *)type), *counts = packed_counts(group);
        PyObject *count = PyLong_FromUnsignedLongLong(group->count), *parts = counts ? PyTuple_Pack(1, counts) : NULL;
        PyObject *sum = key && count && parts ? PyTuple_Pack(2, count, parts) : NULL;
        Py_XDECREF(count);
        Py_XDECREF(parts);
        is_well = sum != NULL;
        if (is_well && ((i && by_rank(&places[i - 1], &places[i]) == 0) || is_other(self, group))) {
            PyObject *pair = PyTuple_Pack(2, key, sum);
            is_well = pair && PyList_Append(others, pair) == 0;
            Py_XDECREF(pair);
        } else if (is_well)
            is_well = PyDict_SetItem(groups, key, sum) == 0;
        Py_XDECREF(key);
        Py_XDECREF(counts);
        Py_XDECREF(sum);
    }
    free(places);
    PyObject *both = is_well ? PyTuple_Pack(2, groups, others) : NULL;
    Py_XDECREF(groups);
    Py_XDECREF(others);
    return both;
}

static Span text_of(const Pool *pool, uint32_t index) {
    return (Span){pool->items[index].bytes, pool->items[index].size};
}

static int absorb_group(Rows *self, const Rows *other, const Group *more) {
    const Text *response = &other->responses.items[more->key.response];
    GroupKey key = {pooled(&self->hosts, text_of(&other->hosts, more->key.host), 0, 0),
                    pooled(&self->clusters, text_of(&other->clusters, more->key.cluster), 0, 0),
                    pooled(&self->responses, text_of(&other->responses, more->key.response), response->first,
                           response->second),
                    pooled(&self->minutes, text_of(&other->minutes, more->key.minute), 0, 0), more->key.has_failed};
    if (key.host == NONE || key.cluster == NONE || key.response == NONE || key.minute == NONE)
        return -1;
    Group *group = group_of(self, &key, hash_of(&key));
    if (!group)
        return -1;
    group->count += more->count;
    for (unsigned i = 0; i < more->width; i++)
        if (more->bins[i] && count_duration(group, more->low + i, more->bins[i]) < 0)
            return -1;
    return 0;
}

static int absorb_address(Rows *self, const Rows *other, const Address *more) {
    Address *address = address_of(self, (Span){more->bytes, more->size}, &more->start, more->hash);
    if (!address)
        return -1;
    for (int kind = 0; kind < 2; kind++) {
        address->count[kind] += more->count[kind];
        if (!*more->first[kind])
            continue;
        if (!*address->first[kind] || memcmp(more->first[kind], address->first[kind], TIME) < 0)
            memcpy(address->first[kind], more->first[kind], TIME);
        if (!*address->last[kind] || memcmp(more->last[kind], address->last[kind], TIME) > 0)
            memcpy(address->last[kind], more->last[kind], TIME);
    }
    for (uint32_t i = 0; i < more->user_count; i++) {
        uint32_t host = pooled(&self->hosts, text_of(&other->hosts, more->users[i]), 0, 0);
        if (host == NONE)
            return -1;
        add_user(self, address, host);
    }
    return 0;
}

/* Adds the groups and addresses of another scanner to these, and leaves it without. */
PyObject *rows_absorb(Rows *self, PyObject *argument) {
    Rows *other = (Rows *)argument;
    if (Py_TYPE(argument) != Py_TYPE((PyObject *)self) || other == self) {
        PyErr_SetString(PyExc_TypeError, "only another scanner can be absorbed");
        return NULL;
    }
    int done = 0;
    for (uint32_t i = 0; done == 0 && i < other->group_count; i++)
        done = absorb_group(self, other, &other->groups[i]);
    for (uint32_t i = 0; done == 0 && i < other->address_count; i++)
        done = absorb_address(self, other, &other->addresses[i]);
    forget_sums(other);
    if (done < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* The key of one group, by its number. */
PyObject *rows_key(Rows *self, PyObject *arguments) {
    unsigned long group;
    PyObject *responses, *type;
    if (!PyArg_ParseTuple(arguments, "kO!O!", &group, &PyList_Type, &responses, &PyType_Type, &type))
        return NULL;
    if (group >= self->group_count) {
        PyErr_SetString(PyExc_IndexError, "no such group");
        return NULL;
    }
    if (!PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "a key is a tuple");
        return NULL;
    }
    return key_object(self, &self->groups[group], responses, (PyTypeObject *)type);
}

static long digits(const char *at, int count) {
    long value = 0;
    for (; count > 0; count--)
        value = value * 10 + (*at++ - '0');
    return value;
}

/* Seconds since 1970, as instant.epoch_s; None for no time. */
static PyObject *time_object(const char *time) {
    if (!*time)
        Py_RETURN_NONE;
    long year = digits(time, 4), month = digits(time + 5, 2), day = digits(time + 8, 2);
    long hour = digits(time + 11, 2), minute = digits(time + 14, 2), second = digits(time + 17, 2);
    year -= month <= 2;
    long era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    double whole = (double)days * 86400.0 + (double)(hour * 3600 + minute * 60 + second);
    return PyFloat_FromDouble(whole + (double)digits(time + 20, 3) / 1000.0);
}

/* A list of (address, successes, failures, four times or None, hosts). */
PyObject *rows_take_addresses(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < self->address_count; i++) {
        const Address *address = &self->addresses[i];
        PyObject *users = PyTuple_New((Py_ssize_t)address->user_count);
        for (uint32_t at = 0; users && at < address->user_count; at++) {
            PyObject *host = object_of(&self->hosts, address->users[at]);
            if (!host || PyTuple_SetItem(users, (Py_ssize_t)at, Py_NewRef(host)) < 0)
                Py_CLEAR(users);
        }
        PyObject *item = users ? Py_BuildValue("(y#KKNNNNN)", address->bytes, (Py_ssize_t)address->size,
                                               (unsigned long long)address->count[0],
                                               (unsigned long long)address->count[1], time_object(address->first[0]),
                                               time_object(address->last[0]), time_object(address->first[1]),
                                               time_object(address->last[1]), users)
                               : NULL;
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* A list of (line, bytes, group) of the failing rows kept since the last call. */
PyObject *rows_take_kept(Rows *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < self->kept_count; i++) {
        PyObject *item = Py_BuildValue("(Ky#I)", (unsigned long long)self->kept[i].line,
                                       self->kept_bytes + self->kept[i].start, (Py_ssize_t)self->kept[i].size,
                                       self->kept[i].group);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (list)
        self->kept_count = self->kept_size = 0;
    return list;
}
