/* Calls: how they end, what becomes of those below, milestones, probes, keys, and the guards of a
 * run. */
#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *leaf, *top, *driver;
};

static struct model over(struct sim *sim, struct node *leaf, struct node *top) {
    struct model m = {sim, leaf, top, build_driver(sim, top)};
    return m;
}

static struct model puppet(const char *puppet_spec, const char *worker_spec) {
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, worker_spec, NULL);
    return over(sim, w, build_node(sim, &puppet_type, puppet_spec, w, NULL));
}

static void runs(struct model *m, double seconds, const char *story) {
    kit_story();
    driver_call(m->driver, 0, NULL);
    build_run(m->sim, m->driver, 0, seconds);
    assert_string_equal(kit_story(), story);
}

static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* ---- ends */

static void an_answer_climbs(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=2s, ends=degraded");
    runs(&m, 10, "0 w accept; 2 w finish; 2 p reply degraded");
    assert_string_equal(driver_story(m.driver, 1), "degraded");
    assert_int_equal(driver_arrival(m.driver, 0)->done, 2000 * MS);
    sim_free(m.sim);
}

static void an_immediate_answer_comes_after_the_sender_has_returned(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=0s, ends=error");
    runs(&m, 10, "0 w accept; 0 p reply error"); /* the puppet's own call was there to be passed */
    assert_string_equal(driver_story(m.driver, 1), "error");
    sim_free(m.sim);
}

static void finishing_takes_those_below_along(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=finish, after=1s", "name=w, time=2s");
    runs(&m, 10, "0 w accept; 1 p finish; 1 w cancel gone");
    assert_near(metric(&m, "w:share{outcome=cancelled}"), 1, 0);
    sim_free(m.sim);
}

static void a_cancelled_sub_never_replies(void **state) {
    (void)state;
    struct model m =
        puppet("name=p, act=cancel, cause=loser, after=1s, then=5s", "name=w, time=2s");
    runs(&m, 10, "0 w accept; 1 p cancel; 1 w cancel loser; 6 p finish");
    assert_string_equal(driver_story(m.driver, 1), "ok");
    sim_free(m.sim);
}

static void a_refusal_makes_an_orphan(void **state) {
    (void)state;
    struct model m =
        puppet("name=p, act=cancel, cause=deadline, after=1s", "name=w, time=3s, stubborn=true");
    runs(&m, 10, "0 w accept; 1 p cancel; 1 w refuse deadline; 3 w finish");
    assert_int_equal(driver_arrival(m.driver, 0)->done, 1000 * MS);
    assert_near(metric(&m, "w:latency.mean"), 3, 1e-12); /* the work went on and was measured */
    assert_near(metric(&m, "w:in_flight"), .3, 1e-12);
    assert_int_equal(m.sim->live_requests, 0);
    sim_free(m.sim);
}

static void detaching_leaves_the_work(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=detach, after=1s", "name=w, time=3s");
    runs(&m, 10, "0 w accept; 1 p detach; 3 w finish");
    assert_near(metric(&m, "w:share{outcome=ok}"), 1, 0);
    assert_int_equal(m.sim->requests.live, 0);
    sim_free(m.sim);
}

static void the_end_finds_orphans(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=detach, after=1s", "name=w, time=100s");
    runs(&m, 10, "0 w accept; 1 p detach; 10 w cancel crash"); /* the audit finds nothing left */
    assert_int_equal(m.sim->requests.live, 0);
    sim_free(m.sim);
}

static void an_orphan_keeps_what_is_below_it(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, "name=w, time=4s", NULL);
    struct node *d = build_node(sim, &delay_type, "time=2s", w, NULL);
    struct model m = over(sim, w, build_node(sim, &puppet_type, "name=p, act=detach", d, NULL));
    runs(&m, 10, "1 p detach; 2 w accept; 6 w finish");
    assert_near(metric(&m, "delay:latency.mean"), 6, 1e-12);
    sim_free(sim);
}

