#include "guide.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <talloc.h>

#include "text.h"

enum { DEFAULT_ORDER = 50, MAX_ORDER = 9999 };

static const char *const topic_keys[] = {"title", "cases", "order", NULL};
static const char *const claim_keys[] = {"claim", "source", "expect", "differ", "until", NULL};

/* Reading ----------------------------------------------------------------------------------- */

/* A header line; false when the header is over. */
typedef void (*take_key)(void *object, const char *key, const char *value, struct place *place);

static const char *read_prose(const void *parent, const struct text *text, size_t first)
{
	char *prose = talloc_strdup(parent, "");

	for (size_t i = first; i < text->count; i++)
		prose = talloc_asprintf_append_buffer(prose, "%s\n", text->lines[i].text);
	return prose;
}

/* The prose; NULL without a text. */
static const char *read_guide_file(void *object, const char *path, const struct text *text,
	const char *const *keys, take_key take, struct diag *diag)
{
	size_t i = 0;

	for (; text && i < text->count && !text_blank(text->lines[i].text); i++) {
		struct place place = {path, text->lines[i].number, diag};
		const char *key, *value;

		if (!text_key_value(object, text->lines[i].text, &key, &value))
			complain(&place, "this is not 'key: value'; an empty line ends the header");
		else if (!words_contain(keys, key))
			complain_unknown(&place, "key", key, keys);
		else if (!*value)
			complain(&place, "'%s' has no value", key);
		else
			take(object, key, value, &place);
	}
	return text ? read_prose(object, text, i + (i < text->count)) : NULL;
}

static void take_topic_key(void *object, const char *key, const char *value, struct place *place)
{
	struct topic *topic = object;
	const char **globs;

	if (!strcmp(key, "title")) {
		topic->title = value;
	} else if (!strcmp(key, "order")) {
		if (!number_parse(value, 0, MAX_ORDER, &topic->order))
			complain(place, "order '%.80s' must be a number from 0 to %d", value,
				MAX_ORDER);
	} else {
		globs = words_split(topic, value);
		for (size_t i = 0; globs[i]; i++)
			words_add(&topic->globs, globs[i]);
	}
}

/* Either takes over the text; 'before' it so many complaints were there. */
static struct topic *read_topic(const void *parent, const char *path, const char *name,
	struct text *text, size_t before, struct diag *diag)
{
	struct topic *topic = talloc_zero(parent, struct topic);

	*topic = (struct topic){.path = talloc_strdup(topic, path),
		.name = talloc_strdup(topic, name),
		.globs = words_split(topic, ""),
		.order = DEFAULT_ORDER};
	talloc_steal(topic, text);
	topic->prose = read_guide_file(topic, path, text, topic_keys, take_topic_key, diag);
	if (topic->prose && !topic->title)
		diag_add(diag, path, 0, "'title' is missing");
	if (topic->prose && !topic->globs[0])
		diag_add(diag, path, 0, "'cases' is missing: globs of the cases it is about");
	if (topic->prose && text_blank(topic->prose))
		diag_add(diag, path, 0, "there is no prose");
	return diag->count == before ? topic : NULL;
}

struct topic *topic_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag)
{
	size_t before = diag->count;

	return read_topic(
		parent, path, name, text_parse(NULL, path, data, length, diag), before, diag);
}

struct topic *topic_load(const void *parent, const char *path, const char *name, struct diag *diag)
{
	size_t before = diag->count;

	return read_topic(parent, path, name, text_read(NULL, path, diag), before, diag);
}

static void read_test(const void *parent, const char *value, struct word_test *test)
{
	for (test->words = words_split(parent, ""); *value; value += *value == '|') {
		size_t length = strcspn(value, "|");

		words_add(&test->words, talloc_strndup(parent, value, length));
		value += length;
	}
}

/* "name=value" or "name!=value". */
static void take_test(
	struct claim *claim, struct expectation *out, const char *word, const struct place *place)
{
	static const char *const known[] = {"case", "variant", "shell", "outcome", NULL};
	const char *equals = strchr(word, '=');
	bool no = equals && equals > word && equals[-1] == '!';
	char *name = talloc_strndup(claim, word, equals ? (size_t)(equals - word - no) : 0);
	struct word_test *test = !strcmp(name, "variant") ? &out->variant
				 : !strcmp(name, "shell") ? &out->shell
							  : &out->outcome;

