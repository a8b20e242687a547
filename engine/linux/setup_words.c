/* What the command setup says of Linux; see engine/plan_setup.h. */
#include "engine/plan_setup.h"

#include "engine/banned.h"

const char sbk_setup_user_help[] =
	"enrol this person (default: who called sudo, or root)";

const char sbk_setup_bounds_text[] = "the firewall table stands";

const char sbk_setup_done_text[] =
	"Copies of account files that are kept for the undo count, and 'audit "
	"drift' does not compare them.\n";

const char sbk_setup_help[] =
	"Enrols a person: two system accounts (the firewall lets no "
	"packet of one of\nthem out), a group of all such accounts "
	"and one for each, lines in /etc/subuid\nand /etc/subgid that "
	"let the person's runs use them, and a firewall table, "
	"with\nwhat makes it again after a reboot. The program "
	"sandbook-mount, which lets an\naccount into its person's "
	"files for a run, gets its set-id bit (mode 4755)\nwhere "
	"nobody but root can put another program in its place. Each "
	"change is\nrecorded in the machine's journal before it is "
	"made; if a step fails, all of it\nis undone. 'sandbook "
	"uninstall' takes it back. A second call changes "
	"nothing.\nNeeds root, and for runs under the accounts the "
	"programs of 'uidmap'.\n\n"
	"Example: what would change, and then do it:\n"
	"  sudo sandbook setup --dry-run\n"
	"  sudo sandbook setup --user \"$USER\"\n"
	"Somebody leaves; a newer version came:\n"
	"  sudo sandbook setup --remove-user ann\n"
	"  sudo sandbook setup --upgrade\n";
