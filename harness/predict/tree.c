/* From stages to processes: who stays, in whose group and session, with what ignored. */
#include "predict.h"

#include <signal.h>
#include <string.h>
#include <talloc.h>

#include "../model/case.h"
#include "../report/report.h"

#define BIT(sig) (1ULL << ((sig)-1))

const struct stage *stage_of(const struct prediction *p, int who)
{
	return &p->plan->stages[p->procs[who].stage];
}

static int add_proc(struct prediction *p, int stage, int parent)
{
	int who = log_proc(p->chain->log, 0, 0, parent < 0 ? WHO_INIT : parent);

	p->procs = talloc_realloc(p, p->procs, struct sim_proc, (size_t)who + 1);
	p->chain->procs =
		talloc_realloc(p->chain, p->chain->procs, struct chain_proc, (size_t)who + 1);
	p->chain->procs[who] = (struct chain_proc){0};
	if (parent < 0) {
		p->procs[who] = (struct sim_proc){.group = who, .session = who, .space = -1};
	} else {
		p->procs[who] = p->procs[parent]; /* as fork(2) does */
		p->procs[who].middle = false;
		p->procs[parent].child = who;
	}
	p->procs[who].child = WHO_NONE;
	p->procs[who].stage = stage;
	return who;
}

/* The cells were measured with a subject that leads its group, and with one that does not. */
static const char *place_of(const struct prediction *p, int who)
{
	return p->procs[who].group == who ? "member" : "shared";
}

/* Where its command finds itself. 'who' is the link, 'command' the process of the command: the same
 * when the link has become it. */
static void move_group(struct prediction *p, int stage, int who, int command)
{
	const struct cell *cell = cell_need(p, stage, "links/group", place_of(p, who));

	if (cell_is(cell, "new-session")) {
		p->procs[command].group = p->procs[command].session = command;
		say(p, stage, cell, "its command leads a session of its own");
	} else if (cell_is(cell, "new-group")) {
		p->procs[command].group = command;
		say(p, stage, cell, "its command leads a process group of its own");
	} else if (cell_is(cell, "group-of-both")) {
		p->procs[who].group = p->procs[command].group = who;
		say(p, stage, cell, "makes a process group for itself and its command");
	} else if (cell_is(cell, "same")) {
		say(p, stage, cell, "its command is in the process group it was started in");
	} else if (cell) {
		doubt(p, "nothing is known of links/group: %s", cell->outcome);
	}
}

/* What the link adds to, or takes from, what its command ignores and blocks of a signal that may
 * come; those for which there is no case are handed on. */
static void hand_down(struct prediction *p, int stage, int command, int number)
{
	const char *sig = signal_name(number);
	uint64_t bit = BIT(number);
	struct sim_proc *proc = &p->procs[command];
	const struct cell *cell;

	if (proc->ignored & bit) {
		cell = cell_look(p, stage, "links/ignored", sig);
		if (cell_is(cell, "reset")) {
			proc->ignored &= ~bit;
			say(p, stage, cell, "sets %s, which was ignored, back to the default", sig);
		}
	} else if (cell_is(cell = cell_look(p, stage, "links/adds-ignored", sig), "adds")) {
		proc->ignored |= bit;
		say(p, stage, cell, "has its command ignore %s", sig);
	}
	if (cell_is(cell = cell_look(p, stage, "links/adds-blocked", sig), "adds")) {
		proc->blocked |= bit;
		say(p, stage, cell, "leaves %s blocked for its command", sig);
	}
}

/* A child that is PID 1 of a namespace of its own does not die of a signal it sends to itself. */
static void see_namespace(struct prediction *p, int stage, int command)
{
	const struct cell *cell = cell_look(p, stage, "links/status-killed", "TERM");

	if (!cell_is(cell, "cannot-die"))
		return;
	p->procs[command].space = command;
	say(p, stage, cell, "its command is PID 1 of a namespace");
}

static int fork_command(struct prediction *p, int stage, int who, bool deeper)
{
	if (deeper) {
		who = add_proc(p, stage, who);
		p->procs[who].middle = true;
	}
	return add_proc(p, stage + 1, who);
}

