#include "baseline.h"

#include <errno.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "model/diag.h"

int comparison_status(const struct comparison *comparison, bool strict)
{
	if (comparison_fails(comparison, strict))
		return EXIT_REGRESSION;
	return comparison->counts[CHANGE_UNMEASURED] + comparison->counts[CHANGE_GONE] > 0
		       ? EXIT_NOT_MEASURED
		       : EXIT_AS_EXPECTED;
}

/* A shell that the baseline does not have yet is new, not a mistake. */
static char **shells_it_has(const void *parent, const struct results *baseline, char *const *wanted)
{
	struct words_option found = {0};

	for (; wanted && *wanted; wanted++)
		for (size_t i = 0; i < baseline->shell_count; i++)
			if (strcmp(baseline->shells[i].name, *wanted) == 0)
				option_add(parent, &found, *wanted);
	return found.words;
}

static void narrow(struct results *baseline, const struct baseline_wish *wish)
{
	char **shells = shells_it_has(baseline, baseline, wish->shells);
	struct selection selection = {shells, wish->cases, NULL};

	if (wish->shells && *wish->shells && !shells)
		baseline->cell_count = 0; /* all shells of the run are new */
	else
		results_select(baseline, &selection);
}

int baseline_load(const void *parent, const struct baseline_wish *wish, struct results **out)
{
	struct diag *diag = diag_new(parent);

	*out = NULL;
	if (!wish->path)
		return 0;
	if (wish->update && access(wish->path, F_OK) != 0 && errno == ENOENT)
		return 0;
	struct results *baseline = results_load(parent, wish->path, diag);
	if (!baseline) {
		diag_print(diag, stderr);
		complain("nothing was played: --baseline needs a results file (a first one is "
			 "made with --update-baseline)");
		return EXIT_BAD_USAGE;
	}
	size_t cells = baseline->cell_count;
	narrow(baseline, wish);
	if (wish->update && baseline->cell_count < cells) {
		complain("nothing was played: %s has %zu cells that this run would not play, and "
			 "an update must not lose them: run without --case and --shell, or give "
			 "this selection a baseline of its own",
			wish->path, cells - baseline->cell_count);
		return EXIT_BAD_USAGE;
	}
	*out = baseline;
	return 0;
}

static int update(const struct baseline_wish *wish, const struct results *now)
{
	int result = now->host.complete ? results_save(now, wish->path) : -ECANCELED;

	if (result == 0) {
		complain("%s holds this run now", wish->path);
		return EXIT_AS_EXPECTED;
	}
	complain("unable to update %s: %s", wish->path,
		now->host.complete ? strerror(-result) : "the run was interrupted");
	return EXIT_NOT_MEASURED;
}

int baseline_judge(const struct baseline_wish *wish, const struct results *baseline,
	const struct results *now, const struct report_options *how)
{
	int status = EXIT_AS_EXPECTED;

	if (baseline) {
		struct comparison *comparison = results_compare(NULL, baseline, now);
		complain("compared with %s:", wish->path);
		comparison_formats[0]->write(comparison, how, stderr);
		status = comparison_status(comparison, wish->strict);
		talloc_free(comparison);
	}
	return wish->update ? update(wish, now) : status;
}
