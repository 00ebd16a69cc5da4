#include <stdio.h>
#include <string.h>

#include "agent/fault.h"
#include "agent/registry.h"
#include "base/dist.h"
#include "cli/cli.h"
#include "core/signal.h"
#include "report/help.h"

static const char *const option_help[][2] = {
    {"--set k=v", "a knob, or address:parameter=value; again and again"},
    {"--case NAME", "one of the scenario's cases; base is the scenario as written"},
    {"--seed N", "another seed, other random numbers; default 1"},
    {"--replications N", "independent runs; default: what the scenario says"},
    {"--max-replications N",
     "how far check, or run --precision, may go; default: what the scenario says (200)"},
    {"--precision P", "more replications until the intervals of mean, P50, P99, goodput and shares "
                      "are +- P, such as 2%"},
    {"--slowest P", "why: the share of the requests that is explained; default 1%"},
    {"--duration T", "measured time of a run, such as 60s"},
    {"--warmup T", "time before measuring; auto (also when nobody says) finds it"},
    {"--jobs N", "threads; default: all processors; the result does not depend on it"},
    {"--json", "the result on stdout as one JSON document instead of as a text"},
    {"--csv", "the metrics on stdout as a table instead of as a text"},
    {"--out DIR", "a folder with summary.json, metrics.csv, histogram.csv, series.csv"},
    {"--plot", "pictures as well, in the folder (default out/SCENARIO)"},
    {"--format F", "svg, png or pdf; default svg and png"},
    {"--nodes=all", "metrics of every replica, not only pooled ones"},
    {"--audit=full", "looks for bugs of nines: checks everything after every event; ten to several "
                     "hundred times slower, the same result"},
    {"--quiet", "no summary, no progress"},
    {NULL, NULL},
};

static void all(void) {
    puts("Commands");
    for (const struct command *c = commands; c->name; c++)
        printf("  %-10s %s\n", c->name, c->summary);
    puts("\nOptions");
    for (int i = 0; option_help[i][0]; i++)
        printf("  %-22s %s\n", option_help[i][0], option_help[i][1]);
    puts("\nComponents");
    const struct node_type *t;
    for (int i = 0; (t = component_at(i)); i++) {
        if (t == agent_types[0])
            puts("\nAgents");
        printf("  %-14s %s\n", t->kind, t->summary);
    }
    puts("\nDistributions");
    for (int i = 0; i < DIST_KINDS; i++)
        printf("  %-18s %s\n", dist_types[i].name, dist_types[i].summary);
    puts("\nSignals (they multiply, and scale with a number in front)");
    for (int i = 0; i < SIGNAL_KINDS; i++)
        printf("  %-14s %s\n", signal_types[i].name, signal_types[i].summary);
    puts("\nFaults");
    for (int i = 0; i < FAULT_KINDS; i++)
        printf("  %-14s %s\n", fault_types[i].name, fault_types[i].summary);
    puts("\nWords");
    for (const struct word *w = host_words; w->name; w++)
        printf("  %-14s %s\n", w->name, w->summary);
    puts("\nnines help NAME explains any of them.");
}

static bool command_page(const char *name) {
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name)) {
            printf("%s: %s\n  %s\n", c->name, c->summary, c->usage);
            for (int i = 0; option_help[i][0]; i++) {
                char key[40];
                snprintf(key, sizeof key, "%.*s", (int)strcspn(option_help[i][0] + 2, " =,"),
                         option_help[i][0] + 2);
                if (strstr(c->options, key))
                    printf("  %-22s %s\n", option_help[i][0], option_help[i][1]);
            }
            return true;
        }
    return false;
}

static bool word_page(const char *name) {
    for (int i = 0; i < DIST_KINDS; i++)
        if (!strcmp(dist_types[i].name, name))
            return help_word(stdout, name, dist_types[i].summary, dist_types[i].arguments,
                             dist_types[i].example, false),
                   true;
    for (int i = 0; i < SIGNAL_KINDS; i++)
        if (!strcmp(signal_types[i].name, name))
            return help_word(stdout, name, signal_types[i].summary, signal_types[i].arguments,
                             signal_types[i].example, false),
                   true;
    for (int i = 0; i < FAULT_KINDS; i++)
        if (!strcmp(fault_types[i].name, name))
            return help_word(stdout, name, fault_types[i].summary, fault_types[i].arguments,
                             fault_types[i].example, false),
                   true;
    for (const struct word *w = host_words; w->name; w++)
        if (!strcmp(w->name, name))
            return help_word(stdout, name, w->summary, NULL, w->example, false), true;
    return false;
}

