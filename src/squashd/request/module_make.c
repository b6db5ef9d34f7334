/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/modules: what a sandbox has written becomes a module, which needs the layers
 * that it was written on. It is captured as a snapshot is, into the same file, which is swept with
 * the sandbox if this is cut off; once it is whole it is linked to its name among the modules. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bearssl_hash.h>

#include "lib/fd.h"
#include "module_new.h"
#include "open.h"
#include "requests.h"
#include "squashd/box/capture.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/manifest.h"
#include "squashd/store/meta.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/superblock.h"
#include "squashd/wire/module_read.h"

#define LEAST_BYTES (SUPERBLOCK_PADDING + MANIFEST_BYTES) /* no image is smaller */

/* What the module says of itself, all but its digest. False: the reply says why it can't be one. */
static bool describe(const struct sandbox *sb, const struct module_freeze *f, struct manifest *m,
		     struct reply *r)
{
	uint8_t block[MANIFEST_BYTES];
	const char *top = sb->layers[sb->layer_count - 1];
	memset(m, 0, sizeof(*m));
	memcpy(m->name, f->name, sizeof(m->name));
	memcpy(m->version, f->version, sizeof(m->version));
	memcpy(m->needs, sb->layers, sizeof(m->needs));
	m->needs_count = sb->layer_count;
	if (sb->active_snapshot[0] != '\0')
		reply_fail(r, 409, "on_snapshot",
			   "sandbox %s stands on snapshot %s: what that holds would be missing",
			   sb->id, sb->active_snapshot);
	else if (strcmp(top, f->name) >= 0)
		reply_fail(r, 400, "bad_field",
			   "name: it must come after %s, on top of which all was written", top);
	else if (sb->layer_count == LIMIT_LAYERS || manifest_write(m, block) < 0)
		reply_fail(r, 409, "full", "sandbox %s has too many layers, %zu, to be one more",
			   sb->id, sb->layer_count);
	else
		return true;
	return false;
}

/* The size of the image in the file; -EIO if it is not whole. */
static int find_size(int file_fd, uint64_t *size, struct err *e)
{
	uint8_t head[SUPERBLOCK_BYTES];
	struct superblock_fault fault;
	struct stat st;
	ssize_t n = pread(file_fd, head, sizeof(head), 0);
	if (n < 0 || fstat(file_fd, &st) < 0)
		return err_set(e, errno, "read the image");
	uint64_t end = 0;
	if (superblock_check(head, (size_t)n, (uint64_t)st.st_size, &fault) < 0 ||
	    superblock_find_end(head, (size_t)n, &end) < 0 || end != (uint64_t)st.st_size)
		return err_say(e, EIO, "what mksquashfs has made is no whole image");
	*size = end;
	return 0;
}

static int hash_file(int file_fd, uint64_t size, br_sha256_context *hash, struct err *e)
{
	static uint8_t block[65536];
	for (uint64_t at = 0; at < size;) {
		ssize_t n = pread(file_fd, block, sizeof(block), (off_t)at);
		if (n <= 0)
			return err_set(e, n < 0 ? errno : EIO, "read the image");
		br_sha256_update(hash, block, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

/* Put the manifest behind the image. *size and sha256 are those of the file then. */
static int seal(int file_fd, struct manifest *m, uint64_t *size, uint8_t sha256[SHA256_BYTES],
		struct err *e)
{
	uint8_t block[MANIFEST_BYTES];
	br_sha256_context hash;
	br_sha256_init(&hash);
	int rc = find_size(file_fd, size, e);
	if (rc == 0)
		rc = hash_file(file_fd, *size, &hash, e);
	if (rc < 0)
		return rc;
	br_sha256_out(&hash, m->sha256);
	if (manifest_write(m, block) < 0)
		return err_set(e, EMSGSIZE, "write the manifest");
	if (lseek(file_fd, (off_t)*size, SEEK_SET) < 0)
		return err_set(e, errno, "write the manifest");
	rc = fd_write_all(file_fd, block, sizeof(block));
	if (rc < 0)
		return err_set(e, -rc, "write the manifest");
	br_sha256_update(&hash, block, sizeof(block));
	br_sha256_out(&hash, sha256);
	*size += sizeof(block);
	return 0;
}

static int capture(const struct server *s, const struct sandbox *sb, int dir_fd, int file_fd,
		   struct err *e)
{
	uint64_t room;
	int rc = module_new_room(s, LEAST_BYTES, &room, e);
	if (rc == 0)
		rc = capture_upper(s, sb, dir_fd, file_fd, room - MANIFEST_BYTES, e);
	/* Others may have taken some of it meanwhile. */
	return rc < 0 ? rc : module_new_room(s, MANIFEST_BYTES, &room, e);
}

/* With the file that it is captured into; who calls sweeps that away. */
static bool make(const struct server *s, const struct sandbox *sb, int dir_fd, struct manifest *m,
		 struct reply *r)
{
	char text[SHA256_TEXT_BYTES];
	uint8_t sha256[SHA256_BYTES];
	uint64_t size;
	struct err e;
	AUTO_FD file = snapshots_begin(dir_fd, &e);
	int rc = file < 0 ? file : capture(s, sb, dir_fd, file, &e);
	if (rc == 0)
		rc = seal(file, m, &size, sha256, &e);
	if (rc < 0)
		reply_capture_err(r, sb->id, &e);
	if (rc < 0 || !module_new_add(s, m->name, file, r))
		return false;
	sha256_write(sha256, text);
	r->status = 201;
	msg_add_text(&r->body, TAG_NAME, m->name);
	msg_add_number(&r->body, TAG_SIZE, size);
	msg_add_text(&r->body, TAG_SHA256, text);
	return true;
}

void request_freeze_module(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb;
	static struct manifest m;
	struct module_freeze f;
	struct err e;
	if (!module_read_freeze(fields, &f, r))
		return;
	AUTO_FD lock = request_open(s, f.id, &sb, r);
	if (lock < 0)
		return;
	if (!describe(&sb, &f, &m, r) || !module_new_is_free(s, f.name, r))
		return;
	if (snapshots_sweep(lock, &e) < 0) { /* one before may have been cut off */
		reply_sandbox_err(r, &e);
		return;
	}
	bool made = make(s, &sb, lock, &m, r);
	if (snapshots_sweep(lock, &e) < 0)
		leftover_note(f.id, &e);
	if (!made)
		return;
	meta_count_use(lock);
	journal_module(s, "freeze_module", f.id, f.name, NULL);
}
