/* What the forms of a chain's report share: the words about a hop. Private to chain/. */
#ifndef SIGMATRIX_CHAIN_PRINT_H
#define SIGMATRIX_CHAIN_PRINT_H

#include "chain.h"

/* Everything that came from the commands is escaped in these; talloc children of memory, or
 * constants. */

/* "bash (pid 12)", "the terminal", "sigmatrix". */
const char *chain_sender(const void *memory, const struct chain_report *report, int from);
/* The command line, cut where it is very long. */
const char *chain_command(const void *memory, const struct chain_report *report, int who);
/* "got TERM from sigmatrix"; "" when none was sent. */
const char *chain_got(const void *memory, const struct chain_report *report, const struct hop *hop);
/* "; exited with 0", to be put behind that. */
const char *chain_did(const void *memory, const struct chain_report *report, const struct hop *hop);
/* "PID 1 without a handler" */
const char *chain_disposition(const struct hop *hop);

#endif
