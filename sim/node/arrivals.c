#include "node/arrivals.h"

#include <math.h>
#include <string.h>

#include "core/sim.h"

enum arrival_kind { POISSON, DETERMINISTIC };
const char *const arrival_names[] = {"poisson", "deterministic", NULL};

/* The next gap in units of the mean gap. */
static inline double unit_gap(struct arrivals *a) {
    if (a->interarrival)
        return dist_draw(a->interarrival->dist, &a->rng) / a->law_mean;
    return a->kind == POISSON ? rng_exponential(&a->rng) : 1;
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

static void schedule(struct arrivals *a, double area) {
    struct sim *sim = a->source->sim;
    ns_t now = sim->clock.now;
    double wait = a->gap > 0 ? area * a->gap
                  : a->factor > 0
                      ? after_area(a->current, ns_to_s(sim_time(sim)), area / a->factor) * 1e9
                      : (double)INFINITY;
    a->left = area;
    if (wait < 9e18)
        event_at(&sim->clock, &a->event, now + (wait < 4e18 ? (ns_t)(wait + 0.5) : NS_LIMIT));
}

void arrivals_next(struct arrivals *a) {
    schedule(a, unit_gap(a));
}

static void adopt(struct arrivals *a) {
    double rate = quantity_fixed(a->rate) ? a->rate->value * a->factor : 0;
    a->current = a->rate;
    a->gap = rate > 0 ? 1e9 / rate : 0;
}

/* What is left of the present gap, in expected arrivals; the arrival is taken off the clock. */
static double take_left(struct arrivals *a) {
    struct sim *sim = a->source->sim;
    if (!event_pending(&a->event))
        return a->left;
    double left = a->factor * area_between(a->current, ns_to_s(sim_time(sim)),
                                           ns_to_s(a->event.time - sim->limits.warmup));
    event_cancel(&sim->clock, &a->event);
    return left;
}

void arrivals_changed(struct arrivals *a, const struct param *p) {
    if (strcmp(p->name, "rate"))
        return;
    double left = take_left(a);
    adopt(a);
    schedule(a, left);
}

/* ---- states */

static void stay(struct arrivals *a) {
    struct clock *clock = &a->source->sim->clock;
    ns_t stays = ns_from_s(a->state[a->now].mean * rng_exponential(&a->state_rng));
    event_at(clock, &a->turn, clock->now + stays);
}

static void enter(struct arrivals *a, uint32_t state) {
    a->now = state;
    a->factor = a->state[state].factor;
}

static void turn(struct event *ev) {
    struct arrivals *a = container_of(ev, struct arrivals, turn);
    double left = take_left(a);
    uint32_t other = (uint32_t)rng_below(&a->state_rng, a->n_states - 1);
    enter(a, other + (other >= a->now)); /* any but the present one */
    adopt(a);
    schedule(a, left);
    stay(a);
}

/* As it would be found after a long time: every state is visited as often as any other one. */
static void enter_some(struct arrivals *a) {
    double sum = 0;
    for (uint32_t i = 0; i < a->n_states; i++)
        sum += a->state[i].mean;
    double u = sum * rng_unit(&a->state_rng);
    uint32_t i = 0;
    while (i + 1 < a->n_states && u >= a->state[i].mean)
        u -= a->state[i++].mean;
    enter(a, i);
}

static bool read_states(struct arrivals *a, struct error *e) {
    const struct value *v = &a->mmpp_value;
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE || v->table.n < 2 || table_count(&v->table) != v->table.n)
        return error_set(e, "mmpp: it wants two states or more, such as { 1, \"60s\" }");
    a->n_states = v->table.n;
    a->state = arena_alloc(&a->source->sim->arena, a->n_states * sizeof *a->state);
    for (uint32_t i = 0; i < a->n_states; i++) {
        const struct value *p = table_at(&v->table, i + 1);
        struct arrivals_state *s = &a->state[i];
        if (p->type != VALUE_TABLE || p->table.n != 2 || table_count(&p->table) != 2)
            return error_set(e, "mmpp: state %u is %s; it wants { factor, duration }", i + 1,
                             value_type_name(p));
        if (!value_number(table_at(&p->table, 1), UNIT_NONE, &s->factor, "mmpp: factor", e) ||
            !value_number(table_at(&p->table, 2), UNIT_TIME, &s->mean, "mmpp: duration", e))
            return false;
        if (!(s->factor >= 0) || s->factor > 1e12 || !(s->mean >= 1e-6) || s->mean > 1e12)
            return error_set(e,
                             "mmpp: state %u: the factor must not be negative, and the duration "
                             "a microsecond or more",
                             i + 1);
    }
    return true;
}

/* ---- life */

static bool check_law(struct arrivals *a, struct error *e) {
    const struct quantity *gap = a->interarrival;
    if (!gap)
        return a->rate || a->n_states ||
               error_set(e, "'rate' is missing: requests a second (or give interarrival)");
    if (gap->kind == QUANTITY_CONSTANT)
        return gap->value > 0 || error_set(e, "interarrival: it must be above 0");
    if (gap->kind != QUANTITY_DIST)
        return error_set(e, "interarrival: it wants a distribution or a duration");
    a->law_mean = dist_mean(gap->dist);
    return (a->law_mean > 0 && !isinf(a->law_mean)) ||
           error_set(e, "interarrival: its mean must be above 0 and finite");
}

bool arrivals_init(struct arrivals *a, struct node *source, struct error *e) {
    a->source = source;
    return read_states(a, e) && check_law(a, e);
}

/* Only now is it known what the gaps are: both may have been set from outside. */
bool arrivals_seal(struct arrivals *a, struct error *e) {
    if (!check_law(a, e))
        return false;
    if (!a->rate)
        a->rate = quantity_constant(a->source->sim,
                                    a->interarrival ? 1 / quantity_mean(a->interarrival, 0) : 1);
    if (a->interarrival && a->interarrival->kind == QUANTITY_CONSTANT) {
        a->interarrival = NULL;
        a->kind = DETERMINISTIC;
    }
    return true;
}

void arrivals_start(struct arrivals *a, void (*fire)(struct event *)) {
    a->rng.state = rng_key(a->source->salt, 0x6172726976616c73u);
    a->state_rng.state = rng_key(a->source->salt, 0x737461746573u);
    a->factor = 1;
    event_init(&a->event, fire);
    event_init(&a->turn, turn);
    if (a->n_states) {
        enter_some(a);
        stay(a);
    }
    adopt(a);
    arrivals_next(a);
}
