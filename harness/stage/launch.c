/* The shell is not PID 1 of its namespace, unless the case asks for it: there the kernel drops
 * signals whose action is the default (SIGNAL_UNKILLABLE). A silent parent is, which ignores
 * everything and reaps. A shell that is to be PID 1 gets a second namespace inside the first. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Descriptors of the silent parent and of the shell before it execs. */
enum { FD_WIRE = 3, FD_SLAVE = 4, FD_INPUT = 5, FD_FIRST_UNUSED = 6 };

enum { MESSAGE_HELLO = 'H', MESSAGE_GO = 'G', MESSAGE_FAILED = 'F', MESSAGE_REPORT = 'R' };

struct message {
	char kind;
	int number;    /* FAILED: errno; REPORT: wait status */
	char step[48]; /* FAILED */
};

/* --- in the children: single-threaded, nothing allocated --- */

static void send_to_harness(char kind, int number, const char *step)
{
	struct message m = {.kind = kind, .number = number};

	if (step)
		strncpy(m.step, step, sizeof(m.step) - 1);
	while (send(FD_WIRE, &m, sizeof(m), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static _Noreturn void fail(const char *step)
{
	send_to_harness(MESSAGE_FAILED, errno, step);
	_exit(127);
}

/* The raw call: libc refuses 32 and 33, and an exec would hand their dispositions on. */
static void set_disposition(int sig, void (*handler)(int))
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = {.handler = handler};

	syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.mask));
}

void launch_set_mask(uint64_t mask)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

void launch_reset_dispositions(uint64_t ignored)
{
	for (int sig = 1; sig <= 64; sig++)
		set_disposition(sig, ignored & 1ULL << (sig - 1) ? SIG_IGN : SIG_DFL);
}

static int move_fd(int from, int to)
{
	if (from < 0 || from == to)
		return from < 0 ? -1 : to;
	return dup2(from, to);
}

/* Moves what is needed to fixed places and closes the rest: a copy of the master left open here
 * would keep the terminal from ever hanging up. */
static void keep_descriptors(const struct launch_plan *plan, int wire)
{
	int parked[3] = {wire, plan->slave, plan->input};
	const bool given[3] = {true, plan->slave >= 0, plan->input >= 0};

	for (int i = 0; i < 3; i++)
		if (parked[i] >= 0)
			parked[i] = fcntl(parked[i], F_DUPFD_CLOEXEC, FD_FIRST_UNUSED);
	for (int i = 0; i < 3; i++)
		if (move_fd(parked[i], FD_WIRE + i) < 0 && given[i])
			_exit(127);
	fcntl(FD_WIRE, F_SETFD, FD_CLOEXEC);
	for (int i = 0; i < 3; i++)
		if (parked[i] < 0 && i > 0)
			close(FD_WIRE + i);
	syscall(SYS_close_range, FD_FIRST_UNUSED, ~0U, 0);
}

static void set_standard_descriptors(const struct launch_plan *plan)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		fail("open /dev/null");
	int terminal = plan->slave >= 0 ? FD_SLAVE : null;
	if (dup2(plan->input >= 0 ? FD_INPUT : terminal, 0) < 0 || dup2(terminal, 1) < 0 ||
		dup2(terminal, 2) < 0)
		fail("set descriptors 0, 1 and 2");
	if (null > 2)
		close(null);
	close(FD_SLAVE);
	close(FD_INPUT);
}

static void lead_session(const struct launch_plan *plan)
{
	if (setsid() < 0)
		fail("setsid");
	if (plan->slave >= 0 && ioctl(FD_SLAVE, TIOCSCTTY, 0) != 0)
		fail("take the controlling terminal (TIOCSCTTY)");
}

static void take_place(const struct launch_plan *plan)
{
	if (plan->session == SESSION_LEADER || plan->session == SESSION_PID1) {
		lead_session(plan);
		return;
	}
	if (plan->session == SESSION_SHARED)
		return;
	if (setpgid(0, 0) != 0)
		fail("setpgid");
	if (plan->session == SESSION_BACKGROUND || plan->slave < 0)
		return;
	/* From the background: SIGTTOU is blocked with everything else here. */
	pid_t group = getpid();
	if (ioctl(FD_SLAVE, TIOCSPGRP, &group) != 0)
		fail("give the terminal to the program (TIOCSPGRP)");
}

/* As a container has it. The mounts are made private first, or the machine would see ours. */
static void mount_own_proc(void)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		fail("make the mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		fail("mount the namespace's own /proc");
}

static void install_filter(const struct launch_plan *plan)
{
	if (!plan->filter)
		return;
	if (plan->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail("prctl(PR_SET_NO_NEW_PRIVS)");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, plan->filter) != 0)
		fail("install the tracer's system call filter (seccomp)");
}

