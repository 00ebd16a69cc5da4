/* A limit on calls in flight that finds its own height from how long they take: more while answers
 * are as quick as ever, fewer as soon as they are not. The rules are in concurrency.h; here calls
 * come and go, and Envoy's windows of time open and close. */
#include "node/adaptive.h"

#include <math.h>

#include "core/sim.h"
#include "node/registry.h"

enum { STUCK = 5 }; /* updates at min_concurrency after which the no-load RTT is doubted */

struct adaptive_call {
    struct call base;
    ns_t began;
    int64_t in_flight;
};

static struct adaptive *adaptive_of(struct node *n) {
    return container_of(n, struct adaptive, base);
}
static struct adaptive_call *mine(struct call *c) {
    return container_of(c, struct adaptive_call, base);
}

/* ---- the limit */

static void set_limit(struct adaptive *a, double estimate) {
    a->estimate = estimate;
    integral_add(&a->limit, a->base.sim->clock.now, (int64_t)floor(estimate) - a->limit.value);
}

static void note_rtt(struct adaptive *a, double rtt) {
    a->rtt_ns += (uint64_t)rtt;
    a->rtt_s += NS_PER_S;
}

static void update_netflix(struct adaptive *a, const struct sample *s) {
    double limit = a->estimate;
    struct sample window;
    switch ((enum algorithm)a->algorithm) {
    case AIMD:
        limit = aimd_next(&a->aimd, limit, s);
        break;
    case VEGAS:
        if (vegas_sample(&a->vegas, &limit, s, &a->rng))
            note_rtt(a, a->vegas.no_load);
        break;
    case GRADIENT2:
        if (windowed_sample(&a->windowed, a->base.sim->clock.now, s, &window)) {
            limit = gradient2_sample(&a->gradient2, limit, &window);
            note_rtt(a, a->gradient2.long_rtt);
        }
        break;
    case GRADIENT:
        break;
    }
    set_limit(a, limit);
}

/* ---- Envoy's windows */

static double take_samples(struct adaptive *a) {
    double rtt = fmax(1, hist_quantile(&a->samples, a->gradient.percentile));
    hist_clear(&a->samples);
    return rtt;
}

static void set_gradient(struct adaptive *a, int64_t limit) {
    bool stuck = !a->measuring && a->limit.value == a->gradient.least && limit == a->gradient.least;
    a->stuck = stuck ? a->stuck + 1 : 0;
    set_limit(a, (double)limit);
    if (a->stuck >= STUCK && !(a->gradient.fixed_value > 0)) {
        event_cancel(&a->base.sim->clock, &a->measure);
        event_at(&a->base.sim->clock, &a->measure, a->base.sim->clock.now);
    }
}

static void begin_measuring(struct event *ev) {
    struct adaptive *a = container_of(ev, struct adaptive, measure);
    a->deferred = a->limit.value;
    a->measuring = true;
    set_gradient(a, a->gradient.least);
    hist_clear(&a->samples);
    a->epoch = a->base.sim->clock.now;
    event_cancel(&a->base.sim->clock, &a->update);
}

static void end_measuring(struct adaptive *a) {
    struct clock *clock = &a->base.sim->clock;
    a->min_rtt = take_samples(a);
    set_gradient(a, a->deferred);
    a->measuring = false;
    double until = ns_to_s(a->gradient.calc_interval);
    until *= 1 + a->gradient.jitter * rng_unit(&a->rng);
    event_at(clock, &a->measure, clock->now + ns_from_s(until));
    event_at(clock, &a->update, clock->now + a->gradient.update_interval);
}

static void update_gradient(struct event *ev) {
    struct adaptive *a = container_of(ev, struct adaptive, update);
    event_at(&a->base.sim->clock, &a->update, a->base.sim->clock.now + a->gradient.update_interval);
    if (!a->samples.total)
        return;
    if (a->gradient.fixed_value > 0)
        a->min_rtt = (double)a->gradient.fixed_value;
    note_rtt(a, a->min_rtt);
    set_gradient(a, gradient_next(&a->gradient, a->limit.value, a->min_rtt, take_samples(a)));
}

