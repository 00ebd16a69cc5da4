#include "coverage.h"

#include <math.h>
#include <stdio.h>

#include "core/condition.h"
#include "lab.h"
#include "theory/queue.h"

const char *const coverage_names[COVERAGE_METRICS] = {"mean", "p50", "p90", "p99"};

static void count(const struct lab *l, const char *metric, double exact, int which,
                  struct coverage *out) {
    const struct study *s = &l->study;
    uint32_t q = lab_query(l, metric);
    struct estimate e = study_estimate(s, &s->cases[0], q);
    out->bias[which] += (e.mean / exact - 1) / (double)out->studies;
    if (study_why(s, &s->cases[0], q))
        return;
    out->intervals[which]++;
    out->hits[which] += e.ci.lo <= exact && exact <= e.ci.hi ? 1 : 0;
    out->width[which] += (e.ci.hi - e.ci.lo) / 2 / exact;
}

bool coverage_run(const struct coverage_system *system, size_t studies, int replications,
                  uint64_t seed, int jobs, struct coverage *out) {
    char text[400], metric[40], warmup[40] = "'auto'";
    double rate = system->load * system->servers;
    double exact[COVERAGE_METRICS] = {theory_mmc_sojourn(system->servers, rate, 1)};
    for (int m = COVERAGE_P50; m < COVERAGE_METRICS; m++)
        exact[m] =
            theory_mmc_quantile(system->servers, rate, 1, stat_percentile(coverage_names[m]));
    *out = (struct coverage){.studies = studies};
    if (system->warmup > 0)
        snprintf(warmup, sizeof warmup, "%.9g", system->warmup);
    snprintf(text, sizeof text,
             "return scenario { workload = open { rate = %.9g }, entry = station { servers = %d, "
             "service = exponential { mean = 1 } }, run = { warmup = %s, duration = %.9g } }",
             rate, system->servers, warmup, system->requests / rate);
    for (size_t i = 0; i < studies; i++) {
        struct lab l;
        bool ok = lab_run(&l, text, seed + i, replications, jobs);
        for (int m = 0; ok && m < COVERAGE_METRICS; m++) {
            snprintf(metric, sizeof metric, "latency.%s", coverage_names[m]);
            count(&l, metric, exact[m], m, out);
        }
        lab_release(&l);
        if (!ok)
            return false;
    }
    for (int m = 0; m < COVERAGE_METRICS; m++)
        out->width[m] /= (double)(out->intervals[m] ? out->intervals[m] : 1);
    return true;
}
