/* One loop over news from the tracer and the command's output; see docs/architecture.md. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <talloc.h>
#include <time.h>
#include <unistd.h>

#include "../model/case.h"
#include "../report/report.h"
#include "../stage/pty.h"
#include "../watch/filter.h"
#include "../watch/look.h"
#include "snapshot.h"
#include "start.h"

enum { EVENTS_MAX = 1000000, LINE_MAX_BYTES = 2048, NAP_MIN_NS = 100000, NAP_MAX_NS = 20000000 };

/* How long nothing must have happened before a tree that keeps a timer running counts as settled:
 * it cannot be proved then, and the report says so. */
static const int64_t QUIET_NS = 700000000;

struct runner {
	const struct chain_plan *plan;
	struct chain_result *result;
	struct chain *chain;
	struct log *log;
	struct watch *watch;
	struct pty pty;
	int child_fd;
	int output; /* reading end of the command's output, or -1 */
	char line[LINE_MAX_BYTES];
	size_t line_length;
	bool matched; /* the output has shown the pattern */
	struct look now, before;
	int64_t news_ns; /* when there were news last */
	bool flooded;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void note(struct runner *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct runner *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = talloc_vasprintf(r->result, fmt, args);
	va_end(args);
	char *safe = escape_terminal(text, text);
	for (size_t i = 0; i < json_array_size(r->result->notes); i++)
		if (strcmp(json_string_value(json_array_get(r->result->notes, i)), safe) == 0)
			goto out;
	json_array_append_new(r->result->notes, json_string(safe));
out:
	talloc_free(text);
}

static void give_up(struct runner *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void give_up(struct runner *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = talloc_vasprintf(r->result, fmt, args);
	va_end(args);
	if (!r->result->error)
		r->result->error = escape_terminal(r->result, text);
	talloc_free(text);
}

/* --- the command's output --- */

static void end_line(struct runner *r)
{
	char *safe;

	r->line[r->line_length] = '\0';
	if (r->plan->ready == READY_OUTPUT && regexec(&r->plan->pattern, r->line, 0, NULL, 0) == 0)
		r->matched = true;
	r->line_length = 0;
	if (r->plan->quiet)
		return;
	safe = escape_terminal(r->result, r->line);
	fprintf(stderr, "| %s\n", safe);
	talloc_free(safe);
}

static void take_output(struct runner *r, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n' || r->line_length == sizeof(r->line) - 1)
			end_line(r);
		if (text[i] != '\n' && text[i] != '\r')
			r->line[r->line_length++] = text[i] ? text[i] : '?';
	}
	/* A prompt has no end of line. */
	r->line[r->line_length] = '\0';
	if (r->plan->ready == READY_OUTPUT && regexec(&r->plan->pattern, r->line, 0, NULL, 0) == 0)
		r->matched = true;
}

static bool drain_output(struct runner *r)
{
	char text[8192];
	bool any = false;
	int fd = r->pty.master >= 0 ? r->pty.master : r->output;

	for (int i = 0; i < 16 && fd >= 0; i++) {
		ssize_t n = read(fd, text, sizeof(text));
		if (n == 0 && fd == r->output) { /* everybody has closed it */
			close(r->output);
			r->output = fd = -1;
		}
		if (n <= 0)
			break;
		take_output(r, text, (size_t)n);
		any = true;
	}
	return any;
}

/* --- news --- */

static bool drain_statuses(struct runner *r)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (read(r->child_fd, &info, sizeof(info)) > 0)
		any = true;
	/* A tree that forks all the time must not keep us here. */
	for (int i = 0; i < 10000; i++) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid <= 0)
			break;
		trace_status(r->watch, pid, status);
		any = true;
	}
	r->flooded |= r->log->count > EVENTS_MAX;
	return any;
}

static bool drain(struct runner *r)
{
	bool any = drain_statuses(r);

	any |= drain_output(r);
	if (any)
		r->news_ns = now_ns();
	return any;
}

