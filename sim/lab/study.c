#include "lab/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/claim.h"
#include "lab/crew.h"
#include "lab/looks.h"

/* ---- replications of the open cases */

struct task {
    struct case_result *c;
    uint32_t rep;
};

struct work {
    struct study *study;
    const struct study_options *o;
    struct task *tasks;
    uint32_t n, upto; /* tasks; replications that each open case is to have */
    uint64_t events;  /* of the replications that are over */
};

static bool run_task(void *ctx, uint32_t index, struct sim_progress *progress, struct error *e) {
    struct work *w = ctx;
    const struct study *s = w->study;
    const struct task *t = &w->tasks[index];
    struct scenario_request request = {.seed = s->seed,
                                       .replication = t->rep + 1,
                                       .in_case = t->c->name,
                                       .warmup = s->warmup,
                                       .duration = s->duration,
                                       .window = s->window,
                                       .batches = s->batches,
                                       .full_audit = w->o->full_audit};
    struct replication *r = &t->c->rep[t->rep];
    bool ok = replication_run(s, &request, progress, r, e);
    __atomic_fetch_add(&w->events, r->events, __ATOMIC_RELAXED);
    return ok;
}

static void tick(void *ctx, uint32_t done, const struct sim_progress *under_way) {
    struct work *w = ctx;
    const struct study *s = w->study;
    ns_t span = s->warmup + (s->scenario.duration == NS_NEVER ? 0 : s->scenario.duration);
    double share = span > 0 ? ((double)done + (double)under_way->clock / (double)span) / w->n : 0;
    w->o->progress(w->o->progress_ctx, share < 1 ? share : 1, under_way->clock + (ns_t)done * span,
                   under_way->fired + __atomic_load_n(&w->events, __ATOMIC_RELAXED));
}

static int thread_count(const struct study_options *o) {
    long n = o->jobs > 0 ? o->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (int)n;
}

/* Makes room for n replications and lists those that are missing. */
static void plan_tasks(struct work *w, struct case_result *c, uint32_t n) {
    c->rep = mem_resize(c->rep, n, sizeof *c->rep);
    memset(c->rep + c->n, 0, (n - c->n) * sizeof *c->rep);
    for (; c->n < n; c->n++)
        w->tasks[w->n++] = (struct task){c, c->n};
}

static bool plan(void *ctx, struct error *e) {
    struct work *w = ctx;
    struct study *s = w->study;
    (void)e;
    w->tasks = mem_zero((size_t)s->n_cases * w->upto * sizeof *w->tasks);
    for (uint32_t i = 0; i < s->n_cases; i++)
        if (s->cases[i].open)
            plan_tasks(w, &s->cases[i], w->upto);
    return true;
}

/* Brings every open case to n replications. */
static bool replicate(struct study *s, const struct study_options *o, uint32_t n, struct error *e) {
    struct work w = {.study = s, .o = o, .upto = n};
    if (!mem_try(plan, NULL, &w, "preparing the runs", e)) {
        free(w.tasks);
        return false;
    }
    struct crew crew = {.tasks = w.n,
                        .jobs = thread_count(o),
                        .run = run_task,
                        .tick = o->progress ? tick : NULL,
                        .ctx = &w};
    bool ok = crew_run(&crew, e);
    for (uint32_t i = 0; ok && i < s->n_cases; i++)
        if (s->cases[i].open)
            ok = saturation_find(s, &s->cases[i], e);
    free(w.tasks);
    return ok;
}

/* ---- cases */

static void add_case(struct study *s, const char *name, uint32_t *cap) {
    for (uint32_t i = 0; i < s->n_cases; i++)
        if (!strcmp(s->cases[i].name, name))
            return;
    struct case_result one = {.name = arena_copy(&s->scenario.sim->arena, name)};
    *mem_push(s->cases, s->n_cases, *cap) = one;
}

