/* What a scanner holds, and what its files have of each other. */

#ifndef UNSTALE_ROWS_H
#define UNSTALE_ROWS_H

#include "index.h"
#include "shapes.h"

#define LAYOUTS 7 /* text formats (text.c) */
#define ISTIO_QUOTES 14 /* of the first of them */

typedef struct {
    Short start; /* all of it where it is short, and nothing else */
    char *bytes;
    uint64_t hash;
    uint32_t size;
    uint32_t first, second; /* of a response: the sizes of status and flags */
    uint32_t partner;       /* of a host: the cluster that it was last met with, or NONE */
    PyObject *object;       /* made when the sums are asked for */
} Text;

typedef struct {
    Text *items;
    uint32_t *slots;
    uint32_t count, room, mask;
} Pool;

/* What is counted together, by the places in the pools. */
typedef struct {
    uint32_t host, cluster, response, minute, has_failed;
} GroupKey;

typedef struct {
    GroupKey key;
    uint16_t low, width;
    uint32_t *bins; /* rows by duration, of the buckets from `low` on (durations.py) */
    uint64_t count;
} Group;

typedef struct {
    Short start; /* all of it where it is short, and nothing else */
    uint64_t hash;
    uint32_t size;
    uint32_t user_count;
    uint64_t count[2];         /* successes, failures */
    char last[2][TIME], first[2][TIME];
    uint32_t users[USERS];     /* the first hosts in order of their bytes */
    char *bytes;
} Address;

typedef struct {
    uint64_t line;
    size_t start, size; /* in `kept_bytes`, or in the block for odd lines */
    uint32_t group;     /* of a kept line */
} Lines;

typedef struct {
    char *bytes; /* with the quotes around it and the colon behind it, which `size` leaves out */
    uint32_t size;
    uint32_t wanted; /* the bytes to compare where one comparison does */
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

/* A line of a block that can be read up to `limit`. */
typedef struct {
    const char *at, *end, *limit;
    const char *const *quotes;
    int count; /* of its quotes; more than QUOTES if it has more */
} Line;

/* A row as it stands in its line. */
typedef struct {
    Span host, cluster, time, address;
    uint64_t duration;
    uint32_t response;
    int has_failed;
} Row;

/* A row that waits to be counted. */
typedef struct {
    GroupKey key;
    unsigned bucket;
    const char *time; /* NULL: none */
    Span address, whole;
    Short start; /* of the address */
    uint64_t hash, address_hash, line;
} Counted;

/* What stands between the quotes around a response, or its status, flags and details in JSON, and what it was. */
typedef struct {
    Short text;
    uint64_t sizes; /* 0: free */
    uint32_t response, has_failed;
} Said;

typedef struct {
    PyObject_HEAD
    uint64_t lines, rows, failed;
    uint64_t kept_per_group, kept_most, unread_most, unread;
    uint64_t layouts[8], styles[STYLES + 1];
    int is_odd_only, has_json; /* the last window had rows of JSON */
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
    Said said[SAID];
    char minute_bytes[MINUTE]; /* of the last row with a time, by which its minute is known */
    uint32_t minute;           /* NONE: there was none */
    Counted waiting[WAITING];
    int waiting_count;
    Index index;
} Rows;

static inline int is_text(const Text *item, Span text) {
    return item->size == text.size && are_same(item->bytes, text.at, text.size);
}

static inline uint64_t hash_of(const GroupKey *key) {
    return mixed(((uint64_t)key->host << 32 | key->cluster) ^ UINT64_C(0x9e3779b97f4a7c15),
                 ((uint64_t)key->response << 32 | key->minute << 1 | key->has_failed) ^ UINT64_C(0xe7037ed1a0b428db));
}

/* Whether a time of the right shape is in the calendar; mostly it is in the minute of the row before. */
static inline int is_possible(const Rows *self, const char *time) {
    if (self->minute != NONE && are_same(time, self->minute_bytes, MINUTE))
        return two(time + MINUTE + 1) <= 60;
    return is_in_calendar(time);
}

/* The pools (pool.c). */
int grow_slots(uint32_t **slots, uint32_t *mask, uint32_t wanted);
uint32_t pooled(Pool *pool, Span text, uint32_t first, uint32_t second);
int is_pooled(const Pool *pool, Span text, const char *limit);
uint32_t known(Pool *pool, Span text, const char *limit);
void free_pool(Pool *pool);
PyObject *object_of(Pool *pool, uint32_t index);

/* The table (table.c). */
int count_duration(Group *group, unsigned bucket, uint32_t count);
Group *group_of(Rows *self, const GroupKey *key, uint64_t hash);
void add_user(Rows *self, Address *address, uint32_t host);
Address *address_of(Rows *self, Span text, const Short *start, uint64_t hash);
void forget_sums(Rows *self);
int add_line(Lines **lines, size_t *count, size_t *room, Lines line);
int count_row(Rows *self, const Counted *row);

/* Rows that wait (waiting.c). */
int count_waiting(Rows *self);
int add_row(Rows *self, const Row *row, Span line, const char *limit);

/* The two kinds of plain lines. 1: a row; 0: none of plain shape; -1: no memory; -2: an error is set. */
int take_text(Rows *self, const Line *line);
int take_json(Rows *self, const Line *line, const char *brace, PyThreadState **state);
int take_plain_json(Rows *self, const Line *line, const char *brace, const char *const **after);

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
