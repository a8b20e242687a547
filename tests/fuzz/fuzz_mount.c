/*
 * Fuzz target: the two inputs of sandbook-mount. By the first byte: the texts
 * of /etc/passwd and /etc/group, between them a zero byte, of which the answer
 * must be a number that one line of ours has and no other line; or a message
 * as the kernel leaves it, which must be the one form there is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/account_find.h"
#include "engine/linux/mount_helper.h"

#include "engine/banned.h"

#define PERSON 1600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Lines whose third field is `number`; `ours` counts those of the person. */
static unsigned int count(struct sbk_slice rest, uid_t number,
			  unsigned int *ours)
{
	struct sbk_account account;
	struct sbk_slice line;
	unsigned int found = 0, other;

	while (sbk_accountfile_next(&rest, &line)) {
		found += sbk_slice_number(sbk_accountfile_field(line, 2),
					  &other) &&
			 other == number;
		*ours += sbk_account_parse(line, &account) &&
			 account.person == PERSON && account.uid == number;
	}
	return found;
}

static void look_up(const char *text, size_t size, enum sbk_account_role role)
{
	const char *end = memchr(text, '\0', size);
	struct sbk_slice passwd = {text, size}, groups = {text, 0};
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned int ours = 0;
	uid_t number = 0;

	if (end != NULL) {
		passwd.size = (size_t)(end - text);
		groups.data = end + 1;
		groups.size = size - passwd.size - 1;
	}
	if (sbk_account_find_in(passwd, groups, PERSON, role, &number, &err) <
	    0) {
		must(err.message[0] != '\0' && number == 0);
		return;
	}
	must(number >= SBK_ACCOUNT_NUMBER_MIN && number != PERSON);
	must(count(passwd, number, &ours) >= 1);
	must(ours >= 1);
}

/* As recvmsg fills it: never more than there is room for. */
static void read_message(const uint8_t *data, size_t size)
{
	struct sbk_mount_message message;
	size_t extra;
	int tree, role, sent;
	ssize_t got;

	sbk_mount_message_init(&message);
	if (size < 3)
		return;
	message.byte = (char)data[0];
	got = (ssize_t)(data[1] % 4) - 1;
	message.header.msg_flags = ((data[2] & 1) != 0 ? MSG_TRUNC : 0) |
				   ((data[2] & 2) != 0 ? MSG_CTRUNC : 0);
	extra = size - 3 < sizeof(message.space) ? size - 3
						 : sizeof(message.space);
	memcpy(message.space, data + 3, extra);
	message.header.msg_controllen = extra;
	tree = sbk_mount_message_tree(&message, got);
	role = sbk_mount_message_role(&message, got);
	must(tree < 0 || role < 0);
	if (tree < 0 && role < 0)
		return;
	must(got == 1 && message.header.msg_flags == 0);
	if (role >= 0) {
		must(extra == 0 && (role == 'f' || role == 'n'));
		return;
	}
	must(message.byte == 'm' && extra >= CMSG_LEN(sizeof(int)));
	memcpy(&sent, message.space + CMSG_LEN(0), sizeof(sent));
	must(tree == sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'M')
		read_message(data + 1, size - 1);
	else
		look_up((const char *)data + 1, size - 1,
			data[0] == 'n' ? SBK_ACCOUNT_ONLINE
				       : SBK_ACCOUNT_OFFLINE);
	return 0;
}
