/* Budgets for extra attempts: how many a retry, or a hedge, may add to what its callers ask for.
 *
 *     per_second < 0    a share of the calls that are active below: an attempt holds a slot from
 *                       the decision until its answer (Envoy's retry budget)
 *     per_second >= 0   a share of the first attempts of the last `ttl`, and so many a second
 *                       besides (Finagle's RetryBudget); nothing is given back
 *
 * A bucket of tokens is a third kind: good answers, or first attempts, pay in, and extra attempts
 * take out (the AWS SDKs' retry quota). All state is embedded; nothing is allocated or freed. */
#ifndef NINES_NODE_BUDGET_H
#define NINES_NODE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { BUDGET_SLOTS = 10 };

struct budget {
    double ratio;      /* below 0: no budget */
    int64_t floor;     /* attempts that are always allowed at the same time */
    double per_second; /* below 0: a share of what is active */
    ns_t ttl;

    int64_t held; /* slots */
    struct {
        uint64_t first, extra;
    } slot[BUDGET_SLOTS], sum; /* of the last ttl, a tenth of it a slot */
    int64_t turn;              /* tenths since the beginning of the clock */
};

/* The two events that it keeps books of. `active` are the calls under way below at this moment. */
void budget_first(struct budget *b, ns_t now);
bool budget_take(struct budget *b, ns_t now, int64_t active);

/* The answer to an extra attempt has come, or is not waited for any more. */
static inline void budget_release(struct budget *b) {
    b->held--;
}

enum deposit { DEPOSIT_SUCCESS, DEPOSIT_FIRST_TRY };

struct tokens {
    double capacity; /* below 0: no bucket; it starts full */
    double cost, timeout_cost, deposit;
    int deposit_on;
    bool refund; /* what succeeds after all gets back what its last attempt cost */
    double balance;
};

/* A first attempt. */
void tokens_first(struct tokens *t);

/* Pays for another attempt, or refuses; what was paid goes into *cost. */
bool tokens_take(struct tokens *t, bool after_timeout, double *cost);

/* The attempt is not made after all. */
void tokens_return(struct tokens *t, double cost);

/* A good answer; `cost` is what the last attempt was paid with, 0 for a first one. */
void tokens_success(struct tokens *t, double cost);

#endif
