/* SPDX-License-Identifier: MIT */
/* squashctl's parts that need no appliance: URLs, names, quoting, what is shown, heads and lines of
 * replies. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "ctl/lines.h"
#include "ctl/quote.h"
#include "ctl/remote.h"
#include "ctl/reply_head.h"
#include "ctl/show.h"
#include "ctl/target.h"
#include "ctl/url.h"
#include "exact.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_urls(void)
{
	static const struct {
		const char *text, *authority;
		bool is_tls, is_local;
	} good[] = {
		{"https://squash:443", "squash:443", true, false},
		{"HTTPS://10.0.0.7/", "10.0.0.7:8443", true, false},
		{"box.example.org", "box.example.org:8443", true, false},
		{"http://127.0.0.1", "127.0.0.1:8080", false, true},
		{"http://localhost:80", "localhost:80", false, true},
		{"[2001:db8::1]:65535", "[2001:db8::1]:65535", true, false},
		{"https://[::1]", "[::1]:8443", true, true},
		{"https://127.evil.example:1", "127.evil.example:1", true, false},
	};
	static const char *const bad[] = {
		"",
		"https://",
		"ftp://x",
		"https://x:",
		"https://x:0",
		"https://x:65536",
		"https://x:8443/api",
		"https://u@x",
		"https://x y",
		"2001:db8::1",
		"[2001:db8::1",
		"[x]",
		"[127.0.0.1]",
		"x:1:2",
		"https://x?y",
		"https://x:99999999999999999",
		"https://x\r\nA: b",
	};
	char authority[URL_TEXT_BYTES], longest[400] = "https://";
	struct url u;
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *fault = url_parse(good[i].text, &u);
		tap_ok(!fault && strcmp(url_authority(&u, authority), good[i].authority) == 0 &&
			       u.is_tls == good[i].is_tls && u.is_local == good[i].is_local,
		       "URL %s", good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		tap_ok(url_parse(bad[i], &u) != NULL, "no URL: number %zu", i);
	memset(longest + 8, 'a', 254);
	tap_ok(url_parse(longest, &u) != NULL, "no URL: a host of 254 bytes");
	longest[8 + 253] = '\0';
	tap_ok(url_parse(longest, &u) == NULL, "but one of 253");
}

/* What the shell makes of the words: each on a line, as printf is the command. */
static void check_shell(const char *const *words, size_t count)
{
	static char memory[4096], line[8192], expected[4096], got[4096];
	struct buf cmd = {.data = memory, .cap = sizeof(memory) - 1};
	struct buf want = {.data = expected, .cap = sizeof(expected)};
	quote_words(words, count, &cmd);
	memory[cmd.len] = '\0';
	/* A child of ours reads it as squashd's does: sh -c CMD. */
	struct buf out = {.data = line, .cap = sizeof(line) - 1};
	const char *const shell[] = {"exec", "/bin/sh", "-c", memory};
	quote_words(shell, 4, &out);
	line[out.len] = '\0';
	for (size_t i = 2; i < count; i++) {
		buf_add_text(&want, words[i]);
		buf_add_text(&want, "\n");
	}
	FILE *sh = popen(line, "r"); /* NOLINT(cert-env33-c): it is the shell that is tested */
	size_t n = sh ? fread(got, 1, sizeof(got), sh) : 0;
	int rc = sh ? pclose(sh) : -1;
	tap_ok(rc == 0 && n == want.len && memcmp(got, expected, n) == 0,
	       "the shell takes %zu words as they are", count);
}

static void test_quoting(void)
{
	const char *const words[] = {
		"printf",    "%s\\n", "a",        "",         " ",   "a b", "it's",  "'",   "''",
		"\"$HOME\"", "`id`",  "$(id)",    "\\",       "a\\", "*",   "~",     "#x",  "a;b",
		"a&b",       "|",     "<x",       "-n",       "x=y", "\t",  "a\nb",  "!",   "{a,b}",
		"[a]",       "?",     "\x1b[31m", "\xc3\xa9", "%s",  "(",   "'a'b'", "\\'",
	};
	const char *const assignment[] = {"A=1", "true"};
	const char *const keyword[] = {"if", "x"};
	const char *const one[] = {"echo $X | cat"};
	char memory[256];
	check_shell(words, COUNT(words));
	struct buf b = {.data = memory, .cap = sizeof(memory)};
	quote_words(one, 1, &b);
	tap_ok(b.len == strlen(one[0]) && memcmp(memory, one[0], b.len) == 0,
	       "one word is the shell's");
	b.len = 0;
	quote_words(assignment, 2, &b);
	tap_ok(b.len == 10 && memcmp(memory, "'A=1' true", 10) == 0, "no assignment is made");
	b.len = 0;
	quote_words(keyword, 2, &b);
	tap_ok(b.len == 6 && memcmp(memory, "'if' x", 6) == 0, "no word is one of the shell's own");
	struct buf small = {.data = memory, .cap = 5};
	quote_words(assignment, 2, &small);
	tap_ok(small.full, "what is too long is seen to be");
}

