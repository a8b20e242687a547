/*
 * Where objects are now, by identity. NTFS opens a file by its id, so this is
 * no search: the volume says where it is, or that it is gone. A volume that no
 * call of this backend has met is looked up by its GUID.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/windows/host.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

/* The root of the volume with this GUID, so that it is known. */
static int meet_volume(struct sbk_host *host, const char *guid,
		       struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_volume *volume = NULL;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc;

	sbk_buf_printf(&path, "//?/Volume{%s}/", guid);
	rc = sbk_buf_failed(&path, err);
	if (rc == 0)
		rc = sbk_pin_path(sbk_buf_text(&path), FILE_READ_ATTRIBUTES,
				  &pin, err);
	if (rc == 0)
		rc = sbk_volume_of(&host->volumes, &pin, &volume, err);
	sbk_pin_release(&pin);
	sbk_buf_release(&path);
	return rc;
}

static struct sbk_volume *known_volume(struct sbk_host *host, uint64_t serial,
				       const char *guid)
{
	size_t i;

	for (i = 0; i < host->volumes.count; i++)
		if (host->volumes.items[i].serial == serial &&
		    strcmp(host->volumes.items[i].guid, guid) == 0)
			return &host->volumes.items[i];
	return NULL;
}

/* "\\?\C:\a" as "C:/a"; NULL for anything else, or without memory. */
static char *path_of(const struct sbk_buf *wide)
{
	struct sbk_buf text = SBK_BUF_INIT, path = SBK_BUF_INIT;
	size_t i;

	sbk_narrow_add(&text, (const WCHAR *)(const void *)wide->data,
		       wide->size / sizeof(WCHAR));
	if (text.size > 6 && memcmp(text.data, "\\\\?\\", 4) == 0 &&
	    text.data[5] == ':')
		for (i = 4; i < text.size; i++)
			sbk_buf_addc(&path,
				     text.data[i] == '\\' ? '/' : text.data[i]);
	sbk_buf_release(&text);
	return sbk_buf_steal(&path);
}

static void look(const struct sbk_volume *volume,
		 const uint8_t id[SBK_FILE_ID_BYTES],
		 struct sbk_location *found)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	HANDLE handle = NULL;
	int rc = sbk_win32_open_id(volume->hint, id, FILE_READ_ATTRIBUTES,
				   &handle, NULL);

	if (rc == SBK_E_NOTFOUND)
		found->kind = SBK_LOCATION_GONE;
	if (rc == 0)
		rc = sbk_win32_final_path(handle, VOLUME_NAME_DOS, &wide, NULL);
	if (rc == 0)
		found->path = path_of(&wide);
	if (found->path != NULL)
		found->kind = SBK_LOCATION_FOUND;
	sbk_win32_close(&handle);
	sbk_buf_release(&wide);
}

int sbk_host_locate(struct sbk_host *host, const char *const *identities,
		    size_t count, const char *const *roots, size_t root_count,
		    struct sbk_location *found, struct sbk_error *err)
{
	size_t i;

	(void)roots;
	(void)root_count;
	(void)err;
	for (i = 0; i < count; i++) {
		uint8_t id[SBK_FILE_ID_BYTES];
		const struct sbk_volume *volume;
		char guid[37];
		uint64_t serial;

		found[i] = (struct sbk_location){.kind = SBK_LOCATION_UNKNOWN};
		if (!sbk_identity_parse(identities[i], guid, &serial, id))
			continue;
		volume = known_volume(host, serial, guid);
		if (volume == NULL && meet_volume(host, guid, NULL) == 0)
			volume = known_volume(host, serial, guid);
		if (volume != NULL)
			look(volume, id, &found[i]);
	}
	return 0;
}
