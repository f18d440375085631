/* A shell under test: how to start it, as shells/NAME.shell says. Data only. */
#ifndef SIGMATRIX_SHELL_H
#define SIGMATRIX_SHELL_H

#include <stddef.h>

#include "case.h"

struct shell {
	const char *name; /* of the file, or of --shell NAME=... */
	const char *path; /* the shell file; NULL when given on the command line */
	const char *title;
	const char *family;
	const char *package;      /* Debian package, or NULL */
	const char *program;      /* as written: a name looked up in PATH, or a path */
	const char *argv0;        /* name the shell is called by, NULL: its own */
	const char **options;     /* NULL-terminated words given in every mode */
	const char **command;     /* words before the text, default -c */
	const char **script;      /* words before the file, default none */
	const char **stdin_words; /* default -s */
	const char **interactive; /* default -i */
	const char **env;         /* NAME=VALUE, NULL-terminated */
	const char **lacks;       /* features, NULL-terminated */
	const char *dialect;      /* default "posix" */
	const char *version_text; /* shell text that prints the version, or NULL */

	/* Filled in by shell_resolve(): */
	const char *file;    /* absolute path of the program, NULL when it is missing */
	const char *missing; /* why file is NULL, with what to do about it */
	const char *version; /* one line, "unknown" when it could not be read */
	const char *sha256;  /* of the program's file */
};

/* Reads one shell file (keys as in the fields above; "like: NAME" takes over what that file in
 * the same directory says, then this file's keys override). NULL on error, diag says why. */
struct shell *shell_load(const void *parent, const char *path, const char *name, struct diag *diag);

/* As shell_load, from memory: for tests and fuzzers. Files named by "like" are read. */
struct shell *shell_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag);

/* All *.shell files in dir, sorted by their "order:" key (a number, default 50) and then name. */
struct shell **shell_load_all(
	const void *parent, const char *dir, size_t *count, struct diag *diag);

/* NAME=COMMAND ARGS... (words split at blanks, no quoting) as from --shell. "dir" is where
 * a "like" would be found: a NAME of the form "OTHER:NAME=..."? is not supported; the ways of
 * posix shells are assumed. NULL on error, diag says why. */
struct shell *shell_from_option(const void *parent, const char *option, struct diag *diag);

/* Finds the program and computes its checksum. It starts nothing. */
void shell_resolve(struct shell *shell);

#endif
