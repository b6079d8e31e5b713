/* What is read of a JSON object, whichever way. */

#ifndef UNSTALE_JSON_H
#define UNSTALE_JSON_H

#include "rows.h"

#define KEY_BYTES 32 /* room for a key, at least */
#define AROUND_KEY 3 /* its quotes and the colon */

typedef struct {
    Span values[ROLES];
    uint8_t is_given[ROLES];
    unsigned style;
} Object;

/* Puts a value into its place; 0 where only Python can say what it means. */
static inline int place_value(Object *object, int role, Span value, int is_string) {
    if (!is_string && !is_digit(*value.at)) {
        if (*value.at != 'n')
            return 0;
        value = nothing;
    } else if (role == ROLE_STATUS || role == ROLE_DURATION) {
        if (is_string && value.size && !is_dash(value) && !is_number(value))
            return 0;
    } else if (!is_string && role != ROLE_GRPC)
        return 0;
    if (object->is_given[role])
        return 0;
    object->values[role] = value;
    object->is_given[role] = 1;
    return 1;
}

int bare_value(const char *at, const char **after, const char *end, Span *value);
int add_object(Rows *self, const Object *object, Span whole, const char *limit);

#endif
