/* SPDX-License-Identifier: MIT */
/* Feeds a fuzz target every file of its corpus: what was found once stays found, by a compiler that
 * knows no fuzzing. The program's name says which corpus: fuzz_NAME takes tests/fuzz/corpus/NAME.
 * A child does the work; when a file ends it, that file is named and another goes on behind it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "fuzz.h"
#include "lib/fd.h"

#define INPUT_BYTES (1024 * 1024)

static char path[256];
static struct dirent **files;
static int file_count;

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void feed(const char *name)
{
	static char memory[INPUT_BYTES];
	char file[512];
	struct err e;
	snprintf(file, sizeof(file), "%s/%s", path, name);
	ssize_t len = fd_read_file(AT_FDCWD, file, memory, sizeof(memory), &e);
	if (len < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	void *input = fuzz_copy(memory, (size_t)len);
	LLVMFuzzerTestOneInput(input, (size_t)len);
	free(input);
}

/* Feed the files from *at on, in a child; *at, which it shares, is where it ended. Whether it went
 * well to the end, which is when leaks are found. */
static bool replay(int *at)
{
	int status = 0;
	fflush(stdout); /* or the child prints it again */
	pid_t pid = fork();
	if (pid == 0) {
		for (; *at < file_count; ++*at)
			feed(files[*at]->d_name);
		exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	const char *target = strchr(program_invocation_short_name, '_');
	int failed = 0;
	int *at =
		mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!target || at == MAP_FAILED)
		return 2;
	target++;
	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", target);
	file_count = scandir(path, &files, is_visible, alphasort);
	for (*at = 0; *at < file_count && !replay(at); ++*at) {
		const char *name = *at < file_count ? files[*at]->d_name : "(a leak)";
		tap_note("%s/%s fails", path, name);
		failed++;
	}
	tap_ok(file_count > 0 && failed == 0, "%s: %d inputs, %d fail", target, file_count, failed);
	return tap_done();
}
