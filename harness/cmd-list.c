/* sigmatrix list: what there is to play, and on what. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>

#include "play/version.h"
#include "report/report.h"

static const char help[] =
	"Usage: sigmatrix list [cases|shells] [--case GLOB]... [--cases DIR]\n"
	"\n"
	"Lists the cases with their titles and variants, and the shells with their\n"
	"versions. Examples:\n"
	"  sigmatrix list\n"
	"  sigmatrix list shells\n"
	"  sigmatrix list cases --case 'exec/*'\n";

enum { OPT_CASE = 256, OPT_CASES };

static const struct option options[] = {
	{"case", required_argument, NULL, OPT_CASE},
	{"cases", required_argument, NULL, OPT_CASES},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_safe(const char *text)
{
	char *safe = escape_terminal(NULL, text);

	fputs(safe, stdout);
	talloc_free(safe);
}

static void print_case(const struct test_case *tc)
{
	printf("%-36s ", tc->name);
	print_safe(tc->title);
	if (tc->vary_count > 0) {
		fputs("  [", stdout);
		for (size_t i = 0; i < tc->variant_count; i++) {
			fputs(i ? " " : "", stdout);
			print_safe(tc->variants[i].name);
		}
		fputs("]", stdout);
	}
	putchar('\n');
}

static void print_shell(struct shell *shell)
{
	if (shell->file)
		version_read(shell);
	printf("%-10s %-28s ", shell->name, shell->title);
	print_safe(shell->file ? shell->file : shell->missing);
	if (shell->version) {
		fputs("  ", stdout);
		print_safe(shell->version);
	}
	putchar('\n');
}

static int list(void *memory, const char *dir, char **globs, bool want_cases, bool want_shells)
{
	size_t count = 0;

	if (want_cases) {
		struct test_case **cases = load_cases(memory, dir, globs, &count);
		if (!cases)
			return EXIT_BAD_USAGE;
		for (size_t i = 0; i < count; i++)
			print_case(cases[i]);
	}
	if (want_cases && want_shells)
		putchar('\n');
	if (!want_shells)
		return 0;
	struct shell **shells = load_shells(memory, &count);
	if (!shells)
		return EXIT_BAD_USAGE;
	for (size_t i = 0; i < count; i++)
		print_shell(shells[i]);
	return 0;
}

static int parse_and_list(void *memory, int argc, char **argv)
{
	struct words_option globs = {0};
	const char *dir = data_path(memory, "cases"), *what = "";
	int option;

	while ((option = next_option(argc, argv, options, "list")) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option == '?')
			return EXIT_BAD_USAGE;
		if (option == OPT_CASE)
			option_add(memory, &globs, optarg);
		else
			dir = optarg;
	}
	if (optind < argc)
		what = argv[optind++];
	if (optind < argc || (*what && strcmp(what, "cases") != 0 && strcmp(what, "shells") != 0))
		return usage_error("list", "it is 'list', 'list cases' or 'list shells'");
	return list(
		memory, dir, globs.words, strcmp(what, "shells") != 0, strcmp(what, "cases") != 0);
}

int cmd_list(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_list(memory, argc, argv);

	talloc_free(memory);
	return status;
}
