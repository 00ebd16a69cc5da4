/* Someone who watches calls: spans, per-request tables, explanations. Costs nothing when absent. */
#ifndef NINES_CORE_OBSERVER_H
#define NINES_CORE_OBSERVER_H

#include "core/call.h"

struct observer {
    void (*begun)(struct observer *, const struct call *);
    void (*phase)(struct observer *, const struct call *, enum phase, ns_t spent);
    void (*finished)(struct observer *, const struct call *); /* outcome is set */
    /* `member` has waited for what `of` was sent for: a batch, a fetch for several. NULL: it is all
     * the same to this one. */
    void (*shared)(struct observer *, const struct call *member, const struct call *of, ns_t since);
};

#endif
