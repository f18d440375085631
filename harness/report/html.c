/* One HTML file that needs nothing else: the matrix, filtered by CSS alone, and below it what each
 * shell does and what each case saw. A script adds search and keys; without it all is there. */
#include "page.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sha2.h>
#include <talloc.h>

#include "assets.h"
#include "conduct.h"

/* Identifiers ------------------------------------------------------------------------------- */

/* A slash that divides a name becomes a dot, so that links are easy to read and to write. */
static void put_anchor(FILE *out, const char *name, bool divided)
{
	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte < 0x80 && (isalnum(byte) || byte == '-'))
			putc_unlocked(byte, out);
		else if (byte == '/' && divided)
			putc_unlocked('.', out);
		else
			fprintf(out, "_%02x", byte);
	}
}

void put_case_anchor(FILE *out, const struct case_record *record)
{
	fputs("case-", out);
	put_anchor(out, record->name, true);
}

void put_shell_anchor(FILE *out, const struct shell_record *shell)
{
	fputs("shell-", out);
	put_anchor(out, shell->name, false);
}

void put_cell_anchor(FILE *out, const struct cell *cell)
{
	fputs("cell-", out);
	put_anchor(out, cell->case_name, true);
	putc_unlocked('.', out);
	put_anchor(out, cell->variant, false);
	putc_unlocked('.', out);
	put_anchor(out, cell->shell, false);
}

void put_row_anchor(FILE *out, const struct case_record *record)
{
	fputs("row-", out);
	put_anchor(out, record->name, true);
}

void put_group_anchor(FILE *out, const char *group)
{
	fputs("group-", out);
	put_anchor(out, group, false);
}

/* Marks ------------------------------------------------------------------------------------- */

char mark_class(enum mark mark)
{
	static const char classes[MARK_COUNT] = {[MARK_CONFORMS] = 'c',
		[MARK_PERMITTED] = 'p',
		[MARK_VIOLATES] = 'v',
		[MARK_UNJUDGED] = 'o',
		[MARK_UNKNOWN] = 'q',
		[MARK_BROKEN] = 'b',
		[MARK_UNSTABLE] = 'i',
		[MARK_NA] = 'n',
		[MARK_UNPLAYED] = 'u'};

	return classes[mark];
}

bool cell_deviates(const struct case_record *record, const struct cell *cell)
{
	enum mark mark = cell_mark(cell);

	if (mark != MARK_UNJUDGED)
		return mark == MARK_VIOLATES;
	for (size_t i = 0; i < record->row_count; i++)
		if (!strcmp(record->rows[i].label, cell->outcome))
			return record->rows[i].verdict == VERDICT_VIOLATES;
	return false;
}

/* Groups ------------------------------------------------------------------------------------ */

/* What a filter may ask of a row, or of a group: is it so in any of its rows? */
struct traits {
	bool differs, violates, permitted, doubt;
	bool *deviant; /* by column */
};

/* Rows first to end-1 of the matrix are those of one group. */
struct group {
	const char *name;
	bool again; /* an earlier one has the same name, and the identifier */
	size_t first, end;
	struct traits traits;
};

static void add_traits(
	struct traits *traits, const struct matrix *matrix, const struct matrix_row *row)
{
	traits->differs |= row_differs(matrix, row);
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct cell *cell = row->cells[i];
		enum mark mark = cell_mark(cell);

		traits->violates |= mark == MARK_VIOLATES;
		traits->permitted |= mark == MARK_PERMITTED;
		traits->doubt |= mark_is_doubt(mark);
		traits->deviant[i] |= cell_deviates(row->record, cell);
	}
}

static bool group_known(const struct group *groups, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(groups[i].name, name))
			return true;
	return false;
}

static void add_group(
	struct group *groups, size_t *count, const char *name, size_t first, size_t column_count)
{
	groups[*count] = (struct group){.name = name,
		.again = group_known(groups, *count, name),
		.first = first,
		.traits.deviant = talloc_zero_array(groups, bool, column_count + 1)};
	(*count)++;
}

