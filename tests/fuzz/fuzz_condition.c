/* Fuzzes the grammar of conditions and metric paths. What is accepted must read the same when it is
 * written out again. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_metric(struct arena *a, const struct metric_ref *m) {
    struct metric_ref again;
    struct error e = {{0}};
    assert(m->name && *m->name);
    if (m->stat) {
        double p = stat_percentile(m->stat);
        assert(isnan(p) || (p > 0 && p < 1));
    }
    if (strlen(m->text) > 400) /* the canonical text is cut off there */
        return;
    assert(metric_ref_parse(a, m->text, &again, &e));
    assert(!strcmp(again.text, m->text));
}

static void check_condition(struct arena *a, const struct condition *c);

static void check_expr(struct arena *a, const struct expr *x) {
    if (x->kind == EXPR_FRACTION)
        check_condition(a, x->inner);
    else
        check_metric(a, &x->metric);
}

static void check_condition(struct arena *a, const struct condition *c) {
    check_expr(a, &c->left);
    if (c->has_right)
        check_expr(a, &c->right);
    assert(isfinite(c->value) && isfinite(c->factor) && c->tolerance >= 0);
    condition_compare(c, c->value, c->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = {0};
    struct error e = {{0}};
    struct metric_ref m;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct condition *c = condition_parse(&a, text, &e);
    assert((c == NULL) == error_is(&e));
    if (c)
        check_condition(&a, c);
    e = (struct error){{0}};
    if (metric_ref_parse(&a, text, &m, &e))
        check_metric(&a, &m);
    else
        assert(error_is(&e));
    free(text);
    arena_release(&a);
    return 0;
}
