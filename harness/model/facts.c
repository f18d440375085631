/* The facts of a scene for the record: what two equal runs of one scene have in common. So they
 * hold no pids, no times, and no order among things that happened at once. */
#include "outcome.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "evidence.h"

/* A scene that runs wild does the same thing ten thousand times; a reader has seen enough. */
enum { LIST_MAX = 64 };

struct facts {
	json_t *object;
	struct window window;
	void *memory;
};

/* A participant: all events under its name, and the process that bears it (the last one). */
struct subject {
	const char *name;
	int who;
};

static void put(struct facts *facts, const struct subject *subject, const char *what, json_t *value)
{
	const char *name = log_escape(facts->memory, subject->name);

	json_object_set_new(
		facts->object, talloc_asprintf(facts->memory, "%s.%s", name, what), value);
}

static json_t *text_json(struct facts *facts, const char *text)
{
	return json_string(log_escape(facts->memory, text));
}

/* False: the list is long enough. */
static bool append(struct facts *facts, json_t *array, const char *text)
{
	bool room = json_array_size(array) < LIST_MAX;

	json_array_append_new(array, text_json(facts, room ? text : "..."));
	return room;
}

static void put_text(
	struct facts *facts, const struct subject *subject, const char *what, const char *text)
{
	put(facts, subject, what, text_json(facts, text));
}

/* A process with two names is called by the subject's own in the subject's facts. */
static const char *name_of(struct facts *facts, const struct subject *subject, int who, size_t seq)
{
	if (who >= 0 && who == subject->who)
		return subject->name;
	return log_name(facts->memory, facts->window.log, who, seq);
}

static void put_pid(
	struct facts *facts, const struct subject *subject, const char *what, pid_t pid, size_t seq)
{
	if (pid > 0)
		put_text(facts, subject, what,
			name_of(facts, subject, log_pid(facts->window.log, pid), seq));
}

/* Processes are called what they were called when the status was taken. */
static size_t status_seq(const struct facts *facts, const struct proc_status *status)
{
	size_t seq = 0;

	while (facts->window.log->events[seq].status != status)
		seq++;
	return seq;
}

static void put_mask(
	struct facts *facts, const struct subject *subject, const char *what, uint64_t mask)
{
	json_t *list = json_array();

	for (int sig = 1; sig <= 64; sig++)
		if (mask & 1ULL << (sig - 1))
			json_array_append_new(list, json_string(log_signal(facts->memory, sig)));
	put(facts, subject, what, list);
}

static void put_status(struct facts *facts, const struct subject *subject)
{
	const struct proc_status *start = evidence_start(&facts->window, subject->name);
	const struct proc_status *status =
		start ? start : evidence_last(&facts->window, subject->who);

	if (!status)
		return;
	size_t seq = status_seq(facts, status);
	put_pid(facts, subject, "parent", status->ppid, seq);
	put_pid(facts, subject, "group", status->pgid, seq);
	put_pid(facts, subject, "session", status->sid, seq);
	if (!start)
		return;
	if (start->foreground > 0)
		put(facts, subject, "foreground", json_boolean(start->foreground == start->pgid));
	put_mask(facts, subject, "ignored", start->ignored);
	put_mask(facts, subject, "blocked", start->blocked);
	if (start->descriptors > 0)
		put(facts, subject, "descriptors", json_integer(start->descriptors));
}

static void put_state(struct facts *facts, const struct subject *subject)
{
	struct ending ending;
	enum proc_state state;
	const char *how;

	if (evidence_ended(&facts->window, subject->who, &ending) &&
		(how = evidence_how(facts->memory, &ending)))
		put_text(facts, subject, "ended", how);
	if (evidence_state(&facts->window, subject->who, &state))
		put_text(facts, subject, "state", log_state(state));
}

/* Lists ------------------------------------------------------------------------------------ */

/* A list being gathered: what came since the last look is sorted when the next one comes. */
struct list {
	const char **items; /* talloc array */
	size_t count, settled;
};

/* What to say of event seq, or NULL. */
typedef const char *(*teller)(struct facts *facts, const struct subject *subject, size_t seq);

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Equal signals pending at once are one delivery, and children that change state together may
 * well send one SIGCHLD or several: how many is no fact. */
