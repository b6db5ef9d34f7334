/* SPDX-License-Identifier: MIT */
/* The settings: the syntax of their files, their precedence, their checks, and that a token which
 * was meant never leaves the API open. */
#include <arpa/inet.h>
#include <string.h>

#include "init/settings/settings_values.h"
#include "lib/env.h"
#include "tap.h"

/* The reports of a case, joined by | marks. */
struct said {
	char text[2048];
};

static void say(void *context, const char *line)
{
	struct said *said = context;
	size_t used = strlen(said->text);
	snprintf(said->text + used, sizeof(said->text) - used, "%s|", line);
}

static void test_env_accepts(void)
{
	static const struct {
		const char *text;
		const char *name;
		const char *value;
	} cases[] = {
		{"A=b", "A", "b"},
		{"A=b\n", "A", "b"},
		{"A=b\r\n", "A", "b"},
		{"\n \t\r\n# c=d\n  #x\nA=b", "A", "b"},
		{"\xef\xbb\xbf"
		 "A=b",
		 "A", "b"},
		{"  A\t= b c  ", "A", "b c"},
		{"A=", "A", ""},
		{"A=b=c", "A", "b=c"},
		{"A=b#c", "A", "b#c"},
		{"A=b #c", "A", "b"},
		{"A=#c", "A", ""},
		{"A=\"b #c\" # d", "A", "b #c"},
		{"A='b\"c'", "A", "b\"c"},
		{"A=\"\"", "A", ""},
		{"A=b'c'", "A", "b'c'"},
		{"net.ipv4.x-y_z = 0", "net.ipv4.x-y_z", "0"},
		{"A=\xc3\xa9", "A", "\xc3\xa9"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct env_reader r;
		struct env_pair pair;
		const char *fault = NULL;
		env_start(&r, (const uint8_t *)cases[i].text, strlen(cases[i].text));
		bool ok = env_next(&r, &pair, &fault) == ENV_PAIR &&
			  pair.name_len == strlen(cases[i].name) &&
			  memcmp(pair.name, cases[i].name, pair.name_len) == 0 &&
			  pair.value_len == strlen(cases[i].value) &&
			  memcmp(pair.value, cases[i].value, pair.value_len) == 0 &&
			  env_next(&r, &pair, &fault) == ENV_END;
		tap_ok(ok, "env line %zu is read as %s=%s", i, cases[i].name, cases[i].value);
	}
}

static void test_env_rejects(void)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{"A", 1},       {"=b", 2},      {" = b", 4},     {"A B=c", 5},  {"export A=b", 10},
		{"A=\"b", 4},   {"A='", 3},     {"A=\"b\"c", 6}, {"A=b\0c", 5}, {"A=\x1b[2J", 6},
		{"A\0=b\0", 5}, {"A=b\x7f", 4}, {"A=b\rc", 5},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct env_reader r;
		struct env_pair pair;
		const char *fault = NULL;
		env_start(&r, (const uint8_t *)cases[i].text, cases[i].len);
		tap_ok(env_next(&r, &pair, &fault) == ENV_FAULT && fault &&
			       env_next(&r, &pair, &fault) == ENV_END,
		       "env line %zu is a fault: %s", i, fault ? fault : "none");
	}
}

static void test_env_goes_on(void)
{
	static const char text[] = "A=1\nbad\n\nB=2";
	struct env_reader r;
	struct env_pair pair;
	const char *fault;
	env_start(&r, (const uint8_t *)text, sizeof(text) - 1);
	tap_ok(env_next(&r, &pair, &fault) == ENV_PAIR && r.line == 1, "a line before a fault");
	tap_ok(env_next(&r, &pair, &fault) == ENV_FAULT && r.line == 2, "a fault has its line");
	tap_ok(env_next(&r, &pair, &fault) == ENV_PAIR && r.line == 4, "reading goes on after it");
	env_start(&r, (const uint8_t *)"", 0);
	tap_ok(env_next(&r, &pair, &fault) == ENV_END, "an empty file");
}

static void check_one(const char *name, const char *value, struct settings *out, struct said *said)
{
	static struct settings_raw raw;
	memset(&raw, 0, sizeof(raw));
	memset(said, 0, sizeof(*said));
	settings_put(&raw, name, strlen(name), value, strlen(value), "here");
	settings_check(&raw, out, &(struct settings_report){say, said});
}