static void nap(struct runner *r, int64_t ns)
{
	struct timespec time = {.tv_nsec = ns};
	struct pollfd fds[2] = {{.fd = r->child_fd, .events = POLLIN},
		{.fd = r->pty.master >= 0 ? r->pty.master : r->output, .events = POLLIN}};

	/* Once nobody has the terminal open its master is ready all the time. */
	ppoll(fds, 2, &time, NULL);
	if (fds[1].revents & POLLHUP && !(fds[1].revents & POLLIN))
		nanosleep(&time, NULL);
}

static bool anybody_lives(const struct runner *r)
{
	for (size_t i = 0; i < r->log->proc_count; i++)
		if (r->watch->tracees[i].alive && !r->watch->tracees[i].thread)
			return true;
	return false;
}

static const char *call_name(struct runner *r, int who)
{
	snapshot_names(r->chain, r->watch);
	const struct chain_proc *proc = who >= 0 ? &r->chain->procs[who] : NULL;

	return proc && proc->program ? proc->program : "a process";
}

/* --- settling --- */

enum rest { REST_BUSY, REST_TIMED, REST_PROVED };

/* See is_settled() of play/player.c; a timer that runs is told apart from work. */
static enum rest rest(struct runner *r)
{
	pty_barrier(&r->pty);
	if (drain(r))
		return REST_BUSY;
	look_take(&r->before, r->watch);
	if (r->before.busy != WHO_NONE)
		return strcmp(r->before.why, "waiting with a timeout") == 0 ? REST_TIMED
									    : REST_BUSY;
	if (drain(r))
		return REST_BUSY;
	look_take(&r->now, r->watch);
	if (r->now.busy != WHO_NONE || !look_equal(&r->before, &r->now))
		return REST_BUSY;
	pty_barrier(&r->pty);
	return drain(r) ? REST_BUSY : REST_PROVED;
}

static bool is_ready(struct runner *r)
{
	struct stat st;

	switch (r->plan->ready) {
	case READY_OUTPUT:
		return r->matched;
	case READY_PORT:
		return snapshot_listens(r->log->procs[0].outer, r->plan->port);
	case READY_FILE:
		return stat(r->plan->file, &st) == 0;
	default:
		return false;
	}
}

static void never_settled(struct runner *r)
{
	const char *why = r->before.why ? r->before.why : "something keeps happening";

	note(r,
		"it never settled: %s is %s; the signal went out after %g s all the same (--ready "
		"and "
		"--settle choose another moment)",
		call_name(r, r->before.busy), why, (double)r->plan->settle_ns / 1e9);
}

/* True when the moment for the signal has come. */
static bool wait_for_moment(struct runner *r)
{
	int64_t deadline = now_ns() + r->plan->settle_ns, pause = NAP_MIN_NS;
	bool asked = r->plan->ready != READY_SETTLED;

	for (;;) {
		if (drain(r))
			pause = NAP_MIN_NS;
		if (!anybody_lives(r) || r->flooded)
			return false;
		if (asked ? is_ready(r) : false)
			return true;
		enum rest at_rest = asked ? REST_BUSY : rest(r);
		if (at_rest == REST_PROVED)
			return true;
		if (at_rest == REST_TIMED && now_ns() - r->news_ns > QUIET_NS) {
			note(r,
				"%s waits with a timeout: that the tree had settled is likely, not "
				"proved",
				call_name(r, r->before.busy));
			return true;
		}
		if (now_ns() > deadline) {
			if (asked)
				return false;
			never_settled(r);
			return true;
		}
		nap(r, pause);
		pause = 2 * pause > NAP_MAX_NS ? NAP_MAX_NS : 2 * pause;
	}
}

/* --- the signal --- */

static pid_t holder(const struct runner *r)
{
	pid_t group = r->pty.master >= 0 ? pty_foreground(&r->pty) : 0;

	return group > 0 ? group : 0;
}

