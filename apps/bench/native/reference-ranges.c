/* Calls of the reference over ranges. See reference.h. */
#include "reference-machine.h"

#define SPAN_END(va, end) (((va) | 0x1FFFFF) + 1 < (end) ? ((va) | 0x1FFFFF) + 1 : (end))
#define TABLE_OF(entry) (((u64)((entry) - tables)) / PAGES_PER_TABLE)

/* The pte of an address, or none where there is no table of ptes. */
static u64 *pte_of(struct mm *mm, u64 va) {
	u64 *pmd = pmd_of(mm, va);
	return pmd && *pmd && !(*pmd & PSE) ? &ENTRIES(TABLE(*pmd))[va >> 12 & 511] : 0;
}

NOINLINE long protect(struct mm *mm, u64 start, u64 end, int on) {
	long changed = 0;
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *pte = pte_of(mm, va);
		if (!pte) {
			if (!on) {
				va = next;
				continue;
			}
			pte = pte_alloc(mm, va);
		}
		u64 n = (next - va) >> 12;
		long markers = 0;
		counters[PTES] += n;
		if (on)
			for (u64 i = 0; i < n; i++) {
				u64 e = pte[i];
				if (e & P) {
					if (!(e & WP)) pte[i] = (e | WP) & ~RW, changed++;
				} else if (!e) pte[i] = MARKER, markers++;
				else if (e != MARKER && !(e & SWP_WP)) pte[i] = e | SWP_WP, changed++;
			}
		else
			for (u64 i = 0; i < n; i++) {
				u64 e = pte[i];
				if (e & P) {
					/* A page that only this entry maps may be written at once. */
					if (e & WP) pte[i] = (e & ~WP) | (frames[PFN(e)].ref == 1 ? RW : 0), changed++;
				} else if (e == MARKER) pte[i] = 0, markers--;
				else if (e & SWP_WP) pte[i] = e & ~SWP_WP, changed++;
			}
		used[TABLE_OF(pte)] += markers;
		counters[MARKERS] += markers;
		changed += markers < 0 ? -markers : markers;
		va = next;
	}
	if (changed) flush(mm, start, end);
	return changed;
}

static void free_pte_table(struct mm *mm, u64 va) {
	u64 *pgd = &ENTRIES(mm->pgd)[va >> 39 & 511], *pud = &ENTRIES(TABLE(*pgd))[va >> 30 & 511], *pmd = &ENTRIES(TABLE(*pud))[va >> 21 & 511];
	if (!(*pmd & PSE) && *pmd) table_free(TABLE(*pmd));
	*pmd = 0;
	if (--used[TABLE(*pud)]) return;
	table_free(TABLE(*pud));
	*pud = 0;
	if (--used[TABLE(*pgd)]) return;
	table_free(TABLE(*pgd));
	*pgd = 0;
	used[mm->pgd]--;
}

static NOINLINE void zap_huge(struct mm *mm, u64 va, u64 *pmd) {
	u32 pfn = PFN(*pmd);
	if (frames[pfn].flags & ANON) {
		for (u32 i = 0; i < 512; i++) frames[pfn + i].map--;
		counters[DEPOSITED]--;
	}
	frame_put(pfn);
	free_pte_table(mm, va);
}

NOINLINE void zap(struct mm *mm, u64 start, u64 end, int frees) {
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *pmd = pmd_of(mm, va);
		if (!pmd || !*pmd) {
			va = next;
			continue;
		}
		if (*pmd & PSE) zap_huge(mm, va, pmd);
		else {
			u32 table = TABLE(*pmd), gone = 0;
			u64 *pte = &ENTRIES(table)[va >> 12 & 511], n = (next - va) >> 12;
			counters[PTES] += n;
			for (u64 i = 0; i < n; i++) {
				u64 e = pte[i];
				if (!e) continue;
				gone++;
				pte[i] = 0;
				if (e & P) {
					u32 pfn = PFN(e);
					if (frames[pfn].flags & ZERO) continue;
					frames[pfn].map--;
					frame_put(pfn);
				} else if (e != MARKER) slot_free(SLOT(e));
			}
			used[table] -= gone;
			if (frees && !used[table]) free_pte_table(mm, va);
		}
		va = next;
	}
	flush(mm, start, end);
}

