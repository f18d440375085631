/* The results document as lines that each stand for themselves, for stream tools. */
#include "report.h"

static int write_ndjson(
	const struct results *results, const struct report_options *options, FILE *out)
{
	(void)options;
	return results_write_lines(results, out);
}

const struct report report_ndjson = {
	"ndjson", "the same as json, one object a line with its \"type\"", write_ndjson, NULL};