static void withdrawing_reaches_through_wrappers(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a, time=3s", NULL);
    struct node *inner = build_node(sim, &puppet_type, "name=i", a, NULL);
    struct model m =
        over(sim, a, build_node(sim, &puppet_type, "name=p, act=cancel, cause=loser", inner, NULL));
    runs(&m, 10, "0 a accept; 1 p cancel; 1 a cancel loser");
    assert_near(metric(&m, "i:share{outcome=cancelled}"), 1, 0);
    sim_free(sim);
}

static void what_refuses_below_a_wrapper_goes_on_alone(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a, time=3s, stubborn=true", NULL);
    struct node *inner = build_node(sim, &puppet_type, "name=i", a, NULL);
    struct model m = over(sim, a, build_node(sim, &puppet_type, "name=p, act=cancel", inner, NULL));
    runs(&m, 10, "0 a accept; 1 p cancel; 1 a refuse gone; 3 a finish"); /* i hears nothing */
    sim_free(sim);
}

static void a_second_sub_dies_with_the_first_answer(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=again, after=1s", "name=w, time=2s");
    runs(&m, 10, "0 w accept; 1 p again; 1 w accept; 2 w finish; 2 p reply ok; 2 w cancel gone");
    sim_free(m.sim);
}

/* Both answers stand on the ready list when the first one is delivered: the second is only thrown
 * away. */
static void an_answer_already_queued_is_dropped(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, "name=w, time=0s", NULL);
    struct model m =
        over(sim, w, build_node(sim, &puppet_type, "name=p, act=again, after=0s", w, NULL));
    runs(&m, 1, "0 w accept; 0 p reply ok");
    sim_free(sim);
    m = puppet("name=p, act=again, after=1s",
               "name=w, time=1s"); /* the first answer and the second send tie */
    runs(&m, 10, "0 w accept; 1 p again; 1 w accept; 1 w finish; 1 p reply ok; 1 w cancel gone");
    sim_free(m.sim);
}

static void a_withdrawn_root_is_closed(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=5s");
    struct arrival *a = driver_call(m.driver, 0, NULL);
    a->cancel_after = 1000 * MS;
    a->cause = CAUSE_DEADLINE;
    kit_story();
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(kit_story(), "0 w accept; 1 w cancel deadline");
    assert_near(build_metric(m.sim, "share{outcome=cancelled}"), 1, 0);
    sim_free(m.sim);
}

/* ---- crashes */

static void a_crash_ends_calls_with_an_error(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=3s, stubborn=true");
    build_crash(m.leaf, 1);
    runs(&m, 10, "0 w accept; 1 w cancel crash; 1 p reply error");
    sim_free(m.sim);
}

static void a_crash_in_the_middle_cancels_below_and_fails_above(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, "name=w, time=3s", NULL);
    struct node *i = build_node(sim, &puppet_type, "name=i", w, NULL);
    struct model m = over(sim, w, build_node(sim, &puppet_type, "name=p", i, NULL));
    build_crash(i, 1);
    runs(&m, 10, "0 w accept; 1 w cancel gone; 1 p reply error");
    sim_free(sim);
}

static void a_crash_takes_orphans_too(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=detach, after=1s", "name=w, time=5s");
    build_crash(m.leaf, 2);
    runs(&m, 10, "0 w accept; 1 p detach; 2 w cancel crash");
    assert_int_equal(m.sim->live_requests, 0);
    sim_free(m.sim);
}

static void a_crash_takes_service_and_queue(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=4s, servers=2", NULL);
    struct model m = over(sim, s, s);
    driver_calls(m.driver, 0, .1, 5, NULL);
    driver_call(m.driver, 2, NULL);
    build_crash(s, 1);
    build_run(sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 6), "error error error error error ok");
    assert_int_equal(driver_arrival(m.driver, 4)->done, 1000 * MS);
    assert_int_equal(driver_arrival(m.driver, 5)->done,
                     6000 * MS); /* the servers were free again */
    assert_near(metric(&m, "s:queue"), (.8 + .7 + .6) / 10, 1e-12);
    assert_near(metric(&m, "s:utilization"), (1 + .9 + 4) / 20, 1e-12);
    sim_free(sim);
}

