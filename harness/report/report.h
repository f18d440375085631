/* Reports read results and nothing else; one `struct report` each, in a file of its own. */
#ifndef SIGMATRIX_REPORT_H
#define SIGMATRIX_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "../model/record.h"

struct report_options {
	bool colour;
	int width;  /* columns of the terminal; 80 when unknown */
	bool brief; /* the rows and nothing around them */
};

struct report {
	const char *name; /* --format NAME */
	const char *summary;
	/* Returns 0 or -errno of a failed write. */
	int (*write)(
		const struct results *results, const struct report_options *options, FILE *out);
};

extern const struct report report_term, report_markdown, report_conformance, report_json;

/* All reports, NULL-terminated. */
extern const struct report *const reports[];

/* True when 'outcome' is one of the player's own words (unknown, broken, n/a, disputed, timeout,
 * unstable): neither pass nor fail. */
bool outcome_is_doubt(const char *outcome);

/* Text that came from a subject, made harmless: terminal escapes, control characters (line ends
 * too), characters that reorder or hide text, and invalid UTF-8 as \xNN. NULL is "". talloc child
 * of parent. */
char *escape_terminal(const void *parent, const char *text);
/* One line of Markdown that shows the text and nothing else; a line end becomes a space. */
char *escape_markdown(const void *parent, const char *text);

/* What reports share. Words and places are as measured: escape them. */

enum mark {
	MARK_CONFORMS,
	MARK_PERMITTED,
	MARK_VIOLATES,
	MARK_UNJUDGED, /* an outcome without a verdict: the shell does not claim the standard */
	MARK_UNKNOWN,  /* also timeout */
	MARK_BROKEN,   /* also disputed */
	MARK_UNSTABLE,
	MARK_NA,
	MARK_UNPLAYED,
	MARK_COUNT
};

/* NULL is a cell that was not played. */
enum mark cell_mark(const struct cell *cell);
const char *mark_symbol(enum mark mark);
const char *mark_word(enum mark mark); /* as a legend explains the symbol */

/* The outcome; of an unstable cell all of them with their counts, "fork 3/exec 2". */
char *cell_word(const void *parent, const struct cell *cell);

/* A line of the matrix: one case, and those of its variants whose cells are all the same. */
struct matrix_row {
	const struct case_record *record;
	bool *variants; /* by position in record->variants */
	size_t variant_count;
	const struct cell **cells; /* by column; NULL: not played */
};

struct matrix {
	const struct results *results;
	const struct shell_record **columns; /* the shells that are not missing */
	size_t column_count;
	struct matrix_row *rows; /* in the order of cases */
	size_t row_count;
	size_t cell_count, played; /* cells there should be, and there are */
};

/* talloc child of parent. */
struct matrix *matrix_new(const void *parent, const struct results *results);

/* The variants of the row: "INT TERM"; "" when the case has none. talloc child of parent. */
char *row_variants(const void *parent, const struct matrix_row *row);

/* The name of the case without its group. */
const char *case_short_name(const struct case_record *record);

/* How many of the column's cells bear which mark. */
/* Does any cell bear that mark? */
bool matrix_has_mark(const struct matrix *matrix, enum mark mark);

void matrix_tally(const struct matrix *matrix, size_t column, size_t counts[MARK_COUNT]);

/* Cells of one case that share outcome and reason. */
struct finding {
	const struct case_record *record;
	const struct cell *cell; /* one of them */
	bool *where;             /* [position of variant * column_count + column] */
};

/* The case's cells for which 'wanted' answers true, in the order variants and columns name them;
 * their number in *count. talloc child of parent. */
struct finding *findings_collect(const void *parent, const struct matrix *matrix,
	const struct case_record *record, bool (*wanted)(const struct cell *cell), size_t *count);

/* Where the finding was made: "bash zsh", or "[INT TERM] bash; [HUP] bash zsh"; "every shell"
 * for all columns. talloc child of parent. */
char *finding_where(const void *parent, const struct matrix *matrix, const struct finding *finding);

#endif
