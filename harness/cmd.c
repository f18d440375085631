#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <talloc.h>
#include <unistd.h>

#include "play/pool.h"
#include "play/version.h"
#include "report/report.h"
#include "stage/abilities.h"
#include "stage/limits.h"

#ifndef DATADIR
#define DATADIR "/usr/local/share/sigmatrix"
#endif
#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/sigmatrix"
#endif

/* --- talking --- */

void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = talloc_vasprintf(NULL, fmt, args);
	va_end(args);
	/* Names of files and shells are in it: nothing a terminal would obey may get through. */
	char *safe = escape_terminal(text, text);
	fprintf(stderr, "sigmatrix: %s\n", safe);
	talloc_free(text);
}

int usage_error(const char *command, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = talloc_vasprintf(NULL, fmt, args);
	va_end(args);
	complain("%s: %s", command, text);
	fprintf(stderr, "Try 'sigmatrix %s --help'.\n", command);
	talloc_free(text);
	return EXIT_BAD_USAGE;
}

void option_add(const void *parent, struct words_option *option, const char *word)
{
	option->words = talloc_realloc(parent, option->words, char *, option->count + 2);
	option->words[option->count++] = talloc_strdup(parent, word);
	option->words[option->count] = NULL;
}

bool subject_option(const void *parent, struct subjects_option *subjects, int option)
{
	switch (option) {
	case OPT_ON_LINKS:
		subjects->links = true;
		return true;
	case OPT_ON_LINK:
		subjects->links = true;
		option_add(parent, &subjects->names, optarg);
		return true;
	case OPT_ON_SHELL:
		subjects->shells = true;
		option_add(parent, &subjects->names, optarg);
		return true;
	default:
		return false;
	}
}

bool check_subjects(const char *command, const struct subjects_option *subjects)
{
	if (!subjects->links || !subjects->shells)
		return true;
	usage_error(command, "links or shells: --shell goes without --links and --link");
	return false;
}

/* --- the command line --- */

static const char *nearest_option(const char *word, const struct option *options)
{
	const char *names[64];
	size_t count = 0;

	for (; options->name && count < 63; options++)
		names[count++] = options->name;
	names[count] = NULL;
	return nearest_word(word, names);
}

int next_option(int argc, char **argv, const struct option *options, const char *command)
{
	opterr = 0;
	int at = optind ? optind : 1;
	int option = getopt_long(argc, argv, ":h", options, NULL);

	if (option == ':') {
		usage_error(command, "%s needs a value", argv[optind - 1]);
		return '?';
	}
	if (option != '?')
		return option;
	const char *word = argv[at] ? argv[at] : argv[optind - 1];
	char *name = strndup(word + strspn(word, "-"), strcspn(word + strspn(word, "-"), "="));
	const char *nearest = nearest_option(name, options);
	if (nearest)
		usage_error(command, "unknown option %s; did you mean --%s?", word, nearest);
	else
		usage_error(command, "unknown option %s, or short for more than one", word);
	free(name);
	return '?';
}

bool parse_count(
	const char *command, const char *option, const char *text, long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno == 0 && *text && !*end && *out >= min && *out <= max)
		return true;
	usage_error(command, "%s %s: a number from %ld to %ld is needed", option, text, min, max);
	return false;
}

bool parse_trace(const char *command, const char *text, enum trace_wish *out)
{
	static const char *const words[] = {"auto", "on", "off"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = (enum trace_wish)i;
			return true;
		}
	usage_error(command, "--trace=%s: auto, on or off is needed", text);
	return false;
}

bool parse_isolation(const char *command, const char *text, int *out)
{
	static const char *const words[] = {"subreaper", "user", "pid"};

	*out = -1;
	if (strcmp(text, "auto") == 0)
		return true;
	for (int i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return true;
		}
	usage_error(command, "--isolation=%s: auto, pid, user or subreaper is needed", text);
	return false;
}

struct results *load_results(const void *parent, const char *command, const char *path,
	const struct selection *selection)
{
	struct diag *diag = diag_new(parent);
	struct results *results = results_load(parent, path, diag);

	if (!results) {
		diag_print(diag, stderr);
		return NULL;
	}
	const char *fault = results_select(results, selection);
	if (!fault)
		return results;
	usage_error(command, "%s", fault);
	return NULL;
}

