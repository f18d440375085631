#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

#include "cmd.h"

enum { DIFFERENCES_SHOWN = 5 };

/* A file that grows. */
struct growing {
	char *path;
	int fd; /* -1: there is none */
	size_t length;
	bool failed; /* and closed for more */
};

struct keep {
	const struct keep_wish *wish;
	struct growing journal, timelines;
	int helper; /* socket; -1: there is none */
	pid_t helper_pid;
	char *timelines_path; /* where they are to be in the end */
	bool is_new;          /* the journal was not there before */
	size_t plays;         /* in the journal */
	size_t counted_on;    /* bytes of timelines that plays taken from the journal count on */
};

/* --- files that grow --- */

/* With one write(2), so that a program that dies leaves the whole line or none of it; on a disk
 * that is full, what was written of it is taken back. */
static void append(struct growing *file, const char *text, size_t length)
{
	ssize_t n;

	if (file->fd < 0 || file->failed)
		return;
	do
		n = write(file->fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)length) {
		file->length += length;
		return;
	}
	if (n >= 0)
		errno = ENOSPC;
	file->failed = true;
	complain("unable to write %s: %s", file->path, strerror(errno));
	if (ftruncate(file->fd, (off_t)file->length) != 0)
		complain("unable to shorten %s: %s", file->path, strerror(errno));
}

static bool open_growing(struct growing *file)
{
	struct stat status;

	file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (file->fd < 0 || fstat(file->fd, &status) != 0) {
		complain("unable to write %s: %s", file->path, strerror(errno));
		return false;
	}
	file->length = (size_t)status.st_size;
	return true;
}

static bool shorten(struct growing *file, size_t length)
{
	file->length = length;
	if (ftruncate(file->fd, (off_t)length) == 0)
		return true;
	complain("unable to shorten %s: %s", file->path, strerror(errno));
	return false;
}

static int close_growing(struct growing *file)
{
	int result = file->fd >= 0 ? close(file->fd) : 0;

	file->fd = -1;
	return result;
}

/* Two runs that write one file would spoil it. The lock goes with the process, and only with it:
 * workers do not inherit it. */
static bool lock(const struct growing *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat status;

	/* Where the file system knows no locks, there is none. */
	if (fcntl(file->fd, F_SETLK, &lock) == 0 || (errno != EACCES && errno != EAGAIN)) {
		/* The other's run may have ended since we opened it. */
		if (fstat(file->fd, &status) == 0 && status.st_nlink > 0)
			return true;
		complain("%s was removed under way; try again", file->path);
		return false;
	}
	fcntl(file->fd, F_GETLK, &lock);
	complain("another sigmatrix (process %ld) is writing %s: let it end, or choose another "
		 "--output",
		(long)lock.l_pid, file->path);
	return false;
}

/* --- what is there already --- */

static enum journal_verdict count_play(
	void *data, const struct journal_play *play, const char **why)
{
	(void)data;
	(void)play;
	(void)why;
	return JOURNAL_TAKEN;
}

static bool any_header(void *data, const json_t *header)
{
	(void)data;
	(void)header;
	return true;
}

static bool same_run(void *data, const json_t *header)
{
	static const char *const secret[] = {"case", "program", NULL};
	struct keep *keep = data;
	const struct keep_wish *wish = keep->wish;
	const char *date = json_string_value(json_object_get(header, "date"));
	const char *command = json_string_value(json_object_get(header, "command"));
	size_t count;
	char **lines = journal_differences(
		keep, json_object_get(header, "run"), wish->run, secret, &count);

	if (count == 0 && date && command) {
		wish->began(wish->data, date, command);
		return true;
	}
	complain("%s is of another run: '%s', begun at %s", keep->journal.path,
		command ? command : "?", date ? date : "?");
	for (size_t i = 0; i < count && i < DIFFERENCES_SHOWN; i++)
		complain("  %s", lines[i]);
	if (count > DIFFERENCES_SHOWN)
		complain("  and %zu more", count - DIFFERENCES_SHOWN);
	complain("go on with what it was begun with, or remove it to start anew; nothing was "
		 "played");
	return false;
}

/* The timelines are written first, and can be shorter only when somebody has been at them. */
static enum journal_verdict take_play(void *data, const struct journal_play *play, const char **why)
{
	struct keep *keep = data;
	enum journal_verdict verdict;

