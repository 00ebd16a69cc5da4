#include "node/priority.h"

#include <math.h>

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* 0..100, rounded down. */
static uint32_t health(const struct priority *p, uint32_t factor) {
    if (!p->hosts)
        return 0;
    return (uint32_t)fmin(100, floor((double)factor * p->healthy / p->hosts));
}

/* Everyone panics: by hosts, whether healthy or not. */
static void share_by_hosts(struct priority *p, uint32_t n) {
    uint64_t all = 0;
    uint32_t left = 100, first = n;
    for (uint32_t i = 0; i < n; i++)
        all += p[i].hosts;
    for (uint32_t i = 0; i < n; i++) {
        p[i].load = all ? (uint32_t)(100 * (uint64_t)p[i].hosts / all) : 0;
        left -= p[i].load;
        if (first == n && p[i].hosts)
            first = i;
    }
    p[first < n ? first : 0].load += left;
}

/* As much as each can bear, from the first on; what rounding leaves goes to the first healthy one.
 */
static uint32_t share_by_health(struct priority *p, uint32_t n, uint32_t factor) {
    uint32_t total = 0, left = 100, first = n;
    for (uint32_t i = 0; i < n; i++)
        total = least(100, total + health(&p[i], factor));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = health(&p[i], factor);
        p[i].load = total ? least(left, h * 100 / total) : 0;
        left -= p[i].load;
        if (first == n && h)
            first = i;
    }
    p[first < n ? first : 0].load += left;
    return total;
}

void priority_share(struct priority *p, uint32_t n, uint32_t factor, double threshold) {
    uint32_t total = share_by_health(p, n, factor);
    bool all = true;
    for (uint32_t i = 0; i < n; i++) {
        double healthy = p[i].hosts ? (double)p[i].healthy / p[i].hosts : 0;
        p[i].panic = total < 100 && healthy < threshold;
        all = all && p[i].panic;
    }
    if (all)
        share_by_hosts(p, n);
}

enum zone_routing zone_share(const double *callers, const uint32_t *hosts, uint32_t n,
                             uint32_t local, uint32_t *part, uint32_t *upto) {
    double all_callers = 0, all_hosts = 0;
    for (uint32_t z = 0; z < n; z++) {
        all_callers += callers[z];
        all_hosts += hosts[z];
    }
    uint32_t sum = 0;
    for (uint32_t z = 0; z < n; z++) {
        uint32_t here = all_hosts > 0 ? (uint32_t)floor(1e4 * hosts[z] / all_hosts) : 0;
        uint32_t from = all_callers > 0 ? (uint32_t)floor(1e4 * callers[z] / all_callers) : 0;
        if (z == local) {
            if (here > 0 && here >= from)
                return ZONE_DIRECT;
            *part = from ? (uint32_t)((uint64_t)here * 10000 / from) : 0;
        } else if (hosts[z] && here > from)
            sum += here - from;
        upto[z] = sum;
    }
    return ZONE_RESIDUAL;
}
