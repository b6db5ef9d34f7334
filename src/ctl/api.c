/* SPDX-License-Identifier: MIT */
#include "api.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "json_print.h"
#include "lib/limits.h"
#include "lib/utf8.h"
#include "show.h"

static char body_memory[LIMIT_BODY_BYTES];

static void reset(struct api *a)
{
	http_free(&a->reply);
	if (a->arena.base)
		munmap(a->arena.base, a->arena.cap);
	a->arena = (struct arena){.base = NULL};
	a->json = NULL;
	a->fault[0] = '\0';
}

struct api *api_begin(const char *method, const char *path)
{
	static struct api a;
	reset(&a);
	a.call = (struct http_call){.method = method, .target = a.target.text};
	target_begin(&a.target, path);
	return &a;
}

struct api *api_begin_sandbox(const char *method, const char *id, const char *rest)
{
	struct api *a = api_begin(method, "api/sandboxes");
	api_add_name(a, "sandbox", id);
	buf_add_text(&a->target.buf, rest);
	return a;
}

/* The first one stays. */
static void add_fault(struct api *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_fault(struct api *a, const char *format, ...)
{
	va_list args;
	if (a->fault[0])
		return;
	va_start(args, format);
	vsnprintf(a->fault, sizeof(a->fault), format, args);
	va_end(args);
}

void api_add_name(struct api *a, const char *kind, const char *name)
{
	if (!target_is_name(name))
		add_fault(a, "\"%.300s\" can't be the name of a %s", name, kind);
	target_add(&a->target, name);
}

void api_check_text(struct api *a, const char *argument, const char *text, size_t len)
{
	bool good = true;
	for (size_t n, at = 0; at < len; at += n) {
		n = utf8_next((const uint8_t *)text + at, len - at, &good);
		if (!good) {
			add_fault(a, "%s is not UTF-8, as it has to be: its byte %zu is 0x%02x",
				  argument, at + 1, (unsigned char)text[at]);
			return;
		}
	}
}

int api_check(struct ctl *c, const struct api *a)
{
	return a->fault[0] ? ctl_fail(c, EXIT_USAGE, "%s", a->fault) : 0;
}

struct jsonw *api_write(struct api *a)
{
	if (a->call.json)
		return &a->w;
	a->body = (struct buf){.data = body_memory, .cap = sizeof(body_memory)};
	jsonw_init(&a->w, &a->body);
	jsonw_object_begin(&a->w);
	a->call.json = body_memory;
	return &a->w;
}

void api_write_text(struct api *a, const char *key, const char *argument, const char *text)
{
	if (!text)
		return;
	api_check_text(a, argument, text, strlen(text));
	jsonw_key(api_write(a), key);
	jsonw_string(&a->w, text);
}

int api_fail(struct ctl *c, const struct err *e)
{
	static const struct {
		int number;
		enum exit_code code;
	} codes[] = {
		{EDESTADDRREQ, EXIT_CONFIG}, {EKEYREJECTED, EXIT_STRANGE}, {EPROTO, EXIT_STRANGE},
		{EIO, EXIT_LOCAL},           {E2BIG, EXIT_USAGE},          {ENOMEM, EXIT_LOCAL},
	};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].number == e->number)
			return ctl_fail(c, codes[i].code, "%s", e->text);
	return ctl_fail(c, EXIT_UNAVAILABLE, "%s", e->text);
}

/* What to do about it, where the reply can't know. */
static const char *advice(const char *code, const char *text)
{
	static const struct {
		const char *code, *text, *advice;
	} known[] = {
		{"unauthorized", "",
		 ": SQUASH_TOKEN, or --token-file, has to be one of the appliance's"},
		{"not_found", "there is no sandbox", ": squashctl ls lists them"},
		{"not_found", "there is no module", ": squashctl modules lists them"},
		{"not_found", "there is no snapshot", ": squashctl snapshots ID lists them"},
		{"not_found", "there is no token", ": squashctl tokens lists them"},
		{"no_module", "", ": squashctl modules lists them"},
		{"no_snapshot", "", ": squashctl snapshots ID lists them"},
		{"processes", "", ": --force ends them first"},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(code, known[i].code) == 0 &&
		    strncmp(text, known[i].text, strlen(known[i].text)) == 0)
			return known[i].advice;
	return "";
}

