#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

/* Names, one a line, of all files written: what else is in a directory is not ours. */
#define LIST ".sigmatrix-book"

enum { LONGEST = 120 };

struct tree {
	char *path, *temporary;
	char *list; /* contents of LIST */
	int error;  /* 0 or -errno */
	bool replaces;
};

static void fail(struct tree *tree, int error)
{
	if (!tree->error)
		tree->error = error ? -error : -EIO;
}

/* What stands there --------------------------------------------------------------------------- */

static FTS *walk_begin(const char *path)
{
	char *paths[] = {(char *)path, NULL};

	return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

static char *read_list(const void *parent, const char *path)
{
	FILE *file = fopen(talloc_asprintf(parent, "%s/" LIST, path), "re");
	char *list = talloc_strdup(parent, "\n"), *line = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	while (getline(&line, &size, file) > 0)
		list = talloc_strdup_append_buffer(list, line);
	free(line);
	fclose(file);
	return list;
}

static bool is_listed(const char *list, const char *name)
{
	char *line = talloc_asprintf(NULL, "\n%s\n", name);
	bool found = strstr(list, line) != NULL;

	talloc_free(line);
	return found;
}

/* The first file below 'path' that is not in the list, as its name there; NULL: none. */
static char *find_foreign(const void *parent, const char *path, const char *list)
{
	FTS *walk = walk_begin(path);
	char *foreign = NULL;

	for (FTSENT *entry; walk && !foreign && (entry = fts_read(walk));) {
		const char *name = entry->fts_path + strlen(path);

		if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP)
			continue;
		name += *name == '/';
		if (entry->fts_info != FTS_F || !is_listed(list, name))
			foreign = talloc_strdup(parent, name);
	}
	if (walk)
		fts_close(walk);
	return foreign;
}

/* NULL: the place is free or ours to replace. */
static const char *check_place(const void *parent, struct tree *tree)
{
	struct stat status;
	char *list, *foreign;

	if (lstat(tree->path, &status) != 0)
		return errno == ENOENT ? NULL
				       : talloc_asprintf(parent, "unable to look at %s: %s",
						 tree->path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return talloc_asprintf(parent, "%s is there already and no directory", tree->path);
	tree->replaces = true;
	list = read_list(tree, tree->path);
	if (!list && !find_foreign(parent, tree->path, "\n"))
		return NULL; /* empty */
	if (!list)
		return talloc_asprintf(parent,
			"%s is there already and no book of ours; name another directory",
			tree->path);
	foreign = find_foreign(parent, tree->path, list);
	return !foreign ? NULL
			: talloc_asprintf(parent,
				  "%s has a file that is not ours, %s: move it away, or "
				  "name another directory",
				  tree->path, foreign);
}

/* Making it ----------------------------------------------------------------------------------- */

/* A directory all of which is ours. */
static void remove_all(const char *path)
{
	FTS *walk = walk_begin(path);

	for (FTSENT *entry; walk && (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_DP)
			rmdir(entry->fts_accpath);
		else if (entry->fts_info != FTS_D)
			unlink(entry->fts_accpath);
	}
	if (walk)
		fts_close(walk);
}

static int tree_destroy(struct tree *tree)
{
	if (tree->temporary)
		remove_all(tree->temporary);
	return 0;
}

struct tree *tree_open(const void *parent, const char *path, const char **fault)
{
	struct tree *tree = talloc_zero(parent, struct tree);
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	tree->path = talloc_strndup(tree, path, length);
	tree->list = talloc_strdup(tree, "");
	*fault = check_place(parent, tree);
	if (*fault)
		return NULL;
	tree->temporary = talloc_asprintf(tree, "%s.XXXXXX", tree->path);
	if (!mkdtemp(tree->temporary)) {
		*fault = talloc_asprintf(parent, "unable to make a directory beside %s: %s",
			tree->path, strerror(errno));
		tree->temporary = NULL;
		return NULL;
	}
	talloc_set_destructor(tree, tree_destroy);
	return tree;
}

static void make_parents(struct tree *tree, char *path)
{
	char *slash = path + strlen(tree->temporary) + 1;

	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			fail(tree, errno);
		*slash++ = '/';
	}
}

FILE *tree_file(struct tree *tree, const char *name)
{
	char *path = talloc_asprintf(tree, "%s/%s", tree->temporary, name);
	FILE *file;

	make_parents(tree, path);
	file = fopen(path, "wxe");
	if (!file) {
		fail(tree, errno);
		file = fopen("/dev/null", "we");
	}
	if (!file)
		abort(); /* without /dev/null nothing here works */
	tree->list = talloc_asprintf_append_buffer(tree->list, "%s\n", name);
	talloc_free(path);
	errno = 0;
	return file;
}

void tree_file_end(struct tree *tree, FILE *file)
{
	bool failed = ferror(file) != 0;

	errno = failed ? errno : 0;
	if (fclose(file) != 0 || failed)
		fail(tree, errno);
}

/* mkdtemp() keeps others out; a report is for those whom the umask lets in. */
static void open_up(struct tree *tree)
{
	mode_t mask = umask(0);

	umask(mask);
	if (chmod(tree->temporary, 0777 & ~mask) != 0)
		fail(tree, errno);
}

/* For file systems that cannot exchange: for a moment nothing is there. */
static int replace(struct tree *tree, const char *aside)
{
	if (rename(tree->path, aside) != 0)
		return -1;
	if (rename(tree->temporary, tree->path) == 0)
		return 0;
	int error = errno;
	rename(aside, tree->path);
	errno = error;
	return -1;
}

/* The old tree, if there is one, is the temporary one afterwards. */
static void swap(struct tree *tree)
{
	char *aside = talloc_asprintf(tree, "%s.old", tree->temporary);

	if (!tree->replaces) {
		if (rename(tree->temporary, tree->path) != 0)
			fail(tree, errno);
		else
			tree->temporary = NULL;
	} else if (renameat2(AT_FDCWD, tree->temporary, AT_FDCWD, tree->path, RENAME_EXCHANGE)) {
		if (replace(tree, aside) != 0)
			fail(tree, errno);
		else
			tree->temporary = aside;
	}
}

int tree_finish(struct tree *tree)
{
	FILE *file = tree_file(tree, LIST);

	fputs(tree->list, file);
	tree_file_end(tree, file);
	open_up(tree);
	if (!tree->error)
		swap(tree);
	return tree->error;
}

/* Names --------------------------------------------------------------------------------------- */

static uint64_t checksum(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

char *tree_name(const void *parent, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	char *out = talloc_strdup(parent, *text ? "" : "_");

	for (const char *at = text; *at && strlen(out) < LONGEST; at++)
		out = talloc_asprintf_append_buffer(
			out, strchr(plain, *at) ? "%c" : "_%02x", (unsigned char)*at);
	if (strlen(out) >= LONGEST)
		out = talloc_asprintf_append_buffer(out, "_%016" PRIx64, checksum(text));
	return out;
}
