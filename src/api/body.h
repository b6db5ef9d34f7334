/* SPDX-License-Identifier: MIT */
/* From a request's body to the fields of the message. */
#ifndef SQUASH_API_BODY_H
#define SQUASH_API_BODY_H

#include "body_fields.h"
#include "http.h"

/* Read the body and add its members to call_fields(). When it is not what the form says, replies
 * itself and does not return. */
void body_read(struct http_request *q, const struct body_form *form);

#endif
