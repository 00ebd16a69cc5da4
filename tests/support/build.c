#include "build.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn __attribute__((format(printf, 1, 2))) static void give_up(const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    fputs("test model: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

/* ---- reading specs */

enum { MAX_CHILDREN = 8, MAX_ENTRIES = 64 };

struct spec {
    struct sim *sim;
    const char *at;
    struct node *child[MAX_CHILDREN];
    bool used[MAX_CHILDREN];
    uint32_t n;
};

static void blanks(struct spec *s) {
    while (isspace((unsigned char)*s->at))
        s->at++;
}

static bool eat(struct spec *s, char c) {
    blanks(s);
    if (*s->at != c)
        return false;
    s->at++;
    return true;
}

static const char *text_until(struct spec *s, const char *ends) {
    const char *from = s->at;
    s->at += strcspn(s->at, ends);
    const char *to = s->at;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    return arena_print(&s->sim->arena, "%.*s", (int)(to - from), from);
}

static struct table read_table(struct spec *s);

static struct value made(struct spec *s, const char *kind, const struct table *t) {
    struct error e = {{0}};
    for (int i = 0; i < SIGNAL_KINDS; i++)
        if (!strcmp(signal_types[i].name, kind)) {
            struct quantity *q = quantity_new(s->sim, QUANTITY_SIGNAL);
            q->signal = signal_read(&s->sim->arena, (enum signal_kind)i, t, &e);
            if (!q->signal)
                give_up("%s", e.text);
            return (struct value){.type = VALUE_QUANTITY, .quantity = q};
        }
    struct dist_spec spec = {.kind = DIST_KINDS};
    struct dist_arg args[MAX_ENTRIES];
    for (int i = 0; i < DIST_KINDS; i++)
        if (!strcmp(dist_types[i].name, kind) ||
            (spec.kind == DIST_KINDS && !strncmp(dist_types[i].name, kind, strlen(kind))))
            spec.kind = (enum dist_kind)i;
    spec.args = args;
    for (; spec.n_args < t->n; spec.n_args++) {
        args[spec.n_args].name = t->at[spec.n_args].key;
        if (!value_number(&t->at[spec.n_args].value, UNIT_NONE, &args[spec.n_args].value, kind, &e))
            give_up("%s", e.text);
    }
    struct quantity *q = quantity_new(s->sim, QUANTITY_CONSTANT);
    q->dist = spec.kind == DIST_KINDS ? NULL : dist_new(&spec, &e);
    if (!q->dist)
        give_up("%s: %s", kind, e.text);
    q->kind = QUANTITY_DIST;
    return (struct value){.type = VALUE_QUANTITY, .quantity = q};
}

static struct value read_value(struct spec *s) {
    blanks(s);
    if (eat(s, '\'')) {
        struct value v = value_of_text(text_until(s, "'"));
        eat(s, '\'');
        return v;
    }
    if (eat(s, '@')) {
        unsigned long i = strtoul(s->at, (char **)(void *)&s->at, 10);
        if (i < 1 || i > s->n)
            give_up("there is no child @%lu", i);
        s->used[i - 1] = true;
        return (struct value){.type = VALUE_NODE, .node = s->child[i - 1]};
    }
    if (eat(s, '{'))
        return (struct value){.type = VALUE_TABLE, .table = read_table(s)};
    const char *word = text_until(s, ",{}");
    if (!eat(s, '{'))
        return value_of_text(word);
    struct table t = read_table(s);
    return made(s, word, &t);
}

/* Up to the closing brace or the end. */
static struct table read_table(struct spec *s) {
    struct table t = {arena_alloc(&s->sim->arena, MAX_ENTRIES * sizeof(struct entry)), 0};
    uint32_t index = 0;
    for (blanks(s); *s->at && *s->at != '}'; blanks(s)) {
        if (t.n == MAX_ENTRIES)
            give_up("a table has too many entries");
        struct entry *en = &t.at[t.n++];
        const char *back = s->at;
        const char *key = text_until(s, "={},'@");
        if (*s->at == '=') {
            s->at++;
            en->key = key;
        } else {
            s->at = back;
            en->index = ++index;
        }
        en->value = read_value(s);
        eat(s, ',');
    }
    eat(s, '}');
    return t;
}

