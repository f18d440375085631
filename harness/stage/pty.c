#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "../model/log.h"

int pty_open(struct pty *pty)
{
	*pty = PTY_NONE;
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->master < 0)
		return -errno;
	if (unlockpt(pty->master) != 0)
		goto fail;
	/* By the pair itself, not by name: /dev/pts may be another mount than ours. */
	pty->slave = ioctl(pty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->slave < 0)
		goto fail;
	if (pty_resize(pty, 24, 80) != 0)
		goto fail;
	return 0;
fail:;
	int saved = errno;
	pty_close(pty);
	return -saved;
}

void pty_hangup(struct pty *pty)
{
	if (pty->master >= 0)
		close(pty->master);
	pty->master = -1;
}

void pty_close(struct pty *pty)
{
	pty_hangup(pty);
	if (pty->slave >= 0)
		close(pty->slave);
	pty->slave = -1;
}

pid_t pty_foreground(const struct pty *pty)
{
	pid_t group = 0;

	/* Not the slave: asking it is allowed only to processes of its session. */
	if (ioctl(pty->master, TIOCGPGRP, &group) != 0)
		return -errno;
	return group;
}

void pty_barrier(const struct pty *pty)
{
	struct pollfd fd = {.fd = pty->slave, .events = POLLIN};

	if (pty->slave >= 0)
		poll(&fd, 1, 0);
}

/* What a container has at a path of its own may be anything: it is looked at before it is opened.
 */
static int open_terminal(const char *path, dev_t terminal)
{
	char again[32];
	struct stat status;
	int fd = -1, place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (place < 0)
		return -1;
	if (fstat(place, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == terminal) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
		fd = open(again, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	}
	close(place);
	return fd;
}

void pty_barrier_of(pid_t process, dev_t terminal)
{
	enum { FIRST = 136, MAJORS = 8, MINORS = 256 }; /* /dev/pts; devices.txt of the kernel */
	char path[64];
	unsigned number = major(terminal) - FIRST;

	if (number >= MAJORS)
		return;
	snprintf(path, sizeof(path), "/proc/%d/root/dev/pts/%u", process,
		number * MINORS + minor(terminal));
	struct pty other = {.master = -1, .slave = open_terminal(path, terminal)};
	pty_barrier(&other);
	if (other.slave >= 0)
		close(other.slave);
}

dev_t pty_device(const struct pty *pty)
{
	struct stat status;

	return pty->slave >= 0 && fstat(pty->slave, &status) == 0 ? status.st_rdev : 0;
}

int pty_pending_input(const struct pty *pty)
{
	int count = 0;

	if (pty->slave < 0 || ioctl(pty->slave, FIONREAD, &count) != 0)
		return 0;
	return count;
}

unsigned pty_modes(const struct pty *pty)
{
	struct termios modes;

	if (pty->slave < 0 || tcgetattr(pty->slave, &modes) != 0)
		return 0;
	return (modes.c_lflag & ECHO ? TTY_ECHO : 0u) | (modes.c_lflag & ICANON ? TTY_ICANON : 0u) |
	       (modes.c_lflag & ISIG ? TTY_ISIG : 0u);
}

int pty_write(const struct pty *pty, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(pty->master, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

int pty_resize(const struct pty *pty, int rows, int columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	return ioctl(pty->master, TIOCSWINSZ, &size) == 0 ? 0 : -errno;
}
