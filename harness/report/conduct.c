#include "conduct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

/* Gathering --------------------------------------------------------------------------------- */

static bool same_conduct(const struct conduct *conduct, const struct case_record *record,
	const struct cell *cell, enum mark mark)
{
	return conduct->record == record && !strcmp(conduct->cell->outcome, cell->outcome) &&
	       (mark != MARK_NA || !strcmp(conduct->cell->reason, cell->reason));
}

static struct conduct *matching_conduct(const void *parent, struct conduct **list, size_t *count,
	const struct case_record *record, const struct cell *cell)
{
	enum mark mark = cell_mark(cell);

	for (size_t i = *count; i-- > 0 && (*list)[i].record == record;)
		if (same_conduct(&(*list)[i], record, cell, mark))
			return &(*list)[i];
	*list = talloc_realloc(parent, *list, struct conduct, *count + 1);
	struct conduct *conduct = &(*list)[(*count)++];
	*conduct = (struct conduct){.record = record,
		.cell = cell,
		.meaning = outcome_meaning(record, cell->outcome),
		.variants = talloc_strdup(parent, "")};
	return conduct;
}

struct conduct *conduct_collect(const void *parent, const struct matrix *matrix, size_t column,
	enum mark mark, size_t *count)
{
	const struct results *results = matrix->results;
	struct conduct *list = talloc_array(parent, struct conduct, 1);

	*count = 0;
	for (size_t i = 0; i < results->case_count; i++)
		for (size_t v = 0; results->cases[i].variants[v]; v++) {
			const struct case_record *record = &results->cases[i];
			const struct cell *cell = matrix_cell(matrix, record, v, column);

			if (!cell || cell_mark(cell) != mark)
				continue;
			struct conduct *conduct =
				matching_conduct(parent, &list, count, record, cell);
			conduct->variants = talloc_asprintf_append_buffer(conduct->variants, "%s%s",
				conduct->count ? " " : "", record->variants[v]);
			conduct->count++;
		}
	return list;
}

static int compare_absences(const void *left, const void *right)
{
	const struct absence *a = left, *b = right;

	if (a->cells != b->cells)
		return a->cells < b->cells ? 1 : -1;
	return strcmp(a->reason, b->reason);
}

struct absence *absence_collect(
	const void *parent, const struct conduct *conduct, size_t conduct_count, size_t *count)
{
	struct absence *list = talloc_array(parent, struct absence, conduct_count + 1);

	*count = 0;
	for (size_t i = 0; i < conduct_count; i++) {
		size_t k = 0;

		while (k < *count && strcmp(list[k].reason, conduct[i].cell->reason))
			k++;
		if (k == *count)
			list[(*count)++] = (struct absence){.reason = conduct[i].cell->reason};
		list[k].cells += conduct[i].count;
		list[k].cases++;
	}
	qsort(list, *count, sizeof(*list), compare_absences);
	return list;
}

char *conduct_sentence(const void *parent, const struct matrix *matrix, size_t column)
{
	const size_t *counts = matrix_tally(matrix, column);
	char *out;
	size_t required = counts[MARK_CONFORMS] + counts[MARK_VIOLATES];
	size_t doubt = matrix_doubts(matrix, column);

	if (counts[MARK_UNJUDGED])
		out = talloc_asprintf(parent,
			"does not claim the standard: %zu measured, not judged; %zu n/a",
			counts[MARK_UNJUDGED], counts[MARK_NA]);
	else
		out = talloc_asprintf(parent,
			"%zu of %zu required behaviours; %zu deviations; %zu permitted; %zu n/a",
			counts[MARK_CONFORMS], required, counts[MARK_VIOLATES],
			counts[MARK_PERMITTED], counts[MARK_NA]);
	if (doubt)
		out = talloc_asprintf_append_buffer(out, "; %zu in doubt", doubt);
	if (counts[MARK_UNPLAYED])
		out = talloc_asprintf_append_buffer(out, "; %zu not played", counts[MARK_UNPLAYED]);
	return out;
}

/* As text ----------------------------------------------------------------------------------- */

static void put_conduct(FILE *out, const struct conduct *conduct)
{
	fprintf(out, "  %s ", mark_symbol(cell_mark(conduct->cell)));
	print_safe(out, conduct->record->name);
	if (*conduct->variants) {
		fputs(" [", out);
		print_safe(out, conduct->variants);
		fputs("]", out);
	}
	fputs("  ", out);
	print_safe(out, conduct->cell->outcome);
	if (*conduct->meaning) {
		fputs(": ", out);
		print_safe(out, conduct->meaning);
	}
	fputc('\n', out);
}

static void put_list(
	FILE *out, const struct matrix *matrix, size_t column, enum mark mark, const char *heading)
{
	void *memory = talloc_new(NULL);
	size_t count;
	struct conduct *list = conduct_collect(memory, matrix, column, mark, &count);

	if (count > 0)
		fprintf(out, "\n%s\n", heading);
	for (size_t i = 0; i < count; i++)
		put_conduct(out, &list[i]);
	talloc_free(memory);
}

static void put_absences(FILE *out, const struct matrix *matrix, size_t column)
{
	void *memory = talloc_new(NULL);
	size_t count;
	struct conduct *list = conduct_collect(memory, matrix, column, MARK_NA, &count);
	struct absence *absences = absence_collect(memory, list, count, &count);

	if (count > 0)
		fputs("\nNot applicable\n", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "  %zu cells of %zu cases: ", absences[i].cells, absences[i].cases);
		print_safe(out, absences[i].reason);
		fputc('\n', out);
	}
	talloc_free(memory);
}

static void put_shell(FILE *out, const struct matrix *matrix, size_t column)
{
	static const struct {
		enum mark mark;
		const char *heading;
	} lists[] = {{MARK_VIOLATES, "Deviations"}, {MARK_PERMITTED, "Permitted variations"},
		{MARK_UNJUDGED, "Measured, not judged"}, {MARK_UNKNOWN, "Unknown"},
		{MARK_BROKEN, "Broken or disputed"}, {MARK_UNSTABLE, "Unstable"}};
	char *sentence = conduct_sentence(NULL, matrix, column);

	print_safe(out, matrix->columns[column]->name);
	fputs(": ", out);
	print_safe(out, matrix->columns[column]->version);
	fprintf(out, "\n%s\n", sentence);
	talloc_free(sentence);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		put_list(out, matrix, column, lists[i].mark, lists[i].heading);
	put_absences(out, matrix, column);
}

static int write_conformance(
	const struct results *results, const struct report_options *options, FILE *out)
{
	struct matrix *matrix = matrix_new(NULL, results);

	(void)options;
	errno = 0;
	for (size_t i = 0; i < matrix->column_count; i++) {
		if (i > 0)
			fputs("\n\n", out);
		put_shell(out, matrix, i);
	}
	talloc_free(matrix);
	return report_finish(out);
}

const struct report report_conformance = {"conformance",
	"each shell: its deviations, what it may do, what is n/a", write_conformance, NULL};
