/* SPDX-License-Identifier: MIT */
/* Metrics as Prometheus reads them: the text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). All samples of a metric stand
 * together, behind its head. */
#ifndef SQUASH_API_EXPOSITION_H
#define SQUASH_API_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* How many of what is counted make one of what is shown: Prometheus has seconds, cores, bytes. */
enum exposition_unit { UNIT_ONE = 1, UNIT_MILLI = 1000, UNIT_MICRO = 1000000 };

struct exposition_label {
	const char *name;
	const void *value; /* any text; borrowed */
	size_t len;
};

/* Begin a metric. type: "counter", "gauge" or "histogram"; help: a line without a backslash. */
void exposition_head(struct buf *b, const char *name, const char *type, const char *help);

/* One sample, of number in that unit. suffix: "", or what a histogram's samples have. */
void exposition_sample(struct buf *b, const char *name, const char *suffix,
		       const struct exposition_label *labels, size_t label_count, uint64_t number,
		       enum exposition_unit unit);

/* The number in that unit, as the format has it, without zeros at its end: "0.25". */
void exposition_number(struct buf *b, uint64_t number, enum exposition_unit unit);

#endif
