/* Alerts: windows, pending periods, burn rates; first_fired and cleared. */
#include <stdio.h>

#include "agent/registry.h"
#include "check.h"
#include "core/window.h"

/* A leaf that is slow (100 ms instead of 1) or fails from 60 s to 120 s, called ten times a second;
 * an alert is an agent. Phases: calm [0, 60), trouble [60, 120), after [120, 300). */
struct model {
    struct sim *sim;
    struct node *leaf, *driver, *alert;
};

static const struct span phases[] = {{"calm", 0, 60 * NS_PER_S},
                                     {"trouble", 60 * NS_PER_S, 120 * NS_PER_S},
                                     {"after", 120 * NS_PER_S, 300 * NS_PER_S}};

static struct model model(const char *trouble, const char *spec) {
    struct model m = {.sim = build_new(7)};
    char says[100];
    build_class(m.sim, "good", 0);
    build_class(m.sim, "bad", 0);
    snprintf(says, sizeof says, "name=leaf, says='%s'", trouble);
    m.leaf = build_node(m.sim, &leaf_type, says, NULL);
    struct node *healthy = build_node(m.sim, &leaf_type, "name=healthy, says='ok 1ms'", NULL);
    m.driver = build_driver(m.sim, build_node(m.sim, &split_type, "by=class, to={good=@1, bad=@2}",
                                              healthy, m.leaf, NULL));
    driver_calls(m.driver, 0.05, 0.1, 600, "good");
    driver_calls(m.driver, 60.05, 0.1, 600, "bad");
    driver_calls(m.driver, 120.05, 0.1, 1800, "good");
    m.alert = build_node(m.sim, &alert_type, spec, NULL);
    return m;
}

