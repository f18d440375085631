/* What all reports share: harmless text, the rows of the matrix, and where something was seen. */
#include "report.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "../model/utf8.h"

const struct report *const reports[] = {&report_term, &report_markdown, &report_summary,
	&report_conformance, &report_man, &report_html, &report_book, &report_csv, &report_tap,
	&report_junit, &report_json, &report_ndjson, NULL};

/* Harmless text ---------------------------------------------------------------------------- */

/* Terminals obey C0 and C1; the others reorder or hide text, so that a reader sees something else
 * than what was measured. */
static bool point_deceives(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

size_t text_harmless(const char *text, size_t *bad)
{
	uint32_t point;
	size_t length = utf8_decode(text, &point);

	*bad = length ? length : 1;
	return length && !point_deceives(point) ? length : 0;
}

static char *append_hex(char *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out = talloc_asprintf_append_buffer(out, "\\x%02x", (unsigned char)text[i]);
	return out;
}

char *escape_terminal(const void *parent, const char *text)
{
	char *out = talloc_strdup(parent, "");

	while (text && *text) {
		size_t bad, length = text_harmless(text, &bad);

		if (length)
			out = talloc_strndup_append_buffer(out, text, length);
		else
			out = append_hex(out, text, bad);
		text += length ? length : bad;
	}
	return out;
}

void print_safe(FILE *out, const char *text)
{
	char *safe = escape_terminal(NULL, text);

	fputs(safe, out);
	talloc_free(safe);
}

/* What a character must become inside a line of Markdown, NULL: it may stay. '$' is mathematics to
 * some renderers. */
static const char *markdown_character(const char *text)
{
	static const char special[] = "\\`*_[]{}|~$!";
	static const char *const escaped[] = {"\\\\", "\\`", "\\*", "\\_", "\\[", "\\]", "\\{",
		"\\}", "\\|", "\\~", "\\$", "\\!"};
	const char *found = strchr(special, *text);

	switch (*text) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '@':
		return "&#64;"; /* or it mentions people, or becomes a mail address */
	default:
		break;
	}
	if (!strncmp(text, "://", 3))
		return "\\:"; /* or GitHub makes a link of it */
	if (!strncmp(text, "\r\n", 2))
		return "";
	if (*text == '\n' || *text == '\t')
		return " ";
	return found ? escaped[found - special] : NULL;
}

/* Offset of the character that would make the line a heading, a list or a rule; -1: none. */
static ptrdiff_t markdown_opening(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (*text && strchr("#+-=", *text))
		return 0;
	if (digits && text[digits] && strchr(".)", text[digits]) &&
		(!text[digits + 1] || strchr(" \t\r\n", text[digits + 1])))
		return (ptrdiff_t)digits;
	return -1;
}

char *escape_markdown(const void *parent, const char *text)
{
	char *out = talloc_strdup(parent, "");
	const char *opening;

	if (!text)
		return out;
	text += strspn(text, " \t\r\n"); /* four blanks would begin a block of code */
	opening = markdown_opening(text) < 0 ? NULL : text + markdown_opening(text);
	while (*text) {
		const char *replacement = markdown_character(text);
		size_t bad = 1, length = 0;

		if (text == opening)
			out = talloc_strdup_append_buffer(out, "\\");
		if (!strncasecmp(text, "www.", 4)) /* or GitHub makes a link of it */
			out = talloc_asprintf_append_buffer(out, "&#%d;", *text);
		else if (replacement)
			out = talloc_strdup_append_buffer(out, replacement);
		else if ((length = text_harmless(text, &bad)))
			out = talloc_strndup_append_buffer(out, text, length);
		else
			out = append_hex(out, text, bad);
		text += length ? length : bad;
	}
	return out;
}

