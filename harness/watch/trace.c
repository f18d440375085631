#include "trace.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

#include "look.h"
#include "proc.h"

enum { SYSCALL_STOP = SIGTRAP | 0x80 };

/* --- the processes of the scene --- */

struct watch *watch_new(const void *parent, struct log *log, bool namespaced)
{
	struct watch *watch = talloc_zero(parent, struct watch);

	watch->log = log;
	watch->namespaced = namespaced;
	return watch;
}

static long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

/* What /proc/PID/status says of who a process is. */
struct identity {
	pid_t leader;        /* of its thread group */
	const char *numbers; /* in the PID namespaces from the outermost in; NULL: the kernel has
				none */
	char text[4096];
};

/* False when it is gone. */
static bool read_identity(pid_t outer, struct identity *identity)
{
	static const char key[] = "\nNSpid:\t";

	if (proc_read(outer, "status", identity->text, sizeof(identity->text)) <= 0)
		return false;
	const char *at = strstr(identity->text, key);
	identity->numbers = at ? at + strlen(key) : NULL;
	identity->leader = (pid_t)number_after(identity->text, "\nTgid:");
	return true;
}

pid_t trace_inner_pid(pid_t outer, int depth)
{
	struct identity identity;

	if (!read_identity(outer, &identity))
		return 0;
	return identity.numbers ? proc_at_depth(identity.numbers, depth) : outer;
}

void watch_settle_depth(struct watch *watch, pid_t outer)
{
	struct identity identity;
	bool known = read_identity(outer, &identity) && identity.numbers;

	watch->depth = known ? proc_depth(identity.numbers) : 0;
}

int watch_proc(struct watch *watch, pid_t outer, int parent)
{
	struct identity identity;
	bool there = read_identity(outer, &identity);
	bool numbered = there && identity.numbers;
	bool thread = there && identity.leader != outer;
	bool below = numbered && watch->depth > 0 && proc_depth(identity.numbers) > watch->depth;
	pid_t inner = numbered ? proc_at_depth(identity.numbers, watch->depth) : 0;
	int index = log_proc(watch->log, inner ? inner : outer, outer, parent);

	watch->tracees =
		talloc_realloc(watch, watch->tracees, struct tracee, watch->log->proc_count);
	int process = thread ? watch_find_outer(watch, identity.leader) : index;
	watch->tracees[index] = (struct tracee){.alive = true,
		.thread = thread,
		.process = process >= 0 ? process : index,
		.own = below ? proc_at_depth(identity.numbers, 0) : 0,
		.call_event = -1};
	return index;
}

int watch_find_outer(const struct watch *watch, pid_t outer)
{
	for (size_t i = watch->log->proc_count; i-- > 0;)
		if (watch->log->procs[i].outer == outer && watch->tracees[i].alive)
			return (int)i;
	return WHO_NONE;
}

pid_t watch_init_pid(const struct watch *watch)
{
	if (watch->pid1)
		return 0;
	return watch->namespaced ? 1 : watch->init;
}

/* By its number, and by its session: a /dev/pts of its own, as a container has, begins at 0 again.
 * tty_ioctl(4): the other end is told the session of any terminal. */
static bool is_scenes(const struct watch *watch, dev_t terminal, pid_t outer)
{
	pid_t session;

	if (watch->terminal == 0 || terminal != watch->terminal)
		return false;
	return ioctl(*watch->master, TIOCGSID, &session) != 0 || session <= 0 ||
	       session == getsid(outer);
}

static bool on_scenes_terminal(const struct watch *watch, pid_t outer)
{
	return is_scenes(watch, proc_terminal(outer), outer);
}

dev_t watch_other_terminal(const struct watch *watch, pid_t outer)
{
	dev_t terminal = proc_terminal(outer);

	return is_scenes(watch, terminal, outer) ? 0 : terminal;
}

int watch_find_inner(const struct watch *watch, pid_t inner)
{
	for (size_t i = watch->log->proc_count; i-- > 0;)
		if (watch->log->procs[i].pid == inner)
			return (int)i;
	return inner > 0 && inner == watch_init_pid(watch) ? WHO_INIT : WHO_NONE;
}

/* The latest process whom that process knows by the number: one in a namespace below the scene's
 * has numbers of its own for those in there, and none for the others. */
static int find_known_to(const struct watch *watch, int who, pid_t number)
{
	if (who < 0 || !watch->tracees[who].own)
		return watch_find_inner(watch, number);
	for (size_t i = watch->log->proc_count; i-- > 0;)
		if (number > 0 && watch->tracees[i].own == number)
			return (int)i;
	return WHO_NONE;
}

