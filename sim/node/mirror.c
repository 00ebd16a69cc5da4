/* A mirror: a share of the calls is sent to a shadow as well, whose answers nobody sees.
 *
 * What the shadow gets is a request of its own, of the same class and facts, that no user has
 * sent: it is in the books of the shadow and of what is below, and in nobody's latency. */
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_SHARE };

struct mirror {
    struct node base;
    struct edge inner, shadow;
    double share;
    uint64_t mirrored;
};

static struct mirror *mirror_of(struct node *n) {
    return container_of(n, struct mirror, base);
}

static void send_copy(struct mirror *m, const struct call *c) {
    struct call *copy = call_open_over(&m->shadow, ORIGIN_MIRROR);
    if (!copy)
        return;
    struct sim *sim = m->base.sim;
    m->mirrored++;
    copy->req->id = c->req->id;
    copy->req->key = c->req->key;
    request_classify(sim, copy->req, c->req->class);
    if (sim->n_facts)
        memcpy(copy->req->fact, c->req->fact, sim->n_facts * sizeof *c->req->fact);
    copy->key = c->key;
    copy->attempt = c->attempt;
    copy->deadline = c->deadline;
    call_enter(copy);
}

/* The call itself goes first: at a server that both need, the shadow is behind. */
static void accept(struct node *n, struct call *c) {
    struct mirror *m = mirror_of(n);
    struct rng r = call_rng(c, PURPOSE_SHARE);
    call_send(c, &m->inner);
    if (rng_unit(&r) < m->share)
        send_copy(m, c);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    return what != PROBE_IN_FLIGHT && node_probe(mirror_of(n)->inner.to, what, answer);
}

static const struct param params[] = {
    PARAM(NODE, "inner", struct mirror, inner, NULL, "who answers", .flags = REQUIRED | CHILD),
    PARAM(NODE, "shadow", struct mirror, shadow, NULL, "who gets the copies", .flags = REQUIRED),
    PARAM(RATIO, "share", struct mirror, share, "100%", "share of the calls that are copied",
          .flags = LIVE, .max = 1),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "mirrored", struct mirror, mirrored, "calls that were copied"),
    {0},
};

const struct node_type mirror_type = {
    .kind = "mirror",
    .summary = "copies a share of the calls to a shadow whose answers are thrown away",
    .follows = "Envoy request mirroring",
    .example = "mirror { share = \"10%\", shadow = candidate, stable }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct mirror),
    .ops = {.accept = accept, .reply = reply, .probe = probe},
};
