# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of an SF, attributes, VFs."""
import errno
import math

import tap
import libdpu
from libdpu import FunctionCap, FunctionOpstate, FunctionState, FunctionType


class Functions(tap.SimTest):
    def test_list(self):
        names = [function.netdev for function in self.device.functions()]
        self.assertIn("enp3s0f0s0", names)
        for name in "enp3s0f0s0", "en3f0pf0sf0":
            self.assertEqual(self.ctx.function(name).number, 0)

    def test_sf_life(self):
        sf = self.device.create_sf(sfnum=88, hw_addr="02:00:00:00:00:58", controller=0, deadline=5.0)
        self.assertEqual((sf.netdev, sf.representor.netdev), ("enp3s0f0s88", "en3f0pf0sf88"))
        self.assertIs(sf.type, FunctionType.SF)
        self.assertEqual(str(sf.type), "sf")
        self.assertEqual((sf.controller, sf.pfnum, sf.number), (0, 0, 88))
        self.assertEqual(sf.hw_addr, "02:00:00:00:00:58")
        self.assertEqual((sf.state, sf.opstate), (FunctionState.ACTIVE, FunctionOpstate.ATTACHED))
        self.assertTrue(sf.rdma_device)
        self.assertTrue(sf.aux_device.startswith("mlx5_core.sf."))
        self.assertEqual(sf.device.handle, self.device.handle)
        self.assertEqual(self.ctx.function("enp3s0f0s88").number, 88)
        sf.delete(deadline=5.0)
        self.assertEqual(sf.netdev, "enp3s0f0s88")
        with self.assertRaises(libdpu.Error) as caught:
            sf.refresh()
        self.assertEqual(caught.exception.errno, errno.ENODEV)

    def test_inactive_then_set(self):
        sf = self.device.create_sf(sfnum=89, inactive=True, deadline=5)
        self.assertIs(sf.state, FunctionState.INACTIVE)
        sf.set(hw_addr=b"\x02\x00\x00\x00\x00\x59", state=FunctionState.ACTIVE, deadline=5)
        self.assertIs(sf.state, FunctionState.INACTIVE)
        new = sf.refresh()
        self.assertEqual((new.state, new.hw_addr), (FunctionState.ACTIVE, "02:00:00:00:00:59"))

    def test_fault_tells_the_step(self):
        with libdpu.Context("sim:?fault=sf_activate:EIO") as ctx:
            device = ctx.device("p0")
            before = len(device.functions())
            with self.assertRaises(libdpu.Error) as caught:
                device.create_sf(sfnum=88, deadline=5)
            self.assertEqual((caught.exception.errno, caught.exception.step), (errno.EIO, "sf_activate"))
            self.assertTrue(caught.exception.object)
            self.assertTrue(caught.exception.message)
            self.assertEqual(len(device.functions()), before)

    def test_number_taken(self):
        self.device.create_sf(sfnum=88, deadline=5)
        with self.assertRaises(libdpu.Error) as caught:
            self.device.create_sf(sfnum=88, deadline=5)
        self.assertEqual(caught.exception.errno, errno.EEXIST)

    def test_bad_arguments(self):
        for deadline in -1, math.nan:
            with self.assertRaises(ValueError):
                self.device.create_sf(sfnum=88, deadline=deadline)
        for address in "02:00", "zz", b"12345":
            with self.assertRaises(ValueError):
                self.device.create_sf(sfnum=88, hw_addr=address)
        with self.assertRaises(libdpu.Error) as caught:
            self.device.create_sf(sfnum=88, hw_addr="01:00:00:00:00:00")
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        with self.assertRaises(OverflowError):
            self.device.create_sf(sfnum=1 << 32)

    def test_any_number(self):
        first, second = self.device.create_sf(deadline=5), self.device.create_sf(deadline=5)
        self.assertEqual((first.number, second.number), (1, 2))
        first.delete(deadline=5)
        self.assertEqual(self.device.create_sf(deadline=5).number, 1)

    def test_capabilities(self):
        self.assertEqual([str(cap) for cap in FunctionCap],
                         ["roce", "migratable", "ipsec_crypto", "ipsec_packet", "trust"])
        self.assertEqual(str(FunctionCap.TRUST | FunctionCap.ROCE), "roce|trust")
        sf = self.device.create_sf(inactive=True, deadline=5)
        self.assertEqual((sf.caps, sf.known_caps), (FunctionCap.ROCE, FunctionCap.ROCE | FunctionCap.TRUST))
        sf.set(caps={FunctionCap.ROCE: False, FunctionCap.TRUST: True}, max_io_eqs=16, max_uc_list=64)
        self.assertEqual((sf.caps, sf.max_io_eqs, sf.max_uc_list), (FunctionCap.ROCE, 8, 128))
        sf = sf.refresh()
        self.assertEqual((sf.caps, sf.max_io_eqs, sf.max_uc_list), (FunctionCap.TRUST, 16, 64))
        # Together with the activation that would make them impossible.
        sf.set(caps={FunctionCap.ROCE: True}, max_io_eqs=32, state=FunctionState.ACTIVE, deadline=5)
        sf = sf.refresh()
        self.assertEqual((sf.caps, sf.max_io_eqs, sf.max_uc_list), (FunctionCap.ROCE | FunctionCap.TRUST, 32, 64))
        with self.assertRaises(libdpu.Error) as caught:
            sf.set(caps={FunctionCap.TRUST: False, FunctionCap.ROCE: False})
        self.assertEqual((caught.exception.errno, caught.exception.step), (errno.EBUSY, "function_set_caps"))
        self.assertEqual(sf.refresh().caps, FunctionCap.ROCE | FunctionCap.TRUST)
        self.assertIsNone(self.ctx.function("c1pf0").max_io_eqs)

    def test_made_with_capabilities(self):
        sf = self.device.create_sf(sfnum=88, hw_addr="02:00:00:00:00:58", max_io_eqs=4, max_uc_list=32, deadline=5,
                                   caps={FunctionCap.ROCE: False, FunctionCap.TRUST: True})
        self.assertEqual((sf.caps, sf.max_io_eqs, sf.max_uc_list), (FunctionCap.TRUST, 4, 32))
        self.assertEqual((sf.hw_addr, sf.opstate), ("02:00:00:00:00:58", FunctionOpstate.ATTACHED))
        before = len(self.device.functions())
        for change, code in (({"caps": {FunctionCap.MIGRATABLE: True}}, errno.EOPNOTSUPP),
                             ({"caps": {1 << 20: True}}, errno.EINVAL), ({"max_io_eqs": 1 << 20}, errno.EINVAL)):
            with self.assertRaises(libdpu.Error) as caught:
                self.device.create_sf(deadline=5, **change)
            self.assertEqual(caught.exception.errno, code)
        for change in {"max_io_eqs": 0}, {"max_uc_list": -1}:
            with self.assertRaises(ValueError):
                self.device.create_sf(deadline=5, **change)
        self.assertEqual(len(self.device.functions()), before)

    def test_vfs(self):
        self.assertEqual(self.device.vf_count, 0)
        self.assertGreater(self.device.vf_total, 1)
        self.device.set_vf_count(2, deadline=5)
        self.assertEqual(self.device.vf_count, 2)
        vfs = [function for function in self.device.functions() if function.type == FunctionType.VF]
        self.assertEqual([(vf.controller, vf.number) for vf in vfs], [(1, 0), (1, 1)])
        self.device.set_vf_count(0)
        with self.assertRaises(libdpu.Error) as caught:
            self.device.set_vf_count(self.device.vf_total + 1)
        self.assertEqual(caught.exception.errno, errno.ERANGE)


if __name__ == "__main__":
    tap.main()
