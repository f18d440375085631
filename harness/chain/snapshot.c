#include "snapshot.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <talloc.h>
#include <unistd.h>

#include "../watch/proc.h"

/* --- names --- */

/* The arguments, separated by blanks; of a zombie its name alone. */
static char *read_command(const void *parent, pid_t pid)
{
	char text[1024];
	ssize_t n = proc_read(pid, "cmdline", text, sizeof(text));

	if (n > 0) {
		for (ssize_t i = 0; i + 1 < n; i++)
			if (!text[i])
				text[i] = ' ';
		text[n] = '\0';
		return talloc_strdup(parent, text);
	}
	if (proc_read(pid, "comm", text, sizeof(text)) <= 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return talloc_asprintf(parent, "[%s]", text);
}

static char *read_program(const void *parent, pid_t pid)
{
	char path[64], file[1024];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ssize_t n = readlink(path, file, sizeof(file) - 1);
	if (n <= 0)
		return NULL;
	file[n] = '\0';
	const char *slash = strrchr(file, '/');
	return talloc_strdup(parent, slash ? slash + 1 : file);
}

/* A tracer without rights keeps set-user-ID programs from theirs; execve(2). */
static bool lost_rights(pid_t pid)
{
	char path[64], text[4096];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) != 0 || !(st.st_mode & S_ISUID))
		return false;
	if (proc_read(pid, "status", text, sizeof(text)) <= 0)
		return false;
	const char *line = strstr(text, "\nUid:");
	unsigned real, effective;
	return line && sscanf(line, "\nUid: %u %u", &real, &effective) == 2 &&
	       effective != st.st_uid;
}

static void name_proc(struct chain *chain, const struct watch *watch, size_t i)
{
	struct chain_proc *proc = &chain->procs[i];
	pid_t outer = chain->log->procs[i].outer;

	proc->thread = watch->tracees[i].thread;
	if (proc->thread || !watch->tracees[i].alive)
		return;
	char *command = read_command(chain->procs, outer);
	if (!command)
		return;
	/* Of a zombie the arguments are gone; what it was called stays. */
	if (*command != '[' || !proc->command) {
		talloc_free(proc->command);
		proc->command = command;
	} else {
		talloc_free(command);
	}
	char *program = read_program(chain->procs, outer);
	if (program) {
		talloc_free(proc->program);
		proc->program = program;
		proc->no_rights = lost_rights(outer);
	}
}

void snapshot_names(struct chain *chain, const struct watch *watch)
{
	size_t known = talloc_array_length(chain->procs), count = chain->log->proc_count;

	if (count > known) {
		chain->procs = talloc_realloc(chain, chain->procs, struct chain_proc, count);
		memset(chain->procs + known, 0, (count - known) * sizeof(*chain->procs));
	}
	for (size_t i = 0; i < count; i++)
		name_proc(chain, watch, i);
}

/* --- state --- */

static const char *field(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : "";
}

static uint64_t mask_of(const char *text, const char *key)
{
	return strtoull(field(text, key), NULL, 16);
}

/* The call a thread sleeps in: its number and arguments; -1: none, or we may not know. */
static long read_call(pid_t pid, const char *tid, unsigned long args[6])
{
	char name[300], text[256], *at = text;

	snprintf(name, sizeof(name), "task/%s/syscall", tid);
	if (proc_read(pid, name, text, sizeof(text)) <= 0 || *text == 'r')
		return -1;
	long number = strtol(at, &at, 10);
	for (int i = 0; i < 6; i++)
		args[i] = strtoul(at, &at, 16);
	return number;
}

static bool ends_only_by_us(long call)
{
	return call == SYS_wait4 || call == SYS_waitid ||
#ifdef SYS_pause
	       call == SYS_pause ||
#endif
	       call == SYS_rt_sigsuspend || call == SYS_rt_sigtimedwait;
}

/* What a thread takes by sigtimedwait: while it sleeps there its mask does not show it. One that
 * runs (and sleeps in no other call) after its timeout came is between two waits, as tini is once a
 * second. */
static uint64_t taken_by(const struct watch *watch, pid_t tid, long call, unsigned long set)
{
	if (call == SYS_rt_sigtimedwait)
		return proc_signal_set(tid, set);
	int who = call < 0 ? watch_find_outer(watch, tid) : WHO_NONE;
	return who >= 0 ? watch->tracees[who].polled : 0;
}

