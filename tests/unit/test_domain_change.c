// SPDX-License-Identifier: GPL-2.0
/*
 * Domains as libvirt 9, libvirt 11 and KubeVirt write them get freehint and lose it again:
 * every other byte stays, a second time changes nothing, and what is not understood is
 * refused with its line.
 */
/* rig: tests/unit/domain_rig.h */
#include <errno.h>

#include "tests/unit/domain_rig.h"

static void recorded_domains_go_round(void **state)
{
	static const struct {
		const char *file;
		const char *size;
		const char *memdev;
	} all[] = {
		{ "libvirt9-plain.xml", "<size unit='M'>1<", "memdev=shmmem-shmem0," },
		/* up to 64 GiB, and 16 slots that may be moved up by 1 GiB each */
		{ "libvirt9-numa.xml", "<size unit='M'>4<", "memdev=shmmem-shmem0," },
		{ "libvirt9-commandline.xml", "<size unit='M'>1<", "memdev=shmmem-shmem1," },
		/* up to 2 TiB, and the hole below 1 TiB */
		{ "libvirt11-efi.xml", "<size unit='M'>128<", "memdev=shmmem-shmem0," },
		{ "kubevirt.xml", "<size unit='M'>1<", "memdev=shmmem-shmem0," },
		/* 30 GiB from 1 GiB on */
		{ "libvirt9-arm64.xml", "<size unit='M'>1<", "memdev=shmmem-shmem0," },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		load(all[i].file);
		goes_round();
		has(all[i].size);
		has(all[i].memdev);
	}
}

static void crlf_and_one_line_go_round(void **state)
{
	static char line[ROOM];
	char *to = line;
	size_t i;

	load("libvirt9-commandline.xml");
	for (i = 0; before[i]; i++) {
		if (before[i] == '\n')
			*to++ = '\r';
		*to++ = before[i];
	}
	*to = '\0';
	strcpy(before, line);
	goes_round();
	has("    <shmem name='freehint-db &amp; co' role='master'>\r\n"
	    "      <model type='ivshmem-plain'/>\r\n");
	has("    <qemu:arg value='-plugin'/>\r\n");
	for (i = 0; after[i]; i++)
		assert_true(after[i] != '\n' || after[i - 1] == '\r');
	strcpy(before, SMALL("vm1"));
	goes_round();
	assert_null(strchr(after, '\n'));
}

static void the_page_of_libvirt_is_written(void **state)
{
	strcpy(before, "<domain type='qemu'>\n  <name>vm1</name>\n  <memory unit='GB'>8</memory>\n"
	       "  <devices>\n    <memballoon model='none'/>\n  </devices>\n</domain>\n");
	goes_round();
	assert_string_equal(after,
		"<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
		"  <name>vm1</name>\n  <memory unit='GB'>8</memory>\n"
		"  <devices>\n    <memballoon model='none'/>\n"
		"    <shmem name='freehint-vm1' role='master'>\n"
		"      <model type='ivshmem-plain'/>\n"
		"      <size unit='M'>1</size>\n"
		"    </shmem>\n"
		"  </devices>\n"
		"  <qemu:commandline>\n"
		"    <qemu:arg value='-plugin'/>\n"
		"    <qemu:arg value='file=" PATH ",memdev=shmmem-shmem0,autostart=on'/>\n"
		"    <qemu:arg value='-qmp'/>\n"
		"    <qemu:arg value='unix:/run/freehint/vm1.qmp,server=on,wait=off'/>\n"
		"  </qemu:commandline>\n</domain>\n");
}

