/*
 * Wrappers of the calls for credentials and logons. Owns how each says that it
 * failed, and that no copy of a password outlives its call.
 */
#include "engine/windows/win32_logon.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lmaccess.h>
#include <lmerr.h>

#include <sodium.h>

#include "engine/windows/error.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

#define CANCEL_MS 20

const struct sbk_win32_logon sbk_win32_logon_system = {
	.CryptProtectData = CryptProtectData,
	.CryptUnprotectData = CryptUnprotectData,
	.LocalFree = LocalFree,
	.NetUserChangePassword = NetUserChangePassword,
	.CreateProcessWithLogonW = CreateProcessWithLogonW,
	.AssignProcessToJobObject = AssignProcessToJobObject,
	.GetProcessId = GetProcessId,
	.ImpersonateNamedPipeClient = ImpersonateNamedPipeClient,
	.OpenThreadToken = OpenThreadToken,
	.RevertToSelf = RevertToSelf,
	.CreateThread = CreateThread,
	.CancelSynchronousIo = CancelSynchronousIo,
};

/* --- DPAPI ---------------------------------------------------------------- */

static DATA_BLOB blob_of(const void *data, size_t size)
{
	return (DATA_BLOB){.cbData = (DWORD)size,
			   .pbData = (BYTE *)(uintptr_t)data};
}

/* What the system allocated for us. */
static void free_blob(DATA_BLOB *blob)
{
	if (blob->pbData == NULL)
		return;
	sodium_memzero(blob->pbData, blob->cbData);
	(void)sbk_win32->logon->LocalFree(blob->pbData); /* as free() */
	blob->pbData = NULL;
}

int sbk_win32_protect(const void *data, size_t size, const void *entropy,
		      size_t entropy_size, struct sbk_buf *out,
		      struct sbk_error *err)
{
	DATA_BLOB in = blob_of(data, size), made = {.cbData = 0};
	DATA_BLOB with = blob_of(entropy, entropy_size);

	if (!sbk_win32->logon->CryptProtectData(&in, NULL, &with, NULL, NULL,
						CRYPTPROTECT_UI_FORBIDDEN,
						&made))
		return sbk_win32_last_error(err, "CryptProtectData");
	sbk_buf_add(out, made.pbData, made.cbData);
	free_blob(&made);
	return sbk_buf_failed(out, err);
}

int sbk_win32_unprotect(const void *blob, size_t size, const void *entropy,
			size_t entropy_size, char *out, size_t room,
			size_t *got, struct sbk_error *err)
{
	DATA_BLOB in = blob_of(blob, size), found = {.cbData = 0};
	DATA_BLOB with = blob_of(entropy, entropy_size);
	DWORD code;
	int rc = 0;

	if (!sbk_win32->logon->CryptUnprotectData(&in, NULL, &with, NULL, NULL,
						  CRYPTPROTECT_UI_FORBIDDEN,
						  &found)) {
		code = sbk_win32->errors.GetLastError();
		/* It has many codes for one thing: this user's key is not the
		 * one that it was made with, or the bytes are others. */
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "CryptUnprotectData does not open it "
				     "(error %lu)",
				     (unsigned long)code);
	}
	if (found.cbData > room)
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "CryptUnprotectData gives more than a "
				   "password");
	if (rc == 0) {
		memcpy(out, found.pbData, found.cbData);
		*got = found.cbData;
	}
	free_blob(&found);
	return rc;
}

/* --- passwords ------------------------------------------------------------ */

/* A password's units, wiped by wipe(). */
struct password {
	WCHAR text[PWLEN + 1];
};

/* Ours are ASCII; a buffer that grows would leave copies behind. */
static int widen(struct password *out, const char *text, struct sbk_error *err)
{
	size_t i;

	for (i = 0; text[i] > ' ' && text[i] <= '~' && i < PWLEN; i++)
		out->text[i] = (WCHAR)text[i];
	out->text[i] = L'\0';
	return text[i] == '\0' && i > 0
		       ? 0
		       : sbk_error_set(err, SBK_E_INVAL,
				       "a password that no account of ours "
				       "has");
}

static void wipe(struct password *password)
{
	sodium_memzero(password, sizeof(*password));
}

