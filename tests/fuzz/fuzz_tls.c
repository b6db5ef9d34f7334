/* SPDX-License-Identifier: MIT */
/* front's TLS, between a client of BearSSL and a socket that is as bad as sockets are: what the
 * client sends is changed on its way, or is no TLS at all. Nobody waits for ever; what is read is
 * what was sent, from its beginning, or nothing.
 *
 * An input is struct plan, and then what the client sends without shaking hands, or changes. */
#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "../front/trusting.h"
#include "front/identity/identity_make.h"
#include "front/tls.h"
#include "fuzz.h"

#define QUEUE_BYTES (1 << 18)
#define MESSAGES 4
#define MESSAGE_BYTES 5000
#define ROUNDS 400
#define CALLS 200000 /* of the socket's functions; an input has 4096 bytes */

/* SENDS_RAW: no hello of the client's. All others but BEGINS_ANEW resume a session. */
enum how { SENDS_RAW, BEGINS_ANEW, RESUMES, RESUMES_THEN_SENDS_RAW };

struct plan {
	uint8_t how;     /* of enum how; more bits: protocols, by ALPN */
	uint8_t socket;  /* how much it takes and gives at once */
	uint8_t actions; /* of the client */
};

enum { SAYS_LITTLE = 1, ASKS_ANEW = 2, CLOSES = 4, VANISHES = 8 };

/* Of the client's record of that number. */
struct change {
	uint8_t record, kind, high, low, value;
};

enum { XORS, SETS, CUTS, DOUBLES, DROPS, DELAYS, SPLITS, INSERTS, CHANGES };

struct queue {
	uint8_t bytes[QUEUE_BYTES];
	size_t at, len;
};

static struct tls_server server, fresh;
static struct identity identity;
static br_ssl_session_parameters session;
static struct tls tls;
static struct trusting peer;
static struct queue to_server, to_client, echo, half; /* half: a record that isn't whole yet */
static struct queue delayed;
static uint8_t said[MESSAGES * MESSAGE_BYTES]; /* by the client: all that there is to read */
static size_t said_len, heard_len, returned_len;
static unsigned calls, records;
static struct plan plan;
static const uint8_t *input;
static size_t input_len;
static bool ended; /* the client's side */

/* ---- what tls.c calls ---- */

/* The linker's name: NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags);

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags)
{
	(void)flags;
	memset(to, 'r', len);
	return (ssize_t)len;
}

/* All at first, or 1, 5, 300 bytes; or, as a rule, nothing at all. */
static size_t limit(unsigned way, size_t len)
{
	static const size_t most[] = {SIZE_MAX, 1, 5, 300};
	CHECK(++calls < CALLS);
	if (way & 4 && calls % 3 != 0)
		return 0;
	return len < most[way & 3] ? len : most[way & 3];
}

ssize_t socket_recv(struct socket *s, void *to, size_t cap)
{
	(void)s;
	size_t n = limit(plan.socket, to_server.len - to_server.at);
	CHECK(cap > 0);
	if (n == 0)
		return ended && to_server.at == to_server.len ? 0 : -EAGAIN;
	n = n < cap ? n : cap;
	memcpy(to, to_server.bytes + to_server.at, n);
	to_server.at += n;
	return (ssize_t)n;
}

ssize_t socket_send(struct socket *s, const void *from, size_t len)
{
	(void)s;
	CHECK(len > 0);
	size_t n = limit(plan.socket >> 4, len);
	if (plan.actions & VANISHES && to_client.len > 3000)
		return -EAGAIN;
	if (to_client.len + n > QUEUE_BYTES)
		return -EPIPE;
	if (n == 0)
		return -EAGAIN;
	memcpy(to_client.bytes + to_client.len, from, n);
	to_client.len += n;
	return (ssize_t)n;
}

/* ---- the client ---- */

static void put(struct queue *q, const void *bytes, size_t len)
{
	if (len > QUEUE_BYTES - q->len)
		len = QUEUE_BYTES - q->len;
	memcpy(q->bytes + q->len, bytes, len);
	q->len += len;
}

