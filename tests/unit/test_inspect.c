/* SPDX-License-Identifier: MIT */
/* What a connection's HTTP requests ask for, one after the other; whatever pieces they come in. */
#include <string.h>

#include "egress/inspect.h"
#include "inspecting.h"
#include "made.h"
#include "tap.h"

#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a.com\r\n"
#define END "\r\n\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked" END /* 60 bytes */

struct row {
	const char *what, *client, *expected;
};

/* One test for each row, of a client alone. */
static void check_rows(const struct row *rows, size_t count)
{
	for (const struct row *r = rows; r < rows + count; r++) {
		const char *told = inspecting_tell(r->client, strlen(r->client), "", 0);
		if (!tap_ok(told && strcmp(told, r->expected) == 0, "%s", r->what))
			tap_note("%s\n# %s\n# not %s", r->client, told ? told : "", r->expected);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_first(void)
{
	static const struct row rows[] = {
		{"nothing yet", "", "up>0 down<0 more"},
		{"a request", GET "Host: example.com" END, "example.com@0 up>37 down<0 more"},
		{"capitals, a port, a dot", GET "Accept: */*\r\nhOST:Example.COM.:8080" END,
		 "example.com@0 up>55 down<0 more"},
		{"blanks", GET "Host: \t a.com \t" END, "a.com@0 up>35 down<0 more"},
		{"no port behind its colon", GET "Host: a.com:" END, "a.com@0 up>32 down<0 more"},
		{"other fields, one empty, one not ASCII",
		 GET "X:\r\nY: \xc3\xbc\tz\r\nHost: a.com" END, "a.com@0 up>44 down<0 more"},
		{"HTTP/1.0", "POST /a?b=http://c.com HTTP/1.0\r\nHost: a.com" END,
		 "a.com@0 up>48 down<0 more"},
		{"a method in small letters", "get / HTTP/1.1\r\nHost: a.com" END,
		 "a.com@0 up>31 down<0 more"},
		{"another method, a star", "M-SEARCH * HTTP/1.1\r\nHost: a.com" END,
		 "a.com@0 up>36 down<0 more"},
		{"an absolute target", "GET http://a.com/ HTTP/1.1\r\nHost: a.com" END,
		 "a.com@0 up>43 down<0 more"},
		{"one with a port", "GET HTTP://A.com:80?x HTTP/1.1\r\nHost: a.com" END,
		 "a.com@0 up>47 down<0 more"},
		{"one alone", "GET https://a.com HTTP/1.0" END, "a.com@0 up>30 down<0 more"},
		{"an address", GET "Host: 93.184.216.34:8080" END,
		 "93.184.216.34@0 up>44 down<0 more"},
		{"one of IPv6", GET "Host: [2001:DB8::1]" END, "2001:db8::1@0 up>39 down<0 more"},
		{"with a port", GET "Host: [::1]:443" END, "::1@0 up>35 down<0 more"},
		{"written twice", "GET http://[::1]/ HTTP/1.1\r\nHost: [0:0::1]:80" END,
		 "::1@0 up>49 down<0 more"},
		{"no Host", "GET / HTTP/1.0" END, "-@0 up>18 down<0 more"},
		{"what isn't Host", GET "X-Forwarded-Host: a.com\r\nHosts: a.com" END,
		 "-@0 up>57 down<0 more"},
		{"a beginning", GET "Host: a.com\r\n", "up>0 down<0 more"},
	};
	CHECK_ROWS(rows);
}

/* Each is refused at once, or once the line is there that is wrong. */
static void test_refused(void)
{
	static const char *const neither[] = {
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
		"GET / HTTP/1.1\nHost: a.com\n\n",
		"GET / HTTP/1.1\r\r\nHost: a.com" END,
		"GE:T / HTTP/1.1\r\nHost: a.com" END,
		" GET / HTTP/1.1\r\nHost: a.com" END,
		"GET a.com HTTP/1.1\r\nHost: a.com" END,
		"GET *x HTTP/1.1\r\nHost: a.com" END,
		"GET http:/a.com HTTP/1.1\r\nHost: a.com" END,
		"GET http:// HTTP/1.1\r\nHost: a.com" END,
		"GET ftp://a.com/ HTTP/1.1\r\nHost: a.com" END,
		"GET http://a.com@b.com/ HTTP/1.1\r\nHost: b.com" END,
		"GET http://a.com#/ HTTP/1.1\r\nHost: a.com" END,
		"SSH-2.0-OpenSSH_9.2\r\n",
		"EHLO a.com\r\n",
		"\x15\3\3\0\2\1\0",
	};
	static const char *const protocol[] = {
		"CONNECT a.com:443 HTTP/1.1\r\nHost: a.com:443" END,
		"connect / HTTP/1.1\r\nHost: a.com" END,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
		const char *told = inspecting_tell(neither[i], strlen(neither[i]), "", 0);
		if (!tap_ok(told && strcmp(told, "up>0 down<0 neither TLS nor HTTP") == 0,
			    "%zu is no request", i))
			tap_note("%s\n# %s", neither[i], told ? told : "");
	}
	for (size_t i = 0; i < sizeof(protocol) / sizeof(protocol[0]); i++) {
		const char *told = inspecting_tell(protocol[i], strlen(protocol[i]), "", 0);
		if (!tap_ok(told && strcmp(told, "up>0 down<0 protocol not allowed") == 0,
			    "%zu is of another protocol", i))
			tap_note("%s\n# %s", protocol[i], told ? told : "");
	}
}

static const char *const malformed[] = {
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
	GET "X: \x1\r\nHost: a.com" END,
	GET "Host: a.com\n\n",
	GET "Host: a.com\r\n\n",
	"GET http://b.com/ HTTP/1.1\r\nHost: a.com" END,
	"GET http://1.2.3.4/ HTTP/1.1\r\nHost: a.com" END,
	"GET http://a.com/ HTTP/1.1\r\nHost: 1.2.3.4" END,
	"GET http://1.2.3.4/ HTTP/1.1\r\nHost: 1.2.3.5" END,
	/* Where it ends. */
	POST "Content-Length: 1\r\nContent-Length: 2" END,
	POST "Content-Length: 1\r\nContent-Length: 1" END,
	POST "Content-Length: 1, 1" END,
	POST "Content-Length: +1" END,
	POST "Content-Length: -1" END,
	POST "Content-Length: 0x1" END,
	POST "Content-Length: 1 2" END,
	POST "Content-Length: 01" END,
	POST "Content-Length:" END,
	POST "Content-Length: 1000000000000000" END,
	POST "Content-Length: 18446744073709551617" END,
	POST "Content-Length : 1" END,
	POST "Content-Length: 1\r\n 2" END,
	POST "Content-Length: 1\r\nTransfer-Encoding: chunked" END,
	POST "Transfer-Encoding: chunked\r\nContent-Length: 1" END,
	POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END,
	POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity" END,
	POST "Transfer-Encoding: identity" END,
	POST "Transfer-Encoding: gzip, chunked" END,
	POST "Transfer-Encoding: chunked, identity" END,
	POST "Transfer-Encoding: xchunked" END,
	POST "Transfer-Encoding: Chunked" END,
	POST "Transfer-Encoding: \"chunked\"" END,
	POST "Transfer-Encoding: chunked;q=1" END,
	POST "Transfer-Encoding: chunked\x0b" END,
	POST "Transfer-Encoding:" END,
	POST "Transfer-Encoding : chunked" END,
	POST "Transfer-Encoding\t: chunked" END,
	POST "X: y\r\n Transfer-Encoding: chunked" END,
	POST "X: y\nTransfer-Encoding: chunked" END,
	"POST / HTTP/1.0\r\nHost: a.com\r\nTransfer-Encoding: chunked" END,
	GET "Host: a.com\r\nContent-Length: 1" END,
	GET "Host: a.com\r\nTransfer-Encoding: chunked" END,
	"Head / HTTP/1.1\r\nHost: a.com\r\nContent-Length: 1" END,
	"DELETE / HTTP/1.1\r\nHost: a.com\r\nContent-Length: 1" END,
	"TRACE / HTTP/1.1\r\nHost: a.com\r\nContent-Length: 1" END,
	POST "Connection: close, Content-Length" END,
	POST "Connection: transfer-encoding" END,
	POST "Connection: x,host" END,
	POST "Expect: 100-continue\r\nExpect: 100-continue" END,
	POST "Expect: 100-continue, x" END,
	POST "Expect: y 100-continue" END,
};

static void test_malformed(void)
{
	static const char nul[] = GET "Host: a.com\0.b.com" END;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		const char *told = inspecting_tell(malformed[i], strlen(malformed[i]), "", 0);
		if (!tap_ok(told && strcmp(told, "up>0 down<0 malformed request") == 0,
			    "request %zu is malformed", i))
			tap_note("%s\n# %s", malformed[i], told ? told : "");
		/* Behind another one, too. */
		struct made m = {.len = 0};
		add(&m, POST "Content-Length: 2" END "hi", 53);
		add(&m, malformed[i], strlen(malformed[i]));
		told = inspecting_tell(m.bytes, m.len, "", 0);
		if (!tap_ok(told && strcmp(told, "a.com@0 up>53 down<0 malformed request") == 0,
			    "and as a second one"))
			tap_note("%s", told ? told : "");
	}
	const char *told = inspecting_tell(nul, sizeof(nul) - 1, "", 0);
	tap_ok(told && strcmp(told, "up>0 down<0 malformed request") == 0, "a NUL in Host");
	told = inspecting_tell("\0\0\0", 3, "", 0);
	tap_ok(told && strcmp(told, "up>0 down<0 neither TLS nor HTTP") == 0, "NULs");
}

#define A GET "Host: a.com" END /* 31 bytes */
#define B GET "Host: b.com" END

static void test_later(void)
{
	static const struct row rows[] = {
		{"one behind the other", A B, "a.com@0 b.com@31 up>62 down<0 more"},
		{"three", A B A, "a.com@0 b.com@31 a.com@62 up>93 down<0 more"},
		{"the next one's beginning", A "GET / HT", "a.com@0 up>31 down<0 more"},
		{"a next one without Host", A "GET / HTTP/1.1" END,
		 "a.com@0 -@31 up>49 down<0 more"},
		{"behind Connection: close", GET "Host: a.com\r\nConnection: close" END B,
		 "a.com@0 b.com@50 up>81 down<0 more"},
		{"in the body", POST "Content-Length: 31" END B, "a.com@0 up>83 down<0 more"},
		{"behind the body", POST "Content-Length: 2" END "hi" B,
		 "a.com@0 b.com@53 up>84 down<0 more"},
		{"behind one that wasn't announced", POST "\r\n" B,
		 "a.com@0 b.com@32 up>63 down<0 more"},
		{"behind one of 0 bytes", GET "Host: a.com\r\nContent-Length: 0" END B,
		 "a.com@0 b.com@50 up>81 down<0 more"},
		{"in one of 1000 bytes that isn't there yet", POST "Content-Length: 1000" END B,
		 "a.com@0 up>1054 down<0 more"},
		{"in one of 999 TB", POST "Content-Length: 999999999999999" END B,
		 "a.com@0 up>1000000000000064 down<0 more"},
		{"with other codings for the answer",
		 POST "TE: trailers\r\nExpect: 100-Continue" END B,
		 "a.com@0 b.com@68 up>99 down<0 more"},
		{"an empty line between them", A "\r\n" B,
		 "a.com@0 up>31 down<0 malformed request"},
		{"HTTP/2", A "PRI * HTTP/2.0" END, "a.com@0 up>31 down<0 protocol not allowed"},
		{"CONNECT", A "CONNECT b.com:443 HTTP/1.1\r\nHost: b.com:443" END,
		 "a.com@0 up>31 down<0 protocol not allowed"},
		{"an upgrade to WebSocket", A GET "Host: a.com\r\nUpgrade: websocket" END,
		 "a.com@0 up>31 down<0 protocol not allowed"},
		{"one to HTTP/2", A GET "Host: a.com\r\nUpgrade: h2c" END B,
		 "a.com@0 a.com@31 b.com@76 up>107 down<0 more"},
		{"with HTTP/2 behind it",
		 A GET "Host: a.com\r\nUpgrade: h2c" END "PRI * HTTP/2.0" END,
		 "a.com@0 a.com@31 up>76 down<0 protocol not allowed"},
		{"with a body",
		 A POST "Upgrade: h2c\r\nContent-Length: 18" END "PRI * HTTP/2.0" END,
		 "a.com@0 up>31 down<0 protocol not allowed"},
		{"with chunks", A POST "Upgrade: h2c\r\nTransfer-Encoding: chunked" END "0" END,
		 "a.com@0 up>31 down<0 protocol not allowed"},
		{"TLS", A "\x16\3\1\0\1\1", "a.com@0 up>31 down<0 malformed request"},
	};
	CHECK_ROWS(rows);
}

static void test_chunks(void)
{
	static const struct row rows[] = {
		{"a chunked body", CHUNKED "5\r\nhello\r\n0\r\n\r\n" B,
		 "a.com@0 b.com@75 up>106 down<0 more"},
		{"of many", CHUNKED "1\r\nh\r\n2\r\nel\r\n00000002\r\nlo\r\n0\r\n\r\n" B,
		 "a.com@0 b.com@92 up>123 down<0 more"},
		{"of none", CHUNKED "000\r\n\r\n" B, "a.com@0 b.com@67 up>98 down<0 more"},
		{"with CRLFs in it", CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n" B,
		 "a.com@0 b.com@74 up>105 down<0 more"},
		{"with a request in it", CHUNKED "1F\r\n" B "\r\n0\r\n\r\n" B,
		 "a.com@0 b.com@102 up>133 down<0 more"},
		{"of a chunk that isn't there yet", CHUNKED "fF\r\n" B,
		 "a.com@0 up>319 down<0 more"},
		{"of the largest one", CHUNKED "7fffffff\r\n", "a.com@0 up>2147483717 down<0 more"},
		{"with trailers", CHUNKED "0\r\nX: y\r\nZ:\r\n\r\n" B,
		 "a.com@0 b.com@75 up>106 down<0 more"},
		{"without its end", CHUNKED "5\r\nhello", "a.com@0 up>68 down<0 more"},
		{"without its last end", CHUNKED "5\r\nhello\r\n0\r\n",
		 "a.com@0 up>73 down<0 more"},
	};
	CHECK_ROWS(rows);
	static const struct {
		const char *what, *body;
		int good; /* bytes of it */
	} bad[] = {
		{"an empty line", "\r\n", 0},
		{"a blank", " 5\r\nhello", 0},
		{"a blank behind", "5 \r\nhello", 0},
		{"a sign", "+5\r\nhello", 0},
		{"a 0x", "0x5\r\nhello", 0},
		{"no digit", "g\r\n", 0},
		{"an extension", "5;a=b\r\nhello", 0},
		{"an empty one", "5;\r\nhello", 0},
		{"LF alone", "5\nhello", 0},
		{"CR alone", "5\rhello\r\n", 0},
		{"nine digits", "000000005\r\nhello", 0},
		{"what is negative in 32 bits", "80000000\r\n", 0},
		{"too much for 64", "10000000000000005\r\nhello", 0},
		{"data that are too short", "5\r\nhell\r\n0\r\n\r\n", 8},
		{"data that are too long", "5\r\nhello!\r\n0\r\n\r\n", 8},
		{"by what is there of it", "5\r\nhello!", 8},
		{"LF behind the data", "5\r\nhello\n0\r\n\r\n", 8},
		{"CR behind the data", "5\r\nhello\r0\r\n\r\n", 8},
		{"LF behind the last", "0\n\n", 0},
		{"a request for a trailer", "0\r\n" B, 3},
		{"a folded trailer", "0\r\nX: y\r\n z\r\n\r\n", 9},
		{"a length for one", "0\r\nContent-Length: 5\r\n\r\n", 3},
		{"a coding for one", "0\r\nTransfer-encoding: chunked\r\n\r\n", 3},
		{"a Host for one", "0\r\nHost: b.com\r\n\r\n", 3},
		{"LF behind a trailer", "0\r\nX: y\n\r\n", 3},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct made m = {.len = 0};
		char expected[100];
		add(&m, CHUNKED, strlen(CHUNKED));
		add(&m, bad[i].body, strlen(bad[i].body));
		snprintf(expected, sizeof(expected), "a.com@0 up>%d down<0 malformed request",
			 (int)strlen(CHUNKED) + bad[i].good);
		const char *told = inspecting_tell(m.bytes, m.len, "", 0);
		if (!tap_ok(told && strcmp(told, expected) == 0, "chunks: %s", bad[i].what))
			tap_note("%s\n# not %s", told ? told : "", expected);
	}
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0" END
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x" END
#define EARLY "HTTP/1.1 103 Early Hints\r\nLink: x" END /* 37 bytes */
#define UP(what) GET "Host: a.com\r\nUpgrade: " what END

static void test_upgrade(void)
{
	static const struct {
		const char *what, *client, *server, *expected;
	} rows[] = {
		{"a WebSocket", UP("WebSocket") "frames", SWITCH, "a.com@0 up>51 down<0 free"},
		{"before it is answered", UP("websocket") B, "", "a.com@0 up>51 down<0 answer"},
		{"answered in part", UP("websocket") B, "HTTP/1.1 101",
		 "a.com@0 up>51 down<0 answer"},
		{"refused", UP("websocket") B, OK, "a.com@0 b.com@51 up>82 down<0 more"},
		{"refused by LF", UP("websocket") B, "HTTP/1.1 403\n\n",
		 "a.com@0 b.com@51 up>82 down<0 more"},
		{"behind early hints", UP("websocket") "frames", EARLY SWITCH,
		 "a.com@0 up>51 down<37 free"},
		{"behind two", UP("websocket") "frames", EARLY "HTTP/1.0 100\n\n" SWITCH,
		 "a.com@0 up>51 down<51 free"},
		{"behind hints without an end", UP("websocket") B, "HTTP/1.1 103 x\r\nLink: x\r\n",
		 "a.com@0 up>51 down<0 answer"},
		{"by a status of one line", UP("websocket") "frames", "HTTP/1.1 101\r\n\r\n",
		 "a.com@0 up>51 down<0 free"},
		{"by what may be one", UP("websocket") B, "HTTP/1.1 1010\r\n\r\n",
		 "a.com@0 b.com@51 up>82 down<0 more"},
		{"by something else", UP("websocket") B, "HTTP/2.0 101 x\r\n\r\n",
		 "a.com@0 b.com@51 up>82 down<0 more"},
		{"h2c", UP("h2c") "PRI", SWITCH, "a.com@0 up>45 down<0 protocol not allowed"},
		{"h2c, refused", UP("h2c") B, OK, "a.com@0 b.com@45 up>76 down<0 more"},
		{"TLS", UP("TLS/1.0"), SWITCH, "a.com@0 up>49 down<0 protocol not allowed"},
		{"two of them", UP("websocket, h2c"), SWITCH,
		 "a.com@0 up>56 down<0 protocol not allowed"},
		{"in two fields", UP("websocket\r\nUpgrade: h2c"), SWITCH,
		 "a.com@0 up>65 down<0 protocol not allowed"},
		{"in two fields, a WebSocket last", UP("h2c\r\nUpgrade: websocket"), SWITCH,
		 "a.com@0 up>65 down<0 protocol not allowed"},
		{"to nothing", UP(""), SWITCH, "a.com@0 up>42 down<0 protocol not allowed"},
		{"with a body", POST "Upgrade: h2c\r\nContent-Length: 2" END "hi" B, OK,
		 "a.com@0 b.com@67 up>98 down<0 more"},
		{"with chunks", POST "Upgrade: h2c\r\nTransfer-Encoding: chunked" END "0" END B,
		 SWITCH, "a.com@0 up>79 down<0 protocol not allowed"},
		{"nobody asked for", A B, SWITCH, "a.com@0 b.com@31 up>62 down<0 more"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *told = inspecting_tell(rows[i].client, strlen(rows[i].client),
						   rows[i].server, strlen(rows[i].server));
		if (!tap_ok(told && strcmp(told, rows[i].expected) == 0, "an upgrade: %s",
			    rows[i].what))
			tap_note("%s\n# not %s", told ? told : "", rows[i].expected);
	}
	struct inspect i = {.kind = INSPECT_UNKNOWN};
	tap_ok(inspect_client(&i, (const uint8_t *)UP("websocket"), 51) == INSPECT_ASKS &&
		       inspect_listens(&i) &&
		       inspect_client(&i, (const uint8_t *)UP("websocket"), 51) == INSPECT_PASS,
	       "the server is listened to from the moment in which the client asks");
	inspect_server_ended(&i);
	tap_ok(!inspect_listens(&i) && inspect_client(&i, (const uint8_t *)B, 31) == INSPECT_ASKS,
	       "one that ends without an answer has switched to nothing");
}

static void test_limits(void)
{
	struct made m = {.len = 0};
	add(&m, GET "Host: a.com\r\nX: ", 32);
	memset(m.bytes + m.len, 'x', INSPECT_BYTES);
	const char *told = inspecting_tell(m.bytes, INSPECT_BYTES - 1, "", 0);
	tap_ok(told && strcmp(told, "up>0 down<0 more") == 0, "a head of almost 16 KiB");
	told = inspecting_tell(m.bytes, INSPECT_BYTES, "", 0);
	tap_ok(told && strcmp(told, "up>0 down<0 malformed request") == 0, "a larger one");
	m.bytes[INSPECT_BYTES - 1] = '\r';
	told = inspecting_tell(m.bytes, INSPECT_BYTES, "", 0);
	tap_ok(told && strcmp(told, "up>0 down<0 malformed request") == 0, "one that lacks a byte");
	memcpy(m.bytes + INSPECT_BYTES - 4, END, 4);
	told = inspecting_tell(m.bytes, INSPECT_BYTES, "", 0);
	tap_ok(told && strcmp(told, "a.com@0 up>16384 down<0 more") == 0, "the largest one");

	m.len = 0;
	add(&m, CHUNKED "0\r\n", strlen(CHUNKED "0\r\n"));
	memset(m.bytes + m.len, 'x', INSPECT_BYTES);
	told = inspecting_tell(m.bytes, m.len + INSPECT_BYTES, "", 0);
	tap_ok(told && strcmp(told, "a.com@0 up>63 down<0 malformed request") == 0,
	       "a trailer that doesn't end");

	m.len = 0;
	add(&m, EARLY, 37 - 4);
	memset(m.bytes + m.len, 'x', INSPECT_BYTES);
	told = inspecting_tell(UP("websocket"), 51, m.bytes, INSPECT_BYTES);
	tap_ok(told && strcmp(told, "a.com@0 up>51 down<0 protocol not allowed") == 0,
	       "an interim answer that doesn't end");
	told = inspecting_tell(UP("websocket"), 51, m.bytes, INSPECT_BYTES - 1);
	tap_ok(told && strcmp(told, "a.com@0 up>51 down<0 answer") == 0, "one that may");
}

int main(void)
{
	test_first();
	test_refused();
	test_malformed();
	test_later();
	test_chunks();
	test_upgrade();
	test_limits();
	return tap_done();
}
