/* The vocabularies of features, as docs/case-format.md, sections 5 and 6, defines them. */
#include "features.h"

static const char *const of_shells[] = {"job-control", "monitor", "set-b", "disown", "exit-trap",
	"signal-traps", "ignore-signals", "functions", "subshell", "here-document",
	"assignment-prefix", "errexit", "pipefail", "wait", "wait-n", "coproc", "suspend",
	"huponexit", "process-substitution", NULL};

static const char *const of_links[] = {"environment", "pid1", "ordinary", "headless", "orphans",
	"terminal", "status", "signals-inherited", NULL};

const char **features_read(
	const void *parent, const char *value, bool link, const struct place *place)
{
	const char *const *known = link ? of_links : of_shells;
	const char **words = words_split(parent, value);

	for (size_t i = 0; words[i]; i++)
		if (!words_contain(known, words[i]))
			complain_unknown(place, "feature", words[i], known);
	return words;
}
