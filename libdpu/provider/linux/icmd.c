/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "provider/linux/icmd.h"
#include "provider/linux/vsc.h"

enum {
	CR_HARDWARE_ID = 0xf0014,
	CR_STATIC_CONFIG = 0xb5f04,
	CR_STATIC_CONFIG_BF1 = 0xb5e04,

	ICMD_CONTROL = 0x0,
	ICMD_MAILBOX_SIZE = 0x1000,
	ICMD_MAILBOX = 0x100000,
	ICMD_GO = 1 << 0,
	ICMD_ACCESS_REGISTER = 0x9001,

	/* How often to look before sleeping in between. */
	DONE_LOOKS = 4,
	/* For so long the others wait while we do. */
	HOLD_MS = 2,
};

struct icmd {
	struct transport transport;
	struct vsc vsc;
	uint32_t owner; /* the id with which the interface is ours; 0: it is not */
	unsigned int depth;
	uint32_t mailbox_size; /* 0: not yet read */
};

static struct icmd *icmd_of(struct transport *transport)
{
	return (struct icmd *)(void *)transport;
}

/* mstflint's ids are process numbers, and tickets are small as well: only what is free is written to. */
static int interface_try(struct icmd *icmd, uint32_t *holder)
{
	int rc;

	rc = vsc_to(&icmd->vsc, VSC_SPACE_SEMAPHORE);
	if (rc == 0)
		rc = vsc_read_value(&icmd->vsc, 0, holder);
	if (rc < 0 || *holder)
		return rc;
	icmd->owner = icmd->vsc.ticket;
	rc = vsc_write(&icmd->vsc, 0, icmd->owner);
	if (rc == 0)
		rc = vsc_read_value(&icmd->vsc, 0, holder);
	if (rc < 0 || *holder == icmd->owner)
		return rc < 0 ? rc : 1;
	icmd->owner = 0;
	return 0;
}

static void interface_release(struct icmd *icmd)
{
	struct transport_failure failure = icmd->transport.failure;

	if (icmd->owner && vsc_to(&icmd->vsc, VSC_SPACE_SEMAPHORE) == 0)
		vsc_write(&icmd->vsc, 0, 0);
	icmd->owner = 0;
	icmd->transport.failure = failure;
	vsc_release(&icmd->vsc);
}

static int interface_take(struct icmd *icmd)
{
	struct transport *transport = &icmd->transport;
	const int64_t end = transport_now_ms() + transport->deadlines.semaphore_ms;
	uint32_t holder = 0;
	int64_t pause = 1;
	int rc;

	while ((rc = interface_try(icmd, &holder)) == 0) {
		vsc_release(&icmd->vsc);
		if (transport_now_ms() >= end) {
			transport_break(transport, -ETIMEDOUT,
					"the semaphore of the firmware's command interface is held by "
					"another program (%#x)",
					holder);
			return transport_hint(transport, -ETIMEDOUT,
					      "if that program has died: mstconfig -d %s clear_semaphore",
					      icmd->vsc.address);
		}
		transport_sleep_us(pause * 1000);
		pause = pause < 16 ? 2 * pause : pause;
	}
	if (rc < 0)
		interface_release(icmd);
	return rc < 0 ? rc : 0;
}

static int icmd_lock(struct transport *transport)
{
	struct icmd *icmd = icmd_of(transport);
	int rc;

	rc = icmd->depth ? 0 : interface_take(icmd);
	if (rc == 0)
		icmd->depth++;
	return rc;
}

static void icmd_unlock(struct transport *transport)
{
	struct icmd *icmd = icmd_of(transport);

	if (!--icmd->depth)
		interface_release(icmd);
}

