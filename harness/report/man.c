/* A manual page in mdoc(7): a section a shell, ready to be taken into the shell's own manual. */
#include "conduct.h"
#include "escape.h"

#include <errno.h>
#include <time.h>

#include <talloc.h>

static void put_date(FILE *out, const char *date)
{
	struct tm when = {.tm_year = 70, .tm_mday = 1}, read = {0};
	char text[64];

	if (strptime(date, "%Y-%m-%d", &read) && read.tm_year >= 0 && read.tm_year < 8100)
		when = read;
	/* The locale is always C: nothing calls setlocale(). */
	strftime(text, sizeof(text), "%B %e, %Y", &when);
	fprintf(out, ".Dd %s\n", text);
}

static void put_opening(FILE *out, const struct results *results)
{
	const struct host_record *host = &results->host;
	const char *subject = results_subject(results);

	put_date(out, host->date);
	fprintf(out,
		".Dt SIGMATRIX-SIGNALS 7\n.Os\n"
		".Sh NAME\n.Nm sigmatrix-signals\n.Nd what %ss do with signals, as measured\n"
		".Sh DESCRIPTION\n"
		"Each section names what one %s does otherwise than the standard requires, what "
		"it does where the\nstandard leaves it open, and what could not be asked of it.\n"
		"A case is named as in\n.Xr sigmatrix-case 5 ,\nwith its variants in brackets.\n"
		".Pp\n",
		subject, subject);
	put_format(out, DIALECT_MAN,
		"Measured with Linux %s on %s, %s, at %s, by the command\n.Dl \"%s\"\n",
		host->kernel, host->machine, host->system, host->date, host->command);
	if (!host->complete)
		fputs(".Pp\nThis run was stopped before its end: some cells were not played.\n",
			out);
}

static void put_item(FILE *out, const struct conduct *conduct)
{
	bool varied = *conduct->variants;

	put_format(out, DIALECT_MAN, ".It \"%s%s%s%s\"\n", conduct->record->name,
		varied ? " [" : "", conduct->variants, varied ? "]" : "");
	put_safe(out, DIALECT_MAN, conduct->cell->outcome);
	if (*conduct->meaning)
		put_format(out, DIALECT_MAN, ": %s", conduct->meaning);
	putc('\n', out);
}

static void put_list(
	FILE *out, const struct matrix *matrix, size_t column, enum mark mark, const char *heading)
{
	void *memory = talloc_new(NULL);
	size_t count;
	const struct conduct *list = conduct_collect(memory, matrix, column, mark, &count);

	if (count)
		fprintf(out, ".Pp\n%s:\n.Bl -tag -width Ds -compact\n", heading);
	for (size_t i = 0; i < count; i++)
		put_item(out, &list[i]);
	if (count)
		fputs(".El\n", out);
	talloc_free(memory);
}

static void put_absences(FILE *out, const struct matrix *matrix, size_t column)
{
	void *memory = talloc_new(NULL);
	size_t count;
	const struct conduct *list = conduct_collect(memory, matrix, column, MARK_NA, &count);
	const struct absence *absences = absence_collect(memory, list, count, &count);

	if (count)
		fputs(".Pp\nNot applicable:\n.Bl -bullet -compact\n", out);
	for (size_t i = 0; i < count; i++)
		put_format(out, DIALECT_MAN, ".It\n%zu cells of %zu cases: %s\n", absences[i].cells,
			absences[i].cases, absences[i].reason);
	if (count)
		fputs(".El\n", out);
	talloc_free(memory);
}

static void put_shell(FILE *out, const struct matrix *matrix, size_t column)
{
	const struct shell_record *shell = matrix->columns[column];
	char *sentence = conduct_sentence(NULL, matrix, column);

	put_format(out, DIALECT_MAN, ".Sh \"SIGNALS OF %s\"\n%s, version %s: %s.\n", shell->name,
		shell->title, shell->version, sentence);
	talloc_free(sentence);
	put_list(out, matrix, column, MARK_VIOLATES, "Deviations from the standard");
	put_list(out, matrix, column, MARK_PERMITTED, "Where the standard leaves it open");
	put_list(out, matrix, column, MARK_UNJUDGED, "Measured, not judged");
	put_list(out, matrix, column, MARK_UNKNOWN, "Unknown");
	put_list(out, matrix, column, MARK_BROKEN, "Broken or disputed");
	put_list(out, matrix, column, MARK_UNSTABLE, "Unstable");
	put_absences(out, matrix, column);
}

static int write_man(const struct results *results, const struct report_options *options, FILE *out)
{
	struct matrix *matrix = matrix_new(NULL, results);

	(void)options;
	errno = 0;
	put_opening(out, results);
	for (size_t i = 0; i < matrix->column_count; i++)
		put_shell(out, matrix, i);
	fputs(".Sh SEE ALSO\n.Xr sigmatrix 1\n", out);
	talloc_free(matrix);
	return report_finish(out);
}

const struct report report_man = {
	"man", "a manual page, a section a shell (mdoc)", write_man, NULL};
