/* Makes every variant of a case concrete and complains about what can never work. */
#include <ctype.h>
#include <string.h>

#include <talloc.h>

#include "parts.h"

/* One scene being checked. */
struct checker {
	const struct scene *scene;
	const char *dialect;
	const char **actors;
	const char **processes; /* shell, actors, declared names */
	const char **labels;    /* of the settle steps so far */
	struct diag *diag;
};

/* What becomes of a row over all variants. */
struct fate {
	int line;
	bool alive;
	const char *reason; /* why it cannot hold, where something but the variant forbids it */
};

/* ---- names ---- */

static void expect_process(
	const struct checker *checker, const char *name, const struct place *place)
{
	if (words_contain(checker->processes, name))
		return;
	complain_unknown(place, "participant", name, checker->processes);
}

static void expect_actor(const struct checker *checker, const char *name, const struct place *place)
{
	if (words_contain(checker->actors, name))
		return;
	if (words_contain(checker->processes, name))
		complain(place, "'%s' is no actor; only an actor can do or report this", name);
	else
		complain_unknown(place, "actor", name, checker->actors);
}

static void expect_terminal(
	const struct checker *checker, const char *what, const struct place *place)
{
	if (!checker->scene->test_case->terminal)
		complain(place, "'%s' needs a terminal; add 'terminal: yes' to the header", what);
}

/* Whoever can send a signal, or be sent one. */
static void expect_peer(
	const struct checker *checker, const char *name, bool sender, const struct place *place)
{
	if (!name || strcmp(name, "itself") == 0)
		return;
	if (sender && strcmp(name, "harness") == 0)
		return;
	if (sender && strcmp(name, "tty") == 0)
		expect_terminal(checker, "from tty", place);
	else
		expect_process(checker, name, place);
}

static void expect_label(
	const struct checker *checker, const char *label, const struct place *place)
{
	if (label && !words_contain(checker->labels, label))
		complain_unknown(place, "label of a settle step", label, checker->labels);
}

static void expect_mark(const struct checker *checker, const char *mark, const struct place *place)
{
	const char **known;

	if (scene_leaves_mark(checker->scene, mark))
		return;
	/* A misspelt variable looks like a mark, too. */
	known = words_split(NULL, "stuck");
	for (size_t i = 0; checker->scene->marks[i]; i++)
		words_add(&known, checker->scene->marks[i]);
	for (size_t i = 0; i < checker->scene->test_case->vary_count; i++)
		words_add(&known, checker->scene->test_case->vary[i].name);
	complain_unknown(place, "mark", mark, known);
	talloc_free(known);
}

/* ---- conditions ---- */

static void check_event(
	const struct checker *checker, const struct event_pattern *event, const struct place *place)
{
	switch (event->query) {
	case QUERY_MARK:
		expect_mark(checker, event->who, place);
		return;
	case QUERY_STARTED:
	case QUERY_READ:
	case QUERY_FAILED:
		expect_actor(checker, event->who, place);
		return;
	case QUERY_GAVE_TTY:
		expect_terminal(checker, "gave tty", place);
		break;
	default:
		break;
	}
	expect_process(checker, event->who, place);
	expect_peer(checker, event->other, event->query == QUERY_GOT, place);
}

static void check_relation(
	const struct checker *checker, const struct condition *condition, const struct place *place)
{
	if (strcmp(condition->who, "tty") == 0)
		expect_terminal(checker, "tty.foreground", place);
	else
		expect_process(checker, condition->who, place);
	expect_process(checker, condition->other, place);
}

static bool awaits_anything(const struct scene *scene)
{
	for (size_t i = 0; i < scene->step_count; i++)
		if (step_waits(&scene->steps[i]))
			return true;
	return false;
}

static void check_state(
	const struct checker *checker, const struct condition *condition, const struct place *place)
{
	switch (condition->kind) {
	case CONDITION_RELATION:
		check_relation(checker, condition, place);
		return;
	case CONDITION_FOREGROUND:
		expect_terminal(checker, condition->text, place);
		expect_actor(checker, condition->who, place);
		return;
	case CONDITION_MASK:
	case CONDITION_DESCRIPTORS:
		expect_actor(checker, condition->who, place);
		return;
	case CONDITION_STATE:
	case CONDITION_FORKS:
	case CONDITION_ZOMBIES:
		expect_process(checker, condition->who, place);
		return;
	case CONDITION_HANDOVERS:
		expect_terminal(checker, "handovers", place);
		for (size_t i = 0; condition->names[i]; i++)
			expect_process(checker, condition->names[i], place);
		return;
	case CONDITION_MODE:
		expect_terminal(checker, condition->text, place);
		return;
	case CONDITION_OUTPUT:
		expect_terminal(checker, "output", place);
		return;
	case CONDITION_STUCK:
		if (!condition->no && !awaits_anything(checker->scene))
			complain(place, "no step waits for anything, so nothing can be stuck");
		return;
	default:
		return;
	}
}

