#include "diag.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include <talloc.h>

#include "text.h"
#include "utf8.h"

enum { MESSAGE_MAX = 600, WORD_MAX_LENGTH = 40 };

struct diag *diag_new(const void *parent)
{
	return talloc_zero(parent, struct diag);
}

void diag_add(struct diag *diag, const char *file, int line, const char *fmt, ...)
{
	char *message = line > 0 ? talloc_asprintf(diag, "%s:%d: ", file, line)
				 : talloc_asprintf(diag, "%s: ", file);
	size_t prefix = strlen(message);
	va_list ap;

	va_start(ap, fmt);
	message = talloc_vasprintf_append(message, fmt, ap);
	va_end(ap);
	if (strlen(message + prefix) > MESSAGE_MAX)
		memcpy(message + prefix + MESSAGE_MAX - 3, "...", 4);
	diag->messages = talloc_realloc(diag, diag->messages, char *, diag->count + 1);
	diag->messages[diag->count++] = message;
}

/* Bytes that are no text, and control characters, those beyond ASCII too: terminals obey them. */
static bool must_escape(size_t length, uint32_t point)
{
	return length == 0 || point < 0x20 || (point >= 0x7f && point < 0xa0);
}

static char *escape(const void *parent, const char *text)
{
	char *out = talloc_strdup(parent, "");

	while (*text) {
		size_t plain = 0, length;
		uint32_t point;

		for (length = 1; text[plain]; plain += length) {
			length = utf8_decode(text + plain, &point);
			if (must_escape(length, point))
				break;
		}
		out = talloc_strndup_append_buffer(out, text, plain);
		text += plain;
		if (*text)
			out = talloc_asprintf_append_buffer(out, "\\x%02x", (unsigned char)*text++);
	}
	return out;
}

/* A line at a time: standard error has no buffer. */
void diag_print(const struct diag *diag, FILE *out)
{
	for (size_t i = 0; i < diag->count; i++) {
		char *line = escape(NULL, diag->messages[i]);

		fprintf(out, "sigmatrix: %s\n", line);
		talloc_free(line);
	}
}

static int min3(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance where two neighbours swapped count as one: the commonest slip of the fingers.
 * Upper and lower case count as the same. */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][WORD_MAX_LENGTH + 1];
	int *before = rows[0], *last = rows[1], *now = rows[2];
	int la = (int)strlen(a), lb = (int)strlen(b);

	for (int j = 0; j <= lb; j++)
		last[j] = j;
	for (int i = 1; i <= la; i++) {
		now[0] = i;
		for (int j = 1; j <= lb; j++) {
			int cost = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;

			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
				same_letter(a[i - 2], b[j - 1]))
				now[j] = min3(now[j], before[j - 2] + 1, INT_MAX);
		}

		int *spare = before;

		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

/* How many slips a word of that length may hold before a suggestion would be a guess. */
static int tolerance(size_t length)
{
	if (length <= 3)
		return 1;
	return length <= 6 ? 2 : 3;
}

const char *nearest_word(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	int best = tolerance(strlen(word)) + 1;

	if (strlen(word) > WORD_MAX_LENGTH)
		return NULL;
	for (; *words; words++) {
		if (strlen(*words) > WORD_MAX_LENGTH)
			continue;

		int distance = edit_distance(word, *words);

		/* A word that would have to change altogether resembles nothing. */
		if (distance < best && distance < (int)strlen(word)) {
			best = distance;
			nearest = *words;
		}
	}
	return nearest;
}

char *did_you_mean(const void *parent, const char *word, const char *const *words)
{
	const char *nearest = nearest_word(word, words);

	return nearest ? talloc_asprintf(parent, "; did you mean '%s'?", nearest)
		       : talloc_strdup(parent, "");
}
