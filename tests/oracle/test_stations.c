/* Simulation against theory, and against small cases worked out by hand: disciplines, sharing,
 * impatience, breakdowns, setup. How they are compared is in tests/support/oracle.h. The small
 * cases are those of Ciw's tests (Palmer et al., J. of Simulation 13(1), 2019). */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "lab.h"
#include "oracle.h"
#include "theory/queue.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define EXP(mean) "service = exponential { mean = " #mean " }"
#define STATION(more) "entry = station { " more " }"

/* ---- disciplines */

/* Who shares a processor is slowed down by 1 / (1 - load), whatever it came for and whatever the
 * others came for (Kleinrock, Queueing Systems II, 1976). */
static void processor_sharing(void **state) {
    (void)state;
#define PS(law) STATION("discipline = \"ps\", service = " law)
    static const struct oracle systems[] = {
        {"A7 M/M/1-PS",
         OPEN(0.8) PS("exponential { mean = 1 }"),
         24000,
         240000,
         {{"latency.mean", 5, 0.03}, {"station:utilization", 0.8, 0.01}, {"in_flight", 4, 0.03}}},
        {"A7 M/H2/1-PS",
         OPEN(0.8) PS("hyperexponential { mean = 1, cv = 2 }"),
         24000,
         480000,
         {{"latency.mean", 5, 0.03}}},
        {"A7 short and long ones", /* of 0.5 and 3 s: 1 s on average */
         "workload = open { rate = 0.8, classes = { short = { share = 0.8 }, long = { share = 0.2 "
         "} } }, " PS("{ short = 0.5, long = 3 }"),
         24000,
         240000,
         {{"latency.mean{class=short}", 2.5, 0.03}, {"latency.mean{class=long}", 15, 0.03}}},
        {"D9 3 of 5",
         OPEN(3) PS("exponential { mean = 0.2 }"),
         1000,
         20000,
         {{"latency.mean", 0.5, 0.02}}},
        {"D9 4 of 5",
         OPEN(4) PS("exponential { mean = 0.2 }"),
         2000,
         40000,
         {{"latency.mean", 1, 0.03}}},
        {"D9 3 of 6",
         OPEN(3) PS("exponential { rate = 6 }"),
         1000,
         20000,
         {{"latency.mean", 1. / 3, 0.02}}},
    };
    RUN(systems);
}

/* Time with n calls in the system, n = 0..4, of one replication. */
struct change {
    double time;
    int by;
};

static int by_time(const void *a, const void *b) {
    double x = ((const struct change *)a)->time, y = ((const struct change *)b)->time;
    return (x > y) - (x < y);
}

static void time_shares(struct node *driver, double from, double to, double share[5]) {
    uint32_t n = driver_count(driver), k = 0;
    struct change *at = calloc(2 * n + 1, sizeof *at);
    for (uint32_t i = 0; i < n; i++) {
        const struct arrival *a = driver_arrival(driver, i);
        at[k++] = (struct change){ns_to_s(a->time), 1};
        at[k++] = (struct change){a->answered ? ns_to_s(a->done) : 1e12, -1};
    }
    at[k++] = (struct change){to, 0};
    qsort(at, k, sizeof *at, by_time);
    double last = from;
    int inside = 0;
    for (int i = 0; i < 5; i++)
        share[i] = 0;
    for (uint32_t i = 0; i < k && last < to; inside += at[i++].by)
        if (at[i].time > last) {
            double end = at[i].time < to ? at[i].time : to;
            if (inside < 5)
                share[inside] += (end - last) / (to - from);
            last = end;
        }
    free(at);
}

/* Three servers' worth of a processor that is shared by all: the number inside is that of M/M/3. */
static void a_shared_processor_of_three(void **state) {
    (void)state;
    static const double theory[] = {.432133, .360111, .150046, .041679, .011578};
    static const char *const specs[] = {"discipline=ps, servers=3, service=exponential{rate=12}",
                                        "servers=3, service=exponential{rate=12}"};
    bool right = true;
    for (int s = 0; s < 2; s++) {
        double x[5][ORACLE_REPLICATIONS], share[5], end = oracle_shortened(1000);
        for (int r = 0; r < ORACLE_REPLICATIONS; r++) {
            struct sim *sim = build_new_replication(5, (uint64_t)r + 1);
            struct node *driver = build_driver(sim, build_node(sim, &station_type, specs[s], NULL));
            driver_poisson(driver, 0, end, 10, NULL);
            build_run(sim, driver, 0, end);
            time_shares(driver, end / 50, end, share);
            for (int i = 0; i < 5; i++)
                x[i][r] = share[i];
            sim_free(sim);
        }
        for (int i = 0; i < 5; i++) {
            char what[30];
            snprintf(what, sizeof what, "P(%d inside)", i);
            const struct oracle_check check = {what, theory[i], i < 4 ? 0.05 : 0.1};
            right &= oracle_compare(s ? "A9 M/M/3" : "A9 capacitated PS", &check, x[i],
                                    ORACLE_REPLICATIONS);
        }
    }
    assert_true(right);
}

