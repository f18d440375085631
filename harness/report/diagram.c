#include "diagram.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "assets.h"
#include "escape.h"
#include "picture.h"
#include "report.h"

struct diagram *diagram_new(const void *parent, const char *title)
{
	struct diagram *diagram = talloc_zero(parent, struct diagram);

	diagram->title = title;
	return diagram;
}

int diagram_add(struct diagram *diagram, int parent, enum diagram_look look, const char *label)
{
	diagram->nodes =
		talloc_realloc(diagram, diagram->nodes, struct diagram_node, diagram->count + 1);
	diagram->nodes[diagram->count] =
		(struct diagram_node){.parent = parent, .label = label, .look = look};
	return (int)diagram->count++;
}

void diagram_add_line(struct diagram *diagram, int node, struct diagram_line line)
{
	struct diagram_node *to = &diagram->nodes[node];

	to->lines = talloc_realloc(diagram, to->lines, struct diagram_line, to->line_count + 1);
	to->lines[to->line_count++] = line;
}

void diagram_add_arrow(struct diagram *diagram, int from, int to, const char *text)
{
	diagram->arrows = talloc_realloc(
		diagram, diagram->arrows, struct diagram_arrow, diagram->arrow_count + 1);
	diagram->arrows[diagram->arrow_count++] = (struct diagram_arrow){from, to, text};
}

/* Lines of limited width -------------------------------------------------------------------- */

