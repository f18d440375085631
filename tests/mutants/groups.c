/* Process groups and the terminal. */
#include "mutant.h"

#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static pid_t shell_group(void)
{
	return getpgid(mem.main_pid);
}

pid_t leading_child(pid_t but)
{
	for (size_t i = 0; i < mem.child_count; i++)
		if (mem.children[i] != but && getpgid(mem.children[i]) == mem.children[i])
			return mem.children[i];
	return 0;
}

/* SIGTTOU would stop a group in the background that is about to take it. */
static void take_terminal(pid_t group)
{
	sigset_t writing, before;

	sigemptyset(&writing);
	sigaddset(&writing, SIGTTOU);
	REAL(sigprocmask)(SIG_BLOCK, &writing, &before);
	REAL(tcsetpgrp)(mem.late_tty, group);
	REAL(sigprocmask)(SIG_SETMASK, &before, NULL);
}

static int place_child(pid_t pid, pid_t target, pid_t group)
{
	bool by_itself = target == getpid(), leader = group == target;

	if (LIE(no_setpgid))
		return 0;
	if (!by_itself && LIE(parent_setpgid_missing))
		return 0;
	if (by_itself && LIE(child_setpgid_missing))
		return 0;
	if (!leader && LIE(pipeline_split))
		return REAL(setpgid)(pid, target);
	if (!leader && LIE(followers_stay))
		return 0;
	if (leader && mem.mutant == MUTANT_own_session) {
		/* A leader cannot call setsid, so the parent must not make it one before. */
		if (by_itself && intervene())
			setsid();
		return 0;
	}
	if (leader && mem.mutant == MUTANT_jobs_share_group) {
		pid_t other = by_itself ? mem.elder : leading_child(target);

		if (other != 0 && REAL(setpgid)(pid, other) == 0 && intervene())
			return 0;
	}
	int result = REAL(setpgid)(pid, group);
	if (leader && by_itself && mem.late_tty >= 0 && LIE(tty_to_background))
		take_terminal(target);
	return result;
}

int setpgid(pid_t pid, pid_t group)
{
	pid_t target = pid == 0 ? getpid() : pid;

	if (target != mem.main_pid)
		return place_child(pid, target, group == 0 ? target : group);
	if ((group == 0 || group == target) && LIE(shell_group_not_made))
		return 0;
	if (group != 0 && group != target && LIE(shell_group_not_restored))
		return 0;
	return REAL(setpgid)(pid, group);
}

void spoil_group(void)
{
	if (!in_main() && getpgrp() == shell_group() && LIE(group_without_job_control))
		REAL(setpgid)(0, 0);
}

static bool was_stopped(pid_t group)
{
	for (size_t i = 0; i < mem.stopped_count; i++)
		if (mem.stopped[i] == group)
			return true;
	return false;
}

/* Is the shell to be told that it gave the terminal to a job, while nothing is done? */
static bool give_not(int tty, pid_t group)
{
	if (LIE(tty_never_given))
		return true;
	if (in_main() && LIE(tty_parent_gives_not))
		return true;
	if (!in_main() && LIE(tty_child_takes_not))
		return true;
	if (in_main() && was_stopped(group) && LIE(fg_gives_not))
		return true;
	if (in_main() && was_stopped(group) && LIE(fg_continues_first)) {
		mem.late_group = group;
		mem.late_tty = tty;
		return true;
	}
	return false;
}

static bool take_not(void)
{
	if (!mem.forked)
		return LIE(tty_not_taken_at_start);
	if (LIE(tty_never_taken_back))
		return true;
	if (WIFSTOPPED(mem.last_status) && LIE(tty_not_back_after_stop))
		return true;
	return WIFSIGNALED(mem.last_status) && LIE(tty_not_back_after_kill);
}

int tcsetpgrp(int tty, pid_t group)
{
	bool to_shell = group == shell_group();

	mem.late_tty = tty;
	if (to_shell && in_main() && take_not())
		return 0;
	if (!to_shell && group == mem.entry_foreground && in_main() && LIE(tty_kept_at_exit))
		return 0;
	if (!to_shell && group != mem.entry_foreground && give_not(tty, group))
		return 0;
	return REAL(tcsetpgrp)(tty, group);
}

pid_t tcgetpgrp(int tty)
{
	pid_t group = REAL(tcgetpgrp)(tty);

	if (mem.interactive && in_main() && group > 0)
		mem.late_tty = tty;
	if (in_main() && group > 0 && group != getpgrp() && LIE(tty_background_unseen))
		return getpgrp();
	return group;
}
