/* Facts that two sources tell, compared. Private to model/. */
#ifndef SIGMATRIX_WITNESS_H
#define SIGMATRIX_WITNESS_H

#include "log.h"

/* What actor, tracer, /proc and the terminal contradict each other about, beside what outcome.c
 * compares (ids, deliveries, the shell's end); NULL: nothing. talloc child of the log. */
const char *witness_dispute(const struct log *log);

#endif
