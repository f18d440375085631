/* A browsable reference: a directory of Markdown pages for a code host's viewer, mdBook or any
 * generator of sites. */
#include "book.h"

#include <string.h>

#include <talloc.h>

#include "conduct.h"
#include "escape.h"

/* Text -------------------------------------------------------------------------------------- */

/* Templates are looked for before Markdown is read, wherever they are, so a backslash before a
 * brace does not do. */
char *book_safe(struct book *book, const char *text)
{
	char *escaped = escape_markdown(book->memory, text);
	char *out = talloc_strdup(book->memory, "");

	while (*escaped) {
		size_t plain = strcspn(escaped, "\\");

		out = talloc_strndup_append_buffer(out, escaped, plain);
		escaped += plain;
		if (!*escaped)
			break;
		if (escaped[1] == '{' || escaped[1] == '}')
			out = talloc_asprintf_append_buffer(out, "&#%d;", escaped[1]);
		else
			out = talloc_strndup_append_buffer(out, escaped, escaped[1] ? 2 : 1);
		escaped += escaped[1] ? 2 : 1;
	}
	return out;
}

static void put_code_line(FILE *out, const char *line)
{
	char *braced = talloc_strdup(NULL, line);

	for (char *at = braced, *brace; *at; at = brace + 1) {
		brace = at + strcspn(at, "{}\t");
		char what = *brace;

		*brace = '\0';
		put_safe(out, DIALECT_HTML, at);
		if (!what)
			break;
		fprintf(out, what == '\t' ? "        " : "&#%d;", what);
	}
	putc('\n', out);
	talloc_free(braced);
}

/* As HTML, because no generator looks into it; a blank line of blanks, because some end it there.
 */
void book_code(struct book *book, const char *text)
{
	fputs("<pre><code>", book->out);
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = talloc_strndup(book->memory, text, length);

		put_code_line(book->out, length ? line : " ");
		text += length + (text[length] == '\n');
	}
	fputs("</code></pre>\n\n", book->out);
}

void book_prose(struct book *book, const char *prose)
{
	while (prose && *prose) {
		size_t length = strcspn(prose, "\n");
		char *line = talloc_strndup(book->memory, prose, length);

		fprintf(book->out, "%s\n", book_safe(book, line));
		prose += length + (prose[length] == '\n');
	}
	fputc('\n', book->out);
}

static void put_guide_code(struct book *book, const char *code)
{
	const struct case_record *record = results_case(book->results, code);

	if (record)
		fputs(book_case_link(book, record), book->out);
	else
		fprintf(book->out, "<code>%s</code>", book_safe(book, code));
}

static void put_guide_line(struct book *book, char *line)
{
	bool code = false;

	if (!strncmp(line, "- ", 2)) {
		fputs("- ", book->out);
		line += 2;
	}
	for (char *part; (part = strsep(&line, "`")); code = !code) {
		if (code)
			put_guide_code(book, part);
		else /* book_safe() leaves out a blank at the beginning */
			fprintf(book->out, "%s%s", *part == ' ' ? " " : "", book_safe(book, part));
	}
	fputc('\n', book->out);
}

void book_guide_prose(struct book *book, const char *prose)
{
	while (*prose) {
		size_t length = strcspn(prose, "\n");

		put_guide_line(book, talloc_strndup(book->memory, prose, length));
		prose += length + (prose[length] == '\n');
	}
	fputc('\n', book->out);
}

/* Names and links ---------------------------------------------------------------------------- */

char *book_case_path(struct book *book, const struct case_record *record)
{
	const char *slash = strchr(record->name, '/');
	char *group;

	if (!slash)
		return talloc_asprintf(
			book->memory, "cases/_/%s.md", tree_name(book->memory, record->name));
	group = talloc_strndup(book->memory, record->name, (size_t)(slash - record->name));
	return talloc_asprintf(book->memory, "cases/%s/%s.md", tree_name(book->memory, group),
		tree_name(book->memory, slash + 1));
}

char *book_shell_path(struct book *book, const char *shell)
{
	return talloc_asprintf(book->memory, "shells/%s.md", tree_name(book->memory, shell));
}

char *book_topic_path(struct book *book, const struct topic *topic)
{
	return talloc_asprintf(book->memory, "topics/%s.md", tree_name(book->memory, topic->name));
}

