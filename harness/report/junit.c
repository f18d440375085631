/* JUnit XML: one suite a shell, one testcase a cell. A violation is a failure, a cell in doubt an
 * error (of the test, not of what is tested), and what does not apply is skipped. There is no
 * standard; tests/fixtures/junit.rng says what we rely on, and the tests hold us to it. */
#include "escape.h"
#include "report.h"

#include <errno.h>

#include <talloc.h>

/* XML 1.0 has no way to write most control characters: put_safe() shows them as \xNN. */
static void put(FILE *out, const char *text)
{
	put_safe(out, DIALECT_HTML, text);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	put_format(out, DIALECT_HTML, "      <property name=\"%s\" value=\"%s\"/>\n", name, value);
}

/* "shell.title", "link.title" */
static void put_subject(FILE *out, const char *subject, const char *what, const char *value)
{
	char *name = talloc_asprintf(NULL, "%s.%s", subject, what);

	put_property(out, name, value);
	talloc_free(name);
}

static void put_properties(FILE *out, const char *subject, const struct host_record *host,
	const struct shell_record *shell)
{
	fputs("    <properties>\n", out);
	put_subject(out, subject, "title", shell->title);
	put_subject(out, subject, "version", shell->version);
	put_subject(out, subject, "file", shell->file);
	put_subject(out, subject, "sha256", shell->sha256);
	put_property(out, "kernel", host->kernel);
	put_property(out, "machine", host->machine);
	put_property(out, "system", host->system);
	put_property(out, "trace", host->trace);
	put_property(out, "isolation", host->isolation);
	put_property(out, "user", host->user);
	put_property(out, "command", host->command);
	put_property(out, "complete", host->complete ? "true" : "false");
	fputs("    </properties>\n", out);
}

static void put_result(FILE *out, const struct walk *walk, enum mark mark)
{
	const char *meaning = walk->cell ? outcome_meaning(walk->record, walk->cell->outcome) : "";

	if (mark == MARK_UNPLAYED)
		fputs("<skipped message=\"not played\"/>", out);
	else if (mark == MARK_NA)
		put_format(out, DIALECT_HTML, "<skipped message=\"%s\"/>", walk->cell->reason);
	else if (mark_is_doubt(mark))
		put_format(out, DIALECT_HTML, "<error type=\"%s\" message=\"%s\"/>",
			walk->cell->outcome, walk->cell->reason);
	else if (mark == MARK_VIOLATES)
		put_format(out, DIALECT_HTML,
			"<failure type=\"violates\" message=\"%s\">%s (%s): %s</failure>", meaning,
			walk->cell->outcome, walk->record->spec, walk->cell->reason);
}

static void put_testcase(FILE *out, const struct walk *walk)
{
	enum mark mark = cell_mark(walk->cell);
	char *word = cell_word(NULL, walk->cell);

	put_format(out, DIALECT_HTML, "    <testcase classname=\"%s.%s\" name=\"%s",
		walk->shell->name, walk->record->group, case_short_name(walk->record));
	if (*walk->variant)
		put_format(out, DIALECT_HTML, " [%s]", walk->variant);
	fputs("\">", out);
	put_result(out, walk, mark);
	put_format(out, DIALECT_HTML, "<system-out>%s (%s)</system-out></testcase>\n", word,
		mark_word(mark));
	talloc_free(word);
}

static void put_suite(FILE *out, const struct matrix *matrix, size_t column)
{
	const struct host_record *host = &matrix->results->host;
	struct walk walk = {.matrix = matrix, .by_shell = true, .column = column};
	const size_t *counts = matrix_tally(matrix, column);
	size_t tests = 0;

	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		tests += counts[mark];
	fputs("  <testsuite name=\"", out);
	put(out, matrix->columns[column]->name);
	put_format(out, DIALECT_HTML,
		"\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
		"timestamp=\"%s\">\n",
		tests, counts[MARK_VIOLATES], matrix_doubts(matrix, column),
		counts[MARK_NA] + counts[MARK_UNPLAYED], host->date);
	put_properties(out, matrix->subject, host, matrix->columns[column]);
	while (walk_next(&walk))
		put_testcase(out, &walk);
	fputs("  </testsuite>\n", out);
}

static int write_junit(
	const struct results *results, const struct report_options *options, FILE *out)
{
	struct matrix *matrix = matrix_new(NULL, results);

	(void)options;
	errno = 0;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sigmatrix\">\n", out);
	for (size_t i = 0; i < matrix->column_count; i++)
		put_suite(out, matrix, i);
	fputs("</testsuites>\n", out);
	talloc_free(matrix);
	return report_finish(out);
}

const struct report report_junit = {
	"junit", "JUnit XML: a suite a shell, what violates fails", write_junit, NULL};
