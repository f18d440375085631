/* What scenes rely on and not every shell has. Private to model/. */
#ifndef SIGMATRIX_FEATURES_H
#define SIGMATRIX_FEATURES_H

#include "text.h"

/* The words of "needs:" and "lacks:" of a shell or a link; complains about those that are no
 * features of it. */
const char **features_read(
	const void *parent, const char *value, bool link, const struct place *place);

#endif