static void sample_gradient(struct adaptive *a, const struct adaptive_call *m, double rtt) {
    if (m->began < a->epoch)
        return;
    hist_add(&a->samples, (uint64_t)rtt);
    if (a->measuring && a->samples.total >= (uint64_t)a->gradient.request_count)
        end_measuring(a);
}

/* ---- calls */

/* Shares count only once the whole is full, so that nothing lies idle; together they may then take
 * a little more than the limit. */
static bool has_room(const struct adaptive *a, const struct call *c) {
    if (a->inside.value < a->limit.value)
        return true;
    const struct partition *p = a->partition ? &a->partition[c->req->class] : NULL;
    return p && p->share >= 0 &&
           (double)p->inside < fmax(1, ceil((double)a->limit.value * p->share - 1e-9));
}

static void count(struct adaptive *a, const struct call *c, int by) {
    integral_add(&a->inside, a->base.sim->clock.now, by);
    if (a->partition)
        a->partition[c->req->class].inside += by;
}

static void accept(struct node *n, struct call *c) {
    struct adaptive *a = adaptive_of(n);
    if (!has_room(a, c)) {
        a->rejected++;
        call_finish(c, OUTCOME_SHED);
        return;
    }
    count(a, c, 1);
    mine(c)->began = n->sim->clock.now;
    mine(c)->in_flight = a->inside.value;
    call_send(c, &a->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct adaptive *a = adaptive_of(n);
    const struct adaptive_call *m = mine(c);
    uint32_t bit = 1u << sub->outcome;
    double rtt = fmax(1, (double)(n->sim->clock.now - m->began));
    count(a, c, -1);
    if (a->ignore & bit) {
        call_pass(c, sub);
        return;
    }
    if (a->algorithm == GRADIENT)
        sample_gradient(a, m, rtt);
    else
        update_netflix(a, &(struct sample){rtt, m->in_flight, (a->drop_on & bit) != 0});
    call_pass(c, sub);
}

/* Who leaves tells nothing. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    count(adaptive_of(n), c, -1);
    return true;
}

/* ---- set-up */

static bool read_partitions(struct adaptive *a, struct error *e) {
    const struct sim *sim = a->base.sim;
    const struct table *t = &a->partitions_value.table;
    if (a->partitions_value.type == VALUE_NIL)
        return true;
    if (a->partitions_value.type != VALUE_TABLE)
        return error_set(e, "partitions: it wants shares by class, such as { live = 0.9 }");
    a->partition = arena_alloc(&a->base.sim->arena, (sim->n_classes + 1) * sizeof *a->partition);
    for (uint32_t i = 0; i < sim->n_classes; i++)
        a->partition[i].share = -1;
    double sum = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const char *name = t->at[i].key ? t->at[i].key : "(positional)";
        int class = sim_find_class(sim, name);
        if (class < 0)
            return error_set(e, "partitions: no workload has a class '%s'", name);
        struct partition *p = &a->partition[class];
        if (!value_number(&t->at[i].value, UNIT_RATIO, &p->share, name, e))
            return error_prefix(e, "partitions");
        sum += p->share;
    }
    return sum <= 1 + 1e-9 || error_set(e, "partitions: the shares add up to %.6g, above 1", sum);
}

static void range_of(const struct adaptive *a, double *initial, double *least, double *most) {
    const int64_t all[][3] = {
        [AIMD] = {a->aimd.initial, a->aimd.least, a->aimd.most},
        [VEGAS] = {a->vegas.initial, 1, a->vegas.most},
        [GRADIENT2] = {a->gradient2.initial, a->gradient2.least, a->gradient2.most},
        [GRADIENT] = {a->gradient.least, a->gradient.least, a->gradient.most},
    };
    *initial = (double)all[a->algorithm][0];
    *least = (double)all[a->algorithm][1];
    *most = (double)all[a->algorithm][2];
}

