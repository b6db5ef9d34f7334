/* SPDX-License-Identifier: MIT */
/* Totals: how long commands took, by classes; and that they are there for who comes later. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "squashd/store/totals.h"
#include "tap.h"

/* The number of the tag's field at that place among those of the tag; UINT64_MAX: there is none. */
static uint64_t find(const struct buf *b, enum msg_tag tag, size_t index)
{
	struct msg_cursor c = {.at = (const uint8_t *)b->data, .left = b->len};
	struct msg_field f;
	uint64_t number = UINT64_MAX;
	while (msg_next(&c, &f) > 0)
		if (f.tag == tag && index-- == 0 && msg_number(&f, &number) == 0)
			return number;
	return UINT64_MAX;
}

static struct buf tell(const struct totals *t)
{
	static char text[4096];
	struct buf b = {.data = text, .cap = sizeof(text)};
	totals_add(t, &b);
	return b;
}

static void test_times(struct totals *t)
{
	struct buf b = tell(t);
	size_t count = 0, wrong = 0;
	while (find(&b, TAG_UP_TO_MS, count) != UINT64_MAX)
		count++;
	tap_ok(count == TOTALS_TIMES - 1 && find(&b, TAG_TOOK, count) == 0 &&
		       find(&b, TAG_TOOK, count + 1) == UINT64_MAX,
	       "a class for each time, and one for longer ones");
	uint64_t sum = 0, longest = 0;
	for (size_t i = 0; i < count; i++) {
		longest = find(&b, TAG_UP_TO_MS, i);
		totals_count_exec(t, MSG_END_OK, longest);
		totals_count_exec(t, MSG_END_FAILED, longest + 1);
		sum += 2 * longest + 1;
		struct buf now = tell(t);
		wrong += find(&now, TAG_TOOK, i) != (i == 0 ? 1 : 2);
		wrong += find(&now, TAG_TOOK, i + 1) != 1;
		wrong += i > 0 && longest <= find(&b, TAG_UP_TO_MS, i - 1);
	}
	tap_ok(wrong == 0, "a time is in the class that it ends, a longer one in the next");
	totals_count_exec(t, MSG_END_OOM, UINT32_MAX);
	b = tell(t);
	tap_ok(find(&b, TAG_TOOK, count) == 2, "what took for ever is in the last");
	tap_ok(find(&b, TAG_TOOK_MS, 0) == sum + UINT32_MAX, "all is added up");
	tap_ok(find(&b, TAG_EXECS, MSG_END_OK) == count && find(&b, TAG_EXECS, MSG_END_OOM) == 1 &&
		       find(&b, TAG_EXECS, MSG_END_SIGNAL) == 0,
	       "and counted by how it ended");
}

int main(void)
{
	char path[] = "/tmp/squash-totals-XXXXXX";
	struct err e;
	int fd = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct totals *t = totals_map(fd, &e), *later;
	if (!tap_ok(t != NULL, "totals are made"))
		return tap_done();
	test_times(t);
	totals_deny(t);
	later = totals_map(fd, &e);
	if (!tap_ok(later != NULL, "they are mapped again"))
		return tap_done();
	struct buf b = tell(later);
	tap_ok(find(&b, TAG_EXECS, MSG_END_OOM) == 1 && totals_denied(later) == 1,
	       "and are what they were");
	totals_deny(t);
	tap_ok(totals_denied(later) == 2, "with what others count meanwhile");
	tap_ok(!totals_map(-1, &e) && e.number != 0, "without their directory there are none");
	unlinkat(fd, "totals", 0);
	rmdir(path);
	close(fd);
	return tap_done();
}
