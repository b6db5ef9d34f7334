/* SPDX-License-Identifier: MIT */
/* Assembled by hand: it is 40 instructions, and the build has no compiler for BPF. They are as in
 * Documentation/bpf/standardization/instruction-set.rst; r1 to r5 are arguments, r0 is the result,
 * and a call spoils r0 to r5. */
#include "egress_bpf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/egress_fds.h"
#include "lib/fd.h"

enum { RELAY, RELAY6, RELAYS }; /* the entries of the map */

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* In a union with padding, of which the kernel wants all that we don't set to be zero. */
#define NEW_ATTR(name)                                                                             \
	union bpf_attr name;                                                                       \
	memset(&(name), 0, sizeof(name))

static int put_listener(int map_fd, uint32_t index, int listener_fd, struct err *e)
{
	uint64_t value = (uint64_t)listener_fd;
	NEW_ATTR(attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uint64_t)(uintptr_t)&index;
	attr.value = (uint64_t)(uintptr_t)&value;
	attr.flags = BPF_ANY;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0 ? err_set(e, errno, "put a socket into a map")
						   : 0;
}

static int make_map(int relay_fd, int relay6_fd, struct err *e)
{
	NEW_ATTR(attr);
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = RELAYS;
	AUTO_FD fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return err_set(e, errno, "make a map of sockets");
	int rc = put_listener(fd, RELAY, relay_fd, e);
	if (rc == 0 && relay6_fd >= 0)
		rc = put_listener(fd, RELAY6, relay6_fd, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

#define INSN(c, dst, src, o, i)                                                                    \
	{                                                                                          \
		.code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (int32_t)(i)   \
	}
#define MOVE(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ADD(dst, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define AND32(dst, value) INSN(BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, value)
#define OR(dst, src) INSN(BPF_ALU64 | BPF_OR | BPF_X, dst, src, 0, 0)
/* A field of the lookup, 32 bits of it; and 32 bits to the stack. */
#define LOAD(dst, src, field)                                                                      \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, offsetof(struct bpf_sk_lookup, field), 0)
#define STORE(dst, offset, src) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, offset, 0)
/* The map by its descriptor: two instructions' room. */
#define LOAD_MAP(dst, fd)                                                                          \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
/* Jumps count from the instruction behind them. These compare 32 bits, */
#define IF(reg, value, distance) INSN(BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, distance, value)
#define IF_NOT(reg, value, distance) INSN(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, distance, value)
/* and these all 64. */
#define IF_NULL(reg, distance) INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, distance, 0)
#define IF_SET(reg, distance) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, distance, 0)
#define GO(distance) INSN(BPF_JMP | BPF_JA, 0, 0, distance, 0)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Where jumps go to. */
enum { IPV6 = 11, GIVE = 20, PASS = 36, DROP = 38 };

static int load_program(int map_fd, struct err *e)
{
	const struct bpf_insn program[] = {
		/* What is not TCP is none of ours. r6 stays the lookup. */
		[0] = MOVE(BPF_REG_6, BPF_REG_1),
		[1] = LOAD(BPF_REG_2, BPF_REG_6, protocol),
		[2] = IF_NOT(BPF_REG_2, IPPROTO_TCP, PASS - 3),
		[3] = LOAD(BPF_REG_2, BPF_REG_6, family),
		[4] = IF(BPF_REG_2, AF_INET6, IPV6 - 5),
		/* IPv4: neither the resolver nor 127.0.0.0/8. Addresses come in network byte order.
		 * r7 becomes the listener's place in the map. */
		[5] = SET(BPF_REG_7, RELAY),
		[6] = LOAD(BPF_REG_2, BPF_REG_6, local_ip4),
		[7] = IF(BPF_REG_2, htonl(EGRESS_RESOLVER), PASS - 8),
		[8] = AND32(BPF_REG_2, htonl(0xff000000)),
		[9] = IF(BPF_REG_2, htonl(0x7f000000), PASS - 10),
		[10] = GO(GIVE - 11),
		/* IPv6: not ::1, three words of 0 and a 1. */
		[IPV6] = SET(BPF_REG_7, RELAY6),
		[12] = LOAD(BPF_REG_2, BPF_REG_6, local_ip6[0]),
		[13] = LOAD(BPF_REG_3, BPF_REG_6, local_ip6[1]),
		[14] = OR(BPF_REG_2, BPF_REG_3),
		[15] = LOAD(BPF_REG_3, BPF_REG_6, local_ip6[2]),
		[16] = OR(BPF_REG_2, BPF_REG_3),
		[17] = IF_NOT(BPF_REG_2, 0, GIVE - 18),
		[18] = LOAD(BPF_REG_2, BPF_REG_6, local_ip6[3]),
		[19] = IF(BPF_REG_2, htonl(1), PASS - 20),
		/* The listener, with a reference to it: bpf_map_lookup_elem(map, &r7). Without one
		 * the connection is refused: it is not for the sandbox's own sockets. */
		[GIVE] = STORE(BPF_REG_10, -4, BPF_REG_7),
		[21] = LOAD_MAP(BPF_REG_1, map_fd),
		[23] = MOVE(BPF_REG_2, BPF_REG_10),
		[24] = ADD(BPF_REG_2, -4),
		[25] = CALL(BPF_FUNC_map_lookup_elem),
		[26] = IF_NULL(BPF_REG_0, DROP - 27),
		/* It is the one that is looked for: bpf_sk_assign(lookup, listener, 0). */
		[27] = MOVE(BPF_REG_7, BPF_REG_0),
		[28] = MOVE(BPF_REG_1, BPF_REG_6),
		[29] = MOVE(BPF_REG_2, BPF_REG_0),
		[30] = SET(BPF_REG_3, 0),
		[31] = CALL(BPF_FUNC_sk_assign),
		[32] = MOVE(BPF_REG_8, BPF_REG_0),
		/* The reference goes back, whatever came of it: bpf_sk_release(listener). */
		[33] = MOVE(BPF_REG_1, BPF_REG_7),
		[34] = CALL(BPF_FUNC_sk_release),
		[35] = IF_SET(BPF_REG_8, DROP - 36),
		/* The assigned socket, or, without one, what the kernel finds by itself. */
		[PASS] = SET(BPF_REG_0, SK_PASS),
		[37] = EXIT(),
		[DROP] = SET(BPF_REG_0, SK_DROP),
		[39] = EXIT(),
	};
	NEW_ATTR(attr);
	attr.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	attr.expected_attach_type = BPF_SK_LOOKUP;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uint64_t)(uintptr_t) "MIT";
	int fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? err_set(e, errno, "load the program for connections") : fd;
}

int egress_bpf_attach(int netns_fd, int relay_fd, int relay6_fd, struct err *e)
{
	AUTO_FD map = make_map(relay_fd, relay6_fd, e);
	AUTO_FD program = map < 0 ? map : load_program(map, e);
	if (program < 0)
		return program;
	NEW_ATTR(attr);
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t)netns_fd;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	int fd = bpf(BPF_LINK_CREATE, &attr);
	return fd < 0 ? err_set(e, errno, "attach the program for connections") : fd;
}