static void elements_without_content_are_filled(void **state)
{
	strcpy(before, "<domain type='kvm'>\n\t<name>a</name>\n\t<memory>1</memory>\n"
	       "\t<devices/>\n</domain>\n");
	assert_int_equal(add(before, after), 1);
	has("\t<devices>\n\t  <shmem name='freehint-a' role='master'>\n");
	has("\t  </shmem>\n\t</devices>\n");
	strcpy(before, DOMAIN("a", "<memory>1</memory>", "",
			      "<commandline xmlns='" DOMAIN_QEMU_NS "' />"));
	assert_int_equal(add(before, after), 1);
	has("' ><arg value='-plugin'/><arg value='file=");
	has("wait=off'/></commandline></domain>");
}

static void hostile_names_are_right_everywhere(void **state)
{
	strcpy(before, SMALL("a &amp; 'b', \"c\"=d@&#xe9; %i $x"));
	goes_round();
	has("<shmem name='freehint-a &amp; &apos;b&apos;, \"c\"=d@\xc3\xa9 %i $x' ");
	/* QEMU wants two commas, and to be told that what has a "=" is a path. */
	has("'unix:path=/run/freehint/a &amp; &apos;b&apos;,, \"c\"=d@\xc3\xa9 %i $x.qmp,server=on");
	refuses(SMALL("a/b"), "slash");
	refuses(SMALL("a\nb"), "control character");
	refuses(SMALL(""), "empty");
	refuses(SMALL("0123456789012345678901234567890123456789012345678901234567890123456789"
		      "01234567890123456789"), "90 bytes");
}

/* Libvirt takes any element with a prefix in <metadata>, and keeps it. */
static void a_prefix_that_is_used_stays_declared(void **state)
{
	static const char *const used[] = {
		"<metadata><qemu:note>x</qemu:note></metadata>",
		"<metadata><a:b xmlns:a='urn:a'><c qemu:d='e'/></a:b></metadata>",
		"<memory qemu:by='me'>1</memory>",
	}, *const unused[] = {
		"<metadata><qemu:note xmlns:qemu='urn:q'>x</qemu:note></metadata>",
		"<metadata><a:b xmlns:a='urn:a'><!-- qemu:c --></a:b></metadata>",
		"<a:b xmlns:a='urn:a'/>",
	};
	static char plain[ROOM];
	size_t i;

	for (i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		snprintf(before, ROOM, "<domain type='kvm'" DOMAIN_QEMU_DECLARED "><name>a</name>"
			 "%s<memory>1</memory><devices/></domain>", used[i]);
		assert_int_equal(add(before, after), 1);
		assert_int_equal(remove_all(after, plain), 1);
		assert_non_null(strstr(plain, DOMAIN_QEMU_DECLARED));
		assert_null(strstr(plain, "commandline"));
	}
	for (i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		snprintf(before, ROOM, "<domain type='kvm'><name>a</name>%s<memory>1</memory>"
			 "<devices></devices></domain>", unused[i]);
		goes_round();
	}
}

/* A QEMU without plugins ends at a -plugin: somebody who does not say so does not want it. */
static void the_kind_of_qemu_stays_unless_it_is_given(void **state)
{
	struct domain_change built_in = { .target = { NULL, true } };
	struct domain_change loaded = { .target = { "/opt/freehint-qemu.so", true } };

	assert_int_equal(change_with(&built_in, SMALL("a"), after), 1);
	has("<qemu:arg value='-object'/><qemu:arg value='freehint,id=fh0,memdev=shmmem-shmem0,autostart=on'/>");
	assert_int_equal(add(after, before), 0);
	assert_int_equal(change_with(&loaded, after, before), 1);
	strcpy(after, before);
	has("<qemu:arg value='-plugin'/><qemu:arg value='file=/opt/freehint-qemu.so,");
	assert_null(strstr(after, "-object"));
	assert_int_equal(add(after, before), 0);
	assert_int_equal(change_with(&built_in, after, before), 1);
	assert_null(strstr(before, "-plugin"));
}

