# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules and tables, in software and of a device."""
import errno
import unittest

import tap
import libdpu
from libdpu import FlowField, FlowRule, FlowTable

# An Ethernet frame with an IPv4 header, TCP to port 80.
FRAME = bytes.fromhex("020000000002" "020000000001" "0800"
                      "4500002800000000400600000a0000010a000002"
                      "303900500000000000000000500000000000" "0000")


class Rules(tap.SimTest):
    def test_text_and_calls_agree(self):
        made = FlowRule(self.ctx).set_priority(7).match_port("p0")
        made.match(FlowField.ETH_TYPE, b"\x08\x00").match(FlowField.IPV4_DST, b"\x0a\0\0\0", b"\xff\0\0\0")
        made.push_vlan(5, 3).set_field(FlowField.ETH_DST, b"\x02\0\0\0\0\x09").output("p1")
        read = FlowRule(self.ctx, str(made))
        self.assertEqual(str(read), str(made))
        self.assertEqual(read.priority, 7)
        self.assertIn("in_port=p0", str(made))
        self.assertIn("pop_vlan", str(FlowRule(self.ctx).pop_vlan().output(2)))

    def test_malformed(self):
        with self.assertRaises(libdpu.Error) as caught:
            FlowRule(self.ctx, "ip,wrong=1 actions=drop")
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        self.assertIn("wrong", caught.exception.message + caught.exception.object)
        with self.assertRaises(ValueError):
            FlowRule(self.ctx).match(FlowField.ETH_TYPE, b"\x08\x00", b"\xff")
        with self.assertRaises(libdpu.Error):
            FlowRule(self.ctx).match(FlowField.ETH_TYPE, b"\x08")

    def test_rule_in_a_table_is_fixed(self):
        table, rule = FlowTable(self.ctx), FlowRule(self.ctx, "any actions=output:2")
        table.insert(rule)
        with self.assertRaises(libdpu.Error) as caught:
            rule.set_priority(1)
        self.assertEqual(caught.exception.errno, errno.EBUSY)


class Software(tap.SimTest):
    def setUp(self):
        super().setUp()
        self.table = self.ctx.flow_table()

    def test_lookup(self):
        web = self.table.insert("priority=10,in_port=1,tcp,tp_dst=80 actions=output:2")
        rest = self.table.insert("priority=1,in_port=1 actions=drop")
        other = FRAME.replace(b"\x00\x50\x00\x00", b"\x00\x51\x00\x00", 1)
        self.assertEqual(self.table.lookup(FRAME, 1), web)
        self.assertEqual(self.table.lookup_burst([(FRAME, 1), (other, 1), (bytearray(FRAME), 2)]), [web, rest, None])
        self.assertEqual(self.table.stats(web), (2, 2 * len(FRAME)))
        self.assertEqual(self.table.lookup_burst([]), [])

    def test_iteration(self):
        low = self.table.insert("priority=1 actions=drop")
        high = self.table.insert(FlowRule(self.ctx, "priority=9,in_port=1 actions=output:2"))
        self.assertEqual([(e.id, e.rule.priority, e.stats.packets) for e in self.table], [(high, 9, 0), (low, 1, 0)])
        self.assertEqual(len(self.table), 2)
        self.table.delete(low)
        with self.assertRaises(libdpu.Error) as caught:
            self.table.delete(low)
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assertEqual(self.table.flush(), 1)
        self.assertEqual(list(self.table), [])

    def test_limit_and_duplicates(self):
        table = FlowTable(self.ctx, max_rules=2)
        table.insert("in_port=1 actions=drop")
        with self.assertRaises(libdpu.Error) as caught:
            table.insert("in_port=1 actions=output:2")
        self.assertEqual(caught.exception.errno, errno.EEXIST)
        table.insert("in_port=2 actions=drop")
        with self.assertRaises(libdpu.Error) as caught:
            table.insert("in_port=3 actions=drop")
        self.assertEqual(caught.exception.errno, errno.ENOSPC)


class OfDevice(unittest.TestCase):
    def test_rules_outlive_the_object(self):
        with libdpu.Context("sim:") as ctx:
            device = ctx.device("p0")
            with device.flow_table() as table:
                id = table.insert("in_port=p0,ip actions=en3f0pf0sf0")
            with device.flow_table() as table:
                self.assertEqual([entry.id for entry in table], [id])
                self.assertEqual(table.stats(id), (0, 0))
                with self.assertRaises(libdpu.Error) as caught:
                    table.lookup(FRAME, 1)
                self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)
                with self.assertRaises(libdpu.Error) as caught:
                    table.insert("in_port=p9 actions=drop")
                self.assertEqual(caught.exception.errno, errno.ENODEV)
                table.delete(id)


if __name__ == "__main__":
    tap.main()
