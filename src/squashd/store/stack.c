/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

bool stack_is_snapshot(const char *name)
{
	return name[0] == '9';
}

static int compare_layers(const void *a, const void *b)
{
	return strcmp(a, b);
}

void stack_sort(char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1], size_t count)
{
	qsort(layers, count, sizeof(layers[0]), compare_layers);
}

bool stack_includes(const char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1], size_t count,
		    const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(layers[i], name) == 0)
			return true;
	return false;
}

void stack_of_snapshot(struct sandbox *sb, const char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1],
		       size_t count, const char *name)
{
	sb->layer_count = count + 1;
	memcpy(sb->layers, layers, count * sizeof(layers[0]));
	strcpy(sb->layers[count], name);
	strcpy(sb->active_snapshot, name);
}

unsigned stack_count_snapshots(const struct sandbox *sb)
{
	unsigned count = 0;
	for (size_t i = 0; i < sb->layer_count; i++)
		count += stack_is_snapshot(sb->layers[i]);
	return count;
}

static uint64_t count_mounts(uint64_t memory_mb, uint64_t part, uint64_t processors)
{
	uint64_t each_kb = LIMIT_SNAPSHOT_KB + LIMIT_SNAPSHOT_CPU_KB * processors;
	return memory_mb * 1024 / part / each_kb;
}

uint64_t stack_most_mounted(uint64_t machine_mb, uint64_t processors)
{
	return count_mounts(machine_mb, LIMIT_SNAPSHOTS_MACHINE, processors);
}

uint64_t stack_most_snapshots(uint64_t memory_mb, uint64_t processors)
{
	uint64_t most = count_mounts(memory_mb, LIMIT_SNAPSHOTS_MEMORY, processors);
	return most < LIMIT_SNAPSHOTS_ALWAYS ? LIMIT_SNAPSHOTS_ALWAYS : most;
}
