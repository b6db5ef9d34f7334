/* SPDX-License-Identifier: MIT */
#include "init/settings/settings_ip.h"

#include <string.h>

#include "tap.h"

static bool has(const struct addr *a, const char *text)
{
	char got[ADDR_TEXT_BYTES] = "";
	if (a->family)
		addr_text(a, got);
	return strcmp(got, text) == 0;
}

static void test_good(void)
{
	struct settings_ip ip;
	tap_ok(!settings_ip_parse("dhcp", &ip) && ip.dhcp && !ip.v4.address.family &&
		       !ip.v6.address.family,
	       "dhcp");
	tap_ok(!settings_ip_parse("192.0.2.7/25,192.0.2.1,,9.9.9.9", &ip) && !ip.dhcp &&
		       has(&ip.v4.address, "192.0.2.7") && ip.v4.prefix == 25 &&
		       has(&ip.v4.gateway, "192.0.2.1") && has(&ip.v4.dns[0], "") &&
		       has(&ip.v4.dns[1], "9.9.9.9") && !ip.v6.address.family,
	       "IPv4 in all its parts");
	tap_ok(!settings_ip_parse("2001:db8::5/64,fe80::1,2001:db8::53", &ip) && !ip.dhcp &&
		       !ip.v4.address.family && has(&ip.v6.address, "2001:db8::5") &&
		       ip.v6.prefix == 64 && has(&ip.v6.gateway, "fe80::1") &&
		       has(&ip.v6.dns[0], "2001:db8::53") && has(&ip.v6.dns[1], ""),
	       "IPv6 alone");
	tap_ok(!settings_ip_parse("2001:db8::5/128;10.0.0.1/31", &ip) &&
		       has(&ip.v4.address, "10.0.0.1") && has(&ip.v6.address, "2001:db8::5"),
	       "both, either first");
	tap_ok(!settings_ip_parse("dhcp;2001:db8::5/64,,1.1.1.1", &ip) && ip.dhcp &&
		       has(&ip.v6.dns[0], "1.1.1.1"),
	       "one by DHCP; a DNS server of the other family");
	tap_ok(!settings_ip_parse("10.1.2.3/8", &ip) && has(&ip.v4.gateway, ""), "no gateway");
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		";",
		"dhcp;",
		"dhcp;dhcp",
		"dhcp;10.0.0.1/8",
		"10.0.0.1",
		"10.0.0.1/0",
		"10.0.0.1/33",
		"10.0.0.1/8x",
		"10.0.0.1/-8",
		"10.0.0.1/0008",
		"10.0.0.1/,",
		"300.0.0.1/8",
		"127.0.0.1/8",
		"224.0.0.1/8",
		"10.0.0.0/8",
		"10.255.255.255/8",
		"10.0.0.1/8,x",
		"10.0.0.1/8,2001:db8::1",
		"10.0.0.1/8,10.0.0.1",
		"10.0.0.1/8,,x",
		"10.0.0.1/8,,,x",
		"10.0.0.1/8,,,,x",
		"10.0.0.1/8;10.0.0.2/8",
		"2001:db8::/64",
		"fe80::5/64",
		"2001:db8::1/129",
		"::1/128",
		"ff02::1/64",
		"2001:db8::1/64,10.0.0.1",
		"2001:db8::1/64;2001:db8::2/64",
		"10.0.0.1/8;dhcp",
		"DHCP",
		"dhcp,",
	};
	struct settings_ip ip, before;
	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(settings_ip_parse(bad[i], &ip) && memcmp(&ip, &before, sizeof(ip)) == 0,
		       "\"%s\" is refused", bad[i]);
}

int main(void)
{
	test_good();
	test_bad();
	return tap_done();
}
