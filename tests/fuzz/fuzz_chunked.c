/* SPDX-License-Identifier: MIT */
/* Bodies in chunks: decoded in pieces they are what they are when whole; a server that takes
 * whatever it can make sense of sees the same end and the same data; in frames they come out as
 * they went in, and not at all if something is missing.
 *
 * An input's first four bytes say where the rest is split. */
#include "front/chunked.h"
#include "fuzz.h"
#include "lenient.h"
#include "lib/frames.h"
#include "splits.h"

#define SPLITS 4

struct decoded {
	enum head_result result;
	struct head_fault fault;
	size_t len, rest; /* bytes of the data; behind the body */
	char *data;       /* the caller frees it */
};

/* Decode the pieces up to each of these offsets. With framed, each piece's data is added to it as a
 * frame, as front does. */
static struct decoded decode(const char *bytes, const size_t *splits, size_t count,
			     struct buf *framed)
{
	struct chunked c = {.state = CHUNKED_SIZE};
	struct decoded d = {.result = HEAD_MORE, .data = fuzz_take(splits[count - 1])};
	size_t from = 0;
	for (size_t i = 0; i < count && d.result == HEAD_MORE; i++) {
		size_t n = splits[i] - from, data;
		char *piece = fuzz_copy(bytes + from, n);
		d.result = chunked_read(&c, piece, &n, &data, &d.fault);
		if (d.result != HEAD_BAD) {
			CHECK(data + n <= splits[i] - from && (d.result == HEAD_DONE || n == 0));
			memcpy(d.data + d.len, piece, data);
			CHECK(memcmp(piece + data, bytes + splits[i] - n, n) == 0);
			d.len += data;
			d.rest = n + splits[count - 1] - splits[i];
		}
		if (d.result != HEAD_BAD && framed) {
			uint8_t head[FRAMES_HEAD_BYTES];
			frames_write_head(head, data, d.result == HEAD_DONE);
			buf_add(framed, head, sizeof(head));
			buf_add(framed, piece, data);
		}
		free(piece);
		from = splits[i];
	}
	CHECK(d.result != HEAD_DONE || c.len == d.len);
	CHECK(c.len <= FRONT_BODY_BYTES);
	return d;
}

/* The data as another reader finds it in a body that is good. */
static void check_data(const char *bytes, size_t len, const struct decoded *d)
{
	struct lenient l = {.at = bytes, .end = bytes + len};
	char line[8192];
	size_t done = 0, size;
	lenient_chunks(&l);
	CHECK((size_t)(l.end - l.at) == d->rest);
	l.at = bytes;
	while (lenient_line(&l, line, sizeof(line)) && (size = strtoull(line, NULL, 16)) > 0) {
		CHECK(size <= d->len - done && memcmp(d->data + done, l.at, size) == 0);
		done += size;
		l.at += size;
		CHECK(l.at[0] == '\r' && l.at[1] == '\n');
		l.at += 2;
	}
	CHECK(done == d->len);
}

/* Read in two pieces. */
static void check_frames(const struct buf *framed, size_t split, const struct decoded *d)
{
	struct frames f = {0};
	size_t at = framed->len * split / 256, done = 0;
	for (int i = 0; i < 2; i++) {
		size_t from = i ? at : 0, n = i ? framed->len - at : at;
		uint8_t *piece = fuzz_copy(framed->data + from, n);
		size_t data = frames_read(&f, piece, n);
		CHECK(data <= d->len - done && memcmp(piece, d->data + done, data) == 0);
		done += data;
		free(piece);
		CHECK(!frames_have_ended(&f) ||
		      (d->result == HEAD_DONE && from + n == framed->len));
	}
	CHECK(done == d->len && frames_have_ended(&f) == (d->result == HEAD_DONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[FRONT_IN_BYTES + (SPLITS + 1) * FRAMES_HEAD_BYTES];
	struct buf framed = {.data = memory, .cap = sizeof(memory)};
	size_t splits[SPLITS + 1];
	if (size < SPLITS || size - SPLITS > FRONT_IN_BYTES)
		return -1;
	size_t len = size - SPLITS;
	char *bytes = fuzz_copy(data + SPLITS, len);
	splits_read(data, len, splits, SPLITS);
	struct decoded whole = decode(bytes, &len, 1, NULL);
	struct decoded parts = decode(bytes, splits, SPLITS + 1, &framed);
	CHECK(whole.result == parts.result && !framed.full);
	if (whole.result == HEAD_BAD) {
		CHECK(whole.fault.status == parts.fault.status && whole.fault.status >= 400);
		CHECK(whole.fault.text == parts.fault.text);
	} else {
		CHECK(whole.len == parts.len && memcmp(whole.data, parts.data, whole.len) == 0);
		check_frames(&framed, data[0], &parts);
	}
	if (whole.result == HEAD_DONE) {
		CHECK(whole.rest == parts.rest);
		check_data(bytes, len, &whole);
	}
	free(whole.data);
	free(parts.data);
	free(bytes);
	return 0;
}
