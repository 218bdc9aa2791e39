/* The machine of the reference, and one access: TLB, walk, fault. See reference.h. */
#define _GNU_SOURCE
#include "reference-machine.h"
#include <sys/mman.h>

u64 *tables;
u32 *used;
struct frame *frames;
struct slot *slots;
u64 counters[NR_COUNTERS];
static u32 *free_tables, nr_free_tables, next_table = 1;
static u32 free_frame, next_frame = 1024, free_huge, next_slot = 1, free_slot;

#define MAX_VMAS 16
static struct vma vmas[MAX_VMAS];
static int nr_vmas, last_vma;

#define TLB_ENTRIES 1024
static struct { u64 vpn; u32 asid, pfn, writable; } tlb[TLB_ENTRIES];
static u32 next_asid = 1;

#define MESSAGES 1024
static u64 messages[MESSAGES];
static u32 sent, received;

static void *reserve(u64 bytes) {
	void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) abort();
	return p;
}

void machine_init(u64 pages) {
	u64 nr_tables = pages / 32 + 65536, nr_frames = pages * 3 + 65536;
	tables = reserve(nr_tables * PAGES_PER_TABLE * 8);
	free_tables = reserve(nr_tables * 4);
	used = reserve(nr_tables * 4);
	frames = reserve(nr_frames * sizeof *frames);
	slots = reserve(nr_frames * sizeof *slots);
}

struct vma *map(u64 start, u64 pages, u32 flags) {
	struct vma *vma = &vmas[nr_vmas];
	*vma = (struct vma){ start, start + pages * 4096, flags, ++nr_vmas };
	return vma;
}

static NOINLINE struct vma *find_vma_slow(u64 va) {
	for (int i = 0; i < nr_vmas; i++) if (va >= vmas[i].start && va < vmas[i].end) return &vmas[last_vma = i];
	return 0;
}

struct vma *find_vma(u64 va) {
	struct vma *hit = &vmas[last_vma];
	return va >= hit->start && va < hit->end ? hit : find_vma_slow(va);
}

u32 table_alloc(void) {
	counters[TABLES_ALLOCATED]++;
	return nr_free_tables ? free_tables[--nr_free_tables] : next_table++;
}

/* Tables are all zero while they are free. */
void table_free(u32 table) {
	if (used[table]) memset(tables + (u64)table * PAGES_PER_TABLE, 0, 4096);
	used[table] = 0;
	counters[TABLES_FREED]++;
	free_tables[nr_free_tables++] = table;
}

struct mm mm_new(void) {
	return (struct mm){ table_alloc(), next_asid++ };
}

void mm_free(struct mm *mm) {
	table_free(mm->pgd);
}

u32 frame_alloc(void) {
	u32 pfn = free_frame;
	counters[FRAMES_ALLOCATED]++;
	if (pfn) free_frame = frames[pfn].next;
	else pfn = next_frame++;
	frames[pfn] = (struct frame){ .ref = 1 };
	return pfn;
}

u32 huge_alloc(void) {
	u32 pfn = free_huge;
	counters[FRAMES_ALLOCATED]++;
	if (pfn) free_huge = frames[pfn].next;
	else {
		pfn = (next_frame + 511) & ~511u;
		next_frame = pfn + 512;
	}
	for (u32 i = 0; i < 512; i++) frames[pfn + i] = (struct frame){ .flags = HUGE_FRAME | (i ? TAIL : 0) };
	frames[pfn].ref = 1;
	return pfn;
}

void frame_put(u32 pfn) {
	struct frame *frame = &frames[pfn];
	if (--frame->ref) return;
	u32 *head = frame->flags & HUGE_FRAME ? &free_huge : &free_frame;
	*frame = (struct frame){ .next = *head };
	*head = pfn;
}

