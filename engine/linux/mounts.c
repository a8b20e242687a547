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
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/served.h"

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

/* "98:0" */
static bool parse_device(const char *text, uint64_t *out)
{
	unsigned long major, minor;
	char *end;

	major = strtoul(text, &end, 10);
	if (*end != ':')
		return false;
	minor = strtoul(end + 1, &end, 10);
	*out = makedev((unsigned int)major, (unsigned int)minor);
	return *end == '\0';
}

static bool is_mapped(const char *options)
{
	const char *at = strstr(options, ",idmapped");

	return at != NULL && (at[9] == ',' || at[9] == '\0');
}

/* Of the superblock's options, where only the kernel writes "user_id=". */
static uint32_t server_of(const char *options)
{
	const char *at = strstr(options, ",user_id=");

	return at != NULL ? (uint32_t)strtoul(at + 9, NULL, 10) : 0;
}

static bool parse_line(char *line, struct sbk_mount *out)
{
	/* id, parent, device, root, point, options */
	char *fields[6], *rest = NULL, *word, *type, *source, *options;
	uint64_t device_number;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (fields[i] == NULL)
			return false;
	}
	do {
		word = strtok_r(NULL, " ", &rest);
	} while (word != NULL && strcmp(word, "-") != 0);
	type = strtok_r(NULL, " ", &rest);
	source = strtok_r(NULL, " ", &rest);
	options = strtok_r(NULL, " ", &rest);
	if (word == NULL || type == NULL || source == NULL ||
	    !parse_device(fields[2], &device_number))
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
		.device_number = device_number,
		.root = fields[3],
		.point = fields[4],
		.type = type,
		.source = source,
		.read_only = is_read_only(fields[5]) || is_read_only(options),
		.mapped = is_mapped(fields[5]),
		.server = server_of(options),
	};
	return true;
}

int sbk_mounts_each(sbk_mount_fn *visit, void *arg, struct sbk_error *err)
{
	static const char path[] = "/proc/self/mountinfo";
	struct sbk_buf text = SBK_BUF_INIT;
	char *line, *rest = NULL;
	size_t count = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "opening '%s'", path);
	rc = sbk_fd_read_all(fd, path, SBK_OUTPUT_BYTES_MAX, &text, err);
	(void)close(fd); /* only read */
	line = rc == 0 && text.size > 0 ? strtok_r(text.data, "\n", &rest)
					: NULL;
	for (; rc == 0 && line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		struct sbk_mount mount;

		if (++count > SBK_MOUNTS_MAX)
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "more than %d mounts",
					   SBK_MOUNTS_MAX);
		else if (parse_line(line, &mount))
			rc = visit(arg, &mount, err);
	}
	sbk_buf_release(&text);
	return rc;
}

bool sbk_mount_is_remote(const char *type)
{
	return sbk_served_by_type(type) != SBK_SERVED_HERE;
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
