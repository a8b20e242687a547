/*
 * The table of filesystems that other machines or programs serve. What is not
 * in it counts as this machine's. By its number alone FUSE says nothing of
 * what is behind it, which may be another machine.
 */
#include "engine/linux/served.h"

#include <stddef.h>
#include <string.h>

#include "engine/banned.h"

/* Numbers: <linux/magic.h>, and the sources of what is not in it. */
static const struct {
	uint32_t magic;
	const char *name, *type;
	enum sbk_served served;
} table[] = {
	{0x00006969, "NFS", "nfs", SBK_SERVED_BY_MACHINE},
	{0x00006969, "NFS", "nfs4", SBK_SERVED_BY_MACHINE},
	{0x0000517b, "SMB", "smbfs", SBK_SERVED_BY_MACHINE},
	{0xff534d42, "CIFS", "cifs", SBK_SERVED_BY_MACHINE},
	{0xfe534d42, "SMB", "smb3", SBK_SERVED_BY_MACHINE},
	{0x0000564c, "NCP", "ncpfs", SBK_SERVED_BY_MACHINE},
	{0x01021997, "9P", "9p", SBK_SERVED_BY_MACHINE},
	{0x00c36400, "Ceph", "ceph", SBK_SERVED_BY_MACHINE},
	{0x5346414f, "AFS", "afs", SBK_SERVED_BY_MACHINE},
	{0x6b414653, "AFS", "afs", SBK_SERVED_BY_MACHINE},
	{0x73757245, "Coda", "coda", SBK_SERVED_BY_MACHINE},
	{0x0bd00bd0, "Lustre", "lustre", SBK_SERVED_BY_MACHINE},
	{0x7461636f, "OCFS2", "ocfs2", SBK_SERVED_BY_MACHINE},
	{0x01161970, "GFS2", "gfs2", SBK_SERVED_BY_MACHINE},
	{0x65735546, "FUSE", "fuse", SBK_SERVED_BY_PROGRAM},
	{0x00000187, "an automounter", "autofs", SBK_SERVED_BY_PROGRAM},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

enum sbk_served sbk_served_by_magic(uint32_t magic, const char **name)
{
	size_t i;

	for (i = 0; i < TABLE_COUNT; i++)
		if (table[i].magic == magic) {
			*name = table[i].name;
			return table[i].served;
		}
	return SBK_SERVED_HERE;
}

enum sbk_served sbk_served_by_type(const char *type)
{
	size_t i;

	for (i = 0; i < TABLE_COUNT; i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].served;
	return strncmp(type, "fuse.", 5) == 0 ? SBK_SERVED_BY_PROGRAM
					      : SBK_SERVED_HERE;
}
