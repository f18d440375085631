/* What becomes of the signal: a small simulation. Deliveries and ends are taken from a queue in the
 * order in which they came about; what a program does about each is read from its cells, and what
 * the kernel does (groups, default actions, PID 1, the end of a session's leader) is here. */
#include "predict.h"

#include <signal.h>
#include <string.h>
#include <talloc.h>

#include "../model/case.h"

#define BIT(sig) (1ULL << ((sig)-1))

enum { STEPS_LIMIT = 10000 };

/* What a program does about a signal. */
struct reaction {
	int send;                                     /* signal it sends on, 0: none */
	enum { TO_CHILD, TO_GROUP, TO_OWN_GROUP } to; /* the child, its group, or the sender's */
	enum { THEN_WAIT, THEN_DIE, THEN_EXIT, THEN_STOP } then;
	int number;   /* THEN_DIE: the signal, THEN_EXIT: the status */
	bool later;   /* acts when its child has ended */
	bool held;    /* it is blocked until then */
	bool kills;   /* loses patience with its child after a while */
	bool takes;   /* what it sends gets as far as its command, whatever is in between */
	bool nothing; /* not even then */
};

/* --- the queue --- */

static void push(struct prediction *p, struct action action)
{
	p->queue = talloc_realloc(p, p->queue, struct action, p->queue_count + 1);
	p->queue[p->queue_count++] = action;
}

static void push_signal(struct prediction *p, int who, int sig, int from, enum origin origin)
{
	push(p, (struct action){.kind = ACT_DELIVER,
			.who = who,
			.sig = sig,
			.from = from,
			.origin = origin});
}

static size_t count(const struct prediction *p)
{
	return p->chain->log->proc_count;
}

static void push_group(struct prediction *p, int group, int sig, int from, enum origin origin)
{
	for (size_t i = 0; i < count(p); i++)
		if (p->procs[i].group == group && (int)i != from && !p->procs[i].ended)
			push_signal(p, (int)i, sig, from, origin);
}

static const char *text_of(const struct prediction *p, int who)
{
	switch (who) {
	case WHO_HARNESS:
		return "outside";
	case WHO_TTY:
		return "the terminal";
	case WHO_UNKNOWN:
		return "the kernel";
	default:
		return p->chain->procs[who].program;
	}
}

/* --- ends --- */

static bool is_inside(const struct prediction *p, int who, int space)
{
	for (int at = p->procs[who].space; at >= 0;) {
		if (at == space)
			return true;
		int parent = p->chain->log->procs[at].parent;
		at = parent < 0 ? -1 : p->procs[parent].space;
	}
	return false;
}

/* Is a signal on its way to the process? */
static bool is_sent(const struct prediction *p, int who)
{
	for (size_t i = p->queue_done; i < p->queue_count; i++)
		if (p->queue[i].kind == ACT_DELIVER && p->queue[i].who == who)
			return true;
	return false;
}

/* A process that does not die of the key: whether HUP comes before it has done what it does. */
static void doubt_hang_up(struct prediction *p, int who, int sig)
{
	doubt(p,
		"%s leads the session and dies of the key at once, so the kernel sends SIGHUP to "
		"%s while it handles %s: which is first is a race",
		text_of(p, 0), text_of(p, who), signal_name(sig));
}

/* The kernel kills the rest of a PID namespace whose PID 1 has ended, and sends SIGHUP to the
 * foreground group of a terminal whose session's leader has. */
static void end_others(struct prediction *p, int who)
{
	struct sim_proc *proc = &p->procs[who];
	bool kills = proc->space == who;
	bool hangs_up = p->plan->tty && who == 0 && !p->tty_hung_up;

	for (size_t i = 0; kills && i < count(p); i++)
		if ((int)i != who && !p->procs[i].ended && is_inside(p, (int)i, who))
			push_signal(p, (int)i, SIGKILL, WHO_UNKNOWN, ORIGIN_ALONE);
	p->tty_hung_up |= hangs_up;
	for (size_t i = 0; hangs_up && i < count(p); i++) {
		if (!p->chain->procs[i].before.foreground || p->procs[i].ended)
			continue;
		p->procs[i].may_hang_up =
			is_sent(p, (int)i) && !(p->procs[i].ignored & BIT(SIGHUP));
		push_signal(p, (int)i, SIGHUP, WHO_UNKNOWN, ORIGIN_ALONE);
	}
}

static void end(struct prediction *p, int who, char how, int number)
{
	struct sim_proc *proc = &p->procs[who];
	int parent = p->chain->log->procs[who].parent;

	if (proc->ended)
		return;
	proc->ended = true;
	struct event *event = log_add(p->chain->log, EVENT_ENDED, SOURCE_TRACE, who);
	event->how = how;
	event->number = number;
	end_others(p, who);
	if (parent >= 0 && !p->procs[parent].ended)
		push(p, (struct action){.kind = ACT_CHILD_ENDED,
				.who = parent,
				.how = how,
				.number = number});
}

