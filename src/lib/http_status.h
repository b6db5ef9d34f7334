/* SPDX-License-Identifier: MIT */
/* Reason phrases of HTTP's status codes. */
#ifndef SQUASH_LIB_HTTP_STATUS_H
#define SQUASH_LIB_HTTP_STATUS_H

/* The phrase of a status that we answer with (RFC 9110 15, RFC 6585), "Error" for others. */
const char *http_phrase(unsigned status);

#endif