static void cases_of_expr(struct study *s, const struct expr *x, uint32_t *cap) {
    if (x->kind == EXPR_FRACTION) {
        cases_of_expr(s, &x->inner->left, cap);
        if (x->inner->has_right)
            cases_of_expr(s, &x->inner->right, cap);
        return;
    }
    const char *name = metric_label(&x->metric, "case");
    if (name)
        add_case(s, name, cap);
}

static void list_cases(struct study *s, const struct study_options *o) {
    uint32_t cap = 0;
    const struct scenario *sc = &s->scenario;
    for (uint32_t i = 0; i < o->n_cases; i++)
        add_case(s, o->cases[i], &cap);
    if (!o->n_cases)
        add_case(s, "base", &cap);
    for (uint32_t i = 0; o->claims && i < sc->n_claims; i++) {
        add_case(s, sc->claims[i].in_case ? sc->claims[i].in_case : "base", &cap);
        cases_of_expr(s, &sc->claims[i].condition->left, &cap);
        if (sc->claims[i].condition->has_right)
            cases_of_expr(s, &sc->claims[i].condition->right, &cap);
    }
}

struct case_result *study_case(const struct study *s, const char *name) {
    for (uint32_t i = 0; i < s->n_cases; i++)
        if (!strcmp(s->cases[i].name, name))
            return &s->cases[i];
    return NULL;
}

/* ---- looks */

static void open_expr(struct study *s, const struct expr *x, const char *in_case) {
    if (x->kind == EXPR_FRACTION) {
        open_expr(s, &x->inner->left, in_case);
        if (x->inner->has_right)
            open_expr(s, &x->inner->right, in_case);
        return;
    }
    const char *name = metric_label(&x->metric, "case");
    study_case(s, name ? name : in_case)->open = true;
}

/* Decides what can be decided now; the cases of the other claims stay open. True: none is. */
static bool claims_decided(struct study *s, const struct looks *l, int k) {
    bool all = true;
    for (uint32_t i = 0; i < s->scenario.n_claims; i++) {
        const struct claim *c = &s->scenario.claims[i];
        const char *in_case = c->in_case ? c->in_case : "base";
        struct decision *d = &s->decisions[i];
        if (d->final)
            continue;
        *d = claim_decide(s, c->condition, in_case, looks_confidence(l, k));
        if (d->final || k + 1 == l->count)
            continue;
        all = false;
        open_expr(s, &c->condition->left, in_case);
        if (c->condition->has_right)
            open_expr(s, &c->condition->right, in_case);
    }
    return all;
}

static bool precise(struct study *s) {
    int q = s->precision > 0 ? precision_lacks(s, &s->cases[0]) : -1;
    s->imprecise = q < 0 ? NULL : s->queries[q].text;
    s->cases[0].open = s->cases[0].open || q >= 0;
    return q < 0;
}

static void plan_looks(struct study *s, const struct study_options *o, struct looks *l) {
    uint32_t first = (uint32_t)(o->replications > 0 ? o->replications : s->scenario.replications);
    uint32_t limit = (uint32_t)s->scenario.max_replications;
    bool wants_more = o->claims || o->precision > 0;
    if (o->max_replications > 0)
        limit = (uint32_t)o->max_replications;
    else if (!wants_more || (o->replications > 0 && !(o->precision > 0)) || limit < first)
        limit = first;
    looks_plan(l, first, limit);
}

/* One look: are all claims decided and all headlines precise? Under a guard. */
struct look {
    struct study *s;
    const struct study_options *o;
    const struct looks *looks;
    int k;
    bool decided;
};

static bool judge(void *ctx, struct error *e) {
    struct look *l = ctx;
    (void)e;
    bool decided = !l->o->claims || claims_decided(l->s, l->looks, l->k);
    l->decided = precise(l->s) && decided;
    return true;
}

