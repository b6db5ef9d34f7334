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

/* One whose length isn't known gets its room in steps of so many bytes. */
#define STEP_BYTES ((uint64_t)16 << 20)

/* An upload on its way into its file. */
struct receiver {
	const struct server *server;
	struct stream stream;
	int file_fd;
	uint64_t room_end; /* bytes that the file has room for already */
	br_sha256_context hash;
};

/* Room for the file's next bytes. Of several uploads at once each counts what the others were
 * given. */
static int take_room(struct receiver *v, uint64_t size, struct err *e)
{
	uint64_t room;
	if (fallocate(v->file_fd, 0, (off_t)v->room_end, (off_t)size) < 0)
		return err_set(e, errno, "take room for %" PRIu64 " bytes", size);
	v->room_end += size;
	return module_new_room(v->server, 0, &room, e);
}

/* The file, with room for all of it, if it is known how much that is. */
static int open_file(struct receiver *v, uint64_t size, struct err *e)
{
	uint64_t room;
	bool is_framed = size == MSG_FRAMED;
	int rc = module_new_room(v->server, is_framed ? 0 : size, &room, e);
	if (rc < 0)
		return rc;
	v->file_fd = openat(v->server->modules_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
	if (v->file_fd < 0)
		return err_set(e, errno, "make a file for the module");
	return is_framed ? 0 : take_room(v, size, e);
}

/* Room for one step more. */
static int take_step(struct receiver *v, struct err *e)
{
	uint64_t room;
	int rc = module_new_room(v->server, 1, &room, e);
	return rc < 0 ? rc : take_room(v, room < STEP_BYTES ? room : STEP_BYTES, e);
}

/* The next len bytes, or those up to the body's end. */
static bool copy(struct receiver *v, uint64_t len, struct reply *r)
{
	struct stream *t = &v->stream;
	struct err e;
	while (len > 0 && !frames_have_ended(&t->frames)) {
		if (v->room_end == t->written && take_step(v, &e) < 0) {
			reply_err(r, &e);
			return false;
		}
		uint64_t before = t->written, room = v->room_end - before;
		if (!stream_copy(t, v->file_fd, len < room ? len : room, &v->hash, r))
			return false;
		len -= t->written - before;
	}
	return true;
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
static bool receive(struct receiver *v, struct digests *d, struct reply *r)
{
	struct stream *t = &v->stream;
	struct err e;
	uint64_t head = t->size < SUPERBLOCK_BYTES ? t->size : SUPERBLOCK_BYTES;
	br_sha256_init(&v->hash);
	if (!copy(v, head, r) || !copy(v, find_image(v->file_fd, t->size) - head, r))
		return false;
	br_sha256_out(&v->hash, d->image);
	if (!copy(v, t->size - t->done, r))
		return false;
	br_sha256_out(&v->hash, d->all);
	if (v->room_end == t->done || ftruncate(v->file_fd, (off_t)t->done) == 0)
		return true;
	err_set(&e, errno, "give back what is left of the file's room");
	reply_err(r, &e);
	return false;
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
	struct receiver v = {.server = s, .file_fd = -1};
	struct digests digests;
	char sha256[SHA256_TEXT_BYTES];
	struct err e;
	if (!module_read_upload(fields, &u, r) || !module_new_is_free(s, u.name, r))
		return;
	if (!stream_begin(&v.stream, s->passed_fd, u.size, r))
		return;
	int rc = open_file(&v, u.size, &e);
	AUTO_FD file = v.file_fd;
	if (rc < 0) {
		reply_err(r, &e);
		return;
	}
	if (!receive(&v, &digests, r))
		return;
	uint64_t size = v.stream.done;
	sha256_write(digests.all, sha256);
	if (!is_as_announced(&u, &digests, sha256, r) || !is_squashfs(file, size, r) ||
	    !is_manifest_good(file, u.name, &digests, r) || !module_new_add(s, u.name, file, r))
		return;
	journal_module(s, "upload_module", NULL, u.name, sha256);
	r->status = 201;
	msg_add_text(&r->body, TAG_NAME, u.name);
	msg_add_number(&r->body, TAG_SIZE, size);
	msg_add_text(&r->body, TAG_SHA256, sha256);
}