/* All of the window is left to others while the firmware takes its time. */
static int done_wait(struct icmd *icmd, uint32_t *control)
{
	struct transport *transport = &icmd->transport;
	const int64_t start = transport_now_ms(), end = start + transport->deadlines.command_ms;
	int64_t pause = 1, now;
	uint32_t looks;
	int rc;

	for (looks = 0;; looks++) {
		rc = vsc_to(&icmd->vsc, VSC_SPACE_ICMD);
		if (rc == 0)
			rc = vsc_read_value(&icmd->vsc, ICMD_CONTROL, control);
		if (rc < 0 || !(*control & ICMD_GO))
			return rc;
		now = transport_now_ms();
		if (now >= end)
			return transport_break(transport, -ETIMEDOUT,
					       "the firmware does not finish a command");
		if (now < start + HOLD_MS) {
			if (looks >= DONE_LOOKS)
				transport_sleep_us(100);
			continue;
		}
		vsc_release(&icmd->vsc);
		transport_sleep_us(pause * 1000);
		pause = pause < 8 ? 2 * pause : pause;
	}
}

static int check_room(struct icmd *icmd, const struct register_access *access)
{
	int rc = 0;

	if (!icmd->mailbox_size)
		rc = vsc_read_value(&icmd->vsc, ICMD_MAILBOX_SIZE, &icmd->mailbox_size);
	if (rc < 0)
		return rc;
	if (icmd->mailbox_size < (uint32_t)ICMD_FRAME_SIZE + access->size)
		return transport_fail(&icmd->transport, -EMSGSIZE,
				      "the firmware's mailbox has %u bytes only, and register %#x needs %u",
				      icmd->mailbox_size, access->id, ICMD_FRAME_SIZE + access->size);
	return 0;
}

static int mailbox_write(struct icmd *icmd, const struct register_access *access)
{
	uint8_t frame[ICMD_FRAME_SIZE];
	uint32_t at;
	int rc = 0;

	icmd_frame(access, frame);
	for (at = 0; rc == 0 && at < sizeof(frame); at += 4)
		rc = vsc_write(&icmd->vsc, ICMD_MAILBOX + at, be32_get(frame + at));
	for (at = 0; rc == 0 && at < access->write_size; at += 4)
		rc = vsc_write(&icmd->vsc, ICMD_MAILBOX + ICMD_FRAME_SIZE + at, be32_get(access->body + at));
	return rc;
}

/* Nothing is read of the transaction's number, nor behind a refusal. */
static int mailbox_read(struct icmd *icmd, struct register_access *access)
{
	static const uint8_t parts[] = { 0, 4, 16 };
	struct transport *transport = &icmd->transport;
	uint8_t frame[ICMD_FRAME_SIZE] = { 0 };
	uint32_t value, status = 0, at, size;
	const char *wrong;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(parts); i++) {
		rc = vsc_read_value(&icmd->vsc, ICMD_MAILBOX + parts[i], &value);
		if (rc == 0)
			be32_put(frame + parts[i], value);
	}
	if (rc < 0)
		return rc;
	wrong = icmd_parse(access, frame, &status);
	if (wrong)
		return transport_break(transport, -EPROTO, "the firmware's answer is malformed: %s", wrong);
	rc = register_status(status, transport->failure.words, sizeof(transport->failure.words));
	if (rc < 0) {
		transport->failure.hint[0] = '\0';
		return rc;
	}
	for (at = 0, size = access->read_size; rc == 0 && at < size; at += 4) {
		rc = vsc_read(&icmd->vsc, ICMD_MAILBOX + ICMD_FRAME_SIZE + at, &value);
		if (rc < 0)
			break;
		be32_put(access->body + at, value);
		if (!at)
			size = register_answer_size(access);
	}
	return rc;
}

/* The opcode stays where it is from one command to the next; it is there before the firmware is told to go.
 */
static int command_start(struct icmd *icmd, struct register_access *access)
{
	uint32_t control = 0, wanted;
	int rc;

	rc = vsc_to(&icmd->vsc, VSC_SPACE_ICMD);
	if (rc == 0)
		rc = check_room(icmd, access);
	if (rc == 0)
		rc = vsc_read_value(&icmd->vsc, ICMD_CONTROL, &control);
	if (rc < 0)
		return rc;
	if (control & ICMD_GO)
		return transport_break(&icmd->transport, -EBUSY,
				       "the firmware is still at a command that another program gave up");
	wanted = (control & 0xfffc) | (uint32_t)ICMD_ACCESS_REGISTER << 16;
	if (control != wanted)
		rc = vsc_write(&icmd->vsc, ICMD_CONTROL, wanted);
	if (rc == 0)
		rc = mailbox_write(icmd, access);
	if (rc < 0)
		return rc;
	access->sent = true;
	return vsc_write(&icmd->vsc, ICMD_CONTROL, wanted | ICMD_GO);
}

