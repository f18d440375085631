/* sigmatrix chain: a command's tree of processes, one signal, and what became of it. What was seen
 * is data (struct chain, around the log); the judgement is a pure function of it. */
#ifndef SIGMATRIX_CHAIN_H
#define SIGMATRIX_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>

#include "../model/log.h"

enum chain_target { TARGET_ROOT, TARGET_PID, TARGET_GROUP, TARGET_TTY };

/* What should come of the signal: the end of all, or that it arrives at every leaf. */
enum chain_goal { GOAL_END, GOAL_REACH };

/* One process at one moment, as /proc tells. Masks: bit N-1 for signal N. */
struct hop_state {
	bool there;
	enum proc_state state;
	pid_t ppid, pgid, sid;
	bool foreground; /* its group holds the terminal */
	uint64_t ignored, caught;
	uint64_t blocked; /* by every one of its threads */
	uint64_t waited;  /* a thread sleeps in sigtimedwait for these */
	uint64_t by_fd;   /* a signalfd of it takes these */
	uint64_t pending; /* in the process or any of its threads */
	int threads;
	bool waits_for_child; /* blocked in wait4 or waitid */
	bool may_act; /* blocked, but in something that may end without us: poll, read, futex, a
			 timer */
};

/* What is known of log->procs[i]; parallel to it. */
struct chain_proc {
	char *command;  /* its arguments, as they stand: escape them */
	char *program;  /* last part of its executable's path */
	bool thread;    /* no process of its own: no hop */
	bool no_rights; /* a set-user-ID program that did not get its rights */
	struct hop_state before, after;
};

/* All that was seen. */
struct chain {
	struct log *log;          /* process 0 is the root */
	struct chain_proc *procs; /* talloc array */
	int sig;                  /* 0: none was sent */
	enum chain_target to;
	enum chain_goal goal;
	int target;         /* process it was sent to, or WHO_NONE */
	pid_t target_group; /* TARGET_GROUP, TARGET_TTY: in the numbers of the log; 0: none */
	bool pid1;          /* the root is PID 1 of its namespace */
	bool raw_tty;       /* the terminal made no signal of the key */
	size_t sent_at;     /* index of the first event after the signal */
	bool no_calls;      /* attached: system calls were not looked at */
	bool predicted;     /* nobody has seen it: processes have no pids */
};

enum chain_cause {
	CAUSE_NONE,
	CAUSE_RAW_TTY,
	CAUSE_NOT_SENT, /* nobody was there to be sent it */
	CAUSE_OTHER_SESSION,
	CAUSE_OTHER_GROUP,
	CAUSE_PID1_DEFAULT,
	CAUSE_IGNORED_ASYNC,
	CAUSE_IGNORED_NOHUP,
	CAUSE_IGNORED,
	CAUSE_BLOCKED,
	CAUSE_STOPPED,
	CAUSE_WAITS_FOR_CHILD,
	CAUSE_WENT_ON,
	CAUSE_CAUGHT_NOTHING,
	CAUSE_KEPT, /* goal reach: it arrived, and was not handed on */
	CAUSE_FORWARDS_PART,
	CAUSE_LEFT_ORPHAN,
	CAUSE_DIED_OF_IT, /* goal reach */
	CAUSE_KILLED_WITH_PID1,
	CAUSE_ZOMBIE,
	CAUSE_FORKED_AFTER,
	CAUSE_UNKNOWN,
	CAUSE_COUNT
};

enum chain_disposition {
	DISPOSITION_DEFAULT,
	DISPOSITION_PID1, /* default, and it is PID 1: dropped by the kernel */
	DISPOSITION_IGNORED,
	DISPOSITION_BLOCKED,
	DISPOSITION_CAUGHT,
	DISPOSITION_WAITED,
	DISPOSITION_SIGNALFD
};

/* How it got the signal. */
enum chain_way {
	WAY_NONE,
	WAY_DELIVERED,
	WAY_WAITED, /* taken by sigtimedwait and kin */
	WAY_FD,     /* by a signalfd: it is not pending any more and nothing was delivered */
	WAY_HELD    /* still pending, because it is blocked */
};

enum chain_did { DID_NOTHING, DID_DIE, DID_EXIT };

struct hop {
	int who;
	int parent; /* index of its hop, or -1 */
	int depth;
	bool late; /* forked after the signal went out */
	enum chain_disposition disposition;
	enum chain_way way;
	int from;    /* who sent it: process, WHO_HARNESS, WHO_TTY, WHO_UNKNOWN */
	int times;   /* how often it was delivered */
	int instead; /* another signal that it got from the tree or the kernel, 0: none */
	int instead_from;
	enum chain_did did;
	int number;  /* exit status or signal */
	int *handed; /* processes it sent signals to afterwards; talloc array */
	size_t handed_count;
	bool survived, zombie;
	enum chain_cause cause;
};

enum chain_verdict { CHAIN_WHOLE, CHAIN_BROKEN, CHAIN_LOOKED };

struct judgement {
	struct hop *hops; /* the tree, parents before children; talloc array */
	size_t count;
	enum chain_verdict verdict;
	int at; /* hop where it breaks, or -1 */
	enum chain_cause cause;
	int victim; /* hop that is left without the signal, or -1 */
};

/* Without a signal (chain->sig == 0) 'asked' is the one whose dispositions are shown. talloc child
 * of parent. */
struct judgement *chain_judge(const void *parent, const struct chain *chain, int asked);

/* What is expected of the signal: TERM, INT, HUP, QUIT and KILL end the tree, others arrive. */
enum chain_goal chain_goal_of(int sig);

const char *cause_word(enum chain_cause cause);
/* Advice for the cause, or NULL. A constant. */
const char *cause_advice(enum chain_cause cause);
/* One sentence: who breaks the chain and why. Names are escaped. talloc child of parent. */
char *chain_explain(
	const void *parent, const struct chain *chain, const struct judgement *judgement);

/* --- printing --- */

struct chain_report {
	const struct chain *chain;
	const struct judgement *judgement;
	int sig;             /* that was sent or asked for */
	const char *profile; /* or NULL */
	const char *error;   /* why it could not be measured, or NULL */
	json_t *notes;       /* array of strings, escaped */
	bool ended_survivors;
};

void chain_print_text(const struct chain_report *report, FILE *out);
void chain_print_json(const struct chain_report *report, FILE *out);
void chain_print_dot(const struct chain_report *report, FILE *out);
void chain_print_svg(const struct chain_report *report, FILE *out);

#endif
