/* SPDX-License-Identifier: MIT */
/* Turns: in which order they come, and what is left when anything has been taken out. */
#include <stdlib.h>
#include <string.h>

#include "front/turns.h"
#include "random.h"
#include "tap.h"

#define LINES 6
#define ITEMS 64
#define STEPS 200000

/* Lines a, b, c...; of its items, each knows its line. */
struct world {
	struct turns t;
	struct turns_line lines[LINES];
	struct turns_item items[ITEMS];
	char names[ITEMS + 1];
	size_t used;
};

static void add(struct world *w, const char *names)
{
	for (; *names; names++) {
		w->names[w->used] = *names;
		turns_add(&w->t, &w->lines[*names - 'a'], &w->items[w->used++]);
	}
}

/* Whether the next turns are those of the lines of these names. */
static bool takes(struct world *w, const char *names)
{
	for (; *names; names++) {
		const struct turns_item *item = turns_take(&w->t, NULL);
		char name = item ? w->names[item - w->items] : '-';
		if (name != *names) {
			tap_note("%c, where %s was to come", name, names);
			return false;
		}
	}
	return true;
}

static void test_order(void)
{
	static const struct {
		bool is_new; /* in a world of its own */
		const char *added, *taken, *what;
	} steps[] = {
		{true, "aaabbc", "abcaba-",
		 "one of each line to a round, in the order of their coming"},
		{true, "aaaaaa", "aa", "one line alone has all turns"},
		{false, "b", "baaaa-", "a new line comes before what waits"},
		{true, "aaaabbbb", "ab", "two lines, in turns"},
		{false, "cde", "cadebabab-",
		 "of new lines, every second turn is one's that has waited"},
		{true, "bbbbbaaa", "bab", "two lines in their second round"},
		{false, "c", "c", "and a third one's turn"},
		{false, "c", "abcabb-", "and then none before others in the same round"},
	};
	struct world w = {.used = 0};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].is_new)
			w = (struct world){.used = 0};
		add(&w, steps[i].added);
		tap_ok(takes(&w, steps[i].taken), "%s", steps[i].what);
	}
}

#define BLOCKED UINT64_MAX /* as the round of a line's last turn: it may not */

static bool is_not_blocked(const struct turns_line *line)
{
	return line->served != BLOCKED;
}

static void test_may(void)
{
	struct world w = {.used = 0};
	add(&w, "aabb");
	w.lines[0].served = BLOCKED;
	struct turns_item *item = turns_take(&w.t, is_not_blocked);
	tap_ok(item == &w.items[2], "a line that may not is passed over");
	tap_ok(turns_take(&w.t, is_not_blocked) == &w.items[3], "and so it is in the next round");
	tap_ok(!turns_take(&w.t, is_not_blocked) && w.t.count == 2, "nobody may");
	tap_ok(turns_take(&w.t, NULL) == &w.items[0], "it may again");
}

static void test_remove(void)
{
	for (unsigned all = 1; all <= 4; all++) {
		for (unsigned gone = 0; gone < all; gone++) {
			struct world w = {.used = 0};
			char left[5] = "";
			size_t len = 0;
			add(&w, (const char *[]){"", "a", "aa", "aaa", "aaaa"}[all]);
			for (unsigned i = 0; i < all; i++)
				if (i != gone)
					left[len++] = (char)('0' + i);
			turns_remove(&w.t, &w.items[gone]);
			turns_remove(&w.t, &w.items[gone]);
			bool ok = w.t.count == all - 1;
			for (size_t i = 0; i < len; i++)
				ok = turns_take(&w.t, NULL) == &w.items[left[i] - '0'] && ok;
			tap_ok(ok && !turns_take(&w.t, NULL), "item %u of %u is removed, once",
			       gone + 1, all);
		}
	}
	for (unsigned gone = 0; gone < 3; gone++) {
		struct world w = {.used = 0};
		add(&w, "abcabc");
		turns_remove(&w.t, &w.items[gone]);
		turns_remove(&w.t, &w.items[gone + 3]);
		tap_ok(takes(&w, (const char *[]){"bcbc-", "acac-", "abab-"}[gone]),
		       "line %u of 3 is emptied", gone + 1);
	}
}

/* Every line that waits has a turn before any other has had three: nobody starves, whatever comes
 * and goes. */
static void test_random(void)
{
	static struct world w;
	static unsigned waits[LINES], had[LINES][LINES]; /* items; turns of others since */
	size_t count = 0;
	bool fair = true, counted = true, in_order = true;
	unsigned order[ITEMS] = {0}, stamp = 0;
	uint64_t state = 1;
	for (unsigned step = 0; step < STEPS; step++) {
		size_t i = random_below(&state, ITEMS);
		struct turns_item *item = &w.items[i];
		unsigned what = random_below(&state, 8);
		if (what < 4 && !item->line) {
			size_t line = (size_t)random_below(&state, LINES) * random_below(&state, 2);
			w.names[i] = (char)('a' + line);
			order[i] = ++stamp;
			turns_add(&w.t, &w.lines[line], item);
			if (waits[line]++ == 0)
				memset(had[line], 0, sizeof(had[line]));
			count++;
		} else if (what == 4 && item->line) {
			turns_remove(&w.t, item);
			waits[w.names[i] - 'a']--;
			count--;
		} else if (what > 4 && (item = turns_take(&w.t, NULL))) {
			size_t line = (size_t)(w.names[item - w.items] - 'a');
			for (size_t k = 0; k < ITEMS; k++)
				if (w.items[k].line && w.names[k] == w.names[item - w.items])
					in_order = in_order && order[k] > order[item - w.items];
			for (size_t other = 0; other < LINES; other++)
				if (other != line && waits[other] > 0)
					fair = ++had[other][line] < 3 && fair;
			memset(had[line], 0, sizeof(had[line]));
			waits[line]--;
			count--;
		} else if (what > 4) {
			counted = counted && count == 0;
		}
		counted = counted && w.t.count == count;
	}
	tap_ok(counted, "%d random steps: what has come is there, or has gone once", STEPS);
	tap_ok(in_order, "a line's own keep their order");
	tap_ok(fair, "nobody has three turns while another waits");
}

int main(void)
{
	test_order();
	test_may();
	test_remove();
	test_random();
	return tap_done();
}