static int start_link(struct prediction *p, int stage, int who)
{
	const char *place = place_of(p, who);
	const struct cell *cell = cell_need(p, stage, "links/stays", place);
	int command = who;

	if (!cell)
		return who;
	if (cell_is(cell, "leaves")) {
		doubt(p,
			"%s ends at once and leaves its command to itself (links/stays %s %s: "
			"leaves), so there is no chain from here on",
			p->plan->stages[stage].text, place, cell->shell);
		return who;
	}
	if (cell_is(cell, "execs")) {
		say(p, stage, cell, "becomes %s", p->plan->stages[stage + 1].text);
	} else if (cell_is(cell, "child") || cell_is(cell, "deeper")) {
		bool deeper = cell_is(cell, "deeper");
		say(p, stage, cell, "stays, and %s is its %s", p->plan->stages[stage + 1].text,
			deeper ? "descendant" : "child");
		command = fork_command(p, stage, who, deeper);
		see_namespace(p, stage, command);
	} else {
		doubt(p, "nothing is known of links/stays: %s", cell->outcome);
	}
	move_group(p, stage, who, command);
	hand_down(p, stage, command, p->plan->sig);
	if (p->plan->tty) /* comes when the session's leader dies */
		hand_down(p, stage, command, SIGHUP);
	return command;
}

/* A case whose outcomes are exec, fork and fork-deeper. */
static int by_exec_case(struct prediction *p, int stage, int who, const char *case_name)
{
	const struct cell *cell = cell_need(p, stage, case_name, "");

	if (cell_is(cell, "exec")) {
		say(p, stage, cell, "becomes %s", p->plan->stages[stage + 1].text);
		return who;
	}
	if (cell_is(cell, "fork") || cell_is(cell, "fork-deeper")) {
		say(p, stage, cell, "stays, and runs %s as a child",
			p->plan->stages[stage + 1].text);
		return fork_command(p, stage, who, cell_is(cell, "fork-deeper"));
	}
	if (cell)
		doubt(p, "nothing is known of %s: %s", case_name, cell->outcome);
	return who;
}

static void shell_group(struct prediction *p, int stage, int command, const char *case_name)
{
	const struct cell *cell = cell_need(p, stage, case_name, "");

	if (cell_is(cell, "own-group")) {
		p->procs[command].group = command;
		say(p, stage, cell, "gives it a process group of its own");
	} else if (cell_is(cell, "shell-group")) {
		say(p, stage, cell, "keeps it in its own process group");
	} else if (cell) {
		doubt(p, "nothing is known of %s: %s", case_name, cell->outcome);
	}
}

/* What a command behind & ignores is a fact of the scene that asks for it. */
static void ignore_in_background(struct prediction *p, int stage, int command)
{
	const struct cell *cell = cell_need(p, stage, "inheritance/background-children", "command");
	const char *sig = signal_name(p->plan->sig);

	if (p->plan->sig != SIGINT && p->plan->sig != SIGQUIT)
		return;
	if (cell_is(cell, "int-and-quit") ||
		cell_is(cell, p->plan->sig == SIGINT ? "only-int" : "only-quit")) {
		p->procs[command].ignored |= BIT(p->plan->sig);
		say(p, stage, cell, "starts it with %s ignored, as in the background", sig);
	} else if (cell_is(cell, "default") || cell_is(cell, "only-int") ||
		   cell_is(cell, "only-quit")) {
		say(p, stage, cell, "does not have it ignore %s", sig);
	} else if (cell) {
		doubt(p, "nothing is known of %s: %s", cell->case_name, cell->outcome);
	}
}

/* What shells leave ignored for the command they run, or become. */
static void ignore_in_command(
	struct prediction *p, int stage, int command, const char *case_name, const char *variant)
{
	const char *sig = signal_name(p->plan->sig);
	const struct cell *cell = cell_look(p, stage, case_name, variant);

	if (!cell || !strstr(cell->outcome, "ignores") || !cell_has(cell, "job.ignored", sig))
		return;
	p->procs[command].ignored |= BIT(p->plan->sig);
	say(p, stage, cell, "starts it with %s ignored", sig);
}

