/* A case: one question about one shell, as docs/case-format.md defines it. Data only: no process
 * is ever started here. */
#ifndef SIGMATRIX_CASE_H
#define SIGMATRIX_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

/* MODE_LINK: no shell is started, but a link, which is given a command. */
enum case_mode { MODE_COMMAND, MODE_SCRIPT, MODE_STDIN, MODE_INTERACTIVE, MODE_LINK };

/* Who leads the session; see the table in docs/case-format.md. */
enum case_session {
	SESSION_LEADER,
	SESSION_MEMBER,
	SESSION_SHARED,
	SESSION_BACKGROUND,
	SESSION_PID1 /* as SESSION_LEADER, and the first process of a PID namespace */
};

enum verdict { VERDICT_NONE, VERDICT_CONFORMS, VERDICT_PERMITTED, VERDICT_VIOLATES };

/* CMP_HAS: the text contains the word; marks only. */
enum compare { CMP_EQ, CMP_NE, CMP_LT, CMP_GT, CMP_LE, CMP_GE, CMP_HAS };

/* What a condition is about. CONDITION_EVENT and CONDITION_ORDER are about things that happen,
 * the others about states and relations. */
enum condition_kind {
	CONDITION_RELATION,    /* who.attr op other.attr */
	CONDITION_FOREGROUND,  /* who.foreground */
	CONDITION_MASK,        /* who.attr has sig; attr is "ignored" or "blocked" */
	CONDITION_DESCRIPTORS, /* who.descriptors op number */
	CONDITION_STATE,       /* who.state op word */
	CONDITION_FORKS,       /* who.forks op number */
	CONDITION_ZOMBIES,     /* who.zombies op number */
	CONDITION_HANDOVERS,   /* handovers op names */
	CONDITION_MODE,        /* tty.attr; attr is "echo", "icanon", "isig" */
	CONDITION_OUTPUT,      /* the terminal has printed word */
	CONDITION_STUCK,       /* an await was stuck */
	CONDITION_CONSTANT,    /* decided by the variant: value */
	CONDITION_EVENT,       /* event, perhaps counted */
	CONDITION_ORDER        /* event before later */
};

enum event_query {
	QUERY_STARTED,
	QUERY_GOT,     /* sig, other = sender or NULL */
	QUERY_SENT,    /* sig, other = target or NULL, group */
	QUERY_ENDED,   /* how: 0 any, 'e' exit, 's' signal; number = status or signal, -1 any */
	QUERY_STOPPED, /* sig, 0 any */
	QUERY_CONTINUED,
	QUERY_GAVE_TTY, /* other */
	QUERY_GROUPED,  /* other */
	QUERY_READ,     /* number */
	QUERY_FAILED,   /* word: the errno's name */
	QUERY_MARK      /* who = mark's name; word/number compared by op when has_value */
};

struct event_pattern {
	enum event_query query;
	const char *who;   /* participant, or the mark's name */
	const char *other; /* participant, "tty", "harness", "itself", or NULL */
	bool group;        /* sent to other's process group */
	int sig;           /* 0: any */
	char how;
	long number; /* -1: any */
	bool has_value;
	enum compare op;
	const char *word; /* value as written */
};

struct condition {
	const char *text; /* as written (after substitution), without "at"/"since" */
	bool no;          /* negated */
	enum condition_kind kind;
	const char *who, *attr, *other, *other_attr;
	enum compare op;
	int sig;
	long number;
	const char *word;
	const char **names; /* handovers: NULL-terminated; empty for "none" */
	bool value;         /* CONDITION_CONSTANT */
	struct event_pattern event, later;
	int count;              /* -1: happened at all; else exactly so often */
	const char *at, *since; /* labels, or NULL */
};

struct outcome_row {
	int line;
	const char *label;
	struct condition *conditions;
	size_t condition_count;
	enum verdict verdict;
	const char *meaning;
};

enum verb {
	VERB_TYPE,
	VERB_KEYS,
	VERB_PRESS,
	VERB_SIGNAL,
	VERB_STORM,
	VERB_TELL,
	VERB_HANGUP,
	VERB_RESIZE,
	VERB_AWAIT,
	VERB_SETTLE
};

/* STORM_MAX: who is not where the scene wants it after so many will not get there. */
enum { STORM_SIGNALS_MAX = 8, STORM_MAX = 1000 };

enum await_kind { AWAIT_READY, AWAIT_WAITING, AWAIT_EVENT };

struct step {
	int line;
	const char *text; /* the step as written, one space between words */
	enum verb verb;
	const char *who;             /* signal, storm, tell, await ready/waiting */
	bool group;                  /* signal NAME.group */
	int sigs[STORM_SIGNALS_MAX]; /* signal: the first; storm: all, up to the first 0 */
	char key;                    /* press, storm: the control character, or 0 */
	long times;                  /* storm: how often; 0: until the event */
	const char *arg; /* type, keys: text; tell: instruction; settle: label or NULL */
	int rows, columns;
	enum await_kind await;
	struct condition event; /* await EVENT, storm until EVENT */
};

