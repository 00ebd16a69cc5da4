/* When to look at the replications that there are, and how sure to be at each look.
 *
 * Looking again and again until something is decided makes more errors than looking once. The
 * error that a verdict may have (5 %) is therefore spent over the looks: at the k-th of K looks
 * 5 % / (k (k + 1)), at the last one what is left, 5 % / K. The parts add up to 5 %, so whatever
 * the dependence between looks, a wrong verdict is reached in at most 5 % of all studies
 * (Bonferroni). Sources: the group sequential method of Pocock, Biometrika 64 (1977), and error
 * spending of Lan & DeMets, Biometrika 70 (1983), with fixed instead of estimated information
 * times. */
#ifndef NINES_LAB_LOOKS_H
#define NINES_LAB_LOOKS_H

#include <stdint.h>

enum { LOOKS_MOST = 40 };
#define LOOKS_ERROR 0.05

struct looks {
    uint32_t n[LOOKS_MOST]; /* replications at each look, ascending */
    int count;
};

/* `first` replications, then half as many again each time (rounded up), the last look at `limit`
 * (up to 10^6). When limit <= first there is one look, at `limit`. One replication decides nothing:
 * a first look at 1 becomes one at 2 where the limit allows it. */
void looks_plan(struct looks *l, uint32_t first, uint32_t limit);

/* Confidence of the intervals that decide at look k = 0 … count - 1; 0.95 when it is the only one.
 */
double looks_confidence(const struct looks *l, int k);

#endif
