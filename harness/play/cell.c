#include "cell.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "../model/command.h"
#include "../model/outcome.h"
#include "../model/record.h"

/* --- how a shell is called --- */

struct caller {
	const struct cell_context *context;
	const struct shell *shell; /* under test */
	const struct arena *arena;
	void *parent;
};

/* What to exec: the program itself, or for shells that look at their name a link of that name. */
static char *program_path(void *parent, const struct shell *shell, const struct arena *arena)
{
	if (!shell->argv0)
		return talloc_strdup(parent, shell->file);
	/* One directory for each shell: two may want to be called sh. */
	char *name = talloc_asprintf(parent, "%s/%s", shell->name, shell->argv0);
	return arena_alias(parent, arena, name, shell->file);
}

static char *join(char *text, const char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		text = talloc_asprintf_append(text, " %s", words[i]);
	return text;
}

static const char *shell_words_for(void *context, const char *name)
{
	struct caller *caller = context;
	const struct shell *shell = name ? NULL : caller->shell;

	if (name && strcmp(name, "STARTUP") == 0)
		return caller->shell->startup_text;
	for (size_t i = 0; name && i < caller->context->shell_count; i++)
		if (strcmp(caller->context->shells[i]->name, name) == 0)
			shell = caller->context->shells[i];
	if (!shell || !shell->file)
		return NULL;
	char *path = program_path(caller->parent, shell, caller->arena);
	return path ? join(path, (const char *const *)shell->options) : NULL;
}

struct words {
	char **word; /* NULL-terminated talloc array */
	size_t count;
};

static void add_word(void *parent, struct words *words, const char *word)
{
	words->word = talloc_realloc(parent, words->word, char *, words->count + 2);
	words->word[words->count++] = talloc_strdup(parent, word);
	words->word[words->count] = NULL;
}

static void add_words(void *parent, struct words *words, const char *const *more)
{
	for (size_t i = 0; more && more[i]; i++)
		add_word(parent, words, more[i]);
}

static void add_split(void *parent, struct words *words, const char *text)
{
	char *copy = talloc_strdup(parent, text), *rest;

	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		add_word(parent, words, w);
}

static char *without_last_newline(void *parent, const char *text)
{
	size_t length = strlen(text);

	return talloc_strndup(parent, text, length - (length > 0 && text[length - 1] == '\n'));
}

/* env(1) replaces itself by the command, so nobody sees it. The scene's directory is given, too:
 * who drops the environment may well go home. */
static void add_lost(
	void *parent, struct words *command, const struct arena *arena, char *const *env)
{
	add_word(parent, command, "/usr/bin/env");
	add_word(parent, command, "-C");
	add_word(parent, command, arena->home);
	for (; *env; env++)
		if (strncmp(*env, "PS1=", 4) != 0)
			add_word(parent, command, *env);
}

/* The words that a link is to run. */
static const char *const *build_command(void *parent, const struct scene *scene,
	const struct shell *link, const struct arena *arena, char *const *env)
{
	struct words command = {0};

	if (link->environment_lost)
		add_lost(parent, &command, arena, env);
	add_split(parent, &command, without_last_newline(parent, scene->script));
	return (const char *const *)command.word;
}

static char **build_argv(void *parent, const struct scene *scene, const struct shell *shell,
	const char *path, const char *const *command)
{
	struct words argv = {0};
	const struct test_case *tc = scene->test_case;

	add_word(parent, &argv, shell->argv0 ? path : basename(talloc_strdup(parent, path)));
	add_words(parent, &argv, (const char *const *)shell->options);
	add_split(parent, &argv, tc->options);
	switch (tc->mode) {
	case MODE_COMMAND:
		add_words(parent, &argv, (const char *const *)shell->command);
		/* As people write it: a newline at the end makes some shells look for more. */
		add_word(parent, &argv, without_last_newline(parent, scene->script));
		break;
	case MODE_SCRIPT:
		add_words(parent, &argv, (const char *const *)shell->script);
		add_word(parent, &argv, "./scene");
		break;
	case MODE_STDIN:
		add_words(parent, &argv, (const char *const *)shell->stdin_words);
		break;
	case MODE_INTERACTIVE:
		add_words(parent, &argv, (const char *const *)shell->interactive);
		break;
	case MODE_LINK:
		add_words(parent, &argv,
			command_arguments(parent, (const char *const *)shell->arguments, command));
		break;
	}
	return argv.word;
}

