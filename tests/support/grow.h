/* Random architectures from the schemas alone.
 *
 * A scenario is grown from node_types[] and their tables of parameters and metrics, and from the
 * vocabularies of distributions, signals and faults; whatever is added there joins by itself. It is
 * mostly valid: rules that the tables do not say may be broken, and are then refused. Small enough
 * to run in well under a second. The same seed grows the same tree. */
#ifndef NINES_TESTS_GROW_H
#define NINES_TESTS_GROW_H

#include "core/schema.h"
#include "tree.h"

enum { GROW_CASES = 2 };

/* `featured` (NULL: none) is the component to have in it if that is possible. */
struct tree *grow(struct arena *a, uint64_t seed, const struct node_type *featured);

/* The names of the cases that a tree has, besides base: at most GROW_CASES. */
uint32_t grow_cases(const struct tree *file, const char *names[GROW_CASES]);

/* A table of requests that all sources can read: to be written beside the scenarios as GROW_TABLE.
 */
#define GROW_TABLE "random.csv"
bool grow_table(const char *path);

#endif
