/*
 * A process of a program. Its first thread does nothing but start others: each serves one socket and performs one request after the
 * other, so that a thread that waits for ever holds up nobody else.
 */
#include "kernel-api.h"
#include "wire.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE 65536
#define MAX_OWN 64
#define TWO_MIB (2ull << 20)

static char stacks[MAX_THREADS][STACK_SIZE] __attribute__((aligned(65536)));
static int stack_used[MAX_THREADS];

static struct { uint64_t start, end; int readable; } own[MAX_OWN];
static int nr_own;

static __thread sigjmp_buf escape;
static __thread volatile int escaping;
static __thread volatile struct reply *current;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (!escaping)
		_exit(99);
	if (signal == SIGUSR1) {
		current->interrupted = 1;
	} else {
		current->signal = signal;
		current->code = info->si_code;
	}
	siglongjmp(escape, 1);
}

static void touch_own(void)
{
	for (int i = 0; i < nr_own; i++) {
		if (!own[i].readable)
			continue;
		for (uint64_t at = own[i].start; at < own[i].end; at = (at / TWO_MIB + 1) * TWO_MIB)
			(void)*(volatile char *)at;
	}
}

static void *nothing(void *argument)
{
	return argument;
}

static int start_thread(int slot, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stacks[slot], STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	return pthread_create(&thread, &attributes, body, argument);
}

void tenant_prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER };
	char line[512];

	sigaction(SIGSEGV, &action, 0);
	sigaction(SIGBUS, &action, 0);
	sigaction(SIGUSR1, &action, 0);
	/* The allocator gets what a thread needs here, once: later the heap must not grow. */
	start_thread(0, nothing, 0);
	free(malloc(65536));
	for (int i = 0; i < MAX_THREADS; i++)
		memset(stacks[i], 0, 64);
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps) && nr_own < MAX_OWN) {
		unsigned long start, end;
		char rights[8], name[256] = "";
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, rights, name) < 3 || start > 0x7fffffffffffull)
			continue;
		own[nr_own].start = start;
		own[nr_own].end = end;
		own[nr_own++].readable = rights[0] == 'r' && strncmp(name, "[v", 2) != 0;
	}
	if (maps)
		fclose(maps);
}

int tenant_owns(uint64_t start, uint64_t length)
{
	for (int i = 0; i < nr_own; i++)
		if (start < own[i].end && start + length > own[i].start)
			return 1;
	return 0;
}

/* A stamp stands in the first four bytes of a page; the access is made where it was asked for, so that messages can be exact. */
static void perform_access(const struct request *request, volatile struct reply *reply)
{
	uint64_t address = request->arg[0];
	volatile uint32_t *stamp = (volatile uint32_t *)(address & ~(PAGE - 1));

	if (request->kind == REQ_READ) {
		if (address & (PAGE - 1))
			(void)*(volatile char *)address;
		reply->value = *stamp;
		return;
	}
	if (address & (PAGE - 1))
		__asm__ volatile("lock orb $0, %0" : "+m"(*(volatile char *)address));
	*stamp = (uint32_t)request->arg[1];
}

/*
 * mremap without a place of its own stays where it is or goes to the place that the server proposes, not to where this kernel's
 * layout would put it: places are part of what is compared.
 */
static long perform_mremap(const uint64_t *arg)
{
	uint64_t flags = arg[3];

	if (!arg[5] || !(flags & MREMAP_MAYMOVE) || (flags & ~3ull))
		return syscall(SYS_mremap, arg[0], arg[1], arg[2], flags, arg[4]);
	if (arg[1] > 0) {
		long stayed = syscall(SYS_mremap, arg[0], arg[1], arg[2], flags & ~(uint64_t)MREMAP_MAYMOVE, 0);
		if (stayed != -1 || errno != ENOMEM)
			return stayed;
	}
	return syscall(SYS_mremap, arg[0], arg[1], arg[2], flags | MREMAP_FIXED, arg[4]);
}

