/* SPDX-License-Identifier: MIT */
/* The programs that PID 1 keeps running: started, and started again when they end, at first after
 * 0.1 s and then at twice the distance each time, up to 10 s. One that has run for 10 s begins
 * anew. */
#ifndef SQUASH_INIT_SERVICE_SERVICES_H
#define SQUASH_INIT_SERVICE_SERVICES_H

#include "lib/err.h"
#include "service.h"

#define SERVICE_DELAY_MIN_MS 100
#define SERVICE_DELAY_MAX_MS 10000
#define SERVICE_STEADY_MS 10000 /* it runs: past failures are forgotten */
#define SERVICE_FAILURES_SAID 5 /* in a row, each said; then once that it keeps failing */

/* Make the socket that squashd answers on, and show it in httpd's root. Made once and never
 * closed, so that a request that comes while squashd is being restarted waits and is not lost. */
int services_listen(struct services *s, struct err *e);

/* Have a service run from now on; interface is for DHCP clients, or NULL. SERVICE_NTP waits a while
 * for services_restart_ntp(). */
void services_add(struct services *s, enum service_kind kind, const char *interface);

/* Forget the services of this network card, which is gone, and end them. */
void services_drop(struct services *s, const char *interface);

/* The DHCP client of this card, if any, shall ask again: its cable was out. */
void services_renew(struct services *s, const char *interface);

/* The network has an address that it hadn't: ntpd, if there is to be one, shall begin anew, or
 * begin. It asks less and less often for names that don't resolve and of servers that don't
 * answer. */
void services_restart_ntp(struct services *s);

/* Start what is due. Milliseconds until this must be called again, or -1. */
int services_run_due(struct services *s);

/* A child has ended; true if it was a service. */
bool services_reap(struct services *s, pid_t pid, int status);

/* End the services of a kind for good: SIGTERM, and SIGKILL after timeout_ms. */
void services_stop(struct services *s, enum service_kind kind, int timeout_ms);

#endif
