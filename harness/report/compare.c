#include "compare.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

enum { COMMENT_MAX = 60000 }; /* GitHub takes 65,536 characters */

static const struct {
	const char *word, *title;
	const char *colour;
} changes[CHANGE_COUNT] = {
	[CHANGE_WORSE] = {"worse", "Worse by the standard", "\033[1;31m"},
	[CHANGE_OTHER] = {"other", "Another outcome", "\033[33m"},
	[CHANGE_UNMEASURED] = {"unmeasured", "No longer measured", "\033[1;33m"},
	[CHANGE_BETTER] = {"better", "Better by the standard", "\033[32m"},
	[CHANGE_MEASURED] = {"measured", "Measured now", "\033[36m"},
	[CHANGE_DOUBT] = {"doubt", "In doubt in another way", "\033[35m"},
	[CHANGE_JUDGED] = {"judged", "The same outcome, judged otherwise", "\033[34m"},
	[CHANGE_NEW] = {"new", "New cells", "\033[36m"},
	[CHANGE_GONE] = {"gone", "Gone", "\033[2m"},
};

/* --- comparing --- */

/* Is the outcome one that the unstable cell had? */
static bool among_runs(const struct cell *unstable, const char *outcome)
{
	return strcmp(unstable->outcome, "unstable") == 0 &&
	       json_object_get(unstable->runs, outcome);
}

static bool runs_within(const struct cell *before, const struct cell *after)
{
	const char *outcome;
	json_t *count;

	if (strcmp(before->outcome, "unstable") != 0 || strcmp(after->outcome, "unstable") != 0)
		return false;
	json_object_foreach(after->runs, outcome, count)
	{
		if (!json_object_get(before->runs, outcome))
			return false;
	}
	return true;
}

/* What the standard permits is no worse than what it asks for. */
static int standing(enum verdict verdict)
{
	if (verdict == VERDICT_NONE)
		return -1;
	return verdict == VERDICT_VIOLATES ? 0 : 1;
}

/* False: nothing changed. */
static bool changed(const struct cell *before, const struct cell *after, enum change *change)
{
	bool doubt_before = outcome_is_doubt(before->outcome);
	bool doubt_after = outcome_is_doubt(after->outcome);

	if (among_runs(before, after->outcome) || runs_within(before, after))
		return false;
	if (strcmp(before->outcome, after->outcome) == 0) {
		*change = CHANGE_JUDGED;
		return before->verdict != after->verdict;
	}
	if (doubt_before || doubt_after) {
		*change = !doubt_before  ? CHANGE_UNMEASURED
			  : !doubt_after ? CHANGE_MEASURED
					 : CHANGE_DOUBT;
		return true;
	}
	int was = standing(before->verdict), is = standing(after->verdict);
	*change = CHANGE_OTHER;
	if (was >= 0 && is >= 0 && was != is)
		*change = is < was ? CHANGE_WORSE : CHANGE_BETTER;
	return true;
}

static void add(struct comparison *c, enum change change, const struct cell *before,
	const struct cell *after)
{
	c->list[c->count++] = (struct difference){change, before, after};
	c->counts[change]++;
}

static void compare_cells(struct comparison *c)
{
	for (size_t i = 0; i < c->after->cell_count; i++) {
		const struct cell *after = &c->after->cells[i];
		const struct cell *before =
			results_cell(c->before, after->case_name, after->variant, after->shell);
		enum change change = CHANGE_NEW;

		if (before && !changed(before, after, &change))
			c->same++;
		else
			add(c, change, before, after);
	}
	for (size_t i = 0; i < c->before->cell_count; i++) {
		const struct cell *before = &c->before->cells[i];

		if (!results_cell(c->after, before->case_name, before->variant, before->shell))
			add(c, CHANGE_GONE, before, NULL);
	}
}

/* Those of one change come together, else the order stays: qsort() alone would not keep it. */
static void sort_by_change(struct comparison *c)
{
	struct difference *sorted = talloc_array(c, struct difference, c->count + 1);
	size_t n = 0;

	for (int change = 0; change < CHANGE_COUNT; change++)
		for (size_t i = 0; i < c->count; i++)
			if (c->list[i].change == (enum change)change)
				sorted[n++] = c->list[i];
	talloc_free(c->list);
	c->list = sorted;
}

