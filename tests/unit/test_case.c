/* Case files: what the example of docs/case-format.md becomes, and what every fault is told. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "model/case.h"

static const char example[] =
	"title:   A trapped signal interrupts wait\n"
	"mode:    script\n"
	"vary:    SIG = INT TERM HUP USR1\n"
	"spec:    POSIX.1-2024 XCU 2.12\n"
	"\n"
	"When a signal for which a trap is set arrives while the shell executes wait,\n"
	"wait returns at once with a status above 128, and then the trap action runs.\n"
	"\n"
	"script:\n"
	"    trap 'echo trapped >>\"$EVENTS\"' ${SIG}\n"
	"    actor job &\n"
	"    wait; echo \"status=$?\" >>\"$EVENTS\"\n"
	"\n"
	"steps:\n"
	"    await   job ready\n"
	"    signal  ${SIG} shell\n"
	"    await   status\n"
	"    settle\n"
	"\n"
	"outcomes:\n"
	"    trap-first    trapped before status, status > 128    conforms   the trap ran, then "
	"wait "
	"returned\n"
	"    status-first  status before trapped, status > 128    permitted  wait returned, then "
	"the "
	"trap ran\n"
	"    odd-status    trapped, status <= 128                 violates   interrupted, but $? "
	"does "
	"not say so\n"
	"    swallowed     no trapped                             violates   the signal was lost\n";

static struct test_case *parse(struct diag *diag, const char *text)
{
	return case_parse(diag, "x.case", "group/name", text, strlen(text), diag);
}

static const char *all_messages(const struct diag *diag)
{
	char *all = talloc_strdup(diag, "");

	for (size_t i = 0; i < diag->count; i++)
		all = talloc_asprintf_append(all, "%s\n", diag->messages[i]);
	return all;
}

static struct test_case *parse_good(struct diag *diag, const char *text)
{
	struct test_case *tc = parse(diag, text);

	if (!tc)
		fail_msg("%s\nwas refused:\n%s", text, all_messages(diag));
	return tc;
}

static const char *words_of(void *context, const char *name)
{
	const char *missing = context;

	if (name && missing && strcmp(name, missing) == 0)
		return NULL;
	if (name && strcmp(name, "STARTUP") == 0)
		return "ENV=x exec ${SHELL} -i";
	return name ? "/bin/inner --norc" : "/bin/tested -f";
}

static struct scene *scene_of(const struct test_case *tc, size_t variant, const char *dialect)
{
	const char *na = NULL;
	struct scene *scene =
		case_scene(tc, tc, &tc->variants[variant], dialect, words_of, NULL, &na);

	if (!scene)
		fail_msg("not applicable: %s", na);
	return scene;
}

/* ---- the example ---- */

static void check_example_steps(const struct scene *scene)
{
	assert_int_equal(scene->step_count, 4);
	assert_int_equal(scene->steps[0].verb, VERB_AWAIT);
	assert_int_equal(scene->steps[0].await, AWAIT_READY);
	assert_string_equal(scene->steps[0].who, "job");
	assert_string_equal(scene->steps[0].text, "await job ready");
	assert_int_equal(scene->steps[0].line, 15);
	assert_int_equal(scene->steps[1].verb, VERB_SIGNAL);
	assert_int_equal(scene->steps[1].sigs[0], SIGTERM);
	assert_string_equal(scene->steps[1].who, "shell");
	assert_false(scene->steps[1].group);
	assert_string_equal(scene->steps[1].text, "signal TERM shell");
	assert_int_equal(scene->steps[2].await, AWAIT_EVENT);
	assert_int_equal(scene->steps[2].event.kind, CONDITION_EVENT);
	assert_int_equal(scene->steps[2].event.event.query, QUERY_MARK);
	assert_string_equal(scene->steps[2].event.event.who, "status");
	assert_int_equal(scene->steps[3].verb, VERB_SETTLE);
	assert_null(scene->steps[3].arg);
}

static void check_example_rows(const struct scene *scene)
{
	const struct outcome_row *row = &scene->rows[0];

	assert_int_equal(scene->row_count, 4);
	assert_int_equal(row->line, 21);
	assert_string_equal(row->label, "trap-first");
	assert_string_equal(row->meaning, "the trap ran, then wait returned");
	assert_int_equal(row->verdict, VERDICT_CONFORMS);
	assert_int_equal(row->condition_count, 2);
	assert_int_equal(row->conditions[0].kind, CONDITION_ORDER);
	assert_string_equal(row->conditions[0].text, "trapped before status");
	assert_string_equal(row->conditions[0].event.who, "trapped");
	assert_string_equal(row->conditions[0].later.who, "status");
	assert_int_equal(row->conditions[0].count, -1);
	assert_int_equal(row->conditions[1].kind, CONDITION_EVENT);
	assert_true(row->conditions[1].event.has_value);
	assert_int_equal(row->conditions[1].event.op, CMP_GT);
	assert_int_equal(row->conditions[1].event.number, 128);
	assert_string_equal(row->conditions[1].event.word, "128");
	assert_int_equal(scene->rows[1].verdict, VERDICT_PERMITTED);
	assert_int_equal(scene->rows[2].conditions[1].event.op, CMP_LE);
	assert_int_equal(scene->rows[3].verdict, VERDICT_VIOLATES);
	assert_true(scene->rows[3].conditions[0].no);
	assert_string_equal(scene->rows[3].conditions[0].text, "no trapped");
	assert_string_equal(scene->rows[3].meaning, "the signal was lost");
}

static void test_example(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag, example);
	struct scene *scene;

	(void)state;
	assert_int_equal(diag->count, 0);
	assert_string_equal(tc->name, "group/name");
	assert_string_equal(tc->group, "group");
	assert_string_equal(tc->path, "x.case");
	assert_string_equal(tc->title, "A trapped signal interrupts wait");
	assert_string_equal(tc->spec, "POSIX.1-2024 XCU 2.12");
	assert_int_equal(tc->mode, MODE_SCRIPT);
	assert_int_equal(tc->session, SESSION_MEMBER);
	assert_false(tc->terminal);
	assert_string_equal(tc->options, "");
	assert_true(tc->ignored == 0 && tc->blocked == 0);
	assert_null(tc->needs[0]);
	assert_string_equal(tc->prose,
		"When a signal for which a trap is set arrives while the shell executes wait,\n"
		"wait returns at once with a status above 128, and then the trap action runs.");
	assert_int_equal(tc->vary_count, 1);
	assert_int_equal(tc->variant_count, 4);
	assert_string_equal(tc->variants[1].name, "TERM");

	scene = scene_of(tc, 1, "posix");
	assert_string_equal(scene->script, "trap 'echo trapped >>\"$EVENTS\"' TERM\n"
					   "actor job &\n"
					   "wait; echo \"status=$?\" >>\"$EVENTS\"\n");
	check_example_steps(scene);
	check_example_rows(scene);
	assert_string_equal(scene->names[0], "job");
	assert_null(scene->names[1]);
	assert_string_equal(scene->marks[0], "trapped");
	assert_string_equal(scene->marks[1], "status");
	assert_null(scene->marks[2]);
	talloc_free(diag);
}

/* ---- whole cases, made of parts ---- */

#define HEAD "title: T\nmode: script\nspec: unspecified\n"
#define SCRIPT                                                                                     \
	"script:\n    actor job; echo \"status=$?\" >>\"$EVENTS\"\n    echo done >>\"$EVENTS\"\n"  \
	"    echo \"inner is $$\" >>\"$EVENTS\"\n"