static void die(struct prediction *p, int who, int sig)
{
	p->procs[who].or_hup = p->procs[who].may_hang_up && sig != SIGHUP;
	if (p->procs[who].or_hup)
		say(p, p->procs[who].stage, NULL,
			"or dies of HUP, as the session's leader dies at once: the kernel sends it "
			"HUP then, and HUP goes first if both are pending");
	end(p, who, 's', sig);
}

/* --- what links do --- */

static struct reaction unknown(struct prediction *p, const struct cell *cell)
{
	if (cell)
		doubt(p, "%s%s%s %s: %s is an outcome that no rule is known for", cell->case_name,
			*cell->variant ? " " : "", cell->variant, cell->shell, cell->outcome);
	return (struct reaction){.nothing = true};
}

/* As the scene has it: "signal TERM" or "exit 143". */
static bool end_of_fact(const struct cell *cell, const char *fact, struct reaction *reaction)
{
	int status = cell_exit(cell, fact), sig = cell_signal(cell, fact);

	if (status < 0 && !sig)
		return false;
	reaction->then = sig ? THEN_DIE : THEN_EXIT;
	reaction->number = sig ? sig : status;
	return true;
}

/* "changed-term" */
static int changed_signal(struct prediction *p, const struct cell *cell)
{
	char *name = talloc_strdup(p, cell->outcome + strlen("changed-"));

	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	int sig = signal_number(name);
	return sig > 0 ? sig : 0;
}

static bool is_one_of(const struct cell *cell, const char *const *outcomes)
{
	for (; *outcomes; outcomes++)
		if (cell_is(cell, *outcomes))
			return true;
	return false;
}

static bool starts(const struct cell *cell, const char *prefix)
{
	return cell && strncmp(cell->outcome, prefix, strlen(prefix)) == 0;
}

/* Rows of links/signal-alone, -terminal and pid1-signal. */
static struct reaction alone_rows(struct prediction *p, const struct cell *cell, int sig)
{
	static const char *const hands_on[] = {"passed", "passed-group", "passed-leaves",
		"passed-group-leaves", "passed-stops", "passed-kills", NULL};
	struct reaction reaction = {0};

	if (is_one_of(cell, hands_on)) {
		reaction.send = sig;
		reaction.to = starts(cell, "passed-group") ? TO_GROUP : TO_CHILD;
		reaction.later = true;
		reaction.kills = cell_is(cell, "passed-kills");
		if (strstr(cell->outcome, "leaves"))
			end_of_fact(cell, "link.ended", &reaction);
		else if (cell_is(cell, "passed-stops"))
			reaction.then = THEN_STOP;
		return reaction;
	}
	if (cell_is(cell, "changed-kill") || cell_is(cell, "dies-takes") ||
		cell_is(cell, "cut-off")) {
		end_of_fact(cell, "link.ended", &reaction);
		/* The kernel does it where the link is PID 1. */
		reaction.send = cell_is(cell, "cut-off") ? 0 : cell_signal(cell, "job.ended");
		reaction.takes = true;
		return reaction;
	}
	if (starts(cell, "changed-")) {
		reaction.send = changed_signal(p, cell);
		reaction.later = true;
		end_of_fact(cell, "link.ended", &reaction);
		return reaction.send ? reaction : unknown(p, cell);
	}
	if (cell_is(cell, "dies-leaves")) {
		end_of_fact(cell, "link.ended", &reaction);
		return reaction;
	}
	if (cell_is(cell, "stops"))
		return (struct reaction){.then = THEN_STOP};
	if (cell_is(cell, "ignored"))
		return (struct reaction){
			.later = true, .held = cell_held(cell, "link.got", signal_name(sig))};
	return unknown(p, cell);
}

/* Rows of links/signal-group, ctrl-c and ctrl-backslash: the command's group may have got it too.
 */
static struct reaction group_rows(struct prediction *p, const struct cell *cell, int sig)
{
	const char *name = signal_name(sig);
	struct reaction reaction = {.later = true};
	char *to_job = talloc_asprintf(p, "%s to job", name);
	char *to_group = talloc_asprintf(p, "%s to job.group", name);

	if (starts(cell, "once") || starts(cell, "twice")) {
		if (cell_has(cell, "link.sent", to_job) || cell_has(cell, "link.sent", to_group)) {
			reaction.send = sig;
			reaction.to = cell_has(cell, "link.sent", to_group) ? TO_GROUP : TO_CHILD;
		}
		if (strstr(cell->outcome, "leaves"))
			end_of_fact(cell, "link.ended", &reaction);
		reaction.kills = cell_is(cell, "once-ended");
		reaction.held = !reaction.send && reaction.then == THEN_WAIT && !reaction.kills &&
				cell_held(cell, "link.got", name);
		return reaction;
	}
	if (cell_is(cell, "killed-with-link")) {
		end_of_fact(cell, "link.ended", &reaction);
		reaction.send = SIGKILL;
		reaction.takes = true;
		return reaction;
	}
	if (cell_is(cell, "dies-leaves")) {
		end_of_fact(cell, "link.ended", &reaction);
		return reaction;
	}
	if (cell_is(cell, "not-at-all"))
		return reaction;
	return unknown(p, cell);
}

