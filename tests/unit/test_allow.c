/* SPDX-License-Identifier: MIT */
/* Entries of allow_net: which are some, and what they allow. */
#include <string.h>

#include "lib/allow.h"
#include "tap.h"
#include "texts.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789-_abcdefghijklmnopqrstuvwxy"
#define LABEL_64 "abcdefghijklmnopqrstuvwxyz0123456789-_abcdefghijklmnopqrstuvwxyz"
#define NAME_253                                                                                   \
	LABEL_63 "." LABEL_63 "." LABEL_63 "."                                                     \
		 "abcdefghijklmnopqrstuvwxyz0123456789-_abcdefghijklmnopqrstuvw"
#define NAME_254 NAME_253 "x"

static const char *read_name(const char *text)
{
	static char name[ALLOW_NAME_BYTES + 1];
	return allow_read_name(text, strlen(text), name) ? name : NULL;
}

static const struct text_case names[] = {
	{"example.com", "example.com"},
	{"EXAMPLE.Com.", "example.com"},
	{"a", "a"},
	{"xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
	{"_dmarc.a-b.example", "_dmarc.a-b.example"},
	{"1.2.3.com", "1.2.3.com"},
	{"0x7f.0x1.g", "0x7f.0x1.g"},
	{"a.0xg", "a.0xg"},
	{"a.1e", "a.1e"},
	{"a.00x1", "a.00x1"},
	{LABEL_63 ".com", LABEL_63 ".com"},
	{NAME_253, NAME_253},
	{NAME_253 ".", NAME_253},
};

static void test_names(void)
{
	TEXTS_CHECK("the name", names, read_name);
}

static void test_no_names(void)
{
	static const char *const none[] = {
		"",           "..",         "a..",       ".a",
		"a..b",       "a b",        " a",        "a ",
		"a\t",        "a/b",        "a:80",      "*",
		"*.a",        "a@b",        "a%62",      "m\xc3\xbcnchen.de",
		"a\xff",      "a\\b",       "127.0.0.1", "127.1",
		"2130706433", "0x7f000001", "0x7f.1",    "0X7F.1",
		"010.0.0.1",  "0",          "0x",        "a.0x",
		"a.1",        "a.b.09",     "1.2.3.4.",  "a.0xff.",
		"1.2.3.4.5",  "::1",        "[::1]",     LABEL_64,
		NAME_254,
	};
	char name[ALLOW_NAME_BYTES + 1];
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(!allow_read_name(none[i], strlen(none[i]), name), "\"%s\" is no name",
		       none[i]);
	tap_ok(!allow_read_name("a\0b.com", 7, name) && !allow_read_name("a.com\0", 6, name),
	       "a NUL is none");
	tap_ok(!allow_read_name(".", 1, name), "the root is none");
	tap_ok(!allow_read_name("a\n", 2, name), "nor is a line with its end");
	tap_ok(!allow_read_name(LABEL_64 ".com", 68, name), "a label of 64");
	tap_ok(!allow_read_name(NAME_254 ".", 255, name), "254 bytes and the final dot");
	tap_ok(allow_read_name("ab", 1, name) && strcmp(name, "a") == 0,
	       "what is behind len is not read");
}

static void test_entries(void)
{
	static const struct {
		const char *text;
		enum allow_kind kind;
		int port;
		const char *rest; /* the name, or the address */
		int prefix;
	} cases[] = {
		{"none", ALLOW_NOTHING, ALLOW_PORT_WEB, NULL, 0},
		{"None.", ALLOW_NOTHING, ALLOW_PORT_WEB, NULL, 0},
		{"*", ALLOW_ANY, ALLOW_PORT_WEB, NULL, 0},
		{"*:22", ALLOW_ANY, 22, NULL, 0},
		{"*:*", ALLOW_ANY, ALLOW_PORT_ANY, NULL, 0},
		{"PyPI.org", ALLOW_NAME, ALLOW_PORT_WEB, "pypi.org", 0},
		{"pypi.org.", ALLOW_NAME, ALLOW_PORT_WEB, "pypi.org", 0},
		{"pypi.org:1", ALLOW_NAME, 1, "pypi.org", 0},
		{"pypi.org.:65535", ALLOW_NAME, 65535, "pypi.org", 0},
		{"pypi.org:*", ALLOW_NAME, ALLOW_PORT_ANY, "pypi.org", 0},
		{"none.com", ALLOW_NAME, ALLOW_PORT_WEB, "none.com", 0},
		{"*.Example.com", ALLOW_BELOW, ALLOW_PORT_WEB, "example.com", 0},
		{"*.example.com:8443", ALLOW_BELOW, 8443, "example.com", 0},
		{"*.com", ALLOW_BELOW, ALLOW_PORT_WEB, "com", 0},
		{"1.2.3.4", ALLOW_NET, ALLOW_PORT_WEB, "1.2.3.4", 32},
		{"1.2.3.4:22", ALLOW_NET, 22, "1.2.3.4", 32},
		{"203.0.113.0/24", ALLOW_NET, ALLOW_PORT_WEB, "203.0.113.0", 24},
		{"203.0.113.0/24:443", ALLOW_NET, 443, "203.0.113.0", 24},
		{"0.0.0.0/0:*", ALLOW_NET, ALLOW_PORT_ANY, "0.0.0.0", 0},
		{"::1", ALLOW_NET, ALLOW_PORT_WEB, "::1", 128},
		{"2001:DB8::/32", ALLOW_NET, ALLOW_PORT_WEB, "2001:db8::", 32},
		{"[::1]", ALLOW_NET, ALLOW_PORT_WEB, "::1", 128},
		{"[::1]:443", ALLOW_NET, 443, "::1", 128},
		{"[2001:db8::/32]:*", ALLOW_NET, ALLOW_PORT_ANY, "2001:db8::", 32},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct allow a;
		char text[ADDR_TEXT_BYTES];
		const char *fault = allow_parse(cases[i].text, &a);
		const char *rest = cases[i].rest ? cases[i].rest : "";
		tap_ok(!fault && a.kind == cases[i].kind && a.port == cases[i].port &&
			       (a.kind == ALLOW_NET
					? a.net.prefix == cases[i].prefix &&
						  strcmp(addr_text(&a.net.addr, text), rest) == 0
					: strcmp(a.name, rest) == 0),
		       "entry \"%s\"", cases[i].text);
	}
}

static void test_no_entries(void)
{
	static const char *const none[] = {
		"",
		":",
		":80",
		"*.",
		"*a.com",
		"**",
		"*.*.com",
		"a.*.com",
		"a.*",
		"*.1.2.3.4",
		"*.1",
		"a b",
		" a",
		"a ",
		"a.com:",
		"a.com:0",
		"a.com:65536",
		"a.com:080",
		"a.com:+80",
		"a.com:80 ",
		"a.com:8a",
		"a.com:**",
		"a.com:100000",
		"a.com:-1",
		"none:80",
		"none:*",
		"https://a.com",
		"a.com/x",
		"2130706433",
		"0x7f.1",
		"0x7f000001",
		"010.0.0.1",
		"127.1",
		"1.2.3.4.",
		"1.2.3.256",
		"10.0.0.1/8",
		"10.0.0.0/33",
		"10.0.0.0/8:",
		"10.0.0.0/8/8",
		"/8",
		"[1.2.3.4]:80",
		"[::1",
		"[::1]80",
		"[::1]:",
		"[::1]:x",
		"[]",
		"[a.com]:80",
		"::1]:80",
		"[2001:db8::1/32]:443",
		"2001:db8::/32:443",
		"[2001:db8::]/32",
		"fe80::1%lo",
		"m\xc3\xbcnchen.de",
		LABEL_64,
		"*." NAME_254,
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct allow a;
		const char *fault = allow_parse(none[i], &a);
		tap_ok(fault && fault[0], "entry \"%s\" %s", none[i], fault);
	}
}

static size_t parse_all(const char *const *entries, size_t count, struct allow *all)
{
	size_t good = 0;
	for (size_t i = 0; i < count; i++)
		good += !allow_parse(entries[i], &all[i]);
	return good;
}

#define ENTRIES 6

struct lookup {
	const char *host;
	uint16_t port;
	bool has; /* what is to come of it */
};

static void check_lookup(const struct lookup *l, bool has)
{
	tap_ok(has == l->has, "%s port %u is %sallowed", l->host, l->port, l->has ? "" : "not ");
}

static void test_has_name(void)
{
	static const char *const entries[ENTRIES] = {"none",          "example.com",
						     "*.wild.org",    "git.example:22",
						     "all.example:*", "*.deep.example:8443"};
	static const struct lookup cases[] = {
		{"example.com", 80, true},
		{"example.com", 443, true},
		{"example.com", 22, false},
		{"example.com", 0, true},
		{"www.example.com", 443, false},
		{"example.com.evil.org", 443, false},
		{"notexample.com", 443, false},
		{"com", 443, false},
		{"wild.org", 443, false},
		{"a.wild.org", 443, true},
		{"a.b.c.wild.org", 80, true},
		{"awild.org", 443, false},
		{"evilwild.org", 443, false},
		{"a.evilwild.org", 443, false},
		{".wild.org", 443, false},
		{"a.wild.org.evil", 443, false},
		{"git.example", 22, true},
		{"git.example", 443, false},
		{"git.example", 0, true},
		{"all.example", 1, true},
		{"all.example", 65535, true},
		{"x.deep.example", 8443, true},
		{"x.deep.example", 443, false},
		{"x.deep.example", 0, true},
		{"none", 443, false},
		{"1.2.3.4", 443, false},
	};
	struct allow all[ENTRIES];
	tap_ok(parse_all(entries, ENTRIES, all) == ENTRIES, "a list of names");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_lookup(&cases[i], allow_has_name(all, ENTRIES, cases[i].host, cases[i].port));
	tap_ok(!allow_has_name(all, 0, "example.com", 0), "an empty list allows nothing");
	struct allow any;
	struct addr a;
	tap_ok(!allow_parse("*", &any) && allow_has_name(&any, 1, "a.b", 443) &&
		       !allow_has_name(&any, 1, "a.b", 22) && addr_parse("8.8.8.8", 7, &a) &&
		       !allow_has_addr(&any, 1, &a, 0),
	       "\"*\" is all names at 80 and 443, and no address");
}

static void test_has_addr(void)
{
	static const char *const entries[ENTRIES] = {"8.8.8.8",           "203.0.113.0/24:22",
						     "[2001:db8::/32]:*", "2606:4700::1111",
						     "example.com:*",     "none"};
	static const struct lookup cases[] = {
		{"8.8.8.8", 443, true},         {"8.8.8.8", 53, false},
		{"8.8.8.8", 0, true},           {"8.8.8.9", 443, false},
		{"::ffff:8.8.8.8", 443, false}, {"203.0.113.77", 22, true},
		{"203.0.113.77", 443, false},   {"203.0.114.1", 22, false},
		{"2001:db8:1::1", 1234, true},  {"2001:db9::", 1234, false},
		{"2606:4700::1111", 443, true}, {"2606:4700::1112", 443, false},
		{"0.0.0.0", 443, false},        {"::", 443, false},
	};
	struct allow all[ENTRIES];
	tap_ok(parse_all(entries, ENTRIES, all) == ENTRIES, "a list of addresses");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;
		bool is_read = addr_parse(cases[i].host, strlen(cases[i].host), &a);
		check_lookup(&cases[i], is_read ? allow_has_addr(all, ENTRIES, &a, cases[i].port)
						: !cases[i].has);
	}
}

int main(void)
{
	test_names();
	test_no_names();
	test_entries();
	test_no_entries();
	test_has_name();
	test_has_addr();
	return tap_done();
}
