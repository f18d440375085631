/* The matrix for people at a terminal. Where the shells fit side by side, a group is a table; where
 * they do not, each case lists its outcomes and who has them, which is far narrower and folds. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

enum { NARROWEST = 24, GAP = 2, INDENT = 2 };

struct page {
	FILE *out;
	int width;
	bool colour;
	int column;        /* where the next character goes */
	int printed;       /* where the last one went: the blanks between are still owed */
	int left;          /* where a folded line begins */
	const char *paint; /* colour to begin with the next character, or NULL */
	const struct matrix *matrix;
	void *memory;
};

static int minimum(int a, int b)
{
	return a < b ? a : b;
}

static int maximum(int a, int b)
{
	return a > b ? a : b;
}

/* Columns a text takes: one for each code point, which holds for all that reports print. */
static int bytes_width(const char *text, size_t bytes)
{
	int width = 0;

	for (size_t i = 0; i < bytes; i++)
		width += (text[i] & 0xc0) != 0x80;
	return width;
}

static int text_width(const char *text)
{
	return bytes_width(text, strlen(text));
}

/* Putting text on the page ------------------------------------------------------------------ */

static void new_line(struct page *page)
{
	fputc('\n', page->out);
	page->column = 0;
	page->printed = 0;
}

/* Blanks are put only when something follows, so that no line ends in them. */
static void go_to(struct page *page, int column)
{
	page->column = maximum(column, page->column);
}

/* Moves *text on by one character. */
static void put_character(struct page *page, const char **text)
{
	if (page->column >= page->width) {
		new_line(page);
		go_to(page, page->left);
	}
	fprintf(page->out, "%*s%s", page->column - page->printed, "",
		page->paint ? page->paint : "");
	page->paint = NULL;
	do
		fputc(*(*text)++, page->out);
	while ((**text & 0xc0) == 0x80);
	page->printed = ++page->column;
}

/* Puts the words, folding before those that do not fit. A word too long for any line is broken. */
static void put_words(struct page *page, const char *text)
{
	int blank = 0;

	while (*(text += strspn(text, " "))) {
		size_t bytes = strcspn(text, " ");
		int end = page->column + blank + bytes_width(text, bytes);
		const char *stop = text + bytes;

		if (page->column > page->left && end > page->width) {
			new_line(page);
			go_to(page, page->left);
		} else {
			go_to(page, page->column + blank);
		}
		while (text < stop)
			put_character(page, &text);
		blank = 1;
	}
}

static const char *mark_colour(enum mark mark)
{
	static const char *const colours[MARK_COUNT] = {
		[MARK_CONFORMS] = "\033[32m",
		[MARK_PERMITTED] = "\033[36m",
		[MARK_VIOLATES] = "\033[1;31m",
		[MARK_UNJUDGED] = "\033[34m",
		[MARK_UNKNOWN] = "\033[33m",
		[MARK_BROKEN] = "\033[1;33m",
		[MARK_UNSTABLE] = "\033[35m",
		[MARK_NA] = "\033[2m",
		[MARK_UNPLAYED] = "\033[2m",
	};

	return colours[mark];
}

static void put_coloured(struct page *page, const char *colour, const char *text)
{
	page->paint = page->colour ? colour : NULL;
	put_words(page, text);
	if (page->colour && !page->paint)
		fputs("\033[0m", page->out);
	page->paint = NULL;
}

/* A line of its own, folded, with the following lines indented a little more. */
static void put_line(struct page *page, int indent, const char *colour, const char *text)
{
	go_to(page, indent);
	page->left = minimum(indent + INDENT, page->width / 2);
	if (colour)
		put_coloured(page, colour, text);
	else
		put_words(page, text);
	new_line(page);
}

static void put_heading(struct page *page, const char *text)
{
	new_line(page);
	put_line(page, 0, "\033[1m", text);
}

static char *safe(struct page *page, const char *text)
{
	return escape_terminal(page->memory, text);
}

