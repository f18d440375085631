#include "command.h"

#include <string.h>

#include <talloc.h>

static const char spliced[] = "${COMMAND}", quoted_only[] = "${COMMAND:sh}";

/* The next of the two, and how long it is; NULL: none. */
static const char *find(const char *text, size_t *length)
{
	for (text = strstr(text, "${COMMAND"); text; text = strstr(text + 1, "${COMMAND")) {
		*length = strlen(spliced);
		if (strncmp(text, spliced, *length) == 0)
			return text;
		*length = strlen(quoted_only);
		if (strncmp(text, quoted_only, *length) == 0)
			return text;
	}
	return NULL;
}

bool command_in(const char *text)
{
	size_t length;

	return find(text, &length) != NULL;
}

const char *command_unknown(const void *parent, const char *text)
{
	size_t length;

	for (text = strstr(text, "${"); text; text = strstr(text + 2, "${"))
		if (find(text, &length) != text)
			return talloc_strndup(parent, text, strcspn(text, "}") + 1);
	return NULL;
}

static bool is_plain(const char *word)
{
	return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_-./=:,+@%")] == '\0';
}

/* sh has no way to write a quote between quotes: it ends them, and begins them anew. */
static char *append_quoted(char *out, const char *word)
{
	if (is_plain(word))
		return talloc_strdup_append_buffer(out, word);
	out = talloc_strdup_append_buffer(out, "'");
	for (; *word; word++)
		out = *word == '\'' ? talloc_strdup_append_buffer(out, "'\\''")
				    : talloc_strndup_append_buffer(out, word, 1);
	return talloc_strdup_append_buffer(out, "'");
}

const char *command_quote(const void *parent, const char *const *words)
{
	char *out = talloc_strdup(parent, "");

	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			out = talloc_strdup_append_buffer(out, " ");
		out = append_quoted(out, words[i]);
	}
	return out;
}

const char *command_fill(const void *parent, const char *text, const char *quoted)
{
	char *out = talloc_strdup(parent, "");
	size_t length;

	for (const char *at; (at = find(text, &length)); text = at + length) {
		out = talloc_strndup_append_buffer(out, text, (size_t)(at - text));
		out = talloc_strdup_append_buffer(out, quoted);
	}
	return talloc_strdup_append_buffer(out, text);
}

const char **command_arguments(
	const void *parent, const char *const *arguments, const char *const *words)
{
	const char **out = talloc_zero_array(parent, const char *, 1);
	const char *quoted = command_quote(out, words);
	size_t count = 0;

	for (size_t i = 0; arguments[i]; i++) {
		bool splice = strcmp(arguments[i], spliced) == 0;
		const char *filled = command_fill(out, arguments[i], quoted);
		const char *const one[] = {filled, NULL};

		for (const char *const *more = splice ? words : one; *more; more++) {
			out = talloc_realloc(parent, out, const char *, count + 2);
			out[count++] = *more;
			out[count] = NULL;
		}
	}
	return out;
}
