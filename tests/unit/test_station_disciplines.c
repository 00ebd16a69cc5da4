/* Stations whose calls draw their work early, interrupt each other, or share the servers. */
#include "queueing.h"

/* Classes of which each takes as many seconds as its name says. */
static struct model sized(const char *more) {
    static const char *const names[] = {"s1", "s2", "s3", "s4"};
    struct sim *sim = build_new(1);
    for (int i = 0; i < 4; i++)
        build_class(sim, names[i], i);
    return on(sim, arena_print(&sim->arena, "service={s1=1s, s2=2s, s3=3s, s4=4s}%s", more));
}

/* ---- order of waiting */

static void the_shortest_first(void **state) {
    (void)state;
    struct model m = sized(", discipline=sjf");
    static const char *const classes[] = {"s3", "s4", "s2", "s1", "s2"};
    for (int i = 0; i < 5; i++)
        driver_call(m.driver, .1 * i, classes[i]);
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 3, 12, 6, 4, 8); /* the one in service is left alone; equals in turn */
    sim_free(m.sim);
}

/* The same dice as with any other discipline, though they are thrown on arrival. */
static void the_draws_are_the_same(void **state) {
    (void)state;
    static const char *const disciplines[] = {"fifo", "sjf", "ps", "edf"};
    double mean[4];
    for (int i = 0; i < 4; i++) {
        struct sim *sim = build_new(7);
        struct model m = on(sim, arena_print(&sim->arena,
                                             "service=exponential{mean=1s}, "
                                             "servers=1000, discipline=%s",
                                             disciplines[i]));
        driver_calls(m.driver, 0, .1, 500, NULL);
        build_run(sim, m.driver, 0, 100);
        mean[i] = metric(&m, "station:service.mean");
        sim_free(sim);
    }
    for (int i = 1; i < 4; i++)
        assert_near(mean[i], mean[0], 1e-9);
}

static void the_earliest_deadline_first(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=edf");
    static const int patience[] = {9, 0, 7, 5, 6};
    for (int i = 0; i < 5; i++)
        driver_call(m.driver, .1 * i, NULL)->patience = patience[i] * NS_PER_S;
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 1, 5, 4, 2, 3); /* without a deadline: last */
    sim_free(m.sim);
}

static void who_leaves_a_heap_leaves_it_whole(void **state) {
    (void)state;
    static const char *const disciplines[] = {"sjf", "edf", "adaptive_lifo", "ps, max_sharing=1"};
    for (int i = 0; i < 4; i++) {
        struct sim *sim = build_new(1);
        struct model m =
            on(sim, arena_print(&sim->arena, "service=exponential{mean=1s}, discipline=%s",
                                disciplines[i]));
        for (int k = 0; k < 60; k++)
            driver_call(m.driver, .01 * k, NULL)->cancel_after = k % 3 ? 0 : (500 + 97 * k) * MS;
        build_crash(m.station, 30);
        driver_calls(m.driver, 40, .1, 20, NULL);
        build_run(sim, m.driver, 0, 200);
        assert_int_equal(driver_outcomes(m.driver, 40, 50, OUTCOME_OK), 20);
        sim_free(sim);
    }
}

/* ---- interruption */

/* Ciw's example: the important one comes at 7.5 while the second is in service since 6.5. */
static void interrupted_work_goes_on_or_begins_anew(void **state) {
    (void)state;
    static const char *const specs[] = {"resume", "restart"};
    static const double second[] = {15.5, 16.5};
    for (int i = 0; i < 2; i++) {
        struct sim *sim = build_new(1);
        build_class(sim, "low", 0);
        build_class(sim, "high", 1);
        struct model m =
            on(sim,
               arena_print(&sim->arena,
                           "discipline=priority, preempt=%s, service={low=5s, high=4s}", specs[i]));
        driver_call(m.driver, 1.5, "low");
        driver_call(m.driver, 5, "low");
        driver_call(m.driver, 7.5, "high");
        build_run(sim, m.driver, 0, 20);
        ENDS(&m, 6.5, second[i], 11.5);
        assert_near(metric(&m, "station:interrupted") * 20, 1, 1e-9);
        assert_near(metric(&m, "station:stall.mean"), 4, 1e-9);
        assert_near(metric(&m, "station:wait.max"), 1.5, .01);
        assert_near(metric(&m, "station:queue"), (1.5 + 4) / 20, 1e-9);
        assert_near(metric(&m, "station:utilization"), (second[i] - 1.5) / 20, 1e-9);
        sim_free(sim);
    }
}

