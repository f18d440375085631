#include "filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <talloc.h>
#include <unistd.h>

/* The kernel looks at 32 bits of these arguments only, so must we. */
#define LOW_32_BITS 0xffffffffu

static bool add_guard(scmp_filter_ctx context)
{
	return seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1,
		       SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32_BITS, LOW_32_BITS)) == 0;
}

/* kill(2), but for kill(-1) where that is guarded: one bit of the pid at least is 0 then. A rule
 * for all of kill() would win over the guard's. */
static bool trace_kill(scmp_filter_ctx context, bool guarded)
{
	if (!guarded)
		return seccomp_rule_add(context, SCMP_ACT_TRACE(0), SCMP_SYS(kill), 0) == 0;
	for (unsigned bit = 0; bit < 32; bit++)
		if (seccomp_rule_add(context, SCMP_ACT_TRACE(0), SCMP_SYS(kill), 1,
			    SCMP_A0(SCMP_CMP_MASKED_EQ, 1u << bit, 0)) != 0)
			return false;
	return true;
}

static bool add_traced(scmp_filter_ctx context, bool guarded)
{
	static const int watched[] = {SCMP_SYS(tkill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
		SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_send_signal), SCMP_SYS(setpgid),
		SCMP_SYS(setsid)};

	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (seccomp_rule_add(context, SCMP_ACT_TRACE(0), watched[i], 0) != 0)
			return false;
	return trace_kill(context, guarded) &&
	       seccomp_rule_add(context, SCMP_ACT_TRACE(0), SCMP_SYS(ioctl), 1,
		       SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32_BITS, TIOCSPGRP)) == 0;
}

static bool add_rules(scmp_filter_ctx context, int what)
{
	bool guarded = what & FILTER_GUARD;

	return (!guarded || add_guard(context)) &&
	       (!(what & FILTER_TRACE) || add_traced(context, guarded)) &&
	       (!(what & FILTER_WAITS) || seccomp_rule_add(context, SCMP_ACT_TRACE(0),
						  SCMP_SYS(rt_sigtimedwait), 0) == 0);
}

/* libseccomp 2.5 exports to a descriptor only. */
static struct sock_fprog *read_back(const void *parent, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct sock_fprog *program = talloc_zero(parent, struct sock_fprog);

	if (size <= 0 || size % (off_t)sizeof(struct sock_filter) != 0)
		goto fail;
	program->filter = talloc_size(program, (size_t)size);
	program->len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
	if (pread(fd, program->filter, (size_t)size, 0) != size)
		goto fail;
	return program;
fail:
	talloc_free(program);
	errno = EIO;
	return NULL;
}

struct sock_fprog *filter_build(const void *parent, int what)
{
	struct sock_fprog *program = NULL;
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (!context || fd < 0)
		goto out;
	/* 32-bit programs on a 64-bit kernel are not looked at, and not killed either. */
	seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if (!add_rules(context, what) || seccomp_export_bpf(context, fd) != 0) {
		errno = EINVAL;
		goto out;
	}
	program = read_back(parent, fd);
out:
	if (context)
		seccomp_release(context);
	if (fd >= 0)
		close(fd);
	return program;
}
