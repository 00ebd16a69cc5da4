#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"

#define COMMON "set seed replications duration warmup jobs quiet audit"

const struct command commands[] = {
    {"run", "nines run SCENARIO [options]", "runs one case and summarises it",
     COMMON " max-replications precision case json csv out plot nodes format", command_run},
    {"check", "nines check SCENARIO… [options]",
     "decides the claims: 0 as expected, 1 one differs, 3 one undecided",
     COMMON " max-replications json", command_check},
    {"compare", "nines compare SCENARIO CASE CASE | SCENARIO name=value name=value | A.lua B.lua",
     "paired differences with intervals", COMMON " case", command_compare},
    {"why", "nines why SCENARIO [options]",
     "what the slowest requests spend their time on, against those around the median",
     COMMON " case slowest json", command_why},
    {"plot", "nines plot DIR", "draws the pictures of a result folder", "format quiet",
     command_plot},
    {"new", "nines new NAME", "writes NAME.lua, a scenario to start from", "quiet", command_new},
    {"list", "nines list", "the scenarios that come with nines", "", command_list},
    {"help", "nines help [NAME]",
     "everything about a command, component, distribution, fault, signal or word", "",
     command_help},
    {NULL, NULL, NULL, NULL, NULL},
};

/* One line, whatever a file or an argument has put into the message. */
int cli_fail(const struct error *e) {
    char text[sizeof e->text];
    fflush(stdout);
    snprintf(text, sizeof text, "%s", e->text);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    fprintf(stderr, "nines: %s\n", text);
    return EXIT_INPUT;
}

struct option_kind {
    const char *name;
    bool value;
};
static const struct option_kind kinds[] = {
    {"set", true},
    {"case", true},
    {"seed", true},
    {"replications", true},
    {"max-replications", true},
    {"precision", true},
    {"slowest", true},
    {"duration", true},
    {"warmup", true},
    {"json", false},
    {"csv", false},
    {"out", true},
    {"plot", false},
    {"quiet", false},
    {"jobs", true},
    {"nodes", true},
    {"format", true},
    {"audit", true},
    {NULL, false},
};

static bool takes(const struct command *c, const char *name) {
    size_t n = strlen(name);
    for (const char *at = c->options; (at = strstr(at, name)); at += n)
        if ((at == c->options || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static bool whole(const char *name, const char *text, double min, double max, double *out,
                  struct error *e) {
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    if (*end || end == text || errno || *out != floor(*out) || *out < min || *out > max)
        return error_set(e, "--%s %s: it wants a whole number of %.0f to %.0f", name, text, min,
                         max);
    return true;
}

static bool duration(const char *name, const char *text, ns_t *out, struct error *e) {
    struct value v = value_of_text(text);
    char label[64];
    double s;
    snprintf(label, sizeof label, "--%s %s", name, text);
    if (!value_number(&v, UNIT_TIME, &s, label, e))
        return false;
    if (s < 0)
        return error_set(e, "%s: it must not be negative", label);
    if (ns_from_s(s) >= NS_LIMIT)
        return error_set(e, "%s: it is longer than 146 years", label);
    *out = ns_from_s(s);
    return true;
}

static bool choice(const char *name, const char *text, const char *const *choices,
                   struct error *e) {
    char list[100] = "";
    for (int i = 0; choices[i]; i++) {
        if (!strcmp(choices[i], text))
            return true;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 choices[i]);
    }
    return error_set(e, "--%s %s: it is one of %s", name, text, list);
}

static bool take_seed(const char *text, uint64_t *seed, struct error *e) {
    char *end;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 10);
    if (*end || end == text || errno || text[0] == '-')
        return error_set(e, "--seed %s: it wants a whole number of 0 to 18446744073709551615",
                         text);
    *seed = x;
    return true;
}

static bool share(const char *name, const char *text, double *out, struct error *e) {
    struct value v = value_of_text(text);
    char label[160];
    snprintf(label, sizeof label, "--%s %s", name, text);
    if (!value_number(&v, UNIT_RATIO, out, label, e))
        return false;
    return (*out > 0 && *out < 1) ||
           error_set(e, "%s: it wants a share above 0 and below 1, such as 2%%", label);
}

static bool take(struct options *o, const char *name, const char *value, struct error *e) {
    double x;
    if (!strcmp(name, "set")) {
        if (o->n_sets == 64)
            return error_set(e, "--set: more than 64 settings");
        o->sets[o->n_sets++] = value;
    } else if (!strcmp(name, "case"))
        o->in_case = value;
    else if (!strcmp(name, "seed"))
        return take_seed(value, &o->seed, e);
    else if (!strcmp(name, "replications")) {
        if (!whole(name, value, 1, 1e6, &x, e))
            return false;
        o->replications = (int64_t)x;
    } else if (!strcmp(name, "max-replications")) {
        if (!whole(name, value, 1, 1e6, &x, e))
            return false;
        o->max_replications = (int64_t)x;
    } else if (!strcmp(name, "precision"))
        return share(name, value, &o->precision, e);
    else if (!strcmp(name, "slowest"))
        return share(name, value, &o->slowest, e);
    else if (!strcmp(name, "jobs")) {
        if (!whole(name, value, 1, 1024, &x, e))
            return false;
        o->jobs = (int)x;
    } else if (!strcmp(name, "duration")) {
        if (!duration(name, value, &o->duration, e))
            return false;
        return o->duration > 0 || error_set(e, "--duration %s: it must be above 0", value);
    } else if (!strcmp(name, "warmup"))
        return !strcmp(value, "auto") ? (o->warmup = WARMUP_AUTO, true)
                                      : duration(name, value, &o->warmup, e);
    else if (!strcmp(name, "out"))
        o->out = value;
    else if (!strcmp(name, "nodes")) {
        o->all_nodes = !strcmp(value, "all");
        return choice(name, value, (const char *const[]){"pooled", "all", NULL}, e);
    } else if (!strcmp(name, "audit")) {
        o->full_audit = !strcmp(value, "full");
        return choice(name, value, (const char *const[]){"ends", "full", NULL}, e);
    } else if (!strcmp(name, "format")) {
        o->format = value;
        return choice(name, value, (const char *const[]){"svg", "png", "pdf", NULL}, e);
    } else if (!strcmp(name, "json"))
        o->json = true;
    else if (!strcmp(name, "csv"))
        o->csv = true;
    else if (!strcmp(name, "plot"))
        o->plot = true;
    else if (!strcmp(name, "quiet"))
        o->quiet = true;
    return true;
}

static const char *kind_at(const void *ctx, int i) {
    (void)ctx;
    return kinds[i].name;
}

static bool parse(const struct command *c, int argc, char **argv, struct options *o,
                  struct error *e) {
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] && argv[i][1] != '-')
            return error_set(
                e, "there is no option %s; options begin with two dashes, see: nines help %s",
                argv[i], c->name);
        if (strncmp(argv[i], "--", 2)) {
            if (o->n_words == 64)
                return error_set(e, "too many words on the command line");
            o->words[o->n_words++] = argv[i];
            continue;
        }
        char name[64];
        const char *eq = strchr(argv[i], '=');
        snprintf(name, sizeof name, "%.*s", eq ? (int)(eq - argv[i] - 2) : (int)strlen(argv[i] + 2),
                 argv[i] + 2);
        const struct option_kind *k = kinds;
        while (k->name && strcmp(k->name, name))
            k++;
        const char *near = k->name ? NULL : error_nearest(name, kind_at, NULL);
        if (near)
            return error_set(e, "there is no option --%s; did you mean --%s?", name, near);
        if (!k->name || !takes(c, name))
            return error_set(e, "%s takes no option --%s; see: nines help %s", c->name, name,
                             c->name);
        const char *value = eq ? eq + 1 : NULL;
        if (k->value && !value && i + 1 < argc)
            value = argv[++i];
        if (k->value && (!value || !*value))
            return error_set(e, "--%s wants a value", name);
        if (!k->value && value)
            return error_set(e, "--%s takes no value", name);
        if (!take(o, name, value, e))
            return false;
    }
    return true;
}

