# SPDX-License-Identifier: GPL-2.0
# Delegates only: builds the guest module, the agent and the QEMU extension, and
# runs the demo and the tests. `make help` lists the targets.

OUT   := $(CURDIR)/build
# Debian package groups that tests/deps.sh installs before a target runs; set
# DEPS=no where the packages are managed by somebody else.
DEPS  ?= yes
# As Debian calls this machine.
HERE  := $(if $(filter aarch64,$(shell uname -m)),arm64,amd64)
# Headers of the guest's kernel; the newest Debian cloud kernel unless given.
KDIR  ?= $(lastword $(shell ls -d /usr/src/linux-headers-*-cloud-$(HERE) 2>/dev/null | sort -V))

# A job for each processor, unless the caller has said how many.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

export OUT

all: deps-build agent cli qemu-module kmod

help:
	@echo 'make                 build everything into build/'
	@echo 'make agent           build/freehint-agent'
	@echo 'make cli             build/freehint, the tool of administrators'
	@echo 'make qemu-module     build/freehint-qemu.so'
	@echo 'make kmod [KDIR=]    build/freehint.ko for the kernel whose headers KDIR names'
	@echo 'make demo [MEM= FILL= SMP= ACCEL= ARCH=arm64]'
	@echo '                     migrate a guest with freehint, without, with virtio-balloon;'
	@echo '                     ARCH=arm64: an arm64 guest, under TCG'
	@echo 'make bench [BENCH_REPS= BENCH="SUITE ..." ACCEL=]'
	@echo '                     measure freehint against its peers; docs/performance.md'
	@echo 'make check [ACCEL=]  all tests; the last line counts them; ACCEL=kvm runs the vm'
	@echo '                     group under KVM: docs/kvm-hosts.md'
	@echo 'make check-quick     before each commit: style, units, one KVM test, one migration'
	@echo 'make check-contracts guest kernels that check, unmap or shadow their free pages;'
	@echo '                     builds a small kernel first'
	@echo 'make check-debug-kernels'
	@echo '                     guest kernels that check locks, RCU and memory, and PREEMPT_RT;'
	@echo '                     builds a kernel first'
	@echo 'make check-arm64     the vm group with arm64 guests, under TCG; an hour'
	@echo 'make check-large-pages'
	@echo '                     arm64 guests whose pages are 16 and 64 KiB, under TCG; builds a'
	@echo '                     kernel first'
	@echo 'make check-fleet [FLEET_GUESTS= FLEET_IDLE=]'
	@echo '                     fifty small guests: idle, migrating, agents killed; what agents'
	@echo '                     cost; a quarter of an hour, 8 GB of memory'
	@echo 'make check-dashboard every query of dashboard and alerts on a real Prometheus, which'
	@echo '                     is fetched when it is not installed'
	@echo 'make check-libvirt   every way in which libvirt moves, saves or copies a guest;'
	@echo '                     as root, two minutes'
	@echo 'make check-debian-host [SUITE=]'
	@echo '                     packages, units, AppArmor and migrations on two Debian hosts'
	@echo '                     with systemd and libvirt, emulated; as root, 17 minutes'
	@echo 'make cross-arm64     agent, tool and extension for arm64 hosts into build/arm64, and'
	@echo '                     their unit tests, emulated and in an arm64 guest'
	@echo 'make check-matrix    four QEMU series x three guest kernels and more, in chroots; as'
	@echo '                     root; an hour, goes on where it stopped; at first 3 GB'
	@echo '                     of packages and a build of QEMU'
	@echo 'make qemu-patched    QEMU 10.0 and 10.2 with freehint built in, for QEMUs without'
	@echo '                     modules or plugins; as root, ten minutes'
	@echo 'make check-unit      unit tests only; check-{build,fuzz,kvm,model,vm} likewise'
	@echo 'make check-repeat [RUNS= REPEAT_ARGS=]'
	@echo '                     all tests RUNS times beside busy loops and a writer to disk;'
	@echo '                     says how many runs were green'
	@echo 'make report [REPORT=FILE] what a KVM host showed, in one file to send:'
	@echo '                     docs/kvm-hosts.md'
	@echo 'make soak [SOAK_ARGS=] torture, models and fuzzing for many hours; resumes'
	@echo 'make fuzz [FUZZ_TIME=] look for new inputs, FUZZ_TIME seconds with each target'
	@echo 'make man             man pages into build/man'
	@echo 'make install [PREFIX= DESTDIR=]'
	@echo '                     agent, tool, extension, unit, man pages, completion'
	@echo 'make uninstall [PREFIX= DESTDIR=]'
	@echo '                     remove these files again'
	@echo 'make install-dkms [DESTDIR=]'
	@echo '                     sources of the guest module for dkms'
	@echo 'make deb             packages for Debian in build/deb'
	@echo 'make rpm             RPM packages in build/rpm'
	@echo 'make clean           remove what was built'