/* A password prompt reads the terminal with the echo switched off. */
static void note_terminal(struct runner *r)
{
	unsigned modes = r->pty.master >= 0 ? pty_modes(&r->pty) : TTY_ECHO;

	if (r->now.count == 0)
		return;
	for (size_t i = 0; i < r->now.count; i++) {
		const struct seen *seen = &r->now.seen[i];

		if (seen->state != 'S' || !seen->reads_terminal || r->pty.master < 0 ||
			getpgid(seen->outer) != holder(r))
			continue;
		if ((modes & TTY_ICANON) && !(modes & TTY_ECHO))
			note(r,
				"%s reads the terminal with the echo off, as if for a password: "
				"the "
				"signal was sent to it while it asks",
				call_name(r, seen->who));
	}
}

static void note_set_id(struct runner *r)
{
	for (size_t i = 0; i < r->log->proc_count; i++)
		if (r->chain->procs[i].no_rights)
			note(r,
				"%s is set-user-ID and runs without its rights, because it is "
				"traced: "
				"start sigmatrix as root to see it as it is",
				r->chain->procs[i].program);
}

static void note_zombies(struct runner *r)
{
	for (size_t i = 0; i < r->log->proc_count; i++) {
		int parent = r->log->procs[i].parent;

		if (r->chain->procs[i].before.state == PROC_ZOMBIE && parent >= 0)
			note(r,
				"process %d had ended before the signal, and %s (pid %d) has not "
				"waited "
				"for it: a zombie",
				r->log->procs[i].pid, call_name(r, parent),
				r->log->procs[parent].pid);
	}
}

static char key_for(int sig)
{
	switch (sig) {
	case SIGINT:
		return 3;
	case SIGQUIT:
		return 28;
	case SIGTSTP:
		return 26;
	default:
		return 0;
	}
}

static void press(struct runner *r, int sig)
{
	char key = key_for(sig);

	r->chain->raw_tty = key && !(pty_modes(&r->pty) & TTY_ISIG);
	for (size_t i = 0; i < r->log->proc_count; i++)
		if (r->chain->procs[i].before.foreground)
			r->chain->target_group = r->chain->procs[i].before.pgid;
	if (!key) {
		pty_hangup(&r->pty);
		return;
	}
	int result = pty_write(&r->pty, &key, 1);
	if (result != 0)
		give_up(r, "unable to write to the terminal: %s", strerror(-result));
	pty_barrier(&r->pty);
}

static void send_to(struct runner *r, pid_t outer, int sig)
{
	if (kill(outer, sig) != 0)
		give_up(r, "unable to send %s to %d: %s", log_signal(r->result, sig), outer,
			strerror(errno));
}

static void send_to_group(struct runner *r, int sig)
{
	pid_t group = getpgid(r->log->procs[0].outer);

	r->chain->target_group = r->chain->procs[0].before.pgid;
	if (group <= 1 || group == getpgrp())
		give_up(r,
			"unable to send to group %d: it is sigmatrix's own, or no group of this "
			"tree",
			group);
	else
		send_to(r, -group, sig);
}

static void send_stage(struct runner *r, int sig)
{
	struct chain *chain = r->chain;

	chain->sig = sig;
	chain->to = r->plan->to;
	chain->target = WHO_NONE;
	chain->target_group = 0;
	chain->sent_at = r->log->count;
	switch (chain->to) {
	case TARGET_TTY:
		press(r, sig);
		return;
	case TARGET_GROUP:
		send_to_group(r, sig);
		return;
	case TARGET_PID:
		chain->target = watch_find_inner(r->watch, r->plan->to_pid);
		break;
	case TARGET_ROOT:
		chain->target = 0;
		break;
	}
	if (chain->target < 0 || !r->watch->tracees[chain->target].alive)
		give_up(r, "process %d is not in the tree", (int)r->plan->to_pid);
	else
		send_to(r, r->log->procs[chain->target].outer, sig);
}

/* Everybody is at rest. May somebody who took the signal still end by itself? A handler that lets
 * connections drain sleeps in poll until its clients go. */
static bool may_yet_act(struct runner *r, const struct judgement *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct hop *hop = &j->hops[i];
		const struct hop_state *state = &r->chain->procs[hop->who].after;

		if (hop->survived && hop->way != WAY_NONE && hop->way != WAY_HELD &&
			hop->disposition >= DISPOSITION_CAUGHT && state->may_act)
			return true;
	}
	return false;
}

