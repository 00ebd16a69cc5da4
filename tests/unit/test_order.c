/* Several things at one instant, in every order in which they may have been planned.
 *
 * Everything in these models happens at multiples of 5 s; the storm breaks at 10 s: two acts from
 * outside (crashes, changes, withdrawals, scaling) meet completions, timeouts and ends of backoff.
 * Whatever the order, the books balance, every call is answered in a way that is possible, the same
 * run tells the same story twice, and afterwards no server is lost. */
#include "check.h"
#include "kit.h"

#include <stdio.h>

/* ---- a wrapper whose calls can be withdrawn from outside */

enum { MANY = 8 };

struct lever {
    struct node base;
    struct edge to;
    struct call *mine[MANY], *sub[MANY];
};

static struct lever *lever_of(struct node *n) {
    return container_of(n, struct lever, base);
}

static void lever_accept(struct node *n, struct call *c) {
    struct lever *l = lever_of(n);
    int i = 0;
    while (l->mine[i])
        i++;
    l->mine[i] = c;
    l->sub[i] = call_send(c, &l->to);
}

static void forget(struct lever *l, const struct call *c) {
    for (int i = 0; i < MANY; i++)
        if (l->mine[i] == c)
            l->mine[i] = NULL;
}

static void lever_reply(struct node *n, struct call *c, struct call *sub) {
    forget(lever_of(n), c);
    call_pass(c, sub);
}

static bool lever_cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    forget(lever_of(n), c);
    return true;
}

static void pull(struct node *n, enum cause cause) {
    struct lever *l = lever_of(n);
    for (int i = 0; i < MANY; i++)
        if (l->mine[i]) {
            struct call *c = l->mine[i];
            l->mine[i] = NULL;
            call_cancel(l->sub[i], cause);
            call_finish(c, OUTCOME_CANCELLED);
        }
}

static const struct param lever_params[] = {
    PARAM(NODE, "to", struct lever, to, NULL, "what is called", .flags = REQUIRED | CHILD),
    {0},
};
static const struct node_type lever_type = {
    .kind = "lever",
    .summary = "lets go of its calls when it is pulled",
    .params = lever_params,
    .size = sizeof(struct lever),
    .ops = {.accept = lever_accept, .reply = lever_reply, .cancel = lever_cancel},
};

/* ---- trees */

enum tree {
    STATION,
    DELAY,
    ABANDON,
    DROP,
    STOP,
    RETRY,
    OVER_RETRY,
    FALLBACK,
    CACHE,
    FLEET,
    CHAIN,
    SHARED,
    RANDOM,
    TREES
};
static const char *const tree_names[TREES] = {
    "station",  "delay", "abandon", "drop",  "stop",        "retry", "timeout over retry",
    "fallback", "cache", "fleet",   "chain", "shared pool", "random"};

struct model {
    struct sim *sim;
    struct node *lever, *leaf, *other, *group, *cache, *middle, *pool, *driver;
};

static struct node *pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=work, service=5s", NULL);
}

static struct node *after(struct sim *sim, const char *spec, struct node *inner) {
    return build_node(sim, &timeout_type, spec, inner, NULL);
}

static struct node *retried(struct sim *sim, struct node *inner) {
    return build_node(sim, &retry_type, "max_attempts=3, backoff={kind=fixed, base=5s}", inner,
                      NULL);
}

