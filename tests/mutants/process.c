/* Fork, exec, wait and exit. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- children --- */

static void remember_child(pid_t pid)
{
	mem.forked = true;
	mem.reaped_since_fork = false;
	if (mem.child_count < CHILDREN)
		mem.children[mem.child_count++] = pid;
}

static bool forget_child(pid_t pid)
{
	for (size_t i = 0; i < mem.child_count; i++)
		if (mem.children[i] == pid) {
			mem.child_count--;
			memmove(mem.children + i, mem.children + i + 1,
				(mem.child_count - i) * sizeof(pid_t));
			return true;
		}
	return false;
}

pid_t fork(void)
{
	if (LIE(fork_missing))
		return 0;
	pid_t pid = REAL(fork)();
	if (pid > 0)
		remember_child(pid);
	if (pid == 0) {
		mem.elder = leading_child(0);
		mem.child_count = 0;
		mem.faked = 0;
		mem.reaped_since_fork = false;
	}
	return pid;
}

/* A vfork cannot be wrapped (it returns twice into our frame), but may be a fork. */
pid_t vfork(void)
{
	return fork();
}

/* --- wait --- */

static bool fakes(void)
{
	return mem.mutant == MUTANT_foreground_not_waited || mem.mutant == MUTANT_wait_cut_short;
}

/* Makes up the end of the child that was started last; true: there is one to tell of. */
static bool fake_end(void)
{
	if (!fakes() || mem.child_count == 0)
		return false;
	mem.faked = mem.children[mem.child_count - 1];
	return true;
}

static pid_t tell_faked(int *status)
{
	pid_t pid = mem.faked;

	mem.faked = 0;
	forget_child(pid);
	if (status)
		*status = 0;
	intervene();
	return pid;
}

static int spoil_signaled(int status)
{
	int sig = WTERMSIG(status);

	if (LIE(signal_as_exit))
		return W_EXITCODE(128 + sig, 0);
	if (LIE(signal_as_zero))
		return 0;
	if (LIE(signal_bare))
		return W_EXITCODE(sig, 0);
	if (sig != SIGKILL && LIE(signal_wrong))
		return SIGKILL;
	if (!WCOREDUMP(status) && LIE(core_claimed))
		return status | WCOREFLAG;
	return status;
}

static int spoil_exited(int status)
{
	int code = WEXITSTATUS(status);

	if (code != 0 && LIE(exit_as_zero))
		return 0;
	if (code > 1 && LIE(exit_as_one))
		return W_EXITCODE(1, 0);
	if (code > 127 && LIE(exit_seven_bits))
		return W_EXITCODE(code & 0x7f, 0);
	return status;
}

static int spoil_stopped(int status)
{
	if (LIE(stop_as_exit))
		return W_EXITCODE(128 + WSTOPSIG(status), 0);
	if (WSTOPSIG(status) != SIGTTOU && LIE(stop_signal_wrong))
		return W_STOPCODE(SIGTTOU);
	return status;
}

static int spoil_status(pid_t pid, int status)
{
	if (WIFSTOPPED(status)) {
		if (mem.stopped_count < CHILDREN)
			mem.stopped[mem.stopped_count++] = getpgid(pid);
		return spoil_stopped(status);
	}
	if (WIFCONTINUED(status))
		return status;
	bool last = mem.child_count > 0 && mem.children[mem.child_count - 1] == pid;
	bool several = mem.child_count > 1 || (mem.reaped_since_fork && last);
	forget_child(pid);
	mem.reaped_since_fork = true;
	if (!last) {
		mem.first_reaped = pid;
		mem.first_status = status;
	} else if (several && mem.mutant == MUTANT_status_of_other) {
		int other = mem.first_reaped ? mem.first_status : 0;
		mem.first_reaped = 0;
		if (other != status && intervene())
			return other;
	}
	return WIFSIGNALED(status) ? spoil_signaled(status) : spoil_exited(status);
}

static int spoil_options(int options)
{
	if ((options & WUNTRACED) && LIE(stops_unseen))
		options &= ~WUNTRACED;
	if ((options & WCONTINUED) && LIE(continues_unseen))
		options &= ~WCONTINUED;
	return options;
}

/* All that a trap or a key could want, so that only the end of children is heard of. */
static void deafen(sigset_t *set)
{
	const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(set, signals[i]);
}

