/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/files, list and tar. Nothing here touches a path of a sandbox's: box-files does, as
 * a command of the sandbox would, and what it says is taken for what anybody inside may say. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/fd.h"
#include "passed_fd.h"
#include "requests.h"
#include "squashd/exec/box_files.h"
#include "squashd/store/journal.h"
#include "squashd/store/meta.h"
#include "squashd/wire/files_read.h"

/* One request, from its start to its end. */
struct work {
	const struct server *server;
	struct reply *reply;
	struct files_request request;
	struct exec_job job;
	struct transfer transfer;
	struct files_head head;
	char text[FILES_TEXT_BYTES + 1]; /* of its error */
};

static struct work work;

/* What errors of box-files' are for a client. */
static const struct {
	int number;
	uint16_t status;
	const char *code;
} errors[] = {
	{ENOENT, 404, "not_found"},
	{ENOTDIR, 400, "not_a_directory"},
	{EISDIR, 400, "not_a_file"},
	{EACCES, 403, "denied"},
	{EPERM, 403, "denied"},
	{EROFS, 403, "denied"},
	{ENOTEMPTY, 409, "not_empty"},
	{ELOOP, 400, "bad_path"},
	{ENAMETOOLONG, 400, "bad_path"},
	{EINVAL, 400, "bad_path"},
	{ENOSPC, 507, "no_space"},
	{EDQUOT, 507, "no_space"},
	{ENOMEM, 507, "no_space"},
	{EFBIG, 413, "too_large"},
	{EBADMSG, 400, "bad_tar"},
	{ENODATA, 400, "bad_tar"},
	{EBUSY, 409, "busy"},
	{EXDEV, 409, "busy"},
};

static void refuse(struct work *w)
{
	size_t i = 0, count = sizeof(errors) / sizeof(errors[0]);
	while (i < count && errors[i].number != (int)w->head.error)
		i++;
	reply_fail(w->reply, i < count ? errors[i].status : 409,
		   i < count ? errors[i].code : "failed", "%.600s: %s", w->request.path, w->text);
}

/* It could not be seen to its end: that of all that it is. */
static void give_up(struct work *w, const struct err *why)
{
	struct reply *r = w->reply;
	struct err ignored;
	bool oom = leaf_had_oom(&w->job.leaf);
	leaf_kill(&w->job.leaf, LEAF_KILL_MS, &ignored);
	if (oom)
		reply_fail(r, 507, "no_space", "the sandbox has no memory left for it");
	else if (why->number == ETIMEDOUT)
		reply_fail(r, 408, "timeout", "%s", why->text);
	else if (why->number == ECONNRESET)
		reply_fail(r, 400, "incomplete", "%s", why->text);
	else if (why->number == EBADMSG)
		reply_fail(r, 409, "interrupted", "%s", why->text);
	else
		reply_err(r, why);
}

static bool start(struct work *w, char *const *argv)
{
	char *const envp[] = {NULL};
	const struct files_request *q = &w->request;
	const struct exec_request request = {
		.workdir = "/",
		.program_fd = w->server->box_files_fd,
		.argv = argv,
		.envp = envp,
		.input_len = q->size,
	};
	struct err e;
	if (q->size > 0 && !passed_is_pipe(w->server->passed_fd)) {
		reply_fail(w->reply, 400, "bad_message", "the body does not come through a pipe");
		return false;
	}
	static struct sandbox sb;
	AUTO_FD lock = exec_lock(w->server, q->id, &sb, &e);
	if (lock < 0 || exec_start(w->server, &sb, &request, &w->job, &e) < 0) {
		reply_sandbox_err(w->reply, &e);
		return false;
	}
	meta_count_use(lock);
	transfer_begin(&w->transfer, &w->job, w->reply->conn_fd, w->server->passed_fd, q->size);
	return true;
}

/* Send in what there is, and get the answer. Whether it was good: else the reply says why. */
static bool get_head(struct work *w)
{
	struct err e;
	int rc = transfer_head(&w->transfer, &w->head, w->text, &e);
	bool is_framed = w->request.size == MSG_FRAMED;
	/* Of one in frames, box-files has seen its end, or that there was none. */
	bool is_cut_off = w->transfer.source_ended && (!is_framed || w->head.error == ENODATA);
	if (is_cut_off && is_framed)
		err_say(&e, ECONNRESET, "the body ended early");
	else if (is_cut_off)
		err_say(&e, ECONNRESET, "the body ended %" PRIu64 " bytes too early",
			w->transfer.source_left);
	if (rc < 0 || is_cut_off)
		give_up(w, &e);
	else if (w->head.error)
		refuse(w);
	return rc == 0 && !is_cut_off && w->head.error == 0;
}

