/* The header of a case file. */
#include <ctype.h>
#include <string.h>

#include <talloc.h>

#include "features.h"
#include "parts.h"
#include "signals.h"

static const char *const mode_words[] = {"command", "script", "stdin", "interactive", "link", NULL};
static const char *const session_words[] = {
	"leader", "member", "shared", "background", "pid1", NULL};
enum header_key {
	KEY_TITLE,
	KEY_MODE,
	KEY_SPEC,
	KEY_VARY,
	KEY_TERMINAL,
	KEY_SESSION,
	KEY_OPTIONS,
	KEY_IGNORED,
	KEY_BLOCKED,
	KEY_NEEDS,
	KEY_BUSY,
	KEY_COUNT
};

static const char *const key_words[] = {"title", "mode", "spec", "vary", "terminal", "session",
	"options", "ignored", "blocked", "needs", "busy", NULL};

/* The header being read. */
struct reader {
	struct test_case *tc;
	struct diag *diag;
	int seen[KEY_COUNT]; /* line of each key, 0: none yet */
	bool mode_unknown;
	const char *needs; /* as written: what the words may be depends on the mode */
};

const char *mode_word(enum case_mode mode)
{
	return mode_words[mode];
}

const char *mode_subject(enum case_mode mode)
{
	return mode == MODE_LINK ? "link" : "shell";
}

const char *session_word(enum case_session session)
{
	return session_words[session];
}

int session_read(const char *word)
{
	return words_find(session_words, word);
}

/* ---- values ---- */

static bool vary_name_valid(const char *name)
{
	return isupper((unsigned char)*name) &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static bool check_vary_name(const struct test_case *tc, const char *name, const struct place *place)
{
	static const char *const taken[] = {"SHELL", "STARTUP", "EVENTS", "ACTORS", "PATH", "HOME",
		"TERM", "LANG", "PS1", NULL};

	if (!vary_name_valid(name)) {
		complain(place, "'%.80s' must be upper-case letters, digits and '_'", name);
		return false;
	}
	if (words_contain(taken, name)) {
		complain(place, "the name '%s' is taken; choose another", name);
		return false;
	}
	for (size_t i = 0; i < tc->vary_count; i++) {
		if (strcmp(tc->vary[i].name, name) != 0)
			continue;
		complain(place, "'%s' varies in line %d already", name, tc->vary[i].line);
		return false;
	}
	return true;
}

static bool check_vary_values(const char *const *values, const struct place *place)
{
	if (words_count(values) == 0) {
		complain(place, "'vary' is written: NAME = word word ...");
		return false;
	}
	for (size_t i = 0; values[i]; i++) {
		/* Values name variants: in lists they are joined by commas, in paths by slashes. */
		if (strpbrk(values[i], ",/")) {
			complain(place, "the value '%.80s' must have no ',' and no '/'", values[i]);
			return false;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(values[i], values[j]) != 0)
				continue;
			complain(place, "the value '%.80s' is there twice", values[i]);
			return false;
		}
	}
	return true;
}

static void set_vary(struct reader *reader, const char *value, const struct place *place)
{
	struct test_case *tc = reader->tc;
	const char **words = words_split(tc, value);
	struct vary *vary;

	if (words_count(words) < 3 || strcmp(words[1], "=") != 0) {
		complain(place, "'vary' is written: NAME = word word ...");
		return;
	}
	if (!check_vary_name(tc, words[0], place) || !check_vary_values(words + 2, place))
		return;
	tc->vary = talloc_realloc(tc, tc->vary, struct vary, tc->vary_count + 1);
	vary = &tc->vary[tc->vary_count++];
	*vary = (struct vary){words[0], words + 2, place->line};
}

static unsigned long long read_signals(const char *value, const struct place *place)
{
	const char **words = words_split(NULL, value);
	unsigned long long set = 0;

	for (size_t i = 0; words[i]; i++) {
		int sig = signal_read(words[i], place);

		if (sig > 0 && !signal_catchable(sig))
			complain(place, "no process can ignore or block %s", words[i]);
		else if (sig > 0)
			set |= 1ULL << (sig - 1);
	}
	talloc_free(words);
	return set;
}

static void set_mode(struct reader *reader, const char *value, const struct place *place)
{
	int mode = words_find(mode_words, value);

	reader->mode_unknown = mode < 0;
	if (mode < 0)
		complain_unknown(place, "mode", value, mode_words);
	else
		reader->tc->mode = (enum case_mode)mode;
}

static void set_terminal(struct reader *reader, const char *value, const struct place *place)
{
	static const char *const words[] = {"no", "yes", NULL};
	int answer = words_find(words, value);

	if (answer < 0)
		complain_unknown(place, "answer", value, words);
	reader->tc->terminal = answer != 0;
}

static void set_busy(struct reader *reader, const char *value, const struct place *place)
{
	static const char *const words[] = {"no", "yes", NULL};
	int answer = words_find(words, value);

	if (answer < 0)
		complain_unknown(place, "answer", value, words);
	reader->tc->busy = answer > 0;
}

static void set_session(struct reader *reader, const char *value, const struct place *place)
{
	size_t length = strlen(value);

	if (length > 3 && strncmp(value, "${", 2) == 0 && value[length - 1] == '}') {
		reader->tc->session_vary = talloc_strndup(reader->tc, value + 2, length - 3);
		return; /* its 'vary' may come in a later line */
	}
	int session = session_read(value);
	if (session < 0)
		complain_unknown(place, "session", value, session_words);
	else
		reader->tc->session = (enum case_session)session;
}

