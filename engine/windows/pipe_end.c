/* See the header. Owns the pipe's access list: what it is, and that it is what
 * the system has. */
#include "engine/windows/pipe_end.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/handover_rules.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* FILE_ALL_ACCESS, as the pipe's generic mapping has it: a generic bit would
 * read back as another. Whoever is let in reads, writes, and sees the list. */
#define OURS "0x1f01ff"
#define THEIRS "0x12019b"

_Static_assert(SBK_PIPE_NAME_SIZE == SBK_HANDOVER_NAME_SIZE, "one form");

int sbk_pipe_own_user(struct sbk_sid *out, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_win32_process_user(&bytes, err);

	if (rc == 0)
		rc = sbk_sid_read((const uint8_t *)bytes.data, bytes.size, out,
				  err);
	sbk_buf_release(&bytes);
	return rc;
}

/* The descriptor for this owner, `other` let in or, where it is NULL, nobody
 * else. Somebody who is both has the one entry. */
static int describe(const struct sbk_sid *owner, const struct sbk_sid *other,
		    struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_sid_text one, two;
	int rc;

	(void)sbk_sid_format(owner, &one);
	sbk_buf_printf(&text, "O:%sD:P(A;;" OURS ";;;SY)(A;;" OURS ";;;%s)",
		       one.text, one.text);
	if (other != NULL && !sbk_sid_equal(owner, other))
		sbk_buf_printf(&text, "(A;;" THEIRS ";;;%s)",
			       sbk_sid_format(other, &two));
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, out,
				    err);
	sbk_buf_release(&text);
	return rc;
}

/* Owner and DACL as they were meant; `owner` gets whose it is. */
static int compare(HANDLE pipe, const struct sbk_buf *wanted, bool *same,
		   struct sbk_error *err)
{
	struct sbk_buf found = SBK_BUF_INIT;
	struct sbk_sd has, means;
	int rc = sbk_win32_query_security(pipe, &found, err);

	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)found.data, found.size, &has,
				 err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)wanted->data, wanted->size,
				 &means, err);
	if (rc == 0)
		*same = has.has_owner && has.dacl_is == SBK_ACL_PRESENT &&
			sbk_sid_equal(&has.owner, &means.owner) &&
			has.dacl.size == means.dacl.size &&
			memcmp(has.dacl.bytes, means.dacl.bytes,
			       means.dacl.size) == 0;
	sbk_buf_release(&found);
	return rc;
}

static int check_list(HANDLE pipe, const struct sbk_buf *wanted, int code,
		      const char *message, struct sbk_error *err)
{
	bool same = false;
	int rc = compare(pipe, wanted, &same, err);

	if (rc == 0 && !same)
		rc = sbk_error_set(err, code, "%s", message);
	return rc;
}

static int full_name(const char *name, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = 0;

	sbk_buf_printf(&text, "\\\\.\\pipe\\%s", name);
	if (sbk_wide_of(out, sbk_buf_text(&text)) == NULL)
		rc = sbk_error_no_memory(err);
	sbk_buf_release(&text);
	return rc;
}

int sbk_pipe_make(const struct sbk_sid *other, char name[SBK_PIPE_NAME_SIZE],
		  HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT, wide = SBK_BUF_INIT;
	uint8_t random[16];
	char digits[2 * sizeof(random) + 1];
	HANDLE pipe = NULL;
	struct sbk_sid own;
	int rc = sbk_pipe_own_user(&own, err);

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(digits, sizeof(digits), random, sizeof(random));
	(void)snprintf(name, SBK_PIPE_NAME_SIZE, "sandbook-%s", digits);
	if (rc == 0)
		rc = describe(&own, other, &descriptor, err);
	if (rc == 0)
		rc = full_name(name, &wide, err);
	if (rc == 0)
		rc = sbk_win32_make_named_pipe(sbk_wide_text(&wide),
					       &descriptor, &pipe, err);
	if (rc == 0)
		rc = check_list(pipe, &descriptor, SBK_E_UNSUPPORTED,
				"CreateNamedPipeW reported success, and the "
				"pipe has another access list",
				err);
	if (rc == 0)
		*out = pipe;
	else
		sbk_win32_close(&pipe);
	sbk_buf_release(&descriptor);
	sbk_buf_release(&wide);
	return rc;
}

int sbk_pipe_shut(HANDLE pipe, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	struct sbk_sid own;
	int rc = sbk_pipe_own_user(&own, err);

	if (rc == 0)
		rc = describe(&own, NULL, &descriptor, err);
	if (rc == 0)
		rc = sbk_win32_set_security(pipe, DACL_SECURITY_INFORMATION,
					    &descriptor, err);
	if (rc == 0)
		rc = check_list(pipe, &descriptor, SBK_E_UNSUPPORTED,
				"the pipe's access list was set and is "
				"another",
				err);
	sbk_buf_release(&descriptor);
	return rc;
}

int sbk_pipe_join(const char *name, HANDLE *out, struct sbk_sid *owner,
		  struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT, found = SBK_BUF_INIT;
	HANDLE pipe = NULL;
	struct sbk_sd sd;
	int rc;

	/* On a command line stands what anybody may have written. */
	if (!sbk_handover_name_is_ours(name))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.60s' is no pipe of Sandbook's", name);
	rc = full_name(name, &wide, err);
	if (rc == 0)
		rc = sbk_win32_open_named_pipe(sbk_wide_text(&wide), &pipe,
					       err);
	if (rc == 0)
		rc = sbk_win32_query_security(pipe, &found, err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)found.data, found.size, &sd,
				 err);
	if (rc == 0 && !sd.has_owner)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "the pipe '%s' belongs to nobody", name);
	if (rc == 0) {
		*owner = sd.owner;
		*out = pipe;
	} else {
		sbk_win32_close(&pipe);
	}
	sbk_buf_release(&wide);
	sbk_buf_release(&found);
	return rc;
}

int sbk_pipe_check(HANDLE pipe, const struct sbk_sid *owner,
		   const struct sbk_sid *other, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	int rc = describe(owner, other, &descriptor, err);

	if (rc == 0)
		rc = check_list(pipe, &descriptor, SBK_E_DENIED,
				"the pipe lets others in than its owner and "
				"the one it is for",
				err);
	sbk_buf_release(&descriptor);
	return rc;
}

int sbk_pipe_check_client(HANDLE pipe, DWORD process, struct sbk_error *err)
{
	ULONG client = 0;
	int rc = sbk_win32_pipe_client(pipe, &client, err);

	if (rc == 0 && client != process)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "process %lu opened the pipe that was made "
				   "for process %lu; nothing was said to it",
				   (unsigned long)client,
				   (unsigned long)process);
	return rc;
}

int sbk_pipe_read_all(HANDLE pipe, void *data, size_t size, DWORD milliseconds,
		      struct sbk_error *err)
{
	const int64_t until = sbk_win32_clock_ms() + milliseconds;
	uint8_t *at = data;
	int rc = 0;

	while (rc == 0 && size > 0) {
		const int64_t left = until - sbk_win32_clock_ms();
		size_t got = 0;

		rc = sbk_win32_read_within(
			pipe, at, size, left > 0 ? (DWORD)left : 0, &got, err);
		if (rc == 0 && got == 0)
			rc = sbk_error_set(err, SBK_E_INCOMPLETE,
					   "the other end of the pipe went "
					   "away");
		at += got;
		size -= got;
	}
	return rc;
}
