/* Simulation against theory: queues. What the numbers are compared with is in sim/theory, or
 * printed in textbooks; how they are compared is in tests/support/oracle.h. */
#include "check.h"

#include <stdio.h>

#include "oracle.h"
#include "theory/queue.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define EXP(mean) "service = exponential { mean = " #mean " }"
#define STATION(more) "entry = station { " more " }"
#define NAMED(name, more) "station { name = \"" name "\", " more " }"
#define WAIT "station:wait.mean"
#define LOST "share{outcome=error}"

static void mm1(void **state) {
    (void)state;
    const struct oracle systems[] = {
        {"A1 M/M/1, load .8",
         OPEN(0.8) STATION(EXP(1)),
         24000,
         480000,
         {
             {"latency.mean", 5, 0.02},
             {WAIT, 4, 0.03},
             {"in_flight", 4, 0.03},
             {"station:queue", 3.2, 0.03},
             {"station:utilization", 0.8, 0.005},
             {"latency.p50", theory_mmc_quantile(1, 0.8, 1, 0.5), 0.02},
             {"latency.p95", theory_mmc_quantile(1, 0.8, 1, 0.95), 0.03},
             {"latency.p99", theory_mmc_quantile(1, 0.8, 1, 0.99), 0.05},
             {"latency.p999", theory_mmc_quantile(1, 0.8, 1, 0.999), 0.08},
         }},
        {"D17 M/M/1, 5 of 8", OPEN(5) STATION(EXP(0.125)), 100, 40000, {{WAIT, 0.208333, 0.02}}},
    };
    RUN(systems);
}

static void mmc(void **state) {
    (void)state;
    static const int servers[] = {2, 4, 8, 16, 32};
    static const double calls[] = {4e5, 4e5, 4e5, 5e5, 1e6}; /* more where few of them wait */
    for (int i = 0; i < 5; i++) {
        int c = servers[i];
        double lambda = 0.8 * c, sojourn = theory_mmc_sojourn(c, lambda, 1);
        char id[40], model[200];
        snprintf(id, sizeof id, "A2 M/M/%d, load .8", c);
        snprintf(model, sizeof model,
                 "workload = open { rate = %g }, " STATION("servers = %d, " EXP(1)), lambda, c);
        const struct oracle systems[] = {
            {id,
             model,
             2000,
             calls[i] / c,
             {
                 {"latency.mean", sojourn, 0.02},
                 {WAIT, theory_mmc_wait(c, lambda, 1), 0.05},
                 {"in_flight", lambda * sojourn, 0.02},
             }},
        };
        RUN(systems);
    }
}

static void percentiles_of_mmc(void **state) {
    (void)state;
    const struct oracle systems[] = {
        {"A2c M/M/10, load .8",
         OPEN(8) STATION("servers = 10, " EXP(1)),
         2000,
         60000,
         {
             {WAIT, 0.204590, 0.05},
             {"latency.p50", theory_mmc_quantile(10, 8, 1, 0.5), 0.02},
             {"latency.p95", theory_mmc_quantile(10, 8, 1, 0.95), 0.02},
             {"latency.p99", theory_mmc_quantile(10, 8, 1, 0.99), 0.02},
             {"latency.p999", theory_mmc_quantile(10, 8, 1, 0.999), 0.05},
         }},
    };
    RUN(systems);
}

/* Share of the calls that wait in one replication: the wait of the others is exactly 0, which is
 * the first bucket of the histogram. */
static double share_that_waits(int servers, double load, uint64_t seed, uint64_t replication) {
    char rate[40], station[60];
    snprintf(rate, sizeof rate, "rate=%.9g", load * servers);
    snprintf(station, sizeof station, "servers=%d, service=exponential{mean=1}", servers);
    struct sim *sim = build_new_replication(seed, replication);
    struct node *work = build_node(sim, &station_type, station, NULL);
    struct node *users = build_node(sim, &open_type, rate, work, NULL);
    build_run(sim, users, oracle_shortened(1200), oracle_shortened(100000.0 / servers));
    const struct hist *h = &work->meter.cells[1].phase[PHASE_WAIT].hist; /* 0 is warm-up */
    double share = 1 - (double)h->count[0] / (double)h->total;
    sim_free(sim);
    return share;
}

