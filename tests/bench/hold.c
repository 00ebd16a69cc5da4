/* The hold model (Vaucher & Duval, CACM 18(4), 1975): n events are pending; the first fires and is
 * scheduled again after an exponential delay. Nanoseconds of CPU time an event, beside a 4-ary heap
 * written by hand without anything else.
 *
 *   hold [-n RUNS]      medians of RUNS (5)
 */
#include "base/mem.h"
#include "base/rng.h"
#include "core/event.h"
#include "measure.h"

enum { STEPS = 3000000 };

static ns_t delay(struct rng *r) {
    return (ns_t)(1e9 * rng_exponential(r));
}

/* ---- ours */

static struct rng dice;
static struct clock clk;

static void again(struct event *e) {
    event_at(&clk, e, clk.now + delay(&dice));
}

static double ours(uint32_t n) {
    struct event *e = mem_zero(n * sizeof *e);
    dice.state = 1;
    clock_init(&clk);
    for (uint32_t i = 0; i < n; i++) {
        event_init(&e[i], again);
        event_at(&clk, &e[i], delay(&dice));
    }
    for (uint32_t i = 0; i < n; i++)
        clock_step(&clk);
    double begin = cpu_time();
    for (uint32_t i = 0; i < STEPS; i++)
        clock_step(&clk);
    double t = cpu_time() - begin;
    clock_release(&clk);
    free(e);
    return t / STEPS * 1e9;
}

/* ---- by hand: replace the top and sift */

struct entry {
    ns_t time;
    uint64_t seq;
    struct item *item;
};
struct item { /* as large as an event of ours, and called through a pointer as well */
    void (*fire)(struct item *);
    uint32_t slot;
    char more[64];
};
static struct entry *heap;
static uint32_t heaped;
static uint64_t seq;

static void sift(uint32_t n, struct entry x) {
    uint32_t i = 0;
    for (uint32_t c; (c = 4 * i + 1) < n; i = c) {
        uint32_t end = c + 4 < n ? c + 4 : n, best = c;
        for (uint32_t k = c + 1; k < end; k++)
            if (heap[k].time < heap[best].time ||
                (heap[k].time == heap[best].time && heap[k].seq < heap[best].seq))
                best = k;
        c = best;
        if (heap[c].time > x.time || (heap[c].time == x.time && heap[c].seq > x.seq))
            break;
        heap[i] = heap[c];
        heap[i].item->slot = i;
    }
    heap[i] = x;
    x.item->slot = i;
}

static int by_time(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    return (a->time > b->time) - (a->time < b->time);
}

static void once_more(struct item *x) {
    sift(heaped, (struct entry){heap[0].time + delay(&dice), seq++, x});
}

static double by_hand(uint32_t n) {
    struct item *item = mem_zero(n * sizeof *item);
    heap = mem_zero(n * sizeof *heap);
    dice.state = 1;
    heaped = n;
    for (uint32_t i = 0; i < n; i++) {
        item[i].fire = once_more;
        heap[i] = (struct entry){delay(&dice), seq++, &item[i]};
    }
    qsort(heap, n, sizeof *heap, by_time); /* sorted is a heap */
    double begin = 0;
    for (uint32_t i = 0; i < n + STEPS; i++) {
        if (i == n)
            begin = cpu_time();
        heap[0].item->fire(heap[0].item);
    }
    double t = cpu_time() - begin;
    free(heap);
    free(item);
    return t / STEPS * 1e9;
}

int main(int argc, char **argv) {
    int runs = runs_wanted(argc, argv);
    if (!runs)
        return 2;
    for (uint32_t n = 10; n <= 1000000; n *= 10) {
        double a[MOST_RUNS], b[MOST_RUNS];
        for (int i = 0; i < runs; i++) {
            a[i] = ours(n);
            b[i] = by_hand(n);
        }
        double here = median(a, runs), hand = median(b, runs);
        printf("hold %-8u %6.0f ns/event   4-ary heap by hand %6.0f   ratio %.2f\n", n, here, hand,
               here / hand);
    }
    return 0;
}
