#include "chart.h"

#include <string.h>

#include <talloc.h>

/* Who got it -------------------------------------------------------------------------------- */

/* "NAME.got" -> NAME; NULL: the fact is another one. */
static char *recipient(const void *parent, const char *key)
{
	size_t length = strlen(key);

	if (length <= 4 || strcmp(key + length - 4, ".got"))
		return NULL;
	return talloc_strndup(parent, key, length - 4);
}

static const char *fact(const json_t *facts, const char *name, const char *what)
{
	char *key = talloc_asprintf(NULL, "%s.%s", name, what);
	const char *value = json_string_value(json_object_get(facts, key));

	talloc_free(key);
	return value;
}

/* Is it the process another participant became, and told there? */
static bool told_elsewhere(const void *memory, const json_t *facts, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)facts, key, value)
	{
		const char *other = recipient(memory, key);
		const char *process = other ? fact(facts, other, "process") : NULL;

		if (process && !strcmp(process, name) && strcmp(other, name))
			return true;
	}
	return false;
}

/* "INT from tty" of SIGNAL INT -> "tty"; "INT", which nobody saw the sender of -> "". NULL: another
 * signal, or it sent it to itself. */
static const char *sender(const char *got, const char *signal)
{
	size_t length = strlen(signal);

	if (strncmp(got, signal, length))
		return NULL;
	if (!got[length])
		return "";
	if (strncmp(got + length, " from ", 6) || !strcmp(got + length + 6, "itself"))
		return NULL;
	return got + length + 6;
}

static bool got_from(const json_t *list, const char *signal, const char *from)
{
	size_t i;
	json_t *entry;

	json_array_foreach(list, i, entry)
	{
		const char *text = json_string_value(entry);
		const char *who = text ? sender(text, signal) : NULL;

		if (who && (!from || !strcmp(who, from)))
			return true;
	}
	return false;
}

/* All recipients of that sender ("shell and job"); from NULL: all who never got it. "" if none. */
static char *recipients(
	const void *memory, const json_t *facts, const char *signal, const char *from)
{
	const char *between = from ? " and " : " or ", *key;
	char *out = talloc_strdup(memory, "");
	json_t *list;

	json_object_foreach((json_t *)facts, key, list)
	{
		const char *name = recipient(memory, key);
		const char *process = name ? fact(facts, name, "process") : NULL;

		if (!name || told_elsewhere(memory, facts, name) ||
			got_from(list, signal, from) != (from != NULL))
			continue;
		out = talloc_asprintf_append_buffer(out, "%s%s", *out ? between : "", name);
		if (process && strcmp(process, name))
			out = talloc_asprintf_append_buffer(out, " (the process of %s)", process);
	}
	return out;
}

/* Names of senders in the order they are met; each once. */
static const char **senders(const void *memory, const json_t *facts, const char *signal)
{
	const char **names = talloc_zero_array(memory, const char *, 1);
	size_t count = 0, i, k;
	const char *key;
	json_t *list, *entry;

	json_object_foreach((json_t *)facts, key, list)
	{
		if (!recipient(memory, key))
			continue;
		json_array_foreach(list, i, entry)
		{
			const char *text = json_string_value(entry);
			const char *who = text ? sender(text, signal) : NULL;

			for (k = 0; who && k < count && strcmp(names[k], who); k++)
				;
			if (!who || k < count)
				continue;
			names = talloc_realloc(memory, names, const char *, count + 2);
			names[count++] = who;
			names[count] = NULL;
		}
	}
	return names;
}

static const char *sender_word(const char *sender_name)
{
	if (!strcmp(sender_name, "tty"))
		return "the terminal";
	return !strcmp(sender_name, "harness") ? "the sender" : sender_name;
}

/* "it went from the sender to shell; not to job". NULL: the facts do not say. Nobody sees SIGKILL
 * arrive. */
