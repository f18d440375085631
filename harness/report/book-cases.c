/* The pages of cases and of topics. */
#include "book.h"

#include <string.h>

#include <talloc.h>

/* Cells of one shell that came to the same for the same reason: a line of the table. */
struct line {
	const struct cell *cell;
	char *variants;
	size_t count;
};

static bool line_takes(const struct line *line, const struct cell *cell)
{
	if (!line->cell || !cell)
		return line->cell == cell;
	return !strcmp(line->cell->outcome, cell->outcome) &&
	       !strcmp(line->cell->reason, cell->reason) && line->cell->verdict == cell->verdict;
}

static struct line *collect_lines(struct book *book, const struct case_record *record,
	size_t column, size_t *count, size_t *variants)
{
	struct line *lines = talloc_array(book->memory, struct line, 1);

	*count = 0;
	for (*variants = 0; record->variants[*variants]; ++*variants) {
		const struct cell *cell = matrix_cell(book->matrix, record, *variants, column);
		size_t i = 0;

		while (i < *count && !line_takes(&lines[i], cell))
			i++;
		if (i == *count) {
			lines = talloc_realloc(book->memory, lines, struct line, ++*count);
			lines[i] = (struct line){
				.cell = cell, .variants = talloc_strdup(book->memory, "")};
		}
		lines[i].variants = talloc_asprintf_append_buffer(lines[i].variants, "%s%s",
			lines[i].count++ ? " " : "", record->variants[*variants]);
	}
	return lines;
}

static void put_lines(
	struct book *book, const struct case_record *record, size_t column, bool varied)
{
	size_t count, variants;
	const struct line *lines = collect_lines(book, record, column, &count, &variants);

	for (size_t i = 0; i < count; i++) {
		const struct cell *cell = lines[i].cell;

		fprintf(book->out, "| %s |",
			book_shell_link(book, book->matrix->columns[column]->name));
		if (varied)
			fprintf(book->out, " %s |",
				lines[i].count == variants ? "all"
							   : book_safe(book, lines[i].variants));
		fprintf(book->out, " %s | %s %s | %s |\n",
			book_safe(book, cell_word(book->memory, cell)),
			mark_symbol(cell_mark(cell)), mark_word(cell_mark(cell)),
			cell ? book_safe(book, cell->reason) : "");
	}
}

static bool is_varied(const struct case_record *record)
{
	return record->variants[0] && (record->variants[1] || *record->variants[0]);
}

static void put_shells(struct book *book, const struct case_record *record)
{
	bool varied = is_varied(record);

	fprintf(book->out, "## What the %ss do\n\n| %s |%s Outcome | Verdict | Why |\n",
		book->matrix->subject, book->matrix->title, varied ? " Variants |" : "");
	fputs(varied ? "|---|---|---|---|---|\n" : "|---|---|---|---|\n", book->out);
	for (size_t i = 0; i < book->matrix->column_count; i++)
		put_lines(book, record, i, varied);
	fputc('\n', book->out);
}

static void put_outcomes(struct book *book, const struct case_record *record)
{
	if (!record->row_count)
		return;
	fputs("## Outcomes it tells apart\n\n| Outcome | Verdict | Meaning |\n|---|---|---|\n",
		book->out);
	for (size_t i = 0; i < record->row_count; i++) {
		const struct row_record *row = &record->rows[i];

		fprintf(book->out, "| %s | %s %s | %s |\n", book_safe(book, row->label),
			mark_symbol(row_mark(row)), mark_word(row_mark(row)),
			book_safe(book, row->meaning));
	}
	fputc('\n', book->out);
}

static void put_topics_of(struct book *book, const struct case_record *record)
{
	bool any = false;

	for (size_t i = 0; i < book->guide->topic_count; i++) {
		const struct topic *topic = book->guide->topics[i];

		if (!topic_has(topic, record->name))
			continue;
		fprintf(book->out, "%s- [%s](%s%s)\n", any ? "" : "## Topics\n\n",
			book_safe(book, topic->title), book->root, book_topic_path(book, topic));
		any = true;
	}
	if (any)
		fputc('\n', book->out);
}

static void put_scene(struct book *book, const struct case_record *record)
{
	fputs("## Scene\n\n", book->out);
	if (record->scene && *record->scene)
		book_code(book, record->scene);
	else
		fputs("These results were made by a version that did not keep it.\n\n", book->out);
}

void book_put_case(struct book *book, const struct case_record *record)
{
	book_page(book, book_case_path(book, record), "../../");
	fprintf(book->out, "# %s\n\nCase %s in [%s](%scases.md). ",
		book_safe(book, *record->title ? record->title : record->name),
		book_safe(book, record->name), book_safe(book, record->group), book->root);
	if (*record->spec)
		fprintf(book->out, "Standard: %s.", book_safe(book, record->spec));
	fputs("\n\n", book->out);
	book_prose(book, record->prose);
	put_shells(book, record);
	put_outcomes(book, record);
	put_scene(book, record);
	book_put_claims_of(book, record);
	put_topics_of(book, record);
	book_page_end(book);
}

/* Topics ------------------------------------------------------------------------------------ */

/* The finding with the cell's outcome, whatever the reason; a new one if there is none. */
static struct finding *find_finding(struct book *book, const struct case_record *record,
	struct finding **list, size_t *count, const struct cell *cell)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*list)[i].cell->outcome, cell->outcome))
			return &(*list)[i];
	*list = talloc_realloc(book->memory, *list, struct finding, *count + 1);
	(*list)[*count] = (struct finding){record, cell,
		talloc_zero_array(book->memory, bool,
			count_variants(record) * book->matrix->column_count + 1)};
	return &(*list)[(*count)++];
}

/* "✓ fork: bash dash<br>✗ exec: zsh", in a case with variants "[INT] bash; [TERM] every shell";
 * what does not apply is left out. */
static char *sum_up(struct book *book, const struct case_record *record)
{
	size_t columns = book->matrix->column_count, count = 0;
	char *out = talloc_strdup(book->memory, "");
	struct finding *list = NULL;

	for (size_t v = 0; record->variants[v]; v++)
		for (size_t i = 0; i < columns; i++) {
			const struct cell *cell = matrix_cell(book->matrix, record, v, i);

			if (cell && cell_mark(cell) != MARK_NA)
				find_finding(book, record, &list, &count, cell)
					->where[v * columns + i] = true;
		}
	for (size_t i = 0; i < count; i++)
		out = talloc_asprintf_append_buffer(out, "%s%s **%s**: %s", i ? "<br>" : "",
			mark_symbol(cell_mark(list[i].cell)),
			book_safe(book, list[i].cell->outcome),
			is_varied(record) ? book_safe(book, finding_where(book->memory,
								    book->matrix, &list[i]))
					  : book_shell_links(book, list[i].where));
	return out;
}

void book_put_topic(struct book *book, const struct topic *topic)
{
	char *path = book_topic_path(book, topic);

	book_page(book, path, "../");
	fprintf(book->out, "# %s\n\n", book_safe(book, topic->title));
	book_guide_prose(book, topic->prose);
	fputs("## What was measured\n\nVariants of a case are in brackets.\n\n| Case | Question | "
	      "Seen |\n|---|---|---|\n",
		book->out);
	for (size_t i = 0; i < book->results->case_count; i++) {
		const struct case_record *record = &book->results->cases[i];

		if (topic_has(topic, record->name))
			fprintf(book->out, "| %s | %s | %s |\n", book_case_link(book, record),
				book_safe(book, record->title), sum_up(book, record));
		talloc_free_children(book->memory);
	}
	book_page_end(book);
}
