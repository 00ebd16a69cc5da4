/* What the pictures need from summary.json. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plot_impl.h"

/* Where a value is looked up, for the messages. */
struct source {
    struct arena *arena;
    const char *path;
    struct error *e;
};

/* A number at o.key into *out; absent or null gives `otherwise`. */
static bool get_number(const struct source *s, const json_t *o, const char *key, double otherwise,
                       double *out) {
    const json_t *v = json_object_get(o, key);
    *out = otherwise;
    if (!v || json_is_null(v))
        return true;
    if (!json_is_number(v))
        return error_set(s->e, "%s: '%s' is not a number", s->path, key);
    *out = json_number_value(v);
    return true;
}

/* A text at o.key, or `otherwise`; NULL with an error when it is something else. */
static const char *get_text(const struct source *s, const json_t *o, const char *key,
                            const char *otherwise) {
    const json_t *v = json_object_get(o, key);
    if (!v || json_is_null(v))
        return otherwise;
    if (!json_is_string(v))
        error_set(s->e, "%s: '%s' is not a text", s->path, key);
    return json_string_value(v);
}

static bool get_array(const struct source *s, const json_t *root, const char *key, json_t **out) {
    *out = json_object_get(root, key);
    if (*out && !json_is_array(*out))
        return error_set(s->e, "%s: '%s' is not a list", s->path, key);
    return true;
}

static int by_start(const void *a, const void *b) {
    const struct plot_fault *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static bool load_faults(struct plot_summary *out, const struct source *s, const json_t *root) {
    json_t *list, *item;
    size_t i;
    if (!get_array(s, root, "faults", &list))
        return false;
    out->faults = arena_alloc(s->arena, json_array_size(list) * sizeof *out->faults);
    json_array_foreach(list, i, item) {
        struct plot_fault *f = &out->faults[out->n_faults];
        const char *text = get_text(s, item, "text", "fault");
        if (!text || !get_number(s, item, "from_s", NAN, &f->from) ||
            !get_number(s, item, "to_s", INFINITY, &f->to))
            return false;
        if (isnan(f->from))
            return error_set(s->e, "%s: fault %zu has no 'from_s'", s->path, i + 1);
        f->text = plot_text_fit(s->arena, text, 420, PLOT_SMALL);
        out->n_faults++;
    }
    qsort(out->faults, (size_t)out->n_faults, sizeof *out->faults, by_start);
    return true;
}

static int by_bound(const void *a, const void *b) {
    const struct plot_slo *x = a, *y = b;
    return (x->bound < y->bound) - (x->bound > y->bound);
}

static bool load_slos(struct plot_summary *out, const struct source *s, const json_t *root) {
    static const char latency[] = "latency.";
    json_t *list, *item;
    size_t i;
    if (!get_array(s, root, "slo", &list))
        return false;
    out->slos = arena_alloc(s->arena, json_array_size(list) * sizeof *out->slos);
    json_array_foreach(list, i, item) {
        double bound;
        const char *metric = get_text(s, item, "metric", "");
        const char *text = get_text(s, item, "condition", metric);
        if (!metric || !text || !get_number(s, item, "bound", NAN, &bound))
            return false;
        if (strncmp(metric, latency, sizeof latency - 1) || !(bound > 0))
            continue;
        if (!strncmp(text, latency, sizeof latency - 1))
            text += sizeof latency - 1; /* every axis says latency already */
        struct plot_slo *slo = &out->slos[out->n_slos++];
        slo->text = arena_print(s->arena, "SLO %s", text);
        slo->bound = bound;
    }
    qsort(out->slos, (size_t)out->n_slos, sizeof *out->slos, by_bound);
    return true;
}

static void span_text(char *out, size_t size, double seconds) {
    double unit = seconds < 300 ? 1 : seconds < 18000 ? 60 : 3600;
    snprintf(out, size, "%.4g %s", seconds / unit, unit == 1 ? "s" : unit == 60 ? "min" : "h");
}

static bool load_head(struct plot_summary *out, const struct source *s, const json_t *root) {
    const json_t *clock = json_object_get(root, "time"), *seed = json_object_get(root, "seed");
    double replications;
    const char *title = get_text(s, root, "title", NULL);
    const char *scenario = get_text(s, root, "scenario", "result");
    const char *name = get_text(s, root, "case", "base");
    if (error_is(s->e) || !get_number(s, clock, "warmup_s", 0, &out->warmup) ||
        !get_number(s, clock, "measured_s", 0, &out->measured) ||
        !get_number(s, root, "replications", 1, &replications))
        return false;
    char number[32] = "", measured[32], warmup[64] = ", no warm-up", line[1024];
    if (json_is_integer(seed))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(seed));
    else if (json_is_string(seed))
        snprintf(number, sizeof number, "%s", json_string_value(seed));
    span_text(measured, sizeof measured, out->measured);
    if (out->warmup > 0) {
        strcpy(warmup, " after ");
        span_text(warmup + 7, 32, out->warmup);
        strcat(warmup, " of warm-up");
    }
    char *kase = plot_text_fit(s->arena, name, 300, PLOT_BODY);
    snprintf(line, sizeof line, "case %s · %s%s%s%.0f replication%s · measured %s%s", kase,
             number[0] ? "seed " : "", number, number[0] ? " · " : "", replications,
             replications == 1 ? "" : "s", measured, warmup);
    out->title = plot_text_fit(s->arena, title && title[0] ? title : scenario, 1020, PLOT_TITLE);
    out->subtitle = plot_text_fit(s->arena, line, 1020, PLOT_BODY);
    return true;
}

