/* What was seen while a scene was played: a list of events in one order, and the processes they
 * are about. Facts, outcome and verdict are pure functions of it. */
#ifndef SIGMATRIX_LOG_H
#define SIGMATRIX_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

enum source {
	SOURCE_HARNESS,
	SOURCE_ACTOR,
	SOURCE_TRACE,
	SOURCE_PROC,
	SOURCE_TTY,
	SOURCE_MARK,
	SOURCE_INIT
};

/* The fields each kind uses are named in brackets; a process is an index into log->procs, or one
 * of the WHO_ values. */
enum event_kind {
	EVENT_STEP,      /* a step begins [text, number = index of the step] */
	EVENT_FORK,      /* who created other */
	EVENT_EXEC,      /* who replaced its program [text = path] */
	EVENT_START,     /* an actor reported itself [who, text = its name, status] */
	EVENT_SIGNAL,    /* a signal was delivered to who [sig, code, other = sender; number: so
			    many times more during the storm; how 'w': taken by
			    sigtimedwait] */
	EVENT_KILL,      /* who called kill & co. [sig, other = target, group, result] */
	EVENT_SETPGID,   /* who moved other into group led by number(pid) [target, result] */
	EVENT_SETSID,    /* who [result] */
	EVENT_TCSETPGRP, /* who gave the terminal to the group of other [result] */
	EVENT_ENDED,     /* who ended [how 'e'/'s'/'?', number] */
	EVENT_STOPPED,   /* who [sig, 0 unknown] */
	EVENT_CONTINUED, /* who */
	EVENT_ANNOUNCE,  /* an actor is about to end or stop [how 'e'/'s'/'t', number] */
	EVENT_DID,       /* an actor's read or write [text = "read"/"write", number >= 0 or
			    -errno] */
	EVENT_OUTPUT,    /* the terminal printed [text]; NUL bytes as '?' */
	EVENT_MARK,      /* [text = name, value or NULL] */
	EVENT_NAMED,     /* who is now called text */
	EVENT_LOOK,      /* scene settled [text = label or NULL]; followed by the looks of all
			    processes */
	EVENT_SEEN,      /* one process in a look [who, status] */
	EVENT_TTY,       /* the terminal in a look [other = holder's leader, number = holder pgid,
			    flags] */
	EVENT_STUCK,     /* an await was stuck [text = why] */
	EVENT_TIMEOUT,   /* the deadline passed [text = what it was waiting for] */
	EVENT_MISSED,    /* a stimulus had nobody to go to [text] */
	EVENT_STORM      /* a storm is over [number = signals sent or keys pressed] */
};

enum { WHO_NONE = -1, WHO_TTY = -2, WHO_HARNESS = -3, WHO_INIT = -4, WHO_UNKNOWN = -5 };

enum { TTY_ECHO = 1, TTY_ICANON = 2, TTY_ISIG = 4 };

enum proc_state { PROC_RUNNING, PROC_STOPPED, PROC_ZOMBIE, PROC_ENDED };

/* All ids are numbers inside the scene's PID namespace (outer numbers where there is none). */
struct proc_status {
	pid_t pid, ppid, pgid, sid;
	pid_t foreground; /* the terminal's foreground group, 0: no terminal; EVENT_START only */
	enum proc_state state;
	uint64_t ignored, blocked, caught; /* bit N-1 for signal N */
	int descriptors;                   /* open ones but 0, 1 and 2; EVENT_START only */
};

struct event {
	enum event_kind kind;
	enum source source;
	int64_t ns; /* since the scene began */
	int who, other;
	int sig, code;
	char how;
	bool group;
	unsigned flags;
	long number;
	long result;     /* of a system call; 0 or -errno; LOG_PENDING while it has not returned */
	size_t returned; /* the event it returned before; 0: it has not, or at once */
	char *text, *value;         /* talloc children of the log */
	struct proc_status *status; /* talloc child of the log */
};

#define LOG_PENDING 1

struct proc {
	pid_t pid;    /* inside the scene */
	pid_t outer;  /* as the harness sees it */
	int parent;   /* index, or WHO_INIT */
	int children; /* forks seen by the tracer */
	bool actor;
	char *name; /* last name; talloc child of the log */
};

struct log {
	struct event *events; /* talloc array */
	size_t count;
	struct proc *procs; /* talloc array */
	size_t proc_count;
	size_t *programs; /* talloc array: indices of EXEC, START, NAMED, private to log.c */
	size_t program_count;
	bool traced; /* the tracer looked on: its events are complete */
	int64_t start_ns;
	const char *subject; /* what process 0 is called: "shell", or "link" */
};

struct log *log_new(const void *parent);

/* Appends an event, all other fields zero and who/other WHO_NONE. The pointer is valid until the
 * next append. */
struct event *log_add(struct log *log, enum event_kind kind, enum source source, int who);

/* Adds a process; returns its index. */
int log_proc(struct log *log, pid_t pid, pid_t outer, int parent);

/* Index of the participant with that name (the subject's, an actor, a declared name), or WHO_NONE;
 * "tty", "harness" give WHO_TTY, WHO_HARNESS. Names given by EVENT_START and EVENT_NAMED (and
 * index 0 is the subject) up to, not including, event 'limit'. */
int log_participant(const struct log *log, const char *name, size_t limit);

/* What a reader calls process 'who' at event 'seq': its name at that moment, or the name it gets
 * later, or "a child of NAME", "a descendant of NAME". talloc child of parent. */
const char *log_name(const void *parent, const struct log *log, int who, size_t seq);

/* Index of the event after the EVENT_LOOK labelled so (and its EVENT_SEEN/EVENT_TTY), or 0 when
 * there is none. */
size_t log_label(const struct log *log, const char *label);

/* One readable line for the event, as explain prints it ("tty → job INT"); NULL for events that
 * say nothing to a reader (EVENT_SEEN). talloc child of parent. */
char *log_line(const void *parent, const struct log *log, size_t seq);

/* The log as a JSON array of objects with role names in place of pids; new reference. */
json_t *log_json(const struct log *log);

/* Whether process 'who' is called 'name' at event 'seq', as far as events before 'limit' tell. A
 * process is called by its first name all its life, also before it got it, and keeps every name it
 * had; a name that comes with another program begins at that exec. */
bool log_denotes(const struct log *log, int who, const char *name, size_t seq, size_t limit);

/* Index of the event from which process 'who' is an actor (its last exec before it reported
 * itself), or SIZE_MAX. */
size_t log_actor_since(const struct log *log, int who, size_t limit);

/* Index of the process with that pid, WHO_INIT for 1, WHO_NONE for 0, WHO_UNKNOWN for others. */
int log_pid(const struct log *log, pid_t pid);

/* Text fit for a terminal and for JSON: control characters and malformed UTF-8 as \xNN. talloc
 * child of parent. */
char *log_escape(const void *parent, const char *text);

/* "INT", or "signal 99"; "EPERM", or "error 999" (errno, not -errno); "stopped". talloc children
 * of parent or constants. */
const char *log_signal(const void *parent, int sig);
const char *log_errno(const void *parent, long number);
const char *log_state(enum proc_state state);

#endif
