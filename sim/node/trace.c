/* A recorded workload: requests as a file says, one row at a time. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/rows.h"
#include "core/sim.h"
#include "node/registry.h"
#include "node/source.h"

enum { MAX_COLUMNS = 32 };

struct trace {
    struct source source;
    const char *file, *arrival, *class_column;
    ns_t unit;
    double speed;
    bool loop;
    int64_t limit;
    struct rows *rows;
    uint32_t column_fact[MAX_COLUMNS]; /* column 2.. -> fact */
    size_t n_columns;
    double row[MAX_COLUMNS];
    double first, last, lap; /* arrival times of this lap's rows; what earlier laps add */
    uint64_t in_lap;
    int class;
    struct event event;
};

static struct trace *trace_of(struct node *n) {
    return container_of(source_of(n), struct trace, source);
}

static void fail(struct trace *t, const char *why) {
    sim_fail(t->source.base.sim, "%s: %s", t->source.base.where, why);
}

/* The class of the row just read; -1 and an error when it is none of those declared. */
static int class_of_row(struct trace *t) {
    if (!t->class_column)
        return 0;
    struct source *s = &t->source;
    const char *label = rows_label(t->rows, 1, (size_t)t->row[1]);
    for (uint32_t i = 0; i < s->n_classes; i++)
        if (label && !strcmp(s->base.sim->classes[s->classes[i].index].name, label))
            return (int)i;
    char why[400];
    snprintf(why, sizeof why, "%s:%zu: class '%s' is not among the classes of the workload",
             t->file, rows_line(t->rows), label ? label : "");
    fail(t, why);
    return -1;
}

/* At the end of the file: a further lap begins one mean gap after the last row. */
static bool next_lap(struct trace *t) {
    struct error e = {{0}};
    if (!t->loop || t->in_lap == 0)
        return false;
    double span = t->last - t->first;
    double gap = t->in_lap > 1 ? span / (double)(t->in_lap - 1) : 1;
    t->lap += span + gap;
    t->in_lap = 0;
    if (rows_rewind(t->rows, &e) && rows_next(t->rows, t->row, &e))
        return true;
    if (error_is(&e))
        fail(t, e.text);
    return false;
}

/* Reads the next row and schedules it; false at the end. */
static bool advance(struct trace *t) {
    struct sim *sim = t->source.base.sim;
    struct error e = {{0}};
    if (t->limit && (int64_t)t->source.sent >= t->limit)
        return false;
    if (!rows_next(t->rows, t->row, &e)) {
        if (error_is(&e)) {
            fail(t, e.text);
            return false;
        }
        if (!next_lap(t))
            return false;
    }
    double at = t->row[0];
    if (t->in_lap++ == 0)
        t->first = at;
    else if (at < t->last) {
        char why[300];
        snprintf(why, sizeof why,
                 "%s:%zu: arrival %.9g lies before the row above (%.9g); rows must "
                 "be in order of time",
                 t->file, rows_line(t->rows), at, t->last);
        fail(t, why);
        return false;
    }
    t->last = at;
    if ((t->class = class_of_row(t)) < 0)
        return false;
    double seconds = (at - t->first + t->lap) * ns_to_s(t->unit) / t->speed;
    event_at(&sim->clock, &t->event,
             ns_from_s(seconds) > sim->clock.now ? ns_from_s(seconds) : sim->clock.now);
    return true;
}

static void arrive(struct event *ev) {
    struct trace *t = container_of(ev, struct trace, event);
    struct source *s = &t->source;
    struct call *root = source_open(s, t->class);
    if (!root)
        return;
    for (size_t i = 2; i < t->n_columns; i++)
        root->req->fact[t->column_fact[i]] = t->row[i];
    bool more = advance(t);
    call_enter(root);
    if (!more)
        sim_dry(s->base.sim);
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    source_seal(source_of(n));
    return true;
}

/* Beside the scenario first, then where the program was started. */
static struct rows *open_rows(struct trace *t, const struct rows_column *columns, size_t n,
                              struct error *e) {
    struct sim *sim = t->source.base.sim;
    if (t->file[0] != '/' && sim->folder) {
        const char *beside = arena_print(&sim->arena, "%s/%s", sim->folder, t->file);
        if (!access(beside, R_OK))
            t->file = beside;
    }
    return rows_open(t->file, columns, n, e);
}

