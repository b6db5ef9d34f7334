/* SPDX-License-Identifier: MIT */
/* A snapshot's record, as it lies on a disk that anybody may have written: what is taken is a stack
 * that can be mounted with the snapshot on top, and is the same once it has been saved and loaded.
 * A name is one way to write its number. */
#include "check_sandbox.h"
#include "fuzz.h"
#include "lib/clock.h"
#include "squashd/store/snapshot_text.h"

static bool is_same_list(const char *a, const char *b, size_t count, size_t cap)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a + i * cap, b + i * cap) != 0)
			return false;
	return true;
}

/* The text, whatever it is, as a name. */
static void check_name(const uint8_t *data, size_t size)
{
	char name[LIMIT_MODULE_BYTES + 1], again[LIMIT_MODULE_BYTES + 1];
	uint64_t k = 0;
	if (!snapshot_is_name((const char *)data, size, &k))
		return;
	CHECK(size < sizeof(name) && k > 0);
	memcpy(name, data, size);
	name[size] = '\0';
	CHECK(snapshot_is_layer(name));
	snapshot_make_name(again, (unsigned)strtoul(name + 1, NULL, 10), k);
	CHECK(strcmp(name, again) == 0);
}

static void check_snapshot(const struct snapshot *n)
{
	CHECK(is_terminated(n->name, sizeof(n->name)) && is_terminated(n->label, sizeof(n->label)));
	CHECK(snapshot_is_name(n->name, strlen(n->name), NULL));
	CHECK(n->layer_count > 0 && n->layer_count < LIMIT_LAYERS);
	for (size_t i = 0; i < n->layer_count; i++) {
		CHECK(is_terminated(n->layers[i], sizeof(n->layers[i])));
		CHECK(snapshot_is_layer(n->layers[i]));
		CHECK(i == 0 || strcmp(n->layers[i - 1], n->layers[i]) < 0);
	}
	CHECK(strcmp(n->layers[n->layer_count - 1], n->name) < 0);
	CHECK(n->created_ms <= CLOCK_MS_MAX);
}

static void check_saved_snapshot(const struct snapshot *n)
{
	static struct snapshot again;
	static char text[SNAPSHOT_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct err e;
	snapshot_write(&out, n);
	uint8_t *copy = copy_record(&out);
	CHECK(snapshot_read(copy, out.len, &again, &e) == 0);
	free(copy);
	CHECK(strcmp(n->name, again.name) == 0 && strcmp(n->label, again.label) == 0);
	CHECK(n->created_ms == again.created_ms && n->layer_count == again.layer_count);
	CHECK(is_same_list(n->layers[0], again.layers[0], n->layer_count, sizeof(n->layers[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snapshot n;
	struct err e = {0};
	check_name(data, size);
	if (is_taken(snapshot_read(data, size, &n, &e), &e)) {
		check_snapshot(&n);
		check_saved_snapshot(&n);
	}
	return 0;
}
