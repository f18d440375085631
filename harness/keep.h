/* What a run writes while it is going on: the timelines, and the journal from which --resume goes
 * on. The results themselves are written at the end (results_save). */
#ifndef SIGMATRIX_KEEP_H
#define SIGMATRIX_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/journal.h"

struct keep;

struct keep_wish {
	const char *output; /* the results file; the others are beside it */
	bool resume;
	bool quiet;
	json_t *run; /* what must be the same: see journal_differences() */
	const char *date, *command;
	/* With 'resume', called for each play of the journal, in the order they ended. */
	enum journal_verdict (*play)(void *data, const struct journal_play *play, const char **why);
	/* Before them, once: when the run began, and by which command line. */
	void (*began)(void *data, const char *date, const char *command);
	void *data;
};

/* Opens the files: new ones, or with 'resume' those of the run that was interrupted. NULL after
 * complaining: a journal is there that may not be lost, or is of another run, or damaged, or in
 * use, or nothing can be written; *status is then what to exit with. talloc child of parent. */
struct keep *keep_open(const void *parent, const struct keep_wish *wish, int *status);

/* A play that is over. When this returns, its timeline (or NULL) and its line in the journal
 * outlive the program; a helper process sees to it at once that they outlive the machine, too. */
void keep_play(struct keep *keep, size_t job, json_t *cell, const char *timeline);

/* The same, but for the journal: a cell that could not be played is to be played again. */
void keep_timeline(struct keep *keep, const char *timeline);

/* Puts the timelines into their place and ends the journal. When the run is not complete (was
 * interrupted, or its results could not be written) what --resume needs stays. To be called when
 * the pool is closed, which ends the helper. False after complaining. */
bool keep_close(struct keep *keep, bool complete);

/* Is there anything for --resume? */
bool keep_resumable(const struct keep *keep);

#endif
