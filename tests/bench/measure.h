/* What the benchmarks share: CPU time, medians, the one option they all take. */
#ifndef NINES_BENCH_MEASURE_H
#define NINES_BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNS = 99 };

/* CPU time of the process, s. */
static inline double cpu_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int by_size(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Sorts `x`. */
static inline double median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, by_size);
    return x[n / 2];
}

/* `-n RUNS` and nothing else: 1 to 99, 5 when it is not given; 0 after a word on how to call it. */
static inline int runs_wanted(int argc, char **argv) {
    int runs = argc == 3 && !strcmp(argv[1], "-n") ? atoi(argv[2]) : argc == 1 ? 5 : 0;
    if (runs >= 1 && runs <= MOST_RUNS)
        return runs;
    fprintf(stderr, "%s: usage: %s [-n RUNS of 1 to 99]\n", argv[0], argv[0]);
    return 0;
}

#endif
