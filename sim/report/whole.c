#include "report/whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- sheets */

static ssize_t take(void *cookie, const char *text, size_t n) {
    struct sheet *s = cookie;
    if (s->cap - s->n < n) {
        size_t cap = 2 * s->cap + n + 4096;
        char *more = realloc(s->text, cap);
        if (!more) {
            s->torn = true;
            return 0;
        }
        s->text = more;
        s->cap = cap;
    }
    memcpy(s->text + s->n, text, n);
    s->n += n;
    return (ssize_t)n;
}

bool sheet_open(struct sheet *s, struct error *e) {
    *s = (struct sheet){0};
    s->f = fopencookie(s, "w", (cookie_io_functions_t){.write = take});
    return s->f || mem_error(e, "writing a text");
}

bool sheet_close(struct sheet *s, struct error *e) {
    bool torn = ferror(s->f);
    torn = fclose(s->f) || torn || s->torn;
    s->f = NULL;
    return !torn || mem_error(e, "writing a text");
}

void sheet_release(struct sheet *s) {
    if (s->f)
        fclose(s->f);
    free(s->text);
    *s = (struct sheet){0};
}

struct job {
    struct sheet sheet;
    bool (*write)(FILE *f, void *ctx, struct error *e);
    void *ctx;
};

static bool fill(void *ctx, struct error *e) {
    struct job *j = ctx;
    if (!sheet_open(&j->sheet, e))
        return false;
    if (j->write(j->sheet.f, j->ctx, e))
        return sheet_close(&j->sheet, e);
    if (j->sheet.torn) /* whatever `write` made of it */
        *e = (struct error){{0}};
    return error_is(e) ? false : mem_error(e, "writing a report");
}

bool whole_write(FILE *to, bool (*write)(FILE *f, void *ctx, struct error *e), void *ctx,
                 struct error *e) {
    struct job j = {.write = write, .ctx = ctx};
    bool ok = mem_try(fill, NULL, &j, "writing a report", e);
    if (ok && to && j.sheet.n &&
        (fwrite(j.sheet.text, 1, j.sheet.n, to) != j.sheet.n || fflush(to)))
        ok = error_set(e, "the output could not be written: %s", strerror(errno));
    sheet_release(&j.sheet);
    return ok;
}

/* ---- folders */

bool whole_list(const char *folder, void (*visit)(void *ctx, int folder, const char *name),
                void *ctx) {
    _Alignas(struct dirent64) char buffer[8192];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : getdents64(fd, buffer, sizeof buffer);
    for (; n > 0; n = getdents64(fd, buffer, sizeof buffer))
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *x = (const void *)(buffer + at);
            if (strcmp(x->d_name, ".") && strcmp(x->d_name, ".."))
                visit(ctx, fd, x->d_name);
            at += x->d_reclen;
        }
    if (fd >= 0)
        close(fd);
    return n == 0;
}

static void remove_one(void *ctx, int folder, const char *name) {
    (void)ctx;
    unlinkat(folder, name, 0);
}

void whole_remove(const char *folder) {
    whole_list(folder, remove_one, NULL);
    rmdir(folder);
}
