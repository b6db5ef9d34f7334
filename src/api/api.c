/* SPDX-License-Identifier: MIT */
/* The CGI program behind every endpoint: it parses what the network sent, as a user that owns
 * nothing, and asks squashd. */
#include <signal.h>
#include <sys/prctl.h>

#include "call.h"
#include "routes.h"

int main(void)
{
	char path[REQUEST_PATH_BYTES], allowed[64];
	struct http_request q;
	struct buf methods = {.data = allowed, .cap = sizeof(allowed)};

	prctl(PR_SET_DUMPABLE, 0); /* the caller's token is in our memory */
	signal(SIGPIPE, SIG_IGN);
	http_read_request(&q, path, sizeof(path));
	endpoint *run = routes_find(&q, &methods);
	if (run)
		run(&q);
	call_require_token(&q); /* a stranger does not even learn what there is */
	if (methods.len > 0)
		http_reply_method(allowed);
	http_reply_error(404, "not_found", "there is no such endpoint");
}
