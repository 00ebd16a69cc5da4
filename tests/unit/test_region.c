/* Regions and groups: what belongs to one, what it is called, and what faults take with it. */
#include "check.h"
#include "kit.h"

#include "core/address.h"
#include "core/region.h"

static struct node *pod(struct sim *s, uint32_t index) {
    (void)index;
    return build_node(s, &leaf_type, "name=model, says='ok 100ms'", NULL);
}

static struct node *station(struct sim *sim, const char *name) {
    return build_node(sim, &station_type,
                      arena_print(&sim->arena, "name=%s, service=10ms, servers=99", name), NULL);
}

static struct node *region(struct sim *sim, const char *name, struct node *child) {
    return build_node(sim, &region_type, arena_print(&sim->arena, "name=%s", name), child, NULL);
}

/* A store in front of replicas: the same names in each region. */
static struct node *site(struct sim *sim, const char *name) {
    struct node *lb =
        build_node(sim, &balance_type, "name=lb", kit_group(sim, "pod", 2, 2, pod), NULL);
    return region(sim, name,
                  build_node(sim, &chain_type, "name=work", station(sim, "store"), lb, NULL));
}

static const char *addresses(struct sim *sim, const char *text) {
    struct error e = {{0}};
    struct node_set s;
    char out[800] = "";
    if (!address_find(sim, text, &s, &e))
        return arena_copy(&sim->arena, e.text);
    for (uint32_t i = 0; i < s.n; i++)
        strcat(strcat(out, i ? " " : ""), s.at[i]->address);
    return arena_copy(&sim->arena, out);
}

struct model {
    struct sim *sim;
    struct node *us, *eu, *users, *others;
};

/* Two sites and their users. */
static struct model model(void) {
    struct model m = {.sim = build_new(1)};
    m.us = site(m.sim, "us");
    m.eu = site(m.sim, "eu");
    m.users = build_driver(m.sim, m.us);
    m.others = build_driver(m.sim, m.eu);
    m.users->name = "a";
    m.others->name = "b";
    m.users->home = m.us;
    m.others->home = m.eu;
    return m;
}

