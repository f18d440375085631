/* What /proc says of each hop at one moment. */
#ifndef SIGMATRIX_CHAIN_SNAPSHOT_H
#define SIGMATRIX_CHAIN_SNAPSHOT_H

#include "../watch/trace.h"
#include "chain.h"

/* Makes chain->procs as long as the log's list, and notes the commands of the new ones and of those
 * that have called exec. */
void snapshot_names(struct chain *chain, const struct watch *watch);

/* Looks at every live process; 'after': into .after, else into .before. 'holder': the terminal's
 * foreground group as we see it, 0: none. */
void snapshot_take(struct chain *chain, const struct watch *watch, bool after, pid_t holder);

/* Is a process of the log listening on that TCP port, as the network namespace of 'pid' shows? */
bool snapshot_listens(pid_t pid, long port);

#endif
