/* See the header. */
#include "tests/windows/kept_lists.h"

#include <stdlib.h>
#include <string.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

#define KEPT_MAX 256
#define DESCRIPTOR_BYTES 1024
#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_SMALL ((NTSTATUS)0xC0000023)
/* FileDispositionInformation and FileDispositionInformationEx. */
#define CLASS_REMOVED 13
#define CLASS_REMOVED_EX 64
#define ALL_PARTS                                                  \
	(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | \
	 DACL_SECURITY_INFORMATION)

/* The descriptors that were asked for, by the file's id. */
static struct {
	FILE_ID_INFO id;
	BYTE bytes[DESCRIPTOR_BYTES];
	DWORD size;
} kept[KEPT_MAX];
static size_t kept_count;
static struct sbk_win32_files below;
static const struct sbk_win32_file *below_file;
static struct sbk_win32_file own_file;
static struct kept_lists_options options;
static bool failing_off; /* for looks of our own */

static bool fails(void)
{
	return options.fails != NULL && !failing_off && options.fails();
}

static bool passes(HANDLE handle)
{
	return options.passes != NULL && options.passes(handle);
}

static size_t find(const FILE_ID_INFO *id)
{
	size_t i = 0;

	while (i < kept_count && memcmp(&kept[i].id, id, sizeof(*id)) != 0)
		i++;
	return i;
}

static bool id_of(HANDLE handle, FILE_ID_INFO *out)
{
	memset(out, 0, sizeof(*out));
	return sbk_win32_system.files.GetFileInformationByHandleEx(
		handle, FileIdInfo, out, sizeof(*out));
}

/* Where what had this id before is gone, so is its list. */
static void keep(HANDLE handle, PSECURITY_DESCRIPTOR descriptor)
{
	const DWORD size = descriptor != NULL
				   ? GetSecurityDescriptorLength(descriptor)
				   : 0;
	FILE_ID_INFO id;
	size_t at;

	if (!id_of(handle, &id) || size > DESCRIPTOR_BYTES)
		abort();
	at = find(&id);
	if (at == kept_count && size == 0)
		return;
	if (at == kept_count && kept_count++ == KEPT_MAX)
		abort();
	kept[at].id = id;
	kept[at].size = size;
	if (size > 0)
		memcpy(kept[at].bytes, descriptor, size);
}

static NTSTATUS NTAPI lists_NtCreateFile(PHANDLE out, ACCESS_MASK access,
					 POBJECT_ATTRIBUTES object,
					 PIO_STATUS_BLOCK io,
					 PLARGE_INTEGER size, ULONG attributes,
					 ULONG share, ULONG disposition,
					 ULONG how, PVOID ea, ULONG ea_size)
{
	OBJECT_ATTRIBUTES bare = *object;
	NTSTATUS status;

	if (passes(object->RootDirectory))
		return below.NtCreateFile(out, access, object, io, size,
					  attributes, share, disposition, how,
					  ea, ea_size);
	bare.SecurityDescriptor = NULL;
	status = below.NtCreateFile(out, access, &bare, io, size, attributes,
				    share, disposition, how, ea, ea_size);
	if (status >= 0 && io->Information == FILE_CREATED)
		keep(*out, object->SecurityDescriptor);
	return status;
}

static NTSTATUS NTAPI lists_NtQuerySecurityObject(HANDLE handle,
						  SECURITY_INFORMATION what,
						  PSECURITY_DESCRIPTOR out,
						  ULONG size, PULONG needed)
{
	FILE_ID_INFO id;
	size_t at;

	if (passes(handle))
		return below.NtQuerySecurityObject(handle, what, out, size,
						   needed);
	if (fails())
		return STATUS_DENIED;
	if (!id_of(handle, &id) || (at = find(&id)) == kept_count ||
	    kept[at].size == 0)
		return below.NtQuerySecurityObject(handle, what, out, size,
						   needed);
	*needed = kept[at].size;
	if (size < kept[at].size)
		return STATUS_SMALL;
	memcpy(out, kept[at].bytes, kept[at].size);
	return 0;
}

static NTSTATUS NTAPI lists_NtSetSecurityObject(HANDLE handle,
						SECURITY_INFORMATION what,
						PSECURITY_DESCRIPTOR given)
{
	BYTE bytes[DESCRIPTOR_BYTES];
	struct sbk_buf changed = SBK_BUF_INIT;
	struct sbk_sd sd, input;
	ULONG size = 0;
	FILE_ID_INFO id;
	NTSTATUS status;

	/* A pipe or a process has a list, too. */
	if (passes(handle) || !id_of(handle, &id))
		return below.NtSetSecurityObject(handle, what, given);
	if (fails())
		return STATUS_DENIED;
	failing_off = true;
	status = lists_NtQuerySecurityObject(handle, ALL_PARTS, bytes,
					     sizeof(bytes), &size);
	failing_off = false;
	if (status < 0)
		return status;
	if (sbk_sd_read(bytes, GetSecurityDescriptorLength(bytes), &sd, NULL) <
		    0 ||
	    sbk_sd_read(given, GetSecurityDescriptorLength(given), &input,
			NULL) < 0)
		abort();
	sim_take_sd(&sd, &input, what);
	if (sbk_sd_write(&sd, &changed, NULL) < 0)
		abort();
	keep(handle, changed.data);
	sbk_buf_release(&changed);
	return 0;
}

/* What is made next may have the id of what was removed. */
static NTSTATUS NTAPI lists_NtSetInformationFile(HANDLE file,
						 PIO_STATUS_BLOCK io,
						 PVOID data, ULONG size,
						 FILE_INFORMATION_CLASS class)
{
	NTSTATUS status =
		below_file->NtSetInformationFile(file, io, data, size, class);

	if (status >= 0 && !passes(file) &&
	    (class == (FILE_INFORMATION_CLASS)CLASS_REMOVED ||
	     class == (FILE_INFORMATION_CLASS)CLASS_REMOVED_EX))
		keep(file, NULL);
	return status;
}

static BOOL WINAPI lists_FlushFileBuffers(HANDLE file)
{
	if (passes(file) || !fails())
		return below.FlushFileBuffers(file);
	SetLastError(ERROR_ACCESS_DENIED);
	return FALSE;
}

void kept_lists_put(struct sbk_win32 *table,
		    const struct kept_lists_options *given)
{
	options = *given;
	kept_count = 0;
	below = table->files;
	table->files.NtCreateFile = lists_NtCreateFile;
	table->files.NtQuerySecurityObject = lists_NtQuerySecurityObject;
	table->files.NtSetSecurityObject = lists_NtSetSecurityObject;
	table->files.FlushFileBuffers = lists_FlushFileBuffers;
	below_file = table->file;
	own_file = *below_file;
	own_file.NtSetInformationFile = lists_NtSetInformationFile;
	table->file = &own_file;
}

bool kept_lists_save(FILE *file)
{
	return fwrite(&kept_count, sizeof(kept_count), 1, file) == 1 &&
	       fwrite(kept, sizeof(kept[0]), kept_count, file) == kept_count;
}

bool kept_lists_load(FILE *file)
{
	return fread(&kept_count, sizeof(kept_count), 1, file) == 1 &&
	       kept_count <= KEPT_MAX &&
	       fread(kept, sizeof(kept[0]), kept_count, file) == kept_count;
}
