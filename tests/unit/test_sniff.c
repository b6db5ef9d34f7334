/* SPDX-License-Identifier: MIT */
/* The names that clients say: ClientHellos and requests, whole, split, cut short and ambiguous. */
#include <string.h>

#include "egress/sniff.h"
#include "exact.h"
#include "made.h"
#include "tap.h"
#include "texts.h"

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
	return make_records(&hello, SNIFF_BYTES);
}

static enum sniff_result read_exact(const void *bytes, size_t len, struct sniff *s)
{
	uint8_t *copy = exact_copy(bytes, len);
	enum sniff_result result = sniff_read(copy, len, s);
	free(copy);
	return result;
}

/* Of each beginning there is more to come, until it is whole; then it is that name. */
static bool is_name(const void *bytes, size_t len, const char *name)
{
	struct sniff s;
	for (size_t i = 0; i < len; i++)
		if (read_exact(bytes, i, &s) != SNIFF_MORE)
			return false;
	return read_exact(bytes, len, &s) == SNIFF_NAME && strcmp(s.name, name) == 0;
}

static void test_hello(void)
{
	struct sniff s;
	tap_ok(is_name(captured, sizeof(captured), "pypi.org"), "a ClientHello, byte by byte");
	struct made m = {.len = 0};
	add(&m, captured, sizeof(captured));
	add(&m, "\x14\3\3\0\1\1 and so on", 15);
	tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_NAME && strcmp(s.name, "pypi.org") == 0,
	       "one with early data behind it");
	struct made message = {.len = 0};
	add(&message, captured + 5, sizeof(captured) - 5);
	static const size_t splits[] = {1, 2, 3, 4, 5, 64, 100, 173};
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		m = make_records(&message, splits[i]);
		tap_ok(is_name(m.bytes, m.len, "pypi.org"), "one in records of %zu bytes",
		       splits[i]);
	}
	m = make_named("WWW.Example.COM.", 16);
	tap_ok(is_name(m.bytes, m.len, "www.example.com"), "a final dot, upper case, GREASE");
	m = make_named("xn--mnchen-3ya.de", 17);
	tap_ok(is_name(m.bytes, m.len, "xn--mnchen-3ya.de"), "an A-label");
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
	struct sniff s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct made m = make_named(bad[i].name, bad[i].len);
		tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_BAD, "server name \"%s\" is none",
		       bad[i].name);
	}
}

/* A ClientHello whose extensions are these bytes. */
static enum sniff_result read_extensions(const char *bytes, size_t len)
{
	struct made extensions = {.len = 0};
	struct sniff s;
	add(&extensions, bytes, len);
	struct made hello = make_hello(&extensions);
	struct made m = make_records(&hello, SNIFF_BYTES);
	return read_exact(m.bytes, m.len, &s);
}

static void test_extensions(void)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
		enum sniff_result result;
	} cases[] = {
		{"one name", "\0\0\0\6\0\4\0\0\1a", 10, SNIFF_NAME},
		{"no extension", "", 0, SNIFF_NONE},
		{"others alone", "\0\x17\0\0\x2a\x2a\0\1\0", 9, SNIFF_NONE},
		{"the same name twice", "\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1a", 20, SNIFF_BAD},
		{"two names in the list", "\0\0\0\12\0\10\0\0\1a\0\0\1b", 14, SNIFF_BAD},
		{"a name of another type", "\0\0\0\6\0\4\1\0\1a", 10, SNIFF_BAD},
		{"an empty list", "\0\0\0\2\0\0", 6, SNIFF_BAD},
		{"nothing in it", "\0\0\0\0", 4, SNIFF_BAD},
		{"a list that ends early", "\0\0\0\7\0\4\0\0\1ax", 11, SNIFF_BAD},
		{"a list that goes beyond", "\0\0\0\6\0\5\0\0\1a", 10, SNIFF_BAD},
		{"a name that goes beyond", "\0\0\0\6\0\4\0\0\2a", 10, SNIFF_BAD},
		{"an extension that goes beyond", "\0\0\0\7\0\4\0\0\1a", 10, SNIFF_BAD},
		{"half a type", "\0\0\0\6\0\4\0\0\1a\0", 11, SNIFF_BAD},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(read_extensions(cases[i].bytes, cases[i].len) == cases[i].result,
		       "extensions: %s", cases[i].what);
	struct made hello = make_hello(NULL);
	struct made m = make_records(&hello, SNIFF_BYTES);
	struct sniff s;
	tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_NONE, "none at all");
	hello.bytes[3]++; /* the message's length */
	add(&hello, "x", 1);
	m = make_records(&hello, SNIFF_BYTES);
	tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_BAD, "a byte in their place");
	struct made extensions = {.len = 0};
	hello = make_hello(&extensions);
	hello.bytes[3]++;
	add(&hello, "x", 1);
	m = make_records(&hello, SNIFF_BYTES);
	tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_BAD, "a byte behind them");
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
	struct sniff s;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = {.len = 0};
		add(&m, captured, sizeof(captured));
		m.bytes[cases[i].at] = cases[i].value;
		tap_ok(read_exact(m.bytes, m.len, &s) == SNIFF_BAD, "%s", cases[i].what);
	}
	tap_ok(read_exact("\x16\3\1\0\0", 5, &s) == SNIFF_BAD, "an empty record");
	tap_ok(read_exact("\x16\3\1\x40\1", 5, &s) == SNIFF_BAD, "a record above 16 KiB");
	tap_ok(read_exact("\x16\3\1\x3f\xfb", 5, &s) == SNIFF_MORE &&
		       read_exact("\x16\3\1\x3f\xfc", 5, &s) == SNIFF_BAD,
	       "a record whose end is beyond what is looked at");
	tap_ok(read_exact("\x16\3\1\0\1\1\x15", 7, &s) == SNIFF_BAD, "an alert in between");
	tap_ok(read_exact("\x80\x2e\1\3\1\0\x15\0\0\0\x10", 11, &s) == SNIFF_BAD,
	       "a hello of SSL 2");
}

