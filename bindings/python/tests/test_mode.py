# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation mode, rights of the hosts, e-switch mode, reset."""
import errno
import json
import pathlib
import tempfile

import tap
import libdpu
from libdpu import DpuSide, EswitchMode, Evidence, Mode, Reset, Restriction

TOLD = Evidence.ESWITCH | Evidence.REPRESENTORS


class Modes(tap.SimTest):
    def now(self):
        """Current, next, reset and what the evidence shows."""
        mode = self.device.mode
        self.assertEqual((mode.side, mode.stored_errno, mode.contradicts), (DpuSide.ARM, None, Evidence(0)))
        return mode.current, mode.next, mode.reset, mode.runtime

    def walk(self, mode, former):
        """Into a mode, looked at on the way."""
        self.device.set_mode(mode)
        self.assertEqual(self.now(), (former, mode, Reset.SYSTEM, former))
        plan = self.device.plan_mode()
        self.assertEqual((plan.from_mode, plan.to_mode, plan.reset), (former, mode, Reset.SYSTEM))
        self.device.reset(Reset.FIRMWARE, deadline=30)
        self.assertEqual(self.now(), (former, mode, Reset.SYSTEM, former))
        self.device.reset(Reset.SYSTEM, deadline=30)
        self.assertEqual(self.now(), (mode, mode, Reset.NONE, mode))
        self.assertEqual(self.ctx.device("p1").mode[:3], (mode, mode, Reset.NONE))

    def test_names(self):
        self.assertEqual([str(mode) for mode in Mode], ["unknown", "dpu", "nic", "separated", "restricted"])
        self.assertEqual([str(side) for side in DpuSide], ["unknown", "arm", "host"])
        self.assertEqual([str(level) for level in Reset], ["none", "firmware", "system"])
        self.assertEqual([str(mode) for mode in EswitchMode], ["legacy", "switchdev", "switchdev_inactive"])
        for kind in Mode, Reset, EswitchMode:
            for member in kind:
                self.assertIs(kind.parse(str(member)), member)
            with self.assertRaises(libdpu.Error) as caught:
                kind.parse("sideways")
            self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_fresh(self):
        self.assertEqual(self.device.mode, (Mode.DPU, Mode.DPU, Reset.NONE, DpuSide.ARM, Mode.DPU, TOLD, Evidence(0),
                                            1, frozenset(), frozenset(), None))

    def test_nic_mode_after_reset(self):
        self.device.set_mode(Mode.NIC)
        pending = self.device.mode
        self.assertEqual((pending.current, pending.next), (Mode.DPU, Mode.NIC))
        self.assertNotEqual(pending.reset, Reset.NONE)
        self.device.reset(pending.reset, deadline=30)
        self.assertEqual(self.ctx.devices()[0].mode[:3], (Mode.NIC, Mode.NIC, Reset.NONE))

    def test_all_modes(self):
        self.walk(Mode.NIC, Mode.DPU)
        self.walk(Mode.DPU, Mode.NIC)
        self.walk(Mode.SEPARATED, Mode.DPU)
        self.assertEqual(self.device.mode.evidence, TOLD)
        self.walk(Mode.RESTRICTED, Mode.SEPARATED)
        self.assertEqual(self.device.mode.restricted, {0})

    def test_restricted_at_once(self):
        self.device.set_mode(Mode.RESTRICTED)
        self.assertEqual(self.now(), (Mode.RESTRICTED, Mode.RESTRICTED, Reset.SYSTEM, Mode.RESTRICTED))
        self.assertEqual(self.device.host_rights(), (True, Restriction(0), True, Restriction.ALL))
        self.device.reset(Reset.FIRMWARE, deadline=30)
        self.assertEqual(self.device.host_rights(0).restrictions, Restriction.ALL & ~Restriction.RSHIM)
        self.device.reset(Reset.SYSTEM, deadline=30)
        self.assertEqual(self.device.host_rights(0), (True, Restriction.ALL, True, Restriction.ALL))
        self.device.set_mode(Mode.DPU)
        self.assertEqual(self.device.host_rights(0), (False, Restriction(0), False, Restriction(0)))
        self.assertEqual(self.device.mode.next_restricted, frozenset())

    def test_restrict(self):
        some = Restriction.TRACER | Restriction.RSHIM
        self.device.restrict(0, some)
        self.assertEqual(self.device.host_rights(0)[2:], (True, some))
        self.assertEqual((self.device.mode.restricted, self.device.mode.next_restricted), ({0}, {0}))
        self.device.restrict(restrictions=Restriction(0))
        self.assertEqual(self.device.host_rights(0)[2:], (True, Restriction(0)))
        self.assertEqual(self.device.mode.reset, Reset.NONE)
        self.device.restrict()
        self.assertEqual(self.device.host_rights(0).next_restrictions, Restriction.ALL)

    def test_plan(self):
        plan = self.device.plan_mode()
        self.assertEqual((plan.from_mode, plan.to_mode, plan.reset, plan.reset_level), (Mode.DPU, Mode.DPU, Reset.NONE,
                                                                                       None))
        sfs = self.device.plan_mode(Mode.NIC).sfs
        self.device.create_sf(sfnum=88, deadline=5)
        self.device.set_vf_count(2, deadline=5)
        plan = self.device.plan_mode(Mode.NIC)
        self.assertEqual((plan.from_mode, plan.to_mode, plan.reset), (Mode.DPU, Mode.NIC, Reset.SYSTEM))
        self.assertEqual((plan.reset_levels, plan.reset_level), ({0, 3, 4}, 4))
        self.assertEqual((plan.arm_shutdown, plan.power_cycle, plan.synced), (True, False, True))
        self.assertEqual((plan.sfs, plan.vfs, plan.bridges, plan.rules), (sfs + 1, 2, 0, 0))
        self.assertEqual(plan.representors, 2 + plan.sfs + plan.vfs)
        self.assertEqual(self.now()[1], Mode.DPU)

    def test_refusals(self):
        for call in (lambda: self.device.set_mode(Mode.UNKNOWN), lambda: self.device.set_mode(17),
                     lambda: self.device.restrict(1), lambda: self.device.restrict(0, 16),
                     lambda: self.device.host_rights(1), lambda: self.device.plan_mode(17)):
            self.fails(errno.EINVAL, call)
        nic = self.ctx.device("oob_net0")
        for call in (lambda: nic.mode, lambda: nic.set_mode(Mode.DPU), nic.restrict, nic.host_rights, nic.plan_mode):
            self.fails(errno.EOPNOTSUPP, call)
        for numbers in (-1, Restriction.ALL), (0, -1):
            with self.assertRaises(OverflowError):
                self.device.restrict(*numbers)
        self.assertEqual(self.now(), (Mode.DPU, Mode.DPU, Reset.NONE, Mode.DPU))

    def test_mode_without_configuration(self):
        """What the firmware does not tell is told by the evidence."""
        with libdpu.Context("sim:?fault=firmware:EACCES") as ctx:
            mode = ctx.device("p0").mode
            self.assertEqual(mode[:3], (Mode.UNKNOWN, Mode.UNKNOWN, Reset.NONE))
            self.assertEqual((mode.runtime, mode.evidence, mode.hosts), (Mode.DPU, TOLD, None))
            self.assertEqual(mode.stored_errno, errno.EACCES)
        with libdpu.Context("sim:?fault=firmware:EACCES") as ctx:
            self.fails(errno.EACCES, ctx.device("p0").plan_mode)

    def test_faults(self):
        for step, use in (("nvconfig_update", lambda device: device.set_mode(Mode.NIC)),
                          ("nvconfig_update", lambda device: device.restrict()),
                          ("nvconfig_get", lambda device: device.host_rights()),
                          ("mode_evidence", lambda device: device.mode),
                          ("reset_info", lambda device: device.plan_mode(Mode.NIC))):
            with libdpu.Context(f"sim:?fault={step}:EIO") as ctx:
                device = ctx.device("p0")
                self.assertEqual(self.fails(errno.EIO, use, device).step, step)
                use(device)

    def test_contradiction(self):
        """A board that runs otherwise than its configuration says."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "topology.json")
            with libdpu.Context(f"sim:{path}") as ctx:
                ctx.device("p0").set_mode(Mode.DPU)
            board = json.loads(path.read_text())
            for pf in board["pfs"]:
                pf["eswitch_mode"] = "switchdev"
            board["functions"] = [function for function in board["functions"] if function["type"] != "pf"]
            path.write_text(json.dumps(board))
            with libdpu.Context(f"sim:{path}") as ctx:
                mode = ctx.device("p0").mode
                self.assertEqual((mode.current, mode.runtime, mode.contradicts),
                                 (Mode.DPU, Mode.SEPARATED, Evidence.REPRESENTORS))

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