/* Whether what is kept is the digest of that token; NULL: nothing. */
static bool has_digest(const struct settings *s, const char *token)
{
	uint8_t digest[SHA256_BYTES] = {0};
	if (token)
		sha256_of(token, strlen(token), digest);
	return memcmp(digest, s->token_sha256, sizeof(digest)) == 0;
}

static void test_builtins(void)
{
	static struct settings_raw raw;
	struct settings s;
	struct said said = {0};
	settings_check(&raw, &s, &(struct settings_report){say, &said});
	tap_ok(s.port == 8080 && strcmp(s.data, "/data") == 0 && s.data_wait_s == 5 &&
		       !s.format[0] && !s.ntp[0][0] && s.ip.dhcp && !s.iface[0] &&
		       !s.egress_iface[0] && s.egress_ip.dhcp &&
		       strcmp(s.hostname, "squash") == 0 && s.access == ACCESS_OPEN &&
		       has_digest(&s, NULL) && !said.text[0],
	       "the built-in settings are valid, and the API is open");
}

static void test_values(void)
{
	static const struct {
		const char *name;
		const char *value;
		bool valid;
	} cases[] = {
		{"SQUASH_PORT", "1", true},
		{"SQUASH_PORT", "65535", true},
		{"SQUASH_PORT", "0", false},
		{"SQUASH_PORT", "65536", false},
		{"SQUASH_PORT", "4294967376", false},
		{"SQUASH_PORT", "", false},
		{"SQUASH_PORT", "80 ", false},
		{"SQUASH_PORT", "+80", false},
		{"SQUASH_PORT", "0x50", false},
		{"SQUASH_TLS_PORT", "443", true},
		{"SQUASH_TLS_PORT", "0", false},
		{"SQUASH_HTTP", "1", true},
		{"SQUASH_HTTP", "yes", false},
		{"SQUASH_DATA", "/mnt/big-disk_1", true},
		{"SQUASH_DATA", "/", false},
		{"SQUASH_DATA", "", false},
		{"SQUASH_DATA", "data", false},
		{"SQUASH_DATA", "/data/", false},
		{"SQUASH_DATA", "//data", false},
		{"SQUASH_DATA", "/a/../etc", false},
		{"SQUASH_DATA", "/etc", false},
		{"SQUASH_DATA", "/run/x", false},
		{"SQUASH_DATA", "/etcetera", true},
		{"SQUASH_DATA", "/a b", false},
		{"SQUASH_DATA", "/0123456789/0123456789/0123456789/0123456789/0123456789/01234567",
		 true},
		{"SQUASH_DATA", "/0123456789/0123456789/0123456789/0123456789/0123456789/012345678",
		 false},
		{"SQUASH_DATA_WAIT", "0", true},
		{"SQUASH_DATA_WAIT", "300", true},
		{"SQUASH_DATA_WAIT", "301", false},
		{"SQUASH_DATA_WAIT", "-1", false},
		{"SQUASH_FORMAT", "/dev/vda", true},
		{"SQUASH_FORMAT", "t10.ATA     QEMU HARDDISK   QM00001", true},
		{"SQUASH_FORMAT", "none", true},
		{"SQUASH_FORMAT", "", false},
		{"SQUASH_FORMAT", "vd\ta", false},
		{"SQUASH_FORMAT", "\xc3\xa9", false},
		{"SQUASH_MAX_SANDBOXES", "1", true},
		{"SQUASH_MAX_SANDBOXES", "1024", true},
		{"SQUASH_MAX_SANDBOXES", "0", false},
		{"SQUASH_MAX_SANDBOXES", "1025", false},
		{"SQUASH_EGRESS_PRIVATE", "none", true},
		{"SQUASH_EGRESS_PRIVATE", "10.1.0.0/16", true},
		{"SQUASH_EGRESS_PRIVATE", "10.1.2.3,192.168.0.0/24,fd00::/8", true},
		{"SQUASH_EGRESS_PRIVATE", "", false},
		{"SQUASH_EGRESS_PRIVATE", "10.1.0.0/16,", false},
		{"SQUASH_EGRESS_PRIVATE", "10.1.0.0/16, 10.2.0.0/16", false},
		{"SQUASH_EGRESS_PRIVATE", "10.1.0.1/16", false},
		{"SQUASH_EGRESS_PRIVATE", "10.1.0.0/33", false},
		{"SQUASH_EGRESS_PRIVATE", "intranet.example.org", false},
		{"SQUASH_NTP", "none", true},
		{"SQUASH_NTP", "time.example.org", true},
		{"SQUASH_NTP", "a,b.c,192.0.2.1,2001:db8::1", true},
		{"SQUASH_NTP", "a,b,c,d,e", false},
		{"SQUASH_NTP", "", false},
		{"SQUASH_NTP", "a,", false},
		{"SQUASH_NTP", "a,,b", false},
		{"SQUASH_NTP", "a, b", false},
		{"SQUASH_NTP", "a:123", false},
		{"SQUASH_NTP", "[2001:db8::1]", false},
		{"SQUASH_NTP", "keyno:1:a", false},
		{"SQUASH_NTP", "192.0.2", false},
		{"SQUASH_NTP", "192.0.2.0/24", false},
		{"SQUASH_ESP", "none", true},
		{"SQUASH_ESP", "5D1A5B1E-0c4e-4b8f-9d2e-6f1c2a3b4c5d", true},
		{"SQUASH_ESP", "5d1a5b1e-0c4e-4b8f-9d2e", false},
		{"SQUASH_ESP", "", false},
		{"SQUASH_WATCHDOG", "0", true},
		{"SQUASH_WATCHDOG", "5", true},
		{"SQUASH_WATCHDOG", "600", true},
		{"SQUASH_WATCHDOG", "4", false},
		{"SQUASH_WATCHDOG", "601", false},
		{"SQUASH_HOSTNAME", "a", true},
		{"SQUASH_HOSTNAME", "a-1.example.org", true},
		{"SQUASH_HOSTNAME", "", false},
		{"SQUASH_HOSTNAME", "-a", false},
		{"SQUASH_HOSTNAME", "a-", false},
		{"SQUASH_HOSTNAME", "a..b", false},
		{"SQUASH_HOSTNAME", "a-.b", false},
		{"SQUASH_HOSTNAME", "a.", false},
		{"SQUASH_HOSTNAME", "a_b", false},
		{"SQUASH_HOSTNAME",
		 "0123456789012345678901234567890123456789012345678901234567890ab", true},
		{"SQUASH_HOSTNAME",
		 "0123456789012345678901234567890123456789012345678901234567890abc", false},
		{"SQUASH_IP", "dhcp", true},
		{"SQUASH_IP", "10.0.2.20/24", true},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.2", true},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.2,10.0.2.3", true},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.2,10.0.2.3,9.9.9.9", true},
		{"SQUASH_IP", "10.0.2.20/24,,10.0.2.3", true},
		{"SQUASH_IP", "10.0.2.20/32,192.0.2.1", true},
		{"SQUASH_IP", "10.0.2.20/31", true},
		{"SQUASH_IP", "", false},
		{"SQUASH_IP", "DHCP", false},
		{"SQUASH_IP", "10.0.2.20", false},
		{"SQUASH_IP", "10.0.2.20/", false},
		{"SQUASH_IP", "10.0.2.20/0", false},
		{"SQUASH_IP", "10.0.2.20/33", false},
		{"SQUASH_IP", "10.0.2/24", false},
		{"SQUASH_IP", "10.0.2.0/24", false},
		{"SQUASH_IP", "10.0.2.255/24", false},
		{"SQUASH_IP", "127.0.0.1/8", false},
		{"SQUASH_IP", "224.0.0.1/24", false},
		{"SQUASH_IP", "0.0.0.1/24", false},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.20", false},
		{"SQUASH_IP", "10.0.2.20/24,gateway", false},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.2,x", false},
		{"SQUASH_IP", "10.0.2.20/24,10.0.2.2,10.0.2.3,9.9.9.9,8.8.8.8", false},
		{"SQUASH_IP", "fe80::1/64", false},
		{"SQUASH_IP", "10.0.2.20/24,111.111.111.1111111111111", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s;
		struct said said;
		check_one(cases[i].name, cases[i].value, &s, &said);
		bool named = strstr(said.text, cases[i].name) && strstr(said.text, "(here)");
		if (!tap_ok(cases[i].valid ? !said.text[0] : named, "%s=%s is %s", cases[i].name,
			    cases[i].value, cases[i].valid ? "valid" : "refused by name"))
			tap_note("said: %s", said.text);
	}
}

