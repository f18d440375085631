/* sigmatrix run: every chosen case on every chosen shell. */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <talloc.h>
#include <time.h>
#include <unistd.h>

#include "baseline.h"
#include "identity.h"
#include "keep.h"
#include "model/record.h"
#include "play/pool.h"
#include "report/report.h"
#include "stage/abilities.h"

enum { DEADLINE_S = 30 };

struct run_options {
	struct words_option cases;
	struct subjects_option subjects;
	const char *cases_dir, *format, *output, *colour;
	long jobs, steady_jobs, repeat;
	double timeout_factor;
	enum trace_wish trace;
	int isolation;
	bool quiet, resume;
	struct baseline_wish baseline;
};

/* A run in progress. */
struct run {
	struct run_options options;
	struct results *results;
	struct cell_job *jobs; /* one for each cell; job % cell_count is the cell */
	size_t job_count, cell_count, done;
	bool keeps_facts; /* somebody will read them */
	bool progress;    /* standard error is a terminal that wants it */
	struct keep_wish wish;
	json_t *identity;         /* what a run that is resumed must share with this one */
	struct keep *keep;        /* NULL: nothing is written */
	bool *played;             /* by job: was in the journal */
	size_t resumed;           /* how many were */
	struct results *baseline; /* NULL: none to compare with */
	bool resumable;           /* there is something to go on with */
	struct timespec began;
};

static const char help[] =
	"Usage: sigmatrix run [OPTION]...\n"
	"\n"
	"Plays cases on shells and prints the matrix. Examples:\n"
	"  sigmatrix run                                  all cases, all shells found\n"
	"  sigmatrix run --case 'forwarding/*' --shell bash --shell dash\n"
	"  sigmatrix run --shell mine='./my-sh --posix'   a shell without a shell file\n"
	"  sigmatrix run --output results/matrix.json     keep everything that was measured\n"
	"  sigmatrix run --repeat 50 --case 'terminal/*'  is it stable?\n"
	"  sigmatrix run --links                          cases for links, all links found\n"
	"\n"
	"  --case GLOB          cases whose name, group or last part matches; may be "
	"repeated\n" SUBJECT_HELP
	"  --jobs N             cells played at the same time (default: eight for each processor, "
	"and\n"
	"                       as many again while one is idle)\n"
	"  --repeat N           play each cell N times; one whose outcome differs is 'unstable'\n"
	"  --trace auto|on|off  look on with ptrace; 'on' makes it an error where that is refused\n"
	"  --isolation auto|pid|user|subreaper\n"
	"                       what keeps a scene together (default: the best that works)\n"
	"  --output FILE        write the results as JSON (and the timelines beside it)\n"
	"  --resume             go on with a run into FILE that was interrupted, by whatever\n"
	"  --baseline FILE      say what changed since the run that is kept there; status 1 when\n"
	"                       a cell is worse or other ('sigmatrix diff --help' has the words)\n"
	"  --strict             ... when anything changed\n"
	"  --update-baseline    ... and keep this run there instead\n"
	"  --format FORMAT      what to print: term (default), markdown, json\n"
	"  --timeout-factor X   stretch the deadline of 30 s a scene\n"
	"  --cases DIR          take the cases from this directory\n"
	"  --color auto|always|never   (NO_COLOR is respected)\n"
	"  --quiet              no progress line, no closing remark\n"
	"\n"
	"Exit status: 0 measured, 1 changed since the baseline, 2 wrong usage or a malformed file, "
	"3 some cells could not be\n"
	"measured (broken, unknown, timeout, disputed). ^C keeps what was measured so far;\n"
	"with --output, what was measured also outlives kill -9 and a power cut.\n";

/* --- the command line --- */

