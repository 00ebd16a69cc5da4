#include "coverage.h"

#include <math.h>
#include <stdio.h>

#include "lab.h"
#include "theory/queue.h"

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
    char text[400], warmup[40] = "'auto'";
    double rate = system->load * system->servers;
    double mean = theory_mmc_sojourn(system->servers, rate, 1);
    double p99 = theory_mmc_quantile(system->servers, rate, 1, 0.99);
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
        if (ok) {
            count(&l, "latency.mean", mean, COVERAGE_MEAN, out);
            count(&l, "latency.p99", p99, COVERAGE_P99, out);
        }
        lab_release(&l);
        if (!ok)
            return false;
    }
    for (int m = 0; m < COVERAGE_METRICS; m++)
        out->width[m] /= (double)(out->intervals[m] ? out->intervals[m] : 1);
    return true;
}
