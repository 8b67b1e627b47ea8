// SPDX-License-Identifier: GPL-2.0
/*
 * How large a domain's shared memory has to be: it has one bit for each page up to the
 * guest's highest address. QEMU decides where memory is, so this takes the layout that
 * ends highest. A region that is too small costs hints, one that is too large a few MiB.
 */
#include "domain_size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../region/region_size.h"
#include "../text/text.h"
#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"

#define GIB		(1ULL << 30)
#define TIB		(1ULL << 40)

/* An x86 guest with more memory than this has the rest above 4 GiB (q35; pc has more below). */
#define BELOW_4G	(2 * GIB)

/* Where an arm64 guest's memory begins (virt). All of it follows, without a hole. */
#define ARM64_BASE	GIB

/*
 * From QEMU 7.1 on all that an x86 guest with an AMD processor has above 4 GiB begins at 1 TiB
 * instead, if its memory and the window for PCI devices behind it would end above this.
 */
#define HYPERTRANSPORT	(1012 * GIB)

/* Sizes of that window without <pcihole64>. */
#define HOLE_Q35	(32 * GIB)
#define HOLE_I440FX	(2 * GIB)

#define MEMORY_MAX	(FREEHINT_MAX_PAGES << FREEHINT_PAGE_SHIFT)

/**
 * struct amounts - what the domain says of its memory, bytes
 * @boot:  there from the start
 * @top:   the most that there can ever be
 * @slots: for memory that is plugged, each of which may be moved up by 1 GiB
 * @arm64: the guest is an arm64 machine, otherwise x86-64
 * @hole:  the window for PCI devices behind the memory of an x86-64 machine
 */
struct amounts {
	u64 boot;
	u64 top;
	u64 slots;
	bool arm64;
	u64 hole;
};

/* As libvirt reads them: KiB and K are 1024, KB is 1000, whatever the case. */
static u64 unit_bytes(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *letter;
	u64 base = 1024, bytes = 1;

	if (!strcasecmp(unit, "b") || !strcasecmp(unit, "byte") || !strcasecmp(unit, "bytes"))
		return 1;
	letter = *unit ? strchr(letters, *unit | 0x20) : NULL;
	if (!letter || (unit[1] && strcasecmp(unit + 1, "b") != 0 &&
			strcasecmp(unit + 1, "ib") != 0))
		return 0;
	if (unit[1] && !unit[2])
		base = 1000;
	for (; letter >= letters; letter--)
		bytes *= base;
	return bytes;
}

static int scale(struct xml_text *xml, const xmlNode *element, const char *number,
		 const char *unit, u64 *bytes)
{
	u64 each = unit_bytes(unit), value;
	char *end;

	number += strspn(number, " \t\r\n");
	errno = 0;
	value = strtoull(number, &end, 10);
	if (errno || end == number || *number == '-' || end[strspn(end, " \t\r\n")])
		return xml_text_refuse(xml, element, "'%.40s' of <%.40s> is no size; give a number", number,
				       (const char *)element->name);
	if (!each)
		return xml_text_refuse(xml, element, "<%.40s> has the unknown unit '%.40s'; give KiB, MiB, GiB or TiB",
				       (const char *)element->name, unit);
	if (value > MEMORY_MAX / each)
		return xml_text_refuse(xml, element, "<%.40s> is above 64 TiB, the most that can be described; give less",
				       (const char *)element->name);
	*bytes = value * each;
	return 0;
}

int domain_size_read(struct xml_text *xml, const xmlNode *element, const char *name,
		     const char *unit, u64 *bytes)
{
	char *number = name ? xml_text_value(element, name) : (char *)xmlNodeGetContent(element);
	char *own = xml_text_value(element, "unit");
	int ret;

	if (number)
		ret = scale(xml, element, number, own && *own ? own : unit, bytes);
	else
		ret = xml_text_refuse(xml, element, "<%.40s> has no size; give one",
				      (const char *)element->name);
	xmlFree(number);
	xmlFree(own);
	return ret;
}

/* Both are at most 64 TiB, so the sum does not overflow. */
static int add(struct xml_text *xml, const xmlNode *element, u64 bytes, u64 *sum)
{
	*sum += bytes;
	if (*sum > MEMORY_MAX)
		return xml_text_refuse(xml, element, "the domain has more than 64 TiB, the most that can be described; give it less");
	return 0;
}

static int add_cells(struct domain *domain, u64 *sum)
{
	xmlNode *numa = xml_text_child(xml_text_child(domain->root, "cpu"), "numa");
	xmlNode *cell = xml_text_child(numa, "cell");
	u64 bytes = 0;

	for (; cell; cell = xml_text_next(cell->next, "cell")) {
		if (domain_size_read(&domain->xml, cell, "memory", "KiB", &bytes) ||
		    add(&domain->xml, cell, bytes, sum))
			return -EINVAL;
	}
	return 0;
}

/* DIMMs, virtio-mem, and what else has guest addresses. */
static int add_devices(struct domain *domain, u64 *sum, u64 *slots)
{
	xmlNode *device = xml_text_child(domain->devices, "memory"), *size;
	u64 bytes = 0;

	for (; device; device = xml_text_next(device->next, "memory")) {
		size = xml_text_child(xml_text_child(device, "target"), "size");
		if (!size)
			return xml_text_refuse(&domain->xml, device,
					       "this memory device has no <target> with a <size>; add it");
		if (domain_size_read(&domain->xml, size, NULL, "KiB", &bytes) ||
		    add(&domain->xml, device, bytes, sum))
			return -EINVAL;
		++*slots;
	}
	return 0;
}

