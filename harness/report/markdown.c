/* results/MATRIX.md: the matrix, and what each case is about, for readers of a web page. Every word
 * that came from a case, a shell or the host is escaped. */
#include "conduct.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

struct document {
	FILE *out;
	const struct results *results;
	const struct matrix *matrix;
	bool whole;   /* the cases are in it, so that they can be linked to */
	void *memory; /* emptied after each case */
};

static char *safe(struct document *document, const char *text)
{
	return escape_markdown(document->memory, text);
}

/* An identifier for links, different for different names. */
static char *anchor(struct document *document, const char *prefix, const char *name)
{
	char *out = talloc_asprintf(document->memory, "%s-", prefix);

	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte < 0x80 && (isalnum(byte) || byte == '-'))
			out = talloc_asprintf_append_buffer(out, "%c", byte);
		else if (byte == '/')
			out = talloc_strdup_append_buffer(out, ".");
		else
			out = talloc_asprintf_append_buffer(out, "_%02x", byte);
	}
	return out;
}

static char *cell_label(struct document *document, const struct cell *cell)
{
	return talloc_asprintf(document->memory, "%s %s", mark_symbol(cell_mark(cell)),
		safe(document, cell_word(document->memory, cell)));
}

/* How it was made --------------------------------------------------------------------------- */

static void put_interrupted(struct document *document)
{
	const struct matrix *matrix = document->matrix;

	if (document->results->host.complete)
		return;
	fprintf(document->out,
		"> **Interrupted.** This run was stopped before its end: %zu of %zu cells were "
		"not played.\n\n",
		matrix->cell_count - matrix->played, matrix->cell_count);
}

static void put_fact(struct document *document, const char *what, const char *value)
{
	fprintf(document->out, "| %s | %s |\n", what, safe(document, value));
}

static void put_host(struct document *document)
{
	const struct host_record *host = &document->results->host;

	fputs("## How it was made\n\n| | |\n|---|---|\n", document->out);
	put_fact(document, "Date", host->date);
	put_fact(document, "System", host->system);
	put_fact(document, "Kernel", host->kernel);
	put_fact(document, "Machine", host->machine);
	put_fact(document, "Trace", host->trace);
	put_fact(document, "Isolation", host->isolation);
	put_fact(document, "User", host->user);
	put_fact(document, "Command", host->command);
	fputc('\n', document->out);
}

static void put_shells(struct document *document)
{
	fprintf(document->out,
		"| %s | Title | Family | Version | Program | SHA-256 |\n"
		"|---|---|---|---|---|---|\n",
		document->matrix->title);
	for (size_t i = 0; i < document->matrix->column_count; i++) {
		const struct shell_record *shell = document->matrix->columns[i];

		fprintf(document->out, "| %s | %s | %s | %s | %s | %s |\n",
			safe(document, shell->name), safe(document, shell->title),
			safe(document, shell->family), safe(document, shell->version),
			safe(document, shell->file), safe(document, shell->sha256));
	}
	fputc('\n', document->out);
}

static void put_missing(struct document *document)
{
	bool any = false;

	for (size_t i = 0; i < document->results->shell_count; i++) {
		const struct shell_record *shell = &document->results->shells[i];

		if (!shell->missing)
			continue;
		fprintf(document->out, "%s- %s: %s\n", any ? "" : "Not measured:\n\n",
			safe(document, shell->name), safe(document, shell->missing));
		any = true;
	}
	if (any)
		fputc('\n', document->out);
}

/* Summary ----------------------------------------------------------------------------------- */

static void put_tally(struct document *document, size_t column)
{
	const size_t *counts = matrix_tally(document->matrix, column);
	const char *name = document->matrix->columns[column]->name;

	if (document->whole)
		fprintf(document->out, "| [%s](#%s) |", safe(document, name),
			anchor(document, "shell", name));
	else
		fprintf(document->out, "| %s |", safe(document, name));
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(document->matrix, mark))
			fprintf(document->out, " %zu |", counts[mark]);
	fputc('\n', document->out);
}

static void put_summary(struct document *document)
{
	fprintf(document->out, "## Summary\n\n| %s |", document->matrix->title);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(document->matrix, mark))
			fprintf(document->out, " %s %s |", safe(document, mark_symbol(mark)),
				mark_word(mark));
	fputs("\n|---|", document->out);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(document->matrix, mark))
			fputs("---:|", document->out);
	fputc('\n', document->out);
	for (size_t i = 0; i < document->matrix->column_count; i++)
		put_tally(document, i);
	fprintf(document->out,
		"\nA cell names what was seen. Its symbol is what the standard says of it: "
		"conforms, permitted (the\nstandard leaves it open), violates. The other symbols "
		"say nothing about the %s, neither for it\nnor against it; what is not judged was "
		"measured on a %s that does not claim the standard.\n\n",
		document->matrix->subject, document->matrix->subject);
}

