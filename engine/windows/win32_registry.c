/*
 * Wrappers of the calls for the registry, each of which returns its error. Owns
 * nothing else.
 */
#include "engine/windows/win32_registry.h"

#include <stdlib.h>

#include "engine/windows/error.h"

#include "engine/banned.h"

#define KEY_NAME_UNITS                                         \
	256 /* 255 and its end: "Registry Element Size Limits" \
	     */

static int reg_error(struct sbk_error *err, LSTATUS code, const char *call)
{
	return code == ERROR_SUCCESS
		       ? 0
		       : sbk_error_set_win32(err, (DWORD)code, "%s", call);
}

int sbk_win32_open_key(HKEY root, const WCHAR *path, DWORD options,
		       REGSAM access, HKEY *out, struct sbk_error *err)
{
	HKEY key = NULL;
	LSTATUS code = sbk_win32->registry.RegOpenKeyExW(
		root, path, options, access | KEY_WOW64_64KEY, &key);

	if (code == ERROR_SUCCESS)
		*out = key;
	return reg_error(err, code, "RegOpenKeyExW");
}

int sbk_win32_create_key(HKEY parent, const WCHAR *name, HKEY *out,
			 struct sbk_error *err)
{
	HKEY key = NULL;
	DWORD disposition = 0;
	LSTATUS code = sbk_win32->registry.RegCreateKeyExW(
		parent, name, 0, NULL, REG_OPTION_NON_VOLATILE,
		KEY_READ | KEY_WRITE | KEY_WOW64_64KEY, NULL, &key,
		&disposition);

	if (code != ERROR_SUCCESS)
		return reg_error(err, code, "RegCreateKeyExW");
	if (disposition != REG_CREATED_NEW_KEY) {
		sbk_win32_close_key(&key);
		return sbk_error_set(err, SBK_E_EXISTS,
				     "somebody made the key meanwhile");
	}
	*out = key;
	return 0;
}

int sbk_win32_delete_key(HKEY root, const WCHAR *path, struct sbk_error *err)
{
	return reg_error(err,
			 sbk_win32->registry.RegDeleteKeyExW(
				 root, path, KEY_WOW64_64KEY, 0),
			 "RegDeleteKeyExW");
}

int sbk_win32_key_is_empty(HKEY key, bool *out, struct sbk_error *err)
{
	DWORD keys = 0, values = 0;
	LSTATUS code = sbk_win32->registry.RegQueryInfoKeyW(
		key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL,
		NULL, NULL);

	if (code == ERROR_SUCCESS)
		*out = keys == 0 && values == 0;
	return reg_error(err, code, "RegQueryInfoKeyW");
}

int sbk_win32_query_value(HKEY key, const WCHAR *name, DWORD *type,
			  struct sbk_buf *out, struct sbk_error *err)
{
	DWORD size = SBK_REGISTRY_BYTES_MAX, found = 0;
	BYTE *data = malloc(size);
	LSTATUS code;

	if (data == NULL)
		return sbk_error_no_memory(err);
	code = sbk_win32->registry.RegQueryValueExW(key, name, NULL, &found,
						    data, &size);
	if (code == ERROR_SUCCESS) {
		*type = found;
		sbk_buf_add(out, data, size);
	}
	free(data);
	if (code == ERROR_MORE_DATA)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a value of more than %d bytes",
				     SBK_REGISTRY_BYTES_MAX);
	return code != ERROR_SUCCESS ? reg_error(err, code, "RegQueryValueExW")
				     : sbk_buf_failed(out, err);
}

int sbk_win32_key_at(HKEY key, DWORD index, struct sbk_buf *out,
		     struct sbk_error *err)
{
	WCHAR name[KEY_NAME_UNITS];
	DWORD units = KEY_NAME_UNITS;
	LSTATUS code = sbk_win32->registry.RegEnumKeyExW(
		key, index, name, &units, NULL, NULL, NULL, NULL);

	if (code == ERROR_NO_MORE_ITEMS)
		return sbk_error_set(err, SBK_E_NOTFOUND, "no more keys");
	if (code != ERROR_SUCCESS)
		return reg_error(err, code, "RegEnumKeyExW");
	sbk_buf_add(out, name, units * sizeof(*name));
	return sbk_buf_failed(out, err);
}

int sbk_win32_set_value(HKEY key, const WCHAR *name, DWORD type,
			const struct sbk_buf *data, struct sbk_error *err)
{
	return reg_error(err,
			 sbk_win32->registry.RegSetValueExW(
				 key, name, 0, type,
				 (const BYTE *)sbk_buf_text(data),
				 (DWORD)data->size),
			 "RegSetValueExW");
}

int sbk_win32_delete_value(HKEY key, const WCHAR *name, struct sbk_error *err)
{
	return reg_error(err, sbk_win32->registry.RegDeleteValueW(key, name),
			 "RegDeleteValueW");
}

int sbk_win32_flush_key(HKEY key, struct sbk_error *err)
{
	return reg_error(err, sbk_win32->registry.RegFlushKey(key),
			 "RegFlushKey");
}

void sbk_win32_close_key(HKEY *key)
{
	if (*key != NULL)
		(void)sbk_win32->registry.RegCloseKey(*key); /* as
								CloseHandle */
	*key = NULL;
}
