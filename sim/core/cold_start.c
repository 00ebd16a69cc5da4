#include "core/cold_start.h"

#include "core/schema.h"

static const struct param params[] = {
    PARAM(QUANTITY, "scheduling", struct cold_start, part[COLD_SCHEDULING], NULL,
          "until a node is found, or provisioned", .unit = UNIT_TIME),
    PARAM(QUANTITY, "image_pull", struct cold_start, part[COLD_IMAGE_PULL], NULL,
          "until the image is on the node", .unit = UNIT_TIME),
    PARAM(QUANTITY, "model_load", struct cold_start, part[COLD_MODEL_LOAD], NULL,
          "until the weights are in memory", .unit = UNIT_TIME),
    PARAM(QUANTITY, "warm_up", struct cold_start, part[COLD_WARM_UP], NULL,
          "compilation and first requests", .unit = UNIT_TIME),
    PARAM(QUANTITY, "readiness", struct cold_start, part[COLD_READINESS], NULL,
          "until a probe finds it ready", .unit = UNIT_TIME),
    PARAM(RATIO, "image_cached", struct cold_start, image_cached, NULL,
          "share of starts on a node that has the image", .max = 1, .needs = "image_pull"),
    {0},
};

/* Whether the image is there is drawn apart from how long it takes. */
enum { KEY_CACHED = COLD_PARTS };

static bool fits(const struct quantity *q, const char *what, struct error *e) {
    return !q || q->kind == QUANTITY_CONSTANT || q->kind == QUANTITY_DIST ||
           q->kind == QUANTITY_SIGNAL ||
           error_set(e,
                     "%s: a start belongs to no request: it wants a duration, a distribution or "
                     "a signal",
                     what);
}

bool cold_start_read(struct cold_start *c, struct sim *sim, const struct value *v,
                     struct error *e) {
    *c = (struct cold_start){.image_cached = 0};
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE) {
        c->part[0] = quantity_read(sim, v, UNIT_TIME, "cold_start", e);
        return c->part[0] && fits(c->part[0], "cold_start", e);
    }
    if (!schema_read(sim, c, NULL, params, &v->table, e))
        return error_prefix(e, "cold_start");
    for (int i = 0; i < COLD_PARTS; i++)
        if (!fits(c->part[i], params[i].name, e))
            return error_prefix(e, "cold_start");
    return true;
}

static double draw(const struct quantity *q, uint64_t key, double t) {
    struct rng rng = {key};
    return q->kind == QUANTITY_DIST ? q->scale * dist_draw(q->dist, &rng) : quantity_at(q, t);
}

ns_t cold_start_draw(const struct cold_start *c, uint64_t key, double t) {
    double sum = 0;
    for (uint64_t i = 0; i < COLD_PARTS; i++) {
        if (!c->part[i])
            continue;
        struct rng cached = {rng_key(key, KEY_CACHED)};
        if (i == COLD_IMAGE_PULL && c->image_cached > 0 && rng_unit(&cached) < c->image_cached)
            continue;
        sum += draw(c->part[i], i ? rng_key(key, i) : key, t);
    }
    return ns_from_s(sum);
}
