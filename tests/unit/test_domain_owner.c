// SPDX-License-Identifier: GPL-2.0
/*
 * What a person has put into a domain stays, also where its name is like freehint's: a monitor in
 * the agent's directory, shared memory. The agent never gets it. What freehint has made for the
 * domain, or for the domain of which this one is a copy, is found under every name.
 */
/* rig: tests/unit/domain_rig.h */
#include "tests/unit/domain_rig.h"

#define ARG(value)	"<q:arg value='" value "'/>"
#define MONITOR(path)	ARG("-qmp") ARG("unix:" path ",server=on,wait=off")
#define EXTENSION(memdev) ARG("-plugin") ARG("file=" PATH ",memdev=" memdev ",autostart=on")
#define WITH(devices, arguments) DOMAIN("vm1", "<memory>1</memory>", devices, QEMU(arguments))

/* The agent of @text gets this monitor, and the file behind this <shmem>. */
static void agent_gets(const char *text, const char *monitor, const char *shm)
{
	struct domain domain;
	char *path;

	assert_int_equal(domain_parse(&domain, text, strlen(text)), 0);
	assert_true(domain_is_enabled(&domain));
	path = domain_monitor_path(&domain);
	assert_string_equal(path, monitor);
	free(path);
	path = domain_shm_path(&domain);
	assert_string_equal(path, shm);
	free(path);
	domain_free(&domain);
}

static void has_no_agent(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_parse(&domain, text, strlen(text)), 0);
	assert_false(domain_is_enabled(&domain));
	domain_free(&domain);
}

/* Five, which is more than freehint's own can be. */
static void a_monitor_that_somebody_added_stays(void **state)
{
	strcpy(before, WITH("", MONITOR("/run/freehint/vm1-admin.qmp") MONITOR("/run/freehint/x")
			    MONITOR("path=/run/freehint/vm2.qmp") MONITOR("/run/freehint/.qmp")
			    MONITOR("/run/freehint/vm1.qmp.qmp")));
	has_no_agent(before);
	goes_round();
	has("/vm1.qmp.qmp,server=on,wait=off'/><q:arg value='-plugin'/>");
	agent_gets(after, "/run/freehint/vm1.qmp", "/dev/shm/freehint-vm1");
}

/* A second one is told apart from ours in each way to write ours. */
static void the_agent_keeps_its_own_monitor(void **state)
{
	static const char *const ours[] = {
		WITH(SHMEM("freehint-vm1"), MONITOR("/run/freehint/vm1-admin.qmp")
		     EXTENSION("shmmem-shmem0") MONITOR("/run/freehint/vm1.qmp")),
		WITH(SHMEM("freehint-vm1"), MONITOR("/run/freehint/vm1-admin.qmp")
		     MONITOR("path=/run/freehint/vm1.qmp") EXTENSION("shmmem-shmem0")),
	};
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		agent_gets(ours[i], "/run/freehint/vm1.qmp", "/dev/shm/freehint-vm1");
		assert_int_equal(add(ours[i], after), 0);
		assert_int_equal(remove_all(ours[i], after), 1);
		assert_string_equal(after, WITH("", MONITOR("/run/freehint/vm1-admin.qmp")));
	}
	refuses(WITH(SHMEM("freehint-vm1"), MONITOR("/run/freehint/vm1.qmp")
		     MONITOR("path=/run/freehint/vm1.qmp")), "a second monitor for the agent");
}