/* The whole reference as Markdown: docs/reference is made from it. */
static int reference(const char *part) {
    if (!strcmp(part, "components")) {
        puts("# Components\n\nMade by `make docs` from the tables beside the code; do not edit.\n\n"
             "Every component takes `name`. *live* parameters may be changed while running: by "
             "faults (`set`) and signals.\n"
             "Every component measures `latency`, `offered`, `throughput`, `goodput`, "
             "`availability`, `quality`, `share`, `calls` and "
             "`in_flight`.\n");
        const struct node_type *t;
        for (int i = 0; (t = component_at(i)); i++) {
            if (t == agent_types[0])
                puts("# Agents\n\nThey act on their own clock, stand in the scenario's `agents`, "
                     "and nobody calls them.\n");
            help_node(stdout, t, true);
        }
        return 0;
    }
    puts("# Words of the language\n\nMade by `make docs` from the tables beside the code; do not "
         "edit.\n\n## Distributions\n");
    for (int i = 0; i < DIST_KINDS; i++)
        help_word(stdout, dist_types[i].name, dist_types[i].summary, dist_types[i].arguments,
                  dist_types[i].example, true);
    puts("## Signals\n\nSignals multiply with each other and with numbers; any rate and any live "
         "parameter takes one.\n");
    for (int i = 0; i < SIGNAL_KINDS; i++)
        help_word(stdout, signal_types[i].name, signal_types[i].summary, signal_types[i].arguments,
                  signal_types[i].example, true);
    puts("## Faults\n");
    for (int i = 0; i < FAULT_KINDS; i++)
        help_word(stdout, fault_types[i].name, fault_types[i].summary, fault_types[i].arguments,
                  fault_types[i].example, true);
    puts("## Other words\n");
    for (const struct word *w = host_words; w->name; w++)
        help_word(stdout, w->name, w->summary, NULL, w->example, true);
    return 0;
}

/* Everything there is help on, for "did you mean". */
static const char *topic(const void *ctx, int i) {
    const struct command *c = commands;
    (void)ctx;
    for (; c->name; c++)
        if (i-- == 0)
            return c->name;
    for (int k = 0; component_at(k); k++)
        if (i-- == 0)
            return component_at(k)->kind;
    if (i < DIST_KINDS)
        return dist_types[i].name;
    if ((i -= DIST_KINDS) < SIGNAL_KINDS)
        return signal_types[i].name;
    if ((i -= SIGNAL_KINDS) < FAULT_KINDS)
        return fault_types[i].name;
    i -= FAULT_KINDS;
    for (const struct word *w = host_words; w->name; w++)
        if (i-- == 0)
            return w->name;
    return NULL;
}

int command_help(const struct options *o) {
    struct error e = {{0}};
    if (!o->n_words) {
        all();
        return 0;
    }
    const char *name = o->words[0];
    bool parts =
        o->n_words == 2 && (!strcmp(o->words[1], "components") || !strcmp(o->words[1], "words"));
    if (parts && !strcmp(name, "reference"))
        return reference(o->words[1]);
    if (o->n_words > 1) {
        error_set(&e, "help explains one thing at a time, such as: nines help %s", name);
        return cli_fail(&e);
    }
    bool found = command_page(name);
    const struct node_type *type = component_find(name);
    if (type)
        help_node(stdout, type, false);
    if (found || type || word_page(name))
        return 0;
    const char *near = error_nearest(name, topic, NULL);
    if (near)
        error_set(&e, "there is no help on '%s'; did you mean '%s'?", name, near);
    else
        error_set(&e, "there is no help on '%s'; nines help lists what there is", name);
    return cli_fail(&e);
}
