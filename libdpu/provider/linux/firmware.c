/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers of the firmware, put in the seam's terms. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"
#include "provider/linux/firmware.h"
#include "provider/linux/fwctl.h"
#include "provider/linux/icmd.h"
#include "provider/linux/linux.h"
#include "provider/linux/pci.h"

enum {
	LEVEL_PCI_RESET = 3, /* mlxfwreset's */
	LEVEL_WARM_REBOOT = 4,
	/* To look whether a reset is done is not to wait for it. */
	LOOK_MS = 500,
};

static const struct transport_deadlines patient = TRANSPORT_DEADLINES;
static const struct transport_deadlines brief = {
	.flag_ms = LOOK_MS,
	.window_ms = LOOK_MS,
	.semaphore_ms = LOOK_MS,
	.command_ms = LOOK_MS,
};

void firmware_close(struct dpu_ctx *ctx)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;

	if (firmware->transport)
		firmware->transport->ops->close(ctx, firmware->transport);
	firmware->transport = NULL;
	firmware->told = false;
}

static int fail(struct dpu_ctx *ctx, int rc, const char *step, const char *handle,
		const struct transport_failure *failure)
{
	if (rc == -ENOMEM)
		return ctx_fail_nomem(ctx, step);
	ctx_fail(ctx, rc, step, handle, "%s", failure->words);
	return failure->hint[0] ? ctx_hint(ctx, "%s", failure->hint) : rc;
}

/* The end of a member: a way that is broken is opened anew the next time. */
static int finish(struct dpu_ctx *ctx, int rc, const char *step, const char *handle)
{
	struct transport *transport = linux_provider(ctx)->firmware.transport;

	if (rc >= 0)
		return rc;
	fail(ctx, rc, step, handle, &transport->failure);
	if (transport->broken)
		firmware_close(ctx);
	return rc;
}

/* Only these devices have such a firmware. */
static int check_device(struct dpu_ctx *ctx, const char *step, const char *handle)
{
	struct linux_provider *machine = linux_provider(ctx);
	char path[SYSFS_PATH_SIZE];
	uint64_t vendor = 0;

	if (!sysfs_device_path(&machine->sysfs, handle, "vendor", path))
		return ctx_fail(ctx, -ENODEV, step, handle, "no such device");
	if (machine->recorded)
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "a recorded sysfs tree has no firmware");
	if (strncmp(handle, "pci/", 4) != 0 || !sysfs_number(&machine->sysfs, path, UINT16_MAX, &vendor) ||
	    vendor != NVIDIA_NETWORKING_VENDOR)
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle,
				"there is no way to the firmware of a device of this kind");
	return 0;
}

static int open_way(struct dpu_ctx *ctx, const char *handle, const struct transport_deadlines *deadlines,
		    struct transport_failure *failure)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct transport **transport = &machine->firmware.transport;
	const char *address = handle + 4;
	int rc;

	rc = fwctl_open(ctx, &machine->sysfs, machine->dev, address, deadlines, NULL, transport, failure);
	if (rc < 0 && rc != -ENOMEM) {
		ctx_log(ctx, rc == -ENOENT ? DPU_LOG_DEBUG : DPU_LOG_INFO, "%s: %s", handle, failure->words);
		rc = icmd_open(ctx, &machine->sysfs, address, deadlines, transport, failure);
	}
	if (rc == 0)
		text_copy(machine->firmware.handle, sizeof(machine->firmware.handle), handle);
	return rc;
}

/* The way to a device's firmware, which stays open until another device is asked. */
static int firmware_open(struct dpu_ctx *ctx, const char *step, const char *handle, struct transport **ret)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;
	struct transport_failure failure;
	int rc;

	if (firmware->transport && (firmware->transport->broken || strcmp(firmware->handle, handle) != 0))
		firmware_close(ctx);
	if (!firmware->transport) {
		rc = check_device(ctx, step, handle);
		if (rc < 0)
			return rc;
		rc = open_way(ctx, handle, &patient, &failure);
		if (rc < 0)
			return fail(ctx, rc, step, handle, &failure);
	}
	*ret = firmware->transport;
	return 0;
}

