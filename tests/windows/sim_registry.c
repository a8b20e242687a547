/* The simulated registry; see the header. */
#include "tests/windows/sim_registry.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

static struct sim_registry *registry(void)
{
	return &sim_now()->registry;
}

/* Handles are places in the list of keys; the roots are one, of number 0. */
static size_t key_of(HKEY key)
{
	if (key == HKEY_LOCAL_MACHINE)
		return 0;
	return (size_t)((uintptr_t)key - 1);
}

static size_t find_key(const WCHAR *path)
{
	size_t i = 0;

	while (i < SIM_KEYS_MAX &&
	       (!registry()->keys[i].is_there ||
		_wcsicmp(registry()->keys[i].path, path) != 0))
		i++;
	return i;
}

static size_t add_key(const WCHAR *path, size_t size)
{
	size_t i = 0;

	while (registry()->keys[i].is_there)
		if (++i == SIM_KEYS_MAX)
			abort();
	if (size >= 256)
		abort();
	registry()->keys[i].is_there = true;
	memcpy(registry()->keys[i].path, path, size * sizeof(*path));
	registry()->keys[i].path[size] = L'\0';
	return i;
}

void sim_key_make(struct sim *sim, const WCHAR *path)
{
	WCHAR part[256];
	size_t i;

	(void)sim;
	for (i = 1;; i++) {
		if (path[i] != L'\\' && path[i] != L'\0')
			continue;
		memcpy(part, path, i * sizeof(*part));
		part[i] = L'\0';
		if (find_key(part) == SIM_KEYS_MAX)
			(void)add_key(part, i);
		if (path[i] == L'\0')
			return;
	}
}

bool sim_key_is_there(struct sim *sim, const WCHAR *path)
{
	(void)sim;
	return find_key(path) != SIM_KEYS_MAX;
}

void sim_key_remove(struct sim *sim, const WCHAR *path)
{
	const size_t size = wcslen(path);
	size_t i, j;

	for (i = 1; i < SIM_KEYS_MAX; i++) {
		if (!sim->registry.keys[i].is_there ||
		    _wcsnicmp(sim->registry.keys[i].path, path, size) != 0 ||
		    (sim->registry.keys[i].path[size] != L'\\' &&
		     sim->registry.keys[i].path[size] != L'\0'))
			continue;
		sim->registry.keys[i].is_there = false;
		for (j = 0; j < SIM_VALUES_MAX; j++)
			if (sim->registry.values[j].key == i)
				sim->registry.values[j].is_there = false;
	}
}

void sim_key_rename(struct sim *sim, const WCHAR *from, const WCHAR *to)
{
	wcscpy(sim->registry.keys[find_key(from)].path, to);
}

static size_t find_value(size_t key, const WCHAR *name)
{
	size_t i = 0;

	while (i < SIM_VALUES_MAX &&
	       (!registry()->values[i].is_there ||
		registry()->values[i].key != key ||
		_wcsicmp(registry()->values[i].name, name) != 0))
		i++;
	return i;
}

static void put_value(size_t key, const WCHAR *name, DWORD type,
		      const void *data, DWORD size)
{
	size_t at = find_value(key, name);

	for (at = at == SIM_VALUES_MAX ? 0 : at;
	     registry()->values[at].is_there && at != find_value(key, name);)
		if (++at == SIM_VALUES_MAX)
			abort();
	if (size > sizeof(registry()->values[at].data) || wcslen(name) >= 64)
		abort();
	registry()->values[at].is_there = true;
	registry()->values[at].key = key;
	registry()->values[at].type = type;
	registry()->values[at].size = size;
	wcscpy(registry()->values[at].name, name);
	memcpy(registry()->values[at].data, data, size);
}

void sim_value_text(struct sim *sim, const WCHAR *path, const WCHAR *name,
		    const WCHAR *text)
{
	(void)sim;
	put_value(find_key(path), name, REG_EXPAND_SZ, text,
		  (DWORD)((wcslen(text) + 1) * sizeof(*text)));
}

