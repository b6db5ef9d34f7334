/* SPDX-License-Identifier: MIT */
/* Namespaces, mounts, device nodes. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* <sys/mount.h> fights with <linux/mount.h>. */
#ifndef MS_BIND
#define MS_BIND 4096
#endif

static const struct {
	const char *name, *file;
	long flag;
} spaces[] = {
	{"mnt", "mnt", CLONE_NEWNS},           {"user", "user", CLONE_NEWUSER},
	{"pid", "pid", CLONE_NEWPID},          {"net", "net", CLONE_NEWNET},
	{"ipc", "ipc", CLONE_NEWIPC},          {"uts", "uts", CLONE_NEWUTS},
	{"cgroup", "cgroup", CLONE_NEWCGROUP}, {"time", "time", CLONE_NEWTIME},
};

static void try_namespace(size_t i)
{
	char name[96], path[64];
	const long args[6] = {spaces[i].flag};
	struct outcome o = probe_try(ABI_X86_64, SYS_unshare, args, DONE);
	snprintf(name, sizeof(name), "unshare %s", spaces[i].name);
	probe_outcome(name, &o, EPERM);
	/* In clone the low byte is the signal: there the time namespace's flag is part of it. */
	const long clone_args[6] = {spaces[i].flag | 17};
	o = probe_try(ABI_X86_64, SYS_clone, clone_args, DONE);
	snprintf(name, sizeof(name), "clone %s", spaces[i].name);
	if (spaces[i].flag != CLONE_NEWTIME)
		probe_outcome(name, &o, EPERM);
	for (int who = 0; who < 2; who++) {
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", who ? "1" : "self", spaces[i].file);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (who) {
			snprintf(name, sizeof(name), "opening %s", path);
			probe_result(name, fd, EACCES);
			continue;
		}
		const long ns_args[6] = {fd, 0};
		o = probe_try(ABI_X86_64, SYS_setns, ns_args, DONE);
		snprintf(name, sizeof(name), "setns %s", spaces[i].name);
		probe_outcome(name, &o, EPERM);
		close(fd);
	}
}

void probe_namespaces(void)
{
	const struct clone_args user = {.flags = CLONE_NEWUSER, .exit_signal = 17};
	const struct clone_args plain = {.exit_signal = 17};
	const struct call_probe probes[] = {
		{"unshare of all namespaces at once",
		 SYS_unshare,
		 {CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET},
		 EPERM},
		{"unshare user, with other flags", SYS_unshare, {CLONE_NEWUSER | CLONE_FS}, EPERM},
		{"clone user, with a bit of the upper half",
		 SYS_clone,
		 {CLONE_NEWUSER | 1L << 40 | 17},
		 EPERM},
		{"clone3 user", SYS_clone3, {ARG(&user), sizeof(user)}, ENOSYS},
		{"clone3, whatever it is for", SYS_clone3, {ARG(&plain), sizeof(plain)}, ENOSYS},
		{"setns of no namespace", SYS_setns, {-1, CLONE_NEWNS}, EPERM},
	};
	for (size_t i = 0; i < COUNT(spaces); i++)
		try_namespace(i);
	probe_calls(probes, COUNT(probes));
}

static void try_mount(const char *name, const char *from, const char *to, const char *type,
		      long flags, const char *data)
{
	const long args[6] = {ARG(from), ARG(to), ARG(type), flags, ARG(data)};
	struct outcome o = probe_try(ABI_X86_64, SYS_mount, args, DONE);
	probe_outcome(name, &o, EPERM);
}

