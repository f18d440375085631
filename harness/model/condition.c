/* Conditions: what an outcome row may say and an await may wait for. */
#include <string.h>

#include <talloc.h>

#include "parts.h"
#include "signals.h"

/* A condition being read: its words, and where the reading has come to. */
struct reader {
	const void *parent;
	const struct place *place;
	const struct binding *binding;
	const char *text;
	const char **words;
	size_t at, end;
};

static const char *const operators[] = {"=", "!=", "<", ">", "<=", ">=", NULL};
static const enum compare operator_values[] = {CMP_EQ, CMP_NE, CMP_LT, CMP_GT, CMP_LE, CMP_GE};
static const char *const states[] = {"running", "stopped", "zombie", "ended", NULL};
static const char *const relations[] = {"pid", "ppid", "pgid", "sid", NULL};
static const char *const tty_attributes[] = {"foreground", "echo", "icanon", "isig", NULL};
static const char *const event_verbs[] = {"started", "got", "sent", "ended", "stopped", "continued",
	"gave", "grouped", "read", "failed", NULL};

static const char *peek(const struct reader *reader)
{
	return reader->at < reader->end ? reader->words[reader->at] : NULL;
}

static const char *next(struct reader *reader)
{
	return reader->at < reader->end ? reader->words[reader->at++] : NULL;
}

static bool accept(struct reader *reader, const char *word)
{
	const char *found = peek(reader);

	if (!found || strcmp(found, word) != 0)
		return false;
	reader->at++;
	return true;
}

static bool fail(const struct reader *reader, const char *what)
{
	complain(reader->place, "%s in '%.200s'", what, reader->text);
	return false;
}

static bool expect_end(const struct reader *reader)
{
	if (reader->at == reader->end)
		return true;
	complain(reader->place, "'%.80s' is too much in '%.200s'; separate conditions by commas",
		reader->words[reader->at], reader->text);
	return false;
}

static bool find_word(const char *word, const char *const *list, size_t *index)
{
	int found = words_find(list, word);

	*index = (size_t)found;
	return found >= 0;
}

/* The next word if it is an operator; 'equality' allows only = and !=. */
static bool read_operator(struct reader *reader, bool equality, enum compare *op)
{
	const char *word = next(reader);
	size_t index;

	if (!word)
		return fail(reader, "an operator (=, !=, ...) is missing");
	if (!find_word(word, operators, &index)) {
		complain_unknown(reader->place, "operator", word, operators);
		return false;
	}
	*op = operator_values[index];
	if (equality && *op != CMP_EQ && *op != CMP_NE)
		return fail(reader, "only = and != can be used");
	return true;
}

static bool read_participant(struct reader *reader, const char **name)
{
	const char *word = next(reader);

	if (!word)
		return fail(reader, "a participant is missing");
	if (!name_valid(word)) {
		complain(reader->place,
			"'%.80s' is no participant's name (lower-case letters, digits, '-')", word);
		return false;
	}
	*name = word;
	return true;
}

static bool read_signal(struct reader *reader, int *sig)
{
	const char *word = next(reader);

	if (!word)
		return fail(reader, "a signal is missing");
	*sig = signal_read(word, reader->place);
	return *sig > 0;
}

static bool read_number(struct reader *reader, long min, long max, long *number)
{
	const char *word = next(reader);

	if (!word)
		return fail(reader, "a number is missing");
	if (number_parse(word, min, max, number))
		return true;
	complain(reader->place, "'%.80s' must be a number from %ld to %ld", word, min, max);
	return false;
}

static bool read_word_of(
	struct reader *reader, const char *what, const char *const *list, const char **word)
{
	size_t index;

	*word = next(reader);
	if (!*word) {
		complain(reader->place, "%s is missing in '%.200s'", what, reader->text);
		return false;
	}
	if (find_word(*word, list, &index))
		return true;
	complain_unknown(reader->place, what, *word, list);
	return false;
}

/* ---- events ---- */

