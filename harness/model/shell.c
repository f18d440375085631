/* Shell files and link files: how what is under test is started. */
#include "shell.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <sha2.h>
#include <talloc.h>

#include "command.h"
#include "features.h"
#include "text.h"

enum { DEFAULT_ORDER = 50, MAX_ORDER = 9999, MAX_LIKE = 8, MAX_POLLING_MS = 5000 };

enum shell_key {
	KEY_TITLE,
	KEY_FAMILY,
	KEY_PACKAGE,
	KEY_PROGRAM,
	KEY_ARGV0,
	KEY_OPTIONS,
	KEY_COMMAND,
	KEY_SCRIPT,
	KEY_STDIN,
	KEY_INTERACTIVE,
	KEY_STARTUP,
	KEY_ENV,
	KEY_LACKS,
	KEY_DIALECT,
	KEY_VERSION,
	KEY_LIKE,
	KEY_ORDER,
	KEY_KIND,
	KEY_ARGUMENTS,
	KEY_ENVIRONMENT,
	KEY_TIMER,
	KEY_TRACE,
	KEY_PROBE,
	KEY_COUNT
};

static const char *const key_words[] = {"title", "family", "package", "program", "argv0", "options",
	"command", "script", "stdin", "interactive", "startup", "env", "lacks", "dialect",
	"version", "like", "order", "kind", "arguments", "environment", "timer", "trace", "probe",
	NULL};

static const char *const kind_words[] = {"shell", "init", "wrapper", NULL};

static const char shell_suffix[] = ".shell", link_suffix[] = ".link";

/* A shell or link file being read. */
struct reader {
	struct shell *shell;
	bool link;
	int order;
	int depth; /* of "like" */
	struct diag *diag;
	int seen[KEY_COUNT]; /* line of each key, 0: none yet */
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length > wanted && strcmp(text + length - wanted, end) == 0;
}

/* How the file's name ends, without the dot. */
static const char *file_word(const struct reader *reader)
{
	return reader->link ? "link" : "shell";
}

static bool read_file(struct reader *reader);
static bool read_text(struct reader *reader, struct text *text);

static struct shell *shell_new(const void *parent, bool link, const char *name)
{
	struct shell *shell = talloc_zero(parent, struct shell);

	shell->arguments = words_split(shell, link ? "${COMMAND}" : "");
	shell->name = talloc_strdup(shell, name);
	shell->family = shell->name;
	shell->options = words_split(shell, "");
	shell->command = words_split(shell, "-c");
	shell->script = words_split(shell, "");
	shell->stdin_words = words_split(shell, "-s");
	shell->interactive = words_split(shell, "-i");
	shell->env = words_split(shell, "");
	shell->lacks = words_split(shell, "");
	shell->probes = words_split(shell, "");
	shell->dialect = "posix";
	return shell;
}

static const char *const timer_words[] = {"none", "periodic", "polling", NULL};

const char *timer_kind_word(enum timer_kind kind)
{
	return timer_words[kind];
}

const char *subject_kind_word(enum subject_kind kind)
{
	return kind_words[kind];
}

int subject_kind_read(const char *word)
{
	return words_find(kind_words, word);
}

/* ---- values ---- */

static void set_text(struct shell *shell, const char **field, const char *value)
{
	*field = talloc_strdup(shell, value);
}

static void set_name(struct shell *shell, const char **field, const char *key, const char *value,
	const struct place *place)
{
	if (name_valid(value))
		set_text(shell, field, value);
	else
		complain(
			place, "%s '%.80s' must be lower-case letters, digits and '-'", key, value);
}

/* For what becomes a package's name or a file's: no blanks, no slash, nothing like an option. */
static void set_plain(struct shell *shell, const char **field, const char *key, const char *value,
	const struct place *place)
{
	size_t good = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.+_-");

	if (value[good] == '\0' && isalnum((unsigned char)*value))
		set_text(shell, field, value);
	else
		complain(place, "%s '%.80s' must be letters, digits, '.', '+', '_' and '-'", key,
			value);
}

