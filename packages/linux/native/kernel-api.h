/* The kernel's interface as far as the helper uses it. Headers of older distributions lack the newer half. */
#ifndef KERNEL_API_H
#define KERNEL_API_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <sys/types.h>
#include <linux/ioctl.h>

#define PAGE 4096ull

/* linux/userfaultfd.h, version 6.18. Our own names, so that no header can differ. */
struct fl_range { uint64_t start, len; };
struct fl_api { uint64_t api, features, ioctls; };
struct fl_register { struct fl_range range; uint64_t mode, ioctls; };
struct fl_copy { uint64_t dst, src, len, mode; int64_t copy; };
struct fl_fill { struct fl_range range; uint64_t mode; int64_t done; };
struct fl_writeprotect { struct fl_range range; uint64_t mode; };
struct fl_move { uint64_t dst, src, len, mode; int64_t move; };

/* Of /dev/userfaultfd; the argument is the flags of the system call. */
#define FL_NEW _IO(0xAA, 0x00)
#define FL_API _IOWR(0xAA, 0x3F, struct fl_api)
#define FL_REGISTER _IOWR(0xAA, 0x00, struct fl_register)
#define FL_UNREGISTER _IOR(0xAA, 0x01, struct fl_range)
#define FL_WAKE _IOR(0xAA, 0x02, struct fl_range)
#define FL_COPY _IOWR(0xAA, 0x03, struct fl_copy)
#define FL_ZEROPAGE _IOWR(0xAA, 0x04, struct fl_fill)
#define FL_MOVE _IOWR(0xAA, 0x05, struct fl_move)
#define FL_WRITEPROTECT _IOWR(0xAA, 0x06, struct fl_writeprotect)
#define FL_CONTINUE _IOWR(0xAA, 0x07, struct fl_fill)
#define FL_POISON _IOWR(0xAA, 0x08, struct fl_fill)

#define FL_FEATURE_THREAD_ID (1u << 8)
#define FL_FEATURE_WP_FILES (1u << 12)

#define FL_EVENT_PAGEFAULT 0x12
#define FL_EVENT_FORK 0x13
#define FL_EVENT_REMAP 0x14
#define FL_EVENT_REMOVE 0x15
#define FL_EVENT_UNMAP 0x16

struct fl_msg {
	uint8_t event, pad1;
	uint16_t pad2;
	uint32_t pad3;
	union {
		struct { uint64_t flags, address; uint32_t ptid; } pagefault;
		struct { uint32_t ufd; } fork;
		struct { uint64_t from, to, len; } remap;
		struct { uint64_t start, end; } remove;
		struct { uint64_t pad[3]; } pad;
	} arg;
} __attribute__((packed));

/* PAGEMAP_SCAN, version 6.7. */
struct fl_scan_region { uint64_t start, end, categories; };
struct fl_scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, returned;
};
#define FL_PAGEMAP_SCAN _IOWR('f', 16, struct fl_scan)

#define FL_MADV_PAGEOUT 21
#define FL_MADV_COLLAPSE 25

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4u
#endif
#define FL_HUGE_SHIFT 26

#endif
