/* SPDX-License-Identifier: MIT */
/* /proc, files and their attributes, descriptors. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILE_PATH "/tmp/probe-file"

static void probe_masked(void)
{
	static const char *const masked[] = {"/proc/cmdline",    "/proc/kcore",
					     "/proc/keys",       "/proc/kallsyms",
					     "/proc/timer_list", "/proc/sysrq-trigger"};
	char name[64];
	for (size_t i = 0; i < COUNT(masked); i++) {
		struct stat st;
		bool is_null = stat(masked[i], &st) == 0 && S_ISCHR(st.st_mode) &&
			       st.st_rdev == makedev(1, 3);
		snprintf(name, sizeof(name), "%s is masked", masked[i]);
		probe_report(is_null, name, "%s", is_null ? "null" : "as it is");
	}
}

/* Files of init, which has no capability but is of another kind than a command: not dumpable. */
static void probe_init(void)
{
	static const char *const files[] = {"environ",   "maps",  "mem",        "auxv",
					    "syscall",   "stack", "pagemap",    "fd",
					    "map_files", "io",    "personality"};
	static const char *const links[] = {"root", "cwd", "exe", "ns/mnt", "ns/user", "ns/net"};
	char path[64];
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/1/%s", files[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		char byte;
		/* Some are opened by all, and read by few. */
		long n = fd < 0 ? -1 : read(fd, &byte, 1);
		bool ok = n < 0 && (errno == EACCES || errno == EPERM || errno == EISDIR);
		probe_report(ok, path, "%s", n < 0 ? probe_error_name(errno) : "readable");
		close(fd);
	}
	for (size_t i = 0; i < COUNT(links); i++) {
		snprintf(path, sizeof(path), "/proc/1/%s", links[i]);
		probe_link(path, "EACCES");
	}
	probe_open("/proc/1/root/etc", O_RDONLY, EACCES);
	probe_open("/proc/1/cwd/..", O_RDONLY, EACCES);
}

static void probe_sysctls(void)
{
	static const char *const files[] = {
		"kernel/core_pattern",
		"kernel/modprobe",
		"kernel/hostname",
		"kernel/domainname",
		"kernel/panic",
		"kernel/ns_last_pid",
		"kernel/sysrq",
		"kernel/modules_disabled",
		"kernel/pid_max",
		"kernel/randomize_va_space",
		"kernel/shmmax",
		"kernel/yama/ptrace_scope",
		"kernel/keys/maxkeys",
		"kernel/unprivileged_bpf_disabled",
		"vm/overcommit_memory",
		"vm/drop_caches",
		"vm/panic_on_oom",
		"vm/min_free_kbytes",
		"fs/file-max",
		"fs/suid_dumpable",
		"fs/protected_symlinks",
		"fs/inotify/max_user_watches",
		"fs/mqueue/msg_max",
		"net/ipv4/ip_forward",
		"net/ipv4/ping_group_range",
		"net/core/somaxconn",
		"net/ipv4/conf/all/route_localnet",
		"user/max_user_namespaces",
	};
	char path[96], name[128];
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", files[i]);
		snprintf(name, sizeof(name), "writing to %s", path);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		bool ok = fd < 0 && (errno == EROFS || errno == EACCES);
		probe_report(ok, name, "%s", fd < 0 ? probe_error_name(errno) : "success");
		close(fd);
	}
	probe_open("/proc/sys/fs/binfmt_misc/register", O_WRONLY, ENOENT);
}

/* What a sandbox's own entry may not be written to for. */
static int lower_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "-1", 2) == 2 ? 0 : -errno;
}

static int map_ids(const char *path, const char *map)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, map, strlen(map)) > 0 ? 0 : -errno;
}

static int map_uids(void)
{
	return map_ids("/proc/self/uid_map", "0 0 4294967295");
}

static int map_gids(void)
{
	return map_ids("/proc/self/gid_map", "0 0 4294967295");
}

