/* SPDX-License-Identifier: MIT */
/* What the parts of the JSON parser end with, and how each takes a byte and keeps one. */
#include <errno.h>
#include <string.h>

#include "json_part.h"

int json_fault_at(struct json_reader *r, size_t offset, const char *reason)
{
	*r->fault = (struct json_fault){offset, reason};
	return -EINVAL;
}

int json_fault_early_end(struct json_reader *r)
{
	return json_fault_at(r, r->len, "the text ends early");
}

int json_fault_memory(struct json_reader *r)
{
	*r->fault = (struct json_fault){r->at, "out of memory"};
	return -ENOMEM;
}

bool json_next_is(const struct json_reader *r, char byte)
{
	return r->at < r->len && r->text[r->at] == (uint8_t)byte;
}

int json_keep(struct json_reader *r, const void *bytes, size_t len)
{
	struct arena *a = r->arena;
	if (len > a->cap - a->used)
		return json_fault_memory(r);
	if (len > 0)
		memcpy(a->base + a->used, bytes, len);
	a->used += len;
	return 0;
}
