/* SPDX-License-Identifier: MIT */
/* Finds, mounts and watches for the disk labelled SQUASH-DATA. */
#include "data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "format.h"
#include "grow.h"
#include "init/boot/arrival.h"
#include "init/boot/console.h"
#include "init/settings/settings.h"
#include "lib/fd.h"
#include "lib/paths.h"

/* The blocks that ext4 keeps back for root (scripts/mkdata) are for whoever has CAP_SYS_RESOURCE,
 * and for that user: one that nobody is, the last below those of sandboxes (squashd/sandbox.h).
 * mksquashfs is root without capabilities, and what it writes is as large as a sandbox has it. */
#define DATA_OPTIONS "errors=remount-ro,resuid=983039"

/* What the whole search has found. */
struct search {
	unsigned count;
	struct ext_super super;         /* of the last one */
	char names[2][DISK_NAME_BYTES]; /* the first two */
	bool has_failed;                /* growing a partition; it has been said */
};

static bool is_data_disk(const char *name, struct ext_super *super)
{
	return disk_is_candidate(name) && disk_read_super(name, super) &&
	       (strcmp(super->label, DATA_LABEL) == 0 || strcmp(super->label, GROW_LABEL) == 0);
}

/* Whether there is any. context: a struct search. */
static bool look(void *context)
{
	struct search *found = context;
	grow_partitions(&found->has_failed);
	found->count = 0;
	DIR *blocks = opendir("/sys/class/block");
	if (!blocks)
		return false;
	for (struct dirent *d; (d = readdir(blocks)) != NULL;) {
		struct ext_super super;
		if (!is_data_disk(d->d_name, &super))
			continue;
		if (found->count < 2)
			snprintf(found->names[found->count], DISK_NAME_BYTES, "%.31s", d->d_name);
		found->super = super;
		found->count++;
	}
	closedir(blocks);
	return found->count > 0;
}

/* Make the directory and those above it. */
static int make_path(const char *path, struct err *e)
{
	char part[256];
	for (const char *slash = path + 1; slash; slash = strchr(slash + 1, '/')) {
		const char *end = strchr(slash, '/');
		size_t len = end ? (size_t)(end - path) : strlen(path);
		if (len >= sizeof(part))
			return err_set(e, ENAMETOOLONG, "make %s", path);
		memcpy(part, path, len);
		part[len] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s", part);
	}
	return 0;
}

/* The kernel would ask for them itself, with a process for each. */
static void load_ext4(struct modules *m)
{
	modules_want(m, "ext4");
	modules_want(m, "crypto-crc32c");
	modules_want(m, "quota_v2");
	modules_load_all(m);
}

/* No SQUASH-DATA is there: make one, if the operator said of which disk. */
static void format(struct search *found, const struct settings *settings, const char *mount_point,
		   struct modules *m)
{
	struct err e = {0};
	if (!settings->format[0])
		return;
	load_ext4(m);
	if (format_disk(settings->format, mount_point, &e) < 0)
		console_say("SQUASH_FORMAT: %s.", e.text);
	else
		look(found);
}

static void mount_disk(struct data *d, struct search *found, struct modules *m)
{
	char device[DISK_PATH_BYTES];
	if (found->count > 1) {
		bool sorted = strcmp(found->names[0], found->names[1]) < 0;
		console_say("More than one disk is labelled " DATA_LABEL
			    " (%s, %s): none is used. Relabel or unplug all but one.",
			    found->names[!sorted], found->names[sorted]);
		d->state = DATA_UNUSABLE;
		return;
	}
	disk_path(found->names[0], device);
	load_ext4(m);
	if (strcmp(found->super.label, GROW_LABEL) == 0 &&
	    !(grow_recover(found->names[0], d->path) &&
	      disk_read_super(found->names[0], &found->super))) {
		d->state = DATA_UNUSABLE;
		return;
	}
	/* What lies there is data, some of it made by strangers: no devices, no set-user-ID. */
	if (mount(device, d->path, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME,
		  found->super.has_project_quotas ? DATA_OPTIONS ",prjquota" : DATA_OPTIONS) < 0) {
		console_say(DATA_LABEL " (%s) cannot be mounted: %s. Repair it with e2fsck.",
			    found->names[0], strerror(errno));
		d->state = DATA_UNUSABLE;
		return;
	}
	if (found->super.has_errors)
		console_say(DATA_LABEL " (%s) has recorded errors: check it with e2fsck.",
			    found->names[0]);
	d->state = DATA_DISK;
	memcpy(d->disk, found->names[0], sizeof(d->disk));
	console_say("Data is on %s (" DATA_LABEL "), at %s.", d->disk, d->path);
	grow_file_system(d->disk, &found->super, d->path);
	if (!found->super.has_project_quotas)
		console_say("%s has no project quotas: what sandboxes write stays in memory. Where "
			    "it isn't mounted, tune2fs -O project,quota -Q prjquota adds them.",
			    d->disk);
}

int data_mount(struct data *d, const char *path, const struct settings *settings, struct modules *m,
	       struct err *e)
{
	struct search found = {0};
	*d = (struct data){.state = DATA_NONE, .path = path};
	int rc = make_path(path, e);
	if (rc < 0)
		return rc;
	if (!arrival_wait(look, &found, settings->data_wait_s, m))
		format(&found, settings, path, m);
	if (found.count > 0)
		mount_disk(d, &found, m);
	if (d->state != DATA_DISK &&
	    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return err_set(e, errno, "mount memory at %s", path);
	return 0;
}

void data_notice_disk(void *context, const char *name)
{
	const struct data *d = context;
	struct ext_super super;
	if (strcmp(name, d->disk) == 0 || !is_data_disk(name, &super))
		return;
	if (d->state == DATA_DISK)
		console_say("Another disk labelled " DATA_LABEL " (%s) has come: it is not used.",
			    name);
	else
		console_say("A disk labelled " DATA_LABEL
			    " (%s) has come too late: it is used from the next boot on. "
			    "SQUASH_DATA_WAIT=seconds on the kernel command line waits longer.",
			    name);
}

ssize_t data_read_settings(const struct data *d, char *text, size_t cap, struct err *e)
{
	if (d->state != DATA_DISK)
		return 0;
	AUTO_FD dir = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open %s", d->path);
	ssize_t n = fd_read_file(dir, NAME_SETTINGS, text, cap, e);
	return n == -ENOENT ? 0 : n;
}

bool data_has_tokens(const struct data *d)
{
	struct stat st;
	AUTO_FD dir = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 &&
	       (fstatat(dir, NAME_TOKENS, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT);
}