static char *way_text(const void *parent, const struct cell *cell, const char *signal)
{
	void *memory = talloc_new(NULL);
	bool seen = cell->facts && signal && strcmp(signal, "KILL") != 0;
	json_t *facts = seen ? json_loads(cell->facts, 0, NULL) : NULL;
	const char **names = senders(memory, facts, signal ? signal : "");
	const char *without = recipients(memory, facts, signal ? signal : "", NULL);
	char *out = talloc_strdup(parent, "");

	for (size_t i = 0; names[i]; i++)
		out = talloc_asprintf_append_buffer(out, "%s%s%s to %s", *out ? "; " : "it went",
			*names[i] ? (*out ? "from " : " from ") : "",
			*names[i] ? sender_word(names[i]) : "",
			recipients(memory, facts, signal, names[i]));
	if (*without)
		out = talloc_asprintf_append_buffer(
			out, *out ? "; not to %s" : "it did not reach %s", without);
	talloc_free(memory);
	json_decref(facts);
	if (*out)
		return out;
	talloc_free(out);
	return NULL;
}

/* Leaves ------------------------------------------------------------------------------------ */

static const struct case_record *find_record(const struct matrix *matrix, const char *name)
{
	for (size_t i = 0; i < matrix->results->case_count; i++)
		if (!strcmp(matrix->results->cases[i].name, name))
			return &matrix->results->cases[i];
	return NULL;
}

static size_t variant_count(const struct case_record *record)
{
	size_t count = 0;

	while (record->variants[count])
		count++;
	return count;
}

static bool *where_new(struct chart *chart, const struct case_record *record)
{
	return talloc_zero_array(
		chart, bool, variant_count(record) * chart->matrix->column_count + 1);
}

static const char *label_of(const struct cell *cell)
{
	return cell ? cell->outcome : "not played";
}

/* What is said of the outcome; the reasons of doubts differ, so each is an outcome of its own. Why
 * something does not apply matters on the chart of that shell. */
static const char *meaning_of(
	const struct chart *chart, const struct case_record *record, const struct cell *cell)
{
	if (!cell || (!chart->one_shell && cell_mark(cell) == MARK_NA))
		return "";
	return outcome_is_doubt(cell->outcome) ? cell->reason
					       : outcome_meaning(record, cell->outcome);
}

static struct chart_outcome *outcome_of(
	struct chart *chart, struct chart_leaf *leaf, const struct cell *cell)
{
	const char *label = label_of(cell), *meaning = meaning_of(chart, leaf->record, cell);

	for (size_t i = 0; i < leaf->count; i++)
		if (!strcmp(leaf->outcomes[i].label, label) &&
			!strcmp(leaf->outcomes[i].meaning, meaning))
			return &leaf->outcomes[i];
	leaf->outcomes =
		talloc_realloc(chart, leaf->outcomes, struct chart_outcome, leaf->count + 1);
	leaf->outcomes[leaf->count] = (struct chart_outcome){.label = label,
		.meaning = meaning,
		.finding = {leaf->record, cell, where_new(chart, leaf->record)}};
	return &leaf->outcomes[leaf->count++];
}

static void add_way(struct chart *chart, struct chart_outcome *outcome, char *text, size_t at)
{
	size_t i = 0;

	while (i < outcome->way_count && strcmp(outcome->ways[i].text, text))
		i++;
	if (i == outcome->way_count) {
		outcome->ways = talloc_realloc(
			chart, outcome->ways, struct chart_way, outcome->way_count + 1);
		outcome->ways[outcome->way_count++] =
			(struct chart_way){text, where_new(chart, outcome->finding.record)};
	}
	outcome->ways[i].where[at] = true;
}

static void add_cell(struct chart *chart, struct chart_leaf *leaf, const struct flow_answer *answer,
	size_t variant, size_t column)
{
	const struct cell *cell = matrix_cell(chart->matrix, leaf->record, variant, column);
	struct chart_outcome *outcome = outcome_of(chart, leaf, cell);
	size_t at = variant * chart->matrix->column_count + column;
	const char *signal = flow_signal(answer, leaf->record->variants[variant]);
	char *way = cell && !outcome_is_doubt(cell->outcome) ? way_text(chart, cell, signal) : NULL;

	outcome->finding.where[at] = true;
	if (way)
		add_way(chart, outcome, way, at);
}

/* Cells in the order of the case's rows; those in doubt behind them. */
static size_t rank_of(const struct chart_leaf *leaf, const struct chart_outcome *outcome)
{
	size_t i = 0;

	while (i < leaf->record->row_count && strcmp(leaf->record->rows[i].label, outcome->label))
		i++;
	return i;
}

