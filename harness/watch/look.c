#include "look.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <talloc.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

#ifndef SYS_poll
#define SYS_poll (-1000)
#endif
#ifndef SYS_select
#define SYS_select (-1001)
#endif
#ifndef SYS_vfork
#define SYS_vfork (-1002)
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait (-1003)
#endif

/* --- /proc --- */

/* Finds "\nKEY:" from *cursor on, and moves the cursor there: the keys are asked for in the order
 * of the file, so the text is walked once. Returns what follows the colon and blanks. */
static const char *field(const char **cursor, const char *key)
{
	const char *at = strstr(*cursor, key);

	if (!at)
		return "";
	*cursor = at;
	at += strlen(key);
	while (*at == '\t' || *at == ' ')
		at++;
	return at;
}

static enum proc_state state_of(char letter)
{
	switch (letter) {
	case 'T':
	case 't':
		return PROC_STOPPED;
	case 'Z':
		return PROC_ZOMBIE;
	case 'X':
	case 'x':
		return PROC_ENDED;
	default:
		return PROC_RUNNING;
	}
}

static pid_t parent_inside(const struct watch *watch, pid_t outer_parent)
{
	if (outer_parent == watch->init)
		return watch_init_pid(watch);
	int who = watch_find_outer(watch, outer_parent);
	return who >= 0 ? watch->log->procs[who].pid : 0;
}

/* /proc/PID/status, walked in its order; proc(5). */
static bool read_status(struct seen *seen, const struct watch *watch)
{
	char text[4096];
	const char *cursor = text;

	if (proc_read(seen->outer, "status", text, sizeof(text)) <= 0)
		return false;
	struct proc_status *s = &seen->status;
	seen->state = *field(&cursor, "\nState:");
	s->ppid = parent_inside(watch, (pid_t)strtol(field(&cursor, "\nPPid:"), NULL, 10));
	s->pid = proc_at_depth(field(&cursor, "\nNSpid:"), watch->depth);
	s->pgid = proc_at_depth(field(&cursor, "\nNSpgid:"), watch->depth);
	s->sid = proc_at_depth(field(&cursor, "\nNSsid:"), watch->depth);
	seen->threads = (int)strtol(field(&cursor, "\nThreads:"), NULL, 10);
	uint64_t own = strtoull(field(&cursor, "\nSigPnd:"), NULL, 16);
	uint64_t shared = strtoull(field(&cursor, "\nShdPnd:"), NULL, 16);
	s->blocked = strtoull(field(&cursor, "\nSigBlk:"), NULL, 16);
	s->ignored = strtoull(field(&cursor, "\nSigIgn:"), NULL, 16);
	s->caught = strtoull(field(&cursor, "\nSigCgt:"), NULL, 16);
	seen->switches = strtoul(field(&cursor, "\nvoluntary_ctxt_switches:"), NULL, 10);
	seen->switches += strtoul(field(&cursor, "\nnonvoluntary_ctxt_switches:"), NULL, 10);
	seen->pending = (own | shared) & ~s->blocked;
	seen->held = (own | shared) & s->blocked;
	s->state = state_of(seen->state);
	return true;
}

bool look_status(const struct watch *watch, int who, struct proc_status *status)
{
	struct seen seen = {.who = who, .outer = watch->log->procs[who].outer};
	bool read = read_status(&seen, watch);

	*status = seen.status;
	return read;
}

void look_translate(const struct watch *watch, int who, struct proc_status *status)
{
	struct proc_status seen;
	pid_t outer = watch->log->procs[who].outer;

	if (!look_status(watch, who, &seen))
		return;
	status->pid = seen.pid;
	status->ppid = seen.ppid;
	status->pgid = seen.pgid;
	status->sid = seen.sid;
	pid_t group = proc_foreground(outer);
	status->foreground = group > 0 ? trace_inner_pid(group, watch->depth) : 0;
}

uint64_t look_pending(const struct watch *watch, int who)
{
	struct seen seen = {.who = who, .outer = watch->log->procs[who].outer};

	return read_status(&seen, watch) ? seen.pending | seen.held : 0;
}

