/* Private to the schema: schema.c looks things up, schema_read.c reads values. */
#ifndef NINES_CORE_SCHEMA_IMPL_H
#define NINES_CORE_SCHEMA_IMPL_H

#include "core/schema.h"

static inline void *schema_field(void *base, const struct param *p) {
    return (char *)base + p->offset;
}

/* Among `params`, by the first `len` bytes of `name`; NULL: none. */
const struct param *schema_param(const struct param *params, const char *name, size_t len);

/* "unknown key 'x'; did you mean 'y'?" Returns false. */
bool schema_unknown(const struct param *params, const char *key, struct error *e);

#endif
