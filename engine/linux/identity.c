/*
 * Identities. Owns the table of volumes, since a volume's form and UUID are
 * asked for once per process and not once per file.
 *
 * The UUID is asked of the kernel through four ioctls that need no right but
 * an open descriptor: a general one (Linux 6.9), and those of ext4, btrfs and
 * xfs for older kernels. All answer with the same bytes for one volume.
 */
#include "engine/linux/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/buf.h"
#include "engine/linux/error.h"
#include "engine/linux/mounts.h"

#include "engine/banned.h"

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/* From the kernel's documentation: Debian 12's headers are older. */
struct fs_uuid {
	uint8_t length;
	uint8_t bytes[16];
};
#define IOC_FS_UUID _IOR(0x15, 0, struct fs_uuid)

struct ext4_uuid {
	uint32_t length;
	uint32_t flags;
	uint8_t bytes[16];
};
#define IOC_EXT4_UUID _IOR('f', 44, struct ext4_uuid)

/* struct xfs_fsop_geom, of which only the UUID matters here. */
struct xfs_geometry {
	uint32_t block_size, rt_extent_size, ag_blocks, ag_count;
	uint32_t log_blocks, sector_size, inode_size, inode_max_percent;
	uint64_t data_blocks, rt_blocks, rt_extents, log_start;
	uint8_t uuid[16];
	uint32_t stripe_unit, stripe_width;
	int32_t version;
	uint32_t flags, log_sector_size, rt_sector_size, dir_block_size;
	uint32_t log_stripe_unit, sick, checked;
	uint64_t reserved[17];
};
#define IOC_XFS_GEOMETRY _IOR('X', 126, struct xfs_geometry)

static bool ask_general(int fd, uint8_t out[16])
{
	struct fs_uuid answer = {0};

	if (ioctl(fd, IOC_FS_UUID, &answer) < 0 || answer.length != 16)
		return false;
	memcpy(out, answer.bytes, 16);
	return true;
}

static bool ask_ext4(int fd, uint8_t out[16])
{
	struct ext4_uuid answer = {.length = 16};

	if (ioctl(fd, IOC_EXT4_UUID, &answer) < 0 || answer.length != 16)
		return false;
	memcpy(out, answer.bytes, 16);
	return true;
}

static bool ask_btrfs(int fd, uint8_t out[16])
{
	struct btrfs_ioctl_fs_info_args answer = {0};

	if (ioctl(fd, BTRFS_IOC_FS_INFO, &answer) < 0)
		return false;
	memcpy(out, answer.fsid, 16);
	return true;
}

static bool ask_xfs(int fd, uint8_t out[16])
{
	struct xfs_geometry answer = {0};

	if (ioctl(fd, IOC_XFS_GEOMETRY, &answer) < 0)
		return false;
	memcpy(out, answer.uuid, 16);
	return true;
}

/*
 * ext4 before Linux 6.0 answers none of these; the links that udev keeps for
 * everyone do: /dev/disk/by-uuid/UUID leads to the device that we are on.
 */
static bool ask_udev(uint64_t device, char out[33])
{
	DIR *links = opendir("/dev/disk/by-uuid");
	bool found = false;
	struct dirent *link;

	if (links == NULL)
		return false;
	while (!found && (link = readdir(links)) != NULL) {
		struct stat st;
		size_t at = 0;
		const char *c;

		if (fstatat(dirfd(links), link->d_name, &st, 0) < 0 ||
		    !S_ISBLK(st.st_mode) || st.st_rdev != device)
			continue;
		for (c = link->d_name; *c != '\0' && at < 32; c++)
			if (*c != '-')
				out[at++] = *c;
		out[at] = '\0';
		found = at == 32 && *c == '\0';
	}
	(void)closedir(links); /* only read */
	if (!found)
		out[0] = '\0';
	return found;
}

static const struct {
	long type; /* of the filesystem; 0: any */
	bool (*ask)(int fd, uint8_t out[16]);
} uuid_questions[] = {
	{EXT4_SUPER_MAGIC, ask_ext4},
	{BTRFS_SUPER_MAGIC, ask_btrfs},
	{XFS_SUPER_MAGIC, ask_xfs},
	{0, ask_general},
};

