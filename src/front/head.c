/* SPDX-License-Identifier: MIT */
#include "head.h"

#include <string.h>

#include "lib/front_fds.h"
#include "lib/hex.h"

#define FOR_ALL                                                                                    \
	"X-Content-Type-Options: nosniff\r\n"                                                      \
	"Referrer-Policy: no-referrer\r\n"                                                         \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                                              \
	"Cross-Origin-Resource-Policy: same-origin\r\n"
/* CSP 3, and Trusted Types: no text ever becomes markup or a script. no-cache: httpd has no
 * validators, and a console of before an update must not speak to the API of after it. */
#define FOR_PAGES                                                                                  \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
	"connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "                \
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"     \
	"Cache-Control: no-cache\r\n"
#define FOR_OTHERS                                                                                 \
	"Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "       \
	"frame-ancestors 'none'; sandbox\r\n"

_Static_assert(FRONT_REPLY_HEAD_BYTES + sizeof(FOR_ALL FOR_PAGES) + 128 < FRONT_REPLY_ROOM,
	       "a reply's head as it came, and what is added");

static enum head_result refuse(struct head_fault *fault, unsigned status, const char *code,
			       const char *text)
{
	*fault = (struct head_fault){status, code, text};
	return HEAD_BAD;
}

static enum head_result refuse_head(struct head_fault *fault, const char *text)
{
	return refuse(fault, 400, "bad_request", text);
}

/* RFC 9112 3.2: the origin form, or the absolute form, of which servers must take what is behind
 * the authority. */
static bool take_target(struct http_text target, struct head_request *h)
{
	struct http_text part;
	if (http_text_begins(target, "http://") || http_text_begins(target, "https://")) {
		http_take_to(&target, '/', &part);
		http_take_to(&target, '/', &part);
		http_take_until(&target, "/?");
		if (target.len == 0)
			target = (struct http_text){"/", 1};
	}
	h->target = target;
	return target.len > 0 && target.at[0] == '/';
}

/* RFC 9110 9.1: "get" is not GET. For httpd it is. */
static bool has_small_letter(struct http_text method)
{
	for (size_t i = 0; i < method.len; i++)
		if (method.at[i] >= 'a' && method.at[i] <= 'z')
			return true;
	return false;
}

static enum head_result read_first_line(struct http_text line, struct head_request *h,
					struct head_fault *fault)
{
	struct http_request_line first;
	if (line.len > 0 && (line.at[0] == 0x16 || (line.at[0] & 0x80)))
		return refuse_head(fault, "this port speaks HTTP without TLS");
	if (!http_read_request_line(line, &first))
		return refuse_head(fault, "the first line is no request of HTTP/1");
	if (first.minor > 1)
		return refuse(fault, 505, "bad_version", "this server speaks HTTP/1.1");
	if (first.target.len > FRONT_TARGET_BYTES)
		return refuse(fault, 414, "too_large",
			      "the path and query are longer than 4096 bytes");
	if (first.method.len > FRONT_METHOD_BYTES)
		return refuse_head(fault, "the method is longer than 15 bytes");
	if (has_small_letter(first.method))
		return refuse_head(fault, "the method has small letters");
	if (!take_target(first.target, h))
		return refuse_head(fault, "the request's target is no path");
	h->method = first.method;
	h->minor = first.minor;
	h->keeps = first.minor == 1;
	return HEAD_MORE;
}

/* RFC 9110 7.6.1: a list, of which "close" is of interest; that of HTTP/1.0 ends anyway. */
static bool says_close(struct http_text list)
{
	while (list.len > 0) {
		struct http_text one;
		http_take_to(&list, ',', &one);
		while (one.len > 0 && (one.at[0] == ' ' || one.at[0] == '\t')) {
			one.at++;
			one.len--;
		}
		one = http_take_until(&one, " \t");
		if (http_text_is(one, "close"))
			return true;
	}
	return false;
}

/* Keep a field that may come once. */
static enum head_result take_once(struct http_text *to, struct http_text value,
				  struct head_fault *fault)
{
	if (to->at)
		return refuse_head(fault, "a header field stands twice that may stand once");
	if (value.len > FRONT_FIELD_BYTES)
		return refuse(fault, 431, "too_large", "a header field is longer than 2048 bytes");
	*to = value;
	return HEAD_MORE;
}

static enum head_result take_length(struct head_request *h, struct http_text value,
				    struct head_fault *fault)
{
	if (h->has_length)
		return refuse_head(fault, "Content-Length stands twice");
	if (!http_read_length(value, &h->length))
		return refuse_head(fault, "Content-Length is no number");
	if (h->length > FRONT_BODY_BYTES)
		return refuse(fault, 413, "too_large", "the body is longer than 2147483647 bytes");
	h->has_length = true;
	return HEAD_MORE;
}

/* Its case doesn't matter to RFC 9112 7, but may to a server before this one. */
static void take_encoding(struct head_request *h, struct http_text value)
{
	h->is_chunked = !h->has_transfer_encoding && head_is(value, "chunked");
	h->has_transfer_encoding = true;
}

