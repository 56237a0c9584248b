/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host in a network namespace of its own: a child process with one tap device. */
#ifndef DEMO_NETNS_H
#define DEMO_NETNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host {
	pid_t pid;
	int tap;     /* the tap's file, here in the parent */
	int control; /* to the child */
};

/* Starts a host whose tap "eth0" has this MAC and IPv4 address (/24). 0, or a negative errno. */
int host_start(struct host *host, const uint8_t mac[6], const char *address);
/* Ends it; its namespace goes with it. */
void host_stop(struct host *host);

/* Jobs that a host does in its namespace; each ends with one report. */
enum job {
	JOB_PING = 'p',    /* the kernel's ping to the peer */
	JOB_SEND = 's',    /* UDP to the peer, in windows that the peer confirms */
	JOB_RECEIVE = 'r', /* takes a UDP transfer and confirms it */
};

struct report {
	int32_t status; /* 0 as expected, else a negative errno or the exit code */
	uint32_t datagrams;
	uint32_t resent; /* windows that had to be sent again */
	uint64_t bytes;
	uint64_t microseconds;
};

/* 0 once the host is at it, or a negative errno. */
int host_begin(struct host *host, enum job job, const char *peer);
/* 1 and the report once the job has ended, 0 while it runs, or a negative errno when the host has died. */
int host_poll(struct host *host, struct report *report);

#endif
