#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

pid_t proc_innermost(const char *line)
{
	long last = 0;

	for (char *end; *line && *line != '\n'; line = end) {
		long number = strtol(line, &end, 10);
		if (end == line)
			break;
		last = number;
		while (*end == '\t' || *end == ' ')
			end++;
	}
	return (pid_t)last;
}
