/* SPDX-License-Identifier: MIT */
/* A request as api sees it, from the environment that the web server makes to the message for
 * squashd: what is taken from it lies inside it, and what api sends, squashd finds well-formed.
 *
 * An input is lines: SCRIPT_NAME, PATH_INFO, REQUEST_METHOD, HTTP_AUTHORIZATION, CONTENT_LENGTH,
 * CONTENT_TYPE; the rest is the body. A ? in PATH_INFO begins the query. The client's address,
 * whose parser has a target of its own, is in the place of the authorization. */
#include <errno.h>
#include <stdbool.h>

#include "api/query.h"
#include "api/routes.h"
#include "check_sandbox.h"
#include "fuzz.h"
#include "squashd/wire/change_read.h"
#include "squashd/wire/create_read.h"
#include "squashd/wire/execs_read.h"
#include "squashd/wire/fields.h"
#include "squashd/wire/files_read.h"
#include "squashd/wire/list_read.h"
#include "squashd/wire/module_read.h"
#include "squashd/wire/run_read.h"
#include "squashd/wire/update_read.h"

#define LINES 6
#define MACHINE_MB 4096
#define BODY_MAX ((size_t)LIMIT_BODY_BYTES)

/* The next line, in memory of its own. A NUL ends it early: the environment holds none. */
static char *take_line(const uint8_t **at, size_t *left)
{
	const uint8_t *newline = *left > 0 ? memchr(*at, '\n', *left) : NULL;
	size_t len = newline ? (size_t)(newline - *at) : *left;
	char *text = fuzz_take(len + 1);
	if (len > 0)
		memcpy(text, *at, len);
	text[len] = '\0';
	len += newline != NULL;
	*at += len;
	*left -= len;
	return text;
}

static void check_fault(const struct request_fault *fault)
{
	CHECK(fault->status >= 400 && fault->status < 500 && fault->code && fault->text[0]);
	CHECK(is_terminated(fault->text, sizeof(fault->text)));
}

static void check_token(const struct http_request *q, const char *authorization)
{
	const struct msg_sender *from = &q->from;
	uint8_t family = from->client.family;
	size_t len = strlen(authorization);
	CHECK(family == 0 || family == 4 || family == 6);
	if (!from->token)
		return;
	CHECK(from->token > authorization && from->token_len > 0);
	CHECK(from->token_len <= LIMIT_TOKEN_BYTES);
	CHECK(from->token + from->token_len <= authorization + len);
	CHECK(!memchr(from->token, ' ', from->token_len));
}

/* What squashd says to a message that api made may be that a value is bad, never the message. */
static void check_refusal(const struct reply *r)
{
	struct msg_cursor c = {.at = (const uint8_t *)r->body.data, .left = r->body.len};
	struct msg_field text, code;
	CHECK(r->status == 400 && !r->body.full);
	CHECK(msg_next(&c, &text) == 1 && msg_next(&c, &code) == 1);
	CHECK(code.len == strlen("bad_field") && memcmp(code.data, "bad_field", code.len) == 0);
}

/* The readers of what squashd is asked about files and detached commands. */
static bool read_question(enum msg_op op, struct msg_cursor c, struct reply *r)
{
	static struct files_request files;
	struct exec_question exec;
	bool output = op == MSG_EXEC_OUTPUT;
	if (op == MSG_EXEC_INFO || op == MSG_EXEC_KILL || output)
		return execs_read(c, output, &exec, r);
	return files_read_request(c, op, &files, r);
}

/* The readers of what changes modules, tokens and the appliance. */
static bool read_change(enum msg_op op, struct msg_cursor c, struct reply *r)
{
	struct upload upload;
	struct module_freeze freeze;
	struct update update;
	struct token token;
	char id[LIMIT_ID_BYTES + 1], name[LIMIT_MODULE_BYTES + 1];
	if (op == MSG_UPLOAD_MODULE)
		return module_read_upload(c, &upload, r);
	if (op == MSG_FREEZE_MODULE)
		return module_read_freeze(c, &freeze, r);
	if (op == MSG_DELETE_MODULE || op == MSG_GET_MODULE)
		return module_read_name(c, name, r);
	if (op == MSG_UPDATE)
		return update_read(c, &update, r);
	return op == MSG_CREATE_TOKEN ? change_read_token(c, &token, r)
				      : change_read_token_name(c, id, r);
}

