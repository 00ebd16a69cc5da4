/* Allocations that fail on demand, and a count of the blocks that are alive: for the one file of a
 * test program that includes this. malloc and its relatives are replaced for the whole process, so
 * those of Lua, GSL, Jansson, zlib and the C library are seen as well. */
#ifndef NINES_TESTS_STARVE_H
#define NINES_TESTS_STARVE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STARVE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(STARVE_ASAN)
#define BELOW(name) __interceptor_##name
enum { SEES_ALL = 0 }; /* the sanitizer's strdup goes past us; it counts for itself */
#else
#define BELOW(name) __libc_##name
enum { SEES_ALL = 1 };
#endif
void *BELOW(malloc)(size_t size);
void *BELOW(calloc)(size_t n, size_t size);
void *BELOW(realloc)(void *p, size_t size);
void *BELOW(memalign)(size_t align, size_t size);
void BELOW(free)(void *p);

/* Of the thread that set it: the next `left` allocations succeed, then one fails, or all. */
static _Thread_local struct {
    bool armed, all, fired;
    long left;
} starve;
static long alive;

static void starve_arm(long n, bool all) {
    starve.armed = true;
    starve.all = all;
    starve.fired = false;
    starve.left = n;
}

/* Did one fail since? */
static bool starve_disarm(void) {
    starve.armed = false;
    return starve.fired;
}

static bool fails(void) {
    if (!starve.armed || (starve.fired && !starve.all))
        return false;
    if (!starve.fired && starve.left-- > 0)
        return false;
    starve.fired = true;
    errno = ENOMEM;
    return true;
}

static void *count(void *p) {
    if (p)
        __atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
    return p;
}

void *malloc(size_t size) {
    return fails() ? NULL : count(BELOW(malloc)(size));
}

void *calloc(size_t n, size_t size) {
    return fails() ? NULL : count(BELOW(calloc)(n, size));
}

void *realloc(void *p, size_t size) {
    if (fails())
        return NULL;
    void *q = BELOW(realloc)(p, size);
    return p ? q : count(q);
}

void *aligned_alloc(size_t align, size_t size) {
    return fails() ? NULL : count(BELOW(memalign)(align, size));
}

/* What must be the same before and after: blocks, and the next file descriptor. */
struct held {
    long blocks;
    int fd;
};

static struct held held_now(void) {
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return (struct held){SEES_ALL ? alive : 0, fd};
}

void free(void *p) {
    if (p)
        __atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
    BELOW(free)(p);
}

/* One clean sentence, with advice. */
static void assert_clean(const struct error *e) {
    assert_says(e->text, "out of memory");
    assert_says(e->text, "--jobs 1");
    if (strchr(e->text, '\n') || strlen(e->text) > 250) {
        print_error("not one clean sentence: %s\n", e->text);
        fail();
    }
}

/* Nothing is left of the attempt at which allocation `n` failed. */
static void assert_same_held(struct held before, long n, const struct error *e) {
    struct held now = held_now();
    if (now.blocks == before.blocks && now.fd == before.fd)
        return;
    print_error("allocation %ld: %ld blocks, %d files are left: %s\n", n,
                now.blocks - before.blocks, now.fd - before.fd, e->text);
    fail();
}

#endif