static void test_fallback(void)
{
	struct settings s;
	struct said said;
	check_one("SQUASH_PORT", "99999", &s, &said);
	tap_ok(s.port == 8080 && strstr(said.text, "8080 is used"),
	       "a bad port: the built-in, said");
	check_one("SQUASH_PORT", "8443", &s, &said);
	tap_ok(s.port == 8443 && s.tls_port == 8443 && !said.text[0],
	       "plain HTTP's port leaves that of TLS alone");
	check_one("SQUASH_DATA", "/data/../etc", &s, &said);
	tap_ok(strcmp(s.data, "/data") == 0, "a bad path: the built-in");
	check_one("SQUASH_FORMAT", "vda", &s, &said);
	tap_ok(strcmp(s.format, "vda") == 0, "a disk to be formatted");
	check_one("SQUASH_EGRESS_PRIVATE", "10.0.0.0/8,host", &s, &said);
	tap_ok(!s.egress_private[0] && strstr(said.text, "has \"host\", which is no network"),
	       "a network that is none: no networks, and it is named");
	check_one("SQUASH_EGRESS_PRIVATE", "10.0.0.0/8,fd00::/8", &s, &said);
	tap_ok(strcmp(s.egress_private, "10.0.0.0/8,fd00::/8") == 0, "networks as they were given");
	check_one("SQUASH_NTP", "Time.Example.org.,2001:DB8:0::1", &s, &said);
	tap_ok(strcmp(s.ntp[0], "time.example.org") == 0 && strcmp(s.ntp[1], "2001:db8::1") == 0 &&
		       !s.ntp[2][0] && !s.ntp[3][0],
	       "servers, each by itself");
	check_one("SQUASH_NTP", "a,b c", &s, &said);
	tap_ok(!s.ntp[0][0] && strstr(said.text, "has \"b c\", which is neither") &&
		       strstr(said.text, "none is used"),
	       "a server that is none: no servers, and it is named");
	char name[SETTINGS_FORMAT_MAX + 2];
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	check_one("SQUASH_FORMAT", name, &s, &said);
	tap_ok(!s.format[0] && strstr(said.text, "none is used"), "a name too long: no disk, said");
	check_one("SQUASH_FORMAT", name + 1, &s, &said);
	tap_ok(strcmp(s.format, name + 1) == 0, "the longest name");
	check_one("SQUASH_IP", "1.2.3.4/24,1.2.3.1,none", &s, &said);
	tap_ok(s.ip.dhcp && !s.iface[0] && !s.egress_iface[0] && s.egress_ip.dhcp &&
		       !s.ip.v4.address.family,
	       "a bad address: dhcp, and nothing of the address");
	check_one("SQUASH_IFACE", "52:54:00:AB:CD:EF", &s, &said);
	tap_ok(strcmp(s.iface, "52:54:00:ab:cd:ef") == 0, "a card by its address, in lower case");
	check_one("SQUASH_IFACE", "eth0,eth1", &s, &said);
	tap_ok(!s.iface[0] && strstr(said.text, "none is used"), "two cards: none, and it is said");
	check_one("SQUASH_EGRESS_IFACE", "enp3s0", &s, &said);
	tap_ok(strcmp(s.egress_iface, "enp3s0") == 0, "the sandboxes' card, by its name");
	check_one("SQUASH_EGRESS_IFACE", "eth0,eth1", &s, &said);
	tap_ok(strcmp(s.egress_iface, "?") == 0 && strstr(said.text, "sandboxes reach nothing"),
	       "a sandboxes' card that is none: they don't leave by another");
}

