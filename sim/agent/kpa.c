#include "agent/kpa.h"

#include <math.h>

void kpa_init(struct kpa *k, struct arena *a, const struct kpa_config *c, ns_t tick) {
    *k = (struct kpa){.cap = (uint32_t)(c->scale_down_delay / tick) + 2};
    k->recent = arena_alloc(a, k->cap * sizeof *k->recent);
}

void kpa_begin(struct kpa *k, ns_t now, int64_t current) {
    k->active = current > 0;
    k->proxied = current == 0;
    k->turned = k->proxied_since = now;
}

/* ---- the two windows */

static int64_t within(double x, double low, double high) {
    double y = fmin(fmax(x, low), high);
    return y < 1e15 ? (int64_t)y : (int64_t)1e15;
}

static void note_panic(struct kpa *k, const struct kpa_config *c, ns_t now, bool over) {
    if (over) {
        k->panicking = true;
        k->panic_time = now;
    } else if (k->panicking && k->panic_time + c->stable_window < now) {
        k->panicking = false;
        k->most = 0;
    }
}

/* The most that was wanted within the delay. */
static int64_t delayed(struct kpa *k, const struct kpa_config *c, ns_t now, int64_t wanted) {
    if (c->scale_down_delay == 0)
        return wanted;
    k->recent[k->next] = (struct kpa_note){now, wanted};
    k->next = (k->next + 1) % k->cap;
    k->n += k->n < k->cap;
    for (uint32_t i = 0; i < k->n; i++)
        if (k->recent[i].time > now - c->scale_down_delay && k->recent[i].n > wanted)
            wanted = k->recent[i].n;
    return wanted;
}

int64_t kpa_recommend(struct kpa *k, const struct kpa_config *c, const struct kpa_look *l) {
    double ready = l->ready > 1 ? (double)l->ready : 1;
    double most = ceil(c->max_scale_up_rate * ready), least = floor(ready / c->max_scale_down_rate);
    double stable = ceil(l->stable / c->target), panic = ceil(l->panic / c->target);
    int64_t wanted = within(stable, least, most), in_panic = within(panic, least, most);
    note_panic(k, c, l->now, panic / ready >= c->panic_threshold);
    if (k->panicking) {
        wanted = wanted > in_panic ? wanted : in_panic;
        k->most = k->most > wanted ? k->most : wanted;
        wanted = k->most;
    }
    return delayed(k, c, l->now, wanted);
}

/* ---- bounds and zero */

double kpa_excess_burst(const struct kpa_config *c, const struct kpa_look *l) {
    if (c->target_burst_capacity < 0)
        return -1;
    if (c->target_burst_capacity == 0)
        return 0;
    return floor((double)l->ready * c->capacity - c->target_burst_capacity - l->panic);
}

static void turn(struct kpa *k, ns_t now, bool active) {
    if (k->active != active)
        k->turned = now;
    k->active = active;
}

static void note_proxy(struct kpa *k, ns_t now, bool proxied) {
    if (proxied && !k->proxied)
        k->proxied_since = now;
    k->proxied = proxied;
}

/* It has been idle for long enough to be out of use, calls have gone through the activator for long
 * enough, and the last replica has been kept for as long as was asked. */
static bool may_be_zero(const struct kpa *k, const struct kpa_config *c, ns_t now) {
    ns_t idle = now - k->turned, grace = c->scale_to_zero_grace_period,
         kept = c->scale_to_zero_pod_retention_period;
    return idle >= kept && (idle >= grace || now - k->proxied_since >= grace);
}

static int64_t towards_zero(struct kpa *k, const struct kpa_config *c, const struct kpa_look *l) {
    bool proxied = kpa_excess_burst(c, l) < 0;
    if (k->active && l->now - k->turned < c->stable_window) {
        note_proxy(k, l->now, proxied);
        return 1;
    }
    turn(k, l->now, false);
    note_proxy(k, l->now, true);
    return may_be_zero(k, c, l->now) ? 0 : l->current;
}

static int64_t bounded(const struct kpa_config *c, int64_t n) {
    n = n < c->min_scale ? c->min_scale : n;
    return c->max_scale && n > c->max_scale ? c->max_scale : n;
}

int64_t kpa_decide(struct kpa *k, const struct kpa_config *c, const struct kpa_look *l,
                   int64_t wanted) {
    wanted = bounded(c, wanted);
    if (wanted == 0)
        return towards_zero(k, c, l);
    turn(k, l->now, true);
    note_proxy(k, l->now, l->ready == 0 || kpa_excess_burst(c, l) < 0);
    return wanted;
}

int64_t kpa_wake(struct kpa *k, const struct kpa_config *c, ns_t now) {
    turn(k, now, true);
    return bounded(c, 1);
}
