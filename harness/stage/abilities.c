#include "abilities.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

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

static int try(enum isolation isolation, const struct sock_fprog *filter, bool no_new_privs,
	const char **step)
{
	char *argv[] = {"/proc/self/exe", "--version", NULL}, *env[] = {NULL};
	struct launched launched;
	struct launch_plan plan = {.file = argv[0],
		.argv = argv,
		.env = env,
		.dir = "/",
		.slave = -1,
		.input = -1,
		.session = SESSION_LEADER,
		.isolation = isolation,
		.filter = filter,
		.no_new_privs = no_new_privs,
		.seize = filter ? seize : NULL};
	int result = launch_start(&plan, &launched, step);

	if (result != 0)
		return result;
	*step = "trace a process up to its exec";
	result = filter ? wait_for_exec(launched.shell) : 0;
	/* It may have a better reason to tell than that it ended. */
	int status;
	int told = result != 0 ? launch_read(&launched, &status, step) : 0;
	launch_end(&launched, isolation);
	return told < 0 ? told : result;
}

static char *describe(const void *parent, const char *step, int error)
{
	return talloc_asprintf(parent, "unable to %s: %s", step, strerror(-error));
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
		int result = try((enum isolation)i, NULL, false, &step);
		if (result == 0) {
			a->isolation = (enum isolation)i;
			return;
		}
		a->isolation_why = describe(a, step, result);
	}
}

struct abilities *abilities_probe(
	const void *parent, int isolation, const struct sock_fprog *filter)
{
	struct abilities *a = talloc_zero(parent, struct abilities);
	const char *step = "";

	probe_isolation(a, isolation);
	if (!filter)
		return a;
	int result = try(a->isolation, filter, false, &step);
	if (result != 0) {
		a->no_new_privs = true;
		result = try(a->isolation, filter, true, &step);
	}
	a->trace = result == 0;
	if (result != 0)
		a->trace_why = describe(a, step, result);
	return a;
}
