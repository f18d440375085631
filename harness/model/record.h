/* The results document: what was measured, where, on what. docs/architecture.md has its schema. */
#ifndef SIGMATRIX_RECORD_H
#define SIGMATRIX_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "case.h"
#include "diag.h"
#include "shell.h"

#define RESULTS_SCHEMA 1

struct cell {
	const char *case_name; /* "exec/simple-command" */
	const char *variant;   /* "" or "INT" */
	const char *shell;
	const char *outcome; /* a row's label or one of the player's own words */
	enum verdict verdict;
	const char *reason; /* never NULL: which conditions held, or why there is no outcome */
	char *facts;        /* compact JSON object, NULL when none were gathered */
	json_t *runs;       /* {"outcome": count}; an unstable cell has more than one key */
	long plays;         /* where runs is NULL: so often, always with this outcome */
};

struct shell_record {
	const char *name, *title, *family, *file, *version, *sha256;
	const char *missing;    /* why it could not be measured, or NULL */
	enum subject_kind kind; /* links have no shells beside them in a document */
};

struct row_record {
	const char *label, *meaning;
	enum verdict verdict;
};

struct case_record {
	const char *name, *group, *title, *spec, *prose;
	const char **variants; /* NULL-terminated; {""} when the case has none */
	struct row_record *rows;
	size_t row_count;
	const char *scene; /* scripts and steps as the case file has them, or NULL */
};

struct host_record {
	const char *kernel, *machine, *system; /* uname -r, -m; PRETTY_NAME of os-release */
	const char *date;                      /* ISO 8601, UTC */
	const char *trace;                     /* "ptrace" or "off" */
	const char *isolation; /* "pid namespace", "user and pid namespace", "subreaper" */
	const char *user;      /* "root" or "ordinary" */
	const char *command;   /* the command line */
	bool complete;         /* false after ^C: some cells were not played */
};

struct results {
	struct host_record host;
	struct shell_record *shells; /* talloc arrays, all of it talloc children of the results */
	size_t shell_count;
	struct case_record *cases; /* sorted by name */
	size_t case_count;
	struct cell *cells; /* sorted by case, variant (in the order of the case), shell (in the
			       order of shells) */
	size_t cell_count;
};

/* Reads a results file. NULL: the diag names the file, the line where JSON is broken, or the
 * member that is missing or of the wrong type. */
struct results *results_load(const void *parent, const char *path, struct diag *diag);

/* Where the timelines of a results file are: "matrix.timelines.jsonl" beside "matrix.json". talloc
 * child of parent. */
char *results_timelines(const void *parent, const char *path);

/* As results_load, from memory: for tests and fuzzers. */
struct results *results_parse(
	const void *parent, const char *path, const char *data, size_t length, struct diag *diag);

/* Writes the results to a temporary file beside 'path', fsyncs and renames it, so a reader never
 * sees half a file. Streams cell by cell: memory does not grow with the number of cells. Sorted
 * keys, one cell a line. Returns 0 or -errno. */
int results_save(const struct results *results, const char *path);

/* The same document to a stream; flushes it. Returns 0 or -errno. */
int results_write(const struct results *results, FILE *out);

/* The same as lines that each stand for themselves: the host, the shells, the cases, the cells,
 * each with the member "type". Flushes. Returns 0 or -errno. */
int results_write_lines(const struct results *results, FILE *out);

/* Writes a JSON document, takes the reference, and adds 'end'. Control characters that JSON lets
 * stand as they are (DEL, C1) are escaped too: a terminal would obey them. Flags as json_dumps().
 * Returns 0 or -errno (EINVAL: the object is NULL or cannot be dumped). */
int record_put_json(FILE *out, json_t *object, size_t flags, const char *end);

/* Brings cases and cells into their order. results_cell() and the reports rely on it: whoever
 * collects cells as they come must call it before them. */
void results_sort(struct results *results);

/* What the columns are: "link", or "shell". */
const char *results_subject(const struct results *results);

/* The cell, or NULL: not played. */
const struct cell *results_cell(const struct results *results, const char *case_name,
	const char *variant, const char *shell);

/* One cell as a JSON object (new reference; NULL when cell->facts is not a JSON object) and back
 * (strings are talloc children of parent, and cell->runs is released with it; false when a member
 * is missing or of the wrong type). Used between worker and main process too. */
json_t *cell_json(const struct cell *cell);
bool cell_from_json(const void *parent, const json_t *json, struct cell *cell);

#endif
