#include "lab/study.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- one replication */

struct work {
    struct study *study;
    const struct study_options *o;
    uint32_t next, total; /* tasks: case x replication */
    uint32_t done;
    uint32_t n_reps;
    bool failed;
    struct error error;
    uint32_t failed_task;
    struct sim_progress *progress; /* one a thread */
    uint64_t events;
    pthread_mutex_t lock;
};

/* in flight at the start + offered = finished + in flight at the end, all within the measured span.
 */
static void count_requests(const struct sim *sim, struct replication *r) {
    r->at_start = sim->at_start.in_flight;
    r->offered = sim->at_end.arrived - sim->at_start.arrived;
    r->finished = sim->at_end.departed - sim->at_start.departed;
    r->at_end = sim->at_end.in_flight;
    for (uint32_t i = 0; i < sim->n_roots; i++) {
        const struct meter *m = &sim->roots[i]->meter;
        for (uint32_t k = sim->n_classes; k < m->n_cells;
             k++) /* those that arrived after warm-up */
            for (int o = 0; o < OUTCOMES; o++)
                r->by_outcome[o] += m->cells[k].by[o].hist.total;
    }
}

static void read_values(const struct study *s, const struct sim *sim, struct replication *r) {
    r->value = mem_zero(s->n_queries * sizeof *r->value);
    r->lack = mem_zero(s->n_queries);
    for (uint32_t i = 0; i < s->n_queries; i++) {
        const struct query *q = &s->queries[i];
        struct metric_query bound;
        struct error e = {{0}};
        enum metric_lack lack = LACK_SAMPLES;
        r->value[i] = NAN;
        if (metric_bind(sim, &q->ref, &bound, &e)) {
            r->value[i] = q->kind == EXPR_METRIC
                              ? metric_value(sim, &bound, &lack)
                              : metric_extreme(sim, &bound, q->kind == EXPR_MAX ? 1 : -1, &lack);
            metric_release(&bound);
        }
        r->lack[i] = (uint8_t)lack;
    }
}

static void read_histograms(const struct study *s, const struct sim *sim, struct replication *r) {
    r->latency = mem_zero(s->n_hists * sizeof *r->latency);
    for (uint32_t i = 0; i < s->n_hists; i++) {
        hist_init(&r->latency[i], HIST_FINE);
        struct metric_ref ref = {.name = "latency", .stat = "mean", .text = "latency.mean"};
        if (i) {
            ref.label[0].key = "class";
            ref.label[0].value = sim->classes[i - 1].name;
            ref.n_labels = 1;
        }
        struct metric_query q;
        struct error e = {{0}};
        if (metric_bind(sim, &ref, &q, &e)) {
            metric_histogram(&q, &r->latency[i]);
            metric_release(&q);
        }
    }
}

static bool run_one(struct work *w, uint32_t task, struct sim_progress *progress, struct error *e) {
    struct study *s = w->study;
    struct case_result *c = &s->cases[task / w->n_reps];
    struct replication *r = &c->rep[task % w->n_reps];
    struct scenario_request request = {.seed = w->o->seed,
                                       .replication = task % w->n_reps + 1,
                                       .in_case = c->name,
                                       .warmup = s->warmup,
                                       .duration = w->o->duration,
                                       .window = s->window,
                                       .full_audit = w->o->full_audit};
    struct scenario sc;
    if (!s->maker->build(s->maker, &request, &sc, e))
        return false;
    struct sampler *sampler = s->window > 0 ? sampler_new(sc.sim, &s->names) : NULL;
    sc.sim->progress = progress;
    bool ok = sim_run(sc.sim);
    if (ok) {
        count_requests(sc.sim, r);
        read_values(s, sc.sim, r);
        read_histograms(s, sc.sim, r);
        r->events = sc.sim->clock.fired;
        r->measured = sc.sim->ended;
        r->full = sc.sim->full;
        if (sampler)
            sampler_take(sampler, &r->series);
    } else
        error_set(e, "%s", sc.sim->error.text);
    sampler_free(sampler);
    s->maker->free_sim(s->maker, sc.sim);
    return ok;
}