static enum exit_code code_of(unsigned status)
{
	switch (status) {
	case 401:
	case 403:
	case 429:
		return EXIT_DENIED;
	case 500:
	case 502:
	case 503:
	case 408:
		return EXIT_UNAVAILABLE;
	default:
		return EXIT_REFUSED;
	}
}

static int fail_refused(struct ctl *c, const struct api *a)
{
	const char *error = api_text(a->json, "error"), *code = api_text(a->json, "code");
	unsigned status = a->reply.head.status;
	if (!error[0] || !code[0])
		return ctl_fail(c, EXIT_STRANGE, "%s answers %u, and not as an appliance would",
				c->settings.url.host, status);
	return ctl_fail(c, code_of(status), "%s%s", error, advice(code, error));
}

/* 0, also without a body. */
static int parse(struct ctl *c, struct api *a)
{
	struct json_fault fault;
	size_t cap = JSON_ARENA_BYTES(a->reply.len) * 2 + 65536;
	if (a->reply.len == 0)
		return 0;
	void *memory = mmap(NULL, cap, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return ctl_fail(c, EXIT_LOCAL, "memory for the reply: %s", strerror(errno));
	a->arena = (struct arena){.base = memory, .cap = cap};
	if (json_parse(a->reply.body, a->reply.len, &a->arena, &a->json, &fault) == 0)
		return 0;
	a->json = NULL;
	if (!http_is_good(&a->reply.head))
		return 0; /* fail_refused says so */
	return ctl_fail(c, EXIT_STRANGE, "what %s answers is no JSON, at byte %zu: %s",
			c->settings.url.host, fault.offset, fault.reason);
}

int api_call(struct ctl *c, struct api *a)
{
	struct err e;
	int rc = api_check(c, a);
	if (rc != 0)
		return rc;
	if (a->call.json) {
		jsonw_object_end(&a->w);
		if (!jsonw_is_whole(&a->w))
			return ctl_fail(c, EXIT_USAGE,
					"that is more than the %d bytes that a request may have: "
					"bring it in by squashctl cp",
					LIMIT_BODY_BYTES);
		a->call.json_len = a->body.len;
	}
	target_text(&a->target);
	if (a->target.buf.full)
		return ctl_fail(c, EXIT_USAGE, "a name is too long");
	if (http_send(&c->settings, &a->call, &a->reply, &e) < 0)
		return api_fail(c, &e);
	rc = parse(c, a);
	if (rc == 0 && !http_is_good(&a->reply.head))
		rc = fail_refused(c, a);
	return rc;
}

const struct json_value *api_first(const struct api *a)
{
	return a->json && a->json->type == JSON_ARRAY ? a->json->first : NULL;
}

const char *api_text(const struct json_value *object, const char *key)
{
	const struct json_value *v = json_get(object, key);
	return v && v->text ? v->text : "";
}

static int say(const char *text)
{
	char memory[SHOW_BYTES(1024)];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	show_text(text, strlen(text), &out);
	printf("%.*s\n", (int)out.len, out.data);
	return 0;
}

static int print(const struct api *a)
{
	if (a->reply.len == 0)
		return 0;
	json_print(a->reply.body, a->reply.len); /* main sees that stdout has failed */
	if (a->reply.body[a->reply.len - 1] != '\n')
		putchar('\n');
	return 0;
}

int api_answer(const struct ctl *c, const struct api *a, const char *key)
{
	if (c->json)
		return print(a);
	return key ? say(api_text(a->json, key)) : 0;
}

int api_finish(struct ctl *c, struct api *a, const char *key)
{
	int rc = api_call(c, a);
	return rc != 0 ? rc : api_answer(c, a, key);
}
