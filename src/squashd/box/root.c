/* SPDX-License-Identifier: MIT */
/* Everything is put together on a tmpfs, the stage, that is mounted over PATH_RUN/stage in the new
 * mount namespace alone: l0..lN and upper are copies of the shared mounts with the sandbox's ids,
 * root is the overlay. The overlay keeps what it needs of them, so all else goes away with the old
 * root, except the two that are mounted from the stage itself: dev, and resolv.conf. So these files
 * are the sandbox's own, and on its account: a lock, a lease or a watch on one is nothing that
 * another could see or wait for. */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "dev.h"
#include "layers.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "squashd/kernel/mnt.h"
#include "squashd/kernel/privilege.h"
#include "upper.h"

#define STAGE PATH_RUN "/stage"
#define RESOLV "resolv.conf" /* in /etc, and on the stage */

/* What shows or does more than a sandbox should: these read as empty files. */
static const char *const masked_proc[] = {
	"cmdline", /* the kernel's: it may hold the token */
	"kcore",   "keys", "kallsyms", "timer_list", "sysrq-trigger",
};

int root_make_stage(const struct mnt_option *options, unsigned flags, struct err *e)
{
	/* Nothing that happens in this namespace is to reach the appliance's, nor the other way. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make mounts private");
	AUTO_FD mnt = mnt_new("tmpfs", options, flags, e);
	if (mnt < 0)
		return mnt;
	AUTO_FD run = open(STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run < 0)
		return err_set(e, errno, "open %s", STAGE);
	int rc = mnt_attach(mnt, run, "", e);
	return rc < 0 ? rc : fd_steal(&mnt);
}

static int open_stage(struct err *e)
{
	static const struct mnt_option options[] = {
		{"source", "stage"}, {"size", "256k"}, {"mode", "0755"}, {NULL, NULL}};
	AUTO_FD stage = root_make_stage(options, MNT_NO_SUID | MNT_NO_EXEC, e);
	if (stage >= 0 && chdir(STAGE) < 0)
		return err_set(e, errno, "change to %s", STAGE);
	return fd_steal(&stage);
}

/* The sandbox's resolver, which has the same address in each. It is there without an egress, too: a
 * name is not found at once then, and the file stays what it is when allow_net changes. */
static int stage_resolv(int stage_fd, struct err *e)
{
	/* How long to wait: egress asks three servers in turn, 2 s each, and nothing is lost on the
	 * way to it. musl has the first for all attempts together. */
	static const char text[] = "nameserver 198.18.0.1\noptions timeout:6 attempts:3\n";
	AUTO_FD fd = openat(stage_fd, RESOLV, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : fd_write_all(fd, text, sizeof(text) - 1);
	return rc < 0 ? err_set(e, -rc, "write %s", RESOLV) : 0;
}

static int stage_dev(int stage_fd, struct err *e)
{
	if (mkdirat(stage_fd, "dev", 0755) < 0)
		return err_set(e, errno, "make dev on the stage");
	AUTO_FD dev = openat(stage_fd, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dev < 0 ? err_set(e, errno, "open dev on the stage") : dev_fill(dev, e);
}

static int stage_sys(int stage_fd, struct err *e)
{
	static const char *const dirs[] = {"sys", "sys/fs", "sys/fs/cgroup"};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(stage_fd, dirs[i], 0555) < 0)
			return err_set(e, errno, "make %s on the stage", dirs[i]);
	return 0;
}

/* Attach on stage/name a copy of the mount at from, with the sandbox's ids. */
static int stage_mount(int stage_fd, const char *from, const char *name, int userns_fd,
		       unsigned flags, struct err *e)
{
	AUTO_FD mnt = mnt_clone(AT_FDCWD, from, e);
	if (mnt < 0)
		return mnt;
	int rc = mnt_idmap(mnt, userns_fd, flags, e);
	if (rc < 0)
		return rc;
	if (mkdirat(stage_fd, name, 0755) < 0)
		return err_set(e, errno, "make %s on the stage", name);
	return mnt_attach(mnt, stage_fd, name, e);
}

static int stage_layers(const struct server *s, const struct sandbox *sb, int stage_fd,
			int userns_fd, struct err *e)
{
	char from[PATH_MAX + 128], name[24], key[LAYER_KEY_BYTES], upper[UPPER_NAME_BYTES];
	for (size_t i = 0; i < sb->layer_count; i++) {
		int rc = layers_key(s, sb, i, key, e);
		if (rc < 0)
			return rc;
		snprintf(from, sizeof(from), PATH_RUN "/" LAYER_MOUNT_FORMAT, key);
		snprintf(name, sizeof(name), "l%zu", i);
		rc = stage_mount(stage_fd, from, name, userns_fd, MNT_READ_ONLY, e);
		if (rc < 0)
			return rc;
	}
	snprintf(from, sizeof(from), "%s/%s/%s", s->sandboxes_path, sb->id, upper_name(sb, upper));
	return stage_mount(stage_fd, from, "upper", userns_fd, 0, e);
}

/* The detached overlay. Options by their names in Documentation/filesystems/overlayfs.rst; relative
 * paths begin at the stage, which is our working directory. */
static int mount_overlay(const struct sandbox *sb, struct err *e)
{
	enum { FIXED = 9 };
	char names[LIMIT_LAYERS][24];
	struct mnt_option options[LIMIT_LAYERS + FIXED];
	size_t n = 0;
	for (size_t i = sb->layer_count; i-- > 0; n++) { /* the first added is on top */
		snprintf(names[n], sizeof(names[n]), "l%zu", i);
		options[n] = (struct mnt_option){"lowerdir+", names[n]};
	}
	options[n++] = (struct mnt_option){"upperdir", "upper/upper"};
	options[n++] = (struct mnt_option){"workdir", "upper/work"};
	/* Each of these, when on, marks directories so that they hide modules activated later, or
	 * follows what a hostile layer says of others. The kernel's defaults are not to be relied
	 * on. */
	options[n++] = (struct mnt_option){"index", "off"};
	options[n++] = (struct mnt_option){"metacopy", "off"};
	options[n++] = (struct mnt_option){"xino", "off"};
	options[n++] = (struct mnt_option){"redirect_dir", "nofollow"};
	options[n++] = (struct mnt_option){"source", "root"};
	options[n] = (struct mnt_option){NULL, NULL};
	return mnt_new("overlay", options, MNT_NO_DEV, e);
}

/* Have the overlay hold a file that names the resolver can be laid over. As the sandbox's root,
 * whose file it is, and through no link. A tree without /etc goes without, as does one that has no
 * room: what runs there uses no names. */
static void make_resolv(int root_fd)
{
	struct stat st;
	AUTO_FD etc = mnt_open_path(root_fd, "etc", NULL);
	if (etc < 0)
		return;
	if (fstatat(etc, RESOLV, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		unlinkat(etc, RESOLV, 0);
	AUTO_FD made =
		openat(etc, RESOLV, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static int attach_overlay(const struct sandbox *sb, int stage_fd, struct err *e)
{
	/* overlayfs acts on its layers with the mounter's credentials: on idmapped layers these
	 * must have an id there, or it mounts read-only without a word. */
	int rc = privilege_set_fs_id(SANDBOX_UID_BASE(sb->runtime.slot), e);
	if (rc < 0)
		return rc;
	AUTO_FD root = mount_overlay(sb, e);
	if (root >= 0 && ((mkdirat(root, "proc", 0555) < 0 && errno != EEXIST) ||
			  (mkdirat(root, "dev", 0755) < 0 && errno != EEXIST) ||
			  (mkdirat(root, "sys", 0555) < 0 && errno != EEXIST)))
		rc = err_set(e, errno, "make /proc, /dev and /sys");
	if (root >= 0 && rc == 0)
		make_resolv(root);
	int back = privilege_set_fs_id(0, e);
	if (root < 0 || rc < 0 || back < 0)
		return root < 0 ? root : rc < 0 ? rc : back;
	struct statfs st;
	if (fstatfs(root, &st) < 0 || (st.f_flags & ST_RDONLY))
		return err_set(e, EROFS, "mount overlay");
	if (mkdirat(stage_fd, "root", 0755) < 0)
		return err_set(e, errno, "make root on the stage");
	rc = mnt_attach(root, stage_fd, "root", e);
	return rc < 0 ? rc : fd_steal(&root);
}

static int set_net_sysctls(int proc_fd, uint32_t base, struct err *e)
{
	char range[32];
	/* ping without a capability, for every group of the sandbox: icmp(7) */
	snprintf(range, sizeof(range), "%" PRIu32 " %" PRIu32, base, base + LIMIT_IDS - 1);
	int rc = fd_write_file(proc_fd, "sys/net/ipv4/ping_group_range", range, e);
	if (rc == 0)
		rc = fd_write_file(proc_fd, "sys/net/ipv4/ip_unprivileged_port_start", "0", e);
	/* Bytes of options and control messages that a socket may hold, on nobody's account. 253
	 * descriptors in a message, the most that it takes, are 1 KiB. */
	if (rc == 0)
		rc = fd_write_file(proc_fd, "sys/net/core/optmem_max", "8192", e);
	return rc;
}

static int mask_proc(int stage_fd, int root_fd, struct err *e)
{
	for (size_t i = 0; i < sizeof(masked_proc) / sizeof(masked_proc[0]); i++) {
		char path[32];
		snprintf(path, sizeof(path), "proc/%s", masked_proc[i]);
		if (faccessat(root_fd, path, F_OK, 0) < 0)
			continue; /* this kernel was built without it */
		AUTO_FD empty = mnt_clone(stage_fd, "dev/null", e);
		int rc = empty < 0 ? empty : mnt_attach(empty, root_fd, path, e);
		if (rc < 0)
			return rc;
	}
	AUTO_FD sys = mnt_clone(root_fd, "proc/sys", e);
	int rc = sys < 0 ? sys : mnt_restrict(sys, MNT_READ_ONLY, e);
	return rc < 0 ? rc : mnt_attach(sys, root_fd, "proc/sys", e);
}

static int attach_proc(const struct sandbox *sb, int stage_fd, int root_fd, struct err *e)
{
	static const struct mnt_option options[] = {{"source", "proc"}, {NULL, NULL}};
	AUTO_FD mnt = mnt_new("proc", options, MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC, e);
	if (mnt < 0)
		return mnt;
	int rc = set_net_sysctls(mnt, SANDBOX_UID_BASE(sb->runtime.slot), e);
	if (rc == 0)
		rc = mnt_attach(mnt, root_fd, "proc", e);
	return rc < 0 ? rc : mask_proc(stage_fd, root_fd, e);
}

static int attach_dev(const struct sandbox *sb, int stage_fd, int root_fd, int userns_fd,
		      struct err *e)
{
	uint32_t base = SANDBOX_UID_BASE(sb->runtime.slot);
	char tty_group[16], id[16], size[32];
	snprintf(tty_group, sizeof(tty_group), "%" PRIu32, base + 5); /* Debian's group tty */
	snprintf(id, sizeof(id), "%" PRIu32, base);
	snprintf(size, sizeof(size), "%" PRIu64 "m", sb->memory_mb / 4);
	const struct mnt_option pts_options[] = {{"source", "devpts"}, {"gid", tty_group},
						 {"mode", "0620"},     {"ptmxmode", "0666"},
						 {"max", "256"}, /* kernel.pty.max is for all */
						 {NULL, NULL}};
	const struct mnt_option shm_options[] = {{"source", "shm"}, {"size", size},
						 {"mode", "1777"},  {"uid", id},
						 {"gid", id},       {NULL, NULL}};

	AUTO_FD dev = mnt_clone(stage_fd, "dev", e);
	if (dev < 0)
		return dev;
	int rc = mnt_idmap(dev, userns_fd, MNT_READ_ONLY | MNT_NO_SUID | MNT_NO_EXEC, e);
	if (rc == 0)
		rc = mnt_attach(dev, root_fd, "dev", e);
	if (rc < 0)
		return rc;
	AUTO_FD pts = mnt_new("devpts", pts_options, MNT_NO_SUID | MNT_NO_EXEC, e);
	rc = pts < 0 ? pts : mnt_attach(pts, dev, "pts", e);
	if (rc < 0)
		return rc;
	AUTO_FD shm = mnt_new("tmpfs", shm_options, MNT_NO_SUID | MNT_NO_DEV, e);
	return shm < 0 ? shm : mnt_attach(shm, dev, "shm", e);
}

/* /sys has the sandbox's cgroup, where runtimes look for their limits, and nothing else. A tree
 * whose /sys is no directory goes without. */
static int attach_sys(const struct sandbox *sb, int stage_fd, int root_fd, struct err *e)
{
	char box[sizeof(PATH_CGROUP_SQUASH) + LIMIT_ID_BYTES + 8];
	struct stat st;
	unsigned flags = MNT_READ_ONLY | MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC;
	AUTO_FD place = mnt_open_path(root_fd, "sys", NULL);
	if (place < 0 || fstat(place, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	AUTO_FD sys = mnt_clone(stage_fd, "sys", e);
	int rc = sys < 0 ? sys : mnt_restrict(sys, flags, e);
	if (rc == 0)
		rc = mnt_attach(sys, place, "", e);
	if (rc < 0)
		return rc;
	snprintf(box, sizeof(box), PATH_CGROUP_SQUASH "/%s/box", sb->id);
	AUTO_FD cgroup = mnt_clone(AT_FDCWD, box, e);
	rc = cgroup < 0 ? cgroup : mnt_restrict(cgroup, flags, e);
	return rc < 0 ? rc : mnt_attach(cgroup, sys, "fs/cgroup", e);
}

/* Over the sandbox's /etc/resolv.conf the one that names its resolver. */
static int attach_resolv(int stage_fd, int root_fd, int userns_fd, struct err *e)
{
	struct stat st;
	AUTO_FD etc = mnt_open_path(root_fd, "etc", e);
	if (etc == -ENOENT || etc == -ELOOP) /* none, or a link */
		return 0;
	if (etc < 0)
		return etc;
	if (fstatat(etc, RESOLV, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	AUTO_FD mnt = mnt_clone(stage_fd, RESOLV, e);
	if (mnt < 0)
		return mnt;
	unsigned flags = MNT_READ_ONLY | MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC;
	int rc = mnt_idmap(mnt, userns_fd, flags, e);
	return rc < 0 ? rc : mnt_attach(mnt, etc, RESOLV, e);
}

/* The root becomes the namespace's only one: pivot_root(2), "pivot_root(".", ".")". */
static int enter(int root_fd, struct err *e)
{
	if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno, "pivot into the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set(e, errno, "leave the old root");
	return 0;
}

int root_build(const struct server *s, const struct sandbox *sb, int userns_fd, struct err *e)
{
	AUTO_FD stage = open_stage(e);
	if (stage < 0)
		return stage;
	int rc = stage_layers(s, sb, stage, userns_fd, e);
	if (rc == 0)
		rc = stage_dev(stage, e);
	if (rc == 0)
		rc = stage_sys(stage, e);
	if (rc == 0)
		rc = stage_resolv(stage, e);
	if (rc < 0)
		return rc;
	AUTO_FD root = attach_overlay(sb, stage, e);
	if (root < 0)
		return root;
	rc = attach_proc(sb, stage, root, e);
	if (rc == 0)
		rc = attach_dev(sb, stage, root, userns_fd, e);
	if (rc == 0)
		rc = attach_sys(sb, stage, root, e);
	if (rc == 0)
		rc = attach_resolv(stage, root, userns_fd, e);
	return rc < 0 ? rc : enter(root, e);
}
