/* SPDX-License-Identifier: MIT */
/* POST system/update: the UKI that comes out of a pipe becomes the version that boots next, beside
 * the one that runs. systemd-boot counts its tries and goes back to the other when they are used
 * up; what makes it stay is in src/init/service/trial.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "pipe_to_file.h"
#include "requests.h"
#include "squashd/store/journal.h"
#include "squashd/update/esp.h"
#include "squashd/update/oneshot.h"
#include "squashd/update/update_header.h"
#include "squashd/wire/update_read.h"
#include "update.h"

#define LOCK "update.lock" /* in PATH_RUN */

/* What updates are signed by. False: there is none. */
static bool read_key(uint8_t key[UPDATE_KEY_BYTES])
{
	char bytes[UPDATE_KEY_BYTES + 1];
	ssize_t n = fd_read_file(AT_FDCWD, PATH_UPDATE_KEY, bytes, sizeof(bytes), NULL);
	if (n == UPDATE_KEY_BYTES)
		memcpy(key, bytes, UPDATE_KEY_BYTES);
	return n == UPDATE_KEY_BYTES;
}

static const char *find_obstacle(const struct server *s, uint8_t key[UPDATE_KEY_BYTES],
				 const char **code)
{
	char link[ESP_LINK_BYTES];
	*code = "no_update_key";
	if (!read_key(key))
		return "the image has no key to check updates by: make one that has (make keys), "
		       "and write it to the disk once";
	*code = "no_esp";
	if (!esp_read_link(s, NAME_ESP, link) || !esp_read_link(s, NAME_UKI, link))
		return "this machine was not booted from a UEFI disk by systemd-boot: what it "
		       "boots next is not in its hands";
	return NULL;
}

void update_describe(const struct server *s, struct reply *r)
{
	uint8_t key[UPDATE_KEY_BYTES];
	char text[ESP_LINK_BYTES];
	const char *code;
	msg_add_number(&r->body, TAG_UPDATE_POSSIBLE, find_obstacle(s, key, &code) == NULL);
	msg_add_number(&r->body, TAG_UPDATE_ON_TRIAL, esp_read_link(s, NAME_TRIAL, text));
	if (esp_read_link(s, NAME_UPDATE, text))
		msg_add_text(&r->body, TAG_UPDATE_WAITING, text);
}

