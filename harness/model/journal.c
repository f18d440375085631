#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "text.h"

enum { JOURNAL_VERSION = 1 };

/* What every journal begins with. */
static const char magic[] = "{\"sigmatrix-journal\":";

#define NOTHING_PLAYED "; remove it to start anew; nothing was played"

/* --- lines --- */

static char *line_of(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT), *line = NULL;

	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	json_decref(object);
	return line;
}

char *journal_header_line(json_t *header)
{
	json_t *object = json_pack("{s:i}", "sigmatrix-journal", JOURNAL_VERSION);

	json_object_update(object, header);
	return line_of(object);
}

char *journal_play_line(size_t job, size_t timelines, json_t *cell)
{
	return line_of(json_pack("{s:I, s:I, s:O}", "job", (json_int_t)job, "timelines",
		(json_int_t)timelines, "cell", cell));
}

/* --- reading --- */

struct state {
	const struct journal_reader *reader;
	struct journal_extent *extent;
	struct place place;
};

/* A file that breaks off in its first line holds nothing, if it is one of ours at all. */
static bool is_ours(const char *line, size_t length)
{
	size_t known = strlen(magic);

	return strncmp(line, magic, length < known ? length : known) == 0;
}

static bool read_header(struct state *state, const json_t *header)
{
	const json_t *version = json_object_get(header, "sigmatrix-journal");

	if (!json_is_integer(version) || json_integer_value(version) != JOURNAL_VERSION) {
		complain(&state->place,
			"this sigmatrix reads journals of version %d only" NOTHING_PLAYED,
			JOURNAL_VERSION);
		return false;
	}
	return state->reader->header(state->reader->data, header);
}

static bool read_size(const json_t *object, const char *key, size_t *out)
{
	const json_t *number = json_object_get(object, key);

	*out = (size_t)json_integer_value(number);
	return json_is_integer(number) && json_integer_value(number) >= 0;
}

static enum journal_verdict read_play(struct state *state, const json_t *json)
{
	void *memory = talloc_new(NULL);
	enum journal_verdict verdict = JOURNAL_WRONG;
	const char *why = "it is no play";
	struct cell cell;
	struct journal_play play = {.cell = &cell};

	if (read_size(json, "job", &play.job) && read_size(json, "timelines", &play.timelines) &&
		cell_from_json(memory, json_object_get(json, "cell"), &cell))
		verdict = state->reader->play(state->reader->data, &play, &why);
	if (verdict == JOURNAL_WRONG)
		complain(&state->place, "the journal is damaged: %s" NOTHING_PLAYED, why);
	talloc_free(memory);
	return verdict;
}

/* True: go on. False after a complaint, or with *enough. */
static bool read_line(struct state *state, const char *line, size_t length, bool *enough)
{
	json_error_t error;
	json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	enum journal_verdict verdict = JOURNAL_WRONG;

	if (state->place.line == 1 && !is_ours(line, length))
		complain(&state->place, "this is no journal of sigmatrix" NOTHING_PLAYED);
	else if (!json)
		complain(&state->place, "the journal is damaged: %s" NOTHING_PLAYED, error.text);
	else if (state->place.line == 1)
		verdict = read_header(state, json) ? JOURNAL_TAKEN : JOURNAL_WRONG;
	else
		verdict = read_play(state, json);
	json_decref(json);
	*enough = verdict == JOURNAL_ENOUGH;
	if (verdict != JOURNAL_TAKEN)
		return false;
	state->extent->plays += state->place.line > 1;
	state->extent->bytes += length;
	return true;
}

bool journal_read(FILE *in, const char *path, const struct journal_reader *reader,
	struct journal_extent *extent, struct diag *diag)
{
	struct state state = {reader, extent, {path, 0, diag}};
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool good = true, enough = false;

	*extent = (struct journal_extent){0};
	while (good && (length = getline(&line, &size, in)) > 0) {
		state.place.line++;
		if (line[length - 1] != '\n') {
			good = state.place.line > 1 || is_ours(line, (size_t)length);
			if (!good)
				complain(&state.place,
					"this is no journal of sigmatrix" NOTHING_PLAYED);
			break;
		}
		good = read_line(&state, line, (size_t)length, &enough);
	}
	if (ferror(in)) {
		diag_add(diag, path, 0, "unable to read: %s", strerror(errno));
		good = false;
	}
	free(line);
	return good || enough;
}

/* --- is it the same run? --- */

struct differences {
	char **lines;
	size_t count;
	const char *section;
	bool secret;
};

/* NULL: it is not there. */
static const char *text_of(const json_t *value)
{
	if (!value)
		return NULL;
	return json_is_string(value) ? json_string_value(value) : "no text";
}

static void compare_values(
	struct differences *differences, const char *key, const json_t *was, const json_t *is)
{
	char *line;

	if (was && is && json_equal(was, is))
		return;
	line = talloc_asprintf(differences->lines, "%s %s: ", differences->section, key);
	if (!was)
		line = talloc_strdup_append(line, "was not there");
	else if (!is)
		line = talloc_strdup_append(line, "is not there any more");
	else if (differences->secret)
		line = talloc_strdup_append(line, "was changed");
	else
		line = talloc_asprintf_append(line, "was %s, is %s", text_of(was), text_of(is));
	differences->lines =
		talloc_realloc(NULL, differences->lines, char *, differences->count + 1);
	differences->lines[differences->count++] = line;
}

static void compare_section(struct differences *differences, const json_t *was, const json_t *is)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)is, key, value)
	{
		compare_values(differences, key, json_object_get(was, key), value);
	}
	json_object_foreach((json_t *)was, key, value)
	{
		if (!json_object_get(is, key))
			compare_values(differences, key, value, NULL);
	}
}

char **journal_differences(const void *parent, const json_t *was, const json_t *is,
	const char *const *secret, size_t *count)
{
	struct differences differences = {.lines = talloc_array(NULL, char *, 0)};
	const char *section;
	json_t *members;

	json_object_foreach((json_t *)is, section, members)
	{
		differences.section = section;
		differences.secret = words_contain(secret, section);
		compare_section(&differences, json_object_get(was, section), members);
	}
	*count = differences.count;
	return talloc_steal(parent, differences.lines);
}
