/* SPDX-License-Identifier: MIT */
/* A request as api sees it, from the environment that the web server makes to the message for
 * squashd: what is taken from it lies inside it, and what api sends, squashd finds well-formed.
 *
 * An input is lines: SCRIPT_NAME, PATH_INFO, REQUEST_METHOD, HTTP_AUTHORIZATION, CONTENT_LENGTH,
 * CONTENT_TYPE; the rest is the body. */
#include <errno.h>
#include <stdbool.h>

#include "api/body_fields.h"
#include "api/request.h"
#include "api/routes.h"
#include "check_sandbox.h"
#include "fuzz.h"
#include "sandbox/create_read.h"
#include "sandbox/run_read.h"

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
	size_t len = strlen(authorization);
	if (!q->token)
		return;
	CHECK(q->token > authorization && q->token_len > 0 && q->token_len <= LIMIT_TOKEN_BYTES);
	CHECK(q->token + q->token_len <= authorization + len);
	CHECK(!memchr(q->token, ' ', q->token_len));
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

static void check_body(const uint8_t *body, size_t len, const struct body_form *form,
		       const char *id)
{
	static unsigned char arena_memory[1024 * 1024] __attribute__((aligned(16)));
	static char fields_memory[LIMIT_MSG_BYTES];
	static struct sandbox sb;
	static struct run run;
	char reply_memory[4096];
	struct arena a = {.base = arena_memory, .cap = sizeof(arena_memory)};
	struct buf fields = {.data = fields_memory, .cap = sizeof(fields_memory)};
	struct reply r = {.body = {.data = reply_memory, .cap = sizeof(reply_memory)}};
	struct request_fault fault = {0};
	bool create = form == &body_form_create;

	if (!create)
		msg_add_text(&fields, TAG_ID, id);
	if (body_parse(body, len, form, &a, &fields, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	if (fields.full)
		return;
	struct msg_cursor c = {.at = (const uint8_t *)fields.data, .left = fields.len};
	check_texts(c);
	if (create ? !create_read(c, MACHINE_MB, &sb, &r) : !run_read(c, &run, &r)) {
		check_refusal(&r);
	} else if (create) {
		check_sandbox(&sb);
		sb.slot = 1;
		check_saved(&sb);
	}
}

static void check_request(const struct request_env *env, const uint8_t *body, size_t body_len)
{
	char path[ROUTES_PATH_BYTES], id[ROUTES_PATH_BYTES], allowed[64];
	struct buf methods = {.data = allowed, .cap = sizeof(allowed)};
	struct request_fault fault = {0};
	struct http_request q;
	size_t len = 0;
	if (request_parse(env, path, sizeof(path), &q, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	check_token(&q, env->authorization);
	CHECK(q.path == path && is_terminated(path, sizeof(path)));

	endpoint *run = routes_find(path, q.method, id, &methods);
	CHECK(!methods.full);
	CHECK(strlen(id) < strlen(path) || !path[0]);
	CHECK(!strchr(id, '/') && strstr(path, id));
	CHECK((run != exec_in_sandbox && run != get_sandbox && run != destroy_sandbox) || id[0]);
	CHECK(!run || strcmp(q.method, "GET") == 0 || strcmp(q.method, "POST") == 0 ||
	      strcmp(q.method, "DELETE") == 0);
	if (run != create_sandbox && run != exec_in_sandbox)
		return;
	if (request_body_len(env, BODY_MAX, &len, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	CHECK(len <= BODY_MAX);
	if (len > body_len) /* cut short: http_read_body answers 400 */
		return;
	uint8_t *exact = fuzz_copy(body, len);
	check_body(exact, len, run == create_sandbox ? &body_form_create : &body_form_exec, id);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *lines[LINES];
	for (size_t i = 0; i < LINES; i++)
		lines[i] = take_line(&data, &size);
	const struct request_env env = {lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]};
	check_request(&env, data, size);
	for (size_t i = 0; i < LINES; i++)
		free(lines[i]);
	return 0;
}
