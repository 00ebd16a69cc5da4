/* The picture of the load: queues, utilisation and throughput over time, one panel each; replicas
 * where their number changes, and states (a breaker is open, an alert fires) where there were any.
 */
#include <math.h>
#include <string.h>

#include "agent/registry.h"
#include "plot_impl.h"

enum { MOST = PLOT_ADDRESSES + PLOT_SINGLES, STYLE_SINGLE = 8 };

struct panel {
    const char *suffix, *what, *file;
    enum plot_scale scale;
};

static const struct panel queue_panel = {":queue", "requests waiting", "queue.tsv", PLOT_COUNT};
static const struct panel work_panel = {":utilization", "utilisation", "work.tsv", PLOT_SHARE};
static const struct panel rate_panel = {"", "requests per second", "rate.tsv", PLOT_COUNT};
static const struct panel fleet_panel = {"", "replicas", "fleet.tsv", PLOT_COUNT};
static const struct panel state_panel = {"", "share of time in state", "state.tsv", PLOT_SHARE};

/* The panels so far. */
struct stack {
    FILE *script;
    int panels;
    double side; /* where the plot area has to end */
};

static void panel_axis(struct plot_axis *y, const struct panel *p, const struct plot_wanted *w,
                       int n) {
    double most = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < w[i].points.n; k++)
            most = fmax(most, w[i].points.v[k]);
    if (p->scale == PLOT_SHARE)
        most = fmax(1, most); /* always 0 to 100 %, with room for a line at 100 % */
    else if (most > 0)
        most = fmax(most, 0.1); /* next to nothing shall look so */
    plot_axis_linear(y, p->what, p->scale, 0, most > 0 ? 1.06 * most : 1,
                     p->scale == PLOT_SHARE ? 6 : 5);
}

static void put_panel(struct plot_job *j, const struct panel *p, const struct plot_address *address,
                      const struct plot_wanted *w, int n, struct stack *s) {
    const struct plot_frame frame = {.width = 1080};
    char *fitted[MOST];
    double colour[MOST], style[MOST];
    struct plot_axis y;
    for (int i = 0; i < n; i++) {
        fitted[i] = plot_text_fit(j->arena, address[i].name, 190, PLOT_SMALL);
        colour[i] = address[i].colour;
        style[i] = address[i].single ? STYLE_SINGLE : address[i].colour;
    }
    panel_axis(&y, p, w, n);
    s->side = fmin(s->side, plot_key_side(&frame, (const char *const *)fitted, n));
    plot_put_number(j->script, "PANEL", ++s->panels);
    plot_put_axis(j->script, "Y", &y);
    plot_put_lines(j, w, (const char *const *)fitted, colour, style, n);
    fputs("load SCRIPTS.'/load_panel.gp'\n", j->script);
}

/* Adds one panel if there are data for it. */
static bool add_panel(struct plot_job *j, const struct panel *p, const struct plot_address *address,
                      int n, struct stack *s, struct error *e) {
    struct plot_job inner = *j;
    struct plot_wanted w[MOST] = {0};
    inner.script = s->script;
    for (int i = 0; i < n; i++) {
        w[i].metric = arena_print(j->arena, "%s%s", address[i].name, p->suffix);
    }
    int blocks = plot_write_blocks(&inner, w, n, p->file, e);
    if (blocks > 0)
        put_panel(&inner, p, address, w, n, s);
    return blocks >= 0;
}

/* Is it the share of time that some component spends in a state? */
static bool is_state(const char *name) {
    const struct node_type *t;
    for (int i = 0; (t = component_at(i)); i++) {
        const struct metric *m = schema_metric(t, name);
        if (m && m->kind == METRIC_INTEGRAL && m->unit == UNIT_RATIO)
            return true;
    }
    return false;
}

static bool is_fleet(const char *name) {
    return !strcmp(name, "replicas");
}

/* Those with a name that fits and a course that is no flat line; single replicas are left out. */
static int courses(const struct plot_series *s, bool (*fits)(const char *),
                   struct plot_address *out) {
    int n = 0;
    for (int i = 0; i < s->n && n < PLOT_ADDRESSES; i++) {
        const struct plot_stat *x = &s->stat[i];
        const char *colon = strrchr(x->metric, ':'), *index = strchr(x->metric, '[');
        bool single = index && index[1] != '*';
        if (!colon || single || !fits(colon + 1) || !(x->peak > x->mean * 1.000001))
            continue;
        out[n] = (struct plot_address){arena_print(s->arena, "%s", x->metric), n + 1, false};
        n++;
    }
    return n;
}

static bool add_panels(struct plot_job *j, struct stack *s, struct error *e) {
    struct plot_address busy[MOST], fleet[MOST], state[MOST];
    struct plot_address rate[] = {{.name = "offered", .colour = 7},
                                  {.name = "goodput", .colour = 3}};
    int n = plot_busiest(j->series, busy);
    return add_panel(j, &queue_panel, busy, n, s, e) && add_panel(j, &work_panel, busy, n, s, e) &&
           add_panel(j, &rate_panel, rate, 2, s, e) &&
           add_panel(j, &fleet_panel, fleet, courses(j->series, is_fleet, fleet), s, e) &&
           add_panel(j, &state_panel, state, courses(j->series, is_state, state), s, e);
}

bool plot_prepare_load(struct plot_job *j, bool *some, struct error *e) {
    static const int heights[] = {640, 640, 760, 940, 1120, 1300};
    char note[64] = "";
    *some = false;
    if (!j->series->rows)
        return true;
    if (!sheet_open(j->panels, e))
        return false;
    struct stack s = {j->panels->f, 0, 960};
    bool fine = add_panels(j, &s, e) && sheet_close(j->panels, e);
    *some = s.panels > 0;
    if (fine && *some) {
        struct plot_axis x;
        struct plot_frame frame = {1080, heights[s.panels], 100, s.side};
        plot_time_axis(&x, j);
        plot_put_spans(j, &frame, &x, note, sizeof note);
        plot_put_frame(j, &frame, note);
        plot_put_axis(j->script, "X", &x);
        plot_put_number(j->script, "PANELS", s.panels);
        fprintf(j->script, "load SCRIPTS.'/load.gp'\n%.*sunset multiplot\n", (int)j->panels->n,
                j->panels->text);
    }
    sheet_release(j->panels);
    return fine;
}
