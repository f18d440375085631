#include "limits.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>

#include "../watch/proc.h"

enum {
	FDS_OF_ITS_OWN = 40, /* a worker's for its scene; the main process's for its files */
	PROCESSES_A_CELL = 24
};

static long soft_limit(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
		limit.rlim_cur > 1L << 30)
		return -1;
	return (long)limit.rlim_cur;
}

static long count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static long count_threads(pid_t pid)
{
	char text[4096];
	const char *line = proc_read(pid, "status", text, sizeof(text)) > 0
				   ? strstr(text, "\nThreads:")
				   : NULL;

	return line ? strtol(line + strlen("\nThreads:"), NULL, 10) : 0;
}

/* The limit counts threads, of all processes of our real user. */
static long count_threads_of_user(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	long count = 0;

	while (dir && (entry = readdir(dir))) {
		struct stat st;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
			st.st_uid == getuid())
			count += count_threads(pid);
	}
	if (dir)
		closedir(dir);
	return count;
}

static long least(long a, long b)
{
	return a < b ? a : b;
}

/* Every worker costs the main process one descriptor. */
static long fit_fds(const void *parent, long jobs, const char **why)
{
	long limit = soft_limit(RLIMIT_NOFILE);

	if (limit < 0)
		return jobs;
	long room = limit - count_fds() - FDS_OF_ITS_OWN;
	if (room >= jobs)
		return jobs;
	*why = talloc_asprintf(parent,
		"the limit of open files is %ld; raise it with 'ulimit -n %ld'", limit,
		limit + jobs - room);
	return room > 0 ? room : 0;
}

/* Root is exempt. */
static long fit_processes(const void *parent, long jobs, const char **why)
{
	long limit = getuid() == 0 ? -1 : soft_limit(RLIMIT_NPROC);

	if (limit < 0)
		return jobs;
	long used = count_threads_of_user(), room = (limit - used) / PROCESSES_A_CELL;
	if (room >= jobs)
		return jobs;
	*why = talloc_asprintf(parent,
		"the limit of your processes is %ld, %ld are there, and a cell may need %d; raise "
		"it with 'ulimit -u %ld'",
		limit, used, (int)PROCESSES_A_CELL, used + jobs * PROCESSES_A_CELL);
	return room > 0 ? room : 0;
}

long limits_jobs(const void *parent, long jobs, const char **why)
{
	const char *too = NULL;

	*why = NULL;
	long by_fds = fit_fds(parent, jobs, why);
	long by_processes = fit_processes(parent, jobs, &too);
	if (by_processes < by_fds)
		*why = too;
	return least(by_fds, by_processes);
}
