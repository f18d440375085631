/* Many cells in parallel. A worker is a process of one thread: ptrace belongs to a thread, and
 * waitpid(-1, __WALL) to a process. */
#ifndef SIGMATRIX_POOL_H
#define SIGMATRIX_POOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cell.h"

struct pool;

/* Blocks INT, TERM and HUP, those that a run is stopped by, but not those that we were started to
 * ignore (nohup(1), a shell's &): these stay ignored. For pool_run() to act on them, and until
 * nothing is left to be tidied up: a second one would kill us while we carry out the first. Gives
 * those it blocks and the mask before. */
void pool_hold_signals(sigset_t *held, sigset_t *before);

/* Starts 'workers' workers, of which 'steady' have a cell all the time; the others get one while a
 * processor has nothing to do, since some shells sleep more than they compute. To be called before
 * the cases are loaded: a worker starts every scene by a fork, which takes the longer the more
 * memory it has; each loads the case it is to play. From here on INT, TERM and HUP are kept for
 * pool_run(). Context and shells are borrowed. NULL and *error = -errno when no worker could be
 * started; else to be closed. */
struct pool *pool_open(const void *parent, const struct cell_context *context,
	struct shell *const *shells, size_t shell_count, int workers, int steady, int *error);

struct pool_work {
	const struct cell_job *jobs; /* one for each cell; their shells are those of pool_open() */
	size_t cell_count;
	size_t job_count; /* a multiple of cell_count: job N plays cell N % cell_count */
	/* Called in the caller's process for each job that was played, in the order they end. The
	 * answer is that of cell_play() without "events": these are 'timeline', one line of JSON,
	 * or NULL when the context does not want them. Both are borrowed. */
	void (*done)(void *data, size_t job, const json_t *answer, const char *timeline);
	const bool *played; /* by job: not to be played (again); NULL: all are to be */
	size_t played_count;
	void *data;
};

/* Plays all jobs. A worker that dies costs the cell it was playing (broken) and is replaced.
 * Returns 0, the number of the signal (INT, TERM, HUP) that asked us to stop (cells in flight are
 * then given up), or -errno when a worker could not be replaced. */
int pool_run(struct pool *pool, const struct pool_work *work);

/* Ends the workers, and whatever one that was killed has left running. */
void pool_close(struct pool *pool);

#endif
