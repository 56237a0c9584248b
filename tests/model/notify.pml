/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Suppression of notifications between the two sides of a virtqueue: is a wake-up ever lost?
 *
 * One side publishes entries, the other one waits for them. Available buffers go from the driver to the device,
 * used ones back, and each direction works by itself and in the same way; so there is a publisher and a waiter
 * here, not a driver and a device. That the publisher has room again it sees in the other direction, here at
 * once.
 *
 *      step                                     split: libdpu/virtq/split.[ch]   packed: libdpu/virtq/packed*
 *  P1  publish: store the index, or the flags   split_publish()                  packed_add(), packed_push()
 *      of the burst's first descriptor; release
 *  P2  fence                                    split_wanted()                   packed_wanted()
 *  P3  read the waiter's wish: notify or not    split_wanted()                   packed_wanted()
 *  W1  write the wish                           split_wish()                     packed_wish()
 *  W2  fence                                    split_wish()                     packed_wish()
 *  W3  read the index or the flags once more;   split_look()                     packed_ready()
 *      acquire; sleep if there is nothing
 *
 * W1 and W2 are taken before sleep (dpu_virtq_notify()) and, with VIRTIO_F_EVENT_IDX, after each burst that was
 * taken (split_event(), packed_event()), so that a waiter may also sleep when a look after that finds nothing.
 *
 * Source: VIRTIO 1.2, 2.7.7 and 2.7.10 (split), 2.8.7 and 2.8.10 (packed), 2.7.13.4.1.
 *
 * Memory is weak: what a side stores becomes visible later, at any time. Either in order, as on x86, or each
 * location by itself, as C11 lets relaxed stores; a release store then waits for what was stored before. A fence
 * waits for everything. Every location has one writer, which does not read it, so no store is forwarded. A load
 * that is early is the same as stores before it that are late, but for a load before W3's that should come after:
 * NO_ACQUIRE, which a compiler may do on x86 too.
 *
 * Indices wrap at INDICES in place of 65536, which like that is twice the largest queue. In the packed layout
 * the same number is a place and its wrap counter.
 *
 * test-notify.sh runs it. What is checked is set by the environment, so that one verifier does for all.
 */
#ifndef SIZE
#define SIZE 2 /* of the queue */
#endif
#ifndef INDICES
#define INDICES 4
#endif

/* What is left out or done wrong; the model must find each. */
#define NOTHING 0
#define NO_P2 1
#define NO_W2 2
#define NO_W3 3        /* goes to sleep without the last look */
#define NO_RELEASE 4   /* P1 is a relaxed store */
#define NO_ACQUIRE 5   /* W3 is a relaxed load */
#define NO_NOTIFY 6    /* nothing is ever sent */
#define LAST_BURST 7   /* the event is looked for among the last burst only, not all that is unannounced */
#define NO_WRAP 8      /* packed: the event's wrap counter is not looked at */
#define NO_EVENT 9     /* the event stays behind when entries are taken */

bool packed, events, ordered, ready;
byte wrong;

/* Memory as both see it. */
byte idx;            /* split: the publisher's index */
bit avail[SIZE];     /* packed: the flags of each descriptor, as the wrap counter that they stand for */
bit data[SIZE];      /* what an entry describes: changes with each lap */
byte wish;           /* flags: ON or OFF; events: an index (packed: place and wrap counter), or OFF */
#define ON 0
#define OFF 255

/* Stores that are not visible yet. Ordered: all in the first. */
#define DATA 0
#define WORD 1
#define INDEX 2
chan stores = [4] of { byte, byte, byte };
chan later_data = [4] of { byte, byte };
chan later_words = [2] of { byte, byte };
chan wishes = [2] of { byte };

bool kick;         /* a notification is on its way, as in an eventfd */
byte next;         /* entries published; packed: place and wrap counter */
byte last;         /* entries taken */
bool asked = true; /* the waiter wants to be notified */

#define DISTANCE(from, to) (((to) + INDICES - (from)) % INDICES)
#define SLOT(i) ((i) % SIZE)
#define LAP(i) (1 - ((i) / SIZE) % 2)

inline store_data(at)
{
	if
	:: ordered -> stores!DATA, SLOT(at), LAP(at)
	:: else -> later_data!SLOT(at), LAP(at)
	fi
}

/* A packed descriptor that is not the first of its burst. */
inline store_word(at)
{
	if
	:: ordered -> stores!WORD, SLOT(at), LAP(at)
	:: else -> later_words!SLOT(at), LAP(at)
	fi
}

inline release()
{
	(ordered || wrong == NO_RELEASE || (empty(later_data) && empty(later_words)))
}

