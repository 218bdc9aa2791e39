/* Hands requests to the threads of a program's processes, and finds out whether they finish, wait for a monitor, or go round for ever. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum awaited { DONE, WAITS, GONE, STUCK };

#define STUCK_MS 8000
#define HELLO_MS 3000
#define FIRST_WAIT_NS 60000
/* Looks at a woken thread, with the first wait between them, before others are looked at too. */
#define QUIET_TRIES 800
#define LONGEST_WAIT_NS 4000000

static int slowness = 1;

void be_patient(int times)
{
	slowness = times;
}

static int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

struct process *process_of(int64_t id)
{
	if (id < 0 || id >= MAX_PROCESSES || !session.processes[id].pid) {
		say_unbound('p', id);
		return 0;
	}
	return &session.processes[id];
}

static int receive_hello(int sock)
{
	struct pollfd wait = { sock, POLLIN, 0 };
	struct reply hello;

	if (poll(&wait, 1, HELLO_MS * slowness) != 1 || wire_receive(sock, &hello, sizeof(hello), 0, 0) != sizeof(hello))
		return -1;
	return hello.tid;
}

int await_hello(struct process *process)
{
	process->pid = receive_hello(process->control);
	if (process->pid > 0)
		process->pagemap = open_proc(process->pid, 0, "pagemap");
	return process->pid;
}

static const char *failure;

struct thread *idle_thread(struct process *process)
{
	struct request spawn = { .kind = REQ_SPAWN };
	struct thread *thread;
	int ends[2];

	for (int i = 0; i < process->nr_threads; i++)
		if (!process->threads[i].busy)
			return &process->threads[i];
	if (process->nr_threads == MAX_THREADS - 1) {
		failure = "U more waiting threads in one process than the helper has room for";
		return 0;
	}
	thread = &process->threads[process->nr_threads];
	memset(thread, 0, sizeof(*thread));
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	wire_send(process->control, &spawn, sizeof(spawn), ends[1]);
	close(ends[1]);
	thread->sock = ends[0];
	thread->tid = receive_hello(ends[0]);
	if (thread->tid < 0) {
		close(ends[0]);
		failure = "X a thread could not be started";
		return 0;
	}
	thread->wchan = open_proc(process->pid, thread->tid, "wchan");
	thread->stat = open_proc(process->pid, thread->tid, "stat");
	thread->schedstat = open_proc(process->pid, thread->tid, "schedstat");
	process->nr_threads++;
	return thread;
}

static int fill_poll(struct thread *thread, struct pollfd *polls, const char *noisy)
{
	int nr = 0;

	polls[nr++] = (struct pollfd){ thread->sock, POLLIN, 0 };
	for (int i = 0; i < MAX_UFFDS; i++)
		if (session.uffds[i].known && session.uffds[i].fd >= 0 && !noisy[i])
			polls[nr++] = (struct pollfd){ session.uffds[i].fd, POLLIN, 0 };
	return nr;
}

static void note_noisy(const struct pollfd *polls, int nr, char *noisy)
{
	for (int at = 1; at < nr; at++)
		for (int i = 0; polls[at].revents && i < MAX_UFFDS; i++)
			if (session.uffds[i].known && session.uffds[i].fd == polls[at].fd)
				noisy[i] = 1;
}

/* Waits until a thread has replied or waits for a monitor. One that goes round for ever is called back, and replies that it was, or killed. */
static enum awaited await(struct process *process, struct thread *thread, struct reply *reply, int *fd)
{
	char noisy[MAX_UFFDS] = { 0 };
	struct pollfd polls[MAX_UFFDS + 1];
	struct timespec wait = { 0, FIRST_WAIT_NS };
	int64_t start = now_ns(), cpu = -1, limit = slowness * (session.slow ? SLOW_LIVELOCK_MS : LIVELOCK_MS);