/* Whatever ours are: a shell that dies for want of stack would be measured as if that were its way.
 */
static void set_limits(void)
{
	struct rlimit stack = {0, 0};

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = LAUNCH_STACK_BYTES;
	if (stack.rlim_max >= LAUNCH_STACK_BYTES) {
		setrlimit(RLIMIT_STACK, &stack);
		return;
	}
	/* Root may raise it, others get what they can. */
	if (setrlimit(RLIMIT_STACK, &(struct rlimit){LAUNCH_STACK_BYTES, LAUNCH_STACK_BYTES}) == 0)
		return;
	stack.rlim_cur = stack.rlim_max;
	setrlimit(RLIMIT_STACK, &stack);
}

static _Noreturn void become_shell(const struct launch_plan *plan)
{
	struct message go;

	/* Without a namespace the silent parent's end does not end us; untraced nobody would. */
	if (plan->isolation == ISOLATION_SUBREAPER)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	take_place(plan);
	launch_reset_dispositions(plan->ignored);
	send_to_harness(MESSAGE_HELLO, 0, NULL);
	if (recv(FD_WIRE, &go, sizeof(go), 0) <= 0 || go.kind != MESSAGE_GO)
		_exit(127); /* the harness is gone or could not seize us */
	set_standard_descriptors(plan);
	if (plan->session == SESSION_PID1)
		mount_own_proc();
	if (chdir(plan->dir) != 0)
		fail("enter the scene's directory");
	umask(022);
	set_limits();
	install_filter(plan);
	launch_set_mask(plan->blocked);
	execve(plan->file, plan->argv, plan->env);
	fail("execve");
}

/* As fork(), into new namespaces. */
static pid_t clone_process(unsigned long flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid >= 0 || errno != ENOSYS)
		return pid;
	/* Container runtimes refuse clone3 so, because their filter cannot see its flags. */
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

/* PID 1 of the scene, or its subreaper. All its signals are blocked, so a terminal that hangs up
 * or a group signal cannot end it. */
static _Noreturn void be_silent_parent(const struct launch_plan *plan)
{
	if (plan->isolation == ISOLATION_SUBREAPER && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail("prctl(PR_SET_CHILD_SUBREAPER)");
	if (plan->session != SESSION_LEADER && plan->session != SESSION_PID1)
		lead_session(plan);

	/* A copy of all that the worker knows would cost as much as many a shell's start. We have
	 * nothing to do before the shell has exec'ed, and it changes nothing of ours. */
	bool pid1 = plan->session == SESSION_PID1;
	pid_t shell = pid1 ? clone_process(CLONE_NEWPID | CLONE_NEWNS) : vfork();
	if (shell < 0)
		fail(pid1 ? "make a PID and a mount namespace (clone)" : "fork");
	if (shell == 0)
		become_shell(plan);
	close(FD_SLAVE);
	close(FD_INPUT);
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		if (pid == shell)
			send_to_harness(MESSAGE_REPORT, status, NULL);
		if (pid < 0 && errno == ECHILD)
			pause(); /* with everything blocked: until the harness kills us */
	}
}

static _Noreturn void start_in_child(const struct launch_plan *plan, int wire)
{
	launch_set_mask(~0ULL);
	/* The worker's death must be ours: nothing else would end an untraced scene then. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keep_descriptors(plan, wire);
	be_silent_parent(plan);
}

/* --- in the harness --- */

pid_t launch_clone(enum isolation isolation, uint64_t flags)
{
	if (isolation == ISOLATION_SUBREAPER)
		return fork();
	flags |= CLONE_NEWPID;
	return clone_process(isolation == ISOLATION_USER_PID ? flags | CLONE_NEWUSER : flags);
}

static int write_proc(pid_t pid, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	int result = n < 0 ? -errno : 0;
	close(fd);
	return result;
}

/* Everybody stays who they are: only our own ids exist inside.  user_namespaces(7). */
int launch_map_ids(pid_t pid)
{
	char map[64];

	int result = write_proc(pid, "setgroups", "deny");
	if (result != 0)
		return result;
	snprintf(map, sizeof(map), "%u %u 1", geteuid(), geteuid());
	result = write_proc(pid, "uid_map", map);
	if (result != 0)
		return result;
	snprintf(map, sizeof(map), "%u %u 1", getegid(), getegid());
	return write_proc(pid, "gid_map", map);
}

/* Receives one message and the sender's pid, translated to our numbering by the kernel. */
static ssize_t receive(int wire, struct message *m, pid_t *sender)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(wire, &header, 0);
	while (n < 0 && errno == EINTR);
	*sender = 0;
	for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&header) : NULL; c;
		c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred credentials;
			memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
			*sender = credentials.pid;
		}
	return n;
}