static struct node *make_tree(struct model *m, enum tree tree) {
    struct sim *sim = m->sim;
    if (tree == FLEET) {
        m->group = kit_group(sim, "pod", 2, 3, pod);
        m->leaf = group_of(m->group)->at[0].scope.root;
        return build_node(sim, &balance_type, "policy=least_request", m->group, NULL);
    }
    if (tree == SHARED) {
        struct node *cpu = m->pool = build_node(sim, &pool_type, "name=cpu, servers=1", NULL);
        m->leaf = build_node(sim, &station_type,
                             "name=work, service=5s, on=@1, discipline=priority", cpu, NULL);
        struct node *more = m->other = build_node(
            sim, &station_type, "name=more, service=5s, on=@1, discipline=lifo", cpu, NULL);
        return build_node(sim, &chain_type, "", m->leaf,
                          after(sim, "name=late, after=5s, on_expiry=drop_queued", more), NULL);
    }
    m->leaf = tree == DELAY ? build_node(sim, &delay_type, "name=work, time=5s", NULL)
              : tree == RANDOM
                  ? build_node(sim, &station_type, "name=work, service=5s, discipline=random", NULL)
                  : pod(sim, 0);
    switch (tree) {
    case ABANDON:
        return m->middle = after(sim, "after=5s", m->leaf);
    case DROP:
        return m->middle = after(sim, "after=5s, on_expiry=drop_queued", m->leaf);
    case STOP:
    case RANDOM:
        return m->middle = after(sim, "after=5s, on_expiry=stop", m->leaf);
    case RETRY:
        return retried(sim, m->middle = after(sim, "after=5s, on_expiry=stop", m->leaf));
    case OVER_RETRY:
        return after(sim, "after=10s, on_expiry=drop_queued", m->middle = retried(sim, m->leaf));
    case FALLBACK:
        return build_node(sim, &fallback_type, "", m->middle = after(sim, "after=5s", m->leaf),
                          build_node(sim, &degraded_type, "after=5s", NULL), NULL);
    case CACHE:
        return m->cache = build_node(sim, &cache_type, "hit_ratio=0.3, lookup=5s, refill=5s",
                                     m->leaf, NULL);
    case CHAIN:
        return build_node(sim, &chain_type, "",
                          build_node(sim, &delay_type, "name=hop, time=5s", NULL),
                          m->middle = after(sim, "after=5s, on_expiry=drop_queued", m->leaf),
                          build_node(sim, &delay_type, "name=back, time=5s", NULL), NULL);
    default:
        return m->leaf;
    }
}

/* ---- acts */

enum act {
    NOTHING,
    CRASH_LEAF,
    CRASH_MIDDLE,
    SLOWER,
    FASTER,
    MORE_SERVERS,
    PULL_QUEUED,
    PULL_DEADLINE,
    PULL_LOSER,
    PULL_GONE,
    SCALE_DOWN,
    SCALE_UP,
    FLUSH,
    ACTS
};
static const char *const act_names[ACTS] = {"nothing",
                                            "crash",
                                            "crash in the middle",
                                            "slower",
                                            "faster",
                                            "more servers",
                                            "withdraw if queued",
                                            "withdraw at the deadline",
                                            "withdraw the loser",
                                            "withdraw",
                                            "scale down",
                                            "scale up",
                                            "flush"};

static void set(struct node *n, const char *param, const char *value) {
    struct error e = {{0}};
    struct value v = value_of_text(value);
    const struct param *p = schema_find(n->type, param, &e);
    assert_true(p && schema_set(n, p, &v, true, &e));
}

struct deed {
    struct model *m;
    enum act act;
};

static void do_it(void *ctx) {
    const struct deed *d = ctx;
    struct model *m = d->m;
    const char *time = m->leaf->type == &station_type ? "service" : "time";
    switch (d->act) {
    case CRASH_LEAF:
        node_crash(m->leaf);
        break;
    case CRASH_MIDDLE:
        node_crash(m->middle ? m->middle : m->lever->out[0]->to);
        break;
    case SLOWER:
        set(m->leaf, time, "20s");
        break;
    case FASTER:
        set(m->leaf, time, "0s");
        break;
    case MORE_SERVERS:
        if (m->leaf->type == &station_type)
            set(m->pool ? m->pool : m->leaf, "servers", "2");
        break;
    case PULL_QUEUED:
    case PULL_DEADLINE:
    case PULL_LOSER:
    case PULL_GONE:
        pull(m->lever, (enum cause)(d->act - PULL_QUEUED));
        break;
    case SCALE_DOWN:
    case SCALE_UP:
        if (m->group)
            set(m->group, "count", d->act == SCALE_DOWN ? "1" : "3");
        break;
    case FLUSH:
        if (m->cache)
            m->cache->type->ops.flush(m->cache);
        break;
    default:
        break;
    }
}

/* All as before, but quicker than any timeout, so that a last call can be answered well. */
static void calm(void *ctx) {
    struct model *m = ctx;
    set(m->leaf, m->leaf->type == &station_type ? "service" : "time", "1s");
    if (m->other)
        set(m->other, "service", "1s");
}

static void nobody_is_left(void *ctx) {
    struct model *m = ctx;
    for (uint32_t i = 0; i < m->sim->n_order; i++) {
        struct node *n = m->sim->order[i];
        double x;
        if (n->type->flags & NODE_UNCALLED)
            continue;
        assert_int_equal(n->meter.in_flight.value, 0);
        if (n->type != &station_type)
            continue;
        assert_true(node_probe(n, PROBE_QUEUE, &x) && x == 0);
        assert_true(node_probe(n, PROBE_UTILIZATION, &x) && x == 0);
    }
}

/* ---- one run */

enum { CALLS = 6 };

