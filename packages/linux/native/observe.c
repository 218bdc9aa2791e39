/* What can be seen of an address space from outside: pagemap, kpageflags, PAGEMAP_SCAN, VmPTE. */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The bits of ../../program/src/page-state.ts, with those of session.h. */
#define STATE_SWAP 0x2
#define STATE_GUARD 0x8
#define STATE_UFFD_WP 0x10
#define STATE_SOFT_DIRTY 0x40
#define STATE_MARKER_WP 0x400
#define STATE_MARKER_POISON 0x800
#define STATE_MARKER_GUARD 0x1000
#define STATE_SPECIAL 0x2000

#define KPF_HUGE_BIT 17
#define KPF_THP_BIT 22
#define KPF_ZERO_BIT 24
/* Swap types from here on are no swap areas but migration, device and other entries. */
#define FIRST_SPECIAL_TYPE 24
#define LAST_TYPE 31
#define MAX_SCAN_REGIONS (1 << 20)
#define MAX_PAGES (1 << 24)

static int kpageflags = -1;
static struct fl_scan_region *scanned;
static int64_t own_table_bytes = -1;
/* The swap type of markers: the last one, where no newer kind of entry stands behind it. */
static unsigned marker_type = LAST_TYPE;

/* A wp marker over a hole of a file, as the kernel shows it; 0 when there is none. */
static uint64_t sample_marker(int memory, int pagemap, int uffd)
{
	struct fl_api api = { .api = 0xaa, .features = FL_FEATURE_WP_FILES };
	char *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	struct fl_range range = { (uint64_t)page, PAGE };
	struct fl_register watch = { .range = range, .mode = 2 };
	struct fl_writeprotect protect = { .range = range, .mode = 1 };
	uint64_t entry = 0;

	if (page == MAP_FAILED)
		return 0;
	if (ioctl(uffd, FL_API, &api) || ioctl(uffd, FL_REGISTER, &watch) || ioctl(uffd, FL_WRITEPROTECT, &protect) ||
	    pread(pagemap, &entry, 8, (off_t)((uint64_t)page / PAGE * 8)) != 8)
		entry = 0;
	munmap(page, PAGE);
	return entry;
}

/* Which swap type markers have: kernels differ in the kinds of entries they know. */
static void find_marker_type(void)
{
	int memory = (int)syscall(SYS_memfd_create, "marker", MFD_CLOEXEC), pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (memory >= 0 && ftruncate(memory, PAGE) == 0) {
		uint64_t entry = sample_marker(memory, pagemap, uffd);
		if (entry >> 62 & 1 && (entry & 31) >= FIRST_SPECIAL_TYPE)
			marker_type = entry & 31;
	}
	close(uffd);
	close(pagemap);
	close(memory);
}

