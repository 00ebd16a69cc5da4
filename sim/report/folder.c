#include "report/folder.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/json.h"

static FILE *open_in(const char *dir, const char *name, struct error *e) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        error_set(e, "%s: it cannot be written: %s", path, strerror(errno));
    return f;
}

static bool close_in(FILE *f, const char *dir, const char *name, struct error *e) {
    bool bad = ferror(f) != 0;
    return (fclose(f) == 0 && !bad) ||
           error_set(e, "%s/%s: it could not be written whole: %s", dir, name, strerror(errno));
}

static void quoted(FILE *f, const char *text) {
    if (strchr(text, ','))
        fprintf(f, "\"%s\"", text);
    else
        fputs(text, f);
}

static void write_histogram(FILE *f, const struct study *s, const struct case_result *c,
                            uint32_t index) {
    struct hist h;
    char metric[128] = "latency";
    if (index)
        snprintf(metric, sizeof metric, "latency{class=%s}",
                 s->scenario.sim->classes[index - 1].name);
    study_histogram(s, c, index, &h);
    for (uint32_t i = 0; i < h.size; i++)
        if (h.count[i]) {
            quoted(f, metric);
            fprintf(f, ",%.12g,%.12g,%llu\n", (double)hist_low(&h, i) * 1e-9,
                    ((double)hist_high(&h, i) + 1) * 1e-9, (unsigned long long)h.count[i]);
        }
    hist_release(&h);
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

static bool write_files(const char *dir, const struct study *s, const struct case_result *c,
                        const char *scenario, bool claims, struct error *e) {
    FILE *f = open_in(dir, "summary.json", e);
    if (!f)
        return false;
    json_t *j = json_result(s, c, scenario, claims);
    bool ok = json_write(f, j, e);
    json_decref(j);
    if (!close_in(f, dir, "summary.json", e) || !ok || !(f = open_in(dir, "metrics.csv", e)))
        return false;
    csv_metrics(f, s, c);
    if (!close_in(f, dir, "metrics.csv", e) || !(f = open_in(dir, "histogram.csv", e)))
        return false;
    fputs("metric,low_s,high_s,count\n", f);
    for (uint32_t i = 0; i < s->n_hists; i++)
        write_histogram(f, s, c, i);
    if (!close_in(f, dir, "histogram.csv", e) || !(f = open_in(dir, "series.csv", e)))
        return false;
    fputs("t_s,metric,value\n", f);
    write_series(f, s, c);
    return close_in(f, dir, "series.csv", e);
}

static void remove_folder(const char *dir) {
    DIR *d = opendir(dir);
    char path[4096];
    for (struct dirent *x; d && (x = readdir(d));) {
        if (!strcmp(x->d_name, ".") || !strcmp(x->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, x->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
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
    DIR *d = opendir(dir);
    int n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n <= 2 ||
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
    bool ok = write_files(temporary, s, c, scenario, claims, e);
    struct error later = {{0}};
    if (ok && finish && !finish(temporary, ctx, &later))
        ok = true; /* the data is whole; the pictures are not */
    struct stat st;
    if (ok && !stat(dir, &st))
        remove_folder(dir);
    if (ok && rename(temporary, dir)) {
        ok = false;
        error_set(e, "%s: it cannot be written: %s", dir, strerror(errno));
    }
    if (!ok)
        remove_folder(temporary);
    if (ok && error_is(&later))
        return error_set(e, "%s", later.text);
    return ok;
}
