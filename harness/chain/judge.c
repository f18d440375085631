/* From what was seen to the verdict; nothing here asks the machine. */
#include "chain.h"

#include <signal.h>
#include <string.h>
#include <talloc.h>

#include "../model/case.h"
#include "../report/report.h"

/* clang-format off: it would break every sentence into ragged pieces */
static const struct {
	const char *word, *advice;
} causes[CAUSE_COUNT] = {
	[CAUSE_NONE] = {"none", NULL},
	[CAUSE_RAW_TTY] = {"raw-terminal",
		"A program has switched the terminal's signal keys off (stty -isig, raw mode): "
		"the key is an ordinary byte for it. It must act on that byte itself; from "
		"outside use 'kill'."},
	[CAUSE_NOT_SENT] = {"not-sent",
		"Nobody was there to be sent it: check the group or the pid given to --to."},
	[CAUSE_OTHER_SESSION] = {"other-session",
		"It left the session (setsid, a daemon, systemd-run, a terminal of its own), so "
		"neither the terminal nor a group kill reaches it. Start it without setsid "
		"(setsid --wait does not forward either), or let its parent trap the signal and "
		"kill its group."},
	[CAUSE_OTHER_GROUP] = {"other-group",
		"It is in a process group of its own (job control, set -m, setpgid, timeout "
		"without --foreground), so a signal to the other group passes it by. Start it "
		"without job control, use 'timeout --foreground', or let its parent forward the "
		"signal to that group: kill -TERM -PGID."},
	[CAUSE_PID1_DEFAULT] = {"pid1-default",
		"The kernel drops a signal whose action is the default when it goes to PID 1. "
		"Put an init in front (docker run --init, tini, dumb-init), or install a "
		"handler; if it is a shell that only starts the program, use exec."},
	[CAUSE_IGNORED_ASYNC] = {"ignored-async",
		"SIGINT and SIGQUIT are both ignored: a shell without job control starts "
		"'command &' so, and children inherit it. Start it in the foreground, with 'set "
		"-m', or send TERM instead; a shell cannot undo it with trap, a program can "
		"(signal(SIGINT, SIG_DFL))."},
	[CAUSE_IGNORED_NOHUP] = {"ignored-nohup",
		"SIGHUP is ignored, as nohup does, and children inherit it. Drop nohup, or send "
		"TERM."},
	[CAUSE_IGNORED] = {"ignored",
		"The signal is ignored (trap '' in a parent, SIG_IGN), and exec and fork hand "
		"that on. Remove the trap or reset it before exec, for example with 'env "
		"--default-signal=TERM'."},
	[CAUSE_BLOCKED] = {"blocked",
		"The signal is blocked in every thread and nobody takes it from the mask; exec "
		"and fork hand the mask on. Unblock it, or reset it before exec: 'env "
		"--block-signal' shows how masks are set, 'setpriv' and most runtimes keep "
		"them."},
	[CAUSE_STOPPED] = {"stopped",
		"It is stopped (^Z, SIGSTOP, a background read from the terminal): the signal "
		"stays pending until SIGCONT. Send CONT after it."},
	[CAUSE_WAITS_FOR_CHILD] = {"waits-for-child",
		"A shell runs its trap, or acts on ^C, only when its foreground child has "
		"ended. Use 'exec program' as the script's last command; or run it in the "
		"background and wait: 'program & pid=$!; trap \"kill -TERM $pid\" TERM; wait "
		"$pid; wait $pid'; or let the sender signal the whole group (tini -g, kill "
		"-TERM -PGID)."},
	[CAUSE_WENT_ON] = {"went-on",
		"Its child took the signal and exited instead of dying of it, so the shell "
		"believes that it was handled and goes on. The child should end by the signal: "
		"reset it to the default and kill itself; or the script should check the "
		"status: program || exit."},
	[CAUSE_CAUGHT_NOTHING] = {"caught-nothing",
		"It has a handler (or takes the signal by sigwait or signalfd) but did not end "
		"within the grace time. Look at what the handler waits for, or give it more "
		"time (--grace)."},
	[CAUSE_KEPT] = {"kept",
		"It got the signal and did not hand it on. Use exec so that the program takes "
		"its place, or forward it: trap 'kill -USR1 $pid' USR1."},
	[CAUSE_FORWARDS_PART] = {"forwards-part",
		"It hands the signal to its own child only, not to that child's descendants. "
		"Send to the whole group: tini -g, dumb-init without --single-child, catatonit "
		"-g; or use exec in the script between."},
	[CAUSE_LEFT_ORPHAN] = {"left-orphan",
		"It died and took nobody along. Use 'exec program' so that the program itself "
		"is signalled; or trap the signal, forward it and wait; or send it to the whole "
		"group (kill -TERM -PGID, tini -g)."},
	[CAUSE_DIED_OF_IT] = {"died-of-it",
		"The default action of this signal ends the process. Install a handler before "
		"it is sent, or use exec so that a program with a handler takes its place."},
	[CAUSE_KILLED_WITH_PID1] = {"killed-with-pid1",
		"When PID 1 ends the kernel kills all the rest of the container at once. PID 1 "
		"must forward the signal and wait for the end of the others: use exec, an init, "
		"or trap and wait (twice, the first wait is interrupted by the trap)."},
	[CAUSE_ZOMBIE] = {"zombie",
		"Its child has ended, but it does not wait for it: a zombie is left. It should "
		"call wait or ignore SIGCHLD; as PID 1, put an init in front."},
	[CAUSE_FORKED_AFTER] = {"forked-after",
		"It was started after the signal had gone out. Whoever starts it must look "
		"whether it is to end (block the signal around fork), or the sender must send "
		"again."},
	[CAUSE_UNKNOWN] = {"unknown",
		"It got the signal and did not act, for no reason that can be seen from "
		"outside; uninterruptible waits (state D) do so."},
};
/* clang-format on */

