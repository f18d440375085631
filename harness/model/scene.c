/* A case made concrete for one variant and one shell: substitution, and what the texts tell about
 * participants and marks. */
#include <ctype.h>
#include <string.h>

#include <talloc.h>

#include "parts.h"

/* What substitution needs to know. */
struct substitution {
	struct binding binding;
	shell_words words;
	void *context;
	bool too_long;  /* a text grew beyond what a file may have */
	bool missing;   /* a shell is not installed, or a text not there ... */
	char inner[64]; /* ... this one; "" for the shell under test */
};

/* ---- substitution ---- */

static const char *vary_value(const struct binding *binding, const char *name, size_t length)
{
	const struct test_case *tc = binding->test_case;

	for (size_t i = 0; i < tc->vary_count; i++)
		if (strlen(tc->vary[i].name) == length &&
			strncmp(tc->vary[i].name, name, length) == 0)
			return binding->variant->values[i];
	return NULL;
}

/* The value for what stands between the braces, or NULL to leave it alone. */
typedef const char *(*replacer)(struct substitution *substitution, const char *name, size_t length);

/* Asks for what the case needs of a shell; the first that is not there is kept. */
static const char *ask(struct substitution *substitution, const char *name)
{
	const char *words = substitution->words(substitution->context, *name ? name : NULL);

	if (!words && !substitution->missing) {
		substitution->missing = true;
		snprintf(substitution->inner, sizeof substitution->inner, "%s", name);
	}
	return words ? words : "";
}

static const char startup_key[] = "STARTUP";

/* There may be ${SHELL} in the text of ${STARTUP}, which is replaced afterwards. */
static const char *replace_text(struct substitution *substitution, const char *name, size_t length)
{
	if (length == strlen(startup_key) && strncmp(name, startup_key, length) == 0)
		return ask(substitution, startup_key);
	return vary_value(&substitution->binding, name, length);
}

static const char *replace_shell(struct substitution *substitution, const char *name, size_t length)
{
	static const char key[] = "SHELL";
	char inner[64] = "";

	if (length < strlen(key) || strncmp(name, key, strlen(key)) != 0)
		return NULL;
	if (length > strlen(key)) {
		size_t rest = length - strlen(key) - 1;

		if (name[strlen(key)] != ':' || rest >= sizeof inner)
			return NULL;
		memcpy(inner, name + strlen(key) + 1, rest);
		/* ${SHELL:-sh} and its like are the shell's own business. */
		if (!name_valid(inner))
			return NULL;
	}
	return ask(substitution, inner);
}

/* Text that values make longer than a file may be is cut there: 64 KiB of ${A} could otherwise
 * become gigabytes. */
static char *replace(
	const void *parent, const char *text, replacer value_of, struct substitution *substitution)
{
	char *out = talloc_strdup(parent, "");

	while (*text) {
		if (talloc_get_size(out) > TEXT_MAX_BYTES) {
			substitution->too_long = true;
			return out;
		}

		const char *open = strstr(text, "${");
		/* The innermost braces, so that ${SHELL:${INNER}} can be. */
		const char *close = open ? open + 2 + strcspn(open + 2, "${}") : NULL;
		const char *value = NULL;

		if (!open)
			return talloc_strdup_append_buffer(out, text);
		if (*close == '}')
			value = value_of(substitution, open + 2, (size_t)(close - open - 2));
		out = talloc_strndup_append_buffer(out, text, (size_t)(open - text));
		out = talloc_strdup_append_buffer(out, value ? value : "${");
		text = value ? close + 1 : open + 2;
	}
	return out;
}

static char *substitute(const void *parent, const char *text, struct substitution *substitution)
{
	char *varied = replace(NULL, text, replace_text, substitution);
	char *out = replace(parent, varied, replace_shell, substitution);

	talloc_free(varied);
	return out;
}

static bool lines_too_long(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > TEXT_MAX_LINE)
			return true;
		text += length + (text[length] == '\n');
	}
	return false;
}

/* What holds for a file holds for a text with its values put in. */
static void check_length(
	struct substitution *substitution, const char *text, const struct place *place)
{
	if (substitution->too_long || strlen(text) > TEXT_MAX_BYTES || lines_too_long(text))
		complain(place,
			"with the values of its variables this is longer than %d bytes in all, or "
			"%d in a line",
			TEXT_MAX_BYTES, TEXT_MAX_LINE);
	substitution->too_long = false;
}

