/* "Where do shells differ? Which row is zsh alone in?": a part of the results, chosen by what was
 * measured. */
#ifndef SIGMATRIX_SELECT_H
#define SIGMATRIX_SELECT_H

#include "../model/record.h"

/* NULL-terminated lists; NULL or empty: everything. */
struct selection {
	char *const *shells; /* names of shells: the others' cells are left out, and not asked */
	char *const *cases;  /* globs, see case_wanted() */
	char *const *where;  /* all must hold of a row (a variant of a case); see select_help */
};

/* The conditions, one a line with what it means: for --help. */
extern const char select_help[];

/* Leaves in the results what was selected; cases without a row are left out, too. The results must
 * be sorted. NULL, or what is wrong with the selection (talloc child of the results). */
const char *results_select(struct results *results, const struct selection *selection);

/* What all shells outside of the family came to in a row; NULL where they do not agree, or are of
 * fewer than two families. 'cells' has one for each shell of the results, NULL: not played. */
const char *row_others_agree(
	const struct results *results, const struct cell **cells, const char *family);

#endif
