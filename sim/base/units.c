#include "units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten are kept as such and moved into the decimal: "99.9 %" is read as 99.9e-2, the
 * double nearest to 0.999, which 99.9 / 100 is not. */
static const struct suffix {
    const char *text;
    double times;
    int ten;
    enum unit unit;
} suffixes[] = {
    {"ns", 1, -9, UNIT_TIME},        {"us", 1, -6, UNIT_TIME},
    {"ms", 1, -3, UNIT_TIME},        {"s", 1, 0, UNIT_TIME},
    {"m", 60, 0, UNIT_TIME},         {"min", 60, 0, UNIT_TIME},
    {"h", 3600, 0, UNIT_TIME},       {"d", 86400, 0, UNIT_TIME},
    {"\xc2\xb5s", 1, -6, UNIT_TIME}, /* the micro sign, and the Greek letter that looks like it */
    {"\xce\xbcs", 1, -6, UNIT_TIME}, {"%", 1, -2, UNIT_RATIO},
    {"B", 1, 0, UNIT_SIZE},          {"kB", 1, 3, UNIT_SIZE},
    {"MB", 1, 6, UNIT_SIZE},         {"GB", 1, 9, UNIT_SIZE},
    {"TB", 1, 12, UNIT_SIZE},        {"KiB", 0x1p10, 0, UNIT_SIZE},
    {"MiB", 0x1p20, 0, UNIT_SIZE},   {"GiB", 0x1p30, 0, UNIT_SIZE},
    {"TiB", 0x1p40, 0, UNIT_SIZE},   {"/s", 1, 0, UNIT_RATE},
    {"/min", 1. / 60, 0, UNIT_RATE}, {"/h", 1. / 3600, 0, UNIT_RATE},
    {"USD", 1, 0, UNIT_MONEY},
};
enum { N_SUFFIXES = sizeof suffixes / sizeof *suffixes };

static const char accepted[] = "ns us ms s m (or min) h d for times, % for ratios, "
                               "B kB MB GB TB KiB MiB GiB TiB for sizes, /s /min /h for rates, USD";

static const char *suffix_text(const void *ctx, int i) {
    (void)ctx;
    return i < N_SUFFIXES ? suffixes[i].text : NULL;
}

/* The end of the decimal number at `s`, or `s` if there is none. strtod alone would also take
 * "inf", "nan" and hex. */
static const char *number_end(const char *s) {
    const char *p = s + (*s == '-' || *s == '+');
    const char *digits = p;
    while (isdigit((unsigned char)*p))
        p++;
    size_t n = (size_t)(p - digits);
    if (*p == '.') {
        const char *fraction = ++p;
        while (isdigit((unsigned char)*p))
            p++;
        n += (size_t)(p - fraction);
    }
    if (n == 0)
        return s;
    if (*p == 'e' || *p == 'E') {
        const char *q = p + 1 + (p[1] == '-' || p[1] == '+');
        if (isdigit((unsigned char)*q)) {
            while (isdigit((unsigned char)*q))
                q++;
            p = q;
        }
    }
    return p;
}