static const char *with(struct prediction *p, const char *first, const char *second)
{
	return talloc_asprintf(p, "%s,%s", first, second);
}

static struct reaction link_reaction(
	struct prediction *p, int who, int sig, enum origin origin, const struct cell **cell)
{
	int stage = p->procs[who].stage;
	const char *name = signal_name(sig);

	*cell = NULL;
	if (p->procs[who].space == who) {
		*cell = cell_need(p, stage, "links/pid1-signal", with(p, name, "pid1"));
		return *cell ? alone_rows(p, *cell, sig) : (struct reaction){.nothing = true};
	}
	if (origin == ORIGIN_TTY && (sig == SIGINT || sig == SIGQUIT)) {
		*cell = cell_need(
			p, stage, sig == SIGINT ? "links/ctrl-c" : "links/ctrl-backslash", "note");
		return *cell ? group_rows(p, *cell, sig) : (struct reaction){.nothing = true};
	}
	if (origin == ORIGIN_GROUP)
		*cell = cell_look(p, stage, "links/signal-group", name);
	if (*cell)
		return group_rows(p, *cell, sig);
	if (p->plan->tty)
		*cell = cell_look(p, stage, "links/signal-alone-terminal", name);
	if (!*cell)
		*cell = cell_need(p, stage, "links/signal-alone", name);
	return *cell ? alone_rows(p, *cell, sig) : (struct reaction){.nothing = true};
}

static void stay(struct prediction *p, int who, const struct cell *cell)
{
	say(p, p->procs[who].stage, cell, "goes on when its command has ended");
}

static void finish(struct prediction *p, int who, const struct cell *cell, char how, int number)
{
	/* Nobody can send PID 1 of its own namespace a signal that has no handler. */
	if (how == 's' && p->procs[who].space == who) {
		say(p, p->procs[who].stage, cell,
			"would die of %s then, but is PID 1 and cannot send it to itself",
			signal_name(number));
		return;
	}
	if (how == 's')
		say(p, p->procs[who].stage, cell, "dies of %s then", signal_name(number));
	else
		say(p, p->procs[who].stage, cell, "exits with %d then", number);
	end(p, who, how, number);
}

/* What the link makes of a command that died of 'sig': rows that name the status. */
static void link_after_death(struct prediction *p, int who, const struct cell *cell, int sig)
{
	int status = cell_exit(cell, "link.ended");

	if (!cell)
		return;
	if (cell_is(cell, "both-by-signal") || cell_is(cell, "by-signal"))
		finish(p, who, cell, 's', sig);
	else if (cell_is(cell, "status-above-128"))
		finish(p, who, cell, 'e', 128 + sig);
	else if (cell_is(cell, "status-zero") || cell_is(cell, "exit-0"))
		finish(p, who, cell, 'e', 0);
	else if (cell_is(cell, "by-other-signal"))
		finish(p, who, cell, 's', cell_signal(cell, "link.ended"));
	else if (cell_is(cell, "link-lives") || cell_is(cell, "stays"))
		stay(p, who, cell);
	else if ((cell_is(cell, "status-other") || cell_is(cell, "exit-other") ||
			 cell_is(cell, "both-status")) &&
		 status >= 0)
		/* 128+n is told by the number of the scene's own signal. */
		finish(p, who, cell, 'e', status);
	else
		unknown(p, cell);
}

/* The link took a signal, and its command ended by itself with this status: links/slow asks for it
 * with TERM and status 3. */
static void link_after_slow(struct prediction *p, int who, const struct cell *cell, int status)
{
	if (cell_is(cell, "waits") || cell_is(cell, "ignored-passed"))
		finish(p, who, cell, 'e', status);
	else if (cell_is(cell, "waits-zero"))
		finish(p, who, cell, 'e', 0);
	else if (cell_is(cell, "waits-signal") || cell_is(cell, "ignored-signal"))
		finish(p, who, cell, 's', p->procs[who].pending);
	else if (cell_is(cell, "waits-143"))
		finish(p, who, cell, 'e', 128 + p->procs[who].pending);
	else if (cell_is(cell, "waits-stays") || cell_is(cell, "ignored-stays"))
		stay(p, who, cell);
	else if ((cell_is(cell, "waits-other") || cell_is(cell, "ignored-other")) && status != 0)
		finish(p, who, cell, 'e', cell_exit(cell, "link.ended"));
	else if (cell_is(cell, "waits-other") || cell_is(cell, "ignored-other"))
		finish(p, who, cell, 'e', 0);
	else
		unknown(p, cell);
}

