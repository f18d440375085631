/* The pages of shells. */
#include "book.h"

#include <string.h>

#include <talloc.h>

#include "conduct.h"
#include "select.h"

static void put_item(struct book *book, const struct conduct *conduct)
{
	fprintf(book->out, "- %s", book_case_link(book, conduct->record));
	if (*conduct->variants)
		fprintf(book->out, " \\[%s\\]", book_safe(book, conduct->variants));
	fprintf(book->out, ": %s", book_cell_label(book, conduct->cell));
	if (*conduct->meaning)
		fprintf(book->out, ": %s", book_safe(book, conduct->meaning));
	fputc('\n', book->out);
}

static void put_list(struct book *book, size_t column, enum mark mark, const char *heading)
{
	size_t count;
	const struct conduct *list =
		conduct_collect(book->memory, book->matrix, column, mark, &count);

	if (count)
		fprintf(book->out, "## %s\n\n", heading);
	for (size_t i = 0; i < count; i++)
		put_item(book, &list[i]);
	if (count)
		fputc('\n', book->out);
}

/* One row of the matrix by the shells of the results, as select.h wants it. */
static void fill_row(const struct book *book, const struct case_record *record, size_t variant,
	const struct cell **row)
{
	memset(row, 0, book->results->shell_count * sizeof(*row));
	for (size_t i = 0; i < book->matrix->column_count; i++)
		row[book->matrix->columns[i] - book->results->shells] =
			matrix_cell(book->matrix, record, variant, i);
}

static void put_peculiarity(
	struct book *book, size_t column, const struct case_record *record, size_t variant)
{
	const struct shell_record *shell = book->matrix->columns[column];
	const struct cell *own = matrix_cell(book->matrix, record, variant, column);
	const struct cell **row = talloc_zero_array(
		book->memory, const struct cell *, book->results->shell_count + 1);
	const char *others;

	fill_row(book, record, variant, row);
	others = own && !outcome_is_doubt(own->outcome)
			 ? row_others_agree(book->results, row, shell->family)
			 : NULL;
	if (others && strcmp(others, own->outcome))
		fprintf(book->out, "- %s%s%s%s: %s, all others %s\n", book_case_link(book, record),
			*own->variant ? " \\[" : "", book_safe(book, own->variant),
			*own->variant ? "\\]" : "", book_cell_label(book, own),
			book_safe(book, others));
	talloc_free(row);
}

static void put_peculiarities(struct book *book, size_t column)
{
	fprintf(book->out,
		"## Peculiarities\n\nWhere %ss of the family %s stand alone: all others agree "
		"on something else.\n\n",
		book->matrix->subject, book_safe(book, book->matrix->columns[column]->family));
	for (size_t i = 0; i < book->results->case_count; i++) {
		const struct case_record *record = &book->results->cases[i];

		for (size_t v = 0; record->variants[v]; v++)
			put_peculiarity(book, column, record, v);
		talloc_free_children(book->memory);
	}
	fputc('\n', book->out);
}

static void put_absences(struct book *book, size_t column)
{
	size_t count, reasons;
	const struct conduct *list =
		conduct_collect(book->memory, book->matrix, column, MARK_NA, &count);
	const struct absence *absences = absence_collect(book->memory, list, count, &reasons);

	if (reasons)
		fputs("## Not applicable\n\n", book->out);
	for (size_t i = 0; i < reasons; i++) {
		fprintf(book->out, "- %zu cells of %zu cases: %s:", absences[i].cells,
			absences[i].cases, book_safe(book, absences[i].reason));
		for (size_t k = 0; k < count; k++)
			if (!strcmp(list[k].cell->reason, absences[i].reason))
				fprintf(book->out, " %s", book_case_link(book, list[k].record));
		fputc('\n', book->out);
	}
}

void book_put_shell(struct book *book, size_t column)
{
	const struct shell_record *shell = book->matrix->columns[column];

	book_page(book, book_shell_path(book, shell->name), "../");
	fprintf(book->out,
		"# %s\n\n| | |\n|---|---|\n| Name | %s |\n| Version | %s |\n| Family | %s |\n"
		"| Program | %s |\n| SHA-256 | %s |\n\n",
		book_safe(book, *shell->title ? shell->title : shell->name),
		book_safe(book, shell->name), book_safe(book, shell->version),
		book_safe(book, shell->family), book_safe(book, shell->file),
		book_safe(book, shell->sha256));
	fprintf(book->out, "In short: %s.\n\n",
		book_safe(book, conduct_sentence(book->memory, book->matrix, column)));
	book_put_flow_link(book, shell);
	put_list(book, column, MARK_VIOLATES, "Deviations from the standard");
	put_peculiarities(book, column);
	put_list(book, column, MARK_UNKNOWN, "Unknown");
	put_list(book, column, MARK_BROKEN, "Broken or disputed");
	put_list(book, column, MARK_UNSTABLE, "Unstable");
	put_list(book, column, MARK_PERMITTED, "Where the standard leaves it open");
	put_list(book, column, MARK_UNJUDGED, "Measured, not judged");
	put_absences(book, column);
	book_page_end(book);
}
