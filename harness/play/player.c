#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <talloc.h>
#include <unistd.h>

#include "../watch/proc.h"
#include "playing.h"

enum { LULL_MAX_NS = 200000 };

/* --- steps --- */

static bool settle(struct player *p, const char *label)
{
	return wait_until(p, "the scene to settle", NULL, label);
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
	if (wait_until(p, step->text, step, NULL) || is_over(p))
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
		.before = {.busy = WHO_NONE}};

	begin_deadline(&p);
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
