/* Reports: nothing a subject wrote does harm, nothing is wider than the page, nothing is lost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "report/report.h"
#include "report/select.h"

#define HOSTILE "\033[2J\033]0;t\007a|b`c`<script>&[x](y)\nz\r\xff\xc2\x9b*_\xe2\x80\xae"

/* Results built by hand; freed with talloc_free(). */
static struct results *results_new(void)
{
	struct results *results = talloc_zero(NULL, struct results);

	results->host = (struct host_record){"6.1.0", "x86_64", "Debian 12", "2024-05-01T10:00:00Z",
		"ptrace", "pid namespace", "root", "sigmatrix run", true};
	return results;
}

static struct shell_record *add_shell(
	struct results *results, const char *name, const char *missing)
{
	struct shell_record *shell;

	results->shells = talloc_realloc(
		results, results->shells, struct shell_record, results->shell_count + 1);
	shell = &results->shells[results->shell_count++];
	*shell = (struct shell_record){.name = name,
		.title = name,
		.family = name,
		.file = missing ? NULL : "/bin/sh",
		.version = missing ? NULL : "1.0",
		.sha256 = missing ? NULL : "abcdef",
		.missing = missing};
	return shell;
}

static struct case_record *add_case(
	struct results *results, const char *group, const char *name, const char **variants)
{
	static struct row_record rows[] = {{"exec", "the shell became the job", VERDICT_CONFORMS},
		{"fork", "the shell stayed", VERDICT_PERMITTED},
		{"lost", "the signal was lost", VERDICT_VIOLATES}};
	struct case_record *record;

	results->cases = talloc_realloc(
		results, results->cases, struct case_record, results->case_count + 1);
	record = &results->cases[results->case_count++];
	*record = (struct case_record){.name = name,
		.group = group,
		.title = "A title",
		.spec = "POSIX",
		.prose = "First.\n\nSecond.",
		.variants = variants,
		.rows = rows,
		.row_count = 3};
	return record;
}

static enum verdict verdict_of(const char *outcome)
{
	return !strcmp(outcome, "exec")   ? VERDICT_CONFORMS
	       : !strcmp(outcome, "fork") ? VERDICT_PERMITTED
	       : !strcmp(outcome, "lost") ? VERDICT_VIOLATES
					  : VERDICT_NONE;
}

static struct cell *add_cell(struct results *results, const char *name, const char *variant,
	const char *shell, const char *outcome)
{
	struct cell *cell;

	results->cells =
		talloc_realloc(results, results->cells, struct cell, results->cell_count + 1);
	cell = &results->cells[results->cell_count++];
	*cell = (struct cell){.case_name = name,
		.variant = variant,
		.shell = shell,
		.outcome = outcome,
		.verdict = verdict_of(outcome),
		.reason = "job.pid = shell.pid"};
	return cell;
}

static const char *no_variants[] = {"", NULL};
static const char *four_signals[] = {"INT", "TERM", "HUP", "USR1", NULL};

/* Six shells, one case on which all agree, one on which they do not, one with variants. */
static struct results *sample(void)
{
	static const char *shells[] = {"bash", "bash-sh", "busybox-ash", "dash", "zsh", "zsh-sh"};
	struct results *results = results_new();

	add_case(results, "exec", "exec/agreed", no_variants);
	add_case(results, "exec", "exec/divided", no_variants);
	add_case(results, "trap", "trap/all-the-same", four_signals);
	add_case(results, "trap", "trap/some-differ", four_signals);
	for (size_t i = 0; i < 6; i++) {
		add_shell(results, shells[i], NULL);
		add_cell(results, "exec/agreed", "", shells[i], "exec");
		add_cell(results, "exec/divided", "", shells[i], i % 2 ? "fork" : "exec");
		for (const char **signal = four_signals; *signal; signal++) {
			bool odd = i == 3 && !strcmp(*signal, "HUP");

			add_cell(results, "trap/all-the-same", *signal, shells[i], "exec");
			add_cell(results, "trap/some-differ", *signal, shells[i],
				odd ? "lost" : "exec");
		}
	}
	add_shell(results, "posh", "posh is not in PATH; install the package posh");
	results_sort(results);
	return results;
}

