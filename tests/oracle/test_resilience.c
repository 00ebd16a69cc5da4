/* Simulation against theory: limits, retries, breakers and faults whose effect can be worked out.
 * How they are compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define STEADY(rate) "workload = open { rate = " #rate ", arrivals = \"deterministic\" }, "
#define COIN(bad, good)                                                                            \
    "split { weights = { good = " #good ", bad = " #bad                                            \
    " }, to = { good = delay { time = 0 }, bad = fail {} } }"

/* A token bucket with random arrivals is an M/D/1/K queue of missing tokens. */
static void token_bucket(void **state) {
    (void)state;
#define BUCKET(offered, tokens)                                                                    \
    OPEN(offered) "entry = limiter { rate = 100, burst = " #tokens ", delay { time = 0 } }"
#define LIMITED(share)                                                                             \
    {                                                                                              \
        { "share{outcome=limited}", share, 0.03 }                                                  \
    }
    static const struct oracle systems[] = {
        {"A17 80 %, 5 tokens", BUCKET(80, 5), 100, 8000, LIMITED(0.0352904)},
        {"A17 100 %, 10 tokens", BUCKET(100, 10), 100, 8000, LIMITED(0.0508475)},
        {"A17 150 %, 10 tokens", BUCKET(150, 10), 100, 2000, LIMITED(0.333397)},
    };
    RUN(systems);
}

#define RETRY(name, attempts, inner)                                                               \
    "retry { name = \"" name "\", max_attempts = " #attempts ", backoff = { base = 0 }, " inner " }"

static void retries(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B2b half fail, 4 attempts",
         OPEN(100) "entry = " RETRY("retry", 4, COIN(1, 1)),
         1,
         3000,
         {{"retry:attempts_per_call", 1.875, 0.01}, {"availability", 0.9375, 0.01}}},
        {"F2 a tenth fails",
         OPEN(100) "entry = " RETRY("retry", 4, COIN(1, 9)),
         1,
         3000,
         {{"retry:attempts_per_call", 1.111, 0.01}, {"availability", 0.9999, 0.001}}},
    };
    RUN(systems);
}

#define FINAGLE(name, share, inner)                                                                \
    "retry { name = \"" name                                                                       \
    "\", max_attempts = 4, backoff = { base = 0 }, budget = { ratio = " #share                     \
    ", min_per_second = 0 }, " inner " }"
#define TOKENS(inner)                                                                              \
    "retry { max_attempts = 4, backoff = { base = 0 }, tokens = { capacity = 10, cost = 1, "       \
    "deposit = 0.1, refund = false }, " inner " }"

/* A budget bounds what retries add when everything fails. A bucket that gains 0.1 with each success
 * settles where retries r = 0.1 s and successes s = (1 - f)(1 + r). */
static void budgets(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a shortened run would not fill the window of ten seconds */
    static const struct oracle systems[] = {
        {"B3 20 % of the calls",
         STEADY(1000) "entry = " FINAGLE("retry", 0.2, "fail {}"),
         20,
         100,
         {{"retry:attempts_per_call", 1.2, 0.001}, {"fail:offered", 1200, 0.001}}},
        {"B3 10 % in 3 layers",
         STEADY(1000) "entry = " FINAGLE("a", 0.1, FINAGLE("b", 0.1, FINAGLE("c", 0.1, "fail {}"))),
         20,
         100,
         {{"fail:offered", 1331, 0.001}}},
    };
    RUN(systems);
}

static void drained_tokens(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B3b a fifth fails",
         OPEN(100) "entry = " TOKENS(COIN(1, 4)),
         100,
         2000,
         {{"retry:attempts_per_call", 1.086957, 0.001}, {"availability", 0.869565, 0.002}}},
        {"B3b half fail",
         OPEN(100) "entry = " TOKENS(COIN(1, 1)),
         100,
         2000,
         {{"retry:attempts_per_call", 1.052632, 0.001}, {"availability", 0.526316, 0.005}}},
    };
    RUN(systems);
}

/* Every layer multiplies: what is at the bottom gets attempts^layers calls a request, exactly. */
static void layers_of_retries(void **state) {
    (void)state;
#define THREE(n, inner) RETRY("a", n, RETRY("b", n, RETRY("c", n, inner)))
#define BOTTOM(calls)                                                                              \
    {                                                                                              \
        { "fail:offered", calls, 1e-12 }                                                           \
    }
    static const struct oracle systems[] = {
        {"B2 3 layers of 3", STEADY(1) "entry = " THREE(3, "fail {}"), 12, 120, BOTTOM(27)},
        {"B2 3 layers of 4", STEADY(1) "entry = " THREE(4, "fail {}"), 12, 120, BOTTOM(64)},
        {"B2 5 layers of 3", STEADY(1) "entry = " THREE(3, RETRY("d", 3, RETRY("e", 3, "fail {}"))),
         12, 120, BOTTOM(243)},
    };
    RUN(systems);
}