static void equals_do_not_interrupt(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 1);
    build_class(sim, "b", 1);
    struct model m = on(sim, "discipline=priority, preempt=resume, service=2s");
    driver_call(m.driver, 0, "a");
    driver_call(m.driver, 1, "b");
    build_run(sim, m.driver, 0, 20);
    ENDS(&m, 2, 4);
    sim_free(sim);
}

/* Two servers: the least important one is interrupted, of equals the one that came last. */
static void the_least_important_is_interrupted(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "low", 0);
    build_class(sim, "mid", 1);
    build_class(sim, "high", 2);
    struct model m = on(sim, "discipline=priority, preempt=resume, service=10s, servers=2");
    driver_call(m.driver, 0, "low");
    driver_call(m.driver, 1, "low");
    driver_call(m.driver, 2, "mid");  /* instead of the second, which has 9 s left */
    driver_call(m.driver, 3, "high"); /* instead of the first, which has 7 s left */
    driver_call(m.driver, 4, "mid");  /* of those two none */
    build_run(sim, m.driver, 0, 60);
    ENDS(&m, 20, 29, 12, 13, 22);
    sim_free(sim);
}

static void the_last_interrupts(void **state) {
    (void)state;
    struct model m = model("service=2s, discipline=lifo, preempt=resume");
    driver_calls(m.driver, 0, .5, 4, NULL);
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 8, 6.5, 5, 3.5);
    sim_free(m.sim);
}

/* Shortest remaining time: a 2 s call comes when 2 s are left, and waits; a 1 s call does not. */
static void the_shortest_remaining_time_first(void **state) {
    (void)state;
    struct model m = sized(", discipline=sjf, preempt=resume");
    driver_call(m.driver, 0, "s4");
    driver_call(m.driver, 2, "s2");
    driver_call(m.driver, 2.5, "s1");
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 5, 7, 3.5);
    sim_free(m.sim);
}

static void the_earlier_deadline_interrupts(void **state) {
    (void)state;
    struct model m = model("service=2s, discipline=edf, preempt=restart");
    driver_call(m.driver, 0, NULL)->patience = 20 * NS_PER_S;
    driver_call(m.driver, 1, NULL)->patience = 5 * NS_PER_S;
    driver_call(m.driver, 1.5, NULL)->patience = 5 * NS_PER_S;
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 7, 3, 5);
    sim_free(m.sim);
}

/* One that has begun is no longer merely queued, even while it waits to go on. */
static void interrupted_work_may_be_withdrawn(void **state) {
    (void)state;
    static const enum cause causes[] = {CAUSE_QUEUED, CAUSE_GONE, CAUSE_LOSER, CAUSE_DEADLINE};
    for (int i = 0; i < 4; i++) {
        struct model m = sized(", discipline=priority, preempt=resume");
        struct arrival *a = driver_call(m.driver, 0, "s1");
        a->cancel_after = 1000 * MS;
        a->cause = causes[i];
        driver_call(m.driver, .5, "s2");
        build_run(m.sim, m.driver, 0, 20);
        ENDS(&m, 1, 2.5);
        assert_near(metric(&m, "station:utilization"), (causes[i] == CAUSE_QUEUED ? 3 : 2.5) / 20,
                    1e-9);
        sim_free(m.sim);
    }
}

/* ---- processor sharing: the small cases of Ciw's tests */

static void three_share_one_server(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=ps");
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, .7, NULL);
    driver_call(m.driver, 2, NULL);
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 2.45, 2.85, 3.5);
    assert_near(metric(&m, "station:utilization"), .3, 1e-9);
    assert_near(metric(&m, "station:wait.max"), 0, 0);
    sim_free(m.sim);
    m = sized(", discipline=ps");
    driver_call(m.driver, .5, "s1");
    driver_call(m.driver, .5, "s2");
    driver_call(m.driver, .5, "s3");
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 3.5, 5.5, 6.5);
    sim_free(m.sim);
}

static void no_more_than_so_many_share(void **state) {
    (void)state;
    struct model m = sized(", discipline=ps, max_sharing=3");
    driver_call(m.driver, .5, "s1");
    driver_call(m.driver, .5, "s2");
    driver_call(m.driver, .5, "s3");
    driver_call(m.driver, 1.5, "s4");
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 3.5, 6.5, 8.5, 10.5);
    assert_near(metric(&m, "station:wait.max"), 2, .01);
    assert_near(metric(&m, "station:queue"), 2. / 20, 1e-9);
    sim_free(m.sim);
}

/* Two calls have a server each; three share two. */
static void servers_are_shared_when_they_are_too_few(void **state) {
    (void)state;
    struct model m = model("service=3s, discipline=ps, servers=2");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1, NULL); /* 2, 2 and 3 s are left, at two thirds of the speed */
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 4, 4, 5);
    assert_near(metric(&m, "station:utilization"), (4 * 2 + 1) / 20., 1e-9);
    sim_free(m.sim);
}

static void the_shares_change_when_the_servers_do(void **state) {
    (void)state;
    struct model m = model("service=3s, discipline=ps");
    driver_calls(m.driver, 0, 0, 3, NULL); /* at 3 s each has had 1 s, then all have a server */
    build_set(m.station, 3, "servers", "3");
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 5, 5, 5);
    assert_near(metric(&m, "station:utilization"), 9. / (3 + 3 * 7), 1e-9);
    sim_free(m.sim);
    m = model("service=3s, discipline=ps, max_sharing=1, servers=3");
    driver_calls(m.driver, 0, 0, 3, NULL);
    build_set(m.station, 1, "max_sharing", "2");
    build_set(m.station, 2, "max_sharing", "0");
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 3, 4, 5);
    sim_free(m.sim);
}

static void who_leaves_gives_its_share_to_the_others(void **state) {
    (void)state;
    struct model m = model("service=2s, discipline=ps");
    struct arrival *a = driver_call(m.driver, 0, NULL);
    a->cancel_after = 1000 * MS;
    a->cause = CAUSE_LOSER;
    driver_call(m.driver, 0, NULL); /* has had .5 s */
    a = driver_call(m.driver, 2, NULL);
    a->cancel_after = 100 * MS;
    a->cause = CAUSE_QUEUED; /* it is in service at once */
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 1, 3, 2.1); /* .5 s are left when the third comes */
    assert_near(metric(&m, "station:utilization"), 4.5 / 10, 1e-9);
    sim_free(m.sim);
}

static void a_slow_fault_stretches_what_begins(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=ps");
    kit_fault(m.sim, "slow", "'station', factor=2, from=1s, to=2s");
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, 1.25, NULL); /* 2 s, while .25 s of the first are left */
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 1.75, 3.5);
    sim_free(m.sim);
}

/* ---- contention */

/* Two calls at a time: each is slower by 1 + sigma + 2 kappa, while both are there. */
static void calls_in_service_slow_each_other_down(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=2, contention={sigma=0.5, kappa=0.25}");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 0.5, NULL); /* half is left of the first: 1 s at half the speed */
    driver_call(m.driver, 0.5, NULL); /* waits */
    build_run(m.sim, m.driver, 0, 10);
    ENDS(&m, 1.5, 2.5, 3);
    sim_free(m.sim);
}

static void contention_in_a_pool_is_that_of_the_station(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *pool = build_node(sim, &pool_type, "name=cpu, servers=4", NULL);
    struct node *s =
        build_node(sim, &station_type, "on=@1, service=1s, contention={sigma=1}", pool, NULL);
    struct node *d = build_driver(sim, s);
    driver_calls(d, 0, 0, 3, NULL);
    build_run(sim, d, 0, 10);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(driver_arrival(d, i)->done, 3 * NS_PER_S);
    assert_near(build_metric(sim, "cpu:utilization"), 9. / 40, 1e-9);
    sim_free(sim);
}

/* ---- a call below */

static void a_server_is_held_for_what_is_below(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 2s, error 2s, ok 2s'", NULL);
    struct node *s = build_node(sim, &station_type, "service=1s, queue={limit=1}", leaf, NULL);
    struct node *d = build_driver(sim, s);
    driver_calls(d, 0, .5, 3, NULL);
    driver_call(d, 5, NULL);
    build_run(sim, d, 0, 20);
    assert_string_equal(driver_story(d, 4), "ok error error ok");
    assert_int_equal(driver_arrival(d, 0)->done, 3 * NS_PER_S);
    assert_int_equal(driver_arrival(d, 1)->done, 6 * NS_PER_S);
    assert_int_equal(driver_arrival(d, 3)->done, 9 * NS_PER_S);
    assert_near(build_metric(sim, "station:utilization"), 9. / 20, 1e-9);
    assert_near(build_metric(sim, "station:service.mean"), 1, 1e-9);
    sim_free(sim);
}

