/* Case files: prose, blocks and variants. What stands in the header and in the blocks is read by
 * the other parts. */
#include "case.h"

#include <ctype.h>
#include <string.h>

#include <talloc.h>

#include "parts.h"

const char *const case_block_words[] = {"script", "file", "steps", "outcomes", "command", NULL};

/* A case file being read. */
struct reader {
	struct test_case *tc;
	struct diag *diag;
	const struct text *text;
	size_t at;     /* index of the line to be read next */
	int mode_line; /* of the header; 0: the mode is not known, so draw no conclusions */
};

/* ---- prose and blocks ---- */

enum { HEAD_WORDS_MAX = 8 };

/* "word:" or some words more before the colon, in the first column. NULL when the line has no such
 * form. */
static const char **block_head(const void *parent, const char *line)
{
	size_t length = strlen(line);
	const char **words;
	char *head;

	if (!islower((unsigned char)*line) || line[length - 1] != ':')
		return NULL;
	head = talloc_strndup(parent, line, length - 1);
	words = words_split(parent, head);
	talloc_free(head);
	if (words_count(words) <= HEAD_WORDS_MAX)
		return words;
	talloc_free(words);
	return NULL;
}

/* In the prose a line such as "example:" is prose, but "scirpt:" is not. */
static bool ends_prose(const char *line)
{
	const char **words = block_head(NULL, line);
	bool ends = words && (words_find(case_block_words, words[0]) >= 0 ||
				     nearest_word(words[0], case_block_words));

	talloc_free(words);
	return ends;
}

static void read_prose(struct reader *reader)
{
	char *prose = talloc_strdup(reader->tc, "");
	size_t length = 0;

	for (; reader->at < reader->text->count; reader->at++) {
		const char *line = reader->text->lines[reader->at].text;

		if (ends_prose(line))
			break;
		if (length == 0 && text_blank(line))
			continue;
		prose = talloc_asprintf_append_buffer(prose, "%s%s", *prose ? "\n" : "", line);
		if (!text_blank(line))
			length = strlen(prose);
	}
	prose[length] = '\0';
	reader->tc->prose = prose;
}

static bool dialects_valid(const char *const *words, const struct place *place)
{
	for (; *words; words++) {
		if (name_valid(*words))
			continue;
		complain(place, "the dialect '%.80s' must be lower-case letters, digits and '-'",
			*words);
		return false;
	}
	return true;
}

static bool read_file_name(struct block *block, const char *name, const struct place *place)
{
	if (!name) {
		complain(place, "'file' needs a name: file NAME:");
		return false;
	}
	block->name = name;
	if (file_name_valid(name) && strcmp(name, "scene") != 0)
		return true;
	complain(place,
		"'%.80s' can be no file's name; use letters, digits, '.', '_', '-', and not "
		"'scene'",
		name);
	return false;
}

/* What a head says; the dialects it names are the words from *dialects on. */
static bool read_head(struct block *block, const char **words, const char *const **dialects,
	const struct place *place)
{
	int kind = words_find(case_block_words, words[0]);

	block->line = place->line;
	*dialects = words + 1;
	if (kind < 0) {
		complain_unknown(place, "block", words[0], case_block_words);
		return false;
	}
	block->kind = (enum block_kind)kind;
	if ((block->kind == BLOCK_OUTCOMES || block->kind == BLOCK_COMMAND) && words[1]) {
		complain(place, "'%s' is too much here", words[1]);
		return false;
	}
	if (block->kind == BLOCK_FILE) {
		if (!read_file_name(block, words[1], place))
			return false;
		++*dialects;
	}
	return dialects_valid(*dialects, place);
}

static void check_twin(
	const struct test_case *tc, const struct block *block, const struct place *place)
{
	const struct block *twin = case_block(tc, block->kind, block->name, block->dialect);

	if (twin)
		complain(place, "this block is in line %d already", twin->line);
}

static void add_block(struct test_case *tc, const struct block *block, const struct place *place)
{
	check_twin(tc, block, place);
	if (tc->block_count == MAX_BLOCKS) {
		complain(place, "more than %d blocks, one for each dialect; split the case",
			MAX_BLOCKS);
		return;
	}
	tc->blocks = talloc_realloc(tc, tc->blocks, struct block, tc->block_count + 1);
	tc->blocks[tc->block_count++] = *block;
}