/* All attempts fail at once: what the users wait for is the sum of the pauses. */
static void backoff(void **state) {
    (void)state;
#define PAUSES(attempts, type)                                                                     \
    OPEN(100)                                                                                      \
    "entry = retry { max_attempts = " #attempts ", backoff = { kind = \"" type                     \
    "\", base = \"100ms\" }, fail {} }"
#define SUM(seconds)                                                                               \
    {                                                                                              \
        { "latency.mean{outcome=error}", seconds, 0.02 }                                           \
    }
    static const struct oracle systems[] = {
        {"B15 full jitter, 1", PAUSES(2, "full_jitter"), 10, 400, SUM(0.050)},
        {"B15 full jitter, 1-2", PAUSES(3, "full_jitter"), 10, 400, SUM(0.150)},
        {"B15 full jitter, 1-3", PAUSES(4, "full_jitter"), 10, 400, SUM(0.350)},
        {"B15 full jitter, 1-4", PAUSES(5, "full_jitter"), 10, 400, SUM(0.750)},
        {"B15 equal jitter, 1", PAUSES(2, "equal_jitter"), 10, 400, SUM(0.075)},
        {"B15 equal jitter, 1-2", PAUSES(3, "equal_jitter"), 10, 400, SUM(0.225)},
        {"B15 equal jitter, 1-3", PAUSES(4, "equal_jitter"), 10, 400, SUM(0.525)},
        {"B15 equal jitter, 1-4", PAUSES(5, "equal_jitter"), 10, 400, SUM(1.125)},
        /* from base to 3 times the last one: 0.1 … 0.3, then 0.1 … 3 x 0.2 on average */
        {"decorrelated jitter, 1", PAUSES(2, "decorrelated_jitter"), 10, 400, SUM(0.200)},
        {"decorrelated jitter, 1-2", PAUSES(3, "decorrelated_jitter"), 10, 400, SUM(0.550)},
    };
    RUN(systems);
}

/* Does a breaker open when it looks at a full window for the first time? Many fill theirs exactly
 * once in a run of one second (plus one call, so that none falls short). */
static void first_verdict(void **state) {
    (void)state;
#define BREAKERS(rate, count, size, bad, good)                                                     \
    STEADY(rate)                                                                                   \
    "entry = balance { replicas { name = \"b\", count = " #count                                   \
    ", build = function() return breaker { sliding_window_size = " #size                           \
    ", minimum_number_of_calls = " #size                                                           \
    ", failure_rate_threshold = \"50%\", " COIN(bad, good) " } end } }"
#define OPENED(count, share, narrow)                                                               \
    {                                                                                              \
        { "b[*]:opened", (count) * (share), narrow }                                               \
    }
    static const struct oracle systems[] = {
        {"B7 5 of 10, p = .2", BREAKERS(20001, 2000, 10, 1, 4), 0, 1,
         OPENED(2000, 0.0327935, 0.12)},
        {"B7 5 of 10, p = .3", BREAKERS(20001, 2000, 10, 3, 7), 0, 1, OPENED(2000, 0.150268, 0.05)},
        {"B7 50 of 100, p = .4", BREAKERS(100001, 1000, 100, 2, 3), 0, 1,
         OPENED(1000, 0.0270992, 0.2)},
    };
    if (oracle_shortened(1) < 1)
        skip(); /* a shorter run fills no window */
    RUN(systems);
}

#define UNIT(x) "delay { name = \"" x "\", time = 0 }"
#define FAILED "share{outcome=error}"

/* Times between failures and of repair are exponential; a unit is down 4/724 of the time. Two
 * units, each with a crew of its own, are down together in the square of their share. */
static void repairs(void **state) {
    (void)state;
#define DOWN(x) "random { mtbf = 20, mttr = 4, down { \"" x "\" } }"
    static const struct oracle systems[] = {
        {"B5b one unit",
         STEADY(1) "entry = " UNIT("a") ", faults = { random { mtbf = 720, mttr = 4, "
                                        "down { \"a\" } } }",
         0,
         600000,
         {{FAILED, 4.0 / 724, 0.06}, {"availability", 0.994475, 0.001}}},
        {"B5b one of two",
         STEADY(1) "entry = fallback { " UNIT("a") ", " UNIT("b") " }, faults = { " DOWN(
             "a") ", " DOWN("b") " }",
         1000,
         100000,
         {{FAILED, 1.0 / 36, 0.05}, {"a:availability", 5.0 / 6, 0.01}}},
    };
    RUN(systems);
}

/* Each call meets five units that fail on their own once in a thousand times. */
static void series(void **state) {
    (void)state;
#define FIVE UNIT("a") ", " UNIT("b") ", " UNIT("c") ", " UNIT("d") ", " UNIT("e")
#define ERRORS(x) "errors { \"" x "\", rate = 0.001 }, "
#define FAULTS ERRORS("a") ERRORS("b") ERRORS("c") ERRORS("d") ERRORS("e")
    static const struct oracle systems[] = {
        {"B5 five in a row",
         OPEN(100) "entry = chain { " FIVE " }, faults = { " FAULTS "}",
         0,
         2000,
         {{"availability", 0.995010, 0.001}, {FAILED, 0.004990, 0.05}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_bucket),
        cmocka_unit_test(retries),
        cmocka_unit_test(budgets),
        cmocka_unit_test(drained_tokens),
        cmocka_unit_test(layers_of_retries),
        cmocka_unit_test(backoff),
        cmocka_unit_test(first_verdict),
        cmocka_unit_test(repairs),
        cmocka_unit_test(series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