/* Who called kill(2) last for that signal and process. */
static int last_killer(const struct watch *watch, int receiver, int sig)
{
	for (size_t i = watch->log->count; i-- > 0;) {
		const struct event *event = &watch->log->events[i];

		if (event->kind == EVENT_KILL && event->sig == sig &&
			(event->other == receiver || event->group))
			return event->who;
	}
	return WHO_UNKNOWN;
}

static bool tells_of(const struct event *event, enum source source, int receiver, int sig)
{
	return event->kind == EVENT_SIGNAL && event->source == source && event->who == receiver &&
	       event->sig == sig;
}

/* Has the harness sent it that signal, which that source has not told of yet? A link that passes
 * its own on can only be later. */
static bool is_harness_signal(const struct watch *watch, enum source source, int receiver, int sig)
{
	pid_t outer = watch->log->procs[receiver].outer;

	if (watch->sent.sig != sig ||
		(watch->sent.target != outer && watch->sent.target != -getpgid(outer)))
		return false;
	for (size_t i = watch->sent.at; i < watch->log->count; i++) {
		const struct event *event = &watch->log->events[i];

		if (tells_of(event, source, receiver, sig))
			return false;
	}
	return true;
}

/* Who sent what the receiver reports next, as the delivery of it said: handlers of an actor do not
 * interrupt each other, so its reports come in that order, and by now somebody else may have sent
 * the same signal. */
static int deliverer(const struct watch *watch, int receiver, int sig)
{
	const struct log *log = watch->log;
	size_t reports = 0;

	for (size_t i = 0; i < log->count; i++)
		reports += tells_of(&log->events[i], SOURCE_ACTOR, receiver, sig);
	for (size_t i = log_actor_since(log, receiver, log->count); i < log->count; i++)
		if (tells_of(&log->events[i], SOURCE_TRACE, receiver, sig) && reports-- == 0)
			return log->events[i].other;
	return last_killer(watch, receiver, sig);
}

int watch_sender(
	const struct watch *watch, enum source source, int receiver, int sig, int code, pid_t inner)
{
	if (code == SI_KERNEL)
		return WHO_TTY;
	/* From outside its namespace, which is not yet outside the scene. */
	if (receiver >= 0 && watch->tracees[receiver].own && inner == 0) {
		if (is_harness_signal(watch, source, receiver, sig))
			return WHO_HARNESS;
		return source == SOURCE_ACTOR ? deliverer(watch, receiver, sig)
					      : last_killer(watch, receiver, sig);
	}
	if (inner == (watch->namespaced ? 0 : getpid()))
		return WHO_HARNESS;
	int who = find_known_to(watch, receiver, inner);
	return who == WHO_NONE ? WHO_UNKNOWN : who;
}

/* --- ptrace --- */

int trace_seize_thread(pid_t tid, bool bound)
{
	unsigned long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
				PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;

	if (bound)
		options |= PTRACE_O_EXITKILL;
	return ptrace(PTRACE_SEIZE, tid, NULL, options) == 0 ? 0 : -errno;
}

int trace_seize(pid_t pid)
{
	return trace_seize_thread(pid, true);
}

/* Lets a stopped tracee go on, delivering sig (0: none). While a system call that we looked at
 * is under way we ask for its return too: a signal or exec in between must not lose it. A tracee
 * that was killed meanwhile gives ESRCH; its end comes as a status of its own. */
static void go_on(struct watch *watch, int who, int sig)
{
	bool in_call = watch->tracees[who].call_event >= 0 || watch->tracees[who].waits;

	ptrace(in_call ? PTRACE_SYSCALL : PTRACE_CONT, watch->log->procs[who].outer, NULL,
		(long)sig);
}

/* The child's first stop may have come before its parent's event, and even its end. */
static int find_foundling(const struct watch *watch, pid_t outer)
{
	for (size_t i = watch->log->proc_count; i-- > 0;)
		if (watch->log->procs[i].outer == outer &&
			watch->log->procs[i].parent == WHO_UNKNOWN)
			return (int)i;
	return WHO_NONE;
}