static void ask_uuid(int fd, long type, uint64_t device, char out[33])
{
	uint8_t uuid[16] = {0};
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i, count = sizeof(uuid_questions) / sizeof(uuid_questions[0]);

	out[0] = '\0';
	for (i = 0; i < count; i++) {
		if ((uuid_questions[i].type != 0 &&
		     uuid_questions[i].type != type) ||
		    !uuid_questions[i].ask(fd, uuid))
			continue;
		sbk_buf_add_hex(&text, uuid, sizeof(uuid));
		if (text.size == 32)
			memcpy(out, text.data, 33);
		sbk_buf_release(&text);
		return;
	}
	if (type == EXT4_SUPER_MAGIC)
		(void)ask_udev(device, out); /* none: another form is taken */
}

/* file_handle with room for its bytes. */
union handle_room {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + SBK_HANDLE_BYTES];
};

static int get_handle(const struct sbk_pin *pin, int flags,
		      union handle_room *out)
{
	int mount_id;

	out->handle.handle_bytes = SBK_HANDLE_BYTES;
	return name_to_handle_at(pin->fd, "", &out->handle, &mount_id,
				 AT_EMPTY_PATH | flags) < 0
		       ? -errno
		       : 0;
}

#define FILEID_INO32_GEN 1 /* from the kernel's exportfs.h */

/*
 * The handle of an inode on ext4 is its number and its generation. Asking for
 * the generation takes a quarter of the time that asking for the handle does,
 * which counts when a tree is granted. False: ask for the handle.
 */
static bool get_plain_handle(const struct sbk_pin *pin, union handle_room *out)
{
	uint32_t words[2] = {(uint32_t)pin->stat.stx_ino, 0};
	long generation = 0; /* the kernel writes an int */

	if (pin->by_proc || pin->stat.stx_ino > UINT32_MAX ||
	    ioctl(pin->fd, FS_IOC_GETVERSION, &generation) < 0)
		return false;
	memcpy(&words[1], &generation, sizeof(words[1]));
	out->handle.handle_type = FILEID_INO32_GEN;
	out->handle.handle_bytes = sizeof(words);
	memcpy(out->handle.f_handle, words, sizeof(words));
	return true;
}

/* Whether the two are the same on this volume: seen, not assumed. */
static bool has_plain_handles(const struct sbk_pin *pin, long type)
{
	union handle_room plain, real;

	return type == EXT4_SUPER_MAGIC && get_plain_handle(pin, &plain) &&
	       get_handle(pin, 0, &real) == 0 &&
	       real.handle.handle_type == plain.handle.handle_type &&
	       real.handle.handle_bytes == plain.handle.handle_bytes &&
	       memcmp(real.handle.f_handle, plain.handle.f_handle,
		      plain.handle.handle_bytes) == 0;
}

/* Which form this filesystem's identities have. */
static enum sbk_identity_form choose_form(const struct sbk_pin *pin, long type,
					  const char *uuid)
{
	union handle_room handle;

	/* A FUSE server's node numbers end with its process. */
	if (type == FUSE_SUPER_MAGIC)
		return SBK_IDENTITY_INODE;
	if (uuid[0] != '\0' && get_handle(pin, 0, &handle) == 0)
		return SBK_IDENTITY_HANDLE;
	if (get_handle(pin, AT_HANDLE_FID, &handle) == 0)
		return SBK_IDENTITY_COMPARABLE;
	return SBK_IDENTITY_INODE;
}

static int probe(const struct sbk_pin *pin, struct sbk_volume *volume,
		 struct sbk_error *err)
{
	bool close_it;
	struct statfs fs;
	int os_code;
	int fd = sbk_pin_readable(pin, &close_it);

