/* Steps, and the instructions for actors that one of them carries. */
#include <string.h>

#include <talloc.h>

#include "parts.h"
#include "signals.h"

static const char *const verbs[] = {"type", "keys", "press", "signal", "storm", "tell", "hangup",
	"resize", "await", "settle", NULL};

/* ---- instructions ---- */

static bool is_word(const char *word, const char *expected)
{
	return word && strcmp(word, expected) == 0;
}

static bool exit_status(const char *word, const struct place *place)
{
	long status;

	if (word && number_parse(word, 0, 255, &status))
		return true;
	complain(place, "'exit' needs a status from 0 to 255%s%.40s", word ? ", not " : "",
		word ? word : "");
	return false;
}

static bool given_signal(const char *verb, const char *word, const struct place *place)
{
	if (word)
		return signal_read(word, place) > 0;
	complain(place, "'%s' needs a signal", verb);
	return false;
}

static size_t send_read(const char *const *words, const struct place *place)
{
	static const char *const targets[] = {"parent", "group", NULL};

	if (!given_signal("send", words[1], place))
		return 0;
	if (words[2] && words_contain(targets, words[2]))
		return 3;
	complain(place, "'send %s' needs 'parent' or 'group'", words[1]);
	return 0;
}

static size_t on_read(const char *const *words, const struct place *place)
{
	if (!given_signal("on", words[1], place))
		return 0;
	if (!signal_catchable(signal_number(words[1]))) {
		complain(place, "no process can catch or ignore %s", words[1]);
		return 0;
	}
	if (is_word(words[2], "note") || is_word(words[2], "ignore") ||
		is_word(words[2], "default"))
		return 3;
	if (is_word(words[2], "exit"))
		return exit_status(words[3], place) ? 4 : 0;
	complain(place, "'on %s' goes on with 'exit N', 'note', 'ignore' or 'default'", words[1]);
	return 0;
}

size_t instruction_read(const char *const *words, const struct place *place)
{
	static const char *const known[] = {
		"exit", "die", "stop", "send", "on", "echo", "tostop", "read", "write", NULL};
	const char *verb = words[0];

	if (!verb) {
		complain(place, "an instruction is missing");
		return 0;
	}
	if (strcmp(verb, "stop") == 0 || strcmp(verb, "read") == 0 || strcmp(verb, "write") == 0)
		return 1;
	if (strcmp(verb, "exit") == 0)
		return exit_status(words[1], place) ? 2 : 0;
	if (strcmp(verb, "die") == 0)
		return given_signal(verb, words[1], place) ? 2 : 0;
	if (strcmp(verb, "send") == 0)
		return send_read(words, place);
	if (strcmp(verb, "on") == 0)
		return on_read(words, place);
	if (strcmp(verb, "echo") != 0 && strcmp(verb, "tostop") != 0) {
		complain_unknown(place, "instruction", verb, known);
		return 0;
	}
	if (is_word(words[1], "on") || is_word(words[1], "off"))
		return 2;
	complain(place, "'%s' goes on with 'on' or 'off'", verb);
	return 0;
}

/* ---- steps ---- */

/* A step being read: words[0] is the verb. */
struct reader {
	const void *parent;
	const struct place *place;
	const struct binding *binding;
	const char *rest; /* of the line, behind the verb */
	const char **words;
	size_t count;
};

static bool expect_words(const struct reader *reader, size_t min, size_t max, const char *usage)
{
	if (reader->count > min && reader->count <= max + 1)
		return true;
	complain(reader->place, "'%s' is written: %s", reader->words[0], usage);
	return false;
}

static bool expect_name(const struct reader *reader, const char *name)
{
	if (name_valid(name))
		return true;
	complain(reader->place, "'%.80s' is no name (lower-case letters, digits, '-')", name);
	return false;
}

static bool read_type(struct reader *reader, struct step *out)
{
	out->arg = talloc_strdup(reader->parent, reader->rest);
	return true;
}

static bool read_key(const struct reader *reader, const char *key, struct step *out)
{
	if (key[0] != '^' || strlen(key) != 2 || key[1] < '?' || key[1] > '_') {
		complain(reader->place,
			"'%.80s' is no control character; write ^ and one of @ A-Z [ \\ ] ^ _ ?",
			key);
		return false;
	}
	out->key = (char)(key[1] ^ 0x40);
	return true;
}

