#include "kernel-api.h"
#include "wire.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int wire_send(int sock, const void *message, unsigned long size, int fd)
{
	struct iovec part = { (void *)message, size };
	char space[CMSG_SPACE(sizeof(int))];
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		header.msg_control = space;
		header.msg_controllen = sizeof(space);
		struct cmsghdr *control = CMSG_FIRSTHDR(&header);
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(control), &fd, sizeof(int));
	}
	for (;;) {
		if (sendmsg(sock, &header, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -1;
	}
}

long wire_receive(int sock, void *message, unsigned long size, int *fd, int flags)
{
	struct iovec part = { message, size };
	char space[CMSG_SPACE(sizeof(int))];
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	long got;

	if (fd)
		*fd = -1;
	do
		got = recvmsg(sock, &header, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got > 0 && fd) {
		struct cmsghdr *control = CMSG_FIRSTHDR(&header);
		if (control && control->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(control), sizeof(int));
	}
	return got;
}
