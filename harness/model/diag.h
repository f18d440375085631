/* Complaints about files people wrote: each names file and line, and says what to do. */
#ifndef SIGMATRIX_DIAG_H
#define SIGMATRIX_DIAG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct diag {
	char **messages; /* talloc children of the diag, in the order they were found */
	size_t count;
};

/* A new, empty list; talloc_free() it (or its parent). */
struct diag *diag_new(const void *parent);

/* Adds "FILE:LINE: message"; line 0 leaves the line out. */
void diag_add(struct diag *diag, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Prints every message, one a line, each prefixed by "sigmatrix: ". Bytes that a terminal
 * would obey are escaped. */
void diag_print(const struct diag *diag, FILE *out);

/* The word of the NULL-terminated list nearest to 'word' by edit distance, or NULL when none is
 * near enough to be worth suggesting. */
const char *nearest_word(const char *word, const char *const *words);

/* "; did you mean 'X'?" with the nearest, for the end of a complaint about an unknown word; ""
 * where none is near. talloc child of parent. */
char *did_you_mean(const void *parent, const char *word, const char *const *words);

#endif
