#include "error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *e, const char *format, ...) {
    if (error_is(e))
        return false;
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    if (!error_is(e)) /* a caller that formats nothing still has failed */
        snprintf(e->text, sizeof e->text, "unknown error");
    return false;
}

bool error_prefix(struct error *e, const char *format, ...) {
    if (!error_is(e))
        return false;
    char old[sizeof e->text];
    memcpy(old, e->text, sizeof old);
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used + 2 < sizeof e->text) { /* a text that is too long loses its end */
        memcpy(e->text + used, ": ", 2);
        memccpy(e->text + used + 2, old, 0, sizeof e->text - used - 2);
        e->text[sizeof e->text - 1] = 0;
    }
    return false;
}

bool error_is_placed(const char *text) {
    for (const char *c = strchr(text, ':'); c; c = strchr(c + 1, ':')) {
        size_t digits = strspn(c + 1, "0123456789");
        if (digits && c[1 + digits] == ':')
            return true;
    }
    return false;
}

enum { LONGEST = 64 }; /* longer words are not misspelt names */

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* Edit distance in which swapping two neighbours counts once (optimal string alignment), ignoring
 * case. */
static int distance(const char *a, int la, const char *b, int lb) {
    int row[3][LONGEST + 1];
    for (int j = 0; j <= lb; j++)
        row[0][j] = j;
    for (int i = 1; i <= la; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= lb; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
    }
    return row[la % 3][lb];
}

const char *error_nearest(const char *word, const char *(*next)(const void *ctx, int i),
                          const void *ctx) {
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST)
        return NULL;
    int n = (int)length, limit = n / 3 > 2 ? n / 3 : 2;
    if (limit > n - 1)
        limit = n - 1; /* something of the word must be left, or everything is near "x" */
    const char *best = NULL, *candidate;
    for (int i = 0; (candidate = next(ctx, i)); i++) {
        size_t other = strlen(candidate);
        if (other > LONGEST)
            continue;
        int d = distance(word, n, candidate, (int)other);
        if (d <= limit && d < (int)other && (!best || d < limit)) {
            best = candidate;
            limit = d;
        }
    }
    return best;
}