static int do_access(struct transport *transport, struct register_access *access)
{
	return transport->ops->access(transport, access);
}

/* A register that an older firmware does not have. */
static bool is_unknown(const struct transport *transport, int rc)
{
	return !transport->broken && (rc == -EOPNOTSUPP || rc == -EINVAL);
}

static int tell_caps(struct transport *transport, struct provider_firmware *ret)
{
	struct register_access access;
	int rc;

	mnvgc_get(&access);
	rc = do_access(transport, &access);
	if (rc == 0)
		mnvgc_got(&access, ret);
	return is_unknown(transport, rc) ? 0 : rc;
}

static int tell_generation(struct transport *transport, struct provider_firmware *ret)
{
	struct register_access access;
	int rc = 0;

	if (!transport->hardware_id) {
		mgir_get(&access);
		rc = do_access(transport, &access);
		if (rc == 0)
			transport->hardware_id = mgir_got(&access);
	}
	ret->generation = hardware_generation(transport->hardware_id);
	return is_unknown(transport, rc) ? 0 : rc;
}

/* The Arm cores of a BlueField are one of those that the register has. */
static int tell_hosts(struct transport *transport, struct provider_firmware *ret)
{
	struct register_access access;
	uint32_t hosts = 0;
	int rc;

	mmhi_get(&access);
	rc = do_access(transport, &access);
	if (rc == 0)
		hosts = (uint32_t)__builtin_popcount(mmhi_got(&access));
	ret->hosts = hosts && ret->generation ? hosts - 1 : hosts;
	return is_unknown(transport, rc) ? 0 : rc;
}

int firmware_tell(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;
	struct provider_firmware info = { 0 };
	struct transport *transport;
	int rc;

	rc = firmware_open(ctx, "firmware", handle, &transport);
	if (rc < 0)
		return rc;
	if (!firmware->told) {
		info.transport = transport->ops->name;
		rc = tell_caps(transport, &info);
		if (rc == 0)
			rc = tell_generation(transport, &info);
		if (rc == 0)
			rc = tell_hosts(transport, &info);
		if (rc < 0)
			return finish(ctx, rc, "firmware", handle);
		firmware->info = info;
		firmware->told = true;
	}
	*ret = firmware->info;
	return 0;
}

static int supports(struct transport *transport, uint32_t type)
{
	struct register_access access;
	int rc;

	mnvqc_get(&access, type);
	rc = do_access(transport, &access);
	if (rc == -ENOENT && !transport->broken)
		return 0;
	return rc < 0 ? rc : mnvqc_got(&access);
}

int firmware_nvconfig_supports(struct dpu_ctx *ctx, const char *handle, uint32_t type)
{
	struct transport *transport;
	int rc;

	rc = firmware_open(ctx, "nvconfig_supports", handle, &transport);
	if (rc < 0)
		return rc;
	return finish(ctx, supports(transport, type), "nvconfig_supports", handle);
}

/* The firmware calls what has no value, and what it has not at all, by one name. */
static int no_value(struct transport *transport, struct provider_tlv *tlv, int refused)
{
	struct transport_failure failure = transport->failure;
	int rc;

	rc = supports(transport, tlv->type);
	if (rc < 0)
		return rc;
	if (rc > 0 && tlv->size) {
		memset(tlv->data, 0, sizeof(tlv->data));
		return 0;
	}
	transport->failure = failure;
	return refused;
}

/* What the firmware says of a TLV beside its bytes. */
struct tlv_header {
	uint32_t length; /* which the TLV has; 0: it has no value */
	uint32_t version;
};

/* As much as tlv->size, or all if that is 0. */
static int get_tlv(struct transport *transport, enum provider_nvconfig_when when, struct provider_tlv *tlv,
		   struct tlv_header *header)
{
	const uint32_t asked = tlv->size ? tlv->size : NV_TLV_MAX;
	struct register_access access;
	int rc;