int sbk_win32_change_password(const char *name, const char *before,
			      const char *after, struct sbk_error *err)
{
	WCHAR computer[MAX_COMPUTERNAME_LENGTH + 1];
	DWORD size = MAX_COMPUTERNAME_LENGTH + 1;
	struct sbk_buf wide = SBK_BUF_INIT;
	struct password old = {.text = L""}, new = {.text = L""};
	const WCHAR *user = sbk_wide_of(&wide, name);
	NET_API_STATUS status = NERR_Success;
	int rc = user == NULL ? sbk_error_no_memory(err) : 0;

	/* Without a name it would ask the domain of who calls. */
	if (rc == 0 && !sbk_win32->accounts->GetComputerNameW(computer, &size))
		rc = sbk_win32_last_error(err, "GetComputerNameW");
	if (rc == 0)
		rc = widen(&old, before, err);
	if (rc == 0)
		rc = widen(&new, after, err);
	if (rc == 0)
		status = sbk_win32->logon->NetUserChangePassword(
			computer, user, old.text, new.text);
	if (rc == 0 && status != NERR_Success)
		rc = sbk_error_set_win32(err, status, "NetUserChangePassword");
	wipe(&old);
	wipe(&new);
	sbk_buf_release(&wide);
	return rc;
}

int sbk_win32_set_password(const char *name, const char *password,
			   struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct password text = {.text = L""};
	USER_INFO_1003 info = {.usri1003_password = text.text};
	const WCHAR *user = sbk_wide_of(&wide, name);
	NET_API_STATUS status = NERR_Success;
	int rc = user == NULL ? sbk_error_no_memory(err)
			      : widen(&text, password, err);

	if (rc == 0)
		status = sbk_win32->accounts->NetUserSetInfo(
			NULL, user, 1003, (LPBYTE)&info, NULL);
	if (rc == 0 && status != NERR_Success)
		rc = sbk_error_set_win32(err, status, "NetUserSetInfo 1003");
	wipe(&text);
	sbk_buf_release(&wide);
	return rc;
}

/* --- starting ------------------------------------------------------------- */

#define RENEW "; run 'sandbook setup --upgrade' to set it anew"

/* What a person can do about each. "System Error Codes (1300-1699)" and
 * "(1700-3999)". */
static const struct {
	DWORD os_code;
	int code;
	const char *text;
} refusals[] = {
	{ERROR_LOGON_FAILURE, SBK_E_DENIED, "its password is another" RENEW},
	{ERROR_ACCOUNT_RESTRICTION, SBK_E_DENIED,
	 "a policy keeps it from logging on; ask the administrator for the "
	 "restrictions on accounts"},
	{ERROR_INVALID_LOGON_HOURS, SBK_E_DENIED,
	 "a policy keeps it from logging on at this hour"},
	{ERROR_PASSWORD_EXPIRED, SBK_E_DENIED, "its password expired" RENEW},
	{ERROR_ACCOUNT_DISABLED, SBK_E_DENIED,
	 "it is disabled; an administrator did that, or setup was not "
	 "finished: run 'sandbook setup'"},
	{ERROR_LOGON_TYPE_NOT_GRANTED, SBK_E_DENIED,
	 "a policy denies it to log on interactively; an administrator takes "
	 "it, or its group, out of 'Deny log on locally'"},
	{ERROR_ACCOUNT_EXPIRED, SBK_E_DENIED,
	 "it expired; an administrator did that"},
	{ERROR_PASSWORD_MUST_CHANGE, SBK_E_DENIED,
	 "its password has to be changed, as a policy says" RENEW},
	{ERROR_ACCOUNT_LOCKED_OUT, SBK_E_DENIED,
	 "it is locked out; wait, or have an administrator unlock it"},
	{ERROR_SERVICE_DISABLED, SBK_E_UNSUPPORTED,
	 "the service 'Secondary Logon' (seclogon) is disabled; have an "
	 "administrator set it to start by hand"},
};

