/* A simulation of Windows in memory; see the header. */
#include "tests/windows/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"
#include "tests/support/fault.h"
#include "tests/windows/sim_census.h"

#include "engine/banned.h"

#define STATUS_OK ((NTSTATUS)0)
#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_BAD_HANDLE ((NTSTATUS)0xC0000008)
#define STATUS_NO_NAME ((NTSTATUS)0xC0000034)
#define STATUS_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_BAD_OWNER ((NTSTATUS)0xC000005A)
#define STATUS_BAD_SD ((NTSTATUS)0xC0000079)

/* The table's functions get no argument that could hold it. */
static struct sim *world;

/* --- faults -------------------------------------------------------------- */

/* Before each call: whether it shall fail. */
bool sim_fails(void)
{
	world->thread = GetCurrentThreadId();
	fault_plan.counted++;
	if (fault_plan.counted != fault_plan.at)
		return false;
	if (fault_plan.mode == FAULT_STOP)
		longjmp(world->end, 1);
	return fault_plan.mode == FAULT_DENY;
}

struct sim *sim_now(void)
{
	return world;
}

static BOOL fail_with(DWORD code)
{
	world->last_error = code;
	return FALSE;
}

/* --- descriptors --------------------------------------------------------- */

static struct sbk_token caller(const struct sim *sim)
{
	struct sbk_token token = sbk_token_plain(&sim->user);

	token.groups = (struct sbk_sid_set){sim->groups, sim->group_count};
	token.privileges = sim->privileges;
	if (sim->processes.is_backup[0])
		token.privileges |= SBK_PRIVILEGE_BACKUP;
	if (sim->processes.is_backup[1])
		token.privileges |= SBK_PRIVILEGE_RESTORE;
	return token;
}

