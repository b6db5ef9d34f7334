/* SPDX-License-Identifier: MIT */
/* musl's <sys/quota.h> knows neither projects nor quotactl_fd(2): the kernel's headers, raw
 * calls. */
#include "quota.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SYS_QUOTACTL_FD = 443
}; /* arch/x86/entry/syscalls/syscall_64.tbl: musl has no name for it */

static long quota_call(int fs_fd, int command, uint32_t id, void *data)
{
	return syscall(SYS_QUOTACTL_FD, fs_fd, QCMD(command, PRJQUOTA), id, data);
}

bool quota_is_enforced(int fs_fd)
{
	struct fs_quota_statv state = {.qs_version = FS_QSTATV_VERSION1};
	return quota_call(fs_fd, Q_XGETQSTATV, 0, &state) == 0 &&
	       (state.qs_flags & FS_QUOTA_PDQ_ENFD);
}

static int set_limits(int fs_fd, uint32_t project, struct if_dqblk limits, const char *what,
		      struct err *e)
{
	if (quota_call(fs_fd, Q_SETQUOTA, project, &limits) < 0)
		return err_set(e, errno, "set the %s of project %u", what, project);
	return 0;
}

int quota_limit(int fs_fd, uint32_t project, uint64_t disk_mb, uint64_t inodes, struct err *e)
{
	const struct if_dqblk limits = {
		.dqb_bhardlimit = disk_mb << 10, /* in KiB: QIF_DQBLKSIZE */
		.dqb_bsoftlimit = disk_mb << 10, /* what statfs(2) shows in the tree */
		.dqb_ihardlimit = inodes,
		.dqb_isoftlimit = inodes,
		.dqb_valid = QIF_LIMITS,
	};
	return set_limits(fs_fd, project, limits, "quota", e);
}

int quota_limit_inodes(int fs_fd, uint32_t project, uint64_t inodes, struct err *e)
{
	const struct if_dqblk limits = {
		.dqb_ihardlimit = inodes,
		.dqb_isoftlimit = inodes,
		.dqb_valid = QIF_ILIMITS,
	};
	return set_limits(fs_fd, project, limits, "inodes", e);
}

void quota_read(int fs_fd, struct quota *q)
{
	struct if_dqblk is = {.dqb_curinodes = 0};
	if (quota_call(fs_fd, Q_GETQUOTA, q->project, &is) < 0)
		is = (struct if_dqblk){.dqb_curinodes = 0};
	q->disk_mb = is.dqb_bhardlimit >> 10;
	q->inodes_max = is.dqb_ihardlimit;
	q->inodes_used = is.dqb_curinodes;
}

bool quota_next(int fs_fd, uint32_t from, struct quota *q)
{
	struct if_nextdqblk next = {.dqb_id = 0};
	if (quota_call(fs_fd, Q_GETNEXTQUOTA, from, &next) < 0)
		return false;
	q->project = next.dqb_id;
	q->disk_mb = next.dqb_bhardlimit >> 10;
	q->inodes_max = next.dqb_ihardlimit;
	q->inodes_used = next.dqb_curinodes;
	return true;
}

uint64_t quota_used(int fs_fd, uint32_t project)
{
	struct if_dqblk used = {.dqb_curspace = 0};
	return quota_call(fs_fd, Q_GETQUOTA, project, &used) == 0 ? used.dqb_curspace : 0;
}

int quota_assign(int dir_fd, uint32_t project, struct err *e)
{
	struct fsxattr attributes;
	/* By syscall(2): musl's ioctl(3) takes an int, which the numbers don't fit. */
	if (syscall(SYS_ioctl, dir_fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return err_set(e, errno, "read attributes of the upper");
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (syscall(SYS_ioctl, dir_fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		return err_set(e, errno, "set the project of the upper");
	return 0;
}