/* The report as text; talloc child of the results. */
static char *written(
	const struct report *report, const struct results *results, int width, bool colour)
{
	const struct report_options options = {.colour = colour, .width = width};
	char *buffer = NULL, *text;
	size_t size = 0;
	FILE *out = open_memstream(&buffer, &size);

	assert_non_null(out);
	assert_int_equal(report->write(results, &options, out), 0);
	fclose(out);
	assert_int_equal(strlen(buffer), size);
	text = talloc_strdup(results, buffer);
	free(buffer);
	return text;
}

static char *term(const struct results *results, int width)
{
	return written(&report_term, results, width, false);
}

static char *markdown(const struct results *results)
{
	return written(&report_markdown, results, 80, false);
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void expect_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

/* No line wider than the page, none ends in a blank. */
static void expect_fits(const char *text, size_t width)
{
	while (*text) {
		size_t length = strcspn(text, "\n"), points = 0;

		for (size_t i = 0; i < length; i++)
			points += (text[i] & 0xc0) != 0x80;
		if (points > width)
			fail_msg("wider than %zu: \"%.*s\"", width, (int)length, text);
		if (length && text[length - 1] == ' ')
			fail_msg("ends in a blank: \"%.*s\"", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* Bytes a terminal would obey: none but line ends, whatever the results say. */
static void expect_harmless(const char *text)
{
	for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++) {
		if ((*byte < 0x20 && *byte != '\n') || *byte == 0x7f)
			fail_msg("control character %#x after \"%.20s\"", *byte,
				(const char *)byte - ((const char *)byte - text > 20 ? 20 : 0));
		assert_false(*byte == 0xc2 && byte[1] < 0xa0);
	}
	expect_not(text, "\xff");
	expect_not(text, "\xe2\x80\xae");
}

static void test_escape_terminal(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{NULL, ""},
		{"", ""},
		{"plain ✓ ü 日本", "plain ✓ ü 日本"},
		{"\033[31m\007\177", "\\x1b[31m\\x07\\x7f"},
		{"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
		{"\xc2\x9b", "\\xc2\\x9b"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf \xed\xa0\x80 \xf5", "\\xc0\\xaf \\xed\\xa0\\x80 \\xf5"},
		{"cut \xe2\x9c", "cut \\xe2\\x9c"},
		{"\xe2\x80\xae\xef\xbb\xbf", "\\xe2\\x80\\xae\\xef\\xbb\\xbf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = escape_terminal(NULL, rows[i].text);

		assert_string_equal(text, rows[i].expected);
		talloc_free(text);
	}
}

static void test_escape_markdown(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{NULL, ""},
		{"status > 128", "status &gt; 128"},
		{"a|b `c` *d* _e_ ~f~", "a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~"},
		{"<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"},
		{"[x](y) ![z] \\", "\\[x\\](y) \\!\\[z\\] \\\\"},
		{"one\ntwo\r\nthree", "one two three"},
		{"\n    code", "code"},
		{"# a", "\\# a"},
		{"- a - b", "\\- a - b"},
		{"12. a", "12\\. a"},
		{"6.1.0", "6.1.0"},
		{"---", "\\---"},
		{"http://x www.x a@b", "http\\://x &#119;ww.x a&#64;b"},
		{"\033\xff\xc2\x9b", "\\x1b\\xff\\xc2\\x9b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = escape_markdown(NULL, rows[i].text);

		assert_string_equal(text, rows[i].expected);
		talloc_free(text);
	}
}

static void test_doubts_and_marks(void **state)
{
	static const char *doubts[] = {
		"unknown", "broken", "n/a", "disputed", "timeout", "unstable"};
	struct cell cell = {.outcome = "exec", .verdict = VERDICT_VIOLATES};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_true(outcome_is_doubt(doubts[i]));
	assert_false(outcome_is_doubt("exec"));
	assert_false(outcome_is_doubt(""));
	assert_int_equal(cell_mark(NULL), MARK_UNPLAYED);
	assert_int_equal(cell_mark(&cell), MARK_VIOLATES);
	cell.verdict = VERDICT_NONE;
	assert_int_equal(cell_mark(&cell), MARK_UNJUDGED);
	/* A doubt is no verdict, whatever the document claims. */
	cell = (struct cell){.outcome = "broken", .verdict = VERDICT_CONFORMS};
	assert_int_equal(cell_mark(&cell), MARK_BROKEN);
}

static void test_reports_are_listed(void **state)
{
	(void)state;
	assert_ptr_equal(reports[0], &report_term);
	for (const struct report *const *report = reports; *report; report++)
		assert_true(*(*report)->name && *(*report)->summary);
}

static void test_table_when_it_fits(void **state)
{
	struct results *results = sample();
	const char *text = term(results, 200);

	(void)state;
	expect_fits(text, 200);
	expect(text, "\nexec       bash    bash-sh  busybox-ash  dash    zsh     zsh-sh\n");
	expect(text, "\n  agreed   ✓ exec  ✓ exec   ✓ exec       ✓ exec  ✓ exec  ✓ exec\n");
	expect(text, "\n  divided  ✓ exec  · fork   ✓ exec       · fork  ✓ exec  · fork\n");
	talloc_free(results);
}

static void test_folds_at_80(void **state)
{
	struct results *results = sample();
	const char *text;

	(void)state;
	add_shell(results, "a-shell-with-a-rather-long-name", NULL);
	text = term(results, 80);
	expect_fits(text, 80);
	expect(text, "\n  agreed   ✓ exec        bash bash-sh busybox-ash dash zsh zsh-sh\n"
		     "           … not played  a-shell-with-a-rather-long-name\n");
	expect(text, "\n  divided  ✓ exec        bash busybox-ash zsh\n"
		     "           · fork        bash-sh dash zsh-sh\n");
	talloc_free(results);
}

static void test_folds_at_40(void **state)
{
	struct results *results = sample();
	const char *text = term(results, 40);

	(void)state;
	expect_fits(text, 40);
	expect(text, "\n  agreed\n      ✓ exec  all 6 shells\n");
	expect(text, "\n  divided\n      ✓ exec  bash busybox-ash zsh\n      · fork  bash-sh dash "
		     "zsh-sh\n");
	expect(text, "\n  bash: 10 conforms 0 permitted 0\n");
	talloc_free(results);
}

static void test_every_width_fits(void **state)
{
	struct results *results = sample();

	(void)state;
	results->cells[3].outcome = HOSTILE HOSTILE;
	results->cells[3].reason = HOSTILE HOSTILE HOSTILE;
	results->cells[9].outcome = "broken";
	results->host.complete = false;
	for (int width = 24; width <= 220; width++)
		expect_fits(term(results, width), (size_t)width);
	expect_fits(term(results, 0), 24);
	expect_fits(term(results, -1), 24);
	talloc_free(results);
}

static void test_variants_that_agree_share_a_row(void **state)
{
	struct results *results = sample();
	const char *text = term(results, 80), *page = markdown(results);

	(void)state;
	expect(text, "\n  all-the-same [all 4]");
	expect(text, "\n  some-differ\n    [INT TERM USR1] ");
	expect(text, "\n    [HUP] ");
	expect(page, ") INT TERM HUP USR1 |");
	expect(page, ") INT TERM USR1 |");
	expect(page, ") HUP | ✓ exec | ✓ exec | ✓ exec | ✗ lost |");
	talloc_free(results);
}

static void test_summary(void **state)
{
	struct results *results = sample();
	const char *text = term(results, 80), *page = markdown(results);

	(void)state;
	expect(text, "\n  dash            8 conforms    1 permitted    1 violates    0 doubt    0 "
		     "n/a\n");
	expect(page, "\n| [dash](#shell-dash) | 8 | 1 | 1 |\n");
	expect(text, "\nNot measured\n  posh: posh is not in PATH; install the package posh\n");
	expect(page, "\n- posh: posh is not in PATH; install the package posh\n");
	expect_not(text, "Doubts");
	expect_not(text, "INTERRUPTED");
	talloc_free(results);
}

static struct cell *find(
	struct results *results, const char *name, const char *variant, const char *shell)
{
	return (struct cell *)results_cell(results, name, variant, shell);
}

static void test_unstable(void **state)
{
	struct results *results = sample();
	struct cell *cell = find(results, "exec/agreed", "", "dash");
	json_t *runs = json_pack("{s:i,s:i,s:i}", "exec", 2, "fork", 3, "again", 2);
	const char *text, *page;

	(void)state;
	*cell = (struct cell){.case_name = cell->case_name,
		.variant = "",
		.shell = "dash",
		.outcome = "unstable",
		.reason = "7 runs differ",
		.runs = runs};
	text = term(results, 80);
	page = markdown(results);
	expect_fits(text, 80);
	expect(text, "~ fork 3/again 2/exec 2");
	expect(text, "\nDoubts: neither for nor against a shell\n"
		     "  exec/agreed  ~ fork 3/again 2/exec 2  dash\n"
		     "      7 runs differ\n");
	expect(page, "| ~ fork 3/again 2/exec 2 |");
	expect(page, "- ~ fork 3/again 2/exec 2: dash<br>7 runs differ\n");
	json_decref(runs);
	talloc_free(results);
}

static void test_doubts_are_listed_with_reasons(void **state)
{
	struct results *results = sample();
	struct cell *cell;
	const char *text;

	(void)state;
	for (const char **signal = four_signals; *signal; signal++) {
		cell = find(results, "trap/all-the-same", *signal, "zsh");
		cell->outcome = "unknown";
		cell->reason = "no row holds";
	}
	cell = find(results, "trap/all-the-same", "INT", "bash");
	cell->outcome = "unknown";
	cell->reason = "no row holds";
	cell = find(results, "exec/agreed", "", "bash");
	cell->outcome = "n/a";
	cell = find(results, "exec/divided", "", "bash");
	cell->outcome = "timeout";
	cell->reason = "waiting for job ready";
	text = term(results, 80);
	expect(text, "  exec/divided  ? timeout  bash\n      waiting for job ready\n");
	expect(text, "  trap/all-the-same  ? unknown  [INT] bash zsh; [TERM HUP USR1] zsh\n"
		     "      no row holds\n");
	expect(text, "– n/a");
	/* n/a is no doubt: it has its own column. */
	expect(text,
		"  bash            7 conforms    0 permitted    0 violates    2 doubt    1 n/a\n");
	talloc_free(results);
}

static void test_interrupted(void **state)
{
	struct results *results = sample();
	const char *text, *page;

	(void)state;
	results->host.complete = false;
	results->cell_count -= 20;
	text = term(results, 80);
	page = markdown(results);
	expect(text,
		"\nINTERRUPTED: this run was stopped before its end; 20 of 60 cells were not\n");
	expect(strstr(text, "INTERRUPTED") + 1, "INTERRUPTED");
	expect(text, "… not played");
	expect(page, "# What shells do with signals\n\n> **Interrupted.**");
	expect(page, "20 of 60 cells were not played.");
	expect(page, "| … not played |");
	expect_fits(text, 80);
	talloc_free(results);
}

/* Hostile text in every place a document has for text. */
static struct results *hostile(void)
{
	static const char *variants[] = {HOSTILE, "B", NULL};
	static struct row_record rows[] = {{HOSTILE, HOSTILE, VERDICT_CONFORMS}};
	struct results *results = results_new();
	struct case_record *record = add_case(results, HOSTILE, HOSTILE "/" HOSTILE, variants);

	results->host = (struct host_record){
		HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, false};
	record->title = record->spec = record->prose = HOSTILE;
	record->rows = rows;
	record->row_count = 1;
	*add_shell(results, HOSTILE, NULL) = (struct shell_record){
		HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, NULL, SUBJECT_SHELL};
	add_shell(results, "absent", HOSTILE);
	add_cell(results, record->name, HOSTILE, HOSTILE, HOSTILE)->reason = HOSTILE;
	add_cell(results, record->name, "B", HOSTILE, "broken")->reason = HOSTILE;
	results_sort(results);
	return results;
}

static void test_hostile_terminal(void **state)
{
	struct results *results = hostile();

	(void)state;
	for (int width = 24; width < 1000; width += 61) {
		const char *text = term(results, width);

		expect_harmless(text);
		expect_fits(text, (size_t)width);
	}
	expect(term(results, 10000), "\\x1b[2J\\x1b]0;t\\x07a|b`c`<script>&[x](y)\\x0az\\x0d\\xff");
	talloc_free(results);
}

/* Each row of a table has the cells its heading has, and no HTML but ours. */
static void test_hostile_markdown(void **state)
{
	struct results *results = hostile();
	const char *text = markdown(results);

	(void)state;
	expect_harmless(text);
	expect_not(text, "<script");
	expect_not(text, "[x](");
	for (const char *tick = text; (tick = strchr(tick, '`')); tick++)
		assert_int_equal(tick[-1], '\\');
	expect_not(text, "a|b");
	expect(text, "a\\|b\\`c\\`&lt;script&gt;&amp;\\[x\\](y) z");
	for (const char *tag = text; (tag = strchr(tag, '<')); tag++)
		assert_true(!strncmp(tag, "<br>", 4) || !strncmp(tag, "<a id=\"case-", 12) ||
			    !strncmp(tag, "<a id=\"shell-", 13) || !strncmp(tag, "</a>", 4) ||
			    !strncmp(tag, "<details>", 9) || !strncmp(tag, "</details>", 10) ||
			    !strncmp(tag, "<summary>", 9) || !strncmp(tag, "</summary>", 10));
	talloc_free(results);
}

/* Bytes that are not UTF-8 cannot come from a results file, but from a run that is reported. */
static void test_hostile_documents(void **state)
{
	static const struct report *const documents[] = {&report_summary, &report_man, &report_csv,
		&report_tap, &report_junit, &report_html, NULL};
	struct results *results = hostile();

	(void)state;
	for (const struct report *const *report = documents; *report; report++) {
		char *text = written(*report, results, 80, false);

		if (*report == &report_html) { /* without our own style and script */
			text = strstr(text, "<header>");
			*strstr(text, "<script>") = '\0';
		}
		expect_harmless(text);
		expect(text, "x1b");
		if (*report == &report_junit || *report == &report_html) {
			expect_not(text, "c`<script>&[x]");
			expect(text, "c`&lt;script&gt;&amp;[x](y)\\x0az\\x0d\\xff");
		}
	}
	talloc_free(results);
}

static void test_anchors_meet_links(void **state)
{
	struct results *results = sample();
	const char *text = markdown(results);

	(void)state;
	expect(text, "| [agreed](#case-exec.agreed) |");
	expect(text, "<a id=\"case-exec.agreed\"></a>");
	talloc_free(results);
}

static void test_markdown_tells_how_it_was_made(void **state)
{
	struct results *results = sample();
	const char *text = markdown(results);

	(void)state;
	expect(text, "| Kernel | 6.1.0 |\n");
	expect(text, "| Command | sigmatrix run |\n");
	expect(text, "| dash | dash | dash | 1.0 | /bin/sh | abcdef |\n");
	expect(text, "\nFirst.\n\nSecond.\n");
	expect(text, "| lost | ✗ violates | the signal was lost |\n");
	expect(text, "- ✗ lost: \\[HUP\\] dash<br>job.pid = shell.pid\n");
	talloc_free(results);
}

/* Colour adds escape sequences and nothing else; blanks are not coloured. */
static void test_colour_is_only_added(void **state)
{
	struct results *results = sample();
	char *plain = term(results, 80), *coloured, *to;

	(void)state;
	coloured = written(&report_term, results, 80, true);
	expect(coloured, "\033[32m✓ exec\033[0m");
	expect(coloured, "\033[1;31m✗ lost\033[0m");
	to = coloured;
	for (const char *from = coloured; *from;) {
		if (*from == '\033')
			from = strchr(from, 'm') + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	assert_string_equal(plain, coloured);
	talloc_free(results);
}

static void test_deterministic(void **state)
{
	(void)state;
	for (const struct report *const *report = reports; *report; report++) {
		if (!(*report)->write) /* a directory: tests/book.bats */
			continue;
		struct results *a = sample(), *b = sample();

		assert_string_equal(written(*report, a, 80, true), written(*report, b, 80, true));
		talloc_free(a);
		talloc_free(b);
	}
}

static void test_empty(void **state)
{
	struct results *results = results_new();

	(void)state;
	for (const struct report *const *report = reports; *report; report++)
		if ((*report)->write)
			written(*report, results, 80, true);
	add_case(results, "exec", "exec/agreed", no_variants);
	for (const struct report *const *report = reports; *report; report++)
		if ((*report)->write)
			written(*report, results, 80, true);
	talloc_free(results);
}

static void test_write_errors_are_told(void **state)
{
	const struct report_options options = {.width = 80};
	struct results *results = sample();

	(void)state;
	for (const struct report *const *report = reports; *report; report++) {
		if (!(*report)->write) /* a directory: tests/book.bats */
			continue;
		FILE *out = fopen("/dev/full", "we");

		assert_non_null(out);
		assert_int_equal((*report)->write(results, &options, out), -ENOSPC);
		fclose(out);
	}
	talloc_free(results);
}

/* Conformance ------------------------------------------------------------------------------ */

static void test_conformance(void **state)
{
	struct results *results = sample();
	const char *text = written(&report_conformance, results, 80, false);
	const char *page = markdown(results);

	(void)state;
	expect(text, "dash: 1.0\n8 of 9 required behaviours; 1 deviations; 1 permitted; 0 n/a\n"
		     "\nDeviations\n  ✗ trap/some-differ [HUP]  lost: the signal was lost\n"
		     "\nPermitted variations\n  · exec/divided  fork: the shell stayed\n");
	expect(text,
		"bash: 1.0\n10 of 10 required behaviours; 0 deviations; 0 permitted; 0 n/a\n\n");
	expect(page, "<a id=\"shell-dash\"></a>\n\n### dash\n\ndash: 8 of 9 required behaviours;");
	expect(page, "\n- [trap/some-differ](#case-trap.some-differ) HUP: ✗ lost: the signal was "
		     "lost\n");
	talloc_free(results);
}

static void test_conformance_of_others(void **state)
{
	struct results *results = sample();

	(void)state;
	for (size_t i = 0; i < results->cell_count; i++)
		if (!strcmp(results->cells[i].shell, "zsh"))
			results->cells[i].verdict = VERDICT_NONE;
	results->cells[0].outcome = "n/a";
	results->cells[0].reason = "no \033[31mred\n<b>";
	const char *text = written(&report_conformance, results, 80, false);
	expect(text, "zsh: 1.0\ndoes not claim the standard: 10 measured, not judged; 0 n/a\n");
	expect(text, "\nNot applicable\n  1 cells of 1 cases: no \\x1b[31mred\\x0a<b>\n");
	talloc_free(results);
}

/* Selection -------------------------------------------------------------------------------- */

/* "exec/divided; trap/some-differ HUP": the rows that are left. */
static char *selected(const char *where, const char *shells, const char *cases)
{
	struct results *results = sample();
	char *lists[3][8] = {{NULL}};
	const char *texts[3] = {shells, cases, where};
	const char *fault;
	char *out;

	for (size_t i = 0; i < 3; i++) {
		size_t count = 0;
		char *rest, *copy = talloc_strdup(results, texts[i]);

		for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
			lists[i][count++] = w;
	}
	fault = results_select(results, &(struct selection){lists[0], lists[1], lists[2]});
	out = talloc_strdup(NULL, fault ? fault : "");
	for (size_t i = 0; i < results->case_count && !fault; i++) {
		out = talloc_asprintf_append(out, "%s%s", *out ? "; " : "", results->cases[i].name);
		for (const char **v = results->cases[i].variants; *v && **v; v++)
			out = talloc_asprintf_append(out, " %s", *v);
	}
	talloc_free(results);
	return out;
}

static void expect_selected(
	const char *where, const char *shells, const char *cases, const char *rows)
{
	char *found = selected(where, shells, cases);

	assert_string_equal(found, rows);
	talloc_free(found);
}

static void test_selection(void **state)
{
	(void)state;
	expect_selected("", "", "exec", "exec/agreed; exec/divided");
	expect_selected("differ", "", "", "exec/divided; trap/some-differ HUP");
	expect_selected("differ", "bash zsh", "", "");
	expect_selected("differ", "bash dash", "*/some*", "trap/some-differ HUP");
	/* Every shell of the sample is a family of its own. */
	expect_selected("alone", "", "", "trap/some-differ HUP");
	expect_selected("alone=dash", "", "", "trap/some-differ HUP");
	expect_selected("alone=bash", "", "", "");
	/* Of two families neither is alone. */
	expect_selected("alone", "bash dash", "", "");
	expect_selected("violates=dash", "", "", "trap/some-differ HUP");
	expect_selected("violates=bash", "", "", "");
	expect_selected("permitted", "", "", "exec/divided");
	expect_selected("outcome=lost", "", "", "trap/some-differ HUP");
	expect_selected("violates permitted", "", "", "");
	expect_selected("doubt", "", "", "");
}

static void test_selection_faults(void **state)
{
	(void)state;
	expect_selected("difer", "", "", "--where does not know 'difer'; did you mean 'differ'?");
	expect_selected(
		"violates=bsh", "", "", "the results have no shell 'bsh'; did you mean 'bash'?");
	expect_selected("", "qsh", "", "the results have no shell 'qsh'; did you mean 'zsh'?");
	expect_selected("outcome", "", "", "--where outcome=LABEL needs the label");
	expect_selected("differ=bash", "", "",
		"--where differ takes no value; name the shells to compare with --shell");
}

/* Cells of what is left are found, and their families, too. */
static void test_selection_keeps_cells(void **state)
{
	struct results *results = sample();
	char *shells[] = {"zsh", "dash", NULL}, *where[] = {"differ", NULL};

	(void)state;
	((struct shell_record *)&results->shells[4])->family = "ash"; /* zsh */
	assert_null(results_select(results, &(struct selection){shells, NULL, where}));
	assert_int_equal(results->shell_count, 2);
	assert_int_equal(results->cell_count, 4);
	assert_string_equal(results_cell(results, "exec/divided", "", "zsh")->outcome, "exec");
	assert_string_equal(
		results_cell(results, "trap/some-differ", "HUP", "dash")->outcome, "lost");
	assert_null(results_cell(results, "exec/divided", "", "bash"));
	talloc_free(results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape_terminal),
		cmocka_unit_test(test_escape_markdown),
		cmocka_unit_test(test_doubts_and_marks),
		cmocka_unit_test(test_reports_are_listed),
		cmocka_unit_test(test_table_when_it_fits),
		cmocka_unit_test(test_folds_at_80),
		cmocka_unit_test(test_folds_at_40),
		cmocka_unit_test(test_every_width_fits),
		cmocka_unit_test(test_variants_that_agree_share_a_row),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_unstable),
		cmocka_unit_test(test_doubts_are_listed_with_reasons),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_hostile_terminal),
		cmocka_unit_test(test_hostile_markdown),
		cmocka_unit_test(test_hostile_documents),
		cmocka_unit_test(test_anchors_meet_links),
		cmocka_unit_test(test_markdown_tells_how_it_was_made),
		cmocka_unit_test(test_colour_is_only_added),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_write_errors_are_told),
		cmocka_unit_test(test_conformance),
		cmocka_unit_test(test_conformance_of_others),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_selection_faults),
		cmocka_unit_test(test_selection_keeps_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
