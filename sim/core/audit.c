#include "core/audit.h"

#include <stdarg.h>
#include <stdio.h>

bool audit_bug(const struct sim *sim, const struct node *n, struct error *e, const char *format,
               ...) {
    char what[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    return error_set(e,
                     "audit: %s%s%s; t = %.9g s, seed %llu, replication %llu. This is a bug in "
                     "nines; please report it",
                     n ? n->address : "", n ? ": " : "", what, ns_to_s(sim_time(sim)),
                     (unsigned long long)sim->seed, (unsigned long long)sim->replication);
}

struct tally {
    ns_t now;
    uint64_t live, age;
    const struct edge *only; /* NULL: all */
};

static void add_live(void *ctx, void *object) {
    struct tally *t = ctx;
    const struct call *c = object;
    if (c->state != CALL_LIVE || (t->only && c->via != t->only))
        return;
    t->live++;
    t->age += (uint64_t)(t->now - c->start);
}

static bool meter_holds(struct sim *sim, struct node *n, const struct meter *m,
                        const struct edge *only, struct error *e) {
    struct tally t = {.now = sim->clock.now, .only = only};
    pool_each(&n->calls, add_live, &t);
    const char *part = only ? "one of its edges: " : "";
    struct meter_totals sum = meter_totals(m);
    if (sum.arrived != sum.departed + t.live || (uint64_t)m->in_flight.value != t.live)
        return audit_bug(sim, n, e, "%s%llu calls arrived, %llu departed, %llu are in flight", part,
                         (unsigned long long)sum.arrived, (unsigned long long)sum.departed,
                         (unsigned long long)t.live);
    return integral_area(&m->in_flight, t.now) == sum.sojourn + t.age ||
           audit_bug(sim, n, e, "%sLittle's law does not hold", part);
}

bool audit_now(struct sim *sim, struct error *e) {
    for (uint32_t i = 0; i < sim->n_order; i++) {
        struct node *n = sim->order[i];
        if (n->type->flags & NODE_RESOURCE)
            continue;
        bool shared = n->n_out && n->out[0]->meter == &n->meter; /* a source's is its edge's */
        if (!shared && !meter_holds(sim, n, &n->meter, NULL, e))
            return false;
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->out[k]->meter &&
                !meter_holds(sim, n->out[k]->to, n->out[k]->meter, n->out[k], e))
                return false;
    }
    return clock_check(&sim->clock) || audit_bug(sim, NULL, e, "the event heap is out of order");
}

bool audit_closed(struct sim *sim, struct error *e) {
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (sim->order[i]->calls.live)
            return audit_bug(sim, sim->order[i], e, "%u calls are left after the end",
                             sim->order[i]->calls.live);
    return !sim->requests.live ||
           audit_bug(sim, NULL, e, "%u requests are left after the end", sim->requests.live);
}