/* Shells ------------------------------------------------------------------------------------ */

static char *case_link(struct document *document, const struct conduct *conduct)
{
	char *link = safe(document, conduct->record->name);

	if (document->whole)
		link = talloc_asprintf(document->memory, "[%s](#%s)", link,
			anchor(document, "case", conduct->record->name));
	if (!*conduct->variants)
		return link;
	return talloc_asprintf(document->memory, "%s %s", link, safe(document, conduct->variants));
}

static void put_deviations(struct document *document, size_t column)
{
	size_t count;
	const struct conduct *list =
		conduct_collect(document->memory, document->matrix, column, MARK_VIOLATES, &count);

	for (size_t i = 0; i < count; i++)
		fprintf(document->out, "- %s: %s: %s\n", case_link(document, &list[i]),
			cell_label(document, list[i].cell), safe(document, list[i].meaning));
	if (count)
		fputc('\n', document->out);
}

/* What few look for, folded up. */
static void put_folded(
	struct document *document, size_t column, enum mark mark, const char *heading)
{
	size_t count;
	const struct conduct *list =
		conduct_collect(document->memory, document->matrix, column, mark, &count);

	if (!count)
		return;
	fprintf(document->out, "<details><summary>%s</summary>\n\n", heading);
	for (size_t i = 0; i < count; i++)
		fprintf(document->out, "- %s: %s\n", case_link(document, &list[i]),
			cell_label(document, list[i].cell));
	fputs("\n</details>\n\n", document->out);
}

static void put_absences(struct document *document, size_t column)
{
	size_t count;
	const struct conduct *list =
		conduct_collect(document->memory, document->matrix, column, MARK_NA, &count);
	const struct absence *absences = absence_collect(document->memory, list, count, &count);

	if (!count)
		return;
	fputs("<details><summary>Not applicable</summary>\n\n", document->out);
	for (size_t i = 0; i < count; i++)
		fprintf(document->out, "- %zu cells of %zu cases: %s\n", absences[i].cells,
			absences[i].cases, safe(document, absences[i].reason));
	fputs("\n</details>\n\n", document->out);
}

static void put_conduct(struct document *document, size_t column)
{
	const struct shell_record *shell = document->matrix->columns[column];

	fprintf(document->out, "<a id=\"%s\"></a>\n\n### %s\n\n%s: %s.\n\n",
		anchor(document, "shell", shell->name), safe(document, shell->title),
		safe(document, shell->name),
		safe(document, conduct_sentence(document->memory, document->matrix, column)));
	put_deviations(document, column);
	put_folded(document, column, MARK_UNKNOWN, "Unknown or timeout");
	put_folded(document, column, MARK_BROKEN, "Broken or disputed");
	put_folded(document, column, MARK_UNSTABLE, "Unstable");
	put_folded(document, column, MARK_PERMITTED, "Permitted variations");
	put_folded(document, column, MARK_UNJUDGED, "Measured, not judged");
	put_absences(document, column);
	talloc_free_children(document->memory);
}

static void put_conducts(struct document *document)
{
	fprintf(document->out,
		"## %ss\n\nWhat each %s does otherwise than the standard requires, what it does "
		"where the standard leaves\nit open, and what could not be asked of it.\n\n",
		document->matrix->title, document->matrix->subject);
	for (size_t i = 0; i < document->matrix->column_count; i++)
		put_conduct(document, i);
}

/* The matrix -------------------------------------------------------------------------------- */

static bool new_group(const struct matrix *matrix, size_t row)
{
	return !row || strcmp(matrix->rows[row - 1].record->group, matrix->rows[row].record->group);
}

static void put_group_heading(struct document *document, size_t row)
{
	const struct matrix *matrix = document->matrix;

	fprintf(document->out, "%s### %s\n\n| Case |", row ? "\n" : "",
		safe(document, matrix->rows[row].record->group));
	for (size_t i = 0; i < matrix->column_count; i++)
		fprintf(document->out, " %s |", safe(document, matrix->columns[i]->name));
	fputs("\n|---|", document->out);
	for (size_t i = 0; i < matrix->column_count; i++)
		fputs("---|", document->out);
	fputc('\n', document->out);
}

