# SPDX-License-Identifier: GPL-2.0
#
# Sourced by the fuzz tests: where things are, and libFuzzer or a reason to skip.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export FUZZ=$PWD/build/fuzz
export CORPUS=$PWD/tests/fuzz/corpus

# A crash writes no core, and the leak check needs ptrace, which containers forbid;
# libFuzzer looks for leaks itself.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

fuzz_targets()
{
	make -s -C tests/fuzz list | tr ' ' '\n'
}

# build_targets WHAT - fuzzers or replayers; tests that run at the same time need the same ones
build_targets()
{
	mkdir -p "$FUZZ"
	flock "$FUZZ/lock" make -s -C tests/fuzz -j "$FUZZ_JOBS" "$1"
}

# Skip the whole test where clang has no fuzzer runtime.
need_libfuzzer()
{
	local probe

	probe=$(mktemp)
	if ! echo 'int LLVMFuzzerTestOneInput(const char *d, long n){(void)d;(void)n;return 0;}' |
	     ${FUZZ_CC:-clang} -fsanitize=fuzzer -xc - -o "$probe" 2> /dev/null; then
		rm -f "$probe"
		echo "skipped: clang with libFuzzer is not installed (clang, libclang-rt-dev)"
		exit 77
	fi
	rm -f "$probe"
}

# Seconds each target is fuzzed for; sessions of hours give FUZZ_TIME.
export FUZZ_TIME=${FUZZ_TIME:-4}
# Targets at a time.
export FUZZ_JOBS=${FUZZ_JOBS:-2}
