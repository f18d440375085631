/* From the log to the outcome's name: deadline, then disputes, then the rows of the table. */
#include "outcome.h"

#include <signal.h>
#include <string.h>

#include <talloc.h>

#include "evidence.h"
#include "witness.h"

static const struct event *find_event(const struct log *log, enum event_kind kind)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->events[i].kind == kind)
			return &log->events[i];
	return NULL;
}

static const char *text_of(const struct log *log, const struct event *event)
{
	return log_escape(log, event->text ? event->text : "");
}

/* Disputes --------------------------------------------------------------------------------- */

/* Could what happened between the report and the look have changed the ids? */
static bool ids_changed(const struct log *log, int who, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct event *event = &log->events[i];

		if (event->kind == EVENT_SETPGID && event->other == who)
			return true;
		if (event->kind == EVENT_SETSID && event->who == who)
			return true;
		if (event->kind == EVENT_ENDED)
			return true; /* perhaps of its parent: then it has another */
	}
	return false;
}

/* Had the process of that number ended before? An actor learns its parent's number, and its report
 * comes after the parent's end: then it has another by now. */
static bool has_ended(const struct log *log, pid_t pid, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct event *event = &log->events[i];

		if (event->kind == EVENT_ENDED && event->who >= 0 &&
			log->procs[event->who].pid == pid)
			return true;
	}
	return false;
}

/* The first look at the actor after it reported itself. */
static size_t next_look(const struct log *log, size_t seq)
{
	for (size_t i = seq + 1; i < log->count; i++)
		if (log->events[i].kind == EVENT_SEEN && log->events[i].who == log->events[seq].who)
			return i;
	return SIZE_MAX;
}

/* Ids the kernel would not translate for us are 0: nothing is known then. */
static bool differ(pid_t reported, pid_t seen)
{
	return seen > 0 && reported != seen;
}

static const char *id_dispute(
	const struct log *log, const char *name, const char *what, pid_t reported, pid_t seen)
{
	return talloc_asprintf(log, "%s says its %s is %d, but from outside it is %d", name, what,
		(int)reported, (int)seen);
}

static const char *start_dispute(const struct log *log, size_t seq)
{
	const struct event *event = &log->events[seq];
	const struct proc_status *own = event->status, *seen;
	const char *name = log_name(log, log, event->who, seq);
	size_t look = next_look(log, seq);

	if (!own || event->who < 0)
		return NULL;
	if (differ(own->pid, log->procs[event->who].pid))
		return id_dispute(log, name, "pid", own->pid, log->procs[event->who].pid);
	if (look == SIZE_MAX || !log->events[look].status ||
		log->events[look].status->state > PROC_STOPPED ||
		ids_changed(log, event->who, seq, look))
		return NULL;
	seen = log->events[look].status;
	if (differ(own->ppid, seen->ppid) && !has_ended(log, own->ppid, seq))
		return id_dispute(log, name, "parent", own->ppid, seen->ppid);
	if (differ(own->pgid, seen->pgid))
		return id_dispute(log, name, "process group", own->pgid, seen->pgid);
	if (differ(own->sid, seen->sid))
		return id_dispute(log, name, "session", own->sid, seen->sid);
	return NULL;
}

static bool same_delivery(const struct event *a, const struct event *b)
{
	return a->who == b->who && a->sig == b->sig &&
	       (a->other == b->other || a->other == WHO_UNKNOWN || b->other == WHO_UNKNOWN);
}

/* Did the actor run on after the delivery? One that died, or is stopped, may not have come to
 * report it. */
static bool lived_on(const struct log *log, size_t seq)
{
	const struct event *event = &log->events[seq];

	for (size_t i = seq + 1; i < log->count; i++)
		if (log->events[i].kind == EVENT_SEEN && log->events[i].who == event->who &&
			log->events[i].status && log->events[i].status->state == PROC_RUNNING)
			return true;
	return false;
}

/* Was the actor to catch the signal when event seq delivered it? */
static bool would_catch(const struct log *log, size_t seq)
{
	const struct event *event = &log->events[seq];

	if (event->sig < 1 || seq < log_actor_since(log, event->who, log->count))
		return false;
	for (size_t i = seq; i-- > 0;) {
		const struct event *before = &log->events[i];

		/* What was caught before the exec is caught no more, until the actor says so. */
		if (before->who == event->who && before->kind == EVENT_EXEC)
			return false;
		if (before->who == event->who && before->status)
			return before->status->caught & 1ULL << (event->sig - 1);
	}
	return false;
}

