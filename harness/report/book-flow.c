/* The pages of flow charts: one of all shells, and one for each. A chart is a picture, and below it
 * the same as a list, with links. */
#include "book.h"

#include <talloc.h>

#include "chart.h"

static char *page_path(struct book *book, const struct shell_record *shell)
{
	return shell ? talloc_asprintf(
			       book->memory, "flow/%s.md", tree_name(book->memory, shell->name))
		     : talloc_strdup(book->memory, "flow.md");
}

static char *picture_path(
	struct book *book, const struct shell_record *shell, const struct flow *flow)
{
	const char *name = tree_name(book->memory, flow->name);

	return shell ? talloc_asprintf(book->memory, "flow/%s/%s.svg",
			       tree_name(book->memory, shell->name), name)
		     : talloc_asprintf(book->memory, "flow/%s.svg", name);
}

static char *case_url(const void *parent, void *context, const struct case_record *record,
	const struct cell *cell)
{
	struct book *book = context;

	(void)cell;
	return talloc_asprintf(parent, "%s%s", book->root, book_case_path(book, record));
}

static void put_text(struct book *book, const struct diagram_line *line)
{
	const char *mark = line->look == LINE_STRONG ? "**" : "";

	if (line->link)
		fprintf(book->out, "[%s](%s)", book_safe(book, line->text), line->link);
	else
		fprintf(book->out, "%s%s%s", mark, book_safe(book, line->text), mark);
}

/* A question stands behind the answer that leads to it, what a leaf says below. */
static void put_node(struct book *book, const struct diagram_node *node, int depth)
{
	bool question = node->look == LOOK_QUESTION;

	fprintf(book->out, "%*s- ", 2 * depth, "");
	if (node->label)
		fprintf(book->out, "%s%s", book_safe(book, node->label), question ? ": " : "");
	for (size_t i = 0; i < node->line_count; i++) {
		if (!question)
			fprintf(book->out, "\n%*s- ", 2 * (depth + 1 + node->lines[i].indent), "");
		else if (i)
			fputs(", ", book->out);
		put_text(book, &node->lines[i]);
	}
	putc('\n', book->out);
}

static int depth_of(const struct diagram *diagram, size_t at)
{
	int depth = 0;

	for (int i = diagram->nodes[at].parent; i >= 0; i = diagram->nodes[i].parent)
		depth++;
	return depth;
}

static void put_picture_file(struct book *book, const char *path, const struct chart *chart)
{
	/* What is shown as an image cannot be clicked. */
	struct diagram *diagram = chart_diagram(chart, chart, NULL, NULL);
	FILE *out = tree_file(book->tree, path);

	diagram_put_svg(diagram, out);
	tree_file_end(book->tree, out);
}

static void put_chart(struct book *book, const struct shell_record *shell, const struct flow *flow,
	const bool *columns)
{
	struct chart *chart = chart_build(book->memory, book->guide, flow, book->matrix, columns);
	struct diagram *diagram = chart_diagram(chart, chart, case_url, book);
	const char *picture = picture_path(book, shell, flow);

	fprintf(book->out,
		"\n## %s\n\n[![As a picture, of which the list below has the text]"
		"(%s%s)](%s%s)\n\n",
		book_safe(book, flow->title), book->root, picture, book->root, picture);
	for (size_t i = 0; i < diagram->count; i++)
		put_node(book, &diagram->nodes[i], depth_of(diagram, i));
	put_picture_file(book, picture, chart);
	talloc_free(chart);
}

/* Of one shell; NULL: of all. */
static void put_page(struct book *book, const struct shell_record *shell)
{
	const struct matrix *matrix = book->matrix;
	bool *columns = talloc_zero_array(NULL, bool, matrix->column_count + 1);

	for (size_t i = 0; i < matrix->column_count; i++)
		columns[i] = !shell || matrix->columns[i] == shell;
	book_page(book, page_path(book, shell), shell ? "../" : "");
	if (shell)
		fprintf(book->out,
			"# Who gets the signal: %s\n\n[This shell](%s%s), "
			"[all shells](%sflow.md)\n",
			book_safe(book, shell->name), book->root,
			book_shell_path(book, shell->name), book->root);
	else
		fputs("# Who gets the signal?\n\nThe questions were written; what stands at their "
		      "ends was measured. Where shells differ, they are named.\nEach shell has "
		      "these charts of its own:\n\n",
			book->out);
	for (size_t i = 0; !shell && i < matrix->column_count; i++)
		fprintf(book->out, "- [%s](%s)\n", book_safe(book, matrix->columns[i]->name),
			page_path(book, matrix->columns[i]));
	for (size_t i = 0; i < book->guide->flow_count; i++)
		put_chart(book, shell, book->guide->flows[i], columns);
	book_page_end(book);
	talloc_free(columns);
}

void book_put_flow(struct book *book)
{
	if (!book->guide->flow_count)
		return;
	put_page(book, NULL);
	for (size_t i = 0; i < book->matrix->column_count; i++)
		put_page(book, book->matrix->columns[i]);
}

void book_put_flow_contents(struct book *book)
{
	if (!book->guide->flow_count)
		return;
	fputs("- [Who gets the signal?](flow.md)\n", book->out);
	for (size_t i = 0; i < book->matrix->column_count; i++)
		fprintf(book->out, "  - [%s](%s)\n",
			book_safe(book, book->matrix->columns[i]->name),
			page_path(book, book->matrix->columns[i]));
}

void book_put_flow_link(struct book *book, const struct shell_record *shell)
{
	if (book->guide->flow_count)
		fprintf(book->out, "[Who gets the signal](%s%s), as flow charts.\n\n", book->root,
			page_path(book, shell));
}
