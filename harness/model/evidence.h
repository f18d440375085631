/* What the log proves about one process or one event: here the witnesses (actor, tracer, init,
 * looks) are brought together, so that conditions and facts need not know who said it. */
#ifndef SIGMATRIX_EVIDENCE_H
#define SIGMATRIX_EVIDENCE_H

#include "log.h"

/* Events [from, to) count; what came before 'from' still tells how things stood then. */
struct window {
	const struct log *log;
	size_t from, to;
};

struct ending {
	size_t seq;
	char how; /* 'e', 's', '?' */
	long number;
};

struct handover {
	size_t seq;
	pid_t pgid;
};

/* Did who report itself as an actor? */
bool evidence_actor(const struct window *window, int who);

/* Each answers for event seq: is it the moment its process got a signal, sent one, stopped,
 * went on? Whatever was seen twice or failed answers false. */
bool evidence_got(const struct window *window, size_t seq);
bool evidence_sent(const struct window *window, size_t seq);
bool evidence_stopped(const struct window *window, size_t seq, int *sig); /* sig 0: hidden */
bool evidence_continued(const struct window *window, size_t seq);

/* How and when the process ended; false: it has not. */
bool evidence_ended(const struct window *window, int who, struct ending *ending);

/* "exit 0", "signal INT"; NULL when it is hidden. talloc child of parent. */
const char *evidence_how(const void *parent, const struct ending *ending);

/* The status an actor called name reported in the window; the last status of a process in the
 * window that has ids; NULL when there is none. */
const struct proc_status *evidence_start(const struct window *window, const char *name);
const struct proc_status *evidence_last(const struct window *window, int who);

/* False: never seen. */
bool evidence_state(const struct window *window, int who, enum proc_state *state);

/* The terminal as last looked at in the window, or NULL. */
const struct event *evidence_terminal(const struct window *window);

/* The process group as last known before event seq; 0: unknown. */
pid_t evidence_pgid(const struct window *window, int who, size_t seq);

/* Is the participant in that group at event seq? Before anything is known about a process, what is
 * known first counts: a group gets the terminal before its members tell their names. */
bool evidence_member(const struct window *window, const char *name, pid_t pgid, size_t seq);

/* Group that the terminal was given to, or the process is moved to, by event seq. */
pid_t evidence_target(const struct window *window, size_t seq);

/* The changes of the terminal's holder in the window, a talloc array. */
struct handover *evidence_handovers(const void *parent, const struct window *window, size_t *count);

/* NULL-terminated talloc array: "shell", then actors and declared names by first appearance. The
 * strings belong to the log. */
const char **evidence_names(const void *parent, const struct window *window);

#endif
