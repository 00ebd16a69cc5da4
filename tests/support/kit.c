#include "kit.h"

#include <gsl/gsl_cdf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"

#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "test kit: " __VA_ARGS__);                                             \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the log */

static char story[1 << 16];
static size_t used;
static bool read_out = true;

void kit_note(struct sim *sim, const char *format, ...) {
    if (read_out)
        used = 0, read_out = false;
    if (used > sizeof story - 200)
        return; /* nobody reads a story of this length */
    used += (size_t)snprintf(story + used, 60, "%s%.9g ", used ? "; " : "", ns_to_s(sim_time(sim)));
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(story + used, 100, format, ap);
    va_end(ap);
    used += n < 100 ? (size_t)n : 99;
}

const char *kit_story(void) {
    if (read_out)
        story[0] = 0;
    read_out = true;
    return story;
}

/* ---- the worker */

struct worker {
    struct node base;
    ns_t time, mark;
    int64_t marks;
    int ends;
    bool stubborn, marked;
    struct seen_call *seen;
    uint32_t n, cap;
};

static const char *const causes[] = {"queued", "deadline", "loser", "gone", "crash", NULL};

static struct worker *worker_of(struct node *n) {
    return container_of(n, struct worker, base);
}

static void work_done(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct worker *w = worker_of(c->node);
    kit_note(c->node->sim, "%s finish", c->node->name);
    call_finish(c, (enum outcome)w->ends);
}

static void tell(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct worker *w = worker_of(c->node);
    kit_note(c->node->sim, "%s mark", c->node->name);
    for (int bit = 1; bit <= MILESTONE_FIRST_TOKEN; bit *= 2)
        if (w->marks & bit)
            call_milestone(c, (enum milestone)bit);
    call_wake(c, NULL, w->time, work_done);
}

static void work_accept(struct node *n, struct call *c) {
    struct worker *w = worker_of(n);
    kit_note(n->sim, "%s accept", n->name);
    *mem_push(w->seen, w->n, w->cap) = (struct seen_call){
        ns_to_s(sim_time(n->sim)),
        c->key,
        c->req->id,
        c->deadline,
        c->attempt,
        c->req->class,
        n->sim->n_facts ? c->req->fact[0] : 0,
    };
    if (w->marks)
        call_wake(c, NULL, w->mark, tell);
    else if (w->time)
        call_wake(c, NULL, w->time, work_done);
    else
        call_finish(c, (enum outcome)w->ends);
}

static bool work_cancel(struct node *n, struct call *c, enum cause cause) {
    (void)c;
    bool obeys = !worker_of(n)->stubborn || cause == CAUSE_CRASH;
    kit_note(n->sim, "%s %s %s", n->name, obeys ? "cancel" : "refuse", causes[cause]);
    return obeys;
}

static void work_release(struct node *n) {
    free(worker_of(n)->seen);
}

static const struct param worker_params[] = {
    PARAM(TIME, "time", struct worker, time, "1s", "of work", .flags = LIVE | WORK),
    PARAM(TIME, "mark", struct worker, mark, "0s", "until a milestone"),
    PARAM(INTEGER, "marks", struct worker, marks, "0", "which milestones", .max = 3),
    PARAM(CHOICE, "ends", struct worker, ends, "ok", "how it answers", .choices = outcome_names),
    PARAM(BOOL, "stubborn", struct worker, stubborn, "false", "refuses to be cancelled"),
    {0},
};

const struct node_type worker_type = {
    .kind = "worker",
    .summary = "works and takes notes",
    .params = worker_params,
    .size = sizeof(struct worker),
    .ops = {.accept = work_accept, .cancel = work_cancel, .release = work_release},
};

uint32_t worker_count(struct node *worker) {
    return worker_of(worker)->n;
}

const struct seen_call *worker_seen(struct node *worker, uint32_t index) {
    MUST(index < worker_of(worker)->n, "the worker had no call %u", index);
    return &worker_of(worker)->seen[index];
}

/* ---- the puppet */

enum act { ACT_NONE, ACT_CANCEL, ACT_DETACH, ACT_FINISH, ACT_AGAIN };
static const char *const acts[] = {"none", "cancel", "detach", "finish", "again", NULL};

struct puppet {
    struct node base;
    struct edge to;
    ns_t after, then;
    int act, cause;
};

struct puppet_call {
    struct call base;
    struct call *sub;
};

static struct puppet *puppet_of(struct node *n) {
    return container_of(n, struct puppet, base);
}

