/* Jobs that need several pods at once: gangs, deadlocks, fragments, images, and nodes that are
 * lost.
 */
#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *cluster, *driver;
};

static struct model model(const char *spec) {
    struct model m = {.sim = build_new(1)};
    static const char *const classes[] = {"one", "two", "three", "four", "six", "eight"};
    for (int i = 0; i < 6; i++)
        build_class(m.sim, classes[i], 0);
    m.cluster = build_node(m.sim, &gpu_cluster_type,
                           arena_print(&m.sim->arena, "name=gpus, %s", spec), NULL);
    m.driver = build_driver(m.sim, m.cluster);
    return m;
}
static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}
static double done(struct model *m, uint32_t i) {
    const struct arrival *a = driver_arrival(m->driver, i);
    return a->answered ? ns_to_s(a->done) : -1;
}

#define BY_CLASS "{one=1, two=2, three=3, four=4, six=6, eight=8}"
#define PODS "pods=" BY_CLASS ", service=10s, "
#define ONE_NODE "nodes=1, gpus_per_node=8, "

/* 6 of 8 run, 4 more wait for them, and 2 that came later pass. */
static void gangs_are_placed_whole(void **state) {
    (void)state;
    struct model m = model(ONE_NODE PODS "scheduling=gang");
    driver_call(m.driver, 0, "six");
    driver_call(m.driver, 1, "four");
    driver_call(m.driver, 2, "two");
    build_run(m.sim, m.driver, 0, 40);
    assert_near(done(&m, 0), 10, 1e-9);
    assert_near(done(&m, 1), 20, 1e-9);
    assert_near(done(&m, 2), 12, 1e-9);
    assert_near(metric(&m, "gpus:held"), 0, 0);
    assert_near(metric(&m, "gpus:utilization"), (60 + 40 + 20) / 320., 1e-9);
    assert_near(metric(&m, "gpus:wait.mean"), 9 / 3., 1e-9);
    assert_near(metric(&m, "gpus:queue"), 9. / 40, 1e-9);
    sim_free(m.sim);
}

/* The second one holds the 2 that are left until the first one ends. */
static void pods_take_what_they_find(void **state) {
    (void)state;
    struct model m = model(ONE_NODE PODS);
    driver_call(m.driver, 0, "six");
    driver_call(m.driver, 1, "four");
    driver_call(m.driver, 2, "two");
    build_run(m.sim, m.driver, 0, 40);
    assert_near(done(&m, 1), 20, 1e-9);
    assert_near(done(&m, 2), 20, 1e-9); /* nothing was left for it */
    assert_near(metric(&m, "gpus:held"), 2 * 9 / 320., 1e-9);
    assert_near(metric(&m, "gpus:deadlocked"), 0, 0);
    sim_free(m.sim);
}

/* 4 run; 6 and 6 get 4 and 0, and then share what is freed: one of them may take all that it lacks,
 * or both hold some and nobody moves again. */
static void pods_may_lock_each_other_out(void **state) {
    (void)state;
    struct model m = model(ONE_NODE PODS);
    driver_call(m.driver, 0, "four");
    for (int i = 1; i < 5; i++)
        driver_call(m.driver, i, "eight");
    build_run(m.sim, m.driver, 0, 100);
    assert_near(done(&m, 0), 10, 1e-9);
    for (uint32_t i = 1; i < 5; i++) /* the second one had 4 and got less than 4 of the other 4 */
        assert_near(done(&m, i), -1, 0);
    assert_near(metric(&m, "gpus:deadlocked"), .9, 1e-9);
    assert_near(metric(&m, "gpus:held"), (4 * 9 + 8 * 90) / 800., 1e-9);
    sim_free(m.sim);
    m = model(ONE_NODE PODS "scheduling=gang");
    driver_call(m.driver, 0, "four");
    for (int i = 1; i < 5; i++)
        driver_call(m.driver, i, "eight");
    build_run(m.sim, m.driver, 0, 100);
    for (uint32_t i = 1; i < 5; i++)
        assert_near(done(&m, i), 10. + 10 * i, 1e-9);
    sim_free(m.sim);
}

