/* A program's beginning and end, and the names it gives: regions, places, extents. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* First page of the window in which regions are placed (1 TiB), as in the model's Bindings. */
#define WINDOW 0x10000000
#define GIB_SHIFT 30
/* Above all numbers that the files of a program can have: see MAX_UFFDS and its like. */
#define HIGH_FD 900

struct session session;

/*
 * Threads of programs go before the server and each other in the order in which they become ready, each until it waits: whatever one call
 * wakes has run when the call returns here, in the kernel's own order. Threads and children inherit it. Without the right to ask for this
 * they run in any order. On this CPU nobody else can look whether one goes round for ever, so the kernel tells it.
 */
static void schedule_in_order(void)
{
	struct sched_param priority = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &priority);
	limit_running(0);
}

void limit_running(int pid)
{
	uint64_t most = (uint64_t)(session.slow ? SLOW_LIVELOCK_MS : LIVELOCK_MS) * 1000;
	struct rlimit limit = { most, most * KILL_FACTOR };

	prlimit(pid, RLIMIT_RTTIME, &limit, 0);
}

/*
 * A server that is killed closes its files from the highest number down. Processes end when their control sockets close, so those come
 * first: the end of a userfaultfd waits for ever for a call that goes round in the kernel on its account.
 */
int first_to_close(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

void session_open(void)
{
	int ends[2];

	if (session.open)
		session_close();
	memset(&session, 0, sizeof(session));
	session.open = 1;
	session.next_free = WINDOW;
	session.regions[0] = (struct region){ .bound = 1, .shift = 12, .vpn = 0 };
	for (int i = 0; i < MAX_FILES; i++)
		session.files[i].fd = -1;
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	struct process *process = &session.processes[0];
	process->control = first_to_close(ends[0]);
	process->pagemap = -1;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		dup2(ends[1], CONTROL_FD);
		syscall(SYS_close_range, CONTROL_FD + 1, ~0u, 0);
		close(0);
		close(1);
		schedule_in_order();
		tenant_main(-1);
	}
	setpgid(pid, pid);
	close(ends[1]);
	await_hello(process);
	session.ordered = sched_getscheduler(process->pid) == SCHED_FIFO;
	/* Asked before the program has mapped anything, once: the layout is the same for all. */
	table_bytes(process);
}

static void close_process(struct process *process)
{
	if (!process->pid)
		return;
	close(process->control);
	if (process->pagemap >= 0)
		close(process->pagemap);
	for (int i = 0; i < process->nr_threads; i++) {
		close(process->threads[i].sock);
		close(process->threads[i].wchan);
		close(process->threads[i].stat);
		close(process->threads[i].schedstat);
	}
}

void session_close(void)
{
	if (!session.open)
		return;
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (session.processes[i].pid > 0)
			kill(session.processes[i].pid, SIGKILL);
	/* A child that has not said hello yet has the group of the first process, which is a zombie at most until it is waited for below. */
	if (session.processes[0].pid > 0)
		kill(-session.processes[0].pid, SIGKILL);
	while (waitpid(-1, 0, __WALL) > 0 || errno == EINTR)
		;
	for (int i = 0; i < MAX_PROCESSES; i++)
		close_process(&session.processes[i]);
	for (int i = 0; i < MAX_UFFDS; i++)
		if (session.uffds[i].known && session.uffds[i].fd >= 0)
			close(session.uffds[i].fd);
	for (int i = 0; i < MAX_FILES; i++)
		if (session.files[i].fd >= 0)
			close(session.files[i].fd);
	session.open = 0;
}

struct region *region_of(int64_t id)
{
	if (id < 0 || id >= MAX_REGIONS || !session.regions[id].bound)
		return 0;
	return &session.regions[id];
}

