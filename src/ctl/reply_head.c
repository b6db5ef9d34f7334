/* SPDX-License-Identifier: MIT */
#include "reply_head.h"

#include "lib/http_head.h"
#include "limits.h"

static bool read_mode(struct http_text value, int *mode)
{
	*mode = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '7' || *mode > 07777 >> 3)
			return false;
		*mode = *mode << 3 | (value.at[i] - '0');
	}
	return value.len > 0;
}

static bool take_field(struct reply_head *r, struct http_text line)
{
	struct http_text name, value;
	if (!http_read_field(line, &name, &value))
		return false;
	if (http_text_is(name, "content-length")) {
		bool is_second = r->has_length;
		r->has_length = true;
		return !is_second && http_read_length(value, &r->length);
	}
	if (http_text_is(name, "transfer-encoding"))
		return false; /* the appliance has none */
	if (http_text_is(name, "squash-mode"))
		return read_mode(value, &r->mode);
	if (http_text_is(name, "squash-offset"))
		return http_read_length(value, &r->offset);
	if (http_text_is(name, "squash-state"))
		r->is_running = http_text_is(value, "running");
	return true;
}

enum reply_head_result reply_head_read(struct reply_head *r, const char *bytes, size_t len)
{
	struct http_text rest = {bytes, len}, line;
	*r = (struct reply_head){.mode = -1};
	for (unsigned lines = 0;; lines++) {
		enum http_line_result there = http_take_line(&rest, &line);
		if (there == HTTP_LINE_MORE)
			return len < CTL_REPLY_HEAD_BYTES ? REPLY_HEAD_MORE : REPLY_HEAD_BAD;
		if (there == HTTP_LINE_BAD)
			return REPLY_HEAD_BAD;
		if (lines > 0 && line.len == 0)
			break;
		if (lines == 0 ? !http_read_status_line(line, &r->status) : !take_field(r, line))
			return REPLY_HEAD_BAD;
	}
	r->len = len - rest.len;
	return REPLY_HEAD;
}
