/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <inttypes.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/utf8.h"
#include "squashd/store/meta_text.h"

bool fields_read(struct msg_cursor fields, fields_reader *read, void *request, struct reply *r)
{
	struct msg_field f;
	int rc;
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read(&f, request, r))
			return false;
	return rc < 0 ? fields_refuse(r) : true;
}

bool fields_has_id(const char *id, struct reply *r)
{
	return id[0] != '\0' ? true : fields_refuse(r);
}

bool fields_has_text(const char *text, const char *name, struct reply *r)
{
	if (text[0] == '\0')
		reply_fail(r, 400, "bad_field", "%s is missing", name);
	return text[0] != '\0';
}

bool fields_text(const struct msg_field *f, const char *name, char *out, size_t cap,
		 struct reply *r)
{
	if (f->len >= cap) {
		reply_fail(r, 400, "bad_field", "%s is longer than %zu bytes", name, cap - 1);
		return false;
	}
	if (memchr(f->data, 0, f->len)) {
		reply_fail(r, 400, "bad_field", "%s holds a NUL", name);
		return false;
	}
	memcpy(out, f->data, f->len);
	out[f->len] = '\0';
	return true;
}

bool fields_label(const struct msg_field *f, const char *name, char *out, size_t cap,
		  struct reply *r)
{
	bool good = true;
	if (!fields_text(f, name, out, cap, r))
		return false;
	for (size_t at = 0; at < f->len && good;)
		at += utf8_next(f->data + at, f->len - at, &good);
	if (!good)
		reply_fail(r, 400, "bad_field", "%s is not UTF-8", name);
	return good;
}

bool fields_number(const struct msg_field *f, const char *name, uint64_t min, uint64_t max,
		   uint64_t *out, struct reply *r)
{
	if (msg_number(f, out) < 0)
		return fields_refuse(r);
	if (*out >= min && *out <= max)
		return true;
	reply_fail(r, 400, "bad_field",
		   "%s is %" PRIu64 "; it must be from %" PRIu64 " to %" PRIu64, name, *out, min,
		   max);
	return false;
}

bool fields_body_size(const struct msg_field *f, uint64_t min, uint64_t *size, struct reply *r)
{
	return (msg_number(f, size) == 0 && *size == MSG_FRAMED) ||
	       fields_number(f, "Content-Length", min, LIMIT_UPLOAD_BYTES, size, r);
}

bool fields_flag(const struct msg_field *f, const char *name, bool *out, struct reply *r)
{
	uint64_t number;
	bool good = fields_number(f, name, 0, 1, &number, r);
	*out = good && number == 1;
	return good;
}

bool fields_name(const struct msg_field *f, const char *name, char *out, struct reply *r)
{
	if (!meta_is_id((const char *)f->data, f->len)) {
		reply_fail(r, 400, "bad_field",
			   "%s must be a letter or digit, then up to %d letters, digits, _ or -",
			   name, LIMIT_ID_BYTES - 1);
		return false;
	}
	memcpy(out, f->data, f->len);
	out[f->len] = '\0';
	return true;
}

bool fields_id(const struct msg_field *f, char *id, struct reply *r)
{
	return fields_name(f, "id", id, r);
}

bool fields_only_id(struct msg_cursor fields, char *id, struct reply *r)
{
	struct msg_field f;
	if (msg_next(&fields, &f) != 1 || f.tag != TAG_ID || fields.left > 0)
		return fields_refuse(r);
	return fields_id(&f, id, r);
}

bool fields_refuse(struct reply *r)
{
	reply_fail(r, 400, "bad_message", "the message is damaged");
	return false;
}