/* Mean wait of M/M/1 when the shortest job is next: those that come before a job of x are the ones
 * shorter than it (Miller 1960). */
static double shortest_first_wait(double lambda) {
    double sum = 0, step = 1e-4;
    for (double x = step / 2; x < 40; x += step) {
        double load = lambda * (1 - exp(-x) * (1 + x));
        sum += lambda / ((1 - load) * (1 - load)) * exp(-x) * step;
    }
    return sum;
}

static void who_goes_first(void **state) {
    (void)state;
#define TWO                                                                                        \
    "workload = open { rate = 0.8, classes = { high = { share = 0.25, priority = 1 }, low = { "    \
    "share = 0.75 } } }, "
#define BOTH(high, low)                                                                            \
    {                                                                                              \
        {"latency.mean{class=high}", high, 0.02}, {                                                \
            "latency.mean{class=low}", low, 0.03                                                   \
        }                                                                                          \
    }
    const double sjf = shortest_first_wait(0.8);
    const struct oracle systems[] = {
        {"A8 non-preemptive", TWO STATION("discipline = \"priority\", " EXP(1)), 24000, 480000,
         BOTH(2, 6)},
        {"A8 preemptive-resume",
         TWO STATION("discipline = \"priority\", preempt = \"resume\", " EXP(1)), 24000, 480000,
         BOTH(1.25, 6.25)},
        {"M/M/1 shortest first",
         OPEN(0.8) STATION("discipline = \"sjf\", " EXP(1)),
         24000,
         480000,
         {{"station:wait.mean", sjf, 0.03}, {"latency.mean", sjf + 1, 0.02}}},
        {"M/H2/1 last, preemptive", /* as insensitive as sharing */
         OPEN(0.8) STATION("discipline = \"lifo\", preempt = \"resume\", service = "
                           "hyperexponential { mean = 1, cv = 2 }"),
         24000,
         480000,
         {{"latency.mean", 5, 0.04}}},
    };
    RUN(systems);
}

/* Gunther's law: n workers that never rest. */
static void contention(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a service of 64 takes 12 s: the warm-up of a shortened run is over before the
                   first */
#define WORKERS(n) "workload = closed { users = " #n ", think = 0 }, "
#define USL(n)                                                                                     \
    { "throughput", n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)), 0.01 }
#define SLOWED STATION("servers = 1000, contention = { sigma = 0.05, kappa = 0.002 }, " EXP(1))
    static const struct oracle systems[] = {
        {"contention of 1", WORKERS(1) SLOWED, 100, 10000, {USL(1.)}},
        {"contention of 8", WORKERS(8) SLOWED, 100, 4000, {USL(8.)}},
        {"contention of 22", WORKERS(22) SLOWED, 100, 4000, {USL(22.)}},
        {"contention of 64", WORKERS(64) SLOWED, 100, 4000, {USL(64.)}},
    };
    RUN(systems);
}

/* ---- patience, setup, breakdowns */

static void impatience(void **state) {
    (void)state;
    struct theory_impatient f = theory_mmcm(10, 12, 1, 0.5);
    const struct oracle systems[] = {
        {"A14 M/M/10+M",
         OPEN(12) STATION("servers = 10, queue = { max_wait = exponential { mean = 2 } }, " EXP(1)),
         500,
         20000,
         {{"station:share{outcome=shed}", f.abandon, 0.02},
          {"station:queue", 12 * f.wait, 0.02},
          {"station:utilization", 1.2 * (1 - f.abandon), 0.01}}},
        {"A14 as printed",
         OPEN(12) STATION("servers = 10, queue = { max_wait = exponential { mean = 2 } }, " EXP(1)),
         500,
         20000,
         {{"share{outcome=shed}", 0.195656, 0.02}, {"station:queue", 12 * 0.391312, 0.02}}},
    };
    RUN(systems);
}

