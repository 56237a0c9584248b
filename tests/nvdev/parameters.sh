# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Both tools on the same parameters, to be sourced. What libdpu knows of them (names, kinds, limits) is asked of
# dpuctl, and what they are of mstconfig.

db=$work/mlxconfig.db
mstconfig_dir=/usr/share/mstflint/mlxconfig_dbs

# mstconfig's database, with the rows that older ones had for the identifiers of emulated devices, and without the
# conditions that hide parameters which this release does not offer to set.
make_db()
{
	local kind low

	cp "$mstconfig_dir/mlxconfig_host.db" "$db" || return 1
	for kind in NET BLK; do
		low=$(echo "$kind" | tr '[:upper:]' '[:lower:]')
		sqlite3 "$db" "insert into params select 'virtio_${low}_emu_'||p, tlv_name, o, s, type, description,
			textual_values, 'VIRTIO_${kind}_EMULATION_'||upper(p), dependency, valid_bit, temp_vars, min_val,
			max_val, rule, regex, supported_from_version, array_length from params, (
			select 'vendor_id' p, '0x8.0' o, '0x0.16' s union all select 'device_id', '0x8.16', '0x0.16'
			union all select 'class_code', '0xC.0', '0x0.24'
			union all select 'revision_id', '0xC.24', '0x0.8')
			where mlxconfig_name = 'VIRTIO_${kind}_EMULATION_NUM_MSIX'" || return 1
	done
	# Words that later databases have.
	sqlite3 "$db" "update params set textual_values = 'VIRTIO_1_X=0x0,VIRTIO_TRANSITIONAL=0x1'
			where mlxconfig_name like '%_VF_PCI_LAYOUT';
		update params set textual_values = 'DEVICE_DEFAULT=0x0,PRE_ALLOCATION=0x1,PRE_ALLOCATION_QA=0x2'
			where mlxconfig_name = 'LAG_RESOURCE_ALLOCATION';
		update params set dependency = 'ignore_dependency'
		where (dependency is null or dependency = '') and mlxconfig_name is not null;
		-- mstconfig takes the rows as they come, TLV by TLV.
		create table sorted as select params.* from params join tlvs on tlvs.name = tlv_name
			order by tlvs.rowid, params.rowid;
		delete from params;
		insert into params select * from sorted order by rowid;
		drop table sorted"
}

# Parameters that mean nothing, and that mstconfig does not show, while another one is 0.
needs()
{
	case $1 in
	INTERNAL_CPU_PAGE_SUPPLIER | INTERNAL_CPU_ESWITCH_MANAGER | INTERNAL_CPU_IB_VPORT0 | INTERNAL_CPU_OFFLOAD_ENGINE)
		echo INTERNAL_CPU_MODEL ;;
	PF_NUM_OF_VF) echo PF_NUM_OF_VF_VALID ;;
	UEFI_LOG_* | UEFI_DEBUG_*) echo UEFI_LOGS ;;
	esac
}

# ours DEVICE WHEN [PARAMETER...]: "NAME VALUE" for each parameter, as dpuctl has it, truth values as numbers.
ours()
{
	local device=$1 when=$2

	shift 2
	"$dpuctl" -j config query "$device" "$@" | jq -r --arg when "$when" '
		.[] | [.name, (.[$when] | if . == "True" then 1 elif . == "False" then 0 else . end)] | join(" ")'
}

# ask_theirs DEVICE [PARAMETER...]: "NAME DEFAULT CURRENT NEXT" for each parameter of mstconfig -e q; a star stands before
# what differs.
ask_theirs()
{
	local device=$1

	shift
	mstconfig -d "$device" -b "$db" -e q "$@" 2> "$work/mstconfig.err" | awk '
		/Default +Current +Next Boot/ { on = 1; next }
		on && $1 == "*" { $1 = ""; $0 = $0; $1 = $1 }
		on && NF == 4 && $1 ~ /^[A-Za-z0-9_]+$/'
}

# same_words OURS COLUMN THEIRS: a complaint for each parameter of ours of which mstconfig's column says something else.
# mstconfig writes a word with its number, "EMBEDDED_CPU(1)"; ours is either.
same_words()
{
	[ -s "$1" ] && [ -s "$3" ] || echo "one of the tools says nothing"
	awk -v column="$2" 'NR == FNR { ours[$1] = $2; next }
	$1 in ours {
		number = word = $column
		if (match(word, /\([0-9]+\)$/)) {
			number = substr(word, RSTART + 1, RLENGTH - 2)
			word = substr(word, 1, RSTART - 1)
		}
		seen[$1] = 1
		if (ours[$1] != word && ours[$1] != number)
			print $1 ": libdpu says " ours[$1] ", mstconfig " $column
	}
	END { for (name in ours) if (!(name in seen)) print name ": mstconfig does not show it" }' "$1" "$3"
}