/* QEMU would take the socket from the one that opened it first, so freehint adds none. */
static void the_path_of_the_agents_monitor_is_taken_once(void **state)
{
#define SOCKET	"/run/freehint/vm1.qmp"
	static const char *const taken[] = {
		ARG("-chardev") "\n" ARG("socket,id=x,path=" SOCKET ",server=on,wait=off")
			ARG("-mon") ARG("chardev=x,mode=control"),
		ARG("-mon") ARG("x,mode=control,pretty=on") ARG("--chardev")
			"\n" ARG("socket,path=" SOCKET ",server=on,id=x"),
		ARG("-mon") ARG("mode=control,chardev=x") ARG("-chardev")
			"\n" ARG("backend=socket,id=x,server=on,path=" SOCKET),
		ARG("-S") ARG("-monitor") "\n" ARG("unix:" SOCKET ",server=on,wait=off"),
		ARG("-serial") "\n" ARG("unix:" SOCKET),
		ARG("-chardev") "\n" ARG("{\"path\": \"" SOCKET "\"}"),
		MONITOR(SOCKET) ARG("-monitor") "\n" ARG("unix:" SOCKET ",server=on"),
	}, *const free_ones[] = {
		"socket,id=x,path=/x" SOCKET ",server=on", "socket,id=x,path=" SOCKET ",,x",
		"socket,id=x,path=" SOCKET "x", "socket,id=x,path=/run/freehint/vm11.qmp",
		"/run/freehint/",
	};
	static char text[ROOM];
	size_t i;

	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		snprintf(text, ROOM, WITH("", "%s"), taken[i]);
		refuses(text, "line 2: this argument has the path of the agent's monitor");
		assert_non_null(strstr(error, "-qmp"));
	}
	snprintf(text, ROOM, WITH("", "%s"), taken[0]);
	assert_int_equal(remove_all(text, after), 0);
	has_no_agent(text);
	for (i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++) {
		snprintf(before, ROOM, WITH("", ARG("-chardev") ARG("%s")), free_ones[i]);
		goes_round();
	}
	/* Two commas are one in the name. */
	refuses(DOMAIN("a,b", "<memory>1</memory>", "", QEMU("\n" ARG("-chardev")
		ARG("socket,id=x,path=/run/freehint/a,,b.qmp,server=on"))), "line 2: this argument");
}

static void memory_that_somebody_added_stays(void **state)
{
	static const char lab[] = DOMAIN("vm1", "<memory>1</memory>", SHMEM("freehint-lab"), "");

	assert_int_equal(remove_all(lab, after), 0);
	has_no_agent(lab);
	refuses(lab, "line 1: this <shmem> has a name like freehint's memory of another domain");
	/* Beside ours, which has another index. */
	strcpy(before, WITH(SHMEM("freehint-lab") SHMEM("freehint-vm1"),
			    EXTENSION("shmmem-shmem1") MONITOR("/run/freehint/vm1.qmp")));
	agent_gets(before, "/run/freehint/vm1.qmp", "/dev/shm/freehint-vm1");
	assert_int_equal(remove_all(before, after), 1);
	assert_string_equal(after, DOMAIN("vm1", "<memory>1</memory>", SHMEM("freehint-lab"), ""));
}

/* As virt-clone and virsh domrename leave it. */
static void a_copy_is_ours_and_its_monitor_is_not(void **state)
{
	strcpy(before, WITH(SHMEM("freehint-old"), EXTENSION("shmmem-shmem0")
			    MONITOR("/run/freehint/old.qmp") MONITOR("/run/freehint/admin.qmp")));
	agent_gets(before, "/run/freehint/old.qmp", "/dev/shm/freehint-old");
	refuses(before, "another domain's, of which this one may be a copy");
	assert_int_equal(remove_all(before, after), 1);
	assert_string_equal(after, WITH("", MONITOR("/run/freehint/admin.qmp")));
	/* The extension is gone, the names tell. */
	strcpy(before, WITH(SHMEM("freehint-old"), MONITOR("/run/freehint/old.qmp")));
	assert_int_equal(remove_all(before, after), 1);
	assert_string_equal(after, DOMAIN("vm1", "<memory>1</memory>", "", ""));
}

/* Written by hand: the name is any, and the extension tells whose it is. */
static void memory_that_the_extension_uses_is_ours(void **state)
{
	strcpy(before, WITH(SHMEM("other") "<shmem name='freehint-x' role='master'>"
			    "<model type='ivshmem-plain'/><alias name='ua-fh'/></shmem>",
			    EXTENSION("shmmem-ua-fh") MONITOR("/run/freehint/vm1.qmp")));
	agent_gets(before, "/run/freehint/vm1.qmp", "/dev/shm/freehint-x");
	assert_int_equal(remove_all(before, after), 1);
	assert_string_equal(after, DOMAIN("vm1", "<memory>1</memory>", SHMEM("other"), ""));
	/* Other arguments name other memory. */
	has_no_agent(WITH(SHMEM("freehint-x"), EXTENSION("shmmem-shmem01")
			  MONITOR("/run/freehint/vm1.qmp")));
	has_no_agent(WITH(SHMEM("freehint-x"), EXTENSION("x,,memdev=shmmem-shmem0")
			  MONITOR("/run/freehint/vm1.qmp")));
}

