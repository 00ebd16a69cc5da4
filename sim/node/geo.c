/* A global load balancer: each request goes to a region, by where its user is.
 *
 * What stands in front of regions is a name service, or one address for all (anycast). It answers
 * with the first region that it believes healthy: the nearest one, or the first in the list, or one
 * at random by weight. What it believes, a health check says; until then all are healthy.
 *
 * Clients keep an answer for `ttl`. A request is sent at some moment of that time, so its answer
 * is up to a ttl old, all ages equally likely; with a `key`, the requests of one client share the
 * moment of its look-ups. So after a change of mind the last clients follow a ttl later, the
 * average one half of that, and a share of them (`ignore_ttl`) never. With ttl = 0 all follow at
 * once: anycast.
 *
 * The way to a region and back takes a round trip, half of it each way. Users pay it as network
 * time of this component. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/region.h"
#include "core/sim.h"
#include "node/geo.h"
#include "node/registry.h"

const char *const geo_policies[] = {"nearest", "weighted", "failover", NULL};
enum { PURPOSE_RTT, PURPOSE_WEIGHT, PURPOSE_AGE, PURPOSE_IGNORES };

struct geo_call {
    struct call base;
    ns_t half; /* of the round trip */
    struct path *path;
    uint32_t edge;
    uint8_t outcome;
};

static struct geo_call *mine(struct call *c) {
    return container_of(c, struct geo_call, base);
}

static uint32_t mask_count(uint64_t mask) {
    uint32_t n = 0;
    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

/* ---- which answer */

/* In 0..1, for a choice that each client makes once: of its key, or of the request. */
static double client_unit(const struct geo *g, const struct call *c, uint64_t purpose) {
    struct rng r = call_rng(c, purpose);
    double key = g->fact < 0 ? (double)NAN : c->req->fact[g->fact] + 0; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &key, sizeof bits);
    if (key == key)
        r.state = rng_key(g->base.salt ^ purpose, bits);
    return rng_unit(&r);
}

/* When the answer was given that this request goes by. */
static ns_t looked_up(const struct geo *g, const struct call *c) {
    ns_t now = g->base.sim->clock.now;
    if (!g->ttl)
        return now;
    ns_t phase = (ns_t)(client_unit(g, c, PURPOSE_AGE) * (double)g->ttl);
    if (g->fact < 0 || isnan(c->req->fact[g->fact]))
        return now - phase;
    ns_t age = (now - phase) % g->ttl; /* its look-ups are at phase + k x ttl */
    return now - (age < 0 ? age + g->ttl : age);
}

static uint64_t record_at(const struct geo *g, ns_t time) {
    uint32_t i = g->n_past - 1;
    while (i && g->past[i].since > time)
        i--;
    return g->past[i].healthy;
}

static uint64_t record_of(const struct geo *g, const struct call *c) {
    if (g->n_past == 1 && g->past[0].healthy == geo_all(g))
        return geo_all(g);
    if (g->ignore_ttl > 0 && client_unit(g, c, PURPOSE_IGNORES) < g->ignore_ttl)
        return geo_all(g); /* what it learned in better days */
    return record_at(g, looked_up(g, c));
}

/* Those of weight 0 are for when there are no others. */
static uint32_t by_weight(const struct geo *g, const struct call *c, uint64_t able) {
    struct rng r = call_rng(c, PURPOSE_WEIGHT);
    double sum = 0;
    uint32_t last = g->n;
    for (uint32_t i = 0; i < g->n; i++)
        sum += able >> i & 1 ? g->weight[i] : 0;
    double spare = sum > 0 ? 0 : 1, u = rng_unit(&r) * (sum > 0 ? sum : mask_count(able));
    for (uint32_t i = 0; i < g->n; i++) {
        double w = able >> i & 1 ? g->weight[i] + spare : 0;
        if (w <= 0)
            continue;
        last = i;
        if ((u -= w) < 0)
            break;
    }
    return last;
}

/* The region for a row when these are believed healthy; n: none. Where none is, all are tried, but
 * for data that may not leave. */
static uint32_t resolve(const struct geo *g, const struct call *c, uint32_t row, uint64_t healthy) {
    uint64_t able = g->allowed[row] & healthy;
    if (!able && g->allowed[row] == geo_all(g))
        able = geo_all(g);
    if (g->policy == WEIGHTED)
        return by_weight(g, c, able);
    for (uint32_t k = 0; k < g->n; k++) {
        uint32_t i = g->order[row * g->n + k];
        if (able >> i & 1)
            return i;
    }
    return g->n;
}

static uint32_t choose(struct geo *g, const struct call *c, uint32_t row) {
    uint64_t known = record_of(g, c);
    uint32_t to = resolve(g, c, row, known);
    if (known != geo_all(g))
        g->diverted += to < g->n && to != resolve(g, c, row, geo_all(g));
    uint64_t now = record_at(g, g->base.sim->clock.now);
    g->stale += known != now && to != resolve(g, c, row, now);
    return to;
}

/* ---- the way there and back */

