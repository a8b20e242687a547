/*
 * The parts of sbk_os_mentions (engine/mentions.h): who is there, in
 * mentions.c; what names somebody, in mentions_named.c. A part that cannot be
 * looked at is told as missed, and the next one is.
 */
#ifndef SBK_WINDOWS_MENTIONS_H
#define SBK_WINDOWS_MENTIONS_H

#include "engine/mentions.h"
#include "engine/ntsec/sid.h"

/* Profiles, names hidden at sign-in, firewall rules and tools' own keys, all
 * of the registry. */
int sbk_mentions_in_registry(const struct sbk_mention_reader *reader,
			     struct sbk_error *err);
/* Of these the firewall's rules alone. */
int sbk_mentions_in_rules(const struct sbk_mention_reader *reader,
			  struct sbk_error *err);
/* User rights, filters, processes, files of ours. */
int sbk_mentions_elsewhere(const struct sbk_mention_reader *reader,
			   struct sbk_error *err);

/* Tells one with this SID. */
int sbk_mention_sid(const struct sbk_mention_reader *reader,
		    struct sbk_mention *mention, const struct sbk_sid *sid,
		    struct sbk_error *err);
/* What became of a part: memory ends it all, else it was missed. */
int sbk_mention_part(const struct sbk_mention_reader *reader, int rc,
		     const char *place, const struct sbk_error *why,
		     struct sbk_error *err);

#endif
