/* "tini | bash script | job" */
#include "predict.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <talloc.h>

#include "../model/diag.h"
#include "../report/report.h"

enum { STAGES_LIMIT = 64 };

static const struct {
	enum form form;
	const char *words;
} forms[] = {
	{FORM_COMMAND, "-c"},
	{FORM_SCRIPT, "script"},
	{FORM_LAST, "last"},
	{FORM_EXEC, "exec"},
	{FORM_WAIT, "wait"},
	{FORM_TRAP, "trap"},
};

enum { SHELL_FORMS = sizeof(forms) / sizeof(*forms) };

const char *form_words(enum form form)
{
	for (int i = 0; i < SHELL_FORMS; i++)
		if (forms[i].form == form)
			return forms[i].words;
	return "";
}

static const struct shell_record *subject_called(const struct results *results, const char *name)
{
	for (size_t i = 0; results && i < results->shell_count; i++)
		if (strcmp(results->shells[i].name, name) == 0)
			return &results->shells[i];
	return NULL;
}

/* "python subprocess": the only link in whose title all the words stand. */
static const struct shell_record *link_titled(
	void *memory, const struct results *links, const char *text)
{
	const struct shell_record *found = NULL;

	for (size_t i = 0; links && i < links->shell_count; i++) {
		bool all = true;
		char *words = talloc_strdup(memory, text), *save = NULL;
		const char *title = links->shells[i].title ? links->shells[i].title : "";
		for (char *word = strtok_r(words, " ", &save); word;
			word = strtok_r(NULL, " ", &save))
			all = all && strcasestr(title, word);
		if (!all)
			continue;
		if (found)
			return NULL;
		found = &links->shells[i];
	}
	return found;
}

static const struct shell_record *find_link(
	void *memory, const struct results *links, const char *text)
{
	const struct shell_record *link = subject_called(links, text);
	char *dashed = talloc_strdup(memory, text), *to = dashed;

	if (link)
		return link;
	/* "tini -g" is tini-g */
	for (const char *from = text; *from; from++)
		if (*from != ' ')
			*to++ = *from;
		else if (from[1] != '-')
			*to++ = '-';
	*to = '\0';
	link = subject_called(links, dashed);
	return link ? link : link_titled(memory, links, text);
}

static char *nearest_subject(void *memory, const struct plan *plan, const char *word)
{
	size_t count = 0;
	const char **names = talloc_zero_array(memory, const char *,
		(plan->links ? plan->links->shell_count : 0) +
			(plan->shells ? plan->shells->shell_count : 0) + 2);

	names[count++] = "job";
	for (size_t i = 0; plan->links && i < plan->links->shell_count; i++)
		names[count++] = plan->links->shells[i].name;
	for (size_t i = 0; plan->shells && i < plan->shells->shell_count; i++)
		names[count++] = plan->shells->shells[i].name;
	return escape_terminal(memory, did_you_mean(memory, word, names));
}

/* "bash script"; -1: no shell's name at the beginning; 0: a complaint was made. */
static int read_shell(void *memory, const struct plan *plan, struct stage *stage, char **error)
{
	size_t length = strcspn(stage->text, " ");
	char *name = talloc_strndup(memory, stage->text, length);
	const char *rest = stage->text + length;
	const struct shell_record *shell = subject_called(plan->shells, name);

	if (!shell)
		return -1;
	while (*rest == ' ')
		rest++;
	for (int i = 0; i < SHELL_FORMS; i++)
		if (strcmp(rest, forms[i].words) == 0) {
			stage->subject = shell->name;
			stage->form = forms[i].form;
			return 1;
		}
	*error = talloc_asprintf(memory,
		"stage '%s': %s is a shell and needs one form: -c, script, last, exec, wait or "
		"trap",
		escape_terminal(memory, stage->text), escape_terminal(memory, name));
	return 0;
}

static bool read_stage(
	void *memory, const struct plan *plan, struct stage *stage, bool last, char **error)
{
	bool handles = strcmp(stage->text, "job handles") == 0;
	const char *shown = escape_terminal(memory, stage->text);

	if (handles || strcmp(stage->text, "job") == 0) {
		stage->form = handles ? FORM_HANDLES : FORM_JOB;
		stage->subject = "job";
		if (last)
			return true;
		*error = talloc_asprintf(memory, "stage '%s' must be the last", shown);
		return false;
	}
	if (last) {
		*error = talloc_asprintf(
			memory, "the last stage is '%s': it must be 'job' or 'job handles'", shown);
		return false;
	}
	/* A shell's name cannot be mistaken: a form follows. */
	int shell = read_shell(memory, plan, stage, error);
	if (shell >= 0)
		return shell;
	const struct shell_record *link = find_link(memory, plan->links, stage->text);
	if (link) {
		stage->form = FORM_LINK;
		stage->subject = link->name;
		return true;
	}
	*error = talloc_asprintf(memory, "stage '%s': no measured link or shell is called so%s",
		shown, nearest_subject(memory, plan, stage->text));
	return false;
}

static char *trimmed(const void *parent, const char *from, size_t length)
{
	while (length && isspace((unsigned char)*from))
		from++, length--;
	while (length && isspace((unsigned char)from[length - 1]))
		length--;
	char *text = talloc_zero_array(parent, char, length + 1), *to = text;

	/* Blanks between words are one. */
	for (size_t i = 0; i < length; i++)
		if (!isspace((unsigned char)from[i]))
			*to++ = from[i];
		else if (to[-1] != ' ')
			*to++ = ' ';
	return text;
}

bool plan_read(void *parent, struct plan *plan, const char *text, char **error)
{
	const char *at = text;

	plan->count = 0;
	for (;;) {
		size_t length = strcspn(at, "|");
		struct stage stage = {.text = trimmed(parent, at, length), .who = WHO_NONE};

		if (!*stage.text) {
			*error = talloc_asprintf(parent, "stage %zu is empty", plan->count + 1);
			return false;
		}
		if (plan->count == STAGES_LIMIT) {
			*error = talloc_asprintf(parent, "more than %d stages", STAGES_LIMIT);
			return false;
		}
		if (!read_stage(parent, plan, &stage, at[length] == '\0', error))
			return false;
		plan->stages = talloc_realloc(parent, plan->stages, struct stage, plan->count + 1);
		plan->stages[plan->count++] = stage;
		if (!at[length])
			return true;
		at += length + 1;
	}
}
