# SPDX-License-Identifier: LGPL-2.1-or-later
"""The firmware's configuration: parameters, TLVs, profiles."""
import errno

import tap
import libdpu
from libdpu import Mode, NvConfigType, NvConfigWhen, Reset

PCI_CONF = libdpu.tlv_type(0, 0x80)
PF_PCI_CONF = libdpu.tlv_type(3, 0x80)


class NvConfig(tap.SimTest):
    def stored(self, name, device=None):
        return (device or self.device).nvconfig(name)[name].next

    def test_transport(self):
        self.assertEqual(self.device.nvconfig_transport, "sim")
        self.fails(errno.EOPNOTSUPP, lambda: self.ctx.device("oob_net0").nvconfig_transport)

    def test_list(self):
        params = self.device.nvconfig()
        self.assertGreater(len(params), 60)
        self.assertTrue(all(name == param.name and param.writable for name, param in params.items()))
        self.assertEqual(params["INTERNAL_CPU_MODEL"],
                         ("INTERNAL_CPU_MODEL", NvConfigType.ENUM, "EMBEDDED_CPU", "EMBEDDED_CPU", "EMBEDDED_CPU", 1,
                          0xc, Reset.NONE, True))
        self.assertEqual(params["NUM_OF_VFS"],
                         ("NUM_OF_VFS", NvConfigType.UNSIGNED, 16, 16, 16, 504, PCI_CONF, Reset.NONE, True))
        self.assertEqual(params["SRIOV_EN"],
                         ("SRIOV_EN", NvConfigType.BOOL, True, True, True, 1, PCI_CONF, Reset.NONE, True))
        for name, param in params.items():
            self.assertIs(type(param.next), {NvConfigType.BOOL: bool, NvConfigType.ENUM: str,
                                             NvConfigType.UNSIGNED: int}[param.type], name)
            self.assertEqual(self.device.nvconfig(name), {name: param})

    def test_names(self):
        """In the order in which they are asked for, under the firmware's own spelling."""
        self.assertEqual(list(self.device.nvconfig("SRIOV_EN", "num_of_vfs")), ["SRIOV_EN", "NUM_OF_VFS"])
        error = self.fails(errno.ENOENT, self.device.nvconfig, "SRIOV_EN", "NUM_OF_VF")
        self.assertEqual((error.step, error.object), ("nvconfig_list", "NUM_OF_VF"))
        self.assertIn("NUM_OF_VFS", error.hint)
        self.fails(errno.EOPNOTSUPP, self.ctx.device("oob_net0").nvconfig)

    def test_set(self):
        self.assertEqual(self.device.set_nvconfig({"NUM_OF_VFS": 32, "SRIOV_EN": True, "PF_TOTAL_SF": "0x40",
                                                   "LAG_RESOURCE_ALLOCATION": "PRE_ALLOCATION"}), 3)
        vfs = self.device.nvconfig("NUM_OF_VFS")["NUM_OF_VFS"]
        self.assertEqual((vfs.current, vfs.next, vfs.default, vfs.reset), (16, 32, 16, Reset.FIRMWARE))
        self.assertEqual(self.stored("LAG_RESOURCE_ALLOCATION"), "PRE_ALLOCATION")
        # The board's are the same on both PFs, a PF's own are not.
        other = self.ctx.device("p1")
        self.assertEqual((self.stored("NUM_OF_VFS", other), self.stored("PF_TOTAL_SF", other)), (32, 236))
        self.assertEqual(self.stored("PF_TOTAL_SF"), 64)
        self.assertEqual(self.device.set_nvconfig({"num_of_vfs": 32}), 0)
        self.assertEqual(self.device.set_nvconfig({}), 0)
        self.device.reset(Reset.FIRMWARE, deadline=30)
        self.assertEqual(self.device.nvconfig("NUM_OF_VFS")["NUM_OF_VFS"][2:5], (32, 32, 16))
        self.assertEqual(self.device.vf_total, 32)

    def test_plan(self):
        before = self.device.nvconfig()
        self.assertEqual(self.device.plan_nvconfig({"NUM_OF_VFS": 32, "INTERNAL_CPU_OFFLOAD_ENGINE": "DISABLED",
                                                    "SRIOV_EN": True}),
                         [("pci/0000:03:00.0", "NUM_OF_VFS", 16, 16, 32, True, Reset.FIRMWARE),
                          ("pci/0000:03:00.0", "INTERNAL_CPU_OFFLOAD_ENGINE", "ENABLED", "ENABLED", "DISABLED", True,
                           Reset.SYSTEM),
                          ("pci/0000:03:00.0", "SRIOV_EN", True, True, True, False, Reset.NONE)])
        self.assertEqual(self.device.plan_nvconfig({}), [])
        self.assertEqual(self.device.nvconfig(), before)
        self.device.set_nvconfig({"NUM_OF_VFS": 32})
        self.assertEqual(self.device.plan_nvconfig({"NUM_OF_VFS": 32})[0][2:], (16, 32, 32, False, Reset.FIRMWARE))

    def test_refusals(self):
        before = self.device.nvconfig()
        for call in self.device.set_nvconfig, self.device.plan_nvconfig:
            error = self.fails(errno.ENOENT, call, {"NUM_OF_VFS": 8, "PF_TOTAL_SFS": 8})
            self.assertIn("PF_TOTAL_SF", error.hint)
            for name, value in (("SRIOV_EN", "maybe"), ("INTERNAL_CPU_MODEL", "ARM"), ("INTERNAL_CPU_MODEL", 2),
                                ("NUM_OF_VFS", "many"), ("NUM_OF_VFS", -1), ("NUM_OF_VFS", True), ("NUM_OF_VFS", "")):
                error = self.fails(errno.EINVAL, call, {"PF_TOTAL_SF": 8, name: value})
                self.assertEqual(error.object, name)
                self.assertNotEqual(error.hint, "")
            self.fails(errno.ERANGE, call, {"NUM_OF_VFS": 505})
            self.fails(errno.ERANGE, call, {"NUM_OF_VFS": 1 << 40})
            with self.assertRaises(TypeError):
                call({"NUM_OF_VFS": 1.5})
        # What one parameter needs of another.
        wishes = {"INTERNAL_CPU_MODEL": "SEPARATED_HOST", "INTERNAL_CPU_PAGE_SUPPLIER": "EXT_HOST_PF"}
        self.assertIn("INTERNAL_CPU_MODEL=EMBEDDED_CPU",
                      self.fails(errno.EINVAL, self.device.set_nvconfig, wishes).hint)
        self.assertEqual(self.device.nvconfig(), before)

    def test_reset(self):
        self.device.set_mode(Mode.NIC)
        self.device.set_nvconfig({"NUM_OF_VFS": 32, "PF_TOTAL_SF": 64, "UEFI_HII_EN": False})
        planned = [change.name for change in self.device.plan_reset_nvconfig() if change.differs]
        self.assertEqual(planned, ["NUM_OF_VFS", "PF_TOTAL_SF", "UEFI_HII_EN"])
        self.assertEqual([change.name for change in self.device.plan_reset_nvconfig("NUM_OF_VFS")], ["NUM_OF_VFS"])
        self.assertIn("INTERNAL_CPU_OFFLOAD_ENGINE",
                      [change.name for change in self.device.plan_reset_nvconfig(mode=True) if change.differs])
        self.device.reset_nvconfig("UEFI_HII_EN")
        self.assertEqual((self.stored("UEFI_HII_EN"), self.stored("NUM_OF_VFS")), (True, 32))
        self.device.reset_nvconfig()
        self.assertEqual((self.stored("NUM_OF_VFS"), self.stored("PF_TOTAL_SF")), (16, 236))
        self.assertEqual(self.device.mode.next, Mode.NIC)
        self.device.reset_nvconfig(mode=True)
        self.assertEqual(self.device.mode.next, Mode.DPU)
        self.assertIn("SRIOV_EN", self.fails(errno.ENOENT, self.device.reset_nvconfig, "SRIOV_ON").hint)
        self.fails(errno.EOPNOTSUPP, self.ctx.device("oob_net0").reset_nvconfig)

    def test_reset_keeps_restrictions(self):
        self.device.restrict(0, libdpu.Restriction.TRACER)
        self.device.reset_nvconfig()
        self.assertEqual(self.device.mode.next, Mode.RESTRICTED)
        self.assertEqual(self.device.host_rights(0).next_restrictions, libdpu.Restriction.TRACER)
        self.device.reset_nvconfig(mode=True)
        self.assertEqual(self.device.mode.next, Mode.DPU)

    def test_tlv_type(self):
        self.assertEqual(libdpu.tlv_type(0, 0xc), 0xc)
        self.assertEqual(libdpu.tlv_type(1, 0x10, index=2), 0x01020010)
        self.assertEqual(libdpu.tlv_type(3, 0x80, 1, 1), 0x03040480)
        self.assertEqual(libdpu.tlv_type(7, 0x83, index=1), 0x07040083)
        for numbers in (2, 1), (0, 1 << 24), (0, 1, 1), (1, 1, 256), (3, 1 << 10), (3, 1, 0, 256):
            self.fails(errno.EINVAL, libdpu.tlv_type, *numbers)
        with self.assertRaises(OverflowError):
            libdpu.tlv_type(0, -1)

    def test_tlvs(self):
        before = self.device.read_tlv(PCI_CONF)
        self.assertEqual((type(before), len(before)), (bytes, 12))
        self.device.write_tlv(PCI_CONF, b"\x00\x20", offset=6)
        self.assertEqual(self.device.read_tlv(PCI_CONF), before[:6] + b"\x00\x20" + before[8:])
        for when in NvConfigWhen.CURRENT, NvConfigWhen.DEFAULT:
            self.assertEqual(self.device.read_tlv(PCI_CONF, when), before)
        self.assertEqual(self.stored("NUM_OF_VFS"), 32)
        self.device.write_tlv(PCI_CONF, bytearray(before))
        self.assertEqual(self.device.read_tlv(PCI_CONF, NvConfigWhen.NEXT), before)
        # One PF's by the other.
        other = libdpu.tlv_type(3, 0x80, function=1)
        self.assertEqual(self.device.read_tlv(other), self.ctx.device("p1").read_tlv(PF_PCI_CONF))

    def test_tlv_refusals(self):
        before = self.device.read_tlv(PCI_CONF)
        self.fails(errno.ENOENT, self.device.read_tlv, 0x999)
        self.fails(errno.ENOENT, self.device.write_tlv, 0x999, b"\x00")
        self.fails(errno.EINVAL, self.device.read_tlv, PCI_CONF, 3)
        self.fails(errno.EINVAL, self.device.write_tlv, PCI_CONF, b"")
        self.fails(errno.EINVAL, self.device.write_tlv, PCI_CONF, b"\x00\x20", 11)
        self.fails(errno.EPERM, self.device.write_tlv, libdpu.tlv_type(0, 0x81), b"\x00")
        with self.assertRaises(TypeError):
            self.device.write_tlv(PCI_CONF, "text")
        self.assertEqual(self.device.read_tlv(PCI_CONF), before)

    def test_profiles(self):
        profiles = {profile.name: profile for profile in libdpu.profiles()}
        self.assertEqual(list(profiles), ["virtio-hotplug", "virtio-static", "sf-internal", "sf-external", "lag",
                                          "vfe-vdpa"])
        self.assertTrue(all(profile.description for profile in profiles.values()))
        self.assertIsNone(profiles["lag"].boot_options)
        self.assertIn("intel_iommu=on", profiles["virtio-static"].boot_options)
        for name, profile in profiles.items():
            with libdpu.Context("sim:") as ctx:
                device = ctx.device("p0")
                before = device.nvconfig()
                plan = device.plan_profile(profile)
                self.assertEqual(plan, device.plan_profile(name))
                self.assertEqual(device.nvconfig(), before)
                self.assertEqual(device.apply_profile(profile) > 0, any(change.differs for change in plan))
                for change in plan:
                    self.assertEqual(self.stored(change.name, ctx.device(change.device)), change.wanted, change)
                self.assertFalse(any(change.differs for change in device.plan_profile(name)))
                self.assertEqual(device.apply_profile(name), 0)

    def test_profile_of_both_ports(self):
        self.device.set_nvconfig({"UEFI_HII_EN": False})
        self.ctx.device("p1").apply_profile("virtio-hotplug")
        self.assertEqual([self.stored("PF_TOTAL_SF", self.ctx.device(name)) for name in ("p0", "p1")], [64, 2])
        # It begins with the defaults.
        self.assertIs(self.stored("UEFI_HII_EN"), True)

    def test_profile_refusals(self):
        for call in self.device.plan_profile, self.device.apply_profile:
            error = self.fails(errno.ENOENT, call, "virtio")
            self.assertEqual(error.object, "virtio")
            self.assertIn("virtio-static", error.hint)
        self.fails(errno.EOPNOTSUPP, self.ctx.device("oob_net0").plan_profile, "lag")

    def test_faults(self):
        """Each call tells what its step says."""
        vfs = {"NUM_OF_VFS": 32}
        for step, use in (("firmware", lambda device: device.nvconfig_transport),
                          ("firmware", lambda device: device.nvconfig()),
                          ("nvconfig_supports", lambda device: device.nvconfig("SRIOV_EN")),
                          ("nvconfig_get", lambda device: device.plan_nvconfig(vfs)),
                          ("nvconfig_update", lambda device: device.set_nvconfig(vfs)),
                          ("nvconfig_reset", lambda device: device.reset_nvconfig()),
                          ("nvconfig_get", lambda device: device.read_tlv(PCI_CONF)),
                          ("nvconfig_update", lambda device: device.write_tlv(PCI_CONF, b"\x00")),
                          ("nvconfig_get", lambda device: device.plan_profile("lag")),
                          ("nvconfig_update", lambda device: device.apply_profile("lag"))):
            with libdpu.Context(f"sim:?fault={step}:EIO") as ctx:
                device = ctx.device("p0")
                before = ctx.device("p1").firmware_version
                self.assertEqual(self.fails(errno.EIO, use, device).step, step)
                use(device)
                self.assertEqual(ctx.device("p1").firmware_version, before)

    def test_all_or_nothing(self):
        """The second write fails: the first one is taken back."""
        with libdpu.Context("sim:?fault=nvconfig_update:EIO@2") as ctx:
            device = ctx.device("p0")
            before = device.nvconfig()
            error = self.fails(errno.EIO, device.set_nvconfig, {"NUM_OF_VFS": 32, "PF_TOTAL_SF": 64})
            self.assertEqual(error.hint, "")
            self.assertEqual(device.nvconfig(), before)

    def test_facts_outlive_the_context(self):
        facts = [self.device.nvconfig(), self.device.plan_nvconfig({"NUM_OF_VFS": 32}),
                 self.device.plan_profile("lag"), self.device.mode, self.device.plan_mode()]
        text = repr(facts)
        self.ctx.close()
        self.assertEqual(repr(facts), text)
        with self.assertRaisesRegex(ValueError, "closed"):
            self.device.nvconfig()


if __name__ == "__main__":
    tap.main()
