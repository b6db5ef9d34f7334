/* SPDX-License-Identifier: MIT */
/* DNS: what sandboxes ask and are answered, and what servers are asked and answer. */
#include <string.h>

#include "egress/dns.h"
#include "exact.h"
#include "made.h"
#include "tap.h"

#define ID 0x1234

static struct made make_head(unsigned flags, unsigned questions, unsigned answers,
			     unsigned authorities)
{
	struct made m = {.len = 0};
	add16(&m, ID);
	add16(&m, flags);
	add16(&m, questions);
	add16(&m, answers);
	add16(&m, authorities);
	add16(&m, 0);
	return m;
}

/* Labels, with dots between them; without the empty one at the end. */
static void add_labels(struct made *m, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");
		const uint8_t size = (uint8_t)len;
		add(m, &size, 1);
		add(m, name, len);
		name += len + (name[len] == '.');
	}
}

static void add_name(struct made *m, const char *name)
{
	add_labels(m, name);
	add(m, "", 1);
}

static void add_record(struct made *m, const char *owner, unsigned type, unsigned ttl,
		       const void *data, size_t len)
{
	add_name(m, owner);
	add16(m, type);
	add16(m, 1);
	add16(m, ttl >> 16);
	add16(m, ttl & 0xffff);
	add16(m, (unsigned)len);
	add(m, data, len);
}

static void add_alias(struct made *m, const char *owner, const char *target, unsigned ttl)
{
	struct made data = {.len = 0};
	add_name(&data, target);
	add_record(m, owner, DNS_CNAME, ttl, data.bytes, data.len);
}

static void add_soa(struct made *m, const char *owner, unsigned ttl, unsigned minimum)
{
	struct made data = {.len = 0};
	add_name(&data, "ns.example");
	add_name(&data, "root.ns.example");
	for (unsigned i = 0; i < 8; i++)
		add16(&data, i);
	add16(&data, minimum >> 16);
	add16(&data, minimum & 0xffff);
	add_record(m, owner, 6, ttl, data.bytes, data.len);
}

/* The answer to A www.example.com, up to its records. */
static struct made make_answer(unsigned flags, unsigned answers, unsigned authorities)
{
	struct made m = make_head(0x8180 | flags, 1, answers, authorities);
	add_name(&m, "WWW.example.com");
	add16(&m, DNS_A);
	add16(&m, 1);
	return m;
}

static bool read_cut(const struct made *m, size_t len, struct dns_answer *a)
{
	uint8_t *copy = exact_copy(m->bytes, len);
	bool is = dns_read_answer(copy, len, ID, "www.example.com", DNS_A, a);
	free(copy);
	return is;
}

static bool read_answer(const struct made *m, struct dns_answer *a)
{
	return read_cut(m, m->len, a);
}

static int read_question(const struct made *m, struct dns_question *q)
{
	uint8_t *copy = exact_copy(m->bytes, m->len);
	int rc = dns_read_question(copy, m->len, q);
	free(copy);
	return rc;
}

