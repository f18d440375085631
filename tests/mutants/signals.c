/* Dispositions, masks and sending. */
#include "mutant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals that shells catch for themselves all the time; a trap is rarely what they are for. */
static bool is_the_shells(int sig)
{
	return sig == SIGCHLD || sig == SIGWINCH || sig == SIGALRM ||
	       (mem.interactive && sig == SIGINT);
}

static bool stops(int sig)
{
	return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static enum disposition disposition_of(const struct sigaction *action)
{
	if (action->sa_handler == SIG_IGN)
		return IGNORED;
	return action->sa_handler == SIG_DFL ? DEFAULT : CAUGHT;
}

void set_action(int sig, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	REAL(sigaction)(sig, &action, NULL);
}

static void change_mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	REAL(sigprocmask)(how, &set, NULL);
}

static void do_nothing(int sig)
{
	(void)sig;
}

static bool survives(int sig)
{
	switch (mem.mutant) {
	case MUTANT_pipe_survived:
		return sig == SIGPIPE;
	case MUTANT_int_survived:
		return sig == SIGINT && !mem.interactive;
	case MUTANT_term_survived:
		return sig == SIGTERM && !mem.interactive;
	case MUTANT_hup_survived:
		return sig == SIGHUP && mem.interactive;
	default:
		return false;
	}
}

void deafen_shell(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (survives(sig) && !mem.entry_ignored[sig] && intervene())
			set_action(sig, do_nothing);
	if (LIE(mask_own)) {
		change_mask(SIG_BLOCK, SIGTERM);
		change_mask(SIG_BLOCK, SIGUSR1);
	}
}

static bool own_protection_missing(int sig)
{
	if (!mem.interactive)
		return false;
	switch (sig) {
	case SIGINT:
		return LIE(own_int_default);
	case SIGQUIT:
		return LIE(own_quit_default);
	case SIGTERM:
		return LIE(own_term_default);
	case SIGTSTP:
		return LIE(own_tstp_default);
	case SIGTTIN:
		return LIE(own_ttin_default);
	case SIGTTOU:
		return LIE(own_ttou_default);
	default:
		return false;
	}
}

static bool leaks(int sig)
{
	switch (sig) {
	case SIGINT:
		return LIE(leak_int);
	case SIGQUIT:
		return LIE(leak_quit);
	case SIGTERM:
		return LIE(leak_term);
	case SIGTSTP:
		return LIE(leak_tstp);
	case SIGTTIN:
		return LIE(leak_ttin);
	case SIGTTOU:
		return LIE(leak_ttou);
	default:
		return false;
	}
}

/* Changes what the main process wants to set; false: nothing is to be set at all. */
static bool spoil_own(int sig, struct sigaction *action)
{
	enum disposition before = mem.disposition[sig], wanted = disposition_of(action);
	bool protects = stops(sig) ||
			(mem.interactive && (sig == SIGINT || sig == SIGQUIT || sig == SIGTERM));

	mem.disposition[sig] = wanted;
	if (sig == SIGCHLD && mem.entry_ignored[sig] && LIE(chld_stays_ignored))
		return false;
	/* The first handler of a signal is the shell's own, not a trap's. */
	if (survives(sig) && wanted != IGNORED &&
		(before == UNTOUCHED || wanted == DEFAULT || sig == SIGHUP) && intervene()) {
		action->sa_handler = do_nothing;
		return true;
	}
	if (wanted == DEFAULT) {
		if (before == CAUGHT && !is_the_shells(sig) && LIE(reset_keeps_handler))
			return false;
		return !(before == IGNORED && !protects && LIE(reset_keeps_ignored));
	}
	if (wanted == CAUGHT && sig == SIGWINCH && LIE(winch_unheard))
		action->sa_handler = SIG_IGN;
	if (own_protection_missing(sig))
		action->sa_handler = SIG_DFL;
	if (wanted == IGNORED) {
		if (!protects && LIE(ignore_not_done))
			action->sa_handler = SIG_DFL;
		return true;
	}
	if (!is_the_shells(sig) && LIE(caught_swallowed))
		action->sa_handler = SIG_IGN;
	if (!is_the_shells(sig) && LIE(handler_works_once))
		action->sa_flags |= (int)SA_RESETHAND;
	if (!(action->sa_flags & SA_RESTART) && LIE(handler_restarts))
		action->sa_flags |= SA_RESTART;
	if ((action->sa_flags & SA_RESTART) && LIE(handler_interrupts))
		action->sa_flags &= ~SA_RESTART;
	return true;
}

static bool spoil_child(int sig, const struct sigaction *action)
{
	enum disposition shell = mem.disposition[sig], wanted = disposition_of(action);

	if (wanted == IGNORED && sig == SIGINT && LIE(async_int_not_ignored))
		return false;
	if (wanted == IGNORED && sig == SIGQUIT && LIE(async_quit_not_ignored))
		return false;
	if (wanted != DEFAULT)
		return true;
	if (shell == CAUGHT && !is_the_shells(sig) && LIE(subshell_keeps_handlers))
		return false;
	return !(shell == IGNORED && leaks(sig));
}

int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction lie = {0};
	bool known = sig > 0 && sig < NSIG, first = known && mem.disposition[sig] == UNTOUCHED;

	if (action)
		lie = *action;
	if (action && known) {
		bool set = in_main() ? spoil_own(sig, &lie) : spoil_child(sig, &lie);
		if (!set)
			action = NULL;
		mem.handler[sig] = lie.sa_handler;
	}
	int result = REAL(sigaction)(sig, action ? &lie : NULL, old);
	if (result == 0 && old && first && mem.entry_ignored[sig] && old->sa_handler == SIG_IGN &&
		LIE(entry_ignored_unseen))
		old->sa_handler = SIG_DFL;
	return result;
}