static void put_row(struct document *document, const struct matrix_row *row)
{
	const char *variants = row_variants(document->memory, row);

	const char *name = safe(document, case_short_name(row->record));

	if (document->whole)
		fprintf(document->out, "| [%s](#%s)", name,
			anchor(document, "case", row->record->name));
	else
		fprintf(document->out, "| %s", name);
	if (*variants)
		fprintf(document->out, " %s", safe(document, variants));
	fputs(" |", document->out);
	for (size_t i = 0; i < document->matrix->column_count; i++)
		fprintf(document->out, " %s |", cell_label(document, row->cells[i]));
	fputc('\n', document->out);
}

static void put_matrix(struct document *document)
{
	const struct matrix *matrix = document->matrix;

	fputs("## Matrix\n\n", document->out);
	for (size_t i = 0; i < matrix->row_count; i++) {
		if (new_group(matrix, i))
			put_group_heading(document, i);
		put_row(document, &matrix->rows[i]);
		talloc_free_children(document->memory);
	}
	fputc('\n', document->out);
}

/* Cases ------------------------------------------------------------------------------------- */

/* Line by line, so that paragraphs remain and each line is escaped as one. */
static void put_prose(struct document *document, const char *prose)
{
	while (prose && *prose) {
		size_t length = strcspn(prose, "\n");
		char *line = talloc_strndup(document->memory, prose, length);

		fprintf(document->out, "%s\n", safe(document, line));
		prose += length + (prose[length] == '\n');
	}
	fputc('\n', document->out);
}

static void put_outcomes(struct document *document, const struct case_record *record)
{
	if (!record->row_count)
		return;
	fputs("| Outcome | Verdict | Meaning |\n|---|---|---|\n", document->out);
	for (size_t i = 0; i < record->row_count; i++) {
		const struct row_record *row = &record->rows[i];

		fprintf(document->out, "| %s | %s %s | %s |\n", safe(document, row->label),
			mark_symbol(row_mark(row)), verdict_word(row->verdict),
			safe(document, row->meaning));
	}
	fputc('\n', document->out);
}

static bool applies(const struct cell *cell)
{
	return cell_mark(cell) != MARK_NA;
}

/* Shells of which the case could not be asked in any variant; why is told with the shell. */
static void put_not_asked(struct document *document, const struct case_record *record)
{
	const struct matrix *matrix = document->matrix;
	bool any = false;

	for (size_t i = 0; i < matrix->column_count; i++) {
		bool all = true;

		for (size_t v = 0; record->variants[v] && all; v++) {
			const struct cell *cell = matrix_cell(matrix, record, v, i);

			all = cell && cell_mark(cell) == MARK_NA;
		}
		if (!all)
			continue;
		fprintf(document->out, "%s %s",
			any ? "" : "- – n/a:", safe(document, matrix->columns[i]->name));
		any = true;
	}
	if (any)
		fputc('\n', document->out);
}

/* Is there anything a reader may ask the reason of: shells that differ, or a cell that does not
 * simply conform or is permitted? */
static bool worth_reasons(const struct finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cell_mark(findings[i].cell) > MARK_PERMITTED ||
			strcmp(findings[i].cell->outcome, findings[0].cell->outcome))
			return true;
	return false;
}

static void put_reasons(struct document *document, const struct case_record *record)
{
	size_t count;
	const struct finding *findings =
		findings_collect(document->memory, document->matrix, record, applies, &count);

	if (!worth_reasons(findings, count))
		return;
	fputs("<details><summary>What was seen</summary>\n\n", document->out);
	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = &findings[i];
		const char *where = finding_where(document->memory, document->matrix, finding);

		fprintf(document->out, "- %s: %s", cell_label(document, finding->cell),
			safe(document, where));
		if (*finding->cell->reason)
			fprintf(document->out, "<br>%s", safe(document, finding->cell->reason));
		fputc('\n', document->out);
	}
	put_not_asked(document, record);
	fputs("\n</details>\n\n", document->out);
}

static void put_case(struct document *document, const struct case_record *record)
{
	fprintf(document->out, "<a id=\"%s\"></a>\n\n### %s\n\n",
		anchor(document, "case", record->name), safe(document, record->title));
	fprintf(document->out, "Case: %s. Standard: %s.\n\n", safe(document, record->name),
		safe(document, record->spec));
	put_prose(document, record->prose);
	put_outcomes(document, record);
	put_reasons(document, record);
	talloc_free_children(document->memory);
}

static int write_markdown(
	const struct results *results, const struct report_options *options, FILE *out)
{
	void *memory = talloc_new(NULL);
	struct document document = {.out = out,
		.results = results,
		.matrix = matrix_new(memory, results),
		.whole = true,
		.memory = talloc_new(memory)};

	(void)options;
	errno = 0;
	fprintf(out, "# What %ss do with signals\n\n", document.matrix->subject);
	put_interrupted(&document);
	put_host(&document);
	put_shells(&document);
	put_missing(&document);
	put_summary(&document);
	put_conducts(&document);
	put_matrix(&document);
	fputs("## Cases\n\n", out);
	for (size_t i = 0; i < results->case_count; i++)
		put_case(&document, &results->cases[i]);
	talloc_free(memory);
	return report_finish(out);
}