/* The kernel found the process on its way to sleep or just woken, whatever its state letter says:
 * its counters stay as they are while it waits for a processor, so two looks would agree. */
enum { CALL_RUNNING = -2 };

/* What a blocked process waits in: "0 0x3 0x7ff... ..." or "running". */
struct call {
	long number; /* -1: unknown */
	unsigned long args[6];
};

static struct call read_call(pid_t outer)
{
	struct call call = {.number = -1};
	char text[256], *at = text;

	if (proc_read(outer, "syscall", text, sizeof(text)) <= 0)
		return call;
	if (*text == 'r') {
		call.number = CALL_RUNNING;
		return call;
	}
	call.number = strtol(at, &at, 10);
	for (int i = 0; i < 6; i++)
		call.args[i] = strtoul(at, &at, 16);
	return call;
}

/* --- is it at rest? --- */

/* A wait that ends by itself is not rest. Where the timeout is in memory, a pointer that is
 * there at all counts as one. */
static bool is_timed(const struct call *call, bool was_timed)
{
	switch (call->number) {
	case SYS_poll:
		return (int)call->args[2] >= 0;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		return (int)call->args[3] >= 0;
	case SYS_ppoll:
		return call->args[2] != 0;
	case SYS_select:
	case SYS_pselect6:
		return call->args[4] != 0;
	case SYS_futex:
		return call->args[3] != 0;
	case SYS_rt_sigtimedwait:
		return call->args[2] != 0;
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
		return true;
	case SYS_restart_syscall:
		/* Goes on with the call it was in, which may have had a timeout or not. */
		return was_timed;
	default:
		return false;
	}
}

void look_interrupted(struct watch *watch, int who)
{
	struct tracee *tracee = &watch->tracees[who];
	struct call call = read_call(watch->log->procs[who].outer);

	tracee->timed = is_timed(&call, tracee->timed);
}

enum { OUTLASTS_S = 30 }; /* as long as a scene may take */

/* Where a wait with a timeout in memory keeps it; 0: nowhere. */
static unsigned long timeout_pointer(const struct call *call)
{
	switch (call->number) {
	case SYS_futex:
		return call->args[3];
	case SYS_ppoll:
	case SYS_rt_sigtimedwait:
		return call->args[2];
	case SYS_pselect6:
		return call->args[4];
	default:
		return 0;
	}
}

/* Is it a timeout that the scene will not live to see? The run time of some languages keeps a
 * thread that looks after the others once a minute, runsv waits for an hour. */
