/* Conditions in all three answers, the order of judging, disputes, and the facts. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "model/outcome.h"

enum { SHELL, SHELL_PID = 2, JOB_PID = 3 };

/* A log that begins with the terminal in the shell's hands. */
static int new_log(void **state)
{
	struct log *log = log_new(NULL);
	struct event *tty;

	*state = log;
	log->traced = true;
	log_proc(log, SHELL_PID, 102, WHO_INIT);
	tty = log_add(log, EVENT_TTY, SOURCE_TTY, WHO_NONE);
	tty->other = SHELL;
	tty->number = SHELL_PID;
	tty->flags = TTY_ECHO | TTY_ISIG;
	return 0;
}

static int free_log(void **state)
{
	return talloc_free(*state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, new_log, free_log)

/* Building --------------------------------------------------------------------------------- */

static struct event *add_from(
	struct log *log, enum source source, enum event_kind kind, int who, int other)
{
	struct event *event = log_add(log, kind, source, who);

	event->other = other;
	return event;
}

static struct event *add(struct log *log, enum event_kind kind, int who, int other)
{
	return add_from(log, SOURCE_TRACE, kind, who, other);
}

static void set_text(struct log *log, const char *text)
{
	log->events[log->count - 1].text = talloc_strdup(log, text);
}

static void set_status(struct log *log, struct proc_status status)
{
	struct event *event = &log->events[log->count - 1];

	event->status = talloc(log, struct proc_status);
	*event->status = status;
}

static struct proc_status job_status(void)
{
	return (struct proc_status){.pid = JOB_PID,
		.ppid = SHELL_PID,
		.pgid = JOB_PID,
		.sid = SHELL_PID,
		.foreground = JOB_PID,
		.caught = ~0ULL};
}

static int add_start(struct log *log, int who, const char *name, struct proc_status status)
{
	add_from(log, SOURCE_ACTOR, EVENT_START, who, WHO_NONE);
	set_text(log, name);
	set_status(log, status);
	return who;
}

static int add_child(struct log *log, pid_t pid)
{
	int child = log_proc(log, pid, pid + 100, SHELL);

	if (log->traced)
		add(log, EVENT_FORK, SHELL, child);
	return child;
}

/* Process 1: the actor "job", in its own group, in the foreground. */
static int add_job(struct log *log)
{
	return add_start(log, add_child(log, JOB_PID), "job", job_status());
}

static void add_look(struct log *log, const char *label)
{
	add_from(log, SOURCE_PROC, EVENT_LOOK, WHO_NONE, WHO_NONE);
	if (label)
		set_text(log, label);
}

static void add_seen(struct log *log, int who, enum proc_state state, pid_t pgid)
{
	add_from(log, SOURCE_PROC, EVENT_SEEN, who, WHO_NONE);
	set_status(log, (struct proc_status){.pid = log->procs[who].pid,
				.ppid = who ? SHELL_PID : 1,
				.pgid = pgid,
				.sid = SHELL_PID,
				.state = state,
				.caught = ~0ULL});
}

static void add_tty(struct log *log, pid_t holder)
{
	add_from(log, SOURCE_TTY, EVENT_TTY, WHO_NONE, holder == JOB_PID)->number = holder;
}

static struct event *add_signal(struct log *log, enum source source, int who, int sig, int sender)
{
	struct event *event = add_from(log, source, EVENT_SIGNAL, who, sender);

	event->sig = sig;
	return event;
}

/* As both witnesses tell it. */
static void add_got(struct log *log, int who, int sig, int sender)
{
	add_signal(log, SOURCE_TRACE, who, sig, sender);
	add_signal(log, SOURCE_ACTOR, who, sig, sender);
}

static void add_end(struct log *log, enum source source, int who, char how, long number)
{
	struct event *event = add_from(log, source, EVENT_ENDED, who, WHO_NONE);

	event->how = how;
	event->number = number;
}

static void add_announce(struct log *log, int who, char how, long number)
{
	struct event *event = add_from(log, SOURCE_ACTOR, EVENT_ANNOUNCE, who, WHO_NONE);

	event->how = how;
	event->number = number;
}

static void add_mark(struct log *log, const char *name, const char *value)
{
	add_from(log, SOURCE_MARK, EVENT_MARK, WHO_NONE, WHO_NONE);
	set_text(log, name);
	log->events[log->count - 1].value = value ? talloc_strdup(log, value) : NULL;
}

static struct condition parse(struct log *log, const char *text)
{
	struct diag *diag = diag_new(log);
	struct condition condition;

	if (!condition_parse(log, text, &condition, "test", 0, diag))
		fail_msg("%s", diag->messages[0]);
	return condition;
}

static void assert_truth(struct log *log, const char *text, enum truth expected)
{
	struct condition condition = parse(log, text);
	const char *why = NULL;
	enum truth truth = condition_holds(log, &condition, &why);

	if (truth != expected)
		fail_msg("'%s' is %d, not %d", text, truth, expected);
	if (truth == TRUTH_HIDDEN)
		assert_non_null(why);
}

#define yes(text) assert_truth(log, text, TRUTH_YES)
#define no(text) assert_truth(log, text, TRUTH_NO)
#define hidden(text) assert_truth(log, text, TRUTH_HIDDEN)

/* Relations and states --------------------------------------------------------------------- */

static void test_relations(void **state)
{
	struct log *log = *state;

	no("job.pid = shell.pid");
	no("job.pid != shell.pid");
	add_job(log);
	add_look(log, "first");
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	add_look(log, "second");
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, 1, PROC_RUNNING, SHELL_PID);
	no("job.pid = shell.pid");
	yes("job.pid != shell.pid");
	yes("no job.pid = shell.pid");
	yes("job.ppid = shell.pid");
	yes("job.sid = shell.sid");
	yes("job.pgid = job.pid");
	yes("job.pgid != shell.pgid at first");
	yes("job.pgid = shell.pgid at second");
	no("job.pgid = shell.pgid at third");
	no("no job.pgid = shell.pgid at third");
	no("ghost.pgid = shell.pgid");
	no("ghost.pgid != shell.pgid");
	yes("no ghost.pgid = shell.pgid");
}

