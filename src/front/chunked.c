/* SPDX-License-Identifier: MIT */
#include "chunked.h"

#include <string.h>

#include "lib/hex.h"

static enum head_result refuse(struct head_fault *fault, unsigned status, const char *text)
{
	*fault = (struct head_fault){status, status == 413 ? "too_large" : "bad_request", text};
	return HEAD_BAD;
}

static enum head_result refuse_line(struct head_fault *fault)
{
	return refuse(fault, 400, "a line of the chunked body doesn't end by CR LF");
}

/* Horizontal tab, blank, visible ASCII, and what is no ASCII (RFC 9110 5.5). */
static bool is_text(char byte)
{
	return byte == '\t' || ((uint8_t)byte >= ' ' && byte != 0x7f);
}

static enum head_result read_digit(struct chunked *c, char byte, struct head_fault *fault)
{
	int digit = hex_read_digit(byte);
	if (digit < 0)
		return refuse(fault, 400, "a chunk's size is no hexadecimal number");
	if (++c->digits > FRONT_CHUNK_DIGITS)
		return refuse(fault, 400, "a chunk's size has more than 16 digits");
	c->left = c->left << 4 | (unsigned)digit;
	c->state = CHUNKED_DIGITS;
	return HEAD_MORE;
}

static enum head_result read_size(struct chunked *c, char byte, struct head_fault *fault)
{
	switch (byte) {
	case '\r':
		c->state = CHUNKED_SIZE_LF;
		return HEAD_MORE;
	case ';':
		c->state = CHUNKED_EXTENSION;
		break;
	case ' ':
	case '\t':
		c->state = CHUNKED_BLANK;
		break;
	default:
		return read_digit(c, byte, fault);
	}
	c->extensions++;
	return HEAD_MORE;
}

/* RFC 9112 7.1.1: blanks may stand around the ; of an extension. */
static enum head_result read_extension(struct chunked *c, char byte, struct head_fault *fault)
{
	if (c->extensions++ >= FRONT_EXTENSIONS_BYTES)
		return refuse(fault, 400, "the chunks' extensions are longer than 4096 bytes");
	if (c->state == CHUNKED_EXTENSION && byte == '\r') {
		c->state = CHUNKED_SIZE_LF;
		return HEAD_MORE;
	}
	if (c->state == CHUNKED_BLANK && byte != ' ' && byte != '\t' && byte != ';')
		return refuse(fault, 400, "a chunk's size is no hexadecimal number");
	if (byte == ';')
		c->state = CHUNKED_EXTENSION;
	return is_text(byte) ? HEAD_MORE : refuse_line(fault);
}

/* The chunk's size is read. */
static enum head_result begin_chunk(struct chunked *c, struct head_fault *fault)
{
	if (c->left > FRONT_BODY_BYTES - c->len)
		return refuse(fault, 413, "the body is longer than 2147483647 bytes");
	c->len += c->left;
	c->digits = 0;
	c->state = c->left > 0 ? CHUNKED_DATA : CHUNKED_LINE;
	return HEAD_MORE;
}

static enum head_result read_trailer(struct chunked *c, char byte, struct head_fault *fault)
{
	if (c->trailers++ >= FRONT_TRAILERS_BYTES)
		return refuse(fault, 431, "the trailers are longer than 4096 bytes");
	if (c->state == CHUNKED_LINE && byte == '\r') {
		c->state = CHUNKED_END_LF;
	} else if (c->state == CHUNKED_VALUE) {
		if (byte == '\r')
			c->state = CHUNKED_LINE_LF;
		else if (!is_text(byte))
			return refuse_line(fault);
	} else if (c->state == CHUNKED_NAME && byte == ':') {
		c->state = CHUNKED_VALUE;
	} else if (http_is_token_char(byte)) {
		c->state = CHUNKED_NAME;
	} else {
		return refuse(fault, 400, "a trailer of the chunked body is no header field");
	}
	return HEAD_MORE;
}

/* One byte that isn't data. */
static enum head_result read_byte(struct chunked *c, char byte, struct head_fault *fault)
{
	enum chunked_state state = c->state;
	switch (state) {
	case CHUNKED_SIZE:
		return read_digit(c, byte, fault);
	case CHUNKED_DIGITS:
		return read_size(c, byte, fault);
	case CHUNKED_BLANK:
	case CHUNKED_EXTENSION:
		return read_extension(c, byte, fault);
	case CHUNKED_SIZE_LF:
		return byte == '\n' ? begin_chunk(c, fault) : refuse_line(fault);
	case CHUNKED_DATA_CR:
		c->state = CHUNKED_DATA_LF;
		return byte == '\r' ? HEAD_MORE
				    : refuse(fault, 400, "a chunk is longer than its size says");
	case CHUNKED_DATA_LF:
		c->state = CHUNKED_SIZE;
		return byte == '\n' ? HEAD_MORE : refuse_line(fault);
	case CHUNKED_LINE:
	case CHUNKED_NAME:
	case CHUNKED_VALUE:
		return read_trailer(c, byte, fault);
	case CHUNKED_LINE_LF:
	case CHUNKED_END_LF:
		c->state = state == CHUNKED_LINE_LF ? CHUNKED_LINE : CHUNKED_ENDED;
		return byte == '\n' ? HEAD_MORE : refuse_line(fault);
	case CHUNKED_DATA:
	case CHUNKED_ENDED:
		break;
	}
	return HEAD_MORE;
}

enum head_result chunked_read(struct chunked *c, char *bytes, size_t *len, size_t *data,
			      struct head_fault *fault)
{
	size_t at = 0;
	*data = 0;
	while (at < *len && c->state != CHUNKED_ENDED) {
		if (c->state != CHUNKED_DATA) {
			if (read_byte(c, bytes[at++], fault) == HEAD_BAD)
				return HEAD_BAD;
			continue;
		}
		size_t n = *len - at < c->left ? *len - at : (size_t)c->left;
		memmove(bytes + *data, bytes + at, n);
		*data += n;
		at += n;
		c->left -= n;
		if (c->left == 0)
			c->state = CHUNKED_DATA_CR;
	}
	*len -= at;
	if (c->state != CHUNKED_ENDED)
		return HEAD_MORE;
	memmove(bytes + *data, bytes + at, *len);
	return HEAD_DONE;
}
