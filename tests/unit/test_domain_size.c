// SPDX-License-Identifier: GPL-2.0
/*
 * The size of a domain's shared memory follows from the memory that the domain can have and from
 * its architecture. It grows with the domain, and an amount that makes no sense is refused.
 */
/* rig: tests/unit/domain_rig.h */
#include "tests/unit/domain_rig.h"

/* An architecture, and memory as libvirt has it. */
#define MACHINE(arch, memory)								\
	DOMAIN("a", "<os>\n<type arch='" arch "'>hvm</type></os>" memory, "", "")

static void an_architecture_has_its_layout(void **state)
{
	static const struct {
		const char *domain;
		const char *size;
	} all[] = {
		{ MACHINE("x86_64", "<memory unit='GiB'>29</memory>"), "<size unit='M'>1<" },
		{ MACHINE("x86_64", "<memory unit='GiB'>30</memory>"), "<size unit='M'>2<" },
		{ MACHINE("aarch64", "<memory unit='GiB'>30</memory>"), "<size unit='M'>1<" },
		{ MACHINE("aarch64", "<memory unit='GiB'>31</memory>"), "<size unit='M'>2<" },
		/* plugged memory begins at the next GiB, each slot may move it up by another */
		{ MACHINE("aarch64", "<memory unit='MiB'>1500</memory>"
			  "<maxMemory slots='10' unit='MiB'>20000</maxMemory>"), "<size unit='M'>1<" },
		{ MACHINE("aarch64", "<memory unit='MiB'>1500</memory>"
			  "<maxMemory slots='11' unit='MiB'>20000</maxMemory>"), "<size unit='M'>2<" },
		/* no hole below 1 TiB */
		{ MACHINE("aarch64", "<memory unit='GiB'>1022</memory>"), "<size unit='M'>32<" },
		{ MACHINE("x86_64", "<memory unit='GiB'>1022</memory>"), "<size unit='M'>64<" },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		strcpy(before, all[i].domain);
		goes_round();
		has(all[i].size);
	}
	refuses(MACHINE("riscv64", "<memory>1</memory>"),
		"line 2: the guest's architecture is riscv64, only x86_64 and aarch64");
}

/* An x86 guest of a machine type, memory in GiB, and what its PCI bus says. */
#define X86(machine, gib, bus)								\
	DOMAIN("a", "<os><type arch='x86_64' machine='" machine "'>hvm</type></os>"	\
	       "<memory unit='GiB'>" gib "</memory>", "<controller type='usb'/>"	\
	       "<controller type='pci' index='0' model='pcie-root'>" bus "</controller>", "")

/*
 * With an AMD processor QEMU moves memory to 1 TiB when it and the window for PCI devices behind
 * it reach 1012 GiB. 32 MiB describe what ends below 1 TiB, 64 MiB are for what was moved.
 */
static void the_window_behind_the_memory_counts(void **state)
{
	static const struct {
		const char *domain;
		const char *size;
	} all[] = {
		{ X86("pc-q35-7.2", "978", ""), "<size unit='M'>32<" },
		{ X86("pc-q35-7.2", "979", ""), "<size unit='M'>64<" },
		{ X86("pc-i440fx-7.2", "1008", ""), "<size unit='M'>32<" },
		{ X86("pc-i440fx-7.2", "1009", ""), "<size unit='M'>64<" },
		{ X86("pc", "1008", ""), "<size unit='M'>32<" },
		{ X86("q35", "64", ""), "<size unit='M'>4<" },
		{ X86("q35", "64", "<pcihole64 unit='GiB'>946</pcihole64>"), "<size unit='M'>4<" },
		{ X86("q35", "64", "<pcihole64 unit='GiB'>947</pcihole64>"), "<size unit='M'>64<" },
		{ X86("q35", "64", "<pcihole64>1073741824</pcihole64>"), "<size unit='M'>64<" },
		{ X86("q35", "1008", "<pcihole64>0</pcihole64>"), "<size unit='M'>32<" },
		/* nothing above 4 GiB that could be moved */
		{ X86("q35", "2", "<pcihole64 unit='TiB'>1</pcihole64>"), "<size unit='M'>1<" },
		{ DOMAIN("a", "<os><type arch='aarch64' machine='virt'>hvm</type></os>"
			 "<memory unit='GiB'>64</memory>", "<controller type='pci'>"
			 "<pcihole64 unit='TiB'>1</pcihole64></controller>", ""),
		  "<size unit='M'>4<" },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		strcpy(before, all[i].domain);
		goes_round();
		has(all[i].size);
	}
	refuses(X86("q35", "1", "<pcihole64>much</pcihole64>"), "'much' of <pcihole64> is no size");
}