int choose_word(const char *command, const char *option, const char *word, const char *const *known)
{
	for (int i = 0; known[i]; i++)
		if (strcmp(word, known[i]) == 0)
			return i;
	const char *nearest = nearest_word(word, known);
	if (nearest)
		usage_error(command, "%s %s: did you mean '%s'?", option, word, nearest);
	else
		usage_error(command, "%s %s: '--help' lists what is known", option, word);
	return -1;
}

void unknown_format(const char *command, const char *name, const char *const *known)
{
	char *hint = did_you_mean(NULL, name, known);

	usage_error(command, "unknown format '%s'%s", name, hint);
	talloc_free(hint);
}

const struct report *find_report(const char *command, const char *name)
{
	const char *names[16] = {NULL};

	for (size_t i = 0; reports[i] && i < 15; i++) {
		if (strcmp(reports[i]->name, name) == 0)
			return reports[i];
		names[i] = reports[i]->name;
	}
	unknown_format(command, name, names);
	return NULL;
}

bool parse_colour(const char *command, const char *text)
{
	if (strcmp(text, "auto") == 0 || strcmp(text, "always") == 0 || strcmp(text, "never") == 0)
		return true;
	usage_error(command, "--color=%s: auto, always or never is needed", text);
	return false;
}

bool wants_colour(const char *option, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (option && strcmp(option, "always") == 0)
		return true;
	if (option && strcmp(option, "never") == 0)
		return false;
	return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(fd);
}

int terminal_width(int fd)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;

	if (width <= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width > 0 ? width : 80;
}

/* --- where things are --- */

static char *beside_program(const void *parent, const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return NULL;
	self[n] = '\0';
	return talloc_asprintf(parent, "%s/%s", dirname(self), name);
}

/* The first of the places that is there; without "..", since it is shown to people. */
static char *first_beside(const void *parent, const char *const *places)
{
	for (; *places; places++) {
		char *path = beside_program(parent, *places);
		char *real = path ? realpath(path, NULL) : NULL;

		talloc_free(path);
		if (!real)
			continue;
		path = talloc_strdup(parent, real);
		free(real);
		return path;
	}
	return NULL;
}

char *data_path(const void *parent, const char *name)
{
	/* In the source tree; installed, under whatever prefix; as configured. */
	const char *places[] = {talloc_asprintf(parent, "../%s", name),
		talloc_asprintf(parent, "../share/sigmatrix/%s", name), NULL};
	char *path = first_beside(parent, places);

	return path ? path : talloc_asprintf(parent, "%s/%s", DATADIR, name);
}

char *actor_path(const void *parent)
{
	const char *places[] = {"actor", "../libexec/sigmatrix/actor", NULL};
	char *path = first_beside(parent, places);

	if (!path)
		path = talloc_asprintf(parent, "%s/actor", LIBEXECDIR);
	if (access(path, X_OK) == 0)
		return path;
	complain("the actor, which scenes start, is neither beside this program nor in %s: build "
		 "it with 'make'",
		LIBEXECDIR);
	return NULL;
}

/* --- cases --- */

