#include "core/drive.h"

#include <math.h>

#include "core/sim.h"

struct drive {
    struct agent agent;
    struct event event;
    struct node *node;
    const struct param *param;
    const struct quantity *signal;
};

static void change(struct event *ev) {
    struct drive *d = container_of(ev, struct drive, event);
    struct sim *sim = d->node->sim;
    double t = ns_to_s(sim_time(sim));
    double x = quantity_at(d->signal, t);
    struct value v = value_of_number(d->param->kind == PARAM_INTEGER ? round(x) : x);
    struct error e = {{0}};
    if (!schema_set(d->node, d->param, &v, true, &e)) {
        sim_fail(sim, "%s: %s", d->node->address, e.text);
        return;
    }
    double step = signal_step(d->signal->signal, t);
    if (isfinite(step) && step < 4e9)
        event_at(&sim->clock, ev, sim->clock.now + ns_from_s(step > 1e-3 ? step : 1e-3));
}

static void start(struct agent *a, struct sim *sim) {
    struct drive *d = container_of(a, struct drive, agent);
    if (!d->node->sealed)
        return; /* made, but not part of the model */
    event_init(&d->event, change);
    event_at(&sim->clock, &d->event, sim->clock.now);
}

void drive_param(struct sim *sim, struct node *node, const struct param *p,
                 const struct quantity *signal) {
    struct drive *d = arena_alloc(&sim->arena, sizeof *d);
    *d = (struct drive){.agent = {.start = start}, .node = node, .param = p, .signal = signal};
    sim_add_agent(sim, &d->agent);
}