NOINLINE void fork_range(struct mm *parent, struct mm *child, u64 start, u64 end) {
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *from = pte_of(parent, va);
		if (!from) {
			va = next;
			continue;
		}
		u64 *to = pte_alloc(child, va), n = (next - va) >> 12;
		u32 copied = 0;
		counters[PTES] += n;
		for (u64 i = 0; i < n; i++) {
			u64 e = from[i];
			if (!e || e == MARKER) continue;
			if (e & P) {
				struct frame *frame = &frames[PFN(e)];
				if (!(frame->flags & ZERO)) frame->ref++, frame->map++;
				e &= ~RW;
				from[i] = e;
				e &= ~WP;
			} else slots[SLOT(e)].count++, e &= ~SWP_WP;
			to[i] = e;
			copied++;
		}
		used[TABLE_OF(to)] += copied;
		va = next;
	}
	flush(parent, start, end);
}

NOINLINE long scan(struct mm *mm, u64 start, u64 end, u64 *regions, long most) {
	long n = 0;
	u64 open = ~0ull;
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *pte = pte_of(mm, va);
		if (!pte) {
			/* What is not there counts as written where someone watches. */
			if (open == ~0ull) open = va;
			va = next;
			continue;
		}
		u64 pages = (next - va) >> 12;
		counters[PTES] += pages;
		for (u64 i = 0; i < pages; i++) {
			u64 e = pte[i];
			int written = e & P ? !(e & WP) : e != MARKER && !(e & SWP_WP);
			if (written) {
				if (open == ~0ull) open = va + (i << 12);
			} else if (open != ~0ull) {
				if (n == most) return n;
				regions[2 * n] = open;
				regions[2 * n++ + 1] = va + (i << 12);
				open = ~0ull;
			}
		}
		va = next;
	}
	if (open != ~0ull && n < most) {
		regions[2 * n] = open;
		regions[2 * n++ + 1] = end;
	}
	return n;
}

NOINLINE void pagemap(struct mm *mm, u64 start, u64 end, u64 *out) {
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *pte = pte_of(mm, va), n = (next - va) >> 12;
		for (u64 i = 0; i < n; i++) {
			u64 e = pte ? pte[i] : 0, word = 0;
			if (e & P) word = PFN(e) | 1ull << 63 | (e & SD ? 1ull << 55 : 0) | (e & WP ? 1ull << 57 : 0) | (frames[PFN(e)].map == 1 ? 1ull << 56 : 0);
			else if (e) word = 1ull << 62 | (e == MARKER || e & SWP_WP ? 1ull << 57 : 0);
			*out++ = word;
		}
		va = next;
	}
}

/* @returns 1 when the range may be collapsed, -1 when it holds what is armed, else 0 */
NOINLINE int khugepaged_scan(struct mm *mm, u64 va) {
	u64 *pte = pte_of(mm, va);
	int none = 0, swapped = 0, shared = 0;
	if (!pte) return 0;
	counters[PTES] += PAGES_PER_TABLE;
	for (int i = 0; i < PAGES_PER_TABLE; i++) {
		u64 e = pte[i];
		if (e & P) {
			if (frames[PFN(e)].flags & ZERO && ++none > 511) return 0;
			if (e & WP) return -1;
			if (frames[PFN(e)].map > 1 && ++shared > 256) return 0;
		} else if (!e) {
			if (++none > 511) return 0;
		} else if (e == MARKER || e & SWP_WP) return -1;
		else if (++swapped > 64) return 0;
	}
	return 1;
}

NOINLINE void page_out(struct mm *mm, u64 start, u64 end) {
	for (u64 va = start; va < end;) {
		u64 next = SPAN_END(va, end), *pte = pte_of(mm, va);
		if (pte)
			for (u64 i = 0, n = (next - va) >> 12; i < n; i++) {
				u64 e = pte[i];
				u32 pfn = PFN(e);
				if (!(e & P) || frames[pfn].flags & ZERO || frames[pfn].map != 1) continue;
				pte[i] = SWAPPED(slot_alloc(frames[pfn].stamp)) | (e & WP ? SWP_WP : 0);
				flush(mm, va + (i << 12), va + ((i + 1) << 12));
				frames[pfn].map--;
				frame_put(pfn);
			}
		va = next;
	}
}
