/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/limits.h"
#include "limits.h"

static int fail(struct ctl *c, struct upload *u, int number)
{
	fd_close(&u->fd);
	return ctl_fail(c, EXIT_LOCAL, "%s: %s", u->name, strerror(number));
}

static int refuse_large(struct ctl *c, struct upload *u)
{
	fd_close(&u->fd);
	return ctl_fail(c, EXIT_USAGE, "%s is larger than the %d bytes that the API takes", u->name,
			LIMIT_UPLOAD_BYTES);
}

/* The API wants to know the length before the first byte. */
static int gather(struct ctl *c, struct upload *u)
{
	static uint8_t bytes[CTL_IO_BYTES];
	AUTO_FD memory = memfd_create("squashctl", MFD_CLOEXEC);
	ssize_t n;
	if (memory < 0)
		return fail(c, u, errno);
	while ((n = fd_read_all(u->fd, bytes, sizeof(bytes))) > 0) {
		if (u->len + (uint64_t)n > LIMIT_UPLOAD_BYTES)
			return refuse_large(c, u);
		int rc = fd_write_all(memory, bytes, (size_t)n);
		if (rc < 0)
			return fail(c, u, -rc);
		u->len += (uint64_t)n;
	}
	if (n < 0 || lseek(memory, 0, SEEK_SET) < 0)
		return fail(c, u, n < 0 ? (int)-n : errno);
	fd_close(&u->fd);
	u->fd = fd_steal(&memory);
	return 0;
}

/* The rest of a regular file. */
static int measure(struct ctl *c, struct upload *u)
{
	struct stat st;
	if (fstat(u->fd, &st) < 0)
		return fail(c, u, errno);
	if (S_ISDIR(st.st_mode))
		return ctl_fail(c, EXIT_USAGE, "%s is a directory: cp -r copies those", u->name);
	off_t at = S_ISREG(st.st_mode) ? lseek(u->fd, 0, SEEK_CUR) : -1;
	if (at < 0 || at > st.st_size)
		return gather(c, u);
	u->mode = st.st_mode & 07777;
	u->len = (uint64_t)(st.st_size - at);
	return u->len > LIMIT_UPLOAD_BYTES ? refuse_large(c, u) : 0;
}

/* From its position on. */
static int send_file(struct upload *u, struct err *e)
{
	static uint8_t bytes[CTL_IO_BYTES];
	while (u->sent < u->len) {
		uint64_t left = u->len - u->sent;
		ssize_t n = read(u->fd, bytes, left < sizeof(bytes) ? (size_t)left : sizeof(bytes));
		if (n < 0)
			return err_say(e, EIO, "read %s: %s", u->name, strerror(errno));
		if (n == 0)
			return err_say(e, EIO, "%s has become shorter", u->name);
		int rc = upload_put(u, bytes, (size_t)n, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int upload_open(struct ctl *c, struct upload *u, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	*u = (struct upload){.name = is_stdin ? "stdin" : path, .send = send_file};
	u->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_RDONLY | O_CLOEXEC);
	return u->fd < 0 ? fail(c, u, errno) : measure(c, u);
}

int upload_hash(struct ctl *c, struct upload *u, char text[SHA256_TEXT_BYTES])
{
	static uint8_t bytes[CTL_IO_BYTES];
	uint8_t digest[SHA256_BYTES];
	br_sha256_context hash;
	ssize_t n;
	off_t begin = lseek(u->fd, 0, SEEK_CUR);
	br_sha256_init(&hash);
	while ((n = fd_read_all(u->fd, bytes, sizeof(bytes))) > 0)
		br_sha256_update(&hash, bytes, (size_t)n);
	if (n < 0 || lseek(u->fd, begin, SEEK_SET) < 0)
		return fail(c, u, n < 0 ? (int)-n : errno);
	br_sha256_out(&hash, digest);
	sha256_write(digest, text);
	return 0;
}

int upload_put(struct upload *u, const void *bytes, size_t len, struct err *e)
{
	if (len > u->len - u->sent)
		return err_say(e, EIO, "%s has changed while it was sent", u->name);
	int rc = http_put(u->exchange, bytes, len, e);
	if (rc < 0)
		return rc;
	u->sent += len;
	bar_draw(&u->bar, u->sent, u->len);
	return 0;
}

static int send_body(void *owner, struct http_exchange *x, struct err *e)
{
	struct upload *u = owner;
	u->exchange = x;
	return u->send(u, e);
}

int upload_call(struct ctl *c, struct upload *u, struct api *a, const char *key)
{
	a->call.send = send_body;
	a->call.body_len = u->len;
	a->call.timeout_ms = CTL_LONG_REPLY_MS; /* all of it is synced before the answer */
	a->call.owner = u;
	bar_begin(&u->bar);
	int rc = api_call(c, a);
	bar_end(&u->bar);
	fd_close(&u->fd);
	return rc != 0 ? rc : api_answer(c, a, key);
}