/* A status of 42 is handed on, or made another; of 0 nobody makes anything. */
static void link_after_exit(struct prediction *p, int who, int status)
{
	const struct cell *cell = cell_need(p, p->procs[who].stage, "links/status-exit", "");

	if (cell_is(cell, "stays"))
		stay(p, who, cell);
	else if (cell_is(cell, "passed") || cell_is(cell, "exit-0") ||
		 (cell_is(cell, "exit-other") && status == 0))
		finish(p, who, cell, 'e', cell_is(cell, "exit-0") ? 0 : status);
	else if (cell_is(cell, "exit-other"))
		finish(p, who, cell, 'e', cell_exit(cell, "link.ended"));
	else
		unknown(p, cell);
}

static void link_child_ended(struct prediction *p, int who, char how, int number)
{
	int stage = p->procs[who].stage, sig = p->procs[who].pending;
	enum origin origin = p->procs[who].origin;
	const struct cell *cell = NULL, *slow = NULL;

	if (p->procs[who].kills && how == 's' && number == SIGKILL) {
		struct reaction reaction = {0};
		cell = p->procs[who].kills;
		if (!end_of_fact(cell, "link.ended", &reaction))
			stay(p, who, cell);
		else
			finish(p, who, cell, reaction.then == THEN_DIE ? 's' : 'e',
				reaction.number);
		return;
	}
	/* Measured with TERM, and taken for the others, too. */
	if (sig)
		slow = cell_look(p, stage, "links/slow", "");
	if (how == 'e' && (starts(slow, "waits") || starts(slow, "ignored"))) {
		link_after_slow(p, who, slow, number);
		return;
	}
	if (how == 'e') {
		link_after_exit(p, who, number);
		return;
	}
	/* A signal that it took itself as well can tell it apart (timeout, a handler's status). */
	if (sig == number && origin != ORIGIN_ALONE && (sig == SIGINT || sig == SIGQUIT))
		cell = cell_look(p, stage, sig == SIGINT ? "links/ctrl-c" : "links/ctrl-backslash",
			"default");
	else if (sig == number)
		cell = cell_look(p, stage, "links/signal-alone-dies", signal_name(number));
	bool told = starts(cell, "both") || starts(cell, "status") || cell_is(cell, "link-lives");
	if (!told && cell_is(slow, "waits-signal")) {
		link_after_slow(p, who, slow, number);
		return;
	}
	if (!told)
		cell = cell_need(
			p, stage, "links/status-killed", number == SIGKILL ? "KILL" : "TERM");
	if (starts(cell, "exit-other") && cell_exit(cell, "link.ended") == 128 + SIGTERM)
		finish(p, who, cell, 'e', 128 + number);
	else
		link_after_death(p, who, cell, number);
}

/* --- what shells do --- */

static bool is_fatal_case(int sig)
{
	return sig != SIGINT && sig != SIGQUIT;
}

/* The scene in which a script with a foreground command got the signal as this one did, and its
 * command died of it, or coped and exited. */
static const struct cell *script_cell(
	struct prediction *p, int who, int sig, enum origin origin, bool child_dies)
{
	int stage = p->procs[who].stage;
	const char *name = signal_name(sig);

	if (origin == ORIGIN_TTY && sig == SIGINT)
		return child_dies ? cell_need(p, stage, "forwarding/ctrl-c-child-dies", "")
				  : cell_need(p, stage, "forwarding/ctrl-c-child-exits", "0");
	if (origin == ORIGIN_TTY && sig == SIGQUIT)
		return cell_need(p, stage,
			child_dies ? "forwarding/ctrl-backslash-child-dies"
				   : "forwarding/ctrl-backslash-child-exits",
			"");
	if (origin == ORIGIN_GROUP && is_fatal_case(sig))
		return cell_need(p, stage,
			child_dies ? "forwarding/group-fatal-child-dies"
				   : "forwarding/group-fatal-child-exits",
			name);
	if (origin == ORIGIN_GROUP)
		return cell_need(p, stage,
			child_dies ? "forwarding/group-child-dies" : "forwarding/group-child-exits",
			name);
	if (is_fatal_case(sig))
		return cell_need(p, stage,
			child_dies ? "forwarding/script-alone-fatal-child-dies"
				   : "forwarding/script-alone-fatal",
			name);
	return cell_need(p, stage,
		child_dies ? "forwarding/script-alone-child-dies" : "forwarding/script-alone",
		name);
}

/* "TERM to job" among what the shell has sent */
static bool sends(const struct cell *cell, int sig, const char *whom)
{
	char *text = talloc_asprintf(NULL, "%s to %s", signal_name(sig), whom);
	bool found = cell_has(cell, "shell.sent", text);

	talloc_free(text);
	return found;
}

