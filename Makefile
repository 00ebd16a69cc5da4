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
CFLAGS ?= $(O) -g $(LTO)
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
APT_TEST := clang libclang-rt-14-dev libcmocka-dev bats jq valgrind lld

APT_COVERAGE := gcovr

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

# Which lines the tests run: for people too, as it wants a build and tools of its own.
.PHONY: coverage
coverage: deps-test
	@sh tests/support/install.sh $(APT_COVERAGE)
	@$(MAKE) --no-print-directory -j2 BUILD=build/coverage NINES=build/coverage/nines O=-O0 LTO= \
	  SAN="--coverage -fprofile-update=atomic" all units
	@bash tests/support/coverage.sh build/coverage

# Five planted faults that the tests have to find; a few minutes.
.PHONY: mutants
mutants:
	@bash tests/support/mutate.sh build

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
.PHONY: bench bench-peers bench-check
BENCH_MODELS := tests/bench/mm1.lua tests/bench/pods.lua scenarios/recsys.lua
BENCH_BIN := $(addprefix $(BUILD)/tests/bench/,bench hold limit)

$(BUILD)/tests/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(dir $@)
	$(QUIET)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(LDFLAGS) $(PKG_LIBS)

bench: $(BENCH_BIN)
	@for f in $(BENCH_MODELS); do $(BUILD)/tests/bench/bench $$f; done
	@$(BUILD)/tests/bench/hold

# The same models on whatever else is installed, as ratios; and those against the stored ones.
bench-peers: $(BENCH_BIN) $(NINES)
	@bash tests/bench/peers.sh $(BUILD) $(NINES)
bench-check: $(BENCH_BIN) $(NINES)
	@bash tests/bench/peers.sh $(BUILD) $(NINES) tests/bench/ratios.txt

# ---- release: optimised by a profile that the benchmarks make (gcc) -----------------------------------
.PHONY: release
RELEASE := $(if $(findstring command,$(origin BUILD)),$(BUILD),build/release)
release:
	@case "$$($(CC) --version)" in *"Free Software"*) ;; *) echo "make release wants gcc: its profiles are used" >&2; exit 1 ;; esac
	@rm -rf $(RELEASE)
	@$(MAKE) --no-print-directory -j2 BUILD=$(RELEASE) NINES=$(RELEASE)/trained LTO= \
	  CFLAGS="$(O) -g -fprofile-generate -fprofile-update=single" $(RELEASE)/tests/bench/bench
	@for f in $(BENCH_MODELS); do $(RELEASE)/tests/bench/bench $$f -n 1 >/dev/null || exit 1; done
	@find $(RELEASE) -name '*.o' -delete; rm -f $(RELEASE)/libnines.a $(RELEASE)/tests/bench/bench
	@$(MAKE) --no-print-directory -j2 BUILD=$(RELEASE) NINES=$(NINES) \
	  CFLAGS="$(O) -g $(LTO) -fprofile-use -fprofile-partial-training -Wno-missing-profile" all

# How often intervals cover: ten minutes and more, so never a test.
.PHONY: intervals
$(BUILD)/tests/oracle/coverage: tests/oracle/coverage.c $(HELP_OBJ) $(LIB)
	@mkdir -p $(dir $@)
	$(QUIET)$(CC) $(ALL_CFLAGS) -Itests/support -o $@ $< $(HELP_OBJ) $(LIB) $(LDFLAGS) -lcmocka $(PKG_LIBS)

intervals: $(BUILD)/tests/oracle/coverage
	@$<

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
	@echo "make release    ./nines optimised by profile      make bench-peers, bench-check   ratios to others, to the stored"
	@echo "make intervals  how often intervals cover"
	@echo "make asan tsan  tests under sanitizers            make docs     docs/reference from the schemas"
	@echo "make coverage   which lines the tests run         make mutants  do the tests find planted faults?"
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
