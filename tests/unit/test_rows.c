#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/rng.h"
#include "base/rows.h"

static char folder[64], path[128];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/nines-rows-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

/* The one file of a test, with `n` bytes in it. */
static const char *bytes(const char *name, const void *data, size_t n) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
    return path;
}

static const char *file(const char *name, const char *text) {
    return bytes(name, text, strlen(text));
}

static const struct rows_column ab[] = {{"a", false}, {"b", false}};

static struct rows *opened(const char *at, const struct rows_column *columns, size_t n) {
    struct error e = {""};
    struct rows *r = rows_open(at, columns, n, &e);
    if (!r)
        fail_msg("%s", e.text);
    return r;
}

static void expect_row(struct rows *r, size_t line, double a, double b) {
    struct error e = {""};
    double out[2];
    if (!rows_next(r, out, &e))
        fail_msg("no row: %s", e.text);
    assert_true(out[0] == a && out[1] == b);
    assert_int_equal(rows_line(r), line);
}

static void expect_end(struct rows *r) {
    struct error e = {""};
    double out[2];
    assert_false(rows_next(r, out, &e));
    assert_string_equal(e.text, "");
    assert_false(rows_next(r, out, &e)); /* and it stays there */
}

/* Opening, or a later row, must fail with `text` in the message. */
static void expect_error(const char *at, const char *text) {
    struct error e = {""};
    double out[2];
    struct rows *r = rows_open(at, ab, 2, &e);
    while (r && rows_next(r, out, &e)) {
    }
    rows_close(r);
    unlink(at);
    if (!strstr(e.text, text))
        fail_msg("wanted: %s\n   got: %s", text, e.text);
}

static void csv(void **state) {
    (void)state;
    struct error e = {""};
    struct rows *r =
        opened(file("t.csv", "b,x,a\n1,?,2\n\n -3.5 ,\"x, y\",\"4e2\"\n.5,,5.\n"), ab, 2);
    for (int pass = 0; pass < 2; pass++) {
        expect_row(r, 2, 2, 1);
        expect_row(r, 4, 400, -3.5);
        expect_row(r, 5, 5, 0.5);
        expect_end(r);
        assert_true(rows_rewind(r, &e));
    }
    rows_close(r);
    unlink(path);
    rows_close(NULL);
}

static void tolerated(void **state) {
    (void)state;
    const char *const texts[] = {
        "a,b\n1,2\n3,4",         /* no newline at the end */
        "a,b\r\n1,2\r\n3,4\r\n", /* CRLF */
        "a,b\n1,2\n3,4\n",       /* BOM */
        "\"a\",\"b\"\n1,2\n\"3\",\" 4 \"\n",
        " a , b \n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rows *r = opened(file("t.CSV", texts[i]), ab, 2);
        expect_row(r, 2, 1, 2);
        expect_row(r, 3, 3, 4);
        expect_end(r);
        rows_close(r);
    }
    /* Quoted newlines and quotes: the row is named by its first line. */
    struct rows *r = opened(file("t.CSV", "a,x,b\n1,\"two\n\"\"lines\"\"\n\",2\n3,,4\n"), ab, 2);
    expect_row(r, 2, 1, 2);
    expect_row(r, 5, 3, 4);
    rows_close(r);
    r = opened(file("t.CSV", "a,b\n"), ab, 2); /* a header alone: no rows, no error */
    expect_end(r);
    rows_close(r);
    unlink(path);
}

static void a_column_may_be_wanted_twice(void **state) {
    (void)state;
    const struct rows_column twice[] = {{"a", false}, {"a", true}};
    struct rows *r = opened(file("t.csv", "x,a\n0,7\n0,9\n0,7\n"), twice, 2);
    expect_row(r, 2, 7, 0);
    expect_row(r, 3, 9, 1);
    expect_row(r, 4, 7, 0);
    assert_string_equal(rows_label(r, 1, 1), "9");
    assert_null(rows_label(r, 1, 2));
    assert_null(rows_label(r, 0, 0));
    assert_null(rows_label(r, 2, 0));
    rows_close(r);
    unlink(path);
}

