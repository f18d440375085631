/* TAP 14: one test point a cell. Only what violates the standard fails; our own faults are TODO,
 * which no harness counts as a failure of what is tested, and what does not apply is SKIP. */
#include "escape.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>

#include <talloc.h>

/* A YAML double-quoted scalar: after the escaping a JSON string is one. */
static void put_member(FILE *out, const char *key, const char *value)
{
	char *safe = escape_terminal(NULL, value);
	json_t *json = json_string(safe);
	char *quoted = json_dumps(json, JSON_ENCODE_ANY);

	if (quoted)
		fprintf(out, "  %s: %s\n", key, quoted);
	free(quoted);
	json_decref(json);
	talloc_free(safe);
}

static void put_diagnosis(FILE *out, const struct walk *walk)
{
	fputs("  ---\n", out);
	put_member(out, "message", outcome_meaning(walk->record, walk->cell->outcome));
	put_member(out, "outcome", walk->cell->outcome);
	put_member(out, "verdict", verdict_word(cell_verdict(walk->cell)));
	put_member(out, "reason", walk->cell->reason);
	put_member(out, "standard", walk->record->spec);
	fputs("  ...\n", out);
}

static void put_directive(FILE *out, const struct walk *walk, enum mark mark)
{
	if (mark == MARK_UNPLAYED)
		fputs(" # SKIP not played", out);
	else if (mark == MARK_NA)
		put_format(out, DIALECT_TAP, " # SKIP %s", walk->cell->reason);
	else if (mark_is_doubt(mark))
		put_format(out, DIALECT_TAP, " # TODO neither for nor against the %s: %s",
			walk->matrix->subject, walk->cell->reason);
}

static void put_point(FILE *out, size_t number, const struct walk *walk)
{
	enum mark mark = cell_mark(walk->cell);
	bool ok = mark != MARK_VIOLATES && !mark_is_doubt(mark);
	char *word = cell_word(NULL, walk->cell);

	fprintf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	put_format(out, DIALECT_TAP, "%s%s%s%s %s: %s (%s)", walk->record->name,
		*walk->variant ? " [" : "", walk->variant, *walk->variant ? "]" : "",
		walk->shell->name, word, mark_word(mark));
	put_directive(out, walk, mark);
	putc('\n', out);
	if (!ok)
		put_diagnosis(out, walk);
	talloc_free(word);
}

static int write_tap(const struct results *results, const struct report_options *options, FILE *out)
{
	struct matrix *matrix = matrix_new(NULL, results);
	const struct host_record *host = &results->host;
	struct walk walk = {.matrix = matrix};
	size_t number = 0;

	(void)options;
	errno = 0;
	fprintf(out, "TAP version 14\n1..%zu\n", matrix->cell_count);
	put_format(out, DIALECT_TAP, "# Linux %s %s, %s; %s\n", host->kernel, host->machine,
		host->system, host->date);
	if (!host->complete)
		fputs("# interrupted: this run was stopped before its end\n", out);
	while (walk_next(&walk))
		put_point(out, ++number, &walk);
	talloc_free(matrix);
	return report_finish(out);
}

const struct report report_tap = {"tap", "TAP 14: what violates is not ok", write_tap, NULL};