static void set_program(struct shell *shell, const char *value, const struct place *place)
{
	if (strpbrk(value, " \t"))
		complain(place, "program '%.80s' must be one word; arguments go to 'options'",
			value);
	else
		set_text(shell, &shell->program, value);
}

/* Length of the variable's name in NAME=VALUE, 0 when there is none. */
static size_t env_name_length(const char *value)
{
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_");

	return value[length] == '=' && !isdigit((unsigned char)*value) ? length : 0;
}

/* A later value replaces the one that 'like' brought for the same name. */
static void add_env(struct shell *shell, const char *value, const struct place *place)
{
	size_t length = env_name_length(value);

	if (length == 0) {
		complain(place, "env '%.80s' must be NAME=VALUE", value);
		return;
	}
	if (strncmp(value, "EVENTS=", 7) == 0 || strncmp(value, "ACTORS=", 7) == 0) {
		complain(place, "env '%.6s' is set by the player; remove it", value);
		return;
	}
	for (size_t i = 0; shell->env[i]; i++) {
		if (strncmp(shell->env[i], value, length + 1) != 0)
			continue;
		set_text(shell, &shell->env[i], value);
		return;
	}
	words_add(&shell->env, value);
}

static void set_order(struct reader *reader, const char *value, const struct place *place)
{
	long order;

	if (number_parse(value, 0, MAX_ORDER, &order))
		reader->order = (int)order;
	else
		complain(place, "order '%.80s' must be a number from 0 to %d", value, MAX_ORDER);
}

/* A link file says which kind it is; what a shell is needs no saying. */
static void set_kind(struct shell *shell, const char *value, const struct place *place)
{
	int kind = words_find(kind_words + SUBJECT_INIT, value);

	if (kind < 0)
		complain_unknown(place, "kind", value, kind_words + SUBJECT_INIT);
	else
		shell->kind = (enum subject_kind)(SUBJECT_INIT + kind);
}

static void set_arguments(struct shell *shell, const char *value, const struct place *place)
{
	const char *unknown = command_unknown(shell, value);

	if (unknown)
		complain(place, "'%.80s' is not put in; ${COMMAND} and ${COMMAND:sh} are", unknown);
	shell->arguments = words_split(shell, value);
}

/* The second of the words is the one that matters. */
static void set_choice(bool *field, const char *const *words, const char *what, const char *value,
	const struct place *place)
{
	int choice = words_find(words, value);

	if (choice < 0)
		complain_unknown(place, what, value, words);
	*field = choice == 1;
}

/* One of the words, or "polling MILLISECONDS". */
static void set_timer(struct shell *shell, const char *value, const struct place *place)
{
	static const char polling[] = "polling ";
	bool often = strncmp(value, polling, strlen(polling)) == 0;
	int kind = often ? TIMER_POLLING : words_find(timer_words, value);
	long polling_ms = 0;

	if (kind < 0)
		complain_unknown(place, "timer", value, timer_words);
	else
		shell->timer.kind = (enum timer_kind)kind;
	if (often && !number_parse(value + strlen(polling), 1, MAX_POLLING_MS, &polling_ms))
		complain(place, "timer '%.80s' must be: polling MILLISECONDS, from 1 to %d", value,
			MAX_POLLING_MS);
	shell->timer.polling_ms = (int)polling_ms;
}

static void set_key(
	struct reader *reader, enum shell_key key, const char *value, const struct place *place)
{
	static const char *const environments[] = {"kept", "lost", NULL};
	static const char *const traces[] = {"yes", "no", NULL};
	struct shell *shell = reader->shell;

