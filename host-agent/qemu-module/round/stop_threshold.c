// SPDX-License-Identifier: GPL-2.0
/*
 * When QEMU stops the guest for the last pass: its own threshold, and the downtime limit.
 *
 * QEMU multiplies downtime-limit with the bandwidth of the last 100 ms or more, or with
 * avail-switchover-bandwidth (9.0 and later) if that is set. It publishes that bandwidth, and no
 * other, as "mbps" of query-migrate: migration_update_counters() of 7.2 and 10.0 sets both at
 * once. So the threshold is computed from the same numbers, not measured again.
 */
#include "../core/migration_info.h"
#include "../core/qemu_abi.h"
#include "stop_threshold.h"

/* QEMU's default, for a QEMU that does not have the property */
#define DOWNTIME_LIMIT_MS	300

/*
 * Upper limit, bytes per millisecond. No link is faster, and limit * downtime fits into 64 bits.
 */
#define MAX_BANDWIDTH		(1ULL << 40)

/* A millisecond that the guest writes unnoticed weighs as much as ten of sending. */
#define MARGIN_TIMES		10

/* Return: bytes per millisecond, as QEMU has measured them last. */
static u64 measured_bandwidth(void)
{
	QDict *answer = migration_info();
	QDict *ram = answer ? qemu.qdict_get_qdict(answer, "ram") : NULL;
	double mbps = 0;

	if (ram && qemu.qdict_haskey(ram, "mbps"))
		mbps = qemu.qdict_get_double(ram, "mbps");
	/* It is -1 before the first migration. */
	if (!(mbps > 0))
		return 0;
	return mbps * 125 < MAX_BANDWIDTH ? (u64)(mbps * 125) : MAX_BANDWIDTH;
}

/* A property of the migration's object, not of a stable interface. */
u64 downtime_limit_ms(u64 otherwise)
{
	return qemu_migrate_parameter("x-downtime-limit", otherwise);
}

u64 stop_threshold(u64 limit_ms)
{
	u64 bandwidth = qemu_migrate_parameter("avail-switchover-bandwidth", 0) / 1000;

	if (!bandwidth)
		bandwidth = measured_bandwidth();
	if (bandwidth > MAX_BANDWIDTH)
		bandwidth = MAX_BANDWIDTH;
	return bandwidth * limit_ms;
}

bool stop_is_near(u64 saved, u64 cost_ms)
{
	u64 limit_ms = downtime_limit_ms(DOWNTIME_LIMIT_MS) + cost_ms * MARGIN_TIMES;
	u64 remaining = qemu.ram_bytes_remaining();

	return remaining <= saved || remaining - saved < stop_threshold(limit_ms);
}

u64 stop_downtime_us(void)
{
	return downtime_limit_ms(DOWNTIME_LIMIT_MS) * 1000;
}
