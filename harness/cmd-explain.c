/* sigmatrix explain: plays one case and shows the evidence. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "play/pool.h"
#include "report/picture.h"
#include "report/report.h"

static const char help[] =
	"Usage: sigmatrix explain CASE --shell SHELL [--variant V] [--trace auto|on|off]\n"
	"                         [--format text|svg]\n"
	"       sigmatrix explain CASE --link LINK ...\n"
	"\n"
	"Plays the case once on the shell (or link) and shows its prose, its steps, the outcome "
	"and the row\n"
	"that matched, and the timeline of everything that was seen. Examples:\n"
	"  sigmatrix explain exec/simple-command --shell dash\n"
	"  sigmatrix explain forwarding/shell-alone --shell zsh --variant INT\n"
	"  sigmatrix explain exec/simple-command --shell mine=./my-sh\n"
	"  sigmatrix explain links/stays --link tini\n"
	"\n"
	"  sigmatrix explain exec/simple-command --shell dash --format svg >dash.svg\n"
	"\n"
	"--format svg draws the timeline: who held the terminal when, signals, forks, ends.\n"
	"Without --variant all variants are played. --cases DIR takes cases from another place.\n";

enum { OPT_SHELL = 256, OPT_LINK, OPT_VARIANT, OPT_TRACE, OPT_ISOLATION, OPT_CASES, OPT_FORMAT };

static const struct option options[] = {
	{"shell", required_argument, NULL, OPT_SHELL},
	{"link", required_argument, NULL, OPT_LINK},
	{"variant", required_argument, NULL, OPT_VARIANT},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"isolation", required_argument, NULL, OPT_ISOLATION},
	{"cases", required_argument, NULL, OPT_CASES},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct explain {
	const char *case_name, *variant, *cases_dir;
	struct words_option shells;
	bool links;
	enum trace_wish trace;
	int isolation;
	const struct cell_job *jobs;
	bool svg; /* a picture instead of the text */
	bool unmeasured;
};

static void print_lines(const char *indent, const char *text)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");
		char *line = talloc_strndup(NULL, text, length);

		fputs(length ? indent : "", stdout);
		print_safe(stdout, line);
		putchar('\n');
		talloc_free(line);
		text += length + (text[length] == '\n');
	}
}

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_scene(const json_t *answer, const struct cell_job *job)
{
	size_t i;
	json_t *step;

	if (json_is_string(json_object_get(answer, "script"))) {
		puts(job->test_case->mode == MODE_LINK ? "Command:" : "Script:");
		print_lines("    ", member(answer, "script"));
		putchar('\n');
	}
	puts("Steps:");
	json_array_foreach(json_object_get(answer, "steps"), i, step)
		print_lines("    ", json_string_value(step));
	putchar('\n');
}

static void print_outcome(const json_t *answer, const struct cell_job *job)
{
	const json_t *cell = json_object_get(answer, "cell");
	const char *verdict = member(cell, "verdict");
	json_int_t row = json_integer_value(json_object_get(answer, "row"));

	printf("Outcome: ");
	print_lines("", member(cell, "outcome"));
	if (*member(answer, "meaning"))
		print_lines("    ", member(answer, "meaning"));
	if (*verdict)
		printf("    the standard: %s (%s)\n", verdict, job->test_case->spec);
	printf("Why:\n");
	print_lines("    ", member(cell, "reason"));
	if (row > 0)
		printf("    %s:%lld\n", job->test_case->path, (long long)row);
	putchar('\n');
}

static void print_picture(const struct cell_job *job, const char *timeline)
{
	json_t *root = timeline ? json_loads(timeline, 0, NULL) : NULL;
	char *label = talloc_asprintf(NULL, "Timeline of %s%s%s on %s", job->test_case->name,
		*job->variant->name ? ", " : "", job->variant->name, job->shell->name);

	if (put_picture(stdout, json_object_get(root, "events"), label, true))
		putchar('\n');
	else
		complain("nothing happened that could be drawn");
	talloc_free(label);
	json_decref(root);
}

static bool in_doubt(const char *outcome)
{
	return outcome_is_doubt(outcome) && strcmp(outcome, "n/a") != 0;
}

static void print_answer(void *data, size_t index, const json_t *answer, const char *timeline)
{
	struct explain *explain = data;
	const struct cell_job *job = &explain->jobs[index];
	const char *outcome = member(json_object_get(answer, "cell"), "outcome");
	size_t i;
	json_t *line;

	explain->unmeasured |= in_doubt(outcome);
	if (explain->svg) {
		print_picture(job, timeline);
		return;
	}
	if (index > 0)
		puts("----------------------------------------------------------------------\n");
	printf("%s%s%s on %s\n", job->test_case->name, *job->variant->name ? ", variant " : "",
		job->variant->name, job->shell->name);
	if (job->shell->version)
		print_lines("    ", job->shell->version);
	putchar('\n');
	print_lines("", job->test_case->title);
	putchar('\n');
	print_lines("", job->test_case->prose);
	putchar('\n');
	if (json_object_get(answer, "steps"))
		print_scene(answer, job);
	print_outcome(answer, job);
	if (json_object_get(answer, "lines"))
		puts("Timeline:");
	json_array_foreach(json_object_get(answer, "lines"), i, line)
		print_lines("    ", json_string_value(line));
}