static void test_exec_makes_one_process_of_two_names(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();

	status.pid = status.pgid = SHELL_PID;
	add_signal(log, SOURCE_TRACE, SHELL, SIGUSR1, WHO_HARNESS);
	add(log, EVENT_EXEC, SHELL, WHO_NONE);
	add_start(log, SHELL, "job", status);
	add_got(log, SHELL, SIGINT, WHO_TTY);
	yes("job.pid = shell.pid");
	yes("shell got INT from tty");
	yes("job got INT once");
	yes("shell got USR1");
	no("job got USR1");
	log->traced = false;
	yes("shell got INT");
	hidden("shell got USR2");
	no("job got USR2");
}

static void test_foreground_and_masks(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();

	no("job.foreground");
	no("job.ignored has INT");
	no("job.descriptors = 0");
	add_job(log);
	yes("job.descriptors = 0");
	yes("job.foreground");
	no("shell.foreground");
	status.foreground = SHELL_PID;
	status.ignored = 1ULL << (SIGINT - 1);
	status.blocked = 1ULL << (SIGTERM - 1);
	status.descriptors = 2;
	add_start(log, 1, "job", status);
	no("job.foreground");
	yes("job.ignored has INT");
	no("job.ignored has TERM");
	yes("job.blocked has TERM");
	yes("no job.blocked has INT");
	yes("job.descriptors = 2");
	yes("job.descriptors > 0");
	no("job.descriptors != 2");
}

static void test_states(void **state)
{
	struct log *log = *state;

	no("job.state = ended");
	add_job(log);
	no("job.state = running");
	add_look(log, "first");
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	yes("job.state = running");
	add_look(log, "second");
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	yes("job.state = stopped");
	yes("job.state != running");
	yes("job.state = running at first");
	no("job.state != running at never");
	add_end(log, SOURCE_TRACE, 1, 's', SIGINT);
	yes("job.state = ended");
	yes("job.state = stopped at second");
	add_look(log, NULL);
	add_seen(log, 1, PROC_ZOMBIE, JOB_PID);
	yes("job.state = zombie");
	no("job.state = ended");
	add_look(log, NULL);
	add_seen(log, 1, PROC_ENDED, 0);
	yes("job.state = ended");
	yes("job.pgid = job.pid at second");
}

static void test_terminal(void **state)
{
	struct log *log = *state;

	yes("tty.echo");
	yes("tty.isig");
	no("tty.icanon");
	add_job(log);
	add_look(log, "held");
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	add_tty(log, JOB_PID);
	yes("tty.foreground = job.pgid");
	yes("tty.foreground != shell.pgid");
	no("tty.echo");
	add_look(log, NULL);
	add_tty(log, SHELL_PID);
	yes("tty.foreground = shell.pgid");
	yes("tty.foreground = job.pgid at held");
	no("tty.foreground = shell.pgid at never");
	log->events[0].kind = EVENT_STEP;
	log->count = 1;
	no("tty.echo");
	no("tty.foreground != shell.pgid");
}

static void test_forks(void **state)
{
	struct log *log = *state;

	yes("shell.forks = 0");
	add_job(log);
	add_look(log, "held");
	add_child(log, 4);
	yes("shell.forks = 2");
	yes("shell.forks > 1");
	yes("shell.forks = 1 at held");
	yes("shell.forks = 1 since held");
	yes("job.forks = 0");
	no("ghost.forks = 0");
	log->traced = false;
	hidden("shell.forks = 2");
	hidden("no shell.forks = 2");
	no("ghost.forks = 0");
}

static void test_zombies(void **state)
{
	struct log *log = *state;
	int job = add_child(log, JOB_PID), other = add_child(log, 4);

	no("shell.zombies = 0"); /* nobody has looked */
	add_look(log, "held");
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, job, PROC_ZOMBIE, JOB_PID);
	add_seen(log, other, PROC_ZOMBIE, SHELL_PID);
	yes("shell.zombies = 2");
	yes("shell.zombies > 1");
	no("shell.zombies < 2");
	no("job.zombies = 0"); /* not called so */
	add_look(log, NULL);
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, job, PROC_ENDED, JOB_PID);
	add_seen(log, other, PROC_ENDED, SHELL_PID);
	yes("shell.zombies = 0");
	yes("shell.zombies = 2 at held");
	no("shell.zombies = 0 at never");
	no("ghost.zombies = 0");
	log->traced = false;
	yes("shell.zombies = 0");
}

/* Handovers -------------------------------------------------------------------------------- */

static void test_handovers(void **state)
{
	struct log *log = *state;
	int child = add_child(log, JOB_PID);

	yes("handovers = none");
	add(log, EVENT_TCSETPGRP, SHELL, SHELL);
	yes("handovers = none");
	add(log, EVENT_TCSETPGRP, SHELL, child);
	add(log, EVENT_TCSETPGRP, child, child);
	no("handovers = job");
	add_start(log, child, "job", job_status());
	yes("handovers = job");
	add_look(log, "held");
	add(log, EVENT_TCSETPGRP, SHELL, SHELL)->result = -EPERM;
	add(log, EVENT_TCSETPGRP, SHELL, SHELL)->result = LOG_PENDING;
	yes("handovers = job");
	add(log, EVENT_TCSETPGRP, SHELL, SHELL);
	yes("handovers = job shell");
	yes("handovers != job");
	no("handovers != job shell");
	yes("handovers = job at held");
	yes("handovers = shell since held");
	yes("shell gave tty to job");
	yes("shell gave tty to shell");
	yes("job gave tty to job once");
	no("job gave tty to shell");
	log->traced = false;
	hidden("handovers = job shell");
	hidden("shell gave tty to ghost");
}

