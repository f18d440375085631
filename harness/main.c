#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "model/diag.h"

#define VERSION "0.1"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", "play cases on shells and print the matrix", cmd_run},
	{"list", "list cases and shells", cmd_list},
	{"explain", "play one case on one shell and show the evidence", cmd_explain},
	{"lint", "check case files and shell files", cmd_lint},
	{"report", "print the matrix of a results file", cmd_report},
	{"diff", "what changed from one results file to another", cmd_diff},
	{"doctor", "say what this machine allows, and what would be missing", cmd_doctor},
	{"crosscheck", "play with two drivers and compare", cmd_crosscheck},
	{"chain", "run a command, send it a signal, say which process loses it", cmd_chain},
	{"flow", "draw who gets a signal, as a tree of questions", cmd_flow},
	{"predict", "say from measured results what a signal will do in a chain", cmd_predict},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static void print_help(FILE *out)
{
	fputs("sigmatrix measures what shells do with signals, process groups and terminals.\n"
	      "\n"
	      "Try:\n"
	      "  sigmatrix doctor                                 what can be measured here\n"
	      "  sigmatrix run --case 'exec/*' --shell dash       some of it, or all\n"
	      "  sigmatrix explain exec/simple-command --shell bash\n"
	      "                                                   why a cell says what it says\n"
	      "  sigmatrix chain -- ./entrypoint.sh               where a signal to it gets lost\n"
	      "\n"
	      "Commands:\n",
		out);
	for (int i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'sigmatrix COMMAND --help' tells more. sigmatrix(1), sigmatrix-case(5).\n", out);
}

static int unknown_command(const char *word)
{
	const char *names[COMMAND_COUNT + 1] = {NULL};

	for (int i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	const char *nearest = nearest_word(word, names);
	if (nearest)
		complain("no command '%s'; did you mean '%s'?", word, nearest);
	else
		complain("no command '%s'; 'sigmatrix --help' lists them", word);
	return EXIT_BAD_USAGE;
}

/* What whoever started us may have left us with. Standard descriptors that are closed: the next
 * file or socket would get their number, and what is printed would go there. O_PATH makes every use
 * of them fail, as if they were closed still. */
static void take_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/", O_PATH);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* An ignored SIGCHLD would let children vanish before we have waited for them; a file that may not
 * grow (ulimit -f) is an error to report, not our death. Scenes get every signal's default. */
static void take_signals(void)
{
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
	take_standard_descriptors();
	take_signals();
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_BAD_USAGE : 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sigmatrix " VERSION);
		return 0;
	}
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