/* Until the tree has ended, nothing more can come of it, or the grace time is over. */
static struct judgement *watch_stage(struct runner *r, const struct chain_stage *stage)
{
	int64_t deadline = now_ns() + stage->grace_ns, pause = NAP_MIN_NS;
	struct judgement *j = NULL;

	for (;;) {
		if (drain(r))
			pause = NAP_MIN_NS;
		bool over = !anybody_lives(r) || r->flooded || now_ns() > deadline;
		bool proved = !over && rest(r) == REST_PROVED;
		if (over || proved) {
			snapshot_take(r->chain, r->watch, true, holder(r));
			talloc_free(j);
			j = chain_judge(r->result, r->chain, stage->sig);
			if (over || r->plan->goal == GOAL_REACH || !may_yet_act(r, j))
				return j;
		}
		nap(r, pause);
		pause = 2 * pause > NAP_MAX_NS ? NAP_MAX_NS : 2 * pause;
	}
}

static void play_stages(struct runner *r)
{
	for (size_t i = 0; i < r->plan->stage_count && !r->result->error; i++) {
		const struct chain_stage *stage = &r->plan->stages[i];

		if (i > 0 && (r->result->judgement->verdict == CHAIN_WHOLE || !anybody_lives(r)))
			return;
		if (i > 0) {
			note(r, "%s alone: %s", log_signal(r->result, r->chain->sig),
				chain_explain(r->result, r->chain, r->result->judgement));
			note(r, "then %s was sent, and the verdict is on that",
				log_signal(r->result, stage->sig));
		}
		snapshot_take(r->chain, r->watch, false, holder(r));
		send_stage(r, stage->sig);
		if (!r->result->error)
			r->result->judgement = watch_stage(r, stage);
	}
}

/* --- beginning and end --- */

static int open_output(struct runner *r, int *theirs)
{
	int fds[2];

	*theirs = -1;
	if (r->plan->tty)
		return pty_open(&r->pty);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	r->output = fds[0];
	*theirs = fds[1];
	return 0;
}

/* Without a namespace kill(-1) would reach every process of the user; so it is refused there. */
static int filter_flags(const struct chain_plan *plan)
{
	return FILTER_TRACE | FILTER_WAITS | (plan->pid1 ? 0 : FILTER_GUARD);
}

static bool has_called_exec(const struct runner *r)
{
	for (size_t i = 0; i < r->log->count; i++)
		if (r->log->events[i].kind == EVENT_EXEC)
			return true;
	return false;
}

static void wait_for_exec(struct runner *r, const struct chain_started *started)
{
	const char *step;

	while (!has_called_exec(r)) {
		drain(r);
		if (!anybody_lives(r)) {
			int result = chain_start_failure(started, &step);
			give_up(r, "unable to %s: %s: %s", step, r->plan->argv[0],
				result ? strerror(-result) : "it was killed");
			return;
		}
		nap(r, NAP_MAX_NS);
	}
}

static void start_command(struct runner *r)
{
	int theirs;
	const char *step = "open a terminal or pipe";
	struct chain_started started = {.wire = -1};
	int result = open_output(r, &theirs);
	struct chain_start plan = {.argv = r->plan->argv,
		.slave = r->pty.slave,
		.output = theirs,
		.pid1 = r->plan->pid1,
		.filter = filter_build(r->result, filter_flags(r->plan)),
		.no_new_privs = geteuid() != 0 && !r->plan->pid1};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (result == 0)
		result = chain_start(&plan, &started, &step);
	if (theirs >= 0)
		close(theirs);
	if (result != 0) {
		give_up(r, "unable to %s: %s ('sigmatrix doctor' says what this machine refuses)",
			step, strerror(-result));
		return;
	}
	if (started.proc_failed)
		note(r, "PID 1 sees the /proc of outside: mounting its own was refused");
	watch_proc(r->watch, started.pid, WHO_INIT);
	wait_for_exec(r, &started);
	close(started.wire);
}