/* A ClientHello that fills all that is looked at, or is longer by some bytes. */
static enum sniff_result read_large(size_t more, size_t record_bytes)
{
	enum { REST_BYTES = 76 }; /* beside the padding */
	struct made extensions = {.len = 0}, padding = {.len = SNIFF_BYTES - REST_BYTES + more};
	struct made server_name = make_server_name(0, "a.com", 5);
	struct sniff s;
	add_extension(&extensions, 21, &padding);
	add_extension(&extensions, 0, &server_name);
	struct made hello = make_hello(&extensions);
	struct made m = make_records(&hello, record_bytes);
	return read_exact(m.bytes, m.len < SNIFF_BYTES ? m.len : SNIFF_BYTES, &s);
}

static void test_large(void)
{
	struct made m = {.len = 0};
	struct sniff s;
	tap_ok(read_large(0, SNIFF_BYTES) == SNIFF_NAME, "the largest ClientHello");
	tap_ok(read_large(1, SNIFF_BYTES) == SNIFF_BAD, "one that is larger");
	tap_ok(read_large(0, 1000) == SNIFF_BAD, "one that is larger by its records");
	add(&m, "GET / HTTP/1.1\r\nHost: a.com\r\nX: ", 32);
	memset(m.bytes + m.len, 'x', SNIFF_BYTES);
	tap_ok(read_exact(m.bytes, SNIFF_BYTES - 1, &s) == SNIFF_MORE &&
		       read_exact(m.bytes, SNIFF_BYTES, &s) == SNIFF_BAD,
	       "a request that does not end");
	memcpy(m.bytes + SNIFF_BYTES - 4, "\r\n\r\n", 4);
	tap_ok(read_exact(m.bytes, SNIFF_BYTES, &s) == SNIFF_NAME, "one that just does");
}

#define GET "GET / HTTP/1.1\r\n"
#define END "\r\n\r\n"

/* The name that a request is for, an address after "to "; NULL if it isn't whole, or for none. */
static const char *read_host(const char *text)
{
	static char host[3 + ADDR_TEXT_BYTES];
	static struct sniff s;
	char addr[ADDR_TEXT_BYTES];
	for (size_t i = 0; i < strlen(text); i++)
		if (read_exact(text, i, &s) != SNIFF_MORE)
			return NULL;
	enum sniff_result result = read_exact(text, strlen(text), &s);
	if (result == SNIFF_NAME)
		return s.name;
	if (result != SNIFF_ADDRESS)
		return NULL;
	snprintf(host, sizeof(host), "to %s", addr_text(&s.addr, addr));
	return host;
}

static const struct text_case requests[] = {
	{GET "Host: example.com" END, "example.com"},
	{GET "Accept: */*\r\nhOST:Example.COM.:8080\r\nX-Host: b" END, "example.com"},
	{GET "Host: \t a.com \t" END, "a.com"},
	{GET "Host: a.com:" END, "a.com"},
	{GET "X:\r\nY: \xc3\xbc\tz\r\nHost: a.com" END, "a.com"},
	{"POST /a?b=http://c.com HTTP/1.0\r\nHost: a.com" END, "a.com"},
	{"get / HTTP/1.1\r\nHost: a.com" END, "a.com"},
	{"M-SEARCH * HTTP/1.1\r\nHost: a.com" END, "a.com"},
	{"OPTIONS * HTTP/1.1\r\nHost: a.com" END, "a.com"},
	{"GET http://a.com/ HTTP/1.1\r\nHost: a.com" END, "a.com"},
	{"GET HTTP://A.com:80?x HTTP/1.1\r\nHost: a.com" END, "a.com"},
	{"GET https://a.com HTTP/1.0" END, "a.com"},
	{GET "Host: 93.184.216.34" END, "to 93.184.216.34"},
	{GET "Host: 93.184.216.34:8080" END, "to 93.184.216.34"},
	{GET "Host: [2001:DB8::1]" END, "to 2001:db8::1"},
	{GET "Host: [::1]:443" END, "to ::1"},
	{"GET http://[::1]/ HTTP/1.1\r\nHost: [0:0::1]:80" END, "to ::1"},
};

