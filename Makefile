# sigmatrix: make, make check, make lint, make bench, make fuzz, make mutants, make golden, make story,
# make portable, make deb, make install DESTDIR=... PREFIX=..., make clean
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
# Tests name it by its whole path. The dependencies in *.d must have one name for each object, or a
# later 'make' would miss what they say.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
CFLAGS   ?= -O2 -g
WARNINGS  = -std=c11 -Wall -Wextra -Wshadow -Werror
SANITIZE ?=
PACKAGES  = libseccomp jansson talloc libmd

ALL_CFLAGS = $(CFLAGS) $(WARNINGS) $(SANITIZE) -D_GNU_SOURCE -Iharness -MMD -MP \
	-DDATADIR='"$(PREFIX)/share/sigmatrix"' -DLIBEXECDIR='"$(PREFIX)/libexec/sigmatrix"' \
	$(shell pkg-config --cflags $(PACKAGES))
LIBS       = $(shell pkg-config --libs $(PACKAGES))

SOURCES  = $(filter-out harness/main.c,$(wildcard harness/*.c harness/*/*.c))
# The actors and the second driver are programs of their own.
OBJECTS  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out harness/actor/% harness/expect/%,$(SOURCES))) \
	$(BUILD)/assets.o
ASSETS   = harness/report/html.css harness/report/html.js harness/report/svg.css \
	harness/report/diagram.css
UNIT     = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FIXTURES = $(patsubst tests/fixtures/%.c,$(BUILD)/%,$(wildcard tests/fixtures/*.c))

all: $(BUILD)/sigmatrix $(BUILD)/actor $(BUILD)/expect/actor $(BUILD)/expect/stage

# Bound at its start: else the first process of every scene looks up the same symbols again.
$(BUILD)/sigmatrix: $(BUILD)/harness/main.o $(OBJECTS)
	$(CC) $(CFLAGS) $(SANITIZE) -Wl,-z,now -o $@ $^ $(LIBS)

# The actor runs in other people's scenes: static, so that it needs nothing there, and never
# sanitized, so that it is the same program in every build.
$(BUILD)/actor: harness/actor/actor.c harness/model/signal_names.c
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -static -o $@ $^

# The second driver's own hands; it shares no source with the first.
$(BUILD)/expect/%: harness/expect/%.c
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -static -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Files that are part of the program, as strings: asset_html_css for html.css.
$(BUILD)/assets.c: $(ASSETS) Makefile
	@mkdir -p $(@D)
	for file in $(ASSETS); do \
		name=$$(basename "$$file" | tr . _); \
		echo "extern const char asset_$$name[];"; \
		echo "const char asset_$$name[] = {"; \
		od -A n -v -t u1 "$$file" | sed 's/ *\([0-9][0-9]*\)/\1,/g'; \
		echo '0};'; \
	done >$@.new
	mv $@.new $@

$(BUILD)/assets.o: $(BUILD)/assets.c
	$(CC) $(CFLAGS) $(SANITIZE) $(WARNINGS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(shell pkg-config --cflags cmocka) -o $@ $< $(OBJECTS) $(LIBS) \
		$(shell pkg-config --libs cmocka)

$(BUILD)/%: tests/fixtures/%.c
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -o $@ $< $(shell pkg-config --libs libseccomp)

$(BUILD)/start: tests/bench/start.c
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -o $@ $<

# --- fuzzing: clang and its libFuzzer; without them the corpus is replayed ---

FUZZ_SECONDS ?= 600
FUZZ_BUILD   ?= build-fuzz
FUZZERS       = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN    ?= -fsanitize=fuzzer
COMMON_FUZZ   = tests/fuzz/common.c $(if $(FUZZ_MAIN),,tests/fuzz/replay.c)

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(COMMON_FUZZ) tests/fuzz/fuzz.h $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(FUZZ_MAIN) -Itests/fuzz -o $@ $< $(COMMON_FUZZ) $(OBJECTS) $(LIBS)

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz/%)

# FUZZ_SECONDS for each reader of files that strangers wrote.
fuzz:
	tests/fuzz/run.sh --seconds $(FUZZ_SECONDS) $(FUZZ_BUILD)

unit: $(UNIT)

# Loaded into healthy shells, so never sanitized.
$(BUILD)/mutant.so: $(wildcard tests/mutants/*.[ch])
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -fPIC -shared -o $@ $(filter %.c,$^)

fixtures: $(FIXTURES) $(BUILD)/mutant.so

# Everything a bare machine lacks is installed first; the second build is for the sanitizers.
check:
	./run.sh --install-only --for-tests
	$(MAKE) --silent -j2 all fixtures
	$(MAKE) --silent -j2 BUILD=build-asan CFLAGS='-O1 -g' \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		all unit fixtures
	tests/run.sh $(BUILD) build-asan

# Wants shellcheck, mandoc, clang-format and jq; 'check' installs them.
lint: all
	tests/lint.sh $(BUILD)

# The reports tests/formats.bats compares with; look at 'git diff tests/golden' afterwards.
golden: all
	tests/golden.sh $(BUILD) tests/golden

# docs/story.md, from what happens when it is played; look at 'git diff docs/story.md' afterwards.
story: all
	SIGMATRIX=$(BUILD)/sigmatrix examples/story/tell.sh >$(BUILD)/story.md
	cp $(BUILD)/story.md docs/story.md

bench: all $(BUILD)/start
	tests/bench/bench.sh $(BUILD)

# A directory to be mounted into any image of this processor: it needs nothing there.
portable:
	$(MAKE) --silent BUILD=build-portable SANITIZE=-static all
	rm -rf build-portable/sigmatrix-tree
	$(MAKE) --silent BUILD=build-portable SANITIZE=-static install \
		DESTDIR=build-portable/sigmatrix-tree PREFIX=
	strip build-portable/sigmatrix-tree/bin/sigmatrix

# The Debian package, built in a copy of the tree.
deb:
	packaging/build-deb.sh build-deb

# An hour's work; 'tests/mutants/run.sh --help' tells how to play some of it.
mutants: all $(BUILD)/mutant.so
	BUILD=$(BUILD) tests/mutants/run.sh

install: all
	install -D -m 755 $(BUILD)/sigmatrix $(DESTDIR)$(PREFIX)/bin/sigmatrix
	install -D -m 755 $(BUILD)/actor $(DESTDIR)$(PREFIX)/libexec/sigmatrix/actor
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/libexec/sigmatrix/expect \
		$(BUILD)/expect/actor $(BUILD)/expect/stage
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sigmatrix/expect harness/expect/*.tcl
	mkdir -p $(DESTDIR)$(PREFIX)/share/sigmatrix
	cp -r cases shells links $(DESTDIR)$(PREFIX)/share/sigmatrix/
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sigmatrix/results \
		results/matrix.json $(wildcard results/links.json)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sigmatrix docs/results.schema.json
	mkdir -p $(DESTDIR)$(PREFIX)/share/sigmatrix/docs
	cp -r docs/topics docs/claims docs/flow docs/glossary.md $(DESTDIR)$(PREFIX)/share/sigmatrix/docs/
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/sigmatrix.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/*.5
	install -D -m 644 completions/sigmatrix.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sigmatrix
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/zsh/site-functions completions/_sigmatrix
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d \
		completions/sigmatrix.fish

format:
	find harness tests -name '*.[ch]' | xargs clang-format -i

clean:
	rm -rf build build-*

.PHONY: all portable deb fuzzers fuzz unit fixtures check lint golden story bench mutants install format clean
-include $(OBJECTS:.o=.d) $(BUILD)/harness/main.d