static const char *block_text(const void *parent, const struct block *block,
	struct substitution *substitution, struct diag *diag)
{
	struct place place = {substitution->binding.test_case->path, block->line, diag};
	const char *raw = text_body_join(NULL, block->lines, block->count);
	const char *out = substitute(parent, raw, substitution);

	check_length(substitution, out, &place);
	talloc_free((void *)raw);
	return out;
}

/* ---- blocks to a scene ---- */

const struct block *case_block(
	const struct test_case *tc, enum block_kind kind, const char *name, const char *dialect)
{
	for (size_t i = 0; i < tc->block_count; i++) {
		const struct block *block = &tc->blocks[i];

		if (block->kind == kind && strcmp(block->dialect, dialect) == 0 &&
			(!name || strcmp(block->name, name) == 0))
			return block;
	}
	return NULL;
}

static bool types_text(const struct block *block)
{
	for (size_t i = 0; i < block->count; i++) {
		const char *text = block->lines[i].text;

		text += strspn(text, " \t");
		if (strncmp(text, "type", 4) == 0 && strchr(" \t", text[4]))
			return true;
	}
	return false;
}

/* The steps for the dialect. Steps that type nothing say the same to every shell. */
static const struct block *steps_block(
	const struct test_case *tc, const char *dialect, bool *lacking)
{
	const struct block *own = case_block(tc, BLOCK_STEPS, NULL, dialect);
	const struct block *common = case_block(tc, BLOCK_STEPS, NULL, "posix");

	*lacking = !own && common && types_text(common);
	return own ? own : common;
}

static void add_file(struct scene *scene, const struct block *block,
	struct substitution *substitution, struct diag *diag)
{
	struct extra_file *file;

	scene->files =
		talloc_realloc(scene, scene->files, struct extra_file, scene->file_count + 1);
	file = &scene->files[scene->file_count++];
	file->name = talloc_strdup(scene, block->name);
	file->text = block_text(scene, block, substitution, diag);
}

/* What the case has no text for in this dialect, or NULL. */
static const char *lacking_text(const struct test_case *tc, const char *dialect)
{
	bool steps_lacking;

	if (tc->mode == MODE_LINK)
		return strcmp(dialect, "posix") == 0 ? NULL : "command";
	if (tc->mode != MODE_INTERACTIVE && !case_block(tc, BLOCK_SCRIPT, NULL, dialect))
		return "script";
	for (size_t i = 0; i < tc->block_count; i++)
		if (tc->blocks[i].kind == BLOCK_FILE &&
			!case_block(tc, BLOCK_FILE, tc->blocks[i].name, dialect))
			return tc->blocks[i].name;
	steps_block(tc, dialect, &steps_lacking);
	return steps_lacking ? "steps" : NULL;
}

static void build_texts(struct scene *scene, const char *dialect, struct substitution *substitution,
	struct diag *diag)
{
	const struct test_case *tc = scene->test_case;
	const struct block *script =
		case_block(tc, tc->mode == MODE_LINK ? BLOCK_COMMAND : BLOCK_SCRIPT, NULL, dialect);

	if (script && tc->mode != MODE_INTERACTIVE)
		scene->script = block_text(scene, script, substitution, diag);
	for (size_t i = 0; i < tc->block_count; i++)
		if (tc->blocks[i].kind == BLOCK_FILE && !strcmp(tc->blocks[i].dialect, dialect))
			add_file(scene, &tc->blocks[i], substitution, diag);
}

/* In steps and outcomes no shell reads what is left of ${...}: it is a slip. */
static bool check_left_over(
	const char *text, const struct substitution *substitution, const struct place *place)
{
	const char *open = strstr(text, "${");
	const struct test_case *tc = substitution->binding.test_case;

	if (!open)
		return true;

	char *name = talloc_strndup(NULL, open + 2, strcspn(open + 2, "}"));
	const char **known = words_split(name, "SHELL");

	for (size_t i = 0; i < tc->vary_count; i++)
		words_add(&known, tc->vary[i].name);
	complain_unknown(place, "variable", name, known);
	talloc_free(name);
	return false;
}

static void add_step(struct scene *scene, const char *text, const struct substitution *substitution,
	const struct place *place)
{
	struct step step;

	if (strncmp(text, "type", 4) != 0 && !check_left_over(text, substitution, place))
		return;
	if (!step_read(scene, text, &substitution->binding, &step, place))
		return;
	scene->steps = talloc_realloc(scene, scene->steps, struct step, scene->step_count + 1);
	scene->steps[scene->step_count++] = step;
}

