/* The parts of a balancer: its hosts, the sets of them that calls may go to, and the choosers.
 *
 * A *host* is a target that its group has ready. It is *able* unless it was ejected or found
 * unhealthy. Hosts stand in sets, dense and in ascending order, so that a choice is O(1) however
 * many are out: for every priority those that are able and all (for panic), for zones the able ones
 * of each. Sets change when a host does, which is seldom, at O(hosts); what a policy makes of a set
 * (a schedule, an index, a table) is made anew at the next choice. */
#ifndef NINES_NODE_BALANCE_H
#define NINES_NODE_BALANCE_H

#include "core/group.h"
#include "node/edf.h"
#include "node/hashing.h"
#include "node/outlier.h"
#include "node/priority.h"
#include "node/shortest.h"

enum policy { ROUND_ROBIN, RANDOM, LEAST_REQUEST, RING_HASH, MAGLEV, JOIN_SHORTEST_QUEUE };
enum selection { N_CHOICES, FULL_SCAN };
enum balance_purpose { PURPOSE_PICK, PURPOSE_KEYLESS, PURPOSE_LEVEL, PURPOSE_ZONE };

struct host {
    double weight;
    ns_t joined; /* when it last began to take calls, for slow start */
    uint32_t level, zone;
    bool present, ejected, unhealthy;
    bool in_all, in_able; /* its sets have heard of it */
};

struct host_set {
    uint32_t *at, n;
    uint32_t level;
    bool stale;     /* what the policy makes of it is of another time */
    double weight;  /* sum */
    uint32_t next;  /* round robin: place in `at` */
    struct edf edf; /* weighted round robin, weighted least request, slow start */
    double *upto;   /* random: cumulative weights */
    struct shortest queue;
};

struct level {
    struct host_set able, all;
    struct ring ring;
    uint32_t *slot;                  /* maglev */
    const struct host_set *slots_of; /* whose table it is */
};

struct zones {
    bool on;
    const char *local;
    struct value callers;
    double enabled;
    int64_t min_cluster_size, force_min_size;
    bool fail_on_panic;

    const char **name;
    double *from; /* callers in each */
    uint32_t n, here;
    struct host_set *set; /* able hosts of the first priority, by zone */
    enum zone_routing routing;
    uint32_t *able, part, *upto; /* of zone_share */
};

struct slow_start {
    ns_t window;
    double aggression, least;
    ns_t until; /* somebody is slow until then */
};

struct balance {
    struct node base;
    struct edge_list targets;
    int policy, selection;
    int64_t choice_count;
    double bias; /* of active requests */
    int64_t ring_least, ring_most, table_size, factor;
    const char *key;
    int fact;
    struct value weights, priorities, localities;
    double panic_threshold;
    int64_t overprovisioning;
    struct slow_start slow;
    struct zones zones;
    struct outlier outlier;

    struct host *host;
    struct balance_ear *ear; /* one a group */
    struct level *level;
    struct priority *share; /* of each level */
    uint32_t n_levels;
    struct host_set *only; /* where all calls go; NULL: it is drawn */
    bool checked;          /* somebody probes the targets: newcomers have to prove themselves */
    bool uneven;           /* weights differ */
    bool counts;           /* calls of each host are counted as they come and go */
    int64_t active;        /* the sum, while they are */
    struct hash_member *member;
    struct maglev_turn *turn;

    uint64_t refused, panicked;
};

struct balance_ear {
    struct group_ear ear;
    struct balance *of;
    uint32_t first;
};

static inline struct balance *balance_of(struct node *n) {
    return container_of(n, struct balance, base);
}
static inline uint32_t host_calls(const struct balance *b, uint32_t i) {
    return (uint32_t)edge_in_flight(&b->targets.at[i]);
}
static inline bool host_able(const struct host *h) {
    return h->present && !h->ejected && !h->unhealthy;
}

/* ---- balance_lists.c: what a scenario says of each target */

bool balance_weigh(struct balance *b, struct error *e);
bool balance_rank(struct balance *b, struct error *e);
bool balance_locate(struct balance *b, struct error *e);

/* ---- balance_hosts.c: who is there */

/* When the model is sealed and weights, levels and zones are known. */
void hosts_open(struct balance *b);
void hosts_release(struct balance *b);

/* After `present`, `ejected` or `unhealthy` of a host has changed. */
void host_changed(struct balance *b, uint32_t i);

/* What a health check has found; each good answer is told. */
void host_verdict(struct balance *b, uint32_t i, bool healthy);

/* After a parameter of the shares, or weights, have changed. */
void hosts_share(struct balance *b);
void hosts_stale(struct balance *b);

/* The set that this call goes to, NULL: nobody may have it. */
struct host_set *hosts_choose(struct balance *b, const struct call *c);

bool hosts_check(const struct balance *b, struct error *e);

/* ---- balance_pick.c: one of a set */

void pick_open(struct balance *b);
uint64_t pick_hash(const struct balance *b, const struct call *c);
uint32_t pick_host(struct balance *b, struct host_set *s, const struct call *c); /* s->n > 0 */

/* Calls of a host are counted from now on, where the policy wants to know. */
void pick_count(struct balance *b);
void pick_sent(struct balance *b, uint32_t i); /* about to be */
bool pick_check(const struct balance *b, const struct host_set *s);

#endif
