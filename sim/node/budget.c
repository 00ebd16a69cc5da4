#include "node/budget.h"

#include <math.h>
#include <string.h>

/* Tenths leave the window whole, so it spans between nine and ten of them. */
static void roll(struct budget *b, ns_t now) {
    ns_t tenth = b->ttl / BUDGET_SLOTS > 0 ? b->ttl / BUDGET_SLOTS : 1;
    int64_t turn = now / tenth;
    if (turn < b->turn || turn - b->turn >= BUDGET_SLOTS) { /* back only when ttl was changed */
        memset(b->slot, 0, sizeof b->slot);
        memset(&b->sum, 0, sizeof b->sum);
        b->turn = turn;
    }
    while (b->turn < turn) {
        uint32_t i = (uint32_t)(++b->turn % BUDGET_SLOTS);
        b->sum.first -= b->slot[i].first;
        b->sum.extra -= b->slot[i].extra;
        b->slot[i].first = b->slot[i].extra = 0;
    }
}

void budget_first(struct budget *b, ns_t now) {
    if (b->per_second < 0)
        return;
    roll(b, now);
    b->slot[b->turn % BUDGET_SLOTS].first++;
    b->sum.first++;
}

/* The slack forgives rounding: ten shares of 0.1 make one attempt. */
static bool take_from_window(struct budget *b, ns_t now) {
    roll(b, now);
    double balance = b->per_second * ns_to_s(b->ttl) + b->ratio * (double)b->sum.first;
    if (balance - (double)b->sum.extra < 1 - 1e-9)
        return false;
    b->slot[b->turn % BUDGET_SLOTS].extra++;
    b->sum.extra++;
    return true;
}

bool budget_take(struct budget *b, ns_t now, int64_t active) {
    if (b->ratio >= 0 && b->per_second >= 0 && !take_from_window(b, now))
        return false;
    if (b->ratio >= 0 && b->per_second < 0 &&
        (double)b->held >= fmax((double)b->floor, floor(b->ratio * (double)active + 1e-9)))
        return false;
    b->held++;
    return true;
}

static void pay_in(struct tokens *t, double amount) {
    t->balance = fmin(t->capacity, t->balance + amount);
}

void tokens_first(struct tokens *t) {
    if (t->deposit_on == DEPOSIT_FIRST_TRY)
        pay_in(t, t->deposit);
}

bool tokens_take(struct tokens *t, bool after_timeout, double *cost) {
    *cost = after_timeout ? t->timeout_cost : t->cost;
    if (t->capacity < 0)
        return true;
    if (fmin(t->balance, t->capacity) < *cost - 1e-9)
        return false;
    t->balance = fmin(t->balance, t->capacity) - *cost;
    return true;
}

void tokens_return(struct tokens *t, double cost) {
    pay_in(t, cost);
}

void tokens_success(struct tokens *t, double cost) {
    if (t->refund && cost > 0)
        pay_in(t, cost);
    else if (t->deposit_on == DEPOSIT_SUCCESS)
        pay_in(t, t->deposit);
}
