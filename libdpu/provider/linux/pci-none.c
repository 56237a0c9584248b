/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names without libpci: of the devices that libdpu is about. */
#include "core/text.h"
#include "provider/linux/pci.h"

static const struct {
	uint16_t device;
	const char *name;
} nvidia_models[] = {
	{ 0x1013, "ConnectX-4" },
	{ 0x1014, "ConnectX-4 Virtual Function" },
	{ 0x1015, "ConnectX-4 Lx" },
	{ 0x1016, "ConnectX-4 Lx Virtual Function" },
	{ 0x1017, "ConnectX-5" },
	{ 0x1018, "ConnectX-5 Virtual Function" },
	{ 0x1019, "ConnectX-5 Ex" },
	{ 0x101a, "ConnectX-5 Ex Virtual Function" },
	{ 0x101b, "ConnectX-6" },
	{ 0x101c, "ConnectX-6 Virtual Function" },
	{ 0x101d, "ConnectX-6 Dx" },
	{ 0x101e, "ConnectX Virtual Function" },
	{ 0x101f, "ConnectX-6 Lx" },
	{ 0x1021, "ConnectX-7" },
	{ 0x1023, "ConnectX-8" },
	{ 0xa2d2, "BlueField" },
	{ 0xa2d3, "BlueField Virtual Function" },
	{ 0xa2d6, "BlueField-2" },
	{ 0xa2d9, "BlueField-3 Lx" },
	{ 0xa2dc, "BlueField-3" },
	{ 0xa2df, "BlueField-4" },
};

void pci_name_models(struct provider_device *devices, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++) {
		if (devices[i].vendor_id != NVIDIA_NETWORKING_VENDOR)
			continue;
		for (k = 0; k < sizeof(nvidia_models) / sizeof(nvidia_models[0]); k++) {
			if (nvidia_models[k].device == devices[i].device_id)
				text_copy(devices[i].model, sizeof(devices[i].model), nvidia_models[k].name);
		}
	}
}