static void probability_of_waiting(void **state) {
    (void)state;
    static const struct {
        int servers;
        double load;
    } rows[] = {{1, 0.8}, {2, 0.8}, {4, 0.8}, {8, 0.8}, {16, 0.8}, {5, 0.5}, {10, 0.5}};
    bool right = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int c = rows[i].servers;
        double x[ORACLE_REPLICATIONS];
        for (int r = 0; r < ORACLE_REPLICATIONS; r++)
            x[r] = share_that_waits(c, rows[i].load, i + 1, (uint64_t)r + 1);
        char id[40];
        snprintf(id, sizeof id, "A2 M/M/%d, load %g", c, rows[i].load);
        const struct oracle_check check = {"P(wait)", theory_erlang_c(c, rows[i].load * c), 0.06};
        right &= oracle_compare(id, &check, x, ORACLE_REPLICATIONS);
    }
    assert_true(right);
}

static void limited_room(void **state) {
    (void)state;
    struct theory_finite one = theory_mmck(1, 10, 1.2, 1), four = theory_mmck(4, 20, 5, 1);
    struct theory_finite bulkhead = theory_mmck(25, 35, 100, 5);
    const struct oracle systems[] = {
        {"A4 M/M/1/10",
         OPEN(1.2) STATION("queue = { limit = 9 }, " EXP(1)),
         2400,
         120000,
         {
             {LOST, one.loss, 0.02},
             {"in_flight", one.number, 0.02},
             {"throughput", one.throughput, 0.01},
             {"latency.mean", one.sojourn, 0.02},
         }},
        {"A4b M/M/4/20",
         OPEN(5) STATION("servers = 4, queue = { limit = 16 }, " EXP(1)),
         2400,
         40000,
         {{LOST, four.loss, 0.02},
          {"in_flight", four.number, 0.02},
          {"latency.mean", four.sojourn, 0.02}}},
        {"B6b 25 servers, 10 places",
         OPEN(100) STATION("servers = 25, queue = { limit = 10 }, " EXP(0.2)),
         50,
         6000,
         {{LOST, bulkhead.loss, 0.05}, {WAIT, bulkhead.sojourn - 0.2, 0.05}}},
    };
    RUN(systems);
}

