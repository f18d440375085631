/* The scene's own place in the file system: a home directory, the FIFO for marks, the socket for
 * actors. Made fresh for every cell, removed with everything in it. */
#ifndef SIGMATRIX_ARENA_H
#define SIGMATRIX_ARENA_H

struct arena {
	char *path;      /* RUN/N; talloc child of the parent given to arena_open */
	char *home;      /* PATH/home, HOME and working directory of the scene */
	char *events;    /* FIFO */
	char *actors;    /* listening SOCK_SEQPACKET socket */
	int events_fd;   /* read end (opened O_RDWR: a writer never blocks, no EOF), non-blocking */
	int listener_fd; /* non-blocking */
};

/* Where runs have their directory: TMPDIR; else /dev/shm, when it is in memory, has room and lets
 * programs be executed; else /tmp. */
const char *run_place(void);

/* The directory of a whole run, with bin/actor (a link to actor_file) in it. NULL and *why, or
 * *why = NULL and errno, on failure. talloc child of parent; run_close() removes it with everything
 * in it. Directories that an earlier run left because it was killed are removed on the way: nobody
 * holds their lock. */
char *run_open(const void *parent, const char *actor_file, const char **why);
void run_close(char *run);

/* 0 or -errno; *step says what failed. */
int arena_open(
	const void *parent, struct arena *arena, const char *run, int number, const char **step);
void arena_close(struct arena *arena);

/* Writes a file into the home directory; makes the directories its name has. 0 or -errno. */
int arena_file(const struct arena *arena, const char *name, const char *text);

/* PATH/as/NAME, a link to target: for shells that look at the name they are called by. NAME may
 * have directories in it; asking twice gives the same link. talloc child of parent, NULL and errno
 * on failure. */
char *arena_alias(
	const void *parent, const struct arena *arena, const char *name, const char *target);

#endif