active proctype memory()
{
	byte kind, at, value;

end:	do
	:: atomic { stores?kind, at, value ->
			if
			:: kind == DATA -> data[at] = value
			:: kind == WORD -> avail[at] = value
			:: kind == INDEX -> idx = value
			fi;
			kind = 0; at = 0; value = 0 }
	:: atomic { later_data?at, value -> data[at] = value; at = 0; value = 0 }
	:: atomic { later_words?at, value -> avail[at] = value; at = 0; value = 0 }
	:: atomic { wishes?value -> wish = value; value = 0 }
	od
}

/* Writes n entries and makes them visible. What is written to a buffer is seen by nobody yet: one step. */
inline publish(n)
{
	atomic {
		i = 0;
		do
		:: i < n -> store_data((next + i) % INDICES); i++
		:: else -> break
		od;
		i = 1;
		do
		:: packed && i < n -> store_word((next + i) % INDICES); i++
		:: else -> break
		od;
		i = 0
	}
	/* P1 */
	release();
	atomic {
		if
		:: packed -> stores!WORD, SLOT(next), LAP(next)
		:: else -> stores!INDEX, 0, (next + n) % INDICES
		fi;
		next = (next + n) % INDICES;
		unannounced = (unannounced + n < INDICES -> unannounced + n : INDICES);
		burst = n
	}
}

/* Whether an entry that the waiter asked for is among those before next that are unannounced. */
inline compare()
{
	if
	:: wanted == OFF -> wanted = false
	:: wanted != OFF && !events -> wanted = true
	:: wanted != OFF && events && !packed ->
		/* vring_need_event(), 2.7.10. */
		wanted = (unannounced > INDICES - 1 || DISTANCE((wanted + 1) % INDICES, next) < unannounced)
	:: wanted != OFF && events && packed ->
		/* Places; one of the lap before is a ring's size behind. Below 0 is far ahead: unsigned. */
		distance = SLOT(next) - SLOT(wanted) - 1;
		if
		:: LAP(wanted) != LAP(next) && wrong != NO_WRAP -> distance = distance + SIZE
		:: else -> skip
		fi;
		wanted = (unannounced >= SIZE || (distance >= 0 && distance < unannounced));
		distance = 0
	fi
}

active proctype publisher()
{
	byte i, unannounced, burst, wanted;
	short distance;

	(ready);
	do
	:: DISTANCE(last, next) < SIZE -> publish(1)
	:: DISTANCE(last, next) + 1 < SIZE -> publish(2)
	:: unannounced ->
		/* P2 */
		(wrong == NO_P2 || (empty(stores) && empty(later_data) && empty(later_words)));
		/* P3 */
		atomic {
			wanted = wish;
			unannounced = (wrong == LAST_BURST -> burst : unannounced);
			compare();
			unannounced = 0;
			burst = 0
		}
		atomic {
			kick = kick || (wanted && wrong != NO_NOTIFY);
			wanted = 0
		}
	:: !unannounced -> break /* for good: nothing that comes later makes up for what is lost */
	od
}

/* W1, W2. Not to be asked needs no fence. */
inline ask(on)
{
	asked = on;
	if
	:: on -> wishes!(events -> last : ON);
		(wrong == NO_W2 || empty(wishes))
	:: else ->
		if
		:: events && !packed -> wishes!((last + INDICES - 1) % INDICES)
		:: else -> wishes!OFF
		fi
	fi
}

/* W3. How many entries there are, at least. */
inline look()
{
	early = (wrong == NO_ACQUIRE -> data[SLOT(last)] : 0);
	if
	:: packed -> found = avail[SLOT(last)] == LAP(last)
	:: else -> found = idx != last
	fi
}

inline take()
{
	atomic {
		assert((wrong == NO_ACQUIRE -> early : data[SLOT(last)]) == LAP(last));
		last = (last + 1) % INDICES;
		early = 0;
		found = 0
	}
}

active proctype waiter()
{
	bit early, found;

	(ready);
	do
	:: look();
		if
		:: found ->
			take();
			/* A burst may be longer. */
			do
			:: look();
				if
				:: found -> take()
				:: else -> break
				fi
			:: break
			od;
			found = 0; early = 0;
			if
			:: events && asked && wrong != NO_EVENT -> ask(true)
			:: else -> skip
			fi
		:: !found && asked -> goto sleep
		:: else ->
again:			ask(true);
			look();
			if
			:: found && wrong != NO_W3
			:: else -> goto sleep
			fi
		fi;
		goto on;
sleep:		found = 0; early = 0;
end:		atomic { kick -> kick = false }
on:		found = 0; early = 0
	:: asked -> ask(false)
	od
}

init {
	atomic {
		c_code {
			now.packed = !!getenv("PACKED");
			now.events = !!getenv("EVENTS");
			now.ordered = !!getenv("ORDERED");
			now.wrong = getenv("WRONG") ? atoi(getenv("WRONG")) : 0;
		};
		ready = true
	}
}

/* When nothing can happen any more, everything that was published has been taken. */
active proctype watch()
{
	timeout -> assert(last == next)
}
