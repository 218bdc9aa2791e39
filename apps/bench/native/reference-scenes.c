/* The scenes of `faultline speed` on the reference: the same steps as model-scenes.ts and kernel-probe.c. */
#include "reference.h"
#include <sys/resource.h>

#define BASE 0x10000000000ull

static u32 pages, few, *order, stamp;
static u64 *out, end;
static struct mm mm;
static struct vma *vma;

/* What the one mapping of a scene is like. */
static void stage(u32 flags) {
	vma->flags = flags;
}

static void touch(u32 n) {
	stamp++;
	for (u64 i = 0; i < n; i++) access_page(&mm, BASE + (i << 12), 1, stamp);
}

static void touch_in_order(u32 n, const u32 *by) {
	stamp++;
	for (u32 i = 0; i < n; i++) access_page(&mm, BASE + ((u64)by[i] << 12), 1, stamp);
}

/* What the prototype of these paths measured: the fault alone. */
#ifdef BARE
#define FAULT_IN(n) for (u64 i = 0; i < (n); i++) fault(&mm, BASE + (i << 12), 1)
#define FAULT_IN_ORDER(n, by) for (u32 i = 0; i < (n); i++) fault(&mm, BASE + ((u64)(by)[i] << 12), 1)
#else
#define FAULT_IN(n) touch(n)
#define FAULT_IN_ORDER(n, by) touch_in_order(n, by)
#endif

static void touched(void) {
	stage(0);
	TIME("fault-seq", pages, FAULT_IN(pages));
	touch(512);
	TIME("access-hit", pages, for (u64 i = 0; i < pages; i++) access_page(&mm, BASE + ((i & 511) << 12), 1, stamp));
	stage(VM_WP | VM_ASYNC);
	TIME("wp-present", pages, protect(&mm, BASE, end, 1));
	TIME("wp-off", pages, protect(&mm, BASE, end, 0));
	protect(&mm, BASE, end, 1);
	TIME("wpfault-async-seq", pages, FAULT_IN(pages));
	protect(&mm, BASE, end, 1);
	TIME("wpfault-async-rand", pages, FAULT_IN_ORDER(pages, order));
	TIME("scan-all", pages, scan(&mm, BASE, end, out, pages));
	protect(&mm, BASE, end, 1);
	TIME("scan-none", pages, scan(&mm, BASE, end, out, pages));
	for (u64 i = 0; i < pages; i += 2) access_page(&mm, BASE + (i << 12), 1, stamp);
	TIME("scan-alt", pages, scan(&mm, BASE, end, out, pages));
	TIME("pagemap", pages, pagemap(&mm, BASE, end, out));
	protect(&mm, BASE, end, 0);
	for (u64 i = 511; i < pages; i += 512) protect(&mm, BASE + (i << 12), BASE + ((i + 1) << 12), 1);
	TIME("khugepaged", pages / 512, for (u64 i = 0; i < pages; i += 512) khugepaged_scan(&mm, BASE + (i << 12)));
	struct mm child;
	TIME("fork", pages, child = mm_new(); fork_range(&mm, &child, BASE, end));
	TIME("child-exit", pages, zap(&child, BASE, end, 1); mm_free(&child));
	TIME("munmap", pages, zap(&mm, BASE, end, 1));
}

static void random_order(void) {
	stage(0);
	TIME("fault-rand", pages, FAULT_IN_ORDER(pages, order));
	TIME("dontneed", pages, zap(&mm, BASE, end, 0));
	zap(&mm, BASE, end, 1);
}

static void sparse(void) {
	stage(0);
	u64 n = few / 8;
	vma->end = BASE + (n << 21);
	stamp++;
#ifdef BARE
	TIME("fault-sparse", n, for (u64 i = 0; i < n; i++) fault(&mm, BASE + (i << 21), 1));
#else
	TIME("fault-sparse", n, for (u64 i = 0; i < n; i++) access_page(&mm, BASE + (i << 21), 1, stamp));
#endif
	zap(&mm, BASE, vma->end, 1);
	vma->end = end;
}

