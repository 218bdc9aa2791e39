/* System calls that return a negated errno and touch no errno of the thread. */
#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H
#include <stdint.h>

#ifndef __x86_64__
#error "the helper knows the system calls of x86-64 only"
#endif

static inline long system_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}

#endif
