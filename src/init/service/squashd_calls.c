/* SPDX-License-Identifier: MIT */
/* Doors to the kernel that neither squashd nor any program in a sandbox has a use for. It is a list
 * of what is refused: whatever a sandbox may call (payload_calls.c), which inherits this, must pass
 * here. For a call that is allowed whatever its arguments, two tables cost no more than one: the
 * kernel remembers such numbers for both. */
#include "squashd_calls.h"

#include <errno.h>
#include <sys/syscall.h>

static const struct seccomp_rule rules[] = {
	/* another kernel, or more of this one */
	REFUSE(SYS_kexec_load, EPERM),
	REFUSE(SYS_kexec_file_load, EPERM),
	REFUSE(SYS_init_module, EPERM),
	REFUSE(SYS_finit_module, EPERM),
	REFUSE(SYS_delete_module, EPERM),
	/* the machine */
	REFUSE(SYS_reboot, EPERM),
	REFUSE(SYS_iopl, EPERM),
	REFUSE(SYS_ioperm, EPERM),
	REFUSE(SYS_swapon, EPERM),
	REFUSE(SYS_swapoff, EPERM),
	REFUSE(SYS_settimeofday, EPERM),
	REFUSE(SYS_clock_settime, EPERM),
	REFUSE(SYS_clock_adjtime, EPERM),
	REFUSE(SYS_syslog, EPERM),
	REFUSE(SYS_acct, EPERM),
	REFUSE(SYS_vhangup, EPERM),
	/* what exploits of the kernel are made with */
	REFUSE(SYS_perf_event_open, EPERM),
	REFUSE(SYS_userfaultfd, EPERM),
	REFUSE(SYS_io_uring_setup, ENOSYS),
	REFUSE(SYS_io_uring_enter, ENOSYS),
	REFUSE(SYS_io_uring_register, ENOSYS),
	REFUSE(SYS_modify_ldt, ENOSYS),
	REFUSE(SYS_add_key, EPERM),
	REFUSE(SYS_request_key, EPERM),
	REFUSE(SYS_migrate_pages, ENOSYS),
	REFUSE(SYS_move_pages, ENOSYS),
	/* files by other ways than their paths */
	REFUSE(SYS_open_by_handle_at, EPERM),
	REFUSE(SYS_fanotify_init, EPERM),
	/* what is left of old times */
	REFUSE(SYS_uselib, ENOSYS),
	REFUSE(SYS_ustat, ENOSYS),
	REFUSE(SYS_sysfs, ENOSYS),
	REFUSE(SYS_lookup_dcookie, ENOSYS),
};

const struct seccomp_table squashd_calls = {rules, sizeof(rules) / sizeof(rules[0]),
					    SECCOMP_REST_ALLOWED};
