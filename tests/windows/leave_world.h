/*
 * For tests of uninstall: commands over the world of setup_world.h, in which
 * ann has a workspace on the simulated volume that nobody else gets at, an
 * administrator only by privileges that are held and not enabled.
 */
#ifndef SBK_TEST_LEAVE_WORLD_H
#define SBK_TEST_LEAVE_WORLD_H

#include "tests/windows/setup_world.h"
#include "uninstall/uninstall.h"

#define CERTIFICATE "certificate.json"
#define WORKSPACE "S:/Users/ann/ws"
#define MADE "S:/Users/ann/ws/made"

/* setup, uninstall, remediate. */
const struct sbk_command *const *leave_tables(void);
/* sandbook-setup uninstall --yes --certificate CERTIFICATE */
int leave_uninstall(void);
/* Fails the test, with what was printed, where the code is not 0. */
void leave_must(int code);

void leave_sid_text(const struct sbk_sid *sid, char out[SBK_SID_TEXT_MAX]);
void leave_sid_named(struct setup_world *w, const WCHAR *name,
		     char out[SBK_SID_TEXT_MAX]);
/* The list of what is ann's, with more `entries`; `owner` NULL: ann. */
void leave_sddl(struct setup_world *w, const char *owner, const char *entries,
		char out[600]);

void leave_begin(struct setup_world *w);
/* ann is enrolled, and a run was at work: its entry, its file, a process. */
void leave_enrol(struct setup_world *w);
bool leave_is_there(const char *path);
/* Before each test: whatever one before left. */
int leave_clear(void **state);

#endif