static double metric(const struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

static void it_fires_when_the_window_says_so(void **state) {
    (void)state;
    /* mean over 10 s above 50 ms: half of the calls are slow, 5 s after the beginning, seen at the
     * next look; and gone 5 s after the end */
    struct model m = model("ok 100ms", "when='latency.mean > 50ms', window=10s");
    build_run_phases(m.sim, m.driver, 0, 300, phases, 3);
    assert_near(metric(&m, "alert:first_fired"), 65, 1.01);
    assert_near(metric(&m, "alert:first_fired{phase=trouble}"),
                metric(&m, "alert:first_fired") - 60, 1e-9);
    assert_near(metric(&m, "alert:first_fired{phase=calm}"), 60, 1e-9); /* never: all of it */
    assert_near(metric(&m, "alert:first_fired{phase=after}"), 0, 0);    /* it still does */
    assert_near(metric(&m, "alert:cleared"), 125, 1.01);
    assert_near(metric(&m, "alert:cleared{phase=after}"), metric(&m, "alert:cleared") - 120, 1e-9);
    assert_near(metric(&m, "alert:cleared{phase=trouble}"), 60, 1e-9); /* not before its end */
    assert_near(metric(&m, "alert:cleared{phase=calm}"), 0, 0);
    assert_near(metric(&m, "alert:firing"),
                (metric(&m, "alert:cleared") - metric(&m, "alert:first_fired")) / 300, 1e-9);
    assert_near(metric(&m, "alert:fired") * 300, 1, 1e-9);
    sim_free(m.sim);
}

static void it_waits_until_it_is_sure(void **state) {
    (void)state;
    struct model now = model("ok 100ms", "when='latency.mean > 50ms', window=10s");
    struct model late = model("ok 100ms", "when='latency.mean > 50ms', window=10s, "
                                          "pending_period=20s, keep_firing_for=30s");
    struct model never =
        model("ok 100ms", "when='latency.mean > 50ms', window=10s, pending_period=90s");
    build_run_phases(now.sim, now.driver, 0, 300, phases, 3);
    build_run_phases(late.sim, late.driver, 0, 300, phases, 3);
    build_run_phases(never.sim, never.driver, 0, 300, phases, 3);
    assert_near(metric(&late, "alert:first_fired"), metric(&now, "alert:first_fired") + 20, 1e-9);
    assert_near(metric(&late, "alert:cleared"), metric(&now, "alert:cleared") + 30, 1e-9);
    assert_near(metric(&never, "alert:first_fired"), 300, 1e-9);
    assert_near(metric(&never, "alert:cleared"), 0, 0);
    sim_free(now.sim);
    sim_free(late.sim);
    sim_free(never.sim);
}

static void percentiles_shares_and_components_can_be_watched(void **state) {
    (void)state;
    static const struct {
        const char *trouble, *when;
        double fires; /* s after the trouble begins; the looks are 1 s apart */
    } cases[] = {
        {"ok 100ms", "latency.p99 > 50ms", 1}, /* 1 of 100, and then 10 */
        {"ok 100ms", "latency.p50 > 50ms", 6}, /* the 50th of 100 is fast at 5 s */
        {"error 0s", "availability < 95%", 1}, /* 90 % */
        {"error 0s", "share{outcome=error} >= 50%", 5},
        {"ok 100ms", "leaf:in_flight > 0.15", 2}, /* 0.01 before, 1 in trouble */
        {"ok 100ms", "max(leaf:latency.max) > 99ms", 1},
        {"ok 100ms", "latency.mean > 10 * latency.min", 1},
        {"error 0s", "goodput < 5.05", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char spec[200];
        snprintf(spec, sizeof spec, "when='%s', window=10s", cases[i].when);
        struct model m = model(cases[i].trouble, spec);
        build_run_phases(m.sim, m.driver, 0, 300, phases, 3);
        double fired = metric(&m, "alert:first_fired{phase=trouble}");
        if (fabs(fired - cases[i].fires) > 1e-9)
            fail_msg("%s: %g s", cases[i].when, fired);
        sim_free(m.sim);
    }
}

/* The budget of 99 % burns a hundred times too fast when all fails; both windows have to see more
 * than 14.4 % of failures: the long one of 60 s at 8.64 s of them. It clears when the short one, of
 * 5 s, has less, and not only when the long one has. */
static void a_burning_budget(void **state) {
    (void)state;
    struct model m = model("error 0s", "slo=99%, window=60s");
    build_run_phases(m.sim, m.driver, 0, 300, phases, 3);
    assert_near(metric(&m, "alert:first_fired{phase=trouble}"), 12, 1e-9); /* looks: 6 s apart */
    assert_in_range(1000 * metric(&m, "alert:cleared{phase=after}"), 3500, 5001);
    assert_near(metric(&m, "alert:budget_spent{phase=trouble}"), 100, 1); /* looks: .5 s apart */
    assert_near(metric(&m, "alert:budget_spent"), 600 / (.01 * 3000), .05);
    assert_near(metric(&m, "alert:budget_spent{phase=calm}"), 0, 0);
    sim_free(m.sim);
}

/* Whatever the short window is: a quarter of 60 s is over after 15 s, seen after 18, and the next
 * look is that of 80.6 s, as 3.1 s lie between two of them. A quarter of 31 s were over long
 * before.
 */
static void the_long_window_is_as_long_as_it_was_said(void **state) {
    (void)state;
    struct model m = model("error 0s", "slo=99%, burn_rate=25, window=60s, short_window=31s");
    build_run_phases(m.sim, m.driver, 0, 300, phases, 3);
    assert_near(metric(&m, "alert:first_fired{phase=trouble}"), 20.6, 1e-9);
    sim_free(m.sim);
}

static void reasons(void **state) {
    (void)state;
    static const struct {
        const char *spec, *says;
    } bad[] = {
        {"window=10s", "either 'when', a condition, or 'slo'"},
        {"when='latency.p99 > 1s', slo=99%", "either 'when', a condition, or 'slo'"},
        {"when='latency.p99 > 1s', window=0s", "window: it must be longer than 0"},
        {"slo=100%", "leaves no budget"},
        {"slo=99%, window=60s, short_window=60s", "shorter than the window"},
        {"slo=99%, sli='latency.p99'", "a share of good answers"},
        {"slo=99%, sli='nothing'", "unknown metric 'nothing'"},
        {"when='leaf:depth > 1'", "when: metric leaf:depth: unknown metric"},
        {"when='latency.p99{phase=calm} > 1s'", "which has no phase"},
        {"when='latency.p99{case=base} > 1s'", "which has no case"},
        {"when='fraction(latency.p99 > 1s) > 10%'", "no meaning within a run"},
        {"when='alert:first_fired > 1s'", "known only at the end of a run"},
        {"when='leaf:blame.p99 > 10%'", "known only at the end of a run"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model m = model("ok 1ms", bad[i].spec);
        const char *why = build_seal_refusal(m.sim, m.driver);
        if (!strstr(why, bad[i].says))
            fail_msg("%s: %s", bad[i].spec, why);
        sim_free(m.sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fires_when_the_window_says_so),
        cmocka_unit_test(it_waits_until_it_is_sure),
        cmocka_unit_test(percentiles_shares_and_components_can_be_watched),
        cmocka_unit_test(a_burning_budget),
        cmocka_unit_test(the_long_window_is_as_long_as_it_was_said),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