	*header = (struct tlv_header){ 0 };
	if (asked > NV_TLV_MAX || asked % 4)
		return transport_fail(transport, -EINVAL, "no TLV has %u bytes", asked);
	mnvda_get(&access, tlv->type, when, asked);
	rc = do_access(transport, &access);
	if (rc == -ENOENT && !transport->broken)
		return no_value(transport, tlv, rc);
	if (rc < 0)
		return rc;
	/* Of less than there should be, what is missing would have to be guessed, and would be written. */
	if (!mnvda_got(&access, &header->length, &header->version) ||
	    (header->length && header->length < tlv->size))
		return transport_fail(transport, -EPROTO,
				      "the firmware says that TLV %#x has %u bytes, where %u were asked for",
				      tlv->type, header->length, asked);
	if (!header->length && !tlv->size)
		return transport_fail(transport, -ENOENT, "the firmware has no value of TLV %#x", tlv->type);
	tlv->size = tlv->size ? tlv->size : header->length;
	memset(tlv->data, 0, sizeof(tlv->data));
	if (header->length)
		memcpy(tlv->data, access.body + NV_HEADER_SIZE, tlv->size);
	return 0;
}

int firmware_nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
			  struct provider_tlv *tlv)
{
	struct provider_tlv got = { .type = tlv->type, .size = tlv->size };
	struct transport *transport;
	struct tlv_header header;
	int rc;

	rc = firmware_open(ctx, "nvconfig_get", handle, &transport);
	if (rc < 0)
		return rc;
	rc = finish(ctx, get_tlv(transport, when, &got, &header), "nvconfig_get", handle);
	if (rc == 0)
		*tlv = got;
	return rc;
}

/* A refused write: that it is this side which may not has no name of its own. */
static int explain_refusal(struct transport *transport, uint32_t type, int refused)
{
	struct transport_failure failure = transport->failure;

	if (transport->broken)
		return refused;
	if (supports(transport, type) != 1) {
		transport->failure = failure;
		return refused;
	}
	transport_fail(transport, -EPERM, "the firmware lets this side only read TLV %#x: %.150s", type,
		       failure.words);
	return transport_hint(transport, -EPERM, "it may be written from the DPU's other side");
}

/* A TLV is written as a whole, also where the firmware's is longer than the one that is known here. */
static int get_whole(struct transport *transport, struct provider_tlv *tlv, struct tlv_header *header)
{
	int rc;

	rc = get_tlv(transport, PROVIDER_NVCONFIG_NEXT, tlv, header);
	if (rc < 0 || header->length <= tlv->size || mnvda_is_host_priv(tlv->type))
		return rc;
	tlv->size = header->length;
	return get_tlv(transport, PROVIDER_NVCONFIG_NEXT, tlv, header);
}

static int update(struct transport *transport, const struct provider_tlv *tlv, const uint8_t *mask,
		  struct provider_tlv *former)
{
	struct provider_tlv whole = { .type = tlv->type, .size = tlv->size };
	struct register_access access;
	struct tlv_header header;
	uint32_t i;
	int rc;

	rc = get_whole(transport, &whole, &header);
	if (rc < 0)
		return rc;
	*former = whole;
	former->size = tlv->size ? tlv->size : whole.size;
	for (i = 0; i < former->size; i++)
		whole.data[i] = (uint8_t)((whole.data[i] & ~mask[i]) | (tlv->data[i] & mask[i]));
	if (!memcmp(whole.data, former->data, former->size))
		return 0;
	memset(former->data + former->size, 0, sizeof(former->data) - former->size);
	mnvda_set(&access, &whole, header.version);
	rc = do_access(transport, &access);
	return rc < 0 ? explain_refusal(transport, tlv->type, rc) : 0;
}

int firmware_nvconfig_update(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
			     const uint8_t *mask, struct provider_tlv *former)
{
	struct provider_tlv was = { .type = tlv->type, .size = tlv->size };
	struct transport *transport;
	int rc;

	rc = firmware_open(ctx, "nvconfig_update", handle, &transport);
	if (rc < 0)
		return rc;
	rc = transport->ops->lock(transport);
	if (rc == 0) {
		rc = update(transport, tlv, mask, &was);
		transport->ops->unlock(transport);
	}
	if (rc == 0)
		*former = was;
	return finish(ctx, rc, "nvconfig_update", handle);
}