static void a_crash_of_nothing_is_nothing(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=1s");
    build_crash(m.leaf, 5);
    build_crash(m.top, 5);
    runs(&m, 10, "0 w accept; 1 w finish; 1 p reply ok");
    sim_free(m.sim);
}

/* ---- taken out of queues */

static void work_that_has_begun_is_not_taken_out_of_a_queue(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=4s", NULL);
    struct node *p =
        build_node(sim, &puppet_type, "name=p, act=cancel, cause=queued, after=1s", s, NULL);
    struct model m = over(sim, s, p);
    driver_calls(m.driver, 0, .5, 3, NULL);
    build_run(sim, m.driver, 0, 20);
    assert_near(metric(&m, "s:share{outcome=ok}"), 1. / 3, 1e-12); /* an orphan's */
    assert_near(metric(&m, "s:share{outcome=cancelled}"), 2. / 3, 1e-12);
    assert_near(metric(&m, "s:utilization"), 4. / 20, 1e-12);
    assert_near(metric(&m, "s:queue"), 2. / 20, 1e-12);
    sim_free(sim);
}

static void work_that_has_begun_stops_at_a_deadline(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=4s", NULL);
    struct node *p =
        build_node(sim, &puppet_type, "name=p, act=cancel, cause=deadline, after=1s", s, NULL);
    struct model m = over(sim, s, p);
    driver_calls(m.driver, 0, .5, 2, NULL);
    build_run(sim, m.driver, 0, 20);
    assert_near(metric(&m, "s:share{outcome=cancelled}"), 1, 0);
    assert_near(metric(&m, "s:utilization"), 1.5 / 20,
                1e-12); /* the second began when the first was stopped */
    assert_near(metric(&m, "s:service.mean"), .75, .01);
    sim_free(sim);
}

static void taking_out_of_a_queue_reaches_through_wrappers(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=4s", NULL);
    struct node *r = build_node(sim, &retry_type, "", s, NULL);
    struct model m =
        over(sim, s, build_node(sim, &puppet_type, "name=p, act=cancel, cause=queued", r, NULL));
    driver_calls(m.driver, 0, .5, 2, NULL);
    build_run(sim, m.driver, 0, 20);
    assert_near(metric(&m, "s:share{outcome=ok}"), .5, 0);
    assert_near(metric(&m, "retry:share{outcome=cancelled}"), 1, 0);
    sim_free(sim);
}

/* ---- milestones */

static struct model ear(const char *ear_spec, const char *between, const char *worker_spec) {
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, worker_spec, NULL);
    struct node *n = w;
    if (between)
        n = build_node(sim, &puppet_type, between, w, NULL);
    return over(sim, w, build_node(sim, &ear_type, ear_spec, n, NULL));
}

static void milestones_are_heard_through_wrappers(void **state) {
    (void)state;
    struct model m = ear("name=e", "name=p", "name=w, mark=1s, marks=3, time=1s");
    runs(&m, 10,
         "0 w accept; 1 w mark; 1 e hears 1; 1 e hears 2; 2 w finish; 2 p reply ok; "
         "2 e reply ok");
    assert_true(m.leaf->wanted);
    assert_true(m.driver->wanted == false);
    sim_free(m.sim);
}

static void milestones_cost_nothing_where_nobody_listens(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, mark=1s, marks=1, time=1s");
    runs(&m, 10, "0 w accept; 1 w mark; 2 w finish; 2 p reply ok");
    assert_false(m.leaf->wanted);
    sim_free(m.sim);
}

