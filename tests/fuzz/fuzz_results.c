/* Results documents: what is accepted can be written and read again as the same bytes, every cell
 * is found, and no report of it holds what a terminal would obey; what is refused is refused by
 * name. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "report/report.h"

static const char path[] = "fuzz.json";

/* A member at fault is named, JSON that breaks has a line: only check_document() of all readers has
 * complaints without one. */
static const char *const whole[] = {"", NULL};

static char *write_as(const struct report *report, const struct results *results, size_t *length)
{
	static const struct report_options how = {.width = 80};
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	int result = report->write(results, &how, out);

	demand(result == 0, "unable to report as %s: %s", report->name, strerror(-result));
	fclose(out);
	return text;
}

static void check_cells(const struct results *results)
{
	for (size_t i = 0; i < results->cell_count; i++) {
		const struct cell *cell = &results->cells[i];

		demand(results_cell(results, cell->case_name, cell->variant, cell->shell) == cell,
			"cell %zu cannot be found", i);
	}
}

static void check_reports(const struct results *results)
{
	for (size_t i = 0; reports[i]; i++) {
		size_t length = 0;

		if (!reports[i]->write) /* a directory */
			continue;
		char *text = write_as(reports[i], results, &length);

		check_harmless(text, length);
		free(text);
	}
}

static void check_round(const void *memory, const struct results *results)
{
	struct diag *diag = diag_new(memory);
	size_t length = 0, length_again = 0;
	char *text = write_as(&report_json, results, &length), *text_again;
	struct results *again = results_parse(memory, path, text, length, diag);

	demand(again, "not read again: %s\n%s", diag->count ? diag->messages[0] : "?", text);
	text_again = write_as(&report_json, again, &length_again);
	demand(length == length_again && memcmp(text, text_again, length) == 0,
		"read again as another:\n%s\n%s", text, text_again);
	free(text);
	free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *memory = talloc_new(NULL);
	struct diag *diag = diag_new(memory);
	struct results *results = results_parse(memory, path, (const char *)data, size, diag);

	demand(!results == (diag->count == 1), "%s with %zu complaints",
		results ? "accepted" : "refused", diag->count);
	check_complaints(diag, path, whole, count_lines(data, size));
	if (results) {
		check_cells(results);
		check_reports(results);
		check_round(memory, results);
	}
	talloc_free(memory);
	return 0;
}