int firmware_nvconfig_reset(struct dpu_ctx *ctx, const char *handle)
{
	struct register_access access;
	struct transport *transport;
	int rc;

	rc = firmware_open(ctx, "nvconfig_reset", handle, &transport);
	if (rc < 0)
		return rc;
	mnvia_set(&access);
	rc = transport->ops->lock(transport);
	if (rc == 0) {
		rc = do_access(transport, &access);
		transport->ops->unlock(transport);
	}
	return finish(ctx, rc, "nvconfig_reset", handle);
}

static int ask_reset(struct transport *transport, struct mfrl *ret)
{
	struct register_access access;
	int rc;

	mfrl_get(&access);
	rc = do_access(transport, &access);
	if (rc == 0)
		*ret = mfrl_got(&access);
	return rc;
}

/* The Arm cores stay up where they can. */
static enum mfrl_type choose_type(const struct mfrl *mfrl)
{
	return mfrl->types & 1u << MFRL_NIC_ONLY ? MFRL_NIC_ONLY : MFRL_FULL_CHIP;
}

/* 1 the drivers can take part in such a reset, 0 not. */
static int ask_synced(struct transport *transport, enum mfrl_type type)
{
	struct register_access access;
	int rc;

	mroq_get(&access, type);
	rc = do_access(transport, &access);
	if (is_unknown(transport, rc))
		return 0;
	return rc < 0 ? rc : mroq_got(&access);
}

int firmware_reset_info(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret)
{
	struct transport *transport;
	struct mfrl mfrl;
	int rc;

	rc = firmware_open(ctx, "reset_info", handle, &transport);
	if (rc < 0)
		return rc;
	rc = ask_reset(transport, &mfrl);
	if (rc == 0)
		rc = ask_synced(transport, choose_type(&mfrl));
	if (rc < 0)
		return finish(ctx, rc, "reset_info", handle);
	*ret = (struct provider_reset_info){
		.levels = mfrl.levels,
		.arm_shutdown = mfrl.types & 1u << MFRL_ARM_SHUTDOWN,
		.synced = rc > 0,
	};
	return 0;
}

/* The driver knows best how to go through a reset. 1 it has done it, 0 it offers none. */
static int reset_by_driver(struct dpu_ctx *ctx, const char *handle)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;
	const struct dpu_error before = ctx->error;
	struct dpu_error refusal;
	uint32_t performed;
	int rc;

	rc = devlink_reload(ctx, handle, DPU_RELOAD_FW_ACTIVATE, DPU_RELOAD_UNLIMITED, &performed);
	/* The driver, or its having no devlink at all. */
	if (rc == -EOPNOTSUPP || rc == -ENODEV) {
		ctx->error = before;
		return 0;
	}
	if (rc < 0) {
		refusal = ctx->error;
		ctx_fail(ctx, rc, "reset", handle, "devlink reload fw_activate: %.400s", refusal.message);
		return refusal.hint[0] ? ctx_hint(ctx, "%s", refusal.hint) : rc;
	}
	/* Nothing that was known of the firmware holds now. */
	firmware_close(ctx);
	text_copy(firmware->reloaded, sizeof(firmware->reloaded), handle);
	return 1;
}

static int start_reset(struct transport *transport)
{
	struct register_access access;
	enum mfrl_type type;
	struct mfrl mfrl;
	int rc;

	rc = ask_reset(transport, &mfrl);
	if (rc < 0)
		return rc;
	type = choose_type(&mfrl);
	if (!(mfrl.levels & 1u << LEVEL_PCI_RESET)) {
		transport_fail(transport, -EOPNOTSUPP, "the device offers no PCI reset (level 3)");
		return transport_hint(transport, -EOPNOTSUPP, "%s",
				      mfrl.levels & 1u << LEVEL_WARM_REBOOT
					      ? "reboot the host: a warm reboot resets the firmware"
					      : "power-cycle the host");
	}
	rc = ask_synced(transport, type);
	if (rc < 0)
		return rc;
	mfrl_set(&access, type, rc > 0);
	rc = do_access(transport, &access);
	/* That it is gone before it has answered is what was asked for. */
	return rc == -EIO && transport->broken && access.sent ? 0 : rc;
}

