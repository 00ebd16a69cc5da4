#include "node/cubic.h"

#include <math.h>

static const double BETA = 0.7, SCALE = 0.4, SMOOTHING = 0.8, BUCKET = 0.5;

double cubic_throttled(struct cubic *c, double rate, double now) {
    *c = (struct cubic){rate, cbrt(rate * (1 - BETA) / SCALE), now};
    return BETA * rate;
}

double cubic_answered(const struct cubic *c, double now) {
    double t = now - c->failed - c->k;
    return SCALE * t * t * t + c->w_max;
}

double rate_clock_answer(struct rate_clock *r, double now) {
    double bucket = floor(now / BUCKET) * BUCKET;
    r->count++;
    if (bucket > r->bucket) {
        r->rate = SMOOTHING * r->count / (bucket - r->bucket) + (1 - SMOOTHING) * r->rate;
        r->count = 0;
        r->bucket = bucket;
    }
    return r->rate;
}
