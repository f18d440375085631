#include "playing.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

enum { OUTPUT_MAX = 16384 }; /* of what the terminal prints, kept as evidence */

const char first_killed[] = "the scene's first process was killed from outside";

/* --- marks --- */

static bool is_name(const char *text, size_t length)
{
	if (length == 0 || !islower((unsigned char)*text))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
			text[i] != '-')
			return false;
	return true;
}

static int find_inside(struct player *p, pid_t pid)
{
	int who = watch_find_inner(p->watch, pid);

	if (who == WHO_NONE && !p->log->traced) {
		look_find_processes(p->watch);
		who = watch_find_inner(p->watch, pid);
	}
	return who;
}

/* "inner is 5": whoever wrote it wants to be called so. */
static bool take_declaration(struct player *p, const char *line)
{
	const char *is = strstr(line, " is ");

	if (!is || !is_name(line, (size_t)(is - line)))
		return false;
	int who = find_inside(p, (pid_t)strtol(is + 4, NULL, 10));
	if (who < 0)
		return false;
	char *name = talloc_strndup(p->log, line, (size_t)(is - line));
	log_add(p->log, EVENT_NAMED, SOURCE_MARK, who)->text = name;
	p->log->procs[who].name = name;
	return true;
}

static void take_mark(struct player *p, const char *line)
{
	const char *equals = strchr(line, '=');
	size_t length = equals ? (size_t)(equals - line) : strlen(line);

	if (take_declaration(p, line))
		return;
	struct event *event = log_add(p->log, EVENT_MARK, SOURCE_MARK, WHO_NONE);
	if (!is_name(line, length)) { /* kept as evidence; no condition can ask for it */
		event->text = talloc_strdup(p->log, "?");
		event->value = talloc_strdup(p->log, line);
		return;
	}
	event->text = talloc_strndup(p->log, line, length);
	event->value = equals ? talloc_strdup(p->log, equals + 1) : NULL;
}

static bool drain_marks(struct player *p)
{
	char text[4096];
	ssize_t n = read(p->arena->events_fd, text, sizeof(text));

	for (ssize_t i = 0; i < n; i++) {
		if (text[i] != '\n') {
			if (p->mark_length < sizeof(p->mark) - 1)
				p->mark[p->mark_length++] = text[i] ? text[i] : '?';
			continue;
		}
		p->mark[p->mark_length] = '\0';
		p->mark_length = 0;
		take_mark(p, p->mark);
	}
	return n > 0;
}

/* --- actors --- */

static void take_start(struct player *p, struct link *link, char *text)
{
	char name[64] = "";
	int used = 0;
	struct proc_status status = {.state = PROC_RUNNING};

	if (sscanf(text, "start %63s%n", name, &used) != 1 || !is_name(name, strlen(name)))
		return;
	if (sscanf(text + used, "%d %d %d %d %d %lx %lx %lx %d", &status.pid, &status.ppid,
		    &status.pgid, &status.sid, &status.foreground, &status.ignored, &status.blocked,
		    &status.caught, &status.descriptors) != 9)
		return;
	if (p->watch->tracees[link->who].own)
		look_translate(p->watch, link->who, &status);
	struct event *event = log_add(p->log, EVENT_START, SOURCE_ACTOR, link->who);
	event->text = talloc_strdup(p->log, name);
	event->status = talloc_memdup(p->log, &status, sizeof(status));
	p->log->procs[link->who].actor = true;
	p->log->procs[link->who].name = event->text;
}

static void take_got(struct player *p, struct link *link, const char *text)
{
	int sig, code, pid;

	if (sscanf(text, "got %d %d %d", &sig, &code, &pid) != 3)
		return;
	if (!p->log->traced && pid > 0)
		find_inside(p, pid);
	int sender = watch_sender(p->watch, SOURCE_ACTOR, link->who, sig, code, pid);
	struct event *event = log_add(p->log, EVENT_SIGNAL, SOURCE_ACTOR, link->who);
	event->sig = sig;
	event->code = code;
	event->other = sender;
}

