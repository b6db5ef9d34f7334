/* SPDX-License-Identifier: MIT */
/* How much output a command has made and how it ended, as each answer about one has it: parts of
 * tables of members. */
#ifndef SQUASH_API_EXEC_END_H
#define SQUASH_API_EXEC_END_H

#include "members.h"

/* clang-format off */
#define EXEC_OUTPUT_MEMBERS                                                                        \
	{"stdout_bytes", MEMBER_NUMBER, TAG_STDOUT_BYTES},                                         \
	{"stderr_bytes", MEMBER_NUMBER, TAG_STDERR_BYTES}

#define EXEC_END_MEMBERS                                                                           \
	{"ended", MEMBER_TIME, TAG_ENDED_MS},                                                      \
	{"duration_ms", MEMBER_NUMBER, TAG_DURATION_MS},                                           \
	{"timed_out", MEMBER_FLAG, TAG_TIMED_OUT},                                                 \
	{"oom_killed", MEMBER_FLAG, TAG_OOM_KILLED},                                               \
	{"signal", MEMBER_NUMBER_OR_NULL, TAG_SIGNAL},                                             \
	{"background", MEMBER_FLAG, TAG_BACKGROUND}
/* clang-format on */

#endif
