/* Texts that gnuplot takes as they are: checked UTF-8, measured, quoted. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"

enum { MALFORMED = 0xFFFD };

/* The code point at *p, which moves behind it. A malformed byte counts as one character. */
static uint32_t next_point(const char **p) {
    const unsigned char *s = (const unsigned char *)*p;
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    int more = s[0] < 0x80 ? 0 : s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : s[0] >= 0xC0 ? 1 : -1;
    if (more < 0 || s[0] > 0xF4) {
        *p += 1;
        return MALFORMED;
    }
    uint32_t c = more == 0 ? s[0] : s[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            *p += 1;
            return MALFORMED;
        }
        c = c << 6 | (s[i] & 0x3F);
    }
    *p += more + 1;
    bool bad =
        c < smallest[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) || c >> 1 == 0x7FFF;
    return bad ? MALFORMED : c;
}

static bool is_control(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E);
}

static bool is_wide(uint32_t c) {
    return (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) ||
           (c >= 0xAC00 && c < 0xD7A4) || (c >= 0xF900 && c < 0xFB00) ||
           (c >= 0xFE30 && c < 0xFE70) || (c >= 0xFF00 && c < 0xFF61) || c >= 0x1F000;
}

/* Width of a character as a part of the font's height, after DejaVu Sans, which is wider than what
 * an SVG viewer is likely to put in its place. */
static double point_width(uint32_t c) {
    if (c >= 0x300 && c < 0x370)
        return 0; /* combining */
    if (c >= 0x80)
        return is_wide(c) ? 1.05 : 0.68;
    if (c == ' ' || strchr("iljI|'.,:;!", (int)c))
        return 0.32;
    if (strchr("ftr()[]/\\\"-`{}", (int)c))
        return 0.45;
    if (strchr("mwMW@%", (int)c))
        return 0.97;
    if (strchr("<>=+~^#", (int)c))
        return 0.84;
    return c >= 'A' && c <= 'Z' ? 0.72 : 0.64;
}

double plot_text_width(const char *text, int font) {
    double width = 0;
    while (*text)
        width += point_width(next_point(&text));
    return width * font;
}

/* The text without what a picture cannot hold; white space of any kind becomes one blank. */
static char *text_clean(struct arena *a, const char *text) {
    char *out = arena_alloc(a, 3 * strlen(text) + 1), *o = out; /* a malformed byte becomes 3 */
    while (*text) {
        const char *from = text;
        uint32_t c = next_point(&text);
        if (c == MALFORMED) {
            memcpy(o, "\xEF\xBF\xBD", 3);
            o += 3;
        } else if (is_control(c) || c == ' ') {
            if (o > out && o[-1] != ' ')
                *o++ = ' ';
        } else {
            memcpy(o, from, (size_t)(text - from));
            o += text - from;
        }
    }
    while (o > out && o[-1] == ' ')
        *--o = '\0';
    return out;
}

char *plot_text_fit(struct arena *a, const char *text, double width, int font) {
    char *s = text_clean(a, text);
    if (plot_text_width(s, font) <= width)
        return s;
    const char *p = s;
    size_t keep = 0;
    double used = 0.9 * font; /* of the ellipsis */
    while (*p) {
        used += font * point_width(next_point(&p));
        if (used > width)
            break;
        keep = (size_t)(p - s);
    }
    while (keep > 0 && s[keep - 1] == ' ')
        keep--;
    return arena_print(a, "%.*s\xE2\x80\xA6", (int)keep, s);
}

/* What the fonts of a plain installation may not have: DejaVu goes as far as Hebrew, and has the
 * symbols. */
static bool is_rare(uint32_t c) {
    return c >= 0x600 && (c < 0x1E00 || c >= 0x2800) && c != MALFORMED;
}

static bool is_listed(uint32_t c, const uint32_t *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == c)
            return true;
    return false;
}

size_t plot_text_rare(const char *text, uint32_t *rare, size_t room) {
    size_t n = 0;
    while (*text) {
        uint32_t c = next_point(&text);
        if (n < room && is_rare(c) && !is_listed(c, rare, n))
            rare[n++] = c;
    }
    return n;
}

void plot_text_plain(char *text, const uint32_t *fine, size_t n) {
    char *o = text;
    for (const char *p = text; *p;) {
        const char *from = p;
        uint32_t c = next_point(&p);
        if (is_rare(c) && !is_listed(c, fine, n))
            *o++ = '?';
        else
            while (from < p)
                *o++ = *from++;
    }
    *o = '\0';
}

/* Inside single quotes gnuplot expands nothing: no escapes, no formats, no commands in backquotes.
 */
static void put_quoted(FILE *f, const char *text) {
    putc('\'', f);
    for (; *text; text++) {
        if (*text == '\'')
            putc('\'', f);
        putc(*text == '\n' || *text == '\r' ? ' ' : *text, f);
    }
    putc('\'', f);
}

static void put_value(FILE *f, double v) {
    if (v == floor(v) && fabs(v) < 1e9)
        fprintf(f, "%.0f", v); /* counts must be integers */
    else
        fprintf(f, "%.12e", v);
}

void plot_put_text(FILE *script, const char *name, const char *text) {
    fprintf(script, "%s = ", name);
    put_quoted(script, text);
    putc('\n', script);
}

void plot_put_number(FILE *script, const char *name, double value) {
    fprintf(script, "%s = ", name);
    put_value(script, value);
    putc('\n', script);
}

void plot_put_texts(FILE *script, const char *name, const char *const *texts, int n) {
    fprintf(script, "array %s[%d] = [", name, n > 0 ? n : 1);
    for (int i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", script);
        put_quoted(script, texts[i]);
    }
    fputs(n > 0 ? "]\n" : "'']\n", script);
}

void plot_put_numbers(FILE *script, const char *name, const double *values, int n) {
    fprintf(script, "array %s[%d] = [", name, n > 0 ? n : 1);
    for (int i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", script);
        put_value(script, values[i]);
    }
    fputs(n > 0 ? "]\n" : "0]\n", script);
}