static struct group *groups_of(const void *parent, const struct matrix *matrix, size_t *count)
{
	struct group *groups = talloc_array(parent, struct group, matrix->row_count + 1);

	*count = 0;
	for (size_t i = 0; i < matrix->row_count; i++) {
		const char *name = matrix->rows[i].record->group;

		if (!*count || strcmp(groups[*count - 1].name, name))
			add_group(groups, count, name, i, matrix->column_count);
		groups[*count - 1].end = i + 1;
		add_traits(&groups[*count - 1].traits, matrix, &matrix->rows[i]);
	}
	return groups;
}

static void put_classes(struct page *page, const struct traits *traits)
{
	FILE *out = page->out;

	fprintf(out, "%s%s%s%s", traits->differs ? " rd" : "", traits->violates ? " rv" : "",
		traits->permitted ? " rp" : "", traits->doubt ? " rq" : "");
	for (size_t i = 0; i < page->matrix->column_count; i++)
		if (traits->deviant[i])
			fprintf(out, " x%zu", i);
}

/* Style and policy -------------------------------------------------------------------------- */

/* The rules that depend on how many shells and groups there are; no text of theirs is in it. */
static char *dynamic_css(const void *parent, const struct matrix *matrix, size_t group_count)
{
	char *css = talloc_asprintf(parent, ":root{--columns:%zu}\n", matrix->column_count);

	for (size_t i = 0; i < matrix->column_count; i++)
		css = talloc_asprintf_append_buffer(css,
			".filters:has(#shell option:nth-child(%zu):checked)~.m "
			":is(.r,.g):not(.x%zu){display:none}"
			".filters:has(#shell option:nth-child(%zu):checked)~.m "
			"tr>:nth-child(%zu){background:var(--chosen)}\n",
			i + 2, i, i + 2, i + 2);
	for (size_t i = 0; i < group_count; i++)
		css = talloc_asprintf_append_buffer(css,
			".filters:has(#group option:nth-child(%zu):checked)~.m .g:not(.g%zu)"
			"{display:none}\n",
			i + 2, i);
	return css;
}

/* 'sha256-...': what lets just this script or style through. */
static void put_hash(FILE *out, const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t hash[SHA256_DIGEST_LENGTH + 1] = {0};
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)text, strlen(text));
	SHA256Final(hash, &context);
	fputs(" 'sha256-", out);
	/* 32 bytes are 43 digits and one "=". */
	for (size_t bit = 0; bit < 43; bit++) {
		size_t at = bit * 6 / 8, shift = 10 - bit * 6 % 8;

		putc(digits[((hash[at] << 8 | hash[at + 1]) >> shift) & 0x3f], out);
	}
	fputs("='", out);
}

static void put_head(struct page *page, const char *css)
{
	FILE *out = page->out;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "base-uri 'none'; form-action 'none'; style-src",
		out);
	put_hash(out, asset_html_css);
	put_hash(out, asset_svg_css);
	put_hash(out, css);
	fputs("; script-src", out);
	put_hash(out, asset_html_js);
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<title>",
		out);
	fprintf(out, "What %ss do with signals</title>\n", page->matrix->subject);
	fprintf(out, "<style>%s</style>\n<style>%s</style>\n<style>%s</style>\n</head>\n<body>\n",
		asset_html_css, asset_svg_css, css);
}

/* The top ----------------------------------------------------------------------------------- */

static void put_skip_links(struct page *page)
{
	fprintf(page->out,
		"<a class=\"skip\" href=\"#matrix\">Skip to the matrix</a>\n"
		"<a class=\"skip\" href=\"#shells\">Skip to the %ss</a>\n"
		"<a class=\"skip\" href=\"#cases\">Skip to the cases</a>\n",
		page->matrix->subject);
}

