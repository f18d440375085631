/* Which version of a shell this is: asks the shell itself, else the package manager. */
#ifndef SIGMATRIX_VERSION_H
#define SIGMATRIX_VERSION_H

#include "../model/shell.h"

/* Sets shell->version (one line, printable; "unknown" when nobody could tell within five
 * seconds). Does nothing for a missing shell. */
void version_read(struct shell *shell);

#endif
