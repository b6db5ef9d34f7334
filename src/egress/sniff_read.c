/* SPDX-License-Identifier: MIT */
#include "sniff.h"

#define TLS_HANDSHAKE 22 /* RFC 8446 5.1; no HTTP method begins with it */

enum sniff_result sniff_read(const uint8_t *bytes, size_t len, struct sniff *s)
{
	if (len == 0)
		return SNIFF_MORE;
	return bytes[0] == TLS_HANDSHAKE ? sniff_tls(bytes, len, s) : sniff_http(bytes, len, s);
}
