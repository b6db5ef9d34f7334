/* SPDX-License-Identifier: MIT */
/* POST modules: the squashfs that comes out of a pipe becomes a module. It is written to a file
 * without a name, which is gone with the process that holds it, whatever that dies of: of an upload
 * that was not finished nothing is ever to be swept up. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "journal.h"
#include "lib/fd.h"
#include "module_read.h"
#include "modules.h"
#include "requests.h"
#include "snapshots.h"
#include "stream.h"
#include "superblock.h"

/* Neither on SQUASH-DATA nor on the image. */
static bool is_free(const struct server *s, const char *name, struct reply *r)
{
	bool builtin;
	if (!modules_has_file(s, name, &builtin))
		return true;
	if (builtin)
		reply_fail(r, 409, "exists", "module %s is on the image", name);
	else
		reply_fail(r, 409, "exists", "there is a module %s already", name);
	return false;
}

/* What is to be left of DATA. In memory, of which DATA has half: what snapshots may still take. */
static uint64_t find_reserve(const struct server *s, const struct statfs *st)
{
	uint64_t share = (s->memory_mb << 20) / LIMIT_SNAPSHOTS_SHARE;
	if (st->f_type != TMPFS_MAGIC)
		return (uint64_t)LIMIT_UPLOAD_RESERVE_MB << 20;
	uint64_t used = snapshots_total(s);
	return used < share ? share - used : 0;
}

static int check_room(const struct server *s, uint64_t size, struct err *e)
{
	struct statfs st;
	if (fstatfs(s->modules_fd, &st) < 0)
		return err_set(e, errno, "look for room");
	uint64_t reserve = find_reserve(s, &st);
	uint64_t bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
	uint64_t room = bytes > reserve ? bytes - reserve : 0;
	if (bytes < reserve || room < size)
		return err_say(e, ENOSPC, "modules have room for %" PRIu64 " bytes more", room);
	return 0;
}

/* A file that has its room already. Of several uploads at once each counts what the others were
 * given. */
static int open_file(const struct server *s, uint64_t size, struct err *e)
{
	int rc = check_room(s, size, e);
	if (rc < 0)
		return rc;
	AUTO_FD fd = openat(s->modules_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, errno, "make a file for the module");
	if (fallocate(fd, 0, 0, (off_t)size) < 0)
		return err_set(e, errno, "take room for %" PRIu64 " bytes", size);
	rc = check_room(s, 0, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

/* The file's content; sha256 gets the digits of its digest. */
static bool receive(const struct upload *u, struct stream *t, int file_fd,
		    char sha256[TOKEN_DIGEST_TEXT_BYTES], struct reply *r)
{
	uint8_t digest[TOKEN_DIGEST_BYTES];
	if (!stream_copy(t, file_fd, digest, r))
		return false;
	token_write_digest(digest, sha256);
	if (!u->has_sha256 || token_equal(u->sha256, digest))
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

static bool add(const struct server *s, const char *name, int file_fd, struct reply *r)
{
	struct err e;
	int rc = modules_add(s, name, file_fd, &e);
	if (rc == -EEXIST) /* another upload of that name was faster */
		reply_fail(r, 409, "exists", "there is a module %s already", name);
	else if (rc < 0)
		reply_err(r, &e);
	return rc == 0;
}

void request_upload_module(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct upload u;
	struct stream t;
	char sha256[TOKEN_DIGEST_TEXT_BYTES];
	struct err e;
	if (!module_read_upload(fields, &u, r) || !is_free(s, u.name, r))
		return;
	if (!stream_begin(&t, s->passed_fd, u.size, r))
		return;
	AUTO_FD file = open_file(s, u.size, &e);
	if (file < 0) {
		reply_err(r, &e);
		return;
	}
	if (!receive(&u, &t, file, sha256, r) || !is_squashfs(file, u.size, r) ||
	    !add(s, u.name, file, r))
		return;
	if (journal_module(s, "upload_module", u.name, sha256, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
	r->status = 201;
	msg_add_text(&r->body, TAG_NAME, u.name);
	msg_add_number(&r->body, TAG_SIZE, u.size);
	msg_add_text(&r->body, TAG_SHA256, sha256);
}
