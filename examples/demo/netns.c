/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "netns.h"

#define UDP_PORT 7777
#define PAYLOAD 1400
#define DATAGRAMS 20000
#define WINDOW 32
/* How long to wait for a confirmation, and how often to send a window again. */
#define RESEND_MS 100
#define RESENDS 100

struct order {
	char job;
	char peer[16];
};

struct datagram {
	uint32_t sequence;
	uint8_t fill[PAYLOAD - 4];
};

static void send_fd(int socket, int fd, int status)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &status, sizeof(status) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (status == 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&message);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	int status = 0, fd;
	struct iovec iov = { &status, sizeof(status) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *cmsg;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(status))
		return -EIO;
	if (status < 0)
		return status;
	cmsg = CMSG_FIRSTHDR(&message);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EIO;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* So that only the demo's own packets pass: no router solicitations. A kernel without IPv6 has no such file.
 */
static void disable_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

static int configure_tap(const uint8_t mac[6], const char *address)
{
	struct sockaddr_in *in;
	struct ifreq request;
	int s, rc = 0;

	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "eth0");
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, 6);
	if (ioctl(s, SIOCSIFHWADDR, &request) < 0)
		goto fail;
	in = (struct sockaddr_in *)&request.ifr_addr;
	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	if (ioctl(s, SIOCSIFADDR, &request) < 0)
		goto fail;
	inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
	if (ioctl(s, SIOCSIFNETMASK, &request) < 0)
		goto fail;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &request) < 0)
		goto fail;
	goto out;
fail:
	rc = -errno;
out:
	close(s);
	return rc;
}

static int make_tap(const uint8_t mac[6], const char *address)
{
	struct ifreq request;
	int fd, rc;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	disable_ipv6();
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "eth0");
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	rc = ioctl(fd, TUNSETIFF, &request) < 0 ? -errno : configure_tap(mac, address);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static void ping(const char *peer, struct report *report)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		execlp("ping", "ping", "-n", "-c", "5", "-i", "0.2", "-w", "10", peer, (char *)NULL);
		perror("ping");
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		report->status = -errno;
	else
		report->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int udp_socket(struct sockaddr_in *address, const char *host)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return -errno;
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_port = htons(UDP_PORT);
	if (host)
		inet_pton(AF_INET, host, &address->sin_addr);
	return s;
}