static struct reaction foreground_rows(struct prediction *p, const struct cell *cell, int sig)
{
	static const char *const at_once[] = {
		"at-once", "orphaned", "left-behind", "died", "cut-off", NULL};
	static const char *const at_once_exit[] = {"at-once-exit", "exits", "exited", NULL};
	static const char *const later[] = {"after-child", "after-child-exit", "cooperative",
		"survives", "unheard", "goes-on", NULL};
	struct reaction reaction = {0};

	if (!cell)
		return (struct reaction){.nothing = true};
	if (is_one_of(cell, at_once) || is_one_of(cell, at_once_exit)) {
		if (sends(cell, sig, "job"))
			reaction.send = sig;
		if (!end_of_fact(cell, "shell.ended", &reaction))
			return (struct reaction){.then = THEN_DIE, .number = sig};
		return reaction;
	}
	if (is_one_of(cell, later) || starts(cell, "put-off") || starts(cell, "died-later") ||
		starts(cell, "exited-later"))
		return (struct reaction){
			.later = true, .held = cell_held(cell, "shell.got", signal_name(sig))};
	if (cell_is(cell, "unharmed"))
		return (struct reaction){.nothing = true};
	if (starts(cell, "forwarded") || cell_is(cell, "twice")) {
		reaction = (struct reaction){.send = sig, .later = true};
		if (cell_is(cell, "forwarded-exit"))
			end_of_fact(cell, "shell.ended", &reaction);
		return reaction;
	}
	return unknown(p, cell);
}

static struct reaction foreground_reaction(
	struct prediction *p, int who, int sig, enum origin origin, const struct cell **cell)
{
	int stage = p->procs[who].stage;

	*cell = NULL;
	if (p->procs[who].space == who) {
		*cell = cell_need(
			p, stage, "pid1/foreground-child", with(p, signal_name(sig), "pid1"));
		return foreground_rows(p, *cell, sig);
	}
	/* Closer scenes, where there are any. */
	if (origin == ORIGIN_ALONE && sig == SIGTERM && stage_of(p, who)->form == FORM_COMMAND)
		*cell = cell_look(p, stage, "forwarding/entrypoint-command", "");
	if (origin == ORIGIN_ALONE && sig == SIGTERM && stage_of(p, who)->form == FORM_LAST)
		*cell = cell_look(p, stage, "forwarding/entrypoint-script", "");
	if (!*cell)
		*cell = script_cell(p, who, sig, origin, false);
	return foreground_rows(p, *cell, sig);
}

/* cmd & wait */
static struct reaction waiting_rows(struct prediction *p, const struct cell *cell, int sig)
{
	struct reaction reaction = {0};

	if (cell_is(cell, "left-behind") || cell_is(cell, "cut-off")) {
		if (!end_of_fact(cell, "shell.ended", &reaction))
			unknown(p, cell);
		return reaction;
	}
	if (cell_is(cell, "passed-left")) {
		end_of_fact(cell, "shell.ended", &reaction);
		reaction.send = sig;
		reaction.to = sends(cell, sig, "shell.group") ? TO_OWN_GROUP : TO_CHILD;
		return reaction;
	}
	if (cell_is(cell, "passed-lives"))
		return (struct reaction){.send = sig};
	if (cell_is(cell, "unheard"))
		return (struct reaction){.nothing = true};
	return unknown(p, cell);
}

static struct reaction shell_reaction(
	struct prediction *p, int who, int sig, enum origin origin, const struct cell **cell)
{
	int stage = p->procs[who].stage;
	const char *name = signal_name(sig);
	bool init = p->procs[who].space == who;

	switch (stage_of(p, who)->form) {
	case FORM_WAIT:
		*cell = cell_need(
			p, stage, "pid1/background-wait", with(p, name, init ? "pid1" : "leader"));
		return *cell ? waiting_rows(p, *cell, sig) : (struct reaction){.nothing = true};
	case FORM_TRAP:
		if (sig != p->plan->sig) {
			*cell = cell_need(p, stage, "pid1/background-wait",
				with(p, name, init ? "pid1" : "leader"));
			return *cell ? waiting_rows(p, *cell, sig)
				     : (struct reaction){.nothing = true};
		}
		*cell = init ? cell_need(p, stage, "pid1/trap-wait-wait", "pid1")
			     : cell_need(p, stage, "forwarding/trap-forwards", name);
		if (init && sig != SIGTERM)
			doubt(p, "pid1/trap-wait-wait was measured with TERM only");
		if (cell_is(*cell, "forwarded") || cell_is(*cell, "graceful"))
			return (struct reaction){.send = sig};
		if (cell_is(*cell, "not-passed"))
			return (struct reaction){.nothing = true};
		return unknown(p, *cell);
	default:
		return foreground_reaction(p, who, sig, origin, cell);
	}
}

