/* What the pages of the book share. Every word that came from results goes through book_safe() or
 * book_code(), and every file name through tree_name(). */
#ifndef SIGMATRIX_BOOK_H
#define SIGMATRIX_BOOK_H

#include "report.h"

struct book {
	struct tree *tree;
	const struct results *results;
	const struct matrix *matrix;
	const struct guide *guide;
	FILE *out;        /* the page being written */
	const char *root; /* from it to the directory of the book: "", "../", "../../" */
	void *memory;     /* emptied after each page */
};

/* One line of Markdown that shows the text and nothing else, to Markdown and to what reads it
 * before (templates in braces). */
char *book_safe(struct book *book, const char *text);
/* A block of text as it is. */
void book_code(struct book *book, const char *text);
/* Paragraphs line by line. */
void book_prose(struct book *book, const char *prose);
/* Prose of the guide: `words` are code, the name of a case among them a link; lines that begin with
 * "- " are a list. */
void book_guide_prose(struct book *book, const char *prose);

/* Links, as Markdown. */
char *book_case_link(struct book *book, const struct case_record *record);
char *book_shell_link(struct book *book, const char *shell);
char *book_shell_links(struct book *book, const bool *columns);

/* Paths below the book's directory. */
char *book_case_path(struct book *book, const struct case_record *record);
char *book_shell_path(struct book *book, const char *shell);
char *book_topic_path(struct book *book, const struct topic *topic);

/* "✓ exec" */
char *book_cell_label(struct book *book, const struct cell *cell);

/* The pages begin and end with these. */
void book_page(struct book *book, const char *path, const char *root);
void book_page_end(struct book *book);

void book_put_claims(struct book *book);                                 /* book-claims.c */
void book_put_shell(struct book *book, size_t column);                   /* book-shells.c */
void book_put_case(struct book *book, const struct case_record *record); /* book-cases.c */
void book_put_topic(struct book *book, const struct topic *topic);

/* Flow charts, if the guide has some (book-flow.c): the pages, their lines in the contents, and a
 * link to those of a shell. */
void book_put_flow(struct book *book);
void book_put_flow_contents(struct book *book);
void book_put_flow_link(struct book *book, const struct shell_record *shell);

/* The claims that the case decides, as a list with a heading; nothing when there are none. */
void book_put_claims_of(struct book *book, const struct case_record *record);

#endif