static void check_condition(
	const struct checker *checker, const struct condition *condition, const struct place *place)
{
	if (condition->kind == CONDITION_EVENT || condition->kind == CONDITION_ORDER)
		check_event(checker, &condition->event, place);
	else
		check_state(checker, condition, place);
	if (condition->kind == CONDITION_ORDER)
		check_event(checker, &condition->later, place);
	expect_label(checker, condition->at, place);
	expect_label(checker, condition->since, place);
}

/* ---- steps ---- */

static void check_ready(
	const struct checker *checker, const struct step *step, const struct place *place)
{
	if (strcmp(step->who, mode_subject(checker->scene->test_case->mode)) != 0) {
		expect_actor(checker, step->who, place);
		return;
	}
	if (checker->scene->test_case->mode != MODE_INTERACTIVE)
		complain(place, "only an interactive shell is ever ready; 'mode' is not");
	expect_terminal(checker, step->text, place);
}

static void check_settle(
	struct checker *checker, const struct step *step, const struct place *place)
{
	if (!step->arg)
		return;
	if (words_contain(checker->labels, step->arg))
		complain(place, "an earlier settle step has the label '%s' already", step->arg);
	words_add(&checker->labels, step->arg);
}

static void check_step(struct checker *checker, const struct step *step)
{
	struct place place = {checker->scene->test_case->path, step->line, checker->diag};

	switch (step->verb) {
	case VERB_TYPE:
	case VERB_KEYS:
	case VERB_PRESS:
	case VERB_HANGUP:
	case VERB_RESIZE:
		expect_terminal(checker, step->text, &place);
		return;
	case VERB_SIGNAL:
		expect_process(checker, step->who, &place);
		return;
	case VERB_STORM:
		if (step->key)
			expect_terminal(checker, step->text, &place);
		expect_process(checker, step->who, &place);
		if (step->times == 0)
			check_condition(checker, &step->event, &place);
		return;
	case VERB_TELL:
		expect_actor(checker, step->who, &place);
		return;
	case VERB_SETTLE:
		check_settle(checker, step, &place);
		return;
	case VERB_AWAIT:
		if (step->await == AWAIT_READY)
			check_ready(checker, step, &place);
		else if (step->await == AWAIT_EVENT)
			check_condition(checker, &step->event, &place);
		return;
	}
}

/* ---- shell text ---- */

/* The words behind 'actor NAME' up to what ends a simple command; empty where the shell would
 * make something of them. */
static const char **plain_words(const void *parent, const char *text)
{
	size_t length = strcspn(text, ";&|<>\"'`(){}#\n");
	char *plain = talloc_strndup(parent, text, length);
	const char **words;

	/* A descriptor's number, as in 2>file. */
	if (text[length] == '<' || text[length] == '>')
		while (length > 0 && isdigit((unsigned char)plain[length - 1]))
			plain[--length] = '\0';
	words = words_split(parent, strpbrk(plain, "$\\*?[") ? "" : plain);
	talloc_free(plain);
	return words;
}

static void check_instructions(const struct checker *checker, const char *text, int line)
{
	const char *counted = text;
	struct place place = {checker->scene->test_case->path, line, checker->diag};

	for (const char *at = text; (at = text_find_word(text, at, "actor")); at++) {
		const char *rest = at + strlen("actor");
		size_t blanks = strspn(rest, " \t"),
		       name = strcspn(rest + blanks, " \t\n;&|<>\"'`(){}$\\");
		const char **words = plain_words(NULL, rest + blanks + name);
		size_t taken = 1;

		for (; counted < at; counted++)
			place.line += *counted == '\n';
		if (rest[blanks + name] != ' ' || blanks == 0 || name == 0)
			taken = 0;
		for (size_t i = 0; taken > 0 && words[i]; i += taken)
			taken = instruction_read(words + i, &place);
		talloc_free(words);
	}
}

static int first_line(const struct block *block)
{
	return block && block->count > 0 ? block->lines[0].number : 0;
}

static void check_texts(const struct checker *checker)
{
	const struct scene *scene = checker->scene;
	const struct test_case *tc = scene->test_case;

	if (scene->script)
		check_instructions(checker, scene->script,
			first_line(
				case_block(tc, tc->mode == MODE_LINK ? BLOCK_COMMAND : BLOCK_SCRIPT,
					NULL, checker->dialect)));
	for (size_t i = 0; i < scene->file_count; i++)
		check_instructions(checker, scene->files[i].text,
			first_line(case_block(
				tc, BLOCK_FILE, scene->files[i].name, checker->dialect)));
	for (size_t i = 0; i < scene->step_count; i++)
		if (step_types(&scene->steps[i]))
			check_instructions(checker, scene->steps[i].arg, scene->steps[i].line);
}

