/* What /proc tells of a thread: whether it waits, runs, and for how long. */
#include "session.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int open_proc(int pid, int tid, const char *name)
{
	char path[96];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum waiting waits_for_monitor(struct thread *thread)
{
	char name[64];
	ssize_t got = pread(thread->wchan, name, sizeof(name) - 1, 0);

	name[got < 0 ? 0 : got] = 0;
	if (strstr(name, "handle_userfault"))
		return FOR_FAULT;
	return strstr(name, "userfaultfd") ? FOR_EVENT : FOR_NOTHING;
}

int64_t running_ms(struct thread *thread)
{
	char text[512], state, *end;
	unsigned long user, system;
	ssize_t got = pread(thread->stat, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return -1;
	text[got] = 0;
	end = strrchr(text, ')');
	if (!end || sscanf(end + 2, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system) != 3 || state != 'R')
		return -1;
	return (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

int64_t times_run(struct thread *thread)
{
	char text[96];
	long times = 0;
	ssize_t got = pread(thread->schedstat, text, sizeof(text) - 1, 0);

	text[got < 0 ? 0 : got] = 0;
	return sscanf(text, "%*u %*u %ld", &times) == 1 ? times : 0;
}
