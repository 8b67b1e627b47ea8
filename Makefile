# SPDX-License-Identifier: GPL-2.0
# Delegates only: builds the guest module, the agent and the QEMU extension, and
# runs the demo and the tests. `make help` lists the targets.

OUT   := $(CURDIR)/build
# Debian package groups that tests/deps.sh installs before a target runs; set
# DEPS=no where the packages are managed by somebody else.
DEPS  ?= yes
# Headers of the guest's kernel; the newest Debian cloud kernel unless given.
KDIR  ?= $(lastword $(shell ls -d /usr/src/linux-headers-*-cloud-amd64 2>/dev/null | sort -V))

export OUT

all: deps-build agent qemu-module kmod

help:
	@echo 'make                 build everything into build/'
	@echo 'make agent           build/freehint-agent'
	@echo 'make qemu-module     build/freehint-qemu.so'
	@echo 'make kmod [KDIR=]    build/freehint.ko for the kernel whose headers KDIR names'
	@echo 'make demo [MEM= FILL= SMP= ACCEL=]'
	@echo '                     migrate a guest with freehint, without, and with virtio-balloon'
	@echo 'make check           all tests; the last line counts them'
	@echo 'make check-unit      unit tests only; check-build check-kvm check-vm likewise'
	@echo 'make clean           remove what was built'

deps-%:
ifeq ($(DEPS),yes)
	@tests/deps.sh $*
endif

agent:
	@$(MAKE) --no-print-directory -C host-agent

qemu-module:
	@$(MAKE) --no-print-directory -C host-agent/qemu-module

mutants:
	@$(MAKE) --no-print-directory -C host-agent/qemu-module mutants

# KDIR is looked up by a make of its own: deps-build may just have installed it.
kmod:
	@$(MAKE) --no-print-directory kmod-build

kmod-build:
	@test -n "$(KDIR)" || { echo 'no kernel headers: install linux-headers-cloud-amd64' \
		'or give KDIR=' >&2; exit 1; }
	@$(MAKE) --no-print-directory -C guest-kmod KDIR=$(KDIR)
	@mkdir -p $(OUT) && cp guest-kmod/freehint.ko $(OUT)/freehint.ko

demo: deps-build deps-demo agent qemu-module kmod
	@python3 tests/demo/demo.py $(if $(MEM),--mem $(MEM)) $(if $(FILL),--fill $(FILL)) \
		$(if $(SMP),--smp $(SMP)) $(if $(ACCEL),--accel $(ACCEL)) $(DEMO_ARGS)

check: deps-build deps-demo deps-check all mutants
	@tests/run.sh

check-%: deps-build deps-demo deps-check all mutants
	@tests/run.sh $*

clean:
	@$(MAKE) --no-print-directory -C host-agent clean
	@$(MAKE) --no-print-directory -C host-agent/qemu-module clean
	@test -z "$(KDIR)" || $(MAKE) --no-print-directory -C guest-kmod KDIR=$(KDIR) clean
	rm -rf $(OUT)

.PHONY: all help agent qemu-module mutants kmod kmod-build demo check clean
