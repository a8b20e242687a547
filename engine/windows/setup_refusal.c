/* See the header. */
#include "engine/windows/setup_refusal.h"

#include <stddef.h>

#include "engine/cli.h"

#include "engine/banned.h"

#define FROM 230
/* "NTSTATUS Values" (MS-ERREF 2.3.1) */
#define CONTROL_C_EXIT 0xC000013A
#define DLL_NOT_FOUND 0xC0000135

static const struct {
	int error;
	const char *text;
} refusals[SBK_SETUP_REFUSAL_COUNT] = {
	[SBK_SETUP_LOOK] = {SBK_E_UNSUPPORTED,
			    "what must hold before it begins could not be "
			    "looked at; in a console of an administrator's it "
			    "says what"},
	[SBK_SETUP_RESTRICTED] = {SBK_E_DENIED,
				  "it was started with a restricted token, as "
				  "within a sandbox; start it from a console "
				  "of your own"},
	[SBK_SETUP_SANDBOXED] = {SBK_E_DENIED,
				 "it was started as a sandbox account; start "
				 "it as an administrator"},
	[SBK_SETUP_PLAIN] = {SBK_E_DENIED,
			     "it was not elevated: accounts and network "
			     "filters need an administrator's consent"},
	[SBK_SETUP_CONTROLLER] = {SBK_E_UNSUPPORTED,
				  "this is a domain controller, whose accounts "
				  "are the domain's; set it up on another "
				  "machine"},
	[SBK_SETUP_PASSWORDS] = {SBK_E_UNSUPPORTED,
				 "the password policy wants longer passwords "
				 "than a sandbox account's; lower 'Minimum "
				 "password length'"},
	[SBK_SETUP_LOGONS] = {SBK_E_UNSUPPORTED,
			      "the policies 'Allow log on locally' and 'Deny "
			      "log on locally' would let no sandbox account "
			      "log on; see secpol.msc or the group policy"},
	[SBK_SETUP_FIREWALL] = {SBK_E_UNSUPPORTED,
				"no firewall rule of ours would be in effect: "
				"the firewall is off, cannot be asked, or a "
				"group policy overrides local rules"},
	[SBK_SETUP_PLACE] = {SBK_E_DENIED,
			     "it lies where others than administrators can "
			     "write or replace it; install it below "
			     "'C:\\Program Files'"},
};

static const struct {
	uint32_t exit_code;
	const char *text;
} others[] = {
	{SBK_EXIT_USAGE, "it does not take this command line; are both "
			 "programs of one version?"},
	{SBK_EXIT_DENIED, "rights were missing, or the pipe that it was named "
			  "lets others in"},
	{SBK_EXIT_JOURNAL, "the machine's journal is damaged or cannot be "
			   "used; 'sandbook journal verify --machine' lists "
			   "what is wrong"},
	{SBK_EXIT_BUSY, "another command holds the machine's journal; try "
			"again when it has ended"},
	{SBK_EXIT_EXISTS, "a name that it needs is taken by somebody else"},
	{CONTROL_C_EXIT, "its window was closed, or somebody pressed Ctrl-C "
			 "there; the next call takes back what it left"},
	{DLL_NOT_FOUND, "the system did not find a library that it needs; "
			"install it anew"},
};

int sbk_setup_refusal_exit(enum sbk_setup_refusal which)
{
	return FROM + (int)which;
}

const char *sbk_setup_refusal_text(uint32_t exit_code, int *error)
{
	size_t i;

	*error = 0;
	if (exit_code >= FROM && exit_code < FROM + SBK_SETUP_REFUSAL_COUNT) {
		*error = refusals[exit_code - FROM].error;
		return refusals[exit_code - FROM].text;
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].exit_code == exit_code)
			return others[i].text;
	return NULL;
}
