/*
 * The firewall rules of the Offline accounts, as data: two of each, one for
 * what it sends and one for what it receives, that block everything in every
 * profile. Portable, and tested on any system; firewall.c carries them to the
 * system.
 *
 * The object's name is the rule's: "Sandbook S-1-5-21-1-2-3-1005 out". The
 * state has a line for each property that INetFwRule3 gives, by its name there,
 * sorted:
 *
 *	Action 0
 *	ApplicationName
 *	Description Keeps a sandbox account of Sandbook off the network.
 *	Direction 2
 *	...
 *
 * where a value is in the one form of all that mean the same: of ports,
 * addresses and ICMP types nothing is "*"; of profiles with every bit of the
 * three, "all"; of the local users' list the DACL alone, as we write SDDL. One
 * that no line can hold is "raw " and its hexadecimal. "copies 2" comes first
 * where more than one rule has the name: then none of them is ours for certain.
 */
#ifndef SBK_WINDOWS_FIREWALL_RULES_H
#define SBK_WINDOWS_FIREWALL_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ntsec/sid.h"
#include "engine/object.h"

/* Property, and whether it is a number. In the order of the state. */
#define SBK_FIREWALL_PROPERTIES(X)                               \
	X(ACTION, "Action", true)                                \
	X(APPLICATION, "ApplicationName", false)                 \
	X(DESCRIPTION, "Description", false)                     \
	X(DIRECTION, "Direction", true)                          \
	X(EDGE, "EdgeTraversal", true)                           \
	X(EDGE_OPTIONS, "EdgeTraversalOptions", true)            \
	X(ENABLED, "Enabled", true)                              \
	X(GROUPING, "Grouping", false)                           \
	X(ICMP, "IcmpTypesAndCodes", false)                      \
	X(INTERFACE_TYPES, "InterfaceTypes", false)              \
	X(INTERFACES, "Interfaces", false)                       \
	X(LOCAL_ADDRESSES, "LocalAddresses", false)              \
	X(PACKAGE, "LocalAppPackageId", false)                   \
	X(LOCAL_PORTS, "LocalPorts", false)                      \
	X(LOCAL_USERS, "LocalUserAuthorizedList", false)         \
	X(OWNER, "LocalUserOwner", false)                        \
	X(NAME, "Name", false)                                   \
	X(PROFILES, "Profiles", true)                            \
	X(PROTOCOL, "Protocol", true)                            \
	X(REMOTE_ADDRESSES, "RemoteAddresses", false)            \
	X(REMOTE_MACHINES, "RemoteMachineAuthorizedList", false) \
	X(REMOTE_PORTS, "RemotePorts", false)                    \
	X(REMOTE_USERS, "RemoteUserAuthorizedList", false)       \
	X(SECURE, "SecureFlags", true)                           \
	X(SERVICE, "ServiceName", false)

enum sbk_firewall_property {
#define SBK_FIREWALL_ENUM(id, name, number) SBK_FIREWALL_##id,
	SBK_FIREWALL_PROPERTIES(SBK_FIREWALL_ENUM)
#undef SBK_FIREWALL_ENUM
		SBK_FIREWALL_PROPERTY_COUNT
};

enum sbk_firewall_direction { /* as NET_FW_RULE_DIRECTION */
			      SBK_FIREWALL_IN = 1,
			      SBK_FIREWALL_OUT = 2
};

#define SBK_FIREWALL_NAME_MAX 256 /* bytes of a name of ours, with its end */

/* Every property as text, UTF-8; of numbers their decimal, of truth 0 or 1. */
struct sbk_firewall_rule {
	struct sbk_buf values[SBK_FIREWALL_PROPERTY_COUNT];
};

void sbk_firewall_rule_release(struct sbk_firewall_rule *rule);
bool sbk_firewall_is_number(enum sbk_firewall_property property);
/* By its name in INetFwRule3. */
const char *sbk_firewall_property_name(enum sbk_firewall_property property);
bool sbk_firewall_value_equal(const struct sbk_buf *one,
			      const struct sbk_buf *two);

/* The name of an account's rule. */
void sbk_firewall_name(const struct sbk_sid *user,
		       enum sbk_firewall_direction direction,
		       char out[SBK_FIREWALL_NAME_MAX]);
/* False for any other name. */
bool sbk_firewall_name_parse(const char *name, struct sbk_sid *user,
			     enum sbk_firewall_direction *direction);

/*
 * Fills in what is set of a rule of ours; the other properties are empty, and
 * left as the system has them. SBK_E_INVAL for a name that is none of ours, and
 * where `installation` is not 32 hexadecimal digits.
 */
int sbk_firewall_make(struct sbk_firewall_rule *out, const char *name,
		      const char *installation, struct sbk_error *err);
/* Appends the state of that rule, as it is to be read back. Errors as above. */
int sbk_firewall_want(struct sbk_buf *out, const char *name,
		      const char *installation, struct sbk_error *err);
/* Appends the state of what the system has: `count` rules of the name. */
void sbk_firewall_encode(struct sbk_buf *out,
			 const struct sbk_firewall_rule *rule, size_t count);
/*
 * The rule that a state asks for, as sbk_firewall_make. SBK_E_PARSE where it is
 * not, byte for byte, one that sbk_firewall_want gives for this name.
 */
int sbk_firewall_of_state(struct sbk_firewall_rule *out, const char *name,
			  struct sbk_state state, struct sbk_error *err);

/*
 * --- rules of others (firewall_others.c) -----------------------------------
 *
 * A rule with any other name, that `remediate` takes away and `undo` makes
 * again. Its state has the same lines, each value exactly as the system said
 * it: what it says another time may not be another form of it.
 */
void sbk_firewall_encode_read(struct sbk_buf *out,
			      const struct sbk_firewall_rule *rule,
			      size_t count);
/*
 * SBK_E_UNSUPPORTED with the reason where the state does not hold all of it,
 * or it is not one that may be made: a rule that blocks, of one account, whose
 * SID is `user`. So whoever forges a journal gets nothing let in by its undo.
 */
int sbk_firewall_returnable(const struct sbk_firewall_rule *rule, size_t count,
			    struct sbk_sid *user, struct sbk_error *err);
/* The rule of a state as above, and its account. SBK_E_PARSE for what is in
 * another form or of another name; as above. The caller releases `out` always.
 */
int sbk_firewall_of_read(struct sbk_firewall_rule *out, const char *name,
			 struct sbk_state state, struct sbk_sid *user,
			 struct sbk_error *err);
/* SBK_E_UNSUPPORTED with the property in which the two differ. */
int sbk_firewall_same(const struct sbk_firewall_rule *rule,
		      const struct sbk_firewall_rule *again,
		      struct sbk_error *err);

/* What the firewall says of itself; numbers as in netfw.h. */
struct sbk_firewall_effect {
	long modify_state; /* NET_FW_MODIFY_STATE */
	long current;	   /* profiles in use, as bits 1, 2, 4 */
	bool enabled[3];   /* in each of these */
};

/*
 * Whether local rules are in effect: SBK_E_UNSUPPORTED with the reason and the
 * remedy where the policy of a domain overrides them, or the firewall is off in
 * a profile that is in use. That everything that comes in is blocked takes
 * nothing from rules that block.
 */
int sbk_firewall_effective(const struct sbk_firewall_effect *effect,
			   struct sbk_error *err);

#endif