/* When the two acts are planned: early is before any call comes, late after everything else for 10
 * s was planned. */
static const double plans[][2] = {{.1, .2},   {.2, .1},   {.1, 9.5}, {9.5, .1},
                                  {9.1, 9.2}, {9.2, 9.1}, {.1, 5},   {5, 5}};
enum { PLANS = sizeof plans / sizeof plans[0] };

static bool possible(const struct arrival *a, enum tree tree, enum act x, enum act y) {
    bool crash = x == CRASH_LEAF || x == CRASH_MIDDLE || y == CRASH_LEAF || y == CRASH_MIDDLE;
    bool pulled = (x >= PULL_QUEUED && x <= PULL_GONE) || (y >= PULL_QUEUED && y <= PULL_GONE);
    switch (a->outcome) {
    case OUTCOME_OK:
        return true;
    case OUTCOME_DEGRADED:
        return tree == FALLBACK;
    case OUTCOME_ERROR:
        return crash;
    case OUTCOME_TIMEOUT:
        return (tree >= ABANDON && tree <= OVER_RETRY) || tree == CHAIN || tree == SHARED ||
               tree == RANDOM;
    case OUTCOME_CANCELLED:
        return pulled;
    default:
        return false;
    }
}

static void run_once(enum tree tree, enum act x, enum act y, int plan, char *story, size_t size) {
    struct model m = {.sim = build_new(9)};
    struct deed first = {&m, x}, second = {&m, y};
    m.lever = build_node(m.sim, &lever_type, "", make_tree(&m, tree), NULL);
    m.driver = build_driver(m.sim, m.lever);
    driver_calls(m.driver, 0, 0, 2, NULL);
    driver_calls(m.driver, 5, 0, 2, NULL);
    driver_call(m.driver, 10, NULL);
    driver_call(m.driver, 200, NULL);
    kit_order(m.sim, plans[plan][0], 10, do_it, &first);
    kit_order(m.sim, plans[plan][1], 10, do_it, &second);
    build_at(m.sim, 150, calm, &m);
    build_at(m.sim, 199, nobody_is_left, &m);
    build_run(m.sim, m.driver, 0, 300);
    size_t n = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        const struct arrival *a = driver_arrival(m.driver, i);
        n += (size_t)snprintf(story + n, size - n, "%s@%g ",
                              a->answered ? outcome_names[a->outcome] : "-", ns_to_s(a->done));
        bool last = i == CALLS - 1;
        if (!a->answered || (last ? !outcome_good(a->outcome) : !possible(a, tree, x, y)))
            fail_msg("%s, %s and %s, plan %d: %s", tree_names[tree], act_names[x], act_names[y],
                     plan, story);
    }
    sim_free(m.sim);
}

static void any_two_acts_in_any_order(void **state) {
    (void)state;
    char one[500], two[500];
    int n = 0;
    for (int tree = 0; tree < TREES; tree++)
        for (int x = 0; x < ACTS; x++)
            for (int y = x; y < ACTS; y++)
                for (int plan = 0; plan < PLANS; plan++, n++) {
                    run_once((enum tree)tree, (enum act)x, (enum act)y, plan, one, sizeof one);
                    if (n % 3) /* a third of them twice */
                        continue;
                    run_once((enum tree)tree, (enum act)x, (enum act)y, plan, two, sizeof two);
                    assert_string_equal(one, two);
                }
    assert_int_equal(n, TREES * PLANS * ACTS * (ACTS + 1) / 2);
}

/* ---- orders whose outcome is known */

static void tells(enum tree tree, enum act act, double planned, const char *want) {
    char story[500] = "";
    struct model m = {.sim = build_new(9)};
    struct deed deed = {&m, act};
    m.lever = build_node(m.sim, &lever_type, "", make_tree(&m, tree), NULL);
    m.driver = build_driver(m.sim, m.lever);
    driver_calls(m.driver, 5, 0, 2, NULL); /* one is served from 5 to 10 s, one waits */
    kit_order(m.sim, planned, 10, do_it, &deed);
    build_run(m.sim, m.driver, 0, 300);
    for (uint32_t i = 0; i < 2; i++) {
        const struct arrival *a = driver_arrival(m.driver, i);
        snprintf(story + strlen(story), sizeof story - strlen(story), "%s%s@%g", i ? " " : "",
                 outcome_names[a->outcome], ns_to_s(a->done));
    }
    if (strcmp(story, want))
        fail_msg("%s, %s planned at %g: %s, not %s", tree_names[tree], act_names[act], planned,
                 story, want);
    sim_free(m.sim);
}

