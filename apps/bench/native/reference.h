/*
 * A straightforward C version of the simulation: what the model's paths cost without its seams and in a language close to the machine.
 *
 * It does the model's work for anonymous x86-64 memory under one design (pte markers, WP_ASYNC): TLB, walk, accessed and dirty bits,
 * a record of 32 bytes a frame with references, mapcount, stamp and reverse mapping, exact counts of tables, messages for
 * synchronous faults, swap slots. No other design, memory type or architecture; no vma is split or merged; errors end the program.
 *
 * With -DBARE, accesses are what the first prototype measured: no TLB, no stamps, no reverse mapping; faults are called directly.
 */
#ifndef REFERENCE_H
#define REFERENCE_H
#include "side.h"

#define VM_WP 1u
#define VM_ASYNC 2u
#define VM_HUGEPAGE 4u
#define VM_HUGETLB 8u

#define DONE 0
#define BLOCKED 1
#define SEGV (-1)

struct mm {
	u32 pgd, asid;
};

/* A mapping of the address space that the scenes use. */
struct vma {
	u64 start, end;
	u32 flags, id;
};

void machine_init(u64 pages);
struct vma *map(u64 start, u64 pages, u32 flags);
struct mm mm_new(void);

int access_page(struct mm *mm, u64 va, int write, u32 stamp);
int fault(struct mm *mm, u64 va, int write);
long protect(struct mm *mm, u64 start, u64 end, int on);
void zap(struct mm *mm, u64 start, u64 end, int frees);
void fork_range(struct mm *parent, struct mm *child, u64 start, u64 end);
void mm_free(struct mm *mm);
long scan(struct mm *mm, u64 start, u64 end, u64 *regions, long most);
void pagemap(struct mm *mm, u64 start, u64 end, u64 *out);
int khugepaged_scan(struct mm *mm, u64 va);
void page_out(struct mm *mm, u64 start, u64 end);
int receive(u64 *va);
#endif
