/* The full audit finds what is planted: one thing is put out of order in the middle of a run, and
 * the very next look says what and where. */
#include "check.h"
#include "kit.h"

#include "core/audit.h"
#include "node/station.h"

/* driver -> retry -> timeout -> station s, whose one server is busy with the first of four calls;
 * breaker b guards a second way in, which makes edges with meters of their own. */
static struct sim *sim;
static struct node *s, *driver, *retry, *timeout, *breaker, *cache, *limiter, *pool, *group;

static struct node *replica(struct sim *of, uint32_t index) {
    (void)index;
    return build_node(of, &delay_type, "name=d, time=1s", NULL);
}

static void make(void) {
    sim = build_new(7);
    s = build_node(sim, &station_type, "name=s, service=1s", NULL);
    timeout = build_node(sim, &timeout_type, "after=20s", s, NULL);
    retry = build_node(sim, &retry_type, "", timeout, NULL);
    breaker = build_node(sim, &breaker_type, "name=b", s, NULL);
    cache = build_node(sim, &cache_type, "hit_ratio=0.5", breaker, NULL);
    limiter = build_node(sim, &limiter_type, "rate=100", cache, NULL);
    pool = build_node(sim, &pool_type, "name=cpu, servers=2", NULL);
    struct node *shared =
        build_node(sim, &station_type, "name=shared, service=1s, on=@1", pool, NULL);
    group = kit_group(sim, "pod", 2, 3, replica);
    struct node *balance = build_node(sim, &balance_type, "", group, NULL);
    struct node *entry = build_node(sim, &chain_type, "", limiter, shared, NULL);
    struct node *first =
        build_node(sim, &split_type, "to={a=@1, b=@2, c=@3}", retry, entry, balance, NULL);
    driver = build_driver(sim, first);
    driver_calls(driver, 0, 0.01, 30, NULL);
}

static const char *run(bool full) {
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {.duration = ns_from_s(60), .full_audit = full};
    if (!sim_wire(sim, &driver, 1, &e) || !sim_seal(sim, &none, 0, &limits, &e))
        fail_msg("%s", e.text);
    return sim_run(sim) ? "" : sim->error.text;
}

static struct call *nth(struct node *n, bool (*fits)(const struct call *)) {
    for (uint32_t i = 0; i < n->calls.n_slabs; i++)
        for (uint32_t k = 0; k < 16; k++) {
            struct call *c = (struct call *)(void *)(n->calls.slab[i] + k * n->calls.size);
            if (c->state == CALL_LIVE && fits(c))
                return c;
        }
    fail_msg("no such call at %s", n->address);
    return NULL;
}

static bool any(const struct call *c) {
    return c != NULL;
}
static bool served(const struct call *c) {
    return event_pending(&c->timer);
}
static bool waiting(const struct call *c) {
    return c->wait.next && !list_empty(&c->wait);
}

static struct station *station(struct node *n) {
    return container_of(n, struct station, base);
}

/* A metric's own memory, which is the component's. */
static uint64_t *counter(struct node *n, const char *metric) {
    return (uint64_t *)(void *)((char *)n + schema_metric(n->type, metric)->offset);
}
static struct integral *integral(struct node *n, const char *metric) {
    return (struct integral *)(void *)((char *)n + schema_metric(n->type, metric)->offset);
}

/* ---- what is planted */

static void lost_timer(void *x) {
    (void)x;
    event_cancel(&sim->clock, &nth(s, served)->timer);
}
static void lost_waiter(void *x) {
    (void)x;
    list_remove(&nth(s, waiting)->wait);
}
static void broken_queue(void *x) {
    (void)x;
    struct call *c = nth(s, waiting);
    c->wait.prev = &c->wait;
}
static void miscounted_queue(void *x) {
    (void)x;
    station(s)->queue.n++;
}
static void busy_server(void *x) {
    (void)x;
    station(s)->own.busy++;
}
static void idle_server(void *x) {
    (void)x;
    station(s)->own.n++;
}
static void pool_busy(void *x) {
    (void)x;
    container_of(pool, struct pool_node, base)->servers.busy++;
}
static void disowned(void *x) {
    (void)x;
    nth(s, any)->parent = NULL;
}
static void unlinked(void *x) {
    (void)x;
    struct call *c = nth(timeout, any);
    c->subs = NULL;
}
static void wrong_sub(void *x) {
    (void)x;
    struct call *c = nth(timeout, any);
    c->subs->parent = nth(retry, any);
}
static void ended(void *x) {
    (void)x;
    nth(s, waiting)->state = CALL_DONE;
}
static void late_deadline(void *x) {
    (void)x;
    nth(s, any)->deadline = NS_NEVER;
    nth(s, any)->parent->deadline = 1;
}
static void from_the_future(void *x) {
    (void)x;
    nth(s, any)->start += ns_from_s(100);
}
static void dead_request(void *x) {
    (void)x;
    nth(s, any)->req->refs = 0;
}
static void held_request(void *x) {
    (void)x;
    nth(s, any)->req->refs++;
}
static void counted_request(void *x) {
    (void)x;
    sim->live_requests++;
}
static void pool_count(void *x) {
    (void)x;
    s->calls.live--;
}
static void put_twice(void *x) {
    (void)x;
    *(void **)s->calls.free = s->calls.free;
}
static void edge_count(void *x) {
    (void)x;
    timeout->out[0]->in_flight--;
}
static void edge_gate(void *x) {
    (void)x;
    timeout->out[0]->gate.slow = 0;
}
static void node_gate(void *x) {
    (void)x;
    s->gate.down = -1;
}
static void heap(void *x) {
    (void)x;
    sim->clock.heap[sim->clock.n - 1].time = 0;
}
static void delay_line(void *x) {
    (void)x;
    nth(timeout, any)->timer.link.next->prev = NULL;
}
static void segment(void *x) {
    (void)x;
    sim->cut[sim->segment + 1] = 1;
}
static void meter(void *x) {
    (void)x;
    s->meter.cells[0].by[0].sum++;
}
static void negative(void *x) {
    (void)x;
    integral(breaker, "open")->value = -1;
}
static void ratio(void *x) {
    (void)x;
    *counter(cache, "hits") = 1000;
}
static void misses(void *x) {
    (void)x;
    ++*counter(cache, "misses");
}
static void state(void *x) {
    (void)x;
    integral(breaker, "half_open")->value = 1;
}
static void attempts(void *x) {
    (void)x;
    ++*counter(retry, "attempts");
}
static void replicas(void *x) {
    (void)x;
    group_of(group)->provisioned.value = 1;
}
static void undelivered(void *x) {
    (void)x;
    nth(s, any)->milestones = MILESTONE_SERVICE;
}

