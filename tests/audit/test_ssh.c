/*
 * ~/.ssh of a made-up person. Each finding's remedy is run in a shell, and
 * then the finding must be gone.
 */
#include "audit/ssh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/audit/world.h"

#include "engine/banned.h"

#define KEY "printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nx\\n' >"
#define OWNER 64903

static struct sbk_person person_of(const char *home)
{
	struct sbk_person person = {.uid = OWNER, .gid = OWNER, .name = "ann"};

	(void)snprintf(person.home, sizeof(person.home), "%s", home);
	return person;
}

static struct sbk_report *ssh_of(const char *home)
{
	struct sbk_person person = person_of(home);
	struct sbk_report *report = sbk_report_new("ssh");
	struct sbk_backend backend = host_backend();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_audit_ssh(&backend, &person, report, &err), &err);
	sbk_backend_close(&backend);
	return report;
}

/* A home that OpenSSH has nothing against. */
static char *make_home(void)
{
	char *home = sbk_test_directory("ssh");

	in_tree(home, "chmod 755 . && mkdir -m 700 .ssh && " KEY
		      ".ssh/id_test && touch .ssh/config .ssh/authorized_keys "
		      ".ssh/id_test.pub .ssh/known_hosts && "
		      "chmod 600 .ssh/id_test .ssh/authorized_keys && "
		      "chmod 664 .ssh/id_test.pub .ssh/known_hosts && "
		      "chmod 644 .ssh/config && chown -R 64903:64903 .");
	return home;
}

static void test_ssh__a_good_home_is_clean(void **unused)
{
	char *home = make_home();
	struct sbk_report *report = ssh_of(home);

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("giving files away needs root");
	assert_int_equal(sbk_report_exit(report), 0);
	assert_int_equal(sbk_report_count(report), 0);
	/* Home, .ssh, the key, config, authorized_keys. */
	assert_int_equal(sbk_report_coverage(report)->examined, 5);
	sbk_report_free(report);
	sbk_test_remove(home);
}

/* Breaks a good home, expects exactly this finding, runs its remedy, and
 * expects a clean one. */
static void assert_mended(const char *what, const char *rule, const char *path,
			  const char *words)
{
	char *home = make_home();
	const struct sbk_finding *finding;
	struct sbk_report *report;
	struct sbk_buf command = SBK_BUF_INIT;

	setenv("T", home, 1);
	sbk_buf_printf(&command, "cd \"$T\" && %s", what);
	assert_int_equal(shell(command.data), 0);
	report = ssh_of(home);
	assert_int_equal(sbk_report_exit(report), 1);
	assert_int_equal(sbk_report_count(report), 1);
	finding = finding_of(report, rule, home, path);
	if (finding == NULL) {
		print_error("no %s for %s; but %s: %s\n", rule, path,
			    sbk_report_at(report, 0)->rule,
			    sbk_report_at(report, 0)->object);
		fail();
	}
	assert_non_null(strstr(finding->text, words));
	assert_non_null(finding->remedy);
	assert_int_equal(shell(finding->remedy), 0);
	sbk_report_free(report);
	report = ssh_of(home);
	assert_int_equal(sbk_report_exit(report), 0);
	sbk_report_free(report);
	sbk_buf_release(&command);
	sbk_test_remove(home);
}

