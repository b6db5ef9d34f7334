/* SPDX-License-Identifier: MIT */
/* What stands behind the ? of a URL: parameters that are known, once each, or a 400 that names the
 * one that is not good. */
#include <string.h>

#include "api/query.h"
#include "exact.h"
#include "tap.h"
#include "texts.h"

static const struct parameter known[] = {
	{"name", PARAMETER_TEXT, TAG_MODULE},         {"sha256", PARAMETER_TEXT, TAG_SHA256},
	{"wait", PARAMETER_NUMBER, TAG_WAIT},         {"recursive", PARAMETER_DIGIT, TAG_RECURSIVE},
	{"downgrade", PARAMETER_WORD, TAG_DOWNGRADE}, {"mode", PARAMETER_MODE, TAG_MODE},
};

static char memory[1024];

static int parse(const char *text, struct buf *fields, struct request_fault *fault)
{
	char *exact = exact_copy(text, strlen(text) + 1);
	*fields = (struct buf){.data = memory, .cap = sizeof(memory)};
	*fault = (struct request_fault){.status = 0};
	int rc = query_parse(exact, known, sizeof(known) / sizeof(known[0]), fields, fault);
	free(exact);
	return rc;
}

static const struct parameter *find(uint32_t tag)
{
	const struct parameter *p = known;
	while (p->tag != tag)
		p++;
	return p;
}

/* The fields as "[name=value]", one behind the other; numbers in decimal digits. */
static const char *show(const struct buf *fields)
{
	static char text[1024];
	struct msg_cursor c = {.at = (const uint8_t *)fields->data, .left = fields->len};
	struct buf out = {.data = text, .cap = sizeof(text) - 1};
	struct msg_field f;
	uint64_t number;
	while (msg_next(&c, &f) > 0) {
		const struct parameter *p = find(f.tag);
		buf_printf(&out, "[%s=", p->name);
		if (p->type == PARAMETER_TEXT)
			buf_add(&out, f.data, f.len);
		else if (msg_number(&f, &number) == 0)
			buf_printf(&out, "%llu", (unsigned long long)number);
		buf_add_text(&out, "]");
	}
	text[out.len] = '\0';
	return text;
}

/* What is read of the query, as show has it; NULL: it is refused. */
static const char *read_query(const char *text)
{
	struct buf fields;
	struct request_fault fault;
	return parse(text, &fields, &fault) == 0 ? show(&fields) : NULL;
}

static const struct text_case good[] = {
	{"", ""},
	{"name=100-x", "[name=100-x]"},
	{"name=100-x&sha256=ab", "[name=100-x][sha256=ab]"},
	{"sha256=ab&name=100-x", "[sha256=ab][name=100-x]"},
	{"name=", "[name=]"},
	{"name=a=b", "[name=a=b]"},
	{"name=%31%30%30%2Dx%2bY", "[name=100-x+Y]"},
	{"name=110-g++", "[name=110-g++]"},
	{"n%61me=x", "[name=x]"},
	{"name=a%26sha256%3Db", "[name=a&sha256=b]"},
	{"name=%ff", "[name=\xff]"},
	{"wait=0", "[wait=0]"},
	{"wait=007", "[wait=7]"},
	{"wait=%31", "[wait=1]"},
	{"wait=18446744073709551615", "[wait=18446744073709551615]"},
	{"recursive=0&downgrade=false", "[recursive=0][downgrade=0]"},
	{"recursive=1&downgrade=true", "[recursive=1][downgrade=1]"},
	{"mode=0", "[mode=0]"},
	{"mode=644", "[mode=420]"},
	{"mode=7777", "[mode=4095]"},
	{"mode=07777", "[mode=4095]"},
	{"mode=00644", "[mode=420]"},
};

static void test_good(void)
{
	TEXTS_CHECK("query", good, read_query);
}

