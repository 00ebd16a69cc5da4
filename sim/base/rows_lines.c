#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rows_impl.h"

bool lines_open(struct lines *l, const char *path, struct error *e) {
    struct stat info;
    *l = (struct lines){.path = path};
    if (stat(path, &info) != 0)
        return error_set(e, "cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return error_set(e, "cannot read %s: it is a directory", path);
    l->buffer = malloc(ROWS_BUFFER + 1);
    if (!l->buffer)
        return mem_error(e, "reading a table");
    errno = ENOMEM;               /* zlib says so by saying nothing */
    l->file = gzopen(path, "rb"); /* reads files that are not compressed as they are */
    if (l->file)
        return !gzbuffer(l->file, 1 << 18) || mem_error(e, "reading a table");
    return errno == ENOMEM ? mem_error(e, "reading a table")
                           : error_set(e, "cannot open %s: %s", path, strerror(errno));
}

bool lines_rewind(struct lines *l, struct error *e) {
    if (gzrewind(l->file) != 0)
        return error_set(e, "%s: cannot be read a second time", l->path);
    l->at = l->end = l->line = l->passed = 0;
    l->ended = false;
    return true;
}

void lines_close(struct lines *l) {
    if (l->file)
        gzclose(l->file);
    free(l->buffer);
}

/* Moves what is unread to the front and reads behind it. */
static bool fill(struct lines *l, struct error *e) {
    memmove(l->buffer, l->buffer + l->at, l->end - l->at);
    l->end -= l->at;
    l->at = 0;
    while (l->end < ROWS_BUFFER && !l->ended) {
        int n = gzread(l->file, l->buffer + l->end, (unsigned)(ROWS_BUFFER - l->end));
        int status = Z_OK;
        const char *why = gzerror(l->file, &status);
        if (n < 0 ||
            status < 0) /* a file cut short reports Z_BUF_ERROR together with its last bytes */
            return status == Z_MEM_ERROR
                       ? mem_error(e, "reading a table")
                       : error_set(e, "%s: cannot be read: %s", l->path,
                                   status == Z_ERRNO       ? strerror(errno)
                                   : status == Z_BUF_ERROR ? "the compressed data is cut short"
                                                           : why);
        l->ended = n == 0;
        l->end += (size_t)n;
    }
    return true;
}

struct span {
    size_t end;      /* where its newline is, or the end of what is there */
    size_t newlines; /* inside quotes */
    bool open;       /* ends inside quotes */
};

/* The line that begins at `at`. */
static struct span find_line(const struct lines *l, bool quotes) {
    const char *limit = l->buffer + l->end, *p = l->buffer + l->at;
    struct span s = {.newlines = 0};
    for (;;) {
        const char *newline = memchr(p, '\n', (size_t)(limit - p));
        const char *end = newline ? newline : limit;
        if (quotes) /* an escaped quote is two, and changes nothing */
            for (const char *q = p; (q = memchr(q, '"', (size_t)(end - q))); q++)
                s.open = !s.open;
        s.end = (size_t)(end - l->buffer);
        if (!newline || !s.open)
            return s;
        s.newlines++;
        p = newline + 1;
    }
}

static bool give(struct lines *l, struct span s, char **text, size_t *length) {
    *text = l->buffer + l->at;
    *length = s.end - l->at;
    l->at = s.end < l->end ? s.end + 1 : s.end;
    l->line = l->passed + 1;
    l->passed += 1 + s.newlines;
    if (*length > 0 && (*text)[*length - 1] == '\r')
        --*length;
    if (l->line == 1 && *length >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *length -= 3;
    }
    return true;
}

bool lines_next(struct lines *l, bool quotes, char **text, size_t *length, struct error *e) {
    struct span s = find_line(l, quotes);
    if (s.end == l->end) { /* no newline in what is there */
        if (!fill(l, e))
            return false;
        s = find_line(l, quotes);
    }
    if (s.end - l->at > ROWS_LONGEST)
        return error_set(e, "%s:%zu: %s", l->path, l->passed + 1,
                         s.open ? "a quote is not closed within 1 MiB"
                                : "the line is longer than 1 MiB");
    if (l->at == l->end)
        return false;
    if (s.open)
        return error_set(e, "%s:%zu: a quote is not closed", l->path, l->passed + 1);
    return give(l, s, text, length);
}