static void saw_child(struct watch *watch, int who)
{
	unsigned long message = 0;
	pid_t outer = watch->log->procs[who].outer;

	if (ptrace(PTRACE_GETEVENTMSG, outer, NULL, &message) != 0)
		return;
	int child = find_foundling(watch, (pid_t)message);
	if (child == WHO_NONE)
		child = watch_proc(watch, (pid_t)message, who);
	who = watch->tracees[who].process; /* whichever of its threads it was */
	watch->log->procs[child].parent = who;
	if (watch->tracees[child].thread)
		return;
	watch->log->procs[who].children++;
	struct event *event = log_add(watch->log, EVENT_FORK, SOURCE_TRACE, who);
	event->other = child;
}

static void saw_exec(struct watch *watch, int who)
{
	char path[64], file[512];
	struct proc_status status;

	snprintf(path, sizeof(path), "/proc/%d/exe", watch->log->procs[who].outer);
	ssize_t n = readlink(path, file, sizeof(file) - 1);
	if (n < 0)
		n = 0;
	file[n] = '\0';
	struct event *event = log_add(watch->log, EVENT_EXEC, SOURCE_TRACE, who);
	event->text = talloc_strdup(watch->log, file);
	/* What the new program inherits: it can have changed nothing yet. */
	if (look_status(watch, who, &status))
		event->status = talloc_memdup(watch->log, &status, sizeof(status));
	watch->tracees[who].call_event = -1;
	watch->tracees[who].waits = false;
	watch->tracees[who].polled = 0;
}

static pid_t group_of(const struct watch *watch, int who)
{
	pid_t outer_group = getpgid(watch->log->procs[who].outer);

	return outer_group > 0 ? trace_inner_pid(outer_group, watch->depth) : 0;
}

/* The target of kill(2): a pid, 0 for the own group, or minus a group. */
static void set_target(struct watch *watch, struct event *event, pid_t target)
{
	event->group = target <= 0;
	event->number = target;
	if (target == -1) { /* everybody, and not group 1 */
		event->other = WHO_NONE;
		return;
	}
	if (target == 0)
		event->other = watch_find_inner(watch, group_of(watch, event->who));
	else
		event->other = find_known_to(watch, event->who, target < 0 ? -target : target);
	if (event->other >= 0) /* tgkill(2) names a thread */
		event->other = watch->tracees[event->other].process;
}

static void saw_kill(struct watch *watch, int who, pid_t target, int sig)
{
	struct event *event = log_add(watch->log, EVENT_KILL, SOURCE_TRACE, who);

	event->sig = sig;
	event->result = LOG_PENDING;
	set_target(watch, event, target);
}

/* pidfd_send_signal(2): whom the descriptor stands for is told in our numbers; proc(5), fdinfo. */
static void saw_pidfd_kill(struct watch *watch, int who, int fd, int sig)
{
	char name[64], text[1024];
	struct event *event = log_add(watch->log, EVENT_KILL, SOURCE_TRACE, who);

	event->sig = sig;
	event->result = LOG_PENDING;
	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (proc_read(watch->log->procs[who].outer, name, text, sizeof(text)) <= 0)
		return;
	event->other = watch_find_outer(watch, (pid_t)number_after(text, "Pid:"));
	if (event->other >= 0)
		event->number = watch->log->procs[event->other].pid;
}

static void saw_setpgid(struct watch *watch, int who, pid_t pid, pid_t group)
{
	struct event *event = log_add(watch->log, EVENT_SETPGID, SOURCE_TRACE, who);

	event->other = pid == 0 ? who : find_known_to(watch, who, pid);
	event->number = group;
	if (group == 0 && event->other >= 0)
		event->number = watch->log->procs[event->other].pid;
	event->result = LOG_PENDING;
}

static void saw_tcsetpgrp(struct watch *watch, int who, unsigned long pointer)
{
	pid_t group = 0;
	struct iovec here = {.iov_base = &group, .iov_len = sizeof(group)};
	struct iovec there = {.iov_base = (void *)pointer, .iov_len = sizeof(group)};
	struct event *event = log_add(watch->log, EVENT_TCSETPGRP, SOURCE_TRACE, who);

	if (process_vm_readv(watch->log->procs[who].outer, &here, 1, &there, 1, 0) < 0)
		group = 0;
	event->other = find_known_to(watch, who, group);
	event->number = event->other >= 0 ? watch->log->procs[event->other].pid : group;
	event->result = LOG_PENDING;
}

