/* The questions of a flow chart (docs/flow/NAME.flow), and which cells answer them. Structure only:
 * what a shell does is never written there, it is read from results when the chart is drawn. */
#ifndef SIGMATRIX_FLOW_H
#define SIGMATRIX_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

/* Cells of one case, of whatever shell. */
struct flow_cells {
	int line;
	const char *case_name; /* NULL: none */
	const char **variants; /* globs; NULL-terminated; empty: all */
};

struct flow_question;

struct flow_answer {
	int line;
	const char *text;
	const char **outcomes;     /* of the question's 'by': shells that came to one of these */
	struct flow_question *ask; /* NULL: a leaf */
	struct flow_cells *see;
	size_t see_count;
	const char *signal; /* that is sent there, where the variant does not say it; or NULL */
};

struct flow_question {
	int line;
	const char *text;
	struct flow_cells by; /* the shell answers, with one cell; no case: the reader does */
	struct flow_answer *answers;
	size_t count;
};

struct flow {
	const char *path, *name;
	const char *title; /* the answer to "What do you do?" */
	long order;
	struct flow_question *ask;
};

/* Whatever is wrong is in the diag; then NULL. talloc child of parent. */
struct flow *flow_load(const void *parent, const char *path, const char *name, struct diag *diag);

/* The signal of a leaf's cell: what the variant names ("TERM,pid1"), else what the answer says.
 * NULL: nobody says it. A constant or the answer's. */
const char *flow_signal(const struct flow_answer *answer, const char *variant);

bool flow_cells_have(const struct flow_cells *cells, const char *variant);

#endif
