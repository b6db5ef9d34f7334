/* SPDX-License-Identifier: MIT */
#include "meta_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "json_members.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "snapshot_text.h"
#include "stack.h"

#define META_VERSION 2
#define UPPER_MAX 1000000000 /* nobody restores so often */

bool meta_is_id(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_ID_BYTES || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

void meta_write(struct buf *out, const struct sandbox *sb)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object_begin(&w);
	jsonw_key(&w, "version");
	jsonw_uint(&w, META_VERSION);
	jsonw_key(&w, "id");
	jsonw_string(&w, sb->id);
	jsonw_key(&w, "owner");
	jsonw_string(&w, sb->owner);
	jsonw_key(&w, "task");
	jsonw_string(&w, sb->task);
	jsonw_key(&w, "layers");
	jsonw_array_begin(&w);
	for (size_t i = 0; i < sb->layer_count; i++)
		jsonw_string(&w, sb->layers[i]);
	jsonw_array_end(&w);
	jsonw_key(&w, "cpu_milli");
	jsonw_uint(&w, sb->cpu_milli);
	jsonw_key(&w, "memory_mb");
	jsonw_uint(&w, sb->memory_mb);
	jsonw_key(&w, "max_lifetime_s");
	jsonw_uint(&w, sb->lifetime_s);
	jsonw_key(&w, "allow_net");
	jsonw_array_begin(&w);
	for (size_t i = 0; i < sb->allow_net_count; i++)
		jsonw_string(&w, sb->allow_net[i]);
	jsonw_array_end(&w);
	jsonw_key(&w, "disk_mb");
	jsonw_uint(&w, sb->disk_mb);
	jsonw_key(&w, "on_disk");
	jsonw_bool(&w, sb->on_disk);
	jsonw_key(&w, "created_ms");
	jsonw_uint(&w, sb->created_ms);
	jsonw_key(&w, "upper");
	jsonw_uint(&w, sb->upper);
	jsonw_key(&w, "active_snapshot");
	jsonw_string(&w, sb->active_snapshot);
	jsonw_object_end(&w);
}

static bool read_members(const struct json_value *root, struct sandbox *sb)
{
	return members_text(root, "id", sb->id, sizeof(sb->id)) &&
	       members_text(root, "owner", sb->owner, sizeof(sb->owner)) &&
	       members_text(root, "task", sb->task, sizeof(sb->task)) &&
	       members_texts(root, "layers", sb->layers[0], sizeof(sb->layers[0]), LIMIT_LAYERS,
			     &sb->layer_count) &&
	       members_number(root, "cpu_milli", &sb->cpu_milli) &&
	       members_number(root, "memory_mb", &sb->memory_mb) &&
	       members_number(root, "max_lifetime_s", &sb->lifetime_s) &&
	       members_texts(root, "allow_net", sb->allow_net[0], sizeof(sb->allow_net[0]),
			     LIMIT_ALLOW_NET, &sb->allow_net_count) &&
	       members_number(root, "disk_mb", &sb->disk_mb) &&
	       members_flag(root, "on_disk", &sb->on_disk) &&
	       members_number(root, "created_ms", &sb->created_ms) &&
	       members_number(root, "upper", &sb->upper) &&
	       members_text(root, "active_snapshot", sb->active_snapshot,
			    sizeof(sb->active_snapshot));
}

/* The disk may be anybody's: names become paths and numbers limits, so they keep to what a request
 * may ask for. */
static bool is_good(const struct sandbox *sb)
{
	bool good = meta_is_id(sb->id, strlen(sb->id)) && sb->layer_count > 0;
	for (size_t i = 0; i < sb->layer_count; i++) {
		good = good && snapshot_is_layer(sb->layers[i]);
		good = good && (i == 0 || strcmp(sb->layers[i - 1], sb->layers[i]) < 0);
	}
	/* What it was restored to is on top. */
	const char *top = good ? sb->layers[sb->layer_count - 1] : "";
	good = good && strcmp(sb->active_snapshot, stack_is_snapshot(top) ? top : "") == 0;
	return good && sb->disk_mb > 0 && sb->disk_mb <= LIMIT_DISK_MB_MAX &&
	       sb->upper <= UPPER_MAX && sb->cpu_milli >= LIMIT_CPU_MILLI_MIN &&
	       sb->cpu_milli <= LIMIT_CPU_MILLI_MAX && sb->memory_mb >= LIMIT_MEMORY_MB_MIN &&
	       sb->memory_mb <= LIMIT_MEMORY_MB_MAX && sb->lifetime_s <= LIMIT_LIFETIME_S &&
	       sb->created_ms <= CLOCK_MS_MAX;
}

int meta_read(const uint8_t *text, size_t len, struct sandbox *sb, struct err *e)
{
	static unsigned char memory[JSON_ARENA_BYTES(16384)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	struct json_fault fault;
	uint64_t version = 0;
	memset(sb, 0, sizeof(*sb));
	sb->runtime.slot = SLOT_NONE;
	if (json_parse(text, len, &arena, &root, &fault) < 0)
		return err_say(e, EBADMSG, "meta.json is damaged at byte %zu: %s", fault.offset,
			       fault.reason);
	if (members_number(root, "version", &version) && version != META_VERSION)
		return err_say(e, EBADMSG, "meta.json is of version %" PRIu64 ", not %d", version,
			       META_VERSION);
	if (version != META_VERSION || !read_members(root, sb) || !is_good(sb))
		return err_say(e, EBADMSG, "meta.json is damaged");
	return 0;
}
