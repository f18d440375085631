/* What people wrote for the book: every input is read as a topic and as a claim. What is accepted
 * can be printed and read again as the same, and be asked about any cell; what is refused is
 * refused with file, and line unless something is missing. */
#include "fuzz.h"

#include <string.h>

#include <talloc.h>

#include "model/guide.h"
#include "model/text.h"

static const char topic_path[] = "docs/topics/fuzz.topic";
static const char claim_path[] = "docs/claims/fuzz.claim";
static const char *const whole[] = {"the file is empty", "the file is larger", "'title' is missing",
	"'cases' is missing", "there is no prose", "'claim' is missing", "'source' is missing",
	"nothing decides it", NULL};

static char *print_topic(const void *memory, const struct topic *topic)
{
	return talloc_asprintf(memory, "title: %s\norder: %ld\ncases: %s\n\n%s", topic->title,
		topic->order, words_join(memory, topic->globs, " "), topic->prose);
}

static char *print_test(char *text, const char *name, const struct word_test *test)
{
	if (!test->words)
		return text;
	return talloc_asprintf_append_buffer(
		text, " %s%s=%s", name, test->no ? "!" : "", words_join(text, test->words, "|"));
}

/* The claim as text, made of what was understood. */
static char *print_claim(const void *memory, const struct claim *claim)
{
	char *text = talloc_asprintf(memory, "claim: %s\n", claim->title);

	for (const char **source = claim->sources; *source; source++)
		text = talloc_asprintf_append_buffer(text, "source: %s\n", *source);
	for (size_t i = 0; i < claim->expectation_count; i++) {
		const struct expectation *expectation = &claim->expectations[i];

		text = talloc_asprintf_append_buffer(text, "%s: case=%s",
			expectation->differ ? "differ" : "expect", expectation->case_name);
		text = print_test(text, "variant", &expectation->variant);
		text = print_test(text, "shell", &expectation->shell);
		text = print_test(text, "outcome", &expectation->outcome);
		text = talloc_strdup_append_buffer(text, "\n");
	}
	for (size_t i = 0; i < claim->until_count; i++)
		text = talloc_asprintf_append_buffer(text, "until: %s %s %s\n",
			claim->untils[i].shell, claim->untils[i].version, claim->untils[i].source);
	return talloc_asprintf_append_buffer(text, "\n%s", claim->prose);
}

static struct claim *read_claim(const void *memory, const char *data, size_t size)
{
	struct diag *diag = diag_new(memory);
	struct claim *claim = claim_parse(memory, claim_path, "fuzz", data, size, diag);

	demand(!claim == (diag->count > 0), "claim %s with %zu complaints",
		claim ? "accepted" : "refused", diag->count);
	check_complaints(diag, claim_path, whole, count_lines((const uint8_t *)data, size));
	return claim;
}

static struct topic *read_topic(const void *memory, const char *data, size_t size)
{
	struct diag *diag = diag_new(memory);
	struct topic *topic = topic_parse(memory, topic_path, "fuzz", data, size, diag);

	demand(!topic == (diag->count > 0), "topic %s with %zu complaints",
		topic ? "accepted" : "refused", diag->count);
	check_complaints(diag, topic_path, whole, count_lines((const uint8_t *)data, size));
	return topic;
}

static void check_claim(const void *memory, const struct claim *claim)
{
	char *text = print_claim(memory, claim);
	struct claim *again = read_claim(memory, text, strlen(text));

	demand(again, "not read again:\n%s", text);
	demand(strcmp(text, print_claim(memory, again)) == 0, "read again as another:\n%s\n%s",
		text, print_claim(memory, again));
	for (size_t i = 0; i < claim->expectation_count; i++) {
		const struct expectation *expectation = &claim->expectations[i];

		if (expectation_about(expectation, expectation->case_name, "", "dash") &&
			!expectation->differ)
			demand(expectation_met(expectation, "fork") ==
					(words_contain(expectation->outcome.words, "fork") !=
						expectation->outcome.no),
				"met or not?");
	}
	for (size_t i = 0; i < claim->until_count; i++) {
		const char *version = claim->untils[i].version;

		demand(version_compare(version, version) == 0, "older than itself: %s", version);
		demand((version_compare(version, "5.0") < 0) ==
				(version_compare("5.0", version) > 0),
			"older and newer than 5.0: %s", version);
	}
}

static void check_topic(const void *memory, const struct topic *topic)
{
	char *text = print_topic(memory, topic);
	struct topic *again = read_topic(memory, text, strlen(text));

	demand(again, "not read again:\n%s", text);
	demand(strcmp(text, print_topic(memory, again)) == 0, "read again as another:\n%s\n%s",
		text, print_topic(memory, again));
	topic_has(topic, "exec/simple-command");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *memory = talloc_new(NULL);
	struct topic *topic = read_topic(memory, (const char *)data, size);
	struct claim *claim = read_claim(memory, (const char *)data, size);

	if (topic)
		check_topic(memory, topic);
	if (claim)
		check_claim(memory, claim);
	talloc_free(memory);
	return 0;
}
