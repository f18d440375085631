/* What the subcommands share. Each lives in cmd-NAME.c and is one row of the table in main.c. */
#ifndef SIGMATRIX_CMD_H
#define SIGMATRIX_CMD_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/case.h"
#include "model/shell.h"
#include "play/cell.h"
#include "report/report.h"
#include "report/select.h"

/* Exit statuses; sigmatrix(1). */
enum { EXIT_AS_EXPECTED = 0, EXIT_REGRESSION = 1, EXIT_BAD_USAGE = 2, EXIT_NOT_MEASURED = 3 };

int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_lint(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_crosscheck(int argc, char **argv);
int cmd_chain(int argc, char **argv);
int cmd_flow(int argc, char **argv);
int cmd_predict(int argc, char **argv);

/* A growing list of words from the command line; NULL-terminated talloc array. */
struct words_option {
	char **words;
	size_t count;
};

/* Index of the word, or -1 after complaining, with the nearest where one is near. */
int choose_word(
	const char *command, const char *option, const char *word, const char *const *known);

/* Complains about a --format, so too. */
void unknown_format(const char *command, const char *name, const char *const *known);

void option_add(const void *parent, struct words_option *option, const char *word);

/* What cells are played on: --shell, or --links and --link. The three rows of a command's option
 * table, and their lines of its help. */
enum { OPT_ON_SHELL = 1024, OPT_ON_LINKS, OPT_ON_LINK };

#define SUBJECT_OPTIONS                                                                            \
	{"shell", required_argument, NULL, OPT_ON_SHELL},                                          \
		{"links", no_argument, NULL, OPT_ON_LINKS},                                        \
	{                                                                                          \
		"link", required_argument, NULL, OPT_ON_LINK                                       \
	}

#define SUBJECT_HELP                                                                               \
	"  --shell NAME         a shell of 'sigmatrix list', NAME=COMMAND ARGS..., or a path\n"    \
	"  --links              play on links (inits and wrappers) in place of shells\n"           \
	"  --link NAME          ... on this one of 'sigmatrix list --links', NAME=COMMAND "        \
	"WORDS... (to which\n"                                                                     \
	"                       the command is appended), or a path\n"

struct subjects_option {
	struct words_option names; /* those asked for; none: all */
	bool links;                /* names of links; all of them when there are none */
	bool shells;               /* --shell was given */
};

/* Takes in one of SUBJECT_OPTIONS; false if it is another option. */
bool subject_option(const void *parent, struct subjects_option *subjects, int option);

/* Links or shells, not both: false after complaining. */
bool check_subjects(const char *command, const struct subjects_option *subjects);

/* Prints "sigmatrix: message" on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints "sigmatrix COMMAND: message" and where to get help; returns EXIT_BAD_USAGE. */
int usage_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* getopt_long() that complains in our words, naming the nearest option. Returns as getopt_long,
 * '?' after the complaint was made. */
int next_option(int argc, char **argv, const struct option *options, const char *command);

/* A whole number within bounds; false after complaining. */
bool parse_count(
	const char *command, const char *option, const char *text, long min, long max, long *out);

/* Where cases/ or shells/ are: beside the source tree this program was built in, else installed.
 * talloc child of parent. */
char *data_path(const void *parent, const char *name);

/* The actor's program, or NULL after complaining. */
char *actor_path(const void *parent);

/* Cases by glob (an unknown one is an error that names the nearest), NULL after complaining.
 * Files that are malformed are an error too: nothing is played then. Of the cases those for links
 * or those for shells; a glob that finds only others is an error. */
struct test_case **load_cases(
	const void *parent, const char *dir, char **globs, bool links, size_t *count);

/* The catalogue of shells/, all resolved; NULL after complaining. */
struct shell **load_shells(const void *parent, size_t *count);

/* The catalogue of links/, all resolved; NULL after complaining. */
struct shell **load_links(const void *parent, size_t *count);

/* The shells, or links, to play on: those asked for (a name of the catalogue, NAME=COMMAND
 * ARGS..., or a path), all of the catalogue when nobody was. An unknown or missing one that was
 * asked for by name is an error. With versions read. NULL after complaining. */
struct shell **choose_shells(const void *parent, bool links, struct shell **catalogue,
	size_t catalogue_count, char **wanted, size_t wanted_count, size_t *count);

/* The results file, and of it what was selected; NULL after complaining. */
struct results *load_results(const void *parent, const char *command, const char *path,
	const struct selection *selection);

/* The report of that name, or NULL after complaining. */
const struct report *find_report(const char *command, const char *name);

enum trace_wish { TRACE_AUTO, TRACE_ON, TRACE_OFF };

bool parse_trace(const char *command, const char *text, enum trace_wish *out);
bool parse_colour(const char *command, const char *text);
bool parse_isolation(const char *command, const char *text, int *out);

/* Is /proc there, and ours? To be asked first: data_path() needs it, too. False after complaining.
 */
bool check_proc(void);

/* Lowers *jobs to what the process's limits leave room for, and says so. False after complaining:
 * not even one cell can be played. */
bool fit_limits(const void *parent, long *jobs);

/* Fills the context with what this machine allows (saying once what it refuses). False after
 * complaining: tracing was demanded and is refused, or no run directory could be made. */
bool open_context(void *parent, struct cell_context *context, enum trace_wish trace, int isolation);

/* Removes the run directory. Signals that would stop a run are held back between the two; one that
 * came too late to stop anything takes its effect at the end of this. */
void close_context(struct cell_context *context);

/* Dies of the signal that stopped a run, so that whoever started us sees it, whatever our mask.
 * Returns the exit status for where that is impossible: PID 1 of a namespace. */
int die_of_signal(int sig);

/* True when colours are welcome on this stream: --color always/never, else NO_COLOR, TERM=dumb
 * and whether it is a terminal decide. */
bool wants_colour(const char *option, int fd);
int terminal_width(int fd);

#endif
