/* The witness outside: ptrace(2) events become log events. */
#ifndef SIGMATRIX_TRACE_H
#define SIGMATRIX_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "../model/log.h"

/* What the tracer must remember of a process, beside log->procs. */
struct tracee {
	bool alive;         /* has not ended, as far as the tracer or the shell's parent told */
	bool leads;         /* has made a session */
	bool gone;          /* has been reaped: nothing of it is left in /proc */
	bool listening;     /* in a group-stop, waiting for SIGCONT (PTRACE_LISTEN) */
	bool thread;        /* a thread, not a process of its own */
	int process;        /* index of the process a thread belongs to; of a process: its own */
	pid_t own;          /* its number in a PID namespace below the scene's; 0: it is in none */
	bool timed;         /* its last known system call had a timeout; see look.c */
	long call_event;    /* index of the event whose system call has not returned, or -1 */
	bool waits;         /* in rt_sigtimedwait, with FILTER_WAITS ... */
	unsigned long info; /* ... which tells of the signal here, 0: nowhere */
	uint64_t polled;    /* the set of its last rt_sigtimedwait, unless that took a signal */
};

struct watch {
	struct log *log;
	struct tracee *tracees; /* talloc array, parallel to log->procs */
	pid_t init;             /* the silent parent, in the harness's numbering */
	bool namespaced;        /* pids inside differ from ours */
	bool pid1;              /* the shell is PID 1 inside, and the silent parent is outside */
	int depth;              /* of the scene's PID namespace, ours is 1: numbers are those there,
				   also of processes in one below it; 0: each has its innermost */
	bool periodic;          /* waits with a timeout count as rest */
	dev_t terminal;         /* the scene's, of which TIOCSPGRP is told; 0: of any */
	const int *master;      /* its other end, -1 once closed; not NULL where there is one */
	bool storm;             /* the harness is sending very many signals ... */
	size_t storm_began;     /* ... since this event */
	struct {
		int sig;      /* 0: none yet */
		pid_t target; /* as for kill(2), in the harness's numbering */
		size_t at;    /* how many events there were */
	} sent;               /* by the harness, last */
};

/* A watch for log; its first process, the shell, is added when it is known.
 * talloc child of parent. */
struct watch *watch_new(const void *parent, struct log *log, bool namespaced);

/* Adds a process (see log_proc) and its tracee; returns the index. */
int watch_proc(struct watch *watch, pid_t outer, int parent);

/* The silent parent's number inside the scene; 0, as getppid() gives it, where it is outside. */
pid_t watch_init_pid(const struct watch *watch);

/* Index of the live process with that number as the harness sees it, or WHO_NONE. */
int watch_find_outer(const struct watch *watch, pid_t outer);

/* Index of the latest process with that number inside the scene; WHO_INIT; or WHO_NONE. */
int watch_find_inner(const struct watch *watch, pid_t inner);

/* The controlling terminal of the process where that is not the scene's; 0: the scene's, or none.
 */
dev_t watch_other_terminal(const struct watch *watch, pid_t outer);

/* Who sent a signal, from the siginfo its receiver got, as that source tells. */
int watch_sender(const struct watch *watch, enum source source, int receiver, int sig, int code,
	pid_t inner);

/* The scene's PID namespace is that of this process, which is about to be its first. */
void watch_settle_depth(struct watch *watch, pid_t outer);

/* Seizes a process that is waiting to be started, or a thread. With 'bound' it does not outlive
 * us. 0 or -errno. PTRACE_SEIZE, ptrace(2). */
int trace_seize_thread(pid_t tid, bool bound);
int trace_seize(pid_t pid); /* bound */

/* Takes in one status that waitpid(-1, ..., __WALL) returned, and lets the process go on. */
void trace_status(struct watch *watch, pid_t outer, int status);

/* Number of 'outer' in the PID namespace at that depth (see struct watch), 0 when it is gone.
 * proc(5), NSpid. */
pid_t trace_inner_pid(pid_t outer, int depth);

#endif
