/* SPDX-License-Identifier: MIT */
#include "client_hello.h"

enum { EXTENSION_SERVER_NAME = 0, HOST_NAME = 0 };

/* What is left of a structure. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Take len bytes off the beginning. */
static bool take(struct cursor *c, size_t len, struct cursor *part)
{
	if (c->left < len)
		return false;
	*part = (struct cursor){c->at, len};
	c->at += len;
	c->left -= len;
	return true;
}

/* Take a vector off the beginning; its length stands before it, in 1 or 2 bytes. */
static bool take_vector(struct cursor *c, size_t length_bytes, struct cursor *vector)
{
	struct cursor length;
	return take(c, length_bytes, &length) &&
	       take(c, length_bytes == 1 ? length.at[0] : get16(length.at), vector);
}

/* RFC 8446 4.1.2. In old versions there may be no extensions at all, and nothing in their place. */
static bool read_hello(struct cursor hello, struct cursor *extensions)
{
	enum { VERSION_BYTES = 2, RANDOM_BYTES = 32 };
	struct cursor skipped;
	if (!take(&hello, VERSION_BYTES + RANDOM_BYTES, &skipped) ||
	    !take_vector(&hello, 1, &skipped) || /* session id */
	    !take_vector(&hello, 2, &skipped) || /* cipher suites */
	    !take_vector(&hello, 1, &skipped))   /* compression methods */
		return false;
	*extensions = hello;
	return hello.left == 0 || (take_vector(&hello, 2, extensions) && hello.left == 0);
}

/* RFC 6066 3: a list, of one name in effect, as there is one type of names and one name of a
 * type. */
static bool read_server_name(struct cursor data, struct asked *asked)
{
	struct cursor list, type, name;
	if (!take_vector(&data, 2, &list) || data.left > 0 || !take(&list, 1, &type) ||
	    type.at[0] != HOST_NAME || !take_vector(&list, 2, &name) || list.left > 0)
		return false;
	asked->kind = ASKED_NAME;
	return allow_read_name((const char *)name.at, name.left, asked->name);
}

bool client_hello_read(const uint8_t *message, size_t len, struct asked *asked)
{
	struct cursor extensions, type, data;
	*asked = (struct asked){.kind = ASKED_NOTHING};
	if (!read_hello((struct cursor){message, len}, &extensions))
		return false;
	while (extensions.left > 0) {
		if (!take(&extensions, 2, &type) || !take_vector(&extensions, 2, &data))
			return false;
		bool is_name = get16(type.at) == EXTENSION_SERVER_NAME;
		if (is_name && (asked->kind != ASKED_NOTHING || !read_server_name(data, asked)))
			return false;
	}
	return true;
}
