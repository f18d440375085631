/* sigmatrix report: the matrix of a results file, in another form. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "report/report.h"

enum { OPT_FORMAT = 256, OPT_OUTPUT, OPT_COLOR };

static const struct option options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"color", required_argument, NULL, OPT_COLOR},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_help(void)
{
	fputs("Usage: sigmatrix report RESULTS [--format FORMAT] [--output FILE]\n"
	      "\n"
	      "Prints the matrix that 'sigmatrix run --output RESULTS' kept. Examples:\n"
	      "  sigmatrix report results/matrix.json\n"
	      "  sigmatrix report results/matrix.json --format markdown --output MATRIX.md\n"
	      "\nFormats:\n",
		stdout);
	for (size_t i = 0; reports[i]; i++)
		printf("  %-10s %s\n", reports[i]->name, reports[i]->summary);
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

static int report_on(void *memory, const char *path, const struct report *report,
	const char *output, const char *colour)
{
	struct diag *diag = diag_new(memory);
	struct results *results = results_load(memory, path, diag);
	struct report_options how = {.colour = !output && wants_colour(colour, STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO)};

	if (!results) {
		diag_print(diag, stderr);
		return EXIT_BAD_USAGE;
	}
	if (output)
		return write_file(memory, results, report, &how, output);
	int result = report->write(results, &how, stdout);
	if (result == 0 && fflush(stdout) == 0)
		return 0;
	complain("unable to print the report: %s", strerror(result ? -result : errno));
	return EXIT_NOT_MEASURED;
}

static int parse_and_report(void *memory, int argc, char **argv)
{
	const struct report *report = reports[0];
	const char *output = NULL, *colour = NULL;
	int option;

	while ((option = next_option(argc, argv, options, "report")) != -1) {
		switch (option) {
		case OPT_FORMAT:
			report = find_report("report", optarg);
			if (!report)
				return EXIT_BAD_USAGE;
			break;
		case OPT_OUTPUT:
			output = optarg;
			break;
		case OPT_COLOR:
			colour = optarg;
			if (!parse_colour("report", colour))
				return EXIT_BAD_USAGE;
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
	return report_on(memory, argv[optind], report, output, colour);
}

int cmd_report(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_report(memory, argc, argv);

	talloc_free(memory);
	return status;
}