/* The scenes have the shell lead its group, but for one. A shell that does not may end in another
 * way: mksh dies by a signal to its group if it leads that, and else exits. */
static void end_as_member(
	struct prediction *p, int who, int sig, enum origin origin, struct reaction *r)
{
	struct reaction other = {0};

	if (p->procs[who].group == who || r->then != THEN_DIE || origin == ORIGIN_TTY ||
		(sig != SIGINT && sig != SIGTERM))
		return;
	const struct cell *cell = cell_look(p, p->procs[who].stage,
		"forwarding/script-in-parents-group",
		with(p, signal_name(sig), origin == ORIGIN_GROUP ? "shell.group" : "shell"));
	if (!end_of_fact(cell, "shell.ended", &other) || other.then != THEN_EXIT ||
		!strstr(cell->outcome, "exit"))
		return;
	say(p, p->procs[who].stage, cell, "does not lead its group, and exits therefore");
	r->then = THEN_EXIT;
	r->number = other.number;
	if (r->to == TO_OWN_GROUP && !sends(cell, sig, "shell.group"))
		r->send = 0;
}

/* What a script does when its command has ended and it goes on. */
static void go_on(struct prediction *p, int who, const struct cell *cell, char how, int number)
{
	enum form form = stage_of(p, who)->form;

	if (form == FORM_LAST || form == FORM_COMMAND)
		finish(p, who, cell, 'e', how == 's' ? 128 + number : number);
	else
		finish(p, who, cell, 'e', 0);
}

static void after_rows(struct prediction *p, int who, const struct cell *cell, char how, int number)
{
	static const char *const ends_by_signal[] = {
		"after-child", "both-die", "dies", "at-once", "twice", NULL};
	static const char *const ends_by_exit[] = {"after-child-exit", "exits", "at-once-exit",
		"exited-later", "forwarded-exit", "handed-down-exit", NULL};
	static const char *const goes_on[] = {
		"cooperative", "survives", "goes-on", "odd-status", "unheard", "unharmed", NULL};
	int sig = p->procs[who].pending ? p->procs[who].pending : number;

	if (!cell)
		return;
	/* Some die of a signal by sending it to their group. */
	struct reaction r = {.then = THEN_DIE, .number = sig, .to = TO_OWN_GROUP};

	r.send = sends(cell, sig, "shell.group") ? sig : 0;
	if (is_one_of(cell, ends_by_signal) || cell_is(cell, "forwarded") ||
		cell_is(cell, "handed-down")) {
		end_as_member(p, who, sig, p->procs[who].origin, &r);
		if (r.send)
			push_group(p, p->procs[who].group, sig, who, ORIGIN_GROUP);
		finish(p, who, cell, r.then == THEN_DIE ? 's' : 'e', r.number);
	} else if (is_one_of(cell, ends_by_exit)) {
		int status = cell_exit(cell, "shell.ended");
		if (status < 0)
			unknown(p, cell);
		else
			finish(p, who, cell, 'e', status);
	} else if (is_one_of(cell, goes_on))
		go_on(p, who, cell, how, number);
	else if (cell_is(cell, "hangs") || cell_is(cell, "waits-on"))
		stay(p, who, cell);
	else
		unknown(p, cell);
}

static void shell_child_ended(struct prediction *p, int who, char how, int number)
{
	struct sim_proc *proc = &p->procs[who];
	enum form form = stage_of(p, who)->form;
	int stage = proc->stage;

	if (form == FORM_WAIT || form == FORM_TRAP) {
		go_on(p, who, NULL, how, number);
		return;
	}
	if (proc->pending && proc->space != who) {
		bool dies = how == 's' && number == proc->pending;
		const struct cell *cell = script_cell(p, who, proc->pending, proc->origin, dies);
		after_rows(p, who, cell, how, number);
		return;
	}
	if (how == 'e') {
		go_on(p, who, NULL, how, number);
		return;
	}
	/* Its command died, and it got nothing: measured for three signals, which stand for the
	 * others. */
	const char *name = number == SIGINT || number == SIGQUIT ? signal_name(number) : "TERM";
	after_rows(p, who,
		proc->space == who ? cell_need(p, stage, "pid1/child-dies", with(p, name, "pid1"))
				   : cell_need(p, stage, "forwarding/command-alone", name),
		how, number);
}

/* --- deliveries --- */

static bool is_harmless(int sig)
{
	return sig == SIGWINCH || sig == SIGCONT || sig == SIGCHLD || sig == SIGURG;
}

static bool is_job(const struct prediction *p, int who)
{
	enum form form = stage_of(p, who)->form;

	return form == FORM_JOB || form == FORM_HANDLES;
}

