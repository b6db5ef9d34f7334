/* SPDX-License-Identifier: MIT */
/* A connection's requests follow each other without a sign between them: where one ends is what its
 * head, and the chunks of its body, say. The server reads the same bytes, so that every form which
 * some servers read in another way is refused. */
#include "inspect_http.h"

#include <string.h>

#define CHUNK_DIGITS 8         /* hexadecimal */
#define CHUNK_BYTES 0x7fffffff /* what a signed number of 32 bits can hold */

static enum inspect_verdict refuse(struct inspect_says *says, const char *reason)
{
	says->reason = reason;
	return INSPECT_BAD;
}

/* The next line, without its end. Of one that comes in pieces no byte is looked at twice. */
static enum http_line_result take_line(struct inspect_http *h, const uint8_t *held, size_t len,
				       struct http_text *line)
{
	const char *at = (const char *)held + h->at;
	size_t left = len - h->at;
	h->plain += http_plain_len(at + h->plain, left - h->plain);
	if (h->plain == left)
		return left < INSPECT_BYTES ? HTTP_LINE_MORE : HTTP_LINE_BAD;
	struct http_text end = {at + h->plain, left - h->plain};
	enum http_line_result result = http_take_line(&end, line);
	if (result == HTTP_LINE_MORE && left == INSPECT_BYTES)
		return HTTP_LINE_BAD;
	if (result == HTTP_LINE) {
		*line = (struct http_text){at, h->plain};
		h->at += h->plain + 2;
		h->plain = 0;
	}
	return result;
}

/* The request ends so many bytes behind h->at. */
static enum inspect_verdict end_request(struct inspect_http *h, uint64_t more,
					struct inspect_says *says)
{
	says->pass = h->at + more;
	h->state = INSPECT_HTTP_HEAD;
	h->at = 0;
	h->request = (struct http_request){.has_line = false};
	return INSPECT_PASS;
}

/* Which answer belongs to a later request isn't known, so its upgrade can't be followed. Some
 * clients ask for HTTP/2 with each request, and mostly in vain: that is passed over. If the server
 * agrees, what comes must still be requests of HTTP/1, and HTTP/2 begins with none. But a server
 * could take an unjudged body for what comes. */
static bool may_upgrade(const struct inspect_http *h)
{
	const struct http_request *r = &h->request;
	return !h->is_later || r->upgrade == HTTP_UPGRADE_NONE ||
	       (r->upgrade == HTTP_UPGRADE_OTHER && r->length == 0 && !r->is_chunked);
}

static enum inspect_verdict read_head(struct inspect_http *h, const uint8_t *held, size_t len,
				      struct inspect_says *says)
{
	struct http_text line;
	const char *reason = NULL;
	while (!reason) {
		bool is_first = !h->is_later && !h->request.has_line;
		enum http_line_result there = take_line(h, held, len, &line);
		if (there == HTTP_LINE_MORE && len < INSPECT_BYTES)
			return INSPECT_MORE;
		if (there != HTTP_LINE)
			reason = INSPECT_MALFORMED;
		else if (h->request.has_line && line.len == 0)
			break;
		else
			reason = http_request_read_line(&h->request, line);
		if (is_first && reason && strcmp(reason, INSPECT_MALFORMED) == 0)
			reason = INSPECT_NEITHER;
	}
	if (!reason)
		reason = http_request_end(&h->request);
	if (!reason && !may_upgrade(h))
		reason = INSPECT_PROTOCOL;
	if (reason)
		return refuse(says, reason);
	says->asked = h->request.asked;
	h->upgrade = h->is_later ? HTTP_UPGRADE_NONE : h->request.upgrade;
	h->state = INSPECT_HTTP_ASKED;
	return INSPECT_ASKS;
}

/* RFC 9112 7.1: digits and nothing else. Extensions are refused: what ends one is where servers
 * have differed, and no client sends any. */
static bool read_chunk_size(struct http_text line, uint64_t *size)
{
	static const char digits[] = "0123456789abcdef";
	*size = 0;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];
		const char *digit = memchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c, 16);
		if (!digit)
			return false;
		*size = *size * 16 + (uint64_t)(digit - digits);
		if (i == CHUNK_DIGITS || *size > CHUNK_BYTES)
			return false;
	}
	return line.len > 0;
}

/* Take a chunk's size, and its data as far as they are held; *beyond: those that aren't. Or take a
 * trailer. */
static enum http_line_result take_body_line(struct inspect_http *h, const uint8_t *held, size_t len,
					    uint64_t *beyond)
{
	struct http_text line;
	uint64_t size = 0;
	enum http_line_result result = take_line(h, held, len, &line);
	if (result != HTTP_LINE)
		return result;
	if (h->state == INSPECT_HTTP_TRAILERS) {
		if (line.len > 0)
			return http_request_is_trailer(line) ? HTTP_LINE : HTTP_LINE_BAD;
		h->state = INSPECT_HTTP_HEAD;
		return HTTP_LINE;
	}
	if (!read_chunk_size(line, &size))
		return HTTP_LINE_BAD;
	h->state = size > 0 ? INSPECT_HTTP_CRLF : INSPECT_HTTP_TRAILERS;
	uint64_t there = len - h->at;
	*beyond = size > there ? size - there : 0;
	h->at += (size_t)(size - *beyond);
	return HTTP_LINE;
}

