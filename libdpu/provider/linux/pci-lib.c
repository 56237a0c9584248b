/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names from pci.ids. Only libpci's name list is used: pci_init(), which looks for hardware, is never called.
 */
#include <pci/pci.h>
#include <setjmp.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/pci.h"

/* libpci's default is to print and exit. Its handler gets no pointer of ours and must not return. */
static _Thread_local jmp_buf on_error;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(char *format, ...)
{
	(void)format;
	longjmp(on_error, 1);
}

__attribute__((format(printf, 1, 2))) static void silent(char *format, ...)
{
	(void)format;
}

static void name_one(struct pci_access *access, struct provider_device *device)
{
	char text[sizeof(device->model)];
	const char *name;

	name = pci_lookup_name(access, text, (int)sizeof(text), PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS,
			       device->vendor_id, device->device_id);
	/* libpci also answers with text of its own: "<pci_lookup_name: buffer too small>". */
	if (name && name[0] != '<')
		text_copy(device->model, sizeof(device->model), name);
}

void pci_name_models(struct provider_device *devices, size_t count)
{
	struct pci_access *volatile access;
	size_t i;

	access = pci_alloc();
	if (!access)
		return;
	access->error = fail;
	access->warning = silent;
	access->debug = silent;
	if (!setjmp(on_error)) {
		for (i = 0; i < count; i++) {
			if (devices[i].pci_address[0])
				name_one(access, &devices[i]);
		}
	}
	/* Freeing may fail in the same way; what is then lost is a little memory. */
	if (!setjmp(on_error))
		pci_cleanup(access);
}