static void job_gets(struct prediction *p, int who, int sig, int from)
{
	int stage = p->procs[who].stage;
	const char *name = signal_name(sig), *sender = text_of(p, from);

	if (stage_of(p, who)->form == FORM_HANDLES && sig == p->plan->sig) {
		if (p->procs[who].may_hang_up)
			doubt_hang_up(p, who, sig);
		say(p, stage, NULL, "gets %s from %s, catches it, and ends", name, sender);
		end(p, who, 'e', 0);
	} else if (p->procs[who].ignored & BIT(sig)) {
		say(p, stage, NULL, "is sent %s by %s, and ignores it", name, sender);
	} else if (p->procs[who].space == who) {
		say(p, stage, NULL,
			"is sent %s by %s, but is PID 1 and has no handler: the kernel drops it",
			name, sender);
	} else if (is_harmless(sig)) {
		say(p, stage, NULL, "gets %s from %s: its default action is nothing", name, sender);
	} else if (sig == SIGTSTP) {
		doubt(p, "what stops is not composed");
	} else {
		say(p, stage, NULL, "gets %s from %s and dies of it", name, sender);
		die(p, who, sig);
	}
}

static const char *deed(const struct prediction *p, const struct reaction *r, int who)
{
	int child = p->procs[who].child;
	const char *to = child >= 0 ? p->chain->procs[child].program : "nobody";
	char *text = talloc_strdup(p, "");

	if (r->send && r->to == TO_OWN_GROUP)
		text = talloc_asprintf_append(
			text, ", sends %s to its own group", signal_name(r->send));
	else if (r->send && r->to == TO_GROUP)
		text = talloc_asprintf_append(
			text, ", sends %s to the group of %s", signal_name(r->send), to);
	else if (r->send)
		text = talloc_asprintf_append(text, ", and %s gets %s", to, signal_name(r->send));
	if (r->then == THEN_DIE)
		return talloc_asprintf_append(text, ", dies of %s", signal_name(r->number));
	if (r->then == THEN_EXIT)
		return talloc_asprintf_append(text, ", exits with %d", r->number);
	if (r->send)
		return talloc_asprintf_append(text, ", and waits");
	if (r->later)
		return talloc_asprintf_append(text, ", and waits for its command");
	return talloc_asprintf_append(text, ", and does nothing");
}

/* For the judge, which asks what kind of disposition kept a process alive. */
static void note_disposition(
	struct prediction *p, int who, int sig, const struct reaction *r, bool link)
{
	struct hop_state *before = &p->chain->procs[who].before;

	if (sig != p->plan->sig || r->then == THEN_DIE || r->held)
		return;
	if (p->procs[who].space == who && r->nothing)
		return; /* the kernel has dropped it */
	if (link && !r->send && r->then == THEN_WAIT)
		before->ignored |= BIT(sig);
	else
		before->caught |= BIT(sig);
}

static void act(struct prediction *p, int who, const struct reaction *r)
{
	int child = p->procs[who].child;

	if (r->send && r->to == TO_OWN_GROUP) {
		push_group(p, p->procs[who].group, r->send, who, ORIGIN_GROUP);
	} else if (r->send && child >= 0 && !p->procs[child].ended) {
		if (r->to == TO_GROUP)
			push_group(p, p->procs[child].group, r->send, who, ORIGIN_GROUP);
		else
			push_signal(p, child, r->send, who, ORIGIN_ALONE);
		while (r->takes && p->procs[child].middle) {
			child = p->procs[child].child;
			push_signal(p, child, r->send, who, ORIGIN_ALONE);
		}
	}
	if (r->then == THEN_DIE)
		die(p, who, r->number);
	else if (r->then == THEN_EXIT)
		end(p, who, 'e', r->number);
	else if (r->then == THEN_STOP)
		doubt(p, "what stops is not composed");
}

static void show(struct prediction *p, int who, int sig, int from)
{
	struct event *event = log_add(p->chain->log, EVENT_SIGNAL, SOURCE_TRACE, who);

	event->sig = sig;
	event->other = from;
}

/* It was sent, and is not delivered. */
static void hold(struct prediction *p, int who, int sig, int from)
{
	if (p->chain->procs[who].after.pending & BIT(sig))
		return; /* one is pending, two are one */
	p->chain->procs[who].after.pending |= BIT(sig);
	p->chain->procs[who].before.blocked |= BIT(sig);
	if (from < 0)
		return;
	struct event *event = log_add(p->chain->log, EVENT_KILL, SOURCE_TRACE, from);
	event->sig = sig;
	event->other = who;
}

