# SPDX-License-Identifier: LGPL-2.1-or-later
"""libdpu: finds a DPU, switches its mode, makes its functions, feeds their virtqueues, programs its flows.

    import libdpu

    with libdpu.Context("sim:") as ctx:
        sf = ctx.device("p0").create_sf(sfnum=88, deadline=5.0)
        print(sf.netdev, sf.representor.netdev)

What the C library calls "" or NULL for want of a value is None here. Deadlines are seconds, None for no deadline.
Failures raise libdpu.Error; the use of a closed object raises ValueError. A context and its objects belong to
one thread at a time. libdpu(7) has the ideas, the pages of section 3 the details of each call.
"""
from .context import Context, Facility, FacilityState, LogLevel, version
from .device import Device, DeviceKind
from .errors import Error
from .eswitch import Eswitch, PortEnd
from .flow import FlowEntry, FlowField, FlowRule, FlowStats, FlowTable
from .function import Function, FunctionOpstate, FunctionState, FunctionType
from .mode import EswitchMode, Mode, ModeInfo, Reset
from .port import Port, PortFlavour, PortStats
from .virtq import Chain, Layout, MemoryMap, Side, VirtioFeature, Virtq

__version__ = version()

__all__ = [
    "Chain", "Context", "Device", "DeviceKind", "Error", "Eswitch", "EswitchMode", "Facility", "FacilityState",
    "FlowEntry", "FlowField", "FlowRule", "FlowStats", "FlowTable", "Function", "FunctionOpstate",
    "FunctionState", "FunctionType", "Layout", "LogLevel", "MemoryMap", "Mode", "ModeInfo", "Port", "PortEnd",
    "PortFlavour", "PortStats", "Reset", "Side", "VirtioFeature", "Virtq", "version",
]
