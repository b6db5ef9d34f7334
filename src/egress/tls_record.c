/* SPDX-License-Identifier: MIT */
#include "tls_record.h"

#include <string.h>

#define VERSION_MAJOR 3
#define CONTENT_MAX (16384 + 256) /* encrypted, RFC 8446 5.2 */

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

enum tls_result tls_read_record(const uint8_t *bytes, size_t len, struct tls_record *r)
{
	if (len > 1 && bytes[1] != VERSION_MAJOR)
		return TLS_BAD;
	if (len < TLS_RECORD_HEAD_BYTES)
		return TLS_MORE;
	size_t left = len - TLS_RECORD_HEAD_BYTES;
	*r = (struct tls_record){.type = bytes[0],
				 .content = bytes + TLS_RECORD_HEAD_BYTES,
				 .len = get16(bytes + 3)};
	r->there = r->len < left ? r->len : left;
	return r->len > CONTENT_MAX ? TLS_BAD : TLS_WHOLE;
}

/* Whether the record can be the next of the message. */
static bool add_record(struct tls_message *m, uint8_t type, const struct tls_record *r, size_t most)
{
	if (r->type != TLS_HANDSHAKE || r->len == 0 ||
	    m->at + TLS_RECORD_HEAD_BYTES + r->len > most)
		return false;
	for (size_t i = m->have; i < sizeof(m->head) && i - m->have < r->there; i++)
		m->head[i] = r->content[i - m->have];
	size_t have = m->have + r->there;
	if (have > 0 && m->head[0] != type)
		return false;
	if (have < sizeof(m->head))
		return true;
	size_t need = sizeof(m->head) + ((size_t)m->head[1] << 16 | get16(m->head + 2));
	return m->have + r->len <= need && need <= most;
}

static bool is_whole(const struct tls_message *m)
{
	return m->have >= sizeof(m->head) &&
	       m->have - sizeof(m->head) == ((size_t)m->head[1] << 16 | get16(m->head + 2));
}

enum tls_result tls_find_message(struct tls_message *m, uint8_t type, const uint8_t *bytes,
				 size_t len, size_t most)
{
	struct tls_record r;
	while (!is_whole(m)) {
		if (m->at < len && bytes[m->at] != TLS_HANDSHAKE)
			return TLS_BAD;
		enum tls_result result = tls_read_record(bytes + m->at, len - m->at, &r);
		if (result == TLS_MORE && len >= most)
			return TLS_BAD;
		if (result != TLS_WHOLE)
			return result;
		if (!add_record(m, type, &r, most))
			return TLS_BAD;
		if (r.there < r.len)
			return TLS_MORE;
		m->at += TLS_RECORD_HEAD_BYTES + r.len;
		m->have += r.len;
	}
	return TLS_WHOLE;
}

size_t tls_copy_message(const uint8_t *bytes, size_t len, uint8_t *message, size_t most,
			bool *is_cut)
{
	struct tls_record r;
	size_t have = 0;
	*is_cut = false;
	while (have < most && len > 0 && !*is_cut) {
		enum tls_result result = tls_read_record(bytes, len, &r);
		if (bytes[0] != TLS_HANDSHAKE || result == TLS_BAD)
			*is_cut = true;
		if (*is_cut || result == TLS_MORE)
			break;
		size_t some = r.there < most - have ? r.there : most - have;
		memcpy(message + have, r.content, some);
		have += some;
		bytes += TLS_RECORD_HEAD_BYTES + r.there;
		len -= TLS_RECORD_HEAD_BYTES + r.there;
	}
	return have;
}
