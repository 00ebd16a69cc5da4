/* Something that always fails: a dependency that is gone, or the end of a list of substitutes. */
#include "core/sim.h"
#include "node/leaf.h"
#include "node/registry.h"

struct fail {
    struct leaf leaf;
    int outcome; /* counted from OUTCOME_ERROR */
};

static struct fail *fail_of(struct node *n) {
    return container_of(leaf_of(n), struct fail, leaf);
}

static void answer(struct call *c) {
    call_finish(c, (enum outcome)(OUTCOME_ERROR + fail_of(c->node)->outcome));
}

static bool init(struct node *n, struct error *e) {
    (void)e;
    leaf_of(n)->answer = answer;
    return true;
}

static const struct param params[] = {
    PARAM(CHOICE, "outcome", struct fail, outcome, "error", "how every call ends", .flags = LIVE,
          .choices = outcome_names + OUTCOME_ERROR),
    LEAF_PARAM("time until it fails"),
    {0},
};

const struct node_type fail_type = {
    .kind = "fail",
    .summary = "ends every call with a failure",
    .example = "fail { outcome = \"timeout\", after = \"1s\" }",
    .params = params,
    .size = sizeof(struct fail),
    .call_size = sizeof(struct leaf_call),
    .ops = {.init = init, .seal = leaf_seal, .accept = leaf_accept, .cancel = leaf_cancel},
};
