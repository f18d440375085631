#include "limits.h"

#include <dirent.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>

#include "../watch/proc.h"
#include "launch.h"

enum {
	FDS_OF_ITS_OWN = 40, /* a worker's for its scene; the main process's for its files */
	PROCESSES_A_CELL = 24,
	STACK_BYTES_NEEDED = 512 << 10 /* with 96 KiB bash and zsh die while they start */
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

/* The first line of DIR/NAME as a number; -1: none there, or "max". */
static long read_number(const char *dir, const char *name)
{
	char *path = talloc_asprintf(NULL, "%s/%s", dir, name), line[32], *end = line;
	FILE *in = fopen(path, "re");
	long number = -1;

	if (in && fgets(line, sizeof(line), in))
		number = strtol(line, &end, 10);
	if (in)
		fclose(in);
	talloc_free(path);
	return end == line ? -1 : number;
}

/* Our control group's name in a line "9:pids:/name" (version 1) or "0::/name" (version 2). */
static const char *group_in_line(const char *line, bool v2)
{
	const char *controllers = strchr(line, ':');
	const char *name = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!name)
		return NULL;
	char *list =
		talloc_asprintf(NULL, ",%.*s,", (int)(name - controllers - 1), controllers + 1);
	bool ours = v2 ? !strcmp(list, ",,") : strstr(list, ",pids,") != NULL;

	talloc_free(list);
	return ours ? name + 1 : NULL;
}

static char *own_group(const void *parent, bool v2)
{
	FILE *in = fopen("/proc/self/cgroup", "re");
	char *line = NULL, *group = NULL;
	size_t size = 0;

	while (in && !group && getline(&line, &size, in) > 0) {
		const char *name = group_in_line(line, v2);

		if (name)
			group = talloc_strndup(parent, name, strcspn(name, "\n"));
	}
	free(line);
	if (in)
		fclose(in);
	return group;
}

/* How many tasks may still be made in the control group and those around it; -1: as many as you
 * like. *limit is the limit that leaves the least. cgroups(7). */
static long room_below(const char *mount, const char *group, long *limit)
{
	char *dir = talloc_asprintf(NULL, "%s%s", mount, group);
	size_t least_length = strlen(mount);
	long room = -1;

	/* In a container the name may be that of another place than what is mounted. */
	if (access(dir, F_OK) != 0)
		dir[least_length] = '\0';
	while (strlen(dir) >= least_length) {
		long max = read_number(dir, "pids.max"), used = read_number(dir, "pids.current");
		char *slash = strrchr(dir, '/');

		if (max >= 0 && used >= 0 && (room < 0 || max - used < room)) {
			room = max > used ? max - used : 0;
			*limit = max;
		}
		if (!slash)
			break;
		*slash = '\0';
	}
	talloc_free(dir);
	return room;
}

static long group_room(long *limit)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	long room = -1;

	while (mounts && (entry = getmntent(mounts))) {
		bool v2 = !strcmp(entry->mnt_type, "cgroup2"),
		     v1 = !strcmp(entry->mnt_type, "cgroup");
		char *group = v2 || (v1 && hasmntopt(entry, "pids")) ? own_group(NULL, v2) : NULL;
		long found_limit,
			found = group ? room_below(entry->mnt_dir, group, &found_limit) : -1;

		if (found >= 0 && (room < 0 || found < room)) {
			room = found;
			*limit = found_limit;
		}
		talloc_free(group);
	}
	if (mounts)
		endmntent(mounts);
	return room;
}

/* A container's limit, and what systemd allows a user or a service; root is not exempt. */
static long fit_group(const void *parent, long jobs, const char **why)
{
	long limit = 0, tasks = group_room(&limit), room = tasks / PROCESSES_A_CELL;

	if (tasks < 0 || room >= jobs)
		return jobs;
	*why = talloc_asprintf(parent,
		"the control group we are in lets %ld processes be (pids.max), %ld are there, and "
		"a "
		"cell may need %d; raise it to %ld (docker run --pids-limit, systemd TasksMax=)",
		limit, limit - tasks, (int)PROCESSES_A_CELL,
		limit - tasks + jobs * PROCESSES_A_CELL);
	return room;
}

long limits_jobs(const void *parent, long jobs, const char **why)
{
	static long (*const fits[])(const void *, long, const char **) = {
		fit_fds, fit_processes, fit_group};
	long fitting = jobs;

	*why = NULL;
	for (size_t i = 0; i < sizeof(fits) / sizeof(*fits); i++)
		fitting = least(fitting, fits[i](parent, fitting, why));
	return fitting;
}

const char *limits_stack(const void *parent)
{
	struct rlimit stack;

	if (getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_max >= STACK_BYTES_NEEDED)
		return NULL;
	/* The only way to learn whether the kernel lets us. */
	const struct rlimit raised = {stack.rlim_cur, LAUNCH_STACK_BYTES};

	if (setrlimit(RLIMIT_STACK, &raised) == 0)
		return NULL;
	return talloc_asprintf(parent,
		"the stack limit is %lu KiB, and we may not raise it: shells may die of SIGSEGV; "
		"raise it with 'ulimit -s %d' where we are started",
		(unsigned long)stack.rlim_max >> 10, LAUNCH_STACK_BYTES >> 10);
}
