/* Reducing a scenario that does something remarkable to a small one that still does.
 *
 * Knows nothing of what is valid: a change after which the scenario is refused is not interesting,
 * and is taken back. */
#ifndef NINES_TESTS_SHRINK_H
#define NINES_TESTS_SHRINK_H

#include "tree.h"

/* Changes `file` in place while `holds` still does, until nothing more can be left out or made
 * plainer, or `tries` questions have been asked. Returns how many were. */
uint32_t shrink(struct arena *a, struct tree *file,
                bool (*holds)(void *ctx, const struct tree *file), void *ctx, uint32_t tries);

#endif