static enum head_result take_field(struct head_request *h, struct http_text name,
				   struct http_text value, struct head_fault *fault)
{
	if (http_text_is(name, "content-length"))
		return take_length(h, value, fault);
	if (http_text_is(name, "host"))
		return take_once(&h->host, value, fault);
	if (http_text_is(name, "authorization"))
		return take_once(&h->authorization, value, fault);
	if (http_text_is(name, "content-type"))
		return take_once(&h->content_type, value, fault);
	if (http_text_is(name, "origin"))
		return take_once(&h->origin, value, fault);
	if (http_text_is(name, "transfer-encoding"))
		take_encoding(h, value);
	else if (http_text_is(name, "connection"))
		h->keeps = h->keeps && !says_close(value);
	else if (http_text_is(name, "expect"))
		h->expects_continue = http_text_is(value, "100-continue");
	return HEAD_MORE;
}

/* A page of another site has a browser send this: without a token, that would be all it takes. */
static bool is_of_other_site(const struct head_request *h)
{
	struct http_text rest = h->origin, part;
	if (!h->origin.at || !http_take_to(&rest, '/', &part) || !http_take_to(&rest, '/', &part))
		return h->origin.at != NULL; /* "null", too */
	return !h->host.at || rest.len != h->host.len || memcmp(rest.at, h->host.at, rest.len) != 0;
}

/* RFC 9112 6.1: an encoding beside a length, or in HTTP/1.0, is an attack, or a fault. */
static enum head_result check_encoding(const struct head_request *h, struct head_fault *fault)
{
	if (h->has_transfer_encoding && h->has_length)
		return refuse_head(fault,
				   "Content-Length and Transfer-Encoding exclude each other");
	if (h->has_transfer_encoding && h->minor == 0)
		return refuse_head(fault, "HTTP/1.0 has no Transfer-Encoding");
	if (h->has_transfer_encoding && !h->is_chunked)
		return refuse(fault, 501, "unsupported_encoding",
			      "Transfer-Encoding must be \"chunked\" alone");
	return HEAD_MORE;
}

/* Servers differ in what they make of these; httpd answers as it would a browser. */
static const char *find_path_fault(struct http_text target)
{
	struct http_text path = http_take_until(&target, "?");
	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] != '%')
			continue;
		int byte = path.len - i > 2 ? hex_read_byte(path.at + i + 1) : -1;
		if (byte < 0)
			return "the path has a % without two hexadecimal digits";
		if (byte == '/')
			return "the path has %2F: no name in it has a slash";
		if (byte == '\0')
			return "the path has %00: no name in it has a NUL";
	}
	return NULL;
}

static enum head_result check(const struct head_request *h, struct head_fault *fault)
{
	if (h->minor == 1 && !h->host.at)
		return refuse_head(fault, "there is no Host");
	if (check_encoding(h, fault) == HEAD_BAD)
		return HEAD_BAD;
	const char *path_fault = find_path_fault(h->target);
	if (path_fault)
		return refuse_head(fault, path_fault);
	if (is_of_other_site(h))
		return refuse(fault, 403, "cross_origin",
			      "Origin names another site: pages of others have no business here");
	return HEAD_DONE;
}

enum head_result head_read_request(struct head_request *h, const char *bytes, size_t len,
				   struct head_fault *fault)
{
	struct http_text rest = {bytes + h->len, len - h->len}, line, name, value;
	enum head_result result = HEAD_MORE;
	/* A line that comes byte by byte is not read again for each of them. */
	h->plain += http_plain_len(bytes + h->plain, len - h->plain);
	if (h->plain == len && len < FRONT_IN_BYTES)
		return HEAD_MORE;
	while (result == HEAD_MORE) {
		enum http_line_result there = http_take_line(&rest, &line);
		if (there == HTTP_LINE_BAD && h->lines == 0 && len > 0)
			return read_first_line((struct http_text){bytes, len}, h, fault);
		if (there == HTTP_LINE_BAD)
			return refuse_head(fault, "the head has a control character, or a line "
						  "that doesn't end by CR LF");
		if (there == HTTP_LINE_MORE && len == FRONT_IN_BYTES)
			return refuse(fault, 431, "too_large",
				      "the head is longer than 16384 bytes");
		if (there == HTTP_LINE_MORE)
			return HEAD_MORE;
		h->len = h->plain = len - rest.len;
		if (h->lines++ == 0)
			result = read_first_line(line, h, fault);
		else if (line.len == 0)
			return check(h, fault);
		else if (h->lines > FRONT_FIELDS + 1)
			return refuse(fault, 431, "too_large", "the head has more than 100 fields");
		else if (!http_read_field(line, &name, &value))
			return refuse_head(fault, "the head has a line that is no header field");
		else
			result = take_field(h, name, value, fault);
	}
	return result;
}

bool head_is(struct http_text text, const char *other)
{
	return text.len == strlen(other) && memcmp(text.at, other, text.len) == 0;
}

bool head_has_body(const struct head_request *h)
{
	bool has_one = h->length > 0 || h->is_chunked;
	return has_one && (head_is(h->method, "POST") || head_is(h->method, "PUT") ||
			   head_is(h->method, "PATCH"));
}