char *book_case_link(struct book *book, const struct case_record *record)
{
	return talloc_asprintf(book->memory, "[%s](%s%s)", book_safe(book, record->name),
		book->root, book_case_path(book, record));
}

char *book_shell_link(struct book *book, const char *shell)
{
	return talloc_asprintf(book->memory, "[%s](%s%s)", book_safe(book, shell), book->root,
		book_shell_path(book, shell));
}

char *book_shell_links(struct book *book, const bool *columns)
{
	const struct matrix *matrix = book->matrix;
	char *out = talloc_strdup(book->memory, "");
	size_t count = 0;

	for (size_t i = 0; i < matrix->column_count; i++)
		count += columns[i];
	if (count > 1 && count == matrix->column_count)
		return talloc_asprintf(book->memory, "every %s", matrix->subject);
	for (size_t i = 0; i < matrix->column_count; i++)
		if (columns[i])
			out = talloc_asprintf_append_buffer(out, "%s%s", *out ? " " : "",
				book_shell_link(book, matrix->columns[i]->name));
	return out;
}

char *book_cell_label(struct book *book, const struct cell *cell)
{
	return talloc_asprintf(book->memory, "%s %s", mark_symbol(cell_mark(cell)),
		book_safe(book, cell_word(book->memory, cell)));
}

/* Pages -------------------------------------------------------------------------------------- */

void book_page(struct book *book, const char *path, const char *root)
{
	book->out = tree_file(book->tree, path);
	book->root = root;
}

void book_page_end(struct book *book)
{
	tree_file_end(book->tree, book->out);
	talloc_free_children(book->memory);
}

static void put_glossary(struct book *book)
{
	book_page(book, "glossary.md", "");
	fputs(book->guide->glossary, book->out);
	book_page_end(book);
}

static void put_group_cases(struct book *book, const char *indent)
{
	const struct results *results = book->results;

	for (size_t i = 0; i < results->case_count; i++) {
		const struct case_record *record = &results->cases[i];

		if (!*indent && (!i || strcmp(record->group, results->cases[i - 1].group)))
			fprintf(book->out, "\n## %s\n\n", book_safe(book, record->group));
		fprintf(book->out, "%s- %s", indent, book_case_link(book, record));
		if (!*indent)
			fprintf(book->out, ": %s", book_safe(book, record->title));
		fputc('\n', book->out);
		talloc_free_children(book->memory);
	}
}

static void put_case_index(struct book *book)
{
	book_page(book, "cases.md", "");
	fprintf(book->out, "# Cases\n\nEach case asks one question of every %s.\n",
		book->matrix->subject);
	put_group_cases(book, "");
	book_page_end(book);
}

static void put_topic_links(struct book *book, const char *indent)
{
	for (size_t i = 0; i < book->guide->topic_count; i++)
		fprintf(book->out, "%s- [%s](%s)\n", indent,
			book_safe(book, book->guide->topics[i]->title),
			book_topic_path(book, book->guide->topics[i]));
}

/* What mdBook reads. */
static void put_contents(struct book *book)
{
	book_page(book, "SUMMARY.md", "");
	fputs("# Summary\n\n- [Overview](README.md)\n- [Topics](topics.md)\n", book->out);
	put_topic_links(book, "  ");
	book_put_flow_contents(book);
	fprintf(book->out, "- [%ss](shells.md)\n", book->matrix->title);
	for (size_t i = 0; i < book->matrix->column_count; i++)
		fprintf(book->out, "  - %s\n",
			book_shell_link(book, book->matrix->columns[i]->name));
	fputs("- [Claims](claims.md)\n- [Glossary](glossary.md)\n- [Cases](cases.md)\n", book->out);
	put_group_cases(book, "  ");
	book_page_end(book);
}

/* A case of a new group is in no topic until somebody writes one. */
static void put_cases_of_no_topic(struct book *book)
{
	const struct results *results = book->matrix->results;
	bool any = false;

	for (size_t i = 0; i < results->case_count; i++) {
		const struct case_record *record = &results->cases[i];

		if (guide_has_topic(book->guide, record->name))
			continue;
		if (!any)
			fputs("\n## Of no topic\n\n", book->out);
		any = true;
		fprintf(book->out, "- %s\n", book_case_link(book, record));
	}
}