static bool load_quantiles(struct plot_summary *out, const struct source *s, const json_t *root) {
    const json_t *metrics = json_object_get(root, "metrics");
    if (!json_is_object(metrics))
        return error_set(s->e, "%s: 'metrics' is missing or not an object", s->path);
    return get_number(s, json_object_get(metrics, "latency.p50"), "value", NAN, &out->p50) &&
           get_number(s, json_object_get(metrics, "latency.p90"), "value", NAN, &out->p90) &&
           get_number(s, json_object_get(metrics, "latency.p99"), "value", NAN, &out->p99);
}

static bool load_root(struct plot_summary *out, const struct source *s, const json_t *root) {
    const char *schema = get_text(s, root, "schema", "");
    if (!schema || strcmp(schema, "nines.result/1"))
        return error_set(s->e, "%s: not a result: its 'schema' is not nines.result/1", s->path);
    return load_head(out, s, root) && load_quantiles(out, s, root) && load_faults(out, s, root) &&
           load_slos(out, s, root);
}

/* The whole file; no file is open while memory may run out. NULL with an error. */
static char *read_text(struct arena *a, const char *path, size_t *size, struct error *e) {
    struct stat info;
    int fd = -1;
    if (!stat(path, &info)) {
        *size = (size_t)info.st_size;
        char *text = arena_alloc(a, *size + 1);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, *size);
        if (fd >= 0)
            close(fd);
        if (n == (ssize_t)*size)
            return text;
    }
    error_set(e, "%s: %s (a result folder is what 'nines run S --out DIR' writes)", path,
              strerror(errno));
    return NULL;
}

bool plot_summary_load(struct plot_summary *out, struct arena *a, const char *dir,
                       struct error *e) {
    memset(out, 0, sizeof *out);
    char path[4096];
    size_t size;
    snprintf(path, sizeof path, "%s/summary.json", dir);
    const char *text = read_text(a, path, &size, e);
    if (!text)
        return false;
    json_error_t why;
    out->root = json_loadb(text, size, 0, &why);
    return out->root ? load_root(out, &(struct source){a, path, e}, out->root)
                     : error_set(e, "%s:%d: %s", path, why.line,
                                 plot_text_fit(a, why.text, 4000, PLOT_BODY)); /* one line */
}

void plot_summary_free(struct plot_summary *s) {
    json_decref(s->root);
    memset(s, 0, sizeof *s);
}