static bool read_columns(struct trace *t, struct rows_column *columns, struct error *e) {
    const struct value *facts = &t->source.facts_value;
    columns[0] = (struct rows_column){t->arrival, false};
    columns[1] = (struct rows_column){t->class_column ? t->class_column : t->arrival,
                                      t->class_column != NULL};
    t->n_columns = 2;
    if (facts->type == VALUE_NIL)
        return true;
    if (facts->type != VALUE_TABLE)
        return error_set(e, "facts: it wants fact = \"column\" pairs");
    for (uint32_t i = 0; i < facts->table.n; i++) {
        const struct entry *en = &facts->table.at[i];
        if (!en->key || en->value.type != VALUE_TEXT)
            return error_set(e, "facts: it wants fact = \"column\" pairs");
        if (t->n_columns == MAX_COLUMNS)
            return error_set(e, "facts: more than %d columns", MAX_COLUMNS - 2);
        t->column_fact[t->n_columns] = sim_fact(t->source.base.sim, en->key);
        columns[t->n_columns++] = (struct rows_column){en->value.text, false};
    }
    return true;
}

static bool init(struct node *n, struct error *e) {
    struct trace *t = trace_of(n);
    struct rows_column columns[MAX_COLUMNS];
    if (t->class_column && t->source.classes_value.type != VALUE_TABLE)
        return error_set(
            e, "class: name the classes too, such as classes = { chat = { priority = 1 } }");
    if (!t->class_column && t->source.classes_value.type == VALUE_TABLE)
        return error_set(e, "classes: say which column holds the class (class = \"column\")");
    if (!read_columns(t, columns, e) || !(t->rows = open_rows(t, columns, t->n_columns, e)))
        return false;
    struct value facts = t->source.facts_value;
    t->source.facts_value.type = VALUE_NIL; /* they come from the file */
    bool ok = source_read(&t->source, false, e);
    t->source.facts_value = facts;
    return ok;
}

static void start(struct node *n) {
    struct trace *t = trace_of(n);
    event_init(&t->event, arrive);
    if (!advance(t))
        sim_dry(n->sim);
}

static void release(struct node *n) {
    rows_close(trace_of(n)->rows);
}

static const struct param params[] = {
    PARAM(TEXT, "file", struct trace, file, NULL,
          "CSV with a header line, or JSON lines; beside the scenario or from where nines was "
          "started",
          .flags = REQUIRED | EARLY),
    PARAM(TEXT, "arrival", struct trace, arrival, "arrival_s", "the column of arrival times",
          .flags = EARLY),
    PARAM(TIME, "time_unit", struct trace, unit, "1s", "what 1 in that column means", .min = 1e-9,
          .max = INFINITY),
    PARAM(TEXT, "class", struct trace, class_column, NULL, "the column of class names",
          .flags = EARLY),
    PARAM(VALUE, "classes", struct source, classes_value, NULL,
          "the classes that may occur: name = { priority = 0 }", .flags = EARLY),
    PARAM(VALUE, "facts", struct source, facts_value, NULL, "fact = \"column\"", .flags = EARLY),
    PARAM(NUMBER, "speed", struct trace, speed, "1", "2 replays twice as fast", .min = 1e-9,
          .max = INFINITY),
    PARAM(BOOL, "loop", struct trace, loop, "false", "begin again at the end of the file"),
    PARAM(INTEGER, "limit", struct trace, limit, "0", "stop after so many requests; 0: all",
          .max = 9e15),
    SOURCE_PARAMS,
    {0},
};

const struct node_type trace_type = {
    .kind = "trace",
    .summary = "a recorded workload, replayed from a file of any length",
    .example = "trace { file = \"requests.csv\", facts = { input_tokens = \"input_tokens\" } }",
    .params = params,
    .size = sizeof(struct trace),
    .flags = NODE_SOURCE,
    .ops = {.init = init, .seal = seal, .start = start, .release = release},
};