static void options_that_somebody_added_stay(void **state)
{
	strcpy(before, DOMAIN("a", "<memory>1</memory>", SHMEM("freehint-a"),
			      QEMU("<q:arg value='-plugin'/><q:arg value='file=/x/freehint-qemu.so,"
				   "audit=on,memdev=shmmem-shmem0'/>")));
	assert_int_equal(add(before, after), 1);
	has("audit=on,memdev=shmmem-shmem0'/><q:arg value='-qmp'/>");
}

/* A domain whose -plugin or -object has this value. */
static const char *with_value(const char *option, const char *value)
{
	snprintf(before, ROOM, DOMAIN("a", "<memory>1</memory>", SHMEM("freehint-a"),
				      QEMU("<q:arg value='%s'/>\n<q:arg value='%s'/>")), option, value);
	return before;
}

/* Without allow-untested=on a QEMU would go on without hints. */
static void another_path_changes_nothing_else(void **state)
{
	static const char *const all[][2] = {
		{ "file=/x/freehint-qemu.so,memdev=shmmem-shmem0,autostart=on,allow-untested=on",
		  "'file=/o,,x/freehint-qemu.so,memdev=shmmem-shmem0,autostart=on,allow-untested=on'" },
		{ "memdev=shmmem-shmem0,file=/a,,file=b/freehint-qemu.so,first-wait-ms=100,audit=on",
		  "'memdev=shmmem-shmem0,file=/o,,x/freehint-qemu.so,first-wait-ms=100,audit=on'" },
		{ "/a,,b/freehint-qemu.so,memdev=shmmem-shmem0,strict=on",
		  "'file=/o,,x/freehint-qemu.so,memdev=shmmem-shmem0,strict=on'" },
	};
	struct domain_change change = { .target = { "/o,x/freehint-qemu.so", true } };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(change_with(&change, with_value("--plugin", all[i][0]), after), 1);
		has(all[i][1]);
		has("'--plugin'");
		assert_int_equal(change_with(&change, after, before), 0);
	}
}

/* What the other kind does not have is not dropped without a word. */
static void another_kind_keeps_what_both_have(void **state)
{
#define BOTH	"autostart=off,first-wait-ms=1,later-wait-ms=2,audit=on,give-back=always,"	\
		"give-back-order=9,give-back-leave=64"
	struct domain_change built_in = { .target = { NULL, true } };
	struct domain_change loaded = { .target = { PATH, true } };

	assert_int_equal(change_with(&built_in, with_value("-plugin", PATH ",memdev=shmmem-shmem0,"
							   BOTH), after), 1);
	has("<q:arg value='-object'/>\n<q:arg value='freehint,id=fh0,memdev=shmmem-shmem0," BOTH "'/>");
	assert_int_equal(change_with(&loaded, after, after), 1);
	has("<q:arg value='-plugin'/>\n<q:arg value='file=" PATH ",memdev=shmmem-shmem0," BOTH "'/>");
	refuses_target(&built_in, with_value("-plugin", "file=" PATH ",memdev=shmmem-shmem0,"
					   "allow-untested=on,autostart=on,strict=on"),
		     "line 2: -object freehint has no option 'allow-untested=on,strict=on'");
	refuses_target(&built_in, with_value("-plugin", "file=" PATH ",memdev=shmmem-shmem0,autostart"),
		     "has no option 'autostart'");
	refuses_target(&loaded, with_value("-object", "id=x,memdev=shmmem-shmem0,y=z,qom-type=freehint"),
		     "line 2: the extension has no option 'y=z'");
	refuses_target(&loaded, with_value("-object", "{\"qom-type\":\"freehint\",\"audit\":true,"
					 "\"memdev\":\"shmmem-shmem0\"}"), "line 2: this argument is written as JSON");
}

static void a_copy_of_a_domain_is_told_apart(void **state)
{
	static char copy[ROOM];

	assert_int_equal(add(SMALL("a"), after), 1);
	snprintf(copy, sizeof(copy), "<domain type='kvm' xmlns:qemu='" DOMAIN_QEMU_NS
		 "'>\n<name>b%s", strstr(after, "</name>"));
	refuses(copy, "line 2: this <shmem> is another domain's");
	assert_int_equal(remove_all(copy, before), 1);
	assert_null(strstr(before, "freehint"));
	assert_int_equal(add(before, after), 1);
	has("freehint-b'");
}

