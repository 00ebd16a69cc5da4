/* The command line: main and one file a subcommand.
 *
 * Results go to stdout, everything else to stderr. Exit status: 0 done; 1 a claim differs; 2
 * unusable input; 3 undecided. */
#ifndef NINES_CLI_CLI_H
#define NINES_CLI_CLI_H

#include "base/error.h"
#include "bind/host.h"
#include "lab/study.h"

enum { EXIT_DIFFERS = 1, EXIT_INPUT = 2, EXIT_UNDECIDED = 3 };

struct options {
    const char *words[64]; /* what is no option */
    int n_words;
    const char *sets[64];
    uint32_t n_sets;
    const char *in_case;
    uint64_t seed;
    int64_t replications, max_replications; /* 0: as the file says */
    double precision;                       /* 0: none was asked for */
    double slowest;                         /* share that why explains */
    ns_t duration, warmup;                  /* 0 and WARMUP_FILE: as the file says */
    int jobs;
    bool json, csv, plot, quiet, all_nodes, full_audit;
    const char *out, *format;
};

struct command {
    const char *name, *usage, *summary;
    const char *options; /* the options it takes, by name, blank separated */
    int (*run)(const struct options *o);
};
extern const struct command commands[]; /* ends with a NULL name */

/* Prints "nines: message" and returns EXIT_INPUT. */
int cli_fail(const struct error *e);

enum { PATH_SIZE = 4096 };

/* A folder that comes with the program ("lua", "scenarios", "plots"): beside the binary, or under
 * PREFIX/share/nines. Written into `out` (PATH_SIZE); false when it is not there. */
bool path_find(const char *folder, char *out);

/* A scenario by file or by bare name of a shipped one. `out` receives the path. False with an
 * error. */
bool path_scenario(const char *name, char *out, struct error *e);

/* Opens a scenario with the options' settings. NULL with an error. */
struct scenario_maker *cli_open(const struct options *o, const char *name, char *path,
                                struct error *e);
struct study_options cli_study_options(const struct options *o);

/* Terminal only: a line on stderr with simulated time, events a second and time to go. */
struct progress {
    double began;
    bool shown;
};
void progress_begin(struct progress *p, struct study_options *s, const struct options *o);
void progress_end(struct progress *p);

bool cli_colour(void); /* stdout is a terminal and NO_COLOR is unset */

int command_run(const struct options *o);
int command_check(const struct options *o);
int command_compare(const struct options *o);
int command_why(const struct options *o);
int command_plot(const struct options *o);
int command_new(const struct options *o);
int command_list(const struct options *o);
int command_help(const struct options *o);

#endif
