/* SPDX-License-Identifier: MIT */
/* What a TLS client asks for, up to the ServerHello: ClientHellos whole, split, cut short and
 * ambiguous, and what may lie between two of them. */
#include <string.h>

#include "egress/inspect.h"
#include "inspecting.h"
#include "made.h"
#include "tap.h"

/* As Python 3.11 with OpenSSL 3.0 sends it for pypi.org by TLS 1.2. */
static const uint8_t captured[] = {
	0x16, 0x03, 0x01, 0x00, 0xae, 0x01, 0x00, 0x00, 0xaa, 0x03, 0x03, 0xac, 0xca, 0x4e, 0xa6,
	0x32, 0xff, 0xb6, 0x82, 0x0a, 0x67, 0x46, 0x2e, 0xda, 0x98, 0xba, 0xdb, 0xa2, 0xa4, 0x3e,
	0x83, 0x7e, 0xbf, 0x8e, 0x7c, 0x9c, 0x53, 0xcd, 0xdf, 0xdf, 0x41, 0xfb, 0x05, 0x00, 0x00,
	0x1e, 0xc0, 0x2c, 0xc0, 0x30, 0xc0, 0x2b, 0xc0, 0x2f, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x24,
	0xc0, 0x28, 0xc0, 0x23, 0xc0, 0x27, 0x00, 0x9f, 0x00, 0x9e, 0x00, 0x6b, 0x00, 0x67, 0x00,
	0xff, 0x01, 0x00, 0x00, 0x63, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x0b, 0x00, 0x00, 0x08, 0x70,
	0x79, 0x70, 0x69, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x0b, 0x00, 0x04, 0x03, 0x00, 0x01, 0x02,
	0x00, 0x0a, 0x00, 0x0c, 0x00, 0x0a, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x1e, 0x00, 0x19, 0x00,
	0x18, 0x00, 0x23, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00, 0x17, 0x00, 0x00, 0x00, 0x0d,
	0x00, 0x2a, 0x00, 0x28, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08, 0x08, 0x08,
	0x09, 0x08, 0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x04, 0x01, 0x05, 0x01,
	0x06, 0x01, 0x03, 0x03, 0x03, 0x01, 0x03, 0x02, 0x04, 0x02, 0x05, 0x02, 0x06, 0x02};

/* Bytes with their length before them. */
static void add_vector(struct made *m, const struct made *content)
{
	add16(m, content->len);
	add(m, content->bytes, content->len);
}

static void add_extension(struct made *m, unsigned type, const struct made *data)
{
	add16(m, type);
	add_vector(m, data);
}

static struct made make_server_name(unsigned type, const char *name, size_t len)
{
	struct made list = {.len = 1}, data = {.len = 0};
	list.bytes[0] = (uint8_t)type;
	add16(&list, len);
	add(&list, name, len);
	add_vector(&data, &list);
	return data;
}

/* The handshake message, with these extensions, or none at all. */
static struct made make_hello(const struct made *extensions)
{
	struct made body = {.len = 0}, hello = {.len = 0};
	add(&body, "\3\3", 2);
	for (size_t i = 0; i < 32; i++)
		add(&body, "r", 1);
	add(&body, "\4sess\0\4\x0a\x0a\x13\1\1", 12); /* GREASE (RFC 8701) before a real suite */
	add(&body, "", 1);
	if (extensions)
		add_vector(&body, extensions);
	add(&hello, "\1", 2);
	add_vector(&hello, &body);
	return hello;
}

/* The message in records of so many bytes. */
static struct made make_records(const struct made *message, size_t record_bytes)
{
	struct made records = {.len = 0};
	for (size_t at = 0; at < message->len; at += record_bytes) {
		size_t left = message->len - at;
		size_t len = left < record_bytes ? left : record_bytes;
		add(&records, "\x16\3\1", 3);
		add16(&records, len);
		add(&records, message->bytes + at, len);
	}
	return records;
}

static struct made make_named(const char *name, size_t len)
{
	struct made extensions = {.len = 0}, grease = {.len = 0};
	struct made server_name = make_server_name(0, name, len);
	add_extension(&extensions, 0x1a1a, &grease);
	add_extension(&extensions, 0, &server_name);
	add_extension(&extensions, 43, &grease);
	struct made hello = make_hello(&extensions);
	return make_records(&hello, INSPECT_BYTES);
}