#define STEPS "steps:\n    await job ready\n    settle\n"
#define OUTCOMES "outcomes:\n    fine  done  conforms  all is well\n"
#define PROSE "\nProse.\n\n"
#define LINK "title: T\nmode: link\nspec: unspecified\n" PROSE
#define TTY_HEAD "title: T\nmode: interactive\nspec: unspecified\n"
#define TTY_STEPS(steps)                                                                           \
	"steps:\n    type actor job; echo done >>\"$EVENTS\"\n" steps "    settle\n"

static const struct fault {
	const char *text, *complaint;
} faults[] = {
	/* bytes */
	{"", "x.case: the file is empty"},
	{HEAD "caf\xe9\n", "x.case:4: byte 0xe9 is not UTF-8"},
	{HEAD "caf\xc0\xaf\n", "x.case:4: byte 0xc0 is not UTF-8"},
	{"\xef\xbb\xbf" HEAD PROSE SCRIPT STEPS OUTCOMES, "x.case:1: byte order mark"},
	{"title: T\r\n", "x.case:1: line ends with a carriage return"},
	{"title: \033[2J\n", "x.case:1: control character 0x1b"},
	{HEAD PROSE SCRIPT STEPS "outcomes:\n    fine  done  conforms  cut",
		"x.case:15: the last line has no newline"},
	{HEAD, "x.case:3: there is no block 'outcomes:'"},
	{HEAD PROSE SCRIPT STEPS, "there is no block 'outcomes:'; the file may be cut off"},

	/* header */
	{"titel: T\n", "x.case:1: unknown key 'titel'; did you mean 'title'?"},
	{"# nothing\n\n", "x.case:1: the header has no 'title'"},
	{"title: T\n\n", "the header has no 'mode'"},
	{"title: T\n\n", "the header has no 'spec'"},
	{"title:\n\n", "x.case:1: 'title' has no value"},
	{HEAD "no key here\n", "x.case:4: 'no key here' is no 'key: value' line"},
	{HEAD "script:\n", "x.case:4: the block 'script' must come after a blank line"},
	{HEAD "title: U\n", "x.case:4: 'title' is in line 1 already"},
	{"mode: scirpt\n", "x.case:1: unknown mode 'scirpt'; did you mean 'script'?"},
	{"mode: zzzzzz\n", "unknown mode 'zzzzzz'; known: command, script, stdin, interactive"},
	{HEAD "terminal: maybe\n", "x.case:4: unknown answer 'maybe'; known: no, yes"},
	{HEAD "session: leder\n", "unknown session 'leder'; did you mean 'leader'?"},
	{HEAD "session: ${PLACE}\n", "x.case:4: no 'vary' has the name 'PLACE'"},
	{HEAD "session: ${PLACE}\nvary: PLACE = pid1 leder\n",
		"x.case:5: unknown session 'leder'; did you mean 'leader'?"},
	{HEAD "ignored: INT TRM\n", "unknown signal 'TRM'; did you mean 'TERM'?"},
	{HEAD "ignored: KILL\n", "no process can ignore or block KILL"},
	{HEAD "blocked: STOP\n", "no process can ignore or block STOP"},
	{HEAD "needs: wait moniter\n",
		"x.case:4: unknown feature 'moniter'; did you mean 'monitor'?"},
	{HEAD "needs: Fg\n", "x.case:4: unknown feature 'Fg'; known: job-control, monitor, "},
	{HEAD "vary: SIG INT\n", "'vary' is written: NAME = word word ..."},
	{HEAD "vary: SIG =\n", "'vary' is written: NAME = word word ..."},
	{HEAD "vary: sig = INT\n", "'sig' must be upper-case letters"},
	{HEAD "vary: SHELL = a b\n", "the name 'SHELL' is taken"},
	{HEAD "vary: A = x\nvary: A = y\n", "x.case:5: 'A' varies in line 4 already"},
	{HEAD "vary: A = x x\n", "the value 'x' is there twice"},
	{HEAD "vary: A = x,y\n", "the value 'x,y' must have no ','"},
	{HEAD "vary: A = ../x\n", "the value '../x' must have no ','"},
	{HEAD "vary: A = 1 2 3 4 5 6 7 8 9\nvary: B = 1 2 3 4 5 6 7 8 9\n"
	      "vary: C = 1 2 3 4\n",
		"x.case:6: more than 256 variants"},

	/* blocks */
	{LINK "command:\n    actor job\nscript:\n    :\n",
		"x.case:9: the mode 'link' has no block 'script:'"},
	{LINK "steps:\n    settle\n", "x.case:2: the mode 'link' needs a block 'command:'"},
	{LINK "command:\n    actor job\n    actor more\n", "x.case:7: 'command:' is one line"},
	{LINK "command fish:\n    actor job\n", "x.case:7: 'fish' is too much here"},
	{LINK "command:\n    actor job\nsteps:\n    signal TERM shell\n" OUTCOMES,
		"x.case:10: unknown participant 'shell'; known: link, job"},
	{LINK "command:\n    actor job on TERM nod\n", "x.case:8: "},
	{LINK "command:\n    actor link\n" OUTCOMES, "x.case:8: the name 'link' is taken"},
	{"mode: link\noptions: -x\n", "x.case:2: 'options' are a shell's"},
	{"needs: monitor\nmode: link\n", "x.case:1: unknown feature 'monitor'; known: environ"},
	{HEAD "needs: pid1\n", "x.case:4: unknown feature 'pid1'"},
	{HEAD PROSE SCRIPT "command:\n    actor job\n",
		"x.case:11: the mode 'script' has no block 'command:'"},
	{HEAD PROSE SCRIPT "steps:\n    signal TERM link\n" OUTCOMES,
		"x.case:12: unknown participant 'link'"},
	{HEAD PROSE "scirpt:\n    true\n",
		"x.case:7: unknown block 'scirpt'; did you mean 'script'?"},
	{HEAD PROSE SCRIPT "example:\n    true\n", "x.case:11: unknown block 'example'"},
	{HEAD PROSE SCRIPT "more prose\n", "x.case:11: 'more prose' begins no block"},
	{HEAD PROSE SCRIPT SCRIPT, "x.case:11: this block is in line 7 already"},
	{HEAD PROSE "script:\n  true\n", "x.case:8: lines of a block are indented by four spaces"},
	{HEAD PROSE "script:\n\ttrue\n", "four spaces, not by a tab"},
	{HEAD PROSE "script:\nsteps:\n", "x.case:7: the block is empty"},
	{HEAD PROSE "file:\n    x\n", "x.case:7: 'file' needs a name"},
	{HEAD PROSE "file ../x:\n    x\n", "x.case:7: '../x' can be no file's name"},
	{HEAD PROSE "file scene:\n    x\n", "'scene' can be no file's name"},
	{HEAD PROSE "script Fish:\n    x\n", "the dialect 'Fish' must be"},
	{HEAD PROSE "script fish rc:\n    x\nscript csh rc:\n    x\n", "this block is in line"},
	{HEAD PROSE "outcomes fish:\n    x\n", "'fish' is too much here"},
	{HEAD PROSE STEPS OUTCOMES, "x.case:2: the mode 'script' needs a block 'script:'"},
	{TTY_HEAD PROSE SCRIPT, "x.case:7: an interactive shell gets no 'script:'"},
	{HEAD PROSE SCRIPT STEPS OUTCOMES "file x fish:\n    x\n",
		"x.case:16: this is never played"},

/* steps */
#define STEP_FAULT(step, complaint)                                                                \
	{                                                                                          \
		HEAD PROSE SCRIPT "steps:\n    " step "\n    settle\n" OUTCOMES,                   \
			"x.case:12: " complaint                                                    \
	}
	STEP_FAULT("signl INT shell", "unknown verb 'signl'; did you mean 'signal'?"),
	STEP_FAULT("signal INTT shell", "unknown signal 'INTT'; did you mean 'INT'?"),
	STEP_FAULT("signal INT", "'signal' is written: signal SIG NAME"),
	STEP_FAULT("signal INT jbo", "unknown participant 'jbo'; did you mean 'job'?"),
	STEP_FAULT("signal INT tty", "unknown participant 'tty'; known: shell, job, inner"),
	STEP_FAULT("signal INT job.grp", "'job.grp': only NAME and NAME.group"),
	STEP_FAULT("signal INT Job", "'Job' is no name"),
	STEP_FAULT("signal ${SGI} shell", "unknown variable 'SGI'"),
	STEP_FAULT("storm USR1", "'storm' is written: storm SIG[,SIG...] NAME until EVENT"),
	STEP_FAULT("storm USR1 shell for ever", "'storm' is written: storm SIG"),
	STEP_FAULT("storm USR1,KILL shell 3 times", "no process survives a storm of KILL"),
	STEP_FAULT("storm USR1,USR2,USR1,USR2,USR1,USR2,USR1,USR2,HUP shell 3 times",
		"a storm has at most 8 signals"),
	STEP_FAULT("storm USR1 shell 1001 times", "'1001': a storm has 1 to 1000 signals"),
	STEP_FAULT("storm USRR1 shell 3 times", "unknown signal 'USRR1'; did you mean 'USR1'?"),
	STEP_FAULT("storm HUP shell until no job ended", "nobody can await that something does"),
	STEP_FAULT("storm HUP jbo 3 times", "unknown participant 'jbo'; did you mean 'job'?"),
	STEP_FAULT("storm ^C until job ended", "'storm ^C until job ended' needs a terminal"),
	STEP_FAULT("keys x", "'keys x' needs a terminal; add 'terminal: yes'"),
	STEP_FAULT("tell job", "'tell' is written: tell NAME INSTRUCTION"),
	STEP_FAULT("tell inner stop", "'inner' is no actor"),
	STEP_FAULT("tell jbo stop", "unknown actor 'jbo'; did you mean 'job'?"),
	STEP_FAULT("tell job exti 3", "unknown instruction 'exti'; did you mean 'exit'?"),
	STEP_FAULT("tell job exit", "'exit' needs a status from 0 to 255"),
	STEP_FAULT("tell job exit 256", "'exit' needs a status from 0 to 255, not 256"),
	STEP_FAULT("tell job die", "'die' needs a signal"),
	STEP_FAULT("tell job send INT", "'send INT' needs 'parent' or 'group'"),
	STEP_FAULT("tell job send INT child", "'send INT' needs 'parent' or 'group'"),
	STEP_FAULT("tell job on KILL note", "no process can catch or ignore KILL"),
	STEP_FAULT(
		"tell job on INT", "'on INT' goes on with 'exit N', 'note', 'ignore' or 'default'"),
	STEP_FAULT("tell job on INT exit x", "'exit' needs a status from 0 to 255, not x"),
	STEP_FAULT("tell job echo loud", "'echo' goes on with 'on' or 'off'"),
	STEP_FAULT("tell job stop read", "'read' is too much"),
	STEP_FAULT("type x", "'type x' needs a terminal; add 'terminal: yes'"),
	STEP_FAULT("press ^C", "'press ^C' needs a terminal"),
	STEP_FAULT("press ^c", "'^c' is no control character"),
	STEP_FAULT("press C", "'C' is no control character"),
	STEP_FAULT("hangup", "'hangup' needs a terminal"),
	STEP_FAULT("hangup now", "'hangup' is written: hangup"),
	STEP_FAULT("resize 10x20", "'resize 10x20' needs a terminal"),
	STEP_FAULT("resize 10", "'10' is no size"),
	STEP_FAULT("resize 0x10", "'0x10' is no size"),
	STEP_FAULT("await", "'await' is written: await NAME ready"),
	STEP_FAULT("await shell ready", "only an interactive shell is ever ready"),
	STEP_FAULT("await inner ready", "'inner' is no actor"),
	STEP_FAULT("await job waiting", "only the shell can be awaited 'waiting'"),
	STEP_FAULT("await no done", "nobody can await that something does not happen"),
	STEP_FAULT("await done at x", "'at' looks back"),
	STEP_FAULT("await done since x", "unknown label of a settle step 'x'"),
	STEP_FAULT("await job.pid = shell.pid", "'job.pid = shell.pid' is no event"),
	STEP_FAULT("await dnoe", "unknown mark 'dnoe'; did you mean 'done'?"),
	STEP_FAULT("await job gott INT", "unknown event 'gott'; did you mean 'got'?"),
	STEP_FAULT("settle Now", "'Now' is no name"),
	STEP_FAULT("settle a b", "'settle' is written: settle or settle LABEL"),
	{HEAD PROSE SCRIPT "steps:\n    settle a\n    settle a\n" OUTCOMES,
		"x.case:13: an earlier settle step has the label 'a' already"},

/* rows */
#define ROW_FAULT(rows, complaint)                                                                 \
	{                                                                                          \
		HEAD PROSE SCRIPT STEPS "outcomes:\n" rows, "x.case:15: " complaint                \
	}
	ROW_FAULT("    unknown  done  conforms  x\n", "label 'unknown' is the player's own"),
	ROW_FAULT("    n/a  done  conforms  x\n", "label 'n/a' is the player's own"),
	ROW_FAULT("    Fine  done  conforms  x\n", "label 'Fine' must be lower-case"),
	ROW_FAULT("    so fine  done  conforms  x\n", "label 'so fine' has a space"),
	ROW_FAULT("    fine  done conforms  x\n", "put two spaces before and behind 'conforms'"),
	ROW_FAULT("    fine  done  confroms  x\n", "unknown verdict 'confroms'; did you mean"),
	ROW_FAULT("    fine  done\n", "the row has no verdict"),
	ROW_FAULT("    fine  done  conforms\n", "the row has no meaning"),
	ROW_FAULT("    fine  conforms  x\n", "the row has no condition"),
	ROW_FAULT("    fine  done,, status = 1  conforms  x\n", "empty condition"),
	ROW_FAULT("     fine  done  conforms  x\n", "indent a row by four spaces"),
	ROW_FAULT("    fine\tdone  conforms  x\n", "tab; columns are separated"),
	{HEAD PROSE SCRIPT STEPS
		"outcomes:\n    a  done  conforms  x\n    a  status = 1  violates  x\n",
		"x.case:16: label 'a' has another verdict in line 15"},
	{HEAD PROSE SCRIPT STEPS
		"outcomes:\n    a  done  conforms  x\n    b  done, status = 1  violates  x\n",
		"x.case:16: this row can never hold: row 'a' in line 15 holds whenever"},
	{HEAD PROSE SCRIPT "steps:\n    await job ready\n"
			   "outcomes:\n    a  no done  conforms  x\n",
		"x.case:14: 'no done' rests on an absence"},
	{HEAD PROSE SCRIPT "steps:\n    await job ready\n"
			   "outcomes:\n    a  done twice  conforms  x\n",
		"'done twice' rests on an absence"},
	{HEAD PROSE SCRIPT "outcomes:\n    a  job.state = ended  conforms  x\n",
		"'job.state = ended' rests on an absence"},
	{HEAD PROSE SCRIPT "outcomes:\n    a  job.forks = 1  conforms  x\n",
		"'job.forks = 1' rests on an absence"},
	{HEAD PROSE SCRIPT "outcomes:\n    a  job.zombies = 1  conforms  x\n",
		"'job.zombies = 1' rests on an absence"},
	{HEAD PROSE SCRIPT "steps:\n    settle\noutcomes:\n    a  stuck  conforms  x\n",
		"x.case:14: no step waits for anything"},
	{HEAD "vary: SIG = INT TERM\n" PROSE SCRIPT STEPS
	      "outcomes:\n    a  SIG = INT, SIG = TERM, done  conforms  x\n",
		"x.case:16: this row can never hold: no variant fulfils it"},

/* conditions */
#define CONDITION_FAULT(condition, complaint)                                                      \
	ROW_FAULT("    fine  " condition "  conforms  x\n", complaint)
	CONDITION_FAULT("jbo.pid = shell.pid", "unknown participant 'jbo'; did you mean 'job'?"),
	CONDITION_FAULT("job.pdi = shell.pid", "unknown attribute 'pdi'; did you mean 'pid'?"),
	CONDITION_FAULT("job.pid = shell.pdi", "unknown attribute 'pdi'; did you mean 'pid'?"),
	CONDITION_FAULT("job.pid < shell.pid", "only = and != can be used"),
	CONDITION_FAULT("job.pid == shell.pid", "unknown operator '=='; did you mean '='?"),
	CONDITION_FAULT("job.pid =", "NAME.ATTRIBUTE is missing"),
	CONDITION_FAULT("job.pid", "an operator (=, !=, ...) is missing"),
	CONDITION_FAULT("job.pid = tty.foreground", "write 'tty.foreground = NAME.pgid'"),
	CONDITION_FAULT("Job.pid = shell.pid", "'Job' in 'Job.pid' is no participant's name"),
	CONDITION_FAULT("tty.foreground = shell.pgid", "'tty.foreground' needs a terminal"),
	CONDITION_FAULT(
		"tty.foreground = shell.pid", "the foreground group is compared with NAME.pgid"),
	CONDITION_FAULT("tty.ehco", "unknown attribute of tty 'ehco'; did you mean 'echo'?"),
	CONDITION_FAULT("tty.echo", "'tty.echo' needs a terminal"),
	CONDITION_FAULT("job.foreground", "'job.foreground' needs a terminal"),
	CONDITION_FAULT("shell.ignored has INT", "'shell' is no actor"),
	CONDITION_FAULT("job.ignored INT", "'has SIGNAL' is missing"),
	CONDITION_FAULT("job.ignored has IMT", "unknown signal 'IMT'; did you mean 'INT'?"),
	CONDITION_FAULT("job.state = runing", "unknown state 'runing'; did you mean 'running'?"),
	CONDITION_FAULT("job.state", "an operator (=, !=, ...) is missing"),
	CONDITION_FAULT("job.state =", "state is missing in 'job.state ='"),
	CONDITION_FAULT("job.forks = many", "'many' must be a number from 0"),
	CONDITION_FAULT("handovers = job", "'handovers' needs a terminal"),
	CONDITION_FAULT("handovers =", "participants, or 'none', are missing"),
	CONDITION_FAULT("job got", "a signal is missing"),
	CONDITION_FAULT("job got INT from tty", "'from tty' needs a terminal"),
	CONDITION_FAULT("job got INT from", "a participant is missing"),
	CONDITION_FAULT("job got INT form shell", "'form' is too much in 'job got INT form shell'"),
	CONDITION_FAULT("job sent INT to tty", "unknown participant 'tty'"),
	CONDITION_FAULT("job sent INT to .group", "'.group' is no participant's name"),
	CONDITION_FAULT("job ended exti 3", "unknown way to end 'exti'; did you mean 'exit'?"),
	CONDITION_FAULT("job ended exit 256", "'256' must be a number from 0 to 255"),
	CONDITION_FAULT("job ended exit -1", "'-1' must be a number from 0 to 255"),
	CONDITION_FAULT("job stopped INT", "this signal stops no process"),
	CONDITION_FAULT("job gave tty shell", "'gave' goes on with 'tty to NAME'"),
	CONDITION_FAULT("shell gave tty to job", "'gave tty' needs a terminal"),
	CONDITION_FAULT("shell grouped", "a participant is missing"),
	CONDITION_FAULT("shell read 3", "'shell' is no actor"),
	CONDITION_FAULT("job read", "a number is missing"),
	CONDITION_FAULT("job failed EIOO", "unknown errno name 'EIOO'; did you mean 'EIO'?"),
	CONDITION_FAULT("shell started", "'shell' is no actor"),
	CONDITION_FAULT("done 0 time", "unknown event '0'"),
	CONDITION_FAULT("done x times", "'times' needs a number"),
	CONDITION_FAULT("status > many", "<, >, <= and >= need a number"),
	CONDITION_FAULT("status =", "the value is missing"),
	CONDITION_FAULT("status = 1 2", "'2' is too much"),
	CONDITION_FAULT("status=1", "'status=1' is no condition; put blanks around the operator"),
	CONDITION_FAULT("status => 1", "unknown operator '=>'"),
	CONDITION_FAULT("done before", "an event is missing"),
	CONDITION_FAULT("before done", "an event is missing"),
	CONDITION_FAULT("done before dnoe", "unknown mark 'dnoe'; did you mean 'done'?"),
	CONDITION_FAULT("done at nowhere", "unknown label of a settle step 'nowhere'"),
	CONDITION_FAULT("done at", "'at' and 'since' take one label"),
	CONDITION_FAULT("done at a since b", "'at' and 'since' take one label"),
	CONDITION_FAULT("stcuk", "unknown mark 'stcuk'; did you mean 'stuck'?"),
	CONDITION_FAULT("no", "the condition is empty"),
	CONDITION_FAULT("SIG = INT", "unknown mark 'SIG'"),
	CONDITION_FAULT("done ${SIG}", "unknown variable 'SIG'"),

/* contradictions */
#define CLASH(condition) CONDITION_FAULT(condition, "this row can never hold: '")
	CLASH("done, no done"),
	CLASH("job got INT from shell, no job got INT"),
	CLASH("job got INT, job got INT 0 times"),
	CLASH("job got SIGINT, no job got INT"),
	CLASH("done once, done twice"),
	CLASH("done before status, no done"),
	CLASH("done before status, status before done"),
	CLASH("done before done"),
	CLASH("job ended exit 3, job ended signal"),
	CLASH("job ended exit 3, job ended exit 4"),
	CLASH("job ended signal INT, job ended signal TERM"),
	CLASH("job ended exit, no job ended"),
	CLASH("status = 1, status = 2"),
	CLASH("status = a, status = b"),
	CLASH("status = 1, status != 1"),
	CLASH("status = 1, no status = 1"),
	CLASH("status < 3, status > 5"),
	CLASH("status < 3, status = 5"),
	CLASH("status <= 3, no status < 5"),
	CLASH("job.state = ended, job.state = stopped"),
	CLASH("job.state = ended, job.state != ended"),
	CLASH("job.forks = 1, job.forks >= 2"),
	CLASH("job.zombies = 1, job.zombies >= 2"),
	CLASH("job.descriptors = 0, job.descriptors > 0"),
	CLASH("job.pid = shell.pid, job.pid != shell.pid"),
	CLASH("job.pid = shell.pid, no job.pid = shell.pid"),

	/* shell text */
	{HEAD PROSE
		"script:\n    echo done >>\"$EVENTS\"\n\n    actor job exti 3 &\n" STEPS OUTCOMES,
		"x.case:10: unknown instruction 'exti'; did you mean 'exit'?"},
	{HEAD PROSE "script:\n    actor tty\n" OUTCOMES, "x.case:8: the name 'tty' is taken"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct diag *diag = diag_new(NULL);
		struct test_case *tc = parse(diag, faults[i].text);

		if (tc || !strstr(all_messages(diag), faults[i].complaint))
			fail_msg("%s\nshould have been told:\n%s\nwas told:\n%s", faults[i].text,
				faults[i].complaint, all_messages(diag));
		talloc_free(diag);
	}
}

