/* The server's side of one program: its processes, their threads, and the names it has given to things. */
#ifndef SESSION_H
#define SESSION_H
#include "kernel-api.h"
#include "wire.h"

#define MAX_PROCESSES 16
#define MAX_REGIONS 256
#define MAX_FILES 64
#define MAX_UFFDS 64
#define NAMED_UFFDS 48
#define MAX_EXTENTS 512
#define MAX_KEPT 64
#define MAX_WORDS 40
/* Most answers a monitor gives to one access: as the model's. */
#define MOST_ANSWERS 6
/* CPU time after which a request that does not wait counts as restarting for ever; pages of 1 GiB take long to clear. */
#define LIVELOCK_MS 100
#define SLOW_LIVELOCK_MS 3000
/* So many times as long: it restarts inside the kernel, where only the end of its process reaches it. */
#define KILL_FACTOR 4
/* Messages noted for one request. */
#define MAX_ANSWERED 24

/* What is to be done when a request that may wait has come back. */
struct pending {
	int what; /* enum request_kind */
	int id; /* region, process or userfaultfd that it makes */
	int shift;
	uint64_t length;
	uint64_t address;
};

struct thread {
	int sock, wchan, stat, schedstat;
	int tid;
	int busy; /* 0 idle, 1 at work, 2 waits for a monitor */
	int name;
	uint64_t since;
	int64_t times_run; /* when it began to wait */
	struct pending pending;
	int answers;
	uint64_t turn; /* the operation at which monitors last answered it */
	/* Messages that monitors answered during the present request. */
	int nr_answered;
	struct { struct fl_msg msg; int thread_named; int state; } answered[MAX_ANSWERED];
};

struct process {
	int pid; /* 0: never there; -1: gone */
	int control, pagemap, nr_threads;
	struct thread threads[MAX_THREADS];
};

struct region { int bound, shift; int64_t vpn; };
struct extent { uint64_t start, end; int shift; };

struct uffd {
	int fd; /* -1: closed or never there */
	int known, process, has_monitor;
	int answer[3]; /* missing, wp, minor */
	uint64_t features;
	/* Messages read but not yet handed out, oldest first. */
	int nr_kept;
	struct { struct fl_msg msg; int tid; int64_t times_run; } kept[MAX_KEPT];
};

struct session {
	int open;
	struct process processes[MAX_PROCESSES];
	struct region regions[MAX_REGIONS];
	struct { int fd, shift; } files[MAX_FILES];
	struct uffd uffds[MAX_UFFDS];
	struct extent extents[MAX_EXTENTS];
	int nr_extents;
	int64_t next_free; /* page number */
	uint64_t clock;
	uint64_t turn; /* number of the present operation */
	int ordered; /* threads run in the kernel's order: see schedule_in_order() */
	int slow; /* has pages of 1 GiB */
	int over; /* a process had to be killed, and nothing more can be asked */
};

extern struct session session;

/* One line of the program: its numbers, and how many there are. */
struct line { int64_t v[MAX_WORDS]; int nr; };

/* main.c: the answer line */
void say(const char *text);
void say_number(int64_t number);
void say_field(char key, int64_t number);
void say_errno(int error);
/* The operation cannot be performed here: the line says why. Returns -1. */
int say_unsupported(const char *why);
/* A name is not bound: its kind and number. Returns -1. */
int say_unbound(char kind, int64_t id);

/* session.c */
void session_open(void);
void session_close(void);
struct region *region_of(int64_t id);
/* First byte of a place (three numbers); 0 and an answer of its own when the region is not bound. */
int place_at(const int64_t *v, uint64_t *address);
int range_at(const int64_t *v, uint64_t *address, uint64_t *length);
int64_t next_place(int64_t pages, int shift, int64_t *after);
void note_extent(uint64_t start, uint64_t length, int shift);
uint64_t page_size_at(uint64_t address);
struct uffd *adopt_uffd(int64_t id, int process, int fd);
/* How long threads of a process may run without a wait before they are called back, and then killed; 0 for the caller. */
void limit_running(int pid);
/* The same file by another number, which is closed before those of userfaultfds when the server dies. */
int first_to_close(int fd);
/* Keeps a userfaultfd open that has no name, until the program ends. */
void park_uffd(int fd);
/* The errno of a call, 0 when it succeeded. */
int errno_of(const struct reply *reply);
/* Binds what a finished request has made, and says its outcome. */
void say_completed(struct process *process, struct thread *thread, const struct reply *reply, int fd, int had_waited);