/* Setup adds its mean to the time of M/M/1 when it is exponential and the server goes off at once
 * (Gandhi, Harchol-Balter & Adan 2010). After a minute without a request it is cold. */
static void setup(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"A16 off when idle",
         OPEN(0.5) STATION("setup = exponential { mean = 4 }, " EXP(1)),
         1000,
         100000,
         {{"latency.mean", 6, 0.02}, {"station:utilization", 0.5, 0.01}}},
        {"A16b off after a minute",
         "workload = open { interarrival = exponential { mean = 60 } }, " STATION(
             "setup = \"1us\", idle = \"60s\", service = \"1us\""),
         6000,
         600000,
         {{"station:setups", 0.367879 / 60, 0.03}}},
    };
    RUN(systems);
}

static void breakdowns(void **state) {
    (void)state;
#define OUT(servers, more, time)                                                                   \
    OPEN(0.001) STATION("servers = " #servers ", service = 0, breakdown = { " more " }"), 0, time
#define HOURS "mtbf = 720, mttr = 4"
#define ALWAYS(mean) "erlang { k = 9, mean = " #mean " }"
    static const struct oracle systems[] = {
        {"B5b one server", OUT(1, HOURS, 2e6), {{"station:outage", 1 - .994475, 0.03}}},
        {"B5b two, one crew",
         OUT(2, HOURS ", crews = 1", 2e7),
         {{"station:outage", 1 - .99993895, 0.1}, {"station:broken", 0.0111106, 0.03}}},
        {"B5b two, two crews", OUT(2, HOURS, 2e7), {{"station:outage", 1 - .99996948, 0.1}}},
        {"B5 1 of 2, A = .99", OUT(2, "mtbf = 99, mttr = 1", 1e6), {{"station:outage", 1e-4, 0.1}}},
        {"1 of 3, A = .9", OUT(3, "mtbf = 9, mttr = 1", 1e5), {{"station:outage", 1e-3, 0.1}}},
        {"a station, A = .99, other laws", /* only the means matter */
         OUT(3, "per = \"station\", mtbf = " ALWAYS(99) ", mttr = uniform { 0, 2 }", 1e5),
         {{"station:outage", 0.01, 0.03}, {"station:failures", 0.01, 0.03}}},
    };
    RUN(systems);
}

/* M/M/1 whose server breaks while it works or not, and goes on afterwards (White & Christie 1958):
 * with load r = lambda / mu / A, the mean number is (r + lambda (1 - A) / repair rate) / (1 - r).
 */
static void a_queue_before_what_breaks(void **state) {
    (void)state;
    const double lambda = 0.6, up = 20, down = 4, a = up / (up + down);
    const double load = lambda / a, number = (load + lambda * (1 - a) * down) / (1 - load);
    const struct oracle systems[] = {
        {"M/M/1 that breaks",
         OPEN(0.6) STATION("breakdown = { mtbf = 20, mttr = 4 }, " EXP(1)),
         10000,
         300000,
         {{"in_flight", number, 0.03}, {"station:utilization", 0.6, 0.01}}},
        {"M/M/1 that pauses",
         OPEN(0.6) STATION("pause = { every = exponential { mean = 20 }, lasting = exponential { "
                           "mean = 4 } }, " EXP(1)),
         10000,
         300000,
         {{"in_flight", number, 0.03}}},
    };
    RUN(systems);
}

/* ---- small cases */

static struct sim *sized(const double *sizes, uint32_t n, const char *more, struct node **station) {
    struct sim *sim = build_new(1);
    const char *services = "";
    for (uint32_t i = 0; i < n; i++) {
        const char *name = arena_print(&sim->arena, "s%u", i);
        build_class(sim, name, 0);
        services =
            arena_print(&sim->arena, "%s%s%s=%.17g", services, i ? ", " : "", name, sizes[i]);
    }
    *station = build_node(sim, &station_type,
                          arena_print(&sim->arena, "service={%s}%s", services, more), NULL);
    return sim;
}

static void d11_shares_of_time(void **state) {
    (void)state;
    static const double gaps[] = {1.5, .3, 2.4, 1.1}, sizes[] = {1.8, 2.2, .2, .2, .2, .2};
    struct node *station;
    struct sim *sim = sized(sizes, 6, "", &station);
    struct node *driver = build_driver(sim, station);
    double at = 0, share[5];
    for (int i = 0; i < 12; i++)
        driver_call(driver, at += gaps[i % 4], arena_print(&sim->arena, "s%d", i % 6));
    build_run(sim, driver, 0, 20);
    time_shares(driver, 5, 10, share);
    static const double want[] = {.64, .22, .10, .04, 0};
    for (int i = 0; i < 5; i++)
        assert_near(share[i], want[i], 1e-9);
    sim_free(sim);
}

/* Two queues, in which five may be in all. */
static void d12_room_for_five(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 0);
    build_class(sim, "b", 0);
    struct node *a = build_node(sim, &station_type, "name=a, service=5.1s", NULL);
    struct node *b = build_node(sim, &station_type, "name=b, service=5.1s", NULL);
    struct node *split = build_node(sim, &split_type, "to={a=@1, b=@2}, by=class", a, b, NULL);
    struct node *room = build_node(sim, &bulkhead_type, "max_concurrent_calls=5", split, NULL);
    struct node *driver = build_driver(sim, room);
    for (int fifth = 1; fifth <= 55; fifth++) { /* every .8 s and every s, to 11 s */
        if (fifth % 4 == 0)
            driver_call(driver, .2 * fifth, "a");
        if (fifth % 5 == 0)
            driver_call(driver, .2 * fifth, "b");
    }
    build_run(sim, driver, 0, 30);
    static const double in[] = {.8, 1, 1.6, 2, 2.4, 6, 6.4, 11};
    static const double out[] = {5.9, 6.1, 11, 11.2, 16.1, 16.3, 21.2, 21.4};
    uint32_t k = 0, refused = 0;
    for (uint32_t i = 0; i < driver_count(driver); i++) {
        const struct arrival *c = driver_arrival(driver, i);
        refused += c->outcome == OUTCOME_LIMITED;
        if (c->outcome != OUTCOME_OK)
            continue;
        assert_int_equal(c->time, ns_from_s(in[k]));
        assert_int_equal(c->done, ns_from_s(out[k]));
        k++;
    }
    assert_int_equal(k, 8);
    assert_int_equal(refused, driver_count(driver) - 8);
    sim_free(sim);
}

