/* Scripts that are opened, /dev/null, and pipes. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- scripts --- */

/* Is it the script of this shell, or a file beside it? */
static bool is_script(const char *path)
{
	if (strncmp(path, "./", 2) == 0)
		return true;
	for (size_t i = 1; mem.argv && mem.argv[i]; i++)
		if (strcmp(mem.argv[i], path) == 0)
			return true;
	return false;
}

static char *read_all(int fd)
{
	enum { LARGEST = 65536 };
	char *text = malloc(LARGEST + 1);
	size_t length = 0;
	ssize_t got;

	while (text && (got = read(fd, text + length, LARGEST - length)) > 0)
		length += (size_t)got;
	if (text)
		text[length] = '\0';
	return text;
}

/* In place of an open script, one with the mutant's faults. */
static int misread_script(int fd)
{
	char *text = read_all(fd), *lie = text ? misread(text) : NULL;
	int copy = lie ? memfd_create("scene", MFD_CLOEXEC) : -1;

	lseek(fd, 0, SEEK_SET);
	if (copy >= 0 && write(copy, lie, strlen(lie)) == (ssize_t)strlen(lie)) {
		lseek(copy, 0, SEEK_SET);
		REAL(dup2)(copy, fd);
	}
	if (copy >= 0)
		REAL(close)(copy);
	free(lie);
	free(text);
	return fd;
}

/* --- the input of asynchronous lists --- */

/* Shells close descriptor 0 and open /dev/null, or move it there: both get what 0 was. */
static int input_again(void)
{
	return mem.saved_input >= 0 ? fcntl(mem.saved_input, F_DUPFD, 0) : fcntl(0, F_DUPFD, 0);
}

int close(int fd)
{
	if (fd == 0 && !in_main() && mem.mutant == MUTANT_async_input_kept && mem.saved_input < 0)
		mem.saved_input = fcntl(0, F_DUPFD_CLOEXEC, 100);
	if (fd > 2 && !in_main() && LIE(pipe_ends_open))
		return 0;
	return REAL(close)(fd);
}

static int open_lying(const char *path, int flags, mode_t mode)
{
	if (!in_main() && strcmp(path, "/dev/null") == 0 && LIE(async_input_kept))
		return input_again();
	if (flags & O_CLOEXEC && LIE(close_on_exec_lost))
		flags &= ~O_CLOEXEC;
	int fd = REAL(open)(path, flags, mode);
	if (fd >= 0 && in_main() && mem.mutant != MUTANT_none && (flags & O_ACCMODE) == O_RDONLY &&
		is_script(path))
		return misread_script(fd);
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return open_lying(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return open_lying(path, flags | O_LARGEFILE, mode);
}

/* --- close-on-exec --- */

int fcntl(int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	if (command == F_SETFD && argument && LIE(close_on_exec_lost))
		return 0;
	if (command == F_DUPFD_CLOEXEC && LIE(close_on_exec_lost))
		command = F_DUPFD;
	return REAL(fcntl)(fd, command, argument);
}

/* The same call, under the name by which shells with large files know it. */
int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

/* --- pipes --- */

int pipe(int ends[2])
{
	int result = REAL(pipe)(ends);

	if (result == 0 && in_main() && LIE(pipe_reader_kept))
		fcntl(ends[0], F_DUPFD_CLOEXEC, 200);
	return result;
}
