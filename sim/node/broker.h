/* A message broker, of kind `queue`. Between broker.c, where producers and answers come in, and
 * broker_deliver.c, which says what is delivered when.
 *
 * Three kinds of calls live in its pool: what a producer sends (publish), the message that is
 * stored for it (message), and what goes to a consumer (delivery): one or several messages. The
 * latter two are requests of their own. */
#ifndef NINES_NODE_BROKER_H
#define NINES_NODE_BROKER_H

#include "core/schema.h"
#include "core/sim.h"

enum { RESULT_PUBLISH, RESULT_MESSAGE, RESULT_DELIVERY };

enum on_failure { FAILURE_WAIT, FAILURE_RETRY, FAILURE_DROP };

struct partition {
    struct broker *of;
    struct list waiting; /* messages, by `wait`, the oldest first */
    uint32_t n;          /* of them */
    int64_t busy;        /* deliveries that are waited for */
    int64_t hidden;      /* messages that failed and are not to be seen yet */
    struct list ready;   /* place in b->ready: it wants a consumer */
    struct event timer;  /* the oldest has waited long enough, or look again */
};

struct broker {
    struct node base;
    struct edge to, dead;
    struct quantity *accept;
    struct delay_line accept_line, lease_line, retry_line;
    const char *key;
    int key_fact; /* -1: none */
    int64_t n_partitions, concurrency, consumers, batch_size, max_deliveries, limit;
    ns_t max_wait, visibility, retry_delay;
    int on_failure;
    uint32_t size_fact;
    struct partition *partition;
    uint64_t turn, seq;
    struct list ready; /* partitions that could deliver if there were a consumer */
    struct list kept;  /* messages that a crash has interrupted */
    struct pool copies;
    struct event reopen;
    struct integral backlog, hidden, working; /* hidden: stored and not to be seen */
    uint64_t stored, consumed, deliveries, handed, redelivered, dead_lettered, rejected, dropped;
};

enum broker_role { ROLE_PUBLISH, ROLE_MESSAGE, ROLE_DELIVERY };
enum message_state { MESSAGE_WAITS, MESSAGE_LEASED, MESSAGE_HIDDEN, MESSAGE_DEAD };

struct broker_call {
    struct call base;
    ns_t began;  /* publish: when it came; message: since when it may be seen */
    ns_t stored; /* message: first of all */
    uint64_t seq;
    struct partition *at;
    struct broker_call *in; /* message: its delivery; NULL: none */
    struct list items;      /* delivery: messages that are leased to it, by `wait` */
    uint32_t deliveries;    /* message: so far */
    uint8_t role, state;
};

static inline struct broker *broker_of(struct node *n) {
    return container_of(n, struct broker, base);
}
static inline struct broker_call *broker_call_of(struct call *c) {
    return container_of(c, struct broker_call, base);
}

/* Messages that are stored: seen or not. */
static inline int64_t broker_held(const struct broker *b) {
    return b->backlog.value + b->hidden.value;
}

/* Puts a message into its partition where it belongs by age, and takes it out. */
void broker_show(struct broker *b, struct broker_call *m);
void broker_hide(struct broker *b, struct broker_call *m);

/* Ends the lease on a message whose delivery is still under way. */
void broker_unlease(struct broker *b, struct broker_call *m);

/* A message has to come again; or no more, when it has come often enough. */
void broker_again(struct broker *b, struct broker_call *m);

/* A message's timer: its lease is over, and a delivery that still goes on is nobody's any more; or
 * it has been hidden long enough after a failure. */
void broker_visible(struct event *ev);

/* Delivers what may go, of one partition, of those that wanted a consumer, of all. */
void broker_pump(struct broker *b, struct partition *p);
void broker_pump_ready(struct broker *b);
void broker_pump_all(struct broker *b);

/* Messages that outlive a crash: copied by the crash, and stored again right after it. */
void broker_keep(struct broker *b, const struct broker_call *m);
void broker_reopen(struct event *ev);

#endif
