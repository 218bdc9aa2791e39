/* Userfaultfds: their calls and their messages. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pages that UFFDIO_COPY copies from: what a program copies at most. The kernel never looks beyond the mapping it copies to. */
#define SOURCE_SIZE (512ull << 20)

static char *source;

void uffd_prepare(void)
{
	source = mmap(0, SOURCE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(source, SOURCE_SIZE, MADV_DONTFORK);
}

static struct uffd *uffd_of(int64_t id)
{
	if (id < 0 || id >= NAMED_UFFDS || !session.uffds[id].known) {
		say_unbound('u', id);
		return 0;
	}
	return &session.uffds[id];
}

/* The userfaultfd and the range that most of these lines name: process thread uffd range… */
static struct uffd *uffd_and_range(const struct line *line, struct fl_range *range)
{
	struct uffd *uffd = uffd_of(line->v[2]);

	return uffd && range_at(line->v + 3, &range->start, &range->len) == 0 ? uffd : 0;
}

static int refuses_own(const struct fl_range *range)
{
	if (!tenant_owns(range->start, range->len))
		return 0;
	say_unsupported("a range with memory of the helper itself in it");
	return 1;
}

void op_api(const struct line *line)
{
	struct uffd *uffd = uffd_of(line->v[2]);

	if (!uffd)
		return;
	/* Whose fault a message is must always be known here; the program is told when it asked. */
	struct fl_api api = { .api = (uint64_t)line->v[4], .features = (uint64_t)line->v[3] | FL_FEATURE_THREAD_ID };
	int error = ioctl(uffd->fd, FL_API, &api) ? errno : 0;
	say_errno(error);
	if (!error) {
		uffd->features = (uint64_t)line->v[3];
		say_field('f', (int64_t)api.features);
	}
	say_finished();
}

void op_register(const struct line *line)
{
	struct fl_register call = { .mode = (uint64_t)line->v[8] };
	struct uffd *uffd = uffd_and_range(line, &call.range);

	if (!uffd || refuses_own(&call.range))
		return;
	int error = ioctl(uffd->fd, FL_REGISTER, &call) ? errno : 0;
	say_errno(error);
	if (!error)
		say_field('r', (int64_t)call.ioctls);
	say_finished();
}

static void plain_call(const struct line *line, unsigned long request, void *call, struct fl_range *range)
{
	struct uffd *uffd = uffd_and_range(line, range);

	if (!uffd)
		return;
	say_errno(ioctl(uffd->fd, request, call) ? errno : 0);
	say_finished();
}

void op_unregister(const struct line *line)
{
	struct fl_range range;

	plain_call(line, FL_UNREGISTER, &range, &range);
}

void op_wake(const struct line *line)
{
	struct fl_range range;

	plain_call(line, FL_WAKE, &range, &range);
}

void op_writeprotect(const struct line *line)
{
	struct fl_writeprotect call = { .mode = (uint64_t)line->v[8] };

	plain_call(line, FL_WRITEPROTECT, &call, &call.range);
}

int uffd_copy(int fd, const struct fl_range *range, uint64_t mode, uint32_t stamp, int64_t *done)
{
	struct fl_copy call = { .dst = range->start, .src = (uint64_t)source, .len = range->len, .mode = mode };

	for (uint64_t at = 0; at < range->len && at < SOURCE_SIZE; at += PAGE)
		*(uint32_t *)(source + at) = stamp;
	int error = ioctl(fd, FL_COPY, &call) ? errno : 0;
	*done = call.copy;
	return error;
}

int uffd_fill(int fd, unsigned long request, const struct fl_range *range, uint64_t mode, int64_t *done)
{
	struct fl_fill call = { .range = *range, .mode = mode };
	int error = ioctl(fd, request, &call) ? errno : 0;

	*done = call.done;
	return error;
}

/* process thread uffd range value mode */
void op_copy(const struct line *line)
{
	struct fl_range range;
	struct uffd *uffd = uffd_and_range(line, &range);
	int64_t done;

	if (!uffd)
		return;
	say_errno(uffd_copy(uffd->fd, &range, (uint64_t)line->v[9], (uint32_t)line->v[8], &done));
	say_field('r', done);
	say_finished();
}

static void fill_call(const struct line *line, unsigned long request)
{
	struct fl_range range;
	struct uffd *uffd = uffd_and_range(line, &range);
	int64_t done;

	if (!uffd)
		return;
	say_errno(uffd_fill(uffd->fd, request, &range, (uint64_t)line->v[8], &done));
	say_field('r', done);
	say_finished();
}

void op_zeropage(const struct line *line)
{
	fill_call(line, FL_ZEROPAGE);
}

void op_continue(const struct line *line)
{
	fill_call(line, FL_CONTINUE);
}

void op_poison(const struct line *line)
{
	fill_call(line, FL_POISON);
}

/* process thread uffd range from mode: from the process whose memory it is, which the kernel insists on */
void op_move(const struct line *line)
{
	struct request request = { .kind = REQ_MOVE };
	struct pending pending = { .what = REQ_MOVE };
	struct fl_range range;
	struct uffd *uffd = uffd_and_range(line, &range);

	if (!uffd || place_at(line->v + 8, &request.arg[2]))
		return;
	request.arg[0] = range.start;
	request.arg[1] = range.len;
	request.arg[3] = (uint64_t)line->v[11];
	if (uffd->fd < 0)
		say_errno(EBADF);
	else
		perform(uffd->process, (int)line->v[1], &request, &pending, uffd->fd);
}

void op_close(const struct line *line)
{
	struct uffd *uffd = uffd_of(line->v[2]);

	if (!uffd)
		return;
	say_errno(uffd->fd < 0 || close(uffd->fd) ? EBADF : 0);
	uffd->fd = -1;
	uffd->nr_kept = 0;
	say_finished();
}

void op_monitor(const struct line *line)
{
	struct uffd *uffd = uffd_of(line->v[2]);

	if (!uffd)
		return;
	uffd->has_monitor = 1;
	for (int i = 0; i < 3; i++)
		uffd->answer[i] = (int)line->v[3 + i];
	say_errno(0);
	say_finished();
}

static const char *event_name(int event)
{
	switch (event) {
	case FL_EVENT_PAGEFAULT:
		return "pagefault";
	case FL_EVENT_FORK:
		return "fork";
	case FL_EVENT_REMAP:
		return "remap";
	case FL_EVENT_REMOVE:
		return "remove";
	}
	return "unmap";
}

/* event:flags:address:end:length:process.thread:state, absent ones empty */
void say_message(const struct fl_msg *msg, int named, int state)
{
	struct thread *thread;
	int process;

	say(" m");
	say(event_name(msg->event));
	say(":");
	switch (msg->event) {
	case FL_EVENT_PAGEFAULT:
		say_number((int64_t)msg->arg.pagefault.flags);
		say(":");
		say_number((int64_t)msg->arg.pagefault.address);
		say(":::");
		thread = named ? thread_of((int)msg->arg.pagefault.ptid, &process) : 0;
		if (thread) {
			say_number(process);
			say(".");
			say_number(thread->name);
		}
		say(":");
		if (state >= 0)
			say_number(state);
		return;
	case FL_EVENT_FORK:
		say(":0::::");
		return;
	case FL_EVENT_REMAP:
		say(":");
		say_number((int64_t)msg->arg.remap.from);
		say(":");
		say_number((int64_t)msg->arg.remap.to);
		say(":");
		say_number((int64_t)msg->arg.remap.len);
		say("::");
		return;
	default:
		say(":");
		say_number((int64_t)msg->arg.remove.start);
		say(":");
		say_number((int64_t)msg->arg.remove.end);
		say(":::");
	}
}

/* The process that a fork waiting for its message to be read will make, or has made. */
static int forked_process(int parent)
{
	struct thread *found = 0;

	for (int i = 0; i < session.processes[parent].nr_threads; i++) {
		struct thread *thread = &session.processes[parent].threads[i];
		if (thread->busy == 2 && thread->pending.what == REQ_FORK && (!found || thread->since < found->since))
			found = thread;
	}
	return found ? found->pending.id : parent;
}

/* process thread uffd child (or -1) */
void op_receive(const struct line *line)
{
	struct uffd *uffd = uffd_of(line->v[2]);
	struct fl_msg msg;

	if (!uffd)
		return;
	if (uffd->nr_kept) {
		msg = uffd->kept[0].msg;
		memmove(uffd->kept, uffd->kept + 1, (size_t)--uffd->nr_kept * sizeof(*uffd->kept));
	} else if (read(uffd->fd, &msg, sizeof(msg)) != sizeof(msg)) {
		say_errno(errno);
		say_finished();
		return;
	}
	say_errno(0);
	say_message(&msg, (uffd->features & FL_FEATURE_THREAD_ID) != 0, -1);
	if (msg.event == FL_EVENT_FORK) {
		int fd = (int)msg.arg.fork.ufd;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		uint64_t features = uffd->features;
		if (line->v[3] >= 0 && line->v[3] < NAMED_UFFDS)
			adopt_uffd(line->v[3], forked_process(uffd->process), fd)->features = features;
		else
			park_uffd(fd);
	}
	say_finished();
}
