#include "node/registry.h"

#include "core/group.h"
#include "core/region.h"

const struct node_type *const node_types[] = {
    &balance_type, &batch_type,    &breaker_type, &bulkhead_type, &cache_type,    &chain_type,
    &closed_type,  &degraded_type, &delay_type,   &fail_type,     &fallback_type, &fanout_type,
    &geo_type,     &group_type,    &hedge_type,   &limiter_type,  &loop_type,     &mirror_type,
    &open_type,    &pool_type,     &region_type,  &replicas_type, &retry_type,    &shed_type,
    &split_type,   &station_type,  &timeout_type, &trace_type,    NULL,
};
