/* SPDX-License-Identifier: MIT */
#include "create_read.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "modules.h"

static bool add_layer(struct sandbox *sb, const struct msg_field *f, struct reply *r)
{
	char name[LIMIT_MODULE_BYTES + 1];
	if (sb->layer_count == LIMIT_LAYERS) {
		reply_fail(r, 400, "bad_field", "layers has more than %d entries", LIMIT_LAYERS);
		return false;
	}
	if (!fields_text(f, "layers", name, sizeof(name), r))
		return false;
	if (!modules_is_name(name, f->len)) {
		reply_fail(r, 400, "bad_field",
			   "layers: \"%s\" is not a module's name, like 000-base-debian", name);
		return false;
	}
	for (size_t i = 0; i < sb->layer_count; i++) {
		if (strcmp(sb->layers[i], name) == 0) {
			reply_fail(r, 400, "bad_field", "layers: %s is given twice", name);
			return false;
		}
	}
	strcpy(sb->layers[sb->layer_count++], name);
	return true;
}

static bool add_host(struct sandbox *sb, const struct msg_field *f, struct reply *r)
{
	if (sb->allow_net_count == LIMIT_ALLOW_NET) {
		reply_fail(r, 400, "bad_field", "allow_net has more than %d entries",
			   LIMIT_ALLOW_NET);
		return false;
	}
	return fields_label(f, "allow_net", sb->allow_net[sb->allow_net_count++],
			    sizeof(sb->allow_net[0]), r);
}

static bool read_field(uint64_t machine_mb, struct sandbox *sb, const struct msg_field *f,
		       struct reply *r)
{
	switch (f->tag) {
	case TAG_ID:
		return fields_id(f, sb->id, r);
	case TAG_OWNER:
		return fields_label(f, "owner", sb->owner, sizeof(sb->owner), r);
	case TAG_TASK:
		return fields_label(f, "task", sb->task, sizeof(sb->task), r);
	case TAG_LAYER:
		return add_layer(sb, f, r);
	case TAG_CPU_MILLI:
		return fields_number(f, "cpu (in thousandths)", LIMIT_CPU_MILLI_MIN,
				     LIMIT_CPU_MILLI_MAX, &sb->cpu_milli, r);
	case TAG_MEMORY_MB:
		return fields_number(f, "memory_mb", LIMIT_MEMORY_MB_MIN, machine_mb,
				     &sb->memory_mb, r);
	case TAG_LIFETIME_S:
		return fields_number(f, "max_lifetime_s", 0, LIMIT_LIFETIME_S, &sb->lifetime_s, r);
	case TAG_ALLOW_NET:
		return add_host(sb, f, r);
	default:
		return fields_refuse(r);
	}
}

/* By number, then by name: names begin with their number. */
static int compare_layers(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool create_read(struct msg_cursor fields, uint64_t machine_mb, struct sandbox *sb, struct reply *r)
{
	struct msg_field f;
	int rc;
	memset(sb, 0, sizeof(*sb));
	sb->slot = SLOT_NONE;
	sb->cpu_milli = DEFAULT_CPU_MILLI;
	sb->memory_mb = DEFAULT_MEMORY_MB < machine_mb ? DEFAULT_MEMORY_MB : machine_mb;
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read_field(machine_mb, sb, &f, r))
			return false;
	if (rc < 0)
		return fields_refuse(r);
	if (sb->id[0] == '\0') {
		reply_fail(r, 400, "bad_field", "id is missing");
		return false;
	}
	if (sb->layer_count == 0) {
		reply_fail(r, 400, "bad_field", "layers is missing or empty");
		return false;
	}
	qsort(sb->layers, sb->layer_count, sizeof(sb->layers[0]), compare_layers);
	return true;
}