/* The leader of the group is a subshell without a name: its member speaks for it. */
static void test_handover_to_an_unnamed_leader(void **state)
{
	struct log *log = *state;
	int leader = add_child(log, JOB_PID), member;
	struct proc_status status = job_status();

	add(log, EVENT_SETPGID, leader, leader);
	add(log, EVENT_TCSETPGRP, SHELL, leader);
	member = log_proc(log, 4, 104, leader);
	add(log, EVENT_FORK, leader, member);
	status.pid = 4;
	add_start(log, member, "job", status);
	yes("handovers = job");
	no("handovers = shell");
	yes("shell gave tty to job");

	json_t *facts = outcome_facts(log, NULL);

	assert_string_equal(
		json_string_value(json_array_get(json_object_get(facts, "handovers"), 0)), "job");
	assert_string_equal(
		json_string_value(json_object_get(facts, "job.group")), "a child of shell");
	json_decref(facts);
}

static void test_grouped(void **state)
{
	struct log *log = *state;

	add_job(log);
	add(log, EVENT_SETPGID, SHELL, 1)->result = -EACCES;
	no("shell grouped job");
	add(log, EVENT_SETPGID, 1, 1);
	no("shell grouped job");
	yes("job grouped job");
	yes("job grouped itself");
	log->traced = false;
	hidden("shell grouped job");
	no("ghost grouped job");
}

/* Signals ---------------------------------------------------------------------------------- */

static void test_got(void **state)
{
	struct log *log = *state;

	no("job got INT");
	add_job(log);
	add_got(log, 1, SIGINT, WHO_TTY);
	add_look(log, "held");
	add_signal(log, SOURCE_TRACE, 1, SIGINT, 1)->code = SI_TKILL;
	yes("job got INT");
	yes("job got INT once");
	yes("job got INT from tty");
	no("job got INT from shell");
	no("job got INT from itself");
	no("job got INT twice");
	yes("no job got TERM");
	no("job got INT since held");
	yes("job got INT at held");
	no("job got INT at never");
	no("no job got INT since never");
	add_got(log, 1, SIGINT, SHELL);
	yes("job got INT twice");
	yes("job got INT from shell once");
	yes("job got INT from shell since held");
	add_got(log, 1, SIGTERM, 1);
	yes("job got TERM from itself");
	add_signal(log, SOURCE_TRACE, SHELL, SIGHUP, WHO_HARNESS);
	yes("shell got HUP from harness");

	/* A storm's deliveries are one event. */
	add_signal(log, SOURCE_TRACE, SHELL, SIGUSR1, WHO_HARNESS)->number = 6;
	yes("shell got USR1 7 times");
	no("shell got USR1 once");
	yes("shell got HUP once");
}

static void test_got_what_an_actor_cannot_report(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();

	status.ignored = 1ULL << (SIGINT - 1);
	add_start(log, add_child(log, JOB_PID), "job", status);
	add_signal(log, SOURCE_TRACE, 1, SIGINT, WHO_TTY);
	add_signal(log, SOURCE_TRACE, 1, SIGKILL, SHELL);
	yes("job got INT from tty");
	yes("job got KILL from shell");
	log->traced = false;
	log->count -= 2;
	hidden("job got INT");
	hidden("no job got INT from tty");
	hidden("job got KILL");
	no("job got TERM");
}

/* It caught the first and was told to ignore the second. */
static void test_got_ignored_later(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_got(log, 1, SIGINT, WHO_TTY);
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	log->events[log->count - 1].status->ignored = 1ULL << (SIGINT - 1);
	add_signal(log, SOURCE_TRACE, 1, SIGINT, WHO_TTY);
	yes("job got INT twice");
}

static void test_got_untraced(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	add_signal(log, SOURCE_ACTOR, 1, SIGINT, WHO_TTY);
	yes("job got INT from tty");
	yes("job got INT once");
	no("job got TERM");
	hidden("shell got INT");
	hidden("no shell got INT");
	hidden("shell got INT once");
	no("ghost got INT");
	yes("no ghost got INT");
}

static void test_sent(void **state)
{
	struct log *log = *state;
	struct event *event;

	add_job(log);
	add(log, EVENT_KILL, SHELL, 1)->sig = SIGTERM;
	log->events[log->count - 1].result = -ESRCH;
	no("shell sent TERM");
	add(log, EVENT_KILL, SHELL, 1)->sig = SIGTERM;
	yes("shell sent TERM");
	yes("shell sent TERM to job");
	no("shell sent TERM to job.group");
	no("shell sent TERM to shell");
	no("job sent TERM");
	event = add(log, EVENT_KILL, SHELL, 1);
	event->sig = SIGINT;
	event->group = true;
	yes("shell sent INT to job.group");
	no("shell sent INT to job");
	event = add(log, EVENT_KILL, SHELL, SHELL);
	event->sig = SIGHUP;
	event->result = LOG_PENDING;
	yes("shell sent HUP to shell");
	yes("shell sent HUP to itself");
	add_announce(log, 1, 's', SIGINT);
	add(log, EVENT_KILL, 1, 1)->sig = SIGINT;
	no("job sent INT");
	log->traced = false;
	hidden("shell sent TERM to shell");
	no("ghost sent TERM");
}

/* Ends and stops --------------------------------------------------------------------------- */

static void test_ended_traced(void **state)
{
	struct log *log = *state;

	add_job(log);
	no("job ended");
	add_announce(log, 1, 's', SIGINT);
	add_end(log, SOURCE_ACTOR, 1, '?', 0);
	add_end(log, SOURCE_TRACE, 1, 's', SIGINT);
	add_look(log, "held");
	add_end(log, SOURCE_TRACE, SHELL, 'e', 130);
	add_end(log, SOURCE_INIT, SHELL, 'e', 130);
	yes("job ended");
	yes("job ended once");
	yes("job ended signal");
	yes("job ended signal INT");
	no("job ended signal TERM");
	no("job ended exit");
	yes("shell ended once");
	yes("shell ended exit");
	yes("shell ended exit 130");
	no("shell ended exit 0");
	yes("job ended before shell ended");
	no("shell ended before job ended");
	no("job ended since held");
	yes("shell ended since held");
	no("shell ended at held");
}

