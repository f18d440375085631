/* sigmatrix chain: where in a command's tree of processes a signal gets lost. */
#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "chain/run.h"
#include "model/diag.h"

static const char help[] =
	"Usage: sigmatrix chain [options] -- COMMAND ARGS...\n"
	"       sigmatrix chain --pid PID [--signal SIGNAL] [options]\n"
	"\n"
	"Runs the command under the tracer, waits until its tree of processes has settled, sends "
	"it a\n"
	"signal, and says of every process what it got, from whom, and what it did: whether the "
	"chain\n"
	"is whole, or which hop breaks it and how to mend that. Examples:\n"
	"  sigmatrix chain -- ./entrypoint.sh               TERM to it alone, as kill does\n"
	"  sigmatrix chain --profile docker-stop -- ./entrypoint.sh\n"
	"                                                   it is PID 1 of a PID namespace\n"
	"  sigmatrix chain --profile terminal -- make test  it has a terminal, and ^C is pressed\n"
	"  sigmatrix chain --ready port:8080 --format json -- npm start\n"
	"  sigmatrix chain --pid 1234                       only look: dispositions and masks\n"
	"  sigmatrix chain --pid 1234 --signal TERM         and send; it may end for good\n"
	"\n"
	"  --profile kill|terminal|ci|docker-stop\n"
	"                  kill: TERM to the first process (the default). terminal: --tty --to "
	"tty\n"
	"                  --signal INT. ci: INT to the first process, TERM after 7.5 s, 2.5 s "
	"for\n"
	"                  that. docker-stop: TERM to PID 1 of a PID namespace\n"
	"  --signal NAME   another signal; all but TERM INT HUP QUIT KILL are expected to arrive,\n"
	"                  not to end the tree\n"
	"  --goal end|reach\n"
	"                  what is expected, where that is wrong\n"
	"  --to WHOM       root, group, tty (^C, ^\\, ^Z, or a hangup for HUP), or a pid of the "
	"tree\n"
	"  --tty           a terminal for the command\n"
	"  --grace TIME    for the tree to end, 10s by default: 500ms, 30s, 2m\n"
	"  --ready WHAT    when to send: a regular expression on the output, port:N, file:PATH\n"
	"  --settle TIME   how long that may take, 10s by default\n"
	"  --format text|json|dot|svg\n"
	"  --quiet         do not show the command's output (on standard error, escaped)\n"
	"\n"
	"Whatever is left of the command at the end is killed, but not with --pid. Exit status: 0 "
	"the\n"
	"chain is whole, or was only looked at; 1 it is broken; 2 usage; 3 could not be "
	"measured.\n";

enum {
	OPT_SIGNAL = 256,
	OPT_TO,
	OPT_TTY,
	OPT_GRACE,
	OPT_READY,
	OPT_PROFILE,
	OPT_FORMAT,
	OPT_GOAL,
	OPT_SETTLE,
	OPT_PID,
	OPT_QUIET
};

static const struct option options[] = {
	{"signal", required_argument, NULL, OPT_SIGNAL},
	{"to", required_argument, NULL, OPT_TO},
	{"tty", no_argument, NULL, OPT_TTY},
	{"grace", required_argument, NULL, OPT_GRACE},
	{"ready", required_argument, NULL, OPT_READY},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"goal", required_argument, NULL, OPT_GOAL},
	{"settle", required_argument, NULL, OPT_SETTLE},
	{"pid", required_argument, NULL, OPT_PID},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const int64_t SECOND = 1000000000;

static const struct profile {
	const char *name;
	bool tty, pid1;
	enum chain_target to;
	struct chain_stage stages[STAGES_MAX];
} profiles[] = {
	{"kill", false, false, TARGET_ROOT, {{SIGTERM, 10000000000}}},
	{"terminal", true, false, TARGET_TTY, {{SIGINT, 10000000000}}},
	/* docs.github.com, "Workflow cancellation reference" */
	{"ci", false, false, TARGET_ROOT, {{SIGINT, 7500000000}, {SIGTERM, 2500000000}}},
	{"docker-stop", false, true, TARGET_ROOT, {{SIGTERM, 10000000000}}},
};

enum { PROFILE_COUNT = sizeof(profiles) / sizeof(*profiles) };

static const struct format {
	const char *name;
	void (*print)(const struct chain_report *report, FILE *out);
} formats[] = {
	{"text", chain_print_text},
	{"json", chain_print_json},
	{"dot", chain_print_dot},
	{"svg", chain_print_svg},
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(*formats) };

