#include "report/why.h"
#include "cli/cli.h"
#include "report/json.h"
#include "report/whole.h"

struct printing {
    const struct options *o;
    const struct study *s;
};

static bool print(FILE *f, void *ctx, struct error *e) {
    const struct printing *p = ctx;
    const struct case_result *c = &p->s->cases[0];
    if (p->o->quiet && !p->o->json)
        return true;
    if (!p->o->json) {
        why_text(f, p->s, c, &(struct text_style){cli_colour()});
        return true;
    }
    json_t *j = why_json(p->s, c, p->o->words[0]);
    bool ok = json_write(f, j, e);
    json_decref(j);
    return ok;
}

int command_why(const struct options *o) {
    struct error e = {{0}};
    char path[PATH_SIZE];
    if (o->n_words != 1) {
        error_set(&e, o->n_words ? "why takes one scenario"
                                 : "why of which scenario? for example: nines why recsys");
        return cli_fail(&e);
    }
    struct scenario_maker *m = cli_open(o, o->words[0], path, &e);
    if (!m)
        return cli_fail(&e);
    struct study s;
    struct progress p;
    struct study_options so = cli_study_options(o);
    const char *one[] = {o->in_case ? o->in_case : "base"};
    so.cases = one;
    so.n_cases = 1;
    so.slowest = o->slowest > 0 ? o->slowest : 0.01;
    progress_begin(&p, &so, o);
    bool ok = study_run(m, &so, &s, &e);
    progress_end(&p);
    ok = ok && whole_write(stdout, print, &(struct printing){o, &s}, &e);
    study_release(&s);
    host_close(m);
    return ok ? 0 : cli_fail(&e);
}
