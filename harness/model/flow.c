#include "flow.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include <talloc.h>

#include "case.h"
#include "text.h"

enum { INDENT = 4, MAX_DEPTH = 16, DEFAULT_ORDER = 50, MAX_ORDER = 9999 };

struct reader {
	struct flow *flow;
	const struct text *text;
	size_t at; /* index of the next line */
	struct diag *diag;
	const char *signal; /* of the header */
};

/* One line: "    key: value". */
struct item {
	int depth;
	const char *key, *value;
	struct place place;
};

/* Looks at the next line that says something. False at the end of the file; a line that is not
 * understood is complained about and left out. */
static bool peek(struct reader *reader, struct item *item)
{
	for (; reader->at < reader->text->count; reader->at++) {
		const struct text_line *line = &reader->text->lines[reader->at];
		size_t blanks = strspn(line->text, " ");

		item->place = (struct place){reader->flow->path, line->number, reader->diag};
		item->depth = (int)(blanks / INDENT);
		if (text_blank(line->text) || line->text[blanks] == '#')
			continue;
		if (blanks % INDENT)
			complain(&item->place, "indent by %d blanks for each level", INDENT);
		else if (!text_key_value(
				 reader->flow, line->text + blanks, &item->key, &item->value))
			complain(&item->place, "this is not 'key: value'");
		else if (!*item->value)
			complain(&item->place, "'%s' has no value", item->key);
		else
			return true;
	}
	return false;
}

/* As peek(), but only a line of that depth; a deeper one is nobody's and complained about. */
static bool peek_at(struct reader *reader, int depth, struct item *item)
{
	while (peek(reader, item)) {
		if (item->depth <= depth)
			return item->depth == depth;
		complain(&item->place, "'%s' is too deep here", item->key);
		reader->at++;
	}
	return false;
}

/* "exec/killed-command TERM HUP" */
static struct flow_cells read_cells(struct reader *reader, const struct item *item)
{
	const char **words = words_split(reader->flow, item->value);
	struct flow_cells cells = {item->place.line, words[0], words_split(reader->flow, "")};

	for (size_t i = 1; words[i]; i++)
		words_add(&cells.variants, words[i]);
	return cells;
}

static const char *read_signal(const struct item *item)
{
	if (signal_number(item->value) <= 0)
		complain(&item->place, "unknown signal '%.80s'", item->value);
	return item->value;
}

static struct flow_question *read_question(
	struct reader *reader, int depth, const struct item *ask, const char *signal);

static void add_see(struct reader *reader, struct flow_answer *answer, const struct item *item)
{
	answer->see =
		talloc_realloc(reader->flow, answer->see, struct flow_cells, answer->see_count + 1);
	answer->see[answer->see_count++] = read_cells(reader, item);
}

static void read_answer_line(
	struct reader *reader, struct flow_answer *answer, const struct item *item)
{
	static const char *const keys[] = {"is", "signal", "ask", "see", NULL};

	if (!strcmp(item->key, "see"))
		add_see(reader, answer, item);
	else if (!strcmp(item->key, "is"))
		answer->outcomes = words_split(reader->flow, item->value);
	else if (!strcmp(item->key, "signal"))
		answer->signal = read_signal(item);
	else if (strcmp(item->key, "ask"))
		complain_unknown(&item->place, "key", item->key, keys);
	else if (answer->ask)
		complain(&item->place, "one answer leads to one question");
	else
		answer->ask = read_question(reader, item->depth, item, answer->signal);
}

static struct flow_answer read_answer(
	struct reader *reader, int depth, const struct item *head, const char *signal)
{
	struct flow_answer answer = {
		.line = head->place.line, .text = head->value, .signal = signal};
	struct item item;

	while (peek_at(reader, depth + 1, &item)) {
		reader->at++;
		read_answer_line(reader, &answer, &item);
	}
	if (!answer.ask == !answer.see_count)
		complain(&head->place, "an answer leads to one question ('ask') or to cells "
				       "('see')");
	return answer;
}

