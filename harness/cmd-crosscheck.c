/* sigmatrix crosscheck: both drivers play the same cells, and must agree. */
#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

#include <jansson.h>

#include "model/record.h"

extern char **environ;

/* Exit statuses of this command; sigmatrix(1). */
enum { ALL_AGREE = 0, SOME_DISAGREE = 1, TROUBLE = 2 };

enum { MAX_REASONS = 32 };

struct crosscheck {
	struct words_option cases;
	struct subjects_option subjects;
	const char *cases_dir, *output, *jobs, *trace, *factor;
	char *directory; /* for what the drivers write; removed at the end */
	char *first, *second;
	bool quiet;
	int stopped; /* the signal that told us to stop, or 0 */
};

/* What came of the comparison. */
struct tally {
	size_t agreed, not_applicable, disagreed, unseen_first, unseen_second;
	struct {
		const char *reason;
		size_t count;
	} reasons[MAX_REASONS];
	size_t reason_count;
	const struct cell **disputed; /* the first driver's cells; talloc array */
};

static const char help[] =
	"Usage: sigmatrix crosscheck [OPTION]...\n"
	"\n"
	"Plays the same cells with two drivers that share no code, this program and the one in\n"
	"harness/expect (Expect and Tcl), and prints each cell they disagree about with both\n"
	"timelines. A disagreement is a bug of one of them, or of docs/case-format.md.\n"
	"Examples:\n"
	"  sigmatrix crosscheck --case 'statuses/*' --shell dash\n"
	"  sigmatrix crosscheck --trace off       nor does the first see more than the second\n"
	"  sigmatrix crosscheck --link tini       cases for links\n"
	"  sigmatrix crosscheck --output second.json\n"
	"\n"
	"  --case GLOB          cases whose name, group or last part matches; may be "
	"repeated\n" SUBJECT_HELP
	"  --jobs N             cells each driver plays at the same time (default: its own)\n"
	"  --trace auto|on|off  whether the first driver looks on with ptrace; the second never "
	"does\n"
	"  --output FILE        keep the second driver's results (and its timelines beside them)\n"
	"  --timeout-factor X   stretch the deadline of 30 s a scene\n"
	"  --cases DIR          take the cases from this directory\n"
	"  --quiet              no progress line\n"
	"\n"
	"Exit status: 0 all agree, 1 some cells differ, 2 wrong usage, or a driver could not "
	"play.\n";

/* --- the command line --- */

enum { OPT_CASE = 256, OPT_JOBS, OPT_TRACE, OPT_OUTPUT, OPT_FACTOR, OPT_CASES, OPT_QUIET };

static const struct option options[] = {
	{"case", required_argument, NULL, OPT_CASE},
	SUBJECT_OPTIONS,
	{"jobs", required_argument, NULL, OPT_JOBS},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"timeout-factor", required_argument, NULL, OPT_FACTOR},
	{"cases", required_argument, NULL, OPT_CASES},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* -1: go on, else the exit status. */
static int parse_option(void *memory, struct crosscheck *c, int option)
{
	long count;
	enum trace_wish trace;

	if (subject_option(memory, &c->subjects, option))
		return -1;
	switch (option) {
	case OPT_CASE:
		option_add(memory, &c->cases, optarg);
		return -1;
	case OPT_JOBS:
		c->jobs = optarg;
		return parse_count("crosscheck", "--jobs", optarg, 1, 256, &count) ? -1 : TROUBLE;
	case OPT_TRACE:
		c->trace = optarg;
		return parse_trace("crosscheck", optarg, &trace) ? -1 : TROUBLE;
	case OPT_OUTPUT:
		c->output = optarg;
		return -1;
	case OPT_FACTOR:
		c->factor = optarg;
		return -1;
	case OPT_CASES:
		c->cases_dir = optarg;
		return -1;
	case OPT_QUIET:
		c->quiet = true;
		return -1;
	case 'h':
		fputs(help, stdout);
		return ALL_AGREE;
	default:
		return TROUBLE;
	}
}

/* --- the drivers --- */

static void add_option(
	struct words_option *command, void *memory, const char *option, const char *value)
{
	if (!value)
		return;
	option_add(memory, command, option);
	option_add(memory, command, value);
}