static const struct plant {
    void (*act)(void *);
    const char *says;
} plants[] = {
    {lost_timer, "audit: s: "},
    {lost_waiter, "audit: s: the queue counts 17 calls, its lists hold others"},
    {broken_queue, "audit: s: a call of request"},
    {miscounted_queue, "calls wait, the queue counts"},
    {busy_server, "calls are in service"},
    {idle_server, "calls wait though 1 of 2 servers are busy"},
    {pool_busy, "audit: cpu: "},
    {disowned, "audit: timeout: a call of request 1: what it waits for has ended"},
    {unlinked, "audit: s: a call of request 1: its place among its caller's calls is broken"},
    {wrong_sub, "what it waits for has ended, or waits for another one"},
    {ended, "audit: "},
    {late_deadline, "its deadline is later than its caller's"},
    {from_the_future, "it begins in the future"},
    {dead_request, "its request has ended, or is of no class"},
    {held_request, "audit: requests are held"},
    {counted_request, "requests are counted"},
    {pool_count, "audit: s: its pool of calls has lost some"},
    {put_twice, "audit: s: its pool of calls has lost some, or has some twice"},
    {edge_count, "audit: timeout: "},
    {edge_gate, "audit: timeout: the fault gate to s cannot be so"},
    {node_gate, "audit: s: its fault gate cannot be so"},
    {heap, "audit: "},
    {delay_line, "audit: timeout: a call of request"},
    {segment, "audit: segment 1 of the run is not the present one"},
    {meter, "audit: s: Little's law does not hold"},
    {negative, "audit: b: metric open is -1"},
    {ratio, "audit: cache: metric hit_ratio is 1000 of"},
    {misses, "audit: cache: "},
    {state, "audit: b: its state is 0, its metrics say something else"},
    {attempts, "audit: retry: "},
    {replicas, "audit: pod: "},
    {undelivered, "audit: s: a call of request"},
};

static void what_is_planted_is_found(void **none) {
    (void)none;
    int missed = 0;
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        make();
        build_at(sim, 0.5, plants[i].act, NULL);
        const char *why = run(true);
        if (!strstr(why, plants[i].says)) {
            print_error("plant %zu: \"%s\" does not say \"%s\"\n", i, why, plants[i].says);
            missed++;
            sim_free(sim);
            continue;
        }
        assert_says(why,
                    "t = 0.5 s, seed 7, replication 1. This is a bug in nines; please report it");
        assert_int_equal(sim->clock.now, ns_from_s(0.5)); /* at once */
        sim_free(sim);
    }
    assert_int_equal(missed, 0);
}

static void nothing_planted_nothing_found(void **none) {
    (void)none;
    make();
    assert_string_equal(run(true), "");
    assert_true(meter_totals(&s->meter).arrived > 5 && meter_totals(&cache->meter).arrived > 5 && sim->clock.fired > 50);
    sim_free(sim);
}

static void it_changes_nothing(void **none) {
    (void)none;
    uint64_t fired[2], sojourn[2];
    for (int full = 0; full < 2; full++) {
        make();
        assert_string_equal(run(full), "");
        fired[full] = sim->clock.fired;
        sojourn[full] = meter_totals(&s->meter).sojourn;
        sim_free(sim);
    }
    assert_int_equal(fired[0], fired[1]);
    assert_int_equal(sojourn[0], sojourn[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_planted_is_found),
        cmocka_unit_test(nothing_planted_nothing_found),
        cmocka_unit_test(it_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