static char *nearest_case(const void *parent, const char *dir, const char *glob)
{
	size_t count;
	struct diag *diag = diag_new(parent);
	struct test_case **all = case_load_all(parent, dir, NULL, &count, diag);
	const char **names = talloc_array(parent, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		names[i] = all[i]->name;
	names[count] = NULL;
	return did_you_mean(parent, glob, names);
}

/* How many of the cases the glob finds, and how many of them are for the subjects wanted. */
static void count_matches(struct test_case **cases, size_t count, char *glob, bool links,
	size_t *all, size_t *of_kind)
{
	char *one[] = {glob, NULL};

	*all = *of_kind = 0;
	for (size_t i = 0; i < count; i++) {
		if (!case_wanted(one, cases[i]->name))
			continue;
		++*all;
		*of_kind += (cases[i]->mode == MODE_LINK) == links;
	}
}

/* Every glob must match something: a typing error would otherwise measure less than was meant. */
static bool check_globs(const void *parent, const char *dir, char **globs, bool links,
	struct test_case **cases, size_t count)
{
	for (size_t i = 0; globs && globs[i]; i++) {
		size_t all, of_kind;

		count_matches(cases, count, globs[i], links, &all, &of_kind);
		if (of_kind > 0)
			continue;
		if (all > 0) {
			complain("'%s' matches cases for %s only: %s", globs[i],
				links ? "shells" : "links",
				links ? "leave --links and --link out"
				      : "play them on links (run --links, explain --link NAME)");
			return false;
		}
		complain("no case matches '%s'%s ('sigmatrix list' shows all)", globs[i],
			nearest_case(parent, dir, globs[i]));
		return false;
	}
	return true;
}

struct test_case **load_cases(
	const void *parent, const char *dir, char **globs, bool links, size_t *count)
{
	struct diag *diag = diag_new(parent);
	size_t all;
	struct test_case **cases = case_load_all(parent, dir, globs, &all, diag);

	if (diag->count > 0) {
		diag_print(diag, stderr);
		complain("nothing was played: mend the files above ('sigmatrix lint' checks them)");
		return NULL;
	}
	if (!check_globs(parent, dir, globs, links, cases, all))
		return NULL;
	*count = 0;
	for (size_t i = 0; i < all; i++)
		if ((cases[i]->mode == MODE_LINK) == links)
			cases[(*count)++] = cases[i];
	return cases;
}

/* --- shells and links --- */

static struct shell **load_subjects(const void *parent, bool links, size_t *count)
{
	struct diag *diag = diag_new(parent);
	const char *dir = data_path(parent, links ? "links" : "shells");
	struct shell **shells = links ? link_load_all(parent, dir, count, diag)
				      : shell_load_all(parent, dir, count, diag);

	if (diag->count > 0 || !shells) {
		diag_print(diag, stderr);
		return NULL;
	}
	for (size_t i = 0; i < *count; i++)
		shell_resolve(shells[i]);
	return shells;
}

struct shell **load_shells(const void *parent, size_t *count)
{
	return load_subjects(parent, false, count);
}

struct shell **load_links(const void *parent, size_t *count)
{
	return load_subjects(parent, true, count);
}

static struct shell *from_option(const void *parent, bool links, const char *wish)
{
	struct diag *diag = diag_new(parent);
	char *option = talloc_strdup(parent, wish);

	if (!strchr(wish, '=')) { /* a path: ./my-sh is called my-sh */
		char *copy = talloc_strdup(parent, wish);
		option = talloc_asprintf(parent, "%s=%s", basename(copy), wish);
	}
	struct shell *shell = links ? link_from_option(parent, option, diag)
				    : shell_from_option(parent, option, diag);
	if (!shell) {
		diag_print(diag, stderr);
		return NULL;
	}
	shell_resolve(shell);
	return shell;
}

static struct shell *find_shell(
	const void *parent, bool links, struct shell **catalogue, size_t count, const char *wish)
{
	const char **names = talloc_array(parent, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(catalogue[i]->name, wish) == 0)
			return catalogue[i];
		names[i] = catalogue[i]->name;
	}
	names[count] = NULL;
	if (strchr(wish, '=') || strchr(wish, '/'))
		return from_option(parent, links, wish);
	complain("no %s is called '%s'%s ('sigmatrix list%s' shows all; NAME=COMMAND or "
		 "./PATH takes any other)",
		links ? "link" : "shell", wish, did_you_mean(parent, wish, names),
		links ? " --links" : "");
	return NULL;
}