/* A server that goes home when it has finished is one that turns to something more important. */
static struct node *staffed(struct sim *sim, int servers, const char *jobs) {
    build_class(sim, "job", 0);
    build_class(sim, "home10", 1);
    build_class(sim, "home20", 1);
    const char *spec = arena_print(
        &sim->arena, "servers=%d, discipline=priority, service={home10=10s, home20=20s, %s",
        servers, jobs);
    return build_driver(sim, build_node(sim, &station_type, spec, NULL));
}

static void d4_a_server_goes_home(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver =
        staffed(sim, 1, "job=11s}, queue={max_wait={job=3s, home10=99s, home20=99s}}");
    driver_calls(driver, 7, 7, 2, "job");
    driver_call(driver, 16, "home20");
    driver_call(driver, 21, "job");
    build_run(sim, driver, 0, 27);
    assert_string_equal(driver_story(driver, 4), "ok shed - shed");
    static const int ends[] = {18, 17, 0, 24};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(driver_arrival(driver, i)->done, ends[i] * NS_PER_S);
    sim_free(sim);
}

/* Servers: 1 to 5 s, none to 20, six to 23, none to 30; and again. */
static void d15_a_roster(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = staffed(sim, 6, "job=10s}");
    driver_calls(driver, 0, 0, 5, "home20");
    driver_calls(driver, .1, 0, 10, "job");
    struct arrival *leaves = driver_call(driver, 5, "home10"); /* starts at 10.1 … */
    leaves->cancel_after = 15000 * MS;                         /* … and is back at 20 */
    leaves->cause = CAUSE_GONE;
    driver_calls(driver, 23, 0, 5, "home20"); /* start at 30 */
    driver_call(driver, 35, "home10");        /* starts at 40 */
    build_run(sim, driver, 0, 70);
    static const double starts[] = {.1, 20, 20, 20, 20, 20, 20, 30, 50, 50};
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(driver_arrival(driver, 5 + i)->done, ns_from_s(starts[i] + 10));
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processor_sharing),
        cmocka_unit_test(a_shared_processor_of_three),
        cmocka_unit_test(who_goes_first),
        cmocka_unit_test(contention),
        cmocka_unit_test(impatience),
        cmocka_unit_test(setup),
        cmocka_unit_test(breakdowns),
        cmocka_unit_test(a_queue_before_what_breaks),
        cmocka_unit_test(d11_shares_of_time),
        cmocka_unit_test(d12_room_for_five),
        cmocka_unit_test(d4_a_server_goes_home),
        cmocka_unit_test(d15_a_roster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
