/* SPDX-License-Identifier: MIT */
/* TLS records, and handshake messages in them (RFC 8446 5.1 and 4). A message may begin and end in
 * any record, and records come in any pieces. Pure. */
#ifndef SQUASH_EGRESS_TLS_RECORD_H
#define SQUASH_EGRESS_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_CHANGE_CIPHER_SPEC = 20, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_APPLICATION_DATA = 23 };
enum { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };

#define TLS_RECORD_HEAD_BYTES 5
#define TLS_MESSAGE_HEAD_BYTES 4

enum tls_result {
	TLS_WHOLE,
	TLS_MORE, /* what is there is a beginning */
	TLS_BAD,
};

struct tls_record {
	uint8_t type;
	const uint8_t *content;
	size_t len;   /* of the content, as the record says */
	size_t there; /* of it */
};

/* Reads the head of a record, of which len bytes are there. TLS_WHOLE: the head is; the content
 * need not be. */
enum tls_result tls_read_record(const uint8_t *bytes, size_t len, struct tls_record *r);

/* A message that is being looked for. All zero: nothing of it has been seen. */
struct tls_message {
	size_t at;   /* where the first record begins that isn't there as a whole; in the end, where
		      * the bytes behind the message begin */
	size_t have; /* bytes of the message in the records before that */
	uint8_t head[TLS_MESSAGE_HEAD_BYTES];
};

/* Looks for the end of a message of that type, which begins with the record at bytes and ends with
 * one. Each call sees the same bytes, and more of them. most: bytes of all its records. TLS_BAD: it
 * is another message, or there is more in its last record, or it is longer. */
enum tls_result tls_find_message(struct tls_message *m, uint8_t type, const uint8_t *bytes,
				 size_t len, size_t most);

/* Copies the first bytes of a message out of its records, most at most: returns how many. *is_cut:
 * records follow that aren't of a handshake. */
size_t tls_copy_message(const uint8_t *bytes, size_t len, uint8_t *message, size_t most,
			bool *is_cut);

#endif
