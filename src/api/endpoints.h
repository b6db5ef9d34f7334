/* SPDX-License-Identifier: MIT */
/* The table of endpoints: of each, what it takes and how it replies. */
#ifndef SQUASH_API_ENDPOINTS_H
#define SQUASH_API_ENDPOINTS_H

#include <stddef.h>

#include "body_fields.h"
#include "members.h"
#include "parameter.h"

struct parameter_table {
	const struct parameter *known;
	size_t count;
};

enum reply_type {
	REPLY_EMPTY,  /* a status alone */
	REPLY_OBJECT, /* an object of members */
	REPLY_ARRAY,  /* an array: for each record an object of members */
	REPLY_OWN,    /* what write makes of it */
};

/* Replies with the status and fields that squashd has sent, and ends the process. */
typedef void reply_writer(unsigned status, struct msg_cursor fields);

struct reply_form {
	enum reply_type type;
	const struct member *members;
	size_t count;
	const char *status; /* an object's last member, "status"; NULL: it has none */
	reply_writer *write;
};

struct endpoint {
	const char *method;
	const char *path; /* a segment :name is one of path_variables */
	enum msg_op op;
	struct parameter_table query; /* behind the ?; known NULL: nobody looks there */
	const struct body_form *body; /* NULL: nobody looks there */
	struct reply_form reply;
};

/* What a segment :name of a path stands for: one segment that is not empty. */
extern const struct parameter_table path_variables;

extern const struct endpoint endpoints[];
extern const size_t endpoints_count;

#endif