/* Stopped by the filter at the entry of a system call. */
static void saw_call(struct watch *watch, int who)
{
	struct ptrace_syscall_info info = {0};
	pid_t outer = watch->log->procs[who].outer;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, outer, sizeof(info), &info) <= 0 ||
		info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	const __u64 *args = info.seccomp.args;
	int thread = who;
	who = watch->tracees[who].process;
	switch (info.seccomp.nr) {
	case SYS_kill:
	case SYS_tkill:
	case SYS_rt_sigqueueinfo:
		saw_kill(watch, who, (pid_t)args[0], (int)args[1]);
		break;
	case SYS_tgkill:
	case SYS_rt_tgsigqueueinfo:
		saw_kill(watch, who, (pid_t)args[1], (int)args[2]);
		break;
	case SYS_pidfd_send_signal:
		saw_pidfd_kill(watch, who, (int)args[0], (int)args[1]);
		break;
	case SYS_setpgid:
		saw_setpgid(watch, who, (pid_t)args[0], (pid_t)args[1]);
		break;
	case SYS_setsid:
		log_add(watch->log, EVENT_SETSID, SOURCE_TRACE, who)->result = LOG_PENDING;
		watch->tracees[who].leads = true;
		break;
	case SYS_ioctl:
		if (watch->terminal && !on_scenes_terminal(watch, watch->log->procs[who].outer))
			return;
		saw_tcsetpgrp(watch, who, args[2]);
		break;
	case SYS_rt_sigtimedwait:
		watch->tracees[thread].waits = true;
		watch->tracees[thread].info = args[1];
		watch->tracees[thread].polled =
			proc_signal_set(watch->log->procs[thread].outer, args[0]);
		return;
	default:
		return;
	}
	watch->tracees[thread].call_event = (long)watch->log->count - 1;
}

/* The return of rt_sigtimedwait: a signal was taken without having been delivered. */
static void saw_take(struct watch *watch, int who, const struct ptrace_syscall_info *info)
{
	struct tracee *tracee = &watch->tracees[who];
	siginfo_t taken = {0};
	struct iovec here = {.iov_base = &taken, .iov_len = sizeof(taken)};
	struct iovec there = {.iov_base = (void *)tracee->info, .iov_len = sizeof(taken)};

	tracee->waits = false;
	if (info->exit.is_error || info->exit.rval <= 0)
		return;
	tracee->polled = 0;
	bool told = tracee->info && process_vm_readv(watch->log->procs[who].outer, &here, 1, &there,
					    1, 0) == sizeof(taken);
	int sig = (int)info->exit.rval;
	int sender = told ? watch_sender(watch, SOURCE_TRACE, tracee->process, sig, taken.si_code,
				    taken.si_pid)
			  : WHO_UNKNOWN;
	struct event *event = log_add(watch->log, EVENT_SIGNAL, SOURCE_TRACE, tracee->process);
	event->sig = sig;
	event->how = 'w';
	event->code = told ? taken.si_code : 0;
	event->other = sender;
}

static void saw_return(struct watch *watch, int who)
{
	struct ptrace_syscall_info info = {0};
	long *call = &watch->tracees[who].call_event;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, watch->log->procs[who].outer, sizeof(info), &info) <= 0)
		return;
	if (info.op != PTRACE_SYSCALL_INFO_EXIT)
		return;
	if (watch->tracees[who].waits)
		saw_take(watch, who, &info);
	if (*call < 0)
		return;
	/* A call that is restarted after a signal or a stop (ERESTARTSYS and kin, 512-516) has
	 * not returned yet: the tracer sees its entry again, as an event of its own. */
	watch->log->events[*call].result = info.exit.is_error ? info.exit.rval : 0;
	watch->log->events[*call].returned = watch->log->count;
	*call = -1;
}

/* The event that already tells of such a delivery in this storm, or NULL. What actors get is told
 * one by one: they report each, and the two are compared. */
static struct event *same_delivery(const struct watch *watch, const struct event *delivery)
{
	if (!watch->storm || watch->log->procs[delivery->who].actor ||
		(delivery->other != WHO_HARNESS && delivery->other != WHO_TTY))
		return NULL;
	for (size_t i = watch->storm_began; i < watch->log->count; i++) {
		struct event *event = &watch->log->events[i];

		if (event->kind == EVENT_SIGNAL && event->who == delivery->who &&
			event->sig == delivery->sig && event->code == delivery->code &&
			event->other == delivery->other)
			return event;
	}
	return NULL;
}

/* Did the process bring it on itself, as by a null pointer? Then siginfo has an address where the
 * sender would be. */
static bool is_fault(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
	case SIGSYS:
		return info->si_code > 0;
	default:
		return false;
	}
}