static bool read_press(struct reader *reader, struct step *out)
{
	return expect_words(reader, 1, 1, "press ^C") && read_key(reader, reader->words[1], out);
}

static bool read_target(const struct reader *reader, const char *target, struct step *out)
{
	const char *dot = strchr(target, '.');

	if (dot && strcmp(dot, ".group") != 0) {
		complain(reader->place, "'%.80s': only NAME and NAME.group can be sent signals",
			target);
		return false;
	}
	out->group = dot != NULL;
	out->who = dot ? talloc_strndup(reader->words, target, (size_t)(dot - target)) : target;
	return expect_name(reader, out->who);
}

static bool read_signal_step(struct reader *reader, struct step *out)
{
	if (!expect_words(reader, 2, 2, "signal SIG NAME or signal SIG NAME.group"))
		return false;
	out->sigs[0] = signal_read(reader->words[1], reader->place);
	return out->sigs[0] > 0 && read_target(reader, reader->words[2], out);
}

/* "USR1" or "USR1,USR2,HUP". */
static bool read_signals(const struct reader *reader, const char *list, struct step *out)
{
	char *rest, *copy = talloc_strdup(reader->words, list);
	size_t count = 0;

	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (count == STORM_SIGNALS_MAX) {
			complain(
				reader->place, "a storm has at most %d signals", STORM_SIGNALS_MAX);
			return false;
		}
		out->sigs[count] = signal_read(word, reader->place);
		if (out->sigs[count] == 0)
			return false;
		if (!signal_catchable(out->sigs[count++])) {
			complain(reader->place, "no process survives a storm of %s", word);
			return false;
		}
	}
	if (count == 0)
		complain(reader->place, "'storm' needs a signal or a key");
	return count > 0;
}

static bool read_await_event(struct reader *reader, const char *text, struct step *out);

/* What is left: "N times" or "until EVENT". */
static bool read_storm_end(struct reader *reader, size_t next, const char *usage, struct step *out)
{
	const char *until = strstr(reader->rest, " until ");

	if (is_word(reader->words[next], "until") && until && reader->words[next + 1])
		return read_await_event(reader, until + strlen(" until "), out);
	if (reader->count == next + 2 && is_word(reader->words[next + 1], "times")) {
		if (number_parse(reader->words[next], 1, STORM_MAX, &out->times))
			return true;
		complain(reader->place, "'%.80s': a storm has 1 to %d signals", reader->words[next],
			STORM_MAX);
		return false;
	}
	complain(reader->place, "'storm' is written: %s", usage);
	return false;
}

static const char *subject_of(const struct reader *reader)
{
	const struct test_case *tc = reader->binding->test_case;

	return mode_subject(tc ? tc->mode : MODE_INTERACTIVE);
}

static bool read_storm(struct reader *reader, struct step *out)
{
	static const char usage[] = "storm SIG[,SIG...] NAME until EVENT, storm ... N times, or "
				    "storm ^C until EVENT";

	if (!expect_words(reader, 3, reader->count, usage))
		return false;
	if (reader->words[1][0] == '^') {
		out->who = subject_of(reader);
		return read_key(reader, reader->words[1], out) &&
		       read_storm_end(reader, 2, usage, out);
	}
	return read_signals(reader, reader->words[1], out) &&
	       read_target(reader, reader->words[2], out) && read_storm_end(reader, 3, usage, out);
}

static bool read_tell(struct reader *reader, struct step *out)
{
	size_t taken;

	if (!expect_words(reader, 2, 6, "tell NAME INSTRUCTION"))
		return false;
	out->who = reader->words[1];
	if (!expect_name(reader, out->who))
		return false;
	taken = instruction_read(reader->words + 2, reader->place);
	if (taken == 0)
		return false;
	out->arg = words_join(reader->words, reader->words + 2, " ");
	if (taken + 2 == reader->count)
		return true;
	complain(reader->place, "'%.80s' is too much; tell one instruction in a step",
		reader->words[taken + 2]);
	return false;
}

static bool read_hangup(struct reader *reader, struct step *out)
{
	(void)out;
	return expect_words(reader, 0, 0, "hangup");
}