static void travel(struct call *c, void (*then)(struct event *)) {
    struct geo_call *m = mine(c);
    call_wake(c, quantity_fixed(m->path->rtt) ? &m->path->line : NULL, m->half, then);
}

static void arrived(struct event *ev) {
    struct call *c = call_of_timer(ev);
    call_send(c, &geo_of(c->node)->regions.at[mine(c)->edge]);
}

static void returned(struct event *ev) {
    struct call *c = call_of_timer(ev);
    call_phase(c, PHASE_NETWORK, 2 * mine(c)->half);
    call_finish(c, (enum outcome)mine(c)->outcome);
}

static void accept(struct node *n, struct call *c) {
    struct geo *g = geo_of(n);
    struct geo_call *m = mine(c);
    uint32_t row = g->row[c->req->source->id], to = choose(g, c, row);
    if (to == g->n) {
        g->refused++;
        call_finish(c, OUTCOME_INVALID);
        return;
    }
    m->edge = row * g->n + to;
    m->path = &g->path[m->edge];
    m->half = ns_from_s(quantity_draw(m->path->rtt, c, PURPOSE_RTT)) / 2;
    if (m->half)
        travel(c, arrived);
    else
        call_send(c, &g->regions.at[m->edge]);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct geo_call *m = mine(c);
    (void)n;
    c->quality = sub->quality;
    m->outcome = sub->outcome;
    if (m->half)
        travel(c, returned);
    else
        returned(&c->timer);
}

/* ---- what it believes */

static const struct edge_list *probed(struct node *n, uint32_t *count) {
    struct geo *g = geo_of(n);
    if (g->checked)
        return NULL;
    g->checked = true;
    *count = g->n;
    return &g->regions;
}

/* Nobody goes by what was replaced longer than a ttl ago. */
static void forget(struct geo *g, ns_t now) {
    uint32_t gone = 0;
    while (gone + 1 < g->n_past && g->past[gone + 1].since <= now - g->ttl)
        gone++;
    g->n_past -= gone;
    memmove(g->past, g->past + gone, g->n_past * sizeof *g->past);
}

static void verdict(struct node *n, uint32_t i, bool healthy) {
    struct geo *g = geo_of(n);
    ns_t now = n->sim->clock.now;
    uint64_t bit = (uint64_t)1 << i;
    if (!(g->believed & bit) == !healthy)
        return;
    g->believed ^= bit;
    integral_add(&g->healthy, now, healthy ? 1 : -1);
    forget(g, now);
    *mem_push(g->past, g->n_past, g->cap_past) = (struct record){now + g->propagation, g->believed};
}

static void start(struct node *n) {
    struct geo *g = geo_of(n);
    integral_add(&g->healthy, n->sim->clock.now, g->n);
}

/* ---- set-up */

/* A row of edges for the users of each region, so that faults can name the link between two. */
static bool init(struct node *n, struct error *e) {
    struct geo *g = geo_of(n);
    const struct edge *given = g->regions.at;
    g->n = g->regions.n;
    if (g->n > MAX_REGIONS)
        return error_set(e, "there are more than %d regions", (int)MAX_REGIONS);
    g->regions.n = g->n * (g->n + 1);
    g->regions.at = arena_alloc(&n->sim->arena, g->regions.n * sizeof *g->regions.at);
    for (uint32_t i = 0; i < g->regions.n; i++) {
        edge_join(&g->regions.at[i], n, given[i % g->n].to);
        g->regions.at[i].home = i < g->n ? NULL : given[i / g->n - 1].to;
    }
    for (uint32_t i = 0; i < g->n; i++)
        if (geo_region(g, given[i].to->name, strlen(given[i].to->name)) != i)
            return error_set(e, "the region '%s' is there twice", given[i].to->name);
    return true;
}

/* Is `a` to be taken before `b`? Of equals the users' own, else the one given first. */
static bool better(const struct geo *g, uint32_t row, uint32_t a, uint32_t b) {
    const struct path *p = &g->path[row * g->n];
    if (g->policy != NEAREST || p[a].far == p[b].far)
        return g->policy == NEAREST && a + 1 == row;
    return p[a].far < p[b].far;
}

