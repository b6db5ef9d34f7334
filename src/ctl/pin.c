/* SPDX-License-Identifier: MIT */
/* pin: get to know an appliance by its certificate, and write it into the config. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runs.h"
#include "wire.h"

static int read_url(struct ctl *c, const char *text)
{
	struct url *u = &c->settings.url;
	const char *fault = url_parse(text, u);
	if (fault)
		return ctl_fail(c, EXIT_USAGE, "%s %s", text, fault);
	if (!u->is_tls)
		return ctl_fail(c, EXIT_USAGE, "http:// has no certificate");
	return 0;
}

/* The fingerprint of whoever answers there, and has the key. */
static int fetch(struct ctl *c)
{
	static struct wire w;
	struct err e;
	if (wire_open(&w, &c->settings.url, NULL, &e) < 0)
		return ctl_fail(c, e.number == EPROTO ? EXIT_STRANGE : EXIT_UNAVAILABLE, "%s",
				e.text);
	memcpy(c->settings.fingerprint, w.pinned.seen, sizeof(c->settings.fingerprint));
	wire_close(&w);
	return 0;
}

static bool is_yes(void)
{
	char answer[16];
	return fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0;
}

int command_pin(struct ctl *c, const struct args *args)
{
	char fingerprint[FINGERPRINT_TEXT_BYTES], path[PATH_MAX];
	struct settings *s = &c->settings;
	struct err e;
	int rc = read_url(c, args->words[0]);
	const char *file = args_get(args, "token-file");
	if (rc == 0 && file && settings_read_token(file, s->token, &e) < 0)
		rc = ctl_fail(c, EXIT_LOCAL, "%s", e.text);
	if (rc == 0 && settings_config_path(path, &e) < 0)
		rc = ctl_fail(c, EXIT_CONFIG, "%s", e.text);
	if (rc == 0)
		rc = fetch(c);
	if (rc != 0)
		return rc;
	printf("The certificate of %s has the SHA-256\n\n  %s\n\n", s->url.host,
	       settings_write_fingerprint(s->fingerprint, fingerprint));
	printf("Its console shows the same if it is the appliance. It goes into %s,\n"
	       "and a token that is there will be sent to it.\nIs it the same (yes or no)? ",
	       path);
	fflush(stdout);
	if (!is_yes())
		return ctl_fail(c, EXIT_REFUSED, "nothing has been written");
	if (settings_save(s, &e) < 0)
		return ctl_fail(c, EXIT_CONFIG, "%s", e.text);
	return 0;
}