static bool read_got(struct reader *reader, struct event_pattern *event)
{
	if (!read_signal(reader, &event->sig))
		return false;
	return !accept(reader, "from") || read_participant(reader, &event->other);
}

static bool read_sent(struct reader *reader, struct event_pattern *event)
{
	static const char suffix[] = ".group";
	const char *target;
	size_t length;

	if (!read_signal(reader, &event->sig))
		return false;
	if (!accept(reader, "to"))
		return true;
	target = peek(reader);
	length = target ? strlen(target) : 0;
	if (length >= sizeof suffix && strcmp(target + length - strlen(suffix), suffix) == 0) {
		event->group = true;
		reader->words[reader->at] =
			talloc_strndup(reader->words, target, length - strlen(suffix));
	}
	return read_participant(reader, &event->other);
}

static bool read_ended(struct reader *reader, struct event_pattern *event)
{
	static const char *const ways[] = {"exit", "signal", NULL};
	const char *word = peek(reader);
	int sig;

	if (accept(reader, "exit")) {
		event->how = 'e';
		return !peek(reader) || read_number(reader, 0, 255, &event->number);
	}
	if (accept(reader, "signal")) {
		event->how = 's';
		if (!peek(reader))
			return true;
		if (!read_signal(reader, &sig))
			return false;
		event->number = sig;
		return true;
	}
	if (!word)
		return true;
	complain_unknown(reader->place, "way to end", word, ways);
	return false;
}

static bool read_stopped(struct reader *reader, struct event_pattern *event)
{
	if (!peek(reader))
		return true;
	if (!read_signal(reader, &event->sig))
		return false;
	return signal_stops(event->sig) || fail(reader, "this signal stops no process");
}

static bool read_gave(struct reader *reader, struct event_pattern *event)
{
	if (!accept(reader, "tty") || !accept(reader, "to"))
		return fail(reader, "'gave' goes on with 'tty to NAME'");
	return read_participant(reader, &event->other);
}

static bool read_errno(struct reader *reader, struct event_pattern *event)
{
	enum { ERRNOS = 134 };
	const char *known[ERRNOS] = {NULL};
	size_t count = 0;

	for (int i = 1; i < ERRNOS; i++)
		if (strerrorname_np(i))
			known[count++] = strerrorname_np(i);
	return read_word_of(reader, "errno name", known, &event->word);
}

static bool read_verb(struct reader *reader, enum event_query verb, struct event_pattern *event)
{
	event->query = verb;
	switch (verb) {
	case QUERY_GOT:
		return read_got(reader, event);
	case QUERY_SENT:
		return read_sent(reader, event);
	case QUERY_ENDED:
		return read_ended(reader, event);
	case QUERY_STOPPED:
		return read_stopped(reader, event);
	case QUERY_GAVE_TTY:
		return read_gave(reader, event);
	case QUERY_GROUPED:
		return read_participant(reader, &event->other);
	case QUERY_READ:
		return read_number(reader, 0, 1L << 30, &event->number);
	case QUERY_FAILED:
		return read_errno(reader, event);
	default:
		return true;
	}
}