	for (;;) {
		int nr = fill_poll(thread, polls, noisy);
		int ready = ppoll(polls, (nfds_t)nr, &wait, 0);
		if (ready > 0 && polls[0].revents)
			return wire_receive(thread->sock, reply, sizeof(*reply), fd, 0) == sizeof(*reply) ? DONE : GONE;
		if (waits_for_monitor(thread))
			return WAITS;
		if (ready > 0) {
			/* Readable already, for another's sake, or the thread is on its way to sleep: look again soon. */
			note_noisy(polls, nr, noisy);
			continue;
		}
		if (wait.tv_nsec < LONGEST_WAIT_NS)
			wait.tv_nsec *= 2;
		int64_t elapsed = (now_ns() - start) / 1000000;
		if (elapsed > STUCK_MS * slowness)
			return STUCK;
		if (elapsed < limit)
			continue;
		int64_t ran = running_ms(thread);
		if (ran >= 0 && cpu < 0)
			cpu = ran;
		if (ran >= 0 && elapsed > limit && ran - cpu >= limit / 2)
			syscall(SYS_tgkill, process->pid, thread->tid, ran - cpu >= limit * KILL_FACTOR ? SIGKILL : SIGUSR1);
	}
}

/*
 * Follows a request to its end, monitors answering on the way, once in an operation: answers that do not help would go on for ever.
 * Returns WAITS with the thread left waiting.
 */
static enum awaited settle(struct process *process, struct thread *thread, struct reply *reply, int *fd)
{
	thread->answers = thread->turn == session.turn ? MOST_ANSWERS : 0;
	thread->turn = session.turn;
	thread->nr_answered = 0;
	for (;;) {
		enum awaited awaited = await(process, thread, reply, fd);
		if (awaited != WAITS) {
			thread->busy = 0;
			forget_messages(thread->tid);
			return awaited;
		}
		if (waits_for_monitor(thread) == FOR_EVENT) {
			if (monitor_reads_events(thread))
				continue;
		} else if (thread->answers < MOST_ANSWERS && monitor_answers_fault(process, thread)) {
			thread->answers++;
			continue;
		}
		thread->busy = 2;
		thread->times_run = times_run(thread);
		return WAITS;
	}
}

static void say_answered(struct thread *thread)
{
	for (int i = 0; i < thread->nr_answered; i++)
		say_message(&thread->answered[i].msg, thread->answered[i].thread_named, thread->answered[i].state);
}

/* Whether the kernel has killed it, or killed it here for running too long. */
static int was_killed(struct process *process)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT) && info.si_code == CLD_KILLED && info.si_status == SIGKILL;
}

static void say_last_words(struct process *process);

static void say_outcome(struct process *process, struct thread *thread, enum awaited awaited, const struct reply *reply, int fd, int had_waited)
{
	switch (awaited) {
	case DONE:
		say_completed(process, thread, reply, fd, had_waited);
		break;
	case WAITS:
		say("0 b");
		break;
	case GONE:
		if (thread->pending.what == REQ_EXIT) {
			say("0");
		} else if (was_killed(process)) {
			say("0 b l");
			session.over = 1;
		} else {
			say("X the process ended unexpectedly");
		}
		process->pid = -1;
		if (session.over)
			say_last_words(process);
		return;
	case STUCK:
		say("X the call neither returns nor waits for a userfaultfd");
		return;
	}
	say_answered(thread);
}

void perform(int id, int name, const struct request *request, const struct pending *pending, int fd)
{
	struct process *process = process_of(id);
	struct thread *thread;
	struct reply reply;
	int got = -1;

	if (!process)
		return;
	if (process->pid < 0) {
		say_errno(ESRCH);
		return;
	}
	thread = idle_thread(process);
	if (!thread) {
		say(failure);
		return;
	}
	thread->busy = 1;
	thread->name = name;
	thread->since = ++session.clock;
	thread->pending = *pending;
	wire_send(thread->sock, request, sizeof(*request), fd);
	enum awaited awaited = settle(process, thread, &reply, &got);
	say_outcome(process, thread, awaited, &reply, got, 0);
	if (awaited == DONE || awaited == WAITS)
		say_finished();
}

