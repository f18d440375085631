/* The results document: what is written comes back, and what a stranger wrote harms nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "model/record.h"

struct fixture {
	char directory[64];
	const char *path, *other;
	struct diag *diag;
};

static int set_up(void **state)
{
	struct fixture *fixture = talloc_zero(NULL, struct fixture);

	strcpy(fixture->directory, "/tmp/sigmatrix-record-XXXXXX");
	if (!mkdtemp(fixture->directory))
		return -1;
	fixture->path = talloc_asprintf(fixture, "%s/a.json", fixture->directory);
	fixture->other = talloc_asprintf(fixture, "%s/b.json", fixture->directory);
	fixture->diag = diag_new(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	unlink(fixture->other);
	/* Fails when a temporary file was left behind. */
	if (rmdir(fixture->directory))
		return -1;
	talloc_free(fixture);
	return 0;
}

static char *slurp(const void *parent, const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = talloc_zero_size(parent, 1 << 20);

	assert_non_null(in);
	assert_true(fread(text, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	return text;
}

static void spill(const char *path, const char *text, size_t length)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* Results whose every text is what a hostile subject would choose. */
static struct results *sample(const void *parent)
{
	static const char *none[] = {"", NULL};
	static const char *signals[] = {"TERM", "INT", NULL};
	static struct row_record rows[] = {{"exec", "one \"process\"", VERDICT_CONFORMS},
		{"fork", "line\nline", VERDICT_PERMITTED}};
	static const char *shells[] = {"zsh", "bash"};
	struct results *results = talloc_zero(parent, struct results);

	results->host = (struct host_record){.kernel = "6.1",
		.machine = "x86_64",
		.system = "Debian <b>",
		.date = "2024-05-01T10:00:00Z",
		.trace = "ptrace",
		.isolation = "pid namespace",
		.user = "root",
		.command = "sigmatrix run \xff\xfe \033[31m",
		.complete = true};
	results->shell_count = 3;
	results->shells = talloc_zero_array(results, struct shell_record, 3);
	results->shells[0] = (struct shell_record){"zsh", "Z shell", "zsh", "/bin/zsh",
		"5.9 \x80\xc3\x28", "abc", NULL, SUBJECT_SHELL};
	results->shells[1] = (struct shell_record){
		"bash", "Bash", "bash", "/bin/bash", "5.2", "def", NULL, SUBJECT_SHELL};
	results->shells[2] = (struct shell_record){
		"posh", "posh", "posh", NULL, NULL, NULL, "not found; install posh", SUBJECT_SHELL};
	results->case_count = 2;
	results->cases = talloc_zero_array(results, struct case_record, 2);
	results->cases[0] = (struct case_record){"exec/simple", "exec", "A title | with `ticks`",
		"POSIX", "Prose.\n\nMore.", none, rows, 2, "script:\n    true"};
	results->cases[1] = (struct case_record){
		"exec/trap", "exec", "Trap", "unspecified", "", signals, rows, 2, NULL};
	results->cells = talloc_zero_array(results, struct cell, 6);
	for (size_t i = 0; i < 6; i++) {
		struct cell *cell = &results->cells[results->cell_count++];

		*cell = (struct cell){.case_name = i < 2 ? "exec/simple" : "exec/trap",
			.variant = i < 2 ? "" : signals[(i - 2) / 2],
			.shell = shells[i % 2],
			.outcome = "exec",
			.verdict = VERDICT_CONFORMS,
			.reason = "\033]0;owned\007 \xc0\xaf job.pid = shell.pid"};
	}
	results->cells[0].facts = (char *)"{\"z\":1.5,\"a\":{\"y\":[null,true],\"b\":\"\\u001b\"}}";
	results->cells[1].outcome = "unstable";
	results->cells[1].verdict = VERDICT_NONE;
	results->cells[1].runs = json_pack("{s:i,s:i}", "fork", 2, "exec", 3);
	return results;
}

static void drop(struct results *results)
{
	json_decref(results->cells[1].runs);
	talloc_free(results);
}

static void test_round_trip(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture), *loaded;

	assert_int_equal(results_save(results, fixture->path), 0);
	loaded = results_load(fixture, fixture->path, fixture->diag);
	assert_int_equal(fixture->diag->count, 0);
	assert_non_null(loaded);
	assert_int_equal(results_save(loaded, fixture->other), 0);
	assert_string_equal(slurp(fixture, fixture->path), slurp(fixture, fixture->other));

	assert_true(loaded->host.complete);
	assert_string_equal(loaded->host.command, "sigmatrix run \\xff\\xfe \033[31m");
	assert_string_equal(loaded->shells[0].version, "5.9 \\x80\\xc3(");
	assert_null(loaded->shells[0].missing);
	assert_null(loaded->shells[2].file);
	assert_string_equal(loaded->cases[0].rows[1].meaning, "line\nline");
	assert_int_equal(loaded->cases[0].rows[1].verdict, VERDICT_PERMITTED);
	assert_string_equal(
		loaded->cells[0].facts, "{\"a\":{\"b\":\"\\u001B\",\"y\":[null,true]},\"z\":1.5}");
	assert_string_equal(
		loaded->cells[0].reason, "\033]0;owned\007 \\xc0\\xaf job.pid = shell.pid");
	drop(results);
}

static void test_one_cell_a_line_and_sorted_keys(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture);
	const char *text, *last = NULL;

	assert_int_equal(results_save(results, fixture->path), 0);
	text = slurp(fixture, fixture->path);
	assert_non_null(strstr(text, "\n{\"case\":\"exec/simple\",\"facts\":"));
	for (const char *const *key = (const char *const[]){"\"cases\":[\n", "\"cells\":[\n",
		     "\"host\":", "\"schema\":1", "\"shells\":[\n", NULL};
		*key; key++) {
		assert_non_null(strstr(text, *key));
		assert_true(!last || strstr(text, *key) > last);
		last = strstr(text, *key);
	}
	drop(results);
}

