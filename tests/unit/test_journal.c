/* SPDX-License-Identifier: MIT */
/* The history: nobody's lines are pushed out by those of somebody else, it is read in the order in
 * which things happened, and pages of it lose nothing. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/tree.h"
#include "squashd/store/caller.h"
#include "squashd/store/journal.h"
#include "squashd/store/journal_lines.h"
#include "squashd/store/totals.h"
#include "tap.h"

static char memory[JOURNAL_HISTORY_BYTES];
static struct totals totals;
static struct caller caller;
static struct server server = {.totals = &totals, .caller = &caller};

static void as(const char *token, enum right right)
{
	caller = (struct caller){.right = right, .client = {.family = 4, .bytes = {192, 0, 2, 7}}};
	snprintf(caller.token, sizeof(caller.token), "%s", token);
}

static struct buf read_history(uint64_t after, uint64_t limit)
{
	struct buf b = {.data = memory, .cap = sizeof(memory) - 1};
	struct err e;
	if (journal_read_history(&server, after, limit, &b, &e) < 0)
		tap_ok(false, "the history is read: %s", e.text);
	b.data[b.len] = '\0';
	return b;
}

static size_t count_text(const char *text, const char *what)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

static void run_commands(unsigned count, size_t len)
{
	static char cmd[JOURNAL_CMD_BYTES + 1];
	struct exec_result result = {.exit_code = 0};
	memset(cmd, 'x', len);
	cmd[len] = '\0';
	for (unsigned i = 0; i < count; i++)
		journal_exec(&server, -1, "box", i + 1, cmd, strlen(cmd), &result);
}

static uint64_t number_of(const char *line)
{
	size_t len = strlen(NUMBERED_LINE);
	return strncmp(line, NUMBERED_LINE, len) == 0 ? strtoull(line + len, NULL, 10) : 0;
}

/* The lines without a line that is newer than the one before it, or the same. */
static bool is_in_order(const struct buf *b)
{
	uint64_t before = UINT64_MAX;
	for (const char *at = b->data; *at; at = strchr(at, '\n') + 1) {
		uint64_t number = number_of(at);
		if (number >= before && (number > 0 || before > 0))
			return false;
		before = number;
	}
	return true;
}

static void test_kinds(void)
{
	as("boss", RIGHT_ADMIN);
	journal_system(&server, "create_token", "ci");
	journal_module(&server, "upload_module", NULL, "100-mine", NULL);
	journal_module(&server, "freeze_module", "box", "101-made", NULL);
	as("ci", RIGHT_RUN);
	journal_change(&server, "mine", "create", "owner", "me");
	run_commands(600, JOURNAL_CMD_BYTES);
	struct buf b = read_history(0, UINT64_MAX);
	tap_ok(count_text(b.data, "\"create_token\"") == 1 &&
		       count_text(b.data, "\"upload_module\"") == 1 &&
		       count_text(b.data, "\"freeze_module\"") == 1,
	       "commands push out nothing of what an administrator did");
	tap_ok(count_text(b.data, "\"create\"") == 1, "nor what became of sandboxes");
	tap_ok(count_text(b.data, "\"exec\"") > 100 && count_text(b.data, "\"exec\"") < 600,
	       "but older commands");
	for (unsigned i = 0; i < 20000; i++)
		journal_change(&server, "box", "put_file", "path", "/tmp/file");
	b = read_history(0, UINT64_MAX);
	tap_ok(count_text(b.data, "\"create_token\"") == 1 && count_text(b.data, "\"exec\"") > 100,
	       "nor do changes");
	tap_ok(is_in_order(&b), "all are read by their numbers, the newest first");
}

static void test_callers(void)
{
	as("quiet", RIGHT_RUN);
	run_commands(20, 1000);
	journal_change(&server, "still", "create", "owner", "quiet");
	as("loud", RIGHT_RUN);
	run_commands(1000, JOURNAL_CMD_BYTES);
	for (unsigned i = 0; i < 20000; i++)
		journal_change(&server, "box", "allow_net", "allow_net", "pypi.org");
	as("", RIGHT_RUN);
	for (unsigned i = 0; i < 20000; i++)
		journal_change(&server, "box", "restart", "reason", "\",\"token\":\"quiet\"}");
	struct buf b = read_history(0, UINT64_MAX);
	/* An escaped quote ends no string. */
	tap_ok(count_text(b.data, ",\"token\":\"quiet\"}\n") == 21,
	       "nobody's lines go for those of who has more");
	tap_ok(count_text(b.data, ",\"token\":\"loud\"}\n") > 1000, "who has more keeps his share");
}