	if (!equals || !equals[1])
		complain(place, "'%.80s' is not NAME=VALUE", word);
	else if (!words_contain(known, name))
		complain_unknown(place, "word", name, known);
	else if (!strcmp(name, "case") && no)
		complain(place, "a claim is about one case: case=NAME");
	else if (!strcmp(name, "case"))
		out->case_name = talloc_strdup(claim, equals + 1);
	else if (test->words)
		complain(place, "'%s' is there twice; alternatives are %s=A|B", name, name);
	else
		read_test(claim, equals + 1, test);
	test->no |= no;
}

static void add_expectation(
	struct claim *claim, bool differ, const char *value, const struct place *place)
{
	struct expectation *new;
	const char **words = words_split(claim, value);

	claim->expectations = talloc_realloc(
		claim, claim->expectations, struct expectation, claim->expectation_count + 1);
	new = &claim->expectations[claim->expectation_count++];
	*new = (struct expectation){.line = place->line, .text = value, .differ = differ};
	for (size_t i = 0; words[i]; i++)
		take_test(claim, new, words[i], place);
	if (!new->case_name)
		complain(place, "name the case: case=GROUP/NAME");
	if (differ && new->outcome.words)
		complain(place, "'differ' compares outcomes and takes none");
	if (!differ && !new->outcome.words)
		complain(place, "name the outcome: outcome=LABEL");
}

/* Versions ---------------------------------------------------------------------------------- */

const char *version_number(const void *parent, const char *text)
{
	static const char digits[] = "0123456789";
	const char *first = text + strcspn(text, digits);

	for (const char *at = first; *at; at += strcspn(at, digits)) {
		size_t length = strspn(at, "0123456789.");

		if (memchr(at, '.', length)) {
			first = at;
			break;
		}
		at += length;
	}
	return *first ? talloc_strndup(parent, first, strspn(first, "0123456789.")) : NULL;
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		char *a_end, *b_end;
		unsigned long left = strtoul(a, &a_end, 10), right = strtoul(b, &b_end, 10);

		if (left != right)
			return left < right ? -1 : 1;
		a = a_end + (*a_end == '.');
		b = b_end + (*b_end == '.');
	}
	return 0;
}

/* "bash 4.4 bash CHANGES: ...". */
static void add_until(struct claim *claim, const char *value, const struct place *place)
{
	struct until *new;
	const char **words = words_split(claim, value);
	const char *rest = value, *number;

	if (words_count(words) < 3) {
		complain(place, "'until' is SHELL VERSION SOURCE: who says that it changed");
		return;
	}
	if (!name_valid(words[0]))
		complain(place, "'%.80s' is no shell's name", words[0]);
	number = version_number(claim, words[1]);
	if (!number || strcmp(number, words[1]))
		complain(place, "'%.80s' is no version, for example 4.4", words[1]);
	for (int i = 0; i < 2; i++) {
		rest += strspn(rest, " \t");
		rest += strcspn(rest, " \t");
	}
	claim->untils = talloc_realloc(claim, claim->untils, struct until, claim->until_count + 1);
	new = &claim->untils[claim->until_count++];
	*new = (struct until){.line = place->line,
		.shell = words[0],
		.version = words[1],
		.source = rest + strspn(rest, " \t")};
}

static void take_claim_key(void *object, const char *key, const char *value, struct place *place)
{
	struct claim *claim = object;

	if (!strcmp(key, "claim"))
		claim->title = value;
	else if (!strcmp(key, "source"))
		words_add(&claim->sources, value);
	else if (!strcmp(key, "until"))
		add_until(claim, value, place);
	else
		add_expectation(claim, !strcmp(key, "differ"), value, place);
}

static bool shell_passes(const struct word_test *test, const char *shell);

/* A change is about cells: whether the shell does otherwise now is measured. */
static void check_untils(const struct claim *claim, struct diag *diag)
{
	for (size_t i = 0; i < claim->until_count; i++) {
		const struct place place = {claim->path, claim->untils[i].line, diag};
		bool about = false;

		for (size_t k = 0; k < claim->expectation_count; k++)
			about |=
				!claim->expectations[k].differ &&
				shell_passes(&claim->expectations[k].shell, claim->untils[i].shell);
		if (!about)
			complain(&place, "no 'expect' is about %.80s", claim->untils[i].shell);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(claim->untils[k].shell, claim->untils[i].shell))
				complain(&place, "there is an 'until' of %.80s already",
					claim->untils[i].shell);
	}
}

