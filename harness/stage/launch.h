/* Starts the shell of a scene: its session, terminal, dispositions, mask and PID namespace. */
#ifndef SIGMATRIX_LAUNCH_H
#define SIGMATRIX_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/filter.h>

#include "../model/case.h"

/* The stack limit of every shell, where it is not less than what we are allowed. */
enum { LAUNCH_STACK_BYTES = 8 << 20 };

/* How a scene is kept together, so that nothing of it survives. */
enum isolation {
	ISOLATION_SUBREAPER, /* orphans come to the silent parent; a walk through /proc kills them
			      */
	ISOLATION_USER_PID,  /* user and PID namespace: for an ordinary user */
	ISOLATION_PID        /* PID namespace: for root */
};

struct launch_plan {
	const char *file;
	char *const *argv;
	char *const *env;
	const char *dir; /* working directory */
	int slave;       /* the terminal, or -1 */
	int input;       /* descriptor 0 without or instead of the terminal, or -1 */
	enum case_session session;
	uint64_t ignored, blocked; /* bit N-1 for signal N */
	enum isolation isolation;
	const struct sock_fprog *filter; /* installed right before execve, or NULL */
	bool no_new_privs;               /* the filter needs it */
	/* Called when the shell's process exists and waits: the tracer seizes it here, before it
	 * can do anything. 0 or -errno. May be NULL. */
	int (*seize)(void *context, pid_t shell);
	void *context;
};

struct launched {
	pid_t init;  /* the silent parent; PID 1 of its namespace. Kill it and all is over. */
	pid_t shell; /* in the caller's numbering */
	int wire;    /* readable when launch_read() has something; non-blocking */
};

/* Starts it. 0, or -errno with *step naming the call that failed (nothing is left then). The
 * execve itself is still ahead: its failure comes through launch_read(). */
int launch_start(const struct launch_plan *plan, struct launched *out, const char **step);

/* What the shell's parent has to say: 1 and *status as waitpid(2) told it (ended, stopped or
 * continued), 0: nothing now, or -errno with *step naming what failed before the shell ran. */
int launch_read(const struct launched *launched, int *status, const char **step);

/* Kills everything that was started and reaps it. */
void launch_end(struct launched *launched, enum isolation isolation);

/* The parts of it that another launcher needs; see chain/start.c. */

/* fork(2), into the namespaces of 'isolation' and those of 'flags' (CLONE_NEW..., only with a
 * namespace of its own). Returns as fork does. clone(2). */
pid_t launch_clone(enum isolation isolation, uint64_t flags);

/* For a child in a user namespace: everybody stays who they are. 0 or -errno.
 * user_namespaces(7). */
int launch_map_ids(pid_t pid);

/* In the child: every signal gets its default action, but for those ignored (bit N-1 for signal
 * N); the mask. By system call: libc leaves out its own two. */
void launch_reset_dispositions(uint64_t ignored);
void launch_set_mask(uint64_t mask);

#endif
