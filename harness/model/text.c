#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "utf8.h"

enum { LISTED_WORDS = 20 };

void complain_unknown(
	const struct place *place, const char *what, const char *word, const char *const *known)
{
	const char *nearest = nearest_word(word, known);

	if (nearest) {
		complain(place, "unknown %s '%.80s'; did you mean '%s'?", what, word, nearest);
		return;
	}
	if (words_count(known) == 0 || words_count(known) > LISTED_WORDS) {
		complain(place, "unknown %s '%.80s'", what, word);
		return;
	}

	char *list = (char *)words_join(NULL, known, ", ");

	complain(place, "unknown %s '%.80s'; known: %s", what, word, list);
	talloc_free(list);
}

/* The whole file, at most one byte more than is allowed; -errno on failure. */
static ssize_t read_all(const void *parent, const char *path, char **data)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t length = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	/* A directory or a FIFO would fail or hang in ways that explain nothing. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*data = talloc_array(parent, char, TEXT_MAX_BYTES + 1);
	while (length < TEXT_MAX_BYTES + 1) {
		got = read(fd, *data + length, TEXT_MAX_BYTES + 1 - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}

	int error = got < 0 ? errno : 0;

	close(fd);
	if (error == 0)
		return (ssize_t)length;
	talloc_free(*data);
	return -error;
}

struct text *text_read(const void *parent, const char *path, struct diag *diag)
{
	char *data = NULL;
	ssize_t length = read_all(parent, path, &data);
	struct text *text;

	if (length == -EINVAL) {
		diag_add(diag, path, 0, "not a regular file");
		return NULL;
	}
	if (length < 0) {
		diag_add(diag, path, 0, "unable to read: %s", strerror((int)-length));
		return NULL;
	}
	text = text_parse(parent, path, data, (size_t)length, diag);
	talloc_free(data);
	return text;
}

/* Faults that leave nothing to read on with. A NUL stands behind the data. */
static bool check_bytes(const char *path, const char *data, size_t length, struct diag *diag)
{
	int line = 1;
	size_t column = 0;

	for (size_t i = 0; i < length;) {
		uint32_t point;
		size_t bytes = utf8_decode(data + i, &point);

		if (data[i] == '\0') {
			diag_add(diag, path, line, "NUL byte; this must be a text file");
			return false;
		}
		if (bytes == 0) {
			diag_add(diag, path, line,
				"byte 0x%02x is not UTF-8; save the file as UTF-8",
				(unsigned char)data[i]);
			return false;
		}
		column += bytes;
		if (data[i] == '\n') {
			line++;
			column = 0;
		}
		if (column > TEXT_MAX_LINE) {
			diag_add(diag, path, line, "line is longer than %d bytes; break it",
				TEXT_MAX_LINE);
			return false;
		}
		i += bytes;
	}
	return true;
}

/* A carriage return at the line's end is dropped; it is complained about once, as a file that has
 * one usually has them all. */
static size_t mend_line(char *line, size_t length, const struct place *place, bool *returned)
{
	if (length > 0 && line[length - 1] == '\r') {
		if (!*returned)
			complain(place, "line ends with a carriage return; "
					"save the file with Unix line ends");
		*returned = true;
		line[--length] = '\0';
	}
	for (size_t i = 0; i < length; i++) {
		if (!iscntrl((unsigned char)line[i]) || line[i] == '\t')
			continue;
		complain(place, "control character 0x%02x; remove it", (unsigned char)line[i]);
		return length;
	}
	return length;
}

static void split_lines(
	struct text *text, const char *path, const char *data, size_t length, struct diag *diag)
{
	const char *at = data, *end = data + length;
	bool returned = false;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((newline ? newline : end) - at);
		struct place place = {path, (int)text->count + 1, diag};
		char *line = talloc_strndup(text, at, bytes);

		mend_line(line, bytes, &place, &returned);
		text->lines = talloc_realloc(text, text->lines, struct text_line, text->count + 1);
		text->lines[text->count++] = (struct text_line){place.line, line};
		if (!newline) {
			complain(&place, "the last line has no newline; the file may be cut off");
			return;
		}
		at = newline + 1;
	}
}