/* Where a name is written, in any text but the outcomes; 1 where a variable's value makes it. */
static int line_of_name(const struct test_case *tc, const char *name)
{
	for (size_t i = 0; i < tc->block_count; i++) {
		const struct block *block = &tc->blocks[i];

		for (size_t k = 0; block->kind != BLOCK_OUTCOMES && k < block->count; k++)
			if (text_find_word(block->lines[k].text, block->lines[k].text, name))
				return block->lines[k].number;
	}
	return 1;
}

static void check_names(const struct checker *checker)
{
	static const char *const taken[] = {
		"shell", "link", "tty", "harness", "itself", "none", NULL};
	const struct test_case *tc = checker->scene->test_case;

	if (words_count(checker->scene->names) >= MAX_NAMES ||
		words_count(checker->scene->marks) >= MAX_NAMES)
		diag_add(checker->diag, tc->path, 1,
			"the texts name %d participants or marks, or more; that is no small scene",
			MAX_NAMES);
	for (size_t i = 0; checker->scene->names[i]; i++)
		if (words_contain(taken, checker->scene->names[i]))
			diag_add(checker->diag, tc->path,
				line_of_name(tc, checker->scene->names[i]),
				"the name '%s' is taken; call the actor something else",
				checker->scene->names[i]);
}

/* ---- rows ---- */

static bool variant_allows(const struct outcome_row *row)
{
	for (size_t i = 0; i < row->condition_count; i++) {
		const struct condition *condition = &row->conditions[i];

		if (condition->kind == CONDITION_CONSTANT && condition->value == condition->no)
			return false;
	}
	return true;
}

static bool ends_settled(const struct scene *scene)
{
	return scene->step_count > 0 && scene->steps[scene->step_count - 1].verb == VERB_SETTLE;
}

static bool says_stuck(const struct outcome_row *row)
{
	for (size_t i = 0; i < row->condition_count; i++)
		if (row->conditions[i].kind == CONDITION_STUCK && !row->conditions[i].no)
			return true;
	return false;
}

/* A stuck scene has settled, so it proves absences, too. */
static void check_absence(
	const struct checker *checker, const struct outcome_row *row, const struct place *place)
{
	if (ends_settled(checker->scene) || says_stuck(row))
		return;
	for (size_t i = 0; i < row->condition_count; i++) {
		const struct condition *condition = &row->conditions[i];

		if (condition->at || !condition_rests_on_absence(condition))
			continue;
		complain(place,
			"'%s' rests on an absence that nothing proves; "
			"end the steps with 'settle', or say 'at LABEL'",
			condition->text);
	}
}

static void check_row(const struct checker *checker, const struct outcome_row *row)
{
	struct place place = {checker->scene->test_case->path, row->line, checker->diag};

	if (!variant_allows(row))
		return;
	for (size_t i = 0; i < row->condition_count; i++)
		check_condition(checker, &row->conditions[i], &place);
	check_absence(checker, row, &place);
}

static const struct outcome_row *find_shadow(const struct scene *scene, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (variant_allows(&scene->rows[i]) &&
			row_shadows(&scene->rows[i], &scene->rows[index]))
			return &scene->rows[i];
	return NULL;
}

/* Why the row cannot hold in this scene, or NULL. */
static const char *forbidding(const void *parent, const struct scene *scene, size_t index)
{
	const char *reason = row_contradiction(parent, &scene->rows[index]);
	const struct outcome_row *shadow;

	if (reason)
		return reason;
	shadow = find_shadow(scene, index);
	if (!shadow)
		return NULL;
	return talloc_asprintf(parent,
		"row '%s' in line %d holds whenever this one would; put the narrower row first",
		shadow->label, shadow->line);
}

static struct fate *find_fate(struct fate **fates, size_t *count, int line)
{
	for (size_t i = 0; i < *count; i++)
		if ((*fates)[i].line == line)
			return &(*fates)[i];
	*fates = talloc_realloc(NULL, *fates, struct fate, *count + 1);
	(*fates)[*count] = (struct fate){.line = line};
	return &(*fates)[(*count)++];
}

static void judge_rows(const struct scene *scene, struct fate **fates, size_t *count)
{
	for (size_t i = 0; i < scene->row_count; i++) {
		struct fate *fate = find_fate(fates, count, scene->rows[i].line);
		const char *reason;

		if (fate->alive || !variant_allows(&scene->rows[i]))
			continue;
		reason = forbidding(*fates, scene, i);
		fate->alive = !reason;
		fate->reason = reason;
	}
}