static int read_slots(struct domain *domain, const xmlNode *max, u64 *slots)
{
	char *text = xml_text_value(max, "slots");
	unsigned long value = text ? strtoul(text, NULL, 10) : 0;

	xmlFree(text);
	/* QEMU has 256 at most. */
	if (value > 256)
		return xml_text_refuse(&domain->xml, max, "<maxMemory> has %lu slots, QEMU has 256 at most; give fewer",
				       value);
	if (value > *slots)
		*slots = value;
	return 0;
}

static int read_amounts(struct domain *domain, struct amounts *all)
{
	xmlNode *memory = xml_text_child(domain->root, "memory");
	xmlNode *max = xml_text_child(domain->root, "maxMemory");
	u64 total = 0, devices = 0, most = 0;

	memset(all, 0, sizeof(*all));
	if (memory && domain_size_read(&domain->xml, memory, NULL, "KiB", &total))
		return -EINVAL;
	if (add_cells(domain, &all->boot) || add_devices(domain, &devices, &all->slots))
		return -EINVAL;
	if (max && (domain_size_read(&domain->xml, max, NULL, "KiB", &most) ||
		    read_slots(domain, max, &all->slots)))
		return -EINVAL;
	if (!all->boot)
		all->boot = total;
	if (!all->boot)
		return xml_text_refuse(&domain->xml, memory ? memory : domain->root,
				       "the domain says nowhere how much memory it has; add <memory>");
	all->top = all->boot + devices;
	if (all->top < total)
		all->top = total;
	if (all->top < most)
		all->top = most;
	return 0;
}

/* Without <os>, its type or the attribute libvirt takes the host's: x86 memory ends higher. */
static int read_arch(struct domain *domain, bool *arm64)
{
	xmlNode *type = xml_text_child(xml_text_child(domain->root, "os"), "type");
	char *arch = xml_text_value(type, "arch");
	int ret = 0;

	*arm64 = arch && !strcmp(arch, "aarch64");
	if (arch && !*arm64 && strcmp(arch, "x86_64") != 0)
		ret = xml_text_refuse(&domain->xml, type,
				      "the guest's architecture is %.40s, only x86_64 and aarch64 can be hinted; leave freehint out",
				      arch);
	xmlFree(arch);
	return ret;
}

/* Return: the window without <pcihole64>; of a machine that is not known, the larger one. */
static u64 default_hole(const struct domain *domain)
{
	xmlNode *type = xml_text_child(xml_text_child(domain->root, "os"), "type");
	char *machine = xml_text_value(type, "machine");
	bool i440fx = machine && (!strcmp(machine, "pc") ||
				  text_starts_with(machine, "pc-i440fx"));

	xmlFree(machine);
	return i440fx ? HOLE_I440FX : HOLE_Q35;
}

static int read_hole(struct domain *domain, u64 *hole)
{
	xmlNode *bus = xml_text_child(domain->devices, "controller"), *size;

	*hole = default_hole(domain);
	for (; bus; bus = xml_text_next(bus->next, "controller")) {
		size = xml_text_child(bus, "pcihole64");
		if (size)
			return domain_size_read(&domain->xml, size, NULL, "KiB", hole);
	}
	return 0;
}

/* Where the memory that is there from the start ends. */
static u64 boot_end(const struct amounts *all)
{
	if (all->arm64)
		return ARM64_BASE + all->boot;
	return all->boot > BELOW_4G ? all->boot + 4 * GIB - BELOW_4G : all->boot;
}

static u64 next_gib(u64 end)
{
	return (end + GIB - 1) / GIB * GIB;
}

/* Nothing is moved of a guest that has no memory above 4 GiB. */
static bool is_moved(const struct amounts *all, u64 end)
{
	return !all->arm64 && end > 4 * GIB && next_gib(end) + all->hole > HYPERTRANSPORT;
}

static u64 highest_address(const struct amounts *all)
{
	u64 end = boot_end(all);

	if (all->slots || all->top > all->boot) {
		end = all->arm64 || end > 4 * GIB ? end : 4 * GIB;
		end = next_gib(end) + all->top - all->boot + all->slots * GIB;
	}
	return is_moved(all, end) ? end + TIB - 4 * GIB : end;
}

/* The element that says most of how much memory there can be. */
static const xmlNode *largest(const struct domain *domain)
{
	static const char *const names[] = { "maxMemory", "memory", "cpu" };
	const xmlNode *element = NULL;
	size_t i;

	for (i = 0; !element && i < ARRAY_SIZE(names); i++)
		element = xml_text_child(domain->root, names[i]);
	return element;
}

int domain_size_mib(struct domain *domain, u64 *mib)
{
	struct amounts all;
	u64 end;

	if (read_amounts(domain, &all) || read_arch(domain, &all.arm64) ||
	    read_hole(domain, &all.hole))
		return -EINVAL;
	end = highest_address(&all);
	if (end > MEMORY_MAX)
		return xml_text_refuse(&domain->xml, largest(domain),
				       "the guest's memory may end above 64 TiB, the most that can be described; give the domain less");
	*mib = region_mib_for((end + FREEHINT_PAGE_SIZE - 1) >> FREEHINT_PAGE_SHIFT);
	return 0;
}
