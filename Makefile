# Nines: `make demo` to see it, `make check` to test it, `make help` for the rest.
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
NINES ?= nines
O ?= -O3
# The program is optimised across files at the end; test programs link the same objects without it.
LTO ?= -flto=auto -ffat-lto-objects
VERSION := 0.1.0

PKGS := gsl lua5.4 jansson
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lz -lpthread -lm
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifdef CI
WARN += -Werror
endif
CFLAGS ?= $(O) -g -fno-omit-frame-pointer $(LTO)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -ffp-contract=off $(WARN) $(CFLAGS) $(SAN) $(PKG_CFLAGS) -Isim \
             -DNINES_VERSION='"$(VERSION)"' -MMD -MP
LINK = $(CC) $(CFLAGS) $(SAN) $(LDFLAGS)

LAYERS := base core node agent theory lab report bind
LIB_SRC := $(foreach d,$(LAYERS),$(wildcard sim/$(d)/*.c))
CLI_SRC := $(wildcard sim/cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB := $(BUILD)/libnines.a
QUIET := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $(2)")

.PHONY: all
all: $(NINES)

$(NINES): $(CLI_OBJ) $(LIB)
	$(call say,link,$@)
	$(QUIET)$(LINK) -o $@ $(CLI_OBJ) $(LIB) $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	$(call say,ar  ,$@)
	$(QUIET)rm -f $@ && ar rcs $@ $(LIB_OBJ)

$(BUILD)/%.o: %.c
	@mkdir -p $(dir $@)
	$(call say,cc  ,$<)
	$(QUIET)$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d)

# ---- what it needs ------------------------------------------------------------------------------
# apt package names; another system gets the list and has to install them itself.
APT_BUILD := gcc make pkg-config libgsl-dev liblua5.4-dev libjansson-dev zlib1g-dev gnuplot-nox
APT_TEST := clang libclang-rt-14-dev libcmocka-dev bats jq valgrind

.PHONY: deps deps-test
deps:
	@sh tests/support/install.sh $(APT_BUILD)
deps-test: deps
	@sh tests/support/install.sh $(APT_TEST)

# ---- see it ---------------------------------------------------------------------------------------
.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory -j2 all
	@./nines run recsys --case slow_pod --replications 4 --plot --out out/demo
	@echo "pictures: $$(ls out/demo/*.png | tr '\n' ' ')"

# ---- tests: every tests/<kind>/test_*.c is one program ------------------------------------------
KINDS := unit oracle property
TEST_SRC := $(foreach k,$(KINDS),$(wildcard tests/$(k)/test_*.c))
TEST_BIN := $(TEST_SRC:%.c=$(BUILD)/%)
HELP_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/support/make_%.c,$(wildcard tests/support/*.c)))

$(BUILD)/tests/support/%.o: ALL_CFLAGS += -Itests/support
$(BUILD)/tests/%: tests/%.c $(HELP_OBJ) $(LIB)
	@mkdir -p $(dir $@)
	$(call say,cc  ,$<)
	$(QUIET)$(CC) $(ALL_CFLAGS) -fno-lto -Itests/support -o $@ $< $(HELP_OBJ) $(LIB) $(LDFLAGS) -lcmocka $(PKG_LIBS)

-include $(TEST_BIN:=.d) $(HELP_OBJ:.o=.d)

.PHONY: check test units layers
check: deps-test
	@$(MAKE) --no-print-directory -j2 all units
	@bash tests/support/run.sh $(BUILD) full

# The same without installing anything and without the long parts (sanitizers, other compilers).
test: all units
	@bash tests/support/run.sh $(BUILD) quick

units: $(TEST_BIN) $(BUILD)/tests/support/make_sample

layers:
	@sh tests/support/layers.sh

.PHONY: asan tsan
asan:
	@$(MAKE) --no-print-directory -j2 BUILD=build/asan NINES=build/asan/nines O=-O1 LTO= \
	  SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" all units
	@bash tests/support/run.sh build/asan sanitized
tsan:
	@$(MAKE) --no-print-directory -j2 BUILD=build/tsan NINES=build/tsan/nines O=-O1 LTO= SAN="-fsanitize=thread" all \
	  build/tsan/tests/property/test_threads
	@bash tests/support/run.sh build/tsan sanitized

# ---- fuzzing: for people and nights; findings in build/fuzz ------------------------------------------
# Needs clang and libclang-rt-14-dev, which are among APT_TEST. FUZZ_SECONDS=600: so long in all; otherwise in
# turns of five minutes until interrupted.
FUZZ_SECONDS ?= 0
FUZZERS := condition rows scenario
$(BUILD)/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(LIB)
	@mkdir -p $(dir $@)
	$(call say,cc  ,$<)
	$(QUIET)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< $(LIB) $(LDFLAGS) $(PKG_LIBS)

.PHONY: fuzz fuzzers
fuzzers: $(FUZZERS:%=$(BUILD)/tests/fuzz/fuzz_%) $(BUILD)/tests/property/test_random
fuzz: deps-test
	@$(MAKE) --no-print-directory -j2 BUILD=build/fuzzing CC=clang O=-O1 LTO= \
	  SAN="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined" fuzzers
	@bash tests/fuzz/run.sh build/fuzzing $(FUZZ_SECONDS)

# ---- benchmarks: for people, never a test ---------------------------------------------------------
.PHONY: bench
$(BUILD)/tests/bench/bench: tests/bench/bench.c $(LIB)
	@mkdir -p $(dir $@)
	$(QUIET)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(LDFLAGS) $(PKG_LIBS)

bench: $(BUILD)/tests/bench/bench
	@for f in tests/bench/mm1.lua tests/bench/pods.lua scenarios/recsys.lua; do $< $$f; done

# ---- documents, style, install ----------------------------------------------------------------------
.PHONY: docs docs-check format lint install clean help
docs: $(NINES)
	@mkdir -p docs/reference
	./nines help reference components > docs/reference/components.md
	./nines help reference words > docs/reference/words.md

format:
	clang-format -i $$(git ls-files 'sim/*.c' 'sim/*.h' 'tests/*.c' 'tests/*.h')

lint:
	cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 -Isim sim

install: $(NINES)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/nines/lua $(DESTDIR)$(PREFIX)/share/nines/scenarios \
	  $(DESTDIR)$(PREFIX)/share/nines/plots $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(NINES) $(DESTDIR)$(PREFIX)/bin/nines
	install -m 644 lua/* $(DESTDIR)$(PREFIX)/share/nines/lua
	install -m 644 scenarios/* $(DESTDIR)$(PREFIX)/share/nines/scenarios
	install -m 644 plots/* $(DESTDIR)$(PREFIX)/share/nines/plots
	install -m 644 docs/nines.1 $(DESTDIR)$(PREFIX)/share/man/man1

clean:
	rm -rf build out nines

help:
	@echo "make            builds ./nines                    make demo     installs, builds, runs, draws"
	@echo "make check      installs, builds, all tests       make test     the quick ones, nothing installed"
	@echo "make install    PREFIX=/usr/local                 make bench    requests/s and events/s"
	@echo "make asan tsan  tests under sanitizers            make docs     docs/reference from the schemas"
	@echo "make layers     no include climbs                 make format   clang-format"
	@echo "make fuzz       inputs and architectures at random, FUZZ_SECONDS=600 or until interrupted"

# ---- the sample trace: made, not recorded ---------------------------------------------------------
$(BUILD)/tests/support/make_sample: tests/support/make_sample.c $(LIB)
	@mkdir -p $(dir $@)
	$(call say,cc  ,$<)
	$(QUIET)$(CC) $(ALL_CFLAGS) -fno-lto -o $@ $< $(LIB) $(LDFLAGS) $(PKG_LIBS)

.PHONY: sample
sample: $(BUILD)/tests/support/make_sample
	$< > scenarios/sample_requests.csv