static void a_milestone_comes_ahead_of_the_reply(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "service=0s", NULL);
    struct model m = over(sim, s, build_node(sim, &ear_type, "name=e", s, NULL));
    runs(&m, 10, "0 e hears 1; 0 e reply ok");
    sim_free(sim);
}

static void a_milestone_of_an_orphan_reaches_nobody(void **state) {
    (void)state;
    struct model m =
        ear("name=e", "name=p, act=detach, after=1s, then=5s", "name=w, mark=2s, marks=1, time=1s");
    runs(&m, 10, "0 w accept; 1 p detach; 2 w mark; 3 w finish; 6 p finish; 6 e reply ok");
    sim_free(m.sim);
}

static void a_listener_may_do_anything(void **state) {
    (void)state;
    const char *spec = "name=w, mark=1s, marks=3, time=1s";
    struct model m = ear("name=e, on=cancel", "name=p", spec);
    runs(&m, 10, "0 w accept; 1 w mark; 1 e hears 1; 1 w cancel loser");
    assert_string_equal(driver_story(m.driver, 1), "degraded");
    sim_free(m.sim);
    m = ear("name=e, on=cancel", NULL,
            spec); /* the one that tells is itself withdrawn: no second milestone */
    runs(&m, 10, "0 w accept; 1 w mark; 1 e hears 1; 1 w cancel loser");
    sim_free(m.sim);
    m = ear("name=e, on=detach", NULL, spec);
    runs(&m, 10, "0 w accept; 1 w mark; 1 e hears 1; 2 w finish");
    sim_free(m.sim);
    m = ear("name=e, on=finish", "name=p", spec);
    runs(&m, 10, "0 w accept; 1 w mark; 1 e hears 1; 1 w cancel gone");
    sim_free(m.sim);
}

static void the_start_of_service_is_told_when_it_comes(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "service=2s", NULL);
    struct model m = over(sim, s, build_node(sim, &ear_type, "name=e", s, NULL));
    driver_call(m.driver, 0, NULL);
    runs(&m, 10, "0 e hears 1; 2 e reply ok; 2 e hears 1; 4 e reply ok");
    sim_free(sim);
}

/* Those that a crash kills in the queue never begin to be served, though the server becomes free.
 */
static void a_crash_serves_nobody_in_passing(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=3s", NULL);
    struct model m = over(sim, s, build_node(sim, &ear_type, "name=e", s, NULL));
    kit_fault(sim, "down", "'s', from=1s, to=2s");
    driver_call(m.driver, 0, NULL);
    runs(&m, 10, "0 e hears 1; 1 e reply error; 1 e reply error");
    assert_near(metric(&m, "s:wait.max"), 0, 0); /* who died waiting has no wait for service */
    sim_free(sim);
}

/* ---- probes */

static struct {
    struct node *node;
    double queue, utilization, in_flight;
    bool knows_queue, knows_utilization;
} probed;

static void look(void *ctx) {
    probed.node = ctx;
    probed.knows_queue = node_probe(ctx, PROBE_QUEUE, &probed.queue);
    probed.knows_utilization = node_probe(ctx, PROBE_UTILIZATION, &probed.utilization);
    assert_true(node_probe(ctx, PROBE_IN_FLIGHT, &probed.in_flight));
}

static void a_probe_asks_the_station_below(void **state) {
    (void)state;
    for (int wrapped = 0; wrapped < 2; wrapped++) {
        struct sim *sim = build_new(1);
        struct node *s = build_node(sim, &station_type, "service=5s, servers=2", NULL);
        struct node *t = build_node(sim, &timeout_type, "after=100s", s, NULL);
        struct node *d = build_node(sim, &delay_type, "time=0s", t, NULL);
        struct model m = over(sim, s, d);
        driver_calls(m.driver, 0, .1, 5, NULL);
        build_at(sim, 1, look, wrapped ? d : s);
        build_run(sim, m.driver, 0, 30);
        assert_true(probed.knows_queue && probed.knows_utilization);
        assert_near(probed.queue, 3, 0);
        assert_near(probed.utilization, 1, 0);
        assert_near(probed.in_flight, 5, 0);
        sim_free(sim);
    }
}