static long perform_call(const struct request *request, int fd, volatile int *send_back, int own_stack)
{
	const uint64_t *arg = request->arg;

	switch (request->kind) {
	case REQ_MMAP:
		return syscall(SYS_mmap, arg[0], arg[1], arg[2], arg[3], fd, arg[4]);
	case REQ_MUNMAP:
		return syscall(SYS_munmap, arg[0], arg[1]);
	case REQ_MPROTECT:
		return syscall(SYS_mprotect, arg[0], arg[1], arg[2]);
	case REQ_MADVISE:
		return syscall(SYS_madvise, arg[0], arg[1], arg[2]);
	case REQ_MLOCK:
		return syscall(SYS_mlock, arg[0], arg[1]);
	case REQ_MUNLOCK:
		return syscall(SYS_munlock, arg[0], arg[1]);
	case REQ_MREMAP:
		return perform_mremap(arg);
	case REQ_USERFAULTFD:
		return *send_back = (int)syscall(SYS_userfaultfd, arg[0]);
	case REQ_FORK: {
		pid_t child = fork();
		if (child != 0)
			return child;
		dup2(fd, CONTROL_FD);
		syscall(SYS_close_range, CONTROL_FD + 1, ~0u, 0);
		tenant_main(own_stack);
	}
	case REQ_EXIT:
		_exit(0);
	case REQ_MOVE: {
		struct fl_move move = { .dst = arg[0], .src = arg[2], .len = arg[1], .mode = arg[3] };
		long failed = ioctl(fd, FL_MOVE, &move);
		int error = errno;
		((volatile struct reply *)current)->result = move.move;
		errno = error;
		return failed;
	}
	}
	errno = ENOSYS;
	return -1;
}

struct service { int sock, slot; };

static void serve(int sock, int slot)
{
	struct request request;
	struct reply reply;
	int fd;

	while (wire_receive(sock, &request, sizeof(request), &fd, 0) == sizeof(request)) {
		volatile int send_back = -1;
		memset(&reply, 0, sizeof(reply));
		current = &reply;
		escaping = 1;
		if (!sigsetjmp(escape, 0)) {
			if (request.kind == REQ_READ || request.kind == REQ_WRITE) {
				perform_access(&request, current);
			} else {
				long result = perform_call(&request, fd, &send_back, slot);
				current->error = result == -1 ? errno : 0;
				if (request.kind != REQ_MOVE)
					current->result = result;
			}
		}
		escaping = 0;
		if (fd >= 0)
			close(fd);
		wire_send(sock, &reply, sizeof(reply), send_back);
		if (send_back >= 0)
			close(send_back);
	}
}

static void *service_main(void *argument)
{
	struct service service = { (int)((uintptr_t)argument >> 8), (int)((uintptr_t)argument & 255) };
	struct reply hello = { .tid = (int)syscall(SYS_gettid) };

	wire_send(service.sock, &hello, sizeof(hello), -1);
	serve(service.sock, service.slot);
	/* The server is gone. */
	_exit(0);
}

void tenant_main(int own_stack)
{
	struct request request;
	struct reply hello = { .tid = (int)getpid() };
	int fd, slot = 0;

	memset(stack_used, 0, sizeof(stack_used));
	if (own_stack >= 0)
		stack_used[own_stack] = 1;
	touch_own();
	wire_send(CONTROL_FD, &hello, sizeof(hello), -1);
	while (wire_receive(CONTROL_FD, &request, sizeof(request), &fd, 0) == sizeof(request)) {
		while (slot < MAX_THREADS && stack_used[slot])
			slot++;
		if (slot == MAX_THREADS || start_thread(slot, service_main, (void *)(((uintptr_t)fd << 8) | (uintptr_t)slot))) {
			close(fd);
			continue;
		}
		stack_used[slot] = 1;
	}
	_exit(0);
}
