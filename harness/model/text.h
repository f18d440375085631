/* Reading of the small line formats people write (cases, shell files), and the complaints about
 * them. Private to model/. */
#ifndef SIGMATRIX_TEXT_H
#define SIGMATRIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

enum { TEXT_MAX_BYTES = 1 << 16, TEXT_MAX_LINE = 4096 };

struct text_line {
	int number; /* from 1 */
	const char *text;
};

struct text {
	struct text_line *lines;
	size_t count;
};

/* Where a complaint belongs. */
struct place {
	const char *file;
	int line;
	struct diag *diag;
};

#define complain(place, ...) diag_add((place)->diag, (place)->file, (place)->line, __VA_ARGS__)

/* "unknown WHAT 'WORD'; did you mean 'X'?", or the known words when none is near. */
void complain_unknown(
	const struct place *place, const char *what, const char *word, const char *const *known);

/* The file's lines. NULL when it cannot be read as text at all; lesser faults (carriage returns,
 * control characters, no newline at the end) are complained about and mended. */
struct text *text_read(const void *parent, const char *path, struct diag *diag);
struct text *text_parse(
	const void *parent, const char *path, const char *data, size_t length, struct diag *diag);

/* Splits "key: value" in place of a copy; false when the line has no such form. */
bool text_key_value(const void *parent, const char *line, const char **key, const char **value);

bool text_blank(const char *text);

/* Lists of words are NULL-terminated talloc arrays. */
const char **words_split(const void *parent, const char *text);
size_t words_count(const char *const *words);
/* Index of the word, or -1. */
int words_find(const char *const *words, const char *word);
bool words_contain(const char *const *words, const char *word);
/* Appends a copy, unless the list has the word already. */
void words_add(const char ***words, const char *word);
const char *words_join(const void *parent, const char *const *words, const char *between);

/* A participant's, label's, shell's name: [a-z][a-z0-9-]*. */
bool name_valid(const char *name);

/* A file's name in a block's head: letters, digits, '.', '_', '-', and it begins with a letter, a
 * digit or '_'. */
bool file_name_valid(const char *name);

/* The lines of a block, without the four spaces they are indented by. */
struct text_body {
	struct text_line *lines;
	size_t count;
};

/* Reads the lines from index 'at' on that are indented or blank (those at the end are left out);
 * complains about other indentations. Returns the index of the line behind them. */
size_t text_body(const void *parent, const struct text *text, size_t at, const char *path,
	struct diag *diag, struct text_body *out);

/* The lines as one text, each with its newline. */
const char *text_body_join(const void *parent, const struct text_line *lines, size_t count);

bool number_parse(const char *text, long min, long max, long *number);

#endif
