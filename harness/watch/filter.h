/* The system calls the tracer wants to see, and the one no scene may do, as a seccomp filter. */
#ifndef SIGMATRIX_FILTER_H
#define SIGMATRIX_FILTER_H

#include <linux/filter.h>

/* FILTER_TRACE stops (SECCOMP_RET_TRACE) at the kill family, setpgid, setsid and the ioctl behind
 * tcsetpgrp; without a tracer such a call fails with ENOSYS, so seize first. FILTER_GUARD makes
 * kill(-1, ...) fail with EPERM: without a PID namespace it would reach every process of the user,
 * as root every process of the machine. A shell need not mean it: the kill of procps 4.0.2 makes
 * -1 of "-12345". FILTER_WAITS stops at rt_sigtimedwait too, which takes signals without a
 * delivery; scenes do without it, since it costs every wait of an actor two stops. */
enum { FILTER_TRACE = 1, FILTER_GUARD = 2, FILTER_WAITS = 4 };

/* Builds the filter; everything else runs at full speed. NULL and errno on failure. talloc child of
 * parent. seccomp(2), libseccomp. */
struct sock_fprog *filter_build(const void *parent, int what);

#endif