/* Whoever gives up sets the others free. */
static void a_job_that_is_withdrawn_gives_back(void **state) {
    (void)state;
    struct model m = model(ONE_NODE PODS);
    driver_call(m.driver, 0, "four");
    driver_call(m.driver, 1, "six")->cancel_after = ns_from_s(4);
    driver_call(m.driver, 2, "four");
    build_run(m.sim, m.driver, 0, 40);
    assert_near(done(&m, 2), 15, 1e-9);
    sim_free(m.sim);
    m = model(ONE_NODE PODS
              "scheduling=gang"); /* one that runs is stopped, or goes on as an orphan */
    struct arrival *a = driver_call(m.driver, 0, "eight");
    a->cancel_after = ns_from_s(4), a->cause = CAUSE_DEADLINE;
    driver_call(m.driver, 1, "eight");
    a = driver_call(m.driver, 2, "eight");
    a->cancel_after = ns_from_s(15), a->cause = CAUSE_QUEUED;
    build_run(m.sim, m.driver, 0, 40);
    assert_near(done(&m, 1), 14, 1e-9);
    assert_near(metric(&m, "gpus:utilization"), 8 * (4 + 10 + 10) / 320., 1e-9);
    sim_free(m.sim);
}

#define SIZES "nodes=2, gpus_per_node=4, gpus_per_pod=" BY_CLASS ", service=10s, scheduling=gang, "

/* Two nodes of 4: ones that are spread leave 3 and 3, ones that are packed leave 4 and 2. */
static void where_a_pod_goes(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        double last, fragmented;
    } rows[] = {{SIZES "placement=spread", 20, .2}, {SIZES "placement=binpack", 12, 0}};
    for (int i = 0; i < 2; i++) {
        struct model m = model(rows[i].spec);
        driver_calls(m.driver, 0, 0, 2, "one");
        driver_call(m.driver, 2, "four");
        build_run(m.sim, m.driver, 0, 40);
        assert_near(done(&m, 2), rows[i].last, 1e-9);
        assert_near(metric(&m, "gpus:fragmented"), rows[i].fragmented, 1e-9);
        sim_free(m.sim);
    }
}

static void images_are_pulled_once(void **state) {
    (void)state;
    struct model m = model("nodes=2, gpus_per_node=4, placement=binpack, image_pull=3s, " PODS);
    driver_call(m.driver, 0, "one");
    driver_call(m.driver, 1, "two");  /* an image of its own */
    driver_call(m.driver, 20, "one"); /* which is there */
    driver_call(m.driver, 40, "six"); /* on both, at the same time */
    build_run(m.sim, m.driver, 0, 80);
    assert_near(done(&m, 0), 13, 1e-9);
    assert_near(done(&m, 1), 14, 1e-9);
    assert_near(done(&m, 2), 30, 1e-9);
    assert_near(done(&m, 3), 53, 1e-9);
    assert_near(metric(&m, "gpus:stall.mean"), 9 / 4., 1e-9);
    assert_near(metric(&m, "gpus:utilization"), (1 + 2 + 1 + 6) * 10 / 640., 1e-9);
    sim_free(m.sim);
    m = model(ONE_NODE "image_pull=3s, " PODS);
    driver_call(m.driver, 0, "two");
    driver_call(m.driver, 1, "two"); /* waits for the rest of the pull */
    build_run(m.sim, m.driver, 0, 80);
    assert_near(done(&m, 1), 13, 1e-9);
    sim_free(m.sim);
    m = model("nodes=2, gpus_per_node=4, image_pull=3s, pre_pulled=true, " PODS);
    driver_call(m.driver, 0, "one");
    build_run(m.sim, m.driver, 0, 80);
    assert_near(done(&m, 0), 10, 1e-9);
    sim_free(m.sim);
}

/* The second node goes and takes with it the job that has a pod there; one that is too large for
 * what is left waits until it is back, without images. */
