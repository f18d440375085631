/* Reading /proc/PID; proc(5). */
#ifndef SIGMATRIX_PROC_H
#define SIGMATRIX_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads /proc/PID/NAME into text and terminates it; what does not fit is left out. Returns the
 * length, or -1 when the process is gone or we may not look. */
ssize_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/* What /proc/PID/stat says: the state letter, and whether it is on its way out (then it may still
 * sleep). False: the process is gone, or we may not look. */
bool proc_stat(pid_t pid, char *state, bool *ending);

/* Device number of the process's controlling terminal, 0: it has none. */
dev_t proc_terminal(pid_t pid);

/* The foreground process group of that terminal, in our numbering; 0: none that we see. */
pid_t proc_foreground(pid_t pid);

/* The last number of a line such as "25937\t4" of NSpid, which counts from our PID namespace
 * inwards: the id in the innermost one. 0 when there is none. */
pid_t proc_innermost(const char *line);

/* The number of the depth'th namespace of such a line, counted from ours, which is the first; the
 * innermost where there are fewer, or where depth is 0. */
pid_t proc_at_depth(const char *line, int depth);

/* The signal set (bit n-1 for signal n) at an address in a thread's memory; 0 when it cannot be
 * read. process_vm_readv(2). */
uint64_t proc_signal_set(pid_t tid, unsigned long address);

/* How many numbers the line has. */
int proc_depth(const char *line);

#endif