static void take_message(struct player *p, struct link *link, char *text)
{
	char word[16];
	long number;

	if (strncmp(text, "start ", 6) == 0) {
		take_start(p, link, text);
	} else if (strncmp(text, "got ", 4) == 0) {
		take_got(p, link, text);
	} else if (strncmp(text, "ready", 5) == 0) {
		link->ready = true;
	} else if (sscanf(text, "end %15s %ld", word, &number) == 2) {
		struct event *event = log_add(p->log, EVENT_ANNOUNCE, SOURCE_ACTOR, link->who);
		event->how = *word;
		event->number = number;
	} else if (sscanf(text, "did %15s %ld", word, &number) == 2) {
		struct event *event = log_add(p->log, EVENT_DID, SOURCE_ACTOR, link->who);
		event->text = talloc_strdup(p->log, word);
		event->number = number;
	}
}

static void close_link(struct player *p, struct link *link)
{
	close(link->fd);
	link->fd = -1;
	link->ready = false;
	/* The tracer sees the end itself, and how. */
	if (!p->log->traced)
		log_add(p->log, EVENT_ENDED, SOURCE_ACTOR, link->who)->how = '?';
}

static bool drain_link(struct player *p, size_t index)
{
	bool any = false;

	while (p->links[index].fd >= 0) {
		char text[1024];
		ssize_t n = recv(p->links[index].fd, text, sizeof(text) - 1, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return any;
		any = true;
		if (n <= 0) {
			close_link(p, &p->links[index]);
			return true;
		}
		text[n] = '\0';
		take_message(p, &p->links[index], text);
	}
	return any;
}

/* The kernel says who calls: the peer cannot lie about its pid.  SO_PEERCRED, socket(7). */
static bool accept_actor(struct player *p)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct pollfd listener = {.fd = p->arena->listener_fd, .events = POLLIN};

	/* accept(2) makes a socket before it looks whether anybody calls, and mostly nobody does.
	 */
	if (poll(&listener, 1, 0) == 0)
		return false;
	int fd = accept4(p->arena->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	int who = WHO_NONE;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		who = watch_find_outer(p->watch, peer.pid);
	if (who == WHO_NONE && !p->log->traced)
		who = watch_proc(p->watch, peer.pid, WHO_UNKNOWN);
	if (who == WHO_NONE) { /* not of this scene */
		close(fd);
		return true;
	}
	p->links = talloc_realloc(p->log, p->links, struct link, p->link_count + 1);
	p->links[p->link_count++] = (struct link){.fd = fd, .who = who};
	return true;
}

static bool drain_actors(struct player *p)
{
	bool any = false;

	while (accept_actor(p))
		any = true;
	for (size_t i = 0; i < p->link_count; i++)
		any |= drain_link(p, i);
	return any;
}

/* --- the tracer, the shell's parent, the terminal --- */

/* Before a status is taken in, everything the process did before its stop is: its marks and
 * reports are already in their queues. And what others do because of it comes after, since nobody
 * learns of the stop or the end before we let it go. That keeps one order over all sources. */
static bool drain_statuses(struct player *p)
{
	bool any = false;
	struct signalfd_siginfo info;

	while (read(p->options->child_fd, &info, sizeof(info)) > 0)
		any = true;
	if (!p->log->traced)
		return any;
	for (;;) {
		siginfo_t next = {0};
		int status;

		if (waitid(P_ALL, 0, &next, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) != 0 ||
			next.si_pid == 0)
			return any;
		any = true;
		drain_marks(p);
		drain_actors(p);
		if (next.si_code != CLD_TRAPPED && next.si_code != CLD_STOPPED)
			keep_wait(p, next.si_pid);
		pid_t pid = waitpid(next.si_pid, &status, WNOHANG | __WALL);
		if (pid == p->launched.init) {
			p->broken = first_killed;
			return true;
		}
		if (pid > 0)
			trace_status(p->watch, pid, status);
		if (p->log->count > EVENTS_MAX)
			return true;
	}
}

static void take_report(struct player *p, int status)
{
	if (WIFSTOPPED(status)) {
		p->shell_reported_stop = true;
		/* The tracer has said so already, and knows the order. */
		if (!p->log->traced)
			log_add(p->log, EVENT_STOPPED, SOURCE_INIT, 0)->sig = WSTOPSIG(status);
		return;
	}
	p->shell_reported_stop = false;
	if (WIFCONTINUED(status)) {
		if (!p->log->traced)
			log_add(p->log, EVENT_CONTINUED, SOURCE_INIT, 0);
		return;
	}
	p->shell_reported_end = true;
	p->watch->tracees[0].alive = false;
	struct event *event = log_add(p->log, EVENT_ENDED, SOURCE_INIT, 0);
	event->how = WIFEXITED(status) ? 'e' : 's';
	event->number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

static bool drain_wire(struct player *p)
{
	int status;
	const char *step = "";
	int result = launch_read(&p->launched, &status, &step);

	if (result < 0)
		p->broken = talloc_asprintf(p->log, "unable to %s: %s", step, strerror(-result));
	if (result > 0)
		take_report(p, status);
	return result != 0;
}

/* Everything is read, so that nobody blocks on a full terminal; the beginning is kept. */
static void keep_output(struct player *p, const char *text, size_t length)
{
	size_t room = OUTPUT_MAX - p->output_kept;

	if (length > room)
		length = room;
	if (length == 0)
		return;
	p->output_kept += length;
	char *kept = talloc_array(p->log, char, length + 1);
	for (size_t i = 0; i < length; i++)
		kept[i] = text[i] ? text[i] : '?';
	kept[length] = '\0';
	log_add(p->log, EVENT_OUTPUT, SOURCE_TTY, WHO_NONE)->text = kept;
}

static bool drain_terminal(struct player *p)
{
	char text[4096];
	bool any = false;

	for (int i = 0; i < 16 && p->pty.master >= 0; i++) {
		ssize_t n = read(p->pty.master, text, sizeof(text));
		if (n <= 0)
			break;
		keep_output(p, text, (size_t)n);
		any = true;
	}
	return any;
}

enum { FIXED_FDS = 6, POLLED_LINKS = 64, CANCEL = 5 };

bool poll_news(struct player *p, long nap_ns)
{
	struct pollfd fds[FIXED_FDS + POLLED_LINKS];
	nfds_t count = 0;
	struct timespec nap = {.tv_nsec = nap_ns};
	const int fixed[FIXED_FDS] = {p->options->child_fd, p->arena->events_fd,
		p->arena->listener_fd, p->launched.wire,
		p->pty.master, [CANCEL] = p->options->cancel_fd};

	for (size_t i = 0; i < FIXED_FDS; i++)
		fds[count++] = (struct pollfd){.fd = fixed[i], .events = POLLIN};
	for (size_t i = 0; i < p->link_count && count < FIXED_FDS + POLLED_LINKS; i++)
		if (p->links[i].fd >= 0)
			fds[count++] = (struct pollfd){.fd = p->links[i].fd, .events = POLLIN};
	if (ppoll(fds, count, &nap, NULL) <= 0)
		return false;
	if (fds[CANCEL].revents)
		p->cancelled = true;
	return true;
}

bool drain(struct player *p)
{
	/* One call where there would be one for each source, and mostly for nothing. */
	if (p->link_count <= POLLED_LINKS && !poll_news(p, 0))
		return false;
	bool any = drain_statuses(p);

	any |= drain_actors(p);
	any |= drain_marks(p);
	any |= drain_wire(p);
	any |= drain_terminal(p);
	p->news += any;
	return any;
}

struct link *actor_link(struct player *p, int who)
{
	for (size_t i = p->link_count; i-- > 0;)
		if (p->links[i].who == who)
			return &p->links[i];
	return NULL;
}