static void put_header(struct page *page)
{
	const struct host_record *host = &page->results->host;
	const struct matrix *matrix = page->matrix;

	put_html(page, "<header>\n<h1>What %ss do with signals</h1>\n", matrix->subject);
	put_html(page, "<p class=\"sub\">%zu cases, %zu %ss, %zu cells. Linux %s, %s; %s.</p>\n",
		page->results->case_count, matrix->column_count, matrix->subject, matrix->played,
		host->kernel, host->system, host->date);
	if (!host->complete)
		put_html(page,
			"<p class=\"warn\"><strong>Interrupted.</strong> This run was stopped "
			"before its end: %zu of %zu cells were not played.</p>\n",
			matrix->cell_count - matrix->played, matrix->cell_count);
	put_html(page,
		"<nav aria-label=\"Page\"><a href=\"#matrix\">Matrix</a> <a href=\"#shells\">%ss"
		"</a> <a href=\"#cases\">Cases</a> <a href=\"#made\">How it was made</a></nav>\n"
		"</header>\n",
		matrix->title);
}

static void put_radio(struct page *page, const char *id, const char *label, bool checked)
{
	fprintf(page->out,
		"<label><input type=\"radio\" name=\"show\" id=\"show-%s\"%s><span>%s</span>"
		"</label>",
		id, checked ? " checked" : "", label);
}

static void put_filters(struct page *page, const struct group *groups, size_t count)
{
	const char *subject = page->matrix->subject;
	char *differ = talloc_asprintf(page->matrix, "%ss differ", subject);

	fputs("<form class=\"filters\" aria-label=\"Filters\" autocomplete=\"off\">\n"
	      "<fieldset><legend>Rows</legend>",
		page->out);
	put_radio(page, "all", "all", true);
	put_radio(page, "differ", differ, false);
	put_radio(page, "violates", "✗ violates", false);
	put_radio(page, "permitted", "· permitted", false);
	put_radio(page, "doubt", "? in doubt", false);
	fputs("</fieldset>\n<label class=\"pick\">Group <select id=\"group\"><option>all</option>",
		page->out);
	for (size_t i = 0; i < count; i++)
		put_html(page, "<option>%s</option>", groups[i].name);
	put_html(page,
		"</select></label>\n<label class=\"pick\">Deviations of <select id=\"shell\">"
		"<option>any %s</option>",
		subject);
	for (size_t i = 0; i < page->matrix->column_count; i++)
		put_html(page, "<option>%s</option>", page->matrix->columns[i]->name);
	fputs("</select></label>\n<label class=\"pick\" id=\"searching\" hidden>Search "
	      "<input type=\"search\" id=\"search\" placeholder=\"case, title, outcome\"></label>\n"
	      "<button type=\"reset\">Reset</button>\n"
	      "<p id=\"count\" role=\"status\"></p>\n</form>\n",
		page->out);
}

static void put_legend(struct page *page)
{
	fputs("<p class=\"legend\">", page->out);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(page->matrix, mark))
			fprintf(page->out, "<span class=\"%c\"><b>%s</b> %s</span> ",
				mark_class(mark), mark_symbol(mark), mark_word(mark));
	fputs("</p>\n", page->out);
}

/* The matrix -------------------------------------------------------------------------------- */

static void put_cell(struct page *page, const struct cell *cell)
{
	enum mark mark = cell_mark(cell);
	char *word = cell_word(NULL, cell);

	if (!cell) {
		put_html(page, "<td class=\"u\">%s %s", mark_symbol(mark), word);
	} else {
		fprintf(page->out, "<td class=\"%c\"><a href=\"#", mark_class(mark));
		put_cell_anchor(page->out, cell);
		fprintf(page->out, "\">%s ", mark_symbol(mark));
		put_html(page, "%s</a>", word);
	}
	talloc_free(word);
}

static void put_row_head(struct page *page, const struct matrix_row *row)
{
	char *variants = row_variants(NULL, row);

	fputs("<th scope=\"row\"><a href=\"#", page->out);
	put_case_anchor(page->out, row->record);
	put_html(page, "\">%s</a>", case_short_name(row->record));
	if (*variants)
		put_html(page, " <i>%s</i>", variants);
	put_html(page, "<small>%s</small>", row->record->title);
	talloc_free(variants);
}

