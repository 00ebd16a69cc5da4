/* Scenarios: what a file says beyond its components, and what is asked of one run of it. */
#include "check.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bind/host.h"

static char path[64];
static struct scenario_maker *maker;
static struct scenario scenario;
static const char *const *sets;
static uint32_t n_sets;

static bool build(const char *text, struct scenario_request r, struct error *e) {
    struct host_options host = {.library = "lua"};
    strcpy(path, "/tmp/nines-test-XXXXXX.lua");
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *e = (struct error){{0}};
    maker = host_open(path, &host, sets, n_sets, e);
    scenario = (struct scenario){0};
    return maker && maker->build(maker, &r, &scenario, e);
}

static int done(void **state) {
    (void)state;
    if (maker && scenario.sim)
        maker->free_sim(maker, scenario.sim);
    host_close(maker);
    unlink(path);
    maker = NULL;
    scenario = (struct scenario){0};
    sets = NULL;
    n_sets = 0;
    return 0;
}

static const struct scenario_request plain = {.seed = 1, .replication = 1, .warmup = -1};

static void reads(const char *text, struct scenario_request r) {
    struct error e;
    if (!build(text, r, &e))
        fail_msg("%s", e.text);
}

static void refuses(const char *text, struct scenario_request r, const char *says) {
    struct error e;
    bool ok = build(text, r, &e);
    done(NULL);
    if (ok)
        fail_msg("this was accepted: %s", text);
    assert_says(e.text, says);
}

/* A scenario of one station with more keys. */
static const char *with(const char *more) {
    static char text[4000];
    snprintf(text, sizeof text,
             "return scenario { workload = open { name = 'users', rate = 10 },\n"
             "  entry = station { name = 'db', service = '1ms' }, %s }",
             more);
    return text;
}

static double metric(const char *text) {
    return build_metric(scenario.sim, text);
}

static struct node *node(const char *address) {
    struct node_set s;
    struct error e = {{0}};
    if (!address_find(scenario.sim, address, &s, &e))
        fail_msg("%s", e.text);
    struct node *n = s.at[0];
    return n;
}

static double number(const char *address, const char *param) {
    struct error e = {{0}};
    return schema_number(node(address), schema_find(node(address)->type, param, &e));
}

/* ---- run */

static void defaults(void **state) {
    (void)state;
    reads(with("run = { duration = '60s' }"), plain);
    assert_string_equal(scenario.title, "untitled");
    assert_true(scenario.warmup_auto);
    assert_int_equal(scenario.warmup, 0);
    assert_int_equal(scenario.duration, ns_from_s(60));
    assert_int_equal(scenario.replications, 10);
    assert_int_equal(scenario.max_in_flight, 5000000);
    assert_int_equal(scenario.n_phases + scenario.n_cases + scenario.n_claims + scenario.n_slo, 0);
}

static void what_the_file_says_and_what_is_asked(void **state) {
    (void)state;
    const char *text = with("title = 'T', run = { warmup = '5s', duration = '60s', replications = "
                            "3, max_in_flight = 77 }");
    reads(text, plain);
    assert_false(scenario.warmup_auto);
    assert_string_equal(scenario.title, "T");
    assert_int_equal(scenario.warmup, ns_from_s(5));
    assert_int_equal(scenario.replications, 3);
    assert_int_equal(scenario.sim->limits.max_in_flight, 77);
    done(NULL);
    struct scenario_request r = plain;
    r.warmup = ns_from_s(7);
    r.duration = ns_from_s(9);
    reads(text, r);
    assert_int_equal(scenario.warmup, ns_from_s(7));
    assert_int_equal(scenario.sim->limits.duration, ns_from_s(9));
    assert_true(sim_run(scenario.sim));
    assert_int_equal(scenario.sim->ended, ns_from_s(9));
}