static void test_question(void)
{
	static const uint8_t asked[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1"
				       "\3wWw\7Example\3COM\0\0\x1c\0\1"
				       "\0\0\x29\4\xd0\0\0\0\0\0"; /* EDNS: no data, and the NUL */
	struct dns_question q;
	tap_ok(dns_read_question(asked, sizeof(asked), &q) == 0 && q.id == ID &&
		       q.type == DNS_AAAA && q.class_ == 1 && q.recursion && q.has_name &&
		       strcmp(q.name, "www.example.com") == 0 && q.wire_len == 21 &&
		       memcmp(q.wire, asked + 12, 21) == 0,
	       "a question as glibc asks it");
	size_t wrong = 0;
	for (size_t len = 0; len < 12 + 21; len++) {
		struct made m = {.len = len};
		memcpy(m.bytes, asked, len);
		wrong += read_question(&m, &q) != (len < 12 ? -1 : DNS_FORMERR);
	}
	tap_ok(wrong == 0, "none that is cut short is read");
}

static void test_question_names(void)
{
	static const struct {
		const char *wire;
		size_t len;
		const char *name;
		bool has_name;
	} cases[] = {
		{"\1a", 3, "a", true},
		{"", 1, ".", false},
		{"\11"
		 "127.0.0.1",
		 11, "127\\0460\\0460\\0461", false},
		{"\003127\0010\0010\0011", 11, "127.0.0.1", false},
		{"\12"
		 "2130706433",
		 12, "2130706433", false},
		{"\4a\0.b\3com", 10, "a\\000\\046b.com", false},
		{"\5a.com", 7, "a\\046com", false},
		{"\3a b", 5, "a\\032b", false},
		{"\3a\\b", 5, "a\\092b", false},
		{"\3a\"b", 5, "a\"b", false},
		{"\3m\xc3\xbc", 5, "m\\195\\188", false},
		{"\1*\1A", 5, "*.a", false},
		{"\11xn--nda-x\2DE", 14, "xn--nda-x.de", true},
		{"\4_tcp\1A", 8, "_tcp.a", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make_head(0, 1, 0, 0);
		struct dns_question q;
		add(&m, cases[i].wire, cases[i].len);
		add16(&m, DNS_A);
		add16(&m, 1);
		tap_ok(read_question(&m, &q) == 0 && q.has_name == cases[i].has_name &&
			       strcmp(q.name, cases[i].name) == 0 && !q.recursion,
		       "a question for %s", cases[i].name);
	}
}

/* A name of so many bytes on the wire, of labels of 1, all of the byte c; at least 3, odd. */
static struct made make_long(size_t wire, uint8_t c)
{
	struct made m = make_head(0, 1, 0, 0);
	for (size_t i = 0; i + 1 < wire; i += 2) {
		add(&m, "\1", 1);
		add(&m, &c, 1);
	}
	add(&m, "", 1);
	add16(&m, DNS_A);
	add16(&m, 1);
	return m;
}

static void test_long_names(void)
{
	struct dns_question q;
	struct made m = make_long(255, 'a');
	uint8_t out[DNS_UDP_BYTES];
	tap_ok(read_question(&m, &q) == 0 && q.has_name && strlen(q.name) == 253 &&
		       q.wire_len == 259 && dns_write_answer(&q, DNS_OK, NULL, 0, out) == 271,
	       "the longest name");
	m = make_long(257, 'a');
	tap_ok(read_question(&m, &q) == DNS_FORMERR && q.id == ID, "a name of 257 bytes");
	m = make_long(255, 1);
	tap_ok(read_question(&m, &q) == 0 && !q.has_name && strlen(q.name) >= 249 &&
		       memcmp(q.name, "\\001.\\001", 9) == 0,
	       "a rendering that is cut");
	m = make_long(255, 'a');
	m.bytes[12 + 253] = '\0'; /* the last label */
	tap_ok(read_question(&m, &q) == 0 && !q.has_name && strlen(q.name) == 252,
	       "a rendering that without what is cut off would be a name");
	m = make_head(0, 1, 0, 0);
	add(&m, "\100", 1);
	for (size_t i = 0; i < 64; i++)
		add(&m, "a", 1);
	add(&m, "\0\0\1\0\1", 5);
	tap_ok(read_question(&m, &q) == DNS_FORMERR, "a label of 64");
}

static void test_no_questions(void)
{
	static const struct {
		const char *what;
		uint16_t flags, questions;
		const char *wire;
		size_t len;
		int code;
	} cases[] = {
		{"a response", 0x8180, 1, "\1a\0\0\1\0\1", 7, -1},
		{"an inverse query", 0x0800, 1, "\1a\0\0\1\0\1", 7, DNS_NOTIMP},
		{"an update", 0x2800, 1, "\1a\0\0\6\0\1", 7, DNS_NOTIMP},
		{"no question", 0x0100, 0, "\1a\0\0\1\0\1", 7, DNS_FORMERR},
		{"two questions", 0x0100, 2, "\1a\0\0\1\0\1\1a\0\0\1\0\1", 14, DNS_FORMERR},
		{"a name that points to itself", 0, 1, "\xc0\x0c\0\1\0\1", 6, DNS_FORMERR},
		{"a name that points to its begin", 0, 1, "\1a\xc0\x0c\0\1\0\1", 8, DNS_FORMERR},
		{"a name that points into the head", 0, 1, "\xc0\x04\0\1\0\1", 6, DNS_FORMERR},
		{"a name that points ahead", 0, 1, "\xc0\x0e\1a\0\0\1\0\1", 9, DNS_FORMERR},
		{"a label of no known kind", 0, 1,
		 "\x41"
		 "a\0\0\1\0\1",
		 7, DNS_FORMERR},
		{"a name without an end", 0, 1, "\1a", 2, DNS_FORMERR},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make_head(cases[i].flags, cases[i].questions, 0, 0);
		struct dns_question q;
		add(&m, cases[i].wire, cases[i].len);
		tap_ok(read_question(&m, &q) == cases[i].code, "%s: %d", cases[i].what,
		       cases[i].code);
	}
}

static void test_write(void)
{
	static const uint8_t asked[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\1A\0\0\1\0";
	static const uint8_t found[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1A\0\0\1\0\1"
				       "\xc0\x0c\0\1\0\1\0\1\x51\x80\0\4\xc6\x12\0";
	static const uint8_t denied[] = "\x12\x34\x81\x83\0\1\0\0\0\0\0\0\1A\0\0\1\0";
	static const uint8_t error[] = "\x12\x34\x80\x84\0\0\0\0\0\0\0";
	static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\x1c\0";
	struct dns_question q;
	struct addr a;
	uint8_t out[DNS_UDP_BYTES];
	/* The literals' last NULs are not sent: each ends before its last byte. */
	struct made m = {.len = sizeof(asked)};
	memcpy(m.bytes, asked, sizeof(asked));
	m.bytes[m.len - 1] = 1;
	tap_ok(read_question(&m, &q) == 0 && addr_parse("198.18.0.9", 10, &a), "a question");
	size_t len = dns_write_answer(&q, DNS_OK, &a, 86400, out);
	tap_ok(len == sizeof(found) && memcmp(out, found, len - 1) == 0 && out[len - 1] == 9,
	       "is answered by an address, its case repeated");
	len = dns_write_answer(&q, DNS_NXDOMAIN, NULL, 0, out);
	tap_ok(len == sizeof(denied) && memcmp(out, denied, len - 1) == 0 && out[len - 1] == 1,
	       "is answered that there is no such name");
	len = dns_write_error(ID, DNS_NOTIMP, out);
	tap_ok(len == sizeof(error) && memcmp(out, error, len) == 0, "an error");
	len = dns_write_query(ID, "a.bc", DNS_AAAA, out);
	tap_ok(len == sizeof(query) && memcmp(out, query, len - 1) == 0 && out[len - 1] == 1,
	       "a query");
}

static bool has_addrs(const struct dns_answer *a, size_t count, uint32_t ttl)
{
	bool same = a->code == DNS_OK && !a->truncated && a->count == count && a->ttl == ttl;
	for (size_t i = 0; same && i < count; i++)
		same = a->addrs[i].family == 4 && a->addrs[i].bytes[3] == i + 1;
	return same;
}

static bool is_nothing(const struct dns_answer *a, enum dns_code code, uint32_t ttl)
{
	return a->code == code && !a->truncated && a->count == 0 && a->ttl == ttl;
}

static void test_answer(void)
{
	/* As a server writes it: names compressed, one by way of another. */
	static const uint8_t bytes[] = "\3www\7example\3com\0\0\1\0\1"
				       "\xc0\x0c\0\5\0\1\0\0\1\0\0\7\4edge\xc0\x10"
				       "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\1\2\3\1"
				       "\xc0\x2d\0\1\0\1\0\0\0\x3d\0\4\1\2\3";
	struct made m = make_head(0x8180, 1, 3, 0);
	struct dns_answer a;
	add(&m, bytes, sizeof(bytes));
	m.bytes[m.len - 1] = 2;
	tap_ok(read_answer(&m, &a) && has_addrs(&a, 2, 60), "addresses behind a CNAME");
	size_t read = 0;
	for (size_t len = 0; len < m.len; len++)
		read += read_cut(&m, len, &a);
	tap_ok(read == 0, "none that is cut short is read");
	tap_ok(!dns_read_answer(m.bytes, m.len, ID + 1, "www.example.com", DNS_A, &a),
	       "another id");
	tap_ok(!dns_read_answer(m.bytes, m.len, ID, "www.example.org", DNS_A, &a), "another name");
	tap_ok(!dns_read_answer(m.bytes, m.len, ID, "www.example.com", DNS_AAAA, &a),
	       "another type");
	m.bytes[2] &= 0x7f;
	tap_ok(!read_answer(&m, &a), "a query");
	m.bytes[2] = 0x89;
	tap_ok(!read_answer(&m, &a), "another kind of query's answer");
	m.bytes[2] = 0x83;
	tap_ok(read_answer(&m, &a) && a.truncated && a.count == 0, "one that is truncated");
	m.bytes[2] = 0x81;
	m.bytes[32] = 3; /* the question's class */
	tap_ok(!read_answer(&m, &a), "another class");
	m = make_head(0x8180, 1, 0, 0);
	tap_ok(!read_answer(&m, &a), "one without the question");
}

static void test_chains(void)
{
	struct dns_answer a;
	struct made m = make_answer(0, 5, 0);
	add_record(&m, "c.example", DNS_A, 300, "\1\1\1\1", 4);
	add_alias(&m, "B.example", "C.example", 200);
	add_record(&m, "b.example", DNS_A, 10, "\1\1\1\7", 4);
	add_alias(&m, "www.Example.com", "b.example", 100);
	add_record(&m, "www.example.com", DNS_A, 10, "\1\1\1\7", 4);
	tap_ok(read_answer(&m, &a) && has_addrs(&a, 1, 100),
	       "CNAMEs in any order; addresses of the last name alone");

	m = make_answer(0, 3, 0);
	add_record(&m, "evil.example", DNS_A, 10, "\1\1\1\7", 4);
	add_alias(&m, "x.example", "evil.example", 10);
	add_record(&m, "www.example.com", DNS_A, 300, "\1\1\1\1", 4);
	tap_ok(read_answer(&m, &a) && has_addrs(&a, 1, 300), "records of others do not count");

	m = make_answer(0, 2, 1);
	add_alias(&m, "www.example.com", "gone.example", 50);
	add_record(&m, "gone.example", DNS_AAAA, 300, "0123456789abcdef", 16);
	add_soa(&m, "example", 900, 60);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_OK, 50), "a CNAME to nothing");

	m = make_answer(0, 2, 0);
	add_alias(&m, "www.example.com", "b.example", 50);
	add_alias(&m, "b.example", "www.example.com", 50);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_SERVFAIL, 0), "CNAMEs in a circle");
	m = make_answer(0, 1, 0);
	add_alias(&m, "www.example.com", "www.example.com", 50);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_SERVFAIL, 0), "a CNAME to itself");
}

