/* How the command of a case is put into a link's arguments and files. */
#ifndef SIGMATRIX_COMMAND_H
#define SIGMATRIX_COMMAND_H

#include <stdbool.h>

/* Does the text have ${COMMAND} or ${COMMAND:sh} in it? */
bool command_in(const char *text);

/* The first ${...} of the text that is neither, or NULL. talloc child of parent. */
const char *command_unknown(const void *parent, const char *text);

/* The words as one string that sh reads as these words. talloc child of parent. */
const char *command_quote(const void *parent, const char *const *words);

/* The text with the quoted command for each ${COMMAND} and ${COMMAND:sh}. talloc child of
 * parent. */
const char *command_fill(const void *parent, const char *text, const char *quoted);

/* The arguments with the command put in: ${COMMAND} as a word of its own becomes the command's
 * words; anywhere else, and as ${COMMAND:sh}, it becomes one string. NULL-terminated talloc child
 * of parent. */
const char **command_arguments(
	const void *parent, const char *const *arguments, const char *const *words);

#endif
