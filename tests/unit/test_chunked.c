/* SPDX-License-Identifier: MIT */
/* Bodies in chunks, as front decodes them, and the frames that they go on in. */
#include <string.h>

#include "exact.h"
#include "front/chunked.h"
#include "lib/frames.h"
#include "tap.h"

static char memory[65536];
static struct buf made;

/* Decode it in pieces of so many bytes, each in memory of its own; the data goes into made. *rest:
 * bytes of the last piece that are behind the body. */
static enum head_result decode(const char *bytes, size_t len, size_t piece, size_t *rest,
			       struct head_fault *fault)
{
	struct chunked c = {.state = CHUNKED_SIZE};
	enum head_result result = HEAD_MORE;
	made = (struct buf){.data = memory, .cap = sizeof(memory)};
	*rest = 0;
	for (size_t at = 0; at < len && result == HEAD_MORE; at += piece) {
		size_t n = len - at < piece ? len - at : piece, data = 0;
		char *copy = exact_copy(bytes + at, n);
		result = chunked_read(&c, copy, &n, &data, fault);
		if (result != HEAD_BAD)
			buf_add(&made, copy, data);
		if (result == HEAD_DONE) {
			*rest = n;
			if (n > 0 && memcmp(copy + data, bytes + at + piece - n, n) != 0)
				result = HEAD_BAD;
		}
		free(copy);
	}
	return result;
}

/* Whole, byte by byte, and in pieces of 3. */
static bool becomes(const char *bytes, size_t len, const char *expected, size_t expected_rest)
{
	const size_t pieces[] = {len, 1, 3};
	bool ok = true;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct head_fault fault = {0};
		size_t rest;
		enum head_result result = decode(bytes, len, pieces[i], &rest, &fault);
		bool same = result == HEAD_DONE && made.len == strlen(expected) &&
			    memcmp(made.data, expected, made.len) == 0 &&
			    (i > 0 || rest == expected_rest);
		if (!same)
			tap_note("in pieces of %zu: %d %s, %zu bytes, %zu behind", pieces[i],
				 result, result == HEAD_BAD ? fault.text : "", made.len, rest);
		ok = ok && same;
	}
	return ok;
}

#define BECOMES(bytes, data, name)                                                                 \
	tap_ok(becomes(bytes, sizeof(bytes) - 1, data, 0), "taken: %s", name)

static void test_taken(void)
{
	BECOMES("0\r\n\r\n", "", "nothing");
	BECOMES("5\r\nhello\r\n0\r\n\r\n", "hello", "a chunk");
	BECOMES("1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", "three");
	BECOMES("005\r\nhello\r\n0000000000000000\r\n\r\n", "hello", "zeros before a size");
	BECOMES("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", "a size of 16 digits");
	BECOMES("1F\r\n0123456789012345678901234567890\r\n1f\r\n0123456789012345678901234567890\r\n"
		"0\r\n\r\n",
		"01234567890123456789012345678900123456789012345678901234567890",
		"digits of both cases");
	BECOMES("6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r", "data that looks like an end");
	BECOMES("5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello", "extensions");
	BECOMES("5 \t; a = \"b;\t\xff\" ;c\r\nhello\r\n0\r\n\r\n", "hello",
		"with blanks and quotes");
	BECOMES("5;\r\nhello\r\n0\r\n\r\n", "hello", "an empty one");
	BECOMES("5\r\nhello\r\n0\r\nA: b\r\nContent-Length:\r\n!:\x80\t\r\n\r\n", "hello",
		"trailers");
	static const char behind[] = "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
	tap_ok(becomes(behind, sizeof(behind) - 1, "hello", 16), "what is behind it stays there");
}

static bool is_refused(const char *bytes, size_t len, unsigned status)
{
	struct head_fault whole = {0}, slow = {0};
	size_t rest;
	bool ok = decode(bytes, len, len, &rest, &whole) == HEAD_BAD &&
		  decode(bytes, len, 1, &rest, &slow) == HEAD_BAD && whole.status == status &&
		  slow.status == status && strcmp(whole.text, slow.text) == 0;
	if (!ok)
		tap_note("%u %s; byte by byte %u %s", whole.status, whole.text ? whole.text : "",
			 slow.status, slow.text ? slow.text : "");
	return ok;
}

#define REFUSED(bytes, status, name)                                                               \
	tap_ok(is_refused(bytes, sizeof(bytes) - 1, status), "%u: %s", (unsigned)(status), (name))
#define BAD(bytes, name) REFUSED(bytes, 400, name)