	switch (key) {
	case KEY_TITLE:
		set_text(shell, &shell->title, value);
		return;
	case KEY_FAMILY:
		set_name(shell, &shell->family, "family", value, place);
		return;
	case KEY_PACKAGE:
		set_plain(shell, &shell->package, "package", value, place);
		return;
	case KEY_PROGRAM:
		set_program(shell, value, place);
		return;
	case KEY_ARGV0:
		set_plain(shell, &shell->argv0, "argv0", value, place);
		return;
	case KEY_OPTIONS:
		shell->options = words_split(shell, value);
		return;
	case KEY_COMMAND:
		shell->command = words_split(shell, value);
		return;
	case KEY_SCRIPT:
		shell->script = words_split(shell, value);
		return;
	case KEY_STDIN:
		shell->stdin_words = words_split(shell, value);
		return;
	case KEY_INTERACTIVE:
		shell->interactive = words_split(shell, value);
		return;
	case KEY_STARTUP:
		shell->startup_text = *value ? talloc_strdup(shell, value) : NULL;
		return;
	case KEY_ENV:
		add_env(shell, value, place);
		return;
	case KEY_LACKS:
		shell->lacks = features_read(shell, value, reader->link, place);
		return;
	case KEY_DIALECT:
		set_name(shell, &shell->dialect, "dialect", value, place);
		return;
	case KEY_VERSION:
		set_text(shell, &shell->version_text, value);
		return;
	case KEY_ORDER:
		set_order(reader, value, place);
		return;
	case KEY_KIND:
		set_kind(shell, value, place);
		return;
	case KEY_ARGUMENTS:
		set_arguments(shell, value, place);
		return;
	case KEY_ENVIRONMENT:
		set_choice(&shell->environment_lost, environments, "environment", value, place);
		return;
	case KEY_TIMER:
		set_timer(shell, value, place);
		return;
	case KEY_TRACE:
		set_choice(&shell->untraced, traces, "trace", value, place);
		return;
	case KEY_PROBE:
		words_add(&shell->probes, value);
		return;
	case KEY_LIKE: /* was read before all others */
	case KEY_COUNT:
		return;
	}
}

/* ---- files ---- */

/* May the value be empty, to say "none" where 'like' or the default says something? */
static bool may_be_empty(int key)
{
	return key == KEY_OPTIONS || key == KEY_SCRIPT || key == KEY_STDIN ||
	       key == KEY_INTERACTIVE || key == KEY_STARTUP || key == KEY_LACKS ||
	       key == KEY_ARGUMENTS;
}

/* NULL: the key is for both. */
static const char *whose_key(int key)
{
	switch (key) {
	case KEY_COMMAND:
	case KEY_SCRIPT:
	case KEY_STDIN:
	case KEY_INTERACTIVE:
	case KEY_STARTUP:
	case KEY_DIALECT:
		return "shell";
	case KEY_KIND:
	case KEY_ARGUMENTS:
	case KEY_ENVIRONMENT:
	case KEY_TIMER:
	case KEY_TRACE:
	case KEY_PROBE:
		return "link";
	default:
		return NULL;
	}
}

static bool is_content(const char *line)
{
	const char *text = line + strspn(line, " \t");

	return *text != '\0' && *text != '#';
}

static void read_line(struct reader *reader, const char *line, const struct place *place)
{
	const char *name, *value;
	int key;

	if (!text_key_value(reader->shell, line, &name, &value)) {
		complain(place, "'%.80s' is no 'key: value' line", line);
		return;
	}
	key = words_find(key_words, name);
	if (key < 0) {
		complain_unknown(place, "key", name, key_words);
		return;
	}
	if (whose_key(key) && strcmp(whose_key(key), file_word(reader)) != 0) {
		complain(place, "'%s' is a key of %s files", name, whose_key(key));
		return;
	}
	if (reader->seen[key] > 0 && key != KEY_ENV && key != KEY_PROBE) {
		complain(place, "'%s' is in line %d already", name, reader->seen[key]);
		return;
	}
	reader->seen[key] = place->line;
	if (*value == '\0' && !may_be_empty(key))
		complain(place, "'%s' has no value", name);
	else
		set_key(reader, (enum shell_key)key, value, place);
}

/* Puts what the other file says into the shell, before this file's own keys override it. */
static void read_like(struct reader *reader, const char *other, const struct place *place)
{
	struct shell *shell = reader->shell;
	const char *path = shell->path, *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path + 1) : 0;
	struct reader like = {
		shell, reader->link, reader->order, reader->depth + 1, reader->diag, {0}};

	if (!name_valid(other)) {
		complain(place, "like '%.80s' must be the name of a %s file", other,
			file_word(reader));
		return;
	}
	if (like.depth > MAX_LIKE) {
		complain(place, "'like' goes in a circle, or deeper than %d files", MAX_LIKE);
		return;
	}
	shell->path = talloc_asprintf(shell, "%.*s%s.%s", length, path, other, file_word(reader));
	if (access(shell->path, F_OK) < 0)
		complain(place, "like '%s': there is no %s", other, shell->path);
	else
		read_file(&like);
	reader->order = like.order;
	shell->path = path;
	/* Two shells of one title could not be told apart. */
	shell->title = NULL;
}

