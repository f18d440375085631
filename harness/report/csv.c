/* One line a cell, for spreadsheets and line tools (RFC 4180, with plain line ends). Every value is
 * in quotes, and none begins a formula. */
#include "escape.h"
#include "report.h"

#include <errno.h>
#include <stdarg.h>

#include <talloc.h>

/* The values of one line up to the NULL. */
static void put_values(FILE *out, const char *value, ...)
{
	va_list args;

	va_start(args, value);
	for (bool first = true; value; value = va_arg(args, const char *), first = false) {
		fputs(first ? "\"" : ",\"", out);
		put_safe(out, DIALECT_CSV, value);
		putc('"', out);
	}
	va_end(args);
	putc('\n', out);
}

static const char *text(const char *value)
{
	return value ? value : "";
}

static void put_cell(FILE *out, const struct case_record *record, const struct shell_record *shell,
	const struct cell *cell)
{
	char *runs = cell_runs(NULL, cell);

	put_values(out, cell->case_name, cell->variant, shell->name, text(shell->version),
		cell->outcome, verdict_word(cell_verdict(cell)), mark_word(cell_mark(cell)),
		outcome_meaning(record, cell->outcome), cell->reason, runs, record->title,
		record->spec, NULL);
	talloc_free(runs);
}

static int write_csv(const struct results *results, const struct report_options *options, FILE *out)
{
	struct matrix *matrix = matrix_new(NULL, results);
	struct walk walk = {.matrix = matrix};

	(void)options;
	errno = 0;
	put_values(out, "case", "variant", matrix->subject, "version", "outcome", "verdict", "mark",
		"meaning", "reason", "runs", "title", "spec", NULL);
	while (walk_next(&walk))
		if (walk.cell)
			put_cell(out, walk.record, walk.shell, walk.cell);
	talloc_free(matrix);
	return report_finish(out);
}

const struct report report_csv = {"csv", "one line a cell, for spreadsheets", write_csv, NULL};
