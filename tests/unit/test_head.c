/* SPDX-License-Identifier: MIT */
/* Heads of requests and replies: what is taken, what is refused and how, what is passed on. */
#include <string.h>

#include "exact.h"
#include "front/head.h"
#include "tap.h"

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END "\r\n"

static char memory[FRONT_IN_BYTES];

/* What many of the same make: no literal. */
static struct buf made;

static struct buf *make(const char *begin)
{
	made = (struct buf){.data = memory, .cap = sizeof(memory)};
	buf_add_text(&made, begin);
	return &made;
}

static void repeat(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_text(&made, text);
}

/* Read it whole, from memory of its own, so that the sanitizers see an access past it. The texts
 * point into *copy, which the caller frees. */
static enum head_result read_whole(const char *bytes, size_t len, char **copy,
				   struct head_request *h, struct head_fault *fault)
{
	*copy = exact_copy(bytes, len);
	*h = (struct head_request){0};
	*fault = (struct head_fault){0};
	return head_read_request(h, *copy, len, fault);
}

/* The same byte by byte, up to where something is decided. Of a head, that is its last. */
static enum head_result read_bytes(const char *bytes, size_t len, struct head_request *h,
				   struct head_fault *fault)
{
	enum head_result result = HEAD_MORE;
	*h = (struct head_request){0};
	*fault = (struct head_fault){0};
	for (size_t n = 1; n <= len && result == HEAD_MORE; n++)
		result = head_read_request(h, bytes, n, fault);
	return result;
}

static bool refuses(const char *bytes, size_t len, unsigned status, const char *code)
{
	struct head_request h, slow;
	struct head_fault fault, slow_fault;
	char *copy;
	enum head_result result = read_whole(bytes, len, &copy, &h, &fault);
	enum head_result slowly = read_bytes(copy, len, &slow, &slow_fault);
	free(copy);
	if (result != HEAD_BAD || slowly != HEAD_BAD) {
		tap_note("whole %d, byte by byte %d", result, slowly);
		return false;
	}
	if (fault.status != status || strcmp(fault.code, code) != 0 ||
	    slow_fault.status != status || strcmp(slow_fault.code, code) != 0) {
		tap_note("%u %s (%s); byte by byte %u %s (%s)", fault.status, fault.code,
			 fault.text, slow_fault.status, slow_fault.code, slow_fault.text);
		return false;
	}
	return true;
}

#define REFUSED(bytes, status, code, name)                                                         \
	tap_ok(refuses(bytes, sizeof(bytes) - 1, status, code), "%u: %s", (unsigned)(status),      \
	       (name))
#define BAD(bytes, name) REFUSED(bytes, 400, "bad_request", name)

static void test_bad_first_lines(void)
{
	BAD("\r\n" GET HOST END, "an empty line before the first");
	BAD("\n" GET HOST END, "a line feed before it");
	BAD(" " GET HOST END, "a blank before it");
	BAD("GET  / HTTP/1.1\r\n" HOST END, "two blanks");
	BAD("GET\t/ HTTP/1.1\r\n" HOST END, "a tab for a blank");
	BAD("GET / HTTP/1.1 \r\n" HOST END, "a blank behind it");
	BAD("GET / \r\n" HOST END, "no version");
	BAD("GET /\r\n" HOST END, "HTTP/0.9");
	BAD("GET\r\n" END, "a method alone");
	BAD("GET / HTTP/1.10\r\n" HOST END, "HTTP/1.10");
	BAD("GET / HTTP/1,1\r\n" HOST END, "a comma in the version");
	BAD("GET / http/1.1\r\n" HOST END, "a version in small letters");
	BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2's preface");
	REFUSED("GET / HTTP/1.2\r\n" HOST END, 505, "bad_version", "HTTP/1.2");
	BAD("get / HTTP/1.1\r\n" HOST END, "a method in small letters");
	BAD("GEt / HTTP/1.1\r\n" HOST END, "a method with a small letter");
	BAD("G(T / HTTP/1.1\r\n" HOST END, "a method that is no token");
	BAD("ABCDEFGHIJKLMNOP / HTTP/1.1\r\n" HOST END, "a method of 16 bytes");
	BAD("GET x HTTP/1.1\r\n" HOST END, "a target without a slash");
	BAD("OPTIONS * HTTP/1.1\r\n" HOST END, "the asterisk form");
	BAD("CONNECT a:80 HTTP/1.1\r\n" HOST END, "the authority form");
	BAD("GET ftp://a/ HTTP/1.1\r\n" HOST END, "another scheme");
	BAD("GET http://a?b HTTP/1.1\r\n" HOST END, "an absolute form with a query and no path");
	BAD("GET /\x80 HTTP/1.1\r\n" HOST END, "a high byte in the target");
	BAD("GET /\0 HTTP/1.1\r\n" HOST END, "NUL in it");
	BAD("GET /\0HTTP/1.1\r\n" HOST END, "NUL for a blank");
	BAD("GET /\x7f HTTP/1.1\r\n" HOST END, "DEL in it");
	BAD("GET / HTTP/1.1\n" HOST END, "a line that ends by LF");
	BAD("GET / HTTP/1.1\rX\r\n" HOST END, "CR alone");
	BAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "a ClientHello");
	BAD("\x80\x2e\x01\x03\x01 / HTTP/1.1\r\n", "one of SSL 2");
}