static void test_refused(void)
{
	BAD("\r\n", "no size");
	BAD(";a\r\n", "an extension without one");
	BAD(" 5\r\n", "a blank before it");
	BAD("5 \r\n", "a blank behind it");
	BAD("5 6\r\n", "two");
	BAD("+5\r\n", "+5");
	BAD("-5\r\n", "-5");
	BAD("0x5\r\n", "0x5");
	BAD("5,\r\n", "5,");
	BAD("g\r\n", "a letter behind f");
	BAD("5\n", "LF behind it");
	BAD("5\rx", "CR alone behind it");
	BAD("5;a\n", "LF behind an extension");
	BAD("5;a\rb", "CR in one");
	BAD("5;a\0", "NUL in one");
	BAD("5;a\x7f", "DEL in one");
	BAD("00000000000000005\r\n", "17 digits");
	BAD("10000000000000000\r\n", "2^64");
	REFUSED("80000000\r\n", 413, "2 GiB");
	REFUSED("7fffffffffffffff\r\n", 413, "2^63 - 1");
	REFUSED("ffffffffffffffff\r\n", 413, "2^64 - 1");
	REFUSED("1\r\na\r\n7fffffff\r\n", 413, "2 GiB in all");
	BAD("4\r\nhello\r\n", "a longer chunk");
	BAD("6\r\nhello\r\n0", "a shorter one");
	BAD("5\r\nhello\n", "LF behind it");
	BAD("5\r\nhello\rx", "CR alone behind it");
	BAD("0\r\n\n", "LF for the end");
	BAD("0\r\n\rx", "CR alone for it");
	BAD("0\r\n :", "a blank before a trailer");
	BAD("0\r\n:", "a trailer without a name");
	BAD("0\r\nA\r", "one without a colon");
	BAD("0\r\nA :", "a blank before the colon");
	BAD("0\r\nA: b\n", "LF behind one");
	BAD("0\r\nA: b\rc", "CR in one");
	BAD("0\r\nA: \0", "NUL in one");
	BAD("0\r\nA: b\r\n\t", "a folded one");
}

static void make(const char *before, size_t count, const char *text, const char *behind)
{
	static char bytes[4 * FRONT_EXTENSIONS_BYTES];
	made = (struct buf){.data = bytes, .cap = sizeof(bytes)};
	buf_add_text(&made, before);
	for (size_t i = 0; i < count; i++)
		buf_add_text(&made, text);
	buf_add_text(&made, behind);
}

static bool made_is_refused(unsigned status)
{
	struct buf b = made;
	return !b.full && is_refused(b.data, b.len, status);
}

static bool made_is_taken(void)
{
	struct buf b = made;
	struct head_fault fault = {0};
	size_t rest;
	return !b.full && decode(b.data, b.len, 100, &rest, &fault) == HEAD_DONE;
}

static void test_bounds(void)
{
	struct chunked c = {.state = CHUNKED_SIZE};
	struct head_fault fault;
	char largest[] = "7fffffff\r\n";
	size_t len = sizeof(largest) - 1, data;
	tap_ok(chunked_read(&c, largest, &len, &data, &fault) == HEAD_MORE && c.left == 2147483647,
	       "a chunk of 2 GiB - 1 is begun");
	make("0;", FRONT_EXTENSIONS_BYTES - 2, "a", "\r\n\r\n");
	tap_ok(made_is_taken(), "an extension of 4096 bytes with what is around it");
	make("0;", FRONT_EXTENSIONS_BYTES - 1, "a", "\r\n\r\n");
	tap_ok(made_is_refused(400), "400: a longer one");
	make("", FRONT_EXTENSIONS_BYTES / 2 + 1, "1;\r\na\r\n", "");
	tap_ok(made_is_refused(400), "400: many short ones");
	make("0\r\nA:", FRONT_TRAILERS_BYTES - 4, "a", "\r\n\r\n");
	tap_ok(made_is_taken(), "a trailer of 4096 bytes with what is around it");
	make("0\r\nA:", FRONT_TRAILERS_BYTES - 2, "a", "\r\n\r\n");
	tap_ok(made_is_refused(431), "431: a longer one");
	make("0\r\n", FRONT_TRAILERS_BYTES / 3 + 1, "A:\r\n", "\r\n");
	tap_ok(made_is_refused(431), "431: many short ones");
}

/* ---- Frames ---- */

/* Appends one. */
static void add_frame(const char *text, bool is_last)
{
	uint8_t head[FRAMES_HEAD_BYTES];
	frames_write_head(head, strlen(text), is_last);
	buf_add(&made, head, sizeof(head));
	buf_add_text(&made, text);
}

/* Reads what was made in pieces of so many bytes; the data goes into text. */
static bool read_frames(size_t piece, char *text)
{
	struct frames f = {0};
	size_t done = 0;
	for (size_t at = 0; at < made.len; at += piece) {
		size_t n = made.len - at < piece ? made.len - at : piece;
		uint8_t *copy = exact_copy(made.data + at, n);
		size_t data = frames_read(&f, copy, n);
		memcpy(text + done, copy, data);
		done += data;
		free(copy);
	}
	text[done] = '\0';
	return frames_have_ended(&f);
}

static void test_frames(void)
{
	char text[64];
	make("", 0, "", "");
	add_frame("hel", false);
	add_frame("", false);
	add_frame("lo", false);
	size_t begun = made.len;
	add_frame("!", true);
	size_t whole = made.len;
	add_frame("more", true);
	bool good = true;
	for (size_t piece = 1; piece <= made.len; piece++)
		good = read_frames(piece, text) && strcmp(text, "hello!") == 0 && good;
	tap_ok(good, "frames in pieces of all lengths are one body, up to the last");
	bool ended = false;
	for (made.len = 0; made.len < whole; made.len++)
		ended = read_frames(7, text) || ended;
	tap_ok(!ended, "without all of the last it isn't whole");
	made.len = begun;
	add_frame("", true);
	tap_ok(read_frames(1, text) && strcmp(text, "hello") == 0, "the last may be empty");
	struct frames f = {0};
	uint8_t head[FRAMES_HEAD_BYTES];
	frames_write_head(head, FRAMES_DATA_MAX, true);
	tap_ok(frames_read(&f, head, sizeof(head)) == 0 && f.left == FRAMES_DATA_MAX &&
		       !frames_have_ended(&f),
	       "a frame of 2 GiB - 1");
}

int main(void)
{
	test_taken();
	test_refused();
	test_bounds();
	test_frames();
	return tap_done();
}
