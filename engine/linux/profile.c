/*
 * The AppArmor profile in the kernel. Owns its text and the conversation with
 * `apparmor_parser`.
 *
 * Loaded from the file that setup made, without the parser's cache, which
 * would be a file that nobody recorded; taken out by its name alone, whatever
 * became of the file. Refuses every profile but ours.
 */
#include "engine/linux/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define LIST "/sys/kernel/security/apparmor/profiles"
#define RESTRICTED "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define LIST_BYTES_MAX ((size_t)8 << 20)

bool sbk_profile_needed(void)
{
	char digit = '0';
	int fd = open(RESTRICTED, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false; /* no such restriction in this kernel */
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	(void)close(fd); /* it was only read */
	return digit != '0';
}

/* --- the text --------------------------------------------------------- */

/*
 * `flags=(unconfined)`: nothing is taken away from the programs; `userns` is
 * mediated since the abi that is named, so it must be. The run's command
 * inherits the profile and may make namespaces, as it may on other systems.
 */
int sbk_profile_text(struct sbk_buf *out, const char *directory,
		     struct sbk_error *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._+-";

	if (*directory != '/' || directory[strspn(directory, plain)] != '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "the directory '%s' has a character that "
				     "means something in an AppArmor profile",
				     directory);
	sbk_buf_printf(out,
		       "abi <abi/4.0>,\n"
		       "\n"
		       "profile " SBK_PROFILE_NAME
		       " %s/{sandbook,sandbook-mount,sandbook-setup} "
		       "flags=(unconfined) {\n"
		       "  userns,\n"
		       "}\n",
		       directory);
	return sbk_buf_failed(out, err);
}

static int run_parser(const char *const *argv, const char *input, int lock,
		      struct sbk_error *err)
{
	const struct sbk_program program = {
		.argv = argv,
		.input = input,
		.input_size = input != NULL ? strlen(input) : 0,
		.hold_fd = lock,
	};

	return sbk_program_do(&program, NULL, err);
}

int sbk_profile_check(const struct sbk_buf *text, struct sbk_error *err)
{
	static const char *const argv[] = {"apparmor_parser", "-q", "-Q", "-K",
					   NULL};

	return run_parser(argv, sbk_buf_text(text), 0, err);
}

/* --- what is loaded --------------------------------------------------- */

static int check_name(const char *name, struct sbk_error *err)
{
	if (strcmp(name, SBK_PROFILE_NAME) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "the AppArmor profile '%s' is not Sandbook's",
			     name);
}

/* "name (mode)" by line; a kernel without AppArmor has no list. */
static int read_list(struct sbk_buf *out, struct sbk_error *err)
{
	int fd = open(LIST, O_RDONLY | O_CLOEXEC), os_code = errno, rc;

	if (fd < 0 && (os_code == ENOENT || os_code == ENOTDIR))
		return 0;
	if (fd < 0)
		return sbk_error_set_errno(err, os_code, "opening '" LIST "'");
	rc = sbk_fd_read_all(fd, LIST, LIST_BYTES_MAX, out, err);
	(void)close(fd); /* it was only read */
	return rc;
}

static int read_state(struct sbk_buf *out, struct sbk_error *err)
{
	static const char start[] = SBK_PROFILE_NAME " (";
	struct sbk_buf list = SBK_BUF_INIT;
	const char *at, *end;
	int rc = read_list(&list, err);

	sbk_buf_clear(out);
	at = sbk_buf_text(&list);
	for (; rc == 0 && *at != '\0'; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		if (strncmp(at, start, sizeof(start) - 1) == 0)
			sbk_buf_printf(out, "%.*s\n", (int)(end - at), at);
	}
	sbk_buf_release(&list);
	return rc == 0 ? sbk_buf_failed(out, err) : rc;
}

static int profile_observe(struct sbk_host *host,
			   const struct sbk_object *object,
			   struct sbk_observation *out, struct sbk_error *err)
{
	int rc = check_name(object->name, err);

	(void)host;
	if (rc < 0)
		return rc;
	sbk_buf_clear(&out->identity);
	return read_state(&out->state, err);
}

static int change(struct sbk_state next, int lock, struct sbk_error *err)
{
	static const char *const load[] = {"apparmor_parser", "-q", "-K", "-r",
					   SBK_PROFILE_FILE,  NULL};
	static const char *const take_out[] = {"apparmor_parser", "-q", "-K",
					       "-R", NULL};

	if (sbk_state_absent(next))
		return run_parser(take_out,
				  "profile " SBK_PROFILE_NAME " {\n}\n", lock,
				  err);
	return run_parser(load, NULL, lock, err);
}

static int check_state(struct sbk_state wanted, int code, const char *message,
		       struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = read_state(&now, err);

	if (rc == 0 &&
	    !sbk_state_equal((struct sbk_state){sbk_buf_text(&now), now.size},
			     wanted))
		rc = sbk_error_set(err, code,
				   "the AppArmor profile '" SBK_PROFILE_NAME
				   "' %s",
				   message);
	sbk_buf_release(&now);
	return rc;
}

static int profile_replace(struct sbk_host *host,
			   const struct sbk_object *object,
			   struct sbk_state expected, struct sbk_state next,
			   struct sbk_error *err)
{
	int lock = -1, rc = check_name(object->name, err);

	(void)host; /* it lives in the kernel: nothing to flush */
	if (rc == 0)
		rc = sbk_program_lock(1, &lock, err);
	if (rc == 0)
		rc = check_state(expected, SBK_E_CONFLICT,
				 "changed since it was looked at", err);
	if (rc == 0)
		rc = change(next, lock, err);
	if (rc == 0)
		rc = check_state(next, SBK_E_IO,
				 "is not what 'apparmor_parser' was asked for",
				 err);
	sbk_program_unlock(lock);
	return rc;
}

const struct sbk_host_kind sbk_host_profile = {
	.tool_lock = true,
	.observe = profile_observe,
	.replace = profile_replace,
};
