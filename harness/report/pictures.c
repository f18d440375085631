/* Which cells of the HTML report get a picture. Those of a large matrix would be larger than all
 * the rest of the page, so they are drawn in the order in which a reader asks about them, until
 * the budget is spent. */
#include "page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "picture.h"

enum rank { RANK_DOUBT, RANK_VIOLATES, RANK_DIFFERS, RANK_FIRST, RANK_OTHER };

struct candidate {
	const struct cell *cell;
	enum rank rank;
};

struct candidates {
	struct candidate *list;
	size_t count;
};

static bool outcomes_differ(const struct evidence *evidence)
{
	const struct cell *first = NULL;

	for (size_t i = 0; i < evidence->count; i++)
		if (cell_differs(&first, evidence->cells[i].cell))
			return true;
	return false;
}

static enum rank rank_of(const struct evidence *evidence, size_t index, bool differ)
{
	enum mark mark = cell_mark(evidence->cells[index].cell);

	if (mark_is_doubt(mark))
		return RANK_DOUBT;
	if (evidence->cells[index].finding != index)
		return RANK_OTHER;
	if (mark == MARK_VIOLATES)
		return RANK_VIOLATES;
	return differ ? RANK_DIFFERS : RANK_FIRST;
}

/* Cells of one witness share a picture: that of the first of them. */
static void add_candidates(
	const void *parent, struct candidates *candidates, const struct evidence *evidence)
{
	bool differ = outcomes_differ(evidence);

	candidates->list = talloc_realloc(parent, candidates->list, struct candidate,
		candidates->count + evidence->count + 1);
	for (size_t i = 0; i < evidence->count; i++) {
		const struct told *told = &evidence->cells[i];

		if (told->witness == i && cell_mark(told->cell) != MARK_NA)
			candidates->list[candidates->count++] =
				(struct candidate){told->cell, rank_of(evidence, i, differ)};
	}
}

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->cell > b->cell) - (a->cell < b->cell);
}

static struct candidates collect(const void *parent, const struct page *page)
{
	struct candidates candidates = {.list = talloc_array(parent, struct candidate, 1)};

	for (size_t i = 0; i < page->results->case_count; i++) {
		void *memory = talloc_new(NULL);
		struct evidence evidence =
			evidence_of(memory, page->matrix, &page->results->cases[i]);

		add_candidates(parent, &candidates, &evidence);
		talloc_free(memory);
	}
	qsort(candidates.list, candidates.count, sizeof(*candidates.list), compare_candidates);
	return candidates;
}

/* The cell's picture, NULL: its timeline is not there, or shows nothing. To be freed. */
static char *draw(struct timelines *timelines, const struct cell *cell, size_t *size)
{
	json_t *events = timelines_events(timelines, cell);
	char *data = NULL;
	FILE *out = events ? open_memstream(&data, size) : NULL;
	bool drawn = false;

	if (out) {
		char *label = talloc_asprintf(NULL, "Timeline of %s%s%s on %s", cell->case_name,
			*cell->variant ? ", " : "", cell->variant, cell->shell);

		drawn = put_picture(out, events, label, false);
		talloc_free(label);
		fclose(out);
	}
	json_decref(events);
	if (drawn)
		return data;
	free(data);
	return NULL;
}

static void draw_within(const void *parent, struct page *page, struct timelines *timelines,
	const struct candidates *candidates, size_t budget)
{
	for (size_t i = 0; i < candidates->count; i++) {
		const struct cell *cell = candidates->list[i].cell;
		size_t size = 0;
		char *picture = budget ? draw(timelines, cell, &size) : NULL;

		if (picture && size <= budget) {
			page->pictures[cell - page->results->cells] =
				talloc_strdup(parent, picture);
			page->drawn++;
			budget -= size;
		} else if (picture) {
			budget = 0;
		}
		page->left_out += !budget;
		free(picture);
	}
}

int draw_pictures(const void *parent, struct page *page, const char *path, size_t budget)
{
	void *memory = talloc_new(NULL);
	struct candidates candidates = collect(memory, page);
	const struct cell **cells = talloc_array(memory, const struct cell *, candidates.count + 1);
	struct timelines *timelines;

	for (size_t i = 0; i < candidates.count; i++)
		cells[i] = candidates.list[i].cell;
	timelines = timelines_open(memory, path, cells, candidates.count);
	if (!timelines) {
		talloc_free(memory);
		return -errno;
	}
	page->pictures = talloc_zero_array(parent, char *, page->results->cell_count + 1);
	draw_within(page->pictures, page, timelines, &candidates, budget);
	talloc_free(memory);
	return 0;
}