static void set_patience(int s, int ms)
{
	struct timeval patience = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* Every byte follows from the sequence number and its place, so the receiver can check each. */
static void fill(struct datagram *datagram, uint32_t sequence)
{
	size_t i;

	datagram->sequence = htonl(sequence);
	for (i = 0; i < sizeof(datagram->fill); i++)
		datagram->fill[i] = (uint8_t)(sequence * 31 + i);
}

/* One window from the first datagram that is not confirmed; how far the peer has confirmed afterwards. */
static int send_window(int s, const struct sockaddr_in *to, uint32_t first)
{
	struct datagram datagram;
	uint32_t i, confirmed;

	for (i = first; i < first + WINDOW && i < DATAGRAMS; i++) {
		fill(&datagram, i);
		if (sendto(s, &datagram, sizeof(datagram), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
			return -errno;
	}
	/* An old confirmation may come late: only one that is news counts. */
	while (recv(s, &confirmed, sizeof(confirmed), 0) == sizeof(confirmed)) {
		if (ntohl(confirmed) > first)
			return (int)ntohl(confirmed);
	}
	return (int)first;
}

static void transfer_send(const char *peer, struct report *report)
{
	struct sockaddr_in to;
	struct timespec start, end;
	int s = udp_socket(&to, peer), done, tries = 0;

	report->status = s < 0 ? s : 0;
	if (s < 0)
		return;
	set_patience(s, RESEND_MS);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (report->datagrams < DATAGRAMS && report->status == 0) {
		done = send_window(s, &to, report->datagrams);
		if (done < 0)
			report->status = done;
		else if ((uint32_t)done > report->datagrams)
			report->datagrams = (uint32_t)done;
		else if (++tries > RESENDS)
			report->status = -ETIMEDOUT;
		else
			report->resent++;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	report->bytes = (uint64_t)report->datagrams * sizeof(struct datagram);
	report->microseconds = (uint64_t)(end.tv_sec - start.tv_sec) * 1000000 +
			       (uint64_t)(end.tv_nsec / 1000) - (uint64_t)(start.tv_nsec / 1000);
	close(s);
}

/* Takes datagrams in order and confirms each window. 0 when nothing more comes, or a negative errno. */
static int receive_all(int s, struct report *report)
{
	struct datagram datagram, expected;
	struct sockaddr_in from;
	socklen_t size;
	uint32_t confirmed;
	ssize_t n;

	for (;;) {
		size = sizeof(from);
		n = recvfrom(s, &datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &size);
		if (n < 0)
			return report->datagrams == DATAGRAMS ? 0 : -ETIMEDOUT;
		if (n == sizeof(datagram) && ntohl(datagram.sequence) == report->datagrams) {
			fill(&expected, report->datagrams);
			if (memcmp(&datagram, &expected, sizeof(datagram)))
				return -EBADMSG;
			report->datagrams++;
			report->bytes += sizeof(datagram);
			if (report->datagrams % WINDOW && report->datagrams < DATAGRAMS)
				continue;
		}
		/* A window is whole, or something comes again because its confirmation was lost. */
		confirmed = htonl(report->datagrams);
		sendto(s, &confirmed, sizeof(confirmed), 0, (struct sockaddr *)&from, size);
		/* Once all is there, stay only as long as the sender may still ask again. */
		if (report->datagrams == DATAGRAMS)
			set_patience(s, 3 * RESEND_MS);
	}
}

/* Says first that it is ready: what comes before that would be answered by ICMP. */
static void transfer_receive(int control, struct report *report)
{
	struct sockaddr_in own;
	int s = udp_socket(&own, NULL);

	report->status = s < 0 ? s : 0;
	if (s >= 0 && bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		report->status = -errno;
	if (send(control, report, sizeof(*report), MSG_NOSIGNAL) < 0)
		_exit(1);
	if (report->status == 0) {
		set_patience(s, RESEND_MS * RESENDS);
		report->status = receive_all(s, report);
	}
	if (s >= 0)
		close(s);
}

/* The child: does jobs until its parent goes away. */
static void host_main(int control)
{
	struct report report;
	struct order order;

	while (recv(control, &order, sizeof(order), 0) == sizeof(order)) {
		memset(&report, 0, sizeof(report));
		if (order.job == JOB_PING)
			ping(order.peer, &report);
		else if (order.job == JOB_SEND)
			transfer_send(order.peer, &report);
		else
			transfer_receive(control, &report);
		if (send(control, &report, sizeof(report), MSG_NOSIGNAL) < 0)
			break;
	}
}

int host_start(struct host *host, const uint8_t mac[6], const char *address)
{
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fflush(stdout);
	host->pid = fork();
	if (host->pid < 0) {
		fd = -errno;
		close(pair[0]);
		close(pair[1]);
		return fd;
	}
	if (host->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		fd = make_tap(mac, address);
		send_fd(pair[1], fd, fd < 0 ? fd : 0);
		if (fd < 0)
			_exit(1);
		close(fd);
		host_main(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	host->control = pair[0];
	host->tap = receive_fd(pair[0]);
	if (host->tap >= 0)
		return 0;
	fd = host->tap;
	host_stop(host);
	return fd;
}

void host_stop(struct host *host)
{
	if (host->pid <= 0)
		return;
	close(host->control);
	if (host->tap >= 0)
		close(host->tap);
	kill(host->pid, SIGTERM);
	waitpid(host->pid, NULL, 0);
	host->pid = 0;
}

int host_begin(struct host *host, enum job job, const char *peer)
{
	struct order order = { .job = (char)job };
	struct report ready;

	snprintf(order.peer, sizeof(order.peer), "%s", peer);
	if (send(host->control, &order, sizeof(order), MSG_NOSIGNAL) < 0)
		return -errno;
	if (job != JOB_RECEIVE)
		return 0;
	return recv(host->control, &ready, sizeof(ready), 0) == sizeof(ready) ? ready.status : -EPIPE;
}

int host_poll(struct host *host, struct report *report)
{
	ssize_t n = recv(host->control, report, sizeof(*report), MSG_DONTWAIT);

	if (n == sizeof(*report))
		return 1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return -EPIPE;
}