/* Why the query is refused, by a 400; NULL: it isn't. */
static const char *refuse(const char *text)
{
	static struct request_fault fault;
	struct buf fields;
	return parse(text, &fields, &fault) < 0 && fault.status == 400 ? fault.text : NULL;
}

static const struct text_case bad[] = {
	{"nam=x", "there is no parameter \"nam\""},
	{"Name=x", "there is no parameter \"Name\""},
	{"name=x&force=1", "there is no parameter \"force\""},
	{"name%00=x", "a parameter's name holds a NUL"},
	{"name=x&name=x", "name is given twice"},
	{"name=x&sha256=&sha256=", "sha256 is given twice"},
	{"name", "name has no value"},
	{"=x", "there is no parameter \"\""},
	{"&name=x", "there is no parameter \"\""},
	{"name=x&&sha256=a", "there is no parameter \"\""},
	{"name=x&", "the query ends in a &"},
	{"name=%", "name has a % without two hexadecimal digits"},
	{"name=%4", "name has a % without two hexadecimal digits"},
	{"name=%4&sha256=1", "name has a % without two hexadecimal digits"},
	{"name=%4g", "name has a % without two hexadecimal digits"},
	{"name=%-1", "name has a % without two hexadecimal digits"},
	{"name=%00", "name holds a NUL"},
	{"sha256=a%00b", "sha256 holds a NUL"},
	{"wait=", "wait is \"\"; it must be a whole number below 2^64"},
	{"wait=-1", "wait is \"-1\"; it must be a whole number below 2^64"},
	{"wait=+1", "wait is \"+1\"; it must be a whole number below 2^64"},
	{"wait=1x", "wait is \"1x\"; it must be a whole number below 2^64"},
	{"wait=1.5", "wait is \"1.5\"; it must be a whole number below 2^64"},
	{"wait=%201", "wait is \" 1\"; it must be a whole number below 2^64"},
	{"wait=18446744073709551616",
	 "wait is \"18446744073709551616\"; it must be a whole number below 2^64"},
	{"wait=99999999999999999999",
	 "wait is \"99999999999999999999\"; it must be a whole number below 2^64"},
	{"recursive=", "recursive is \"\"; it must be 0 or 1"},
	{"recursive=2", "recursive is \"2\"; it must be 0 or 1"},
	{"recursive=true", "recursive is \"true\"; it must be 0 or 1"},
	{"recursive=01", "recursive is \"01\"; it must be 0 or 1"},
	{"downgrade=1", "downgrade is \"1\"; it must be true or false"},
	{"downgrade=TRUE", "downgrade is \"TRUE\"; it must be true or false"},
	{"mode=", "mode is \"\"; it must be octal, up to 7777"},
	{"mode=8", "mode is \"8\"; it must be octal, up to 7777"},
	{"mode=10000", "mode is \"10000\"; it must be octal, up to 7777"},
	{"mode=007777", "mode is \"007777\"; it must be octal, up to 7777"},
	{"mode=-1", "mode is \"-1\"; it must be octal, up to 7777"},
};

static void test_bad(void)
{
	TEXTS_CHECK("query", bad, refuse);
}

static void test_lengths(void)
{
	char text[QUERY_VALUE_BYTES + 16] = "name=";
	struct buf fields;
	struct request_fault fault;
	memset(text + 5, 'x', QUERY_VALUE_BYTES - 1);
	tap_ok(parse(text, &fields, &fault) == 0, "the longest value");
	text[QUERY_VALUE_BYTES + 4] = 'x';
	tap_ok(parse(text, &fields, &fault) < 0 && strstr(fault.text, "too long"),
	       "one byte more is refused");
	memset(text, 'n', sizeof(text) - 1);
	tap_ok(parse(text, &fields, &fault) < 0 && strstr(fault.text, "too long"),
	       "so is a name that is longer");
}

int main(void)
{
	test_good();
	test_bad();
	test_lengths();
	return tap_done();
}
