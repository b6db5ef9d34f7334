/* SPDX-License-Identifier: MIT */
/* metrics: what squashd counts, for Prometheus. */
#include <inttypes.h>
#include <string.h>

#include "exposition.h"
#include "http.h"
#include "lib/egress_fds.h"
#include "lib/limits.h"
#include "members.h"
#include "replies.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB 1048576U

struct metric {
	const char *name; /* of a counter if it ends in _total, else of a gauge */
	enum msg_tag tag;
	unsigned index; /* of the field, among those of the tag */
	enum exposition_unit unit;
	unsigned factor; /* from what squashd says to that unit; 0: 1 */
	const char *help;
};

/* clang-format off */
static const struct metric of_all[] = {
	{"squash_uptime_seconds", TAG_UPTIME_MS, 0, UNIT_MILLI, 0,
	 "How long the machine has been up."},
	{"squash_cpu_seconds_total", TAG_CPU_US, 0, UNIT_MICRO, 0,
	 "Processor time of all sandboxes, those that are gone included."},
	{"squash_memory_bytes", TAG_MEMORY_USED_BYTES, 0, UNIT_ONE, 0,
	 "Memory that all sandboxes use together, files in memory included."},
	{"squash_egress_sent_bytes_total", TAG_TRAFFIC, EGRESS_COUNT_SENT, UNIT_ONE, 0,
	 "Bytes that all sandboxes have sent to the network."},
	{"squash_egress_received_bytes_total", TAG_TRAFFIC, EGRESS_COUNT_RECEIVED, UNIT_ONE,
	 0, "Bytes that all sandboxes have got from the network."},
	{"squash_egress_connections_total", TAG_TRAFFIC, EGRESS_COUNT_CONNECTIONS, UNIT_ONE,
	 0, "Connections that all sandboxes have made."},
	{"squash_egress_refusals_total", TAG_TRAFFIC, EGRESS_COUNT_REFUSALS, UNIT_ONE, 0,
	 "Connections and names that all sandboxes were refused."},
	{"squash_unauthorized_requests_total", TAG_REQUESTS_DENIED, 0, UNIT_ONE, 0,
	 "Requests whose token was missing or wrong."},
	{"squash_requests_under_way", TAG_REQUESTS_UNDER_WAY, 0, UNIT_ONE, 0,
	 "Requests, this one with them, and detached commands."},
	{"squash_machine_memory_total_bytes", TAG_MEMORY_BYTES, 0, UNIT_ONE, 0,
	 "The machine's memory."},
	{"squash_machine_memory_available_bytes", TAG_MEMORY_AVAILABLE_BYTES, 0, UNIT_ONE, 0,
	 "What is left of the machine's memory."},
	{"squash_data_total_bytes", TAG_DISK_BYTES, 0, UNIT_ONE, 0,
	 "Size of what modules and sandboxes lie on."},
	{"squash_data_free_bytes", TAG_DISK_FREE_BYTES, 0, UNIT_ONE, 0,
	 "What is free of that."},
};

