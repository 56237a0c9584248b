# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation mode, e-switch mode, reset."""
import errno

import tap
import libdpu
from libdpu import EswitchMode, Mode, Reset


class Modes(tap.SimTest):
    def test_names(self):
        self.assertEqual([str(mode) for mode in Mode], ["unknown", "dpu", "nic", "separated"])
        self.assertEqual([str(level) for level in Reset], ["none", "firmware", "system"])
        self.assertEqual([str(mode) for mode in EswitchMode], ["legacy", "switchdev", "switchdev_inactive"])
        for kind in Mode, Reset, EswitchMode:
            for member in kind:
                self.assertIs(kind.parse(str(member)), member)
            with self.assertRaises(libdpu.Error) as caught:
                kind.parse("sideways")
            self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_nic_mode_after_reset(self):
        self.assertEqual(self.device.mode, (Mode.DPU, Mode.DPU, Reset.NONE))
        self.device.set_mode(Mode.NIC)
        pending = self.device.mode
        self.assertEqual((pending.current, pending.next), (Mode.DPU, Mode.NIC))
        self.assertNotEqual(pending.reset, Reset.NONE)
        self.device.reset(pending.reset, deadline=30)
        self.assertEqual(self.ctx.devices()[0].mode, (Mode.NIC, Mode.NIC, Reset.NONE))

    def test_reset_level_none(self):
        with self.assertRaises(libdpu.Error) as caught:
            self.device.reset(Reset.NONE)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_eswitch_mode(self):
        self.assertIs(self.device.eswitch_mode, EswitchMode.SWITCHDEV)
        self.device.set_eswitch_mode(EswitchMode.LEGACY, deadline=5)
        self.assertIs(self.device.eswitch_mode, EswitchMode.LEGACY)
        with self.assertRaises(libdpu.Error) as caught:
            self.device.flow_table()
        self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)
        self.device.set_eswitch_mode(EswitchMode.SWITCHDEV, deadline=5)
        self.assertIs(self.device.eswitch_mode, EswitchMode.SWITCHDEV)


if __name__ == "__main__":
    tap.main()
