/* SPDX-License-Identifier: MIT */
/* A server takes its name from the second ClientHello where there is one, and OpenSSL doesn't
 * compare it with the first. So the machine watches both sides until the ServerHello: until then it
 * holds back every handshake message of the client's. What a client may send meanwhile, early data
 * and the change_cipher_spec of middleboxes' sake (RFC 8446 4.2.10, D.4), goes on by the record. */
#include "inspect_tls.h"

#include <string.h>

#include "client_hello.h"

static enum inspect_verdict refuse(struct inspect_says *says, const char *reason)
{
	says->reason = reason;
	return INSPECT_BAD;
}

static bool is_same(const struct asked *a, const struct asked *b)
{
	return a->kind == b->kind && (a->kind != ASKED_NAME || strcmp(a->name, b->name) == 0);
}

static enum inspect_verdict pass_hello(struct inspect_tls *t, struct inspect_says *says)
{
	says->pass = t->hello.at;
	t->hellos++;
	if (t->answer == INSPECT_TLS_RETRY)
		t->answer = INSPECT_TLS_SILENCE;
	t->state = INSPECT_TLS_BETWEEN;
	return INSPECT_PASS;
}

static enum inspect_verdict read_hello(struct inspect_tls *t, const uint8_t *held, size_t len,
				       struct inspect_says *says)
{
	uint8_t message[INSPECT_BYTES];
	struct asked asked;
	bool is_cut, is_first = t->hellos == 0;
	const char *reason = is_first ? INSPECT_NEITHER : INSPECT_HANDSHAKE;
	enum tls_result there =
		tls_find_message(&t->hello, TLS_CLIENT_HELLO, held, len, INSPECT_BYTES);
	if (there == TLS_MORE && len < INSPECT_BYTES)
		return INSPECT_MORE;
	if (there != TLS_WHOLE)
		return refuse(says, reason);
	size_t have = tls_copy_message(held, t->hello.at, message, t->hello.have, &is_cut);
	if (!client_hello_read(message + TLS_MESSAGE_HEAD_BYTES, have - TLS_MESSAGE_HEAD_BYTES,
			       &asked))
		return refuse(says, reason);
	if (is_first) {
		says->asked = asked;
		t->state = INSPECT_TLS_ASKED;
		return INSPECT_ASKS;
	}
	return is_same(&asked, &says->asked) ? pass_hello(t, says)
					     : refuse(says, INSPECT_ANOTHER_NAME);
}

/* The first byte of a handshake record behind a ClientHello. */
static enum inspect_verdict follow_handshake(struct inspect_tls *t, const uint8_t *held, size_t len,
					     struct inspect_says *says)
{
	switch (t->answer) {
	case INSPECT_TLS_SILENCE:
		return INSPECT_ANSWER;
	case INSPECT_TLS_RETRY:
		t->hello = (struct tls_message){.at = 0};
		t->state = INSPECT_TLS_HELLO;
		return read_hello(t, held, len, says);
	case INSPECT_TLS_OTHER:
		break;
	}
	return refuse(says, INSPECT_HANDSHAKE);
}

static bool may_lie_between(uint8_t type)
{
	return type == TLS_CHANGE_CIPHER_SPEC || type == TLS_ALERT || type == TLS_APPLICATION_DATA;
}

/* Pass the records that lie between, up to a handshake's. */
static enum inspect_verdict follow(struct inspect_tls *t, const uint8_t *held, size_t len,
				   struct inspect_says *says)
{
	struct tls_record r;
	enum tls_result result = TLS_WHOLE;
	says->pass = 0;
	while (result == TLS_WHOLE && says->pass < len) {
		const uint8_t *at = held + says->pass;
		if (!may_lie_between(at[0]))
			break;
		result = tls_read_record(at, len - (size_t)says->pass, &r);
		if (result == TLS_WHOLE)
			says->pass += TLS_RECORD_HEAD_BYTES + r.len;
	}
	if (says->pass > 0)
		return INSPECT_PASS;
	if (len == 0 || result == TLS_MORE)
		return INSPECT_MORE;
	if (held[0] == TLS_HANDSHAKE)
		return follow_handshake(t, held, len, says);
	return refuse(says, INSPECT_HANDSHAKE);
}

