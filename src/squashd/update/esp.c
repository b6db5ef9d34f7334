/* SPDX-License-Identifier: MIT */
/* FAT has no files without a name. So a new one is written under a name that systemd-boot doesn't
 * look at, and renamed when all of it is on the disk: in the same directory, as far as can be in
 * one sector. What was cut off is removed by the next update. */
#include "esp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "squashd/kernel/mnt.h"

#define UKIS "EFI/Linux"
#define NAME_NEW "squash.new"

bool esp_read_link(const struct server *s, const char *name, char text[ESP_LINK_BYTES])
{
	ssize_t n = readlinkat(s->run_fd, name, text, ESP_LINK_BYTES - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The name without a counter. False: it is none of ours. */
static bool read_plain(const char *name, char plain[UKI_NAME_BYTES])
{
	struct uki_name parsed;
	if (!uki_read_name(name, strlen(name), &parsed))
		return false;
	uki_write_name(&parsed.version, 0, plain);
	return true;
}

/* What update() counts or removes. */
struct sweep {
	bool remove;
	uint64_t bytes; /* of the files' clusters */
	unsigned kept;  /* files of the version that runs */
};

static int visit(const struct esp *esp, const char *name, struct sweep *sweep, struct err *e)
{
	char plain[UKI_NAME_BYTES];
	struct stat st;
	if (strcasecmp(name, NAME_NEW) != 0 && !read_plain(name, plain))
		return 0;
	if (strcasecmp(name, NAME_NEW) != 0 && strcmp(plain, esp->uki) == 0) {
		sweep->kept++;
		return 0;
	}
	if (fstatat(esp->ukis_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at %s", name);
	sweep->bytes += (uint64_t)st.st_blocks * 512;
	return sweep->remove ? fd_remove_file(esp->ukis_fd, name, e) : 0;
}

static int each(const struct esp *esp, struct sweep *sweep, struct err *e)
{
	int rc = 0;
	DIR *dir = fd_open_dir(esp->ukis_fd, ".");
	if (!dir)
		return err_set(e, errno, "open /" UKIS);
	for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;)
		rc = visit(esp, d->d_name, sweep, e);
	closedir(dir);
	return rc;
}

/* Two sticks may have been made alike: the one without what runs is left alone. */
static int check(const struct esp *esp, struct err *e)
{
	struct sweep sweep = {0};
	int rc = each(esp, &sweep, e);
	if (rc == 0 && sweep.kept == 0)
		return err_say(e, ENODEV, "/" UKIS " of the ESP does not have %s, which runs",
			       esp->uki);
	return rc;
}

int esp_open(const struct server *s, struct esp *esp, struct err *e)
{
	char device[ESP_LINK_BYTES], uki[ESP_LINK_BYTES];
	*esp = (struct esp){.ukis_fd = -1};
	if (!esp_read_link(s, NAME_ESP, device) || !esp_read_link(s, NAME_UKI, uki) ||
	    !read_plain(uki, esp->uki))
		return err_say(e, ENODEV, "it was not booted from a UEFI disk by systemd-boot");
	const struct mnt_option options[] = {{"source", device}, {"umask", "0077"}, {NULL, NULL}};
	AUTO_FD mount = mnt_new("vfat", options, MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC, e);
	if (mount < 0)
		return mount;
	esp->ukis_fd = openat(mount, UKIS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (esp->ukis_fd < 0)
		return err_set(e, errno, "open /" UKIS " of the ESP");
	esp->mount_fd = fd_steal(&mount);
	int rc = check(esp, e);
	if (rc < 0)
		esp_close(esp);
	return rc;
}

void esp_close(struct esp *esp)
{
	fd_close(&esp->ukis_fd);
	fd_close(&esp->mount_fd);
}

int esp_make_room(const struct esp *esp, uint64_t size, struct err *e)
{
	const uint64_t reserve = (uint64_t)LIMIT_ESP_RESERVE_MB << 20;
	struct sweep sweep = {0};
	struct statfs st;
	int rc = each(esp, &sweep, e);
	if (rc < 0)
		return rc;
	if (fstatfs(esp->ukis_fd, &st) < 0)
		return err_set(e, errno, "look for room on the ESP");
	uint64_t bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize + sweep.bytes;
	if (bytes < reserve || bytes - reserve < size)
		return err_say(e, ENOSPC,
			       "the ESP has room for %" PRIu64 " bytes beside the version that "
			       "runs, and it takes %" PRIu64,
			       bytes < reserve ? 0 : bytes - reserve, size);
	sweep = (struct sweep){.remove = true};
	rc = each(esp, &sweep, e);
	if (rc == 0 && fsync(esp->ukis_fd) < 0)
		return err_set(e, errno, "sync the ESP");
	return rc;
}

int esp_create(const struct esp *esp, struct err *e)
{
	int fd = openat(esp->ukis_fd, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? err_set(e, errno, "make a file on the ESP") : fd;
}

int esp_commit(const struct esp *esp, int file_fd, const struct uki_version *version, struct err *e)
{
	char name[UKI_NAME_BYTES];
	int rc = 0;
	uki_write_name(version, UKI_TRIES, name);
	if (fsync(file_fd) < 0)
		rc = err_set(e, errno, "write the file to the ESP");
	else if (renameat(esp->ukis_fd, NAME_NEW, esp->ukis_fd, name) < 0)
		rc = err_set(e, errno, "rename the file to %s", name);
	if (rc < 0) {
		esp_discard(esp);
		return rc;
	}
	if (fsync(esp->ukis_fd) < 0 || syncfs(esp->ukis_fd) < 0) {
		rc = err_set(e, errno, "sync the ESP");
		unlinkat(esp->ukis_fd, name, 0);
	}
	return rc;
}

void esp_discard(const struct esp *esp)
{
	unlinkat(esp->ukis_fd, NAME_NEW, 0);
	fsync(esp->ukis_fd);
}