enum chain_goal chain_goal_of(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT || sig == SIGKILL
		       ? GOAL_END
		       : GOAL_REACH;
}

const char *cause_word(enum chain_cause cause)
{
	return causes[cause].word;
}

const char *cause_advice(enum chain_cause cause)
{
	return causes[cause].advice;
}

static bool has(uint64_t mask, int sig)
{
	return sig > 0 && mask & 1ULL << (sig - 1);
}

/* --- the tree --- */

static bool in_tree(const struct chain *chain, int who)
{
	const struct chain_proc *proc = &chain->procs[who];

	if (proc->thread)
		return false;
	if (proc->before.there)
		return proc->before.state != PROC_ZOMBIE;
	/* Born after the signal, and it matters. */
	return chain->sig && proc->after.there && proc->after.state != PROC_ZOMBIE;
}

/* Its nearest ancestor that is a hop. */
static int parent_in_tree(const struct chain *chain, int who)
{
	for (size_t guard = 0; guard <= chain->log->proc_count; guard++) {
		who = chain->log->procs[who].parent;
		if (who < 0)
			return WHO_NONE;
		if (in_tree(chain, who))
			return who;
	}
	return WHO_NONE;
}

static void add_hops(
	struct judgement *j, const struct chain *chain, const int *parents, int above, int depth)
{
	int parent_hop = above == WHO_NONE ? -1 : (int)j->count - 1;

	for (size_t i = 0; i < chain->log->proc_count; i++) {
		if (!in_tree(chain, (int)i) || parents[i] != above)
			continue;
		j->hops[j->count++] = (struct hop){.who = (int)i,
			.parent = parent_hop,
			.depth = depth,
			.late = !chain->procs[i].before.there,
			.from = WHO_NONE,
			.instead_from = WHO_NONE};
		add_hops(j, chain, parents, (int)i, depth + 1);
	}
}

static void plant(struct judgement *j, const struct chain *chain)
{
	size_t count = chain->log->proc_count;
	int *parents = talloc_array(j, int, count + 1);

	j->hops = talloc_zero_array(j, struct hop, count + 1);
	for (size_t i = 0; i < count; i++)
		parents[i] = parent_in_tree(chain, (int)i);
	add_hops(j, chain, parents, WHO_NONE, 0);
	talloc_free(parents);
}

static int hop_of(const struct judgement *j, int who)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->hops[i].who == who)
			return (int)i;
	return -1;
}

/* --- each hop --- */

