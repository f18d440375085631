#include "abilities.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

#include "../watch/filter.h"
#include "../watch/trace.h"

static const char *const words[] = {"subreaper", "user and pid namespace", "pid namespace"};

const char *isolation_word(enum isolation isolation)
{
	return words[isolation];
}

static int seize(void *context, pid_t shell)
{
	(void)context;
	return trace_seize(shell);
}

/* Lets the tracee run to its exec, which is the first thing the filter and the tracer allow. */
static int wait_for_exec(pid_t shell)
{
	int status;

	while (waitpid(shell, &status, __WALL) == shell)
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return -EACCES;
		else
			return 0;
	return -errno;
}

/* Waits until the process has failed on its way to exec, or has ended: both its parent tells.
 * 0 or -errno. */
static int wait_for_word(const struct launched *launched, const char **step)
{
	struct pollfd wire = {.fd = launched->wire, .events = POLLIN};
	int status, told = 0;

	while (told == 0 && poll(&wire, 1, -1) == 1)
		told = launch_read(launched, &status, step);
	return told < 0 ? told : 0;
}

/* Starts a process as the plan says (what it runs is filled in), and looks whether it comes to its
 * exec. 0 or -errno, with *step what was refused. */
static int try(struct launch_plan plan, const char **step)
{
	char *argv[] = {"/proc/self/exe", "--version", NULL}, *env[] = {NULL};
	struct launched launched;

	plan.file = argv[0];
	plan.argv = argv;
	plan.env = env;
	plan.dir = "/";
	plan.slave = plan.input = -1;
	int result = launch_start(&plan, &launched, step);
	if (result != 0)
		return result;
	if (plan.seize) {
		*step = "trace a process up to its exec";
		result = wait_for_exec(launched.shell);
	} else {
		result = wait_for_word(&launched, step);
	}
	/* It may have a better reason to tell than that it ended. */
	int status;
	int told = plan.seize && result != 0 ? launch_read(&launched, &status, step) : 0;
	launch_end(&launched, plan.isolation);
	return told < 0 ? told : result;
}

static char *describe(const void *parent, const char *step, int error)
{
	return talloc_asprintf(parent, "unable to %s: %s", step, strerror(-error));
}

/* A namespace inside the scene's, with a /proc of its own: containers may refuse either. */
static char *probe_pid1(const struct abilities *a)
{
	const char *step = "";

	if (a->isolation == ISOLATION_SUBREAPER)
		return talloc_asprintf(
			a, "scenes have no PID namespace here: %s", a->isolation_why);
	int result = try(
		(struct launch_plan){.session = SESSION_PID1, .isolation = a->isolation}, &step);
	return result == 0 ? NULL : describe(a, step, result);
}

static void probe_isolation(struct abilities *a, int wanted)
{
	const char *step = "";

	a->isolation = ISOLATION_SUBREAPER;
	if (wanted == ISOLATION_SUBREAPER) {
		a->isolation_why = talloc_strdup(a, "not wanted");
		return;
	}
	for (int i = ISOLATION_PID; i > ISOLATION_SUBREAPER; i--) {
		if (wanted >= 0 && wanted != i)
			continue;
		int result = try((struct launch_plan){.session = SESSION_LEADER,
					 .isolation = (enum isolation)i},
			&step);
		if (result == 0) {
			a->isolation = (enum isolation)i;
			return;
		}
		a->isolation_why = describe(a, step, result);
	}
}

/* Do scenes start with this filter? Returns 0 or -errno, and says what the filter needs. */
static int probe_filter(struct abilities *a, int what, const char **step)
{
	struct launch_plan plan = {.session = SESSION_LEADER,
		.isolation = a->isolation,
		.seize = what & FILTER_TRACE ? seize : NULL};

	*step = "build the system call filter (libseccomp)";
	plan.filter = a->filter = filter_build(a, what);
	if (!a->filter)
		return -errno;
	int result = try(plan, step);
	if (result != 0) {
		plan.no_new_privs = true;
		result = try(plan, step);
	}
	a->no_new_privs = plan.no_new_privs;
	if (result != 0)
		a->filter = NULL;
	return result;
}

struct abilities *abilities_probe(const void *parent, int isolation, bool want_trace)
{
	struct abilities *a = talloc_zero(parent, struct abilities);
	const char *step = "";
	int guard = 0, result;

	probe_isolation(a, isolation);
	a->pid1_why = probe_pid1(a);
	if (a->isolation == ISOLATION_SUBREAPER)
		guard = FILTER_GUARD;
	if (want_trace) {
		result = probe_filter(a, FILTER_TRACE | guard, &step);
		a->trace = result == 0;
		if (a->trace)
			return a;
		a->trace_why = describe(a, step, result);
	}
	result = guard ? probe_filter(a, guard, &step) : 0;
	if (result != 0)
		a->guard_why = describe(a, step, result);
	return a;
}