static void add_common(struct words_option *command, void *memory, const struct crosscheck *c)
{
	const struct words_option *names = &c->subjects.names;

	for (size_t i = 0; i < c->cases.count; i++)
		add_option(command, memory, "--case", c->cases.words[i]);
	for (size_t i = 0; i < names->count; i++)
		add_option(
			command, memory, c->subjects.links ? "--link" : "--shell", names->words[i]);
	add_option(command, memory, "--jobs", c->jobs);
	add_option(command, memory, "--timeout-factor", c->factor);
}

/* Waits for the child; a signal that would end us is passed on, and kept for when all is tidy. */
static int wait_for(struct crosscheck *c, pid_t child, const sigset_t *ours)
{
	int sig, status = 0;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (sigwait(ours, &sig) != 0 || sig == SIGCHLD)
			continue;
		c->stopped = sig;
		kill(child, SIGTERM);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The exit status (128 and more: a signal), or -1 after complaining. */
static int run_driver(struct crosscheck *c, const struct words_option *command, bool silent)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t ours, before;
	pid_t child;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, &before);
	posix_spawn_file_actions_init(&files);
	if (silent)
		posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &before);
	int error = posix_spawnp(
		&child, command->words[0], &files, &attributes, command->words, environ);
	int status = error ? -1 : wait_for(c, child, &ours);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (error)
		complain("unable to start %s: %s%s", command->words[0], strerror(error),
			error == ENOENT ? " (Debian's package 'expect' has it)" : "");
	return status;
}

static bool play_first(void *memory, struct crosscheck *c)
{
	struct words_option command = {0};

	option_add(memory, &command, "/proc/self/exe");
	option_add(memory, &command, "run");
	add_option(&command, memory, "--output", c->first);
	add_option(&command, memory, "--format", "json");
	add_option(&command, memory, "--trace", c->trace);
	add_option(&command, memory, "--cases", c->cases_dir);
	if (c->subjects.links)
		option_add(memory, &command, "--links");
	if (c->quiet)
		option_add(memory, &command, "--quiet");
	add_common(&command, memory, c);
	int status = run_driver(c, &command, true);
	if (status >= 128 && !c->stopped)
		complain("the first driver died of signal %d", status - 128);
	return status == EXIT_AS_EXPECTED || status == EXIT_NOT_MEASURED;
}

/* A helper of the second driver: in the build directory, or where it was installed. */
static char *helper_path(void *memory, const char *name)
{
	char *actor = actor_path(memory), *path;

	if (!actor)
		return NULL;
	char *end = strrchr(actor, '/');
	path = talloc_asprintf(memory, "%.*s/expect/%s", (int)(end - actor), actor, name);
	if (access(path, X_OK) == 0)
		return path;
	complain("%s, a part of the second driver, is not there: build it with 'make'", path);
	return NULL;
}

static char *driver_path(void *memory)
{
	char *path = talloc_asprintf(memory, "%s/driver.tcl", data_path(memory, "harness/expect"));

	return access(path, R_OK) == 0
		       ? path
		       : talloc_asprintf(memory, "%s/driver.tcl", data_path(memory, "expect"));
}

static bool play_second(void *memory, struct crosscheck *c)
{
	struct words_option command = {0};
	char *actor = helper_path(memory, "actor"), *stage = helper_path(memory, "stage");

	if (!actor || !stage)
		return false;
	option_add(memory, &command, "expect");
	add_option(&command, memory, "-f", driver_path(memory));
	add_option(&command, memory, "--actor", actor);
	add_option(&command, memory, "--stage", stage);
	add_option(&command, memory, "--cases",
		c->cases_dir ? c->cases_dir : data_path(memory, "cases"));
	add_option(&command, memory, "--shells", data_path(memory, "shells"));
	if (c->subjects.links)
		add_option(&command, memory, "--links", data_path(memory, "links"));
	add_option(&command, memory, "--output", c->second);
	if (!c->quiet && isatty(STDERR_FILENO))
		option_add(memory, &command, "--progress");
	add_common(&command, memory, c);
	int status = run_driver(c, &command, false);
	if (status > 0 && !c->stopped)
		complain("the second driver ended with status %d", status);
	return status == 0;
}