/* Sandboxes that end or are started again by themselves, with lines as long as there may be. */
static void test_makers(void)
{
	static struct sandbox mine = {.id = "mine", .maker = "quiet"}, other = {.id = "other"};
	memset(other.owner, 1, LIMIT_LABEL_BYTES);
	memset(other.task, 1, LIMIT_LABEL_BYTES);
	server.caller = NULL;
	journal_end(&server, &mine, JOURNAL_LIFETIME, 0);
	journal_restart(&server, &mine, "reboot");
	for (unsigned i = 0; i < 200; i++) {
		strcpy(other.maker, i % 2 ? "loud" : "2001:db8::7");
		journal_end(&server, &other, JOURNAL_LIFETIME, 0);
	}
	server.caller = &caller;
	struct buf b = read_history(0, UINT64_MAX);
	tap_ok(count_text(b.data, "\"id\":\"mine\",\"reason\":\"lifetime\"") == 1 &&
		       count_text(b.data, "\"id\":\"mine\",\"reason\":\"reboot\"") == 1,
	       "sandboxes that end by themselves push out nothing of those of others");
	tap_ok(count_text(b.data, ",\"of\":\"quiet\",\"client\":null,\"token\":null}\n") == 2,
	       "their lines say who made them");
	as("quiet", RIGHT_RUN);
	journal_end(&server, &mine, JOURNAL_OPERATOR, 0);
	b = read_history(0, 1);
	tap_ok(!strstr(b.data, "\"of\""), "but not where somebody has asked for it");
}

static void test_pages(void)
{
	static char whole[JOURNAL_HISTORY_BYTES], joined[JOURNAL_HISTORY_BYTES];
	struct buf all = read_history(0, UINT64_MAX),
		   pages = {.data = joined, .cap = sizeof(joined)};
	size_t most = 0, count;
	uint64_t after = 0;
	memcpy(whole, all.data, all.len);
	do {
		struct buf page = read_history(after, 1000);
		count = 0;
		for (const char *at = page.data; *at; at = strchr(at, '\n') + 1, count++)
			after = number_of(at);
		buf_add(&pages, page.data, page.len);
		most = count > most ? count : most;
	} while (count > 0 && after > 0);
	tap_ok(most == 1000, "no page has more lines than its limit");
	tap_ok(pages.len == all.len && memcmp(whole, joined, all.len) == 0,
	       "all pages together are all there is");
}

static size_t size_of(const char *name)
{
	struct stat st;
	return fstatat(server.data_fd, name, &st, 0) == 0 ? (size_t)st.st_size : 0;
}

static void test_old_version(void)
{
	static const char old[] =
		"{\"event\":\"update\",\"name\":\"0.0.1\",\"at\":\"…\",\"client\":"
		"null,\"token\":null}\n"
		"{\"event\":\"reboot\",\"at\":\"…\",\"client\":null,\"token\":null}\n"
		"{\"event\":\"poweroff\",\"at\":\"20"; /* torn */
	struct err e;
	for (const char *const *name =
		     (const char *const[]){"history.ndjson", "history.1.ndjson", NULL};
	     *name; name++)
		unlinkat(server.data_fd, *name, 0);
	AUTO_FD fd = openat(server.data_fd, "history.ndjson", O_WRONLY | O_CREAT, 0600);
	fd_write_all(fd, old, strlen(old));
	uint64_t last = totals.events;
	memset(&totals, 0, sizeof(totals));
	tap_ok(journal_begin(&server, &e) == 0 && totals.events == last,
	       "after a reboot the numbers go on");
	struct buf b = read_history(0, UINT64_MAX);
	const char *update = strstr(b.data, "\"update\""), *reboot = strstr(b.data, "\"reboot\"");
	tap_ok(update && reboot && reboot < update && !strchr(strchr(update, '\n') + 1, '\n'),
	       "an older version's lines are the oldest");
	b = read_history(0, 1);
	tap_ok(count_text(b.data, "\n") == 1, "a page that is full has none of them");
	b = read_history(1, 1);
	tap_ok(count_text(b.data, "\n") == 2, "they are a page by themselves");
	as("boss", RIGHT_ADMIN);
	journal_system(&server, "create_token", "new");
	b = read_history(0, 1);
	tap_ok(number_of(b.data) == last + 1, "a new one is the newest");
}

static void test_cut_off(void)
{
	static char bytes[JOURNAL_READ_BYTES];
	struct buf b = read_history(0, UINT64_MAX);
	size_t before = count_text(b.data, "\n");
	/* Died between the two steps in which two files become one. */
	AUTO_FD from = openat(server.data_fd, "history.sandboxes.ndjson", O_RDONLY);
	ssize_t n = fd_read_all(from, bytes, sizeof(bytes));
	AUTO_FD to = openat(server.data_fd, "history.sandboxes.1.ndjson", O_WRONLY | O_APPEND);
	tap_ok(n > 0 && fd_write_all(to, bytes, (size_t)n) == 0, "lines are there twice");
	b = read_history(0, UINT64_MAX);
	tap_ok(count_text(b.data, "\n") == before, "they are read once");
}