static void let_go(struct event *ev) {
    struct call *c = call_of_timer(ev);
    kit_note(c->node->sim, "%s finish", c->node->name);
    call_finish(c, OUTCOME_OK);
}

static void move(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct puppet *p = puppet_of(c->node);
    struct call *sub = container_of(c, struct puppet_call, base)->sub;
    kit_note(c->node->sim, "%s %s", c->node->name, acts[p->act]);
    if (p->act == ACT_AGAIN) {
        call_send_again(c, &p->to, 2);
        return;
    }
    if (p->act == ACT_CANCEL)
        call_cancel(sub, (enum cause)p->cause);
    else if (p->act == ACT_DETACH)
        call_detach(sub);
    if (p->act == ACT_FINISH || !p->then)
        call_finish(c, OUTCOME_OK);
    else
        call_wake(c, NULL, p->then, let_go);
}

static void puppet_accept(struct node *n, struct call *c) {
    struct puppet *p = puppet_of(n);
    if (p->act != ACT_NONE)
        call_wake(c, NULL, p->after, move);
    container_of(c, struct puppet_call, base)->sub = call_send(c, &p->to);
}

static void puppet_reply(struct node *n, struct call *c, struct call *sub) {
    kit_note(n->sim, "%s reply %s", n->name, outcome_names[sub->outcome]);
    call_pass(c, sub);
}

static const struct param puppet_params[] = {
    PARAM(TIME, "after", struct puppet, after, "1s", "when it moves"),
    PARAM(TIME, "then", struct puppet, then, "0s", "how long it stays afterwards"),
    PARAM(CHOICE, "act", struct puppet, act, "none", "what it does", .choices = acts),
    PARAM(CHOICE, "cause", struct puppet, cause, "gone", "why it cancels", .choices = causes),
    PARAM(NODE, "to", struct puppet, to, NULL, "what is called", .flags = REQUIRED | CHILD),
    {0},
};

const struct node_type puppet_type = {
    .kind = "puppet",
    .summary = "does as it is told with the call below",
    .params = puppet_params,
    .size = sizeof(struct puppet),
    .call_size = sizeof(struct puppet_call),
    .ops = {.accept = puppet_accept, .reply = puppet_reply},
};

/* ---- the ear */

struct ear {
    struct node base;
    struct edge to;
    int on;
};

static struct ear *ear_of(struct node *n) {
    return container_of(n, struct ear, base);
}

static void ear_accept(struct node *n, struct call *c) {
    call_send(c, &ear_of(n)->to);
}

static void ear_reply(struct node *n, struct call *c, struct call *sub) {
    kit_note(n->sim, "%s reply %s", n->name, outcome_names[sub->outcome]);
    call_pass(c, sub);
}

static void hear(struct node *n, struct call *c, struct call *sub, enum milestone what) {
    kit_note(n->sim, "%s hears %d", n->name, (int)what);
    int on = ear_of(n)->on;
    if (on == ACT_CANCEL)
        call_cancel(sub, CAUSE_LOSER);
    else if (on == ACT_DETACH)
        call_detach(sub);
    if (on != ACT_NONE)
        call_finish(c, OUTCOME_DEGRADED);
}

static const struct param ear_params[] = {
    PARAM(CHOICE, "on", struct ear, on, "none", "what it does then", .choices = acts),
    PARAM(NODE, "to", struct ear, to, NULL, "what is called", .flags = REQUIRED | CHILD),
    {0},
};

const struct node_type ear_type = {
    .kind = "ear",
    .summary = "hears milestones",
    .params = ear_params,
    .size = sizeof(struct ear),
    .ops = {.accept = ear_accept, .reply = ear_reply, .milestone = hear},
};

/* ---- parts of scenarios */

/* The builder reads texts only for components: one that merely holds a value lends its eyes. */
struct holder {
    struct node base;
    struct value it;
};
static const struct param holder_params[] = {
    PARAM(VALUE, "it", struct holder, it, NULL, "any value"),
    {0},
};
static const struct node_type holder_type = {
    .kind = "holder",
    .summary = "holds a value",
    .params = holder_params,
    .size = sizeof(struct holder),
};

struct value kit_value(struct sim *sim, const char *text) {
    struct node *n = build_node(sim, &holder_type, arena_print(&sim->arena, "it=%s", text), NULL);
    return container_of(n, struct holder, base)->it;
}

void kit_put(struct node *n, const char *param, struct value v) {
    struct error e = {{0}};
    const struct param *p = schema_find(n->type, param, &e);
    MUST(p && schema_set(n, p, &v, false, &e), "%s", e.text);
}

