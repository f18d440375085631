/* Case files: what is accepted can be played in every variant, judged, printed and read again as
 * the same; what is refused is refused with file and line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "model/outcome.h"
#include "model/parts.h"

static const char path[] = "cases/fuzz/fuzz.case";
static const char *const whole[] = {"the file is empty", "the file is larger", NULL};

static const char *words(void *context, const char *name)
{
	(void)context;
	(void)name;
	return "SHELL";
}

/* An empty log must be judged as well as any: a scene may be over before anything was seen. */
static void check_scenes(const void *memory, const struct test_case *tc)
{
	for (size_t i = 0; i < tc->variant_count && i < 8; i++) {
		const char *na = NULL;
		struct scene *scene =
			case_scene(memory, tc, &tc->variants[i], "posix", words, NULL, &na);
		struct log *log = log_new(memory);

		demand(scene, "accepted, but cannot be played: %s", na);
		demand(scene->row_count > 0, "accepted without an outcome");
		log->traced = true;
		log_proc(log, 2, 2, WHO_INIT);
		demand(outcome_judge(log, scene).label, "judged without a label");
		json_decref(outcome_facts(log, scene));
		talloc_free(log);
		talloc_free(scene);
	}
}

static char *print_signals(char *text, const char *key, unsigned long long set)
{
	if (!set)
		return text;
	text = talloc_asprintf_append_buffer(text, "%s:", key);
	for (int sig = 1; sig <= 64; sig++)
		if (set & 1ULL << (sig - 1))
			text = talloc_asprintf_append_buffer(text, " %s", signal_name(sig));
	return talloc_strdup_append_buffer(text, "\n");
}

static char *print_words(char *text, const char *key, const char *const *list)
{
	if (!*list)
		return text;
	return talloc_asprintf_append_buffer(text, "%s: %s\n", key, words_join(text, list, " "));
}

static char *print_block(char *text, const struct block *block)
{
	const char *word = case_block_words[block->kind];

	text = talloc_asprintf_append_buffer(
		text, "\n%s%s%s", word, block->name ? " " : "", block->name ? block->name : "");
	if (block->kind != BLOCK_OUTCOMES && block->kind != BLOCK_COMMAND)
		text = talloc_asprintf_append_buffer(text, " %s", block->dialect);
	text = talloc_strdup_append_buffer(text, ":\n");
	for (size_t i = 0; i < block->count; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s\n", *block->lines[i].text ? "    " : "", block->lines[i].text);
	return text;
}

/* The case as text, with all defaults spelt out. */
static char *print_case(const void *memory, const struct test_case *tc)
{
	char *text = talloc_asprintf(memory,
		"title: %s\nmode: %s\nspec: %s\nterminal: %s\nsession: %s\nbusy: %s\n", tc->title,
		mode_word(tc->mode), tc->spec, tc->terminal ? "yes" : "no",
		session_word(tc->session), tc->busy ? "yes" : "no");

	if (*tc->options)
		text = talloc_asprintf_append_buffer(text, "options: %s\n", tc->options);
	text = print_signals(text, "ignored", tc->ignored);
	text = print_signals(text, "blocked", tc->blocked);
	text = print_words(text, "needs", tc->needs);
	for (size_t i = 0; i < tc->vary_count; i++)
		text = talloc_asprintf_append_buffer(text, "vary: %s = %s\n", tc->vary[i].name,
			words_join(text, tc->vary[i].values, " "));
	text = talloc_asprintf_append_buffer(text, "\n%s\n", tc->prose);
	for (size_t i = 0; i < tc->block_count; i++)
		text = print_block(text, &tc->blocks[i]);
	return text;
}

static void check_round(const void *memory, const struct test_case *tc)
{
	char *text = print_case(memory, tc);
	struct diag *diag = diag_new(memory);
	struct test_case *again;

	/* One text for several dialects was printed several times. */
	if (strlen(text) > TEXT_MAX_BYTES)
		return;
	again = case_parse(memory, path, tc->name, text, strlen(text), diag);
	demand(again, "not read again: %s\n%s", diag->count ? diag->messages[0] : "?", text);
	demand(strcmp(text, print_case(memory, again)) == 0, "read again as another:\n%s\n%s", text,
		print_case(memory, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *memory = talloc_new(NULL);
	struct diag *diag = diag_new(memory);
	struct test_case *tc =
		case_parse(memory, path, "fuzz/fuzz", (const char *)data, size, diag);

	demand(!tc == (diag->count > 0), "%s with %zu complaints", tc ? "accepted" : "refused",
		diag->count);
	check_complaints(diag, path, whole, count_lines(data, size));
	if (tc) {
		check_scenes(memory, tc);
		check_round(memory, tc);
	}
	talloc_free(memory);
	return 0;
}
