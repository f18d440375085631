/* Outcome rows: label, conditions, verdict, meaning. */
#include <string.h>

#include <talloc.h>

#include "parts.h"

static const char *const verdict_words[] = {"", "conforms", "permitted", "violates", NULL};
static const char *const reserved_labels[] = {
	"unknown", "broken", "n/a", "disputed", "timeout", "unstable", NULL};

/* A row's line and those that go on with it; columns are still in it. */
struct raw_row {
	struct place place;
	char *text;
};

const char *verdict_word(enum verdict verdict)
{
	return verdict_words[verdict];
}

static enum verdict find_verdict(const char *word)
{
	int verdict = words_find(verdict_words, word);

	return verdict > 0 ? (enum verdict)verdict : VERDICT_NONE;
}

/* Columns are separated by two or more spaces. */
static const char **split_columns(const void *parent, const char *text)
{
	const char **columns = talloc_zero_array(parent, const char *, 1);
	size_t count = 0;

	while (*(text += strspn(text, " "))) {
		const char *end = strstr(text, "  ");
		size_t length = end ? (size_t)(end - text) : strlen(text);

		columns = talloc_realloc(parent, columns, const char *, count + 2);
		columns[count++] = talloc_strndup(columns, text, length);
		columns[count] = NULL;
		text += length;
	}
	return columns;
}

static bool read_label(const struct raw_row *raw, const char *label)
{
	if (words_contain(reserved_labels, label)) {
		complain(&raw->place, "label '%s' is the player's own; choose another", label);
		return false;
	}
	if (name_valid(label))
		return true;
	if (strchr(label, ' '))
		complain(&raw->place,
			"label '%.80s' has a space; put two spaces behind the label, '-' inside",
			label);
	else
		complain(&raw->place, "label '%.80s' must be lower-case letters, digits and '-'",
			label);
	return false;
}

static bool add_condition(struct outcome_row *row, const char *text, const struct binding *binding,
	const struct raw_row *raw)
{
	struct condition condition;

	if (row->condition_count == MAX_CONDITIONS) {
		complain(&raw->place, "more than %d conditions in one row", MAX_CONDITIONS);
		return false;
	}
	if (!condition_read(row->conditions, text, binding, &condition, &raw->place))
		return false;
	row->conditions[row->condition_count++] = condition;
	return true;
}

/* The conditions of one column; a comma may also stand at the column's end. */
static bool read_conditions(struct outcome_row *row, const char *column,
	const struct binding *binding, const struct raw_row *raw)
{
	bool good = true;

	while (*column) {
		size_t length = strcspn(column, ",");
		char *text = talloc_strndup(row->conditions, column, length);

		if (text_blank(text)) {
			complain(&raw->place, "empty condition; remove a comma");
			good = false;
		} else if (!add_condition(row, text, binding, raw)) {
			good = false;
		}
		talloc_free(text);
		column += length;
		column += *column == ',';
		if (text_blank(column))
			break;
	}
	return good;
}

static bool complain_no_verdict(const struct raw_row *raw, const char **columns)
{
	const char *last = NULL;

	for (size_t i = 1; columns[i]; i++) {
		for (int verdict = 1; verdict_words[verdict]; verdict++) {
			if (!strstr(columns[i], verdict_words[verdict]))
				continue;
			complain(&raw->place, "put two spaces before and behind '%s'",
				verdict_words[verdict]);
			return false;
		}
		last = nearest_word(columns[i], verdict_words + 1) ? columns[i] : last;
	}
	if (last)
		complain_unknown(&raw->place, "verdict", last, verdict_words + 1);
	else
		complain(&raw->place,
			"the row has no verdict (conforms, permitted, violates in a column)");
	return false;
}

static bool read_row(struct outcome_row *row, const struct raw_row *raw, const char **columns,
	const struct binding *binding)
{
	size_t verdict = 1;
	bool good = read_label(raw, columns[0]);

	while (columns[verdict] && find_verdict(columns[verdict]) == VERDICT_NONE)
		verdict++;
	if (!columns[verdict])
		return complain_no_verdict(raw, columns);
	row->verdict = find_verdict(columns[verdict]);
	row->label = talloc_strdup(row->conditions, columns[0]);
	row->meaning = words_join(row->conditions, columns + verdict + 1, " ");
	if (*row->meaning == '\0') {
		complain(&raw->place, "the row has no meaning; say in a few words what happened");
		good = false;
	}
	if (verdict == 1) {
		complain(&raw->place, "the row has no condition; it would hide 'unknown'");
		return false;
	}
	for (size_t i = 1; i < verdict; i++)
		good = read_conditions(row, columns[i], binding, raw) && good;
	return good;
}

static const struct outcome_row *same_label(
	const struct outcome_row *rows, size_t count, const char *label)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].label, label) == 0)
			return &rows[i];
	return NULL;
}

/* Rows keep everything they own below their array of conditions, which is a child of the rows. */
static bool add_row(struct outcome_row **rows, size_t *count, const struct raw_row *raw,
	const struct binding *binding)
{
	struct outcome_row row = {.line = raw->place.line};
	const struct outcome_row *twin;
	const char **columns = split_columns(raw->text, raw->text);

	*rows = talloc_realloc(NULL, *rows, struct outcome_row, *count + 1);
	row.conditions = talloc_array(*rows, struct condition, MAX_CONDITIONS);
	(*rows)[*count] = row;
	if (!read_row(&(*rows)[*count], raw, columns, binding))
		return false;
	twin = same_label(*rows, *count, (*rows)[*count].label);
	if (twin && twin->verdict != (*rows)[*count].verdict) {
		complain(&raw->place, "label '%s' has another verdict in line %d", twin->label,
			twin->line);
		return false;
	}
	(*count)++;
	return true;
}

static int indentation(const char *line)
{
	return (int)strspn(line, " ");
}

/* Puts lines that go on with a row behind it, as another column. */
static struct raw_row *gather_rows(const void *parent, const struct text *text, const char *file,
	size_t *count, struct diag *diag)
{
	struct raw_row *raw = talloc_array(parent, struct raw_row, 0);

	*count = 0;
	for (size_t i = 0; i < text->count; i++) {
		const char *line = text->lines[i].text;
		struct place place = {file, text->lines[i].number, diag};

		if (text_blank(line) || line[strspn(line, " \t")] == '#')
			continue;
		if (strchr(line, '\t')) {
			complain(&place, "tab; columns are separated by two or more spaces");
			continue;
		}
		if (indentation(line) >= 4 && *count > 0) {
			raw[*count - 1].text =
				talloc_asprintf_append(raw[*count - 1].text, "  %s", line);
			continue;
		}
		if (indentation(line) > 0) {
			complain(&place, "indent a row by four spaces, what goes on with the row "
					 "before by eight or more");
			continue;
		}
		if (*count == MAX_ROWS) {
			complain(&place, "more than %d outcome rows", MAX_ROWS);
			break;
		}
		raw = talloc_realloc(parent, raw, struct raw_row, *count + 1);
		raw[*count].place = place;
		raw[(*count)++].text = talloc_strdup(raw, line);
	}
	return raw;
}

struct outcome_row *rows_read(const void *parent, const struct text *text,
	const struct binding *binding, const char *file, size_t *count, struct diag *diag)
{
	struct outcome_row *rows = talloc_array(parent, struct outcome_row, 0);
	size_t raw_count;
	struct raw_row *raw = gather_rows(NULL, text, file, &raw_count, diag);

	*count = 0;
	for (size_t i = 0; i < raw_count; i++)
		add_row(&rows, count, &raw[i], binding);
	talloc_free(raw);
	return rows;
}
