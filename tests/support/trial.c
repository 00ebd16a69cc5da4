#include "trial.h"

#include <fcntl.h>
#include <signal.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind/host.h"
#include "core/blame.h"
#include "core/observer.h"
#include "lab/study.h"
#include "report/json.h"

const char *const trial_ends[] = {"good",    "refused", "slow",  "audit",
                                  "differs", "unclean", "crash", "hang"};

enum { MOST_CALLS = 4000, MOST_NODES = 300, EXIT_SLOW = 90, EXIT_HANG = 91 };

/* Shared with the child. */
struct page {
    struct trial trial;
    bool done;
    struct sim_progress progress;
};

static struct page *page;

/* ---- in the child
 * ------------------------------------------------------------------------------------
 */

_Noreturn static void say(enum trial_end end, const char *text) {
    page->trial.end = end;
    snprintf(page->trial.text, sizeof page->trial.text, "%s", text);
    page->done = true;
    exit(0);
}

/* The first time: how far is it? A second of CPU later: is it still there? */
static void out_of_time(int signal) {
    static ns_t clock = -1;
    static uint64_t fired;
    (void)signal;
    if (clock >= 0)
        _exit(page->progress.clock == clock && page->progress.fired == fired ? EXIT_HANG
                                                                             : EXIT_SLOW);
    clock = page->progress.clock;
    fired = page->progress.fired;
}

static void limit(unsigned seconds) {
    struct rlimit cpu = {seconds, seconds + 5}, core = {0, 0};
    struct sigaction act = {.sa_handler = out_of_time};
    sigaction(SIGXCPU, &act, NULL);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
    alarm(30 * seconds);
}

static void refused(const struct error *e) {
    bool clean = strlen(e->text) > 10 && !strchr(e->text, '\n') && !strstr(e->text, "(null)");
    say(!strncmp(e->text, "audit: ", 7)              ? TRIAL_AUDIT
        : !clean || strstr(e->text, "out of memory") ? TRIAL_UNCLEAN
                                                     : TRIAL_REFUSED,
        e->text);
}

/* Stops a run that has become large: the same in every run. */
struct cap {
    struct observer observer, *next; /* who watches as well; NULL: nobody */
    uint64_t calls;
};

static void begun(struct observer *o, const struct call *c) {
    struct sim *sim = c->node->sim;
    struct cap *cap = container_of(o, struct cap, observer);
    if (++cap->calls >= MOST_CALLS)
        sim->stop = true;
    if (cap->next)
        cap->next->begun(cap->next, c);
}
static void phase(struct observer *o, const struct call *c, enum phase p, ns_t spent) {
    struct observer *next = container_of(o, struct cap, observer)->next;
    if (next)
        next->phase(next, c, p, spent);
}
static void shared(struct observer *o, const struct call *member, const struct call *of,
                   ns_t since) {
    struct observer *next = container_of(o, struct cap, observer)->next;
    if (next)
        next->shared(next, member, of, since);
}
static void finished(struct observer *o, const struct call *c) {
    struct observer *next = container_of(o, struct cap, observer)->next;
    if (next)
        next->finished(next, c);
}

static void mix(uint64_t *h, uint64_t x) {
    *h = rng_key(*h, x);
}

static void mix_spread(uint64_t *h, const struct spread *s) {
    mix(h, s->sum);
    mix(h, s->hist.total);
    if (s->hist.total) {
        double q = hist_quantile(&s->hist, 0.9);
        uint64_t bits;
        memcpy(&bits, &q, sizeof bits);
        mix(h, bits);
    }
}

static void mix_meter(uint64_t *h, const struct meter *m, uint32_t marks) {
    mix(h, m->cut.n);
    mix(h, m->cut.sojourn);
    for (uint32_t i = 0; i < marks; i++)
        mix(h, m->mark[i]);
    for (uint32_t i = 0; i < m->n_cells; i++) {
        mix(h, m->cells[i].arrivals);
        mix(h, m->cells[i].late);
        mix(h, (uint64_t)llround(m->cells[i].lost * 1e6));
        for (int p = 0; p < PHASES; p++)
            mix_spread(h, &m->cells[i].phase[p]);
        for (int o = 0; o < OUTCOMES; o++)
            mix_spread(h, &m->cells[i].by[o]);
    }
}

/* Of everything that was measured. */
static uint64_t digest(const struct sim *sim) {
    uint64_t h = 1;
    uint32_t marks = sim->n_segments + 1;
    mix(&h, sim->clock.fired);
    mix(&h, (uint64_t)sim->ended);
    mix(&h, sim->full);
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        mix(&h, rng_hash(n->address));
        mix_meter(&h, &n->meter, marks);
        for (uint32_t k = 0; k < marks * MAX_METRICS * 2; k++)
            mix(&h, n->marks[k]);
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->out[k]->meter)
                mix_meter(&h, n->out[k]->meter, marks);
    }
    return h;
}