/* Anyone may, once: user_namespaces(7). It is good for nothing: set_project() below. */
static int map_projects(void)
{
	return map_ids("/proc/self/projid_map", "0 0 4294967295");
}

void probe_proc(void)
{
	probe_masked();
	probe_sysctls();
	probe_init();
	probe_text("/proc/sys/kernel/yama/ptrace_scope", "1");
	probe_text("/proc/self/setgroups", "allow");
	probe_names("/sys", "fs");
	probe_names("/sys/fs", "cgroup");
	probe_open("/proc/kmsg", O_RDONLY, EACCES);
	probe_open("/proc/kpagecount", O_RDONLY, EACCES);
	probe_open("/proc/vmallocinfo", O_RDONLY, EACCES);
	probe_open("/proc/slabinfo", O_RDONLY, EACCES);
	probe_open("/proc/pagetypeinfo", O_RDONLY, EACCES);
	probe_open("/proc/mtrr", O_WRONLY, EACCES);
	probe_open("/proc/irq/default_smp_affinity", O_WRONLY, EACCES);
	probe_open("/sys/fs/cgroup/cgroup.procs", O_WRONLY, EACCES);
	probe_open("/sys/fs/cgroup/memory.max", O_WRONLY, EACCES);
	probe_open("/sys/fs/cgroup/cgroup.kill", O_WRONLY, EACCES);
	probe_open("/sys/fs/cgroup/memory.reclaim", O_WRONLY, EACCES);
	probe_open("/sys/fs/cgroup/memory.pressure", O_RDWR, EACCES);
	probe_open("/sys/fs/cgroup/x0", O_RDONLY, EACCES);
	probe_open("/sys/kernel/debug", O_RDONLY, ENOENT);
	probe_open("/sys/module", O_RDONLY, ENOENT);
	probe_in_child("a lower oom_score_adj", lower_oom_score, EACCES);
	probe_in_child("another uid_map", map_uids, EPERM);
	probe_in_child("another gid_map", map_gids, EPERM);
}

static int set_project(void)
{
	struct fsxattr a = {.fsx_xflags = 0};
	int fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	map_projects();
	if (fd < 0 || probe_ioctl(fd, FS_IOC_FSGETXATTR, &a) < 0)
		return -1000;
	a.fsx_projid = 0; /* which has no quota */
	return probe_ioctl(fd, FS_IOC_FSSETXATTR, &a) < 0 ? -errno : 0;
}

static int set_flag(int flag)
{
	int flags = 0, fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0 || probe_ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1000;
	flags |= flag;
	return probe_ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

static int leave_project(void)
{
	struct fsxattr a = {.fsx_xflags = 0};
	int fd = open("/tmp", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || probe_ioctl(fd, FS_IOC_FSGETXATTR, &a) < 0)
		return -1000;
	a.fsx_xflags &= ~(unsigned)FS_XFLAG_PROJINHERIT;
	return probe_ioctl(fd, FS_IOC_FSSETXATTR, &a) < 0 ? -errno : 0;
}

static int set_immutable(void)
{
	return set_flag(FS_IMMUTABLE_FL);
}

static int set_append(void)
{
	return set_flag(FS_APPEND_FL);
}

static int set_journal(void)
{
	return set_flag(FS_JOURNAL_DATA_FL);
}

static void probe_ioctls(void)
{
	int root = open("/", O_RDONLY | O_CLOEXEC), fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	struct fstrim_range all = {.len = UINT64_MAX};
	int block = 0, stop = 1;
	probe_in_child("leaving the quota's project", set_project, EINVAL);
	probe_in_child("no project for what is made below", leave_project, EINVAL);
	probe_in_child("an immutable file", set_immutable, EPERM);
	probe_in_child("an append-only file", set_append, EPERM);
	probe_in_child("a file that the journal takes whole", set_journal, EPERM);
	probe_result("freezing the file system", probe_ioctl(root, FIFREEZE, 0), EPERM);
	probe_result("thawing the file system", probe_ioctl(root, FITHAW, 0), EPERM);
	probe_result("discarding what is free", probe_ioctl(root, FITRIM, &all), ENOTTY);
	probe_result("shutting the file system down", probe_ioctl(root, 0x8004587d, &stop), ENOTTY);
	probe_result("a file's place on the disk", ioctl(fd, FIBMAP, &block), EPERM);
	probe_result("a swap of extents", probe_ioctl(fd, 0xc028660f, &all), ENOTTY);
	probe_result("an encryption policy", probe_ioctl(fd, 0x800c6613, &all), ENOTTY);
	close(root);
	close(fd);
}

static void probe_attributes(void)
{
	static const struct {
		const char *name;
		int expected;
	} names[] = {
		{"trusted.overlay.opaque", EPERM},   {"trusted.overlay.redirect", EPERM},
		{"trusted.overlay.metacopy", EPERM}, {"trusted.squash.cancelled", EPERM},
		{"security.selinux", EPERM},         {"security.ima", EPERM},
		{"user.overlay.opaque", DONE},       {"user.any", DONE},
	};
	char name[64];
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "setting %s", names[i].name);
		probe_result(name, setxattr(FILE_PATH, names[i].name, "y", 1, 0),
			     names[i].expected);
	}
	char value[8];
	probe_result("reading trusted.overlay.origin",
		     getxattr("/", "trusted.overlay.origin", value, sizeof(value)), ENODATA);
}

