/* Does a condition hold? Three answers: yes, no, and hidden, where the witnesses we had cannot
 * tell. condition.c reads what is judged here. */
#include "outcome.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "evidence.h"

/* How often an event happened for certain and perhaps, when first, and whether it may have
 * happened unseen. */
struct tally {
	size_t count, maybe, first;
	bool blind;
	const char *why;
};

static bool compare_numbers(long a, enum compare op, long b)
{
	switch (op) {
	case CMP_EQ:
		return a == b;
	case CMP_NE:
		return a != b;
	case CMP_LT:
		return a < b;
	case CMP_GT:
		return a > b;
	case CMP_LE:
		return a <= b;
	case CMP_GE:
		return a >= b;
	case CMP_HAS:
		break;
	}
	return false;
}

static bool is_number(const char *text, long *number)
{
	char *end;

	*number = strtol(text, &end, 10);
	return end != text && *end == '\0';
}

static bool compare_values(const char *value, enum compare op, const char *word)
{
	long a, b;

	if (op == CMP_HAS)
		return strstr(value, word);
	if (is_number(value, &a) && is_number(word, &b))
		return compare_numbers(a, op, b);
	if (op == CMP_EQ)
		return strcmp(value, word) == 0;
	return op == CMP_NE && strcmp(value, word) != 0;
}

static enum truth truth_of(bool value)
{
	return value ? TRUTH_YES : TRUTH_NO;
}

