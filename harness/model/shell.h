/* A shell under test: how to start it, as shells/NAME.shell says. Or a link, as links/NAME.link
 * says: a program that is given a command and runs it. Data only. */
#ifndef SIGMATRIX_SHELL_H
#define SIGMATRIX_SHELL_H

#include <stddef.h>

#include "case.h"

enum subject_kind {
	SUBJECT_SHELL,
	SUBJECT_INIT,   /* a link that is made to be PID 1 */
	SUBJECT_WRAPPER /* any other link */
};

/* What a link's waits with a timeout, again and again, mean for when it has come to rest.
 * sigmatrix-link(5). */
struct link_timer {
	enum timer_kind {
		TIMER_NONE,
		TIMER_PERIODIC, /* for nothing of the scene's: such a wait is rest */
		TIMER_POLLING, /* to look for what has happened: it is rest once that was nothing */
	} kind;
	int polling_ms; /* how often it looks at least; 0: not said, it has one timer only */
};

struct shell {
	enum subject_kind kind;
	const char *name; /* of the file, or of --shell NAME=..., --link NAME=... */
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
	const char *startup_text; /* shell text that ${STARTUP} stands for, or NULL */
	const char *version_text; /* shell text that prints the version, or NULL; of a link: the
				     words it prints it for */

	/* Of links only: */
	const char **arguments;   /* words behind the options, with ${COMMAND} in them; command.h */
	struct extra_file *files; /* of the scene's directory; names may have directories in them */
	size_t file_count;
	bool environment_lost; /* the command does not get the link's environment */
	bool untraced;         /* a tracer itself, so nobody else can trace what it runs */
	struct link_timer timer;
	const char **probes; /* commands that must exit 0, or the link cannot run here */

	/* Filled in by shell_resolve(): */
	const char *file;    /* absolute path of the program, NULL when it is missing */
	const char *missing; /* why file is NULL, with what to do about it */
	const char *version; /* one line, "unknown" when it could not be read */
	const char *sha256;  /* of the program's file, "unknown" before shell_checksum() */
};

/* Reads one shell file, or a link file where the path ends in ".link" (keys as in the fields above;
 * "like: NAME" takes over what that file in the same directory says, then this file's keys
 * override). NULL on error, diag says why. */
struct shell *shell_load(const void *parent, const char *path, const char *name, struct diag *diag);

/* As shell_load, from memory: for tests and fuzzers. Files named by "like" are read. */
struct shell *shell_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag);

/* All *.shell files in dir, sorted by their "order:" key (a number, default 50) and then name. */
struct shell **shell_load_all(
	const void *parent, const char *dir, size_t *count, struct diag *diag);

/* All *.link files in dir, in the same order. */
struct shell **link_load_all(const void *parent, const char *dir, size_t *count, struct diag *diag);

/* NAME=COMMAND ARGS... (words split at blanks, no quoting) as from --shell: the ways of posix
 * shells are assumed. NULL on error, diag says why. */
struct shell *shell_from_option(const void *parent, const char *option, struct diag *diag);

/* The same, as from --link: the command of a case is appended to it. */
struct shell *link_from_option(const void *parent, const char *option, struct diag *diag);

/* "shell", "init", "wrapper"; and back: -1 for any other word. */
const char *subject_kind_word(enum subject_kind kind);
int subject_kind_read(const char *word);

/* "none", "periodic", "polling". */
const char *timer_kind_word(enum timer_kind kind);

/* Finds the program. It starts nothing. */
void shell_resolve(struct shell *shell);

/* Sets sha256, of a program that was found; for what is kept of it, since it reads the whole file.
 */
void shell_checksum(struct shell *shell);

#endif