static int refused(const char *account, struct sbk_error *err)
{
	const DWORD code = sbk_win32->errors.GetLastError();
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].os_code != code)
			continue;
		(void)sbk_error_set(err, refusals[i].code,
				    "the account '%s' cannot log on (error "
				    "%lu): %s",
				    account, (unsigned long)code,
				    refusals[i].text);
		if (err != NULL)
			err->os_code = code;
		return refusals[i].code;
	}
	return sbk_error_set_win32(err, code, "CreateProcessWithLogonW as '%s'",
				   account);
}

int sbk_win32_start_logon(const struct sbk_win32_logon_start *start,
			  PROCESS_INFORMATION *out, struct sbk_error *err)
{
	STARTUPINFOW startup = {.cb = sizeof(startup),
				.dwFlags = STARTF_USESHOWWINDOW,
				.wShowWindow = SW_HIDE};
	struct sbk_buf wide = SBK_BUF_INIT;
	struct password password = {.text = L""};
	const WCHAR *user = sbk_wide_of(&wide, start->account);
	/* The system may write into the line. */
	WCHAR *line = _wcsdup(start->line);
	PROCESS_INFORMATION made;
	int rc = user == NULL || line == NULL
			 ? sbk_error_no_memory(err)
			 : widen(&password, start->password, err);

	memset(&made, 0, sizeof(made));
	if (rc == 0 &&
	    !sbk_win32->logon->CreateProcessWithLogonW(
		    user, L".", password.text,
		    start->profile ? LOGON_WITH_PROFILE : 0, start->program,
		    line, CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT, NULL,
		    start->directory, &startup, &made))
		rc = refused(start->account, err);
	wipe(&password);
	free(line);
	sbk_buf_release(&wide);
	if (rc == 0)
		*out = made;
	return rc;
}

int sbk_win32_put_in_job(HANDLE job, HANDLE process, struct sbk_error *err)
{
	return sbk_win32->logon->AssignProcessToJobObject(job, process)
		       ? 0
		       : sbk_win32_last_error(err, "AssignProcessToJobObject");
}

int sbk_win32_process_id(HANDLE process, DWORD *out, struct sbk_error *err)
{
	const DWORD id = sbk_win32->logon->GetProcessId(process);

	if (id == 0)
		return sbk_win32_last_error(err, "GetProcessId");
	*out = id;
	return 0;
}

/* --- the other end -------------------------------------------------------- */

int sbk_win32_client_token(HANDLE pipe, HANDLE *out, struct sbk_error *err)
{
	HANDLE token = NULL;
	int rc = 0;

	if (!sbk_win32->logon->ImpersonateNamedPipeClient(pipe))
		return sbk_win32_last_error(err, "ImpersonateNamedPipeClient");
	if (!sbk_win32->logon->OpenThreadToken(
		    sbk_win32->program->GetCurrentThread(), TOKEN_QUERY, TRUE,
		    &token))
		rc = sbk_win32_last_error(err, "OpenThreadToken");
	/* Whoever we would be otherwise: nothing may be done as that one. */
	if (!sbk_win32->logon->RevertToSelf())
		abort();
	if (rc == 0)
		*out = token;
	return rc;
}

/* --- threads -------------------------------------------------------------- */

int sbk_win32_make_thread(LPTHREAD_START_ROUTINE start, void *arg,
			  const struct sbk_buf *descriptor, HANDLE *out,
			  struct sbk_error *err)
{
	SECURITY_ATTRIBUTES security = {
		.nLength = sizeof(security),
		.lpSecurityDescriptor =
			descriptor != NULL ? descriptor->data : NULL};
	HANDLE thread = sbk_win32->logon->CreateThread(&security, 0, start, arg,
						       0, NULL);

	if (thread == NULL)
		return sbk_win32_last_error(err, "CreateThread");
	*out = thread;
	return 0;
}

int sbk_win32_end_thread(HANDLE thread, DWORD milliseconds,
			 struct sbk_error *err)
{
	DWORD waited = 0;
	int rc = sbk_win32_wait(thread, 0, err);

	while (rc == 0 && waited < milliseconds) {
		/* That it is in no call right now is no failure. */
		(void)sbk_win32->logon->CancelSynchronousIo(thread);
		rc = sbk_win32_wait(thread, CANCEL_MS, err);
		waited += CANCEL_MS;
	}
	return rc;
}
