/*
 * A firewall rule as Windows keeps it in its registry, "v2.30|Action=Block|
 * Dir=Out|Name=...|": what it is called and does. For rules of a group policy
 * it is specified (MS-GPFAS 2.2.2.19), for those of the machine it is not; it
 * is read here for people, and for the SIDs in it, and never written.
 */
#ifndef SBK_RULE_TEXT_H
#define SBK_RULE_TEXT_H

#include <stdbool.h>

#include "engine/buf.h"

/* Appends the value of a part "Name=value"; false where it has none. */
bool sbk_rule_text_part(const char *rule, const char *name,
			struct sbk_buf *out);
/* Appends its own name, or `value`, that of the registry's value, where it has
 * none or one that is a place in a library. */
void sbk_rule_text_name(const char *rule, const char *value,
			struct sbk_buf *out);
/*
 * Whether each part of it is one that INetFwRule3 has a property for, and no
 * text is a place in a library or has a variable in it: so that whoever reads
 * all properties has read all of it. One without a name is not.
 */
bool sbk_rule_text_is_plain(const char *rule);
/* Appends "Action Block, Dir Out, Active TRUE". */
void sbk_rule_text_describe(const char *rule, struct sbk_buf *out);

#endif