static void names_are_its_own(void **state) {
    (void)state;
    struct model m = model();
    build_run(m.sim, m.users, 0, 1);
    static const char *const cases[][2] = {
        {"us", "us"},
        {"us.store", "us.store"},
        {"eu.pod[2].model", "eu.pod[2].model"},
        {"eu.pod[2]", "eu.pod[2].model"},
        {"us.pod.model", "us.pod[1].model"},
        {"*.store", "eu.store us.store"},
        {"store", "nothing has the address 'store'"},
        {"us[1].store", "nothing has the address 'us[1].store'"},
        {"us[*].store", "nothing has the address 'us[*].store'"},
        {"us.stroe", "did you mean 'us.store'?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(addresses(m.sim, cases[i][0]), cases[i][1]);
    char pooled[80];
    struct node_set s;
    assert_true(address_find(m.sim, "us.pod[1].model", &s, &(struct error){{0}}));
    address_pooled(s.at[0], pooled, sizeof pooled);
    assert_string_equal(pooled, "us.pod[*].model");
    assert_int_equal(address_place(s.at[0]), PLACE_FIRST);
    assert_true(address_find(m.sim, "us.pod[2].model", &s, &(struct error){{0}}));
    assert_int_equal(address_place(s.at[0]), PLACE_OTHER);
    assert_true(address_find(m.sim, "us.store", &s, &(struct error){{0}}));
    assert_int_equal(address_place(s.at[0]), PLACE_ALONE);
    assert_ptr_equal(region_around(s.at[0]), m.us);
    assert_ptr_equal(region_around(m.eu), m.eu);
    assert_null(region_around(m.users));
    sim_free(m.sim);
}

static void the_first_to_reach_something_has_it(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *shared = station(sim, "db");
    struct node *us = region(sim, "us", build_node(sim, &retry_type, "name=again", shared, NULL));
    struct node *eu = region(sim, "eu", build_node(sim, &retry_type, "name=again", shared, NULL));
    struct node *both = build_node(sim, &balance_type, "name=both", us, eu, NULL);
    struct node *driver = build_driver(sim, both);
    driver_calls(driver, 0, .1, 4, NULL);
    build_run(sim, driver, 0, 1);
    assert_string_equal(addresses(sim, "*.db"), "us.db");
    assert_string_equal(addresses(sim, "eu.*"), "eu.again");
    assert_near(build_metric(sim, "us.db:calls"), 4, 0);
    sim_free(sim);
}

static void a_region_lies_in_no_other(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *us = region(sim, "us", station(sim, "store"));
    struct node *guard =
        build_node(sim, &balance_type, "name=guard", station(sim, "store"), us, NULL);
    struct node *eu = region(sim, "eu", guard);
    struct node *driver = build_driver(sim, eu);
    build_run(sim, driver, 0, 1);
    assert_string_equal(addresses(sim, "us"), "us");
    assert_string_equal(addresses(sim, "*.store"), "us.store eu.store");
    sim_free(sim);
}

static void groups_lie_in_groups_and_regions(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *inner =
        build_node(sim, &group_type, "name=rank",
                   kit_group(sim, "pod", 1, 1, pod) ? station(sim, "cpu") : NULL, NULL);
    struct node *outer = build_node(
        sim, &group_type, "name=search",
        build_node(sim, &chain_type, "name=work", station(sim, "index"), inner, NULL), NULL);
    struct node *driver = build_driver(sim, region(sim, "us", outer));
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 1);
    assert_string_equal(addresses(sim, "us.search.rank.cpu"), "us.search.rank.cpu");
    assert_string_equal(addresses(sim, "us.search"), "us.search");
    assert_near(build_metric(sim, "us.search.rank.cpu:calls"), 1, 0);
    sim_free(sim);
}

static struct node *region_in_a_replica(struct sim *s, uint32_t index) {
    (void)index;
    return build_node(s, &group_type, "name=inside", station(s, "cpu"), NULL);
}

static void a_replica_may_have_a_group(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *pods = kit_group(sim, "pod", 2, 2, region_in_a_replica);
    struct node *driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", pods, NULL));
    build_run(sim, driver, 0, 1);
    assert_string_equal(addresses(sim, "pod[2].inside.cpu"), "pod[2].inside.cpu");
    assert_string_equal(addresses(sim, "pod[2]"), "pod[2].inside");
    sim_free(sim);
}

/* us: calls at 0, .1, …; down from .45 to 1.05, so that the five that have not been answered when
 * it begins, and the six that come while it lasts, fail. */
static void down_takes_all_of_it(void **state) {
    (void)state;
    struct model m = model();
    kit_fault(m.sim, "down", "'us', from='450ms', to='1050ms'");
    driver_calls(m.users, 0, .1, 20, NULL);
    driver_calls(m.others, 0, .1, 20, NULL);
    build_run(m.sim, m.users, 0, 5);
    assert_int_equal(driver_outcomes(m.users, 0, 5, OUTCOME_ERROR), 1 + 6);
    assert_int_equal(driver_outcomes(m.others, 0, 5, OUTCOME_OK), 20);
    assert_near(build_metric(m.sim, "availability{region=us}"), 13. / 20, 1e-12);
    assert_near(build_metric(m.sim, "availability{region=eu}"), 1, 0);
    assert_near(build_metric(m.sim, "availability{region=us|eu}"), 33. / 40, 1e-12);
    assert_near(build_metric(m.sim, "us:calls{outcome=error}"), 7, 0);
    sim_free(m.sim);
}

static void slow_takes_what_works_in_it(void **state) {
    (void)state;
    struct model m = model();
    kit_fault(m.sim, "slow", "'us', factor=3");
    driver_call(m.users, 0, NULL);
    driver_call(m.others, 0, NULL);
    build_run(m.sim, m.users, 0, 5);
    assert_near(build_metric(m.sim, "us.store:service.mean"), .03, 1e-6);
    assert_near(build_metric(m.sim, "eu.store:service.mean"), .01, 1e-6);
    sim_free(m.sim);
}

static const char *metric_refusal(struct sim *sim, const char *text) {
    struct error e = {{0}};
    struct metric_ref ref;
    struct metric_query q = {0};
    assert_true(metric_ref_parse(&sim->arena, text, &ref, &e));
    assert_false(metric_bind(sim, &ref, &q, &e));
    return arena_copy(&sim->arena, e.text);
}

static void bad_labels_are_refused(void **state) {
    (void)state;
    struct model m = model();
    m.others->home = NULL;
    build_run(m.sim, m.users, 0, 1);
    static const char *const cases[][2] = {
        {"latency.p99{region=ue}", "there is no region 'ue'; there are us, eu"},
        {"latency.p99{region=eu}", "no workload says region = \"eu\""},
        {"us:latency.p99{region=us}", "what is served in eu is eu:latency.p99"},
        {"cost.per_hour{region=us}", "the label 'region' is where users are"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(metric_refusal(m.sim, cases[i][0]), cases[i][1]);
    sim_free(m.sim);
}

static void users_name_their_region(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"eu", "nothing has the address 'eu'"},
        {"us.store", "region = \"us.store\" is a station; it wants a region"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        struct node *us = region(sim, "us", station(sim, "store"));
        build_node(sim, &open_type,
                   arena_print(&sim->arena, "rate=1, to=@1, region=%s", cases[i][0]), us, NULL);
        assert_says(build_seal_refusal(sim, NULL), cases[i][1]);
        sim_free(sim);
    }
    struct sim *sim = build_new(1);
    struct node *us = region(sim, "us", station(sim, "store"));
    struct node *users = build_node(sim, &open_type, "rate=1, to=@1, region=us", us, NULL);
    build_run(sim, NULL, 0, 1);
    assert_ptr_equal(users->home, us);
    sim_free(sim);
}

static void bad_regions_are_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &region_type, "", station(sim, "store"), NULL),
                "'name' is missing");
    assert_says(build_refusal(sim, &group_type, "", station(sim, "store"), NULL),
                "'name' is missing");
    struct node *us = build_node(sim, &region_type, "name=us", NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, us)), "it guards nothing");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_its_own),
        cmocka_unit_test(the_first_to_reach_something_has_it),
        cmocka_unit_test(a_region_lies_in_no_other),
        cmocka_unit_test(groups_lie_in_groups_and_regions),
        cmocka_unit_test(a_replica_may_have_a_group),
        cmocka_unit_test(down_takes_all_of_it),
        cmocka_unit_test(slow_takes_what_works_in_it),
        cmocka_unit_test(bad_labels_are_refused),
        cmocka_unit_test(users_name_their_region),
        cmocka_unit_test(bad_regions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