struct request {
	const struct profile *profile;
	const struct format *format;
	const char *to;
	int sig;
	int64_t grace_ns; /* -1: the profile's */
	int goal;         /* -1: the signal's */
	bool has_pattern;
	struct chain_plan plan;
};

static int set_profile(struct request *request, const char *word)
{
	const char *known[PROFILE_COUNT + 1] = {NULL};

	for (int i = 0; i < PROFILE_COUNT; i++)
		known[i] = profiles[i].name;
	int index = choose_word("chain", "--profile", word, known);
	if (index < 0)
		return EXIT_BAD_USAGE;
	request->profile = &profiles[index];
	return -1;
}

static int set_format(struct request *request, const char *word)
{
	const char *known[FORMAT_COUNT + 1] = {NULL};

	for (int i = 0; i < FORMAT_COUNT; i++)
		known[i] = formats[i].name;
	int index = choose_word("chain", "--format", word, known);
	if (index < 0)
		return EXIT_BAD_USAGE;
	request->format = &formats[index];
	return -1;
}

static int set_signal(struct request *request, const char *word)
{
	const char *name = strncmp(word, "SIG", 3) == 0 ? word + 3 : word;
	char *end;
	long number = strtol(word, &end, 10);

	request->sig =
		*word && !*end && number > 0 && number <= 64 ? (int)number : signal_number(name);
	if (request->sig > 0)
		return -1;
	return usage_error(
		"chain", "--signal %s: a signal's name or number is needed, such as TERM", word);
}

/* "10s", "500ms", "2m", "10": seconds. -1 after a complaint. */
static int64_t read_time(const char *option, const char *text)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"m", 60e9}};
	char *end;
	double number = strtod(text, &end);

	for (size_t i = 0; end != text && i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0 && number >= 0 && number * units[i].ns < 9e16)
			return (int64_t)(number * units[i].ns);
	usage_error("chain", "%s %s: a time such as 10s, 500ms or 2m is needed", option, text);
	return -1;
}

static int set_ready(struct request *request, const char *text)
{
	struct chain_plan *plan = &request->plan;
	char why[128];

	if (strncmp(text, "port:", 5) == 0) {
		plan->ready = READY_PORT;
		return parse_count("chain", "--ready port:", text + 5, 1, 65535, &plan->port)
			       ? -1
			       : EXIT_BAD_USAGE;
	}
	if (strncmp(text, "file:", 5) == 0) {
		plan->ready = READY_FILE;
		plan->file = text + 5;
		return *plan->file ? -1
				   : usage_error("chain", "--ready file: needs a path behind it");
	}
	if (request->has_pattern)
		regfree(&plan->pattern);
	request->has_pattern = false;
	plan->ready = READY_OUTPUT;
	int result = regcomp(&plan->pattern, text, REG_EXTENDED | REG_NOSUB);
	if (result == 0) {
		request->has_pattern = true;
		return -1;
	}
	regerror(result, &plan->pattern, why, sizeof(why));
	return usage_error("chain", "--ready %s: %s", text, why);
}

static int set_goal(struct request *request, const char *word)
{
	static const char *const known[] = {"end", "reach", NULL};

	request->goal = choose_word("chain", "--goal", word, known);
	return request->goal < 0 ? EXIT_BAD_USAGE : -1;
}

static int set_pid(struct request *request, const char *word)
{
	long pid;

	if (!parse_count("chain", "--pid", word, 1, INT_MAX, &pid))
		return EXIT_BAD_USAGE;
	request->plan.pid = (pid_t)pid;
	return -1;
}

static int set_time(int64_t *out, const char *option, const char *text)
{
	*out = read_time(option, text);
	return *out >= 0 ? -1 : EXIT_BAD_USAGE;
}

