#include "core/audit.h"

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
    const char *part = only ? " (one edge of it)" : "";
    struct meter_totals sum = meter_totals(m);
    if (sum.arrived != sum.departed + t.live || (uint64_t)m->in_flight.value != t.live)
        return error_set(e,
                         "audit: %s%s: %llu calls arrived, %llu departed, %llu are in flight; seed "
                         "%llu, replication %llu. This is a bug in nines; please report it",
                         n->address, part, (unsigned long long)sum.arrived,
                         (unsigned long long)sum.departed, (unsigned long long)t.live,
                         (unsigned long long)sim->seed, (unsigned long long)sim->replication);
    if (integral_area(&m->in_flight, t.now) != sum.sojourn + t.age)
        return error_set(
            e,
            "audit: %s%s: Little's law does not hold; seed %llu, replication %llu. This "
            "is a bug in nines; please report it",
            n->address, part, (unsigned long long)sim->seed, (unsigned long long)sim->replication);
    return true;
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
    return clock_check(&sim->clock) || error_set(e, "audit: the event heap is out of order");
}

bool audit_closed(struct sim *sim, struct error *e) {
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (sim->order[i]->calls.live)
            return error_set(
                e,
                "audit: %s: %u calls are left after the end; seed %llu, replication %llu. "
                "This is a bug in nines; please report it",
                sim->order[i]->address, sim->order[i]->calls.live, (unsigned long long)sim->seed,
                (unsigned long long)sim->replication);
    if (sim->requests.live)
        return error_set(e,
                         "audit: %u requests are left after the end; seed %llu. This is a bug in "
                         "nines; please report it",
                         sim->requests.live, (unsigned long long)sim->seed);
    return true;
}