static void program_gets(struct prediction *p, int who, int sig, int from, enum origin origin)
{
	struct sim_proc *proc = &p->procs[who];
	bool link = stage_of(p, who)->form == FORM_LINK;
	const struct cell *cell = NULL;
	struct reaction r = link ? link_reaction(p, who, sig, origin, &cell)
				 : shell_reaction(p, who, sig, origin, &cell);

	if (p->doubt)
		return;
	if (!link)
		end_as_member(p, who, sig, origin, &r);
	if (proc->ignored & BIT(sig)) {
		/* What is ignored at the start stays so, unless the program sets a handler: which
		 * those have that send it on. */
		if (r.send)
			doubt(p,
				"%s starts with %s ignored, and whether it sets its handler all "
				"the same has not been measured",
				text_of(p, who), signal_name(sig));
		show(p, who, sig, from);
		say(p, proc->stage, NULL, "is sent %s by %s, and ignores it since its start",
			signal_name(sig), text_of(p, from));
		return;
	}
	if (proc->may_hang_up && sig != SIGHUP && r.then != THEN_DIE)
		doubt_hang_up(p, who, sig);
	say(p, proc->stage, cell, "%s %s from %s%s", r.held ? "has blocked" : "gets",
		signal_name(sig), text_of(p, from), deed(p, &r, who));
	if (r.held)
		hold(p, who, sig, from);
	else
		show(p, who, sig, from);
	note_disposition(p, who, sig, &r, link);
	if (r.later && !proc->pending) {
		proc->pending = sig;
		proc->origin = origin;
	}
	if (r.kills)
		proc->kills = cell;
	act(p, who, &r);
}

static void deliver(struct prediction *p, const struct action *a)
{
	struct sim_proc *proc = &p->procs[a->who];

	if (proc->ended)
		return;
	if (a->sig == SIGKILL) { /* which is never shown before it acts */
		say(p, proc->stage, NULL, "is killed by %s", text_of(p, a->from));
		die(p, a->who, SIGKILL);
	} else if (proc->blocked & BIT(a->sig)) {
		hold(p, a->who, a->sig, a->from);
		say(p, proc->stage, NULL, "is sent %s, which is blocked and stays pending",
			signal_name(a->sig));
	} else if (proc->middle) {
		doubt(p, "what %s does with a signal has not been measured by itself",
			text_of(p, a->who));
	} else if (is_job(p, a->who)) {
		show(p, a->who, a->sig, a->from);
		job_gets(p, a->who, a->sig, a->from);
	} else {
		program_gets(p, a->who, a->sig, a->from, a->origin);
	}
}

static void child_ended(struct prediction *p, const struct action *a)
{
	if (p->procs[a->who].ended)
		return;
	if (p->procs[p->procs[a->who].child].or_hup)
		doubt(p, "whether %s finds that its command died of %s or of HUP is a race",
			text_of(p, a->who), signal_name(a->number));
	else if (p->procs[a->who].middle)
		end(p, a->who, a->how, a->number);
	else if (stage_of(p, a->who)->form == FORM_LINK)
		link_child_ended(p, a->who, a->how, a->number);
	else
		shell_child_ended(p, a->who, a->how, a->number);
}

/* Who is left, as the second look of chain's would find it. */
static void look_after(struct prediction *p)
{
	for (size_t i = 0; i < count(p); i++) {
		struct chain_proc *proc = &p->chain->procs[i];
		uint64_t pending = proc->after.pending;
		int child = p->procs[i].child;

		if (p->procs[i].ended) {
			proc->after = (struct hop_state){0};
			continue;
		}
		proc->after = proc->before;
		proc->after.pending = pending;
		proc->after.waits_for_child = child >= 0 && !p->procs[child].ended;
	}
}

/* All else is over. Those who wait for a while only kill their child now; false: there is none. */
static bool lose_patience(struct prediction *p)
{
	for (size_t i = 0; i < count(p); i++) {
		struct sim_proc *proc = &p->procs[i];

		if (!proc->kills || proc->child < 0 || p->procs[proc->child].ended)
			continue;
		say(p, proc->stage, proc->kills, "kills %s, which is still there",
			text_of(p, proc->child));
		push_signal(p, proc->child, SIGKILL, (int)i, ORIGIN_ALONE);
		return true;
	}
	return false;
}

void play_signal(struct prediction *p)
{
	struct chain *chain = p->chain;

	chain->target = WHO_NONE;
	if (chain->to == TARGET_ROOT) {
		chain->target = 0;
		push_signal(p, 0, chain->sig, WHO_HARNESS, ORIGIN_ALONE);
	} else {
		bool tty = chain->to == TARGET_TTY;
		push_group(p, chain->target_group - 1, chain->sig, tty ? WHO_TTY : WHO_HARNESS,
			tty ? ORIGIN_TTY : ORIGIN_GROUP);
	}
	while ((p->queue_done < p->queue_count || lose_patience(p)) && !p->doubt) {
		struct action action = p->queue[p->queue_done++];

		if (p->queue_done > STEPS_LIMIT)
			doubt(p, "the chain never comes to an end");
		else if (action.kind == ACT_DELIVER)
			deliver(p, &action);
		else
			child_ended(p, &action);
	}
	look_after(p);
}