int report_finish(FILE *out)
{
	if (fflush(out) == EOF || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* Cells ------------------------------------------------------------------------------------ */

static const struct {
	const char *outcome;
	enum mark mark;
} doubts[] = {{"unknown", MARK_UNKNOWN}, {"timeout", MARK_UNKNOWN}, {"broken", MARK_BROKEN},
	{"disputed", MARK_BROKEN}, {"unstable", MARK_UNSTABLE}, {"n/a", MARK_NA}};

static const struct {
	const char *symbol, *word;
} marks[MARK_COUNT] = {
	[MARK_CONFORMS] = {"✓", "conforms"},
	[MARK_PERMITTED] = {"·", "permitted"},
	[MARK_VIOLATES] = {"✗", "violates"},
	[MARK_UNJUDGED] = {"○", "not judged"},
	[MARK_UNKNOWN] = {"?", "unknown or timeout"},
	[MARK_BROKEN] = {"!", "broken or disputed"},
	[MARK_UNSTABLE] = {"~", "unstable, with counts"},
	[MARK_NA] = {"–", "n/a"},
	[MARK_UNPLAYED] = {"…", "not played"},
};

bool outcome_is_doubt(const char *outcome)
{
	for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
		if (!strcmp(outcome, doubts[i].outcome))
			return true;
	return false;
}

enum mark cell_mark(const struct cell *cell)
{
	if (!cell)
		return MARK_UNPLAYED;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
		if (!strcmp(cell->outcome, doubts[i].outcome))
			return doubts[i].mark;
	switch (cell->verdict) {
	case VERDICT_CONFORMS:
		return MARK_CONFORMS;
	case VERDICT_PERMITTED:
		return MARK_PERMITTED;
	case VERDICT_VIOLATES:
		return MARK_VIOLATES;
	default:
		return MARK_UNJUDGED;
	}
}

enum mark row_mark(const struct row_record *row)
{
	const struct cell cell = {.outcome = row->label, .verdict = row->verdict};

	return cell_mark(&cell);
}

const struct case_record *results_case(const struct results *results, const char *name)
{
	for (size_t i = 0; i < results->case_count; i++)
		if (!strcmp(results->cases[i].name, name))
			return &results->cases[i];
	return NULL;
}

const struct shell_record *results_shell(const struct results *results, const char *name)
{
	for (size_t i = 0; i < results->shell_count; i++)
		if (!strcmp(results->shells[i].name, name))
			return &results->shells[i];
	return NULL;
}

bool mark_is_doubt(enum mark mark)
{
	return mark == MARK_UNKNOWN || mark == MARK_BROKEN || mark == MARK_UNSTABLE;
}

enum verdict cell_verdict(const struct cell *cell)
{
	return cell_mark(cell) <= MARK_UNJUDGED ? cell->verdict : VERDICT_NONE;
}

const char *outcome_meaning(const struct case_record *record, const char *outcome)
{
	for (size_t i = 0; i < record->row_count; i++)
		if (!strcmp(record->rows[i].label, outcome))
			return record->rows[i].meaning;
	return "";
}

const char *mark_symbol(enum mark mark)
{
	return marks[mark].symbol;
}

const char *mark_word(enum mark mark)
{
	return marks[mark].word;
}

struct run_count {
	const char *label;
	json_int_t count;
};

/* Most frequent first; JSON objects have no order to go by. */
static int compare_runs(const void *left, const void *right)
{
	const struct run_count *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->label, b->label);
}

static char *runs_word(const void *parent, json_t *runs)
{
	struct run_count *list = talloc_array(NULL, struct run_count, json_object_size(runs));
	char *out = talloc_strdup(parent, "");
	const char *label;
	json_t *number;
	size_t count = 0;

	json_object_foreach(runs, label, number)
	{
		list[count++] = (struct run_count){label, json_integer_value(number)};
	}
	qsort(list, count, sizeof(*list), compare_runs);
	for (size_t i = 0; i < count; i++)
		out = talloc_asprintf_append_buffer(
			out, "%s%s %lld", i ? "/" : "", list[i].label, (long long)list[i].count);
	talloc_free(list);
	return out;
}

char *cell_runs(const void *parent, const struct cell *cell)
{
	if (cell->runs)
		return runs_word(parent, cell->runs);
	if (cell->plays)
		return talloc_asprintf(parent, "%s %ld", cell->outcome, cell->plays);
	return talloc_strdup(parent, "");
}

char *cell_word(const void *parent, const struct cell *cell)
{
	if (!cell)
		return talloc_strdup(parent, "not played");
	if (!strcmp(cell->outcome, "unstable") && json_object_size(cell->runs) > 1)
		return runs_word(parent, cell->runs);
	return talloc_strdup(parent, cell->outcome);
}

/* Would a reader see the same in both? */
static bool cell_same(const struct cell *a, const struct cell *b)
{
	if (!a || !b)
		return a == b;
	if (strcmp(a->outcome, b->outcome) || a->verdict != b->verdict)
		return false;
	if (strcmp(a->outcome, "unstable"))
		return true;
	return a->runs == b->runs || (a->runs && b->runs && json_equal(a->runs, b->runs));
}

/* The matrix ------------------------------------------------------------------------------- */

size_t count_variants(const struct case_record *record)
{
	size_t count = 0;

	while (record->variants[count])
		count++;
	return count;
}

static const struct cell **variant_cells(
	const struct matrix *matrix, const struct case_record *record, size_t v)
{
	const struct cell **cells =
		talloc_zero_array(matrix, const struct cell *, matrix->column_count + 1);

	for (size_t i = 0; i < matrix->column_count; i++)
		cells[i] = results_cell(matrix->results, record->name, record->variants[v],
			matrix->columns[i]->name);
	return cells;
}

static bool same_cells(const struct cell **a, const struct cell **b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!cell_same(a[i], b[i]))
			return false;
	return true;
}

