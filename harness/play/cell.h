/* One cell: one variant of one case on one shell, from the files to the judged record. */
#ifndef SIGMATRIX_CELL_H
#define SIGMATRIX_CELL_H

#include <jansson.h>

#include "../model/shell.h"
#include "player.h"

struct cell_job {
	const struct test_case *test_case;
	const struct variant *variant;
	const struct shell *shell;
};

/* What all cells of a run share. */
struct cell_context {
	struct shell *const *shells; /* every shell of shells/ (resolved): for ${SHELL:NAME} */
	size_t shell_count;
	const char *run;           /* directory of the run, see arena.h */
	const char *trace_refused; /* why there is no tracer though one was wanted, or NULL */
	const char *pid1_refused;  /* why no shell can be PID 1 here, or NULL */
	struct player_options player;
	sigset_t caller_mask; /* to be restored once nothing is left to be tidied up */
	bool timeline;        /* the answer has "events": the log as data */
	bool lines;           /* the answer has "lines" (the timeline to read), "steps" and "row" */
};

/* Plays the cell as number 'number' (of the worker: two cells with one number never run at the
 * same time). Returns a new JSON object {"cell": see cell_json(), ...}, or NULL when it was
 * cancelled. */
json_t *cell_play(const struct cell_context *context, const struct cell_job *job, int number);

/* A cell that could not be played at all, as cell_play() would give it. */
json_t *cell_broken(const struct cell_job *job, const char *why);

#endif