static void what_is_ours_in_part_is_refused_with_its_line(void **state)
{
#define BESIDE(shmem) "<domain type='kvm'><name>a</name><memory>1</memory><devices>\n" shmem	\
		      "</devices></domain>"
	refuses(BESIDE("<shmem name='freehint-a' role='master'><model type='ivshmem-doorbell'/></shmem>"),
		"line 2: this <shmem> has freehint's name");
	refuses(BESIDE("<shmem name='freehint-a'><model type='ivshmem-plain'/></shmem>"),
		"line 2: this <shmem> has freehint's name but not role='master'");
	refuses(BESIDE(SHMEM("freehint-a") "\n" SHMEM("freehint-a")), "line 3: a second <shmem>");
	refuses(DOMAIN("a", "<memory>1</memory>", SHMEM("freehint-a"),
		       QEMU("<q:arg value='-plugin'/>\n<q:arg value='file=" PATH ",memdev=other'/>")),
		"line 2: this argument does not name");
	refuses("<domain type='kvm' xmlns:qemu='http://example.org/'><name>a</name><memory>1"
		"</memory><devices/></domain>", "stands for another namespace");
}

static void what_is_no_domain_is_refused(void **state)
{
	refuses("", "line 1: the document is empty");
	refuses("nonsense", "line 1: ");
	refuses("<domain type='kvm'>\n<name>a</nme></domain>", "line 2: ");
	refuses(SMALL("a") "\n" SMALL("b"), "line 2: Extra content");
	refuses("<domains><domain type='kvm'/></domains>", "<domains>, not one <domain>");
	refuses("<domain type='xen'><name>a</name></domain>", "neither 'kvm' nor 'qemu'");
	refuses("<domain type='kvm'>\n<name>a</name></domain>", "<domain> has no <devices>");
	refuses("<domain type='kvm'><devices/></domain>", "<domain> has no <name>");
	refuses("<domain type='kvm'><name>a</name>\n<name>b</name></domain>", "line 2: a second <name>");
	refuses("<domain type='kvm'><name>a</name><devices/><qemu:commandline/></domain>",
		"amespace prefix qemu");
}

/* Nothing is read but the text. */
static void a_document_type_is_refused(void **state)
{
	refuses("<?xml version='1.0'?>\n<!-- <!DOCTYPE a> -->\n"
		"<!DOCTYPE domain [\n<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
		"<domain type='kvm'><name>&x;</name></domain>", "line 3: the document has a document type");
	refuses("<!DOCTYPE d [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"
		"<domain type='kvm'><name>&b;</name></domain>", "document type");
	refuses("<!DOCTYPE d SYSTEM 'http://192.0.2.1/d.dtd'><domain type='kvm'/>", "document type");
	refuses("<domain type='kvm'><name>&x;</name></domain>", "line 1: Entity 'x'");
}

/* ASCII has no other characters, but a document has references to all of them. */
static void a_document_in_ascii_stays_one(void **state)
{
	static const char *const names[] = { "US-ASCII", "us-ascii" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(before, ROOM, "<?xml version='1.0' encoding='%s'?>\n%s", names[i],
			 SMALL("v&#228;m &#x20ac;&#x1f600;&#x9b;"));
		goes_round();
		has("<shmem name='freehint-v&#228;m &#8364;&#128512;&#155;' ");
		has("'unix:/run/freehint/v&#228;m &#8364;&#128512;&#155;.qmp,server=on");
	}
}

