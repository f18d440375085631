/* The judgement of a chain: a pure function of what was seen, here made by hand. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "chain/chain.h"

#define BIT(sig) (1ULL << ((sig)-1))

static struct chain *new_chain(int sig)
{
	struct chain *chain = talloc_zero(NULL, struct chain);

	chain->log = log_new(chain);
	chain->sig = sig;
	return chain;
}

/* A process that lives when the signal is sent, in group and session 10; its index. */
static int add(struct chain *chain, int parent, const char *program)
{
	int who = log_proc(chain->log, 10 + (pid_t)chain->log->proc_count,
		1010 + (pid_t)chain->log->proc_count, parent);

	chain->procs = talloc_realloc(chain, chain->procs, struct chain_proc, (size_t)who + 1);
	chain->procs[who] = (struct chain_proc){
		.program = talloc_strdup(chain, program), .command = talloc_strdup(chain, program)};
	chain->procs[who].before =
		(struct hop_state){.there = true, .pgid = 10, .sid = 10, .threads = 1};
	chain->procs[who].after = chain->procs[who].before;
	return who;
}

static void got(struct chain *chain, int who, int from, int sig)
{
	struct event *event = log_add(chain->log, EVENT_SIGNAL, SOURCE_TRACE, who);

	event->sig = sig;
	event->other = from;
}

static void ended(struct chain *chain, int who, char how, int number)
{
	struct event *event = log_add(chain->log, EVENT_ENDED, SOURCE_TRACE, who);

	event->how = how;
	event->number = number;
	chain->procs[who].after = (struct hop_state){0};
}

/* kill(2) by a process; target > 0: a process, < 0: a group. */
static void killed(struct chain *chain, int who, int target, int group, int sig, long result)
{
	struct event *event = log_add(chain->log, EVENT_KILL, SOURCE_TRACE, who);

	event->sig = sig;
	event->other = target;
	event->group = group != 0;
	event->number = group;
	event->result = result;
}

static void expect(struct chain *chain, enum chain_verdict verdict, int at, enum chain_cause cause)
{
	struct judgement *j = chain_judge(chain, chain, 0);

	assert_int_equal(j->verdict, verdict);
	assert_int_equal(j->at, at);
	assert_string_equal(cause_word(j->cause), cause_word(cause));
	if (verdict == CHAIN_BROKEN) {
		assert_non_null(cause_advice(cause));
		char *text = chain_explain(chain, chain, j);
		assert_memory_equal(text, "breaks at hop ", 14);
	}
	talloc_free(chain);
}

static void expect_whole(struct chain *chain)
{
	expect(chain, CHAIN_WHOLE, -1, CAUSE_NONE);
}

static void expect_broken(struct chain *chain, int at, enum chain_cause cause)
{
	expect(chain, CHAIN_BROKEN, at, cause);
}

static void test_one_process_dies(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "srv");
	got(chain, 0, WHO_HARNESS, SIGTERM);
	ended(chain, 0, 's', SIGTERM);
	expect_whole(chain);
}

/* What happened before the signal went out is no part of it. */
static void test_only_what_came_after(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "srv");
	got(chain, 0, WHO_UNKNOWN, SIGTERM);
	chain->sent_at = chain->log->count;
	chain->procs[0].before.blocked = chain->procs[0].after.blocked = BIT(SIGTERM);
	chain->procs[0].after.pending = BIT(SIGTERM);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->hops[0].times, 0);
	assert_int_equal(j->hops[0].way, WAY_HELD);
	expect_broken(chain, 0, CAUSE_BLOCKED);
}

static void test_orphan(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "bash");
	add(chain, 0, "srv");
	got(chain, 0, WHO_HARNESS, SIGTERM);
	ended(chain, 0, 's', SIGTERM);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->victim, 1);
	assert_string_equal(chain_explain(chain, chain, j),
		"breaks at hop 1: bash (pid 10) died of TERM and left srv (pid 11) behind");
	expect_broken(chain, 0, CAUSE_LEFT_ORPHAN);
}

static struct chain *waiting_shell(void)
{
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "bash");
	add(chain, 0, "srv");
	chain->procs[0].before.caught = BIT(SIGTERM);
	chain->procs[0].after.waits_for_child = true;
	got(chain, 0, WHO_HARNESS, SIGTERM);
	return chain;
}