static struct claim *read_claim(const void *parent, const char *path, const char *name,
	struct text *text, size_t before, struct diag *diag)
{
	struct claim *claim = talloc_zero(parent, struct claim);

	*claim = (struct claim){.path = talloc_strdup(claim, path),
		.name = talloc_strdup(claim, name),
		.sources = words_split(claim, "")};
	talloc_steal(claim, text);
	claim->prose = read_guide_file(claim, path, text, claim_keys, take_claim_key, diag);
	if (claim->prose && !claim->title)
		diag_add(diag, path, 0, "'claim' is missing: the statement");
	if (claim->prose && !claim->sources[0])
		diag_add(diag, path, 0, "'source' is missing: who says so");
	if (claim->prose && !claim->expectation_count && text_blank(claim->prose))
		diag_add(diag, path, 0, "nothing decides it, and no prose says why");
	check_untils(claim, diag);
	return diag->count == before ? claim : NULL;
}

struct claim *claim_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag)
{
	size_t before = diag->count;

	return read_claim(
		parent, path, name, text_parse(NULL, path, data, length, diag), before, diag);
}

struct claim *claim_load(const void *parent, const char *path, const char *name, struct diag *diag)
{
	size_t before = diag->count;

	return read_claim(parent, path, name, text_read(NULL, path, diag), before, diag);
}

/* The directories --------------------------------------------------------------------------- */

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void *load_one(const void *parent, const char *path, const char *file, const char *ending,
	struct diag *diag)
{
	size_t stem = strlen(file) - strlen(ending);
	char *name = talloc_strndup(parent, file, stem);

	if (!name_valid(name)) {
		diag_add(diag, path, 0, "the name must be lower-case letters, digits and '-'");
		return NULL;
	}
	if (!strcmp(ending, ".topic"))
		return topic_load(parent, path, name, diag);
	if (!strcmp(ending, ".flow"))
		return flow_load(parent, path, name, diag);
	return claim_load(parent, path, name, diag);
}

static bool has_ending(const char *file, const char *ending)
{
	size_t length = strlen(file), end = strlen(ending);

	return length > end && !strcmp(file + length - end, ending);
}

