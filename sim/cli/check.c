#include <stdio.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/text.h"
#include "report/whole.h"

enum outcome_of_check {
    AS_EXPECTED,
    UNDECIDED,
    DIFFERS,
    UNUSABLE
}; /* ascending in precedence: 2, 1, 3, 0 as exit status */

struct judging {
    const struct study *s;
    const char *name;
    int counts[3], different;
};

static bool as_text(FILE *f, void *ctx, struct error *e) {
    struct judging *j = ctx;
    struct text_style style = {cli_colour()};
    (void)e;
    fprintf(f, "%s: %s\n", j->name, j->s->scenario.title);
    text_claims(f, j->s, &style, j->counts, &j->different);
    fprintf(f, "  %d hold, %d fail, %d undecided; %d not as expected\n", j->counts[0], j->counts[1],
            j->counts[2], j->different);
    return true;
}

static bool as_json(FILE *f, void *ctx, struct error *e) {
    const struct judging *j = ctx;
    json_t *result = json_result(j->s, &j->s->cases[0], j->name, true);
    bool ok = json_write(f, result, e);
    json_decref(result);
    return ok;
}

static enum outcome_of_check judge(const struct options *o, const struct study *s, const char *name,
                                   struct error *e) {
    struct judging j = {.s = s, .name = name};
    if (!whole_write(o->json || o->quiet ? NULL : stdout, as_text, &j, e) ||
        (o->json && !whole_write(stdout, as_json, &j, e)))
        return UNUSABLE;
    int expected_undecided = 0;
    for (uint32_t i = 0; i < s->scenario.n_claims; i++)
        expected_undecided += s->scenario.claims[i].expect == VERDICT_UNDECIDED;
    return j.different                                        ? DIFFERS
           : j.counts[VERDICT_UNDECIDED] > expected_undecided ? UNDECIDED
                                                              : AS_EXPECTED;
}

static enum outcome_of_check check_one(const struct options *o, const char *name) {
    struct error e = {{0}};
    char path[PATH_SIZE];
    struct study s;
    struct progress p;
    struct study_options so = cli_study_options(o);
    struct scenario_maker *m = cli_open(o, name, path, &e);
    if (!m)
        return cli_fail(&e), UNUSABLE;
    so.claims = true;
    progress_begin(&p, &so, o);
    bool ok = study_run(m, &so, &s, &e);
    progress_end(&p);
    enum outcome_of_check result = UNUSABLE;
    if (ok && !s.scenario.n_claims)
        error_set(&e, "%s: the scenario makes no claims; add claims = { claim { … } }", name);
    else if (ok)
        result = judge(o, &s, name, &e);
    if (error_is(&e))
        cli_fail(&e);
    study_release(&s);
    host_close(m);
    return result;
}

int command_check(const struct options *o) {
    static const int statuses[] = {0, EXIT_UNDECIDED, EXIT_DIFFERS, EXIT_INPUT};
    struct error e = {{0}};
    if (!o->n_words) {
        error_set(&e, "check which scenario? for example: nines check recsys");
        return cli_fail(&e);
    }
    enum outcome_of_check worst = AS_EXPECTED;
    for (int i = 0; i < o->n_words; i++) {
        enum outcome_of_check one = check_one(o, o->words[i]);
        worst = one > worst ? one : worst;
    }
    return statuses[worst];
}