static void read_likes(struct reader *reader, const struct text *text)
{
	for (size_t i = 0; i < text->count; i++) {
		struct place place = {reader->shell->path, text->lines[i].number, reader->diag};
		const char *name, *value;

		if (text_key_value(reader->shell, text->lines[i].text, &name, &value) &&
			strcmp(name, "like") == 0 && *value) {
			read_like(reader, value, &place);
			return;
		}
	}
}

/* Reads the file that shell->path names into the shell. */
static bool read_file(struct reader *reader)
{
	return read_text(reader, text_read(NULL, reader->shell->path, reader->diag));
}

/* ---- files that a link reads ---- */

enum { MAX_FILES = 16 };

static bool begins_file(const char *line)
{
	return strncmp(line, "file", 4) == 0 && strchr(" \t", line[4]);
}

/* Some programs want a directory of a certain form: "service/run". */
static bool file_path_valid(const char *path)
{
	char *copy = talloc_strdup(NULL, path);
	bool valid = true;

	for (char *part = copy, *slash; part; part = slash) {
		slash = strchr(part, '/');
		if (slash)
			*slash++ = '\0';
		valid &= file_name_valid(part);
	}
	talloc_free(copy);
	return valid;
}

/* The name in "file NAME:", or NULL after a complaint. */
static const char *file_block_name(struct shell *shell, const char *line, const struct place *place)
{
	const char **words = words_split(shell, line + strlen("file"));
	size_t length = words_count(words) == 1 ? strlen(words[0]) : 0;

	if (length < 2 || words[0][length - 1] != ':') {
		complain(place, "'%.80s' must be: file NAME:", line);
		return NULL;
	}
	char *name = talloc_strndup(shell, words[0], length - 1);
	if (file_path_valid(name))
		return name;
	complain(place, "'%.80s' can be no file's name; use letters, digits, '.', '_', '-'", name);
	return NULL;
}

/* One that 'like' brought under that name is replaced. */
static void set_file(
	struct shell *shell, const char *name, const char *text, const struct place *place)
{
	size_t at = 0;

	while (at < shell->file_count && strcmp(shell->files[at].name, name) != 0)
		at++;
	if (at == MAX_FILES) {
		complain(place, "more than %d files", MAX_FILES);
		return;
	}
	if (at == shell->file_count) {
		shell->files = talloc_realloc(shell, shell->files, struct extra_file, at + 1);
		shell->file_count++;
	}
	shell->files[at] = (struct extra_file){name, text};
}

/* Returns the index of the line behind the block. */
static size_t read_block(struct reader *reader, const char *line, const struct text *text,
	size_t at, const struct place *place)
{
	struct shell *shell = reader->shell;
	const char *name = file_block_name(shell, line, place);
	struct text_body body;

	at = text_body(shell, text, at, place->file, place->diag, &body);
	if (name && body.count == 0)
		complain(place, "the file '%s' is empty", name);
	if (name)
		set_file(shell, name, text_body_join(shell, body.lines, body.count), place);
	return at;
}

/* Takes the text; NULL could not be read. */
static bool read_text(struct reader *reader, struct text *text)
{
	if (!text)
		return false;
	read_likes(reader, text);
	for (size_t i = 0; i < text->count;) {
		const char *line = text->lines[i].text;
		struct place place = {reader->shell->path, text->lines[i].number, reader->diag};

		i++;
		if (reader->link && begins_file(line))
			i = read_block(reader, line, text, i, &place);
		else if (is_content(line))
			read_line(reader, line, &place);
	}
	talloc_free(text);
	return true;
}

static bool has_command(const struct shell *link)
{
	for (size_t i = 0; link->arguments[i]; i++)
		if (command_in(link->arguments[i]))
			return true;
	for (size_t i = 0; i < link->file_count; i++)
		if (command_in(link->files[i].text))
			return true;
	return false;
}

