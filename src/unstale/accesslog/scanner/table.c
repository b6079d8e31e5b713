/* Groups and addresses: found by hash and confirmed by comparing the bytes of their keys. */

#include "rows.h"

static int grow_slots(uint32_t **slots, uint32_t *mask, uint32_t wanted) {
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

uint32_t pooled(Pool *pool, Span text, uint32_t first, uint32_t second) {
    uint64_t hash = hashed(first * 31 + second, text);
    if (pool->count * 2 >= pool->mask) {
        if (grow_slots(&pool->slots, &pool->mask, pool->count + 1) < 0)
            return NONE;
        for (uint32_t i = 0; i < pool->count; i++) {
            uint32_t slot = (uint32_t)pool->items[i].hash & pool->mask;
            while (pool->slots[slot] != NONE)
                slot = (slot + 1) & pool->mask;
            pool->slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & pool->mask;
    while (pool->slots[slot] != NONE) {
        Text *item = &pool->items[pool->slots[slot]];
        if (item->hash == hash && item->size == text.size && item->first == first && item->second == second &&
            memcmp(item->bytes, text.at, text.size) == 0)
            return pool->slots[slot];
        slot = (slot + 1) & pool->mask;
    }
    if (pool->count == pool->room) {
        uint32_t room = pool->room ? pool->room * 2 : 64;
        Text *items = realloc(pool->items, room * sizeof *items);
        if (!items)
            return NONE;
        pool->items = items;
        pool->room = room;
    }
    Text *item = &pool->items[pool->count];
    memset(item, 0, sizeof *item);
    item->bytes = malloc(text.size + 1);
    if (!item->bytes)
        return NONE;
    memcpy(item->bytes, text.at, text.size);
    item->size = (uint32_t)text.size;
    item->hash = hash;
    item->first = first;
    item->second = second;
    pool->slots[slot] = pool->count;
    return pool->count++;
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

static inline unsigned bucket_of(uint64_t duration) {
    if (duration < 64)
        return (unsigned)duration;
    if (duration > 0x7fffffff)
        duration = 0x7fffffff;
    unsigned shift = 63u - (unsigned)__builtin_clzll(duration) - 5;
    return 64 + (shift - 1) * 32 + (unsigned)(duration >> shift) - 32;
}

int count_duration(Group *group, unsigned bucket, uint32_t count) {
    if (group->width == 0 || bucket < group->low || bucket >= (unsigned)group->low + group->width) {
        unsigned low = group->width ? (bucket < group->low ? bucket : group->low) : bucket;
        unsigned end = (unsigned)group->low + group->width;
        unsigned high = group->width && end > bucket + 1 ? end : bucket + 1;
        unsigned spare = group->width ? (high - low) / 4 : 0;
        low = bucket < group->low && low > spare ? low - spare : low;
        high += spare;
        uint32_t *bins = calloc(high - low, sizeof *bins);
        if (!bins)
            return -1;
        if (group->width)
            memcpy(bins + (group->low - low), group->bins, group->width * sizeof *bins);
        free(group->bins);
        group->bins = bins;
        group->low = (uint16_t)low;
        group->width = (uint16_t)(high - low);
    }
    group->bins[bucket - group->low] += count;
    return 0;
}

Group *group_of(Rows *self, const Counted *row) {
    Span minute = {row->time.at, row->time.size ? MINUTE : 0};
    uint64_t hash = row->hash;
    if (self->group_count * 2 >= self->group_mask) {
        if (grow_slots(&self->group_slots, &self->group_mask, self->group_count + 1) < 0)
            return NULL;
        for (uint32_t i = 0; i < self->group_count; i++) {
            uint32_t slot = (uint32_t)self->groups[i].hash & self->group_mask;
            while (self->group_slots[slot] != NONE)
                slot = (slot + 1) & self->group_mask;
            self->group_slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & self->group_mask;
    for (; self->group_slots[slot] != NONE; slot = (slot + 1) & self->group_mask) {
        Group *group = &self->groups[self->group_slots[slot]];
        if (group->hash != hash)
            continue;
        const Text *response = &self->responses.items[group->response];
        if (is_text(&self->hosts.items[group->host], row->host) &&
            is_text(&self->clusters.items[group->cluster], row->cluster) && is_text(response, row->response) &&
            response->first == row->status_size && response->second == row->flags_size &&
            is_text(&self->minutes.items[group->minute], minute) && group->has_failed == row->has_failed)
            return group;
    }
    if (self->group_count == self->group_room) {
        uint32_t room = self->group_room ? self->group_room * 2 : 256;
        Group *groups = realloc(self->groups, room * sizeof *groups);
        if (!groups)
            return NULL;
        self->groups = groups;
        self->group_room = room;
    }
    Group *group = &self->groups[self->group_count];
    memset(group, 0, sizeof *group);
    group->hash = hash;
    group->host = pooled(&self->hosts, row->host, 0, 0);
    group->cluster = pooled(&self->clusters, row->cluster, 0, 0);
    group->response = pooled(&self->responses, row->response, row->status_size, row->flags_size);
    group->minute = pooled(&self->minutes, minute, 0, 0);
    group->has_failed = (uint8_t)row->has_failed;
    if (group->host == NONE || group->cluster == NONE || group->response == NONE || group->minute == NONE)
        return NULL;
    self->group_slots[slot] = self->group_count++;
    return group;
}

void add_user(Rows *self, Address *address, uint32_t host) {
    int at = 0;
    for (; at < address->user_count; at++)
        if (address->users[at] == host)
            return;
    const Text *texts = self->hosts.items, *text = &texts[host];
    for (at = address->user_count; at > 0; at--) {
        const Text *other = &texts[address->users[at - 1]];
        size_t least = other->size < text->size ? other->size : text->size;
        int order = memcmp(other->bytes, text->bytes, least);
        if (order < 0 || (order == 0 && other->size < text->size))
            break;
    }
    if (at == USERS)
        return;
    int moved = address->user_count < USERS ? address->user_count : USERS - 1;
    memmove(&address->users[at + 1], &address->users[at], (size_t)(moved - at) * sizeof *address->users);
    address->users[at] = host;
    if (address->user_count < USERS)
        address->user_count++;
}

Address *address_of(Rows *self, Span text, uint64_t hash) {
    if (self->address_count * 2 >= self->address_mask) {
        if (grow_slots(&self->address_slots, &self->address_mask, self->address_count + 1) < 0)
            return NULL;
        for (uint32_t i = 0; i < self->address_count; i++) {
            uint32_t slot = (uint32_t)self->addresses[i].hash & self->address_mask;
            while (self->address_slots[slot] != NONE)
                slot = (slot + 1) & self->address_mask;
            self->address_slots[slot] = i;
        }
    }
    uint32_t slot = (uint32_t)hash & self->address_mask;
    for (; self->address_slots[slot] != NONE; slot = (slot + 1) & self->address_mask) {
        Address *address = &self->addresses[self->address_slots[slot]];
        if (address->hash == hash && address->size == text.size && are_same(address->bytes, text.at, text.size))
            return address;
    }
    if (self->address_count == self->address_room) {
        uint32_t room = self->address_room ? self->address_room * 2 : 64;
        Address *addresses = realloc(self->addresses, room * sizeof *addresses);
        if (!addresses)
            return NULL;
        self->addresses = addresses;
        self->address_room = room;
    }
    Address *address = &self->addresses[self->address_count];
    memset(address, 0, sizeof *address);
    address->bytes = malloc(text.size + 1);
    if (!address->bytes)
        return NULL;
    memcpy(address->bytes, text.at, text.size);
    address->size = (uint32_t)text.size;
    address->hash = hash;
    self->address_slots[slot] = self->address_count++;
    return address;
}

void forget_sums(Rows *self) {
    for (uint32_t i = 0; i < self->group_count; i++)
        free(self->groups[i].bins);
    for (uint32_t i = 0; i < self->address_count; i++)
        free(self->addresses[i].bytes);
    self->group_count = self->address_count = 0;
    if (self->group_mask)
        memset(self->group_slots, 0xff, ((size_t)self->group_mask + 1) * sizeof *self->group_slots);
    if (self->address_mask)
        memset(self->address_slots, 0xff, ((size_t)self->address_mask + 1) * sizeof *self->address_slots);
}

int add_line(Lines **lines, size_t *count, size_t *room, Lines line) {
    if (*count == *room) {
        size_t more = *room ? *room * 2 : 64;
        Lines *fresh = realloc(*lines, more * sizeof *fresh);
        if (!fresh)
            return -1;
        *lines = fresh;
        *room = more;
    }
    (*lines)[(*count)++] = line;
    return 0;
}

static int keep(Rows *self, uint64_t line, Span text, uint32_t group) {
    if (self->kept_size + text.size > self->kept_room) {
        size_t room = self->kept_room ? self->kept_room * 2 : 1 << 16;
        while (room < self->kept_size + text.size)
            room *= 2;
        char *bytes = realloc(self->kept_bytes, room);
        if (!bytes)
            return -1;
        self->kept_bytes = bytes;
        self->kept_room = room;
    }
    memcpy(self->kept_bytes + self->kept_size, text.at, text.size);
    Lines kept = {line, self->kept_size, text.size, group};
    self->kept_size += text.size;
    self->kept_total++;
    return add_line(&self->kept, &self->kept_count, &self->kept_rooms, kept);
}

static int count_row(Rows *self, const Counted *row) {
    Group *group = group_of(self, row);
    if (!group || count_duration(group, bucket_of(row->duration), 1) < 0)
        return -1;
    group->count++;
    self->rows++;
    if (!is_nothing(row->address)) {
        Address *address = address_of(self, row->address, row->address_hash);
        if (!address)
            return -1;
        int kind = row->has_failed;
        if (row->time.size) {
            if (!*address->last[kind] || memcmp(row->time.at, address->last[kind], TIME) > 0)
                memcpy(address->last[kind], row->time.at, TIME);
            if (!*address->first[kind] || memcmp(row->time.at, address->first[kind], TIME) < 0)
                memcpy(address->first[kind], row->time.at, TIME);
        }
        address->count[kind]++;
        int is_named = !is_nothing(row->host);
        if (is_named && (!address->user_count || address->users[0] != group->host))
            add_user(self, address, group->host);
    }
    if (row->has_failed) {
        self->failed++;
        if (group->count <= self->kept_per_group && self->kept_total < self->kept_most)
            return keep(self, row->line, row->whole, (uint32_t)(group - self->groups));
    }
    return 0;
}

/* The places that rows are counted at are far away: they are asked for together, not one after the other. */
static void fetch_waiting(const Rows *self) {
    const Group *groups[WAITING];
    const Address *addresses[WAITING];
    for (int i = 0; i < self->waiting_count; i++) {
        const Counted *row = &self->waiting[i];
        uint32_t slot = (uint32_t)row->hash & self->group_mask, at = (uint32_t)row->address_hash & self->address_mask;
        uint32_t group = self->group_mask ? self->group_slots[slot] : NONE;
        uint32_t address = self->address_mask ? self->address_slots[at] : NONE;
        groups[i] = group == NONE ? NULL : &self->groups[group];
        addresses[i] = address == NONE ? NULL : &self->addresses[address];
        if (groups[i])
            FETCH(groups[i]);
        if (addresses[i]) {
            FETCH(addresses[i]);
            FETCH((const char *)addresses[i] + 64);
            FETCH((const char *)addresses[i] + 128);
        }
    }
    for (int i = 0; i < self->waiting_count; i++) {
        unsigned bucket = bucket_of(self->waiting[i].duration);
        if (groups[i] && bucket >= groups[i]->low && bucket < (unsigned)groups[i]->low + groups[i]->width)
            FETCH(&groups[i]->bins[bucket - groups[i]->low]);
        if (addresses[i])
            FETCH(addresses[i]->bytes);
    }
}

int count_waiting(Rows *self) {
    fetch_waiting(self);
    for (int i = 0; i < self->waiting_count; i++)
        if (count_row(self, &self->waiting[i]) < 0)
            return -1;
    self->waiting_count = 0;
    return 0;
}

/* The row that was read into the next place of those that wait is one. */
int add_row(Rows *self, Span line) {
    Counted *row = &self->waiting[self->waiting_count++];
    row->line = self->lines;
    row->whole = line;
    row->hash = hash_of(row);
    row->address_hash = hashed(7, row->address);
    if (self->group_mask)
        FETCH(&self->group_slots[(uint32_t)row->hash & self->group_mask]);
    if (self->address_mask)
        FETCH(&self->address_slots[(uint32_t)row->address_hash & self->address_mask]);
    return self->waiting_count == WAITING ? count_waiting(self) : 0;
}
