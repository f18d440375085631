/* The cases of the HTML report: prose, scene, outcomes, and what was seen. What is the same is told
 * once: cells of a case with the same outcome and reason are one finding, and those among them
 * with the same facts one witness. */
#include "page.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

static const char *facts_of(const struct cell *cell)
{
	return cell->facts ? cell->facts : "";
}

static bool same_finding(const struct cell *a, const struct cell *b)
{
	if (strcmp(a->outcome, b->outcome) || strcmp(a->reason, b->reason) ||
		cell_mark(a) != cell_mark(b))
		return false;
	return cell_mark(a) != MARK_UNSTABLE || a->runs == b->runs ||
	       (a->runs && b->runs && json_equal(a->runs, b->runs));
}

/* Sets what the cell is told with, given all before it. */
static void join(struct told *cells, size_t index)
{
	struct told *own = &cells[index];

	own->finding = own->witness = index;
	for (size_t i = 0; i < index; i++) {
		if (own->finding == index && same_finding(cells[i].cell, own->cell))
			own->finding = cells[i].finding;
		if (cells[i].finding == own->finding && own->finding != index &&
			!strcmp(facts_of(cells[i].cell), facts_of(own->cell))) {
			own->witness = cells[i].witness;
			return;
		}
	}
}

struct evidence evidence_of(
	const void *parent, const struct matrix *matrix, const struct case_record *record)
{
	struct evidence evidence = {.record = record};
	size_t variants = count_variants(record);

	evidence.cells = talloc_array(parent, struct told, variants * matrix->column_count + 1);
	for (size_t v = 0; v < variants; v++)
		for (size_t i = 0; i < matrix->column_count; i++) {
			const struct cell *cell = matrix_cell(matrix, record, v, i);

			if (!cell)
				continue;
			evidence.cells[evidence.count] =
				(struct told){.cell = cell, .variant = v, .column = i};
			join(evidence.cells, evidence.count++);
		}
	return evidence;
}

/* Prose and scene --------------------------------------------------------------------------- */

/* Lines as lines: each is escaped as one. */
static void put_lines(struct page *page, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = talloc_strndup(NULL, text, length);

		put_safe(page->out, DIALECT_HTML, line);
		putc_unlocked('\n', page->out);
		talloc_free(line);
		text += length + (text[length] == '\n');
	}
}

static void put_paragraphs(struct page *page, const char *prose)
{
	while (*(prose += strspn(prose, "\n"))) {
		const char *end = strstr(prose, "\n\n");
		char *paragraph =
			talloc_strndup(NULL, prose, end ? (size_t)(end - prose) : strlen(prose));

		fputs("<p>", page->out);
		put_lines(page, paragraph);
		fputs("</p>", page->out);
		prose += strlen(paragraph);
		talloc_free(paragraph);
	}
}

static void put_scene(struct page *page, const struct case_record *record)
{
	if (!record->scene || !*record->scene)
		return;
	fputs("<h4>Scene</h4><pre tabindex=\"0\">", page->out);
	put_lines(page, record->scene);
	fputs("</pre>", page->out);
}

static void put_outcomes(struct page *page, const struct case_record *record)
{
	if (!record->row_count)
		return;
	fputs("<table class=\"out\"><caption>Outcomes it tells apart</caption><thead><tr>"
	      "<th scope=\"col\">outcome</th><th scope=\"col\">verdict</th>"
	      "<th scope=\"col\">meaning</th></tr></thead><tbody>",
		page->out);
	for (size_t i = 0; i < record->row_count; i++) {
		const struct row_record *row = &record->rows[i];
		enum mark mark = row_mark(row);

		put_html(page, "<tr><th scope=\"row\">%s</th>", row->label);
		fprintf(page->out, "<td class=\"%c\">%s %s</td>", mark_class(mark),
			mark_symbol(mark), mark_word(mark));
		put_html(page, "<td>%s</td></tr>", row->meaning);
	}
	fputs("</tbody></table>\n", page->out);
}

/* What was seen ----------------------------------------------------------------------------- */

static void put_value(struct page *page, const json_t *value)
{
	size_t i;
	json_t *item;

	if (json_is_string(value)) {
		put_safe(page->out, DIALECT_HTML, json_string_value(value));
	} else if (json_is_array(value) && json_array_size(value)) {
		json_array_foreach(value, i, item)
		{
			if (i)
				putc(' ', page->out);
			put_value(page, item);
		}
	} else {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		put_safe(page->out, DIALECT_HTML, json_is_array(value) ? "none" : text);
		free(text);
	}
}

