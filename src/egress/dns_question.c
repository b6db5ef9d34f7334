/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "dns_part.h"
#include "lib/buf.h"

static bool is_plain(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\';
}

static bool add_label(struct buf *text, const uint8_t *label)
{
	bool plain = true;
	for (size_t i = 1; i <= label[0]; i++) {
		plain &= is_plain(label[i]);
		if (is_plain(label[i]))
			buf_add(text, label + i, 1);
		else
			buf_printf(text, "\\%03u", label[i]);
	}
	return plain;
}

/* Write name into text, as much as fits. True: nothing had to be escaped, and all of it fits. */
static bool render(const struct dns_wire *name, char text[ALLOW_NAME_BYTES + 1])
{
	struct buf b = {.data = text, .cap = ALLOW_NAME_BYTES};
	bool plain = true;
	for (size_t at = 0; name->bytes[at] != 0; at += (size_t)1 + name->bytes[at]) {
		if (at > 0)
			buf_add(&b, ".", 1);
		plain &= add_label(&b, name->bytes + at);
	}
	if (b.len == 0)
		buf_add(&b, ".", 1);
	text[b.len] = '\0';
	return plain;
}

int dns_read_question(const uint8_t *bytes, size_t len, struct dns_question *q)
{
	struct dns_wire name;
	char text[ALLOW_NAME_BYTES + 1];
	*q = (struct dns_question){0};
	if (len < DNS_HEAD_BYTES)
		return -1;
	uint16_t flags = dns_get16(bytes + DNS_FLAGS_AT);
	if (flags & DNS_FLAG_RESPONSE)
		return -1;
	q->id = dns_get16(bytes + DNS_ID_AT);
	if (flags & DNS_FLAG_OPCODE)
		return DNS_NOTIMP;
	size_t end = dns_read_name(bytes, len, DNS_HEAD_BYTES, &name);
	if (dns_get16(bytes + DNS_QUESTIONS_AT) != 1 || end == 0 || len - end < 4)
		return DNS_FORMERR;
	q->type = dns_get16(bytes + end);
	q->class_ = dns_get16(bytes + end + 2);
	q->recursion = (flags & DNS_FLAG_RECURSION) != 0;
	/* There is no earlier name to compress this one with, so it is as long as it was read. */
	memcpy(q->wire, bytes + DNS_HEAD_BYTES, name.len + 4);
	q->wire_len = name.len + 4;
	q->has_name = render(&name, q->name) && allow_read_name(q->name, strlen(q->name), text);
	return 0;
}