static void test_names(void)
{
	struct remote r;
	char name[16];
	struct target t;
	tap_ok(remote_parse("dev:/a/b", &r) && strcmp(r.id, "dev") == 0 &&
		       strcmp(r.path, "/a/b") == 0,
	       "dev:/a/b");
	tap_ok(remote_parse("dev:a:b", &r) && strcmp(r.path, "/a:b") == 0, "dev:a:b");
	tap_ok(remote_parse("dev:", &r) && strcmp(r.path, "/") == 0, "dev:");
	tap_ok(!remote_parse("./a:b", &r) && !remote_parse("/a:b", &r) && !remote_parse("a", &r) &&
		       !remote_parse(":a", &r) && !remote_parse("", &r),
	       "files of this side");
	tap_ok(strcmp(remote_base("/a/b.c//", name, sizeof(name)), "b.c") == 0 &&
		       strcmp(remote_base("b", name, sizeof(name)), "b") == 0 &&
		       strcmp(remote_base("/", name, sizeof(name)), "") == 0,
	       "the last part of a path");
	tap_ok(target_is_name("dev-1_x") && target_is_name("110-g++") && !target_is_name("") &&
		       !target_is_name("..") && !target_is_name("a/b") && !target_is_name("a%2f") &&
		       !target_is_name("a b") && !target_is_name("$(id)"),
	       "names");
	target_begin(&t, "api/sandboxes");
	target_add(&t, "dev");
	target_ask(&t, "path", "/a b/\xff&=?#%+");
	target_ask(&t, "mode", "0644");
	tap_ok(strcmp(target_text(&t),
		      "/cgi-bin/api/sandboxes/dev?path=/a%20b/%FF%26%3D%3F%23%25%2B"
		      "&mode=0644") == 0,
	       "a target: %s", t.text);
}

/* JSON as it goes to a terminal, by pieces of memory that hold one escape at a time. */
static void test_show_json(void)
{
	static const char text[] =
		" [\"\x7f\xc2\x9b\xe2\x80\xae\xd8\x9c\xe2\x81\xa6\xf3\xa0\x80\x81"
		"\\n\xc3\xa9\xf0\x9f\x98\x80\"]\n\t";
	static const char shown[] = " [\"\\u007f\\u009b\\u202e\\u061c\\u2066\\udb40\\udc01"
				    "\\n\xc3\xa9\xf0\x9f\x98\x80\"]\n\t";
	char whole[256] = "", piece[SHOW_JSON_ESCAPE_BYTES];
	size_t len = 0;
	char *exact = exact_copy(text, strlen(text));
	for (size_t at = 0; at < strlen(text);) {
		struct buf out = {.data = piece, .cap = sizeof(piece)};
		at += show_json(exact + at, strlen(text) - at, &out);
		memcpy(whole + len, piece, out.len);
		len += out.len;
	}
	free(exact);
	if (!tap_ok(strcmp(whole, shown) == 0, "JSON on a terminal has escapes"))
		tap_note("%s", whole);
	tap_ok(strlen(text) > sizeof(piece), "by pieces");
}

static void test_show(void)
{
	static const struct {
		const char *text, *shown;
		size_t width;
	} cases[] = {
		{"plain", "plain", 5},
		{"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac", 2},
		{"\xe4\xb8\xad", "\xe4\xb8\xad", 2},
		{"a\x1b[2Jb", "a\\x1b[2Jb", 9},
		{"\n\t\r\x7f", "\\n\\t\\r\\x7f", 10},
		{"\xc2\x9b", "\\u009b", 6},
		{"\xe2\x80\xae", "\\u202e", 6},
		{"\xe2\x80\x8b", "\\u200b", 6},
		{"\xff\xc3", "\\xff\\xc3", 8},
		{"\xf3\xa0\x80\x81", "\\ue0001", 7},
	};
	char memory[64];
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {.data = memory, .cap = sizeof(memory)};
		char *exact = exact_copy(cases[i].text, strlen(cases[i].text));
		show_text(exact, strlen(cases[i].text), &out);
		free(exact);
		tap_ok(out.len == strlen(cases[i].shown) &&
			       memcmp(memory, cases[i].shown, out.len) == 0 &&
			       show_width(memory, out.len) == cases[i].width,
		       "shown: %s", cases[i].shown);
	}
	tap_ok(show_fit("\xc3\xa9\xe4\xb8\xad"
			"a",
			6, 2) == 2 &&
		       show_fit("abc", 3, 9) == 3,
	       "what fits into so many columns");
	tap_ok(strcmp(show_size(0, memory), "0") == 0 &&
		       strcmp(show_size(1023, memory), "1023") == 0 &&
		       strcmp(show_size(1024, memory), "1.0K") == 0 &&
		       strcmp(show_size(1048575, memory), "1.0M") == 0 &&
		       strcmp(show_size(UINT64_MAX, memory), "16.0E") == 0,
	       "sizes");
}