/* The row among those from 'first' on that shows the same cells, or a new one. */
static struct matrix_row *matching_row(struct matrix *matrix, size_t first,
	const struct case_record *record, const struct cell **cells)
{
	struct matrix_row *row;

	for (size_t i = first; i < matrix->row_count; i++)
		if (same_cells(matrix->rows[i].cells, cells, matrix->column_count))
			return &matrix->rows[i];
	matrix->rows =
		talloc_realloc(matrix, matrix->rows, struct matrix_row, matrix->row_count + 1);
	row = &matrix->rows[matrix->row_count++];
	*row = (struct matrix_row){.record = record,
		.variants = talloc_zero_array(matrix, bool, count_variants(record) + 1),
		.cells = cells};
	return row;
}

static void add_case(struct matrix *matrix, const struct case_record *record)
{
	size_t first = matrix->row_count;
	const struct cell ***grid =
		talloc_array(matrix, const struct cell **, count_variants(record) + 1);

	matrix->grid[record - matrix->results->cases] = grid;
	for (size_t v = 0; record->variants[v]; v++) {
		const struct cell **cells = variant_cells(matrix, record, v);
		struct matrix_row *row = matching_row(matrix, first, record, cells);

		row->variants[v] = true;
		row->variant_count++;
		grid[v] = cells;
		matrix->cell_count += matrix->column_count;
		for (size_t i = 0; i < matrix->column_count; i++) {
			matrix->played += cells[i] != NULL;
			matrix->tallies[i][cell_mark(cells[i])]++;
		}
	}
}

struct matrix *matrix_new(const void *parent, const struct results *results)
{
	struct matrix *matrix = talloc_zero(parent, struct matrix);

	matrix->results = results;
	matrix->subject = results_subject(results);
	matrix->title = strcmp(matrix->subject, "link") == 0 ? "Link" : "Shell";
	matrix->columns =
		talloc_zero_array(matrix, const struct shell_record *, results->shell_count + 1);
	for (size_t i = 0; i < results->shell_count; i++)
		if (!results->shells[i].missing)
			matrix->columns[matrix->column_count++] = &results->shells[i];
	matrix->grid = talloc_array(matrix, const struct cell ***, results->case_count + 1);
	matrix->tallies =
		talloc_zero_size(matrix, (matrix->column_count + 1) * sizeof(*matrix->tallies));
	for (size_t i = 0; i < results->case_count; i++)
		add_case(matrix, &results->cases[i]);
	return matrix;
}

static char *join(char *out, const char *separator, const char *word)
{
	return talloc_asprintf_append_buffer(out, "%s%s", *out ? separator : "", word);
}

bool cell_differs(const struct cell **first, const struct cell *cell)
{
	if (cell_mark(cell) > MARK_UNJUDGED)
		return false;
	if (!*first)
		*first = cell;
	return strcmp((*first)->outcome, cell->outcome) != 0;
}

bool row_differs(const struct matrix *matrix, const struct matrix_row *row)
{
	const struct cell *first = NULL;

	for (size_t i = 0; i < matrix->column_count; i++)
		if (cell_differs(&first, row->cells[i]))
			return true;
	return false;
}

char *row_variants(const void *parent, const struct matrix_row *row)
{
	char *out = talloc_strdup(parent, "");

	for (size_t v = 0; row->record->variants[v]; v++)
		if (row->variants[v])
			out = join(out, " ", row->record->variants[v]);
	return out;
}

const char *case_short_name(const struct case_record *record)
{
	size_t length = strlen(record->group);

	if (strncmp(record->name, record->group, length) || record->name[length] != '/')
		return record->name;
	return record->name + length + 1;
}

const size_t *matrix_tally(const struct matrix *matrix, size_t column)
{
	return matrix->tallies[column];
}

size_t matrix_doubts(const struct matrix *matrix, size_t column)
{
	size_t sum = 0;

	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		sum += mark_is_doubt(mark) ? matrix->tallies[column][mark] : 0;
	return sum;
}

