/* How people call a command as root here. A file of its own, since whatever
 * prints a remedy links it. */
#include "engine/os.h"

#include "engine/banned.h"

const struct sbk_admin_words sbk_os_admin = {
	.is_sudo = true,
	.before = "sudo ",
	.after = "",
	.who = "root",
	.how = "use sudo",
};
