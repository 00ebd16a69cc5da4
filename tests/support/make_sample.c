/* Makes the request sample that ships with the scenarios, or a longer one:  make_sample [ROWS
 * [SEED]] > FILE.csv
 *
 * The shape is that of a public trace of a conversation service (Azure LLM inference, 2023; Patel
 * et al., Splitwise, ISCA 2024), known to this program only through published figures: 5.53
 * requests/s with a coefficient of variation of the gaps of 1.094, and quantiles of the token
 * counts. Between quantiles the logarithm of the count is linear; input and output are independent.
 * Every row is made up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dist.h"

struct quantile {
    double p, tokens;
};
static const struct quantile input[] = {
    {0, 16}, {0.5, 1020}, {0.9, 2735}, {0.99, 4142}, {1, 14050}};
static const struct quantile output[] = {{0, 4}, {0.5, 129}, {0.9, 424}, {0.99, 601}, {1, 1000}};
enum { KNOTS = 5 };

static long tokens(const struct quantile *q, double u) {
    int i = 1;
    while (i + 1 < KNOTS && u > q[i].p)
        i++;
    double share = (u - q[i - 1].p) / (q[i].p - q[i - 1].p);
    return lround(exp(log(q[i - 1].tokens) + share * (log(q[i].tokens) - log(q[i - 1].tokens))));
}

int main(int argc, char **argv) {
    long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 4000;
    struct rng r = {rng_mix(argc > 2 ? strtoull(argv[2], NULL, 10) : 2023)};
    const struct dist_arg args[] = {{"mean", 1 / 5.53}, {"cv", 1.094}};
    struct dist_spec spec = {.kind = DIST_GAMMA, .args = args, .n_args = 2};
    struct error e = {{0}};
    struct dist *gap = dist_new(&spec, &e);
    if (!gap || rows < 1) {
        fprintf(stderr, "make_sample: %s\n", error_is(&e) ? e.text : "ROWS must be at least 1");
        return 2;
    }
    double t = 0;
    puts("arrival_s,input_tokens,output_tokens");
    for (long i = 0; i < rows; i++) {
        double a = rng_unit(&r), b = rng_unit(&r);
        printf("%.6f,%ld,%ld\n", t, tokens(input, a), tokens(output, b));
        t += dist_draw(gap, &r);
    }
    dist_free(gap);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
