// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back: have QEMU ask the guest for its free memory, show how much the host
 * gets, and restore what was found when it is interrupted.
 */
#include <stdio.h>
#include <string.h>

#include "../commands.h"
#include "../qmp/qmp_call.h"
#include "../terminal/complain.h"
#include "../terminal/interrupts.h"
#include "give_back_options.h"
#include "give_back_watch.h"
#include "host-agent/common/standard_streams.h"
#include "include/freehint/qmp_names.h"

/* Negative numbers are left to the extension. */
static json_t *arguments(enum give_back_mode mode, long long order, long long leave)
{
	json_t *args = json_pack("{s:s}", FREEHINT_ARG_MODE, give_back_mode_names[mode]);

	if (order >= 0)
		json_object_set_new(args, FREEHINT_ARG_ORDER, json_integer(order));
	if (leave >= 0)
		json_object_set_new(args, FREEHINT_ARG_LEAVE, json_integer(leave));
	return args;
}

/* A new connection may be to another QEMU, which gets no command. */
static bool tell_qemu(struct give_back_watch *watch, enum give_back_mode mode, long long order,
		      long long leave)
{
	struct qmp_call *call = watch->call;

	if (qmp_call_ok(call, FREEHINT_QMP_GIVE_BACK, arguments(mode, order, leave)))
		return true;
	return call->broken && give_back_look(watch) &&
	       qmp_call_ok(call, FREEHINT_QMP_GIVE_BACK, arguments(mode, order, leave));
}

/* Only a mode that lasts is worth restoring: "once" ends by itself. */
static bool restore(struct give_back_watch *watch)
{
	const struct give_back_status *found = &watch->before;

	if (found->mode == GIVE_BACK_ALWAYS)
		return tell_qemu(watch, GIVE_BACK_ALWAYS, (long long)found->order,
				 (long long)found->leave_mib);
	return tell_qemu(watch, GIVE_BACK_OFF, -1, -1);
}

/* Mode always was on before; QEMU may not have it any more. */
static void name_always(const struct give_back_watch *watch, const char *what, const char *when)
{
	const struct give_back_status *found = &watch->before;

	if (found->mode == GIVE_BACK_ALWAYS)
		complain("mode always, which was on before, %s; freehint give-back --always "
			 "--order=%llu --leave=%llu sets it again%s", what,
			 (unsigned long long)found->order,
			 (unsigned long long)found->leave_mib, when);
}

/* The command for a single pass has replaced mode always. A new mode always was meant to. */
static void name_lost_always(const struct give_back_watch *watch, const char *what,
			     const char *when)
{
	if (watch->mode != GIVE_BACK_ALWAYS)
		name_always(watch, what, when);
}

/*
 * What a QEMU had been told has ended with it. But with another instance only it may be the same
 * QEMU, which lost its connection and reset its guest.
 */
static enum cli_exit replaced(const struct give_back_watch *watch)
{
	if (watch->maybe_reset) {
		complain("another QEMU answers, or its guest was reset meanwhile: nothing was "
			 "changed; freehint give-back --stop ends asking");
		name_lost_always(watch, "may be off now", "");
	} else {
		complain("QEMU was restarted meanwhile: nothing was changed in the new one%s",
			 interrupts_any() ? "" : "; run freehint give-back again");
	}
	return CLI_NO_ANSWER;
}

static void print_summary(const struct give_back_watch *watch)
{
	const struct give_back_status *now = &watch->now, *before = &watch->before;

	printf("%.1f MB given back in %.2f s, %.1f MB resident before, %.1f MB after\n",
	       ((double)now->bytes - (double)before->bytes) / 1e6,
	       (double)now->elapsed_us / 1e6, (double)before->resident / 1e6,
	       (double)now->resident / 1e6);
	streams_flush();
}

static enum cli_exit interrupted(struct give_back_watch *watch)
{
	bool always = watch->before.mode == GIVE_BACK_ALWAYS;

	print_summary(watch);
	if (watch->now.mode != watch->mode) {
		complain("interrupted; another client has set mode %s meanwhile, it stays",
			 give_back_mode_names[watch->now.mode]);
		return CLI_NOT_MIGRATED;
	}
	if (restore(watch)) {
		complain("interrupted, %s", always ?
			 "QEMU goes on as before, with mode always" :
			 "QEMU asks the guest no longer");
		return CLI_NOT_MIGRATED;
	}
	if (watch->replaced)
		return replaced(watch);
	complain("interrupted, but QEMU still asks: %s; freehint give-back --stop ends "
		 "it", watch->call->error);
	name_always(watch, "is not restored", "");
	return CLI_NO_ANSWER;
}

static void switch_off(struct give_back_watch *watch)
{
	bool done = tell_qemu(watch, GIVE_BACK_OFF, -1, -1);

	if (watch->replaced)
		replaced(watch);
	else if (!done)
		complain("QEMU asks when that is over: %s; freehint give-back --stop "
			 "ends it", watch->call->error);
	else
		complain("QEMU asks the guest no longer");
	if (!watch->replaced)
		name_lost_always(watch, "is not restored", " when that is over");
}

/*
 * QEMU had accepted the command, and something that does not pass by itself came up when the
 * guest was asked. QEMU does not accept mode always now, so that is not restored.
 */
