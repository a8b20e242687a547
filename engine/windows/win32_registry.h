/*
 * The wrappers of the table's calls for the registry; see win32.h. Always the
 * 64-bit view (KEY_WOW64_64KEY), in which Windows itself reads.
 */
#ifndef SBK_WINDOWS_WIN32_REGISTRY_H
#define SBK_WINDOWS_WIN32_REGISTRY_H

#include "engine/windows/win32.h"

#define SBK_REGISTRY_BYTES_MAX 65536 /* of one value that we look at */

/* "RegOpenKeyExW function (winreg.h)"; `options` 0, or REG_OPTION_OPEN_LINK to
 * follow no link at its end. */
int sbk_win32_open_key(HKEY root, const WCHAR *path, DWORD options,
		       REGSAM access, HKEY *out, struct sbk_error *err);
/* "RegCreateKeyExW function (winreg.h)" of one that is not there: SBK_E_EXISTS
 * where it was only opened (REG_OPENED_EXISTING_KEY). `name` is one key's: the
 * call makes each that is missing of a path. */
int sbk_win32_create_key(HKEY parent, const WCHAR *name, HKEY *out,
			 struct sbk_error *err);
/* "RegDeleteKeyExW function (winreg.h)", which refuses one with subkeys, but
 * not one with values: the caller has looked. */
int sbk_win32_delete_key(HKEY root, const WCHAR *path, struct sbk_error *err);
/* "RegQueryInfoKeyW function (winreg.h)": whether it has keys or values. */
int sbk_win32_key_is_empty(HKEY key, bool *out, struct sbk_error *err);
/* "RegQueryValueExW function (winreg.h)". SBK_E_NOTFOUND; SBK_E_LIMIT. */
int sbk_win32_query_value(HKEY key, const WCHAR *name, DWORD *type,
			  struct sbk_buf *out, struct sbk_error *err);
/* The name of the key's key number `index`, in units, not terminated:
 * "RegEnumKeyExW function (winreg.h)". SBK_E_NOTFOUND behind the last one. */
int sbk_win32_key_at(HKEY key, DWORD index, struct sbk_buf *out,
		     struct sbk_error *err);
/* "RegSetValueExW function (winreg.h)" */
int sbk_win32_set_value(HKEY key, const WCHAR *name, DWORD type,
			const struct sbk_buf *data, struct sbk_error *err);
/* "RegDeleteValueW function (winreg.h)" */
int sbk_win32_delete_value(HKEY key, const WCHAR *name, struct sbk_error *err);
/* "RegFlushKey function (winreg.h)" of a key that may be read
 * (KEY_QUERY_VALUE): writes the whole hive that it lies in. */
int sbk_win32_flush_key(HKEY key, struct sbk_error *err);
/* "RegCloseKey function (winreg.h)"; NULL is left alone. */
void sbk_win32_close_key(HKEY *key);

#endif