/* One record on its way, which may become longer by a byte. */
static void send_changed(uint8_t *record, size_t len)
{
	size_t copies = 1;
	bool later = false;
	for (size_t i = 0; plan.how != RESUMES_THEN_SENDS_RAW && i + 5 <= input_len; i += 5) {
		struct change c;
		memcpy(&c, input + i, sizeof(c));
		size_t at = len ? (size_t)(c.high << 8 | c.low) % len : 0;
		if (c.record != records || len == 0)
			continue;
		switch (c.kind % CHANGES) {
		case XORS:
			record[at] ^= c.value;
			break;
		case SETS:
			record[at] = c.value;
			break;
		case CUTS:
			len = at;
			break;
		case DOUBLES:
			copies += c.value % 64;
			break;
		case DROPS:
			copies = 0;
			break;
		case DELAYS:
			later = true;
			break;
		case SPLITS:
			if (at > 5) {
				const uint8_t head[] = {record[0], 3, 3, (uint8_t)((at - 5) >> 8),
							(uint8_t)(at - 5)};
				put(&to_server, head, sizeof(head));
				put(&to_server, record + 5, at - 5);
				memmove(record + 5, record + at, len - at);
				len -= at - 5;
				record[3] = (uint8_t)((len - 5) >> 8);
				record[4] = (uint8_t)(len - 5);
			}
			break;
		case INSERTS:
			memmove(record + at + 1, record + at, len - at);
			record[at] = c.value;
			len++;
			break;
		}
	}
	records++;
	while (copies-- > 0)
		put(later ? &delayed : &to_server, record, len);
	if (!later) {
		put(&to_server, delayed.bytes, delayed.len);
		delayed.len = 0;
	}
}

static void send_records(void)
{
	for (;;) {
		size_t len = half.len < 5 ? 0 : (size_t)(half.bytes[3] << 8 | half.bytes[4]) + 5;
		uint8_t record[BR_SSL_BUFSIZE_OUTPUT + 16];
		if (len == 0 || half.len < len)
			return;
		CHECK(len <= BR_SSL_BUFSIZE_OUTPUT);
		memcpy(record, half.bytes, len);
		memmove(half.bytes, half.bytes + len, half.len - len);
		half.len -= len;
		send_changed(record, len);
	}
}

static void say(br_ssl_engine_context *engine)
{
	size_t room, most = plan.actions & SAYS_LITTLE ? 7 : MESSAGE_BYTES;
	uint8_t *to = br_ssl_engine_sendapp_buf(engine, &room);
	if (!to || said_len + most > sizeof(said) || said_len >= MESSAGES * most)
		return;
	size_t n = most < room ? most : room;
	for (size_t i = 0; i < n; i++)
		said[said_len + i] = (uint8_t)((said_len + i) * 31 >> 3);
	memcpy(to, said + said_len, n);
	said_len += n;
	br_ssl_engine_sendapp_ack(engine, n);
	br_ssl_engine_flush(engine, 0);
}

static void hear(br_ssl_engine_context *engine)
{
	size_t len;
	const uint8_t *bytes = br_ssl_engine_recvapp_buf(engine, &len);
	CHECK(returned_len + len <= heard_len && memcmp(bytes, said + returned_len, len) == 0);
	returned_len += len;
	br_ssl_engine_recvapp_ack(engine, len);
}

/* Whatever it can do. Whether it has shaken hands. */
static bool run_client(void)
{
	br_ssl_engine_context *engine = &peer.client.eng;
	unsigned state;
	size_t len;
	for (int i = 0; i < ROUNDS; i++) {
		state = br_ssl_engine_current_state(engine);
		if (state & BR_SSL_SENDREC) {
			const uint8_t *from = br_ssl_engine_sendrec_buf(engine, &len);
			put(&half, from, len);
			br_ssl_engine_sendrec_ack(engine, len);
			send_records();
		} else if (state & BR_SSL_RECVAPP) {
			hear(engine);
		} else if (state & BR_SSL_RECVREC && to_client.at < to_client.len) {
			uint8_t *to = br_ssl_engine_recvrec_buf(engine, &len);
			size_t n = to_client.len - to_client.at;
			n = n < len ? n : len;
			memcpy(to, to_client.bytes + to_client.at, n);
			to_client.at += n;
			br_ssl_engine_recvrec_ack(engine, n);
		} else {
			break;
		}
	}
	state = br_ssl_engine_current_state(engine);
	ended = ended || state & BR_SSL_CLOSED;
	return state & BR_SSL_SENDAPP;
}

/* What it does of itself, in this round. */
static void act(unsigned round)
{
	br_ssl_engine_context *engine = &peer.client.eng;
	say(engine);
	if (plan.actions & ASKS_ANEW && round == 5)
		br_ssl_engine_renegotiate(engine);
	if (plan.actions & CLOSES && round == 9)
		br_ssl_engine_close(engine);
	if (plan.how == RESUMES_THEN_SENDS_RAW && round == 1)
		put(&to_server, input, input_len);
}

