/* A substitute answer: worse than the real one, and always there. */
#include "core/sim.h"
#include "node/leaf.h"
#include "node/registry.h"

struct degraded {
    struct leaf leaf;
    double quality;
};

static struct degraded *degraded_of(struct node *n) {
    return container_of(leaf_of(n), struct degraded, leaf);
}

static void answer(struct call *c) {
    c->quality = (float)degraded_of(c->node)->quality;
    call_finish(c, OUTCOME_DEGRADED);
}

static bool init(struct node *n, struct error *e) {
    (void)e;
    leaf_of(n)->answer = answer;
    return true;
}

static const struct param params[] = {
    PARAM(RATIO, "quality", struct degraded, quality, "0.5",
          "what the answer is worth beside a full one", .flags = LIVE, .max = 1),
    LEAF_PARAM("time until the answer is there"),
    {0},
};

const struct node_type degraded_type = {
    .kind = "degraded",
    .summary = "answers with less quality: defaults, stale results, candidates without ranking",
    .example = "fallback { backend, degraded { quality = 0.9, after = \"1ms\" } }",
    .params = params,
    .size = sizeof(struct degraded),
    .call_size = sizeof(struct leaf_call),
    .ops = {.init = init, .seal = leaf_seal, .accept = leaf_accept, .cancel = leaf_cancel},
};
