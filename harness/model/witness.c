/* Not compared, and why: what marks say ($?, $!) is the shell's own word, and whether it is right
 * is what cases ask; an actor's "stop" may rightly have no effect (an orphaned group); what an
 * actor reads and writes, and terminal modes, only it sees. */
#include "witness.h"

#include <talloc.h>

#include "evidence.h"

enum { EXIT_HARNESS_GONE = 125 }; /* of an actor that has nobody to announce it to */

/* --- what a process is from its start: actor and /proc --- */

/* The exec that made the process what it reported itself as, or SIZE_MAX. */
static size_t exec_of(const struct log *log, size_t start)
{
	for (size_t i = start; i-- > 0;)
		if (log->events[i].kind == EVENT_EXEC &&
			log->events[i].who == log->events[start].who)
			return i;
	return SIZE_MAX;
}

static const char *mask_dispute(
	const struct log *log, const char *name, const char *what, uint64_t own, uint64_t seen)
{
	for (int sig = 1; sig <= 64; sig++) {
		uint64_t bit = 1ULL << (sig - 1);

		if ((own & bit) == (seen & bit))
			continue;
		return talloc_asprintf(log,
			"%s says %s was %s%s when it started, but from outside it was%s", name,
			log_signal(log, sig), own & bit ? "" : "not ", what,
			own & bit ? " not" : "");
	}
	return NULL;
}

/* Between the exec and the report nobody but the actor could change them. */
static const char *start_masks(const struct log *log, size_t start)
{
	const struct event *event = &log->events[start];
	size_t exec = exec_of(log, start);
	const struct proc_status *seen = exec == SIZE_MAX ? NULL : log->events[exec].status;
	const char *name = log_name(log, log, event->who, start), *dispute;

	if (!seen || !event->status)
		return NULL;
	dispute = mask_dispute(log, name, "ignored", event->status->ignored, seen->ignored);
	return dispute ? dispute
		       : mask_dispute(log, name, "blocked", event->status->blocked, seen->blocked);
}

static bool ends_between(const struct log *log, int who, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (log->events[i].kind == EVENT_ENDED && log->events[i].who == who)
			return true;
	return false;
}

static size_t next_of(const struct log *log, enum event_kind kind, int who, size_t from)
{
	size_t i = from;

	while (i < log->count && (log->events[i].kind != kind || log->events[i].who != who))
		i++;
	return i;
}

/* A parent that ends leaves its child to another, and the tracer hears of it later than the child:
 * only one that lives on is compared. */
static const char *start_parent(const struct log *log, size_t start)
{
	const struct event *event = &log->events[start];
	int parent = log->procs[event->who].parent;
	size_t look = next_of(log, EVENT_LOOK, WHO_NONE, start);

	if (parent < 0 || !event->status || event->status->ppid == log->procs[parent].pid ||
		ends_between(log, parent, 0, look))
		return NULL;
	return talloc_asprintf(log,
		"%s says its parent is %d, but the tracer saw %s (%d) create it",
		log_name(log, log, event->who, start), (int)event->status->ppid,
		log_name(log, log, parent, start), (int)log->procs[parent].pid);
}

/* --- the terminal: actor, tracer and the terminal itself --- */

/* Has the call, which is in the log from its start on, had no effect yet at event 'seq'? */
static bool under_way(const struct event *call, size_t seq)
{
	return call->result == LOG_PENDING || call->returned > seq;
}

/* Has the process, or one it comes from, made a session before? That one has another terminal, if
 * any, or has made the first its own. */
static bool left_session(const struct log *log, int who, size_t before)
{
	for (; who >= 0; who = log->procs[who].parent)
		for (size_t i = 0; i < before; i++)
			if (log->events[i].kind == EVENT_SETSID && log->events[i].who == who)
				return true;
	return false;
}

/* From the actor's program on: it may have asked before somebody else's call, which may have begun
 * before that program, and reported after it. One without a terminal says 0. */
static const char *start_foreground(const struct log *log, size_t start)
{
	const struct event *event = &log->events[start], *tty;
	size_t exec = exec_of(log, start), look = next_of(log, EVENT_TTY, WHO_NONE, start);

	if (exec == SIZE_MAX || look == log->count || !event->status ||
		event->status->foreground <= 0 || left_session(log, event->who, start))
		return NULL;
	for (size_t i = 0; i < look; i++)
		if ((log->events[i].kind == EVENT_TCSETPGRP ||
			    log->events[i].kind == EVENT_SETSID) &&
			(i > exec || under_way(&log->events[i], exec)))
			return NULL;
	tty = &log->events[look];
	if (tty->number <= 0 || tty->number == event->status->foreground)
		return NULL;
	return talloc_asprintf(log,
		"%s says the foreground group is %d, but for the terminal it is %ld",
		log_name(log, log, event->who, start), (int)event->status->foreground, tty->number);
}

/* What the terminal says in a look is what the last successful call before it said. */
static const char *holder(const struct log *log, size_t look)
{
	const struct event *tty = &log->events[look], *call = NULL;
	size_t seq = look;

	while (!call && seq-- > 0)
		if (log->events[seq].kind == EVENT_TCSETPGRP && log->events[seq].result == 0)
			call = &log->events[seq];
	if (!call || call->other < 0 || tty->other < 0 || call->other == tty->other)
		return NULL;
	return talloc_asprintf(log, "the tracer saw %s give the terminal to %s, but %s holds it",
		log_name(log, log, call->who, seq), log_name(log, log, call->other, seq),
		log_name(log, log, tty->other, look));
}