static void add_thread(
	struct hop_state *state, const struct watch *watch, pid_t pid, const char *tid)
{
	char name[300], text[4096];
	unsigned long args[6] = {0};

	snprintf(name, sizeof(name), "task/%s/status", tid);
	if (proc_read(pid, name, text, sizeof(text)) <= 0)
		return;
	state->blocked &= mask_of(text, "\nSigBlk:");
	state->pending |= mask_of(text, "\nSigPnd:");
	long call = read_call(pid, tid, args);
	state->waited |= taken_by(watch, (pid_t)strtol(tid, NULL, 10), call, args[0]);
	if (call == SYS_wait4 || call == SYS_waitid)
		state->waits_for_child = true;
	if (!ends_only_by_us(call) && *field(text, "\nState:\t") != 'T')
		state->may_act = true;
}

static void add_threads(struct hop_state *state, const struct watch *watch, pid_t pid)
{
	char path[64];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			add_thread(state, watch, pid, entry->d_name);
	if (dir)
		closedir(dir);
}

/* The masks of all its signalfds; proc(5), /proc/PID/fdinfo. */
static uint64_t read_signalfds(pid_t pid)
{
	char path[300], target[64], text[512];
	const struct dirent *entry;
	uint64_t all = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, "anon_inode:[signalfd]") != 0)
			continue;
		snprintf(path, sizeof(path), "fdinfo/%s", entry->d_name);
		if (proc_read(pid, path, text, sizeof(text)) > 0)
			all |= mask_of(text, "sigmask:");
	}
	if (dir)
		closedir(dir);
	return all;
}

static enum proc_state state_of(char letter, int threads)
{
	switch (letter) {
	case 'T':
		return PROC_STOPPED;
	case 'Z':
	case 'X':
		/* The first thread may have ended before the others. */
		return threads > 1 ? PROC_RUNNING : PROC_ZOMBIE;
	default:
		return PROC_RUNNING;
	}
}

static pid_t inner(const char *line)
{
	while (*line == '\t' || *line == ' ')
		line++;
	return proc_innermost(line);
}

static bool read_state(
	struct hop_state *state, const struct watch *watch, pid_t pid, pid_t holder, bool listening)
{
	char text[4096];

	*state = (struct hop_state){0};
	if (proc_read(pid, "status", text, sizeof(text)) <= 0)
		return false;
	state->there = true;
	state->threads = (int)strtol(field(text, "\nThreads:"), NULL, 10);
	state->state =
		listening ? PROC_STOPPED : state_of(*field(text, "\nState:\t"), state->threads);
	state->pgid = inner(field(text, "\nNSpgid:"));
	state->sid = inner(field(text, "\nNSsid:"));
	state->foreground = holder > 0 && getpgid(pid) == holder;
	state->pending = mask_of(text, "\nShdPnd:");
	state->ignored = mask_of(text, "\nSigIgn:");
	state->caught = mask_of(text, "\nSigCgt:");
	state->blocked = ~0ULL;
	if (state->state == PROC_ZOMBIE)
		return true;
	add_threads(state, watch, pid);
	if (state->blocked)
		state->by_fd = read_signalfds(pid);
	return true;
}

void snapshot_take(struct chain *chain, const struct watch *watch, bool after, pid_t holder)
{
	snapshot_names(chain, watch);
	for (size_t i = 0; i < chain->log->proc_count; i++) {
		struct chain_proc *proc = &chain->procs[i];
		struct hop_state *state = after ? &proc->after : &proc->before;

		*state = (struct hop_state){0};
		if (proc->thread || watch->tracees[i].gone)
			continue;
		read_state(state, watch, chain->log->procs[i].outer, holder,
			watch->tracees[i].listening);
		/* It has ended for us; its parent may not have waited for it. Another process may
		 * have its number by now. */
		if (!watch->tracees[i].alive && state->state != PROC_ZOMBIE)
			*state = (struct hop_state){0};
	}
}

/* --- readiness --- */

static bool table_listens(pid_t pid, const char *table, long port)
{
	char path[64], line[512];
	bool found = false;
	unsigned local, state;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, table);
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &local,
				&state) == 2 &&
			state == 0x0a && local == (unsigned)port;
	if (file)
		fclose(file);
	return found;
}

bool snapshot_listens(pid_t pid, long port)
{
	return table_listens(pid, "tcp", port) || table_listens(pid, "tcp6", port);
}
