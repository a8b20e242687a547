/*
 * Ending all that runs as an account.
 *
 * A process's number is another process's when the first has ended. So a pass
 * lists, opens what is listed, and lists again: a number cannot be given anew
 * while its handle is held, so what is listed twice is what the handle is of.
 * Passes go on until a list is empty: a process may have started another before
 * it was ended.
 *
 * Ending one needs SeDebugPrivilege, since our runner's access list lets in
 * nobody but the system and its caller; it is disabled again afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_processes.h"

#include "engine/banned.h"

#define PASSES_MAX 32
#define AT_ONCE 256 /* processes of one pass; more are met by the next */
#define EXIT_CODE 1

struct pass {
	DWORD ids[AT_ONCE];
	HANDLE handles[AT_ONCE];
	bool again[AT_ONCE]; /* in the second list, too */
	size_t count;
};

static int note_first(void *arg, DWORD id, struct sbk_error *err)
{
	struct pass *pass = arg;
	const DWORD access = PROCESS_TERMINATE |
			     PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE;
	int rc;

	if (pass->count == AT_ONCE)
		return 0;
	rc = sbk_win32_open_process(id, access, &pass->handles[pass->count],
				    err);
	if (rc == SBK_E_NOTFOUND) /* it has ended by itself */
		return 0;
	if (rc == 0)
		pass->ids[pass->count++] = id;
	return rc;
}

static int note_second(void *arg, DWORD id, struct sbk_error *err)
{
	struct pass *pass = arg;
	size_t i;

	(void)err;
	for (i = 0; i < pass->count; i++)
		pass->again[i] |= pass->ids[i] == id;
	return 0;
}

static int end_listed(struct pass *pass, size_t *ended, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < pass->count; i++) {
		if (!pass->again[i])
			continue;
		rc = sbk_win32_end_process(pass->handles[i], EXIT_CODE, err);
		*ended += rc == 0;
	}
	return rc;
}

/* 1 where nothing ran. */
static int one_pass(const struct sbk_sid *user, struct pass *pass,
		    size_t *ended, struct sbk_error *err)
{
	size_t i;
	int rc;

	memset(pass, 0, sizeof(*pass));
	rc = sbk_win32_processes_of(user, note_first, pass, err);
	if (rc == 0 && pass->count == 0)
		return 1;
	if (rc == 0)
		rc = sbk_win32_processes_of(user, note_second, pass, err);
	if (rc == 0)
		rc = end_listed(pass, ended, err);
	for (i = 0; i < pass->count; i++)
		sbk_win32_close(&pass->handles[i]);
	return rc;
}

static int run_passes(const struct sbk_sid *user, size_t *ended,
		      struct sbk_error *err)
{
	struct pass *pass = malloc(sizeof(*pass));
	int i, rc = 0;

	if (pass == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < PASSES_MAX; i++)
		rc = one_pass(user, pass, ended, err);
	free(pass);
	if (rc == 0)
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "new ones were started all the while; end "
				   "what starts them, or restart the machine");
	return rc < 0 ? rc : 0;
}

int sbk_processes_end(const struct sbk_sid *user, size_t *ended,
		      struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	bool was = false;
	int rc = sbk_win32_privilege(SE_DEBUG_NAME, true, &was, &why);

	*ended = 0;
	if (rc == 0)
		rc = run_passes(user, ended, &why);
	/* What it was is no promise to anybody: we end soon. */
	if (!was)
		(void)sbk_win32_privilege(SE_DEBUG_NAME, false, NULL, NULL);
	if (rc == 0)
		return 0;
	return sbk_error_set(err, rc == SBK_E_DENIED ? SBK_E_BUSY : rc,
			     "processes of account '%s' are not ended: %s",
			     sbk_sid_format(user, &text), why.message);
}

int sbk_os_end_processes(const char *principal, size_t *ended,
			 struct sbk_error *err)
{
	struct sbk_sid sid;

	*ended = 0;
	if (sbk_sid_parse(principal, strlen(principal), &sid, NULL) < 0)
		return sbk_error_set(err, SBK_E_INVAL, "'%.200s' is no SID",
				     principal);
	return sbk_processes_end(&sid, ended, err);
}
