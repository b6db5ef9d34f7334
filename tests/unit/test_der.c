/* SPDX-License-Identifier: MIT */
/* DER that is read, and DER that is written: lengths, times, and what a certificate must have. */
#include <inttypes.h>
#include <string.h>

#include "exact.h"
#include "front/identity/der_read.h"
#include "front/identity/der_write.h"
#include "tap.h"

static void test_elements(void)
{
	static const struct {
		const char *what, *bytes;
		size_t head, content; /* head: 0 if it is none */
	} cases[] = {
		{"nothing in it", "\x30\x00", 2, 0},
		{"one byte in it", "\x04\x01", 2, 1},
		{"127 bytes", "\x04\x7f", 2, 127},
		{"128 bytes", "\x04\x81\x80", 3, 128},
		{"255 bytes", "\x04\x81\xff", 3, 255},
		{"256 bytes", "\x04\x82\x01\x00", 4, 256},
		{"65536 bytes", "\x04\x83\x01\x00\x00", 5, 65536},
		{"a context's tag", "\xa3\x01", 2, 1},
		{"a length of 1 byte that needs none", "\x04\x81\x7f", 0, 127},
		{"a length of 2 bytes that needs 1", "\x04\x82\x00\xff", 0, 255},
		{"a length of 3 bytes that needs 2", "\x04\x83\x00\xff\xff", 0, 65535},
		{"a length of 4 bytes", "\x04\x84\x01\x00\x00\x00", 0, 256},
		{"an indefinite length", "\x30\x80", 0, 2},
		{"a tag of two bytes", "\x1f\x20", 0, 32},
		{"a context's tag of two bytes", "\xbf\x20", 0, 32},
		{"more than there is", "\x04\x81\x90", 0, 128},
		{"half a length", "\x04\x82\x01", 0, 0},
		{"a tag alone", "\x04", 0, 0},
		{"nothing", "", 0, 0},
	};
	static uint8_t memory[8 + 65536];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Of those that are none, the head is what stands there without NUL bytes. */
		size_t head = cases[i].head ? cases[i].head : strlen(cases[i].bytes);
		memset(memory, 0, sizeof(memory));
		memcpy(memory, cases[i].bytes, head);
		size_t len = head + cases[i].content;
		uint8_t *copy = exact_copy(memory, len), tag = 0;
		struct der d = {copy, len}, content = {NULL, 0};
		bool taken = der_take(&d, &tag, &content);
		tap_ok(taken ? cases[i].head == head && content.at == copy + head &&
				       content.left == cases[i].content && d.left == 0 &&
				       tag == copy[0]
			     : cases[i].head == 0 && d.at == copy && d.left == len,
		       "element: %s", cases[i].what);
		free(copy);
	}
}

