/* Many cells in parallel. A worker is a process of one thread: ptrace belongs to a thread, and
 * waitpid(-1, __WALL) to a process. */
#ifndef SIGMATRIX_POOL_H
#define SIGMATRIX_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cell.h"

struct pool {
	const struct cell_context *context;
	const struct cell_job *jobs; /* one for each cell */
	size_t cell_count;
	size_t job_count; /* a multiple of cell_count: job N plays cell N % cell_count */
	int workers;
	/* Called in the caller's process for each job that was played, in the order they end.
	 * The answer is borrowed. */
	void (*done)(void *data, size_t job, const json_t *answer);
	void *data;
};

/* Plays all jobs. A worker that dies costs the cell it was playing (broken) and is replaced.
 * Returns 0, the number of the signal (INT, TERM, HUP) that asked us to stop (cells in flight are
 * then given up and nothing is left running), or -errno when no worker could be started. */
int pool_run(const struct pool *pool);

#endif