enum inspect_verdict inspect_tls_client(struct inspect_tls *t, const uint8_t *held, size_t len,
					struct inspect_says *says)
{
	switch (t->state) {
	case INSPECT_TLS_HELLO:
		return read_hello(t, held, len, says);
	case INSPECT_TLS_ASKED:
		return pass_hello(t, says);
	case INSPECT_TLS_BETWEEN:
		return follow(t, held, len, says);
	case INSPECT_TLS_DONE:
		break;
	}
	return INSPECT_FREE;
}

/* The server has answered, and not by TLS: nothing of its answer matters. */
static enum inspect_verdict hear_other(struct inspect_tls *t)
{
	t->answer = INSPECT_TLS_OTHER;
	return INSPECT_FREE;
}

/* Behind a HelloRetryRequest's first bytes: all of it must be there, for its end. */
static enum inspect_verdict hear_retry(struct inspect_tls *t, const uint8_t *peeked, size_t len,
				       struct inspect_says *says)
{
	struct tls_message m = {.at = 0};
	if (t->hellos > 1 || t->answer == INSPECT_TLS_RETRY) /* RFC 8446 4.1.4: no second one */
		return refuse(says, INSPECT_HANDSHAKE);
	enum tls_result there = tls_find_message(&m, TLS_SERVER_HELLO, peeked, len, INSPECT_BYTES);
	if (there == TLS_MORE && len < INSPECT_BYTES)
		return INSPECT_MORE;
	if (there != TLS_WHOLE)
		return refuse(says, INSPECT_HANDSHAKE);
	t->answer = INSPECT_TLS_RETRY;
	says->pass = m.at;
	return INSPECT_PASS;
}

static enum inspect_verdict hear_handshake(struct inspect_tls *t, const uint8_t *peeked, size_t len,
					   struct inspect_says *says)
{
	enum { RANDOM_AT = TLS_MESSAGE_HEAD_BYTES + 2, RANDOM_BYTES = 32 };
	/* RFC 8446 4.1.3: the SHA-256 of "HelloRetryRequest". */
	static const uint8_t retry[RANDOM_BYTES] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
						    0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
						    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
						    0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	uint8_t message[RANDOM_AT + RANDOM_BYTES];
	bool is_cut;
	size_t have = tls_copy_message(peeked, len, message, sizeof(message), &is_cut);
	if (have > 0 && message[0] != TLS_SERVER_HELLO)
		return hear_other(t);
	if (have < sizeof(message))
		return is_cut || len >= INSPECT_BYTES ? hear_other(t) : INSPECT_MORE;
	if (memcmp(message + RANDOM_AT, retry, RANDOM_BYTES) == 0)
		return hear_retry(t, peeked, len, says);
	t->state = INSPECT_TLS_DONE;
	return INSPECT_FREE;
}

enum inspect_verdict inspect_tls_server(struct inspect_tls *t, const uint8_t *peeked, size_t len,
					struct inspect_says *says)
{
	struct tls_record r;
	if (!inspect_tls_listens(t))
		return INSPECT_FREE;
	if (len == 0)
		return INSPECT_MORE;
	if (peeked[0] == TLS_HANDSHAKE)
		return hear_handshake(t, peeked, len, says);
	if (peeked[0] != TLS_ALERT && peeked[0] != TLS_CHANGE_CIPHER_SPEC)
		return hear_other(t);
	enum tls_result result = tls_read_record(peeked, len, &r);
	if (result == TLS_WHOLE) {
		says->pass = TLS_RECORD_HEAD_BYTES + r.len;
		return INSPECT_PASS;
	}
	return result == TLS_MORE ? INSPECT_MORE : hear_other(t);
}

void inspect_tls_server_ended(struct inspect_tls *t)
{
	if (inspect_tls_listens(t))
		t->answer = INSPECT_TLS_OTHER;
}

bool inspect_tls_listens(const struct inspect_tls *t)
{
	return t->state != INSPECT_TLS_DONE && t->answer != INSPECT_TLS_OTHER;
}
