#include "start.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../stage/launch.h"
#include "../watch/proc.h"

/* --- in the child --- */

/* What it says to us before it execs; a socket that closes without a word means that it did. */
struct word {
	int number; /* errno; 0: ready to be seized */
	bool proc_failed;
	char step[40];
};

static void say(int wire, int number, const char *step, bool proc_failed)
{
	struct word word = {.number = number, .proc_failed = proc_failed};

	strncpy(word.step, step, sizeof(word.step) - 1);
	while (send(wire, &word, sizeof(word), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static _Noreturn void fail(int wire, const char *step)
{
	say(wire, errno, step, false);
	_exit(127);
}

/* Nothing of the mounts comes back to the machine. Where it is refused (a container that hides
 * parts of /proc) the command sees the /proc of outside. */
static bool mount_proc(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static void set_descriptors(const struct chain_start *plan, int wire)
{
	int out = plan->slave >= 0 ? plan->slave : plan->output;
	int in = plan->slave >= 0 ? plan->slave : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (setsid() < 0)
		fail(wire, "setsid");
	if (plan->slave >= 0 && ioctl(plan->slave, TIOCSCTTY, 0) != 0)
		fail(wire, "take the terminal (TIOCSCTTY)");
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		fail(wire, "set descriptors 0, 1 and 2");
}

static _Noreturn void become(const struct chain_start *plan, int wire)
{
	char go;

	/* The parent writes the id maps of a user namespace before this. */
	if (recv(wire, &go, 1, 0) != 1)
		_exit(127);
	bool proc_failed = plan->pid1 && !mount_proc();
	set_descriptors(plan, wire);
	launch_reset_dispositions(0);
	say(wire, 0, "", proc_failed);
	if (recv(wire, &go, 1, 0) != 1)
		_exit(127);
	prctl(PR_SET_PDEATHSIG, 0);
	if (plan->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail(wire, "prctl(PR_SET_NO_NEW_PRIVS)");
	if (plan->filter && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, plan->filter) != 0)
		fail(wire, "install the tracer's filter (seccomp)");
	launch_set_mask(0);
	execvp(plan->argv[0], plan->argv);
	fail(wire, "start the command");
}

/* --- here --- */

static enum isolation isolation_of(const struct chain_start *plan)
{
	if (!plan->pid1)
		return ISOLATION_SUBREAPER;
	return geteuid() == 0 ? ISOLATION_PID : ISOLATION_USER_PID;
}

static const char *step_of(const struct word *word)
{
	static const char *const steps[] = {"setsid", "take the terminal (TIOCSCTTY)",
		"set descriptors 0, 1 and 2", "prctl(PR_SET_NO_NEW_PRIVS)",
		"install the tracer's filter (seccomp)", "start the command"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strcmp(word->step, steps[i]) == 0)
			return steps[i];
	return "start the command's process";
}

static int hear(int wire, struct word *word, const char **step)
{
	ssize_t n;

	do
		n = recv(wire, word, sizeof(*word), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*word))
		return -EPIPE;
	*step = step_of(word);
	return -word->number;
}

static int let_go(const struct chain_start *plan, const struct chain_started *out,
	bool *proc_failed, const char **step)
{
	struct word word = {0};
	int wire = out->wire;
	pid_t pid = out->pid;

	*step = "write the user namespace's id maps";
	int result = isolation_of(plan) == ISOLATION_USER_PID ? launch_map_ids(pid) : 0;
	if (result != 0)
		return result;
	*step = "hear from the command's process";
	if (send(wire, "g", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	result = hear(wire, &word, step);
	if (result != 0)
		return result;
	*proc_failed = word.proc_failed;
	*step = "trace the command (PTRACE_SEIZE)";
	result = trace_seize(pid);
	if (result != 0)
		return result;
	return send(wire, "g", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int chain_start_failure(const struct chain_started *started, const char **step)
{
	struct word word;

	*step = "start the command";
	int result = hear(started->wire, &word, step);
	return result == -EPIPE ? 0 : result;
}

int chain_start(const struct chain_start *plan, struct chain_started *out, const char **step)
{
	int wires[2];

	*out = (struct chain_started){.pid = -1, .wire = -1};
	*step = "make a socket pair";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wires) != 0)
		return -errno;
	*step = plan->pid1 ? "make a PID namespace (clone)" : "fork";
	out->wire = wires[0];
	out->pid = launch_clone(isolation_of(plan), plan->pid1 ? CLONE_NEWNS : 0);
	if (out->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* until we trace it */
		close(wires[0]);
		become(plan, wires[1]);
	}
	int result = out->pid < 0 ? -errno : 0;
	close(wires[1]);
	if (result == 0)
		result = let_go(plan, out, &out->proc_failed, step);
	if (result == 0)
		return 0;
	if (out->pid > 0) {
		kill(out->pid, SIGKILL);
		while (waitpid(out->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	close(out->wire);
	return result;
}

/* --- a running tree --- */

static int seize_if(pid_t tid, bool seize)
{
	int result = seize ? trace_seize_thread(tid, false) : 0;

	return result == -ESRCH ? 0 : result; /* it has just ended */
}

static int attach_threads(struct watch *watch, pid_t pid, int who, bool seize)
{
	char path[64];
	const struct dirent *entry;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	while (dir && result == 0 && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid <= 0 || tid == pid || watch_find_outer(watch, tid) >= 0)
			continue;
		result = seize_if(tid, seize);
		if (result == 0 && seize)
			watch_proc(watch, tid, who);
	}
	if (dir)
		closedir(dir);
	return result;
}

static int attach_below(struct watch *watch, pid_t pid, int parent, bool seize);

static int attach_children(struct watch *watch, pid_t pid, int who, bool seize)
{
	char path[64], name[300], text[16384];
	const struct dirent *entry;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	while (dir && result == 0 && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "task/%s/children", entry->d_name);
		if (*entry->d_name == '.' || proc_read(pid, name, text, sizeof(text)) <= 0)
			continue;
		for (char *at = text, *end; result == 0; at = end) {
			pid_t child = (pid_t)strtol(at, &end, 10);
			if (end == at)
				break;
			result = attach_below(watch, child, who, seize);
		}
	}
	if (dir)
		closedir(dir);
	return result;
}

/* Once it is seized its new children come by themselves; those it has are in the list. */
static int attach_below(struct watch *watch, pid_t pid, int parent, bool seize)
{
	if (watch_find_outer(watch, pid) >= 0 || pid == getpid())
		return 0; /* known, or ourselves: the tree may be that of our own shell */
	int result = seize_if(pid, seize);
	if (result != 0)
		return result;
	int who = watch_proc(watch, pid, parent);
	result = attach_threads(watch, pid, who, seize);
	return result ? result : attach_children(watch, pid, who, seize);
}

int chain_attach(struct watch *watch, pid_t pid, bool seize)
{
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return -ESRCH;
	return attach_below(watch, pid, WHO_INIT, seize);
}
