/* Faults at work: switching on and off, and what a gate then lets through. */
#include "agent/fault_impl.h"
#include "core/gate.h"
#include "core/group.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void recompute(struct gate *g) {
    struct effect *effects = g->effects;
    *g = (struct gate){.slow = 1, .effects = effects, .ears = g->ears};
    double works = 1, through = 1;
    for (const struct effect *x = effects; x; x = x->next) {
        const struct fault *f = x->fault;
        if (!f->active)
            continue;
        if (f->kind == FAULT_SLOW)
            g->slow *= f->now;
        else if (f->kind == FAULT_DOWN)
            g->down++;
        else if (f->kind == FAULT_ERRORS)
            works *= 1 - fmin(f->now, 1);
        else if (f->kind == FAULT_DELAY_ADDED)
            g->added += f->now;
        else if (f->kind == FAULT_LOSS || f->kind == FAULT_CUT) {
            through *= f->kind == FAULT_CUT ? 0 : 1 - fmin(f->now, 1);
            g->retransmit = fmax(g->retransmit, f->retransmit);
        }
    }
    g->error_rate = 1 - works;
    g->loss = 1 - through;
    gate_settle(g);
}

static void recompute_all(struct fault *f) {
    for (uint32_t i = 0; i < f->n; i++)
        recompute(&f->nodes[i]->gate);
    for (uint32_t i = 0; i < f->n_edges; i++)
        recompute(&f->edges[i]->gate);
}

/* What `n` had before the fault that first set its parameter `p` after `f` did, and still does;
 * NULL: nobody has. */
static struct param_kept *kept_since(const struct fault *f, const struct node *n,
                                     const struct param *p) {
    const struct fault *next = NULL;
    struct param_kept *kept = NULL;
    for (uint32_t i = 0; i < f->sim->n_agents; i++) {
        if (f->sim->agents[i]->start != fault_start)
            continue;
        const struct fault *g = container_of(f->sim->agents[i], struct fault, agent);
        if (!fault_sets(g) || !g->active || g->turned <= f->turned ||
            (next && g->turned > next->turned))
            continue;
        for (uint32_t k = 0; k < g->n; k++)
            if (g->nodes[k] == n && fault_param(g, n) == p) {
                next = g;
                kept = &g->saved[k];
            }
    }
    return kept;
}

/* Faults may overlap: the last one holds. One that ends below others leaves them what it had found.
 */
static void set_all(struct fault *f, bool on) {
    if (on)
        f->turned = f->sim->clock.fired;
    for (uint32_t i = 0; i < f->n; i++) {
        struct error e = {{0}};
        const struct param *p = fault_param(f, f->nodes[i]);
        struct param_kept *above = on ? NULL : kept_since(f, f->nodes[i], p);
        if (above)
            *above = f->saved[i];
        else if (!on)
            schema_restore(f->nodes[i], p, &f->saved[i], true);
        else {
            struct value v = f->value;
            schema_save(f->nodes[i], p, &f->saved[i]);
            if (f->kind == FAULT_LOSE) /* one is left at least */
                v = value_of_number(fmax(1, schema_number(f->nodes[i], p) - (double)f->count));
            if (!schema_set(f->nodes[i], p, &v, true, &e))
                sim_fail(f->sim, "%s: %s: %s", f->where, fault_types[f->kind].name, e.text);
        }
    }
}

static void apply(struct fault *f, bool on);

/* Takes some of the replicas that are ready down, and brings them back. */
static void lose_replicas(struct fault *f, bool on) {
    const struct group *g = f->group;
    int64_t left = 0, need;
    for (int64_t i = 0; i < g->max; i++) {
        if (!on && f->part[i]->active)
            apply(f->part[i], false);
        left += group_ready(g, (uint32_t)i);
    }
    need = on ? f->count < left ? f->count : left : 0;
    for (int64_t i = g->max - 1; need > 0; i--) {
        if (!group_ready(g, (uint32_t)i))
            continue;
        if (f->pick == PICK_LAST || (int64_t)rng_below(&f->picks, (uint64_t)left) < need) {
            apply(f->part[i], true);
            need--;
        }
        left--;
    }
}

static void apply(struct fault *f, bool on) {
    f->active = on;
    switch (f->kind) {
    case FAULT_SET:
        set_all(f, on);
        break;
    case FAULT_LOSE:
        if (f->group)
            lose_replicas(f, on);
        else
            set_all(f, on);
        break;
    case FAULT_FLUSH:
        for (uint32_t i = 0; on && i < f->n; i++)
            f->nodes[i]->type->ops.flush(f->nodes[i]);
        break;
    default:
        recompute_all(f);
    }
    for (uint32_t i = 0; on && f->kind == FAULT_DOWN && i < f->n; i++)
        node_crash(f->nodes[i]);
}

static ns_t random_span(struct fault *f, const struct quantity *q) {
    if (q->kind == QUANTITY_DIST)
        return ns_from_s(q->scale * dist_draw(q->dist, &f->rng));
    return ns_from_s(q->value * rng_exponential(&f->rng));
}

/* The next moment at which something about an active fault changes: its end or its signal. */
static ns_t next_change(const struct fault *f) {
    ns_t now = sim_time(f->sim), next = f->to;
    if (f->amount && f->amount->kind == QUANTITY_SIGNAL) {
        double step = signal_step(f->amount->signal, ns_to_s(now));
        step = fmax(step, 1e-3);
        if (step < 4e9 && now + ns_from_s(step) < next)
            next = now + ns_from_s(step);
    }
    return next;
}

static void schedule(struct fault *f, ns_t time) {
    if (time != NS_NEVER && time < NS_LIMIT)
        event_at(&f->sim->clock, &f->event, sim_clock_of(f->sim, time));
}

static void turn(struct event *ev) {
    struct fault *f = container_of(ev, struct fault, event);
    ns_t now = sim_time(f->sim);
    if (f->amount)
        f->now = quantity_at(f->amount, ns_to_s(now));
    if (f->mtbf) {
        apply(f, !f->active);
        schedule(f, now + random_span(f, f->active ? f->mttr : f->mtbf));
        return;
    }
    if (f->active && now >= f->to) {
        apply(f, false);
        return;
    }
    if (!f->active)
        apply(f, true);
    else
        recompute_all(f);
    schedule(f, next_change(f));
}

void fault_start(struct agent *a, struct sim *sim) {
    struct fault *f = container_of(a, struct fault, agent);
    (void)sim;
    if (f->splits)
        return;
    event_init(&f->event, turn);
    if (f->mtbf)
        schedule(f, random_span(f, f->mtbf));
    else
        schedule(f, f->from);
}

uint32_t fault_list(const struct sim *sim, struct fault_info *out, uint32_t room) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < sim->n_agents; i++) {
        if (sim->agents[i]->start != fault_start || !sim->agents[i]->seal)
            continue;
        const struct fault *f = container_of(sim->agents[i], struct fault, agent);
        if (n < room)
            out[n] = (struct fault_info){f->text, f->from, f->to};
        n++;
    }
    return n;
}