static void test_request(void)
{
	TEXTS_CHECK("request", requests, read_host);
	struct sniff s;
	static const char with_body[] =
		"POST / HTTP/1.1\r\nHost: a.com" END "\0\r\nHost: b.com" END;
	tap_ok(read_exact(with_body, sizeof(with_body) - 1, &s) == SNIFF_NAME &&
		       strcmp(s.name, "a.com") == 0,
	       "a body is not looked at");
}

static void test_bad_requests(void)
{
	static const char *const bad[] = {
		GET "Host: a.com\r\nHost: a.com" END,
		GET "Host: a.com\r\nhost: b.com" END,
		GET "Host:" END,
		GET "Host: a.com b.com" END,
		GET "Host: a.com, b.com" END,
		GET "Host: a.com:8x" END,
		GET "Host: user@a.com" END,
		GET "Host: a.com/" END,
		GET "Host: ::1" END,
		GET "Host: [::1" END,
		GET "Host: [::1]x" END,
		GET "Host: [1.2.3.4]" END,
		GET "Host: [fe80::1%25lo]" END,
		GET "Host: []" END,
		GET "Host: 2130706433" END,
		GET "Host: 0x7f.1" END,
		GET "Host: 010.0.0.1" END,
		GET "Host: 1.2.3.4." END,
		GET "Host: m\xc3\xbcnchen.de" END,
		GET "Host : a.com" END,
		GET " Host: a.com" END,
		GET "Host: a.com\r\n .org" END,
		GET "X: y\r\n\tz\r\nHost: a.com" END,
		GET "Host" END,
		GET ": x\r\nHost: a.com" END,
		GET "X: a\rHost: b\r\nHost: a.com" END,
		GET "X: \x7f\r\nHost: a.com" END,
		GET "Host: a.com\n\n",
		"GET / HTTP/1.1\nHost: a.com\n\n",
		"GET / HTTP/1.1\r\r\nHost: a.com" END,
		"\r\nGET / HTTP/1.1\r\nHost: a.com" END,
		"GET /\r\n",
		"GET / \r\n",
		"GET / HTTP/2.0\r\nHost: a.com" END,
		"GET / HTTP/1.1 \r\nHost: a.com" END,
		"GET / HTTP/1.10\r\nHost: a.com" END,
		"GET / http/1.1\r\nHost: a.com" END,
		"GET  / HTTP/1.1\r\nHost: a.com" END,
		"GET\t/\tHTTP/1.1\r\nHost: a.com" END,
		"GET /a b HTTP/1.1\r\nHost: a.com" END,
		"GET /\xc3\xbc HTTP/1.1\r\nHost: a.com" END,
		"GE:T / HTTP/1.1\r\nHost: a.com" END,
		" GET / HTTP/1.1\r\nHost: a.com" END,
		"GET a.com HTTP/1.1\r\nHost: a.com" END,
		"GET *x HTTP/1.1\r\nHost: a.com" END,
		"GET http:/a.com HTTP/1.1\r\nHost: a.com" END,
		"GET http:// HTTP/1.1\r\nHost: a.com" END,
		"GET ftp://a.com/ HTTP/1.1\r\nHost: a.com" END,
		"GET http://b.com/ HTTP/1.1\r\nHost: a.com" END,
		"GET http://a.com@b.com/ HTTP/1.1\r\nHost: b.com" END,
		"GET http://a.com#/ HTTP/1.1\r\nHost: a.com" END,
		"GET http://1.2.3.4/ HTTP/1.1\r\nHost: a.com" END,
		"CONNECT a.com:443 HTTP/1.1\r\nHost: a.com:443" END,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"EHLO a.com\r\n",
	};
	struct sniff s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum sniff_result result = read_exact(bad[i], strlen(bad[i]), &s);
		if (!tap_ok(result == SNIFF_BAD, "request %zu is bad", i))
			tap_note("%s", bad[i]);
	}
	static const char nul[] = GET "Host: a.com\0.b.com" END;
	tap_ok(read_exact(nul, sizeof(nul) - 1, &s) == SNIFF_BAD, "a NUL in Host");
	tap_ok(read_exact("\0\0\0", 3, &s) == SNIFF_BAD, "NULs");
}

static void test_nothing(void)
{
	static const char *const none[] = {
		"GET / HTTP/1.0" END,
		GET "X-Forwarded-Host: a.com\r\nHosts: a.com" END,
		"OPTIONS * HTTP/1.1" END,
	};
	struct sniff s;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(read_exact(none[i], strlen(none[i]), &s) == SNIFF_NONE,
		       "request %zu without a Host", i);
	tap_ok(read_exact("", 0, &s) == SNIFF_MORE, "nothing yet");
}

int main(void)
{
	test_hello();
	test_hello_names();
	test_extensions();
	test_records();
	test_large();
	test_request();
	test_bad_requests();
	test_nothing();
	return tap_done();
}