int firmware_reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;
	struct transport *transport;
	int rc;

	rc = check_device(ctx, "reset", handle);
	if (rc < 0)
		return rc;
	if (level != DPU_RESET_FIRMWARE) {
		ctx_fail(ctx, -EOPNOTSUPP, "reset", handle,
			 "a program on a machine that goes down with the DPU cannot reset the whole system");
		return ctx_hint(ctx, "shut down the system of the Arm cores, then power-cycle the host, or "
				     "reboot it where the device offers level 4 (mlxfwreset)");
	}
	firmware->reloaded[0] = '\0';
	rc = reset_by_driver(ctx, handle);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = firmware_open(ctx, "reset", handle, &transport);
	if (rc < 0)
		return rc;
	rc = transport->ops->lock(transport);
	if (rc == 0) {
		rc = start_reset(transport);
		transport->ops->unlock(transport);
	}
	rc = finish(ctx, rc, "reset", handle);
	firmware_close(ctx);
	return rc;
}

static int check_state(struct dpu_ctx *ctx, const char *handle, uint32_t state)
{
	static const char *const errors[] = {
		[MFRL_NEGOTIATION_TIMEOUT] = "not all drivers have answered in time",
		[MFRL_NEGOTIATION_REFUSED] = "a driver has refused the reset",
		[MFRL_UNLOAD_TIMEOUT] = "not all drivers have let go in time",
		[MFRL_ARM_IS_UP] = "the system of the Arm cores is up",
	};
	static const int codes[] = {
		[MFRL_NEGOTIATION_TIMEOUT] = -ETIMEDOUT,
		[MFRL_NEGOTIATION_REFUSED] = -EBUSY,
		[MFRL_UNLOAD_TIMEOUT] = -ETIMEDOUT,
		[MFRL_ARM_IS_UP] = -EBUSY,
	};

	if (state >= sizeof(errors) / sizeof(errors[0]) || !errors[state])
		return state == MFRL_IDLE;
	ctx_fail(ctx, codes[state], "reset_done", handle, "the firmware gave the reset up: %s (state %u)",
		 errors[state], state);
	return state == MFRL_ARM_IS_UP ? ctx_hint(ctx, "shut it down first") : codes[state];
}

/* While it is being reset a device answers with all ones, or late, or is not there, or has not got its rights
 * back; and who was in the middle of something has left a semaphore taken. */
static bool is_away(int rc)
{
	return rc == -EIO || rc == -EBUSY || rc == -ENODEV || rc == -ETIMEDOUT || rc == -EPROTO ||
	       rc == -ENXIO;
}

int firmware_reset_done(struct dpu_ctx *ctx, const char *handle)
{
	struct linux_firmware *firmware = &linux_provider(ctx)->firmware;
	struct linux_provider *machine = linux_provider(ctx);
	struct transport_failure failure;
	char path[SYSFS_PATH_SIZE];
	struct mfrl mfrl;
	int rc;

	if (!strcmp(firmware->reloaded, handle))
		return 1;
	/* On some ways through a reset the PCI function goes, and comes again. */
	if (!sysfs_device_path(&machine->sysfs, handle, "vendor", path))
		return 0;
	rc = check_device(ctx, "reset_done", handle);
	if (rc < 0)
		return rc;
	firmware_close(ctx);
	rc = open_way(ctx, handle, &brief, &failure);
	if (rc == 0) {
		rc = ask_reset(firmware->transport, &mfrl);
		failure = firmware->transport->failure;
		firmware_close(ctx);
	}
	if (rc < 0)
		return is_away(rc) ? 0 : fail(ctx, rc, "reset_done", handle, &failure);
	return check_state(ctx, handle, mfrl.state);
}
