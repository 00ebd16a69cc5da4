#include "agent/hpa.h"

#include <math.h>

/* ---- one look */

/* Within its first minutes a replica counts once a whole window has been measured since it became
 * ready; later, unless it has never been ready. */
enum hpa_sort hpa_sort(const struct hpa_config *k, const struct hpa_pod *pod, ns_t now) {
    if (!pod->measured)
        return pod->ready ? HPA_MISSING : HPA_UNREADY;
    if (!k->cpu)
        return pod->ready ? HPA_READY : HPA_UNREADY;
    bool unready;
    if (pod->ordered + k->cpu_initialization_period > now)
        unready = !pod->ready || pod->at < pod->since + pod->window;
    else
        unready = !pod->ready && pod->ordered + k->initial_readiness_delay > pod->since;
    return unready ? HPA_UNREADY : HPA_READY;
}

void hpa_add(struct hpa_sample *s, const struct hpa_config *k, const struct hpa_pod *pod,
             ns_t now) {
    switch (hpa_sort(k, pod, now)) {
    case HPA_READY:
        s->ready++;
        s->sum += pod->value;
        break;
    case HPA_UNREADY:
        s->unready++;
        break;
    case HPA_MISSING:
        s->missing++;
        break;
    }
}

static bool tolerable(const struct hpa_config *k, double ratio) {
    return fabs(1 - ratio) <= k->tolerance;
}

static int64_t ceil_of(double x) {
    return x < 1e15 ? (int64_t)ceil(x) : (int64_t)1e15;
}

/* Those of which nothing is known are taken to damp the change: as idle when more are wanted, as at
 * the target when fewer are. */
static int64_t with_unknown(const struct hpa_config *k, int64_t current, const struct hpa_sample *s,
                            double ratio) {
    double n = (double)(s->ready + s->missing), sum = s->sum;
    if (ratio > 1)
        n += (double)s->unready;
    else if (ratio < 1)
        sum += (double)s->missing * k->target;
    double again = sum / n / k->target;
    if (tolerable(k, again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1))
        return current;
    int64_t wanted = ceil_of(again * n);
    bool turned = (again < 1 && wanted > current) || (again > 1 && wanted < current);
    return turned ? current : wanted;
}

int64_t hpa_recommend(const struct hpa_config *k, int64_t current, const struct hpa_sample *s) {
    if (s->ready == 0)
        return -1;
    double ratio = s->sum / (double)s->ready / k->target;
    if ((s->unready && ratio > 1) || s->missing)
        return with_unknown(k, current, s, ratio);
    return tolerable(k, ratio) ? current : ceil_of(ratio * (double)s->ready);
}

/* ---- memory */

static void notes_init(struct hpa_notes *x, struct arena *a, ns_t window, ns_t sync) {
    *x = (struct hpa_notes){.cap = (uint32_t)(window / sync) + 2};
    x->at = arena_alloc(a, x->cap * sizeof *x->at);
}

static void note(struct hpa_notes *x, ns_t now, int64_t n) {
    x->at[x->next] = (struct hpa_note){now, n};
    x->next = (x->next + 1) % x->cap;
    x->n += x->n < x->cap;
}

static ns_t longer(ns_t a, ns_t b) {
    return a > b ? a : b;
}

void hpa_init(struct hpa *h, struct arena *a, const struct hpa_config *k, ns_t sync) {
    notes_init(&h->recommended, a, longer(k->up.stabilization_window, k->down.stabilization_window),
               sync);
    notes_init(&h->added, a, longer(k->up.period, k->down.period), sync);
    notes_init(&h->removed, a, longer(k->up.period, k->down.period), sync);
}

void hpa_begin(struct hpa *h, ns_t now, int64_t current) {
    note(&h->recommended, now, current);
}

/* ---- stabilization windows */

int64_t hpa_stabilize(const struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                      int64_t wanted) {
    int64_t least = wanted, most = wanted; /* within the window of growth; of shrinking */
    for (uint32_t i = 0; i < h->recommended.n; i++) {
        const struct hpa_note *r = &h->recommended.at[i];
        if (r->time > now - k->up.stabilization_window && r->n < least)
            least = r->n;
        if (r->time > now - k->down.stabilization_window && r->n > most)
            most = r->n;
    }
    return current < least ? least : current > most ? most : current;
}

/* ---- policies */

static int64_t changed_within(const struct hpa_notes *x, ns_t now, ns_t period) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->at[i].time > now - period)
            sum += x->at[i].n;
    return sum;
}

/* The farthest that the policies let the count go; `sign` is the direction. A percentage is rounded
 * so that the count may change at all. */
static int64_t farthest(const struct hpa *h, const struct hpa_rules *r, ns_t now, int64_t current,
                        int sign) {
    if (r->select_policy == HPA_DISABLED)
        return current;
    int64_t start = current - changed_within(&h->added, now, r->period) +
                    changed_within(&h->removed, now, r->period);
    double by_percent = (double)start * (1 + sign * r->percent);
    int64_t a = start + sign * r->pods,
            b = sign > 0 ? ceil_of(by_percent) : (int64_t)fmax(by_percent, -1e15);
    if (r->pods <= 0 || r->percent <= 0)
        return r->pods > 0 ? a : b;
    bool far = r->select_policy == HPA_MAX, a_is_far = sign > 0 ? a > b : a < b;
    return far == a_is_far ? a : b;
}

int64_t hpa_limit(const struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                  int64_t wanted) {
    if (wanted > current) {
        int64_t most = farthest(h, &k->up, now, current, 1);
        most = most < current ? current : most;
        most = most < k->max_replicas ? most : k->max_replicas;
        return wanted < most ? wanted : most;
    }
    if (wanted < current) {
        int64_t least = farthest(h, &k->down, now, current, -1);
        least = least > current ? current : least;
        least = least > k->min_replicas ? least : k->min_replicas;
        return wanted > least ? wanted : least;
    }
    return wanted;
}

int64_t hpa_decide(struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                   int64_t wanted) {
    if (current == 0 && k->min_replicas > 0)
        return 0; /* somebody has switched it off */
    int64_t to = current;
    if (current > k->max_replicas)
        to = k->max_replicas;
    else if (current < k->min_replicas)
        to = k->min_replicas;
    else if (wanted >= 0) {
        to = hpa_limit(h, k, now, current, hpa_stabilize(h, k, now, current, wanted));
        note(&h->recommended, now, wanted);
    }
    if (to > current)
        note(&h->added, now, to - current);
    else if (to < current)
        note(&h->removed, now, current - to);
    return to;
}
