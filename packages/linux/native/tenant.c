/*
 * A process of a program. Its first thread does nothing but start others: each serves one socket and performs one request after the
 * other, so that a thread that waits for ever holds up nobody else.
 *
 * The threads are bare: they share one block of thread-local storage and its errno, so nothing here uses either. The C library's own
 * threads need its allocator to start, whose lock is held while its fork waits for a userfaultfd message to be read.
 */
#include "kernel-api.h"
#include "system-call.h"
#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE 65536
#define SERVICE_PRIORITY 1
#define MAIN_PRIORITY 2
#define MAX_OWN 64
#define TWO_MIB (2ull << 20)
#define MOST_COLLAPSES 5
#define COLLAPSE_PAUSE_NS 500000
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

struct service {
	int sock, slot;
	sigjmp_buf escape;
	volatile int escaping;
	volatile struct reply reply;
};

static char stacks[MAX_THREADS][STACK_SIZE] __attribute__((aligned(STACK_SIZE)));
static struct service services[MAX_THREADS];

static struct { uint64_t start, end; int readable; } own[MAX_OWN];
static int nr_own;
/* The server: parent of all processes of its programs. */
static int server;

/* Where threads run in order (session.c), the first must come before those that may go round for ever: it ends them. */
static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	system_call(SYS_sched_setparam, 0, (uint64_t)&param, 0, 0, 0, 0);
}

void die_with(int parent)
{
	system_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
	/* It may have ended before that. */
	if (system_call(SYS_getppid, 0, 0, 0, 0, 0, 0) != parent)
		_exit(98);
}

/* The kernel has put the limit up by a second, for all threads; those that run next are to be called back as soon as this one was. */
static void limit_again(void)
{
	struct rlimit limit;

	if (system_call(SYS_getrlimit, RLIMIT_RTTIME, (uint64_t)&limit, 0, 0, 0, 0) || limit.rlim_cur <= 1000000)
		return;
	limit.rlim_cur -= 1000000;
	system_call(SYS_setrlimit, RLIMIT_RTTIME, (uint64_t)&limit, 0, 0, 0, 0);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	/* A thread is known by its stack. */
	uintptr_t slot = ((uintptr_t)__builtin_frame_address(0) - (uintptr_t)stacks) / STACK_SIZE;

	(void)context;
	if (signal == SIGXCPU)
		limit_again();
	if (slot >= MAX_THREADS || !services[slot].escaping) {
		/* Called back when it had just come back by itself. */
		if (signal == SIGUSR1 || signal == SIGXCPU)
			return;
		_exit(99);
	}
	if (signal == SIGUSR1 || signal == SIGXCPU) {
		services[slot].reply.interrupted = 1;
	} else {
		services[slot].reply.signal = signal;
		services[slot].reply.code = info->si_code;
	}
	siglongjmp(services[slot].escape, 1);
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

void tenant_prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER };
	static char text[1 << 16];
	struct timespec now;
	size_t length = 0;
	ssize_t got;

	server = getpid();
	/* The clock's pages are inherited once they have been used, with their table. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	sigaction(SIGSEGV, &action, 0);
	sigaction(SIGBUS, &action, 0);
	sigaction(SIGUSR1, &action, 0);
	sigaction(SIGXCPU, &action, 0);
	for (int i = 0; i < MAX_THREADS; i++)
		stacks[i][0] = 0;
	int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while ((got = read(maps, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	close(maps);
	for (char *line = text; line && *line && nr_own < MAX_OWN; line = strchr(line, '\n'), line += line != 0) {
		unsigned long start, end;
		char rights[8], name[16] = "";
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s%*[ ]%15[^\n]", &start, &end, rights, name) < 3 || start > 0x7fffffffffffull)
			continue;
		own[nr_own].start = start;
		own[nr_own].end = end;
		/* Reading the clock's pages is not always allowed; nobody here asks for the time. */
		own[nr_own++].readable = rights[0] == 'r' && strncmp(name, "[v", 2) != 0;
	}
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

	if (arg[5] == MREMAP_CUT_FIRST) {
		uint64_t length = (arg[2] + TWO_MIB - 1) / TWO_MIB * TWO_MIB;
		/* Huge mappings stay cut; what else is there grows together again. */
		system_call(SYS_madvise, arg[0], length, MADV_RANDOM, 0, 0, 0);
		system_call(SYS_madvise, arg[0], length, MADV_NORMAL, 0, 0, 0);
	}
	if (arg[5] != MREMAP_PROPOSED || !(flags & MREMAP_MAYMOVE) || (flags & ~3ull))
		return system_call(SYS_mremap, arg[0], arg[1], arg[2], flags, arg[4], 0);
	if (arg[1] > 0) {
		long stayed = system_call(SYS_mremap, arg[0], arg[1], arg[2], flags & ~(uint64_t)MREMAP_MAYMOVE, 0, 0);
		if (stayed != -ENOMEM)
			return stayed;
	}
	return system_call(SYS_mremap, arg[0], arg[1], arg[2], flags | MREMAP_FIXED, arg[4], 0);
}

/*
 * MADV_COLLAPSE gives up with EAGAIN when it meets a page that is just on its way somewhere: in a CPU's list, under writeback, locked by
 * a read from swap. It asks to be tried again, and the kernel's own test does so.
 */
static long collapse(const uint64_t *arg)
{
	struct timespec pause = { 0, COLLAPSE_PAUSE_NS };
	long result = system_call(SYS_madvise, arg[0], arg[1], FL_MADV_COLLAPSE, 0, 0, 0);

	for (int i = 1; i < MOST_COLLAPSES && result == -EAGAIN; i++) {
		system_call(SYS_nanosleep, (uint64_t)&pause, 0, 0, 0, 0, 0);
		pause.tv_nsec *= 2;
		result = system_call(SYS_madvise, arg[0], arg[1], FL_MADV_COLLAPSE, 0, 0, 0);
	}
	return result;
}