static void test_shell_waits(void **state)
{
	(void)state;
	struct chain *chain = waiting_shell();

	assert_string_equal(chain_explain(chain, chain, chain_judge(chain, chain, 0)),
		"breaks at hop 1: bash (pid 10) runs a foreground child and waits for it, so it "
		"does "
		"not act on TERM");
	expect_broken(chain, 0, CAUSE_WAITS_FOR_CHILD);
}

/* It waits for a child that got the signal too: the child is to blame. */
static void test_shell_waits_for_deaf_child(void **state)
{
	(void)state;
	struct chain *chain = waiting_shell();

	chain->procs[1].before.ignored = BIT(SIGTERM);
	got(chain, 1, WHO_HARNESS, SIGTERM);
	expect_broken(chain, 1, CAUSE_IGNORED);
}

static void test_pid1(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "sh");
	chain->log->procs[0].pid = 1;
	chain->pid1 = true;
	got(chain, 0, WHO_HARNESS, SIGTERM); /* a tracer is shown it; the kernel drops it then */
	expect_broken(chain, 0, CAUSE_PID1_DEFAULT);
}

/* The same, but it was killed along with PID 1 and never told. */
static void test_killed_with_pid1(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "sh");
	add(chain, 0, "srv");
	chain->log->procs[0].pid = 1;
	chain->pid1 = true;
	chain->procs[0].before.caught = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	ended(chain, 0, 'e', 0);
	ended(chain, 1, 's', SIGKILL);
	expect_broken(chain, 0, CAUSE_KILLED_WITH_PID1);
}

/* An init that tells its child only, and ends when that has ended. */
static void test_init_tells_its_child_only(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "tini");
	add(chain, 0, "bash");
	add(chain, 1, "srv");
	chain->log->procs[0].pid = 1;
	chain->pid1 = true;
	chain->procs[0].before.waited = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	killed(chain, 0, 1, 0, SIGTERM, 0);
	got(chain, 1, 0, SIGTERM);
	ended(chain, 1, 's', SIGTERM);
	ended(chain, 0, 'e', 143);
	ended(chain, 2, 's', SIGKILL);
	expect_broken(chain, 0, CAUSE_FORWARDS_PART);
}

static void test_ignored(void **state)
{
	(void)state;
	static const struct {
		int sig;
		uint64_t ignored;
		enum chain_cause cause;
	} rows[] = {
		{SIGINT, BIT(SIGINT) | BIT(SIGQUIT), CAUSE_IGNORED_ASYNC},
		{SIGINT, BIT(SIGINT), CAUSE_IGNORED},
		{SIGHUP, BIT(SIGHUP), CAUSE_IGNORED_NOHUP},
		{SIGTERM, BIT(SIGTERM), CAUSE_IGNORED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct chain *chain = new_chain(rows[i].sig);

		add(chain, WHO_INIT, "srv");
		chain->procs[0].before.ignored = rows[i].ignored;
		got(chain, 0, WHO_HARNESS, rows[i].sig);
		expect_broken(chain, 0, rows[i].cause);
	}
}

/* No delivery is seen of what sigtimedwait and signalfd take. While a thread sleeps there the mask
 * does not show the set. */
static void test_taken_without_delivery(void **state)
{
	(void)state;
	for (int fd = 0; fd < 2; fd++) {
		struct chain *chain = new_chain(SIGTERM);

		add(chain, WHO_INIT, "srv");
		if (fd)
			chain->procs[0].before.blocked = chain->procs[0].before.by_fd =
				BIT(SIGTERM);
		else
			chain->procs[0].before.waited = BIT(SIGTERM);
		ended(chain, 0, 'e', 7);
		struct judgement *j = chain_judge(chain, chain, 0);
		assert_int_equal(j->hops[0].way, fd ? WAY_FD : WAY_WAITED);
		assert_int_equal(j->hops[0].from, WHO_HARNESS);
		expect_whole(chain);
	}
}

static void test_other_group(void **state)
{
	(void)state;
	for (int session = 0; session < 2; session++) {
		struct chain *chain = new_chain(SIGTERM);

		add(chain, WHO_INIT, "bash");
		add(chain, 0, "srv");
		chain->to = TARGET_GROUP;
		chain->target_group = 10;
		chain->procs[1].before.pgid = 11;
		if (session)
			chain->procs[1].before.sid = 11;
		got(chain, 0, WHO_HARNESS, SIGTERM);
		ended(chain, 0, 's', SIGTERM);
		expect_broken(chain, 1, session ? CAUSE_OTHER_SESSION : CAUSE_OTHER_GROUP);
	}
}

static struct chain *forwarder(void)
{
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "tini");
	add(chain, 0, "bash");
	add(chain, 1, "srv");
	chain->procs[0].before.caught = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	return chain;
}

