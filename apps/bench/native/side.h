/*
 * What the programs of this folder share: a clock, an order of pages, and the protocol of `faultline speed`.
 *
 * A side is started as  PROGRAM PAGES SCENE,SCENE,…  and first says what it leaves out and why, as one line of JSON. For each
 * byte it then reads it runs every scene once and answers one line of JSON: nanoseconds a unit by operation.
 */
#ifndef SIDE_H
#define SIDE_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define PAGES_PER_TABLE 512
/* Pages that scenes take whose unit costs microseconds on a kernel. */
#define FEW_PAGES 8192

static int reported;

static inline double clock_now(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Time on the CPU: what other processes take of a busy machine does not count. */
static inline double now(void) {
	return clock_now(CLOCK_THREAD_CPUTIME_ID);
}

static inline void report(const char *name, double value) {
	printf("%s\"%s\":%.4f", reported++ ? "," : "{", name, value);
}

static inline void end_line(void) {
	puts(reported ? "}" : "{}");
	fflush(stdout);
	reported = 0;
}

#define TIME(name, units, body) \
	do { \
		double began = now(); \
		body; \
		report(name, (now() - began) / (units)); \
	} while (0)

/* All numbers below n in an order that no prefetcher foresees; the same everywhere, as model-machine.ts makes it too. */
static inline u32 *shuffled(u32 n) {
	u32 *order = malloc(n * sizeof *order), state = 88172645u;
	for (u32 i = 0; i < n; i++) order[i] = i;
	for (u32 i = n - 1; i > 0; i--) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		u32 j = state % (i + 1), t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	return order;
}

struct scene {
	const char *name;
	void (*run)(void);
};

/* Answers rounds until its reader goes away. */
static inline void serve(const struct scene *scenes, int nr, const char *wanted) {
	int c;
	while ((c = getchar()) != EOF) {
		if (c == '\n') continue;
		for (int i = 0; i < nr; i++) {
			const char *at = strstr(wanted, scenes[i].name);
			size_t length = strlen(scenes[i].name);
			if (at && (at == wanted || at[-1] == ',') && (at[length] == ',' || !at[length])) scenes[i].run();
		}
		end_line();
	}
}
#endif
