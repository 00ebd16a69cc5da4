#include "value.h"

#include <stdio.h>
#include <string.h>

const char *value_type_name(const struct value *v) {
    static const char *const names[] = {"nothing",        "true or false", "a number",
                                        "a text",         "a table",       "a component",
                                        "a distribution", "an object",     "a function"};
    return names[v->type];
}

bool value_is_name(const char *text) {
    for (const char *c = text; *c; c++)
        if (!(*c == '_' || (*c >= '0' && *c <= '9' && c > text) || (*c >= 'a' && *c <= 'z') ||
              (*c >= 'A' && *c <= 'Z')))
            return false;
    return *text;
}

const struct value *table_get(const struct table *t, const char *key) {
    for (uint32_t i = 0; i < t->n; i++)
        if (t->at[i].key && !strcmp(t->at[i].key, key))
            return &t->at[i].value;
    return NULL;
}

const struct value *table_at(const struct table *t, uint32_t index) {
    for (uint32_t i = 0; i < t->n; i++)
        if (!t->at[i].key && t->at[i].index == index)
            return &t->at[i].value;
    return NULL;
}

uint32_t table_count(const struct table *t) {
    uint32_t n = 0;
    while (table_at(t, n + 1))
        n++;
    return n;
}

static const char *wanted(enum unit u) {
    switch (u) {
    case UNIT_TIME:
        return "a duration such as \"50ms\" (a plain number is seconds)";
    case UNIT_RATIO:
        return "a ratio: 0 to 1, or a text such as \"50%\"";
    case UNIT_SIZE:
        return "a size such as \"16GiB\" (a plain number is bytes)";
    case UNIT_RATE:
        return "a number a second";
    case UNIT_MONEY:
        return "an amount in USD";
    default:
        return "a number";
    }
}

/* "many" is no number with a wrong unit but another thing. */
static bool like_number(const char *text) {
    text += strspn(text, " \t\n+-.");
    return *text >= '0' && *text <= '9';
}

static bool suits(enum unit have, enum unit want) {
    return have == UNIT_NONE || have == want || want == UNIT_NONE ||
           (want == UNIT_RATE && have == UNIT_NONE) || (want == UNIT_MONEY && have == UNIT_NONE);
}

bool value_number(const struct value *v, enum unit want, double *out, const char *what,
                  struct error *e) {
    enum unit have = UNIT_NONE;
    if (v->type == VALUE_NUMBER)
        *out = v->number;
    else if (v->type == VALUE_TEXT) {
        struct error why = {{0}};
        if (!like_number(v->text))
            return error_set(e, "%s: \"%.80s\" was given; it wants %s", what, v->text,
                             wanted(want));
        if (!unit_parse(v->text, out, &have, &why))
            return error_set(e, "%s: %s; it wants %s", what, why.text, wanted(want));
    } else
        return error_set(e, "%s: %s was given; it wants %s", what, value_type_name(v),
                         wanted(want));
    if (!suits(have, want))
        return error_set(e, "%s: \"%s\" is not %s", what, v->text, wanted(want));
    if (!__builtin_isfinite(*out))
        return error_set(e, "%s: the value is not finite; it wants %s", what, wanted(want));
    if (want == UNIT_RATIO && v->type == VALUE_NUMBER && (*out < 0 || *out > 1)) {
        if (*out > 1 && *out <= 100)
            return error_set(e, "%s = %.6g: a ratio goes from 0 to 1; did you mean \"%.6g%%\"?",
                             what, *out, *out);
        return error_set(e, "%s = %.6g: a ratio goes from 0 to 1", what, *out);
    }
    return true;
}
