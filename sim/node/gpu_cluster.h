/* A cluster of GPU nodes. Private to gpu_cluster.c, which takes jobs and is told of nodes, and
 * gpu_place.c, which places pods and runs jobs. */
#ifndef NINES_NODE_GPU_CLUSTER_H
#define NINES_NODE_GPU_CLUSTER_H

#include "core/sim.h"

enum { GPU_PODS, GPU_GPUS, GPU_SERVICE, GPU_PULL }; /* what is drawn; GPU_PULL + i: on node i */
enum { GPU_NODES = 64, GPU_IMAGES = 64 };           /* at most; an image is that of a class */
enum gpu_scheduling { POD_BY_POD, GANG };
enum gpu_placement { SPREAD, BINPACK };

struct gpu_cluster {
    struct node base;
    int64_t nodes, gpus_per_node;
    struct quantity *pods, *gpus, *service, *image_pull;
    int scheduling, placement;
    bool pre_pulled;

    int64_t present, most; /* nodes that are there: the first ones; that were, at some time */
    int64_t unused[GPU_NODES];
    ns_t image[GPU_NODES][GPU_IMAGES]; /* when a node has it, or had; NS_NEVER: it has not */
    struct list waiting, complete;     /* jobs: some pods are missing; all are placed */
    struct rng rng;
    struct integral capacity, busy, held, queue, deadlocked, fragmented; /* the first three: GPUs */
    uint64_t rejected, lost;
};

struct gpu_job {
    struct call base;
    ns_t came, able; /* able: when the last image will be there */
    int64_t pods, gpus, placed;
    bool complete, serving;
    uint16_t on[GPU_NODES]; /* pods on each node */
};

static inline struct gpu_cluster *cluster_of(struct node *n) {
    return container_of(n, struct gpu_cluster, base);
}
static inline struct gpu_job *job_of(struct call *c) {
    return container_of(c, struct gpu_job, base);
}
static inline struct gpu_job *job_at(struct list *l) {
    return job_of(call_of_wait(l));
}
static inline ns_t gpu_now(const struct gpu_cluster *k) {
    return k->base.sim->clock.now;
}

/* Places what can be placed, now that something has changed. */
void gpu_schedule(struct gpu_cluster *k);

/* Nodes [from, to) are new: empty, without images. */
void gpu_add_nodes(struct gpu_cluster *k, int64_t from, int64_t to);

/* A job has come: pod by pod it takes what is unused. */
void gpu_offer(struct gpu_cluster *k, struct gpu_job *j);

/* A job gives back all that it has; its call is about to end. */
void gpu_leave(struct gpu_cluster *k, struct gpu_job *j);

/* All is gone, in a crash: nothing is deadlocked or in fragments. */
void gpu_forget(struct gpu_cluster *k);

#endif
