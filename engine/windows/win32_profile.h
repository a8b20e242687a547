/*
 * The part of the table of win32.h that makes and deletes the profile of an
 * account, and its wrappers. Both functions are looked up when they are called:
 * Wine's userenv.dll has neither, and no program of ours shall fail to start
 * for that.
 */
#ifndef SBK_WINDOWS_WIN32_PROFILE_H
#define SBK_WINDOWS_WIN32_PROFILE_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_profile {
	HRESULT(WINAPI *CreateProfile)
	(LPCWSTR sid, LPCWSTR name, LPWSTR path, DWORD size);
	BOOL(WINAPI *DeleteProfileW)
	(LPCWSTR sid, LPCWSTR path, LPCWSTR computer);
};

/* The system's own, for sbk_win32_system. */
extern const struct sbk_win32_profile sbk_win32_profile_system;

/*
 * "CreateProfile function (userenv.h)": a profile for the account of this SID,
 * in a folder called `name` or, where that is taken, something else: its path,
 * in units, not terminated, is appended. An administrator's. SBK_E_EXISTS: the
 * account has one; SBK_E_UNSUPPORTED: the system has no such function.
 */
int sbk_win32_create_profile(const WCHAR *sid, const WCHAR *name,
			     struct sbk_buf *out, struct sbk_error *err);
/*
 * "DeleteProfileW function (userenv.h)": the profile of the SID in the folder
 * `path`, as "C:\Users\name". An administrator's. Whether it follows links
 * within that folder the page does not say: the caller has emptied it.
 */
int sbk_win32_delete_profile(const WCHAR *sid, const WCHAR *path,
			     struct sbk_error *err);

#endif