static const char *const good_cases[] = {
	HEAD PROSE SCRIPT STEPS OUTCOMES,
	HEAD "\n" SCRIPT STEPS OUTCOMES "\n",
	/* a block's words in the prose, but not in its form */
	HEAD "\nFor example:\n\n    true\n\nexample:\n" SCRIPT STEPS OUTCOMES,
	/* comments */
	"# c\n" HEAD "# c\n" PROSE SCRIPT
	"steps:\n    # c\n    settle\noutcomes:\n    # c\n    a  done  conforms  x\n",
	/* one label for two paths */
	HEAD PROSE SCRIPT STEPS
	"outcomes:\n    a  done  conforms  x\n    a  status = 1  conforms  y\n",
	/* absences that are proved otherwise */
	HEAD PROSE SCRIPT "steps:\n    settle early\n    await done\noutcomes:\n    a  no done at "
			  "early  conforms  x\n",
	HEAD PROSE SCRIPT
	"steps:\n    await done\noutcomes:\n    a  stuck, no status  conforms  x\n",
	HEAD PROSE SCRIPT "outcomes:\n    a  done, no stuck  conforms  x\n",
	/* what looks like a contradiction, but is none */
	HEAD PROSE SCRIPT STEPS "outcomes:\n    a  job.pid = shell.pid, job.pid = inner.pid  "
				"conforms  two names, one process\n",
	HEAD PROSE SCRIPT STEPS "outcomes:\n    a  no status = 1, no status != 1  conforms  none\n",
	HEAD PROSE SCRIPT "steps:\n    settle one\n    settle\noutcomes:\n"
			  "    a  no done at one, done  conforms  later\n",
	HEAD PROSE SCRIPT STEPS "outcomes:\n    a  status > 1, status < 3  conforms  two\n",
	HEAD PROSE SCRIPT STEPS
	"outcomes:\n    a  job got INT, no job got INT from shell  conforms  "
	"x\n",
	/* a stuck scene passes rows over that do not say so */
	HEAD PROSE SCRIPT STEPS
	"outcomes:\n    a  done  conforms  x\n    b  done, stuck  conforms  x\n",
	/* a row that holds in one variant only */
	HEAD "vary: SIG = INT TERM\n" PROSE SCRIPT STEPS
	     "outcomes:\n    a  job got INT  conforms  x\n    b  job got ${SIG}  conforms  x\n",
	HEAD "vary: SIG = INT TERM\n" PROSE SCRIPT STEPS
	     "outcomes:\n    a  SIG = INT, done  conforms  x\n    b  SIG = TERM, done  violates  "
	     "x\n    c  SIG in INT TERM, status = 1  conforms  x\n",
	/* a participant of one variant */
	HEAD "vary: WHO = left right\n" PROSE "script:\n    actor ${WHO}\nsteps:\n    settle\n"
	     "outcomes:\n    a  WHO = left, left started  conforms  x\n"
	     "    b  WHO = right, right started  conforms  x\n",
	/* what a shell would make something of is not checked */
	HEAD PROSE
	"script:\n    actor job $1 2>&1\n    actor other 2>x\n    \"$A\" actor x exit 3; "
	"echo done\n    # the actor knows nothing\n    echo 'done' >>\"$EVENTS\"\n" OUTCOMES,
	HEAD "terminal: yes\nsession: shared\noptions: -m -u\nignored: INT SIGQUIT\nblocked: USR1\n"
	     "needs: job-control wait-n\n" PROSE SCRIPT STEPS OUTCOMES,
	HEAD "session: pid1\n" PROSE SCRIPT STEPS OUTCOMES,
	HEAD "session: ${PLACE}\nvary: PLACE = pid1 leader\n" PROSE SCRIPT STEPS OUTCOMES,
	TTY_HEAD PROSE TTY_STEPS("    press ^\\\n    type\n    resize 10x20\n    hangup\n"
				 "    await shell ready\n    await shell waiting\n") OUTCOMES,
};

