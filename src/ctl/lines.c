/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <string.h>

#include "lib/base64.h"

static bool is_text(const struct json_value *v)
{
	return v && v->type == JSON_STRING;
}

static bool read_output(struct line *l, const struct json_value *root, struct arena *a)
{
	const struct json_value *stream = json_get(root, "stream"), *data = json_get(root, "data");
	const struct json_value *base64 = json_get(root, "base64");
	int64_t offset;
	if (!is_text(stream) || json_integer(json_get(root, "offset"), &offset) < 0 || offset < 0)
		return false;
	l->kind = LINE_OUTPUT;
	l->offset = (uint64_t)offset;
	l->is_stderr = strcmp(stream->text, "stderr") == 0;
	if (!l->is_stderr && strcmp(stream->text, "stdout") != 0)
		return false;
	if (is_text(data)) {
		l->bytes = data->text;
		l->len = data->text_len;
		return true;
	}
	uint8_t *bytes = is_text(base64) ? arena_take(a, base64->text_len / 4 * 3 + 1) : NULL;
	l->bytes = bytes;
	return bytes && base64_decode(base64->text, base64->text_len, bytes, &l->len);
}

static bool read_result(struct line *l, const struct json_value *result)
{
	const struct json_value *timed_out = json_get(result, "timed_out");
	const struct json_value *oom = json_get(result, "oom_killed");
	int64_t code;
	if (json_integer(json_get(result, "exit_code"), &code) < 0 || code < 0 || code > 255)
		return false;
	l->kind = LINE_RESULT;
	l->exit_code = (int)code;
	l->was_timed_out = timed_out && timed_out->type == JSON_TRUE;
	l->was_oom_killed = oom && oom->type == JSON_TRUE;
	return true;
}

bool line_read(struct line *l, const void *text, size_t len, struct arena *a)
{
	const struct json_value *root;
	struct json_fault fault;
	*l = (struct line){.kind = LINE_ALIVE};
	if (json_parse(text, len, a, &root, &fault) < 0 || root->type != JSON_OBJECT)
		return false;
	if (json_get(root, "stream"))
		return read_output(l, root, a);
	if (json_get(root, "result"))
		return read_result(l, json_get(root, "result"));
	if (is_text(json_get(root, "error"))) {
		l->kind = LINE_ERROR;
		l->error = json_get(root, "error")->text;
		return true;
	}
	return json_get(root, "duration_ms") != NULL;
}

int lines_take(struct lines *s, const uint8_t **piece, size_t *left)
{
	if (s->len > 0 && s->data[s->len - 1] == '\n')
		s->len = 0;
	const uint8_t *end = *left > 0 ? memchr(*piece, '\n', *left) : NULL;
	size_t n = end ? (size_t)(end - *piece) + 1 : *left;
	if (n > s->cap - s->len)
		return -1;
	if (n > 0)
		memcpy(s->data + s->len, *piece, n);
	s->len += n;
	*piece += n;
	*left -= n;
	return end != NULL;
}
