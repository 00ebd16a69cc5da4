/* Admission control: when too small a share of the answers is good, a share of the calls is refused
 * by chance, more of them the further it falls short. Refused calls are no samples. */
#include "core/sim.h"
#include "node/odds.h"
#include "node/registry.h"

enum { PURPOSE_ADMIT };

struct admission {
    struct node base;
    struct edge inner;
    ns_t window;
    double aggression, threshold, most, least_rps;
    uint32_t success;

    struct recent recent;
    uint64_t rejected;
};

static struct admission *admission_of(struct node *n) {
    return container_of(n, struct admission, base);
}

static bool refuses(struct admission *a, const struct call *c) {
    struct recent *r = &a->recent;
    ns_t now = a->base.sim->clock.now, age;
    recent_roll(r, now);
    age = recent_age(r, now);
    if ((double)r->sum.all < a->least_rps * ns_to_s(age > NS_PER_S ? age : NS_PER_S))
        return false;
    double p =
        odds_envoy((double)r->sum.all, (double)r->sum.good, a->threshold, a->aggression, a->most);
    if (p <= 0)
        return false;
    struct rng rng = call_rng(c, PURPOSE_ADMIT);
    return rng_unit(&rng) < p;
}

static void accept(struct node *n, struct call *c) {
    struct admission *a = admission_of(n);
    if (refuses(a, c)) {
        a->rejected++;
        call_finish(c, OUTCOME_SHED);
        return;
    }
    call_send(c, &a->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct admission *a = admission_of(n);
    recent_add(&a->recent, n->sim->clock.now, 1, a->success >> sub->outcome & 1);
    call_pass(c, sub);
}

/* Who leaves without an answer has had none that was good. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)c;
    if (cause != CAUSE_CRASH)
        recent_add(&admission_of(n)->recent, n->sim->clock.now, 1, 0);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct admission *a = admission_of(n);
    if (a->threshold <= 0)
        return error_set(e, "sr_threshold: it must be above 0");
    recent_init(&a->recent, &n->sim->arena, a->window, a->window > NS_PER_S ? NS_PER_S : a->window);
    return true;
}

static const struct param params[] = {
    PARAM(TIME, "sampling_window", struct admission, window, "30s",
          "answers of this time count, in parts of a second", .min = 1e-6, .max = 3600),
    PARAM(NUMBER, "aggression", struct admission, aggression, "1",
          "the share that is refused is raised to the power of 1 / this", .flags = LIVE, .min = 1,
          .max = 1e6),
    PARAM(RATIO, "sr_threshold", struct admission, threshold, "95%",
          "share of good answers below which calls are refused", .flags = LIVE, .max = 1),
    PARAM(NUMBER, "rps_threshold", struct admission, least_rps, "0",
          "with fewer answers a second than this nothing is refused", .flags = LIVE, .max = 1e12),
    PARAM(RATIO, "max_rejection_probability", struct admission, most, "80%",
          "the largest share that is refused", .flags = LIVE, .max = 1),
    PARAM(OUTCOMES, "success_criteria", struct admission, success, "ok, degraded, limited, invalid",
          "good answers; by default those that would be below HTTP 500"),
    PARAM(NODE, "inner", struct admission, inner, NULL, "what is protected",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "rejected", struct admission, rejected, "calls refused"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct recent *r = &admission_of(n)->recent;
    return (recent_check(r) && r->sum.good <= r->sum.all) ||
           error_set(e, "the parts of its window do not add up to %llu good answers of %llu",
                     (unsigned long long)r->sum.good, (unsigned long long)r->sum.all);
}

const struct node_type admission_control_type = {
    .kind = "admission_control",
    .summary = "refuses a share of the calls while too few of the answers are good",
    .follows = "Envoy admission control filter",
    .example = "admission_control { sr_threshold = \"95%\", aggression = 2, backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct admission),
    .ops = {.seal = seal, .accept = accept, .reply = reply, .cancel = cancel, .check = check},
};