/* All files of a directory with the ending, as an array of pointers. */
static void **load_directory(
	const void *parent, const char *dir, const char *ending, size_t *count, struct diag *diag)
{
	struct dirent **entries;
	int found = scandir(dir, &entries, visible, by_bytes);
	void **list = talloc_array(parent, void *, found > 0 ? (size_t)found : 1);

	*count = 0;
	if (found < 0)
		diag_add(diag, dir, 0, "unable to read the directory: %s", strerror(errno));
	for (int i = 0; i < found; i++) {
		const char *file = entries[i]->d_name;
		void *one = has_ending(file, ending)
				    ? load_one(list, talloc_asprintf(list, "%s/%s", dir, file),
					      file, ending, diag)
				    : NULL;

		if (one)
			list[(*count)++] = one;
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return list;
}

static int compare_topics(const void *left, const void *right)
{
	const struct topic *const *a = left, *const *b = right;

	if ((*a)->order != (*b)->order)
		return (*a)->order < (*b)->order ? -1 : 1;
	return strcmp((*a)->name, (*b)->name);
}

static int compare_flows(const void *left, const void *right)
{
	const struct flow *const *a = left, *const *b = right;

	if ((*a)->order != (*b)->order)
		return (*a)->order < (*b)->order ? -1 : 1;
	return strcmp((*a)->name, (*b)->name);
}

/* A guide without charts is one, too. */
static void load_flows(struct guide *guide, const char *dir, struct diag *diag)
{
	char *path = talloc_asprintf(guide, "%s/flow", dir);

	if (access(path, F_OK) == 0)
		guide->flows = (struct flow **)load_directory(
			guide, path, ".flow", &guide->flow_count, diag);
	if (guide->flows)
		qsort(guide->flows, guide->flow_count, sizeof(*guide->flows), compare_flows);
}

struct guide *guide_load(const void *parent, const char *dir, struct diag *diag)
{
	struct guide *guide = talloc_zero(parent, struct guide);
	char *path = talloc_asprintf(guide, "%s/glossary.md", dir);
	struct text *glossary = text_read(guide, path, diag);

	guide->glossary = glossary ? read_prose(guide, glossary, 0) : "";
	guide->topics = (struct topic **)load_directory(guide,
		talloc_asprintf(guide, "%s/topics", dir), ".topic", &guide->topic_count, diag);
	guide->claims = (struct claim **)load_directory(guide,
		talloc_asprintf(guide, "%s/claims", dir), ".claim", &guide->claim_count, diag);
	load_flows(guide, dir, diag);
	qsort(guide->topics, guide->topic_count, sizeof(*guide->topics), compare_topics);
	return guide;
}

/* Asking ------------------------------------------------------------------------------------ */

bool topic_has(const struct topic *topic, const char *case_name)
{
	return case_wanted((char *const *)topic->globs, case_name);
}

static bool test_passes(const struct word_test *test, const char *word)
{
	return !test->words || words_contain(test->words, word) != test->no;
}

static bool shell_passes(const struct word_test *test, const char *shell)
{
	bool named = false;

	for (size_t i = 0; test->words && test->words[i]; i++)
		named |= fnmatch(test->words[i], shell, 0) == 0;
	return !test->words || named != test->no;
}

bool expectation_about(const struct expectation *expectation, const char *case_name,
	const char *variant, const char *shell)
{
	return !strcmp(expectation->case_name, case_name) &&
	       test_passes(&expectation->variant, variant) &&
	       shell_passes(&expectation->shell, shell);
}

bool expectation_met(const struct expectation *expectation, const char *outcome)
{
	return test_passes(&expectation->outcome, outcome);
}

/* Checking ---------------------------------------------------------------------------------- */

static const char *no_words(void *context, const char *name)
{
	(void)context;
	(void)name;
	return "sh";
}

/* The labels of all its variants; no dialect changes them. */
static const char **case_labels(const void *parent, const struct test_case *tc)
{
	static const char *const dialects[] = {"posix", "fish", "csh", "rc", "elvish"};
	const char **labels = words_split(parent, "");
	void *memory = talloc_new(NULL);
	const char *na;

	for (size_t v = 0; v < tc->variant_count; v++)
		for (size_t d = 0; d < sizeof(dialects) / sizeof(*dialects); d++) {
			struct scene *scene = case_scene(
				memory, tc, &tc->variants[v], dialects[d], no_words, NULL, &na);

			for (size_t i = 0; scene && i < scene->row_count; i++)
				words_add(&labels, scene->rows[i].label);
			talloc_free_children(memory);
		}
	talloc_free(memory);
	return labels;
}

static const char **case_variants(const void *parent, const struct test_case *tc)
{
	const char **names = words_split(parent, "");

	for (size_t v = 0; v < tc->variant_count; v++)
		words_add(&names, tc->variants[v].name);
	return names;
}

static void check_words(const struct word_test *test, const char *what, const char *const *known,
	const struct place *place)
{
	for (size_t i = 0; test->words && test->words[i]; i++)
		if (!words_contain(known, test->words[i]))
			complain_unknown(place, what, test->words[i], known);
}

/* What the guide is checked against. */
struct known {
	struct test_case *const *cases;
	size_t case_count;
	struct shell *const *shells;
	size_t shell_count;
};

static void check_shells(
	const struct word_test *test, const struct known *known, const struct place *place)
{
	for (size_t i = 0; test->words && test->words[i]; i++) {
		bool any = false;

		for (size_t k = 0; k < known->shell_count; k++)
			any |= fnmatch(test->words[i], known->shells[k]->name, 0) == 0;
		if (!any)
			complain(place, "no shell is called '%.80s'", test->words[i]);
	}
}

/* NULL after a complaint. */
static const struct test_case *known_case(
	const struct known *known, const char *name, const struct place *place)
{
	const char **names;

	for (size_t i = 0; i < known->case_count; i++)
		if (!strcmp(known->cases[i]->name, name))
			return known->cases[i];
	names = words_split(NULL, "");
	for (size_t i = 0; i < known->case_count; i++)
		words_add(&names, known->cases[i]->name);
	complain_unknown(place, "case", name, names);
	talloc_free(names);
	return NULL;
}

static void check_case(
	const struct expectation *expectation, const struct known *known, const struct place *place)
{
	void *memory = talloc_new(NULL);
	const struct test_case *tc = known_case(known, expectation->case_name, place);

	if (tc) {
		check_words(&expectation->variant, "variant", case_variants(memory, tc), place);
		check_words(&expectation->outcome, "outcome", case_labels(memory, tc), place);
	}
	talloc_free(memory);
}

static void check_claim(const struct claim *claim, const struct known *known, struct diag *diag)
{
	for (size_t i = 0; i < claim->expectation_count; i++) {
		struct place place = {claim->path, claim->expectations[i].line, diag};

		check_case(&claim->expectations[i], known, &place);
		check_shells(&claim->expectations[i].shell, known, &place);
	}
	for (size_t i = 0; i < claim->until_count; i++) {
		const struct place place = {claim->path, claim->untils[i].line, diag};
		const char *words[] = {claim->untils[i].shell, NULL};

		check_shells(&(struct word_test){.words = words}, known, &place);
	}
}

static void check_topic(const struct topic *topic, const struct known *known, struct diag *diag)
{
	for (size_t i = 0; topic->globs[i]; i++) {
		char *glob[] = {(char *)topic->globs[i], NULL};
		bool any = false;

		for (size_t k = 0; k < known->case_count && !any; k++)
			any = case_wanted(glob, known->cases[k]->name);
		if (!any)
			diag_add(diag, topic->path, 0, "no case matches '%.80s'", glob[0]);
	}
}

bool guide_has_topic(const struct guide *guide, const char *case_name)
{
	for (size_t i = 0; i < guide->topic_count; i++)
		if (topic_has(guide->topics[i], case_name))
			return true;
	return false;
}

/* Flow charts ------------------------------------------------------------------------------- */

static void check_globs(
	const struct flow_cells *cells, const struct test_case *tc, const struct place *place)
{
	for (size_t i = 0; cells->variants[i]; i++) {
		const char *one[] = {cells->variants[i], NULL};
		struct flow_cells glob = {.variants = one};
		bool any = false;

		for (size_t v = 0; v < tc->variant_count; v++)
			any |= flow_cells_have(&glob, tc->variants[v].name);
		if (!any)
			complain(place, "no variant of %s matches '%.80s'", tc->name, *one);
	}
}

static void check_see(const struct flow *flow, const struct flow_answer *answer,
	const struct flow_cells *cells, const struct known *known, struct diag *diag)
{
	struct place place = {flow->path, cells->line, diag};
	const struct test_case *tc = known_case(known, cells->case_name, &place);

	if (!tc)
		return;
	check_globs(cells, tc, &place);
	for (size_t v = 0; v < tc->variant_count; v++)
		if (flow_cells_have(cells, tc->variants[v].name) &&
			!flow_signal(answer, tc->variants[v].name)) {
			complain(&place, "which signal? Its variants do not say it, so 'signal' "
					 "must");
			return;
		}
}

/* One cell of each shell decides: not several that may disagree. */
static void check_by(const struct flow *flow, const struct flow_question *question,
	const struct known *known, struct diag *diag)
{
	struct place place = {flow->path, question->by.line, diag};
	const struct test_case *tc = known_case(known, question->by.case_name, &place);
	void *memory = talloc_new(NULL);
	const char **labels = tc ? case_labels(memory, tc) : NULL;
	size_t variants = 0;

	for (size_t v = 0; tc && v < tc->variant_count; v++)
		variants += flow_cells_have(&question->by, tc->variants[v].name);
	if (tc && variants != 1)
		complain(&place, "'by' must name one variant of %s", tc->name);
	for (size_t i = 0; tc && i < question->count; i++) {
		struct word_test outcomes = {question->answers[i].outcomes, false};

		place.line = question->answers[i].line;
		check_words(&outcomes, "outcome", labels, &place);
	}
	talloc_free(memory);
}

static void check_question(const struct flow *flow, const struct flow_question *question,
	const struct known *known, struct diag *diag)
{
	if (question->by.case_name)
		check_by(flow, question, known, diag);
	for (size_t i = 0; i < question->count; i++) {
		const struct flow_answer *answer = &question->answers[i];

		for (size_t k = 0; k < answer->see_count; k++)
			check_see(flow, answer, &answer->see[k], known, diag);
		if (answer->ask)
			check_question(flow, answer->ask, known, diag);
	}
}

void guide_check(const struct guide *guide, struct test_case *const *cases, size_t case_count,
	struct shell *const *shells, size_t shell_count, struct diag *diag)
{
	const struct known known = {cases, case_count, shells, shell_count};

	for (size_t i = 0; i < guide->claim_count; i++)
		check_claim(guide->claims[i], &known, diag);
	for (size_t i = 0; i < guide->topic_count; i++)
		check_topic(guide->topics[i], &known, diag);
	for (size_t i = 0; i < guide->flow_count; i++)
		check_question(guide->flows[i], guide->flows[i]->ask, &known, diag);
}