/* The second call finds the room below that the first had. */
static void who_is_withdrawn_leaves_both(void **state) {
    (void)state;
    static const enum cause causes[] = {CAUSE_GONE, CAUSE_QUEUED};
    static const char *const stories[] = {"cancelled ok", "cancelled ok"};
    static const double done[] = {3.5, 6};
    for (int i = 0; i < 2; i++) {
        struct sim *sim = build_new(1);
        struct node *below =
            build_node(sim, &station_type, "name=below, service=2s, queue={limit=0}", NULL);
        struct node *s = build_node(sim, &station_type, "name=above, service=1s", below, NULL);
        struct node *d = build_driver(sim, s);
        struct arrival *a = driver_call(d, 0, NULL);
        a->cancel_after = 1500 * MS;
        a->cause = causes[i];
        driver_call(d, 0, NULL);
        build_run(sim, d, 0, 20);
        assert_string_equal(driver_story(d, 2), stories[i]);
        assert_int_equal(driver_arrival(d, 1)->done, ns_from_s(done[i] + (i ? 0 : 1)));
        sim_free(sim);
    }
}

static void a_crash_ends_what_is_held(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 2s'", NULL);
    struct node *s = build_node(sim, &station_type, "service=1s", leaf, NULL);
    struct node *d = build_driver(sim, s);
    driver_calls(d, 0, 0, 2, NULL);
    build_crash(s, 1.5);
    driver_call(d, 2, NULL);
    build_crash(leaf, 3.5);
    build_run(sim, d, 0, 20);
    assert_string_equal(driver_story(d, 3), "error error error");
    assert_int_equal(driver_arrival(d, 2)->done, 3500 * MS);
    sim_free(sim);
}

/* Three threads, each of which waits for one of two connections, of which each is used for 2 s. */
static void threads_wait_for_connections(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *query = build_node(sim, &delay_type, "time=2s", NULL);
    struct node *connections = build_node(
        sim, &bulkhead_type, "max_concurrent_calls=2, max_wait_duration=9s", query, NULL);
    struct node *threads =
        build_node(sim, &station_type, "service=1s, servers=3", connections, NULL);
    struct node *d = build_driver(sim, threads);
    driver_calls(d, 0, 0, 5, NULL);
    build_run(sim, d, 0, 20);
    static const int ends[] = {3, 3, 5, 6, 7}; /* the last two are ready at 4, when one is free */
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(driver_arrival(d, i)->done, ends[i] * NS_PER_S);
    assert_near(build_metric(sim, "station:utilization"), (3 + 3 + 5 + 3 + 4) / 60., 1e-9);
    sim_free(sim);
}

/* A server of the four is kept for people: what is not for them passes a bulkhead of three. */
static void servers_are_reserved_by_a_bulkhead(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "people", 0);
    build_class(sim, "batch", 0);
    struct node *cpu = build_node(sim, &pool_type, "servers=4", NULL);
    struct node *people =
        build_node(sim, &station_type, "name=people, on=@1, service=1s", cpu, NULL);
    struct node *batch = build_node(sim, &station_type, "name=batch, on=@1, service=1s", cpu, NULL);
    struct node *gate = build_node(sim, &bulkhead_type,
                                   "max_concurrent_calls=3, max_wait_duration=9s", batch, NULL);
    struct node *split =
        build_node(sim, &split_type, "to={people=@1, batch=@2}, by=class", people, gate, NULL);
    struct node *d = build_driver(sim, split);
    driver_calls(d, 0, 0, 5, "batch");
    driver_call(d, .5, "people");
    build_run(sim, d, 0, 20);
    static const double ends[] = {1, 1, 1, 2, 2, 1.5};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(driver_arrival(d, i)->done, ns_from_s(ends[i]));
    sim_free(sim);
}

/* ---- refusals */