static enum chain_disposition disposition(
	const struct chain *chain, const struct hop_state *state, pid_t pid, int sig)
{
	if (has(state->waited, sig))
		return DISPOSITION_WAITED;
	if (has(state->blocked, sig))
		return has(state->by_fd, sig) ? DISPOSITION_SIGNALFD : DISPOSITION_BLOCKED;
	if (has(state->ignored, sig))
		return DISPOSITION_IGNORED;
	if (has(state->caught, sig))
		return DISPOSITION_CAUGHT;
	return chain->pid1 && pid == 1 ? DISPOSITION_PID1 : DISPOSITION_DEFAULT;
}

static void hand(struct judgement *j, struct hop *hop, int to)
{
	for (size_t i = 0; i < hop->handed_count; i++)
		if (hop->handed[i] == to)
			return;
	hop->handed = talloc_realloc(j, hop->handed, int, hop->handed_count + 1);
	hop->handed[hop->handed_count++] = to;
}

/* Children tell their parents with SIGCHLD, and a resumed group gets SIGCONT: no messages. */
static bool is_news(const struct chain *chain, int sig)
{
	if (sig && sig == chain->sig)
		return true;
	return sig != SIGCHLD && sig != SIGCONT && sig != 0;
}

static void take_delivery(struct judgement *j, const struct chain *chain, const struct event *event)
{
	int to = hop_of(j, event->who), from = event->other >= 0 ? hop_of(j, event->other) : -1;

	if (from >= 0 && from != to && is_news(chain, event->sig))
		hand(j, &j->hops[from], event->who);
	if (to < 0)
		return;
	struct hop *hop = &j->hops[to];
	if (event->sig == chain->sig) {
		if (event->other == event->who && hop->way != WAY_NONE)
			return; /* shells die of ^C by sending it to themselves */
		hop->times++;
		if (hop->way != WAY_NONE)
			return;
		hop->way = event->how == 'w' ? WAY_WAITED : WAY_DELIVERED;
		hop->from = event->other;
	} else if (!hop->instead && is_news(chain, event->sig) && event->other != event->who) {
		hop->instead = event->sig;
		hop->instead_from = event->other;
	}
}

static bool reaches(const struct chain *chain, const struct event *kill, int who)
{
	pid_t group = chain->procs[who].before.pgid;

	if (!kill->group)
		return kill->other == who;
	if (kill->number < -1)
		return group == -kill->number;
	if (kill->number == -1)
		return who != kill->who;
	return kill->who >= 0 && group == chain->procs[kill->who].before.pgid;
}

static bool is_target(const struct chain *chain, const struct hop *hop)
{
	if (hop->late)
		return false;
	if (chain->to == TARGET_GROUP || chain->to == TARGET_TTY)
		return chain->target_group && !chain->raw_tty &&
		       chain->procs[hop->who].before.pgid == chain->target_group;
	return chain->target == hop->who;
}

/* A kill that succeeded reached everybody it was for, whether a delivery was seen or not. */
static void take_kill(struct judgement *j, const struct chain *chain, const struct event *event)
{
	int from = hop_of(j, event->who);

	if (from < 0 || event->result != 0 || !is_news(chain, event->sig))
		return;
	for (size_t i = 0; i < j->count; i++) {
		struct hop *hop = &j->hops[i];

		if ((int)i == from || !reaches(chain, event, hop->who))
			continue;
		hand(j, &j->hops[from], hop->who);
		/* Our signal was first, and a second of the same that is pending is none. */
		if (event->sig == chain->sig && hop->from == WHO_NONE && !is_target(chain, hop))
			hop->from = event->who;
	}
}

static void take_end(struct judgement *j, const struct event *event)
{
	int at = hop_of(j, event->who);

	if (at < 0)
		return;
	j->hops[at].did = event->how == 's' ? DID_DIE : DID_EXIT;
	j->hops[at].number = (int)event->number;
}

