/* SPDX-License-Identifier: MIT */
#include "sandbox_fields.h"

const struct field sandbox_fields[] = {
	{"id", FIELD_TEXT, TAG_ID},
	{"owner", FIELD_TEXT, TAG_OWNER},
	{"task", FIELD_TEXT, TAG_TASK},
	{"layers", FIELD_COMMAS, TAG_LAYER},
	{"cpu", FIELD_MILLI, TAG_CPU_MILLI},
	{"memory_mb", FIELD_NUMBER, TAG_MEMORY_MB},
	{"max_lifetime_s", FIELD_NUMBER, TAG_LIFETIME_S},
	{"allow_net", FIELD_LIST, TAG_ALLOW_NET},
	{"disk_mb", FIELD_NUMBER, TAG_DISK_MB},
};

const size_t sandbox_fields_count = sizeof(sandbox_fields) / sizeof(sandbox_fields[0]);

const struct field *sandbox_fields_find(uint32_t tag)
{
	for (size_t i = 0; i < sandbox_fields_count; i++)
		if (sandbox_fields[i].tag == tag)
			return &sandbox_fields[i];
	return NULL;
}
