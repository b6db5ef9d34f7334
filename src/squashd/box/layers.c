/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "squashd/kernel/loop_device.h"
#include "squashd/kernel/mnt.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/modules.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/stack.h"

int layers_lock(const struct server *s, struct err *e)
{
	int fd = openat(s->run_fd, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		int rc = err_set(e, errno, "lock layers");
		fd_close(&fd);
		return rc;
	}
	return fd;
}

static int open_file(const struct server *s, const struct sandbox *sb, const char *name,
		     struct err *e)
{
	if (!snapshot_is_name(name, strlen(name), NULL))
		return modules_open(s, name, e);
	AUTO_FD dir = meta_open(s, sb->id, e);
	return dir < 0 ? dir : snapshots_open(dir, name, e);
}

int layers_key(const struct server *s, const struct sandbox *sb, size_t i,
	       char key[LAYER_KEY_BYTES], struct err *e)
{
	const char *name = sb->layers[i];
	struct stat st = {.st_ino = 0};
	if (!snapshot_is_name(name, strlen(name), NULL)) {
		snprintf(key, LAYER_KEY_BYTES, "%s", name);
		return 0;
	}
	AUTO_FD file = open_file(s, sb, name, e);
	if (file < 0)
		return file;
	if (fstat(file, &st) < 0)
		return err_set(e, errno, "stat snapshot %s", name);
	snprintf(key, LAYER_KEY_BYTES, "%s@%" PRIu64, name, (uint64_t)st.st_ino);
	return 0;
}

/* For who has the lock: how many snapshots are mounted. */
static uint64_t count_snapshots(int layers_fd)
{
	uint64_t count = 0;
	DIR *dir = fd_open_dir(layers_fd, ".");
	for (struct dirent *d; dir && (d = readdir(dir));)
		count += strchr(d->d_name, '@') != NULL;
	if (dir)
		closedir(dir);
	return count;
}

/* For who has the lock, and has made this one's directory: whether the machine's memory has room
 * for a mount that the kernel charges to nobody. */
static int check_room(const struct server *s, int layers_fd, const char *name, struct err *e)
{
	uint64_t most = stack_most_mounted(s->memory_mb, s->processors);
	if (!snapshot_is_name(name, strlen(name), NULL) || count_snapshots(layers_fd) <= most)
		return 0;
	return err_say(e, ENFILE,
		       "sandboxes stand on %" PRIu64
		       " snapshots already, as many as the machine's memory allows",
		       most);
}

static int mount_layer(const struct server *s, const struct sandbox *sb, const char *name,
		       int layer_fd, struct err *e)
{
	char device[LOOP_PATH_BYTES];
	AUTO_FD file = open_file(s, sb, name, e);
	if (file < 0)
		return file;
	AUTO_FD loop = loop_attach(file, device, e); /* held until the mount holds the device */
	if (loop < 0)
		return loop;
	struct mnt_option options[] = {{"source", device}, {"ro", NULL}, {NULL, NULL}};
	AUTO_FD mnt = mnt_new("squashfs", options, MNT_READ_ONLY | MNT_NO_DEV | MNT_NO_SUID, e);
	if (mnt < 0) {
		struct err why = *e;
		int number = why.number == EINVAL || why.number == EIO ? EMEDIUMTYPE : why.number;
		return err_say(e, number, "mount layer %s: %s", name, why.text);
	}
	return mnt_attach(mnt, layer_fd, "mount", e);
}

