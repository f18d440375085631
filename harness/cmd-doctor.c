/* sigmatrix doctor: what this machine allows, what would be missing, and how to get it. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <talloc.h>
#include <unistd.h>

#include "model/diag.h"
#include "play/version.h"
#include "report/report.h"
#include "stage/abilities.h"
#include "stage/arena.h"
#include "stage/limits.h"
#include "stage/pty.h"

static const char help[] =
	"Usage: sigmatrix doctor [--color auto|always|never]\n"
	"\n"
	"Tries out what a run needs (terminals, PID namespaces, tracing, room for files,\n"
	"the shells and links) and says of everything that is refused or missing what the matrix\n"
	"will lack, and what to do about it. Nothing is changed.\n"
	"\n"
	"Exit status: 0 all is there but perhaps some links, 3 something is missing, 2 bad "
	"usage.\n";

enum { OPT_COLOR = 256, NOFILE_NEEDED = 256, FREE_KIB_NEEDED = 4096 };

static const struct option options[] = {
	{"color", required_argument, NULL, OPT_COLOR},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct doctor {
	void *memory;
	bool colour;
	unsigned missing; /* findings that are not well */
};

/* One line for a thing that is well, with what was found. */
static void well(const struct doctor *d, const char *thing, const char *found)
{
	char *safe = escape_terminal(d->memory, found);

	printf("%s%-8s%s %-16s %s\n", d->colour ? "\033[32m" : "", "ok", d->colour ? "\033[m" : "",
		thing, safe);
}

/* One that is not: why, what it means for the matrix, what to do. */
static void tell(const struct doctor *d, const char *word, const char *thing, const char *why,
	const char *effect, const char *remedy)
{
	char *safe = escape_terminal(d->memory, why);

	printf("%s%-8s%s %-16s %s\n", d->colour ? "\033[33m" : "", word, d->colour ? "\033[m" : "",
		thing, safe);
	if (effect)
		printf("%-25s %s\n", "", effect);
	if (remedy)
		printf("%-25s -> %s\n", "", remedy);
}

/* One that counts. */
static void ill(struct doctor *d, const char *word, const char *thing, const char *why,
	const char *effect, const char *remedy)
{
	d->missing++;
	tell(d, word, thing, why, effect, remedy);
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static void check_terminal(struct doctor *d)
{
	struct pty pty;
	int result = pty_open(&pty);

	if (result != 0) {
		ill(d, "refused", "terminals", strerror(-result),
			"no case with a terminal can be played",
			"mount devpts on /dev/pts, or raise /proc/sys/kernel/pty/max");
		return;
	}
	pty_close(&pty);
	well(d, "terminals",
		talloc_asprintf(d->memory, "%ld of %ld are in use",
			read_number("/proc/sys/kernel/pty/nr"),
			read_number("/proc/sys/kernel/pty/max")));
}

static void check_isolation(struct doctor *d, const struct abilities *a)
{
	if (a->isolation != ISOLATION_SUBREAPER) {
		well(d, "PID namespaces",
			a->isolation == ISOLATION_PID ? "yes" : "yes, inside a user namespace");
		return;
	}
	ill(d, "refused", "PID namespaces", a->isolation_why,
		"scenes are cleaned up by a subreaper; pids differ from run to run",
		"run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 "
		"(Debian), "
		"kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu); in a container: "
		"--privileged");
}

static void check_pid1(struct doctor *d, const struct abilities *a)
{
	if (!a->pid1_why)
		well(d, "shell as PID 1", "yes, with a /proc of its own");
	else
		ill(d, "refused", "shell as PID 1", a->pid1_why, "those cases are n/a",
			"it needs PID namespaces, and in a container a /proc without covered "
			"places: --security-opt systempaths=unconfined");
}

static void check_trace(struct doctor *d, const struct abilities *a)
{
	if (a->trace)
		well(d, "tracing",
			a->no_new_privs ? "ptrace and seccomp, with no_new_privs"
					: "ptrace and seccomp");
	else
		ill(d, "refused", "tracing", a->trace_why,
			"what only a tracer sees is n/a; all else is measured",
			"sysctl kernel.yama.ptrace_scope=1 or lower; in a container: "
			"--cap-add SYS_PTRACE, and a seccomp profile that lets ptrace through");
	if (a->guard_why)
		ill(d, "refused", "guard", a->guard_why,
			"a scene's kill(-1) would reach every process of yours",
			"a PID namespace or libseccomp makes it harmless; run as another user till "
			"then");
}

static void check_room(struct doctor *d, const char *actor)
{
	const char *dir = run_place();
	struct statvfs fs;
	const char *why;
	char *run = run_open(d->memory, actor, &why);

	if (!run || statvfs(run, &fs) != 0) {
		ill(d, "refused", "scratch files",
			talloc_asprintf(d->memory, "%s: %s", dir, why ? why : strerror(errno)),
			"nothing can be played",
			"set TMPDIR to a writable place with room and a short name");
		return;
	}
	unsigned long long kib = (unsigned long long)fs.f_bavail * fs.f_frsize / 1024;
	char *found = talloc_asprintf(d->memory, "%s, %llu MiB free", dir, kib / 1024);
	run_close(run);
	if (kib >= FREE_KIB_NEEDED)
		well(d, "scratch files", found);
	else
		ill(d, "short", "scratch files", found, "scenes may break for want of room",
			"set TMPDIR to a place with more");
}

static void check_limits(struct doctor *d)
{
	struct rlimit files, processes;

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NPROC, &processes);
	if (files.rlim_cur < NOFILE_NEEDED)
		ill(d, "short", "open files",
			talloc_asprintf(d->memory, "%lu", (unsigned long)files.rlim_cur),
			"scenes of many processes may break", "ulimit -n 1024");
	if (processes.rlim_cur < 64UL * (unsigned long)sysconf(_SC_NPROCESSORS_ONLN))
		ill(d, "short", "processes",
			talloc_asprintf(d->memory, "%lu", (unsigned long)processes.rlim_cur),
			"scenes may be refused a fork, and say so", "ulimit -u, or --jobs 1");
	const char *stack = limits_stack(d->memory);

	if (stack)
		ill(d, "short", "stack", stack, "shells may die as they start", "ulimit -s 8192");
	well(d, "processors", talloc_asprintf(d->memory, "%ld", sysconf(_SC_NPROCESSORS_ONLN)));
}

