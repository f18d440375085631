#include "select.h"

#include <string.h>

#include <talloc.h>

#include "../model/case.h"
#include "../model/diag.h"
#include "report.h"

const char select_help[] =
	"  differ            shells differ\n"
	"  alone             the shells of one family differ from all others, who agree\n"
	"  alone=SHELL       ... and it is the family of this shell\n"
	"  violates          some shell does; so: conforms, permitted, unjudged, doubt, n/a\n"
	"  violates=SHELL    this shell does\n"
	"  outcome=LABEL     some shell came to this outcome\n";

enum question { DIFFER, ALONE, MARKED, CAME_TO };

struct condition_word {
	const char *word;
	enum question question;
	unsigned marks; /* MARKED: bit N for enum mark N */
};

static const struct condition_word words[] = {
	{"differ", DIFFER, 0},
	{"alone", ALONE, 0},
	{"conforms", MARKED, 1u << MARK_CONFORMS},
	{"permitted", MARKED, 1u << MARK_PERMITTED},
	{"violates", MARKED, 1u << MARK_VIOLATES},
	{"unjudged", MARKED, 1u << MARK_UNJUDGED},
	{"doubt", MARKED, 1u << MARK_UNKNOWN | 1u << MARK_BROKEN | 1u << MARK_UNSTABLE},
	{"n/a", MARKED, 1u << MARK_NA},
	{"outcome", CAME_TO, 0},
};

enum { WORD_COUNT = sizeof(words) / sizeof(*words) };

struct condition_read {
	const struct condition_word *word;
	const char *value;                /* behind the '=', or NULL */
	const struct shell_record *shell; /* whom the value names, but for outcome */
};

/* Reading the question ---------------------------------------------------------------------- */

static char *unknown_shell(const struct results *results, const char *name)
{
	const char **names = talloc_zero_array(results, const char *, results->shell_count + 1);

	for (size_t i = 0; i < results->shell_count; i++)
		names[i] = results->shells[i].name;
	return talloc_asprintf(results, "the results have no %s '%s'%s", results_subject(results),
		name, did_you_mean(results, name, names));
}

static char *unknown_word(const struct results *results, const char *word)
{
	const char *known[WORD_COUNT + 1] = {NULL};

	for (size_t i = 0; i < WORD_COUNT; i++)
		known[i] = words[i].word;
	return talloc_asprintf(
		results, "--where does not know '%s'%s", word, did_you_mean(results, word, known));
}

static const char *read_condition(
	const struct results *results, const char *text, struct condition_read *out)
{
	const char *equals = strchr(text, '=');
	char *word = talloc_strndup(results, text, equals ? (size_t)(equals - text) : strlen(text));

	*out = (struct condition_read){.value = equals ? equals + 1 : NULL};
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (!strcmp(words[i].word, word))
			out->word = &words[i];
	if (!out->word)
		return unknown_word(results, word);
	if (out->word->question == CAME_TO)
		return out->value ? NULL : "--where outcome=LABEL needs the label";
	if (!out->value)
		return NULL;
	if (out->word->question == DIFFER)
		return "--where differ takes no value; name the shells to compare with --shell";
	out->shell = results_shell(results, out->value);
	return out->shell ? NULL : unknown_shell(results, out->value);
}

/* Asking a row ------------------------------------------------------------------------------ */

/* One cell for each shell; NULL: not played. */
struct row {
	const struct results *results;
	const struct cell **cells;
};

/* The cell's outcome where it tells something of the shell, else NULL. */
static const char *told(const struct cell *cell)
{
	return cell && !outcome_is_doubt(cell->outcome) ? cell->outcome : NULL;
}

static const char *family(const struct row *row, size_t shell)
{
	return row->results->shells[shell].family;
}

/* What all shells outside of the family came to; NULL where they do not agree, or are of fewer
 * than two families. */
static const char *others_agree(const struct row *row, const char *outside)
{
	const char *common = NULL, *first = NULL;
	bool several = false;

	for (size_t i = 0; i < row->results->shell_count; i++) {
		const char *outcome = told(row->cells[i]);

		if (!outcome || !strcmp(family(row, i), outside))
			continue;
		if (common && strcmp(common, outcome))
			return NULL;
		common = outcome;
		several |= first && strcmp(first, family(row, i));
		first = first ? first : family(row, i);
	}
	return several ? common : NULL;
}

const char *row_others_agree(
	const struct results *results, const struct cell **cells, const char *outside)
{
	const struct row row = {results, cells};

	return others_agree(&row, outside);
}

static bool family_alone(const struct row *row, const char *name)
{
	const char *common = others_agree(row, name);

	for (size_t i = 0; common && i < row->results->shell_count; i++)
		if (told(row->cells[i]) && !strcmp(family(row, i), name) &&
			strcmp(told(row->cells[i]), common))
			return true;
	return false;
}