static void put_facts(struct page *page, const struct cell *cell)
{
	json_t *facts = cell->facts ? json_loads(cell->facts, 0, NULL) : NULL, *value;
	const char *key;
	bool first = true;

	if (json_object_size(facts)) {
		fputs("<details class=\"f\"><summary>Facts</summary><p>", page->out);
		json_object_foreach(facts, key, value)
		{
			put_html(page, "%s%s: ", first ? "" : "\n", key);
			put_value(page, value);
			first = false;
		}
		fputs("</p></details>", page->out);
	}
	json_decref(facts);
}

/* "INT: dash bash": the cells told with this one, each of which can be linked to. */
static void put_where(struct page *page, const struct evidence *evidence, size_t witness)
{
	size_t variant = SIZE_MAX;

	fputs("<p class=\"w\">", page->out);
	for (size_t i = witness; i < evidence->count; i++) {
		const struct told *told = &evidence->cells[i];

		if (told->witness != witness)
			continue;
		if (told->variant != variant && *told->cell->variant) {
			fputs(variant == SIZE_MAX ? "" : "<br>", page->out);
			put_html(page, "<i>%s:</i>", told->cell->variant);
		}
		variant = told->variant;
		fputs(" <span id=\"", page->out);
		put_cell_anchor(page->out, told->cell);
		put_html(page, "\">%s</span>", told->cell->shell);
	}
	fputs("</p>", page->out);
}

static void put_timeline(struct page *page, const struct cell *cell)
{
	const char *picture = page->pictures ? page->pictures[cell - page->results->cells] : NULL;

	if (!picture)
		return;
	fputs("<figure tabindex=\"0\">", page->out);
	fputs(picture, page->out);
	put_html(page, "<figcaption>Timeline: %s%s%s</figcaption></figure>", cell->shell,
		*cell->variant ? ", " : "", cell->variant);
}

/* A browser with scripts takes what is inside noscript for one text, and so opens a page of 17,500
 * cells at once; the script makes elements of it when the case is opened. Without scripts they are
 * just there. */
static void put_witnesses(struct page *page, const struct evidence *evidence, size_t finding)
{
	for (size_t i = finding; i < evidence->count; i++) {
		if (evidence->cells[i].finding != finding || evidence->cells[i].witness != i)
			continue;
		put_where(page, evidence, i);
		fputs("<noscript>", page->out);
		put_facts(page, evidence->cells[i].cell);
		put_timeline(page, evidence->cells[i].cell);
		fputs("</noscript>", page->out);
	}
}

static void put_finding(struct page *page, const struct evidence *evidence, size_t finding)
{
	const struct cell *cell = evidence->cells[finding].cell;
	enum mark mark = cell_mark(cell);
	const char *meaning = outcome_meaning(evidence->record, cell->outcome);
	char *word = cell_word(NULL, cell);

	fprintf(page->out, "<div class=\"e e%c\"><p class=\"%c\"><b>%s ", mark_class(mark),
		mark_class(mark), mark_symbol(mark));
	put_html(page, "%s</b> <em>%s</em>%s%s</p>", word, mark_word(mark), *meaning ? ": " : "",
		meaning);
	if (*cell->reason)
		put_html(page, "<p class=\"y\"><span>Why</span> %s</p>", cell->reason);
	put_witnesses(page, evidence, finding);
	fputs("</div>\n", page->out);
	talloc_free(word);
}

static void put_findings(struct page *page, const struct evidence *evidence)
{
	fputs("<h4>What was seen</h4>\n", page->out);
	/* As the legend has them: what a reader asks about first comes before n/a. */
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		for (size_t i = 0; i < evidence->count; i++)
			if (evidence->cells[i].finding == i &&
				cell_mark(evidence->cells[i].cell) == mark)
				put_finding(page, evidence, i);
}

static void put_case(struct page *page, const struct case_record *record)
{
	void *memory = talloc_new(NULL);
	struct evidence evidence = evidence_of(memory, page->matrix, record);

	fputs("<details class=\"case\" id=\"", page->out);
	put_case_anchor(page->out, record);
	put_html(page, "\"><summary><h3>%s</h3> <span>%s</span></summary>\n", record->name,
		record->title);
	fputs("<a class=\"close\" href=\"#", page->out);
	put_row_anchor(page->out, record);
	put_html(page, "\">Back to the matrix</a>\n<p class=\"meta\">Standard: %s</p>\n",
		record->spec);
	put_paragraphs(page, record->prose);
	put_findings(page, &evidence);
	put_outcomes(page, record);
	put_scene(page, record);
	fputs("</details>\n", page->out);
	talloc_free(memory);
}

void put_cases(struct page *page)
{
	fputs("<section id=\"cases\" aria-labelledby=\"cases-h\">\n<h2 id=\"cases-h\">Cases</h2>\n",
		page->out);
	for (size_t i = 0; i < page->results->case_count; i++)
		put_case(page, &page->results->cases[i]);
	fputs("</section>\n", page->out);
}
