/* A timetable that repeats: from which time of the day on how many there should be. */
#ifndef NINES_AGENT_SCHEDULE_H
#define NINES_AGENT_SCHEDULE_H

#include "base/time.h"
#include "core/value.h"

struct schedule {
    struct schedule_entry {
        ns_t at;
        int64_t min;
    } * at; /* by time */
    uint32_t n;
    ns_t period;
};

/* `{ { at = "8h", min = 10 }, … }`; nothing given: an empty one. False with an error that does not
 * name the key. */
bool schedule_read(struct schedule *s, struct arena *a, const struct value *v, ns_t period,
                   struct error *e);

/* At a time of the run, which begins at 0 o'clock; 0 when it is empty. Before the first entry of a
 * day the last one of the day before holds. */
int64_t schedule_min(const struct schedule *s, ns_t time);

/* The next time after `time` at which an entry begins. */
ns_t schedule_next(const struct schedule *s, ns_t time);

/* The largest of all. */
int64_t schedule_most(const struct schedule *s);

#endif
