/* SPDX-License-Identifier: MIT */
/* openapi.json: what the API is, for programs. The document is made from openapi.json beside this
 * file by scripts/mk-openapi, and lies where httpd doesn't hand it out by itself. */
#include <fcntl.h>

#include "http.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "replies.h"

void reply_openapi(unsigned status, struct msg_cursor fields)
{
	struct err e;
	struct buf *out = http_reply_buf();
	(void)status;
	(void)fields;
	ssize_t n = fd_read_file(AT_FDCWD, PATH_HTTP_OPENAPI, out->data, out->cap, &e);
	if (n < 0)
		http_reply_error(500, "internal", "%s", e.text);
	out->len = (size_t)n;
	http_reply_text("application/json");
}
