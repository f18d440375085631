/* "Has it settled?": looks at every process of a scene through /proc, without touching it. */
#ifndef SIGMATRIX_LOOK_H
#define SIGMATRIX_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "trace.h"

/* What one process was doing. */
struct seen {
	int who;
	pid_t outer;
	char state;             /* as in /proc/PID/stat; 'x': gone */
	long number;            /* of the system call it is blocked in, -1: none or unknown */
	int waits_for;          /* in a wait: its pid argument, as wait4(2) has it; see look.c */
	bool reads_terminal;    /* see look_at_prompt() */
	bool timed;             /* one of its threads waits with a timeout that the scene may see */
	unsigned long switches; /* context switches of both kinds */
	int threads;
	uint64_t pending; /* deliverable: pending and not blocked */
	uint64_t held;    /* pending, but blocked */
	struct proc_status status;
};

struct look {
	struct seen *seen; /* talloc array */
	size_t count;
	int busy;        /* index of a process that is not at rest, or WHO_NONE: quiet */
	const char *why; /* what that process is doing */
};

/* Looks at the live processes, up to the first that is busy. Untraced, this is also how new
 * processes are found (below the silent parent) and old ones missed. The look's memory is reused
 * from call to call. */
void look_take(struct look *look, struct watch *watch);

/* What /proc says of the process now. False: nothing. */
bool look_status(const struct watch *watch, int who, struct proc_status *status);

/* The ids in what a process in a PID namespace below the scene's says of itself become those that
 * the scene has for them. */
void look_translate(const struct watch *watch, int who, struct proc_status *status);

/* Of one process: the signals that are pending, blocked or not (bit N-1 for signal N), its own and
 * those for any of its threads. 0 when it is gone. */
uint64_t look_pending(const struct watch *watch, int who);

/* Of a traced process that a signal interrupts: notes whether the call it was in had a timeout. Of
 * a call that goes on as restart_syscall the kernel does not tell any more. */
void look_interrupted(struct watch *watch, int who);

/* Untraced: brings the list of processes up to date. */
void look_find_processes(struct watch *watch);

/* True when nothing ran between two quiet looks: same processes, states, switch counters, system
 * calls and pending signals. If both were quiet the whole scene was asleep at one instant between
 * them, and only the harness or the terminal can wake it. */
bool look_equal(const struct look *a, const struct look *b);

/* Of two quiet looks, the second later: what has become of those who wait with a timeout? */
enum round {
	ROUND_OTHER,  /* somebody else ran, or waits in another way */
	ROUND_WAITS,  /* nobody else ran, but not all of them have woken */
	ROUND_CLOSED, /* nobody else ran, and they have all woken and gone back to their waits */
};
enum round look_round(const struct look *first, const struct look *second);

/* The process in the look, or NULL. */
const struct seen *look_find(const struct look *look, int who);

/* True when the process is blocked, without a timeout, reading or polling a terminal. */
bool look_at_prompt(const struct seen *seen);

#endif