static struct node *build(struct sim *sim, const struct node_type *type, const char *text,
                          va_list children, struct error *e) {
    struct spec s = {.sim = sim, .at = arena_copy(&sim->arena, text)};
    for (struct node *n; (n = va_arg(children, struct node *)) != NULL;) {
        if (s.n == MAX_CHILDREN)
            give_up("too many children");
        s.child[s.n++] = n;
    }
    struct table t = read_table(&s);
    uint32_t index = 0;
    for (uint32_t i = 0; i < s.n; i++)
        if (!s.used[i])
            t.at[t.n++] =
                (struct entry){.index = ++index, .value = {.type = VALUE_NODE, .node = s.child[i]}};
    return schema_build(sim, type, "test.lua:1", &t, e);
}

struct node *build_node(struct sim *sim, const struct node_type *type, const char *spec, ...) {
    struct error e = {{0}};
    va_list ap;
    va_start(ap, spec);
    struct node *n = build(sim, type, spec, ap, &e);
    va_end(ap);
    if (!n)
        give_up("%s", e.text);
    return n;
}

const char *build_refusal(struct sim *sim, const struct node_type *type, const char *spec, ...) {
    struct error e = {{0}};
    va_list ap;
    va_start(ap, spec);
    struct node *n = build(sim, type, spec, ap, &e);
    va_end(ap);
    if (n)
        give_up("\"%s\" was accepted", spec);
    return arena_copy(&sim->arena, e.text);
}

/* ---- running */

struct sim *build_new_replication(uint64_t seed, uint64_t replication) {
    return sim_new(seed, replication);
}

struct sim *build_new(uint64_t seed) {
    return build_new_replication(seed, 1);
}

uint16_t build_class(struct sim *sim, const char *name, double priority) {
    struct error e = {{0}};
    uint16_t index;
    if (!sim_class(sim, name, priority, &index, &e))
        give_up("%s", e.text);
    return index;
}

/* Those of the model that carry `flag`, but for `first`, which comes first if there is one. */
static uint32_t collect(struct sim *sim, unsigned flag, struct node *first, struct node **out) {
    uint32_t n = 0;
    if (first)
        out[n++] = first;
    for (uint32_t i = 0; i < sim->n_nodes; i++)
        if ((sim->nodes[i]->type->flags & flag) && sim->nodes[i] != first)
            out[n++] = sim->nodes[i];
    return n;
}

static bool wire(struct sim *sim, struct node *driver, struct error *e) {
    struct node **at = arena_alloc(&sim->arena, (sim->n_nodes + 1) * sizeof *at);
    uint32_t n = collect(sim, NODE_SOURCE, driver, at);
    if (!sim_wire(sim, at, n, e))
        return false;
    n = collect(sim, NODE_AGENT, NULL, at);
    return sim_wire_agents(sim, at, n, e);
}

static bool seal(struct sim *sim, struct node *driver, double warmup, double seconds,
                 const struct span *phases, uint32_t n, struct error *e) {
    struct sim_limits limits = {.warmup = ns_from_s(warmup),
                                .duration = ns_from_s(seconds),
                                .full_audit = warmup + seconds <= 1000}; /* longer: statistics */
    if (!sim->n_classes)
        build_class(sim, "user", 0);
    return wire(sim, driver, e) && sim_seal(sim, phases, n, &limits, e);
}

void build_run_phases(struct sim *sim, struct node *driver, double warmup, double seconds,
                      const struct span *phases, uint32_t n) {
    struct error e = {{0}};
    if (!seal(sim, driver, warmup, seconds, phases, n, &e))
        give_up("%s", e.text);
    if (!sim_run(sim))
        give_up("%s", sim->error.text);
}

void build_run(struct sim *sim, struct node *driver, double warmup, double seconds) {
    struct span none = {0};
    build_run_phases(sim, driver, warmup, seconds, &none, 0);
}

const char *build_seal_refusal(struct sim *sim, struct node *driver) {
    struct error e = {{0}};
    struct span none = {0};
    if (seal(sim, driver, 0, 1, &none, 0, &e))
        give_up("sealing was not refused");
    return arena_copy(&sim->arena, e.text);
}