static void sort_outcomes(struct chart_leaf *leaf)
{
	for (size_t i = 1; i < leaf->count; i++)
		for (size_t k = i; k > 0 && rank_of(leaf, &leaf->outcomes[k]) <
						    rank_of(leaf, &leaf->outcomes[k - 1]);
			k--) {
			struct chart_outcome swap = leaf->outcomes[k];

			leaf->outcomes[k] = leaf->outcomes[k - 1];
			leaf->outcomes[k - 1] = swap;
		}
}

static struct chart_leaf leaf_new(struct chart *chart, const struct flow_answer *answer,
	const struct flow_cells *see, const bool *columns)
{
	struct chart_leaf leaf = {.see = see, .record = find_record(chart->matrix, see->case_name)};

	if (!leaf.record)
		return leaf;
	leaf.variants = talloc_zero_array(chart, bool, variant_count(leaf.record) + 1);
	for (size_t v = 0; leaf.record->variants[v]; v++) {
		leaf.variants[v] = flow_cells_have(see, leaf.record->variants[v]);
		for (size_t i = 0; leaf.variants[v] && i < chart->matrix->column_count; i++)
			if (columns[i])
				add_cell(chart, &leaf, answer, v, i);
	}
	sort_outcomes(&leaf);
	return leaf;
}

/* Questions --------------------------------------------------------------------------------- */

struct builder {
	struct chart *chart; /* parent of all */
	const struct matrix *matrix;
};

static bool any_column(const struct matrix *matrix, const bool *columns)
{
	for (size_t i = 0; i < matrix->column_count; i++)
		if (columns[i])
			return true;
	return false;
}

static struct chart_branch *branch_new(
	const struct builder *builder, struct chart_question *question, const char *answer)
{
	question->branches = talloc_realloc(
		builder->chart, question->branches, struct chart_branch, question->count + 1);
	question->branches[question->count] = (struct chart_branch){.answer = answer,
		.columns =
			talloc_zero_array(builder->chart, bool, builder->matrix->column_count + 1)};
	return &question->branches[question->count++];
}

static void add_leaf(const struct builder *builder, struct chart_branch *branch,
	const struct flow_answer *answer, const struct flow_cells *see)
{
	branch->leaves = talloc_realloc(
		builder->chart, branch->leaves, struct chart_leaf, branch->leaf_count + 1);
	branch->leaves[branch->leaf_count++] =
		leaf_new(builder->chart, answer, see, branch->columns);
}

static struct chart_question *build_question(
	const struct builder *builder, const struct flow_question *ask, const bool *columns);

static void finish_branch(const struct builder *builder, struct chart_branch *branch,
	const struct flow_answer *answer)
{
	for (size_t i = 0; i < answer->see_count; i++)
		add_leaf(builder, branch, answer, &answer->see[i]);
	if (answer->ask)
		branch->ask = build_question(builder, answer->ask, branch->columns);
}

static bool has_word(const char *const *words, const char *word)
{
	for (; words && *words; words++)
		if (!strcmp(*words, word))
			return true;
	return false;
}

/* The one cell by which the shell answers; NULL: not played. */
static const struct cell *deciding_cell(
	const struct builder *builder, const struct chart_question *question, size_t column)
{
	for (size_t v = 0; question->record && question->record->variants[v]; v++)
		if (flow_cells_have(question->by, question->record->variants[v]))
			return matrix_cell(builder->matrix, question->record, v, column);
	return NULL;
}

static void add_measured_branch(const struct builder *builder, struct chart_question *question,
	const struct flow_answer *answer, const bool *columns, bool *left)
{
	struct chart_branch *branch = branch_new(builder, question, answer->text);

	branch->divides = true;
	branch->outcomes = answer->outcomes;
	for (size_t i = 0; i < builder->matrix->column_count; i++) {
		const struct cell *cell = columns[i] ? deciding_cell(builder, question, i) : NULL;

		branch->columns[i] = left[i] && cell && has_word(answer->outcomes, cell->outcome);
		left[i] &= !branch->columns[i];
	}
	if (any_column(builder->matrix, branch->columns))
		finish_branch(builder, branch, answer);
	else
		question->count--;
}

