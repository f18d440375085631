/* What the readers of cases ask about signals besides their names. */
#include <signal.h>
#include <stddef.h>

#include "case.h"
#include "signals.h"
#include "text.h"

int signal_read(const char *name, const struct place *place)
{
	const char *known[SIGSYS + 3] = {"RTMIN", "RTMAX"};
	int sig = signal_number(name);

	if (sig > 0)
		return sig;
	for (int i = 1; i <= SIGSYS; i++)
		known[i + 1] = signal_name(i);
	complain_unknown(place, "signal", name, known);
	return 0;
}

bool signal_catchable(int sig)
{
	return sig != SIGKILL && sig != SIGSTOP;
}

bool signal_stops(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}