static void test_bad_fields(void)
{
	BAD(GET HOST "A: b\n\r\n", "a field that ends by LF");
	BAD(GET HOST "A: b\rc\r\n\r\n", "CR in a field");
	BAD(GET HOST "A: b\r\r\n\r\n", "CR CR LF");
	BAD(GET HOST "A: b\r\n\n", "LF for the last line");
	BAD(GET HOST "A: \0b\r\n\r\n", "NUL in a field");
	BAD(GET HOST "A: \x1b[2J\r\n\r\n", "another control character");
	BAD(GET HOST "A: b\r\n c\r\n\r\n", "a folded line");
	BAD(GET HOST "A: b\r\n\tc\r\n\r\n", "one by a tab");
	BAD(GET " Host: a\r\n\r\n", "a folded first line");
	BAD(GET "Host : a\r\n\r\n", "a blank before the colon");
	BAD(GET "Host\t: a\r\n\r\n", "a tab before it");
	BAD(GET HOST "A\r\n\r\n", "no colon");
	BAD(GET HOST ": b\r\n\r\n", "no name");
	BAD(GET HOST "A B: c\r\n\r\n", "a blank in the name");
	BAD(GET HOST "A\xa0: c\r\n\r\n", "a high byte in it");
	BAD(GET HOST "A(: c\r\n\r\n", "a parenthesis in it");
	BAD(GET END, "no Host");
	BAD(GET HOST HOST END, "two Hosts, the same");
	BAD(GET HOST "Host: b\r\n\r\n", "two Hosts");
	BAD(GET HOST "Authorization: a\r\nauthorization: a\r\n\r\n", "two tokens");
	BAD(GET HOST "Content-Type: a\r\nContent-Type: b\r\n\r\n", "two types");
	BAD(GET HOST "Origin: http://a\r\nOrigin: http://a\r\n\r\n", "two origins");
}

