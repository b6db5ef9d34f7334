/* SPDX-License-Identifier: MIT */
/* The message from api to squashd, read as root: whatever bytes come, fields lie inside them, and
 * what a reader of ours takes keeps to limits.h.
 *
 * An input's first byte says what the rest is: even, a message's fields as they travel; odd, a
 * recipe for them, in which a few bytes reach the limits (see build). */
#include <errno.h>
#include <stdbool.h>

#include "check_sandbox.h"
#include "fuzz.h"
#include "lib/msg.h"
#include "squashd/store/manifest.h"
#include "squashd/store/modules.h"
#include "squashd/update/update_header.h"
#include "squashd/wire/change_read.h"
#include "squashd/wire/create_read.h"
#include "squashd/wire/execs_read.h"
#include "squashd/wire/fields.h"
#include "squashd/wire/files_read.h"
#include "squashd/wire/module_read.h"
#include "squashd/wire/run_read.h"
#include "squashd/wire/update_read.h"

#define MACHINE_MB 4096
#define BUILT_BYTES (160 * 1024)

/* A recipe is a row of {tag, how often, doublings, length, bytes}: a field of the bytes, doubled as
 * often as is said, and that field so many times. What does not fit is left out. */
static void build(const uint8_t *at, size_t left, struct buf *out)
{
	static char value[256 << 10];
	while (left >= 4) {
		unsigned tag = at[0], times = at[1], doublings = at[2] < 11 ? at[2] : 0;
		size_t len = at[3] < left - 4 ? at[3] : left - 4;
		memcpy(value, at + 4, len);
		at += 4 + len;
		left -= 4 + len;
		for (; doublings > 0; doublings--, len *= 2)
			memcpy(value + len, value, len);
		for (; times > 0 && out->len + len + 8 <= out->cap; times--)
			msg_add(out, (enum msg_tag)tag, value, len);
	}
}

/* Fields lie behind each other in the message; written anew, they are the same bytes. */
static void check_fields(const uint8_t *bytes, size_t len)
{
	struct msg_cursor c = {.at = bytes, .left = len};
	struct buf copy = {.data = fuzz_take(len), .cap = len};
	struct msg_field f;
	uint64_t number;
	int rc;
	while ((rc = msg_next(&c, &f)) > 0) {
		CHECK(f.data >= bytes && f.len <= len && f.data + f.len == c.at);
		CHECK(c.at + c.left == bytes + len);
		CHECK((msg_number(&f, &number) == 0) == (f.len == sizeof(number)));
		msg_add(&copy, (enum msg_tag)f.tag, f.data, f.len);
	}
	CHECK(rc == 0 || rc == -EBADMSG);
	CHECK((rc == 0) == (c.left == 0));
	CHECK(!copy.full && copy.len == len - c.left);
	CHECK(memcmp(copy.data, bytes, copy.len) == 0);
	free(copy.data);
}

/* The reply to what was refused: 400, and both texts of an error. */
static void check_refusal(const struct reply *r)
{
	struct msg_cursor c = {.at = (const uint8_t *)r->body.data, .left = r->body.len};
	struct msg_field text, code;
	CHECK(r->status == 400 && !r->body.full);
	CHECK(msg_next(&c, &text) == 1 && text.tag == TAG_ERROR && text.len > 0);
	CHECK(msg_next(&c, &code) == 1 && code.tag == TAG_CODE && code.len > 0);
	CHECK(msg_next(&c, &code) == 0);
}

static void check_run(const struct run *run, const uint8_t *bytes, size_t len)
{
	const struct exec_request *r = &run->request;
	size_t count = 0;
	CHECK(is_terminated(run->id, sizeof(run->id)) && meta_is_id(run->id, strlen(run->id)));
	CHECK(r->cmd == run->cmd && is_terminated(run->cmd, sizeof(run->cmd)) && run->cmd[0]);
	CHECK(r->workdir == run->workdir && is_terminated(r->workdir, sizeof(run->workdir)));
	CHECK(r->workdir[0] == '/');
	CHECK(r->timeout_ms >= 1 && r->timeout_ms <= LIMIT_TIMEOUT_MS);
	CHECK(!r->input || (r->input >= bytes && r->input + r->input_len <= bytes + len));
	for (; r->envp[count]; count++) {
		const char *equals = strchr(r->envp[count], '=');
		CHECK(equals && equals > r->envp[count]);
		CHECK(strlen(r->envp[count]) <= LIMIT_CMD_BYTES);
	}
	CHECK(count <= LIMIT_ENV_ENTRIES + RUN_ENV_DEFAULTS);
	CHECK(count >= run->env_count);
	CHECK(!(run->detach && run->streams));
}

static void read_create(struct msg_cursor c, bool on_disk, struct reply *r)
{
	static struct create create;
	r->status = 200;
	if (!create_read(c, MACHINE_MB, on_disk, &create, r)) {
		check_refusal(r);
		return;
	}
	CHECK(r->status == 200 && create.sb.memory_mb <= MACHINE_MB);
	CHECK(create.sb.on_disk == on_disk);
	check_texts(c);
	check_create(&create);
}

