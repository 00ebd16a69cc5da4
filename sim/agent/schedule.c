#include "agent/schedule.h"

#include <stdlib.h>

#include "core/schema.h"

struct line {
    ns_t at;
    int64_t min;
};

static const struct param params[] = {
    PARAM(TIME, "at", struct line, at, NULL, "time of the day", .flags = REQUIRED),
    PARAM(INTEGER, "min", struct line, min, NULL, "replicas from then on", .flags = REQUIRED,
          .max = 1e5),
    {0},
};

static int by_time(const void *x, const void *y) {
    const struct schedule_entry *a = x, *b = y;
    return a->at < b->at ? -1 : a->at > b->at;
}

static bool read_line(struct schedule *s, uint32_t i, const struct value *v, struct error *e) {
    struct line l = {0, 0};
    if (v->type != VALUE_TABLE)
        return error_set(e, "entry %u is %s; it wants { at = \"8h\", min = 10 }", i + 1,
                         value_type_name(v));
    if (!schema_read(NULL, &l, NULL, params, &v->table, e))
        return error_prefix(e, "entry %u", i + 1);
    if (l.at >= s->period)
        return error_set(e, "entry %u: at is not within the period, after which all repeats",
                         i + 1);
    s->at[i] = (struct schedule_entry){l.at, l.min};
    return true;
}

bool schedule_read(struct schedule *s, struct arena *a, const struct value *v, ns_t period,
                   struct error *e) {
    *s = (struct schedule){.period = period};
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE || !v->table.n || table_count(&v->table) != v->table.n)
        return error_set(e, "it wants a list such as { { at = \"8h\", min = 10 }, … }");
    s->n = v->table.n;
    s->at = arena_alloc(a, s->n * sizeof *s->at);
    for (uint32_t i = 0; i < s->n; i++)
        if (!read_line(s, i, table_at(&v->table, i + 1), e))
            return false;
    qsort(s->at, s->n, sizeof *s->at, by_time);
    for (uint32_t i = 1; i < s->n; i++)
        if (s->at[i].at == s->at[i - 1].at)
            return error_set(e, "two entries begin at the same time");
    return true;
}

/* The time of the day; warm-up is the end of the day before. */
static ns_t of_day(const struct schedule *s, ns_t time) {
    ns_t t = time % s->period;
    return t < 0 ? t + s->period : t;
}

int64_t schedule_min(const struct schedule *s, ns_t time) {
    if (!s->n)
        return 0;
    ns_t t = of_day(s, time);
    uint32_t i = s->n;
    while (i && s->at[i - 1].at > t)
        i--;
    return s->at[i ? i - 1 : s->n - 1].min;
}

ns_t schedule_next(const struct schedule *s, ns_t time) {
    ns_t t = of_day(s, time);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->at[i].at > t)
            return time + s->at[i].at - t;
    return s->n ? time + s->period + s->at[0].at - t : NS_NEVER;
}

int64_t schedule_most(const struct schedule *s) {
    int64_t most = 0;
    for (uint32_t i = 0; i < s->n; i++)
        most = s->at[i].min > most ? s->at[i].min : most;
    return most;
}