static void a_probe_is_honest_about_what_nobody_knows(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a", NULL);
    struct node *b = build_node(sim, &station_type, "name=b, service=1s", NULL);
    struct node *f =
        build_node(sim, &fallback_type, "", a, b, NULL); /* two children: whose queue? */
    struct model m = over(sim, a, f);
    driver_call(m.driver, 0, NULL);
    build_at(sim, .5, look, f);
    build_run(sim, m.driver, 0, 10);
    assert_false(probed.knows_queue || probed.knows_utilization);
    assert_near(probed.in_flight, 1, 0);
    sim_free(sim);
    sim = build_new(1);
    a = build_node(sim, &worker_type, "name=a", NULL);
    m = over(sim, a, a);
    driver_call(m.driver, 0, NULL);
    build_at(sim, .5, look, a);
    build_run(sim, m.driver, 0, 10);
    assert_false(probed.knows_queue || probed.knows_utilization);
    sim_free(sim);
}

/* ---- keys, deadlines */

static void keys_are_inherited_and_remixed_by_attempt(void **state) {
    (void)state;
    uint64_t key[2][3];
    for (int wrapped = 0; wrapped < 2; wrapped++) {
        struct sim *sim = build_new(1);
        struct node *w = build_node(sim, &worker_type, "name=w, time=0s, ends=error", NULL);
        struct node *d = wrapped ? build_node(sim, &delay_type, "time=0s", w, NULL) : w;
        struct model m = over(sim, w, build_node(sim, &retry_type, "backoff={base=1s}", d, NULL));
        driver_call(m.driver, 0, NULL);
        build_run(sim, m.driver, 0, 100);
        assert_int_equal(worker_count(w), 3);
        for (uint32_t i = 0; i < 3; i++) {
            key[wrapped][i] = worker_seen(w, i)->key;
            assert_int_equal(worker_seen(w, i)->attempt, i + 1);
            assert_int_equal(worker_seen(w, i)->request, worker_seen(w, 0)->request);
        }
        assert_true(key[wrapped][0] == rng_key(m.driver->salt, 0)); /* the request's own */
        sim_free(sim);
    }
    assert_true(key[0][0] != key[0][1] && key[0][1] != key[0][2] && key[0][0] != key[0][2]);
    assert_memory_equal(key[0], key[1], sizeof key[0]); /* a wrapper changes nothing */
}

