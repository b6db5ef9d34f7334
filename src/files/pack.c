/* SPDX-License-Identifier: MIT */
/* From a tree, or a file alone, to an archive. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "lib/tar_pack.h"

static int write_archive(void *owner, const void *bytes, size_t len, struct err *e)
{
	(void)owner;
	return files_write(bytes, len, e);
}

/* Its name is the last part of its path. */
static int pack_alone(struct tar_packer *p, const char *path, struct err *e)
{
	const struct files_head head = {.kind = FILES_ANSWER};
	const char *name = strrchr(path, '/') + 1;
	struct stat st;
	if (stat(path, &st) < 0)
		return err_set(e, errno, "look at it");
	if (!S_ISREG(st.st_mode) || strlen(name) >= TAR_NAME_BYTES)
		return err_say(e, EISDIR, "it is neither a file nor a directory");
	AUTO_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open it");
	int rc = files_answer(&head, e);
	return rc < 0 ? rc : tar_pack_file(p, fd, name, e);
}

static int pack_tree(struct tar_packer *p, int fd, struct err *e)
{
	const struct files_head head = {.kind = FILES_ANSWER};
	int rc = files_answer(&head, e);
	return rc < 0 ? rc : tar_pack_directory(p, fd, e);
}

/* Memory goes with the process. */
int files_pack(const char *path, struct err *e)
{
	static struct tar_packer packer;
	struct err ignored;
	packer.write = write_archive;
	packer.max_bytes = UINT64_MAX;
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOTDIR)
		return err_set(e, errno, "open it");
	int rc = fd >= 0 ? pack_tree(&packer, fd, e) : pack_alone(&packer, path, e);
	if (rc == 0)
		return tar_pack_end(&packer, e);
	if (files_have_answered() && tar_pack_cut_off(&packer, &ignored) == 0)
		files_flush(&ignored);
	return rc;
}