static bool outlasts(const struct call *call, pid_t outer)
{
	struct timespec wait = {0}, now = {0};
	struct iovec here = {.iov_base = &wait, .iov_len = sizeof(wait)};
	struct iovec there = {.iov_base = (void *)timeout_pointer(call), .iov_len = sizeof(wait)};

	if (call->number == SYS_poll)
		return (int)call->args[2] / 1000 >= OUTLASTS_S;
	if (call->number == SYS_epoll_wait || call->number == SYS_epoll_pwait)
		return (int)call->args[3] / 1000 >= OUTLASTS_S;
	if (!there.iov_base || process_vm_readv(outer, &here, 1, &there, 1, 0) < 0)
		return false;
	/* futex(2): only FUTEX_WAIT and FUTEX_WAIT_REQUEUE_PI count from now. */
	int operation = (int)call->args[1];
	if (call->number == SYS_futex && (operation & FUTEX_CMD_MASK) != FUTEX_WAIT)
		clock_gettime(
			operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
	return wait.tv_sec - now.tv_sec >= OUTLASTS_S;
}

/* Its parent sleeps uninterruptibly until the child has called exec or ended. A plain fork looks
 * the same while the kernel is at it, and is no rest; only the flags tell. */
static bool in_vfork(const struct call *call, pid_t outer)
{
	uint64_t flags = 0;
	struct iovec here = {.iov_base = &flags, .iov_len = sizeof(flags)};
	struct iovec there = {.iov_base = (void *)call->args[0], .iov_len = sizeof(flags)};

	if (call->number == SYS_vfork)
		return true;
	if (call->number == SYS_clone)
		flags = call->args[0];
	else if (call->number != SYS_clone3 || process_vm_readv(outer, &here, 1, &there, 1, 0) < 0)
		return false;
	return flags & CLONE_VFORK;
}

static bool is_blocked_reading(const struct seen *seen, const struct call *call)
{
	char path[64], target[64];

	if (call->number == SYS_poll || call->number == SYS_ppoll || call->number == SYS_select ||
		call->number == SYS_pselect6)
		return true;
	if (call->number != SYS_read && call->number != SYS_restart_syscall)
		return false;
	if (call->number == SYS_restart_syscall)
		return true; /* only timed or polling calls are restarted so */
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", seen->outer, (long)call->args[0]);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strncmp(target, "/dev/pts/", 9) == 0 || strcmp(target, "/dev/tty") == 0;
}

enum { WAITS_FOR_NONE = INT_MIN };

/* The process a pidfd means, by its number inside the scene.  pidfd_open(2). */
static int pid_of_descriptor(const struct watch *watch, pid_t outer, int fd)
{
	char name[32], text[1024];
	const char *cursor = text;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (proc_read(outer, name, text, sizeof(text)) <= 0)
		return WAITS_FOR_NONE;
	pid_t target = (pid_t)strtol(field(&cursor, "\nPid:"), NULL, 10);
	pid_t pid = target > 0 ? trace_inner_pid(target, watch->depth) : 0;
	return pid > 0 ? pid : WAITS_FOR_NONE;
}

/* Whom a wait waits for, as wait4(2) is told: -1 any, 0 its own group, < -1 a group. */
static int waited_for(const struct watch *watch, const struct call *call, pid_t outer)
{
	int id = (int)call->args[1];

	if (call->number == SYS_wait4)
		return (int)call->args[0];
	if (call->number != SYS_waitid)
		return WAITS_FOR_NONE;
	switch (call->args[0]) {
	case P_ALL:
		return -1;
	case P_PID:
		return id;
	case P_PGID:
		return -id;
	case P_PIDFD:
		return pid_of_descriptor(watch, outer, id);
	default:
		return WAITS_FOR_NONE;
	}
}

/* NULL when the process is at rest, else what it is doing. */
static const char *unrest(struct seen *seen, const struct watch *watch, struct tracee *tracee,
	const struct call *call)
{
	switch (seen->state) {
	case 'Z':
	case 'X':
	case 'x':
		return NULL;
	case 'T':
		return NULL;
	case 't':
		/* Not traced by us it may be by its parent, a debugger, who leaves it there. */
		return tracee->listening || !watch->log->traced ? NULL : "in a trace stop";
	case 'S':
	case 'D':
	case 'I':
		break;
	default:
		return "running";
	}
	if (seen->pending)
		return "about to get a signal";

	if (seen->state == 'D' && !in_vfork(call, seen->outer))
		return "in an uninterruptible wait";
	seen->number = call->number;
	seen->waits_for = waited_for(watch, call, seen->outer);
	tracee->timed = is_timed(call, tracee->timed);
	if (tracee->timed && tracee->thread && outlasts(call, seen->outer))
		return NULL;
	if (tracee->timed && !watch->periodic)
		return "waiting with a timeout";
	seen->timed = tracee->timed && !outlasts(call, seen->outer);
	seen->reads_terminal = is_blocked_reading(seen, call);
	return NULL;
}

/* PID 1 sleeps on its way out until the rest of its namespace has gone. */
static bool is_ending(pid_t outer)
{
	char state;
	bool ending;

	return proc_stat(outer, &state, &ending) && ending;
}

enum glance { GLANCE_GONE, GLANCE_REST, GLANCE_BUSY };

/* One process or thread. The call comes first: "running" costs the kernel little to say, the
 * status a lot, and a process that is waited for is mostly running. Who ran between the two reads
 * has another count of switches than the look before or after. */
static enum glance glance_at(
	struct seen *seen, const struct watch *watch, struct tracee *tracee, const char **why)
{
	struct call call = read_call(seen->outer);

	*why = "running";
	if (call.number == CALL_RUNNING)
		return GLANCE_BUSY;
	*why = NULL;
	if (!read_status(seen, watch))
		return GLANCE_GONE;
	*why = unrest(seen, watch, tracee, &call);
	if (!*why && watch->pid1 && seen->who == 0 && seen->state != 'Z' && is_ending(seen->outer))
		*why = "ending";
	return *why ? GLANCE_BUSY : GLANCE_REST;
}

/* Would the parent's wait take this zombie? */
static bool waits_for(const struct seen *parent, const struct seen *zombie)
{
	int pid = parent->waits_for;

	if (pid == WAITS_FOR_NONE)
		return false;
	if (pid == -1)
		return true;
	if (pid > 0)
		return pid == zombie->status.pid;
	return zombie->status.pgid == (pid == 0 ? parent->status.pgid : -pid);
}

static const char *zombie_unrest(
	const struct look *look, const struct watch *watch, const struct seen *zombie)
{
	if (zombie->status.ppid == watch_init_pid(watch))
		return "about to be reaped";
	for (size_t i = 0; i < look->count; i++)
		if (look->seen[i].status.pid == zombie->status.ppid &&
			waits_for(&look->seen[i], zombie))
			return "about to be reaped";
	return NULL;
}

/* --- the look --- */

/* Untraced: everything below the silent parent, by the kernel's lists of children, which each
 * thread has for itself.  proc(5). */
static void find_children(
	struct watch *watch, pid_t parent_outer, int parent, bool *found, size_t known);

static void find_children_of_thread(struct watch *watch, pid_t parent_outer, const char *tid,
	int parent, bool *found, size_t known)
{
	char name[300], text[4096], *at = text;

	snprintf(name, sizeof(name), "task/%s/children", tid);
	if (proc_read(parent_outer, name, text, sizeof(text)) <= 0)
		return;
	for (char *end;; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);
		if (end == at)
			return;
		int who = watch_find_outer(watch, child);
		if (who == WHO_NONE)
			who = watch_proc(watch, child, parent);
		if ((size_t)who < known)
			found[who] = true;
		/* An actor may have called before it was found here. */
		if (watch->log->procs[who].parent == WHO_UNKNOWN)
			watch->log->procs[who].parent = parent;
		find_children(watch, child, who, found, known);
	}
}