static void probe_handles(void)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} h = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	const long args[6] = {AT_FDCWD, ARG(&h), O_RDONLY};
	int id;
	name_to_handle_at(AT_FDCWD, "/", &h.head, &id, 0);
	struct outcome o = probe_try(ABI_X86_64, SYS_open_by_handle_at, args, DONE);
	probe_outcome("a file by its handle", &o, EPERM);
}

/* chroot(2), "escape": the root's parent is the root, also of the process that has another. */
static int leave_chroot(void)
{
	struct stat before, after;
	int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdir("/tmp/probe-jail", 0755);
	if (top < 0 || fstat(top, &before) < 0 || chroot("/tmp/probe-jail") < 0 || fchdir(top) < 0)
		return -errno;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return -errno;
	if (stat(".", &after) < 0)
		return -errno;
	return before.st_ino == after.st_ino && before.st_dev == after.st_dev ? -EXDEV : 0;
}

void probe_files(void)
{
	static const char *const outside[] = {"/data",       "/run/squash",     "/srv/http",
					      "/init",       "/etc/squash.env", "/squash.env",
					      "/bin/squashd"};
	close(creat(FILE_PATH, 0644));
	probe_ioctls();
	probe_attributes();
	probe_handles();
	for (size_t i = 0; i < COUNT(outside); i++)
		probe_open(outside[i], O_RDONLY, ENOENT);
	probe_in_child("leaving a chroot", leave_chroot, EXDEV);
	probe_link("/proc/self/root", "/");
	unlink(FILE_PATH);
}

/* What a command has open: nothing but its streams, and nothing of the appliance's in them. */
void probe_descriptors(void)
{
	char path[64], target[64];
	struct stat st;
	for (int fd = 3; fd < 65536; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			probe_report(false, "descriptors beside the streams", "%d is open", fd);
			return;
		}
	probe_report(true, "descriptors beside the streams", "none");
	probe_link("/proc/self/fd/0", "/dev/null");
	for (int fd = 1; fd <= 2; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		bool ok = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == 0;
		probe_report(ok && strncmp(target, "pipe:", 5) == 0, path, "%s", target);
	}
	probe_link("/proc/self/cwd", "/");
	extern char **environ;
	for (char **e = environ; *e; e++)
		if (strstr(*e, "SQUASH") || strstr(*e, "squash-token")) {
			probe_report(false, "the environment", "%s", *e);
			return;
		}
	probe_report(true, "the environment", "nothing of the appliance's");
}