/* --- ends: actor, tracer and /proc --- */

static const struct event *last_announcement(const struct log *log, int who, size_t before)
{
	for (size_t i = before; i-- > 0;)
		if (log->events[i].kind == EVENT_ANNOUNCE && log->events[i].who == who &&
			log->events[i].how != 't')
			return &log->events[i];
	return NULL;
}

/* An actor says before it exits that it will, and how. Between the two a signal may kill it, so a
 * death by signal contradicts nothing. */
static const char *actor_end(const struct log *log, size_t end)
{
	const struct event *event = &log->events[end], *said;
	const char *name;

	if (event->who < 0 || event->source != SOURCE_TRACE || event->how != 'e' ||
		event->number == EXIT_HARNESS_GONE ||
		end < log_actor_since(log, event->who, log->count))
		return NULL;
	said = last_announcement(log, event->who, end);
	name = log_name(log, log, event->who, end);
	if (!said)
		return talloc_asprintf(log,
			"the tracer saw %s exit with %ld, %s says nothing of it", name,
			event->number, name);
	if (said->how == 'e' && said->number == event->number)
		return NULL;
	return talloc_asprintf(log, "%s says it ends by %s, but for the tracer it exited with %ld",
		name,
		said->how == 'e' ? talloc_asprintf(log, "exit %ld", said->number)
				 : log_signal(log, (int)said->number),
		event->number);
}

/* Who has ended for the tracer does not run for /proc. */
static const char *end_seen(const struct log *log, size_t end)
{
	int who = log->events[end].who;

	if (log->events[end].source != SOURCE_TRACE || who < 0)
		return NULL;
	for (size_t i = end + 1; i < log->count; i++) {
		const struct event *event = &log->events[i];

		if (event->kind == EVENT_SEEN && event->who == who && event->status &&
			event->status->state <= PROC_STOPPED)
			return talloc_asprintf(log,
				"the tracer saw %s end, but it is %s from outside",
				log_name(log, log, who, end), log_state(event->status->state));
	}
	return NULL;
}

/* --- groups: tracer and /proc --- */

static const char *moved(const struct log *log, size_t call)
{
	const struct event *event = &log->events[call];
	int who = event->other;

	if (event->result != 0 || who < 0 || event->number <= 0)
		return NULL;
	for (size_t i = call + 1; i < log->count; i++) {
		const struct event *later = &log->events[i];

		if ((later->kind == EVENT_SETPGID && later->other == who) ||
			(later->kind == EVENT_SETSID && later->who == who) ||
			(later->kind == EVENT_ENDED && later->who == who))
			return NULL;
		if (later->kind != EVENT_SEEN || later->who != who || !later->status)
			continue;
		if (later->status->state > PROC_STOPPED || later->status->pgid <= 0 ||
			later->status->pgid == event->number)
			return NULL;
		return talloc_asprintf(log,
			"the tracer saw %s move into group %ld, but from outside it is in %d",
			log_name(log, log, who, call), event->number, (int)later->status->pgid);
	}
	return NULL;
}

/* --- order: actor and tracer --- */

/* The signals of one process, in order, from one source; storms are told as sums. */
static size_t next_signal(const struct log *log, enum source source, int who, size_t from)
{
	size_t i = from;

	while (i < log->count &&
		!(log->events[i].kind == EVENT_SIGNAL && log->events[i].source == source &&
			log->events[i].who == who))
		i++;
	return i;
}

static bool has_storm(const struct log *log)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->events[i].kind == EVENT_STORM)
			return true;
	return false;
}

/* Handlers of an actor do not interrupt each other, so it reports in the order of delivery. The
 * tracer sees more: what is ignored, or kills. Is each report, in turn, among the deliveries that
 * come after the one before it? */
static const char *signal_order(const struct log *log, int who)
{
	size_t delivery = 0, report = next_signal(log, SOURCE_ACTOR, who, 0);

	for (; report < log->count; report = next_signal(log, SOURCE_ACTOR, who, report + 1)) {
		const struct event *event = &log->events[report];

		delivery = next_signal(log, SOURCE_TRACE, who, delivery);
		while (delivery < log->count && log->events[delivery].sig != event->sig)
			delivery = next_signal(log, SOURCE_TRACE, who, delivery + 1);
		if (delivery == log->count)
			return talloc_asprintf(log,
				"%s says it got %s after what the tracer delivered later",
				log_name(log, log, who, report), log_signal(log, event->sig));
		delivery++;
	}
	return NULL;
}

static const char *event_dispute(const struct log *log, size_t seq)
{
	const char *dispute = NULL;

	switch (log->events[seq].kind) {
	case EVENT_START:
		if (log->events[seq].who < 0)
			return NULL;
		dispute = start_masks(log, seq);
		if (!dispute)
			dispute = start_parent(log, seq);
		return dispute ? dispute : start_foreground(log, seq);
	case EVENT_TTY:
		return holder(log, seq);
	case EVENT_ENDED:
		dispute = actor_end(log, seq);
		return dispute ? dispute : end_seen(log, seq);
	case EVENT_SETPGID:
		return moved(log, seq);
	default:
		return NULL;
	}
}

const char *witness_dispute(const struct log *log)
{
	const char *dispute = NULL;

	for (size_t i = 0; i < log->count && !dispute; i++)
		dispute = event_dispute(log, i);
	for (size_t i = 0; i < log->proc_count && !dispute && !has_storm(log); i++)
		if (log_actor_since(log, (int)i, log->count) < log->count)
			dispute = signal_order(log, (int)i);
	return dispute;
}
