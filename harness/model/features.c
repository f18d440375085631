/* The vocabulary of features, as docs/case-format.md, section 5, defines it. */
#include "features.h"

static const char *const feature_words[] = {"job-control", "monitor", "set-b", "disown",
	"exit-trap", "signal-traps", "ignore-signals", "functions", "subshell", "here-document",
	"assignment-prefix", "errexit", "pipefail", "wait", "wait-n", "coproc", "suspend",
	"huponexit", "process-substitution", NULL};

const char **features_read(const void *parent, const char *value, const struct place *place)
{
	const char **words = words_split(parent, value);

	for (size_t i = 0; words[i]; i++)
		if (!words_contain(feature_words, words[i]))
			complain_unknown(place, "feature", words[i], feature_words);
	return words;
}
