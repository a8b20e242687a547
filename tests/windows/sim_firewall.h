/*
 * The firewall of the simulation (sim.h): rules by name, which is nobody's
 * alone, as the pages that win32_firewall.h names have it. A new rule has the
 * defaults that INetFwRule's pages give; only an administrator adds and
 * removes.
 */
#ifndef SBK_TEST_SIM_FIREWALL_H
#define SBK_TEST_SIM_FIREWALL_H

#include "engine/windows/win32_firewall.h"

#define SIM_RULES_MAX 16
#define SIM_VALUE_MAX 160

struct sim_rule {
	bool is_there;
	WCHAR texts[SBK_FIREWALL_PROPERTY_COUNT][SIM_VALUE_MAX];
	LONG numbers[SBK_FIREWALL_PROPERTY_COUNT];
};

struct sim_firewall {
	struct sim_rule rules[SIM_RULES_MAX];
	struct sim_rule made;		 /* one that is not added yet */
	size_t listed, objects, threads; /* that are not released, or ended */
	LONG modify_state, profiles;
	bool off[3];
	/* As Wine: says yes and keeps nothing; another keeps no users. */
	bool forgets, loses_users;
};

extern const struct sbk_win32_firewall sim_firewall_table;

struct sim;
/* Another program's rule, of this name. */
struct sim_rule *sim_add_rule(struct sim *sim, const WCHAR *name);
/* The rule of the name, or NULL. */
struct sim_rule *sim_find_rule(struct sim *sim, const WCHAR *name);
size_t sim_rule_count(const struct sim *sim);
void sim_print_rules(const struct sim *sim, struct sbk_buf *out);

#endif
