/* The rate that a client of AWS finds for itself: TCP CUBIC (Ha, Rhee & Xu, 2008) on sending rates
 * instead of windows, as the SDKs' adaptive retry mode has it. Times are in seconds, rates in calls
 * a second. Zeroed memory is a client that has sent nothing since time 0. */
#ifndef NINES_NODE_CUBIC_H
#define NINES_NODE_CUBIC_H

struct cubic {
    double w_max; /* the rate at the last throttling */
    double k;     /* when the rate will have come back to it, seconds after that */
    double failed;
};

/* A throttling at `rate`: the rate to go on with. */
double cubic_throttled(struct cubic *c, double rate, double now);

/* The rate after an answer that was none. */
double cubic_answered(const struct cubic *c, double now);

/* How many answers come a second: smoothed over half seconds. */
struct rate_clock {
    double count, bucket, rate;
};
double rate_clock_answer(struct rate_clock *r, double now);

#endif
