/* Journals: what is accepted can be printed and read again as the same; a journal cut off anywhere
 * is accepted, too, and holds the lines that are whole; what is refused is refused with file and
 * line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "model/journal.h"

static const char path[] = "fuzz.json.part";
static const char *const whole[] = {NULL};

/* What is read, printed again. */
struct copy {
	FILE *out;
	size_t plays;
	size_t most; /* so many plays are wanted */
};

static void print_line(FILE *out, char *line)
{
	demand(line, "what was read cannot be printed");
	demand(strchr(line, '\n') == line + strlen(line) - 1, "no line: %s", line);
	fputs(line, out);
	free(line);
}

static bool take_header(void *data, const json_t *header)
{
	struct copy *copy = data;
	size_t count;
	const json_t *run = json_object_get(header, "run");

	talloc_free(journal_differences(NULL, run, run, NULL, &count));
	demand(count == 0, "a run that differs from itself");
	print_line(copy->out, journal_header_line((json_t *)header));
	return true;
}

static enum journal_verdict take_play(void *data, const struct journal_play *play, const char **why)
{
	struct copy *copy = data;
	json_t *cell = cell_json(play->cell);

	(void)why;
	demand(cell, "a cell that is none");
	if (copy->plays < copy->most)
		print_line(copy->out, journal_play_line(play->job, play->timelines, cell));
	json_decref(cell);
	return copy->plays++ < copy->most ? JOURNAL_TAKEN : JOURNAL_ENOUGH;
}

/* The text printed again is *printed, to be freed. */
static bool read_copy(const void *memory, const char *data, size_t size, size_t most,
	struct journal_extent *extent, char **printed)
{
	struct diag *diag = diag_new(memory);
	size_t length = 0;
	struct copy copy = {.out = open_memstream(printed, &length), .most = most};
	const struct journal_reader reader = {take_header, take_play, &copy};
	FILE *in = size > 0 ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "re");
	bool good = journal_read(in, path, &reader, extent, diag);

	fclose(in);
	fclose(copy.out);
	demand(good == (diag->count == 0), "%s with %zu complaints", good ? "accepted" : "refused",
		diag->count);
	check_complaints(diag, path, whole, count_lines((const uint8_t *)data, size));
	demand(extent->bytes <= size && (!extent->bytes || data[extent->bytes - 1] == '\n'),
		"%zu bytes taken of %zu", extent->bytes, size);
	demand(extent->plays <= most, "more than asked for");
	return good;
}

static void check_cut(const void *memory, const char *data, size_t size,
	const struct journal_extent *all, const char *printed)
{
	struct journal_extent extent;
	char *again;

	demand(read_copy(memory, data, size, SIZE_MAX, &extent, &again),
		"refused after %zu bytes, accepted as a whole", size);
	demand(strncmp(printed, again, strlen(again)) == 0, "cut off it says something else");
	demand(extent.plays <= all->plays && (size < all->bytes || extent.plays == all->plays),
		"%zu plays of %zu", extent.plays, all->plays);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	void *memory = talloc_new(NULL);
	struct journal_extent all, extent;
	char *printed, *again;

	if (read_copy(memory, text, size, SIZE_MAX, &all, &printed)) {
		check_cut(memory, text, all.bytes, &all, printed);
		check_cut(memory, text, size / 2, &all, printed);
		check_cut(memory, text, size - size / 3, &all, printed);
		demand(read_copy(memory, printed, strlen(printed), SIZE_MAX, &extent, &again),
			"not read again: %s", printed);
		demand(strcmp(printed, again) == 0, "read again as another:\n%s\n%s", printed,
			again);
		free(again);
		demand(read_copy(memory, text, size, all.plays / 2, &extent, &again) &&
				extent.plays == all.plays / 2,
			"%zu plays where %zu were wanted", extent.plays, all.plays / 2);
		free(again);
	}
	free(printed);
	talloc_free(memory);
	return 0;
}
