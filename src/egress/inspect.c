/* SPDX-License-Identifier: MIT */
#include "inspect.h"

/* What follows a bad beginning is not looked at. */
static enum inspect_verdict settle(struct inspect *i, enum inspect_verdict verdict)
{
	if (verdict == INSPECT_BAD)
		i->kind = INSPECT_ENDED;
	return verdict;
}

enum inspect_verdict inspect_client(struct inspect *i, const uint8_t *held, size_t len)
{
	if (i->kind == INSPECT_UNKNOWN && len == 0)
		return INSPECT_MORE;
	if (i->kind == INSPECT_UNKNOWN) /* no HTTP method begins with a control character */
		i->kind = held[0] == TLS_HANDSHAKE ? INSPECT_TLS : INSPECT_HTTP;
	if (i->kind == INSPECT_TLS)
		return settle(i, inspect_tls_client(&i->tls, held, len, &i->says));
	if (i->kind == INSPECT_HTTP)
		return settle(i, inspect_http_client(&i->http, held, len, &i->says));
	return INSPECT_BAD;
}

enum inspect_verdict inspect_server(struct inspect *i, const uint8_t *peeked, size_t len)
{
	if (i->kind == INSPECT_TLS)
		return settle(i, inspect_tls_server(&i->tls, peeked, len, &i->says));
	if (i->kind == INSPECT_HTTP)
		return settle(i, inspect_http_server(&i->http, peeked, len, &i->says));
	return settle(i, INSPECT_BAD);
}

void inspect_server_ended(struct inspect *i)
{
	if (i->kind == INSPECT_TLS)
		inspect_tls_server_ended(&i->tls);
	else if (i->kind == INSPECT_HTTP)
		inspect_http_server_ended(&i->http);
}

bool inspect_listens(const struct inspect *i)
{
	return (i->kind == INSPECT_TLS && inspect_tls_listens(&i->tls)) ||
	       (i->kind == INSPECT_HTTP && inspect_http_listens(&i->http));
}
