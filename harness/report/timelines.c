#include "timelines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

/* A cell that is asked for, and where its line is. */
struct entry {
	char *key;
	const struct cell *cell;
	long offset; /* -1: not found */
};

struct timelines {
	FILE *file;
	struct entry *entries; /* sorted by key */
	size_t count;
};

/* Lines are written with sorted keys: the case first, shell and variant last, and the events
 * between them. So a line is known by its ends, without parsing megabytes of JSON. */
static const char middle[] = ",\"events\":[", tail[] = "],\"shell\":";

static char *quoted(const void *parent, const char *text)
{
	json_t *json = json_string(text);
	char *dumped = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
	char *out = talloc_strdup(parent, dumped ? dumped : "\"\"");

	free(dumped);
	json_decref(json);
	return out;
}

static char *cell_key(const void *parent, const struct cell *cell)
{
	void *memory = talloc_new(NULL);
	char *key = talloc_asprintf(parent, "{\"case\":%s%s,\"variant\":%s}",
		quoted(memory, cell->case_name), quoted(memory, cell->shell),
		quoted(memory, cell->variant));

	talloc_free(memory);
	return key;
}

static char *last_tail(char *line)
{
	char *found = NULL;

	for (char *at = line; (at = strstr(at, tail)); at++)
		found = at;
	return found;
}

/* The same key from a line; false: it is not one of ours. Cuts the line. */
static bool line_key(char *line, char *key, size_t size)
{
	char *events = strstr(line, middle);
	char *rest = events ? last_tail(line + strlen(line) - strnlen(line, 4096)) : NULL;

	if (!rest || rest < events)
		return false;
	*events = '\0';
	return (size_t)snprintf(key, size, "%s%s", line, rest + sizeof(tail) - 1) < size;
}

static int compare_entries(const void *left, const void *right)
{
	return strcmp(((const struct entry *)left)->key, ((const struct entry *)right)->key);
}

static struct entry *find(const struct timelines *timelines, char *key)
{
	struct entry wanted = {.key = key};

	return bsearch(
		&wanted, timelines->entries, timelines->count, sizeof(wanted), compare_entries);
}

static void find_lines(struct timelines *timelines)
{
	char *line = NULL, key[8192];
	size_t size = 0;
	long offset = 0;
	ssize_t length;

	while ((length = getline(&line, &size, timelines->file)) > 0) {
		struct entry *entry;

		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		entry = line_key(line, key, sizeof(key)) ? find(timelines, key) : NULL;
		if (entry && entry->offset < 0)
			entry->offset = offset;
		offset += length;
	}
	free(line);
}

static int close_file(struct timelines *timelines)
{
	fclose(timelines->file);
	return 0;
}

struct timelines *timelines_open(
	const void *parent, const char *path, const struct cell *const *cells, size_t count)
{
	FILE *file = fopen(path, "re");
	struct timelines *timelines;

	if (!file)
		return NULL;
	timelines = talloc_zero(parent, struct timelines);
	timelines->file = file;
	talloc_set_destructor(timelines, close_file);
	timelines->count = count;
	timelines->entries = talloc_array(timelines, struct entry, count + 1);
	for (size_t i = 0; i < count; i++)
		timelines->entries[i] =
			(struct entry){cell_key(timelines->entries, cells[i]), cells[i], -1};
	qsort(timelines->entries, count, sizeof(*timelines->entries), compare_entries);
	find_lines(timelines);
	return timelines;
}

json_t *timelines_events(struct timelines *timelines, const struct cell *cell)
{
	char *key = cell_key(NULL, cell), *line = NULL;
	struct entry *entry = find(timelines, key);
	size_t size = 0;
	json_t *root = NULL, *events = NULL;

	talloc_free(key);
	if (!entry || entry->offset < 0 || fseek(timelines->file, entry->offset, SEEK_SET))
		return NULL;
	if (getline(&line, &size, timelines->file) > 0)
		root = json_loads(line, 0, NULL);
	free(line);
	events = json_object_get(root, "events");
	events = json_is_array(events) ? json_incref(events) : NULL;
	json_decref(root);
	return events;
}