static void put_row(struct page *page, size_t index)
{
	const struct matrix *matrix = page->matrix;
	const struct matrix_row *row = &matrix->rows[index];
	bool first = !index || matrix->rows[index - 1].record != row->record;
	struct traits traits = {.deviant = talloc_zero_array(NULL, bool, matrix->column_count + 1)};

	add_traits(&traits, matrix, row);
	fputs("<tr class=\"r", page->out);
	put_classes(page, &traits);
	if (first) {
		fputs("\" id=\"", page->out);
		put_row_anchor(page->out, row->record);
	}
	fputs("\">", page->out);
	put_row_head(page, row);
	for (size_t i = 0; i < matrix->column_count; i++)
		put_cell(page, row->cells[i]);
	putc('\n', page->out);
	talloc_free(traits.deviant);
}

static void put_group(struct page *page, const struct group *group, size_t number)
{
	const struct matrix *matrix = page->matrix;

	fprintf(page->out, "<section class=\"g g%zu", number);
	put_classes(page, &group->traits);
	if (!group->again) {
		fputs("\" id=\"", page->out);
		put_group_anchor(page->out, group->name);
	}
	put_html(page,
		"\">\n<table><caption><h3>%s</h3> <span>%zu rows</span></caption>\n"
		"<thead><tr><th scope=\"col\">case</th>",
		group->name, group->end - group->first);
	for (size_t i = 0; i < matrix->column_count; i++) {
		fputs("<th scope=\"col\"><a href=\"#", page->out);
		put_shell_anchor(page->out, matrix->columns[i]);
		put_html(page, "\">%s</a></th>", matrix->columns[i]->name);
	}
	fputs("</tr></thead>\n<tbody>\n", page->out);
	for (size_t i = group->first; i < group->end; i++)
		put_row(page, i);
	fputs("</tbody></table></section>\n", page->out);
}

static void put_matrix(struct page *page, const struct group *groups, size_t count)
{
	fputs("<section id=\"matrix\" aria-labelledby=\"matrix-h\">\n<h2 id=\"matrix-h\">Matrix"
	      "</h2>\n",
		page->out);
	put_filters(page, groups, count);
	put_legend(page);
	fputs("<div class=\"m\" role=\"region\" aria-label=\"The matrix; it scrolls\" "
	      "tabindex=\"0\">\n",
		page->out);
	for (size_t i = 0; i < count; i++)
		put_group(page, &groups[i], i);
	fputs("<p class=\"none\">No row matches.</p>\n</div>\n</section>\n", page->out);
}

/* Shells ------------------------------------------------------------------------------------ */

/* How a shell's cells divide, as a bar of 120 units. */
static void put_bar(struct page *page, const size_t *counts)
{
	size_t sum = 0, done = 0;

	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		sum += counts[mark];
	fputs("<svg class=\"bar\" width=\"120\" height=\"10\" aria-hidden=\"true\">", page->out);
	for (enum mark mark = 0; sum && mark < MARK_COUNT; mark++) {
		double x = 120.0 * (double)done / (double)sum;
		double width = 120.0 * (double)counts[mark] / (double)sum;

		if (counts[mark])
			fprintf(page->out,
				"<rect class=\"f%c\" x=\"%.1f\" width=\"%.1f\" height=\"10\"/>",
				mark_class(mark), x, width);
		done += counts[mark];
	}
	fputs("</svg>", page->out);
}

static void put_tally(struct page *page, size_t column)
{
	const struct shell_record *shell = page->matrix->columns[column];
	const size_t *counts = matrix_tally(page->matrix, column);

	fputs("<tr><th scope=\"row\"><a href=\"#", page->out);
	put_shell_anchor(page->out, shell);
	put_html(page, "\">%s</a></th><td>%s</td><td>", shell->name, shell->version);
	put_bar(page, counts);
	fputs("</td>", page->out);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(page->matrix, mark))
			fprintf(page->out, "<td class=\"num\">%zu</td>", counts[mark]);
	fputs("</tr>\n", page->out);
}

