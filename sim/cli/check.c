#include <stdio.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/text.h"

enum outcome_of_check {
    AS_EXPECTED,
    UNDECIDED,
    DIFFERS,
    UNUSABLE
}; /* ascending in precedence: 2, 1, 3, 0 as exit status */

static enum outcome_of_check judge(const struct options *o, const struct study *s, const char *name,
                                   struct error *e) {
    int counts[3], different;
    struct text_style style = {cli_colour()};
    FILE *quiet = o->json || o->quiet ? fopen("/dev/null", "w") : NULL;
    FILE *f = quiet ? quiet : stdout;
    fprintf(f, "%s: %s\n", name, s->scenario.title);
    text_claims(f, s, &style, counts, &different);
    fprintf(f, "  %d hold, %d fail, %d undecided; %d not as expected\n", counts[0], counts[1],
            counts[2], different);
    if (quiet)
        fclose(quiet);
    if (o->json) {
        json_t *j = json_result(s, &s->cases[0], name, true);
        bool ok = json_write(stdout, j, e);
        json_decref(j);
        if (!ok)
            return UNUSABLE;
    }
    int expected_undecided = 0;
    for (uint32_t i = 0; i < s->scenario.n_claims; i++)
        expected_undecided += s->scenario.claims[i].expect == VERDICT_UNDECIDED;
    return different                                        ? DIFFERS
           : counts[VERDICT_UNDECIDED] > expected_undecided ? UNDECIDED
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
