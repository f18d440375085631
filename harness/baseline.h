/* What a run is measured against: an earlier one that is kept. */
#ifndef SIGMATRIX_BASELINE_H
#define SIGMATRIX_BASELINE_H

#include <stdbool.h>

#include "cmd.h"
#include "report/compare.h"

struct baseline_wish {
	const char *path;                   /* NULL: no baseline */
	bool strict;                        /* anything that changed is a regression */
	bool update;                        /* the run becomes the baseline */
	char *const *shells, *const *cases; /* what the run is narrowed to; NULL: nothing */
};

/* Reads the baseline, before anything is played, as far as the run covers it. NULL in *out: there
 * is none to compare with (with 'update' it may be new). 0, or the exit status after complaining.
 * talloc child of parent. */
int baseline_load(const void *parent, const struct baseline_wish *wish, struct results **out);

/* Prints on standard error what changed since, and with 'update' writes the file. Returns the exit
 * status: see comparison_status(). 'baseline' may be NULL. */
int baseline_judge(const struct baseline_wish *wish, const struct results *baseline,
	const struct results *now, const struct report_options *how);

/* EXIT_REGRESSION: something is worse or other ('strict': changed at all); EXIT_NOT_MEASURED:
 * something that was measured is not now, or is gone; else EXIT_AS_EXPECTED. */
int comparison_status(const struct comparison *comparison, bool strict);

#endif
