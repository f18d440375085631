/* Reports read results and nothing else; one `struct report` each, in a file of its own. */
#ifndef SIGMATRIX_REPORT_H
#define SIGMATRIX_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "../model/guide.h"
#include "../model/record.h"
#include "tree.h"

struct report_options {
	bool colour;
	int width;                 /* columns of the terminal; 80 when unknown */
	bool brief;                /* the rows and nothing around them */
	const char *timelines;     /* the file of timelines that goes with the results, or NULL */
	const struct guide *guide; /* what goes into a report of many pages, or NULL */
};

struct report {
	const char *name; /* --format NAME */
	const char *summary;
	/* Returns 0 or -errno of a failed write. NULL when it is of many pages. */
	int (*write)(
		const struct results *results, const struct report_options *options, FILE *out);
	/* Writes its pages; whether that worked is asked of the tree. Or NULL. */
	void (*write_tree)(const struct results *results, const struct report_options *options,
		struct tree *tree);
};

extern const struct report report_term, report_markdown, report_summary, report_conformance,
	report_man, report_csv, report_tap, report_junit, report_json, report_ndjson, report_html,
	report_book;

/* All reports, NULL-terminated. */
extern const struct report *const reports[];

/* True when 'outcome' is one of the player's own words (unknown, broken, n/a, disputed, timeout,
 * unstable): neither pass nor fail. */
bool outcome_is_doubt(const char *outcome);

/* Text that came from a subject, made harmless: terminal escapes, control characters (line ends
 * too), characters that reorder or hide text, and invalid UTF-8 as \xNN. NULL is "". talloc child
 * of parent. */
char *escape_terminal(const void *parent, const char *text);

/* Prints the text so. */
void print_safe(FILE *out, const char *text);

/* One line of Markdown that shows the text and nothing else; a line end becomes a space. */
char *escape_markdown(const void *parent, const char *text);

/* Length of the harmless code point at 'text' (not empty); else 0 and in *bad the bytes to escape.
 */
size_t text_harmless(const char *text, size_t *bad);

/* 0, or -errno of a write to 'out' that failed since errno was set to 0. */
int report_finish(FILE *out);

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

/* What the cell of a shell that claims the standard would bear for that outcome. */
enum mark row_mark(const struct row_record *row);

/* Does a cell with that mark say nothing about the shell though it should? n/a and not played are
 * none: they say why. */
bool mark_is_doubt(enum mark mark);

/* The cell's verdict; VERDICT_NONE of a cell in doubt, whatever the document claims. */
enum verdict cell_verdict(const struct cell *cell);

/* How often the cell came to what, "fork 3/exec 2"; "" when the results do not say. */
char *cell_runs(const void *parent, const struct cell *cell);

/* What the case says of the outcome; "" when it has none of that name. */
const char *outcome_meaning(const struct case_record *record, const char *outcome);

/* The outcome; of an unstable cell all of them with their counts, "fork 3/exec 2". */
char *cell_word(const void *parent, const struct cell *cell);

/* The case or shell of that name in the results, or NULL. */
const struct case_record *results_case(const struct results *results, const char *name);
const struct shell_record *results_shell(const struct results *results, const char *name);

/* A line of the matrix: one case, and those of its variants whose cells are all the same. */
struct matrix_row {
	const struct case_record *record;
	bool *variants; /* by position in record->variants */
	size_t variant_count;
	const struct cell **cells; /* by column; NULL: not played */
};

struct matrix {
	const struct results *results;
	const char *subject, *title;         /* what the columns are: "shell", "Shell", or "link" */
	const struct shell_record **columns; /* the shells that are not missing */
	size_t column_count;
	struct matrix_row *rows; /* in the order of cases */
	size_t row_count;
	size_t cell_count, played;     /* cells there should be, and there are */
	const struct cell ****grid;    /* see matrix_cell() */
	size_t (*tallies)[MARK_COUNT]; /* by column; see matrix_tally() */
};

/* The cell of a case, by the positions of the variant in the case and of the column; NULL: not
 * played. To look it up in the results takes far longer. */
static inline const struct cell *matrix_cell(const struct matrix *matrix,
	const struct case_record *record, size_t variant, size_t column)
{
	return matrix->grid[record - matrix->results->cases][variant][column];
}

/* talloc child of parent. */
struct matrix *matrix_new(const void *parent, const struct results *results);

/* Takes one more cell into a comparison that begins with *first NULL: has it another outcome than
 * those before? Cells in doubt and n/a say nothing about a shell and are passed over. */
bool cell_differs(const struct cell **first, const struct cell *cell);

/* Are there two outcomes in the row that say something about a shell? */
bool row_differs(const struct matrix *matrix, const struct matrix_row *row);

/* The variants of the row: "INT TERM"; "" when the case has none. talloc child of parent. */
char *row_variants(const void *parent, const struct matrix_row *row);

size_t count_variants(const struct case_record *record);

/* The name of the case without its group. */
const char *case_short_name(const struct case_record *record);

/* How many of the column's cells bear which mark: MARK_COUNT numbers. */
const size_t *matrix_tally(const struct matrix *matrix, size_t column);

/* How many of the column's cells mark_is_doubt(). */
size_t matrix_doubts(const struct matrix *matrix, size_t column);

/* Does any cell bear that mark? */
bool matrix_has_mark(const struct matrix *matrix, enum mark mark);

/* Is the mark among those that summaries count: one a reader looks for, or that some cell bears? */
bool matrix_shows(const struct matrix *matrix, enum mark mark);

/* All cells there should be, one after the other: case by case (by_shell: only those of 'column').
 * Begin with all but the matrix zero. */
struct walk {
	const struct matrix *matrix;
	bool by_shell;
	size_t column;
	size_t next_case, next_variant, next_column; /* private */
	/* Where it is: */
	const struct case_record *record;
	const char *variant;
	const struct shell_record *shell;
	const struct cell *cell; /* NULL: not played */
};

/* False when there are no more. */
bool walk_next(struct walk *walk);

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
