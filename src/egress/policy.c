/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <limits.h>
#include <string.h>

static bool read_allow(struct policy *p, const char *text, struct buf *why)
{
	const char *wrong = p->allow_count == LIMIT_ALLOW_NET
				    ? "is one too many"
				    : allow_parse(text, &p->allow[p->allow_count]);
	if (wrong)
		buf_printf(why, "allow_net[%zu] %s", p->allow_count, wrong);
	else
		p->allow_count++;
	return !wrong;
}

/* Count one that was read into its place; or say what is wrong with it. */
static bool count_good(size_t *count, bool is_good, const char *what, const char *wrong,
		       struct buf *why)
{
	if (is_good)
		++*count;
	else
		buf_printf(why, "%s %zu is %s, or too many", what, *count, wrong);
	return is_good;
}

static bool read_net(struct policy *p, const char *text, struct buf *why)
{
	bool is_good = p->net_count < LIMIT_EGRESS_PRIVATE &&
		       addr_parse_net(text, strlen(text), &p->nets[p->net_count]);
	return count_good(&p->net_count, is_good, "the operator's network", "none", why);
}

static bool read_server(struct policy *p, const char *text, struct buf *why)
{
	bool is_good = p->server_count < EGRESS_SERVERS &&
		       addr_parse(text, strlen(text), &p->servers[p->server_count]);
	return count_good(&p->server_count, is_good, "name server", "no address", why);
}

static bool read_device(struct policy *p, const struct msg_field *f, struct buf *why)
{
	uint64_t index;
	bool good = msg_number(f, &index) == 0 && index > 0 && index <= INT_MAX;
	if (good)
		p->device = (int)index;
	else
		buf_add_text(why, "the device has no index");
	return good;
}

static bool read_field(struct policy *p, const struct msg_field *f, struct buf *why)
{
	char text[LIMIT_HOST_BYTES + 1];
	if (f->tag == TAG_DEVICE)
		return read_device(p, f, why);
	if (f->len >= sizeof(text) || memchr(f->data, 0, f->len)) {
		buf_add_text(why, "a field is no text, or too long");
		return false;
	}
	memcpy(text, f->data, f->len);
	text[f->len] = '\0';
	switch (f->tag) {
	case TAG_ALLOW_NET:
		return read_allow(p, text, why);
	case TAG_PRIVATE:
		return read_net(p, text, why);
	case TAG_DNS_SERVER:
		return read_server(p, text, why);
	default:
		buf_printf(why, "field %u has no place here", (unsigned)f->tag);
		return false;
	}
}

bool policy_read(struct policy *p, struct msg_cursor fields, struct buf *why)
{
	struct msg_field f;
	int rc;
	p->allow_count = p->net_count = p->server_count = 0;
	p->device = 0;
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read_field(p, &f, why))
			return false;
	if (rc < 0)
		buf_add_text(why, "the message is damaged");
	return rc == 0;
}

const char *policy_refuses_name(const struct policy *p, const char *name, uint16_t port)
{
	if (allow_has_name(p->allow, p->allow_count, name, port))
		return NULL;
	return port && allow_has_name(p->allow, p->allow_count, name, 0) ? "port not allowed"
									 : "name not allowed";
}

const char *policy_refuses_addr(const struct policy *p, const struct addr *a, uint16_t port)
{
	if (allow_has_addr(p->allow, p->allow_count, a, port))
		return NULL;
	return port && allow_has_addr(p->allow, p->allow_count, a, 0) ? "port not allowed"
								      : "address not allowed";
}

bool policy_is_reachable(const struct policy *p, const struct addr *a)
{
	if (addr_is_public(a))
		return true;
	for (size_t i = 0; i < p->net_count; i++)
		if (addr_is_in(a, &p->nets[i]))
			return true;
	return false;
}
