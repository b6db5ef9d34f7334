/* SPDX-License-Identifier: MIT */
#include "tar_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where a header's fields are, and how long. */
enum {
	NAME_AT = 0,
	NAME_LEN = 100,
	MODE_AT = 100,
	ID_LEN = 8,
	UID_AT = 108,
	GID_AT = 116,
	SIZE_AT = 124,
	NUMBER_LEN = 12,
	MTIME_AT = 136,
	SUM_AT = 148,
	TYPE_AT = 156,
	TARGET_AT = 157,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	PREFIX_LEN = 155,
};

/* What extensions say of the entry behind them: it is in the entry already. */
struct given {
	bool name, target, size, uid, gid, mtime;
};

size_t tar_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}

/* Octal digits, with spaces before them, up to a space or NUL; or, with the highest bit set, a
 * big-endian number of the rest, as GNU tar writes what doesn't fit. False: neither. */
static bool read_number(const uint8_t *field, size_t len, int64_t *out)
{
	uint64_t number = 0;
	if (field[0] & 0x80) {
		bool negative = field[0] & 0x40;
		number = negative ? UINT64_MAX : 0;
		for (size_t i = 0; i < len; i++) {
			uint8_t byte =
				i > 0 ? field[i]
				      : (uint8_t)(negative ? field[0] | 0x80 : field[0] & 0x7f);
			if (len - i > 8 && byte != (negative ? 0xff : 0))
				return false;
			number = number << 8 | byte;
		}
		*out = (int64_t)number;
		return (*out < 0) == negative;
	}
	size_t at = 0;
	while (at < len && field[at] == ' ')
		at++;
	for (; at < len && field[at] >= '0' && field[at] <= '7'; at++)
		number = number << 3 | (field[at] - (unsigned)'0');
	*out = (int64_t)number;
	return at == len || field[at] == ' ' || field[at] == '\0';
}

/* Of the bytes without sign, or, as some old programs had it, with one. */
static bool has_good_sum(const uint8_t *block)
{
	int64_t given, sum = 0, signed_sum = 0;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		uint8_t byte = i >= SUM_AT && i < SUM_AT + ID_LEN ? ' ' : block[i];
		sum += byte;
		signed_sum += (int8_t)byte;
	}
	return read_number(block + SUM_AT, ID_LEN, &given) && (given == sum || given == signed_sum);
}

static bool is_zero(const uint8_t *block)
{
	static const uint8_t zero[TAR_BLOCK];
	return memcmp(block, zero, TAR_BLOCK) == 0;
}

static int refuse(struct err *e, const char *what)
{
	return err_say(e, EBADMSG, "the tar archive %s", what);
}

/* Copy a text that ends at its NUL or its length. */
static int take_text(char out[TAR_NAME_BYTES], const uint8_t *text, size_t len, struct err *e)
{
	size_t n = strnlen((const char *)text, len);
	if (n >= TAR_NAME_BYTES)
		return refuse(e, "has a name of more than 4095 bytes");
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

/* A whole number, a fraction behind it being dropped. */
static bool read_decimal(const uint8_t *text, size_t len, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t begin = negative ? 1 : 0, at = begin;
	int64_t number = 0;
	for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
		if (at - begin >= 18)
			return false;
		number = number * 10 + (text[at] - '0');
	}
	*out = negative ? -number : number;
	return at > begin && (at == len || text[at] == '.');
}

static bool is_key(const uint8_t *key, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(key, name, len) == 0;
}