enum {
	OPT_CASE = 256,
	OPT_JOBS,
	OPT_REPEAT,
	OPT_TRACE,
	OPT_ISOLATION,
	OPT_OUTPUT,
	OPT_FORMAT,
	OPT_FACTOR,
	OPT_CASES,
	OPT_COLOR,
	OPT_QUIET,
	OPT_RESUME,
	OPT_BASELINE,
	OPT_STRICT,
	OPT_UPDATE
};

static const struct option options[] = {
	{"case", required_argument, NULL, OPT_CASE},
	SUBJECT_OPTIONS,
	{"jobs", required_argument, NULL, OPT_JOBS},
	{"repeat", required_argument, NULL, OPT_REPEAT},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"isolation", required_argument, NULL, OPT_ISOLATION},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"timeout-factor", required_argument, NULL, OPT_FACTOR},
	{"cases", required_argument, NULL, OPT_CASES},
	{"color", required_argument, NULL, OPT_COLOR},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"resume", no_argument, NULL, OPT_RESUME},
	{"baseline", required_argument, NULL, OPT_BASELINE},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"update-baseline", no_argument, NULL, OPT_UPDATE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static bool parse_factor(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (*text && !*end && *out > 0 && *out <= 1000)
		return true;
	usage_error("run", "--timeout-factor %s: a number above 0, up to 1000, is needed", text);
	return false;
}

/* False after complaining. */
static bool check_format(const char *name)
{
	const struct report *report = find_report("run", name);

	if (report && !report->write)
		usage_error(
			"run", "%s is a directory of pages: make it with 'sigmatrix report'", name);
	return report && report->write;
}