static bool look_until_decided(struct study *s, const struct study_options *o, struct error *e) {
    struct looks l;
    plan_looks(s, o, &l);
    s->batches = l.n[0] == 1 ? BATCHES_MOST : 0;
    for (uint32_t i = 0; i < s->n_cases; i++)
        s->cases[i].open = true;
    for (int k = 0;; k++) {
        struct look look = {s, o, &l, k, false};
        if (!replicate(s, o, l.n[k], e))
            return false;
        for (uint32_t i = 0; i < s->n_cases; i++)
            s->cases[i].open = false;
        s->looks = (uint32_t)k + 1;
        s->at_limit = k + 1 == l.count;
        if (!mem_try(judge, NULL, &look, "judging the claims", e))
            return false;
        if (look.decided || s->at_limit)
            return true;
    }
}

/* ---- the whole */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A record has no start-up to be cut off: every request in it is asked about. */
static bool set_warmup(struct study *s, const struct study_options *o, struct error *e) {
    s->warmup = o->warmup >= 0 ? o->warmup : s->scenario.warmup;
    s->warmup_auto = o->warmup == WARMUP_AUTO ||
                     (o->warmup < 0 && s->scenario.warmup_auto && !s->scenario.recorded);
    s->warmup_found = true;
    ns_t pilot = s->scenario.duration;
    return !s->warmup_auto || warmup_find(s->maker, s->seed, pilot == NS_NEVER ? 0 : pilot,
                                          thread_count(o), &s->warmup, &s->warmup_found, e);
}

static void set_windows(struct study *s, const struct study_options *o) {
    if (!o->windows || s->scenario.duration == NS_NEVER)
        return;
    s->window = (s->warmup + s->scenario.duration) / o->windows;
    series_name(s->scenario.sim, &s->names);
}

/* Study and options, for what runs under a guard. */
struct setting {
    struct study *s;
    const struct study_options *o;
};

static bool list_questions(void *ctx, struct error *e) {
    const struct setting *x = ctx;
    list_cases(x->s, x->o);
    return queries_make(x->s, x->o->all_nodes, e);
}

static bool make_room(void *ctx, struct error *e) {
    const struct setting *x = ctx;
    (void)e;
    set_windows(x->s, x->o);
    if (x->o->claims)
        x->s->decisions = mem_zero((x->s->scenario.n_claims + 1) * sizeof *x->s->decisions);
    return true;
}

bool study_run(const struct scenario_maker *m, const struct study_options *o, struct study *s,
               struct error *e) {
    static const char preparing[] = "preparing the runs";
    struct setting x = {s, o};
    double start = seconds();
    *s = (struct study){.maker = m,
                        .seed = o->seed,
                        .duration = o->duration,
                        .precision = o->precision,
                        .slowest = o->slowest};
    struct scenario_request request = {.seed = o->seed,
                                       .replication = 1,
                                       .warmup = o->warmup,
                                       .duration = o->duration,
                                       .in_case = o->n_cases ? o->cases[0] : "base"};
    if (!m->build(m, &request, &s->scenario, e))
        return false;
    s->n_hists = s->scenario.sim->n_classes > 1 ? 1 + s->scenario.sim->n_classes : 1;
    if (!mem_try(list_questions, NULL, &x, preparing, e) || !set_warmup(s, o, e) ||
        !mem_try(make_room, NULL, &x, preparing, e))
        return false;
    bool ok = look_until_decided(s, o, e);
    s->wall_s = seconds() - start;
    return ok;
}

void study_release(struct study *s) {
    for (uint32_t i = 0; i < s->n_cases; i++) {
        for (uint32_t k = 0; k < s->cases[i].n; k++)
            replication_release(&s->cases[i].rep[k], s->n_hists);
        free(s->cases[i].rep);
    }
    free(s->cases);
    free(s->decisions);
    free(s->queries);
    if (s->scenario.sim)
        s->maker->free_sim(s->maker, s->scenario.sim);
    *s = (struct study){0};
}
