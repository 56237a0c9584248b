/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program "vhost" of the lab: both sides of devices, for what the kernel has on the other side of a
 * handle. */
#ifndef DPU_LAB_VHOST_H
#define DPU_LAB_VHOST_H

#include <dpu/dpu.h>
#include <err.h>
#include <stdbool.h>

#define BUFFER 2048u
#define ETH 14u
#define IP (ETH + 20u)
#define ICMP (IP + 8u)

/* The one handle. */
extern struct dpu_vhost *vh;

/* What was accepted for a network device, the bytes before a packet, and our address. */
extern uint64_t features;
extern uint32_t header;
extern uint8_t mac[6];

/* One thing that happens to the handle, within so many milliseconds. */
bool step(struct dpu_vhost_event *event, int ms);
void notify(uint32_t index);
/* A back-end's life: each event is told; ends with the standard input. */
void serve_events(void (*tell)(const struct dpu_vhost_event *event));

uint16_t checksum(const uint8_t *data, size_t len);
void put16(uint8_t *at, uint16_t value);
uint16_t get16(const uint8_t *at);
void ethernet(uint8_t *frame, const uint8_t *to, uint16_t type);
/* An ARP packet, an answer when there is somebody to answer to; its bytes. */
uint32_t arp(uint8_t *frame, const uint8_t *to, const char *from_address, const void *to_address);

/* vhost-driver.c */
int ping(const char *uri, const char *address);
int loop(const char *uri);
int memory(const char *uri, const char *address);

/* vhost-disk.c */
int disk(const char *uri, const char *path, bool hold);

#endif
