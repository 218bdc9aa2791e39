/*
 * The scenes of `faultline speed` on the running kernel. Changes no setting of the machine; swap and huge pages are used where there are any.
 * What cannot be measured here is said at the start, with the reason.
 */
#define _GNU_SOURCE
#include "side.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WP_HUGETLBFS_SHMEM (1 << 12)
#define WP_UNPOPULATED (1 << 13)
#define WP_ASYNC (1 << 15)
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif

/* Own names: headers of the machine may be older than its kernel. @source include/uapi/linux/fs.h */
struct scan_arg {
	u64 size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};
struct scan_region {
	u64 start, end, categories;
};
#define SCAN _IOWR('f', 16, struct scan_arg)
#define IS_WRITTEN 2

static u32 pages, few, *order;
static u64 length;
static int pagemap_fd, uffd = -1;
static int has_async, has_scan, has_swap, free_huge_pages;
static struct scan_region *regions;
static u64 *words;

static char *map(u64 bytes, int advice) {
	char *p = mmap(0, bytes + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	char *aligned = (char *)(((u64)p + (2 << 20) - 1) & ~((2ull << 20) - 1));
	if (aligned > p) munmap(p, aligned - p);
	munmap(aligned + bytes, p + (2 << 20) - aligned);
	madvise(aligned, bytes, advice);
	return aligned;
}

static void touch(char *p, u64 n, u64 stride) {
	for (u64 i = 0; i < n; i++) ((volatile char *)p)[i * stride] = 1;
}

static void touch_in_order(char *p, u32 n, const u32 *by) {
	for (u32 i = 0; i < n; i++) ((volatile char *)p)[(u64)by[i] << 12] = 1;
}

static int open_uffd(u64 features) {
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void watch(char *p, u64 bytes) {
	struct uffdio_register r = { .range = { (u64)p, bytes }, .mode = UFFDIO_REGISTER_MODE_WP };
	if (ioctl(uffd, UFFDIO_REGISTER, &r)) {
		perror("UFFDIO_REGISTER");
		exit(1);
	}
}

static void protect(char *p, u64 bytes, int on) {
	struct uffdio_writeprotect wp = { .range = { (u64)p, bytes }, .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };
	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp)) {
		perror("UFFDIO_WRITEPROTECT");
		exit(1);
	}
}

static void scan(char *p) {
	struct scan_arg arg = { .size = sizeof arg, .start = (u64)p, .end = (u64)p + length, .vec = (u64)regions, .vec_len = pages, .mask = IS_WRITTEN, .returned = IS_WRITTEN };
	if (ioctl(pagemap_fd, SCAN, &arg) < 0) {
		perror("PAGEMAP_SCAN");
		exit(1);
	}
}

