/* Names of signals, as shells spell them. The actor is built with this file too, so it stands on
 * its own. */
#include <ctype.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

/* Where two names share a number, the first is the one we print. */
static const struct signal_word {
	const char *name;
	int number;
} signal_words[] = {
	{"HUP", SIGHUP},
	{"INT", SIGINT},
	{"QUIT", SIGQUIT},
	{"ILL", SIGILL},
	{"TRAP", SIGTRAP},
	{"ABRT", SIGABRT},
	{"BUS", SIGBUS},
	{"FPE", SIGFPE},
	{"KILL", SIGKILL},
	{"USR1", SIGUSR1},
	{"SEGV", SIGSEGV},
	{"USR2", SIGUSR2},
	{"PIPE", SIGPIPE},
	{"ALRM", SIGALRM},
	{"TERM", SIGTERM},
#ifdef SIGSTKFLT
	{"STKFLT", SIGSTKFLT},
#endif
	{"CHLD", SIGCHLD},
	{"CONT", SIGCONT},
	{"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},
	{"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},
	{"URG", SIGURG},
	{"XCPU", SIGXCPU},
	{"XFSZ", SIGXFSZ},
	{"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF},
	{"WINCH", SIGWINCH},
	{"IO", SIGIO},
	{"PWR", SIGPWR},
	{"SYS", SIGSYS},
	{"IOT", SIGIOT},
	{"POLL", SIGPOLL},
	{"CLD", SIGCHLD},
};

enum { SIGNAL_WORDS = sizeof signal_words / sizeof *signal_words, LAST_SIGNAL = 64 };

/* Names of the real-time signals by their distance from RTMIN; a table because signal_name()
 * has nowhere to build one. */
static const char *const real_time_names[] = {"RTMIN", "RTMIN+1", "RTMIN+2", "RTMIN+3", "RTMIN+4",
	"RTMIN+5", "RTMIN+6", "RTMIN+7", "RTMIN+8", "RTMIN+9", "RTMIN+10", "RTMIN+11", "RTMIN+12",
	"RTMIN+13", "RTMIN+14", "RTMIN+15", "RTMIN+16", "RTMIN+17", "RTMIN+18", "RTMIN+19",
	"RTMIN+20", "RTMIN+21", "RTMIN+22", "RTMIN+23", "RTMIN+24", "RTMIN+25", "RTMIN+26",
	"RTMIN+27", "RTMIN+28", "RTMIN+29", "RTMIN+30"};

enum { REAL_TIME_NAMES = sizeof real_time_names / sizeof *real_time_names };

/* The offset behind "RTMIN+" or "RTMAX-"; -1: it is none. */
static int real_time_offset(const char *text)
{
	char *end;
	long offset = strtol(text, &end, 10);

	return isdigit((unsigned char)*text) && !*end && offset > 0 && offset <= SIGRTMAX - SIGRTMIN
		       ? (int)offset
		       : -1;
}

static int real_time_number(const char *name)
{
	int offset = strlen(name) > 6 ? real_time_offset(name + 6) : -1;

	if (strcmp(name, "RTMIN") == 0)
		return SIGRTMIN;
	if (strcmp(name, "RTMAX") == 0)
		return SIGRTMAX;
	if (offset > 0 && strncmp(name, "RTMIN+", 6) == 0)
		return SIGRTMIN + offset;
	if (offset > 0 && strncmp(name, "RTMAX-", 6) == 0)
		return SIGRTMAX - offset;
	return 0;
}

int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (isdigit((unsigned char)*name) && !*end)
		return number >= 1 && number <= LAST_SIGNAL ? (int)number : 0;
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < SIGNAL_WORDS; i++)
		if (strcmp(signal_words[i].name, name) == 0)
			return signal_words[i].number;
	return real_time_number(name);
}

const char *signal_name(int sig)
{
	for (size_t i = 0; i < SIGNAL_WORDS; i++)
		if (signal_words[i].number == sig)
			return signal_words[i].name;
	if (sig >= SIGRTMIN && sig - SIGRTMIN < REAL_TIME_NAMES)
		return real_time_names[sig - SIGRTMIN];
	/* The two the C library keeps for itself. */
	if (sig == 32)
		return "32";
	return sig == 33 ? "33" : "?";
}
