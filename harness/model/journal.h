/* The journal of a run: a line that says which run it is, then one for each play that is over. What
 * is in it when the program dies is what 'run --resume' need not play again.
 * sigmatrix-results(5) has the format. */
#ifndef SIGMATRIX_JOURNAL_H
#define SIGMATRIX_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "diag.h"
#include "record.h"

/* One play. */
struct journal_play {
	size_t job;        /* number of the play within the run */
	size_t timelines;  /* bytes the timelines had when it was over */
	struct cell *cell; /* borrowed: gone when the visitor returns */
};

enum journal_verdict {
	JOURNAL_TAKEN,
	JOURNAL_ENOUGH, /* read no further, and take this line for unwritten */
	JOURNAL_WRONG   /* *why says what is wrong with it */
};

struct journal_reader {
	/* The first line: an object; members are the caller's. False: not this run (it has been
	 * complained about). */
	bool (*header)(void *data, const json_t *header);
	enum journal_verdict (*play)(void *data, const struct journal_play *play, const char **why);
	void *data;
};

struct journal_extent {
	size_t plays; /* taken */
	size_t bytes; /* of the lines taken, with the header; 0: not even that is whole */
};

/* Reads a journal to its end. A line that was being written when the program died is passed over.
 * False: the diag names file and line, or reader->header has complained. */
bool journal_read(FILE *in, const char *path, const struct journal_reader *reader,
	struct journal_extent *extent, struct diag *diag);

/* The lines, with their newline; to be freed. NULL when there is no memory. The header is packed
 * with what tells a journal from any other file; its members are copied. */
char *journal_header_line(json_t *header);
char *journal_play_line(size_t job, size_t timelines, json_t *cell);

/* What two descriptions of a run differ in: objects of objects of strings, {"cases": {"exec/x":
 * "3f29..."}, ...}. One line for each difference, talloc array and children of parent; their number
 * in *count. Values of sections in 'secret' (NULL-terminated) are checksums, which nobody wants to
 * read. */
char **journal_differences(const void *parent, const json_t *was, const json_t *is,
	const char *const *secret, size_t *count);

#endif
