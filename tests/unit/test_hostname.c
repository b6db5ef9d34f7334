/* SPDX-License-Identifier: MIT */
#include "lib/hostname.h"

#include <string.h>

#include "tap.h"

static void test_check(void)
{
	static const char *const good[] = {"squash", "a.b-c.d2", "1"};
	static const char *const bad[] = {"", ".", "a..b", "-a", "a-", "a.-b", "a_b", "a."};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		tap_ok(!hostname_check(good[i]), "a name: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(hostname_check(bad[i]) != NULL, "none: \"%s\"", bad[i]);
}

static void test_public(void)
{
	static const char *const ours[] = {
		"",           "squash",         "squash:8443",     "localhost:8080",
		"192.0.2.7",  "192.0.2.7:8443", "[2001:db8::7]:1", "[::1]",
		"a.local",    "a.b.LOCAL:80",   "x.home.arpa",     "squash.internal.",
		"squash.lan", "x.localhost",    "squash.:80",
	};
	static const char *const public[] = {
		"example.org", "example.org:8443",   "a.example.org.",   "local.example.org",
		"notlocal.xn", "x.local.evil.org:1", "192.0.2.7.nip.io", "a.mylan",
		"arpa.org",    "home.arpa.org",
	};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		tap_ok(!hostname_is_public(ours[i], strlen(ours[i])), "ours: \"%s\"", ours[i]);
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		tap_ok(hostname_is_public(public[i], strlen(public[i])), "anybody's: %s",
		       public[i]);
}

int main(void)
{
	test_check();
	test_public();
	return tap_done();
}
