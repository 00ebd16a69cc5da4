/* An open workload: requests arrive by themselves, whatever becomes of those before. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"
#include "node/source.h"

enum arrivals { POISSON, DETERMINISTIC };
static const char *const arrival_names[] = {"poisson", "deterministic", NULL};

struct open {
    struct source source;
    struct quantity *rate, *interarrival;
    int arrivals;
    const struct quantity *current; /* the rate that the next arrival was scheduled by */
    double law_mean;                /* of `interarrival` */
    double gap;                     /* mean gap in ns while the rate is constant, else 0 */
    struct rng rng;                 /* gaps belong to no call: a stream of the source */
    struct event event;
};

static struct open *open_of(struct node *n) {
    return container_of(source_of(n), struct open, source);
}

/* The next gap in units of the mean gap. */
static inline double unit_gap(struct open *o) {
    if (o->interarrival)
        return dist_draw(o->interarrival->dist, &o->rng) / o->law_mean;
    return o->arrivals == POISSON ? rng_exponential(&o->rng) : 1;
}

/* Expected number of arrivals from t to t + h, along which the rate goes from r0 to r1 in a
 * straight line; and its inverse. */
static double line_area(double r0, double r1, double h) {
    return (r0 + r1) / 2 * h;
}
static double line_inverse(double r0, double r1, double h, double area) {
    double a = (r1 - r0) / (2 * h);
    if (fabs(a) * h < 1e-12 * (r0 + r1))
        return area / r0;
    return (sqrt(fmax(r0 * r0 + 4 * a * area, 0)) - r0) / (2 * a);
}

/* Seconds after t until the integral of the rate has grown by `area`; INFINITY when it never does.
 */
static double after_area(const struct quantity *rate, double t, double area) {
    if (rate->kind == QUANTITY_CONSTANT)
        return rate->value > 0 ? area / rate->value : (double)INFINITY;
    double from = t;
    for (int guard = 0; guard < 10000000; guard++) {
        double h = signal_step(rate->signal, t), r0 = quantity_at(rate, t);
        if (isinf(h))
            return r0 > 0 ? t - from + area / r0 : (double)INFINITY;
        double r1 = quantity_at(rate, t + h * (1 - 1e-9)); /* left of a jump */
        double here = line_area(r0, r1, h);
        if (here >= area && here > 0)
            return t - from + line_inverse(r0, r1, h, area);
        area -= here;
        t += h;
    }
    return INFINITY;
}

/* Integral of the rate between two times. */
static double area_between(const struct quantity *rate, double from, double to) {
    if (rate->kind == QUANTITY_CONSTANT)
        return rate->value * (to - from);
    double area = 0;
    for (double t = from, h; t < to; t += h) {
        h = fmin(signal_step(rate->signal, t), to - t);
        area += line_area(quantity_at(rate, t), quantity_at(rate, t + h * (1 - 1e-9)), h);
    }
    return area;
}

static void schedule(struct open *o, double area) {
    struct sim *sim = o->source.base.sim;
    ns_t now = sim->clock.now;
    double wait =
        o->gap > 0 ? area * o->gap : after_area(o->current, ns_to_s(sim_time(sim)), area) * 1e9;
    if (wait < 9e18)
        event_at(&sim->clock, &o->event, now + (wait < 4e18 ? (ns_t)(wait + 0.5) : NS_LIMIT));
}

static void arrive(struct event *ev) {
    struct open *o = container_of(ev, struct open, event);
    schedule(o, unit_gap(o));
    struct call *root = source_open(&o->source, -1);
    if (root)
        call_enter(root);
}

static void adopt_rate(struct open *o) {
    o->current = o->rate;
    o->gap = quantity_fixed(o->rate) && o->rate->value > 0 ? 1e9 / o->rate->value : 0;
}

static void start(struct node *n) {
    struct open *o = open_of(n);
    o->rng.state = rng_key(n->salt, 0x6172726976616c73u);
    adopt_rate(o);
    event_init(&o->event, arrive);
    schedule(o, unit_gap(o));
}

/* A new rate takes over what is left of the present gap, in expected arrivals. */
static void changed(struct node *n, const struct param *p) {
    struct open *o = open_of(n);
    if (strcmp(p->name, "rate"))
        return;
    double now = ns_to_s(sim_time(n->sim)), left;
    if (event_pending(&o->event)) {
        left = area_between(o->current, now, ns_to_s(o->event.time - n->sim->limits.warmup));
        event_cancel(&n->sim->clock, &o->event);
    } else
        left = unit_gap(o);
    adopt_rate(o);
    schedule(o, left);
}

static bool check_law(struct open *o, struct error *e) {
    const struct quantity *gap = o->interarrival;
    if (!gap)
        return o->rate ||
               error_set(e, "'rate' is missing: requests a second (or give interarrival)");
    if (gap->kind == QUANTITY_CONSTANT)
        return gap->value > 0 || error_set(e, "interarrival: it must be above 0");
    if (gap->kind != QUANTITY_DIST)
        return error_set(e, "interarrival: it wants a distribution or a duration");
    o->law_mean = dist_mean(gap->dist);
    return (o->law_mean > 0 && !isinf(o->law_mean)) ||
           error_set(e, "interarrival: its mean must be above 0 and finite");
}

static bool init(struct node *n, struct error *e) {
    return check_law(open_of(n), e) && source_read(&open_of(n)->source, true, e);
}

/* Only now is it known what the gaps are: both may have been set from outside. */
static bool seal(struct node *n, struct error *e) {
    struct open *o = open_of(n);
    source_seal(&o->source);
    if (!check_law(o, e))
        return false;
    if (!o->rate)
        o->rate = quantity_constant(n->sim, 1 / quantity_mean(o->interarrival, 0));
    if (o->interarrival && o->interarrival->kind == QUANTITY_CONSTANT) {
        o->interarrival = NULL;
        o->arrivals = DETERMINISTIC;
    }
    return true;
}

static const struct param params[] = {
    PARAM(RATE, "rate", struct open, rate, NULL, "requests a second: a number or a signal",
          .flags = LIVE),
    PARAM(CHOICE, "arrivals", struct open, arrivals, "poisson", "how they come",
          .choices = arrival_names),
    PARAM(QUANTITY, "interarrival", struct open, interarrival, NULL,
          "a distribution of gaps (any renewal process); with a rate only its shape counts",
          .unit = UNIT_TIME),
    SOURCE_CLASSES,
    SOURCE_PARAMS,
    {0},
};

const struct node_type open_type = {
    .kind = "open",
    .summary = "an open workload: users who do not wait for each other",
    .example = "open { name = \"clients\", rate = 1000, classes = { human = { share = 1, priority "
               "= 1 } } }",
    .params = params,
    .size = sizeof(struct open),
    .flags = NODE_SOURCE,
    .ops = {.init = init, .seal = seal, .start = start, .set = changed},
};
