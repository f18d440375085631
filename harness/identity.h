/* Which run is it? All that the outcome of a play may depend on, as far as it can be told. */
#ifndef SIGMATRIX_IDENTITY_H
#define SIGMATRIX_IDENTITY_H

#include <stddef.h>

#include <jansson.h>

#include "model/record.h"

struct identity {
	const struct host_record *host;
	struct test_case *const *cases;
	size_t case_count;
	struct shell *const *shells; /* in the order of the matrix, with versions */
	size_t shell_count;
	struct shell *const *catalogue; /* resolved: scenes start inner shells */
	size_t catalogue_count;
	long repeat;
	double timeout_factor;
};

/* An object of objects of strings, see journal_differences(). Reads the case files and this program
 * for their checksums. New reference. */
json_t *identify_run(const struct identity *identity);

#endif