static void find_children(
	struct watch *watch, pid_t parent_outer, int parent, bool *found, size_t known)
{
	char path[64];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", parent_outer);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			find_children_of_thread(
				watch, parent_outer, entry->d_name, parent, found, known);
	if (dir)
		closedir(dir);
}

/* The kernel's list may leave out a process while it moves from one parent to another (proc(5)
 * calls it unreliable), so a known one is missed only when it is gone itself. */
static bool still_there(const struct watch *watch, int who)
{
	return !watch->tracees[who].gone && trace_inner_pid(watch->log->procs[who].outer,
						    watch->depth) == watch->log->procs[who].pid;
}

void look_find_processes(struct watch *watch)
{
	size_t known = watch->log->proc_count;
	bool *found = talloc_zero_array(watch, bool, known);

	find_children(watch, watch->init, WHO_INIT, found, known);
	for (size_t i = 0; i < known; i++)
		if (!found[i] && !still_there(watch, (int)i))
			watch->tracees[i].alive = false, watch->tracees[i].gone = true;
	talloc_free(found);
}

static void see_nothing(struct look *look, struct watch *watch, struct seen *seen)
{
	struct tracee *tracee = &watch->tracees[seen->who];

	seen->state = 'x';
	seen->status.state = PROC_ENDED;
	seen->status.pid = watch->log->procs[seen->who].pid;
	/* Traced, its end is still to come as a status. */
	if (watch->log->traced && tracee->alive && look->busy == WHO_NONE) {
		look->busy = seen->who;
		look->why = "ending";
	}
	tracee->gone = !tracee->alive || !watch->log->traced;
}