static void test_good_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good_cases / sizeof *good_cases; i++) {
		struct diag *diag = diag_new(NULL);

		parse_good(diag, good_cases[i]);
		talloc_free(diag);
	}
}

static void test_all_complaints_of_a_file(void **state)
{
	struct diag *diag = diag_new(NULL);
	const char *all;

	(void)state;
	assert_null(parse(diag,
		"titel: T\nmode: scirpt\nspec: x\nvary: SIG = INT TERM HUP\n\n"
		"steps:\n    signl X\n    type ok\n"
		"outcomes:\n    a  gone  conforms  x\n    b  job got X  conforms  x\n"));
	all = all_messages(diag);
	assert_non_null(strstr(all, "x.case:1: unknown key"));
	assert_non_null(strstr(all, "x.case:1: the header has no 'title'"));
	assert_non_null(strstr(all, "x.case:2: unknown mode"));
	assert_non_null(strstr(all, "x.case:7: unknown verb"));
	assert_non_null(strstr(all, "x.case:10: unknown mark"));
	assert_non_null(strstr(all, "x.case:11: unknown signal"));
	/* Once, though there are three variants. */
	assert_int_equal(diag->count, 6);
	talloc_free(diag);
}

static void test_hostile_bytes(void **state)
{
	static const char with_nul[] = "title: T\0x\n";
	struct diag *diag = diag_new(NULL);
	char *huge = talloc_array(diag, char, 70000);

	(void)state;
	assert_null(case_parse(diag, "x", "g/n", with_nul, sizeof with_nul - 1, diag));
	assert_non_null(strstr(diag->messages[0], "x:1: NUL byte"));
	memset(huge, 'a', 70000);
	assert_null(case_parse(diag, "x", "g/n", huge, 5000, diag));
	assert_non_null(strstr(diag->messages[1], "x:1: line is longer than 4096 bytes"));
	assert_null(case_parse(diag, "x", "g/n", huge, 70000, diag));
	assert_non_null(strstr(diag->messages[2], "x: the file is larger than 65536 bytes"));
	talloc_free(diag);
}