static void malformed_csv(void **state) {
    (void)state;
    const char *const cases[][2] = {
        {"", "t.csv: is empty"},
        {"\n\n", "t.csv: is empty"},
        {"a,c\n1,2\n", "t.csv:1: no column 'b'; there are: a, c"},
        {"alpha,beta,be\n", "t.csv:1: no column 'a'; there are: alpha, beta, be"},
        {"a,bb\n", "no column 'b'; there are: a, bb"},
        {"a,b,a\n", "t.csv:1: two columns are called 'a'"},
        {"a,b\n1,2\n3\n", "t.csv:3: 1 field, but the header has 2"},
        {"a,b\n1,2,3,4\n", "t.csv:2: 4 fields, but the header has 2"},
        {"a,b\n1,2,\n", "t.csv:2: 3 fields, but the header has 2"},
        {"a,b\n1,abc\n", "t.csv:2: column b: 'abc' is not a number"},
        {"a,b\n1,\n", "t.csv:2: column b: is empty"},
        {"a,b\n \n", "t.csv:2: column a: is empty"},
        {"a,b\n1,nan\n", "column b: 'nan' is not a number"},
        {"a,b\n1,inf\n", "'inf' is not a number"},
        {"a,b\n1,-Infinity\n", "is not a number"},
        {"a,b\n1,1e999\n", "'1e999' is not a number"},
        {"a,b\n1,0x10\n", "'0x10' is not a number"},
        {"a,b\n1,1.2.3\n", "'1.2.3' is not a number"},
        {"a,b\n1,1 2\n", "'1 2' is not a number"},
        {"a,b\n1,--2\n", "'--2' is not a number"},
        {"a,b\n1,.\n", "'.' is not a number"},
        {"a,b\n1,\"2\n3,4\n", "t.csv:2: a quote is not closed"},
        {"a,b\n1,\"2\"x\n", "t.csv:2: something follows the closing quote of field 2"},
        {"a,\"b\"c\n", "something follows a closing quote in the header"},
        {"\"a,b\n1,2\n", "t.csv:1: a quote is not closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(file("t.csv", cases[i][0]), cases[i][1]);
    const char zero[] = "a,b\n1,2\0003\n";
    expect_error(bytes("t.csv", zero, sizeof zero - 1), "is not a number");
}

static void near_miss_is_named(void **state) {
    (void)state;
    const struct rows_column wanted = {"input_tokens", false};
    struct error e = {""};
    assert_null(rows_open(file("t.csv", "time,input_token\n"), &wanted, 1, &e));
    assert_non_null(strstr(e.text,
                           "no column 'input_tokens' (did you mean 'input_token'?); there are: "
                           "time, input_token"));
    unlink(path);
}

static void not_files(void **state) {
    (void)state;
    char name[160];
    snprintf(name, sizeof name, "%s/none.csv", folder);
    expect_error(name, "none.csv: No such file or directory");
    snprintf(name, sizeof name, "%s/dir.csv", folder);
    assert_int_equal(mkdir(name, 0700), 0);
    expect_error(name, "dir.csv: it is a directory");
    rmdir(name);
    expect_error(file("t.txt", "a,b\n"), "t.txt: the name must end in .csv, .jsonl or .ndjson");
    expect_error(file("csv", "a,b\n"), "the name must end in");
}

static void long_lines(void **state) {
    (void)state;
    const size_t limit = 1 << 20, size = limit + 100;
    char *text = malloc(size);
    memset(text, ' ', size);
    memcpy(text, "a,b\n1,2\n1,", 10); /* the third line is of blanks and a digit */
    text[8 + limit - 1] = '7';
    text[8 + limit] = '\n';
    struct rows *r = opened(bytes("t.csv", text, 8 + limit + 1), ab, 2);
    expect_row(r, 2, 1, 2);
    expect_row(r, 3, 1, 7);
    expect_end(r);
    rows_close(r);
    text[8 + limit] = ' ';
    text[8 + limit + 1] = '\n';
    expect_error(bytes("t.csv", text, 8 + limit + 2), "t.csv:3: the line is longer than 1 MiB");
    expect_error(bytes("t.csv", text, 8 + limit + 1), "t.csv:3: the line is longer than 1 MiB");
    text[10] = '"';
    char *more = calloc(1, 2 * limit);
    memset(more, '\n', 2 * limit);
    memcpy(more, text, 12);
    expect_error(bytes("t.csv", more, 2 * limit), "t.csv:3: a quote is not closed within 1 MiB");
    free(more);
    free(text);
}

static void json(void **state) {
    (void)state;
    struct error e = {""};
    struct rows *r = opened(file("t.jsonl", "\xef\xbb\xbf\n{\"b\": 1, \"x\": [1], \"a\": 2}\r\n\n"
                                            "{\"a\": -3.5e1, \"b\": 4}"),
                            ab, 2);
    for (int pass = 0; pass < 2; pass++) {
        expect_row(r, 2, 2, 1);
        expect_row(r, 4, -35, 4);
        expect_end(r);
        assert_true(rows_rewind(r, &e));
    }
    rows_close(r);
    unlink(path);
    const struct rows_column text[] = {{"a", false}, {"b", true}};
    r = opened(file("t.ndjson", "{\"a\": 1, \"b\": \"human\"}\n{\"a\": 2, \"b\": 7}\n"
                                "{\"a\": 3, \"b\": true}\n{\"a\": 4, \"b\": \"human\"}\n"),
               text, 2);
    for (int i = 1; i <= 4; i++)
        expect_row(r, (size_t)i, i, (i - 1) % 3);
    assert_string_equal(rows_label(r, 1, 0), "human");
    assert_string_equal(rows_label(r, 1, 1), "7");
    assert_string_equal(rows_label(r, 1, 2), "true");
    rows_close(r);
    unlink(path);
}

static void malformed_json(void **state) {
    (void)state;
    const char *const cases[][2] = {
        {"", "t.jsonl: is empty"},
        {"{\"a\": 1}\n", "t.jsonl:1: no column 'b'; there are: a"},
        {"{}\n", "there are: none"},
        {"[1, 2]\n", "t.jsonl:1: not a JSON object"},
        {"{\"a\": 1, \"b\": 2}\n{\"a\": 1}\n", "t.jsonl:2: column b: is missing"},
        {"{\"a\": 1, \"b\": 2}\n\n{\"a\": 1, \"b\": \"2\"}\n",
         "t.jsonl:3: column b: is not a number"},
        {"{\"a\": 1, \"b\": null}\n", "column b: is not a number"},
        {"{\"a\": 1, \"b\": NaN}\n", "t.jsonl:1: not JSON"},
        {"{\"a\": 1, \"b\": 1e999}\n", "not JSON"},
        {"{\"a\": 1, \"b\": 2} x\n", "not JSON"},
        {"{\"a\": 1, \"b\": 2, \"a\": 3}\n", "not JSON"},
        {"{\"a\": 1, \"b\": \"\n", "not JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(file("t.jsonl", cases[i][0]), cases[i][1]);
}

static size_t compress_to(const char *name, const char *text) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, text, (unsigned)strlen(text)), strlen(text));
    gzclose(f);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void compressed(void **state) {
    (void)state;
    struct error e = {""};
    compress_to("t.csv.gz", "a,b\n1,2\n3,4\n");
    struct rows *r = opened(path, ab, 2);
    for (int pass = 0; pass < 2; pass++) {
        expect_row(r, 2, 1, 2);
        expect_row(r, 3, 3, 4);
        expect_end(r);
        assert_true(rows_rewind(r, &e));
    }
    rows_close(r);
    unlink(path);
    char *text = malloc(400000), *p = text + sprintf(text, "a,b\n");
    struct rng rng = {1};
    for (int i = 0; i < 20000; i++)
        p += sprintf(p, "%u,%d\n", (unsigned)rng_next(&rng), i);
    size_t size = compress_to("t.csv.gz", text);
    assert_int_equal(truncate(path, (off_t)(size / 2)), 0);
    expect_error(path, "t.csv.gz: cannot be read: the compressed data is cut short");
    size = compress_to("t.csv.gz", text);
    FILE *f = fopen(path, "r+b");
    fseek(f, (long)(size / 2), SEEK_SET);
    for (int i = 0; i < 64; i++)
        fputc(0xff, f);
    fclose(f);
    expect_error(path, "t.csv.gz"); /* damaged: refused, whatever is seen first */
    free(text);
}

/* Many rows across many buffers, numbers in every notation: each is the double that strtod reads.
 */
static void numbers_are_exact(void **state) {
    (void)state;
    enum { N = 200000 };
    static double expected[N];
    snprintf(path, sizeof path, "%s/t.csv", folder);
    FILE *f = fopen(path, "w");
    struct rng r = {7};
    fprintf(f, "a,skipped,b\n");
    for (int i = 0; i < N; i++) {
        char text[64];
        double v = (rng_unit(&r) - 0.3) * pow(10, (double)rng_below(&r, 30) - 12);
        const char *const formats[] = {"%.0f", "%.3f", "%.9f", "%.17g", "%.6e", "%+.5f"};
        snprintf(text, sizeof text, formats[rng_below(&r, 6)], v);
        expected[i] = strtod(text, NULL);
        fprintf(f, "%s,\"x,%d\",%d\n", text, i, i);
    }
    fclose(f);
    struct rows *rows = opened(path, ab, 2);
    for (int i = 0; i < N; i++)
        expect_row(rows, (size_t)i + 2, expected[i], i);
    expect_end(rows);
    rows_close(rows);
    unlink(path);
}

static void labels(void **state) {
    (void)state;
    const struct rows_column text[] = {{"a", true}, {"b", true}};
    snprintf(path, sizeof path, "%s/t.csv", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, "a,b\n");
    for (int i = 0; i < 5000; i++)
        fprintf(f, "user %d,%s\n", i % 1000, i % 2 ? "bot" : "");
    fclose(f);
    struct rows *r = opened(path, text, 2);
    for (int i = 0; i < 5000; i++)
        expect_row(r, (size_t)i + 2, i % 1000, i % 2);
    assert_string_equal(rows_label(r, 0, 999), "user 999");
    assert_null(rows_label(r, 0, 1000));
    assert_string_equal(rows_label(r, 1, 0), "");
    assert_string_equal(rows_label(r, 1, 1), "bot");
    rows_close(r);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(tolerated),
        cmocka_unit_test(a_column_may_be_wanted_twice),
        cmocka_unit_test(malformed_csv),
        cmocka_unit_test(near_miss_is_named),
        cmocka_unit_test(not_files),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(json),
        cmocka_unit_test(malformed_json),
        cmocka_unit_test(compressed),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(labels),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
