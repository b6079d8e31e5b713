/* Rows that wait to be counted together, so that the far places that they are counted at are asked for together. */

#include "rows.h"

/* As durations.bucket_of: below 64 each by itself, then 32 to each doubling. */
static inline unsigned bucket_of(uint64_t duration) {
    if (duration > 0x7fffffff)
        duration = 0x7fffffff;
    unsigned shift = 58u - (unsigned)__builtin_clzll(duration | 32);
    return shift * 32 + (unsigned)(duration >> shift);
}

static void fetch_waiting(const Rows *self) {
    const Group *groups[WAITING];
    for (int i = 0; i < self->waiting_count; i++) {
        const Counted *row = &self->waiting[i];
        uint32_t slot = (uint32_t)row->hash & self->group_mask, at = (uint32_t)row->address_hash & self->address_mask;
        uint32_t group = self->group_mask ? self->group_slots[slot] : NONE;
        uint32_t address = self->address_mask ? self->address_slots[at] : NONE;
        groups[i] = group == NONE ? NULL : &self->groups[group];
        if (groups[i])
            FETCH(groups[i]);
        if (address != NONE) {
            FETCH(&self->addresses[address]);
            FETCH((const char *)&self->addresses[address] + 64);
            FETCH((const char *)&self->addresses[address] + 128);
        }
    }
    for (int i = 0; i < self->waiting_count; i++) {
        unsigned bucket = self->waiting[i].bucket;
        if (groups[i] && bucket >= groups[i]->low && bucket < (unsigned)groups[i]->low + groups[i]->width)
            FETCH(&groups[i]->bins[bucket - groups[i]->low]);
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

/* The number of a cluster: mostly the one that its host was met with before. */
static inline uint32_t cluster_of(Rows *self, uint32_t host, Span text, const char *limit) {
    uint32_t partner = self->hosts.items[host].partner;
    if (partner != NONE && is_text(&self->clusters.items[partner], text))
        return partner;
    partner = known(&self->clusters, text, limit);
    self->hosts.items[host].partner = partner;
    return partner;
}

/* The number of a time's minute: mostly that of the row before. */
static inline uint32_t minute_of(Rows *self, Span time) {
    if (time.size == 0)
        return pooled(&self->minutes, time, 0, 0);
    if (self->minute == NONE || !are_same(time.at, self->minute_bytes, MINUTE)) {
        memcpy(self->minute_bytes, time.at, MINUTE);
        self->minute = pooled(&self->minutes, (Span){time.at, MINUTE}, 0, 0);
    }
    return self->minute;
}

/* Puts a row to those that wait, and counts them when there are enough. */
int add_row(Rows *self, const Row *row, Span line, const char *limit) {
    Counted *next = &self->waiting[self->waiting_count];
    uint32_t host = known(&self->hosts, row->host, limit);
    uint32_t cluster = host == NONE ? NONE : cluster_of(self, host, row->cluster, limit);
    uint32_t minute = minute_of(self, row->time);
    if (cluster == NONE || minute == NONE)
        return -1;
    next->key = (GroupKey){host, cluster, row->response, minute, (uint32_t)row->has_failed};
    next->bucket = bucket_of(row->duration);
    next->time = row->time.size ? row->time.at : NULL;
    next->line = self->lines;
    next->whole = line;
    next->hash = hash_of(&next->key);
    next->address = (Span){row->address.at, is_dash(row->address) ? 0 : row->address.size};
    if (next->address.size <= SHORT) {
        next->start = short_of(next->address, limit);
        next->address_hash = hash_of_short(&next->start, next->address.size);
    } else {
        memset(&next->start, 0, sizeof next->start);
        next->address_hash = hashed(7, next->address);
    }
    if (self->group_mask)
        FETCH(&self->group_slots[(uint32_t)next->hash & self->group_mask]);
    if (self->address_mask)
        FETCH(&self->address_slots[(uint32_t)next->address_hash & self->address_mask]);
    return ++self->waiting_count == WAITING ? count_waiting(self) : 0;
}