/* Somebody who wants to be rid of freehint, or has put it in by hand, knows the guest. */
static void the_architecture_counts_for_enabling_only(void **state)
{
	static char enabled[ROOM];
	struct domain domain;

	assert_int_equal(add(MACHINE("aarch64", "<memory>1</memory>"), enabled), 1);
	memcpy(strstr(enabled, "aarch64"), "riscv64", 7);
	assert_int_equal(domain_parse(&domain, enabled, strlen(enabled)), 0);
	assert_true(domain_is_enabled(&domain));
	domain_free(&domain);
	assert_int_equal(remove_all(enabled, after), 1);
	assert_string_equal(after, MACHINE("riscv64", "<memory>1</memory>"));
}

static void a_domain_that_grew_gets_a_larger_region(void **state)
{
	strcpy(before, DOMAIN("a", "<memory unit='GiB'>64</memory>",
			      SHMEM("other") SHMEM("freehint-a"), ""));
	assert_int_equal(add(before, after), 1);
	has("<size unit='M'>4</size></shmem></devices>");
	has("memdev=shmmem-shmem1,");
	strcpy(before, DOMAIN("a", "<memory unit='MiB'>64</memory>",
			      "<shmem name='freehint-a' role='master'><model type='ivshmem-plain'/>"
			      "<alias name='ua-mine'/></shmem>", ""));
	assert_int_equal(add(before, after), 1);
	has("memdev=shmmem-ua-mine,");
	assert_null(strstr(after, "<size"));
	/* an alias that libvirt does not take */
	strcpy(before, DOMAIN("a", "<memory unit='MiB'>64</memory>",
			      "<shmem name='freehint-a' role='master'><model type='ivshmem-plain'/>"
			      "<alias name='ua-a,b'/></shmem>", ""));
	assert_int_equal(add(before, after), 1);
	has("memdev=shmmem-shmem0,");
}

#define SIZED(size)									\
	DOMAIN("a", "<memory unit='GiB'>60</memory>", "<shmem name='freehint-a' role='master'>"	\
	       "<model type='ivshmem-plain'/>" size "</shmem>", "")

/* KiB for the domain, bytes for a <shmem>. */
static void a_size_without_a_unit_has_that_of_libvirt(void **state)
{
	strcpy(before, DOMAIN("a", "<memory unit=''>62914560</memory>", "", ""));
	goes_round();
	has("<size unit='M'>2<");
	assert_int_equal(add(SIZED("<size>2097151</size>"), after), 1);
	has("<size unit='M'>2<");
	assert_int_equal(add(SIZED("<size unit=''>2097152</size>"), after), 1);
	has("<size unit=''>2097152<");
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
	refuses(DOMAIN("a", "", "", ""), "says nowhere how much memory");
	refuses(DOMAIN("a", "<memory>0</memory>", "", ""), "says nowhere");
	refuses(DOMAIN("a", "\n<memory>-1</memory>", "", ""), "line 2: '-1' of <memory>");
	refuses(DOMAIN("a", "<memory>1 x</memory>", "", ""), "is no size");
	refuses(DOMAIN("a", "<memory unit='furlong'>1</memory>", "", ""), "unknown unit 'furlong'");
	refuses(DOMAIN("a", "<memory unit='E'>1</memory>", "", ""), "above 64 TiB");
	refuses(DOMAIN("a", "<memory>99999999999999999999</memory>", "", ""), "is no size");
	refuses(DOMAIN("a", "<memory>1</memory><maxMemory slots='257'>1</maxMemory>", "", ""),
		"257 slots");
	refuses(DOMAIN("a", "<memory>1</memory>", "<memory model='dimm'/>", ""), "no <target>");
	refuses(DOMAIN("a", "\n<memory unit='TiB'>64</memory>", "", ""),
		"line 2: the guest's memory may end above 64 TiB");
	refuses(DOMAIN("a", "\n<memory>1</memory>\n<maxMemory unit='TiB'>64</maxMemory>", "", ""),
		"line 3: the guest's memory may end above 64 TiB");
	refuses(DOMAIN("a", "\n<cpu><numa>\n<cell memory='64' unit='TiB'/></numa></cpu>", "", ""),
		"line 2: the guest's memory may end above 64 TiB");
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(an_architecture_has_its_layout),
		cmocka_unit_test(the_window_behind_the_memory_counts),
		cmocka_unit_test(the_architecture_counts_for_enabling_only),
		cmocka_unit_test(a_domain_that_grew_gets_a_larger_region),
		cmocka_unit_test(a_size_without_a_unit_has_that_of_libvirt),
		cmocka_unit_test(sizes_that_make_no_sense_are_refused),
)