/* The lock that one update at a time holds, or -1 with the reply filled. */
static int lock(const struct server *s, struct reply *r)
{
	struct err e;
	AUTO_FD fd = openat(s->run_fd, LOCK, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd_steal(&fd);
	if (fd >= 0 && errno == EWOULDBLOCK) {
		reply_fail(r, 409, "busy", "another update is under way");
		return -1;
	}
	err_set(&e, errno, "lock the update");
	reply_err(r, &e);
	return -1;
}

/* Neither what runs, nor, unless that is wanted, a lower one. What runs has two versions, if its
 * UKI was given another name than its programs have: it counts as the higher of them. */
static bool check_version(const struct update_header *h, const struct esp *esp, bool downgrade,
			  struct reply *r)
{
	char version[UKI_VERSION_BYTES];
	struct uki_name file;
	struct uki_version own;
	if (!uki_read_version(SQUASH_VERSION, sizeof(SQUASH_VERSION) - 1, &own) ||
	    !uki_read_name(esp->uki, strlen(esp->uki), &file))
		reply_fail(r, 500, "internal", "the version that runs is none");
	else if (uki_compare(&h->version, &own) == 0 ||
		 uki_compare(&h->version, &file.version) == 0)
		reply_fail(r, 409, "running", "that is the version that runs, %s",
			   uki_write_version(&h->version, version));
	else if (!downgrade && (uki_compare(&h->version, &own) < 0 ||
				uki_compare(&h->version, &file.version) < 0))
		reply_fail(r, 409, "not_newer",
			   "version %s is lower than the one that runs; downgrade=true takes it",
			   uki_write_version(&h->version, version));
	else
		return true;
	return false;
}

/* The header. */
static bool receive_header(struct stream *t, const uint8_t key[UPDATE_KEY_BYTES],
			   struct update_header *h, struct reply *r)
{
	uint8_t bytes[UPDATE_HEADER_BYTES];
	const char *reason = NULL;
	if (!stream_read(t, bytes, sizeof(bytes), r))
		return false;
	uint64_t size = t->size == MSG_FRAMED ? UPDATE_SIZE_UNKNOWN : t->size;
	int rc = update_header_read(bytes, size, key, h, &reason);
	if (rc == -EKEYREJECTED)
		reply_fail(r, 403, "bad_signature",
			   "the update is not signed by the key of this image");
	else if (rc < 0)
		reply_fail(r, 400, "bad_update", "it is no update: %s", reason);
	return rc == 0;
}

/* All behind the header, into the file. */
static bool receive(struct stream *t, int file_fd, const struct update_header *h, struct reply *r)
{
	uint8_t digest[SHA256_BYTES];
	char text[SHA256_TEXT_BYTES];
	br_sha256_context hash;
	br_sha256_init(&hash);
	if (!stream_copy(t, file_fd, h->size, &hash, r))
		return false;
	if (t->written != h->size || !stream_has_ended(t)) {
		reply_fail(r, 400, "bad_update",
			   "it is no update: it is not as long as its header says");
		return false;
	}
	br_sha256_out(&hash, digest);
	if (sha256_equal(digest, h->sha256))
		return true;
	sha256_write(digest, text);
	reply_fail(r, 400, "bad_checksum", "the UKI that came has the SHA-256 %s, not its header's",
		   text);
	return false;
}

/* systemd-boot takes the highest version: a lower one has to be named to it. It is, before its file
 * is there, so that there is never one that nobody boots. */
static int commit(const struct server *s, const struct esp *esp, int file_fd,
		  const struct update_header *h, struct err *e)
{
	char id[UKI_NAME_BYTES], version[UKI_VERSION_BYTES];
	struct uki_name runs;
	bool lower = uki_read_name(esp->uki, strlen(esp->uki), &runs) &&
		     uki_compare(&h->version, &runs.version) < 0;
	int rc = lower ? oneshot_set(uki_write_name(&h->version, 0, id), e) : 0;
	if (rc < 0) {
		esp_discard(esp);
		return rc;
	}
	rc = esp_commit(esp, file_fd, &h->version, e);
	if (rc == 0 &&
	    symlinkat(uki_write_version(&h->version, version), s->run_fd, NAME_UPDATE) < 0)
		fprintf(stderr, "squashd: %s of the update: %s\n", NAME_UPDATE, strerror(errno));
	return rc;
}

static bool store(const struct server *s, const struct esp *esp, struct stream *t,
		  const struct update_header *h, struct reply *r)
{
	struct err e;
	unlinkat(s->run_fd, NAME_UPDATE, 0); /* that one goes now, if there is one */
	int rc = esp_make_room(esp, h->size, &e);
	AUTO_FD file = rc < 0 ? rc : esp_create(esp, &e);
	if (file < 0) {
		reply_err(r, &e);
		return false;
	}
	if (!receive(t, file, h, r)) {
		esp_discard(esp);
		return false;
	}
	rc = commit(s, esp, file, h, &e);
	if (rc < 0)
		reply_err(r, &e);
	return rc == 0;
}

static bool install(const struct server *s, struct stream *t, const struct update *u,
		    const struct update_header *h, struct reply *r)
{
	struct esp esp;
	struct err e;
	if (esp_open(s, &esp, &e) < 0) {
		reply_err(r, &e);
		return false;
	}
	bool good = check_version(h, &esp, u->downgrade, r) && store(s, &esp, t, h, r);
	esp_close(&esp);
	return good;
}

void request_update(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	uint8_t key[UPDATE_KEY_BYTES];
	char text[ESP_LINK_BYTES], version[UKI_VERSION_BYTES];
	struct update_header h;
	struct update u;
	struct stream t;
	const char *code;
	if (!update_read(fields, &u, r))
		return;
	const char *obstacle = find_obstacle(s, key, &code);
	if (obstacle) {
		reply_fail(r, 501, code, "%s", obstacle);
		return;
	}
	if (esp_read_link(s, NAME_TRIAL, text)) {
		reply_fail(r, 409, "on_trial",
			   "the version that runs is on trial, and the one before it is kept until "
			   "it has proved itself");
		return;
	}
	AUTO_FD held = lock(s, r);
	if (held < 0 || !stream_begin(&t, s->passed_fd, u.size, r) ||
	    !receive_header(&t, key, &h, r) || !install(s, &t, &u, &h, r))
		return;
	uki_write_version(&h.version, version);
	journal_system(s, "update", version);
	r->status = 201;
	msg_add_text(&r->body, TAG_VERSION, version);
	msg_add_text(&r->body, TAG_NAME, uki_write_name(&h.version, UKI_TRIES, text));
}
