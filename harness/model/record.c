/* The results document, in memory and on disk. The file is read as something a stranger may have
 * written, and written so that a reader never sees half of it. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "utf8.h"

#define ONE_LINE (JSON_COMPACT | JSON_SORT_KEYS)

/* Order and lookup ------------------------------------------------------------------------- */

static int compare_cases(const void *a, const void *b)
{
	return strcmp(((const struct case_record *)a)->name, ((const struct case_record *)b)->name);
}

static const struct case_record *case_find(const struct results *results, const char *name)
{
	struct case_record key = {.name = name};

	if (!results->case_count)
		return NULL;
	return bsearch(
		&key, results->cases, results->case_count, sizeof(*results->cases), compare_cases);
}

/* Position of the variant in its case, or that of the terminating NULL. */
static size_t variant_index(const struct case_record *record, const char *variant)
{
	size_t i = 0;

	while (record->variants[i] && strcmp(record->variants[i], variant))
		i++;
	return i;
}

static size_t shell_index(const struct results *results, const char *shell)
{
	size_t i = 0;

	while (i < results->shell_count && strcmp(results->shells[i].name, shell))
		i++;
	return i;
}

static int compare_variants(
	const struct results *results, const struct cell *a, const struct cell *b)
{
	const struct case_record *record;
	size_t i, j;

	if (!strcmp(a->variant, b->variant))
		return 0;
	record = case_find(results, a->case_name);
	i = record ? variant_index(record, a->variant) : 0;
	j = record ? variant_index(record, b->variant) : 0;
	return i != j ? (i > j) - (i < j) : strcmp(a->variant, b->variant);
}

static int compare_shells(const struct results *results, const struct cell *a, const struct cell *b)
{
	size_t i, j;

	if (!strcmp(a->shell, b->shell))
		return 0;
	i = shell_index(results, a->shell);
	j = shell_index(results, b->shell);
	return i != j ? (i > j) - (i < j) : strcmp(a->shell, b->shell);
}

static int compare_cells(const void *left, const void *right, void *context)
{
	const struct results *results = context;
	const struct cell *a = left, *b = right;
	int order = strcmp(a->case_name, b->case_name);

	if (!order)
		order = compare_variants(results, a, b);
	return order ? order : compare_shells(results, a, b);
}

void results_sort(struct results *results)
{
	if (results->case_count)
		qsort(results->cases, results->case_count, sizeof(*results->cases), compare_cases);
	if (results->cell_count)
		qsort_r(results->cells, results->cell_count, sizeof(*results->cells), compare_cells,
			results);
}

const char *results_subject(const struct results *results)
{
	bool links = results->shell_count && results->shells[0].kind != SUBJECT_SHELL;

	return links ? "link" : "shell";
}