struct extra_file {
	const char *name;
	const char *text;
};

/* One way through the variants: "INT" for SIG=INT, "INT,tty" for two vary lines, "" for none. */
struct variant {
	const char *name;
	const char **values; /* in the order of case->vary */
};

struct vary {
	const char *name;
	const char **values; /* NULL-terminated */
	int line;
};

struct block; /* raw lines with their numbers; private to case.c */

struct test_case {
	const char *path;
	const char *name;  /* "group/name" */
	const char *group; /* "group" */
	const char *title;
	const char *spec;
	const char *prose; /* paragraphs as written */
	const char *scene; /* the blocks but for the outcomes, as written */
	enum case_mode mode;
	bool terminal;
	enum case_session session;
	const char *session_vary; /* the variable whose value is the session, or NULL */
	bool busy;                /* never at rest by itself: stimuli do not wait for settling */
	const char *options;      /* "" when none */
	unsigned long long ignored, blocked; /* bit N-1 for signal N */
	const char **needs;                  /* NULL-terminated */
	struct vary *vary;
	size_t vary_count;
	struct variant *variants;
	size_t variant_count; /* at least 1 */
	struct block *blocks;
	size_t block_count;
};

/* A case made concrete for one variant and one shell: what the player plays. */
struct scene {
	const struct test_case *test_case;
	const struct variant *variant;
	enum case_session session;
	const char *script; /* of MODE_LINK: the line with the command; NULL for interactive */
	struct extra_file *files;
	size_t file_count;
	struct step *steps;
	size_t step_count;
	struct outcome_row *rows;
	size_t row_count;
	const char **names; /* NULL-terminated: participants and actors found in the texts */
	const char **marks; /* NULL-terminated */
};

/* Answers the words of ${SHELL} (name NULL) and ${SHELL:NAME}, NULL when that shell is not
 * installed; and the text of ${STARTUP} (name "STARTUP"), NULL when the shell's file has none. The
 * answer must live as long as the scene. */
typedef const char *(*shell_words)(void *context, const char *name);

/* Reads a case file. NULL when the file cannot be used: then the diag says why (every complaint
 * of the file, not only the first; steps and outcomes of all variants are checked too).
 * 'name' is "group/name". The case is a talloc child of parent. */
struct test_case *case_load(
	const void *parent, const char *path, const char *name, struct diag *diag);

/* As case_load, of a file that case_load() found in order: what its variants come to is not checked
 * once more, which is most of the work. */
struct test_case *case_load_again(
	const void *parent, const char *path, const char *name, struct diag *diag);

/* As case_load, from memory: for tests and fuzzers. */
struct test_case *case_parse(const void *parent, const char *path, const char *name,
	const char *text, size_t length, struct diag *diag);

/* Makes the case concrete. NULL and *na set to the reason when it does not apply (no text for the
 * dialect, an inner shell is missing). talloc child of parent. */
struct scene *case_scene(const void *parent, const struct test_case *tc,
	const struct variant *variant, const char *dialect, shell_words words, void *context,
	const char **na);

/* Does the name of a case match one of the globs (fnmatch; NULL or empty list: all; a glob without
 * '/' matches a group or the part after '/')? */
bool case_wanted(char *const *globs, const char *name);

/* Is that a name a case can be found by ("group/name")? Complains about the file otherwise. */
bool case_name_check(const char *path, const char *name, struct diag *diag);

/* All cases below dir whose name is wanted, sorted by name. Unusable files
 * are left out and complained about. Returns a talloc array, its length in *count. */
struct test_case **case_load_all(
	const void *parent, const char *dir, char *const *globs, size_t *count, struct diag *diag);

/* Parses one condition (a cell of an outcome row), for await and for tests. False: complaint in
 * diag. */
bool condition_parse(const void *parent, const char *text, struct condition *out, const char *file,
	int line, struct diag *diag);

/* "INT" or "SIGINT" or "RTMIN+1" to a number, 0 when unknown; and back ("INT", "RTMIN+1", "64"). */
int signal_number(const char *name);
const char *signal_name(int sig);

/* Does the step type text of a shell? Can it be stuck, because it waits for something? */
bool step_types(const struct step *step);
bool step_waits(const struct step *step);

const char *verdict_word(enum verdict verdict); /* "" for VERDICT_NONE */
const char *mode_word(enum case_mode mode);

/* What the process is called that a scene of the mode starts: "shell" or "link". */
const char *mode_subject(enum case_mode mode);
const char *session_word(enum case_session session);

#endif