static void add_text(struct comparison *c, const char ***list, const char *text)
{
	size_t n = talloc_array_length(*list);

	*list = talloc_realloc(c, *list, const char *, n + 1);
	(*list)[n - 1] = text;
	(*list)[n] = NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* A shell of the same version may be another build of it: its checksum tells. */
static void compare_versions(struct comparison *c)
{
	for (size_t i = 0; i < c->after->shell_count; i++) {
		const struct shell_record *after = &c->after->shells[i];
		const struct shell_record *before = results_shell(c->before, after->name);

		if (!before || before->missing || after->missing)
			continue;
		if (!same_text(before->version, after->version))
			add_text(c, &c->versions,
				talloc_asprintf(c, "%s: %s -> %s", after->name,
					before->version ? before->version : "unknown",
					after->version ? after->version : "unknown"));
		else if (!same_text(before->sha256, after->sha256))
			add_text(c, &c->versions,
				talloc_asprintf(c, "%s: another program of the same version %s",
					after->name, after->version ? after->version : "unknown"));
	}
}

static void compare_hosts(struct comparison *c)
{
	const struct host_record *a = &c->before->host, *b = &c->after->host;
	const struct {
		const char *what, *before, *after;
	} members[] = {{"system", a->system, b->system}, {"kernel", a->kernel, b->kernel},
		{"machine", a->machine, b->machine}, {"tracing", a->trace, b->trace},
		{"isolation", a->isolation, b->isolation}, {"user", a->user, b->user}};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!same_text(members[i].before, members[i].after))
			add_text(c, &c->notes,
				talloc_asprintf(c, "%s: %s -> %s", members[i].what,
					members[i].before, members[i].after));
	if (!a->complete)
		add_text(c, &c->notes, "the old run was interrupted: what it lacks looks new");
	if (!b->complete)
		add_text(c, &c->notes, "the new run was interrupted: what it lacks looks gone");
}

struct comparison *results_compare(
	const void *parent, const struct results *before, const struct results *after)
{
	struct comparison *c = talloc_zero(parent, struct comparison);

	c->before = before;
	c->after = after;
	c->list = talloc_array(c, struct difference, before->cell_count + after->cell_count + 1);
	c->versions = talloc_zero_array(c, const char *, 1);
	c->notes = talloc_zero_array(c, const char *, 1);
	compare_cells(c);
	sort_by_change(c);
	compare_versions(c);
	compare_hosts(c);
	return c;
}

bool comparison_fails(const struct comparison *comparison, bool strict)
{
	if (strict)
		return comparison->count > 0;
	return comparison->counts[CHANGE_WORSE] + comparison->counts[CHANGE_OTHER] > 0;
}

/* --- telling --- */

/* "2 worse, 1 new, 17,493 the same". */
static char *summary(const void *parent, const struct comparison *c)
{
	char *text = talloc_strdup(parent, "");

	for (int i = 0; i < CHANGE_COUNT; i++)
		if (c->counts[i] > 0)
			text = talloc_asprintf_append(
				text, "%zu %s, ", c->counts[i], changes[i].word);
	return talloc_asprintf_append(text, "%zu the same", c->same);
}

static const struct cell *either(const struct difference *d)
{
	return d->after ? d->after : d->before;
}

static const char *verdict_text(enum verdict verdict)
{
	return verdict == VERDICT_NONE ? "not judged" : verdict_word(verdict);
}

/* "exec -> fork (conforms -> violates)"; what there is of it. */
static char *both_outcomes(const void *parent, const struct difference *d)
{
	char *before = d->before ? cell_word(parent, d->before) : NULL;
	char *after = d->after ? cell_word(parent, d->after) : NULL;

	if (!before || !after)
		return talloc_asprintf(parent, "%s (%s)", before ? before : after,
			verdict_text(either(d)->verdict));
	char *text = talloc_asprintf(parent, "%s -> %s", before, after);
	if (d->before->verdict != d->after->verdict)
		text = talloc_asprintf_append(text, " (%s -> %s)", verdict_text(d->before->verdict),
			verdict_text(d->after->verdict));
	return text;
}

static char *row_name(const void *parent, const struct cell *cell)
{
	return talloc_asprintf(
		parent, "%s%s%s", cell->case_name, *cell->variant ? ":" : "", cell->variant);
}

/* --- term --- */

static void print_line(FILE *out, const char *before, const char *text)
{
	fputs(before, out);
	print_safe(out, text);
	putc('\n', out);
}

static void print_difference(
	const struct difference *d, const struct report_options *options, FILE *out)
{
	void *memory = talloc_new(NULL);
	char *line = talloc_asprintf(memory, "%-40s %-10s %s", row_name(memory, either(d)),
		either(d)->shell, both_outcomes(memory, d));

	fprintf(out, "%s%-10s%s ", options->colour ? changes[d->change].colour : "",
		changes[d->change].word, options->colour ? "\033[m" : "");
	print_line(out, "", line);
	if (d->before && d->after && d->change != CHANGE_JUDGED) {
		print_line(out, "             was: ", d->before->reason);
		print_line(out, "             now: ", d->after->reason);
	}
	talloc_free(memory);
}

