/* SPDX-License-Identifier: MIT */
/* The CGI program behind every endpoint: it parses what the network sent, as a user that owns
 * nothing, and asks squashd. One route table; the first match wins. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "call.h"
#include "endpoints.h"

#define PATH_CAP 1024

static const struct {
	const char *method;
	const char *pattern; /* ":id" stands for one segment that is not empty */
	endpoint *run;
} routes[] = {
	{"GET", "/health", get_health},
	{"GET", "/api/sandboxes", get_sandboxes},
	{"POST", "/api/sandboxes", create_sandbox},
	{"GET", "/api/sandboxes/:id", get_sandbox},
	{"DELETE", "/api/sandboxes/:id", destroy_sandbox},
	{"POST", "/api/sandboxes/:id/exec", exec_in_sandbox},
	{"POST", "/api/sandboxes/:id/activate", not_implemented},
	{"POST", "/api/sandboxes/:id/snapshot", not_implemented},
	{"POST", "/api/sandboxes/:id/restore", not_implemented},
	{"GET", "/api/sandboxes/:id/logs", get_logs},
	{"GET", "/api/history", get_history},
	{"GET", "/api/modules", get_modules},
};

void get_health(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	struct jsonw w;
	struct buf *body = http_reply_buf();
	(void)id;
	unsigned status = call_squashd(q, MSG_HEALTH, &reply);
	jsonw_init(&w, body);
	jsonw_object_begin(&w);
	jsonw_key(&w, "status");
	jsonw_string(&w, "ok");
	jsonw_object_end(&w);
	buf_add_text(body, "\n");
	http_reply_json(status, body);
}

void not_implemented(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	(void)id;
	call_squashd(q, MSG_HEALTH, &reply); /* for the token: 401 comes before 501 */
	http_reply_error(501, "not_implemented", "this endpoint is not there yet");
}

/* Whether the path matches; id gets the segment for ":id". */
static bool matches(const char *path, const char *pattern, char id[PATH_CAP])
{
	const char *variable = strstr(pattern, ":id");
	if (!variable)
		return strcmp(path, pattern) == 0;
	size_t prefix = (size_t)(variable - pattern);
	if (strncmp(path, pattern, prefix) != 0)
		return false;
	size_t len = strcspn(path + prefix, "/");
	if (len == 0 || strcmp(path + prefix + len, variable + strlen(":id")) != 0)
		return false;
	memcpy(id, path + prefix, len);
	id[len] = '\0';
	return true;
}

int main(void)
{
	char path[PATH_CAP], id[PATH_CAP] = "", allowed[64];
	struct http_request q;
	struct buf methods = {.data = allowed, .cap = sizeof(allowed)};

	prctl(PR_SET_DUMPABLE, 0); /* the caller's token is in our memory */
	signal(SIGPIPE, SIG_IGN);
	http_read_request(&q, path, sizeof(path));
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(path, routes[i].pattern, id))
			continue;
		if (strcmp(q.method, routes[i].method) == 0)
			routes[i].run(&q, id);
		buf_printf(&methods, "%s%s", methods.len > 0 ? ", " : "", routes[i].method);
	}
	if (methods.len > 0)
		http_reply_method(allowed);
	http_reply_error(404, "not_found", "there is no such endpoint");
}
