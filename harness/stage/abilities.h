/* What this machine lets us do, tried out once rather than guessed. */
#ifndef SIGMATRIX_ABILITIES_H
#define SIGMATRIX_ABILITIES_H

#include <stdbool.h>

#include "launch.h"

struct abilities {
	enum isolation isolation; /* the best that works */
	bool trace;               /* PTRACE_SEIZE and the seccomp filter work in such a scene */
	bool no_new_privs;        /* the filter needs no_new_privs, which changes set-id programs */
	char *isolation_why;      /* why it is not a PID namespace, or NULL */
	char *trace_why;          /* why tracing is refused, or NULL */
};

/* Plays /bin/true-like scenes to find out. 'isolation' < 0: try all; else only that one.
 * talloc child of parent, never NULL. */
struct abilities *abilities_probe(
	const void *parent, int isolation, const struct sock_fprog *filter);

const char *isolation_word(enum isolation isolation); /* "user and pid namespace" */

#endif