/* One key=value of a pax header. */
static int take_pax(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len,
		    struct tar_entry *entry, struct given *g, struct err *e)
{
	int64_t number;
	if (key_len >= 10 && memcmp(key, "GNU.sparse", 10) == 0)
		return refuse(e, "has a sparse file, which is not taken");
	if (is_key(key, key_len, "path")) {
		g->name = true;
		return memchr(value, 0, len) ? refuse(e, "has a name with a NUL")
					     : take_text(entry->name, value, len, e);
	}
	if (is_key(key, key_len, "linkpath")) {
		g->target = true;
		return memchr(value, 0, len) ? refuse(e, "has a link's target with a NUL")
					     : take_text(entry->target, value, len, e);
	}
	bool size = is_key(key, key_len, "size"), mtime = is_key(key, key_len, "mtime");
	bool uid = is_key(key, key_len, "uid"), gid = is_key(key, key_len, "gid");
	if (!size && !mtime && !uid && !gid)
		return 0;
	if (!read_decimal(value, len, &number) || (number < 0 && !mtime))
		return refuse(e, "has a pax header with a number that is none");
	if (size)
		entry->size = (uint64_t)number;
	else if (mtime)
		entry->mtime = number;
	else if (uid)
		entry->uid = (uint64_t)number;
	else
		entry->gid = (uint64_t)number;
	g->size = g->size || size;
	g->mtime = g->mtime || mtime;
	g->uid = g->uid || uid;
	g->gid = g->gid || gid;
	return 0;
}

/* Records of "<length> <key>=<value>\n", the length being that of all of it. */
static int take_pax_records(const uint8_t *data, size_t len, struct tar_entry *entry,
			    struct given *g, struct err *e)
{
	while (len > 0) {
		size_t whole = 0, at = 0;
		for (; at < len && at < 6 && data[at] >= '0' && data[at] <= '9'; at++)
			whole = whole * 10 + (data[at] - (unsigned)'0');
		if (at == 0 || at == len || data[at] != ' ' || whole > len || whole < at + 2 ||
		    data[whole - 1] != '\n')
			return refuse(e, "has a pax header that is damaged");
		const uint8_t *key = data + at + 1;
		const uint8_t *equals = memchr(key, '=', whole - at - 2);
		if (!equals)
			return refuse(e, "has a pax header that is damaged");
		size_t value_len = (size_t)(data + whole - 1 - (equals + 1));
		int rc = take_pax(key, (size_t)(equals - key), equals + 1, value_len, entry, g, e);
		if (rc < 0)
			return rc;
		data += whole;
		len -= whole;
	}
	return 0;
}

static int read_extension(struct tar_reader *r, uint64_t size, struct err *e)
{
	if (size > TAR_EXTENSION_BYTES)
		return refuse(e, "has a header of more than 64 KiB");
	/* Of 64 KiB, which are whole blocks, the padding is 0. */
	return r->read(r->owner, r->extension, (size_t)size + tar_padding(size), e);
}

/* What stands before an entry. 1: this did, 0: it is the entry itself, -errno. */
static int take_extension(struct tar_reader *r, const uint8_t *block, struct tar_entry *entry,
			  struct given *g, struct err *e)
{
	int64_t size;
	char type = (char)block[TYPE_AT];
	if (type != 'L' && type != 'K' && type != 'x' && type != 'X' && type != 'g')
		return 0;
	if (!read_number(block + SIZE_AT, NUMBER_LEN, &size) || size < 0)
		return refuse(e, "has a size that is none");
	int rc = read_extension(r, (uint64_t)size, e);
	if (rc == 0 && type == 'L') {
		g->name = true;
		rc = take_text(entry->name, r->extension, (size_t)size, e);
	} else if (rc == 0 && type == 'K') {
		g->target = true;
		rc = take_text(entry->target, r->extension, (size_t)size, e);
	} else if (rc == 0 && type != 'g') { /* of all entries: comments, as git has them */
		rc = take_pax_records(r->extension, (size_t)size, entry, g, e);
	}
	return rc < 0 ? rc : 1;
}

/* The name as the header has it: POSIX has what is in front of a slash in a field of its own, where
 * GNU tar has times. */
static void take_name(const uint8_t *block, struct tar_entry *entry)
{
	size_t len = 0;
	if (memcmp(block + MAGIC_AT, "ustar", 6) == 0 && block[PREFIX_AT] != '\0') {
		len = strnlen((const char *)block + PREFIX_AT, PREFIX_LEN);
		memcpy(entry->name, block + PREFIX_AT, len);
		entry->name[len++] = '/';
	}
	size_t n = strnlen((const char *)block + NAME_AT, NAME_LEN);
	memcpy(entry->name + len, block + NAME_AT, n);
	entry->name[len + n] = '\0';
}