static void read_changes(struct msg_cursor c, struct reply *r)
{
	static struct snapshot n;
	static struct sandbox hosts;
	struct activate activate;
	struct token token;
	char id[LIMIT_ID_BYTES + 1], name[LIMIT_MODULE_BYTES + 1];
	if (change_read_snapshot(c, id, name, r)) {
		check_texts(c);
		CHECK(is_terminated(id, sizeof(id)) && meta_is_id(id, strlen(id)));
		CHECK(is_terminated(name, sizeof(name)));
		CHECK(snapshot_is_name(name, strlen(name), NULL));
	} else {
		check_refusal(r);
	}
	if (change_read_label(c, id, &n, r)) {
		check_texts(c);
		CHECK(is_terminated(id, sizeof(id)) && meta_is_id(id, strlen(id)));
		CHECK(is_terminated(n.label, sizeof(n.label)));
		CHECK(n.name[0] == '\0' && n.layer_count == 0);
	} else {
		check_refusal(r);
	}
	if (change_read_activate(c, &activate, r)) {
		check_texts(c);
		CHECK(meta_is_id(activate.id, strlen(activate.id)));
		CHECK(modules_is_name(activate.module, strlen(activate.module)));
	} else {
		check_refusal(r);
	}
	if (change_read_token(c, &token, r)) {
		CHECK(is_terminated(token.name, sizeof(token.name)));
		CHECK(meta_is_id(token.name, strlen(token.name)));
		CHECK(token.right >= RIGHT_READ && token.right <= RIGHT_ADMIN);
	} else {
		check_refusal(r);
	}
	if (change_read_token_name(c, id, r))
		CHECK(is_terminated(id, sizeof(id)) && meta_is_id(id, strlen(id)));
	else
		check_refusal(r);
	if (change_read_allow_net(c, &hosts, r)) {
		check_texts(c);
		CHECK(is_terminated(hosts.id, sizeof(hosts.id)));
		CHECK(meta_is_id(hosts.id, strlen(hosts.id)));
		check_hosts(&hosts);
	} else {
		check_refusal(r);
	}
}

static void read_uploads(struct msg_cursor c, struct reply *r)
{
	struct upload u;
	struct module_freeze freeze;
	struct update update;
	char name[LIMIT_MODULE_BYTES + 1];
	if (module_read_upload(c, &u, r)) {
		check_texts(c);
		CHECK(modules_is_name(u.name, strlen(u.name)) && u.name[0] != '9');
		CHECK(u.size >= 1 && u.size <= LIMIT_UPLOAD_BYTES);
	} else {
		check_refusal(r);
	}
	if (module_read_freeze(c, &freeze, r)) {
		CHECK(meta_is_id(freeze.id, strlen(freeze.id)));
		CHECK(modules_is_name(freeze.name, strlen(freeze.name)) && freeze.name[0] != '9');
		CHECK(manifest_is_version(freeze.version, strlen(freeze.version)));
	} else {
		check_refusal(r);
	}
	if (update_read(c, &update, r))
		CHECK(update.size >= UPDATE_HEADER_BYTES && update.size <= LIMIT_UPLOAD_BYTES);
	else
		check_refusal(r);
	if (module_read_name(c, name, r)) {
		check_texts(c);
		CHECK(modules_is_name(name, strlen(name)) && name[0] != '9');
	} else {
		check_refusal(r);
	}
}

static void read_execs(struct msg_cursor c, bool output, struct reply *r)
{
	struct exec_question q;
	r->status = 200;
	if (!execs_read(c, output, &q, r)) {
		check_refusal(r);
		return;
	}
	CHECK(is_terminated(q.id, sizeof(q.id)) && meta_is_id(q.id, strlen(q.id)));
	CHECK(q.number >= 1 && q.number <= INT64_MAX && q.offset <= INT64_MAX);
	CHECK(q.wait_s <= LIMIT_OUTPUT_WAIT_S);
	CHECK(output ? q.which == 0 || q.which == 1 : q.which == -1);
}

static void read_files(struct msg_cursor c, enum msg_op op, struct reply *r)
{
	static struct files_request q;
	r->status = 200;
	if (!files_read_request(c, op, &q, r)) {
		check_refusal(r);
		return;
	}
	CHECK(is_terminated(q.id, sizeof(q.id)) && meta_is_id(q.id, strlen(q.id)));
	CHECK(is_terminated(q.path, sizeof(q.path)) && q.path[0] == '/');
	CHECK(q.mode <= 07777 && q.size <= LIMIT_UPLOAD_BYTES);
	CHECK(op == MSG_PUT_FILE || !q.has_mode);
	CHECK(op == MSG_DELETE_FILE || !q.recursive);
	CHECK(op == MSG_PUT_FILE || op == MSG_PUT_TAR || q.size == 0);
}

static void read_all(const uint8_t *bytes, size_t len)
{
	static struct run run;
	struct msg_cursor c = {.at = bytes, .left = len};
	char memory[4096], id[LIMIT_ID_BYTES + 1];
	struct reply r = {.body = {.data = memory, .cap = sizeof(memory)}};

	read_create(c, false, &r);
	read_create(c, true, &r);
	read_changes(c, &r);
	read_uploads(c, &r);
	read_execs(c, false, &r);
	read_execs(c, true, &r);
	for (int op = MSG_GET_FILE; op <= MSG_PUT_TAR; op++)
		read_files(c, (enum msg_op)op, &r);
	if (run_read(c, &run, &r)) {
		run_complete(&run, 2);
		check_texts(c);
		check_run(&run, bytes, len);
	} else {
		check_refusal(&r);
	}
	if (fields_only_id(c, id, &r))
		CHECK(meta_is_id(id, strlen(id)));
	else
		check_refusal(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[BUILT_BYTES];
	struct buf built = {.data = memory, .cap = sizeof(memory)};
	if (size == 0)
		return 0;
	if (data[0] % 2)
		build(data + 1, size - 1, &built);
	else if (size - 1 <= sizeof(memory))
		buf_add(&built, data + 1, size - 1);
	uint8_t *bytes = fuzz_copy(built.data, built.len);
	check_fields(bytes, built.len);
	read_all(bytes, built.len);
	free(bytes);
	return 0;
}