static void test_bad_lengths(void)
{
#define LENGTH(value) GET HOST "Content-Length: " value "\r\n\r\n"
	BAD(LENGTH(""), "Content-Length: nothing");
	BAD(LENGTH("+1"), "+1");
	BAD(LENGTH("-1"), "-1");
	BAD(LENGTH("0x1"), "0x1");
	BAD(LENGTH("1,1"), "1,1");
	BAD(LENGTH("1, 1"), "1, 1");
	BAD(LENGTH("1 1"), "1 1");
	BAD(LENGTH("1;"), "1;");
	BAD(LENGTH("1.0"), "1.0");
	BAD(LENGTH("1e3"), "1e3");
	BAD(LENGTH("\xb2"), "a digit of Latin-1");
	BAD(LENGTH("99999999999999999999"), "20 nines");
	BAD(LENGTH("18446744073709551616"), "2^64");
	BAD(LENGTH("18446744073709551617"), "2^64 + 1");
	REFUSED(LENGTH("2147483648"), 413, "too_large", "2 GiB");
	REFUSED(LENGTH("9223372036854775807"), 413, "too_large", "2^63 - 1");
	BAD(GET HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", "the same twice");
	BAD(GET HOST "Content-Length: 1\r\nContent-length: 2\r\n\r\n", "two");
	BAD(GET HOST "Content-Length: 0\r\nContent-Length: 1\r\n\r\n", "none, then one");
	BAD(GET HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "and chunked");
	BAD(GET HOST "Transfer-Encoding: x\r\nContent-Length: 1\r\n\r\n", "and the other way");
#define ENCODED(field) GET HOST field "\r\n\r\n"
#define NO_ENCODING(value)                                                                         \
	REFUSED(ENCODED("Transfer-Encoding:" value), 501, "unsupported_encoding", value)
	NO_ENCODING(" identity");
	NO_ENCODING(" xchunked");
	NO_ENCODING(" chunked;a");
	NO_ENCODING(" Chunked");
	NO_ENCODING(" chunked, chunked");
	NO_ENCODING(" gzip, chunked");
	NO_ENCODING(" chunked\r\nTransfer-Encoding: chunked");
	NO_ENCODING(" gzip\r\nTransfer-Encoding: chunked");
	NO_ENCODING("\r\nTransfer-Encoding: chunked");
	NO_ENCODING("");
	BAD("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "chunked of HTTP/1.0");
	BAD(ENCODED("Transfer-Encoding : chunked"), "chunked, a blank before the colon");
	BAD(ENCODED("Transfer\xad"
		    "Encoding: chunked"),
	    "a hyphen that is none");
}

static void test_bad_paths(void)
{
#define PATH(path) REFUSED("GET " path " HTTP/1.1\r\n" HOST END, 400, "bad_request", path)
	PATH("/cgi-bin/api/x%2Fy");
	PATH("/cgi-bin/api/x%2f?y");
	PATH("/cgi-bin/api/x%00");
	PATH("/%");
	PATH("/%4");
	PATH("/%4?a");
	PATH("/%4g");
	PATH("/%g4");
}

static void test_bad_origins(void)
{
#define OF(origin) GET "Host: a:80\r\nOrigin: " origin "\r\n\r\n"
	REFUSED(OF("http://b:80"), 403, "cross_origin", "another site");
	REFUSED(OF("http://a"), 403, "cross_origin", "another port");
	REFUSED(OF("null"), 403, "cross_origin", "null");
	REFUSED(OF(""), 403, "cross_origin", "nothing");
	REFUSED(OF("http://a:80.b"), 403, "cross_origin", "a longer name");
	REFUSED(OF("a:80"), 403, "cross_origin", "no scheme");
	REFUSED("GET / HTTP/1.0\r\nOrigin: http://\r\n\r\n", 403, "cross_origin", "no Host");
}

static bool is_refused(unsigned status, const char *code)
{
	return !made.full && refuses(made.data, made.len, status, code);
}

static bool is_taken(void)
{
	struct head_request h;
	struct head_fault fault;
	char *copy;
	enum head_result result = read_whole(made.data, made.len, &copy, &h, &fault);
	bool ok = !made.full && result == HEAD_DONE && h.len == made.len &&
		  read_bytes(copy, made.len, &h, &fault) == HEAD_DONE && h.len == made.len;
	free(copy);
	if (!ok)
		tap_note("%d: %u %s", result, fault.status, fault.text ? fault.text : "");
	return ok;
}

static void test_sizes(void)
{
	make("GET /");
	repeat("a", FRONT_TARGET_BYTES - 1);
	buf_add_text(&made, " HTTP/1.1\r\n" HOST END);
	tap_ok(is_taken(), "a target of 4096 bytes");
	make("GET /");
	repeat("a", FRONT_TARGET_BYTES);
	buf_add_text(&made, " HTTP/1.1\r\n" HOST END);
	tap_ok(is_refused(414, "too_large"), "414: one of 4097");
	make(GET HOST "Authorization: ");
	repeat("a", FRONT_FIELD_BYTES);
	buf_add_text(&made, "\r\n\r\n");
	tap_ok(is_taken(), "a token of 2048 bytes");
	make(GET HOST "Authorization: ");
	repeat("a", FRONT_FIELD_BYTES + 1);
	buf_add_text(&made, "\r\n\r\n");
	tap_ok(is_refused(431, "too_large"), "431: one of 2049");
	make(GET HOST);
	repeat("A: b\r\n", FRONT_FIELDS - 1);
	buf_add_text(&made, END);
	tap_ok(is_taken(), "100 fields");
	make(GET);
	repeat("A: b\r\n", FRONT_FIELDS + 1);
	tap_ok(is_refused(431, "too_large"), "431: 101");
	make(GET HOST "Cookie: ");
	repeat("a", FRONT_IN_BYTES - made.len - 4);
	buf_add_text(&made, "\r\n\r\n");
	tap_ok(made.len == FRONT_IN_BYTES && is_taken(), "a head of 16384 bytes");
	make(GET HOST "Cookie: ");
	repeat("a", FRONT_IN_BYTES - made.len - 3);
	buf_add_text(&made, "\r\n\r");
	tap_ok(made.len == FRONT_IN_BYTES && is_refused(431, "too_large"), "431: a longer one");
	make(GET HOST "Cookie: ");
	repeat("a", FRONT_IN_BYTES - made.len);
	tap_ok(is_refused(431, "too_large"), "431: a line without an end");
}

/* What is written for httpd, of the beginning that is a head. */
static bool writes(const char *bytes, size_t len, bool authorises, const char *expected)
{
	static const struct addr client = {.family = 4, .bytes = {192, 0, 2, 1}};
	char text[FRONT_OUT_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text) - 1};
	struct head_request h;
	struct head_fault fault;
	char *copy;
	enum head_result result = read_whole(bytes, len, &copy, &h, &fault);
	if (result == HEAD_DONE)
		head_write_request(&h, &client, authorises, &out);
	text[out.len] = '\0';
	free(copy);
	if (result == HEAD_DONE && strcmp(text, expected) == 0)
		return true;
	tap_note("%d %s: %s", result, result == HEAD_BAD ? fault.text : "", text);
	return false;
}

#define WRITES(in, out, name)                                                                      \
	tap_ok(writes(in, sizeof(in) - 1, false, out), "passed on: %s", (name))
#define AUTHORISES(in, out, name)                                                                  \
	tap_ok(writes(in, sizeof(in) - 1, true, out), "to be authorised: %s", (name))
#define ADDRESS "Squash-Client: 192.0.2.1\r\n"

static void test_written(void)
{
	WRITES(GET HOST END, "GET /index.html HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "the least");
	WRITES("GET /?a HTTP/1.1\r\n" HOST END,
	       "GET /index.html?a HTTP/1.1\r\nHost: a\r\n" ADDRESS END,
	       "a query of the first page");
	WRITES("GET /x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1\r\n" ADDRESS END, "HTTP/1.0");
	WRITES("GET http://b:1/x?y HTTP/1.1\r\n" HOST END,
	       "GET /x?y HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "the absolute form");
	WRITES("GET HTTPS://b HTTP/1.1\r\n" HOST END,
	       "GET /index.html HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "one without a path");
	WRITES("POST /x HTTP/1.1\r\nhost:a\r\ncontent-length: 007 \r\n"
	       "AUTHORIZATION:\tBearer b \t\r\n"
	       "content-TYPE: application/json\r\nOrigin: https://a\r\n\r\n",
	       "POST /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer b\r\n"
	       "Content-Type: application/json\r\n" ADDRESS "Content-Length: 7\r\n\r\n",
	       "all that is");
	WRITES("PUT /x HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n",
	       "PUT /x HTTP/1.1\r\nHost: a\r\n" ADDRESS "Content-Length: 7\r\n\r\n",
	       "PUT has a body");
	WRITES("PATCH /x HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n",
	       "PATCH /x HTTP/1.1\r\nHost: a\r\n" ADDRESS "Content-Length: 7\r\n\r\n",
	       "so has PATCH");
	WRITES("DELETE /x HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n",
	       "DELETE /x HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "no others");
	WRITES("HEAD /x HTTP/1.1\r\n" HOST END, "GET /x HTTP/1.1\r\nHost: a\r\n" ADDRESS END,
	       "HEAD as GET");
	WRITES("GET /%2e%41?%2F%00% HTTP/1.1\r\n" HOST END,
	       "GET /%2e%41?%2F%00% HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "a path with a %");
	WRITES("POST /x HTTP/1.1\r\n" HOST "transfer-encoding:\tchunked \r\n"
	       "Squash-Frames: 2\r\n\r\n",
	       "POST /x HTTP/1.1\r\nHost: a\r\n" ADDRESS
	       "Squash-Frames: 1\r\nContent-Length: 2147483647\r\n\r\n",
	       "a body in chunks");
	WRITES("GET /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
	       "GET /x HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "not of GET");
	AUTHORISES("PUT /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
		   "PUT /x HTTP/1.1\r\nHost: a\r\n" ADDRESS
		   "Squash-Frames: 1\r\nSquash-Authorise: 2147483647\r\n\r\n",
		   "one in chunks, which doesn't come");
	WRITES("POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
	       "POST /x HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "none of no bytes");
	AUTHORISES(
		"POST /x?y HTTP/1.1\r\n" HOST "Content-Length: 2147483647\r\nContent-Type: b\r\n"
		"Authorization: c\r\nSquash-Authorise: 1\r\nExpect: 100-continue\r\n\r\nbody",
		"POST /x?y HTTP/1.1\r\nHost: a\r\nAuthorization: c\r\nContent-Type: b\r\n" ADDRESS
		"Squash-Authorise: 2147483647\r\n\r\n",
		"the same head, with the length of a body that doesn't come");
	WRITES(GET HOST "Squash-Client: 1.2.3.4\r\nsquash_client: b\r\nX-Forwarded-For: c\r\n"
			"Squash-Authorise: 1\r\nSquash_Authorise: 2\r\n"
			"Proxy: d\r\nCookie: e\r\nConnection: Host\r\nRange: f\r\nExpect: g\r\n"
			"Upgrade: h2c\r\nX: \x80\xff\r\n\r\n",
	       "GET /index.html HTTP/1.1\r\nHost: a\r\n" ADDRESS END, "nothing else");
	WRITES("GET /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n",
	       "GET /x HTTP/1.1\r\nHost: a\r\n" ADDRESS END,
	       "what is behind the head is not of it");
	static const struct addr six = {.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, none;
	struct head_request h = {.method = {"GET", 3}, .target = {"/x", 2}};
	char text[256];
	struct buf out = {.data = text, .cap = sizeof(text)};
	head_write_request(&h, &six, false, &out);
	buf_add(&out, "", 1);
	tap_ok(!strcmp(text, "GET /x HTTP/1.1\r\nSquash-Client: 2001:db8::1\r\n\r\n"), "IPv6");
	out.len = 0;
	head_write_request(&h, &none, false, &out);
	buf_add(&out, "", 1);
	tap_ok(!strcmp(text, "GET /x HTTP/1.1\r\n\r\n"), "a client without an address");
}

/* Of the connection: whether it stays, and whether the client waits for 100 Continue. */
static void test_connection(void)
{
	static const struct {
		const char *fields;
		bool keeps, expects;
	} cases[] = {
		{"", true, false},
		{"Connection: close\r\n", false, false},
		{"Connection: CLOSE\r\n", false, false},
		{"Connection: a, \tclose\t ,b\r\n", false, false},
		{"Connection: a\r\nConnection: close\r\nConnection: b\r\n", false, false},
		{"Connection: closed, x-close, \"close\"\r\n", true, false},
		{"Connection:\r\n", true, false},
		{"Connection: ,,,\r\n", true, false},
		{"Connection: keep-alive\r\n", true, false},
		{"Expect: 100-Continue\r\n", true, true},
		{"Expect: 100-continues\r\n", true, false},
	};
	struct head_request h;
	struct head_fault fault;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(GET HOST);
		buf_add_text(&made, cases[i].fields);
		buf_add_text(&made, END);
		tap_ok(read_bytes(made.data, made.len, &h, &fault) == HEAD_DONE &&
			       h.keeps == cases[i].keeps && h.expects_continue == cases[i].expects,
		       "it %s: %.*s", cases[i].keeps ? "stays open" : "ends",
		       (int)strcspn(cases[i].fields, "\r"), cases[i].fields);
	}
	make("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	tap_ok(read_bytes(made.data, made.len, &h, &fault) == HEAD_DONE && !h.keeps,
	       "HTTP/1.0 ends");
}

struct target {
	const char *text;
	bool is_fine;
};

static const struct target api_targets[] = {
	{"/cgi-bin/api/sandboxes", true},
	{"/cgi-bin/health", true},
	{"/cgi-bin/api/x.y?a=/../b%2e", true},
	{"/cgi-bin/", true}, /* httpd's own 403 */
	{"/cgi-bin", false},
	{"/index.html", false},
	{"/", false},
	{"/CGI-BIN/api", false},
	{"//cgi-bin/api", false},
	{"/cgi-bin/../index.html", false},
	{"/cgi-bin/x/../../index.html", false},
	{"/cgi-bin/./api", false},
	{"/cgi-bin/%2e%2e/index.html", false},
	{"/cgi-bin/api%2fx", false},
	{"/x?/cgi-bin/api", false},
};

static const struct target page_targets[] = {
	{"/", true},
	{"/?/a%2fb", true},
	{"/api.js", true},
	{"/..", true}, /* what httpd makes of it is no program */
	{"/cgi-bin", true},
	{"/cgi-bin/api", false},
	{"//cgi-bin/api", false},
	{"/./cgi-bin/api", false},
	{"/cgi-bin%2fapi", false},
	{"/%2e", false},
	{"/a/", false},
};

static void check_targets(const char *what, bool (*asks)(const struct head_request *h),
			  const struct target *targets, size_t count)
{
	for (const struct target *t = targets; t < targets + count; t++) {
		struct head_request h = {.target = {t->text, strlen(t->text)}};
		tap_ok(asks(&h) == t->is_fine, "%s %s: %s",
		       t->is_fine ? "asks for" : "may not ask for", what, t->text);
	}
}

static void test_targets(void)
{
	check_targets("the API", head_asks_api, api_targets,
		      sizeof(api_targets) / sizeof(api_targets[0]));
	check_targets("a page", head_asks_page, page_targets,
		      sizeof(page_targets) / sizeof(page_targets[0]));
}

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* What is written is the first line and fields, then the date and what guards a page or another
 * reply, then the end. */
static void reply(const char *bytes, bool is_page, bool keeps, const char *fields, const char *name)
{
	char text[FRONT_REPLY_ROOM], expected_text[FRONT_REPLY_ROOM];
	struct buf out = {.data = text, .cap = sizeof(text) - 1};
	struct buf expected = {.data = expected_text, .cap = sizeof(expected_text)};
	struct head_reply r;
	size_t len = strlen(bytes);
	char *copy = exact_copy(bytes, len);
	bool ok = true;
	size_t head_len = (size_t)(strstr(bytes, "\r\n\r\n") + 4 - bytes);
	for (size_t n = 0; n < head_len; n++)
		ok = head_read_reply(&r, copy, n) == HEAD_MORE && ok;
	ok = head_read_reply(&r, copy, len) == HEAD_DONE && ok && r.len == head_len;
	if (ok)
		head_write_reply(copy, r.len, is_page, keeps, DATE, &out);
	text[out.len] = '\0';
	free(copy);
	buf_printf(&expected, "HTTP/1.1 %sDate: " DATE "\r\n%s%s\r\n", fields, head_guards(is_page),
		   keeps ? "" : "Connection: close\r\n");
	buf_add(&expected, "", 1);
	if (!tap_ok(ok && strcmp(text, expected.data) == 0, "a reply: %s", name))
		tap_note("%s", text);
}

static bool guards(bool is_page, const char *field)
{
	return strstr(head_guards(is_page), field) != NULL;
}

static void test_guards(void)
{
	for (int page = 0; page < 2; page++)
		tap_ok(guards(page, "X-Content-Type-Options: nosniff\r\n") &&
			       guards(page, "Referrer-Policy: no-referrer\r\n") &&
			       guards(page, "Content-Security-Policy: default-src 'none'; ") &&
			       guards(page, "frame-ancestors 'none'"),
		       "%s is guarded", page ? "a page" : "any other reply");
	tap_ok(guards(true, "script-src 'self'; ") && !guards(true, "unsafe") &&
		       guards(true, "require-trusted-types-for 'script'"),
	       "a page runs scripts of this origin alone");
	tap_ok(guards(false, "; sandbox\r\n") && !guards(false, "-src 'self'"),
	       "any other reply runs none, and has no origin");
}

static void test_replies(void)
{
	reply("HTTP/1.1 200 OK\r\n\r\n", false, true, "200 OK\r\n", "the least");
	reply("HTTP/1.0 200 OK\r\n\r\n", true, true, "200 OK\r\n", "of HTTP/1.0");
	reply("HTTP/1.1 404\r\n\r\n", false, false, "404\r\n", "without a phrase");
	reply("HTTP/1.1 200 OK\r\nConnection: close\r\nA: b\r\nKeep-Alive: 5\r\n"
	      "Transfer-Encoding: x\r\nContent-Length: 3\r\n\r\nabc",
	      false, true, "200 OK\r\nA: b\r\nContent-Length: 3\r\n",
	      "of the connection is said what is true");
	reply("HTTP/1.1 200 OK\r\ncontent-security-policy: a\r\nReferrer-Policy: b\r\n"
	      "X-Content-Type-Options: c\r\nCross-Origin-Opener-Policy: d\r\n"
	      "Cross-Origin-Resource-Policy: e\r\nCache-Control: no-store\r\n\r\n",
	      false, true, "200 OK\r\nCache-Control: no-store\r\n",
	      "what guards is front's to say");
	reply("HTTP/1.1 200 OK\r\nDATE: a\r\nDated: b\r\n\r\n", false, true,
	      "200 OK\r\nDated: b\r\n", "so is the date");
	reply("HTTP/1.1 200 OK\r\nCache-Control: a\r\n\r\n", true, true, "200 OK\r\n",
	      "and how a page is kept");
	struct head_reply r;
	const char length[] = "HTTP/1.1 201 Made\r\ncontent-length: 12\r\n\r\n";
	tap_ok(head_read_reply(&r, length, sizeof(length) - 1) == HEAD_DONE && r.status == 201 &&
		       r.has_length && r.length == 12,
	       "its status and length");
	static const char *const bad[] = {
		"HTTP/1.1 200\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 -20 OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"\r\n\r\n",
		"Status: 200\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA\r\n\r\n",
		"HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(head_read_reply(&r, bad[i], strlen(bad[i])) == HEAD_BAD, "no reply: %zu", i);
}

static void test_reply_sizes(void)
{
	char text[FRONT_REPLY_ROOM];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct head_reply r;
	make("HTTP/1.1 200 OK\r\nA: ");
	repeat("a", FRONT_REPLY_HEAD_BYTES - made.len - 4);
	buf_add_text(&made, "\r\n\r\n");
	tap_ok(made.len == FRONT_REPLY_HEAD_BYTES &&
		       head_read_reply(&r, made.data, made.len) == HEAD_DONE,
	       "a reply's head of 4096 bytes");
	head_write_reply(made.data, made.len, true, false, DATE, &out);
	tap_ok(!out.full && out.len == made.len + strlen(head_guards(true)) +
					       strlen("Date: " DATE "\r\nConnection: close\r\n"),
	       "there is room for it");
	made.len = FRONT_REPLY_HEAD_BYTES - 4;
	buf_add_text(&made, "a\r\n\r\n");
	tap_ok(head_read_reply(&r, made.data, made.len) == HEAD_BAD, "one of 4097 is none");
	tap_ok(head_read_reply(&r, made.data, FRONT_REPLY_HEAD_BYTES) == HEAD_BAD,
	       "nor is the beginning of one");
}

int main(void)
{
	test_bad_first_lines();
	test_bad_fields();
	test_bad_lengths();
	test_bad_paths();
	test_bad_origins();
	test_sizes();
	test_written();
	test_connection();
	test_targets();
	test_guards();
	test_replies();
	test_reply_sizes();
	return tap_done();
}
