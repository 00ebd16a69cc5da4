/* What every unit test of a component includes: cmocka, the model builder, and comparison of
 * doubles. */
#ifndef NINES_TESTS_CHECK_H
#define NINES_TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "node/registry.h"

#define MS ((ns_t)1000000)

#define assert_near(x, want, within)                                                               \
    do {                                                                                           \
        double x_ = (x), want_ = (want), within_ = (within);                                       \
        if (!(fabs(x_ - want_) <= within_)) {                                                      \
            print_error("%s is %.12g, not %.12g +- %.3g\n", #x, x_, want_, within_);               \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/* Does `text` contain `part`? */
#define assert_says(text, part)                                                                    \
    do {                                                                                           \
        const char *text_ = (text);                                                                \
        if (!strstr(text_, (part))) {                                                              \
            print_error("\"%s\" does not say \"%s\"\n", text_, (part));                            \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#endif
