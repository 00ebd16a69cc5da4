/* Shares of priorities, panic and zones: Envoy's own numbers. */
#include "check.h"
#include "node/priority.h"

enum { MOST = 4 };

struct split_case {
    uint32_t n, healthy[MOST], hosts[MOST];
    double threshold;
    uint32_t load[MOST];
    const char *panic; /* 'p' or '-' for each level */
};

static void run(const struct split_case *c) {
    struct priority p[MOST] = {0};
    char panic[MOST + 1] = "";
    for (uint32_t i = 0; i < c->n; i++) {
        p[i].healthy = c->healthy[i];
        p[i].hosts = c->hosts[i];
    }
    priority_share(p, c->n, 140, c->threshold);
    for (uint32_t i = 0; i < c->n; i++) {
        assert_int_equal(p[i].load, c->load[i]);
        panic[i] = p[i].panic ? 'p' : '-';
    }
    assert_string_equal(panic, c->panic);
}

#define ALL                                                                                        \
    { 100, 100, 100, 100 }

static void shares_are_envoys(void **state) {
    (void)state;
    static const struct split_case cases[] = {
        {2, {72, 72}, ALL, 0, {100, 0}, "--"},
        {2, {71, 71}, ALL, 0, {99, 1}, "--"},
        {2, {50, 100}, ALL, 0, {70, 30}, "--"},
        {2, {25, 100}, ALL, 0, {35, 65}, "--"},
        {2, {25, 25}, ALL, 0, {50, 50}, "--"},
        {3, {25, 25, 100}, ALL, 0, {35, 35, 30}, "---"},
        /* where its documents say otherwise */
        {2, {5, 65}, ALL, 0, {8, 92}, "--"},
        {3, {25, 25, 20}, ALL, 0, {37, 35, 28}, "---"},
        {2, {50, 60}, ALL, 0, {70, 30}, "--"},
        /* the numbers are whole, and small sets coarse */
        {2, {5, 1}, {7, 1}, 0, {100, 0}, "--"},
        {2, {2, 3}, {3, 3}, 0, {93, 7}, "--"},
        {1, {3}, {4}, 0.5, {100}, "-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run(&cases[i]);
}

static void panic_is_for_when_it_does_not_suffice(void **state) {
    (void)state;
    static const struct split_case cases[] = {
        {2, {25, 100}, ALL, 0.5, {35, 65}, "--"}, /* all are served: no panic */
        {2, {49, 10}, ALL, 0.5, {50, 50}, "pp"},  /* 68 + 14: both panic, so by hosts */
        {2, {50, 10}, ALL, 0.5, {84, 16}, "-p"},  /* the threshold itself is no panic */
        {2, {5, 65}, ALL, 0.5, {8, 92}, "p-"},
        {1, {4}, {10}, 0.5, {100}, "p"}, /* 40 % x 1.4 < 100 */
        {1, {5}, {10}, 0.5, {100}, "-"},
        {1, {0}, {10}, 0.5, {100}, "p"},
        {1, {0}, {10}, 0, {100}, "-"}, /* nobody, and no panic: priority 0 in name */
        {2, {0, 0}, {10, 30}, 0.5, {25, 75}, "pp"},
        {3, {0, 0, 0}, {0, 10, 20}, 0.5, {0, 34, 66}, "ppp"}, /* the rest to the first that is not
                                                                 empty */
        {2, {0, 0}, {0, 0}, 0.5, {100, 0}, "pp"},
        {2, {0, 5}, {0, 5}, 0.5, {0, 100}, "--"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run(&cases[i]);
}

static void a_number_chooses_the_level(void **state) {
    (void)state;
    struct priority p[] = {{.load = 35}, {.load = 0}, {.load = 65}};
    uint32_t seen[3] = {0};
    for (uint64_t hash = 7000; hash < 7100; hash++)
        seen[priority_of(p, 3, hash)]++;
    assert_int_equal(seen[0], 35);
    assert_int_equal(seen[1], 0);
    assert_int_equal(seen[2], 65);
    assert_int_equal(priority_of(p, 3, 34), 0); /* 35 of 1..100 */
    assert_int_equal(priority_of(p, 3, 35), 2);
}

static void zones_are_envoys(void **state) {
    (void)state;
    uint32_t part = 0, upto[3];
    /* more than its share: everything stays */
    assert_int_equal(
        zone_share((const double[]){25, 75, 0}, (const uint32_t[]){5, 5, 10}, 3, 0, &part, upto),
        ZONE_DIRECT);
    /* callers 40/40/20, upstream 25/50/25: 62.5 % stay, of the rest two thirds go to the second */
    assert_int_equal(
        zone_share((const double[]){40, 40, 20}, (const uint32_t[]){5, 10, 5}, 3, 0, &part, upto),
        ZONE_RESIDUAL);
    assert_int_equal(part, 6250);
    assert_int_equal(upto[0], 0);
    assert_int_equal(upto[1], 1000);
    assert_int_equal(upto[2], 1500);
    /* the same seen from a zone with room */
    assert_int_equal(
        zone_share((const double[]){40, 40, 20}, (const uint32_t[]){5, 10, 5}, 3, 1, &part, upto),
        ZONE_DIRECT);
    /* nobody is left at home */
    assert_int_equal(
        zone_share((const double[]){50, 50}, (const uint32_t[]){0, 8}, 2, 0, &part, upto),
        ZONE_RESIDUAL);
    assert_int_equal(part, 0);
    assert_int_equal(upto[1], 5000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_envoys),
        cmocka_unit_test(panic_is_for_when_it_does_not_suffice),
        cmocka_unit_test(a_number_chooses_the_level),
        cmocka_unit_test(zones_are_envoys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