static const char *skip_blanks(const char *s) {
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

static bool unknown_suffix(const char *text, const char *suffix, struct error *e) {
    const char *near = error_nearest(suffix, suffix_text, NULL);
    if (near)
        return error_set(e, "'%.80s': unknown unit '%s'; did you mean '%s'? Accepted are %s", text,
                         suffix, near, accepted);
    return error_set(e, "'%.80s': unknown unit '%s'; accepted are %s", text, suffix, accepted);
}

/* Copies the suffix without the blanks around it; one that does not fit is no unit, but must be
 * shown. */
static void trim(char *out, size_t size, const char *from) {
    snprintf(out, size, "%s", skip_blanks(from));
    size_t n = strlen(out);
    while (n > 0 && isspace((unsigned char)out[n - 1]))
        out[--n] = '\0';
}

/* The decimal from `s` to `end` times 10^ten, rounded once where it fits (a longer one has no unit
 * in mind). */
static double read_number(const char *s, const char *end, int ten) {
    char text[80];
    double v = strtod(s, NULL);
    size_t n = (size_t)(end - s);
    if (ten == 0)
        return v;
    if (n > 64 || memchr(s, 'e', n) || memchr(s, 'E', n))
        return v * pow(10, ten);
    snprintf(text, sizeof text, "%.*se%d", (int)n, s, ten);
    return strtod(text, NULL);
}

bool unit_parse(const char *text, double *value, enum unit *unit, struct error *e) {
    const char *s = skip_blanks(text), *end = number_end(s);
    if (end == s)
        return error_set(e, "'%.80s' is not a number; write one with or without a unit: %s", text,
                         accepted);
    char suffix[64];
    trim(suffix, sizeof suffix, end);
    const struct suffix *found = NULL;
    for (int i = 0; i < N_SUFFIXES; i++)
        if (strcmp(suffix, suffixes[i].text) == 0)
            found = &suffixes[i];
    if (*suffix && !found)
        return unknown_suffix(text, suffix, e);
    double v = read_number(s, end, found ? found->ten : 0) * (found ? found->times : 1);
    if (!isfinite(v))
        return error_set(e, "'%.80s' is too large a number", text);
    *value = v;
    *unit = found ? found->unit : UNIT_NONE;
    return true;
}

const char *unit_symbol(enum unit unit) {
    static const char *const symbols[UNITS] = {"", "s", "", "B", "1/s", "USD"};
    return (unsigned)unit < UNITS ? symbols[unit] : "";
}

/* ---- for reading */

/* Decimals that give `digits` significant ones; rounding up to the next power of ten takes one
 * away. */
static int decimals_for(double v, int digits) {
    if (v == 0)
        return 0;
    int decimals = digits - 1 - (int)floor(log10(v));
    if (decimals <= 0)
        return 0;
    double next = pow(10, (double)(digits - decimals));
    char text[64];
    snprintf(text, sizeof text, "%.*f", decimals, v);
    return strtod(text, NULL) >= next ? decimals - 1 : decimals;
}

/* Copies a plain decimal number with its thousands separated. */
static void write_grouped(char *out, size_t size, const char *plain) {
    int whole = (int)strcspn(plain, ".");
    size_t o = 0;
    for (int i = 0; plain[i] && o + 2 < size; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            out[o++] = ',';
        out[o++] = plain[i];
    }
    out[o] = '\0';
}

/* Writes v >= 0 with `digits` significant digits, without trailing zeros and with thousands
 * separated. Integer digits are never rounded away: 10498 stays 10,498. */
static void write_number(char *out, size_t size, double v, int digits) {
    if (v >= 1e15 || (v > 0 && v < 1e-9)) {
        snprintf(out, size, "%.*g", digits, v);
        return;
    }
    char plain[64];
    int n = snprintf(plain, sizeof plain, "%.*f", decimals_for(v, digits), v);
    if (strchr(plain, '.')) {
        while (plain[n - 1] == '0')
            n--;
        n -= plain[n - 1] == '.';
        plain[n] = '\0';
    }
    write_grouped(out, size, plain);
}

struct scale {
    double from, base; /* used for values of at least `from`; one unit is `base` */
    const char *name;
};

/* A value that would be written as "1000 ms" belongs to the next scale: hence the limits a little
 * below. Minutes start at two, and so on, because "90 s" reads better than "1.5 min". */
static const struct scale times[] = {
    {172800, 86400, " d"},    {7200, 3600, " h"},       {120, 60, " min"}, {0.9995, 1, " s"},
    {0.9995e-3, 1e-3, " ms"}, {0.9995e-6, 1e-6, " us"}, {0, 1e-9, " ns"},
};
static const struct scale sizes[] = {
    {1023.5 * 0x1p30, 0x1p40, " TiB"},
    {1023.5 * 0x1p20, 0x1p30, " GiB"},
    {1023.5 * 0x1p10, 0x1p20, " MiB"},
    {1023.5, 0x1p10, " KiB"},
    {0, 1, " B"},
};

static void write_scaled(char *out, size_t size, double v, const struct scale *scales) {
    while (v < scales->from)
        scales++;
    if (v == 0 && scales->base < 1)
        snprintf(out, size, "0 s");
    else {
        char number[48];
        write_number(number, sizeof number, v / scales->base, 3);
        snprintf(out, size, "%s%s", number, scales->name);
    }
}

/* 99.996 % must not be read as 100 %, nor a share just above as exactly 100 %: digits are added
 * until it shows. */
static void write_ratio(char *out, size_t size, double v) {
    char number[48];
    for (int digits = 4; digits <= 12; digits++) {
        write_number(number, sizeof number, v * 100, digits);
        if (v == 1 || strcmp(number, "100") != 0)
            break;
    }
    snprintf(out, size, "%s %%", number);
}

static void write_money(char *out, size_t size, double v, const char *sign) {
    char number[48], plain[48];
    if (v >= 0.9995 && v < 1e15) { /* in cents */
        int n = snprintf(plain, sizeof plain, "%.2f", v);
        if (strcmp(plain + n - 3, ".00") == 0)
            plain[n - 3] = '\0';
        write_grouped(number, sizeof number, plain);
    } else
        write_number(number, sizeof number, v, 3);
    snprintf(out, size, "%s$%s", sign, number);
}

char *unit_format(char *out, size_t size, double value, enum unit unit) {
    if (isnan(value)) {
        snprintf(out, size, "n/a");
        return out;
    }
    const char *sign = value < 0 ? "-" : "";
    double v = fabs(value);
    char text[64];
    if (isinf(v))
        snprintf(text, sizeof text, "inf");
    else if (unit == UNIT_TIME)
        write_scaled(text, sizeof text, v, times);
    else if (unit == UNIT_SIZE)
        write_scaled(text, sizeof text, v, sizes);
    else if (unit == UNIT_RATIO)
        write_ratio(text, sizeof text, v);
    else if (unit == UNIT_MONEY)
        write_money(text, sizeof text, v, sign), sign = "";
    else
        write_number(text, sizeof text, v, 4);
    snprintf(out, size, "%s%s%s", sign, text, unit == UNIT_RATE ? "/s" : "");
    return out;
}
