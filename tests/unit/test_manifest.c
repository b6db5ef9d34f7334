/* SPDX-License-Identifier: MIT */
/* Modules' manifests: a good one is read and written as it is, and of each that is bent the field
 * is named. */
#include <stdio.h>
#include <string.h>

#include "exact.h"
#include "squashd/store/manifest.h"
#include "tap.h"

#define DIGITS "0123456789abcdef"
#define SHA256 DIGITS DIGITS DIGITS DIGITS
#define HEAD "squash-module 1\n"
#define NAME "name 100-python313\n"
#define VERSION "version 3.13.5-2\n"
#define NEEDS "needs 000-base-debian\nneeds 010-locale\n"
#define HASH "sha256 " SHA256 "\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

/* Of a block of len bytes that has the text, and newlines behind it. */
static int read_block(const char *text, size_t len, struct manifest *m,
		      struct manifest_fault *fault)
{
	uint8_t *block = exact_copy(text, len);
	size_t text_len = strlen(text) < len ? strlen(text) : len;
	memset(block + text_len, '\n', len - text_len);
	int rc = manifest_read(block, len, m, fault);
	free(block);
	return rc;
}

/* A buffer of a block's size that begins with the text. */
static const char *padded(const char *text)
{
	static char block[MANIFEST_BYTES + 2];
	memset(block, 0, sizeof(block));
	snprintf(block, sizeof(block), "%s", text);
	return block;
}

static void test_good(void)
{
	static const char text[] = HEAD NAME VERSION NEEDS HASH;
	static struct manifest m;
	struct manifest_fault fault;
	uint8_t block[MANIFEST_BYTES], again[MANIFEST_BYTES];
	memset(block, '\n', sizeof(block));
	memcpy(block, text, strlen(text));
	tap_ok(manifest_is_claimed(block, sizeof(block)), "a block says that it is one");
	tap_ok(manifest_read(block, sizeof(block), &m, &fault) == 0, "it is read");
	tap_ok(strcmp(m.name, "100-python313") == 0, "its name");
	tap_ok(strcmp(m.version, "3.13.5-2") == 0, "its version");
	tap_ok(m.needs_count == 2 && strcmp(m.needs[0], "000-base-debian") == 0 &&
		       strcmp(m.needs[1], "010-locale") == 0,
	       "what it needs");
	tap_ok(m.sha256[0] == 0x01 && m.sha256[31] == 0xef, "its digest");
	tap_ok(manifest_write(&m, again) == 0 && memcmp(block, again, sizeof(block)) == 0,
	       "written anew it is the same");
	tap_ok(read_block(padded(HEAD NAME VERSION HASH), MANIFEST_BYTES, &m, &fault) == 0 &&
		       m.needs_count == 0,
	       "it may need nothing");
	tap_ok(read_block(padded(HEAD NAME "version " X64 "\n" HASH), MANIFEST_BYTES, &m, &fault) ==
		       0,
	       "a version has up to 64 characters");
	tap_ok(!manifest_is_claimed((const uint8_t *)"squash-module", 13) &&
		       !manifest_is_claimed((const uint8_t *)"squash-modules 1\n", 17),
	       "something else doesn't say so");
}