static void nested_retries_have_keys_of_their_own(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *w = build_node(sim, &worker_type, "name=w, time=0s, ends=error", NULL);
    struct node *in = build_node(sim, &retry_type, "name=in, backoff={base=1s}", w, NULL);
    struct model m =
        over(sim, w, build_node(sim, &retry_type, "name=out, backoff={base=1s}", in, NULL));
    driver_call(m.driver, 0, NULL);
    build_run(sim, m.driver, 0, 100);
    assert_int_equal(worker_count(w), 9);
    for (uint32_t i = 0; i < 9; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_true(worker_seen(w, i)->key != worker_seen(w, k)->key);
    sim_free(sim);
}

static void deadlines_are_inherited_and_only_tightened(void **state) {
    (void)state;
    static const struct {
        ns_t patience;
        const char *after;
        ns_t want;
    } cases[] = {
        {0, "2s", 2000 * MS}, {1000 * MS, "2s", 1000 * MS}, {3000 * MS, "2s", 2000 * MS},
        {0, NULL, NS_NEVER},  {700 * MS, NULL, 700 * MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        struct node *w = build_node(sim, &worker_type, "name=w, time=0s", NULL);
        struct node *d = build_node(sim, &delay_type, "time=500ms", w, NULL);
        if (cases[i].after)
            d = build_node(sim, &timeout_type, arena_print(&sim->arena, "after=%s", cases[i].after),
                           d, NULL);
        struct model m = over(sim, w, d);
        driver_call(m.driver, 0, NULL)->patience = cases[i].patience;
        build_run(sim, m.driver, 0, 10);
        assert_int_equal(worker_seen(w, 0)->deadline, cases[i].want);
        sim_free(sim);
    }
}

/* ---- guards */

static struct sim *sealed(struct model *m, struct sim_limits limits) {
    struct error e = {{0}};
    struct span none = {0};
    assert_true(sim_wire(m->sim, &m->driver, 1, &e) && sim_seal(m->sim, &none, 0, &limits, &e));
    return m->sim;
}

static void a_full_model_stops_as_saturated(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=100s");
    driver_calls(m.driver, 0, .1, 50, NULL);
    struct sim *sim =
        sealed(&m, (struct sim_limits){.duration = ns_from_s(10), .max_in_flight = 20});
    assert_true(sim_run(sim)); /* no error: the run is over */
    assert_true(sim->full);
    assert_int_equal(sim->ended, 2000 * MS); /* the 21st came at 2 s */
    assert_int_equal(worker_count(m.leaf), 20);
    assert_near(build_metric(sim, "in_flight"), 10.5, 1e-9);
    assert_near(build_metric(sim, "offered"), 10, 1e-9);
    sim_free(sim);
}

/* Phases that a run did not reach have no values, and those it did have theirs. */
static void a_run_that_stops_early_leaves_later_phases_empty(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=100s");
    driver_calls(m.driver, 0, .1, 50, NULL);
    struct error e = {{0}};
    struct span phases[] = {
        {"a", 0, 1000 * MS}, {"b", 1000 * MS, 4000 * MS}, {"c", 4000 * MS, 8000 * MS}};
    struct sim_limits limits = {.duration = ns_from_s(10), .max_in_flight = 20};
    assert_true(sim_wire(m.sim, &m.driver, 1, &e) && sim_seal(m.sim, phases, 3, &limits, &e));
    assert_true(sim_run(m.sim) && m.sim->full);
    assert_near(metric(&m, "offered{phase=a}"), 10, 1e-9);
    assert_near(metric(&m, "offered{phase=b}"), 10, 1e-9); /* of the second that there was */
    assert_near(metric(&m, "in_flight{phase=b}"), 15.5, 1e-9);
    assert_true(isnan(metric(&m, "offered{phase=c}")));
    assert_true(isnan(metric(&m, "in_flight{phase=c}")));
    assert_near(metric(&m, "offered"), 10, 1e-9);
    assert_near(metric(&m, "w:in_flight"), 10.5, 1e-9);
    sim_free(m.sim);
}

static void a_run_that_stops_in_its_warmup_has_no_values(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=100s");
    driver_calls(m.driver, -5, .1, 50, NULL);
    struct sim *sim =
        sealed(&m, (struct sim_limits){
                       .warmup = ns_from_s(10), .duration = ns_from_s(10), .max_in_flight = 20});
    assert_true(sim_run(sim) && sim->full);
    assert_int_equal(sim->ended, 0);
    assert_true(isnan(build_metric(sim, "offered")));
    assert_true(isnan(build_metric(sim, "in_flight")));
    assert_near(build_metric(sim, "calls"), 0, 0);
    assert_int_equal(sim->at_start.arrived, sim->at_end.arrived);
    sim_free(sim);
}

static void time_that_stands_still_is_noticed(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=0s");
    driver_calls(m.driver, 3, 0, 2000, NULL);
    struct sim *sim =
        sealed(&m, (struct sim_limits){.duration = ns_from_s(10), .max_events_per_tick = 1000});
    assert_false(sim_run(sim));
    assert_says(sim->error.text, "time is not advancing: more than 1000 events at t = 3.0");
    sim_free(sim);
}

static void the_first_failure_is_the_one_told(void **state) {
    (void)state;
    struct model m = puppet("name=p", "name=w, time=1s");
    sim_fail(m.sim, "first %d", 1);
    sim_fail(m.sim, "second");
    assert_string_equal(m.sim->error.text, "first 1");
    assert_true(m.sim->stop);
    sim_free(m.sim);
}

static void without_an_end_the_run_goes_on_until_all_is_done(void **state) {
    (void)state;
    struct model m = puppet("name=p, act=detach, after=1s", "name=w, time=7s");
    driver_calls(m.driver, 0, 1, 4, NULL);
    struct sim *sim = sealed(&m, (struct sim_limits){.duration = NS_NEVER});
    assert_true(sim_run(sim));
    assert_int_equal(sim->ended, 10000 * MS); /* orphans too */
    assert_near(build_metric(sim, "offered"), .4, 1e-12);
    sim_free(sim);
    kit_story();
    m = puppet("name=p", "name=w");
    sim = sealed(&m, (struct sim_limits){.duration = NS_NEVER});
    assert_true(sim_run(sim)); /* nothing was ever sent */
    assert_int_equal(sim->ended, 0);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_climbs),
        cmocka_unit_test(an_immediate_answer_comes_after_the_sender_has_returned),
        cmocka_unit_test(finishing_takes_those_below_along),
        cmocka_unit_test(a_cancelled_sub_never_replies),
        cmocka_unit_test(a_refusal_makes_an_orphan),
        cmocka_unit_test(detaching_leaves_the_work),
        cmocka_unit_test(the_end_finds_orphans),
        cmocka_unit_test(an_orphan_keeps_what_is_below_it),
        cmocka_unit_test(withdrawing_reaches_through_wrappers),
        cmocka_unit_test(what_refuses_below_a_wrapper_goes_on_alone),
        cmocka_unit_test(a_second_sub_dies_with_the_first_answer),
        cmocka_unit_test(an_answer_already_queued_is_dropped),
        cmocka_unit_test(a_withdrawn_root_is_closed),
        cmocka_unit_test(a_crash_ends_calls_with_an_error),
        cmocka_unit_test(a_crash_in_the_middle_cancels_below_and_fails_above),
        cmocka_unit_test(a_crash_takes_orphans_too),
        cmocka_unit_test(a_crash_takes_service_and_queue),
        cmocka_unit_test(a_crash_of_nothing_is_nothing),
        cmocka_unit_test(work_that_has_begun_is_not_taken_out_of_a_queue),
        cmocka_unit_test(work_that_has_begun_stops_at_a_deadline),
        cmocka_unit_test(taking_out_of_a_queue_reaches_through_wrappers),
        cmocka_unit_test(milestones_are_heard_through_wrappers),
        cmocka_unit_test(milestones_cost_nothing_where_nobody_listens),
        cmocka_unit_test(a_milestone_comes_ahead_of_the_reply),
        cmocka_unit_test(a_milestone_of_an_orphan_reaches_nobody),
        cmocka_unit_test(a_listener_may_do_anything),
        cmocka_unit_test(the_start_of_service_is_told_when_it_comes),
        cmocka_unit_test(a_crash_serves_nobody_in_passing),
        cmocka_unit_test(a_probe_asks_the_station_below),
        cmocka_unit_test(a_probe_is_honest_about_what_nobody_knows),
        cmocka_unit_test(keys_are_inherited_and_remixed_by_attempt),
        cmocka_unit_test(nested_retries_have_keys_of_their_own),
        cmocka_unit_test(deadlines_are_inherited_and_only_tightened),
        cmocka_unit_test(a_full_model_stops_as_saturated),
        cmocka_unit_test(a_run_that_stops_early_leaves_later_phases_empty),
        cmocka_unit_test(a_run_that_stops_in_its_warmup_has_no_values),
        cmocka_unit_test(time_that_stands_still_is_noticed),
        cmocka_unit_test(the_first_failure_is_the_one_told),
        cmocka_unit_test(without_an_end_the_run_goes_on_until_all_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