static bool anybody_alone(const struct row *row)
{
	for (size_t i = 0; i < row->results->shell_count; i++)
		if (told(row->cells[i]) && family_alone(row, family(row, i)))
			return true;
	return false;
}

static bool differ(const struct row *row)
{
	const char *first = NULL;

	for (size_t i = 0; i < row->results->shell_count; i++) {
		const char *outcome = told(row->cells[i]);

		if (first && outcome && strcmp(first, outcome))
			return true;
		first = first ? first : outcome;
	}
	return false;
}

static bool any_cell(const struct row *row, const struct condition_read *condition)
{
	for (size_t i = 0; i < row->results->shell_count; i++) {
		const struct cell *cell = row->cells[i];

		if (!cell || (condition->shell && condition->shell != &row->results->shells[i]))
			continue;
		if (condition->word->question == CAME_TO
				? !strcmp(cell->outcome, condition->value)
				: (condition->word->marks >> cell_mark(cell) & 1u) != 0)
			return true;
	}
	return false;
}

static bool condition_met(const struct row *row, const struct condition_read *condition)
{
	switch (condition->word->question) {
	case DIFFER:
		return differ(row);
	case ALONE:
		return condition->shell ? family_alone(row, condition->shell->family)
					: anybody_alone(row);
	default:
		return any_cell(row, condition);
	}
}

/* Leaving out ------------------------------------------------------------------------------- */

static bool is_listed(char *const *list, const char *word)
{
	if (!list || !*list)
		return true;
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static const char *check_shells(const struct results *results, char *const *names)
{
	for (; names && *names; names++)
		if (!results_shell(results, *names))
			return unknown_shell(results, *names);
	return NULL;
}

/* Cells first: they are found by the places of their shells. */
static void keep_shells(struct results *results, char *const *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < results->cell_count; i++)
		if (is_listed(names, results->cells[i].shell))
			results->cells[kept++] = results->cells[i];
	results->cell_count = kept;
	kept = 0;
	for (size_t i = 0; i < results->shell_count; i++)
		if (is_listed(names, results->shells[i].name))
			results->shells[kept++] = results->shells[i];
	results->shell_count = kept;
}

/* What was asked for, and what has been found of it so far. */
struct search {
	struct results *results;
	char *const *globs;
	struct condition_read *conditions;
	size_t condition_count;
	struct row row;
	struct cell *kept;
	size_t kept_count;
};

static bool row_wanted(const struct search *search)
{
	for (size_t i = 0; i < search->condition_count; i++)
		if (!condition_met(&search->row, &search->conditions[i]))
			return false;
	return true;
}

static void append_cells(struct search *search)
{
	for (size_t i = 0; i < search->results->shell_count; i++)
		if (search->row.cells[i])
			search->kept[search->kept_count++] = *search->row.cells[i];
}

/* The case with its wanted variants only; false: it has none. */
static bool keep_variants(struct search *search, struct case_record *record)
{
	const char **kept = talloc_array(search->results, const char *, 1);
	size_t count = 0;

	for (size_t v = 0; record->variants[v] && case_wanted(search->globs, record->name); v++) {
		for (size_t i = 0; i < search->results->shell_count; i++)
			search->row.cells[i] = results_cell(search->results, record->name,
				record->variants[v], search->results->shells[i].name);
		if (!row_wanted(search))
			continue;
		append_cells(search);
		kept = talloc_realloc(search->results, kept, const char *, count + 2);
		kept[count++] = record->variants[v];
	}
	kept[count] = NULL;
	record->variants = kept;
	return count > 0;
}

static void keep_rows(struct search *search)
{
	struct results *results = search->results;
	struct case_record *cases = talloc_array(results, struct case_record, results->case_count);
	size_t count = 0;

	search->row = (struct row){
		results, talloc_zero_array(results, const struct cell *, results->shell_count + 1)};
	search->kept = talloc_array(results, struct cell, results->cell_count + 1);
	for (size_t i = 0; i < results->case_count; i++)
		if (keep_variants(search, &results->cases[i]))
			cases[count++] = results->cases[i];
	results->cases = cases;
	results->case_count = count;
	results->cells = search->kept;
	results->cell_count = search->kept_count;
}

const char *results_select(struct results *results, const struct selection *selection)
{
	struct search search = {.results = results, .globs = selection->cases};
	const char *fault = check_shells(results, selection->shells);

	if (fault)
		return fault;
	keep_shells(results, selection->shells);
	for (char *const *text = selection->where; text && *text; text++) {
		search.conditions = talloc_realloc(results, search.conditions,
			struct condition_read, search.condition_count + 1);
		fault = read_condition(
			results, *text, &search.conditions[search.condition_count++]);
		if (fault)
			return fault;
	}
	if (search.condition_count > 0 || (search.globs && *search.globs))
		keep_rows(&search);
	return NULL;
}
