#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Collects what docs/kvm-hosts.md asks for into one file to send: facts about this machine
# and its KVM, the logs of the last tests, the tables of a bench. Prints its path and
# what is in it. Usage: tests/report.sh [FILE...], where FILEs are added.
#
# Names of this host, of the user and of directories are replaced; nothing is sent.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=${OUT:-$ROOT/build}
LOGS=${TEST_LOGS:-$OUT/test-logs}
QEMU=${FREEHINT_TEST_QEMU:-qemu-system-x86_64}
# Of a log the end is what tells.
MOST=262144

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=$work/freehint-report
mkdir -p "$home"

# Replaces private names. Those of up to three letters are words of other things, too.
without_names()
{
	local script name

	script="s|$OUT|BUILD|g; s|$ROOT|TREE|g; s|${HOME:-/root}|HOME|g"
	for name in "$(uname -n)" "${SUDO_USER:-$(id -un)}"; do
		case $name in
		localhost | root | ? | ?? | ???) ;;
		*) script+="; s/\\<${name//[^A-Za-z0-9_-]/.}\\>/NAME/g" ;;
		esac
	done
	sed "$script"
}

# keep FILE [DIRECTORY] - its end, into the report
keep()
{
	[ -f "$1" ] || { echo "report.sh: no $1" >&2; exit 1; }
	mkdir -p "$home/${2:-.}"
	tail -c "$MOST" "$1" | without_names > "$home/${2:-.}/$(basename "$1")"
}

# fact TITLE COMMAND... - what the command prints, or that it printed nothing
fact()
{
	local title=$1

	shift
	echo "== $title"
	"$@" 2>&1 || true
}

parameters()
{
	local module

	for module in /sys/module/kvm /sys/module/kvm_intel /sys/module/kvm_amd; do
		[ ! -d "$module/parameters" ] || grep -rs '' "$module/parameters"
	done
}

huge_pages()
{
	grep -E '^(MemTotal|MemAvailable|AnonHuge|HugePages_|Hugepagesize)' /proc/meminfo
	grep -s '' /sys/kernel/mm/transparent_hugepage/{enabled,defrag} \
		/proc/sys/vm/unprivileged_userfaultfd
}

# The processor's flags say whether EPT, PML and the like are there, and who is below us.
processor()
{
	sed -n '1,/^$/s/^\(vendor_id\|model name\|microcode\|vmx flags\)[[:space:]]*:/\1:/p' \
		/proc/cpuinfo
	sed -n '/^flags/{p;q}' /proc/cpuinfo | tr ' ' '\n' | grep -xE 'vmx|svm|npt|hypervisor'
	echo "$(nproc) processors"
}

{
	fact "freehint" git -C "$ROOT" describe --always --dirty
	fact "kernel" uname -srm
	fact "system" sed -n 's/^PRETTY_NAME=//p' /etc/os-release
	fact "QEMU" "$QEMU" --version
	fact "libvirt" libvirtd --version
	fact "KVM" python3 "$ROOT/tests/lib/host_kvm.py"
	fact "processor" processor
	fact "memory" huge_pages
	fact "parameters of kvm" parameters
	fact "doctor" "$OUT/freehint" doctor --qemu "$QEMU"
} | without_names > "$home/machine.txt"

for log in "$LOGS"/*.log; do
	[ ! -f "$log" ] || keep "$log" logs
done
for table in "$OUT"/bench/*.csv "$OUT"/bench/*.md; do
	[ ! -f "$table" ] || keep "$table" bench
done
for file; do
	keep "$file"
done

mkdir -p "$OUT"
tar -C "$work" -czf "$OUT/freehint-report.tar.gz" freehint-report
tar -tzf "$OUT/freehint-report.tar.gz"
echo "$OUT/freehint-report.tar.gz: look through it, then send it"