static void sort_row(struct geo *g, uint32_t row) {
    uint32_t *order = &g->order[row * g->n];
    for (uint32_t i = 0; i < g->n; i++) {
        uint32_t k = i;
        for (; k && better(g, row, i, order[k - 1]); k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static void find_rows(struct geo *g) {
    struct sim *sim = g->base.sim;
    g->row = arena_alloc(&sim->arena, sim->n_nodes + 1);
    for (uint32_t k = 0; k < sim->n_nodes; k++) {
        struct node *n = sim->nodes[k];
        struct node *home = n->home ? n->home : region_around(n);
        for (uint32_t i = 0; i < g->n; i++)
            if (g->regions.at[i].to == home)
                g->row[n->id] = (uint8_t)(i + 1);
    }
}

static bool find_key(struct geo *g, struct error *e) {
    g->fact = g->key ? sim_find_fact(g->base.sim, g->key) : -1;
    return !g->key || g->fact >= 0 ||
           error_set(e, "key = \"%s\": no workload gives requests this fact", g->key);
}

static bool seal(struct node *n, struct error *e) {
    struct geo *g = geo_of(n);
    struct arena *a = &n->sim->arena;
    g->path = arena_alloc(a, g->regions.n * sizeof *g->path);
    g->order = arena_alloc(a, g->regions.n * sizeof *g->order);
    g->allowed = arena_alloc(a, (g->n + 1) * sizeof *g->allowed);
    g->weight = arena_alloc(a, g->n * sizeof *g->weight);
    if (g->local_rtt->kind != QUANTITY_CONSTANT && g->local_rtt->kind != QUANTITY_DIST)
        return error_set(e, "local_rtt: it wants a duration or a distribution");
    if (!find_key(g, e) || !geo_read(g, e))
        return false;
    for (uint32_t i = 0; i < g->regions.n; i++) {
        line_init(&g->path[i].line);
        g->path[i].far = quantity_mean(g->path[i].rtt, 0);
    }
    for (uint32_t row = 0; row <= g->n; row++)
        sort_row(g, row);
    find_rows(g);
    g->believed = geo_all(g);
    *mem_push(g->past, g->n_past, g->cap_past) = (struct record){0, g->believed};
    return true;
}

static void changed(struct node *n, const struct param *p) {
    struct error e = {{0}};
    if (!strcmp(p->name, "weights") && !geo_weigh(geo_of(n), &e))
        sim_fail(n->sim, "%s: %s: %s", n->where, n->address, e.text);
}

static void release(struct node *n) {
    free(geo_of(n)->past);
}

static bool check(struct node *n, struct error *e) {
    const struct geo *g = geo_of(n);
    uint32_t healthy = mask_count(g->believed);
    for (uint32_t i = 1; i < g->n_past; i++)
        if (g->past[i].since < g->past[i - 1].since)
            return error_set(e, "record %u is older than the one before", i + 1);
    return (g->n_past && g->past[g->n_past - 1].healthy == g->believed &&
            healthy == g->healthy.value) ||
           error_set(e, "%u regions are healthy, %lld are counted; the last of %u records differs",
                     healthy, (long long)g->healthy.value, g->n_past);
}

static const struct param params[] = {
    PARAM(NODES, "regions", struct geo, regions, NULL, "the regions, or a list of them",
          .flags = REQUIRED | CHILD, .ref_kind = "region"),
    PARAM(CHOICE, "policy", struct geo, policy, "nearest",
          "which of the regions believed healthy: that with the shortest round trip, one at random "
          "by weight, or the first in the list; when none is, all are tried",
          .choices = geo_policies),
    PARAM(VALUE, "rtt", struct geo, rtt, NULL,
          "round trip between each two regions, such as { us_eu = \"80ms\" }: durations or "
          "distributions, half of it each way"),
    PARAM(QUANTITY, "local_rtt", struct geo, local_rtt, "0s",
          "round trip between users and their own region, and of users in no region to any",
          .unit = UNIT_TIME),
    PARAM(VALUE, "weights", struct geo, weights, NULL,
          "weighted: a number for each region, such as { us = 2, eu = 1 }; equal without it",
          .flags = LIVE),
    PARAM(VALUE, "residency", struct geo, residency, NULL,
          "where requests of users may be served, such as { eu = { \"eu\" } }; when none of these "
          "is healthy they are refused (invalid)"),
    PARAM(TIME, "ttl", struct geo, ttl, "60s",
          "how long clients go on by an answer; 0: not at all, as with anycast"),
    PARAM(TIME, "propagation", struct geo, propagation, "0s",
          "from a verdict of the health check until answers are given by it"),
    PARAM(RATIO, "ignore_ttl", struct geo, ignore_ttl, "0",
          "share of clients that never ask again, and go where all went when all was well",
          .max = 1),
    PARAM(TEXT, "key", struct geo, key, NULL,
          "the fact that tells clients apart, such as user_id: each keeps to its own moments of "
          "asking; without it every request is of another client"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "healthy", struct geo, healthy, "regions believed healthy, mean over time"),
    METRIC(COUNTER, "diverted", struct geo, diverted,
           "calls that go elsewhere than they would if all were well"),
    METRIC(COUNTER, "stale", struct geo, stale,
           "calls that go elsewhere than the present answer says"),
    METRIC(COUNTER, "refused", struct geo, refused,
           "calls that may not be served where it would be possible"),
    {0},
};

const struct node_type geo_type = {
    .kind = "geo",
    .summary = "sends each request to a region by where its user is, through answers that clients "
               "keep for a while",
    .follows = "DNS load balancing (Route 53 latency, weighted and failover records); anycast with "
               "ttl = 0",
    .example = "geo { name = \"gslb\", us, eu, rtt = { us_eu = \"80ms\" }, ttl = \"60s\" }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct geo),
    .call_size = sizeof(struct geo_call),
    .ops = {.init = init,
            .probed = probed,
            .verdict = verdict,
            .seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .set = changed,
            .release = release,
            .check = check},
};