/* After the answer has been sent. */
static void finish(struct work *w)
{
	struct err e;
	w->transfer.conn_fd = -1; /* nobody waits any more, and rightly */
	if (!w->transfer.ended && !w->job.leaf.killed && !transfer_end(&w->transfer, &e))
		leaf_kill(&w->job.leaf, LEAF_KILL_MS, &e);
	fd_close(&w->job.out_fd); /* whoever has got hold of the other end inside */
	exec_finish(&w->job);
}

/* Does the whole work: runs box-files' op, with up to two arguments behind the path, lets answer
 * complete the reply if that was done, and sends it. */
/* arguments: behind the path; up to three, NULL ends them. */
static void serve(struct work *w, char *op, char *const *arguments, void (*answer)(struct work *w))
{
	char *argv[7] = {(char[]){"box-files"}, op, w->request.path};
	for (size_t i = 0; arguments && arguments[i]; i++)
		argv[3 + i] = arguments[i];
	if (!start(w, argv))
		return;
	if (get_head(w))
		answer(w);
	reply_send(w->reply);
	finish(w);
}

static struct work *begin(const struct server *s, struct msg_cursor fields, enum msg_op op,
			  struct reply *r)
{
	work.server = s;
	work.reply = r;
	return files_read_request(fields, op, &work.request, r) ? &work : NULL;
}

/* Pass on size bytes, or all there are until box-files ends. 0 or -errno. */
static int pass_on(struct work *w, uint64_t size, struct err *e)
{
	static char memory[TRANSFER_PIECE_BYTES + 64];
	static char data[TRANSFER_PIECE_BYTES];
	for (uint64_t left = size; left > 0;) {
		size_t len = left < sizeof(data) ? (size_t)left : sizeof(data);
		ssize_t n = transfer_read(&w->transfer, data, len, e);
		if (n < 0)
			return (int)n;
		if (n == 0 && size == UINT64_MAX)
			return 0;
		if (n == 0)
			return err_say(e, EBADMSG, "the file has become shorter");
		struct buf piece = {.data = memory, .cap = sizeof(memory)};
		msg_add(&piece, TAG_DATA, data, (size_t)n);
		int rc = transfer_send(&w->transfer, &piece, e);
		if (rc < 0)
			return rc;
		left -= (uint64_t)n;
	}
	return 0;
}

/* The answer is there: tell api of it, then all that comes behind it. The last reply says whether
 * that was all. */
static void send_data(struct work *w, bool is_file)
{
	char memory[64];
	struct buf first = {.data = memory, .cap = sizeof(memory)};
	struct err e;
	if (is_file) {
		msg_add_number(&first, TAG_SIZE, w->head.size);
		msg_add_number(&first, TAG_MODE, w->head.mode);
	}
	int rc = transfer_send(&w->transfer, &first, &e);
	if (rc == 0)
		rc = pass_on(w, is_file ? w->head.size : UINT64_MAX, &e);
	if (rc == 0 && !transfer_end(&w->transfer, &e))
		rc = err_say(&e, EBADMSG, "box-files has not come to its end");
	if (rc < 0)
		give_up(w, &e);
}

static void send_file(struct work *w)
{
	send_data(w, true);
}

static void send_tar(struct work *w)
{
	send_data(w, false);
}

void request_get_file(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct work *w = begin(s, fields, MSG_GET_FILE, r);
	if (w)
		serve(w, (char[]){"get"}, NULL, send_file);
}

void request_get_tar(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct work *w = begin(s, fields, MSG_GET_TAR, r);
	if (w)
		serve(w, (char[]){"tar"}, NULL, send_tar);
}

static void note(const struct work *w, const char *event)
{
	journal_change(w->server, w->request.id, event, "path", w->request.path);
}

static void answer_put_file(struct work *w)
{
	note(w, "put_file");
	w->reply->status = 201;
	msg_add_text(&w->reply->body, TAG_PATH, w->request.path);
	msg_add_number(&w->reply->body, TAG_SIZE,
		       w->request.size == MSG_FRAMED ? w->head.size : w->request.size);
	msg_add_number(&w->reply->body, TAG_MODE, w->head.mode);
}

