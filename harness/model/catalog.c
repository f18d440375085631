/* The tree of case files: cases/GROUP/NAME.case. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "parts.h"

/* The tree of cases being walked. */
struct walk {
	const void *parent;
	char *const *globs;
	struct test_case **cases;
	size_t count;
	struct diag *diag;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && strcmp(name + length - tail, suffix) == 0;
}

static bool glob_matches(const char *glob, const char *name)
{
	const char *slash = strchr(name, '/');
	char *group;
	bool matches;

	if (strchr(glob, '/') || !slash)
		return fnmatch(glob, name, 0) == 0;
	if (fnmatch(glob, slash + 1, 0) == 0)
		return true;
	group = talloc_strndup(NULL, name, (size_t)(slash - name));
	matches = fnmatch(glob, group, 0) == 0;
	talloc_free(group);
	return matches;
}

bool case_wanted(char *const *globs, const char *name)
{
	if (!globs || !*globs)
		return true;
	for (; *globs; globs++)
		if (glob_matches(*globs, name))
			return true;
	return false;
}

static bool part_valid(const char *part, size_t length)
{
	return length > 0 && isalnum((unsigned char)*part) &&
	       strspn(part, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

bool case_name_check(const char *path, const char *name, struct diag *diag)
{
	size_t group = strcspn(name, "/");

	if (!name[group])
		diag_add(diag, path, 0, "a case belongs in a group: GROUP/NAME.case");
	else if (!part_valid(name, group) ||
		 !part_valid(name + group + 1, strlen(name + group + 1)))
		diag_add(diag, path, 0,
			"group and name of a case must be lower-case letters, digits and '-'");
	else
		return true;
	return false;
}

static void load_file(struct walk *walk, const char *path, const char *group, const char *file)
{
	char *base = talloc_strndup(NULL, file, strlen(file) - strlen(".case"));
	char *name = talloc_asprintf(base, "%s/%s", group, base);
	struct test_case *tc = NULL;

	if (!case_wanted(walk->globs, name))
		goto out;
	if (case_name_check(path, name, walk->diag))
		tc = case_load(walk->cases, path, name, walk->diag);
	if (tc) {
		walk->cases = talloc_realloc(
			walk->parent, walk->cases, struct test_case *, walk->count + 1);
		walk->cases[walk->count++] = tc;
	}
out:
	talloc_free(base);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Byte order, so that results do not depend on the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk_group(struct walk *walk, const char *dir, const char *group);

static void walk_entry(struct walk *walk, const char *dir, const char *group, const char *entry)
{
	char *path = talloc_asprintf(NULL, "%s/%s", dir, entry);

	if (!has_suffix(entry, ".case")) {
		/* Anything but a directory is none of our business. */
		if (!group)
			walk_group(walk, path, entry);
	} else if (group) {
		load_file(walk, path, group, entry);
	} else {
		case_name_check(path, entry, walk->diag);
	}
	talloc_free(path);
}

static void walk_group(struct walk *walk, const char *dir, const char *group)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, visible, by_bytes);

	if (count < 0 && group && errno == ENOTDIR)
		return;
	if (count < 0) {
		diag_add(walk->diag, dir, 0, "unable to read the directory: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		walk_entry(walk, dir, group, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static int by_name(const void *a, const void *b)
{
	const struct test_case *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

struct test_case **case_load_all(
	const void *parent, const char *dir, char *const *globs, size_t *count, struct diag *diag)
{
	struct walk walk = {parent, globs, talloc_array(parent, struct test_case *, 0), 0, diag};

	walk_group(&walk, dir, NULL);
	/* "a-b" sorts before "a" as directories with their slash do not. */
	qsort(walk.cases, walk.count, sizeof *walk.cases, by_name);
	*count = walk.count;
	return walk.cases;
}
