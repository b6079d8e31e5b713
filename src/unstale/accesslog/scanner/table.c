/* Groups and addresses: found by hash and confirmed by comparing their keys. */

#include "rows.h"

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

static int grow_groups(Rows *self) {
    if (grow_slots(&self->group_slots, &self->group_mask, self->group_count + 1) < 0)
        return -1;
    for (uint32_t i = 0; i < self->group_count; i++) {
        uint32_t slot = (uint32_t)hash_of(&self->groups[i].key) & self->group_mask;
        while (self->group_slots[slot] != NONE)
            slot = (slot + 1) & self->group_mask;
        self->group_slots[slot] = i;
    }
    return 0;
}

static inline int are_keys_same(const GroupKey *one, const GroupKey *other) {
    return !((one->host ^ other->host) | (one->cluster ^ other->cluster) | (one->response ^ other->response) |
             (one->minute ^ other->minute) | (one->has_failed ^ other->has_failed));
}

/* The group of a key, new or not; NULL without memory. */
Group *group_of(Rows *self, const GroupKey *key, uint64_t hash) {
    if (self->group_count * 2 >= self->group_mask && grow_groups(self) < 0)
        return NULL;
    uint32_t slot = (uint32_t)hash & self->group_mask;
    for (; self->group_slots[slot] != NONE; slot = (slot + 1) & self->group_mask) {
        Group *group = &self->groups[self->group_slots[slot]];
        if (are_keys_same(&group->key, key))
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
    group->key = *key;
    self->group_slots[slot] = self->group_count++;
    return group;
}

void add_user(Rows *self, Address *address, uint32_t host) {
    int at = 0, count = (int)address->user_count;
    for (; at < count; at++)
        if (address->users[at] == host)
            return;
    const Text *texts = self->hosts.items, *text = &texts[host];
    for (at = count; at > 0; at--) {
        const Text *other = &texts[address->users[at - 1]];
        size_t least = other->size < text->size ? other->size : text->size;
        int order = memcmp(other->bytes, text->bytes, least);
        if (order < 0 || (order == 0 && other->size < text->size))
            break;
    }
    if (at == USERS)
        return;
    int moved = count < USERS ? count : USERS - 1;
    memmove(&address->users[at + 1], &address->users[at], (size_t)(moved - at) * sizeof *address->users);
    address->users[at] = host;
    if (count < USERS)
        address->user_count++;
}

/* An upstream address, new or not; NULL without memory. `start` is all of a short one. */
Address *address_of(Rows *self, Span text, const Short *start, uint64_t hash) {
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
        if (address->size == text.size && are_short_same(&address->start, start) &&
            (text.size <= SHORT || are_same(address->bytes, text.at, text.size)))
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
    address->start = *start;
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

/* Whether one time is after another: in this form it is if its bytes are. */
static inline int is_after(const char *one, const char *other) { return memcmp(one, other, TIME) > 0; }

static int count_address(Rows *self, const Counted *row) {
    Address *address = address_of(self, row->address, &row->start, row->address_hash);
    if (!address)
        return -1;
    uint32_t kind = row->key.has_failed, host = row->key.host;
    if (row->time) {
        if (!*address->last[kind] || is_after(row->time, address->last[kind]))
            memcpy(address->last[kind], row->time, TIME);
        if (!*address->first[kind] || is_after(address->first[kind], row->time))
            memcpy(address->first[kind], row->time, TIME);
    }
    address->count[kind]++;
    if (!address->user_count || address->users[0] != host) {
        const Text *text = &self->hosts.items[host];
        if (!is_nothing((Span){text->bytes, text->size}))
            add_user(self, address, host);
    }
    return 0;
}

int count_row(Rows *self, const Counted *row) {
    Group *group = group_of(self, &row->key, row->hash);
    if (!group || count_duration(group, row->bucket, 1) < 0)
        return -1;
    group->count++;
    self->rows++;
    if (row->address.size && count_address(self, row) < 0)
        return -1;
    if (row->key.has_failed) {
        self->failed++;
        if (group->count <= self->kept_per_group && self->kept_total < self->kept_most)
            return keep(self, row->line, row->whole, (uint32_t)(group - self->groups));
    }
    return 0;
}