static void test_ssh__findings_and_their_remedies(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("giving files away needs root");
	assert_mended("chmod 640 .ssh/id_test", "ssh.private-key",
		      ".ssh/id_test", "mode 0640");
	assert_mended("chmod 604 .ssh/id_test", "ssh.private-key",
		      ".ssh/id_test", "mode 0604");
	assert_mended("setfacl -m u:64901:r .ssh/id_test", "ssh.private-key",
		      ".ssh/id_test", "'u:64901:r--', through the mask");
	assert_mended("setfacl -m u:64901:r,g:64911:rw .ssh/id_test",
		      "ssh.private-key", ".ssh/id_test", "'g:64911:rw-'");
	assert_mended("setfacl -n -m u:64901:-,m::rw .ssh/id_test",
		      "ssh.private-key", ".ssh/id_test", "left behind");
	assert_mended("chmod 664 .ssh/config", "ssh.config", ".ssh/config",
		      "mode 0664");
	assert_mended("chown 64901 .ssh/config", "ssh.config", ".ssh/config",
		      "owned by number 64901");
	assert_mended("setfacl -m u:64901:rw .ssh/authorized_keys",
		      "ssh.authorized-keys", ".ssh/authorized_keys",
		      "'u:64901:rw-'");
	assert_mended("setfacl -m u:64901:rwx .ssh", "ssh.directory", ".ssh",
		      "'u:64901:rwx'");
	assert_mended("chmod 775 .", "ssh.directory", "", "mode 0775");
	assert_mended("chown 64901 .ssh", "ssh.directory", ".ssh",
		      "owned by number 64901");
}

static void test_ssh__what_does_no_harm_is_no_finding(void **unused)
{
	static const char *const commands[] = {
		"setfacl -m u:64901:r .ssh/config",
		"setfacl -m u:64901:rx .",
		"setfacl -m u:64901:r .ssh/authorized_keys",
		"chown 0 .ssh/config .ssh/authorized_keys .",
		"chmod 666 .ssh/id_test.pub",
		/* Nobody logs in by a list that is not there. */
		"rm .ssh/authorized_keys && chmod 777 .",
	};
	size_t i;

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("giving files away needs root");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char *home = make_home(), command[300];
		struct sbk_report *report;

		(void)snprintf(command, sizeof(command), "cd \"$T\" && %s",
			       commands[i]);
		assert_int_equal(shell(command), 0);
		report = ssh_of(home);
		if (sbk_report_exit(report) != 0)
			print_error("%s\n", commands[i]);
		assert_int_equal(sbk_report_exit(report), 0);
		sbk_report_free(report);
		sbk_test_remove(home);
	}
}

static void test_ssh__a_key_elsewhere_is_found_through_the_config(void **unused)
{
	char *home = make_home();
	struct sbk_report *report;

	(void)unused;
	in_tree(home, "mkdir keys && " KEY "keys/work && chown 64903 keys/work "
		      "&& chmod 644 keys/work && "
		      "echo 'IdentityFile ~/keys/work' >.ssh/config");
	report = ssh_of(home);
	assert_non_null(
		finding_of(report, "ssh.private-key", home, "keys/work"));
	sbk_report_free(report);
	sbk_test_remove(home);
}

static void test_ssh__no_directory_is_clean(void **unused)
{
	char *home = sbk_test_directory("ssh");
	struct sbk_report *report = ssh_of(home);

	(void)unused;
	assert_int_equal(sbk_report_exit(report), 0);
	assert_int_equal(count_of(report, "ssh.none"), 1);
	sbk_report_free(report);
	sbk_test_remove(home);
}

static int ssh_as_stranger(void *arg)
{
	return sbk_report_exit(ssh_of(arg));
}

static void test_ssh__what_cannot_be_read_is_not_clean(void **unused)
{
	char *home = make_home();

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("becoming another account needs root");
	assert_int_equal(as_number(STRANGER, ssh_as_stranger, home), 2);
	assert_int_equal(as_number(OWNER, ssh_as_stranger, home), 0);
	sbk_test_remove(home);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_ssh__a_good_home_is_clean),
	cmocka_unit_test(test_ssh__findings_and_their_remedies),
	cmocka_unit_test(test_ssh__what_does_no_harm_is_no_finding),
	cmocka_unit_test(test_ssh__a_key_elsewhere_is_found_through_the_config),
	cmocka_unit_test(test_ssh__no_directory_is_clean),
	cmocka_unit_test(test_ssh__what_cannot_be_read_is_not_clean),
};

SBK_TEST_MAIN(tests)
