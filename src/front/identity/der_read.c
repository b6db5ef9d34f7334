/* SPDX-License-Identifier: MIT */
#include "der_read.h"

#include <time.h>

#define LENGTH_BYTES_MAX 3 /* 16 MiB: no certificate comes near */

/* Take a length off, X.690 8.1.3 and 10.1. */
static bool take_length(struct der *d, size_t *len)
{
	if (d->left == 0)
		return false;
	*len = *d->at++;
	d->left--;
	if (*len < 0x80)
		return true;
	size_t count = *len & 0x7f;
	if (count == 0 || count > LENGTH_BYTES_MAX || count > d->left)
		return false;
	*len = 0;
	for (size_t i = 0; i < count; i++)
		*len = *len << 8 | d->at[i];
	d->at += count;
	d->left -= count;
	return *len >= 0x80 && *len >> 8 * (count - 1) != 0;
}

bool der_take(struct der *d, uint8_t *tag, struct der *content)
{
	enum { NUMBER = 0x1f }; /* of a tag; all set: it goes on in further bytes */
	struct der rest = *d;
	size_t len;
	if (rest.left == 0)
		return false;
	*tag = *rest.at++;
	rest.left--;
	if ((*tag & NUMBER) == NUMBER || !take_length(&rest, &len) || len > rest.left)
		return false;
	*content = (struct der){rest.at, len};
	*d = (struct der){rest.at + len, rest.left - len};
	return true;
}

bool der_take_tag(struct der *d, uint8_t tag, struct der *content)
{
	uint8_t found;
	struct der rest = *d;
	if (!der_take(&rest, &found, content) || found != tag)
		return false;
	*d = rest;
	return true;
}

/* Take a decimal number of so many digits off. */
static bool take_number(struct der *d, size_t digits, int *number)
{
	*number = 0;
	if (d->left < digits)
		return false;
	for (; digits > 0; digits--) {
		uint8_t c = *d->at++;
		d->left--;
		if (c < '0' || c > '9')
			return false;
		*number = *number * 10 + (c - '0');
	}
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

bool der_read_time(uint8_t tag, struct der content, int64_t *seconds)
{
	int year, month;
	struct tm tm = {.tm_isdst = 0};
	if (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME)
		return false;
	if (!take_number(&content, tag == DER_UTC_TIME ? 2 : 4, &year) ||
	    !take_number(&content, 2, &month) || !take_number(&content, 2, &tm.tm_mday) ||
	    !take_number(&content, 2, &tm.tm_hour) || !take_number(&content, 2, &tm.tm_min) ||
	    !take_number(&content, 2, &tm.tm_sec) || content.left != 1 || *content.at != 'Z')
		return false;
	if (tag == DER_UTC_TIME)
		year += year < 50 ? 2000 : 1900; /* RFC 5280 4.1.2.5.1 */
	if (month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > days_of(year, month) ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*seconds = timegm(&tm);
	return true;
}

/* SEQUENCE { notBefore Time, notAfter Time } */
static bool take_validity(struct der *tbs, struct der_certificate *c)
{
	struct der validity, time;
	uint8_t tag;
	return der_take_tag(tbs, DER_SEQUENCE, &validity) && der_take(&validity, &tag, &time) &&
	       der_read_time(tag, time, &c->not_before) && der_take(&validity, &tag, &time) &&
	       der_read_time(tag, time, &c->not_after) && validity.left == 0;
}

/* SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE, signatureValue BIT STRING } */
static bool read_parts(struct der all, struct der *tbs)
{
	struct der certificate, skipped;
	return der_take_tag(&all, DER_SEQUENCE, &certificate) && all.left == 0 &&
	       der_take_tag(&certificate, DER_SEQUENCE, tbs) &&
	       der_take_tag(&certificate, DER_SEQUENCE, &skipped) &&
	       der_take_tag(&certificate, DER_BIT_STRING, &skipped) && certificate.left == 0;
}

const char *der_read_certificate(const uint8_t *bytes, size_t len, struct der_certificate *c)
{
	struct der tbs, skipped;
	if (!read_parts((struct der){bytes, len}, &tbs))
		return "it is no X.509 certificate, or a part of one";
	der_take_tag(&tbs, DER_CONTEXT_OF(0), &skipped); /* version: version 1 has none */
	if (!der_take_tag(&tbs, DER_INTEGER, &skipped) ||
	    !der_take_tag(&tbs, DER_SEQUENCE, &skipped)) /* the signature's algorithm */
		return "it has no serial number";
	if (!der_take_tag(&tbs, DER_SEQUENCE, &c->issuer))
		return "it has no issuer";
	if (!take_validity(&tbs, c))
		return "it has no validity, or one with dates that are none";
	if (!der_take_tag(&tbs, DER_SEQUENCE, &c->subject))
		return "it has no subject";
	return NULL;
}
