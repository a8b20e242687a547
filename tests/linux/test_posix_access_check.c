/*
 * The access check against the kernel: random owners, modes and ACLs, and for
 * each a child that becomes the principal and really opens the object.
 */
#include "engine/linux/posix_access_check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/linux/access_state.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define OBJECTS 300
#define UID 64900 /* the principal; its neighbours are others */
#define GID 64910
#define OTHER_GID 64911

static const char *const groups[] = {"g:64910", "g:64912"};
static const struct sbk_subject subject = {
	.principal = "u:64900", .groups = groups, .group_count = 2};

static unsigned random_below(unsigned limit)
{
	return (unsigned)rand() % limit;
}

static void add_entry(struct sbk_acl *acl, uint8_t tag, uint32_t id)
{
	struct sbk_acl_entry entry = {
		.tag = tag, .id = id, .perms = (uint8_t)random_below(8)};

	assert_true(sbk_acl_insert(acl, entry));
}

static void random_acl(struct sbk_acl *acl)
{
	static const uint32_t uids[] = {UID, UID + 1};
	static const uint32_t gids[] = {GID, OTHER_GID, GID + 2};
	size_t i;

	acl->count = 0;
	add_entry(acl, SBK_ACL_USER_OBJ, 0);
	for (i = 0; i < 2; i++)
		if (random_below(2) == 0)
			add_entry(acl, SBK_ACL_USER, uids[i]);
	add_entry(acl, SBK_ACL_GROUP_OBJ, 0);
	for (i = 0; i < 3; i++)
		if (random_below(2) == 0)
			add_entry(acl, SBK_ACL_GROUP, gids[i]);
	/* An empty mask is the kernel's odd case: make it frequent. */
	add_entry(acl, SBK_ACL_MASK, 0);
	if (random_below(4) == 0)
		sbk_acl_find(acl, SBK_ACL_MASK, 0)->perms = 0;
	add_entry(acl, SBK_ACL_OTHER, 0);
}

static void make_object(const char *path, struct sbk_access *out)
{
	static const uint32_t uids[] = {0, UID, UID + 1};
	static const uint32_t gids[] = {0, GID, OTHER_GID};
	unsigned char value[SBK_ACL_BYTES_MAX];
	bool directory = random_below(3) == 0;
	struct stat st;

	if (directory)
		assert_int_equal(mkdir(path, 0700), 0);
	else
		assert_int_equal(
			close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)),
			0);
	assert_int_equal(
		chown(path, uids[random_below(3)], gids[random_below(3)]), 0);
	assert_int_equal(chmod(path, random_below(01000)), 0);
	out->acl.count = out->dflt.count = 0;
	if (random_below(4) != 0) {
		random_acl(&out->acl);
		assert_int_equal(setxattr(path, "system.posix_acl_access",
					  value,
					  sbk_acl_encode(&out->acl, value), 0),
				 0);
	}
	assert_int_equal(lstat(path, &st), 0);
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	out->mode = st.st_mode;
}

/* As the principal: what can really be done. Runs in a child. */
static unsigned try(const char *path)
{
	unsigned rights = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	if (fd >= 0) {
		rights |= SBK_MAY_READ;
		(void)close(fd);
	}
	if (access(path, W_OK) == 0)
		rights |= SBK_MAY_WRITE;
	if (access(path, X_OK) == 0)
		rights |= SBK_MAY_EXECUTE;
	/* For files the write is really opened, too. */
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY);
		if ((fd >= 0) != ((rights & SBK_MAY_WRITE) != 0))
			return 0xff;
		if (fd >= 0)
			(void)close(fd);
	}
	return rights;
}

static unsigned rights_of_kernel(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		const gid_t gids[] = {GID, GID + 2};

		if (setgroups(2, gids) < 0 || setresgid(GID, GID, GID) < 0 ||
		    setresuid(UID, UID, UID) < 0)
			_exit(0xfe);
		_exit((int)try(path));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (unsigned)WEXITSTATUS(status);
}

static void test_posix_access_check__agrees_with_the_kernel(void **unused)
{
	char *directory = sbk_test_directory("access-check"), path[600];
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i, granted = 0, denied = 0, odd = 0;

	(void)unused;
	if (geteuid() != 0)
		sbk_test_skip("becoming another account needs root");
	srand(20240607);
	assert_int_equal(chmod(directory, 0755), 0);
	for (i = 0; i < OBJECTS; i++) {
		struct sbk_buf state = SBK_BUF_INIT, entry = SBK_BUF_INIT;
		struct sbk_access access;
		unsigned rights, real;
		bool named;

		(void)snprintf(path, sizeof(path), "%s/%zu", directory, i);
		make_object(path, &access);
		sbk_access_format(&access, &state);
		assert_ok(sbk_access_evaluate(
				  (struct sbk_state){state.data, state.size},
				  &subject, &rights, &named, &entry, &err),
			  &err);
		real = rights_of_kernel(path);
		if (real != rights) {
			print_error("%s: evaluate says %u by '%s', the kernel "
				    "%u\n%s",
				    path, rights, entry.data, real, state.data);
			fail();
		}
		granted += rights != 0;
		denied += rights != 7;
		odd += access.acl.count > 0 && (access.mode & 070) == 0 &&
		       rights != 0 && !named;
		sbk_buf_release(&state);
		sbk_buf_release(&entry);
	}
	/* The sample has all that it is meant to have. */
	assert_true(granted > OBJECTS / 5);
	assert_true(denied > OBJECTS / 5);
	assert_true(odd > 0);
	sbk_test_remove(directory);
}

