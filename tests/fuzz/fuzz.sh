#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds each target with clang and libFuzzer, in a folder of its own, and runs it for FUZZ_SECONDS. What it finds is
# left there, as crash-*; the inputs that were worth keeping are in corpus-*, and the next run goes on from them.
: "${top_srcdir:=.}" "${top_builddir:=.}" "${FUZZ_SECONDS:=60}" "${FUZZ_CC:=clang}"
work=$top_builddir/fuzz
if ! command -v "$FUZZ_CC" > /dev/null; then
	echo "fuzz: there is no $FUZZ_CC" >&2
	exit 77
fi
mkdir -p "$work"
library=$top_srcdir/libdpu
for source in "$top_srcdir"/tests/fuzz/fuzz-*.c; do
	name=$(basename "$source" .c)
	case $name in
	fuzz-virtq-*) parts="$library/virtq/*.c" ;;
	*) parts="$library/virtq/*.c $library/virtio/*.c $library/vhost/*.c $library/core/error.c $library/core/text.c" ;;
	esac
	# shellcheck disable=SC2086 # patterns
	"$FUZZ_CC" -std=gnu11 -g -O1 -DLIBFUZZER -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -I"$top_srcdir/include" -I"$top_builddir/include" \
		-I"$top_srcdir/libdpu" -I"$top_srcdir/tests/harness" \
		-o "$work/$name" "$source" $parts -lpthread || exit 1
	mkdir -p "$work/corpus-$name"
	echo "fuzz: $name for $FUZZ_SECONDS seconds"
	"$work/$name" -max_total_time="$FUZZ_SECONDS" -timeout=20 -max_len=2048 -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/corpus-$name" > "$work/$name.log" 2>&1
	code=$?
	tail -n 7 "$work/$name.log"
	if [ "$code" -ne 0 ]; then
		grep -m 1 -A 30 -E 'Bail out|ERROR|runtime error' "$work/$name.log"
		exit 1
	fi
done