/* What is left came to something that no answer names: shown as it is. */
static void add_rest(
	const struct builder *builder, struct chart_question *question, const bool *left)
{
	static const struct flow_answer none;
	struct chart_branch *branch;

	if (!any_column(builder->matrix, left))
		return;
	branch = branch_new(builder, question, "something else, or not measured");
	branch->divides = true;
	memcpy(branch->columns, left, builder->matrix->column_count * sizeof(bool));
	add_leaf(builder, branch, &none, question->by);
}

static struct chart_question *build_question(
	const struct builder *builder, const struct flow_question *ask, const bool *columns)
{
	struct chart_question *question = talloc_zero(builder->chart, struct chart_question);
	size_t size = builder->matrix->column_count * sizeof(bool);
	bool *left = talloc_memdup(question, columns, size + sizeof(bool));

	question->text = ask->text;
	question->by = ask->by.case_name ? &ask->by : NULL;
	if (question->by)
		question->record = find_record(builder->matrix, ask->by.case_name);
	for (size_t i = 0; i < ask->count; i++) {
		struct chart_branch *branch;

		if (question->by) {
			add_measured_branch(builder, question, &ask->answers[i], columns, left);
			continue;
		}
		branch = branch_new(builder, question, ask->answers[i].text);
		memcpy(branch->columns, columns, size);
		finish_branch(builder, branch, &ask->answers[i]);
	}
	if (question->by)
		add_rest(builder, question, left);
	return question;
}

static struct chart_question *join_flows(
	const struct builder *builder, const struct guide *guide, const bool *columns)
{
	struct chart_question *question = talloc_zero(builder->chart, struct chart_question);

	question->text = "What do I do?";
	for (size_t i = 0; i < guide->flow_count; i++) {
		struct chart_branch *branch = branch_new(builder, question, guide->flows[i]->title);

		memcpy(branch->columns, columns, builder->matrix->column_count * sizeof(bool));
		branch->ask = build_question(builder, guide->flows[i]->ask, columns);
	}
	return question;
}

struct chart *chart_build(const void *parent, const struct guide *guide, const struct flow *flow,
	const struct matrix *matrix, const bool *columns)
{
	struct chart *chart = talloc_zero(parent, struct chart);
	struct builder builder = {chart, matrix};
	bool *all = talloc_zero_array(chart, bool, matrix->column_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < matrix->column_count; i++) {
		all[i] = !columns || columns[i];
		count += all[i];
	}
	chart->name = flow ? flow->name : "all";
	chart->title = flow ? flow->title : "I send a signal, or press a key: who gets it?";
	chart->matrix = matrix;
	chart->one_shell = count == 1;
	chart->ask =
		flow ? build_question(&builder, flow->ask, all) : join_flows(&builder, guide, all);
	return chart;
}

/* As boxes ---------------------------------------------------------------------------------- */

struct drawing {
	const struct chart *chart;
	struct diagram *diagram;
	chart_link link;
	void *context;
};

static char *columns_text(const struct drawing *drawing, const bool *columns)
{
	const struct matrix *matrix = drawing->chart->matrix;
	char *out = talloc_strdup(drawing->diagram, "");

	for (size_t i = 0; i < matrix->column_count; i++)
		if (columns[i])
			out = talloc_asprintf_append_buffer(
				out, "%s%s", *out ? " " : "", matrix->columns[i]->name);
	return out;
}

/* "forwarding/script-alone [INT QUIT]" */
static char *leaf_text(const struct drawing *drawing, const struct chart_leaf *leaf)
{
	char *variants = talloc_strdup(drawing->diagram, "");

	for (size_t v = 0; leaf->record && leaf->record->variants[v]; v++)
		if (leaf->variants[v] && *leaf->record->variants[v])
			variants = talloc_asprintf_append_buffer(
				variants, "%s%s", *variants ? " " : "", leaf->record->variants[v]);
	return talloc_asprintf(
		drawing->diagram, *variants ? "%s [%s]" : "%s", leaf->see->case_name, variants);
}

static size_t shown_variants(const struct chart_leaf *leaf)
{
	size_t count = 0;

	for (size_t v = 0; leaf->record->variants[v]; v++)
		count += leaf->variants[v];
	return count;
}

/* Of one shell: its variants, if there are others; of several also the shells. "" where nothing
 * need be said. */