/* --- comparing --- */

static const char unseen_prefix[] = "not visible: ";

static void count_reason(void *memory, struct tally *tally, const char *reason)
{
	size_t length = strcspn(reason, "(");
	char *text = talloc_strndup(memory, reason, length);

	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
	for (size_t i = 0; i < tally->reason_count; i++)
		if (strcmp(tally->reasons[i].reason, text) == 0) {
			tally->reasons[i].count++;
			return;
		}
	if (tally->reason_count == MAX_REASONS)
		return;
	tally->reasons[tally->reason_count].reason = text;
	tally->reasons[tally->reason_count++].count = 1;
}

static void compare_cell(
	void *memory, struct tally *tally, const struct cell *first, const struct cell *second)
{
	if (second && strcmp(second->outcome, "n/a") == 0 &&
		strncmp(second->reason, unseen_prefix, strlen(unseen_prefix)) == 0) {
		tally->unseen_second++;
		count_reason(memory, tally, second->reason + strlen(unseen_prefix));
		return;
	}
	if (second && strcmp(first->outcome, second->outcome) == 0) {
		if (strcmp(first->outcome, "n/a") == 0)
			tally->not_applicable++;
		else
			tally->agreed++;
		return;
	}
	if (strcmp(first->outcome, "n/a") == 0 && strstr(first->reason, "only the tracer sees")) {
		tally->unseen_first++;
		return;
	}
	tally->disputed =
		talloc_realloc(memory, tally->disputed, const struct cell *, tally->disagreed + 1);
	tally->disputed[tally->disagreed++] = first;
}

/* --- printing --- */

/* Both drivers' timelines are objects with "events"; what an event says is each driver's own. */
static void print_event(const json_t *event)
{
	const char *key, *text = json_string_value(json_object_get(event, "text"));
	const char *kind = json_string_value(json_object_get(event, "kind"));
	json_t *value;

	printf("        %9lld  ", (long long)json_integer_value(json_object_get(event, "us")));
	if (kind) {
		print_safe(stdout, kind);
		putchar(' ');
	}
	if (text)
		print_safe(stdout, text);
	/* The actor's long list of what it catches is the same for every actor. */
	json_object_del(json_object_get(event, "status"), "caught");
	json_object_foreach((json_t *)event, key, value)
	{
		if (strcmp(key, "us") == 0 || strcmp(key, "seq") == 0 || strcmp(key, "text") == 0 ||
			strcmp(key, "kind") == 0)
			continue;
		char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		putchar(' ');
		print_safe(stdout, key);
		putchar('=');
		print_safe(stdout, dumped);
		free(dumped);
	}
	putchar('\n');
}

static bool is_about(const json_t *timeline, const struct cell *cell)
{
	const char *name = json_string_value(json_object_get(timeline, "case"));
	const char *variant = json_string_value(json_object_get(timeline, "variant"));
	const char *shell = json_string_value(json_object_get(timeline, "shell"));

	return name && variant && shell && strcmp(name, cell->case_name) == 0 &&
	       strcmp(variant, cell->variant) == 0 && strcmp(shell, cell->shell) == 0;
}

static void print_timeline(void *memory, const char *results, const struct cell *cell)
{
	FILE *file = fopen(results_timelines(memory, results), "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) > 0) {
		json_t *timeline = json_loads(line, 0, NULL), *event;
		size_t i;

		found = timeline && is_about(timeline, cell);
		if (found)
			json_array_foreach(json_object_get(timeline, "events"), i, event)
				print_event(event);
		json_decref(timeline);
	}
	if (!found)
		puts("        (none)");
	free(line);
	if (file)
		fclose(file);
}

static void print_side(void *memory, const char *who, const struct cell *cell, const char *results,
	const struct cell *about)
{
	printf("    %s: ", who);
	print_safe(stdout, cell ? cell->outcome : "not played");
	if (cell && *cell->reason) {
		fputs("  (", stdout);
		print_safe(stdout, cell->reason);
		putchar(')');
	}
	putchar('\n');
	print_timeline(memory, results, about);
}

