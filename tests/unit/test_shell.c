/* Shell files, --shell, and finding the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "model/command.h"
#include "model/shell.h"

/* A directory of its own for every test. */
struct fixture {
	char dir[32];
	struct diag *diag;
};

static int setup(void **state)
{
	struct fixture *fixture = talloc_zero(NULL, struct fixture);

	strcpy(fixture->dir, "/tmp/sigmatrix-test-XXXXXX");
	fixture->diag = diag_new(fixture);
	*state = fixture;
	return mkdtemp(fixture->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char *command = talloc_asprintf(fixture, "rm -r %s", fixture->dir);
	int status = system(command);

	talloc_free(fixture);
	return status;
}

static const char *path_of(struct fixture *fixture, const char *name)
{
	return talloc_asprintf(fixture, "%s/%s", fixture->dir, name);
}

static const char *write_file(struct fixture *fixture, const char *name, const char *text)
{
	const char *path = path_of(fixture, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static const char *messages(const struct diag *diag)
{
	char *all = talloc_strdup(diag, "");

	for (size_t i = 0; i < diag->count; i++)
		all = talloc_asprintf_append(all, "%s\n", diag->messages[i]);
	return all;
}

static struct shell *load(struct fixture *fixture, const char *name, const char *text)
{
	const char *path = write_file(fixture, talloc_asprintf(fixture, "%s.shell", name), text);

	return shell_load(fixture, path, name, fixture->diag);
}

static struct shell *load_good(struct fixture *fixture, const char *name, const char *text)
{
	struct shell *shell = load(fixture, name, text);

	if (!shell)
		fail_msg("%s", messages(fixture->diag));
	return shell;
}

static void assert_words(const char **words, const char *expected)
{
	char *joined = talloc_strdup(NULL, "");

	for (size_t i = 0; words[i]; i++)
		joined = talloc_asprintf_append(joined, "[%s]", words[i]);
	assert_string_equal(joined, expected);
	talloc_free(joined);
}

static void test_every_key(void **state)
{
	struct shell *shell = load_good(*state, "xsh",
		"# comment\n\ntitle: The X shell\nfamily: ksh\npackage: x-sh+\nprogram: xsh-bin\n"
		"argv0: sh\noptions: -a  -b\ncommand: -x -c\nscript: --\nstdin:\ninteractive: -i "
		"-l\nstartup: exec ${SHELL} -i\n"
		"env: A=1\nenv: B=two words\nlacks: monitor set-b\ndialect: fish\n"
		"version: echo \"$X: 1\"\norder: 3\n");

	assert_string_equal(shell->name, "xsh");
	assert_string_equal(shell->title, "The X shell");
	assert_string_equal(shell->family, "ksh");
	assert_string_equal(shell->package, "x-sh+");
	assert_string_equal(shell->program, "xsh-bin");
	assert_string_equal(shell->argv0, "sh");
	assert_words(shell->options, "[-a][-b]");
	assert_words(shell->command, "[-x][-c]");
	assert_words(shell->script, "[--]");
	assert_words(shell->stdin_words, "");
	assert_words(shell->interactive, "[-i][-l]");
	assert_string_equal(shell->startup_text, "exec ${SHELL} -i");
	assert_words(shell->env, "[A=1][B=two words]");
	assert_words(shell->lacks, "[monitor][set-b]");
	assert_string_equal(shell->dialect, "fish");
	assert_string_equal(shell->version_text, "echo \"$X: 1\"");
}

static void test_defaults(void **state)
{
	struct shell *shell = load_good(*state, "xsh", "title: X\nprogram: xsh\n");

	assert_string_equal(shell->family, "xsh");
	assert_null(shell->package);
	assert_null(shell->argv0);
	assert_null(shell->startup_text);
	assert_null(shell->version_text);
	assert_words(shell->options, "");
	assert_words(shell->command, "[-c]");
	assert_words(shell->script, "");
	assert_words(shell->stdin_words, "[-s]");
	assert_words(shell->interactive, "[-i]");
	assert_words(shell->env, "");
	assert_words(shell->lacks, "");
	assert_string_equal(shell->dialect, "posix");
}

static void test_like(void **state)
{
	struct shell *shell;

	write_file(*state, "base.shell",
		"title: Base\nprogram: base\npackage: base\noptions: -f\nenv: A=1\nenv: B=2\n");
	shell = load_good(*state, "derived",
		"title: Derived\noptions:\nenv: B=3\nenv: C=4\nlike: base\nargv0: sh\n");
	assert_string_equal(shell->title, "Derived");
	assert_string_equal(shell->program, "base");
	assert_string_equal(shell->package, "base");
	assert_string_equal(shell->argv0, "sh");
	assert_string_equal(shell->family, "derived");
	assert_words(shell->options, "");
	assert_words(shell->env, "[A=1][B=3][C=4]");
	assert_non_null(strstr(shell->path, "/derived.shell"));
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *complaint;
	} faults[] = {
		{"", "f.shell: the file is empty"},
		{"titel: X\n", "f.shell:1: unknown key 'titel'; did you mean 'title'?"},
		{"colour: X\n", "f.shell:1: unknown key 'colour'"},
		{"# x\n", "f.shell:1: there is no 'title'"},
		{"title: X\n", "f.shell:1: there is no 'program'"},
		{"title: X\ntitle: Y\n", "f.shell:2: 'title' is in line 1 already"},
		{"title:\n", "f.shell:1: 'title' has no value"},
		{"title\n", "f.shell:1: 'title' is no 'key: value' line"},
		{"program: a b\n", "f.shell:1: program 'a b' must be one word"},
		{"package: -y\n", "f.shell:1: package '-y' must be"},
		{"argv0: a/b\n", "f.shell:1: argv0 'a/b' must be"},
		{"family: A\n", "f.shell:1: family 'A' must be lower-case"},
		{"dialect: A\n", "f.shell:1: dialect 'A' must be lower-case"},
		{"env: A\n", "f.shell:1: env 'A' must be NAME=VALUE"},
		{"env: 1A=x\n", "f.shell:1: env '1A=x' must be NAME=VALUE"},
		{"env: EVENTS=x\n", "f.shell:1: env 'EVENTS' is set by the player"},
		{"lacks: wait set_b\n",
			"f.shell:1: unknown feature 'set_b'; did you mean 'set-b'?"},
		{"lacks: Fg\n", "f.shell:1: unknown feature 'Fg'; known: job-control, monitor, "},
		{"order: many\n", "f.shell:1: order 'many' must be a number"},
		{"order: -1\n", "f.shell:1: order '-1' must be a number"},
		{"like: nobody\n", "f.shell:1: like 'nobody': there is no"},
		{"like: ../x\n", "f.shell:1: like '../x' must be the name"},
		{"like: f\n", "f.shell:1: 'like' goes in a circle"},
		{"title: X\r\n", "f.shell:1: line ends with a carriage return"},
		{"title: X\nprogram: x", "f.shell:2: the last line has no newline"},
		{"title: \xff\n", "f.shell:1: byte 0xff is not UTF-8"},
	};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct fixture *fixture = *state;

		fixture->diag = diag_new(fixture);
		if (load(fixture, "f", faults[i].text) ||
			!strstr(messages(fixture->diag), faults[i].complaint))
			fail_msg("%s\nshould have been told:\n%s\nwas told:\n%s", faults[i].text,
				faults[i].complaint, messages(fixture->diag));
	}
}

static void test_all_complaints(void **state)
{
	struct fixture *fixture = *state;

	assert_null(load(fixture, "f", "titel: X\norder: x\nargv0: a/b\n"));
	assert_int_equal(fixture->diag->count, 5);
	assert_null(load(fixture, "Bad", "title: X\nprogram: x\n"));
	assert_non_null(strstr(messages(fixture->diag), "Bad.shell: the file's name must be"));
	assert_null(shell_load(fixture, path_of(fixture, "none"), "none", fixture->diag));
	assert_non_null(strstr(messages(fixture->diag), "/none: unable to read: No such file"));
}

static void test_load_all(void **state)
{
	struct fixture *fixture = *state;
	struct shell **shells;
	size_t count;

	write_file(fixture, "c.shell", "title: C\nprogram: c\n");
	write_file(fixture, "b.shell", "title: B\nprogram: b\norder: 60\n");
	write_file(fixture, "a.shell", "title: A\nprogram: a\norder: 50\n");
	write_file(fixture, "z.shell", "like: b\ntitle: Z\norder: 1\n");
	write_file(fixture, "bad.shell", "nonsense\n");
	write_file(fixture, "README", "nothing\n");
	write_file(fixture, ".shell", "nothing\n");
	shells = shell_load_all(fixture, fixture->dir, &count, fixture->diag);
	assert_int_equal(count, 4);
	assert_string_equal(shells[0]->name, "z");
	assert_string_equal(shells[1]->name, "a");
	assert_string_equal(shells[2]->name, "c");
	assert_string_equal(shells[3]->name, "b");
	assert_non_null(strstr(messages(fixture->diag), "bad.shell:1: 'nonsense' is no"));
	shells = shell_load_all(fixture, "/nonexistent", &count, fixture->diag);
	assert_int_equal(count, 0);
	assert_non_null(strstr(messages(fixture->diag), "/nonexistent: unable to read"));
}

/* The files this project ships. The tests run in its root. */
static void test_our_own(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	struct shell **shells = shell_load_all(fixture, "shells", &count, fixture->diag);

	assert_string_equal(messages(fixture->diag), "");
	assert_true(count >= 6);
	assert_string_equal(shells[0]->name, "dash");
	assert_string_equal(shells[1]->name, "bash");
	assert_words(shells[1]->options, "[--norc][--noprofile]");
	assert_string_equal(shells[2]->name, "bash-sh");
	assert_string_equal(shells[2]->argv0, "sh");
	assert_string_equal(shells[2]->program, "bash");
	assert_string_equal(shells[2]->family, "bash");
}

static void test_option(void **state)
{
	struct fixture *fixture = *state;
	struct shell *shell = shell_from_option(fixture, "my-sh=./my-sh  -x -y=z", fixture->diag);

	assert_non_null(shell);
	assert_string_equal(shell->name, "my-sh");
	assert_string_equal(shell->title, "my-sh");
	assert_string_equal(shell->family, "my-sh");
	assert_string_equal(shell->program, "./my-sh");
	assert_words(shell->options, "[-x][-y=z]");
	assert_words(shell->command, "[-c]");
	assert_null(shell->path);
	assert_null(shell_from_option(fixture, "my-sh", fixture->diag));
	assert_null(shell_from_option(fixture, "My=x", fixture->diag));
	assert_null(shell_from_option(fixture, "../a=x", fixture->diag));
	assert_null(shell_from_option(fixture, "=x", fixture->diag));
	assert_null(shell_from_option(fixture, "a= ", fixture->diag));
	assert_int_equal(fixture->diag->count, 5);
	assert_string_equal(
		fixture->diag->messages[0], "--shell: 'my-sh' must be NAME=COMMAND ARGS");
	assert_non_null(strstr(fixture->diag->messages[4], "has no command"));
}

static struct shell *resolved(struct fixture *fixture, const char *option)
{
	struct shell *shell = shell_from_option(fixture, option, fixture->diag);

	shell_resolve(shell);
	return shell;
}

static void test_resolve_in_path(void **state)
{
	struct fixture *fixture = *state;
	const char *program = write_file(fixture, "xsh", "abc");
	char *path = talloc_strdup(fixture, getenv("PATH"));
	struct shell *shell;

	/* A file that cannot be executed is passed over. */
	mkdir(path_of(fixture, "first"), 0700);
	write_file(fixture, "first/xsh", "not executable");
	setenv("PATH",
		talloc_asprintf(fixture, "%s/first::%s:/usr/bin:/bin", fixture->dir, fixture->dir),
		1);
	chmod(program, 0700);
	shell = resolved(fixture, "x=xsh");
	assert_string_equal(shell->file, program);
	assert_null(shell->missing);
	assert_string_equal(shell->version, "unknown");
	assert_string_equal(shell->sha256, "unknown");
	shell_checksum(shell);
	assert_string_equal(
		shell->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

	shell = resolved(fixture, "x=no-such-shell");
	assert_null(shell->file);
	assert_string_equal(
		shell->missing, "no-such-shell is not installed: there is none in PATH");
	shell = load_good(fixture, "nosh", "title: N\nprogram: no-such-shell\npackage: nosh\n");
	shell_resolve(shell);
	assert_string_equal(shell->missing, "no-such-shell is not installed: apt-get install nosh");
	setenv("PATH", path, 1);
}

static void test_resolve_path(void **state)
{
	struct fixture *fixture = *state;
	const char *program = write_file(fixture, "xsh", "abc");
	char *old = getcwd(NULL, 0);
	struct shell *shell;

	chmod(program, 0700);
	assert_int_equal(symlink("xsh", path_of(fixture, "link")), 0);
	mkdir(path_of(fixture, "dir"), 0700);
	write_file(fixture, "plain", "x");
	assert_int_equal(chdir(fixture->dir), 0);
	/* The link's own name is kept: it tells the program who to be. */
	shell = resolved(fixture, "x=./dir/../link");
	assert_string_equal(shell->file, path_of(fixture, "link"));
	assert_string_equal(resolved(fixture, "x=./xsh")->file, program);
	assert_string_equal(
		resolved(fixture, talloc_asprintf(fixture, "x=%s", program))->file, program);
	assert_string_equal(
		resolved(fixture, "x=./dir")->missing, "unable to run ./dir: not a regular file");
	assert_string_equal(resolved(fixture, "x=./plain")->missing,
		"unable to run ./plain: not executable; chmod +x it");
	assert_string_equal(resolved(fixture, "x=./none")->missing,
		"unable to run ./none: No such file or directory");
	assert_int_equal(chdir(old), 0);
	free(old);
}

static struct shell *load_link(struct fixture *fixture, const char *name, const char *text)
{
	const char *path = write_file(fixture, talloc_asprintf(fixture, "%s.link", name), text);

	return shell_load(fixture, path, name, fixture->diag);
}

static struct shell *load_good_link(struct fixture *fixture, const char *name, const char *text)
{
	struct shell *link = load_link(fixture, name, text);

	if (!link)
		fail_msg("%s", messages(fixture->diag));
	return link;
}

static void test_link(void **state)
{
	struct shell *link = load_good_link(*state, "make",
		"title: GNU make\nkind: wrapper\npackage: make\nprogram: make\n"
		"arguments: -s -f makefile\nlacks: terminal\nversion: --version\n"
		"environment: lost\ntimer: periodic\nprobe: make --version\nprobe: true\n"
		"file makefile:\n    # the rule\n    all:\n    \t${COMMAND}\n\n"
		"file service/run:\n    #!/bin/sh\norder: 7\n");

	assert_int_equal(link->kind, SUBJECT_WRAPPER);
	assert_words(link->arguments, "[-s][-f][makefile]");
	assert_words(link->lacks, "[terminal][environment]");
	assert_true(link->environment_lost);
	assert_int_equal(link->timer.kind, TIMER_PERIODIC);
	assert_int_equal(link->timer.polling_ms, 0);
	assert_words(link->probes, "[make --version][true]");
	assert_string_equal(link->version_text, "--version");
	assert_int_equal(link->file_count, 2);
	assert_string_equal(link->files[0].name, "makefile");
	assert_string_equal(link->files[0].text, "# the rule\nall:\n\t${COMMAND}\n");
	assert_string_equal(link->files[1].name, "service/run");
	assert_string_equal(link->files[1].text, "#!/bin/sh\n");

	link = load_good_link(*state, "env", "title: env\nkind: init\nprogram: env\n");
	assert_int_equal(link->kind, SUBJECT_INIT);
	assert_words(link->arguments, "[${COMMAND}]");
	assert_false(link->environment_lost);
	assert_int_equal(link->timer.kind, TIMER_NONE);
	assert_words(link->probes, "");
	assert_int_equal(link->file_count, 0);
}

static void test_link_like(void **state)
{
	struct shell *link;

	write_file(*state, "base.link",
		"title: Base\nkind: init\nprogram: base\nfile a:\n    1\nfile b:\n    2\n"
		"timer: periodic\narguments: -- ${COMMAND}\n");
	/* A shell of that name is not meant. */
	write_file(*state, "base.shell", "title: Base\nprogram: other\n");
	link = load_good_link(*state, "derived",
		"title: Derived\nlike: base\noptions: -g\nfile b:\n    3\n"
		"timer: polling 250\n");
	assert_int_equal(link->kind, SUBJECT_INIT);
	assert_string_equal(link->program, "base");
	assert_words(link->options, "[-g]");
	assert_words(link->arguments, "[--][${COMMAND}]");
	assert_int_equal(link->timer.kind, TIMER_POLLING);
	assert_int_equal(link->timer.polling_ms, 250);
	assert_int_equal(link->file_count, 2);
	assert_string_equal(link->files[0].text, "1\n");
	assert_string_equal(link->files[1].text, "3\n");
}

static void test_link_faults(void **state)
{
	static const struct {
		const char *text, *complaint;
	} faults[] = {
		{"title: X\nprogram: x\n", "f.link:1: there is no 'kind'"},
		{"kind: shell\n", "f.link:1: unknown kind 'shell'; known: init, wrapper"},
		{"kind: wraper\n", "f.link:1: unknown kind 'wraper'; did you mean 'wrapper'?"},
		{"kind:\n", "f.link:1: 'kind' has no value"},
		{"title: X\nscript: -x\n", "f.link:2: 'script' is a key of shell files"},
		{"dialect: fish\n", "f.link:1: 'dialect' is a key of shell files"},
		{"arguments: ${CMD}\n", "f.link:1: '${CMD}' is not put in"},
		{"arguments: -c ${COMMAND} ${COMMAND:x}\n",
			"f.link:1: '${COMMAND:x}' is not put in"},
		{"arguments: -x\n", "f.link:1: neither the arguments nor a file has ${COMMAND}"},
		{"arguments:\n", "f.link:1: neither the arguments nor a file has ${COMMAND}"},
		{"environment: gone\n", "f.link:1: unknown environment 'gone'; known: kept, lost"},
		{"timer: yes\n", "f.link:1: unknown timer 'yes'; known: none, periodic, polling"},
		{"timer: polling 0\n", "f.link:1: timer 'polling 0' must be: polling MILLISECONDS, "
				       "from 1 to 5000"},
		{"timer: polling 10s\n", "f.link:1: timer 'polling 10s' must be: polling MILLI"},
		{"probe:\n", "f.link:1: 'probe' has no value"},
		{"lacks: monitor\n", "f.link:1: unknown feature 'monitor'; known: environment, "},
		{"title: X\nfile:\n    x\n", "f.link:2: unknown key 'file'"},
		{"title: X\nfile x\n", "f.link:2: 'file x' must be: file NAME:"},
		{"file :\n    x\n", "f.link:1: 'file :' must be: file NAME:"},
		{"file x y:\n    x\n", "f.link:1: 'file x y:' must be: file NAME:"},
		{"file ../x:\n    x\n", "f.link:1: '../x' can be no file's name"},
		{"file /x:\n    x\n", "f.link:1: '/x' can be no file's name"},
		{"file a/:\n    x\n", "f.link:1: 'a/' can be no file's name"},
		{"file a//b:\n    x\n", "f.link:1: 'a//b' can be no file's name"},
		{"title: X\nfile x:\n\n", "f.link:2: the file 'x' is empty"},
		{"file x:\n\tx\n", "f.link:2: lines of a block are indented by four spaces, not"},
		{"like: nobody\n", "f.link:1: like 'nobody': there is no"},
	};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct fixture *fixture = *state;

		fixture->diag = diag_new(fixture);
		if (load_link(fixture, "f", faults[i].text) ||
			!strstr(messages(fixture->diag), faults[i].complaint))
			fail_msg("%s\nshould have been told:\n%s\nwas told:\n%s", faults[i].text,
				faults[i].complaint, messages(fixture->diag));
	}
}

/* A shell file has none of a link's keys. */
static void test_shell_is_no_link(void **state)
{
	struct fixture *fixture = *state;

	assert_null(load(fixture, "f", "title: X\nprogram: x\nkind: init\nprobe: x\n"));
	assert_int_equal(fixture->diag->count, 2);
	assert_non_null(strstr(fixture->diag->messages[0], "f.shell:3: 'kind' is a key of link"));
}

static void test_load_all_links(void **state)
{
	struct fixture *fixture = *state;
	struct shell **links;
	size_t count;

	write_file(fixture, "b.link", "title: B\nkind: init\nprogram: b\n");
	write_file(fixture, "a.link", "title: A\nkind: init\nprogram: a\norder: 60\n");
	write_file(fixture, "c.shell", "title: C\nprogram: c\n");
	links = link_load_all(fixture, fixture->dir, &count, fixture->diag);
	assert_string_equal(messages(fixture->diag), "");
	assert_int_equal(count, 2);
	assert_string_equal(links[0]->name, "b");
	assert_string_equal(links[1]->name, "a");
	shell_load_all(fixture, fixture->dir, &count, fixture->diag);
	assert_int_equal(count, 1);
	links = link_load_all(fixture, "links", &count, fixture->diag);
	assert_string_equal(messages(fixture->diag), "");
	assert_true(count >= 4);
}

static void test_link_option(void **state)
{
	struct fixture *fixture = *state;
	struct shell *link = link_from_option(fixture, "t=timeout -s KILL 9", fixture->diag);

	assert_int_equal(link->kind, SUBJECT_WRAPPER);
	assert_string_equal(link->program, "timeout");
	assert_words(link->options, "[-s][KILL][9]");
	assert_words(link->arguments, "[${COMMAND}]");
	assert_null(link_from_option(fixture, "t", fixture->diag));
	assert_string_equal(fixture->diag->messages[0], "--link: 't' must be NAME=COMMAND ARGS");
}

static void test_command(void **state)
{
	const char *const words[] = {"env", "A=it's $5", "", "actor", NULL};
	const char *const arguments[] = {
		"-c", "${COMMAND:sh}", "${COMMAND}", "x=${COMMAND};${COMMAND}", NULL};

	assert_string_equal(command_quote(*state, words), "env 'A=it'\\''s $5' '' actor");
	assert_string_equal(
		command_fill(*state, "a ${COMMAND} ${X} ${COMMAND:sh}", "b c"), "a b c ${X} b c");
	assert_words(command_arguments(*state, arguments, words + 2),
		"[-c]['' actor][][actor][x='' actor;'' actor]");
	assert_words(command_arguments(*state, arguments + 4, words), "");
	assert_true(command_in("x${COMMAND}"));
	assert_false(command_in("${COMMANDS} $COMMAND"));
	assert_null(command_unknown(*state, "${COMMAND}${COMMAND:sh} $X"));
	assert_string_equal(command_unknown(*state, "${COMMAND} ${X}"), "${X}");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_key),
		TEST(test_defaults),
		TEST(test_like),
		TEST(test_faults),
		TEST(test_all_complaints),
		TEST(test_load_all),
		TEST(test_our_own),
		TEST(test_option),
		TEST(test_resolve_in_path),
		TEST(test_resolve_path),
		TEST(test_link),
		TEST(test_link_like),
		TEST(test_link_faults),
		TEST(test_shell_is_no_link),
		TEST(test_load_all_links),
		TEST(test_link_option),
		TEST(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
