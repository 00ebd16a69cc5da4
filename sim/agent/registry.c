#include "agent/registry.h"

#include <string.h>

#include "node/registry.h"

const struct node_type *const agent_types[] = {
    &alert_type, &autoscaler_type, &health_check_type, &replication_type, &spot_type, NULL,
};

const struct node_type *component_at(int i) {
    int n = 0;
    while (node_types[n])
        n++;
    return i < n ? node_types[i] : agent_types[i - n];
}

const struct node_type *component_find(const char *kind) {
    const struct node_type *t;
    for (int i = 0; (t = component_at(i)); i++)
        if (!strcmp(t->kind, kind))
            return t;
    return NULL;
}
