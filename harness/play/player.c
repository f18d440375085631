#include "player.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <talloc.h>
#include <time.h>
#include <unistd.h>

#include "../model/outcome.h"
#include "../stage/pty.h"
#include "../watch/look.h"
#include "../watch/proc.h"
#include "../watch/trace.h"

enum {
	MARK_LINE_MAX = 512,
	EVENTS_MAX = 50000, /* a subject that makes more is flooding us */
	OUTPUT_MAX = 16384, /* of what the terminal prints, kept as evidence */
	NAP_MIN_NS = 60000,
	NAP_SHORT_NS = 3000000,
	NAP_MAX_NS = 10000000,
	LULL_MAX_NS = 200000,
	STARVED_DEADLINES = 9, /* how many a scene may get on top for want of a processor */
};

static const char first_killed[] = "the scene's first process was killed from outside";

/* The harness's end of an actor's socket. */
struct link {
	int fd; /* -1: closed */
	int who;
	bool ready; /* it waits for signals and instructions */
};

struct player {
	const struct scene *scene;
	const struct player_options *options;
	const struct arena *arena;
	struct log *log;
	struct watch *watch;
	struct pty pty;
	struct launched launched;
	struct link *links; /* talloc array */
	size_t link_count;
	char mark[MARK_LINE_MAX]; /* an unfinished line from the FIFO */
	size_t mark_length;
	size_t output_kept;
	struct look now, before;
	struct link_timer timer;        /* what waits with a timeout mean */
	struct look round;              /* since when nothing has happened, if ... */
	size_t round_news;              /* ... 'news' is still that */
	size_t news;                    /* how often something has */
	int64_t pause_since_ns;         /* nothing has happened since then, if ... */
	size_t pause_news, pause_count; /* ... 'news' and the count of processes still are these */
	int64_t deadline_ns;
	int64_t waited_ns; /* what we had waited for a processor when the scene began */
	bool shell_reported_end, shell_reported_stop; /* by its parent, untraced */
	const char *broken;                           /* why the scene cannot go on */
	bool cancelled, timed_out, stuck;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* How long the process has wanted to run and could not; proc(5), schedstat. 0 where the kernel does
 * not tell. */
static int64_t waited_for_processor(pid_t pid)
{
	char text[128];
	long long waited = 0;

	if (proc_read(pid, "schedstat", text, sizeof(text)) <= 0 ||
		sscanf(text, "%*s %lld", &waited) != 1)
		return 0;
	return waited;
}

/* The deadline is for scenes that do not end. One that others leave no processor to gets as much
 * more as it had to wait, within bounds: a shell that computes for ever waits, too. */
static bool is_too_late(const struct player *p)
{
	int64_t late = now_ns() - p->deadline_ns, waited;

	if (late <= 0)
		return false;
	if (late > STARVED_DEADLINES * (int64_t)(p->options->deadline_s * 1e9))
		return true;
	waited = waited_for_processor(getpid()) - p->waited_ns;
	for (size_t i = 0; i < p->log->proc_count; i++)
		if (p->watch->tracees[i].alive)
			waited += waited_for_processor(p->log->procs[i].outer);
	return late > waited;
}

static bool is_over(const struct player *p)
{
	return p->broken || p->cancelled || p->timed_out || p->stuck;
}

/* --- news: marks --- */

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

/* --- news: actors --- */

static void take_start(struct player *p, struct link *link, char *text)
{
	char name[64] = "";
	int used = 0;
	struct proc_status status = {.state = PROC_RUNNING};

	if (sscanf(text, "start %63s%n", name, &used) != 1 || !is_name(name, strlen(name)))
		return;
	if (sscanf(text + used, "%d %d %d %d %d %lx %lx %lx", &status.pid, &status.ppid,
		    &status.pgid, &status.sid, &status.foreground, &status.ignored, &status.blocked,
		    &status.caught) != 8)
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

/* --- news: the tracer, the shell's parent, the terminal --- */

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

/* Waits for news for nap_ns at most. True: there are some, among them perhaps that we are to give
 * up. */
static bool poll_news(struct player *p, long nap_ns)
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

static bool drain(struct player *p)
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

static void check_limits(struct player *p)
{
	if (p->log->count > EVENTS_MAX && !is_over(p)) {
		p->timed_out = true;
		log_add(p->log, EVENT_TIMEOUT, SOURCE_HARNESS, WHO_NONE)->text =
			talloc_strdup(p->log, "it floods: more than 50000 events");
	}
}

/* How long to wait before asking again whether the scene has settled: somebody may be computing, or
 * waiting with a timeout (fish's idle threads: half a second), of which there is no news. */
static long next_nap(long nap, int64_t waited_ns)
{
	int64_t max = waited_ns / 8;

	if (max < NAP_SHORT_NS)
		max = NAP_SHORT_NS;
	if (max > NAP_MAX_NS)
		max = NAP_MAX_NS;
	return 2 * nap > max ? (long)max : 2 * nap;
}

/* --- settling --- */

/* Untraced, the shell's end or stop is told by its parent, which may not have got round to it
 * though /proc already shows it. */
static bool parent_lags(const struct player *p)
{
	if (p->log->traced)
		return false;
	const struct seen *shell = look_find(&p->now, 0);
	if (!shell || shell->state == 'x')
		return !p->shell_reported_end;
	return (shell->status.state == PROC_STOPPED) != p->shell_reported_stop;
}

/* What is typed on the scene's terminal is written to those that its processes have made for their
 * children, and each has a queue of its own. */
static void flush_inner_terminals(const struct player *p)
{
	for (size_t i = 0; i < p->log->proc_count; i++) {
		const struct tracee *tracee = &p->watch->tracees[i];
		pid_t outer = p->log->procs[i].outer;

		if (tracee->leads && tracee->alive)
			pty_barrier_of(outer, watch_other_terminal(p->watch, outer));
	}
}

static void flush_terminals(const struct player *p)
{
	pty_barrier(&p->pty);
	flush_inner_terminals(p);
}

/* One attempt: two quiet looks that agree, with no news around them and the terminal's queue
 * flushed. See measurements in docs/architecture.md. */
static bool is_quiet(struct player *p)
{
	flush_terminals(p);
	if (drain(p))
		return false;
	look_take(&p->before, p->watch);
	if (p->before.busy != WHO_NONE || drain(p))
		return false;
	/* What was written to an inner terminal before that look is a signal in the next. */
	flush_inner_terminals(p);
	look_take(&p->now, p->watch);
	if (p->now.busy != WHO_NONE || !look_equal(&p->before, &p->now))
		return false;
	flush_terminals(p);
	return !drain(p) && !parent_lags(p);
}

static void begin_round(struct player *p)
{
	talloc_free(p->round.seen);
	p->round = p->now;
	p->round.seen = talloc_memdup(p->watch, p->now.seen, p->now.count * sizeof(*p->now.seen));
	p->round_news = p->news;
}

/* Who polls finds out what has happened when it looks the next time, so that it waits proves
 * nothing. But it has come to rest when it has looked since and nothing has come of that: no stop
 * of it, whose kill(2) with signal 0 is one too, and nobody else ran. */
static bool has_looked_round(struct player *p)
{
	enum round round = p->round.seen && p->round_news == p->news
				   ? look_round(&p->round, &p->now)
				   : ROUND_OTHER;
	if (round == ROUND_OTHER) {
		begin_round(p);
		round = look_round(&p->round, &p->now); /* nobody polls now */
	}
	return round == ROUND_CLOSED;
}

/* The same of a program with many timers, of which it is known how often it looks at least: it has
 * had the time for it. Timers end in time however busy the machine is, and whoever is woken by one
 * and waits for a processor is seen to run. Untraced, a process that has been started is no news,
 * but there is one more. */
static bool has_had_time(struct player *p)
{
	if (p->pause_since_ns == 0 || p->pause_news != p->news ||
		p->pause_count != p->log->proc_count) {
		p->pause_since_ns = now_ns();
		p->pause_news = p->news;
		p->pause_count = p->log->proc_count;
	}
	return now_ns() - p->pause_since_ns > p->timer.polling_ms * 1000000LL;
}

static bool is_settled(struct player *p)
{
	if (!is_quiet(p))
		return false;
	if (p->timer.kind != TIMER_POLLING)
		return true;
	return p->timer.polling_ms > 0 ? has_had_time(p) : has_looked_round(p);
}

static int holder_index(const struct player *p, pid_t outer_group)
{
	for (size_t i = p->log->proc_count; i-- > 0;)
		if (p->log->procs[i].outer == outer_group)
			return (int)i;
	return outer_group == p->launched.init ? WHO_INIT : WHO_NONE;
}

static void record_terminal(struct player *p)
{
	if (p->pty.master < 0)
		return;
	pid_t group = pty_foreground(&p->pty);
	int who = group > 0 ? holder_index(p, group) : WHO_NONE;
	struct event *event = log_add(p->log, EVENT_TTY, SOURCE_TTY, WHO_NONE);

	event->other = who;
	event->flags = pty_modes(&p->pty);
	if (who >= 0)
		event->number = p->log->procs[who].pid;
	else if (who == WHO_INIT)
		event->number = watch_init_pid(p->watch);
}

static void record_look(struct player *p, const char *label)
{
	log_add(p->log, EVENT_LOOK, SOURCE_HARNESS, WHO_NONE)->text =
		label ? talloc_strdup(p->log, label) : NULL;
	for (size_t i = 0; i < p->log->proc_count; i++) {
		const struct seen *seen = look_find(&p->now, (int)i);
		struct proc_status status = {.pid = p->log->procs[i].pid, .state = PROC_ENDED};

		if (p->watch->tracees[i].thread)
			continue;
		log_add(p->log, EVENT_SEEN, SOURCE_PROC, (int)i)->status =
			talloc_memdup(p->log, seen ? &seen->status : &status, sizeof(status));
	}
	record_terminal(p);
}

static char *what_keeps_it_busy(const struct player *p)
{
	const struct look *look = p->now.busy != WHO_NONE ? &p->now : &p->before;

	if (look->busy == WHO_NONE)
		return talloc_strdup(p->log, "something keeps happening");
	return talloc_asprintf(
		p->log, "%s is %s", log_name(p->log, p->log, look->busy, p->log->count), look->why);
}

static void time_out(struct player *p, const char *wish)
{
	char *busy = what_keeps_it_busy(p);
	struct event *event = log_add(p->log, EVENT_TIMEOUT, SOURCE_HARNESS, WHO_NONE);

	p->timed_out = true;
	event->text = talloc_asprintf(p->log, "no end within %g s while waiting for: %s; %s",
		p->options->deadline_s, wish, busy);
}

/* What an await waits for. 'early' says that it may be seen before the scene has settled. */
struct wish {
	const char *text;
	const struct step *step; /* NULL: only to settle */
};

static struct link *actor_link(struct player *p, int who)
{
	for (size_t i = p->link_count; i-- > 0;)
		if (p->links[i].who == who)
			return &p->links[i];
	return NULL;
}

static bool at_prompt(struct player *p, int who)
{
	const struct seen *seen = look_find(&p->now, who);

	if (!seen || !look_at_prompt(seen) || p->pty.master < 0)
		return false;
	return getpgid(seen->outer) == pty_foreground(&p->pty) && pty_pending_input(&p->pty) == 0;
}

/* Facts that hold once they have come, whether or not more goes on. */
static bool has_come(struct player *p, const struct step *step)
{
	const char *why;

	if (step->await == AWAIT_EVENT)
		return condition_holds(p->log, &step->event, &why) == TRUTH_YES;
	if (step->await != AWAIT_READY)
		return false;
	int who = log_participant(p->log, step->who, p->log->count);
	struct link *link = who >= 0 ? actor_link(p, who) : NULL;
	return link && link->ready;
}

/* Facts that can be told only of a scene at rest. */
static bool holds_at_rest(struct player *p, const struct step *step)
{
	int who = step->who ? log_participant(p->log, step->who, p->log->count) : WHO_NONE;
	const struct seen *seen = who >= 0 ? look_find(&p->now, who) : NULL;

	if (step->await == AWAIT_READY)
		return who >= 0 && !p->log->procs[who].actor && at_prompt(p, who);
	if (step->await == AWAIT_WAITING)
		return seen && seen->status.state == PROC_RUNNING && !look_at_prompt(seen);
	return has_come(p, step);
}

/* Waits until the wish has come true, or the scene has settled without it. True: it came (or,
 * without a step, it settled). */
static bool wait_until(struct player *p, const struct wish *wish, const char *label)
{
	long nap = NAP_MIN_NS;
	int64_t began_ns = now_ns();

	while (!is_over(p)) {
		bool news = drain(p);

		check_limits(p);
		if (is_over(p))
			return false;
		if (wish->step && has_come(p, wish->step))
			return true;
		if (is_settled(p)) {
			record_look(p, label);
			return !wish->step || holds_at_rest(p, wish->step);
		}
		if (is_too_late(p)) {
			time_out(p, wish->text);
			return false;
		}
		if (news) {
			began_ns = now_ns();
			nap = NAP_MIN_NS;
		} else {
			nap = next_nap(nap, now_ns() - began_ns);
		}
		poll_news(p, nap);
	}
	return false;
}

/* --- steps --- */

static bool settle(struct player *p, const char *label)
{
	return wait_until(p, &(struct wish){.text = "the scene to settle"}, label);
}

static void miss(struct player *p, const char *why)
{
	log_add(p->log, EVENT_MISSED, SOURCE_HARNESS, WHO_NONE)->text = talloc_strdup(p->log, why);
}

static bool has_ended(const struct player *p, int who)
{
	const struct seen *seen = look_find(&p->now, who);

	return !p->watch->tracees[who].alive || (seen && seen->status.state >= PROC_ZOMBIE);
}

static void send_signal(struct player *p, int who, int sig, bool to_group)
{
	pid_t outer = p->log->procs[who].outer;

	if (to_group) {
		pid_t group = getpgid(outer);
		/* Never our own group, nor one we cannot see. */
		if (group <= 1 || group == getpgrp()) {
			miss(p, "its process group is not of this scene");
			return;
		}
		outer = -group;
	}
	p->watch->sent.sig = sig;
	p->watch->sent.target = outer;
	p->watch->sent.at = p->log->count;
	if (kill(outer, sig) != 0)
		miss(p, strerror(errno));
}

static void do_signal(struct player *p, const struct step *step)
{
	int who = log_participant(p->log, step->who, p->log->count);

	if (who < 0 || has_ended(p, who))
		miss(p, "it has ended already");
	else
		send_signal(p, who, step->sigs[0], step->group);
}

static void do_tell(struct player *p, const struct step *step)
{
	int who = log_participant(p->log, step->who, p->log->count);
	struct link *link = who >= 0 ? actor_link(p, who) : NULL;

	if (!link || link->fd < 0) {
		miss(p, "it has ended already");
		return;
	}
	link->ready = false;
	if (send(link->fd, step->arg, strlen(step->arg), MSG_NOSIGNAL) < 0)
		miss(p, strerror(errno));
}

static void do_type(struct player *p, const char *text, size_t length)
{
	if (p->pty.master < 0) {
		miss(p, "the terminal is gone");
		return;
	}
	int result = pty_write(&p->pty, text, length);
	if (result != 0)
		p->broken = talloc_asprintf(
			p->log, "unable to write to the terminal: %s", strerror(-result));
}

static void do_await(struct player *p, const struct step *step)
{
	if (wait_until(p, &(struct wish){.text = step->text, .step = step}, NULL) || is_over(p))
		return;
	p->stuck = true;
	log_add(p->log, EVENT_STUCK, SOURCE_HARNESS, WHO_NONE)->text =
		talloc_asprintf(p->log, "%s: the scene settled without it", step->text);
}

/* Has the target taken everything that was sent to it? A look at one process only: a storm sends
 * thousands. */
static bool has_taken(struct player *p, const struct step *step, int who)
{
	if (step->key && (p->pty.master < 0 || pty_pending_input(&p->pty) > 0))
		return false;
	return look_pending(p->watch, who) == 0;
}

static void blow(struct player *p, const struct step *step, int who, long round)
{
	size_t count = 0;

	while (count < STORM_SIGNALS_MAX && step->sigs[count])
		count++;
	if (step->key)
		pty_write(&p->pty, &step->key, 1);
	else
		send_signal(p, who, step->sigs[(size_t)round % count], step->group);
}

/* How long the target is left alone once it has taken a signal: else a traced one would get the
 * next where it got the last, and a fork would begin anew each time. Always another span, so that
 * the signals find it everywhere. */
static int64_t lull_ns(long round)
{
	return round * 7919 % 16 * (LULL_MAX_NS / 16);
}

/* How many it takes until the event has come, the target has ended or takes no more: then the
 * scene has settled. */
static long storm_rounds(struct player *p, const struct step *step, int who)
{
	long rounds = 0, nap = NAP_MIN_NS, max = step->times ? step->times : STORM_MAX;
	int64_t lull_ends = 0;

	while (!is_over(p) && rounds < max) {
		drain(p);
		check_limits(p);
		if ((step_waits(step) && has_come(p, step)) || !p->watch->tracees[who].alive)
			break;
		if (is_too_late(p)) {
			time_out(p, step->text);
			break;
		}
		if (has_taken(p, step, who)) {
			nap = NAP_MIN_NS;
			if (lull_ends == 0)
				lull_ends = now_ns() + lull_ns(rounds);
			if (now_ns() >= lull_ends) {
				blow(p, step, who, rounds++);
				lull_ends = 0;
			}
		} else if (nap == NAP_SHORT_NS && is_settled(p)) {
			break;
		} else {
			nap = next_nap(nap, 0);
		}
		poll_news(p, nap);
	}
	return rounds;
}

/* A tracer that comes first (see pool.c) would leave no time to the shells that it, and others
 * like it, keep interrupting. */
static void blow_storm(struct player *p, const struct step *step, int who)
{
	struct sched_param before, ordinary = {.sched_priority = 0};
	int policy = sched_getscheduler(0);

	sched_getparam(0, &before);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	p->watch->storm = true;
	p->watch->storm_began = p->log->count;
	long rounds = storm_rounds(p, step, who);
	p->watch->storm = false;
	sched_setscheduler(0, policy, &before);
	log_add(p->log, EVENT_STORM, SOURCE_HARNESS, WHO_NONE)->number = rounds;
}

/* Signals as fast as they are taken, so at the target's own pace, on a busy machine too. */
static void do_storm(struct player *p, const struct step *step)
{
	int who = log_participant(p->log, step->who, p->log->count);

	if (who < 0 || has_ended(p, who))
		miss(p, "it has ended already");
	else
		blow_storm(p, step, who);
	if (step_waits(step) && !is_over(p))
		do_await(p, step);
}

/* A carriage return is what the Enter key sends. */
static void type_line(struct player *p, const char *text)
{
	char *line = talloc_asprintf(p->log, "%s\r", text);

	do_type(p, line, strlen(line));
	talloc_free(line);
}

static void stimulate(struct player *p, const struct step *step)
{
	switch (step->verb) {
	case VERB_TYPE:
		type_line(p, step->arg);
		return;
	case VERB_KEYS:
		do_type(p, step->arg, strlen(step->arg));
		return;
	case VERB_PRESS:
		do_type(p, &step->key, 1);
		return;
	case VERB_STORM:
		do_storm(p, step);
		return;
	case VERB_SIGNAL:
		do_signal(p, step);
		return;
	case VERB_TELL:
		do_tell(p, step);
		return;
	case VERB_HANGUP:
		pty_hangup(&p->pty);
		return;
	case VERB_RESIZE:
		if (p->pty.master >= 0)
			pty_resize(&p->pty, step->rows, step->columns);
		return;
	case VERB_AWAIT:
	case VERB_SETTLE:
		return;
	}
}

static void do_step(struct player *p, size_t index)
{
	const struct step *step = &p->scene->steps[index];
	bool waits = step->verb == VERB_AWAIT || step->verb == VERB_SETTLE;

	/* Never two stimuli at once: the scene comes to rest in between, unless it never does. */
	if (!waits && !p->scene->test_case->busy && !settle(p, NULL))
		return;
	struct event *event = log_add(p->log, EVENT_STEP, SOURCE_HARNESS, WHO_NONE);
	event->number = (long)index;
	event->text = talloc_strdup(p->log, step->text);
	if (step->verb == VERB_AWAIT) {
		do_await(p, step);
	} else if (step->verb == VERB_SETTLE) {
		settle(p, step->arg);
	} else {
		stimulate(p, step);
		p->news++; /* who polls must look again */
	}
}

/* --- from the curtain's rise to its fall --- */

static int open_input(const char *text)
{
	int fds[2];
	size_t length = strlen(text);

	/* All of it must fit: nobody could go on writing once the shell has gone. */
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	ssize_t n = write(fds[1], text, length);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, 0);
	if (n == (ssize_t)length)
		return fds[0];
	close(fds[0]);
	errno = EFBIG;
	return -1;
}

static int seize(void *context, pid_t shell)
{
	struct player *p = context;

	return p->log->traced ? trace_seize(shell) : 0;
}

static const char *start(struct player *p, const struct player_shell *shell)
{
	const struct test_case *tc = p->scene->test_case;
	int input = -1;
	const char *step;

	if (tc->terminal) {
		int result = pty_open(&p->pty);
		if (result != 0)
			return talloc_asprintf(
				p->log, "unable to open a terminal: %s", strerror(-result));
	}
	if (shell->input && (input = open_input(shell->input)) < 0)
		return talloc_asprintf(
			p->log, "unable to fill the program's input: %s", strerror(errno));
	struct launch_plan plan = {.file = shell->file,
		.argv = shell->argv,
		.env = shell->env,
		.dir = p->arena->home,
		.slave = p->pty.slave,
		.input = input,
		.session = p->scene->session,
		.ignored = tc->ignored,
		.blocked = tc->blocked,
		.isolation = p->options->isolation,
		.filter = p->options->filter,
		.no_new_privs = p->options->no_new_privs,
		.seize = seize,
		.context = p};
	int result = launch_start(&plan, &p->launched, &step);
	if (input >= 0)
		close(input);
	if (result != 0)
		return talloc_asprintf(p->log, "unable to %s: %s", step, strerror(-result));
	p->watch->init = p->launched.init;
	p->watch->pid1 = p->scene->session == SESSION_PID1;
	p->watch->periodic = shell->timer.kind != TIMER_NONE;
	p->timer = shell->timer;
	p->watch->terminal = pty_device(&p->pty);
	p->watch->master = &p->pty.master;
	watch_settle_depth(p->watch, p->launched.shell);
	watch_proc(p->watch, p->launched.shell, WHO_INIT);
	p->log->procs[0].name = talloc_strdup(p->log, p->log->subject);
	record_terminal(p);
	return NULL;
}

/* With it a namespace's processes are all killed, and their ends may be told before its own: then a
 * shell killed by somebody else would be taken for one that SIGKILL ended in the scene. */
static bool first_process_lives(const struct player *p)
{
	char state;
	bool ending;

	return proc_stat(p->launched.init, &state, &ending) && state != 'Z' && state != 'X' &&
	       !ending;
}

static void end(struct player *p)
{
	launch_end(&p->launched, p->options->isolation);
	for (size_t i = 0; i < p->link_count; i++)
		if (p->links[i].fd >= 0)
			close(p->links[i].fd);
	pty_close(&p->pty);
	talloc_free(p->watch);
}

enum played player_play(struct log *log, const struct scene *scene, const struct arena *arena,
	const struct player_shell *shell, const struct player_options *options, const char **why)
{
	struct player p = {.scene = scene,
		.options = options,
		.arena = arena,
		.log = log,
		.pty = PTY_NONE,
		.launched = {.init = -1, .shell = -1, .wire = -1},
		.now = {.busy = WHO_NONE},
		.before = {.busy = WHO_NONE},
		.deadline_ns = now_ns() + (int64_t)(options->deadline_s * 1e9),
		.waited_ns = waited_for_processor(getpid())};

	log->traced = options->trace;
	log->subject = mode_subject(scene->test_case->mode);
	p.watch = watch_new(log, log, options->isolation != ISOLATION_SUBREAPER);
	p.broken = start(&p, shell);
	for (size_t i = 0; i < scene->step_count && !is_over(&p); i++)
		do_step(&p, i);
	/* Where the shell is that process, its end is what is measured. */
	if (!p.broken && !p.watch->pid1 && !first_process_lives(&p))
		p.broken = first_killed;
	end(&p);
	*why = p.broken;
	if (p.cancelled)
		return PLAY_CANCELLED;
	return p.broken ? PLAY_BROKEN : PLAYED;
}
