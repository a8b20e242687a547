/*
 * A Windows volume that is mounted here, whose objects are of kind DESCRIPTOR:
 * what it takes to write their descriptors exactly, and what names one of them.
 *
 * The identity of an object is "ntfs:SERIAL:RECORD:BIRTH" (hexadecimal): the
 * volume's serial number, the number of the object's record in the master file
 * table, and its time of creation, in 100 ns. A record is used again when its
 * object is gone; the sequence number that would say so is not seen through a
 * mount, and the time of creation stands in for it. It follows an object that
 * is renamed or moved, and to another place where the volume is mounted. What
 * it cannot promise: a program can set a time of creation, so that who may
 * write there can make another object in the same record look the same; its
 * descriptor then still has to equal the one that was recorded. And a copy of
 * the volume has the same serial number.
 */
#ifndef SBK_OS_VOLUME_H
#define SBK_OS_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/limits.h"

#define SBK_OS_DESCRIPTOR_MAX                          \
	65536 /* bytes that a mount hands out or takes \
	       */

struct sbk_os_volume {
	char point[SBK_PATH_MAX]; /* where its root is, links resolved */
	uint64_t serial;
	bool read_only;
};

/*
 * The volume whose root is at `path`. Refused by name are what is no mount
 * point (SBK_E_INVAL), another filesystem or driver than ntfs-3g, a program of
 * another user's in its place (root's is believed), a part of a volume, and a
 * mount that does not hand out descriptors (SBK_E_UNSUPPORTED).
 */
int sbk_os_volume_at(const char *path, struct sbk_os_volume *out,
		     struct sbk_error *err);

/* Takes an identity apart; false where it is of another form. */
struct sbk_volume_identity {
	uint64_t serial, record, birth;
};
bool sbk_volume_identity_parse(const char *text,
			       struct sbk_volume_identity *out);

#endif