int perform_quietly(struct process *process, const struct request *request)
{
	struct thread *thread = idle_thread(process);
	struct reply reply;
	int got;

	if (!thread)
		return EAGAIN;
	thread->busy = 1;
	thread->pending.what = (int)request->kind;
	wire_send(thread->sock, request, sizeof(*request), -1);
	return settle(process, thread, &reply, &got) == DONE ? errno_of(&reply) : EAGAIN;
}

/* The thread that has waited longest since `after`, or none. */
static struct thread *next_waiting(uint64_t after, struct process **process)
{
	struct thread *found = 0;

	for (int i = 0; i < MAX_PROCESSES; i++)
		for (int j = 0; session.processes[i].pid > 0 && j < session.processes[i].nr_threads; j++) {
			struct thread *thread = &session.processes[i].threads[j];
			if (thread->busy != 2 || thread->since <= after || (found && thread->since > found->since))
				continue;
			found = thread;
			*process = &session.processes[i];
		}
	return found;
}

static void say_thread(const struct process *process, const struct thread *thread)
{
	say_field('F', process - session.processes);
	say(".");
	say_number(thread->name);
	say(" ");
}

/* Says what threads of a process that was killed had finished before. */
static void say_last_words(struct process *process)
{
	struct reply reply;
	int fd = -1;

	for (int i = process->nr_threads - 1; i >= 0; i--) {
		struct thread *thread = &process->threads[i];
		if (thread->busy != 2 || wire_receive(thread->sock, &reply, sizeof(reply), &fd, MSG_DONTWAIT) != sizeof(reply))
			continue;
		thread->busy = 0;
		say_thread(process, thread);
		say_outcome(process, thread, DONE, &reply, fd, 1);
	}
}

/* Whether a thread that waits has been woken and neither waits again nor has replied. */
static int is_on_its_way(struct thread *thread)
{
	struct pollfd reply = { thread->sock, POLLIN, 0 };

	return thread->busy == 2 && !waits_for_monitor(thread) && poll(&reply, 1, 0) == 0;
}

void await_quiet(void)
{
	struct timespec wait = { 0, FIRST_WAIT_NS };

	for (int i = 0; i < MAX_PROCESSES; i++)
		for (int j = 0; session.processes[i].pid > 0 && j < session.processes[i].nr_threads; j++)
			for (int tries = 0; tries < QUIET_TRIES && is_on_its_way(&session.processes[i].threads[j]); tries++)
				nanosleep(&wait, 0);
}

/* Looks at every waiting thread that has run since it was last looked at. Returns whether there was one. */
static int say_some_finished(void)
{
	struct process *process;
	struct thread *thread;
	int any = 0;

	for (uint64_t after = 0; (thread = next_waiting(after, &process)); ) {
		struct reply reply;
		int fd = -1;

		after = thread->since;
		if (waits_for_monitor(thread) && times_run(thread) == thread->times_run)
			continue;
		any = 1;
		forget_old_messages(thread);
		enum awaited awaited = settle(process, thread, &reply, &fd);
		if (awaited == WAITS)
			continue;
		say_thread(process, thread);
		say_outcome(process, thread, awaited, &reply, fd, 1);
	}
	return any;
}

void say_finished(void)
{
	await_quiet();
	do
		monitor_reads_events(0);
	while (say_some_finished());
}

struct thread *thread_of(int tid, int *process)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		for (int j = 0; session.processes[i].pid > 0 && j < session.processes[i].nr_threads; j++)
			if (session.processes[i].threads[j].tid == tid) {
				*process = i;
				return &session.processes[i].threads[j];
			}
	return 0;
}
