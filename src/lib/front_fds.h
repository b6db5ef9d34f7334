/* SPDX-License-Identifier: MIT */
/* What init and the front that it starts agree on. */
#ifndef SQUASH_LIB_FRONT_FDS_H
#define SQUASH_LIB_FRONT_FDS_H

/* The descriptors that front is started with, beside the three of every process. The last three are
 * all there, or none. */
enum {
	FRONT_HTTP_FD = 3, /* listens: plain HTTP; closed if there is none */
	FRONT_TLS_FD,      /* listens */
	FRONT_KEY_FD,      /* its private key, PEM */
	FRONT_CHAIN_FD,    /* its certificates, PEM, its own first */
	FRONT_FDS_END,
};

/* The field of a request that carries the client's address to api. front alone writes it. */
#define FRONT_CLIENT_FIELD "Squash-Client"

/* The field of a request that comes without its body, of which the value is the length in decimal:
 * api does nothing of it, but answers 204 if the body may come, or the error that the request would
 * have for its head. front alone writes it. */
#define FRONT_AUTHORISE_FIELD "Squash-Authorise"

/* The field of a request whose body comes in frames (lib/frames.h), as nobody knows its length
 * yet: the length in the head is the most that httpd passes on. Its value is 1. front alone writes
 * it. */
#define FRONT_FRAMES_FIELD "Squash-Frames"

#endif