/* Whether that is told of a client alone. */
static bool is_told(const struct made *m, const char *expected)
{
	const char *told = inspecting_tell(m->bytes, m->len, "", 0);
	bool same = told && strcmp(told, expected) == 0;
	if (!same)
		tap_note("%s, not %s", told ? told : "", expected);
	return same;
}

/* Whether the client asks for that name once all of it is there, and not before, and it goes on. */
static bool is_name(const struct made *m, const char *name)
{
	char expected[400];
	struct made part = *m;
	part.len--;
	snprintf(expected, sizeof(expected), "%s@0 up>%zu down<0 more", name, m->len);
	return is_told(&part, "up>0 down<0 more") && is_told(m, expected);
}

static bool is_bad(const struct made *m)
{
	return is_told(m, "up>0 down<0 neither TLS nor HTTP");
}

static struct made make(const void *bytes, size_t len)
{
	struct made m = {.len = 0};
	add(&m, bytes, len);
	return m;
}

static void test_hello(void)
{
	struct made m = make(captured, sizeof(captured));
	tap_ok(is_name(&m, "pypi.org"), "a ClientHello");
	struct made message = make(captured + 5, sizeof(captured) - 5);
	static const size_t splits[] = {1, 2, 3, 4, 5, 64, 100, 173};
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		m = make_records(&message, splits[i]);
		tap_ok(is_name(&m, "pypi.org"), "one in records of %zu bytes", splits[i]);
	}
	m = make_named("WWW.Example.COM.", 16);
	tap_ok(is_name(&m, "www.example.com"), "a final dot, upper case, GREASE");
	m = make_named("xn--mnchen-3ya.de", 17);
	tap_ok(is_name(&m, "xn--mnchen-3ya.de"), "an A-label");
}

static void test_hello_names(void)
{
	static const struct {
		const char *name;
		size_t len;
	} bad[] = {
		{"", 0},
		{"a\0b.com", 7},
		{"a.com\0", 6},
		{"93.184.216.34", 13},
		{"2130706433", 10},
		{"0x7f.1", 6},
		{"::1", 3},
		{"[::1]", 5},
		{"*.a.com", 7},
		{"a.com:443", 9},
		{"m\xc3\xbc.de", 6},
		{"a b.com", 7},
		{"a..com", 6},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct made m = make_named(bad[i].name, bad[i].len);
		tap_ok(is_bad(&m), "server name \"%s\" is none", bad[i].name);
	}
}

/* A ClientHello whose extensions are these bytes. */
static struct made make_extended(const char *bytes, size_t len)
{
	struct made extensions = make(bytes, len);
	struct made hello = make_hello(&extensions);
	return make_records(&hello, INSPECT_BYTES);
}

static void test_extensions(void)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
		const char *asked; /* NULL: it is bad */
	} cases[] = {
		{"one name", "\0\0\0\6\0\4\0\0\1a", 10, "a"},
		{"no extension", "", 0, "-"},
		{"others alone", "\0\x17\0\0\x2a\x2a\0\1\0", 9, "-"},
		{"the same name twice", "\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1a", 20, NULL},
		{"two names in the list", "\0\0\0\12\0\10\0\0\1a\0\0\1b", 14, NULL},
		{"a name of another type", "\0\0\0\6\0\4\1\0\1a", 10, NULL},
		{"an empty list", "\0\0\0\2\0\0", 6, NULL},
		{"nothing in it", "\0\0\0\0", 4, NULL},
		{"a list that ends early", "\0\0\0\7\0\4\0\0\1ax", 11, NULL},
		{"a list that goes beyond", "\0\0\0\6\0\5\0\0\1a", 10, NULL},
		{"a name that goes beyond", "\0\0\0\6\0\4\0\0\2a", 10, NULL},
		{"an extension that goes beyond", "\0\0\0\7\0\4\0\0\1a", 10, NULL},
		{"half a type", "\0\0\0\6\0\4\0\0\1a\0", 11, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make_extended(cases[i].bytes, cases[i].len);
		tap_ok(cases[i].asked ? is_name(&m, cases[i].asked) : is_bad(&m), "extensions: %s",
		       cases[i].what);
	}
	struct made hello = make_hello(NULL);
	struct made m = make_records(&hello, INSPECT_BYTES);
	tap_ok(is_name(&m, "-"), "none at all");
	hello.bytes[3]++; /* the message's length */
	add(&hello, "x", 1);
	m = make_records(&hello, INSPECT_BYTES);
	tap_ok(is_bad(&m), "a byte in their place");
	struct made extensions = {.len = 0};
	hello = make_hello(&extensions);
	hello.bytes[3]++;
	add(&hello, "x", 1);
	m = make_records(&hello, INSPECT_BYTES);
	tap_ok(is_bad(&m), "a byte behind them");
}

