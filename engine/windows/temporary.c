/*
 * Temporary directories of runs. Owns their names (a prefix and 32 digits) and
 * that nothing else in the directory of either kind is touched: in the one that
 * everybody uses, nothing that is not the caller's own. What is removed was
 * written by a command: empty.h says how.
 */
#include "engine/windows/temporary.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/buf.h"
#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/os.h"
#include "engine/windows/empty.h"
#include "engine/windows/folders.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/pin.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

#define PREFIX "run-"
#define SHARED_PREFIX "sandbook-run-"
#define DIGITS 32
#define ABOVE_NAMES_MAX 65536

/* Where it is to be is in `out` already. */
static int make_name(struct sbk_temporary *out, const char *prefix,
		     struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	uint8_t random[DIGITS / 2];
	int rc;

	randombytes_buf(random, sizeof(random));
	sbk_buf_adds(&name, prefix);
	sbk_buf_add_hex(&name, random, sizeof(random));
	rc = sbk_buf_failed(&name, err);
	if (rc == 0) {
		(void)snprintf(out->name, sizeof(out->name), "%s",
			       sbk_buf_text(&name));
		(void)snprintf(out->path, sizeof(out->path), "%s/%s",
			       out->above, out->name);
	}
	sbk_buf_release(&name);
	return rc;
}

int sbk_temporary_name(struct sbk_temporary *out, struct sbk_error *err)
{
	struct sbk_person caller;
	size_t base;
	int rc = sbk_os_caller(&caller, err);

	if (rc == 0)
		rc = sbk_os_person_directory(&caller, out->above,
					     sizeof(out->above), &base, err);
	return rc < 0 ? rc : make_name(out, PREFIX, err);
}

int sbk_temporary_name_shared(struct sbk_temporary *out, struct sbk_error *err)
{
	int rc = sbk_folder_path("ProgramData", out->above, sizeof(out->above),
				 err);

	return rc < 0 ? rc : make_name(out, SHARED_PREFIX, err);
}

static void let_in(const struct sbk_sid *sid, struct sbk_buf *out)
{
	struct sbk_sid_text text;

	if (sid == NULL)
		return;
	(void)sbk_sid_format(sid, &text);
	sbk_buf_printf(out, "(A;;0x1201bf;;;%s)(A;OICIIO;0x1301bf;;;%s)",
		       text.text, text.text);
}

/*
 * The system, the user, the run's logon and the run: these two may not remove
 * or rename the directory itself, and change no list. What the account makes in
 * it is the account's, as which its other runs are the owner, too: so an owner
 * may look at the list, and no more.
 */
static int describe(const struct sbk_sid *run, const struct sbk_sid *logon,
		    struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_owner user;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_os_caller_id(&user, err);

	if (rc == 0) {
		sbk_buf_printf(&text, "O:%sD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;%s)",
			       user.text, user.text);
		let_in(logon, &text);
		let_in(run, &text);
		if (logon != NULL)
			sbk_buf_adds(&text, "(A;OICI;RC;;;OW)");
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, out,
				    err);
	sbk_buf_release(&text);
	return rc;
}

/* What account_environment.c names below the home, each after its parent.
 * Programs make what is theirs in these and not these themselves; npx wants the
 * last one, too (npm/cli issue 7089). */
static const char *const home[][2] = {
	{"", "AppData"},
	{"AppData", "Local"},
	{"AppData", "Roaming"},
	{"AppData/Roaming", "npm"},
};

static int make_home(const struct sbk_temporary *temporary,
		     struct sbk_error *err)
{
	const struct sbk_win32_making making = {.how = SBK_WIN32_NEW,
						.access = FILE_READ_ATTRIBUTES,
						.directory = true};
	char path[sizeof(temporary->path) + 32];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(home) / sizeof(home[0]); i++) {
		struct sbk_pin at = SBK_PIN_INIT;
		HANDLE made = NULL;

		(void)snprintf(path, sizeof(path), "%s%s%s", temporary->path,
			       home[i][0][0] == '\0' ? "" : "/", home[i][0]);
		rc = sbk_pin_path(path, SBK_STORE_CHANGE, &at, err);
		if (rc == 0)
			rc = sbk_store_open_name(at.handle, home[i][1], &making,
						 &made, err);
		sbk_win32_close(&made);
		sbk_pin_release(&at);
	}
	return rc;
}

int sbk_temporary_make(struct sbk_temporary *temporary,
		       const struct sbk_sid *run, const struct sbk_sid *logon,
		       struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	struct sbk_pin above = SBK_PIN_INIT;
	/* A share mode counts for a handle that may read or write alone. */
	const struct sbk_win32_making making = {.how = SBK_WIN32_NEW,
						.access = FILE_LIST_DIRECTORY,
						.directory = true,
						.held = true,
						.descriptor = &descriptor};
	int rc = describe(run, logon, &descriptor, err);

	if (rc == 0)
		rc = sbk_pin_path(temporary->above, SBK_STORE_CHANGE, &above,
				  err);
	if (rc == 0)
		rc = sbk_store_open_name(above.handle, temporary->name, &making,
					 &temporary->held, err);
	if (rc == 0 && logon != NULL)
		rc = make_home(temporary, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "making '%.300s' for the run",
				       temporary->path);
	sbk_pin_release(&above);
	sbk_buf_release(&descriptor);
	return rc;
}

