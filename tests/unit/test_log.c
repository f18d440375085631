/* Naming of processes, and the lines a reader sees. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "model/log.h"

static int new_log(void **state)
{
	struct log *log = log_new(NULL);

	*state = log;
	log_proc(log, 2, 102, WHO_INIT);
	return 0;
}

static int free_log(void **state)
{
	return talloc_free(*state);
}

static struct event *add(struct log *log, enum event_kind kind, int who, int other)
{
	struct event *event = log_add(log, kind, SOURCE_TRACE, who);

	event->other = other;
	return event;
}

static void add_text(struct log *log, enum event_kind kind, int who, const char *text)
{
	add(log, kind, who, WHO_NONE)->text = text ? talloc_strdup(log, text) : NULL;
}

static int add_child(struct log *log, pid_t pid, int parent)
{
	int child = log_proc(log, pid, pid + 100, parent);

	add(log, EVENT_FORK, parent, child);
	return child;
}

static void assert_line(struct log *log, const char *expected)
{
	char *line = log_line(log, log, log->count - 1);

	if (!expected) {
		assert_null(line);
		return;
	}
	assert_non_null(line);
	assert_string_equal(line, expected);
}

static void assert_name(struct log *log, int who, size_t seq, const char *expected)
{
	assert_string_equal(log_name(log, log, who, seq), expected);
}

static void test_grows(void **state)
{
	struct log *log = *state;

	for (int i = 0; i < 1000; i++) {
		struct event *event = log_add(log, EVENT_STEP, SOURCE_HARNESS, WHO_HARNESS);

		assert_int_equal(event->other, WHO_NONE);
		assert_null(event->text);
		event->number = i;
		assert_int_equal(log_proc(log, i + 3, 0, 0), i + 1);
	}
	assert_int_equal(log->count, 1000);
	assert_int_equal(log->events[999].number, 999);
	assert_true(log->events[999].ns >= log->events[0].ns);
	assert_int_equal(log->procs[1000].pid, 1002);
}

static void test_name_is_retroactive_for_children(void **state)
{
	struct log *log = *state;
	int job = add_child(log, 3, 0);
	int other = add_child(log, 4, job);

	assert_name(log, job, 0, "a child of shell");
	assert_int_equal(log_participant(log, "job", log->count), WHO_NONE);
	add_text(log, EVENT_EXEC, job, "/bin/actor");
	add_text(log, EVENT_START, job, "job");
	assert_name(log, job, 0, "job");
	assert_name(log, 0, log->count, "shell");
	assert_name(log, other, 0, "a child of job");
	assert_name(log, add_child(log, 5, other), 0, "a descendant of job");
	assert_int_equal(log_participant(log, "job", log->count), job);
	assert_int_equal(log_participant(log, "job", log->count - 2), WHO_NONE);
	assert_int_equal(log_participant(log, "tty", 0), WHO_TTY);
	assert_int_equal(log_participant(log, "harness", 0), WHO_HARNESS);
	assert_int_equal(log_participant(log, "shell", 0), 0);
}

static void test_shell_that_became_an_actor_has_both_names(void **state)
{
	struct log *log = *state;

	add_text(log, EVENT_STEP, WHO_HARNESS, "settle");
	add_text(log, EVENT_EXEC, 0, "/bin/actor");
	add_text(log, EVENT_START, 0, "job");
	assert_name(log, 0, 0, "shell");
	assert_name(log, 0, 1, "job");
	assert_int_equal(log_participant(log, "shell", log->count), 0);
	assert_int_equal(log_participant(log, "job", log->count), 0);
	assert_true(log_denotes(log, 0, "shell", 2, log->count));
	assert_true(log_denotes(log, 0, "job", 1, log->count));
	assert_false(log_denotes(log, 0, "job", 0, log->count));
	assert_false(log_denotes(log, 0, "job", 1, 2));
	assert_int_equal(log_actor_since(log, 0, log->count), 1);
}

static void test_declared_name_then_actor(void **state)
{
	struct log *log = *state;
	int inner = add_child(log, 3, 0);

	add_text(log, EVENT_NAMED, inner, "inner");
	add_text(log, EVENT_EXEC, inner, "/bin/actor");
	add_text(log, EVENT_START, inner, "job");
	assert_name(log, inner, 0, "inner");
	assert_name(log, inner, 2, "job");
	assert_true(log_denotes(log, inner, "inner", 3, log->count));
	assert_false(log_denotes(log, inner, "job", 1, log->count));
}

static void test_label_is_after_the_whole_look(void **state)
{
	struct log *log = *state;

	add_text(log, EVENT_LOOK, WHO_NONE, NULL);
	add_text(log, EVENT_LOOK, WHO_NONE, "held");
	add(log, EVENT_SEEN, 0, WHO_NONE);
	add(log, EVENT_TTY, WHO_NONE, 0);
	add_text(log, EVENT_STEP, WHO_HARNESS, "settle");
	assert_int_equal(log_label(log, "held"), 4);
	assert_int_equal(log_label(log, "free"), 0);
}

static void test_signal_lines(void **state)
{
	struct log *log = *state;
	int job = add_child(log, 3, 0);

	assert_line(log, "shell forks a child");
	add_text(log, EVENT_EXEC, job, "/usr/bin/actor");
	add_text(log, EVENT_START, job, "job");
	assert_string_equal(log_line(log, log, 0), "shell forks job");
	assert_string_equal(log_line(log, log, 1), "job execs /usr/bin/actor");
	add(log, EVENT_SIGNAL, job, WHO_TTY)->sig = SIGINT;
	assert_line(log, "tty → job INT");
	add(log, EVENT_SIGNAL, 0, WHO_HARNESS)->sig = SIGINT;
	assert_line(log, "harness → shell INT");
	add(log, EVENT_KILL, 0, job)->sig = SIGTERM;
	assert_line(log, "shell → job TERM (kill)");
	log->events[log->count - 1].group = true;
	log->events[log->count - 1].result = -EPERM;
	assert_line(log, "shell → job.group TERM (kill) fails: EPERM");
	log->traced = true;
	add(log, EVENT_SIGNAL, job, WHO_TTY)->sig = SIGINT;
	log->events[log->count - 1].source = SOURCE_ACTOR;
	assert_line(log, "job caught INT from tty");
}

static void test_shell_execs_line(void **state)
{
	struct log *log = *state;

	add_text(log, EVENT_STEP, WHO_HARNESS, "press ^C");
	log->events[0].number = 2;
	assert_line(log, "step 3: press ^C");
	add_text(log, EVENT_EXEC, 0, "/bin/actor");
	add_text(log, EVENT_START, 0, "job");
	assert_string_equal(log_line(log, log, 1), "shell execs /bin/actor");
}

static void test_group_lines(void **state)
{
	struct log *log = *state;
	int job = add_child(log, 3, 0);

	add_text(log, EVENT_START, job, "job");
	add(log, EVENT_SETPGID, 0, job)->number = 3;
	assert_line(log, "shell moves job to its own group");
	add(log, EVENT_SETPGID, job, job);
	assert_line(log, "job starts its own group");
	add(log, EVENT_SETPGID, job, job)->number = 2;
	assert_line(log, "job joins the group of shell");
	add(log, EVENT_SETPGID, 0, job)->number = 2;
	log->events[log->count - 1].result = -EACCES;
	assert_line(log, "shell moves job to the group of shell fails: EACCES");
	add(log, EVENT_TCSETPGRP, 0, job);
	assert_line(log, "shell gives the terminal to job");
	add(log, EVENT_TCSETPGRP, job, job);
	assert_line(log, "job takes the terminal");
	add(log, EVENT_SETSID, job, WHO_NONE);
	assert_line(log, "job starts its own session");
}

static void add_end(struct log *log, enum source source, char how, long number)
{
	struct event *event = log_add(log, EVENT_ENDED, source, 0);

	event->how = how;
	event->number = number;
}

static void test_end_lines(void **state)
{
	struct log *log = *state;

	add_end(log, SOURCE_TRACE, 'e', 0);
	assert_line(log, "shell ends: exit 0");
	add_end(log, SOURCE_INIT, 'e', 0);
	assert_line(log, NULL);
	add_end(log, SOURCE_ACTOR, '?', 0);
	assert_line(log, NULL);
	add_end(log, SOURCE_INIT, 's', SIGINT);
	assert_line(log, "shell ends: killed by INT");
	add(log, EVENT_STOPPED, 0, WHO_NONE)->sig = SIGTSTP;
	assert_line(log, "shell stops (TSTP)");
	log_add(log, EVENT_STOPPED, SOURCE_INIT, 0)->sig = SIGTSTP;
	assert_line(log, NULL);
	add(log, EVENT_CONTINUED, 0, WHO_NONE);
	assert_line(log, "shell continues");
}

static void test_other_lines(void **state)
{
	struct log *log = *state;

	add_text(log, EVENT_MARK, WHO_NONE, "status");
	assert_line(log, "mark status");
	log->events[0].value = talloc_strdup(log, "143");
	assert_line(log, "mark status=143");
	add_text(log, EVENT_LOOK, WHO_NONE, "held");
	assert_line(log, "--- settled (held) ---");
	add_text(log, EVENT_LOOK, WHO_NONE, NULL);
	assert_line(log, "--- settled ---");
	add(log, EVENT_SEEN, 0, WHO_NONE);
	assert_line(log, NULL);
	add(log, EVENT_TTY, WHO_NONE, 0);
	assert_line(log, NULL);
	add_text(log, EVENT_DID, 0, "read");
	log->events[log->count - 1].number = -EIO;
	assert_line(log, "shell: read fails: EIO");
}

static void test_actor_lines(void **state)
{
	struct log *log = *state;
	int job = add_child(log, 3, 0);

	add_text(log, EVENT_NAMED, job, "inner");
	assert_line(log, "a child of shell is now called inner");
	add_text(log, EVENT_START, job, "job");
	assert_line(log, "job starts");
	log->events[2].status = talloc_zero(log, struct proc_status);
	*log->events[2].status =
		(struct proc_status){.pid = 3, .ppid = 2, .pgid = 2, .foreground = 3};
	assert_line(log, "job starts (parent shell, group of shell, background)");
	log->events[2].status->descriptors = 2;
	assert_line(
		log, "job starts (parent shell, group of shell, background, 2 more descriptors)");
	add(log, EVENT_ANNOUNCE, job, WHO_NONE)->how = 'e';
	log->events[log->count - 1].number = 3;
	assert_line(log, "job is about to exit 3");
	log->events[log->count - 1].how = 't';
	log->events[log->count - 1].number = SIGTSTP;
	assert_line(log, "job is about to stop by TSTP");
	log->events[log->count - 1].how = 's';
	assert_line(log, "job is about to die of TSTP");
	add_text(log, EVENT_DID, job, "read");
	assert_line(log, "job: read gives 0");
	add_text(log, EVENT_STUCK, WHO_NONE, "await job ended");
	assert_line(log, "stuck: await job ended");
	add_text(log, EVENT_TIMEOUT, WHO_NONE, "settle");
	assert_line(log, "timeout: settle");
	add_text(log, EVENT_MISSED, WHO_NONE, "signal INT job");
	assert_line(log, "missed: signal INT job");
}

static void test_text_is_escaped(void **state)
{
	struct log *log = *state;

	add_text(log, EVENT_MARK, WHO_NONE, "a\033[2J\xff\xc2\x9b");
	log->events[0].value = talloc_strdup(log, "é\n");
	assert_line(log, "mark a\\x1b[2J\\xff\\xc2\\x9b=é\\x0a");
}

static void test_json_has_names_and_no_pids(void **state)
{
	struct log *log = *state;
	int job = add_child(log, 4711, 0);

	add_text(log, EVENT_MARK, WHO_NONE, "bad\xff");
	add_text(log, EVENT_START, job, "job");
	log->events[2].status = talloc_zero(log, struct proc_status);
	*log->events[2].status = (struct proc_status){
		.pid = 4711, .ppid = 2, .pgid = 4711, .sid = 99, .ignored = 1 << (SIGINT - 1)};
	add(log, EVENT_SETPGID, 0, job)->number = 4711;
	add(log, EVENT_KILL, 0, job)->result = -EPERM;

	json_t *json = log_json(log);
	char *text = json_dumps(json, JSON_SORT_KEYS);
	json_t *status = json_object_get(json_array_get(json, 2), "status");

	assert_int_equal(json_array_size(json), log->count);
	assert_null(strstr(text, "4711"));
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json, 0), "other")), "job");
	assert_string_equal(json_string_value(json_object_get(status, "parent")), "shell");
	assert_string_equal(json_string_value(json_object_get(status, "group")), "job");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json, 3), "leader")), "job");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json, 4), "result")), "EPERM");
	free(text);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grows, new_log, free_log),
		cmocka_unit_test_setup_teardown(
			test_name_is_retroactive_for_children, new_log, free_log),
		cmocka_unit_test_setup_teardown(
			test_shell_that_became_an_actor_has_both_names, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_declared_name_then_actor, new_log, free_log),
		cmocka_unit_test_setup_teardown(
			test_label_is_after_the_whole_look, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_signal_lines, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_shell_execs_line, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_group_lines, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_end_lines, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_other_lines, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_actor_lines, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_text_is_escaped, new_log, free_log),
		cmocka_unit_test_setup_teardown(test_json_has_names_and_no_pids, new_log, free_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
