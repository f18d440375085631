/* Starts the user's command under the tracer, or takes hold of a tree that runs already. */
#ifndef SIGMATRIX_CHAIN_START_H
#define SIGMATRIX_CHAIN_START_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/filter.h>

#include "../watch/trace.h"

struct chain_start {
	char *const *argv;
	int slave;  /* the terminal, or -1 */
	int output; /* for descriptors 1 and 2, when there is no terminal */
	bool pid1;  /* as the first process of a PID namespace with its own /proc */
	const struct sock_fprog *filter;
	bool no_new_privs;
};

struct chain_started {
	pid_t pid;
	int wire;         /* the caller's to close */
	bool proc_failed; /* PID 1 has no /proc of its own */
};

/* Forks, seizes and lets go. The child leads a session of its own, with default dispositions, an
 * empty mask, and the terminal if there is one. 0, or -errno with *step naming the call that
 * failed. The execve is still ahead. */
int chain_start(const struct chain_start *plan, struct chain_started *out, const char **step);

/* When the process ended before its first exec: -errno and *step of what failed, else 0. */
int chain_start_failure(const struct chain_started *started, const char **step);

/* Adds the process, all below it and their threads to the watch; 'seize': traces them too. They
 * outlive us. 0 or -errno. */
int chain_attach(struct watch *watch, pid_t pid, bool seize);

#endif
