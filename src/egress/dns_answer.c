/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "dns_part.h"

enum { TYPE_SOA = 6 };

struct message {
	const uint8_t *bytes;
	size_t len;
};

/* RFC 1035 4.1.3. */
struct record {
	struct dns_wire owner;
	uint16_t type, class_;
	uint32_t ttl;
	size_t data_at, data_len;
};

struct aliases {
	struct {
		struct dns_wire owner, target;
		uint32_t ttl;
	} all[DNS_CNAMES_MAX];
	size_t count;
	bool over; /* there were more */
};

/* The offset behind the record at offset at, or 0: it is malformed. */
static size_t read_record(const struct message *m, size_t at, struct record *r)
{
	enum { FIXED_BYTES = 10 }; /* type, class, TTL, length of the data */
	at = dns_read_name(m->bytes, m->len, at, &r->owner);
	if (at == 0 || m->len - at < FIXED_BYTES)
		return 0;
	r->type = dns_get16(m->bytes + at);
	r->class_ = dns_get16(m->bytes + at + 2);
	r->ttl = dns_get32(m->bytes + at + 4);
	if (r->ttl > INT32_MAX)
		r->ttl = 0; /* RFC 2181 8 */
	r->data_len = dns_get16(m->bytes + at + 8);
	r->data_at = at + FIXED_BYTES;
	return m->len - r->data_at < r->data_len ? 0 : r->data_at + r->data_len;
}

static bool is_same_name(const struct dns_wire *a, const struct dns_wire *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool add_alias(const struct message *m, const struct record *r, struct aliases *to)
{
	struct dns_wire target;
	if (dns_read_name(m->bytes, m->len, r->data_at, &target) != r->data_at + r->data_len)
		return false;
	to->over = to->count == DNS_CNAMES_MAX;
	if (to->over)
		return true;
	to->all[to->count].owner = r->owner;
	to->all[to->count].target = target;
	to->all[to->count].ttl = r->ttl;
	to->count++;
	return true;
}

/* Read the count CNAMEs and other records from offset at on. The offset behind, or 0. */
static size_t read_aliases(const struct message *m, size_t at, size_t count, struct aliases *to)
{
	struct record r;
	for (size_t i = 0; i < count; i++) {
		at = read_record(m, at, &r);
		if (at == 0)
			return 0;
		if (r.type == DNS_CNAME && r.class_ == DNS_CLASS_IN && !add_alias(m, &r, to))
			return 0;
	}
	return at;
}

/* Make name what the aliases make of it. False: they lead in a circle, or too far. */
static bool follow(const struct aliases *a, struct dns_wire *name, uint32_t *ttl)
{
	size_t steps = 0, i = 0;
	while (i < a->count && steps <= a->count) {
		if (!is_same_name(&a->all[i].owner, name)) {
			i++;
			continue;
		}
		*name = a->all[i].target;
		*ttl = least(*ttl, a->all[i].ttl);
		steps++;
		i = 0;
	}
	return steps <= a->count && !a->over;
}

/* Keep the addresses of name among count records, which read_aliases has seen. */
static bool read_addrs(const struct message *m, size_t at, size_t count,
		       const struct dns_wire *name, enum dns_type type, struct dns_answer *answer)
{
	size_t size = type == DNS_A ? 4 : 16;
	struct record r;
	for (size_t i = 0; i < count && answer->count < DNS_ADDRS_MAX; i++) {
		at = read_record(m, at, &r);
		if (r.type != type || r.class_ != DNS_CLASS_IN || !is_same_name(&r.owner, name))
			continue;
		if (r.data_len != size)
			return false;
		struct addr *a = &answer->addrs[answer->count++];
		*a = (struct addr){.family = type == DNS_A ? 4 : 6};
		memcpy(a->bytes, m->bytes + r.data_at, size);
		answer->ttl = least(answer->ttl, r.ttl);
	}
	return true;
}

/* How long it holds that there is nothing, by the first SOA of count records: RFC 2308 5. */
static bool read_soa(const struct message *m, size_t at, size_t count, uint32_t *ttl)
{
	enum { NUMBERS_BYTES = 20, MINIMUM_AT = 16 }; /* RFC 1035 3.3.13 */
	struct dns_wire name;
	struct record r;
	for (size_t i = 0; i < count; i++) {
		at = read_record(m, at, &r);
		if (at == 0)
			return false;
		if (r.type != TYPE_SOA || r.class_ != DNS_CLASS_IN)
			continue;
		size_t numbers = dns_read_name(m->bytes, m->len, r.data_at, &name);
		if (numbers > 0)
			numbers = dns_read_name(m->bytes, m->len, numbers, &name);
		if (numbers == 0 || numbers + NUMBERS_BYTES != at)
			return false;
		*ttl = least(*ttl, least(r.ttl, dns_get32(m->bytes + numbers + MINIMUM_AT)));
		return true;
	}
	*ttl = 0;
	return true;
}

/* Whether the message's head and question are of an answer to the question for name; *at is the
 * offset behind. */
static bool is_answer(const struct message *m, uint16_t id, const struct dns_wire *name,
		      enum dns_type type, size_t *at)
{
	struct dns_wire asked;
	if (m->len < DNS_HEAD_BYTES || dns_get16(m->bytes + DNS_ID_AT) != id ||
	    dns_get16(m->bytes + DNS_QUESTIONS_AT) != 1)
		return false;
	uint16_t flags = dns_get16(m->bytes + DNS_FLAGS_AT);
	size_t end = dns_read_name(m->bytes, m->len, DNS_HEAD_BYTES, &asked);
	if ((flags & (DNS_FLAG_RESPONSE | DNS_FLAG_OPCODE)) != DNS_FLAG_RESPONSE || end == 0 ||
	    m->len - end < 4)
		return false;
	*at = end + 4;
	return is_same_name(&asked, name) && dns_get16(m->bytes + end) == type &&
	       dns_get16(m->bytes + end + 2) == DNS_CLASS_IN;
}

/* Read what stands behind the question. */
static bool read_records(const struct message *m, size_t at, struct dns_wire *name,
			 enum dns_type type, struct dns_answer *answer)
{
	struct aliases aliases = {.count = 0};
	size_t count = dns_get16(m->bytes + DNS_ANSWERS_AT);
	size_t behind = read_aliases(m, at, count, &aliases);
	if (behind == 0)
		return false;
	answer->ttl = UINT32_MAX;
	if (!follow(&aliases, name, &answer->ttl))
		answer->code = DNS_SERVFAIL;
	if (answer->code == DNS_OK && !read_addrs(m, at, count, name, type, answer))
		return false;
	if (answer->count > 0)
		return true;
	return read_soa(m, behind, dns_get16(m->bytes + DNS_AUTHORITIES_AT), &answer->ttl);
}

bool dns_read_answer(const uint8_t *bytes, size_t len, uint16_t id, const char *name,
		     enum dns_type type, struct dns_answer *answer)
{
	const struct message m = {bytes, len};
	struct dns_wire wire;
	size_t at;
	*answer = (struct dns_answer){.code = DNS_OK};
	dns_name_to_wire(name, &wire);
	if (!is_answer(&m, id, &wire, type, &at))
		return false;
	uint16_t flags = dns_get16(bytes + DNS_FLAGS_AT);
	answer->truncated = (flags & DNS_FLAG_TRUNCATED) != 0;
	if (answer->truncated)
		return true;
	uint16_t code = flags & DNS_FLAG_CODE;
	answer->code = code > DNS_REFUSED ? DNS_SERVFAIL : (enum dns_code)code;
	return read_records(&m, at, &wire, type, answer);
}
