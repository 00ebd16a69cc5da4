/* Output that is whole or absent.
 *
 * A text is first collected in memory, under a guard: when memory runs out on the way, or anything
 * else goes wrong, nothing has been put out yet. */
#ifndef NINES_REPORT_WHOLE_H
#define NINES_REPORT_WHOLE_H

#include <stdio.h>

#include "base/error.h"

/* A stream into memory that, unlike that of open_memstream, knows whether all of it arrived. */
struct sheet {
    FILE *f;
    char *text; /* not terminated */
    size_t n, cap;
    bool torn;
};
bool sheet_open(struct sheet *s, struct error *e);
bool sheet_close(struct sheet *s, struct error *e); /* s->text is whole now; false: it is not */
void sheet_release(struct sheet *s);                /* of one that is zero, open or closed */

/* Lets `write` fill a sheet and then puts it out; `to` NULL: nowhere. False with an error: memory,
 * a full disk, or what `write` says. */
bool whole_write(FILE *to, bool (*write)(FILE *f, void *ctx, struct error *e), void *ctx,
                 struct error *e);

/* Removes a folder and the files in it; folders in it stay. Allocates nothing. */
void whole_remove(const char *folder);

/* Calls visit for every name in the folder but "." and ".."; false when it cannot be read.
 * Allocates nothing, so that cleaning up works when memory has run out. */
bool whole_list(const char *folder, void (*visit)(void *ctx, int folder, const char *name),
                void *ctx);

#endif
