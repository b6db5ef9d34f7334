/* SPDX-License-Identifier: MIT */
#include "archive.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/tar_read.h"
#include "limits.h"

struct archive {
	struct http_exchange *exchange;
	struct tar_reader reader;
	struct tar_entry entry;
	uint8_t block[CTL_IO_BYTES];
};

/* Read, and write the same to stdout. */
static ssize_t pass(const struct archive *a, void *data, size_t cap, struct err *e)
{
	ssize_t n = http_get(a->exchange, data, cap, e);
	int rc = n > 0 ? fd_write_all(STDOUT_FILENO, data, (size_t)n) : 0;
	return rc < 0 ? err_say(e, EIO, "write the archive: %s", strerror(-rc)) : n;
}

static int read_header(void *owner, void *data, size_t len, struct err *e)
{
	char *at = data;
	while (len > 0) {
		ssize_t n = pass(owner, at, len, e);
		if (n <= 0)
			return n < 0 ? (int)n : err_say(e, ENODATA, "the tar archive is cut off");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int pass_data(struct archive *a, uint64_t len, struct err *e)
{
	while (len > 0) {
		ssize_t n = pass(a, a->block,
				 len < sizeof(a->block) ? (size_t)len : sizeof(a->block), e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_say(e, EPROTO, "the tar archive ends in %.200s", a->entry.name);
		len -= (uint64_t)n;
	}
	return 0;
}

static int receive(void *owner, struct http_exchange *x, struct err *e)
{
	struct archive *a = owner;
	ssize_t n;
	int rc;
	a->exchange = x;
	while ((rc = tar_read(&a->reader, &a->entry, e)) > 0) {
		rc = pass_data(a, a->entry.size, e);
		if (rc == 0)
			rc = pass_data(a, tar_padding(a->entry.size), e);
		if (rc < 0)
			return rc;
	}
	if (rc == -EBADMSG)
		e->number = EPROTO;
	if (rc < 0)
		return -e->number;
	while ((n = pass(a, a->block, sizeof(a->block), e)) > 0)
		; /* the second block of its end */
	return (int)n;
}

int archive_receive(struct ctl *c, struct api *a)
{
	static struct archive archive;
	archive.reader.read = read_header;
	archive.reader.owner = &archive;
	a->call.receive = receive;
	a->call.owner = &archive;
	if (isatty(STDOUT_FILENO))
		return ctl_fail(c, EXIT_USAGE, "a tar archive isn't for a terminal: stdout is one");
	return api_call(c, a);
}