/* Every beginning of the example, and every byte of it replaced, must be told or taken. */
static void test_broken_copies(void **state)
{
	static const char replacements[] = {
		'\0', '\n', ' ', ':', '$', '{', '\t', (char)0xff, 'Z', '.'};
	size_t length = strlen(example);
	char copy[sizeof example];

	(void)state;
	for (size_t i = 0; i < length; i++) {
		struct diag *diag = diag_new(NULL);

		assert_true(!case_parse(diag, "x", "g/n", example, i, diag) == (diag->count > 0));
		talloc_free(diag);
	}
	for (size_t i = 0; i < length; i++) {
		struct diag *diag = diag_new(NULL);

		memcpy(copy, example, sizeof copy);
		copy[i] = replacements[i % sizeof replacements];
		assert_true(!case_parse(diag, "x", "g/n", copy, length, diag) == (diag->count > 0));
		talloc_free(diag);
	}
}

/* ---- conditions ---- */

static struct condition condition(struct diag *diag, const char *text)
{
	struct condition out;

	if (!condition_parse(diag, text, &out, "x", 1, diag))
		fail_msg("%s: %s", text, all_messages(diag));
	return out;
}

static void test_states(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct condition c = condition(diag, "job.pgid != shell.pid");

	(void)state;
	assert_int_equal(c.kind, CONDITION_RELATION);
	assert_string_equal(c.who, "job");
	assert_string_equal(c.attr, "pgid");
	assert_int_equal(c.op, CMP_NE);
	assert_string_equal(c.other, "shell");
	assert_string_equal(c.other_attr, "pid");
	c = condition(diag, "no  tty.foreground   = job.pgid at before");
	assert_int_equal(c.kind, CONDITION_RELATION);
	assert_true(c.no);
	assert_string_equal(c.who, "tty");
	assert_string_equal(c.attr, "foreground");
	assert_string_equal(c.other, "job");
	assert_string_equal(c.text, "no tty.foreground = job.pgid");
	assert_string_equal(c.at, "before");
	assert_null(c.since);
	c = condition(diag, "job.foreground");
	assert_int_equal(c.kind, CONDITION_FOREGROUND);
	c = condition(diag, "job.blocked has SIGUSR1");
	assert_int_equal(c.kind, CONDITION_MASK);
	assert_string_equal(c.attr, "blocked");
	assert_int_equal(c.sig, SIGUSR1);
	c = condition(diag, "job.state != zombie");
	assert_int_equal(c.kind, CONDITION_STATE);
	assert_string_equal(c.word, "zombie");
	assert_int_equal(c.op, CMP_NE);
	c = condition(diag, "job.descriptors > 0");
	assert_int_equal(c.kind, CONDITION_DESCRIPTORS);
	assert_int_equal(c.op, CMP_GT);
	assert_int_equal(c.number, 0);
	c = condition(diag, "shell.forks >= 2");
	assert_int_equal(c.kind, CONDITION_FORKS);
	assert_int_equal(c.op, CMP_GE);
	assert_int_equal(c.number, 2);
	c = condition(diag, "shell.zombies < 1");
	assert_int_equal(c.kind, CONDITION_ZOMBIES);
	assert_int_equal(c.op, CMP_LT);
	assert_int_equal(c.number, 1);
	c = condition(diag, "handovers = job shell");
	assert_int_equal(c.kind, CONDITION_HANDOVERS);
	assert_string_equal(c.names[0], "job");
	assert_string_equal(c.names[1], "shell");
	assert_null(c.names[2]);
	c = condition(diag, "handovers != none");
	assert_null(c.names[0]);
	assert_int_equal(c.op, CMP_NE);
	c = condition(diag, "tty.icanon");
	assert_int_equal(c.kind, CONDITION_MODE);
	assert_string_equal(c.attr, "icanon");
	c = condition(diag, "stuck");
	assert_int_equal(c.kind, CONDITION_STUCK);
	talloc_free(diag);
}

