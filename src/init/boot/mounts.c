/* SPDX-License-Identifier: MIT */
/* Mounts, checks and settles what lies under everything else. */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"
#include "init/paths.h"
#include "lib/env.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "parse.h"

#define MANIFEST_BYTES (256 * 1024) /* a few thousand files */
#define SYSCTLS_BYTES (16 * 1024)
#define COMMAND_LINE_BYTES 4096 /* COMMAND_LINE_SIZE is 2048 */
#define BLOCK_BYTES 512         /* the unit of st_blocks */

static const struct {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *options;
} table[] = {
	{"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755"},
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	/* nsdelegate: a sandbox can't move processes or write limits beyond its namespace. */
	{"cgroup2", PATH_CGROUP, MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate"},
	/* No MS_NODEV and no MS_NOEXEC: the sandboxes' roots are put together below /run. */
	{"tmpfs", "/run", MS_NOSUID, "mode=0755,size=25%"},
	{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=25%"},
};

int mounts_make(struct err *e)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i].path, 0755); /* there already, but for a damaged image */
		/* EBUSY: this very file system is there, from a program that ran before us. */
		if (mount(table[i].type, table[i].path, table[i].type, table[i].flags,
			  table[i].options) < 0 &&
		    errno != EBUSY)
			return err_set(e, errno, "mount %s", table[i].path);
	}
	if (mkdir(PATH_RUN, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", PATH_RUN);
	return 0;
}

/* Whether the file lies there whole. Its size alone doesn't tell: the kernel sets it before it
 * writes the content, so a file that memory ended in has holes. */
static bool is_whole(const char *path, uint64_t size_bytes)
{
	struct stat st;
	return lstat(path, &st) == 0 && (uint64_t)st.st_size >= size_bytes &&
	       (uint64_t)st.st_blocks * BLOCK_BYTES >= size_bytes;
}

int mounts_check_image(struct err *e)
{
	static char manifest[MANIFEST_BYTES];
	char path[256];
	struct manifest_entry entry;
	ssize_t n = fd_read_file(AT_FDCWD, PATH_MANIFEST, manifest, sizeof(manifest), e);
	if (n < 0)
		return err_say(e, ENOSPC, "%s is missing", PATH_MANIFEST);
	const char *text = manifest;
	size_t len = (size_t)n;
	int rc;
	while ((rc = manifest_next(&text, &len, &entry)) != 0) {
		if (rc < 0 || entry.path_len >= sizeof(path))
			return err_say(e, ENOSPC, "%s is damaged", PATH_MANIFEST);
		memcpy(path, entry.path, entry.path_len);
		path[entry.path_len] = '\0';
		if (!is_whole(path, entry.size_bytes))
			return err_say(e, ENOSPC, "%s is missing or incomplete", path);
	}
	return 0;
}

/* A second mount of the same tree, laid over the first, does what copying everything to a tmpfs
 * would, without the time and without holding the image twice for a moment. pivot_root(2) refuses
 * a root mount that has no parent ("rootfs"); this one's parent is the first. */
int mounts_move_root(struct err *e)
{
	AUTO_FD tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/",
				    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return err_set(e, errno, "clone the root mount");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount over /");
	if (fchdir(tree) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_set(e, errno, "enter the new root");
	return 0;
}

/* Write one setting: dots of the name are directories. */
static int apply_sysctl(int proc_sys, const struct env_pair *pair, struct err *e)
{
	char name[128];
	char value[256];
	if (pair->name_len >= sizeof(name) || pair->value_len >= sizeof(value))
		return err_say(e, E2BIG, "the line is too long");
	memcpy(name, pair->name, pair->name_len);
	name[pair->name_len] = '\0';
	memcpy(value, pair->value, pair->value_len);
	value[pair->value_len] = '\0';
	for (char *dot = name; (dot = strchr(dot, '.')) != NULL;)
		*dot = '/';
	return fd_write_file(proc_sys, name, value, e);
}

/* Whether the operator has said on the kernel's command line what it is to be. */
static bool is_given(const struct env_pair *pair)
{
	static const char name[] = "kernel.panic", option[] = "panic";
	char text[COMMAND_LINE_BYTES];
	return pair->name_len == strlen(name) && memcmp(pair->name, name, strlen(name)) == 0 &&
	       fd_read_file(AT_FDCWD, "/proc/cmdline", text, sizeof(text), NULL) > 0 &&
	       command_line_has(text, option);
}

int mounts_apply_sysctls(struct err *e)
{
	static char text[SYSCTLS_BYTES];
	struct env_reader reader;
	struct env_pair pair;
	const char *fault;
	enum env_result result;
	ssize_t n = fd_read_file(AT_FDCWD, PATH_SYSCTLS, text, sizeof(text), e);
	if (n < 0)
		return (int)n;
	AUTO_FD proc_sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	env_start(&reader, (const uint8_t *)text, (size_t)n);
	while ((result = env_next(&reader, &pair, &fault)) != ENV_END) {
		struct err why = {0};
		if (result == ENV_FAULT)
			err_say(&why, EINVAL, "%s", fault);
		else if (!is_given(&pair))
			apply_sysctl(proc_sys, &pair, &why);
		if (why.number)
			console_say("%s, line %u: %s.", PATH_SYSCTLS, reader.line, why.text);
	}
	return 0;
}