/* The values of the variable that 'session' names are sessions, all of them. */
static void check_session_vary(const struct reader *reader)
{
	const struct test_case *tc = reader->tc;
	const struct vary *vary = NULL;

	if (!tc->session_vary)
		return;
	for (size_t i = 0; i < tc->vary_count; i++)
		if (strcmp(tc->vary[i].name, tc->session_vary) == 0)
			vary = &tc->vary[i];
	struct place place = {
		tc->path, vary ? vary->line : reader->seen[KEY_SESSION], reader->diag};
	if (!vary)
		complain(&place, "no 'vary' has the name '%.80s'", tc->session_vary);
	for (size_t i = 0; vary && vary->values[i]; i++)
		if (session_read(vary->values[i]) < 0)
			complain_unknown(&place, "session", vary->values[i], session_words);
}

static void set_key(
	struct reader *reader, enum header_key key, const char *value, const struct place *place)
{
	struct test_case *tc = reader->tc;

	switch (key) {
	case KEY_TITLE:
		tc->title = talloc_strdup(tc, value);
		return;
	case KEY_MODE:
		set_mode(reader, value, place);
		return;
	case KEY_SPEC:
		tc->spec = talloc_strdup(tc, value);
		return;
	case KEY_VARY:
		set_vary(reader, value, place);
		return;
	case KEY_TERMINAL:
		set_terminal(reader, value, place);
		return;
	case KEY_SESSION:
		set_session(reader, value, place);
		return;
	case KEY_OPTIONS:
		tc->options = talloc_strdup(tc, value);
		return;
	case KEY_IGNORED:
		tc->ignored = read_signals(value, place);
		return;
	case KEY_BLOCKED:
		tc->blocked = read_signals(value, place);
		return;
	case KEY_NEEDS:
		reader->needs = value;
		return;
	case KEY_BUSY:
		set_busy(reader, value, place);
		return;
	case KEY_COUNT:
		return;
	}
}

static void read_header_line(struct reader *reader, const char *line, const struct place *place)
{
	const char *name, *value;
	int key;

	if (!text_key_value(reader->tc, line, &name, &value)) {
		complain(place, "'%.80s' is no 'key: value' line; a blank line ends the header",
			line);
		return;
	}
	key = words_find(key_words, name);
	if (key < 0) {
		complain_unknown(place, "key", name, key_words);
		return;
	}
	if (reader->seen[key] > 0 && key != KEY_VARY) {
		complain(place, "'%s' is in line %d already", name, reader->seen[key]);
		return;
	}
	reader->seen[key] = place->line;
	if (*value == '\0') {
		complain(place, "'%s' has no value", name);
		reader->mode_unknown = reader->mode_unknown || key == KEY_MODE;
		return;
	}
	set_key(reader, (enum header_key)key, value, place);
}

static void check_required(struct reader *reader)
{
	static const enum header_key required[] = {KEY_TITLE, KEY_MODE, KEY_SPEC};

	for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
		if (reader->seen[required[i]] > 0)
			continue;
		diag_add(reader->diag, reader->tc->path, 1, "the header has no '%s'",
			key_words[required[i]]);
		reader->mode_unknown = reader->mode_unknown || required[i] == KEY_MODE;
	}
}

static void read_needs(struct reader *reader)
{
	struct test_case *tc = reader->tc;
	struct place place = {tc->path, reader->seen[KEY_NEEDS], reader->diag};

	if (reader->needs && !reader->mode_unknown)
		tc->needs = features_read(tc, reader->needs, tc->mode == MODE_LINK, &place);
}

/* A link has options of its own only: what it is given is the command. */
static void check_link(const struct reader *reader)
{
	if (reader->tc->mode == MODE_LINK && reader->seen[KEY_OPTIONS] > 0)
		diag_add(reader->diag, reader->tc->path, reader->seen[KEY_OPTIONS],
			"'options' are a shell's; those of a link are in its link file");
}

static void set_defaults(struct reader *reader)
{
	struct test_case *tc = reader->tc;
	bool interactive;

	/* Without a mode anything might be meant: allow what interactive shells can do. */
	if (reader->mode_unknown)
		tc->mode = MODE_INTERACTIVE;
	interactive = tc->mode == MODE_INTERACTIVE;
	if (reader->seen[KEY_TERMINAL] == 0)
		tc->terminal = interactive;
	if (reader->seen[KEY_SESSION] == 0)
		tc->session = interactive ? SESSION_LEADER : SESSION_MEMBER;
}

static bool is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

/* A block that begins where no blank line has ended the header. */
static bool begins_block(const char *line, const struct place *place)
{
	size_t length = strlen(line);

	for (size_t i = 0; case_block_words[i]; i++) {
		size_t word = strlen(case_block_words[i]);

		if (strncmp(line, case_block_words[i], word) != 0 || line[length - 1] != ':' ||
			(line[word] != ':' && line[word] != ' '))
			continue;
		complain(place, "the block '%s' must come after a blank line", case_block_words[i]);
		return true;
	}
	return false;
}

size_t header_read(struct test_case *tc, const struct text *text, int *mode_line, struct diag *diag)
{
	struct reader reader = {.tc = tc, .diag = diag};
	size_t at;

	for (at = 0; at < text->count && !text_blank(text->lines[at].text); at++) {
		struct place place = {tc->path, text->lines[at].number, diag};

		if (begins_block(text->lines[at].text, &place))
			break;
		if (!is_comment(text->lines[at].text))
			read_header_line(&reader, text->lines[at].text, &place);
	}
	check_required(&reader);
	check_session_vary(&reader);
	read_needs(&reader);
	check_link(&reader);
	set_defaults(&reader);
	*mode_line = reader.mode_unknown ? 0 : reader.seen[KEY_MODE];
	return at;
}