const struct cell *results_cell(const struct results *results, const char *case_name,
	const char *variant, const char *shell)
{
	struct cell key = {.case_name = case_name, .variant = variant, .shell = shell};
	size_t low = 0, high = results->cell_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_cells(&key, &results->cells[middle], (void *)results);

		if (!order)
			return &results->cells[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Writing ---------------------------------------------------------------------------------- */

/* JSON holds UTF-8 only, but versions and command lines may be anything: bytes that are not UTF-8
 * become the four characters \xNN. */
static json_t *json_escaped(const char *text)
{
	char *safe = talloc_strdup(NULL, "");
	json_t *json;

	while (*text) {
		uint32_t point;
		size_t length = utf8_decode(text, &point);

		if (length)
			safe = talloc_strndup_append_buffer(safe, text, length);
		else
			safe = talloc_asprintf_append_buffer(safe, "\\x%02x", (unsigned char)*text);
		text += length ? length : 1;
	}
	json = json_string(safe);
	talloc_free(safe);
	return json;
}

static json_t *json_text(const char *text)
{
	json_t *json = json_string(text ? text : "");

	return json ? json : json_escaped(text);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text(text));
}

static void set_optional(json_t *object, const char *key, const char *text)
{
	if (text)
		set_text(object, key, text);
}

static json_t *runs_json(const struct cell *cell)
{
	if (cell->runs)
		return json_incref(cell->runs);
	return cell->plays ? json_pack("{s:I}", cell->outcome, (json_int_t)cell->plays)
			   : json_object();
}

json_t *cell_json(const struct cell *cell)
{
	json_t *object = json_object();

	if (cell->facts) {
		json_t *facts = json_loads(cell->facts, 0, NULL);

		if (!json_is_object(facts)) {
			json_decref(facts);
			json_decref(object);
			return NULL;
		}
		json_object_set_new(object, "facts", facts);
	}
	set_text(object, "case", cell->case_name);
	set_text(object, "variant", cell->variant);
	set_text(object, "shell", cell->shell);
	set_text(object, "outcome", cell->outcome);
	set_text(object, "verdict", verdict_word(cell->verdict));
	set_text(object, "reason", cell->reason);
	json_object_set_new(object, "runs", runs_json(cell));
	return object;
}

static json_t *row_json(const struct row_record *row)
{
	json_t *object = json_object();

	set_text(object, "label", row->label);
	set_text(object, "meaning", row->meaning);
	set_text(object, "verdict", verdict_word(row->verdict));
	return object;
}

static json_t *case_json(const struct case_record *record)
{
	json_t *object = json_object(), *variants = json_array(), *rows = json_array();

	set_text(object, "name", record->name);
	set_text(object, "group", record->group);
	set_text(object, "title", record->title);
	set_text(object, "spec", record->spec);
	set_text(object, "prose", record->prose);
	set_optional(object, "scene", record->scene);
	for (const char **variant = record->variants; *variant; variant++)
		json_array_append_new(variants, json_text(*variant));
	json_object_set_new(object, "variants", variants);
	for (size_t i = 0; i < record->row_count; i++)
		json_array_append_new(rows, row_json(&record->rows[i]));
	json_object_set_new(object, "outcomes", rows);
	return object;
}

static json_t *shell_json(const struct shell_record *shell)
{
	json_t *object = json_object();

	set_text(object, "name", shell->name);
	set_text(object, "title", shell->title);
	set_text(object, "family", shell->family);
	set_optional(object, "file", shell->file);
	set_optional(object, "version", shell->version);
	set_optional(object, "sha256", shell->sha256);
	set_optional(object, "missing", shell->missing);
	if (shell->kind != SUBJECT_SHELL)
		set_text(object, "kind", subject_kind_word(shell->kind));
	return object;
}

static json_t *host_json(const struct host_record *host)
{
	json_t *object = json_object();

	set_text(object, "kernel", host->kernel);
	set_text(object, "machine", host->machine);
	set_text(object, "system", host->system);
	set_text(object, "date", host->date);
	set_text(object, "trace", host->trace);
	set_text(object, "isolation", host->isolation);
	set_text(object, "user", host->user);
	set_text(object, "command", host->command);
	json_object_set_new(object, "complete", json_boolean(host->complete));
	return object;
}

/* JSON lets DEL and the control characters beyond ASCII stand in strings as they are, but a
 * terminal that is shown the document would obey them. */
static int put_escaped(const char *text, FILE *out)
{
	const char *from = text;

	for (; *text; text++) {
		bool beyond = (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;

		if (*text != 0x7f && !beyond)
			continue;
		fwrite(from, 1, (size_t)(text - from), out);
		text += beyond;
		fprintf(out, "\\u%04x", (unsigned char)*text);
		from = text + 1;
	}
	return fputs(from, out);
}

int record_put_json(FILE *out, json_t *object, size_t flags, const char *end)
{
	char *text = object ? json_dumps(object, flags) : NULL;
	bool failed;

	json_decref(object);
	if (!text)
		return -EINVAL;
	errno = 0;
	failed = put_escaped(text, out) == EOF || fputs(end, out) == EOF;
	free(text);
	return !failed ? 0 : errno ? -errno : -EIO;
}

/* One object on one line, and let go of: this is what keeps memory from growing. */
static int put_line(FILE *out, json_t *object, bool last)
{
	return record_put_json(out, object, ONE_LINE, last ? "\n" : ",\n");
}

/* The members in sorted order, by hand, because no jansson object ever holds the whole. */
int results_write(const struct results *results, FILE *out)
{
	int rc = 0;

	fputs("{\"cases\":[\n", out);
	for (size_t i = 0; !rc && i < results->case_count; i++)
		rc = put_line(out, case_json(&results->cases[i]), i + 1 == results->case_count);
	fputs("],\"cells\":[\n", out);
	for (size_t i = 0; !rc && i < results->cell_count; i++)
		rc = put_line(out, cell_json(&results->cells[i]), i + 1 == results->cell_count);
	fputs("],\"host\":\n", out);
	if (!rc)
		rc = put_line(out, host_json(&results->host), true);
	fprintf(out, ",\"schema\":%d,\"shells\":[\n", RESULTS_SCHEMA);
	for (size_t i = 0; !rc && i < results->shell_count; i++)
		rc = put_line(out, shell_json(&results->shells[i]), i + 1 == results->shell_count);
	if (rc)
		return rc;
	errno = 0;
	fputs("]}\n", out);
	if (fflush(out) == EOF || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

static int put_typed(FILE *out, const char *type, json_t *object)
{
	if (!object)
		return -EINVAL;
	set_text(object, "type", type);
	return record_put_json(out, object, ONE_LINE, "\n");
}

int results_write_lines(const struct results *results, FILE *out)
{
	int rc = put_typed(out, "host", host_json(&results->host));

	for (size_t i = 0; !rc && i < results->shell_count; i++)
		rc = put_typed(out, "shell", shell_json(&results->shells[i]));
	for (size_t i = 0; !rc && i < results->case_count; i++)
		rc = put_typed(out, "case", case_json(&results->cases[i]));
	for (size_t i = 0; !rc && i < results->cell_count; i++)
		rc = put_typed(out, "cell", cell_json(&results->cells[i]));
	errno = 0;
	if (!rc && (fflush(out) == EOF || ferror(out)))
		rc = errno ? -errno : -EIO;
	return rc;
}

static int write_descriptor(const struct results *results, int fd, bool sync)
{
	FILE *out = fdopen(fd, "w");
	int rc;

	if (!out) {
		rc = -errno;
		close(fd);
		return rc;
	}
	rc = results_write(results, out);
	if (!rc && sync && fsync(fd))
		rc = -errno;
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

/* Not mkstemp(): the file is to have the permissions the umask gives. The counter steps over what
 * a killed process of the same pid (common in containers) left behind. */
static int open_temporary(const void *parent, const char *path, char **name)
{
	for (int i = 0; i < 100; i++) {
		int fd;

		*name = talloc_asprintf(parent, "%s.%ld-%d.tmp", path, (long)getpid(), i);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? fd : -errno;
		talloc_free(*name);
	}
	return -EEXIST;
}

/* Makes the rename last through a power cut. Not every file system can: then it is as good as
 * that file system gets. */
static void sync_directory(const void *parent, const char *path)
{
	int fd = open(dirname(talloc_strdup(parent, path)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int replace_file(const struct results *results, const char *path)
{
	void *memory = talloc_new(NULL);
	char *name;
	int rc, fd = open_temporary(memory, path, &name);

	if (fd < 0) {
		talloc_free(memory);
		return fd;
	}
	rc = write_descriptor(results, fd, true);
	if (!rc && rename(name, path))
		rc = -errno;
	if (rc)
		unlink(name);
	else
		sync_directory(memory, path);
	talloc_free(memory);
	return rc;
}

int results_save(const struct results *results, const char *path)
{
	struct stat status;
	char *target;
	int rc;

	/* A rename over /dev/null or a named pipe would replace it. */
	if (!stat(path, &status) && !S_ISREG(status.st_mode)) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		return fd < 0 ? -errno : write_descriptor(results, fd, false);
	}
	/* What a symbolic link points to is replaced, not the link. */
	target = realpath(path, NULL);
	rc = replace_file(results, target ? target : path);
	free(target);
	return rc;
}

char *results_timelines(const void *parent, const char *path)
{
	size_t length = strlen(path);

	if (length > 5 && !strcmp(path + length - 5, ".json"))
		length -= 5;
	return talloc_asprintf(parent, "%.*s.timelines.jsonl", (int)length, path);
}

/* Reading ---------------------------------------------------------------------------------- */

/* Why a document cannot be used: bounded, because it quotes the document. */
struct fault {
	char text[400];
};

__attribute__((format(printf, 2, 3))) static bool fault_set(
	struct fault *fault, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, args);
	va_end(args);
	return false;
}

static bool fault_within(struct fault *fault, const char *list, size_t index)
{
	struct fault inner = *fault;

	return fault_set(fault, "%s[%zu]: %.350s", list, index, inner.text);
}

static const char *type_word(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a whole number";
	case JSON_REAL:
		return "a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a truth value";
	default:
		return "null";
	}
}

static bool fault_type(
	struct fault *fault, const char *key, const char *expected, const json_t *found)
{
	if (!found)
		return fault_set(fault, "member \"%s\" is missing", key);
	return fault_set(
		fault, "member \"%s\" must be %s, but is %s", key, expected, type_word(found));
}

static bool read_text(const void *parent, const json_t *object, const char *key, const char **out,
	struct fault *fault)
{
	const json_t *json = json_object_get(object, key);

	if (!json_is_string(json))
		return fault_type(fault, key, "a string", json);
	*out = talloc_strdup(parent, json_string_value(json));
	return *out != NULL;
}

static bool read_optional(const void *parent, const json_t *object, const char *key,
	const char **out, struct fault *fault)
{
	*out = NULL;
	if (!json_object_get(object, key))
		return true;
	return read_text(parent, object, key, out, fault);
}

static bool read_verdict(const json_t *object, enum verdict *out, struct fault *fault)
{
	static const enum verdict verdicts[] = {
		VERDICT_NONE, VERDICT_CONFORMS, VERDICT_PERMITTED, VERDICT_VIOLATES};
	const json_t *json = json_object_get(object, "verdict");

	if (!json_is_string(json))
		return fault_type(fault, "verdict", "a string", json);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (!strcmp(json_string_value(json), verdict_word(verdicts[i]))) {
			*out = verdicts[i];
			return true;
		}
	return fault_set(fault,
		"member \"verdict\" is \"%.40s\", not \"conforms\", \"permitted\", \"violates\" or "
		"\"\"",
		json_string_value(json));
}

static json_t *read_array(const json_t *object, const char *key, struct fault *fault)
{
	json_t *json = json_object_get(object, key);

	if (json_is_array(json))
		return json;
	fault_type(fault, key, "an array", json);
	return NULL;
}

static int release_json(json_t **holder)
{
	json_decref(*holder);
	return 0;
}

/* Lets the reference live as long as 'parent', so that nobody has to remember to drop it. */
static json_t *keep_json(const void *parent, json_t *json)
{
	json_t **holder = talloc(parent, json_t *);

	if (!holder)
		return NULL;
	*holder = json_incref(json);
	talloc_set_destructor(holder, release_json);
	return json;
}

static bool read_runs(
	const void *parent, const json_t *object, struct cell *cell, struct fault *fault)
{
	json_t *runs = json_object_get(object, "runs"), *count;
	const char *label;

	if (!json_is_object(runs))
		return fault_type(fault, "runs", "an object", runs);
	json_object_foreach(runs, label, count)
	{
		if (!json_is_integer(count) || json_integer_value(count) < 1 ||
			json_integer_value(count) > INT_MAX)
			return fault_set(fault, "member \"runs\": \"%.40s\" is not a count", label);
	}
	cell->runs = keep_json(parent, runs);
	return cell->runs != NULL;
}

static bool read_facts(
	const void *parent, const json_t *object, struct cell *cell, struct fault *fault)
{
	const json_t *facts = json_object_get(object, "facts");
	char *text;

	if (!facts)
		return true;
	if (!json_is_object(facts))
		return fault_type(fault, "facts", "an object", facts);
	text = json_dumps(facts, ONE_LINE);
	if (!text)
		return fault_set(fault, "member \"facts\" cannot be kept");
	cell->facts = talloc_strdup(parent, text);
	free(text);
	return cell->facts != NULL;
}

static bool read_cell(
	const void *parent, const json_t *json, struct cell *cell, struct fault *fault)
{
	memset(cell, 0, sizeof(*cell));
	if (!json_is_object(json))
		return fault_set(fault, "must be an object");
	return read_text(parent, json, "case", &cell->case_name, fault) &&
	       read_text(parent, json, "variant", &cell->variant, fault) &&
	       read_text(parent, json, "shell", &cell->shell, fault) &&
	       read_text(parent, json, "outcome", &cell->outcome, fault) &&
	       read_text(parent, json, "reason", &cell->reason, fault) &&
	       read_verdict(json, &cell->verdict, fault) && read_runs(parent, json, cell, fault) &&
	       read_facts(parent, json, cell, fault);
}

bool cell_from_json(const void *parent, const json_t *json, struct cell *cell)
{
	struct fault ignored;

	return read_cell(parent, json, cell, &ignored);
}

/* Left out it is a shell: so wrote all before there were links. */
static bool read_kind(const json_t *json, enum subject_kind *kind, struct fault *fault)
{
	const json_t *value = json_object_get(json, "kind");
	int found = value ? -1 : SUBJECT_SHELL;

	if (value && !json_is_string(value))
		return fault_type(fault, "kind", "a string", value);
	if (value)
		found = subject_kind_read(json_string_value(value));
	if (found < 0)
		return fault_set(fault, "member \"kind\": there is no kind \"%.40s\"",
			json_string_value(value));
	*kind = (enum subject_kind)found;
	return true;
}

static bool read_shell(
	const void *parent, const json_t *json, struct shell_record *shell, struct fault *fault)
{
	if (!json_is_object(json))
		return fault_set(fault, "must be an object");
	return read_text(parent, json, "name", &shell->name, fault) &&
	       read_text(parent, json, "title", &shell->title, fault) &&
	       read_text(parent, json, "family", &shell->family, fault) &&
	       read_optional(parent, json, "file", &shell->file, fault) &&
	       read_optional(parent, json, "version", &shell->version, fault) &&
	       read_optional(parent, json, "sha256", &shell->sha256, fault) &&
	       read_optional(parent, json, "missing", &shell->missing, fault) &&
	       read_kind(json, &shell->kind, fault);
}

static bool read_shells(struct results *results, const json_t *root, struct fault *fault)
{
	const json_t *list = read_array(root, "shells", fault);

	if (!list)
		return false;
	results->shells = talloc_zero_array(results, struct shell_record, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct shell_record *shell = &results->shells[i];

		if (!read_shell(results, json_array_get(list, i), shell, fault))
			return fault_within(fault, "shells", i);
		if (shell_index(results, shell->name) < results->shell_count)
			return fault_set(fault, "shells[%zu]: the shell \"%.80s\" is there twice",
				i, shell->name);
		if ((shell->kind == SUBJECT_SHELL) != (results->shells[0].kind == SUBJECT_SHELL))
			return fault_set(fault,
				"shells[%zu]: there are shells and links; a document has either",
				i);
		results->shell_count++;
	}
	return true;
}

static bool read_variants(
	const void *parent, const json_t *json, struct case_record *record, struct fault *fault)
{
	const json_t *list = read_array(json, "variants", fault);

	if (!list)
		return false;
	if (!json_array_size(list))
		return fault_set(fault, "member \"variants\" is empty");
	record->variants = talloc_zero_array(parent, const char *, json_array_size(list) + 1);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *variant = json_array_get(list, i);

		if (!json_is_string(variant))
			return fault_type(fault, "variants", "an array of strings", variant);
		if (record->variants[variant_index(record, json_string_value(variant))])
			return fault_set(fault, "the variant \"%.80s\" is there twice",
				json_string_value(variant));
		record->variants[i] = talloc_strdup(parent, json_string_value(variant));
	}
	return true;
}

static bool read_row(
	const void *parent, const json_t *json, struct row_record *row, struct fault *fault)
{
	if (!json_is_object(json))
		return fault_set(fault, "must be an object");
	return read_text(parent, json, "label", &row->label, fault) &&
	       read_text(parent, json, "meaning", &row->meaning, fault) &&
	       read_verdict(json, &row->verdict, fault);
}

static bool read_rows(
	const void *parent, const json_t *json, struct case_record *record, struct fault *fault)
{
	const json_t *list = read_array(json, "outcomes", fault);

	if (!list)
		return false;
	record->row_count = json_array_size(list);
	record->rows = talloc_zero_array(parent, struct row_record, record->row_count);
	for (size_t i = 0; i < record->row_count; i++)
		if (!read_row(parent, json_array_get(list, i), &record->rows[i], fault))
			return fault_within(fault, "outcomes", i);
	return true;
}

static bool read_case(
	const void *parent, const json_t *json, struct case_record *record, struct fault *fault)
{
	if (!json_is_object(json))
		return fault_set(fault, "must be an object");
	return read_text(parent, json, "name", &record->name, fault) &&
	       read_text(parent, json, "group", &record->group, fault) &&
	       read_text(parent, json, "title", &record->title, fault) &&
	       read_text(parent, json, "spec", &record->spec, fault) &&
	       read_text(parent, json, "prose", &record->prose, fault) &&
	       read_optional(parent, json, "scene", &record->scene, fault) &&
	       read_variants(parent, json, record, fault) && read_rows(parent, json, record, fault);
}

static bool read_cases(struct results *results, const json_t *root, struct fault *fault)
{
	const json_t *list = read_array(root, "cases", fault);

	if (!list)
		return false;
	results->cases = talloc_zero_array(results, struct case_record, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!read_case(results, json_array_get(list, i), &results->cases[i], fault))
			return fault_within(fault, "cases", i);
		results->case_count++;
	}
	results_sort(results);
	for (size_t i = 1; i < results->case_count; i++)
		if (!strcmp(results->cases[i - 1].name, results->cases[i].name))
			return fault_set(fault, "cases: the case \"%.80s\" is there twice",
				results->cases[i].name);
	return true;
}

/* A cell must say what it is about, or it would be shown nowhere and counted nowhere. */
static bool check_cell(const struct results *results, const struct cell *cell, struct fault *fault)
{
	const struct case_record *record = case_find(results, cell->case_name);

	if (!record)
		return fault_set(fault, "names the case \"%.80s\", which \"cases\" does not list",
			cell->case_name);
	if (!record->variants[variant_index(record, cell->variant)])
		return fault_set(fault,
			"names the variant \"%.80s\", which \"%.80s\" does not have", cell->variant,
			cell->case_name);
	if (shell_index(results, cell->shell) == results->shell_count)
		return fault_set(fault, "names the shell \"%.80s\", which \"shells\" does not list",
			cell->shell);
	return true;
}

static bool add_cell(struct results *results, const json_t *json, size_t index, struct fault *fault)
{
	struct cell *cell = &results->cells[index];

	if (!read_cell(results, json, cell, fault) || !check_cell(results, cell, fault))
		return fault_within(fault, "cells", index);
	results->cell_count++;
	return true;
}

/* The text of the cells, one a line with a comma behind all but the last, as results_write() puts
 * them. */
struct cell_lines {
	const char *begin, *end;
};

static size_t count_lines(const struct cell_lines *lines)
{
	size_t count = 1;

	for (const char *at = lines->begin; (at = memchr(at, '\n', (size_t)(lines->end - at)));
		at++)
		count++;
	return count;
}

/* Line by line, so that they are never all in memory as JSON: that takes four times as much. */
static bool read_cell_lines(
	struct results *results, const struct cell_lines *lines, struct fault *fault)
{
	size_t count = count_lines(lines);
	const char *at = lines->begin;

	results->cells = talloc_zero_array(results, struct cell, count);
	for (size_t i = 0; i < count; i++) {
		const char *end = memchr(at, '\n', (size_t)(lines->end - at));
		size_t length = (size_t)((end ? end : lines->end) - at);
		bool comma = length > 0 && at[length - 1] == ',';
		json_t *json = comma == (i + 1 < count) ? json_loadb(at, length - comma,
								  JSON_REJECT_DUPLICATES, NULL)
							: NULL;
		bool good = json && add_cell(results, json, i, fault);

		json_decref(json);
		if (!good)
			return false;
		at += length + 1;
	}
	return true;
}

static bool read_cell_array(struct results *results, const json_t *root, struct fault *fault)
{
	json_t *list = read_array(root, "cells", fault);

	if (!list)
		return false;
	results->cells = talloc_zero_array(results, struct cell, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!add_cell(results, json_array_get(list, i), i, fault))
			return false;
		/* Or all cells would be in memory twice. */
		json_array_set_new(list, i, json_null());
	}
	return true;
}

/* 'lines' is NULL when the cells are in the document. */
static bool read_cells(struct results *results, const json_t *root, const struct cell_lines *lines,
	struct fault *fault)
{
	if (lines ? !read_cell_lines(results, lines, fault)
		  : !read_cell_array(results, root, fault))
		return false;
	results_sort(results);
	for (size_t i = 1; i < results->cell_count; i++) {
		const struct cell *cell = &results->cells[i];

		if (!compare_cells(cell - 1, cell, results))
			return fault_set(fault,
				"cells: case \"%.80s\", variant \"%.80s\", shell \"%.80s\" is "
				"there twice",
				cell->case_name, cell->variant, cell->shell);
	}
	return true;
}

static bool read_host_members(
	const void *parent, const json_t *json, struct host_record *host, struct fault *fault)
{
	const json_t *complete = json_object_get(json, "complete");

	if (!json_is_boolean(complete))
		return fault_type(fault, "complete", "true or false", complete);
	host->complete = json_is_true(complete);
	return read_text(parent, json, "kernel", &host->kernel, fault) &&
	       read_text(parent, json, "machine", &host->machine, fault) &&
	       read_text(parent, json, "system", &host->system, fault) &&
	       read_text(parent, json, "date", &host->date, fault) &&
	       read_text(parent, json, "trace", &host->trace, fault) &&
	       read_text(parent, json, "isolation", &host->isolation, fault) &&
	       read_text(parent, json, "user", &host->user, fault) &&
	       read_text(parent, json, "command", &host->command, fault);
}

static bool read_host(struct results *results, const json_t *root, struct fault *fault)
{
	const json_t *json = json_object_get(root, "host");
	struct fault inner;

	if (!json_is_object(json))
		return fault_type(fault, "host", "an object", json);
	if (read_host_members(results, json, &results->host, &inner))
		return true;
	return fault_set(fault, "host: %.350s", inner.text);
}

static bool check_schema(const json_t *root, struct fault *fault)
{
	const json_t *schema = json_object_get(root, "schema");

	if (!json_is_object(root))
		return fault_set(fault, "not a results document: it must be an object");
	if (!json_is_integer(schema))
		return fault_type(fault, "schema", "a whole number", schema);
	if (json_integer_value(schema) == RESULTS_SCHEMA)
		return true;
	return fault_set(fault, "schema %lld, but this sigmatrix reads schema %d",
		(long long)json_integer_value(schema), RESULTS_SCHEMA);
}

static bool read_document(struct results *results, const json_t *root,
	const struct cell_lines *lines, struct fault *fault)
{
	return check_schema(root, fault) && read_host(results, root, fault) &&
	       read_shells(results, root, fault) && read_cases(results, root, fault) &&
	       read_cells(results, root, lines, fault);
}

static void complain_json(const char *path, const json_error_t *error, struct diag *diag)
{
	bool cut = json_error_code(error) == json_error_premature_end_of_input;

	/* The library says line -1 of what is no text at all. */
	diag_add(diag, path, error->line > 0 ? error->line : 1,
		"column %d: %s%s; run `sigmatrix run --output %s` again",
		error->column > 0 ? error->column : 0, cut ? "the file is cut short: " : "",
		error->text, path);
}

/* The file's contents; NULL after complaining. */
static char *load_text(const void *parent, const char *path, size_t *length, struct diag *diag)
{
	FILE *in = fopen(path, "re");
	size_t room = 1 << 16, got;
	char *text;

	*length = 0;
	if (!in) {
		diag_add(diag, path, 0, "unable to open: %s", strerror(errno));
		return NULL;
	}
	text = talloc_array(parent, char, room);
	errno = 0;
	while ((got = fread(text + *length, 1, room - *length, in)) > 0) {
		*length += got;
		if (*length == room)
			text = talloc_realloc(parent, text, char, room *= 2);
	}
	if (ferror(in)) {
		diag_add(diag, path, 0, "unable to read: %s", strerror(errno));
		talloc_free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

/* Where the cells are, if the file looks as results_write() would have made it. */
static bool find_cell_lines(const char *data, size_t length, struct cell_lines *lines)
{
	static const char before[] = "\n],\"cells\":[\n", after[] = "\n],\"host\":\n";
	const char *begin = memmem(data, length, before, sizeof(before) - 1);

	if (!begin)
		return false;
	lines->begin = begin + sizeof(before) - 1;
	lines->end = memmem(
		lines->begin, (size_t)(data + length - lines->begin), after, sizeof(after) - 1);
	return lines->end != NULL;
}

/* The document with null in place of its cells; NULL when they were no member of it. */
static json_t *load_without_cells(
	const void *parent, const char *data, size_t length, const struct cell_lines *lines)
{
	size_t head = (size_t)(lines->begin - data), tail = (size_t)(data + length - lines->end);
	char *text = talloc_array(parent, char, head + 4 + tail);
	json_t *root;

	memcpy(text, data, head);
	memcpy(text + head, "null", 4);
	memcpy(text + head + 4, lines->end, tail);
	root = json_loadb(text, head + 4 + tail, JSON_REJECT_DUPLICATES, NULL);
	talloc_free(text);
	if (json_is_null(json_array_get(json_object_get(root, "cells"), 0)))
		return root;
	json_decref(root);
	return NULL;
}

/* Whatever is wrong, NULL: reading it the other way tells what. */
static struct results *read_by_lines(const void *parent, const char *data, size_t length)
{
	struct cell_lines lines;
	struct fault fault;
	struct results *results;
	json_t *root;

	if (!find_cell_lines(data, length, &lines))
		return NULL;
	results = talloc_zero(parent, struct results);
	root = load_without_cells(results, data, length, &lines);
	if (!root || !read_document(results, root, &lines, &fault)) {
		talloc_free(results);
		results = NULL;
	}
	json_decref(root);
	return results;
}

struct results *results_parse(
	const void *parent, const char *path, const char *data, size_t length, struct diag *diag)
{
	struct results *results = read_by_lines(parent, data, length);
	struct fault fault = {"out of memory"};
	json_error_t error;
	json_t *root;

	if (results)
		return results;
	root = json_loadb(data, length, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		complain_json(path, &error, diag);
		return NULL;
	}
	results = talloc_zero(parent, struct results);
	if (!read_document(results, root, NULL, &fault)) {
		diag_add(diag, path, 0, "%s; run `sigmatrix run --output %s` again", fault.text,
			path);
		talloc_free(results);
		results = NULL;
	}
	json_decref(root);
	return results;
}

struct results *results_load(const void *parent, const char *path, struct diag *diag)
{
	size_t length;
	char *text = load_text(NULL, path, &length, diag);
	struct results *results = text ? results_parse(parent, path, text, length, diag) : NULL;

	talloc_free(text);
	return results;
}
