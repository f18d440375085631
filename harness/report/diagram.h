/* Trees of boxes with lines of text, as SVG (laid out here), DOT, Mermaid and text. Boxes
 * stand below each other, children indented, so that a picture is as wide as its text and can be
 * read where a page is narrow. */
#ifndef SIGMATRIX_DIAGRAM_H
#define SIGMATRIX_DIAGRAM_H

#include <stddef.h>
#include <stdio.h>

enum diagram_look {
	LOOK_QUESTION,
	LOOK_LEAF,
	LOOK_FAULT, /* here it breaks */
	LOOK_LEFT   /* is left behind */
};

enum line_look { LINE_PLAIN, LINE_STRONG, LINE_DIM };

/* All text is as measured, and becomes harmless on its way out. */
struct diagram_line {
	const char *text;
	enum line_look look;
	int indent;
	const char *link; /* a URL, or NULL */
};

struct diagram_node {
	int parent;        /* index of a node before this one, -1: the first */
	const char *label; /* of the line from the parent, or NULL */
	enum diagram_look look;
	struct diagram_line *lines; /* talloc array */
	size_t line_count;
};

/* Besides the lines of the tree. */
struct diagram_arrow {
	int from; /* -1: from outside */
	int to;
	const char *text;
};

struct diagram {
	const char *title;
	const char *outside;        /* who that is; NULL without arrows from there */
	struct diagram_node *nodes; /* parents before children, depth first; talloc array */
	size_t count;
	struct diagram_arrow *arrows; /* talloc array */
	size_t arrow_count;
};

/* A talloc child of parent; the texts must outlive it. */
struct diagram *diagram_new(const void *parent, const char *title);
/* Returns the index of the new node. */
int diagram_add(struct diagram *diagram, int parent, enum diagram_look look, const char *label);
void diagram_add_line(struct diagram *diagram, int node, struct diagram_line line);
void diagram_add_arrow(struct diagram *diagram, int from, int to, const char *text);

/* An SVG document of its own. */
void diagram_put_svg(const struct diagram *diagram, FILE *out);
void diagram_put_text(const struct diagram *diagram, FILE *out);
void diagram_put_dot(const struct diagram *diagram, FILE *out);
void diagram_put_mermaid(const struct diagram *diagram, FILE *out);

#endif
