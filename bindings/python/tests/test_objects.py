# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a device can be asked and told: versions, parameters, rates, health, resources, RDMA, reloads."""
import errno
import json
import pathlib
import tempfile

import tap
import libdpu
from libdpu import EswitchInline, EswitchMode, HealthState, ParamCmode, ParamType, RateType, ReloadAction, VersionKind

MBIT = 125000


class Objects(tap.SimTest):
    def param(self, name):
        return next(param for param in self.device.params() if param.name == name)

    def rate(self, name):
        return next(rate for rate in self.device.rates() if name in (rate.port, rate.node))

    def test_names(self):
        self.assertEqual([str(kind) for kind in VersionKind], ["fixed", "running", "stored"])
        self.assertEqual([str(kind) for kind in ParamType], ["u8", "u16", "u32", "u64", "string", "bool"])
        self.assertEqual([str(kind) for kind in RateType], ["leaf", "node"])
        self.assertEqual([str(state) for state in HealthState], ["healthy", "error"])
        self.assertEqual([str(state) for state in libdpu.RdmaState],
                         ["NOP", "DOWN", "INIT", "ARMED", "ACTIVE", "ACTIVE_DEFER"])
        for kind, names in ((ParamCmode, ["runtime", "driverinit", "permanent"]),
                            (EswitchInline, ["none", "link", "network", "transport"]),
                            (ReloadAction, ["driver_reinit", "fw_activate"])):
            self.assertEqual([str(member) for member in kind], names)
            for member in kind:
                self.assertIs(kind.parse(str(member)), member)
            self.fails(errno.EINVAL, kind.parse, "sideways")

    def test_all_names_are_exported(self):
        for name in libdpu.__all__:
            self.assertTrue(hasattr(libdpu, name), name)
        self.assertEqual(sorted(libdpu.__all__), libdpu.__all__)

    def test_versions(self):
        versions = self.device.versions()
        self.assertEqual(list(versions), list(VersionKind))
        self.assertEqual(versions[VersionKind.RUNNING]["fw.version"], self.device.firmware_version)
        self.assertEqual(versions[VersionKind.FIXED]["fw.psid"], self.device.psid)

    def test_params(self):
        self.assertEqual(self.param("enable_roce"),
                         ("enable_roce", ParamType.BOOL, True, {ParamCmode.DRIVERINIT: True}))
        self.assertEqual(self.param("flow_steering_mode"),
                         ("flow_steering_mode", ParamType.STRING, False, {ParamCmode.RUNTIME: "smfs"}))
        for name, value, want in (("enable_roce", False, False), ("io_eq_size", 256, 256),
                                  ("io_eq_size", "0x80", 128), ("total_vfs", 4, 4)):
            self.device.set_param(name, value)
            (now,) = self.param(name).values.values()
            self.assertEqual((now, type(now)), (want, type(want)))
        self.device.set_param("max_macs", 64, ParamCmode.DRIVERINIT)
        self.assertEqual(self.param("max_macs").values, {ParamCmode.DRIVERINIT: 64})
        # Each PF has its own.
        self.assertEqual([param.values for param in self.ctx.device("p1").params() if param.name == "max_macs"],
                         [{ParamCmode.DRIVERINIT: 128}])

    def test_param_refusals(self):
        before = self.device.params()
        error = self.fails(errno.ENOENT, self.device.set_param, "enable_rocket", True)
        self.assertEqual((error.step, error.object), ("param_set", "enable_rocket"))
        self.fails(errno.EOPNOTSUPP, self.device.set_param, "enable_roce", False, ParamCmode.RUNTIME)
        for name, value in (("enable_roce", 1), ("io_eq_size", True), ("io_eq_size", "many"), ("max_macs", 100),
                            ("io_eq_size", 1 << 32), ("io_eq_size", -1), ("flow_steering_mode", "")):
            self.fails(errno.EINVAL, self.device.set_param, name, value)
        with self.assertRaises(TypeError):
            self.device.set_param("io_eq_size", 1.5)
        self.assertEqual(self.device.params(), before)

    def test_rates(self):
        port = self.ctx.port("en3f0pf0sf0")
        leaf = self.rate(port.index)
        self.assertEqual(leaf, (RateType.LEAF, port.index, None, None, 0, 0, 0, 0))
        self.device.add_rate_node("gold", tx_max=800 * MBIT)
        self.device.add_rate_node("silver", parent="gold")
        self.assertEqual(self.rate("silver"), (RateType.NODE, None, "silver", "gold", 0, 0, 0, 0))
        self.device.set_rate(port, tx_share=8 * MBIT, tx_max=80 * MBIT, parent="silver")
        self.assertEqual(self.rate(port.index), leaf._replace(parent="silver", tx_share=8 * MBIT, tx_max=80 * MBIT))
        # One at a time, by all that names it.
        self.device.set_rate(port.index, tx_max=0)
        self.device.set_rate(self.rate(port.index), tx_share=0)
        self.assertEqual(self.rate(port.index), leaf._replace(parent="silver"))
        self.device.set_rate("gold", tx_share=MBIT)
        self.device.set_rate(self.rate("gold"), tx_max=900 * MBIT)
        self.assertEqual((self.rate("gold").tx_share, self.rate("gold").tx_max), (MBIT, 900 * MBIT))
        self.fails(errno.EBUSY, self.device.delete_rate_node, "silver")
        self.device.set_rate(port, parent="")
        self.assertEqual(self.rate(port.index), leaf)
        self.device.delete_rate_node("silver")
        self.assertEqual([rate.node for rate in self.device.rates() if rate.type == RateType.NODE], ["gold"])

    def test_rate_refusals(self):
        self.device.add_rate_node("gold")
        before = self.device.rates()
        self.fails(errno.EEXIST, self.device.add_rate_node, "gold")
        self.fails(errno.EINVAL, self.device.add_rate_node, "")
        self.fails(errno.EINVAL, self.device.add_rate_node, "x" * 64)
        for target in "lead", 7:
            self.fails(errno.ENODEV, self.device.set_rate, target, tx_max=MBIT)
        self.fails(errno.ENODEV, self.device.set_rate, "gold", parent="lead")
        self.fails(errno.EINVAL, self.device.set_rate, "gold", tx_share=2 * MBIT, tx_max=MBIT)
        # What the driver refuses takes the rest back with it.
        for name in "priority", "weight":
            self.fails(errno.EOPNOTSUPP, self.device.set_rate, "gold", tx_max=MBIT, **{name: 1})
        self.fails(errno.ENODEV, self.device.delete_rate_node, "lead")
        with self.assertRaises(OverflowError):
            self.device.set_rate("gold", tx_max=-1)
        self.assertEqual(self.device.rates(), before)

    def test_health(self):
        reporters = {reporter.name: reporter for reporter in self.device.health()}
        self.assertEqual(reporters["fw_fatal"], ("fw_fatal", None, HealthState.HEALTHY, 0, 0, 180.0, True, True))
        self.device.set_auto_recover("fw_fatal", False)
        self.assertIs(self.device.health()[1].auto_recover, False)
        self.device.set_auto_recover(reporters["fw_fatal"], True)
        self.assertIs(self.device.health()[1].auto_recover, True)
        self.fails(errno.EOPNOTSUPP, self.device.recover, "fw")
        self.fails(errno.ENOENT, self.device.recover, "fw_fatale")
        self.fails(errno.ENOENT, self.device.recover, reporters["fw_fatal"]._replace(port=7))

    def test_recover(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "topology.json")
            with libdpu.Context(f"sim:{path}") as ctx:
                ctx.device("p0").set_auto_recover("fw_fatal", False)
            board = json.loads(path.read_text())
            board["pfs"][0]["health"] = {"fw_fatal": {"state": "error", "errors": 3}}
            path.write_text(json.dumps(board))
            with libdpu.Context(f"sim:{path}") as ctx:
                device = ctx.device("p0")
                fatal = device.health()[1]
                self.assertEqual((fatal.state, fatal.errors, fatal.recoveries), (HealthState.ERROR, 3, 0))
                device.recover(fatal)
                self.assertEqual(device.health()[1][2:5], (HealthState.HEALTHY, 3, 1))

    def test_resources(self):
        local = self.device.resources()[0]
        self.assertEqual((local.path, local.size_min, local.size_max), ("max_local_SFs", local.size, local.size))
        self.device.create_sf(deadline=5)
        self.assertEqual(self.device.resources()[0].occupied, local.occupied + 1)
        self.device.set_resource(local.path, local.size)
        self.fails(errno.EINVAL, self.device.set_resource, local.path, local.size + 1)
        self.fails(errno.ENOENT, self.device.set_resource, "max_remote_SFs", 1)

    def test_rdma(self):
        links = {link.device: link for link in self.ctx.rdma()}
        link = links["mlx5_0"]
        self.assertEqual((link.netdev, link.ifindex, link.port), ("p0", self.device.ifindex, 1))
        self.assertEqual((link.state, link.phys_state), (libdpu.RdmaState.ACTIVE, 5))
        self.assertEqual(link.firmware, self.device.firmware_version)
        self.assertEqual(link.sys_image_guid, links["mlx5_1"].sys_image_guid)
        self.assertNotEqual(link.node_guid, links["mlx5_1"].node_guid)
        sf = self.device.create_sf(deadline=5)
        (new,) = [link for link in self.ctx.rdma() if link.device not in links]
        self.assertEqual((new.device, new.netdev), (sf.rdma_device, sf.netdev))

    def test_eswitch_attrs(self):
        self.assertEqual(self.device.eswitch_attrs(), (EswitchInline.NONE, True))
        self.device.set_eswitch_attrs(encap=False)
        self.assertEqual(self.device.eswitch_attrs(), (EswitchInline.NONE, False))
        self.device.set_eswitch_attrs()
        self.assertEqual(self.device.eswitch_attrs(), (EswitchInline.NONE, False))
        self.fails(errno.EOPNOTSUPP, self.device.set_eswitch_attrs, inline_mode=EswitchInline.NETWORK, encap=True)
        self.assertEqual(self.device.eswitch_attrs(), (EswitchInline.NONE, False))

    def test_reload(self):
        self.device.create_sf(sfnum=88, deadline=5)
        self.assertEqual(self.device.reload(ReloadAction.FW_ACTIVATE, no_reset=True), {ReloadAction.FW_ACTIVATE})
        self.assertEqual(self.ctx.function("pf0sf88").number, 88)
        self.fails(errno.EINVAL, self.device.reload, ReloadAction.DRIVER_REINIT, no_reset=True)
        self.assertEqual(self.device.reload(ReloadAction.DRIVER_REINIT), {ReloadAction.DRIVER_REINIT})
        self.assertIs(self.device.eswitch_mode, EswitchMode.LEGACY)
        self.fails(errno.ENODEV, self.ctx.function, "pf0sf88")
        self.assertEqual(self.device.reload(ReloadAction.FW_ACTIVATE), set(ReloadAction))
        self.fails(errno.EINVAL, self.device.reload, 7)

    def test_faults(self):
        """Each call tells what its step says."""
        for step, use in (("versions", lambda device: device.versions()),
                          ("params", lambda device: device.params()),
                          ("rates", lambda device: device.rates()),
                          ("health", lambda device: device.health()),
                          ("resources", lambda device: device.resources()),
                          ("rdma", lambda device: device.context.rdma()),
                          ("claims_left", lambda device: device.orphans()),
                          ("claims_left", lambda device: device.sweep_orphans()),
                          ("eswitch_attrs_get", lambda device: device.eswitch_attrs()),
                          ("reload", lambda device: device.reload(ReloadAction.FW_ACTIVATE)),
                          ("vf_msix_total", lambda device: device.vf_msix_total),
                          ("vf_autoprobe", lambda device: device.vf_autoprobe)):
            with libdpu.Context(f"sim:?fault={step}:EIO") as ctx:
                device = ctx.device("p0")
                self.assertEqual(self.fails(errno.EIO, use, device).step, step)
                use(device)

    def test_facts_outlive_the_context(self):
        facts = [self.device.params(), self.device.rates(), self.device.health(), self.device.resources(),
                 self.ctx.rdma(), self.device.versions()]
        text = repr(facts)
        self.ctx.close()
        self.assertEqual(repr(facts), text)
        with self.assertRaisesRegex(ValueError, "closed"):
            self.device.params()


if __name__ == "__main__":
    tap.main()