/* Sent, but never delivered: held back by the mask, or taken by other means. */
static void account(const struct chain *chain, struct hop *hop)
{
	const struct chain_proc *proc = &chain->procs[hop->who];

	if (hop->way != WAY_NONE)
		return;
	if (hop->from == WHO_NONE && is_target(chain, hop))
		hop->from = chain->to == TARGET_TTY ? WHO_TTY : WHO_HARNESS;
	if (hop->from == WHO_NONE)
		return;
	if (hop->survived && has(proc->after.pending, chain->sig))
		hop->way = WAY_HELD;
	else if (has(proc->before.by_fd, chain->sig))
		hop->way = WAY_FD;
	else if (has(proc->before.waited, chain->sig))
		hop->way = WAY_WAITED;
	else
		hop->way = WAY_DELIVERED; /* it ended before it could be shown, or it is ignored */
}

static void fill_hops(struct judgement *j, const struct chain *chain, int sig)
{
	for (size_t i = 0; i < j->count; i++) {
		struct hop *hop = &j->hops[i];
		const struct chain_proc *proc = &chain->procs[hop->who];
		const struct hop_state *state = hop->late ? &proc->after : &proc->before;

		hop->disposition = disposition(chain, state, chain->log->procs[hop->who].pid, sig);
		hop->survived = proc->after.there && proc->after.state != PROC_ZOMBIE;
		hop->zombie = proc->after.there && proc->after.state == PROC_ZOMBIE;
	}
	for (size_t i = chain->sent_at; chain->sig && i < chain->log->count; i++) {
		const struct event *event = &chain->log->events[i];

		if (event->kind == EVENT_SIGNAL)
			take_delivery(j, chain, event);
		else if (event->kind == EVENT_KILL)
			take_kill(j, chain, event);
		else if (event->kind == EVENT_ENDED)
			take_end(j, event);
	}
	for (size_t i = 0; chain->sig && i < j->count; i++)
		account(chain, &j->hops[i]);
}

/* --- why --- */

static enum chain_cause ignored_cause(const struct chain *chain, const struct hop *hop, int sig)
{
	uint64_t ignored = chain->procs[hop->who].before.ignored;

	if ((sig == SIGINT || sig == SIGQUIT) && has(ignored, SIGINT) && has(ignored, SIGQUIT))
		return CAUSE_IGNORED_ASYNC;
	return sig == SIGHUP ? CAUSE_IGNORED_NOHUP : CAUSE_IGNORED;
}

static enum chain_cause deaf_cause(const struct chain *chain, const struct hop *hop, int sig)
{
	if (hop->disposition == DISPOSITION_IGNORED)
		return ignored_cause(chain, hop, sig);
	return hop->disposition == DISPOSITION_PID1 ? CAUSE_PID1_DEFAULT : CAUSE_BLOCKED;
}

static bool has_live_child(const struct judgement *j, int at)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->hops[i].parent == at && j->hops[i].survived)
			return true;
	return false;
}

/* A child that was told and exited as if nothing had happened. */
static bool child_exited(const struct judgement *j, int at)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->hops[i].parent == at && j->hops[i].way != WAY_NONE &&
			j->hops[i].did == DID_EXIT)
			return true;
	return false;
}

/* Why somebody who got the signal lives on. */
static enum chain_cause inaction(const struct chain *chain, const struct judgement *j, int at)
{
	const struct hop *hop = &j->hops[at];
	const struct chain_proc *proc = &chain->procs[hop->who];

	if (hop->way == WAY_HELD && proc->after.state == PROC_STOPPED)
		return CAUSE_STOPPED;
	if (proc->after.state == PROC_STOPPED && hop->disposition != DISPOSITION_IGNORED)
		return CAUSE_STOPPED;
	switch (hop->disposition) {
	case DISPOSITION_PID1:
	case DISPOSITION_IGNORED:
	case DISPOSITION_BLOCKED:
		return deaf_cause(chain, hop, chain->sig);
	case DISPOSITION_CAUGHT:
	case DISPOSITION_WAITED:
	case DISPOSITION_SIGNALFD:
		if (hop->handed_count == 0 && child_exited(j, at))
			return CAUSE_WENT_ON;
		if (proc->after.waits_for_child && has_live_child(j, at))
			return CAUSE_WAITS_FOR_CHILD;
		return CAUSE_CAUGHT_NOTHING;
	default:
		return CAUSE_UNKNOWN;
	}
}

static bool was_told(const struct hop *hop)
{
	return hop->way != WAY_NONE || hop->instead;
}

