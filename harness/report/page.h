/* What the parts of the HTML report share. Every word that came from results goes through
 * put_html(), and every identifier through put_anchor(). */
#ifndef SIGMATRIX_PAGE_H
#define SIGMATRIX_PAGE_H

#include "escape.h"
#include "report.h"
#include "timelines.h"

struct page {
	FILE *out;
	const struct results *results;
	const struct matrix *matrix;
	char **pictures; /* by position in results->cells; NULL: no timelines were given */
	size_t drawn, left_out;
};

/* As put_format() with DIALECT_HTML, to the page. */
#define put_html(page, ...) put_format((page)->out, DIALECT_HTML, __VA_ARGS__)

/* An identifier, different for different names: "case-exec.simple-command". */
void put_case_anchor(FILE *out, const struct case_record *record);
void put_shell_anchor(FILE *out, const struct shell_record *shell);
/* "cell-exec.killed-command.TERM.dash"; without a variant that part is empty. */
void put_cell_anchor(FILE *out, const struct cell *cell);
/* "row-exec.simple-command": the first row of the case. */
void put_row_anchor(FILE *out, const struct case_record *record);
void put_group_anchor(FILE *out, const char *group);

/* One letter for each mark: the class of everything that bears it. */
char mark_class(enum mark mark);

/* Does the shell do what the standard forbids? Of a shell that does not claim the standard: what
 * would be a violation if it did. */
bool cell_deviates(const struct case_record *record, const struct cell *cell);

/* The cells of one case, each with what it is told with. */
struct told {
	const struct cell *cell;
	size_t variant, column;
	size_t finding; /* index of the first cell with the same outcome and reason */
	size_t witness; /* index of the first among those with the same facts, too */
};

struct evidence {
	const struct case_record *record;
	struct told *cells;
	size_t count;
};

/* The cells are a talloc child of parent. */
struct evidence evidence_of(
	const void *parent, const struct matrix *matrix, const struct case_record *record);

/* All cases with their evidence (cases.c). */
void put_cases(struct page *page);

/* Draws timelines of the file until the budget (in bytes) is spent, and sets page->pictures (talloc
 * child of parent), drawn and left_out. 0, or -errno when the file cannot be read. */
int draw_pictures(const void *parent, struct page *page, const char *path, size_t budget);

#endif
