/* SPDX-License-Identifier: MIT */
#include "http_head.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
	return ((uint8_t)c < ' ' && c != '\t') || c == 0x7f;
}

bool http_is_token_char(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	char letter = (char)(c | 0x20);
	return is_digit(c) || (letter >= 'a' && letter <= 'z') ||
	       memchr(others, c, sizeof(others) - 1);
}

static bool is_token(struct http_text t)
{
	size_t i = 0;
	while (i < t.len && http_is_token_char(t.at[i]))
		i++;
	return t.len > 0 && i == t.len;
}

struct http_text http_take_until(struct http_text *from, const char *ends)
{
	struct http_text part = {from->at, 0};
	/* strchr would find the NUL that ends them, too. */
	while (from->len > 0 && !memchr(ends, from->at[0], strlen(ends))) {
		from->at++;
		from->len--;
		part.len++;
	}
	return part;
}

bool http_take_to(struct http_text *from, char end, struct http_text *part)
{
	*part = http_take_until(from, (char[]){end, '\0'});
	if (from->len == 0)
		return false;
	from->at++;
	from->len--;
	return true;
}

size_t http_plain_len(const char *bytes, size_t len)
{
	size_t n = 0;
	while (n < len && !is_control(bytes[n]))
		n++;
	return n;
}

enum http_line_result http_take_line(struct http_text *head, struct http_text *line)
{
	size_t len = http_plain_len(head->at, head->len);
	if (len == head->len || (len + 1 == head->len && head->at[len] == '\r'))
		return HTTP_LINE_MORE;
	if (head->at[len] != '\r' || head->at[len + 1] != '\n')
		return HTTP_LINE_BAD;
	*line = (struct http_text){head->at, len};
	head->at += len + 2;
	head->len -= len + 2;
	return HTTP_LINE;
}

static bool is_visible(struct http_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if ((uint8_t)t.at[i] <= ' ' || (uint8_t)t.at[i] >= 0x7f)
			return false;
	return t.len > 0;
}

bool http_read_request_line(struct http_text line, struct http_request_line *r)
{
	static const char version[] = "HTTP/1."; /* and a digit */
	size_t len = sizeof(version) - 1;
	if (!http_take_to(&line, ' ', &r->method) || !is_token(r->method) ||
	    !http_take_to(&line, ' ', &r->target) || !is_visible(r->target) ||
	    line.len != len + 1 || memcmp(line.at, version, len) != 0 || !is_digit(line.at[len]))
		return false;
	r->minor = line.at[len] - '0';
	return true;
}

static struct http_text trim(struct http_text t)
{
	for (; t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t'); t.len--)
		t.at++;
	while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

bool http_read_field(struct http_text line, struct http_text *name, struct http_text *value)
{
	if (!http_take_to(&line, ':', name) || !is_token(*name))
		return false;
	*value = trim(line);
	return true;
}

bool http_read_length(struct http_text value, uint64_t *length)
{
	*length = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (!is_digit(value.at[i]) || *length > UINT64_MAX / 10 - 1)
			return false;
		*length = *length * 10 + (uint64_t)(value.at[i] - '0');
	}
	return value.len > 0;
}

bool http_read_status_line(struct http_text line, unsigned *status)
{
	struct http_text version, number;
	uint64_t value;
	if (!http_take_to(&line, ' ', &version) || !http_text_begins(version, "HTTP/1."))
		return false;
	number = http_take_until(&line, " ");
	if (number.len != 3 || !http_read_length(number, &value) || value < 200)
		return false;
	*status = (unsigned)value;
	return true;
}

bool http_text_begins(struct http_text t, const char *other)
{
	size_t len = strlen(other);
	return t.len >= len && strncasecmp(t.at, other, len) == 0;
}

bool http_text_is(struct http_text t, const char *other)
{
	return t.len == strlen(other) && http_text_begins(t, other);
}
