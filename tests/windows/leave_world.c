/* See the header. */
#include "tests/windows/leave_world.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "engine/plan_setup.h"
#include "tests/support/test.h"
#include "uninstall/remediate.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

const struct sbk_command *const *leave_tables(void)
{
	static struct sbk_command setup[2];
	static const struct sbk_command *const list[] = {
		setup, sbk_uninstall_commands, sbk_remediate_commands, NULL};

	setup[0] = sbk_command_setup;
	return list;
}

int leave_uninstall(void)
{
	(void)remove(CERTIFICATE);
	return setup_world_run(leave_tables(), "uninstall", "--yes",
			       "--certificate", CERTIFICATE, NULL);
}

void leave_must(int code)
{
	if (code == 0)
		return;
	(void)fputs(setup_world_output(), stderr); /* cmocka's line is short */
	fail_msg("exit code %d", code);
}

void leave_sid_text(const struct sbk_sid *sid, char out[SBK_SID_TEXT_MAX])
{
	struct sbk_sid_text text;

	(void)snprintf(out, SBK_SID_TEXT_MAX, "%s", sbk_sid_format(sid, &text));
}

void leave_sid_named(struct setup_world *w, const WCHAR *name,
		     char out[SBK_SID_TEXT_MAX])
{
	struct sim_account *account = sim_account_named(w->sim, name);

	assert_non_null(account);
	leave_sid_text(&account->sid, out);
}

/* ann's workspace, with one file in it. Nobody else gets at it, an
 * administrator only by privilege. */
void leave_sddl(struct setup_world *w, const char *owner, const char *entries,
		char out[600])
{
	char ann[SBK_SID_TEXT_MAX];

	leave_sid_named(w, L"ann", ann);
	(void)snprintf(out, 600, "O:%sG:SYD:P%s(A;;FA;;;SY)(A;;FA;;;%s)",
		       owner != NULL ? owner : ann, entries, ann);
}

/* As an elevated token has it: the group, and privileges that are held and not
 * enabled. */
static void become_administrator(struct sim *sim)
{
	static const char text[] = "S-1-5-32-544";
	struct sbk_group *group = &sim->groups[sim->group_count++];

	group->attributes = SBK_GROUP_ENABLED | SBK_GROUP_OWNER;
	if (sbk_sid_parse(text, strlen(text), &group->sid, NULL) < 0)
		fail();
	sim->privileges = 0;
}

void leave_begin(struct setup_world *w)
{
	char ann[SBK_SID_TEXT_MAX], sddl[600];

	setup_world_begin(w);
	become_administrator(w->sim);
	leave_sid_named(w, L"ann", ann);
	(void)snprintf(sddl, sizeof(sddl),
		       "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)");
	(void)sim_add(w->sim, "S:/Users", true, sddl);
	leave_sddl(w, NULL, "", sddl);
	(void)sim_add(w->sim, "S:/Users/ann", true, sddl);
	(void)sim_add(w->sim, WORKSPACE, true, sddl);
	(void)sim_add(w->sim, MADE, false, sddl);
	setup_world_mark(w);
}

/* ann is enrolled, and a run was at work: its entry, its file, a process. */
void leave_enrol(struct setup_world *w)
{
	char off[SBK_SID_TEXT_MAX], entry[256], sddl[600];

	leave_must(setup_world_run(leave_tables(), "setup", "--user", "ann",
				   "--yes", NULL));
	leave_sid_named(w, L"SandbookOffline", off);
	(void)snprintf(entry, sizeof(entry), "(A;OICI;0x1301bf;;;%s)", off);
	leave_sddl(w, NULL, entry, sddl);
	sim_set(w->sim, WORKSPACE, sddl);
	leave_sddl(w, off, entry, sddl);
	sim_set(w->sim, MADE, sddl);
	(void)sim_run(w->sim, off);
}

bool leave_is_there(const char *path)
{
	return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

/* Whatever a test before left: one process has one machine's directory. */
int leave_clear(void **state)
{
	static const char *const places[] = {"Sandbook", "local/Sandbook",
					     "home"};
	char path[600];
	size_t i;

	(void)state;
	setup_world_program = SBK_SETUP_PROGRAM;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", setup_world_path(),
			       places[i]);
		if (leave_is_there(path))
			sbk_test_remove(_strdup(path));
	}
	(void)remove(CERTIFICATE);
	return 0;
}