/* "✓ exec" */
static char *cell_label(struct page *page, const struct cell *cell)
{
	return talloc_asprintf(page->memory, "%s %s", mark_symbol(cell_mark(cell)),
		safe(page, cell_word(page->memory, cell)));
}

/* Groups ------------------------------------------------------------------------------------ */

/* The rows of one group: matrix->rows[first] up to, not including, 'end'. */
struct section {
	size_t first, end;
	int label_width; /* of the widest label, its indent included */
};

static const struct matrix_row *row_at(const struct page *page, size_t index)
{
	return &page->matrix->rows[index];
}

/* Has the case several rows, so that they go below its name? */
static bool row_divided(const struct page *page, size_t index)
{
	const struct case_record *record = row_at(page, index)->record;

	return (index && row_at(page, index - 1)->record == record) ||
	       (index + 1 < page->matrix->row_count && row_at(page, index + 1)->record == record);
}

static bool row_first(const struct page *page, size_t index)
{
	return !index || row_at(page, index - 1)->record != row_at(page, index)->record;
}

/* "case", "case [INT]", "case [all 4]", or below the case's name "[INT TERM]". */
static char *row_label(struct page *page, size_t index)
{
	const struct matrix_row *row = row_at(page, index);
	const char *name = safe(page, case_short_name(row->record));
	const char *variants = safe(page, row_variants(page->memory, row));

	if (row_divided(page, index))
		return talloc_asprintf(page->memory, "[%s]", variants);
	if (row->variant_count > 1)
		return talloc_asprintf(page->memory, "%s [all %zu]", name, row->variant_count);
	if (*variants)
		return talloc_asprintf(page->memory, "%s [%s]", name, variants);
	return talloc_strdup(page->memory, name);
}

static int row_indent(const struct page *page, size_t index)
{
	return row_divided(page, index) ? 2 * INDENT : INDENT;
}

static void put_case_name(struct page *page, size_t index)
{
	if (row_divided(page, index) && row_first(page, index))
		put_line(page, INDENT, NULL,
			safe(page, case_short_name(row_at(page, index)->record)));
}

static struct section section_at(struct page *page, size_t first)
{
	struct section section = {first, first, 0};
	const char *group = row_at(page, first)->record->group;

	while (section.end < page->matrix->row_count &&
		!strcmp(row_at(page, section.end)->record->group, group)) {
		int width =
			row_indent(page, section.end) + text_width(row_label(page, section.end));

		section.label_width = maximum(section.label_width, width);
		section.end++;
	}
	return section;
}

/* As a table -------------------------------------------------------------------------------- */

static int column_width(struct page *page, const struct section *section, size_t column)
{
	int width = text_width(safe(page, page->matrix->columns[column]->name));

	for (size_t i = section->first; i < section->end; i++) {
		const char *label = cell_label(page, row_at(page, i)->cells[column]);

		width = maximum(width, text_width(label));
	}
	return width;
}

/* Where the columns begin, and after the last of them where the table ends. */
static int *column_starts(struct page *page, const struct section *section)
{
	size_t count = page->matrix->column_count;
	int *starts = talloc_array(page->memory, int, count + 1);
	int at = maximum(section->label_width,
		text_width(safe(page, row_at(page, section->first)->record->group)));

	for (size_t i = 0; i < count; i++) {
		starts[i] = at + GAP;
		/* Hostile names may be as long as they like. */
		at = minimum(starts[i] + column_width(page, section, i), 1000000);
	}
	starts[count] = at;
	return starts;
}

static void put_table_row(struct page *page, size_t index, const int *starts)
{
	const struct matrix_row *row = row_at(page, index);

	put_case_name(page, index);
	go_to(page, row_indent(page, index));
	page->left = page->column;
	put_words(page, row_label(page, index));
	for (size_t i = 0; i < page->matrix->column_count; i++) {
		go_to(page, starts[i]);
		page->left = page->column;
		put_coloured(page, mark_colour(cell_mark(row->cells[i])),
			cell_label(page, row->cells[i]));
	}
	new_line(page);
}

