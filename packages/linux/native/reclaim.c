/* Pages out: by advice, and as memory pressure would. */
#include "session.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_PAGEOUTS 5
#define PAGEOUT_PAUSE_US 100
#define MOST_FRAMES 4096
#define WRITEBACK_PAUSE_US 50
#define MOST_WAITS 20000
#define HUGE_PAGE (1ull << 21)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define KPF_WRITEBACK_BIT 8

static const char OWN[] = "a range with memory of the helper itself in it";
static uint64_t frames[MOST_FRAMES];
static int nr_frames;

/* The next mapped page at or after *at and before `end`; 0 when there is none. Ranges may be absurdly long. */
static int next_mapped(uint64_t *at, uint64_t end)
{
	uint64_t best = end;

	for (int i = 0; i < session.nr_extents; i++) {
		const struct extent *extent = &session.extents[i];
		if (*at < extent->end && (extent->start > *at ? extent->start : *at) < best)
			best = extent->start > *at ? extent->start : *at;
	}
	*at = best;
	return best < end;
}

/* Of a huge page, parts may be mapped once while the whole is not; it was not taken if it is still there. */
static int is_spared(int state)
{
	return !(state & STATE_EXCLUSIVE) || ((state & STATE_THP) && !(state & STATE_FILE));
}

/* Whether a page of the range is still there; with `shared`, one that is mapped more than once. Zero pages always stay. */
static int any_resident(struct process *process, uint64_t start, uint64_t length, int shared)
{
	for (uint64_t at = start; next_mapped(&at, start + length); at += PAGE) {
		int state = page_state(process, at);
		if ((state & STATE_PRESENT) && !(state & (STATE_ZERO | STATE_HUGE)) && (!shared || is_spared(state)))
			return 1;
	}
	return 0;
}

/* Of a range, the frames that MADV_PAGEOUT may take. */
static void note_frames(struct process *process, uint64_t start, uint64_t length)
{
	nr_frames = 0;
	for (uint64_t at = start; nr_frames < MOST_FRAMES && next_mapped(&at, start + length); at += PAGE) {
		uint64_t entry = pagemap_entry(process, at);
		if (entry >> 63)
			frames[nr_frames++] = entry & PFN_MASK;
	}
}

/*
 * A page that is being written to swap keeps its place in the swap cache until that is done, and whether it is by the time of the next
 * operation would be a matter of luck.
 */
static void await_written(void)
{
	for (int i = 0, waits = 0; i < nr_frames && waits < MOST_WAITS; )
		if (frame_flags(frames[i]) >> KPF_WRITEBACK_BIT & 1) {
			usleep(WRITEBACK_PAUSE_US);
			waits++;
		} else {
			i++;
		}
}

/*
 * Has every CPU empty its lists of pages in transit: where writing to swap is reported done, the page waits on the list of that CPU, and
 * nobody can take it. MADV_COLLAPSE asks for this first of all; of the empty memory here there is nothing to collapse then.
 */
static void drain_all_lists(void)
{
	static char *area;

	if (!area) {
		char *got = mmap(0, 3 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (got == MAP_FAILED)
			return;
		area = got + (HUGE_PAGE - (uint64_t)got % HUGE_PAGE) % HUGE_PAGE;
		madvise(got, 3 * HUGE_PAGE, MADV_DONTFORK);
		area[HUGE_PAGE] = 1;
	}
	madvise(area, HUGE_PAGE, MADV_COLLAPSE);
}

/* MADV_PAGEOUT takes a page only when nobody else happens to hold it: a few tries, as long as something is left. */
static int page_out(struct process *process, uint64_t start, uint64_t length)
{
	struct request request = { .kind = REQ_MADVISE, .arg = { start, length, FL_MADV_PAGEOUT } };

	for (int i = 0; ; i++) {
		note_frames(process, start, length);
		int error = perform_quietly(process, &request);
		await_written();
		/* Where a part of the range is not mapped, the rest was advised all the same. */
		if ((error && error != ENOMEM) || i == MOST_PAGEOUTS - 1 || !any_resident(process, start, length, 0))
			return error;
		drain_all_lists();
		usleep(PAGEOUT_PAUSE_US << i);
	}
}

/* The process and the range of a line that pages out; 0 when that was answered already. */
static struct process *page_out_target(const struct line *line, uint64_t *start, uint64_t *length)
{
	struct process *process = process_of(line->v[0]);

	if (!process || range_at(line->v + 2, start, length))
		return 0;
	if (process->pid < 0)
		say_errno(ESRCH);
	else if (tenant_owns(*start, *length))
		say_unsupported(OWN);
	else
		return process;
	return 0;
}

void op_pageout(const struct line *line)
{
	uint64_t start, length;
	struct process *process = page_out_target(line, &start, &length);

	if (!process)
		return;
	say_errno(page_out(process, start, length));
	say_finished();
}

/* As memory pressure would: whatever of the range can go, and no complaint about the rest. */
void op_reclaim(const struct line *line)
{
	uint64_t start, length;
	struct process *process = page_out_target(line, &start, &length);

	if (!process)
		return;
	if (start % PAGE) {
		say_errno(EINVAL);
		return;
	}
	if (page_out(process, start, length))
		for (uint64_t at = start; next_mapped(&at, start + length); at += PAGE)
			if (page_state(process, at) & STATE_PRESENT)
				page_out(process, at, PAGE);
	if (any_resident(process, start, length, 1)) {
		say_unsupported("the reclaim of pages that are mapped more than once, which MADV_PAGEOUT leaves alone");
		return;
	}
	say_errno(0);
	say_finished();
}
