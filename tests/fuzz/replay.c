/* SPDX-License-Identifier: MIT */
/* Feeds a fuzz target every input of its corpus: what was found once stays found, by a compiler
 * that knows no fuzzing. The program's name says which corpus: fuzz_NAME reads
 * tests/fuzz/corpus/NAME.tar. A child does the work; when an input ends it, that input is named and
 * another child goes on behind it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "fuzz.h"
#include "lib/fd.h"

#define TAR_BYTES (16 * 1024 * 1024) /* the largest of the archives has 700 KiB */
#define INPUTS_MAX 10000
#define BLOCK                                                                                      \
	512 /* of the tar: a member has a block of header, then its bytes, filled up with zeros */

/* Of a header block, pax(1), "ustar Interchange Format": the offsets of name (100 bytes) and size
 * (octal). */
#define AT_NAME 0
#define AT_SIZE 124
#define AT_TYPE 156

struct input {
	const char *name;
	const char *bytes;
	size_t len;
};

static char archive[TAR_BYTES];
static struct input inputs[INPUTS_MAX];
static int input_count;

/* Fill inputs from the archive of len bytes. Returns whether it is one that scripts/fuzz packed: of
 * files alone. */
static bool find_inputs(size_t len)
{
	size_t at = 0;
	while (at + BLOCK <= len && archive[at + AT_NAME]) {
		const char *header = archive + at;
		size_t size = strtoul(header + AT_SIZE, NULL, 8);
		at += BLOCK;
		if (header[AT_TYPE] != '0' || size > len - at || input_count == INPUTS_MAX)
			return false;
		inputs[input_count++] = (struct input){header + AT_NAME, archive + at, size};
		at += (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	return true;
}

static void feed(const struct input *in)
{
	void *input = fuzz_copy(in->bytes, in->len);
	LLVMFuzzerTestOneInput(input, in->len);
	free(input);
}

/* Feed the inputs from *at on, in a child; *at, which it shares, is where it ended. Whether it went
 * well to the end, which is when leaks are found. */
static bool replay(int *at)
{
	int status = 0;
	fflush(stdout); /* or the child prints it again */
	pid_t pid = fork();
	if (pid == 0) {
		for (; *at < input_count; ++*at)
			feed(&inputs[*at]);
		exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	const char *target = strchr(program_invocation_short_name, '_');
	char path[256];
	struct err e;
	int failed = 0;
	int *at =
		mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!target || at == MAP_FAILED)
		return 2;
	target++;
	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s.tar", target);
	ssize_t len = fd_read_file(AT_FDCWD, path, archive, sizeof(archive), &e);
	if (len < 0)
		tap_note("%s", e.text);
	bool whole = len >= 0 && find_inputs((size_t)len);
	for (*at = 0; *at < input_count && !replay(at); ++*at) {
		const char *name = *at < input_count ? inputs[*at].name : "(a leak)";
		tap_note("%s: %.100s fails", path, name);
		failed++;
	}
	tap_ok(whole && input_count > 0 && failed == 0, "%s: %d inputs, %d fail", target,
	       input_count, failed);
	return tap_done();
}
