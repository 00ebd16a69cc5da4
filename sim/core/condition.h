/* Conditions: the one grammar of claims, slo, --slo, shed and alert triggers.
 *
 *   condition = expr OP bound ["+-" tolerance];  bound = value | [value "*"] metric
 *   expr      = metric | max(metric) | min(metric) | fraction(condition)
 *   metric    = [address ":"] name ["." stat] ["{" label "=" value {"," …} "}"]
 *   OP        = < <= > >= =
 *
 * This file knows only the text; core/metric.h gives metrics their values and lab/claim.h decides.
 */
#ifndef NINES_CORE_CONDITION_H
#define NINES_CORE_CONDITION_H

#include "base/error.h"
#include "base/mem.h"
#include "base/units.h"

enum { MAX_LABELS = 6 };

struct metric_ref {
    const char *address; /* NULL: the whole system */
    const char *name;    /* "latency", "hit_ratio", "cost" */
    const char *stat;    /* "p99", "mean", …; NULL: none given */
    struct {
        const char *key, *value;
    } label[MAX_LABELS]; /* in alphabetical order */
    int n_labels;
    const char *text; /* canonical: no blanks, labels in alphabetical order */
};

enum expr_kind { EXPR_METRIC, EXPR_MAX, EXPR_MIN, EXPR_FRACTION };

struct condition;

struct expr {
    enum expr_kind kind;
    struct metric_ref metric;
    struct condition *inner; /* EXPR_FRACTION */
};

enum relation { REL_LT, REL_LE, REL_GT, REL_GE, REL_EQ };

struct condition {
    struct expr left;
    enum relation relation;
    bool has_right;    /* the bound is factor * right */
    struct expr right; /* EXPR_METRIC, EXPR_MAX or EXPR_MIN */
    double factor;
    double value;     /* the bound otherwise, base units */
    enum unit unit;   /* of the bound as written */
    double tolerance; /* 0 without one */
    enum unit tolerance_unit;
    bool relative; /* the tolerance was a percentage: of the bound */
    const char *text;
};

/* NULL with an error that quotes the text and says where reading stopped. "=" without a tolerance
 * is refused for anything but counts: an estimate never equals a number. */
struct condition *condition_parse(struct arena *a, const char *text, struct error *e);

/* A metric alone, as in --json paths. */
bool metric_ref_parse(struct arena *a, const char *text, struct metric_ref *out, struct error *e);

/* Value of a label, or NULL. */
const char *metric_label(const struct metric_ref *m, const char *key);

/* p of "p99" (.99) or "p999" (.999); NaN when the stat is no percentile. */
double stat_percentile(const char *stat);

/* Does `value` satisfy the relation to `bound` (tolerance applied for "=")? */
bool condition_compare(const struct condition *c, double value, double bound);

#endif