/* A process is at rest when all its threads are: its first one may wait, without a timeout, for
 * another that is at work. What the others do counts as done by the process. */
static const char *see_threads(struct seen *seen, struct watch *watch)
{
	char path[64];
	const char *why = NULL;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", seen->outer);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid <= 0 || tid == seen->outer)
			continue;
		int who = watch_find_outer(watch, tid);
		struct tracee unknown = {.thread = true, .listening = true};
		struct seen part = {.who = who, .outer = tid, .number = -1};

		if (glance_at(&part, watch, who >= 0 ? &watch->tracees[who] : &unknown, &why) ==
			GLANCE_BUSY)
			break;
		seen->switches += part.switches;
		seen->reads_terminal |= part.reads_terminal && seen->state == 'S';
		seen->timed |= part.timed;
	}
	if (dir)
		closedir(dir);
	return why;
}

static void see(struct look *look, struct watch *watch, int who)
{
	struct seen *seen = &look->seen[look->count++];
	const char *why;

	*seen = (struct seen){.who = who,
		.outer = watch->log->procs[who].outer,
		.number = -1,
		.waits_for = WAITS_FOR_NONE};
	switch (glance_at(seen, watch, &watch->tracees[who], &why)) {
	case GLANCE_GONE:
		see_nothing(look, watch, seen);
		return;
	case GLANCE_REST:
		why = seen->threads > 1 ? see_threads(seen, watch) : NULL;
		break;
	case GLANCE_BUSY:
		break;
	}
	if (why) {
		look->busy = who;
		look->why = why;
	}
}

static bool is_looked_at(const struct watch *watch, int who)
{
	return !watch->tracees[who].gone && !watch->tracees[who].thread;
}

/* Who was busy a moment ago mostly still is. */
static bool still_busy(struct look *look, struct watch *watch, int who)
{
	look->count = 0;
	if (who >= 0 && is_looked_at(watch, who))
		see(look, watch, who);
	look->count = 0;
	return look->busy != WHO_NONE;
}

void look_take(struct look *look, struct watch *watch)
{
	if (!watch->log->traced)
		look_find_processes(watch);
	int busy = look->busy;
	look->busy = WHO_NONE;
	look->why = NULL;
	look->seen = talloc_realloc(watch, look->seen, struct seen, watch->log->proc_count + 1);
	if (still_busy(look, watch, busy))
		return;
	for (size_t i = 0; i < watch->log->proc_count && look->busy == WHO_NONE; i++)
		if (is_looked_at(watch, (int)i))
			see(look, watch, (int)i);
	for (size_t i = 0; i < look->count && look->busy == WHO_NONE; i++) {
		if (look->seen[i].state != 'Z')
			continue;
		look->why = zombie_unrest(look, watch, &look->seen[i]);
		if (look->why)
			look->busy = look->seen[i].who;
	}
}

static bool seen_alike(const struct seen *a, const struct seen *b)
{
	return a->who == b->who && a->state == b->state && a->number == b->number &&
	       a->pending == b->pending;
}

bool look_equal(const struct look *a, const struct look *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!seen_alike(&a->seen[i], &b->seen[i]) ||
			a->seen[i].switches != b->seen[i].switches)
			return false;
	return true;
}

enum round look_round(const struct look *first, const struct look *second)
{
	enum round round = ROUND_CLOSED;

	if (first->count != second->count)
		return ROUND_OTHER;
	for (size_t i = 0; i < first->count; i++) {
		const struct seen *a = &first->seen[i], *b = &second->seen[i];

		if (!seen_alike(a, b) || a->timed != b->timed)
			return ROUND_OTHER;
		/* Who was found blocked before and after and has run has gone to sleep again. */
		if (a->timed && a->switches == b->switches)
			round = ROUND_WAITS;
		if (!a->timed && a->switches != b->switches)
			return ROUND_OTHER;
	}
	return round;
}

const struct seen *look_find(const struct look *look, int who)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->seen[i].who == who)
			return &look->seen[i];
	return NULL;
}

bool look_at_prompt(const struct seen *seen)
{
	return seen->state == 'S' && seen->reads_terminal;
}