const char *build_run_failure(struct sim *sim, struct node *driver, double seconds) {
    struct error e = {{0}};
    struct span none = {0};
    if (!seal(sim, driver, 0, seconds, &none, 0, &e))
        give_up("%s", e.text);
    if (sim_run(sim))
        give_up("the run did not fail");
    return sim->error.text;
}

double build_metric(struct sim *sim, const char *text) {
    struct error e = {{0}};
    struct metric_ref ref;
    struct metric_query q = {0};
    enum metric_lack lack;
    if (!metric_ref_parse(&sim->arena, text, &ref, &e) || !metric_bind(sim, &ref, &q, &e))
        give_up("%s", e.text);
    double x = metric_value(sim, &q, &lack);
    return x;
}

/* ---- things that happen at a time */

struct plan {
    struct agent agent;
    struct event event;
    struct sim *sim;
    ns_t time;
    void (*act)(void *);
    void *ctx;
};

static void plan_fire(struct event *ev) {
    struct plan *p = container_of(ev, struct plan, event);
    p->act(p->ctx);
}

static void plan_start(struct agent *a, struct sim *sim) {
    struct plan *p = container_of(a, struct plan, agent);
    event_init(&p->event, plan_fire);
    event_at(&sim->clock, &p->event, sim_clock_of(sim, p->time));
}

static ns_t time_of(double seconds) {
    return seconds < 0 ? -ns_from_s(-seconds) : ns_from_s(seconds);
}

void build_at(struct sim *sim, double seconds, void (*act)(void *), void *ctx) {
    struct plan *p = arena_alloc(&sim->arena, sizeof *p);
    *p = (struct plan){.agent = {.start = plan_start},
                       .sim = sim,
                       .time = time_of(seconds),
                       .act = act,
                       .ctx = ctx};
    sim_add_agent(sim, &p->agent);
}

struct setting {
    struct node *node;
    const char *param;
    struct value value;
};

static void set_now(void *ctx) {
    struct setting *s = ctx;
    struct error e = {{0}};
    const struct param *p = schema_find(s->node->type, s->param, &e);
    if (!p || !schema_set(s->node, p, &s->value, true, &e))
        give_up("%s", e.text);
}

void build_set(struct node *n, double seconds, const char *param, const char *value) {
    struct setting *s = arena_alloc(&n->sim->arena, sizeof *s);
    struct spec spec = {.sim = n->sim, .at = arena_copy(&n->sim->arena, value)};
    *s = (struct setting){n, param, read_value(&spec)};
    build_at(n->sim, seconds, set_now, s);
}

static void flush_now(void *ctx) {
    struct node *n = ctx;
    n->type->ops.flush(n);
}

void build_flush(struct node *n, double seconds) {
    build_at(n->sim, seconds, flush_now, n);
}

static void crash_now(void *ctx) {
    node_crash(ctx);
}

void build_crash(struct node *n, double seconds) {
    build_at(n->sim, seconds, crash_now, n);
}

/* ---- the source */

struct driver {
    struct node base;
    struct edge entry;
    struct arrival *at;
    uint32_t n, cap, next;
    struct event event;
};

struct driver_call {
    struct call base;
    struct call *sub;
    uint32_t index;
};

static struct driver *driver_of(struct node *n) {
    return container_of(n, struct driver, base);
}

static void ended(struct driver *d, struct call *c, enum outcome outcome, float quality) {
    struct arrival *a = &d->at[container_of(c, struct driver_call, base)->index];
    a->answered = true;
    a->done = sim_time(d->base.sim);
    a->outcome = outcome;
    a->quality = quality;
}

static void driver_reply(struct node *n, struct call *c, struct call *sub) {
    ended(driver_of(n), c, sub->outcome, sub->quality);
    call_pass(c, sub);
}

static void lose_patience(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct driver_call *m = container_of(c, struct driver_call, base);
    struct driver *d = driver_of(c->node);
    call_cancel(m->sub, d->at[m->index].cause);
    ended(d, c, OUTCOME_CANCELLED, 0);
    call_finish(c, OUTCOME_CANCELLED);
}

