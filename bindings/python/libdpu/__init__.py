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
from .device import Device, DeviceKind, VersionKind
from .errors import Error
from .eswitch import Eswitch, PortEnd
from .flow import FlowEntry, FlowField, FlowRule, FlowStats, FlowTable
from .function import Function, FunctionCap, FunctionOpstate, FunctionState, FunctionType, Orphan
from .health import HealthReporter, HealthState
from .mode import (DpuSide, EswitchAttrs, EswitchInline, EswitchMode, Evidence, HostRights, Mode, ModeInfo, ModePlan,
                   ReloadAction, Reset, Restriction)
from .monitor import Event, EventAction, EventObject, Monitor
from .nvconfig import NvConfigChange, NvConfigParam, NvConfigType, NvConfigWhen, Profile, profiles, tlv_type
from .param import Param, ParamCmode, ParamType
from .port import Port, PortFlavour, PortStats
from .rate import Rate, RateType
from .rdma import RdmaLink, RdmaState
from .resource import Resource
from .vf import VfAttrs, VfLinkState, VfStats
from .vhost import Vhost, VhostChain, VhostEvent, VhostEventType, VhostFlag, VhostQueue, VhostRole, VhostState
from .virtio import (NetChanged, NetCommand, NetGso, NetHdr, NetHdrFlag, NetRss, NetRxMode, NetRxQueue, NetState,
                    VirtioFeatureBit, VirtioNet, net_gather, net_toeplitz, virtio_device_name, virtio_device_type,
                    virtio_feature, virtio_features, virtio_features_check, virtio_features_text,
                    virtio_features_word, virtio_status_text)
from .virtio_blk import VirtioBlk, VirtioBlkFeature, VirtioBlkRequest, VirtioBlkType
from .virtq import Chain, Layout, MemoryAccess, MemoryMap, Miss, Side, VirtioFeature, Virtq, VirtqState

__version__ = version()

__all__ = [
    "Chain", "Context", "Device", "DeviceKind", "DpuSide", "Error", "Eswitch", "EswitchAttrs",
    "EswitchInline", "EswitchMode", "Event", "EventAction", "EventObject", "Evidence", "Facility",
    "FacilityState", "FlowEntry", "FlowField", "FlowRule", "FlowStats", "FlowTable", "Function",
    "FunctionCap", "FunctionOpstate", "FunctionState", "FunctionType", "HealthReporter", "HealthState",
    "HostRights", "Layout", "LogLevel", "MemoryAccess", "MemoryMap", "Miss", "Mode", "ModeInfo", "ModePlan", "Monitor",
    "NetChanged", "NetCommand", "NetGso", "NetHdr", "NetHdrFlag", "NetRss", "NetRxMode", "NetRxQueue",
    "NetState", "NvConfigChange", "NvConfigParam", "NvConfigType", "NvConfigWhen", "Orphan", "Param",
    "ParamCmode", "ParamType", "Port", "PortEnd", "PortFlavour", "PortStats", "Profile", "Rate",
    "RateType", "RdmaLink", "RdmaState", "ReloadAction", "Reset", "Resource", "Restriction", "Side",
    "VersionKind", "VfAttrs", "VfLinkState", "VfStats", "Vhost", "VhostChain", "VhostEvent", "VhostEventType",
    "VhostFlag", "VhostQueue", "VhostRole", "VhostState", "VirtioBlk", "VirtioBlkFeature",
    "VirtioBlkRequest", "VirtioBlkType", "VirtioFeature", "VirtioFeatureBit", "VirtioNet", "Virtq", "VirtqState",
    "net_gather", "net_toeplitz", "profiles", "tlv_type", "version", "virtio_device_name",
    "virtio_device_type", "virtio_feature", "virtio_features", "virtio_features_check",
    "virtio_features_text", "virtio_features_word", "virtio_status_text",
]
