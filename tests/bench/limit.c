/* What the machine allows: the benchmark models written by hand, without components, meters or
 * audit.
 *
 *   limit [-n RUNS]      prints M customers (or requests) a second of CPU time, median of RUNS (5)
 *
 * lindley     waiting times of M/M/1 by Lindley's recursion: no events at all
 * next-event  M/M/1 with its two next times in two variables
 * callbacks   M/M/1 with a 4-ary heap of events that call back
 * pods        20 pods of 25 servers behind random routing; a timeout for each request, set and
 *             cancelled in a FIFO, services in a 4-ary heap
 *
 * All draw from the generator that Nines uses, sequentially. Each prints the mean it found, so that
 * nothing is optimised away and anybody can see that it is the same model. */
#include <stdint.h>

#include "base/rng.h"
#include "measure.h"

enum { QUEUE = 1 << 16, PODS = 20, SERVERS = 25 };

/* ---- M/M/1 at 90 % load: mean sojourn 10 services */

static double lindley(uint64_t n) {
    struct rng r = {1};
    double wait = 0, sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        double service = 0.9 * rng_exponential(&r);
        sum += wait + service;
        double next = wait + service - rng_exponential(&r);
        wait = next > 0 ? next : 0;
    }
    return sum / (double)n / 0.9;
}

static double next_event(uint64_t n) {
    static double since[QUEUE];
    struct rng r = {1};
    double arrival = rng_exponential(&r), departure = 1e300, sum = 0;
    uint64_t head = 0, tail = 0;
    while (head < n) {
        if (arrival < departure) {
            since[tail++ % QUEUE] = arrival;
            if (tail == head + 1)
                departure = arrival + 0.9 * rng_exponential(&r);
            arrival += rng_exponential(&r);
        } else {
            sum += departure - since[head++ % QUEUE];
            departure = head == tail ? 1e300 : departure + 0.9 * rng_exponential(&r);
        }
    }
    return sum / (double)n / 0.9;
}

/* ---- a heap of events that call back */

struct timer;
struct timer {
    void (*fire)(struct timer *);
};
struct entry {
    int64_t time;
    struct timer *timer;
};
static struct entry heap[1024];
static uint32_t heaped;
static int64_t now;

static void heap_put(int64_t time, struct timer *t) {
    uint32_t i = heaped++;
    for (; i && heap[(i - 1) / 4].time > time; i = (i - 1) / 4)
        heap[i] = heap[(i - 1) / 4];
    heap[i] = (struct entry){time, t};
}

static struct timer *heap_take(void) {
    struct timer *first = heap[0].timer;
    struct entry last = heap[--heaped];
    uint32_t i = 0;
    now = heap[0].time;
    for (uint32_t c; (c = 4 * i + 1) < heaped; i = c) {
        uint32_t end = c + 4 < heaped ? c + 4 : heaped, best = c;
        for (uint32_t k = c + 1; k < end; k++)
            best = heap[k].time < heap[best].time ? k : best;
        if (heap[c = best].time >= last.time)
            break;
        heap[i] = heap[c];
    }
    heap[i] = last;
    return first;
}

static int64_t draw(struct rng *r, double mean) {
    return (int64_t)(mean * rng_exponential(r) + 0.5);
}

static struct {
    struct timer arrival, departure;
    struct rng rng;
    int64_t since[QUEUE];
    uint64_t head, tail;
    double sum;
} one;

static void arrive(struct timer *t) {
    one.since[one.tail++ % QUEUE] = now;
    if (one.tail == one.head + 1)
        heap_put(now + draw(&one.rng, 900), &one.departure);
    heap_put(now + draw(&one.rng, 1000), t);
}

static void depart(struct timer *t) {
    one.sum += (double)(now - one.since[one.head++ % QUEUE]);
    if (one.head != one.tail)
        heap_put(now + draw(&one.rng, 900), t);
}

static double callbacks(uint64_t n) {
    memset(&one, 0, sizeof one);
    one.arrival.fire = arrive;
    one.departure.fire = depart;
    heaped = 0;
    heap_put(0, &one.arrival);
    while (one.head < n) {
        struct timer *t = heap_take();
        t->fire(t);
    }
    return one.sum / (double)n / 900;
}

/* ---- pods: 40,000 requests/s, 10 ms of service, 100 ms of patience */

struct job {
    struct timer done;
    struct job *next, *later, *sooner; /* in the pod's queue; in the FIFO of timeouts */
    int64_t since;
    uint32_t pod;
};
static struct {
    struct timer arrival;
    struct rng rng;
    struct job *spare, timeouts; /* a ring with a sentinel */
    struct pod {
        uint32_t busy;
        struct job *head, *tail;
    } pod[PODS];
    uint64_t finished, expired;
    double sum;
} all;

static void pod_start(struct job *j) {
    all.pod[j->pod].busy++;
    heap_put(now + draw(&all.rng, 1e7), &j->done);
}

static void pod_done(struct timer *t) {
    struct job *j = (struct job *)(void *)t;
    struct pod *p = &all.pod[j->pod];
    all.sum += (double)(now - j->since);
    all.finished++;
    all.expired += now - j->since > 100000000;
    j->later->sooner = j->sooner; /* the timeout is cancelled */
    j->sooner->later = j->later;
    j->next = all.spare;
    all.spare = j;
    p->busy--;
    if (p->head) {
        struct job *first = p->head;
        p->head = first->next;
        pod_start(first);
    }
}

static void pod_arrive(struct timer *t) {
    struct job *j = all.spare;
    if (j)
        all.spare = j->next;
    else
        j = malloc(sizeof *j);
    if (!j)
        abort();
    *j = (struct job){.done = {pod_done}, .since = now, .pod = (uint32_t)rng_below(&all.rng, PODS)};
    j->later = &all.timeouts;
    j->sooner = all.timeouts.sooner;
    j->sooner->later = all.timeouts.sooner = j;
    struct pod *p = &all.pod[j->pod];
    if (p->busy < SERVERS)
        pod_start(j);
    else {
        if (p->head)
            p->tail->next = j;
        else
            p->head = j;
        p->tail = j;
    }
    heap_put(now + draw(&all.rng, 25000), t);
}

static double pods(uint64_t n) {
    memset(&all, 0, sizeof all);
    all.timeouts.later = all.timeouts.sooner = &all.timeouts;
    all.arrival.fire = pod_arrive;
    heaped = 0;
    heap_put(0, &all.arrival);
    while (all.finished < n) {
        struct timer *t = heap_take();
        t->fire(t);
    }
    return all.sum / (double)n / 1e7;
}

/* ---- */

static void measure(const char *name, double (*model)(uint64_t), uint64_t n, int runs) {
    double time[MOST_RUNS], mean = 0;
    for (int i = 0; i < runs; i++) {
        double begin = cpu_time();
        mean = model(n);
        time[i] = cpu_time() - begin;
    }
    printf("limit %-12s %8.2f M/s   mean sojourn %.3f services\n", name,
           (double)n / median(time, runs) / 1e6, mean);
}

int main(int argc, char **argv) {
    int runs = runs_wanted(argc, argv);
    if (!runs)
        return 2;
    measure("lindley", lindley, 10000000, runs);
    measure("next-event", next_event, 10000000, runs);
    measure("callbacks", callbacks, 10000000, runs);
    measure("pods", pods, 4000000, runs);
    return 0;
}