static struct made make_chain(unsigned count)
{
	char owner[32] = "www.example.com", target[32];
	struct made m = make_answer(0, count + 1, 0);
	for (unsigned i = 0; i < count; i++) {
		snprintf(target, sizeof(target), "n%u.example", i);
		add_alias(&m, owner, target, 60);
		memcpy(owner, target, sizeof(owner));
	}
	add_record(&m, owner, DNS_A, 60, "\1\1\1\1", 4);
	return m;
}

static void test_limits(void)
{
	struct dns_answer a;
	struct made m = make_chain(DNS_CNAMES_MAX);
	tap_ok(read_answer(&m, &a) && has_addrs(&a, 1, 60), "the longest chain");
	m = make_chain(DNS_CNAMES_MAX + 1);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_SERVFAIL, 0), "one that is longer");
	m = make_answer(0, DNS_ADDRS_MAX + 1, 0);
	for (unsigned i = 1; i <= DNS_ADDRS_MAX + 1; i++) {
		const uint8_t data[4] = {1, 1, 1, (uint8_t)i};
		add_record(&m, "www.example.com", DNS_A, 60, data, sizeof(data));
	}
	tap_ok(read_answer(&m, &a) && has_addrs(&a, DNS_ADDRS_MAX, 60), "many addresses");
}