static void test_events(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct event_pattern e = condition(diag, "job started").event;

	(void)state;
	assert_int_equal(e.query, QUERY_STARTED);
	assert_string_equal(e.who, "job");
	assert_int_equal(e.number, -1);
	e = condition(diag, "job got INT").event;
	assert_int_equal(e.query, QUERY_GOT);
	assert_int_equal(e.sig, SIGINT);
	assert_null(e.other);
	e = condition(diag, "job got INT from tty").event;
	assert_string_equal(e.other, "tty");
	e = condition(diag, "shell sent TERM to job.group").event;
	assert_int_equal(e.query, QUERY_SENT);
	assert_string_equal(e.other, "job");
	assert_true(e.group);
	e = condition(diag, "shell sent TERM to job").event;
	assert_false(e.group);
	e = condition(diag, "job ended").event;
	assert_int_equal(e.query, QUERY_ENDED);
	assert_int_equal(e.how, 0);
	e = condition(diag, "job ended exit").event;
	assert_int_equal(e.how, 'e');
	assert_int_equal(e.number, -1);
	e = condition(diag, "job ended exit 255").event;
	assert_int_equal(e.number, 255);
	e = condition(diag, "job ended signal").event;
	assert_int_equal(e.how, 's');
	assert_int_equal(e.number, -1);
	e = condition(diag, "job ended signal TERM").event;
	assert_int_equal(e.number, SIGTERM);
	e = condition(diag, "job stopped").event;
	assert_int_equal(e.query, QUERY_STOPPED);
	assert_int_equal(e.sig, 0);
	e = condition(diag, "job stopped TTIN").event;
	assert_int_equal(e.sig, SIGTTIN);
	assert_int_equal(condition(diag, "job continued").event.query, QUERY_CONTINUED);
	e = condition(diag, "shell gave tty to job").event;
	assert_int_equal(e.query, QUERY_GAVE_TTY);
	assert_string_equal(e.other, "job");
	e = condition(diag, "shell grouped job").event;
	assert_int_equal(e.query, QUERY_GROUPED);
	assert_string_equal(e.other, "job");
	e = condition(diag, "job read 0").event;
	assert_int_equal(e.query, QUERY_READ);
	assert_int_equal(e.number, 0);
	e = condition(diag, "job failed EIO").event;
	assert_int_equal(e.query, QUERY_FAILED);
	assert_string_equal(e.word, "EIO");
	talloc_free(diag);
}

static void test_marks_counts_and_orders(void **state)
{
	static const struct {
		const char *text;
		enum compare op;
	} ops[] = {{"m = 5", CMP_EQ}, {"m != 5", CMP_NE}, {"m < 5", CMP_LT}, {"m > 5", CMP_GT},
		{"m <= 5", CMP_LE}, {"m >= 5", CMP_GE}};
	struct diag *diag = diag_new(NULL);
	struct condition c = condition(diag, "trapped");

	(void)state;
	assert_int_equal(c.event.query, QUERY_MARK);
	assert_false(c.event.has_value);
	assert_int_equal(c.count, -1);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		c = condition(diag, ops[i].text);
		assert_true(c.event.has_value);
		assert_int_equal(c.event.op, ops[i].op);
		assert_int_equal(c.event.number, 5);
	}
	c = condition(diag, "m = 12abc");
	assert_string_equal(c.event.word, "12abc");
	assert_int_equal(c.event.number, -1);
	assert_int_equal(condition(diag, "trapped once").count, 1);
	assert_int_equal(condition(diag, "job got INT twice").count, 2);
	c = condition(diag, "no job got INT from tty 3 times since cont");
	assert_int_equal(c.count, 3);
	assert_true(c.no);
	assert_string_equal(c.since, "cont");
	assert_string_equal(c.event.other, "tty");
	assert_string_equal(c.text, "no job got INT from tty 3 times");
	assert_int_equal(condition(diag, "trapped 0 times").count, 0);
	c = condition(diag, "job ended exit 3 before status > 128");
	assert_int_equal(c.kind, CONDITION_ORDER);
	assert_int_equal(c.event.number, 3);
	assert_int_equal(c.later.op, CMP_GT);
	c = condition(diag, "job ended exit before trapped");
	assert_int_equal(c.event.how, 'e');
	assert_string_equal(c.later.who, "trapped");
	talloc_free(diag);
}

static void test_storm_steps(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag,
		TTY_HEAD PROSE "steps:\n"
			       "    storm USR1,HUP shell.group until shell got USR1 3 times\n"
			       "    storm ^C 20 times\n    keys  half a line\n    settle\n"
			       "outcomes:\n    a  shell got USR1  permitted  x\n"
			       "    b  stuck  permitted  x\n");
	const struct scene *scene = scene_of(tc, 0, "posix");
	const struct step *steps = scene->steps;

	(void)state;
	assert_int_equal(steps[0].verb, VERB_STORM);
	assert_int_equal(steps[0].sigs[0], SIGUSR1);
	assert_int_equal(steps[0].sigs[1], SIGHUP);
	assert_int_equal(steps[0].sigs[2], 0);
	assert_true(steps[0].group);
	assert_int_equal(steps[0].event.count, 3);
	assert_true(step_waits(&steps[0]));
	assert_int_equal(steps[1].key, 3);
	assert_int_equal(steps[1].times, 20);
	assert_false(step_waits(&steps[1]));
	assert_string_equal(steps[2].arg, "half a line");
	talloc_free(diag);
}

/* ---- variants, substitution, dialects ---- */

