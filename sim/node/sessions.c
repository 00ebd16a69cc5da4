/* Users who come by themselves and ask several times: a partly open workload (Schroeder, Wierman &
 * Harchol-Balter, "Open versus closed: a cautionary tale", NSDI 2006). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sim.h"
#include "node/arrivals.h"
#include "node/registry.h"
#include "node/reload.h"

enum { PURPOSE_THINK = 1 << 20, PURPOSE_REQUESTS }; /* beyond those of the facts */

struct sessions {
    struct source source;
    struct arrivals arrivals;
    struct quantity *requests, *think;
    struct reload reload;
    struct value kept_value;
    struct source_fact *kept; /* facts of the session */
    uint32_t n_kept, id_fact;
    struct pool pool;
    struct integral present;
    uint64_t begun, asked;
};

struct session {
    struct event event;
    struct sessions *of;
    double id, left; /* left: requests after the present one */
    uint16_t class;  /* index into those of the source */
    bool known;      /* class and facts have been drawn, with the first request */
    double fact[];
};

struct sessions_call {
    struct reload_call reload;
    struct session *session;
};

static struct sessions *sessions_of(struct node *n) {
    return container_of(source_of(n), struct sessions, source);
}
static struct sessions_call *mine(struct call *c) {
    return container_of(container_of(c, struct reload_call, base), struct sessions_call, reload);
}

/* What the first request of the session has drawn is that of all. */
static void fill(struct sessions *w, struct session *u, struct call *c) {
    double *fact = c->req->fact;
    source_fill(&w->source, c, u->known ? u->class : -1);
    if (!u->known) {
        u->class = (uint16_t)source_class_of(&w->source, c->req->class);
        for (uint32_t i = 0; i < w->n_kept; i++)
            u->fact[i] = quantity_draw(w->kept[i].q, c, PURPOSE_FACTS + w->kept[i].index);
        u->left = fmax(1, round(quantity_draw(w->requests, c, PURPOSE_REQUESTS)));
        u->known = true;
    }
    for (uint32_t i = 0; i < w->n_kept; i++)
        fact[w->kept[i].index] = u->fact[i];
    fact[w->id_fact] = u->id;
}

static void tired(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct sessions *w = sessions_of(c->node);
    reload_again(&w->reload, &w->source, c, tired);
}

static void ask(struct event *ev) {
    struct session *u = container_of(ev, struct session, event);
    struct sessions *w = u->of;
    struct call *c = call_open(&w->source.base, ORIGIN_USER);
    if (!c)
        return;
    fill(w, u, c);
    u->left--;
    w->asked++;
    mine(c)->session = u;
    call_begin(c);
    reload_send(&w->reload, &w->source, c, tired);
}

static void arrive(struct event *ev) {
    struct sessions *w = container_of(ev, struct sessions, arrivals.event);
    arrivals_next(&w->arrivals);
    struct session *u = pool_get(&w->pool);
    *u = (struct session){.of = w, .id = (double)++w->begun};
    event_init(&u->event, ask);
    integral_add(&w->present, w->source.base.sim->clock.now, 1);
    ask(&u->event);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct sessions *w = sessions_of(n);
    struct session *u = mine(c)->session;
    ns_t now = n->sim->clock.now;
    double seconds = u->left > 0 ? quantity_draw(w->think, c, PURPOSE_THINK) : 0;
    call_pass(c, sub);
    if (u->left > 0)
        event_at(&n->sim->clock, &u->event, now + ns_from_s(seconds));
    else {
        integral_add(&w->present, now, -1);
        pool_put(&w->pool, u);
    }
}

/* ---- life */

static bool init(struct node *n, struct error *e) {
    struct sessions *w = sessions_of(n);
    w->id_fact = sim_fact(n->sim, "session_id");
    return arrivals_init(&w->arrivals, n, e) && source_read(&w->source, true, e) &&
           source_read_facts(&w->source, &w->kept_value, "session_facts", &w->kept, &w->n_kept, e);
}

static bool seal(struct node *n, struct error *e) {
    struct sessions *w = sessions_of(n);
    pool_init(&w->pool, sizeof(struct session) + w->n_kept * sizeof(double));
    reload_seal(&w->reload);
    return arrivals_seal(&w->arrivals, e);
}

static void start(struct node *n) {
    arrivals_start(&sessions_of(n)->arrivals, arrive);
}

static void changed(struct node *n, const struct param *p) {
    arrivals_changed(&sessions_of(n)->arrivals, p);
}

static void release(struct node *n) {
    pool_release(&sessions_of(n)->pool);
}

static const struct param reload_params[] = {
    RELOAD_SUB_PARAMS(struct sessions),
    {0},
};

static const struct param params[] = {
    ARRIVALS_PARAMS(struct sessions, "users who come"),
    PARAM(QUANTITY, "requests", struct sessions, requests, NULL,
          "requests of a session, rounded, at least 1", .flags = REQUIRED | LIVE),
    PARAM(QUANTITY, "think", struct sessions, think, "0",
          "time from an answer, good or bad, to the session's next request", .flags = LIVE,
          .unit = UNIT_TIME),
    RELOAD_PARAM(struct sessions, reload_params),
    PARAM(VALUE, "session_facts", struct sessions, kept_value, NULL,
          "drawn once a session and carried by all its requests, such as user_id; the class is "
          "also the session's, and session_id counts them",
          .flags = EARLY),
    SOURCE_CLASSES,
    SOURCE_PARAMS,
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "sessions", struct sessions, present, "sessions under way, mean over time"),
    METRIC(COUNTER, "begun", struct sessions, begun, "sessions begun"),
    METRIC(PER, "requests_per_session", struct sessions, asked, "requests over sessions begun",
           .offset2 = offsetof(struct sessions, begun)),
    RELOAD_METRIC(struct sessions),
    {0},
};

static void look(void *ctx, void *object) {
    const struct session *u = object;
    *(int64_t *)ctx += event_pending(&u->event);
}

static bool check(struct node *n, struct error *e) {
    struct sessions *w = sessions_of(n);
    int64_t think = 0;
    pool_each(&w->pool, look, &think);
    return (w->present.value == w->pool.live &&
            (n->sim->full || think + n->meter.in_flight.value == w->pool.live)) ||
           error_set(e, "%u sessions are there, %lld are counted, %lld think and %lld wait",
                     w->pool.live, (long long)w->present.value, (long long)think,
                     (long long)n->meter.in_flight.value);
}

const struct node_type sessions_type = {
    .kind = "sessions",
    .summary = "users who come by themselves, ask several times with pauses, and leave",
    .follows = "a partly open workload (Schroeder, Wierman & Harchol-Balter 2006)",
    .example = "sessions { name = \"visitors\", rate = 2, requests = uniform_int { 1, 15 }, think "
               "= exponential { mean = \"10s\" },\n  session_facts = { user_id = uniform_int { 1, "
               "100000 } }, reload = { after = \"3s\", at_most = 2 } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct sessions),
    .call_size = sizeof(struct sessions_call),
    .flags = NODE_SOURCE,
    .ops = {.init = init,
            .seal = seal,
            .start = start,
            .reply = reply,
            .set = changed,
            .check = check,
            .release = release},
};
