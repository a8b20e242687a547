/* How people call a command as an administrator here. A file of its own, since
 * whatever prints a remedy links it. */
#include "engine/os.h"

#include "engine/banned.h"

static const char *const help[][2] = {
	{"sudo sandbook", "sandbook"},
	{"sandbook-1000-off", "SandbookOffline"},
	{"~/project", "C:\\project"},
	{"~/library", "C:\\library"},
	{"/root/removed.json", "removed.json"},
	{"\"$KEY\"", "KEY"},
	{"needs root", "needs an administrator"},
	{"Needs root", "Needs an administrator"},
	{"As root:", "As an administrator:"},
	{"who called sudo, in a directory of his own,\nelse root",
	 "whichever\nadministrator made it"},
	{"The policy files are described in sandbook-policy(5).",
	 "Policy files are %AppData%\\Sandbook\\policy.json and, the "
	 "machine's,\n%ProgramFiles%\\Sandbook\\policy.json; "
	 "policy.schema.json has their form."},
	{"; the manual page is sandbook(1)", ""},
	{NULL, NULL},
};

const struct sbk_admin_words sbk_os_admin = {
	.help = help,
	.before = "",
	.after = " in an elevated prompt",
	.who = "an administrator",
	.how = "use an elevated prompt",
};
