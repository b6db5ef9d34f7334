# SPDX-License-Identifier: MIT
"""Requests of which two servers could make two things (RFC 9112 11.2), and such as are none at all."""

H = b"Host: a\r\n"
GET = b"GET /cgi-bin/api/x HTTP/1.1\r\n"
POST = b"POST /cgi-bin/api/x HTTP/1.1\r\n"
END = b"\r\n"
CHUNKS = b"5\r\nabcde\r\n0\r\n\r\n"


def length(value):
    return POST + H + b"Content-Length:" + value + END + END + b"abcde"


def encoding(field):
    return POST + H + field + END + END + CHUNKS


AMBIGUOUS = {
    "two lengths that are the same": POST + H + b"Content-Length: 5\r\n" * 2 + END + b"abcde",
    "two lengths": POST + H + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nabcde",
    "two lengths, the first none": POST + H + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde",
    "a length, then chunked": POST + H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunked, then a length": POST + H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS,
    "chunked": encoding(b"Transfer-Encoding: chunked"),
    "Chunked": encoding(b"transfer-encoding: Chunked"),
    "xchunked": encoding(b"Transfer-Encoding: xchunked"),
    "chunked behind a tab": encoding(b"Transfer-Encoding:\tchunked"),
    "chunked, identity": encoding(b"Transfer-Encoding: chunked, identity"),
    "identity": encoding(b"Transfer-Encoding: identity"),
    "chunked twice": encoding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    "an empty Transfer-Encoding": encoding(b"Transfer-Encoding:"),
    "chunked with a vertical tab": encoding(b"Transfer-Encoding: \x0bchunked"),
    "chunked behind a colon with a blank": encoding(b"Transfer-Encoding : chunked"),
    "a blank before Transfer-Encoding": encoding(b"A: b\r\n Transfer-Encoding: chunked"),
    "chunked in a folded line": encoding(b"Transfer-Encoding:\r\n chunked"),
    "Transfer_Encoding behind CR": encoding(b"A: b\rTransfer-Encoding: chunked"),
    "Transfer-Encoding behind LF": encoding(b"A: b\nTransfer-Encoding: chunked"),
    "chunked of HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "a length of +5": length(b" +5"),
    "a length of -5": length(b" -5"),
    "a length of 0x5": length(b" 0x5"),
    "a length of 5,5": length(b" 5,5"),
    "a length of 5 5": length(b" 5 5"),
    "a length of 5 with a vertical tab": length(b" \x0b5"),
    "a length in quotes": length(b' "5"'),
    "an empty length": length(b""),
    "a length that runs over to 5": length(b" 18446744073709551621"),
    "a length of many nines": length(b" " + b"9" * 100),
    "a length of 2 GiB": length(b" 2147483648"),
    "a length behind a colon with a blank": POST + H + b"Content-Length : 5\r\n\r\nabcde",
    "a length in a folded line": POST + H + b"Content-Length:\r\n 5\r\n\r\nabcde",
    "a folded line": GET + H + b"A: b\r\n c: d\r\n\r\n",
    "a folded line by a tab": GET + H + b"A: b\r\n\tc: d\r\n\r\n",
    "lines that end by LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "a field that ends by LF": GET + H + b"A: b\n\r\n",
    "an end by LF": GET + H + b"\n",
    "CR in a field": GET + H + b"A: b\rc: d\r\n\r\n",
    "CR CR LF": GET + H + b"A: b\r\r\n\r\n",
    "NUL in a field": GET + H + b"A: \0\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n" + H + END,
    "NUL for a blank": b"GET /\0HTTP/1.1\r\n" + H + END,
    "an empty line before it": END + GET + H + END,
    "a blank before it": b" " + GET + H + END,
    "a blank before the first field": GET + b" " + H + END,
    "a field without a colon": GET + H + b"A\r\n\r\n",
    "a field without a name": GET + H + b": b\r\n\r\n",
    "a name with a blank": GET + H + b"A B: c\r\n\r\n",
    "a name with a tab": GET + H + b"A\t: c\r\n\r\n",
    "a name with high bytes": GET + H + b"Content-Length\xc2\xa0: 5\r\n\r\n",
    "a name with a slash": GET + H + b"A/B: c\r\n\r\n",
    "no Host": GET + END,
    "two Hosts": GET + H + H + END,
    "two Hosts that differ": GET + H + b"Host: b\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + H + END,
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/1.1 in small letters": b"GET / http/1.1\r\n" + H + END,
    "a ClientHello": bytes.fromhex("16030100ae010000aa0303") + bytes(163),
    "two blanks": b"GET  / HTTP/1.1\r\n" + H + END,
    "a tab for a blank": b"GET\t/ HTTP/1.1\r\n" + H + END,
    "a blank in the target": b"GET /a b HTTP/1.1\r\n" + H + END,
    "a blank behind the version": b"GET / HTTP/1.1 \r\n" + H + END,
    "a high byte in the target": b"GET /\xff HTTP/1.1\r\n" + H + END,
    "the asterisk form": b"OPTIONS * HTTP/1.1\r\n" + H + END,
    "the authority form": b"CONNECT a:80 HTTP/1.1\r\n" + H + END,
    "a target that is no path": b"GET x HTTP/1.1\r\n" + H + END,
    "a method in small letters": b"post /cgi-bin/api/x HTTP/1.1\r\n" + H + b"Content-Length: 5\r\n\r\nabcde",
    "a method that is no token": b"G@T / HTTP/1.1\r\n" + H + END,
    "a long method": b"G" * 16 + b" / HTTP/1.1\r\n" + H + END,
    "a very long method": b"G" * 100000 + b" / HTTP/1.1\r\n" + H + END,
    "a long target": b"GET /" + b"a" * 4096 + b" HTTP/1.1\r\n" + H + END,
    "a very long target": b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\n" + H + END,
    "a long token": GET + H + b"Authorization: " + b"a" * 2049 + b"\r\n\r\n",
    "101 fields": GET + H + b"A: b\r\n" * 100 + END,
    "a megabyte of fields": GET + H + b"A: " + b"b" * 8000 + END + (b"A: " + b"b" * 8000 + END) * 130 + END,
    "a field of a megabyte": GET + H + b"A: " + b"b" * 1000000 + b"\r\n\r\n",
}

# The same without what is wrong.
GOOD = [
    GET + H + END,
    length(b" 5"),
    length(b"\t005 "),
    GET + H + b"A: \x80\xff\t \r\nTransfer_Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    GET + H + b"A: b\r\n" * 99 + END,
]