static void bad_runs_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"run = { duration = '0s' }", "run: duration must be above 0"},
        {"run = { duration = 1e-12 }", "run: duration must be above 0"},
        {"run = { duration = '1e9h' }", "is longer than 146 years"},
        {"run = { duration = '60s', warmup = '-5s' }", "run: warmup must not be negative"},
        {"run = { duration = '60s', warmup = 'automatic' }", "run: warmup"},
        {"run = { duration = '60s', replications = 0 }",
         "replications = 0: it must lie in 1..1000000"},
        {"run = { warmup = '5s' }", "run: 'duration' is missing; only traces end by themselves"},
        {"run = 5", "run"},
        {"run = { length = 5 }", "unknown key 'length'"},
        {"run = { duration = 1 }, nonsense = 5", "unknown key 'nonsense'"},
        {"run = { duration = 1 }, language = 2", "language = 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(with(cases[i][0]), plain, cases[i][1]);
}

/* ---- workloads */

static void several_workloads(void **state) {
    (void)state;
    reads("local db = station { name = 'db', service = '1ms' }\n"
          "local web = station { name = 'web', service = '1ms' }\n"
          "return scenario { entry = web, run = { duration = '10s', warmup = 0 }, workload = {\n"
          "  open { name = 'a', rate = 100, arrivals = 'deterministic' },\n"
          "  open { name = 'b', rate = 50, arrivals = 'deterministic', to = db } } }",
          plain);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("calls"), 1499, 2);
    assert_near(metric("calls{class=b}"), 500, 1);
    assert_near(metric("web:calls"), 1000, 1);
    assert_near(metric("db:calls"), 500, 1);
    assert_near(metric("a:offered"), 100, .2);
}

static void bad_workloads_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"return scenario { run = { duration = 1 } }", "'workload' is missing"},
        {"return scenario { workload = {}, run = { duration = 1 } }",
         "workload: the list is empty"},
        {"return scenario { workload = 5, run = { duration = 1 } }",
         "workload: a number was given; it wants a source such as open { rate = 100 }"},
        {"return scenario { workload = delay { time = 1 }, run = { duration = 1 } }",
         "workload: delay { … } was given"},
        {"return scenario { workload = open { rate = 1 }, run = { duration = 1 } }",
         "entry: nothing was given; it wants the component that the workload calls"},
        {"return scenario { workload = open { rate = 1 }, entry = pool { servers = 1 }, run = { "
         "duration = 1 } }",
         "entry: pool { … } was given"},
        {"local o = open { rate = 1 } return scenario { workload = { o, o }, entry = delay { time "
         "= 1 }, run = { duration = 1 } }",
         "workload: entries 1 and 2 are the same source"},
        {"return scenario { workload = { open { rate = 1 }, open { rate = 2 } }, entry = delay { "
         "time = 1 }, run = { duration = 1 } }",
         "the name 'open' is taken"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(cases[i][0], plain, cases[i][1]);
}

/* ---- phases, cases, faults */

static void phases_are_sorted_by_their_beginning(void **state) {
    (void)state;
    reads(with("run = { duration = '60s' }, phases = { z = { 0, '10s' }, a = { '20s', '30s' }, m = "
               "{ '5s', '50s' } }"),
          plain);
    assert_int_equal(scenario.n_phases, 3);
    assert_string_equal(scenario.phases[0].name, "z");
    assert_string_equal(scenario.phases[1].name, "m");
    assert_string_equal(scenario.phases[2].name, "a");
    assert_int_equal(scenario.sim->n_segments, 7); /* warm-up, and the cuts at 5 10 20 30 50 */
}

