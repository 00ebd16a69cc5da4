/* All component types. A new component is one file in this folder, one line here and one in
 * registry.c. */
#ifndef NINES_NODE_REGISTRY_H
#define NINES_NODE_REGISTRY_H

#include "core/schema.h"

extern const struct node_type adaptive_concurrency_type, admission_control_type, async_type,
    aws_adaptive_type, balance_type, batch_type, breaker_type, bulkhead_type, cache_type,
    chain_type, closed_type, degraded_type, delay_type, fail_type, fallback_type, fanout_type,
    geo_type, gpu_cluster_type, hedge_type, limiter_type, loop_type, mirror_type, open_type,
    pool_type, queue_type, replicas_type, retry_type, sessions_type, shed_type, split_type,
    station_type, throttle_type, timeout_type, trace_type;

/* Ends with NULL; in alphabetical order. */
extern const struct node_type *const node_types[];

const struct node_type *node_type_find(const char *kind); /* NULL: none */

#endif