static void test_precedence(void)
{
	static const char image[] = "SQUASH_PORT=1\nSQUASH_HOSTNAME=image\nSQUASH_DATA=/image\n";
	static const char disk[] = "SQUASH_PORT=2\nSQUASH_HOSTNAME=disk\nSQUASH_DATA=/disk\n"
				   "SQUASH_FORMAT=vdb\nSQUASH_DATA_WAIT=300\n";
	static struct settings_raw files;
	static struct settings_raw line;
	struct settings s;
	struct said said = {0};
	struct settings_report report = {say, &said};
	settings_put_file(&files, (const uint8_t *)image, sizeof(image) - 1, "image",
			  SETTINGS_IMAGE, &report);
	settings_put_file(&files, (const uint8_t *)disk, sizeof(disk) - 1, "disk", SETTINGS_DISK,
			  &report);
	settings_put(&line, "SQUASH_PORT", 11, "3", 1, "line");
	settings_merge(&files, &line);
	tap_ok(strstr(said.text, "disk, line 3") && strstr(said.text, "SQUASH_DATA"),
	       "the disk can't say where it is mounted");
	tap_ok(strstr(said.text, "disk, line 4") && strstr(said.text, "SQUASH_FORMAT") &&
		       strstr(said.text, "disk, line 5"),
	       "nor which other disk to format, nor how long to wait");
	settings_check(&files, &s, &report);
	tap_ok(s.port == 3, "the command line is over the disk");
	tap_ok(strcmp(s.hostname, "disk") == 0, "the disk is over the image");
	tap_ok(strcmp(s.data, "/image") == 0, "the image is over the built-in");
	tap_ok(!s.format[0] && s.data_wait_s == 5, "what the disk can't say has no effect");

	settings_put(&files, "SQUASH_PORT", 11, "x", 1, "line");
	settings_check(&files, &s, &report);
	tap_ok(s.port == 8080, "a bad value on top: the built-in, not the one below");
	tap_ok(!settings_put(&files, "SQUASH_POR", 10, "1", 1, "line") &&
		       !settings_put(&files, "SQUASH_PORTS", 12, "1", 1, "line") &&
		       !settings_put(&files, "", 0, "1", 1, "line"),
	       "names that are almost right are none");
}

