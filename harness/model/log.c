/* The event log: how it grows, what its processes are called, and how a reader sees it. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <talloc.h>

#include "case.h"
#include "utf8.h"

/* Growth ----------------------------------------------------------------------------------- */

/* Half a log would be judged as if nothing had happened in the other half: better none. */
static void *need(void *memory)
{
	if (memory)
		return memory;
	fputs("sigmatrix: unable to keep the event log: out of memory\n", stderr);
	abort();
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct log *log_new(const void *parent)
{
	struct log *log = need(talloc_zero(parent, struct log));

	log->events = need(talloc_array(log, struct event, 64));
	log->procs = need(talloc_array(log, struct proc, 8));
	log->programs = need(talloc_array(log, size_t, 16));
	log->start_ns = now_ns();
	log->subject = "shell";
	return log;
}

/* A scene that runs wild makes very many events, few of which give a name. */
static void note_program(struct log *log, size_t seq)
{
	size_t room = talloc_array_length(log->programs);

	if (log->program_count == room)
		log->programs = need(talloc_realloc(log, log->programs, size_t, room * 2));
	log->programs[log->program_count++] = seq;
}

struct event *log_add(struct log *log, enum event_kind kind, enum source source, int who)
{
	size_t room = talloc_array_length(log->events);

	if (log->count == room)
		log->events = need(talloc_realloc(log, log->events, struct event, room * 2));

	if (kind == EVENT_EXEC || kind == EVENT_START || kind == EVENT_NAMED)
		note_program(log, log->count);

	struct event *event = &log->events[log->count++];
	*event = (struct event){.kind = kind,
		.source = source,
		.ns = now_ns() - log->start_ns,
		.who = who,
		.other = WHO_NONE};
	return event;
}

int log_proc(struct log *log, pid_t pid, pid_t outer, int parent)
{
	size_t room = talloc_array_length(log->procs);

	if (log->proc_count == room)
		log->procs = need(talloc_realloc(log, log->procs, struct proc, room * 2));
	log->procs[log->proc_count] = (struct proc){.pid = pid, .outer = outer, .parent = parent};
	return (int)log->proc_count++;
}

/* Names ------------------------------------------------------------------------------------ */

static bool is_naming(const struct event *event)
{
	return (event->kind == EVENT_START || event->kind == EVENT_NAMED) && event->text;
}

/* Number of entries of log->programs that are events before 'limit'. */
static size_t programs_before(const struct log *log, size_t limit)
{
	size_t low = 0, high = log->program_count;

	if (limit > log->count)
		limit = log->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log->programs[middle] < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Index of the last event before 'limit' in which 'who' replaced its program; SIZE_MAX when there
 * is none. */
static size_t last_exec(const struct log *log, int who, size_t limit)
{
	for (size_t i = programs_before(log, limit); i-- > 0;) {
		const struct event *event = &log->events[log->programs[i]];

		if (event->who == who && event->kind == EVENT_EXEC)
			return log->programs[i];
	}
	return SIZE_MAX;
}

static size_t last_naming(const struct log *log, int who, size_t limit)
{
	for (size_t i = programs_before(log, limit); i-- > 0;) {
		const struct event *event = &log->events[log->programs[i]];

		if (event->who == who && is_naming(event))
			return log->programs[i];
	}
	return SIZE_MAX;
}

/* From which event on the name given by event 'seq' is the process's. */
static size_t naming_since(const struct log *log, size_t seq)
{
	const struct event *event = &log->events[seq];
	size_t previous = last_naming(log, event->who, seq);
	size_t exec = last_exec(log, event->who, seq);

	/* A forked child is called what it will become; the shell has been something before. */
	if (event->who != 0 && previous == SIZE_MAX)
		return 0;
	if (exec != SIZE_MAX && (previous == SIZE_MAX || exec > previous))
		return exec;
	if (event->kind == EVENT_START)
		return seq;
	return previous == SIZE_MAX ? 0 : naming_since(log, previous);
}

static int special(const char *name)
{
	if (strcmp(name, "tty") == 0)
		return WHO_TTY;
	return strcmp(name, "harness") == 0 ? WHO_HARNESS : WHO_NONE;
}

int log_participant(const struct log *log, const char *name, size_t limit)
{
	if (strcmp(name, log->subject) == 0)
		return log->proc_count ? 0 : WHO_NONE;
	if (special(name) != WHO_NONE)
		return special(name);
	for (size_t i = programs_before(log, limit); i-- > 0;) {
		const struct event *event = &log->events[log->programs[i]];

		if (is_naming(event) && strcmp(event->text, name) == 0)
			return event->who;
	}
	return WHO_NONE;
}

bool log_denotes(const struct log *log, int who, const char *name, size_t seq, size_t limit)
{
	if (who < 0)
		return who != WHO_NONE && who == special(name);
	if (strcmp(name, log->subject) == 0)
		return who == 0;
	for (size_t i = programs_before(log, limit); i-- > 0;) {
		const struct event *event = &log->events[log->programs[i]];

		if (event->who == who && is_naming(event) && strcmp(event->text, name) == 0 &&
			naming_since(log, log->programs[i]) <= seq)
			return true;
	}
	return false;
}

size_t log_actor_since(const struct log *log, int who, size_t limit)
{
	size_t count = programs_before(log, limit);

	for (size_t i = 0; i < count; i++) {
		size_t start = log->programs[i];

		if (log->events[start].who != who || log->events[start].kind != EVENT_START)
			continue;
		size_t exec = last_exec(log, who, start);
		return exec != SIZE_MAX ? exec : who == 0 ? start : 0;
	}
	return SIZE_MAX;
}

int log_pid(const struct log *log, pid_t pid)
{
	if (pid <= 0)
		return WHO_NONE;
	for (size_t i = log->proc_count; i-- > 0;)
		if (log->procs[i].pid == pid)
			return (int)i;
	return pid == 1 ? WHO_INIT : WHO_UNKNOWN;
}

static const char *special_name(int who)
{
	switch (who) {
	case WHO_NONE:
		return "nobody";
	case WHO_TTY:
		return "tty";
	case WHO_HARNESS:
		return "harness";
	case WHO_INIT:
		return "init";
	default:
		return "a stranger";
	}
}

/* The name at that moment or the one it gets later; NULL when it never has one. */
static const char *own_name(const struct log *log, int who, size_t seq)
{
	for (size_t i = programs_before(log, log->count); i-- > 0;) {
		const struct event *event = &log->events[log->programs[i]];

		if (event->who == who && is_naming(event) &&
			naming_since(log, log->programs[i]) <= seq)
			return event->text;
	}
	return who == 0 ? log->subject : NULL;
}

const char *log_name(const void *parent, const struct log *log, int who, size_t seq)
{
	const char *relation = "";
	const char *name = NULL;

	while (who >= 0 && (size_t)who < log->proc_count && !(name = own_name(log, who, seq))) {
		int creator = log->procs[who].parent;

		relation = *relation ? "a descendant of " : "a child of ";
		/* A parent is known before its children. */
		who = creator < who ? creator : WHO_UNKNOWN;
	}
	return talloc_asprintf(parent, "%s%s", relation, name ? name : special_name(who));
}

size_t log_label(const struct log *log, const char *label)
{
	for (size_t i = 0; i < log->count; i++) {
		if (log->events[i].kind != EVENT_LOOK || !log->events[i].text ||
			strcmp(log->events[i].text, label) != 0)
			continue;
		do
			i++;
		while (i < log->count &&
			(log->events[i].kind == EVENT_SEEN || log->events[i].kind == EVENT_TTY));
		return i;
	}
	return 0;
}

/* Words ------------------------------------------------------------------------------------ */

/* C1 controls are controls for a terminal too. */
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

char *log_escape(const void *parent, const char *text)
{
	char *clean = talloc_strdup(parent, "");

	while (*text) {
		uint32_t point;
		size_t length = utf8_decode(text, &point);

		if (length && !is_control(point)) {
			clean = talloc_strndup_append_buffer(clean, text, length);
			text += length;
			continue;
		}
		for (size_t left = length ? length : 1; left > 0; left--)
			clean = talloc_asprintf_append_buffer(
				clean, "\\x%02x", (unsigned char)*text++);
	}
	return clean;
}

const char *log_signal(const void *parent, int sig)
{
	const char *name = sig > 0 ? signal_name(sig) : NULL;

	return name && *name ? talloc_strdup(parent, name)
			     : talloc_asprintf(parent, "signal %d", sig);
}

const char *log_errno(const void *parent, long number)
{
	const char *name = strerrorname_np((int)number);

	return name ? name : talloc_asprintf(parent, "error %ld", number);
}

const char *log_state(enum proc_state state)
{
	static const char *const words[] = {"running", "stopped", "zombie", "ended"};

	return words[state];
}

/* Lines ------------------------------------------------------------------------------------ */

/* What the functions below share: the event, and names of processes at its time. All text goes
 * to 'memory', which lives as long as the line. */
struct line {
	const struct log *log;
	const struct event *event;
	size_t seq;
	void *memory;
};

static const char *name_of(const struct line *line, int who)
{
	return log_name(line->memory, line->log, who, line->seq);
}

static const char *signal_of(const struct line *line)
{
	return log_signal(line->memory, line->event->sig);
}

static const char *text_of(const struct line *line)
{
	return line->event->text ? line->event->text : "";
}

static bool has_name(const struct line *line, int who)
{
	return who < 0 || own_name(line->log, who, line->seq);
}

static char *line_fork(const struct line *line)
{
	int child = line->event->other;

	return talloc_asprintf(line->memory, "%s forks %s", name_of(line, line->event->who),
		has_name(line, child) ? name_of(line, child) : "a child");
}

static char *line_exec(const struct line *line)
{
	size_t before = line->seq ? line->seq - 1 : 0;

	return talloc_asprintf(line->memory, "%s execs %s",
		log_name(line->memory, line->log, line->event->who, before), text_of(line));
}

static char *line_start(const struct line *line)
{
	const struct proc_status *status = line->event->status;

	if (!status)
		return talloc_asprintf(line->memory, "%s starts", text_of(line));
	return talloc_asprintf(line->memory, "%s starts (parent %s, group of %s%s%s)",
		text_of(line), name_of(line, log_pid(line->log, status->ppid)),
		name_of(line, log_pid(line->log, status->pgid)),
		status->foreground == 0              ? ""
		: status->foreground == status->pgid ? ", foreground"
						     : ", background",
		status->descriptors > 0 ? talloc_asprintf(line->memory, ", %d more descriptors",
						  status->descriptors)
					: "");
}

/* With a tracer there are two lines for a signal an actor catches: it is delivered, then its
 * handler runs. */
static char *line_signal(const struct line *line)
{
	const char *who = name_of(line, line->event->who);
	const char *sender = name_of(line, line->event->other);

	if (line->log->traced && line->event->source == SOURCE_ACTOR)
		return talloc_asprintf(
			line->memory, "%s caught %s from %s", who, signal_of(line), sender);
	const char *times = line->event->number > 0
				    ? talloc_asprintf(line->memory, " (%ld times in this storm)",
					      line->event->number + 1)
				    : "";
	return talloc_asprintf(line->memory, "%s → %s %s%s", sender, who, signal_of(line), times);
}

static const char *failure(const struct line *line)
{
	if (line->event->result >= 0)
		return "";
	return talloc_asprintf(
		line->memory, " fails: %s", log_errno(line->memory, -line->event->result));
}

static char *line_kill(const struct line *line)
{
	const struct event *event = line->event;
	const char *target = name_of(line, event->other);

	if (event->other == WHO_NONE)
		target = event->number == -1 ? "everybody" : event->group ? "a group" : "nobody";
	return talloc_asprintf(line->memory, "%s → %s%s %s (kill)%s", name_of(line, event->who),
		target, event->group && event->other != WHO_NONE ? ".group" : "",
		event->sig ? signal_of(line) : "0", failure(line));
}

static char *line_setpgid(const struct line *line)
{
	const struct event *event = line->event;
	const char *who = name_of(line, event->who);
	bool self = event->who == event->other;
	bool own = event->number == 0 || log_pid(line->log, (pid_t)event->number) == event->other;
	const char *leader = name_of(line, log_pid(line->log, (pid_t)event->number));

	if (self)
		return own ? talloc_asprintf(
				     line->memory, "%s starts its own group%s", who, failure(line))
			   : talloc_asprintf(line->memory, "%s joins the group of %s%s", who,
				     leader, failure(line));
	return own ? talloc_asprintf(line->memory, "%s moves %s to its own group%s", who,
			     name_of(line, event->other), failure(line))
		   : talloc_asprintf(line->memory, "%s moves %s to the group of %s%s", who,
			     name_of(line, event->other), leader, failure(line));
}

static char *line_tcsetpgrp(const struct line *line)
{
	const struct event *event = line->event;
	const char *who = name_of(line, event->who);

	if (event->who == event->other)
		return talloc_asprintf(line->memory, "%s takes the terminal%s", who, failure(line));
	return talloc_asprintf(line->memory, "%s gives the terminal to %s%s", who,
		name_of(line, event->other), failure(line));
}

/* The second witness of an end says nothing new, unless it contradicts the first. */
static bool is_repeated_end(const struct line *line)
{
	const struct event *event = line->event;

	for (size_t i = line->seq; i-- > 0;) {
		const struct event *before = &line->log->events[i];

		if (before->kind == EVENT_FORK && before->other == event->who)
			return false;
		if (before->kind == EVENT_ENDED && before->who == event->who &&
			(event->how == '?' ||
				(before->how == event->how && before->number == event->number)))
			return true;
	}
	return false;
}

static char *line_ended(const struct line *line)
{
	const struct event *event = line->event;
	const char *who = name_of(line, event->who);

	if (is_repeated_end(line))
		return NULL;
	if (event->how == 'e')
		return talloc_asprintf(line->memory, "%s ends: exit %ld", who, event->number);
	if (event->how == 's')
		return talloc_asprintf(line->memory, "%s ends: killed by %s", who,
			log_signal(line->memory, (int)event->number));
	return talloc_asprintf(line->memory, "%s ends", who);
}

/* As with ends: init reports the shell's stops too. */
static bool is_repeated_stop(const struct line *line)
{
	for (size_t i = line->seq; i-- > 0;) {
		const struct event *before = &line->log->events[i];

		if (before->who == line->event->who &&
			(before->kind == EVENT_STOPPED || before->kind == EVENT_CONTINUED))
			return before->kind == line->event->kind &&
			       before->source != line->event->source;
	}
	return false;
}

static char *line_stopped(const struct line *line)
{
	const char *who = name_of(line, line->event->who);

	if (is_repeated_stop(line))
		return NULL;
	if (line->event->kind == EVENT_CONTINUED)
		return talloc_asprintf(line->memory, "%s continues", who);
	if (!line->event->sig)
		return talloc_asprintf(line->memory, "%s stops", who);
	return talloc_asprintf(line->memory, "%s stops (%s)", who, signal_of(line));
}

static char *line_announce(const struct line *line)
{
	const struct event *event = line->event;
	const char *who = name_of(line, event->who);

	if (event->how == 'e')
		return talloc_asprintf(line->memory, "%s is about to exit %ld", who, event->number);
	return talloc_asprintf(line->memory, "%s is about to %s %s", who,
		event->how == 't' ? "stop by" : "die of",
		log_signal(line->memory, (int)event->number));
}

static char *line_did(const struct line *line)
{
	const char *who = name_of(line, line->event->who);
	long number = line->event->number;

	if (number < 0)
		return talloc_asprintf(line->memory, "%s: %s fails: %s", who, text_of(line),
			log_errno(line->memory, -number));
	return talloc_asprintf(line->memory, "%s: %s gives %ld", who, text_of(line), number);
}

static char *line_mark(const struct line *line)
{
	if (!line->event->value)
		return talloc_asprintf(line->memory, "mark %s", text_of(line));
	return talloc_asprintf(line->memory, "mark %s=%s", text_of(line), line->event->value);
}

static char *line_named(const struct line *line)
{
	int who = line->event->who;

	if (who <= 0 || (size_t)who >= line->log->proc_count)
		return talloc_asprintf(
			line->memory, "%s is now called %s", line->log->subject, text_of(line));
	return talloc_asprintf(line->memory, "a child of %s is now called %s",
		name_of(line, line->log->procs[who].parent), text_of(line));
}

static char *line_look(const struct line *line)
{
	if (!line->event->text)
		return talloc_strdup(line->memory, "--- settled ---");
	return talloc_asprintf(line->memory, "--- settled (%s) ---", text_of(line));
}

static char *line_of(const struct line *line)
{
	const struct event *event = line->event;

	switch (event->kind) {
	case EVENT_STEP:
		return talloc_asprintf(
			line->memory, "step %ld: %s", event->number + 1, text_of(line));
	case EVENT_FORK:
		return line_fork(line);
	case EVENT_EXEC:
		return line_exec(line);
	case EVENT_START:
		return line_start(line);
	case EVENT_SIGNAL:
		return line_signal(line);
	case EVENT_KILL:
		return line_kill(line);
	case EVENT_SETPGID:
		return line_setpgid(line);
	case EVENT_SETSID:
		return talloc_asprintf(line->memory, "%s starts its own session%s",
			name_of(line, event->who), failure(line));
	case EVENT_TCSETPGRP:
		return line_tcsetpgrp(line);
	case EVENT_ENDED:
		return line_ended(line);
	case EVENT_STOPPED:
	case EVENT_CONTINUED:
		return line_stopped(line);
	case EVENT_ANNOUNCE:
		return line_announce(line);
	case EVENT_DID:
		return line_did(line);
	case EVENT_OUTPUT:
		return talloc_asprintf(line->memory, "terminal prints \"%s\"", text_of(line));
	case EVENT_MARK:
		return line_mark(line);
	case EVENT_NAMED:
		return line_named(line);
	case EVENT_LOOK:
		return line_look(line);
	case EVENT_STUCK:
		return talloc_asprintf(line->memory, "stuck: %s", text_of(line));
	case EVENT_TIMEOUT:
		return talloc_asprintf(line->memory, "timeout: %s", text_of(line));
	case EVENT_STORM:
		return talloc_asprintf(
			line->memory, "the storm is over after %ld", line->event->number);
	case EVENT_MISSED:
		return talloc_asprintf(line->memory, "missed: %s", text_of(line));
	case EVENT_SEEN:
	case EVENT_TTY:
		return NULL;
	}
	return NULL;
}

char *log_line(const void *parent, const struct log *log, size_t seq)
{
	struct line line = {
		.log = log, .event = &log->events[seq], .seq = seq, .memory = talloc_new(parent)};
	char *text = line_of(&line);

	/* Last of all, so that nothing a subject wrote escapes being escaped. */
	if (text)
		text = log_escape(parent, text);
	talloc_free(line.memory);
	return text;
}

/* JSON ------------------------------------------------------------------------------------- */

static const char *kind_word(enum event_kind kind)
{
	static const char *const words[] = {"step", "fork", "exec", "start", "signal", "kill",
		"setpgid", "setsid", "tcsetpgrp", "ended", "stopped", "continued", "announce",
		"did", "output", "mark", "named", "look", "seen", "tty", "stuck", "timeout",
		"missed", "storm"};

	return words[kind];
}

static const char *source_word(enum source source)
{
	static const char *const words[] = {
		"harness", "actor", "trace", "proc", "tty", "mark", "init"};

	return words[source];
}

static void put_text(json_t *object, const char *key, const char *text)
{
	char *clean = log_escape(NULL, text);

	json_object_set_new(object, key, json_string(clean));
	talloc_free(clean);
}

static void put_name(json_t *object, const char *key, const struct line *line, int who)
{
	if (who != WHO_NONE)
		put_text(object, key, name_of(line, who));
}

static void put_pid(json_t *object, const char *key, const struct line *line, pid_t pid)
{
	put_name(object, key, line, log_pid(line->log, pid));
}

static void put_mask(json_t *object, const char *key, const struct line *line, uint64_t mask)
{
	json_t *signals = json_array();

	for (int sig = 1; sig <= 64; sig++)
		if (mask & 1ULL << (sig - 1))
			json_array_append_new(signals, json_string(log_signal(line->memory, sig)));
	if (json_array_size(signals))
		json_object_set(object, key, signals);
	json_decref(signals);
}

static json_t *status_json(const struct line *line)
{
	const struct proc_status *status = line->event->status;
	json_t *object = json_object();

	put_pid(object, "parent", line, status->ppid);
	put_pid(object, "group", line, status->pgid);
	put_pid(object, "session", line, status->sid);
	put_pid(object, "foreground", line, status->foreground);
	put_text(object, "state", log_state(status->state));
	put_mask(object, "ignored", line, status->ignored);
	put_mask(object, "blocked", line, status->blocked);
	put_mask(object, "caught", line, status->caught);
	if (status->descriptors > 0)
		json_object_set_new(object, "descriptors", json_integer(status->descriptors));
	return object;
}

/* Numbers that are pids become names; the others stay numbers. */
static void put_number(json_t *object, const struct line *line)
{
	const struct event *event = line->event;

	switch (event->kind) {
	case EVENT_SETPGID:
		put_pid(object, "leader", line, (pid_t)event->number);
		return;
	case EVENT_TTY:
		put_pid(object, "holder", line, (pid_t)event->number);
		json_object_set_new(object, "flags", json_integer(event->flags));
		return;
	case EVENT_SIGNAL:
		if (event->number > 0)
			json_object_set_new(object, "more", json_integer(event->number));
		return;
	case EVENT_STEP:
	case EVENT_STORM:
	case EVENT_ENDED:
	case EVENT_ANNOUNCE:
	case EVENT_DID:
		json_object_set_new(object, "number", json_integer(event->number));
		return;
	default:
		return;
	}
}

static void put_result(json_t *object, const struct line *line)
{
	const struct event *event = line->event;

	if (event->result == LOG_PENDING)
		put_text(object, "result", "pending");
	else if (event->result < 0)
		put_text(object, "result", log_errno(line->memory, -event->result));
}

static json_t *event_json(const struct line *line)
{
	const struct event *event = line->event;
	json_t *object = json_object();

	json_object_set_new(object, "seq", json_integer((json_int_t)line->seq));
	json_object_set_new(object, "us", json_integer(event->ns / 1000));
	put_text(object, "kind", kind_word(event->kind));
	put_text(object, "source", source_word(event->source));
	put_name(object, "who", line, event->who);
	put_name(object, "other", line, event->other);
	if (event->sig)
		put_text(object, "signal", log_signal(line->memory, event->sig));
	if (event->kind == EVENT_SIGNAL)
		json_object_set_new(object, "code", json_integer(event->code));
	if (event->how)
		put_text(object, "how", (char[]){event->how, '\0'});
	if (event->group)
		json_object_set_new(object, "group", json_true());
	if (event->text)
		put_text(object, "text", event->text);
	if (event->value)
		put_text(object, "value", event->value);
	if (event->status)
		json_object_set_new(object, "status", status_json(line));
	put_number(object, line);
	put_result(object, line);
	return object;
}

json_t *log_json(const struct log *log)
{
	json_t *array = json_array();

	for (size_t i = 0; i < log->count; i++) {
		struct line line = {
			.log = log, .event = &log->events[i], .seq = i, .memory = talloc_new(NULL)};

		json_array_append_new(array, event_json(&line));
		talloc_free(line.memory);
	}
	return array;
}