static int command(struct icmd *icmd, struct register_access *access)
{
	struct transport *transport = &icmd->transport;
	uint32_t control = 0;
	int rc;

	access->sent = false;
	rc = command_start(icmd, access);
	if (rc == 0)
		rc = done_wait(icmd, &control);
	if (rc < 0)
		return rc;
	rc = icmd_status(control >> 8 & 0xff, transport->failure.words, sizeof(transport->failure.words));
	if (rc < 0) {
		/* Its own failures may mean that it starts anew, or that what was found when it was opened
		 * no longer holds. */
		transport->failure.hint[0] = '\0';
		transport->broken = true;
		return rc;
	}
	return mailbox_read(icmd, access);
}

static int icmd_access(struct transport *transport, struct register_access *access)
{
	int rc;

	rc = icmd_lock(transport);
	if (rc < 0)
		return rc;
	rc = command(icmd_of(transport), access);
	icmd_unlock(transport);
	/* It may have gone between the flag that said so and the last value. */
	if (rc == 0 && !access->write && transport->broken)
		return transport_break(transport, -EIO, "the device has stopped answering");
	return rc;
}

static void icmd_close(struct dpu_ctx *ctx, struct transport *transport)
{
	vsc_close(&icmd_of(transport)->vsc);
	ctx_free(ctx, transport);
}

/* Who it is, and whether its firmware runs yet. Of devices that are no BlueField that is not known. */
static int look(struct icmd *icmd)
{
	struct transport *transport = &icmd->transport;
	uint32_t id = 0, generation, config = 0;
	int rc;

	rc = vsc_to(&icmd->vsc, VSC_SPACE_CR);
	if (rc == 0)
		rc = vsc_read_value(&icmd->vsc, CR_HARDWARE_ID, &id);
	if (rc < 0)
		return rc;
	if (id == 0xbad0cafe || id == 0xbadacce5) {
		transport_break(transport, -EPERM, "the device is locked (it reads as %#x)", id);
		return transport_hint(transport, -EPERM,
				      "the secure host mode of the device keeps this side out");
	}
	transport->hardware_id = id & 0xffff;
	generation = hardware_generation(transport->hardware_id);
	if (!generation)
		return 0;
	rc = vsc_read_value(&icmd->vsc, generation == 1 ? CR_STATIC_CONFIG_BF1 : CR_STATIC_CONFIG, &config);
	if (rc == 0 && config >> 31)
		return transport_break(transport, -EBUSY, "the firmware is still starting");
	return rc;
}

static const struct transport_ops ops = {
	.name = "vsc",
	.lock = icmd_lock,
	.unlock = icmd_unlock,
	.access = icmd_access,
	.close = icmd_close,
};

int icmd_open(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *address,
	      const struct transport_deadlines *deadlines, struct transport **ret,
	      struct transport_failure *failure)
{
	struct transport *transport;
	struct icmd *icmd;
	int rc;

	icmd = ctx_alloc(ctx, sizeof(*icmd));
	if (!icmd)
		return -ENOMEM;
	transport = &icmd->transport;
	transport->ops = &ops;
	transport->deadlines = *deadlines;
	rc = vsc_open(&icmd->vsc, transport, sysfs, address);
	if (rc < 0) {
		*failure = transport->failure;
		ctx_free(ctx, icmd);
		return rc;
	}
	rc = look(icmd);
	vsc_release(&icmd->vsc);
	if (rc < 0) {
		*failure = transport->failure;
		icmd_close(ctx, transport);
		return rc;
	}
	*ret = transport;
	return 0;
}