/* As glibc has it: restarting, the signal itself blocked meanwhile. */
void (*signal(int sig, void (*handler)(int)))(int)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, sig);
	return sigaction(sig, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* --- before an exec --- */

static bool ignored_now(int sig)
{
	struct sigaction action;

	return REAL(sigaction)(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void spoil_disposition(int sig)
{
	bool child = !in_main(), ignored = ignored_now(sig);
	bool own_group = child && getpgrp() != getpgid(mem.main_pid);
	enum disposition shell = mem.disposition[sig];

	if (ignored && mem.entry_ignored[sig] && LIE(entry_ignored_lost))
		set_action(sig, SIG_DFL);
	if (ignored && !mem.entry_ignored[sig] && LIE(ignore_not_inherited))
		set_action(sig, SIG_DFL);
	if (ignored)
		return;
	bool tty = sig == SIGINT || sig == SIGQUIT;
	if ((shell == CAUGHT && !is_the_shells(sig) && LIE(caught_becomes_ignored)) ||
		((shell == CAUGHT || shell == IGNORED) && leaks(sig)) ||
		(own_group && tty && LIE(job_int_ignored)) ||
		(child && !own_group && sig == SIGINT && LIE(command_int_ignored)) ||
		(sig == SIGPIPE && LIE(leak_pipe)) || (sig == SIGCHLD && LIE(leak_chld)))
		set_action(sig, SIG_IGN);
}

static bool empty(const sigset_t *set)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(set, sig) == 1)
			return false;
	return true;
}

void spoil_dispositions(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			spoil_disposition(sig);
	if (!empty(&mem.ever_blocked) && LIE(mask_leaks))
		REAL(sigprocmask)(SIG_BLOCK, &mem.ever_blocked, NULL);
	if (LIE(mask_term_blocked))
		change_mask(SIG_BLOCK, SIGTERM);
	if (in_main() && LIE(mask_usr1_blocked))
		change_mask(SIG_BLOCK, SIGUSR1);
	if (!empty(&mem.entry_mask) && LIE(mask_entry_cleared))
		REAL(sigprocmask)(SIG_UNBLOCK, &mem.entry_mask, NULL);
}

/* --- masks --- */

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	bool blocks = set && how != SIG_UNBLOCK && !empty(set);

	if (blocks && LIE(mask_never))
		return REAL(sigprocmask)(SIG_BLOCK, NULL, old);
	if (blocks)
		for (int sig = 1; sig < NSIG; sig++)
			if (sigismember(set, sig) == 1)
				sigaddset(&mem.ever_blocked, sig);
	return REAL(sigprocmask)(how, set, old);
}

/* --- sending --- */

static bool is_self(pid_t pid)
{
	return pid == getpid();
}

static bool dies_of(int sig)
{
	struct sigaction action;

	if (sig == 0 || sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH ||
		sig == SIGSTOP || stops(sig))
		return false;
	return REAL(sigaction)(sig, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

static int other_signal(int sig)
{
	switch (sig) {
	case SIGUSR1:
		return SIGUSR2;
	case SIGUSR2:
		return SIGUSR1;
	case SIGINT:
		return SIGTERM;
	case SIGTERM:
		return SIGINT;
	case SIGHUP:
		return SIGQUIT;
	default:
		return sig;
	}
}

/* Is the shell to be told that it sent a signal to itself, while nothing is done? */
static bool spares_itself(int sig)
{
	if (dies_of(sig) && LIE(suicide_as_exit))
		REAL(_exit)(128 + sig);
	if (dies_of(sig) && LIE(suicide_missing))
		return true;
	return (sig == SIGSTOP || sig == SIGTSTP) && LIE(self_stop_missing);
}

static bool sends_not(pid_t pid, int sig)
{
	bool after_hup = mem.last_target == pid && mem.last_signal == SIGHUP;
	bool after_term = mem.last_target == pid && mem.last_signal == SIGTERM;

	mem.last_target = pid;
	mem.last_signal = sig;
	if (sig == SIGCONT) {
		if (after_hup)
			return LIE(cont_after_hup_missing);
		if (after_term)
			return LIE(cont_after_term_missing);
		if (LIE(cont_not_sent))
			return true;
	}
	if (in_main() && sig == SIGHUP && LIE(hup_not_sent))
		return true;
	if (sig == 0)
		return LIE(kill_null_lies);
	return LIE(kill_not_sent);
}

/* The terminal that fg_continues_first has held back is given now. */
static void give_late(int sig)
{
	pid_t group = mem.late_group;

	if (sig != SIGCONT || group == 0)
		return;
	mem.late_group = 0;
	REAL(tcsetpgrp)(mem.late_tty, group);
}

int kill(pid_t pid, int sig)
{
	bool own_group = pid == 0 || pid == -getpgrp();

	if (is_self(pid) || own_group) {
		if ((is_self(pid) || sig == SIGTSTP || sig == SIGSTOP) && spares_itself(sig))
			return 0;
		if (own_group && LIE(kill_zero_self))
			pid = getpid();
		return REAL(kill)(pid, sig);
	}
	if (sends_not(pid, sig))
		return 0;
	if (pid < -1 && sig != 0 && LIE(kill_leader_only))
		pid = -pid;
	else if (pid > 0 && sig != 0 && getpgid(pid) == pid && LIE(kill_group_for_pid))
		pid = -pid;
	if (other_signal(sig) != sig && LIE(kill_wrong_signal))
		sig = other_signal(sig);
	int result = REAL(kill)(pid, sig);
	give_late(sig);
	return result;
}

int killpg(pid_t group, int sig)
{
	return kill(-group, sig);
}

int raise(int sig)
{
	return spares_itself(sig) ? 0 : REAL(raise)(sig);
}