void probe_mounts(void)
{
	const struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
	const struct call_probe probes[] = {
		{"umount /proc/sys", SYS_umount2, {ARG("/proc/sys"), 0}, EPERM},
		{"umount /proc/keys, lazily", SYS_umount2, {ARG("/proc/keys"), 2}, EPERM},
		{"umount /dev/pts", SYS_umount2, {ARG("/dev/pts"), 2}, EPERM},
		{"umount /", SYS_umount2, {ARG("/"), 2}, EPERM},
		{"pivot_root", SYS_pivot_root, {ARG("."), ARG(".")}, EPERM},
		{"fsopen tmpfs", SYS_fsopen, {ARG("tmpfs"), 0}, EPERM},
		{"fsopen ext4", SYS_fsopen, {ARG("ext4"), 0}, EPERM},
		{"fsconfig", SYS_fsconfig, {0, 0, 0, 0, 0}, EPERM},
		{"fsmount", SYS_fsmount, {0, 0, 0}, EPERM},
		{"fspick /", SYS_fspick, {-100, ARG("/"), 0}, EPERM},
		{"open_tree, a copy", SYS_open_tree, {-100, ARG("/"), OPEN_TREE_CLONE}, EPERM},
		{"open_tree", SYS_open_tree, {-100, ARG("/"), 0}, EPERM},
		{"move_mount",
		 SYS_move_mount,
		 {-100, ARG("/dev/shm"), -100, ARG("/mnt"), 0},
		 EPERM},
		{"mount_setattr, /proc/sys writable",
		 SYS_mount_setattr,
		 {-100, ARG("/proc/sys"), 0, ARG(&writable), sizeof(writable)},
		 EPERM},
		{"mount_setattr, / and all below",
		 SYS_mount_setattr,
		 {-100, ARG("/"), 0x8000, ARG(&writable), sizeof(writable)},
		 EPERM},
	};
	try_mount("mount tmpfs", "x", "/mnt", "tmpfs", 0, NULL);
	try_mount("mount proc", "x", "/mnt", "proc", 0, NULL);
	try_mount("mount sysfs", "x", "/mnt", "sysfs", 0, NULL);
	try_mount("mount cgroup2", "x", "/mnt", "cgroup2", 0, NULL);
	try_mount("mount devpts", "x", "/mnt", "devpts", 0, NULL);
	try_mount("mount devtmpfs", "x", "/mnt", "devtmpfs", 0, NULL);
	try_mount("mount debugfs", "x", "/mnt", "debugfs", 0, NULL);
	try_mount("mount bpf", "x", "/mnt", "bpf", 0, NULL);
	try_mount("mount mqueue", "x", "/mnt", "mqueue", 0, NULL);
	try_mount("mount binfmt_misc", "x", "/mnt", "binfmt_misc", 0, NULL);
	try_mount("mount fuse", "x", "/mnt", "fuse", 0, "fd=0,rootmode=40000,user_id=0,group_id=0");
	try_mount("mount overlay", "x", "/mnt", "overlay", 0, "lowerdir=/etc:/bin");
	try_mount("mount a disk", "/dev/vda", "/mnt", "ext4", 0, NULL);
	try_mount("bind", "/etc", "/mnt", NULL, MS_BIND, NULL);
	try_mount("remount / writable", NULL, "/", NULL, 32 | 1024, NULL);
	try_mount("remount /proc/sys writable", NULL, "/proc/sys", NULL, 32 | MS_BIND, NULL);
	try_mount("share all mounts", NULL, "/", NULL, 1 << 20 | 16384, NULL);
	try_mount("move /dev/shm", "/dev/shm", "/mnt", NULL, 8192, NULL);
	probe_calls(probes, COUNT(probes));
}

static void try_mknod(const char *name, mode_t type, unsigned major, unsigned minor, int expected)
{
	const char *path = "/tmp/probe-node";
	unlink(path);
	probe_result(name, mknod(path, type | 0666, makedev(major, minor)), expected);
	unlink(path);
}

void probe_nodes(void)
{
	try_mknod("mknod of memory", S_IFCHR, 1, 1, EPERM);
	try_mknod("mknod of I/O ports", S_IFCHR, 1, 4, EPERM);
	try_mknod("mknod of null", S_IFCHR, 1, 3, EPERM);
	try_mknod("mknod of the kernel's log", S_IFCHR, 1, 11, EPERM);
	try_mknod("mknod of a console", S_IFCHR, 5, 1, EPERM);
	try_mknod("mknod of a serial port", S_IFCHR, 4, 64, EPERM);
	try_mknod("mknod of fuse", S_IFCHR, 10, 229, EPERM);
	try_mknod("mknod of kvm", S_IFCHR, 10, 232, EPERM);
	try_mknod("mknod of loop-control", S_IFCHR, 10, 237, EPERM);
	try_mknod("mknod of a loop device", S_IFBLK, 7, 0, EPERM);
	try_mknod("mknod of a disk", S_IFBLK, 254, 0, EPERM);
	try_mknod("mknod of a whiteout", S_IFCHR, 0, 0, EPERM);
	try_mknod("mknod of a FIFO", S_IFIFO, 0, 0, DONE);
	try_mknod("mknod of a socket", S_IFSOCK, 0, 0, DONE);
	try_mknod("mknod of a file", S_IFREG, 0, 0, DONE);
	probe_names("/dev",
		    "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero");
	probe_names("/dev/pts", "ptmx");
	probe_result("a file in /dev", creat("/dev/new", 0600), EROFS);
	probe_result("a device's mode", chmod("/dev/null", 0), EROFS);
	probe_result("a device's owner", chown("/dev/null", 1, 1), EROFS);
	probe_result("removing a device", unlink("/dev/null"), EROFS);
	probe_open("/dev/mem", O_RDWR, ENOENT);
	probe_open("/dev/kmsg", O_WRONLY, ENOENT);
	probe_open("/dev/loop-control", O_RDWR, ENOENT);
	probe_open("/dev/fuse", O_RDWR, ENOENT);
	probe_open("/dev/net/tun", O_RDWR, ENOENT);
	probe_open("/dev/console", O_RDWR, ENOENT);
	/* Those that a hostile module has brought: machine.py's test packs them. */
	probe_open("/planted/mem", O_RDONLY, EACCES);
	probe_open("/planted/disk", O_RDONLY, EACCES);
	probe_open("/planted/console", O_WRONLY, EACCES);
	probe_open("/planted/kmsg", O_WRONLY, EACCES);
}
