/* The simulated processes; see the header. */
#include "tests/windows/sim_processes.h"

#include <stdlib.h>
#include <string.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

/* "Privilege Constants": all that we ever ask for. */
static const struct {
	const WCHAR *name;
	DWORD luid;
} luids[] = {
	{SE_DEBUG_NAME, 20},
	{SE_BACKUP_NAME, 17},
	{SE_RESTORE_NAME, 18},
};

static struct sim_processes *processes(void)
{
	return &sim_now()->processes;
}

static BOOL fail_with(DWORD code)
{
	sim_now()->last_error = code;
	return FALSE;
}

static struct sim_process *add(struct sim_processes *p,
			       const struct sbk_sid *user)
{
	struct sim_process *process = p->all;

	while (process->runs || process->handles > 0)
		if (++process == p->all + SIM_PROCESSES_MAX)
			abort();
	p->next_id += 4;
	*process = (struct sim_process){
		.runs = true, .id = p->next_id, .user = *user};
	return process;
}

static BOOL WINAPI sim_WTSEnumerateProcessesW(HANDLE server, DWORD reserved,
					      DWORD version,
					      PWTS_PROCESS_INFOW *out,
					      DWORD *count)
{
	struct sim_processes *p = processes();
	PWTS_PROCESS_INFOW list;
	size_t i;

	if (server != NULL || reserved != 0 || version != 1)
		abort();
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	list = calloc(SIM_PROCESSES_MAX + 1, sizeof(*list));
	if (list == NULL)
		abort();
	*count = 1; /* the idle one, of nobody */
	for (i = 0; i < SIM_PROCESSES_MAX; i++) {
		if (!p->all[i].runs)
			continue;
		list[*count].ProcessId = p->all[i].id;
		list[(*count)++].pUserSid = p->all[i].user.bytes;
	}
	p->lists++;
	*out = list;
	return TRUE;
}

static VOID WINAPI sim_WTSFreeMemory(PVOID memory)
{
	if (processes()->lists-- == 0)
		abort();
	free(memory);
}

static HANDLE WINAPI sim_OpenProcess(DWORD access, BOOL inherit, DWORD id)
{
	struct sim_processes *p = processes();
	size_t i;

	if (inherit || (access & PROCESS_TERMINATE) == 0)
		abort();
	(void)fail_with(ERROR_ACCESS_DENIED);
	if (sim_fails() || !p->is_debug)
		return NULL;
	for (i = 0; i < SIM_PROCESSES_MAX; i++) {
		if (!p->all[i].runs || p->all[i].id != id)
			continue;
		if (p->reuses) { /* between the list and this call */
			p->reuses = false;
			p->all[i].user = sim_now()->user;
		}
		p->all[i].handles++;
		return sim_process_handle(i);
	}
	(void)fail_with(ERROR_INVALID_PARAMETER);
	return NULL;
}

static BOOL WINAPI sim_LookupPrivilegeValueW(LPCWSTR system, LPCWSTR name,
					     PLUID out)
{
	size_t i = 0;

	while (wcscmp(name, luids[i].name) != 0)
		if (++i == sizeof(luids) / sizeof(luids[0]))
			abort();
	if (system != NULL)
		abort();
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	*out = (LUID){.LowPart = luids[i].luid};
	return TRUE;
}

static BOOL WINAPI sim_AdjustTokenPrivileges(HANDLE token, BOOL disable_all,
					     PTOKEN_PRIVILEGES next, DWORD size,
					     PTOKEN_PRIVILEGES before,
					     PDWORD needed)
{
	struct sim_processes *p = processes();
	const bool on = next->Privileges[0].Attributes == SE_PRIVILEGE_ENABLED;
	bool *const is =
		next->Privileges[0].Luid.LowPart == luids[0].luid
			? &p->is_debug
			: &p->is_backup[next->Privileges[0].Luid.LowPart - 17];
	bool held;

	(void)needed;
	if (disable_all || sim_process_of(token) != SIM_TOKEN ||
	    size < sizeof(*before))
		abort();
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	held = sim_is_elevated() && (is == &p->is_debug || !p->withholds);
	(void)fail_with(held ? ERROR_SUCCESS : ERROR_NOT_ALL_ASSIGNED);
	before->PrivilegeCount = held && on != *is;
	if (held)
		*is = on;
	return TRUE;
}

const struct sbk_win32_processes sim_processes_table = {
	.WTSEnumerateProcessesW = sim_WTSEnumerateProcessesW,
	.WTSFreeMemory = sim_WTSFreeMemory,
	.OpenProcess = sim_OpenProcess,
	.LookupPrivilegeValueW = sim_LookupPrivilegeValueW,
	.AdjustTokenPrivileges = sim_AdjustTokenPrivileges,
};

static BOOL WINAPI sim_TerminateProcess(HANDLE handle, UINT code)
{
	struct sim_processes *p = processes();
	struct sim_process *process = &p->all[sim_process_of(handle)];

	(void)code;
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	if (p->keeps)
		return TRUE;
	process->runs = false;
	if (p->spawns > 0) {
		p->spawns--;
		(void)add(p, &process->user);
	}
	return TRUE;
}

static DWORD WINAPI sim_WaitForSingleObject(HANDLE handle, DWORD milliseconds)
{
	(void)milliseconds;
	if (sim_fails()) {
		(void)fail_with(ERROR_ACCESS_DENIED);
		return WAIT_FAILED;
	}
	return processes()->all[sim_process_of(handle)].runs ? WAIT_TIMEOUT
							     : WAIT_OBJECT_0;
}

const struct sbk_win32_process sim_process_table = {
	.TerminateProcess = sim_TerminateProcess,
	.WaitForSingleObject = sim_WaitForSingleObject,
};

static HANDLE WINAPI sim_GetCurrentProcess(void)
{
	return NULL;
}

static BOOL WINAPI sim_OpenProcessToken(HANDLE process, DWORD access,
					PHANDLE out)
{
	if (process != NULL || (access & TOKEN_QUERY) == 0)
		abort();
	if (sim_fails())
		return fail_with(ERROR_ACCESS_DENIED);
	*out = sim_process_handle(SIM_TOKEN);
	return TRUE;
}

struct sbk_win32_program sim_program_table;

void sim_processes_begin(void)
{
	sim_program_table = sbk_win32_program_system;
	sim_program_table.GetCurrentProcess = sim_GetCurrentProcess;
	sim_program_table.OpenProcessToken = sim_OpenProcessToken;
	sim_program_table.GetTokenInformation = sim_GetTokenInformation;
}

void sim_process_closed(struct sim *sim, size_t index)
{
	if (index != SIM_TOKEN)
		sim->processes.all[index].handles--;
}

static struct sbk_sid parse(const char *text)
{
	struct sbk_sid sid;

	if (sbk_sid_parse(text, strlen(text), &sid, NULL) < 0)
		abort();
	return sid;
}

DWORD sim_run(struct sim *sim, const char *sid)
{
	const struct sbk_sid user = parse(sid);

	return add(&sim->processes, &user)->id;
}

size_t sim_running(const struct sim *sim, const char *sid)
{
	const struct sbk_sid user = parse(sid);
	size_t i, count = 0;

	for (i = 0; i < SIM_PROCESSES_MAX; i++)
		count += sim->processes.all[i].runs &&
			 sbk_sid_equal(&sim->processes.all[i].user, &user);
	return count;
}