	if (play->timelines > keep->timelines.length)
		return JOURNAL_ENOUGH;
	verdict = keep->wish->play(keep->wish->data, play, why);
	if (verdict != JOURNAL_TAKEN)
		return verdict;
	keep->counted_on = play->timelines;
	return verdict;
}

/* Through memory: closing another descriptor of the file would give up the lock. */
static bool read_with(
	struct keep *keep, const struct journal_reader *reader, struct journal_extent *extent)
{
	const struct growing *file = &keep->journal;
	struct diag *diag = diag_new(keep);
	void *bytes = mmap(NULL, file->length, PROT_READ, MAP_PRIVATE, file->fd, 0);
	FILE *in = bytes == MAP_FAILED ? NULL : fmemopen(bytes, file->length, "r");
	bool good = false;

	if (in)
		good = journal_read(in, file->path, reader, extent, diag);
	else
		complain("unable to read %s: %s", file->path, strerror(errno));
	diag_print(diag, stderr);
	if (in)
		fclose(in);
	if (bytes != MAP_FAILED)
		munmap(bytes, file->length);
	return good;
}

/* A journal nobody asks for: true when nothing is lost with it. */
static bool may_overwrite(struct keep *keep)
{
	const struct journal_reader reader = {any_header, count_play, NULL};
	struct journal_extent extent;

	if (!read_with(keep, &reader, &extent))
		return false;
	if (extent.plays == 0)
		return true;
	complain("a run into %s was interrupted after %zu plays: go on with --resume, or remove "
		 "%s to start anew; nothing was played",
		keep->wish->output, extent.plays, keep->journal.path);
	return false;
}

static bool begin(struct keep *keep)
{
	json_t *header = json_pack("{s:s, s:s, s:O}", "date", keep->wish->date, "command",
		keep->wish->command, "run", keep->wish->run);
	char *line = journal_header_line(header);

	json_decref(header);
	if (shorten(&keep->journal, 0) && shorten(&keep->timelines, 0))
		append(&keep->journal, line, strlen(line));
	free(line);
	return keep->journal.length > 0;
}

static bool resume(struct keep *keep)
{
	const struct journal_reader reader = {same_run, take_play, keep};
	struct journal_extent extent;

	if (!read_with(keep, &reader, &extent))
		return false;
	if (extent.bytes == 0)
		return begin(keep);
	keep->plays = extent.plays;
	return shorten(&keep->timelines, keep->counted_on) && shorten(&keep->journal, extent.bytes);
}

static bool open_journal(struct keep *keep)
{
	bool is_new;

	if (!open_growing(&keep->journal) || !lock(&keep->journal))
		return false;
	is_new = keep->is_new = keep->journal.length == 0;
	if (is_new && keep->wish->resume && !keep->wish->quiet)
		complain("note: there is no %s to resume from; all is played", keep->journal.path);
	if (is_new || !keep->wish->resume)
		return (is_new || may_overwrite(keep)) && open_growing(&keep->timelines) &&
		       begin(keep);
	return open_growing(&keep->timelines) && resume(keep);
}

/* A device or a pipe cannot be gone on with. */
static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

/* --- the helper --- */

static _Noreturn void help(int socket, int timelines, int journal)
{
	char words[256];

	/* Until the main process ends, however it does. What the journal counts on comes first. */
	while (recv(socket, words, sizeof(words), 0) > 0) {
		fdatasync(timelines);
		fdatasync(journal);
	}
	_exit(0);
}

/* A disk may take its time, and the main process has others to attend to. Where there can be no
 * helper, the kernel writes when it sees fit. */
static void start_helper(struct keep *keep)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		/* Of the sockets to the workers, too: a copy would keep them from seeing our end.
		 */
		int timelines = fcntl(keep->timelines.fd, F_DUPFD, 3);
		int journal = fcntl(keep->journal.fd, F_DUPFD, 3);
		int socket = fcntl(fds[1], F_DUPFD, 3);

		dup2(timelines, 0);
		dup2(journal, 1);
		dup2(socket, 2);
		syscall(SYS_close_range, 3, ~0U, 0);
		help(2, 0, 1);
	}
	close(fds[1]);
	keep->helper = fds[0];
	keep->helper_pid = pid;
	if (pid > 0)
		return;
	close(fds[0]);
	keep->helper = -1;
}

