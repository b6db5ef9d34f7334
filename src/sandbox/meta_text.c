/* SPDX-License-Identifier: MIT */
#include "meta_text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "modules.h"

#define META_VERSION 1
#define CREATED_MS_MAX UINT64_C(253402300799999) /* the end of the year 9999: RFC 3339 ends there */

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
	jsonw_key(&w, "created_ms");
	jsonw_uint(&w, sb->created_ms);
	jsonw_key(&w, "deadline_ms");
	jsonw_uint(&w, sb->deadline_ms);
	jsonw_key(&w, "boot_id");
	jsonw_string(&w, sb->boot_id);
	jsonw_key(&w, "slot");
	jsonw_uint(&w, sb->slot);
	jsonw_object_end(&w);
}

/* A string without NULs that fits into cap bytes, terminated. */
static bool copy_text(const struct json_value *v, char *out, size_t cap)
{
	if (v->type != JSON_STRING || v->text_len >= cap || strlen(v->text) != v->text_len)
		return false;
	memcpy(out, v->text, v->text_len + 1);
	return true;
}

static bool read_text(const struct json_value *root, const char *key, char *out, size_t cap)
{
	const struct json_value *v = json_get(root, key);
	return v && copy_text(v, out, cap);
}

static bool read_number(const struct json_value *root, const char *key, uint64_t *out)
{
	int64_t n;
	const struct json_value *v = json_get(root, key);
	if (!v || json_integer(v, &n) < 0 || n < 0)
		return false;
	*out = (uint64_t)n;
	return true;
}

/* The strings of an array, each into cap bytes of out, one behind the other. */
static bool read_texts(const struct json_value *root, const char *key, char *out, size_t cap,
		       size_t max, size_t *count)
{
	const struct json_value *v = json_get(root, key);
	if (!v || v->type != JSON_ARRAY || v->count > max)
		return false;
	*count = 0;
	for (const struct json_value *t = v->first; t; t = t->next)
		if (!copy_text(t, out + cap * (*count)++, cap))
			return false;
	return true;
}

static bool read_members(const struct json_value *root, struct sandbox *sb)
{
	uint64_t version = 0, slot = 0;
	if (!read_number(root, "version", &version) || version != META_VERSION ||
	    !read_text(root, "id", sb->id, sizeof(sb->id)) ||
	    !read_text(root, "owner", sb->owner, sizeof(sb->owner)) ||
	    !read_text(root, "task", sb->task, sizeof(sb->task)) ||
	    !read_texts(root, "layers", sb->layers[0], sizeof(sb->layers[0]), LIMIT_LAYERS,
			&sb->layer_count) ||
	    !read_number(root, "cpu_milli", &sb->cpu_milli) ||
	    !read_number(root, "memory_mb", &sb->memory_mb) ||
	    !read_number(root, "max_lifetime_s", &sb->lifetime_s) ||
	    !read_texts(root, "allow_net", sb->allow_net[0], sizeof(sb->allow_net[0]),
			LIMIT_ALLOW_NET, &sb->allow_net_count) ||
	    !read_number(root, "created_ms", &sb->created_ms) ||
	    !read_number(root, "deadline_ms", &sb->deadline_ms) ||
	    !read_text(root, "boot_id", sb->boot_id, sizeof(sb->boot_id)) ||
	    !read_number(root, "slot", &slot))
		return false;
	sb->slot = (uint32_t)slot;
	return slot < 0x8000;
}

/* The disk may be anybody's: names become paths and numbers limits, so they keep to what a request
 * may ask for. */
static bool is_good(const struct sandbox *sb)
{
	bool good = meta_is_id(sb->id, strlen(sb->id)) && sb->layer_count > 0;
	for (size_t i = 0; i < sb->layer_count; i++) {
		good = good && modules_is_name(sb->layers[i], strlen(sb->layers[i]));
		good = good && (i == 0 || strcmp(sb->layers[i - 1], sb->layers[i]) < 0);
	}
	return good && sb->cpu_milli >= LIMIT_CPU_MILLI_MIN &&
	       sb->cpu_milli <= LIMIT_CPU_MILLI_MAX && sb->memory_mb >= LIMIT_MEMORY_MB_MIN &&
	       sb->memory_mb <= LIMIT_MEMORY_MB_MAX && sb->lifetime_s <= LIMIT_LIFETIME_S &&
	       sb->created_ms <= CREATED_MS_MAX;
}

int meta_read(const uint8_t *text, size_t len, struct sandbox *sb, struct err *e)
{
	static unsigned char memory[JSON_ARENA_BYTES(16384)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	struct json_fault fault;
	memset(sb, 0, sizeof(*sb));
	if (json_parse(text, len, &arena, &root, &fault) < 0)
		return err_say(e, EBADMSG, "meta.json is damaged at byte %zu: %s", fault.offset,
			       fault.reason);
	if (!read_members(root, sb) || !is_good(sb))
		return err_say(e, EBADMSG, "meta.json is damaged");
	return 0;
}
