/* sigmatrix diff: what changed from one results file to another. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "baseline.h"
#include "model/diag.h"

struct diff_wish {
	const struct comparison_format *format;
	const char *colour;
	struct words_option shells, cases;
	bool strict;
};

enum { OPT_FORMAT = 256, OPT_COLOR, OPT_SHELL, OPT_CASE, OPT_STRICT };

static const struct option options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"color", required_argument, NULL, OPT_COLOR},
	{"shell", required_argument, NULL, OPT_SHELL},
	{"link", required_argument, NULL, OPT_SHELL},
	{"case", required_argument, NULL, OPT_CASE},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_help(void)
{
	fputs("Usage: sigmatrix diff OLD NEW [OPTION]...\n"
	      "\n"
	      "Compares two results files cell by cell. Examples:\n"
	      "  sigmatrix diff debian12.json debian13.json\n"
	      "  sigmatrix diff baseline.json now.json --strict\n"
	      "  sigmatrix diff baseline.json now.json --format markdown >comment.md\n"
	      "\n"
	      "  --strict          fail when anything changed, not only for the worse\n"
	      "  --format FORMAT   see below\n"
	      "  --shell NAME      only this shell; may be repeated\n"
	      "  --case GLOB       only cases whose name, group or last part matches; may be\n"
	      "                    repeated\n"
	      "  --color auto|always|never\n"
	      "\n"
	      "Changes:\n"
	      "  worse        another outcome, which violates the standard as the old did not\n"
	      "  other        another outcome of the same standing, or of none\n"
	      "  unmeasured   was measured, is n/a or in doubt now\n"
	      "  better, measured   the reverse\n"
	      "  doubt        in doubt then and now, in another way\n"
	      "  judged       the same outcome, another verdict: the case was changed\n"
	      "  new, gone    a case, a variant or a shell that only one file has\n"
	      "An unstable cell of OLD is the same as any of the outcomes it had.\n"
	      "\n"
	      "Exit status: 0 nothing worse or other; 1 something is (--strict: anything\n"
	      "changed); 2 bad usage; 3 neither, but something is unmeasured or gone.\n"
	      "\nFormats:\n",
		stdout);
	for (size_t i = 0; comparison_formats[i]; i++)
		printf("  %-12s %s\n", comparison_formats[i]->name, comparison_formats[i]->summary);
}

static const struct comparison_format *find_format(const char *name)
{
	const char *names[8] = {NULL};

	for (size_t i = 0; comparison_formats[i]; i++) {
		if (strcmp(comparison_formats[i]->name, name) == 0)
			return comparison_formats[i];
		names[i] = comparison_formats[i]->name;
	}
	unknown_format("diff", name, names);
	return NULL;
}

/* A shell that only one of the files has is a difference, not a mistake. */
static struct results *load(void *memory, const char *path, const struct diff_wish *wish)
{
	struct words_option present = {0};
	struct selection selection = {NULL, wish->cases.words, NULL};
	struct diag *diag = diag_new(memory);
	struct results *results = results_load(memory, path, diag);

	if (!results) {
		diag_print(diag, stderr);
		return NULL;
	}
	for (size_t i = 0; i < wish->shells.count; i++)
		for (size_t k = 0; k < results->shell_count; k++)
			if (strcmp(results->shells[k].name, wish->shells.words[i]) == 0)
				option_add(memory, &present, wish->shells.words[i]);
	if (wish->shells.count > 0 && present.count == 0) {
		results->cell_count = results->shell_count = results->case_count = 0;
		return results;
	}
	selection.shells = present.words;
	const char *fault = results_select(results, &selection);
	if (!fault)
		return results;
	usage_error("diff", "%s: %s", path, fault);
	return NULL;
}

/* One that neither file has is a typing error. */
static bool check_shells(
	const struct diff_wish *wish, const struct results *a, const struct results *b)
{
	for (size_t i = 0; i < wish->shells.count; i++) {
		bool found = false;
		for (size_t k = 0; k < a->shell_count; k++)
			found |= strcmp(a->shells[k].name, wish->shells.words[i]) == 0;
		for (size_t k = 0; k < b->shell_count; k++)
			found |= strcmp(b->shells[k].name, wish->shells.words[i]) == 0;
		if (!found) {
			usage_error(
				"diff", "neither file has the shell '%s'", wish->shells.words[i]);
			return false;
		}
	}
	return true;
}

static int compare(void *memory, const char *old, const char *new, const struct diff_wish *wish)
{
	struct results *before = load(memory, old, wish);
	struct results *after = before ? load(memory, new, wish) : NULL;
	struct report_options how = {.colour = wants_colour(wish->colour, STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO)};

	if (!after || !check_shells(wish, before, after))
		return EXIT_BAD_USAGE;
	if (before->shell_count && after->shell_count &&
		strcmp(results_subject(before), results_subject(after)) != 0)
		return usage_error("diff",
			"%s is about %ss, %s about %ss: they have nothing in common", old,
			results_subject(before), new, results_subject(after));
	struct comparison *comparison = results_compare(memory, before, after);
	int result = wish->format->write(comparison, &how, stdout);
	if (result == 0)
		return comparison_status(comparison, wish->strict);
	complain("unable to print the differences: %s", strerror(-result));
	return EXIT_NOT_MEASURED;
}

/* -1: go on, else the exit status. */
static int parse_option(void *memory, struct diff_wish *wish, int option)
{
	switch (option) {
	case OPT_FORMAT:
		wish->format = find_format(optarg);
		return wish->format ? -1 : EXIT_BAD_USAGE;
	case OPT_COLOR:
		wish->colour = optarg;
		return parse_colour("diff", optarg) ? -1 : EXIT_BAD_USAGE;
	case OPT_SHELL:
		option_add(memory, &wish->shells, optarg);
		return -1;
	case OPT_CASE:
		option_add(memory, &wish->cases, optarg);
		return -1;
	case OPT_STRICT:
		wish->strict = true;
		return -1;
	case 'h':
		print_help();
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

static int parse_and_compare(void *memory, int argc, char **argv)
{
	struct diff_wish wish = {.format = comparison_formats[0]};
	int option;

	while ((option = next_option(argc, argv, options, "diff")) != -1) {
		int status = parse_option(memory, &wish, option);
		if (status >= 0)
			return status;
	}
	if (optind + 2 != argc)
		return usage_error("diff", "name two results files, the old one first");
	return compare(memory, argv[optind], argv[optind + 1], &wish);
}

int cmd_diff(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_compare(memory, argc, argv);

	talloc_free(memory);
	return status;
}