static void test_variants(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag,
		HEAD "vary: SIG = INT TERM\nvary: HOW = a b c\n" PROSE SCRIPT STEPS
		     "outcomes:\n    a  SIG = TERM, HOW in a b, done  conforms  x\n"
		     "    b  SIG != TERM, no HOW = c, done  conforms  x\n");
	const struct outcome_row *rows;

	(void)state;
	assert_int_equal(tc->variant_count, 6);
	assert_string_equal(tc->variants[0].name, "INT,a");
	assert_string_equal(tc->variants[1].name, "INT,b");
	assert_string_equal(tc->variants[5].name, "TERM,c");
	assert_string_equal(tc->variants[5].values[0], "TERM");
	rows = scene_of(tc, 5, NULL)->rows;
	assert_int_equal(rows[0].conditions[0].kind, CONDITION_CONSTANT);
	assert_true(rows[0].conditions[0].value);
	assert_false(rows[0].conditions[1].value);
	assert_false(rows[1].conditions[0].value);
	assert_true(rows[1].conditions[1].value && rows[1].conditions[1].no);
	rows = scene_of(tc, 1, NULL)->rows;
	assert_false(rows[0].conditions[0].value);
	assert_true(rows[0].conditions[1].value);
	assert_true(rows[1].conditions[0].value);
	talloc_free(diag);
}

static void test_limit_of_variants(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag, HEAD
		"vary: A = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
		"vary: B = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" PROSE SCRIPT STEPS OUTCOMES);

	(void)state;
	assert_int_equal(tc->variant_count, 256);
	talloc_free(diag);
}

static void test_substitution(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag, HEAD
		"vary: SIG = INT\nvary: INNER = bash\n" PROSE
		"script:\n    ${SHELL} -c 'actor job' ${x} ${SIG} $SIG ${SIG:-a} ${SHELL:-sh} ${\n"
		"    ${SHELL:bash} ./inner; ${SHELL:${INNER}}; echo done >>\"$EVENTS\"\n"
		"file inner:\n    trap : ${SIG}\n\n      deep\n" STEPS
		"outcomes:\n    a  job got ${SIG}  conforms  x ${SIG}\n");
	struct scene *scene = scene_of(tc, 0, "posix");

	(void)state;
	assert_string_equal(scene->script,
		"/bin/tested -f -c 'actor job' ${x} INT $SIG ${SIG:-a} ${SHELL:-sh} ${\n"
		"/bin/inner --norc ./inner; /bin/inner --norc; echo done >>\"$EVENTS\"\n");
	assert_int_equal(scene->file_count, 1);
	assert_string_equal(scene->files[0].name, "inner");
	assert_string_equal(scene->files[0].text, "trap : INT\n\n  deep\n");
	assert_string_equal(scene->rows[0].conditions[0].text, "job got INT");
	assert_string_equal(scene->rows[0].meaning, "x INT");
	talloc_free(diag);
}

static void test_missing_inner_shell(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag,
		HEAD PROSE "script:\n    ${SHELL:mksh} -c 'echo done >>\"$EVENTS\"'\n" OUTCOMES);
	const char *na = NULL;

	(void)state;
	assert_null(case_scene(diag, tc, tc->variants, "posix", words_of, (void *)"mksh", &na));
	assert_string_equal(na, "the inner shell 'mksh' is not installed");
	talloc_free(diag);
}

static void test_startup(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(
		diag, HEAD PROSE "script:\n    ${STARTUP} # done >>\"$EVENTS\"\n" OUTCOMES);
	const char *na = NULL;

	(void)state;
	assert_string_equal(scene_of(tc, 0, "posix")->script,
		"ENV=x exec /bin/tested -f -i # done >>\"$EVENTS\"\n");
	assert_null(case_scene(diag, tc, tc->variants, "posix", words_of, (void *)"STARTUP", &na));
	assert_string_equal(na, "the shell's file has no 'startup', which says how it reads a "
				"startup file");
	talloc_free(diag);
}

static void test_dialects(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag,
		HEAD PROSE SCRIPT "script fish:\n    actor job; echo done >>$EVENTS\n"
				  "    echo \"inner is $fish_pid\"\n" STEPS OUTCOMES);
	const char *na = NULL;

	(void)state;
	assert_string_equal(scene_of(tc, 0, "fish")->script,
		"actor job; echo done >>$EVENTS\necho \"inner is $fish_pid\"\n");
	assert_int_equal(scene_of(tc, 0, "fish")->step_count, 2);
	assert_non_null(strstr(scene_of(tc, 0, "posix")->script, "status"));
	assert_null(case_scene(diag, tc, tc->variants, "rc", words_of, NULL, &na));
	assert_string_equal(na, "the case has no text of 'script' for the dialect 'rc'");

	/* One text may serve several. */
	tc = parse_good(diag,
		HEAD PROSE SCRIPT "script rc fish:\n    actor job\n"
				  "    echo done >>$EVENTS; echo inner\n" STEPS OUTCOMES);
	assert_string_equal(scene_of(tc, 0, "rc")->script, scene_of(tc, 0, "fish")->script);
	assert_null(case_scene(diag, tc, tc->variants, "csh", words_of, NULL, &na));

	/* Steps that type are shell text. */
	tc = parse_good(diag, TTY_HEAD PROSE TTY_STEPS("") OUTCOMES);
	assert_null(case_scene(diag, tc, tc->variants, "fish", words_of, NULL, &na));
	assert_string_equal(na, "the case has no text of 'steps' for the dialect 'fish'");
	talloc_free(diag);
}

static void test_link(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag,
		"title: T\nmode: link\nspec: unspecified\nvary: SIG = TERM RTMIN+1\n"
		"needs: environment pid1\nsession: pid1\n\nProse.\n\n"
		"command:\n    actor job on ${SIG} note\n\n"
		"steps:\n    await job ready\n    await link waiting\n    signal ${SIG} "
		"link.group\n"
		"    settle\n"
		"outcomes:\n    passed  job got ${SIG} from link, link.pid != job.pid  permitted  "
		"x\n");

	(void)state;
	assert_int_equal(tc->mode, MODE_LINK);
	assert_false(tc->terminal);
	assert_int_equal(tc->session, SESSION_PID1);
	assert_string_equal(scene_of(tc, 1, "posix")->script, "actor job on RTMIN+1 note\n");
	assert_string_equal(scene_of(tc, 1, "posix")->names[0], "job");
	assert_string_equal(scene_of(tc, 1, "posix")->steps[1].who, "link");
	assert_string_equal(tc->scene, "command:\n    actor job on ${SIG} note\n\n"
				       "steps:\n    await job ready\n    await link waiting\n    "
				       "signal ${SIG} link.group\n"
				       "    settle");
	talloc_free(diag);
}

static void test_continuation_rows(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(diag, HEAD PROSE SCRIPT STEPS
		"outcomes:\n    long    done before status,\n            status = 3\n"
		"        job ended exit 0  permitted  it is long,  and\n"
		"            # a comment\n            goes on\n    short  done  conforms  x\n");
	const struct outcome_row *rows = scene_of(tc, 0, "posix")->rows;

	(void)state;
	assert_int_equal(rows[0].condition_count, 3);
	assert_string_equal(rows[0].conditions[2].text, "job ended exit 0");
	assert_string_equal(rows[0].meaning, "it is long, and goes on");
	assert_int_equal(rows[0].line, 15);
	assert_string_equal(rows[1].label, "short");
	assert_int_equal(rows[1].line, 20);
	talloc_free(diag);
}