/* A store that waits, its message, the answer, and the store again. */
static void store_sync(u64 va) {
	u64 sent;
	if (access_page(&mm, va, 1, stamp) != BLOCKED || !receive(&sent)) return;
	protect(&mm, sent, sent + 4096, 0);
	access_page(&mm, va, 1, stamp);
}

static void sync_faults(void) {
	stage(VM_WP);
	u64 last = BASE + ((u64)few << 12);
	touch(few);
	protect(&mm, BASE, last, 1);
	TIME("wpfault-sync-seq", few, for (u64 i = 0; i < few; i++) store_sync(BASE + (i << 12)));
	protect(&mm, BASE, last, 1);
	u32 *by = shuffled(few);
	TIME("wpfault-sync-rand", few, for (u32 i = 0; i < few; i++) store_sync(BASE + ((u64)by[i] << 12)));
	free(by);
	protect(&mm, BASE, last, 1);
	TIME("resolve", few, for (u64 i = 0; i < few; i++) protect(&mm, BASE + (i << 12), BASE + ((i + 1) << 12), 0));
	zap(&mm, BASE, last, 1);
}

static void markers(void) {
	stage(VM_WP | VM_ASYNC);
	TIME("wp-none", pages, protect(&mm, BASE, end, 1));
	TIME("wp-again", pages, protect(&mm, BASE, end, 1));
	TIME("marker-read", pages, for (u64 i = 0; i < pages; i++) access_page(&mm, BASE + (i << 12), 0, 0));
	zap(&mm, BASE, end, 1);
	protect(&mm, BASE, end, 1);
	TIME("marker-write", pages, FAULT_IN(pages));
	zap(&mm, BASE, end, 1);
}

static void swapping(void) {
	stage(0);
	touch(pages);
	TIME("swap-out", pages, page_out(&mm, BASE, end));
	TIME("swap-in", pages, FAULT_IN(pages));
	zap(&mm, BASE, end, 1);
}

static void huge_faults(const char *name, u32 flags) {
	stage(flags);
	stamp++;
	TIME(name, pages / 512, for (u64 i = 0; i < pages; i += 512) access_page(&mm, BASE + (i << 12), 1, stamp));
	zap(&mm, BASE, end, 1);
}

static void thp(void) {
	huge_faults("thp-fault", VM_HUGEPAGE);
}

static void hugetlb(void) {
	huge_faults("hugetlb-fault", VM_HUGETLB);
}

static double system_time(void) {
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_stime.tv_sec * 1e9 + usage.ru_stime.tv_usec * 1e3;
}

/* `faultline speed --scale`: one touch in 2 MiB, on tables that were never there and on the same ones again. A table for 32 pages is reserved. */
static void scale(void) {
	u64 n = pages / 32;
	stage(0);
	vma->end = BASE + (n << 21);
	stamp++;
	double system = system_time();
	TIME("new", n, for (u64 i = 0; i < n; i++) access_page(&mm, BASE + (i << 21), 1, stamp));
	report("system", (system_time() - system) / n);
	zap(&mm, BASE, vma->end, 1);
	TIME("again", n, for (u64 i = 0; i < n; i++) access_page(&mm, BASE + (i << 21), 1, stamp));
	zap(&mm, BASE, vma->end, 1);
	vma->end = end;
}

int main(int argc, char **argv) {
	static const struct scene scenes[] = { { "touched", touched }, { "random", random_order }, { "sparse", sparse }, { "sync", sync_faults },
		{ "markers", markers }, { "swap", swapping }, { "thp", thp }, { "hugetlb", hugetlb }, { "scale", scale } };
	if (argc < 3) return 2;
	pages = strtoul(argv[1], 0, 10);
	few = pages < FEW_PAGES ? pages : FEW_PAGES;
	machine_init(pages + (u64)few * 64);
	order = shuffled(pages);
	out = calloc((u64)pages + 16, 16);
	mm = mm_new();
	vma = map(BASE, pages, 0);
	end = BASE + (u64)pages * 4096;
	end_line();
	serve(scenes, sizeof scenes / sizeof *scenes, argv[2]);
	return 0;
}