void sim_use_registry(struct sim *sim, const WCHAR *path)
{
	(void)add_key(L"", 0);
	sim_key_make(sim, path);
	sim_key_make(sim, SIM_PROFILE_LIST);
	sim_set_registry(&sim_registry_table);
}

static LSTATUS WINAPI sim_RegOpenKeyExW(HKEY root, LPCWSTR path, DWORD options,
					REGSAM access, PHKEY out)
{
	WCHAR whole[320];
	size_t at;

	(void)options;
	if ((access & KEY_WOW64_64KEY) == 0)
		abort();
	if (root == HKEY_USERS)
		(void)swprintf(whole, 320, L"HKU\\%ls", path);
	else
		(void)swprintf(whole, 320, L"%ls%ls%ls",
			       registry()->keys[key_of(root)].path,
			       key_of(root) == 0 ? L"" : L"\\", path);
	at = find_key(whole);
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (at == SIM_KEYS_MAX)
		return ERROR_FILE_NOT_FOUND;
	registry()->open++;
	*out = (HKEY)(uintptr_t)(at + 1);
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegCreateKeyExW(HKEY root, LPCWSTR name,
					  DWORD reserved, LPWSTR class,
					  DWORD options, REGSAM access,
					  const LPSECURITY_ATTRIBUTES security,
					  PHKEY out, LPDWORD disposition)
{
	WCHAR path[320];
	size_t at;

	(void)reserved;
	(void)class;
	(void)options;
	(void)access;
	if (security != NULL || wcschr(name, L'\\') != NULL)
		abort();
	if (sim_fails() || !sim_is_elevated())
		return ERROR_ACCESS_DENIED;
	(void)swprintf(path, 320, L"%ls\\%ls",
		       registry()->keys[key_of(root)].path, name);
	at = find_key(path);
	*disposition = at == SIM_KEYS_MAX ? REG_CREATED_NEW_KEY
					  : REG_OPENED_EXISTING_KEY;
	if (at == SIM_KEYS_MAX)
		at = add_key(path, wcslen(path));
	registry()->open++;
	*out = (HKEY)(uintptr_t)(at + 1);
	return ERROR_SUCCESS;
}

/* How many keys lie in it, and how many values it has. */
static void count(size_t key, DWORD *keys, DWORD *values)
{
	const WCHAR *path = registry()->keys[key].path;
	const size_t size = wcslen(path);
	size_t i;

	*keys = *values = 0;
	for (i = 0; i < SIM_KEYS_MAX; i++)
		*keys += registry()->keys[i].is_there &&
			 wcsncmp(registry()->keys[i].path, path, size) == 0 &&
			 registry()->keys[i].path[size] == L'\\';
	for (i = 0; i < SIM_VALUES_MAX; i++)
		*values += registry()->values[i].is_there &&
			   registry()->values[i].key == key;
}

static LSTATUS WINAPI sim_RegDeleteKeyExW(HKEY root, LPCWSTR path, REGSAM view,
					  DWORD reserved)
{
	size_t at = find_key(path), i;
	DWORD keys, values;

	(void)view;
	(void)reserved;
	if (root != HKEY_LOCAL_MACHINE)
		abort();
	if (sim_fails() || !sim_is_elevated())
		return ERROR_ACCESS_DENIED;
	if (at == SIM_KEYS_MAX)
		return ERROR_FILE_NOT_FOUND;
	count(at, &keys, &values);
	if (keys > 0)
		return ERROR_ACCESS_DENIED;
	for (i = 0; i < SIM_VALUES_MAX; i++) /* values go along */
		if (registry()->values[i].key == at)
			registry()->values[i].is_there = false;
	registry()->keys[at].is_there = false;
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegQueryInfoKeyW(HKEY key, LPWSTR class,
					   LPDWORD class_size, LPDWORD reserved,
					   LPDWORD keys, LPDWORD key_size,
					   LPDWORD class_max, LPDWORD values,
					   LPDWORD name_max, LPDWORD value_max,
					   LPDWORD descriptor_size,
					   PFILETIME written)
{
	(void)class;
	(void)class_size;
	(void)reserved;
	(void)key_size;
	(void)class_max;
	(void)name_max;
	(void)value_max;
	(void)descriptor_size;
	(void)written;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	count(key_of(key), keys, values);
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegQueryValueExW(HKEY key, LPCWSTR name,
					   LPDWORD reserved, LPDWORD type,
					   LPBYTE data, LPDWORD size)
{
	size_t at = find_value(key_of(key), name);

	(void)reserved;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (at == SIM_VALUES_MAX)
		return ERROR_FILE_NOT_FOUND;
	if (*size < registry()->values[at].size)
		return ERROR_MORE_DATA;
	*type = registry()->values[at].type;
	*size = registry()->values[at].size;
	memcpy(data, registry()->values[at].data, *size);
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved,
					 DWORD type, const BYTE *data,
					 DWORD size)
{
	(void)reserved;
	if (sim_fails() || !sim_is_elevated())
		return ERROR_ACCESS_DENIED;
	put_value(key_of(key), name, type, data, size);
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegDeleteValueW(HKEY key, LPCWSTR name)
{
	size_t at = find_value(key_of(key), name);

	if (sim_fails() || !sim_is_elevated())
		return ERROR_ACCESS_DENIED;
	if (at == SIM_VALUES_MAX)
		return ERROR_FILE_NOT_FOUND;
	registry()->values[at].is_there = false;
	return ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegEnumKeyExW(HKEY key, DWORD index, LPWSTR name,
					LPDWORD name_size, LPDWORD reserved,
					LPWSTR class, LPDWORD class_size,
					PFILETIME written)
{
	const WCHAR *path = registry()->keys[key_of(key)].path;
	const size_t size = wcslen(path);
	size_t i;

	(void)reserved;
	(void)class;
	(void)class_size;
	(void)written;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	for (i = 0; i < SIM_KEYS_MAX; i++) {
		const WCHAR *other = registry()->keys[i].path;

		if (!registry()->keys[i].is_there || wcslen(other) <= size ||
		    wcsncmp(other, path, size) != 0 || other[size] != L'\\' ||
		    wcschr(other + size + 1, L'\\') != NULL || index-- > 0)
			continue;
		if (wcslen(other + size + 1) >= *name_size)
			return ERROR_MORE_DATA;
		*name_size = (DWORD)wcslen(other + size + 1);
		memcpy(name, other + size + 1,
		       (*name_size + 1) * sizeof(*name));
		return ERROR_SUCCESS;
	}
	return ERROR_NO_MORE_ITEMS;
}

static LSTATUS WINAPI sim_RegFlushKey(HKEY key)
{
	(void)key;
	return sim_fails() ? ERROR_ACCESS_DENIED : ERROR_SUCCESS;
}

static LSTATUS WINAPI sim_RegCloseKey(HKEY key)
{
	(void)key;
	if (registry()->open-- == 0)
		abort();
	return ERROR_SUCCESS;
}

const struct sbk_win32_registry sim_registry_table = {
	.RegOpenKeyExW = sim_RegOpenKeyExW,
	.RegCreateKeyExW = sim_RegCreateKeyExW,
	.RegDeleteKeyExW = sim_RegDeleteKeyExW,
	.RegQueryInfoKeyW = sim_RegQueryInfoKeyW,
	.RegQueryValueExW = sim_RegQueryValueExW,
	.RegSetValueExW = sim_RegSetValueExW,
	.RegDeleteValueW = sim_RegDeleteValueW,
	.RegEnumKeyExW = sim_RegEnumKeyExW,
	.RegFlushKey = sim_RegFlushKey,
	.RegCloseKey = sim_RegCloseKey,
};

void sim_print_registry(const struct sim *sim, struct sbk_buf *out)
{
	const struct sim_registry *r = &sim->registry;
	size_t i;

	for (i = 0; i < SIM_KEYS_MAX; i++)
		if (r->keys[i].is_there)
			sbk_buf_printf(out, "key '%ls'\n", r->keys[i].path);
	for (i = 0; i < SIM_VALUES_MAX; i++)
		if (r->values[i].is_there)
			sbk_buf_printf(out, "value '%ls' of '%ls'\n",
				       r->values[i].name,
				       r->keys[r->values[i].key].path);
}