static int write_term(const struct comparison *c, const struct report_options *options, FILE *out)
{
	char *text = summary(NULL, c);

	for (size_t i = 0; c->versions[i]; i++)
		print_line(out, "version    ", c->versions[i]);
	for (size_t i = 0; c->notes[i]; i++)
		print_line(out, "note       ", c->notes[i]);
	for (size_t i = 0; i < c->count; i++)
		print_difference(&c->list[i], options, out);
	fprintf(out, "%s\n", text);
	talloc_free(text);
	return report_finish(out);
}

/* --- markdown --- */

static char *markdown_row(const void *parent, const struct difference *d)
{
	return talloc_asprintf(parent, "| %s | %s | %s | %s |\n",
		escape_markdown(parent, row_name(parent, either(d))),
		escape_markdown(parent, either(d)->shell),
		escape_markdown(parent, both_outcomes(parent, d)),
		escape_markdown(parent, either(d)->reason));
}

/* The rows of one change, as many as fit; the others are counted. */
static char *markdown_table(char *page, const struct comparison *c, enum change change)
{
	size_t told = 0;

	page = talloc_asprintf_append_buffer(page,
		"\n### %s (%zu)\n\n| case | %s | outcome | why |\n|---|---|---|---|\n",
		changes[change].title, c->counts[change], results_subject(c->after));
	for (size_t i = 0; i < c->count; i++) {
		if (c->list[i].change != change)
			continue;
		char *row = markdown_row(NULL, &c->list[i]);
		bool fits = strlen(page) + strlen(row) < COMMENT_MAX;
		if (fits)
			page = talloc_strdup_append_buffer(page, row);
		talloc_free(row);
		if (!fits)
			break;
		told++;
	}
	if (told < c->counts[change])
		page = talloc_asprintf_append_buffer(
			page, "\nand %zu more\n", c->counts[change] - told);
	return page;
}

static int write_markdown(
	const struct comparison *c, const struct report_options *options, FILE *out)
{
	char *text = summary(NULL, c);
	char *page = talloc_asprintf(NULL, "## Signal behaviour: %s\n", text);

	(void)options;
	for (size_t i = 0; c->versions[i]; i++)
		page = talloc_asprintf_append_buffer(page, "%s- version of %s\n", i ? "" : "\n",
			escape_markdown(text, c->versions[i]));
	for (size_t i = 0; c->notes[i]; i++)
		page = talloc_asprintf_append_buffer(page, "%s- %s\n",
			i || c->versions[0] ? "" : "\n", escape_markdown(text, c->notes[i]));
	for (int i = 0; i < CHANGE_COUNT; i++)
		if (c->counts[i] > 0)
			page = markdown_table(page, c, (enum change)i);
	fputs(page, out);
	talloc_free(page);
	talloc_free(text);
	return report_finish(out);
}

/* --- json --- */

static json_t *side(const struct cell *cell)
{
	return cell ? json_pack("{s:s, s:s, s:s}", "outcome", cell->outcome, "verdict",
			      verdict_word(cell->verdict), "reason", cell->reason)
		    : json_null();
}

static json_t *texts(const char **list)
{
	json_t *array = json_array();

	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static int write_json(const struct comparison *c, const struct report_options *options, FILE *out)
{
	json_t *differences = json_array();

	(void)options;
	for (size_t i = 0; i < c->count; i++) {
		const struct difference *d = &c->list[i];
		json_array_append_new(differences,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "change",
				changes[d->change].word, "case", either(d)->case_name, "variant",
				either(d)->variant, "shell", either(d)->shell, "before",
				side(d->before), "after", side(d->after)));
	}
	json_t *document = json_pack("{s:o, s:I, s:o, s:o}", "differences", differences, "same",
		(json_int_t)c->same, "versions", texts(c->versions), "notes", texts(c->notes));
	int result = record_put_json(out, document, JSON_INDENT(1) | JSON_SORT_KEYS, "\n");

	return result == 0 ? report_finish(out) : result;
}

static const struct comparison_format term = {"term", "one line a cell, with both reasons",
					      write_term},
				      markdown = {"markdown",
					      "tables, for a comment on a pull request",
					      write_markdown},
				      json = {"json", "for other programs", write_json};

const struct comparison_format *const comparison_formats[] = {&term, &markdown, &json, NULL};