static void nodes_may_be_lost(void **state) {
    (void)state;
    struct model m =
        model("nodes=2, gpus_per_node=4, placement=binpack, image_pull=1s, scheduling=gang, " PODS);
    driver_call(m.driver, 0, "three");
    driver_call(m.driver, 1, "four");
    driver_call(m.driver, 6, "eight");
    build_set(m.cluster, 5, "nodes", "1");
    build_set(m.cluster, 30, "nodes", "2");
    build_run(m.sim, m.driver, 0, 80);
    assert_string_equal(driver_story(m.driver, 3), "ok error ok");
    assert_near(done(&m, 0), 11, 1e-9);
    assert_near(done(&m, 1), 5, 1e-9);
    assert_near(done(&m, 2), 41, 1e-9);
    assert_near(metric(&m, "gpus:lost") * 80, 1, 1e-9);
    sim_free(m.sim);
}

static void a_job_may_be_too_large(void **state) {
    (void)state;
    struct model m = model("nodes=2, gpus_per_node=3, gpus_per_pod=2, " PODS);
    driver_call(m.driver, 0, "two");    /* one pod on each */
    driver_call(m.driver, 20, "three"); /* 6 GPUs in all, and in pieces of 3 */
    build_run(m.sim, m.driver, 0, 80);
    assert_string_equal(driver_story(m.driver, 2), "ok invalid");
    assert_near(metric(&m, "gpus:rejected") * 80, 1, 1e-9);
    sim_free(m.sim);
}

static void faults_act(void **state) {
    (void)state;
    struct model m = model(ONE_NODE PODS);
    driver_call(m.driver, 0, "six");
    driver_call(m.driver, 1, "six");
    driver_call(m.driver, 6, "six");
    driver_call(m.driver, 12, "six");
    kit_fault(m.sim, "down", "gpus, from=5s, to=7s");
    kit_fault(m.sim, "slow", "gpus, factor=2, from=8s");
    build_run(m.sim, m.driver, 0, 80);
    assert_string_equal(driver_story(m.driver, 4), "error error error ok");
    assert_near(done(&m, 3), 32, 1e-9);
    sim_free(m.sim);
}

/* Poisson jobs of one GPU each are M/M/n. */
static void jobs_of_one_pod_are_a_station(void **state) {
    (void)state;
    for (int gang = 0; gang < 2; gang++) {
        struct sim *sim = build_new(3);
        struct node *cluster =
            build_node(sim, &gpu_cluster_type,
                       gang ? "name=gpus, nodes=2, gpus_per_node=2, service=exponential{mean=1}, "
                              "scheduling=gang"
                            : "name=gpus, nodes=2, gpus_per_node=2, service=exponential{mean=1}",
                       NULL);
        struct node *driver = build_driver(sim, cluster);
        driver_poisson(driver, 0, 20000, 3, NULL);
        build_run(sim, driver, 0, 20000);
        assert_near(build_metric(sim, "gpus:utilization"), .75, .02);
        assert_near(build_metric(sim, "gpus:queue"), 1.528, .15); /* Erlang C of 4 servers, 3 Erl */
        sim_free(sim);
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &gpu_cluster_type, "service=1s", NULL), "'nodes' is missing");
    assert_says(build_refusal(sim, &gpu_cluster_type, "nodes=65, service=1s", NULL), "1..64");
    assert_says(build_refusal(sim, &gpu_cluster_type, "nodes=2, service=1s, pre_pulled=true", NULL),
                "'pre_pulled' means nothing without 'image_pull'");
    assert_says(build_refusal(sim, &gpu_cluster_type, "nodes=2, service=1s, placement=pack", NULL),
                "placement = \"pack\"");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gangs_are_placed_whole),
        cmocka_unit_test(pods_take_what_they_find),
        cmocka_unit_test(pods_may_lock_each_other_out),
        cmocka_unit_test(a_job_that_is_withdrawn_gives_back),
        cmocka_unit_test(where_a_pod_goes),
        cmocka_unit_test(images_are_pulled_once),
        cmocka_unit_test(nodes_may_be_lost),
        cmocka_unit_test(a_job_may_be_too_large),
        cmocka_unit_test(faults_act),
        cmocka_unit_test(jobs_of_one_pod_are_a_station),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