	if (fd < 0 && (pin->stat.stx_mask & STATX_MNT_ID) != 0) {
		fd = sbk_mount_open(pin->stat.stx_mnt_id);
		close_it = fd >= 0;
	}
	if (fd < 0)
		return sbk_error_set_errno(err, -fd,
					   "asking which volume a file is on");
	os_code = fstatfs(fd, &fs) < 0 ? errno : 0;
	if (os_code == 0) {
		ask_uuid(fd, (long)fs.f_type, volume->device, volume->uuid);
		volume->form = choose_form(pin, (long)fs.f_type, volume->uuid);
		volume->plain_handles = volume->form == SBK_IDENTITY_HANDLE &&
					has_plain_handles(pin, (long)fs.f_type);
	}
	if (close_it)
		(void)close(fd); /* only asked */
	return os_code == 0 ? 0
			    : sbk_error_set_errno(err, os_code,
						  "asking about a volume");
}

const struct sbk_volume *sbk_volume_known(const struct sbk_volumes *volumes,
					  const struct sbk_pin *pin)
{
	uint64_t device = sbk_pin_device(pin);
	size_t i;

	for (i = volumes->count; i > 0; i--)
		if (volumes->items[i - 1].device == device)
			return &volumes->items[i - 1];
	return NULL;
}

int sbk_volume_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		  struct sbk_volume **out, struct sbk_error *err)
{
	struct sbk_volume volume = {.device = sbk_pin_device(pin),
				    .sync_fd = -1};
	const struct sbk_volume *known = sbk_volume_known(volumes, pin);
	int rc;

	if (known != NULL) {
		*out = &volumes->items[known - volumes->items];
		return 0;
	}
	rc = probe(pin, &volume, err);
	if (rc < 0)
		return rc;
	if (volumes->count == volumes->capacity) {
		size_t capacity = volumes->capacity * 2 + 4;
		void *items =
			realloc(volumes->items, capacity * sizeof(volume));

		if (items == NULL)
			return sbk_error_no_memory(err);
		volumes->items = items;
		volumes->capacity = capacity;
	}
	volumes->items[volumes->count] = volume;
	*out = &volumes->items[volumes->count++];
	return 0;
}

void sbk_volumes_release(struct sbk_volumes *volumes)
{
	size_t i;

	for (i = 0; i < volumes->count; i++)
		if (volumes->items[i].sync_fd >= 0)
			(void)close(volumes->items[i].sync_fd); /* only read */
	free(volumes->items);
	volumes->items = NULL;
	volumes->count = volumes->capacity = 0;
}

static char *put_hex(char *to, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < size; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return to;
}

static char *put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

static void put_handle(char *to, const char *prefix, const char *uuid,
		       const struct file_handle *handle)
{
	uint32_t type = (uint32_t)handle->handle_type;
	unsigned char bytes[4] = {
		(unsigned char)(type >> 24), (unsigned char)(type >> 16),
		(unsigned char)(type >> 8), (unsigned char)type};

	to = put_text(to, prefix);
	if (uuid != NULL) {
		to = put_text(to, uuid);
		*to++ = ':';
	}
	to = put_hex(to, bytes, sizeof(bytes));
	*to++ = ':';
	to = put_hex(to, handle->f_handle, handle->handle_bytes);
	*to = '\0';
}

/* Birth is left out on overlayfs: copying a file up begins its life anew. */
static int put_inode(const struct sbk_pin *pin, char *to, struct sbk_error *err)
{
	const struct statx *st = &pin->stat;
	struct statfs fs;

	if (fstatfs(pin->fd, &fs) < 0)
		return sbk_error_set_errno(err, errno, "asking about a volume");
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC ||
	    (st->stx_mask & STATX_BTIME) == 0)
		(void)snprintf(to, SBK_IDENTITY_MAX, "ino:%llu:-",
			       (unsigned long long)st->stx_ino);
	else
		(void)snprintf(to, SBK_IDENTITY_MAX, "ino:%llu:%lld.%09u",
			       (unsigned long long)st->stx_ino,
			       (long long)st->stx_btime.tv_sec,
			       st->stx_btime.tv_nsec);
	return 0;
}

static int ask_handle(enum sbk_identity_form form, const struct sbk_pin *pin,
		      union handle_room *out)
{
	int rc = get_handle(
		pin, form == SBK_IDENTITY_HANDLE ? 0 : AT_HANDLE_FID, out);