static void test_heads(void)
{
	static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSquash-Mode: 4755\r\n"
				   "squash-offset: 77\r\nSquash-State: running\r\nX:\r\n\r\nhello";
	static const char *const bad[] = {
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSquash-Mode: 10000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSquash-Mode: 8\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
	};
	struct reply_head r;
	size_t head = sizeof(good) - 1 - 5, more = 0;
	for (size_t len = 0; len < head; len++) {
		char *exact = exact_copy(good, len);
		more += reply_head_read(&r, exact, len) == REPLY_HEAD_MORE;
		free(exact);
	}
	tap_ok(more == head, "a head that isn't whole wants more");
	tap_ok(reply_head_read(&r, good, sizeof(good) - 1) == REPLY_HEAD && r.len == head &&
		       r.status == 200 && r.has_length && r.length == 5 && r.mode == 04755 &&
		       r.offset == 77 && r.is_running,
	       "a head");
	for (size_t i = 0; i < COUNT(bad); i++)
		tap_ok(reply_head_read(&r, bad[i], strlen(bad[i])) == REPLY_HEAD_BAD,
		       "no head of ours: number %zu", i);
}

static _Alignas(max_align_t) unsigned char memory_of_arena[65536];

static bool read_text(const char *text, struct line *l)
{
	struct arena a = {.base = memory_of_arena, .cap = sizeof(memory_of_arena)};
	char *exact = exact_copy(text, strlen(text));
	bool good = line_read(l, exact, strlen(text), &a);
	free(exact);
	return good;
}

static void test_lines(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"stream\":\"stdin\",\"offset\":0,\"data\":\"x\"}",
		"{\"stream\":\"stdout\",\"data\":\"x\"}",
		"{\"stream\":\"stdout\",\"offset\":0}",
		"{\"stream\":\"stdout\",\"offset\":-1,\"data\":\"x\"}",
		"{\"stream\":\"stdout\",\"offset\":0,\"base64\":\"Zg\"}",
		"{\"result\":{}}",
		"{\"result\":{\"exit_code\":256}}",
		"{\"result\":{\"exit_code\":-1}}",
		"{\"error\":1}",
	};
	struct line l;
	tap_ok(read_text("{\"stream\":\"stderr\",\"offset\":9,\"data\":\"a\\u0000\\n\"}", &l) &&
		       l.kind == LINE_OUTPUT && l.is_stderr && l.offset == 9 && l.len == 3 &&
		       memcmp(l.bytes, "a\0\n", 3) == 0,
	       "text");
	tap_ok(read_text("{\"stream\":\"stdout\",\"offset\":0,\"base64\":\"/wA=\"}", &l) &&
		       !l.is_stderr && l.len == 2 && memcmp(l.bytes, "\xff\0", 2) == 0,
	       "bytes");
	tap_ok(read_text("{\"duration_ms\":0}\n", &l) && l.kind == LINE_ALIVE, "a sign of life");
	tap_ok(read_text("{\"result\":{\"exit_code\":255,\"timed_out\":true}}", &l) &&
		       l.kind == LINE_RESULT && l.exit_code == 255 && l.was_timed_out &&
		       !l.was_oom_killed,
	       "a result");
	tap_ok(read_text("{\"error\":\"why\",\"code\":\"internal\"}", &l) && l.kind == LINE_ERROR &&
		       strcmp(l.error, "why") == 0,
	       "an error");
	for (size_t i = 0; i < COUNT(bad); i++)
		tap_ok(!read_text(bad[i], &l), "no line: %s", bad[i]);
}

/* The lines, cut into pieces of each size. */
static void test_pieces(void)
{
	static const char text[] = "one\n\ntwo\nrest";
	char data[8];
	size_t good = 0;
	for (size_t size = 1; size < sizeof(text); size++) {
		struct lines s = {.data = data, .cap = sizeof(data)};
		char got[32] = "";
		for (size_t at = 0; at < sizeof(text) - 1; at += size) {
			size_t left = sizeof(text) - 1 - at < size ? sizeof(text) - 1 - at : size;
			const uint8_t *piece = (const uint8_t *)text + at;
			while (lines_take(&s, &piece, &left) == 1)
				strncat(strncat(got, s.data, s.len), "|", 2);
		}
		good += strcmp(got, "one\n|\n|two\n|") == 0 && s.len == 4;
	}
	tap_ok(good == sizeof(text) - 1, "lines come together from any pieces");
	struct lines s = {.data = data, .cap = sizeof(data)};
	const uint8_t *piece = (const uint8_t *)"123456789";
	size_t left = 9;
	tap_ok(lines_take(&s, &piece, &left) == -1, "a line that is too long is seen to be");
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8"); /* glibc's wcwidth(3) wants it; musl's doesn't */
	test_urls();
	test_quoting();
	test_names();
	test_show();
	test_show_json();
	test_heads();
	test_lines();
	test_pieces();
	return tap_done();
}