static void bad_phases_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"phases = { a = { '5s', '5s' } }",
         "phases: a: it must begin at 0 or later and end after it begins"},
        {"phases = { a = { '-5s', '5s' } }", "phases: a: it must begin at 0 or later"},
        {"phases = { a = '5s' }", "phases: a: it wants name = { from, to }"},
        {"phases = { { 0, 5 } }", "phases: (positional): it wants name = { from, to }"},
        {"phases = { a = { '5s', '5%' } }", "phases: a"},
        {"phases = { a = { '60s', '70s' } }",
         "phases: a: it begins at 60 s, after the end of the run (60 s)"},
        {"phases = 5", "phases: a number was given; it wants a table"},
        {"phases = { ['a b'] = { 0, 5 } }", "a name has letters, digits and underscores"},
    };
    char more[300];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(more, sizeof more, "run = { duration = '60s' }, %s", cases[i][0]);
        refuses(with(more), plain, cases[i][1]);
    }
}

static const char cases_text[] =
    "local k = knobs { rps = 10, size = { 'small', 'of it', choices = { 'small', 'large' } } }\n"
    "return scenario { workload = open { name = 'users', rate = k.rps, arrivals = 'deterministic' "
    "},\n"
    "  entry = station { name = 'db', service = k.size == 'small' and '1ms' or '2ms', servers = 50 "
    "},\n"
    "  run = { duration = '20s', warmup = 0 }, phases = { storm = { '10s', '20s' } },\n"
    "  faults = { slow { 'db', factor = 3, phase = 'storm' } },\n"
    "  cases = { busy = { rps = 100 }, big = { size = 'large', down { 'db', from = '15s' } } } }";

static void cases_change_knobs_and_add_faults(void **state) {
    (void)state;
    struct scenario_request r = plain;
    reads(cases_text, r);
    assert_int_equal(scenario.n_cases, 2);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("offered"), 10, .1);
    assert_near(metric("db:latency.mean{phase=storm}"), .003, 1e-9);
    assert_near(metric("availability"), 1, 0);
    done(NULL);
    r.in_case = "busy";
    reads(cases_text, r);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("offered"), 100, .1);
    done(NULL);
    r.in_case = "big";
    reads(cases_text, r);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("db:latency.mean{phase=storm}"), .006,
                1e-9); /* the fault of all cases too */
    assert_near(metric("availability"), .75, .01);
    done(NULL);
    r.without_faults = true; /* a pilot */
    reads(cases_text, r);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("availability"), 1, 0);
    assert_near(metric("db:latency.mean{phase=storm}"), .002, 1e-9);
    done(NULL);
    r.in_case = "base";
    reads(cases_text, r);
}

static void bad_cases_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"cases = { base = {} }", "cases: 'base' always exists and is the scenario as written"},
        {"cases = { a = { rpz = 5 } }", "cases: a: there is no knob 'rpz'; did you mean 'rps'?"},
        {"cases = { a = { weather = 5 } }", "cases: a: there is no knob 'weather'"},
        {"cases = { a = { 5 } }",
         "cases: a: entry 1 is a number; it wants knob = value or a fault"},
        {"cases = { a = 5 }", "cases: each is a name and a table"},
        {"cases = { ['a-b'] = {} }", "a name has letters, digits and underscores"},
        {"cases = 5", "cases: a number was given; it wants a table"},
        {"faults = { 5 }", "faults: a number was given; it wants faults such as down"},
        {"faults = 5", "faults: a number was given; it wants a table"},
        {"faults = { down { 'nowhere' } }", "nothing has the address 'nowhere'"},
    };
    char text[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(
            text, sizeof text,
            "local k = knobs { rps = 10 }\nreturn scenario { workload = open { name = 'users', "
            "rate = k.rps },\n"
            "  entry = station { name = 'db', service = '1ms' }, run = { duration = '60s' }, %s }",
            cases[i][0]);
        refuses(text, plain, cases[i][1]);
    }
    struct scenario_request r = plain;
    r.in_case = "bsuy";
    refuses(cases_text, r, "bsuy");
    struct error e = {{0}};
    reads(cases_text, plain);
    assert_null(scenario_find_case(&scenario, "none", &e));
    assert_says(e.text, "there is no case 'none'; there are base, ");
    assert_string_equal(scenario_find_case(&scenario, "busy", &e)->name, "busy");
}