static void settle(struct list *list)
{
	size_t kept = list->settled;

	qsort(list->items + list->settled, list->count - list->settled, sizeof(*list->items),
		compare_items);
	for (size_t i = list->settled; i < list->count; i++) {
		bool again = kept > list->settled && !strcmp(list->items[kept - 1], list->items[i]);

		if (!again || strcmp(list->items[i], "CHLD") != 0)
			list->items[kept++] = list->items[i];
	}
	list->count = list->settled = kept;
}

static json_t *gather(struct facts *facts, const struct subject *subject, teller tell)
{
	size_t events = facts->window.to;
	struct list list = {.items = talloc_array(facts->memory, const char *, events + 1)};
	json_t *array = json_array();

	for (size_t i = 0; i < events; i++) {
		const struct event *event = &facts->window.log->events[i];
		const char *item = NULL;

		if (event->kind == EVENT_LOOK)
			settle(&list);
		else if (log_denotes(facts->window.log, event->who, subject->name, i, events))
			item = tell(facts, subject, i);
		if (item)
			list.items[list.count++] = item;
	}
	settle(&list);
	for (size_t i = 0; i < list.count && append(facts, array, list.items[i]);)
		i++;
	return array;
}

/* As gather(), but no empty lists. */
static void put_list(
	struct facts *facts, const struct subject *subject, const char *what, teller tell)
{
	json_t *array = gather(facts, subject, tell);

	if (json_array_size(array))
		put(facts, subject, what, json_incref(array));
	json_decref(array);
}

static const char *tell_got(struct facts *facts, const struct subject *subject, size_t seq)
{
	const struct event *event = &facts->window.log->events[seq];
	const char *sig = log_signal(facts->memory, event->sig);

	if (!evidence_got(&facts->window, seq))
		return NULL;
	if (event->sig == SIGCHLD)
		return sig;
	if (event->other == event->who)
		return talloc_asprintf(facts->memory, "%s from itself", sig);
	return talloc_asprintf(
		facts->memory, "%s from %s", sig, name_of(facts, subject, event->other, seq));
}

static const char *tell_sent(struct facts *facts, const struct subject *subject, size_t seq)
{
	const struct event *event = &facts->window.log->events[seq];
	const char *sig = log_signal(facts->memory, event->sig), *target;

	if (!evidence_sent(&facts->window, seq))
		return NULL;
	target = event->other == event->who && !event->group
			 ? "itself"
			 : name_of(facts, subject, event->other, seq);
	if (event->group && event->other == WHO_NONE)
		return talloc_asprintf(facts->memory, "%s to %s", sig,
			event->number == -1 ? "everybody" : "a group");
	return talloc_asprintf(
		facts->memory, "%s to %s%s", sig, target, event->group ? ".group" : "");
}

static const char *tell_stopped(struct facts *facts, const struct subject *subject, size_t seq)
{
	int sig;

	(void)subject;
	if (!evidence_stopped(&facts->window, seq, &sig))
		return NULL;
	return sig ? log_signal(facts->memory, sig) : "unknown";
}

static const char *tell_did(struct facts *facts, const struct subject *subject, size_t seq)
{
	const struct event *event = &facts->window.log->events[seq];

	(void)subject;
	if (event->kind != EVENT_DID || !event->text)
		return NULL;
	if (event->number < 0)
		return talloc_asprintf(facts->memory, "%s fails %s", event->text,
			log_errno(facts->memory, -event->number));
	return talloc_asprintf(facts->memory, "%s %ld", event->text, event->number);
}

static size_t count_forks(struct facts *facts, const struct subject *subject)
{
	size_t count = 0;

	for (size_t i = 0; i < facts->window.to; i++) {
		const struct event *event = &facts->window.log->events[i];

		count += event->kind == EVENT_FORK && log_denotes(facts->window.log, event->who,
							      subject->name, i, facts->window.to);
	}
	return count;
}

static size_t count_continued(struct facts *facts, const struct subject *subject)
{
	size_t count = 0;

	for (size_t i = 0; i < facts->window.to; i++)
		count += evidence_continued(&facts->window, i) &&
			 log_denotes(facts->window.log, facts->window.log->events[i].who,
				 subject->name, i, facts->window.to);
	return count;
}