const struct report report_markdown = {
	"markdown", "the matrix and the cases, as a page", write_markdown, NULL};

/* The summary ------------------------------------------------------------------------------- */

/* GitHub refuses a step summary above 1 MiB and takes comments of 65536 characters; this is for
 * the former. */
enum { SUMMARY_LIMIT = 1000 * 1000 };

/* A document that is written part by part; a part that does not fit is left out. */
struct bounded {
	struct document document;
	FILE *out;
	size_t left, left_out;
	char *part;
	size_t part_size;
};

static bool part_begin(struct bounded *bounded)
{
	bounded->document.out = open_memstream(&bounded->part, &bounded->part_size);
	return bounded->document.out != NULL;
}

/* Was it taken in? */
static bool part_end(struct bounded *bounded)
{
	bool fits;

	fclose(bounded->document.out);
	fits = bounded->part_size <= bounded->left;
	if (fits) {
		fwrite(bounded->part, 1, bounded->part_size, bounded->out);
		bounded->left -= bounded->part_size;
	}
	bounded->left_out += !fits;
	free(bounded->part);
	talloc_free_children(bounded->document.memory);
	return fits;
}

static void part_of(struct bounded *bounded, void (*put)(struct document *document))
{
	if (!part_begin(bounded))
		return;
	put(&bounded->document);
	part_end(bounded);
}

static void part_conduct(struct bounded *bounded, size_t column)
{
	struct document *document = &bounded->document;
	const struct shell_record *shell = document->matrix->columns[column];
	const size_t *counts = matrix_tally(document->matrix, column);

	if (!counts[MARK_VIOLATES] && !matrix_doubts(document->matrix, column))
		return;
	if (!part_begin(bounded))
		return;
	fprintf(document->out, "### %s\n\n%s.\n\n", safe(document, shell->name),
		safe(document, conduct_sentence(document->memory, document->matrix, column)));
	put_deviations(document, column);
	put_folded(document, column, MARK_UNKNOWN, "Unknown or timeout");
	put_folded(document, column, MARK_BROKEN, "Broken or disputed");
	put_folded(document, column, MARK_UNSTABLE, "Unstable");
	part_end(bounded);
}

static void part_row(struct bounded *bounded, size_t row, const char **group)
{
	const struct matrix *matrix = bounded->document.matrix;
	const char *own = matrix->rows[row].record->group;
	bool fresh = !*group || strcmp(*group, own);

	if (!row_differs(matrix, &matrix->rows[row]) || !part_begin(bounded))
		return;
	if (fresh)
		put_group_heading(&bounded->document, row);
	put_row(&bounded->document, &matrix->rows[row]);
	if (part_end(bounded))
		*group = own;
}

static void put_differ_heading(struct document *document)
{
	fprintf(document->out, "## Where the %ss differ\n\n", document->matrix->subject);
}

static void put_deviation_heading(struct document *document)
{
	fputs("## Deviations and doubts\n\n", document->out);
}

static void put_parts(struct bounded *bounded)
{
	const struct matrix *matrix = bounded->document.matrix;
	const char *group = NULL;

	part_of(bounded, put_interrupted);
	part_of(bounded, put_summary);
	part_of(bounded, put_missing);
	part_of(bounded, put_deviation_heading);
	for (size_t i = 0; i < matrix->column_count; i++)
		part_conduct(bounded, i);
	part_of(bounded, put_host);
	part_of(bounded, put_differ_heading);
	for (size_t i = 0; i < matrix->row_count; i++)
		part_row(bounded, i, &group);
}

static int write_summary(
	const struct results *results, const struct report_options *options, FILE *out)
{
	void *memory = talloc_new(NULL);
	struct bounded bounded = {.document = {.results = results,
					  .matrix = matrix_new(memory, results),
					  .memory = talloc_new(memory)},
		.out = out,
		.left = SUMMARY_LIMIT - 1000 /* for the lines here */};

	(void)options;
	errno = 0;
	fprintf(out, "# What %ss do with signals\n\n", results_subject(results));
	put_parts(&bounded);
	if (bounded.left_out)
		fprintf(out,
			"\nLeft out, because it would not fit: %zu rows or lists. "
			"`--format markdown` has them all.\n",
			bounded.left_out);
	talloc_free(memory);
	return report_finish(out);
}

const struct report report_summary = {
	"summary", "the page in short, below 1 MiB: for a CI step summary", write_summary, NULL};