static int play(
	struct explain *explain, struct cell_context *context, struct shell **shells, size_t count)
{
	struct pool_work work = {.jobs = explain->jobs,
		.cell_count = count,
		.job_count = count,
		.done = print_answer,
		.data = explain};
	int stopped;
	/* One worker: the answers come in the order of the variants. */
	struct pool *pool = pool_open(NULL, context, shells, 1, 1, 1, &stopped);

	if (pool) {
		stopped = pool_run(pool, &work);
		pool_close(pool);
	}
	close_context(context);
	if (stopped < 0)
		complain("unable to start a worker: %s", strerror(-stopped));
	if (stopped != 0)
		return stopped > 0 ? die_of_signal(stopped) : EXIT_NOT_MEASURED;
	return explain->unmeasured ? EXIT_NOT_MEASURED : 0;
}

static const struct cell_job *make_jobs(void *memory, const struct explain *explain,
	struct test_case **cases, size_t case_count, const struct shell *shell, size_t *count)
{
	struct cell_job *jobs = NULL;

	*count = 0;
	for (size_t i = 0; i < case_count; i++)
		for (size_t v = 0; v < cases[i]->variant_count; v++) {
			const struct variant *variant = &cases[i]->variants[v];

			if (explain->variant && strcmp(explain->variant, variant->name) != 0)
				continue;
			jobs = talloc_realloc(memory, jobs, struct cell_job, *count + 1);
			jobs[(*count)++] = (struct cell_job){cases[i], variant, shell};
		}
	return jobs;
}

static int explain_with(void *memory, struct explain *explain)
{
	size_t case_count, catalogue_count, shell_count, job_count;
	char *globs[] = {(char *)explain->case_name, NULL};
	const char *dir = explain->cases_dir ? explain->cases_dir : data_path(memory, "cases");
	struct test_case **cases = load_cases(memory, dir, globs, explain->links, &case_count);
	struct shell **catalogue = cases ? load_shells(memory, &catalogue_count) : NULL;

	if (!catalogue)
		return EXIT_BAD_USAGE;
	size_t candidate_count = catalogue_count;
	struct shell **candidates =
		explain->links ? load_links(memory, &candidate_count) : catalogue;
	if (!candidates)
		return EXIT_BAD_USAGE;
	struct shell **shells = choose_shells(memory, explain->links, candidates, candidate_count,
		explain->shells.words, explain->shells.count, &shell_count);
	if (!shells)
		return EXIT_BAD_USAGE;
	explain->jobs = make_jobs(memory, explain, cases, case_count, shells[0], &job_count);
	if (job_count == 0)
		return usage_error("explain",
			"%s has no variant '%s' ('sigmatrix list' shows them)", explain->case_name,
			explain->variant);
	if (explain->svg && job_count != 1)
		return usage_error("explain",
			"%s has %zu variants: name one with --variant, a picture is of one",
			explain->case_name, job_count);
	struct cell_context context = {.shells = catalogue,
		.shell_count = catalogue_count,
		.player = {.deadline_s = 30},
		.timeline = explain->svg,
		.lines = true};
	long jobs = 1;
	if (!fit_limits(memory, &jobs))
		return EXIT_NOT_MEASURED;
	if (!open_context(memory, &context, explain->trace, explain->isolation))
		return EXIT_NOT_MEASURED;
	return play(explain, &context, shells, job_count);
}

/* -1: go on. */
static int parse_option(void *memory, struct explain *explain, int option)
{
	switch (option) {
	case OPT_LINK:
		explain->links = true;
		/* fall through */
	case OPT_SHELL:
		option_add(memory, &explain->shells, optarg);
		return -1;
	case OPT_VARIANT:
		explain->variant = optarg;
		return -1;
	case OPT_CASES:
		explain->cases_dir = optarg;
		return -1;
	case OPT_FORMAT:
		explain->svg = !strcmp(optarg, "svg");
		if (explain->svg || !strcmp(optarg, "text"))
			return -1;
		return usage_error("explain", "--format %s: text or svg is needed", optarg);
	case OPT_TRACE:
		return parse_trace("explain", optarg, &explain->trace) ? -1 : EXIT_BAD_USAGE;
	case OPT_ISOLATION:
		return parse_isolation("explain", optarg, &explain->isolation) ? -1
									       : EXIT_BAD_USAGE;
	case 'h':
		fputs(help, stdout);
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

static int parse_and_explain(void *memory, int argc, char **argv)
{
	struct explain explain = {.isolation = -1};
	int option;

	while ((option = next_option(argc, argv, options, "explain")) != -1) {
		int status = parse_option(memory, &explain, option);
		if (status >= 0)
			return status;
	}
	if (optind + 1 != argc)
		return usage_error("explain", "name one case, for example exec/simple-command");
	if (explain.shells.count != 1)
		return usage_error("explain",
			"name one shell, for example --shell bash, or one link, --link tini");
	if (!check_proc())
		return EXIT_NOT_MEASURED;
	explain.case_name = argv[optind];
	return explain_with(memory, &explain);
}

int cmd_explain(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_explain(memory, argc, argv);

	talloc_free(memory);
	return status;
}
