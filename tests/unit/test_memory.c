/* Memory that runs out while a model is built or a study is set up: for every allocation that can
 * fail there is one clean sentence, and nothing is left behind. */
#include "bind/host.h"
#include "check.h"
#include "lab.h"
#include "lab/study.h"
#include "starve.h"

static const char model[] = "tests/unit/starve/model.lua";

enum { DENSE = 500, MANY = 200000 };

/* Every allocation at first; later strides of a length that differs, so that runs with other seeds
 * would meet others. */
static long after(long n, long stride, struct rng *r) {
    return n < DENSE || stride == 1 ? n + 1
                                    : n + 1 + (long)rng_below(r, (uint64_t)(2 * stride - 1));
}

/* What one attempt made, to be compared with what is made when memory suffices. */
struct print {
    uint32_t nodes, knobs, quantities, queries, names;
};

static bool build_once(struct print *out, struct error *e) {
    const struct host_options o = {.library = "lua"};
    const struct scenario_request r = {
        .seed = 7, .replication = 1, .warmup = -1, .in_case = "base"};
    struct scenario s;
    struct scenario_maker *m = host_open(model, &o, NULL, 0, e);
    bool ok = m && m->build(m, &r, &s, e);
    *out = (struct print){0};
    if (ok) {
        *out = (struct print){s.sim->n_order, s.n_knobs, s.sim->n_quantities, s.n_claims, s.n_slo};
        m->free_sim(m, s.sim);
    }
    host_close(m);
    return ok;
}

/* ---- the study: its first build is out of the way before anything fails */

struct wrapped {
    struct scenario_maker base, *real;
    long n;
    bool all, begun;
};

static bool build_wrapped(const struct scenario_maker *base, const struct scenario_request *r,
                          struct scenario *out, struct error *e) {
    struct wrapped *w = (struct wrapped *)(uintptr_t)base;
    bool ok = w->real->build(w->real, r, out, e);
    if (!w->begun)
        starve_arm(w->n, w->all);
    w->begun = true;
    return ok;
}

static void free_wrapped(const struct scenario_maker *base, struct sim *sim) {
    const struct wrapped *w = (const struct wrapped *)(const void *)base;
    w->real->free_sim(w->real, sim);
}

static bool study_once(struct scenario_maker *real, long n, bool all, struct print *out,
                       struct error *e) {
    struct wrapped w = {{build_wrapped, free_wrapped}, real, n, all, false};
    const struct study_options o = {.seed = 7,
                                    .replications = 2,
                                    .warmup = 0,
                                    .duration = 1000000,
                                    .jobs = 2,
                                    .claims = true,
                                    .windows = 4};
    struct study s;
    bool ok = study_run(&w.base, &o, &s, e);
    *out = (struct print){0};
    if (ok)
        *out = (struct print){.queries = s.n_queries, .names = s.names.n, .nodes = s.n_cases};
    study_release(&s);
    return ok;
}

/* ---- tests */

static void starve_building(bool all, long stride) {
    struct print whole, got;
    struct error e = {{0}};
    struct rng r = {5};
    assert_true(build_once(&whole, &e)); /* also warms what the C library keeps */
    for (long n = 0; n < MANY; n = after(n, stride, &r)) {
        struct held before = held_now();
        e = (struct error){{0}};
        starve_arm(n, all);
        bool ok = build_once(&got, &e), fired = starve_disarm();
        if (ok) /* Lua collects its garbage and asks again, which one failure does not spoil */
            assert_memory_equal(&got, &whole, sizeof got);
        else
            assert_clean(&e);
        assert_same_held(before, n, &e);
        if (!fired) {
            assert_true(ok && n > 1000);
            return;
        }
    }
    fail_msg("there is no end to the allocations");
}

static void test_one_fails(void **state) {
    (void)state;
    starve_building(false, lab_quick() ? 40 : 1);
}

static void test_all_fail(void **state) {
    (void)state;
    starve_building(true, lab_quick() ? 40 : 1);
}

static void starve_study(bool all) {
    const struct host_options o = {.library = "lua"};
    struct error e = {{0}};
    struct print whole, got;
    struct rng r = {6};
    struct scenario_maker *m = host_open(model, &o, NULL, 0, &e);
    assert_non_null(m);
    assert_true(study_once(m, MANY, all, &whole, &e));
    starve_disarm();
    for (long n = 0; n < MANY; n = after(n, lab_quick() ? 20 : 1, &r)) {
        struct held before = held_now();
        e = (struct error){{0}};
        bool ok = study_once(m, n, all, &got, &e), fired = starve_disarm();
        if (ok) /* a thread that was not to be had */
            assert_memory_equal(&got, &whole, sizeof got);
        else
            assert_clean(&e);
        assert_same_held(before, n, &e);
        if (!fired) {
            assert_true(ok && n > 5);
            host_close(m);
            return;
        }
    }
    fail_msg("there is no end to the allocations");
}

static void test_study_one_fails(void **state) {
    (void)state;
    starve_study(false);
}

static void test_study_all_fail(void **state) {
    (void)state;
    starve_study(true);
}

int main(void) {
    mem_guard_json();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_all_fail),
        cmocka_unit_test(test_study_one_fails),
        cmocka_unit_test(test_study_all_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