static void check_link(struct shell *link, struct diag *diag)
{
	if (link->kind == SUBJECT_SHELL)
		diag_add(diag, link->path, 1, "there is no 'kind'; a link is an init or a wrapper");
	if (!has_command(link))
		diag_add(diag, link->path, 1,
			"neither the arguments nor a file has ${COMMAND}: the link would run "
			"nothing");
	if (link->environment_lost)
		words_add(&link->lacks, "environment");
}

static void check_required(const struct shell *shell, struct diag *diag)
{
	if (!shell->title)
		diag_add(diag, shell->path, 1, "there is no 'title'");
	if (!shell->program)
		diag_add(diag, shell->path, 1, "there is no 'program'");
}

/* Takes the text. */
static struct shell *read_shell(const void *parent, const char *path, const char *name,
	struct text *text, size_t complaints, int *order, struct diag *diag)
{
	bool link = ends_with(path, link_suffix);
	struct shell *shell = shell_new(parent, link, name);
	struct reader reader = {shell, link, DEFAULT_ORDER, 0, diag, {0}};

	shell->path = talloc_strdup(shell, path);
	if (!name_valid(name))
		diag_add(diag, path, 0, "the file's name must be lower-case letters, digits, '-'");
	if (read_text(&reader, text)) {
		check_required(shell, diag);
		if (link)
			check_link(shell, diag);
	}
	*order = reader.order;
	if (diag->count == complaints)
		return shell;
	talloc_free(shell);
	return NULL;
}

static struct shell *load(
	const void *parent, const char *path, const char *name, int *order, struct diag *diag)
{
	size_t complaints = diag->count;
	struct text *text = text_read(NULL, path, diag);

	return read_shell(parent, path, name, text, complaints, order, diag);
}

struct shell *shell_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag)
{
	size_t complaints = diag->count;
	struct text *text = text_parse(NULL, path, data, length, diag);
	int order;

	return read_shell(parent, path, name, text, complaints, &order, diag);
}

struct shell *shell_load(const void *parent, const char *path, const char *name, struct diag *diag)
{
	int order;

	return load(parent, path, name, &order, diag);
}

/* ---- directories ---- */

struct ordered {
	struct shell *shell;
	int order;
};

static int is_shell_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, shell_suffix);
}

static int is_link_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, link_suffix);
}

static int by_order(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return x->order != y->order ? x->order - y->order : strcmp(x->shell->name, y->shell->name);
}

static void load_entry(const void *parent, const char *dir, const char *entry,
	struct ordered *loaded, size_t *count, struct diag *diag)
{
	char *path = talloc_asprintf(NULL, "%s/%s", dir, entry);
	char *name = talloc_strndup(path, entry, (size_t)(strrchr(entry, '.') - entry));
	int order;
	struct shell *shell = load(parent, path, name, &order, diag);

	if (shell)
		loaded[(*count)++] = (struct ordered){shell, order};
	talloc_free(path);
}

static struct shell **load_all(const void *parent, const char *dir,
	int (*is_wanted)(const struct dirent *), size_t *count, struct diag *diag)
{
	struct shell **shells = talloc_array(parent, struct shell *, 0);
	struct dirent **entries;
	int found = scandir(dir, &entries, is_wanted, NULL);
	struct ordered *loaded;

	*count = 0;
	if (found < 0) {
		diag_add(diag, dir, 0, "unable to read the directory: %s", strerror(errno));
		return shells;
	}
	loaded = talloc_array(NULL, struct ordered, (unsigned)found);
	shells = talloc_realloc(parent, shells, struct shell *, (unsigned)found);
	for (int i = 0; i < found; i++) {
		load_entry(shells, dir, entries[i]->d_name, loaded, count, diag);
		free(entries[i]);
	}
	free(entries);
	qsort(loaded, *count, sizeof *loaded, by_order);
	for (size_t i = 0; i < *count; i++)
		shells[i] = loaded[i].shell;
	talloc_free(loaded);
	return shells;
}

struct shell **shell_load_all(const void *parent, const char *dir, size_t *count, struct diag *diag)
{
	return load_all(parent, dir, is_shell_file, count, diag);
}

