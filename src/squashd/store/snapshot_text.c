/* SPDX-License-Identifier: MIT */
#include "snapshot_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_members.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "modules.h"
#include "stack.h"

#define RECORD_VERSION 1
#define MIDDLE "-snapshot-"
#define K_DIGITS 9

bool snapshot_is_name(const char *text, size_t len, uint64_t *k)
{
	size_t middle = strlen(MIDDLE), head = 3 + middle;
	uint64_t number = 0;
	if (len <= head || len > head + K_DIGITS || text[0] != '9' ||
	    !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[2]) ||
	    memcmp(text + 3, MIDDLE, middle) != 0 || text[head] == '0')
		return false;
	for (size_t i = head; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	if (k)
		*k = number;
	return true;
}

bool snapshot_is_layer(const char *name)
{
	size_t len = strlen(name);
	return stack_is_snapshot(name) ? snapshot_is_name(name, len, NULL)
				       : modules_is_name(name, len);
}

void snapshot_make_name(char name[LIMIT_MODULE_BYTES + 1], unsigned beneath, uint64_t k)
{
	snprintf(name, LIMIT_MODULE_BYTES + 1, "9%02u" MIDDLE "%" PRIu64, beneath % 100, k);
}

void snapshot_write(struct buf *out, const struct snapshot *n)
{
	struct jsonw w;
	members_begin(&w, out, RECORD_VERSION);
	jsonw_key(&w, "name");
	jsonw_string(&w, n->name);
	jsonw_key(&w, "label");
	jsonw_string(&w, n->label);
	jsonw_key(&w, "created_ms");
	jsonw_uint(&w, n->created_ms);
	jsonw_key(&w, "layers");
	jsonw_array_begin(&w);
	for (size_t i = 0; i < n->layer_count; i++)
		jsonw_string(&w, n->layers[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* As with meta.json: the disk may be anybody's. */
static bool is_good(const struct snapshot *n)
{
	/* One place is the snapshot's own, in the stack of what is restored from it. */
	bool good = snapshot_is_name(n->name, strlen(n->name), NULL) && n->layer_count > 0 &&
		    n->layer_count < LIMIT_LAYERS && n->created_ms <= CLOCK_MS_MAX;
	for (size_t i = 0; i < n->layer_count; i++) {
		const char *next = i + 1 < n->layer_count ? n->layers[i + 1] : n->name;
		good = good && snapshot_is_layer(n->layers[i]) && strcmp(n->layers[i], next) < 0;
	}
	return good;
}

int snapshot_read(const uint8_t *text, size_t len, struct snapshot *n, struct err *e)
{
	static unsigned char memory[JSON_ARENA_BYTES(4096)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	uint64_t version = 0;
	memset(n, 0, sizeof(*n));
	int rc = members_parse(text, len, "a snapshot's record", &arena, &root, e);
	if (rc < 0)
		return rc;
	if (!members_number(root, "version", &version) || version != RECORD_VERSION ||
	    !members_text(root, "name", n->name, sizeof(n->name)) ||
	    !members_text(root, "label", n->label, sizeof(n->label)) ||
	    !members_number(root, "created_ms", &n->created_ms) ||
	    !members_texts(root, "layers", n->layers[0], sizeof(n->layers[0]), LIMIT_LAYERS,
			   &n->layer_count) ||
	    !is_good(n))
		return err_say(e, EBADMSG, "a snapshot's record is damaged");
	return 0;
}
