/* SPDX-License-Identifier: MIT */
/* POST modules: the squashfs that comes out of a pipe becomes a module. It is written to a file
 * without a name, which is gone with the process that holds it, whatever that dies of: of an upload
 * that was not finished nothing is ever to be swept up. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "lib/fd.h"
#include "module_manifest.h"
#include "module_new.h"
#include "pipe_to_file.h"
#include "requests.h"
#include "squashd/store/journal.h"
#include "squashd/store/superblock.h"
#include "squashd/wire/module_read.h"

/* A file that has its room already. Of several uploads at once each counts what the others were
 * given. */
static int open_file(const struct server *s, uint64_t size, struct err *e)
{
	uint64_t room;
	int rc = module_new_room(s, size, &room, e);
	if (rc < 0)
		return rc;
	AUTO_FD fd = openat(s->modules_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, errno, "make a file for the module");
	if (fallocate(fd, 0, 0, (off_t)size) < 0)
		return err_set(e, errno, "take room for %" PRIu64 " bytes", size);
	rc = module_new_room(s, 0, &room, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

struct digests {
	uint8_t all[SHA256_BYTES];
	uint8_t image[SHA256_BYTES]; /* without what is behind that */
};

/* How many bytes of the file are its image, by its first ones, which are there. */
static uint64_t find_image(int file_fd, uint64_t size)
{
	uint8_t head[SUPERBLOCK_BYTES];
	uint64_t end;
	ssize_t n = pread(file_fd, head, sizeof(head), 0);
	bool is_known = n > 0 && superblock_find_end(head, (size_t)n, &end) == 0;
	return is_known && end >= SUPERBLOCK_BYTES && end < size ? end : size;
}

/* The file's content. */
static bool receive(struct stream *t, int file_fd, struct digests *d, struct reply *r)
{
	br_sha256_context hash;
	uint64_t head = t->size < SUPERBLOCK_BYTES ? t->size : SUPERBLOCK_BYTES;
	br_sha256_init(&hash);
	if (!stream_copy(t, file_fd, head, &hash, r) ||
	    !stream_copy(t, file_fd, find_image(file_fd, t->size) - head, &hash, r))
		return false;
	br_sha256_out(&hash, d->image);
	if (!stream_copy(t, file_fd, t->size - t->done, &hash, r))
		return false;
	br_sha256_out(&hash, d->all);
	return true;
}

static bool is_as_announced(const struct upload *u, const struct digests *d, const char *sha256,
			    struct reply *r)
{
	if (!u->has_sha256 || sha256_equal(u->sha256, d->all))
		return true;
	reply_fail(r, 400, "bad_checksum", "what came has the SHA-256 %s", sha256);
	return false;
}

static bool is_squashfs(int fd, uint64_t size, struct reply *r)
{
	uint8_t bytes[SUPERBLOCK_BYTES];
	struct superblock_fault fault;
	struct err e;
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		err_set(&e, errno, "read the superblock");
		reply_err(r, &e);
		return false;
	}
	if (superblock_check(bytes, (size_t)n, size, &fault) == 0)
		return true;
	reply_fail(r, 400, "bad_module", "%s: %s", fault.field, fault.reason);
	return false;
}

/* If it has one. */
static bool is_manifest_good(int fd, const char *name, const struct digests *d, struct reply *r)
{
	static struct manifest m;
	char sha256[SHA256_TEXT_BYTES];
	struct err e;
	int rc = module_manifest_read(fd, name, &m, &e);
	if (rc == 0 || (rc > 0 && sha256_equal(m.sha256, d->image)))
		return true;
	sha256_write(d->image, sha256);
	if (rc > 0)
		reply_fail(r, 400, "bad_manifest",
			   "manifest: sha256: what is before it has the SHA-256 %s", sha256);
	else if (rc == -EBADMSG)
		reply_fail(r, 400, "bad_manifest", "%s", e.text);
	else
		reply_err(r, &e);
	return false;
}

void request_upload_module(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct upload u;
	struct stream t;
	struct digests digests;
	char sha256[SHA256_TEXT_BYTES];
	struct err e;
	if (!module_read_upload(fields, &u, r) || !module_new_is_free(s, u.name, r))
		return;
	if (!stream_begin(&t, s->passed_fd, u.size, r))
		return;
	AUTO_FD file = open_file(s, u.size, &e);
	if (file < 0) {
		reply_err(r, &e);
		return;
	}
	if (!receive(&t, file, &digests, r))
		return;
	sha256_write(digests.all, sha256);
	if (!is_as_announced(&u, &digests, sha256, r) || !is_squashfs(file, u.size, r) ||
	    !is_manifest_good(file, u.name, &digests, r) || !module_new_add(s, u.name, file, r))
		return;
	journal_module(s, "upload_module", NULL, u.name, sha256);
	r->status = 201;
	msg_add_text(&r->body, TAG_NAME, u.name);
	msg_add_number(&r->body, TAG_SIZE, u.size);
	msg_add_text(&r->body, TAG_SHA256, sha256);
}
