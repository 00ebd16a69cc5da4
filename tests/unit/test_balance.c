/* Balancers: who gets which call. */
#include "check.h"
#include "kit.h"

#include <stdlib.h>

struct model {
    struct sim *sim;
    struct node *target[64], *lb, *driver;
    uint32_t n;
};

static struct model targets(uint64_t seed, const char *spec, const char *worker, uint32_t n) {
    struct model m = {.sim = build_new(seed), .n = n};
    for (uint32_t i = 0; i < n; i++)
        m.target[i] = build_node(m.sim, &worker_type,
                                 arena_print(&m.sim->arena, "name=t%u, %s", i, worker), NULL);
    /* build_node takes its children by @ or by place: eight are enough */
    struct node *const *t = m.target;
    m.lb = build_node(m.sim, &balance_type, spec, t[0], n > 1 ? t[1] : NULL, n > 2 ? t[2] : NULL,
                      n > 3 ? t[3] : NULL, n > 4 ? t[4] : NULL, n > 5 ? t[5] : NULL,
                      n > 6 ? t[6] : NULL, n > 7 ? t[7] : NULL, NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

static void run(struct model *m, double seconds) {
    kit_story();
    build_run(m->sim, m->driver, 0, seconds);
}

/* Which target had request `id` (from 1). */
static int who(const struct model *m, uint64_t id) {
    for (uint32_t i = 0; i < m->n; i++)
        for (uint32_t k = 0; k < worker_count(m->target[i]); k++)
            if (worker_seen(m->target[i], k)->request == id)
                return (int)i;
    return -1;
}

static void order(const struct model *m, const char *want) {
    char got[100] = "";
    for (size_t i = 0; i < strlen(want); i++)
        got[i] = (char)('0' + who(m, i + 1));
    assert_string_equal(got, want);
}

static double uniformity(const struct model *m) {
    uint64_t seen[8];
    double expected[8], all = 0;
    for (uint32_t i = 0; i < m->n; i++)
        all += (double)(seen[i] = worker_count(m->target[i]));
    for (uint32_t i = 0; i < m->n; i++)
        expected[i] = all / m->n;
    return kit_chi2(seen, expected, m->n);
}

static void round_robin_goes_round(void **state) {
    (void)state;
    struct model m = targets(1, "", "time=1s", 3);
    driver_calls(m.driver, 0, .1, 8, NULL);
    run(&m, 20);
    order(&m, "01201201");
    sim_free(m.sim);
}

static void random_is_uniform_and_without_memory(void **state) {
    (void)state;
    struct model m = targets(3, "policy=random", "time=0s", 8);
    driver_calls(m.driver, 0, .001, 8000, NULL);
    run(&m, 20);
    assert_true(uniformity(&m) > 1e-3);
    uint64_t pairs[64] = {0};
    double expected[64];
    int last = -1;
    int *to = calloc(8001, sizeof *to);
    for (uint32_t i = 0; i < 8; i++)
        for (uint32_t k = 0; k < worker_count(m.target[i]); k++)
            to[worker_seen(m.target[i], k)->request] = (int)i;
    for (int i = 1; i <= 8000; i++) {
        if (last >= 0)
            pairs[8 * last + to[i]]++;
        last = to[i];
    }
    for (int i = 0; i < 64; i++)
        expected[i] = 7999 / 64.;
    assert_true(kit_chi2(pairs, expected, 64) > 1e-3);
    free(to);
    sim_free(m.sim);
}

static void least_request_avoids_the_busy(void **state) {
    (void)state;
    struct model m = targets(1, "policy=least_request, choice_count=50", "time=100s", 4);
    driver_calls(m.driver, 0, .1, 24, NULL);
    run(&m, 50);
    for (uint32_t i = 0; i < 4;
         i++) /* with so many draws the emptiest is nearly always among them */
        assert_int_equal(worker_count(m.target[i]), 6);
    sim_free(m.sim);
}

static void least_request_counts_calls_under_way(void **state) {
    (void)state;
    struct model m = targets(1, "policy=least_request, choice_count=50", "time=10s", 2);
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1, NULL);
    driver_call(m.driver, 10.5, NULL); /* the first is done, the second not */
    run(&m, 50);
    assert_int_equal(who(&m, 3), who(&m, 1));
    sim_free(m.sim);
}

/* Two draws with replacement of n: the worst of n ranks gets 1/n^2 of the calls, the best (2n -
 * 1)/n^2. */
static void two_choices_have_their_odds(void **state) {
    (void)state;
    enum { ROUNDS = 3000 };
    struct model m = targets(5, "policy=least_request", "time=1s", 2);
    for (int i = 0; i < ROUNDS; i++) {
        driver_call(m.driver, 10. * i, NULL);
        driver_call(m.driver, 10. * i + .5, NULL);
    }
    run(&m, 10. * ROUNDS);
    uint64_t same = 0;
    int *to = calloc(2 * ROUNDS + 1, sizeof *to);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t k = 0; k < worker_count(m.target[i]); k++)
            to[worker_seen(m.target[i], k)->request] = (int)i;
    for (int i = 1; i <= 2 * ROUNDS; i += 2)
        same += to[i] == to[i + 1];
    assert_true(kit_share(same, ROUNDS, .25));
    assert_true(uniformity(&m) > 1e-3); /* when both are idle, either */
    free(to);
    sim_free(m.sim);
}