bool head_asks_api(const struct head_request *h)
{
	struct http_text rest = h->target;
	struct http_text path = http_take_until(&rest, "?");
	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '%' || (path.at[i] == '.' && path.at[i - 1] == '/'))
			return false; /* httpd decodes it, or leaves the directory */
	return path.len >= 9 && memcmp(path.at, "/cgi-bin/", 9) == 0;
}

bool head_asks_page(const struct head_request *h)
{
	struct http_text rest = h->target;
	struct http_text path = http_take_until(&rest, "?");
	return path.len > 0 && !memchr(path.at + 1, '/', path.len - 1) &&
	       !memchr(path.at, '%', path.len);
}

static void write_field(struct buf *out, const char *name, struct http_text value)
{
	if (value.at)
		buf_printf(out, "%s: %.*s\r\n", name, (int)value.len, value.at);
}

void head_write_request(const struct head_request *h, const struct addr *client, bool authorises,
			struct buf *out)
{
	_Static_assert(FRONT_TARGET_BYTES + 3 * FRONT_FIELD_BYTES + 512 < FRONT_OUT_BYTES,
		       "the head, and the names of its fields");
	char address[ADDR_TEXT_BYTES];
	/* So HEAD works wherever GET does. */
	if (head_is(h->method, "HEAD"))
		buf_add_text(out, "GET");
	else
		buf_add(out, h->method.at, h->method.len);
	buf_add_text(out, " ");
	/* Of httpd's, "/" is a 404 even where there is an index.html. */
	size_t root = head_is(h->target, "/") || http_text_begins(h->target, "/?") ? 1 : 0;
	buf_add_text(out, root ? "/index.html" : "");
	buf_add(out, h->target.at + root, h->target.len - root);
	buf_add_text(out, " HTTP/1.1\r\n");
	write_field(out, "Host", h->host);
	write_field(out, "Authorization", h->authorization);
	write_field(out, "Content-Type", h->content_type);
	if (client->family)
		buf_printf(out, FRONT_CLIENT_FIELD ": %s\r\n", addr_text(client, address));
	if (head_has_body(h)) {
		uint64_t length = h->is_chunked ? FRONT_BODY_BYTES : h->length;
		buf_printf(out, "%s%s: %llu\r\n", h->is_chunked ? FRONT_FRAMES_FIELD ": 1\r\n" : "",
			   authorises ? FRONT_AUTHORISE_FIELD : "Content-Length",
			   (unsigned long long)length);
	}
	buf_add_text(out, "\r\n");
}

enum head_result head_read_reply(struct head_reply *r, const char *bytes, size_t len)
{
	struct http_text rest = {bytes, len}, line, name, value;
	*r = (struct head_reply){0};
	for (unsigned lines = 0;; lines++) {
		enum http_line_result there = http_take_line(&rest, &line);
		if (there == HTTP_LINE_MORE && len < FRONT_REPLY_HEAD_BYTES)
			return HEAD_MORE;
		if (there != HTTP_LINE || len - rest.len > FRONT_REPLY_HEAD_BYTES)
			return HEAD_BAD;
		if (lines > 0 && line.len == 0)
			break;
		if (lines == 0 ? !http_read_status_line(line, &r->status)
			       : !http_read_field(line, &name, &value))
			return HEAD_BAD;
		if (lines > 0 && http_text_is(name, "content-length")) {
			if (r->has_length || !http_read_length(value, &r->length))
				return HEAD_BAD;
			r->has_length = true;
		}
	}
	r->len = len - rest.len;
	return HEAD_DONE;
}

const char *head_guards(bool is_page)
{
	return is_page ? FOR_ALL FOR_PAGES : FOR_ALL FOR_OTHERS;
}

/* What concerns the connection to httpd alone (RFC 9110 7.6.1), or is front's to say. */
static bool is_dropped(struct http_text name, bool is_page)
{
	static const char *const dropped[] = {
		"connection",
		"date",
		"keep-alive",
		"transfer-encoding",
		"content-security-policy",
		"x-content-type-options",
		"referrer-policy",
		"cross-origin-opener-policy",
		"cross-origin-resource-policy",
	};
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		if (http_text_is(name, dropped[i]))
			return true;
	return is_page && http_text_is(name, "cache-control");
}

void head_write_reply(const char *bytes, size_t len, bool is_page, bool keeps, const char *date,
		      struct buf *out)
{
	struct http_text rest = {bytes, len}, line, name, value;
	http_take_line(&rest, &line);
	buf_add(out, "HTTP/1.1", 8);
	http_take_to(&line, ' ', &name);
	buf_printf(out, " %.*s\r\n", (int)line.len, line.at);
	while (http_take_line(&rest, &line) == HTTP_LINE && line.len > 0) {
		if (http_read_field(line, &name, &value) && !is_dropped(name, is_page))
			buf_printf(out, "%.*s\r\n", (int)line.len, line.at);
	}
	buf_printf(out, "Date: %s\r\n", date);
	buf_add_text(out, head_guards(is_page));
	buf_add_text(out, keeps ? "\r\n" : "Connection: close\r\n\r\n");
}
