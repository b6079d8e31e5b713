/* Texts that are met again and again, each held once and known by its number. */

#include "rows.h"

const char short_masks[2 * SHORT] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";

int grow_slots(uint32_t **slots, uint32_t *mask, uint32_t wanted) {
    uint32_t room = *mask ? (*mask + 1) * 2 : 256;
    while (room < wanted * 2)
        room *= 2;
    uint32_t *fresh = malloc(room * sizeof *fresh);
    if (!fresh)
        return -1;
    memset(fresh, 0xff, room * sizeof *fresh);
    free(*slots);
    *slots = fresh;
    *mask = room - 1;
    return 0;
}

static uint64_t hash_of_text(Span text, Short *start, const char *limit) {
    if (text.size > SHORT) {
        memset(start, 0, sizeof *start);
        return hashed(text.size, text);
    }
    *start = short_of(text, limit);
    return hash_of_short(start, text.size);
}

static int grow_pool(Pool *pool) {
    if (grow_slots(&pool->slots, &pool->mask, pool->count + 1) < 0)
        return -1;
    for (uint32_t i = 0; i < pool->count; i++) {
        uint32_t slot = (uint32_t)pool->items[i].hash & pool->mask;
        while (pool->slots[slot] != NONE)
            slot = (slot + 1) & pool->mask;
        pool->slots[slot] = i;
    }
    return 0;
}

static Text *new_text(Pool *pool, Span text) {
    if (pool->count == pool->room) {
        uint32_t room = pool->room ? pool->room * 2 : 64;
        Text *items = realloc(pool->items, room * sizeof *items);
        if (!items)
            return NULL;
        pool->items = items;
        pool->room = room;
    }
    Text *item = &pool->items[pool->count];
    memset(item, 0, sizeof *item);
    item->bytes = malloc(text.size + 1);
    if (!item->bytes)
        return NULL;
    memcpy(item->bytes, text.at, text.size);
    item->size = (uint32_t)text.size;
    item->partner = NONE;
    return item;
}

/* The number of a text, new or not; NONE without memory. */
uint32_t pooled(Pool *pool, Span text, uint32_t first, uint32_t second) {
    Short start;
    uint64_t hash = hash_of_text(text, &start, text.at);
    if (pool->count * 2 >= pool->mask && grow_pool(pool) < 0)
        return NONE;
    uint32_t slot = (uint32_t)hash & pool->mask;
    for (; pool->slots[slot] != NONE; slot = (slot + 1) & pool->mask) {
        const Text *item = &pool->items[pool->slots[slot]];
        if (item->hash == hash && is_text(item, text) && item->first == first && item->second == second)
            return pool->slots[slot];
    }
    Text *item = new_text(pool, text);
    if (!item)
        return NONE;
    item->start = start;
    item->hash = hash;
    item->first = first;
    item->second = second;
    pool->slots[slot] = pool->count;
    return pool->count++;
}

/* Whether a text is there already. */
int is_pooled(const Pool *pool, Span text, const char *limit) {
    Short start;
    if (!pool->count)
        return 0;
    uint64_t hash = hash_of_text(text, &start, limit);
    for (uint32_t slot = (uint32_t)hash & pool->mask; pool->slots[slot] != NONE; slot = (slot + 1) & pool->mask) {
        const Text *item = &pool->items[pool->slots[slot]];
        if (item->hash == hash && is_text(item, text))
            return 1;
    }
    return 0;
}

/* As pooled() for a text that is likely there, in bytes that can be read up to `limit`. */
uint32_t known(Pool *pool, Span text, const char *limit) {
    if (text.size <= SHORT && pool->count) {
        Short start = short_of(text, limit);
        uint32_t index = pool->slots[(uint32_t)hash_of_short(&start, text.size) & pool->mask];
        if (index != NONE && pool->items[index].size == text.size && are_short_same(&pool->items[index].start, &start))
            return index;
    }
    return pooled(pool, text, 0, 0);
}

void free_pool(Pool *pool) {
    for (uint32_t i = 0; i < pool->count; i++) {
        free(pool->items[i].bytes);
        Py_XDECREF(pool->items[i].object);
    }
    free(pool->items);
    free(pool->slots);
    memset(pool, 0, sizeof *pool);
}

/* The text, "" for Envoy's `-`. */
PyObject *object_of(Pool *pool, uint32_t index) {
    Text *item = &pool->items[index];
    Py_ssize_t size = item->size == 1 && *item->bytes == '-' ? 0 : (Py_ssize_t)item->size;
    if (!item->object)
        item->object = PyUnicode_DecodeUTF8(item->bytes, size, "replace");
    return item->object;
}

