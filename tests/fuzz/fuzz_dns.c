/* SPDX-License-Identifier: MIT */
/* DNS: any bytes are a question or none, an answer or none; what is answered to a question is an
 * answer to it, and what is written as a query is read as that question.
 *
 * An input is a message. As an answer it is read as one to the question that it repeats. */
#include <stdbool.h>

#include "egress/dns.h"
#include "fuzz.h"

static const struct addr synthetic = {.family = 4, .bytes = {198, 18, 0, 9}};

static bool is_address_type(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA;
}

static void check_answer(const struct dns_answer *a, enum dns_type type)
{
	CHECK(a->count <= DNS_ADDRS_MAX);
	CHECK(a->code >= DNS_OK && a->code <= DNS_REFUSED);
	CHECK(a->count == 0 || a->code == DNS_OK);
	CHECK(!a->truncated || (a->code == DNS_OK && a->count == 0 && a->ttl == 0));
	CHECK(a->ttl <= INT32_MAX);
	for (size_t i = 0; i < a->count; i++)
		CHECK(a->addrs[i].family == (type == DNS_A ? 4 : 6));
}

/* What a sandbox is told, read as its resolver would. */
static void check_told(const struct dns_question *q)
{
	uint8_t out[DNS_UDP_BYTES];
	struct dns_answer told;
	size_t len = dns_write_answer(q, DNS_OK, &synthetic, 60, out);
	CHECK(len <= sizeof(out));
	if (!q->has_name || q->class_ != 1 || q->type != DNS_A)
		return;
	CHECK(dns_read_answer(out, len, q->id, q->name, DNS_A, &told));
	CHECK(told.code == DNS_OK && told.count == 1 && told.ttl == 60);
	CHECK(addr_equal(&told.addrs[0], &synthetic));
	len = dns_write_answer(q, DNS_NXDOMAIN, NULL, 0, out);
	CHECK(dns_read_answer(out, len, q->id, q->name, DNS_A, &told));
	CHECK(told.code == DNS_NXDOMAIN && told.count == 0);
}

static void check_query(const struct dns_question *q, enum dns_type type)
{
	uint8_t out[DNS_UDP_BYTES];
	struct dns_question again;
	size_t len = dns_write_query(q->id, q->name, type, out);
	CHECK(len <= sizeof(out) && dns_read_question(out, len, &again) == 0);
	CHECK(again.id == q->id && again.type == type && again.class_ == 1 && again.recursion);
	CHECK(again.has_name && strcmp(again.name, q->name) == 0);
}

static void check_question(const struct dns_question *q)
{
	char name[ALLOW_NAME_BYTES + 1];
	CHECK(q->wire_len >= 5 && q->wire_len <= sizeof(q->wire));
	CHECK(memchr(q->name, '\0', sizeof(q->name)) && q->name[0]);
	for (const char *at = q->name; *at; at++)
		CHECK(*at > ' ' && *at < 0x7f);
	CHECK(!q->has_name ||
	      (allow_read_name(q->name, strlen(q->name), name) && strcmp(q->name, name) == 0));
	check_told(q);
	if (!q->has_name)
		return;
	check_query(q, DNS_A);
	check_query(q, DNS_AAAA);
}

static void check_error(const uint8_t *data, size_t size, int code)
{
	uint8_t out[DNS_UDP_BYTES];
	struct dns_question q;
	CHECK(code == -1 || code == DNS_FORMERR || code == DNS_NOTIMP);
	if (code < 0)
		return;
	CHECK(dns_read_question(data, size, &q) == code && q.id == (data[0] << 8 | data[1]));
	CHECK(dns_write_error(q.id, (enum dns_code)code, out) <= sizeof(out));
	CHECK(dns_read_question(out, 12, &q) == -1);
}

/* The message, made a query or a response by its second flag byte. */
static uint8_t *copy_as(const uint8_t *data, size_t size, bool response)
{
	uint8_t *copy = fuzz_copy(data, size);
	if (size > 2)
		copy[2] = (uint8_t)((copy[2] & 0x7f) | (response ? 0x80 : 0));
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question q;
	struct dns_answer a;
	uint8_t *query = copy_as(data, size, false);
	uint8_t *response = copy_as(data, size, true);
	int rc = dns_read_question(query, size, &q);
	CHECK(dns_read_question(response, size, &(struct dns_question){0}) == -1);
	if (rc == 0)
		check_question(&q);
	else
		check_error(query, size, rc);
	if (rc == 0 && q.has_name && is_address_type(q.type)) {
		enum dns_type type = (enum dns_type)q.type;
		CHECK(!dns_read_answer(query, size, q.id, q.name, type, &a));
		CHECK(!dns_read_answer(response, size, q.id ^ 1, q.name, type, &a));
		if (dns_read_answer(response, size, q.id, q.name, type, &a))
			check_answer(&a, type);
	}
	free(response);
	free(query);
	return 0;
}
