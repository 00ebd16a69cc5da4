/* The shipped scenarios twice in one process, and on one, two and three threads: every value of
 * every replication is the same, bit for bit. */
#include "check.h"

#include "lab.h"

enum { REPLICATIONS = 4 };

struct shipped {
    const char *path, *set;
    const char *cases[2];
    double seconds; /* long enough for the phases of its cases */
};

static struct study *study_of(struct scenario_maker *maker, const struct shipped *s, uint64_t seed,
                              int jobs) {
    static struct study studies[5];
    static int used;
    struct study *out = &studies[used++ % 5];
    struct error e = {{0}};
    struct study_options o = {.seed = seed,
                              .replications = REPLICATIONS,
                              .warmup = ns_from_s(1),
                              .duration = ns_from_s(s->seconds),
                              .jobs = jobs,
                              .cases = s->cases,
                              .n_cases = s->cases[1] ? 2 : 1,
                              .claims = false,
                              .all_nodes = true};
    if (!study_run(maker, &o, out, &e))
        fail_msg("%s: %s", s->path, e.text);
    return out;
}

static bool same_replication(const struct study *s, const struct replication *a,
                             const struct replication *b) {
    return !memcmp(a->value, b->value, s->n_queries * sizeof *a->value) &&
           !memcmp(a->lack, b->lack, s->n_queries) && a->events == b->events &&
           a->offered == b->offered && a->finished == b->finished &&
           !memcmp(a->by_outcome, b->by_outcome, sizeof a->by_outcome);
}

static bool same(const struct study *a, const struct study *b) {
    bool all = a->n_queries == b->n_queries && a->n_cases == b->n_cases;
    for (uint32_t c = 0; all && c < a->n_cases; c++) {
        all = a->cases[c].n == REPLICATIONS && b->cases[c].n == REPLICATIONS;
        for (uint32_t r = 0; all && r < REPLICATIONS; r++)
            all = same_replication(a, &a->cases[c].rep[r], &b->cases[c].rep[r]);
    }
    return all;
}

static void check(const struct shipped *s) {
    struct error e = {{0}};
    struct host_options host = {.library = "lua"};
    struct scenario_maker *maker = host_open(s->path, &host, &s->set, s->set ? 1 : 0, &e);
    if (!maker)
        fail_msg("%s", e.text);
    struct study *first = study_of(maker, s, 1, 1), *other[4];
    other[0] = study_of(maker, s, 1, 1);
    other[1] = study_of(maker, s, 1, 2);
    other[2] = study_of(maker, s, 1, 3);
    other[3] = study_of(maker, s, 2, 1);
    assert_true(first->cases[0].rep[0].offered > 0);
    for (int i = 0; i < 3; i++)
        assert_true(same(first, other[i]));
    assert_false(same(first, other[3])); /* another seed is seen */
    study_release(first);
    for (int i = 0; i < 4; i++)
        study_release(other[i]);
    host_close(maker);
}

static void quickstart(void **state) {
    (void)state;
    check(&(struct shipped){"scenarios/quickstart.lua", NULL, {"base"}, 100});
}

/* Faults, a ring of replicas, shared cores, a breaker: at a tenth of the load. */
static void recsys(void **state) {
    (void)state;
    const char *rate = lab_quick() ? "rps=100" : "rps=1000";
    check(&(struct shipped){"scenarios/recsys.lua", rate, {"base", "slow_pod"}, 180});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(quickstart), cmocka_unit_test(recsys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