/* Characters, of text that is harmless already. */
static int columns_of(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* Bytes of the first so many characters. */
static size_t bytes_of(const char *text, int columns)
{
	size_t at = 0;

	while (text[at] && (columns > 0 || ((unsigned char)text[at] & 0xc0) == 0x80)) {
		columns -= ((unsigned char)text[at] & 0xc0) != 0x80;
		at++;
	}
	return at;
}

/* Bytes of the first line: up to a blank where there is one. */
static size_t first_line(const char *text, int width)
{
	size_t limit = bytes_of(text, width), end = limit;

	if (!text[limit])
		return limit;
	while (end > 0 && text[end] != ' ')
		end--;
	return end > 0 ? end : limit;
}

/* The text as harmless lines of at most so many characters; NULL-terminated. */
static char **wrap(const void *parent, const char *text, int width)
{
	char **lines = talloc_zero_array(parent, char *, 2);
	char *rest = escape_terminal(lines, text);
	size_t count = 0;

	do {
		size_t length = first_line(rest, width);

		lines = talloc_realloc(parent, lines, char *, count + 2);
		lines[count++] = talloc_strndup(lines, rest, length);
		lines[count] = NULL;
		rest += length + strspn(rest + length, " ");
	} while (*rest);
	return lines;
}

/* Text -------------------------------------------------------------------------------------- */

enum { TEXT_WIDTH = 96, TEXT_MIN = 24, TEXT_INDENT = 2 };

static void text_line(FILE *out, int indent, const char *first, const char *text)
{
	int width = TEXT_WIDTH - indent - (int)strlen(first);
	char **lines = wrap(NULL, text, width > TEXT_MIN ? width : TEXT_MIN);

	for (size_t i = 0; lines[i]; i++)
		fprintf(out, "%*s%s%s\n", indent, "", i ? "  " : first, lines[i]);
	talloc_free(lines);
}

static int depth_of(const struct diagram *diagram, size_t at)
{
	int depth = 0;

	for (int i = diagram->nodes[at].parent; i >= 0; i = diagram->nodes[i].parent)
		depth++;
	return depth;
}

static void text_node(const struct diagram *diagram, size_t at, FILE *out)
{
	const struct diagram_node *node = &diagram->nodes[at];
	int indent = 2 * TEXT_INDENT * depth_of(diagram, at);

	if (node->label)
		text_line(out, indent - TEXT_INDENT, "- ", node->label);
	for (size_t i = 0; i < node->line_count; i++)
		text_line(
			out, indent + TEXT_INDENT * node->lines[i].indent, "", node->lines[i].text);
}

void diagram_put_text(const struct diagram *diagram, FILE *out)
{
	text_line(out, 0, "", diagram->title);
	putc('\n', out);
	for (size_t i = 0; i < diagram->count; i++)
		text_node(diagram, i, out);
}

/* SVG --------------------------------------------------------------------------------------- */

/* In pixels, but for WRAP: characters. The font is monospaced, and so are its fallbacks; 67 tenths
 * of a pixel is the widest of them at this size. */
enum {
	WRAP = 92,
	CHAR_TENTHS = 67,
	LINE = 15,
	PAD = 7,
	STEP = 26, /* a level of the tree */
	LINE_STEP = 14,
	GAP = 9,
	MARGIN = 10,
	GUTTER = 100, /* left of the tree, for arrows from outside */
	LANE = 14,
	LANES = 8
};

struct box {
	int x, y, width, height; /* without the label, which is above it */
};

struct sheet {
	const struct diagram *diagram;
	struct box *boxes; /* by node */
	FILE *out;
	void *memory;
	int left; /* of the tree */
	int y, right;
};

static int text_width(const char *text)
{
	return (columns_of(text) * CHAR_TENTHS + 9) / 10;
}

static int wrap_at(int indent)
{
	return WRAP - indent * LINE_STEP * 10 / CHAR_TENTHS;
}

static void svg_text(FILE *out, const char *kind, int x, int y, const char *text, const char *link)
{
	if (link)
		put_format(out, DIALECT_HTML, "<a href=\"%s\">", link);
	fprintf(out, "<text%s x=\"%d\" y=\"%d\">", kind, x, y);
	put_safe(out, DIALECT_HTML, text);
	fprintf(out, "</text>%s\n", link ? "</a>" : "");
}

/* Texts and their measures: a dry run (out is NULL) tells how large the box is. */
static void svg_lines(
	struct sheet *sheet, const struct diagram_node *node, struct box *box, bool dry)
{
	static const char *const kinds[] = {"", " class=\"sg\"", " class=\"dm\""};
	int y = box->y + PAD;

	for (size_t i = 0; i < node->line_count; i++) {
		const struct diagram_line *line = &node->lines[i];
		int x = box->x + PAD + line->indent * LINE_STEP;
		char **lines = wrap(sheet->memory, line->text, wrap_at(line->indent));

		for (size_t k = 0; lines[k]; k++, y += LINE) {
			int width = x + text_width(lines[k]) + PAD - box->x;

			if (width > box->width)
				box->width = width;
			if (!dry)
				svg_text(sheet->out, kinds[line->look], x, y + 11, lines[k],
					line->link);
		}
		talloc_free(lines);
	}
	box->height = y + PAD - box->y;
}

/* The label's lines, from y down; returns where they end. */
static int svg_label(struct sheet *sheet, const struct diagram_node *node, int x, int y)
{
	char **lines;

	if (!node->label)
		return y;
	lines = wrap(sheet->memory, node->label, WRAP);
	for (size_t i = 0; lines[i]; i++, y += LINE) {
		svg_text(sheet->out, " class=\"an\"", x, y + 11, lines[i], NULL);
		if (x + text_width(lines[i]) > sheet->right)
			sheet->right = x + text_width(lines[i]);
	}
	talloc_free(lines);
	return y + 3;
}

static void svg_branch(
	struct sheet *sheet, const struct diagram_node *node, const struct box *box, int label_y)
{
	const struct box *parent = &sheet->boxes[node->parent];
	int y = node->label ? label_y + 8 : box->y + box->height / 2;

	fprintf(sheet->out, "<path d=\"M%d %dV%dH%d\"/>\n", parent->x + STEP / 2,
		parent->y + parent->height, y, box->x - (node->label ? 4 : 0));
}

static void svg_node(struct sheet *sheet, size_t at)
{
	static const char *const looks[] = {"qu", "le", "br", "su"};
	const struct diagram_node *node = &sheet->diagram->nodes[at];
	struct box *box = &sheet->boxes[at];
	int label_y = sheet->y;

	box->x = sheet->left + STEP * depth_of(sheet->diagram, at);
	box->y = svg_label(sheet, node, box->x, label_y);
	svg_lines(sheet, node, box, true);
	if (node->parent >= 0)
		svg_branch(sheet, node, box, label_y);
	fprintf(sheet->out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"%s/>\n",
		looks[node->look], box->x, box->y, box->width, box->height,
		node->look == LOOK_QUESTION ? " rx=\"9\"" : "");
	svg_lines(sheet, node, box, false);
	if (box->x + box->width > sheet->right)
		sheet->right = box->x + box->width;
	sheet->y = box->y + box->height + GAP;
}

static void svg_arrow_from_outside(struct sheet *sheet, const struct diagram_arrow *arrow)
{
	const struct box *to = &sheet->boxes[arrow->to];
	int y = to->y + to->height / 2 + 4;

	svg_text(sheet->out, " class=\"sg\"", MARGIN, y - 5, arrow->text, NULL);
	fprintf(sheet->out, "<path class=\"si\" d=\"M%d %dH%dm-6-4l6 4-6 4\"/>\n", MARGIN, y,
		to->x - 1);
}

/* Around the right side, in a lane of its own while there are lanes. */
static void svg_arrow(struct sheet *sheet, const struct diagram_arrow *arrow, int lane)
{
	const struct box *from = &sheet->boxes[arrow->from], *to = &sheet->boxes[arrow->to];
	int x = sheet->right + LANE * (1 + lane % LANES);
	int start = from->y + from->height / 2 + 5, end = to->y + to->height / 2 - 5;

	fprintf(sheet->out, "<path class=\"si\" d=\"M%d %dH%dV%dH%dm6-4l-6 4 6 4\"/>\n",
		from->x + from->width, start, x, end, to->x + to->width + 1);
	svg_text(sheet->out, " class=\"sg\"", to->x + to->width + 10, end - 4, arrow->text, NULL);
}

static void svg_arrows(struct sheet *sheet)
{
	const struct diagram *diagram = sheet->diagram;
	int lanes = 0;

	for (size_t i = 0; i < diagram->arrow_count; i++)
		if (diagram->arrows[i].from < 0)
			svg_arrow_from_outside(sheet, &diagram->arrows[i]);
		else
			svg_arrow(sheet, &diagram->arrows[i], lanes++);
	if (lanes)
		sheet->right += LANE * (1 + (lanes < LANES ? lanes : LANES));
}

static void svg_title(struct sheet *sheet)
{
	char **lines = wrap(sheet->memory, sheet->diagram->title, WRAP);

	sheet->y = MARGIN;
	for (size_t i = 0; lines[i]; i++, sheet->y += LINE) {
		svg_text(sheet->out, " class=\"sg\"", MARGIN, sheet->y + 11, lines[i], NULL);
		if (MARGIN + text_width(lines[i]) > sheet->right)
			sheet->right = MARGIN + text_width(lines[i]);
	}
	sheet->y += MARGIN;
	if (sheet->diagram->outside) {
		svg_text(sheet->out, " class=\"dm\"", MARGIN, sheet->y + 11,
			sheet->diagram->outside, NULL);
		sheet->y += LINE;
	}
}

void diagram_put_svg(const struct diagram *diagram, FILE *out)
{
	char *data = NULL;
	size_t size;
	void *memory = talloc_new(NULL);
	struct sheet sheet = {.diagram = diagram,
		.boxes = talloc_zero_array(memory, struct box, diagram->count + 1),
		.out = open_memstream(&data, &size),
		.memory = memory,
		.left = diagram->outside ? GUTTER : MARGIN};

	if (!sheet.out)
		abort();
	svg_title(&sheet);
	for (size_t i = 0; i < diagram->count; i++)
		svg_node(&sheet, i);
	svg_arrows(&sheet);
	fclose(sheet.out);
	put_picture_open(out, sheet.right + MARGIN, sheet.y + MARGIN, diagram->title, true);
	fprintf(out, "<style>%s</style>\n<rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>\n",
		asset_diagram_css);
	fwrite(data, 1, size, out);
	fputs("</svg>\n", out);
	free(data);
	talloc_free(memory);
}

/* DOT --------------------------------------------------------------------------------------- */

/* Left-aligned lines; "\l" is Graphviz's. */
static void dot_lines(const struct diagram_node *node, FILE *out)
{
	for (size_t i = 0; i < node->line_count; i++) {
		const struct diagram_line *line = &node->lines[i];
		char **lines = wrap(NULL, line->text, wrap_at(line->indent));

		for (size_t k = 0; lines[k]; k++) {
			for (int n = 0; n < line->indent; n++)
				fputs("   ", out);
			put_safe(out, DIALECT_DOT, lines[k]);
			fputs("\\l", out);
		}
		talloc_free(lines);
	}
}

static const char *link_of(const struct diagram_node *node)
{
	for (size_t i = 0; i < node->line_count; i++)
		if (node->lines[i].link)
			return node->lines[i].link;
	return NULL;
}

static void dot_node(const struct diagram *diagram, size_t at, FILE *out)
{
	static const char *const looks[] = {
		", style=rounded", "", ", color=red, penwidth=3", ", style=dashed"};
	const struct diagram_node *node = &diagram->nodes[at];
	const char *link = link_of(node);

	fprintf(out, "  n%zu [label=\"", at + 1);
	dot_lines(node, out);
	fprintf(out, "\"%s", looks[node->look]);
	if (link)
		put_format(out, DIALECT_DOT, ", URL=\"%s\"", link);
	fputs("];\n", out);
	if (node->parent < 0)
		return;
	fprintf(out, "  n%d -> n%zu [label=\"", node->parent + 1, at + 1);
	put_safe(out, DIALECT_DOT, node->label);
	fprintf(out, "\"%s];\n", diagram->arrow_count ? ", arrowhead=none, color=grey" : "");
}

void diagram_put_dot(const struct diagram *diagram, FILE *out)
{
	fputs("digraph sigmatrix {\n"
	      "  node [shape=box, fontname=\"monospace\", fontsize=10];\n"
	      "  edge [fontname=\"sans-serif\", fontsize=10];\n",
		out);
	fprintf(out, "  rankdir=%s;\n", diagram->outside ? "TB" : "LR");
	put_format(out, DIALECT_DOT, "  label=\"%s\";\n", diagram->title);
	for (size_t i = 0; i < diagram->count; i++)
		dot_node(diagram, i, out);
	for (size_t i = 0; i < diagram->arrow_count; i++) {
		const struct diagram_arrow *arrow = &diagram->arrows[i];

		if (arrow->from < 0)
			fputs("  outside", out);
		else
			fprintf(out, "  n%d", arrow->from + 1);
		fprintf(out, " -> n%d", arrow->to + 1);
		put_format(out, DIALECT_DOT, " [label=\"%s\", color=blue];\n", arrow->text);
	}
	if (diagram->outside)
		put_format(out, DIALECT_DOT, "  outside [shape=plaintext, label=\"%s\"];\n",
			diagram->outside);
	fputs("}\n", out);
}

/* Mermaid ----------------------------------------------------------------------------------- */

static void mermaid_lines(const struct diagram_node *node, FILE *out)
{
	for (size_t i = 0; i < node->line_count; i++) {
		const struct diagram_line *line = &node->lines[i];
		char **lines = wrap(NULL, line->text, wrap_at(line->indent));

		for (size_t k = 0; lines[k]; k++) {
			fputs(i || k ? "<br/>" : "", out);
			for (int n = 0; n < 3 * line->indent; n++)
				fputs("#160;", out);
			put_safe(out, DIALECT_MERMAID, lines[k]);
		}
		talloc_free(lines);
	}
}

static void mermaid_edge(const struct diagram *diagram, size_t at, FILE *out)
{
	const struct diagram_node *node = &diagram->nodes[at];

	if (node->parent < 0)
		return;
	fprintf(out, "  n%d --%c", node->parent + 1, diagram->arrow_count ? '-' : '>');
	if (node->label)
		put_format(out, DIALECT_MERMAID, "|\"%s\"|", node->label);
	fprintf(out, " n%zu\n", at + 1);
}

static void mermaid_node(const struct diagram *diagram, size_t at, FILE *out)
{
	static const char *const looks[] = {"question", "leaf", "fault", "left"};
	const struct diagram_node *node = &diagram->nodes[at];
	bool round = node->look == LOOK_QUESTION;
	const char *link = link_of(node);

	fprintf(out, "  n%zu%s\"", at + 1, round ? "(" : "[");
	mermaid_lines(node, out);
	fprintf(out, "\"%s:::%s\n", round ? ")" : "]", looks[node->look]);
	mermaid_edge(diagram, at, out);
	if (link) {
		fprintf(out, "  click n%zu href \"", at + 1);
		put_url(out, link);
		fputs("\"\n", out);
	}
}

static void mermaid_arrow(const struct diagram_arrow *arrow, FILE *out)
{
	if (arrow->from < 0)
		fputs("  outside", out);
	else
		fprintf(out, "  n%d", arrow->from + 1);
	put_format(out, DIALECT_MERMAID, " -.->|\"%s\"|", arrow->text);
	fprintf(out, " n%d\n", arrow->to + 1);
}

void diagram_put_mermaid(const struct diagram *diagram, FILE *out)
{
	fputs("flowchart LR\n", out);
	for (size_t i = 0; i < diagram->count; i++)
		mermaid_node(diagram, i, out);
	if (diagram->outside)
		put_format(out, DIALECT_MERMAID, "  outside[\"%s\"]\n", diagram->outside);
	for (size_t i = 0; i < diagram->arrow_count; i++)
		mermaid_arrow(&diagram->arrows[i], out);
	fputs("  classDef question stroke-width:2px\n"
	      "  classDef leaf text-align:left\n"
	      "  classDef fault stroke-width:4px,stroke:#c00\n"
	      "  classDef left stroke-dasharray:5 3\n",
		out);
}