static enum cli_exit refused_meanwhile(struct give_back_watch *watch)
{
	print_summary(watch);
	complain("refused: %s; freehint doctor --qmp has more", watch->now.refused);
	if (watch->now.mode != watch->mode)
		complain("another client has set mode %s meanwhile, it stays",
			 give_back_mode_names[watch->now.mode]);
	else if (watch->mode == GIVE_BACK_ALWAYS)
		complain("mode always stays on, QEMU asks when that is over; freehint "
			 "give-back --stop ends it");
	else
		switch_off(watch);
	return CLI_NO_ANSWER;
}

/* A guest whose kernel looks for larger blocks only is drained at once. */
static void explain_nothing(const struct give_back_watch *watch)
{
	if (watch->order < 0 || watch->now.bytes != watch->before.bytes)
		return;
	complain("nothing came with --order %lld: the guest has no more such blocks, or "
		 "its kernel keeps a higher order, the first one since the guest's boot",
		 watch->order);
}

/* A command for a single pass must not end the mode always that another client has set. */
static enum cli_exit drained(struct give_back_watch *watch)
{
	print_summary(watch);
	explain_nothing(watch);
	if (watch->before.mode != GIVE_BACK_ALWAYS || watch->now.mode != GIVE_BACK_OFF)
		return CLI_OK;
	if (restore(watch))
		return CLI_OK;
	if (watch->replaced)
		return replaced(watch);
	complain("%s", watch->call->error);
	name_lost_always(watch, "is not restored", "");
	return CLI_NO_ANSWER;
}

static enum cli_exit finish(struct give_back_watch *watch)
{
	switch (give_back_watch(watch)) {
	case GIVE_BACK_DRAINED:
		return drained(watch);
	case GIVE_BACK_INTERRUPTED:
		return interrupted(watch);
	case GIVE_BACK_STOPPED:
		print_summary(watch);
		complain("another client has stopped it before the guest had given all; run "
			 "freehint give-back again for the rest");
		return CLI_NOT_MIGRATED;
	case GIVE_BACK_REFUSED:
		return refused_meanwhile(watch);
	case GIVE_BACK_REPLACED:
		return replaced(watch);
	default:
		complain("%s; QEMU, if it still runs, goes on asking the guest; freehint "
			 "give-back --stop ends it", watch->call->error);
		name_lost_always(watch, "is not restored", "");
		return CLI_NO_ANSWER;
	}
}

/* Is an extension there, which is older than the command? */
static void explain_absence(struct qmp_call *call)
{
	bool old = qmp_call_again_ok(call, FREEHINT_QMP_QUERY, NULL);

	complain("%s", old ? "this QEMU's extension cannot give memory back: update freehint-qemu.so" :
		 call->absent ? QMP_CALL_NO_EXTENSION : call->error);
}

static enum cli_exit refused(const struct give_back_watch *watch)
{
	struct qmp_call *call = watch->call;

	if (watch->replaced)
		return replaced(watch);
	if (call->absent)
		explain_absence(call);
	else if (call->broken)
		complain("%s; QEMU may be asking the guest, freehint give-back --stop "
			 "ends it", call->error);
	else
		complain("%s; freehint doctor --qmp has more", call->error);
	if (call->broken)
		name_lost_always(watch, "may be off now", "");
	return CLI_NO_ANSWER;
}

/* QEMU was told nothing. @why: it did not answer, NULL: only the user is the reason. */
static enum cli_exit not_asked(const char *why)
{
	if (why)
		complain("%s", why);
	if (!interrupts_any())
		return CLI_NO_ANSWER;
	complain("interrupted before QEMU was told anything");
	return CLI_NOT_MIGRATED;
}

/* Whichever QEMU answers is to stop. */
static enum cli_exit stop(struct give_back_watch *watch)
{
	if (interrupts_any())
		return not_asked(NULL);
	/* The command that the user gives up for is this one, and it is as good as done. */
	watch->call->give_up = interrupts_again;
	if (!qmp_call_again_ok(watch->call, FREEHINT_QMP_GIVE_BACK,
			       arguments(GIVE_BACK_OFF, -1, -1)))
		return refused(watch);
	puts("QEMU asks the guest no longer");
	return CLI_OK;
}

static enum cli_exit run(struct qmp_call *call, const struct give_back_options *opt)
{
	struct give_back_watch watch = {
		.call = call, .quiet = opt->quiet, .mode = opt->mode,
		.order = opt->order,
	};

	if (opt->mode == GIVE_BACK_OFF)
		return stop(&watch);
	if (!give_back_begin(&watch))
		return not_asked(call->absent ? QMP_CALL_NO_EXTENSION : call->error);
	if (interrupts_any())
		return not_asked(NULL);
	/* From here on the first interrupt has something to undo, and waits for QEMU. */
	call->give_up = interrupts_again;
	if (!tell_qemu(&watch, opt->mode, opt->order, opt->leave))
		return refused(&watch);
	return finish(&watch);
}

enum cli_exit cli_give_back(int argc, char **argv)
{
	struct give_back_options opt = { .mode = GIVE_BACK_ONCE, .order = -1, .leave = -1 };
	struct qmp_call call;
	enum cli_exit code;

	if (argp_parse(&give_back_argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	/*
	 * From the first command on: an interrupt must not leave QEMU asking. Nor must a terminal
	 * that is gone: without an agent this never ends, and nobody else gets the monitor.
	 */
	interrupts_catch();
	if (qmp_call_open_unless(&call, opt.qmp, interrupts_any))
		code = not_asked(call.error);
	else
		code = run(&call, &opt);
	qmp_call_close(&call);
	return code;
}