static void test_forwards_to_its_child_only(void **state)
{
	(void)state;
	struct chain *chain = forwarder();

	killed(chain, 0, 1, 0, SIGTERM, 0);
	got(chain, 1, 0, SIGTERM);
	ended(chain, 1, 's', SIGTERM);
	ended(chain, 0, 'e', 143);
	expect_broken(chain, 1, CAUSE_LEFT_ORPHAN);
}

static void test_forwards_to_the_group(void **state)
{
	(void)state;
	struct chain *chain = forwarder();

	killed(chain, 0, WHO_NONE, -10, SIGTERM, 0);
	got(chain, 1, 0, SIGTERM);
	ended(chain, 1, 's', SIGTERM);
	got(chain, 2, 0, SIGTERM);
	ended(chain, 2, 's', SIGTERM);
	ended(chain, 0, 'e', 143);
	expect_whole(chain);
}

/* A kill that failed hands nothing on, whatever it claims. */
static void test_failed_forward(void **state)
{
	(void)state;
	struct chain *chain = forwarder();

	killed(chain, 0, 1, 0, SIGTERM, -1);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->hops[0].handed_count, 0);
	expect_broken(chain, 0, CAUSE_CAUGHT_NOTHING);
}

/* kill(pid, 0) asks only whether it is there; SIGCHLD and SIGCONT are no messages. */
static void test_no_message(void **state)
{
	(void)state;
	static const int sigs[] = {0, SIGCHLD, SIGCONT};

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++) {
		struct chain *chain = forwarder();

		killed(chain, 0, 1, 0, sigs[i], 0);
		struct judgement *j = chain_judge(chain, chain, 0);
		assert_int_equal(j->hops[0].handed_count, 0);
		talloc_free(chain);
	}
}

static void test_rewritten(void **state)
{
	(void)state;
	struct chain *chain = forwarder();

	got(chain, 1, 0, SIGQUIT);
	ended(chain, 1, 's', SIGQUIT);
	got(chain, 2, 0, SIGQUIT);
	ended(chain, 2, 's', SIGQUIT);
	ended(chain, 0, 'e', 0);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->hops[2].instead, SIGQUIT);
	assert_int_equal(j->hops[2].way, WAY_NONE);
	expect_whole(chain);
}

static void test_went_on(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGINT);

	add(chain, WHO_INIT, "bash");
	add(chain, 0, "srv");
	chain->to = TARGET_TTY;
	chain->target_group = 10;
	chain->procs[0].before.caught = BIT(SIGINT);
	got(chain, 0, WHO_TTY, SIGINT);
	got(chain, 1, WHO_TTY, SIGINT);
	ended(chain, 1, 'e', 0);
	expect_broken(chain, 0, CAUSE_WENT_ON);
}

static void test_zombie(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "init");
	add(chain, 0, "srv");
	chain->procs[0].before.caught = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	got(chain, 1, 0, SIGTERM);
	ended(chain, 1, 's', SIGTERM);
	chain->procs[1].after = (struct hop_state){.there = true, .state = PROC_ZOMBIE};
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_true(j->hops[1].zombie);
	assert_int_equal(j->victim, 1);
	expect_broken(chain, 0, CAUSE_ZOMBIE);
}

static void test_stopped(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "srv");
	chain->procs[0].after.state = PROC_STOPPED;
	chain->procs[0].after.pending = BIT(SIGTERM);
	expect_broken(chain, 0, CAUSE_STOPPED);
}

static void test_born_late(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "srv");
	add(chain, 0, "late");
	chain->procs[1].before = (struct hop_state){0};
	got(chain, 0, WHO_HARNESS, SIGTERM);
	ended(chain, 0, 'e', 0);
	expect_broken(chain, 1, CAUSE_FORKED_AFTER);
}

