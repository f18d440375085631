/* The conformance summary of a shell: what it must do and does, where it deviates, what it does
 * that the standard leaves open, and what could not be asked of it. */
#ifndef SIGMATRIX_CONDUCT_H
#define SIGMATRIX_CONDUCT_H

#include "report.h"

/* What one shell did in variants of one case. */
struct conduct {
	const struct case_record *record;
	const struct cell *cell; /* one of them: outcome, verdict */
	const char *meaning;     /* of the outcome; "" when the case's rows do not have it */
	char *variants;          /* "INT TERM"; "" when the case has none */
	size_t count;            /* of cells */
};

/* All that the shell of a column did that bears the mark, in the order of cases; variants with the
 * same outcome (of n/a cells: with the same reason) together. Their number in *count; talloc child
 * of parent. */
struct conduct *conduct_collect(const void *parent, const struct matrix *matrix, size_t column,
	enum mark mark, size_t *count);

/* Why cells do not apply to a shell. */
struct absence {
	const char *reason;
	size_t cells, cases;
};

/* The reasons of n/a among what conduct_collect() found, most frequent first. */
struct absence *absence_collect(
	const void *parent, const struct conduct *conduct, size_t conduct_count, size_t *count);

/* "634 of 673 required behaviours; 39 deviations; 211 permitted; 0 n/a", with whatever else the
 * shell's cells are. talloc child of parent. */
char *conduct_sentence(const void *parent, const struct matrix *matrix, size_t column);

#endif
