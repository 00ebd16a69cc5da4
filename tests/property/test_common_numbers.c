/* Common random numbers: a component added to one side of a comparison shifts nobody else's draws.
 *
 * M/M/1 and M/M/8 against the same with a timeout that about one request in 10,000 hits, with a
 * retry after the one call in 100 that fails, with 1 % of the calls sent twice, and with 1 % more
 * requests from a second source. The variance of the difference of mean latencies, paired by seed
 * and replication, must be at least 50 times smaller than between different replications. */
#include "check.h"

#include <stdio.h>

#include "base/stats.h"
#include "core/sim.h"
#include "lab.h"

enum { REPLICATIONS = 60, DUPLICATE_PURPOSE = 0 };

/* ---- a wrapper that sends some calls twice and answers with the first answer -------------------
 */

struct duplicate {
    struct node base;
    struct edge to;
    double share;
};

static void duplicate_accept(struct node *n, struct call *c) {
    struct duplicate *d = container_of(n, struct duplicate, base);
    struct rng r = call_rng(c, DUPLICATE_PURPOSE);
    call_send(c, &d->to);
    if (rng_unit(&r) < d->share)
        call_detach(call_send_again(c, &d->to, 2));
}

static void duplicate_reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static const struct param duplicate_params[] = {
    PARAM(RATIO, "share", struct duplicate, share, "1%", "share of calls that are sent twice",
          .max = 1),
    PARAM(NODE, "to", struct duplicate, to, NULL, "what is called", .flags = REQUIRED | CHILD),
    {0},
};

static const struct node_type duplicate_type = {
    .kind = "duplicate",
    .summary = "sends some calls twice",
    .params = duplicate_params,
    .size = sizeof(struct duplicate),
    .ops = {.accept = duplicate_accept, .reply = duplicate_reply},
};

/* ---- the models --------------------------------------------------------------------------------
 */

enum variant { PLAIN, FLAKY, TIMEOUT, RETRY, DUPLICATE, MORE };

struct shape {
    int servers;
    double patience; /* about one sojourn in 10,000 is longer */
};

static struct node *station(struct sim *sim, int servers) {
    char spec[80];
    snprintf(spec, sizeof spec, "servers=%d, service=exponential{mean=1}", servers);
    return build_node(sim, &station_type, spec, NULL);
}

static struct node *flaky(struct sim *sim, struct node *good) {
    return build_node(sim, &split_type, "to={good=@1, bad=@2}, weights={good=99, bad=1}", good,
                      build_node(sim, &fail_type, "", NULL), NULL);
}

static struct node *entry(struct sim *sim, const struct shape *m, enum variant v) {
    struct node *s = station(sim, m->servers);
    char after[40];
    snprintf(after, sizeof after, "after=%g", m->patience);
    switch (v) {
    case FLAKY:
        return flaky(sim, s);
    case TIMEOUT:
        return build_node(sim, &timeout_type, after, s, NULL);
    case RETRY:
        return build_node(sim, &retry_type, "max_attempts=2, backoff={kind=fixed, base=0.1}",
                          flaky(sim, s), NULL);
    case DUPLICATE:
        return build_node(sim, &duplicate_type, "", s, NULL);
    default:
        return s;
    }
}

/* The two sources of MORE want one run: wired and sealed by hand. */
static void run(struct sim *sim, struct node **sources, uint32_t n, double seconds) {
    struct error e = {{0}};
    struct sim_limits limits = {.warmup = ns_from_s(200), .duration = ns_from_s(seconds)};
    if (!sim_wire(sim, sources, n, &e) || !sim_seal(sim, NULL, 0, &limits, &e))
        fail_msg("%s", e.text);
    if (!sim_run(sim))
        fail_msg("%s", sim->error.text);
}

static double mean_latency(const struct shape *m, enum variant v, uint64_t replication) {
    struct sim *sim = build_new_replication(1, replication);
    struct node *to = entry(sim, m, v), *source[2];
    char rate[60];
    snprintf(rate, sizeof rate, "name=users, rate=%.9g", 0.8 * m->servers);
    source[0] = build_node(sim, &open_type, rate, to, NULL);
    snprintf(rate, sizeof rate, "name=more, rate=%.9g", 0.008 * m->servers);
    if (v == MORE)
        source[1] = build_node(sim, &open_type, rate, to, NULL);
    run(sim, source, v == MORE ? 2 : 1, (lab_quick() ? 2000.0 : 20000.0) / m->servers);
    double x = build_metric(sim, "users:latency.mean");
    sim_free(sim);
    return x;
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static double variance_of_difference(const double *a, const double *b) {
    double d[REPLICATIONS];
    for (int i = 0; i < REPLICATIONS; i++)
        d[i] = a[i] - b[i];
    struct estimate e = stats_estimate(d, REPLICATIONS, 0.95);
    return e.sd * e.sd;
}

static void compare(const struct shape *m, enum variant without, enum variant with,
                    const char *name) {
    double a[REPLICATIONS], b[REPLICATIONS], other[REPLICATIONS];
    for (uint64_t r = 0; r < REPLICATIONS; r++) {
        a[r] = mean_latency(m, without, r + 1);
        b[r] = mean_latency(m, with, r + 1);
        other[r] = mean_latency(m, with, r + 1 + REPLICATIONS);
    }
    double paired = variance_of_difference(a, b), independent = variance_of_difference(a, other);
    printf("M/M/%d and %-16s variance paired %.3g, independent %.3g: %.0f times smaller\n",
           m->servers, name, paired, independent, independent / paired);
    if (!lab_quick())
        assert_true(independent > 50 * paired);
}

static void compare_all(const struct shape *m) {
    compare(m, PLAIN, TIMEOUT, "a timeout");
    compare(m, FLAKY, RETRY, "a retry");
    compare(m, PLAIN, DUPLICATE, "1 % duplicates");
    compare(m, PLAIN, MORE, "1 % more");
}

static void mm1(void **state) {
    (void)state;
    compare_all(&(struct shape){1, 46});
}

static void mm8(void **state) {
    (void)state;
    compare_all(&(struct shape){8, 9});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(mm1), cmocka_unit_test(mm8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