/* The first delivery that the report may be of; SIZE_MAX: there is none. */
static size_t find_delivery(
	const struct log *log, const bool *paired, const struct event *report, bool caught)
{
	for (size_t i = log_actor_since(log, report->who, log->count); i < log->count; i++) {
		const struct event *delivery = &log->events[i];

		if (delivery->kind == EVENT_SIGNAL && delivery->source == SOURCE_TRACE &&
			!paired[i] && same_delivery(report, delivery) &&
			(!caught || would_catch(log, i)))
			return i;
	}
	return SIZE_MAX;
}

/* Pairs what actors reported with what the tracer delivered to them: paired[i] for each event. What
 * came before the actor was there it cannot mean, and what came before it was known to catch it
 * does so only if nothing else is left. */
static bool *pair_deliveries(const void *parent, const struct log *log)
{
	bool *paired = talloc_zero_array(parent, bool, log->count + 1);

	for (size_t i = 0; i < log->count; i++) {
		const struct event *report = &log->events[i];

		if (report->kind != EVENT_SIGNAL || report->source != SOURCE_ACTOR)
			continue;
		size_t delivery = find_delivery(log, paired, report, true);
		if (delivery == SIZE_MAX)
			delivery = find_delivery(log, paired, report, false);
		if (delivery != SIZE_MAX)
			paired[i] = paired[delivery] = true;
	}
	return paired;
}

/* What an unpaired delivery or report says. */
static const char *delivery_dispute(const struct log *log, size_t seq)
{
	const struct event *event = &log->events[seq];
	bool reported = event->source == SOURCE_ACTOR;
	const char *who, *sender, *sig;

	if (!reported && event->code == SI_TKILL && event->other == event->who)
		return NULL;
	if (!reported && (!would_catch(log, seq) || !lived_on(log, seq)))
		return NULL;
	who = log_name(log, log, event->who, seq);
	sender = log_name(log, log, event->other, seq);
	sig = log_signal(log, event->sig);
	if (reported)
		return talloc_asprintf(log,
			"%s says it got %s from %s, the tracer saw no such thing", who, sig,
			sender);
	return talloc_asprintf(log, "the tracer saw %s get %s from %s, %s says nothing of it", who,
		sig, sender, who);
}

static const char *signal_dispute(const struct log *log)
{
	bool *paired = pair_deliveries(log, log);
	const char *dispute = NULL;

	for (size_t i = 0; i < log->count && !dispute; i++)
		if (log->events[i].kind == EVENT_SIGNAL && !paired[i])
			dispute = delivery_dispute(log, i);
	talloc_free(paired);
	return dispute;
}

static const struct event *shell_end(const struct log *log, enum source source)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct event *event = &log->events[i];

		if (event->kind == EVENT_ENDED && event->who == 0 && event->source == source &&
			event->how != '?')
			return event;
	}
	return NULL;
}

static const char *how_of(const struct log *log, const struct event *event)
{
	struct ending ending = {.how = event->how, .number = event->number};

	return evidence_how(log, &ending);
}

static const char *end_dispute(const struct log *log)
{
	const struct event *parent = shell_end(log, SOURCE_INIT);
	const struct event *tracer = shell_end(log, SOURCE_TRACE);

	if (!parent || !tracer || (parent->how == tracer->how && parent->number == tracer->number))
		return NULL;
	return talloc_asprintf(log, "%s ended %s for its parent, but %s for the tracer",
		log->subject, how_of(log, parent), how_of(log, tracer));
}

static const char *find_dispute(const struct log *log)
{
	const char *dispute;

	/* One witness cannot contradict itself. */
	if (!log->traced)
		return NULL;
	for (size_t i = 0; i < log->count; i++)
		if (log->events[i].kind == EVENT_START && (dispute = start_dispute(log, i)))
			return dispute;
	dispute = signal_dispute(log);
	if (!dispute)
		dispute = end_dispute(log);
	return dispute ? dispute : witness_dispute(log);
}

/* Rows ------------------------------------------------------------------------------------- */

