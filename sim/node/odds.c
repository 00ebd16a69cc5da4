#include "node/odds.h"

#include <math.h>
#include <stddef.h>

void recent_init(struct recent *r, struct arena *a, ns_t window, ns_t width) {
    *r = (struct recent){.window = window, .width = width > 0 ? width : 1};
    r->cap = (uint32_t)(window / r->width) + 2;
    r->part = arena_alloc(a, r->cap * sizeof *r->part);
}

void recent_roll(struct recent *r, ns_t now) {
    while (r->n && recent_age(r, now) >= r->window) {
        r->sum.all -= r->part[r->first].all;
        r->sum.good -= r->part[r->first].good;
        r->first = r->first + 1 == r->cap ? 0 : r->first + 1;
        r->n--;
    }
}

static struct part *last(const struct recent *r) {
    return r->n ? &r->part[(r->first + r->n - 1) % r->cap] : NULL;
}

void recent_add(struct recent *r, ns_t now, uint64_t all, uint64_t good) {
    recent_roll(r, now);
    struct part *p = last(r);
    if (!p || now - p->began >= r->width) {
        r->n++;
        p = last(r);
        *p = (struct part){.began = now};
    }
    p->all += all;
    p->good += good;
    r->sum.all += all;
    r->sum.good += good;
}

bool recent_check(const struct recent *r) {
    struct part sum = {0};
    for (uint32_t i = 0; i < r->n; i++) {
        sum.all += r->part[(r->first + i) % r->cap].all;
        sum.good += r->part[(r->first + i) % r->cap].good;
    }
    return r->n <= r->cap && sum.all == r->sum.all && sum.good == r->sum.good;
}

double odds_envoy(double n, double successes, double threshold, double aggression, double most) {
    double p = (n - successes / threshold) / (n + 1);
    if (p <= 0)
        return 0;
    if (aggression != 1)
        p = pow(p, 1 / aggression);
    return fmin(p, most);
}
