/* What the readers of cases ask about signals besides their names. Private to model/. */
#ifndef SIGMATRIX_SIGNALS_H
#define SIGMATRIX_SIGNALS_H

#include <stdbool.h>

#include "text.h"

/* The signal's number; 0 after a complaint that suggests the nearest name. */
int signal_read(const char *name, const struct place *place);

/* May a process catch, ignore or block it? */
bool signal_catchable(int sig);

/* Is stopping what it does by default? */
bool signal_stops(int sig);

#endif