static char *where_text(
	const struct drawing *drawing, const struct chart_leaf *leaf, const bool *where)
{
	const struct matrix *matrix = drawing->chart->matrix;
	struct finding finding = {leaf->record, NULL, (bool *)where};
	char *out = talloc_strdup(drawing->diagram, "");
	size_t count = 0;

	if (!drawing->chart->one_shell)
		return finding_where(drawing->diagram, matrix, &finding);
	for (size_t v = 0; leaf->record->variants[v]; v++)
		for (size_t i = 0; i < matrix->column_count; i++)
			if (where[v * matrix->column_count + i]) {
				out = talloc_asprintf_append_buffer(
					out, "%s%s", *out ? " " : "", leaf->record->variants[v]);
				count++;
			}
	if (count == shown_variants(leaf))
		return talloc_strdup(drawing->diagram, "");
	return talloc_asprintf(drawing->diagram, "[%s]", out);
}

static void draw_line(const struct drawing *drawing, int node, int indent, enum line_look look,
	const char *text, const char *link)
{
	diagram_add_line(drawing->diagram, node, (struct diagram_line){text, look, indent, link});
}

static void draw_outcome(const struct drawing *drawing, int node, const struct chart_leaf *leaf,
	const struct chart_outcome *outcome)
{
	const char *where = where_text(drawing, leaf, outcome->finding.where);

	draw_line(drawing, node, 1, LINE_STRONG,
		*outcome->meaning ? talloc_asprintf(drawing->diagram, "%s: %s", outcome->label,
					    outcome->meaning)
				  : outcome->label,
		NULL);
	if (*where)
		draw_line(drawing, node, 2, LINE_PLAIN, where, NULL);
	for (size_t i = 0; i < outcome->way_count; i++) {
		const struct chart_way *way = &outcome->ways[i];
		const char *whose = where_text(drawing, leaf, way->where);

		draw_line(drawing, node, 2, LINE_DIM,
			outcome->way_count == 1 || !*whose
				? way->text
				: talloc_asprintf(drawing->diagram, "%s: %s", way->text, whose),
			NULL);
	}
}

/* The cell, where it is only one. */
static const struct cell *only_cell(const struct drawing *drawing, const struct chart_leaf *leaf)
{
	if (!drawing->chart->one_shell || leaf->count != 1 || shown_variants(leaf) != 1)
		return NULL;
	return leaf->outcomes[0].finding.cell;
}

static const char *link_to(
	const struct drawing *drawing, const struct case_record *record, const struct cell *cell)
{
	return drawing->link && record
		       ? drawing->link(drawing->diagram, drawing->context, record, cell)
		       : NULL;
}

static void draw_leaf(const struct drawing *drawing, int node, const struct chart_leaf *leaf)
{
	const struct cell *cell = leaf->record ? only_cell(drawing, leaf) : NULL;

	draw_line(drawing, node, 0, LINE_PLAIN, leaf_text(drawing, leaf),
		link_to(drawing, leaf->record, cell));
	if (!leaf->record)
		draw_line(drawing, node, 1, LINE_DIM, "not in these results", NULL);
	for (size_t i = 0; i < leaf->count; i++)
		draw_outcome(drawing, node, leaf, &leaf->outcomes[i]);
}

/* "yes: bash zsh" */
static char *answer_text(const struct drawing *drawing, const struct chart_branch *branch)
{
	if (!branch->divides || drawing->chart->one_shell)
		return talloc_strdup(drawing->diagram, branch->answer);
	return talloc_asprintf(
		drawing->diagram, "%s: %s", branch->answer, columns_text(drawing, branch->columns));
}

static void draw_question(const struct drawing *drawing, int parent, const char *label,
	const struct chart_question *question);

static void draw_branch(
	const struct drawing *drawing, int parent, const struct chart_branch *branch)
{
	const char *label = answer_text(drawing, branch);
	int node;

	if (branch->ask) {
		draw_question(drawing, parent, label, branch->ask);
		return;
	}
	node = diagram_add(drawing->diagram, parent, LOOK_LEAF, label);
	for (size_t i = 0; i < branch->leaf_count; i++)
		draw_leaf(drawing, node, &branch->leaves[i]);
}

