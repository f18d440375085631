#include "fuzz.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void broken_promise(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

size_t count_lines(const uint8_t *data, size_t size)
{
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	return count;
}

void check_harmless(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		demand(byte == '\n' || byte == '\t' || !iscntrl(byte), "byte 0x%02x is printed",
			byte);
		/* C1 in UTF-8. */
		demand(byte != 0xc2 || i + 1 == length || (unsigned char)text[i + 1] >= 0xa0,
			"a C1 control character is printed");
	}
}

static int is_whole(const char *message, const char *const *whole)
{
	for (; *whole; whole++)
		if (strncmp(message, *whole, strlen(*whole)) == 0)
			return 1;
	return 0;
}

static void check_place(
	const char *message, const char *path, const char *const *whole, size_t lines)
{
	size_t length = strlen(path);
	char *end;

	demand(strncmp(message, path, length) == 0 && message[length] == ':',
		"a complaint without its file: %s", message);
	message += length + 1;
	if (*message == ' ') {
		demand(is_whole(message + 1, whole), "a complaint without a line: %s", message);
		return;
	}
	unsigned long line = strtoul(message, &end, 10);
	demand(isdigit((unsigned char)*message) && *end == ':' && line >= 1 && line <= lines,
		"a complaint about no line of the file: %s", message);
}

void check_complaints(
	const struct diag *diag, const char *path, const char *const *whole, size_t lines)
{
	char *printed = NULL;
	size_t length = 0;
	FILE *out;

	if (diag->count == 0)
		return;
	for (size_t i = 0; i < diag->count; i++)
		check_place(diag->messages[i], path, whole, lines);
	out = open_memstream(&printed, &length);
	diag_print(diag, out);
	fclose(out);
	check_harmless(printed, length);
	demand(count_lines((const uint8_t *)printed, length) == diag->count + 1,
		"a complaint is not one line");
	free(printed);
}
