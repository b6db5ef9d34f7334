/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/addr.h"
#include "lib/hostname.h"
#include "lib/limits.h"
#include "lib/token.h"

#define CGI_PREFIX "/cgi-bin"

int request_refuse(struct request_fault *fault, unsigned status, const char *code,
		   const char *format, ...)
{
	va_list args;
	fault->status = status;
	fault->code = code;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return -EINVAL;
}

int request_parse(const struct request_env *env, char *path_memory, size_t path_cap,
		  struct http_request *q, struct request_fault *fault)
{
	const char *script = env->script_name;
	if (strncmp(script, CGI_PREFIX, sizeof(CGI_PREFIX) - 1) == 0)
		script += sizeof(CGI_PREFIX) - 1;
	int n = snprintf(path_memory, path_cap, "%s%s", script, env->path_info);
	if (n < 0 || (size_t)n >= path_cap)
		return request_refuse(fault, 404, "not_found", "the path is too long");
	*q = (struct http_request){
		.method = env->method, .path = path_memory, .query = env->query_string};
	if (!addr_parse(env->client, strlen(env->client), &q->from.client))
		memset(&q->from.client, 0, sizeof(q->from.client));
	q->from.public_host = hostname_is_public(env->host, strlen(env->host));
	q->from.asks_only = env->authorise[0] != '\0';
	q->from.token = token_from_header(env->authorization, &q->from.token_len);
	if (q->from.token && q->from.token_len > LIMIT_TOKEN_BYTES)
		return request_refuse(fault, 401, "unauthorized",
				      "the bearer token is longer than %d bytes",
				      LIMIT_TOKEN_BYTES);
	return 0;
}

/* JSON, or what curl -d says when nobody tells it what it sends. */
static bool is_json(const char *type)
{
	static const char *const good[] = {"", "application/json",
					   "application/x-www-form-urlencoded"};
	size_t len = strcspn(type, "; \t");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (strlen(good[i]) == len && strncasecmp(type, good[i], len) == 0)
			return true;
	return false;
}

/* As the head says it, be the body there or still to come. */
static const char *length_text(const struct request_env *env)
{
	return env->authorise[0] ? env->authorise : env->content_length;
}

/* Without regard to the type. busybox httpd leaves CONTENT_LENGTH out for 0. */
static int read_length(const struct request_env *env, size_t max, size_t *len,
		       struct request_fault *fault)
{
	const char *text = length_text(env);
	char *end;
	*len = env->frames[0] ? REQUEST_FRAMED : 0;
	if (env->frames[0] || text[0] == '\0')
		return 0;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		return request_refuse(fault, 400, "bad_request", "Content-Length is no number");
	if (errno || value > max)
		return request_refuse(fault, 413, "too_large", "the body is larger than %zu bytes",
				      max);
	*len = (size_t)value;
	return 0;
}

int request_stream_len(const struct request_env *env, bool optional, size_t max, size_t *len,
		       struct request_fault *fault)
{
	int rc = read_length(env, max, len, fault);
	if (rc == 0 && *len == 0 && !optional)
		rc = request_refuse(fault, 400, "incomplete",
				    "the request has no body, which must be the file");
	return rc;
}

int request_body_len(const struct request_env *env, size_t max, size_t *len,
		     struct request_fault *fault)
{
	int rc = read_length(env, max, len, fault);
	if (rc == 0 && *len > 0 && !is_json(env->content_type))
		rc = request_refuse(fault, 415, "unsupported_media_type",
				    "the body must be application/json");
	return rc;
}
