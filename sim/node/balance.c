/* A load balancer over replicas or other targets. What it chooses from is in balance_hosts.c, how
 * in balance_pick.c. */
#include "node/balance.h"

#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

static const char *const policies[] = {
    "round_robin", "random", "least_request", "ring_hash", "maglev", "join_shortest_queue", NULL};
static const char *const selections[] = {"n_choices", "full_scan", NULL};

static void accept(struct node *n, struct call *c) {
    struct balance *b = balance_of(n);
    struct host_set *s = b->only ? b->only : hosts_choose(b, c);
    if (!s || s->n == 0) {
        if (targets_wait(&b->targets, c))
            return;
        b->refused++;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    uint32_t i = pick_host(b, s, c);
    if (b->counts)
        pick_sent(b, i);
    call_send(c, &b->targets.at[i]);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct balance *b = balance_of(n);
    if (b->outlier.on)
        outlier_result(b, (uint32_t)(sub->via - b->targets.at), (enum outcome)sub->outcome);
    call_pass(c, sub);
}

/* A caller that has no time left has waited in vain: its target was too slow. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct balance *b = balance_of(n);
    targets_wait_over(c);
    if (b->outlier.on && c->subs && (cause == CAUSE_DEADLINE || cause == CAUSE_QUEUED))
        outlier_result(b, (uint32_t)(c->subs->via - b->targets.at), OUTCOME_TIMEOUT);
    return true;
}

/* ---- set-up */

static bool init(struct node *n, struct error *e) {
    struct balance *b = balance_of(n);
    (void)e;
    targets_open(n, &b->targets);
    b->host = arena_alloc(&n->sim->arena, b->targets.n * sizeof *b->host);
    return true;
}

static bool check_policy(const struct balance *b, struct error *e) {
    bool edf = b->policy == ROUND_ROBIN || b->policy == LEAST_REQUEST;
    bool hashed = b->policy == RING_HASH || b->policy == MAGLEV;
    if (b->slow.window && !edf)
        return error_set(e,
                         "slow_start: policy = \"%s\" has none; round_robin and least_request "
                         "do",
                         policies[b->policy]);
    if (b->policy == MAGLEV && !is_prime((uint64_t)b->table_size))
        return error_set(e, "table_size = %lld: it must be a prime number, such as 65537",
                         (long long)b->table_size);
    if (b->policy == RING_HASH && b->ring_least > b->ring_most)
        return error_set(e, "minimum_ring_size is above maximum_ring_size");
    if (hashed && b->factor && b->factor < 100)
        return error_set(e, "hash_balance_factor = %lld: it must be 0 (no bound) or at least 100",
                         (long long)b->factor);
    if (hashed && !b->key)
        return error_set(e,
                         "policy = \"%s\" wants a key: the fact of a request that is hashed, "
                         "such as key = \"user_id\"",
                         policies[b->policy]);
    return true;
}

static bool find_key(struct balance *b, struct error *e) {
    if (b->policy != RING_HASH && b->policy != MAGLEV)
        return true;
    b->fact = sim_find_fact(b->base.sim, b->key);
    return b->fact >= 0 ||
           error_set(e, "key = \"%s\": no workload gives requests this fact", b->key);
}

static bool seal(struct node *n, struct error *e) {
    struct balance *b = balance_of(n);
    if (!check_policy(b, e) || !find_key(b, e) || !balance_weigh(b, e) || !balance_rank(b, e) ||
        !balance_locate(b, e))
        return false;
    hosts_open(b);
    return outlier_open(b, e);
}

static void start(struct node *n) {
    outlier_start(balance_of(n));
}

static void changed(struct node *n, const struct param *p) {
    struct balance *b = balance_of(n);
    struct error e = {{0}};
    if (!strcmp(p->name, "weights")) {
        if (b->policy == RING_HASH)
            error_set(&e, "weights: a ring is made once, at the beginning; maglev follows them");
        if (error_is(&e) || !balance_weigh(b, &e))
            sim_fail(n->sim, "%s: %s: %s", n->where, n->address, e.text);
        hosts_stale(b);
    } else if (!check_policy(b, &e))
        sim_fail(n->sim, "%s: %s: %s", n->where, n->address, e.text);
    pick_count(b);
    hosts_share(b);
}

static void release(struct node *n) {
    hosts_release(balance_of(n));
}

static bool check(struct node *n, struct error *e) {
    return hosts_check(balance_of(n), e) && outlier_check(balance_of(n), e);
}

/* ---- parameters */

static const struct param slow_start_params[] = {
    PARAM(TIME, "window", struct balance, slow.window, "0s",
          "how long a target that has just become ready gets less than its share; 0: no time"),
    PARAM(NUMBER, "aggression", struct balance, slow.aggression, "1",
          "its weight is multiplied by the part of the window that is over to the power of 1 / "
          "aggression",
          .flags = LIVE, .min = 1e-3, .max = 1000),
    PARAM(RATIO, "min_weight_percent", struct balance, slow.least, "10%",
          "but by no less than this", .flags = LIVE, .min = 0.001, .max = 1),
    {0},
};

static const struct param zone_params[] = {
    PARAM(TEXT, "local_zone", struct balance, zones.local, NULL, "where this balancer stands"),
    PARAM(VALUE, "callers", struct balance, zones.callers, NULL,
          "how many callers like it there are in each zone, such as { a = 40, b = 60 }"),
    PARAM(RATIO, "routing_enabled", struct balance, zones.enabled, "100%",
          "share of the calls that look at zones at all", .flags = LIVE, .max = 1),
    PARAM(INTEGER, "min_cluster_size", struct balance, zones.min_cluster_size, "6",
          "with fewer able targets nobody looks at zones", .flags = LIVE, .max = 1e9),
    PARAM(INTEGER, "force_local_zone_min_size", struct balance, zones.force_min_size, "0",
          "with so many able targets in it everything stays in the local zone, 0: only while that "
          "is fair to the other zones",
          .flags = LIVE, .max = 1e9),
    PARAM(BOOL, "fail_traffic_on_panic", struct balance, zones.fail_on_panic, "false",
          "in panic calls are refused instead of sent to all", .flags = LIVE),
    {0},
};

static const struct edge_list *probed(struct node *n, uint32_t *count) {
    struct balance *b = balance_of(n);
    if (b->checked)
        return NULL;
    b->checked = true;
    *count = b->targets.n;
    return &b->targets;
}

static void verdict(struct node *n, uint32_t i, bool healthy) {
    host_verdict(balance_of(n), i, healthy);
}

static const struct param params[] = {
    PARAM(NODES, "targets", struct balance, targets, NULL,
          "replicas { … }, components, or several of either", .flags = REQUIRED | CHILD | GROUP),
    PARAM(CHOICE, "policy", struct balance, policy, "round_robin", "how a target is chosen",
          .choices = policies),
    PARAM(VALUE, "weights", struct balance, weights, NULL,
          "a list with a number for each target (for a group one, or a list with one for each "
          "replica): its share of the calls; least_request divides it by the calls under way",
          .flags = LIVE),
    PARAM(INTEGER, "choice_count", struct balance, choice_count, "2",
          "least_request: targets drawn, with replacement, of which the one with the fewest calls "
          "wins",
          .flags = LIVE, .min = 1, .max = 100),
    PARAM(CHOICE, "selection_method", struct balance, selection, "n_choices",
          "least_request: draws choice_count targets, or looks at all of them, ties at random",
          .choices = selections),
    PARAM(NUMBER, "active_request_bias", struct balance, bias, "1",
          "least_request with weights: a weight counts divided by (calls under way + 1) to this "
          "power",
          .flags = LIVE, .max = 100),
    PARAM(TEXT, "key", struct balance, key, NULL, "ring_hash, maglev: the fact that is hashed"),
    PARAM(INTEGER, "minimum_ring_size", struct balance, ring_least, "1024",
          "ring_hash: points on the ring, shared by weight and rounded up", .min = 1,
          .max = 8388608),
    PARAM(INTEGER, "maximum_ring_size", struct balance, ring_most, "8388608",
          "ring_hash: no more points than this, however small a weight is", .min = 1,
          .max = 8388608),
    PARAM(INTEGER, "table_size", struct balance, table_size, "65537",
          "maglev: slots of the table, a prime number", .min = 2, .max = 5000011),
    PARAM(INTEGER, "hash_balance_factor", struct balance, factor, "0",
          "ring_hash, maglev: a target has no more than so many percent of the average calls under "
          "way, at least 100; what is above goes to others; 0: no bound",
          .flags = LIVE, .max = 1e6),
    PARAM(TABLE, "slow_start", struct balance, base, NULL,
          "round_robin, least_request: a target that has just become ready is called more and more",
          .sub = slow_start_params),
    PARAM(VALUE, "priorities", struct balance, priorities, NULL,
          "a list with a number for each target: calls go to priority 0, and to 1, 2, … for what "
          "the healthy ones of those before cannot bear"),
    PARAM(INTEGER, "overprovisioning_factor", struct balance, overprovisioning, "140",
          "percent by which the healthy targets of a priority may be overloaded before the next "
          "one is called: at 140 five of seven do for all",
          .flags = LIVE, .min = 1, .max = 1e6),
    PARAM(RATIO, "healthy_panic_threshold", struct balance, panic_threshold, "50%",
          "when fewer of its targets are able, and the able ones of all priorities do not suffice, "
          "the calls of a priority go to all of its targets; 0: never",
          .flags = LIVE, .max = 1),
    PARAM(VALUE, "localities", struct balance, localities, NULL,
          "a list with the name of a zone for each target", .needs = "zone_aware"),
    PARAM(TABLE, "zone_aware", struct balance, zones.on, NULL,
          "calls stay in the zone of the caller as far as that is fair to the other zones",
          .flags = SWITCH, .sub = zone_params),
    PARAM(TABLE, "outlier_detection", struct balance, outlier.on, NULL,
          "targets that fail more than the others are left out for a while", .flags = SWITCH,
          .sub = outlier_params),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "refused", struct balance, refused, "calls that found no target"),
    METRIC(COUNTER, "panic", struct balance, panicked,
           "calls that went to all targets, as too few were able"),
    METRIC(INTEGRAL, "ejected", struct balance, outlier.ejected,
           "targets that outlier detection keeps out, mean over time"),
    METRIC(COUNTER, "ejections", struct balance, outlier.ejections, "targets ejected"),
    METRIC(COUNTER, "ejections_overflow", struct balance, outlier.overflow,
           "targets that max_ejection_percent has spared"),
    {0},
};

const struct node_type balance_type = {
    .kind = "balance",
    .summary = "spreads calls over replicas or other targets",
    .follows =
        "Envoy load balancers (round robin, random, least request, ring hash, maglev, bounded "
        "loads, slow start, priorities, panic, zone aware routing, outlier detection)",
    .example =
        "balance { policy = \"least_request\", replicas { name = \"pod\", count = 3, build = … } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct balance),
    .call_size = sizeof(struct waiting_call),
    .ops = {.init = init,
            .probed = probed,
            .verdict = verdict,
            .seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .release = release,
            .check = check},
};
