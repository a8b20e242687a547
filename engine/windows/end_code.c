/*
 * See the header. The codes are "NTSTATUS Values" (MS-ERREF 2.3.1); what mostly
 * is behind one in a run is ours.
 */
#include "engine/windows/end_code.h"

#include <stddef.h>

#include "engine/banned.h"

static const struct {
	uint32_t code;
	const char *reason;
} reasons[] = {
	{0xC0000017, "STATUS_NO_MEMORY: the machine, or the run's memory "
		     "limit, has no more"},
	{0xC0000022, "STATUS_ACCESS_DENIED: it was refused something before "
		     "it began, mostly a file that it may not read; 'sandbook "
		     "plan' lists what it may"},
	{0xC000007B, "STATUS_INVALID_IMAGE_FORMAT: a program or a DLL of it is "
		     "of another kind of processor, or damaged"},
	{0xC000012D, "STATUS_COMMITMENT_LIMIT: the machine, or the run's "
		     "memory limit, has no more"},
	{0xC0000135, "STATUS_DLL_NOT_FOUND: a DLL of it is not where the run "
		     "looks, or may read; its directory belongs on PATH"},
	{0xC0000138, "STATUS_ORDINAL_NOT_FOUND: a DLL was found that is not "
		     "the one it was built for"},
	{0xC0000139, "STATUS_ENTRYPOINT_NOT_FOUND: a DLL was found that is not "
		     "the one it was built for"},
	{0xC0000142, "STATUS_DLL_INIT_FAILED: mostly, it got no window station "
		     "or desktop, as in a session without a screen (ssh, a "
		     "service, a task); start the run where a person is "
		     "logged on, at the screen or by Remote Desktop"},
	{0xC000026B, "STATUS_DLL_INIT_FAILED_LOGOFF: the session is being "
		     "logged off, or the system shut down"},
	{0xC0000428, "STATUS_INVALID_IMAGE_HASH: a policy of this machine asks "
		     "for a signature that it does not have"},
	{0xC0000906, "STATUS_VIRUS_INFECTED: the virus scanner keeps it from "
		     "starting"},
};

const char *sbk_end_code_reason(uint32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return NULL;
}