static void test_nothing(void)
{
	struct dns_answer a;
	struct made m = make_answer(DNS_NXDOMAIN, 0, 2);
	add_record(&m, "example.com", 2, 5, "\2ns\0", 4);
	add_soa(&m, "example.com", 900, 300);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_NXDOMAIN, 300),
	       "no such name, for how long");
	m = make_answer(0, 0, 1);
	add_soa(&m, "example.com", 200, 300);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_OK, 200), "no such record, for how long");
	m = make_answer(DNS_NXDOMAIN, 0, 0);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_NXDOMAIN, 0), "nothing says how long");
	m = make_answer(DNS_NXDOMAIN, 1, 0);
	add_record(&m, "www.example.com", DNS_A, 60, "\1\1\1\1", 4);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_NXDOMAIN, 0),
	       "no such name, and an address all the same");
	m = make_answer(DNS_REFUSED, 0, 0);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_REFUSED, 0), "refused");
	m = make_answer(9, 0, 0);
	tap_ok(read_answer(&m, &a) && is_nothing(&a, DNS_SERVFAIL, 0), "a code without a name");
	m = make_answer(0, 1, 0);
	add_record(&m, "www.example.com", DNS_A, 0x80000001, "\1\1\1\1", 4);
	tap_ok(read_answer(&m, &a) && has_addrs(&a, 1, 0), "a TTL with its highest bit");
}