static void test_ended_untraced(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	add_announce(log, 1, 'e', 3);
	no("job ended");
	add_end(log, SOURCE_ACTOR, 1, '?', 0);
	yes("job ended exit 3");
	no("job ended signal");
	add_start(log, add_child(log, 4), "victim", job_status());
	no("victim ended exit");
	add_end(log, SOURCE_ACTOR, 2, '?', 0);
	yes("victim ended");
	hidden("victim ended exit");
	hidden("no victim ended signal KILL");
	hidden("victim ended exit 3 once");
	hidden("job ended before victim ended signal");
	yes("job ended before victim ended");
}

static void test_ended_by_absence(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_from(log, SOURCE_MARK, EVENT_NAMED, add_child(log, 5), WHO_NONE);
	set_text(log, "inner");
	no("inner ended");
	add_look(log, "first");
	add_seen(log, 1, PROC_RUNNING, SHELL_PID);
	no("inner ended");
	add_look(log, "second");
	yes("inner ended");
	yes("inner.state = ended");
	hidden("inner ended exit");
	no("inner ended at first");
	yes("inner ended since first");
}

static void test_stops_traced(void **state)
{
	struct log *log = *state;

	add_job(log);
	add(log, EVENT_STOPPED, 1, WHO_NONE)->sig = SIGTSTP;
	add(log, EVENT_STOPPED, SHELL, WHO_NONE)->sig = SIGTTIN;
	add_from(log, SOURCE_INIT, EVENT_STOPPED, SHELL, WHO_NONE)->sig = SIGTTIN;
	add_look(log, "held");
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	add(log, EVENT_CONTINUED, 1, WHO_NONE);
	yes("job stopped once");
	yes("job stopped TSTP");
	no("job stopped STOP");
	yes("shell stopped TTIN once");
	yes("job continued");
	no("shell continued");
	yes("job stopped before job continued");
	no("job stopped since held");
}

static void test_stops_untraced(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	add_announce(log, 1, 't', SIGTSTP);
	no("job stopped");
	add_look(log, "first");
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	yes("job stopped TSTP once");
	add_look(log, NULL);
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	yes("job stopped once");
	no("job continued");
	add_look(log, "second");
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	yes("job continued once");
	add_look(log, NULL);
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	yes("job stopped since second");
	yes("job stopped twice");
	hidden("job stopped STOP");
	yes("job stopped TSTP");
	hidden("job stopped TSTP once");
}

/* Marks, order, counts, reads -------------------------------------------------------------- */

static void test_marks(void **state)
{
	struct log *log = *state;

	no("status = 143");
	no("status != 143");
	yes("no status");
	add_mark(log, "trapped", NULL);
	add_look(log, "held");
	add_mark(log, "status", "1");
	add_mark(log, "status", "143");
	add_mark(log, "word", "abc");
	yes("status = 143");
	yes("status > 128");
	no("status <= 128");
	no("status = 1");
	yes("status twice");
	yes("status = 1 once");
	yes("word = abc");
	yes("word != abd");
	yes("word != 3");
	no("word > 3");
	yes("trapped before status");
	no("status before trapped");
	no("trapped before ghost");
	yes("no trapped before ghost");
	no("trapped since held");
	yes("trapped at held");
	yes("no status at held");
	no("status = 143 at held");
}

static void test_started_counts_every_actor_of_the_name(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();

	no("job started");
	add_job(log);
	add_got(log, 1, SIGINT, WHO_TTY);
	add_end(log, SOURCE_TRACE, 1, 's', SIGINT);
	status.pid = 4;
	add_start(log, add_child(log, 4), "job", status);
	add_got(log, 2, SIGINT, WHO_TTY);
	yes("job started twice");
	yes("job got INT twice");
	yes("job ended once");
	no("job.state = ended");
}

static void test_reads(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_from(log, SOURCE_ACTOR, EVENT_DID, 1, WHO_NONE)->number = 1;
	set_text(log, "read");
	yes("job read 1");
	no("job read 0");
	no("job failed EIO");
	add_from(log, SOURCE_ACTOR, EVENT_DID, 1, WHO_NONE)->number = -EIO;
	set_text(log, "write");
	yes("job failed EIO");
	no("job failed EAGAIN");
	no("shell read 1");
}

static void test_constant_and_stuck(void **state)
{
	struct log *log = *state;
	struct condition constant = {.kind = CONDITION_CONSTANT, .text = "SIG = INT"};

	assert_int_equal(condition_holds(log, &constant, NULL), TRUTH_NO);
	constant.no = true;
	assert_int_equal(condition_holds(log, &constant, NULL), TRUTH_YES);
	no("stuck");
	yes("no stuck");
	add(log, EVENT_STUCK, WHO_NONE, WHO_NONE);
	yes("stuck");
}

/* Judging ---------------------------------------------------------------------------------- */

/* Rows are "label: condition, condition"; their lines count from 1. */
static struct scene make_scene(struct log *log, const char *const *texts)
{
	struct scene scene = {.rows = talloc_zero_array(log, struct outcome_row, 8)};

	for (; texts[scene.row_count]; scene.row_count++) {
		struct outcome_row *row = &scene.rows[scene.row_count];
		char *copy = talloc_strdup(log, texts[scene.row_count]);

		row->label = strtok(copy, ":");
		row->conditions = talloc_zero_array(log, struct condition, 4);
		row->verdict = VERDICT_PERMITTED;
		row->meaning = "it means this";
		row->line = (int)scene.row_count + 1;
		for (char *text; (text = strtok(NULL, ",")) != NULL;)
			row->conditions[row->condition_count++] = parse(log, text);
	}
	return scene;
}