static void put_table(struct page *page, const struct section *section, const int *starts)
{
	new_line(page);
	page->left = 0;
	put_coloured(page, "\033[1m", safe(page, row_at(page, section->first)->record->group));
	for (size_t i = 0; i < page->matrix->column_count; i++) {
		go_to(page, starts[i]);
		put_words(page, safe(page, page->matrix->columns[i]->name));
	}
	new_line(page);
	for (size_t i = section->first; i < section->end; i++)
		put_table_row(page, i, starts);
}

/* As a list --------------------------------------------------------------------------------- */

/* Shells of one row that came to the same. */
struct bunch {
	enum mark mark;
	size_t rank; /* of the outcome among the case's rows */
	const char *label;
	char *shells;
	size_t count;
};

static size_t outcome_rank(const struct case_record *record, const struct cell *cell)
{
	size_t i = 0;

	while (cell && i < record->row_count && strcmp(record->rows[i].label, cell->outcome))
		i++;
	return i;
}

static int compare_bunches(const void *left, const void *right)
{
	const struct bunch *a = left, *b = right;

	if (a->mark != b->mark)
		return a->mark < b->mark ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->label, b->label);
}

static struct bunch *matching_bunch(
	struct bunch *bunches, size_t *count, enum mark mark, const char *label)
{
	for (size_t i = 0; i < *count; i++)
		if (bunches[i].mark == mark && !strcmp(bunches[i].label, label))
			return &bunches[i];
	bunches[*count] = (struct bunch){.mark = mark, .label = label};
	return &bunches[(*count)++];
}

static struct bunch *row_bunches(struct page *page, const struct matrix_row *row, size_t *count)
{
	const struct matrix *matrix = page->matrix;
	struct bunch *bunches = talloc_array(page->memory, struct bunch, matrix->column_count);

	*count = 0;
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct cell *cell = row->cells[i];
		struct bunch *bunch =
			matching_bunch(bunches, count, cell_mark(cell), cell_label(page, cell));

		bunch->rank = outcome_rank(row->record, cell);
		bunch->shells =
			talloc_asprintf(page->memory, "%s%s%s", bunch->count ? bunch->shells : "",
				bunch->count ? " " : "", safe(page, matrix->columns[i]->name));
		bunch->count++;
	}
	if (*count)
		qsort(bunches, *count, sizeof(*bunches), compare_bunches);
	if (*count == 1 && matrix->column_count > 1)
		bunches->shells = talloc_asprintf(
			page->memory, "all %zu %ss", matrix->column_count, matrix->subject);
	return bunches;
}

/* Columns of the list: labels, outcomes, shells. A page too narrow for three has the labels on
 * lines of their own. */
struct layout {
	int outcomes, shells;
};

/* Width of the widest outcome that leaves room for shells; wider ones have a line of their own. */
static int outcome_width(struct page *page, const struct section *section)
{
	int width = 0;

	for (size_t i = section->first; i < section->end; i++)
		for (size_t j = 0; j < page->matrix->column_count; j++) {
			int own = text_width(cell_label(page, row_at(page, i)->cells[j]));

			if (own <= page->width * 3 / 10)
				width = maximum(width, own);
		}
	return width;
}

static struct layout list_layout(struct page *page, const struct section *section)
{
	struct layout layout;

	if (page->width < 60)
		layout.outcomes = 2 * INDENT + GAP;
	else
		layout.outcomes = minimum(section->label_width, page->width * 2 / 5 - GAP) + GAP;
	layout.shells = layout.outcomes + GAP + outcome_width(page, section);
	return layout;
}

