/* SPDX-License-Identifier: MIT */
/* What /cgi-bin/metrics answers: lines of Prometheus' text format 0.0.4. Pure. */
#ifndef SQUASH_CTL_SAMPLE_H
#define SQUASH_CTL_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of them, of a metric that has one label. Pointers are into the line. */
struct sample {
	const char *name;
	size_t name_len;
	const char *label; /* the value of the label that was asked for */
	size_t label_len;
	uint64_t whole;  /* of the number, */
	uint32_t micros; /* and millionths */
};

/* Read a line, without its end. False if it is a comment, has another label or further ones, or is
 * written as the appliance writes none: an escape in the label, a number that isn't digits with six
 * of them at most behind a point. */
bool sample_read(struct sample *s, const char *label, const char *line, size_t len);

/* Whether it is of the metric. */
bool sample_is(const struct sample *s, const char *name);

#endif