/* Without a queue only the mean of the service matters, not its law. */
static void erlang_loss(void **state) {
    (void)state;
#define LOSS(rate, servers, law)                                                                   \
    OPEN(rate) STATION("servers = " #servers ", queue = { limit = 0 }, service = " law)
    const double few = theory_erlang_b(10, 5), many = theory_erlang_b(10, 8);
    const double more = theory_erlang_b(25, 20), full = theory_erlang_b(100, 100);
    const struct oracle systems[] = {
        {"A3 (10, 5), exponential",
         LOSS(5, 10, "exponential { mean = 1 }"),
         200,
         60000,
         {{LOST, few, 0.03}}},
        {"A3 (10, 8), exponential",
         LOSS(8, 10, "exponential { mean = 1 }"),
         200,
         20000,
         {{LOST, many, 0.02}}},
        {"A3 (10, 8), constant", LOSS(8, 10, "1"), 200, 20000, {{LOST, many, 0.02}}},
        {"A3 (25, 20), lognormal",
         LOSS(20, 25, "lognormal { mean = 1, cv = 2 }"),
         500,
         24000,
         {{LOST, more, 0.03}}},
        {"A3 (100, 100), uniform",
         LOSS(100, 100, "uniform { 0, 2 }"),
         100,
         4000,
         {{LOST, full, 0.03}}},
    };
    RUN(systems);
}

static void general_service(void **state) {
    (void)state;
#define MG1(rate, law) OPEN(rate) STATION("service = " law)
    const double erlang = theory_mg1_wait(0.7, 1, 0.25), wide = theory_mg1_wait(0.7, 1, 4);
    const struct oracle systems[] = {
        {"A6 M/E4/1, load .7",
         MG1(0.7, "erlang { k = 4, mean = 1 }"),
         12000,
         240000,
         {{WAIT, erlang, 0.02}}},
        {"A6 M/H2/1, load .7",
         MG1(0.7, "hyperexponential { mean = 1, cv = 2 }"),
         24000,
         600000,
         {{WAIT, wide, 0.03}}},
        {"A6 M/LN/1, load .7",
         MG1(0.7, "lognormal { mean = 1, cv = 2 }"),
         24000,
         960000,
         {{WAIT, wide, 0.05}}},
        {"A5 M/D/1, load .5",
         MG1(0.5, "1"),
         6000,
         240000,
         {{WAIT, theory_mg1_wait(0.5, 1, 0), 0.02}}},
        {"A5 M/D/1, load .8",
         MG1(0.8, "1"),
         12000,
         240000,
         {{WAIT, theory_mg1_wait(0.8, 1, 0), 0.03}}},
        {"A5 M/D/1, load .95",
         MG1(0.95, "1"),
         60000,
         800000,
         {{WAIT, theory_mg1_wait(0.95, 1, 0), 0.05}}},
        {"A19 M/G/inf",
         OPEN(10) "entry = delay { time = lognormal { mean = 3, cv = 1 } }",
         200,
         10000,
         {{"in_flight", 30, 0.01}, {"latency.mean", 3, 0.01}}},
    };
    RUN(systems);
}

static void priorities(void **state) {
    (void)state;
    double high, low;
    theory_priority(0.2, 0.6, 1, &high, &low);
    const struct oracle systems[] = {
        {"A8 two priorities",
         "workload = open { rate = 0.8, classes = { high = { share = 0.25, priority = 1 }, "
         "low = { share = 0.75 } } }, " STATION("discipline = \"priority\", " EXP(1)),
         24000,
         480000,
         {{"latency.mean{class=high}", high, 0.02},
          {"latency.mean{class=low}", low, 0.03},
          {"latency.mean", 5, 0.03}}},
    };
    RUN(systems);
}

/* Who has waited for 2 s on average leaves. Those in service when their time is up stay: the caller
 * is told that it timed out, but the station works on, as in theory. */
static void impatience(void **state) {
    (void)state;
    struct theory_impatient f = theory_mmcm(10, 12, 1, 0.5);
    const struct oracle systems[] = {
        {"A14 M/M/10+M",
         OPEN(12) "entry = timeout { after = exponential { mean = 2 }, on_expiry = "
                  "\"drop_queued\", station { servers = 10, " EXP(1) " } }",
         500,
         20000,
         {{"station:share{outcome=cancelled}", f.abandon, 0.02},
          {"station:queue", 12 * f.wait, 0.02},
          {"station:utilization", 1.2 * (1 - f.abandon), 0.01}}},
    };
    RUN(systems);
}

static void in_a_row(void **state) {
    (void)state;
    const struct oracle systems[] = {
        {"A10 three in a row",
         OPEN(0.5) "entry = chain { " NAMED("a", EXP(1)) ", " NAMED("b", EXP(1.25)) ", " NAMED(
             "c", "service = exponential { rate = 0.6 }") " }",
         24000,
         480000,
         {{"latency.mean", 2 + 1 / 0.3 + 10, 0.03},
          {"a:latency.mean", 2, 0.02},
          {"b:latency.mean", 1 / 0.3, 0.03},
          {"c:latency.mean", 10, 0.04}}},
        {"A10b half go round again",
         OPEN(0.3) "entry = retry { max_attempts = 1000, backoff = { base = 0 }, chain { "
                   "station { " EXP(1) " }, split { to = { out = delay { time = 0 }, "
                                       "again = fail {} } } } }",
         6000,
         300000,
         {{"latency.mean", 5, 0.03},
          {"station:latency.mean", 2.5, 0.03},
          {"retry:attempts_per_call", 2, 0.01}}},
    };
    RUN(systems);
}

static void side_by_side(void **state) {
    (void)state;
#define PAIR(policy)                                                                               \
    OPEN(3)                                                                                        \
    "entry = balance { " policy ", " NAMED("a", EXP(0.5)) ", " NAMED("b", EXP(0.5)) " }"
#define DRAWS(n) PAIR("policy = \"least_request\", choice_count = " #n)
#define MEAN(value)                                                                                \
    {                                                                                              \
        { "latency.mean", value, 0.03 }                                                            \
    }
    const double shared = theory_mmc_sojourn(2, 3, 2);
    const struct oracle systems[] = {
        {"A11 random of two", PAIR("policy = \"random\""), 3000, 60000, MEAN(2)},
        {"A11 better of 2 draws", DRAWS(2), 3000, 60000, MEAN(theory_two_queues(3, 2, 0.5))},
        {"A11 better of 3 draws", DRAWS(3), 3000, 60000, MEAN(theory_two_queues(3, 2, 0.75))},
        {"A11 shorter queue", /* 30 draws miss one of two once in 10^9 */
         DRAWS(30), 3000, 60000, MEAN(theory_two_queues(3, 2, 1))},
        {"A11 one queue for two", OPEN(3) STATION("servers = 2, " EXP(0.5)), 3000, 60000,
         MEAN(shared)},
        {"A11 two queues, one pool", /* who came first is served first, wherever it stands */
         OPEN(3) "entry = (function() local cpu = pool { servers = 2 } return split { to = { "
                 "a = " NAMED("a", "on = cpu, " EXP(0.5)) ", b = " NAMED(
                     "b", "on = cpu, " EXP(0.5)) " } } end)()",
         3000, 60000, MEAN(shared)},
    };
    RUN(systems);
}

/* Mean value analysis of users who think and one server is exact (Reiser & Lavenberg 1980), and so
 * for any law of thinking. */
static void closed_loops(void **state) {
    (void)state;
#define USERS(n, think) "workload = closed { name = \"u\", users = " #n ", think = " think " }, "
    static const struct oracle systems[] = {
        {"A15 20 users, think 5 s",
         USERS(20, "exponential { mean = 5 }") STATION(EXP(0.5)),
         1000,
         60000,
         {{"throughput", 1.996262, 0.01},
          {"latency.mean", 5.018725, 0.01},
          {"in_flight", 20 - 5 * 1.996262, 0.02},
          {"u:users", 20, 0.001}}},
        {"A15 they all think 5 s",
         USERS(20, "5") STATION(EXP(0.5)),
         1000,
         60000,
         {{"throughput", 1.996262, 0.01}, {"latency.mean", 5.018725, 0.01}}},
    };
    RUN(systems);
}

/* One server that takes up to K of those who wait, for an exponential time, whatever their number:
 * while it works the queue is geometric in the root r of mu r^(K+1) - (lambda + mu) r + lambda = 0
 * inside the unit interval (Gross & Harris, Fundamentals of Queueing Theory, bulk service). */
static void bulk_service(void **state) {
    (void)state;
    const double lambda = 3, mu = 1, k = 4;
    double lo = 0, hi = 1 - 1e-6; /* 1 is a root as well */
    for (int i = 0; i < 200; i++) {
        double r = (lo + hi) / 2;
        *(mu * pow(r, k + 1) - (lambda + mu) * r + lambda > 0 ? &lo : &hi) = r;
    }
    double r = lo, empty = 1 / (1 / (1 - r) + mu / lambda); /* it works and nobody waits */
    double busy = empty / (1 - r), queue = empty * r / ((1 - r) * (1 - r));
    const struct oracle systems[] = {
        {"bulk service, up to 4",
         OPEN(3) "entry = batch { max_batch_size = 4, station { " EXP(1) " } }",
         1000,
         60000,
         {
             {"latency.mean", queue / lambda + 1 / mu, 0.02},
             {"batch:queue", queue, 0.03},
             {"batch:running", busy, 0.01},
             {"batch:batch_size", lambda / (mu * busy), 0.01},
             {"station:utilization", busy, 0.01},
         }},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mm1),
        cmocka_unit_test(mmc),
        cmocka_unit_test(percentiles_of_mmc),
        cmocka_unit_test(probability_of_waiting),
        cmocka_unit_test(limited_room),
        cmocka_unit_test(erlang_loss),
        cmocka_unit_test(general_service),
        cmocka_unit_test(priorities),
        cmocka_unit_test(impatience),
        cmocka_unit_test(in_a_row),
        cmocka_unit_test(side_by_side),
        cmocka_unit_test(closed_loops),
        cmocka_unit_test(bulk_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