/* Options that only make sense together. */
static bool fits(const struct options *o, struct error *e) {
    if (o->max_replications > 0 && o->max_replications < o->replications)
        return error_set(e, "--max-replications %lld is less than --replications %lld",
                         (long long)o->max_replications, (long long)o->replications);
    return true;
}

static int hello(void) {
    puts("Nines simulates AI serving architectures. Three commands to try:\n\n"
         "  nines run quickstart            one queue: throughput, P99 with an interval, "
         "utilisation\n"
         "  nines check recsys              is what was drawn on the whiteboard true?\n"
         "  nines run recsys --case slow_pod --plot   what one slow pod does, in pictures\n\n"
         "  nines list                      all scenarios that come with it\n"
         "  nines help                      all commands, components and words");
    return 0;
}

static const char *command_at(const void *ctx, int i) {
    (void)ctx;
    return commands[i].name;
}

static int dispatch(int argc, char **argv) {
    struct options o = {.seed = 1, .warmup = WARMUP_FILE};
    struct error e = {{0}};
    if (argc < 2)
        return hello();
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    if (!strcmp(name, "--version"))
        return puts("nines " NINES_VERSION), 0;
    const struct command *c = commands;
    while (c->name && strcmp(c->name, name))
        c++;
    if (!c->name) {
        const char *near = error_nearest(name, command_at, NULL);
        error_set(&e,
                  near ? "there is no command '%s'; did you mean '%s'?"
                       : "there is no command '%s'; see: nines help",
                  name, near);
        return cli_fail(&e);
    }
    for (int i = 2; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            o.words[0] = c->name;
            o.n_words = 1;
            return command_help(&o);
        }
    return parse(c, argc - 2, argv + 2, &o, &e) && fits(&o, &e) ? c->run(&o) : cli_fail(&e);
}

int main(int argc, char **argv) {
    mem_guard_json();
    int status = dispatch(argc, argv);
    if (!fflush(stdout) && !ferror(stdout))
        return status;
    if (status != EXIT_INPUT) /* which has said why already */
        fputs("nines: the output could not be written\n", stderr);
    return EXIT_INPUT;
}
