/* SPDX-License-Identifier: MIT */
/* The small helpers of src/lib: err, buf, arena, fd. */
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "tap.h"

static void test_err(void)
{
	struct err e = {0};
	char expected[128];
	snprintf(expected, sizeof(expected), "open %s: %s", "/x", strerror(ENOENT));
	tap_ok(err_set(&e, ENOENT, "open %s", "/x") == -ENOENT && e.number == ENOENT &&
		       strcmp(e.text, expected) == 0,
	       "err_set names the operation and the reason");
	tap_ok(err_say(&e, EINVAL, "id is %s", "empty") == -EINVAL && e.number == EINVAL &&
		       strcmp(e.text, "id is empty") == 0,
	       "err_say says just that, and replaces what was there");
	tap_ok(err_set(NULL, EIO, "read") == -EIO && err_say(NULL, EIO, "read") == -EIO,
	       "no err is fine");

	char fill[ERR_TEXT_BYTES * 2];
	memset(fill, 'x', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	int rc = err_set(&e, EIO, "%s", fill);
	tap_ok(rc == -EIO && strlen(e.text) == ERR_TEXT_BYTES - 1, "a long text is cut");
	bool whole = true;
	for (int len = ERR_TEXT_BYTES - 30; len < ERR_TEXT_BYTES + 2; len++) {
		err_set(&e, EIO, "%.*s", len, fill);
		whole &= strnlen(e.text, sizeof(e.text)) < sizeof(e.text);
	}
	tap_ok(whole, "a text at the edge is terminated");
}

static void test_buf(void)
{
	char memory[8];
	struct buf b = {.data = memory, .cap = sizeof(memory)};
	buf_add(&b, "abc", 3);
	buf_add_text(&b, "de");
	buf_add(&b, "", 0);
	tap_ok(!b.full && b.len == 5 && memcmp(memory, "abcde", 5) == 0, "texts are appended");
	buf_add(&b, "fghi", 4);
	tap_ok(b.full && b.len == 5, "what doesn't fit is not begun");
	buf_add(&b, "f", 1);
	buf_printf(&b, "%d", 1);
	tap_ok(b.full && b.len == 5, "nor is anything after it");

	b = (struct buf){.data = memory, .cap = sizeof(memory)};
	buf_add_text(&b, "12345678");
	tap_ok(!b.full && b.len == 8, "the last byte can be used");
	buf_add(&b, "", 0);
	tap_ok(!b.full, "nothing more fits in nothing");

	b = (struct buf){.data = memory, .cap = sizeof(memory)};
	buf_printf(&b, "%s-%d", "ab", 12);
	buf_printf(&b, "%d", 34);
	tap_ok(!b.full && b.len == 7 && strcmp(memory, "ab-1234") == 0, "formatted text");
	buf_printf(&b, "%d", 5);
	tap_ok(b.full && b.len == 7, "which needs a byte for its NUL");
}

static void test_arena(void)
{
	alignas(max_align_t) unsigned char memory[256];
	const size_t align = alignof(max_align_t);
	struct arena a = {.base = memory, .cap = sizeof(memory)};
	unsigned char *first = arena_take(&a, 1);
	unsigned char *second = arena_take(&a, 3);
	tap_ok(first == memory && second == memory + align, "pieces follow each other");
	tap_ok((uintptr_t)second % align == 0, "aligned");
	tap_ok(!arena_take(&a, sizeof(memory)), "too much is NULL");
	tap_ok(!arena_take(&a, SIZE_MAX), "far too much is NULL");
	tap_ok(arena_take(&a, sizeof(memory) - 2 * align) == memory + 2 * align,
	       "and takes nothing: the rest is still to be had");
	tap_ok(!arena_take(&a, 1) && a.used == a.cap, "then it is used up");
	a.used = 0;
	a.cap = align + 1;
	arena_take(&a, align + 1);
	tap_ok(!arena_take(&a, 0), "an end that isn't aligned leaves no room");
}

/* A pipe holding text, its write end closed. */
static int pipe_with(const char *text)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		abort();
	fd_write_all(ends[1], text, strlen(text));
	fd_close(&ends[1]);
	return ends[0];
}

static void test_descriptors(void)
{
	int fd = pipe_with("");
	int number = fd;
	errno = ENOTTY;
	fd_close(&fd);
	tap_ok(fd == -1 && fcntl(number, F_GETFD) < 0, "fd_close closes and forgets");
	errno = ENOTTY;
	fd_close(&fd);
	tap_ok(errno == ENOTTY, "twice is harmless, errno is kept");

	fd = pipe_with("");
	int stolen = fd_steal(&fd);
	tap_ok(fd == -1 && fcntl(stolen, F_GETFD) >= 0, "fd_steal takes it away open");
	number = stolen;
	{
		AUTO_FD scoped = stolen;
		(void)scoped;
	}
	tap_ok(fcntl(number, F_GETFD) < 0, "AUTO_FD closes at the scope's end");

	char text[16];
	AUTO_FD in = pipe_with("hello");
	tap_ok(fd_read_all(in, text, 3) == 3 && memcmp(text, "hel", 3) == 0, "so much and no more");
	tap_ok(fd_read_all(in, text, sizeof(text)) == 2, "up to the end of file");
	tap_ok(fd_read_all(-1, text, 1) == -EBADF, "a read's error");
	tap_ok(fd_write_all(-1, text, 1) == -EBADF, "a write's error");
}

static void test_files(int dir_fd)
{
	struct err e = {0};
	char text[6];
	tap_ok(fd_read_file(dir_fd, "none", text, sizeof(text), &e) == -ENOENT &&
		       strncmp(e.text, "open none", 9) == 0,
	       "no file to read");
	tap_ok(fd_write_file(dir_fd, "none", "x", &e) == -ENOENT &&
		       faccessat(dir_fd, "none", F_OK, 0) < 0,
	       "no file to write, and none is made");

	AUTO_FD made = openat(dir_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	tap_ok(made >= 0 && fd_write_file(dir_fd, "file", "12345", &e) == 0, "a file is written");
	tap_ok(fd_read_file(dir_fd, "file", text, sizeof(text), &e) == 5 &&
		       strcmp(text, "12345") == 0,
	       "and read, with a NUL");
	tap_ok(fd_read_file(dir_fd, "file", text, 5, &e) == -EFBIG, "unless the NUL doesn't fit");
	tap_ok(symlinkat("file", dir_fd, "link") == 0 &&
		       fd_read_file(dir_fd, "link", text, sizeof(text), &e) == -ELOOP &&
		       fd_write_file(dir_fd, "link", "x", &e) == -ELOOP,
	       "links are not followed");
	tap_ok(fd_read_file(dir_fd, ".", text, sizeof(text), &e) == -EISDIR, "a directory is none");
}

int main(void)
{
	char path[] = "/tmp/test_lib.XXXXXX";
	test_err();
	test_buf();
	test_arena();
	test_descriptors();
	if (!tap_ok(mkdtemp(path) != NULL, "a directory to work in"))
		return tap_done();
	AUTO_FD dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_files(dir_fd);
	unlinkat(dir_fd, "link", 0);
	unlinkat(dir_fd, "file", 0);
	rmdir(path);
	return tap_done();
}
