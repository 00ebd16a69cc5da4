/* Values of the scenario language, free of the language: what a table key was given.
 *
 * The reader of a scenario turns every table into a tree of these (in the simulation's arena);
 * schemas, faults and claims read them. `--set` texts are values as well, so there is one way in.
 */
#ifndef NINES_CORE_VALUE_H
#define NINES_CORE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/units.h"

struct call;
struct node;
struct quantity;

enum value_type {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_TABLE,
    VALUE_NODE,
    VALUE_QUANTITY, /* a distribution, signal, linear or table quantity */
    VALUE_OBJECT,   /* a named table: claim { … }, slow { … } */
    VALUE_FUNCTION
};

struct answer {
    bool is_text;
    double number; /* also true = 1, false = 0 */
    char text[64];
};

/* A function of the scenario, called while running. False: it failed and the run has been stopped
 * with the reason. */
struct callback {
    bool (*invoke)(struct callback *, const struct call *, uint64_t purpose, struct answer *);
};

struct table {
    struct entry *at;
    uint32_t n;
};

struct object {
    const char *kind;
    const char *where; /* "file.lua:12" */
    struct table table;
};

struct value {
    enum value_type type;
    union {
        bool boolean;
        double number;
        const char *text;
        struct table table;
        struct node *node;
        struct quantity *quantity;
        struct object *object;
        struct callback *function;
    };
};

struct entry {
    const char *key; /* NULL: positional */
    uint32_t index;  /* of a positional one, from 1 */
    struct value value;
};

/* Letters, digits and underscores, no digit first: what addresses, labels and --set can name. */
bool value_is_name(const char *text);

const char *value_type_name(const struct value *v); /* "a number", "a table", … */
const struct value *table_get(const struct table *t, const char *key); /* NULL: not there */
const struct value *table_at(const struct table *t, uint32_t index);   /* positional, from 1 */
uint32_t table_count(const struct table *t); /* positional entries 1.. without a gap */

static inline struct value value_of_text(const char *text) {
    return (struct value){.type = VALUE_TEXT, .text = text};
}
static inline struct value value_of_number(double x) {
    return (struct value){.type = VALUE_NUMBER, .number = x};
}

/* A plain number or a text with a unit that suits `want` (UNIT_NONE accepts any). Ratios outside
 * 0..1 get a hint. `what` begins the message. */
bool value_number(const struct value *v, enum unit want, double *out, const char *what,
                  struct error *e);

#endif
