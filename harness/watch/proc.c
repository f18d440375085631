#include "proc.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	return n;
}

/* The flags are the ninth field, behind a name that may have any character in it. */
bool proc_stat(pid_t pid, char *state, bool *ending)
{
	enum { PF_EXITING = 0x4 }; /* of the kernel's flags */
	char text[1024];
	unsigned long flags = 0;
	const char *name_end =
		proc_read(pid, "stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;

	if (!name_end || sscanf(name_end, ") %c %*d %*d %*d %*d %*d %lu", state, &flags) != 2)
		return false;
	*ending = flags & PF_EXITING;
	return true;
}

/* The seventh and eighth field of /proc/PID/stat, behind a name that may have any character in it;
 * proc(5). */
static bool read_terminal(pid_t pid, int *device, int *foreground)
{
	char text[1024];
	const char *name_end =
		proc_read(pid, "stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;

	return name_end && sscanf(name_end, ") %*c %*d %*d %*d %d %d", device, foreground) == 2;
}

dev_t proc_terminal(pid_t pid)
{
	int device, foreground;

	if (!read_terminal(pid, &device, &foreground))
		return 0;
	/* As the kernel's new_encode_dev() has put them together. */
	return makedev((unsigned)device >> 8 & 0xfff,
		((unsigned)device & 0xff) | ((unsigned)device >> 12 & 0xfff00));
}

pid_t proc_foreground(pid_t pid)
{
	int device, foreground;

	return read_terminal(pid, &device, &foreground) && foreground > 0 ? foreground : 0;
}

/* The depth'th number of the line (the last for INT_MAX), and how many were read. */
static int walk(const char *line, int depth, pid_t *number)
{
	int count = 0;

	*number = 0;
	for (char *end; count < depth && *line && *line != '\n'; line = end, count++) {
		long read = strtol(line, &end, 10);
		if (end == line)
			break;
		*number = (pid_t)read;
		while (*end == '\t' || *end == ' ')
			end++;
	}
	return count;
}

pid_t proc_innermost(const char *line)
{
	return proc_at_depth(line, 0);
}

uint64_t proc_signal_set(pid_t tid, unsigned long address)
{
	uint64_t set = 0;
	struct iovec here = {.iov_base = &set, .iov_len = sizeof(set)};
	struct iovec there = {.iov_base = (void *)address, .iov_len = sizeof(set)};

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == sizeof(set) ? set : 0;
}

pid_t proc_at_depth(const char *line, int depth)
{
	pid_t number;

	walk(line, depth > 0 ? depth : INT_MAX, &number);
	return number;
}

int proc_depth(const char *line)
{
	pid_t number;

	return walk(line, INT_MAX, &number);
}
