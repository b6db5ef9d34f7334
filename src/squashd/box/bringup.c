/* SPDX-License-Identifier: MIT */
#include "bringup.h"

#include <stdbool.h>

#include "box.h"
#include "layers.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/network/egress.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/report.h"
#include "squashd/store/runtime.h"
#include "squashd/store/slots.h"
#include "squashd/store/traffic.h"

uint64_t bringup_left_ms(const struct sandbox *sb)
{
	uint64_t now = clock_wall_ms();
	uint64_t lived = now > sb->created_ms ? now - sb->created_ms : 0;
	if (sb->max_lifetime_s == 0)
		return UINT64_MAX;
	return sb->max_lifetime_s * 1000 > lived ? sb->max_lifetime_s * 1000 - lived : 0;
}

static int give_slot(const struct server *s, struct sandbox *sb, struct err *e)
{
	uint64_t left = bringup_left_ms(sb);
	int rc = slots_take(s, sb->id, &sb->runtime.slot, e);
	if (rc < 0)
		return rc;
	if (sb->runtime.deadline_ms == 0 && left != UINT64_MAX)
		sb->runtime.deadline_ms = clock_mono_ms() + left;
	sb->runtime.down = true;
	return runtime_save(s, sb, e);
}

int bringup_start(const struct server *s, struct sandbox *sb, struct err *e)
{
	struct err unwatched;
	AUTO_FD pidfd = -1;
	AUTO_FD egress = -1;
	int rc = sb->runtime.slot == SLOT_NONE ? give_slot(s, sb, e) : 0;
	AUTO_FD traffic = rc < 0 ? rc : traffic_open(s, sb->id, e);
	rc = traffic < 0 ? traffic : layers_acquire(s, sb, e);
	if (rc == 0)
		rc = cgroup_make(s->cgroup_fd, sb, e);
	if (rc == 0)
		rc = box_start(s, sb, &pidfd, e);
	if (rc < 0)
		return rc;
	sb->runtime.down = false;
	rc = egress_start(s, sb, pidfd, &egress, e);
	if (rc == 0)
		rc = runtime_save(s, sb, e);
	if (rc < 0) {
		sb->runtime.down = true;
		box_stop(s, sb->id, &unwatched);
		return rc;
	}
	if (report_sandbox(s, sb, pidfd, &unwatched) < 0 ||
	    (egress >= 0 && report_egress(s, sb->id, egress, true, &unwatched) < 0))
		/* the next squashd finds it by itself */
		leftover_say(NULL, &unwatched);
	return 0;
}

/* Nothing but sb, as meta.json has it, is wanted any more. */
static void clean(const struct server *s, const struct sandbox *sb, int dir_fd)
{
	struct err e, this;
	int rc = meta_forget(dir_fd, &e);
	rc = err_keep_first(rc, layers_keep(s, sb, &this), &e, &this);
	if (rc < 0)
		leftover_note(sb->id, &e);
}

/* Bring up what it was, or what could not be made to be that again. */
static void go_back(const struct server *s, struct sandbox *sb, const struct sandbox *next,
		    int dir_fd, bool swapped)
{
	struct err e;
	if (swapped && meta_swap(dir_fd, &e) < 0)
		*sb = *next;
	sb->runtime = next->runtime;
	int rc = box_stop(s, sb->id, &e);
	if (rc == 0)
		rc = bringup_start(s, sb, &e);
	if (rc < 0)
		leftover_note(sb->id, &e);
	clean(s, sb, dir_fd);
}

int bringup_change(const struct server *s, struct sandbox *sb, struct sandbox *next, int dir_fd,
		   struct err *e)
{
	bool swapped = false;
	next->runtime = sb->runtime;
	int rc = layers_acquire(s, next, e); /* a damaged one is found here */
	if (rc == 0)
		rc = meta_prepare(dir_fd, next, e);
	next->runtime.down = true;
	if (rc == 0 && next->runtime.slot != SLOT_NONE)
		rc = runtime_save(s, next, e);
	if (rc < 0) {
		clean(s, sb, dir_fd);
		return rc;
	}
	rc = box_stop(s, sb->id, e);
	if (rc == 0)
		rc = meta_swap(dir_fd, e);
	if (rc == 0) {
		swapped = true;
		rc = bringup_start(s, next, e);
	}
	if (rc < 0) {
		go_back(s, sb, next, dir_fd, swapped);
		return rc;
	}
	*sb = *next;
	clean(s, sb, dir_fd);
	return 0;
}
