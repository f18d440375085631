/* What changed between two results documents: cell by cell, never by totals. */
#ifndef SIGMATRIX_COMPARE_H
#define SIGMATRIX_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "../model/record.h"
#include "report.h"

/* What became of a cell, in the order in which it is told. */
enum change {
	CHANGE_WORSE,      /* another outcome, which violates the standard as the old one did not */
	CHANGE_OTHER,      /* another outcome, of the same standing or of none */
	CHANGE_UNMEASURED, /* was measured; now n/a or in doubt */
	CHANGE_BETTER,
	CHANGE_MEASURED, /* was n/a or in doubt */
	CHANGE_DOUBT,    /* in doubt then and now, in another way */
	CHANGE_JUDGED,   /* the same outcome; the case's verdict on it has changed */
	CHANGE_NEW,
	CHANGE_GONE,
	CHANGE_COUNT
};

struct difference {
	enum change change;
	const struct cell *before; /* NULL: CHANGE_NEW */
	const struct cell *after;  /* NULL: CHANGE_GONE */
};

struct comparison {
	const struct results *before, *after;
	struct difference *list; /* by change, then in the order of the results */
	size_t count;
	size_t counts[CHANGE_COUNT];
	size_t same;
	const char **versions; /* NULL-terminated: "dash: 0.5.12 -> 0.5.13" */
	const char **notes;    /* NULL-terminated: how else the two runs differ, for example traced
				  and not */
};

/* Both results must be sorted and outlive the comparison; a talloc child of parent.
 * An unstable cell of 'before' is the same as any of the outcomes it had. */
struct comparison *results_compare(
	const void *parent, const struct results *before, const struct results *after);

/* EXIT_REGRESSION's question: a cell got worse or other; 'strict': anything at all changed. */
bool comparison_fails(const struct comparison *comparison, bool strict);

struct comparison_format {
	const char *name, *summary;
	/* 0 or -errno of a failed write. */
	int (*write)(const struct comparison *comparison, const struct report_options *options,
		FILE *out);
};

/* term, markdown (fits a comment on GitHub: at most 60,000 bytes), json; NULL-terminated. */
extern const struct comparison_format *const comparison_formats[];

#endif
