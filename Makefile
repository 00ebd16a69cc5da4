# Nines: build, test, install. `make help` lists the targets.
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
O ?= -O2
VERSION := 0.1.0

PKGS := gsl lua5.4 jansson
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lz -lpthread -lm
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifdef CI
WARN += -Werror
endif
CFLAGS ?= $(O) -g -fno-omit-frame-pointer
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -ffp-contract=off $(WARN) $(CFLAGS) $(SAN) $(PKG_CFLAGS) -Isim \
             -DNINES_VERSION='"$(VERSION)"' -MMD -MP

LAYERS := base core node agent theory lab report bind cli
LIB_SRC := $(foreach d,$(filter-out cli,$(LAYERS)),$(wildcard sim/$(d)/*.c))
CLI_SRC := $(wildcard sim/cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB := $(BUILD)/libnines.a
NINES ?= nines

.PHONY: all help
all: $(NINES)

$(NINES): $(CLI_OBJ) $(LIB)
	$(CC) $(SAN) $(LDFLAGS) -o $@ $(CLI_OBJ) $(LIB) $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(BUILD)/%.o: %.c | deps
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d)

# ---- tests: every tests/<kind>/test_*.c is one program --------------------------------------------
TEST_SRC := $(wildcard tests/unit/test_*.c tests/oracle/test_*.c tests/property/test_*.c)
TEST_BIN := $(TEST_SRC:%.c=$(BUILD)/%)
HELP_SRC := $(wildcard tests/support/*.c)
HELP_OBJ := $(HELP_SRC:%.c=$(BUILD)/%.o)

$(BUILD)/tests/%: tests/%.c $(HELP_OBJ) $(LIB) | deps-test
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -Itests/support -o $@ $< $(HELP_OBJ) $(LIB) -lcmocka $(PKG_LIBS)

-include $(TEST_BIN:=.d) $(HELP_OBJ:.o=.d)

.PHONY: deps deps-test
deps deps-test:
