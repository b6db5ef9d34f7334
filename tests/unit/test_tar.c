/* SPDX-License-Identifier: MIT */
/* Archives, read and written: what one writes the other reads, numbers in all their forms, and what
 * is refused is refused for what is wrong with it. */
#include <errno.h>
#include <string.h>

#include "lib/tar_read.h"
#include "lib/tar_write.h"
#include "tap.h"
#include "texts.h"

struct memory {
	const uint8_t *at;
	size_t left;
};

static int take(void *owner, void *data, size_t len, struct err *e)
{
	struct memory *m = owner;
	if (len > m->left)
		return err_say(e, ENODATA, "its end");
	memcpy(data, m->at, len);
	m->at += len;
	m->left -= len;
	return 0;
}

static struct tar_entry entry, got;
static struct err e;

static int read_one(const uint8_t *bytes, size_t len)
{
	static struct tar_reader reader = {.read = take};
	struct memory m = {.at = bytes, .left = len};
	reader.owner = &m;
	e.text[0] = '\0';
	memset(&got, 0, sizeof(got));
	return tar_read(&reader, &got, &e);
}

static void set(enum tar_type type, char name, size_t name_len, size_t target_len)
{
	entry = (struct tar_entry){
		.type = type, .mode = 0751, .uid = 65535, .gid = 7, .mtime = 1000000000};
	memset(entry.name, name, name_len);
	memset(entry.target, 't', target_len);
}

static void try_same(const char *what)
{
	static uint8_t header[TAR_HEADER_BYTES];
	size_t len = tar_write_header(&entry, header);
	int rc = read_one(header, len);
	size_t got_len = strlen(got.name);
	if (rc == 1 && entry.type == TAR_DIRECTORY && got.name[got_len - 1] == '/')
		got.name[got_len - 1] = '\0';
	bool same = rc == 1 && got.type == entry.type && got.mode == entry.mode &&
		    got.uid == entry.uid && got.gid == entry.gid && got.mtime == entry.mtime &&
		    got.size == entry.size && strcmp(got.name, entry.name) == 0 &&
		    strcmp(got.target, entry.target) == 0;
	if (!tap_ok(same, "what is written is read: %s", what))
		tap_note("%d %s %s", rc, got.name, e.text);
}

static void test_same(void)
{
	set(TAR_FILE, 'n', 1, 0);
	entry.size = 12345;
	try_same("a file");
	entry.size = UINT64_C(10) << 30;
	try_same("one of 10 GiB");
	entry.mtime = -5;
	entry.size = 0;
	try_same("one from before 1970");
	entry.mtime = INT64_C(1) << 40;
	try_same("one from far ahead");
	entry.uid = 2097152;
	entry.gid = 4294967294;
	try_same("ids of more than seven digits");
	/* Where the length of the record's length changes. */
	for (size_t len = 85; len <= 105; len++) {
		set(TAR_DIRECTORY, 'd', len, 0);
		try_same("a directory");
	}
	set(TAR_FILE, 'n', 989, 0);
	try_same("a record of 999 bytes");
	set(TAR_FILE, 'n', 990, 0);
	try_same("a record of 1001 bytes");
	set(TAR_LINK, 'n', 4095, 4095);
	try_same("the longest link");
	set(TAR_HARD_LINK, 'n', 100, 100);
	try_same("names that fill their fields");
}

static void put_sum(uint8_t *block)
{
	unsigned sum = 0;
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	for (int i = 5; i >= 0; i--, sum >>= 3)
		block[148 + i] = (uint8_t)('0' + (sum & 7));
	block[154] = '\0';
}

/* A plain header whose bytes at that place are these. */
static int read_bent(size_t at, const char *bytes, size_t len)
{
	static uint8_t header[TAR_HEADER_BYTES];
	set(TAR_FILE, 'n', 5, 0);
	tar_write_header(&entry, header);
	memcpy(header + at, bytes, len);
	put_sum(header);
	return read_one(header, TAR_BLOCK);
}

static void test_numbers(void)
{
	enum { UID = 108, SIZE = 124, MTIME = 136 };
	tap_ok(read_bent(UID, "  17 \0\0\0", 8) == 1 && got.uid == 017, "spaces around digits");
	tap_ok(read_bent(UID, "12345670", 8) == 1 && got.uid == 012345670, "no end");
	tap_ok(read_bent(SIZE, "\x80\0\0\0\0\0\0\2\0\0\0\1", 12) == 1 && got.size == 0x200000001,
	       "binary ones");
	tap_ok(read_bent(MTIME, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12) == 1 &&
		       got.mtime == -2,
	       "binary ones below 0");
	tap_ok(read_bent(SIZE, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12) == -EBADMSG,
	       "but for sizes");
	tap_ok(read_bent(SIZE, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12) == -EBADMSG, "too large");
	tap_ok(read_bent(SIZE, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12) == -EBADMSG, "as large as 2^63");
	tap_ok(read_bent(SIZE, "00000000009", 12) == -EBADMSG, "a 9 is no octal digit");
	tap_ok(read_bent(SIZE, "-0000000001", 12) == -EBADMSG, "a sign is none either");
}

static void test_kinds(void)
{
	enum { NAME = 0, TYPE = 156, MAGIC = 257, PREFIX = 345 };
	tap_ok(read_bent(TYPE, "S", 1) == -EBADMSG && strstr(e.text, "sparse"), "sparse files");
	tap_ok(read_bent(TYPE, "M", 1) == -EBADMSG, "parts of archives");
	tap_ok(read_bent(TYPE, "2", 1) == -EBADMSG && strstr(e.text, "nowhere"), "a bare link");
	tap_ok(read_bent(TYPE, "", 1) == 1 && got.type == TAR_FILE, "the oldest form of a file");
	tap_ok(read_bent(TYPE, "Z", 1) == 1 && got.type == TAR_FILE, "a type that nobody knows");
	tap_ok(read_bent(NAME, "nnnn/", 5) == 1 && got.type == TAR_DIRECTORY, "a name's slash");
	tap_ok(read_bent(NAME, "", 1) == -EBADMSG && strstr(e.text, "name"), "no name");
	tap_ok(read_bent(PREFIX, "pre", 3) == 1 && strcmp(got.name, "pre/nnnnn") == 0, "a prefix");
	tap_ok(read_bent(MAGIC, "ustar  \0", 8) == 1 && strcmp(got.name, "nnnnn") == 0, "GNU's");
	tap_ok(read_bent(MAGIC, "\0\0\0\0\0\0\0", 8) == 1, "no magic");
	uint8_t zero[2 * TAR_BLOCK] = {0};
	tap_ok(read_one(zero, sizeof(zero)) == 0, "the end");
	tap_ok(read_one(zero, 0) == -EBADMSG && strstr(e.text, "no end"), "no end");
	zero[0] = 1;
	tap_ok(read_one(zero, sizeof(zero)) == -EBADMSG && strstr(e.text, "sum"), "a wrong sum");
}

/* An entry behind a header of that type with that text. */
static int read_extended(char type, const char *text, size_t len)
{
	static uint8_t bytes[8 * TAR_BLOCK];
	static uint8_t header[TAR_HEADER_BYTES];
	set(TAR_FILE, 'x', 5, 0);
	entry.type = (enum tar_type)type;
	entry.size = len;
	tar_write_header(&entry, header);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, header, TAR_BLOCK);
	memcpy(bytes + TAR_BLOCK, text, len);
	size_t at = TAR_BLOCK + len + tar_padding(len);
	set(TAR_LINK, 'n', 5, 3);
	tar_write_header(&entry, header);
	memcpy(bytes + at, header, TAR_BLOCK);
	return read_one(bytes, at + TAR_BLOCK);
}

static void test_extended(void)
{
	static const struct {
		const char *what, *text;
	} bad[] = {
		{"no length", "path=x\n"},
		{"a length that is too long", "99 path=x\n"},
		{"too short", "3 path=x\n"},
		{"no newline", "10 path=xy"},
		{"no equals sign", "7 path\n"},
		{"a size that is none", "9 size=x\n"},
		{"a size below 0", "11 size=-1\n"},
		{"a sparse file", "22 GNU.sparse.major=1\n"},
		{"a length of many digits", "0000000000000000000010 path=x\n"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_extended('x', bad[i].text, strlen(bad[i].text)) == -EBADMSG,
		       "a pax header with %s", bad[i].what);
	const char *good = "11 path=ab\n14 linkpath=b\n18 mtime=99.75000\n11 other=x\n";
	tap_ok(read_extended('x', good, strlen(good)) == 1 && strcmp(got.name, "ab") == 0 &&
		       strcmp(got.target, "b") == 0 && got.mtime == 99,
	       "a good one");
	tap_ok(read_extended('x', "12 path=a\0b\n", 12) == -EBADMSG, "a NUL in a name");
	tap_ok(read_extended('g', good, strlen(good)) == 1 && strcmp(got.name, "nnnnn") == 0,
	       "one for all is passed over");
	tap_ok(read_extended('L', "long", 5) == 1 && strcmp(got.name, "long") == 0, "GNU's name");
	tap_ok(read_extended('K', "far", 4) == 1 && strcmp(got.target, "far") == 0, "its link");
}

static const char *clean_name(const char *given)
{
	static char name[16];
	strcpy(name, given);
	int rc = tar_clean_name(name);
	return rc == 0 ? name : rc == -EBADMSG ? NULL : "another error";
}

static const struct text_case names[] = {
	{"a", "a"},         {"./a", "a"},       {"/a", "a"},    {"//a//b/", "a/b"},
	{"a/./b/.", "a/b"}, {"./", ""},         {"/", ""},      {"..", NULL},
	{"a/../b", NULL},   {"../a", NULL},     {"a/..", NULL}, {"..a/b..", "..a/b.."},
	{"...", "..."},     {".a/.b", ".a/.b"}, {"/..", NULL},
};

static void test_names(void)
{
	TEXTS_CHECK("the name", names, clean_name);
}

int main(void)
{
	test_same();
	test_numbers();
	test_kinds();
	test_extended();
	test_names();
	return tap_done();
}
