/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that move packets, and the main thread that controls them.
 *
 * A worker calls its move function again and again. Between two calls it looks at one word: when the main
 * thread wants to change what the worker uses, the worker stops there until it is let go. So whatever the
 * main thread changes, it changes alone, and nothing on the packets' way is locked. */
#ifndef PORTS_WORKER_H
#define PORTS_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include "port.h"

struct worker {
	/* Moves what there is; false when there was nothing. */
	bool (*move)(struct worker *worker);
	void *data;
	uint32_t index;
	int core; /* -1: any */
	bool interrupt;
	int wait_set; /* with interrupt: the epoll set of pairs that packets come from */
	int wake;
	struct pair **sources; /* of the program, for sleeping */
	uint32_t source_count;
	pthread_t thread;
	bool started;
	sem_t held, go;
	_Alignas(PORT_CACHE_LINE) atomic_bool hold;
	atomic_bool stop;
	_Alignas(PORT_CACHE_LINE) atomic_bool done; /* the worker has nothing more to do and ends */
};

struct workers {
	struct worker *all;
	uint32_t count;
	int holds; /* how many times they are held */
};

/* Makes count workers that do not run yet. cores: "0,2-3", or NULL. 0, or a negative errno after it was said
 * why. */
int workers_create(struct workers *workers, uint32_t count, const char *cores, bool interrupt);
int workers_start(struct workers *workers);
/* May be nested. */
void workers_hold(struct workers *workers);
void workers_release(struct workers *workers);
bool workers_done(const struct workers *workers);
/* They end, and are waited for. Those that are held move nothing any more. */
void workers_stop(struct workers *workers);
void workers_destroy(struct workers *workers);

/* The main thread's loop: it looks after ports, signals and time. */
struct control {
	struct workers *workers;
	struct port **ports;
	uint32_t port_count;
	/* After the port's own handling; may be NULL. */
	void (*event)(struct control *control, struct port *port, const struct dpu_vhost_event *event);
	/* Every tick milliseconds; true ends the loop. */
	bool (*tick)(struct control *control);
	void (*user_signal)(struct control *control); /* SIGUSR1; may be NULL */
	/* When fd can be read, and no port has an event; may be NULL. True ends the loop. */
	bool (*ready)(struct control *control);
	int fd;
	void *data;
	int tick_ms;
};

/* To be called before any thread is made: signals are the main thread's. 0 or a negative errno. */
int control_block_signals(void);
/* Handles the events that ports have already. */
void control_serve(struct control *control);
/* Returns 0 after SIGINT, SIGTERM, or when tick says so; or a negative errno after it was said why. */
int control_run(struct control *control);

#endif