/* Whatever comes, it cannot act on it. */
static bool is_deaf(enum chain_disposition disposition)
{
	return disposition == DISPOSITION_PID1 || disposition == DISPOSITION_IGNORED ||
	       disposition == DISPOSITION_BLOCKED;
}

/* It waits for a child that got the signal as well, and is still there. */
static bool waits_for_told_child(const struct chain *chain, const struct judgement *j, int at)
{
	if (!chain->procs[j->hops[at].who].after.waits_for_child)
		return false;
	for (size_t i = 0; i < j->count; i++)
		if (j->hops[i].parent == at && j->hops[i].survived && was_told(&j->hops[i]))
			return true;
	return false;
}

/* Did it pass the signal (or another) to a child that is the one to blame, or wait for one that
 * is? Then the chain breaks further down. */
static bool is_excused(const struct chain *chain, const struct judgement *j, int at)
{
	const struct hop *hop = &j->hops[at];

	if (is_deaf(hop->disposition))
		return false;
	if (waits_for_told_child(chain, j, at))
		return true;
	if (hop->handed_count == 0)
		return false;
	for (size_t i = 0; i < j->count; i++) {
		if (!j->hops[i].survived || (int)i == at)
			continue;
		for (int above = j->hops[i].parent; above >= 0; above = j->hops[above].parent)
			if (above == at)
				return true;
	}
	return false;
}

static enum chain_cause passed_by(const struct chain *chain, const struct hop *hop)
{
	const struct hop_state *state = &chain->procs[hop->who].before;
	bool group_kill = chain->to == TARGET_GROUP || chain->to == TARGET_TTY;

	if (!group_kill || hop->late || state->pgid == chain->target_group)
		return CAUSE_NONE;
	return state->sid != chain->procs[0].before.sid ? CAUSE_OTHER_SESSION : CAUSE_OTHER_GROUP;
}

/* Who is to blame that a survivor did not get it: *at becomes that hop. */
static enum chain_cause missed(const struct chain *chain, const struct judgement *j, int *at)
{
	const struct hop *hop = &j->hops[*at];
	enum chain_cause cause = passed_by(chain, hop);

	if (cause != CAUSE_NONE)
		return cause;
	if (hop->late)
		return CAUSE_FORKED_AFTER;
	/* The nearest above it that got it, or ended. */
	for (int above = hop->parent; above >= 0; above = j->hops[above].parent) {
		const struct hop *up = &j->hops[above];

		if (up->way == WAY_NONE && up->did == DID_NOTHING)
			continue;
		*at = above;
		if (up->handed_count > 0)
			return CAUSE_FORWARDS_PART;
		if (up->did != DID_NOTHING)
			return CAUSE_LEFT_ORPHAN;
		cause = inaction(chain, j, above);
		if (chain->goal == GOAL_REACH &&
			(cause == CAUSE_CAUGHT_NOTHING || cause == CAUSE_WAITS_FOR_CHILD))
			return CAUSE_KEPT;
		return cause;
	}
	return CAUSE_NOT_SENT;
}

static void break_at(struct judgement *j, int at, int victim, enum chain_cause cause)
{
	if (j->hops[at].cause == CAUSE_NONE)
		j->hops[at].cause = cause;
	if (j->verdict == CHAIN_BROKEN)
		return;
	j->verdict = CHAIN_BROKEN;
	j->at = at;
	j->cause = cause;
	j->victim = victim == at ? -1 : victim;
}

/* A child that has ended and was not waited for, when no other is left to wait for; or -1. */
static int zombie_child(const struct judgement *j, int at)
{
	for (size_t i = 0; i < j->count && !has_live_child(j, at); i++)
		if (j->hops[i].parent == at && j->hops[i].zombie)
			return (int)i;
	return -1;
}

/* The end was wanted: everybody who is left is a break, and who was never told before the kernel
 * killed it along with PID 1. */