static void test_malformed(void)
{
	static const struct {
		const char *what, *owner;
		unsigned answers, authorities, type;
		const char *data;
		size_t len;
	} cases[] = {
		{"fewer records than announced", "www.example.com", 2, 0, DNS_A, "\1\1\1\1", 4},
		{"an address of 3 bytes", "www.example.com", 1, 0, DNS_A, "\1\1\1", 3},
		{"a CNAME with something behind it", "www.example.com", 1, 0, DNS_CNAME, "\1a\0x",
		 4},
		{"a CNAME that goes beyond its record", "www.example.com", 1, 0, DNS_CNAME, "\1a",
		 2},
		{"an SOA with something behind it", "example.com", 0, 1, 6,
		 "\0\0"
		 "01234567890123456789x",
		 23},
	};
	struct dns_answer a;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make_answer(0, cases[i].answers, cases[i].authorities);
		add_record(&m, cases[i].owner, cases[i].type, 60, cases[i].data, cases[i].len);
		tap_ok(!read_answer(&m, &a), "%s", cases[i].what);
	}
	struct made m = make_answer(0, 1, 0);
	add(&m, "\xc0\x21\0\1\0\1\0\0\0\x3c\0\4\1\1\1\1", 16);
	tap_ok(!read_answer(&m, &a), "a name that points to itself");
}

/* Pointer upon pointer: each goes back, and still there are too many. */
static void test_hops(void)
{
	struct dns_answer a;
	for (unsigned hops = 126; hops <= 128; hops++) {
		struct made m = make_answer(0, 2, 0);
		size_t target = m.len + 1 + 10; /* the record's data */
		struct made data = {.len = 0};
		add16(&data, 0xc00c);
		for (; data.len / 2 + 1 < hops; target += 2)
			add16(&data, 0xc000 | (unsigned)target);
		add_record(&m, "", 16, 0, data.bytes, data.len);
		add16(&m, 0xc000 | (unsigned)target);
		add(&m, "\0\1\0\1\0\0\0\x3c\0\4\1\1\1\1", 14);
		tap_ok(read_answer(&m, &a) == (hops <= 127) && (hops > 127 || has_addrs(&a, 1, 60)),
		       "a name by %u pointers", hops);
	}
}

int main(void)
{
	test_question();
	test_question_names();
	test_long_names();
	test_no_questions();
	test_write();
	test_answer();
	test_chains();
	test_limits();
	test_nothing();
	test_malformed();
	test_hops();
	return tap_done();
}