static void saw_signal(struct watch *watch, int who, int sig)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, watch->log->procs[who].outer, NULL, &info) != 0)
		return;
	int process = watch->tracees[who].process;
	struct event delivery = {.who = process,
		.sig = sig,
		.code = info.si_code,
		.other = is_fault(&info) ? process
					 : watch_sender(watch, SOURCE_TRACE, process, sig,
						   info.si_code, info.si_pid)};
	struct event *event = same_delivery(watch, &delivery);
	if (event) {
		event->number++;
		return;
	}
	event = log_add(watch->log, EVENT_SIGNAL, SOURCE_TRACE, delivery.who);
	event->sig = delivery.sig;
	event->code = delivery.code;
	event->other = delivery.other;
}

/* The kernel drops a SIGSTOP that PID 1 gets from inside its namespace, but it lets a tracer see it
 * first and then forgets where it came from (sig_ignored() and get_signal() in kernel/signal.c):
 * delivered, it would stop the process, as it never does without us. */
static bool is_dropped(const struct watch *watch, int who, int sig)
{
	siginfo_t info;

	return sig == SIGSTOP && watch->pid1 && watch->tracees[who].process == 0 &&
	       ptrace(PTRACE_GETSIGINFO, watch->log->procs[who].outer, NULL, &info) == 0 &&
	       info.si_code <= 0 && info.si_pid != 0;
}

static bool is_caught(pid_t outer, int sig)
{
	static const char key[] = "\nSigCgt:";
	char text[4096];
	const char *at = proc_read(outer, "status", text, sizeof(text)) > 0 ? strstr(text, key) : 0;

	return at && strtoull(at + strlen(key), NULL, 16) & 1ULL << (sig - 1);
}

/* A fault of its own kills PID 1 like anybody, but not while it is traced: then it faults again
 * and again (force_sig_info_to_task()). So it is let go, to die of it; its parent tells us. */
static bool is_fatal_fault(const struct watch *watch, int who, int sig)
{
	siginfo_t info;
	pid_t outer = watch->log->procs[who].outer;

	return watch->pid1 && watch->tracees[who].process == 0 &&
	       ptrace(PTRACE_GETSIGINFO, outer, NULL, &info) == 0 && is_fault(&info) &&
	       !is_caught(outer, sig);
}

static void hand_on(struct watch *watch, int who, int sig)
{
	if (is_fatal_fault(watch, who, sig))
		ptrace(PTRACE_DETACH, watch->log->procs[who].outer, NULL, NULL);
	else
		go_on(watch, who, is_dropped(watch, who, sig) ? 0 : sig);
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* PTRACE_EVENT_STOP: a group-stop (the signal says which), a new tracee's first stop, or the
 * notice that a stopped one was continued (both SIGTRAP). */
static void saw_stop(struct watch *watch, int who, int sig)
{
	struct tracee *tracee = &watch->tracees[who];

	if (is_stop_signal(sig)) {
		if (!tracee->listening && !tracee->thread)
			log_add(watch->log, EVENT_STOPPED, SOURCE_TRACE, who)->sig = sig;
		tracee->listening = true;
		ptrace(PTRACE_LISTEN, watch->log->procs[who].outer, NULL, NULL);
		return;
	}
	if (tracee->listening && !tracee->thread)
		log_add(watch->log, EVENT_CONTINUED, SOURCE_TRACE, who);
	tracee->listening = false;
	go_on(watch, who, 0);
}

static void saw_end(struct watch *watch, int who, int status)
{
	watch->tracees[who].alive = false;
	if (watch->tracees[who].thread)
		return;
	struct event *event = log_add(watch->log, EVENT_ENDED, SOURCE_TRACE, who);
	event->how = WIFEXITED(status) ? 'e' : 's';
	event->number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

void trace_status(struct watch *watch, pid_t outer, int status)
{
	int who = watch_find_outer(watch, outer);

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (who >= 0)
			saw_end(watch, who, status);
		return;
	}
	if (who == WHO_NONE)
		who = watch_proc(watch, outer, WHO_UNKNOWN);

	int sig = WSTOPSIG(status), event = status >> 16;
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		saw_child(watch, who);
		break;
	case PTRACE_EVENT_EXEC:
		saw_exec(watch, who);
		break;
	case PTRACE_EVENT_SECCOMP:
		saw_call(watch, who);
		break;
	case PTRACE_EVENT_STOP:
		saw_stop(watch, who, sig);
		return;
	default:
		if (sig == SYSCALL_STOP) {
			saw_return(watch, who);
			break;
		}
		saw_signal(watch, who, sig);
		look_interrupted(watch, who);
		hand_on(watch, who, sig);
		return;
	}
	go_on(watch, who, 0);
}
