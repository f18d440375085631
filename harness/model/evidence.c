/* See evidence.h. Every function is a pure function of the log. */
#include "evidence.h"

#include <signal.h>
#include <string.h>

#include <talloc.h>

static const struct event *event_at(const struct window *window, size_t seq)
{
	return &window->log->events[seq];
}

static bool is(const struct event *event, enum event_kind kind, int who)
{
	return event->kind == kind && event->who == who;
}

/* Index of the last such event before 'seq', or SIZE_MAX. */
static size_t last_before(const struct window *window, enum event_kind kind, int who, size_t seq)
{
	for (size_t i = seq; i-- > 0;)
		if (is(event_at(window, i), kind, who))
			return i;
	return SIZE_MAX;
}

static bool happened(const struct window *window, enum event_kind kind, int who)
{
	return last_before(window, kind, who, window->to) != SIZE_MAX;
}

bool evidence_actor(const struct window *window, int who)
{
	return happened(window, EVENT_START, who);
}

/* Signals ---------------------------------------------------------------------------------- */

static bool actor_reported(const struct window *window, int who, int sig)
{
	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = event_at(window, i);

		if (is(event, EVENT_SIGNAL, who) && event->source == SOURCE_ACTOR &&
			event->sig == sig)
			return true;
	}
	return false;
}

static bool ignored_at(const struct window *window, int who, int sig, size_t seq)
{
	size_t seen = last_before(window, EVENT_SEEN, who, seq);

	return seen != SIZE_MAX && sig > 0 && event_at(window, seen)->status &&
	       event_at(window, seen)->status->ignored & 1ULL << (sig - 1);
}

/* An actor tells itself what it got; the tracer is asked about what an actor cannot tell. */
bool evidence_got(const struct window *window, size_t seq)
{
	const struct event *event = event_at(window, seq);

	if (event->kind != EVENT_SIGNAL)
		return false;
	if (event->source == SOURCE_ACTOR)
		return true;
	if (seq < log_actor_since(window->log, event->who, window->to))
		return true;
	/* The actor dies (or stops) of a signal it caught by sending it to itself once more. */
	if (event->code == SI_TKILL && event->other == event->who)
		return false;
	return !actor_reported(window, event->who, event->sig) ||
	       ignored_at(window, event->who, event->sig, seq);
}

static bool announced(const struct window *window, int who, int sig)
{
	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = event_at(window, i);

		if (is(event, EVENT_ANNOUNCE, who) && event->how != 'e' && event->number == sig)
			return true;
	}
	return false;
}

bool evidence_sent(const struct window *window, size_t seq)
{
	const struct event *event = event_at(window, seq);

	if (event->kind != EVENT_KILL || event->result < 0 || event->sig == 0)
		return false;
	/* The other half of the above: this call is the actor's default action. */
	return event->group || event->other != event->who ||
	       !announced(window, event->who, event->sig);
}

/* Stopping --------------------------------------------------------------------------------- */

static bool seen_stopped(const struct window *window, size_t seq)
{
	const struct event *event = event_at(window, seq);

	return event->status && event->status->state == PROC_STOPPED;
}

static bool was_stopped_before(const struct window *window, size_t seq)
{
	size_t seen = last_before(window, EVENT_SEEN, event_at(window, seq)->who, seq);

	return seen != SIZE_MAX && seen_stopped(window, seen);
}

/* Several witnesses see one stop: the nearest to the kernel speaks for all. */
static bool is_best_source(const struct window *window, size_t seq)
{
	static const int rank[] = {[SOURCE_TRACE] = 2, [SOURCE_INIT] = 1, [SOURCE_MARK] = 0};
	const struct event *event = event_at(window, seq);

	for (size_t i = 0; i < window->to; i++) {
		const struct event *rival = event_at(window, i);

		if (is(rival, EVENT_STOPPED, event->who) || is(rival, EVENT_CONTINUED, event->who))
			if (rank[rival->source] > rank[event->source])
				return false;
	}
	return true;
}

static bool reported_stops(const struct window *window, int who)
{
	return happened(window, EVENT_STOPPED, who) || happened(window, EVENT_CONTINUED, who);
}

static bool is_stop_notice(const struct event *event, int who)
{
	return is(event, EVENT_ANNOUNCE, who) && event->how == 't';
}

/* A stop an actor announced came true when the next look finds it stopped. */
static bool came_true(const struct window *window, size_t seq)
{
	int who = event_at(window, seq)->who;

	for (size_t i = seq + 1; i < window->to; i++) {
		if (is_stop_notice(event_at(window, i), who))
			return false;
		if (is(event_at(window, i), EVENT_SEEN, who))
			return seen_stopped(window, i);
	}
	return false;
}

static bool noticed_since_last_look(const struct window *window, size_t seq)
{
	int who = event_at(window, seq)->who;

	for (size_t i = seq; i-- > 0;) {
		if (is_stop_notice(event_at(window, i), who))
			return true;
		if (is(event_at(window, i), EVENT_SEEN, who))
			return false;
	}
	return false;
}

