/* SPDX-License-Identifier: MIT */
/* DNS messages (RFC 1035), read and written: what a sandbox asks, what it is answered, what a
 * server is asked for it, and what that answers. Pure: bytes in, bytes out. */
#ifndef SQUASH_EGRESS_DNS_H
#define SQUASH_EGRESS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/allow.h"

#define DNS_UDP_BYTES 512 /* RFC 1035 2.3.4: what we send fits, and we ask for no more */
#define DNS_TCP_BYTES 65535
#define DNS_NAME_BYTES 255 /* RFC 1035 2.3.4 */
#define DNS_ADDRS_MAX 16   /* of an answer are kept */
#define DNS_CNAMES_MAX 16  /* of an answer are followed */

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28 };
enum dns_code {
	DNS_OK = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5
};

/* One question, as a sandbox has asked it. */
struct dns_question {
	uint16_t id;
	uint16_t type;   /* not only those above */
	uint16_t class_; /* 1: the internet */
	bool recursion;  /* RD, which the answer repeats */

	/* name is a host name; otherwise (a NUL in a label, a space, the root, an address...) it is
	 * none that could be allowed, and the question is answered all the same. */
	bool has_name;
	/* As allow_read_name leaves it, if has_name; if not, a rendering for the log, cut if need
	 * be: \DDD is what could not be printed (RFC 1035 5.1). */
	char name[ALLOW_NAME_BYTES + 1];

	/* As it was asked, case and all: the answer repeats it. */
	uint8_t wire[DNS_NAME_BYTES + 4];
	size_t wire_len;
};

/* Read a query. 0: *q is filled. Otherwise *q has the id at most: a dns_code to answer with
 * (DNS_FORMERR, DNS_NOTIMP), or -1: not worth an answer (too short, a response). What stands behind
 * the question, as EDNS's options do, is not read. */
int dns_read_question(const uint8_t *bytes, size_t len, struct dns_question *q);

/* Write the answer to q into out: code, and, if addr is given (IPv4), one A record of it with ttl
 * seconds. The bytes written, at most DNS_UDP_BYTES. */
size_t dns_write_answer(const struct dns_question *q, enum dns_code code, const struct addr *addr,
			uint32_t ttl, uint8_t out[DNS_UDP_BYTES]);

/* The answer to a query that dns_read_question gave code for. */
size_t dns_write_error(uint16_t id, enum dns_code code, uint8_t out[DNS_UDP_BYTES]);

/* Write a query for type of name (as allow_read_name leaves it), with recursion. Bytes written. */
size_t dns_write_query(uint16_t id, const char *name, enum dns_type type,
		       uint8_t out[DNS_UDP_BYTES]);

struct dns_answer {
	enum dns_code code;
	bool truncated; /* ask by TCP; nothing else is filled */
	size_t count;   /* 0 with DNS_OK: there is no such record (NODATA) */
	struct addr addrs[DNS_ADDRS_MAX];
	uint32_t ttl; /* seconds: the least of those on the way, for nothing found the SOA's among
		       * them (RFC 2308 5); 0 if nothing says */
};

/* Read what a server sent as the answer to that query, of type A or AAAA. False if it is none to
 * it: another id, question, or not an answer; or if it is malformed. Records count only if they are
 * of the name asked for, or of what CNAMEs make of it, in whatever order they stand. More CNAMEs
 * than are followed, or a circle of them, are a DNS_SERVFAIL, as is a code that is not above. */
bool dns_read_answer(const uint8_t *bytes, size_t len, uint16_t id, const char *name,
		     enum dns_type type, struct dns_answer *answer);

#endif
