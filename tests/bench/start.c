/* The floor of a cell: a shell's own start and end, COUNT times, one after the other.
 *
 *   start COUNT PROGRAM ARGV0 ARGS...       runs it to its end
 *   start -t COUNT PROGRAM ARGV0 ARGS...    on a terminal, where "exit" has been typed
 *
 * Prints how many a second. Nothing else is done that a test would have to do as well. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void become(int slave, char **argv)
{
	int null = open("/dev/null", O_RDWR);

	if (slave >= 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
	}
	for (int fd = 0; fd < 3; fd++)
		dup2(slave >= 0 ? slave : null, fd);
	execv(argv[0], argv + 1);
	_exit(127);
}

/* Reads what the shell prints until the terminal's last user has gone: EIO, pty(7). */
static void drain(int master)
{
	char text[4096];

	while (read(master, text, sizeof(text)) > 0 || errno == EINTR)
		;
}

static bool start(bool terminal, char **argv)
{
	int master = -1, slave = -1, status = 0;

	if (terminal && openpty(&master, &slave, NULL, NULL, NULL) != 0)
		return false;
	if (terminal)
		fcntl(master, F_SETFD, FD_CLOEXEC);
	pid_t pid = fork();
	if (pid == 0)
		become(slave, argv);
	if (terminal) {
		close(slave);
		if (write(master, "exit\r", 5) == 5)
			drain(master);
		close(master);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

int main(int argc, char **argv)
{
	bool terminal = argc > 1 && strcmp(argv[1], "-t") == 0;
	char **rest = argv + (terminal ? 2 : 1);

	if (argc < (terminal ? 5 : 4)) {
		fprintf(stderr, "usage: start [-t] COUNT PROGRAM ARGV0 ARGS...\n");
		return 2;
	}
	long count = strtol(rest[0], NULL, 10);
	double began = now();
	for (long i = 0; i < count; i++)
		if (!start(terminal, rest + 1)) {
			fprintf(stderr, "start: unable to run %s: %s\n", rest[1], strerror(errno));
			return 1;
		}
	printf("%.1f\n", (double)count / (now() - began));
	return 0;
}