static void test_sizes(void)
{
	static const char *const names[] = {
		"history.ndjson",   "history.sandboxes.ndjson",   "history.commands.ndjson",
		"history.1.ndjson", "history.sandboxes.1.ndjson", "history.commands.1.ndjson"};
	size_t sum = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sum += size_of(names[i]);
	tap_ok(sum > 2 * JOURNAL_BYTES && sum < JOURNAL_HISTORY_BYTES,
	       "the files keep to their size");
	tap_ok(size_of("history.commands.1.ndjson") <= JOURNAL_BYTES, "the old one, too");
}

/* Shares of max bytes among lines of 40 bytes by a, b and c. */
static void test_shares(void)
{
	static const struct {
		size_t a, b, c, max;
		size_t kept_a, kept_b, kept_c;
	} cases[] = {
		{10, 10, 10, 4000, 10, 10, 10},
		{100, 1, 0, 400, 9, 1, 0},
		{100, 100, 100, 1200, 10, 10, 10},
		{2, 100, 100, 880, 2, 10, 10},
		{3, 3, 3, 0, 0, 0, 0},
	};
	static struct numbered_line all[512];
	static char text[512 * 40 + 1];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t at = 0, left[3] = {cases[i].a, cases[i].b, cases[i].c}, kept[3] = {0};
		struct numbered_lines l = {.all = all, .max = 512};
		for (size_t n = 0; left[0] + left[1] + left[2] > 0; n++)
			if (left[n % 3] > 0) {
				left[n % 3]--;
				at += (size_t)sprintf(text + at,
						      "{\"number\":%010zu,\"token\":\"%c\"}     \n",
						      n + 1, (int)('a' + n % 3));
			}
		numbered_lines_add(&l, text, at);
		numbered_lines_sort(&l);
		uint64_t newest = l.all[l.count - 1].number;
		journal_lines_keep(&l, cases[i].max);
		for (size_t n = 0; n < l.count; n++)
			kept[(l.all[n].number - 1) % 3]++;
		tap_ok(kept[0] == cases[i].kept_a && kept[1] == cases[i].kept_b &&
			       kept[2] == cases[i].kept_c,
		       "%zu bytes for %zu, %zu and %zu lines: %zu, %zu and %zu stay", cases[i].max,
		       cases[i].a, cases[i].b, cases[i].c, kept[0], kept[1], kept[2]);
		tap_ok(l.count == 0 || l.all[l.count - 1].number == newest, "with the newest");
	}
}

/* What stays of a victim's 100 lines, when a crowd has made 500 later ones: how many of the
 * victim's, and of all. */
static void keep_beside(const char *network, size_t max, size_t *of_victim, size_t *of_all)
{
	static struct numbered_line all[600];
	static char text[600 * 80];
	size_t at = 0;
	struct numbered_lines l = {.all = all, .max = 600};
	for (unsigned i = 1; i <= 600; i++) {
		char name[32];
		if (i <= 100)
			strcpy(name, "192.0.2.1");
		else
			snprintf(name, sizeof(name), "%s%u", network, i % 256);
		at += (size_t)sprintf(
			text + at, "{\"number\":%u,\"client\":\"%s\",\"token\":null}\n", i, name);
	}
	numbered_lines_add(&l, text, at);
	numbered_lines_sort(&l);
	journal_lines_keep(&l, max);
	*of_all = l.count;
	*of_victim = 0;
	for (size_t i = 0; i < l.count; i++)
		*of_victim += l.all[i].number <= 100;
}

static void test_crowd(void)
{
	size_t of_victim, of_all;
	keep_beside("2001:db8:0:1::", 12000, &of_victim, &of_all);
	tap_ok(of_victim == 100 && of_all > 150,
	       "one with many addresses of a /64 is one: %zu of %zu", of_victim, of_all);
	keep_beside("198.51.100.", 12000, &of_victim, &of_all);
	tap_ok(of_all > 150, "of more owners than there is room for, the newest stay: %zu", of_all);
}

int main(void)
{
	char dir[] = "/tmp/test_journal.XXXXXX";
	if (!mkdtemp(dir))
		return 1;
	server.data_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_shares();
	test_crowd();
	test_kinds();
	test_callers();
	test_makers();
	test_pages();
	test_sizes();
	test_cut_off();
	test_old_version();
	struct err e;
	tap_ok(tree_remove(AT_FDCWD, dir, &e) == 0, "the directory goes");
	return tap_done();
}
