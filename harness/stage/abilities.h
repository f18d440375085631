/* What this machine lets us do, tried out once rather than guessed. */
#ifndef SIGMATRIX_ABILITIES_H
#define SIGMATRIX_ABILITIES_H

#include <stdbool.h>

#include "launch.h"

struct abilities {
	enum isolation isolation; /* the best that works */
	bool trace;               /* PTRACE_SEIZE and the seccomp filter work in such a scene */
	const struct sock_fprog *filter; /* what scenes are to install, or NULL; see filter.h */
	bool no_new_privs;   /* the filter needs no_new_privs, which changes set-id programs */
	char *isolation_why; /* why it is not a PID namespace, or NULL */
	char *trace_why;     /* why tracing is refused, or NULL */
	char *pid1_why;      /* why no shell can be PID 1 of a namespace, or NULL */
	char *guard_why;     /* why scenes without a PID namespace are not guarded, or NULL */
};

/* Plays /bin/true-like scenes to find out. 'isolation' < 0: try all; else only that one.
 * talloc child of parent, never NULL. */
struct abilities *abilities_probe(const void *parent, int isolation, bool want_trace);

const char *isolation_word(enum isolation isolation); /* "user and pid namespace" */

#endif