static const struct metric of_one[] = {
	{"squash_sandbox_cpu_seconds_total", TAG_CPU_US, 0, UNIT_MICRO, 0,
	 "Processor time of the sandbox."},
	{"squash_sandbox_cpu_throttled_seconds_total", TAG_THROTTLED_US, 0, UNIT_MICRO, 0,
	 "Time that it had to wait for being at its limit."},
	{"squash_sandbox_cpu_limit_cores", TAG_CPU_MILLI, 0, UNIT_MILLI, 0,
	 "Processors that it may use."},
	{"squash_sandbox_memory_bytes", TAG_MEMORY_USED_BYTES, 0, UNIT_ONE, 0,
	 "Memory that it uses, files in memory included."},
	{"squash_sandbox_memory_peak_bytes", TAG_MEMORY_PEAK_BYTES, 0, UNIT_ONE, 0,
	 "The most that it has used."},
	{"squash_sandbox_memory_limit_bytes", TAG_MEMORY_MB, 0, UNIT_ONE, MIB,
	 "Memory that it may use."},
	{"squash_sandbox_oom_kills_total", TAG_OOM_KILLS, 0, UNIT_ONE, 0,
	 "Processes that the kernel has killed for want of memory."},
	{"squash_sandbox_pids", TAG_PIDS, 0, UNIT_ONE, 0,
	 "Processes and threads."},
	{"squash_sandbox_pids_limit", TAG_PIDS_MAX, 0, UNIT_ONE, 0,
	 "Processes and threads that it may have."},
	{"squash_sandbox_disk_bytes", TAG_UPPER_BYTES, 0, UNIT_ONE, 0,
	 "What its files take."},
	{"squash_sandbox_disk_limit_bytes", TAG_DISK_MB, 0, UNIT_ONE, MIB,
	 "What they may take."},
	{"squash_sandbox_egress_sent_bytes_total", TAG_TRAFFIC, EGRESS_COUNT_SENT, UNIT_ONE, 0,
	 "Bytes that it has sent to the network."},
	{"squash_sandbox_egress_received_bytes_total", TAG_TRAFFIC, EGRESS_COUNT_RECEIVED, UNIT_ONE,
	 0, "Bytes that it has got from the network."},
	{"squash_sandbox_egress_connections_total", TAG_TRAFFIC, EGRESS_COUNT_CONNECTIONS, UNIT_ONE,
	 0, "Connections that it has made."},
	{"squash_sandbox_egress_refusals_total", TAG_TRAFFIC, EGRESS_COUNT_REFUSALS, UNIT_ONE, 0,
	 "Connections and names that it was refused."},
};
/* clang-format on */

static const char *const ends[MSG_ENDS] = {
	[MSG_END_OK] = "ok",           [MSG_END_FAILED] = "failed", [MSG_END_SIGNAL] = "signal",
	[MSG_END_TIMEOUT] = "timeout", [MSG_END_OOM] = "oom",
};

/* The sandboxes' records: a metric finds its fields without a walk over all of the reply. */
static struct {
	size_t count;
	struct one {
		struct exposition_label label;
		struct msg_cursor fields;
	} all[LIMIT_SANDBOXES];
} sandboxes;

static struct exposition_label label(const char *name, const char *value)
{
	return (struct exposition_label){name, value, strlen(value)};
}

/* The field of that tag at that place among those of the tag. False: it isn't there. */
static bool find(struct msg_cursor c, enum msg_tag tag, unsigned index, struct msg_field *f)
{
	while (msg_next(&c, f) > 0 && f->tag != TAG_RECORD)
		if (f->tag == tag && index-- == 0)
			return true;
	return false;
}

static bool find_number(struct msg_cursor c, enum msg_tag tag, unsigned index, uint64_t *number)
{
	struct msg_field f;
	return find(c, tag, index, &f) && msg_number(&f, number) == 0;
}

static void index_sandboxes(struct msg_cursor reply)
{
	struct msg_cursor record;
	struct msg_field id;
	while (sandboxes.count < LIMIT_SANDBOXES && members_next_record(&reply, &record))
		if (find(record, TAG_ID, 0, &id))
			sandboxes.all[sandboxes.count++] =
				(struct one){{"sandbox", id.data, id.len}, record};
}

static void write_head(struct buf *b, const struct metric *m)
{
	static const char total[] = "_total";
	size_t len = strlen(m->name), end = sizeof(total) - 1;
	bool is_counter = len > end && strcmp(m->name + len - end, total) == 0;
	exposition_head(b, m->name, is_counter ? "counter" : "gauge", m->help);
}

static void write_value(struct buf *b, const struct metric *m, struct msg_cursor fields,
			const struct exposition_label *labels, size_t label_count)
{
	uint64_t number;
	if (find_number(fields, m->tag, m->index, &number))
		exposition_sample(b, m->name, "", labels, label_count,
				  number * (m->factor ? m->factor : 1), m->unit);
}

