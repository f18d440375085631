/* What the limits that we were started with leave room for.  getrlimit(2), ulimit in a shell,
 * cgroups(7). */
#ifndef SIGMATRIX_LIMITS_H
#define SIGMATRIX_LIMITS_H

/* How many cells can be played at the same time, 'jobs' at most, within RLIMIT_NOFILE,
 * RLIMIT_NPROC and the pids.max of our control group: a shell whose fork fails for want of room
 * would be measured as if that were its way. 0: not even one. Where it is less than 'jobs', *why
 * says because of what and what helps (talloc, of parent), else it is NULL. */
long limits_jobs(const void *parent, long jobs, const char **why);

/* Raises our own hard limit of the stack where it is so small that shells die of it. NULL, or a
 * sentence (talloc, of parent) when we may not. setrlimit(2). */
const char *limits_stack(const void *parent);

#endif
