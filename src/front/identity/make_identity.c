/* SPDX-License-Identifier: MIT */
/* make-identity HOST [ADDRESS...]: a new key and a certificate for these names, both as PEM, the
 * key to descriptor 3, the certificate to descriptor 4. init runs it at the first boot. It writes
 * nothing else; if it ends with 1, one line on stderr says why, and what was written is not to be
 * used. Whoever starts it opens these two, and syncs them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "identity_make.h"
#include "lib/fd.h"
#include "lib/hostname.h"
#include "lib/seccomp.h"

enum { STDERR_FD = 2, KEY_FD = 3, CERTIFICATE_FD = 4 };

static const struct seccomp_rule rules[] = {
	ALLOW(SYS_getrandom),
	ALLOW_IF(SYS_write, ARG_IS(0, KEY_FD)),
	ALLOW_IF(SYS_write, ARG_IS(0, CERTIFICATE_FD)),
	ALLOW_IF(SYS_writev, ARG_IS(0, STDERR_FD)), /* musl's stdio */
	ALLOW_RESTART_AND_EXIT,
};

static const struct seccomp_table calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};

static int read_arguments(char **words, struct certificate_names *names,
			  struct addr addrs[CERTIFICATE_ADDRS_MAX], struct err *e)
{
	if (!words[0])
		return err_say(e, EINVAL, "usage: make-identity HOST [ADDRESS...]");
	const char *fault = hostname_check(words[0]);
	if (fault)
		return err_say(e, EINVAL, "the host's name %s", fault);
	*names = (struct certificate_names){.host = words[0], .addrs = addrs};
	for (size_t i = 1; words[i]; i++) {
		if (names->addr_count == CERTIFICATE_ADDRS_MAX)
			return err_say(e, E2BIG, "more than %d addresses", CERTIFICATE_ADDRS_MAX);
		if (!addr_parse(words[i], strlen(words[i]), &addrs[names->addr_count++]))
			return err_say(e, EINVAL, "address %zu is none", i);
	}
	return 0;
}

static int write_out(int fd, const char *text, size_t len, const char *what, struct err *e)
{
	int rc = fd_write_all(fd, text, len);
	return rc < 0 ? err_set(e, -rc, "write the %s to descriptor %d", what, fd) : 0;
}

int main(int argc, char **argv)
{
	struct addr addrs[CERTIFICATE_ADDRS_MAX];
	struct certificate_names names;
	struct identity_pem pem;
	struct err e;
	int rc = seccomp_confine(&calls, &e);
	if (rc == 0)
		rc = read_arguments(argv + (argc > 0), &names, addrs, &e);
	if (rc == 0)
		rc = identity_make(&names, &pem, &e);
	if (rc == 0)
		rc = write_out(KEY_FD, pem.key, pem.key_len, "key", &e);
	if (rc == 0)
		rc = write_out(CERTIFICATE_FD, pem.certificate, pem.certificate_len, "certificate",
			       &e);
	explicit_bzero(&pem, sizeof(pem));
	if (rc < 0)
		fprintf(stderr, "make-identity: %s\n", e.text);
	return rc < 0;
}