static void assert_judged(
	struct log *log, const char *const *rows, const char *label, const char *reason)
{
	struct scene scene = make_scene(log, rows);
	struct judgement judgement = outcome_judge(log, &scene);

	assert_string_equal(judgement.label, label);
	assert_string_equal(judgement.reason, reason);
	assert_int_equal(judgement.verdict, judgement.line ? VERDICT_PERMITTED : VERDICT_NONE);
	assert_string_equal(judgement.meaning, judgement.line ? "it means this" : "");
}

static const char *const table[] = {"exec:job.pid = shell.pid", "passed-on:shell sent INT to job",
	"direct:job got INT from tty, no job ended at held", "held:stuck", NULL};

static void test_first_row_that_holds(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_got(log, 1, SIGINT, WHO_TTY);
	add_look(log, "held");
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	assert_judged(log, table, "direct", "job got INT from tty, no job ended at held");
	add(log, EVENT_KILL, SHELL, 1)->sig = SIGINT;
	assert_judged(log, table, "passed-on", "shell sent INT to job");
}

static void test_hidden_row_is_not_applicable(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	assert_judged(log, table, "n/a",
		"row 'passed-on' cannot be judged: only the tracer sees shell sending signals");
	assert_judged(log,
		(const char *const[]){"a:shell sent INT to job, job ended", "b:job started", NULL},
		"b", "job started");
}

static void test_unknown(void **state)
{
	struct log *log = *state;

	add_job(log);
	assert_judged(log, table, "unknown", "no row of the table holds");
	add_end(log, SOURCE_TRACE, 1, 's', SIGINT);
	add_end(log, SOURCE_TRACE, SHELL, 'e', 0);
	assert_judged(log, table, "unknown",
		"no row of the table holds; shell ended exit 0, job ended signal INT");
}

static void test_stuck_leaves_only_rows_that_say_so(void **state)
{
	struct log *log = *state;

	add_job(log);
	add(log, EVENT_STUCK, WHO_NONE, WHO_NONE);
	set_text(log, "await job ended");
	assert_judged(log, (const char *const[]){"a:job started", "b:job started, no stuck", NULL},
		"unknown", "no row of the table holds; stuck: await job ended");
	assert_judged(log, table, "held", "stuck");
}

static void test_timeout_comes_first(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_signal(log, SOURCE_ACTOR, 1, SIGINT, WHO_TTY);
	assert_judged(log, table, "disputed",
		"job says it got INT from tty, the tracer saw no such thing");
	add(log, EVENT_TIMEOUT, WHO_NONE, WHO_NONE);
	set_text(log, "settle");
	assert_judged(log, table, "timeout", "not settled at the deadline: settle");
	log->traced = false;
	log->count--;
	assert_judged(log, (const char *const[]){"a:job got INT", NULL}, "a", "job got INT");
}

static void test_dispute_about_a_sender(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_signal(log, SOURCE_TRACE, 1, SIGINT, SHELL);
	add_signal(log, SOURCE_ACTOR, 1, SIGINT, WHO_UNKNOWN);
	assert_judged(log, (const char *const[]){"a:job got INT", NULL}, "a", "job got INT");
	log->events[log->count - 1].other = WHO_TTY;
	assert_judged(log, table, "disputed",
		"job says it got INT from tty, the tracer saw no such thing");
}

static void test_dispute_about_silence(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_signal(log, SOURCE_TRACE, 1, SIGTERM, SHELL);
	add_look(log, NULL);
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	assert_judged(log, table, "unknown", "no row of the table holds; job is stopped");
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	assert_judged(log, table, "disputed",
		"the tracer saw job get TERM from shell, job says nothing of it");
}

/* What its predecessor caught says nothing of a program that has just been started. */
static void test_no_dispute_before_it_can_catch(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();
	int job = add_child(log, JOB_PID);

	status.caught = ~0ULL;
	add_seen(log, job, PROC_RUNNING, JOB_PID);
	log->events[log->count - 1].status->caught = ~0ULL;
	add_from(log, SOURCE_TRACE, EVENT_EXEC, job, WHO_NONE);
	add_signal(log, SOURCE_TRACE, job, SIGCHLD, SHELL);
	add_start(log, job, "job", status);
	add_look(log, NULL);
	add_seen(log, job, PROC_RUNNING, JOB_PID);
	assert_judged(log, table, "unknown", "no row of the table holds; job is running");
}

/* runc sends what it gets, the SIGURGs of its own run time too, to the process from which the
 * command is made: the command reports those only that come to itself, and each of these. */
static void test_what_came_before_the_actor_is_not_what_it_got(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();
	int job = add_child(log, JOB_PID);

	add_signal(log, SOURCE_TRACE, job, SIGURG, SHELL);
	add_from(log, SOURCE_TRACE, EVENT_EXEC, job, WHO_NONE);
	add_signal(log, SOURCE_TRACE, job, SIGURG, SHELL);
	status.caught = ~0ULL;
	add_start(log, job, "job", status);
	add_got(log, job, SIGURG, SHELL);
	add_look(log, NULL);
	add_seen(log, job, PROC_RUNNING, JOB_PID);
	assert_judged(log, (const char *const[]){"a:job got URG", NULL}, "a", "job got URG");
	add_signal(log, SOURCE_TRACE, job, SIGURG, SHELL);
	add_look(log, NULL);
	add_seen(log, job, PROC_RUNNING, JOB_PID);
	assert_judged(log, table, "disputed",
		"the tracer saw job get URG from shell, job says nothing of it");
}

static void test_no_dispute_about_its_own_death(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_got(log, 1, SIGTSTP, WHO_TTY);
	add_signal(log, SOURCE_TRACE, 1, SIGTSTP, 1)->code = SI_TKILL;
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	assert_judged(
		log, (const char *const[]){"a:job got TSTP once", NULL}, "a", "job got TSTP once");
}

