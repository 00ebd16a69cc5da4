/* Fuzzes the reader of traces through a file. The first byte chooses the format and the columns;
 * the rest is the file, which is read twice: the second time, after a rewind, it must say the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3, MOST = 1 << 12 };

static const struct rows_column wanted[COLUMNS] = {{"t", false}, {"c", true}, {"x", false}};

static char path[3][64];

static void remove_files(void) {
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
}

static void make_paths(void) {
    static const char *const endings[] = {"csv", "jsonl", "csv.gz"};
    const char *dir = getenv("TMPDIR");
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%.30s/nines-%ld.%s", dir ? dir : "/tmp", (long)getpid(),
                 endings[i]);
    atexit(remove_files);
}

static double *read_all(struct rows *r, size_t columns, size_t *n, struct error *e) {
    double *all = malloc(MOST * COLUMNS * sizeof *all), row[COLUMNS];
    assert(all);
    *n = 0;
    while (*n < MOST && rows_next(r, row, e)) {
        assert(rows_line(r) > 0);
        if (columns > 1)
            assert(rows_label(r, 1, (size_t)row[1]));
        memcpy(all + *n * COLUMNS, row, columns * sizeof *row);
        ++*n;
    }
    return all;
}

static void read_twice(const char *name, size_t columns) {
    struct error e = {{0}}, again = {{0}};
    struct rows *r = rows_open(name, wanted, columns, &e);
    size_t n, m;
    if (!r) {
        assert(error_is(&e));
        return;
    }
    double *first = read_all(r, columns, &n, &e), *second = NULL;
    if (!error_is(&e) && rows_rewind(r, &again)) {
        second = read_all(r, columns, &m, &again);
        assert(n == m && !error_is(&again));
        for (size_t i = 0; i < n; i++)
            assert(!memcmp(first + i * COLUMNS, second + i * COLUMNS, columns * sizeof *first));
    }
    free(first);
    free(second);
    rows_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!path[0][0])
        make_paths();
    if (size < 1)
        return 0;
    const char *name = path[data[0] % 3];
    FILE *f = fopen(name, "wb");
    if (!f)
        return 0;
    fwrite(data + 1, 1, size - 1, f);
    fclose(f);
    read_twice(name, 1 + data[0] / 3 % COLUMNS);
    return 0;
}
