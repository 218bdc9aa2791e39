/* Monitors: they answer for a program what its userfaultfds say, before the next operation. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MONITOR_STAMP 0x5a5a5a5au

enum answer { ANSWER_NONE, ANSWER_COPY, ANSWER_COPY_WP, ANSWER_ZEROPAGE, ANSWER_CONTINUE, ANSWER_CONTINUE_WP, ANSWER_UNPROTECT, ANSWER_POISON };
enum { MISSING, WP, MINOR };

/* Faults whose messages nobody has read. Events are not counted. */
static int unread_faults(int fd)
{
	char path[48], text[256], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (info >= 0)
		close(info);
	text[got < 0 ? 0 : got] = 0;
	at = strstr(text, "pending:");
	return at ? atoi(at + 8) : 0;
}

static void drop_kept(struct uffd *uffd, int at)
{
	uffd->nr_kept--;
	memmove(uffd->kept + at, uffd->kept + at + 1, (size_t)(uffd->nr_kept - at) * sizeof(*uffd->kept));
}

void forget_messages(int tid)
{
	for (int i = 0; i < MAX_UFFDS; i++)
		for (int k = session.uffds[i].nr_kept - 1; k >= 0; k--)
			if (session.uffds[i].kept[k].tid == tid)
				drop_kept(&session.uffds[i], k);
}

void forget_old_messages(struct thread *thread)
{
	for (int i = 0; i < MAX_UFFDS; i++)
		for (int k = session.uffds[i].nr_kept - 1; k >= 0; k--)
			if (session.uffds[i].kept[k].tid == thread->tid && session.uffds[i].kept[k].times_run != times_run(thread))
				drop_kept(&session.uffds[i], k);
}

static void keep_messages(struct uffd *uffd)
{
	struct fl_msg msg;

	for (int n = unread_faults(uffd->fd); n > 0; n--) {
		if (read(uffd->fd, &msg, sizeof(msg)) != sizeof(msg))
			return;
		/* A thread waits for one fault at a time: what it sent before is void. */
		forget_messages((int)msg.arg.pagefault.ptid);
		if (uffd->nr_kept == MAX_KEPT)
			drop_kept(uffd, 0);
		int process;
		struct thread *thread = thread_of((int)msg.arg.pagefault.ptid, &process);
		uffd->kept[uffd->nr_kept].tid = (int)msg.arg.pagefault.ptid;
		uffd->kept[uffd->nr_kept].times_run = thread ? times_run(thread) : 0;
		uffd->kept[uffd->nr_kept++].msg = msg;
	}
}

static int give(int fd, enum answer answer, const struct fl_range *page)
{
	struct fl_writeprotect unprotect = { .range = *page };
	int64_t done;

	switch (answer) {
	case ANSWER_COPY:
		return uffd_copy(fd, page, 0, MONITOR_STAMP, &done);
	case ANSWER_COPY_WP:
		return uffd_copy(fd, page, 2, MONITOR_STAMP, &done);
	case ANSWER_ZEROPAGE:
		return uffd_fill(fd, FL_ZEROPAGE, page, 0, &done);
	case ANSWER_CONTINUE:
		return uffd_fill(fd, FL_CONTINUE, page, 0, &done);
	case ANSWER_CONTINUE_WP:
		return uffd_fill(fd, FL_CONTINUE, page, 2, &done);
	case ANSWER_POISON:
		return uffd_fill(fd, FL_POISON, page, 0, &done);
	case ANSWER_UNPROTECT:
		return ioctl(fd, FL_WRITEPROTECT, &unprotect) ? errno : 0;
	default:
		return 0;
	}
}

static void note_answered(struct thread *thread, const struct uffd *uffd, const struct fl_msg *msg, int state)
{
	if (thread->nr_answered == MAX_ANSWERED)
		return;
	int n = thread->nr_answered++;
	thread->answered[n].msg = *msg;
	thread->answered[n].thread_named = (uffd->features & FL_FEATURE_THREAD_ID) != 0;
	thread->answered[n].state = state;
}

static void answer(struct uffd *uffd, enum answer what, struct process *process, struct thread *thread, int at)
{
	struct fl_msg msg = uffd->kept[at].msg;
	uint64_t unit = page_size_at(msg.arg.pagefault.address);
	struct fl_range page = { msg.arg.pagefault.address / unit * unit, unit };

	drop_kept(uffd, at);
	note_answered(thread, uffd, &msg, page_state(process, msg.arg.pagefault.address));
	if (give(uffd->fd, what, &page))
		ioctl(uffd->fd, FL_WAKE, &page);
	await_quiet();
}

int monitor_answers_fault(struct process *process, struct thread *thread)
{
	for (int i = 0; i < MAX_UFFDS; i++) {
		struct uffd *uffd = &session.uffds[i];
		if (!uffd->known || uffd->fd < 0 || !uffd->has_monitor)
			continue;
		keep_messages(uffd);
		for (int k = 0; k < uffd->nr_kept; k++) {
			if (uffd->kept[k].tid != thread->tid)
				continue;
			uint64_t flags = uffd->kept[k].msg.arg.pagefault.flags;
			int what = uffd->answer[flags & 2 ? WP : flags & 4 ? MINOR : MISSING];
			if (what == ANSWER_NONE)
				return 0;
			answer(uffd, what, process, thread, k);
			return 1;
		}
	}
	return 0;
}

int monitor_reads_events(struct thread *thread)
{
	int read_any = 0;
	struct fl_msg msg;

	for (int i = 0; i < MAX_UFFDS; i++) {
		struct uffd *uffd = &session.uffds[i];
		if (!uffd->known || uffd->fd < 0 || !uffd->has_monitor)
			continue;
		/* Faults come out first, whoever reads. */
		while (keep_messages(uffd), read(uffd->fd, &msg, sizeof(msg)) == sizeof(msg)) {
			await_quiet();
			if (msg.event == FL_EVENT_FORK)
				park_uffd((int)msg.arg.fork.ufd);
			if (thread)
				note_answered(thread, uffd, &msg, -1);
			read_any = 1;
		}
	}
	return read_any;
}
