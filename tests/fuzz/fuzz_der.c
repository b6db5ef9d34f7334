/* SPDX-License-Identifier: MIT */
/* DER: what is read lies within the bytes, and is the same when it is written again; a certificate
 * that is made of them is read as what it was made for.
 *
 * An input is DER, or none; and a serial number with addresses, or the begin of these. */
#include <stdbool.h>

#include "front/identity/certificate.h"
#include "front/identity/der_read.h"
#include "front/identity/der_write.h"
#include "fuzz.h"

static void check_within(struct der part, const uint8_t *bytes, size_t len)
{
	CHECK(part.at >= bytes && part.at <= bytes + len);
	CHECK(part.left <= (size_t)(bytes + len - part.at));
}

/* Elements written again are the same bytes: DER has one way to write each. */
static void check_elements(const uint8_t *bytes, size_t len)
{
	struct der d = {bytes, len}, content;
	uint8_t tag;
	while (d.left > 0) {
		const uint8_t *begin = d.at;
		size_t before = d.left;
		if (!der_take(&d, &tag, &content)) {
			CHECK(d.at == begin && d.left == before);
			break;
		}
		size_t whole = (size_t)(d.at - begin);
		CHECK(before == whole + d.left && content.at + content.left == d.at);
		char *room = fuzz_take(whole);
		struct buf b = {.data = room, .cap = whole};
		der_add(&b, tag, content.at, content.left);
		CHECK(!b.full && b.len == whole && memcmp(room, begin, whole) == 0);
		free(room);
		if (tag & 0x20)
			check_elements(content.at, content.left);
		if (tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME) {
			int64_t seconds;
			if (der_read_time(tag, content, &seconds))
				CHECK(seconds >= -62167219200 && seconds <= 253402300799);
		}
	}
}

static void check_read(const uint8_t *bytes, size_t len)
{
	struct der_certificate c, again;
	if (der_read_certificate(bytes, len, &c))
		return;
	check_within(c.issuer, bytes, len);
	check_within(c.subject, bytes, len);
	/* With a byte less, or more, it is none. */
	uint8_t *more = fuzz_take(len + 1);
	memcpy(more, bytes, len);
	more[len] = 0;
	CHECK(der_read_certificate(more, len + 1, &again));
	CHECK(der_read_certificate(more, len - 1, &again));
	free(more);
}

/* The bytes are a serial number, and addresses of both families in turn. */
static void check_made(const uint8_t *data, size_t size)
{
	static uint8_t five[] = {5};
	static uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	static struct certificate_key key = {.private = {BR_EC_secp256r1, five, sizeof(five)}};
	uint8_t bytes[CERTIFICATE_SERIAL_BYTES + CERTIFICATE_ADDRS_MAX * 16] = {0};
	struct addr addrs[CERTIFICATE_ADDRS_MAX] = {{.family = 0}};
	char room[CERTIFICATE_BYTES];
	struct buf out = {.data = room, .cap = sizeof(room)};
	struct certificate_names names = {"squash", addrs, size % (CERTIFICATE_ADDRS_MAX + 1)};
	struct der_certificate c;
	struct err e;
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	for (size_t i = 0; i < names.addr_count; i++) {
		addrs[i].family = i % 2 ? 4 : 6;
		memcpy(addrs[i].bytes, bytes + CERTIFICATE_SERIAL_BYTES + 16 * i, i % 2 ? 4 : 16);
	}
	if (key.public.qlen == 0)
		br_ec_compute_pub(br_ec_get_default(), &key.public, point, &key.private);
	CHECK(certificate_make(&names, &key, bytes, &out, &e) == 0);
	CHECK(!der_read_certificate((const uint8_t *)room, out.len, &c));
	CHECK(c.not_before == 1546300800 && c.not_after == 253402300799);
	check_elements((const uint8_t *)room, out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_elements(data, size);
	check_read(data, size);
	check_made(data, size);
	return 0;
}
