/* Addresses: what they name, and what is said when they name nothing. */
#include "check.h"
#include "kit.h"

#include "core/address.h"

static struct sim *sim;
static struct node *web;

static struct node *gpu(struct sim *s, uint32_t index) {
    (void)index;
    return build_node(s, &station_type, "name=rank, service=1s", NULL);
}

/* pod[i]: cpu and model, and inside it two cards of their own. */
static struct node *pod(struct sim *s, uint32_t index) {
    (void)index;
    struct node *cards = kit_group(s, "card", 2, 2, gpu);
    struct node *lb = build_node(s, &balance_type, "name=cards", cards, NULL);
    struct node *cpu = build_node(s, &station_type, "name=cpu, service=1s", NULL);
    return build_node(s, &chain_type, "name=work", cpu, lb, NULL);
}

static int setup(void **state) {
    (void)state;
    struct error e = {{0}};
    sim = build_new(1);
    build_class(sim, "user", 0);
    struct node *pods = kit_group(sim, "pod", 3, 3, pod);
    struct node *lb = build_node(sim, &balance_type, "name=lb", pods, NULL);
    web = build_node(sim, &timeout_type, "name=web, after=1s", lb, NULL);
    struct node *driver = build_driver(sim, web);
    struct sim_limits limits = {.duration = NS_PER_S};
    struct span none = {0};
    return sim_wire(sim, &driver, 1, &e) && sim_seal(sim, &none, 0, &limits, &e) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    sim_free(sim);
    return 0;
}

/* All that an address finds, in alphabetical order. */
static const char *find(const char *text) {
    static char out[4096];
    struct error e = {{0}};
    struct node_set s;
    if (!address_find(sim, text, &s, &e))
        return strcpy(out, e.text);
    out[0] = 0;
    const char *last = "";
    for (uint32_t k = 0; k < s.n; k++) {
        const char *best = NULL;
        for (uint32_t i = 0; i < s.n; i++)
            if (strcmp(s.at[i]->address, last) > 0 && (!best || strcmp(s.at[i]->address, best) < 0))
                best = s.at[i]->address;
        if (!best)
            break;
        strcat(strcat(out, *last ? " " : ""), best);
        last = best;
    }
    return out;
}

static void addresses_find(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"web", "web"},
        {"driver", "driver"},
        {"pod[2].cpu", "pod[2].cpu"},
        {"pod.cpu", "pod[1].cpu pod[2].cpu pod[3].cpu"},
        {"pod[*].cpu", "pod[1].cpu pod[2].cpu pod[3].cpu"},
        {"pod[2..3].cpu", "pod[2].cpu pod[3].cpu"},
        {"pod[2..99].cpu", "pod[2].cpu pod[3].cpu"},
        {"pod[3]", "pod[3].work"}, /* a replica: what its build returned */
        {"pod[1..2]", "pod[1].work pod[2].work"},
        {"pod", "pod pod[1].work pod[2].work pod[3].work"}, /* and the group of that name */
        {"pod[2].card[1]", "pod[2].card[1].rank"},
        {"pod[2].card[1].rank", "pod[2].card[1].rank"},
        {"pod[*].card[2].rank", "pod[1].card[2].rank pod[2].card[2].rank pod[3].card[2].rank"},
        {"pod[1].card", "pod[1].card pod[1].card[1].rank pod[1].card[2].rank"},
        {"*.cpu", "pod[1].cpu pod[2].cpu pod[3].cpu"},
        {"*[1].cpu", "pod[1].cpu"},
        {"pod[1].*",
         "pod[1].card pod[1].card[1].rank pod[1].card[2].rank pod[1].cards pod[1].cpu pod[1].work"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(find(cases[i][0]), cases[i][1]);
}

static void a_star_is_what_stands_in_the_file_and_each_replica(void **state) {
    (void)state;
    assert_string_equal(find("*"), "driver lb pod pod[1].work pod[2].work pod[3].work web");
}

static void misses_say_what_is_near(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"wbe", "nothing has the address 'wbe'; did you mean 'web'?"},
        {"pod[2].cpi", "did you mean 'pod["},
        {"pod[9]", "nothing has the address 'pod[9]'"},
        {"something_else_entirely", "there are driver, web, lb, pod"},
        {"rank", "nothing has the address 'rank'"},
        {"web[1]", "nothing has the address 'web[1]'"}, /* only groups have indices */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(find(cases[i][0]), cases[i][1]);
}

static void what_is_no_address(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        ".",
                                        "pod.",
                                        ".pod",
                                        "pod..cpu",
                                        "pod[",
                                        "pod[]",
                                        "pod[0]",
                                        "pod[x]",
                                        "pod[1",
                                        "pod[2..1]",
                                        "pod[1..]",
                                        "pod[-1]",
                                        "pod[1]x",
                                        "a b",
                                        "pod[1].*x",
                                        "**",
                                        "pod[99999999999]",
                                        "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_says(find(texts[i]),
                    "is not an address; an address looks like pod[3].rank or pod[*]");
}

static void replicas_have_an_address_in_common(void **state) {
    (void)state;
    char text[200];
    struct node_set s;
    struct error e = {{0}};
    assert_true(address_find(sim, "pod[2].card[1]", &s, &e));
    address_pooled(s.at[0], text, sizeof text);
    assert_string_equal(text, "pod[*].card[*].rank");
    address_pooled(web, text, sizeof text);
    assert_string_equal(text, "web");
    char tiny[8];
    address_pooled(s.at[0], tiny, sizeof tiny);
    assert_true(strlen(tiny) < sizeof tiny);
}

static void names_are_taken_once_in_a_scope(void **state) {
    (void)state;
    struct sim *other = build_new(1);
    struct node *a = build_node(other, &leaf_type, "name=x", NULL),
                *b = build_node(other, &leaf_type, "name=x", NULL);
    struct node *driver = build_driver(other, build_node(other, &chain_type, "", a, b, NULL));
    assert_says(build_seal_refusal(other, driver),
                "the name 'x' is taken in this scope by test.lua:1; name it");
    sim_free(other);
    other = build_new(1);
    a = build_node(other, &leaf_type, "", NULL), b = build_node(other, &leaf_type, "", NULL);
    driver = build_driver(other, build_node(other, &chain_type, "", a, b, NULL));
    assert_says(build_seal_refusal(other, driver), "the name 'leaf' is taken in this scope");
    sim_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_find),
        cmocka_unit_test(a_star_is_what_stands_in_the_file_and_each_replica),
        cmocka_unit_test(misses_say_what_is_near),
        cmocka_unit_test(what_is_no_address),
        cmocka_unit_test(replicas_have_an_address_in_common),
        cmocka_unit_test(names_are_taken_once_in_a_scope),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