static void test_dispute_about_ids(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, SHELL_PID);
	assert_judged(log, table, "disputed",
		"job says its process group is 3, but from outside it is 2");
	log->count -= 2;
	add(log, EVENT_SETPGID, SHELL, 1)->number = SHELL_PID;
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, SHELL_PID);
	assert_judged(log, table, "unknown", "no row of the table holds; job is running");
}

/* Its parent ends between the actor's question and its report. */
static void test_no_dispute_about_a_parent_that_ended(void **state)
{
	struct log *log = *state;
	int job = add_child(log, JOB_PID);

	for (int ended = 0; ended < 2; ended++) {
		if (ended)
			add_end(log, SOURCE_TRACE, SHELL, 'e', 0);
		add_start(log, job, "job", job_status());
		add_look(log, NULL);
		add_seen(log, job, PROC_RUNNING, JOB_PID);
		log->events[log->count - 1].status->ppid = 1;
		assert_judged(log, table, ended ? "unknown" : "disputed",
			ended ? "no row of the table holds; shell ended exit 0, job is running"
			      : "job says its parent is 2, but from outside it is 1");
		log->count -= 3;
	}
}

static void test_dispute_about_the_exit_status(void **state)
{
	struct log *log = *state;

	add_end(log, SOURCE_TRACE, SHELL, 's', SIGINT);
	add_end(log, SOURCE_INIT, SHELL, 'e', 130);
	assert_judged(log, table, "disputed",
		"shell ended exit 130 for its parent, but signal INT for the tracer");
}

/* What a second source says, and when a difference is none. */
static void test_dispute_about_masks(void **state)
{
	struct log *log = *state;
	int job = add_child(log, JOB_PID);

	add(log, EVENT_EXEC, job, WHO_NONE);
	set_status(log, (struct proc_status){.pid = JOB_PID, .ignored = 1ULL << (SIGINT - 1)});
	add_start(log, job, "job", job_status());
	assert_judged(log, table, "disputed",
		"job says INT was not ignored when it started, but from outside it was");
	log->events[log->count - 2].status->ignored = 0;
	assert_judged(log, table, "unknown", "no row of the table holds");
	log->events[log->count - 1].status->blocked = 1ULL << (SIGHUP - 1);
	assert_judged(log, table, "disputed",
		"job says HUP was blocked when it started, but from outside it was not");
}

static void test_dispute_about_who_created_it(void **state)
{
	struct log *log = *state;

	add_job(log);
	log->events[log->count - 1].status->ppid = 1;
	assert_judged(log, table, "disputed",
		"job says its parent is 1, but the tracer saw shell (2) create it");
	/* The tracer hears of the parent's end after the orphan does. */
	add_end(log, SOURCE_TRACE, SHELL, 'e', 0);
	assert_judged(log, table, "unknown", "no row of the table holds; shell ended exit 0");
}

static void test_dispute_about_the_foreground(void **state)
{
	struct log *log = *state;
	int job = add_child(log, JOB_PID);

	add(log, EVENT_EXEC, job, WHO_NONE);
	add_start(log, job, "job", job_status());
	add_look(log, NULL);
	add_tty(log, SHELL_PID);
	assert_judged(log, table, "disputed",
		"job says the foreground group is 3, but for the terminal it is 2");
	/* The shell may have taken it back between the actor's question and its report. */
	log->count -= 3;
	add(log, EVENT_TCSETPGRP, SHELL, SHELL);
	add_start(log, job, "job", job_status());
	add_look(log, NULL);
	add_tty(log, SHELL_PID);
	assert_judged(log, table, "unknown", "no row of the table holds");
}

/* A call is in the log from its start on; on a busy machine it may have its effect much later. */
static void test_dispute_about_the_foreground_and_a_call_under_way(void **state)
{
	struct log *log = *state;
	int job = add_child(log, JOB_PID);
	size_t call = log->count, exec;

	add(log, EVENT_TCSETPGRP, SHELL, SHELL);
	exec = log->count;
	add(log, EVENT_EXEC, job, WHO_NONE);
	add_start(log, job, "job", job_status());
	add_look(log, NULL);
	add_tty(log, SHELL_PID);
	log->events[call].returned = exec;
	assert_judged(log, table, "disputed",
		"job says the foreground group is 3, but for the terminal it is 2");
	log->events[call].returned = exec + 1;
	assert_judged(log, table, "unknown", "no row of the table holds");
	log->events[call].result = LOG_PENDING;
	assert_judged(log, table, "unknown", "no row of the table holds");
}

static void test_dispute_about_the_holder(void **state)
{
	struct log *log = *state;

	add_job(log);
	add(log, EVENT_TCSETPGRP, SHELL, 1);
	add(log, EVENT_TCSETPGRP, SHELL, SHELL)->result = -EPERM;
	add_look(log, NULL);
	add_tty(log, JOB_PID);
	assert_judged(log, table, "unknown", "no row of the table holds");
	add_tty(log, SHELL_PID);
	assert_judged(log, table, "disputed",
		"the tracer saw shell give the terminal to job, but shell holds it");
}

static void test_dispute_about_an_actors_end(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_end(log, SOURCE_TRACE, 1, 'e', 125); /* the harness was gone */
	assert_judged(log, table, "unknown", "no row of the table holds; job ended exit 125");
	log->events[log->count - 1].number = 3;
	assert_judged(
		log, table, "disputed", "the tracer saw job exit with 3, job says nothing of it");
	log->count--;
	add_announce(log, 1, 'e', 3);
	add_end(log, SOURCE_TRACE, 1, 's', SIGKILL); /* came in between */
	assert_judged(log, table, "unknown", "no row of the table holds; job ended signal KILL");
	log->count--;
	add_end(log, SOURCE_TRACE, 1, 'e', 4);
	assert_judged(log, table, "disputed",
		"job says it ends by exit 3, but for the tracer it exited with 4");
	log->count -= 2;
	add_announce(log, 1, 's', SIGTERM);
	add_end(log, SOURCE_TRACE, 1, 'e', 4);
	assert_judged(log, table, "disputed",
		"job says it ends by TERM, but for the tracer it exited with 4");
}

