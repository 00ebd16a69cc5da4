/* Drives a live parameter along a signal: sets it whenever the signal changes. */
#ifndef NINES_CORE_DRIVE_H
#define NINES_CORE_DRIVE_H

#include "core/schema.h"

void drive_param(struct sim *sim, struct node *node, const struct param *p,
                 const struct quantity *signal);

#endif
