#include "report/folder.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "report/json.h"
#include "report/whole.h"

static void quoted(FILE *f, const char *text) {
    if (strchr(text, ','))
        fprintf(f, "\"%s\"", text);
    else
        fputs(text, f);
}

/* Pooled over the replications; index 0 is all, then by class. */
static void write_histogram(FILE *f, const struct study *s, const struct case_result *c,
                            uint32_t index) {
    char metric[128] = "latency";
    const struct hist *widest = NULL;
    if (index)
        snprintf(metric, sizeof metric, "latency{class=%s}",
                 s->scenario.sim->classes[index - 1].name);
    for (uint32_t r = 0; r < c->n; r++)
        if (c->rep[r].latency && (!widest || c->rep[r].latency[index].size > widest->size))
            widest = &c->rep[r].latency[index];
    for (uint32_t i = 0; widest && i < widest->size; i++) {
        unsigned long long count = 0;
        for (uint32_t r = 0; r < c->n; r++)
            if (c->rep[r].latency && i < c->rep[r].latency[index].size)
                count += c->rep[r].latency[index].count[i];
        if (!count)
            continue;
        quoted(f, metric);
        fprintf(f, ",%.12g,%.12g,%llu\n", (double)hist_low(widest, i) * 1e-9,
                ((double)hist_high(widest, i) + 1) * 1e-9, count);
    }
}

/* Means over the replications that have a value. */
static void write_series(FILE *f, const struct study *s, const struct case_result *c) {
    uint32_t windows = c->n ? c->rep[0].series.n_windows : 0;
    for (uint32_t w = 0; w < windows; w++)
        for (uint32_t k = 0; k < s->names.n; k++) {
            double sum = 0;
            uint32_t n = 0;
            for (uint32_t r = 0; r < c->n; r++) {
                const struct series *x = &c->rep[r].series;
                double v = w < x->n_windows ? x->value[(size_t)w * s->names.n + k] : (double)NAN;
                if (!isnan(v)) {
                    sum += v;
                    n++;
                }
            }
            if (!n)
                continue;
            double t = ns_to_s(s->window) * (w + 0.5) - ns_to_s(s->warmup);
            fprintf(f, "%.9g,", t);
            quoted(f, s->names.at[k]);
            fprintf(f, ",%.9g\n", sum / n);
        }
}

bool csv_metrics(FILE *f, const struct study *s, const struct case_result *c) {
    fputs("metric,value,ci95_lo,ci95_hi,n,unit\n", f);
    for (uint32_t i = 0; i < s->n_queries; i++) {
        struct estimate e = study_estimate(s, c, i);
        quoted(f, s->queries[i].text);
        if (!e.used)
            fprintf(f, ",,,,0,%s\n", unit_symbol(s->queries[i].unit));
        else if (!isfinite(e.ci.hi - e.ci.lo))
            fprintf(f, ",%.12g,,,1,%s\n", e.mean, unit_symbol(s->queries[i].unit));
        else
            fprintf(f, ",%.12g,%.12g,%.12g,%zu,%s\n", e.mean, e.ci.lo, e.ci.hi,
                    s->batches ? (size_t)1 : e.used, unit_symbol(s->queries[i].unit));
    }
    return !ferror(f);
}

/* ---- the files */

struct job {
    const struct study *s;
    const struct case_result *c;
    const char *scenario;
    bool claims;
};

static bool summary(FILE *f, void *ctx, struct error *e) {
    const struct job *j = ctx;
    json_t *result = json_result(j->s, j->c, j->scenario, j->claims);
    bool ok = json_write(f, result, e);
    json_decref(result);
    return ok;
}

static bool metrics(FILE *f, void *ctx, struct error *e) {
    const struct job *j = ctx;
    (void)e;
    return csv_metrics(f, j->s, j->c);
}

static bool histograms(FILE *f, void *ctx, struct error *e) {
    const struct job *j = ctx;
    (void)e;
    fputs("metric,low_s,high_s,count\n", f);
    for (uint32_t i = 0; i < j->s->n_hists; i++)
        write_histogram(f, j->s, j->c, i);
    return true;
}

static bool series(FILE *f, void *ctx, struct error *e) {
    const struct job *j = ctx;
    (void)e;
    fputs("t_s,metric,value\n", f);
    write_series(f, j->s, j->c);
    return true;
}

static const struct {
    const char *name;
    bool (*write)(FILE *f, void *ctx, struct error *e);
} files[] = {{"summary.json", summary},
             {"metrics.csv", metrics},
             {"histogram.csv", histograms},
             {"series.csv", series}};

static bool write_file(const char *dir, int i, struct job *j, struct error *e) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return errno == ENOMEM
                   ? mem_error(e, "writing a result folder")
                   : error_set(e, "%s: it cannot be written: %s", path, strerror(errno));
    bool ok = whole_write(f, files[i].write, j, e);
    return (!fclose(f) && ok) ||
           error_set(e, "%s: it could not be written whole: %s", path, strerror(errno));
}

static bool write_files(const char *dir, struct job *j, struct error *e) {
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!write_file(dir, (int)i, j, e))
            return false;
    return true;
}

static void count(void *n, int folder, const char *name) {
    (void)folder, (void)name;
    ++*(int *)n;
}

bool folder_check(const char *dir, struct error *e) {
    struct stat st;
    char summary[4096];
    if (stat(dir, &st))
        return errno == ENOENT || error_set(e, "%s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(e, "%s: it exists and is no folder", dir);
    snprintf(summary, sizeof summary, "%s/summary.json", dir);
    if (!stat(summary, &st))
        return true;
    int n = 0;
    return (whole_list(dir, count, &n) && !n) ||
           error_set(e, "%s: it exists and is no result of nines; name another folder", dir);
}

bool folder_write(const char *dir, const struct study *s, const struct case_result *c,
                  const char *scenario, bool claims,
                  bool (*finish)(const char *dir, void *ctx, struct error *e), void *ctx,
                  struct error *e) {
    char temporary[4096];
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    snprintf(temporary, sizeof temporary, "%.*s.partial-%ld", (int)n, dir, (long)getpid());
    if (!folder_check(dir, e))
        return false;
    if (mkdir(temporary, 0777))
        return error_set(e, "%s: it cannot be made: %s", dir, strerror(errno));
    bool ok = write_files(temporary, &(struct job){s, c, scenario, claims}, e);
    struct error later = {{0}};
    if (ok && finish && !finish(temporary, ctx, &later))
        ok = true; /* the data is whole; the pictures are not */
    struct stat st;
    if (ok && !stat(dir, &st))
        whole_remove(dir);
    if (ok && rename(temporary, dir)) {
        ok = false;
        error_set(e, "%s: it cannot be written: %s", dir, strerror(errno));
    }
    if (!ok)
        whole_remove(temporary);
    if (ok && error_is(&later))
        return error_set(e, "%s", later.text);
    return ok;
}