void request_put_file(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	char size[24], mode[8] = "";
	struct work *w = begin(s, fields, MSG_PUT_FILE, r);
	if (!w)
		return;
	if (w->request.has_mode)
		snprintf(mode, sizeof(mode), "%04o", (unsigned)w->request.mode);
	if (w->request.size == MSG_FRAMED)
		snprintf(size, sizeof(size), "%s", FILES_FRAMED);
	else
		snprintf(size, sizeof(size), "%" PRIu64, w->request.size);
	serve(w, (char[]){"put"}, (char *[]){w->request.owner, mode, size, NULL}, answer_put_file);
}

static void answer_put_tar(struct work *w)
{
	note(w, "put_tar");
	msg_add_number(&w->reply->body, TAG_FILES, w->head.count);
	msg_add_number(&w->reply->body, TAG_SIZE, w->head.size);
}

void request_put_tar(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct work *w = begin(s, fields, MSG_PUT_TAR, r);
	char framed[] = FILES_FRAMED;
	if (w)
		serve(w, (char[]){"untar"},
		      (char *[]){w->request.owner, w->request.size == MSG_FRAMED ? framed : NULL,
				 NULL},
		      answer_put_tar);
}

static void answer_delete(struct work *w)
{
	note(w, "delete_file");
	w->reply->status = 204;
}

void request_delete_file(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct work *w = begin(s, fields, MSG_DELETE_FILE, r);
	if (!w)
		return;
	char recursive[] = {w->request.recursive ? '1' : '0', '\0'};
	serve(w, (char[]){"delete"}, (char *[]){recursive, NULL}, answer_delete);
}

static void add_entry(struct buf *b, const struct files_entry *entry)
{
	static const char *const types[] = {
		[FILES_FILE] = "file", [FILES_DIRECTORY] = "directory", [FILES_LINK] = "link",
		[FILES_FIFO] = "fifo", [FILES_SOCKET] = "socket",       [FILES_DEVICE] = "device",
	};
	const struct files_entry_head *h = &entry->head;
	msg_add(b, TAG_RECORD, NULL, 0);
	msg_add(b, TAG_NAME, entry->name, h->name_len);
	msg_add_text(b, TAG_TYPE, types[h->type]);
	msg_add_number(b, TAG_SIZE, h->size);
	msg_add_number(b, TAG_MODE, h->mode);
	msg_add_number(b, TAG_UID, h->uid);
	msg_add_number(b, TAG_GID, h->gid);
	msg_add_number(b, TAG_MTIME_MS, h->mtime * 1000);
	if (h->type == FILES_LINK)
		msg_add(b, TAG_TARGET, entry->target, h->target_len);
}

/* Take the whole entries of what is there. How many bytes are left, or -errno. */
static ssize_t take_entries(struct buf *b, uint8_t *raw, size_t len, struct err *e)
{
	static size_t count, names;
	struct files_entry entry;
	size_t at = 0;
	ssize_t n;
	while ((n = files_wire_entry(raw + at, len - at, &entry)) > 0) {
		names += (size_t)entry.head.name_len + entry.head.target_len;
		if (++count > LIMIT_FILES_LISTED || names > LIMIT_FILES_NAMES_BYTES)
			return err_say(e, EFBIG,
				       "its names are too many, or too long, to be listed");
		add_entry(b, &entry);
		at += (size_t)n;
	}
	if (n < 0)
		return err_say(e, EBADMSG, "something inside of the sandbox has spoilt it");
	memmove(raw, raw + at, len - at);
	return (ssize_t)(len - at);
}

static int read_entries(struct work *w, struct err *e)
{
	static uint8_t raw[65536 + FILES_ENTRY_BYTES];
	size_t have = 0;
	for (;;) {
		ssize_t n = transfer_read(&w->transfer, raw + have, sizeof(raw) - have, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		ssize_t left = take_entries(&w->reply->body, raw, have + (size_t)n, e);
		if (left < 0)
			return (int)left;
		have = (size_t)left;
	}
	if (have > 0 || !transfer_end(&w->transfer, e))
		return err_say(e, EBADMSG, "box-files has not come to its end");
	return 0;
}

static void answer_list(struct work *w)
{
	struct err e;
	if (read_entries(w, &e) == 0)
		return;
	give_up(w, &e);
	if (e.number == EFBIG)
		reply_fail(w->reply, 413, "too_large", "%s", e.text);
}

void request_list_files(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct work *w = begin(s, fields, MSG_LIST_FILES, r);
	if (w)
		serve(w, (char[]){"list"}, NULL, answer_list);
}
