/* Operations on memory and files. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

enum memory { ANON, SHMEM, SHMEM_PRIVATE, HUGETLB, HUGETLB_PRIVATE };
enum placing { WINDOW_PLACE, AT_PLACE, AT_VPN };

static const char OWN[] = "a range with memory of the helper itself in it";
static const char *swap_path;

static int new_file(int64_t pages, int shift)
{
	unsigned flags = MFD_CLOEXEC | (shift > 12 ? MFD_HUGETLB | (unsigned)shift << FL_HUGE_SHIFT : 0);
	int fd = (int)syscall(SYS_memfd_create, "faultline", flags);

	if (fd >= 0 && ftruncate(fd, pages << shift)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* process thread file pages shift */
void op_file(const struct line *line)
{
	int64_t id = line->v[2];
	int fd;

	if (id < 0 || id >= MAX_FILES) {
		say_unsupported("more files than the helper has room for");
		return;
	}
	fd = new_file(line->v[3], (int)line->v[4]);
	if (fd < 0) {
		say_errno(errno);
		return;
	}
	if (session.files[id].fd >= 0)
		close(session.files[id].fd);
	session.files[id].fd = fd;
	session.files[id].shift = (int)line->v[4];
	say_errno(0);
	say_finished();
}

/* process thread region pages memory prot file pgoff placing place shift noreserve */
void op_mmap(const struct line *line)
{
	const int64_t *v = line->v;
	int shift = (int)v[12], memory = (int)v[4], fd = -1, mine = 0;
	int64_t after = session.next_free;
	struct request request = { .kind = REQ_MMAP };
	struct pending pending = { .what = REQ_MMAP, .id = (int)v[2], .shift = shift, .length = (uint64_t)(v[3] << shift) };

	if (v[2] < 1 || v[2] >= MAX_REGIONS) {
		say_unsupported("more regions than the helper has room for");
		return;
	}
	if (v[8] == AT_PLACE && place_at(v + 9, &request.arg[0]))
		return;
	if (v[8] == AT_VPN)
		request.arg[0] = (uint64_t)v[10] * PAGE;
	if (v[8] == WINDOW_PLACE)
		request.arg[0] = (uint64_t)next_place(v[3] * (1ll << (shift - 12)), shift, &after) * PAGE;
	session.next_free = after;
	if (tenant_owns(request.arg[0], pending.length)) {
		say_unsupported(OWN);
		return;
	}
	if (memory != ANON && v[6] >= 0) {
		if (v[6] >= MAX_FILES || session.files[v[6]].fd < 0) {
			say_unbound('f', v[6]);
			return;
		}
		fd = session.files[v[6]].fd;
	} else if (memory != ANON) {
		fd = new_file(v[3], shift);
		mine = 1;
		if (fd < 0) {
			say_errno(errno);
			return;
		}
	}
	request.arg[1] = pending.length;
	request.arg[2] = (uint64_t)v[5];
	request.arg[3] = MAP_FIXED | (memory == SHMEM || memory == HUGETLB ? MAP_SHARED : MAP_PRIVATE) | (memory == ANON ? MAP_ANONYMOUS : 0) |
			 (v[13] ? MAP_NORESERVE : 0);
	request.arg[4] = (uint64_t)(v[7] << shift);
	perform((int)v[0], (int)v[1], &request, &pending, fd);
	if (mine)
		close(fd);
}

/* Sends a call over a range, whose third argument is `argument`. */
static void range_call(const struct line *line, enum request_kind kind, int64_t argument)
{
	struct request request = { .kind = kind };
	struct pending pending = { .what = (int)kind };

	if (range_at(line->v + 2, &request.arg[0], &request.arg[1]))
		return;
	if (tenant_owns(request.arg[0], request.arg[1])) {
		say_unsupported(OWN);
		return;
	}
	request.arg[2] = (uint64_t)argument;
	pending.address = request.arg[0];
	perform((int)line->v[0], (int)line->v[1], &request, &pending, -1);
}

void op_munmap(const struct line *line)
{
	range_call(line, REQ_MUNMAP, 0);
}

void op_mprotect(const struct line *line)
{
	range_call(line, REQ_MPROTECT, line->v[7]);
}

void op_mlock(const struct line *line)
{
	range_call(line, REQ_MLOCK, 0);
}

void op_munlock(const struct line *line)
{
	range_call(line, REQ_MUNLOCK, 0);
}

