/*
 * Linux forgets what a private mapping of huge pages has reserved when a part of it is moved: for the rest too, and for good, since the
 * record is dropped for the whole mapping while the pool goes on counting (mm/mremap.c copy_vma_and_data(), mm/hugetlb.c
 * fixup_hugetlb_reservations()). Pages of the pool would stay reserved for nobody until the machine restarts. A part that is a mapping of
 * its own takes its record with it and leaves that of the others alone, and the move would cut the mapping in the same places: so it is
 * cut before. That shows in nothing but the pool, provided that the move takes place: what might be refused is left as it is.
 */
#include "session.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE (2ull << 20)
#define DONTUNMAP 4

static uint64_t round_up(uint64_t length, uint64_t unit)
{
	return (length + unit - 1) / unit * unit;
}

/* Whether the arguments alone are no reason to refuse. */
static int well_formed(const uint64_t *arg)
{
	uint64_t from = arg[0], to = arg[4];

	if ((arg[3] & (MREMAP_FIXED | MREMAP_MAYMOVE | DONTUNMAP)) != (MREMAP_FIXED | MREMAP_MAYMOVE))
		return 0;
	if (from % HUGE || to % HUGE || !arg[2] || round_up(arg[2], HUGE) > round_up(arg[1], HUGE))
		return 0;
	return to >= from + arg[1] || from >= to + arg[2];
}

int moves_reserved_part(const struct process *process, const uint64_t *arg)
{
	int resizes = round_up(arg[1], PAGE) != round_up(arg[2], PAGE), seen = 0, armed = 0, cuts = 0, shared = 0;
	uint64_t from = arg[0], end = resizes ? from + round_up(arg[2], HUGE) : from + arg[1];
	unsigned long start = 0, stop = 0;
	char path[48], line[512];

	if (session.slow || process->pid <= 0 || !well_formed(arg))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps", process->pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long first, last;
		char access[8];
		if (sscanf(line, "%lx-%lx %7s", &first, &last, access) == 3) {
			start = first;
			stop = last;
			shared = access[3] != 'p';
		}
		if (strncmp(line, "VmFlags:", 8) || stop <= from || start >= end)
			continue;
		/* What is resized must be one mapping, and so must what a userfaultfd watches. */
		if (seen++ ? resizes : start > from || (resizes && stop < end))
			cuts = -1;
		armed |= strstr(line, " um") || strstr(line, " uw") || strstr(line, " ui");
		if (cuts >= 0 && strstr(line, " ht") && !shared && (start < from || stop > round_up(end, HUGE)))
			cuts = 1;
	}
	if (maps)
		fclose(maps);
	return cuts > 0 && (seen == 1 || !armed);
}