static void complain_fates(
	const char *path, const struct fate *fates, size_t count, struct diag *diag)
{
	for (size_t i = 0; i < count; i++) {
		const struct fate *fate = &fates[i];

		if (!fate->alive)
			diag_add(diag, path, fate->line, "this row can never hold: %s",
				fate->reason ? fate->reason : "no variant fulfils it");
	}
}

/* ---- the whole ---- */

static const char *dummy_words(void *context, const char *name)
{
	(void)context;
	(void)name;
	return "SHELL";
}

static void check_scene(const struct scene *scene, const char *dialect, struct diag *diag)
{
	struct checker *checker = talloc_zero(NULL, struct checker);

	*checker = (struct checker){.scene = scene, .dialect = dialect, .diag = diag};
	checker->actors = scene_actors(checker, scene);
	checker->processes = words_split(checker, mode_subject(scene->test_case->mode));
	for (size_t i = 0; scene->names[i]; i++)
		words_add(&checker->processes, scene->names[i]);
	checker->labels = words_split(checker, "");
	check_names(checker);
	check_texts(checker);
	for (size_t i = 0; i < scene->step_count; i++)
		check_step(checker, &scene->steps[i]);
	for (size_t i = 0; i < scene->row_count; i++)
		check_row(checker, &scene->rows[i]);
	talloc_free(checker);
}

/* Length of "FILE:LINE:" or, where there is no line, of the whole message. */
static size_t place_length(const char *message, size_t path_length)
{
	size_t digits = strspn(message + path_length + 1, "0123456789");

	return digits > 0 ? path_length + 1 + digits + 1 : strlen(message) + 1;
}

static bool known_place(
	const struct diag *diag, size_t count, const char *message, size_t path_length)
{
	size_t length = place_length(message, path_length);

	for (size_t i = 0; i < count; i++)
		if (strncmp(diag->messages[i], message, length) == 0)
			return true;
	return false;
}

static void append(struct diag *diag, const char *message)
{
	diag->messages = talloc_realloc(diag, diag->messages, char *, diag->count + 1);
	diag->messages[diag->count++] = talloc_strdup(diag, message);
}

/* Takes over the complaints about places that no variant before has complained about. */
static void merge(struct diag *diag, const struct diag *more, const char *path)
{
	size_t before = diag->count, path_length = strlen(path);

	for (size_t i = 0; i < more->count; i++)
		if (!known_place(diag, before, more->messages[i], path_length))
			append(diag, more->messages[i]);
}

static bool lint_variant(const struct test_case *tc, const struct variant *variant,
	const char *dialect, struct fate **fates, size_t *fate_count, struct diag *diag)
{
	struct diag *own = diag_new(NULL);
	const char *na;
	struct scene *scene = scene_build(own, tc, variant, dialect, dummy_words, NULL, &na, own);

	if (scene) {
		check_scene(scene, dialect, own);
		judge_rows(scene, fates, fate_count);
		merge(diag, own, tc->path);
	}
	talloc_free(own);
	return scene != NULL;
}

/* Text for a dialect that is never played because another text is lacking. */
static void complain_unplayed(const struct test_case *tc, const char *dialect, struct diag *diag)
{
	for (size_t i = 0; i < tc->block_count; i++) {
		if (strcmp(tc->blocks[i].dialect, dialect) != 0)
			continue;
		diag_add(diag, tc->path, tc->blocks[i].line,
			"this is never played: every text with commands of the shell needs one "
			"for '%s' too",
			dialect);
		return;
	}
}

static const char **case_dialects(const struct test_case *tc)
{
	const char **dialects = words_split(NULL, "posix");

	for (size_t i = 0; i < tc->block_count; i++)
		words_add(&dialects, tc->blocks[i].dialect);
	return dialects;
}

void case_lint(const struct test_case *tc, struct diag *diag)
{
	const char **dialects = case_dialects(tc);
	struct fate *fates = talloc_array(NULL, struct fate, 0);
	size_t fate_count = 0, before = diag->count;

	for (size_t d = 0; dialects[d]; d++) {
		for (size_t v = 0; v < tc->variant_count; v++) {
			if (diag->count - before > ENOUGH_COMPLAINTS)
				break;
			if (lint_variant(
				    tc, &tc->variants[v], dialects[d], &fates, &fate_count, diag))
				continue;
			complain_unplayed(tc, dialects[d], diag);
			break;
		}
	}
	complain_fates(tc->path, fates, fate_count, diag);
	talloc_free(fates);
	talloc_free(dialects);
}
