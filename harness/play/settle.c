#include "playing.h"

#include <stdio.h>
#include <talloc.h>
#include <time.h>
#include <unistd.h>

#include "../model/outcome.h"
#include "../watch/proc.h"

enum {
	NAP_MAX_NS = 100000000,
	KEEP_WAITS_AFTER_NS = 1000000000,
	STARVED_DEADLINES = 9, /* how many a scene may get on top for want of a processor */
};

/* --- time --- */

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* How long the process (or thread, or zombie) has wanted to run and could not; proc(5), schedstat.
 * 0 where the kernel does not tell. */
static int64_t waited_for_processor(pid_t pid)
{
	char text[128];
	long long waited = 0;

	if (proc_read(pid, "schedstat", text, sizeof(text)) <= 0 ||
		sscanf(text, "%*s %lld", &waited) != 1)
		return 0;
	return waited;
}

void begin_deadline(struct player *p)
{
	p->began_ns = now_ns();
	p->waited_ns = waited_for_processor(getpid());
}

/* Nearly every scene is over by then, and need not pay for it. */
void keep_wait(struct player *p, pid_t pid)
{
	if (now_ns() - p->began_ns > KEEP_WAITS_AFTER_NS)
		p->ended_waited_ns += waited_for_processor(pid);
}

/* The deadline is for scenes that do not end. One that others leave no processor to gets as much
 * more as it had to wait, within bounds: a shell that computes for ever waits, too. */
bool is_too_late(const struct player *p)
{
	int64_t deadline = (int64_t)(p->options->deadline_s * 1e9);
	int64_t late = now_ns() - p->began_ns - deadline, waited;

	if (late <= 0)
		return false;
	if (late > STARVED_DEADLINES * deadline)
		return true;
	waited = waited_for_processor(getpid()) - p->waited_ns + p->ended_waited_ns;
	for (size_t i = 0; i < p->log->proc_count; i++)
		if (p->watch->tracees[i].alive)
			waited += waited_for_processor(p->log->procs[i].outer);
	return late > waited;
}

bool is_over(const struct player *p)
{
	return p->broken || p->cancelled || p->timed_out || p->stuck;
}

void check_limits(struct player *p)
{
	if (p->log->count > EVENTS_MAX && !is_over(p)) {
		p->timed_out = true;
		log_add(p->log, EVENT_TIMEOUT, SOURCE_HARNESS, WHO_NONE)->text =
			talloc_strdup(p->log, "it floods: more than 50000 events");
	}
}

/* Somebody may be computing, or waiting with a timeout (fish's idle threads: half a second), of
 * which there is no news. */
long next_nap(long nap, int64_t waited_ns)
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

/* The same of a program with many timers, of which it is known how often it looks at least: for so
 * long nothing has happened while all were waiting. What passed before a look that finds somebody
 * at work does not count: who starts slowly on a busy machine has not begun to wait. But it takes
 * nothing back: Go's runtime wakes up every few milliseconds for a while, and means nothing by it.
 * Untraced, a process that has been started is no news, but there is one more. */
static bool has_had_time(struct player *p, bool quiet)
{
	struct pause *pause = &p->pause;
	int64_t now = now_ns();

	if (pause->news != p->news || pause->count != p->log->proc_count)
		*pause = (struct pause){.news = p->news, .count = p->log->proc_count};
	else if (quiet)
		pause->ns += now - pause->looked_ns;
	pause->looked_ns = now;
	return quiet && pause->ns > p->timer.polling_ms * 1000000LL;
}

bool is_settled(struct player *p)
{
	bool quiet = is_quiet(p);

	if (p->timer.kind == TIMER_POLLING && p->timer.polling_ms > 0)
		return has_had_time(p, quiet);
	return quiet && (p->timer.kind != TIMER_POLLING || has_looked_round(p));
}

/* --- what is recorded then --- */

static int holder_index(const struct player *p, pid_t outer_group)
{
	for (size_t i = p->log->proc_count; i-- > 0;)
		if (p->log->procs[i].outer == outer_group)
			return (int)i;
	return outer_group == p->launched.init ? WHO_INIT : WHO_NONE;
}

void record_terminal(struct player *p)
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

void time_out(struct player *p, const char *wish)
{
	char *busy = what_keeps_it_busy(p);
	struct event *event = log_add(p->log, EVENT_TIMEOUT, SOURCE_HARNESS, WHO_NONE);

	p->timed_out = true;
	event->text = talloc_asprintf(p->log, "no end within %g s while waiting for: %s; %s",
		p->options->deadline_s, wish, busy);
}

/* --- waiting --- */

static bool at_prompt(struct player *p, int who)
{
	const struct seen *seen = look_find(&p->now, who);

	if (!seen || !look_at_prompt(seen) || p->pty.master < 0)
		return false;
	return getpgid(seen->outer) == pty_foreground(&p->pty) && pty_pending_input(&p->pty) == 0;
}

bool has_come(struct player *p, const struct step *step)
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

bool wait_until(struct player *p, const char *wish, const struct step *step, const char *label)
{
	long nap = NAP_MIN_NS;
	int64_t began_ns = now_ns();

	while (!is_over(p)) {
		bool news = drain(p);

		check_limits(p);
		if (is_over(p))
			return false;
		if (step && has_come(p, step))
			return true;
		if (is_settled(p)) {
			record_look(p, label);
			return !step || holds_at_rest(p, step);
		}
		if (is_too_late(p)) {
			time_out(p, wish);
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
