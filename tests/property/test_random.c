/* Random architectures: grown from the schemas, run under the full audit, twice; what fails is
 * reduced to a small file.
 *
 *     test_random                       as a test: some seconds from seed 1 on, and the shrinker
 * itself test_random SEED [COUNT [SECONDS]]  a hunt; 0: no limit. Failures go to
 * build/fuzz/random-SEED.lua */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/registry.h"
#include "check.h"

#include "grow.h"
#include "lab.h"
#include "shrink.h"
#include "trial.h"

#define FOLDER "build/fuzz"

struct hunt {
    uint64_t seed, cases, by_end[TRIAL_HANG + 1], calls;
    uint64_t kinds[100]; /* accepted scenarios with component_at((int)i) in them */
    uint32_t n_types;
    uint64_t failed;
    bool verbose;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool make_folder(void) {
    return (!mkdir("build", 0777) || errno == EEXIST) &&
           (!mkdir(FOLDER, 0777) || errno == EEXIST) && grow_table(FOLDER "/" GROW_TABLE);
}

/* ---- one scenario
 * ------------------------------------------------------------------------------------
 */

struct subject {
    uint64_t seed;
    char path[100], log[100];
    enum trial_end end;
};

static bool try(const struct subject *s, const struct tree *file, struct trial *t) {
    const char *cases[GROW_CASES];
    struct trial_options o = {
        .seed = s->seed, .cases = cases, .seconds = lab_quick() ? 40 : 8, .log = s->log};
    o.n_cases = grow_cases(file, cases);
    return tree_save(s->path, file) && trial_run(s->path, &o, t);
}

static bool fails_alike(void *ctx, const struct tree *file) {
    const struct subject *s = ctx;
    struct trial t;
    return try(s, file, &t) && t.end == s->end;
}

static void reduce(struct arena *a, struct subject *s, struct tree *file) {
    struct trial t;
    char lua[100];
    shrink(a, file, fails_alike, s, s->end == TRIAL_HANG ? 20 : 2000);
    try(s, file, &t);
    snprintf(lua, sizeof lua, FOLDER "/random-%llu.lua", (unsigned long long)s->seed);
    rename(s->path, lua);
    printf("%s: %s: %s\n  to repeat: ./nines run %s --seed %llu --audit=full\n  with all that was "
           "tried:  build/tests/property/test_random %llu 1\n",
           lua, trial_ends[t.end], t.text, lua, (unsigned long long)s->seed,
           (unsigned long long)s->seed);
    fflush(stdout);
}

static void one(struct hunt *h) {
    struct arena a = {0};
    struct subject s = {.seed = h->seed};
    struct trial t = {0};
    snprintf(s.path, sizeof s.path, FOLDER "/trial-%ld.lua", (long)getpid());
    snprintf(s.log, sizeof s.log, FOLDER "/random-%llu.log", (unsigned long long)s.seed);
    struct tree *file = grow(&a, s.seed, component_at((int)(s.seed % h->n_types)));
    if (!try(&s, file, &t)) {
        fprintf(stderr, "no child, or no file: %s\n", strerror(errno));
        exit(2);
    }
    h->by_end[t.end]++;
    h->calls += t.calls;
    for (uint32_t i = 0; t.end == TRIAL_GOOD && i < h->n_types; i++)
        h->kinds[i] += tree_has(file, component_at((int)i)->kind);
    if (h->verbose && t.end != TRIAL_GOOD)
        printf("%llu: %s: %s\n", (unsigned long long)h->seed, trial_ends[t.end], t.text);
    if (trial_failed(&t)) {
        h->failed++;
        s.end = t.end;
        reduce(&a, &s, file);
    }
    char slow[100];
    snprintf(slow, sizeof slow, FOLDER "/slow-%llu.lua", (unsigned long long)s.seed);
    if (t.end != TRIAL_SLOW || rename(s.path, slow)) /* those are worth a look */
        unlink(s.path);
    arena_release(&a);
}

static void hunt(struct hunt *h, uint64_t count, double seconds) {
    double end = now() + seconds, told = now();
    while (component_at((int)h->n_types))
        h->n_types++;
    for (; (!count || h->cases < count) && (seconds <= 0 || now() < end); h->seed++, h->cases++) {
        one(h);
        if (now() > told + 60) {
            told = now();
            printf("  %llu scenarios, the last with seed %llu\n", (unsigned long long)h->cases + 1,
                   (unsigned long long)h->seed);
            fflush(stdout);
        }
    }
}

static void report(const struct hunt *h) {
    printf("%llu scenarios, %llu calls:", (unsigned long long)h->cases,
           (unsigned long long)h->calls);
    for (int i = 0; i <= TRIAL_HANG; i++)
        if (h->by_end[i])
            printf(" %llu %s", (unsigned long long)h->by_end[i], trial_ends[i]);
    printf("\n");
    for (uint32_t i = 0; i < h->n_types; i++)
        printf("%s%s %llu", i ? ", " : "in accepted ones: ", component_at((int)i)->kind,
               (unsigned long long)h->kinds[i]);
    printf("\n");
}

/* ---- as a test
 * ---------------------------------------------------------------------------------------
 */

static void random_architectures(void **state) {
    (void)state;
    struct hunt h = {.seed = 1};
    assert_true(make_folder());
    hunt(&h, 0, lab_quick() ? 60 : 20);
    report(&h);
    assert_int_equal(h.failed, 0);
    assert_true(10 * h.by_end[TRIAL_GOOD] > 6 * h.cases);
    assert_true(50 * h.by_end[TRIAL_SLOW] <= h.cases + 50);
    if (h.cases < 10 * h.n_types) /* a slow machine sees too few for that */
        return;
    for (uint32_t i = 0; i < h.n_types; i++)
        if (!h.kinds[i])
            fail_msg("no accepted scenario has a %s", component_at((int)i)->kind);
}

static void a_tree_grows_the_same_again(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct arena a = {0};
        char *text[2];
        size_t size[2];
        for (int i = 0; i < 2; i++) {
            FILE *f = open_memstream(&text[i], &size[i]);
            tree_print(f, grow(&a, seed, NULL));
            fclose(f);
        }
        assert_string_equal(text[0], text[1]);
        free(text[0]);
        free(text[1]);
        arena_release(&a);
    }
}

