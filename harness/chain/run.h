/* Plays one chain: start or attach, wait until it is ready, send, watch, end. */
#ifndef SIGMATRIX_CHAIN_RUN_H
#define SIGMATRIX_CHAIN_RUN_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "chain.h"

enum ready_kind { READY_SETTLED, READY_OUTPUT, READY_PORT, READY_FILE };

enum { STAGES_MAX = 2 };

/* A signal, and how long the tree has to come to an end after it. */
struct chain_stage {
	int sig;
	int64_t grace_ns;
};

struct chain_plan {
	char *const *argv; /* NULL: attach */
	pid_t pid;         /* to attach to */
	bool look_only;
	enum chain_target to;
	pid_t to_pid; /* TARGET_PID: in the numbers of the tree */
	struct chain_stage stages[STAGES_MAX];
	size_t stage_count;
	enum chain_goal goal;
	bool tty, pid1;
	enum ready_kind ready;
	regex_t pattern;
	long port;
	const char *file;
	int64_t settle_ns; /* how long it may take to be ready */
	bool quiet;        /* the command's output is not shown */
};

struct chain_result {
	struct chain *chain;
	struct judgement *judgement; /* NULL when there is an error */
	const char *error;           /* why it could not be measured */
	json_t *notes;               /* array of escaped strings; the caller's reference */
	bool ended_survivors;
};

/* talloc child of parent. The command's output goes to standard error, escaped, line by line. */
struct chain_result *chain_run(void *parent, const struct chain_plan *plan);

#endif
