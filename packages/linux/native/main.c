/*
 * Runs programs on the kernel of this machine. Reads lines (`open`, one line an operation, `close`) and answers each with one line.
 * Whoever writes need not wait for answers. docs of the protocol: ../src/encode.ts and ../src/decode.ts.
 */
#include "session.h"
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char in[1 << 16], out[1 << 18];
static size_t in_at, in_end, out_len;

static void flush(void)
{
	for (size_t done = 0; done < out_len;) {
		ssize_t wrote = write(1, out + done, out_len - done);
		if (wrote < 0 && errno != EINTR)
			_exit(1);
		if (wrote > 0)
			done += (size_t)wrote;
	}
	out_len = 0;
}

void say(const char *text)
{
	size_t length = strlen(text);

	if (out_len + length > sizeof(out))
		flush();
	memcpy(out + out_len, text, length);
	out_len += length;
}

void say_number(int64_t number)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*--p = 0;
	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--p = '-';
	say(p);
}

void say_field(char key, int64_t number)
{
	char text[3] = { ' ', key, 0 };

	say(text);
	say_number(number);
}

void say_errno(int error)
{
	say_number(error);
}

int say_unsupported(const char *why)
{
	say("U ");
	say(why);
	return -1;
}

int say_unbound(char kind, int64_t id)
{
	char text[3] = { 'N', kind, 0 };

	say(text);
	say_number(id);
	return -1;
}

/* The next line without its end, or 0. Answers go out before anything is waited for. */
static char *next_line(void)
{
	for (;;) {
		char *end = memchr(in + in_at, '\n', in_end - in_at);
		if (end) {
			char *line = in + in_at;
			*end = 0;
			in_at = (size_t)(end - in) + 1;
			return line;
		}
		memmove(in, in + in_at, in_end - in_at);
		in_end -= in_at;
		in_at = 0;
		flush();
		ssize_t got = read(0, in + in_end, sizeof(in) - in_end);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		in_end += (size_t)got;
	}
}

static const struct { const char *name; void (*run)(const struct line *); int nr; } OPERATIONS[] = {
	{ "file", op_file, 5 }, { "mmap", op_mmap, 14 }, { "munmap", op_munmap, 7 }, { "mprotect", op_mprotect, 8 },
	{ "mremap", op_mremap, 15 }, { "read", op_read, 5 }, { "write", op_write, 6 }, { "fork", op_fork, 3 }, { "exit", op_exit, 2 },
	{ "userfaultfd", op_userfaultfd, 5 }, { "api", op_api, 5 }, { "register", op_register, 9 }, { "unregister", op_unregister, 8 },
	{ "writeprotect", op_writeprotect, 9 }, { "copy", op_copy, 10 }, { "zeropage", op_zeropage, 9 }, { "continue", op_continue, 9 },
	{ "poison", op_poison, 9 }, { "wake", op_wake, 9 }, { "move", op_move, 12 }, { "close", op_close, 3 }, { "receive", op_receive, 4 },
	{ "monitor", op_monitor, 6 }, { "madvise", op_madvise, 8 }, { "reclaim", op_reclaim, 7 }, { "fallocate", op_fallocate, 6 },
	{ "ftruncate", op_ftruncate, 4 }, { "mlock", op_mlock, 7 }, { "munlock", op_munlock, 7 }, { "swapoff", op_swapoff, 2 },
	{ "pagemap", op_pagemap, 7 }, { "scan", op_scan, 14 }, { "clear_refs", op_clear_refs, 2 }, { "status", op_status, 2 },
};

static void run_line(char *text)
{
	struct line line = { .nr = 0 };
	char *rest = text + strcspn(text, " ");

	if (*rest)
		*rest++ = 0;
	if (!strcmp(text, "open")) {
		session_open();
		say(session.ordered ? "0 o" : "0");
		return;
	}
	/* With arguments it is the operation on a userfaultfd. */
	if (!strcmp(text, "close") && !*rest) {
		session_close();
		say("0");
		return;
	}
	while (*rest && line.nr < MAX_WORDS) {
		line.v[line.nr++] = strtoll(rest, &rest, 10);
		while (*rest == ' ')
			rest++;
	}
	for (size_t i = 0; i < sizeof(OPERATIONS) / sizeof(*OPERATIONS); i++) {
		if (strcmp(text, OPERATIONS[i].name))
			continue;
		if (line.nr != OPERATIONS[i].nr || !session.open) {
			say("X malformed line");
			return;
		}
		if (session.over)
			say_unsupported("what follows an access that restarts for ever inside the kernel, and had to be killed with its process");
		else
			OPERATIONS[i].run(&line);
		return;
	}
	say("X unknown operation");
}

/* From here on a user without rights. What was opened before stays open. */
static void become(int user)
{
	if (setgroups(0, 0) || setresgid((gid_t)user, (gid_t)user, (gid_t)user) || setresuid((uid_t)user, (uid_t)user, (uid_t)user)) {
		perror("cannot become another user");
		exit(1);
	}
	/* Else files in /proc of the processes that run programs are root's. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/*
 * Arguments: the CPU to run on or -1, the swap area to switch or nothing, the process to die with, how many times slower than usual,
 * the user to be.
 */
int main(int argc, char **argv)
{
	char *line;

	/* All processes of a program share a CPU: its lists of pages in transit are then emptied by whoever asks, and handing over is cheap. */
	if (argc > 1 && atoi(argv[1]) >= 0) {
		cpu_set_t cpus;
		CPU_ZERO(&cpus);
		CPU_SET(atoi(argv[1]), &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	/* Ctrl-C is for whoever asked: this may be in the middle of something that they still want. */
	setpgid(0, 0);
	if (argc > 4)
		be_patient(atoi(argv[4]));
	/* First: what the others map is not inherited, so it must not be found. */
	tenant_prepare();
	observe_prepare();
	uffd_prepare();
	memory_prepare(argc > 2 && *argv[2] ? argv[2] : 0);
	if (argc > 5)
		become(atoi(argv[5]));
	/* Nothing is to outlive whoever asked for it. Who becomes somebody else is forgotten here, so it comes after that. */
	if (argc > 3)
		die_with(atoi(argv[3]));
	while ((line = next_line())) {
		session.turn++;
		run_line(line);
		say("\n");
	}
	session_close();
	return 0;
}
