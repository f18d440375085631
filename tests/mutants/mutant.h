/* An interposed library (LD_PRELOAD) that makes a healthy shell break one duty: what its parts
 * share. Only the C library's functions can be replaced; Debian's bash, dash, zsh and mksh make
 * all calls that matter here through them. */
#ifndef MUTANT_H
#define MUTANT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mutant {
	MUTANT_none,
#define MUTANT(name, group, duty) MUTANT_##name,
#include "mutants.h"
#undef MUTANT
};

enum { CHILDREN = 64 };

/* How a signal was last set: as on entry, or by a call of the shell. */
enum disposition { UNTOUCHED, DEFAULT, IGNORED, CAUGHT };

/* Everything we remember. A forked child inherits it as it was, which is what we want. */
struct memory {
	enum mutant mutant;
	uint32_t *interventions; /* shared with all processes of the run, see start.c */
	pid_t main_pid;          /* the process that was exec'd; others are its forks */
	bool interactive;
	bool entry_ignored[NSIG];
	sigset_t entry_mask, ever_blocked;
	/* by the main process */
	enum disposition disposition[NSIG];
	void (*handler[NSIG])(int);
	/* children of this process that it has not been told the end of, oldest first */
	pid_t children[CHILDREN];
	size_t child_count;
	pid_t faked; /* a child whose end we have made up and not told yet */
	bool reaped_since_fork;
	pid_t first_reaped;
	int first_status; /* of the first child of several */
	int last_status;
	/* groups and terminal */
	pid_t elder; /* jobs_share_group: a sibling that leads a group, seen when forked */
	pid_t entry_foreground;
	pid_t stopped[CHILDREN]; /* groups of children that have been seen stopped */
	size_t stopped_count;
	bool forked;      /* there has been a child */
	pid_t late_group; /* fg_continues_first: whom to give it after SIGCONT */
	int late_tty;
	pid_t last_target; /* of kill */
	int last_signal;
	int saved_input; /* async_input_kept */
	char **argv;
};

extern struct memory mem;

/* The next definition of a function, which is the C library's. */
#define REAL(name)                                                                                 \
	(*__extension__({                                                                          \
		static __typeof__(name) *real_function;                                            \
		if (!real_function)                                                                \
			real_function = (__typeof__(name) *)next_definition(#name);                \
		real_function;                                                                     \
	}))
void *next_definition(const char *name);

/* Is this the mutant that lies here? Ask last: a yes is counted as an intervention. */
#define LIE(name) (mem.mutant == MUTANT_##name && intervene())
bool intervene(void);

/* Is this the process that was started as the shell (not a fork of it)? */
bool in_main(void);

/* A call that must not be heard of: sets a disposition, as the shell would. */
void set_action(int sig, void (*handler)(int));

/* The oldest child that leads a group, but for one; 0: none. */
pid_t leading_child(pid_t but);

/* Makes the shell deaf from its start, where the mutant is. */
void deafen_shell(void);

/* Makes what comes before an exec wrong (dispositions, mask, group), where the mutant does. */
void spoil_dispositions(void);
void spoil_group(void);

/* text.c: a script with the mutant's faults in it, malloc'ed; NULL: it has no place for them. */
char *misread(const char *text);

/* Ends in the way a waitpid status tells. */
_Noreturn void end_as(int status);

#endif
