/* A closed workload: each user waits for the answer, thinks, and only then asks again. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"
#include "node/reload.h"

enum { PURPOSE_THINK = 1 << 20, PURPOSE_SESSION, PURPOSE_PAUSE }; /* beyond those of the facts */

struct user {
    struct list link; /* among those who think */
    struct event event;
    struct closed *of;
    double left; /* requests of this session; 0: the next one begins a session */
};

struct closed {
    struct source source;
    int64_t users; /* as many as there should be */
    struct quantity *think, *session, *pause;
    struct pool pool;
    struct list thinking; /* in order of beginning to */
    struct reload reload;
    struct integral present;
};

struct closed_call {
    struct reload_call reload;
    struct user *user;
};

static struct closed *closed_of(struct node *n) {
    return container_of(source_of(n), struct closed, source);
}

static struct closed_call *mine(struct call *c) {
    return container_of(container_of(c, struct reload_call, base), struct closed_call, reload);
}

static void leave(struct user *u) {
    struct closed *w = u->of;
    struct clock *clock = &w->source.base.sim->clock;
    event_cancel(clock, &u->event);
    list_remove(&u->link);
    integral_add(&w->present, clock->now, -1);
    pool_put(&w->pool, u);
}

static void tired(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct closed *w = closed_of(c->node);
    reload_again(&w->reload, &w->source, c, tired);
}

static void ask(struct event *ev) {
    struct user *u = container_of(ev, struct user, event);
    struct closed *w = u->of;
    struct call *c = call_open(&w->source.base, ORIGIN_USER);
    if (!c)
        return;
    source_fill(&w->source, c, -1);
    mine(c)->user = u;
    list_remove(&u->link);
    call_begin(c);
    reload_send(&w->reload, &w->source, c, tired);
}

/* How long until the next request: within a session the user thinks, after it there is a pause. */
static double rest(struct closed *w, struct user *u, const struct call *c) {
    if (!w->session)
        return quantity_draw(w->think, c, PURPOSE_THINK);
    if (u->left == 0)
        u->left = fmax(1, round(quantity_draw(w->session, c, PURPOSE_SESSION)));
    u->left--;
    return u->left > 0 ? quantity_draw(w->think, c, PURPOSE_THINK)
                       : quantity_draw(w->pause, c, PURPOSE_PAUSE);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct closed *w = closed_of(n);
    struct user *u = mine(c)->user;
    ns_t now = n->sim->clock.now;
    double seconds = rest(w, u, c);
    call_pass(c, sub);
    if (w->present.value > w->users) {
        leave(u);
        return;
    }
    list_append(&w->thinking, &u->link);
    event_at(&n->sim->clock, &u->event, now + ns_from_s(seconds));
}

static void join(struct closed *w) {
    struct clock *clock = &w->source.base.sim->clock;
    struct user *u = pool_get(&w->pool);
    *u = (struct user){.of = w};
    event_init(&u->event, ask);
    list_append(&w->thinking, &u->link);
    integral_add(&w->present, clock->now, 1);
    event_at(clock, &u->event, clock->now);
}

/* Who is too many leaves at once while thinking, the last to have begun first, and otherwise with
 * the answer. */
static void adjust(struct closed *w) {
    while (w->present.value < w->users)
        join(w);
    int64_t surplus = w->present.value - w->users;
    for (; surplus > 0 && !list_empty(&w->thinking); surplus--)
        leave(container_of(w->thinking.prev, struct user, link));
}

static void changed(struct node *n, const struct param *p) {
    if (!strcmp(p->name, "users"))
        adjust(closed_of(n));
}

static bool init(struct node *n, struct error *e) {
    return source_read(source_of(n), true, e);
}

static bool seal(struct node *n, struct error *e) {
    struct closed *w = closed_of(n);
    pool_init(&w->pool, sizeof(struct user));
    list_init(&w->thinking);
    reload_seal(&w->reload);
    (void)e;
    return true;
}

static void start(struct node *n) {
    adjust(closed_of(n));
}

static void release(struct node *n) {
    pool_release(&closed_of(n)->pool);
}

static const struct param reload_params[] = {
    RELOAD_SUB_PARAMS(struct closed),
    {0},
};

static const struct param params[] = {
    PARAM(INTEGER, "users", struct closed, users, NULL,
          "how many there are; who comes asks at once. A signal lets them come and go",
          .flags = REQUIRED | LIVE, .max = 1e7),
    PARAM(QUANTITY, "think", struct closed, think, "0",
          "time from an answer, good or bad, to the same user's next request", .flags = LIVE,
          .unit = UNIT_TIME),
    PARAM(QUANTITY, "session", struct closed, session, NULL,
          "requests of a session, rounded, at least 1; without it there is no end to it",
          .flags = LIVE),
    PARAM(QUANTITY, "pause", struct closed, pause, "0",
          "after the last request of a session, instead of thinking", .flags = LIVE,
          .unit = UNIT_TIME, .needs = "session"),
    RELOAD_PARAM(struct closed, reload_params),
    SOURCE_CLASSES,
    SOURCE_PARAMS,
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "users", struct closed, present, "users there, waiting or thinking"),
    RELOAD_METRIC(struct closed),
    {0},
};

const struct node_type closed_type = {
    .kind = "closed",
    .summary = "a closed workload: users who wait for the answer and think before they ask again",
    .follows = "load generators with a fixed number of users (JMeter, Locust, k6)",
    .example = "closed { name = \"clients\", users = 200, think = exponential { mean = \"5s\" } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct closed),
    .call_size = sizeof(struct closed_call),
    .flags = NODE_SOURCE,
    .ops = {.init = init,
            .seal = seal,
            .start = start,
            .reply = reply,
            .set = changed,
            .release = release},
};