# A pattern rule without a recipe would be no rule at all: hence the condition inside.
deps-%:
	@test "$(DEPS)" = no || tests/deps.sh $*

agent:
	@$(MAKE) --no-print-directory $(PARALLEL) -C host-agent/agent

cli:
	@$(MAKE) --no-print-directory $(PARALLEL) -C host-agent/cli

qemu-module:
	@$(MAKE) --no-print-directory $(PARALLEL) -C host-agent/qemu-module

mutants: deps-build
	@$(MAKE) --no-print-directory $(PARALLEL) -C tests mutants
	@$(MAKE) --no-print-directory kmod-mutants

# KDIR is looked up by a make of its own: deps-build may just have installed it.
kmod:
	@$(MAKE) --no-print-directory kmod-build

kmod-build:
	@test -n "$(KDIR)" || { echo 'no kernel headers: install linux-headers-cloud-$(HERE)' \
		'or give KDIR=' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(PARALLEL) -C guest-kmod KDIR=$(KDIR)
	@mkdir -p $(OUT) && cp guest-kmod/freehint.ko $(OUT)/freehint.ko

kmod-mutants:
	@tests/kernel/kmod.sh $(KDIR) $(OUT)/mutants/freehint-always-dead.ko always-dead

# Refuse a wrong ACCEL before anything is built. Demo, bench and the targets that build kernels
# need a KVM that boots a distribution's kernel.
accel accel-distribution:
	@test -z "$(ACCEL)" || ACCEL='$(ACCEL)' python3 tests/lib/accel.py \
		$(@:accel-distribution=distribution) > /dev/null

check-contracts check-debug-kernels qemu-patched check-matrix: accel-distribution

# Take ARCH from the command line only: the environment may set it for another purpose.
guests := $(if $(filter command%,$(origin ARCH)),$(ARCH))

demo-arch:
	@test -z "$(filter-out amd64 arm64,$(guests))" || { \
		echo "ARCH=$(guests) is no architecture of guests: give ARCH=arm64, or none" >&2; \
		exit 2; }

demo: demo-arch accel-distribution deps-build deps-demo agent qemu-module \
		$(if $(filter arm64,$(guests)),deps-arm64 kernel-of-arm64,kmod)
	@FREEHINT_TEST_ARCH=$(guests) python3 tests/demo/demo.py \
		$(if $(MEM),--mem $(MEM)) $(if $(FILL),--fill $(FILL)) \
		$(if $(SMP),--smp $(SMP)) $(if $(ACCEL),--accel $(ACCEL)) $(DEMO_ARGS)

# An hour or two on an idle machine; BENCH picks suites, --help of bench.py lists them.
BENCH_REPS ?= 3
bench: accel-distribution deps-build deps-demo deps-bench agent qemu-module kmod
	@python3 tests/bench/bench.py --reps $(BENCH_REPS) $(BENCH:%=--suite %) \
		$(if $(ACCEL),--accel $(ACCEL)) $(BENCH_ARGS)

check: accel deps-build deps-demo deps-check all mutants kernel-for-kvm kernel-for-arm64
	@tests/run.sh

# Where KVM interprets the guest's kernel mode Linux guests need a kernel of their own.
kernel-for-kvm: deps-build
	@tests/kernel/for_kvm.sh $(DEPS)

# Guests of another architecture have a kernel of the archive, which nobody installs.
kernel-for-arm64: deps-build
	@tests/kernel/for_arm64.sh $(DEPS)

kernel-of-arm64:
	@tests/kernel/archive.sh cloud-arm64 always-dead > /dev/null

check-arm64: deps-build deps-demo deps-check deps-arm64 all mutants kernel-of-arm64
	@FREEHINT_TEST_ARCH=arm64 tests/run.sh vm

LARGE_PAGES := content init_on_free hostile_bar audit postcopy give_back_guest

# Pages of 16 KiB are in a kernel of the archive; for 64 KiB tests/kernel/ builds one.
check-large-pages: deps-build deps-demo deps-check deps-large-pages all mutants kernel-of-arm64
	@set -e; small=$$(tests/kernel/archive.sh 6.12-arm64-16k always-dead); \
	large=$$(tests/kernel/build.sh arm64-64k); \
	for kernel in $$small $$large; do \
		FREEHINT_TEST_ARCH=arm64 FREEHINT_TEST_KERNEL=$$kernel tests/run.sh \
			$(LARGE_PAGES:%=vm/test_%); \
	done

# For arm64 hosts, on this machine: nothing is installed but compiler and emulators.
cross-arm64: deps-cross deps-arm64 kernel-of-arm64
	@tests/cross/arm64.sh $(OUT)/arm64
	@tests/cross/in_guest.py $(OUT)/arm64

# Green whatever else the machine does; tests/repeat.sh -r goes on where it was stopped.
RUNS ?= 10
check-repeat: accel deps-build deps-demo deps-check all mutants kernel-for-kvm
	@tests/repeat.sh -n $(RUNS) $(REPEAT_ARGS)

# No distribution kernel has these options: tests/kernel/ builds one that has.
check-contracts: deps-build deps-demo deps-check deps-kernel all mutants
	@kernel=$$(tests/kernel/build.sh contracts) && FREEHINT_TEST_KERNEL=$$kernel \
		tests/run.sh vm/test_contracts vm/test_init_on_free vm/test_content

# Kernels that check what the module does: one with every checker, one whose spinlocks sleep.
check-debug-kernels: deps-build deps-demo deps-check deps-debug all
	@set -e; checked=$$(tests/kernel/build.sh checked); \
	rt=$$(tests/kernel/packaged.sh rt-amd64 sleeps-in-scan); \
	for kernel in $$checked $$rt; do \
		FREEHINT_TEST_KERNEL=$$kernel tests/run.sh vm/test_debug_kernels vm/test_content; \
	done

# As root, in the world of its release: QEMU with freehint built in.
qemu-patched: deps-build deps-matrix all
	@tests/matrix/patched.sh

check-matrix: deps-build deps-matrix all
	@python3 tests/matrix/matrix.py $(MATRIX_ARGS)

# What docs/kvm-hosts.md asks for; REPORT names files to add.
report:
	@tests/report.sh $(REPORT)

# Many hours, in steps of minutes; the next call goes on where this one was stopped.
soak: accel deps-build deps-demo deps-check all mutants kernel-for-kvm
	@tests/soak.py $(SOAK_ARGS)

# Needs clang with libFuzzer; what is found is in build/fuzz.
FUZZ_TIME ?= 600
fuzz: deps-check
	@FUZZ_TIME=$(FUZZ_TIME) TEST_TIMEOUT=$(or $(TEST_TIMEOUT),86400) tests/run.sh fuzz/test_fuzz

# Before each commit: style, warnings, units, the safety rule under KVM, one Linux migration.
# No mutant but the one that its KVM test needs.
check-quick: accel deps-build deps-demo deps-check all
	@$(MAKE) --no-print-directory $(PARALLEL) -C tests \
		$(CURDIR)/build/mutants/freehint-qemu-no-arm.so
	@tests/run.sh build/test_style build/test_rooms build/test_warnings unit \
		kvm/test_kvm_rule vm/test_content

# kvm/test_fleet with as many guests as a host may have.
FLEET_GUESTS ?= 50
FLEET_IDLE   ?= 600
check-fleet: deps-build deps-check all
	@python3 tests/kvm/test_fleet.py --guests $(FLEET_GUESTS) --idle $(FLEET_IDLE) \
		--at-once 10 --killed 20

check-libvirt: deps-build deps-demo deps-check deps-libvirt all
	@python3 tests/vm/libvirt_ways.py

# Release of the hosts.
SUITE ?= bookworm
check-debian-host: deps-build deps-deb deps-debian all
	@python3 tests/debian/check_host.py --suite $(SUITE)

check-dashboard: deps-build deps-check all
	@python3 tests/kvm/monitoring.py

TEST_GROUPS := build unit model fuzz kvm vm

check-kvm $(if $(filter kvm,$(ACCEL)),check-vm check-quick): kernel-for-kvm
$(TEST_GROUPS:%=check-%): check-%: accel deps-build deps-demo deps-check all mutants
	@tests/run.sh $*

man: deps-man
	@$(MAKE) --no-print-directory -C docs/man

install: deps-build man
	@$(MAKE) --no-print-directory -C host-agent/agent install
	@$(MAKE) --no-print-directory -C host-agent/cli install
	@$(MAKE) --no-print-directory -C host-agent/qemu-module install
	@$(MAKE) --no-print-directory -C docs/man install

# What install puts into an empty tree is what is removed from the real one.
uninstall: deps-build man
	@set -e; tree=$$(mktemp -d); trap 'rm -rf "$$tree"' EXIT; \
	$(MAKE) -s --no-print-directory DEPS=no DESTDIR="$$tree" install; cd "$$tree"; \
	find . ! -type d -printf '%P\0' | (cd "$(DESTDIR)/" && xargs -0r rm -fv); \
	find . -depth -type d -name freehint -printf '%P\0' | \
		(cd "$(DESTDIR)/" && xargs -0r rmdir --ignore-fail-on-non-empty)

# Debian's tools want debian/ at the top of a tree: they get a copy.
deb: deps-build deps-deb
	@tests/build/deb.sh $(OUT)/deb

# rpmbuild, also on Debian.
rpm: deps-build deps-rpm
	@tests/build/rpm.sh $(OUT)/rpm

install-dkms:
	@$(MAKE) --no-print-directory -C guest-kmod install-dkms

clean:
	@$(MAKE) --no-print-directory -C host-agent/agent clean
	@$(MAKE) --no-print-directory -C host-agent/cli clean
	@$(MAKE) --no-print-directory -C host-agent/qemu-module clean
	@test -z "$(KDIR)" || $(MAKE) --no-print-directory -C guest-kmod KDIR=$(KDIR) clean
	rm -rf $(OUT)

.PHONY: all help accel accel-distribution agent cli qemu-module mutants kmod kmod-build \
	kmod-mutants demo demo-arch check kernel-for-kvm kernel-for-arm64 kernel-of-arm64 \
	check-arm64 check-large-pages check-quick check-repeat bench check-contracts \
	check-debug-kernels $(TEST_GROUPS:%=check-%) check-matrix cross-arm64 qemu-patched report \
	soak fuzz man install uninstall install-dkms deb rpm clean check-fleet check-dashboard \
	check-libvirt check-debian-host
