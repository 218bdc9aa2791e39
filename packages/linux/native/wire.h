/* What the server and the threads of a program's processes say to each other, over sockets that keep message boundaries. */
#ifndef WIRE_H
#define WIRE_H
#include <stdint.h>

/* Threads of a process at once: each has a stack of its own in the helper's data segment. */
#define MAX_THREADS 24

enum request_kind {
	REQ_SPAWN = 1, /* with a socket: a new thread that serves it */
	REQ_READ, REQ_WRITE, /* address, value */
	REQ_MMAP, /* address, length, prot, flags, offset; a file comes along unless anonymous */
	REQ_MUNMAP, REQ_MPROTECT, REQ_MADVISE, REQ_MLOCK, REQ_MUNLOCK, /* address, length, argument */
	REQ_MREMAP, /* address, length, new length, flags, address to move to, enum mremap_way */
	REQ_FORK, /* with the child's socket */
	REQ_EXIT,
	REQ_USERFAULTFD, /* flags; the descriptor comes back with the reply */
	REQ_MOVE /* destination, length, source, mode; the descriptor comes along */
};

enum mremap_way {
	MREMAP_AS_IT_IS,
	MREMAP_PROPOSED, /* the address to move to is only a proposal */
	MREMAP_CUT_FIRST /* what moves is made a mapping of its own first: see reservations.c */
};

struct request {
	uint64_t kind;
	uint64_t arg[6];
};

struct reply {
	int64_t result; /* of the call: a negated errno when it failed */
	int64_t value64; /* what the call left in its argument */
	int32_t signal, code;
	uint32_t value;
	int32_t interrupted;
	int32_t tid;
};

/* Sends a message, with a descriptor unless it is negative. Returns 0 or -1. */
int wire_send(int sock, const void *message, unsigned long size, int fd);
/* Receives a message; *fd becomes the descriptor that came along, or -1. Returns its size, 0 at the end, -1 on error. */
long wire_receive(int sock, void *message, unsigned long size, int *fd, int flags);

/* Serves a process's control socket, on file descriptor CONTROL_FD, until it closes. Never returns. */
#define CONTROL_FD 3
void tenant_main(int own_stack) __attribute__((noreturn));
/* The calling process is killed when its parent, which must be `parent`, has ended in whatever way. */
void die_with(int parent);
/* Once, in the server: notes what must be touched so that page-table bytes are comparable. */
void tenant_prepare(void);
/* Whether a range holds memory of the helper itself. */
int tenant_owns(uint64_t start, uint64_t length);
#endif