static void write_ends(struct buf *b, const char *name, struct msg_cursor fields,
		       const struct exposition_label *sandbox)
{
	struct exposition_label labels[2];
	size_t count = 0;
	uint64_t number;
	if (sandbox)
		labels[count++] = *sandbox;
	for (unsigned i = 0; i < MSG_ENDS; i++) {
		labels[count] = label("result", ends[i]);
		if (find_number(fields, TAG_EXECS, i, &number))
			exposition_sample(b, name, "", labels, count + 1, number, UNIT_ONE);
	}
}

static void write_build(struct buf *b, struct msg_cursor reply)
{
	static const char name[] = "squash_build_info";
	struct msg_field version = {0}, kernel = {0};
	exposition_head(b, name, "gauge", "1; which version runs, on which kernel.");
	find(reply, TAG_VERSION, 0, &version);
	find(reply, TAG_KERNEL, 0, &kernel);
	const struct exposition_label labels[] = {{"version", version.data, version.len},
						  {"kernel", kernel.data, kernel.len}};
	exposition_sample(b, name, "", labels, COUNT(labels), 1, UNIT_ONE);
}

/* squashd counts each command once, a histogram in all buckets that are large enough. */
static void write_durations(struct buf *b, struct msg_cursor reply)
{
	static const char name[] = "squash_exec_duration_seconds";
	struct msg_field f;
	uint64_t number, up_to_ms = 0, sum = 0, took_ms = 0;
	exposition_head(b, name, "histogram", "How long commands took that have ended.");
	for (struct msg_cursor c = reply; msg_next(&c, &f) > 0 && f.tag != TAG_RECORD;) {
		char text[32];
		struct buf le = {.data = text, .cap = sizeof(text)};
		if (f.tag == TAG_UP_TO_MS)
			msg_number(&f, &up_to_ms);
		if (f.tag != TAG_TOOK || msg_number(&f, &number) < 0)
			continue;
		if (up_to_ms > 0)
			exposition_number(&le, up_to_ms, UNIT_MILLI);
		else
			buf_add_text(&le, "+Inf");
		sum += number;
		up_to_ms = 0;
		exposition_sample(b, name, "_bucket",
				  &(struct exposition_label){"le", le.data, le.len}, 1, sum,
				  UNIT_ONE);
	}
	find_number(reply, TAG_TOOK_MS, 0, &took_ms);
	exposition_sample(b, name, "_sum", NULL, 0, took_ms, UNIT_MILLI);
	exposition_sample(b, name, "_count", NULL, 0, sum, UNIT_ONE);
}

static void write_all(struct buf *b, struct msg_cursor reply)
{
	write_build(b, reply);
	exposition_head(b, "squash_sandboxes", "gauge", "Sandboxes that there are.");
	exposition_sample(b, "squash_sandboxes", "", NULL, 0, sandboxes.count, UNIT_ONE);
	for (const struct metric *m = of_all; m < of_all + COUNT(of_all); m++) {
		write_head(b, m);
		write_value(b, m, reply, NULL, 0);
	}
	exposition_head(b, "squash_execs_total", "counter", "Commands that have ended, by how.");
	write_ends(b, "squash_execs_total", reply, NULL);
	write_durations(b, reply);
}

static void write_sandboxes(struct buf *b)
{
	static const char name[] = "squash_sandbox_execs_total";
	for (const struct metric *m = of_one; m < of_one + COUNT(of_one); m++) {
		write_head(b, m);
		for (size_t i = 0; i < sandboxes.count; i++)
			write_value(b, m, sandboxes.all[i].fields, &sandboxes.all[i].label, 1);
	}
	exposition_head(b, name, "counter", "Commands of the sandbox that have ended, by how.");
	for (size_t i = 0; i < sandboxes.count; i++)
		write_ends(b, name, sandboxes.all[i].fields, &sandboxes.all[i].label);
}

void reply_metrics(unsigned status, struct msg_cursor fields)
{
	(void)status;
	index_sandboxes(fields);
	write_all(http_reply_buf(), fields);
	write_sandboxes(http_reply_buf());
	http_reply_text(EXPOSITION_TYPE);
}
