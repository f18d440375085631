/* sigmatrix lint: are the files people wrote in order? */
#include "cmd.h"

#include <errno.h>
#include <fts.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>

#include "model/guide.h"

static const char help[] =
	"Usage: sigmatrix lint [FILE | DIRECTORY]...\n"
	"\n"
	"Checks case files (*.case), shell files (*.shell), link files "
	"(*.link), and what the book is "
	"made of (*.topic,\n*.claim, *.flow), of a directory all that are below it; without "
	"a FILE all of the project's.\n"
	"Each complaint names file and line. Exit status: 0 in order, 2 not.\n"
	"\n"
	"  --cases DIR   check the cases below this directory\n";

enum { OPT_CASES = 256 };

static const struct option options[] = {
	{"cases", required_argument, NULL, OPT_CASES},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const char *const endings[] = {".case", ".shell", ".link", ".topic", ".claim", ".flow"};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The last 'parts' parts of the path, without the ending: "cases/exec/simple.case" is
 * "exec/simple". */
static char *name_from_path(void *memory, const char *path, int parts)
{
	/* Not the file's own real path: a symbolic link has its name from where it is. */
	char *file = basename(talloc_strdup(memory, path));
	char *dir = realpath(dirname(talloc_strdup(memory, path)), NULL);
	char *copy = talloc_asprintf(
		memory, "%s/%.*s", dir ? dir : "", (int)(strrchr(file, '.') - file), file);
	char *at = copy + strlen(copy);

	free(dir);
	while (at > copy && (at[-1] != '/' || --parts > 0))
		at--;
	return at;
}

/* As 'run' would take it: a file whose name is of no use there is not in order. */
static void check_file(void *memory, const char *path, struct diag *diag)
{
	if (ends_with(path, ".case")) {
		const char *name = name_from_path(memory, path, 2);

		if (case_name_check(path, name, diag))
			case_load(memory, path, name, diag);
	} else if (ends_with(path, ".shell") || ends_with(path, ".link")) {
		shell_load(memory, path, name_from_path(memory, path, 1), diag);
	} else if (ends_with(path, ".topic")) {
		topic_load(memory, path, name_from_path(memory, path, 1), diag);
	} else if (ends_with(path, ".claim")) {
		claim_load(memory, path, name_from_path(memory, path, 1), diag);
	} else if (ends_with(path, ".flow")) {
		flow_load(memory, path, name_from_path(memory, path, 1), diag);
	} else {
		diag_add(diag, path, 0,
			"the name must end in .case, .shell, .link, .topic, "
			".claim or .flow");
	}
}

static bool has_ending(const char *path)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (ends_with(path, endings[i]))
			return true;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Symbolic links are followed to files only: a tree is not left. */
static void check_tree(void *memory, const char *dir, struct diag *diag)
{
	char *roots[] = {talloc_strdup(memory, dir), NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	size_t count = 0;

	for (FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
			diag_add(diag, entry->fts_path, 0, "%s", strerror(entry->fts_errno));
		if ((entry->fts_info != FTS_F && entry->fts_info != FTS_SL) ||
			!has_ending(entry->fts_path))
			continue;
		check_file(memory, entry->fts_path, diag);
		count++;
	}
	if (!tree)
		diag_add(diag, dir, 0, "%s", strerror(errno));
	else if (count == 0 && diag->count == 0)
		diag_add(diag, dir, 0, "nothing below it can be checked");
	if (tree)
		fts_close(tree);
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Cases and shells, and what is said of them where it is installed. */
static void check_all(void *memory, const char *dir, size_t *cases, size_t *shells, size_t *links,
	struct diag *diag)
{
	struct test_case **all_cases = case_load_all(memory, dir, NULL, cases, diag);
	struct shell **all_shells =
		shell_load_all(memory, data_path(memory, "shells"), shells, diag);
	const char *docs = data_path(memory, "docs");

	link_load_all(memory, data_path(memory, "links"), links, diag);

	/* Of somebody else's cases nothing is said there. */
	if (diag->count || strcmp(dir, data_path(memory, "cases")) ||
		access(talloc_asprintf(memory, "%s/topics", docs), F_OK) != 0)
		return;
	guide_check(guide_load(memory, docs, diag), all_cases, *cases, all_shells, *shells, diag);
}

static int lint(void *memory, const char *dir, char **files)
{
	struct diag *diag = diag_new(memory);
	size_t cases = 0, shells = 0, links = 0;

	for (size_t i = 0; files[i]; i++)
		(is_directory(files[i]) ? check_tree : check_file)(memory, files[i], diag);
	if (!files[0])
		check_all(memory, dir, &cases, &shells, &links, diag);
	diag_print(diag, stderr);
	if (diag->count > 0) {
		complain("%zu complaint%s", diag->count, diag->count == 1 ? "" : "s");
		return EXIT_BAD_USAGE;
	}
	if (!files[0])
		printf("%zu cases, %zu shell files and %zu link files are in order\n", cases,
			shells, links);
	return 0;
}

int cmd_lint(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	const char *dir = data_path(memory, "cases");
	int option, status = -1;

	while (status < 0 && (option = next_option(argc, argv, options, "lint")) != -1) {
		if (option == OPT_CASES)
			dir = optarg;
		else
			status = option == 'h' ? 0 : EXIT_BAD_USAGE;
		if (option == 'h')
			fputs(help, stdout);
	}
	if (status < 0)
		status = lint(memory, dir, argv + optind);
	talloc_free(memory);
	return status;
}