/* Of the cases for shells, and of those for links. */
struct rows {
	size_t cases, shells, links;
};

static struct rows count_rows(struct doctor *d)
{
	struct rows rows = {0};
	struct diag *diag = diag_new(d->memory);
	const char *dir = data_path(d->memory, "cases");
	struct test_case **all = case_load_all(d->memory, dir, NULL, &rows.cases, diag);

	for (size_t i = 0; i < rows.cases; i++)
		*(all[i]->mode == MODE_LINK ? &rows.links : &rows.shells) += all[i]->variant_count;
	if (diag->count > 0 || rows.cases == 0) {
		diag_print(diag, stdout);
		ill(d, "broken", "cases", dir, "nothing can be played", "sigmatrix lint");
	}
	return rows;
}

static void check_shell(struct doctor *d, struct shell *shell, struct words_option *packages)
{
	version_read(shell);
	if (shell->file) {
		well(d, shell->name,
			talloc_asprintf(d->memory, "%s  %s", shell->file, shell->version));
		return;
	}
	tell(d, "missing", shell->name, shell->missing, NULL, NULL);
	/* Many links are for machines of one kind: nobody has them all. */
	d->missing += shell->kind == SUBJECT_SHELL;
	if (!shell->package)
		return;
	for (size_t i = 0; i < packages->count; i++)
		if (strcmp(packages->words[i], shell->package) == 0)
			return;
	option_add(d->memory, packages, shell->package);
}

static void name_packages(const struct words_option *packages)
{
	if (packages->count == 0)
		return;
	printf("For the others: apt-get install");
	for (size_t i = 0; i < packages->count; i++)
		printf(" %s", packages->words[i]);
	printf("\n");
}

static void check_shells(struct doctor *d, bool links, size_t rows)
{
	const char *word = links ? "link" : "shell";
	struct words_option packages = {0};
	size_t count = 0, found = 0;
	struct shell **shells =
		links ? load_links(d->memory, &count) : load_shells(d->memory, &count);

	printf(links ? "\nLinks\n" : "\nShells\n");
	if (!shells) {
		ill(d, "broken", talloc_asprintf(d->memory, "%ss", word),
			data_path(d->memory, talloc_asprintf(d->memory, "%ss", word)),
			"nothing can be played", "sigmatrix lint");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		check_shell(d, shells[i], &packages);
		found += shells[i]->file != NULL;
	}
	printf("\nThe matrix will have %zu of %zu %ss, %zu of %zu cells.\n", found, count, word,
		rows * found, rows * count);
	name_packages(&packages);
}

static int examine(struct doctor *d)
{
	struct utsname uts;

	uname(&uts);
	printf("%s %s on %s, as %s\n\n", uts.sysname, uts.release, uts.machine,
		geteuid() == 0 ? "root" : "an ordinary user");
	const char *actor = actor_path(d->memory);
	if (!actor) {
		ill(d, "missing", "actor", "see above", "nothing can be played", "make");
		return EXIT_NOT_MEASURED;
	}
	const struct abilities *abilities = abilities_probe(d->memory, -1, true);
	check_terminal(d);
	check_isolation(d, abilities);
	check_pid1(d, abilities);
	check_trace(d, abilities);
	check_room(d, actor);
	check_limits(d);
	struct rows rows = count_rows(d);
	if (rows.cases > 0)
		well(d, "cases",
			talloc_asprintf(
				d->memory, "%zu, %zu rows", rows.cases, rows.shells + rows.links));
	check_shells(d, false, rows.shells);
	check_shells(d, true, rows.links);
	return d->missing ? EXIT_NOT_MEASURED : EXIT_AS_EXPECTED;
}

static int parse_and_examine(void *memory, int argc, char **argv)
{
	const char *colour = NULL;
	int option;

	while ((option = next_option(argc, argv, options, "doctor")) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option != OPT_COLOR || !parse_colour("doctor", optarg))
			return EXIT_BAD_USAGE;
		colour = optarg;
	}
	if (optind < argc)
		return usage_error("doctor", "'%s': it takes no words", argv[optind]);
	struct doctor doctor = {.memory = memory, .colour = wants_colour(colour, STDOUT_FILENO)};
	return examine(&doctor);
}

int cmd_doctor(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_examine(memory, argc, argv);

	talloc_free(memory);
	return status;
}
