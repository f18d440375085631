/* Text that came from a subject, on its way into a document: nothing in it can end the place it is
 * put in. Control characters, characters that reorder or hide text, and invalid UTF-8 become \xNN
 * in every document. */
#ifndef SIGMATRIX_ESCAPE_H
#define SIGMATRIX_ESCAPE_H

#include <stdio.h>

enum dialect {
	DIALECT_HTML,   /* text, or an attribute's value in double quotes; also of XML */
	DIALECT_CSV,    /* inside double quotes; never begins a formula */
	DIALECT_TAP,    /* a description or a directive's reason */
	DIALECT_MAN,    /* a line of mdoc(7) text, or a macro's argument in double quotes */
	DIALECT_DOT,    /* inside double quotes */
	DIALECT_MERMAID /* inside double quotes */
};

/* Puts one line of text; a line end in it is a control character. NULL is "". */
void put_safe(FILE *out, enum dialect dialect, const char *text);

/* As fprintf, but knows %s, %zu and %% only, and every %s goes through put_safe(). What surrounds
 * them is ours. */
void put_format(FILE *out, enum dialect dialect, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A URL whose parts may be anything: what could end it becomes %XX, what is escaped already stays.
 * Safe inside double quotes everywhere. */
void put_url(FILE *out, const char *url);

#endif