/* --- removal -------------------------------------------------------------- */

/* Others make directories there, too, under names like ours. */
static int check_own(const struct sbk_pin *pin, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid_text owner;
	struct sbk_owner caller;
	struct sbk_sd sd;
	int rc = sbk_os_caller_id(&caller, err);

	if (rc == 0)
		rc = sbk_win32_query_security(pin->handle, &bytes, err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd,
				 err);
	if (rc == 0 &&
	    (!sd.has_owner ||
	     strcmp(sbk_sid_format(&sd.owner, &owner), caller.text) != 0))
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "it belongs to somebody else");
	sbk_buf_release(&bytes);
	return rc;
}

/* The directory `name`, to be removed. SBK_E_BUSY: somebody's front end has
 * it. */
static int open_whole(const char *above, const char *name, struct sbk_pin *out,
		      struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_pin at = SBK_PIN_INIT;
	int rc = sbk_pin_path(above, SBK_STORE_LOOK, &at, err);

	if (rc == 0 && sbk_wide_of(&wide, name) == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_pin_below(&at, sbk_wide_text(&wide), 2 * strlen(name),
				   SBK_EMPTY_DIRECTORY | READ_CONTROL, out,
				   err);
	sbk_pin_release(&at);
	sbk_buf_release(&wide);
	return rc;
}

/* With all that is in it. */
static int remove_whole(const char *above, const char *name,
			struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = open_whole(above, name, &pin, err);

	if (rc == 0 && (!pin.is_directory || pin.is_reparse))
		rc = sbk_error_set(err, SBK_E_INVAL, "'%.100s' is no directory",
				   name);
	if (rc == 0)
		rc = check_own(&pin, err);
	if (rc == 0)
		rc = sbk_empty_directory(&pin, err);
	if (rc == 0)
		rc = sbk_win32_delete(pin.handle, err);
	sbk_pin_release(&pin);
	return rc == SBK_E_NOTFOUND ? 0 : rc;
}

/* As soon as it is let go, another run that begins may sweep it: what that one
 * is removing cannot be removed by us, and is gone in a moment. */
int sbk_temporary_remove(struct sbk_temporary *temporary, struct sbk_error *err)
{
	unsigned tries = 0;
	int rc;

	if (temporary->held == NULL)
		return 0;
	sbk_win32_close(&temporary->held);
	do
		rc = remove_whole(temporary->above, temporary->name, err);
	while (sbk_store_again(rc < 0 ? SBK_E_BUSY : 0, &tries));
	if (rc < 0)
		(void)sbk_error_prefix(err, "removing '%.300s'",
				       temporary->path);
	return rc;
}

void sbk_temporary_leave(struct sbk_temporary *temporary)
{
	sbk_win32_close(&temporary->held);
}

/* --- what a crash left ---------------------------------------------------- */

static bool is_ours(const char *name, const char *prefix)
{
	const size_t size = strlen(prefix);

	return strncmp(name, prefix, size) == 0 &&
	       strspn(name + size, "0123456789abcdef") == DIGITS &&
	       name[size + DIGITS] == '\0';
}

struct sweep {
	const char *above, *prefix;
	size_t removed, left;
};

static int sweep_name(void *arg, const char *name, enum sbk_file_type type,
		      struct sbk_error *err)
{
	struct sweep *sweep = arg;
	int rc;

	(void)err;
	if (type != SBK_FILE_DIRECTORY || !is_ours(name, sweep->prefix))
		return 0;
	rc = remove_whole(sweep->above, name, NULL);
	sweep->removed += rc == 0 ? 1 : 0;
	/* One that is in use is no leftover. */
	sweep->left += rc < 0 && rc != SBK_E_BUSY ? 1 : 0;
	return 0;
}

static void sweep_place(const struct sbk_temporary *place, const char *prefix,
			struct sweep *sweep)
{
	sweep->above = place->above;
	sweep->prefix = prefix;
	/* No directory, no leftover. */
	(void)sbk_os_list(place->above, ABOVE_NAMES_MAX, sweep_name, sweep,
			  NULL);
}

void sbk_temporary_sweep(size_t *removed, size_t *left)
{
	struct sbk_temporary place = SBK_TEMPORARY_INIT;
	struct sweep sweep = {.removed = 0};

	if (sbk_temporary_name(&place, NULL) == 0)
		sweep_place(&place, PREFIX, &sweep);
	if (sbk_temporary_name_shared(&place, NULL) == 0)
		sweep_place(&place, SHARED_PREFIX, &sweep);
	*removed = sweep.removed;
	*left = sweep.left;
}
