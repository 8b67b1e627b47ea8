// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and state for the guest's administrator, in debugfs under freehint/. The
 * files show numbers and times, never an address.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>

#include "guest_contract.h"
#include "guest_stats.h"

static void put_number(struct seq_file *file, const char *name, u64 value)
{
	seq_printf(file, "%-16s %llu\n", name, value);
}

static int stats_show(struct seq_file *file, void *unused)
{
	const struct guest_stats *s = file->private;

	put_number(file, "hellos", READ_ONCE(s->hellos));
	put_number(file, "polls", READ_ONCE(s->polls));
	put_number(file, "rounds-seen", READ_ONCE(s->rounds_seen));
	put_number(file, "rounds-sealed", READ_ONCE(s->rounds_sealed));
	put_number(file, "rounds-declined", READ_ONCE(s->rounds_declined));
	put_number(file, "rounds-aborted", READ_ONCE(s->rounds_aborted));
	put_number(file, "pages-last", READ_ONCE(s->pages_last));
	put_number(file, "pages-total", READ_ONCE(s->pages_total));
	put_number(file, "scan-us-last", READ_ONCE(s->scan_us_last));
	put_number(file, "scan-us-max", READ_ONCE(s->scan_us_max));
	put_number(file, "hold-us-last", READ_ONCE(s->hold_us_last));
	put_number(file, "hold-us-max", READ_ONCE(s->hold_us_max));
	put_number(file, "held-us-last", READ_ONCE(s->held_us_last));
	put_number(file, "irq-off-us-max", READ_ONCE(s->irqoff_us_max));
	put_number(file, "holds-last", READ_ONCE(s->holds_last));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int contract_show(struct seq_file *file, void *unused)
{
	const struct guest_stats *s = file->private;
	u16 refusal = READ_ONCE(s->refusal);

	seq_printf(file, "%s", freehint_contract_name(READ_ONCE(s->contract)));
	if (refusal != FREEHINT_REFUSAL_NONE)
		seq_printf(file, " (%s)", guest_contract_reason(refusal));
	seq_putc(file, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(contract);

static const char *give_back_name(u32 status)
{
	static const char * const names[] = {
		[FREEHINT_GIVE_BACK_UNKNOWN] = "unknown",
		[FREEHINT_GIVE_BACK_POSSIBLE] = "possible",
		[FREEHINT_GIVE_BACK_NO_KERNEL] = "refused (kernel without page reporting; boot one with CONFIG_PAGE_REPORTING)",
		[FREEHINT_GIVE_BACK_BUSY] = "refused (another driver has page reporting; switch off free-page-reporting of virtio-balloon)",
		[FREEHINT_GIVE_BACK_CONTRACT] = "refused (see contract)",
		[FREEHINT_GIVE_BACK_ADMIN] = "refused (give_back=0: by the administrator; set it to 1)",
		[FREEHINT_GIVE_BACK_FAILED] = "refused (page reporting failed, see the log)",
	};

	return status < ARRAY_SIZE(names) ? names[status] : "unknown";
}

static int give_back_show(struct seq_file *file, void *unused)
{
	const struct guest_stats *s = file->private;

	seq_printf(file, "%-16s %s\n", "give-back",
		   give_back_name(READ_ONCE(s->give_back_status)));
	put_number(file, "sessions", READ_ONCE(s->sessions));
	put_number(file, "offers", READ_ONCE(s->give_back.offers));
	put_number(file, "withdrawn", READ_ONCE(s->give_back.withdrawn));
	put_number(file, "pages", READ_ONCE(s->give_back.pages));
	put_number(file, "drained", READ_ONCE(s->give_back.drained));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(give_back);

static int state_show(struct seq_file *file, void *unused)
{
	const struct guest_stats *s = file->private;

	seq_printf(file, "%-16s %s\n", "device", dev_name(s->dev));
	seq_printf(file, "%-16s %s\n", "hello",
		   READ_ONCE(s->hello_published) ? "published" : "none");
	seq_printf(file, "%-16s %s\n", "phase", freehint_phase_name(READ_ONCE(s->phase)));
	put_number(file, "version", READ_ONCE(s->version));
	put_number(file, "capacity-pages", READ_ONCE(s->capacity));
	put_number(file, "memory-pages", READ_ONCE(s->end_pfn));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int memory_type_show(struct seq_file *file, void *unused)
{
	const struct guest_stats *s = file->private;

	seq_printf(file, "%s\n", bar_memory_type_name(s->memory_type));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory_type);

void guest_stats_create(struct guest_stats *stats, const struct device *dev,
			enum bar_memory_type type)
{
	stats->dev = dev;
	stats->memory_type = type;
	stats->dir = debugfs_create_dir("freehint", NULL);
	debugfs_create_file("stats", 0400, stats->dir, stats, &stats_fops);
	debugfs_create_file("contract", 0400, stats->dir, stats, &contract_fops);
	debugfs_create_file("state", 0400, stats->dir, stats, &state_fops);
	debugfs_create_file("give_back", 0400, stats->dir, stats, &give_back_fops);
	debugfs_create_file("memory_type", 0400, stats->dir, stats, &memory_type_fops);
}

void guest_stats_remove(struct guest_stats *stats)
{
	debugfs_remove(stats->dir);
}
