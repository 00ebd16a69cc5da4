/* Two sides with common random numbers: two cases, two settings, or two files. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/text.h"
#include "report/whole.h"

struct side {
    const char *file, *in_case;
    const char *sets[65];
    uint32_t n_sets;
    char label[400];
};

static bool is_setting(const char *word) {
    return strchr(word, '=') != NULL;
}

static void give(struct side *s, const struct options *o, const char *file, const char *word) {
    s->file = file;
    s->in_case = o->in_case ? o->in_case : "base";
    memcpy(s->sets, o->sets, sizeof o->sets[0] * o->n_sets);
    s->n_sets = o->n_sets;
    if (word && is_setting(word))
        s->sets[s->n_sets++] = word;
    else if (word)
        s->in_case = word;
    snprintf(s->label, sizeof s->label, "%s, %s %s", file,
             word && is_setting(word) ? "with" : "case",
             word && is_setting(word) ? word : s->in_case);
}

static bool sides(const struct options *o, struct side *a, struct side *b, struct error *e) {
    if (o->n_words == 2 && !is_setting(o->words[1])) {
        give(a, o, o->words[0], NULL);
        give(b, o, o->words[1], NULL);
        return true;
    }
    if (o->n_words == 3) {
        give(a, o, o->words[0], o->words[1]);
        give(b, o, o->words[0], o->words[2]);
        return true;
    }
    return error_set(e, "compare wants a scenario and two cases or settings, or two scenario "
                        "files: nines compare recsys base flush");
}

static bool run_side(const struct options *o, struct side *side, struct scenario_maker **m,
                     struct study *s, struct error *e) {
    char path[PATH_SIZE];
    struct options with = *o;
    struct progress p;
    if (side->n_sets > 64)
        return error_set(e, "more than 64 settings");
    memcpy(with.sets, side->sets, sizeof with.sets[0] * side->n_sets);
    with.n_sets = side->n_sets;
    /* host_open keeps the pointer to the settings: they must live as long as the maker */
    char library[PATH_SIZE];
    struct host_options host = {.library = path_find("lua", library) ? library : NULL};
    if (!path_scenario(side->file, path, e) ||
        !(*m = host_open(path, &host, side->sets, side->n_sets, e)))
        return false;
    struct study_options so = cli_study_options(o);
    so.cases = &side->in_case;
    so.n_cases = 1;
    progress_begin(&p, &so, o);
    bool ok = study_run(*m, &so, s, e);
    progress_end(&p);
    return ok;
}

struct pair {
    const struct study *a, *b;
    const char *label_a, *label_b;
};

static bool print(FILE *f, void *ctx, struct error *e) {
    const struct pair *p = ctx;
    (void)e;
    text_compare(f, p->a, &p->a->cases[0], p->label_a, p->b, &p->b->cases[0], p->label_b);
    return true;
}

int command_compare(const struct options *o) {
    struct error e = {{0}};
    struct side a = {0}, b = {0};
    struct study sa = {0}, sb = {0};
    struct scenario_maker *ma = NULL, *mb = NULL;
    bool ok = sides(o, &a, &b, &e) && run_side(o, &a, &ma, &sa, &e);
    if (ok) { /* the same span on both sides, or the pairs would not be pairs */
        struct options same = *o;
        same.warmup = sa.warmup;
        ok = run_side(&same, &b, &mb, &sb, &e);
    }
    ok = ok && whole_write(stdout, print, &(struct pair){&sa, &sb, a.label, b.label}, &e);
    if (ma)
        study_release(&sa);
    if (mb)
        study_release(&sb);
    host_close(ma);
    host_close(mb);
    return ok ? 0 : cli_fail(&e);
}
