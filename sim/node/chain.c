/* A chain: one step after the other. A policy without a child guards everything after it. */
#include "core/sim.h"
#include "node/registry.h"

struct chain {
    struct node base;
    struct edge_list steps;
};

struct chain_call {
    struct call base;
    uint32_t next;
    float quality;
    bool degraded;
};

static struct chain *chain_of(struct node *n) {
    return container_of(n, struct chain, base);
}
static struct chain_call *mine(struct call *c) {
    return container_of(c, struct chain_call, base);
}

static void accept(struct node *n, struct call *c) {
    struct chain_call *m = mine(c);
    m->next = 1;
    m->quality = 1;
    m->degraded = false;
    call_send(c, &chain_of(n)->steps.at[0]);
}

/* The first failure ends the chain; qualities of the steps multiply. */
static void reply(struct node *n, struct call *c, struct call *sub) {
    struct chain *chain = chain_of(n);
    struct chain_call *m = mine(c);
    m->quality *= sub->quality;
    m->degraded = m->degraded || sub->outcome == OUTCOME_DEGRADED;
    if (!outcome_good(sub->outcome)) {
        call_pass(c, sub);
    } else if (m->next < chain->steps.n) {
        call_send(c, &chain->steps.at[m->next++]);
    } else {
        c->quality = m->quality;
        call_finish(c, m->degraded ? OUTCOME_DEGRADED : OUTCOME_OK);
    }
}

/* The policy in a step that still wants a child: the step itself or the innermost of several nested
 * ones. */
static struct node *open_policy(struct node *n) {
    while (n && !schema_open_child(n))
        n = schema_only_child(n);
    return n;
}

static struct node *rest_of(struct chain *chain, uint32_t from) {
    struct edge_list *steps = &chain->steps;
    if (from + 1 == steps->n)
        return steps->at[from].to;
    struct node *n = node_new(chain->base.sim, &chain_type, chain->base.where);
    struct chain *rest = chain_of(n);
    rest->steps = (struct edge_list){.n = steps->n - from};
    rest->steps.at = arena_alloc(&n->sim->arena, rest->steps.n * sizeof(struct edge));
    for (uint32_t i = 0; i < rest->steps.n; i++)
        edge_join(&rest->steps.at[i], n, steps->at[from + i].to);
    return n;
}

/* From the back, so that inner policies have their children before outer ones take the rest. */
static bool init(struct node *n, struct error *e) {
    struct chain *chain = chain_of(n);
    for (uint32_t i = chain->steps.n; i-- > 0;) {
        struct node *policy = open_policy(chain->steps.at[i].to);
        char label[256];
        if (!policy)
            continue;
        if (i + 1 == chain->steps.n)
            return error_set(e, "the last step (%s) guards nothing: put it before something",
                             node_label(policy, label, sizeof label));
        edge_join(schema_open_child(policy), policy, rest_of(chain, i + 1));
        chain->steps.n = i + 1;
    }
    return true;
}

/* A chain that is nothing but one policy need not be there. */
static struct node *stand_in(struct node *n) {
    struct chain *chain = chain_of(n);
    return chain->steps.n == 1 && !n->named ? chain->steps.at[0].to : n;
}

static const struct param params[] = {
    PARAM(NODES, "steps", struct chain, steps, NULL,
          "what is called, in order; a policy without a child guards all that follows",
          .flags = REQUIRED | CHILD),
    {0},
};

const struct node_type chain_type = {
    .kind = "chain",
    .summary = "one step after the other; the first failure ends it",
    .example = "chain { limiter { rate = 100 }, delay { time = \"1ms\" }, backend }",
    .params = params,
    .size = sizeof(struct chain),
    .call_size = sizeof(struct chain_call),
    .flags = NODE_ANONYMOUS,
    .ops = {.init = init, .accept = accept, .reply = reply, .stand_in = stand_in},
};