static void build_steps(struct scene *scene, const char *dialect, struct substitution *substitution,
	struct diag *diag)
{
	const struct test_case *tc = scene->test_case;
	bool lacking;
	const struct block *block = steps_block(tc, dialect, &lacking);

	for (size_t i = 0; block && i < block->count; i++) {
		const char *line = block->lines[i].text + strspn(block->lines[i].text, " \t");
		struct place place = {tc->path, block->lines[i].number, diag};
		char *text;

		if (*line == '\0' || *line == '#')
			continue;
		if (scene->step_count == MAX_STEPS) {
			complain(&place, "more than %d steps", MAX_STEPS);
			return;
		}
		text = substitute(scene, line, substitution);
		check_length(substitution, text, &place);
		if (!text_blank(text))
			add_step(scene, text, substitution, &place);
		talloc_free(text);
	}
}

static void build_rows(struct scene *scene, struct substitution *substitution, struct diag *diag)
{
	const struct test_case *tc = scene->test_case;
	const struct block *block = case_block(tc, BLOCK_OUTCOMES, NULL, "posix");
	struct text *text = talloc_zero(NULL, struct text);

	text->lines = talloc_array(text, struct text_line, block ? block->count : 0);
	for (size_t i = 0; block && i < block->count; i++) {
		const struct text_line *line = &block->lines[i];
		struct place place = {tc->path, line->number, diag};
		bool comment = line->text[strspn(line->text, " \t")] == '#';
		char *varied = substitute(text, line->text, substitution);

		check_length(substitution, varied, &place);
		if (!comment && check_left_over(varied, substitution, &place))
			text->lines[text->count++] = (struct text_line){line->number, varied};
	}
	scene->rows =
		rows_read(scene, text, &substitution->binding, tc->path, &scene->row_count, diag);
	talloc_free(text);
}

/* ---- what the texts tell ---- */

bool scene_texts(const struct scene *scene, text_visitor visit, void *context)
{
	if (scene->script && visit(scene->script, context))
		return true;
	for (size_t i = 0; i < scene->file_count; i++)
		if (visit(scene->files[i].text, context))
			return true;
	for (size_t i = 0; i < scene->step_count; i++)
		if (step_types(&scene->steps[i]) && visit(scene->steps[i].arg, context))
			return true;
	return false;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (is_name_byte(text[length]))
		length++;
	return length;
}

static bool in_comment(const char *start, const char *at)
{
	const char *newline = memrchr(start, '\n', (size_t)(at - start));
	const char *line = newline ? newline + 1 : start;

	return line[strspn(line, " \t")] == '#';
}

const char *text_find_word(const char *start, const char *text, const char *word)
{
	size_t length = strlen(word);

	for (text = strstr(text, word); text; text = strstr(text + 1, word)) {
		bool begins = text == start || !(is_name_byte(text[-1]) || text[-1] == '$');

		if (begins && !is_name_byte(text[length]) && !in_comment(start, text))
			return text;
	}
	return NULL;
}

static void add_limited(const char ***words, const char *text, size_t length)
{
	char *word = talloc_strndup(NULL, text, length);

	if (length > 0 && words_count(*words) < MAX_NAMES)
		words_add(words, word);
	talloc_free(word);
}

static size_t skip_opening(const char *text)
{
	return strspn(text, " \t\"'\\");
}

/* 'actor NAME' anywhere: quoted, in a function, behind exec. */
static bool visit_actors(const char *text, void *context)
{
	for (const char *at = text; (at = text_find_word(text, at, "actor")); at++) {
		const char *name = at + strlen("actor");
		size_t skipped = skip_opening(name), length = name_length(name + skipped);

		/* In "job$i" we would not know the name. */
		if (skipped == 0 || name[skipped + length] == '$')
			continue;
		if (islower((unsigned char)name[skipped]))
			add_limited(context, name + skipped, length);
	}
	return false;
}

/* "NAME is $..." */
static bool visit_declared(const char *text, void *context)
{
	for (const char *at = text; (at = strstr(at, " is $")); at++) {
		const char *name = at;

		while (name > text && is_name_byte(name[-1]))
			name--;
		if (islower((unsigned char)*name) && !in_comment(text, at))
			add_limited(context, name, (size_t)(at - name));
	}
	return false;
}