static int start_shell(struct prediction *p, int stage, int who)
{
	int command = who;

	switch (p->plan->stages[stage].form) {
	case FORM_COMMAND:
		command = by_exec_case(p, stage, who, "exec/simple-command");
		break;
	case FORM_LAST:
		command = by_exec_case(p, stage, who, "exec/script-last-line");
		break;
	case FORM_EXEC:
		command = by_exec_case(p, stage, who, "exec/script-explicit-exec");
		break;
	case FORM_SCRIPT:
		command = fork_command(p, stage, who, false);
		say(p, stage, NULL, "stays: something follows the command");
		break;
	default:
		command = by_exec_case(p, stage, who, "exec/async-wait");
		if (command != who) {
			shell_group(p, stage, command,
				p->plan->tty ? "groups/script-tty-background"
					     : "groups/script-background");
			ignore_in_background(p, stage, command);
		}
		return command;
	}
	enum form form = p->plan->stages[stage].form;
	if (command == who)
		ignore_in_command(p, stage, command, "inheritance/last-command",
			form == FORM_EXEC ? "exec" : "last");
	else
		ignore_in_command(p, stage, command,
			form == FORM_COMMAND ? "inheritance/command-children"
					     : "inheritance/script-children",
			"command");
	if (command != who)
		shell_group(p, stage, command,
			p->plan->tty ? "groups/script-tty-foreground" : "groups/script-foreground");
	return command;
}

/* Whose group holds the terminal when the command of this link runs. */
static void hand_terminal(struct prediction *p, int stage, int command, int *foreground)
{
	if (!p->plan->tty || p->plan->stages[stage].form != FORM_LINK ||
		p->plan->stages[stage].who == command)
		return;
	const struct cell *cell = cell_need(p, stage, "links/terminal", "");
	if (p->procs[p->plan->stages[stage].who].session == p->plan->stages[stage].who &&
		p->procs[command].session == command) {
		doubt(p,
			"%s leads the session and gives its command another: who holds the "
			"terminal then was measured with a member of a session only",
			p->plan->stages[stage].text);
		return;
	}
	if (cell_is(cell, "handed-over") || cell_is(cell, "taken")) {
		*foreground = p->procs[command].group;
		say(p, stage, cell, "hands the terminal over to its command's group");
	} else if (cell_is(cell, "other-terminal")) {
		doubt(p,
			"%s gives its command another terminal (links/terminal: other-terminal): "
			"what a key does there is not composed",
			p->plan->stages[stage].text);
	} else if (cell) {
		say(p, stage, cell, "leaves the terminal as it is");
	}
}

static void describe(struct prediction *p, int who, int foreground)
{
	struct sim_proc *proc = &p->procs[who];
	struct chain_proc *shown = &p->chain->procs[who];
	const struct stage *stage = stage_of(p, who);

	shown->program = talloc_strdup(
		p, proc->middle ? talloc_asprintf(p, "a process of %s", stage->text) : stage->text);
	shown->command = shown->program;
	shown->before = (struct hop_state){.there = true,
		.ppid = 0,
		.pgid = proc->group + 1,
		.sid = proc->session + 1,
		.foreground = p->plan->tty && proc->group == foreground &&
			      proc->session == p->procs[foreground].session,
		.ignored = proc->ignored,
		.blocked = proc->blocked,
		.threads = 1};
}

void tree_build(struct prediction *p)
{
	const struct plan *plan = p->plan;
	int who = add_proc(p, 0, WHO_NONE), foreground = who;

	p->procs[who].space = plan->pid1 ? who : -1;
	for (size_t i = 0; i + 1 < plan->count && !p->doubt; i++) {
		const struct stage *stage = &plan->stages[i];
		int command = stage->form == FORM_LINK ? start_link(p, (int)i, who)
						       : start_shell(p, (int)i, who);

		plan->stages[i].who = command == who ? WHO_NONE : who;
		if (command == who)
			p->procs[who].stage = (int)i + 1;
		else
			hand_terminal(p, (int)i, command, &foreground);
		who = command;
	}
	plan->stages[plan->count - 1].who = who;
	for (size_t i = 0; i < p->chain->log->proc_count; i++)
		describe(p, (int)i, foreground);
	p->chain->log->procs[0].pid = plan->pid1 ? 1 : 0;
	p->chain->target_group = p->procs[plan->to == TARGET_TTY ? foreground : 0].group + 1;
}