static bool seal(struct node *n, struct error *e) {
    struct adaptive *a = adaptive_of(n);
    double initial, least, most;
    range_of(a, &initial, &least, &most);
    if (least > most)
        return error_set(e, "%s: the smallest limit, %.0f, is above the largest, %.0f",
                         adaptive_algorithms[a->algorithm], least, most);
    hist_init(&a->samples, HIST_COARSE);
    hist_init(&a->windowed.hist, HIST_COARSE);
    event_init(&a->update, update_gradient);
    event_init(&a->measure, begin_measuring);
    a->estimate = between(initial, least, most);
    a->limit.value = (int64_t)a->estimate;
    return read_partitions(a, e);
}

static void start(struct node *n) {
    struct adaptive *a = adaptive_of(n);
    a->rng.state = rng_key(n->salt, 0x6c696d6974u);
    if (a->algorithm == VEGAS)
        vegas_start(&a->vegas, &a->rng);
    if (a->algorithm != GRADIENT)
        return;
    if (a->gradient.fixed_value > 0)
        event_at(&n->sim->clock, &a->update, n->sim->clock.now + a->gradient.update_interval);
    else
        begin_measuring(&a->measure);
}

/* A new range holds at once, all else from the next update on. */
static void changed(struct node *n, const struct param *p) {
    struct adaptive *a = adaptive_of(n);
    double initial, least, most;
    (void)p;
    range_of(a, &initial, &least, &most);
    set_limit(a, a->measuring ? least : between(a->estimate, least, most));
    a->deferred = (int64_t)between((double)a->deferred, least, most);
}

static void release(struct node *n) {
    hist_release(&adaptive_of(n)->samples);
    hist_release(&adaptive_of(n)->windowed.hist);
}

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "limit", struct adaptive, limit, "the limit, mean over time"),
    METRIC(SHARE, "utilization", struct adaptive, inside, "share of the limit that is in use",
           .offset2 = offsetof(struct adaptive, limit)),
    METRIC(COUNTER, "rejected", struct adaptive, rejected, "calls refused above the limit"),
    METRIC(PER, "min_rtt", struct adaptive, rtt_ns,
           "what it compares RTTs with (no-load RTT, or the long average), mean over updates",
           .offset2 = offsetof(struct adaptive, rtt_s), .unit = UNIT_TIME),
    {0},
};

/* ---- full audit */

static void look(void *ctx, void *object) {
    const struct call *c = object;
    *(int64_t *)ctx += !c->travelling;
}

static bool check(struct node *n, struct error *e) {
    const struct adaptive *a = adaptive_of(n);
    int64_t calls = 0, parts = 0;
    pool_each(&n->calls, look, &calls);
    for (uint32_t i = 0; a->partition && i < n->sim->n_classes; i++)
        parts += a->partition[i].inside;
    if (calls != a->inside.value || (a->partition && calls != parts))
        return error_set(e, "%lld calls are inside, %lld are counted, %lld in its partitions",
                         (long long)calls, (long long)a->inside.value, (long long)parts);
    if (a->limit.value < 1 || a->limit.value != (int64_t)floor(a->estimate))
        return error_set(e, "its limit is %lld, its estimate %g", (long long)a->limit.value,
                         a->estimate);
    return !a->measuring || !event_pending(&a->update) ||
           error_set(e, "it measures the no-load RTT and is to update the limit meanwhile");
}

const struct node_type adaptive_concurrency_type = {
    .kind = "adaptive_concurrency",
    .summary = "a limit on calls in flight that follows their latency; refuses what is above it",
    .follows = "Netflix concurrency-limits (aimd, vegas, gradient2); Envoy adaptive concurrency "
               "(gradient)",
    .example = "adaptive_concurrency { algorithm = \"gradient2\", gradient2 = { max_concurrency = "
               "500 }, backend }",
    .params = adaptive_params,
    .metrics = metrics,
    .size = sizeof(struct adaptive),
    .call_size = sizeof(struct adaptive_call),
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .release = release,
            .check = check},
};
