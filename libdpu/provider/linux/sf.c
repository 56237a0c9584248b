/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "provider/linux/devlink.h"
#include "provider/linux/sf.h"

/* What is known of an SF's own side. */
struct own {
	char aux_device[DEVNAME_SIZE]; /* empty: not there (yet), or another machine's */
	char driver[DEVNAME_SIZE];     /* "mlx5_core.sf"; empty: none */
	char netdev[IFNAME_SIZE];
};

static void read_own(struct dpu_ctx *ctx, const struct provider_function *sf, struct own *own)
{
	const struct sysfs *sysfs = &linux_provider(ctx)->sysfs;
	char path[SYSFS_PATH_SIZE];

	memset(own, 0, sizeof(*own));
	memcpy(own->aux_device, sf->aux_device, sizeof(own->aux_device));
	memcpy(own->netdev, sf->netdev, sizeof(own->netdev));
	if (own->aux_device[0] && sysfs_path(path, "bus/auxiliary/devices/%s/driver", own->aux_device))
		sysfs_link_name(sysfs, path, own->driver, sizeof(own->driver));
}

/* Writes the auxiliary device's name to a file of a driver. */
static int driver_write(struct dpu_ctx *ctx, const char *step, const char *driver, const char *file,
			const char *aux_device)
{
	char path[SYSFS_PATH_SIZE];
	int rc;

	sysfs_path(path, "bus/auxiliary/drivers/%s/%s", driver, file);
	rc = sysfs_write(&linux_provider(ctx)->sysfs, path, aux_device);
	if (rc < 0)
		return ctx_fail(ctx, rc, step, aux_device, "%s of driver %s: %s", file, driver,
				strerror(-rc));
	return 0;
}

/* DOCA's driver gives a new SF to a driver that only configures it ("mlx5_core.sf_cfg"); the one that makes
 * its network device must be asked for. */
static int rebind(struct dpu_ctx *ctx, const struct own *own)
{
	static const char suffix[] = "_cfg";
	char driver[DEVNAME_SIZE];
	size_t len = strlen(own->driver) - (sizeof(suffix) - 1);
	int rc;

	snprintf(driver, sizeof(driver), "%.*s", (int)len, own->driver);
	rc = driver_write(ctx, "sf_bind", own->driver, "unbind", own->aux_device);
	return rc < 0 ? rc : driver_write(ctx, "sf_bind", driver, "bind", own->aux_device);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

/* The kernel's own driver may make an SF's network device only when it is told to: parameter enable_eth, and
 * then a reload. 1 when it was told now, 0 when there was no need. */
static int enable_ethernet(struct dpu_ctx *ctx, const struct own *own)
{
	struct dpu_param *params = NULL;
	const struct dpu_param *param = NULL;
	struct dpu_error error = ctx->error;
	char handle[HANDLE_SIZE + 16];
	uint32_t performed;
	size_t count = 0, i;
	int rc;

	snprintf(handle, sizeof(handle), "auxiliary/%s", own->aux_device);
	rc = devlink_params(ctx, handle, &params, &count);
	/* An SF without a devlink instance of its own has no such switch. */
	if (rc < 0 && rc != -ENOMEM) {
		ctx->error = error;
		return 0;
	}
	for (i = 0; i < count; i++) {
		if (!strcmp(params[i].name, "enable_eth"))
			param = &params[i];
	}
	if (rc == 0 && param && param->cmodes & (1u << DPU_PARAM_DRIVERINIT) &&
	    !strcmp(param->value[DPU_PARAM_DRIVERINIT], "false")) {
		rc = devlink_param_set(ctx, handle, param, DPU_PARAM_DRIVERINIT, "true");
		if (rc == 0)
			rc = devlink_reload(ctx, handle, DPU_RELOAD_DRIVER_REINIT, DPU_RELOAD_UNLIMITED,
					    &performed);
		if (rc == 0)
			rc = 1;
	}
	ctx_free(ctx, params);
	return rc;
}

int sf_bind(struct dpu_ctx *ctx, const char *handle, const struct provider_function *sf)
{
	struct dpu_error error;
	struct own own;
	int rc;

	(void)handle;
	read_own(ctx, sf, &own);
	if (!own.aux_device[0] || !own.driver[0])
		return 0;
	if (ends_with(own.driver, ".sf_cfg")) {
		error = ctx->error;
		rc = rebind(ctx, &own);
		/* The kernel was only trying that driver: it has turned the SF down since. */
		if (rc == -ENODEV) {
			ctx->error = error;
			return 0;
		}
		if (rc < 0)
			return rc;
	}
	if (own.netdev[0])
		return 1;
	rc = enable_ethernet(ctx, &own);
	return rc < 0 ? rc : 1;
}

/* A bound driver makes the way down slow: the firmware waits for it. So it is unbound first, where there is
 * one here. */
int sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct dpu_error error = ctx->error;
	struct provider_function sf;
	bool unbound = false;
	struct own own;
	int rc;

	rc = linux_read_function(ctx, "sf_deactivate", handle, port, &sf, NULL);
	if (rc < 0)
		return rc;
	read_own(ctx, &sf, &own);
	if (own.driver[0]) {
		unbound = driver_write(ctx, "sf_deactivate", own.driver, "unbind", own.aux_device) == 0;
		ctx->error = error;
	}
	rc = devlink_sf_deactivate(ctx, handle, port);
	if (rc < 0 && unbound) {
		error = ctx->error;
		driver_write(ctx, "sf_deactivate", own.driver, "bind", own.aux_device);
		ctx->error = error;
	}
	return rc;
}
