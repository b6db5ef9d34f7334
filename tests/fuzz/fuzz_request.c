/* SPDX-License-Identifier: MIT */
/* A request as api sees it, from the environment that the web server makes to the message for
 * squashd: what is taken from it lies inside it, and what api sends, squashd finds well-formed.
 *
 * An input is lines: SCRIPT_NAME, PATH_INFO, REQUEST_METHOD, HTTP_AUTHORIZATION, CONTENT_LENGTH,
 * CONTENT_TYPE; the rest is the body. The client's address, whose parser has a target of its own,
 * is in the place of the authorization. */
#include <errno.h>
#include <stdbool.h>

#include "api/body_fields.h"
#include "api/request.h"
#include "api/routes.h"
#include "check_sandbox.h"
#include "fuzz.h"
#include "squashd/wire/change_read.h"
#include "squashd/wire/create_read.h"
#include "squashd/wire/module_read.h"
#include "squashd/wire/run_read.h"

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

/* The endpoints that read a body, and with which form. */
static const struct {
	endpoint *run;
	const struct body_form *form;
} bodies[] = {
	{create_sandbox, &body_form_create},    {exec_in_sandbox, &body_form_exec},
	{activate_module, &body_form_activate}, {take_snapshot, &body_form_snapshot},
	{restore_snapshot, &body_form_restore}, {change_allow_net, &body_form_allow_net},
	{create_token, &body_form_token},       {reboot_system, &body_form_empty},
	{power_off_system, &body_form_empty},
};

/* Whether the endpoint's path has a sandbox's id in it. */
static bool is_of_sandbox(endpoint *run)
{
	static endpoint *const others[] = {
		get_health, get_modules,   get_history,      get_sandboxes, create_sandbox,
		get_system, reboot_system, power_off_system, get_tokens,    create_token,
		drop_token, upload_module, delete_module,    update_system, get_metrics,
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (run == others[i])
			return false;
	return true;
}

static const struct body_form *find_form(endpoint *run)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (bodies[i].run == run)
			return bodies[i].form;
	return NULL;
}

/* Whether squashd, which reads the message for this endpoint, finds its values good. */
static bool read_message(endpoint *run, struct msg_cursor c, struct reply *r)
{
	static struct create create;
	static struct run command;
	static struct snapshot n;
	static struct sandbox hosts;
	struct activate activate;
	struct token token;
	char id[LIMIT_ID_BYTES + 1], name[LIMIT_MODULE_BYTES + 1];
	if (run == create_token)
		return change_read_token(c, &token, r);
	if (run == drop_token)
		return change_read_token_name(c, id, r);
	if (run == exec_in_sandbox)
		return run_read(c, &command, r);
	if (run == activate_module)
		return change_read_activate(c, &activate, r);
	if (run == take_snapshot)
		return change_read_label(c, id, &n, r);
	if (run == restore_snapshot || run == drop_snapshot)
		return change_read_snapshot(c, id, name, r);
	if (run == change_allow_net)
		return change_read_allow_net(c, &hosts, r);
	if (run == delete_module)
		return module_read_name(c, name, r);
	if (run != create_sandbox)
		return true;
	if (!create_read(c, MACHINE_MB, false, &create, r))
		return false;
	check_create(&create);
	return true;
}

static void check_message(endpoint *run, const struct buf *fields)
{
	char memory[4096];
	struct reply r = {.body = {.data = memory, .cap = sizeof(memory)}};
	struct msg_cursor c = {.at = (const uint8_t *)fields->data, .left = fields->len};
	if (fields->full)
		return;
	check_texts(c);
	if (!read_message(run, c, &r))
		check_refusal(&r);
}

static void check_body(endpoint *run, const uint8_t *body, size_t len, const char *id)
{
	static unsigned char arena_memory[1024 * 1024] __attribute__((aligned(16)));
	static char fields_memory[LIMIT_MSG_BYTES];
	struct arena a = {.base = arena_memory, .cap = sizeof(arena_memory)};
	struct buf fields = {.data = fields_memory, .cap = sizeof(fields_memory)};
	struct request_fault fault = {0};

	if (is_of_sandbox(run))
		msg_add_text(&fields, TAG_ID, id);
	if (body_parse(body, len, find_form(run), &a, &fields, &fault) < 0)
		check_fault(&fault);
	else
		check_message(run, &fields);
}

/* A path's variables are segments of it, and those that the endpoint needs are there. */
static void check_variables(endpoint *run, const struct http_request *q)
{
	CHECK(strlen(q->id) + strlen(q->name) < strlen(q->path) || !q->path[0]);
	CHECK(!strchr(q->id, '/') && strstr(q->path, q->id));
	CHECK(!strchr(q->name, '/') && strstr(q->path, q->name));
	bool named = run == drop_snapshot || run == drop_token || run == delete_module;
	CHECK(!run || is_of_sandbox(run) == (q->id[0] != '\0'));
	CHECK(!run || named == (q->name[0] != '\0'));
}

/* The messages of the endpoints that have no body and more than an id. */
static void check_drop(endpoint *run, const struct http_request *q)
{
	char memory[2 * REQUEST_PATH_BYTES + 64];
	struct buf fields = {.data = memory, .cap = sizeof(memory)};
	if (run == drop_snapshot)
		msg_add_text(&fields, TAG_ID, q->id);
	msg_add_text(&fields,
		     run == drop_snapshot   ? TAG_SNAPSHOT_NAME
		     : run == delete_module ? TAG_MODULE
					    : TAG_NAME,
		     q->name);
	check_message(run, &fields);
}

/* Chunks without a length are refused, even where a body may be left out. */
static void check_chunked(const struct request_env *env, bool optional)
{
	struct request_env chunked = *env;
	struct request_fault fault = {0};
	size_t len;
	chunked.transfer_encoding = "chunked";
	chunked.content_length = "";
	CHECK(request_body_len(&chunked, optional, BODY_MAX, &len, &fault) < 0);
	CHECK(fault.status == 411);
}

static void check_request(const struct request_env *env, const uint8_t *body, size_t body_len)
{
	char path[REQUEST_PATH_BYTES], allowed[64];
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

	endpoint *run = routes_find(&q, &methods);
	CHECK(!methods.full);
	check_variables(run, &q);
	CHECK(!run || strcmp(q.method, "GET") == 0 || strcmp(q.method, "POST") == 0 ||
	      strcmp(q.method, "DELETE") == 0);
	if (run == drop_snapshot || run == drop_token || run == delete_module)
		check_drop(run, &q);
	if (!run || !find_form(run))
		return;
	bool optional = find_form(run)->optional;
	check_chunked(env, optional);
	if (request_body_len(env, optional, BODY_MAX, &len, &fault) < 0) {
		check_fault(&fault);
		return;
	}
	CHECK(len <= BODY_MAX && (len > 0 || optional || env->content_length[0]));
	if (len > body_len) /* cut short: http_read_body answers 400 */
		return;
	uint8_t *exact = fuzz_copy(body, len);
	check_body(run, exact, len, q.id);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *lines[LINES];
	for (size_t i = 0; i < LINES; i++)
		lines[i] = take_line(&data, &size);
	const struct request_env env = {lines[0], lines[1], "", lines[2], lines[3],
					lines[4], lines[5], "", lines[3], lines[3]};
	check_request(&env, data, size);
	for (size_t i = 0; i < LINES; i++)
		free(lines[i]);
	return 0;
}