static bool mark_valid(const char *name)
{
	size_t letters = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return letters > 0 &&
	       name[letters + strspn(name + letters, "abcdefghijklmnopqrstuvwxyz"
						     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		       '\0';
}

/* What is left, with one blank between words: a text may have blanks in it. */
static const char *rest(struct reader *reader)
{
	const char *text = NULL;

	for (const char *word = next(reader); word; word = next(reader))
		text = text ? talloc_asprintf(reader->words, "%s %s", text, word) : word;
	return text;
}

static bool read_mark(struct reader *reader, const char *name, struct event_pattern *event)
{
	event->query = QUERY_MARK;
	if (!mark_valid(name)) {
		bool glued = name[strcspn(name, "=<>!")] != '\0';

		complain(reader->place,
			glued ? "'%.80s' is no condition; put blanks around the operator"
			      : "'%.80s' is no condition",
			name);
		return false;
	}
	event->who = name;
	if (!peek(reader))
		return true;
	if (accept(reader, "has")) {
		event->op = CMP_HAS;
		event->word = rest(reader);
		event->has_value = true;
		return event->word || fail(reader, "the text is missing");
	}
	if (!read_operator(reader, false, &event->op))
		return false;
	event->word = next(reader);
	if (!event->word)
		return fail(reader, "the value is missing");
	event->has_value = true;
	if (number_parse(event->word, -(1L << 40), 1L << 40, &event->number))
		return true;
	return event->op == CMP_EQ || event->op == CMP_NE ||
	       fail(reader, "<, >, <= and >= need a number");
}

static void event_clear(struct event_pattern *event)
{
	*event = (struct event_pattern){.number = -1, .op = CMP_EQ};
}

/* An event takes all words up to the reader's end. */
static bool read_event(struct reader *reader, struct event_pattern *event)
{
	const char *name = next(reader), *verb = peek(reader);
	size_t index;

	event_clear(event);
	if (!name)
		return fail(reader, "an event is missing");
	if (!verb || verb[strspn(verb, "=<>!")] == '\0' || strcmp(verb, "has") == 0)
		return read_mark(reader, name, event) && expect_end(reader);
	if (!find_word(verb, event_verbs, &index)) {
		complain_unknown(reader->place, "event", verb, event_verbs);
		return false;
	}
	reader->at--;
	if (!read_participant(reader, &event->who))
		return false;
	reader->at++;
	return read_verb(reader, (enum event_query)index, event) && expect_end(reader);
}

static bool read_order(struct reader *reader, size_t before, struct condition *out)
{
	size_t end = reader->end;

	out->kind = CONDITION_ORDER;
	reader->end = before;
	if (!read_event(reader, &out->event))
		return false;
	reader->at = before + 1;
	reader->end = end;
	return read_event(reader, &out->later);
}

/* Takes "once", "twice", "N times" off the end. */
static bool read_count(struct reader *reader, struct condition *out)
{
	size_t left = reader->end - reader->at;
	const char *last = left > 1 ? reader->words[reader->end - 1] : "";
	long number;

	if (strcmp(last, "once") == 0 || strcmp(last, "twice") == 0) {
		out->count = last[0] == 'o' ? 1 : 2;
		reader->end--;
		return true;
	}
	if (strcmp(last, "times") != 0)
		return true;
	if (left < 3 || !number_parse(reader->words[reader->end - 2], 0, 1000, &number))
		return fail(reader, "'times' needs a number from 0 to 1000 before it");
	out->count = (int)number;
	reader->end -= 2;
	return true;
}

static bool read_happening(struct reader *reader, struct condition *out)
{
	for (size_t i = reader->at; i < reader->end; i++)
		if (strcmp(reader->words[i], "before") == 0)
			return read_order(reader, i, out);
	out->kind = CONDITION_EVENT;
	return read_count(reader, out) && read_event(reader, &out->event);
}

/* ---- states and relations ---- */

static bool split_attribute(struct reader *reader, const char **who, const char **attr)
{
	const char *word = next(reader);
	const char *dot = word ? strchr(word, '.') : NULL;

	if (!dot)
		return fail(reader, "NAME.ATTRIBUTE is missing");
	*who = talloc_strndup(reader->words, word, (size_t)(dot - word));
	*attr = talloc_strdup(reader->words, dot + 1);
	if (name_valid(*who))
		return true;
	complain(reader->place, "'%.80s' in '%.80s' is no participant's name", *who, word);
	return false;
}

static bool read_relation(struct reader *reader, struct condition *out)
{
	bool terminal = strcmp(out->who, "tty") == 0;
	static const char *const group[] = {"pgid", NULL};
	const char *const *allowed = terminal ? group : relations;
	size_t index;

	out->kind = CONDITION_RELATION;
	if (!read_operator(reader, true, &out->op))
		return false;
	if (!split_attribute(reader, &out->other, &out->other_attr))
		return false;
	if (strcmp(out->other, "tty") == 0)
		return fail(reader, "write 'tty.foreground = NAME.pgid', the terminal first,");
	if (find_word(out->other_attr, allowed, &index))
		return true;
	if (terminal)
		return fail(reader, "the foreground group is compared with NAME.pgid");
	complain_unknown(reader->place, "attribute", out->other_attr, allowed);
	return false;
}

static bool read_terminal(struct reader *reader, struct condition *out)
{
	size_t index;

	if (!find_word(out->attr, tty_attributes, &index)) {
		complain_unknown(reader->place, "attribute of tty", out->attr, tty_attributes);
		return false;
	}
	if (strcmp(out->attr, "foreground") == 0)
		return read_relation(reader, out);
	out->kind = CONDITION_MODE;
	return true;
}

static bool read_mask(struct reader *reader, struct condition *out)
{
	out->kind = CONDITION_MASK;
	if (!accept(reader, "has"))
		return fail(reader, "'has SIGNAL' is missing");
	return read_signal(reader, &out->sig);
}

static bool read_state(struct reader *reader, struct condition *out)
{
	out->kind = CONDITION_STATE;
	return read_operator(reader, true, &out->op) &&
	       read_word_of(reader, "state", states, &out->word);
}

static bool read_amount(struct reader *reader, enum condition_kind kind, struct condition *out)
{
	out->kind = kind;
	return read_operator(reader, false, &out->op) &&
	       read_number(reader, 0, 1000000, &out->number);
}

static bool read_attribute(struct reader *reader, struct condition *out)
{
	static const char *const known[] = {"pid", "ppid", "pgid", "sid", "foreground", "ignored",
		"blocked", "descriptors", "state", "forks", "zombies", NULL};
	size_t index;

	if (!split_attribute(reader, &out->who, &out->attr))
		return false;
	if (strcmp(out->who, "tty") == 0)
		return read_terminal(reader, out);
	if (!find_word(out->attr, known, &index)) {
		complain_unknown(reader->place, "attribute", out->attr, known);
		return false;
	}
	if (index < 4)
		return read_relation(reader, out);
	if (strcmp(out->attr, "foreground") == 0) {
		out->kind = CONDITION_FOREGROUND;
		return true;
	}
	if (strcmp(out->attr, "descriptors") == 0)
		return read_amount(reader, CONDITION_DESCRIPTORS, out);
	if (strcmp(out->attr, "state") == 0)
		return read_state(reader, out);
	if (strcmp(out->attr, "forks") == 0)
		return read_amount(reader, CONDITION_FORKS, out);
	if (strcmp(out->attr, "zombies") == 0)
		return read_amount(reader, CONDITION_ZOMBIES, out);
	return read_mask(reader, out);
}

static bool read_handovers(struct reader *reader, struct condition *out)
{
	out->kind = CONDITION_HANDOVERS;
	out->names = words_split(reader->words, "");
	if (!read_operator(reader, true, &out->op))
		return false;
	if (!peek(reader))
		return fail(reader, "participants, or 'none', are missing");
	if (accept(reader, "none"))
		return true;

	size_t count = reader->end - reader->at;

	out->names = talloc_zero_array(reader->words, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		if (!read_participant(reader, &out->names[i]))
			return false;
	return true;
}

static bool read_output(struct reader *reader, struct condition *out)
{
	out->kind = CONDITION_OUTPUT;
	if (!accept(reader, "has"))
		return fail(reader, "'has TEXT' is missing");
	out->word = rest(reader);
	return out->word || fail(reader, "the text is missing");
}

/* ---- what the variant decides ---- */

static bool find_vary(const struct binding *binding, const char *name, size_t *index)
{
	if (!binding || !binding->test_case || !name)
		return false;
	for (*index = 0; *index < binding->test_case->vary_count; (*index)++)
		if (strcmp(binding->test_case->vary[*index].name, name) == 0)
			return true;
	return false;
}

static bool read_constant(struct reader *reader, size_t index, struct condition *out)
{
	const struct vary *vary = &reader->binding->test_case->vary[index];
	const char *value = reader->binding->variant->values[index];
	bool found = false;

	out->kind = CONDITION_CONSTANT;
	out->who = next(reader);
	if (!accept(reader, "in")) {
		if (!read_operator(reader, true, &out->op))
			return false;
		if (reader->end - reader->at > 1)
			return fail(reader, "several values need 'in'");
	}
	if (!peek(reader))
		return fail(reader, "the value is missing");
	out->names = words_split(reader->words, "");
	for (const char *word = next(reader); word; word = next(reader)) {
		if (!words_contain(vary->values, word)) {
			complain_unknown(reader->place, "value", word, vary->values);
			return false;
		}
		words_add(&out->names, word);
		found = found || strcmp(word, value) == 0;
	}
	out->word = out->names[0];
	out->value = out->op == CMP_NE ? !found : found;
	return true;
}

/* ---- the whole ---- */

/* Takes "at LABEL" or "since LABEL" off the end. */
static bool read_look(struct reader *reader, struct condition *out)
{
	for (size_t i = reader->at; i < reader->end; i++) {
		bool at = strcmp(reader->words[i], "at") == 0;

		if (!at && strcmp(reader->words[i], "since") != 0)
			continue;
		if (i + 2 != reader->end || !name_valid(reader->words[i + 1]))
			return fail(reader, "'at' and 'since' take one label, at the end,");
		*(at ? &out->at : &out->since) = reader->words[i + 1];
		reader->end = i;
		return true;
	}
	return true;
}

static bool read_body(struct reader *reader, struct condition *out)
{
	const char *word = peek(reader);
	size_t index;

	if (!word)
		return fail(reader, "the condition is empty");
	if (find_vary(reader->binding, word, &index))
		return read_constant(reader, index, out);
	if (strcmp(word, "stuck") == 0) {
		reader->at++;
		out->kind = CONDITION_STUCK;
		return true;
	}
	if (strcmp(word, "output") == 0) {
		reader->at++;
		return read_output(reader, out);
	}
	if (strcmp(word, "handovers") == 0) {
		reader->at++;
		return read_handovers(reader, out);
	}
	if (strchr(word, '.'))
		return read_attribute(reader, out);
	return read_happening(reader, out);
}

void condition_clear(struct condition *condition)
{
	*condition = (struct condition){.text = "", .op = CMP_EQ, .number = -1, .count = -1};
	event_clear(&condition->event);
	event_clear(&condition->later);
}

static const char *joined_until(const void *parent, const char **words, size_t end)
{
	const char *kept = words[end], *text;

	words[end] = NULL;
	text = words_join(parent, words, " ");
	words[end] = kept;
	return text;
}

bool condition_read(const void *parent, const char *text, const struct binding *binding,
	struct condition *out, const struct place *place)
{
	struct reader reader = {parent, place, binding, text, words_split(parent, text), 0, 0};
	size_t index;

	condition_clear(out);
	reader.end = words_count(reader.words);
	out->no = accept(&reader, "no");
	/* A variant's values may be any words, even "at". */
	if (!find_vary(binding, peek(&reader), &index) && !read_look(&reader, out))
		return false;
	out->text = joined_until(reader.words, reader.words, reader.end);
	if (!read_body(&reader, out))
		return false;
	/* Events have looked at their own end: a count was taken off it. */
	if (out->kind == CONDITION_EVENT || out->kind == CONDITION_ORDER)
		return true;
	return expect_end(&reader);
}

bool condition_parse(const void *parent, const char *text, struct condition *out, const char *file,
	int line, struct diag *diag)
{
	struct place place = {file, line, diag};

	return condition_read(parent, text, NULL, out, &place);
}