static const char *condition_text(const void *parent, const struct condition *condition)
{
	char *text = talloc_strdup(parent, condition->text ? condition->text : "");

	if (condition->at)
		text = talloc_asprintf_append(text, " at %s", condition->at);
	if (condition->since)
		text = talloc_asprintf_append(text, " since %s", condition->since);
	return text;
}

static const char *row_text(const struct log *log, const struct outcome_row *row)
{
	char *text = talloc_strdup(log, "");

	for (size_t i = 0; i < row->condition_count; i++)
		text = talloc_asprintf_append(
			text, "%s%s", i ? ", " : "", condition_text(text, &row->conditions[i]));
	return text;
}

static bool row_says_stuck(const struct outcome_row *row)
{
	for (size_t i = 0; i < row->condition_count; i++)
		if (row->conditions[i].kind == CONDITION_STUCK && !row->conditions[i].no)
			return true;
	return false;
}

static enum truth row_holds(const struct log *log, const struct outcome_row *row, const char **why)
{
	enum truth all = TRUTH_YES;

	/* A condition that is false settles it, even beside one that is hidden. */
	for (size_t i = 0; i < row->condition_count; i++) {
		const char *reason = NULL;
		enum truth truth = condition_holds(log, &row->conditions[i], &reason);

		if (truth == TRUTH_NO)
			return TRUTH_NO;
		if (truth == TRUTH_HIDDEN && all == TRUTH_YES) {
			*why = reason;
			all = TRUTH_HIDDEN;
		}
	}
	return all;
}

/* What happened, in a few words, for someone who has to write the missing row. */
static const char *summary(const struct log *log)
{
	struct window window = {.log = log, .from = 0, .to = log->count};
	const char **names = evidence_names(log, &window);
	char *text = talloc_strdup(log, "");

	for (size_t i = 0; names[i]; i++) {
		int who = log_participant(log, names[i], log->count);
		struct ending ending;
		enum proc_state state;
		const char *how = NULL;

		if (evidence_ended(&window, who, &ending))
			how = evidence_how(text, &ending);
		if (how)
			text = talloc_asprintf_append(text, "%s%s ended %s", *text ? ", " : "",
				log_escape(text, names[i]), how);
		else if (evidence_state(&window, who, &state))
			text = talloc_asprintf_append(text, "%s%s is %s", *text ? ", " : "",
				log_escape(text, names[i]), log_state(state));
	}
	talloc_free(names);
	return text;
}

static struct judgement own_judgement(const char *label, const char *reason)
{
	return (struct judgement){
		.label = label, .verdict = VERDICT_NONE, .meaning = "", .reason = reason};
}

static struct judgement judge_unknown(const struct log *log, const struct event *stuck)
{
	const char *happened = summary(log);
	const char *missed = stuck ? talloc_asprintf(log, "; stuck: %s", text_of(log, stuck)) : "";

	return own_judgement("unknown", talloc_asprintf(log, "no row of the table holds%s%s%s",
						missed, *happened ? "; " : "", happened));
}

static struct judgement judge_rows(const struct log *log, const struct scene *scene)
{
	const struct event *stuck = find_event(log, EVENT_STUCK);

	for (size_t i = 0; i < scene->row_count; i++) {
		const struct outcome_row *row = &scene->rows[i];
		const char *why = NULL;
		enum truth truth;

		if (stuck && !row_says_stuck(row))
			continue;
		truth = row_holds(log, row, &why);
		if (truth == TRUTH_HIDDEN)
			return own_judgement(
				"n/a", talloc_asprintf(log, "row '%s' cannot be judged: %s",
					       row->label, why));
		if (truth == TRUTH_YES)
			return (struct judgement){.label = row->label,
				.verdict = row->verdict,
				.meaning = row->meaning ? row->meaning : "",
				.reason = row_text(log, row),
				.line = row->line};
	}
	return judge_unknown(log, stuck);
}

struct judgement outcome_judge(struct log *log, const struct scene *scene)
{
	const struct event *timeout = find_event(log, EVENT_TIMEOUT);
	const char *dispute;

	if (timeout)
		return own_judgement(
			"timeout", talloc_asprintf(log, "not settled at the deadline: %s",
					   text_of(log, timeout)));
	dispute = find_dispute(log);
	if (dispute)
		return own_judgement("disputed", dispute);
	return judge_rows(log, scene);
}
