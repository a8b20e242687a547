/*
 * What stands at a path that a person names, and whose it is, in the terms of
 * struct sbk_file. Looks, and reads what it looked at; a reparse point at the
 * end is not followed.
 */
#include "engine/os.h"

#include <stdio.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/windows/named.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/storage_rules.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define NOBODYS (UINT32_MAX - 1)
#define MODE_OWNER 0700
#define MODE_READ 0055
#define MODE_WRITE 0022

/* Owner and mode of what has this descriptor. */
static int judge(const struct sbk_buf *descriptor, struct sbk_file *out,
		 struct sbk_error *err)
{
	struct sbk_owner owner = {.text = ""}, caller;
	struct sbk_storage_rule rule = {.owner = &owner};
	struct sbk_sid_text text;
	struct sbk_sd sd;
	int rc = sbk_sd_read((const uint8_t *)descriptor->data,
			     descriptor->size, &sd, err);

	if (rc == 0)
		rc = sbk_os_caller_id(&caller, err);
	if (rc < 0)
		return rc;
	if (sd.has_owner)
		(void)snprintf(owner.text, sizeof(owner.text), "%s",
			       sbk_sid_format(&sd.owner, &text));
	out->owner = NOBODYS;
	if (sbk_owner_equal(&owner, &caller))
		out->owner = UINT32_MAX;
	if (strcmp(owner.text, "S-1-5-32-544") == 0 ||
	    strcmp(owner.text, "S-1-5-18") == 0)
		out->owner = 0;
	out->mode = MODE_OWNER;
	if (sbk_storage_is_open(&owner, descriptor))
		out->mode |= MODE_READ;
	rule.readable = true;
	if (sbk_storage_check(&rule, descriptor, "", NULL) < 0)
		out->mode |= MODE_WRITE;
	return 0;
}

int sbk_named_examine(HANDLE file, struct sbk_file *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	FILE_ATTRIBUTE_TAG_INFO tag;
	FILE_STANDARD_INFO standard;
	FILE_ID_INFO id;
	int rc;

	*out = (struct sbk_file){.type = SBK_FILE_OTHER, .group = UINT32_MAX};
	rc = sbk_win32_file_information(file, FileAttributeTagInfo, &tag,
					sizeof(tag), err);
	if (rc == 0)
		rc = sbk_win32_file_information(file, FileStandardInfo,
						&standard, sizeof(standard),
						err);
	if (rc == 0)
		rc = sbk_win32_file_information(file, FileIdInfo, &id,
						sizeof(id), err);
	if (rc == 0)
		rc = sbk_win32_query_security(file, &descriptor, err);
	if (rc == 0)
		rc = judge(&descriptor, out, err);
	sbk_buf_release(&descriptor);
	if (rc < 0)
		return rc;
	out->type = standard.Directory ? SBK_FILE_DIRECTORY : SBK_FILE_REGULAR;
	if (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
		out->type = SBK_FILE_LINK;
	out->links = standard.NumberOfLinks;
	out->size = (uint64_t)standard.EndOfFile.QuadPart;
	out->device = id.VolumeSerialNumber;
	/* NTFS has 64 bits of it. */
	memcpy(&out->number, &id.FileId, sizeof(out->number));
	return 0;
}

int sbk_os_look(const char *path, struct sbk_file *out, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = sbk_named_open_any(path, READ_CONTROL | FILE_READ_ATTRIBUTES,
				    &file, err);

	if (rc == 0)
		rc = sbk_named_examine(file, out, err);
	sbk_win32_close(&file);
	return rc;
}

int sbk_os_read_known(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_file *file, struct sbk_error *err)
{
	HANDLE handle = NULL;
	uint64_t size;
	int rc = sbk_named_open_known(path, &handle, &size, err);

	if (rc == 0)
		rc = sbk_named_examine(handle, file, err);
	if (rc == 0)
		rc = sbk_named_read(handle, path, max, out, err);
	sbk_win32_close(&handle);
	return rc;
}
