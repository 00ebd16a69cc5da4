/* One scenario put to the test, in a child process of its own.
 *
 * The base case and every other one: built; run under the full audit; run again without it, which
 * must give the same, to the last count of the last histogram; requests must be conserved; then a
 * small study on one thread and on two, which must give the same JSON. A refusal has to be one
 * clean line. Crashes, failed assertions, reports of sanitizers and hangs are caught. */
#ifndef NINES_TESTS_TRIAL_H
#define NINES_TESTS_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

enum trial_end {
    TRIAL_GOOD,    /* ran, and all agreed */
    TRIAL_REFUSED, /* with one clean line, before or while running */
    TRIAL_SLOW,    /* ran out of time, but was getting on */
    TRIAL_AUDIT,   /* failures from here on */
    TRIAL_DIFFERS,
    TRIAL_UNCLEAN, /* a message that nobody could use */
    TRIAL_CRASH,
    TRIAL_HANG
};
extern const char *const trial_ends[];

struct trial {
    enum trial_end end;
    char text[800]; /* why */
    uint64_t calls; /* in all runs */
};

struct trial_options {
    uint64_t seed;
    const char *const *cases; /* besides base */
    uint32_t n_cases;
    unsigned seconds; /* of CPU, at most */
    const char *log;  /* where stderr of the child goes; kept only when it failed */
};

/* False: no child could be started. */
bool trial_run(const char *path, const struct trial_options *o, struct trial *t);

static inline bool trial_failed(const struct trial *t) {
    return t->end >= TRIAL_AUDIT;
}

#endif