/* The word behind 'echo' or 'printf', where the text knows EVENTS at all. */
static bool visit_marks(const char *text, void *context)
{
	static const char *const writers[] = {"echo", "printf", "print"};

	if (!strstr(text, "EVENTS"))
		return false;
	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		for (const char *at = text; (at = text_find_word(text, at, writers[i])); at++) {
			const char *name = at + strlen(writers[i]);
			size_t length;

			name += skip_opening(name);
			length = name_length(name);
			if (isalpha((unsigned char)*name) && name[length] != '$' &&
				strncmp(name + length, " is $", 5) != 0)
				add_limited(context, name, length);
		}
	}
	return false;
}

const char **scene_actors(const void *parent, const struct scene *scene)
{
	const char **actors = words_split(parent, "");

	scene_texts(scene, visit_actors, &actors);
	return actors;
}

static bool line_has(const char *start, const char *at, const char *word)
{
	const char *end = at + strcspn(at, "\n"), *found;

	while (at > start && at[-1] != '\n')
		at--;
	found = strstr(at, word);
	return found && found < end;
}

static bool visit_for_mark(const char *text, void *context)
{
	const char *mark = context;

	for (const char *at = text; (at = text_find_word(text, at, mark)); at++)
		if (at[strlen(mark)] == '=' || line_has(text, at, "EVENTS"))
			return true;
	return false;
}

bool scene_leaves_mark(const struct scene *scene, const char *mark)
{
	return words_contain(scene->marks, mark) ||
	       scene_texts(scene, visit_for_mark, (void *)mark);
}

static void gather_names(struct scene *scene)
{
	scene->names = scene_actors(scene, scene);
	scene_texts(scene, visit_declared, &scene->names);
	scene->marks = words_split(scene, "");
	scene_texts(scene, visit_marks, &scene->marks);
}

/* ---- the whole ---- */

static const char *missing_shell(const void *parent, const struct substitution *substitution)
{
	if (*substitution->inner == '\0')
		return "the shell under test has no program";
	if (strcmp(substitution->inner, startup_key) == 0)
		return "the shell's file has no 'startup', which says how it reads a startup file";
	return talloc_asprintf(
		parent, "the inner shell '%s' is not installed", substitution->inner);
}

static enum case_session scene_session(const struct binding *binding)
{
	const struct test_case *tc = binding->test_case;
	const char *word = tc->session_vary
				   ? vary_value(binding, tc->session_vary, strlen(tc->session_vary))
				   : NULL;
	int session = word ? session_read(word) : -1;

	/* header_read() has complained of any other value. */
	return session < 0 ? tc->session : (enum case_session)session;
}

struct scene *scene_build(const void *parent, const struct test_case *tc,
	const struct variant *variant, const char *dialect, shell_words words, void *context,
	const char **na, struct diag *diag)
{
	struct substitution substitution = {{tc, variant}, words, context, false, false, ""};
	const char *lacking = lacking_text(tc, dialect);
	struct scene *scene;

	*na = NULL;
	if (lacking && strcmp(dialect, "posix") != 0) {
		*na = talloc_asprintf(parent, "the case has no text of '%s' for the dialect '%s'",
			lacking, dialect);
		return NULL;
	}
	scene = talloc_zero(parent, struct scene);
	scene->test_case = tc;
	scene->variant = variant;
	scene->session = scene_session(&substitution.binding);
	build_texts(scene, dialect, &substitution, diag);
	build_steps(scene, dialect, &substitution, diag);
	build_rows(scene, &substitution, diag);
	gather_names(scene);
	if (!substitution.missing)
		return scene;
	*na = missing_shell(parent, &substitution);
	talloc_free(scene);
	return NULL;
}

struct scene *case_scene(const void *parent, const struct test_case *tc,
	const struct variant *variant, const char *dialect, shell_words words, void *context,
	const char **na)
{
	struct diag *diag = diag_new(parent);
	struct scene *scene = scene_build(
		parent, tc, variant, dialect ? dialect : "posix", words, context, na, diag);

	/* case_load() saw no fault, so only the shell's words can have brought one in. */
	if (scene && diag->count > 0) {
		*na = talloc_strdup(parent, diag->messages[0]);
		talloc_free(scene);
		scene = NULL;
	}
	talloc_free(diag);
	return scene;
}
