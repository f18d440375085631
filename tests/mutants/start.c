/* Which mutant is this, and does it apply to this program?
 *
 *   SIGMATRIX_MUTANT        name of the mutant, or "none"
 *   SIGMATRIX_MUTANT_OF     the shell's file; in any other program the library does nothing
 *   SIGMATRIX_MUTANT_COUNT  a file whose first four bytes count the interventions; mapped, so that
 *                           counting needs neither a system call nor a descriptor
 */
#include "mutant.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory mem;
static uint32_t uncounted;

void *next_definition(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

bool intervene(void)
{
	__atomic_add_fetch(mem.interventions, 1, __ATOMIC_RELAXED);
	return true;
}

bool in_main(void)
{
	return getpid() == mem.main_pid;
}

static enum mutant find(const char *name)
{
	static const char *const names[] = {
		"none",
#define MUTANT(name, group, duty) #name,
#include "mutants.h"
#undef MUTANT
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fprintf(stderr, "mutant: no mutant is called '%s'; they are in mutants.h\n", name);
	_exit(125);
}

static void map_counter(const char *path)
{
	int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
	void *page =
		fd < 0 ? MAP_FAILED
		       : mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (path && page == MAP_FAILED) {
		fprintf(stderr, "mutant: unable to count in %s: %m\n", path);
		_exit(125);
	}
	mem.interventions = path ? page : &uncounted;
	if (fd >= 0)
		REAL(close)(fd);
}

static void remember_entry(void)
{
	struct sigaction action;

	for (int sig = 1; sig < NSIG; sig++)
		mem.entry_ignored[sig] =
			REAL(sigaction)(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
	sigemptyset(&mem.ever_blocked);
	REAL(sigprocmask)(SIG_BLOCK, NULL, &mem.entry_mask);
	mem.entry_foreground = REAL(tcgetpgrp)(0);
}

/* The text after -c is one of the words; a script is read in open(). */
static void misread_command(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-c") == 0) {
			char *text = misread(argv[i + 1]);

			if (text)
				argv[i + 1] = text;
			return;
		}
}

static bool applies(void)
{
	const char *shell = getenv("SIGMATRIX_MUTANT_OF");
	char file[4096];
	ssize_t length = readlink("/proc/self/exe", file, sizeof(file) - 1);

	if (length < 0 || !shell)
		return false;
	file[length] = '\0';
	return strcmp(file, shell) == 0;
}

__attribute__((constructor)) static void start(int argc, char **argv)
{
	mem.interventions = &uncounted;
	mem.main_pid = getpid();
	mem.saved_input = -1;
	mem.late_tty = -1;
	if (!applies())
		return;
	const char *name = getenv("SIGMATRIX_MUTANT");
	mem.mutant = find(name ? name : "");
	map_counter(getenv("SIGMATRIX_MUTANT_COUNT"));
	for (int i = 1; i < argc; i++)
		mem.interactive = mem.interactive || strcmp(argv[i], "-i") == 0;
	mem.argv = argv;
	remember_entry();
	deafen_shell();
	misread_command(argc, argv);
}