static void put_subject(struct facts *facts, const struct subject *subject)
{
	bool traced = facts->window.log->traced;
	size_t forks = count_forks(facts, subject);
	size_t continued = count_continued(facts, subject);

	if (subject->who == 0 && strcmp(subject->name, facts->window.log->subject) != 0)
		put_text(facts, subject, "process", facts->window.log->subject);
	put_status(facts, subject);
	put_state(facts, subject);
	/* Without a tracer only actors tell, and their empty list means something too. */
	if (traced || evidence_actor(&facts->window, subject->who))
		put(facts, subject, "got", gather(facts, subject, tell_got));
	put_list(facts, subject, "stopped", tell_stopped);
	put_list(facts, subject, "did", tell_did);
	if (continued)
		put(facts, subject, "continued", json_integer((json_int_t)continued));
	if (!traced)
		return;
	put_list(facts, subject, "sent", tell_sent);
	if (forks || !evidence_actor(&facts->window, subject->who))
		put(facts, subject, "forks", json_integer((json_int_t)forks));
}

/* The terminal, the marks ------------------------------------------------------------------- */

/* The participant in whose group the terminal is; its leader first. */
static const char *group_name(struct facts *facts, const char **names, pid_t pgid, size_t seq)
{
	const struct log *log = facts->window.log;
	int leader = log_pid(log, pgid);

	for (size_t i = 0; leader >= 0 && names[i]; i++)
		if (log_denotes(log, leader, names[i], seq, log->count))
			return log_name(facts->memory, log, leader, seq);
	for (size_t i = 0; names[i]; i++)
		if (evidence_member(&facts->window, names[i], pgid, seq))
			return names[i];
	return log_name(facts->memory, log, leader, seq);
}

static void put_handovers(struct facts *facts, const char **names)
{
	json_t *array = json_array();
	size_t count;
	struct handover *list = evidence_handovers(facts->memory, &facts->window, &count);

	for (size_t i = 0; i < count; i++)
		if (!append(facts, array, group_name(facts, names, list[i].pgid, list[i].seq)))
			break;
	json_object_set_new(facts->object, "handovers", array);
}

static void put_terminal(struct facts *facts, const char **names)
{
	static const struct {
		unsigned flag;
		const char *word;
	} modes[] = {{TTY_ECHO, "echo"}, {TTY_ICANON, "icanon"}, {TTY_ISIG, "isig"}};
	const struct event *terminal = evidence_terminal(&facts->window);
	json_t *on = json_array();

	if (terminal) {
		if (terminal->number > 0)
			json_object_set_new(facts->object, "tty.foreground",
				text_json(facts, group_name(facts, names, (pid_t)terminal->number,
							 facts->window.to)));
		for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
			if (terminal->flags & modes[i].flag)
				json_array_append_new(on, json_string(modes[i].word));
		json_object_set(facts->object, "tty.modes", on);
		if (facts->window.log->traced)
			put_handovers(facts, names);
	}
	json_decref(on);
}

static const char *mark_text(const struct facts *facts, const struct event *event)
{
	if (!event->value)
		return event->text;
	return talloc_asprintf(facts->memory, "%s=%s", event->text, event->value);
}

static void put_marks(struct facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < facts->window.to; i++) {
		const struct event *event = &facts->window.log->events[i];

		if (event->kind == EVENT_MARK && event->text &&
			!append(facts, array, mark_text(facts, event)))
			break;
	}
	json_object_set_new(facts->object, "marks", array);
}

static void put_stuck(struct facts *facts)
{
	for (size_t i = 0; i < facts->window.to; i++) {
		const struct event *event = &facts->window.log->events[i];

		if (event->kind == EVENT_STUCK)
			json_object_set_new(facts->object, "stuck",
				text_json(facts, event->text ? event->text : ""));
	}
}

json_t *outcome_facts(const struct log *log, const struct scene *scene)
{
	struct facts facts = {.object = json_object(),
		.window = {.log = log, .from = 0, .to = log->count},
		.memory = talloc_new(NULL)};
	const char **names = evidence_names(facts.memory, &facts.window);

	/* The log names its participants itself; names of the scene that never came into being
	 * have no facts. */
	(void)scene;
	for (size_t i = 0; names[i]; i++) {
		struct subject subject = {names[i], log_participant(log, names[i], log->count)};

		put_subject(&facts, &subject);
	}
	put_terminal(&facts, names);
	put_marks(&facts);
	put_stuck(&facts);
	talloc_free(facts.memory);
	return facts.object;
}
