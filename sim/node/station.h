/* A station: a queue in front of servers. Private to station.c and servers.c. */
#ifndef NINES_NODE_STATION_H
#define NINES_NODE_STATION_H

#include "node/queue.h"
#include "node/servers.h"

struct station {
    struct node base;
    int64_t count;
    struct node *on; /* a pool, or NULL */
    struct quantity *service;
    int discipline;
    int64_t limit; /* of the queue; -1: none */
    struct servers own, *servers;
    struct queue queue;
    struct integral queued, busy;
    struct delay_line line; /* services of constant length */
    bool constant;
    uint64_t rejected;
};

struct station_call {
    struct waiter waiter;
    ns_t began; /* waiting, then service */
    bool serving;
};

/* Begins the service of the call that is next here. */
void station_start_next(struct station *s);

#endif