static bool read_resize(struct reader *reader, struct step *out)
{
	static const char usage[] = "resize ROWSxCOLUMNS, each from 1 to 9999";
	long rows, columns;
	char *cross;

	if (!expect_words(reader, 1, 1, usage))
		return false;

	char *size = talloc_strdup(reader->words, reader->words[1]);

	cross = strchr(size, 'x');
	if (cross)
		*cross = '\0';
	if (!cross || !number_parse(size, 1, 9999, &rows) ||
		!number_parse(cross + 1, 1, 9999, &columns)) {
		complain(reader->place, "'%.80s' is no size; write %s", reader->words[1], usage);
		return false;
	}
	out->rows = (int)rows;
	out->columns = (int)columns;
	return true;
}

static bool read_await_event(struct reader *reader, const char *text, struct step *out)
{
	out->await = AWAIT_EVENT;
	if (!condition_read(reader->words, text, reader->binding, &out->event, reader->place))
		return false;
	if (out->event.no) {
		complain(reader->place, "nobody can await that something does not happen; "
					"settle, and say 'no' in an outcome");
		return false;
	}
	if (out->event.at) {
		complain(reader->place, "'at' looks back; await an event, perhaps 'since LABEL'");
		return false;
	}
	if (out->event.kind == CONDITION_EVENT)
		return true;
	complain(
		reader->place, "'%.200s' is no event; only events can be awaited", out->event.text);
	return false;
}

static bool read_await(struct reader *reader, struct step *out)
{
	const char *last = reader->words[reader->count - 1];

	if (!expect_words(reader, 1, reader->count,
		    "await NAME ready, await shell waiting (or link), or await EVENT"))
		return false;
	if (reader->count != 3 || (strcmp(last, "ready") != 0 && strcmp(last, "waiting") != 0))
		return read_await_event(reader, reader->rest, out);
	out->await = *last == 'r' ? AWAIT_READY : AWAIT_WAITING;
	out->who = reader->words[1];
	if (!expect_name(reader, out->who))
		return false;
	if (out->await == AWAIT_READY || strcmp(out->who, subject_of(reader)) == 0)
		return true;
	complain(reader->place, "only the %s can be awaited 'waiting'; actors are 'ready'",
		subject_of(reader));
	return false;
}

static bool read_settle(struct reader *reader, struct step *out)
{
	if (!expect_words(reader, 0, 1, "settle or settle LABEL"))
		return false;
	out->arg = reader->words[1];
	return !out->arg || expect_name(reader, out->arg);
}

bool step_types(const struct step *step)
{
	return step->verb == VERB_TYPE || step->verb == VERB_KEYS;
}

bool step_waits(const struct step *step)
{
	return step->verb == VERB_AWAIT || (step->verb == VERB_STORM && step->times == 0);
}

bool step_read(const void *parent, const char *text, const struct binding *binding,
	struct step *out, const struct place *place)
{
	static bool (*const readers[])(struct reader *, struct step *) = {
		[VERB_TYPE] = read_type,
		[VERB_KEYS] = read_type,
		[VERB_PRESS] = read_press,
		[VERB_SIGNAL] = read_signal_step,
		[VERB_STORM] = read_storm,
		[VERB_TELL] = read_tell,
		[VERB_HANGUP] = read_hangup,
		[VERB_RESIZE] = read_resize,
		[VERB_AWAIT] = read_await,
		[VERB_SETTLE] = read_settle,
	};
	struct reader reader = {parent, place, binding, text, words_split(parent, text), 0};
	size_t verb = 0;

	*out = (struct step){.line = place->line};
	condition_clear(&out->event);
	reader.count = words_count(reader.words);
	while (verbs[verb] && strcmp(verbs[verb], reader.words[0]) != 0)
		verb++;
	if (!verbs[verb]) {
		complain_unknown(place, "verb", reader.words[0], verbs);
		return false;
	}
	out->verb = (enum verb)verb;
	reader.rest = text + strspn(text, " \t") + strlen(reader.words[0]);
	reader.rest += strspn(reader.rest, " \t");
	/* What is typed is text for a shell: its blanks may matter. */
	out->text = step_types(out) ? talloc_asprintf(parent, "%s %s", verbs[verb], reader.rest)
				    : words_join(parent, reader.words, " ");
	return readers[verb](&reader, out);
}
