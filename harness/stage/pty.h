/* The pseudo-terminal of a scene. */
#ifndef SIGMATRIX_PTY_H
#define SIGMATRIX_PTY_H

#include <stdbool.h>
#include <sys/types.h>

struct pty {
	int master; /* non-blocking; -1 after a hangup */
	int slave;  /* the harness's own: for the barrier and the modes */
};

#define PTY_NONE ((struct pty){.master = -1, .slave = -1})

/* Opens a pair, 24x80, default modes; nobody's controlling terminal yet. 0 or -errno. */
int pty_open(struct pty *pty);
void pty_close(struct pty *pty);

/* Closes the master only: the terminal hangs up (SIGHUP is sent before this returns). */
void pty_hangup(struct pty *pty);

/* Returns the terminal's foreground process group in the caller's numbering, 0 when it is in
 * none the caller can see, or -errno (ENOTTY: no longer a terminal).
 * Works on the master too: the line discipline is shared by both ends.  tcgetpgrp(3). */
pid_t pty_foreground(const struct pty *pty);

/* After this every byte written to the master has gone through the line discipline: signals for
 * control characters have been sent. Without it a scene looks quiet while ^C is still on its way
 * through a kernel worker.  Linux n_tty_poll() flushes the buffer only while no unread input is
 * waiting, so not after type-ahead. */
void pty_barrier(const struct pty *pty);

/* The same for another terminal, by its device number as /proc/PID/stat has it: one that a process
 * of the scene has made, where that process finds it: a container has a /dev/pts of its own. It is
 * open only meanwhile. 0: no terminal, nothing is done. */
void pty_barrier_of(pid_t process, dev_t terminal);

/* The terminal's device number, 0: there is none. */
dev_t pty_device(const struct pty *pty);

/* Number of bytes a reader of the terminal could get now. */
int pty_pending_input(const struct pty *pty);

/* TTY_ECHO, TTY_ICANON, TTY_ISIG of log.h. */
unsigned pty_modes(const struct pty *pty);

/* Writes everything to the master. 0 or -errno. */
int pty_write(const struct pty *pty, const char *bytes, size_t length);
int pty_resize(const struct pty *pty, int rows, int columns);

#endif