struct shell **link_load_all(const void *parent, const char *dir, size_t *count, struct diag *diag)
{
	return load_all(parent, dir, is_link_file, count, diag);
}

/* ---- the command line ---- */

static struct shell *from_option(
	const void *parent, const char *flag, const char *option, struct diag *diag)
{
	bool link = strcmp(flag, "--link") == 0;
	const char *equals = strchr(option, '=');
	struct shell *shell;
	const char **words;

	if (!equals) {
		diag_add(diag, flag, 0, "'%.80s' must be NAME=COMMAND ARGS", option);
		return NULL;
	}
	shell = shell_new(parent, link, "");
	shell->kind = link ? SUBJECT_WRAPPER : SUBJECT_SHELL;
	shell->name = shell->title = shell->family =
		talloc_strndup(shell, option, (size_t)(equals - option));
	words = words_split(shell, equals + 1);
	if (!name_valid(shell->name))
		diag_add(diag, flag, 0,
			"the name '%.80s' must be lower-case letters, digits and '-'", shell->name);
	if (!words[0])
		diag_add(diag, flag, 0, "'%.80s' has no command behind '='", option);
	if (!name_valid(shell->name) || !words[0]) {
		talloc_free(shell);
		return NULL;
	}
	shell->program = words[0];
	shell->options = words_split(shell, words_join(words, words + 1, " "));
	return shell;
}

struct shell *shell_from_option(const void *parent, const char *option, struct diag *diag)
{
	return from_option(parent, "--shell", option, diag);
}

struct shell *link_from_option(const void *parent, const char *option, struct diag *diag)
{
	return from_option(parent, "--link", option, diag);
}

/* ---- finding the program ---- */

/* Why the file cannot be run as a program, or NULL. */
static const char *unfit(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (access(path, X_OK) < 0)
		return "not executable; chmod +x it";
	return NULL;
}

/* The path from the root. The last part stays as it is, even a symbolic link: busybox and zsh look
 * at the name they are called by. */
static const char *absolute(const void *parent, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir, *real;
	const char *found = NULL;

	if (*path == '/')
		return talloc_strdup(parent, path);
	dir = slash ? talloc_strndup(NULL, path, (size_t)(slash - path)) : talloc_strdup(NULL, ".");
	real = realpath(dir, NULL);
	if (real)
		found = talloc_asprintf(parent, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
			slash ? slash + 1 : path);
	free(real);
	talloc_free(dir);
	return found;
}

static const char *find_in_path(const void *parent, const char *program)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		int length = (int)strcspn(path, ":");
		char *candidate = talloc_asprintf(
			NULL, "%.*s%s%s", length, path, length > 0 ? "/" : "./", program);
		const char *found = unfit(candidate) ? NULL : absolute(parent, candidate);

		talloc_free(candidate);
		if (found)
			return found;
		path += length;
		path += *path == ':';
	}
	return NULL;
}

static void find_program(struct shell *shell)
{
	const char *reason;

	if (!strchr(shell->program, '/')) {
		shell->file = find_in_path(shell, shell->program);
		if (shell->file)
			return;
		shell->missing =
			shell->package
				? talloc_asprintf(shell, "%s is not installed: apt-get install %s",
					  shell->program, shell->package)
				: talloc_asprintf(shell,
					  "%s is not installed: there is none in PATH",
					  shell->program);
		return;
	}
	reason = unfit(shell->program);
	shell->file = reason ? NULL : absolute(shell, shell->program);
	if (!shell->file)
		shell->missing = talloc_asprintf(shell, "unable to run %s: %s", shell->program,
			reason ? reason : strerror(errno));
}

void shell_resolve(struct shell *shell)
{
	shell->file = shell->missing = NULL;
	shell->version = shell->sha256 = "unknown";
	find_program(shell);
}

void shell_checksum(struct shell *shell)
{
	char digest[SHA256_DIGEST_STRING_LENGTH];

	/* A program may be executable, but not readable. */
	if (shell->file && SHA256File(shell->file, digest))
		shell->sha256 = talloc_strdup(shell, digest);
}
