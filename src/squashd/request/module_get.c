/* SPDX-License-Identifier: MIT */
/* GET modules/:name: a module's file, in pieces. It is open, and so is read to its end even if it
 * is deleted meanwhile. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "requests.h"
#include "squashd/store/modules.h"
#include "squashd/wire/module_read.h"

#define PIECE_BYTES 65536

/* Whoever reads it may take his time, but not let it stand still for longer than this. */
static const struct timeval patience = {.tv_sec = LIMIT_UPLOAD_STALL_MS / 1000};

/* A reply behind a piece that was cut off would be read as the rest of it: there is none then. */
static bool send_piece(struct reply *r, const struct buf *piece)
{
	struct err e;
	if (msg_send(r->conn_fd, MSG_PIECE, NULL, piece, &e) == 0)
		return true;
	r->sent = true;
	return false;
}

static void send_file(int file_fd, uint64_t size, struct reply *r)
{
	static char memory[PIECE_BYTES + 64], data[PIECE_BYTES];
	struct buf piece = {.data = memory, .cap = sizeof(memory)};
	struct err e;
	msg_add_number(&piece, TAG_SIZE, size);
	if (!send_piece(r, &piece))
		return;
	for (uint64_t at = 0; at < size;) {
		ssize_t n = pread(file_fd, data, sizeof(data), (off_t)at);
		if (n <= 0) {
			err_set(&e, n < 0 ? errno : EIO, "read the module");
			reply_err(r, &e);
			return;
		}
		piece.len = 0;
		msg_add(&piece, TAG_DATA, data, (size_t)n);
		if (!send_piece(r, &piece))
			return;
		at += (uint64_t)n;
	}
}

void request_get_module(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	char name[LIMIT_MODULE_BYTES + 1];
	struct stat st;
	struct err e;
	if (!module_read_name(fields, name, r))
		return;
	AUTO_FD file = modules_open(s, name, &e);
	if (file == -ENOENT) {
		reply_fail(r, 404, "not_found", "%s", e.text);
	} else if (file < 0 || fstat(file, &st) < 0 ||
		   setsockopt(r->conn_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) <
			   0) {
		if (file >= 0)
			err_set(&e, errno, "send module %s", name);
		reply_err(r, &e);
	} else {
		send_file(file, (uint64_t)st.st_size, r);
	}
}
