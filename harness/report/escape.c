#include "escape.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "../model/utf8.h"
#include "report.h"

static const char *html_character(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static const char *tap_character(char c)
{
	return c == '#' ? "\\#" : c == '\\' ? "\\\\" : NULL;
}

static const char *man_character(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '"':
		return "\\(dq";
	case '\'':
		return "\\(aq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

static const char *dot_character(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	default:
		return c == '&' ? "&amp;" : NULL; /* entities are decoded in labels */
	}
}

/* Its entities are numbers behind '#'. "%%" begins comments and directives, '`' Markdown, '$'
 * mathematics, wherever they stand. */
static const char *mermaid_character(char c)
{
	static const char special[] = "\"#&<>`\\%{}$;@~";
	static const char *const escaped[] = {"#quot;", "#35;", "#amp;", "#lt;", "#gt;", "#96;",
		"#92;", "#37;", "#123;", "#125;", "#36;", "#59;", "#64;", "#126;"};
	const char *found = strchr(special, c);

	return found ? escaped[found - special] : NULL;
}

/* What the character must become, NULL: it may stay. */
static const char *replacement(enum dialect dialect, char c)
{
	switch (dialect) {
	case DIALECT_HTML:
		return html_character(c);
	case DIALECT_CSV:
		return c == '"' ? "\"\"" : NULL;
	case DIALECT_TAP:
		return tap_character(c);
	case DIALECT_DOT:
		return dot_character(c);
	case DIALECT_MERMAID:
		return mermaid_character(c);
	default:
		return man_character(c);
	}
}

/* What a text must begin with so that its first character means nothing. */
static const char *opening(enum dialect dialect, const char *text)
{
	if (dialect == DIALECT_CSV && *text && strchr("=+-@", *text))
		return "'"; /* spreadsheets take it for "this is text" */
	if (dialect == DIALECT_MAN && (*text == '.' || *text == '\''))
		return "\\&";
	return "";
}

static void put_visible(FILE *out, enum dialect dialect, const char *text, size_t length)
{
	const char *backslash = replacement(dialect, '\\');

	for (size_t i = 0; i < length; i++)
		fprintf(out, "%sx%02x", backslash ? backslash : "\\", (unsigned char)text[i]);
}

/* roff formatters agree on ASCII only. */
static void put_point(FILE *out, enum dialect dialect, const char *text, size_t length)
{
	uint32_t point;

	if (dialect == DIALECT_MAN && utf8_decode(text, &point))
		fprintf(out, "\\[u%04X]", (unsigned)point);
	else
		fwrite(text, 1, length, out);
}

void put_safe(FILE *out, enum dialect dialect, const char *text)
{
	if (!text)
		return;
	fputs(opening(dialect, text), out);
	while (*text) {
		size_t bad = 1, length = 1;
		const char *other = replacement(dialect, *text);

		if (other)
			fputs(other, out);
		else if (*text >= ' ' && *text < 0x7f)
			putc_unlocked(*text, out);
		else if ((length = text_harmless(text, &bad)))
			put_point(out, dialect, text, length);
		else
			put_visible(out, dialect, text, bad);
		text += length ? length : bad;
	}
}

void put_format(FILE *out, enum dialect dialect, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		size_t plain = strcspn(format, "%");

		fwrite(format, 1, plain, out);
		format += plain;
		if (!*format)
			break;
		if (*++format == 's')
			put_safe(out, dialect, va_arg(args, const char *));
		else if (*format == 'z' && *++format == 'u')
			fprintf(out, "%zu", va_arg(args, size_t));
		else
			putc_unlocked('%', out);
	}
	va_end(args);
}

void put_url(FILE *out, const char *url)
{
	for (; *url; url++)
		if (isalnum((unsigned char)*url) || strchr("-._~/:?#=&%+,@", *url))
			putc_unlocked(*url, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*url);
}
