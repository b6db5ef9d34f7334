/* SPDX-License-Identifier: MIT */
#include "trusting.h"

void trusting_begin(struct trusting *t, const void *seed, size_t len)
{
	br_x509_minimal_context unused;
	br_ssl_client_init_full(&t->client, &unused, NULL, 0);
	pinned_init(&t->judge, NULL);
	br_ssl_engine_set_x509(&t->client.eng, &t->judge.vtable);
	br_ssl_engine_set_buffers_bidi(&t->client.eng, t->in, sizeof(t->in), t->out,
				       sizeof(t->out));
	br_ssl_engine_inject_entropy(&t->client.eng, seed, len);
}