/* As they are they would become spaces. */
static void blanks_of_a_value_stay(void **state)
{
	struct domain_change built_in = { .target = { NULL, true } };

	assert_int_equal(change_with(&built_in, with_value("-plugin", PATH ",memdev=shmmem-shmem0,"
							   "audit=&#9;&#10;&#13;"), after), 1);
	has("memdev=shmmem-shmem0,audit=&#9;&#10;&#13;'");
}

static void other_encodings_and_sizes_are_refused(void **state)
{
	struct domain_change change = { .target.extension = PATH };
	char *large = malloc(XML_TEXT_MAX + 1);
	static const char *const encodings[] = {
		"ISO-8859-1", "windows-1252", "ASCII", "UTF-7", "Shift_JIS",
	};
	size_t i;

	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		snprintf(before, ROOM, "<?xml version='1.0' encoding='%s'?>%s", encodings[i],
			 SMALL("v&#228;m"));
		refuses(before, "line 1: the document is encoded in");
		assert_non_null(strstr(error, "convert it"));
	}
	refuses("<?xml version='1.0' encoding='UTF-16'?>" SMALL("v&#228;m"), "line 1: ");
	refuses(SMALL("\xff"), "line 1: ");
	assert_int_equal(add("<?xml version='1.0' encoding='utf-8'?>\n" SMALL("a"), after), 1);
	memset(large, ' ', XML_TEXT_MAX + 1);
	assert_int_equal(domain_change(&change, large, XML_TEXT_MAX + 1), -EINVAL);
	assert_non_null(strstr(change.error, "line 1: the document is longer than 4 MiB"));
	large[XML_TEXT_MAX - 1] = '\n';
	assert_int_equal(domain_change(&change, large, XML_TEXT_MAX + 1), -EINVAL);
	assert_non_null(strstr(change.error, "line 2: the document is longer than 4 MiB"));
	assert_int_equal(domain_change(&change, "<a>\n\0</a>\n\0", 11), -EINVAL);
	assert_non_null(strstr(change.error, "line 2: the document has a zero byte"));
	free(large);
}

static void the_agent_gets_what_the_domain_has(void **state)
{
	struct domain domain;
	char *path;

	assert_int_equal(add(SMALL("a, b=c"), after), 1);
	assert_int_equal(domain_parse(&domain, after, strlen(after)), 0);
	assert_true(domain_is_enabled(&domain));
	path = domain_monitor_path(&domain);
	assert_string_equal(path, "/run/freehint/a, b=c.qmp");
	free(path);
	path = domain_shm_path(&domain);
	assert_string_equal(path, "/dev/shm/freehint-a, b=c");
	free(path);
	domain_free(&domain);
	strcpy(before, SMALL("a"));
	assert_int_equal(domain_parse(&domain, before, strlen(before)), 0);
	assert_false(domain_is_enabled(&domain));
	domain_free(&domain);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(recorded_domains_go_round),
		cmocka_unit_test(crlf_and_one_line_go_round),
		cmocka_unit_test(the_page_of_libvirt_is_written),
		cmocka_unit_test(elements_without_content_are_filled),
		cmocka_unit_test(hostile_names_are_right_everywhere),
		cmocka_unit_test(a_prefix_that_is_used_stays_declared),
		cmocka_unit_test(the_kind_of_qemu_stays_unless_it_is_given),
		cmocka_unit_test(options_that_somebody_added_stay),
		cmocka_unit_test(another_path_changes_nothing_else),
		cmocka_unit_test(another_kind_keeps_what_both_have),
		cmocka_unit_test(a_copy_of_a_domain_is_told_apart),
		cmocka_unit_test(what_is_ours_in_part_is_refused_with_its_line),
		cmocka_unit_test(what_is_no_domain_is_refused),
		cmocka_unit_test(a_document_type_is_refused),
		cmocka_unit_test(a_document_in_ascii_stays_one),
		cmocka_unit_test(blanks_of_a_value_stay),
		cmocka_unit_test(other_encodings_and_sizes_are_refused),
		cmocka_unit_test(the_agent_gets_what_the_domain_has),
)
