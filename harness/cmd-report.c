/* sigmatrix report: the matrix of a results file, in another form. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "report/report.h"

struct report_wish {
	const struct report *report;
	const char *output, *colour, *timelines, *guide;
	struct words_option shells, cases, where;
};

enum {
	OPT_FORMAT = 256,
	OPT_OUTPUT,
	OPT_COLOR,
	OPT_SHELL,
	OPT_CASE,
	OPT_WHERE,
	OPT_TIMELINES,
	OPT_GUIDE
};

static const struct option options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"color", required_argument, NULL, OPT_COLOR},
	{"shell", required_argument, NULL, OPT_SHELL},
	{"link", required_argument, NULL, OPT_SHELL},
	{"case", required_argument, NULL, OPT_CASE},
	{"where", required_argument, NULL, OPT_WHERE},
	{"timelines", required_argument, NULL, OPT_TIMELINES},
	{"guide", required_argument, NULL, OPT_GUIDE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_help(void)
{
	fputs("Usage: sigmatrix report RESULTS [OPTION]...\n"
	      "\n"
	      "Prints the matrix that 'sigmatrix run --output RESULTS' kept. Examples:\n"
	      "  sigmatrix report results/matrix.json\n"
	      "  sigmatrix report results/matrix.json --format html --output matrix.html\n"
	      "  sigmatrix report results/matrix.json --format markdown --output MATRIX.md\n"
	      "  sigmatrix report results/matrix.json --format book --output signals-book\n"
	      "  sigmatrix report results/matrix.json --format conformance --shell dash\n"
	      "  sigmatrix report results/matrix.json --where differ --shell dash --shell bash\n"
	      "\n"
	      "  --format FORMAT   see below\n"
	      "  --output FILE     write the report there; a book is a directory\n"
	      "  --shell NAME      only this shell; may be repeated. So for links: --link NAME\n"
	      "  --case GLOB       only cases whose name, group or last part matches; may be\n"
	      "                    repeated\n"
	      "  --timelines FILE  what pictures are drawn of (html); if not given, the file\n"
	      "                    that run kept beside RESULTS, if it is there\n"
	      "  --guide DIR       topics, claims and glossary of a book; if not given, ours\n"
	      "  --where CONDITION only rows of which it holds, see below; all of several must\n"
	      "  --color auto|always|never\n"
	      "\nFormats:\n",
		stdout);
	for (size_t i = 0; reports[i]; i++)
		printf("  %-12s %s\n", reports[i]->name, reports[i]->summary);
	printf("\nConditions:\n%s", select_help);
}

/* A reader of 'output' never sees half a report. */
static int write_file(void *memory, const struct results *results, const struct report *report,
	const struct report_options *how, const char *output)
{
	char *temporary = talloc_asprintf(memory, "%s.%d", output, getpid());
	FILE *file = fopen(temporary, "we");
	int result = file ? report->write(results, how, file) : -errno;

	if (file && fclose(file) != 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, output) != 0)
		result = -errno;
	if (result == 0)
		return 0;
	complain("unable to write %s: %s", output, strerror(-result));
	unlink(temporary);
	return EXIT_NOT_MEASURED;
}

/* Where run keeps the timelines of these results, if they are there. */
static const char *timelines_beside(const void *parent, const char *path)
{
	const char *beside = results_timelines(parent, path);

	return access(beside, R_OK) == 0 ? beside : NULL;
}

static int write_pages(void *memory, const struct results *results, const struct report_wish *wish,
	struct report_options *how)
{
	struct diag *diag = diag_new(memory);
	const char *fault;
	struct tree *tree;
	int result;

	how->guide =
		guide_load(memory, wish->guide ? wish->guide : data_path(memory, "docs"), diag);
	if (diag->count) {
		diag_print(diag, stderr);
		return EXIT_BAD_USAGE;
	}
	tree = tree_open(memory, wish->output, &fault);
	if (!tree) {
		complain("%s", fault);
		return EXIT_NOT_MEASURED;
	}
	wish->report->write_tree(results, how, tree);
	result = tree_finish(tree);
	talloc_free(tree);
	if (!result)
		return 0;
	complain("unable to write %s: %s", wish->output, strerror(-result));
	return EXIT_NOT_MEASURED;
}

static int report_on(void *memory, const char *path, const struct report_wish *wish)
{
	const struct selection selection = {
		wish->shells.words, wish->cases.words, wish->where.words};
	struct results *results = load_results(memory, "report", path, &selection);
	struct report_options how = {
		.colour = !wish->output && wants_colour(wish->colour, STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO),
		.timelines = wish->timelines ? wish->timelines : timelines_beside(memory, path)};

	if (!results)
		return EXIT_BAD_USAGE;
	if (wish->report->write_tree)
		return write_pages(memory, results, wish, &how);
	if (wish->output)
		return write_file(memory, results, wish->report, &how, wish->output);
	int result = wish->report->write(results, &how, stdout);
	if (result == 0 && fflush(stdout) == 0)
		return 0;
	complain("unable to print the report: %s", strerror(result ? -result : errno));
	return EXIT_NOT_MEASURED;
}

static int parse_and_report(void *memory, int argc, char **argv)
{
	struct report_wish wish = {.report = reports[0]};
	int option;

	while ((option = next_option(argc, argv, options, "report")) != -1) {
		switch (option) {
		case OPT_FORMAT:
			wish.report = find_report("report", optarg);
			if (!wish.report)
				return EXIT_BAD_USAGE;
			break;
		case OPT_OUTPUT:
			wish.output = optarg;
			break;
		case OPT_COLOR:
			wish.colour = optarg;
			if (!parse_colour("report", optarg))
				return EXIT_BAD_USAGE;
			break;
		case OPT_SHELL:
			option_add(memory, &wish.shells, optarg);
			break;
		case OPT_CASE:
			option_add(memory, &wish.cases, optarg);
			break;
		case OPT_WHERE:
			option_add(memory, &wish.where, optarg);
			break;
		case OPT_TIMELINES:
			wish.timelines = optarg;
			break;
		case OPT_GUIDE:
			wish.guide = optarg;
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return EXIT_BAD_USAGE;
		}
	}
	if (optind + 1 != argc)
		return usage_error(
			"report", "name one results file, for example results/matrix.json");
	if (wish.report->write_tree && !wish.output)
		return usage_error("report", "%s is a directory of pages: name it with --output",
			wish.report->name);
	return report_on(memory, argv[optind], &wish);
}

int cmd_report(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_report(memory, argc, argv);

	talloc_free(memory);
	return status;
}
