#include "arena.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <talloc.h>
#include <unistd.h>

enum { FAST_BYTES = 128 << 20 };

/* A name that nobody else gives. */
static const char run_prefix[] = ".sigmatrix-run-";

/* A scene's files live for milliseconds: in memory they cost a twentieth less of all processor
 * time. */
static bool is_fast_place(const char *path)
{
	struct statfs fs;

	return access(path, W_OK | X_OK) == 0 && statfs(path, &fs) == 0 &&
	       fs.f_type == TMPFS_MAGIC && !(fs.f_flags & ST_NOEXEC) &&
	       (unsigned long long)fs.f_bavail * (unsigned long)fs.f_bsize >= FAST_BYTES;
}

const char *run_place(void)
{
	const char *dir = getenv("TMPDIR");

	if (dir && *dir)
		return dir;
	return is_fast_place("/dev/shm") ? "/dev/shm" : "/tmp";
}

/* Made absolute: scenes have another working directory. */
static char *temporary_directory(const void *parent)
{
	char *absolute = realpath(run_place(), NULL);
	char *copy = absolute ? talloc_strdup(parent, absolute) : NULL;

	free(absolute);
	return copy;
}

/* Opens name below dirfd, never a link, and sees to it that we may read and change it: an ordinary
 * user may not even open what a subject has made inaccessible. */
static int open_directory(int dirfd, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	char path[64];
	int fd = openat(dirfd, name, O_PATH | flags);

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	chmod(path, 0700);
	close(fd);
	return openat(dirfd, name, O_RDONLY | flags);
}

/* Removes name below dirfd with everything in it, never following a link: a subject may have
 * left one that points anywhere. */
static void remove_tree(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return;

	int fd = open_directory(dirfd, name);
	if (fd < 0)
		return;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_tree(fd, entry->d_name);
	closedir(dir);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

/* Held for the life of the run, so that a later run can tell an abandoned directory. The
 * descriptor is deliberately not kept track of: the lock ends with the process. */
static bool lock(const char *run)
{
	int fd = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(fd);
	return false;
}

/* Is it laid out as only we do: a link bin/actor, and nothing else but numbered scenes? */
static bool is_run(int fd)
{
	struct stat st;
	bool ours = fstatat(fd, "bin/actor", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	int copy = ours ? dup(fd) : -1;
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	for (struct dirent *entry; ours && (entry = readdir(dir));)
		ours = *entry->d_name == '.' || strcmp(entry->d_name, "bin") == 0 ||
		       entry->d_name[strspn(entry->d_name, "0123456789")] == '\0';
	closedir(dir);
	return ours;
}

static void remove_abandoned(const char *temporary)
{
	DIR *dir = opendir(temporary);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;

		if (strncmp(entry->d_name, run_prefix, sizeof(run_prefix) - 1) != 0)
			continue;
		int fd = openat(
			dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* Only our own, and not one that is being made this moment: that one is still
		 * empty, its lock comes before its first file. */
		bool abandoned = fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
				 flock(fd, LOCK_EX | LOCK_NB) == 0 && is_run(fd);
		if (abandoned)
			remove_tree(dirfd(dir), entry->d_name);
		close(fd);
	}
	closedir(dir);
}

/* Names below it are in scenes' PATH and, unquoted, in the text of cases. */
static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._-+@%,", *path))
			return false;
	return true;
}

/* Shells take a script that they may not execute for one that is not there. */
static bool may_execute(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) != 0 || !(fs.f_flag & ST_NOEXEC);
}

char *run_open(const void *parent, const char *actor_file, const char **why)
{
	*why = NULL;
	char *temporary = temporary_directory(parent);
	if (!temporary)
		return NULL;
	if (!is_plain(temporary))
		*why = "its name has characters that mean something to shells";
	else if (!may_execute(temporary))
		*why = "no program may be executed there (mounted noexec)";
	if (*why)
		return NULL;
	remove_abandoned(temporary);

	char *run = talloc_asprintf(parent, "%s/%sXXXXXX", temporary, run_prefix);
	/* Every scene's socket must fit: better one clear error than one for each cell. */
	if (strlen(run) + sizeof("/999/actors") > sizeof(((struct sockaddr_un *)0)->sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	mode_t before = umask(022);
	bool made = mkdtemp(run);
	if (!made || !lock(run))
		goto fail;
	char *bin = talloc_asprintf(run, "%s/bin", run);
	char *actor = talloc_asprintf(run, "%s/actor", bin);
	if (mkdir(bin, 0755) != 0 || symlink(actor_file, actor) != 0)
		goto fail;
	umask(before);
	return run;
fail:;
	int saved = errno;
	umask(before);
	if (made)
		run_close(run);
	errno = saved;
	return NULL;
}

void run_close(char *run)
{
	if (!run)
		return;
	remove_tree(AT_FDCWD, run);
	talloc_free(run);
}

static int open_fifo(const char *path)
{
	if (mkfifo(path, 0600) != 0)
		return -1;
	/* O_RDWR: a FIFO with a writer never gives EOF, and opening it for writing never blocks;
	 * Linux fifo(7). */
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int open_listener(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int arena_open(
	const void *parent, struct arena *arena, const char *run, int number, const char **step)
{
	*arena = (struct arena){.events_fd = -1, .listener_fd = -1};
	arena->path = talloc_asprintf(parent, "%s/%d", run, number);
	arena->home = talloc_asprintf(arena->path, "%s/home", arena->path);
	arena->events = talloc_asprintf(arena->path, "%s/events", arena->path);
	arena->actors = talloc_asprintf(arena->path, "%s/actors", arena->path);

	*step = "make the scene's directory";
	remove_tree(AT_FDCWD, arena->path); /* left by a worker that was killed */
	if (mkdir(arena->path, 0700) != 0 || mkdir(arena->home, 0700) != 0)
		goto fail;
	*step = "make the FIFO for marks";
	arena->events_fd = open_fifo(arena->events);
	if (arena->events_fd < 0)
		goto fail;
	*step = "make the actors' socket";
	arena->listener_fd = open_listener(arena->actors);
	if (arena->listener_fd < 0)
		goto fail;
	return 0;
fail:;
	int saved = errno;
	arena_close(arena);
	return -saved;
}

void arena_close(struct arena *arena)
{
	if (arena->events_fd >= 0)
		close(arena->events_fd);
	if (arena->listener_fd >= 0)
		close(arena->listener_fd);
	if (arena->path)
		remove_tree(AT_FDCWD, arena->path);
	TALLOC_FREE(arena->path);
	arena->events_fd = arena->listener_fd = -1;
}

static int make_parents(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
		*slash = '/';
		if (failed)
			return -1;
	}
	return 0;
}

int arena_file(const struct arena *arena, const char *name, const char *text)
{
	char *path = talloc_asprintf(arena->path, "%s/%s", arena->home, name);
	size_t length = strlen(text), done = 0;
	int result = 0;
	int fd = -1;

	if (make_parents(path, strlen(arena->home) + 1) == 0)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	talloc_free(path);
	if (fd < 0)
		return -errno;
	while (done < length) {
		ssize_t n = write(fd, text + done, length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			result = -errno;
			break;
		}
		done += (size_t)n;
	}
	if (close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

char *arena_alias(
	const void *parent, const struct arena *arena, const char *name, const char *target)
{
	char *path = talloc_asprintf(parent, "%s/as/%s", arena->path, name);

	if (make_parents(path, strlen(arena->path) + 1) != 0)
		return NULL;
	if (symlink(target, path) != 0 && errno != EEXIST)
		return NULL;
	return path;
}
