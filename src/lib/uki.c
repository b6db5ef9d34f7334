/* SPDX-License-Identifier: MIT */
#include "uki.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PREFIX "squash_"
#define SUFFIX ".efi"

/* Take a number from the beginning of *text. False: there is none, or one that is too large. */
static bool take_number(const char **text, size_t *len, uint32_t *out)
{
	uint64_t number = 0;
	size_t digits = 0;
	for (; digits < *len && (*text)[digits] >= '0' && (*text)[digits] <= '9'; digits++) {
		number = number * 10 + (uint64_t)((*text)[digits] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	if (digits == 0 || (digits > 1 && (*text)[0] == '0'))
		return false;
	*text += digits;
	*len -= digits;
	*out = (uint32_t)number;
	return true;
}

static bool take(const char **text, size_t *len, const char *word)
{
	size_t n = strlen(word);
	if (*len < n || strncasecmp(*text, word, n) != 0)
		return false;
	*text += n;
	*len -= n;
	return true;
}

static bool take_version(const char **text, size_t *len, struct uki_version *out)
{
	return take_number(text, len, &out->part[0]) && take(text, len, ".") &&
	       take_number(text, len, &out->part[1]) && take(text, len, ".") &&
	       take_number(text, len, &out->part[2]);
}

bool uki_read_version(const char *text, size_t len, struct uki_version *out)
{
	return take_version(&text, &len, out) && len == 0;
}

char *uki_write_version(const struct uki_version *v, char text[UKI_VERSION_BYTES])
{
	snprintf(text, UKI_VERSION_BYTES, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, v->part[0],
		 v->part[1], v->part[2]);
	return text;
}

int uki_compare(const struct uki_version *a, const struct uki_version *b)
{
	for (size_t i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

bool uki_read_name(const char *text, size_t len, struct uki_name *out)
{
	uint32_t done;
	*out = (struct uki_name){0};
	if (!take(&text, &len, PREFIX) || !take_version(&text, &len, &out->version))
		return false;
	out->is_counted = take(&text, &len, "+");
	if (out->is_counted && !take_number(&text, &len, &out->left))
		return false;
	if (out->is_counted && take(&text, &len, "-") && !take_number(&text, &len, &done))
		return false;
	return take(&text, &len, SUFFIX) && len == 0;
}

char *uki_write_name(const struct uki_version *v, unsigned tries, char text[UKI_NAME_BYTES])
{
	char version[UKI_VERSION_BYTES], counter[12] = "";
	if (tries > 0)
		snprintf(counter, sizeof(counter), "+%u", tries);
	snprintf(text, UKI_NAME_BYTES, PREFIX "%s%s" SUFFIX, uki_write_version(v, version),
		 counter);
	return text;
}