static void print_disagreement(void *memory, const struct crosscheck *c, const struct cell *first,
	const struct cell *second)
{
	print_safe(stdout, first->case_name);
	if (*first->variant) {
		fputs(", variant ", stdout);
		print_safe(stdout, first->variant);
	}
	fputs(", on ", stdout);
	print_safe(stdout, first->shell);
	putchar('\n');
	print_side(memory, "first driver (C)", first, c->first, first);
	print_side(memory, "second driver (Expect)", second, c->second, first);
	putchar('\n');
}

static void print_summary(const struct tally *t, size_t cells)
{
	printf("%zu cells: %zu agreed about an outcome, %zu agreed not to apply, %zu disagreed, "
	       "%zu not visible to the second driver",
		cells, t->agreed, t->not_applicable, t->disagreed, t->unseen_second);
	if (t->unseen_first)
		printf(", %zu not visible to the first", t->unseen_first);
	putchar('\n');
	for (size_t i = 0; i < t->reason_count; i++) {
		printf("  %6zu  ", t->reasons[i].count);
		print_safe(stdout, t->reasons[i].reason);
		putchar('\n');
	}
}

static int compare(void *memory, const struct crosscheck *c)
{
	const struct selection all = {0};
	struct results *first = load_results(memory, "crosscheck", c->first, &all);
	struct results *second = first ? load_results(memory, "crosscheck", c->second, &all) : NULL;
	struct tally tally = {0};

	if (!second)
		return TROUBLE;
	for (size_t i = 0; i < first->cell_count; i++) {
		const struct cell *cell = &first->cells[i];
		compare_cell(memory, &tally, cell,
			results_cell(second, cell->case_name, cell->variant, cell->shell));
	}
	for (size_t i = 0; i < tally.disagreed; i++) {
		const struct cell *cell = tally.disputed[i];
		print_disagreement(memory, c, cell,
			results_cell(second, cell->case_name, cell->variant, cell->shell));
	}
	print_summary(&tally, first->cell_count);
	if (fflush(stdout) != 0) {
		complain("unable to print: %s", strerror(errno));
		return TROUBLE;
	}
	return tally.disagreed ? SOME_DISAGREE : ALL_AGREE;
}

/* --- the command --- */

static bool make_directory(void *memory, struct crosscheck *c)
{
	const char *base = getenv("TMPDIR");

	c->directory = talloc_asprintf(
		memory, "%s/sigmatrix-crosscheck.XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(c->directory)) {
		complain("unable to make %s: %s (set TMPDIR to a writable place)", c->directory,
			strerror(errno));
		return false;
	}
	c->first = talloc_asprintf(memory, "%s/first.json", c->directory);
	c->second = c->output ? talloc_strdup(memory, c->output)
			      : talloc_asprintf(memory, "%s/second.json", c->directory);
	return true;
}

static void remove_directory(void *memory, const struct crosscheck *c)
{
	DIR *directory = opendir(c->directory);
	const struct dirent *entry;

	/* A driver that was interrupted may have left more than its results. */
	while (directory && (entry = readdir(directory)))
		unlink(talloc_asprintf(memory, "%s/%s", c->directory, entry->d_name));
	if (directory)
		closedir(directory);
	rmdir(c->directory);
}

static int crosscheck(void *memory, struct crosscheck *c)
{
	int status = TROUBLE;

	if (!make_directory(memory, c))
		return TROUBLE;
	if (play_first(memory, c) && !c->stopped && play_second(memory, c) && !c->stopped)
		status = compare(memory, c);
	remove_directory(memory, c);
	return c->stopped ? die_of_signal(c->stopped) : status;
}

static int parse_and_check(void *memory, int argc, char **argv)
{
	struct crosscheck c = {0};
	int option;

	while ((option = next_option(argc, argv, options, "crosscheck")) != -1) {
		int status = parse_option(memory, &c, option);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error("crosscheck",
			"'%s' is not an option; cases are chosen with --case", argv[optind]);
	if (!check_subjects("crosscheck", &c.subjects))
		return TROUBLE;
	return crosscheck(memory, &c);
}

int cmd_crosscheck(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_check(memory, argc, argv);

	talloc_free(memory);
	return status;
}