static void test_times(void)
{
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t seconds;
	} good[] = {
		{DER_UTC_TIME, "700101000000Z", 0},
		{DER_UTC_TIME, "691231235959Z", -1},
		{DER_UTC_TIME, "250101000000Z", 1735689600},
		{DER_UTC_TIME, "491231235959Z", 2524607999},
		{DER_UTC_TIME, "500101000000Z", -631152000},
		{DER_UTC_TIME, "000229120000Z", 951825600},
		{DER_UTC_TIME, "240229235959Z", 1709251199},
		{DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
		{DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
		{DER_GENERALIZED_TIME, "20000229000000Z", 951782400},
		{DER_GENERALIZED_TIME, "00000101000000Z", -62167219200},
	};
	static const struct {
		uint8_t tag;
		const char *text;
	} bad[] = {
		{DER_UTC_TIME, ""},
		{DER_UTC_TIME, "2501010000Z"}, /* X.690 11.8: seconds are there */
		{DER_UTC_TIME, "250101000000"},
		{DER_UTC_TIME, "250101000000+0000"},
		{DER_UTC_TIME, "250101000000ZZ"},
		{DER_UTC_TIME, "250101000000z"},
		{DER_UTC_TIME, "20250101000000Z"},
		{DER_UTC_TIME, "250001000000Z"},
		{DER_UTC_TIME, "251301000000Z"},
		{DER_UTC_TIME, "250100000000Z"},
		{DER_UTC_TIME, "250132000000Z"},
		{DER_UTC_TIME, "250431000000Z"},
		{DER_UTC_TIME, "250229000000Z"},
		{DER_UTC_TIME, "250101240000Z"},
		{DER_UTC_TIME, "250101006000Z"},
		{DER_UTC_TIME, "250101000060Z"},
		{DER_UTC_TIME, "25010100000/Z"},
		{DER_UTC_TIME, "25010100000:Z"},
		{DER_UTC_TIME, "-50101000000Z"},
		{DER_GENERALIZED_TIME, "250101000000Z"},
		{DER_GENERALIZED_TIME, "20250101000000.5Z"},
		{DER_GENERALIZED_TIME, "21000229000000Z"},
		{DER_GENERALIZED_TIME, "20250101000000"},
		{DER_INTEGER, "250101000000Z"},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t seconds = 1;
		uint8_t *copy = exact_copy(good[i].text, strlen(good[i].text));
		struct der content = {copy, strlen(good[i].text)};
		if (!tap_ok(der_read_time(good[i].tag, content, &seconds) &&
				    seconds == good[i].seconds,
			    "time %s", good[i].text))
			tap_note("%" PRId64, seconds);
		free(copy);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t seconds;
		uint8_t *copy = exact_copy(bad[i].text, strlen(bad[i].text));
		struct der content = {copy, strlen(bad[i].text)};
		tap_ok(!der_read_time(bad[i].tag, content, &seconds), "\"%s\" is no time",
		       bad[i].text);
		free(copy);
	}
}

/* Write an element of so many bytes into room of cap, and read it. */
static bool is_written(size_t len, size_t cap)
{
	static uint8_t content[65536];
	uint8_t tag;
	struct der read;
	struct buf b = {.data = malloc(cap), .cap = cap};
	memset(content, 0xa5, sizeof(content));
	der_add(&b, DER_OCTET_STRING, content, len);
	struct der d = {(const uint8_t *)b.data, b.len};
	bool good = !b.full && b.len == cap && der_take(&d, &tag, &read) && d.left == 0 &&
		    tag == DER_OCTET_STRING && read.left == len &&
		    memcmp(read.at, content, len) == 0;
	free(b.data);
	return good;
}

static void test_written(void)
{
	static const struct {
		size_t len, head;
	} cases[] = {{0, 2}, {1, 2}, {127, 2}, {128, 3}, {255, 3}, {256, 4}, {65535, 4}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t whole = cases[i].head + cases[i].len;
		tap_ok(is_written(cases[i].len, whole), "%zu bytes are written", cases[i].len);
		for (size_t less = 1; less <= 3 && less < whole; less++)
			if (is_written(cases[i].len, whole - less))
				tap_ok(false, "%zu less is not enough", less);
	}
	char room[8];
	struct buf b = {.data = room, .cap = sizeof(room)};
	size_t outer = der_begin(&b, DER_SEQUENCE);
	size_t inner = der_begin(&b, DER_CONTEXT_OF(0));
	der_add(&b, DER_INTEGER, "\2", 1);
	der_end(&b, inner);
	der_end(&b, outer);
	tap_ok(b.len == 7 && memcmp(room, "\x30\5\xa0\3\2\1\2", 7) == 0, "elements in elements");
	der_add(&b, DER_INTEGER, "\2", 1);
	tap_ok(b.full, "what doesn't fit is known");
	static char much[65536 + 16], content[65536];
	b = (struct buf){.data = much, .cap = sizeof(much)};
	der_add(&b, DER_OCTET_STRING, content, sizeof(content));
	tap_ok(b.full, "64 KiB are too long for it");
}

/* What a certificate is put together from. */
enum { VERSION, SERIAL, ALGORITHM, ISSUER, NOT_BEFORE, NOT_AFTER, SUBJECT, BEHIND, PARTS };

#define NAME                                                                                       \
	"\x30\x03"                                                                                 \
	"CN!"
#define BEGIN                                                                                      \
	"\x17\x0d"                                                                                 \
	"250101000000Z"
#define END                                                                                        \
	"\x18\x0f"                                                                                 \
	"99991231235959Z"
#define ALGORITHM_TEXT "\x30\x01\x05"
#define SIGNATURE "\x03\x02\x01\x01"

/* Read the one whose part is that, text without NUL. */
static const char *read_with(int part, const char *text, struct der_certificate *c)
{
	const char *parts[PARTS] = {
		"\xa0\3\2\1\2", "\2\1\1", ALGORITHM_TEXT, NAME,
		BEGIN,          END,      NAME,           ALGORITHM_TEXT SIGNATURE};
	char room[256];
	struct buf b = {.data = room, .cap = sizeof(room)};
	parts[part] = text;
	size_t outer = der_begin(&b, DER_SEQUENCE), tbs = der_begin(&b, DER_SEQUENCE);
	for (int i = VERSION; i <= ISSUER; i++)
		buf_add_text(&b, parts[i]);
	size_t validity = der_begin(&b, DER_SEQUENCE);
	buf_add_text(&b, parts[NOT_BEFORE]);
	buf_add_text(&b, parts[NOT_AFTER]);
	der_end(&b, validity);
	buf_add_text(&b, parts[SUBJECT]);
	der_end(&b, tbs);
	buf_add_text(&b, parts[BEHIND]);
	der_end(&b, outer);
	uint8_t *copy = exact_copy(room, b.len);
	const char *fault = der_read_certificate(copy, b.len, c);
	if (!fault && (c->issuer.left != 3 || memcmp(c->issuer.at, "CN!", 3) != 0 ||
		       c->subject.left != 3 || memcmp(c->subject.at, "CN!", 3) != 0))
		fault = "a wrong name";
	for (size_t len = 0; !fault && len < b.len; len++) {
		struct der_certificate beginning;
		uint8_t *shorter = exact_copy(room, len);
		if (!der_read_certificate(shorter, len, &beginning))
			fault = "a beginning is taken";
		free(shorter);
	}
	free(copy);
	return fault;
}

static void test_certificates(void)
{
	static const struct {
		const char *what, *why;
		int part;
		const char *text;
	} bad[] = {
		{"no signature", "no X.509", BEHIND, ALGORITHM_TEXT},
		{"no algorithm behind", "no X.509", BEHIND, SIGNATURE},
		{"more behind it", "no X.509", BEHIND, ALGORITHM_TEXT SIGNATURE "\x30\x01\x05"},
		{"no serial number", "serial", SERIAL, ""},
		{"no algorithm", "validity", ALGORITHM, ""},
		{"no issuer", "issuer", ISSUER, "\2\1\1"},
		{"no begin", "validity", NOT_BEFORE, ""},
		{"no end", "validity", NOT_AFTER, ""},
		{"two ends", "validity", NOT_AFTER, END END},
		{"a date that is none", "validity", NOT_AFTER,
		 "\x17\x0d"
		 "251301000000Z"},
		{"no subject", "subject", SUBJECT, ""},
		{"a subject that is none", "subject", SUBJECT, "\2\1\1"},
	};
	struct der_certificate c;
	tap_ok(!read_with(SERIAL, "\2\1\2", &c) && c.not_before == 1735689600 &&
		       c.not_after == 253402300799,
	       "a certificate, and none of its beginnings");
	tap_ok(!read_with(VERSION, "", &c), "one of version 1");
	tap_ok(!read_with(SUBJECT, NAME "\x30\x01\x05", &c),
	       "what is behind the subject is skipped");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = read_with(bad[i].part, bad[i].text, &c);
		if (!tap_ok(fault && strstr(fault, bad[i].why), "certificate: %s", bad[i].what))
			tap_note("%s", fault ? fault : "is taken");
	}
}

int main(void)
{
	test_elements();
	test_times();
	test_written();
	test_certificates();
	return tap_done();
}