static void read_question_line(struct reader *reader, struct flow_question *question,
	const struct item *item, const char *signal)
{
	static const char *const keys[] = {"by", "if", NULL};

	if (!strcmp(item->key, "by")) {
		question->by = read_cells(reader, item);
	} else if (strcmp(item->key, "if")) {
		complain_unknown(&item->place, "key", item->key, keys);
	} else {
		struct flow_answer answer = read_answer(reader, item->depth, item, signal);

		question->answers = talloc_realloc(
			reader->flow, question->answers, struct flow_answer, question->count + 1);
		question->answers[question->count++] = answer;
	}
}

/* A question the shell answers says what each answer is; one for the reader cannot. */
static void check_answers(
	const struct reader *reader, const struct flow_question *question, const char *path)
{
	for (size_t i = 0; i < question->count; i++) {
		struct place place = {path, question->answers[i].line, reader->diag};

		if (question->by.case_name && !question->answers[i].outcomes)
			complain(&place, "'is' is missing: the outcomes of %s that mean this",
				question->by.case_name);
		else if (!question->by.case_name && question->answers[i].outcomes)
			complain(&place, "'is' needs a case that the question is answered 'by'");
	}
}

static struct flow_question *read_question(
	struct reader *reader, int depth, const struct item *ask, const char *signal)
{
	struct flow_question *question = talloc_zero(reader->flow, struct flow_question);
	struct item item;

	question->line = ask->place.line;
	question->text = ask->value;
	if (depth > MAX_DEPTH) {
		complain(&ask->place, "more than %d levels", MAX_DEPTH);
		return question;
	}
	while (peek_at(reader, depth + 1, &item)) {
		reader->at++;
		read_question_line(reader, question, &item, signal);
	}
	if (!question->count)
		complain(&ask->place, "a question needs answers ('if')");
	check_answers(reader, question, reader->flow->path);
	return question;
}

static void read_header_line(struct reader *reader, const struct item *item)
{
	static const char *const keys[] = {"title", "order", "signal", "ask", NULL};
	struct flow *flow = reader->flow;

	if (!strcmp(item->key, "title"))
		flow->title = item->value;
	else if (!strcmp(item->key, "signal"))
		reader->signal = read_signal(item);
	else if (strcmp(item->key, "order"))
		complain_unknown(&item->place, "key", item->key, keys);
	else if (!number_parse(item->value, 0, MAX_ORDER, &flow->order))
		complain(&item->place, "order '%.80s' must be a number from 0 to %d", item->value,
			MAX_ORDER);
}

static void read_flow(struct reader *reader)
{
	struct item item;

	while (peek_at(reader, 0, &item)) {
		reader->at++;
		if (strcmp(item.key, "ask"))
			read_header_line(reader, &item);
		else if (reader->flow->ask)
			complain(&item.place, "a chart begins with one question");
		else
			reader->flow->ask = read_question(reader, 0, &item, reader->signal);
	}
}

struct flow *flow_load(const void *parent, const char *path, const char *name, struct diag *diag)
{
	struct flow *flow = talloc_zero(parent, struct flow);
	size_t before = diag->count;

	flow->path = talloc_strdup(flow, path);
	flow->name = talloc_strdup(flow, name);
	flow->order = DEFAULT_ORDER;
	struct reader reader = {flow, text_read(flow, path, diag), 0, diag, NULL};
	if (!reader.text)
		return NULL;
	read_flow(&reader);
	if (!flow->title)
		diag_add(diag, path, 0, "'title' is missing");
	if (!flow->ask)
		diag_add(diag, path, 0, "'ask' is missing: the first question");
	return diag->count == before ? flow : NULL;
}

bool flow_cells_have(const struct flow_cells *cells, const char *variant)
{
	if (!cells->variants[0])
		return true;
	/* "^\" is the name of a variant. */
	for (size_t i = 0; cells->variants[i]; i++)
		if (fnmatch(cells->variants[i], variant, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

const char *flow_signal(const struct flow_answer *answer, const char *variant)
{
	void *memory = talloc_new(NULL);
	const char *found = answer->signal;

	for (char *rest = talloc_strdup(memory, variant), *part; (part = strsep(&rest, ","));) {
		/* A number is an exit status there. */
		int number = isdigit((unsigned char)*part) ? 0 : signal_number(part);

		if (number > 0)
			found = signal_name(number);
	}
	talloc_free(memory);
	return found;
}