static void test_terminal_steps(void **state)
{
	struct diag *diag = diag_new(NULL);
	struct test_case *tc = parse_good(
		diag, TTY_HEAD PROSE TTY_STEPS(
			      "    press ^C\n    press ^?\n    press ^\\\n    type  a   b\n"
			      "    resize 10x20\n    signal INT job.group\n"
			      "    tell job on INT exit 3\n    settle look\n"
			      "    await job got INT since look\n") OUTCOMES);
	const struct step *steps = scene_of(tc, 0, "posix")->steps;

	(void)state;
	assert_true(tc->terminal);
	assert_int_equal(tc->session, SESSION_LEADER);
	assert_null(scene_of(tc, 0, "posix")->script);
	assert_string_equal(steps[0].arg, "actor job; echo done >>\"$EVENTS\"");
	assert_int_equal(steps[1].key, 3);
	assert_int_equal(steps[2].key, 0x7f);
	assert_int_equal(steps[3].key, 0x1c);
	assert_string_equal(steps[4].arg, "a   b");
	assert_int_equal(steps[5].rows, 10);
	assert_int_equal(steps[5].columns, 20);
	assert_true(steps[6].group);
	assert_string_equal(steps[6].who, "job");
	assert_string_equal(steps[7].who, "job");
	assert_string_equal(steps[7].arg, "on INT exit 3");
	assert_string_equal(steps[8].arg, "look");
	assert_string_equal(steps[9].event.since, "look");
	talloc_free(diag);
}

/* ---- words, signals, complaints ---- */

static void test_nearest_word(void **state)
{
	static const char *const words[] = {"title", "mode", "spec", "INT", NULL};

	(void)state;
	assert_string_equal(nearest_word("titel", words), "title");
	assert_string_equal(nearest_word("MODE", words), "mode");
	assert_string_equal(nearest_word("pec", words), "spec");
	assert_string_equal(nearest_word("int", words), "INT");
	assert_null(nearest_word("colour", words));
	assert_null(nearest_word("", words));
	assert_null(nearest_word("x", words));
	assert_null(nearest_word("a-very-long-word-that-nobody-could-have-meant-to-type", words));
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(signal_number("INT"), SIGINT);
	assert_int_equal(signal_number("SIGINT"), SIGINT);
	assert_int_equal(signal_number("CLD"), SIGCHLD);
	assert_int_equal(signal_number("RTMIN"), SIGRTMIN);
	assert_int_equal(signal_number("SIGRTMIN+1"), SIGRTMIN + 1);
	assert_int_equal(signal_number("RTMAX-1"), SIGRTMAX - 1);
	assert_int_equal(signal_number("RTMAX"), SIGRTMAX);
	assert_int_equal(signal_number("int"), 0);
	assert_int_equal(signal_number(""), 0);
	assert_int_equal(signal_number("0"), 0);
	assert_int_equal(signal_number("65"), 0);
	assert_int_equal(signal_number("RTMIN+99"), 0);
	assert_int_equal(signal_number("RTMIN+"), 0);
	for (int sig = 1; sig <= 64; sig++)
		assert_int_equal(signal_number(signal_name(sig)), sig);
	assert_string_equal(signal_name(SIGRTMIN + 1), "RTMIN+1");
	assert_string_equal(signal_name(0), "?");
	assert_string_equal(signal_name(-5), "?");
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(verdict_word(VERDICT_NONE), "");
	assert_string_equal(verdict_word(VERDICT_VIOLATES), "violates");
	assert_string_equal(mode_word(MODE_STDIN), "stdin");
	assert_string_equal(session_word(SESSION_BACKGROUND), "background");
}

static void test_printing(void **state)
{
	struct diag *diag = diag_new(NULL);
	char *out = NULL;
	size_t length;
	FILE *stream = open_memstream(&out, &length);
	char *flood = talloc_array(diag, char, 2001);

	(void)state;
	diag_add(diag, "a", 0, "esc \033[2J \xff \xc2\x9b caf\xc3\xa9");
	diag_add(diag, "a", 3, "plain");
	memset(flood, 'f', 2000);
	flood[2000] = '\0';
	diag_add(diag, "a", 4, "%s", flood);
	assert_true(strlen(diag->messages[2]) < 700);
	diag->count = 2;
	diag_print(diag, stream);
	fclose(stream);
	assert_string_equal(out, "sigmatrix: a: esc \\x1b[2J \\xff \\xc2\\x9b caf\xc3\xa9\n"
				 "sigmatrix: a:3: plain\n");
	free(out);
	talloc_free(diag);
}

/* ---- directories ---- */

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void check_globs(const char *dir, char *const *globs, const char *expected)
{
	struct diag *diag = diag_new(NULL);
	size_t count;
	struct test_case **cases = case_load_all(diag, dir, globs, &count, diag);
	char *names = talloc_strdup(diag, "");

	for (size_t i = 0; i < count; i++)
		names = talloc_asprintf_append(names, "%s ", cases[i]->name);
	assert_string_equal(names, expected);
	talloc_free(diag);
}

static void test_load_all(void **state)
{
	static const char good[] = HEAD PROSE SCRIPT STEPS OUTCOMES;
	char dir[] = "/tmp/sigmatrix-test-XXXXXX", group[64], command[64];
	struct diag *diag = diag_new(NULL);
	size_t count;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(group, sizeof group, "%s/exec", dir);
	mkdir(group, 0700);
	write_file(group, "zeta.case", good);
	write_file(group, "alpha.case", good);
	write_file(group, "broken.case", "titel: T\n");
	write_file(group, "notes.txt", "nothing");
	write_file(group, ".hidden.case", "nothing");
	write_file(dir, "README", "nothing");
	snprintf(group, sizeof group, "%s/exec-more", dir);
	mkdir(group, 0700);
	write_file(group, "beta.case", good);
	write_file(group, "Bad.case", good);
	write_file(dir, "stray.case", good);

	check_globs(dir, NULL, "exec-more/beta exec/alpha exec/zeta ");
	check_globs(dir, (char *[]){NULL}, "exec-more/beta exec/alpha exec/zeta ");
	check_globs(dir, (char *[]){"exec", NULL}, "exec/alpha exec/zeta ");
	check_globs(dir, (char *[]){"*eta", NULL}, "exec-more/beta exec/zeta ");
	check_globs(dir, (char *[]){"exec/a*", "beta", NULL}, "exec-more/beta exec/alpha ");
	check_globs(dir, (char *[]){"none", NULL}, "");

	case_load_all(diag, dir, NULL, &count, diag);
	assert_non_null(strstr(all_messages(diag), "broken.case:1: unknown key 'titel'"));
	assert_non_null(strstr(all_messages(diag), "Bad.case: group and name of a case must be"));
	assert_non_null(strstr(all_messages(diag), "stray.case: a case belongs in a group"));
	snprintf(group, sizeof group, "%s/absent", dir);
	assert_null(case_load(diag, group, "a/b", diag));
	assert_non_null(strstr(all_messages(diag), "/absent: unable to read: No such file"));
	assert_null(case_load(diag, dir, "a/b", diag));
	assert_non_null(strstr(all_messages(diag), ": not a regular file"));
	case_load_all(diag, group, NULL, &count, diag);
	assert_int_equal(count, 0);
	assert_non_null(strstr(all_messages(diag), "unable to read the directory"));
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	talloc_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_good_cases),
		cmocka_unit_test(test_all_complaints_of_a_file),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_broken_copies),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_marks_counts_and_orders),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_limit_of_variants),
		cmocka_unit_test(test_substitution),
		cmocka_unit_test(test_missing_inner_shell),
		cmocka_unit_test(test_startup),
		cmocka_unit_test(test_dialects),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_storm_steps),
		cmocka_unit_test(test_continuation_rows),
		cmocka_unit_test(test_terminal_steps),
		cmocka_unit_test(test_nearest_word),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_printing),
		cmocka_unit_test(test_load_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