static void send_one(struct driver *d, uint32_t i) {
    struct sim *sim = d->base.sim;
    struct arrival *a = &d->at[i];
    struct call *c = call_open(&d->base, ORIGIN_USER);
    if (!c)
        return;
    struct driver_call *m = container_of(c, struct driver_call, base);
    m->index = i;
    request_classify(sim, c->req, a->class);
    c->key = c->req->key = rng_key(d->base.salt, i);
    if (sim->n_facts)
        c->req->fact[0] = a->fact;
    if (a->patience > 0)
        c->deadline = sim->clock.now + a->patience;
    call_begin(c);
    if (a->cancel_after > 0)
        call_wake(c, NULL, a->cancel_after, lose_patience);
    m->sub = call_send(c, &d->entry);
}

static void driver_fire(struct event *ev) {
    struct driver *d = container_of(ev, struct driver, event);
    struct sim *sim = d->base.sim;
    send_one(d, d->next++);
    if (d->next < d->n)
        event_at(&sim->clock, ev, sim_clock_of(sim, d->at[d->next].time));
    else
        sim_dry(sim);
}

static void driver_start(struct node *n) {
    struct driver *d = driver_of(n);
    event_init(&d->event, driver_fire);
    if (d->n)
        event_at(&n->sim->clock, &d->event, sim_clock_of(n->sim, d->at[0].time));
    else
        sim_dry(n->sim);
}

static void driver_release(struct node *n) {
    free(driver_of(n)->at);
}

static const struct param driver_params[] = {
    PARAM(NODE, "to", struct driver, entry, NULL, "what is called", .flags = REQUIRED),
    {0},
};

static const struct node_type driver_type = {
    .kind = "driver",
    .summary = "calls when it is told to",
    .params = driver_params,
    .size = sizeof(struct driver),
    .call_size = sizeof(struct driver_call),
    .flags = NODE_SOURCE,
    .ops = {.start = driver_start, .reply = driver_reply, .release = driver_release},
};

struct node *build_driver(struct sim *sim, struct node *entry) {
    return build_node(sim, &driver_type, "to=@1", entry, NULL);
}

struct arrival *driver_call(struct node *driver, double seconds, const char *class) {
    struct driver *d = driver_of(driver);
    struct sim *sim = driver->sim;
    int index = class ? sim_find_class(sim, class) : 0;
    if (index < 0)
        give_up("there is no class '%s'", class);
    if (!sim->n_classes)
        build_class(sim, "user", 0);
    ns_t time = time_of(seconds);
    if (d->n && time < d->at[d->n - 1].time)
        give_up("calls are planned in order of time");
    struct arrival *a = mem_push(d->at, d->n, d->cap);
    *a = (struct arrival){.time = time, .class = (uint16_t)index};
    return a;
}

void driver_calls(struct node *driver, double seconds, double gap, int count, const char *class) {
    for (int i = 0; i < count; i++)
        driver_call(driver, seconds + gap * i, class);
}

void driver_poisson(struct node *driver, double from, double to, double rate, const char *class) {
    struct sim *sim = driver->sim;
    struct rng r = {rng_key(sim->salt, driver_of(driver)->n)};
    for (double t = from + rng_exponential(&r) / rate; t < to; t += rng_exponential(&r) / rate)
        driver_call(driver, t, class);
}

const struct arrival *driver_arrival(struct node *driver, uint32_t index) {
    if (index >= driver_of(driver)->n)
        give_up("there is no arrival %u", index);
    return &driver_of(driver)->at[index];
}

uint32_t driver_count(struct node *driver) {
    return driver_of(driver)->n;
}

uint32_t driver_outcomes(struct node *driver, double from, double to, enum outcome outcome) {
    const struct driver *d = driver_of(driver);
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n; i++)
        n += d->at[i].time >= time_of(from) && d->at[i].time < time_of(to) && d->at[i].answered &&
             d->at[i].outcome == outcome;
    return n;
}

const char *driver_story(struct node *driver, uint32_t n) {
    char text[4096] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct arrival *a = driver_arrival(driver, i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "",
                                a->answered ? outcome_names[a->outcome] : "-");
    }
    return arena_copy(&driver->sim->arena, text);
}

/* ---- the leaf */

struct line {
    enum outcome outcome;
    ns_t after;
};

struct seen {
    ns_t time;
    uint16_t attempt;
};

struct leaf {
    struct node base;
    const char *says;
    double fails, queue, utilization;
    bool stubborn, cycle;
    struct line line[64];
    uint32_t n_lines;
    struct seen *seen;
    uint32_t n, cap;
};