bool evidence_stopped(const struct window *window, size_t seq, int *sig)
{
	const struct event *event = event_at(window, seq);

	*sig = event->sig;
	if (event->kind == EVENT_STOPPED)
		return is_best_source(window, seq);
	if (event->kind != EVENT_ANNOUNCE && event->kind != EVENT_SEEN)
		return false;
	if (reported_stops(window, event->who))
		return false;
	if (is_stop_notice(event, event->who)) {
		*sig = (int)event->number;
		return came_true(window, seq);
	}
	*sig = 0;
	return event->kind == EVENT_SEEN && seen_stopped(window, seq) &&
	       !was_stopped_before(window, seq) && !noticed_since_last_look(window, seq);
}

bool evidence_continued(const struct window *window, size_t seq)
{
	const struct event *event = event_at(window, seq);

	if (event->kind == EVENT_CONTINUED)
		return is_best_source(window, seq);
	return event->kind == EVENT_SEEN && event->status && event->status->state == PROC_RUNNING &&
	       was_stopped_before(window, seq) && !reported_stops(window, event->who);
}

/* Ending ----------------------------------------------------------------------------------- */

static int ending_rank(const struct event *event)
{
	if (event->how == '?')
		return 1;
	return event->source == SOURCE_TRACE ? 4 : event->source == SOURCE_INIT ? 3 : 2;
}

static size_t best_ending(const struct window *window, int who)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < window->to; i++)
		if (is(event_at(window, i), EVENT_ENDED, who) &&
			(best == SIZE_MAX || ending_rank(event_at(window, i)) >
						     ending_rank(event_at(window, best))))
			best = i;
	return best;
}

static bool seen_alive(const struct event *event, int who)
{
	if (event->kind == EVENT_FORK && event->other == who)
		return true;
	return event->who == who;
}

/* Where nobody reports an end: a look finds the process ended, or does not find it any more. Of
 * the shell and of traced processes every end is reported, so that absence proves nothing. */
static size_t missed_by_look(const struct window *window, int who)
{
	size_t alive = SIZE_MAX, look = SIZE_MAX;
	bool reported = window->log->traced || who == 0;

	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = event_at(window, i);

		if (is(event, EVENT_SEEN, who) && event->status &&
			event->status->state == PROC_ENDED)
			return i;
		if (seen_alive(event, who)) {
			alive = i;
			look = SIZE_MAX;
		} else if (event->kind == EVENT_LOOK && look == SIZE_MAX && alive != SIZE_MAX) {
			look = i;
		}
	}
	return reported ? SIZE_MAX : look;
}

static void ending_from_notice(const struct window *window, int who, struct ending *ending)
{
	for (size_t i = window->to; i-- > 0;) {
		const struct event *event = event_at(window, i);

		if (!is(event, EVENT_ANNOUNCE, who) || event->how == 't')
			continue;
		ending->how = event->how;
		ending->number = event->number;
		return;
	}
}

bool evidence_ended(const struct window *window, int who, struct ending *ending)
{
	size_t seq = best_ending(window, who);

	*ending = (struct ending){.how = '?'};
	if (seq != SIZE_MAX) {
		ending->how = event_at(window, seq)->how;
		ending->number = event_at(window, seq)->number;
	} else {
		seq = missed_by_look(window, who);
	}
	if (seq == SIZE_MAX)
		return false;
	ending->seq = seq;
	if (ending->how == '?')
		ending_from_notice(window, who, ending);
	return true;
}

const char *evidence_how(const void *parent, const struct ending *ending)
{
	if (ending->how == 'e')
		return talloc_asprintf(parent, "exit %ld", ending->number);
	if (ending->how == 's')
		return talloc_asprintf(
			parent, "signal %s", log_signal(parent, (int)ending->number));
	return NULL;
}

/* Standing --------------------------------------------------------------------------------- */

static bool has_ids(const struct event *event)
{
	return (event->kind == EVENT_SEEN || event->kind == EVENT_START) && event->status &&
	       event->status->state != PROC_ENDED;
}

const struct proc_status *evidence_start(const struct window *window, const char *name)
{
	for (size_t i = window->to; i-- > window->from;) {
		const struct event *event = event_at(window, i);

		if (event->kind == EVENT_START && event->text && strcmp(event->text, name) == 0)
			return event->status;
	}
	return NULL;
}

const struct proc_status *evidence_last(const struct window *window, int who)
{
	for (size_t i = window->to; i-- > window->from;)
		if (event_at(window, i)->who == who && has_ids(event_at(window, i)))
			return event_at(window, i)->status;
	return NULL;
}

bool evidence_state(const struct window *window, int who, enum proc_state *state)
{
	struct ending ending;
	bool ended = evidence_ended(window, who, &ending);
	size_t seen = last_before(window, EVENT_SEEN, who, window->to);

	if (seen != SIZE_MAX && (seen < window->from || !event_at(window, seen)->status))
		seen = SIZE_MAX;
	/* A look after the end tells more: whether it was waited for. */
	if (ended && (seen == SIZE_MAX || ending.seq >= seen)) {
		*state = PROC_ENDED;
		return true;
	}
	if (seen == SIZE_MAX)
		return false;
	*state = event_at(window, seen)->status->state;
	return true;
}

