/* Users who reload the page: one who has waited too long sends the request anew and no longer looks
 * at what was sent before, which goes on all the same (zombie work).
 *
 * To the user it is one request, from the first click to the answer. Embedded in a source whose
 * users hear the answer; its call begins with a reload_call. */
#ifndef NINES_NODE_RELOAD_H
#define NINES_NODE_RELOAD_H

#include "node/source.h"

struct reload {
    struct quantity *after; /* NULL: users are patient */
    int64_t at_most;
    struct delay_line line;
    uint64_t reloads;
};

struct reload_call {
    struct call base;
    struct call *sub;
    uint16_t sent;
};

#define RELOAD_SUB_PARAMS(type)                                                                    \
    PARAM(QUANTITY, "after", type, reload.after, NULL,                                             \
          "a user who has waited so long sends the request anew; never without it", .flags = LIVE, \
          .unit = UNIT_TIME),                                                                      \
        PARAM(INTEGER, "at_most", type, reload.at_most, "1",                                       \
              "times that a user does so for one request; then he waits on", .flags = LIVE,        \
              .min = 1, .max = 60000, .needs = "after")

#define RELOAD_PARAM(type, sub_params)                                                             \
    PARAM(TABLE, "reload", type, source, NULL,                                                     \
          "impatient users, { after = \"3s\", at_most = 2 }: what they gave up on goes on below",  \
          .sub = sub_params)

#define RELOAD_METRIC(type)                                                                        \
    METRIC(COUNTER, "reloads", type, reload.reloads, "requests sent anew by users tired of waiting")

void reload_seal(struct reload *r);

/* Sends a request that has been filled and begun. */
void reload_send(struct reload *r, struct source *s, struct call *c, void (*fire)(struct event *));

/* `fire` calls it: sends anew. */
void reload_again(struct reload *r, struct source *s, struct call *c, void (*fire)(struct event *));

#endif