static void read_block(struct reader *reader)
{
	struct test_case *tc = reader->tc;
	const struct text_line *line = &reader->text->lines[reader->at++];
	struct place place = {tc->path, line->number, reader->diag};
	const char **words = block_head(tc, line->text);
	static const char *const standard[] = {"posix", NULL};
	const char *const *dialects = NULL;
	struct block block = {.lines = NULL};
	struct text_body body;
	bool good = false;

	if (words)
		good = read_head(&block, words, &dialects, &place);
	else
		complain(&place,
			"'%.80s' begins no block; indent the lines of a block by four "
			"spaces",
			line->text);
	/* A bad head's lines are read so that they are not taken for something else. */
	reader->at = text_body(tc, reader->text, reader->at, tc->path, reader->diag, &body);
	block.lines = body.lines;
	block.count = body.count;
	if (!good)
		return;
	if (block.count == 0)
		complain(&place, "the block is empty");
	/* One text may serve several dialects: as many blocks, which share its lines. */
	for (const char *const *dialect = *dialects ? dialects : standard; *dialect; dialect++) {
		block.dialect = *dialect;
		add_block(tc, &block, &place);
	}
}

/* What a reader is shown of the scene: all blocks from here on but for the outcomes. */
static const char *scene_text(const struct reader *reader)
{
	char *out = talloc_strdup(reader->tc, "");
	bool outcomes = false;
	size_t length;

	for (size_t i = reader->at; i < reader->text->count; i++) {
		const char *line = reader->text->lines[i].text;

		if (*line && *line != ' ' && *line != '\t')
			outcomes = !strncmp(line, "outcomes", 8);
		if (!outcomes)
			out = talloc_asprintf_append_buffer(out, "%s\n", line);
	}
	length = strlen(out);
	while (length && out[length - 1] == '\n')
		out[--length] = '\0';
	return out;
}

static const struct block *any_block(const struct test_case *tc, enum block_kind kind)
{
	for (size_t i = 0; i < tc->block_count; i++)
		if (tc->blocks[i].kind == kind)
			return &tc->blocks[i];
	return NULL;
}

static void check_dialects(const struct reader *reader)
{
	const char **dialects = words_split(NULL, "");

	for (size_t i = 0; i < reader->tc->block_count; i++) {
		const struct block *block = &reader->tc->blocks[i];

		words_add(&dialects, block->dialect);
		if (words_count(dialects) <= MAX_DIALECTS)
			continue;
		diag_add(reader->diag, reader->tc->path, block->line,
			"more than %d dialects; split the case", MAX_DIALECTS);
		break;
	}
	talloc_free(dialects);
}

/* Of the blocks that say what is run there must be 'wanted', and no other. */
static void check_text(const struct reader *reader, const char *wanted)
{
	static const enum block_kind kinds[] = {BLOCK_SCRIPT, BLOCK_COMMAND};
	const struct test_case *tc = reader->tc;

	for (size_t i = 0; i < 2; i++) {
		const char *word = case_block_words[kinds[i]];
		const struct block *block = any_block(tc, kinds[i]);

		if (wanted && strcmp(word, wanted) == 0) {
			if (!case_block(tc, kinds[i], NULL, "posix"))
				diag_add(reader->diag, tc->path, reader->mode_line,
					"the mode '%s' needs a block '%s:'", mode_word(tc->mode),
					word);
			else if (kinds[i] == BLOCK_COMMAND && block->count > 1)
				diag_add(reader->diag, tc->path, block->line,
					"'command:' is one line: the words of a command");
		} else if (block && kinds[i] == BLOCK_SCRIPT && tc->mode == MODE_INTERACTIVE) {
			diag_add(reader->diag, tc->path, block->line,
				"an interactive shell gets no 'script:'; use 'type' steps");
		} else if (block) {
			diag_add(reader->diag, tc->path, block->line,
				"the mode '%s' has no block '%s:'", mode_word(tc->mode), word);
		}
	}
}

static void check_blocks(const struct reader *reader)
{
	const struct test_case *tc = reader->tc;

	if (!case_block(tc, BLOCK_OUTCOMES, NULL, "posix"))
		diag_add(reader->diag, tc->path, (int)reader->text->count,
			"there is no block 'outcomes:'; the file may be cut off");
	if (reader->mode_line == 0)
		return;
	check_text(reader, tc->mode == MODE_INTERACTIVE ? NULL
			   : tc->mode == MODE_LINK      ? "command"
							: "script");
}

