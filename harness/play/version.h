/* Which version of a shell this is: asks the shell itself, else the package manager. */
#ifndef SIGMATRIX_VERSION_H
#define SIGMATRIX_VERSION_H

#include "../model/shell.h"

/* Sets shell->version (one line, printable; "unknown" when nobody could tell within five
 * seconds). Does nothing for a missing shell. A link whose probe says that it cannot run here (or
 * says nothing within twenty seconds) is missing from now on. */
void version_read(struct shell *shell);

#endif
