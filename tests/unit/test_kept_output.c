/* SPDX-License-Identifier: MIT */
/* What is kept of a command's stream, whatever pieces it comes in. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"
#include "squashd/exec/kept_output.h"
#include "tap.h"

enum { MOST = 4 * LIMIT_OUTPUT_BYTES };

static struct exec_output kept;

/* Write the stream in pieces of up to `piece` bytes, and let some of it wait in the pipe; what is
 * kept of it is in kept. */
static void pass(const char *stream, size_t len, uint32_t piece, bool head_only, uint64_t *state)
{
	int fds[2], null_fd = -1;
	kept = (struct exec_output){.head_only = head_only};
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
	for (size_t at = 0; at < len;) {
		size_t want = 1 + random_below(state, piece);
		ssize_t n = write(fds[1], stream + at, want < len - at ? want : len - at);
		at += n > 0 ? (size_t)n : 0;
		if (n < 0 || random_below(state, 3) == 0)
			kept_output_take(&kept, fds[0], &null_fd);
	}
	close(fds[1]);
	while (kept_output_take(&kept, fds[0], &null_fd) > 0)
		;
	close(fds[0]);
	if (null_fd >= 0)
		close(null_fd);
	kept_output_finish(&kept);
}

/* What is kept is the stream without the gap. */
static bool is_right(const char *stream, size_t len)
{
	size_t at = kept.omitted > 0 ? (size_t)kept.omitted_at : kept.len;
	return kept.total == len && kept.len + kept.omitted == len && at <= kept.len &&
	       memcmp(kept.data, stream, at) == 0 &&
	       memcmp(kept.data + at, stream + at + kept.omitted, kept.len - at) == 0;
}

static void test_lengths(char *stream)
{
	static const size_t lens[] = {0,     1,     32767, 32768,  32769,  65535,
				      65536, 65537, 98303, 131072, 131073, MOST};
	static const uint32_t pieces[] = {1, 100, 5000, 70000};
	uint64_t state = 1;
	for (size_t i = 0; i < MOST; i++)
		stream[i] = (char)random_below(&state, 128);
	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
		bool good = true, head = true;
		size_t over = lens[l] > LIMIT_OUTPUT_BYTES ? lens[l] - LIMIT_OUTPUT_BYTES : 0;
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
			pass(stream, lens[l], pieces[p], false, &state);
			good = good && is_right(stream, lens[l]) && kept.omitted == over &&
			       kept.omitted_at == (over ? LIMIT_OUTPUT_BYTES / 2 : 0);
			pass(stream, lens[l], pieces[p], true, &state);
			head = head && is_right(stream, lens[l]) && kept.omitted == over &&
			       kept.omitted_at == (over ? LIMIT_OUTPUT_BYTES : 0);
		}
		tap_ok(good, "%zu bytes: the first and the last", lens[l]);
		tap_ok(head, "%zu bytes: the first", lens[l]);
	}
}

/* Characters of 2 to 4 bytes at any place: none is cut in two. */
static void test_characters(char *stream)
{
	static const char *const texts[] = {"\u00e9", "\u20ac", "\U0001f600"};
	uint64_t state = 2;
	for (size_t t = 0; t < 3; t++) {
		size_t width = strlen(texts[t]);
		bool good = true;
		for (size_t shift = 0; shift < 4; shift++) {
			size_t len = shift;
			memset(stream, 'x', shift);
			for (; len + width <= LIMIT_OUTPUT_BYTES + 999; len += width)
				memcpy(stream + len, texts[t], width);
			for (int head_only = 0; head_only < 2; head_only++) {
				pass(stream, len, 9000, head_only, &state);
				good = good && is_right(stream, len) && kept.omitted > 0 &&
				       (kept.omitted_at - shift) % width == 0 &&
				       kept.omitted % width ==
					       (head_only ? len - shift : 0) % width;
			}
		}
		tap_ok(good, "characters of %zu bytes stay whole", width);
	}
}

/* What is no UTF-8 loses no more than three bytes at a side of the gap. */
static void test_no_text(char *stream)
{
	uint64_t state = 3;
	memset(stream, 0x80, LIMIT_OUTPUT_BYTES + 10);
	pass(stream, LIMIT_OUTPUT_BYTES + 10, 9000, false, &state);
	tap_ok(is_right(stream, LIMIT_OUTPUT_BYTES + 10) && kept.omitted <= 16,
	       "bytes that only continue: %" PRIu64 " omitted", kept.omitted);
	memset(stream, 0xf0, LIMIT_OUTPUT_BYTES + 10);
	pass(stream, LIMIT_OUTPUT_BYTES + 10, 9000, false, &state);
	tap_ok(is_right(stream, LIMIT_OUTPUT_BYTES + 10) && kept.omitted <= 16,
	       "bytes that only begin: %" PRIu64 " omitted", kept.omitted);
}

int main(void)
{
	static char stream[MOST];
	test_lengths(stream);
	test_characters(stream);
	test_no_text(stream);
	return tap_done();
}
