/* Reading /proc/PID; proc(5). */
#ifndef SIGMATRIX_PROC_H
#define SIGMATRIX_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads /proc/PID/NAME into text and terminates it; what does not fit is left out. Returns the
 * length, or -1 when the process is gone or we may not look. */
ssize_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/* What /proc/PID/stat says: the state letter, and whether it is on its way out (then it may still
 * sleep). False: the process is gone, or we may not look. */
bool proc_stat(pid_t pid, char *state, bool *ending);

/* The last number of a line such as "25937\t4" of NSpid, which counts from our PID namespace
 * inwards: the id in the innermost one. 0 when there is none. */
pid_t proc_innermost(const char *line);

#endif