/* ---- claims */

static void claims_and_slo_are_read(void **state) {
    (void)state;
    reads(with("run = { duration = '60s' }, cases = { x = {} },\n"
               "  slo = { 'latency.p99 < 50ms', 'availability > 99%' },\n"
               "  claims = { claim { 'it is quick', 'latency.p99 < 5ms' },\n"
               "    claim { 'and cheap', 'goodput > 2 * goodput{case=x}', case = 'x', expect = "
               "'fails', because = 'it is not' },\n"
               "    claim { 'who knows', 'latency.p50 < 1ms', case = 'base', expect = 'undecided', "
               "because = 'so' } }"),
          plain);
    assert_int_equal(scenario.n_slo, 2);
    assert_string_equal(scenario.slo_text[1], "availability > 99%");
    assert_int_equal(scenario.n_claims, 3);
    assert_string_equal(scenario.claims[0].text, "it is quick");
    assert_null(scenario.claims[0].in_case);
    assert_int_equal(scenario.claims[0].expect, VERDICT_HOLDS);
    assert_string_equal(scenario.claims[1].in_case, "x");
    assert_int_equal(scenario.claims[1].expect, VERDICT_FAILS);
    assert_string_equal(scenario.claims[1].because, "it is not");
    assert_null(scenario.claims[2].in_case);
    assert_says(scenario.claims[1].where, ":5");
}

static void bad_claims_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"claims = { 'latency.p99 < 5' }",
         "claims: a text was given; it wants claim { \"…\", \"…\" }"},
        {"claims = { claim { 'x' } }", "it wants two texts: what is claimed, and a condition"},
        {"claims = { claim { 'x', 5 } }", "it wants two texts"},
        {"claims = { claim { 'x', 'goodput > 1', 'z' } }", "it wants two texts and then keys"},
        {"claims = { claim { 'x', 'goodput' } }", "ends where one of"},
        {"claims = { claim { 'x', 'goodput > 1', expect = 'fails' } }", "says why: because"},
        {"claims = { claim { 'x', 'goodput > 1', expect = 'fail', because = 'y' } }",
         "did you mean \"fails\"?"},
        {"claims = { claim { 'x', 'goodput > 1', case = 'y' } }",
         "there is no case 'y'; there are base"},
        {"claims = { claim { 'x', 'goodput{case=y} > 1' } }", "there is no case 'y'"},
        {"claims = { claim { 'x', 'goodput > goodput{case=y}' } }", "there is no case 'y'"},
        {"claims = { claim { 'x', 'fraction(goodput{case=y} > 1) > 5%' } }",
         "there is no case 'y'"},
        {"slo = { 'goodput{case=y} > 1' }", "slo: there is no case 'y'"},
        {"slo = { 5 }", "slo: a number was given; it wants conditions"},
        {"slo = 'goodput > 1'", "slo: a text was given; it wants a table"},
    };
    char more[300];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(more, sizeof more, "run = { duration = '60s' }, %s", cases[i][0]);
        refuses(with(more), plain, cases[i][1]);
    }
}

/* ---- settings from outside */

static const char fleet[] =
    "local cpu = pool { name = 'cpu', servers = 4 }\n"
    "return scenario { workload = open { name = 'users', interarrival = '100ms' }, run = { "
    "duration = '20s', warmup = 0 },\n"
    "  entry = balance { name = 'lb', replicas { name = 'pod', count = 2, max = 5, price = 3, "
    "build = function(i)\n"
    "    return chain { name = 'work', station { name = 'rank', service = '1ms', on = cpu, queue = "
    "{ limit = 5 } },\n"
    "                   station { name = 'own', service = '1ms' } } end } } }";