static void put_topic_index(struct book *book)
{
	book_page(book, "topics.md", "");
	fputs("# Topics\n\n", book->out);
	put_topic_links(book, "");
	put_cases_of_no_topic(book);
	book_page_end(book);
}

static void put_shell_index(struct book *book)
{
	const struct matrix *matrix = book->matrix;

	book_page(book, "shells.md", "");
	fprintf(book->out, "# %ss\n\n| %s | Title | Version | In short |\n|---|---|---|---|\n",
		matrix->title, matrix->title);
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct shell_record *shell = matrix->columns[i];

		fprintf(book->out, "| %s | %s | %s | %s |\n", book_shell_link(book, shell->name),
			book_safe(book, shell->title), book_safe(book, shell->version),
			book_safe(book, conduct_sentence(book->memory, matrix, i)));
	}
	fputc('\n', book->out);
	for (size_t i = 0; i < book->results->shell_count; i++)
		if (book->results->shells[i].missing)
			fprintf(book->out, "- not measured: %s: %s\n",
				book_safe(book, book->results->shells[i].name),
				book_safe(book, book->results->shells[i].missing));
	book_page_end(book);
}

static void put_fact(struct book *book, const char *what, const char *value)
{
	fprintf(book->out, "| %s | %s |\n", what, book_safe(book, value));
}

static void put_overview(struct book *book)
{
	const struct host_record *host = &book->results->host;
	const struct matrix *matrix = book->matrix;

	book_page(book, "README.md", "");
	fprintf(book->out, "# What %ss do with signals\n\n", matrix->subject);
	fputs("Each page says what was measured, and nothing else: a scene was played under a "
	      "terminal, and what\nthe processes did was recorded.\n\n"
	      "- [Topics](topics.md): what happens on ^C, on ^Z, at hang-up, as PID 1, ...\n",
		book->out);
	fprintf(book->out, "- [%ss](shells.md): deviations and peculiarities of each\n",
		matrix->title);
	if (book->guide->flow_count)
		fputs("- [Who gets the signal?](flow.md) Flow charts, of all and of each\n",
			book->out);
	fputs("- [Claims](claims.md): what is said about shells and signals, and whether it holds\n"
	      "- [Cases](cases.md): every question\n"
	      "- [Glossary](glossary.md)\n\n"
	      "A cell names what was seen. Its symbol is what the standard says of it:\n\n",
		book->out);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		fprintf(book->out, "- %s %s\n", book_safe(book, mark_symbol(mark)),
			mark_word(mark));
	if (!host->complete)
		fprintf(book->out,
			"\n**Interrupted.** This run was stopped before its end: %zu of %zu cells "
			"were not played.\n",
			matrix->cell_count - matrix->played, matrix->cell_count);
	fputs("\n## How it was made\n\n| | |\n|---|---|\n", book->out);
	put_fact(book, "Date", host->date);
	put_fact(book, "System", host->system);
	put_fact(book, "Kernel", host->kernel);
	put_fact(book, "Machine", host->machine);
	put_fact(book, "Trace", host->trace);
	put_fact(book, "Isolation", host->isolation);
	put_fact(book, "User", host->user);
	put_fact(book, "Command", host->command);
	book_page_end(book);
}

static void write_book(
	const struct results *results, const struct report_options *options, struct tree *tree)
{
	void *memory = talloc_new(NULL);
	struct book book = {.tree = tree,
		.results = results,
		.matrix = matrix_new(memory, results),
		.guide = options->guide,
		.memory = talloc_new(memory)};

	put_overview(&book);
	put_contents(&book);
	put_topic_index(&book);
	put_shell_index(&book);
	put_case_index(&book);
	put_glossary(&book);
	book_put_claims(&book);
	book_put_flow(&book);
	for (size_t i = 0; i < book.guide->topic_count; i++)
		book_put_topic(&book, book.guide->topics[i]);
	for (size_t i = 0; i < book.matrix->column_count; i++)
		book_put_shell(&book, i);
	for (size_t i = 0; i < results->case_count; i++)
		book_put_case(&book, &results->cases[i]);
	talloc_free(memory);
}

const struct report report_book = {
	"book", "a directory of Markdown pages: cases, shells, topics, claims", NULL, write_book};
