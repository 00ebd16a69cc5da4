/* How often do 95 % intervals cover the exact value? Many independent studies of queues whose
 * answers are known, each with ten replications. For people (`make intervals`); a short version of
 * it is in test_intervals.c.
 *
 *     coverage [STUDIES [REPLICATIONS [LOAD [LENGTH]]]]
 *
 * 1000 and 10, all loads, LENGTH 1; 1 replication: intervals by batches; LENGTH 0.1: replications a
 * tenth as long.
 *
 * A replication is as long as a thousand relaxation times of its queue, 1 / (c (1 - sqrt(rho))^2)
 * services: 1000 rho / (1 - sqrt(rho))^2 requests. The warm-up is found automatically at 50 %; at
 * higher loads, where the pilots would take as long again, it is fixed at five relaxation times. */
#include <stdio.h>
#include <stdlib.h>

#include "base/stats.h"
#include "coverage.h"

static const struct coverage_system systems[] = {
    {1, 0.5, 6000, 0}, {1, 0.7, 26000, 200}, {1, 0.9, 342000, 2000},
    {5, 0.5, 6000, 0}, {5, 0.7, 26000, 40},  {5, 0.9, 342000, 400},
};

static void print(const struct coverage_system *s, const struct coverage *c, int m) {
    struct interval ci = stats_binomial(c->hits[m], c->intervals[m], 0.95);
    printf("| M/M/%d | %g %% | %s | %.1f %% (%.1f to %.1f) | %+.2f %% | %.1f %% | %zu |\n",
           s->servers, 100 * s->load, coverage_names[m],
           100. * (double)c->hits[m] / (double)c->intervals[m], 100 * ci.lo, 100 * ci.hi,
           100 * c->bias[m], 100 * c->width[m], c->studies - c->intervals[m]);
    fflush(stdout);
}

int main(int argc, char **argv) {
    size_t studies = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    int replications = argc > 2 ? atoi(argv[2]) : 10;
    double load = argc > 3 ? atof(argv[3]) : 0, length = argc > 4 ? atof(argv[4]) : 1;
    if (argc > 5 || studies < 1 || studies > 1000000 || replications < 1 || replications > 10000 ||
        load < 0 || load >= 1 || !(length > 0 && length <= 100)) {
        fprintf(stderr, "coverage: usage: coverage [STUDIES [REPLICATIONS [LOAD [LENGTH]]]]\n");
        return 2;
    }
    puts("| system | load | of the sojourn | covers (95 % binomial) | bias | half-width | withheld "
         "|\n"
         "|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
        struct coverage c;
        struct coverage_system one = systems[i];
        one.requests *= length;
        if (load > 0 && systems[i].load != load)
            continue;
        if (!coverage_run(&one, studies, replications, 1 + 1000000 * i, 1, &c))
            return 1;
        for (int m = 0; m < COVERAGE_METRICS; m++)
            print(&systems[i], &c, m);
    }
    return 0;
}