static void draw_question(const struct drawing *drawing, int parent, const char *label,
	const struct chart_question *question)
{
	int node = diagram_add(drawing->diagram, parent, LOOK_QUESTION, label);

	draw_line(drawing, node, 0, LINE_STRONG, question->text, NULL);
	if (question->by)
		draw_line(drawing, node, 0, LINE_DIM,
			talloc_asprintf(drawing->diagram, "measured: %s", question->by->case_name),
			link_to(drawing, question->record, NULL));
	for (size_t i = 0; i < question->count; i++)
		draw_branch(drawing, node, &question->branches[i]);
}

struct diagram *chart_diagram(
	const void *parent, const struct chart *chart, chart_link link, void *context)
{
	struct drawing drawing = {chart, diagram_new(parent, chart->title), link, context};

	draw_question(&drawing, -1, NULL, chart->ask);
	return drawing.diagram;
}

/* As data ----------------------------------------------------------------------------------- */

static json_t *json_columns(const struct matrix *matrix, const bool *columns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < matrix->column_count; i++)
		if (columns[i])
			json_array_append_new(list, json_string(matrix->columns[i]->name));
	return list;
}

static json_t *json_where(
	const struct matrix *matrix, const struct case_record *record, const bool *where)
{
	json_t *list = json_array();

	for (size_t v = 0; record->variants[v]; v++)
		for (size_t i = 0; i < matrix->column_count; i++)
			if (where[v * matrix->column_count + i])
				json_array_append_new(list,
					json_pack("{s:s, s:s}", "variant", record->variants[v],
						"shell", matrix->columns[i]->name));
	return list;
}

static json_t *json_outcome(const struct matrix *matrix, const struct chart_outcome *outcome)
{
	json_t *ways = json_array();

	for (size_t i = 0; i < outcome->way_count; i++)
		json_array_append_new(
			ways, json_pack("{s:s, s:o}", "text", outcome->ways[i].text, "cells",
				      json_where(matrix, outcome->finding.record,
					      outcome->ways[i].where)));
	return json_pack("{s:s, s:s, s:o, s:o}", "outcome", outcome->label, "meaning",
		outcome->meaning, "cells",
		json_where(matrix, outcome->finding.record, outcome->finding.where), "got", ways);
}

static json_t *json_leaf(const struct matrix *matrix, const struct chart_leaf *leaf)
{
	json_t *variants = json_array(), *outcomes = json_array();

	for (size_t v = 0; leaf->record && leaf->record->variants[v]; v++)
		if (leaf->variants[v])
			json_array_append_new(variants, json_string(leaf->record->variants[v]));
	for (size_t i = 0; i < leaf->count; i++)
		json_array_append_new(outcomes, json_outcome(matrix, &leaf->outcomes[i]));
	return json_pack("{s:s, s:o, s:o}", "case", leaf->see->case_name, "variants", variants,
		"outcomes", outcomes);
}

static json_t *json_question(const struct matrix *matrix, const struct chart_question *question);

static json_t *json_branch(const struct matrix *matrix, const struct chart_branch *branch)
{
	json_t *object = json_pack("{s:s, s:o}", "answer", branch->answer, "shells",
		json_columns(matrix, branch->columns));
	json_t *leaves = json_array(), *outcomes = json_array();

	for (size_t i = 0; branch->outcomes && branch->outcomes[i]; i++)
		json_array_append_new(outcomes, json_string(branch->outcomes[i]));
	json_object_set_new(object, "is", outcomes);
	for (size_t i = 0; i < branch->leaf_count; i++)
		json_array_append_new(leaves, json_leaf(matrix, &branch->leaves[i]));
	if (branch->ask) {
		json_object_set_new(object, "ask", json_question(matrix, branch->ask));
		json_decref(leaves);
		return object;
	}
	json_object_set_new(object, "leaves", leaves);
	return object;
}

static json_t *json_question(const struct matrix *matrix, const struct chart_question *question)
{
	json_t *branches = json_array();

	for (size_t i = 0; i < question->count; i++)
		json_array_append_new(branches, json_branch(matrix, &question->branches[i]));
	return json_pack("{s:s, s:s?, s:o}", "question", question->text, "by",
		question->by ? question->by->case_name : NULL, "answers", branches);
}

json_t *chart_json(const struct chart *chart)
{
	return json_pack("{s:s, s:s, s:o}", "chart", chart->name, "title", chart->title, "ask",
		json_question(chart->matrix, chart->ask));
}
