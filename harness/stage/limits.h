/* What the limits that we were started with leave room for.  getrlimit(2), ulimit in a shell. */
#ifndef SIGMATRIX_LIMITS_H
#define SIGMATRIX_LIMITS_H

/* How many cells can be played at the same time, 'jobs' at most, within RLIMIT_NOFILE and
 * RLIMIT_NPROC: a shell whose fork fails for want of room would be measured as if that were its
 * way. 0: not even one. Where it is less than 'jobs', *why says because of what and what helps
 * (talloc, of parent), else it is NULL. */
long limits_jobs(const void *parent, long jobs, const char **why);

#endif