	/* A kernel that knows no AT_HANDLE_FID; a volume with handles but
	 * without a UUID. */
	if (rc == -EINVAL && form == SBK_IDENTITY_COMPARABLE)
		rc = get_handle(pin, 0, out);
	return rc;
}

static int identity_as(enum sbk_identity_form form,
		       const struct sbk_volume *volume,
		       const struct sbk_pin *pin, char out[SBK_IDENTITY_MAX],
		       struct sbk_error *err)
{
	union handle_room handle;
	int rc = 0;

	if (form == SBK_IDENTITY_INODE)
		return put_inode(pin, out, err);
	if (form != SBK_IDENTITY_HANDLE || !volume->plain_handles ||
	    !get_plain_handle(pin, &handle))
		rc = ask_handle(form, pin, &handle);
	if (rc < 0)
		return sbk_error_set_errno(err, -rc,
					   "asking for a file handle");
	if (form == SBK_IDENTITY_HANDLE)
		put_handle(out, "fh:", volume->uuid, &handle.handle);
	else
		put_handle(out, "fid:", NULL, &handle.handle);
	return 0;
}

/* The form of an identity's text. */
static enum sbk_identity_form form_of(const char *identity)
{
	if (strncmp(identity, "ino:", 4) == 0)
		return SBK_IDENTITY_INODE;
	return strncmp(identity, "fid:", 4) == 0 ? SBK_IDENTITY_COMPARABLE
						 : SBK_IDENTITY_HANDLE;
}

int sbk_identity_on(const struct sbk_volume *volume, const struct sbk_pin *pin,
		    const char *like, char out[SBK_IDENTITY_MAX],
		    struct sbk_error *err)
{
	enum sbk_identity_form form = volume->form;

	/* A stronger form than this filesystem has cannot be asked for. */
	if (like != NULL && form_of(like) > form &&
	    identity_as(form_of(like), volume, pin, out, NULL) == 0)
		return 0;
	return identity_as(form, volume, pin, out, err);
}

int sbk_identity_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		    const char *like, char out[SBK_IDENTITY_MAX],
		    struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	int rc = sbk_volume_of(volumes, pin, &volume, err);

	return rc < 0 ? rc : sbk_identity_on(volume, pin, like, out, err);
}

int sbk_identity_is(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		    const char *identity, struct sbk_error *err)
{
	char found[SBK_IDENTITY_MAX];
	int rc = sbk_identity_of(volumes, pin, identity, found, err);

	return rc < 0 ? rc : strcmp(identity, found) == 0;
}

bool sbk_handle_parse(const char *identity, struct sbk_handle *out)
{
	unsigned char type[4];
	char word[9] = "";
	const char *hex;
	size_t length;

	/* "fh:" UUID ":" TYPE ":" HANDLE */
	if (strncmp(identity, "fh:", 3) != 0 || strlen(identity) < 3 + 33 + 9 ||
	    identity[35] != ':' || identity[44] != ':')
		return false;
	memcpy(out->uuid, identity + 3, 32);
	out->uuid[32] = '\0';
	memcpy(word, identity + 36, 8);
	hex = identity + 45;
	length = strlen(hex);
	if (length % 2 != 0 || length / 2 > SBK_HANDLE_BYTES ||
	    !sbk_hex_decode(word, type, sizeof(type)) ||
	    !sbk_hex_decode(hex, out->bytes, length / 2))
		return false;
	out->size = (uint32_t)(length / 2);
	out->type =
		(int32_t)((uint32_t)type[0] << 24 | (uint32_t)type[1] << 16 |
			  (uint32_t)type[2] << 8 | type[3]);
	return true;
}

int sbk_handle_open(const struct sbk_handle *handle, int mount)
{
	union handle_room room;
	int fd;

	room.handle.handle_bytes = handle->size;
	room.handle.handle_type = handle->type;
	memcpy(room.handle.f_handle, handle->bytes, handle->size);
	fd = open_by_handle_at(mount, &room.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
