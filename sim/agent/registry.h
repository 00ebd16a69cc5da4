/* Agents: components that act on their own clock. They stand in scenario.agents and nobody calls
 * them. A new agent is one file in this folder, one line here and one in registry.c. */
#ifndef NINES_AGENT_REGISTRY_H
#define NINES_AGENT_REGISTRY_H

#include "core/schema.h"

extern const struct node_type alert_type, autoscaler_type, health_check_type, replication_type,
    spot_type;

/* Ends with NULL; in alphabetical order. */
extern const struct node_type *const agent_types[];

/* All that a scenario may name: those of node/registry.h and then the agents. NULL: no such. */
const struct node_type *component_at(int i);
const struct node_type *component_find(const char *kind);

#endif