/* Waited for: whoever adopts it may never do so, and a zombie counts as a process of the user. */
static void end_helper(struct keep *keep)
{
	if (keep->helper < 0)
		return;
	close(keep->helper);
	while (waitpid(keep->helper_pid, NULL, 0) < 0 && errno == EINTR)
		;
	keep->helper = -1;
}

/* --- the whole --- */

struct keep *keep_open(const void *parent, const struct keep_wish *wish, int *status)
{
	struct keep *keep = talloc_zero(parent, struct keep);

	keep->wish = wish;
	keep->helper = -1;
	keep->journal =
		(struct growing){.path = talloc_asprintf(keep, "%s.part", wish->output), .fd = -1};
	keep->timelines_path = results_timelines(keep, wish->output);
	keep->timelines = (struct growing){
		.path = talloc_asprintf(keep, "%s.part", keep->timelines_path), .fd = -1};
	/* Beside a device is no place for more. */
	if (!is_file(wish->output))
		return keep;
	if (open_journal(keep)) {
		start_helper(keep);
		return keep;
	}
	/* Not opened at all: then it is no matter of what the user said. */
	*status = keep->journal.fd < 0 ? EXIT_NOT_MEASURED : EXIT_BAD_USAGE;
	if (keep->is_new)
		unlink(keep->journal.path);
	if (keep->is_new && keep->timelines.fd >= 0)
		unlink(keep->timelines.path);
	close_growing(&keep->journal);
	close_growing(&keep->timelines);
	talloc_free(keep);
	return NULL;
}

void keep_timeline(struct keep *keep, const char *timeline)
{
	if (!timeline)
		return;
	char *line = talloc_asprintf(NULL, "%s\n", timeline);

	append(&keep->timelines, line, talloc_get_size(line) - 1);
	talloc_free(line);
}

void keep_play(struct keep *keep, size_t job, json_t *cell, const char *timeline)
{
	keep_timeline(keep, timeline);
	if (keep->journal.fd < 0)
		return;
	char *line = journal_play_line(job, keep->timelines.length, cell);

	append(&keep->journal, line, strlen(line));
	keep->plays += !keep->journal.failed;
	free(line);
	/* Where the helper has not taken the last word yet, that one is enough. */
	send(keep->helper, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool copy(int from, const char *path)
{
	off_t at = 0;
	ssize_t n = -1;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	while (fd >= 0 && (n = sendfile(fd, from, &at, 1 << 30)) > 0)
		;
	return fd >= 0 && close(fd) == 0 && n == 0;
}

/* The timelines in their place; with 'stay' what is there now stays for --resume too. */
static bool place_timelines(struct keep *keep, bool stay)
{
	char *temporary = talloc_asprintf(keep, "%s.%d", keep->timelines_path, getpid());
	bool good = !keep->timelines.failed;

	if (good && stay)
		good = copy(keep->timelines.fd, temporary) &&
		       rename(temporary, keep->timelines_path) == 0;
	else if (good)
		good = rename(keep->timelines.path, keep->timelines_path) == 0;
	if (good)
		return true;
	complain("unable to write %s: %s", keep->timelines_path, strerror(errno));
	unlink(temporary);
	if (!stay)
		unlink(keep->timelines.path);
	return false;
}

bool keep_resumable(const struct keep *keep)
{
	return keep->journal.fd >= 0 && keep->plays > 0;
}

bool keep_close(struct keep *keep, bool complete)
{
	bool stay = !complete && keep_resumable(keep);
	bool good = keep->timelines.fd < 0 || place_timelines(keep, stay);

	/* Last: until then another run can take up what is not in its place yet. */
	if (!stay && keep->journal.fd >= 0)
		unlink(keep->journal.path);
	if (stay && (fdatasync(keep->timelines.fd) != 0 || fdatasync(keep->journal.fd) != 0))
		complain("unable to write %s: %s", keep->journal.path, strerror(errno));
	end_helper(keep);
	if (close_growing(&keep->timelines) != 0 || close_growing(&keep->journal) != 0) {
		complain("unable to write %s: %s", keep->timelines_path, strerror(errno));
		good = false;
	}
	return good;
}