struct text *text_parse(
	const void *parent, const char *path, const char *data, size_t length, struct diag *diag)
{
	struct text *text;
	char *copy;
	size_t mark = 0;

	if (length == 0) {
		diag_add(diag, path, 0, "the file is empty");
		return NULL;
	}
	if (length > TEXT_MAX_BYTES) {
		diag_add(diag, path, 0, "the file is larger than %d bytes", TEXT_MAX_BYTES);
		return NULL;
	}
	text = talloc_zero(parent, struct text);
	copy = talloc_zero_array(text, char, length + 1);
	memcpy(copy, data, length);
	if (strncmp(copy, "\xef\xbb\xbf", 3) == 0) {
		diag_add(diag, path, 1, "byte order mark; save the file without it");
		mark = 3;
	}
	if (check_bytes(path, copy + mark, length - mark, diag)) {
		split_lines(text, path, copy + mark, length - mark, diag);
		return text;
	}
	talloc_free(text);
	return NULL;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

bool text_blank(const char *text)
{
	return *skip_blanks(text) == '\0';
}

bool text_key_value(const void *parent, const char *line, const char **key, const char **value)
{
	size_t length =
		strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	char *copy;

	if (length == 0 || line[length] != ':')
		return false;
	if (line[length + 1] != '\0' && line[length + 1] != ' ' && line[length + 1] != '\t')
		return false;
	*key = talloc_strndup(parent, line, length);
	copy = talloc_strdup(parent, skip_blanks(line + length + 1));
	for (size_t end = strlen(copy); end > 0 && strchr(" \t", copy[end - 1]); end--)
		copy[end - 1] = '\0';
	*value = copy;
	return true;
}

size_t words_count(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

static void append_word(const char ***words, char *word)
{
	size_t count = words_count(*words);

	*words = talloc_realloc(NULL, *words, const char *, count + 2);
	(*words)[count] = talloc_steal(*words, word);
	(*words)[count + 1] = NULL;
}

void words_add(const char ***words, const char *word)
{
	if (!words_contain(*words, word))
		append_word(words, talloc_strdup(*words, word));
}

const char **words_split(const void *parent, const char *text)
{
	const char **words = talloc_zero_array(parent, const char *, 1);

	for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
		size_t length = strcspn(text, " \t");

		append_word(&words, talloc_strndup(words, text, length));
		text += length;
	}
	return words;
}

int words_find(const char *const *words, const char *word)
{
	for (int i = 0; words && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

bool words_contain(const char *const *words, const char *word)
{
	return words_find(words, word) >= 0;
}

const char *words_join(const void *parent, const char *const *words, const char *between)
{
	char *joined = talloc_strdup(parent, "");

	for (size_t i = 0; words[i]; i++)
		joined = talloc_asprintf_append_buffer(
			joined, "%s%s", i > 0 ? between : "", words[i]);
	return joined;
}

bool name_valid(const char *name)
{
	if (!islower((unsigned char)*name))
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

bool number_parse(const char *text, long min, long max, long *number)
{
	const char *digits = *text == '-' ? text + 1 : text;
	char *end;
	long value;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < min || value > max)
		return false;
	*number = value;
	return true;
}

bool file_name_valid(const char *name)
{
	return *name && *name != '.' && *name != '-' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789._-")] == '\0';
}

/* The line without its four spaces, or NULL after a complaint. */
static const char *unindent(const char *line, const struct place *place)
{
	size_t indent = strspn(line, " ");

	if (indent >= 4)
		return line + 4;
	if (text_blank(line))
		return "";
	complain(place, "lines of a block are indented by four spaces%s",
		line[indent] == '\t' ? ", not by a tab" : "");
	return NULL;
}

size_t text_body(const void *parent, const struct text *text, size_t at, const char *path,
	struct diag *diag, struct text_body *out)
{
	size_t count = 0;

	*out = (struct text_body){NULL, 0};
	for (; at < text->count; at++) {
		const struct text_line *line = &text->lines[at];
		struct place place = {path, line->number, diag};
		const char *words;

		if (line->text[0] != '\0' && line->text[0] != ' ' && line->text[0] != '\t')
			break;
		words = unindent(line->text, &place);
		if (!words)
			continue;
		out->lines = talloc_realloc(parent, out->lines, struct text_line, count + 1);
		out->lines[count++] =
			(struct text_line){line->number, talloc_strdup(out->lines, words)};
		if (!text_blank(words))
			out->count = count;
	}
	return at;
}

const char *text_body_join(const void *parent, const struct text_line *lines, size_t count)
{
	char *joined = talloc_strdup(parent, "");

	for (size_t i = 0; i < count; i++)
		joined = talloc_asprintf_append_buffer(joined, "%s\n", lines[i].text);
	return joined;
}
