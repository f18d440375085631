/* sigmatrix predict: what will become of a signal in a chain of programs. Facts about programs come
 * from measured cells only; how the cells combine is code (tree.c, react.c). */
#ifndef SIGMATRIX_PREDICT_H
#define SIGMATRIX_PREDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../chain/chain.h"
#include "../model/record.h"

enum form {
	FORM_LINK,
	FORM_COMMAND, /* sh -c 'program' */
	FORM_SCRIPT,  /* a foreground command, and something behind it */
	FORM_LAST,    /* the last line of a script */
	FORM_EXEC,
	FORM_WAIT,    /* program & wait */
	FORM_TRAP,    /* trap 'kill $!', program & wait; wait */
	FORM_JOB,     /* the last stage: default action */
	FORM_HANDLES, /* the last stage: catches it, and exits with 0 */
	FORM_COUNT
};

struct stage {
	char *text;          /* as it was given */
	const char *subject; /* name of the link or shell, "job" */
	enum form form;
	int who; /* process that runs it, or WHO_NONE: it became the next stage */
};

struct plan {
	struct stage *stages; /* talloc array */
	size_t count;
	int sig;
	enum chain_target to;
	bool tty; /* with a terminal; always with TARGET_TTY */
	bool pid1;
	const struct results *links, *shells; /* NULL: no file */
};

/* One thing that is predicted of a stage, and the cell it rests on. */
struct statement {
	int stage;
	char *text;
	const struct cell *cell; /* NULL: a rule of the kernel's */
};

/* How a signal came: alone, to the group, from a key. Cells were measured for each. */
enum origin { ORIGIN_ALONE, ORIGIN_GROUP, ORIGIN_TTY };

struct sim_proc {
	int stage;
	bool middle;        /* one of a stage's further processes */
	int group, session; /* the processes that lead them */
	int space; /* PID namespace: the process that is PID 1 of it, or -1: the outermost */
	uint64_t ignored, blocked;
	bool ended, was_there;
	/* The session's leader died while the key's signal was on its way to this one: HUP is then,
	 * too, and of two that are pending the kernel delivers the lower number first. */
	bool may_hang_up;
	bool or_hup; /* it died of the key, or of HUP, if that was first */
	int child;   /* WHO_NONE: none */
	int pending; /* signal it took and acts on when its child has ended */
	enum origin origin;
	const struct cell *kills; /* loses patience and kills its child, as there */
};

struct action {
	enum { ACT_DELIVER, ACT_CHILD_ENDED } kind;
	int who, sig, from;
	enum origin origin;
	char how; /* of the child's end: 'e', 's' */
	int number;
};

struct prediction {
	const struct plan *plan;
	struct chain *chain; /* as if it had been seen: judged by chain_judge() */
	struct judgement *judgement;
	struct sim_proc *procs; /* parallel to chain->log->procs */
	struct statement *statements;
	size_t statement_count;
	struct action *queue;
	size_t queue_count, queue_done;
	bool tty_hung_up;
	char *doubt; /* why nothing can be said, or NULL */
};

/* --- grammar.c --- */

/* Reads "tini | bash script | job". NULL: *error says why; talloc child of parent. */
bool plan_read(void *parent, struct plan *plan, const char *text, char **error);
const char *form_words(enum form form); /* "script"; "" for a link */

/* --- cells.c --- */

/* The cell, which is evidence from now on; NULL, and prediction->doubt is set: it was not played,
 * or is in doubt. */
const struct cell *cell_need(
	struct prediction *p, int stage, const char *case_name, const char *variant);
/* The same, but no doubt where it is missing. */
const struct cell *cell_look(
	struct prediction *p, int stage, const char *case_name, const char *variant);
bool cell_is(const struct cell *cell, const char *outcome);
/* Exit status that the fact names ("exit 143"), or -1. */
int cell_exit(const struct cell *cell, const char *fact);
/* Signal that the fact names ("signal KILL"), or 0. */
int cell_signal(const struct cell *cell, const char *fact);
/* Did the signal come to nothing, in a scene in which its subject's command did not end of it? It
 * was not delivered, or only when the command had ended: it is blocked meanwhile. */
bool cell_held(const struct cell *cell, const char *fact, const char *sig);
/* Is the word one of the fact's, which is an array? */
bool cell_has(const struct cell *cell, const char *fact, const char *word);

void say(struct prediction *p, int stage, const struct cell *cell, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void doubt(struct prediction *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- tree.c --- */

void tree_build(struct prediction *p);
const struct stage *stage_of(const struct prediction *p, int who);

/* --- react.c --- */

void play_signal(struct prediction *p);

/* --- predict.c --- */

struct prediction *predict(const void *parent, const struct plan *plan);
void predict_print_text(const struct prediction *p, FILE *out);
void predict_print_json(const struct prediction *p, FILE *out);

#endif