static void conserved(const struct sim *sim) {
    const struct user_count *a = &sim->at_start, *z = &sim->at_end;
    if (a->in_flight + z->arrived - a->arrived != z->departed - a->departed + z->in_flight)
        say(TRIAL_DIFFERS, "requests are not conserved");
}

/* Whether it is too large for a study: cut short by the cap, or of very many components. */
static bool run_once(const struct scenario_maker *m, uint64_t seed, const char *in_case, bool full,
                     uint64_t *h) {
    struct error e = {{0}};
    struct scenario s;
    struct scenario_request r = {
        .seed = seed, .replication = 1, .in_case = in_case, .warmup = -1, .full_audit = full};
    struct cap cap = {.observer = {begun, phase, finished, shared}};
    if (!m->build(m, &r, &s, &e))
        refused(&e);
    if (!full) { /* watching changes nothing, and paths have no holes */
        blame_watch(s.sim);
        cap.next = s.sim->observer;
    }
    sim_observe(s.sim, &cap.observer);
    s.sim->progress = &page->progress;
    s.sim->limits.max_events_per_tick = 100000;
    if (!sim_run(s.sim))
        refused(&s.sim->error);
    conserved(s.sim);
    *h = digest(s.sim);
    bool large = cap.calls >= MOST_CALLS || s.sim->n_order > MOST_NODES;
    m->free_sim(m, s.sim);
    page->trial.calls += cap.calls;
    return large;
}

static char *json_of(const struct scenario_maker *m, uint64_t seed, const char *in_case, int jobs) {
    struct error e = {{0}};
    struct study s;
    struct study_options o = {.seed = seed,
                              .warmup = -1,
                              .jobs = jobs,
                              .cases = &in_case,
                              .n_cases = 1,
                              .all_nodes = true,
                              .windows = 10};
    if (!study_run(m, &o, &s, &e))
        refused(&e);
    json_t *j = json_result(&s, &s.cases[0], "random", false);
    json_object_del(j, "run");
    char *text = json_dumps(j, JSON_INDENT(1));
    json_decref(j);
    study_release(&s);
    return text;
}

static void put_to_the_test(const char *path, const struct trial_options *o) {
    struct error e = {{0}};
    struct host_options host = {.library = "lua", .memory_limit = 64u << 20, .step_limit = 5000000};
    struct scenario_maker *m = host_open(path, &host, NULL, 0, &e);
    if (!m)
        refused(&e);
    bool large = false;
    for (uint32_t i = 0; i <= o->n_cases; i++) {
        const char *in_case = i ? o->cases[i - 1] : "base";
        uint64_t with, without;
        large |= run_once(m, o->seed, in_case, true, &with);
        run_once(m, o->seed, in_case, false, &without);
        if (with != without)
            say(TRIAL_DIFFERS, "two runs of one seed differ");
    }
    if (!large && o->seed % 3 == 0) {
        const char *in_case = o->n_cases ? o->cases[o->n_cases - 1] : "base";
        char *one = json_of(m, o->seed, in_case, 1), *two = json_of(m, o->seed, in_case, 2);
        if (!one || !two || strcmp(one, two))
            say(TRIAL_DIFFERS, "the results on one and on two threads differ");
        free(one);
        free(two);
    }
    host_close(m);
    say(TRIAL_GOOD, "");
}

/* ---- in the parent
 * -----------------------------------------------------------------------------------
 */

/* The line in which a sanitizer, or an assertion, says what it found. */
static void read_log(const char *log, char *out, size_t size) {
    static const char *const marks[] = {"ERROR: ", "runtime error", "Assertion",
                                        "bug: ", "WARNING: "};
    FILE *f = fopen(log, "r");
    char line[600];
    while (f && fgets(line, sizeof line, f))
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
            if (strstr(line, marks[i])) {
                line[strcspn(line, "\n")] = 0;
                snprintf(out, size, "%s", line);
                fclose(f);
                return;
            }
    if (f)
        fclose(f);
}

static void judge(int status, const char *log, struct trial *t) {
    *t = page->trial;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && page->done)
        return;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    t->end = code == EXIT_SLOW ? TRIAL_SLOW : code == EXIT_HANG ? TRIAL_HANG : TRIAL_CRASH;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGKILL))
        t->end = TRIAL_HANG;
    snprintf(t->text, sizeof t->text, "%s %d", WIFSIGNALED(status) ? "signal" : "exit status",
             WIFSIGNALED(status) ? WTERMSIG(status) : code);
    if (t->end == TRIAL_CRASH)
        read_log(log, t->text, sizeof t->text);
}

bool trial_run(const char *path, const struct trial_options *o, struct trial *t) {
    int status;
    if (!page)
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    memset(page, 0, sizeof *page);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(o->log, O_CREAT | O_TRUNC | O_WRONLY, 0666);
        if (fd >= 0)
            dup2(fd, STDERR_FILENO);
        limit(o->seconds);
        put_to_the_test(path, o);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    judge(status, o->log, t);
    if (!trial_failed(t))
        unlink(o->log);
    return true;
}
