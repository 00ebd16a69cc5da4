/* The audit finds books that do not balance. */
#include "check.h"
#include "kit.h"

#include "core/audit.h"

static struct sim *sim;
static struct node *s, *a, *driver;

static int setup(void **state) {
    (void)state;
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {.duration = ns_from_s(10)};
    sim = build_new(5);
    s = build_node(sim, &station_type, "name=s, service=1s", NULL);
    a = build_node(sim, &delay_type, "name=a, time=1s", s, NULL);
    struct node *b = build_node(sim, &delay_type, "name=b, time=1s", s, NULL);
    driver = build_driver(sim, build_node(sim, &chain_type, "", a, b, NULL));
    driver_calls(driver, 0, 1, 6, NULL);
    bool ok = sim_wire(sim, &driver, 1, &e) && sim_seal(sim, &none, 0, &limits, &e) && sim_run(sim);
    return ok ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    sim_free(sim);
    return 0;
}

static void finds(bool (*audit)(struct sim *, struct error *), const char *what) {
    struct error e = {{0}};
    assert_false(audit(sim, &e));
    assert_says(e.text, what);
    assert_says(e.text, "seed 5");
    assert_says(e.text, "This is a bug in nines; please report it");
}

static void good_books_balance(void **state) {
    (void)state;
    struct error e = {{0}};
    assert_true(audit_now(sim, &e));
    assert_true(audit_closed(sim, &e));
    assert_true(meter_totals(&s->meter).arrived > 6 && a->out[0]->meter != NULL);
}

static void a_call_too_many_or_too_few(void **state) {
    (void)state;
    s->meter.cells[0].arrivals++;
    finds(audit_now, "audit: s: ");
    s->meter.cells[0].arrivals--;
    s->meter.cut.n--;
    finds(audit_now, "calls arrived");
    s->meter.cut.n++;
    s->meter.in_flight.value = 3;
    finds(audit_now, "0 are in flight");
}

static void a_nanosecond_too_much(void **state) {
    (void)state;
    s->meter.cells[0].by[0].sum++;
    finds(audit_now, "audit: s: Little's law does not hold");
    s->meter.cells[0].by[0].sum--;
    s->meter.in_flight.moment--;
    finds(audit_now, "Little's law does not hold");
}

static void an_edge_is_audited_too(void **state) {
    (void)state;
    a->out[0]->meter->cells[0].arrivals++;
    finds(audit_now, "audit: s: one of its edges: ");
    a->out[0]->meter->cells[0].arrivals--;
    a->out[0]->meter->cells[0].by[0].sum++;
    finds(audit_now, "audit: s: one of its edges: Little's law");
}

static void the_event_heap_is_audited_too(void **state) {
    (void)state;
    static struct event x, y;
    struct error e = {{0}};
    event_init(&x, NULL);
    event_init(&y, NULL);
    event_at(&sim->clock, &x, sim->clock.now + 1);
    event_at(&sim->clock, &y, sim->clock.now + 2);
    assert_true(audit_now(sim, &e));
    sim->clock.heap[1].time = 0;
    assert_false(audit_now(sim, &e));
    assert_says(e.text, "the event heap is out of order");
}

static void what_is_left_is_found(void **state) {
    (void)state;
    struct call *c = pool_get(&s->calls);
    finds(audit_closed, "audit: s: 1 calls are left after the end");
    pool_put(&s->calls, c);
    void *r = pool_get(&sim->requests);
    finds(audit_closed, "audit: 1 requests are left after the end");
    pool_put(&sim->requests, r);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(good_books_balance),
        TEST(a_call_too_many_or_too_few),
        TEST(a_nanosecond_too_much),
        TEST(an_edge_is_audited_too),
        TEST(the_event_heap_is_audited_too),
        TEST(what_is_left_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