static void one_choice_is_random(void **state) {
    (void)state;
    struct model m = targets(3, "policy=least_request, choice_count=1", "time=5s", 8);
    driver_calls(m.driver, 0, .001, 4000, NULL);
    run(&m, 20);
    assert_true(uniformity(&m) > 1e-3);
    sim_free(m.sim);
}

/* ---- the ring */

static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &worker_type, "name=rank, time=0s", NULL);
}

struct ring {
    struct sim *sim;
    struct node *group, *lb, *users;
};

static struct ring ring(uint64_t seed, int64_t pods, const char *spec, const char *users) {
    struct ring r = {.sim = build_new(seed)};
    r.group = kit_group(r.sim, "pod", pods, pods, make_pod);
    r.lb = build_node(r.sim, &balance_type,
                      arena_print(&r.sim->arena, "name=lb, policy=ring_hash, key=user, %s", spec),
                      r.group, NULL);
    r.users = build_node(r.sim, &open_type,
                         arena_print(&r.sim->arena, "name=users, to=@1, %s", users), r.lb, NULL);
    return r;
}

static struct node *pod(const struct ring *r, uint32_t i) {
    return group_of(r->group)->at[i].scope.root;
}

enum { USERS = 2000, PODS = 10 };

/* The pod of each user in [from, to) of the run; -1: never seen, -2: several. */
static void homes(const struct ring *r, double from, double to, int home[USERS]) {
    for (int i = 0; i < USERS; i++)
        home[i] = -1;
    for (uint32_t p = 0; p < PODS; p++)
        for (uint32_t k = 0; k < worker_count(pod(r, p)); k++) {
            const struct seen_call *c = worker_seen(pod(r, p), k);
            if (c->time < from || c->time >= to)
                continue;
            int *h = &home[(int)c->fact];
            *h = *h == -1 || *h == (int)p ? (int)p : -2;
        }
}

static const char users[] = "rate=1000, facts={user=uniform_int{min=0, max=1999}}";

static void a_key_stays_where_it_is_and_few_move(void **state) {
    (void)state;
    struct ring r = ring(2, PODS, "", users);
    kit_fault(r.sim, "set", "'pod:count', 9, from=20s, to=40s");
    kit_story();
    build_run(r.sim, r.users, 0, 60);
    int before[USERS], without[USERS], after[USERS], moved = 0, of_10 = 0;
    homes(&r, 0, 20, before);
    homes(&r, 20, 40, without);
    homes(&r, 40, 60, after);
    for (int u = 0; u < USERS; u++) {
        if (before[u] == -1 || without[u] == -1 || after[u] == -1)
            continue; /* seldom: each comes 10 times in 20 s */
        assert_true(before[u] >= 0 && without[u] >= 0 && without[u] != PODS - 1);
        assert_int_equal(before[u], after[u]);
        of_10 += before[u] == PODS - 1;
        moved += before[u] != without[u];
    }
    assert_int_equal(moved, of_10); /* only those whose pod went, and they scatter */
    int seen[PODS] = {0}, places = 0;
    for (int u = 0; u < USERS; u++)
        if (before[u] == PODS - 1 && without[u] >= 0)
            places += !seen[without[u]]++;
    assert_true(places >= 7);
    sim_free(r.sim);
}

/* The ring does not depend on the seed: it is made of addresses. */
static void the_ring_is_the_same_in_every_replication(void **state) {
    (void)state;
    int a[USERS], b[USERS];
    for (int i = 0; i < 2; i++) {
        struct ring r = ring(2 + (uint64_t)i, PODS, "", users);
        kit_story();
        build_run(r.sim, r.users, 0, 20);
        homes(&r, 0, 20, i ? b : a);
        sim_free(r.sim);
    }
    for (int u = 0; u < USERS; u++)
        assert_true(a[u] == -1 || b[u] == -1 || a[u] == b[u]);
}

