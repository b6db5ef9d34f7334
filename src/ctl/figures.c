/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <string.h>

#include "sample.h"

/* The sandbox's place, a new one if need be. NULL: it has no id, or there are too many. */
static struct figure *find_or_add(struct figures *f, const char *id, size_t len)
{
	if (len == 0 || len > LIMIT_ID_BYTES || memchr(id, '\0', len))
		return NULL;
	for (size_t i = 0; i < f->count; i++)
		if (memcmp(f->all[i].id, id, len) == 0 && f->all[i].id[len] == '\0')
			return &f->all[i];
	if (f->count == LIMIT_SANDBOXES)
		return NULL;
	struct figure *added = &f->all[f->count++];
	*added = (struct figure){.id = ""};
	memcpy(added->id, id, len);
	return added;
}

void figures_take(struct figures *f, const char *line, size_t len)
{
	struct sample s;
	if (!sample_read(&s, "sandbox", line, len))
		return;
	bool is_cpu = sample_is(&s, "squash_sandbox_cpu_seconds_total");
	if (!is_cpu && !sample_is(&s, "squash_sandbox_memory_bytes"))
		return;
	struct figure *one = find_or_add(f, s.label, s.label_len);
	if (one && is_cpu && s.whole < UINT64_MAX / 1000000) {
		one->cpu_us = s.whole * 1000000 + s.micros;
		one->has_cpu = true;
	} else if (one && !is_cpu) {
		one->memory_bytes = s.whole;
		one->has_memory = true;
	}
}

const struct figure *figures_find(const struct figures *f, const char *id)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->all[i].id, id) == 0)
			return &f->all[i];
	return NULL;
}

bool figures_cpu(const struct figures *before, const struct figures *now, const char *id,
		 uint64_t *hundredths)
{
	const struct figure *a = figures_find(before, id), *b = figures_find(now, id);
	if (!a || !b || !a->has_cpu || !b->has_cpu || b->cpu_us < a->cpu_us ||
	    now->at_ms <= before->at_ms)
		return false;
	*hundredths = (b->cpu_us - a->cpu_us) / 10 / (now->at_ms - before->at_ms);
	return true;
}
