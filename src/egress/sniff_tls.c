/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "sniff.h"

#define RECORD_HEAD_BYTES 5    /* type, version, length: RFC 8446 5.1 */
#define RECORD_BYTES_MAX 16384 /* of its content */
#define HANDSHAKE_HEAD_BYTES 4 /* type, length: RFC 8446 4 */

enum { CONTENT_HANDSHAKE = 22, VERSION_MAJOR = 3, CLIENT_HELLO = 1, EXTENSION_SERVER_NAME = 0 };

/* A handshake message, put together from the records that it comes in. */
struct handshake {
	uint8_t bytes[SNIFF_BYTES - RECORD_HEAD_BYTES];
	size_t have;
	size_t need; /* with its head; of the head alone until that is there */
};

/* What is left of a structure. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Add a record's content, of which some bytes are there already. False if this is no ClientHello
 * that can be had whole, or if something else stands behind it in the same record. */
static bool add_content(struct handshake *h, const uint8_t *at, size_t content, size_t there)
{
	size_t end = h->have + content;
	if (content == 0 || content > RECORD_BYTES_MAX || end > sizeof(h->bytes))
		return false;
	memcpy(h->bytes + h->have, at, there);
	h->have += there;
	if (h->have > 0 && h->bytes[0] != CLIENT_HELLO)
		return false;
	if (h->have < HANDSHAKE_HEAD_BYTES)
		return true;
	h->need = HANDSHAKE_HEAD_BYTES + ((size_t)h->bytes[1] << 16 | get16(h->bytes + 2));
	return end <= h->need && h->need <= sizeof(h->bytes);
}

/* SNIFF_NONE: the message is there; or SNIFF_MORE, SNIFF_BAD. */
static enum sniff_result gather(const uint8_t *bytes, size_t len, struct handshake *h)
{
	h->have = 0;
	h->need = HANDSHAKE_HEAD_BYTES;
	while (h->have < h->need) {
		if ((len > 0 && bytes[0] != CONTENT_HANDSHAKE) ||
		    (len > 1 && bytes[1] != VERSION_MAJOR))
			return SNIFF_BAD;
		if (len < RECORD_HEAD_BYTES)
			return SNIFF_MORE;
		size_t content = get16(bytes + 3);
		bytes += RECORD_HEAD_BYTES;
		len -= RECORD_HEAD_BYTES;
		if (!add_content(h, bytes, content, content < len ? content : len))
			return SNIFF_BAD;
		if (len < content)
			return SNIFF_MORE;
		bytes += content;
		len -= content;
	}
	return SNIFF_NONE;
}

/* Take len bytes off the begin. */
static bool take(struct cursor *c, size_t len, struct cursor *part)
{
	if (c->left < len)
		return false;
	*part = (struct cursor){c->at, len};
	c->at += len;
	c->left -= len;
	return true;
}

/* Take a vector off the begin, whose length stands before it in so many bytes, 1 or 2. */
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

/* SNIFF_NAME: server_name is the one extension of that type; or SNIFF_NONE, SNIFF_BAD. */
static enum sniff_result find_server_name(struct cursor extensions, struct cursor *server_name)
{
	enum sniff_result result = SNIFF_NONE;
	while (extensions.left > 0) {
		struct cursor type, data;
		if (!take(&extensions, 2, &type) || !take_vector(&extensions, 2, &data))
			return SNIFF_BAD;
		if (get16(type.at) != EXTENSION_SERVER_NAME)
			continue;
		if (result == SNIFF_NAME)
			return SNIFF_BAD;
		result = SNIFF_NAME;
		*server_name = data;
	}
	return result;
}

/* RFC 6066 3: a list, of one name in effect, as there is one type of names, host_name (0), and one
 * name of a type. */
static bool read_server_name(struct cursor data, struct sniff *s)
{
	struct cursor list, type, name;
	return take_vector(&data, 2, &list) && data.left == 0 && take(&list, 1, &type) &&
	       type.at[0] == 0 && take_vector(&list, 2, &name) && list.left == 0 &&
	       allow_read_name((const char *)name.at, name.left, s->name);
}

enum sniff_result sniff_tls(const uint8_t *bytes, size_t len, struct sniff *s)
{
	struct handshake h;
	struct cursor extensions, server_name;
	enum sniff_result result = gather(bytes, len, &h);
	if (result == SNIFF_MORE)
		return len < SNIFF_BYTES ? SNIFF_MORE : SNIFF_BAD;
	struct cursor hello = {h.bytes + HANDSHAKE_HEAD_BYTES, h.have - HANDSHAKE_HEAD_BYTES};
	if (result == SNIFF_BAD || !read_hello(hello, &extensions))
		return SNIFF_BAD;
	result = find_server_name(extensions, &server_name);
	if (result != SNIFF_NAME)
		return result;
	return read_server_name(server_name, s) ? SNIFF_NAME : SNIFF_BAD;
}