/* Of two of the same name getenv(3) would find the first. */
static void set_variable(void *parent, struct words *env, const char *variable)
{
	size_t length = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->word[i], variable, length) == 0) {
			env->word[i] = talloc_strdup(parent, variable);
			return;
		}
	add_word(parent, env, variable);
}

static char **build_env(void *parent, const struct cell_context *context, const struct shell *shell,
	const struct arena *arena)
{
	struct words env = {0};

	add_word(parent, &env,
		talloc_asprintf(parent, "PATH=%s/bin:/usr/local/bin:/usr/bin:/bin", context->run));
	add_word(parent, &env, talloc_asprintf(parent, "HOME=%s", arena->home));
	add_word(parent, &env, talloc_asprintf(parent, "EVENTS=%s", arena->events));
	add_word(parent, &env, talloc_asprintf(parent, "ACTORS=%s", arena->actors));
	add_word(parent, &env, "TERM=dumb");
	add_word(parent, &env, "LANG=C");
	add_word(parent, &env, "PS1=$ ");
	for (size_t i = 0; shell->env && shell->env[i]; i++)
		set_variable(parent, &env, shell->env[i]);
	return env.word;
}

/* --- the record --- */

static struct cell new_cell(const struct cell_job *job, const char *outcome, const char *reason)
{
	return (struct cell){.case_name = job->test_case->name,
		.variant = job->variant->name,
		.shell = job->shell->name,
		.outcome = outcome,
		.reason = reason};
}

static json_t *answer(const struct cell *cell)
{
	return json_pack("{s:o}", "cell", cell_json(cell));
}

json_t *cell_broken(const struct cell_job *job, const char *why)
{
	struct cell cell = new_cell(job, "broken", why);

	return answer(&cell);
}

static const char *missing_feature(const struct test_case *tc, const struct shell *shell)
{
	for (size_t i = 0; tc->needs && tc->needs[i]; i++)
		for (size_t k = 0; shell->lacks && shell->lacks[k]; k++)
			if (strcmp(tc->needs[i], shell->lacks[k]) == 0)
				return tc->needs[i];
	return NULL;
}

static void add_lines(json_t *result, struct log *log, const struct scene *scene,
	const struct judgement *judgement)
{
	json_t *lines = json_array(), *steps = json_array();

	for (size_t i = 0; i < log->count; i++) {
		char *line = log_line(log, log, i);
		if (line)
			json_array_append_new(lines, json_string(line));
	}
	for (size_t i = 0; i < scene->step_count; i++)
		json_array_append_new(steps, json_string(scene->steps[i].text));
	json_object_set_new(result, "lines", lines);
	json_object_set_new(result, "steps", steps);
	json_object_set_new(
		result, "script", scene->script ? json_string(scene->script) : json_null());
	json_object_set_new(result, "row", json_integer(judgement->line));
	json_object_set_new(result, "meaning", json_string(judgement->meaning));
}

static json_t *judge(const struct cell_context *context, const struct cell_job *job,
	struct log *log, const struct scene *scene)
{
	struct judgement j = outcome_judge(log, scene);
	const struct link_timer *timer = &job->shell->timer;
	bool untold = timer->kind == TIMER_POLLING && timer->polling_ms == 0 && !log->traced;
	const char *polls = "the link polls, and only a tracer can tell that it has come to rest";
	struct cell cell = new_cell(job, untold ? "n/a" : j.label, untold ? polls : j.reason);
	const char *refused =
		job->shell->untraced ? "the link is a tracer itself" : context->trace_refused;
	if (refused && strcmp(j.label, "n/a") == 0)
		cell.reason = talloc_asprintf(log, "%s (%s)", j.reason, refused);
	/* Only who claims the standard is judged by it. */
	cell.verdict = strcmp(job->shell->dialect, "posix") == 0 ? j.verdict : VERDICT_NONE;
	json_t *result = answer(&cell);
	json_object_set_new(json_object_get(result, "cell"), "facts", outcome_facts(log, scene));
	if (context->timeline)
		json_object_set_new(result, "events", log_json(log));
	if (context->lines)
		add_lines(result, log, scene, &j);
	return result;
}

/* --- playing --- */

static const char *write_file(
	const struct arena *arena, const char *whose, const char *name, const char *text)
{
	int result = arena_file(arena, name, text);

	return result == 0 ? NULL
			   : talloc_asprintf(arena->path, "unable to write the %s's file %s: %s",
				     whose, name, strerror(-result));
}

