/* What a scanner holds, and what its files have of each other. */

#ifndef UNSTALE_ROWS_H
#define UNSTALE_ROWS_H

#include "bytes.h"

#define LAYOUTS 7 /* text formats (text.c) */

typedef struct {
    char *bytes;
    uint64_t hash;
    uint32_t size;
    uint32_t first, second; /* of a response: the sizes of status and flags */
    PyObject *object;       /* made when the sums are asked for */
} Text;

typedef struct {
    Text *items;
    uint32_t *slots;
    uint32_t count, room, mask;
} Pool;

typedef struct {
    uint64_t hash;
    uint64_t count;
    uint32_t host, cluster, response, minute;
    uint32_t *bins; /* rows by duration, of the buckets from `low` on (durations.py) */
    uint16_t low, width;
    uint8_t has_failed;
} Group;

typedef struct {
    uint64_t hash;
    uint64_t count[2];         /* successes, failures */
    char first[2][TIME], last[2][TIME];
    char *bytes;
    uint32_t size;
    uint32_t users[USERS];     /* the first hosts in order of their bytes */
    uint8_t user_count;
} Address;

typedef struct {
    uint64_t line;
    size_t start, size; /* in `kept_bytes`, or in the block for odd lines */
    uint32_t group;     /* of a kept line */
} Lines;

typedef struct {
    char *bytes; /* with the quote and colon behind it, which `size` leaves out */
    uint32_t size;
    uint64_t hash;
    uint8_t role, style;
} Key;

enum { ROLE_NONE, ROLE_TIME, ROLE_STATUS, ROLE_FLAGS, ROLE_DETAILS, ROLE_DURATION, ROLE_AUTHORITY, ROLE_ADDRESS,
       ROLE_CLUSTER, ROLE_SNI, ROLE_GRPC, ROLES };

typedef struct {
    char *bytes;
    size_t size;
    int next; /* the next trigger with the same first byte, or -1 */
} Trigger;

/* A row as far as it is counted. `response` is status, flags and details, divided by one blank each. */
typedef struct {
    Span host, cluster, response, time, address;
    uint32_t status_size, flags_size;
    uint64_t duration;
    int has_failed;
    uint64_t line, hash, address_hash; /* hashes of the group's key and of the address */
    Span whole;
} Counted;

typedef struct {
    PyObject_HEAD
    uint64_t lines, rows, failed;
    uint64_t kept_per_group, kept_most, unread_most, unread;
    uint64_t layouts[8], styles[STYLES + 1];
    int is_odd_only, has_no_memory;
    Pool hosts, clusters, responses, minutes;
    Group *groups;
    uint32_t *group_slots, group_count, group_room, group_mask;
    Address *addresses;
    uint32_t *address_slots, address_count, address_room, address_mask;
    char *kept_bytes;
    size_t kept_size, kept_room;
    Lines *kept, *odd;
    size_t kept_count, kept_rooms, kept_total, odd_count, odd_rooms;
    Trigger *triggers;
    int trigger_count, trigger_first[256];
    uint8_t trigger_pairs[65536 / 8];
    Key keys[KEYS];
    int key_count, order[POSITIONS];
    PyObject *classify;
    char *scratch;
    size_t scratch_room;
    Counted waiting[WAITING];
    char joined[WAITING][JOINED];
    int waiting_count;
} Rows;

static inline int is_text(const Text *item, Span text) {
    return item->size == text.size && are_same(item->bytes, text.at, text.size);
}

/* Each field by itself, so that the multiplications of one need not wait for those of another. */
static inline uint64_t hash_of(const Counted *row) {
    uint64_t host = hashed(row->status_size, row->host), cluster = hashed(5, row->cluster);
    uint64_t response = hashed(11, row->response);
    uint64_t minute = hashed(13, (Span){row->time.at, row->time.size ? MINUTE : 0}) ^ UINT64_C(0x589965cc75374cc3);
    return mixed(host ^ (cluster << 1 | cluster >> 63), response ^ (minute << 1 | minute >> 63));
}

/* The table (table.c). */
uint32_t pooled(Pool *pool, Span text, uint32_t first, uint32_t second);
void free_pool(Pool *pool);
PyObject *object_of(Pool *pool, uint32_t index);
int count_duration(Group *group, unsigned bucket, uint32_t count);
Group *group_of(Rows *self, const Counted *row);
void add_user(Rows *self, Address *address, uint32_t host);
Address *address_of(Rows *self, Span text, uint64_t hash);
void forget_sums(Rows *self);
int add_line(Lines **lines, size_t *count, size_t *room, Lines line);
int add_row(Rows *self, Span line);
int count_waiting(Rows *self);

/* The two kinds of plain lines (text.c, json.c). */
int take_text(Rows *self, const char *line, const char *end, const char *limit, const char *const *q, int quotes);
int take_json(Rows *self, const char *line, const char *brace, const char *end, const char *limit,
              PyThreadState **state);

/* What Python sees of a scanner (lines.c, sums.c). */
PyObject *rows_feed(Rows *self, PyObject *argument);
PyObject *rows_responses(Rows *self, PyObject *Py_UNUSED(ignored));
PyObject *rows_take_groups(Rows *self, PyObject *arguments);
PyObject *rows_absorb(Rows *self, PyObject *argument);
PyObject *rows_key(Rows *self, PyObject *arguments);
PyObject *rows_take_addresses(Rows *self, PyObject *Py_UNUSED(ignored));
PyObject *rows_take_kept(Rows *self, PyObject *Py_UNUSED(ignored));

extern PyType_Spec rows_spec, filter_spec;

#endif
