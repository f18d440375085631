/* sigmatrix list: what there is to play, and on what. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "play/version.h"
#include "report/report.h"

static const char help[] =
	"Usage: sigmatrix list [cases|shells|links] [--links] [--case GLOB]... [--cases DIR]\n"
	"       sigmatrix list --where CONDITION... [--shell NAME]... [--case GLOB]...\n"
	"                      [--results FILE]\n"
	"\n"
	"Lists the cases with their titles and variants, and the shells with their\n"
	"versions; or the rows of the matrix of which all conditions hold. Examples:\n"
	"  sigmatrix list\n"
	"  sigmatrix list shells\n"
	"  sigmatrix list cases --case 'exec/*'\n"
	"  sigmatrix list --links                         links, and the cases for them\n"
	"  sigmatrix list --where violates=zsh            all deviations of zsh\n"
	"  sigmatrix list --where alone=ash --case jobs   where BusyBox stands alone\n"
	"  sigmatrix list --where differ --shell dash --shell bash\n"
	"  sigmatrix list --where violates --where alone  one family deviates\n"
	"\n"
	"  --links          links (inits and wrappers) in place of shells\n"
	"  --results FILE   the results to look at (default: the matrix that comes with\n"
	"                   sigmatrix, of shells or of links)\n"
	"\n"
	"Conditions:\n";

enum {
	OPT_CASE = 256,
	OPT_CASES,
	OPT_WHERE,
	OPT_SHELL,
	OPT_RESULTS,
	OPT_COLOR,
	OPT_LINKS,
	OPT_LINK
};

static const struct option options[] = {
	{"case", required_argument, NULL, OPT_CASE},
	{"cases", required_argument, NULL, OPT_CASES},
	{"where", required_argument, NULL, OPT_WHERE},
	{"shell", required_argument, NULL, OPT_SHELL},
	{"results", required_argument, NULL, OPT_RESULTS},
	{"links", no_argument, NULL, OPT_LINKS},
	{"link", required_argument, NULL, OPT_LINK},
	{"color", required_argument, NULL, OPT_COLOR},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_case(const struct test_case *tc)
{
	printf("%-36s ", tc->name);
	print_safe(stdout, tc->title);
	if (tc->vary_count > 0) {
		fputs("  [", stdout);
		for (size_t i = 0; i < tc->variant_count; i++) {
			fputs(i ? " " : "", stdout);
			print_safe(stdout, tc->variants[i].name);
		}
		fputs("]", stdout);
	}
	putchar('\n');
}

static void print_shell(struct shell *shell)
{
	if (shell->file)
		version_read(shell);
	printf("%-*s %-28s ", shell->kind == SUBJECT_SHELL ? 10 : 18, shell->name, shell->title);
	print_safe(stdout, shell->file ? shell->file : shell->missing);
	if (shell->file) {
		fputs("  ", stdout);
		print_safe(stdout, shell->version);
	}
	putchar('\n');
}

static int list(
	void *memory, const char *dir, char **globs, bool links, bool want_cases, bool want_shells)
{
	size_t count = 0;

	if (want_cases) {
		struct test_case **cases = load_cases(memory, dir, globs, links, &count);
		if (!cases)
			return EXIT_BAD_USAGE;
		for (size_t i = 0; i < count; i++)
			print_case(cases[i]);
	}
	if (want_cases && want_shells)
		putchar('\n');
	if (!want_shells)
		return 0;
	struct shell **shells = links ? load_links(memory, &count) : load_shells(memory, &count);
	if (!shells)
		return EXIT_BAD_USAGE;
	for (size_t i = 0; i < count; i++)
		print_shell(shells[i]);
	return 0;
}

struct list_wish {
	struct words_option cases, shells, where;
	const char *cases_dir, *results, *colour;
	bool links;
};

static int list_rows(void *memory, const struct list_wish *wish)
{
	const struct selection selection = {
		wish->shells.words, wish->cases.words, wish->where.words};
	const char *ours =
		data_path(memory, wish->links ? "results/links.json" : "results/matrix.json");
	const char *path = wish->results ? wish->results : ours;
	struct results *results = load_results(memory, "list", path, &selection);
	struct report_options how = {.colour = wants_colour(wish->colour, STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO),
		.brief = true};
	size_t rows = 0;

	if (!results)
		return EXIT_BAD_USAGE;
	for (size_t i = 0; i < results->case_count; i++)
		for (size_t v = 0; results->cases[i].variants[v]; v++)
			rows++;
	int result = report_term.write(results, &how, stdout);
	if (result == 0) {
		complain("%zu rows of %zu cases", rows, results->case_count);
		return 0;
	}
	complain("unable to print the rows: %s", strerror(-result));
	return EXIT_NOT_MEASURED;
}

/* -1: go on, else the exit status. */
static int parse_option(void *memory, struct list_wish *wish, int option)
{
	switch (option) {
	case OPT_CASE:
		option_add(memory, &wish->cases, optarg);
		return -1;
	case OPT_CASES:
		wish->cases_dir = optarg;
		return -1;
	case OPT_WHERE:
		option_add(memory, &wish->where, optarg);
		return -1;
	case OPT_LINK:
		wish->links = true;
		/* fall through */
	case OPT_SHELL:
		option_add(memory, &wish->shells, optarg);
		return -1;
	case OPT_RESULTS:
		wish->results = optarg;
		return -1;
	case OPT_LINKS:
		wish->links = true;
		return -1;
	case OPT_COLOR:
		wish->colour = optarg;
		return parse_colour("list", optarg) ? -1 : EXIT_BAD_USAGE;
	case 'h':
		printf("%s%s", help, select_help);
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

static int parse_and_list(void *memory, int argc, char **argv)
{
	struct list_wish wish = {.cases_dir = data_path(memory, "cases")};
	const char *what = "";
	int option;

	while ((option = next_option(argc, argv, options, "list")) != -1) {
		int status = parse_option(memory, &wish, option);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		what = argv[optind++];
	if (optind < argc || (*what && strcmp(what, "cases") != 0 && strcmp(what, "shells") != 0 &&
				     strcmp(what, "links") != 0))
		return usage_error(
			"list", "it is 'list', 'list cases', 'list shells' or 'list links'");
	if (wish.links && strcmp(what, "shells") == 0)
		return usage_error("list", "links or shells: 'list shells' goes without --links");
	wish.links |= strcmp(what, "links") == 0;
	if (wish.where.count > 0 && !*what)
		return list_rows(memory, &wish);
	if (wish.where.count > 0 || wish.results || wish.shells.count > 0)
		return usage_error("list",
			"--results and --shell go with --where, which lists rows "
			"of the matrix");
	return list(memory, wish.cases_dir, wish.cases.words, wish.links,
		!*what || strcmp(what, "cases") == 0, strcmp(what, "cases") != 0);
}

int cmd_list(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_list(memory, argc, argv);

	talloc_free(memory);
	return status;
}
