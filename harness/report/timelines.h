/* The timelines a run kept beside its results: far larger than these, so only the lines that are
 * asked for are read into memory. */
#ifndef SIGMATRIX_TIMELINES_H
#define SIGMATRIX_TIMELINES_H

#include <jansson.h>

#include "../model/record.h"

struct timelines;

/* Finds the timelines of the cells (a list with 'count' members, no two about the same) in the
 * file. NULL: it cannot be read, errno says why. Lines that are no timeline, and of several about
 * one cell all but the first, are passed over. talloc child of parent. */
struct timelines *timelines_open(
	const void *parent, const char *path, const struct cell *const *cells, size_t count);

/* The "events" of the cell's timeline, an array; NULL: there are none. New reference. */
json_t *timelines_events(struct timelines *timelines, const struct cell *cell);

#endif
