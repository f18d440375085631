#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

enum {
	NO_JOB = -1,
	IDLE_CHECK_MS = 5, /* between two questions whether a processor is idle */
};

struct worker {
	pid_t pid;
	int fd;   /* stream socket of frames, see send_frame(); -1: it has none */
	long job; /* in flight, or NO_JOB */
};

struct pool {
	const struct cell_context *context;
	struct shell *const *shells;
	size_t shell_count;
	struct worker *workers;
	int worker_count;
	int steady;  /* so many may play whatever the machine is doing */
	int load_fd; /* /proc/loadavg; -1: not known */
	int stop_fd;
	sigset_t old_mask;
	bool stopped;     /* by a signal */
	bool lost_worker; /* one died before we told it to */
	pid_t *inherited; /* talloc array: children we had before, from whoever exec'ed us */
};

/* Whoever others wait for, and who sleeps most of the time, comes first: or on a busy machine every
 * event of a traced process would wait for the tracer's turn, and every worker for the main
 * process's. Where we may not (an ordinary user), it only takes longer. Children are ordinary
 * again. */
static void come_first(void)
{
	struct sched_param priority = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

/* --- bytes over a socket --- */

static bool send_all(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t n = send(fd, at, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

static bool receive_all(int fd, void *bytes, size_t length)
{
	for (char *at = bytes; length > 0;) {
		ssize_t n = recv(fd, at, length, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

/* A frame is a length and so many bytes of text; length 0 stands for NULL. */
static bool send_frame(int fd, const char *text)
{
	uint32_t length = text ? (uint32_t)strlen(text) : 0;

	return send_all(fd, &length, sizeof(length)) && send_all(fd, text, length);
}

static bool receive_frame(int fd, char **text)
{
	uint32_t length;

	*text = NULL;
	if (!receive_all(fd, &length, sizeof(length)))
		return false;
	if (length == 0)
		return true;
	*text = malloc(length + 1u);
	if (*text && receive_all(fd, *text, length)) {
		(*text)[length] = '\0';
		return true;
	}
	free(*text);
	*text = NULL;
	return false;
}

/* As send_frame(), but takes the text. */
static bool send_and_free(int fd, char *text)
{
	bool sent = send_frame(fd, text);

	free(text);
	return sent;
}

/* --- in the worker --- */

static void block_signals(void)
{
	const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTOU};
	sigset_t set;

	/* ^C, ^Z and friends are for the main process: it tells us to stop by closing the socket,
	 * and stopped workers would let scenes run into their deadlines. */
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
}

static int open_child_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What a worker knows: the case it plays. Its next job is mostly of the same one. */
struct stage {
	const struct pool *pool;
	int number;
	struct test_case *test_case; /* NULL before the first */
};

static bool is_loaded(const struct stage *stage, const char *path)
{
	return stage->test_case && strcmp(stage->test_case->path, path) == 0;
}

static const struct variant *find_variant(const struct test_case *tc, const char *name)
{
	for (size_t i = 0; i < tc->variant_count; i++)
		if (strcmp(tc->variants[i].name, name) == 0)
			return &tc->variants[i];
	return NULL;
}

static const struct shell *find_shell(const struct pool *pool, const char *name)
{
	for (size_t i = 0; i < pool->shell_count; i++)
		if (strcmp(pool->shells[i]->name, name) == 0)
			return pool->shells[i];
	return NULL;
}

/* The main process has read the same file without a complaint, so what fails here is a file that
 * changed under way. */
static json_t *play_job(struct stage *stage, const struct cell_context *context, const char *text)
{
	static const struct variant nameless = {.name = ""};
	const char *path, *name, *variant, *shell;
	json_t *message = json_loads(text, 0, NULL), *result = NULL;

	if (json_unpack(message, "[ssss]", &path, &name, &variant, &shell) != 0)
		goto out;
	if (!is_loaded(stage, path)) {
		struct diag *diag = diag_new(NULL);

		talloc_free(stage->test_case);
		stage->test_case = case_load_again(NULL, path, name, diag);
		talloc_free(diag);
	}
	struct test_case unreadable = {.name = name};
	struct cell_job job = {
		.test_case = stage->test_case, .shell = find_shell(stage->pool, shell)};
	job.variant = job.test_case ? find_variant(job.test_case, variant) : NULL;
	if (!job.variant) {
		job.test_case = &unreadable;
		job.variant = &nameless;
		result = cell_broken(&job, "the case file was changed while it was being played");
		goto out;
	}
	result = cell_play(context, &job, stage->number);
out:
	json_decref(message);
	return result;
}

/* The timeline is for the file beside the results. It is made ready here, where there are many of
 * us, and only passes through the main process. */
static char *take_timeline(json_t *answer)
{
	json_t *events = json_object_get(answer, "events");
	const char *name, *variant, *shell;

	if (!events || json_unpack(answer, "{s:{s:s, s:s, s:s}}", "cell", "case", &name, "variant",
			       &variant, "shell", &shell) != 0)
		return NULL;
	json_t *line = json_pack("{s:s, s:s, s:s, s:O}", "case", name, "variant", variant, "shell",
		shell, "events", events);
	char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(line);
	json_object_del(answer, "events");
	return text;
}

static bool send_answer(int fd, json_t *answer)
{
	char *timeline = take_timeline(answer);

	return send_and_free(fd, json_dumps(answer, JSON_COMPACT)) && send_and_free(fd, timeline);
}

static _Noreturn void work(const struct pool *pool, int fd, int number)
{
	struct cell_context context = *pool->context;
	struct stage stage = {.pool = pool, .number = number};
	char *job;

	/* The main process's death shows as the end of the socket. It is no signal: killed at
	 * once we could not end the scene, and without namespaces nobody else would. */
	block_signals();
	/* The scheduler shares the processors out among sessions (autogroups, sched(7)). In one
	 * with all the others, a storm's tracer would wait for its turn a hundred times as long as
	 * the storm's shell does. Nor is the user's terminal any business of ours. */
	setsid();
	umask(022);
	/* Untraced we look on by asking again and again, which would keep the scene from running.
	 */
	if (context.player.trace)
		come_first();
	context.player.child_fd = open_child_fd();
	context.player.cancel_fd = fd;
	while (receive_frame(fd, &job)) {
		json_t *answer = play_job(&stage, &context, job);
		bool sent = answer && send_answer(fd, answer);

		json_decref(answer);
		free(job);
		if (!sent)
			break;
	}
	/* exit() would flush the main process's buffers a second time. */
	_exit(0);
}

/* --- in the main process --- */

static int start_worker(struct pool *pool, int number)
{
	int fds[2];
	struct worker *worker = &pool->workers[number];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -errno;
	worker->pid = fork();
	if (worker->pid == 0) {
		close(fds[0]);
		close(pool->stop_fd);
		close(pool->load_fd);
		/* A copy of another worker's socket would keep that one from seeing our end. */
		for (int i = 0; i < pool->worker_count; i++)
			if (i != number && pool->workers[i].fd >= 0)
				close(pool->workers[i].fd);
		work(pool, fds[1], number);
	}
	int saved = errno;
	close(fds[1]);
	worker->fd = fds[0];
	worker->job = NO_JOB;
	if (worker->pid > 0)
		return 0;
	close(fds[0]);
	worker->fd = -1;
	return -saved;
}

static const struct cell_job *job_of(const struct pool_work *work, long job)
{
	return &work->jobs[(size_t)job % work->cell_count];
}

static void skip_played(const struct pool_work *work, size_t *next)
{
	while (work->played && *next < work->job_count && work->played[*next])
		++*next;
}

/* Nobody but us and fewer than there are processors want to run. */
static bool has_idle_processor(const struct pool *pool)
{
	char text[128];
	ssize_t length = pool->load_fd < 0 ? -1 : pread(pool->load_fd, text, sizeof(text) - 1, 0);
	int running;

	if (length <= 0)
		return false;
	text[length] = '\0';
	return sscanf(text, "%*s %*s %*s %d/", &running) == 1 &&
	       running <= sysconf(_SC_NPROCESSORS_ONLN);
}

/* A few more cells than processors keep these busy while cells wait; many more make all of them
 * slow, and a storm long. */
static bool may_begin(const struct pool *pool)
{
	int playing = 0;

	for (int i = 0; i < pool->worker_count; i++)
		playing += pool->workers[i].job != NO_JOB;
	return playing < pool->steady || has_idle_processor(pool);
}

/* False: it would have been this worker's turn, but not now. */
static bool hand_out(
	const struct pool *pool, struct worker *worker, const struct pool_work *work, size_t *next)
{
	skip_played(work, next);
	if (worker->fd < 0 || worker->job != NO_JOB || *next >= work->job_count)
		return true;
	if (!may_begin(pool))
		return false;
	const struct cell_job *job = job_of(work, (long)*next);
	json_t *message = json_pack("[ssss]", job->test_case->path, job->test_case->name,
		job->variant->name, job->shell->name);
	bool sent = send_and_free(worker->fd, json_dumps(message, JSON_COMPACT));
	json_decref(message);
	if (sent) /* else it has died: its end shows as EOF */
		worker->job = (long)(*next)++;
	return true;
}

static void bury(struct pool *pool, const struct pool_work *work, struct worker *worker)
{
	int status = 0;
	char why[128];

	close(worker->fd);
	worker->fd = -1;
	pool->lost_worker = true;
	waitpid(worker->pid, &status, 0);
	if (worker->job == NO_JOB)
		return;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the worker that played it was killed by %s",
			strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the worker that played it exited with %d",
			WEXITSTATUS(status));
	json_t *answer = cell_broken(job_of(work, worker->job), why);
	work->done(work->data, (size_t)worker->job, answer, NULL);
	json_decref(answer);
	worker->job = NO_JOB;
}

static void take_answer(struct pool *pool, const struct pool_work *work, struct worker *worker)
{
	char *text = NULL, *timeline = NULL;
	json_t *answer = NULL;

	if (receive_frame(worker->fd, &text) && receive_frame(worker->fd, &timeline))
		answer = text ? json_loads(text, 0, NULL) : NULL;
	if (answer) {
		work->done(work->data, (size_t)worker->job, answer, timeline);
		worker->job = NO_JOB;
	} else {
		bury(pool, work, worker);
	}
	json_decref(answer);
	free(timeline);
	free(text);
}

static void dismiss(struct worker *workers, int count)
{
	for (int i = 0; i < count; i++)
		if (workers[i].fd >= 0)
			close(workers[i].fd);
	for (int i = 0; i < count; i++)
		if (workers[i].pid > 0 && workers[i].fd >= 0)
			while (waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR)
				;
}

static bool is_ignored(int sig)
{
	struct sigaction action;

	return sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void pool_hold_signals(sigset_t *held, sigset_t *before)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	sigemptyset(held);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!is_ignored(signals[i]))
			sigaddset(held, signals[i]);
	sigprocmask(SIG_BLOCK, held, before);
}

static int open_stop_fd(sigset_t *old)
{
	sigset_t set;

	pool_hold_signals(&set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Every worker that is free gets a job, unless there are enough at work: then *held_back. One that
 * has died is replaced. 0 or -errno. */
static int employ(struct pool *pool, const struct pool_work *work, size_t *next, struct pollfd *fds,
	bool *held_back)
{
	*held_back = false;
	for (int i = 0; i < pool->worker_count; i++) {
		struct worker *worker = &pool->workers[i];

		if (worker->fd < 0 && *next < work->job_count) {
			int result = start_worker(pool, i);
			if (result != 0)
				return result;
		}
		if (!*held_back)
			*held_back = !hand_out(pool, worker, work, next);
		fds[i] = (struct pollfd){.fd = worker->fd, .events = POLLIN};
	}
	return 0;
}

static int play_all(struct pool *pool, const struct pool_work *work)
{
	size_t next = 0, done = work->played_count;
	nfds_t count = (nfds_t)pool->worker_count;
	struct pollfd *fds = talloc_array(pool, struct pollfd, count + 1);

	while (done < work->job_count) {
		bool held_back;
		int result = employ(pool, work, &next, fds, &held_back);
		if (result != 0)
			return result;
		fds[count] = (struct pollfd){.fd = pool->stop_fd, .events = POLLIN};
		if (poll(fds, count + 1, held_back ? IDLE_CHECK_MS : -1) <= 0)
			continue;
		struct signalfd_siginfo info;
		if (fds[count].revents &&
			read(pool->stop_fd, &info, sizeof(info)) == sizeof(info)) {
			pool->stopped = true;
			return (int)info.ssi_signo;
		}
		for (nfds_t i = 0; i < count; i++) {
			if (!fds[i].revents)
				continue;
			done += pool->workers[i].job != NO_JOB;
			take_answer(pool, work, &pool->workers[i]);
		}
	}
	return 0;
}

int pool_run(struct pool *pool, const struct pool_work *work)
{
	struct sched_param before;
	int policy = sched_getscheduler(0);

	sched_getparam(0, &before);
	come_first();
	int result = play_all(pool, work);
	sched_setscheduler(0, policy, &before);
	return result;
}

/* Our children, a talloc array, of which the file may leave out some of very many. */
static pid_t *list_children(const void *parent)
{
	char line[4096] = "", *at = line;
	pid_t *children = talloc_array(parent, pid_t, 0);
	FILE *file = fopen("/proc/thread-self/children", "re");

	if (!file || !fgets(line, sizeof(line), file))
		*line = '\0';
	if (file)
		fclose(file);
	for (char *end;; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);
		size_t count = talloc_array_length(children);
		if (end == at)
			return children;
		children = talloc_realloc(parent, children, pid_t, count + 1);
		children[count] = child;
	}
}

static bool is_inherited(const struct pool *pool, pid_t child)
{
	for (size_t i = 0; i < talloc_array_length(pool->inherited); i++)
		if (pool->inherited[i] == child)
			return true;
	return false;
}

/* What a killed worker left comes back to us, a subreaper, one generation after the other. So do
 * orphans of children we were given, which are nobody's to kill: only after a worker was. */
static void end_strays(struct pool *pool)
{
	bool any = pool->lost_worker;

	while (any) {
		pid_t *children = list_children(pool);

		any = false;
		for (size_t i = 0; i < talloc_array_length(children); i++) {
			if (is_inherited(pool, children[i]))
				continue;
			kill(children[i], SIGKILL);
			any |= waitpid(children[i], NULL, __WALL) > 0;
		}
		talloc_free(children);
	}
}

struct pool *pool_open(const void *parent, const struct cell_context *context,
	struct shell *const *shells, size_t shell_count, int workers, int steady, int *error)
{
	struct pool *pool = talloc_zero(parent, struct pool);

	*pool = (struct pool){.context = context,
		.shells = shells,
		.shell_count = shell_count,
		.workers = talloc_zero_array(pool, struct worker, (size_t)workers),
		.worker_count = workers,
		.steady = steady,
		.load_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC)};
	pool->stop_fd = open_stop_fd(&pool->old_mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pool->inherited = list_children(pool);
	for (int i = 0; i < workers; i++)
		pool->workers[i].fd = -1;
	for (int i = 0; i < workers; i++) {
		*error = start_worker(pool, i);
		if (*error == 0)
			continue;
		pool_close(pool);
		return NULL;
	}
	return pool;
}

void pool_close(struct pool *pool)
{
	dismiss(pool->workers, pool->worker_count);
	end_strays(pool);
	/* Told twice to stop, as by an impatient ^C ^C: it was one wish, and is being carried out.
	 */
	struct signalfd_siginfo info;
	while (pool->stopped && read(pool->stop_fd, &info, sizeof(info)) > 0)
		;
	close(pool->stop_fd);
	close(pool->load_fd);
	sigprocmask(SIG_SETMASK, &pool->old_mask, NULL);
	talloc_free(pool);
}