struct leaf_call {
    struct call base;
    enum outcome outcome;
};

static struct leaf *leaf_of(struct node *n) {
    return container_of(n, struct leaf, base);
}

static bool leaf_init(struct node *n, struct error *e) {
    struct leaf *l = leaf_of(n);
    char word[32], delay[32];
    int used;
    for (const char *s = l->says; *s; s += used + (s[used] == ',')) {
        if (sscanf(s, " %31[a-z] %31[0-9a-z.]%n", word, delay, &used) != 2 || l->n_lines == 64)
            return error_set(e, "says: \"%s\" is no list of outcomes and times", s);
        struct value v = value_of_text(delay);
        double seconds;
        if (!value_number(&v, UNIT_TIME, &seconds, "says", e))
            return false;
        int o = 0;
        while (outcome_names[o] && strcmp(outcome_names[o], word))
            o++;
        if (o == OUTCOMES)
            return error_set(e, "says: there is no outcome '%s'", word);
        l->line[l->n_lines++] = (struct line){(enum outcome)o, ns_from_s(seconds)};
    }
    return true;
}

static void leaf_answer(struct event *ev) {
    struct call *c = call_of_timer(ev);
    call_finish(c, container_of(c, struct leaf_call, base)->outcome);
}

static void leaf_accept(struct node *n, struct call *c) {
    struct leaf *l = leaf_of(n);
    uint32_t last = l->n_lines - 1;
    struct line line = l->line[l->cycle ? l->n % l->n_lines : l->n < last ? l->n : last];
    *mem_push(l->seen, l->n, l->cap) = (struct seen){sim_time(n->sim), c->attempt};
    struct rng r = call_rng(c, 0);
    if (rng_unit(&r) < l->fails)
        line.outcome = OUTCOME_ERROR;
    container_of(c, struct leaf_call, base)->outcome = line.outcome;
    if (line.after > 0)
        call_wake(c, NULL, line.after, leaf_answer);
    else
        call_finish(c, line.outcome);
}

static bool leaf_cancel(struct node *n, struct call *c, enum cause cause) {
    (void)c;
    return cause == CAUSE_CRASH || !leaf_of(n)->stubborn;
}

static bool leaf_probe(struct node *n, enum probe what, double *answer) {
    *answer = what == PROBE_QUEUE ? leaf_of(n)->queue : leaf_of(n)->utilization;
    return (what == PROBE_QUEUE || what == PROBE_UTILIZATION) && *answer >= 0;
}

static void leaf_release(struct node *n) {
    free(leaf_of(n)->seen);
}

static const struct param leaf_params[] = {
    PARAM(TEXT, "says", struct leaf, says, "ok 0s", "what it answers"),
    PARAM(RATIO, "fails", struct leaf, fails, "0", "share of errors", .flags = LIVE, .max = 1),
    PARAM(NUMBER, "queue", struct leaf, queue, "-1", "what it answers", .flags = LIVE, .min = -1,
          .max = 1e9),
    PARAM(NUMBER, "utilization", struct leaf, utilization, "-1", "what it answers", .flags = LIVE,
          .min = -1, .max = 1e9),
    PARAM(BOOL, "cycle", struct leaf, cycle, "false", "says it all over again"),
    PARAM(BOOL, "stubborn", struct leaf, stubborn, "false", "cannot be stopped"),
    {0},
};

const struct node_type leaf_type = {
    .kind = "leaf",
    .summary = "answers as it is told to",
    .params = leaf_params,
    .size = sizeof(struct leaf),
    .call_size = sizeof(struct leaf_call),
    .ops = {.init = leaf_init,
            .accept = leaf_accept,
            .cancel = leaf_cancel,
            .probe = leaf_probe,
            .release = leaf_release},
};

uint32_t leaf_count(struct node *leaf) {
    return leaf_of(leaf)->n;
}

double leaf_time(struct node *leaf, uint32_t index) {
    if (index >= leaf_of(leaf)->n)
        give_up("the leaf had no call %u", index);
    return ns_to_s(leaf_of(leaf)->seen[index].time);
}

uint32_t leaf_attempt(struct node *leaf, uint32_t index) {
    if (index >= leaf_of(leaf)->n)
        give_up("the leaf had no call %u", index);
    return leaf_of(leaf)->seen[index].attempt;
}