static void judge_end(const struct chain *chain, struct judgement *j)
{
	for (size_t i = 0; i < j->count; i++) {
		struct hop *hop = &j->hops[i];
		int at = (int)i;

		if (hop->survived && zombie_child(j, at) >= 0 && !is_deaf(hop->disposition)) {
			break_at(j, at, zombie_child(j, at), CAUSE_ZOMBIE);
		} else if (hop->survived && (!was_told(hop) || !is_excused(chain, j, at))) {
			enum chain_cause cause =
				was_told(hop) ? inaction(chain, j, at) : missed(chain, j, &at);
			break_at(j, at, (int)i, cause);
		} else if (chain->pid1 && i > 0 && !was_told(hop) && !hop->survived &&
			   hop->did == DID_DIE && hop->number == SIGKILL &&
			   j->hops[0].did != DID_NOTHING) {
			break_at(j, 0, (int)i,
				j->hops[0].handed_count ? CAUSE_FORWARDS_PART
							: CAUSE_KILLED_WITH_PID1);
		}
	}
	/* Everybody who is left had passed it on, and nobody is to blame further down. */
	for (size_t i = 0; i < j->count && j->verdict == CHAIN_WHOLE; i++)
		if (j->hops[i].survived)
			break_at(j, (int)i, (int)i, inaction(chain, j, (int)i));
}

static bool is_leaf(const struct judgement *j, size_t at)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->hops[i].parent == (int)at && !j->hops[i].late)
			return false;
	return true;
}

/* That it arrives was wanted: at every leaf, and that it is heard there. */
static void judge_reach(const struct chain *chain, struct judgement *j)
{
	for (size_t i = 0; i < j->count; i++) {
		struct hop *hop = &j->hops[i];
		int at = (int)i;

		if (!is_leaf(j, i) || hop->late)
			continue;
		if (!was_told(hop)) {
			enum chain_cause cause = missed(chain, j, &at);
			break_at(j, at, (int)i, cause);
		} else if (hop->did == DID_DIE && hop->number == chain->sig) {
			break_at(j, at, at, CAUSE_DIED_OF_IT);
		} else if (hop->disposition == DISPOSITION_IGNORED ||
			   hop->disposition == DISPOSITION_PID1 || hop->way == WAY_HELD) {
			break_at(j, at, at, inaction(chain, j, at));
		}
	}
}

/* Nothing was sent; who could not act on it can be told all the same. */
static void mark_deaf(const struct chain *chain, struct judgement *j, int asked)
{
	for (size_t i = 0; i < j->count; i++)
		if (is_deaf(j->hops[i].disposition))
			j->hops[i].cause = deaf_cause(chain, &j->hops[i], asked);
}

struct judgement *chain_judge(const void *parent, const struct chain *chain, int asked)
{
	struct judgement *j = talloc_zero(parent, struct judgement);

	j->at = j->victim = -1;
	plant(j, chain);
	fill_hops(j, chain, chain->sig ? chain->sig : asked);
	if (!chain->sig) {
		j->verdict = CHAIN_LOOKED;
		mark_deaf(chain, j, asked);
		return j;
	}
	j->verdict = CHAIN_WHOLE;
	if (chain->raw_tty && j->count > 0)
		break_at(j, 0, 0, CAUSE_RAW_TTY);
	if (chain->goal == GOAL_END)
		judge_end(chain, j);
	else
		judge_reach(chain, j);
	return j;
}

/* --- in words --- */

static const char *name(const void *parent, const struct chain *chain, const struct hop *hop)
{
	const struct chain_proc *proc = &chain->procs[hop->who];

	if (chain->predicted)
		return escape_terminal(parent, proc->program);
	return talloc_asprintf(parent, "%s (pid %d)",
		escape_terminal(parent, proc->program ? proc->program : "?"),
		chain->log->procs[hop->who].pid);
}

static bool is_shell(const struct chain *chain, const struct hop *hop)
{
	static const char *const shells[] = {"sh", "bash", "dash", "ash", "busybox", "zsh", "ksh",
		"ksh93", "mksh", "yash", "posh", "fish", "tcsh", "rc", "oksh", "loksh"};
	const char *program = chain->procs[hop->who].program;

	for (size_t i = 0; program && i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(program, shells[i]) == 0)
			return true;
	return false;
}

