/* Shell files and link files: what is accepted can be printed and read again as the same; what is
 * refused is refused with file and line. "like" finds the project's own shells/, read from the
 * directory this is started in. */
#include "fuzz.h"

#include <string.h>

#include <talloc.h>

#include "model/shell.h"
#include "model/text.h"

static const char *const paths[] = {"shells/fuzz.shell", "links/fuzz.link"};
static const char *const whole[] = {"the file is empty", "the file is larger", NULL};

static char *print_key(char *text, const char *key, const char *value)
{
	return value ? talloc_asprintf_append_buffer(text, "%s: %s\n", key, value) : text;
}

static char *print_words(char *text, const char *key, const char *const *words)
{
	return print_key(text, key, words_join(text, words, " "));
}

static char *print_ways(char *text, const struct shell *shell)
{
	text = print_words(text, "command", shell->command);
	text = print_words(text, "script", shell->script);
	text = print_words(text, "stdin", shell->stdin_words);
	text = print_words(text, "interactive", shell->interactive);
	text = print_key(text, "startup", shell->startup_text ? shell->startup_text : "");
	return print_key(text, "dialect", shell->dialect);
}

static char *print_file(char *text, const struct extra_file *file)
{
	const char *line = file->text;

	text = talloc_asprintf_append_buffer(text, "file %s:\n", file->name);
	for (; *line; line += strcspn(line, "\n") + 1)
		text = talloc_asprintf_append_buffer(
			text, "    %.*s\n", (int)strcspn(line, "\n"), line);
	return text;
}

static char *print_link(char *text, const struct shell *link)
{
	char timer[32];

	snprintf(timer, sizeof(timer), link->timer.polling_ms ? "%s %d" : "%s",
		timer_kind_word(link->timer.kind), link->timer.polling_ms);
	text = print_key(text, "kind", subject_kind_word(link->kind));
	text = print_words(text, "arguments", link->arguments);
	text = print_key(text, "environment", link->environment_lost ? "lost" : "kept");
	text = print_key(text, "timer", timer);
	for (size_t i = 0; link->probes[i]; i++)
		text = print_key(text, "probe", link->probes[i]);
	for (size_t i = 0; i < link->file_count; i++)
		text = print_file(text, &link->files[i]);
	return text;
}

/* The shell as text, with all defaults spelt out. */
static char *print_shell(const void *memory, const struct shell *shell)
{
	char *text = talloc_strdup(memory, "");

	text = print_key(text, "title", shell->title);
	text = print_key(text, "family", shell->family);
	text = print_key(text, "package", shell->package);
	text = print_key(text, "program", shell->program);
	text = print_key(text, "argv0", shell->argv0);
	text = print_words(text, "options", shell->options);
	text = print_words(text, "lacks", shell->lacks);
	text = print_key(text, "version", shell->version_text);
	for (const char **env = shell->env; *env; env++)
		text = print_key(text, "env", *env);
	return shell->kind == SUBJECT_SHELL ? print_ways(text, shell) : print_link(text, shell);
}

static void check_round(const void *memory, const char *path, const struct shell *shell)
{
	char *text = print_shell(memory, shell);
	struct diag *diag = diag_new(memory);
	struct shell *again = shell_parse(memory, path, shell->name, text, strlen(text), diag);

	demand(again, "not read again: %s\n%s", diag->count ? diag->messages[0] : "?", text);
	demand(strcmp(text, print_shell(memory, again)) == 0, "read again as another:\n%s\n%s",
		text, print_shell(memory, again));
}

static void check_as(const char *path, const uint8_t *data, size_t size)
{
	void *memory = talloc_new(NULL);
	struct diag *diag = diag_new(memory);
	struct shell *shell = shell_parse(memory, path, "fuzz", (const char *)data, size, diag);

	demand(!shell == (diag->count > 0), "%s with %zu complaints",
		shell ? "accepted" : "refused", diag->count);
	check_complaints(diag, path, whole, count_lines(data, size));
	if (shell) {
		demand(shell->title && shell->program && shell->command[0],
			"accepted, but cannot be started");
		check_round(memory, path, shell);
	}
	talloc_free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		check_as(paths[i], data, size);
	return 0;
}
