# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a PF decides for its VFs."""
import errno

import tap
import libdpu
from libdpu import EswitchMode, FunctionType, VfAttrs, VfLinkState


class Vfs(tap.SimTest):
    def vf(self, mode=EswitchMode.LEGACY):
        self.device.set_eswitch_mode(mode, deadline=5)
        self.device.set_vf_count(2, deadline=5)
        return next(function for function in self.device.functions() if function.type == FunctionType.VF)

    def test_names(self):
        self.assertEqual([str(state) for state in VfLinkState], ["auto", "enable", "disable"])
        for state in VfLinkState:
            self.assertIs(VfLinkState.parse(str(state)), state)
        self.fails(errno.EINVAL, VfLinkState.parse, "sideways")

    def test_attributes(self):
        vf = self.vf()
        want = VfAttrs(hw_addr="02:00:00:00:00:01", vlan=100, qos=3, vlan_proto=0x88A8, spoofchk=True, trust=True,
                       link_state=VfLinkState.DISABLE, min_tx_rate=10, max_tx_rate=100, node_guid=0x1122334455667788,
                       port_guid=0xFFFFFFFFFFFFFFFF)
        vf.set_vf_attrs(**want._asdict())
        now = vf.vf_attrs()
        self.assertEqual(now, want)
        self.assertEqual([type(value) for value in now], [type(value) for value in want])
        vf.set_vf_attrs(spoofchk=False, trust=False, hw_addr=b"\x02\x00\x00\x00\x00\x02")
        self.assertEqual(vf.vf_attrs(), want._replace(hw_addr="02:00:00:00:00:02", spoofchk=False, trust=False))

    def test_what_is_not_given_stays(self):
        """The C library sets VLAN, priority and protocol together, and both rates."""
        vf = self.vf()
        vf.set_vf_attrs(vlan=100, qos=3, vlan_proto=0x88A8, min_tx_rate=10, max_tx_rate=100)
        vf.set_vf_attrs(vlan=200, max_tx_rate=50)
        self.assertEqual(vf.vf_attrs()[1:4], (200, 3, 0x88A8))
        self.assertEqual(vf.vf_attrs()[7:9], (10, 50))
        vf.set_vf_attrs(qos=5, min_tx_rate=0)
        self.assertEqual(vf.vf_attrs()[1:4], (200, 5, 0x88A8))
        self.assertEqual(vf.vf_attrs()[7:9], (0, 50))
        vf.set_vf_attrs(vlan=0)
        self.assertEqual(vf.vf_attrs()[1:4], (0, 0, 0x8100))
        before = vf.vf_attrs()
        vf.set_vf_attrs()
        self.assertEqual(vf.vf_attrs(), before)

    def test_switchdev(self):
        vf = self.vf(EswitchMode.SWITCHDEV)
        known = vf.vf_attrs()
        self.assertEqual([name for name, value in known._asdict().items() if value is None],
                         ["vlan", "qos", "vlan_proto", "spoofchk", "trust", "node_guid", "port_guid"])
        vf.set_vf_attrs(hw_addr="02:00:00:00:00:01", max_tx_rate=80)
        self.assertEqual(vf.refresh().hw_addr, "02:00:00:00:00:01")
        (rate,) = [rate for rate in self.device.rates() if rate.port == vf.representor.index]
        self.assertEqual((rate.tx_share, rate.tx_max), (0, 80 * 125000))
        # All or none.
        before = vf.vf_attrs()
        self.fails(errno.EOPNOTSUPP, vf.set_vf_attrs, hw_addr="02:00:00:00:00:02", spoofchk=True)
        self.fails(errno.EOPNOTSUPP, vf.set_vf_attrs, vlan=100, max_tx_rate=10)
        self.assertEqual(vf.vf_attrs(), before)

    def test_refusals(self):
        vf = self.vf()
        before = vf.vf_attrs()
        for change in ({"vlan": 4095}, {"vlan": 1, "qos": 8}, {"vlan": 1, "vlan_proto": 0x800}, {"link_state": 3},
                       {"hw_addr": "01:00:00:00:00:00"}, {"min_tx_rate": 2, "max_tx_rate": 1},
                       {"trust": True, "min_tx_rate": 2, "max_tx_rate": 1}):
            self.fails(errno.EINVAL, vf.set_vf_attrs, **change)
        for change in {"hw_addr": "02:00"}, {"hw_addr": "zz"}:
            with self.assertRaises(ValueError):
                vf.set_vf_attrs(**change)
        with self.assertRaises(OverflowError):
            vf.set_vf_attrs(node_guid=1 << 64)
        self.assertEqual(vf.vf_attrs(), before)
        self.device.set_vf_count(0, deadline=5)
        for use in vf.vf_attrs, vf.vf_stats, lambda: vf.set_vf_attrs(trust=True), lambda: vf.set_msix(8):
            self.fails(errno.ENODEV, use)
        self.device.set_eswitch_mode(EswitchMode.SWITCHDEV, deadline=5)
        pf = self.ctx.function("c1pf0")
        for use in pf.vf_attrs, pf.vf_stats, lambda: pf.set_vf_attrs(trust=True), lambda: pf.set_msix(8):
            self.fails(errno.EINVAL, use)

    def test_stats(self):
        self.assertEqual(self.vf().vf_stats(), libdpu.VfStats(0, 0, 0, 0, 0, 0, 0, 0))

    def test_interrupts(self):
        total = self.device.vf_msix_total
        self.assertGreater(total, 2)
        self.assertIs(self.device.vf_autoprobe, True)
        self.fails(errno.EBUSY, self.vf(EswitchMode.SWITCHDEV).set_msix, 8)
        self.device.set_vf_count(0, deadline=5)
        self.device.vf_autoprobe = False
        self.assertIs(self.device.vf_autoprobe, False)
        vf = self.vf(EswitchMode.SWITCHDEV)
        vf.set_msix(8)
        vf.set_msix(None)
        self.fails(errno.EOVERFLOW, vf.set_msix, total + 1)
        with self.assertRaises(ValueError):
            vf.set_msix(0)
        self.device.vf_autoprobe = True
        self.assertIs(self.device.vf_autoprobe, True)


if __name__ == "__main__":
    tap.main()
