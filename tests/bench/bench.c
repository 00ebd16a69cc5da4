/* How fast: requests and events a second of CPU time on one core, with meters, histograms and audit
 * on.
 *
 *   bench FILE.lua [knob=value …] [-n RUNS]      prints the median of RUNS (5) and peak memory
 *
 * Not a test: nothing fails when it is slow. */
#include <sys/resource.h>

#include "bind/host.h"
#include "measure.h"

int main(int argc, char **argv) {
    struct error e = {{0}};
    struct host_options options = {.library = "lua"};
    const char *sets[16];
    uint32_t n_sets = 0;
    int runs = 5;
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "-n") && i + 1 < argc)
            runs = atoi(argv[++i]);
        else if (n_sets < 16)
            sets[n_sets++] = argv[i];
    }
    double started = cpu_time();
    struct scenario_maker *m = argc > 1 && runs > 0 && runs <= MOST_RUNS
                                   ? host_open(argv[1], &options, sets, n_sets, &e)
                                   : NULL;
    if (!m) {
        fprintf(stderr, "bench: %s\n",
                error_is(&e) ? e.text : "bench FILE.lua [knob=value …] [-n RUNS]");
        return 2;
    }
    double times[MOST_RUNS], requests = 0, events = 0, ready = 0;
    for (int i = 0; i < runs; i++) {
        struct scenario s;
        struct scenario_request r = {.seed = 1, .replication = (uint64_t)i + 1, .warmup = -1};
        if (!m->build(m, &r, &s, &e)) {
            fprintf(stderr, "bench: %s\n", e.text);
            return 2;
        }
        double begin = cpu_time();
        ready = i ? ready : begin - started;
        if (!sim_run(s.sim)) {
            fprintf(stderr, "bench: %s\n", s.sim->error.text);
            return 2;
        }
        times[i] = cpu_time() - begin;
        requests = (double)s.sim->opened;
        events = (double)s.sim->clock.fired;
        m->free_sim(m, s.sim);
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double t = median(times, runs);
    printf("%-24s %8.2f M requests/s %8.2f M events/s %7.1f ns/request   (%.2f s CPU, median of "
           "%d; peak memory %.0f MB; ready to run after %.1f ms)\n",
           argv[1], requests / t / 1e6, events / t / 1e6, 1e9 * t / requests, t, runs,
           (double)u.ru_maxrss / 1024, ready * 1e3);
    host_close(m);
    return 0;
}