u32 slot_alloc(u32 stamp) {
	u32 slot = free_slot;
	if (slot) free_slot = slots[slot].next;
	else slot = next_slot++;
	slots[slot] = (struct slot){ .count = 1, .stamp = stamp };
	return slot;
}

void slot_free(u32 slot) {
	if (--slots[slot].count) return;
	slots[slot].next = free_slot;
	free_slot = slot;
}

void flush(struct mm *mm, u64 start, u64 end) {
	counters[FLUSHES]++;
	/* As Linux: beyond 33 pages the whole address space goes. */
	if (end - start > 33 * 4096) mm->asid = next_asid++;
	else for (u64 vpn = start >> 12; vpn < end >> 12; vpn++) if (tlb[vpn % TLB_ENTRIES].vpn == vpn && tlb[vpn % TLB_ENTRIES].asid == mm->asid) tlb[vpn % TLB_ENTRIES].asid = 0;
}

int receive(u64 *va) {
	if (received == sent) return 0;
	*va = messages[received++ % MESSAGES];
	return 1;
}

/* The pmd entry of an address, or none. */
u64 *pmd_of(struct mm *mm, u64 va) {
	u64 e = ENTRIES(mm->pgd)[va >> 39 & 511];
	if (!e) return 0;
	e = ENTRIES(TABLE(e))[va >> 30 & 511];
	return e ? &ENTRIES(TABLE(e))[va >> 21 & 511] : 0;
}

u64 *pmd_alloc(struct mm *mm, u64 va) {
	u32 table = mm->pgd;
	for (int shift = 39; shift > 21; shift -= 9) {
		u64 *e = &ENTRIES(table)[va >> shift & 511];
		if (!*e) {
			*e = (u64)table_alloc() << 12 | LINK;
			used[table]++;
		}
		table = TABLE(*e);
	}
	return &ENTRIES(table)[va >> 21 & 511];
}

/* The pte of an address, its table made where there is none; not for huge leaves. */
u64 *pte_alloc(struct mm *mm, u64 va) {
	u64 *pmd = pmd_alloc(mm, va);
	if (!*pmd) {
		*pmd = (u64)table_alloc() << 12 | LINK;
		used[((u64)(pmd - tables)) / PAGES_PER_TABLE]++;
	}
	return &ENTRIES(TABLE(*pmd))[va >> 12 & 511];
}

static NOINLINE int fault_huge(struct mm *mm, struct vma *vma, u64 va, u64 *pmd) {
	u32 pfn = huge_alloc(), index = (u32)(va >> 12) & ~511u;
	if (vma->flags & VM_HUGETLB) frames[pfn].mapping = vma->id, frames[pfn].index = index;
	else {
		for (u32 i = 0; i < 512; i++) {
			frames[pfn + i].flags |= ANON;
			frames[pfn + i].mapping = vma->id;
			frames[pfn + i].index = index + i;
			frames[pfn + i].map++;
		}
		counters[DEPOSITED]++;
	}
	*pmd = (u64)pfn << 12 | P | US | A | NX | SD | RW | D | PSE;
	used[((u64)(pmd - tables)) / PAGES_PER_TABLE]++;
	(void)mm;
	return DONE;
}

static int new_page(struct vma *vma, u64 va, u64 *pte, u64 bits) {
	u32 pfn = frame_alloc();
	frames[pfn].map = 1;
	frames[pfn].flags = ANON;
	frames[pfn].mapping = vma->id;
	frames[pfn].index = (u32)((va - vma->start) >> 12);
	*pte = (u64)pfn << 12 | P | US | A | NX | SD | bits;
	return DONE;
}