static int take_numbers(const uint8_t *block, struct tar_entry *entry, const struct given *g,
			struct err *e)
{
	int64_t mode, uid, gid, size, mtime;
	if (!read_number(block + MODE_AT, ID_LEN, &mode) ||
	    !read_number(block + UID_AT, ID_LEN, &uid) ||
	    !read_number(block + GID_AT, ID_LEN, &gid) ||
	    !read_number(block + SIZE_AT, NUMBER_LEN, &size) || size < 0 ||
	    !read_number(block + MTIME_AT, NUMBER_LEN, &mtime))
		return refuse(e, "has a header with a number that is none");
	entry->mode = (uint32_t)(mode & 07777);
	if (!g->uid)
		entry->uid = (uint64_t)uid;
	if (!g->gid)
		entry->gid = (uint64_t)gid;
	if (!g->size)
		entry->size = (uint64_t)size;
	if (!g->mtime)
		entry->mtime = mtime;
	return 0;
}

/* Types that nobody knows are files: so POSIX wants it. */
static int take_type(char type, struct tar_entry *entry, struct err *e)
{
	size_t len = strlen(entry->name);
	if (type == 'S')
		return refuse(e, "has a sparse file, which is not taken");
	if (type == 'M' || type == 'V')
		return refuse(e, "is a part of one, which is not taken");
	bool named_as_directory = len > 0 && entry->name[len - 1] == '/';
	if (type >= TAR_HARD_LINK && type <= TAR_FIFO)
		entry->type = (enum tar_type)type;
	else
		entry->type = named_as_directory ? TAR_DIRECTORY : TAR_FILE;
	if (entry->type != TAR_FILE)
		entry->size = 0;
	return 0;
}

static int take_header(const uint8_t *block, struct tar_entry *entry, const struct given *g,
		       struct err *e)
{
	int rc = take_numbers(block, entry, g, e);
	if (rc < 0)
		return rc;
	if (!g->name)
		take_name(block, entry);
	if (!g->target)
		rc = take_text(entry->target, block + TARGET_AT, NAME_LEN, e);
	if (rc == 0)
		rc = take_type((char)block[TYPE_AT], entry, e);
	if (rc < 0)
		return rc;
	if (entry->name[0] == '\0')
		return refuse(e, "has an entry without a name");
	if (entry->type != TAR_LINK && entry->type != TAR_HARD_LINK)
		entry->target[0] = '\0';
	else if (entry->target[0] == '\0')
		return refuse(e, "has a link that leads nowhere");
	return 1;
}

int tar_read(struct tar_reader *r, struct tar_entry *entry, struct err *e)
{
	uint8_t block[TAR_BLOCK];
	struct given g = {0};
	for (;;) {
		int rc = r->read(r->owner, block, sizeof(block), e);
		if (rc == -ENODATA)
			return refuse(e, "has no end: it may have been cut off");
		if (rc < 0)
			return rc;
		if (is_zero(block))
			return 0;
		if (!has_good_sum(block))
			return refuse(e, "has a header with a wrong checksum");
		rc = take_extension(r, block, entry, &g, e);
		if (rc == -ENODATA)
			return refuse(e, "ends in a header");
		if (rc < 0)
			return rc;
		if (rc == 0)
			return take_header(block, entry, &g, e);
	}
}

int tar_clean_name(char *name)
{
	char *out = name;
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, "/");
		if (len == 2 && at[0] == '.' && at[1] == '.')
			return -EBADMSG;
		if (len > 0 && !(len == 1 && at[0] == '.')) {
			if (out > name)
				*out++ = '/';
			memmove(out, at, len);
			out += len;
		}
		at += len;
		at += *at == '/';
	}
	*out = '\0';
	return 0;
}