/* A failure that the child reported in its own words. The text outlives the message. */
static int failure(const struct message *m, const char **step)
{
	static const char *const steps[] = {"open /dev/null", "set descriptors 0, 1 and 2",
		"setsid", "take the controlling terminal (TIOCSCTTY)", "setpgid",
		"give the terminal to the program (TIOCSPGRP)", "prctl(PR_SET_NO_NEW_PRIVS)",
		"install the tracer's system call filter (seccomp)", "enter the scene's directory",
		"execve", "prctl(PR_SET_CHILD_SUBREAPER)", "fork",
		"make a PID and a mount namespace (clone)", "make the mounts private",
		"mount the namespace's own /proc"};

	*step = "start the program";
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strncmp(m->step, steps[i], sizeof(m->step) - 1) == 0)
			*step = steps[i];
	return m->number ? -m->number : -EIO;
}

static int handshake(const struct launch_plan *plan, struct launched *out, const char **step)
{
	struct message m = {0};
	pid_t sender;

	*step = "hear from the scene's first process";
	if (receive(out->wire, &m, &sender) <= 0)
		return -EPIPE;
	if (m.kind == MESSAGE_FAILED)
		return failure(&m, step);
	out->shell = sender;
	*step = "trace the program (PTRACE_SEIZE)";
	int result = plan->seize ? plan->seize(plan->context, sender) : 0;
	if (result != 0)
		return result;
	m = (struct message){.kind = MESSAGE_GO};
	*step = "let the program start";
	return send(out->wire, &m, sizeof(m), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int open_wire(int wires[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wires) != 0)
		return -errno;
	if (setsockopt(wires[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0)
		return 0;
	int saved = errno;
	close(wires[0]);
	close(wires[1]);
	return -saved;
}

int launch_start(const struct launch_plan *plan, struct launched *out, const char **step)
{
	int wires[2];

	*out = (struct launched){.init = -1, .shell = -1, .wire = -1};
	*step = "make a socket pair";
	int result = open_wire(wires);
	if (result != 0)
		return result;
	*step = "start the scene's first process (clone)";
	out->init = launch_clone(plan->isolation, 0);
	if (out->init == 0)
		start_in_child(plan, wires[1]);
	result = out->init < 0 ? -errno : 0;
	close(wires[1]);
	out->wire = wires[0];
	if (result == 0 && plan->isolation == ISOLATION_USER_PID) {
		*step = "write the user namespace's id maps";
		result = launch_map_ids(out->init);
	}
	if (result == 0)
		result = handshake(plan, out, step);
	if (result == 0)
		fcntl(out->wire, F_SETFL, O_NONBLOCK);
	else
		launch_end(out, plan->isolation);
	return result;
}

int launch_read(const struct launched *launched, int *status, const char **step)
{
	struct message m = {0};
	pid_t sender;

	if (launched->wire < 0 || receive(launched->wire, &m, &sender) <= 0)
		return 0;
	if (m.kind == MESSAGE_FAILED)
		return failure(&m, step);
	*status = m.number;
	return 1;
}

/* Kills every descendant of pid, deepest first, as long as there are any: a process may fork
 * while we look. Only without a PID namespace; its orphans come back to 'pid', a subreaper. */
static int kill_descendants(pid_t pid)
{
	char path[64], line[4096];
	int killed = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file))
		for (char *word = line, *end;; word = end) {
			pid_t child = (pid_t)strtol(word, &end, 10);
			if (end == word)
				break;
			killed += 1 + kill_descendants(child);
			kill(child, SIGKILL);
		}
	fclose(file);
	return killed;
}

/* The silent parent is the last of its scene: it is waited for by the kernel's own rule (a
 * namespace's PID 1) or because its descendants are gone already. Other children there may be are
 * not ours to wait for: a program we were exec'ed by may have left us some that live on. */
static void reap(pid_t init)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, __WALL);
	while (pid != init && (pid > 0 || errno == EINTR));
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
}

void launch_end(struct launched *launched, enum isolation isolation)
{
	if (launched->init > 0) {
		/* Tracees must be reaped by us before their parent can: so wait as we kill. The
		 * nap lets the silent parent run, which reaps them: we may be real-time. */
		while (isolation == ISOLATION_SUBREAPER && kill_descendants(launched->init) > 0) {
			while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
				;
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
		}
		kill(launched->init, SIGKILL);
		reap(launched->init);
	}
	if (launched->wire >= 0)
		close(launched->wire);
	*launched = (struct launched){.init = -1, .shell = -1, .wire = -1};
}