/* Whoever wrote them, QEMU takes them: a second extension would end it. */
static void other_ways_to_write_an_argument_are_known(void **state)
{
	static const char *const objects[] = {
		"freehint,id=fh0,memdev=shmmem-shmem0,autostart=on",
		"qom-type=freehint,id=fh0,memdev=shmmem-shmem0",
		"id=fh0,memdev=shmmem-shmem0,qom-type=freehint",
		"{\"qom-type\":\"freehint\",\"id\":\"fh0\",\"memdev\":\"shmmem-shmem0\"}",
		"{ \"memdev\" : \"shmmem-shmem0\", \"id\" : \"fh0\", "
		"\"qom-type\" : \"freehint\" }",
	};
	static char text[ROOM];
	struct domain_change built_in = { .target = { NULL, true } };
	struct domain_change loaded = { .target = { PATH, true } };
	bool json;
	size_t i;

	for (i = 0; i < 2 * sizeof(objects) / sizeof(objects[0]); i++) {
		snprintf(text, ROOM, WITH(SHMEM("freehint-vm1"), ARG("%s") ARG("%s")
					  MONITOR("/run/freehint/vm1.qmp")),
			 i % 2 ? "-object" : "--object", objects[i / 2]);
		agent_gets(text, "/run/freehint/vm1.qmp", "/dev/shm/freehint-vm1");
		assert_int_equal(change_with(&built_in, text, after), 0);
		assert_int_equal(add(text, after), 0);
		json = *objects[i / 2] == '{';
		assert_int_equal(change_with(&loaded, text, after), json ? -1 : 1);
		if (!json) {
			has(ARG("-plugin") "<q:arg value='file=" PATH ",memdev=shmmem-shmem0");
			assert_null(strstr(after, "fh0"));
		}
		assert_int_equal(remove_all(text, after), 1);
		assert_null(strstr(after, "commandline"));
	}
	strcpy(before, WITH(SHMEM("freehint-vm1"), ARG("--plugin")
			    ARG("memdev=shmmem-shmem0,file=" PATH)
			    ARG("--qmp") ARG("unix:/run/freehint/vm1.qmp,server=on")));
	assert_int_equal(add(before, after), 0);
	strcpy(before, WITH(SHMEM("freehint-vm1"), ARG("-plugin") ARG(PATH ",memdev=shmmem-shmem0")
			    ARG("-qmp-pretty")
			    ARG("unix:server=on,path=/run/freehint/vm1.qmp,wait=off")));
	assert_int_equal(add(before, after), 0);
	agent_gets(before, "/run/freehint/vm1.qmp", "/dev/shm/freehint-vm1");
	refuses(WITH(SHMEM("freehint-vm1"), ARG("-object")
		     ARG("{\"qom-type\":\"freehint\",\"memdev\":\"x\"}")
		     EXTENSION("shmmem-shmem0")),
		"the extension is loaded twice");
}

/* Objects of others, with our words in them. */
static void other_arguments_are_not_ours(void **state)
{
	strcpy(before, WITH("", ARG("-object") ARG("freehint-x,id=a") ARG("---object")
			    ARG("freehint,id=a") ARG("-object") ARG("iothread,id=qom-type=freehint")
			    ARG("-object") ARG("{\"qom-type\":\"iothread\",\"id\":\"freehint\"}")
			    ARG("-object") ARG("iothread,id=a,,qom-type=freehint")
			    ARG("-object") ARG("{\"qom-type") ARG("-object")
			    ARG("{\"qom-type\" :")));
	has_no_agent(before);
	goes_round();
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_monitor_that_somebody_added_stays),
		cmocka_unit_test(the_agent_keeps_its_own_monitor),
		cmocka_unit_test(the_path_of_the_agents_monitor_is_taken_once),
		cmocka_unit_test(memory_that_somebody_added_stays),
		cmocka_unit_test(a_copy_is_ours_and_its_monitor_is_not),
		cmocka_unit_test(memory_that_the_extension_uses_is_ours),
		cmocka_unit_test(other_ways_to_write_an_argument_are_known),
		cmocka_unit_test(other_arguments_are_not_ours),
)
