/* The system calls the tracer wants to see, as a seccomp filter. */
#ifndef SIGMATRIX_FILTER_H
#define SIGMATRIX_FILTER_H

#include <linux/filter.h>

/* Builds the filter that stops (SECCOMP_RET_TRACE) at the kill family, setpgid, setsid and the
 * ioctl behind tcsetpgrp, and lets everything else run at full speed. Without a tracer such a
 * call fails with ENOSYS, so seize first. NULL and errno on failure. talloc child of parent.
 * seccomp(2), libseccomp. */
struct sock_fprog *filter_build(const void *parent);

#endif
