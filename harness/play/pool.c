#include "pool.h"

#include <errno.h>
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
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

enum { NO_JOB = -1 };

struct worker {
	pid_t pid;
	int fd;   /* stream socket: job numbers down, length-prefixed JSON up */
	long job; /* in flight, or NO_JOB */
};

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

static const struct cell_job *pool_job(const struct pool *pool, long job)
{
	return &pool->jobs[(size_t)job % pool->cell_count];
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

/* Every event of a traced process waits for its tracer. On a busy machine that costs a scene
 * seconds unless the tracer comes first; it sleeps most of the time. Where we may not (an ordinary
 * user), it only takes longer. Children are ordinary again. */
static void come_first(void)
{
	struct sched_param priority = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

static int open_child_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool send_answer(int fd, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	uint32_t length = (uint32_t)strlen(text);
	bool sent = send_all(fd, &length, sizeof(length)) && send_all(fd, text, length);

	free(text);
	return sent;
}

static _Noreturn void work(const struct pool *pool, int fd, int number)
{
	struct cell_context context = *pool->context;
	int32_t job;

	/* The main process's death shows as the end of the socket. It is no signal: killed at
	 * once we could not end the scene, and without namespaces nobody else would. */
	block_signals();
	/* Untraced we look on by asking again and again, which would keep the scene from running.
	 */
	if (context.player.trace)
		come_first();
	context.player.child_fd = open_child_fd();
	context.player.cancel_fd = fd;
	while (receive_all(fd, &job, sizeof(job))) {
		json_t *answer = cell_play(&context, pool_job(pool, job), number);
		bool sent = answer && send_answer(fd, answer);

		json_decref(answer);
		if (!sent)
			break;
	}
	/* exit() would flush the main process's buffers a second time. */
	_exit(0);
}

/* --- in the main process --- */

static int start_worker(const struct pool *pool, struct worker *workers, int number)
{
	int fds[2];
	struct worker *worker = &workers[number];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -errno;
	worker->pid = fork();
	if (worker->pid == 0) {
		close(fds[0]);
		/* A copy of another worker's socket would keep that one from seeing our end. */
		for (int i = 0; i < pool->workers; i++)
			if (i != number && workers[i].fd >= 0)
				close(workers[i].fd);
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

static void hand_out(struct worker *worker, size_t *next, size_t count)
{
	int32_t job = (int32_t)*next;

	if (worker->fd < 0 || worker->job != NO_JOB || *next >= count)
		return;
	if (!send_all(worker->fd, &job, sizeof(job)))
		return; /* it has died: its end shows as EOF */
	worker->job = job;
	(*next)++;
}

static json_t *receive_answer(int fd)
{
	uint32_t length;

	if (!receive_all(fd, &length, sizeof(length)))
		return NULL;
	char *text = malloc(length + 1u);
	json_t *answer = NULL;
	if (text && receive_all(fd, text, length))
		answer = json_loadb(text, length, 0, NULL);
	free(text);
	return answer;
}

static void bury(const struct pool *pool, struct worker *worker)
{
	int status = 0;
	char why[128];

	close(worker->fd);
	worker->fd = -1;
	waitpid(worker->pid, &status, 0);
	if (worker->job == NO_JOB)
		return;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the worker that played it was killed by %s",
			strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the worker that played it exited with %d",
			WEXITSTATUS(status));
	json_t *answer = cell_broken(pool_job(pool, worker->job), why);
	pool->done(pool->data, (size_t)worker->job, answer);
	json_decref(answer);
	worker->job = NO_JOB;
}

static bool take_answer(const struct pool *pool, struct worker *worker)
{
	json_t *answer = receive_answer(worker->fd);

	if (!answer) {
		bury(pool, worker);
		return false;
	}
	pool->done(pool->data, (size_t)worker->job, answer);
	json_decref(answer);
	worker->job = NO_JOB;
	return true;
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

static int open_stop_fd(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int conduct(const struct pool *pool, struct worker *workers, int stop_fd)
{
	size_t next = 0, done = 0;
	struct pollfd *fds = talloc_array(workers, struct pollfd, (size_t)pool->workers + 1);

	while (done < pool->job_count) {
		fds[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
		for (int i = 0; i < pool->workers; i++) {
			if (workers[i].fd < 0 && next < pool->job_count) {
				int result = start_worker(pool, workers, i);
				if (result != 0)
					return result;
			}
			hand_out(&workers[i], &next, pool->job_count);
			fds[i + 1] = (struct pollfd){.fd = workers[i].fd, .events = POLLIN};
		}
		if (poll(fds, (nfds_t)pool->workers + 1, -1) < 0)
			continue;
		struct signalfd_siginfo info;
		if (fds[0].revents && read(stop_fd, &info, sizeof(info)) == sizeof(info))
			return (int)info.ssi_signo;
		for (int i = 0; i < pool->workers; i++) {
			if (!fds[i + 1].revents)
				continue;
			bool had_job = workers[i].job != NO_JOB;
			take_answer(pool, &workers[i]);
			done += had_job;
		}
	}
	return 0;
}

/* What a killed worker left comes back to us, a subreaper, one generation after the other. */
static void end_strays(void)
{
	for (;;) {
		char line[4096] = "", *at = line;
		FILE *file = fopen("/proc/thread-self/children", "re");

		if (!file || !fgets(line, sizeof(line), file))
			*line = '\0';
		if (file)
			fclose(file);
		for (char *end;; at = end) {
			pid_t child = (pid_t)strtol(at, &end, 10);
			if (end == at)
				break;
			kill(child, SIGKILL);
		}
		if (waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD)
			return;
	}
}

int pool_run(const struct pool *pool)
{
	sigset_t old;
	struct worker *workers = talloc_zero_array(NULL, struct worker, (size_t)pool->workers);
	int stop_fd = open_stop_fd(&old);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < pool->workers; i++)
		workers[i].fd = -1;
	int result = conduct(pool, workers, stop_fd);
	dismiss(workers, pool->workers);
	end_strays();
	close(stop_fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	talloc_free(workers);
	return result;
}