/* With k points a target, the share of one is near 1/n with a relative sd of about 1/sqrt(k). */
static void points_share_the_circle(void **state) {
    (void)state;
    static const char *const sizes[] = {"minimum_ring_size=10", "minimum_ring_size=1000",
                                        "minimum_ring_size=100000"};
    static const double spread[] = {3, .5, .05};
    double sd[3];
    for (int i = 0; i < 3; i++) {
        struct ring r = ring(2, PODS, sizes[i], "rate=2000, facts={user=uniform{min=0, max=1e9}}");
        kit_story();
        build_run(r.sim, r.users, 0, 50);
        sd[i] = 0;
        for (uint32_t p = 0; p < PODS; p++) {
            double x = worker_count(pod(&r, p)) / 1e4 - 1;
            assert_near(x, 0, spread[i]);
            sd[i] += x * x;
        }
        sim_free(r.sim);
    }
    assert_true(sd[0] > sd[1] && sd[1] > sd[2]);
}

/* A key may be any number: parts of 1 and what no integer can hold count too. */
static void any_number_is_a_key(void **state) {
    (void)state;
    static const char *const facts[] = {"rate=1000, facts={user=uniform{min=0, max=1}}",
                                        "rate=1000, facts={user=uniform{min=1e299, max=1e300}}"};
    for (int i = 0; i < 2; i++) {
        struct ring r = ring(2, PODS, "minimum_ring_size=100000", facts[i]);
        kit_story();
        build_run(r.sim, r.users, 0, 20);
        for (uint32_t p = 0; p < PODS; p++)
            assert_near(worker_count(pod(&r, p)), 2000, 350);
        sim_free(r.sim);
    }
}

static void without_the_key_a_call_goes_anywhere(void **state) {
    (void)state;
    struct ring r = ring(2, PODS, "minimum_ring_size=100000",
                         "rate=1000, classes={known={share=0.5, user=77}, guest={share=0.5}}");
    kit_story();
    build_run(r.sim, r.users, 0, 20);
    uint64_t seen[PODS] = {0};
    double expected[PODS], all = 0;
    int homes_of_77 = 0;
    for (uint32_t p = 0; p < PODS; p++) {
        bool has = false;
        for (uint32_t k = 0; k < worker_count(pod(&r, p)); k++)
            if (isnan(worker_seen(pod(&r, p), k)->fact))
                seen[p]++;
            else
                has = true;
        homes_of_77 += has;
        all += (double)seen[p];
    }
    assert_int_equal(homes_of_77, 1);
    for (uint32_t p = 0; p < PODS; p++)
        expected[p] = all / PODS;
    assert_near(all, 10000, 400);
    /* the points themselves differ by 1/sqrt(10^4) or so: beside that, chance */
    assert_true(kit_chi2(seen, expected, PODS) > 1e-6);
    sim_free(r.sim);
}

static void nobody_on_the_ring_is_an_error(void **state) {
    (void)state;
    struct ring r = ring(1, PODS, "", "rate=10, facts={user=5}");
    kit_fault(r.sim, "set", "'pod:count', 0, from=5s");
    kit_story();
    build_run(r.sim, r.users, 0, 20);
    assert_near(build_metric(r.sim, "lb:refused"), 7.5, 2);
    assert_near(build_metric(r.sim, "share{outcome=error}"), .75, .1);
    sim_free(r.sim);
}

static void bad_balancers_are_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &balance_type, "", NULL),
                "it needs at least one child component");
    struct node *a = build_node(sim, &worker_type, "name=a", NULL);
    assert_says(build_refusal(sim, &balance_type, "choice_count=0", a, NULL),
                "choice_count = 0: it must lie in 1..100");
    assert_says(build_refusal(sim, &balance_type, "policy=roundrobin", a, NULL),
                "did you mean \"round_robin\"?");
    struct node *lb = build_node(sim, &balance_type, "policy=ring_hash", a, NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, lb)),
                "policy = \"ring_hash\" wants a key");
    sim_free(sim);
    sim = build_new(1);
    a = build_node(sim, &worker_type, "name=a", NULL);
    lb = build_node(sim, &balance_type, "policy=ring_hash, key=user", a, NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, lb)),
                "key = \"user\": no workload gives requests this fact");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_goes_round),
        cmocka_unit_test(random_is_uniform_and_without_memory),
        cmocka_unit_test(least_request_avoids_the_busy),
        cmocka_unit_test(least_request_counts_calls_under_way),
        cmocka_unit_test(two_choices_have_their_odds),
        cmocka_unit_test(one_choice_is_random),
        cmocka_unit_test(a_key_stays_where_it_is_and_few_move),
        cmocka_unit_test(the_ring_is_the_same_in_every_replication),
        cmocka_unit_test(points_share_the_circle),
        cmocka_unit_test(any_number_is_a_key),
        cmocka_unit_test(without_the_key_a_call_goes_anywhere),
        cmocka_unit_test(nobody_on_the_ring_is_an_error),
        cmocka_unit_test(bad_balancers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
