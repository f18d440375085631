/* A flow chart: the declared questions (model/flow.h) with what was measured at their ends. Nothing
 * here is written down beforehand but the questions. */
#ifndef SIGMATRIX_CHART_H
#define SIGMATRIX_CHART_H

#include <jansson.h>

#include "diagram.h"
#include "report.h"

/* Who got the signal, of cells where that was the same. */
struct chart_way {
	char *text;  /* "it went from the terminal to job and shell", as measured: escape it */
	bool *where; /* as in struct finding */
};

/* Cells of a leaf with one outcome. */
struct chart_outcome {
	const char *label;   /* of the outcome; "not played" */
	const char *meaning; /* the case's word for it, the reason of a doubt, or "" */
	struct finding finding;
	struct chart_way *ways; /* talloc array */
	size_t way_count;
};

/* The cells a branch ends at, of one case. */
struct chart_leaf {
	const struct flow_cells *see;
	const struct case_record *record; /* NULL: the results do not have the case */
	bool *variants;                   /* by position in record->variants: which are shown */
	struct chart_outcome *outcomes;
	size_t count;
};

struct chart_question;

struct chart_branch {
	const char *answer;
	bool *columns;         /* shells it is about */
	bool divides;          /* they are not those of the question: measured, not answered */
	const char **outcomes; /* what they came to, if it divides */
	struct chart_question *ask;
	struct chart_leaf *leaves; /* where there is no question */
	size_t leaf_count;
};

struct chart_question {
	const char *text;
	const struct flow_cells *by;      /* the shell answers; NULL: the reader */
	const struct case_record *record; /* of 'by', if the results have it */
	struct chart_branch *branches;
	size_t count;
};

struct chart {
	const char *name, *title;
	const struct matrix *matrix;
	bool one_shell;
	struct chart_question *ask;
};

/* The chart of one flow; NULL: of all, joined by a first question. 'columns' (by position in the
 * matrix; NULL: all) are the shells it is about; branches that no shell takes are left out. A
 * talloc child of parent; the guide and the matrix must outlive it. */
struct chart *chart_build(const void *parent, const struct guide *guide, const struct flow *flow,
	const struct matrix *matrix, const bool *columns);

/* Where a case (or one cell of it) is told more about: a URL, a talloc child of parent; or NULL. */
typedef char *(*chart_link)(const void *parent, void *context, const struct case_record *record,
	const struct cell *cell);

/* As boxes and lines; a talloc child of parent. 'link' may be NULL. */
struct diagram *chart_diagram(
	const void *parent, const struct chart *chart, chart_link link, void *context);

/* The same as data: what each end says, and of which cells. New reference. */
json_t *chart_json(const struct chart *chart);

#endif
