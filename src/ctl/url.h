/* SPDX-License-Identifier: MIT */
/* Where an appliance is: https://host[:port], http://host[:port], or host[:port]. Pure. */
#ifndef SQUASH_CTL_URL_H
#define SQUASH_CTL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define URL_HOST_BYTES 254 /* RFC 1035, with a NUL */
#define URL_TLS_PORT 8443
#define URL_PLAIN_PORT 8080
#define URL_TEXT_BYTES (URL_HOST_BYTES + 24)

struct url {
	bool is_tls;
	bool is_local;             /* this machine: nobody is between */
	bool is_address;           /* host is an address, not a name */
	char host[URL_HOST_BYTES]; /* an IPv6 address without its brackets */
	uint16_t port;
};

/* NULL and *u filled, or what is wrong with the text: a phrase to follow it ("has no host"). */
const char *url_parse(const char *text, struct url *u);

/* "host:port", as a Host field has it. Returns text. */
const char *url_authority(const struct url *u, char text[URL_TEXT_BYTES]);

#endif