static void nonsense_is_refused(void **state) {
    (void)state;
    static const char *const early[][2] = {
        {"service=1s, preempt=resume", "'preempt' means nothing with discipline = "},
        {"service=1s, discipline=random, preempt=resume", "means nothing with discipline = "},
        {"service=1s, max_sharing=2", "'max_sharing' means nothing with discipline = "},
        {"service=1s, lifo_after=2s", "'lifo_after' means nothing with discipline = "},
        {"service=1s, idle=2s", "'idle' means nothing without 'setup'"},
        {"service=1s, queue={target=1ms}", "'target' means nothing without 'codel'"},
        {"service=1s, breakdown={mtbf=1s}", "'mtbf' means nothing without 'mttr'"},
        {"service=1s, breakdown={crews=1}", "'crews' means nothing without 'mtbf'"},
        {"service=1s, pause={every=1s}", "'every' means nothing without 'lasting'"},
        {"service=1s, warm_up={factor=3}", "'factor' means nothing without 'lasting'"},
        {"service=1s, contention={sigma=-1}", "it must lie in 0..1000"},
    };
    for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
        struct sim *sim = build_new(1);
        assert_says(build_refusal(sim, &station_type, early[i][0], NULL), early[i][1]);
        sim_free(sim);
    }
    static const char *const late[][2] = {
        {"service=1s, discipline=ps, breakdown={mtbf=1s, mttr=1s, on_failure=lost}",
         "use on_failure = \"resume\""},
        {"service=1s, pause={every=steps{{0, 1s}, {2s, 3s}}, lasting=1s}",
         "pause.every: it belongs to no call"},
    };
    for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
        struct model m = model(late[i][0]);
        assert_says(build_seal_refusal(m.sim, m.driver), late[i][1]);
        sim_free(m.sim);
    }
    static const char *const pooled[] = {"discipline=ps", "discipline=lifo, preempt=resume",
                                         "breakdown={mtbf=1s, mttr=1s}", "setup=1s"};
    for (size_t i = 0; i < sizeof pooled / sizeof *pooled; i++) {
        struct sim *sim = build_new(1);
        struct node *pool = build_node(sim, &pool_type, "servers=4", NULL);
        struct node *s =
            build_node(sim, &station_type,
                       arena_print(&sim->arena, "on=@1, service=1s, %s", pooled[i]), pool, NULL);
        assert_says(build_seal_refusal(sim, build_driver(sim, s)), "wants servers of its own");
        sim_free(sim);
    }
}

static void what_holds_a_server_is_not_interrupted(void **state) {
    (void)state;
    static const char *const specs[] = {"discipline=ps", "discipline=lifo, preempt=resume",
                                        "breakdown={mtbf=1s, mttr=1s}"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct sim *sim = build_new(1);
        struct node *leaf = build_node(sim, &leaf_type, "", NULL);
        struct node *s = build_node(
            sim, &station_type, arena_print(&sim->arena, "service=1s, %s", specs[i]), leaf, NULL);
        assert_says(build_seal_refusal(sim, build_driver(sim, s)), "cannot be interrupted");
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_first),
        cmocka_unit_test(the_draws_are_the_same),
        cmocka_unit_test(the_earliest_deadline_first),
        cmocka_unit_test(who_leaves_a_heap_leaves_it_whole),
        cmocka_unit_test(interrupted_work_goes_on_or_begins_anew),
        cmocka_unit_test(equals_do_not_interrupt),
        cmocka_unit_test(the_least_important_is_interrupted),
        cmocka_unit_test(the_last_interrupts),
        cmocka_unit_test(the_shortest_remaining_time_first),
        cmocka_unit_test(the_earlier_deadline_interrupts),
        cmocka_unit_test(interrupted_work_may_be_withdrawn),
        cmocka_unit_test(three_share_one_server),
        cmocka_unit_test(no_more_than_so_many_share),
        cmocka_unit_test(servers_are_shared_when_they_are_too_few),
        cmocka_unit_test(the_shares_change_when_the_servers_do),
        cmocka_unit_test(who_leaves_gives_its_share_to_the_others),
        cmocka_unit_test(a_slow_fault_stretches_what_begins),
        cmocka_unit_test(calls_in_service_slow_each_other_down),
        cmocka_unit_test(contention_in_a_pool_is_that_of_the_station),
        cmocka_unit_test(a_server_is_held_for_what_is_below),
        cmocka_unit_test(who_is_withdrawn_leaves_both),
        cmocka_unit_test(a_crash_ends_what_is_held),
        cmocka_unit_test(threads_wait_for_connections),
        cmocka_unit_test(servers_are_reserved_by_a_bulkhead),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(what_holds_a_server_is_not_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