static NOINLINE int fault_write_protected(struct mm *mm, struct vma *vma, u64 va, u64 *pte) {
	u64 e = *pte;
	if (e & WP) {
		counters[WP_FAULTS]++;
		if (!(vma->flags & VM_ASYNC)) {
			messages[sent++ % MESSAGES] = va;
			return BLOCKED;
		}
		e &= ~WP;
	}
	u32 old = PFN(e);
	if (frames[old].ref == 1 && !(frames[old].flags & ZERO)) *pte = e | RW | A | D | SD;
	else {
		u32 stamp = frames[old].stamp;
		new_page(vma, va, pte, RW | D);
		frames[PFN(*pte)].stamp = stamp;
		flush(mm, va & ~4095ull, (va & ~4095ull) + 4096);
		if (!(frames[old].flags & ZERO)) {
			frames[old].map--;
			frame_put(old);
		}
	}
	return DONE;
}

static NOINLINE int fault_swapped(struct vma *vma, u64 va, u64 *pte, int write) {
	u64 e = *pte;
	u32 slot = SLOT(e);
	new_page(vma, va, pte, (e & SWP_WP ? WP : RW) | (write && !(e & SWP_WP) ? D : 0));
	frames[PFN(*pte)].stamp = slots[slot].stamp;
	slot_free(slot);
	return DONE;
}

NOINLINE int fault(struct mm *mm, u64 va, int write) {
	struct vma *vma = find_vma(va);
	counters[FAULTS]++;
	if (!vma) return SEGV;
	if (vma->flags & (VM_HUGEPAGE | VM_HUGETLB)) {
		u64 *pmd = pmd_alloc(mm, va);
		if (!*pmd) return fault_huge(mm, vma, va, pmd);
	}
	u64 *pte = pte_alloc(mm, va), e = *pte;
	if (e & P) {
		if (write && !(e & RW)) return fault_write_protected(mm, vma, va, pte);
		*pte = e | A | (write ? D : 0);
		return DONE;
	}
	if (e && e != MARKER) return fault_swapped(vma, va, pte, write);
	u64 wp = e && vma->flags & VM_WP ? WP : 0;
	if (wp && write) {
		if (!(vma->flags & VM_ASYNC)) {
			messages[sent++ % MESSAGES] = va;
			return BLOCKED;
		}
		wp = 0;
	}
	if (!e) used[((u64)(pte - tables)) / PAGES_PER_TABLE]++;
	if (!write) {
		*pte = (u64)ZERO_FRAME << 12 | P | US | A | NX | SD | wp;
		return DONE;
	}
	return new_page(vma, va, pte, wp ? wp | D : RW | D);
}

/* What the hardware does: the frame of a page that may be accessed, or 0. */
static inline u32 translate(struct mm *mm, u64 va, int write) {
	u64 *pmd = pmd_of(mm, va);
	if (!pmd || !*pmd) return 0;
	u64 *leaf = *pmd & PSE ? pmd : &ENTRIES(TABLE(*pmd))[va >> 12 & 511], e = *leaf;
	if (!(e & P) || (write && !(e & RW))) return 0;
	u64 marked = e | A | (write ? D : 0);
	if (marked != e) *leaf = marked;
	return PFN(e) + (e & PSE ? va >> 12 & 511 : 0);
}

NOINLINE int access_page(struct mm *mm, u64 va, int write, u32 stamp) {
#ifdef BARE
	(void)stamp;
	return translate(mm, va, write) ? DONE : fault(mm, va, write);
#else
	u64 vpn = va >> 12;
	u32 at = vpn % TLB_ENTRIES, pfn;
	if (tlb[at].vpn == vpn && tlb[at].asid == mm->asid && (!write || tlb[at].writable)) {
		counters[TLB_HITS]++;
		pfn = tlb[at].pfn;
	} else {
		counters[TLB_MISSES]++;
		while (!(pfn = translate(mm, va, write))) {
			int code = fault(mm, va, write);
			if (code) return code;
		}
		tlb[at].vpn = vpn;
		tlb[at].asid = mm->asid;
		tlb[at].pfn = pfn;
		tlb[at].writable = write;
	}
	if (write) frames[pfn].stamp = stamp;
	else counters[LOADED] = frames[pfn].stamp;
	return DONE;
#endif
}
