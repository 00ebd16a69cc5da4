/* One station and a driver in front of it: what the unit tests of stations have in common. */
#ifndef NINES_TESTS_QUEUEING_H
#define NINES_TESTS_QUEUEING_H

#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *station, *driver;
};

static inline struct model on(struct sim *sim, const char *spec) {
    struct model m = {.sim = sim};
    m.station = build_node(sim, &station_type, spec, NULL);
    m.driver = build_driver(sim, m.station);
    return m;
}

static inline struct model model(const char *spec) {
    return on(build_new(1), spec);
}

/* When the calls end, in s, to the nanosecond. */
static inline void ends(struct model *m, const double *want, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(driver_arrival(m->driver, i)->done, ns_from_s(want[i]));
}
#define ENDS(m, ...)                                                                               \
    ends(m, (const double[]){__VA_ARGS__},                                                         \
         (uint32_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

static inline double done(struct model *m, uint32_t i) {
    return ns_to_s(driver_arrival(m->driver, i)->done);
}

static inline double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

#endif