static void who_was_planned_first_wins(void **state) {
    (void)state;
    tells(STATION, NOTHING, 1, "ok@10 ok@15");
    tells(STATION, CRASH_LEAF, 1, "error@10 error@10"); /* before the completion */
    tells(STATION, CRASH_LEAF, 9, "ok@10 error@10");    /* after it: the second has just begun */
    tells(STATION, PULL_GONE, 1, "cancelled@10 cancelled@10");
    tells(STATION, PULL_GONE, 9, "ok@10 cancelled@10");
    tells(STATION, SLOWER, 1, "ok@10 ok@30"); /* the second begins at 10 s with the new time */
    tells(STATION, SLOWER, 9, "ok@10 ok@15"); /* it had begun with the old one */
    tells(STATION, MORE_SERVERS, 1, "ok@10 ok@15");
    tells(DELAY, CRASH_LEAF, 1, "error@10 error@10");
    tells(DELAY, CRASH_LEAF, 9, "ok@10 ok@10");
    tells(STOP, NOTHING, 1, "timeout@10 timeout@10"); /* timeouts are set before the work begins */
    tells(STOP, CRASH_LEAF, 1, "error@10 error@10");
    tells(STOP, CRASH_LEAF, 9, "timeout@10 timeout@10");
    tells(STOP, PULL_LOSER, 1, "cancelled@10 cancelled@10");
    tells(STOP, PULL_LOSER, 9, "timeout@10 timeout@10");
    tells(FALLBACK, NOTHING, 1, "degraded@15 degraded@15");
    tells(FALLBACK, CRASH_LEAF, 1, "degraded@15 degraded@15");
    tells(FALLBACK, CRASH_MIDDLE, 9, "degraded@15 degraded@15");
}

/* A first attempt that times out at 10 s and a pause that ends at 15 s, when it is withdrawn. */
static void a_pause_that_ends_meets_a_withdrawal(void **state) {
    (void)state;
    static const double planned[] = {1, 14};
    static const int attempts[] = {1, 2};
    for (int i = 0; i < 2; i++) {
        struct sim *sim = build_new(1);
        struct node *leaf = build_node(sim, &leaf_type, "says='error 5s, ok 5s'", NULL);
        struct node *retry =
            build_node(sim, &retry_type, "backoff={kind=fixed, base=5s}", leaf, NULL);
        struct model m = {.sim = sim, .leaf = leaf};
        struct deed deed = {&m, PULL_GONE};
        m.lever = build_node(sim, &lever_type, "", retry, NULL);
        m.driver = build_driver(sim, m.lever);
        driver_call(m.driver, 5, NULL);
        kit_order(sim, planned[i], 15, do_it, &deed);
        build_run(sim, m.driver, 0, 60);
        assert_string_equal(driver_story(m.driver, 1), "cancelled");
        assert_int_equal(leaf_count(leaf), attempts[i]);
        assert_near(build_metric(sim, "retry:backoff.mean"), 5, .05);
        sim_free(sim);
    }
}

/* A waiting call's timeout ties with the completion that would have let it in. */
static void a_timeout_in_the_queue_meets_a_completion(void **state) {
    (void)state;
    static const char *const expiries[] = {"after=4s, on_expiry=abandon",
                                           "after=4s, on_expiry=drop_queued",
                                           "after=4s, on_expiry=stop"};
    static const double busy[] = {15, 15, 10}; /* begun at that instant: only "stop" ends it */
    for (int i = 0; i < 3; i++) {
        struct sim *sim = build_new(1);
        build_class(sim, "calm", 0);
        build_class(sim, "hasty", 0);
        struct node *s = build_node(sim, &station_type, "name=s, service=5s", NULL);
        struct node *t = build_node(sim, &timeout_type, expiries[i], s, NULL);
        struct node *driver = build_driver(
            sim, build_node(sim, &split_type, "by=class, to={calm=@1, hasty=@2}", s, t, NULL));
        driver_call(driver, 5, "calm");
        driver_call(driver, 6, "hasty");
        driver_call(driver, 7, "calm");
        build_run(sim, driver, 0, 60);
        assert_string_equal(driver_story(driver, 3), "ok timeout ok");
        assert_near(build_metric(sim, "s:utilization") * 60, busy[i], 1e-9);
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_planned_first_wins),
        cmocka_unit_test(a_pause_that_ends_meets_a_withdrawal),
        cmocka_unit_test(a_timeout_in_the_queue_meets_a_completion),
        cmocka_unit_test(any_two_acts_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
