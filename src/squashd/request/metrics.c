/* SPDX-License-Identifier: MIT */
/* GET metrics: what is used, of the machine, of all sandboxes, of each. A scrape holds up nobody:
 * it takes no sandbox's lock, and starts nothing. The kernel keeps the processor time of cgroups
 * that are gone in their parent's, so that sum needs no counter. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "machine.h"
#include "requests.h"
#include "squashd/box/upper.h"
#include "squashd/kernel/cgroup_events.h"
#include "squashd/store/meta.h"
#include "squashd/store/totals.h"
#include "squashd/store/traffic.h"
#include "squashd/wire/fields.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A number in a file of a cgroup: Documentation/admin-guide/cgroup-v2.rst. */
struct figure {
	const char *file;
	const char *name; /* of the number among others; NULL: it is alone */
	enum msg_tag tag;
};

/* The kernel adds up what is below a cgroup, and what was. */
static const struct figure of_all[] = {
	{"cpu.stat", "usage_usec", TAG_CPU_US},
	{"memory.current", NULL, TAG_MEMORY_USED_BYTES},
};

static const struct figure of_one[] = {
	{"cpu.stat", "usage_usec", TAG_CPU_US},
	{"cpu.stat", "throttled_usec", TAG_THROTTLED_US},
	{"memory.current", NULL, TAG_MEMORY_USED_BYTES},
	{"memory.peak", NULL, TAG_MEMORY_PEAK_BYTES},
	{"memory.events", "oom_kill", TAG_OOM_KILLS},
	{"box/pids.current", NULL, TAG_PIDS}, /* where pids.max is */
};

/* By one read(2), which is how the kernel gives such a file. */
static bool read_text(int cg_fd, const char *file, char *text, size_t cap)
{
	AUTO_FD fd = openat(cg_fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, cap - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Figures of the same file stand together. */
static void add_figures(int cg_fd, const struct figure *table, size_t count, struct buf *b)
{
	char text[1024];
	bool there = false;
	const char *file = NULL;
	for (const struct figure *f = table; f < table + count; f++) {
		if (f->file != file)
			there = read_text(cg_fd, f->file, text, sizeof(text));
		file = f->file;
		if (there && f->name)
			msg_add_number(b, f->tag, cgroup_find_number(text, f->name));
		else if (there)
			msg_add_number(b, f->tag, strtoull(text, NULL, 10));
	}
}

static void add_traffic(const uint64_t counts[EGRESS_COUNTS], struct buf *b)
{
	for (size_t i = 0; i < EGRESS_COUNTS; i++)
		msg_add_number(b, TAG_TRAFFIC, counts[i]);
}

static void add_usage(int dir_fd, struct buf *b)
{
	struct usage u = meta_read_usage(dir_fd);
	for (size_t i = 0; i < MSG_ENDS; i++)
		msg_add_number(b, TAG_EXECS, u.ends[i]);
}

/* Its figures. Of one that is down there are some only. */
static void add_sandbox(const struct server *s, const struct sandbox *sb, int dir_fd, struct buf *b)
{
	uint64_t counts[EGRESS_COUNTS];
	AUTO_FD cgroup = openat(s->cgroup_fd, sb->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	msg_add(b, TAG_RECORD, "", 0);
	msg_add_text(b, TAG_ID, sb->id);
	if (cgroup >= 0)
		add_figures(cgroup, of_one, COUNT(of_one), b);
	if (traffic_read(s, sb->id, counts))
		add_traffic(counts, b);
	add_usage(dir_fd, b);
	msg_add_number(b, TAG_UPPER_BYTES, upper_used(sb, dir_fd));
	msg_add_number(b, TAG_CPU_MILLI, sb->cpu_milli);
	msg_add_number(b, TAG_MEMORY_MB, sb->memory_mb);
	msg_add_number(b, TAG_DISK_MB, sb->disk_mb);
	msg_add_number(b, TAG_PIDS_MAX, LIMIT_PIDS);
}

/* One that has ended meanwhile is left out. */
static void add_if_there(const struct server *s, const char *id, struct buf *b)
{
	static struct sandbox sb;
	size_t len = b->len;
	AUTO_FD dir = meta_open(s, id, NULL);
	if (dir < 0 || meta_load(s, dir, id, &sb, NULL) < 0)
		return;
	add_sandbox(s, &sb, dir, b);
	if (!meta_exists(s, id))
		b->len = len;
}

static int add_all(const struct server *s, struct buf *b, struct err *e)
{
	uint64_t counts[EGRESS_COUNTS];
	int rc = machine_add_names(b, e);
	if (rc == 0)
		rc = machine_add_memory(b, e);
	if (rc == 0)
		rc = machine_add_disk(s, b, e);
	if (rc == 0)
		rc = traffic_sum(s, counts, e);
	if (rc < 0)
		return rc;
	add_traffic(counts, b);
	add_figures(s->cgroup_fd, of_all, COUNT(of_all), b);
	totals_add(s->totals, b);
	msg_add_number(b, TAG_UPTIME_MS, clock_mono_ms());
	msg_add_number(b, TAG_REQUESTS_UNDER_WAY, s->requests_under_way);
	return 0;
}

void request_metrics(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char ids[LIMIT_SANDBOXES][LIMIT_ID_BYTES + 1];
	struct err e;
	if (fields.left > 0) {
		fields_refuse(r);
		return;
	}
	if (add_all(s, &r->body, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	size_t count = meta_list(s, ids);
	for (size_t i = 0; i < count; i++)
		add_if_there(s, ids[i], &r->body);
}