static void put_bunch(struct page *page, const struct bunch *bunch, struct layout layout)
{
	go_to(page, layout.outcomes);
	page->left = layout.outcomes + GAP;
	put_coloured(page, mark_colour(bunch->mark), bunch->label);
	if (page->column + GAP > layout.shells)
		new_line(page);
	go_to(page, layout.shells);
	page->left = layout.shells;
	put_words(page, bunch->shells);
	new_line(page);
}

static void put_list_row(struct page *page, size_t index, struct layout layout)
{
	const char *label = row_label(page, index);
	int indent = row_indent(page, index);
	size_t count;
	const struct bunch *bunches = row_bunches(page, row_at(page, index), &count);

	put_case_name(page, index);
	go_to(page, indent);
	page->left = indent + INDENT;
	put_words(page, label);
	if (indent + text_width(label) + GAP > layout.outcomes)
		new_line(page);
	for (size_t i = 0; i < count; i++)
		put_bunch(page, &bunches[i], layout);
	if (page->column)
		new_line(page);
}

static void put_list(struct page *page, const struct section *section)
{
	struct layout layout = list_layout(page, section);

	put_heading(page, safe(page, row_at(page, section->first)->record->group));
	for (size_t i = section->first; i < section->end; i++)
		put_list_row(page, i, layout);
}

static void put_groups(struct page *page)
{
	struct section section = {0, 0, 0};

	while (section.end < page->matrix->row_count) {
		const int *starts;

		section = section_at(page, section.end);
		starts = column_starts(page, &section);
		if (starts[page->matrix->column_count] <= page->width)
			put_table(page, &section, starts);
		else
			put_list(page, &section);
		talloc_free_children(page->memory);
	}
}

/* What goes before and after ---------------------------------------------------------------- */

static void put_interrupted(struct page *page)
{
	const struct matrix *matrix = page->matrix;

	if (matrix->results->host.complete)
		return;
	put_line(page, 0, "\033[1;31m",
		talloc_asprintf(page->memory,
			"INTERRUPTED: this run was stopped before its end; %zu of %zu cells were "
			"not played.",
			matrix->cell_count - matrix->played, matrix->cell_count));
}

static void put_opening(struct page *page)
{
	const struct results *results = page->matrix->results;
	const struct host_record *host = &results->host;
	char *text = talloc_asprintf(page->memory,
		"Cases %zu, %ss %zu, cells %zu. Linux %s %s, %s; %s; trace %s, %s, user %s.",
		results->case_count, page->matrix->subject, page->matrix->column_count,
		page->matrix->played, host->kernel, host->machine, host->system, host->date,
		host->trace, host->isolation, host->user);

	put_line(page, 0, NULL, safe(page, text));
	put_interrupted(page);
}

static void put_legend(struct page *page)
{
	new_line(page);
	page->left = 0;
	for (enum mark mark = 0; mark < MARK_COUNT; mark++) {
		char *item =
			talloc_asprintf(page->memory, "%s %s", mark_symbol(mark), mark_word(mark));

		if (mark == MARK_UNPLAYED && page->matrix->played == page->matrix->cell_count)
			continue;
		if (mark == MARK_UNJUDGED && !matrix_has_mark(page->matrix, mark))
			continue;
		if (page->column && page->column + GAP + text_width(item) > page->width)
			new_line(page);
		go_to(page, page->column ? page->column + GAP : 0);
		put_coloured(page, mark_colour(mark), item);
	}
	new_line(page);
}