/* threads.c */
/* Everything takes so many times longer here. */
void be_patient(int times);
struct thread *idle_thread(struct process *process);
/* Sends a request and says what became of it. `fd` goes along. */
void perform(int process, int name, const struct request *request, const struct pending *pending, int fd);
/* Sends a request and waits for its reply, without an answer line. Returns its errno. */
int perform_quietly(struct process *process, const struct request *request);
/* Waits until threads that were woken wait again or have replied: they do at once, unless others keep the CPU from them. */
void await_quiet(void);
/* Says what became of threads that waited and no longer do. */
void say_finished(void);
struct process *process_of(int64_t id);
int await_hello(struct process *process);

/* observe.c */
#define STATE_PRESENT 0x1
#define STATE_FILE 0x4
#define STATE_EXCLUSIVE 0x20
#define STATE_ZERO 0x80
#define STATE_THP 0x100
#define STATE_HUGE 0x200
int page_state(struct process *process, uint64_t address);
uint64_t pagemap_entry(struct process *process, uint64_t address);
/* Of a pagemap entry, the frame number. */
#define PFN_MASK ((1ull << 55) - 1)
/* The flags of a frame (KPF_*). */
uint64_t frame_flags(uint64_t pfn);
void op_pagemap(const struct line *line);
void op_scan(const struct line *line);
void op_status(const struct line *line);
void op_clear_refs(const struct line *line);
int64_t table_bytes(struct process *process);
void observe_prepare(void);

/* uffd.c */
void uffd_prepare(void);
void op_api(const struct line *line);
void op_register(const struct line *line);
void op_unregister(const struct line *line);
void op_writeprotect(const struct line *line);
void op_copy(const struct line *line);
void op_zeropage(const struct line *line);
void op_continue(const struct line *line);
void op_poison(const struct line *line);
void op_wake(const struct line *line);
void op_move(const struct line *line);
void op_close(const struct line *line);
void op_monitor(const struct line *line);
void op_receive(const struct line *line);
void say_message(const struct fl_msg *msg, int named, int state);
/* Returns an errno; *done is the result field. */
int uffd_copy(int fd, const struct fl_range *range, uint64_t mode, uint32_t stamp, int64_t *done);
int uffd_fill(int fd, unsigned long request, const struct fl_range *range, uint64_t mode, int64_t *done);
/* Finds whose thread it is; 0 when nobody's. */
struct thread *thread_of(int tid, int *process);

/* thread-state.c */
/* Opens a file of /proc for a process, or for one of its threads. */
int open_proc(int pid, int tid, const char *name);
enum waiting { FOR_NOTHING, FOR_FAULT, FOR_EVENT };
/* Whether a thread sleeps until a userfaultfd is served: the name of where it sleeps tells so. */
enum waiting waits_for_monitor(struct thread *thread);
/* CPU time of a thread in ms, or -1 when it does not run now. */
int64_t running_ms(struct thread *thread);
/* How often a thread has been given a CPU: one that was woken and waits again has run in between. */
int64_t times_run(struct thread *thread);

/* monitor.c */
/* Lets a monitor answer the message of a thread that waits in a fault. Returns whether one did. */
int monitor_answers_fault(struct process *process, struct thread *thread);
/* Lets monitors read all events; they are noted for the thread that waits, if any. Returns whether there were any. */
int monitor_reads_events(struct thread *thread);
/* Forgets messages of a thread that waits no longer. */
void forget_messages(int tid);
/* Forgets messages of a thread from before it last ran: it waits again, for something else. */
void forget_old_messages(struct thread *thread);

/* reclaim.c */
void op_pageout(const struct line *line);
void op_reclaim(const struct line *line);

/* memory.c */
/* `path`: the swap area that `swapoff` may switch off and on again; none when 0. */
void memory_prepare(const char *path);
void op_file(const struct line *line);
void op_mmap(const struct line *line);
void op_munmap(const struct line *line);
void op_mprotect(const struct line *line);
void op_mremap(const struct line *line);
/* Whether an mremap with these arguments moves a part of a private mapping of huge pages. */
int moves_reserved_part(const struct process *process, const uint64_t *arg);
void op_read(const struct line *line);
void op_write(const struct line *line);
void op_fork(const struct line *line);
void op_exit(const struct line *line);
void op_userfaultfd(const struct line *line);
void op_madvise(const struct line *line);
void op_fallocate(const struct line *line);
void op_ftruncate(const struct line *line);
void op_mlock(const struct line *line);
void op_munlock(const struct line *line);
void op_swapoff(const struct line *line);

#endif