static char *reason(const void *parent, const struct chain *chain, const struct judgement *j)
{
	const struct hop *hop = &j->hops[j->at];
	const char *who = name(parent, chain, hop), *sig = log_signal(parent, chain->sig);
	const char *victim = j->victim >= 0 ? name(parent, chain, &j->hops[j->victim]) : NULL;

	switch (j->cause) {
	case CAUSE_RAW_TTY:
		return talloc_asprintf(parent,
			"the terminal is in raw mode, so the key was a byte for its reader and no "
			"signal");
	case CAUSE_NOT_SENT:
		return talloc_asprintf(parent, "%s was sent nothing", who);
	case CAUSE_OTHER_SESSION:
		return talloc_asprintf(parent,
			"%s is in another session (%d), so the signal to group %d passed it by",
			who, chain->procs[hop->who].before.sid, chain->target_group);
	case CAUSE_OTHER_GROUP:
		return talloc_asprintf(parent,
			"%s is in another process group (%d), so the signal to group %d passed it "
			"by",
			who, chain->procs[hop->who].before.pgid, chain->target_group);
	case CAUSE_PID1_DEFAULT:
		return talloc_asprintf(parent,
			"%s is PID 1 and has no handler for %s, so the kernel drops it", who, sig);
	case CAUSE_IGNORED_ASYNC:
	case CAUSE_IGNORED_NOHUP:
	case CAUSE_IGNORED:
		return talloc_asprintf(parent, "%s ignores %s", who, sig);
	case CAUSE_BLOCKED:
		return talloc_asprintf(parent, "%s has %s blocked, so it stays pending", who, sig);
	case CAUSE_STOPPED:
		return talloc_asprintf(parent, "%s is stopped", who);
	case CAUSE_WAITS_FOR_CHILD:
		return talloc_asprintf(parent,
			is_shell(chain, hop) ? "%s runs a foreground child and waits for it, so it "
					       "does not act on %s"
					     : "%s waits for its child and does not act on %s",
			who, sig);
	case CAUSE_WENT_ON:
		return talloc_asprintf(parent,
			"%s went on, because its child exited after %s instead of dying of it", who,
			sig);
	case CAUSE_CAUGHT_NOTHING:
		return talloc_asprintf(parent, "%s took %s and did not end", who, sig);
	case CAUSE_KEPT:
		return talloc_asprintf(parent, "%s took %s and did not hand it on to %s", who, sig,
			victim ? victim : "others");
	case CAUSE_FORWARDS_PART:
		return talloc_asprintf(parent, "%s handed the signal on, but not to %s%s", who,
			victim ? victim : "others",
			chain->pid1 && hop->did != DID_NOTHING
				? ", which the kernel killed when PID 1 ended"
				: "");
	case CAUSE_LEFT_ORPHAN:
		return hop->did == DID_DIE
			       ? talloc_asprintf(parent, "%s died of %s and left %s behind", who,
					 log_signal(parent, hop->number),
					 victim ? victim : "others")
			       : talloc_asprintf(parent, "%s exited with %d and left %s behind",
					 who, hop->number, victim ? victim : "others");
	case CAUSE_DIED_OF_IT:
		return talloc_asprintf(parent, "%s has no handler for %s and died of it", who, sig);
	case CAUSE_KILLED_WITH_PID1:
		return talloc_asprintf(parent,
			"%s ended first, and the kernel killed %s with it, which was never told",
			who, victim ? victim : "others");
	case CAUSE_ZOMBIE:
		return talloc_asprintf(parent, "%s does not wait for %s, which has ended", who,
			victim ? victim : "its child");
	case CAUSE_FORKED_AFTER:
		return talloc_asprintf(parent, "%s was started after %s had gone out", who, sig);
	default:
		return talloc_asprintf(parent, "%s got %s and did not act", who, sig);
	}
}

char *chain_explain(
	const void *parent, const struct chain *chain, const struct judgement *judgement)
{
	switch (judgement->verdict) {
	case CHAIN_LOOKED:
		return talloc_strdup(parent, "nothing was sent");
	case CHAIN_WHOLE:
		return talloc_strdup(parent, "chain is whole");
	case CHAIN_BROKEN:
		break;
	}
	void *memory = talloc_new(parent);
	char *text = talloc_asprintf(parent, "breaks at hop %d: %s", judgement->at + 1,
		reason(memory, chain, judgement));
	talloc_free(memory);
	return text;
}