static void put_tallies(struct page *page)
{
	put_html(page,
		"<div class=\"wide\" role=\"region\" aria-label=\"Summary; it scrolls\" "
		"tabindex=\"0\"><table class=\"sum\"><caption>Cells of each %s</caption>\n"
		"<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">version</th>"
		"<th scope=\"col\">share</th>",
		page->matrix->subject, page->matrix->subject);
	for (enum mark mark = 0; mark < MARK_COUNT; mark++)
		if (matrix_shows(page->matrix, mark))
			fprintf(page->out, "<th scope=\"col\" class=\"num\">%s %s</th>",
				mark_symbol(mark), mark_word(mark));
	fputs("</tr></thead>\n<tbody>\n", page->out);
	for (size_t i = 0; i < page->matrix->column_count; i++)
		put_tally(page, i);
	fputs("</tbody></table></div>\n", page->out);
}

static void put_conducts(struct page *page, size_t column, enum mark mark, const char *heading)
{
	void *memory = talloc_new(NULL);
	size_t count;
	const struct conduct *list = conduct_collect(memory, page->matrix, column, mark, &count);

	if (count)
		fprintf(page->out, "<h4>%s</h4>\n<ul>\n", heading);
	for (size_t i = 0; i < count; i++) {
		fputs("<li><a href=\"#", page->out);
		put_cell_anchor(page->out, list[i].cell);
		put_html(page, "\">%s</a>%s<i>%s</i> <b class=\"", list[i].record->name,
			*list[i].variants ? " " : "", list[i].variants);
		fprintf(page->out, "%c\">%s ", mark_class(mark), mark_symbol(mark));
		put_html(page, "%s</b>%s%s\n", list[i].cell->outcome, *list[i].meaning ? ": " : "",
			list[i].meaning);
	}
	if (count)
		fputs("</ul>\n", page->out);
	talloc_free(memory);
}

static void put_absences(struct page *page, size_t column)
{
	void *memory = talloc_new(NULL);
	size_t count;
	const struct conduct *list = conduct_collect(memory, page->matrix, column, MARK_NA, &count);
	const struct absence *absences = absence_collect(memory, list, count, &count);

	if (count)
		fputs("<h4>Not applicable</h4>\n<ul>\n", page->out);
	for (size_t i = 0; i < count; i++)
		put_html(page, "<li>%zu cells of %zu cases: %s\n", absences[i].cells,
			absences[i].cases, absences[i].reason);
	if (count)
		fputs("</ul>\n", page->out);
	talloc_free(memory);
}

static void put_shell(struct page *page, size_t column)
{
	const struct shell_record *shell = page->matrix->columns[column];
	char *sentence = conduct_sentence(NULL, page->matrix, column);

	fputs("<details class=\"shell\" id=\"", page->out);
	put_shell_anchor(page->out, shell);
	put_html(
		page, "\"><summary><h3>%s</h3> <span>%s</span></summary>\n", shell->name, sentence);
	put_html(page,
		"<p class=\"meta\">%s; family %s; version %s; %s; SHA-256 <code>%s</code></p>\n",
		shell->title, shell->family, shell->version, shell->file, shell->sha256);
	put_conducts(page, column, MARK_VIOLATES, "Deviations");
	put_conducts(page, column, MARK_UNKNOWN, "Unknown or timeout");
	put_conducts(page, column, MARK_BROKEN, "Broken or disputed");
	put_conducts(page, column, MARK_UNSTABLE, "Unstable");
	put_conducts(page, column, MARK_PERMITTED, "Permitted variations");
	put_absences(page, column);
	fputs("</details>\n", page->out);
	talloc_free(sentence);
}