static uint32_t granted_on(const struct sim_node *node, uint32_t desired)
{
	const struct sbk_token token = caller(world);
	struct sbk_access_request request = {
		.desired = desired,
		.object = (node->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0
				  ? SBK_NT_DIRECTORY
				  : SBK_NT_FILE,
		.backup_intent = true};
	struct sbk_access_result result;
	struct sbk_sd sd;

	sim_read_sd(node, &sd);
	sbk_access_check(&sd, &token, &request, &result);
	return result.missing;
}

/* Whether the caller gets these rights; who may list a directory may read the
 * attributes of what is in it (MS-FSA 2.1.5.1.2.1). */
static bool may_open(const struct sim_node *node, uint32_t desired)
{
	uint32_t missing = granted_on(node, desired);

	if (missing == FILE_READ_ATTRIBUTES &&
	    granted_on(&world->nodes[node->parent], FILE_LIST_DIRECTORY) == 0)
		missing = 0;
	return missing == 0;
}

/* --- handles ------------------------------------------------------------- */

static HANDLE new_handle(size_t node, DWORD granted, bool is_volume)
{
	size_t i;

	for (i = 0; i < SIM_HANDLES_MAX; i++) {
		if (world->handles[i].open)
			continue;
		world->handles[i] = (struct sim_handle){.open = true,
							.is_volume = is_volume,
							.node = node,
							.granted = granted};
		return (HANDLE)(uintptr_t)(0x1000 + 4 * i);
	}
	abort(); /* a leak of handles */
}

static struct sim_handle *handle_of(HANDLE handle)
{
	const uintptr_t value = (uintptr_t)handle;
	size_t i = (value - 0x1000) / 4;

	if (value < 0x1000 || i >= SIM_HANDLES_MAX || !world->handles[i].open)
		return NULL;
	return &world->handles[i];
}

static struct sim_node *node_of(HANDLE handle)
{
	struct sim_handle *open = handle_of(handle);

	return open == NULL || open->is_volume || open->is_process
		       ? NULL
		       : &world->nodes[open->node];
}

struct sim_node *sim_node_at(HANDLE handle, DWORD *granted)
{
	struct sim_node *node = node_of(handle);

	*granted = node != NULL ? handle_of(handle)->granted : 0;
	return node;
}

HANDLE sim_process_handle(size_t index)
{
	HANDLE handle = new_handle(index, 0, false);

	handle_of(handle)->is_process = true;
	return handle;
}

size_t sim_process_of(HANDLE handle)
{
	const struct sim_handle *open = handle_of(handle);

	if (open == NULL || !open->is_process)
		abort();
	return open->node;
}

/* --- the table ----------------------------------------------------------- */

static HANDLE WINAPI sim_CreateFileW(LPCWSTR name, DWORD access, DWORD share,
				     LPSECURITY_ATTRIBUTES security,
				     DWORD disposition, DWORD flags,
				     HANDLE template)
{
	WCHAR root[64], device[64], drive[16];

	(void)share;
	if (sim_fails()) {
		world->last_error = ERROR_ACCESS_DENIED;
		return INVALID_HANDLE_VALUE;
	}
	if (security != NULL || template != NULL ||
	    disposition != OPEN_EXISTING ||
	    flags !=
		    (FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS |
		     SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION))
		abort(); /* nothing that we ever ask for */
	(void)swprintf(drive, 16, L"\\\\?\\%lc:\\", world->drive);
	(void)swprintf(device, 64, L"\\\\?\\Volume{%hs}", SIM_VOLUME);
	(void)swprintf(root, 64, L"%ls\\", device);
	if (wcscmp(name, device) == 0) {
		if (world->elevated)
			return new_handle(0, access, true);
		world->last_error = ERROR_ACCESS_DENIED;
		return INVALID_HANDLE_VALUE;
	}
	if (wcscmp(name, drive) != 0 && wcscmp(name, root) != 0) {
		world->last_error = ERROR_PATH_NOT_FOUND;
		return INVALID_HANDLE_VALUE;
	}
	if (!may_open(&world->nodes[0], access)) {
		world->last_error = ERROR_ACCESS_DENIED;
		return INVALID_HANDLE_VALUE;
	}
	return new_handle(0, access, false);
}

static bool same_name(const WCHAR *name, const UNICODE_STRING *wanted)
{
	size_t units = wanted->Length / sizeof(WCHAR);

	return wcslen(name) == units &&
	       _wcsnicmp(name, wanted->Buffer, units) == 0;
}

static NTSTATUS NTAPI sim_NtCreateFile(PHANDLE out, ACCESS_MASK access,
				       POBJECT_ATTRIBUTES object,
				       PIO_STATUS_BLOCK io, PLARGE_INTEGER size,
				       ULONG attributes, ULONG share,
				       ULONG disposition, ULONG options,
				       PVOID ea, ULONG ea_size)
{
	const struct sim_node *parent = node_of(object->RootDirectory);
	size_t i;

	(void)io;
	(void)share;
	if (sim_fails())
		return STATUS_DENIED;
	if (parent == NULL)
		return STATUS_BAD_HANDLE;
	if (size != NULL || attributes != 0 || ea != NULL || ea_size != 0 ||
	    disposition != 1 || options != 0x00204020)
		abort(); /* nothing that we ever ask for */
	for (i = 1; i < world->count; i++) {
		struct sim_node *node = &world->nodes[i];

		if (node->gone || &world->nodes[node->parent] != parent ||
		    !same_name(node->name, object->ObjectName))
			continue;
		if (!may_open(node, access & ~(ACCESS_MASK)SYNCHRONIZE))
			return STATUS_DENIED;
		*out = new_handle(i, access, false);
		return STATUS_OK;
	}
	return STATUS_NO_NAME;
}

static HANDLE WINAPI sim_OpenFileById(HANDLE hint, LPFILE_ID_DESCRIPTOR id,
				      DWORD access, DWORD share,
				      LPSECURITY_ATTRIBUTES security,
				      DWORD flags)
{
	uint64_t number;
	size_t i;

	(void)share;
	(void)security;
	(void)flags;
	world->last_error = ERROR_ACCESS_DENIED;
	if (sim_fails())
		return INVALID_HANDLE_VALUE;
	if (handle_of(hint) == NULL || id->Type != ExtendedFileIdType)
		abort();
	memcpy(&number, &id->ExtendedFileId, sizeof(number));
	for (i = 0; i < world->count; i++) {
		if (world->nodes[i].gone || world->nodes[i].id != number)
			continue;
		if (!may_open(&world->nodes[i], access & ~(DWORD)SYNCHRONIZE))
			return INVALID_HANDLE_VALUE;
		/* MS-FSA 2.1.5.1.2.1 */
		if ((world->nodes[i].attributes & FILE_ATTRIBUTE_READONLY) !=
			    0 &&
		    (world->nodes[i].attributes & FILE_ATTRIBUTE_DIRECTORY) ==
			    0 &&
		    (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0)
			return INVALID_HANDLE_VALUE;
		world->last_error = 0;
		return new_handle(i, access, false);
	}
	world->last_error = ERROR_INVALID_PARAMETER;
	return INVALID_HANDLE_VALUE;
}

static BOOL WINAPI sim_CloseHandle(HANDLE handle)
{
	struct sim_handle *open = handle_of(handle);

	if (open == NULL)
		abort(); /* closed twice */
	open->open = false;
	if (open->is_process)
		sim_process_closed(world, open->node);
	return TRUE;
}

/* At most two entries a call, so that the caller has to ask again. */
static BOOL list(struct sim_handle *handle, bool restart, uint8_t *out,
		 DWORD size)
{
	const size_t head = offsetof(FILE_FULL_DIR_INFO, FileName);
	FILE_FULL_DIR_INFO *last = NULL;
	size_t i, seen = 0, given = 0, at = 0;

	if ((handle->granted & FILE_LIST_DIRECTORY) == 0)
		return fail_with(ERROR_ACCESS_DENIED);
	if (restart)
		handle->listed = 0;
	for (i = 1; i < world->count && given < 2; i++) {
		const struct sim_node *node = &world->nodes[i];
		FILE_FULL_DIR_INFO *entry;
		size_t bytes = wcslen(node->name) * sizeof(WCHAR);

		if (node->gone || node->parent != handle->node ||
		    seen++ < handle->listed)
			continue;
		if (at + head + bytes > size)
			abort();
		entry = (FILE_FULL_DIR_INFO *)(void *)(out + at);
		memset(entry, 0, head);
		entry->FileNameLength = (ULONG)bytes;
		entry->FileAttributes = node->attributes;
		memcpy(entry->FileName, node->name, bytes);
		if (last != NULL)
			last->NextEntryOffset =
				(ULONG)((uint8_t *)entry - (uint8_t *)last);
		last = entry;
		at += (head + bytes + 7) & ~(size_t)7;
		given++;
	}
	handle->listed += given;
	return given > 0 ? TRUE : fail_with(ERROR_NO_MORE_FILES);
}

static BOOL WINAPI sim_GetFileInformationByHandleEx(
	HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, LPVOID out, DWORD size)
{
	struct sim_handle *handle = handle_of(file);
	const struct sim_node *node = node_of(file);

	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	if (node == NULL)
		return fail_with(ERROR_INVALID_HANDLE);
	memset(out, 0, size);
	if (class == FileAttributeTagInfo) {
		((FILE_ATTRIBUTE_TAG_INFO *)out)->FileAttributes =
			node->attributes;
	} else if (class == FileStandardInfo) {
		((FILE_STANDARD_INFO *)out)->NumberOfLinks = node->links;
	} else if (class == FileIdInfo) {
		FILE_ID_INFO *id = out;

		id->VolumeSerialNumber = 0x1122334455667788;
		memcpy(&id->FileId, &node->id, sizeof(node->id));
	} else if (class == FileFullDirectoryInfo ||
		   class == FileFullDirectoryRestartInfo) {
		return list(handle, class == FileFullDirectoryRestartInfo, out,
			    size);
	} else {
		abort();
	}
	return TRUE;
}

static BOOL WINAPI sim_GetVolumeInformationByHandleW(
	HANDLE file, LPWSTR name, DWORD name_size, LPDWORD serial,
	LPDWORD component_max, LPDWORD flags, LPWSTR system, DWORD system_size)
{
	(void)name;
	(void)name_size;
	(void)serial;
	(void)component_max;
	(void)system;
	(void)system_size;
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	if (handle_of(file) == NULL)
		return fail_with(ERROR_INVALID_HANDLE);
	*flags = FILE_PERSISTENT_ACLS;
	return TRUE;
}

static DWORD WINAPI sim_GetFinalPathNameByHandleW(HANDLE file, LPWSTR out,
						  DWORD size, DWORD flags)
{
	const struct sim_handle *handle = handle_of(file);
	WCHAR path[512];
	int units;

	if (sim_fails() || handle == NULL) {
		world->last_error = ERROR_ACCESS_DENIED;
		return 0;
	}
	sim_path(world, handle->node, path, 512);
	if (flags == VOLUME_NAME_GUID)
		units = swprintf(out, size, L"\\\\?\\Volume{%hs}%ls",
				 SIM_VOLUME, handle->node == 0 ? L"\\" : path);
	else
		units = swprintf(out, size, L"\\\\?\\%lc:%ls", world->drive,
				 handle->node == 0 ? L"\\" : path);
	return (DWORD)units;
}

static NTSTATUS NTAPI sim_NtQuerySecurityObject(HANDLE handle,
						SECURITY_INFORMATION what,
						PSECURITY_DESCRIPTOR out,
						ULONG size, PULONG needed)
{
	const struct sim_handle *open = handle_of(handle);
	const struct sim_node *node = node_of(handle);

	if (sim_fails())
		return STATUS_DENIED;
	if (node == NULL)
		return STATUS_BAD_HANDLE;
	if (what != (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
		     DACL_SECURITY_INFORMATION))
		abort();
	if ((open->granted & READ_CONTROL) == 0)
		return STATUS_DENIED;
	*needed = (ULONG)node->sd.size;
	if (size < node->sd.size)
		return STATUS_TOO_SMALL;
	memcpy(out, node->sd.data, node->sd.size);
	return STATUS_OK;
}

static bool may_own(const struct sbk_sid *owner)
{
	size_t i;

	if ((caller(world).privileges & SBK_PRIVILEGE_RESTORE) != 0 ||
	    sbk_sid_equal(owner, &world->user))
		return true;
	for (i = 0; i < world->group_count; i++)
		if ((world->groups[i].attributes & SBK_GROUP_OWNER) != 0 &&
		    sbk_sid_equal(owner, &world->groups[i].sid))
			return true;
	return false;
}

#define DACL_BITS                                                              \
	(SBK_SD_DACL_PRESENT | SBK_SD_DACL_DEFAULTED | SBK_SD_DACL_INHERITED | \
	 SBK_SD_DACL_PROTECTED | SBK_SD_DACL_INHERIT_REQ)

/* MS-DTYP 2.4.6: with DC and DI the result has DI; DC is not kept. */
static void take_dacl(struct sbk_sd *sd, const struct sbk_sd *input)
{
	const uint16_t both = SBK_SD_DACL_INHERITED | SBK_SD_DACL_INHERIT_REQ;

	sd->control &= (uint16_t)~DACL_BITS;
	sd->control |= SBK_SD_DACL_PRESENT |
		       (input->control &
			(SBK_SD_DACL_DEFAULTED | SBK_SD_DACL_PROTECTED));
	if ((input->control & both) == both)
		sd->control |= SBK_SD_DACL_INHERITED;
	sd->dacl_is = input->dacl_is == SBK_ACL_PRESENT ? SBK_ACL_PRESENT
							: SBK_ACL_NULL;
	sd->dacl = input->dacl;
}

void sim_take_sd(struct sbk_sd *sd, const struct sbk_sd *input,
		 SECURITY_INFORMATION what)
{
	if ((what & OWNER_SECURITY_INFORMATION) != 0)
		sd->owner = input->owner;
	if ((what & GROUP_SECURITY_INFORMATION) != 0)
		sd->group = input->group;
	if ((what & DACL_SECURITY_INFORMATION) != 0)
		take_dacl(sd, input);
}

/* The descriptor's bytes end where its last part does. */
static size_t size_of(const uint8_t *sd)
{
	return GetSecurityDescriptorLength((PSECURITY_DESCRIPTOR)(uintptr_t)sd);
}

static NTSTATUS NTAPI sim_NtSetSecurityObject(HANDLE handle,
					      SECURITY_INFORMATION what,
					      PSECURITY_DESCRIPTOR descriptor)
{
	const struct sim_handle *open = handle_of(handle);
	struct sim_node *node = node_of(handle);
	struct sbk_buf changed = SBK_BUF_INIT;
	struct sbk_sd sd, input;

	if (sim_fails())
		return STATUS_DENIED;
	if (node == NULL)
		return STATUS_BAD_HANDLE;
	if (sbk_sd_read(descriptor, size_of(descriptor), &input, NULL) < 0)
		return STATUS_BAD_SD;
	if (((what & DACL_SECURITY_INFORMATION) != 0 &&
	     (open->granted & WRITE_DAC) == 0) ||
	    ((what &
	      (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION)) != 0 &&
	     (open->granted & WRITE_OWNER) == 0))
		return STATUS_DENIED;
	if ((what & OWNER_SECURITY_INFORMATION) != 0 &&
	    (!input.has_owner || !may_own(&input.owner)))
		return STATUS_BAD_OWNER;
	if (world->forgets)
		return STATUS_OK;
	sim_read_sd(node, &sd);
	sim_take_sd(&sd, &input, what);
	if (world->alters > 0) {
		sd.control ^= SBK_SD_DACL_PROTECTED;
		world->alters--;
	}
	if (sbk_sd_write(&sd, &changed, NULL) < 0)
		abort();
	sim_copy(&node->sd, &changed);
	sbk_buf_release(&changed);
	return STATUS_OK;
}

static BOOL WINAPI sim_FlushFileBuffers(HANDLE file)
{
	const struct sim_handle *open = handle_of(file);
	size_t i;

	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	if (open == NULL)
		return fail_with(ERROR_INVALID_HANDLE);
	if ((open->granted &
	     (GENERIC_WRITE | FILE_APPEND_DATA | FILE_ADD_FILE)) == 0)
		return fail_with(ERROR_ACCESS_DENIED);
	/* A volume's all; of one object, the log up to it. */
	for (i = 0; i < world->count; i++)
		sim_copy(&world->nodes[i].durable, &world->nodes[i].sd);
	return TRUE;
}

static DWORD WINAPI sim_GetLastError(void)
{
	return world->last_error;
}

static struct sbk_win32 table = {
	.files =
		{
			.CreateFileW = sim_CreateFileW,
			.NtCreateFile = sim_NtCreateFile,
			.OpenFileById = sim_OpenFileById,
			.CloseHandle = sim_CloseHandle,
			.GetFileInformationByHandleEx =
				sim_GetFileInformationByHandleEx,
			.GetVolumeInformationByHandleW =
				sim_GetVolumeInformationByHandleW,
			.GetFinalPathNameByHandleW =
				sim_GetFinalPathNameByHandleW,
			.NtQuerySecurityObject = sim_NtQuerySecurityObject,
			.NtSetSecurityObject = sim_NtSetSecurityObject,
			.FlushFileBuffers = sim_FlushFileBuffers,
		},
	.errors = {.GetLastError = sim_GetLastError},
};

void sim_set_profiles(const struct sbk_win32_profile *profile,
		      const struct sbk_win32_file *file)
{
	table.profile = profile;
	table.file = file;
}

void sim_set_registry(const struct sbk_win32_registry *registry)
{
	table.registry = *registry;
}

bool sim_is_elevated(void)
{
	return world->elevated;
}

static void add_group(struct sim *sim, const char *sid)
{
	struct sbk_group *group = &sim->groups[sim->group_count++];

	if (sbk_sid_parse(sid, strlen(sid), &group->sid, NULL) < 0)
		abort();
	group->attributes = SBK_GROUP_MANDATORY | SBK_GROUP_ENABLED;
}

struct sim *sim_begin(void)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (sim == NULL ||
	    sbk_sid_parse(SIM_USER, strlen(SIM_USER), &sim->user, NULL) < 0)
		abort();
	add_group(sim, "S-1-1-0");
	add_group(sim, "S-1-5-11");
	add_group(sim, "S-1-5-32-545");
	sim->drive = L'C';
	sim->next_id = 5;
	sim->count = 1;
	sim->nodes[0].id = sim->next_id++;
	sim->nodes[0].links = 1;
	sim->nodes[0].attributes = FILE_ATTRIBUTE_DIRECTORY;
	sim_set_sddl(&sim->nodes[0],
		     "O:SYG:SYD:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
		     "(A;OICI;0x1200a9;;;BU)");
	sim_copy(&sim->nodes[0].durable, &sim->nodes[0].sd);
	sim_accounts_begin(&sim->accounts);
	table.rights = sim_rights_table;
	table.accounts = &sim_accounts_table;
	table.check = &sim_check_table;
	table.filters = &sim_filters_table;
	table.firewall = &sim_firewall_table;
	table.registry = sbk_win32_system.registry;
	sim_processes_begin();
	table.program = &sim_program_table;
	table.processes = &sim_processes_table;
	table.process = &sim_process_table;
	table.file = sbk_win32_system.file;
	table.profile = sbk_win32_system.profile;
	table.census = &sim_census_table;
	table.errors.RtlNtStatusToDosError =
		sbk_win32_system.errors.RtlNtStatusToDosError;
	world = sim;
	sbk_win32 = &table;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	return sim;
}

void sim_finish(struct sim *sim)
{
	size_t i;

	sbk_win32 = &sbk_win32_system;
	world = NULL;
	for (i = 0; i < sim->count; i++) {
		sbk_buf_release(&sim->nodes[i].sd);
		sbk_buf_release(&sim->nodes[i].durable);
	}
	free(sim);
}