struct shell **choose_shells(const void *parent, bool links, struct shell **catalogue,
	size_t catalogue_count, char **wanted, size_t wanted_count, size_t *count)
{
	const char *word = links ? "link" : "shell";

	*count = wanted_count ? wanted_count : catalogue_count;
	struct shell **chosen = talloc_array(parent, struct shell *, *count);

	for (size_t i = 0; i < *count; i++) {
		chosen[i] = wanted_count ? find_shell(parent, links, catalogue, catalogue_count,
						   wanted[i])
					 : catalogue[i];
		if (!chosen[i])
			return NULL;
		version_read(chosen[i]);
		shell_checksum(chosen[i]);
		if (wanted_count && !chosen[i]->file) {
			complain("%s", chosen[i]->missing);
			return NULL;
		}
		for (size_t k = 0; k < i; k++)
			if (strcmp(chosen[k]->name, chosen[i]->name) == 0) {
				complain("two %ss are called '%s': give one another name "
					 "with --%s NAME=COMMAND",
					word, chosen[i]->name, word);
				return NULL;
			}
	}
	return chosen;
}

/* --- what the machine allows --- */

static bool set_trace(
	struct cell_context *context, const struct abilities *abilities, enum trace_wish trace)
{
	context->player.trace = trace != TRACE_OFF && abilities->trace;
	context->player.no_new_privs = abilities->no_new_privs;
	if (trace == TRACE_OFF)
		context->trace_refused = "tracing is off";
	if (trace == TRACE_OFF || abilities->trace)
		return true;
	context->trace_refused = abilities->trace_why;
	complain("%s: this machine does not let us trace (%s)%s",
		trace == TRACE_ON ? "error" : "note", abilities->trace_why,
		trace == TRACE_ON ? "; --trace=auto goes on without"
				  : "; what only a tracer sees is n/a");
	return trace != TRACE_ON;
}

bool fit_limits(const void *parent, long *jobs)
{
	const char *why;
	long fitting = limits_jobs(parent, *jobs, &why);
	const char *stack = limits_stack(parent);

	if (stack)
		complain("note: %s", stack);
	if (fitting == *jobs)
		return true;
	if (fitting == 0)
		complain("error: no room to play a cell: %s", why);
	else
		complain(
			"note: %ld cells at the same time instead of %ld: %s", fitting, *jobs, why);
	*jobs = fitting;
	return fitting > 0;
}

/* Everything outside of a scene is seen through /proc. In a PID namespace it may still be that of
 * the one around it, where our pids mean others. */
bool check_proc(void)
{
	char self[32] = "";
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n < 0) {
		complain("error: unable to read /proc: %s; mount it (mount -t proc proc /proc)",
			strerror(errno));
		return false;
	}
	if (atol(self) == getpid())
		return true;
	complain("error: /proc is that of another PID namespace than ours; mount our own (mount -t "
		 "proc proc /proc; unshare has --mount-proc for it)");
	return false;
}

bool open_context(void *parent, struct cell_context *context, enum trace_wish trace, int isolation)
{
	char *actor = actor_path(parent);
	if (!actor)
		return false;
	struct abilities *abilities = abilities_probe(parent, isolation, trace != TRACE_OFF);
	context->player.isolation = abilities->isolation;
	if (isolation >= 0 && (int)abilities->isolation != isolation) {
		complain("error: this machine does not give us that isolation (%s); "
			 "--isolation=auto goes on without",
			abilities->isolation_why);
		return false;
	}
	context->player.filter = abilities->filter;
	context->pid1_refused = abilities->pid1_why;
	if (abilities->isolation == ISOLATION_SUBREAPER && isolation != ISOLATION_SUBREAPER)
		complain("note: this machine gives us no PID namespace (%s); pids in the evidence "
			 "differ from run to run",
			abilities->isolation_why);
	if (abilities->guard_why)
		complain("note: nothing keeps a scene from kill(-1), which reaches every process "
			 "of yours (%s)",
			abilities->guard_why);
	if (!set_trace(context, abilities, trace))
		return false;
	sigset_t held;
	pool_hold_signals(&held, &context->caller_mask);
	const char *why;
	context->run = run_open(parent, actor, &why);
	if (context->run)
		return true;
	complain("unable to make a directory for the run in %s: %s (set TMPDIR to a writable place "
		 "with room and a short name)",
		run_place(), why ? why : strerror(errno));
	close_context(context);
	return false;
}

void close_context(struct cell_context *context)
{
	run_close((char *)context->run);
	context->run = NULL;
	sigprocmask(SIG_SETMASK, &context->caller_mask, NULL);
}

int die_of_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + sig;
}
