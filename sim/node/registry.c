#include "node/registry.h"

#include <string.h>

#include "core/group.h"

const struct node_type *const node_types[] = {
    &async_type,  &balance_type, &batch_type,    &breaker_type, &bulkhead_type, &cache_type,
    &chain_type,  &closed_type,  &degraded_type, &delay_type,   &fail_type,     &fallback_type,
    &fanout_type, &hedge_type,   &limiter_type,  &loop_type,    &mirror_type,   &open_type,
    &pool_type,   &queue_type,   &replicas_type, &retry_type,   &sessions_type, &shed_type,
    &split_type,  &station_type, &timeout_type,  &trace_type,   NULL,
};

const struct node_type *node_type_find(const char *kind) {
    for (int i = 0; node_types[i]; i++)
        if (!strcmp(node_types[i]->kind, kind))
            return node_types[i];
    return NULL;
}