static bool read_list(enum msg_op op, struct msg_cursor c, struct reply *r)
{
	static const enum list_kind kinds[] = {
		[MSG_LIST] = LIST_OF_SANDBOXES,
		[MSG_MODULES] = LIST_OF_MODULES,
		[MSG_EXECS] = LIST_OF_EXECS,
		[MSG_HISTORY] = LIST_OF_EVENTS,
	};
	struct list_question q;
	bool good = list_read(c, kinds[op], &q, r);
	if (good)
		CHECK(is_terminated(q.after, sizeof(q.after)) && q.limit > 0);
	return good;
}

static bool read_create(struct msg_cursor c, struct reply *r)
{
	static struct create create;
	bool good = create_read(c, MACHINE_MB, false, &create, r);
	if (good)
		check_create(&create);
	return good;
}

/* Whether squashd, which reads the message for this operation, finds its values good. */
static bool read_message(enum msg_op op, struct msg_cursor c, struct reply *r)
{
	static struct run command;
	static struct snapshot n;
	static struct sandbox hosts;
	struct activate activate;
	char id[LIMIT_ID_BYTES + 1], name[LIMIT_MODULE_BYTES + 1];
	switch ((int)op) {
	case MSG_HEALTH:
	case MSG_METRICS:
	case MSG_SYSTEM:
	case MSG_REBOOT:
	case MSG_POWER_OFF:
	case MSG_TOKENS:
		CHECK(c.left == 0);
		return true;
	case MSG_INFO:
	case MSG_DESTROY:
	case MSG_LOGS:
	case MSG_NETWORK:
		return fields_only_id(c, id, r);
	case MSG_LIST:
	case MSG_MODULES:
	case MSG_EXECS:
	case MSG_HISTORY:
		return read_list(op, c, r);
	case MSG_CREATE:
		return read_create(c, r);
	case MSG_EXEC:
		return run_read(c, &command, r);
	case MSG_ACTIVATE:
		return change_read_activate(c, &activate, r);
	case MSG_SNAPSHOT:
		return change_read_label(c, id, &n, r);
	case MSG_RESTORE:
	case MSG_DROP_SNAPSHOT:
		return change_read_snapshot(c, id, name, r);
	case MSG_ALLOW_NET:
		return change_read_allow_net(c, &hosts, r);
	case MSG_UPLOAD_MODULE:
	case MSG_FREEZE_MODULE:
	case MSG_DELETE_MODULE:
	case MSG_GET_MODULE:
	case MSG_UPDATE:
	case MSG_CREATE_TOKEN:
	case MSG_DROP_TOKEN:
		return read_change(op, c, r);
	default:
		return read_question(op, c, r);
	}
}

static void check_message(const struct endpoint *e, const struct buf *fields)
{
	char memory[4096];
	struct reply r = {.body = {.data = memory, .cap = sizeof(memory)}};
	struct msg_cursor c = {.at = (const uint8_t *)fields->data, .left = fields->len};
	if (fields->full)
		return;
	if (e->body && !e->body->is_file)
		check_texts(c);
	if (!read_message(e->op, c, &r))
		check_refusal(&r);
}

static void check_body(const struct endpoint *e, const uint8_t *body, size_t len,
		       struct buf *fields)
{
	static unsigned char arena_memory[1024 * 1024] __attribute__((aligned(16)));
	struct arena a = {.base = arena_memory, .cap = sizeof(arena_memory)};
	struct request_fault fault = {0};
	if (body_parse(body, len, e->body, &a, fields, &fault) < 0)
		check_fault(&fault);
	else
		check_message(e, fields);
}

/* Each variable of the path is a field. False: one is not of its type. */
static bool take_variables(const struct endpoint *e, const struct http_request *q,
			   struct buf *fields)
{
	struct msg_cursor c;
	struct msg_field f;
	struct request_fault fault = {0};
	size_t expected = 0, found = 0;
	if (routes_add_variables(e, q->path, fields, &fault) < 0) {
		check_fault(&fault);
		return false;
	}
	for (const char *at = e->path; (at = strchr(at, ':')); at++)
		expected++;
	c = (struct msg_cursor){.at = (const uint8_t *)fields->data, .left = fields->len};
	for (; msg_next(&c, &f) > 0; found++)
		CHECK(f.tag == TAG_EXEC || (f.len > 0 && !memchr(f.data, '/', f.len)));
	CHECK(found == expected && !fields->full);
	return true;
}

