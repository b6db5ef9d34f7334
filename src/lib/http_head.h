/* SPDX-License-Identifier: MIT */
/* Heads of HTTP/1 messages, line by line (RFC 9112 2 to 5). What two readers could take in two ways
 * is bad, where the RFC leaves it to them: lines that end by LF alone, bare CRs, folded lines,
 * blanks before a colon, control characters. Pure: the texts point into what was read. */
#ifndef SQUASH_LIB_HTTP_HEAD_H
#define SQUASH_LIB_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_text {
	const char *at;
	size_t len;
};

enum http_line_result { HTTP_LINE, HTTP_LINE_MORE, HTTP_LINE_BAD };

/* Take the next line off the head. HTTP_LINE: it is in line, without its end; HTTP_LINE_MORE: there
 * is only a beginning, and nothing has been taken. */
enum http_line_result http_take_line(struct http_text *head, struct http_text *line);

/* Whether the byte may stand in a token: RFC 9110 5.6.2. */
bool http_is_token_char(char c);

/* How many bytes come before the first that ends a line, or is none of a head's. */
size_t http_plain_len(const char *bytes, size_t len);

/* Take what stands before the first of the bytes in ends, or all. */
struct http_text http_take_until(struct http_text *from, const char *ends);

/* The same for one byte, which must be there, and is taken, too. */
bool http_take_to(struct http_text *from, char end, struct http_text *part);

struct http_request_line {
	struct http_text method; /* a token: RFC 9110 5.6.2 */
	struct http_text target; /* visible ASCII, not empty */
	int minor;               /* of HTTP/1.x: 0 to 9 */
};

/* Read a request line; false if it is none of HTTP/1. */
bool http_read_request_line(struct http_text line, struct http_request_line *r);

/* Read a field line; the value is without blanks around it, and may be empty. */
bool http_read_field(struct http_text line, struct http_text *name, struct http_text *value);

/* Read the first line of a reply: "HTTP/1.1 200 OK". False if it is none, or an interim one. */
bool http_read_status_line(struct http_text line, unsigned *status);

/* Read a Content-Length: digits and nothing else (RFC 9110 8.6); a list of equal ones is none. */
bool http_read_length(struct http_text value, uint64_t *length);

/* Whether the text is, or begins with, the other, without regard to the case of ASCII letters. */
bool http_text_is(struct http_text t, const char *other);
bool http_text_begins(struct http_text t, const char *other);

#endif
