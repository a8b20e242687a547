/*
 * The account files as texts. Owns reading and splitting, changes nothing.
 */
#include "engine/linux/accountfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"

#include "engine/banned.h"

int sbk_accountfile_read(const char *path, struct sbk_buf *out,
			 unsigned int *mode, unsigned int *uid,
			 unsigned int *gid, struct sbk_error *err)
{
	struct stat st;
	int fd, os_code, rc;

	sbk_buf_clear(out);
	/* Not blocking: a FIFO put there must not hold us. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	os_code = errno;
	if (fd < 0)
		return sbk_error_set_errno(err, os_code, "opening '%s'", path);
	if (fstat(fd, &st) < 0) {
		os_code = errno;
		rc = sbk_error_set_errno(err, os_code, "looking at '%s'", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is not a regular file", path);
		goto out;
	}
	rc = sbk_fd_read_all(fd, path, SBK_STATE_BYTES_MAX, out, err);
	if (rc == 0 && mode != NULL)
		*mode = st.st_mode & 07777;
	if (rc == 0 && uid != NULL)
		*uid = st.st_uid;
	if (rc == 0 && gid != NULL)
		*gid = st.st_gid;
out:
	(void)close(fd); /* it was only read */
	return rc;
}

bool sbk_accountfile_next(struct sbk_slice *rest, struct sbk_slice *line)
{
	const char *end;

	if (rest->size == 0)
		return false;
	end = memchr(rest->data, '\n', rest->size);
	line->data = rest->data;
	line->size = end != NULL ? (size_t)(end - rest->data) : rest->size;
	rest->data += line->size + (end != NULL);
	rest->size -= line->size + (end != NULL);
	return true;
}

struct sbk_slice sbk_accountfile_field(struct sbk_slice line, size_t index)
{
	const char *at = line.data, *end = line.data + line.size;

	for (;;) {
		const char *colon = memchr(at, ':', (size_t)(end - at));
		const char *stop = colon != NULL ? colon : end;

		if (index == 0)
			return (struct sbk_slice){.data = at,
						  .size = (size_t)(stop - at)};
		if (colon == NULL)
			return (struct sbk_slice){.data = end, .size = 0};
		at = colon + 1;
		index--;
	}
}

bool sbk_accountfile_find(const struct sbk_buf *text, const char *name,
			  struct sbk_slice *line)
{
	struct sbk_slice rest = {.data = sbk_buf_text(text),
				 .size = text->size};

	while (sbk_accountfile_next(&rest, line))
		if (sbk_slice_is(sbk_accountfile_field(*line, 0), name))
			return true;
	return false;
}

bool sbk_slice_is(struct sbk_slice slice, const char *text)
{
	return slice.size == strlen(text) &&
	       memcmp(slice.data, text, slice.size) == 0;
}

bool sbk_slice_number(struct sbk_slice slice, unsigned int *out)
{
	unsigned long long value = 0;
	size_t i;

	if (slice.size == 0 || slice.size > 10)
		return false;
	for (i = 0; i < slice.size; i++) {
		if (slice.data[i] < '0' || slice.data[i] > '9')
			return false;
		value = value * 10 + (unsigned int)(slice.data[i] - '0');
	}
	if (value > 0xffffffffu)
		return false;
	*out = (unsigned int)value;
	return true;
}
