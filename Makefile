# sigmatrix: make, make check, make lint, make bench, make install DESTDIR=... PREFIX=...
CC       ?= cc
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
PACKAGES  = libseccomp jansson talloc libmd
CFLAGS   ?= -O2 -g
WARNINGS  = -std=c11 -Wall -Wextra -Wshadow -Werror
SANITIZE ?=
DATADIR   = $(PREFIX)/share/sigmatrix

ALL_CFLAGS = $(CFLAGS) $(WARNINGS) $(SANITIZE) -D_GNU_SOURCE -Iharness -MMD -MP \
	$(shell pkg-config --cflags $(PACKAGES))
LIBS       = $(shell pkg-config --libs $(PACKAGES))

SOURCES = $(filter-out harness/main.c,$(wildcard harness/*.c harness/model/*.c harness/stage/*.c \
	harness/watch/*.c harness/play/*.c harness/report/*.c))
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
UNIT    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

all: $(BUILD)/sigmatrix $(BUILD)/actor

$(BUILD)/sigmatrix: $(BUILD)/harness/main.o $(OBJECTS)
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS)

# The actor runs in other people's scenes: static, so that it needs nothing there, and never
# sanitized, so that it is the same program in every build.
$(BUILD)/actor: harness/actor/actor.c
	@mkdir -p $(@D)
	$(CC) -O2 $(WARNINGS) -D_GNU_SOURCE -static -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(shell pkg-config --cflags cmocka) -o $@ $< $(OBJECTS) $(LIBS) \
		$(shell pkg-config --libs cmocka)

unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

clean:
	rm -rf build build-*

.PHONY: all unit clean
-include $(OBJECTS:.o=.d) $(BUILD)/harness/main.d
