/* How long a new replica takes until it takes calls: one quantity, or a sum of parts.
 *
 * The parts are those of a pod with a model in it: a node is found, the image is pulled unless the
 * node has it, weights are loaded, the engine warms up, a readiness probe notices. Each is drawn by
 * itself. */
#ifndef NINES_CORE_COLD_START_H
#define NINES_CORE_COLD_START_H

#include "core/quantity.h"

enum cold_part {
    COLD_SCHEDULING, /* or the whole, when one quantity was given */
    COLD_IMAGE_PULL,
    COLD_MODEL_LOAD,
    COLD_WARM_UP,
    COLD_READINESS,
    COLD_PARTS
};

struct cold_start {
    struct quantity *part[COLD_PARTS]; /* NULL: takes no time */
    double image_cached;               /* share of starts that pull no image */
};

/* When sealed; nothing given: no time. */
bool cold_start_read(struct cold_start *c, struct sim *sim, const struct value *v, struct error *e);

/* One start, begun at `t` (s since the end of warm-up); `key` is its own. */
ns_t cold_start_draw(const struct cold_start *c, uint64_t key, double t);

#endif
