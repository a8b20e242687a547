/*
 * System errors and NERR_* into SBK_E_*, with words of our own: the system's
 * would be in the language of whoever installed it. A value that is not in the
 * table is an I/O failure.
 */
#include "engine/windows/error.h"

#include <stdarg.h>
#include <stdio.h>

#include <windows.h>

#include <lmerr.h>

#include "engine/banned.h"

static const struct {
	uint32_t os_code;
	int code;
	const char *text;
} translations[] = {
	{ERROR_INVALID_PARAMETER, SBK_E_INVAL, "invalid parameter"},
	{ERROR_INVALID_NAME, SBK_E_INVAL, "invalid name"},
	{ERROR_DIRECTORY, SBK_E_INVAL, "not a directory"},
	{ERROR_NO_SUCH_PRIVILEGE, SBK_E_INVAL, "no such user right"},
	{ERROR_INVALID_OWNER, SBK_E_DENIED, "not an owner that you may set"},
	{ERROR_NOT_ENOUGH_MEMORY, SBK_E_NOMEM, "out of memory"},
	{ERROR_OUTOFMEMORY, SBK_E_NOMEM, "out of memory"},
	{ERROR_FILE_NOT_FOUND, SBK_E_NOTFOUND, "not found"},
	{ERROR_PATH_NOT_FOUND, SBK_E_NOTFOUND, "path not found"},
	{ERROR_INVALID_DRIVE, SBK_E_NOTFOUND, "no such drive"},
	{ERROR_DELETE_PENDING, SBK_E_NOTFOUND, "being deleted"},
	{ERROR_KEY_DELETED, SBK_E_NOTFOUND, "the key was deleted"},
	{ERROR_NONE_MAPPED, SBK_E_NOTFOUND, "no such account"},
	{ERROR_NO_SUCH_USER, SBK_E_NOTFOUND, "no such user"},
	{ERROR_NO_SUCH_ALIAS, SBK_E_NOTFOUND, "no such group"},
	{ERROR_NO_SUCH_MEMBER, SBK_E_NOTFOUND, "no such member"},
	{ERROR_MEMBER_NOT_IN_ALIAS, SBK_E_NOTFOUND, "not a member"},
	{NERR_UserNotFound, SBK_E_NOTFOUND, "no such user"},
	{NERR_GroupNotFound, SBK_E_NOTFOUND, "no such group"},
	{ERROR_DIR_NOT_EMPTY, SBK_E_EXISTS, "the directory is not empty"},
	{ERROR_FILE_EXISTS, SBK_E_EXISTS, "exists"},
	{ERROR_ALREADY_EXISTS, SBK_E_EXISTS, "exists"},
	{ERROR_ALIAS_EXISTS, SBK_E_EXISTS, "group exists"},
	{ERROR_MEMBER_IN_ALIAS, SBK_E_EXISTS, "is a member"},
	{NERR_UserExists, SBK_E_EXISTS, "user exists"},
	{NERR_GroupExists, SBK_E_EXISTS, "group exists"},
	{ERROR_ACCESS_DENIED, SBK_E_DENIED, "access denied"},
	{ERROR_PRIVILEGE_NOT_HELD, SBK_E_DENIED, "privilege not held"},
	{ERROR_WRITE_PROTECT, SBK_E_DENIED, "write-protected"},
	{ERROR_LOGON_FAILURE, SBK_E_DENIED, "logon failure"},
	{ERROR_LOGON_TYPE_NOT_GRANTED, SBK_E_DENIED,
	 "this kind of logon is not granted"},
	{NERR_PasswordTooShort, SBK_E_DENIED, "against the password policy"},
	{ERROR_SHARING_VIOLATION, SBK_E_BUSY, "in use"},
	{ERROR_LOCK_VIOLATION, SBK_E_BUSY, "locked"},
	{ERROR_BUSY, SBK_E_BUSY, "busy"},
	{ERROR_ALLOTTED_SPACE_EXCEEDED, SBK_E_LIMIT,
	 "no room for more entries"},
	{ERROR_DISK_FULL, SBK_E_LIMIT, "the volume is full"},
	{ERROR_HANDLE_DISK_FULL, SBK_E_LIMIT, "the volume is full"},
	{1295 /* ERROR_DISK_QUOTA_EXCEEDED */, SBK_E_LIMIT,
	 "the quota is used up"},
	{ERROR_TOO_MANY_OPEN_FILES, SBK_E_LIMIT, "too many open files"},
	{ERROR_NOT_SUPPORTED, SBK_E_UNSUPPORTED, "not supported"},
	{ERROR_INVALID_FUNCTION, SBK_E_UNSUPPORTED, "not supported"},
	{ERROR_CALL_NOT_IMPLEMENTED, SBK_E_UNSUPPORTED, "not implemented"},
};

int sbk_error_set_win32(struct sbk_error *err, uint32_t os_code,
			const char *fmt, ...)
{
	const char *meaning = "failed";
	int code = SBK_E_IO;
	char text[400];
	va_list args;
	size_t i;

	for (i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
		if (translations[i].os_code == os_code) {
			code = translations[i].code;
			meaning = translations[i].text;
			break;
		}
	}
	if (err == NULL) /* many a look expects to find nothing */
		return code;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	code = sbk_error_set(err, code, "%s: %s (error %lu)", text, meaning,
			     (unsigned long)os_code);
	err->os_code = os_code;
	return code;
}
