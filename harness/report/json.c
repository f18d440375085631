/* The results document itself, for other programs. */
#include "report.h"

static int write_json(
	const struct results *results, const struct report_options *options, FILE *out)
{
	(void)options;
	return results_write(results, out);
}

const struct report report_json = {
	"json", "the results document, for other programs", write_json, NULL};
