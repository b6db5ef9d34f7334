/* SPDX-License-Identifier: MIT */
/* Addresses: their text, networks of them, and which are public. */
#include <string.h>

#include "lib/addr.h"
#include "tap.h"
#include "texts.h"

static bool parse(const char *text, struct addr *a)
{
	return addr_parse(text, strlen(text), a);
}

/* The canonical text of an address. */
static const char *write_again(const char *given)
{
	static char text[ADDR_TEXT_BYTES];
	struct addr a;
	return parse(given, &a) ? addr_text(&a, text) : NULL;
}

static const struct text_case other[] = {
	{"2001:DB8::A", "2001:db8::a"},       {"0:0:0:0:0:0:0:0", "::"},
	{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},    {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
	{"0:0:1:2:3:0:0:4", "::1:2:3:0:0:4"}, {"::1.2.3.4", "::102:304"},
	{"::FFFF:102:304", "::ffff:1.2.3.4"}, {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
};

static void test_text(void)
{
	static const char *const same[] = {
		"0.0.0.0",
		"1.2.3.4",
		"255.255.255.255",
		"::",
		"::1",
		"1::",
		"1:2:3:4:5:6:7:8",
		"2001:db8::1:0:0:1",
		"1:0:2:3:4:5:6:7",
		"1:0:0:2::",
		"::ffff:192.0.2.128",
		"::102:304",
		"0:1:2:3:4:5:6:7",
		"::2:3:4:5:6:7",
		"1:2:3:4:5:6::",
		"fe80::1",
		"1111:2222:3333:4444:5555:6666:7777:8888",
	};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		const char *text = write_again(same[i]);
		tap_ok(text && strcmp(text, same[i]) == 0, "\"%s\" is written as it is read",
		       same[i]);
	}
	TEXTS_CHECK("address", other, write_again);
}

static void test_no_address(void)
{
	static const char *const none[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.",
		"1.2.3.4.5",
		".1.2.3",
		"1..2.3",
		"1.2.3.256",
		"01.2.3.4",
		"1.2.3.04",
		"010.0.0.1",
		"0x7f.1",
		"0x7f.0.0.1",
		"2130706433",
		"127.1",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/32",
		"+1.2.3.4",
		"1.2.3.-4",
		":",
		":::",
		"1:",
		":1",
		"1:2:3:4:5:6:7",
		"1::2::3",
		"1:2:3:4:5:6:7:8:9",
		"12345::",
		"::g",
		"fe80::1%lo",
		"::1.2.3",
		"::1.2.3.04",
		"::1.2.3.256",
		"1.2.3.4::",
		"[::1]",
		"::1 ",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4::5:6:7:8",
		"0000:0000:0000:0000:0000:0000:255.255.255.2555",
	};
	struct addr a;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(!parse(none[i], &a), "\"%s\" is no address", none[i]);
	tap_ok(!addr_parse("1.2.3.4\0", 8, &a), "a NUL behind it");
	tap_ok(addr_parse("1.2.3.45", 7, &a) && a.bytes[3] == 4, "what is behind len is not read");
}

static void test_nets(void)
{
	static const struct {
		const char *net, *inside, *outside;
	} cases[] = {
		{"203.0.113.0/24", "203.0.113.255", "203.0.114.0"},
		{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
		{"0.0.0.0/0", "255.1.2.3", "::1"},
		{"1.2.3.4", "1.2.3.4", "1.2.3.5"},
		{"1.2.3.4/32", "1.2.3.4", "::ffff:1.2.3.4"},
		{"128.0.0.0/1", "255.0.0.0", "127.255.255.255"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::/0", "ffff::", "0.0.0.0"},
		{"::1", "::1", "::2"},
		{"2001:db8::1/128", "2001:db8::1", "2001:db8::"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr_net net;
		struct addr in, out;
		tap_ok(addr_parse_net(cases[i].net, strlen(cases[i].net), &net) &&
			       parse(cases[i].inside, &in) && parse(cases[i].outside, &out) &&
			       addr_is_in(&in, &net) && !addr_is_in(&out, &net),
		       "%s has %s, not %s", cases[i].net, cases[i].inside, cases[i].outside);
	}
	static const char *const none[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/08",
		"10.0.0.0/+8",
		"10.0.0.0/-1",
		"10.0.0.0/8 ",
		"10.0.0.1/8",
		"10.0.0.0/8/8",
		"::/129",
		"::1/127",
		"::/0128",
		"::/1000",
		"10.0.0/8",
		"10.0.0.0/255.0.0.0",
		"::/256",
	};
	struct addr_net net;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(!addr_parse_net(none[i], strlen(none[i]), &net), "\"%s\" is no network",
		       none[i]);
}

static void test_equal(void)
{
	struct addr a, b, c;
	tap_ok(parse("::1", &a) && parse("0:0::0:1", &b) && addr_equal(&a, &b), "one address");
	tap_ok(parse("::ffff:1.2.3.4", &b) && parse("1.2.3.4", &c) && !addr_equal(&b, &c),
	       "a mapped address is another");
}

static void test_closed(void)
{
	static const char *const closed[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.100.100.200",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"168.63.129.16",
		"169.254.0.0",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.0.9",
		"192.0.0.192",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.1",
		"192.168.255.255",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.1",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.0",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::ffff:169.254.169.254",
		"::ffff:0:8.8.8.8",
		"64:ff9b::10.0.0.1",
		"64:ff9b::169.254.169.254",
		"64:ff9b:1::8.8.8.8",
		"64:ff9b:0:0:0:1::",
		"100::1",
		"100:0:0:1::1",
		"2001::1",
		"2001:0:4136:e378:8000:63bf:3fff:fdd2",
		"2001:2::1",
		"2001:10::1",
		"2001:20::1",
		"2001:1ff::1",
		"2001:db8::1",
		"2002:a00:1::",
		"2002:7f00:1::1",
		"2002:c0a8:101::1",
		"2002:a9fe:a9fe::",
		"3fff::1",
		"3fff:fff:ffff::",
		"4000::1",
		"5f00::1",
		"1fff::1",
		"fc00::1",
		"fd00:ec2::254",
		"fd20:ce::254",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"feff::1",
		"ff02::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	struct addr a;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		tap_ok(parse(closed[i], &a) && !addr_is_public(&a), "%s is not public", closed[i]);
}

static void test_public(void)
{
	static const char *const open[] = {
		"1.0.0.0",
		"1.1.1.1",
		"8.8.8.8",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.0",
		"168.63.129.15",
		"168.63.129.17",
		"169.253.255.255",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"191.255.255.255",
		"192.0.1.0",
		"192.0.3.0",
		"192.31.196.1",
		"192.88.98.1",
		"192.167.255.255",
		"192.169.0.0",
		"198.17.255.255",
		"198.20.0.0",
		"198.51.99.1",
		"203.0.112.1",
		"203.0.114.1",
		"223.255.255.255",
		"2000::1",
		"2001:200::1",
		"2001:4860:4860::8888",
		"2606:4700::1111",
		"2620:4f:8000::1",
		"2a00::1",
		"3ffe::1",
		"3fff:1000::1",
		"2001:db7::1",
		"2001:db9::1",
		"2003::1",
		"2002:808:808::1",
		"64:ff9b::8.8.8.8",
		"::ffff:8.8.8.8",
		"::8.8.8.8",
	};
	struct addr a;
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		tap_ok(parse(open[i], &a) && addr_is_public(&a), "%s is public", open[i]);
}

int main(void)
{
	test_text();
	test_no_address();
	test_nets();
	test_equal();
	test_closed();
	test_public();
	return tap_done();
}