/* -1: go on. */
static int parse_option(struct request *request, int option)
{
	switch (option) {
	case OPT_SIGNAL:
		return set_signal(request, optarg);
	case OPT_TO:
		request->to = optarg;
		return -1;
	case OPT_TTY:
		request->plan.tty = true;
		return -1;
	case OPT_GRACE:
		return set_time(&request->grace_ns, "--grace", optarg);
	case OPT_SETTLE:
		return set_time(&request->plan.settle_ns, "--settle", optarg);
	case OPT_READY:
		return set_ready(request, optarg);
	case OPT_PROFILE:
		return set_profile(request, optarg);
	case OPT_FORMAT:
		return set_format(request, optarg);
	case OPT_GOAL:
		return set_goal(request, optarg);
	case OPT_PID:
		return set_pid(request, optarg);
	case OPT_QUIET:
		request->plan.quiet = true;
		return -1;
	case 'h':
		fputs(help, stdout);
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

static int set_target(struct request *request)
{
	static const char *const known[] = {"root", "group", "tty", NULL};
	static const enum chain_target targets[] = {TARGET_ROOT, TARGET_GROUP, TARGET_TTY};
	struct chain_plan *plan = &request->plan;
	long pid;

	if (!request->to)
		return -1;
	if (*request->to < '0' || *request->to > '9') {
		int index = choose_word("chain", "--to", request->to, known);
		if (index < 0)
			return EXIT_BAD_USAGE;
		plan->to = targets[index];
		return -1;
	}
	if (!parse_count("chain", "--to", request->to, 1, INT_MAX, &pid))
		return EXIT_BAD_USAGE;
	plan->to = TARGET_PID;
	plan->to_pid = (pid_t)pid;
	return -1;
}

static int set_stages(struct request *request)
{
	struct chain_plan *plan = &request->plan;
	const struct profile *profile = request->profile;

	memcpy(plan->stages, profile->stages, sizeof(plan->stages));
	for (size_t i = 0; i < STAGES_MAX && plan->stages[i].sig; i++) {
		plan->stage_count++;
		if (request->grace_ns >= 0)
			plan->stages[i].grace_ns = request->grace_ns;
	}
	if (request->sig)
		plan->stages[0].sig = request->sig;
	int sig = plan->stages[0].sig;
	plan->goal = request->goal >= 0 ? (enum chain_goal)request->goal : chain_goal_of(sig);
	if (plan->to == TARGET_TTY && sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP &&
		sig != SIGHUP)
		return usage_error("chain",
			"no key of a terminal sends %s: INT, QUIT, TSTP, or HUP for a hangup",
			signal_name(sig));
	return -1;
}

/* What the profile and the options come to. -1: go on. */
static int make_plan(struct request *request, int argc, char **argv)
{
	struct chain_plan *plan = &request->plan;
	const struct profile *profile = request->profile;

	plan->to = profile->to;
	plan->pid1 = profile->pid1;
	int status = set_target(request);
	if (status >= 0)
		return status;
	status = set_stages(request);
	if (status >= 0)
		return status;
	plan->tty |= profile->tty || plan->to == TARGET_TTY;
	if (!plan->pid && optind == argc)
		return usage_error("chain", "name a command behind --, or a process with --pid");
	if (plan->pid && optind < argc)
		return usage_error("chain", "either --pid or a command, not both");
	if (plan->pid && (plan->tty || plan->ready == READY_OUTPUT))
		return usage_error("chain",
			"a process that runs already keeps its terminal and its output: --pid goes "
			"with --to root, group or a pid, and --ready port: or file:");
	if (plan->pid == getpid())
		return usage_error("chain", "--pid %d is sigmatrix itself", (int)plan->pid);
	plan->argv = plan->pid ? NULL : argv + optind;
	plan->look_only = plan->pid && !request->sig;
	return -1;
}

static int run_and_print(void *memory, const struct request *request)
{
	struct chain_result *result = chain_run(memory, &request->plan);
	struct chain_report report = {.chain = result->chain,
		.judgement = result->error ? NULL : result->judgement,
		.sig = result->chain->sig ? result->chain->sig : request->plan.stages[0].sig,
		.profile = request->plan.pid ? NULL : request->profile->name,
		.error = result->error,
		.notes = result->notes,
		.ended_survivors = result->ended_survivors};

	if (!result->chain->sig)
		result->chain->to = request->plan.to;
	request->format->print(&report, stdout);
	json_decref(result->notes);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("unable to write the report: %s", strerror(errno));
		return EXIT_NOT_MEASURED;
	}
	if (result->error)
		return EXIT_NOT_MEASURED;
	return result->judgement->verdict == CHAIN_BROKEN ? EXIT_REGRESSION : EXIT_AS_EXPECTED;
}

static int parse_and_run(void *memory, struct request *request, int argc, char **argv)
{
	int option;

	while ((option = next_option(argc, argv, options, "chain")) != -1) {
		int status = parse_option(request, option);
		if (status >= 0)
			return status;
	}
	int status = make_plan(request, argc, argv);
	return status >= 0 ? status : run_and_print(memory, request);
}

int cmd_chain(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	struct request request = {.profile = &profiles[0],
		.format = &formats[0],
		.grace_ns = -1,
		.goal = -1,
		.plan = {.settle_ns = 10 * SECOND}};
	int status = parse_and_run(memory, &request, argc, argv);

	if (request.has_pattern)
		regfree(&request.plan.pattern);
	talloc_free(memory);
	return status;
}
