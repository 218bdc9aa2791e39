/* Inside the reference: its tables, frames and counters. */
#ifndef REFERENCE_MACHINE_H
#define REFERENCE_MACHINE_H
#include "reference.h"

#define NOINLINE __attribute__((noinline))
#define P 1ull
#define RW 2ull
#define US 4ull
#define A 0x20ull
#define D 0x40ull
#define PSE 0x80ull
#define WP 0x400ull
#define SD 0x800ull
#define NX (1ull << 63)
#define LINK 0x67ull
#define MARKER 0xFFFFFFFFFFFF8000ull
#define SWP_WP 4ull
#define SWAPPED(slot) ((u64)(slot) << 12 | 8ull)
#define SLOT(e) ((u32)((e) >> 12))
#define PFN(e) ((u32)((e) >> 12 & 0xFFFFFFFFFFull))
#define TABLE(e) ((u32)((e) >> 12))
#define ENTRIES(table) (tables + (u64)(table) * PAGES_PER_TABLE)
#define ZERO_FRAME 1

enum { ANON = 1, HUGE_FRAME = 2, TAIL = 4, ZERO = 8 };
struct frame {
	int32_t ref, map;
	u32 flags, stamp, mapping, index, slot, next;
};
struct slot {
	int32_t count;
	u32 stamp, next;
};

enum { FAULTS, WP_FAULTS, TABLES_ALLOCATED, TABLES_FREED, FRAMES_ALLOCATED, FLUSHES, DEPOSITED, PTES, MARKERS, TLB_HITS, TLB_MISSES, LOADED, NR_COUNTERS };

extern u64 *tables, counters[NR_COUNTERS];
/* Entries in use, by table. */
extern u32 *used;
extern struct frame *frames;
extern struct slot *slots;

struct vma *find_vma(u64 va);
u32 table_alloc(void);
void table_free(u32 table);
u32 frame_alloc(void);
void frame_put(u32 pfn);
u32 slot_alloc(u32 stamp);
void slot_free(u32 slot);
void flush(struct mm *mm, u64 start, u64 end);
u64 *pmd_of(struct mm *mm, u64 va);
u64 *pmd_alloc(struct mm *mm, u64 va);
u64 *pte_alloc(struct mm *mm, u64 va);
#endif