static void test_dispute_about_life(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_announce(log, 1, 'e', 3);
	add_end(log, SOURCE_TRACE, 1, 'e', 3);
	add_look(log, NULL);
	add_seen(log, 1, PROC_ZOMBIE, JOB_PID);
	assert_judged(log, table, "unknown", "no row of the table holds; job ended exit 3");
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	assert_judged(
		log, table, "disputed", "the tracer saw job end, but it is running from outside");
}

static void test_dispute_about_a_move(void **state)
{
	struct log *log = *state;
	int child = add_child(log, JOB_PID);

	add(log, EVENT_SETPGID, SHELL, child)->number = JOB_PID;
	add_look(log, NULL);
	add_seen(log, child, PROC_RUNNING, JOB_PID);
	assert_judged(log, table, "unknown", "no row of the table holds");
	log->events[log->count - 1].status->pgid = SHELL_PID;
	assert_judged(log, table, "disputed",
		"the tracer saw a child of shell move into group 3, but from outside it is in 2");
	log->events[log->count - 3].result = -EACCES;
	assert_judged(log, table, "unknown", "no row of the table holds");
}

static void test_dispute_about_the_order(void **state)
{
	struct log *log = *state;

	add_job(log);
	add_signal(log, SOURCE_TRACE, 1, SIGINT, SHELL);
	add_signal(log, SOURCE_TRACE, 1, SIGHUP, SHELL);
	add_signal(log, SOURCE_ACTOR, 1, SIGINT, SHELL);
	add_signal(log, SOURCE_ACTOR, 1, SIGHUP, SHELL);
	assert_judged(log, table, "unknown", "no row of the table holds");
	log->events[log->count - 1].sig = SIGINT;
	log->events[log->count - 2].sig = SIGHUP;
	assert_judged(log, table, "disputed",
		"job says it got INT after what the tracer delivered later");
	/* A storm's deliveries are told as sums, without their order. */
	add(log, EVENT_STORM, WHO_NONE, WHO_NONE);
	assert_judged(log, table, "unknown", "no row of the table holds");
}

/* Facts ------------------------------------------------------------------------------------ */