static void put_missing(struct page *page)
{
	const struct results *results = page->results;

	if (page->matrix->column_count == results->shell_count)
		return;
	fputs("<h3>Not measured</h3>\n<ul>\n", page->out);
	for (size_t i = 0; i < results->shell_count; i++)
		if (results->shells[i].missing)
			put_html(page, "<li>%s: %s\n", results->shells[i].name,
				results->shells[i].missing);
	fputs("</ul>\n", page->out);
}

static void put_shells(struct page *page)
{
	put_html(page,
		"<section id=\"shells\" aria-labelledby=\"shells-h\">\n<h2 id=\"shells-h\">%ss"
		"</h2>\n<p>A cell names what was seen. Its symbol is what the standard says of it: "
		"conforms, permitted (the standard leaves it open), violates. The other symbols "
		"say nothing about the %s, neither for it nor against it; what is not judged was "
		"measured on a %s that does not claim the standard.</p>\n",
		page->matrix->title, page->matrix->subject, page->matrix->subject);
	put_tallies(page);
	for (size_t i = 0; i < page->matrix->column_count; i++)
		put_shell(page, i);
	put_missing(page);
	fputs("</section>\n", page->out);
}

/* The end ----------------------------------------------------------------------------------- */

static void put_fact(struct page *page, const char *what, const char *value)
{
	put_html(page, "<dt>%s</dt><dd>%s</dd>\n", what, value);
}

static void put_made(struct page *page)
{
	const struct host_record *host = &page->results->host;

	fputs("<section id=\"made\" aria-labelledby=\"made-h\">\n<h2 id=\"made-h\">How it was made"
	      "</h2>\n<dl>\n",
		page->out);
	put_fact(page, "Date", host->date);
	put_fact(page, "System", host->system);
	put_fact(page, "Kernel", host->kernel);
	put_fact(page, "Machine", host->machine);
	put_fact(page, "Trace", host->trace);
	put_fact(page, "Isolation", host->isolation);
	put_fact(page, "User", host->user);
	put_fact(page, "Command", host->command);
	fputs("</dl>\n", page->out);
	if (!page->pictures)
		fputs("<p>There are no pictures: no timelines were beside the results.</p>\n",
			page->out);
	else if (page->left_out)
		put_html(page,
			"<p>%zu timelines are drawn, those in doubt, of violations and where "
			"%ss differ first; %zu more would make this page too large. A report "
			"of fewer cases has them all, for example <code>sigmatrix report RESULTS "
			"--format html --case 'exec/*'</code>.</p>\n",
			page->drawn, page->matrix->subject, page->left_out);
	fputs("</section>\n", page->out);
}

static void put_page(struct page *page, const struct group *groups, size_t count)
{
	char *css = dynamic_css(NULL, page->matrix, count);

	put_head(page, css);
	put_skip_links(page);
	put_header(page);
	fputs("<main>\n", page->out);
	put_matrix(page, groups, count);
	put_shells(page);
	put_cases(page);
	put_made(page);
	fprintf(page->out, "</main>\n<script>%s</script>\n</body>\n</html>\n", asset_html_js);
	talloc_free(css);
}

/* A page stays below 10 MB; a cell needs 380 bytes, the rest is for pictures. */
enum { PAGE_BYTES = 9300 * 1000, CELL_BYTES = 400 };

static size_t picture_budget(const struct results *results)
{
	size_t cells = results->cell_count * CELL_BYTES;

	return cells < PAGE_BYTES ? PAGE_BYTES - cells : 0;
}

static int write_html(
	const struct results *results, const struct report_options *options, FILE *out)
{
	void *memory = talloc_new(NULL);
	struct page page = {.out = out, .results = results, .matrix = matrix_new(memory, results)};
	size_t count;
	const struct group *groups = groups_of(memory, page.matrix, &count);
	int rc = 0;

	if (options->timelines)
		rc = draw_pictures(memory, &page, options->timelines, picture_budget(results));
	errno = 0;
	if (!rc) {
		put_page(&page, groups, count);
		rc = report_finish(out);
	}
	talloc_free(memory);
	return rc;
}

const struct report report_html = {
	"html", "one page for a browser, with the evidence behind each cell", write_html, NULL};