int place_at(const int64_t *v, uint64_t *address)
{
	struct region *region = region_of(v[0]);

	if (!region)
		return say_unbound('r', v[0]);
	*address = (uint64_t)((region->vpn + v[1] * (1ll << (region->shift - 12))) * (int64_t)PAGE + v[2]);
	return 0;
}

int range_at(const int64_t *v, uint64_t *address, uint64_t *length)
{
	if (place_at(v, address))
		return -1;
	*length = (uint64_t)(v[3] * (1ll << region_of(v[0])->shift) + v[4]);
	return 0;
}

int64_t next_place(int64_t pages, int shift, int64_t *after)
{
	int64_t gib = 1ll << (GIB_SHIFT - 12), alignment = shift > 12 && pages >= gib ? gib : 512;
	int64_t vpn = (session.next_free + alignment - 1) / alignment * alignment;

	*after = vpn + pages + 512;
	return vpn;
}

void note_extent(uint64_t start, uint64_t length, int shift)
{
	if (shift == GIB_SHIFT && !session.slow) {
		session.slow = 1;
		for (int i = 0; i < MAX_PROCESSES; i++)
			if (session.processes[i].pid > 0)
				limit_running(session.processes[i].pid);
	}
	if (session.nr_extents < MAX_EXTENTS)
		session.extents[session.nr_extents++] = (struct extent){ start, start + length, shift };
}

uint64_t page_size_at(uint64_t address)
{
	for (int i = session.nr_extents - 1; i >= 0; i--)
		if (address >= session.extents[i].start && address < session.extents[i].end)
			return 1ull << session.extents[i].shift;
	return PAGE;
}

static void bind_region(const struct pending *pending, uint64_t address)
{
	session.regions[pending->id] = (struct region){ .bound = 1, .shift = pending->shift, .vpn = (int64_t)(address / PAGE) };
	note_extent(address, pending->length, pending->shift);
}

static struct uffd *nameless(void)
{
	for (int i = NAMED_UFFDS; i < MAX_UFFDS; i++)
		if (!session.uffds[i].known)
			return &session.uffds[i];
	return &session.uffds[MAX_UFFDS - 1];
}

void park_uffd(int fd)
{
	struct uffd *uffd = nameless();

	memset(uffd, 0, sizeof(*uffd));
	uffd->known = 1;
	uffd->fd = fd;
}

struct uffd *adopt_uffd(int64_t id, int process, int fd)
{
	struct uffd *uffd = &session.uffds[id];

	if (uffd->known && uffd->fd >= 0)
		park_uffd(uffd->fd);
	memset(uffd, 0, sizeof(*uffd));
	uffd->known = 1;
	uffd->fd = fd;
	uffd->process = process;
	return uffd;
}

int errno_of(const struct reply *reply)
{
	return reply->result < 0 && reply->result > -4096 ? (int)-reply->result : 0;
}

void say_completed(struct process *process, struct thread *thread, const struct reply *reply, int fd, int had_waited)
{
	const struct pending *pending = &thread->pending;

	if (reply->interrupted) {
		say_errno(0);
		say(" b l");
		return;
	}
	say_errno(errno_of(reply));
	if (reply->signal) {
		say_field('s', reply->signal);
		say_field('c', reply->code);
		return;
	}
	if (pending->what == REQ_MOVE)
		say_field('r', reply->value64);
	if (errno_of(reply))
		return;
	switch (pending->what) {
	case REQ_READ:
		say_field('v', reply->value);
		break;
	case REQ_MMAP:
		bind_region(pending, (uint64_t)reply->result);
		/* Whoever waited for it knows where it was asked for. */
		if (!had_waited)
			say_field('a', reply->result);
		break;
	case REQ_MREMAP:
		bind_region(pending, (uint64_t)reply->result);
		say_field('a', reply->result);
		break;
	case REQ_USERFAULTFD:
		adopt_uffd(pending->id, (int)(process - session.processes), fd);
		break;
	case REQ_FORK:
		await_hello(&session.processes[pending->id]);
		break;
	}
}
