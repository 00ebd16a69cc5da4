/* Quantities: durations, sizes, weights and rates of a component that may be a constant, a
 * distribution, a table by class, an affine function or a table of request facts, a signal over
 * time, or a function of the scenario.
 *
 * Made while the model is built (in its arena; distributions are freed with the simulation),
 * resolved when it is sealed, then only drawn from. */
#ifndef NINES_CORE_QUANTITY_H
#define NINES_CORE_QUANTITY_H

#include "base/dist.h"
#include "core/call.h"
#include "core/signal.h"
#include "core/value.h"

enum quantity_kind {
    QUANTITY_CONSTANT,
    QUANTITY_DIST,
    QUANTITY_SIGNAL,
    QUANTITY_BY_CLASS,
    QUANTITY_LINEAR,
    QUANTITY_TABLE,
    QUANTITY_CALLBACK
};

struct fact_term {
    const char *fact;
    int index;
    double per_unit;
};

struct quantity {
    enum quantity_kind kind;
    bool shares;        /* a scaled copy: the distribution is freed with the original */
    double scale;       /* multiplies all but a constant */
    double exponential; /* mean of a distribution that is one, known when resolved; else 0 */
    const char *where;  /* "file.lua:12" of what is resolved late; NULL: unknown */
    union {
        double value;
        struct dist *dist;
        const struct signal *signal;
        struct {
            const struct quantity **of; /* by class index, after resolving */
            struct {
                const char *class;
                const struct quantity *q;
            } * named;
            uint32_t n;
        } by_class;
        struct {
            const struct quantity *base;
            struct fact_term *term;
            uint32_t n;
        } linear;
        struct {
            struct fact_term by;
            double *x, *y;
            uint32_t n;
        } table;
        struct callback *callback;
    };
};

/* Makes a quantity of a value: number, text with a unit, distribution, per-class table, function.
 * NULL with an error. */
struct quantity *quantity_read(struct sim *sim, const struct value *v, enum unit unit,
                               const char *what, struct error *e);
struct quantity *quantity_new(struct sim *sim, enum quantity_kind kind);
struct quantity *quantity_constant(struct sim *sim, double value);
struct quantity *quantity_scaled(struct sim *sim, const struct quantity *q, double by);

/* `linear { "6ms", batch_size = "1.2ms" }` and `table { by = "tokens", { 0, "1ms" }, { 1000, "9ms"
 * } }` */
struct quantity *quantity_linear(struct sim *sim, const struct table *t, struct error *e);
struct quantity *quantity_table(struct sim *sim, const struct table *t, struct error *e);

/* Looks up classes and facts by name; for sim_seal. */
bool quantity_resolve(struct quantity *q, struct sim *sim, struct error *e);

/* A value for this call, in base units, not negative. Distributions draw from the call's key. */
double quantity_general(const struct quantity *q, const struct call *c, uint64_t purpose);

static inline double quantity_draw(const struct quantity *q, const struct call *c,
                                   uint64_t purpose) {
    if (q->kind == QUANTITY_CONSTANT)
        return q->value;
    if (q->kind == QUANTITY_DIST) {
        struct rng r = call_rng(c, purpose);
        return q->scale *
               (q->exponential > 0 ? q->exponential * rng_exponential(&r) : dist_draw(q->dist, &r));
    }
    return quantity_general(q, c, purpose);
}

/* Duration drawn for a call, stretched by a slow fault on its node. */
static inline ns_t quantity_ns(const struct quantity *q, const struct call *c, uint64_t purpose) {
    return ns_from_s(quantity_draw(q, c, purpose) * node_slow(c->node));
}

/* Value at a time (s since the end of warm-up) of a constant or signal; NaN for the others. */
double quantity_at(const struct quantity *q, double t);
static inline bool quantity_fixed(const struct quantity *q) {
    return q->kind == QUANTITY_CONSTANT;
}

/* Mean where it is known without facts or code: constants, distributions, signals at `t`; NaN
 * otherwise. */
double quantity_mean(const struct quantity *q, double t);

#endif