/* ---- threads */

struct worker {
    struct work *work;
    struct sim_progress *progress;
};

static void *worker(void *arg) {
    struct worker *me = arg;
    struct work *w = me->work;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        uint32_t task = w->failed ? w->total : w->next;
        if (task < w->total)
            w->next++;
        pthread_mutex_unlock(&w->lock);
        if (task >= w->total)
            return NULL;
        struct error e = {{0}};
        bool ok = run_one(w, task, me->progress, &e);
        pthread_mutex_lock(&w->lock);
        w->done++;
        __atomic_store_n(&me->progress->clock, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&me->progress->fired, 0, __ATOMIC_RELAXED);
        if (ok)
            w->events += w->study->cases[task / w->n_reps].rep[task % w->n_reps].events;
        else if (!w->failed ||
                 task < w->failed_task) { /* the first in order, whoever found it first */
            w->failed = true;
            w->failed_task = task;
            w->error = e;
        }
        pthread_mutex_unlock(&w->lock);
    }
}

static void report(struct work *w, int jobs) {
    ns_t span = w->study->warmup +
                (w->study->scenario.duration == NS_NEVER ? 0 : w->study->scenario.duration);
    double share = 0;
    ns_t simulated = 0;
    pthread_mutex_lock(&w->lock);
    uint32_t done = w->done;
    uint64_t events = w->events;
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < jobs; i++)
        events += __atomic_load_n(&w->progress[i].fired, __ATOMIC_RELAXED);
    for (int i = 0; i < jobs; i++)
        simulated += __atomic_load_n(&w->progress[i].clock, __ATOMIC_RELAXED);
    if (span > 0)
        share = ((double)done + (double)simulated / (double)span) / w->total;
    w->o->progress(w->o->progress_ctx, share < 1 ? share : 1, simulated + (ns_t)done * span,
                   events);
}

static bool all_done(struct work *w) {
    pthread_mutex_lock(&w->lock);
    bool over = w->done == w->total || w->failed;
    pthread_mutex_unlock(&w->lock);
    return over;
}

static bool run_all(struct work *w, int jobs, struct error *e) {
    pthread_t *threads = mem_zero((size_t)jobs * sizeof *threads);
    struct worker *workers = mem_zero((size_t)jobs * sizeof *workers);
    w->progress = mem_zero((size_t)jobs * sizeof *w->progress);
    pthread_mutex_init(&w->lock, NULL);
    int started = 0;
    for (; started < jobs; started++) {
        workers[started] = (struct worker){w, &w->progress[started]};
        if (pthread_create(&threads[started], NULL, worker, &workers[started]))
            break;
    }
    if (!started) { /* no thread to be had: do it here */
        workers[0] = (struct worker){w, &w->progress[0]};
        worker(&workers[0]);
    }
    while (w->o->progress && started && !all_done(w)) {
        struct timespec nap = {0, 100000000};
        nanosleep(&nap, NULL);
        report(w, started);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&w->lock);
    free(w->progress);
    free(workers);
    free(threads);
    if (w->failed)
        error_set(e, "%s", w->error.text);
    return !w->failed;
}

/* ---- cases */

