/* An open workload: requests arrive by themselves, whatever becomes of those before. */
#include "core/sim.h"
#include "node/arrivals.h"
#include "node/registry.h"
#include "node/source.h"

struct open {
    struct source source;
    struct arrivals arrivals;
};

static struct open *open_of(struct node *n) {
    return container_of(source_of(n), struct open, source);
}

static void arrive(struct event *ev) {
    struct open *o = container_of(ev, struct open, arrivals.event);
    arrivals_next(&o->arrivals);
    struct call *root = source_open(&o->source, -1);
    if (root)
        call_enter(root);
}

static void start(struct node *n) {
    arrivals_start(&open_of(n)->arrivals, arrive);
}

static void changed(struct node *n, const struct param *p) {
    arrivals_changed(&open_of(n)->arrivals, p);
}

static bool init(struct node *n, struct error *e) {
    return arrivals_init(&open_of(n)->arrivals, n, e) && source_read(source_of(n), true, e);
}

static bool seal(struct node *n, struct error *e) {
    source_seal(source_of(n));
    return arrivals_seal(&open_of(n)->arrivals, e);
}

static const struct param params[] = {
    ARRIVALS_PARAMS(struct open, "requests"),
    SOURCE_CLASSES,
    SOURCE_PARAMS,
    {0},
};

const struct node_type open_type = {
    .kind = "open",
    .summary = "an open workload: users who do not wait for each other",
    .example = "open { name = \"clients\", rate = 1000, classes = { human = { share = 1, priority "
               "= 1 } } }",
    .params = params,
    .size = sizeof(struct open),
    .flags = NODE_SOURCE,
    .ops = {.init = init, .seal = seal, .start = start, .set = changed},
};
