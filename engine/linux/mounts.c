/*
 * Reads /proc/self/mountinfo. A line is, by proc(5):
 *
 *	36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw
 *	id parent device root point options [fields...] - type source options
 *
 * with space, tab, newline and backslash in octal.
 */
#include "engine/linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

/* Turns \040 and the like back into bytes, in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text != '\0') {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
		    text[3] <= '7') {
			*to++ = (char)((text[1] - '0') << 6 |
				       (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Whether a comma-separated list of options begins with "ro", as the kernel
 * writes it. */
static bool is_read_only(const char *options)
{
	return strncmp(options, "ro", 2) == 0 &&
	       (options[2] == ',' || options[2] == '\0');
}

static bool parse_line(char *line, struct sbk_mount *out)
{
	/* id, parent, device, root, point, options */
	char *fields[6], *rest = NULL, *word, *type, *source, *options;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (fields[i] == NULL)
			return false;
	}
	do {
		word = strtok_r(NULL, " \n", &rest);
	} while (word != NULL && strcmp(word, "-") != 0);
	type = strtok_r(NULL, " \n", &rest);
	source = strtok_r(NULL, " \n", &rest);
	options = strtok_r(NULL, " \n", &rest);
	if (word == NULL || type == NULL || source == NULL)
		return false;
	/* A source that is empty is left out, and the options stand there. */
	if (options == NULL) {
		options = source;
		source = fields[2];
	}
	unescape(fields[3]);
	unescape(fields[4]);
	unescape(source);
	*out = (struct sbk_mount){
		.id = strtoull(fields[0], NULL, 10),
		.device = fields[2],
		.root = fields[3],
		.point = fields[4],
		.type = type,
		.source = source,
		.read_only = is_read_only(fields[5]) || is_read_only(options),
	};
	return true;
}

int sbk_mounts_each(sbk_mount_fn *visit, void *arg, struct sbk_error *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t capacity = 0;
	int rc = 0;

	if (file == NULL)
		return sbk_error_set_errno(err, errno,
					   "opening '/proc/self/mountinfo'");
	while (rc == 0 && getline(&line, &capacity, file) > 0) {
		struct sbk_mount mount;

		if (parse_line(line, &mount))
			rc = visit(arg, &mount, err);
	}
	if (rc == 0 && ferror(file) != 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "reading '/proc/self/mountinfo' failed");
	free(line);
	(void)fclose(file); /* only read */
	return rc;
}

bool sbk_mount_is_remote(const char *type)
{
	static const char *const types[] = {
		"9p",	"afs",	"autofs", "ceph",   "cifs",
		"coda", "fuse", "gfs2",	  "lustre", "ncpfs",
		"nfs",	"nfs4", "ocfs2",  "smb3",   "smbfs",
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return strncmp(type, "fuse.", 5) == 0;
}

struct wanted {
	uint64_t id;
	int fd;
};

static int open_wanted(void *arg, const struct sbk_mount *mount,
		       struct sbk_error *err)
{
	struct wanted *wanted = arg;

	(void)err;
	if (mount->id != wanted->id)
		return 0;
	wanted->fd = -EREMOTE;
	if (!sbk_mount_is_remote(mount->type)) {
		wanted->fd = open(mount->point,
				  O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (wanted->fd < 0)
			wanted->fd = -errno;
	}
	return 1;
}

int sbk_mount_open(uint64_t id)
{
	struct wanted wanted = {.id = id, .fd = -ENOENT};

	if (sbk_mounts_each(open_wanted, &wanted, NULL) < 0)
		return -EIO;
	return wanted.fd;
}