/* fork, and what the child's exit costs it: the child does nothing else. */
static void fork_and_exit(void) {
	pid_t child;
	struct rusage used;
	TIME("fork", pages, child = fork(); if (!child) _exit(0));
	wait4(child, 0, 0, &used);
	report("child-exit", ((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3) / pages);
}

static void tracked(char *p) {
	uffd = open_uffd(WP_UNPOPULATED | WP_ASYNC | WP_HUGETLBFS_SHMEM);
	watch(p, length);
	TIME("wp-present", pages, protect(p, length, 1));
	TIME("wp-off", pages, protect(p, length, 0));
	protect(p, length, 1);
	TIME("wpfault-async-seq", pages, touch(p, pages, 4096));
	protect(p, length, 1);
	TIME("wpfault-async-rand", pages, touch_in_order(p, pages, order));
	if (has_scan) {
		TIME("scan-all", pages, scan(p));
		protect(p, length, 1);
		TIME("scan-none", pages, scan(p));
		touch(p, pages / 2, 8192);
		TIME("scan-alt", pages, scan(p));
	}
}

static void touched(void) {
	char *p = map(length, MADV_NOHUGEPAGE);
	TIME("fault-seq", pages, touch(p, pages, 4096));
	if (has_async) tracked(p);
	if (pagemap_fd >= 0) TIME("pagemap", pages, if (pread(pagemap_fd, words, pages * 8ull, (u64)p / 4096 * 8) < 0) perror("pagemap"));
	if (has_async) {
		/* One armed page at the end of each 2 MiB: all of it is looked at, and none is merged. */
		protect(p, length, 0);
		for (u64 i = 511; i < pages; i += 512) protect(p + (i << 12), 4096, 1);
		madvise(p, length, MADV_HUGEPAGE);
		TIME("khugepaged", pages / 512, madvise(p, length, MADV_COLLAPSE));
		close(uffd);
	}
	fork_and_exit();
	TIME("munmap", pages, munmap(p, length));
}

static void random_order(void) {
	char *p = map(length, MADV_NOHUGEPAGE);
	TIME("fault-rand", pages, touch_in_order(p, pages, order));
	TIME("dontneed", pages, madvise(p, length, MADV_DONTNEED));
	munmap(p, length);
}

static void sparse(void) {
	u64 n = few / 8;
	char *p = map(n << 21, MADV_NOHUGEPAGE);
	TIME("fault-sparse", n, touch(p, n, 2 << 20));
	munmap(p, n << 21);
}

static void *monitor(void *unused) {
	for (;;) {
		struct uffd_msg message;
		if (read(uffd, &message, sizeof message) <= 0) {
			struct pollfd waiting = { uffd, POLLIN, 0 };
			poll(&waiting, 1, -1);
			continue;
		}
		protect((char *)(message.arg.pagefault.address & ~4095ull), 4096, 0);
	}
	return unused;
}

/* Two threads and their waits: what counts is how long it takes. */
static void wait_for_monitor(const char *name, char *p, const u32 *by) {
	double began = clock_now(CLOCK_MONOTONIC);
	if (by) touch_in_order(p, few, by);
	else touch(p, few, 4096);
	report(name, (clock_now(CLOCK_MONOTONIC) - began) / few);
}

static void sync_faults(void) {
	if (!has_async) return;
	u64 bytes = (u64)few << 12;
	u32 *by = shuffled(few);
	char *p = map(bytes, MADV_NOHUGEPAGE);
	pthread_t thread;
	uffd = open_uffd(WP_UNPOPULATED | WP_HUGETLBFS_SHMEM);
	touch(p, few, 4096);
	watch(p, bytes);
	protect(p, bytes, 1);
	pthread_create(&thread, 0, monitor, 0);
	wait_for_monitor("wpfault-sync-seq", p, 0);
	protect(p, bytes, 1);
	wait_for_monitor("wpfault-sync-rand", p, by);
	pthread_cancel(thread);
	pthread_join(thread, 0);
	protect(p, bytes, 1);
	TIME("resolve", few, for (u64 i = 0; i < few; i++) protect(p + (i << 12), 4096, 0));
	munmap(p, bytes);
	close(uffd);
	free(by);
}

static char *armed(void) {
	char *p = map(length, MADV_NOHUGEPAGE);
	uffd = open_uffd(WP_UNPOPULATED | WP_ASYNC | WP_HUGETLBFS_SHMEM);
	watch(p, length);
	return p;
}

static void disarm(char *p) {
	munmap(p, length);
	close(uffd);
}

static void markers(void) {
	if (!has_async) return;
	volatile char seen = 0;
	char *p = armed();
	TIME("wp-none", pages, protect(p, length, 1));
	TIME("wp-again", pages, protect(p, length, 1));
	TIME("marker-read", pages, for (u64 i = 0; i < pages; i++) seen += p[i << 12]);
	disarm(p);
	p = armed();
	protect(p, length, 1);
	TIME("marker-write", pages, touch(p, pages, 4096));
	disarm(p);
}

static void swapping(void) {
	if (!has_swap) return;
	char *p = map(length, MADV_NOHUGEPAGE);
	touch(p, pages, 4096);
	TIME("swap-out", pages, madvise(p, length, MADV_PAGEOUT));
	TIME("swap-in", pages, touch(p, pages, 4096));
	munmap(p, length);
}

static void thp(void) {
	char *p = map(length, MADV_HUGEPAGE);
	TIME("thp-fault", pages / 512, touch(p, pages / 512, 2 << 20));
	munmap(p, length);
}

static void hugetlb(void) {
	if (free_huge_pages < (int)(pages / 512)) return;
	char *p = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	if (p == MAP_FAILED) return;
	TIME("hugetlb-fault", pages / 512, touch(p, pages / 512, 2 << 20));
	munmap(p, length);
}

static long field(const char *path, const char *name) {
	char line[256];
	long value = 0;
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) if (!strncmp(line, name, strlen(name))) value = atol(line + strlen(name));
	if (file) fclose(file);
	return value;
}

static void without(const char *operations, const char *reason) {
	printf("%s\"%s\":\"%s\"", reported++ ? "," : "{", operations, reason);
}

/* Says what cannot be measured on this machine. */
static void look_around(void) {
	static char probe[4096];
	uffd = open_uffd(WP_UNPOPULATED | WP_ASYNC | WP_HUGETLBFS_SHMEM);
	has_async = uffd >= 0;
	if (has_async) close(uffd);
	else without("wp", "userfaultfd with WP_ASYNC cannot be opened: run as root on Linux 6.7 or newer");
	pagemap_fd = open("/proc/self/pagemap", O_RDONLY);
	struct scan_arg arg = { .size = sizeof arg, .start = (u64)probe & ~4095ull, .end = ((u64)probe & ~4095ull) + 4096, .mask = IS_WRITTEN, .returned = IS_WRITTEN };
	has_scan = pagemap_fd >= 0 && ioctl(pagemap_fd, SCAN, &arg) >= 0;
	if (!has_scan) without("scan", "PAGEMAP_SCAN needs Linux 6.7 or newer");
	has_swap = field("/proc/meminfo", "SwapFree:") / 4 > (long)pages * 5 / 4;
	if (!has_swap) without("swap", "there is not enough free swap");
	free_huge_pages = field("/proc/meminfo", "HugePages_Free:") - field("/proc/meminfo", "HugePages_Rsvd:");
	if (free_huge_pages < (int)(pages / 512)) without("hugetlb", "the hugetlb pool has not enough free pages");
	end_line();
}

int main(int argc, char **argv) {
	static const struct scene scenes[] = { { "touched", touched }, { "random", random_order }, { "sparse", sparse }, { "sync", sync_faults },
		{ "markers", markers }, { "swap", swapping }, { "thp", thp }, { "hugetlb", hugetlb } };
	if (argc < 3) return 2;
	pages = strtoul(argv[1], 0, 10);
	few = pages < FEW_PAGES ? pages : FEW_PAGES;
	length = (u64)pages << 12;
	order = shuffled(pages);
	regions = calloc(pages, sizeof *regions);
	words = calloc(pages, sizeof *words);
	/* Their pages are there before anything is timed. */
	memset(regions, 1, pages * sizeof *regions);
	memset(words, 1, pages * sizeof *words);
	look_around();
	serve(scenes, sizeof scenes / sizeof *scenes, argv[2]);
	return 0;
}