/* A retry above a station with a limited queue, at any distance. */
static bool retry_above_limit(const struct tree *t, bool below_retry) {
    if (t->key && !strcmp(t->key, "limit") && below_retry)
        return true;
    below_retry = below_retry || (t->kind == TREE_WORD && !strcmp(t->text, "retry"));
    for (uint32_t i = 0; i < t->n; i++)
        if (retry_above_limit(t->kid[i], below_retry))
            return true;
    return false;
}

/* It also has to be a scenario that can be opened and run, as in a hunt. Not in a local, of which
 * nothing may be made. */
static bool planted(void *ctx, const struct tree *file) {
    struct trial t;
    return retry_above_limit(file->kid[file->n - 1], false) && try(ctx, file, &t) &&
           t.end == TRIAL_GOOD;
}

static void what_fails_is_reduced(void **state) {
    (void)state;
    int found = 0;
    struct subject s = {.seed = 1, .path = FOLDER "/shrink.lua", .log = FOLDER "/shrink.log"};
    assert_true(make_folder());
    for (uint64_t seed = 1; found < 2 && seed < 5000; seed++) {
        struct arena a = {0};
        struct tree *file = grow(&a, seed, &retry_type);
        if (tree_size(file) > 60 && planted(&s, file)) {
            uint32_t before = tree_size(file);
            uint32_t asked = shrink(&a, file, planted, &s, 5000);
            char *text;
            size_t size;
            FILE *f = open_memstream(&text, &size);
            tree_print(f, file);
            fclose(f);
            printf("seed %llu: %u parts became %u in %u questions:\n%s", (unsigned long long)seed,
                   before, tree_size(file), asked, text);
            assert_true(retry_above_limit(file, false));
            assert_int_equal(tree_size(file), 11); /* no part of it can be missing */
            free(text);
            found++;
        }
        arena_release(&a);
    }
    unlink(s.path);
    assert_int_equal(found, 2);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        struct hunt h = {.seed = strtoull(argv[1], NULL, 10), .verbose = getenv("VERBOSE") != NULL};
        if (!make_folder())
            return 2;
        hunt(&h, argc > 2 ? strtoull(argv[2], NULL, 10) : 0, argc > 3 ? strtod(argv[3], NULL) : 0);
        report(&h);
        return h.failed > 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_grows_the_same_again),
        cmocka_unit_test(what_fails_is_reduced),
        cmocka_unit_test(random_architectures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
