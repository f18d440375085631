/* A scene that is being played: what the files of the player share. player.c takes the steps,
 * news.c hears what the scene's witnesses tell, settle.c waits. */
#ifndef SIGMATRIX_PLAYING_H
#define SIGMATRIX_PLAYING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/log.h"
#include "../stage/pty.h"
#include "../watch/look.h"
#include "../watch/trace.h"
#include "player.h"

enum {
	MARK_LINE_MAX = 512,
	EVENTS_MAX = 50000, /* a subject that makes more is flooding us */
};

/* The harness's end of an actor's socket. */
struct link {
	int fd; /* -1: closed */
	int who;
	bool ready; /* it waits for signals and instructions */
};

/* Since something happened. */
struct pause {
	int64_t ns;         /* how long all processes have waited */
	int64_t looked_ns;  /* when they were looked at last */
	size_t news, count; /* 'news' and the count of processes then */
};

struct player {
	const struct scene *scene;
	const struct player_options *options;
	const struct arena *arena;
	struct log *log;
	struct watch *watch;
	struct pty pty;
	struct launched launched;
	struct link *links; /* talloc array */
	size_t link_count;
	char mark[MARK_LINE_MAX]; /* an unfinished line from the FIFO */
	size_t mark_length;
	size_t output_kept;
	struct look now, before;
	struct link_timer timer; /* what waits with a timeout mean */
	struct look round;       /* since when nothing has happened, if ... */
	size_t round_news;       /* ... 'news' is still that */
	size_t news;             /* how often something has */
	struct pause pause;
	int64_t began_ns;        /* the deadline counts from then */
	int64_t waited_ns;       /* what we had waited for a processor when the scene began */
	int64_t ended_waited_ns; /* and what its processes had that have ended since */
	bool shell_reported_end, shell_reported_stop; /* by its parent, untraced */
	const char *broken;                           /* why the scene cannot go on */
	bool cancelled, timed_out, stuck;
};

/* Why a scene is broken whose first process ended before we ended it. */
extern const char first_killed[];

/* There is no point in going on. */
bool is_over(const struct player *p);

/* --- news.c --- */

/* Takes in, without waiting, all that the tracer, the actors, the marks, the shell's parent and the
 * terminal have to tell. False: nothing. */
bool drain(struct player *p);

/* Waits until there is something to take in, for nap_ns nanoseconds (less than a second) at most.
 * True: there is, or the scene is to be given up (p->cancelled). */
bool poll_news(struct player *p, long nap_ns);

/* The harness's end of the latest socket of that actor, or NULL. Valid until the next drain(). */
struct link *actor_link(struct player *p, int who);

/* --- settle.c --- */

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t now_ns(void);

/* From now on the deadline runs. */
void begin_deadline(struct player *p);

/* A process or thread is about to be reaped: how long it waited for a processor counts, too. */
void keep_wait(struct player *p, pid_t pid);

/* The deadline has passed, and not for want of a processor. */
bool is_too_late(const struct player *p);

/* Ends a scene that floods the log. */
void check_limits(struct player *p);

/* Ends a scene that does not; 'wish' says what was waited for. */
void time_out(struct player *p, const char *wish);

/* How long to wait, in nanoseconds, before asking again whether the scene has settled, after a wait
 * of 'nap' and 'waited_ns' without news; the first is NAP_MIN_NS, the longest but one
 * NAP_SHORT_NS. */
enum { NAP_MIN_NS = 60000, NAP_SHORT_NS = 3000000 };
long next_nap(long nap, int64_t waited_ns);

/* One attempt to see that nobody in the scene will do anything more by itself. The look that shows
 * it is p->now. docs/architecture.md. */
bool is_settled(struct player *p);

/* Has come what the await, or a storm's until, waits for? Of those facts that hold once they have
 * come, whether or not more goes on. */
bool has_come(struct player *p, const struct step *step);

/* Waits until what the step waits for has come, or until the scene has settled, which is recorded
 * under the label (or NULL). Without a step: until it has settled. False: it did not come, or the
 * scene is over. 'wish' says what is waited for. */
bool wait_until(struct player *p, const char *wish, const struct step *step, const char *label);

/* Records the terminal's foreground process group and modes. */
void record_terminal(struct player *p);

#endif