static bool setting(const char *text, struct error *e) {
    static const char *list[1];
    list[0] = text;
    sets = list;
    n_sets = 1;
    return build(fleet, plain, e) &&
           (sim_run(scenario.sim) || error_set(e, "%s", scenario.sim->error.text));
}

static void addresses_can_be_set(void **state) {
    (void)state;
    static const struct {
        const char *set, *address, *param;
        double want;
    } cases[] = {
        {"pod[2].own:servers=7", "pod[2].own", "servers", 7},
        {"pod.own:service=5ms", "pod[5].own", "service", .005},
        {"pod[*].rank:queue.limit=9", "pod[3].rank", "queue.limit", 9},
        {"cpu:servers=11", "cpu", "servers", 11},
        {"pod:count=4", "pod", "count", 4},
        {"users:interarrival=50ms", "users", "rate", 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e;
        if (!setting(cases[i].set, &e))
            fail_msg("%s: %s", cases[i].set, e.text);
        assert_near(number(cases[i].address, cases[i].param), cases[i].want, 1e-12);
        if (!strcmp(cases[i].address, "pod[2].own"))
            assert_near(number("pod[1].own", "servers"), 1, 0);
        if (!strcmp(cases[i].address, "users"))
            assert_near(metric("offered"), 20, .1);
        if (!strcmp(cases[i].address, "pod"))
            assert_near(metric("pod:replicas"), 4, 1e-9);
        if (!strcmp(cases[i].address, "cpu"))
            assert_near(metric("cpu:utilization"), 10 * .001 / 11, 1e-4);
        done(NULL);
    }
}

static void what_cannot_be_set_says_why(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"pod.rnk:servers=7", "--set pod.rnk:servers=7: nothing has the address 'pod.rnk'"},
        {"pod[2].own:server=7", "did you mean 'servers'?"},
        {"pod[2].own:servers=0", "servers = 0: it must lie in 1..1000000"},
        {"pod[2].own:servers=many", "servers: \"many\" was given"},
        {"pod:count=50", "count = 50 is above max = 5"},
        {"pod:max=50", "max = 50: 5 replicas have been built"},
        {"rps=5", "--set rps=5: there is no such knob"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e;
        if (setting(cases[i][0], &e))
            fail_msg("%s was accepted", cases[i][0]);
        assert_says(e.text, cases[i][1]);
        done(NULL);
    }
}

/* ---- prices */

static void prices_are_looked_up(void **state) {
    (void)state;
    struct scenario_request r = plain;
    reads(fleet, r);
    assert_true(sim_run(scenario.sim));
    assert_near(metric("cost.per_hour"), 6, 1e-9);
    done(NULL);
    static const char *const bad[][2] = {
        {"price = { unobtainium = 3 }",
         "price: there is no price for 'unobtainium'; give USD an hour as a number instead"},
        {"price = { 3 }", "price: it wants names, such as { vcpu = 12 }"},
        {"price = '5ms'", "price: \"5ms\" is not an amount in USD"},
        {"price = { gpu = 'H999' }", "there is no price for 'H999'"},
    };
    char text[600];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text,
                 "return scenario { workload = open { rate = 1 }, run = { duration = 1 },\n  entry "
                 "= balance { replicas { name = 'pod', "
                 "count = 1, %s, build = function(i) return delay { time = 1 } end } } }",
                 bad[i][0]);
        refuses(text, plain, bad[i][1]);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, done)
    const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(what_the_file_says_and_what_is_asked),
        TEST(bad_runs_are_refused),
        TEST(several_workloads),
        TEST(bad_workloads_are_refused),
        TEST(phases_are_sorted_by_their_beginning),
        TEST(bad_phases_are_refused),
        TEST(cases_change_knobs_and_add_faults),
        TEST(bad_cases_are_refused),
        TEST(claims_and_slo_are_read),
        TEST(bad_claims_are_refused),
        TEST(addresses_can_be_set),
        TEST(what_cannot_be_set_says_why),
        TEST(prices_are_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
