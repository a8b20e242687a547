/*
 * Loads the generated filters. They refuse calls with an errno, so programs
 * go on; only calls of a foreign architecture end the process.
 */
#include "engine/linux/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

/* Generated: struct filter_words, filter_internet, filter_no_internet. */
#include "seccomp_filters.inc"

#include "engine/banned.h"

bool sbk_seccomp_available(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int sbk_seccomp_apply(bool internet, struct sbk_error *err)
{
	struct sock_fprog program = {
		.len = sizeof(filter_internet) / sizeof(filter_internet[0]),
		.filter = (struct sock_filter *)filter_internet,
	};

	if (!internet) {
		program.len = sizeof(filter_no_internet) /
			      sizeof(filter_no_internet[0]);
		program.filter = (struct sock_filter *)filter_no_internet;
	}
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot load the system call "
					   "filter");
	return 0;
}

int sbk_seccomp_check(struct sbk_error *err)
{
	/* Without the filter this would be EINVAL or a descriptor. */
	if (sbk_openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0) >= 0 ||
	    errno != ENOSYS)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the system call filter was loaded and "
				     "refuses nothing");
	return 0;
}
