/* Labels that do not overlap. */
#include <math.h>
#include <string.h>

#include "plot_impl.h"

enum { GAP = 14 };

/* Neighbours that would overlap form a cluster, which is centred on what its members want, as in
 * the pool-adjacent-violators algorithm of isotonic regression: the sum of squared moves is the
 * least one. */
void plot_spread(double *centre, const double *width, int n, double room) {
    double left[32], size[32],
        sum[32]; /* of clusters: left end, length, members' wanted left ends */
    int count[32], m = 0;
    if (n > 32)
        n = 32;
    for (int i = 0; i < n; i++) {
        double w = width[i] + GAP;
        left[m] = sum[m] = centre[i] - w / 2;
        size[m] = w;
        count[m++] = 1;
        left[m - 1] = fmin(fmax(left[m - 1], 0), room - size[m - 1]);
        while (m > 1 && left[m - 2] + size[m - 2] > left[m - 1]) {
            /* a member's wish, shifted to where it would put the left end of the joint cluster */
            sum[m - 2] += sum[m - 1] - count[m - 1] * size[m - 2];
            count[m - 2] += count[m - 1];
            size[m - 2] += size[m - 1];
            m--;
            left[m - 1] = fmin(fmax(sum[m - 1] / count[m - 1], 0), room - size[m - 1]);
        }
    }
    for (int c = 0, i = 0; c < m; c++) {
        double x = left[c];
        for (int k = 0; k < count[c]; k++, i++) {
            centre[i] = x + (width[i] + GAP) / 2;
            x += width[i] + GAP;
        }
    }
}

/* Does [a, b] stay clear of everything that already stands in the lane? */
static bool lane_free(const struct plot_span *s, int n, int lane, double a, double b) {
    for (int i = 0; i < n; i++) {
        if (s[i].lane != lane)
            continue;
        double from = s[i].from, to = s[i].to;
        if (s[i].named) {
            from = fmin(from, s[i].text_x);
            to = fmax(to, s[i].text_x + s[i].width);
        }
        if (a < to + GAP / 2. && from < b + GAP / 2.)
            return false;
    }
    return true;
}

static bool is_named(const struct plot_span *s, int n, const char *text) {
    for (int i = 0; i < n; i++)
        if (s[i].named && !strcmp(s[i].text, text))
            return true;
    return false;
}

int plot_lanes(struct plot_span *s, int n, double room) {
    int unnamed = 0;
    for (int i = 0; i < n; i++) {
        struct plot_span *me = &s[i];
        me->text_x = fmax(0, fmin(me->from + 4, room - me->width));
        me->named = false;
        me->lane = -1;
        bool known = is_named(s, i, me->text);
        double a = fmin(me->from, me->text_x), b = fmax(me->to, me->text_x + me->width);
        for (int lane = 0; lane < PLOT_LANES && me->lane < 0; lane++)
            if (lane_free(s, i, lane, a, b))
                me->named = true, me->lane = lane;
            else if (known && lane_free(s, i, lane, me->from, me->to))
                me->lane = lane; /* the tenth crash of a kind needs no tenth label */
        for (int lane = 0; lane < PLOT_LANES && me->lane < 0; lane++)
            if (lane_free(s, i, lane, me->from, me->to))
                me->lane = lane;
        if (me->lane < 0)
            me->lane = PLOT_LANES - 1;
        unnamed += !me->named && !known;
    }
    return unnamed;
}