/* process thread range region newPages mayMove dontUnmap placed place */
void op_mremap(const struct line *line)
{
	const int64_t *v = line->v;
	struct request request = { .kind = REQ_MREMAP };
	struct pending pending = { .what = REQ_MREMAP, .id = (int)v[7] };
	int64_t after;

	if (range_at(v + 2, &request.arg[0], &request.arg[1]))
		return;
	pending.shift = region_of(v[2])->shift;
	pending.length = (uint64_t)(v[8] << pending.shift);
	if (v[7] < 1 || v[7] >= MAX_REGIONS) {
		say_unsupported("more regions than the helper has room for");
		return;
	}
	request.arg[2] = pending.length;
	request.arg[3] = (v[9] ? MREMAP_MAYMOVE : 0) | (v[10] ? 4u : 0) | (v[11] ? MREMAP_FIXED : 0);
	if (v[11]) {
		if (place_at(v + 12, &request.arg[4]))
			return;
		if (pending.shift > 12 && v[0] >= 0 && v[0] < MAX_PROCESSES && moves_reserved_part(&session.processes[v[0]], request.arg))
			request.arg[5] = MREMAP_CUT_FIRST;
	} else {
		/* A place is set aside whether or not the mapping moves there. */
		request.arg[4] = (uint64_t)next_place(v[8] * (1ll << (pending.shift - 12)), pending.shift, &after) * PAGE;
		request.arg[5] = MREMAP_PROPOSED;
		if (request.arg[0] % PAGE == 0)
			session.next_free = after;
	}
	if (tenant_owns(request.arg[0], request.arg[1]) || tenant_owns(request.arg[4], request.arg[2])) {
		say_unsupported(OWN);
		return;
	}
	perform((int)v[0], (int)v[1], &request, &pending, -1);
}

static void access_call(const struct line *line, enum request_kind kind, int64_t value)
{
	struct request request = { .kind = kind };
	struct pending pending = { .what = (int)kind };

	if (place_at(line->v + 2, &request.arg[0]))
		return;
	if (tenant_owns(request.arg[0], 4)) {
		say_unsupported(OWN);
		return;
	}
	request.arg[1] = (uint64_t)value;
	pending.address = request.arg[0];
	perform((int)line->v[0], (int)line->v[1], &request, &pending, -1);
}

void op_read(const struct line *line)
{
	access_call(line, REQ_READ, 0);
}

void op_write(const struct line *line)
{
	access_call(line, REQ_WRITE, line->v[5]);
}

/* process thread child */
void op_fork(const struct line *line)
{
	struct request request = { .kind = REQ_FORK };
	struct pending pending = { .what = REQ_FORK, .id = (int)line->v[2] };
	int ends[2];

	if (line->v[2] < 0 || line->v[2] >= MAX_PROCESSES || session.processes[line->v[2]].control) {
		say_unsupported("a second process of one name, or more processes than the helper has room for");
		return;
	}
	if (!process_of(line->v[0]))
		return;
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	memset(&session.processes[line->v[2]], 0, sizeof(struct process));
	session.processes[line->v[2]].control = first_to_close(ends[0]);
	session.processes[line->v[2]].pagemap = -1;
	/* Not there until it has said hello: a fork that waits for its message to be read has made nothing yet. */
	session.processes[line->v[2]].pid = -1;
	perform((int)line->v[0], (int)line->v[1], &request, &pending, ends[1]);
	close(ends[1]);
}

void op_exit(const struct line *line)
{
	struct request request = { .kind = REQ_EXIT };
	struct pending pending = { .what = REQ_EXIT };

	perform((int)line->v[0], (int)line->v[1], &request, &pending, -1);
}

/* process thread uffd flags */
void op_userfaultfd(const struct line *line)
{
	struct request request = { .kind = REQ_USERFAULTFD, .arg = { (uint64_t)line->v[3] | O_CLOEXEC | O_NONBLOCK, (uint64_t)line->v[4] } };
	struct pending pending = { .what = REQ_USERFAULTFD, .id = (int)line->v[2] };

	if (line->v[2] < 0 || line->v[2] >= NAMED_UFFDS) {
		say_unsupported("more userfaultfds than the helper has room for");
		return;
	}
	perform((int)line->v[0], (int)line->v[1], &request, &pending, -1);
}

void op_madvise(const struct line *line)
{
	if (line->v[7] == FL_MADV_PAGEOUT)
		op_pageout(line);
	else
		range_call(line, REQ_MADVISE, line->v[7]);
}

static int file_of(int64_t id)
{
	if (id < 0 || id >= MAX_FILES || session.files[id].fd < 0)
		return say_unbound('f', id);
	return session.files[id].fd;
}

/* process thread file page pages punch */
void op_fallocate(const struct line *line)
{
	int fd = file_of(line->v[2]);

	if (fd < 0)
		return;
	int shift = session.files[line->v[2]].shift;
	int mode = line->v[5] ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0;
	say_errno(fallocate(fd, mode, line->v[3] << shift, line->v[4] << shift) ? errno : 0);
	say_finished();
}

void op_ftruncate(const struct line *line)
{
	int fd = file_of(line->v[2]);

	if (fd < 0)
		return;
	say_errno(ftruncate(fd, line->v[3] << session.files[line->v[2]].shift) ? errno : 0);
	say_finished();
}

void memory_prepare(const char *path)
{
	swap_path = path;
}

/* Of the swap area that was set up for this: off, and on again for what follows. */
void op_swapoff(const struct line *line)
{
	(void)line;
	if (!swap_path) {
		say_unsupported("swapoff without a swap area of its own");
		return;
	}
	int error = swapoff(swap_path) ? errno : 0;
	if (!error)
		swapon(swap_path, 0);
	say_errno(error);
	say_finished();
}
