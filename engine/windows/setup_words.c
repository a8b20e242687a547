/* What the command setup says of Windows; see engine/plan_setup.h. */
#include "engine/plan_setup.h"

#include "engine/banned.h"

const char sbk_setup_user_help[] =
	"make this person's accounts, which stay disabled (default: enrol you)";

const char sbk_setup_bounds_text[] =
	"the network filters and firewall rules stand";

const char sbk_setup_done_text[] = "";

const char sbk_setup_help[] =
	"Enrols you: two local accounts, hidden and denied most logons "
	"(network "
	"filters\nlet no packet of one of them out), a group of all such "
	"accounts, firewall rules.\nsandbook-setup.exe, for which the system "
	"asks an administrator's consent, makes\nthem; your own process keeps "
	"their random passwords, for you alone (DPAPI), and\nonly then they "
	"are "
	"enabled. Each change is recorded in the machine's journal\nbefore it "
	"is "
	"made; if a step fails, all of it is undone. A second call changes\n"
	"nothing. Refused while a run of yours is at work.\n\n"
	"--user makes accounts for somebody, who finishes that by an own "
	"'sandbook setup'.\n--upgrade also sets the passwords of your accounts "
	"anew, where yours are lost or\ndo not open: the one change that "
	"cannot "
	"be undone, and nobody knew the old ones.\n\n"
	"Example: what would change, and then do it:\n"
	"  sandbook setup --dry-run\n"
	"  sandbook setup\n"
	"Somebody leaves; a password is lost, or a newer version came:\n"
	"  sandbook setup --remove-user ann\n"
	"  sandbook setup --upgrade\n";
