# SPDX-License-Identifier: LGPL-2.1-or-later
"""Discovery: contexts, devices, ports."""
import errno

import tap
import libdpu


class Discovery(tap.SimTest):
    def test_version(self):
        self.assertRegex(libdpu.version(), r"^\d+\.\d+\.\d+$")
        self.assertEqual(libdpu.__version__, libdpu.version())

    def test_context(self):
        self.assertEqual((self.ctx.uri, self.ctx.provider), ("sim:", "sim"))
        self.assertEqual(repr(self.ctx), "<libdpu.Context sim:>")

    def test_facilities(self):
        for facility in libdpu.Facility:
            state = self.ctx.facility(facility)
            self.assertIs(state.present, True)
            self.assertIsNone(state.reason)
        self.assertEqual([str(f) for f in libdpu.Facility], ["pci", "netdev", "devlink", "rdma"])

    def test_devices(self):
        uplinks = [device for device in self.ctx.devices() if device.kind == libdpu.DeviceKind.DPU]
        self.assertEqual([device.handle for device in uplinks], ["pci/0000:03:00.0", "pci/0000:03:00.1"])
        self.assertEqual([device.netdev for device in uplinks], ["p0", "p1"])

    def test_names_of_one_device(self):
        for name in "pci/0000:03:00.0", "0000:03:00.0", "03:00.0", "p0", "mlx5_0":
            self.assertEqual(self.ctx.device(name).handle, "pci/0000:03:00.0", name)

    def test_properties(self):
        device = self.ctx.device("p0")
        self.assertEqual(device.pci_address, "0000:03:00.0")
        self.assertIs(device.kind, libdpu.DeviceKind.DPU)
        self.assertEqual(str(device.kind), "dpu")
        self.assertEqual(device.model, "BlueField-3")
        self.assertEqual(device.driver, "mlx5_core")
        self.assertEqual((device.vendor_id, device.device_id), (0x15B3, 0xA2DC))
        self.assertEqual(device.firmware_version, "32.41.1000")
        self.assertEqual(device.rdma_device, "mlx5_0")
        self.assertEqual(device.serial_number, self.ctx.device("p1").serial_number)
        self.assertGreater(device.ifindex, 0)
        for name in "psid", "bsp_release", "numa_node":
            getattr(device, name)
        self.assertEqual(device.context.uri, "sim:")

    def test_ports(self):
        ports = {port.netdev: port for port in self.ctx.device("p0").ports()}
        self.assertLessEqual({"p0", "pf0hpf", "en3f0pf0sf0"}, ports.keys())
        uplink, host, sf = ports["p0"], ports["pf0hpf"], ports["en3f0pf0sf0"]
        self.assertEqual([str(port.flavour) for port in (uplink, host, sf)], ["physical", "pcipf", "pcisf"])
        self.assertEqual((host.controller, host.pfnum, host.vfnum, host.sfnum), (1, 0, None, None))
        self.assertEqual((sf.controller, sf.pfnum, sf.vfnum, sf.sfnum), (0, 0, None, 0))
        self.assertEqual(sf.phys_port_name, "pf0sf0")
        self.assertEqual(sf.phys_switch_id, uplink.phys_switch_id)
        self.assertEqual(sf.device.handle, "pci/0000:03:00.0")
        self.assertEqual(len({port.index for port in ports.values()}), len(ports))
        self.assertGreater(sf.ifindex, 0)

    def test_find_port(self):
        port = self.ctx.port("en3f0pf0sf0")
        self.assertEqual(self.ctx.port(f"{port.device.handle}/{port.index}").netdev, port.netdev)

    def test_port_stats(self):
        self.assertEqual(self.ctx.port("p0").stats(), libdpu.PortStats(0, 0, 0, 0, 0, 0, 0))

    def test_no_such_device(self):
        with self.assertRaises(libdpu.Error) as caught:
            self.ctx.device("p7")
        error = caught.exception
        self.assertIsInstance(error, OSError)
        self.assertEqual((error.errno, error.object), (errno.ENODEV, "p7"))
        self.assertTrue(error.step and error.message)
        self.assertEqual(str(error), f"{error.step} p7: {error.message}")

    def test_error_is_a_copy(self):
        with self.assertRaises(libdpu.Error) as caught:
            self.ctx.device("p7")
        before = str(caught.exception)
        with self.assertRaises(libdpu.Error):
            self.ctx.port("nowhere")
        self.ctx.close()
        self.assertEqual(str(caught.exception), before)

    def test_open_failures(self):
        for uri, code in ("moon:", errno.EPROTONOSUPPORT), ("sim:?fault=x", errno.EINVAL):
            with self.assertRaises(libdpu.Error) as caught:
                libdpu.Context(uri)
            self.assertEqual(caught.exception.errno, code, uri)
            self.assertTrue(caught.exception.message)

    def test_log(self):
        seen = []
        with libdpu.Context("sim:", log=lambda *record: seen.append(record), log_level=libdpu.LogLevel.DEBUG) as ctx:
            with self.assertRaises(libdpu.Error):
                ctx.device("p7")
        levels = [record[0] for record in seen]
        self.assertIn(libdpu.LogLevel.ERROR, levels)
        self.assertTrue(any("p7" in record[1] for record in seen))


if __name__ == "__main__":
    tap.main()
