/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "layers.h"
#include "lib/fd.h"
#include "meta.h"
#include "mnt.h"
#include "slots.h"

bool life_has_dir(const struct server *s, const char *id)
{
	struct stat st;
	return fstatat(s->sandboxes_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_dir(const struct server *s, const char *id, struct err *e)
{
	static const char *const files[] = {"meta.json.new", "usage"};
	char path[LIMIT_ID_BYTES + 32];
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", id, files[i]);
		unlinkat(s->sandboxes_fd, path, 0);
	}
	snprintf(path, sizeof(path), "%s/upper", id);
	unlinkat(s->sandboxes_fd, path, AT_REMOVEDIR);
	if (unlinkat(s->sandboxes_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove directory of sandbox %s", id);
	return 0;
}

int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e)
{
	char upper[PATH_MAX + LIMIT_ID_BYTES + 16];
	snprintf(upper, sizeof(upper), "%s/%s/upper", s->sandboxes_path, sb->id);

	int rc = cgroup_remove(s->cgroup_fd, sb->id, e);
	if (rc < 0)
		return rc; /* with processes alive the rest can't go */
	rc = mnt_detach(upper, e);
	if (rc < 0)
		return rc;
	rc = layers_release(s, sb, e);
	if (rc < 0)
		return rc;
	if (sb->slot != SLOT_NONE)
		slots_give_back(s, sb->slot);
	return remove_dir(s, sb->id, e);
}

static void report(const char *id, const struct err *e)
{
	fprintf(stderr, "squashd: sandbox %s: %s\n", id, e->text);
}

static bool has_init(const struct server *s, const char *id)
{
	AUTO_FD pidfd = -1;
	return cgroup_find_init(s->cgroup_fd, id, &pidfd, NULL) > 0;
}

/* One entry of DATA/sandboxes. */
static void sweep_sandbox(const struct server *s, const char *id, bool at_start)
{
	static struct sandbox sb;
	struct err e;
	memset(&sb, 0, sizeof(sb));
	AUTO_FD lock = meta_lock(s, id, false, &e);
	if (lock < 0)
		return;
	int rc = meta_load(s, id, &sb, &e);
	if (rc == 0) {
		if (!at_start || has_init(s, id))
			return;
		fprintf(stderr, "squashd: sandbox %s did not survive: its files were in memory\n",
			id);
		if (meta_remove(s, id, &e) < 0)
			return;
	} else if (rc != -ENOENT) {
		report(id, &e); /* damaged: left for a person to look at */
		return;
	} else {
		/* Its layers and uids are not known: the sweeps below find them. */
		snprintf(sb.id, sizeof(sb.id), "%s", id);
		sb.slot = SLOT_NONE;
	}
	if (life_dismantle(s, &sb, &e) < 0)
		report(id, &e);
}

static void each_dir(int dir_fd,
		     void (*visit)(const struct server *s, const char *id, bool at_start),
		     const struct server *s, bool at_start)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && d->d_type == DT_DIR)
			visit(s, d->d_name, at_start);
	if (dir)
		closedir(dir);
}

static void sweep_cgroup(const struct server *s, const char *id, bool at_start)
{
	struct err e;
	(void)at_start;
	if (!life_has_dir(s, id) && cgroup_remove(s->cgroup_fd, id, &e) < 0)
		report(id, &e);
}

void life_sweep(const struct server *s, bool at_start)
{
	struct err e;
	each_dir(s->sandboxes_fd, sweep_sandbox, s, at_start);
	each_dir(s->cgroup_fd, sweep_cgroup, s, at_start);
	if (layers_sweep(s, life_has_dir, &e) < 0 || slots_sweep(s, life_has_dir, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
}