static void test_records(void)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{"an alert", 0, 21},
		{"another version", 1, 2},
		{"a ServerHello", 5, 2},
		{"a message of 16 MiB", 6, 0xff},
		{"a message that ends within the record", 8, 0xa9},
		{"compression methods that go beyond", 76, 0xff},
		{"a session id that goes beyond", 43, 0xff},
		{"cipher suites that go beyond", 44, 0xff},
		{"extensions that go beyond", 79, 0x64},
		{"extensions that end early", 79, 0x62},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make(captured, sizeof(captured));
		m.bytes[cases[i].at] = cases[i].value;
		tap_ok(is_bad(&m), "%s", cases[i].what);
	}
	struct made m = make("\x16\3\1\0\0", 5);
	tap_ok(is_bad(&m), "an empty record");
	m = make("\x16\3\1\x40\1", 5);
	tap_ok(is_bad(&m), "a record above 16 KiB");
	m = make("\x16\3\1\x3f\xfb", 5);
	tap_ok(is_told(&m, "up>0 down<0 more"), "a record that ends with what is held");
	m = make("\x16\3\1\x3f\xfc", 5);
	tap_ok(is_bad(&m), "one that ends behind it");
	m = make("\x16\3\1\0\1\1\x15", 7);
	tap_ok(is_bad(&m), "an alert in between");
	m = make("\x80\x2e\1\3\1\0\x15\0\0\0\x10", 11);
	tap_ok(is_bad(&m), "a hello of SSL 2");
}

/* A ClientHello that fills all that is held, or is longer by some bytes. */
static struct made make_large(size_t more, size_t record_bytes)
{
	enum { REST_BYTES = 76 }; /* beside the padding */
	struct made extensions = {.len = 0}, padding = {.len = INSPECT_BYTES - REST_BYTES + more};
	struct made server_name = make_server_name(0, "a.com", 5);
	add_extension(&extensions, 21, &padding);
	add_extension(&extensions, 0, &server_name);
	struct made hello = make_hello(&extensions);
	return make_records(&hello, record_bytes);
}

static void test_large(void)
{
	struct made m = make_large(0, INSPECT_BYTES);
	tap_ok(is_name(&m, "a.com"), "the largest ClientHello");
	m = make_large(1, INSPECT_BYTES);
	tap_ok(is_bad(&m), "one that is larger");
	m = make_large(0, 1000);
	tap_ok(is_bad(&m), "one that is larger by its records");
}

#define EARLY "\x14\3\3\0\1\1\x17\3\3\0\5early\x17\3\3\0\0" /* 21 bytes */
#define ALERT "\x15\3\3\0\2\1\x70"                          /* 7: unrecognized_name */