/* Sets *why to what only the tracer sees. */
static enum truth hidden(const struct window *window, const char **why, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum truth hidden(const struct window *window, const char **why, const char *format, ...)
{
	va_list args;
	char *what;

	va_start(args, format);
	what = talloc_vasprintf(window->log, format, args);
	va_end(args);
	*why = talloc_asprintf(window->log, "only the tracer sees %s", what);
	talloc_free(what);
	return TRUTH_HIDDEN;
}

/* Events ----------------------------------------------------------------------------------- */

static bool names(const struct window *window, size_t seq, int who, const char *name)
{
	return log_denotes(window->log, who, name, seq, window->to);
}

/* 'other' of the pattern, where it is a process. */
static bool names_other(
	const struct window *window, size_t seq, const struct event_pattern *pattern)
{
	const struct event *event = &window->log->events[seq];

	if (!pattern->other)
		return true;
	if (strcmp(pattern->other, "itself") == 0)
		return event->other == event->who;
	return names(window, seq, event->other, pattern->other);
}

/* 'other' of the pattern, where it is meant with its group. */
static bool names_group(
	const struct window *window, size_t seq, const struct event_pattern *pattern, pid_t pgid)
{
	const struct event *event = &window->log->events[seq];

	if (!pattern->other || names_other(window, seq, pattern))
		return true;
	if (strcmp(pattern->other, "itself") == 0)
		return pgid > 0 && evidence_pgid(window, event->who, seq) == pgid;
	return evidence_member(window, pattern->other, pgid, seq);
}

static bool sent_matches(
	const struct window *window, size_t seq, const struct event_pattern *pattern)
{
	const struct event *event = &window->log->events[seq];
	int leader = event->other;

	if (!evidence_sent(window, seq) || (pattern->sig && pattern->sig != event->sig))
		return false;
	if (!pattern->other)
		return true;
	if (event->group != pattern->group)
		return false;
	if (!pattern->group)
		return names_other(window, seq, pattern);
	return leader >= 0 && names_group(window, seq, pattern, window->log->procs[leader].pid);
}

static bool mark_matches(const struct event *event, const struct event_pattern *pattern)
{
	if (!event->text || strcmp(event->text, pattern->who) != 0)
		return false;
	return !pattern->has_value ||
	       compare_values(event->value ? event->value : "", pattern->op, pattern->word);
}

static bool did_matches(const struct event *event, const struct event_pattern *pattern)
{
	if (pattern->query == QUERY_READ)
		return event->number >= 0 && event->text && strcmp(event->text, "read") == 0 &&
		       (pattern->number < 0 || pattern->number == event->number);
	const char *name = event->number < 0 ? strerrorname_np((int)-event->number) : NULL;
	return name && (!pattern->word || strcmp(name, pattern->word) == 0);
}

/* Cheap, since conditions are tried on every event of a growing log. */
static bool concerns(enum event_query query, enum event_kind kind)
{
	static const enum event_kind kinds[] = {[QUERY_STARTED] = EVENT_START,
		[QUERY_GOT] = EVENT_SIGNAL,
		[QUERY_SENT] = EVENT_KILL,
		[QUERY_ENDED] = EVENT_ENDED,
		[QUERY_STOPPED] = EVENT_STOPPED,
		[QUERY_CONTINUED] = EVENT_CONTINUED,
		[QUERY_GAVE_TTY] = EVENT_TCSETPGRP,
		[QUERY_GROUPED] = EVENT_SETPGID,
		[QUERY_READ] = EVENT_DID,
		[QUERY_FAILED] = EVENT_DID,
		[QUERY_MARK] = EVENT_MARK};
	bool looks = query == QUERY_STOPPED || query == QUERY_CONTINUED;

	return kind == kinds[query] || (looks && (kind == EVENT_SEEN || kind == EVENT_ANNOUNCE));
}

/* Is event seq one of those the pattern means? Hidden: something like it, but we cannot see
 * whether it is exactly that. Ends are not told here: see tally_ends(). */
static enum truth matches(
	const struct window *window, size_t seq, const struct event_pattern *pattern)
{
	const struct event *event = &window->log->events[seq];
	int sig;

	if (!concerns(pattern->query, event->kind))
		return TRUTH_NO;
	if (pattern->query == QUERY_MARK)
		return truth_of(mark_matches(event, pattern));
	if (pattern->query == QUERY_STARTED)
		return truth_of(event->text && strcmp(event->text, pattern->who) == 0);
	if (!names(window, seq, event->who, pattern->who))
		return TRUTH_NO;
	switch (pattern->query) {
	case QUERY_GOT:
		return truth_of(evidence_got(window, seq) &&
				(!pattern->sig || event->sig == pattern->sig) &&
				names_other(window, seq, pattern));
	case QUERY_SENT:
		return truth_of(sent_matches(window, seq, pattern));
	case QUERY_STOPPED:
		if (!evidence_stopped(window, seq, &sig))
			return TRUTH_NO;
		if (pattern->sig && sig == 0)
			return TRUTH_HIDDEN;
		return truth_of(!pattern->sig || sig == pattern->sig);
	case QUERY_CONTINUED:
		return truth_of(evidence_continued(window, seq));
	case QUERY_GAVE_TTY:
		return truth_of(event->result == 0 &&
				names_group(window, seq, pattern, evidence_target(window, seq)));
	case QUERY_GROUPED:
		return truth_of(event->result == 0 && names_other(window, seq, pattern));
	case QUERY_READ:
	case QUERY_FAILED:
		return truth_of(did_matches(event, pattern));
	default:
		return TRUTH_NO;
	}
}

static void tally_add(struct tally *tally, size_t seq, enum truth truth)
{
	if (truth == TRUTH_HIDDEN)
		tally->maybe++;
	if (truth != TRUTH_YES)
		return;
	if (tally->count == 0 || seq < tally->first)
		tally->first = seq;
	tally->count++;
}

static enum truth end_matches(const struct ending *ending, const struct event_pattern *pattern)
{
	if (!pattern->how)
		return TRUTH_YES;
	if (ending->how == '?')
		return TRUTH_HIDDEN;
	return truth_of(ending->how == pattern->how &&
			(pattern->number < 0 || pattern->number == ending->number));
}

static void tally_ends(
	const struct window *window, const struct event_pattern *pattern, struct tally *tally)
{
	for (size_t i = 0; i < window->log->proc_count; i++) {
		struct ending ending;

		/* Who never bears the name needs no search for its end. */
		if (names(window, window->to, (int)i, pattern->who) &&
			evidence_ended(window, (int)i, &ending) && ending.seq >= window->from &&
			names(window, ending.seq, (int)i, pattern->who))
			tally_add(tally, ending.seq, end_matches(&ending, pattern));
	}
	if (tally->maybe)
		hidden(window, &tally->why, "how %s ended", pattern->who);
}

/* What is hidden without a tracer ----------------------------------------------------------- */

/* An actor reports what it catches, and it catches what it can. */
static bool reportable(const struct window *window, int who, int sig)
{
	uint64_t bit = sig > 0 ? 1ULL << (sig - 1) : 0;

	if (sig == SIGKILL || sig == SIGSTOP)
		return false;
	for (size_t i = 0; i < window->to; i++) {
		const struct event *event = &window->log->events[i];
		const struct proc_status *status = event->who == who ? event->status : NULL;

		if (status && status->ignored & bit)
			return false;
		if (status && event->kind == EVENT_START && status->caught &&
			!(status->caught & bit))
			return false;
	}
	return true;
}

static void hide_deliveries(
	const struct window *window, const struct event_pattern *pattern, struct tally *tally)
{
	int who = log_participant(window->log, pattern->who, window->to);

	if (who < 0)
		return;
	/* A process that was the shell before it became an actor has a past nobody reported. */
	if (!evidence_actor(window, who) || strcmp(pattern->who, window->log->subject) == 0) {
		tally->blind = true;
		hidden(window, &tally->why, "which signals %s got", pattern->who);
	} else if (!reportable(window, who, pattern->sig)) {
		tally->blind = true;
		hidden(window, &tally->why, "signals that %s cannot catch or ignores",
			pattern->who);
	}
}

/* Calls that only the tracer sees; NULL: others see the event too. */
static const char *hidden_call(enum event_query query)
{
	switch (query) {
	case QUERY_SENT:
		return "sending signals";
	case QUERY_GAVE_TTY:
		return "giving away the terminal";
	case QUERY_GROUPED:
		return "moving processes between groups";
	default:
		return NULL;
	}
}

static void hide_untraced(
	const struct window *window, const struct event_pattern *pattern, struct tally *tally)
{
	const char *call = hidden_call(pattern->query);

	if (window->log->traced)
		return;
	if (pattern->query == QUERY_GOT) {
		hide_deliveries(window, pattern, tally);
	} else if (call && log_participant(window->log, pattern->who, window->to) >= 0) {
		tally->blind = true;
		hidden(window, &tally->why, "%s %s", pattern->who, call);
	}
}

static struct tally tally_events(const struct window *window, const struct event_pattern *pattern)
{
	struct tally tally = {.count = 0};

	if (pattern->query == QUERY_ENDED) {
		tally_ends(window, pattern, &tally);
		return tally;
	}
	for (size_t i = window->from; i < window->to; i++) {
		enum truth truth = matches(window, i, pattern);

		tally_add(&tally, i, truth);
		/* Of a storm's deliveries only the first is an event of its own. */
		if (truth == TRUTH_YES && pattern->query == QUERY_GOT)
			tally.count += (size_t)window->log->events[i].number;
	}
	if (tally.maybe)
		hidden(window, &tally.why, "what stopped %s", pattern->who);
	hide_untraced(window, pattern, &tally);
	return tally;
}

/* Marks: what was said last counts. */
static enum truth last_mark(const struct window *window, const struct event_pattern *pattern)
{
	for (size_t i = window->to; i-- > window->from;) {
		const struct event *event = &window->log->events[i];

		if (event->kind == EVENT_MARK && event->text &&
			strcmp(event->text, pattern->who) == 0)
			return truth_of(mark_matches(event, pattern));
	}
	return TRUTH_NO;
}

static enum truth tally_truth(const struct tally *tally, int wanted, const char **why)
{
	bool unsure = tally->maybe || tally->blind;

	if (wanted < 0 && tally->count)
		return TRUTH_YES;
	if (wanted >= 0 && tally->count > (size_t)wanted)
		return TRUTH_NO;
	if (unsure) {
		*why = tally->why;
		return TRUTH_HIDDEN;
	}
	return truth_of(wanted >= 0 && tally->count == (size_t)wanted);
}

static enum truth event_truth(
	const struct window *window, const struct condition *condition, const char **why)
{
	const struct event_pattern *pattern = &condition->event;

	if (pattern->query == QUERY_MARK && pattern->has_value && condition->count < 0)
		return last_mark(window, pattern);

	struct tally tally = tally_events(window, pattern);
	return tally_truth(&tally, condition->count, why);
}

static enum truth order_truth(
	const struct window *window, const struct condition *condition, const char **why)
{
	struct tally first = tally_events(window, &condition->event);
	struct tally later = tally_events(window, &condition->later);
	enum truth one = tally_truth(&first, -1, why), other = tally_truth(&later, -1, why);

	if (one == TRUTH_NO || other == TRUTH_NO)
		return TRUTH_NO;
	if (one == TRUTH_HIDDEN || other == TRUTH_HIDDEN)
		return TRUTH_HIDDEN;
	return truth_of(first.first < later.first);
}

/* Relations and states --------------------------------------------------------------------- */

/* An actor is meant as it started, others as last seen; 'now' asks for the last of both. */
static const struct proc_status *status_of(const struct window *window, const char *name, bool now)
{
	const struct proc_status *start = now ? NULL : evidence_start(window, name);
	int who = log_participant(window->log, name, window->to);

	if (start || who < 0)
		return start;
	return evidence_last(window, who);
}

static long attribute_of(const struct proc_status *status, const char *attr)
{
	if (strcmp(attr, "ppid") == 0)
		return status->ppid;
	return strcmp(attr, "pgid") == 0 ? status->pgid : status->sid;
}

/* False: not known. */
static bool relation_value(
	const struct window *window, const char *name, const char *attr, bool now, long *value)
{
	int who = log_participant(window->log, name, window->to);
	const struct proc_status *status;

	if (strcmp(attr, "foreground") == 0) {
		const struct event *terminal = evidence_terminal(window);

		*value = terminal ? terminal->number : 0;
		return terminal;
	}
	if (who < 0)
		return false;
	if (strcmp(attr, "pid") == 0) {
		*value = window->log->procs[who].pid;
		return true;
	}
	status = status_of(window, name, now);
	*value = status ? attribute_of(status, attr) : 0;
	if (strcmp(attr, "pgid") == 0 && (!status || now))
		*value = evidence_pgid(window, who, window->to);
	return *value > 0 || (status && strcmp(attr, "ppid") == 0);
}

static enum truth relation_truth(const struct window *window, const struct condition *condition)
{
	bool now = condition->at || strcmp(condition->attr, "foreground") == 0;
	long a, b;

	if (!relation_value(window, condition->who, condition->attr, now, &a) ||
		!relation_value(window, condition->other, condition->other_attr, now, &b))
		return TRUTH_NO;
	return truth_of(compare_numbers(a, condition->op, b));
}

static enum truth foreground_truth(const struct window *window, const struct condition *condition)
{
	const struct proc_status *status = evidence_start(window, condition->who);

	return truth_of(status && status->foreground > 0 && status->foreground == status->pgid);
}

static enum truth mask_truth(const struct window *window, const struct condition *condition)
{
	const struct proc_status *status = status_of(window, condition->who, false);
	uint64_t mask;

	if (!status || condition->sig < 1)
		return TRUTH_NO;
	mask = strcmp(condition->attr, "ignored") == 0 ? status->ignored : status->blocked;
	return truth_of(mask & 1ULL << (condition->sig - 1));
}

static enum truth descriptors_truth(const struct window *window, const struct condition *condition)
{
	const struct proc_status *status = evidence_start(window, condition->who);

	return truth_of(
		status && compare_numbers(status->descriptors, condition->op, condition->number));
}

static enum truth state_truth(const struct window *window, const struct condition *condition)
{
	int who = log_participant(window->log, condition->who, window->to);
	enum proc_state state;

	if (who < 0 || !evidence_state(window, who, &state))
		return TRUTH_NO;
	return truth_of(
		(strcmp(log_state(state), condition->word) == 0) == (condition->op == CMP_EQ));
}

static enum truth forks_truth(
	const struct window *window, const struct condition *condition, const char **why)
{
	long count = 0;

	if (log_participant(window->log, condition->who, window->to) < 0)
		return TRUTH_NO;
	if (!window->log->traced)
		return hidden(window, why, "the forks of %s", condition->who);
	for (size_t i = window->from; i < window->to; i++)
		count += window->log->events[i].kind == EVENT_FORK &&
			 names(window, i, window->log->events[i].who, condition->who);
	return truth_of(compare_numbers(count, condition->op, condition->number));
}

/* Children that have ended and were not waited for, at the last look. */
static enum truth zombies_truth(const struct window *window, const struct condition *condition)
{
	int who = log_participant(window->log, condition->who, window->to);
	long count = 0;

	if (who < 0 || !evidence_last(window, who))
		return TRUTH_NO;
	for (size_t i = 0; i < window->log->proc_count; i++) {
		enum proc_state state;

		count += evidence_state(window, (int)i, &state) && state == PROC_ZOMBIE &&
			 evidence_last(window, (int)i)->ppid == window->log->procs[who].pid;
	}
	return truth_of(compare_numbers(count, condition->op, condition->number));
}

static bool handovers_are(const struct window *window, const char **wanted)
{
	size_t count, i = 0;
	struct handover *list = evidence_handovers(NULL, window, &count);
	bool equal = true;

	for (; equal && i < count; i++)
		equal = wanted && wanted[i] &&
			evidence_member(window, wanted[i], list[i].pgid, list[i].seq);
	talloc_free(list);
	return equal && (!wanted || !wanted[i]);
}

static enum truth handovers_truth(
	const struct window *window, const struct condition *condition, const char **why)
{
	if (!window->log->traced)
		return hidden(window, why, "who held the terminal between looks");
	return truth_of(handovers_are(window, condition->names) == (condition->op == CMP_EQ));
}

static enum truth mode_truth(const struct window *window, const struct condition *condition)
{
	const struct event *terminal = evidence_terminal(window);
	unsigned flag = strcmp(condition->attr, "echo") == 0   ? TTY_ECHO
			: strcmp(condition->attr, "isig") == 0 ? TTY_ISIG
							       : TTY_ICANON;

	return truth_of(terminal && terminal->flags & flag);
}

/* A text may have been printed in pieces. */
static enum truth output_truth(const struct window *window, const struct condition *condition)
{
	char *text = talloc_strdup(window->log, "");
	bool found;

	for (size_t i = window->from; i < window->to; i++)
		if (window->log->events[i].kind == EVENT_OUTPUT)
			text = talloc_strdup_append_buffer(text, window->log->events[i].text);
	found = strstr(text, condition->word);
	talloc_free(text);
	return truth_of(found);
}

static enum truth stuck_truth(const struct window *window)
{
	for (size_t i = window->from; i < window->to; i++)
		if (window->log->events[i].kind == EVENT_STUCK)
			return TRUTH_YES;
	return TRUTH_NO;
}

/* The whole -------------------------------------------------------------------------------- */

static enum truth plain_truth(
	const struct window *window, const struct condition *condition, const char **why)
{
	switch (condition->kind) {
	case CONDITION_RELATION:
		return relation_truth(window, condition);
	case CONDITION_FOREGROUND:
		return foreground_truth(window, condition);
	case CONDITION_DESCRIPTORS:
		return descriptors_truth(window, condition);
	case CONDITION_MASK:
		return mask_truth(window, condition);
	case CONDITION_STATE:
		return state_truth(window, condition);
	case CONDITION_FORKS:
		return forks_truth(window, condition, why);
	case CONDITION_ZOMBIES:
		return zombies_truth(window, condition);
	case CONDITION_HANDOVERS:
		return handovers_truth(window, condition, why);
	case CONDITION_MODE:
		return mode_truth(window, condition);
	case CONDITION_OUTPUT:
		return output_truth(window, condition);
	case CONDITION_STUCK:
		return stuck_truth(window);
	case CONDITION_CONSTANT:
		return truth_of(condition->value);
	case CONDITION_EVENT:
		return event_truth(window, condition, why);
	case CONDITION_ORDER:
		return order_truth(window, condition, why);
	}
	return TRUTH_NO;
}

/* False: a look the condition speaks of never happened. */
static bool window_open(
	const struct log *log, const struct condition *condition, struct window *window)
{
	*window = (struct window){.log = log, .from = 0, .to = log->count};
	if (condition->at && !(window->to = log_label(log, condition->at)))
		return false;
	if (condition->since && !(window->from = log_label(log, condition->since)))
		return false;
	return window->from <= window->to;
}

enum truth condition_holds(
	const struct log *log, const struct condition *condition, const char **why)
{
	const char *reason = NULL;
	struct window window;
	enum truth truth;

	/* Also under 'no': what was to be judged at a look that did not come proves nothing. */
	if (!window_open(log, condition, &window))
		return TRUTH_NO;
	truth = plain_truth(&window, condition, &reason);
	if (truth == TRUTH_HIDDEN) {
		if (why)
			*why = reason ? reason : "hidden without the tracer";
		return TRUTH_HIDDEN;
	}
	return truth_of((truth == TRUTH_YES) != condition->no);
}
