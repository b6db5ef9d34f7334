/* SPDX-License-Identifier: MIT */
/* Feeds a fuzz target every file of its corpus: what was found once stays found, by a compiler that
 * knows no fuzzing. The program's name says which corpus: fuzz_NAME takes tests/fuzz/corpus/NAME.
 * Each file has a process of its own, so that one that fails is named and the others are tried. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "fuzz.h"
#include "lib/fd.h"

#define INPUT_BYTES (4 * 1024 * 1024)

/* dir is closed, or the leak sanitizer would find it. */
static int feed(DIR *dir, const char *name)
{
	static char memory[INPUT_BYTES];
	struct err e;
	ssize_t len = fd_read_file(dirfd(dir), name, memory, sizeof(memory), &e);
	if (len < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	closedir(dir);
	void *input = fuzz_copy(memory, (size_t)len);
	LLVMFuzzerTestOneInput(input, (size_t)len);
	free(input);
	return 0;
}

static bool replay(DIR *dir, const char *name)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		exit(feed(dir, name));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	const char *target = strchr(program_invocation_short_name, '_');
	char path[256];
	size_t files = 0, failed = 0;
	if (!target)
		return 2;
	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", target + 1);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		files++;
		if (!replay(dir, d->d_name)) {
			tap_note("%s/%s fails", path, d->d_name);
			failed++;
		}
	}
	if (dir)
		closedir(dir);
	tap_ok(files > 0 && failed == 0, "%s: %zu inputs, %zu fail", target + 1, files, failed);
	return tap_done();
}
