/* SPDX-License-Identifier: MIT */
/* Parsers of the manifest, of ext superblocks and of kernel events; see parse.h. */
#include "parse.h"

#include <string.h>

int manifest_next(const char **text, size_t *len, struct manifest_entry *entry)
{
	if (*len == 0)
		return 0;
	const char *at = *text;
	const char *newline = memchr(at, '\n', *len);
	const char *end = newline ? newline : at + *len;
	size_t used = (size_t)(end - at) + (newline ? 1 : 0);
	*text += used;
	*len -= used;

	uint64_t size = 0;
	const char *digits = at;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (size > UINT64_MAX / 10 - 1)
			return -1;
		size = size * 10 + (uint64_t)(*at - '0');
	}
	if (at == digits || end - at < 3 || at[0] != ' ' || at[1] != '/')
		return -1;
	*entry = (struct manifest_entry){
		.size_bytes = size,
		.path = at + 1,
		.path_len = (size_t)(end - at - 1),
	};
	return 1;
}

bool ext_super_parse(const uint8_t *super, struct ext_super *out)
{
	enum { MAGIC_AT = 0x38, STATE_AT = 0x3a, LABEL_AT = 0x78, STATE_HAS_ERRORS = 2 };
	if (super[MAGIC_AT] != 0x53 || super[MAGIC_AT + 1] != 0xef)
		return false;
	memcpy(out->label, super + LABEL_AT, EXT_LABEL_BYTES);
	out->label[EXT_LABEL_BYTES] = '\0';
	out->has_errors = (super[STATE_AT] & STATE_HAS_ERRORS) != 0;
	return true;
}

const char *uevent_find(const char *message, size_t len, const char *key)
{
	size_t key_len = strlen(key);
	const char *at = message;
	const char *end = message + len;
	while (at < end) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		if (!stop)
			return NULL;
		if ((size_t)(stop - at) > key_len && at[key_len] == '=' &&
		    memcmp(at, key, key_len) == 0)
			return at + key_len + 1;
		at = stop + 1;
	}
	return NULL;
}
