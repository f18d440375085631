/* Plays one scene: performs its steps, waits for facts, never for time, and keeps the log. */
#ifndef SIGMATRIX_PLAYER_H
#define SIGMATRIX_PLAYER_H

#include <linux/filter.h>
#include <stdbool.h>

#include "../model/case.h"
#include "../model/log.h"
#include "../model/shell.h"
#include "../stage/arena.h"
#include "../stage/launch.h"

struct player_options {
	enum isolation isolation;
	bool trace;
	const struct sock_fprog *filter; /* what the shell is to install, or NULL */
	bool no_new_privs;
	int child_fd;      /* signalfd for SIGCHLD, which is blocked */
	int cancel_fd;     /* when it becomes readable or hangs up the scene is given up; or -1 */
	double deadline_s; /* for the whole scene */
};

struct player_shell {
	const char *file;
	char *const *argv;
	char *const *env;
	const char *input;       /* text for a pipe as descriptor 0, or NULL */
	struct link_timer timer; /* what its processes' waits with a timeout mean */
};

enum played {
	PLAYED,      /* to the end, until an await was stuck, or to the deadline: see the log */
	PLAY_BROKEN, /* we could not play it: *why */
	PLAY_CANCELLED
};

/* Plays the scene in the arena and fills the log, whose 'traced' says how. Whatever happens,
 * nothing that was started is left. *why is a talloc child of the log. */
enum played player_play(struct log *log, const struct scene *scene, const struct arena *arena,
	const struct player_shell *shell, const struct player_options *options, const char **why);

#endif