static pid_t wait_deaf(pid_t pid, int *status, int options, struct rusage *usage)
{
	sigset_t deaf, before;

	if ((options & WNOHANG) || !LIE(wait_not_interrupted))
		return REAL(wait4)(pid, status, options, usage);
	sigemptyset(&deaf);
	deafen(&deaf);
	REAL(sigprocmask)(SIG_BLOCK, &deaf, &before);
	pid_t ended = REAL(wait4)(pid, status, options, usage);
	int error = errno;
	REAL(sigprocmask)(SIG_SETMASK, &before, NULL);
	errno = error;
	return ended;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	bool blocks = !(options & WNOHANG);
	int own_status, *told = status ? status : &own_status;

	options = spoil_options(options);
	if (blocks && mem.mutant == MUTANT_foreground_not_waited)
		fake_end();
	if (mem.faked)
		return tell_faked(told);
	if (!blocks && LIE(zombies_kept))
		return 0;
	if (mem.child_count > 0 && mem.reaped_since_fork && LIE(wait_first_only)) {
		errno = ECHILD;
		return -1;
	}
	pid_t ended = wait_deaf(pid, told, options, usage);
	if (ended < 0 && errno == EINTR && mem.mutant == MUTANT_wait_cut_short && fake_end())
		return tell_faked(told);
	if (ended > 0) {
		*told = spoil_status(ended, *told);
		mem.last_status = *told;
	}
	return ended;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
	return wait4(-1, status, options, usage);
}

static bool child_to_report(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

/* The shell's own SIGCHLD handler hears of an end that we have made up. */
static void tell_by_handler(void)
{
	void (*handler)(int) = mem.handler[SIGCHLD];

	if (fake_end() && handler && handler != SIG_IGN)
		handler(SIGCHLD);
}

int sigsuspend(const sigset_t *set)
{
	sigset_t heard = *set;

	if (mem.child_count > 0 && mem.mutant == MUTANT_foreground_not_waited) {
		tell_by_handler();
		errno = EINTR;
		return -1;
	}
	if (mem.child_count > 0 && LIE(wait_not_interrupted))
		deafen(&heard);
	int result = REAL(sigsuspend)(&heard);
	if (mem.mutant == MUTANT_wait_cut_short && !child_to_report())
		tell_by_handler();
	errno = EINTR;
	return result;
}

/* --- exit --- */

_Noreturn void end_as(int status)
{
	if (WIFSIGNALED(status)) {
		sigset_t all;

		set_action(WTERMSIG(status), SIG_DFL);
		sigfillset(&all);
		REAL(sigprocmask)(SIG_UNBLOCK, &all, NULL);
		REAL(raise)(WTERMSIG(status));
	}
	REAL(_exit)(WEXITSTATUS(status));
	__builtin_unreachable();
}

static int spoil_exit(int code)
{
	if (!in_main())
		return (code & 0xff) != 0 && LIE(subshell_exits_zero) ? 0 : code;
	if (mem.child_count > 0 && LIE(exit_waits))
		while (REAL(waitpid)(-1, NULL, 0) > 0 || errno == EINTR)
			;
	if (mem.child_count > 0 && LIE(exit_kills))
		for (size_t i = 0; i < mem.child_count; i++)
			REAL(kill)(mem.children[i], SIGKILL);
	if ((code & 0xff) > 128 && (code & 0xff) < 128 + 32 && LIE(shell_exits_by_signal))
		end_as((code & 0xff) - 128);
	return (code & 0xff) != 0 && LIE(shell_exits_zero) ? 0 : code;
}

_Noreturn void exit(int code)
{
	REAL(exit)(spoil_exit(code));
	__builtin_unreachable();
}

_Noreturn void _exit(int code)
{
	REAL(_exit)(spoil_exit(code));
	__builtin_unreachable();
}

/* --- exec --- */

/* Starts the program in a child and ends as it does. */
static void stand_between(const char *path, char *const argv[], char *const env[])
{
	int status;
	pid_t pid = REAL(fork)();

	if (pid <= 0) {
		REAL(execve)(path, argv, env);
		REAL(_exit)(126);
	}
	while (REAL(waitpid)(pid, &status, 0) < 0 && errno == EINTR)
		;
	end_as(status);
}

/* Shells try one directory after the other: only where there is a program does it begin. */
static bool is_program(const char *path)
{
	int error = errno;
	bool yes = access(path, X_OK) == 0;

	errno = error;
	return yes;
}

static void read_null(void)
{
	int null = REAL(open)("/dev/null", 0);

	REAL(dup2)(null, 0);
	REAL(close)(null);
}

int execve(const char *path, char *const argv[], char *const env[])
{
	if (is_program(path)) {
		spoil_group();
		spoil_dispositions();
		if (!in_main() && getpgrp() != getpgid(mem.main_pid) && LIE(job_input_null))
			read_null();
		if (in_main() ? LIE(exec_forks) : LIE(extra_process))
			stand_between(path, argv, env);
	}
	int result = REAL(execve)(path, argv, env);
	if (errno == ENOENT && LIE(not_found_as_denied))
		errno = EACCES;
	return result;
}