static void assert_facts(struct log *log, const char *expected)
{
	json_t *facts = outcome_facts(log, NULL);
	char *text = json_dumps(facts, JSON_SORT_KEYS | JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(facts);
}

/* ^C: shell and job get it at once, in either order. */
static void add_interrupt(struct log *log, bool shell_first)
{
	struct proc_status status = job_status();

	status.ignored = 1ULL << (SIGQUIT - 1);
	add_start(log, add_child(log, JOB_PID), "job", status);
	add_look(log, "held");
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	add_got(log, 1, shell_first ? SIGINT : SIGHUP, shell_first ? WHO_TTY : SHELL);
	add_got(log, 1, shell_first ? SIGHUP : SIGINT, shell_first ? SHELL : WHO_TTY);
	add_signal(log, SOURCE_TRACE, SHELL, SIGCHLD, 1);
	if (shell_first)
		add_signal(log, SOURCE_TRACE, SHELL, SIGCHLD, 1);
	add(log, EVENT_KILL, SHELL, 1)->sig = SIGHUP;
	add_announce(log, 1, 's', SIGINT);
	add_end(log, SOURCE_TRACE, 1, 's', SIGINT);
	add(log, EVENT_TCSETPGRP, SHELL, 1);
	add(log, EVENT_TCSETPGRP, SHELL, SHELL);
	add_mark(log, "trapped", NULL);
	add_mark(log, "status", "143");
	add_look(log, NULL);
	add_seen(log, SHELL, PROC_RUNNING, SHELL_PID);
	add_tty(log, SHELL_PID);
}

#define FACTS                                                                                      \
	"{\"handovers\":[\"job\",\"shell\"],\"job.blocked\":[],\"job.ended\":\"signal INT\","      \
	"\"job.foreground\":true,\"job.got\":[\"HUP from shell\",\"INT from tty\"],"               \
	"\"job.group\":\"job\",\"job.ignored\":[\"QUIT\"],\"job.parent\":\"shell\","               \
	"\"job.session\":\"shell\",\"job.state\":\"ended\",\"marks\":[\"trapped\",\"status=143\"]" \
	",\"shell.forks\":1,\"shell.got\":[\"CHLD\"],\"shell.group\":\"shell\","                   \
	"\"shell.parent\":\"init\",\"shell.sent\":[\"HUP to job\"],\"shell.session\":\"shell\","   \
	"\"shell.state\":\"running\",\"tty.foreground\":\"shell\",\"tty.modes\":[]}"

static void test_facts(void **state)
{
	struct log *log = *state;

	add_interrupt(log, true);
	assert_facts(log, FACTS);
}

static void test_facts_do_not_depend_on_races(void **state)
{
	struct log *log = *state;

	add_interrupt(log, false);
	assert_facts(log, FACTS);
}

static void test_facts_untraced(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	add_signal(log, SOURCE_ACTOR, 1, SIGINT, WHO_TTY);
	add_end(log, SOURCE_ACTOR, 1, '?', 0);
	assert_facts(log, "{\"job.blocked\":[],\"job.foreground\":true,\"job.got\":[\"INT from "
			  "tty\"],\"job.group\":\"job\",\"job.ignored\":[],\"job.parent\":"
			  "\"shell\",\"job.session\":\"shell\",\"job.state\":\"ended\","
			  "\"marks\":[],\"tty.foreground\":\"shell\",\"tty.modes\":[\"echo\","
			  "\"isig\"]}");
}

static void test_facts_of_an_exec(void **state)
{
	struct log *log = *state;
	struct proc_status status = job_status();

	status.pid = status.pgid = SHELL_PID;
	status.ppid = 1;
	add(log, EVENT_EXEC, SHELL, WHO_NONE);
	add_start(log, SHELL, "job", status);

	json_t *facts = outcome_facts(log, NULL);

	assert_string_equal(json_string_value(json_object_get(facts, "job.process")), "shell");
	assert_string_equal(json_string_value(json_object_get(facts, "job.group")), "job");
	assert_string_equal(json_string_value(json_object_get(facts, "shell.group")), "shell");
	assert_string_equal(json_string_value(json_object_get(facts, "job.parent")), "init");
	json_decref(facts);
}

static void test_facts_of_stops_and_reads(void **state)
{
	struct log *log = *state;

	log->traced = false;
	add_job(log);
	add_signal(log, SOURCE_ACTOR, 1, SIGUSR1, 1);
	add_from(log, SOURCE_ACTOR, EVENT_DID, 1, WHO_NONE)->number = -EIO;
	set_text(log, "read");
	add_look(log, NULL);
	add_seen(log, 1, PROC_STOPPED, JOB_PID);
	add_look(log, NULL);
	add_seen(log, 1, PROC_RUNNING, JOB_PID);
	add_from(log, SOURCE_ACTOR, EVENT_DID, 1, WHO_NONE)->number = 1;
	set_text(log, "read");
	add(log, EVENT_STUCK, WHO_NONE, WHO_NONE);
	set_text(log, "await job ended");

	json_t *facts = outcome_facts(log, NULL);
	json_t *expected = json_pack("{s[s]s[ss]s[s]sisss[]s[]sbsssssssss[ss]ss}", "job.got",
		"USR1 from itself", "job.did", "read fails EIO", "read 1", "job.stopped", "unknown",
		"job.continued", 1, "job.state", "running", "job.ignored", "job.blocked",
		"job.foreground", 1, "job.parent", "shell", "job.group", "job", "job.session",
		"shell", "tty.foreground", "shell", "tty.modes", "echo", "isig", "stuck",
		"await job ended");

	assert_non_null(expected);
	json_object_set_new(expected, "marks", json_array());
	assert_true(json_equal(facts, expected));
	json_decref(expected);
	json_decref(facts);
}

/* A shell that runs wild until the deadline: judging it must not take longer than playing it. */
static void test_very_long_log(void **state)
{
	struct log *log = *state;

	for (int i = 0; i < 20000; i++) {
		int child = add_child(log, 10 + i);

		add_end(log, SOURCE_TRACE, child, 'e', 0);
		add_signal(log, SOURCE_TRACE, SHELL, SIGCHLD, child);
		add(log, EVENT_TCSETPGRP, SHELL, i % 2 ? SHELL : child);
	}
	add_job(log);
	add_end(log, SOURCE_TRACE, 1 + 20000, 's', SIGINT);
	yes("shell.forks = 20001");
	yes("job ended signal INT");
	no("shell got CHLD twice");
	assert_judged(log, (const char *const[]){"a:handovers = job", "b:job ended", NULL}, "b",
		"job ended");

	json_t *facts = outcome_facts(log, NULL);

	assert_int_equal(json_array_size(json_object_get(facts, "handovers")), 65);
	json_decref(facts);
	json_decref(log_json(log));
	for (size_t i = 0; i < log->count; i++)
		talloc_free(log_line(log, log, i));
}

static void test_empty_log(void **state)
{
	struct log *log = log_new(NULL);

	(void)state;
	no("shell ended");
	no("shell.state = ended");
	yes("no shell got INT");
	no("tty.echo");
	assert_judged(log, table, "unknown", "no row of the table holds");
	assert_facts(log, "{\"marks\":[]}");
	talloc_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_relations),
		TEST(test_exec_makes_one_process_of_two_names),
		TEST(test_foreground_and_masks),
		TEST(test_states),
		TEST(test_terminal),
		TEST(test_forks),
		TEST(test_zombies),
		TEST(test_handovers),
		TEST(test_handover_to_an_unnamed_leader),
		TEST(test_grouped),
		TEST(test_got),
		TEST(test_got_what_an_actor_cannot_report),
		TEST(test_got_ignored_later),
		TEST(test_got_untraced),
		TEST(test_sent),
		TEST(test_ended_traced),
		TEST(test_ended_untraced),
		TEST(test_ended_by_absence),
		TEST(test_stops_traced),
		TEST(test_stops_untraced),
		TEST(test_marks),
		TEST(test_started_counts_every_actor_of_the_name),
		TEST(test_reads),
		TEST(test_constant_and_stuck),
		TEST(test_first_row_that_holds),
		TEST(test_hidden_row_is_not_applicable),
		TEST(test_unknown),
		TEST(test_stuck_leaves_only_rows_that_say_so),
		TEST(test_timeout_comes_first),
		TEST(test_dispute_about_a_sender),
		TEST(test_dispute_about_silence),
		TEST(test_no_dispute_before_it_can_catch),
		TEST(test_what_came_before_the_actor_is_not_what_it_got),
		TEST(test_no_dispute_about_its_own_death),
		TEST(test_dispute_about_ids),
		TEST(test_no_dispute_about_a_parent_that_ended),
		TEST(test_dispute_about_the_exit_status),
		TEST(test_dispute_about_masks),
		TEST(test_dispute_about_who_created_it),
		TEST(test_dispute_about_the_foreground),
		TEST(test_dispute_about_the_foreground_and_a_call_under_way),
		TEST(test_dispute_about_the_holder),
		TEST(test_dispute_about_an_actors_end),
		TEST(test_dispute_about_life),
		TEST(test_dispute_about_a_move),
		TEST(test_dispute_about_the_order),
		TEST(test_facts),
		TEST(test_facts_do_not_depend_on_races),
		TEST(test_facts_untraced),
		TEST(test_facts_of_an_exec),
		TEST(test_facts_of_stops_and_reads),
		TEST(test_very_long_log),
		cmocka_unit_test(test_empty_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