/* The length of one in frames is not known, whatever the head says of it. */
static void check_framed(const struct request_env *env, bool optional)
{
	struct request_env framed = *env;
	struct request_fault fault = {0};
	size_t len;
	framed.frames = "1";
	CHECK(request_stream_len(&framed, optional, BODY_MAX, &len, &fault) == 0);
	CHECK(len == REQUEST_FRAMED);
	int rc = request_body_len(&framed, BODY_MAX, &len, &fault);
	CHECK(rc == 0 ? len == REQUEST_FRAMED : fault.status == 415);
}

/* What endpoints ask. */
static int read_len(const struct endpoint *e, const struct request_env *env, size_t max,
		    size_t *len, struct request_fault *fault)
{
	return e->body->is_file ? request_stream_len(env, e->body->optional, max, len, fault)
				: request_body_len(env, max, len, fault);
}

/* A body that is still to come is as long as one that is there. */
static void check_authorise(const struct endpoint *e, const struct request_env *env, size_t max)
{
	struct request_env asks = *env;
	struct request_fault here_fault = {0}, fault = {0};
	size_t here = 0, len = 0;
	if (!env->content_length[0])
		return;
	asks.authorise = env->content_length;
	asks.content_length = "";
	int expected = read_len(e, env, max, &here, &here_fault);
	int rc = read_len(e, &asks, max, &len, &fault);
	CHECK(rc == expected && len == here && fault.status == here_fault.status);
}

/* The length of the body, and the fields out of it. */
static void take_body(const struct endpoint *e, const struct request_env *env, const uint8_t *body,
		      size_t body_len, struct buf *fields)
{
	struct request_fault fault = {0};
	size_t len = 0, max = e->body->is_file ? LIMIT_UPLOAD_BYTES : BODY_MAX;
	check_framed(env, e->body->optional);
	check_authorise(e, env, max);
	if (read_len(e, env, max, &len, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	CHECK(len <= max && (len > 0 || e->body->optional || !e->body->is_file));
	if (e->body->is_file) {
		size_t before = fields->len;
		msg_add_number(fields, TAG_SIZE, len);
		check_message(e, fields);
		fields->len = before;
		msg_add_number(fields, TAG_SIZE, MSG_FRAMED);
		check_message(e, fields);
	} else if (len <= body_len) { /* else cut short: http_read_body answers 400 */
		uint8_t *exact = fuzz_copy(body, len);
		check_body(e, exact, len, fields);
		free(exact);
	}
}

static void check_endpoint(const struct endpoint *e, const struct http_request *q,
			   const struct request_env *env, const uint8_t *body, size_t body_len)
{
	static char memory[LIMIT_MSG_BYTES];
	struct buf fields = {.data = memory, .cap = sizeof(memory)};
	struct request_fault fault = {0};
	CHECK(strcmp(q->method, e->method) == 0);
	if (!take_variables(e, q, &fields))
		return;
	if (e->query.known &&
	    query_parse(q->query, e->query.known, e->query.count, &fields, &fault) < 0)
		check_fault(&fault);
	else if (e->body)
		take_body(e, env, body, body_len, &fields);
	else
		check_message(e, &fields);
}

static void check_request(const struct request_env *env, const uint8_t *body, size_t body_len)
{
	char path[REQUEST_PATH_BYTES], allowed[64];
	struct buf methods = {.data = allowed, .cap = sizeof(allowed)};
	struct request_fault fault = {0};
	struct http_request q;
	if (request_parse(env, path, sizeof(path), &q, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	check_token(&q, env->authorization);
	CHECK(q.path == path && is_terminated(path, sizeof(path)));

	const struct endpoint *e = routes_find(&q, &methods);
	CHECK(!methods.full);
	if (e)
		check_endpoint(e, &q, env, body, body_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *lines[LINES];
	for (size_t i = 0; i < LINES; i++)
		lines[i] = take_line(&data, &size);
	char *query = strchr(lines[1], '?');
	if (query)
		*query++ = '\0';
	const struct request_env env = {lines[0], lines[1], query ? query : "", lines[2], lines[3],
					lines[4], lines[5], lines[3],           lines[3], "",
					""};
	check_request(&env, data, size);
	for (size_t i = 0; i < LINES; i++)
		free(lines[i]);
	return 0;
}
