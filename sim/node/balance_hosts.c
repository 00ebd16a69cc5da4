/* The hosts of a balancer and the sets in which they stand. */
#include <string.h>

#include "core/sim.h"
#include "node/balance.h"

/* ---- sets */

/* The place of a target, or where it would be. */
static uint32_t place_in(const struct host_set *s, uint32_t i) {
    uint32_t from = 0, to = s->n;
    while (from < to) {
        uint32_t mid = (from + to) / 2;
        if (s->at[mid] < i)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Round robin goes on with whom it would have been. */
static void put(struct host_set *s, uint32_t i) {
    uint32_t p = place_in(s, i);
    memmove(s->at + p + 1, s->at + p, (s->n - p) * sizeof *s->at);
    s->at[p] = i;
    s->n++;
    s->next += p < s->next;
    s->stale = true;
}

static void take(struct host_set *s, uint32_t i) {
    uint32_t p = place_in(s, i);
    s->n--;
    memmove(s->at + p, s->at + p + 1, (s->n - p) * sizeof *s->at);
    s->next -= p < s->next;
    if (s->next >= s->n)
        s->next = 0;
    s->stale = true;
}

static void move(struct host_set *s, uint32_t i, bool in) {
    if (in)
        put(s, i);
    else
        take(s, i);
}

/* ---- shares */

static bool zoned(const struct balance *b, uint32_t level) {
    return level == 0 && b->zones.routing != ZONE_OFF && !b->share[0].panic;
}

static enum zone_routing route_zones(struct balance *b) {
    struct zones *z = &b->zones;
    uint32_t from = 0;
    for (uint32_t i = 0; i < z->n; i++) {
        z->able[i] = z->set[i].n;
        from += z->from[i] > 0;
    }
    if (z->n < 2 || from < 2 || b->level[0].able.n < z->min_cluster_size)
        return ZONE_OFF;
    if (z->force_min_size > 0 && z->able[z->here] >= z->force_min_size)
        return ZONE_DIRECT;
    return zone_share(z->from, z->able, z->n, z->here, &z->part, z->upto);
}

static struct host_set *set_of(struct balance *b, uint32_t level) {
    return b->share[level].panic ? &b->level[level].all : &b->level[level].able;
}

/* Where there is nothing to draw, nothing is drawn. */
static struct host_set *only_set(struct balance *b) {
    for (uint32_t l = 0; l < b->n_levels; l++)
        if (b->share[l].load == 100) {
            bool direct = zoned(b, l) && b->zones.routing == ZONE_DIRECT && b->zones.enabled >= 1;
            bool plain = !zoned(b, l) && !b->share[l].panic;
            return direct ? &b->zones.set[b->zones.here] : plain ? set_of(b, l) : NULL;
        }
    return NULL;
}

void hosts_share(struct balance *b) {
    for (uint32_t l = 0; l < b->n_levels; l++) {
        b->share[l].hosts = b->level[l].all.n;
        b->share[l].healthy = b->level[l].able.n;
    }
    priority_share(b->share, b->n_levels, (uint32_t)b->overprovisioning, b->panic_threshold);
    b->zones.routing = b->zones.on ? route_zones(b) : ZONE_OFF;
    b->only = only_set(b);
}

static struct host_set *choose_zone(struct balance *b, const struct call *c) {
    const struct zones *z = &b->zones;
    struct rng r = call_rng(c, PURPOSE_ZONE);
    if (z->enabled < 1 && rng_unit(&r) >= z->enabled)
        return &b->level[0].able;
    if (z->routing == ZONE_DIRECT || rng_below(&r, 10000) < z->part)
        return &z->set[z->here];
    uint32_t left = z->upto[z->n - 1], i = 0;
    if (!left) /* rounding has eaten it */
        return &b->level[0].able;
    for (uint32_t x = (uint32_t)rng_below(&r, left); x >= z->upto[i]; i++)
        ;
    return &z->set[i];
}

struct host_set *hosts_choose(struct balance *b, const struct call *c) {
    uint32_t l = 0;
    if (b->n_levels > 1) {
        struct rng r = call_rng(c, PURPOSE_LEVEL);
        bool hashed = b->policy == RING_HASH || b->policy == MAGLEV;
        l = priority_of(b->share, b->n_levels, hashed ? pick_hash(b, c) : rng_next(&r));
    }
    if (b->share[l].panic) {
        b->panicked++;
        return b->zones.fail_on_panic ? NULL : &b->level[l].all;
    }
    return zoned(b, l) ? choose_zone(b, c) : &b->level[l].able;
}

/* ---- changes */

void hosts_stale(struct balance *b) {
    for (uint32_t l = 0; l < b->n_levels; l++)
        b->level[l].able.stale = b->level[l].all.stale = true;
    for (uint32_t z = 0; z < b->zones.n; z++)
        b->zones.set[z].stale = true;
}

/* Who was there at the beginning is warm. */
static void begin_slowly(struct balance *b, uint32_t i) {
    ns_t now = b->base.sim->clock.now;
    b->host[i].joined = now ? now : -b->slow.window;
    if (!now || !b->slow.window)
        return;
    b->slow.until = now + b->slow.window;
    hosts_stale(b);
}

void host_changed(struct balance *b, uint32_t i) {
    struct host *h = &b->host[i];
    struct level *l = &b->level[h->level];
    bool able = host_able(h);
    if (h->in_all != h->present)
        move(&l->all, i, h->in_all = h->present);
    if (h->in_able != able) {
        move(&l->able, i, h->in_able = able);
        if (b->zones.on && h->level == 0)
            move(&b->zones.set[h->zone], i, able);
    }
    hosts_share(b);
}

static void heard(struct group_ear *ear, uint32_t index, bool ready) {
    struct balance_ear *x = container_of(ear, struct balance_ear, ear);
    uint32_t i = x->first + index;
    struct host *h = &x->of->host[i];
    outlier_forget(x->of, i);
    h->present = ready;
    h->ejected = false;
    h->unhealthy = ready && x->of->checked && x->of->base.sim->clock.now;
    if (ready)
        begin_slowly(x->of, i);
    host_changed(x->of, i);
}

void host_verdict(struct balance *b, uint32_t i, bool healthy) {
    struct host *h = &b->host[i];
    if (h->present && h->unhealthy == healthy) {
        h->unhealthy = !healthy;
        if (healthy)
            begin_slowly(b, i);
        host_changed(b, i);
    }
    if (h->present && healthy)
        outlier_checked(b, i);
}

static void listen(struct balance *b) {
    b->ear = arena_alloc(&b->base.sim->arena, b->targets.n_parts * sizeof *b->ear + 1);
    for (uint32_t p = 0; p < b->targets.n_parts; p++) {
        const struct edge_part *part = &b->targets.part[p];
        b->ear[p] = (struct balance_ear){{.changed = heard}, b, part->first};
        if (part->is_group)
            group_listen(group_of(part->given), &b->ear[p].ear);
    }
}

/* ---- set-up */

static void open_set(struct balance *b, struct host_set *s, uint32_t level) {
    struct arena *a = &b->base.sim->arena;
    uint32_t n = b->targets.n;
    *s = (struct host_set){.level = level, .stale = true};
    s->at = arena_alloc(a, n * sizeof *s->at);
    if (b->policy == ROUND_ROBIN || b->policy == LEAST_REQUEST)
        s->edf.heap = arena_alloc(a, n * sizeof *s->edf.heap);
    if (b->policy == RANDOM)
        s->upto = arena_alloc(a, n * sizeof *s->upto);
    if (b->policy == JOIN_SHORTEST_QUEUE || b->policy == LEAST_REQUEST)
        shortest_init(&s->queue, arena_alloc(a, n * sizeof(uint32_t)),
                      arena_alloc(a, n * sizeof(uint32_t)), n);
}

void hosts_open(struct balance *b) {
    struct arena *a = &b->base.sim->arena;
    b->level = arena_alloc(a, b->n_levels * sizeof *b->level);
    b->share = arena_alloc(a, b->n_levels * sizeof *b->share);
    for (uint32_t l = 0; l < b->n_levels; l++) {
        open_set(b, &b->level[l].able, l);
        open_set(b, &b->level[l].all, l);
    }
    for (uint32_t z = 0; z < b->zones.n; z++)
        open_set(b, &b->zones.set[z], 0);
    pick_open(b);
    listen(b);
    b->slow.until = -1;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        b->host[i].present = target_ready(&b->targets, i);
        b->host[i].joined = -b->slow.window;
        host_changed(b, i);
    }
}

void hosts_release(struct balance *b) {
    for (uint32_t l = 0; b->level && l < b->n_levels; l++) {
        shortest_release(&b->level[l].able.queue);
        shortest_release(&b->level[l].all.queue);
    }
    for (uint32_t z = 0; b->zones.set && z < b->zones.n; z++)
        shortest_release(&b->zones.set[z].queue);
}

/* ---- full audit */

static bool ascends(const struct balance *b, const struct host_set *s, bool able) {
    for (uint32_t k = 0; k < s->n; k++) {
        const struct host *h = &b->host[s->at[k]];
        if (h->level != s->level || !(able ? h->in_able : h->in_all) ||
            (k && s->at[k] <= s->at[k - 1]))
            return false;
    }
    return (s->next < s->n || !s->next) && (s->stale || pick_check(b, s));
}

bool hosts_check(const struct balance *b, struct error *e) {
    uint32_t present = 0, able = 0, all_sets = 0, able_sets = 0, zoned_sets = 0, load = 0;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        const struct host *h = &b->host[i];
        if (h->present != target_ready(&b->targets, i) || h->in_all != h->present ||
            h->in_able != host_able(h) || (!h->present && (h->ejected || h->unhealthy)))
            return error_set(e, "target %u is not what its group says it is", i + 1);
        present += h->present;
        able += h->in_able;
    }
    for (uint32_t l = 0; l < b->n_levels; l++) {
        const struct level *x = &b->level[l];
        if (!ascends(b, &x->able, true) || !ascends(b, &x->all, false))
            return error_set(e, "a set of priority %u is out of order", l);
        all_sets += x->all.n;
        able_sets += x->able.n;
        load += b->share[l].load;
    }
    for (uint32_t z = 0; z < b->zones.n; z++) {
        if (!ascends(b, &b->zones.set[z], true))
            return error_set(e, "the set of zone '%s' is out of order", b->zones.name[z]);
        zoned_sets += b->zones.set[z].n;
    }
    return (present == all_sets && able == able_sets && load == 100 &&
            (!b->zones.on || zoned_sets == b->level[0].able.n)) ||
           error_set(e, "%u targets are there, %u in sets; %u able, %u in sets; %u %% of the calls",
                     present, all_sets, able, able_sets, load);
}