/* ---- the server ---- */

static bool is_open;

/* Read, and write what was read. Whether the connection lives. */
static bool serve(void)
{
	static uint8_t some[4096];
	ssize_t n;
	if (!is_open) {
		int rc = tls_shake_hands(&tls, NULL);
		is_open = rc == 1;
		CHECK(!is_open || plan.how != SENDS_RAW);
		return rc >= 0;
	}
	if (echo.at < echo.len) {
		n = tls_write(&tls, NULL, echo.bytes + echo.at, echo.len - echo.at);
		CHECK(n != 0 && n <= (ssize_t)(echo.len - echo.at));
		echo.at += n > 0 ? (size_t)n : 0;
		if (n < 0 && n != -EAGAIN)
			return false;
	}
	n = tls_read(&tls, NULL, some, sizeof(some));
	CHECK(n <= (ssize_t)sizeof(some));
	if (n <= 0)
		return n == -EAGAIN;
	CHECK(heard_len + (size_t)n <= said_len && memcmp(some, said + heard_len, (size_t)n) == 0);
	heard_len += (size_t)n;
	put(&echo, some, (size_t)n);
	return true;
}

/* Nothing comes of a connection that is dead. */
static void check_dead(void)
{
	uint8_t byte;
	bool was_open = is_open;
	ssize_t n = was_open ? tls_read(&tls, NULL, &byte, 1) : tls_shake_hands(&tls, NULL);
	CHECK(n <= 0);
	tls_was_plain(&tls);
	tls_close(&tls, NULL);
	tls_close(&tls, NULL);
	tls_flush(&tls, NULL);
}

/* ---- both ---- */

static void begin(const br_ssl_session_parameters *resumed)
{
	static const char *protocols[] = {"h2", "http/1.1"};
	static const struct {
		const char **first;
		size_t count;
	} sets[] = {{NULL, 0}, {protocols, 1}, {protocols + 1, 1}, {protocols, 2}};
	struct err e;
	to_server.at = to_server.len = to_client.at = to_client.len = echo.at = echo.len = 0;
	half.len = delayed.len = 0;
	said_len = heard_len = returned_len = 0;
	calls = records = 0;
	ended = is_open = false;
	server = fresh;
	CHECK(tls_begin(&tls, &server, 0, &e) == 0);
	trusting_begin(&peer, "seed", 4);
	br_ssl_engine_set_protocol_names(&peer.client.eng, sets[plan.how >> 2 & 3].first,
					 sets[plan.how >> 2 & 3].count);
	plan.how &= 3;
	if (resumed)
		br_ssl_engine_set_session_parameters(&peer.client.eng, resumed);
	CHECK(br_ssl_client_reset(&peer.client, "localhost", resumed != NULL));
}

/* An identity, and a session that can be resumed. */
static void set_up(void)
{
	static struct identity_pem pem;
	static const struct certificate_names names = {.host = "localhost"};
	struct err e;
	CHECK(identity_make(&names, &pem, &e) == 0);
	CHECK(identity_load(&identity, (const uint8_t *)pem.key, pem.key_len,
			    (const uint8_t *)pem.certificate, pem.certificate_len, &e) == 0);
	tls_server_init(&fresh, &identity);
	fresh.sessions.store = server.session_memory; /* it will be there */
	plan.how = BEGINS_ANEW;
	begin(NULL);
	for (int i = 0; i < ROUNDS && !is_open; i++) {
		run_client();
		CHECK(serve());
	}
	CHECK(run_client());
	br_ssl_engine_get_session_parameters(&peer.client.eng, &session);
	fresh = server;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_set_up;
	if (size < sizeof(plan))
		return -1;
	memset(&plan, 0, sizeof(plan));
	if (!is_set_up)
		set_up();
	is_set_up = true;
	memcpy(&plan, data, sizeof(plan));
	input = data + sizeof(plan);
	input_len = size - sizeof(plan);
	begin((plan.how & 3) == BEGINS_ANEW ? NULL : &session);
	bool lives = true;
	if (plan.how == SENDS_RAW) {
		put(&to_server, input, input_len);
		ended = true;
	}
	for (unsigned round = 0, open_rounds = 0; lives && round < ROUNDS; round++) {
		if (plan.how != SENDS_RAW && run_client())
			act(open_rounds++);
		lives = serve();
		if (round > ROUNDS / 2)
			ended = true;
	}
	check_dead();
	return 0;
}
