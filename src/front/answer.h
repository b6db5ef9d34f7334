/* SPDX-License-Identifier: MIT */
/* What front itself says to a client, and how a connection ends. */
#ifndef SQUASH_FRONT_ANSWER_H
#define SQUASH_FRONT_ANSWER_H

#include "conn.h"

/* Answers {"error": text, "code": code}; then the connection ends. */
void answer(struct conn *c, unsigned status, const char *code, const char *text);

/* Ends the connection when all is said. */
void answer_end(struct conn *c);

/* The steps of CONN_ANSWERS and CONN_LINGERS. Each returns whether something has happened. */
bool answer_write(struct conn *c);
bool answer_linger(struct conn *c);

#endif