/* Those the link's program reads. */
static const char *write_link_files(
	const struct arena *arena, const struct shell *link, const char *const *command)
{
	const char *quoted = command ? command_quote(arena->path, command) : NULL, *why = NULL;

	for (size_t i = 0; i < link->file_count && quoted && !why; i++)
		why = write_file(arena, "link", link->files[i].name,
			command_fill(arena->path, link->files[i].text, quoted));
	return why;
}

static const char *write_files(const struct arena *arena, const struct scene *scene)
{
	for (size_t i = 0; i < scene->file_count; i++) {
		const char *why =
			write_file(arena, "scene", scene->files[i].name, scene->files[i].text);
		if (why)
			return why;
	}
	if (scene->test_case->mode != MODE_SCRIPT)
		return NULL;
	int result = arena_file(arena, "scene", scene->script);
	return result == 0 ? NULL
			   : talloc_asprintf(arena->path, "unable to write the scene's script: %s",
				     strerror(-result));
}

/* The filter makes system calls fail where nobody traces. */
static struct player_options options_for(
	const struct cell_context *context, const struct shell *shell)
{
	struct player_options options = context->player;

	if (shell->untraced) {
		options.trace = false;
		options.filter = NULL;
	}
	return options;
}

static json_t *play_in(void *parent, const struct cell_context *context, const struct cell_job *job,
	const struct arena *arena)
{
	struct caller caller = {
		.context = context, .shell = job->shell, .arena = arena, .parent = parent};
	struct cell cell;
	const char *why = NULL;
	struct scene *scene = case_scene(parent, job->test_case, job->variant, job->shell->dialect,
		shell_words_for, &caller, &why);

	if (!scene) {
		cell = new_cell(job, "n/a", why);
		return answer(&cell);
	}
	if (scene->session == SESSION_PID1 && context->pid1_refused) {
		cell = new_cell(job, "n/a", context->pid1_refused);
		return answer(&cell);
	}
	char *path = program_path(parent, job->shell, arena);
	if (!path)
		return cell_broken(
			job, "unable to make the symbolic link that the program is called by");
	char **env = build_env(parent, context, job->shell, arena);
	const char *const *command = NULL;
	if (job->test_case->mode == MODE_LINK)
		command = build_command(parent, scene, job->shell, arena, env);
	why = write_files(arena, scene);
	if (!why)
		why = write_link_files(arena, job->shell, command);
	if (why)
		return cell_broken(job, why);

	struct log *log = log_new(parent);
	struct player_shell shell = {.file = path,
		.argv = build_argv(parent, scene, job->shell, path, command),
		.env = env,
		.timer = job->shell->timer,
		.input = job->test_case->mode == MODE_STDIN ? scene->script : NULL};
	struct player_options options = options_for(context, job->shell);

	if (job->shell->untraced && options.isolation == ISOLATION_SUBREAPER) {
		cell = new_cell(job, "n/a",
			"the link is a tracer itself, and without PID namespaces nothing but our "
			"filter, which needs ours, keeps kill(-1) from the user's processes");
		return answer(&cell);
	}
	switch (player_play(log, scene, arena, &shell, &options, &why)) {
	case PLAYED:
		return judge(context, job, log, scene);
	case PLAY_BROKEN:
		return cell_broken(job, why);
	case PLAY_CANCELLED:
		break;
	}
	return NULL;
}

json_t *cell_play(const struct cell_context *context, const struct cell_job *job, int number)
{
	const char *feature = missing_feature(job->test_case, job->shell);
	void *memory = talloc_new(NULL);
	struct arena arena;
	const char *step;
	json_t *result;

	if (feature) {
		bool link = job->test_case->mode == MODE_LINK;
		char *why = talloc_asprintf(
			memory, link ? "%s lacks %s" : "%s has no %s", job->shell->name, feature);
		struct cell cell = new_cell(job, "n/a", why);
		result = answer(&cell);
		goto out;
	}
	int error = arena_open(memory, &arena, context->run, number, &step);
	if (error != 0) {
		result = cell_broken(
			job, talloc_asprintf(memory, "unable to %s: %s", step, strerror(-error)));
		goto out;
	}
	result = play_in(memory, context, job, &arena);
	arena_close(&arena);
out:
	talloc_free(memory);
	return result;
}