static void test_lookup(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture);
	struct cell swapped = results->cells[0];

	results->cells[0] = results->cells[5];
	results->cells[5] = swapped;
	results_sort(results);
	for (size_t i = 0; i < results->cell_count; i++) {
		const struct cell *cell = &results->cells[i];

		assert_ptr_equal(
			results_cell(results, cell->case_name, cell->variant, cell->shell), cell);
	}
	/* Variants and shells in the order of the case and of the run, not of the alphabet. */
	assert_string_equal(results->cells[0].shell, "zsh");
	assert_string_equal(results->cells[2].variant, "TERM");
	assert_null(results_cell(results, "exec/simple", "", "posh"));
	assert_null(results_cell(results, "exec/simple", "INT", "zsh"));
	assert_null(results_cell(results, "nothing", "", "zsh"));
	json_decref(results_cell(results, "exec/simple", "", "bash")->runs);
	talloc_free(results);
}

static void test_cell_json(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture);
	struct cell cell;
	json_t *json = cell_json(&results->cells[1]);

	assert_true(cell_from_json(fixture, json, &cell));
	json_decref(json);
	assert_string_equal(cell.outcome, "unstable");
	assert_true(json_equal(cell.runs, results->cells[1].runs));
	assert_null(cell.facts);

	results->cells[0].facts = (char *)"[1]";
	assert_null(cell_json(&results->cells[0]));
	results->cells[0].facts = (char *)"{";
	assert_null(cell_json(&results->cells[0]));
	assert_int_not_equal(results_save(results, fixture->path), 0);
	assert_int_equal(access(fixture->path, F_OK), -1);
	assert_false(cell_from_json(fixture, NULL, &cell));
	drop(results);
}

