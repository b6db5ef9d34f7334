/* SPDX-License-Identifier: MIT */
/* POST modules: the squashfs that comes out of a pipe becomes a module. It is written to a file
 * without a name, which is gone with the process that holds it, whatever that dies of: of an upload
 * that was not finished nothing is ever to be swept up. */
#include <bearssl_hash.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "journal.h"
#include "lib/fd.h"
#include "module_read.h"
#include "modules.h"
#include "passed.h"
#include "requests.h"
#include "snapshots.h"
#include "superblock.h"

/* So much is written before the disk is made to begin, and waited for a window later: it neither
 * fills memory that others need, nor is it all left for one long sync at the end. */
#define WINDOW_BYTES ((off_t)8 << 20)

struct stream {
	int pipe_fd, file_fd;
	uint64_t size, done; /* bytes */
	br_sha256_context hash;
};

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

/* If what was written since before has filled another window. What goes wrong here, fsync tells. */
static void pace(const struct stream *t, uint64_t before)
{
	off_t end = (off_t)t->done / WINDOW_BYTES * WINDOW_BYTES;
	off_t full = end - WINDOW_BYTES, last = full - WINDOW_BYTES;
	if ((off_t)before >= end)
		return;
	sync_file_range(t->file_fd, full, WINDOW_BYTES, SYNC_FILE_RANGE_WRITE);
	if (last < 0)
		return;
	sync_file_range(t->file_fd, last, WINDOW_BYTES,
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	posix_fadvise(t->file_fd, last, WINDOW_BYTES, POSIX_FADV_DONTNEED);
}

/* The next bytes, as many as there are: their number, 0 at the end; -ETIMEDOUT when there were none
 * for too long. */
static ssize_t read_some(int fd, void *data, size_t len)
{
	for (;;) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		ssize_t n = read(fd, data, len);
		if (n >= 0)
			return n;
		if (errno == EAGAIN && poll(&readable, 1, LIMIT_UPLOAD_STALL_MS) == 0)
			return -ETIMEDOUT;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

/* -ECONNRESET if the pipe ends early, -ETIMEDOUT as above. */
static int copy(struct stream *t, struct err *e)
{
	static uint8_t block[65536];
	br_sha256_init(&t->hash);
	while (t->done < t->size) {
		uint64_t before = t->done, left = t->size - t->done;
		size_t len = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = read_some(t->pipe_fd, block, len);
		if (n == 0)
			return err_say(e, ECONNRESET,
				       "the body ended after %" PRIu64 " bytes of %" PRIu64,
				       t->done, t->size);
		if (n == -ETIMEDOUT)
			return err_say(e, ETIMEDOUT, "no byte of the body came for %d s",
				       LIMIT_UPLOAD_STALL_MS / 1000);
		if (n < 0)
			return err_set(e, (int)-n, "read the body");
		int rc = fd_write_all(t->file_fd, block, (size_t)n);
		if (rc < 0)
			return err_set(e, -rc, "write the module");
		br_sha256_update(&t->hash, block, (size_t)n);
		t->done += (uint64_t)n;
		pace(t, before);
	}
	return 0;
}

static bool receive(const struct upload *u, struct stream *t, char sha256[TOKEN_DIGEST_TEXT_BYTES],
		    struct reply *r)
{
	uint8_t hash[TOKEN_DIGEST_BYTES];
	struct err e;
	int rc = copy(t, &e);
	if (rc == -ETIMEDOUT)
		reply_fail(r, 408, "timeout", "%s", e.text);
	else if (rc == -ECONNRESET)
		reply_fail(r, 400, "incomplete", "%s", e.text);
	else if (rc < 0)
		reply_err(r, &e);
	if (rc < 0)
		return false;
	br_sha256_out(&t->hash, hash);
	token_write_digest(hash, sha256);
	if (!u->has_sha256 || token_equal(u->sha256, hash))
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
	char sha256[TOKEN_DIGEST_TEXT_BYTES];
	struct err e;
	if (!module_read_upload(fields, &u, r) || !is_free(s, u.name, r))
		return;
	if (!passed_is_pipe(s->passed_fd)) {
		reply_fail(r, 400, "bad_message", "the file does not come through a pipe");
		return;
	}
	AUTO_FD file = open_file(s, u.size, &e);
	if (file < 0) {
		reply_err(r, &e);
		return;
	}
	struct stream t = {.pipe_fd = s->passed_fd, .file_fd = file, .size = u.size};
	if (!receive(&u, &t, sha256, r) || !is_squashfs(file, u.size, r) ||
	    !add(s, u.name, file, r))
		return;
	if (journal_module(s, "upload_module", u.name, sha256, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
	r->status = 201;
	msg_add_text(&r->body, TAG_NAME, u.name);
	msg_add_number(&r->body, TAG_SIZE, u.size);
	msg_add_text(&r->body, TAG_SHA256, sha256);
}
