/* SPDX-License-Identifier: MIT */
#include "pem.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "der.h"

void pem_init(struct pem *p, const uint8_t *text, size_t len)
{
	static const uint8_t utf8_mark[] = {0xef, 0xbb, 0xbf}; /* as Windows' editors begin */
	*p = (struct pem){.text = text, .len = len};
	br_pem_decoder_init(&p->decoder);
	if (len >= sizeof(utf8_mark) && memcmp(text, utf8_mark, sizeof(utf8_mark)) == 0)
		p->at = sizeof(utf8_mark);
}

/* Go on to the next event of BearSSL's, 0 if there is none before the text ends. */
static int next_event(struct pem *p)
{
	while (p->at < p->len) {
		p->at += br_pem_decoder_push(&p->decoder, p->text + p->at, p->len - p->at);
		int event = br_pem_decoder_event(&p->decoder);
		if (event)
			return event;
	}
	/* The last line may lack its end. */
	br_pem_decoder_push(&p->decoder, "\n", 1);
	return br_pem_decoder_event(&p->decoder);
}

bool pem_next(struct pem *p)
{
	int event;
	br_pem_decoder_setdest(&p->decoder, NULL, NULL);
	while ((event = next_event(p)) != 0 && event != BR_PEM_BEGIN_OBJ) {
		if (event == BR_PEM_ERROR) /* it would keep bytes for the next object */
			br_pem_decoder_init(&p->decoder);
	}
	return event == BR_PEM_BEGIN_OBJ;
}

/* The dashes behind the label are there, and more, if the line ends with a CR. */
bool pem_is(const struct pem *p, const char *label)
{
	size_t len = strlen(label);
	const char *name = p->decoder.name;
	return strncasecmp(name, label, len) == 0 &&
	       (!name[len] || strncmp(name + len, "--", 2) == 0);
}

/* Of the line that was read last. */
static size_t line_number(const struct pem *p)
{
	size_t count = 0;
	for (size_t i = 0; i < p->at; i++)
		count += p->text[i] == '\n';
	return count + (p->at > 0 && p->text[p->at - 1] != '\n');
}

int pem_decode(struct pem *p, void (*sink)(void *context, const void *bytes, size_t len),
	       void *context, struct err *e)
{
	br_pem_decoder_setdest(&p->decoder, sink, context);
	switch (next_event(p)) {
	case BR_PEM_END_OBJ:
		return 0;
	case BR_PEM_ERROR:
		return err_say(e, EINVAL, "line %zu is not PEM", line_number(p));
	default:
		return err_say(e, EINVAL, "it ends before its last line, -----END ...");
	}
}

bool pem_is_der(const uint8_t *text, size_t len)
{
	return len > 1 && text[0] == DER_SEQUENCE && text[1] >= 0x80;
}