static void test_esp(void)
{
	static const char text[] = "SQUASH_DATA=/esp\nSQUASH_FORMAT=vdb\nSQUASH_ESP=none\n";
	static struct settings_raw raw;
	struct settings s;
	struct said said = {0};
	struct settings_report report = {say, &said};
	settings_put_file(&raw, (const uint8_t *)text, sizeof(text) - 1, "esp", SETTINGS_ESP,
			  &report);
	settings_check(&raw, &s, &report);
	tap_ok(strcmp(s.data, "/esp") == 0 && strcmp(s.format, "vdb") == 0,
	       "the ESP can say where data is");
	tap_ok(strstr(said.text, "esp, line 3") && strstr(said.text, "SQUASH_ESP"),
	       "but not where the ESP is");
	check_one("SQUASH_ESP", "5D1A5B1E-0C4E-4B8F-9D2E-6F1C2A3B4C5D", &s, &said);
	tap_ok(strcmp(s.esp, "5d1a5b1e-0c4e-4b8f-9d2e-6f1c2a3b4c5d") == 0 &&
		       s.access == ACCESS_OPEN,
	       "an ESP in capitals");
	check_one("SQUASH_ESP", "sda1", &s, &said);
	tap_ok(!s.esp[0] && s.access == ACCESS_LOCKED, "an ESP that is none locks the API");
	check_one("SQUASH_ESP", "none", &s, &said);
	tap_ok(!s.esp[0] && s.access == ACCESS_OPEN, "none is no fault");
}

static void check_file(const char *text, struct settings *s, struct said *said)
{
	static struct settings_raw raw;
	struct settings_report report = {say, said};
	memset(&raw, 0, sizeof(raw));
	memset(said, 0, sizeof(*said));
	settings_put_file(&raw, (const uint8_t *)text, strlen(text), "file", SETTINGS_DISK,
			  &report);
	settings_check(&raw, s, &report);
}

/* Of "s3cret". */
#define DIGEST "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"

