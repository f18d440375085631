/* Faults of builtins and lists that no call shows: the shell misreads its script. */
#include "mutant.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A word in the place of a command; 1 is what comes before, 2 the blanks. */
#define COMMAND(word) "(^|[\n;&|({!]|then|do|else)([ \t]*)" word
/* A trap with a quoted action; 1 is the action. */
#define TRAP "trap +'([^']+)' +"

static const struct fault {
	enum mutant mutant;
	const char *pattern, *replacement; /* \0 the whole, \1 a part */
} faults[] = {
	{MUTANT_async_waited, "([^&>])&([ \t\n)}]|$)", "\\1;\\2"},
	{MUTANT_wait_nothing, COMMAND("wait([ \t\n;&)]|$)"), "\\1\\2: \\3"},
	{MUTANT_trap_nothing, COMMAND("trap[ \t]"), "\\1\\2: "},
	{MUTANT_trap_twice, TRAP "([A-Z])", "trap '\\1\n\\1' \\2"},
	{MUTANT_trap_status_lost, TRAP "([A-Z])", "trap '! :; \\1' \\2"},
	{MUTANT_exit_trap_never, TRAP "EXIT", ":"},
	{MUTANT_exit_trap_status, TRAP "EXIT", "trap '\\1; exit 0' EXIT"},
	{MUTANT_monitor_never, "set -m", "set +m"},
	{MUTANT_errexit_never, "set -e", "set +e"},
	{MUTANT_last_pid_wrong, "\\$!", "$$"},
};

struct output {
	char *text;
	size_t length, room;
};

static void put(struct output *out, const char *text, size_t length)
{
	if (out->length + length + 1 > out->room) {
		out->room = (out->length + length + 1) * 2;
		out->text = realloc(out->text, out->room);
		if (!out->text)
			abort();
	}
	memcpy(out->text + out->length, text, length);
	out->length += length;
	out->text[out->length] = '\0';
}

static void put_replacement(
	struct output *out, const char *replacement, const char *text, const regmatch_t *parts)
{
	for (const char *c = replacement; *c; c++) {
		if (*c != '\\') {
			put(out, c, 1);
			continue;
		}
		const regmatch_t *part = &parts[*++c - '0'];
		if (part->rm_so >= 0)
			put(out, text + part->rm_so, (size_t)(part->rm_eo - part->rm_so));
	}
}

/* All places changed, or NULL where there is none. */
static char *substitute(const char *text, const char *pattern, const char *replacement)
{
	regex_t regex;
	regmatch_t parts[5];
	struct output out = {0};
	const char *rest = text;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		abort();
	while (*rest && regexec(&regex, rest, 5, parts, rest == text ? 0 : REG_NOTBOL) == 0) {
		put(&out, rest, (size_t)parts[0].rm_so);
		put_replacement(&out, replacement, rest, parts);
		rest += parts[0].rm_eo;
		if (parts[0].rm_eo == parts[0].rm_so)
			break;
	}
	regfree(&regex);
	if (rest == text)
		return NULL;
	put(&out, rest, strlen(rest));
	return out.text;
}

/* Every subshell sets again what the first trap of the script says. */
static char *keep_traps(const char *text)
{
	regex_t regex;
	regmatch_t parts[2];
	char replacement[4096], *lie = NULL;

	if (regcomp(&regex, TRAP "[A-Z]+[0-9]?", REG_EXTENDED) != 0)
		abort();
	if (regexec(&regex, text, 2, parts, 0) == 0 &&
		!memchr(text + parts[0].rm_so, '\\', (size_t)(parts[0].rm_eo - parts[0].rm_so))) {
		snprintf(replacement, sizeof(replacement), "\\1(%.*s; ",
			(int)(parts[0].rm_eo - parts[0].rm_so), text + parts[0].rm_so);
		lie = substitute(text, "(^|[ \t\n$])\\(", replacement);
	}
	regfree(&regex);
	return lie;
}

char *misread(const char *text)
{
	char *lie = NULL;

	if (mem.mutant == MUTANT_subshell_keeps_traps)
		lie = keep_traps(text);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].mutant == mem.mutant)
			lie = substitute(text, faults[i].pattern, faults[i].replacement);
	if (lie)
		intervene();
	return lie;
}