bool matrix_has_mark(const struct matrix *matrix, enum mark mark)
{
	for (size_t i = 0; i < matrix->column_count; i++)
		if (matrix->tallies[i][mark])
			return true;
	return false;
}

bool matrix_shows(const struct matrix *matrix, enum mark mark)
{
	return mark <= MARK_VIOLATES || matrix_has_mark(matrix, mark);
}

/* Moves on to the variant the next cell is of; false when there is none. */
static bool walk_variant(struct walk *walk)
{
	const struct results *results = walk->matrix->results;

	if (walk->record && walk->record->variants[walk->next_variant]) {
		walk->variant = walk->record->variants[walk->next_variant++];
		return true;
	}
	/* Every case has a variant. */
	if (walk->next_case == results->case_count)
		return false;
	walk->record = &results->cases[walk->next_case++];
	walk->variant = walk->record->variants[0];
	walk->next_variant = 1;
	return true;
}

bool walk_next(struct walk *walk)
{
	const struct matrix *matrix = walk->matrix;
	bool fresh = !walk->record || walk->by_shell || walk->next_column == matrix->column_count;

	if (!matrix->column_count || (fresh && !walk_variant(walk)))
		return false;
	if (fresh)
		walk->next_column = 0;
	size_t column = walk->by_shell ? walk->column : walk->next_column++;
	walk->shell = matrix->columns[column];
	walk->cell = matrix_cell(matrix, walk->record, walk->next_variant - 1, column);
	return true;
}

/* Findings --------------------------------------------------------------------------------- */

static struct finding *matching_finding(const void *parent, const struct matrix *matrix,
	struct finding **list, size_t *count, const struct case_record *record,
	const struct cell *cell)
{
	struct finding *finding;

	for (size_t i = 0; i < *count; i++)
		if (cell_same((*list)[i].cell, cell) &&
			!strcmp((*list)[i].cell->reason, cell->reason))
			return &(*list)[i];
	*list = talloc_realloc(parent, *list, struct finding, *count + 1);
	finding = &(*list)[(*count)++];
	*finding = (struct finding){record, cell,
		talloc_zero_array(parent, bool, count_variants(record) * matrix->column_count)};
	return finding;
}

struct finding *findings_collect(const void *parent, const struct matrix *matrix,
	const struct case_record *record, bool (*wanted)(const struct cell *cell), size_t *count)
{
	struct finding *list = NULL;

	*count = 0;
	for (size_t v = 0; record->variants[v]; v++)
		for (size_t i = 0; i < matrix->column_count; i++) {
			const struct cell *cell = matrix_cell(matrix, record, v, i);

			if (cell && wanted(cell))
				matching_finding(parent, matrix, &list, count, record, cell)
					->where[v * matrix->column_count + i] = true;
		}
	return list;
}

static char *where_columns(const void *parent, const struct matrix *matrix, const bool *where)
{
	char *out = talloc_strdup(parent, "");
	size_t count = 0;

	for (size_t i = 0; i < matrix->column_count; i++)
		count += where[i];
	if (count == matrix->column_count && count > 1)
		return talloc_asprintf_append(out, "every %s", matrix->subject);
	for (size_t i = 0; i < matrix->column_count; i++)
		if (where[i])
			out = join(out, " ", matrix->columns[i]->name);
	return out;
}

/* The variants from v on whose shells are those of v; NULL when an earlier one has the same. */
static char *where_variants(
	const void *parent, const struct matrix *matrix, const struct finding *finding, size_t v)
{
	size_t size = matrix->column_count * sizeof(bool);
	const bool *mine = finding->where + v * matrix->column_count;
	char *out;

	for (size_t i = 0; i < v; i++)
		if (!memcmp(finding->where + i * matrix->column_count, mine, size))
			return NULL;
	out = talloc_strdup(parent, "");
	for (size_t i = v; finding->record->variants[i]; i++)
		if (!memcmp(finding->where + i * matrix->column_count, mine, size))
			out = join(out, " ", finding->record->variants[i]);
	return out;
}

char *finding_where(const void *parent, const struct matrix *matrix, const struct finding *finding)
{
	char *out = talloc_strdup(parent, "");

	for (size_t v = 0; finding->record->variants[v]; v++) {
		void *memory = talloc_new(parent);
		const bool *where = finding->where + v * matrix->column_count;
		char *columns = where_columns(memory, matrix, where);
		char *variants = where_variants(memory, matrix, finding, v);

		if (*columns && variants && *variants)
			columns = talloc_asprintf(memory, "[%s] %s", variants, columns);
		if (*columns && variants)
			out = join(out, "; ", columns);
		talloc_free(memory);
	}
	return out;
}
