#include "lab/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct shared {
    const struct crew *crew;
    pthread_mutex_t lock;
    uint32_t next, done, failed_task;
    bool failed;
    struct error error;
};

struct worker {
    struct shared *shared;
    struct sim_progress progress;
};

static uint32_t take_task(struct shared *s) {
    pthread_mutex_lock(&s->lock);
    uint32_t task = s->failed || s->next == s->crew->tasks ? s->crew->tasks : s->next++;
    pthread_mutex_unlock(&s->lock);
    return task;
}

static void give_back(struct worker *me, uint32_t task, bool ok, const struct error *e) {
    struct shared *s = me->shared;
    pthread_mutex_lock(&s->lock);
    s->done++;
    __atomic_store_n(&me->progress.clock, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&me->progress.fired, 0, __ATOMIC_RELAXED);
    if (!ok && (!s->failed || task < s->failed_task)) { /* the first in order, whoever found it */
        s->failed = true;
        s->failed_task = task;
        s->error = *e;
    }
    pthread_mutex_unlock(&s->lock);
}

static void *work(void *arg) {
    struct worker *me = arg;
    const struct crew *c = me->shared->crew;
    for (uint32_t task; (task = take_task(me->shared)) < c->tasks;) {
        struct error e = {{0}};
        bool ok = c->run(c->ctx, task, &me->progress, &e);
        give_back(me, task, ok, &e);
    }
    return NULL;
}

/* Reports while the threads run; false when there is nothing left to wait for. */
static bool report(struct shared *s, const struct worker *workers, int n) {
    struct sim_progress sum = {0};
    pthread_mutex_lock(&s->lock);
    uint32_t done = s->done;
    bool over = done == s->crew->tasks || s->failed;
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < n; i++) {
        sum.clock += __atomic_load_n(&workers[i].progress.clock, __ATOMIC_RELAXED);
        sum.fired += __atomic_load_n(&workers[i].progress.fired, __ATOMIC_RELAXED);
    }
    if (!over)
        s->crew->tick(s->crew->ctx, done, &sum);
    return !over;
}

bool crew_run(const struct crew *c, struct error *e) {
    int jobs = c->jobs > (int)c->tasks ? (int)c->tasks : c->jobs, started = 0;
    struct shared s = {.crew = c};
    pthread_t *threads = calloc((size_t)jobs + 1, sizeof *threads);
    struct worker *workers = calloc((size_t)jobs + 1, sizeof *workers);
    if (!threads || !workers) {
        free(workers);
        free(threads);
        return mem_error(e, "starting the threads");
    }
    pthread_mutex_init(&s.lock, NULL);
    for (; started < jobs; started++) {
        workers[started].shared = &s;
        if (pthread_create(&threads[started], NULL, work, &workers[started]))
            break;
    }
    if (!started) { /* no thread to be had: do it here */
        workers[0].shared = &s;
        work(&workers[0]);
    }
    const struct timespec nap = {0, 100000000};
    while (c->tick && started && report(&s, workers, started))
        nanosleep(&nap, NULL);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&s.lock);
    free(workers);
    free(threads);
    return !s.failed || error_set(e, "%s", s.error.text);
}