static unsigned evaluate(const char *text, const struct sbk_subject *who,
			 bool *named, char *entry_text)
{
	struct sbk_buf entry = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned rights = 0;

	assert_ok(sbk_access_evaluate((struct sbk_state){text, strlen(text)},
				      who, &rights, named, &entry, &err),
		  &err);
	(void)snprintf(entry_text, 64, "%s", entry.data);
	sbk_buf_release(&entry);
	return rights;
}

static void test_posix_access_check__says_what_decided(void **unused)
{
	static const char acl[] = "owner 1\ngroup 2\nmode 100640\n"
				  "access u::rw-\naccess u:64900:rw-\n"
				  "access g::r--\naccess g:64912:rwx\n"
				  "access m::r--\naccess o::---\n";
	static const struct sbk_subject group = {.principal = "g:64912"};
	static const struct sbk_subject stranger = {.principal = "u:5"};
	static const struct sbk_subject owner = {.principal = "u:1"};
	char entry[64];
	bool named;

	(void)unused;
	assert_int_equal(evaluate(acl, &subject, &named, entry), SBK_MAY_READ);
	assert_true(named);
	assert_string_equal(entry, "access u:64900:rw- (mask r--)");
	assert_int_equal(evaluate(acl, &group, &named, entry), SBK_MAY_READ);
	assert_true(named);
	assert_string_equal(entry, "access g:64912:rwx (mask r--)");
	assert_int_equal(evaluate(acl, &owner, &named, entry),
			 SBK_MAY_READ | SBK_MAY_WRITE);
	assert_true(named);
	assert_string_equal(entry, "owner u:1:rw-");
	assert_int_equal(evaluate(acl, &stranger, &named, entry), 0);
	assert_false(named);
	assert_string_equal(entry, "other ---");
}

static void test_posix_access_check__refuses_what_is_malformed(void **unused)
{
	static const struct sbk_subject bad[] = {
		{.principal = "990"},
		{.principal = "u:"},
		{.principal = "u:4294967296"},
		{.principal = "x:1"},
	};
	static const char good[] = "owner 1\ngroup 2\nmode 100640\n";
	struct sbk_buf entry = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned rights, how;
	bool named;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_error(sbk_access_evaluate(
				     (struct sbk_state){good, strlen(good)},
				     &bad[i], &rights, &named, &entry, &err),
			     SBK_E_INVAL, &err);
		assert_error(sbk_access_naming(
				     (struct sbk_state){good, strlen(good)},
				     bad[i].principal, &how, &err),
			     SBK_E_INVAL, &err);
	}
	assert_error(sbk_access_evaluate((struct sbk_state){"mode 7\n", 7},
					 &subject, &rights, &named, &entry,
					 &err),
		     SBK_E_PARSE, &err);
	sbk_buf_release(&entry);
}

static void test_posix_access_check__naming_tells_the_ways_apart(void **unused)
{
	static const char text[] = "owner 1\ngroup 2\nmode 40750\n"
				   "access u::rwx\naccess u:3:---\n"
				   "access g::r-x\naccess m::r-x\naccess "
				   "o::---\n"
				   "default u::rwx\ndefault u:4:rwx\n"
				   "default g::r-x\ndefault m::rwx\ndefault "
				   "o::---\n";
	static const struct {
		const char *principal;
		unsigned how;
	} cases[] = {
		{"u:1", SBK_NAMED_OWNER},
		{"g:2", SBK_NAMED_GROUP},
		{"u:3", SBK_NAMED_ENTRY},
		{"u:4", SBK_NAMED_INHERIT},
		{"u:2", 0},
		{"g:1", 0},
		{"g:3", 0},
		{"u:31", 0},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned how;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(sbk_access_naming(
				  (struct sbk_state){text, strlen(text)},
				  cases[i].principal, &how, &err),
			  &err);
		assert_int_equal(how, cases[i].how);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_posix_access_check__agrees_with_the_kernel),
	cmocka_unit_test(test_posix_access_check__says_what_decided),
	cmocka_unit_test(test_posix_access_check__refuses_what_is_malformed),
	cmocka_unit_test(test_posix_access_check__naming_tells_the_ways_apart),
};

SBK_TEST_MAIN(tests)