static void fork_here(int fd, int slot, volatile struct reply *reply)
{
	/* A child of the server's, so that it dies with the server and not with the process that forks. */
	long child = system_call(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, 0);

	if (child == 0) {
		dup2(fd, CONTROL_FD);
		/* The sockets of the parent's threads, too, which may have taken the numbers of standard input and output: they are to end with it. */
		system_call(SYS_close_range, 0, 1, 0, 0, 0, 0);
		system_call(SYS_close_range, CONTROL_FD + 1, ~0u, 0, 0, 0, 0);
		tenant_main(slot);
	}
	reply->result = child;
}

/* A userfaultfd of /dev/userfaultfd, whose file mode says who may have one; or a negated errno. */
static long new_by_device(uint64_t flags)
{
	long device = system_call(SYS_open, (uint64_t)"/dev/userfaultfd", O_RDWR | O_CLOEXEC, 0, 0, 0, 0);
	if (device < 0)
		return device;
	long made = system_call(SYS_ioctl, (uint64_t)device, FL_NEW, flags, 0, 0, 0);
	system_call(SYS_close, (uint64_t)device, 0, 0, 0, 0, 0);
	return made;
}

/* Leaves in the reply what the call returned: a negated errno when it failed. Returns a descriptor to send back, or -1. */
static int perform_call(const struct request *request, int fd, int slot, volatile struct reply *reply)
{
	const uint64_t *arg = request->arg;

	switch (request->kind) {
	case REQ_MMAP:
		reply->result = system_call(SYS_mmap, arg[0], arg[1], arg[2], arg[3], (uint64_t)(int64_t)fd, arg[4]);
		break;
	case REQ_MUNMAP:
		reply->result = system_call(SYS_munmap, arg[0], arg[1], 0, 0, 0, 0);
		break;
	case REQ_MPROTECT:
		reply->result = system_call(SYS_mprotect, arg[0], arg[1], arg[2], 0, 0, 0);
		break;
	case REQ_MADVISE:
		reply->result = arg[2] == FL_MADV_COLLAPSE ? collapse(arg) : system_call(SYS_madvise, arg[0], arg[1], arg[2], 0, 0, 0);
		break;
	case REQ_MLOCK:
		reply->result = system_call(SYS_mlock, arg[0], arg[1], 0, 0, 0, 0);
		break;
	case REQ_MUNLOCK:
		reply->result = system_call(SYS_munlock, arg[0], arg[1], 0, 0, 0, 0);
		break;
	case REQ_MREMAP:
		reply->result = perform_mremap(arg);
		break;
	case REQ_USERFAULTFD:
		reply->result = arg[1] ? new_by_device(arg[0]) : system_call(SYS_userfaultfd, arg[0], 0, 0, 0, 0, 0);
		return (int)reply->result;
	case REQ_FORK:
		fork_here(fd, slot, reply);
		break;
	case REQ_EXIT:
		_exit(0);
	case REQ_MOVE: {
		struct fl_move move = { .dst = arg[0], .src = arg[2], .len = arg[1], .mode = arg[3] };
		reply->result = system_call(SYS_ioctl, (uint64_t)fd, FL_MOVE, (uint64_t)&move, 0, 0, 0);
		reply->value64 = move.move;
		break;
	}
	default:
		reply->result = -ENOSYS;
	}
	return -1;
}

static int serve(void *argument)
{
	struct service *service = argument;
	struct request request;
	int fd;

	set_priority(SERVICE_PRIORITY);
	service->reply.tid = (int)system_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
	wire_send(service->sock, (const void *)&service->reply, sizeof(service->reply), -1);
	while (wire_receive(service->sock, &request, sizeof(request), &fd, 0) == sizeof(request)) {
		volatile int send_back = -1;
		memset((void *)&service->reply, 0, sizeof(service->reply));
		service->escaping = 1;
		if (!sigsetjmp(service->escape, 0)) {
			if (request.kind == REQ_READ || request.kind == REQ_WRITE)
				perform_access(&request, &service->reply);
			else
				send_back = perform_call(&request, fd, service->slot, &service->reply);
		}
		service->escaping = 0;
		if (fd >= 0)
			close(fd);
		wire_send(service->sock, (const void *)&service->reply, sizeof(service->reply), send_back);
		if (send_back >= 0)
			close(send_back);
	}
	/* The server is gone. */
	_exit(0);
}

void tenant_main(int own_stack)
{
	struct reply hello = { .tid = (int)system_call(SYS_getpid, 0, 0, 0, 0, 0, 0) };
	struct request request;
	int fd, slot = 0;

	/* A process that spins in the kernel never comes to see that its socket has closed. */
	die_with(server);
	set_priority(MAIN_PRIORITY);
	if (own_stack >= 0)
		services[own_stack].escaping = 0;
	touch_own();
	wire_send(CONTROL_FD, &hello, sizeof(hello), -1);
	while (wire_receive(CONTROL_FD, &request, sizeof(request), &fd, 0) == sizeof(request)) {
		if (slot == own_stack)
			slot++;
		if (slot < MAX_THREADS) {
			services[slot].sock = fd;
			services[slot].slot = slot;
			memset((void *)&services[slot].reply, 0, sizeof(struct reply));
			if (clone(serve, stacks[slot] + STACK_SIZE, THREAD_FLAGS, &services[slot]) > 0) {
				slot++;
				continue;
			}
		}
		close(fd);
	}
	_exit(0);
}
