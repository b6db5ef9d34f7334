/* SPDX-License-Identifier: MIT */
/* Heads of requests and replies: fed in pieces they are what they are when whole; what is passed on
 * is read again as the same, and so has one meaning.
 *
 * An input's first byte says by bit 0 whether the rest is a reply, by bit 1 whether the client's
 * connection stays, by bit 2 whether a page was asked for; the next three, where the rest is
 * split. */
#include "front/head.h"
#include "fuzz.h"
#include "lib/front_fds.h"
#include "splits.h"

#define SPLITS 3
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static bool is_same_text(struct http_text a, struct http_text b)
{
	return !a.at == !b.at && a.len == b.len && (!a.at || memcmp(a.at, b.at, a.len) == 0);
}

static void check_same(const struct head_request *a, const struct head_request *b)
{
	CHECK(is_same_text(a->host, b->host));
	CHECK(is_same_text(a->authorization, b->authorization));
	CHECK(is_same_text(a->content_type, b->content_type));
}

/* What is to be authorised is the same, but for a body that doesn't come: httpd is told of its
 * length by a field that no client can send. */
static void check_authorises(const struct head_request *h, const char *written, size_t written_len)
{
	static const struct addr client = {.family = 4, .bytes = {192, 0, 2, 1}};
	static const char real[] = "Content-Length: ", asks[] = FRONT_AUTHORISE_FIELD ": ";
	char text[FRONT_OUT_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	head_write_request(h, &client, true, &out);
	CHECK(!out.full);
	size_t same = 0;
	while (same < out.len && same < written_len && text[same] == written[same])
		same++;
	if (!head_has_body(h)) {
		CHECK(same == out.len && same == written_len);
		return;
	}
	size_t rest = out.len - same - strlen(asks);
	CHECK(memcmp(text + same, asks, strlen(asks)) == 0);
	CHECK(memcmp(written + same, real, strlen(real)) == 0);
	CHECK(rest == written_len - same - strlen(real));
	CHECK(memcmp(text + same + strlen(asks), written + same + strlen(real), rest) == 0);
}

static bool is_same_method(struct http_text read, struct http_text written)
{
	return head_is(read, "HEAD") ? head_is(written, "GET") : is_same_text(read, written);
}

/* Take the field out that says so of a body in frames, which no client can send. How many bytes. */
static size_t drop_frames(char *text, size_t len)
{
	static const char field[] = FRONT_FRAMES_FIELD ": 1\r\n";
	char *at = memmem(text, len, field, sizeof(field) - 1);
	CHECK(at && at[-1] == '\n');
	char *rest = at + sizeof(field) - 1;
	memmove(at, rest, (size_t)(text + len - rest));
	return sizeof(field) - 1;
}

/* What goes to httpd has what was read, and nothing beside it. */
static void check_written(const struct head_request *h)
{
	static const struct addr client = {.family = 4, .bytes = {192, 0, 2, 1}};
	char text[FRONT_OUT_BYTES], again_text[FRONT_OUT_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct buf again_out = {.data = again_text, .cap = sizeof(again_text)};
	struct head_request again = {0};
	struct head_fault fault;
	head_write_request(h, &client, false, &out);
	CHECK(!out.full);
	check_authorises(h, text, out.len);
	enum head_result result = head_read_request(&again, text, out.len, &fault);
	if (!h->host.at) { /* of HTTP/1.0; httpd doesn't ask for it */
		CHECK(result == HEAD_BAD && h->minor == 0);
		return;
	}
	CHECK(result == HEAD_DONE && again.len == out.len);
	bool is_framed = head_has_body(h) && h->is_chunked;
	check_same(h, &again);
	CHECK(is_same_method(h->method, again.method));
	CHECK(!again.has_transfer_encoding);
	CHECK(again.length == (is_framed ? FRONT_BODY_BYTES : head_has_body(h) ? h->length : 0));
	CHECK(again.keeps && !again.expects_continue && !again.origin.at);
	CHECK(head_asks_api(h) == head_asks_api(&again));
	head_write_request(&again, &client, false, &again_out);
	out.len -= is_framed ? drop_frames(text, out.len) : 0;
	CHECK(again_out.len == out.len && memcmp(text, again_text, out.len) == 0);
}

static void check_request(const char *bytes, size_t len, const size_t splits[SPLITS + 1])
{
	struct head_request whole = {0}, h = {0};
	struct head_fault whole_fault = {0}, fault = {0};
	enum head_result expected = head_read_request(&whole, bytes, len, &whole_fault);
	enum head_result result = HEAD_MORE;
	for (size_t i = 0; i <= SPLITS && result == HEAD_MORE; i++)
		result = head_read_request(&h, bytes, splits[i], &fault);
	CHECK(result == expected);
	CHECK(h.len == whole.len && h.lines == whole.lines && h.length == whole.length);
	CHECK(is_same_text(h.method, whole.method));
	check_same(&h, &whole);
	CHECK(result != HEAD_MORE || len < FRONT_IN_BYTES);
	if (result == HEAD_BAD) {
		CHECK(fault.status == whole_fault.status && fault.status >= 400);
		CHECK(strcmp(fault.code, whole_fault.code) == 0);
		CHECK(strcmp(fault.text, whole_fault.text) == 0);
	} else if (result == HEAD_DONE) {
		CHECK(h.length <= FRONT_BODY_BYTES && h.is_chunked == h.has_transfer_encoding);
		CHECK(!h.is_chunked || (!h.has_length && h.minor == 1));
		CHECK(h.target.len > 0 && h.target.at[0] == '/');
		check_written(&h);
	}
}

/* The head's last line is empty, and it has no other. */
static void check_reply_again(const char *text, size_t len, const struct head_reply *r,
			      bool is_page, bool keeps)
{
	struct head_reply again;
	char twice_text[FRONT_REPLY_ROOM];
	struct buf twice = {.data = twice_text, .cap = sizeof(twice_text)};
	if (len > FRONT_REPLY_HEAD_BYTES)
		return;
	CHECK(head_read_reply(&again, text, len) == HEAD_DONE);
	CHECK(again.len == len && again.status == r->status);
	CHECK(again.has_length == r->has_length && again.length == r->length);
	head_write_reply(text, len, is_page, keeps, DATE, &twice);
	CHECK(twice.len == len && memcmp(text, twice_text, len) == 0);
}

static void check_reply(const char *bytes, size_t len, const size_t splits[SPLITS + 1],
			bool is_page, bool keeps)
{
	struct head_reply r, part;
	char text[FRONT_REPLY_ROOM];
	struct buf out = {.data = text, .cap = sizeof(text)};
	enum head_result expected = head_read_reply(&r, bytes, len), result = HEAD_MORE;
	for (size_t i = 0; i <= SPLITS && result == HEAD_MORE; i++)
		result = head_read_reply(&part, bytes, splits[i]);
	CHECK(result == expected);
	if (result != HEAD_DONE)
		return;
	CHECK(part.len == r.len && part.status == r.status && part.length == r.length);
	CHECK(r.status >= 200 && r.status <= 999 && r.len <= FRONT_REPLY_HEAD_BYTES);
	head_write_reply(bytes, r.len, is_page, keeps, DATE, &out);
	CHECK(!out.full);
	check_reply_again(text, out.len, &r, is_page, keeps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t splits[SPLITS + 1];
	if (size < 1 + SPLITS || size - 1 - SPLITS > FRONT_IN_BYTES)
		return -1;
	size_t len = size - 1 - SPLITS;
	char *bytes = fuzz_copy(data + 1 + SPLITS, len);
	splits_read(data + 1, len, splits, SPLITS);
	if (data[0] & 1)
		check_reply(bytes, len, splits, data[0] & 4, data[0] & 2);
	else
		check_request(bytes, len, splits);
	free(bytes);
	return 0;
}