static struct object *object_of(struct sim *sim, const char *kind, const char *table) {
    struct object *o = arena_alloc(&sim->arena, sizeof *o);
    struct value v = kit_value(sim, arena_print(&sim->arena, "{%s}", table));
    *o = (struct object){kind, "test.lua:7", v.table};
    return o;
}

void kit_fault_in(struct sim *sim, const char *kind, const char *table, const struct span *phases,
                  uint32_t n) {
    struct error e = {{0}};
    MUST(fault_add(sim, object_of(sim, kind, table), phases, n, &e), "%s", e.text);
}

void kit_fault(struct sim *sim, const char *kind, const char *table) {
    kit_fault_in(sim, kind, table, NULL, 0);
}

const char *kit_fault_refusal(struct sim *sim, const char *kind, const char *table) {
    struct error e = {{0}};
    MUST(!fault_add(sim, object_of(sim, kind, table), NULL, 0, &e), "%s { %s } was accepted", kind,
         table);
    return arena_copy(&sim->arena, e.text);
}

void kit_random(struct sim *sim, const char *mtbf, const char *mttr, const char *kind,
                const char *table) {
    struct object *o = arena_alloc(&sim->arena, sizeof *o);
    struct error e = {{0}};
    *o = (struct object){
        "random", "test.lua:7", {arena_alloc(&sim->arena, 3 * sizeof(struct entry)), 3}};
    o->table.at[0] = (struct entry){.key = "mtbf", .value = kit_value(sim, mtbf)};
    o->table.at[1] = (struct entry){.key = "mttr", .value = kit_value(sim, mttr)};
    o->table.at[2] = (struct entry){
        .index = 1, .value = {.type = VALUE_OBJECT, .object = object_of(sim, kind, table)}};
    MUST(fault_add(sim, o, NULL, 0, &e), "%s", e.text);
}

struct node *kit_group(struct sim *sim, const char *name, int64_t count, int64_t max,
                       struct node *(*build)(struct sim *, uint32_t index)) {
    struct error e = {{0}};
    struct node *n = node_new(sim, &replicas_type, "test.lua:2");
    struct group *g = group_of(n);
    n->name = name;
    n->named = true;
    g->count = count;
    g->max = max;
    MUST(group_reserve(g, &e), "%s", e.text);
    for (uint32_t i = 0; i < (uint32_t)g->max; i++) {
        group_enter(g, i);
        group_leave(g, i, build(sim, i));
    }
    return n;
}

struct order {
    struct sim *sim;
    double fires;
    void (*act)(void *);
    void *ctx;
    struct event event;
};

static void order_fires(struct event *ev) {
    struct order *o = container_of(ev, struct order, event);
    o->act(o->ctx);
}

static void order_planned(void *ctx) {
    struct order *o = ctx;
    event_init(&o->event, order_fires);
    event_at(&o->sim->clock, &o->event, sim_clock_of(o->sim, ns_from_s(o->fires)));
}

void kit_order(struct sim *sim, double planned, double fires, void (*act)(void *), void *ctx) {
    struct order *o = arena_alloc(&sim->arena, sizeof *o);
    *o = (struct order){.sim = sim, .fires = fires, .act = act, .ctx = ctx};
    build_at(sim, planned, order_planned, o);
}

/* ---- tests of samples */

double kit_chi2(const uint64_t *observed, const double *expected, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum +=
            ((double)observed[i] - expected[i]) * ((double)observed[i] - expected[i]) / expected[i];
    return gsl_cdf_chisq_Q(sum, n - 1);
}

bool kit_poisson(uint64_t count, double mean) {
    double lo = count ? gsl_cdf_chisq_Pinv(.00005, 2. * (double)count) / 2 : 0;
    double hi = gsl_cdf_chisq_Qinv(.00005, 2. * (double)(count + 1)) / 2;
    if (mean < lo || mean > hi)
        fprintf(stderr, "%llu is no Poisson count of mean %g: that lies outside %g..%g\n",
                (unsigned long long)count, mean, lo, hi);
    return mean >= lo && mean <= hi;
}

bool kit_share(uint64_t hits, uint64_t of, double p) {
    struct interval ci = stats_binomial((size_t)hits, (size_t)of, .9999);
    if (p < ci.lo || p > ci.hi)
        fprintf(stderr, "%llu of %llu is no share of %g: that lies outside %g..%g\n",
                (unsigned long long)hits, (unsigned long long)of, p, ci.lo, ci.hi);
    return p >= ci.lo && p <= ci.hi;
}