void observe_prepare(void)
{
	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	scanned = mmap(0, MAX_SCAN_REGIONS * sizeof(*scanned), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(scanned, MAX_SCAN_REGIONS * sizeof(*scanned), MADV_DONTFORK);
	find_marker_type();
}

uint64_t pagemap_entry(struct process *process, uint64_t address)
{
	uint64_t entry = 0;

	if (pread(process->pagemap, &entry, 8, (off_t)(address / PAGE * 8)) != 8)
		return 0;
	return entry;
}

static int swap_state(uint64_t entry)
{
	unsigned type = entry & 31, payload = (unsigned)((entry & PFN_MASK) >> 5);

	if (type == marker_type)
		return STATE_SWAP | (payload & 1 ? STATE_MARKER_WP : 0) | (payload & 2 ? STATE_MARKER_POISON : 0) | (payload & 4 ? STATE_MARKER_GUARD : 0);
	return STATE_SWAP | (type >= FIRST_SPECIAL_TYPE ? STATE_SPECIAL : 0);
}

uint64_t frame_flags(uint64_t pfn)
{
	uint64_t flags = 0;

	return pfn && pread(kpageflags, &flags, 8, (off_t)(pfn * 8)) == 8 ? flags : 0;
}

static int state_of(uint64_t entry)
{
	int state = 0;

	if (entry >> 63 & 1) {
		uint64_t flags = frame_flags(entry & PFN_MASK);
		state = STATE_PRESENT;
		if (flags)
			state |= (flags >> KPF_ZERO_BIT & 1 ? STATE_ZERO : 0) | (flags >> KPF_THP_BIT & 1 ? STATE_THP : 0) |
				 (flags >> KPF_HUGE_BIT & 1 ? STATE_HUGE : 0);
	} else if (entry >> 62 & 1) {
		state = swap_state(entry);
	}
	return state | (entry >> 61 & 1 ? STATE_FILE : 0) | (entry >> 58 & 1 ? STATE_GUARD : 0) | (entry >> 57 & 1 ? STATE_UFFD_WP : 0) |
	       (entry >> 56 & 1 ? STATE_EXCLUSIVE : 0) | (entry >> 55 & 1 ? STATE_SOFT_DIRTY : 0);
}

int page_state(struct process *process, uint64_t address)
{
	return state_of(pagemap_entry(process, address));
}

static void say_states(int state, int64_t times, int first)
{
	say(first ? " p" : ",");
	say_number(state);
	if (times > 1) {
		say("*");
		say_number(times);
	}
}

void op_pagemap(const struct line *line)
{
	struct process *process = process_of(line->v[0]);
	uint64_t address, length, entries[512];
	int64_t times = 0;
	int last = 0, first = 1;

	if (!process || range_at(line->v + 2, &address, &length))
		return;
	if (line->v[5] > MAX_PAGES) {
		say_unsupported("a look at more than 16777216 pages at once");
		return;
	}
	uint64_t step = 1ull << region_of(line->v[2])->shift;
	int64_t pages = line->v[5];
	say_errno(0);
	if (pages <= 0)
		say(" p");
	for (int64_t i = 0; i < pages; i++) {
		uint64_t entry;
		if (step == PAGE) {
			if (i % 512 == 0) {
				memset(entries, 0, sizeof(entries));
				size_t want = (size_t)(pages - i < 512 ? pages - i : 512) * 8;
				if (pread(process->pagemap, entries, want, (off_t)((address / PAGE + (uint64_t)i) * 8)) < 0)
					memset(entries, 0, sizeof(entries));
			}
			entry = entries[i % 512];
		} else {
			entry = pagemap_entry(process, address + (uint64_t)i * step);
		}
		int state = state_of(entry);
		if (times && state != last) {
			say_states(last, times, first);
			first = 0;
			times = 0;
		}
		last = state;
		times++;
	}
	if (times)
		say_states(last, times, first);
	say_finished();
}

/* process thread range flags inverted mask anyof returned maxPages vecLen */
void op_scan(const struct line *line)
{
	struct process *process = process_of(line->v[0]);
	const int64_t *v = line->v;
	uint64_t address, length;

	if (!process || range_at(v + 2, &address, &length))
		return;
	struct fl_scan scan = { .size = sizeof(scan), .flags = (uint64_t)v[7], .start = address, .end = address + length,
		.inverted = (uint64_t)v[8], .mask = (uint64_t)v[9], .anyof = (uint64_t)v[10], .returned = (uint64_t)v[11],
		.max_pages = (uint64_t)v[12], .vec_len = (uint64_t)v[13] };
	scan.vec = scan.vec_len ? (uint64_t)scanned : 0;
	if (scan.vec_len > MAX_SCAN_REGIONS) {
		say_unsupported("a scan vector of more than 1048576 regions");
		return;
	}
	int got = ioctl(process->pagemap, FL_PAGEMAP_SCAN, &scan);
	if (got < 0) {
		say_errno(errno);
		return;
	}
	say_errno(0);
	say_field('w', (int64_t)scan.walk_end);
	say(" S");
	for (int i = 0; i < got; i++) {
		if (i)
			say(",");
		say_number((int64_t)scanned[i].start);
		say(":");
		say_number((int64_t)scanned[i].end);
		say(":");
		say_number((int64_t)scanned[i].categories);
	}
	say_finished();
}

int64_t table_bytes(struct process *process)
{
	char path[64], text[4096], *at;
	int64_t kib;

	snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got < 0 ? 0 : got] = 0;
	at = strstr(text, "VmPTE:");
	if (!at)
		return 0;
	kib = strtoll(at + 6, 0, 10);
	if (own_table_bytes < 0)
		own_table_bytes = kib * 1024;
	return kib * 1024 - own_table_bytes;
}

void op_status(const struct line *line)
{
	struct process *process = process_of(line->v[0]);

	if (!process)
		return;
	say_errno(0);
	say_field('B', process->pid > 0 ? table_bytes(process) : 0);
	say_finished();
}

void op_clear_refs(const struct line *line)
{
	struct process *process = process_of(line->v[0]);
	char path[64];

	if (!process)
		return;
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", process->pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = fd < 0 || write(fd, "4", 1) != 1 ? errno : 0;
	if (fd >= 0)
		close(fd);
	say_errno(error);
	say_finished();
}