const struct event *evidence_terminal(const struct window *window)
{
	for (size_t i = window->to; i-- > window->from;)
		if (event_at(window, i)->kind == EVENT_TTY)
			return event_at(window, i);
	return NULL;
}

/* Groups ----------------------------------------------------------------------------------- */

static pid_t pid_of(const struct window *window, int who)
{
	return who >= 0 && (size_t)who < window->log->proc_count ? window->log->procs[who].pid : 0;
}

pid_t evidence_target(const struct window *window, size_t seq)
{
	const struct event *event = event_at(window, seq);

	if (event->kind == EVENT_TCSETPGRP && event->other >= 0)
		return pid_of(window, event->other);
	if (event->kind == EVENT_SETPGID && event->number == 0)
		return pid_of(window, event->other);
	return (pid_t)event->number;
}

/* The group event seq tells who to be in; 0: it tells nothing about that. */
static pid_t pgid_told(const struct window *window, int who, size_t seq)
{
	const struct event *event = event_at(window, seq);

	if (event->who == who && has_ids(event))
		return event->status->pgid;
	if (event->kind == EVENT_SETPGID && event->other == who && event->result == 0)
		return evidence_target(window, seq);
	if (is(event, EVENT_SETSID, who) && event->result == 0)
		return pid_of(window, who);
	/* A child begins in its creator's group. */
	if (event->kind == EVENT_FORK && event->other == who && event->who != who)
		return evidence_pgid(window, event->who, seq);
	return 0;
}

pid_t evidence_pgid(const struct window *window, int who, size_t seq)
{
	for (size_t i = seq; i-- > 0;) {
		pid_t pgid = pgid_told(window, who, i);

		if (pgid > 0)
			return pgid;
	}
	return 0;
}

/* Has the process been heard of by then? Its own first call may come before the event that tells
 * of its birth. */
static bool existed(const struct window *window, int who, size_t seq)
{
	for (size_t i = 0; i <= seq && i < window->to; i++)
		if (event_at(window, i)->who == who || event_at(window, i)->other == who)
			return true;
	return who == 0;
}

static pid_t pgid_around(const struct window *window, int who, size_t seq)
{
	pid_t pgid = evidence_pgid(window, who, seq);

	if (pgid > 0)
		return pgid;
	for (size_t i = seq; pgid <= 0 && i < window->to; i++)
		pgid = pgid_told(window, who, i);
	return pgid;
}

/* Whoever leads that group and has a name stands for it. */
static bool leader_is_named(const struct window *window, pid_t pgid)
{
	for (size_t i = 0; i < window->log->proc_count; i++)
		if (window->log->procs[i].pid == pgid && window->log->procs[i].name)
			return true;
	return false;
}

/* A group without a name, a subshell's for example, goes by its members, also those to come. */
static bool is_member(const struct window *window, int who, pid_t pgid, size_t seq)
{
	if (window->log->procs[who].pid == pgid)
		return true;
	if (!existed(window, who, seq) && leader_is_named(window, pgid))
		return false;
	return pgid_around(window, who, seq) == pgid;
}

bool evidence_member(const struct window *window, const char *name, pid_t pgid, size_t seq)
{
	const struct log *log = window->log;

	for (size_t i = 0; pgid > 0 && i < log->proc_count; i++)
		if (log_denotes(log, (int)i, name, seq, window->to) &&
			is_member(window, (int)i, pgid, seq))
			return true;
	return false;
}

/* Who held the terminal before the first call: what the first look says, if it came in time. */
static pid_t first_holder(const struct window *window)
{
	for (size_t i = 0; i < window->to; i++) {
		if (event_at(window, i)->kind == EVENT_TCSETPGRP)
			return 0;
		if (event_at(window, i)->kind == EVENT_TTY)
			return (pid_t)event_at(window, i)->number;
	}
	return 0;
}

struct handover *evidence_handovers(const void *parent, const struct window *window, size_t *count)
{
	struct handover *list = talloc_array(parent, struct handover, 0);
	pid_t holder = first_holder(window);

	*count = 0;
	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = event_at(window, i);

		if (event->kind != EVENT_TCSETPGRP || event->result != 0 ||
			evidence_target(window, i) == holder)
			continue;
		holder = evidence_target(window, i);
		if (i < window->from)
			continue;
		list = talloc_realloc(parent, list, struct handover, *count + 1);
		list[(*count)++] = (struct handover){.seq = i, .pgid = holder};
	}
	return list;
}

/* Participants ----------------------------------------------------------------------------- */

static bool contains(const char **names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const char **evidence_names(const void *parent, const struct window *window)
{
	const char **names = talloc_zero_array(parent, const char *, window->to + 2);
	size_t count = 0;

	if (window->log->proc_count)
		names[count++] = window->log->subject;
	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = event_at(window, i);

		if ((event->kind != EVENT_START && event->kind != EVENT_NAMED) || !event->text ||
			contains(names, count, event->text))
			continue;
		names[count++] = event->text;
	}
	return names;
}
