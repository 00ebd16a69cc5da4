#include "report/help.h"

#include <math.h>
#include <string.h>

static const char *kind_text(const struct param *p) {
    switch (p->kind) {
    case PARAM_NUMBER:
        return "number";
    case PARAM_INTEGER:
        return "whole number";
    case PARAM_RATIO:
        return "ratio";
    case PARAM_TIME:
        return "duration";
    case PARAM_QUANTITY:
        return p->unit == UNIT_TIME
                   ? "duration, distribution, per-class table, linear, table, signal or function"
                   : "quantity";
    case PARAM_RATE:
        return "per second, or a signal";
    case PARAM_BOOL:
        return "true or false";
    case PARAM_CHOICE:
        return "choice";
    case PARAM_TEXT:
        return "text";
    case PARAM_OUTCOMES:
        return "list of outcomes";
    case PARAM_NODE:
        return p->flags & CHILD ? "component (positional)" : "component";
    case PARAM_NODES:
        return p->flags & NAMED ? "named components" : "components (positional)";
    case PARAM_REF:
        return p->ref_kind ? p->ref_kind : "component";
    case PARAM_CONDITION:
        return "condition";
    case PARAM_CALLBACK:
        return "function";
    case PARAM_TABLE:
        return "table";
    case PARAM_VALUE:
        return "table";
    }
    return "";
}

static void range_text(const struct param *p, char *out, size_t size) {
    out[0] = 0;
    if (p->kind == PARAM_CHOICE) {
        for (int i = 0; p->choices[i]; i++)
            snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? ", " : "", p->choices[i]);
    } else if (p->min != 0 || p->max != 0) {
        if (isinf(p->max))
            snprintf(out, size, "at least %g", p->min);
        else
            snprintf(out, size, "%g to %g", p->min, p->max);
    } else if (p->kind == PARAM_RATIO)
        snprintf(out, size, "0 to 1");
}

static void param_row(FILE *f, const struct param *p, const char *prefix, bool markdown) {
    char range[300], name[128];
    if (p->kind == PARAM_TABLE) {
        snprintf(name, sizeof name, "%s%s.", prefix, p->name);
        for (const struct param *q = p->sub; q->name; q++)
            param_row(f, q, name, markdown);
        return;
    }
    snprintf(name, sizeof name, "%s%s", prefix, p->name);
    range_text(p, range, sizeof range);
    const char *def = p->flags & REQUIRED ? "required"
                      : p->flags & ONE_OF ? "one of these"
                      : p->def            ? p->def
                                          : "";
    const char *live = p->flags & LIVE ? "live" : "";
    if (markdown) {
        fprintf(f, "| `%s` | %s%s%s%s%s%s | %s | %s | %s |\n", name, kind_text(p),
                range[0] ? ": " : "", range, p->needs ? "; with `" : "", p->needs ? p->needs : "",
                p->needs ? "`" : "", def, live, p->help);
        return;
    }
    fprintf(f, "  %-28s %s%s%s%s", name, kind_text(p), range[0] ? ": " : "", range,
            live[0] ? "; live" : "");
    if (p->needs)
        fprintf(f, "; with %s", p->needs);
    if (p->excludes)
        fprintf(f, "; not with %s", p->excludes);
    if (def[0])
        fprintf(f, p->flags & (REQUIRED | ONE_OF) ? "; %s" : "; default %s", def);
    fprintf(f, "\n  %-28s %s\n", "", p->help);
}

static const char *metric_text(enum metric_kind k) {
    return k == METRIC_COUNTER    ? "per second"
           : k == METRIC_INTEGRAL ? "mean over time"
           : k == METRIC_SHARE    ? "share of time"
           : k == METRIC_PER      ? "mean count"
                                  : "ratio";
}

static void metrics(FILE *f, const struct node_type *type, bool markdown) {
    if (!type->metrics)
        return;
    fputs(markdown ? "\n| metric | kind | meaning |\n|---|---|---|\n" : "\nMetrics of its own\n",
          f);
    for (const struct metric *m = type->metrics; m->name; m++) {
        if (markdown)
            fprintf(f, "| `%s` | %s | %s |\n", m->name, metric_text(m->kind), m->help);
        else
            fprintf(f, "  %-28s %s; %s\n", m->name, metric_text(m->kind), m->help);
    }
}

void help_node(FILE *f, const struct node_type *type, bool markdown) {
    fprintf(f, markdown ? "## %s\n\n%s.\n\n" : "%s: %s\n\n", type->kind, type->summary);
    if (type->follows)
        fprintf(f, markdown ? "Follows: %s.\n\n" : "Follows %s\n\n", type->follows);
    if (type->example)
        fprintf(f, markdown ? "```lua\n%s\n```\n\n" : "  %s\n\n", type->example);
    fputs(markdown ? "| parameter | takes | default | | meaning |\n|---|---|---|---|---|\n"
                   : "Parameters (besides name)\n",
          f);
    for (const struct param *p = type->params; p->name; p++)
        param_row(f, p, "", markdown);
    metrics(f, type, markdown);
    if (type->results) {
        fputs(markdown ? "\nLabel `result`:" : "\nLabel result:", f);
        for (int i = 0; type->results[i]; i++)
            fprintf(f, "%s %s", i ? "," : "", type->results[i]);
        fputc('\n', f);
    }
    fputc('\n', f);
}

void help_word(FILE *f, const char *name, const char *summary, const char *arguments,
               const char *example, bool markdown) {
    fprintf(f, markdown ? "### %s\n\n%s.\n\n" : "%s: %s\n", name, summary);
    if (arguments)
        fprintf(f, markdown ? "Takes: %s.\n\n" : "  takes %s\n", arguments);
    if (example)
        fprintf(f, markdown ? "```lua\n%s\n```\n\n" : "  %s\n", example);
}