static void test_raw_terminal(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGINT);

	add(chain, WHO_INIT, "editor");
	chain->to = TARGET_TTY;
	chain->target_group = 10;
	chain->raw_tty = true;
	expect_broken(chain, 0, CAUSE_RAW_TTY);
}

static void test_reach(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGUSR1);

	chain->goal = GOAL_REACH;
	add(chain, WHO_INIT, "init");
	add(chain, 0, "srv");
	chain->procs[0].before.caught = chain->procs[1].before.caught = BIT(SIGUSR1);
	got(chain, 0, WHO_HARNESS, SIGUSR1);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->verdict, CHAIN_BROKEN);
	assert_string_equal(cause_word(j->cause), "kept");
	got(chain, 1, 0, SIGUSR1);
	j = chain_judge(chain, chain, 0);
	assert_int_equal(j->verdict, CHAIN_WHOLE);
	ended(chain, 1, 's', SIGUSR1);
	expect_broken(chain, 1, CAUSE_DIED_OF_IT);
}

/* Threads are no hops; children of those that had ended before belong to the nearest ancestor. */
static void test_tree(void **state)
{
	(void)state;
	struct chain *chain = new_chain(0);

	add(chain, WHO_INIT, "a");
	add(chain, 0, "thread");
	add(chain, 0, "gone");
	add(chain, 2, "b");
	chain->procs[1].thread = true;
	chain->procs[2].before = (struct hop_state){0};
	chain->procs[3].before.ignored = BIT(SIGTERM);
	struct judgement *j = chain_judge(chain, chain, SIGTERM);
	assert_int_equal(j->verdict, CHAIN_LOOKED);
	assert_int_equal(j->count, 2);
	assert_int_equal(j->hops[1].who, 3);
	assert_int_equal(j->hops[1].parent, 0);
	assert_int_equal(j->hops[1].disposition, DISPOSITION_IGNORED);
	assert_int_equal(j->hops[1].cause, CAUSE_IGNORED);
	talloc_free(chain);
}

static void test_names_are_escaped(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "\033[2Jx\n");
	chain->procs[0].before.ignored = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	char *text = chain_explain(chain, chain, chain_judge(chain, chain, 0));
	assert_null(strpbrk(text, "\033\n"));
	talloc_free(chain);
}

/* A row for every cause: a word of its own, and advice. */
static void test_table(void **state)
{
	(void)state;
	for (int i = 0; i < CAUSE_COUNT; i++) {
		assert_non_null(cause_word((enum chain_cause)i));
		assert_true(i == CAUSE_NONE || cause_advice((enum chain_cause)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
				cause_word((enum chain_cause)i), cause_word((enum chain_cause)k));
	}
}

/* The whole group was sent it, one has it blocked, and its parent sends it again: ours was first.
 */
static void test_pending_is_from_the_first_sender(void **state)
{
	(void)state;
	struct chain *chain = new_chain(SIGTERM);

	add(chain, WHO_INIT, "sh");
	int blocks = add(chain, 0, "unshare");
	chain->to = TARGET_GROUP;
	chain->target_group = 10;
	chain->procs[blocks].before.blocked = BIT(SIGTERM);
	chain->procs[blocks].after.blocked = BIT(SIGTERM);
	chain->procs[blocks].after.pending = BIT(SIGTERM);
	got(chain, 0, WHO_HARNESS, SIGTERM);
	killed(chain, 0, blocks, 0, SIGTERM, 0);
	struct judgement *j = chain_judge(chain, chain, 0);
	assert_int_equal(j->hops[1].way, WAY_HELD);
	assert_int_equal(j->hops[1].from, WHO_HARNESS);
	talloc_free(chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_process_dies),
		cmocka_unit_test(test_pending_is_from_the_first_sender),
		cmocka_unit_test(test_only_what_came_after),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_shell_waits),
		cmocka_unit_test(test_shell_waits_for_deaf_child),
		cmocka_unit_test(test_pid1),
		cmocka_unit_test(test_killed_with_pid1),
		cmocka_unit_test(test_init_tells_its_child_only),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_taken_without_delivery),
		cmocka_unit_test(test_other_group),
		cmocka_unit_test(test_forwards_to_its_child_only),
		cmocka_unit_test(test_forwards_to_the_group),
		cmocka_unit_test(test_failed_forward),
		cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_rewritten),
		cmocka_unit_test(test_went_on),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_born_late),
		cmocka_unit_test(test_raw_terminal),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