static void test_bad(void)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"", "squash-module"},
		{"squash-module 2\n" NAME VERSION HASH, "squash-module"},
		{"squash-module 1 \n" NAME VERSION HASH, "squash-module"},
		{HEAD VERSION HASH, "name"},
		{HEAD VERSION NAME HASH, "name"},
		{HEAD "\n" NAME VERSION HASH, "name"},
		{HEAD "name  100-a\n" VERSION HASH, "name"},
		{HEAD "name 100-a/b\n" VERSION HASH, "name"},
		{HEAD "name 100-a\r\n" VERSION HASH, "name"},
		{HEAD "name 900-snapshot-1\n" VERSION HASH, "name"},
		{HEAD "name 100-" X64 "\n" VERSION HASH, "name"},
		{HEAD NAME HASH, "version"},
		{HEAD NAME "version \n" HASH, "version"},
		{HEAD NAME "version 1 2\n" HASH, "version"},
		{HEAD NAME "version 1\t2\n" HASH, "version"},
		{HEAD NAME "version \xc3\xa4\n" HASH, "version"},
		{HEAD NAME "version x" X64 "\n" HASH, "version"},
		{HEAD NAME VERSION "needs \n" HASH, "needs"},
		{HEAD NAME VERSION "needs base\n" HASH, "needs"},
		{HEAD NAME VERSION "needs 999-x\n" HASH, "needs"},
		{HEAD NAME VERSION "needs 000-b\nneeds 000-a\n" HASH, "needs"},
		{HEAD NAME VERSION "needs 000-a\nneeds 000-a\n" HASH, "needs"},
		{HEAD NAME VERSION, "sha256"},
		{HEAD NAME VERSION "\n" HASH, "sha256"},
		{HEAD NAME VERSION HASH "needs 000-a\n", "end"},
		{HEAD NAME VERSION "more 1\n" HASH, "sha256"},
		{HEAD NAME VERSION "sha256 " DIGITS "\n", "sha256"},
		{HEAD NAME VERSION "sha256 " DIGITS DIGITS DIGITS "0123456789ABCDEF\n", "sha256"},
		{HEAD NAME VERSION "sha256 " DIGITS DIGITS DIGITS "0123456789abcdeg\n", "sha256"},
		{HEAD NAME VERSION HASH "x", "end"},
		{HEAD NAME VERSION HASH "\n\nx\n", "end"},
	};
	static struct manifest m;
	struct manifest_fault fault;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fault = (struct manifest_fault){"nothing", ""};
		bool refused = read_block(padded(cases[i].text), MANIFEST_BYTES, &m, &fault) < 0;
		if (!tap_ok(refused && strcmp(fault.field, cases[i].field) == 0,
			    "%zu is refused for its %s", i, cases[i].field))
			tap_note("%s: %s", fault.field, fault.reason);
	}
	static const char good[] = HEAD NAME VERSION NEEDS HASH;
	bool all = true;
	for (size_t len = 0; len < MANIFEST_BYTES; len++)
		all = all && read_block(padded(good), len, &m, &fault) < 0;
	tap_ok(all, "one that is cut is refused");
	tap_ok(read_block(padded(good), MANIFEST_BYTES + 1, &m, &fault) < 0 &&
		       strcmp(fault.field, "size") == 0,
	       "so is one that something follows");
}

/* As many needs as there can be, and then names that are too long for the block. */
static void test_full(void)
{
	static struct manifest m, again;
	struct manifest_fault fault;
	uint8_t block[MANIFEST_BYTES], block_again[MANIFEST_BYTES];
	snprintf(m.name, sizeof(m.name), "150-mine");
	snprintf(m.version, sizeof(m.version), "1");
	m.needs_count = LIMIT_LAYERS;
	for (unsigned i = 0; i < LIMIT_LAYERS; i++)
		snprintf(m.needs[i], sizeof(m.needs[i]), "%03u-n", i);
	tap_ok(manifest_write(&m, block) == 0 &&
		       manifest_read(block, sizeof(block), &again, &fault) == 0 &&
		       again.needs_count == LIMIT_LAYERS &&
		       manifest_write(&again, block_again) == 0 &&
		       memcmp(block, block_again, sizeof(block)) == 0,
	       "it can need a whole stack");
	for (unsigned i = 0; i < LIMIT_LAYERS; i++)
		snprintf(m.needs[i], sizeof(m.needs[i]), "%03u-%.60s", i, X64);
	tap_ok(manifest_write(&m, block) < 0, "but not more than the block holds");
}

int main(void)
{
	test_good();
	test_bad();
	test_full();
	return tap_done();
}