static void test_save_keeps_links_and_devices(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture);
	struct stat status;

	spill(fixture->other, "old", 3);
	assert_int_equal(symlink(fixture->other, fixture->path), 0);
	assert_int_equal(results_save(results, fixture->path), 0);
	assert_int_equal(lstat(fixture->path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_non_null(results_load(fixture, fixture->other, fixture->diag));

	assert_int_equal(results_save(results, "/dev/null"), 0);
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
	assert_int_equal(results_save(results, "/dev/full"), -ENOSPC);
	assert_int_equal(results_save(results, fixture->directory), -EISDIR);
	assert_int_equal(results_save(results, "/nonexistent/a.json"), -ENOENT);
	drop(results);
}

static void refuse(struct fixture *fixture, const char *text, size_t length, const char *expected)
{
	struct diag *diag = diag_new(fixture);

	spill(fixture->path, text, length);
	assert_null(results_load(fixture, fixture->path, diag));
	assert_int_equal(diag->count, 1);
	if (!strstr(diag->messages[0], expected))
		fail_msg("\"%s\" does not say \"%s\"", diag->messages[0], expected);
	assert_non_null(strstr(diag->messages[0], fixture->path));
	assert_non_null(strstr(diag->messages[0], "run `sigmatrix run --output"));
	talloc_free(diag);
}

/* Every beginning of a good document is refused as such, with the line. */
static void test_truncated(void **state)
{
	struct fixture *fixture = *state;
	struct results *results = sample(fixture);
	const char *text;

	assert_int_equal(results_save(results, fixture->path), 0);
	text = slurp(fixture, fixture->path);
	for (size_t length = 0; length < strlen(text) - 2; length += 3)
		refuse(fixture, text, length, ": column ");
	refuse(fixture, text, strlen(text) - 3, "the file is cut short");
	drop(results);
}

/* A good document with 'from' replaced by 'to'. */
static void refuse_changed(
	struct fixture *fixture, const char *from, const char *to, const char *expected)
{
	struct results *results = sample(fixture);
	char *text, *at, *changed;

	unlink(fixture->path);
	assert_int_equal(results_save(results, fixture->path), 0);
	text = slurp(fixture, fixture->path);
	at = strstr(text, from);
	assert_non_null(at);
	changed =
		talloc_asprintf(fixture, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	refuse(fixture, changed, strlen(changed), expected);
	talloc_free(text);
	drop(results);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *from, *to, *expected;
	} rows[] = {
		{"\"schema\":1", "\"schema\":2", "schema 2, but this sigmatrix reads schema 1"},
		{"\"schema\":1", "\"schema\":-9223372036854775808", "schema -9223372036854775808"},
		{"\"schema\":1", "\"schema\":1e0", "\"schema\" must be a whole number, but is a"},
		{"\"schema\":1", "\"schema\":99999999999999999999", "too big integer"},
		{"\"schema\":1", "\"schema\":1e999", "real number overflow"},
		{"\"schema\":1", "\"other\":1", "member \"schema\" is missing"},
		{"\"complete\":true", "\"complete\":1", "host: member \"complete\" must be true"},
		{"\"kernel\":\"6.1\"", "\"kernel\":6.1",
			"host: member \"kernel\" must be a string"},
		{"\"shells\":[", "\"shells\":7,\"x\":[",
			"\"shells\" must be an array, but is a whole"},
		{"\"cells\":[", "\"x\":[", "member \"cells\" is missing"},
		{"\"cells\":[", "\"cells\":[null,", "cells[0]: must be an object"},
		{"\"outcome\":\"exec\"", "\"outcome\":null",
			"cells[0]: member \"outcome\" must be"},
		{"\"case\":\"exec/simple\"", "\"case\":\"exec/none\"",
			"which \"cases\" does not list"},
		{"\"shell\":\"zsh\"", "\"shell\":\"ksh\"", "which \"shells\" does not list"},
		{"\"variant\":\"\"", "\"variant\":\"HUP\"", "\"exec/simple\" does not have"},
		{"\"shell\":\"bash\"", "\"shell\":\"zsh\"", "is there twice"},
		{"\"name\":\"bash\"", "\"name\":\"zsh\"",
			"shells[1]: the shell \"zsh\" is there twice"},
		{"\"name\":\"exec/trap\"", "\"name\":\"exec/simple\"", "is there twice"},
		{"[\"TERM\",\"INT\"]", "[]", "cases[1]: member \"variants\" is empty"},
		{"[\"TERM\",\"INT\"]", "[1]", "cases[1]: member \"variants\" must be"},
		{"[\"TERM\",\"INT\"]", "[\"A\",\"A\"]", "the variant \"A\" is there twice"},
		{"\"label\":\"fork\"", "\"label\":{}", "cases[0]: outcomes[1]: member \"label\""},
		{"\"exec\":3", "\"exec\":0", "\"runs\": \"exec\" is not a count"},
		{"\"exec\":3", "\"exec\":4294967296", "\"runs\": \"exec\" is not a count"},
		{"\"facts\":{", "\"facts\":[],\"x\":{", "\"facts\" must be an object"},
		{"\"verdict\":\"permitted\"", "\"verdict\":\"\033[2J\"", ": column "},
		{"\"verdict\":\"permitted\"", "\"verdict\":\"good\"",
			"\"verdict\" is \"good\", not"},
		{"\"machine\":\"x86_64\"", "\"machine\":\"\xff\"", "unable to decode byte 0xff"},
		{"\"machine\":\"x86_64\"", "\"machine\":\"a\\u0000b\"", "\\u0000 is not allowed"},
		{"\"machine\":\"x86_64\"", "\"machine\":\"a\",\"machine\":\"b\"", "duplicate"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refuse_changed(*state, rows[i].from, rows[i].to, rows[i].expected);
}

static void test_not_a_document(void **state)
{
	struct fixture *fixture = *state;
	size_t depth = 100000;
	char *deep = talloc_size(fixture, depth);

	refuse(fixture, "[]", 2, "not a results document");
	refuse(fixture, "{}", 2, "member \"schema\" is missing");
	refuse(fixture, "7", 1, ": column ");
	refuse(fixture, "{}{}", 4, ":1: column ");
	refuse(fixture, "{\n\"a\":\n\0}", 9, ":3: column ");
	memset(deep, '[', depth);
	refuse(fixture, deep, depth, "depth");
}

static void test_unreadable(void **state)
{
	struct fixture *fixture = *state;

	assert_null(results_load(fixture, "/nonexistent", fixture->diag));
	assert_non_null(strstr(fixture->diag->messages[0], "unable to open: No such file"));
	assert_null(results_load(fixture, fixture->directory, fixture->diag));
	assert_non_null(strstr(fixture->diag->messages[1], "unable to read: Is a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_one_cell_a_line_and_sorted_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lookup, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cell_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_save_keeps_links_and_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_a_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