static void attach(struct runner *r)
{
	int result = chain_attach(r->watch, r->plan->pid, !r->plan->look_only);

	r->chain->no_calls = true;
	if (result == -EPERM)
		give_up(r,
			"unable to trace process %d: not permitted (another tracer has it, it is "
			"another user's, or kernel.yama.ptrace_scope forbids it)",
			r->plan->pid);
	else if (result != 0)
		give_up(r, "unable to look at process %d: %s", r->plan->pid, strerror(-result));
	if (!r->result->error) {
		pid_t inner = trace_inner_pid(r->plan->pid, 0);

		r->chain->pid1 = inner == 1;
		r->watch->namespaced = inner != r->plan->pid;
		r->watch->pid1 = r->chain->pid1;
	}
}

static void say_why_no_moment(struct runner *r)
{
	const struct event *end = NULL;

	for (size_t i = 0; i < r->log->count; i++)
		if (r->log->events[i].kind == EVENT_ENDED && r->log->events[i].who == 0)
			end = &r->log->events[i];
	if (r->flooded)
		give_up(r, "the tree makes too many events to be watched (more than %d)",
			EVENTS_MAX);
	else if (end && !anybody_lives(r) && end->how == 's')
		give_up(r, "the command died of %s before anything was sent",
			log_signal(r->result, (int)end->number));
	else if (end && !anybody_lives(r))
		give_up(r, "the command ended by itself with status %ld before anything was sent%s",
			end->number,
			r->plan->tty ? "" : "; if it wants a terminal, give it one with --tty");
	else
		give_up(r, "it was not ready within %g s (--settle gives it more)",
			(double)r->plan->settle_ns / 1e9);
}

/* Nothing that we started stays. Whoever forks meanwhile is traced, so it is found here too. */
static void end_tree(struct runner *r)
{
	if (r->plan->argv) {
		while (anybody_lives(r)) {
			for (size_t i = 0; i < r->log->proc_count; i++)
				if (r->watch->tracees[i].alive && !r->watch->tracees[i].thread)
					kill(r->log->procs[i].outer, SIGKILL);
			drain_statuses(r);
			if (anybody_lives(r))
				nap(r, 1000000);
		}
		drain_output(r);
		if (r->line_length)
			end_line(r);
	}
	pty_close(&r->pty);
	if (r->output >= 0)
		close(r->output);
	close(r->child_fd);
}

static void play(struct runner *r)
{
	if (r->plan->argv)
		start_command(r);
	else
		attach(r);
	if (r->result->error)
		return;
	if (r->plan->look_only) {
		snapshot_take(r->chain, r->watch, false, 0);
		note_zombies(r);
		r->result->judgement = chain_judge(r->result, r->chain, r->plan->stages[0].sig);
		return;
	}
	if (!wait_for_moment(r)) {
		say_why_no_moment(r);
		return;
	}
	snapshot_take(r->chain, r->watch, false, holder(r));
	note_terminal(r);
	note_set_id(r);
	note_zombies(r);
	play_stages(r);
	if (r->flooded)
		give_up(r, "the tree makes too many events to be watched (more than %d)",
			EVENTS_MAX);
	r->result->ended_survivors = r->plan->argv && anybody_lives(r);
}

struct chain_result *chain_run(void *parent, const struct chain_plan *plan)
{
	struct chain_result *result = talloc_zero(parent, struct chain_result);
	struct runner r = {.plan = plan,
		.result = result,
		.pty = PTY_NONE,
		.output = -1,
		.now = {.busy = WHO_NONE},
		.before = {.busy = WHO_NONE}};
	sigset_t children;

	result->notes = json_array();
	result->chain = r.chain = talloc_zero(result, struct chain);
	r.log = r.chain->log = log_new(r.chain);
	r.log->traced = true;
	r.chain->pid1 = plan->pid1;
	r.chain->goal = plan->goal;
	r.watch = watch_new(result, r.log, plan->pid1);
	r.watch->init = getpid();
	r.watch->pid1 = plan->pid1;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	r.child_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	play(&r);
	end_tree(&r);
	return result;
}