/* ---- variants ---- */

static size_t count_values(const struct vary *vary)
{
	return words_count(vary->values);
}

static size_t count_variants(struct reader *reader)
{
	const struct test_case *tc = reader->tc;
	size_t count = 1;

	for (size_t i = 0; i < tc->vary_count; i++) {
		count *= count_values(&tc->vary[i]);
		if (count <= MAX_VARIANTS)
			continue;
		diag_add(reader->diag, tc->path, tc->vary[i].line,
			"more than %d variants; vary fewer things in one case", MAX_VARIANTS);
		return 1;
	}
	return count;
}

/* Counts in a number system with a digit for every vary line, the last changing fastest. */
static void set_values(const struct test_case *tc, size_t index, struct variant *variant)
{
	variant->values = talloc_zero_array(tc->variants, const char *, tc->vary_count + 1);
	for (size_t i = tc->vary_count; i-- > 0;) {
		size_t count = count_values(&tc->vary[i]);

		variant->values[i] = tc->vary[i].values[index % count];
		index /= count;
	}
	variant->name = words_join(tc->variants, variant->values, ",");
}

static void build_variants(struct reader *reader)
{
	struct test_case *tc = reader->tc;

	tc->variant_count = count_variants(reader);
	tc->variants = talloc_zero_array(tc, struct variant, tc->variant_count);
	for (size_t i = 0; i < tc->variant_count; i++)
		set_values(tc, i, &tc->variants[i]);
}

/* ---- files ---- */

static struct test_case *case_new(const void *parent, const char *path, const char *name)
{
	struct test_case *tc = talloc_zero(parent, struct test_case);
	const char *slash = strrchr(name, '/');

	tc->path = talloc_strdup(tc, path);
	tc->name = talloc_strdup(tc, name);
	tc->group =
		slash ? talloc_strndup(tc, name, (size_t)(slash - name)) : talloc_strdup(tc, "");
	tc->title = tc->spec = tc->prose = tc->scene = tc->options = "";
	tc->needs = words_split(tc, "");
	return tc;
}

static struct test_case *read_case(const void *parent, const char *path, const char *name,
	const struct text *text, bool lint, struct diag *diag)
{
	struct reader reader = {case_new(parent, path, name), diag, text, 0, 0};
	size_t complaints = diag->count;

	reader.at = header_read(reader.tc, text, &reader.mode_line, diag);
	read_prose(&reader);
	reader.tc->scene = scene_text(&reader);
	while (reader.at < text->count)
		read_block(&reader);
	build_variants(&reader);
	check_blocks(&reader);
	check_dialects(&reader);
	/* Where the file is no case at all, what its variants come to would say nothing. */
	if (lint && diag->count - complaints <= ENOUGH_COMPLAINTS)
		case_lint(reader.tc, diag);
	return reader.tc;
}

static struct test_case *finish(const void *parent, const char *path, const char *name,
	struct text *text, bool lint, struct diag *diag, size_t complaints)
{
	struct test_case *tc = text ? read_case(parent, path, name, text, lint, diag) : NULL;

	talloc_free(text);
	if (diag->count == complaints)
		return tc;
	talloc_free(tc);
	return NULL;
}

struct test_case *case_parse(const void *parent, const char *path, const char *name,
	const char *data, size_t length, struct diag *diag)
{
	size_t complaints = diag->count;
	struct text *text = text_parse(NULL, path, data, length, diag);

	return finish(parent, path, name, text, true, diag, complaints);
}

static struct test_case *load(
	const void *parent, const char *path, const char *name, bool lint, struct diag *diag)
{
	size_t complaints = diag->count;
	struct text *text = text_read(NULL, path, diag);

	return finish(parent, path, name, text, lint, diag, complaints);
}

struct test_case *case_load(
	const void *parent, const char *path, const char *name, struct diag *diag)
{
	return load(parent, path, name, true, diag);
}

struct test_case *case_load_again(
	const void *parent, const char *path, const char *name, struct diag *diag)
{
	return load(parent, path, name, false, diag);
}