static void test_token(void)
{
	static const struct {
		const char *text;
		enum settings_access access;
	} cases[] = {
		{"", ACCESS_OPEN},
		{"SQUASH_PORT=80", ACCESS_OPEN},
		{"SQUASH_FOO=1", ACCESS_OPEN},
		{"SQUASH_AUTH_TOKEN=s3cret~!\n", ACCESS_TOKEN},
		{"SQUASH_AUTH_TOKEN=\"s3cret\"\n", ACCESS_TOKEN},
		{"bad line\nSQUASH_AUTH_TOKEN=s3cret\n", ACCESS_TOKEN},
		{"SQUASH_AUTH_TOKEN=", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=\"\"", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=a b", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=caf\xc3\xa9", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN s3cret", ACCESS_LOCKED},
		{"export SQUASH_AUTH_TOKEN=s3cret", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=\"s3cret", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=good\nSQUASH_AUTH_TOKEN=\n", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN_SHA256=" DIGEST "\n", ACCESS_TOKEN},
		{"SQUASH_AUTH_TOKEN_SHA256=" DIGEST "0", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN_SHA256=s3cret", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN_SHA256=", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN_SHA256=" DIGEST "\nSQUASH_AUTH_TOKEN=s3cret", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=s3cret\nSQUASH_AUTH_TOKEN_SHA256=" DIGEST, ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=s3cret\nSQUASH_AUTH_TOKEN_SHA256=", ACCESS_LOCKED},
		{"SQUASH_AUTH_TOKEN=\nSQUASH_AUTH_TOKEN_SHA256=" DIGEST, ACCESS_LOCKED},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s;
		struct said said;
		check_file(cases[i].text, &s, &said);
		if (!tap_ok(s.access == cases[i].access &&
				    (s.access == ACCESS_LOCKED) == (s.lock_reason != NULL) &&
				    has_digest(&s, s.access != ACCESS_TOKEN     ? NULL
						   : strstr(cases[i].text, "~") ? "s3cret~!"
										: "s3cret") &&
				    !strstr(said.text, "s3cret") && !strstr(said.text, "1ec1"),
			    "token case %zu: access %d", i, (int)cases[i].access))
			tap_note("access %d, said: %s", (int)s.access, said.text);
	}
}

/* The token and its digest are one setting: the later source's counts, however it is written. */
static void test_token_sources(void)
{
	static const struct {
		const char *image, *disk, *line;
		enum settings_access access;
		const char *token;
	} cases[] = {
		{"SQUASH_AUTH_TOKEN=old", "SQUASH_AUTH_TOKEN_SHA256=" DIGEST, "", ACCESS_TOKEN,
		 "s3cret"},
		{"SQUASH_AUTH_TOKEN_SHA256=" DIGEST, "SQUASH_AUTH_TOKEN=new", "", ACCESS_TOKEN,
		 "new"},
		{"SQUASH_AUTH_TOKEN_SHA256=x", "SQUASH_AUTH_TOKEN=new", "", ACCESS_TOKEN, "new"},
		{"SQUASH_AUTH_TOKEN=old", "SQUASH_AUTH_TOKEN_SHA256=x", "", ACCESS_LOCKED, NULL},
		{"", "SQUASH_AUTH_TOKEN_SHA256=" DIGEST, "SQUASH_AUTH_TOKEN=line", ACCESS_TOKEN,
		 "line"},
		{"SQUASH_AUTH_TOKEN=a\nSQUASH_AUTH_TOKEN_SHA256=" DIGEST, "",
		 "SQUASH_AUTH_TOKEN=line", ACCESS_TOKEN, "line"},
		{"SQUASH_AUTH_TOKEN=a\nSQUASH_AUTH_TOKEN_SHA256=" DIGEST, "SQUASH_PORT=1",
		 "SQUASH_PORT=2", ACCESS_LOCKED, NULL},
		{"", "SQUASH_AUTH_TOKEN=a", "SQUASH_AUTH_TOKEN=a\nSQUASH_AUTH_TOKEN_SHA256=" DIGEST,
		 ACCESS_LOCKED, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct settings_raw raw, line;
		struct settings s;
		struct said said = {0};
		struct settings_report report = {say, &said};
		memset(&raw, 0, sizeof(raw));
		memset(&line, 0, sizeof(line));
		settings_put_file(&raw, (const uint8_t *)cases[i].image, strlen(cases[i].image),
				  "image", SETTINGS_IMAGE, &report);
		settings_put_file(&raw, (const uint8_t *)cases[i].disk, strlen(cases[i].disk),
				  "disk", SETTINGS_DISK, &report);
		settings_put_file(&line, (const uint8_t *)cases[i].line, strlen(cases[i].line),
				  "line", SETTINGS_IMAGE, &report);
		settings_merge(&raw, &line);
		settings_check(&raw, &s, &report);
		tap_ok(s.access == cases[i].access && has_digest(&s, cases[i].token),
		       "token sources %zu: access %d", i, (int)s.access);
	}
}

static void test_token_length(void)
{
	static char text[64 + LIMIT_TOKEN_BYTES + 2] = "SQUASH_AUTH_TOKEN=";
	struct settings s;
	struct said said;
	memset(text + strlen(text), 'a', LIMIT_TOKEN_BYTES);
	check_file(text, &s, &said);
	tap_ok(s.access == ACCESS_TOKEN && has_digest(&s, strchr(text, '=') + 1),
	       "the longest token");
	text[strlen(text)] = 'a';
	check_file(text, &s, &said);
	tap_ok(s.access == ACCESS_LOCKED && has_digest(&s, NULL), "one byte more locks the API");
}

static const char *find_line(const struct settings_environment *environment, const char *name)
{
	size_t len = strlen(name);
	for (char *const *line = environment->list; *line; line++)
		if (strncmp(*line, name, len) == 0 && (*line)[len] == '=')
			return *line;
	return NULL;
}

static bool has_line(const struct settings_environment *environment, const char *expected)
{
	for (char *const *line = environment->list; *line; line++)
		if (strcmp(*line, expected) == 0)
			return true;
	return false;
}

/* Fills *out with what squashd is given by a file of settings: those that the table says are for
 * it, once each, and no others. */
static void squashd_given(const char *file, struct settings_environment *out)
{
	struct settings s;
	struct said said;
	size_t lines = 0, rows = 0;
	bool good = true;
	check_file(file, &s, &said);
	settings_for_squashd(&s, out);
	while (out->list[lines])
		lines++;
	for (size_t i = 0; i < settings_values_count; i++) {
		const struct settings_value *v = &settings_values[i];
		rows += v->for_squashd;
		good = good && v->for_squashd == (find_line(out, v->name) != NULL);
	}
	tap_ok(good && lines == rows, "squashd has the %zu settings that are for it", rows);
}

static void test_for_squashd(void)
{
	static const struct {
		const char *file;
		const char *lines[4];
	} cases[] = {
		{"",
		 {"SQUASH_EGRESS_IFACE=", "SQUASH_DATA=/data", "SQUASH_MAX_SANDBOXES=1024",
		  "SQUASH_EGRESS_PRIVATE="}},
		{"SQUASH_MAX_SANDBOXES=7\nSQUASH_EGRESS_IFACE=eth1\n"
		 "SQUASH_EGRESS_PRIVATE=10.0.0.0/8\nSQUASH_AUTH_TOKEN=s3cret\n",
		 {"SQUASH_EGRESS_IFACE=eth1", "SQUASH_DATA=/data", "SQUASH_MAX_SANDBOXES=7",
		  "SQUASH_EGRESS_PRIVATE=10.0.0.0/8"}},
		/* A bad one as the builtin, but no other card for sandboxes. */
		{"SQUASH_MAX_SANDBOXES=0\nSQUASH_EGRESS_IFACE=a,b\n",
		 {"SQUASH_EGRESS_IFACE=?", "SQUASH_DATA=/data", "SQUASH_MAX_SANDBOXES=1024",
		  "SQUASH_EGRESS_PRIVATE="}},
	};
	static struct settings_environment environment;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		squashd_given(cases[i].file, &environment);
		for (size_t line = 0; line < 4; line++)
			tap_ok(has_line(&environment, cases[i].lines[line]), "case %zu: %s", i,
			       cases[i].lines[line]);
		tap_ok(!find_line(&environment, "SQUASH_AUTH_TOKEN") &&
			       !find_line(&environment, "SQUASH_AUTH_TOKEN_SHA256"),
		       "and no token");
	}
}

/* A number that is none names its limits. */
static void test_numbers(void)
{
	struct settings s;
	struct said said;
	check_one("SQUASH_MAX_SANDBOXES", "0", &s, &said);
	tap_ok(s.max_sandboxes == 1024 &&
		       strstr(said.text, "is not a number from 1 to 1024: 1024 is used"),
	       "too few sandboxes: %s", said.text);
	check_one("SQUASH_DATA_WAIT", "301", &s, &said);
	tap_ok(s.data_wait_s == 5 && strstr(said.text, "is not a number of seconds from 0 to 300"),
	       "too long a wait: %s", said.text);
}

int main(void)
{
	test_env_accepts();
	test_env_rejects();
	test_env_goes_on();
	test_builtins();
	test_values();
	test_fallback();
	test_precedence();
	test_esp();
	test_token();
	test_token_sources();
	test_token_length();
	test_for_squashd();
	test_numbers();
	return tap_done();
}