static int acquire_one(const struct server *s, const struct sandbox *sb, size_t i, int layers_fd,
		       struct err *e)
{
	char key[LAYER_KEY_BYTES];
	const char *name = sb->layers[i];
	int rc = layers_key(s, sb, i, key, e);
	if (rc < 0)
		return rc;
	if (mkdirat(layers_fd, key, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make directory of layer %s", name);
	AUTO_FD fd = openat(layers_fd, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open directory of layer %s", name);
	if ((mkdirat(fd, "users", 0755) < 0 || mkdirat(fd, "mount", 0755) < 0) && errno != EEXIST)
		return err_set(e, errno, "make directories of layer %s", name);
	AUTO_FD users = openat(fd, "users", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD user = users < 0 ? -1 : openat(users, sb->id, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (user < 0)
		return err_set(e, errno, "note user of layer %s", name);
	/* Asked of the kernel: a directory alone may be what a worker that died has left. */
	if (mnt_is_root(fd, "mount"))
		return 0;
	rc = check_room(s, layers_fd, name, e);
	return rc < 0 ? rc : mount_layer(s, sb, name, fd, e);
}

int layers_drop_unused(int layers_fd, const char *name, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/users", name);
	if (unlinkat(layers_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 0 : err_set(e, errno, "remove %s", path);
	snprintf(path, sizeof(path), PATH_RUN "/" LAYER_MOUNT_FORMAT, name);
	int rc = mnt_detach(path, e);
	if (rc < 0)
		return rc;
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s", path);
	if (unlinkat(layers_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove directory of layer %s", name);
	return 0;
}

int layers_acquire(const struct server *s, const struct sandbox *sb, struct err *e)
{
	struct err left;
	char key[LAYER_KEY_BYTES];
	AUTO_FD layers = layers_lock(s, e);
	if (layers < 0)
		return layers;
	for (size_t i = 0; i < sb->layer_count; i++) {
		int rc = acquire_one(s, sb, i, layers, e);
		if (rc == 0)
			continue;
		/* We may not even have become a user, who would be found by layers_keep. */
		if (layers_key(s, sb, i, key, &left) == 0 &&
		    layers_drop_unused(layers, key, &left) < 0)
			leftover_note(sb->id, &left);
		return rc;
	}
	return 0;
}

bool layers_find_user(int layers_fd, const char *key, char id[LIMIT_ID_BYTES + 1])
{
	char path[PATH_MAX];
	bool found = false;
	snprintf(path, sizeof(path), "%s/users", key);
	DIR *dir = fd_open_dir(layers_fd, path);
	for (struct dirent *d; dir && !found && (d = readdir(dir));) {
		found = d->d_name[0] != '.';
		snprintf(id, LIMIT_ID_BYTES + 1, "%.*s", LIMIT_ID_BYTES, d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* 0; -ENOENT if it was none. */
static int drop_user(int layers_fd, const char *key, const char *id, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/users/%s", key, id);
	return unlinkat(layers_fd, path, 0) < 0 ? err_set(e, errno, "remove %s", path) : 0;
}

static bool has_key(const char keys[LIMIT_LAYERS][LAYER_KEY_BYTES], size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static bool is_key(const char *name)
{
	return modules_is_name(name, strcspn(name, "@"));
}

/* Calls visit, with the lock held, for each layer that is there. Returns the first error of these
 * calls, which are all made. */
static int visit_all(const struct server *s,
		     int (*visit)(int layers_fd, const char *key, const void *context,
				  struct err *e),
		     const void *context, struct err *e)
{
	AUTO_FD layers = layers_lock(s, e);
	if (layers < 0)
		return layers;
	DIR *dir = fd_open_dir(layers, ".");
	if (!dir)
		return err_set(e, errno, "read layers");
	struct err this;
	int first = 0;
	for (struct dirent *d; (d = readdir(dir));)
		if (is_key(d->d_name))
			first = err_keep_first(first, visit(layers, d->d_name, context, &this), e,
					       &this);
	closedir(dir);
	return first;
}

/* A sandbox, and the keys of its layers. */
struct stack_keys {
	const struct sandbox *sb;
	char all[LIMIT_LAYERS][LAYER_KEY_BYTES];
};

/* Drops the sandbox as a user of a layer that is not in its stack. */
static int keep_layer(int layers_fd, const char *key, const void *context, struct err *e)
{
	const struct stack_keys *keys = context;
	if (has_key(keys->all, keys->sb->layer_count, key))
		return 0;
	int rc = drop_user(layers_fd, key, keys->sb->id, e);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : layers_drop_unused(layers_fd, key, e);
}

int layers_keep(const struct server *s, const struct sandbox *sb, struct err *e)
{
	static struct stack_keys keys;
	keys.sb = sb;
	for (size_t i = 0; i < sb->layer_count; i++) {
		int rc = layers_key(s, sb, i, keys.all[i], e);
		if (rc == -ENOENT)
			keys.all[i][0] = '\0'; /* a snapshot that is gone */
		else if (rc < 0)
			return rc;
	}
	return visit_all(s, keep_layer, &keys, e);
}

/* Which users a sweep lets be. */
struct sweep {
	const struct server *server;
	bool (*is_alive)(const struct server *s, const char *id);
};

static void sweep_users(const struct sweep *sweep, int layers_fd, const char *name)
{
	struct err e;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/users", name);
	DIR *dir = fd_open_dir(layers_fd, path);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.' && !sweep->is_alive(sweep->server, d->d_name) &&
		    drop_user(layers_fd, name, d->d_name, &e) < 0)
			leftover_note(d->d_name, &e);
	if (dir)
		closedir(dir);
}

static int sweep_layer(int layers_fd, const char *key, const void *context, struct err *e)
{
	sweep_users(context, layers_fd, key);
	return layers_drop_unused(layers_fd, key, e);
}

int layers_sweep(const struct server *s, bool (*is_alive)(const struct server *s, const char *id),
		 struct err *e)
{
	const struct sweep sweep = {s, is_alive};
	return visit_all(s, sweep_layer, &sweep, e);
}