/* A hello of the server's, a HelloRetryRequest or another, with so many bytes behind its random. */
static struct made make_server_hello(bool is_retry, size_t rest, size_t record_bytes)
{
	static const uint8_t retry[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
					0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
					0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
					0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	struct made body = {.len = 0}, hello = {.len = 0};
	add(&body, "\3\3", 2);
	add(&body, retry, sizeof(retry));
	if (!is_retry)
		body.bytes[33]++;
	for (size_t i = 0; i < rest; i++)
		add(&body, "x", 1);
	add(&hello, "\2", 2);
	add_vector(&hello, &body);
	return make_records(&hello, record_bytes);
}

static void append(struct made *m, const struct made *more)
{
	add(m, more->bytes, more->len);
}

struct talk {
	struct made client, server;
};

static void check(const struct talk *t, const char *expected, const char *what)
{
	const char *told =
		inspecting_tell(t->client.bytes, t->client.len, t->server.bytes, t->server.len);
	if (!tap_ok(told && strcmp(told, expected) == 0, "%s", what))
		tap_note("%s\n# not %s", told ? told : "", expected);
}

/* A hello for a.com (80 bytes) with what follows, and the server's answers. */
static struct talk begin(const char *between, size_t between_len)
{
	struct talk t = {.client = make_named("a.com", 5)};
	add(&t.client, between, between_len);
	return t;
}

static void test_answers(void)
{
	struct made hello = make_server_hello(false, 6, 100),
		    plain = make("HTTP/1.1 400 x\r\n", 16);
	struct talk t = begin(EARLY ALERT, 28);
	check(&t, "a.com@0 up>108 down<0 more", "no answer; early data and alerts go on");
	add(&t.client, "\x16\3\3\0\5hello", 10);
	check(&t, "a.com@0 up>108 down<0 answer", "a handshake waits for it");
	t.server = hello;
	check(&t, "a.com@0 up>108 down<0 free", "a ServerHello");
	t.server.len = 42;
	check(&t, "a.com@0 up>108 down<0 answer", "all of it but a byte of its random");
	t.server = make_server_hello(false, 60, 7);
	check(&t, "a.com@0 up>108 down<0 free", "one in records of 7 bytes");
	t.server = make(ALERT, 7);
	append(&t.server, &hello);
	check(&t, "a.com@0 up>108 down<7 free", "one behind a warning");
	t.server = hello;
	add(&t.server, "\x16\3\3\0\4\x0e\0\0\0", 9);
	t.server.bytes[4] += 4; /* a message behind it in its record */
	check(&t, "a.com@0 up>108 down<0 free", "one in a record with another message");
	t.server = make(ALERT, 7);
	check(&t, "a.com@0 up>108 down<7 answer", "a warning alone");
	t.server = plain;
	check(&t, "a.com@0 up>108 down<0 malformed handshake", "an answer that isn't TLS");
	t.server = hello;
	t.server.bytes[5] = 1;
	check(&t, "a.com@0 up>108 down<0 malformed handshake", "a ClientHello for an answer");
	t.server = make_server_hello(false, 6, 7);
	t.server.bytes[12] = 23;
	check(&t, "a.com@0 up>108 down<0 malformed handshake", "other records within one");
	t = begin(EARLY, 21);
	t.server = plain;
	check(&t, "a.com@0 up>101 down<0 more", "no handshake behind an answer that isn't TLS");
}

static void test_retry(void)
{
	struct made a = make_named("a.com", 5), b = make_named("b.com", 5), none = make_hello(NULL);
	struct made retry = make_server_hello(true, 20, 100),
		    hello = make_server_hello(false, 6, 100);
	struct talk t = begin("", 0);
	t.server = retry;
	check(&t, "a.com@0 up>80 down<63 more", "a HelloRetryRequest");
	append(&t.client, &a);
	check(&t, "a.com@0 up>160 down<63 more", "the same name again");
	append(&t.server, &hello);
	add(&t.client, "\x16\3\3\0\5hello", 10);
	check(&t, "a.com@0 up>160 down<63 free", "a ServerHello in the end");

	t = begin(EARLY, 21);
	append(&t.client, &b);
	check(&t, "a.com@0 up>101 down<0 answer", "another name, not yet asked for");
	t.server = hello;
	check(&t, "a.com@0 up>101 down<0 free", "another name that can't be meant");
	t.server = retry;
	check(&t, "a.com@0 up>101 down<63 another server name", "another name");
	none = make_records(&none, INSPECT_BYTES);
	t = begin(EARLY, 21);
	append(&t.client, &none);
	t.server = retry;
	check(&t, "a.com@0 up>101 down<63 another server name", "no name any more");
	t.client = none;
	append(&t.client, &b);
	check(&t, "-@0 up>56 down<63 another server name", "a name that wasn't there");
	t.client = none;
	append(&t.client, &none);
	check(&t, "-@0 up>112 down<63 more", "no name again");

	t = begin(EARLY, 21);
	add(&t.client, EARLY, 6);
	append(&t.client, &a);
	t.server = retry;
	add(&t.server, EARLY, 6); /* change_cipher_spec */
	append(&t.server, &hello);
	check(&t, "a.com@0 up>187 down<69 free", "early data, change_cipher_spec of both sides");

	struct made message = make(a.bytes + 5, a.len - 5), split = make_records(&message, 9);
	t = begin("", 0);
	append(&t.client, &split);
	t.server = make_server_hello(true, 400, 10);
	check(&t, "a.com@0 up>200 down<658 more", "both in small records");

	t = begin("", 0);
	append(&t.client, &a);
	append(&t.client, &a);
	t.server = retry;
	check(&t, "a.com@0 up>160 down<63 answer", "a third one waits");
	append(&t.server, &retry);
	check(&t, "a.com@0 up>160 down<63 malformed handshake", "for no HelloRetryRequest");
	t.client.len = 80;
	check(&t, "a.com@0 up>80 down<63 malformed handshake", "two of them for one ClientHello");
}

static void test_retry_malformed(void)
{
	struct made a = make_named("a.com", 5);
	struct talk t = begin("", 0);
	append(&t.client, &a);
	t.server = make_server_hello(true, 20, 100);
	t.server.bytes[4]++;
	add(&t.server, "x", 1);
	check(&t, "a.com@0 up>80 down<0 malformed handshake",
	      "more in the HelloRetryRequest's record");
	t.server = make_server_hello(true, 16000, 16000);
	check(&t, "a.com@0 up>160 down<16048 more", "a large one");
	t.server.len = 8000;
	check(&t, "a.com@0 up>80 down<0 answer", "half of it");
	t.server = make_server_hello(true, 16341, 16000);
	check(&t, "a.com@0 up>80 down<0 malformed handshake", "one that is too large");

	static const struct {
		const char *what, *bytes;
		size_t len;
	} bad[] = {
		{"a heartbeat", "\x18\3\3\0\1x", 6},
		{"another protocol", "GET / HTTP/1.1\r\n", 16},
		{"another version", "\x17\2\3\0\1x", 6},
		{"a record that is too large", "\x17\3\3\x41\1", 5},
		{"an empty handshake", "\x16\3\3\0\0", 5},
		{"a handshake that is no ClientHello", "\x16\3\3\0\1\x10", 6},
		{"one that is too large", "\x16\3\3\0\4\1\1\1\1", 9},
		{"one with something else in it", "\x16\3\3\0\1\1\x17", 7},
		{"one with a bad version", "\x16\2", 2},
		{"one that says nothing", "\x16\3\3\0\4\1\0\0\0", 9},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = begin(EARLY, 21);
		add(&t.client, bad[i].bytes, bad[i].len);
		t.server = make_server_hello(true, 20, 100);
		const char *told =
			inspecting_tell(t.client.bytes, t.client.len, t.server.bytes, t.server.len);
		const char *end = told ? strrchr(told, '<') : NULL;
		bool is_refused = end && strcmp(end + 1 + strspn(end + 1, "0123456789"),
						" malformed handshake") == 0;
		if (!tap_ok(is_refused && strstr(told, "up>101"), "between: %s", bad[i].what))
			tap_note("%s", told ? told : "");
	}
	struct inspect i = {.kind = INSPECT_UNKNOWN};
	tap_ok(inspect_client(&i, a.bytes, a.len) == INSPECT_ASKS && inspect_listens(&i) &&
		       inspect_client(&i, a.bytes, a.len) == INSPECT_PASS &&
		       inspect_client(&i, a.bytes, a.len) == INSPECT_ANSWER,
	       "the server is listened to from the moment in which the client asks");
	struct made retry = make_server_hello(true, 20, 100);
	struct inspect other = i;
	tap_ok(inspect_server(&other, retry.bytes, retry.len) == INSPECT_PASS &&
		       inspect_client(&other, a.bytes, 10) == INSPECT_MORE &&
		       inspect_server(&other, (const uint8_t *)"HTTP", 4) == INSPECT_FREE &&
		       inspect_client(&other, a.bytes, a.len) == INSPECT_PASS &&
		       inspect_client(&other, a.bytes, a.len) == INSPECT_BAD,
	       "one that goes over to something else doesn't, either");
	inspect_server_ended(&i);
	tap_ok(!inspect_listens(&i) && inspect_client(&i, a.bytes, a.len) == INSPECT_BAD &&
		       inspect_client(&i, a.bytes, a.len) == INSPECT_BAD,
	       "one that ends without an answer gets no other ClientHello");
}

int main(void)
{
	test_hello();
	test_hello_names();
	test_extensions();
	test_records();
	test_large();
	test_answers();
	test_retry();
	test_retry_malformed();
	return tap_done();
}