static void put_summary_line(struct page *page, size_t column, int name_width)
{
	const char *name = safe(page, page->matrix->columns[column]->name);
	const size_t *counts = matrix_tally(page->matrix, column);
	char *text;

	text = talloc_asprintf(page->memory,
		"%4zu conforms %4zu permitted %4zu violates %4zu doubt %4zu n/a",
		counts[MARK_CONFORMS], counts[MARK_PERMITTED], counts[MARK_VIOLATES],
		matrix_doubts(page->matrix, column), counts[MARK_NA]);
	if (counts[MARK_UNJUDGED])
		text = talloc_asprintf_append(text, " %4zu not judged", counts[MARK_UNJUDGED]);
	if (counts[MARK_UNPLAYED])
		text = talloc_asprintf_append(text, " %4zu not played", counts[MARK_UNPLAYED]);
	if (INDENT + name_width + GAP + text_width(text) > page->width) {
		put_line(page, INDENT, NULL, talloc_asprintf(page->memory, "%s: %s", name, text));
		return;
	}
	fprintf(page->out, "%*s%s%*s%s\n", INDENT, "", name, GAP + name_width - text_width(name),
		"", text);
}

static void put_summary(struct page *page)
{
	int width = 0;

	if (!page->matrix->column_count)
		return;
	put_heading(page, "Summary");
	for (size_t i = 0; i < page->matrix->column_count; i++) {
		const char *name = safe(page, page->matrix->columns[i]->name);

		width = maximum(width, text_width(name));
	}
	for (size_t i = 0; i < page->matrix->column_count; i++)
		put_summary_line(page, i, minimum(width, page->width));
}

static bool is_doubt(const struct cell *cell)
{
	enum mark mark = cell_mark(cell);

	return mark == MARK_UNKNOWN || mark == MARK_BROKEN || mark == MARK_UNSTABLE;
}

static void put_finding(struct page *page, const struct finding *finding)
{
	const char *where = finding_where(page->memory, page->matrix, finding);
	const char *reason = safe(page, finding->cell->reason);

	go_to(page, INDENT);
	page->left = 2 * INDENT;
	put_words(page, safe(page, finding->record->name));
	go_to(page, page->column + GAP);
	put_coloured(page, mark_colour(cell_mark(finding->cell)), cell_label(page, finding->cell));
	go_to(page, page->column + GAP);
	put_words(page, safe(page, where));
	new_line(page);
	if (*reason)
		put_line(page, 3 * INDENT, NULL, reason);
}

static void put_doubts(struct page *page)
{
	const struct results *results = page->matrix->results;
	bool headed = false;

	for (size_t i = 0; i < results->case_count; i++) {
		size_t count;
		const struct finding *findings = findings_collect(
			page->memory, page->matrix, &results->cases[i], is_doubt, &count);

		if (count && !headed)
			put_heading(page, talloc_asprintf(page->memory,
						  "Doubts: neither for nor against a %s",
						  page->matrix->subject));
		headed = headed || count;
		for (size_t j = 0; j < count; j++)
			put_finding(page, &findings[j]);
		talloc_free_children(page->memory);
	}
}

static void put_missing(struct page *page)
{
	const struct results *results = page->matrix->results;
	bool headed = false;

	for (size_t i = 0; i < results->shell_count; i++) {
		const struct shell_record *shell = &results->shells[i];

		if (!shell->missing)
			continue;
		if (!headed)
			put_heading(page, "Not measured");
		headed = true;
		put_line(page, INDENT, NULL,
			talloc_asprintf(page->memory, "%s: %s", safe(page, shell->name),
				safe(page, shell->missing)));
	}
}

static void put_closing(struct page *page)
{
	put_legend(page);
	put_summary(page);
	put_doubts(page);
	put_missing(page);
	if (!page->matrix->results->host.complete)
		new_line(page);
	put_interrupted(page);
}

static int write_term(
	const struct results *results, const struct report_options *options, FILE *out)
{
	void *memory = talloc_new(NULL);
	struct page page = {.out = out,
		.width = maximum(options->width, NARROWEST),
		.colour = options->colour,
		.matrix = matrix_new(memory, results),
		.memory = talloc_new(memory)};

	errno = 0;
	if (!options->brief)
		put_opening(&page);
	put_groups(&page);
	if (!options->brief)
		put_closing(&page);
	talloc_free(memory);
	return report_finish(out);
}

const struct report report_term = {
	"term", "the matrix, to be read at a terminal", write_term, NULL};