/* The CRLF behind a chunk's data. */
static enum http_line_result take_crlf(struct inspect_http *h, const uint8_t *held, size_t len)
{
	size_t there = len - h->at < 2 ? len - h->at : 2;
	if (memcmp(held + h->at, "\r\n", there) != 0)
		return HTTP_LINE_BAD;
	if (there < 2)
		return HTTP_LINE_MORE;
	h->at += 2;
	h->state = INSPECT_HTTP_CHUNK;
	return HTTP_LINE;
}

/* As much of a chunked body as is held, and the data of a chunk that isn't yet. */
static enum inspect_verdict read_body(struct inspect_http *h, const uint8_t *held, size_t len,
				      struct inspect_says *says)
{
	enum http_line_result there = HTTP_LINE;
	uint64_t beyond = 0;
	size_t good = 0;
	while (there == HTTP_LINE && beyond == 0) {
		good = h->at;
		if (h->state == INSPECT_HTTP_HEAD)
			return end_request(h, 0, says);
		there = h->state == INSPECT_HTTP_CRLF ? take_crlf(h, held, len)
						      : take_body_line(h, held, len, &beyond);
	}
	if (there == HTTP_LINE)
		good = h->at;
	if (good > 0) {
		says->pass = good + beyond;
		h->at = 0;
		return INSPECT_PASS;
	}
	return there == HTTP_LINE_MORE ? INSPECT_MORE : refuse(says, INSPECT_MALFORMED);
}

static enum inspect_verdict pass_request(struct inspect_http *h, const uint8_t *held, size_t len,
					 struct inspect_says *says)
{
	uint64_t length = h->request.length;
	h->is_later = true;
	if (!h->request.is_chunked)
		return end_request(h, length, says);
	h->state = INSPECT_HTTP_CHUNK;
	return read_body(h, held, len, says);
}

enum inspect_verdict inspect_http_client(struct inspect_http *h, const uint8_t *held, size_t len,
					 struct inspect_says *says)
{
	switch (h->state) {
	case INSPECT_HTTP_HEAD:
		if (h->upgrade != HTTP_UPGRADE_NONE)
			return INSPECT_ANSWER;
		return read_head(h, held, len, says);
	case INSPECT_HTTP_ASKED:
		return pass_request(h, held, len, says);
	case INSPECT_HTTP_CHUNK:
	case INSPECT_HTTP_CRLF:
	case INSPECT_HTTP_TRAILERS:
		return read_body(h, held, len, says);
	case INSPECT_HTTP_UPGRADED:
		break;
	}
	return INSPECT_FREE;
}

/* Interim answers come before the final one (RFC 9110 15.2). Returns the length of the head of one,
 * with its empty line; 0: the line isn't there. Lines may end by LF alone: servers aren't
 * judged. */
static size_t head_len(const uint8_t *bytes, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		bool is_empty = bytes[i - 1] == '\n' ||
				(i > 1 && bytes[i - 1] == '\r' && bytes[i - 2] == '\n');
		if (bytes[i] == '\n' && is_empty)
			return i + 1;
	}
	return 0;
}

/* Whether the bytes begin, as far as they go, as the answer of an HTTP/1 server whose status is
 * 100 to 199. */
static bool is_interim(const uint8_t *bytes, size_t len)
{
	static const uint8_t form[] = "HTTP/1.d 1dd "; /* d: a digit */
	for (size_t i = 0; i < sizeof(form) - 1 && i < len; i++) {
		bool fits =
			form[i] == 'd' ? bytes[i] >= '0' && bytes[i] <= '9' : bytes[i] == form[i];
		bool is_end = i == sizeof(form) - 2 && (bytes[i] == '\r' || bytes[i] == '\n');
		if (!fits && !is_end)
			return false;
	}
	return true;
}

enum inspect_verdict inspect_http_server(struct inspect_http *h, const uint8_t *peeked, size_t len,
					 struct inspect_says *says)
{
	enum { STATUS_AT = 9, LINE_BYTES = 13 }; /* "HTTP/1.1 101 " */
	bool is_switched, is_websocket = h->upgrade == HTTP_UPGRADE_WEBSOCKET;
	if (h->upgrade == HTTP_UPGRADE_NONE)
		return INSPECT_FREE;
	if (!is_interim(peeked, len)) {
		h->upgrade = HTTP_UPGRADE_NONE; /* refused: more requests may follow */
		return INSPECT_FREE;
	}
	if (len < LINE_BYTES)
		return INSPECT_MORE;
	is_switched = memcmp(peeked + STATUS_AT, "101", 3) == 0;
	if (is_switched && !is_websocket)
		return refuse(says, INSPECT_PROTOCOL);
	if (is_switched) {
		h->state = INSPECT_HTTP_UPGRADED;
		h->upgrade = HTTP_UPGRADE_NONE;
		return INSPECT_FREE;
	}
	says->pass = head_len(peeked, len);
	if (says->pass > 0)
		return INSPECT_PASS;
	return len < INSPECT_BYTES ? INSPECT_MORE : refuse(says, INSPECT_PROTOCOL);
}

void inspect_http_server_ended(struct inspect_http *h)
{
	h->upgrade = HTTP_UPGRADE_NONE;
}

bool inspect_http_listens(const struct inspect_http *h)
{
	return h->upgrade != HTTP_UPGRADE_NONE;
}