/* -1: go on, else the exit status. */
static int parse_option(void *memory, struct run_options *o, int option)
{
	if (subject_option(memory, &o->subjects, option))
		return -1;
	switch (option) {
	case OPT_CASE:
		option_add(memory, &o->cases, optarg);
		return -1;
	case OPT_JOBS:
		if (!parse_count("run", "--jobs", optarg, 1, 256, &o->jobs))
			return EXIT_BAD_USAGE;
		o->steady_jobs = o->jobs;
		return -1;
	case OPT_REPEAT:
		return parse_count("run", "--repeat", optarg, 1, 100000, &o->repeat)
			       ? -1
			       : EXIT_BAD_USAGE;
	case OPT_TRACE:
		return parse_trace("run", optarg, &o->trace) ? -1 : EXIT_BAD_USAGE;
	case OPT_ISOLATION:
		return parse_isolation("run", optarg, &o->isolation) ? -1 : EXIT_BAD_USAGE;
	case OPT_OUTPUT:
		o->output = optarg;
		return -1;
	case OPT_FORMAT:
		o->format = optarg;
		return check_format(optarg) ? -1 : EXIT_BAD_USAGE;
	case OPT_FACTOR:
		return parse_factor(optarg, &o->timeout_factor) ? -1 : EXIT_BAD_USAGE;
	case OPT_CASES:
		o->cases_dir = optarg;
		return -1;
	case OPT_COLOR:
		o->colour = optarg;
		return parse_colour("run", optarg) ? -1 : EXIT_BAD_USAGE;
	case OPT_QUIET:
		o->quiet = true;
		return -1;
	case OPT_RESUME:
		o->resume = true;
		return -1;
	case OPT_BASELINE:
		o->baseline.path = optarg;
		return -1;
	case OPT_STRICT:
		o->baseline.strict = true;
		return -1;
	case OPT_UPDATE:
		o->baseline.update = true;
		return -1;
	case 'h':
		fputs(help, stdout);
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

static int parse(void *memory, struct run_options *o, int argc, char **argv)
{
	int option, status;
	long counted = sysconf(_SC_NPROCESSORS_ONLN), processors = counted > 0 ? counted : 1;

	*o = (struct run_options){.format = "term",
		.repeat = 1,
		.timeout_factor = 1,
		.isolation = -1,
		.jobs = 16 * processors,
		.steady_jobs = 8 * processors};
	while ((option = next_option(argc, argv, options, "run")) != -1) {
		status = parse_option(memory, o, option);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error(
			"run", "'%s' is not an option; cases are chosen with --case", argv[optind]);
	if (!check_subjects("run", &o->subjects))
		return EXIT_BAD_USAGE;
	if ((o->baseline.strict || o->baseline.update) && !o->baseline.path)
		return usage_error("run", "--strict and --update-baseline need --baseline FILE");
	o->baseline.cases = o->cases.words;
	if (o->resume && !o->output)
		return usage_error("run", "--resume needs --output FILE: the run to go on with");
	return -1;
}

/* --- the results document --- */

static char *read_system(void *memory)
{
	char line[256], *name = NULL;
	FILE *file = fopen("/etc/os-release", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "PRETTY_NAME=", 12) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		char *start = line + 12 + (line[12] == '"');
		start[strcspn(start, "\"")] = '\0';
		name = talloc_strdup(memory, start);
	}
	if (file)
		fclose(file);
	return name ? name : talloc_strdup(memory, "unknown");
}

static void describe_host(
	struct results *results, const struct cell_context *context, int argc, char **argv)
{
	struct utsname names;
	struct host_record *host = &results->host;
	char date[32];
	time_t now = time(NULL);
	char *command = talloc_strdup(results, "sigmatrix");

	uname(&names);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	for (int i = 0; i < argc; i++)
		command = talloc_asprintf_append(command, " %s", argv[i]);
	host->kernel = talloc_strdup(results, names.release);
	host->machine = talloc_strdup(results, names.machine);
	host->system = read_system(results);
	host->date = talloc_strdup(results, date);
	host->trace = context->player.trace ? "ptrace" : "off";
	host->isolation = isolation_word(context->player.isolation);
	host->user = geteuid() == 0 ? "root" : "ordinary";
	host->command = command;
}

static void describe_shells(struct results *results, struct shell **shells, size_t count)
{
	results->shells = talloc_zero_array(results, struct shell_record, count);
	results->shell_count = count;
	for (size_t i = 0; i < count; i++)
		results->shells[i] = (struct shell_record){.name = shells[i]->name,
			.kind = shells[i]->kind,
			.title = shells[i]->title,
			.family = shells[i]->family,
			.file = shells[i]->file,
			.version = shells[i]->version,
			.sha256 = shells[i]->sha256,
			.missing = shells[i]->missing};
}

static const char *no_words(void *context, const char *name)
{
	(void)context;
	(void)name;
	return "SHELL";
}

/* Labels and meanings may hold variables: they are those of the first variant, and of others
 * only where the label is new. */
static void describe_rows(struct case_record *record, void *memory, const struct test_case *tc)
{
	for (size_t v = 0; v < tc->variant_count; v++) {
		const char *na;
		struct scene *scene =
			case_scene(memory, tc, &tc->variants[v], "posix", no_words, NULL, &na);

		for (size_t i = 0; scene && i < scene->row_count; i++) {
			const struct outcome_row *row = &scene->rows[i];
			bool known = false;

			for (size_t k = 0; k < record->row_count; k++)
				known |= strcmp(record->rows[k].label, row->label) == 0;
			if (known)
				continue;
			record->rows = talloc_realloc(
				memory, record->rows, struct row_record, record->row_count + 1);
			record->rows[record->row_count++] = (struct row_record){.label = row->label,
				.meaning = row->meaning,
				.verdict = row->verdict};
		}
	}
}

static void describe_cases(struct results *results, struct test_case **cases, size_t count)
{
	results->cases = talloc_zero_array(results, struct case_record, count);
	results->case_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct test_case *tc = cases[i];
		struct case_record *record = &results->cases[i];

		*record = (struct case_record){.name = tc->name,
			.group = tc->group,
			.title = tc->title,
			.spec = tc->spec,
			.prose = tc->prose,
			.scene = tc->scene};
		record->variants = talloc_zero_array(results, const char *, tc->variant_count + 1);
		for (size_t v = 0; v < tc->variant_count; v++)
			record->variants[v] = tc->variants[v].name;
		describe_rows(record, results, tc);
	}
}

/* --- collecting --- */

static void add_jobs(struct run *run, struct test_case **cases, size_t case_count,
	struct shell **shells, size_t shell_count)
{
	size_t capacity = 0;

	for (size_t i = 0; i < case_count; i++)
		capacity += cases[i]->variant_count * shell_count;
	run->results->cells = talloc_zero_array(run->results, struct cell, capacity);
	run->jobs = talloc_zero_array(run->results, struct cell_job, capacity);
	for (size_t i = 0; i < case_count; i++)
		for (size_t v = 0; v < cases[i]->variant_count; v++)
			for (size_t s = 0; s < shell_count; s++) {
				if (!shells[s]->file)
					continue;
				struct cell_job *job = &run->jobs[run->cell_count];
				struct cell *cell = &run->results->cells[run->cell_count++];
				*job = (struct cell_job){
					cases[i], &cases[i]->variants[v], shells[s]};
				*cell = (struct cell){.case_name = cases[i]->name,
					.variant = cases[i]->variants[v].name,
					.shell = shells[s]->name};
			}
	run->job_count = run->cell_count * (size_t)run->options.repeat;
}

static void show_progress(const struct run *run, const struct cell_job *job)
{
	if (!run->progress)
		return;
	char *text = talloc_asprintf(NULL, "[%zu/%zu] %s%s%s %s", run->done, run->job_count,
		job->test_case->name, *job->variant->name ? ":" : "", job->variant->name,
		job->shell->name);
	char *safe = escape_terminal(text, text);
	fprintf(stderr, "\r%.78s\033[K", safe);
	fflush(stderr);
	talloc_free(text);
}

static void clear_progress(const struct run *run)
{
	if (run->progress)
		fputs("\r\033[K", stderr);
}

/* Most cells have one outcome, and there may be very many cells: only where outcomes differ are
 * they counted one by one. */
static void count_run(struct cell *cell, const char *outcome)
{
	if (!cell->runs && (!cell->outcome || strcmp(cell->outcome, outcome) == 0)) {
		cell->plays++;
		return;
	}
	if (!cell->runs)
		cell->runs = json_pack("{s:I}", cell->outcome, (json_int_t)cell->plays);
	json_int_t count = json_integer_value(json_object_get(cell->runs, outcome));
	json_object_set_new(cell->runs, outcome, json_integer(count + 1));
}

/* Neighbours often say the same, and there may be very many of them. */
static const char *keep_text(const struct run *run, size_t cell, const char *text)
{
	size_t first = cell > 24 ? cell - 24 : 0;

	for (size_t i = cell; i-- > first;) {
		const struct cell *other = &run->results->cells[i];

		if (other->outcome && strcmp(other->outcome, text) == 0)
			return other->outcome;
		if (other->reason && strcmp(other->reason, text) == 0)
			return other->reason;
	}
	return talloc_strdup(run->results, text);
}

static void note_difference(struct run *run, struct cell *cell, const struct cell *another)
{
	if (strcmp(cell->outcome, another->outcome) == 0)
		return;
	if (strcmp(cell->outcome, "unstable") != 0)
		cell->reason = talloc_asprintf(
			run->results, "outcomes differ: %s (%s)", cell->outcome, cell->reason);
	if (json_integer_value(json_object_get(cell->runs, another->outcome)) == 1)
		cell->reason = talloc_asprintf(run->results, "%s; %s (%s)", cell->reason,
			another->outcome, another->reason);
	cell->outcome = "unstable";
	cell->verdict = VERDICT_NONE;
}

/* A play that is over. Its timeline is kept (true) when it is the first of its cell. */
static bool take_play(struct run *run, size_t job, const struct cell *played)
{
	struct cell *cell = &run->results->cells[job % run->cell_count];

	count_run(cell, played->outcome);
	if (cell->outcome) {
		note_difference(run, cell, played);
		return false;
	}
	cell->outcome = keep_text(run, job % run->cell_count, played->outcome);
	cell->reason = keep_text(run, job % run->cell_count, played->reason);
	cell->verdict = played->verdict;
	if (run->keeps_facts && played->facts)
		cell->facts = talloc_strdup(run->results, played->facts);
	return true;
}

static void take_answer(void *data, size_t job, const json_t *answer, const char *timeline)
{
	struct run *run = data;
	struct cell played;
	void *memory = talloc_new(NULL);
	json_t *cell = json_object_get(answer, "cell");

	run->done++;
	show_progress(run, &run->jobs[job % run->cell_count]);
	if (!cell_from_json(memory, cell, &played)) {
		played = run->results->cells[job % run->cell_count];
		played.outcome = "broken";
		played.reason = "the worker's answer could not be read";
	}
	if (!take_play(run, job, &played))
		timeline = NULL;
	/* What could not be played is played again when the run is resumed. */
	if (run->keep && strcmp(played.outcome, "broken") != 0)
		keep_play(run->keep, job, cell, timeline);
	else if (run->keep)
		keep_timeline(run->keep, timeline);
	talloc_free(memory);
}

/* --- going on with a run that was interrupted --- */

static void take_beginning(void *data, const char *date, const char *command)
{
	struct run *run = data;

	run->results->host.date = talloc_strdup(run->results, date);
	run->results->host.command = talloc_strdup(run->results, command);
}

static enum journal_verdict take_from_journal(
	void *data, const struct journal_play *play, const char **why)
{
	struct run *run = data;
	const struct cell *cell = play->cell, *due;

	*why = "it is of no play of this run";
	if (play->job >= run->job_count)
		return JOURNAL_WRONG;
	due = &run->results->cells[play->job % run->cell_count];
	if (strcmp(due->case_name, cell->case_name) != 0 ||
		strcmp(due->variant, cell->variant) != 0 || strcmp(due->shell, cell->shell) != 0)
		return JOURNAL_WRONG;
	*why = "the play is there twice";
	if (run->played[play->job])
		return JOURNAL_WRONG;
	run->played[play->job] = true;
	run->resumed++;
	run->done++;
	take_play(run, play->job, cell);
	return JOURNAL_TAKEN;
}

static bool open_keep(struct run *run, void *memory, int *status)
{
	const struct host_record *host = &run->results->host;

	if (!run->options.output)
		return true;
	run->played = talloc_zero_array(memory, bool, run->job_count);
	run->wish.output = run->options.output;
	run->wish.resume = run->options.resume;
	run->wish.quiet = run->options.quiet;
	run->wish.run = run->identity;
	run->wish.date = host->date;
	run->wish.command = host->command;
	run->wish.play = take_from_journal;
	run->wish.began = take_beginning;
	run->wish.data = run;
	run->keep = keep_open(memory, &run->wish, status);
	return run->keep != NULL;
}

/* --- writing --- */

/* Cells that were not played are left out, not made up. */
static void drop_unplayed(struct results *results)
{
	size_t kept = 0;

	for (size_t i = 0; i < results->cell_count; i++)
		if (results->cells[i].outcome)
			results->cells[kept++] = results->cells[i];
	results->cell_count = kept;
}

/* Puts what was measured into its file. False after complaining. */
static bool save(struct run *run)
{
	if (!run->options.output)
		return true;
	int result = results_save(run->results, run->options.output);
	if (result != 0)
		complain("unable to write %s: %s; what was there before is untouched",
			run->options.output, strerror(-result));
	bool complete = result == 0 && run->results->host.complete;
	run->resumable = !complete && keep_resumable(run->keep);
	if (result != 0 && run->resumable)
		complain("what was played is kept: when that is mended, the same command with "
			 "--resume writes it");
	return keep_close(run->keep, complete) && result == 0;
}

static bool print(const struct run *run)
{
	struct report_options how = {.colour = wants_colour(run->options.colour, STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO)};

	int result = find_report("run", run->options.format)->write(run->results, &how, stdout);
	if (result == 0 && fflush(stdout) == 0)
		return true;
	complain("unable to print the matrix: %s", strerror(result ? -result : errno));
	return false;
}

static void close_with_remark(const struct run *run)
{
	struct timespec now;

	if (run->options.quiet)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double seconds = (double)(now.tv_sec - run->began.tv_sec) +
			 (double)(now.tv_nsec - run->began.tv_nsec) / 1e9;
	size_t played = run->done - run->resumed;
	fprintf(stderr, "sigmatrix: played %zu cells in %.2f s (%.0f a second)\n", played, seconds,
		seconds > 0 ? (double)played / seconds : 0);
	if (run->resumed > 0)
		fprintf(stderr, "sigmatrix: %zu had been played before\n", run->resumed);
}

static bool all_measured(const struct results *results)
{
	for (size_t i = 0; i < results->cell_count; i++) {
		const char *outcome = results->cells[i].outcome;

		if (outcome_is_doubt(outcome) && strcmp(outcome, "n/a") != 0 &&
			strcmp(outcome, "unstable") != 0)
			return false;
	}
	return true;
}

/* --- the command --- */

static int play(struct run *run, struct cell_context *context, struct pool *pool)
{
	struct pool_work work = {.jobs = run->jobs,
		.cell_count = run->cell_count,
		.job_count = run->job_count,
		.done = take_answer,
		.played = run->played,
		.played_count = run->resumed,
		.data = run};

	clock_gettime(CLOCK_MONOTONIC, &run->began);
	int stopped = pool_run(pool, &work);
	clear_progress(run);
	pool_close(pool);
	if (stopped < 0) {
		complain("unable to start workers: %s", strerror(-stopped));
		if (run->keep)
			keep_close(run->keep, false);
		close_context(context);
		return EXIT_NOT_MEASURED;
	}
	run->results->host.complete = stopped == 0;
	run->results->cell_count = run->cell_count;
	drop_unplayed(run->results);
	bool written = save(run);
	/* Before anything is printed: a reader that goes away may end us. */
	close_context(context);
	written &= print(run);
	close_with_remark(run);
	if (stopped > 0) {
		complain("stopped by %s: %zu of %zu cells were played%s%s", strsignal(stopped),
			run->done, run->job_count, written ? " and kept" : "",
			run->resumable ? "; the same command with --resume plays the others" : "");
		return die_of_signal(stopped);
	}
	int judged = baseline_judge(&run->options.baseline, run->baseline, run->results,
		&(struct report_options){
			.colour = wants_colour(run->options.colour, STDERR_FILENO)});
	if (judged == EXIT_REGRESSION)
		return judged;
	return written && all_measured(run->results) ? judged : EXIT_NOT_MEASURED;
}

/* What is to be played, read while the workers are waiting. False: it cannot be. */
static bool prepare(struct run *run, void *memory, struct shell **shells, size_t shell_count,
	const struct cell_context *context)
{
	size_t count;
	const char *dir =
		run->options.cases_dir ? run->options.cases_dir : data_path(memory, "cases");
	struct test_case **cases = load_cases(
		memory, dir, run->options.cases.words, run->options.subjects.links, &count);

	if (!cases)
		return false;
	if (count == 0) {
		complain("nothing was played: %s has no case for %s", dir,
			run->options.subjects.links ? "links (they are played without --links)"
						    : "shells (--links plays those for links)");
		return false;
	}
	describe_shells(run->results, shells, shell_count);
	describe_cases(run->results, cases, count);
	add_jobs(run, cases, count, shells, shell_count);
	if (run->options.output)
		run->identity = identify_run(&(struct identity){.host = &run->results->host,
			.cases = cases,
			.case_count = count,
			.shells = shells,
			.shell_count = shell_count,
			.catalogue = context->shells,
			.catalogue_count = context->shell_count,
			.repeat = run->options.repeat,
			.timeout_factor = run->options.timeout_factor});
	return true;
}

/* A baseline of the other kind would call every cell gone, and every other new. */
static bool check_baseline(const struct run *run)
{
	const char *subject = run->options.subjects.links ? "link" : "shell";

	if (!run->baseline || !run->baseline->shell_count ||
		strcmp(results_subject(run->baseline), subject) == 0)
		return true;
	complain("nothing was played: %s is about %ss, this run about %ss",
		run->options.baseline.path, results_subject(run->baseline), subject);
	return false;
}

static char **names_of(const void *parent, struct shell **shells, size_t count)
{
	struct words_option names = {0};

	for (size_t i = 0; i < count; i++)
		option_add(parent, &names, shells[i]->name);
	return names.words;
}

static int run_with(void *memory, struct run *run, int argc, char **argv)
{
	size_t catalogue_count, shell_count;
	int error, status;
	struct shell **catalogue = load_shells(memory, &catalogue_count);

	if (!catalogue)
		return EXIT_BAD_USAGE;
	size_t candidate_count = catalogue_count;
	struct shell **candidates =
		run->options.subjects.links ? load_links(memory, &candidate_count) : catalogue;
	if (!candidates)
		return EXIT_BAD_USAGE;
	struct shell **shells = choose_shells(memory, run->options.subjects.links, candidates,
		candidate_count, run->options.subjects.names.words,
		run->options.subjects.names.count, &shell_count);
	if (!shells)
		return EXIT_BAD_USAGE;
	struct cell_context context = {.shells = catalogue,
		.shell_count = catalogue_count,
		.player = {.deadline_s = DEADLINE_S * run->options.timeout_factor},
		.timeline = run->options.output != NULL};
	run->results = talloc_zero(memory, struct results);
	if (!fit_limits(memory, &run->options.jobs))
		return EXIT_NOT_MEASURED;
	if (run->options.steady_jobs > run->options.jobs)
		run->options.steady_jobs = run->options.jobs;
	if (!open_context(memory, &context, run->options.trace, run->options.isolation))
		return EXIT_NOT_MEASURED;
	struct pool *pool = pool_open(memory, &context, shells, shell_count, (int)run->options.jobs,
		(int)run->options.steady_jobs, &error);
	if (!pool) {
		complain("unable to start workers: %s", strerror(-error));
		close_context(&context);
		return EXIT_NOT_MEASURED;
	}
	describe_host(run->results, &context, argc, argv);
	if (run->options.subjects.names.count > 0)
		run->options.baseline.shells = names_of(memory, shells, shell_count);
	status = baseline_load(memory, &run->options.baseline, &run->baseline);
	if (status == 0 && !check_baseline(run))
		status = EXIT_BAD_USAGE;
	if (status == 0 && !prepare(run, memory, shells, shell_count, &context))
		status = EXIT_BAD_USAGE;
	if (status == 0 && open_keep(run, memory, &status))
		return play(run, &context, pool);
	pool_close(pool);
	close_context(&context);
	return status;
}

int cmd_run(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	struct run run = {0};
	int status = parse(memory, &run.options, argc, argv);

	run.keeps_facts = run.options.output || strcmp(run.options.format, "json") == 0;
	run.progress = !run.options.quiet && isatty(STDERR_FILENO);
	if (status < 0 && !check_proc())
		status = EXIT_NOT_MEASURED;
	if (status < 0)
		status = run_with(memory, &run, argc, argv);
	for (size_t i = 0; run.results && i < run.results->cell_count; i++)
		json_decref(run.results->cells[i].runs);
	json_decref(run.identity);
	talloc_free(memory);
	return status;
}