static void add_case(struct study *s, const char *name, uint32_t *cap) {
    for (uint32_t i = 0; i < s->n_cases; i++)
        if (!strcmp(s->cases[i].name, name))
            return;
    *mem_push(s->cases, s->n_cases, *cap) =
        (struct case_result){.name = arena_copy(&s->scenario.sim->arena, name)};
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

/* ---- the whole */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool set_warmup(struct study *s, const struct study_options *o, struct error *e) {
    s->warmup_found = true;
    s->warmup = o->warmup >= 0 ? o->warmup : s->scenario.warmup;
    if (o->warmup >= 0 || !s->scenario.warmup_auto)
        return true;
    ns_t pilot = s->scenario.duration;
    if (!warmup_find(s->maker, o->seed, pilot == NS_NEVER ? 0 : pilot, &s->warmup, &s->warmup_found,
                     e))
        return false;
    s->warmup = (s->warmup + 999999999) / NS_PER_S * NS_PER_S; /* whole seconds read better */
    return true;
}

static int thread_count(const struct study_options *o, uint32_t tasks) {
    long n = o->jobs > 0 ? o->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1)
        n = 1;
    return n > (long)tasks ? (int)tasks : (int)n;
}

static void set_windows(struct study *s, const struct study_options *o) {
    if (!o->windows || s->scenario.duration == NS_NEVER)
        return;
    s->window = (s->warmup + s->scenario.duration) / o->windows;
    series_name(s->scenario.sim, &s->names);
}

bool study_run(const struct scenario_maker *m, const struct study_options *o, struct study *s,
               struct error *e) {
    double start = seconds();
    *s = (struct study){.maker = m, .seed = o->seed};
    struct scenario_request request = {.seed = o->seed,
                                       .replication = 1,
                                       .warmup = o->warmup,
                                       .duration = o->duration,
                                       .in_case = o->n_cases ? o->cases[0] : "base"};
    if (!m->build(m, &request, &s->scenario, e))
        return false;
    s->n_hists = s->scenario.sim->n_classes > 1 ? 1 + s->scenario.sim->n_classes : 1;
    list_cases(s, o);
    if (!queries_make(s, o->all_nodes, e) || !set_warmup(s, o, e))
        return false;
    set_windows(s, o);
    uint32_t reps = (uint32_t)(o->replications > 0 ? o->replications : s->scenario.replications);
    for (uint32_t i = 0; i < s->n_cases; i++) {
        s->cases[i].n = reps;
        s->cases[i].rep = mem_zero(reps * sizeof *s->cases[i].rep);
    }
    struct work w = {.study = s, .o = o, .total = s->n_cases * reps, .n_reps = reps};
    bool ok = run_all(&w, thread_count(o, w.total), e);
    s->wall_s = seconds() - start;
    return ok;
}

void study_release(struct study *s) {
    for (uint32_t i = 0; i < s->n_cases; i++) {
        for (uint32_t k = 0; s->cases[i].rep && k < s->cases[i].n; k++) {
            struct replication *r = &s->cases[i].rep[k];
            for (uint32_t h = 0; r->latency && h < s->n_hists; h++)
                hist_release(&r->latency[h]);
            free(r->latency);
            free(r->value);
            free(r->lack);
            free(r->series.value);
        }
        free(s->cases[i].rep);
    }
    free(s->cases);
    free(s->queries);
    series_names_release(&s->names);
    if (s->scenario.sim)
        s->maker->free_sim(s->maker, s->scenario.sim);
    *s = (struct study){0};
}

struct estimate study_estimate(const struct study *s, const struct case_result *c, uint32_t query) {
    (void)s;
    double *x = mem_zero(c->n * sizeof *x);
    for (uint32_t i = 0; i < c->n; i++)
        x[i] = c->rep[i].value[query];
    struct estimate est = stats_estimate(x, c->n, 0.95);
    free(x);
    return est;
}

enum metric_lack study_lack(const struct case_result *c, uint32_t query) {
    for (uint32_t i = 0; i < c->n; i++)
        if (c->rep[i].lack[query])
            return (enum metric_lack)c->rep[i].lack[query];
    return LACK_NOTHING;
}

void study_histogram(const struct study *s, const struct case_result *c, uint32_t index,
                     struct hist *out) {
    (void)s;
    hist_init(out, HIST_FINE);
    for (uint32_t i = 0; i < c->n; i++)
        if (c->rep[i].latency && c->rep[i].latency[index].total)
            hist_merge(out, &c->rep[i].latency[index]);
}
